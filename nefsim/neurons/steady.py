"""An initial state of LIF neurons that have fired for a long time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim._values import Value
from nefsim.neurons.adaptive import AdaptiveLIF
from nefsim.neurons.base import Array
from nefsim.neurons.lif import LIF


@dataclass(frozen=True, eq=False)
class SteadyState(Value):
    r"""The state of LIF neurons after representing a value for long, as an ``initial_state``.

    Each neuron starts at a random time t of its interval T between two spikes,

    .. math:: T = \tau_{ref} + \tau_{RC} \ln\bigl(1 + \tfrac{1}{J - 1}\bigr), \qquad
              t \sim U(0, T), \qquad
              v = J \bigl(1 - e^{-(t - \tau_{ref})/\tau_{RC}}\bigr) \; (t > \tau_{ref})

    For :math:`t < \tau_{ref}` it starts refractory; neurons with :math:`J \le 1` start at v = J.
    So the population has its steady rate from the first step on, and its neurons do not start
    in synchrony.  Adaptation starts from its steady state, too.

    Times t are drawn when the network is built, so all trials of a batch have the same.

    Parameters
    ----------
    x : float or (D,) array_like
        The represented value; a number is used for all dimensions.

    Raises
    ------
    ValueError
        If it is not finite; in ``Network.ensemble``, if it does not fit the dimensions.

    See Also
    --------
    nefsim.Network.ensemble : Pass it as ``initial_state``, for LIF and AdaptiveLIF.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1, initial_state=nef.SteadyState(0.5))
    """

    x: ArrayLike = 0.0

    def __post_init__(self) -> None:
        do = "pass a number, or one for each dimension"
        x = check.array("SteadyState", "x", self.x, do=do)
        if x.ndim > 1 or not x.size:
            check.fail("SteadyState", "x", "be a number or a list", f"shape {x.shape}", do)
        self._set(x=x)


def steady_values(
    neuron: LIF | AdaptiveLIF, J: Array, dt: float, rng: np.random.Generator
) -> dict[str, Array]:
    """Initial values of the state variables at constant currents ``J`` (N,)."""
    state: dict[str, Array] = {}
    if isinstance(neuron, AdaptiveLIF):
        state["adaptation"] = neuron.inc_n * neuron.rates(J)
        J = J - state["adaptation"]
    fires = J > 1.0
    with np.errstate(divide="ignore", invalid="ignore"):  # of neurons that do not fire
        interval = neuron.tau_ref + neuron.tau_rc * np.log1p(1.0 / (J - 1.0))
    since = rng.random(len(J)) * interval - neuron.tau_ref  # the end of the refractory time
    rising = np.minimum(-J * np.expm1(-np.maximum(since, 0.0) / neuron.tau_rc), 1.0)
    state["voltage"] = np.where(fires, rising, np.clip(J, neuron.min_voltage, 1.0))
    # Exact steps count from the start of the last one, Euler's from now.
    before = dt if getattr(neuron, "method", "exact") == "exact" else 0.0
    state["refractory_time"] = np.where(fires & (since < 0.0), before - since, 0.0)
    return state
