"""Principle 1 of the NEF: encoders, gains, biases, tuning curves, and connection weights.

The functions of this module act on plain arrays, without a network.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.neurons import Direct, NeuronType

__all__ = [
    "connection_weights",
    "gain_bias",
    "max_rates_intercepts",
    "measure_tuning_curves",
    "response_curves",
    "tuning_curves",
]

Array = NDArray[np.float64]


def _neuron(who: str, neuron: object) -> NeuronType:
    do = "pass a neuron type such as LIF()"
    checked = check.instance(who, "neuron", neuron, NeuronType, "a neuron type", do)
    if isinstance(checked, Direct):
        check.fail(who, "neuron", "have a rate curve", "Direct()", do, TypeError)
    assert isinstance(checked, NeuronType)
    return checked


def gain_bias(
    neuron: NeuronType, max_rates: ArrayLike, intercepts: ArrayLike
) -> tuple[Array, Array]:
    r"""Compute the gain and bias of each neuron from its maximum rate and intercept.

    .. math:: \alpha_i = \frac{J(r_i) - J_0}{1 - c_i}, \qquad
              J^{bias}_i = J_0 - \alpha_i c_i

    The current of a neuron is ``J = gain * (encoder @ x) + bias``.  Two conditions determine
    gain and bias.  At the intercept, ``encoder @ x = c``, the current is the threshold current
    :math:`J_0`, at which firing starts.  At ``encoder @ x = 1`` it is :math:`J(r)`, the current
    at which the neuron fires at its maximum rate r.  For LIF neurons :math:`J_0 = 1` and
    :math:`J(r) = 1/(1 - e^{(\tau_{ref} - 1/r)/\tau_{RC}})`.  Simple NEF programs often call
    :math:`J(r)` ``z`` and write the same equations as ``g = (1 - z)/(c - 1)`` and
    ``b = 1 - g c``.

    Parameters
    ----------
    neuron : NeuronType
        Neuron type, with ``current``, the inverse rate curve, and ``threshold_current``.
    max_rates : (N,) array_like [Hz]
        Firing rate at ``encoder @ x == 1``; below the neuron's rate limit.
    intercepts : (N,) array_like
        Value of ``encoder @ x`` at which firing starts; below 1.

    Returns
    -------
    gain, bias : (N,) ndarray
        In units of current; the threshold current of a LIF neuron is 1.

    Raises
    ------
    ValueError
        If a rate is out of range or an intercept is 1 or more; the message names the neuron.

    See Also
    --------
    max_rates_intercepts : The inverse.
    tuning_curves : Rates with this gain and bias.

    References
    ----------
    Eliasmith & Anderson (2003), Neural Engineering, MIT Press.

    Examples
    --------
    >>> from nefsim import LIF, gain_bias
    >>> gain, bias = gain_bias(LIF(), [100.0], [0.0])
    >>> LIF().rates(gain + bias).round(9)
    array([100.])
    """
    neuron = _neuron("gain_bias", neuron)
    rates = np.atleast_1d(check.array("gain_bias", "max_rates", max_rates))
    cross = np.atleast_1d(check.array("gain_bias", "intercepts", intercepts, low=-1e6))
    lengths = {rates.size, cross.size} - {1}
    if rates.ndim != 1 or cross.ndim != 1 or len(lengths) > 1 or 0 in lengths:
        got = f"shapes {rates.shape} and {cross.shape}"
        check.fail(
            "gain_bias", "max_rates", "have the length of intercepts", got, "pass (N,) of both"
        )
    _check_range(neuron, rates, cross)
    J = neuron.current(rates)
    at_threshold = np.flatnonzero(neuron.threshold_current >= J)
    if len(at_threshold):
        who, i = f"{type(neuron).__name__}.gain_bias", at_threshold[0]
        got = f"{rates[i]:g} Hz (neuron {i}), reached at the threshold itself"
        do = "pass higher rates, in Hz, such as max_rates=(200, 400)"
        check.fail(who, "max_rates", "be reached by a current above the threshold", got, do)
    gain = (J - neuron.threshold_current) / (1.0 - cross)
    return gain, neuron.threshold_current - gain * cross


def _check_range(neuron: NeuronType, rates: Array, intercepts: Array) -> None:
    who = f"{type(neuron).__name__}.gain_bias"
    for wrong, argument, must, value, do in (
        (
            rates >= neuron.rate_limit,
            "max_rates",
            f"be below {_limit_name(neuron)} = {np.min(neuron.rate_limit):g} Hz",
            rates,
            "lower max_rates or tau_ref",
        ),
        (
            rates <= neuron.rate_floor,
            "max_rates",
            f"be above {neuron.rate_floor:g} Hz",
            rates,
            "raise max_rates",
        ),
        (intercepts >= 1.0, "intercepts", "be below 1", intercepts, "lower the intercepts"),
    ):
        if wrong.any():
            i = int(np.flatnonzero(wrong)[0])
            unit = " Hz" if argument == "max_rates" else ""
            check.fail(who, argument, must, f"{value[i]:g}{unit} (neuron {i})", do)


def _limit_name(neuron: NeuronType) -> str:
    return "1/tau_ref" if hasattr(neuron, "tau_ref") else "the rate limit"


def max_rates_intercepts(
    neuron: NeuronType, gain: ArrayLike, bias: ArrayLike
) -> tuple[Array, Array]:
    """Compute maximum rates and intercepts from gains and biases, as inverse of `gain_bias`.

    ``intercept = (threshold_current - bias) / gain``; ``max_rate`` is the firing rate at the
    current ``gain + bias``, without the amplitude.

    Parameters
    ----------
    neuron : NeuronType
        Neuron type of the rate curve.
    gain, bias : (N,) array_like
        Gains above 0, and biases.

    Returns
    -------
    max_rates : (N,) ndarray [Hz]
        Firing rate at ``encoder @ x == 1``.
    intercepts : (N,) ndarray
        Value of ``encoder @ x`` at which firing starts.

    Raises
    ------
    ValueError, TypeError
        If an array is not finite, lengths differ, or a gain is not above 0.

    See Also
    --------
    gain_bias : The inverse.

    Examples
    --------
    >>> from nefsim import LIF, gain_bias
    >>> rates, intercepts = max_rates_intercepts(LIF(), *gain_bias(LIF(), [100.0], [0.25]))
    >>> rates.round(9), intercepts.round(9)
    (array([100.]), array([0.25]))
    """
    who = "max_rates_intercepts"
    neuron = _neuron(who, neuron)
    g = np.atleast_1d(check.array(who, "gain", gain))
    b = np.atleast_1d(check.array(who, "bias", bias))
    if g.ndim != 1 or b.shape != g.shape or not len(g):
        got = f"shapes {g.shape} and {b.shape}"
        check.fail(who, "gain", "have the length of bias", got, "pass (N,) of both")
    if (g <= 0).any():
        check.fail(who, "gain", "be above 0", f"{g.min():g}", "pass gains above 0")
    return neuron.rates(g + b) / neuron.output_per_hertz, (neuron.threshold_current - b) / g


def _currents(
    who: str, x: ArrayLike, encoders: ArrayLike, gain: ArrayLike, bias: ArrayLike, radius: float
) -> Array:
    """Check arguments; return currents ``gain * (x @ encoders.T / radius) + bias``, (P, N)."""
    points = check.array(who, "x", x)
    points = points.reshape(-1, 1) if points.ndim < 2 else points
    rows = check.array(who, "encoders", encoders)
    rows = rows.reshape(-1, 1) if rows.ndim < 2 else rows
    for argument, array in (("x", points), ("encoders", rows)):
        if not array.size:
            check.fail(who, argument, "have at least one row", "none", "pass (N, D) and (P, D)")
    if points.ndim != 2 or rows.ndim != 2 or rows.shape[1] != points.shape[1]:
        got = f"x of shape {points.shape} and encoders of shape {rows.shape}"
        check.fail(who, "encoders", "have as many columns as x", got, "pass (N, D) and (P, D)")
    g = check.array(who, "gain", gain, (len(rows),), "pass one gain per encoder")
    b = check.array(who, "bias", bias, (len(rows),), "pass one bias per encoder")
    scale = check.positive(who, "radius", radius, "pass the largest value to represent")
    return np.asarray(points @ (rows.T / scale) * g + b)


@explained
def tuning_curves(
    neuron: NeuronType,
    x: ArrayLike,
    encoders: ArrayLike,
    gain: ArrayLike,
    bias: ArrayLike,
    radius: float = 1.0,
) -> Array:
    r"""Compute tuning curves: the steady firing rates of neurons at represented values.

    .. math:: a_i(x) = G_i[\alpha_i \, e_i \cdot x / radius + J^{bias}_i]

    Parameters
    ----------
    neuron : NeuronType
        Neuron type with the rate curve G.
    x : (P, D) or (P,) array_like
        Represented values; (P,) are values of one dimension.
    encoders : (N, D) or (N,) array_like
        Preferred directions, of length 1.
    gain, bias : (N,) array_like
        From :func:`gain_bias`.
    radius : float
        Radius of the population: the length of x at which neurons reach their maximum rate.

    Returns
    -------
    (P, N) ndarray [Hz]
        The activities A: a row for each value, a column for each neuron.

    Raises
    ------
    ValueError, TypeError
        If an array is not finite or shapes do not fit.

    See Also
    --------
    measure_tuning_curves : The same by simulation.
    solve_decoders : Decoders from these rates.
    nefsim.plot.tuning_curves : The curves as a figure.

    Examples
    --------
    >>> from nefsim import LIF, gain_bias, tuning_curves
    >>> gain, bias = gain_bias(LIF(), [100.0, 50.0], [0.0, -0.5])
    >>> tuning_curves(LIF(), [-1.0, 1.0], [1, -1], gain, bias).round(6)
    array([[  0.,  50.],
           [100.,   0.]])
    """
    neuron = _neuron("tuning_curves", neuron)
    return neuron.rates(_currents("tuning_curves", x, encoders, gain, bias, radius))


@explained
def response_curves(neuron: NeuronType, x: ArrayLike, gain: ArrayLike, bias: ArrayLike) -> Array:
    r"""Compute the firing rates of each neuron along its encoder.

    .. math:: r_i(x) = G_i[\alpha_i \, x + J^{bias}_i]

    x is the projection of the represented value on each neuron's encoder, divided by the
    radius.  In one dimension the curves of neurons with an encoder of -1 are mirrored, so that
    all curves rise.

    Parameters
    ----------
    neuron : NeuronType
        Neuron type with the rate curve G.
    x : (P,) array_like
        Values along the encoders, in units of the radius; at 1 rates have their maximum.
    gain, bias : (N,) array_like
        From :func:`gain_bias`.

    Returns
    -------
    (P, N) ndarray [Hz]
        A row for each value, a column for each neuron.

    Raises
    ------
    ValueError, TypeError
        If an argument has another shape or is of another kind.

    See Also
    --------
    tuning_curves : Rates at represented values.

    Examples
    --------
    >>> from nefsim import LIF, gain_bias, response_curves
    >>> gain, bias = gain_bias(LIF(), [100.0, 50.0], [0.0, -0.5])
    >>> response_curves(LIF(), [-1.0, 1.0], gain, bias).round(6)
    array([[  0.,   0.],
           [100.,  50.]])
    """
    who = "response_curves"
    neuron = _neuron(who, neuron)
    values = check.array(who, "x", x, (None,), "pass values along the encoders, (P,)")
    g = check.array(who, "gain", gain, (None,), "pass one gain per neuron")
    b = check.array(who, "bias", bias, (len(g),), "pass one bias per neuron")
    for argument, given in (("x", values), ("gain", g)):
        if not given.size:
            check.fail(who, argument, "have at least one element", "none", "pass some")
    return neuron.rates(values[:, None] * g + b)


@explained
def measure_tuning_curves(
    neuron: NeuronType,
    x: ArrayLike,
    encoders: ArrayLike,
    gain: ArrayLike,
    bias: ArrayLike,
    radius: float = 1.0,
    seconds: float = 0.5,
    dt: float = 0.001,
    rng: np.random.Generator | int | None = None,
) -> Array:
    """Measure tuning curves by simulation of neurons at constant represented values.

    Neurons start at random voltages and run for ``seconds``.  The rate is the sum of the output
    times ``dt / seconds``, so one spike more or less changes it by ``1 / seconds`` Hz.
    :func:`tuning_curves` is exact.

    Parameters
    ----------
    neuron, x, encoders, gain, bias, radius
        As for :func:`tuning_curves`.
    seconds : float [s]
        Duration of the run.
    dt : float [s]
        Time step.
    rng : Generator, int or None
        Random generator of the initial voltages, or a seed for one.

    Returns
    -------
    (P, N) ndarray [Hz]

    Raises
    ------
    ValueError, TypeError
        If an array is not finite, shapes do not fit, or the run is shorter than a step.

    See Also
    --------
    tuning_curves : The same in closed form.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import LIF, gain_bias
    >>> gain, bias = gain_bias(LIF(), [100.0], [0.0])
    >>> A = measure_tuning_curves(LIF(), [-1.0, 1.0], [1], gain, bias, seconds=1.0, rng=0)
    >>> bool(abs(A[1, 0] - 100.0) <= 1.0)
    True
    """
    who = "measure_tuning_curves"
    neuron = _neuron(who, neuron)
    J = _currents(who, x, encoders, gain, bias, radius)
    step = check.seconds(who, "dt", dt)
    length = check.seconds(who, "seconds", seconds)
    n_steps = check.integer(who, "seconds", round(length / step), "run at least one step", 1)
    generator = check.generator(who, rng)
    initial = {
        name: generator.uniform(*start, J.shape)
        if isinstance(start, tuple)
        else np.full(J.shape, float(start))
        for name, start in neuron.initial_state.items()
    }
    state = neuron.start(initial, step)
    out, total = np.zeros_like(J), np.zeros_like(J)
    for _ in range(n_steps):
        neuron.step(J, state, step, out, generator)
        total += out
    return total / n_steps


def connection_weights(
    decoders: ArrayLike, post_encoders: ArrayLike, post_gain: ArrayLike
) -> Array:
    r"""Compute full connection weights from decoders, encoders and gains.

    .. math:: \omega_{ji} = \alpha_j \, e_j \cdot d_i

    The weights (M, N) are the product of the encoders of population B, (M, D), and the decoders
    of population A, (D, N).  They include the gains, so the current of B is
    ``J_B = weights @ a_A + bias_B``.  (If a program's weights do not include the gains, it must
    multiply the sum by them before it adds the bias.)

    Parameters
    ----------
    decoders : (N, D) array_like [value / Hz]
        Decoders of the presynaptic population.
    post_encoders : (M, D) array_like
        Encoders of the postsynaptic population; divide them by its radius if that is not 1.
    post_gain : (M,) array_like
        Gains of the postsynaptic population.

    Returns
    -------
    (M, N) ndarray [current / Hz]

    Raises
    ------
    ValueError, TypeError
        If an array is not finite or shapes do not fit.

    See Also
    --------
    solve_decoders : Decoders.
    gain_bias : Gains.
    nefsim.plot.weight_matrix : The weights as an image.

    Examples
    --------
    >>> connection_weights([[0.01], [0.02]], [[1.0], [-1.0], [1.0]], [2.0, 1.0, 0.5])
    array([[ 0.02 ,  0.04 ],
           [-0.01 , -0.02 ],
           [ 0.005,  0.01 ]])
    """
    who = "connection_weights"
    D = check.array(who, "decoders", decoders, (None, None), "pass decoders of shape (N, D)")
    do = "pass encoders of shape (M, D) with the D of the decoders"
    E = check.array(who, "post_encoders", post_encoders, (None, D.shape[1]), do)
    gain = check.array(who, "post_gain", post_gain, (len(E),), "pass one gain per post encoder")
    return np.asarray((gain[:, None] * E) @ D.T)
