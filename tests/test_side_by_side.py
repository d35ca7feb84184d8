"""Two simulators in two threads, and one inside a node of another, have the records they have
alone."""

from __future__ import annotations

import threading
from typing import Any

import models
import numpy as np
import pytest

import nefsim as nef

# Some networks drive populations beyond their radius; here only records are compared.
pytestmark = pytest.mark.filterwarnings("ignore::nefsim.RadiusWarning")

BACKENDS = [name for name in ("numpy", "numba") if name in nef.backends.available()]

#: Steps of each run, in calls of a few.
N_STEPS, AT_ONCE = 120, 5


def learning(seed: int = 1) -> nef.Network:
    """Noise, a function of Python, a delay, and weights that learn."""
    net = nef.Network(seed=seed)
    u = net.node(lambda t: np.sin(30 * t))
    a = net.ensemble(40, 1, noise=nef.FilteredNoise(0.01))
    b = net.ensemble(30, 1, neuron_type=nef.PoissonSpiking(nef.LIFRate()))
    net.connect(u, a)
    learned = net.connect(a, b, learning_rule=nef.PES(1e-4), delay=0.002)
    net.connect(b, learned.learning_rule)
    for ensemble in (a, b):
        net.probe(ensemble.neurons)
        net.probe(ensemble, synapse=0.01)
    net.probe(learned, "weights")
    return net


NETWORKS = {"learning": learning, **{name: models.MODELS[name] for name in ("square", "views")}}


def simulator(name: str, seed: int, backend: str) -> nef.Simulator:
    return nef.Simulator(NETWORKS[name](seed), backend=backend, progress=False, seed=seed)


def records(sim: nef.Simulator) -> list[np.ndarray]:
    return [np.array(sim.recorded(probe)) for probe in sim.probes]


def alone(name: str, seed: int, backend: str) -> list[np.ndarray]:
    sim = simulator(name, seed, backend)
    for _ in range(N_STEPS // AT_ONCE):
        sim.run_steps(AT_ONCE)
    return records(sim)


def assert_equal(some: list[np.ndarray], others: list[np.ndarray]) -> None:
    assert len(some) == len(others) and any(values.any() for values in some)
    for values, other in zip(some, others, strict=True):
        np.testing.assert_array_equal(values, other)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_simulators_in_two_threads_have_the_records_they_have_alone(
    name: str, backend: str
) -> None:
    expected = [alone(name, seed, backend) for seed in (1, 2)]
    found: dict[int, Any] = {}
    start = threading.Barrier(2, timeout=300.0)

    def run(seed: int) -> None:
        sim = simulator(name, seed, backend)  # builds are side by side, too
        start.wait()
        for _ in range(N_STEPS // AT_ONCE):
            sim.run_steps(AT_ONCE)
        found[seed] = records(sim)

    threads = [threading.Thread(target=run, args=(seed,), daemon=True) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300.0)
    for seed in (1, 2):
        assert_equal(found[seed], expected[seed - 1])


@pytest.mark.parametrize("inner", BACKENDS)
@pytest.mark.parametrize("outer", BACKENDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_simulator_inside_a_node_of_another_has_the_records_it_has_alone(
    name: str, outer: str, inner: str
) -> None:
    sim = simulator(name, 1, inner)

    def inside(t: float) -> float:
        sim.run_steps(AT_ONCE)
        if not sim.n_steps % (5 * AT_ONCE):  # a build within a step of another
            simulator(name, 3, inner).run_steps(2)
        return float(np.sin(9 * t))

    def around(source: Any) -> nef.Network:
        net = learning(seed=2)
        net.connect(net.node(source), net.ensembles[0], synapse=None)
        return net

    whole = nef.Simulator(around(inside), backend=outer, progress=False, seed=2)
    begun = sim.n_steps  # the function was called once to find its size
    while sim.n_steps < N_STEPS:
        whole.run_steps(3)
    plain = nef.Simulator(around(lambda t: np.sin(9 * t)), backend=outer, progress=False, seed=2)
    while plain.n_steps < whole.n_steps:
        plain.run_steps(3)
    assert sim.n_steps == begun + whole.n_steps * AT_ONCE
    assert_equal(records(whole), records(plain))
    expected = alone(name, 1, inner)
    assert_equal(
        [values[: len(e)] for values, e in zip(records(sim), expected, strict=True)], expected
    )
