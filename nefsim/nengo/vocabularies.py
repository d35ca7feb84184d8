"""The vocabularies of a Nengo model, of nengo.spa or of nengo_spa."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import nengo
import numpy as np

from nefsim.spa import Vocabulary


def vocabularies_of(model: nengo.Network, others: Iterable[Any] = ()) -> tuple[Vocabulary, ...]:
    """The vocabularies of the subnetworks of a Nengo model, with their present pointers.

    Parameters
    ----------
    model : nengo.Network
        The model, such as a ``nengo.spa.SPA``.
    others : iterable
        More objects, of which the vocabularies are taken, too.

    Returns
    -------
    tuple of Vocabulary
        Those that have pointers, each once; names that are no names in nefsim are left out.

    Examples
    --------
    >>> import nengo
    >>> from nengo import spa
    >>> from nefsim.nengo.vocabularies import vocabularies_of
    >>> words = spa.Vocabulary(16)
    >>> sum_of_two = words.parse("A + B")
    >>> [list(v) for v in vocabularies_of(nengo.Network(), [words])]
    [['A', 'B']]
    """
    objects = [*others, *_parts(model)]
    found = {id(v): v for v in objects if _is_vocabulary(v)}
    return (*(made for v in found.values() if len(made := _converted(v))),)


def _parts(model: nengo.Network) -> Iterator[Any]:
    """Objects to which networks have names, and those of the ports of modules."""
    for network in (model, *model.all_networks):
        yield from vars(network).values()
        yield getattr(network, "vocab", None)
        for ports in (getattr(network, "inputs", None), getattr(network, "outputs", None)):
            if isinstance(ports, dict):
                for pair in ports.values():
                    yield from pair if isinstance(pair, tuple) else ()


def _is_vocabulary(thing: Any) -> bool:
    kind = type(thing)
    of_nengo = kind.__module__.partition(".")[0] in ("nengo", "nengo_spa")
    return of_nengo and kind.__name__ == "Vocabulary"


def _converted(original: Any) -> Vocabulary:
    keys = original.keys() if callable(original.keys) else original.keys
    vocabulary = Vocabulary(int(original.dimensions), max_similarity=None)
    for name, vector in zip(keys, np.asarray(original.vectors, np.float64), strict=True):
        with suppress(ValueError):  # Nengo allows names such as "RED*BLUE", and empty vectors
            vocabulary.add(str(name), vector)
    return vocabulary
