"""The interpreter is made once, kept on disk, and made again when what is there is no good."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import nefsim as nef

kernel = pytest.importorskip("nefsim.backends.compiled.kernel")

from nefsim.backends.compiled import object_cache  # noqa: E402

PROGRAM = """
import sys
import numpy as np
import nefsim as nef

net = nef.Network(seed=1)
a = net.ensemble(20, 1)
net.connect(net.node(np.sin), a)
nef.Simulator(net, backend="numba").run(0.01)
assert "numba" not in sys.modules
"""


@pytest.fixture(scope="module")
def compiled() -> Any:
    """What numba makes, which takes seconds."""
    return kernel.compiled(np.dtype(np.float64))


@pytest.fixture
def folders(compiled: Any, tmp_path: Any, monkeypatch: Any) -> Any:
    """Two folders of its own for a test: one that cannot be, and an empty one."""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(object_cache, "_folders", lambda: [tmp_path / "file", tmp_path / "code"])
    monkeypatch.setattr(kernel, "compiled", lambda dtype: compiled)
    object_cache.interpreter.cache_clear()
    yield tmp_path / "code"
    object_cache.interpreter.cache_clear()


def spikes(backend: str = "numba") -> Any:
    net = nef.Network(seed=1)
    a = net.ensemble(50, 2)
    net.connect(net.node([0.5, -0.5]), a)
    net.connect(a, a)
    probe = net.probe(a.neurons)
    sim = nef.Simulator(net, backend=backend)
    sim.run(0.2)
    return sim.data[probe]


def test_a_new_process_needs_no_numba_once_there_is_code() -> None:
    spikes()
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def test_missing_and_broken_code_is_made_anew(folders: Any, monkeypatch: Any) -> None:
    wanted = spikes("numpy")
    assert np.array_equal(spikes(), wanted) and wanted.any()
    (file,) = folders.iterdir()
    code = file.read_bytes()
    for broken in (b"", b"no code", code[: len(code) // 2]):
        file.write_bytes(broken)
        object_cache.interpreter.cache_clear()
        assert np.array_equal(spikes(), wanted)
        assert file.read_bytes() == code
    monkeypatch.setattr(object_cache, "_made", None)
    object_cache.interpreter.cache_clear()
    assert np.array_equal(spikes(), wanted)


def test_a_function_with_other_arguments_is_called_through_numba(
    folders: Any, compiled: Any, monkeypatch: Any
) -> None:
    class Other:
        address, native_name = compiled.address, compiled.native_name

        def inspect_llvm(self) -> str:
            text: str = compiled.inspect_llvm()
            return text.replace("%retptr", "%first")

    monkeypatch.setattr(kernel, "compiled", lambda dtype: Other())
    assert np.array_equal(spikes(), spikes("numpy"))
    assert not folders.exists()
