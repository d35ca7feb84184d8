"""Random numbers of NumPy's generators, drawn one by one by the interpreter.

The interpreter calls the C functions of a generator's bit generator, or computes the next state of
NumPy's default one itself, and changes its state, so that it draws the numbers that NumPy would
draw.  The functions :func:`next_double`, :func:`uniforms` and :func:`large_poisson` draw from a
generator in plain Python; the kernel has others with their names (:mod:`.kernel.draws`), for
which a generator is the addresses that :func:`addresses` returns.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

import numpy as np


def next_double(generator: Any) -> Any:
    """The next number from [0, 1)."""
    return generator.random()


def uniforms(generator: Any, out: Any, n: Any) -> None:
    """The next numbers from [0, 1)."""
    out[:n] = generator.random(n)


def large_poisson(generator: Any, mean: Any) -> Any:
    """A Poisson number with a mean of 10 or more."""
    return generator.poisson(mean)


#: NumPy's functions that the interpreter calls, besides those of a bit generator.
FUNCTIONS = ("random_poisson",)

#: Number of addresses of a generator.
N_ADDRESSES = 2 + len(FUNCTIONS)


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
    """The address of a bit generator, of the numbers of PCG64 or 0, and of NumPy's functions.

    The first two are valid as long as the generator lives.
    """
    bits: Any = rng.bit_generator
    return (int(bits.ctypes.bit_generator.value), _numbers(bits), *_functions())


def _numbers(bits: Any) -> int:
    """The address of the state and the increment of PCG64, of 128 bits each.

    It is 0 for other bit generators, and where NumPy stores these numbers in another order.
    """
    if type(bits) is not np.random.PCG64:
        return 0
    address = ctypes.c_uint64.from_address(bits.ctypes.state_address).value
    known = bits.state["state"]
    words = b"".join(known[name].to_bytes(16, sys.byteorder) for name in ("state", "inc"))
    return address if ctypes.string_at(address, len(words)) == words else 0
