"""hPES: supervised and unsupervised learning in one rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.learning.base import Array, Hebbian, Trace, checked
from nefsim.learning.unsupervised import theta_start
from nefsim.synapses import Lowpass, Synapse

#: The size of the BCM term as published, 2e4 on activities of 1e-6 Hz [1/Hz²].
PUBLISHED_SCALE = 2e-8


@dataclass(frozen=True, eq=False)
class HPES(Hebbian):
    r"""Homeostatic prescribed error sensitivity: the sum of PES and BCM.

    .. math:: \dot\omega_{ij} = \frac{\kappa}{n} \, a_i \, \alpha_j
              \left[ -S \, \frac{e_j \cdot E}{r}
              + (1 - S) \, b \, \bar a_j (\bar a_j - \bar\theta_j) \right]
              - \kappa \, \beta \, \bar a_j^2 \, \omega_{ij}

    E is actual minus target; :math:`\bar a = a / a_{max}` and
    :math:`\bar\theta = \theta / a_{max}` are relative to each neuron's maximum rate.  S = 1 is
    :class:`PES` on full weights; S = 0 ignores the error and is :class:`BCM` with the learning
    rate :math:`\kappa \alpha_j b / (n \, a_{max}^2)`.
    The error term vanishes once the error is corrected, but the BCM term does not, so b must
    be small.  The default is that of the paper,
    :math:`b_j = 2 \cdot 10^{-8} \, a_{max,j}^2`, which is 0.0018 at 300 Hz.

    Parameters
    ----------
    learning_rate : float [1/(Hz² s)]
        Learning rate κ.
    supervision : float
        Supervision S, from 0 (BCM) to 1 (PES).
    bcm_scale : float, optional
        Factor b of the BCM term relative to the error term; None means the paper's value for
        each neuron.
    beta : float [Hz²]
        Factor β of a decay of the weights as in Oja's rule; 0 means no decay.
    pre_synapse, post_synapse : Synapse, number or None
        Filters of the activities.
    theta_synapse : Synapse, number or None
        Filter of the sliding threshold θ.
    theta_start : float or (M,) array_like [Hz]
        Initial threshold θ, of all neurons or of each; with a high one learning starts with
        depression, as in the paper.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or not a number, or a filter is not a synapse.

    See Also
    --------
    PES : The supervised term only.
    BCM : The unsupervised term only.

    Notes
    -----
    The rule was published with an implementation in Nengo 1.4, where a spike counts 0.001 and a
    step has no factor dt: :math:`a_{1.4} = 10^{-6} a` [Hz] and
    :math:`\kappa \approx 10^{-3} \, n \, \kappa_{1.4}`.  Its weights do not include the gain,
    whose factor then acts twice.  Its BCM term was multiplied by :math:`2 \cdot 10^4`, which
    gives the b above; θ was filtered with 20 s and began between 50 and 150 Hz times the gain.

    References
    ----------
    T. Bekolay, C. Kolbeck and C. Eliasmith, Simultaneous unsupervised and supervised learning of
    cognitive functions in biologically plausible spiking neural networks, Proceedings of the
    35th Annual Conference of the Cognitive Science Society, 169-174, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a, b = net.ensemble(50, 1), net.ensemble(50, 1)
    >>> full = nef.LstsqL2(weights=True)
    >>> learned = net.connect(a, b, solver=full, learning_rule=nef.HPES(supervision=0.8))
    >>> error = net.node(size_in=1)
    >>> plus, minus = net.connect(b, error), net.connect(a, error, transform=-1)
    >>> c = net.connect(error, learned.learning_rule)
    >>> w = net.probe(learned, "weights", sample_every=0.05)
    >>> with nef.Simulator(net) as sim:
    ...     sim.run(0.2)
    >>> sim.data[w].shape
    (4, 50, 50)
    """

    learning_rate: float = 1e-4
    supervision: float = 0.7
    bcm_scale: float | None = None
    beta: float = 0.0
    pre_synapse: Synapse | float | None = Lowpass(0.005)
    post_synapse: Synapse | float | None = Lowpass(0.005)
    theta_synapse: Synapse | float | None = Lowpass(20.0)
    theta_start: float | NDArray[np.float64] = 100.0

    error: ClassVar[str] = "post"
    needs_error: ClassVar[bool] = True
    constants: ClassVar[tuple[str, ...]] = ("gain", "max_rates")

    def __post_init__(self) -> None:
        do = "pass a share from 0 (BCM) to 1 (PES)"
        above = "pass a number of at least 0"
        self._set(
            supervision=check.real("HPES", "supervision", self.supervision, do, 0.0, 1.0),
            bcm_scale=None
            if self.bcm_scale is None
            else check.real("HPES", "bcm_scale", self.bcm_scale, above, low=0.0),
            beta=check.real("HPES", "beta", self.beta, above, low=0.0),
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
        highest = more["max_rates"]
        active, theta = post / highest, more["theta"] / highest
        b = PUBLISHED_SCALE * highest**2 if self.bcm_scale is None else self.bcm_scale
        unsupervised = (1.0 - self.supervision) * b * more["gain"]
        drive = self.supervision * error - unsupervised * (active * (active - theta))
        u = (-self.learning_rate / len(pre)) * drive
        return u, self.learning_rate * self.beta * active**2 if self.beta else None
