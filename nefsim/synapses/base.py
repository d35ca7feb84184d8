"""The base of synapses, and their algebra."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim import filtering
from nefsim._values import Value
from nefsim.filtering import Coefficients, Form, StateSpace
from nefsim.synapses import _forms as forms


class Synapse(Value, ABC):
    """Base class of synapses: linear filters of the spikes or values of a connection.

    In each step, after the neurons, a synapse computes its output y from its input u by

    .. code-block:: none

        y = b[0] u + z[0];   z[i] = b[i+1] u - a[i+1] y + z[i+1]

    or in state space, if it has a method :meth:`state_space`.  Other objects receive the output
    in the next step.

    ``a * b`` is a series of two synapses, ``a + b`` and ``a - b`` are their sum and difference
    for the same input, and ``3 * a`` multiplies the output by 3.  A number is a filter that
    multiplies its input.  All are exact in discrete time: ``(a * b).filt(u)`` equals
    ``a.filt(b.filt(u))``.

    See Also
    --------
    Lowpass : The usual synapse.
    LinearFilter : Any transfer function.
    nefsim.testing.check_synapse : Test a custom synapse.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from nefsim import Lowpass
    >>> @dataclass(frozen=True, eq=False)
    ... class Mean(Synapse):
    ...     def coefficients(self, dt):
    ...         return np.array([0.5, 0.5]), np.array([1.0])
    >>> Mean().filt([0.0, 1.0, 1.0])
    array([0. , 0.5, 1. ])

    A series of two synapses, and the highpass that is the rest of it:

    >>> twice = Lowpass(0.01) * Mean()
    >>> (1 - twice).filt(np.ones(200))[-1].round(6) + 0
    np.float64(0.0)
    """

    #: Numbers of NumPy leave operators to the synapse.
    __array_ufunc__: ClassVar[None] = None

    @abstractmethod
    def coefficients(self, dt: float) -> Coefficients:
        """Numerator b and denominator a of the filter in z^-1, with a[0] = 1.

        Parameters
        ----------
        dt : float [s]
            Length of a step.

        Returns
        -------
        b : (p,) ndarray
            Numerator in ascending powers of z^-1, without the delay of one step that a
            connection adds.
        a : (q,) ndarray
            Denominator in ascending powers of z^-1.

        Raises
        ------
        ValueError
            If the filter cannot be discretised at this step.
        """

    def state_space(self, dt: float) -> StateSpace | None:
        """The filter in state space; None if :meth:`coefficients` are as precise.

        Coefficients lose digits for several poles near 1, as in slow filters: for n poles at
        1 - d, rounding errors grow by d to the power of -n.

        Parameters
        ----------
        dt : float [s]
            Length of a step.

        Returns
        -------
        StateSpace or None
        """
        del dt
        return None

    def form(self, dt: float) -> Form:
        """The filter in the form that back ends run: state space or coefficients.

        Parameters
        ----------
        dt : float [s]
            Length of a step.

        Returns
        -------
        StateSpace, or pair (b, a) of ndarray
        """
        system = self.state_space(dt)
        return self.coefficients(dt) if system is None else system

    def filt(self, signal: ArrayLike, dt: float = 0.001, axis: int = 0) -> NDArray[np.float64]:
        """Filter a recorded signal from rest, without the delay of one step of a connection.

        Parameters
        ----------
        signal : (..., T, ...) array_like
            Values at steps of ``dt``.
        dt : float [s]
            Step of the signal.
        axis : int
            The time axis.

        Returns
        -------
        ndarray
            The filtered signal, of the same shape.

        Raises
        ------
        ValueError, TypeError
            If the signal is not finite, or has no such axis.
        """
        who = f"{type(self).__name__}.filt"
        values = check.array(who, "signal", signal, do="pass an array of numbers over time")
        step = check.seconds(who, "dt", dt)
        if values.ndim == 0:
            check.fail(who, "signal", "have a time axis", "a number", "pass an array")
        which = check.integer(who, "axis", axis, "pass the index of an axis", -values.ndim)
        if which >= values.ndim:
            got = f"{which} for shape {values.shape}"
            check.fail(who, "axis", "be an axis of signal", got, "pass the axis of time")
        if not values.size:
            return values
        return filtering.filtered(self.form(step), values, which)

    def __mul__(self, other: Any) -> Synapse:
        if not isinstance(other, (Synapse, Real)):
            return NotImplemented
        return Series((self, other))

    def __rmul__(self, other: Any) -> Synapse:
        return self * other

    def __add__(self, other: Any) -> Synapse:
        if not isinstance(other, (Synapse, Real)):
            return NotImplemented
        return Sum((self, other))

    def __radd__(self, other: Any) -> Synapse:
        return self + other

    def __neg__(self) -> Synapse:
        return self * -1.0

    def __sub__(self, other: Any) -> Synapse:
        return self + -other if isinstance(other, (Synapse, Real)) else NotImplemented

    def __rsub__(self, other: Any) -> Synapse:
        return -self + other


#: A synapse, the time constant of a lowpass [s], or None for a connection without a filter.
SynapseLike: TypeAlias = Synapse | float | None


@dataclass(frozen=True, eq=False)
class Combined(Synapse):
    """Base class of series and sums of synapses.

    A connection adds one step of delay to the whole, not one for each part.
    """

    parts: Sequence[Any]

    def __post_init__(self) -> None:
        who, do = type(self).__name__, "pass synapses and numbers"
        if isinstance(self.parts, str) or not isinstance(self.parts, Sequence) or not self.parts:
            got = check.show(self.parts)
            check.fail(who, "parts", "be a list of synapses", got, do, TypeError)
        flat: list[Synapse | float] = []
        for part in self.parts:
            if isinstance(part, type(self)):
                flat += part.parts
            elif isinstance(part, Synapse):
                flat.append(part)
            else:
                flat.append(check.real(who, "parts", part, do))
        self._set(parts=tuple(flat))

    def coefficients(self, dt: float) -> Coefficients:
        """Coefficients in z^-1, which lose digits if there is a state space."""
        form = self.form(dt)
        return filtering.polynomials(form) if isinstance(form, StateSpace) else form

    def state_space(self, dt: float) -> StateSpace | None:
        """The state space, if several parts have poles or a part has a state space; else None."""
        form = self.form(dt)
        return form if isinstance(form, StateSpace) else None

    def _forms(self, dt: float) -> list[Form]:
        """The forms of all parts."""
        return [
            part.form(dt) if isinstance(part, Synapse) else (np.array([part]), np.ones(1))
            for part in self.parts
        ]


@dataclass(frozen=True, eq=False)
class Series(Combined):
    r"""A series of synapses, ``a * b``.

    .. math:: H(z) = \prod_i H_i(z)

    Parameters
    ----------
    parts : sequence of Synapse or number
        The synapses; a number multiplies the signal.

    Raises
    ------
    ValueError, TypeError
        If there is no part, or one is not a synapse or number; on use, if several parts have
        poles and all together more than 500 states.

    See Also
    --------
    Sum : A sum of synapses with the same input.
    Alpha, LinearFilter : Products of transfer functions of s, discretised as a whole.

    Examples
    --------
    >>> import nefsim as nef
    >>> late = nef.Lowpass(0.1) * nef.Delay(0.002)
    >>> late.filt([1.0, 1.0, 1.0, 1.0], dt=0.001).round(4)
    array([0.    , 0.    , 0.01  , 0.0198])
    """

    def form(self, dt: float) -> Form:
        """The whole, by polynomials or in state space."""
        return forms.in_a_row(type(self).__name__, self._forms(dt), dt)


@dataclass(frozen=True, eq=False)
class Sum(Combined):
    r"""A sum of synapses with the same input, ``a + b``.

    .. math:: H(z) = \sum_i H_i(z)

    Parameters
    ----------
    parts : sequence of Synapse or number
        The synapses; a number multiplies the input.

    Raises
    ------
    ValueError, TypeError
        If there is no part, or one is not a synapse or number; on use, if several parts have
        poles and all together more than 500 states.

    See Also
    --------
    Series : A series of synapses.

    Examples
    --------
    >>> import nefsim as nef
    >>> both = 0.8 * nef.Lowpass(0.005) + 0.2 * nef.Lowpass(0.1)
    >>> both.filt(np.ones(2000))[-1].round(6)
    np.float64(1.0)
    """

    def form(self, dt: float) -> Form:
        """The whole, by polynomials or in state space."""
        return forms.added(type(self).__name__, self._forms(dt), dt)
