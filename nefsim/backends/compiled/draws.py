"""Random numbers of NumPy's generators, drawn one by one by the interpreter.

The interpreter calls the C functions of a generator's bit generator and changes its state, so that
it draws the numbers that NumPy would draw.  The functions :func:`next_double` and
:func:`large_poisson` draw from a generator in plain Python; the kernel has others with their names
(:mod:`.kernel.draws`), for which a generator is the addresses that :func:`addresses` returns.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np


def next_double(generator: Any) -> Any:
    """The next number from [0, 1)."""
    return generator.random()


def large_poisson(generator: Any, mean: Any) -> Any:
    """A Poisson number with a mean of 10 or more."""
    return generator.poisson(mean)


#: NumPy's functions that the interpreter calls, besides those of a bit generator.
FUNCTIONS = ("random_poisson",)

#: Number of addresses of a generator.
N_ADDRESSES = 1 + len(FUNCTIONS)


@cache
def _functions() -> tuple[int, ...]:
    """The addresses of NumPy's functions; none if NumPy does not export them."""
    from numpy.random import _generator

    try:
        library = ctypes.CDLL(_generator.__file__)
        pointers = [ctypes.cast(getattr(library, name), ctypes.c_void_p) for name in FUNCTIONS]
    except (OSError, AttributeError):
        return ()
    return tuple(pointer.value or 0 for pointer in pointers)


def can_draw() -> bool:
    """Whether the interpreter can call the functions of NumPy's generators."""
    return len(_functions()) > 0


def addresses(rng: np.random.Generator) -> tuple[int, ...]:
    """The address of a bit generator, and those of NumPy's functions.

    The first is valid as long as the generator lives.
    """
    bits: Any = rng.bit_generator
    return (int(bits.ctypes.bit_generator.value), *_functions())
