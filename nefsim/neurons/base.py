"""What every neuron type offers to the framework and to the back ends."""

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
    """A neuron model as a value: a rate curve, its inverse, and a step in time.

    The input current ``J`` is measured so that the rate curve starts at
    ``threshold_current``.
    Arrays keep any leading axes; the last axis is the neurons.

    Attributes
    ----------
    threshold_current : float
        Current at which a neuron reaches its intercept.
    spiking : bool
        Whether the output is spikes (pulses of ``amplitude / dt``) or rates.
    negative : bool
        Whether the output can be below zero.
    random : bool
        Whether spikes come at random, also at a constant current.
    initial_state : mapping of str to number or pair
        The state variables and how each starts: a number, or a range to draw from.
    """

    threshold_current: ClassVar[float] = 0.0
    spiking: ClassVar[bool] = False
    negative: ClassVar[bool] = False
    random: ClassVar[bool] = False
    initial_state: ClassVar[Mapping[str, float | tuple[float, float]]] = NO_STATE

    @property
    def size(self) -> int | None:
        """Number of neurons that it is for, where parameters differ among them; None for any."""
        return None

    @property
    def rate_limit(self) -> Any:
        """Firing rate that no current reaches [Hz], one for each neuron where they differ."""
        return math.inf

    @property
    def rate_floor(self) -> float:
        """Firing rate at the threshold current [Hz]; maximum rates lie above it."""
        return 0.0

    @property
    def output_per_hertz(self) -> float:
        """Steady output of a neuron that fires at 1 Hz: its ``amplitude``, 1 without one."""
        return float(getattr(self, "amplitude", 1.0))

    @abstractmethod
    def rates(self, J: ArrayLike) -> Array:
        """Steady output at constant current ``J``: ``amplitude`` times the firing rate [Hz]."""

    def _to_rates(self, J: Array) -> None:
        """Checked currents become :meth:`rates` in place."""
        J[...] = self.rates(J)

    @abstractmethod
    def current(self, rates: ArrayLike) -> Array:
        """Current that gives a firing rate [Hz]: ``rates(current(r)) == output_per_hertz * r``."""

    @abstractmethod
    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Advance ``state`` by ``dt`` seconds in place and write the output into ``out``."""

    def generator(self, rng: np.random.Generator) -> np.random.Generator:
        """What ``rng`` of :meth:`step` is in one trial, given that of the ensemble's stream."""
        return rng

    def start(self, initial: Mapping[str, Array], dt: float) -> NeuronState:
        """The working state that stands for the initial values of ``initial_state``'s names."""
        del dt
        return {name: np.array(value) for name, value in initial.items()}

    def check_state(self, who: str, state: Mapping[str, Array]) -> None:
        """Refuse a working state that :meth:`step` cannot go on from, such as one of a file.

        Parameters
        ----------
        who : str
            Who has it, for the message.
        state : mapping of str to ndarray
            Values of what :meth:`start` gives.

        Raises
        ------
        ValueError
            If a value is not finite; subclasses may ask for more.
        """
        for name, values in state.items():
            wrong = values[~np.isfinite(values)]
            if wrong.size:
                do = "go on from an earlier state"
                of = f"{name} of {type(self).__name__}"
                check.fail(who, of, "be finite", f"{wrong.flat[0]:g}", do)

    def read(self, state: Mapping[str, Array], name: str) -> Array:
        """The state variable ``name`` as a user knows it."""
        return state[name]

    def _current_of(self, rates: ArrayLike) -> Array:
        """Checked rates for :meth:`current`: at least 0 (or signed), below the limit."""
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
    """Checked currents for a neuron's ``rates``."""
    who = f"{type(neuron).__name__}.rates"
    checked = check.array(who, "J", J, do="pass input currents")
    check_size(who, neuron, checked)
    return checked


def check_size(who: str, neuron: NeuronType, values: Array) -> None:
    """The last axis is as long as the population that a neuron type is for, or 1."""
    n = values.shape[-1] if values.ndim else 1
    if neuron.size is not None and n not in (1, neuron.size):
        must = f"have {neuron.size} neurons in its last axis"
        check.fail(who, "array", must, f"shape {values.shape}", "match the time constants")


def per_neuron(
    who: str, argument: str, value: Any, low: float = -check.HUGE, high: float = check.HUGE
) -> Any:
    """A number, or an array with one for each neuron."""
    do = "pass a number, or one for each neuron"
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
        array = check.array(who, argument, value, (None,), do, low, high)
        if not len(array):
            check.fail(who, argument, "have at least one element", "none", do)
        return array
    return check.real(who, argument, value, do, low, high)


def check_lengths(who: str, *values: Any, of: Array | None = None) -> None:
    """Arrays of one number for each neuron are of one length, also that of currents ``of``."""
    lengths = {len(value) for value in values if np.ndim(value)}
    if lengths and of is not None:
        lengths |= {of.shape[-1] if of.ndim else 1} - {1}
    if len(lengths) > 1:
        got = f"arrays of lengths {sorted(lengths)}"
        check.fail(who, "arrays", "have one element for each neuron", got, "make them as long")
