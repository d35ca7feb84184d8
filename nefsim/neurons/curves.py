"""The rate curve of leaky integrate-and-fire neurons, shared by several neuron types."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.neurons.base import Array, NeuronType, as_current, check_lengths, per_neuron

#: A time constant of all neurons, or of each.
Seconds = float | Array


def lif_rates(J: Array, tau_rc: Seconds, tau_ref: Seconds, out: Array | None = None) -> Array:
    """Firing rate 1 / (tau_ref + tau_rc ln(1 + 1/(J - 1))) above J = 1, else 0 [Hz].

    If there is an array ``out``, which may be ``J``, the rates are written to it.
    """
    over = np.asarray(np.subtract(J, 1.0, out=out))
    shape = np.broadcast_shapes(over.shape, np.shape(tau_rc), np.shape(tau_ref))
    if shape != over.shape:
        over = np.broadcast_to(over, shape).copy()
    fires = over > 0
    # One pass over all neurons, silent ones too, is quicker than one over those that fire.
    rates = np.abs(over, out=over)
    with np.errstate(divide="ignore", over="ignore"):  # at J = 1 the interval is infinite
        np.divide(1.0, rates, out=rates)
    np.log1p(rates, out=rates)
    rates *= tau_rc
    rates += tau_ref
    np.divide(1.0, rates, out=rates)
    if tau_ref.all() if isinstance(tau_ref, np.ndarray) else tau_ref:
        rates *= fires
    else:  # of a large negative current it is infinite, and times 0 would be NaN
        np.putmask(rates, ~(fires | np.isnan(rates)), 0.0)
    return rates


def lif_current(rates: Array, tau_rc: Seconds, tau_ref: Seconds) -> Array:
    """The inverse of :func:`lif_rates`: 1 + 1 / (exp((1/r - tau_ref)/tau_rc) - 1)."""
    with np.errstate(divide="ignore", over="ignore"):
        interval = 1.0 / rates - tau_ref
        return 1.0 + 1.0 / np.expm1(interval / tau_rc)


def check_time_constants(neuron: NeuronType, tau_rc: object, tau_ref: object) -> None:
    """Check and store the time constants: ``tau_rc`` above 0, ``tau_ref`` at least 0."""
    who = type(neuron).__name__
    neuron._set(
        tau_rc=check.seconds(who, "tau_rc", tau_rc),
        tau_ref=check.seconds(who, "tau_ref", tau_ref, zero=True),
    )


def check_time_constants_per_neuron(neuron: NeuronType, tau_rc: Any, tau_ref: Any) -> None:
    """Check and store time constants, numbers or arrays (N,) with one for each neuron."""
    who, constants = type(neuron).__name__, {"tau_rc": tau_rc, "tau_ref": tau_ref}
    for name, value in constants.items():
        if np.ndim(value) if isinstance(value, np.ndarray) else isinstance(value, (list, tuple)):
            constants[name] = per_neuron(who, name, value, 0.0, 1e6)
            if name == "tau_rc" and not constants[name].all():
                check.fail(who, name, "be above 0", "0", "pass seconds, such as 0.005")
        else:
            constants[name] = check.seconds(who, name, value, zero=name == "tau_ref")
    check_lengths(who, *constants.values())
    neuron._set(**constants)


def size_of(*values: Seconds) -> int | None:
    """Number of neurons N of parameters (N,); None if all are numbers."""
    return next((len(np.asarray(value)) for value in values if np.ndim(value)), None)


def highest_rate(tau_ref: Seconds) -> Any:
    """The largest firing rate, 1 / tau_ref [Hz]; infinite if ``tau_ref`` is 0."""
    if np.ndim(tau_ref) == 0:
        return 1.0 / tau_ref if tau_ref else math.inf
    ref = np.asarray(tau_ref)
    return np.divide(1.0, ref, out=np.full(ref.shape, np.inf), where=ref > 0)


class LIFCurve(NeuronType):
    """Mixin: the time constants and the rate curve of LIF neurons."""

    tau_rc: Seconds
    tau_ref: Seconds
    amplitude: float

    threshold_current: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        check_time_constants_per_neuron(self, self.tau_rc, self.tau_ref)
        self._set(amplitude=check.positive(type(self).__name__, "amplitude", self.amplitude))

    @property
    def size(self) -> int | None:
        """Number of neurons N if a time constant is an array (N,); otherwise None."""
        return size_of(self.tau_rc, self.tau_ref)

    @property
    def rate_limit(self) -> Any:
        """The largest firing rate, 1 / tau_ref [Hz]."""
        return highest_rate(self.tau_ref)

    def rates(self, J: ArrayLike) -> Array:
        """``amplitude`` times the firing rate at constant current ``J`` [Hz]."""
        return self.amplitude * lif_rates(as_current(self, J), self.tau_rc, self.tau_ref)

    def _to_rates(self, J: Array) -> None:
        """Replace checked currents by their :meth:`rates` in place, in fewer passes."""
        lif_rates(J, self.tau_rc, self.tau_ref, out=J)
        if self.amplitude != 1.0:
            J *= self.amplitude

    def current(self, rates: ArrayLike) -> Array:
        """Current at which the neurons fire at ``rates`` [Hz]; 1 for rate 0."""
        return lif_current(self._current_of(rates), self.tau_rc, self.tau_ref)
