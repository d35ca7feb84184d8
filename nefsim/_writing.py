"""Files that appear whole or not at all, whoever else writes them and whenever the power fails."""

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

#: A new file that was last written to so many seconds ago is left from a killed program.
ABANDONED = 24 * 3600.0


@contextmanager
def replacing(target: Path, sync: bool = True) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of ``target`` when the block ends without an error.

    The new file has a random name beside ``target`` and is created exclusively, so that no
    other writer, link or file of that name is touched; it gets the permissions of the file
    that it replaces.  A symbolic link stays a link: the file that it names is replaced.
    A program that is killed meanwhile leaves its new file, which the next writer of
    ``target`` removes once it is older than a day.

    Parameters
    ----------
    target : Path
        The file to write.
    sync : bool
        Whether the data and the name are on the disk, and not only handed to the operating
        system, when the block has ended.

    Raises
    ------
    OSError
        If the file cannot be written; the old one is then as it was.

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
                part.chmod(mode)  # what the umask took from it
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
    """Have the names in a folder on the disk, where the system can be asked for that."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows keeps names with the files
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
