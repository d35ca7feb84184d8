"""Atomic writing of files, safe for several writers and power failures."""

from __future__ import annotations

import os
import secrets
import stat
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

#: Age at which a new file is regarded as left over from a killed program [s].
ABANDONED = 24 * 3600.0


@contextmanager
def replacing(target: Path, sync: bool = True) -> Iterator[BinaryIO]:
    """Open a new file that replaces ``target`` when the block ends without an error.

    The new file has a random name in the folder of ``target`` and is created exclusively, so it
    cannot affect other writers, links or files.  It gets the permissions of the file that it
    replaces.  A symbolic link remains a link: the file that it points to is replaced.
    A program that is killed during the block leaves its new file; the next writer of
    ``target`` removes it once it is older than a day.

    Parameters
    ----------
    target : Path
        The file to write.
    sync : bool
        Whether to wait until data and name are on the disk before the block ends.

    Raises
    ------
    OSError
        If the file cannot be written; the old file is then unchanged.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder, "a.bin")) as stream:
    ...         n = stream.write(b"abc")
    ...     Path(folder, "a.bin").read_bytes(), os.listdir(folder)
    (b'abc', ['a.bin'])
    """
    target = Path(os.path.realpath(target))
    begin = f".nefsim-{zlib.crc32(os.fsencode(target.name)):08x}-"
    _remove_abandoned(target.parent, begin)
    part = target.with_name(f"{begin}{secrets.token_hex(8)}.part")
    try:
        mode = stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mode = None
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(part, flags, 0o666 if mode is None else mode)
    try:
        with open(descriptor, "wb") as stream:
            if mode is not None:
                part.chmod(mode)  # without the umask
            yield stream
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    if sync:
        sync_folder(target.parent)


def _remove_abandoned(folder: Path, begin: str) -> None:
    """Remove old files that killed programs left of one target, where that is allowed."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not (entry.name.startswith(begin) and entry.name.endswith(".part")):
                continue
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > ABANDONED:
                    os.unlink(entry.path)


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk, on systems that support it."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows stores names with the files
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
