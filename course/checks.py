"""Checks of the exercises: each raises AssertionError with a hint, or prints that it is right.

A check tests laws that hold for every right answer, and runs networks where an answer is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import nefsim as nef

Array = np.ndarray[Any, np.dtype[np.float64]]
Answer = Callable[..., Any]

LIF = nef.LIF()


def close(answer: Any, expected: Any, hint: str, within: float = 1e-9) -> None:
    """Fail with a hint unless two arrays agree."""
    got, wanted = np.asarray(answer, float), np.asarray(expected, float)
    assert got.shape == wanted.shape, f"the shape must be {wanted.shape}, got {got.shape}"
    assert np.allclose(got, wanted, rtol=within, atol=within), hint


# Assignment 1: representation


def rates(answer: Answer) -> None:
    """The rate curve of a LIF neuron."""
    J = np.array([0.0, 0.9, 1.0, 1.1, 2.0, 10.0])
    for taus in ((0.02, 0.002), (0.05, 0.001)):
        expected = nef.LIF(*taus).rates(J)
        got = np.asarray(answer(J, *taus), float)
        assert got.shape == J.shape, "return one rate for each current"
        assert not got[J <= 1].any(), "at and below the threshold of 1 the rate is 0"
        close(got, expected, "1 / (tau_ref + tau_rc log(1 + 1 / (J - 1))) above the threshold")


def gain_bias(answer: Answer) -> None:
    """Gain and bias from the two points of a tuning curve."""
    for rate, intercept in ((100.0, 0.0), (200.0, -0.5), (50.0, 0.7)):
        gain, bias = answer(rate, intercept)
        close(gain * intercept + bias, 1.0, "at the intercept the current is the threshold, 1")
        close(LIF.rates(gain + bias), rate, "at 1 the neuron fires at its maximum rate", 1e-6)


def tuning() -> tuple[Array, Array]:
    """Points, and activities of 40 neurons at them."""
    rng = np.random.default_rng(3)
    x = np.linspace(-1, 1, 100)
    g, b = nef.gain_bias(LIF, rng.uniform(100, 200, 40), rng.uniform(-0.9, 0.9, 40))
    return x, nef.tuning_curves(LIF, x, rng.choice([-1.0, 1.0], 40), g, b)


def decoders(answer: Answer) -> None:
    """Regularised least squares."""
    x, A = tuning()
    for sigma in (5.0, 20.0):
        d = np.asarray(answer(A, x, sigma), float)
        assert d.shape == (40,), "return one decoder for each neuron"
        gradient = A.T @ (A @ d - x) + len(x) * sigma**2 * d
        scale = np.abs(A.T @ x).max()
        assert np.abs(gradient).max() < 1e-8 * scale, "solve (A'A + P sigma² I) d = A'x"


def error_parts(answer: Answer) -> None:
    """Distortion and noise of decoded values."""
    x, A = tuning()
    d = nef.solve_decoders(A, x, reg=0.1)[:, 0]
    distortion, noise = answer(A, d, x, 10.0)
    close(distortion, np.sqrt(np.mean((A @ d - x) ** 2)), "root mean square of A d - x")
    close(noise, 10.0 * np.linalg.norm(d), "sigma times the length of the decoders")


def how_many(answer: int) -> None:
    """Neurons for a quarter of the noise of 100."""
    assert answer == 1600, "noise falls as 1 / sqrt(N): a quarter takes sixteen times as many"


# Assignment 2: signals and spikes


def white_signal(answer: Answer) -> None:
    """A band-limited random signal."""
    u = np.asarray(answer(2.0, 0.001, 0.5, 10.0, np.random.default_rng(0)), float)
    assert u.shape == (2000,), "return one value for each step"
    close(np.sqrt(np.mean(u**2)), 0.5, "the root mean square is rms", 1e-6)
    power, f = np.abs(np.fft.rfft(u)) ** 2, np.fft.rfftfreq(2000, 0.001)
    assert power[f > 10.001].sum() < 1e-9 * power.sum(), "no power above the limit"
    assert np.count_nonzero(power > 1e-6 * power.max()) > 10, "many frequencies below the limit"
    other = np.asarray(answer(2.0, 0.001, 0.5, 10.0, np.random.default_rng(1)), float)
    assert not np.allclose(u, other), "another generator gives another signal"


def spikes(answer: Answer) -> None:
    """A LIF neuron step by step."""
    for J in (0.9, 1.5, 3.0):
        fired = np.asarray(answer(np.full(2000, J), 0.0005), float)
        assert fired.shape == (2000,) and set(np.unique(fired)) <= {0.0, 1.0}, "0 or 1 in each step"
        # Euler's steps of half a millisecond are some per cent off.
        wanted = float(LIF.rates(J))
        assert abs(fired.sum() - wanted) <= 1 + 0.06 * wanted, (
            f"at J = {J} about {wanted:.0f} spikes"
        )
        gaps = np.diff(np.flatnonzero(fired))
        assert not len(gaps) or gaps.min() >= 4, "no spike within 2 ms of another"


def lowpass(answer: Answer) -> None:
    """An exponential filter."""
    pulse = np.zeros(2000)
    pulse[0] = 1000.0  # an area of 1
    for tau in (0.01, 0.1):
        h = np.asarray(answer(pulse, tau, 0.001), float)
        assert h.shape == (2000,), "return one value for each step"
        assert abs(h.sum() * 0.001 - 1) < 0.06, "the area of the response is 1"
        later = round(tau / 0.001)
        assert abs(h[10 + later] / h[10] - np.exp(-1)) < 0.02, "after tau it has fallen to 1/e"


def decoded(answer: Answer) -> None:
    """A value from spikes."""
    rng = np.random.default_rng(0)
    fired, d = (rng.random((300, 4)) < 0.1).astype(float), np.array([1.0, -2.0, 2.0, -1.0])
    expected = nef.Lowpass(0.02).filt(fired / 0.001 @ d, axis=0)
    got = np.asarray(answer(fired, d, 0.02, 0.001), float)
    assert got.shape == (300,), "return one value for each step"
    # Filters may act on a spike in its step or one step later.
    best = min(np.abs(got - expected).max(), np.abs(got[1:] - expected[:-1]).max())
    assert best < 0.1 * np.abs(expected).max(), "filter the sum of decoders of the spikes / dt"


# Assignment 3: transformations


def weights(answer: Answer) -> None:
    """Weights between two populations."""
    rng = np.random.default_rng(0)
    d, e, g = rng.standard_normal((4, 2)), rng.standard_normal((3, 2)), rng.uniform(1, 2, 3)
    close(answer(d, e, g), nef.connection_weights(d, e, g), "gain_j (e_j . d_i), (after, before)")


def run(build: Callable[[nef.Network], Any], seconds: float) -> tuple[Array, Array]:
    """Times, and the value of the object that a function returns."""
    net = nef.Network(seed=2)
    out = build(net)
    assert isinstance(out, (nef.Ensemble, nef.Node)), "return the ensemble (or node) of the result"
    y = net.probe(out, synapse=0.03)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(seconds)
        return sim.time, np.asarray(sim.data[y])


def square(answer: Answer) -> None:
    """A population with the square of another."""
    time, y = run(lambda net: answer(net, net.node(lambda t: np.sin(3 * t))), 2.0)
    assert y.shape[1] == 1, "the result has one dimension"
    error = np.abs(y[300:, 0] - np.sin(3 * (time[300:] - 0.04)) ** 2)
    assert error.mean() < 0.08, "the result is the square of the input"


def combined(answer: Answer) -> None:
    """A weighted sum of two populations."""

    def build(net: nef.Network) -> Any:
        return answer(net, net.node(lambda t: 0.8 * np.sin(2 * t)), net.node(0.3))

    time, y = run(build, 2.0)
    error = np.abs(y[300:, 0] - (0.4 * np.sin(2 * (time[300:] - 0.04)) + 0.6))
    assert error.mean() < 0.06, "the result is half of the first and twice the second"


def multiplied(answer: Answer) -> None:
    """The product of two values."""

    def build(net: nef.Network) -> Any:
        return answer(net, net.node(lambda t: np.sin(2 * t)), net.node(lambda t: np.cos(3 * t)))

    time, y = run(build, 2.0)
    late = time[300:] - 0.045
    assert np.abs(y[300:, 0] - np.sin(2 * late) * np.cos(3 * late)).mean() < 0.08, (
        "the result is the product: one population needs both values to compute it"
    )


# Assignment 4: dynamics


def mapped(answer: Answer) -> None:
    """The matrices of principle 3."""
    A, B = np.array([[0.0, 3.0], [-3.0, -1.0]]), np.array([[1.0], [2.0]])
    recurrent, into = answer(A, B, 0.05)
    close(recurrent, 0.05 * A + np.eye(2), "the recurrent matrix is tau A + I")
    close(into, 0.05 * B, "the input matrix is tau B")


def held(answer: Answer) -> None:
    """An integrator that holds its value."""
    _, y = run(lambda net: answer(net, net.node(lambda t: 2.0 * (0.1 < t <= 0.4))), 1.4)
    assert abs(y[500:700, 0].mean() - 0.6) < 0.12, "after 2.0 for 0.3 s the value is 0.6"
    assert abs(y[1300:, 0].mean() - y[500:700, 0].mean()) < 0.15, "without input the value stays"


def turning(answer: Answer) -> None:
    """An oscillator of a given frequency."""
    for hertz in (1.0, 2.0):
        _, y = run(lambda net, hertz=hertz: answer(net, hertz), 4.0)  # type: ignore[misc]
        assert y.shape[1] == 2, "the oscillator has two dimensions"
        radius = np.linalg.norm(y[1000:], axis=1)
        assert radius.min() > 0.3, "the oscillation must not die out; start it by a pulse"
        angle = np.unwrap(np.arctan2(y[1000:, 1], y[1000:, 0]))
        turns = abs(angle[-1] - angle[0]) / (2 * np.pi) / 3.0
        assert abs(turns / hertz - 1) < 0.1, f"{hertz:g} turns per second, got {turns:.2f}"


def discrete(answer: Answer) -> None:
    """The exact mapping in steps."""
    A, B = np.array([[0.0, 30.0], [-30.0, -5.0]]), np.array([[1.0], [2.0]])
    real = nef.dynamics.realise(A, B, 0.02, 0.001)
    recurrent, into = answer(A, B, 0.02, 0.001)
    close(recurrent, real.recurrent, "(Ad - a I) / (1 - a), a = exp(-dt / tau)", 1e-8)
    close(into, real.inputs[0][0], "Bd / (1 - a), with the input held during a step", 1e-8)


# Assignment 5: learning and symbols


def pes_step(answer: Answer) -> None:
    """A step of PES."""
    rng = np.random.default_rng(0)
    d, a, E = rng.standard_normal((6, 2)), rng.uniform(0, 100, 6), np.array([0.3, -0.2])
    expected = d - 1e-3 * 0.001 / 6 * np.outer(a, E)
    close(answer(d, a, E, 1e-3, 0.001), expected, "d - kappa dt / n  a E, E is actual - target")


def bound(answer: Answer) -> None:
    """Circular convolution."""
    rng = np.random.default_rng(0)
    u, v = rng.standard_normal((2, 7))
    expected = [sum(u[i] * v[(k - i) % 7] for i in range(7)) for k in range(7)]
    close(answer(u, v), expected, "the sum over i of u_i v_(k - i), indices modulo D")


def inverse(answer: Answer) -> None:
    """The approximate inverse."""
    v = np.array([1.0, 2.0, 3.0, 4.0])
    close(answer(v), [1.0, 4.0, 3.0, 2.0], "the first element stays, the others are reversed")


def learned(answer: Answer) -> None:
    """A connection that learns an identity."""

    def build(net: nef.Network) -> Any:
        return answer(net, net.node(lambda t: 0.9 * np.sin(6 * t)))

    time, y = run(build, 6.0)
    ideal = 0.9 * np.sin(6 * (time - 0.04))
    off = np.abs(y[:, 0] - ideal)
    assert off[5000:].mean() < 0.1, "after 5 s the second population follows the first"
    assert off[200:700].mean() > 2 * off[5000:].mean(), "it must learn: the error is large at first"


#: Checks by the number of the exercise.
CHECKS: dict[str, Callable[[Any], None]] = {
    **{"1.1": rates, "1.2": gain_bias, "1.3": decoders, "1.4": error_parts, "1.5": how_many},
    **{"2.1": white_signal, "2.2": spikes, "2.3": lowpass, "2.4": decoded},
    **{"3.1": weights, "3.2": square, "3.3": combined, "3.4": multiplied},
    **{"4.1": mapped, "4.2": held, "4.3": turning, "4.4": discrete},
    **{"5.1": pes_step, "5.2": bound, "5.3": inverse, "5.4": learned},
}


def check(exercise: str, answer: Any) -> None:
    """Check the answer to an exercise and print the result."""
    assert answer is not ..., f"exercise {exercise}: write an answer in place of the dots"
    CHECKS[exercise](answer)
    print(f"exercise {exercise} is right")
