"""Least squares with a penalty that equals the variance of the filtered spikes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np

from nefsim import _checks as check
from nefsim.neurons import LIF, NeuronType
from nefsim.solvers.base import Blocks, Decode, Decodes, FloatArray, Info, Solve, Solver, peak
from nefsim.solvers.cholesky import Systems, systems
from nefsim.solvers.l2 import by_blocks, factor_ridge, gram_of
from nefsim.spike_noise import Spikes
from nefsim.synapses import Synapse, as_synapse

#: What is added to every variance, as a share of the maximum rate squared: neurons without noise
#: would fit the points and miss the function between them.  Loops add up errors of neurons that
#: lag behind their inputs, which grow with decoders; hence more for spikes that are read by
#: populations.
FLOOR, FLOOR_ONWARD = 1e-6, 1e-4


@dataclass(frozen=True, eq=False)
class NoiseMatched(Solver):
    r"""Least squares with the noise of spikes that the connection's synapse has filtered.

    .. math::

        \Bigl(\frac{1}{P} A^\top A + \mathrm{diag}(\lambda)\Bigr) D = \frac{1}{P} A^\top Y,
        \qquad \lambda_i = \frac{1}{P} \sum_p v(A_{pi})

    v(a) is the variance over time of a spike train of rate a after the filter h. These decoders
    minimise the mean square of distortion plus noise if neurons fire independently. No strength
    of regularisation needs to be chosen: it is small for slow synapses, whose output is smooth,
    and large for fast ones.

    For spikes at equal intervals, with the transfer function H of the filter, and for spikes of
    a Poisson process, the variance is

    .. math::

        v_{\mathrm{regular}}(a) = 2 a^2 \sum_{k \ge 1} |H(2 \pi k a)|^2, \qquad
        v_{\mathrm{Poisson}}(a) = a \int h(t)^2 \, dt

    For a lowpass these are :math:`\frac{a}{2\tau} \coth \frac{1}{2 \tau a} - a^2` and
    :math:`\frac{a}{2\tau}`, and without a filter :math:`a / dt - a^2` and :math:`a / dt`.
    Neurons fire regularly at a constant input, and less regularly the faster it changes.

    Parameters
    ----------
    noise : {"auto", "regular", "poisson"}
        Assumed spike trains. "auto" takes a geometric mean of both variances (two thirds
        regular), or "poisson" for neuron types that fire randomly.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.
    synapse : Synapse, number, None or "path"
        The filter h: a synapse; the time constant of a ``Lowpass`` [s]; None for no filter; or
        "path" for all filters from the spikes to the place where the value is read (see Notes).
    dt : float or None [s]
        Time step of the simulation; None means that of the simulator, or 0.001 without one.
    neuron_type : NeuronType or None
        Neuron type of the activities; None means that of the ensemble, or ``LIF()`` without
        one. Neurons that do not spike have no noise.

    Raises
    ------
    ValueError
        On use without a network, if there is no synapse.

    See Also
    --------
    LstsqL2 : The same noise for every neuron and every synapse; Nengo's default.

    Notes
    -----
    **Path.** The synapse of a connection may be the first of several filters. A node that adds
    up its inputs passes them on through its connections; of these the fastest counts. A
    population has outgoing synapses, and a learning rule adds up over time, so that another
    ``Lowpass(0.01)`` is assumed. It is also assumed where a value meets no filter, as one is
    likely to follow. Probes of nodes do not count.

    **Scale.** λ is divided by the square of the filter's largest gain over frequencies, since
    the gain multiplies decoded values, too. (0.001 max A)² is added to every λ, also of neurons
    without noise, and (0.01 max A)² for spikes that populations or learning rules read: in
    loops, errors of neurons that lag behind their inputs count more than noise. ``info`` also
    has ``variance``, the λ of each neuron.

    If a decoded value is filtered again by ``filt`` after a run, pass the product of both
    filters.

    **Limits.** In whole networks the errors are within 3 % of those of the best of the ridges
    0.1, 0.03 and 0.01, which differs from network to network, or smaller, by up to 30 %.

    Examples
    --------
    >>> A = [[0, 40], [20, 20], [40, 0]]
    >>> decoders, info = NoiseMatched(synapse=0.1)(A, [-1, 0, 1])
    >>> decoders.round(4).tolist(), info["variance"].round(2).tolist()
    ([[0.0239], [-0.0239]], [23.54, 23.54])
    """

    noise: Literal["auto", "regular", "poisson"] = "auto"
    weights: bool = False
    synapse: Synapse | float | Literal["path"] | None = "path"
    dt: float | None = None
    neuron_type: NeuronType | None = None

    compositional: ClassVar[bool] = True

    def __post_init__(self) -> None:
        who = type(self).__name__
        kind, do = self.neuron_type, "pass one such as LIF(), or None"
        if kind is not None:
            check.instance(who, "neuron_type", kind, NeuronType, "a neuron type", do)
        if not (isinstance(self.synapse, str) and self.synapse == "path"):
            self._set(synapse=as_synapse(who, self.synapse))
        self._set(
            noise=check.one_of(who, "noise", self.noise, ("auto", "regular", "poisson")),
            weights=check.flag(who, "weights", self.weights),
            dt=None if self.dt is None else check.seconds(who, "dt", self.dt),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        if isinstance(self.synapse, str):
            must, do = "be a filter where no connection has one", "pass seconds such as 0.005"
            check.fail(type(self).__name__, "synapse", must, repr(self.synapse), do)
        return self._solves(A)(self._spikes(Spikes(None, 0.001, LIF())))

    def prepare_readers(self, source: FloatArray | Blocks, rng: np.random.Generator) -> Decodes:
        """Compute ``A.T @ A`` once for all synapses, and factor it once for each."""
        who = type(self).__name__
        if callable(source):
            gram, n_points, top = gram_of(source)
            if not top:
                return super().prepare_readers(source, rng)
            gram /= n_points

            def by_block(spikes: Spikes) -> Decode:
                variance = spikes.variance(self.noise, source(), top)
                solve, info = _factor(gram, variance, _floor(spikes) * top**2, top)
                return by_blocks(who, source, n_points, lambda B: solve(B / n_points), info)

            return self._remember(by_block)
        A = self._checked_activities(who, source)
        solves = self._solves(A)
        return self._remember(lambda spikes: self._decode_by(A, solves(spikes)))

    def _remember(self, decode_for: Decodes) -> Decodes:
        """Cache the factorisation for each filter and target of spikes."""
        remembered = cache(decode_for)
        return lambda spikes: remembered(self._spikes(spikes))

    def _spikes(self, spikes: Spikes) -> Spikes:
        """The filter, step and neuron type of a reader; those of this solver come first."""
        dt, kind = self.dt or spikes.dt, self.neuron_type or spikes.neuron_type
        if not isinstance(self.synapse, str):
            return Spikes(as_synapse("", self.synapse), dt, kind)
        return Spikes(spikes.synapse, dt, kind, spikes.onward)

    def _solves(self, A: FloatArray) -> Callable[[Spikes], Solve]:
        """A function that factors the equations for a filter of the spikes."""
        P, N = A.shape
        top = peak(A)
        gram = A.T @ A if P >= N else np.empty(0)
        gram /= P

        def solve_for(spikes: Spikes) -> Solve:
            variance, floor = spikes.variance(self.noise, [A], top), _floor(spikes)
            if P >= N:
                solve, info = _factor(gram, variance, floor * top**2, top)
                return lambda Y: (solve(A.T @ Y / P), info)
            # With B = A / s the penalty is the same for every row of E = s D.
            scale = np.sqrt(variance + floor * top**2)
            of_scaled, condition = factor_ridge("NoiseMatched", floor, A / scale, float(P))
            figures = {"condition": condition, "variance": variance}
            return lambda Y: (of_scaled(Y) / scale[:, None], figures)

        return solve_for


def _floor(spikes: Spikes) -> float:
    return FLOOR_ONWARD if spikes.onward and spikes.neuron_type.spiking else FLOOR


def _factor(
    gram: FloatArray, variance: FloatArray, floor: float, top: float
) -> tuple[Systems, Info]:
    """Factor the mean Gram matrix with its penalty."""
    penalised = gram.copy()
    penalised.flat[:: len(gram) + 1] += variance + floor
    solve, condition = systems("NoiseMatched", "activities", top, penalised)
    return solve, {"condition": condition, "variance": variance}
