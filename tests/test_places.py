"""Folders that cannot be written to, full disks, and folders in the place of a file: an error that
says so, and the last good file is intact."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import nefsim as nef

resource = pytest.importorskip("resource", reason="needs limits of POSIX")

#: A user without rights, if the tests are run by the one with all of them.
NOBODY = 65534


def network() -> nef.Network:
    net = nef.Network(seed=1)
    net.probe(net.ensemble(50, 1), label="value")
    return net


def simulator() -> nef.Simulator:
    sim = nef.Simulator(network(), backend="numpy", progress=False)
    sim.run_steps(2000)
    return sim


def _model() -> Callable[[Path], Any]:
    sim = simulator()
    return lambda path: sim.network.save(path, sim=sim)


def _save_weights(path: Path) -> None:
    torch = pytest.importorskip("torch")
    from nefsim import train

    train.save(path, torch.nn.Linear(100, 100))


def _load_weights(path: Path) -> None:
    torch = pytest.importorskip("torch")
    from nefsim import train

    train.load(path, torch.nn.Linear(100, 100))


#: The writers of files, and readers that refuse what is not whole.
FILES: dict[str, tuple[Callable[[], Callable[[Path], Any]], Callable[[Path], Any]]] = {
    "result.npz": (lambda: simulator().result().save, nef.Result.load),
    "state.npz": (lambda: simulator().save, lambda path: nef.Simulator.load(path, network())),
    "model.nef": (_model, nef.load_network),
    "weights.pt": (lambda: _save_weights, _load_weights),
}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """A folder in which the user of the process may write nothing."""
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
    is_root = os.geteuid() == 0
    try:
        if is_root:
            try:
                os.seteuid(NOBODY)
            except OSError:
                pytest.skip("this container has no other user than root")
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(stat.S_IRWXU)


@contextmanager
def full(most: int) -> Iterator[None]:
    """Files of the process have so many bytes at the most; more are refused as by a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


@pytest.fixture()
def folder() -> Iterator[Path]:
    """A folder that other users reach."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "folder")
        path.mkdir()
        path.parent.chmod(0o755)
        yield path


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("trouble", ["locked", "full"])
def test_a_file_that_cannot_be_written_is_an_error_and_the_last_one_is_intact(
    name: str, trouble: str, folder: Path
) -> None:
    make, read = FILES[name]
    path, write = folder / name, make()
    write(path)
    good = path.read_bytes()
    assert len(good) > 3000
    around = locked(folder) if trouble == "locked" else full(1500)
    words = "Permission denied" if trouble == "locked" else "File too large"
    with around, pytest.raises(OSError, match=words):
        write(path)
    assert path.read_bytes() == good and [*folder.iterdir()] == [path]
    read(path)
    write(path)
    read(path)


def test_a_stream_in_a_folder_that_cannot_be_written_is_an_error(folder: Path) -> None:
    with locked(folder), pytest.raises(OSError, match="Permission denied"):
        nef.Simulator(network(), backend="numpy", stream=folder / "stream")
    assert [*folder.iterdir()] == []


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_the_place_of_a_file_is_refused(name: str, tmp_path: Path) -> None:
    make, read = FILES[name]
    path, write = tmp_path / name, make()
    path.mkdir()
    (path / "precious").write_text("x")
    for call in (write, read):
        with pytest.raises(ValueError, match=r"^[\w .]+: \w+ must be .+, got .+; .+\.$"):
            call(path)
    assert [*path.iterdir()] == [path / "precious"]
