"""The loop of both back ends: the operations that may fail, and recovery."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.backends import available, engine
from nefsim.backends.engine import Engine, can_fail
from nefsim.backends.vectorised import learning
from nefsim.lowering import build

BACKENDS = [name for name in ("numpy", "numba") if name in available()]


@dataclass(frozen=True, eq=False)
class OtherLIF(nef.LIF):
    """A neuron type of a user."""


@dataclass(frozen=True, eq=False)
class OtherRate(nef.LIFRate):
    """Rates of a user."""


def _fed(add: Callable[[nef.Network, nef.Ensemble], object]) -> nef.Network:
    """Two populations and an input that calls nothing, and one more part."""
    net = nef.Network(seed=1)
    a, b = net.ensemble(20, 1), net.ensemble(20, 1, neuron_type=nef.AdaptiveLIF())
    net.connect(net.node(0.5), a)
    net.connect(a, b, function=np.square)
    net.connect(b, b, synapse=0.1)
    net.probe(b.neurons)
    add(net, a)
    return net


def _learning(net: nef.Network, a: nef.Ensemble) -> None:
    learned = net.connect(a, net.node(size_in=1), learning_rule=nef.PES())
    net.connect(a, learned.learning_rule)


PARTS: dict[str, Callable[[nef.Network, nef.Ensemble], object]] = {
    "function": lambda net, a: net.connect(a, net.node(lambda t, x: x, size_in=1)),
    "process": lambda net, a: net.connect(net.node(nef.WhiteNoise()), a),
    "neuron type": lambda net, a: net.ensemble(20, 1, neuron_type=OtherLIF()),
    "rates": lambda net, a: net.ensemble(20, 1, neuron_type=nef.PoissonSpiking(OtherRate())),
    "learning": _learning,
}


@pytest.mark.parametrize("name", PARTS)
def test_functions_processes_and_types_of_users_and_rules_may_fail(name: str) -> None:
    program = build(_fed(PARTS[name]), 0.001, 1).program
    assert any(map(can_fail, program.ops))


def test_sums_filters_and_neurons_of_the_package_cannot_fail() -> None:
    program = build(_fed(lambda net, a: None), 0.001, 1).program
    assert not any(map(can_fail, program.ops))


# Weights that learn in place, without a copy before each chunk

RULES = {
    "hpes": nef.HPES(1e-6),
    "oja": nef.Oja(1e-7),
    "bcm": nef.BCM(1e-10),
}


class Faulty:
    """A function that fails at one step, until it is repaired."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self, t: float, *x: Any) -> float:
        if round(t * 1000) == round(self.at * 1000):
            raise OSError("broken")
        return float(np.sin(20 * t))


def _full(rule: nef.LearningRule, before: Any, after: Any = None) -> tuple[Any, ...]:
    """Full weights that learn, an input before them, and a function of their values after them."""
    net = nef.Network(seed=1)
    a, b = net.ensemble(40, 1), net.ensemble(30, 1)
    net.connect(net.node(before, size_out=1), a)
    learned = net.connect(a, b, solver=nef.LstsqL2(weights=True), learning_rule=rule)
    if rule.needs_error:
        error = nef.Piecewise({0.0: 0.5, 0.08: -0.5})
        net.connect(net.node(error, size_out=1), learned.learning_rule)
    if after is not None:
        net.connect(b, net.node(after, size_in=1))
    probes = net.probe(b.neurons), net.probe(b), net.probe(learned, "weights", sample_every=0.01)
    return net, learned, probes


def _in_place(sim: nef.Simulator) -> bool:
    """Whether the weights of a simulator have no copy."""
    running: Engine = sim._run.__self__  # type: ignore[attr-defined]
    return any(report.in_place for report in running.reports.values())


def _assert_same(one: nef.Simulator, other: nef.Simulator, learned: Any, probes: Any) -> None:
    """Equal spikes; NumPy may round products of chunks of another length differently."""
    assert one.n_steps == other.n_steps
    rtol = 0.0 if one.backend == "numba" else 1e-12
    np.testing.assert_array_equal(*(sim.data[probes[0]] for sim in (one, other)))
    for of in (*probes[1:], learned):
        actual, expected = (
            sim.data[of].weights if of is learned else sim.data[of] for sim in (one, other)
        )
        atol = rtol * np.abs(expected).max()
        np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", RULES)
def test_a_run_goes_on_after_a_function_has_failed_before_or_after_the_weights(
    name: str, backend: str
) -> None:
    for place in ("before", "after"):
        faulty = Faulty(0.05)
        functions = {"before": np.sin, "after": None} | {place: faulty}
        net, learned, probes = _full(RULES[name], **functions)
        sim = nef.Simulator(net, backend=backend)
        assert _in_place(sim) == (place == "before")
        with pytest.raises(OSError, match="broken"):
            sim.run(0.1)
        faulty.at = -1.0
        direct = nef.Simulator(net, backend=backend)
        direct.run(0.049)
        _assert_same(sim, direct, learned, probes)
        sim.run(0.1)
        direct.run(0.1)
        _assert_same(sim, direct, learned, probes)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", RULES)
def test_a_handler_that_raises_after_the_steps_of_a_chunk_loses_none_of_them(
    name: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, learned, probes = _full(RULES[name], nef.WhiteSignal(1.0, 5.0))
    sim, direct = (nef.Simulator(net, backend=backend) for _ in range(2))
    sim.run(0.01)

    def alarm(_: Engine) -> None:
        raise TimeoutError

    with monkeypatch.context() as patch, pytest.raises(TimeoutError):
        patch.setattr(Engine, "stop_if_diverged", alarm)
        sim.run(0.1)
    assert sim.n_steps == 110
    direct.run_steps(110)
    _assert_same(sim, direct, learned, probes)
    sim.run(0.1)
    direct.run(0.1)
    _assert_same(sim, direct, learned, probes)


@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"dtype": "float32"}], ids=str)
@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_that_diverge_stay_those_of_the_last_good_step(
    backend: str, options: dict[str, Any]
) -> None:
    net, learned, probes = _full(nef.HPES(1e-6), 0.5)
    net.connect(net.node(nef.Piecewise({0.0: 0.0, 0.12: 1e20}), size_out=1), learned.learning_rule)
    sim, direct = (nef.Simulator(net, backend=backend, **options) for _ in range(2))
    assert _in_place(sim) == ("batch_size" not in options)
    sim.run(0.05)
    with pytest.raises(
        ValueError, match=r"must stay below 1e\+09, got larger ones or none"
    ) as error:
        sim.run(1.0)
    assert 120 <= sim.n_steps < 130
    assert f"at t = {(sim.n_steps + 1) * 0.001:g} s" in str(error.value)
    assert np.abs(sim.data[learned].weights).max() < 1e9
    direct.run_steps(sim.n_steps)
    _assert_same(sim, direct, learned, probes)
    sim.data[learned].weights = np.zeros((30, 40))  # a run can go on from weights that are set


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_step_at_which_weights_diverge_does_not_depend_on_the_cuts_of_a_run(
    backend: str,
) -> None:
    times = []
    for n in (1, 7, 1000):
        net, _, _ = _full(nef.Oja(1e6, beta=0.0), 0.5)
        sim = nef.Simulator(net, backend=backend)
        with pytest.raises(ValueError, match="must stay below") as error:
            for _ in range(0, 1000, n):
                sim.run_steps(n)
        times.append(str(error.value))
    assert len(set(times)) == 1


@pytest.mark.parametrize("rule", [nef.Oja(1e-9), nef.BCM(1e-12), nef.PES(1e-9)], ids=repr)
@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_take_the_memory_of_one_matrix(
    backend: str, rule: nef.LearningRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most 1.2 times their size, on top of the weights that the network is described with."""
    # Rows of signals do not count here.
    monkeypatch.setattr(engine, "MOST_NUMBERS", 50_000)
    if backend == "numba":
        from nefsim.backends.compiled import plan

        monkeypatch.setattr(plan, "ROWS_IN_CACHE", 50_000)
    n = 1000
    net = nef.Network(seed=1)
    few: dict[str, Any] = {"n_eval_points": 50, "gain": 1.5, "bias": 1.0}
    a, b = net.ensemble(n, 1, **few), net.ensemble(n, 1, **few)
    net.connect(net.node(0.5), a)
    weights = np.random.default_rng(1).normal(size=(n, n)) * 1e-6
    learned = net.connect(a.neurons, b.neurons, transform=weights, learning_rule=rule)
    if rule.needs_error:
        net.connect(net.node(0.1), learned.learning_rule)
    nef.Simulator(net, backend=backend).run(0.002)  # modules that are imported do not count
    tracemalloc.start()
    try:
        sim = nef.Simulator(net, backend=backend)
        sim.run(0.02)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.2 * weights.nbytes


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_product_of_few_inputs_is_that_of_all(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NumPy multiplies only the weights of inputs that are not 0, some at a time."""
    monkeypatch.setattr(learning, "BLOCK", 1000)  # five neurons
    net = nef.Network(seed=1)
    a, b = net.ensemble(300, 1), net.ensemble(200, 1)
    weights = np.random.default_rng(1).normal(size=(200, 300)) * 1e-3
    net.connect(net.node(0.4), a)
    learned = net.connect(
        a.neurons, b.neurons, transform=weights, synapse=None, learning_rule=nef.BCM(0.0)
    )
    spikes, carried = net.probe(a.neurons), net.probe(learned, synapse=None)
    sim = nef.Simulator(net, backend=backend)
    sim.run(0.05)
    expected = sim.data[spikes] @ weights.T
    np.testing.assert_allclose(sim.data[carried], expected, rtol=0, atol=1e-12 * expected.max())
