"""Decoders that are solved from simulated spikes over time, for one or more synapses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.algebra import Array
from nefsim.solvers import LstsqL2, NoSolver, Solver
from nefsim.synapses import Synapse, as_synapse


def temporal_decoders(
    spikes: ArrayLike,
    targets: ArrayLike,
    synapses: float | Synapse | Sequence[float | Synapse],
    dt: float = 0.001,
    *,
    solver: Solver | None = None,
    skip: float = 0.0,
) -> list[Array]:
    r"""Solve for decoders of filtered spikes that a simulation recorded.

    .. math:: \sum_j \sum_i (h_j * s_i)(t)\, d_{ij} \approx y(t)

    Decoders d minimise the squared error over the steps of the run.  Unlike decoders from rate
    curves, they account for the noise of spikes and for the delays of filters and neurons.
    With several synapses h, the sum over j is a decoding filter for each neuron.

    Parameters
    ----------
    spikes : (T, N) array_like [Hz]
        Spikes or rates of N neurons, as a probe of ``ensemble.neurons`` records them.
    targets : (T, k) or (T,) array_like
        The desired signal y in each step, without the step of delay of a connection.
    synapses : float [s], Synapse, or sequence of them
        One or more synapses; a number is the time constant of a :class:`Lowpass`.
    dt : float [s]
        Time step of the rows.
    solver : Solver, optional
        Solver for the decoders; by default ``LstsqL2(reg=0.01)``.
    skip : float [s]
        Beginning of the run to leave out, in which filters start from rest.

    Returns
    -------
    list of (N, k) ndarray
        Decoders for each synapse.

    Raises
    ------
    ValueError
        If the shapes do not match, or ``skip`` is longer than the run.
    TypeError
        If a synapse is not a synapse, or the solver not a solver.

    See Also
    --------
    temporal_solver : The same for one synapse, as a solver of a connection.
    optimal_filter : The best filter of a signal, which need not be causal.

    References
    ----------
    Eliasmith, C. and Anderson, C. H. (2003). Neural Engineering. MIT Press, chapter 4.

    Examples
    --------
    >>> from nefsim import Lowpass, Lstsq
    >>> spikes = np.eye(200)[:, :1] / 0.001
    >>> wanted = 2 * Lowpass(0.01).filt(spikes)
    >>> [decoders] = temporal_decoders(spikes, wanted, 0.01, solver=Lstsq())
    >>> decoders.round(9)
    array([[2.]])
    """
    who = "temporal_decoders"
    step = check.seconds(who, "dt", dt)
    raw = check.array(who, "spikes", spikes, (None, None), "pass a row for each step")
    wanted = check.array(who, "targets", targets, do="pass a row for each step")
    wanted = wanted[:, None] if wanted.ndim == 1 else wanted
    wanted = check.array(who, "targets", wanted, (len(raw), None), "pass a row for each step")
    several = isinstance(synapses, (list, tuple))
    filters = [_filter(who, one) for one in (synapses if several else [synapses])]  # type: ignore[union-attr]
    if not filters:
        check.fail(who, "synapses", "hold a synapse", "none", "pass seconds or synapses")
    first = round(check.seconds(who, "skip", skip, zero=True) / step)
    if first >= len(raw) or not raw.size:
        got = f"{len(raw)} steps, of which {first} are skipped"
        check.fail(who, "spikes", "be a run that is longer than skip", got, "run for longer")
    do = "pass one such as LstsqL2(reg=0.01)"
    chosen = LstsqL2(reg=0.01) if solver is None else solver
    check.instance(who, "solver", chosen, Solver, "a solver", do)
    filtered = np.hstack([h.filt(raw, step)[first:] for h in filters])
    decoders, _ = chosen(filtered, wanted[first:])
    return np.split(decoders, len(filters))


def temporal_solver(
    spikes: ArrayLike,
    targets: ArrayLike,
    synapse: float | Synapse,
    dt: float = 0.001,
    *,
    solver: Solver | None = None,
    skip: float = 0.0,
) -> NoSolver:
    """Solve for decoders of simulated spikes, and return a solver to pass to a connection.

    Parameters
    ----------
    spikes, targets, synapse, dt, solver, skip
        As for :func:`temporal_decoders`, with one synapse: that of the connection.

    Returns
    -------
    NoSolver
        Pass it as ``solver`` to ``Network.connect``, with a function that has as many outputs as
        ``targets``.  The ensemble must have the tuning curves of the simulation.

    Raises
    ------
    ValueError, TypeError
        As for :func:`temporal_decoders`.

    Examples
    --------
    >>> from nefsim import Lowpass, Lstsq
    >>> spikes = np.eye(200)[:, :1] / 0.001
    >>> wanted = 2 * Lowpass(0.01).filt(spikes)
    >>> temporal_solver(spikes, wanted, 0.01, solver=Lstsq()).values.round(9)
    array([[2.]])
    """
    (decoders,) = temporal_decoders(spikes, targets, [synapse], dt, solver=solver, skip=skip)
    return NoSolver(decoders)


def optimal_filter(
    response: ArrayLike, target: ArrayLike, dt: float = 0.001, *, window: float = 1.0
) -> tuple[Array, Array]:
    r"""Find the filter that best reconstructs a signal from a response, by their spectra.

    .. math:: H(\omega) = \frac{\langle X(\omega) R^*(\omega) \rangle}
              {\langle |R(\omega)|^2 \rangle}

    Averages are over windows of the run.  The filter may use later values of the response.

    Parameters
    ----------
    response : (T,) array_like
        The response, with the spectrum R, such as decoded spikes without a synapse.
    target : (T,) array_like
        The signal, with the spectrum X.
    dt : float [s]
        Time step of the rows.
    window : float [s]
        Length of the windows and of the filter, at most that of the run.

    Returns
    -------
    lags : (L,) ndarray [s]
        Lag of each tap; negative for later values of the response.
    taps : (L,) ndarray
        The filter: the signal is about the sum of ``taps * response(t - lags)``.

    Raises
    ------
    ValueError
        If the shapes do not match, the window is longer than the run, or the response is 0.

    See Also
    --------
    temporal_decoders : The best combination of causal filters.

    References
    ----------
    Eliasmith, C. and Anderson, C. H. (2003). Neural Engineering. MIT Press, section 4.2.

    Examples
    --------
    The best filter of a response that lags by 5 steps uses values 5 steps later:

    >>> x = np.random.default_rng(0).standard_normal(20000)
    >>> lags, taps = optimal_filter(np.roll(x, 5), x, window=0.1)
    >>> float(lags[taps.argmax()].round(9))
    -0.005
    """
    from scipy.signal import csd

    who = "optimal_filter"
    do = "pass a number for each step"
    r = check.array(who, "response", response, (None,), do)
    x = check.array(who, "target", target, (len(r),), do)
    step = check.seconds(who, "dt", dt)
    n = round(check.seconds(who, "window", window) / step)
    if n < 2 or n > len(r):
        got = f"{n} steps of {len(r)}"
        check.fail(who, "window", "be 2 steps to the whole run", got, "change the window")
    both, power = (csd(r, other, nperseg=n, detrend=False)[1] for other in (x, r))
    if not power.real.max() > 0:
        check.fail(who, "response", "be other than 0", "0 in every step", "let it respond")
    with np.errstate(divide="ignore", invalid="ignore"):
        taps = np.fft.irfft(np.where(power.real > 0, both / power.real, 0.0), n)
    lags = np.fft.fftfreq(n, 1 / (n * step))
    order = np.argsort(lags)
    return np.asarray(lags[order]), taps[order]


def _filter(who: str, synapse: Any) -> Synapse:
    checked = as_synapse(who, synapse, "synapses")
    if checked is None:
        do = "pass seconds or a synapse such as Lowpass(0.1)"
        check.fail(who, "synapses", "be filters", "None", do, TypeError)
    return checked
