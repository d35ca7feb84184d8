"""Checks of a file of NIR before the HDF5 library reads its values."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

#: Bytes that all arrays and texts of a file may have in memory.
LIMIT = 2**33

#: Start of a collection of texts, with its size, and of each text: its number, and its length.
COLLECTION, TEXT = struct.Struct("<4s4xQ"), struct.Struct("<H6xQ")


def check(source: Path, limit: int) -> None:
    """Check that a file can be read in bounded time and memory, and reads no other file.

    Parameters
    ----------
    source : Path
        The file.
    limit : int
        Most bytes of all arrays and texts in memory.

    Raises
    ------
    ValueError
        If it unpacks to more, links to other places, or would be read without end.
    """
    longest = _longest_text(source.read_bytes())
    with h5py.File(source, "r") as file:
        size = 0
        for item in _data_sets(file):
            if item.external or item.is_virtual:
                raise ValueError(f"{item.name!r} is in another file")
            is_text = item.dtype.kind == "O"
            each = item.dtype.itemsize + (longest if is_text else 0)
            size += each * max(item.size or 0, math.prod(item.chunks or ()))
            if size > limit:
                raise ValueError(f"it unpacks to more than the limit of {limit} bytes")


def _data_sets(file: h5py.File) -> Iterator[Any]:
    """All data sets of a file; links and circles of groups are refused."""
    groups, seen = [file["/"]], set()
    while groups:
        group = groups.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen:
            raise ValueError(f"{group.name!r} has two places")
        seen.add(address)
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{name!r} is a link")
            item = group[name]
            if isinstance(item, h5py.Group):
                groups.append(item)
            elif isinstance(item, h5py.Dataset):
                yield item


def _longest_text(data: bytes) -> int:
    """The length of the longest text [bytes].

    In a collection with an empty part, or one with a length beyond any, the library searches
    forever.  A part with the number 0 is the free space at the end, with its own head.
    """
    longest, left = 0, len(data)
    at = data.find(b"GCOL")
    while 0 <= at <= len(data) - COLLECTION.size:
        size = COLLECTION.unpack_from(data, at)[1]
        end, place = min(at + size, len(data)), at + COLLECTION.size
        while place + TEXT.size <= end:
            number, length = TEXT.unpack_from(data, place)
            left -= TEXT.size  # bytes in several collections are in none of HDF5's
            if (not number and length < TEXT.size) or length > size or left < 0:
                raise ValueError("its texts are damaged")
            longest = max(longest, length if number else 0)
            place += TEXT.size + (length + 7) // 8 * 8 if number else length
        at = data.find(b"GCOL", at + 4)
    return longest
