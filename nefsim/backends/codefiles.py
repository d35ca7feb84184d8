"""Read and write files of machine code, with checks that such code is safe to run.

A user who can write such a file can make this process run any code.  So a file is read only if
it and its folder belong to the user or to root, and no other user may write them.  A file also
ends with a hash of its code and name, so that damaged code is not run.
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

#: The environment variable with the path of another folder, or "off" for none.
SWITCH = "NEFSIM_CACHE"

#: Size of the hash at the end of a file [bytes].
HASH_SIZE = 32


def folders() -> list[Path]:
    """Folders to search for machine code, in order; none if the cache is off.

    The first is the ``__pycache__`` of this package, the second ``nefsim`` in the user's caches
    (``XDG_CACHE_HOME``, or ``~/.cache``).  Set the environment variable ``NEFSIM_CACHE`` to
    another folder to use that only, or to ``off``.

    Returns
    -------
    list of Path
        New code is stored in the first folder that the user, and no other user, may write.

    Raises
    ------
    ValueError
        If ``NEFSIM_CACHE`` is neither ``off`` nor an absolute path.
    """
    setting = checked_setting()
    if setting == "off":
        return []
    if setting:
        return [Path(setting)]
    paths = []
    with suppress(NotImplementedError):  # a Python that caches no code
        paths.append(Path(cache_from_source(__file__)).parent)
    caches = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # The XDG specification says that an empty or relative path counts as unset.
        home = Path(caches) if os.path.isabs(caches) else Path("~/.cache").expanduser()
    except RuntimeError:  # a user without a home
        return paths
    return [*paths, home / "nefsim"] if home.is_absolute() else paths


def checked_setting() -> str:
    """The path or ``off`` in ``NEFSIM_CACHE``; empty if it is not set.

    Raises
    ------
    ValueError
        If it is neither ``off`` nor an absolute path.
    """
    setting = os.environ.get(SWITCH, "")
    if setting.lower() == "off":
        return "off"
    if setting and not os.path.isabs(setting):
        do = "write the whole path, starting at the root"
        check.fail("nefsim", SWITCH, "be an absolute path or off", repr(setting), do)
    return setting


def read(folder: Path, name: str) -> bytes:
    """The code in a file; OSError if it is missing, unsafe or damaged."""
    content = _content(folder, name)
    code, digest = content[:-HASH_SIZE], content[-HASH_SIZE:]
    if digest != _hash(name, code):
        raise OSError(f"{folder / name} is damaged")
    return code


def write(folder: Path, name: str, code: bytes) -> None:
    """Write a file of code whole; OSError if :func:`read` would refuse it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _has_owners():
        os.close(_open_folder(folder))
    with replacing(folder / name) as stream:
        if hasattr(os, "fchmod"):  # for any umask, and any mode of a file that is replaced
            os.fchmod(stream.fileno(), 0o644)
        stream.write(code + _hash(name, code))


def _hash(name: str, code: bytes) -> bytes:
    return hashlib.blake2b(name.encode() + b"\0" + code, digest_size=HASH_SIZE).digest()


def _has_owners() -> bool:
    """Whether the system can report the owners of files, as all but Windows can."""
    return hasattr(os, "geteuid") and os.open in os.supports_dir_fd


def _content(folder: Path, name: str) -> bytes:
    if not _has_owners():
        return (folder / name).read_bytes()
    directory = _open_folder(folder)
    try:
        # The checks use the open file, so that no other process can replace it between them.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(name, flags, dir_fd=directory)
    finally:
        os.close(directory)
    with open(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{folder / name} is not a file")
        _demand_safe(status, folder / name)
        return stream.read()


def _open_folder(folder: Path) -> int:
    """Open a folder and return its descriptor; OSError if other users may write there.

    A link to a folder is followed if the link belongs to the user or to root.
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
