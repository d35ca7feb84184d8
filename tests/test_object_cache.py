"""The interpreter is compiled once and stored on disk; unusable files are compiled again."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import backends
from nefsim.backends import codefiles, notices
from nefsim.cli import main
from nefsim.progress import no_bar

kernel = pytest.importorskip("nefsim.backends.compiled.kernel")

from nefsim.backends.compiled import object_cache, opcodes  # noqa: E402
from nefsim.backends.compiled.cells import CELLS  # noqa: E402

DOUBLE = np.dtype(np.float64)

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

ATTACK = Path(__file__).parent / "attacks" / "machine_code.py"

has_owners = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners here")


@pytest.fixture(scope="module")
def instructions() -> Any:
    """The instructions that numba generates, which takes seconds."""
    return kernel.instructions(DOUBLE)


@pytest.fixture
def folder(instructions: Any, tmp_path: Any, monkeypatch: Any) -> Any:
    """A folder without code; numba's instructions are there, so that compilation is fast."""
    monkeypatch.setenv(codefiles.SWITCH, str(tmp_path / "code"))
    monkeypatch.setattr(kernel, "instructions", lambda dtype, part: instructions)
    object_cache.interpreter.cache_clear()
    yield tmp_path / "code"
    object_cache.interpreter.cache_clear()


def spikes(backend: str = "numba", **options: Any) -> Any:
    net = nef.Network(seed=1)
    a = net.ensemble(50, 2)
    net.connect(net.node([0.5, -0.5]), a)
    net.connect(a, a)
    probe = net.probe(a.neurons)
    sim = nef.Simulator(net, backend=backend, **options)
    sim.run(0.2)
    return sim.data[probe]


def test_a_process_that_finds_code_does_not_import_numba() -> None:
    spikes()
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def test_missing_and_broken_code_is_compiled_again(folder: Any, monkeypatch: Any) -> None:
    wanted = spikes("numpy")
    assert np.array_equal(spikes(), wanted) and wanted.any()
    (file,) = folder.iterdir()
    code = file.read_bytes()
    flipped = bytearray(code)
    flipped[len(code) // 2] ^= 1
    zeroed = code[: len(code) // 2] + bytes(len(code) - len(code) // 2)
    for broken in (b"", b"no code", code[: len(code) // 2], zeroed, bytes(flipped)):
        file.write_bytes(broken)
        object_cache.interpreter.cache_clear()
        assert np.array_equal(spikes(), wanted)
        assert file.read_bytes() == code
    monkeypatch.setattr(object_cache, "_compile", None)
    object_cache.interpreter.cache_clear()
    assert np.array_equal(spikes(), wanted)


def test_a_function_with_other_arguments_is_called_through_numba(
    folder: Any, instructions: Any, monkeypatch: Any
) -> None:
    class Other:
        native_name = instructions.native_name

        def inspect_llvm(self) -> str:
            text: str = instructions.inspect_llvm()
            return text.replace("%retptr", "%first")

    monkeypatch.setattr(kernel, "instructions", lambda dtype, part: Other())
    assert np.array_equal(spikes(), spikes("numpy"))
    assert not folder.exists()


def learned(backend: str = "numba") -> Any:
    net = nef.Network(seed=1)
    a, b = net.ensemble(20, 1), net.ensemble(20, 1)
    error = net.ensemble(20, 1)
    net.connect(net.node(np.sin), a)
    net.connect(b, error)
    net.connect(a, error, transform=-1)
    learning = net.connect(a, b, transform=0.0, learning_rule=nef.PES(1e-3))
    net.connect(error, learning.learning_rule)
    probe = net.probe(b.neurons)
    sim = nef.Simulator(net, backend=backend, progress=False)
    sim.run(0.2)
    return sim.data[probe]


def test_a_part_is_compiled_when_a_network_first_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(codefiles.SWITCH, str(tmp_path))
    object_cache.part.cache_clear()
    spikes()
    assert not [*tmp_path.glob("learning_rules.*")]
    wanted = learned("numpy")
    assert np.array_equal(learned(), wanted) and wanted.any()
    (file,) = tmp_path.glob("learning_rules.*")
    file.write_bytes(file.read_bytes()[:-1])
    for _ in range(2):  # it is compiled again, and then loaded
        object_cache.part.cache_clear()
        assert np.array_equal(learned(), wanted)
        monkeypatch.setattr(object_cache, "_compile", None)
    object_cache.part.cache_clear()


def test_a_part_is_called_through_numba_if_its_arguments_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(dtype: Any, part: Any) -> None:
        raise ValueError("other arguments")

    monkeypatch.setenv(codefiles.SWITCH, str(tmp_path))
    monkeypatch.setattr(kernel, "instructions", refuse)
    object_cache.part.cache_clear()
    assert np.array_equal(learned(), learned("numpy"))
    assert not [*tmp_path.glob("learning_rules.*")]
    object_cache.part.cache_clear()


def test_a_part_without_a_numba_that_can_be_imported_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter may be on disk from before NumPy was updated."""
    spikes()
    monkeypatch.setenv(codefiles.SWITCH, str(tmp_path))
    monkeypatch.delattr("nefsim.backends.compiled.kernel")
    monkeypatch.setitem(sys.modules, "nefsim.backends.compiled.kernel", None)
    object_cache.part.cache_clear()
    message = 'part for learning rules, got .*; run pip check, or pass backend="numpy"'
    with pytest.raises(nef.BackendUnavailable, match=message):
        learned()


def test_every_opcode_of_a_part_has_one_that_is_compiled() -> None:
    parts = {opcodes.part_of(kind) for kind in range(opcodes.FIRST_CELL + len(CELLS))}
    assert parts == {None, *kernel.PARTS}


def test_damaged_code_crashes_no_process_and_changes_no_spike() -> None:
    if not hasattr(os, "fork"):
        pytest.skip("each damaged file needs a separate process")
    command = [sys.executable, str(ATTACK), "--tries", "20"]
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.run(command, capture_output=True, text=True, env=here)
    assert process.returncode == 0, process.stdout + process.stderr
    assert "'refused'" in process.stdout


def test_code_under_another_name_is_refused(folder: Any) -> None:
    codefiles.write(folder, "a.o", b"code")
    assert codefiles.read(folder, "a.o") == b"code"
    (folder / "a.o").rename(folder / "b.o")
    with pytest.raises(OSError, match="damaged"):
        codefiles.read(folder, "b.o")


@has_owners
def test_new_folders_are_writable_by_the_user_only(folder: Any) -> None:
    before = os.umask(0)
    try:
        codefiles.write(folder, "a.o", b"code")
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "a.o").stat().st_mode & 0o777 == 0o644
    assert codefiles.read(folder, "a.o") == b"code"


@has_owners
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_run(folder: Any, mode: int) -> None:
    codefiles.write(folder, "a.o", b"code")
    (folder / "a.o").chmod(mode)
    with pytest.raises(PermissionError, match="may be written by others"):
        codefiles.read(folder, "a.o")


@has_owners
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_may_write_is_not_used(folder: Any, mode: int) -> None:
    codefiles.write(folder, "a.o", b"code")
    folder.chmod(mode)
    for attempt in (codefiles.read, lambda *a: codefiles.write(*a, b"code")):
        with pytest.raises(PermissionError, match="may be written by others"):
            attempt(folder, "a.o")


@has_owners
@pytest.mark.parametrize("whose", ["file", "folder"])
def test_code_of_another_user_is_not_run(folder: Any, monkeypatch: Any, whose: str) -> None:
    codefiles.write(folder, "a.o", b"code")
    user = os.geteuid()
    inodes = {(folder / "a.o" if whose == "file" else folder).stat().st_ino}
    fstat = os.fstat

    def other(descriptor: int) -> Any:
        status = fstat(descriptor)
        if status.st_ino not in inodes:
            return status
        return types.SimpleNamespace(st_uid=user + 12345, st_mode=status.st_mode)

    monkeypatch.setattr(os, "fstat", other)
    with pytest.raises(PermissionError, match="belongs to another user"):
        codefiles.read(folder, "a.o")


@has_owners
def test_links_are_followed_to_safe_folders_and_not_to_files(folder: Any, tmp_path: Any) -> None:
    codefiles.write(folder, "a.o", b"code")
    (tmp_path / "link").symlink_to(folder)
    assert codefiles.read(tmp_path / "link", "a.o") == b"code"
    (folder / "b.o").symlink_to(folder / "a.o")
    with pytest.raises(OSError):
        codefiles.read(folder, "b.o")
    folder.chmod(0o777)
    with pytest.raises(PermissionError):
        codefiles.read(tmp_path / "link", "a.o")


@has_owners
def test_a_fifo_in_place_of_a_file_does_not_block(folder: Any) -> None:
    folder.mkdir(0o700)
    os.mkfifo(folder / "a.o")
    with pytest.raises(OSError, match="is not a file"):
        codefiles.read(folder, "a.o")


def test_on_systems_without_owners_only_the_hash_is_checked(folder: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(codefiles, "_has_owners", lambda: False)
    codefiles.write(folder, "a.o", b"code")
    folder.chmod(0o777)
    assert codefiles.read(folder, "a.o") == b"code"
    (folder / "a.o").write_bytes(b"other")
    with pytest.raises(OSError, match="damaged"):
        codefiles.read(folder, "a.o")


def test_no_code_is_stored_if_the_cache_is_off(folder: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv(codefiles.SWITCH, "off")
    monkeypatch.setattr(codefiles, "write", None)
    assert codefiles.folders() == []
    assert np.array_equal(spikes(), spikes("numpy"))
    monkeypatch.setenv(codefiles.SWITCH, "code")
    with pytest.raises(ValueError, match="NEFSIM_CACHE must be an absolute path or off"):
        spikes()


def test_the_second_folder_is_in_the_cache_folder_of_the_user(
    monkeypatch: Any, tmp_path: Any
) -> None:
    monkeypatch.delenv(codefiles.SWITCH, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for unset in ("", "relative", "./nefsim"):
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
        assert codefiles.folders()[1:] == [Path("~/.cache/nefsim").expanduser()]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert codefiles.folders()[1:] == [tmp_path / "caches" / "nefsim"]


def test_a_user_without_a_home_has_one_folder(monkeypatch: Any) -> None:
    def homeless(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv(codefiles.SWITCH, raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", homeless)
    assert len(codefiles.folders()) == 1


def test_the_name_of_code_changes_with_the_version_of_numba(
    monkeypatch: Any, tmp_path: Any
) -> None:
    names = []
    for number in ("1", "2"):
        (tmp_path / "_version.py").write_text(number)
        there = types.SimpleNamespace(origin=str(tmp_path / "__init__.py"))
        monkeypatch.setattr(object_cache, "find_spec", lambda name, there=there: there)
        object_cache._digest.cache_clear()
        names.append(object_cache._name(DOUBLE))
    object_cache._digest.cache_clear()
    assert names[0] != names[1]


@pytest.fixture
def broken(folder: Any, monkeypatch: Any) -> Any:
    """A numba that cannot be imported, and no code on disk."""
    cause = ImportError("Numba needs NumPy 2.3 or less")

    def fail(dtype: Any) -> None:
        raise cause

    monkeypatch.setattr(object_cache, "demand", fail)
    monkeypatch.setattr(backends, "_warnings_given", [])
    backends._cached_import_error.cache_clear()
    yield cause
    backends._cached_import_error.cache_clear()


def test_a_numba_that_cannot_be_imported_means_numpy_and_one_warning(broken: Any) -> None:
    with pytest.warns(RuntimeWarning, match="cannot be imported .*2.3 or less.* run on NumPy"):
        assert nef.Simulator(nef.Network()).backend == "numpy"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nef.Simulator(nef.Network(), dtype="float32").backend == "numpy"


def test_a_numba_that_cannot_be_imported_is_an_error_if_requested(broken: Any) -> None:
    with pytest.raises(nef.BackendUnavailable, match=r"2\.3 or less; run pip check") as caught:
        nef.Simulator(nef.Network(), backend="numba")
    assert caught.value.__cause__ is broken


def test_numba_is_imported_only_if_code_is_missing(folder: Any, monkeypatch: Any) -> None:
    # A module that is None cannot be imported.
    monkeypatch.delattr("nefsim.backends.compiled.kernel")
    monkeypatch.setitem(sys.modules, "nefsim.backends.compiled.kernel", None)
    with pytest.raises(ImportError):
        object_cache.demand(DOUBLE)
    codefiles.write(folder, object_cache._name(DOUBLE), b"code")
    object_cache.demand(DOUBLE)


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_compilation_is_announced_in_one_line(folder: Any, capsys: Any) -> None:
    spikes()
    out, err = capsys.readouterr()
    start = "nefsim: compiling the interpreter for float64, once on this machine ... done in "
    assert err.startswith(start) and err.endswith(f" s; stored in {folder}\n")
    assert err.count("\n") == 1 and out == ""
    object_cache.interpreter.cache_clear()
    spikes()
    assert capsys.readouterr().err == ""


def test_without_progress_no_compilation_is_announced(folder: Any, capsys: Any) -> None:
    spikes(progress=False)
    assert capsys.readouterr().err == ""
    object_cache.interpreter.cache_clear()
    (file,) = folder.iterdir()
    file.unlink()
    spikes(progress=no_bar)
    assert "compiling" in capsys.readouterr().err


def test_a_terminal_shows_the_seconds_of_a_compilation(monkeypatch: Any) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(notices, "INTERVAL", 0.001)
    with notices.notice("waiting") as report:
        while sys.stderr.getvalue().count("\r") < 2:  # type: ignore[attr-defined]
            pass
        report("over")
    lines = sys.stderr.getvalue().split("\r")  # type: ignore[attr-defined]
    assert lines[0] == "nefsim: waiting ..." and lines[1] == "nefsim: waiting ... 0 s"
    assert lines[-1] == "nefsim: waiting ... done in 0 s; over\n"


def test_a_notice_says_that_the_work_was_stopped(capsys: Any, monkeypatch: Any) -> None:
    with pytest.raises(KeyboardInterrupt), notices.notice("waiting"):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "nefsim: waiting ... stopped after 0 s\n"
    monkeypatch.setattr(sys, "stderr", None)
    with notices.notice("waiting") as report:
        report("over")


def test_info_names_the_folders(folder: Any, capsys: Any, monkeypatch: Any) -> None:
    assert main(["info"]) == 0
    assert f"machine code: {folder}\n" in capsys.readouterr().out
    monkeypatch.setenv(codefiles.SWITCH, "off")
    assert main(["info"]) == 0
    assert "machine code: (not stored)\n" in capsys.readouterr().out


def test_the_name_of_the_code_depends_on_all_modules_that_it_is_compiled_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise old code would run after a change of such a module."""
    read: set[Path] = set()

    def read_bytes(path: Path) -> bytes:
        read.add(path)
        return b""

    folder = Path(object_cache.__file__).parent
    modules = [folder / "cells.py", *(folder / "kernel").glob("*.py")]
    text = "".join(path.read_text() for path in modules)
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    object_cache._digest.__wrapped__()
    names = re.findall(r"from nefsim\.backends\.compiled\.(\w+)", text)
    assert {"cells", "elementary", "opcodes"} < set(names)
    assert {folder / f"{name}.py" for name in names if name != "kernel"} <= read
    assert {*modules} <= read
