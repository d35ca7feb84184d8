"""The base class of neuron types, and the checks of their arguments."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._values import Value

Array = NDArray[np.float64]
NeuronState = dict[str, Array]

NO_STATE: Mapping[str, float | tuple[float, float]] = MappingProxyType({})


class NeuronType(Value, ABC):
    """Base class of neuron models: a rate curve, its inverse, and a time step.

    Neurons start to fire at the input current ``threshold_current``.  The last axis of all
    arrays is the neuron; other axes are points or trials.

    Attributes
    ----------
    threshold_current : float
        Current at which a neuron starts to fire, i.e. at the intercept.
    spiking : bool
        Whether the output is spikes (pulses of ``amplitude / dt``) or rates.
    negative : bool
        Whether the output can be negative.
    random : bool
        Whether spikes are random at a constant current.
    initial_state : mapping of str to number or pair
        Initial value of each state variable: a number, or a range to draw from.

    See Also
    --------
    LIF : The usual spiking neuron type.
    LIFRate : The usual rate neuron type.
    nefsim.testing.check_neuron_type : Test a custom neuron type.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False)
    ... class Squared(NeuronType):
    ...     def rates(self, J):
    ...         return np.maximum(J, 0.0) ** 2
    ...
    ...     def current(self, rates):
    ...         return np.sqrt(rates)
    ...
    ...     def step(self, J, state, dt, out, rng=None):
    ...         out[...] = self.rates(J)
    >>> Squared().current(Squared().rates([3.0]))
    array([3.])
    """

    threshold_current: ClassVar[float] = 0.0
    spiking: ClassVar[bool] = False
    negative: ClassVar[bool] = False
    random: ClassVar[bool] = False
    initial_state: ClassVar[Mapping[str, float | tuple[float, float]]] = NO_STATE

    @property
    def size(self) -> int | None:
        """Number of neurons N if a parameter is an array (N,); otherwise None."""
        return None

    @property
    def rate_limit(self) -> Any:
        """Upper limit of firing rates [Hz]; one for each neuron if they differ."""
        return math.inf

    @property
    def rate_floor(self) -> float:
        """Firing rate at the threshold current [Hz]; maximum rates must be above it."""
        return 0.0

    @property
    def output_per_hertz(self) -> float:
        """Mean output of a neuron that fires at 1 Hz: ``amplitude``, or 1 without it."""
        return float(getattr(self, "amplitude", 1.0))

    @abstractmethod
    def rates(self, J: ArrayLike) -> Array:
        """Mean output at a constant current: ``amplitude`` times the firing rate [Hz].

        Parameters
        ----------
        J : (..., N) array_like
            Input currents; leading axes are points or trials.

        Returns
        -------
        (..., N) ndarray [Hz]
            A new array.

        Raises
        ------
        ValueError, TypeError
            If a current is not a finite number, or the last axis has another length than N.
        """

    def _to_rates(self, J: Array) -> None:
        """Replace currents, which are already checked, by their :meth:`rates` in place."""
        J[...] = self.rates(J)

    @abstractmethod
    def current(self, rates: ArrayLike) -> Array:
        """Current at which neurons fire at given rates: the inverse of :meth:`rates`.

        ``rates(current(r))`` equals ``output_per_hertz * r``.

        Parameters
        ----------
        rates : (..., N) array_like [Hz]
            Firing rates from :attr:`rate_floor` to below :attr:`rate_limit`.

        Returns
        -------
        (..., N) ndarray

        Raises
        ------
        ValueError, TypeError
            If a rate is out of range, or the type has no rate curve that can be inverted.
        """

    @abstractmethod
    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Advance ``state`` by ``dt`` seconds in place and write the output into ``out``.

        Parameters
        ----------
        J : (..., N) ndarray
            Input currents of this step, read-only.
        state : dict of str to ndarray
            The state that :meth:`start` returned, arrays (..., N) by name.  Change the arrays
            in place; a new array under the same name is lost.
        dt : float [s]
            Length of the step.
        out : (..., N) ndarray
            Array for the output: pulses of ``amplitude / dt``, or ``amplitude`` times rates.
            Write all elements.
        rng : numpy.random.Generator or None
            Random generator for stochastic neurons.
        """

    def generator(self, rng: np.random.Generator) -> np.random.Generator:
        """The random generator that :meth:`step` receives in one trial.

        Parameters
        ----------
        rng : numpy.random.Generator
            The random stream of the ensemble.

        Returns
        -------
        numpy.random.Generator
        """
        return rng

    def start(self, initial: Mapping[str, Array], dt: float) -> NeuronState:
        """The state before the first step, which :meth:`step` advances.

        Parameters
        ----------
        initial : mapping of str to ndarray
            Initial values of the state variables in ``initial_state``.
        dt : float [s]
            Time step of the run.

        Returns
        -------
        dict of str to ndarray
        """
        del dt
        return {name: np.array(value) for name, value in initial.items()}

    def check_state(self, who: str, state: Mapping[str, Array]) -> None:
        """Check that :meth:`step` can continue from a state, such as one from a file.

        Parameters
        ----------
        who : str
            Name at the start of the error message.
        state : mapping of str to ndarray
            Arrays under the names that :meth:`start` returns.

        Raises
        ------
        ValueError
            If a value is not finite; subclasses may check more.
        """
        for name, values in state.items():
            wrong = values[~np.isfinite(values)]
            if wrong.size:
                do = "continue from an earlier state"
                of = f"{name} of {type(self).__name__}"
                check.fail(who, of, "be finite", f"{wrong.flat[0]:g}", do)

    def read(self, state: Mapping[str, Array], name: str) -> Array:
        """Value of a state variable as a probe records it.

        Parameters
        ----------
        state : mapping of str to ndarray
            A state from :meth:`start`, advanced by :meth:`step`.
        name : str
            Name of the state variable, a key of ``initial_state``.

        Returns
        -------
        ndarray
        """
        return state[name]

    def _current_of(self, rates: ArrayLike) -> Array:
        """Check rates for :meth:`current`: at least 0 unless ``negative``, and below the limit."""
        who = f"{type(self).__name__}.current"
        low = -float(np.max(self.rate_limit)) if self.negative else 0.0
        checked = check.array(
            who, "rates", rates, do="pass firing rates in Hz", low=max(low, -1e12)
        )
        # Nearer to the limit than this, the current has no digits left or is infinite.
        check_size(who, self, checked)
        if (np.abs(checked) >= self.rate_limit * (1.0 - 1e-12)).any():
            check.fail(
                who,
                "rates",
                f"be below the rate limit {np.min(self.rate_limit):g} Hz",
                f"{np.abs(checked).max():g} Hz",
                "lower the rates or tau_ref",
            )
        return checked


def as_current(neuron: NeuronType, J: ArrayLike) -> Array:
    """Check currents for a neuron type's ``rates``; return them as an array."""
    who = f"{type(neuron).__name__}.rates"
    checked = check.array(who, "J", J, do="pass input currents")
    check_size(who, neuron, checked)
    return checked


def check_size(who: str, neuron: NeuronType, values: Array) -> None:
    """Check that the last axis has one value, or one for each neuron of a neuron type."""
    n = values.shape[-1] if values.ndim else 1
    if neuron.size is not None and n not in (1, neuron.size):
        must = f"have {neuron.size} neurons in its last axis"
        check.fail(who, "array", must, f"shape {values.shape}", "match the time constants")


def per_neuron(
    who: str, argument: str, value: Any, low: float = -check.HUGE, high: float = check.HUGE
) -> Any:
    """Check a parameter: one number, or an array (N,) with one for each neuron."""
    do = "pass a number, or one for each neuron"
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
        array = check.array(who, argument, value, (None,), do, low, high)
        if not len(array):
            check.fail(who, argument, "have at least one element", "none", do)
        return array
    return check.real(who, argument, value, do, low, high)


def check_lengths(who: str, *values: Any, of: Array | None = None) -> None:
    """Check that parameters (N,), and the last axis of currents ``of``, have one length N."""
    lengths = {len(value) for value in values if np.ndim(value)}
    if of is not None:
        lengths |= {of.shape[-1] if of.ndim else 1} - {1}
    if len(lengths) > 1:
        got = f"arrays of lengths {sorted(lengths)}"
        check.fail(who, "arrays", "have one element for each neuron", got, "pass equal lengths")
