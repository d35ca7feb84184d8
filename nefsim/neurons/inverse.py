"""The inverse leaky neuron of SpikeConverter, whose spikes are binary digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.neurons.base import (
    Array,
    NeuronState,
    NeuronType,
    as_current,
    check_lengths,
    per_neuron,
)
from nefsim.neurons.discrete import counted_rates, heaviside


def ilif_accumulate(x: Any, a: Any, place: Any) -> Any:
    """Accumulate the input of one step: ``a + place * x`` with ``place = k**-t``.

    The potential grows by k in each step, ``V = k V + x``.  It is stored as ``a = V / k**t``, to
    which inputs are added.
    """
    return a + place * x


def ilif_release(v: Any, threshold: Any, factor: Any, fire: Any = None) -> tuple[Any, Any]:
    """Release one digit: ``y = v >= threshold``, then ``v = factor * (v - threshold * y)``."""
    y = heaviside(v - threshold, ">=") if fire is None else fire(v - threshold)
    return y, factor * (v - threshold * y)


@dataclass(frozen=True, eq=False)
class InverseLIF(NeuronType):
    r"""Inverse leaky integrate-and-fire neurons: accumulate for T steps, then release spikes.

    .. math:: a \leftarrow a + k^{-t} J \quad (t = 0 \dots T - 1), \qquad
              v = a + b, \qquad
              y = [v \ge \theta], \; v \leftarrow k (v - \theta y) \quad (T \text{ steps})

    A potential that grows by k in each step, ``V = k V + J``, is stored as ``a = V / k**t``.
    The spikes of a release encode the value ``theta * sum(k**-t * y[t])``.  For k = 2 this is
    the accumulated value cut to T binary digits, ``clip(floor(v / q), 0, 2**T - 1) * q`` with
    ``q = theta * 2**(1 - T)``; negative values release no spikes, as after a ReLU.  With
    ``overlap`` a neuron accumulates an input while it releases the previous one.  Without it,
    accumulation and release alternate.

    Parameters
    ----------
    n_steps : int
        Number of steps T of an accumulation or a release.
    factor : float
        Growth k of the potential in a step: 1 counts spikes, 2 reads binary digits.
    threshold : number or (N,) array_like
        Threshold θ of a release.
    offset : number or (N,) array_like
        Number b to add once to the accumulated potential: a bias, or half a digit for rounding.
    overlap : bool
        Whether a neuron accumulates and releases at the same time, with two potentials.  If
        not, its period is 2 T and inputs during a release are ignored.  The initial value of
        ``steps_done``, equal for all neurons of a population, is the step of the period at
        which it starts.
    samples : bool
        Whether a release starts from ``v = J + b`` instead of the accumulated potential, to
        convert a number to spikes.
    amplitude : float
        Output of one spike is ``amplitude / dt``; with ``amplitude = dt`` spikes are 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or parameters (N,) differ in length.

    See Also
    --------
    DiscreteLIF : Neurons whose spikes all count the same.

    References
    ----------
    Liu, Zhao, Chen, Wang & Jiang (2022), SpikeConverter: an efficient conversion framework
    zipping the gap between artificial neural networks and spiking neural networks, AAAI.

    Examples
    --------
    >>> neuron = InverseLIF(n_steps=4)
    >>> state, out = neuron.start({"accumulated": np.zeros(1), "voltage": np.zeros(1),
    ...                            "steps_done": np.zeros(1)}, 1.0), np.zeros(1)
    >>> spikes = []
    >>> for J in [1, 0, 1, 1, 0, 0, 0, 0]:  # 1.011 in binary digits
    ...     neuron.step(np.array([float(J)]), state, 1.0, out)
    ...     spikes.append(int(out[0]))
    >>> spikes
    [0, 0, 0, 0, 1, 0, 1, 1]
    """

    n_steps: int = 16
    factor: float = 2.0
    threshold: Any = 1.0
    offset: Any = 0.0
    overlap: bool = True
    samples: bool = False
    amplitude: float = 1.0

    spiking: ClassVar[bool] = True
    initial_state: ClassVar[Mapping[str, float | tuple[float, float]]] = MappingProxyType(
        {"voltage": 0.0, "accumulated": 0.0, "steps_done": 0.0}
    )

    def __post_init__(self) -> None:
        who = "InverseLIF"
        self._set(
            n_steps=check.integer(who, "n_steps", self.n_steps, low=1, high=64),
            factor=check.real(who, "factor", self.factor, low=0.01, high=100.0),
            threshold=per_neuron(who, "threshold", self.threshold, low=1e-12),
            offset=per_neuron(who, "offset", self.offset),
            overlap=check.flag(who, "overlap", self.overlap),
            samples=check.flag(who, "samples", self.samples),
            amplitude=check.positive(who, "amplitude", self.amplitude),
        )
        check_lengths(who, self.threshold, self.offset)

    def rates(self, J: ArrayLike) -> Array:
        """``amplitude`` times the spikes per second of a release at a constant current [Hz].

        The time step is taken as 1 ms.  Spikes are digits whose number does not grow with the
        current; decode them by :attr:`digits`, not by their rate.
        """
        currents = as_current(self, J)
        check_lengths("InverseLIF", self.threshold, self.offset, of=currents)
        return counted_rates(self, currents, 0.001, self.n_steps)

    def current(self, rates: ArrayLike) -> Array:
        """Raise an error: many currents release the same number of spikes."""
        must, do = "be of neurons with a rate curve to invert", "pass gain and bias instead"
        check.fail("InverseLIF.current", "rates", must, f"{self}", do)

    @property
    def period(self) -> int:
        """Steps from one input to the next: T with ``overlap``, else 2 T."""
        return self.n_steps if self.overlap else 2 * self.n_steps

    @property
    def release_at(self) -> int:
        """The step of the period at which a release begins."""
        return 0 if self.overlap else self.n_steps

    @property
    def digits(self) -> Array:
        """Value of a spike in each step of a window, ``k**-t`` (T,), in units of the threshold."""
        return self.factor ** -np.arange(float(self.n_steps))

    def start(self, initial: Mapping[str, Array], dt: float) -> NeuronState:
        """Do as the base class; all neurons must be at the same step of the period."""
        self._check_steps("InverseLIF", "initial_state['steps_done']", initial["steps_done"])
        return super().start(initial, dt)

    def check_state(self, who: str, state: Mapping[str, Array]) -> None:
        """Do as the base class; all neurons must be at the same step of the period."""
        super().check_state(who, state)
        self._check_steps(who, "steps_done of InverseLIF", state["steps_done"])

    def _check_steps(self, who: str, argument: str, steps_done: Array) -> None:
        steps = np.unique(steps_done)
        if len(steps) > 1 or steps[0] not in range(self.period):
            must = f"be one whole number below {self.period} for all neurons"
            got, do = (
                check.show(steps.tolist()),
                "put neurons of other steps into another population",
            )
            check.fail(who, argument, must, got, do)

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Accumulate J and release a digit; a release restarts every :attr:`period` steps."""
        del rng
        kind = J.dtype.type
        k, theta, b = (np.asarray(x, kind) for x in (self.factor, self.threshold, self.offset))
        v, a, steps_done = state["voltage"], state["accumulated"], state["steps_done"]
        t = int(steps_done.flat[0])
        if self.samples and t == self.release_at:
            v[...] = J + b
        if t < self.n_steps:
            a[...] = ilif_accumulate(J, a, kind(self.digits[t]))
        if t >= self.release_at:
            y, v[...] = ilif_release(v, theta, k)
            np.multiply(y, kind(self.amplitude / dt), out=out)
        else:
            out[...] = 0.0
        if t + 1 == self.n_steps:
            v[...] = a + b
            a[...] = 0.0
        steps_done[...] = (t + 1) % self.period
