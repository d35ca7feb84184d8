"""The inverse-leaky neuron of SpikeConverter: it first accumulates, then releases spikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.neurons.base import Array, NeuronState, NeuronType, as_current

#: Longest phase [steps]: the potential is multiplied by k so often.
MOST_STEPS = 512


def accumulate(x: Any, a: Any, k: float) -> Any:
    """``a <- k a + x``: what comes in early weighs more; NumPy or torch."""
    return k * a + x


def release(v: Any, k: float) -> tuple[Any, Any]:
    """``y = (v >= 1); v <- k (v - y)``: the spikes of a step, and what is left."""
    y = (v >= 1.0) * 1.0
    return y, k * (v - y)


@dataclass(frozen=True, eq=False)
class InverseLIF(NeuronType):
    r"""Neurons that read a number from T spikes and write one as T spikes, by turns.

    .. math:: \text{accumulate: } A \leftarrow k A + J, \qquad
              \text{then once } V = k^{1-T} A + b, \qquad
              \text{release: } y = (V \ge 1), \; V \leftarrow k (V - y)

    for T steps each, so that spikes ``y(1) ... y(T)`` stand for
    :math:`\sum_t k^{1-t} y(t)`, and inhibition that comes late is never too late.  A
    potential that grows by k > 1 in each step is an inverse leak; a negative one never
    fires, which is the rectification of a ReLU.  With k = 2 the spikes are the binary
    digits of V, highest first.

    State variables: ``voltage`` V, ``accumulated`` A, ``clock`` (the step within the
    period, from 0) and ``offset`` b, which does not change.

    Parameters
    ----------
    n_steps : int
        T, the steps of a phase.
    k : float
        Factor of the potential per step, at least 1.
    overlap : bool
        Whether a neuron accumulates the next number while it releases this one, which
        takes two potentials and makes the period T; else it does one after the other.
    samples : bool
        Whether V is ``J + b`` at the first step of the release, in place of what was
        accumulated: a neuron that turns a number into spikes.
    step_time : float [s]
        Length of a step, by which ``rates`` are in hertz; the simulator's ``dt``.
    amplitude : float
        Output of one spike is ``amplitude / dt``; with ``amplitude = dt`` spikes are 1.

    References
    ----------
    Liu, Zhao, Chen, Wang & Jiang (2022), SpikeConverter: an efficient conversion framework
    zipping the gap between artificial neural networks and spiking neural networks, AAAI.

    Examples
    --------
    >>> v, spikes = np.array([1.25]), []
    >>> for _ in range(4):
    ...     y, v = release(v, k=2.0)
    ...     spikes.append(int(y[0]))
    >>> spikes  # 1 + 0/2 + 1/4 + 0/8
    [1, 0, 1, 0]
    """

    n_steps: int = 16
    k: float = 2.0
    overlap: bool = False
    samples: bool = False
    step_time: float = 0.001
    amplitude: float = 1.0

    spiking: ClassVar[bool] = True
    initial_state: ClassVar[Mapping[str, float | tuple[float, float]]] = MappingProxyType(
        {"voltage": 0.0, "accumulated": 0.0, "clock": 0.0, "offset": 0.0}
    )

    def __post_init__(self) -> None:
        who = "InverseLIF"
        do = "pass a number of steps such as 16"
        self._set(
            n_steps=check.integer(who, "n_steps", self.n_steps, do, 1, MOST_STEPS),
            k=check.real(who, "k", self.k, "pass a factor such as 2", 1.0, 4.0),
            overlap=check.flag(who, "overlap", self.overlap),
            samples=check.flag(who, "samples", self.samples),
            step_time=check.seconds(who, "step_time", self.step_time),
            amplitude=check.positive(who, "amplitude", self.amplitude),
        )

    @property
    def period(self) -> int:
        """Steps from one number to the next: T where phases overlap, else 2 T."""
        return self.n_steps if self.overlap else 2 * self.n_steps

    @property
    def release_at(self) -> int:
        """The clock at which a release begins."""
        return 0 if self.overlap else self.n_steps

    @property
    def place_value(self) -> Array:
        """What each spike of a release stands for: ``k**(1 - t)``, t = 1 ... T."""
        return np.asarray(self.k ** -np.arange(self.n_steps, dtype=np.float64))

    @property
    def rate_limit(self) -> float:
        """A spike in every step of the release [Hz]."""
        return (1.0 + 1e-9) * self.n_steps / (self.period * self.step_time)

    def rates(self, J: ArrayLike) -> Array:
        """``amplitude`` times the mean number of spikes per second at constant current [Hz].

        A number of binary digits says little about what they stand for.
        """
        currents = as_current(self, J)
        v = currents if self.samples else currents * self.place_value.sum()
        total = np.zeros_like(currents)
        for _ in range(self.n_steps):
            y, v = release(v, self.k)
            total += y
        return np.asarray(self.amplitude * total / (self.period * self.step_time))

    def current(self, rates: ArrayLike) -> Array:
        """Refused: the number of spikes neither rises with the current nor tells it."""
        del rates
        must, got = "not be asked of neurons whose spikes are digits", "some"
        check.fail("InverseLIF.current", "rates", must, got, "pass gain and bias instead")

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Take over what was accumulated when it is time; release; accumulate."""
        del rng
        v, a, clock = state["voltage"], state["accumulated"], state["clock"]
        k = J.dtype.type(self.k)
        begins = clock == self.release_at
        taken = J if self.samples else a * J.dtype.type(self.place_value[-1])
        v[begins] = (taken + state["offset"])[begins]
        a[begins] = 0.0
        y, left = release(v, k)
        releases = clock >= self.release_at
        v[releases] = left[releases]
        np.multiply(y * releases, J.dtype.type(self.amplitude / dt), out=out)
        accumulates = clock < self.n_steps
        a[accumulates] = accumulate(J, a, k)[accumulates]
        clock += 1.0
        clock[clock >= self.period] = 0.0
