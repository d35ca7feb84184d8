"""Calls of the interpreter with arguments that are stored once."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from nefsim.backends.compiled.object_cache import HI, LO, Interpreter, block_call


class Prepared:
    """A call of the interpreter whose arguments are stored once.

    It is also a :class:`~nefsim.backends.growing.WholeStep`, if all operations are its spans.

    Parameters
    ----------
    run : callable
        The interpreter.
    arguments : sequence of int
        Its arguments, with any ``lo`` and ``hi``.
    owners : object
        The owners of the memory that the arguments refer to.
    then : (int, int)
        Address and number of further spans, which run one row later.

    Attributes
    ----------
    is_atomic : bool
        Whether a call computes rows and counts them in one call of machine code.
    """

    __slots__ = ("_block", "_call", "_owners", "_pointer", "is_atomic")

    def __init__(
        self,
        run: Interpreter,
        arguments: Sequence[int],
        owners: object,
        then: tuple[int, int] = (0, 0),
    ) -> None:
        n = len(arguments)
        block = self._block = (ctypes.c_int64 * (n + 2))(*arguments, *then)
        self._pointer = ctypes.addressof(block)
        self._owners = run, owners  # a pointer does not keep its array alive

        def all_arguments(pointer: int) -> None:
            del pointer
            run(*block[:n])
            block[LO] += 1
            block[HI] += 1
            if block[n + 1]:
                run(block[0], *block[n:], *block[LO:n])

        call = block_call(run)
        self.is_atomic = call is not None
        self._call = all_arguments if call is None else call

    def rows(self, lo: int, hi: int) -> None:
        """Compute rows ``lo + 1`` to ``hi``."""
        block = self._block
        block[LO], block[HI] = lo, hi
        self._call(self._pointer)

    @property
    def row(self) -> int:
        """The row after which the next call computes one."""
        return self._block[LO]

    @row.setter
    def row(self, row: int) -> None:
        self._block[LO], self._block[HI] = row, row + 1

    def __call__(self) -> None:
        """Compute the next row."""
        self._call(self._pointer)

    def take(self, n: int) -> None:
        """Compute the next ``n`` rows; Ctrl-C must wait, as this is more than one call."""
        row = self._block[LO]
        self.rows(row, row + n)
        self.row = row + n
