"""Synaptic filters on rows of NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nefsim.backends.engine import Advance
from nefsim.backends.vectorised.layout import picking
from nefsim.program import Filter, Index

Array = NDArray[np.float64]

#: From this many rows on, and up to so many columns, SciPy's filter beats a loop over rows.
ROWS_FOR_LFILTER, COLUMNS_FOR_LFILTER = 16, 256


def filtering(op: Filter, source: Array, columns: Index, out: Array, z: Array) -> Advance:
    """Direct form II transposed, as SciPy's ``lfilter``, over many rows or one."""
    order = len(z)
    b = np.zeros(order + 1, out.dtype)
    a = np.zeros(order + 1, out.dtype)
    b[: len(op.b)], a[: len(op.a)] = op.b, op.a
    is_narrow = out[0].size <= COLUMNS_FOR_LFILTER
    pick, one = picking(source, columns), _one_step(b, a, z)

    def advance(lo: int, hi: int) -> None:
        if is_narrow and order and hi - lo >= ROWS_FOR_LFILTER:
            from scipy.signal import lfilter

            u, y = pick(slice(lo + 1, hi + 1)), out[lo + 1 : hi + 1]
            y[...], z[...] = lfilter(b, a, u, axis=0, zi=z)
        else:
            for k in range(lo + 1, hi + 1):
                one(pick(k), out[k])

    return advance


def _one_step(b: Array, a: Array, z: Array) -> Callable[[Array, Array], None]:
    """``one(u, y)``: one step of a filter from an input into an output."""
    order, no_last = len(z), b[-1] == 0.0
    # Numbers as arrays: a scalar is made one at each use.
    gain, keep = np.array(b[0]), np.array(-a[-1])
    first = z[0] if order else z

    def lowpass(u: Array, y: Array) -> None:
        np.multiply(u, gain, y)
        np.add(y, first, y)
        np.multiply(y, keep, first)

    def any_order(u: Array, y: Array) -> None:
        np.multiply(u, gain, out=y)
        if not order:
            return
        np.add(y, z[0], out=y)
        for i in range(order - 1):
            np.add(z[i + 1], b[i + 1] * u, out=z[i])
            z[i] -= a[i + 1] * y
        if no_last:
            np.multiply(y, keep, out=z[-1])
        else:
            np.multiply(u, b[-1], out=z[-1])
            z[-1] -= a[-1] * y

    return lowpass if order == 1 and no_last else any_order
