"""States of a folder after a power cut: writes that were not synced are lost.

The calls of a program are traced by strace.  A state is that of the disk after the first n calls:

- the content of a file is that of its last ``fsync`` (or ``fdatasync``);
- the names in a folder are those of its last ``fsync``.

That is the least that POSIX promises, "all lost".  Real disks also write earlier, in any order;
"names first" has all names and lengths, while data that was not synced is zeros, as ext4 without
delayed allocation or XFS leave it; "some" has each write and each name by chance.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

CALLS = (
    "openat,open,creat,write,pwrite64,writev,pwritev,lseek,ftruncate,truncate,fallocate,fsync,"
    "fdatasync,sync_file_range,close,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,"
    "mkdirat,mmap,msync,copy_file_range,sendfile,dup,dup2,dup3,fcntl"
)

KINDS = ("all lost", "names first", "some")

LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")


@dataclass
class State:
    """A state of the folder, which has been written there.

    Attributes
    ----------
    kind : str
        Which writes were lost.
    acknowledged : int
        The last version whose write the program had reported as done.
    """

    kind: str
    acknowledged: int


@dataclass
class File:
    """A file: its content now, and on the disk."""

    now: bytearray = field(default_factory=bytearray)
    disk: bytes = b""
    #: Writes since the last sync: (first byte, data), or (length, None) for a truncation.
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, at: int, data: bytes) -> None:
        """Write at a place; a gap is zeros."""
        _put(self.now, at, data)
        self.since.append((at, data))

    def truncate(self, length: int) -> None:
        """Cut or lengthen the file."""
        _put(self.now, length, None)
        self.since.append((length, None))

    def sync(self) -> None:
        """Write everything to the disk."""
        self.disk, self.since = bytes(self.now), []

    def after(self, kind: str, rng: np.random.Generator) -> bytes:
        """The content after a power cut."""
        if kind == "all lost":
            return self.disk
        found = bytearray(self.disk)
        for at, data in self.since:
            if kind == "names first":
                length = at if data is None else max(len(found), at + len(data))
                _put(found, length, None)
            elif rng.random() < 0.5:
                _put(found, at, data)
        return bytes(found)


def _put(content: bytearray, at: int, data: bytes | None) -> None:
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    if data is None:
        del content[at:]
    else:
        content[at : at + len(data)] = data


class Disk:
    """A folder whose calls are repeated one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.names: dict[str, File] = {}
        self.on_disk: dict[str, File] = {}
        self._open: dict[int, tuple[File | str, int, bool]] = {}  # file or folder, place, appends
        self.acknowledged = 0
        self.n_relevant = 0

    def call(self, name: str, arguments: str, result: int) -> bool:
        """Repeat a call; whether it concerns the folder."""
        if result < 0:
            return False
        texts = [
            ast.literal_eval(f"b{text}") for text in re.findall(r'"(?:[^"\\]|\\.)*"', arguments)
        ]
        rest = re.sub(r'"(?:[^"\\]|\\.)*"', "", arguments)
        found = re.findall(r"(?<![\w<])(-?(?:0x[0-9a-f]+|\d+))(?![\w>])", rest)
        numbers = [int(n, 8 if re.fullmatch("0[0-7]+", n) else 0) for n in found]
        return bool(getattr(self, f"_{name}", self._other)(texts, numbers, rest, result))

    def _other(self, texts: list[bytes], numbers: list[int], rest: str, result: int) -> bool:
        del numbers, result
        inside = any(self._inside(text.decode(errors="replace")) for text in texts)
        if inside and "PROT_WRITE" in rest:
            raise NotImplementedError(f"{texts} {rest}")
        return False

    def _inside(self, path: str) -> bool:
        return path.startswith(self.folder)

    def _openat(self, texts: list[bytes], numbers: list[int], rest: str, result: int) -> bool:
        del numbers
        path = texts[0].decode(errors="replace")
        self._open.pop(result, None)
        if not self._inside(path):
            return False
        if "O_DIRECTORY" in rest or path.rstrip("/") == self.folder:
            self._open[result] = (path.rstrip("/"), 0, False)
            return False
        file = self.names.get(path)
        if file is None:
            if "O_CREAT" not in rest:
                return False
            file = self.names[path] = File()
        elif "O_TRUNC" in rest:
            file.truncate(0)
        self._open[result] = (file, 0, "O_APPEND" in rest)
        return True

    def _at(self, number: int) -> tuple[File, int, bool] | None:
        found = self._open.get(number)
        if found is None or isinstance(found[0], str):
            return None
        return found  # type: ignore[return-value]

    def _write(self, texts: list[bytes], numbers: list[int], rest: str, result: int) -> bool:
        del rest
        if numbers[0] == 1 and texts and texts[0].startswith(b"version "):
            self.acknowledged = int(texts[0].split()[1])
            return True
        found = self._at(numbers[0])
        if found is None:
            return False
        file, place, appends = found
        place = len(file.now) if appends else place
        data = b"".join(texts)[:result]
        assert len(data) == result, "strace has cut off a text"
        file.write(place, data)
        self._open[numbers[0]] = (file, place + result, appends)
        return True

    _writev = _write

    def _pwrite64(self, texts: list[bytes], numbers: list[int], rest: str, result: int) -> bool:
        del rest
        found = self._at(numbers[0])
        if found is None:
            return False
        data = b"".join(texts)[:result]
        assert len(data) == result, "strace has cut off a text"
        found[0].write(numbers[-1], data)
        return True

    _pwritev = _pwrite64

    def _lseek(self, texts: list[bytes], numbers: list[int], rest: str, result: int) -> bool:
        del texts, rest
        found = self._at(numbers[0])
        if found is not None:
            self._open[numbers[0]] = (found[0], result, found[2])
        return False

    def _ftruncate(self, texts: list[bytes], numbers: list[int], rest: str, result: int) -> bool:
        del texts, rest, result
        found = self._at(numbers[0])
        if found is not None:
            found[0].truncate(numbers[1])
        return found is not None

    def _fsync(self, texts: list[bytes], numbers: list[int], rest: str, result: int) -> bool:
        del texts, rest, result
        found = self._open.get(numbers[0])
        if found is None:
            return False
        if isinstance(found[0], str):
            self.on_disk = dict(self.names)
        else:
            found[0].sync()
        return True

    _fdatasync = _fsync

    def _close(self, texts: list[bytes], numbers: list[int], rest: str, result: int) -> bool:
        del texts, rest, result
        self._open.pop(numbers[0], None)
        return False

    def _rename(self, texts: list[bytes], numbers: list[int], rest: str, result: int) -> bool:
        del numbers, rest, result
        old, new = (text.decode(errors="replace") for text in texts[:2])
        if old in self.names:
            self.names[new] = self.names.pop(old)
            return True
        return False

    _renameat = _renameat2 = _rename

    def _unlink(self, texts: list[bytes], numbers: list[int], rest: str, result: int) -> bool:
        del numbers, rest, result
        return self.names.pop(texts[0].decode(errors="replace"), None) is not None

    _unlinkat = _unlink

    def lose(self, kind: str, rng: np.random.Generator) -> None:
        """Write the state after a power cut to the folder."""
        folder = Path(self.folder)
        shutil.rmtree(folder)
        folder.mkdir()
        names = dict(self.on_disk)
        if kind == "names first":
            names = dict(self.names)
        elif kind == "some":
            for name in sorted(self.names.keys() | names.keys()):
                if rng.random() < 0.5:
                    if name in self.names:
                        names[name] = self.names[name]
                    else:
                        names.pop(name, None)
        for name, file in names.items():
            Path(name).write_bytes(file.after(kind, rng))


def states(
    command: Sequence[str], folder: Path, log: Path, tries: int, rng: np.random.Generator
) -> Iterator[State]:
    """Trace a program, and iterate over states of its folder after power cuts.

    The program writes ``version n`` to its standard output when version n is written.
    """
    traced = ["strace", "-f", "-xx", "-s", "10000000", "-o", str(log), "-e", f"trace={CALLS}"]
    subprocess.run([*traced, *command], check=True, stdout=subprocess.DEVNULL)
    lines = [found for line in log.read_text().splitlines() if (found := LINE.match(line))]
    calls = [(m[1], m[2], int(m[3])) for m in lines]
    log.unlink()
    disk = Disk(folder)
    relevant = [i for i, call in enumerate(calls) if disk.call(*call)]
    assert disk.acknowledged, "the program has written nothing"
    for _ in range(tries):
        end = int(rng.choice(relevant)) + 1
        kind = KINDS[rng.integers(len(KINDS))]
        disk = Disk(folder)
        for call in calls[:end]:
            disk.call(*call)
        disk.lose(kind, rng)
        yield State(kind, disk.acknowledged)
