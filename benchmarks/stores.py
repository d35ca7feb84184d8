"""Files of nefsim beside SQLite, HDF5 and safetensors: damage, kills, writers, disks, power cuts.

    python benchmarks/stores.py [--only ATTACK ...] [--stores STORE ...] [--tries 200]

Each store writes version k of the same eight arrays to one path: all numbers are k.  A read is
*whole* if all numbers are equal, *refused* if it raises an error, and *wrong* if it returns
anything else without an error.  The stores are used as their manuals show, with their defaults.
SQLite is in Python; the others need h5py and safetensors.  Power cuts need strace.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from power_cuts import states

HERE = Path(__file__)
sys.path.insert(0, str(HERE.parents[1]))

#: Eight arrays of 500 numbers: 32 kB.
N_ARRAYS, N_NUMBERS = 8, 500


class Store:
    """A way to write arrays to a file and to read them."""

    ending = ""

    def write(self, path: Path, version: int) -> None:
        """Write a version in the place of the last one."""
        raise NotImplementedError

    def read(self, path: Path) -> dict[str, np.ndarray]:
        """All arrays by name."""
        raise NotImplementedError


def arrays(version: int) -> dict[str, np.ndarray]:
    """The arrays of a version."""
    return {f"a{i}": np.full(N_NUMBERS, float(version)) for i in range(N_ARRAYS)}


class Nefsim(Store):
    """A result of nefsim."""

    ending = ".npz"

    def write(self, path: Path, version: int) -> None:
        """``Result.save``."""
        import nefsim as nef

        time = np.arange(1, N_NUMBERS + 1) / 1000
        records = {name: array[:, None] for name, array in arrays(version).items()}
        nef.Result(records, dict.fromkeys(records, time), time, {}).save(path, compress=False)

    def read(self, path: Path) -> dict[str, np.ndarray]:
        """``Result.load``."""
        import nefsim as nef

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = nef.Result.load(path)
        return {label: np.asarray(result[label])[:, 0] for label in result}


class SQLite(Store):
    """A table of names and blobs, each version in one transaction."""

    ending = ".db"

    def write(self, path: Path, version: int) -> None:
        """Replace all rows."""
        connection = sqlite3.connect(path, timeout=30)
        try:
            with connection:
                connection.execute("create table if not exists t (name text primary key, x blob)")
                rows = [(name, array.tobytes()) for name, array in arrays(version).items()]
                connection.executemany("insert or replace into t values (?, ?)", rows)
        finally:
            connection.close()

    def read(self, path: Path) -> dict[str, np.ndarray]:
        """Read all rows."""
        if not path.exists():
            raise FileNotFoundError(path)
        connection = sqlite3.connect(path, timeout=30)
        try:
            rows = connection.execute("select name, x from t").fetchall()
        finally:
            connection.close()
        return {name: np.frombuffer(blob) for name, blob in rows}


class HDF5(Store):
    """A file of h5py, written again for each version."""

    ending, checked = ".h5", False

    def write(self, path: Path, version: int) -> None:
        """Mode "w"."""
        import h5py

        with h5py.File(path, "w") as file:
            for name, array in arrays(version).items():
                file.create_dataset(name, data=array, fletcher32=self.checked)

    def read(self, path: Path) -> dict[str, np.ndarray]:
        """Mode "r"."""
        import h5py

        with h5py.File(path, "r") as file:
            return {name: file[name][...] for name in file}


class CheckedHDF5(HDF5):
    """The same with checksums of its data (Fletcher-32)."""

    checked = True


class Safetensors(Store):
    """``safetensors.numpy.save_file``."""

    ending = ".safetensors"

    def write(self, path: Path, version: int) -> None:
        """Write a file."""
        from safetensors.numpy import save_file

        save_file(arrays(version), path)

    def read(self, path: Path) -> dict[str, np.ndarray]:
        """Read a file."""
        from safetensors.numpy import load_file

        return dict(load_file(path))


STORES: dict[str, Store] = {"nefsim": Nefsim(), "SQLite": SQLite()}
if find_spec("h5py"):
    STORES |= {"HDF5": HDF5(), "HDF5, Fletcher-32": CheckedHDF5()}
if find_spec("safetensors"):
    STORES["safetensors"] = Safetensors()


def outcome(store: Store, path: Path) -> tuple[str, int]:
    """``whole`` with its version, ``refused`` or ``wrong``."""
    try:
        found = store.read(path)
    except Exception:
        return "refused", 0
    if not found:  # a table that has no rows yet
        return "whole", 0
    if found.keys() != arrays(0).keys():
        return "wrong", 0
    values = np.concatenate([*found.values()])
    if values.size != N_ARRAYS * N_NUMBERS or not (values == values[0]).all():
        return "wrong", 0
    version = float(values[0])
    return ("whole", int(version)) if version == round(version) else ("wrong", 0)


def in_child(store: Store, path: Path) -> tuple[str, int]:
    """The outcome in a process of its own, as damaged files may end a process."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        signal.alarm(20)
        word, version = outcome(store, path)
        os.write(writing, f"{word} {version}".encode())
        os._exit(0)
    os.close(writing)
    text = os.read(reading, 100).decode()
    os.close(reading)
    os.waitpid(child, 0)
    if not text:
        return "crash", 0
    word, number = text.split()
    return word, int(number)


# -- attacks: each returns counts ----------------------------------------------------------


def flips(store: Store, folder: Path, tries: int, rng: np.random.Generator) -> Counter[str]:
    """Flip one bit."""

    def damage(data: bytearray) -> None:
        at = int(rng.integers(8 * len(data)))
        data[at // 8] ^= 1 << at % 8

    return _damaged(store, folder, tries, damage)


def cuts(store: Store, folder: Path, tries: int, rng: np.random.Generator) -> Counter[str]:
    """Truncate the file."""

    def damage(data: bytearray) -> None:
        del data[int(rng.integers(len(data))) :]

    return _damaged(store, folder, tries, damage)


def _damaged(
    store: Store, folder: Path, tries: int, damage: Callable[[bytearray], None]
) -> Counter[str]:
    path, seen = folder / f"x{store.ending}", Counter[str]()
    store.write(path, 7)
    good = path.read_bytes()
    for _ in range(tries):
        data = bytearray(good)
        damage(data)
        path.write_bytes(data)
        word, version = in_child(store, path)
        seen["wrong" if word == "whole" and version != 7 else word] += 1
    return seen


def kills(store: Store, folder: Path, tries: int, rng: np.random.Generator) -> Counter[str]:
    """Kill a process with signal 9 that overwrites one file."""
    seen = Counter[str]()
    for i in range(tries):
        path = folder / f"{i}{store.ending}"
        store.write(path, 1)
        child = os.fork()
        if not child:
            for version in range(2, 10**6):
                store.write(path, version)
            os._exit(0)
        time.sleep(float(rng.uniform(0.02, 0.1)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        seen[in_child(store, path)[0]] += 1
    return seen


def writers(store: Store, folder: Path, tries: int, rng: np.random.Generator) -> Counter[str]:
    """Three processes write ``tries`` versions each to one path, and one reads."""
    del rng
    path, seen = folder / f"x{store.ending}", Counter[str]()
    store.write(path, 1)
    reading, writing = os.pipe()
    children = []
    for k in range(3):
        child = os.fork()
        if not child:
            failed = 0
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            for version in range(k, 3 * tries, 3):
                try:
                    store.write(path, version)
                except Exception:
                    failed += 1
            os.write(writing, b"%d\n" % failed)
            os._exit(0)
        children.append(child)
    os.close(writing)
    running = set(children)
    while running:
        seen[f"read {in_child(store, path)[0]}"] += 1
        for child in [*running]:
            if os.waitpid(child, os.WNOHANG)[0]:
                running.discard(child)
    with os.fdopen(reading) as stream:
        seen["failed writes"] = sum(map(int, stream.read().split()))
    seen[f"at the end {in_child(store, path)[0]}"] += 1
    return seen


def full_disk(store: Store, folder: Path, tries: int, rng: np.random.Generator) -> Counter[str]:
    """Write version 2 where no file may have more than a random number of bytes."""
    seen = Counter[str]()
    for i in range(tries):
        path = folder / f"{i}{store.ending}"
        store.write(path, 1)
        size = path.stat().st_size
        limit = int(rng.integers(1, size))
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            try:
                store.write(path, 2)
            except Exception:
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        said = {0: "no error", 1: "error"}.get(os.waitstatus_to_exitcode(status), "crash")
        word, version = in_child(store, path)
        seen[f"{said}, then {word}{f' {version}' if word == 'whole' else ''}"] += 1
    return seen


def power(store: Store, folder: Path, tries: int, rng: np.random.Generator) -> Counter[str]:
    """Cut the power between two calls of the system, and drop writes that were not synced."""
    seen = Counter[str]()
    name = next(name for name, other in STORES.items() if other is store)
    path, log = folder / f"x{store.ending}", folder.parent / "strace.log"
    command = [sys.executable, str(HERE), "--write", name, str(path)]
    for state in states(command, folder, log, tries, rng):
        word, version = in_child(store, path)
        if word == "whole" and version < state.acknowledged:
            word = "older than the last one written"
        if word == "refused" and not state.acknowledged:
            word = "whole"  # nothing was promised yet
        seen[f"{state.kind}: {word}"] += 1
    return seen


ATTACKS: dict[str, Callable[[Store, Path, int, np.random.Generator], Counter[str]]] = {
    "flips": flips,
    "cuts": cuts,
    "kills": kills,
    "writers": writers,
    "full disk": full_disk,
    "power": power,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=[*ATTACKS], default=[*ATTACKS])
    parser.add_argument("--stores", nargs="*", choices=[*STORES], default=[*STORES])
    parser.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        store, path = STORES[options.write[0]], Path(options.write[1])
        for version in range(1, 5):
            store.write(path, version)
            os.write(1, b"version %d\n" % version)
        return
    print("| attack | store | outcomes |\n|---|---|---|", flush=True)
    for attack in options.only:
        if attack == "power" and shutil.which("strace") is None:
            continue
        for name in options.stores:
            store = STORES[name]
            with tempfile.TemporaryDirectory() as top:
                folder = Path(top, "files")
                folder.mkdir()
                store.write(folder / f"first{store.ending}", 1)  # imports
                (folder / f"first{store.ending}").unlink()
                rng = np.random.default_rng(options.seed)
                seen = ATTACKS[attack](store, folder, options.tries, rng)
            cells = ", ".join(f"{n} {word}" for word, n in sorted(seen.items()))
            print(f"| {attack} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
