"""Read NumPy archives (.npz) safely: sizes are checked before memory is allocated."""

from __future__ import annotations

import math
import os
import sys
import zipfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

Header = tuple[np.dtype[Any], tuple[int, ...]]

#: Maximum ratio of deflate, and an allowance for short members.
MOST_DEFLATED, ROOM = 1032, 1024

#: Kinds of data types that are accepted: numbers and texts, and no objects.
KINDS = "biufU"

#: The largest code of a character.  NumPy makes texts of larger ones, which break Python.
LAST_CHARACTER = sys.maxunicode


def reason(error: BaseException) -> str:
    """The message of an error, as one short line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."


def header(stream: IO[bytes]) -> Header:
    """Type and shape of the array in an .npy file; the stream is then at the data.

    Raises
    ------
    ValueError
        If it is no array, or an array of objects.
    """
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(stream)
    except Exception as error:  # NumPy parses the header as Python text
        raise ValueError(reason(error)) from error
    if version not in ((1, 0), (2, 0)) or any(n < 0 for n in shape):
        raise ValueError(f"a format of .npy that nefsim does not write: {version}, {shape}")
    if dtype.kind not in KINDS or not dtype.itemsize:
        raise ValueError(f"an array of type {dtype} that nefsim does not write")
    return dtype, shape


class Archive(ABC):
    """The arrays of an .npz file, by name.

    Parameters
    ----------
    source : Path
        The file.

    Attributes
    ----------
    names : list of str
        The names of the arrays.
    """

    def __init__(self, source: Path) -> None:
        self._headers: dict[str, Header] = {}
        try:
            self._zip = zipfile.ZipFile(source)
        except Exception as error:  # zipfile raises many types for invalid files
            self.fail(reason(error))
        members = self._zip.infolist()
        self._members = {m.filename.removesuffix(".npy"): m for m in members}
        self.names = [*self._members]
        if len(self.names) < len(members):
            self.close()
            self.fail("it holds two arrays of one name")
        # Overlapping members could be many times as large as the file.  The size is that of the
        # open file, as another file may have its name by now.
        opened: Any = self._zip.fp
        if sum(m.compress_size for m in members) > os.fstat(opened.fileno()).st_size:
            self.close()
            self.fail("its arrays are larger than the file")

    @abstractmethod
    def fail(self, why: str) -> NoReturn:
        """Raise an error about the file."""

    def header(self, name: str) -> Header:
        """Type and shape of an array, without reading it."""
        if name not in self._headers:
            member = self._members.get(name)
            if member is None:
                self.fail(f"there is no {name!r}")
            try:
                self._headers[name] = self._checked_header(member)
            except Exception as error:  # types of NumPy, zipfile and zlib
                self.fail(f"{name!r}: {reason(error)}")
        return self._headers[name]

    def _checked_header(self, member: zipfile.ZipInfo) -> Header:
        _check_packing(member)
        with self._zip.open(member) as stream:
            dtype, shape = header(stream)
            if stream.tell() + dtype.itemsize * math.prod(shape) != member.file_size:
                raise ValueError(f"its size is not that of shape {shape}")
        return dtype, shape

    def expect(self, name: str, kinds: str, shape: tuple[int | None, ...] | None = None) -> Header:
        """Check kind and shape of an array, and return its header; None is any length."""
        dtype, got = self.header(name)
        fits = shape is None or (
            len(got) == len(shape) and all(w in (None, g) for g, w in zip(got, shape, strict=True))
        )
        if dtype.kind not in kinds or not fits:
            self.fail(f"{name!r} is of type {dtype} and shape {got}")
        return dtype, got

    def array(self, name: str) -> NDArray[Any]:
        """Read an array."""
        self.header(name)
        try:
            with self._zip.open(self._members[name]) as stream:
                array: NDArray[Any] = npy.read_array(stream, allow_pickle=False)
                stream.read()  # zipfile compares the checksum at the end
            _check_text(array)
        except Exception as error:
            self.fail(f"{name!r}: {reason(error)}")
        return array

    def text(self, name: str, longest: int) -> str:
        """Read a member that is a text in UTF-8, of at most ``longest`` bytes."""
        member = self._members.get(name)
        if member is None:
            self.fail(f"there is no {name!r}")
        try:
            _check_packing(member)
            if member.file_size > longest:
                raise ValueError(f"it is longer than {longest} bytes")
            return self._zip.read(member).decode("utf-8")
        except Exception as error:  # types of zipfile, zlib and the decoder
            self.fail(f"{name!r}: {reason(error)}")

    @property
    def size(self) -> int:
        """The sum of the sizes of all members when they are unpacked [bytes]."""
        return sum(member.file_size for member in self._members.values())

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _check_packing(member: zipfile.ZipInfo) -> None:
    """Raise ValueError unless a member is packed as nefsim does, and can be as large as it says."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("it is packed in another way")
    if member.file_size > MOST_DEFLATED * member.compress_size + ROOM:
        raise ValueError("its size in the file is larger than possible")


def _check_text(array: NDArray[Any]) -> None:
    """Raise ValueError if a text has codes that are no characters."""
    if array.dtype.kind != "U" or not array.size:
        return
    largest = np.ravel(array).view(array.dtype.byteorder + "u4").max()
    if largest > LAST_CHARACTER:
        raise ValueError(f"its text has the code {largest}, which is no character")
