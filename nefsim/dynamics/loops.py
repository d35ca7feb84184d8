"""Synapses of recurrent connections, as linear systems that include the step of the connection."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import filtering
from nefsim.dynamics.statefilter import StateFilter
from nefsim.filtering import StateSpace
from nefsim.synapses import Alpha, DoubleExp, LinearFilter, Lowpass, Synapse, as_synapse

Array = NDArray[np.float64]


def synapse_of_loop(who: str, synapse: Any) -> Synapse:
    """Convert seconds to a lowpass; refuse None, since a recurrent connection needs a synapse."""
    checked = as_synapse(who, synapse)
    if checked is None:
        do = "pass seconds or a synapse such as Lowpass(0.1)"
        check.fail(who, "synapse", "be a filter", "None", do, TypeError)
    return checked


def around_the_loop(synapse: Synapse, dt: float) -> StateSpace:
    """A synapse and the step of its connection as ``s <- A s + B u``, with the output ``C s``.

    States are scaled so that none is much larger than the others.
    """
    system = synapse.state_space(dt)
    if system is None:
        return _of_polynomials(*synapse.coefficients(dt))
    return _balanced(_with_the_step(system))


def _of_polynomials(b: Array, a: Array) -> StateSpace:
    n = max(len(b), len(a) - 1)
    num, den = np.zeros(n), np.zeros(n + 1)
    num[: len(b)], den[: len(a)] = b, a
    return filtering.companion(num, den)


def _with_the_step(system: StateSpace) -> StateSpace:
    """Delay the output of a system by a step, with as few states as possible.

    If some C' satisfies ``C' A = C`` and ``C' B = D``, it reads the delayed output from the next
    state.  Otherwise a further state holds the output.
    """
    A, B, C, D = system
    both, wanted = np.column_stack([A, B]), np.append(C, D)
    scale = np.abs(both).max(axis=1)  # of each state, which may be of any size
    found = np.linalg.lstsq((both / scale[:, None]).T, wanted, rcond=None)[0] / scale
    if np.abs(found @ both - wanted).max() <= 1e-9 * np.abs(wanted).max():
        return StateSpace(A, B, found, 0.0)
    n = len(A)
    longer = np.zeros((n + 1, n + 1))
    longer[:n, :n], longer[n, :n] = A, C
    return StateSpace(longer, np.append(B, D), np.eye(n + 1)[n], 0.0)


def _balanced(system: StateSpace) -> StateSpace:
    """Scale the states by powers of two, so that entries of B and C are of similar size."""
    from scipy.linalg import matrix_balance

    A, B, C, D = system
    whole = np.block([[A, B[:, None]], [C[None], np.zeros((1, 1))]])
    _, (scale, _) = matrix_balance(whole, permute=False, separate=True)
    scale = scale[:-1] / scale[-1]
    return StateSpace(A * scale / scale[:, None], B / scale, C * scale, D)


def entries(synapse: Synapse, loop: StateSpace, dt: float) -> tuple[Array, list[Synapse]]:
    """Synapses of input connections by which all states of a loop can be set.

    Returns
    -------
    vectors : (n, n) ndarray
        In columns, the effect of each synapse's input on the states of ``loop``.
    filters : list of n synapses
        The synapses; the first is ``synapse``.
    """
    F, g, C, _ = loop
    n = len(F)
    if n == 1:
        return g[:, None], [synapse]
    if isinstance(synapse, (Alpha, DoubleExp)):
        # The second of two stages; the longer one, in which less is lost.
        tau = synapse.tau if isinstance(synapse, Alpha) else max(synapse.tau1, synapse.tau2)
        stage = Lowpass(tau)
        (gain,), (_, pole) = stage.coefficients(dt)
        second = np.linalg.solve([C, C @ F], [gain, -pole * gain])
        return np.column_stack([g, second]), [synapse, stage]
    if synapse.state_space(dt) is None:
        return np.eye(n), [synapse, *_injections(loop)]
    others = np.linalg.qr(np.column_stack([g, np.eye(n)]))[0][:, 1:n]
    ways: list[Synapse] = [StateFilter(F, way, C, dt) for way in others.T]
    return np.column_stack([g, others]), [synapse, *ways]


def _injections(loop: StateSpace) -> list[Synapse]:
    """Filters whose input enters the second, third, ... state, as polynomials of z."""
    F, _, num, _ = loop
    den = np.append(1.0, -F[0])
    found: list[Synapse] = []
    now = num
    for a in den[1:-1]:
        # The next unit vector is F times this one, plus a times the first.
        now = np.append(now[1:], 0.0) - now[0] * den[1:] + a * num
        found.append(LinearFilter(now, den, analog=False))
    return found
