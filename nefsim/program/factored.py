"""Weights onto neurons that PES changes, as a product of encoders and few rows.

PES on full weights adds ``outer(encoders @ error, activity)`` in each step, so that the weights are
always ``W = W0 + encoders @ D`` with D of (dimensions, inputs), which PES on decoders changes.  If
W0 is itself such a product, as it is where it was solved for, it is the start of D, and no matrix
of neurons by neurons is stored.  The product with spikes is then ``W0 s + encoders (D s)``: sums
are in another order than those of the full matrix, so that last digits may differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nefsim.learning import PES
from nefsim.program.operations import Learn, Read, Term, Weigh

if TYPE_CHECKING:
    from nefsim.program.builder import ProgramBuilder

Array = NDArray[np.float64]
Find = Callable[[Array, Any], Array | None]

#: Fewest neurons for each dimension of the error at which weights are factored.
FEWEST_NEURONS = 4

#: Largest difference of weights from a product with the encoders, as a share of the largest weight:
#: that of weights from a solver, whose equations are solved for each neuron apart.
ROUNDING = 1e-10


def in_factors(
    builder: ProgramBuilder,
    weigh: Weigh,
    learn: Learn,
    stored: Array | None = None,
    find: Find | None = None,
) -> tuple[Weigh, Learn] | None:
    """The same weights in factors, if PES alone changes them by an encoded error.

    Adds the operation of the rest of the weights, and makes the output of ``weigh`` a sum.

    Parameters
    ----------
    builder : ProgramBuilder
        The builder, without the two operations.
    weigh, learn : Weigh, Learn
        The operation of the full weights, and that of their rules.
    stored : (dimensions, inputs) or (outputs + dimensions, inputs) ndarray or None
        The initial D, or W0 and D below it, of a file; None finds them.
    find : callable or None
        A function that is called instead of :func:`product_with`.

    Returns
    -------
    (Weigh, Learn) or None
        The operations to add instead; None if the weights stay full.
    """
    terms = [_encoding(builder, part.error) for part in learn.parts]
    if not all(terms) or any(type(part.rule) is not PES for part in learn.parts):
        return None
    encoded: list[Term] = [term for term in terms if term is not None]
    encoders = np.asarray(encoded[0].matrix)
    n_out, n_in = np.shape(weigh.initial)
    if n_out < FEWEST_NEURONS * encoders.shape[1] or n_in < encoders.shape[1]:
        return None
    if any(term.matrix is not encoders for term in encoded[1:]) and not all(
        np.array_equal(term.matrix, encoders) for term in encoded[1:]
    ):
        return None
    d, rest = encoders.shape[1], np.broadcast_to(np.zeros(()), (n_out, n_in))
    start = (find or product_with)(encoders, weigh.initial) if stored is None else stored[-d:]
    if start is None:
        start, rest = np.zeros((d, n_in)), weigh.initial
    elif stored is not None and stored.shape == (n_out + d, n_in):
        rest = stored[:n_out]
    elif start.shape != (d, n_in) or (stored is not None and len(stored) != d):
        return None
    name = builder.signals[weigh.output].name
    few = builder.signal(f"{name} factor", len(start))
    others = builder.signal(f"{name} rest", n_out)
    seen: tuple[int, int] | tuple[None, None] = None, None
    if weigh.observed is not None:
        seen = builder.signal(f"{name} rows", start.size), builder.signal(f"{name} all", rest.size)
        _observe(builder, weigh.observed, encoders, n_in, *seen)
    builder.ops.append(Weigh(others, weigh.input, rest, seen[1], is_rest=True))
    builder.as_sum(weigh.output, [Term(Read(few), encoders), Term(Read(others))])
    factor = Weigh(few, weigh.input, start, seen[0], encoders, others)
    parts = [
        replace(part, error=term.read) for part, term in zip(learn.parts, encoded, strict=True)
    ]
    return factor, replace(learn, learned=factor, parts=tuple(parts))


def product_with(encoders: Array, weights: Any) -> Array | None:
    """D with ``encoders @ D = weights`` up to rounding, (dimensions, inputs), or None."""
    D: Array = np.linalg.pinv(encoders) @ np.asarray(weights)
    largest = max(weights.max(), -weights.min())
    for first in range(0, len(weights), 64):  # in blocks, without a second matrix of that size
        rows = slice(first, first + 64)
        if not np.abs(encoders[rows] @ D - weights[rows]).max() <= ROUNDING * largest:
            return None
    return D


def _encoding(builder: ProgramBuilder, error: Read | None) -> Term | None:
    """The only term of an error that is an encoded vector, or None."""
    if error is None or error.columns is not None or error.delay:
        return None
    terms = builder.terms_of(error.signal)
    if terms is None or len(terms) != 1:
        return None
    (term,) = terms
    is_matrix = np.ndim(term.matrix) == 2 and not hasattr(term.matrix, "tocsr")
    return term if is_matrix and term.rows is None else None


def _observe(
    builder: ProgramBuilder, signal: int, encoders: Array, n_in: int, few: int, others: int
) -> None:
    """Make a signal the full weights, row by row, from those of both parts."""
    from scipy.sparse import eye_array, kron

    is_abstract = not any(encoders.strides)  # of a network that is only described
    whole = None if is_abstract else kron(encoders, eye_array(n_in), format="csr")
    builder.as_sum(signal, [Term(Read(few), whole), Term(Read(others))])
