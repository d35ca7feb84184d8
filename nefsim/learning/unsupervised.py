"""Unsupervised learning rules, which depend on activities of the source and the target only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.learning.base import Array, Hebbian, LearningRule, Trace, checked
from nefsim.neurons.base import per_neuron
from nefsim.synapses import Lowpass, Synapse


@dataclass(frozen=True, eq=False)
class BCM(Hebbian):
    r"""Bienenstock, Cooper and Munro's rule: a threshold that follows the activity.

    .. math:: \dot\omega_{ij} = \kappa \, a_i \, a_j (a_j - \theta_j)

    i is a neuron of the source and j one of the target.  The threshold :math:`\theta_j` is the
    activity of neuron j, filtered by ``theta_synapse`` only.

    Parameters
    ----------
    learning_rate : float [1/(Hz³ s)]
        Learning rate κ.
    pre_synapse, post_synapse : Synapse, number or None
        Filters of the activities.
    theta_synapse : Synapse, number or None
        Filter of the sliding threshold.
    theta_start : float or (M,) array_like [Hz]
        Initial threshold, of all neurons or of each; with a high one learning starts with
        depression.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or not a number, or a filter is not a synapse.

    See Also
    --------
    Oja : Hebbian learning that is bounded by a decay.
    HPES : BCM with a supervised term.

    References
    ----------
    E. L. Bienenstock, L. N. Cooper and P. W. Munro, Theory for the development of neuron
    selectivity: orientation specificity and binocular interaction in visual cortex, Journal
    of Neuroscience 2(1), 32-48, 1982.

    Examples
    --------
    >>> import numpy as np
    >>> post, theta = np.array([100.0, 40.0]), np.array([50.0, 50.0])
    >>> BCM(1e-6).step(np.array([100.0]), post, None, None, theta=theta).round(6)
    array([[ 0.5 ],
           [-0.04]])
    """

    learning_rate: float = 1e-9
    pre_synapse: Synapse | float | None = Lowpass(0.005)
    post_synapse: Synapse | float | None = Lowpass(0.005)
    theta_synapse: Synapse | float | None = Lowpass(1.0)
    theta_start: float | NDArray[np.float64] = 0.0

    def __post_init__(self) -> None:
        self._set(
            theta_start=theta_start(self),
            **checked(self, "pre_synapse", "post_synapse", "theta_synapse"),
        )

    def traces(self) -> Mapping[str, Trace]:
        return {
            "pre": Trace("pre", self.pre_synapse),
            "post": Trace("post", self.post_synapse),
            "theta": Trace("post", self.theta_synapse, self.theta_start),
        }

    def factors(
        self, pre: Array, post: Array, error: Any, **more: Any
    ) -> tuple[Array, Array | None]:
        if "theta" not in more:
            do = "pass theta=, the average activity of each neuron after the connection"
            check.fail("BCM.factors", "theta", "be given", "none", do, TypeError)
        return self.learning_rate * post * (post - more["theta"]), None


@dataclass(frozen=True, eq=False)
class Oja(Hebbian):
    r"""Oja's rule: Hebbian growth with a decay that keeps each neuron's weights bounded.

    .. math:: \dot\omega_{ij} = \kappa \, (a_i a_j - \beta \, a_j^2 \, \omega_{ij})

    Parameters
    ----------
    learning_rate : float [1/(Hz² s)]
        Learning rate κ.
    beta : float
        Factor β of the decay; a larger one gives smaller weights.
    pre_synapse, post_synapse : Synapse, number or None
        Filters of the activities.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or not a number, or a filter is not a synapse.

    See Also
    --------
    BCM : Hebbian learning with a sliding threshold.
    Sanger : Several principal components instead of the first.

    References
    ----------
    E. Oja, Simplified neuron model as a principal component analyzer, Journal of Mathematical
    Biology 15(3), 267-273, 1982.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.array([[0.6, 0.8]])
    >>> Oja(1.0).step(np.array([3.0, 4.0]), np.array([5.0]), None, w).round(12) + 0.0
    array([[0., 0.]])
    """

    learning_rate: float = 1e-6
    beta: float = 1.0
    pre_synapse: Synapse | float | None = Lowpass(0.005)
    post_synapse: Synapse | float | None = Lowpass(0.005)

    def __post_init__(self) -> None:
        self._set(
            beta=check.real("Oja", "beta", self.beta, "pass a number such as 1.0", low=0.0),
            **checked(self, "pre_synapse", "post_synapse"),
        )

    def factors(
        self, pre: Array, post: Array, error: Any, **more: Any
    ) -> tuple[Array, Array | None]:
        u = self.learning_rate * post
        return u, self.beta * u * post


@dataclass(frozen=True, eq=False)
class Voja(Hebbian):
    r"""Vector Oja: the encoders of firing neurons move towards the input.

    .. math:: \dot{\tilde e}_j = \kappa \, L \, a_j \left( \frac{\alpha_j}{r} x - \tilde e_j \right)

    :math:`\tilde e = \alpha e / r` are scaled encoders, and x is the total input of the target
    ensemble.  L is 1 plus the signal that is connected to ``connection.learning_rule``; connect
    -1 to stop learning.

    Parameters
    ----------
    learning_rate : float [1/(Hz s)]
        Learning rate κ.
    post_synapse : Synapse, number or None
        Filter of the activities.

    Raises
    ------
    ValueError, TypeError
        If ``learning_rate`` is not a number of at least 0, or the filter is not a synapse.

    See Also
    --------
    Oja : The rule for weights.
    Association : Decoders for the stored values.

    References
    ----------
    A. R. Voelker, E. Crawford and C. Eliasmith, Learning large-scale heteroassociative memories
    in spiking neurons, Unconventional Computation and Natural Computation, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> x, post, scale = np.array([1.0, 0.0]), np.array([100.0, 0.0]), np.array([2.0, 2.0])
    >>> encoders = np.array([[0.0, 2.0], [2.0, 0.0]])
    >>> Voja(0.01).step(x, post, np.zeros(1), encoders, scale=scale)
    array([[ 2., -2.],
           [ 0.,  0.]])
    """

    learning_rate: float = 1e-2
    post_synapse: Synapse | float | None = Lowpass(0.005)

    modifies: ClassVar[str] = "encoders"
    error: ClassVar[str] = "scalar"
    constants: ClassVar[tuple[str, ...]] = ("scale",)

    def __post_init__(self) -> None:
        self._set(**checked(self, "post_synapse"))

    def traces(self) -> Mapping[str, Trace]:
        return {"post": Trace("post", self.post_synapse)}

    def factors(
        self, pre: Array, post: Array, error: Any, **more: Any
    ) -> tuple[Array, Array | None]:
        switch = 1.0 if error is None else 1.0 + error[0]
        d = (self.learning_rate * switch) * post
        return more["scale"] * d, d


@dataclass(frozen=True, eq=False)
class Sanger(LearningRule):
    r"""Sanger's rule: the decoders of a connection become principal components.

    .. math:: \dot W = \kappa \left( y \, a^\top - \mathrm{tril}(y \, y^\top) \, W \right)

    y = W a are the values of the connection.  The rows of W become orthonormal, in the order of
    the variance that they explain.

    Parameters
    ----------
    learning_rate : float [1/(Hz² s)]
        Learning rate κ.
    pre_synapse, post_synapse : Synapse, number or None
        Filters of the activities and of the values.

    Raises
    ------
    ValueError, TypeError
        If ``learning_rate`` is not a number of at least 0, or a filter is not a synapse.

    See Also
    --------
    Oja : The first principal component only.

    References
    ----------
    T. D. Sanger, Optimal unsupervised learning in a single-layer linear feedforward neural
    network, Neural Networks 2(6), 459-473, 1989.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.eye(2)
    >>> Sanger(1.0).step(np.array([1.0, 2.0]), np.array([1.0, 2.0]), None, W)
    array([[0., 2.],
           [0., 0.]])
    """

    learning_rate: float = 1e-6
    pre_synapse: Synapse | float | None = Lowpass(0.005)
    post_synapse: Synapse | float | None = Lowpass(0.005)

    modifies: ClassVar[str] = "decoders"

    def __post_init__(self) -> None:
        self._set(**checked(self, "pre_synapse", "post_synapse"))

    def step(self, pre: Array, post: Array, error: Any, weights: Array, **more: Any) -> Array:
        grow = np.outer(post, pre) - np.tril(np.outer(post, post)) @ weights
        return self.learning_rate * grow


def theta_start(rule: Any) -> float | NDArray[np.float64]:
    """Check the initial value of a sliding threshold: one number, or one for each neuron."""
    checked_start: float | NDArray[np.float64] = per_neuron(
        type(rule).__name__, "theta_start", rule.theta_start, low=0.0
    )
    return checked_start
