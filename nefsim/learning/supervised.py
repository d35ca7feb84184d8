"""Supervised learning rules, which reduce an error or learn a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.learning.base import Hebbian, LearningRule, Trace, checked
from nefsim.synapses import Lowpass, Synapse

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PES(Hebbian):
    r"""Prescribed error sensitivity: the delta rule of the NEF.

    .. math:: \dot d_i = -\frac{\kappa}{n} \, E \, a_i, \qquad
              \dot\omega_{ij} = -\frac{\kappa}{n} \, \alpha_j (e_j \cdot E) \, a_i

    The error signal E is **actual minus target**; connect it to ``connection.learning_rule``.
    With constant activities a of n neurons, each step multiplies the error by
    :math:`1 - \kappa \, dt \, |a|^2 / n`, so κ must be below :math:`2 n / (dt |a|^2)`.  A
    simulator warns of a larger one; :func:`nefsim.suggest_learning_rate` returns a suitable
    value.

    Parameters
    ----------
    learning_rate : float [1/(Hz² s)]
        Learning rate κ.
    pre_synapse : Synapse, number or None
        Filter of the activities.

    Raises
    ------
    ValueError, TypeError
        If ``learning_rate`` is not a number of at least 0, or a filter is not a synapse.

    See Also
    --------
    nefsim.suggest_learning_rate : A stable learning rate for a connection.
    RLS : Faster convergence, at a higher cost per step.
    HPES : PES on full weights, with an unsupervised term.

    References
    ----------
    D. MacNeil and C. Eliasmith, Fine-tuning and the stability of recurrent neural networks,
    PLoS ONE 6(9), e22885, 2011.

    A. R. Voelker, A solution to the dynamics of the prescribed error sensitivity learning
    rule, technical report, Centre for Theoretical Neuroscience, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> stimulus = net.node(0.5)
    >>> a, b = net.ensemble(50, 1), net.ensemble(50, 1)
    >>> c = net.connect(stimulus, a)
    >>> learned = net.connect(a, b, function=np.zeros_like, learning_rule=nef.PES(1e-3))
    >>> error = net.node(size_in=1)
    >>> plus = net.connect(b, error)
    >>> minus = net.connect(stimulus, error, transform=-1)
    >>> c = net.connect(error, learned.learning_rule)
    >>> y = net.probe(b, synapse=0.1)
    >>> with nef.Simulator(net) as sim:
    ...     sim.run(1.0)
    >>> abs(sim.data[y][-1, 0] - 0.5) < 0.1
    np.True_
    """

    learning_rate: float = 1e-4
    pre_synapse: Synapse | float | None = Lowpass(0.005)

    modifies: ClassVar[str] = "decoders"
    error: ClassVar[str] = "post"
    needs_error: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._set(**checked(self, "pre_synapse"))

    def traces(self) -> Mapping[str, Trace]:
        return {"pre": Trace("pre", self.pre_synapse)}

    def factors(
        self, pre: Array, post: Array, error: Any, **more: Any
    ) -> tuple[Array, Array | None]:
        return (-self.learning_rate / len(pre)) * error, None


@dataclass(frozen=True, eq=False)
class RLS(LearningRule):
    r"""Recursive least squares: ridge regression on all steps so far, updated at each step.

    .. math:: k = P a, \qquad P \leftarrow P - \frac{k k^\top}{1 + a \cdot k}, \qquad
              \Delta d = -\frac{E \, k}{1 + a \cdot k}, \qquad P_0 = \frac{\kappa\,dt}{n} I

    If E is the unfiltered error of the present weights, the weights minimise
    :math:`\sum_k |E_k|^2 + |d - d_0|^2 / p_0` over all steps k, with
    :math:`p_0 = \kappa \, dt / n`.  A step takes about n² operations for n neurons.

    Parameters
    ----------
    learning_rate : float
        Learning rate κ; a larger one is a weaker ridge.
    pre_synapse : Synapse, number or None
        Filter of the activities.

    Raises
    ------
    ValueError, TypeError
        If ``learning_rate`` is not a number of at least 0, or a filter is not a synapse.

    See Also
    --------
    PES : A gradient rule, which takes about n operations per step.
    nefsim.LstsqL2 : The same regression before the simulation.

    References
    ----------
    D. Sussillo and L. F. Abbott, Generating coherent patterns of activity from chaotic neural
    networks, Neuron 63(4), 544-557, 2009.

    Examples
    --------
    >>> rule = RLS(learning_rate=1e-3)
    >>> rule.start(2, 1, 0.001)["inverse"].tolist()
    [[5e-07, 0.0], [0.0, 5e-07]]
    """

    learning_rate: float = 1e-3
    pre_synapse: Synapse | float | None = Lowpass(0.005)

    modifies: ClassVar[str] = "decoders"
    error: ClassVar[str] = "post"
    needs_error: ClassVar[bool] = True
    constants: ClassVar[tuple[str, ...]] = ("dt",)

    def __post_init__(self) -> None:
        self._set(**checked(self, "pre_synapse"))

    def traces(self) -> Mapping[str, Trace]:
        return {"pre": Trace("pre", self.pre_synapse)}

    def start(self, n_in: int, n_out: int, dt: float) -> dict[str, Array]:
        return {"inverse": np.eye(n_in) * (self.learning_rate * dt / n_in)}

    def step(self, pre: Array, post: Array, error: Any, weights: Array, **more: Any) -> Array:
        inverse, dt = more["inverse"], more["dt"]
        k = inverse @ pre
        share = 1.0 / (1.0 + pre @ k)
        inverse -= share * np.outer(k, k)
        return np.outer((-share / dt) * error, k)


@dataclass(frozen=True, eq=False)
class DeltaRule(Hebbian):
    r"""Delta rule with a rectified output: gradient descent on the error of the target.

    .. math:: \dot\omega_{ij} = -\frac{\kappa}{n} \, E_j \, f'(u_j) \, a_i, \qquad
              f'(u) = 1 \text{ where } u > \text{threshold, else } 0

    :math:`u_j` is a value of the connection, or the activity of a neuron if its target is neurons.

    Parameters
    ----------
    learning_rate : float
        Learning rate κ.
    threshold : float
        Value of u at which f is rectified; ``-1e12`` makes f the identity.
    pre_synapse, post_synapse : Synapse, number or None
        Filters of the activities.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or not a number, or a filter is not a synapse.

    See Also
    --------
    PES : The delta rule for decoded values, without rectification.

    References
    ----------
    B. Widrow and M. E. Hoff, Adaptive switching circuits, IRE WESCON Convention Record 4,
    96-104, 1960.

    Examples
    --------
    >>> import numpy as np
    >>> DeltaRule(1.0).step(np.array([2.0, 4.0]), np.array([1.0, -1.0]), np.ones(2), None) + 0.0
    array([[-1., -2.],
           [ 0.,  0.]])
    """

    learning_rate: float = 1e-4
    threshold: float = 0.0
    pre_synapse: Synapse | float | None = Lowpass(0.005)
    post_synapse: Synapse | float | None = Lowpass(0.005)

    modifies: ClassVar[str] = "decoders"
    error: ClassVar[str] = "post"
    needs_error: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._set(
            threshold=check.real("DeltaRule", "threshold", self.threshold),
            **checked(self, "pre_synapse", "post_synapse"),
        )

    def factors(
        self, pre: Array, post: Array, error: Any, **more: Any
    ) -> tuple[Array, Array | None]:
        return (-self.learning_rate / len(pre)) * error * (post > self.threshold), None


@dataclass(frozen=True, eq=False)
class Association(Hebbian):
    r"""One-shot association of an activity pattern with a target.

    .. math:: \dot d_i = \eta \left( t \, \frac{a_i}{|a|^2} \right) - \lambda \, [t \ne 0] \, d_i

    Connect the **target** t, not an error, to ``connection.learning_rule``.  While it is zero,
    nothing is learned or forgotten.  After 1/η seconds the activities a decode to t, unless
    another stored pattern overlaps with a.

    Parameters
    ----------
    learning_rate : float [1/s]
        Learning rate η.
    forgetting : float [1/s]
        Rate λ at which older associations decay while new ones are stored.
    pre_synapse : Synapse, number or None
        Filter of the activities.

    Raises
    ------
    ValueError, TypeError
        If a rate is not a number of at least 0, or the filter is not a synapse.

    See Also
    --------
    Voja : Encoders that move towards the stored inputs.
    PES : Gradual learning from an error.

    Examples
    --------
    >>> import numpy as np
    >>> rule = Association(learning_rate=10.0)
    >>> a = np.array([100.0, 0.0, 200.0])
    >>> weights = 0.1 * rule.step(a, None, np.array([0.5]), np.zeros((1, 3)))
    >>> (weights @ a).round(12)
    array([0.5])
    """

    learning_rate: float = 10.0
    forgetting: float = 0.0
    pre_synapse: Synapse | float | None = Lowpass(0.005)

    modifies: ClassVar[str] = "decoders"
    error: ClassVar[str] = "post"
    needs_error: ClassVar[bool] = True

    def __post_init__(self) -> None:
        do = "pass a share per second such as 0.1"
        self._set(
            forgetting=check.real("Association", "forgetting", self.forgetting, do, low=0.0),
            **checked(self, "pre_synapse"),
        )

    def traces(self) -> Mapping[str, Trace]:
        return {"pre": Trace("pre", self.pre_synapse)}

    def factors(
        self, pre: Array, post: Array, error: Any, **more: Any
    ) -> tuple[Array, Array | None]:
        power = pre @ pre
        u = error * (self.learning_rate / np.where(power > 0.0, power, np.inf))
        if not self.forgetting:
            return u, None
        return u, self.forgetting * np.any(error) * np.ones(len(error))
