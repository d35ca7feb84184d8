"""Discrete-time neurons of trained spiking networks: one update per step.

NumPy, the compiled back end and PyTorch share these formulas: the functions of this module
use operators and a namespace ``xp``, which is ``numpy`` or ``torch``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

#: Functions of the potential, applied before it is compared with the threshold.
ACTIVATIONS = ("identity", "relu", "elu", "leaky_relu")
OUTPUTS = ("step", "sigmoid")
THRESHOLD_RULES = (">", ">=")
RESETS = ("zero", "subtract")

#: Slope of "leaky_relu" below zero.
LEAK_SLOPE = 0.1

#: Steps over which spikes are counted for a rate without a closed form, after as many to settle.
COUNT_STEPS = 1000


def activate(u: Any, activation: str, xp: Any = np) -> Any:
    """Apply ``identity``, ``relu``, ``elu`` or ``leaky_relu`` (slope 0.1) to the potential."""
    if activation == "identity":
        return u
    if activation == "elu" and xp is not np:
        return xp.nn.functional.elu(u)  # the same, in one operation there and back
    if activation == "elu":
        return xp.where(u > 0.0, u, xp.expm1(xp.clip(u, None, 0.0)))
    return xp.where(u > 0.0, u, u * (LEAK_SLOPE if activation == "leaky_relu" else 0.0))


def charge(x: Any, v: Any, decay: Any, scale: Any = 1.0) -> Any:
    """The potential before the reset, ``decay * v + scale * x``."""
    return decay * v + scale * x


def reset_potential(u: Any, y: Any, threshold: Any, reset: str) -> Any:
    """The potential after the reset: ``u (1 - y)``, or ``u - threshold * y``."""
    return u * (1.0 - y) if reset == "zero" else u - threshold * y


def heaviside(z: Any, threshold_rule: str) -> Any:
    """1 where ``z > 0`` (or ``z >= 0``), else 0, as floating point numbers of NumPy."""
    return (z > 0.0 if threshold_rule == ">" else z >= 0.0).astype(z.dtype)


def discrete_step(
    x: Any,
    v: Any,
    decay: Any,
    threshold: Any,
    scale: Any = 1.0,
    activation: str = "identity",
    reset: str = "zero",
    fire: Callable[[Any], Any] = lambda z: heaviside(z, ">"),
    hold: Callable[[Any], Any] = lambda y: y,
    xp: Any = np,
) -> tuple[Any, Any]:
    r"""One step of a discrete-time neuron: charge, fire, reset.

    .. math:: u = g(\lambda v + s x), \qquad y = h(u - \theta), \qquad
              v \leftarrow u (1 - y) \;\text{ or }\; u - \theta y

    ========  =========================  ======================  ============
    neuron    decay λ, scale s           g                       h
    ========  =========================  ======================  ============
    IF        1, 1                       identity                step, ``>``
    LIF       1 - 1/τ, 1/τ               identity                step, ``>=``
    PLIF      1 - k(a), k(a)             identity                step, ``>=``
    SNU       l(τ) = 1 - dt/τ, 1         identity, relu or elu   step, ``>``
    soft SNU  l(τ) = 1 - dt/τ, 1         identity, relu or elu   sigmoid
    ========  =========================  ======================  ============

    A PLIF learns a, with ``k(a) = 1/(1 + e^-a)``, so that ``τ = 1/k(a)`` is above 1.  The bias
    of an SNU is ``b = -θ``.  Programs that store the potential before the reset and multiply
    it by ``1 - y`` in the next step give the same spikes.

    Parameters
    ----------
    x : (..., N) array
        Input of this step.
    v : (..., N) array
        Potential after the previous step.
    decay, threshold, scale : number or (N,) array
        Factor λ of the potential, threshold θ, and factor s of the input.
    activation : {"identity", "relu", "elu", "leaky_relu"}
        The function g of the potential.
    reset : {"zero", "subtract"}
        Potential after a spike: 0, or reduced by the threshold.
    fire : callable
        The function h from ``u - threshold`` to the output.
    hold : callable
        Function of the output that resets the potential; it can stop gradients in PyTorch.
    xp : module
        ``numpy`` or ``torch``, the package of the arrays.

    Returns
    -------
    y, v : (..., N) array
        The output, and the potential after the reset.

    Examples
    --------
    >>> v, spikes = np.zeros(1), []
    >>> for _ in range(7):
    ...     y, v = discrete_step(np.array([0.5]), v, decay=1.0, threshold=1.0)
    ...     spikes.append(int(y[0]))
    >>> spikes
    [0, 0, 1, 0, 0, 1, 0]
    """
    u = activate(charge(x, v, decay, scale), activation, xp)
    y = fire(u - threshold)
    return y, reset_potential(u, hold(y), threshold, reset)


@dataclass(frozen=True, eq=False)
class DiscreteLIF(NeuronType):
    r"""Discrete-time neurons of trained spiking networks: one update in each time step.

    .. math:: u = g(\lambda v + s J), \qquad y = h(u - \theta), \qquad
              v \leftarrow u (1 - y) \;\text{ or }\; u - \theta y

    The defaults give an integrate-and-fire neuron (IF).  :func:`discrete_step` lists the
    parameters of LIF, PLIF, SNU and soft SNU.

    Parameters
    ----------
    decay : number or (N,) array_like
        Share λ of the potential that remains after a step, from 0 to 1.
    threshold : number or (N,) array_like
        Potential θ above which a neuron fires.
    reset : {"zero", "subtract"}
        Whether a spike sets the potential to 0 or subtracts the threshold from it.
    threshold_rule : {">", ">="}
        Whether a neuron fires above the threshold only, or also at the threshold.
    scale : number or (N,) array_like
        Factor s of the input; ``1 - decay`` for a LIF whose input is multiplied by 1/τ.
    activation : {"identity", "relu", "elu", "leaky_relu"}
        The function g of the potential.
    output : {"step", "sigmoid"}
        The function h: spikes, or a number from 0 to 1, which resets the potential in part.
    step_time : float [s]
        The simulator's ``dt``, which converts ``rates`` to hertz.
    amplitude : float
        Output of one spike is ``amplitude / dt``; with ``amplitude = dt`` spikes are 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or not one of its options, or parameters (N,) differ in
        length.

    See Also
    --------
    LIF : Continuous-time neurons, with spikes at exact times.
    InverseLIF : Neurons whose spikes are binary digits.

    References
    ----------
    Wozniak, Pantazi, Bohnstingl & Eleftheriou (2020), Deep learning incorporating
    biologically inspired neural dynamics and in-memory computing, Nature Machine
    Intelligence 2.  Fang et al. (2021), Incorporating learnable membrane time constant to
    enhance learning of spiking neural networks, ICCV.

    Examples
    --------
    >>> DiscreteLIF().rates([0.5, 0.25]) * 0.001  # spikes per step: every third, every fifth
    array([0.33333333, 0.2       ])
    >>> DiscreteLIF(threshold_rule=">=").rates([0.5, 0.25]) * 0.001
    array([0.5 , 0.25])
    """

    decay: Any = 1.0
    threshold: Any = 1.0
    reset: str = "zero"
    threshold_rule: str = ">"
    scale: Any = 1.0
    activation: str = "identity"
    output: str = "step"
    step_time: float = 0.001
    amplitude: float = 1.0

    initial_state: ClassVar[Mapping[str, float | tuple[float, float]]] = MappingProxyType(
        {"voltage": 0.0}
    )

    def __post_init__(self) -> None:
        who = "DiscreteLIF"
        self._set(
            decay=per_neuron(who, "decay", self.decay, low=0.0, high=1.0),
            threshold=per_neuron(who, "threshold", self.threshold),
            scale=per_neuron(who, "scale", self.scale, low=1e-12),
            reset=check.one_of(who, "reset", self.reset, RESETS),
            threshold_rule=check.one_of(
                who, "threshold_rule", self.threshold_rule, THRESHOLD_RULES
            ),
            activation=check.one_of(who, "activation", self.activation, ACTIVATIONS),
            output=check.one_of(who, "output", self.output, OUTPUTS),
            step_time=check.seconds(who, "step_time", self.step_time),
            amplitude=check.positive(who, "amplitude", self.amplitude),
        )
        check_lengths(who, self.decay, self.threshold, self.scale)
        onset = self.threshold * (1.0 - self.decay) / self.scale
        self._set(spiking=self.output == "step", threshold_current=onset)

    @property
    def rate_limit(self) -> float:
        """The largest firing rate, one spike per step [Hz]."""
        return (1.0 + 1e-9) / self.step_time

    def rates(self, J: ArrayLike) -> Array:
        """``amplitude`` times the firing rate at a constant current, from rest [Hz].

        It is computed in closed form for a reset to zero or neurons without leak; otherwise
        spikes are counted in a simulation.
        """
        currents = as_current(self, J)
        check_lengths("DiscreteLIF", self.decay, self.threshold, self.scale, of=currents)
        if self.output == "step" and (self.reset == "zero" or np.all(self.decay == 1.0)):
            return self.amplitude / self.step_time * self._per_step(currents)
        return counted_rates(self, currents, self.step_time, COUNT_STEPS)

    def current(self, rates: ArrayLike) -> Array:
        """Current that charges to the threshold in ``1 / (rate * step_time)`` steps.

        Intervals between spikes are whole numbers of steps, so :meth:`rates` at this current
        has the next whole number, except with ``reset="subtract"`` and no leak.
        """
        r = self._current_of(rates)
        check_lengths("DiscreteLIF", self.decay, self.threshold, self.scale, of=r)
        if self.output != "step" or (self.reset != "zero" and np.any(np.less(self.decay, 1.0))):
            must, do = "be of neurons with a rate curve to invert", "pass gain and bias instead"
            check.fail("DiscreteLIF.current", "rates", must, f"{self}", do)
        with np.errstate(divide="ignore", invalid="ignore"):
            n_steps = 1.0 / (r * self.step_time)
            charged = -np.expm1(n_steps * np.log(self.decay)) / (1.0 - self.decay)
        charged = np.where(np.equal(self.decay, 1.0), n_steps, charged)
        return np.asarray(self.threshold / (self.scale * charged))

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Compute one step; ``out`` is ``amplitude / dt`` times y."""
        del rng
        v, kind = state["voltage"], J.dtype.type
        decay, threshold, scale = (
            np.asarray(value, kind) for value in (self.decay, self.threshold, self.scale)
        )
        y, v[...] = discrete_step(
            J, v, decay, threshold, scale, self.activation, self.reset, self._fire
        )
        np.multiply(y, kind(self.amplitude / dt), out=out)

    def _fire(self, z: Array) -> Array:
        return sigmoid(z) if self.output == "sigmoid" else heaviside(z, self.threshold_rule)

    def _per_step(self, J: Array) -> Array:
        """Spikes per step at a constant current: 1 / (number of steps to the threshold)."""
        strict = self.threshold_rule == ">"
        x, theta, keep = self.scale * J, self.threshold, self.decay
        at_once = activate(x, self.activation)
        fires_at_once = at_once > theta if strict else at_once >= theta
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.reset == "subtract":
                return np.where(theta > 0, np.clip(x / theta, 0.0, 1.0), fires_at_once)
            leaking = np.log1p(-theta * (1.0 - keep) / x) / np.log(keep)
            n_steps = np.where(np.equal(keep, 1.0), theta / x, leaking)
            n_steps = np.floor(n_steps) + 1.0 if strict else np.ceil(n_steps)
            rate = np.where((x > 0) & np.isfinite(n_steps), 1.0 / n_steps, 0.0)
        return np.where(fires_at_once, 1.0, rate)


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), without overflow: half of ``1 + tanh(z / 2)``."""
    half = z.dtype.type(0.5)
    return half * (z.dtype.type(1.0) + np.tanh(half * z))


def counted_rates(neuron: NeuronType, J: Array, dt: float, n_steps: int) -> Array:
    """Simulate neurons at constant currents; return their mean output over ``n_steps``.

    The ``n_steps`` before that, from rest, do not count.
    """
    currents = np.atleast_1d(J)
    if not currents.size:
        return currents
    initial = {name: np.zeros_like(currents) for name in neuron.initial_state}
    state, out, total = neuron.start(initial, dt), np.zeros_like(currents), np.zeros_like(currents)
    for k in range(2 * n_steps):
        neuron.step(currents, state, dt, out)
        if k >= n_steps:
            total += out
    return (total / n_steps).reshape(np.shape(J))
