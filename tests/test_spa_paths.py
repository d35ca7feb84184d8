"""Path integration, and a memory of things at places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_nonsense import SENTENCE

import nefsim as nef
from nefsim import spa

SPACE = spa.HexagonalSSP(2, 3, 2, length_scale=0.4)

#: Step of the simulations [s].
DT = 0.001


def test_a_velocity_moves_the_vector_exactly_without_neurons() -> None:
    net = nef.Network(seed=1)
    start, velocity = np.array([-0.4, 0.3]), np.array([0.8, -0.5])
    here = spa.path_integrator(
        net, SPACE, 1, max_speed=1.0, start=start, tau=0.05, neuron_type=nef.Direct()
    )
    moves = nef.Piecewise({0.0: [0.0, 0.0], 0.1: velocity, 0.6: [0.0, 0.0]})
    net.connect(net.node(moves), here.velocity, synapse=None)
    probe = net.probe(here.output)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(2.0)
    # Amplitudes are set within 50 ms, and then approach 1 at the rate of 10 per second.
    np.testing.assert_allclose(sim.data[probe][99], SPACE.encode(start), rtol=0, atol=0.02)
    end = start + 0.5 * velocity
    np.testing.assert_allclose(sim.data[probe][-1], SPACE.encode(end), rtol=0, atol=2e-3)


def test_a_correction_is_added_to_the_derivative() -> None:
    net = nef.Network(seed=1)
    here = spa.path_integrator(net, SPACE, 1, growth=1e-9, neuron_type=nef.Direct())
    push = SPACE.encode([0.3, 0.1]) - 1 / SPACE.dimensions
    net.connect(net.node(nef.Piecewise({0.0: 0 * push, 0.5: push})), here.correction, synapse=None)
    probe = net.probe(here.output)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(1.5)
    moved = sim.data[probe][-1] - sim.data[probe][499]
    # One second of the push; a vector without a mean is that of its frequencies.
    np.testing.assert_allclose(moved, push - push.mean(), rtol=0, atol=5e-3)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_path_is_integrated_in_spikes(seed: int) -> None:
    net = nef.Network(seed=seed)
    t = np.arange(0, 6, DT)
    path = 0.7 * np.stack([np.sin(1.1 * t), np.cos(0.9 * t) - 1], axis=1) + [0.0, 0.7]
    velocity = np.gradient(path, DT, axis=0)
    here = spa.path_integrator(net, SPACE, 400, start=path[0])
    net.connect(net.node(nef.PresentInput(velocity, DT)), here.velocity, synapse=None)
    probe = net.probe(here.output, synapse=0.02)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(6.0)
    got = SPACE.decode(sim.data[probe][199::100])
    error = np.linalg.norm(got - path[199::100], axis=1)
    # Phases drift by about 0.01 length scales a second; 3 % of the range is half of what 60 s take.
    assert np.sqrt(np.mean(error**2)) < 0.06
    assert len(here.oscillators) == len(SPACE.frequencies)


def remembered(seed: int, store: float) -> tuple[Any, Any, Any]:
    net, space = nef.Network(seed=seed), spa.HexagonalSSP(2, 4, 3, length_scale=0.5)
    v = spa.Vocabulary(space.dimensions, seed=seed)
    v.populate("HOME; FOOD")
    memory = spa.spatial_memory(net, v, space)
    places = np.array([[0.5, 0.5], [-0.5, 0.0]])
    ports = {
        memory.item: {0.0: v["HOME"].vector, 0.2: v["FOOD"].vector},
        memory.place: {0.0: space.encode(places[0]), 0.2: space.encode(places[1])},
        memory.store: {0.0: [store], 0.4: [0.0]},
        memory.cue: {0.0: v["HOME"].vector, 0.7: v["FOOD"].vector, 1.0: space.encode(places[0])},
    }
    for node, values in ports.items():
        net.connect(net.node(nef.Piecewise(values)), node, synapse=None)
    probe = net.probe(memory.answer, synapse=0.05)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(1.3)
    answers = sim.data[probe][[699, 999, -1]]
    right = np.stack([*space.encode(places), v["HOME"].vector])
    return v, space.decode(answers[:2]) - places, (answers, (answers * right).sum(axis=1))


@pytest.mark.parametrize("seed", [1, 2])
def test_things_are_found_at_places_and_places_of_things(seed: int) -> None:
    v, errors, (answers, similar) = remembered(seed, 1.0)
    assert np.abs(errors).max() < 0.15
    assert v.nearest(answers[-1]) == "HOME"
    # A pair is stored with strength 1 within 0.2 s, less the delays of the gate and its leak.
    assert ((similar > 0.5) & (similar < 1.4)).all()


def test_nothing_is_stored_unless_the_gate_is_open() -> None:
    _, _, (_, similar) = remembered(1, 0.0)
    assert np.abs(similar).max() < 0.2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda net: spa.path_integrator(net, 1), "space must be a space, got 1"),
        (lambda net: spa.path_integrator(net, SPACE, 0), "n_neurons must be at least 1"),
        (lambda net: spa.path_integrator(net, SPACE, max_speed=0), "max_speed must be above 0"),
        (lambda net: spa.path_integrator(net, SPACE, start=[1.0]), "start must have shape (2,)"),
        (lambda net: spa.path_integrator(net, SPACE, growth=0), "growth must be above 0"),
        (lambda net: spa.spatial_memory(net, spa.Vocabulary(8), SPACE), "must have 37 dimensions"),
        (
            lambda net: spa.spatial_memory(net, spa.Vocabulary(36, "vtb"), spa.RandomSSP(1, 18)),
            "have 37 dimensions and the algebra hrr",
        ),
        (lambda net: spa.spatial_memory(net, 1, SPACE), "vocabulary must be a vocabulary"),
        (lambda net: spa.spatial_memory(net, spa.Vocabulary(37), 1), "space must be a space"),
        (
            lambda net: spa.spatial_memory(net, spa.Vocabulary(37), SPACE, rate=-1.0),
            "rate must be above 0",
        ),
    ],
)
def test_a_bad_call_gets_a_sentence_and_adds_nothing(call: Any, words: str) -> None:
    net = nef.Network(seed=1)
    with pytest.raises((ValueError, TypeError)) as caught:
        call(net)
    assert SENTENCE.fullmatch(str(caught.value))
    assert words in str(caught.value)
    assert not [*net.all_nodes, *net.all_ensembles, *net.networks]


def test_functions_of_an_oscillator_are_solved_around_its_circle() -> None:
    net = nef.Network(seed=1)
    here = spa.path_integrator(net, SPACE, 50)
    sim = nef.Simulator(net, progress=False)
    populations = here.network.all_ensembles
    assert len(populations) >= len(here.oscillators)
    for ensemble in populations:
        assert ensemble.radius == np.sqrt(2)
        lengths = np.linalg.norm(sim.data[ensemble].eval_points, axis=1)
        assert abs(np.median(lengths) - 1.0) < 0.05
