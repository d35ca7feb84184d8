"""Synapses of several: in a row, or with the same input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NoReturn

import numpy as np

from nefsim import _checks as check
from nefsim import algebra, filtering
from nefsim.algebra import Matrices
from nefsim.filtering import Coefficients, Form, StateSpace
from nefsim.synapses.base import Synapse
from nefsim.synapses.rational import LinearFilter

#: Most states of a combination in state space, whose step takes time in proportion to the square.
MOST_STATES = 500


@dataclass(frozen=True, eq=False)
class Combined(Synapse):
    """Base of synapses that are made of others.

    The result has one step of delay on a connection, not one for each of its parts.
    """

    parts: Sequence[Any]

    def __post_init__(self) -> None:
        who, do = type(self).__name__, "pass synapses and numbers"
        if isinstance(self.parts, str) or not isinstance(self.parts, Sequence) or not self.parts:
            got = check.show(self.parts)
            check.fail(who, "parts", "be a list of synapses", got, do, TypeError)
        flat: list[Synapse] = []
        for part in self.parts:
            if isinstance(part, type(self)):
                flat += part.parts
            elif isinstance(part, Synapse):
                flat.append(part)
            else:
                flat.append(LinearFilter([check.real(who, "parts", part, do)], [1.0], False))
        self._set(parts=tuple(flat))

    def coefficients(self, dt: float) -> Coefficients:
        """The whole as polynomials in z^-1; where it has a state space, they lose digits."""
        form = self.form(dt)
        return filtering.polynomials(form) if isinstance(form, StateSpace) else form

    def state_space(self, dt: float) -> StateSpace | None:
        """The whole in state space, if several parts have poles or one has a state space."""
        form = self.form(dt)
        return form if isinstance(form, StateSpace) else None

    def _whole(
        self,
        dt: float,
        by_polynomials: Callable[[Coefficients, Coefficients], Coefficients],
        by_state: Callable[[Matrices, Matrices], Matrices],
    ) -> Form:
        """All parts as one, by polynomials while only one of them has poles."""
        forms = [part.form(dt) for part in self.parts]
        pairs = [form for form in forms if not isinstance(form, StateSpace)]
        if len(pairs) == len(forms) and sum(len(a) > 1 for _, a in pairs) <= 1:
            return reduce(by_polynomials, pairs)
        if sum(map(filtering.order, forms)) > MOST_STATES:
            self._refuse(sum(map(filtering.order, forms)), dt)
        A, B, C, D = reduce(by_state, (_matrices(filtering.in_states(form)) for form in forms))
        return StateSpace(A, B[:, 0], C[0], float(D[0, 0]))

    def _refuse(self, n_states: int, dt: float) -> NoReturn:
        got = f"{n_states} at dt = {dt:g} s"
        do = "pass delays of fewer steps, or put the parts on several connections in a row"
        must = f"have at most {MOST_STATES} states where several have poles"
        check.fail(type(self).__name__, "parts", must, got, do)


def _matrices(system: StateSpace) -> Matrices:
    A, B, C, D = system
    return A, B[:, None], C[None], np.array([[D]])


@dataclass(frozen=True, eq=False)
class Series(Combined):
    r"""Synapses in a row: ``a * b``.

    .. math:: H(z) = \prod_i H_i(z)

    Parameters
    ----------
    parts : sequence of Synapse or number
        The synapses; a number scales.

    Raises
    ------
    ValueError, TypeError
        If there is none, or one of them is something else; on use, if several have poles and
        the whole more than 500 states.

    See Also
    --------
    Sum : Synapses with the same input.
    Alpha, LinearFilter : Products of functions of s, held once.

    Examples
    --------
    >>> import nefsim as nef
    >>> late = nef.Lowpass(0.1) * nef.Delay(0.002)
    >>> late.filt([1.0, 1.0, 1.0, 1.0], dt=0.001).round(4)
    array([0.    , 0.    , 0.01  , 0.0198])
    """

    def form(self, dt: float) -> Form:
        """The whole, by polynomials or in state space."""

        def times(first: Coefficients, then: Coefficients) -> Coefficients:
            return np.convolve(first[0], then[0]), np.convolve(first[1], then[1])

        return self._whole(dt, times, algebra.series)


@dataclass(frozen=True, eq=False)
class Sum(Combined):
    r"""Synapses with the same input, whose outputs are added: ``a + b``.

    .. math:: H(z) = \sum_i H_i(z)

    Parameters
    ----------
    parts : sequence of Synapse or number
        The synapses; a number passes the input on, scaled.

    Raises
    ------
    ValueError, TypeError
        If there is none, or one of them is something else; on use, if several have poles and
        the whole more than 500 states.

    See Also
    --------
    Series : Synapses in a row.

    Examples
    --------
    >>> import nefsim as nef
    >>> both = 0.8 * nef.Lowpass(0.005) + 0.2 * nef.Lowpass(0.1)
    >>> both.filt(np.ones(2000))[-1].round(6)
    np.float64(1.0)
    """

    def form(self, dt: float) -> Form:
        """The whole, by polynomials or in state space."""

        def plus(one: Coefficients, other: Coefficients) -> Coefficients:
            (b, a), (d, c) = one, other
            left, right = np.convolve(b, c), np.convolve(d, a)
            size = max(len(left), len(right))
            left, right = (np.pad(part, (0, size - len(part))) for part in (left, right))
            return left + right, np.convolve(a, c)

        return self._whole(dt, plus, algebra.parallel)
