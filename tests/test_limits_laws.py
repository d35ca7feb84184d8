"""Limits of arguments of analysis, budgets, dynamics, ready networks and training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import analysis, dynamics, networks

TINY = 1e-30


def ready(kind: str, *arguments: Any, **options: Any) -> Any:
    return getattr(networks, kind)(nef.Network(seed=1), *arguments, **options)


def rule(spikes: Any, *_: Any) -> Any:
    return np.zeros(len(spikes)) if np.ndim(spikes) else 0.0


def power(times: Any) -> Any:
    return dynamics.LinearSystem([[-1.0]], [[1.0]], [[1.0]], [[0.0]]) ** times


def shut(sign: Any) -> Any:
    one = dynamics.LinearSystem([[-1.0]], [[1.0]], [[1.0]], [[0.0]])
    return one.feedback(one, sign)


def reached(order: Any) -> Any:
    one = dynamics.LinearSystem([[-1.0]], [[1.0]], [[1.0]], [[0.0]])
    return dynamics.truncate(one, order)


def whitening(**options: Any) -> Any:
    x = np.random.default_rng(0).normal(size=(20, 3))
    return nef.Whitening.fit(x, **options)


CURVE = (nef.LIF(), [0.0], [[1.0]], [1.0], [2.0])

#: A name, a call with the value, values allowed at a limit, and values refused beyond it.
LIMITS: list[tuple[str, Callable[[Any], Any], list[Any], list[Any]]] = [
    ("n_classes", lambda v: analysis.confusion_matrix([0, 1], [1, 2], v), [3], [2, 10**4 + 1]),
    (
        "seconds of curves",
        lambda v: nef.encoding.measure_tuning_curves(*CURVE, seconds=v),
        [0.001],
        [0.0004],
    ),
    ("noise", nef.svd_basis(nef.Network(seed=1).ensemble(9, 1)).count, [0.0], [-TINY]),
    ("dimensions", lambda v: nef.size_for(None, 9.0, v), [], [0, 1001]),
    ("most", lambda v: nef.size_for(None, 0.5, most=v), [10], [9, 10**5 + 1]),
    ("n_neurons", lambda v: nef.size_for(None, 2.0, n_neurons=v), [2], [1, 10**5 + 1]),
    ("seed", lambda v: nef.size_for(None, 0.5, seed=v), [0], [-1, 2**32 + 1]),
    ("rmse", lambda v: nef.size_for(None, v), [], [0.0]),
    ("budget", lambda v: nef.error_budget(nef.Network(), seconds=v), [0.010], [0.009]),
    ("legendre order", lambda v: dynamics.legendre(v, 1.0), [1], [0]),
    ("legendre theta", lambda v: dynamics.legendre(2, v), [1e-9], [0.0]),
    ("pade order", lambda v: dynamics.pade_readout(v, 1.0), [1, 30], [0, 31]),
    ("times", power, [0, 1, 1000], [-1, 1001]),
    ("sign", shut, [-1, 1], [-2, 0, 2]),
    ("order of a reduced system", reached, [0, 1], [-1, 2]),
    ("reg of whitening", lambda v: whitening(reg=v), [0.0], [-TINY]),
    ("n_components", lambda v: whitening(n_components=v), [1, 3], [0, 4]),
    ("stream seed", nef.sampling.stream, [0, 2**64 - 1], [-1, 2**64]),
    ("stream key", lambda v: nef.sampling.stream(1, v), [0, 2**32 - 1], [-1, 2**32]),
    ("excitatory", nef.Dale, [0.0, 1.0], [-TINY, 1.01]),
    ("reg of Dale", lambda v: nef.Dale(reg=v), [0.0], [-TINY]),
    ("seed of Dale", lambda v: nef.Dale(seed=v), [0], [-1]),
    ("thalamus", lambda v: ready("thalamus", 2, threshold=v), [-0.99, 0.99], [-1.01, 1.01]),
    ("decision", lambda v: ready("decision", 20, v), [0.0], [-TINY]),
    ("frequency", lambda v: ready("oscillator", 20, v), [1e4, -1e4], [1.1e4, -1.1e4]),
    ("growth", lambda v: ready("oscillator", 20, 1.0, growth=v), [0.0], [-TINY]),
    (
        "growth under control",
        lambda v: ready("controlled_oscillator", 20, 1.0, growth=v),
        [0.0],
        [-TINY],
    ),
    ("spectral_radius", lambda v: ready("reservoir", 20, 1, v), [0.0], [-TINY]),
    ("density", lambda v: ready("reservoir", 20, 1, density=v), [1.0], [0.0, 1.01]),
    (
        "seed of a reservoir",
        lambda v: ready("reservoir", 20, 1, seed=v),
        [0, 2**64 - 1],
        [-1, 2**64],
    ),
    ("thresholding", lambda v: ready("thresholding", 20, 1, v), [0.0], [-TINY]),
    ("winner", lambda v: ready("winner_take_all", 20, 2, threshold=v), [], [-TINY, 1.01]),
    ("inhibition", lambda v: ready("winner_take_all", 20, 2, inhibition=v), [0.0], [-TINY]),
    ("lag", lambda v: ready("system", 20, [[-0.1]], [[1.0]], lag=v), [-0.1, 0.1], [-0.11, 0.11]),
    ("rate", lambda v: analysis.stdp_curve(rule, [0.0], rate=v), [], [0.9e-3, 1001.0]),
    ("n_pairings", lambda v: analysis.stdp_curve(rule, [0.0], n_pairings=v), [], [0, 10**6 + 1]),
    ("pairs", lambda v: analysis.frequency_curve(rule, [9.0], n_pairings=v), [], [0, 10**6 + 1]),
]


@pytest.mark.parametrize(
    ("make", "allowed", "refused"), [x[1:] for x in LIMITS], ids=[x[0] for x in LIMITS]
)
def test_a_limit_is_where_the_description_says(
    make: Callable[[Any], Any], allowed: list[Any], refused: list[Any]
) -> None:
    for value in allowed:
        make(value)
    for value in refused:
        with pytest.raises(ValueError, match=r" must .*, got "):
            make(value)


@pytest.mark.parametrize("name", ["tau_pre", "tau_post"])
def test_filters_of_learning_curves_are_of_a_step_to_a_million_seconds(name: str) -> None:
    for value, words in ((0.0009, "at least 0.001"), (1.1e6, "at most 1e\\+06")):
        with pytest.raises(ValueError, match=f"stdp_curve: {name} must be {words}, got"):
            analysis.stdp_curve(rule, [0.01], dt=0.001, **{name: value})


@pytest.mark.parametrize("name", ["neurons", "output_neurons", "train", "test", "epochs"])
def test_numbers_of_the_mnist_experiment_are_above_0(name: str) -> None:
    from nefsim.mnist.settings import Settings

    for value in (1, 10**7):
        assert getattr(Settings(**{name: value}), name) == value
    for value in (0, 10**7 + 1):
        with pytest.raises(ValueError, match=f"mnist: {name} must be"):
            Settings(**{name: value})


def test_softness_and_noise_of_training_have_limits() -> None:
    pytest.importorskip("torch")
    from nefsim import train

    net = nef.Network(seed=1)
    a = net.ensemble(5, 1)
    net.connect(net.node(np.sin), a)
    net.probe(a)
    for name, allowed, refused in (
        ("sigma", (1e-6, 1e6), (0.9e-6, 1.1e6, 0.0, -1e-7)),
        ("noise", (0.0,), (-TINY,)),
    ):
        for value in allowed:
            assert getattr(train.NEF(net, **{name: value}), name) == value
        for value in refused:
            with pytest.raises(ValueError, match=f"NEF: {name} must be"):
                train.NEF(net, **{name: value})


@pytest.mark.parametrize("shape", [(0, 0), (2,), (2, 3), (1, 1, 1), (0, 2)])
def test_a_system_has_a_square_matrix_of_at_least_one_state(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"A must have shape \(q, q\), got shape"):
        dynamics.realise(np.zeros(shape), None, 0.1)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_filter_of_many_poles_keeps_the_states_of_all_elements(backend: str) -> None:
    """Three poles are stepped by their state; each element has states of its own."""
    if backend == "numba":
        pytest.importorskip("numba")
    slow = nef.LinearFilter([1.0], np.poly([-20, -40, -60]) / 48000)
    net = nef.Network(seed=1)
    u = net.node(nef.WhiteSignal(1.0, 20.0, seed=3), size_out=4)
    y, x = net.probe(u, synapse=slow), net.probe(u)
    with nef.Simulator(net, backend=backend, progress=False) as sim:
        sim.run_steps(150)
    # The filter of a probe acts a step later; sums are in another order.
    np.testing.assert_allclose(sim.data[y][1:], slow.filt(sim.data[x])[:-1], rtol=0, atol=1e-12)
    assert (np.abs(sim.data[y]).max(axis=0) > 0.05).all()


@pytest.mark.parametrize(("tau_rc", "by_time"), [(1e-5, True), (2.4e-5, True), (0.02, False)])
def test_a_refractory_factor_that_would_overflow_is_a_time(tau_rc: float, by_time: bool) -> None:
    """The factor exp(t / tau_rc) is used up to exp(80); here t is tau_ref and a step, 2 ms."""
    initial = {"voltage": np.zeros(2), "refractory_time": np.array([0.0, 1e-3])}
    for wait, late in ((1e-3, by_time), (81 * tau_rc, True), (79 * tau_rc, by_time)):
        initial["refractory_time"][1] = wait
        state = nef.LIF(tau_rc=tau_rc, tau_ref=0.001).start(initial, 0.001)
        assert ("refractory_time" in state) == late
        name = "refractory_time" if late else "refractory_factor"
        expected = initial["refractory_time"] if late else np.exp(np.array([0.0, wait]) / tau_rc)
        np.testing.assert_array_equal(state[name], expected)


def test_a_fourier_signal_has_its_base_frequency_or_more() -> None:
    for high in (1.0, 1.5):
        nef.FourierSignal(1.0, high)
    for high in (0.999, 0.6, 0.4):
        with pytest.raises(ValueError, match="FourierSignal: high must be at least base = 1 Hz"):
            nef.FourierSignal(1.0, high)


@pytest.mark.parametrize("backend", ["numpy", "numba", "nengo"])
def test_single_steps_are_those_of_a_run_on_each_back_end(backend: str) -> None:
    if backend != "numpy":
        pytest.importorskip(backend)
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    net.connect(net.node(np.sin), a)
    y, s = net.probe(a, synapse=0.01), net.probe(a.neurons)
    one, whole = (nef.Simulator(net, backend=backend, progress=False) for _ in range(2))
    whole.run_steps(30)
    for k in range(30):
        one.step()
        assert one.n_steps == k + 1
    assert np.array_equal(one.data[s], whole.data[s])
    # Sums in another order.
    np.testing.assert_allclose(one.data[y], whole.data[y], rtol=0, atol=1e-12)
