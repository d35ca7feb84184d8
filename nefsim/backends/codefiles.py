"""Files of machine code: where they are kept, and which of them may be run.

Whoever can write such a file can have anything run.  A file is read only if it and its folder
belong to the user or to root and nobody else may write them, and only if it ends with the hash
of its code and name, so that damaged code is made anew.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

from nefsim import _checks as check
from nefsim._writing import replacing

#: The environment variable that names another folder, or "off" for none.
SWITCH = "NEFSIM_CACHE"

#: Bytes of the hash that a file ends with.
HASH_SIZE = 32


def folders() -> list[Path]:
    """Folders in which machine code is looked for, in order; none where that is switched off.

    The first is that of Python's own cached code, the second ``nefsim`` in the user's caches
    (``XDG_CACHE_HOME``, or ``~/.cache``).  The environment variable ``NEFSIM_CACHE`` names
    another folder in their place, or is ``off``.

    Returns
    -------
    list of Path
        Code is kept in the first that can be written and that nobody else may write.

    Raises
    ------
    ValueError
        If ``NEFSIM_CACHE`` is neither ``off`` nor an absolute path.
    """
    wanted = os.environ.get(SWITCH, "")
    if wanted.lower() == "off":
        return []
    if wanted:
        if not os.path.isabs(wanted):
            do = "write the whole path, starting at the root"
            check.fail("nefsim", SWITCH, "be an absolute path or off", repr(wanted), do)
        return [Path(wanted)]
    found = []
    with suppress(NotImplementedError):  # a Python that caches no code
        found.append(Path(cache_from_source(__file__)).parent)
    caches = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # By the specification of these folders, an empty or relative one counts as unset.
        home = Path(caches) if os.path.isabs(caches) else Path("~/.cache").expanduser()
    except RuntimeError:  # a user without a home
        return found
    return [*found, home / "nefsim"] if home.is_absolute() else found


def read(folder: Path, name: str) -> bytes:
    """The code in a file; OSError if it is not there, not safe or damaged."""
    content = _content(folder, name)
    code, found = content[:-HASH_SIZE], content[-HASH_SIZE:]
    if found != _hash(name, code):
        raise OSError(f"{folder / name} is damaged")
    return code


def write(folder: Path, name: str, code: bytes) -> None:
    """Write a file of code as a whole; OSError where it could not be read afterwards."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _has_owners():
        os.close(_opened_folder(folder))
    with replacing(folder / name) as stream:
        if hasattr(os, "fchmod"):  # whatever the umask allows, and whatever was there
            os.fchmod(stream.fileno(), 0o644)
        stream.write(code + _hash(name, code))


def _hash(name: str, code: bytes) -> bytes:
    return hashlib.blake2b(name.encode() + b"\0" + code, digest_size=HASH_SIZE).digest()


def _has_owners() -> bool:
    """Whether files have owners that can be asked for, as on all systems but Windows."""
    return hasattr(os, "geteuid") and os.open in os.supports_dir_fd


def _content(folder: Path, name: str) -> bytes:
    if not _has_owners():
        return (folder / name).read_bytes()
    place = _opened_folder(folder)
    try:
        # What is looked at is what was opened, whoever moves files meanwhile.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(name, flags, dir_fd=place)
    finally:
        os.close(place)
    with open(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{folder / name} is no file")
        _demand_safe(status, folder / name)
        return stream.read()


def _opened_folder(folder: Path) -> int:
    """A descriptor of a folder that nobody else may write; OSError if others may.

    A link to a folder is followed if it belongs to the user or to root.
    """
    link = os.lstat(folder)
    if stat.S_ISLNK(link.st_mode) and link.st_uid not in (os.geteuid(), 0):
        raise PermissionError(f"{folder} is a link of another user")
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    descriptor = os.open(os.path.realpath(folder), flags)
    try:
        _demand_safe(os.fstat(descriptor), folder)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _demand_safe(status: os.stat_result, path: Path) -> None:
    if status.st_uid not in (os.geteuid(), 0):
        raise PermissionError(f"{path} belongs to another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"{path} may be written by others")
