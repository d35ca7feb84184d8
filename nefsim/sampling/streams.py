"""Independent streams of random numbers from one seed."""

from __future__ import annotations

import numpy as np

from nefsim import _checks as check


def stream(seed: int, *key: int) -> np.random.Generator:
    """A random generator for a seed and a key, independent of those of other seeds and keys.

    Parameters
    ----------
    seed : int
        Number from 0 and below 2**64.
    *key : int
        Numbers from 0 and below 2**32, which identify the purpose of the generator.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    ValueError, TypeError
        If a number is not whole or out of range.

    See Also
    --------
    Distribution.sample : Random samples from such a generator.

    Examples
    --------
    >>> bool(stream(1, 2, 3).random() == stream(1, 2, 3).random())
    True
    >>> bool(stream(1, 2, 3).random() == stream(1, 3, 2).random())
    False
    """
    do = "pass a whole number"
    seed = check.integer("stream", "seed", seed, do, 0, 2**64 - 1)
    words = tuple(check.integer("stream", "key", word, do, 0, 2**32 - 1) for word in key)
    return generator_of(seed, words)


def generator_of(seed: int, key: tuple[int, ...]) -> np.random.Generator:
    """The generator of :func:`stream`, for numbers that have been checked."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
