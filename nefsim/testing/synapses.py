"""Laws of synapses: one filter in both forms, at all steps, alike in a network and alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import filtering
from nefsim.network import Network
from nefsim.simulator import Simulator
from nefsim.synapses import Synapse
from nefsim.testing.laws import Laws, require, require_close, require_equal, require_value

LAWS = Laws()
N_STEPS = 400
SIGNAL = np.random.default_rng(0).normal(size=(N_STEPS, 1))


@dataclass(frozen=True)
class Case:
    """A synapse, a step, and its response to a constant 1 if that is known."""

    synapse: Synapse
    dt: float
    gain: float | None

    def response(self, dt: float, n_steps: int) -> NDArray[np.float64]:
        """Response to a constant 1 from rest, (n_steps,)."""
        return self.synapse.filt(np.ones(n_steps), dt)


def check_synapse(
    synapse: Synapse, dt: float = 0.001, gain: float | None = None
) -> tuple[str, ...]:
    """Check the laws of synapses.

    Parameters
    ----------
    synapse : Synapse
        The value to check.
    dt : float [s]
        Length of a step.
    gain : float, optional
        The value to which the response to a constant 1 settles; not checked if left out.

    Returns
    -------
    tuple of str
        Names of the laws that were checked.

    Raises
    ------
    Violation
        If a law is broken.
    TypeError, ValueError
        If the arguments are not those above.

    See Also
    --------
    nefsim.Synapse : the methods of a synapse.

    Examples
    --------
    >>> import nefsim as nef
    >>> "the gain is as stated" in nef.testing.check_synapse(nef.Lowpass(0.1), gain=1.0)
    True
    """
    who, do = "check_synapse", "pass a value such as Lowpass(0.1)"
    check.instance(who, "synapse", synapse, Synapse, "a synapse", do)
    step = check.seconds(who, "dt", dt)
    steady = None if gain is None else check.real(who, "gain", gain, "pass a number such as 1.0")
    return LAWS.check(synapse, Case(synapse, step, steady))


def _has_state(case: Case) -> bool:
    return case.synapse.state_space(case.dt) is not None


@LAWS.law()
def is_a_frozen_value(case: Case) -> None:
    """A synapse is a frozen dataclass that is equal to a copy of itself."""
    require_value(case.synapse)


@LAWS.law()
def coefficients_are_two_finite_vectors(case: Case) -> None:
    """coefficients(dt) is (b, a), two vectors of finite numbers with a[0] = 1."""
    for dt in (case.dt / 2, case.dt, 2 * case.dt):
        pair = case.synapse.coefficients(dt)
        require(isinstance(pair, tuple) and len(pair) == 2, f"It is {check.show(pair)}")
        for name, vector in zip("ba", pair, strict=True):
            array = isinstance(vector, np.ndarray) and vector.ndim == 1 and vector.size
            require(array, f"{name} is {check.show(vector)}")
            require(np.isfinite(vector).all(), f"{name} is {vector} at dt = {dt:g} s")
        require(pair[1][0] == 1.0, f"a[0] is {pair[1][0]:.6g} at dt = {dt:g} s")


@LAWS.law(_has_state)
def both_forms_are_one_filter(case: Case) -> None:
    """state_space(dt) has the response of coefficients(dt)."""
    one, other = case.synapse.state_space(case.dt), case.synapse.coefficients(case.dt)
    assert one is not None
    state = filtering.filtered(one, SIGNAL, 0)
    # Coefficients of poles near 1 are rounded; the state is the more precise form.
    within = 1e-6 * max(1.0, float(np.abs(state).max()))
    require_close(filtering.filtered(other, SIGNAL, 0), state, within, "the response")


@LAWS.law()
def filters_are_linear_and_do_not_depend_on_when(case: Case) -> None:
    """The response to a sum is the sum of responses, and that to a later input comes later."""
    one, other = SIGNAL[:200, 0], SIGNAL[200:, 0]
    first, second = (case.synapse.filt(u, case.dt) for u in (one, other))
    # Sums of 200 rounded numbers.
    within = 1e-9 * max(1.0, float(np.abs(first).max() + np.abs(second).max()))
    together = case.synapse.filt(2 * one - other, case.dt)
    require_close(together, 2 * first - second, within, "the response to 2 u - v")
    later = case.synapse.filt(np.r_[np.zeros(30), one], case.dt)
    require_close(later, np.r_[np.zeros(30), first], within, "the response to a later input")


@LAWS.law(lambda case: getattr(case.synapse, "analog", True))
def the_response_over_time_does_not_depend_on_dt(case: Case) -> None:
    """At half the step the response to a constant is the same function of time."""
    coarse, fine = case.response(case.dt, N_STEPS), case.response(case.dt / 2, 2 * N_STEPS)[1::2]
    # Up to its change in two steps, for filters that are rounded to whole steps.
    within = 2 * float(np.abs(np.diff(coarse, prepend=0.0)).max())
    require_close(fine, coarse, within, f"the response at dt = {case.dt / 2:g} s")


@LAWS.law(lambda case: case.gain is not None)
def the_gain_is_as_stated(case: Case) -> None:
    """The ratio of the sums of b and a is the stated gain."""
    b, a = case.synapse.coefficients(case.dt)
    assert case.gain is not None
    # sum(a) is a small difference of numbers near 1.
    within = 1e-6 * max(1.0, abs(case.gain))
    require_close(float(b.sum() / a.sum()), case.gain, within, "the gain")


@LAWS.law()
def a_network_filters_one_step_late(case: Case) -> None:
    """A connection gives the response of filt one step later, in one run and in pieces."""
    net = Network(seed=1)
    relay = net.node(size_in=1)
    signal = net.node(lambda t: SIGNAL[round(t / case.dt) - 1])
    net.connect(signal, relay, synapse=case.synapse)
    probe = net.probe(relay)
    whole = Simulator(net, case.dt, "numpy", progress=False)
    whole.run_steps(100)
    pieces = Simulator(net, case.dt, "numpy", progress=False)
    for n_steps in (1, 2, 47, 50):
        pieces.run_steps(n_steps)
    require_equal(pieces.data[probe], whole.data[probe], "the output of a run in pieces")
    expected = np.r_[0.0, case.synapse.filt(SIGNAL[:99, 0], case.dt)]
    within = 1e-9 * max(1.0, float(np.abs(expected).max()))  # sums in another order
    require_close(whole.data[probe][:, 0], expected, within, "the output of the connection")
