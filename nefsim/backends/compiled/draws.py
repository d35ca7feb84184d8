"""Random numbers of NumPy's generators, drawn one by one by the interpreter.

The interpreter calls the C functions of a generator's bit generator and changes its state, so that
it draws the numbers that NumPy would draw.  The two functions below draw from a generator in plain
Python; the kernel has others with their names (:mod:`.kernel.draws`), for which a generator is the
addresses that :func:`addresses` returns.
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


@cache
def _poisson() -> int | None:
    """The address of NumPy's function for Poisson numbers, None if NumPy does not export it."""
    from numpy.random import _generator

    try:
        function = ctypes.CDLL(_generator.__file__).random_poisson
    except (OSError, AttributeError):
        return None
    return ctypes.cast(function, ctypes.c_void_p).value


def can_draw() -> bool:
    """Whether the interpreter can call the functions of NumPy's generators."""
    return _poisson() is not None


def addresses(rng: np.random.Generator) -> tuple[int, int]:
    """The addresses of a bit generator and of NumPy's function for Poisson numbers.

    They are valid as long as the generator lives.
    """
    bits: Any = rng.bit_generator
    function = _poisson()
    assert function is not None
    return int(bits.ctypes.bit_generator.value), function
