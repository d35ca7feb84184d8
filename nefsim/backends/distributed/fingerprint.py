"""A number that differs between different programs."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nefsim.program import Program, Sum, Weigh


def fingerprint(program: Program, process: Mapping[int, int]) -> int:
    """A number from the operations of a program, their arrays, and the process of each atom."""
    number = 0
    for part in _parts(program, process):
        number = zlib.crc32(part, number)
    return number


def _parts(program: Program, process: Mapping[int, int]) -> Iterator[Any]:
    yield repr(sorted(process.items())).encode()
    yield repr([(signal.name, signal.size) for signal in program.signals]).encode()
    yield repr([type(op).__name__ for op in program.ops]).encode()
    for op in program.ops:
        if isinstance(op, Weigh) and not op.is_empty:
            yield np.ascontiguousarray(op.initial)
        if isinstance(op, Sum):
            if op.offset is not None:
                yield np.ascontiguousarray(op.offset)
            for term in op.terms:
                matrix = term.matrix.data if hasattr(term.matrix, "tocsr") else term.matrix
                if matrix is not None:
                    yield np.ascontiguousarray(matrix, np.float64)
