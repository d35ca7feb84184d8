"""Networks of semantic pointers: equations without neurons, and answers in spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_networks import outputs
from test_nonsense import SENTENCE

import nefsim as nef
from nefsim import spa

DIRECT: dict[str, Any] = {"neuron_type": nef.Direct()}

#: Sums of some hundred products of numbers of size 1, in another order.
ROUNDING = 1e-12


def words(algebra: str = "hrr", d: int = 16, seed: int = 1) -> spa.Vocabulary:
    v = spa.Vocabulary(d, algebra, seed=seed)
    v.populate("CAT; DOG; BIRD; FISH")
    return v


def end(net: nef.Network, node: nef.Node, seconds: float = 0.3, synapse: float = 0.03) -> Any:
    """The filtered value of a node at the end of a run."""
    probe = net.probe(node, synapse=synapse)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(seconds)
    return sim.data[probe][-1]


@pytest.mark.parametrize("algebra", ["hrr", "vtb", "tvtb"])
@pytest.mark.parametrize("unbind", [False, True])
def test_a_binding_is_that_of_the_algebra_without_neurons(algebra: str, unbind: bool) -> None:
    net, v = nef.Network(), words(algebra)
    bound = spa.bind(net, v, 10, unbind=unbind, **DIRECT)
    a, b = v["CAT"], v["DOG"]
    got = outputs(net, bound.output, {bound.a: a.vector, bound.b: b.vector}, 0.001)
    np.testing.assert_allclose(got[0], a * ~b if unbind else a * b, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("algebra", ["hrr", "vtb", "tvtb"])
def test_a_binding_in_spikes_is_near_that_of_the_algebra(algebra: str) -> None:
    net, v = nef.Network(seed=1), words(algebra, 64 if algebra == "hrr" else 16)
    bound = spa.bind(net, v, 100)
    for name, node in (("CAT", bound.a), ("DOG", bound.b)):
        net.connect(spa.stimulus(net, v, name).output, node, synapse=None)
    got = spa.Pointer(end(net, bound.output), v.algebra)
    # 100 neurons for each product leave an error of a few parts of a hundred.
    assert got.similarity(v["CAT"] * v["DOG"]) > 0.97


def test_a_comparison_is_a_dot_product() -> None:
    net, v = nef.Network(), words()
    compared = spa.compare(net, v, 10, **DIRECT)
    inputs = {compared.a: v["CAT"].vector, compared.b: v["DOG"].vector}
    got = outputs(net, compared.output, inputs, 0.001)
    np.testing.assert_allclose(got, [[v["CAT"] @ v["DOG"]]], rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("subdimensions", [1, 5, 16, 100])
def test_a_state_covers_all_dimensions(subdimensions: int) -> None:
    net, v = nef.Network(), words()
    state = spa.state(net, v, 10, subdimensions, **DIRECT)
    assert sum(e.dimensions for e in state.populations) == 16
    got = outputs(net, state.output, {state.input: v["CAT"].vector}, 0.001)
    np.testing.assert_allclose(got, [v["CAT"].vector], rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("algebra", ["hrr", "vtb"])
def test_a_state_represents_random_vectors_and_the_identity(algebra: str) -> None:
    v = words(algebra, 64)
    for name in ("CAT", "Identity"):
        net = nef.Network(seed=1)
        state = spa.state(net, v)
        net.connect(spa.stimulus(net, v, name).output, state.input, synapse=None)
        got = end(net, state.output)
        assert spa.Pointer(got, v.algebra).similarity(v[name]) > 0.97
        assert np.linalg.norm(got) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("n_neurons", [50, 100])
def test_the_error_of_a_state_is_small_beside_its_vector(n_neurons: int) -> None:
    """50 neurons for each dimension leave less than 7 %, where 16 dimensions left some 10 %."""
    v = spa.Vocabulary(64, seed=1)
    v.populate("; ".join(f"W{i}" for i in range(10)))
    net = nef.Network(seed=1)
    state = spa.state(net, v, n_neurons)
    net.connect(net.node(nef.PresentInput(v.vectors, 0.15)), state.input, synapse=None)
    probe = net.probe(state.output, synapse=0.03)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(1.5)
    error = sim.data[probe][149::150] - v.vectors
    size = np.sqrt((error**2).sum(axis=1).mean())
    assert size < (0.07 if n_neurons == 50 else 0.055)


def test_a_channel_of_a_rule_has_half_the_neurons_for_each_dimension() -> None:
    net, v = nef.Network(seed=1), words()
    states = {"a": spa.stimulus(net, v, "CAT"), "b": spa.state(net, v)}
    chosen = spa.action_selection(net, ["1 -> b = a"], states, 20)
    (channel,) = chosen.channels
    assert [e.n_neurons for e in channel.populations] == [40] * 4
    assert {e.n_neurons for e in chosen.basal_ganglia.network.all_ensembles} == {20}


def test_a_state_with_feedback_holds_a_vector() -> None:
    net, v = nef.Network(seed=1), words(d=64)
    held, lost = spa.state(net, v, feedback=1.0), spa.state(net, v)
    vision = spa.stimulus(net, v, {0.0: "CAT", 0.3: "Zero"})
    for state in (held, lost):
        net.connect(vision.output, state.input)
    probes = [net.probe(s.output, synapse=0.02) for s in (held, lost)]
    with nef.Simulator(net, progress=False) as sim:
        sim.run(0.6)
    after = [v["CAT"] @ sim.data[p][-1] for p in probes]
    assert after[0] > 0.7
    assert abs(after[1]) < 0.1


@pytest.mark.parametrize("accumulate", [False, True])
def test_a_cleanup_finds_the_most_similar_name(accumulate: bool) -> None:
    net, v = nef.Network(seed=1), words(d=64)
    clean = spa.cleanup(net, v, accumulate=accumulate, n_neurons=150 if accumulate else 50)
    noisy = spa.stimulus(net, v, "0.8 * DOG + 0.15 * CAT + 0.15 * FISH")
    net.connect(noisy.output, clean.input, synapse=None)
    similar = v.similarities(end(net, clean.output, 0.6))
    assert clean.items[int(similar.argmax())] == "DOG"
    assert similar[1] > 0.8
    assert (
        np.abs(
            np.delete(similar, 1) - similar[1] * np.delete(v.vectors, 1, 0) @ v["DOG"].vector
        ).max()
        < 0.1
    )


def test_a_cleanup_may_answer_in_another_vocabulary() -> None:
    net, v, w = nef.Network(seed=1), words(d=64), spa.Vocabulary(25, "vtb", seed=2)
    w.populate("BARK; MEOW")
    clean = spa.cleanup(net, v, {"CAT": "MEOW", "DOG": "BARK"}, to=w)
    net.connect(spa.stimulus(net, v, "DOG").output, clean.input, synapse=None)
    assert w.nearest(end(net, clean.output)) == "BARK"


def test_a_question_is_answered_in_spikes() -> None:
    """Fillers of a sum of two pairs: bind, unbind and clean up with spiking neurons only."""
    v = spa.Vocabulary(64, seed=1)
    v.populate("RED; BLUE; CIRCLE; SQUARE")
    for question, answer in (("CIRCLE", "RED"), ("SQUARE", "BLUE")):
        net = nef.Network(seed=1)
        release, clean = spa.bind(net, v, 50, unbind=True, magnitude=1.5), spa.cleanup(net, v)
        scene = spa.stimulus(net, v, "RED * CIRCLE + BLUE * SQUARE")
        net.connect(scene.output, release.a, synapse=None)
        net.connect(spa.stimulus(net, v, question).output, release.b, synapse=None)
        net.connect(release.output, clean.input)
        assert v.nearest(end(net, clean.output)) == answer


@pytest.mark.parametrize(
    ("call", "words_of_it"),
    [
        (lambda net, v: spa.bind(net, 16), "vocabulary must be a vocabulary, got 16"),
        (lambda net, v: spa.bind(net, v, 1), "n_neurons must be at least 2"),
        (lambda net, v: spa.bind(net, v, unbind=1), "unbind must be True or False"),
        (lambda net, v: spa.compare(net, v, magnitude=0), "magnitude must be above 0"),
        (lambda net, v: spa.state(net, v, 0), "n_neurons must be at least 1"),
        (lambda net, v: spa.state(net, v, feedback_synapse=None), "be a synapse, got None"),
        (lambda net, v: spa.stimulus(net, v, "COW"), "be in the vocabulary, got 'COW'"),
        (lambda net, v: spa.stimulus(net, v, {}), "hold a time"),
        (lambda net, v: spa.stimulus(net, v, lambda t: [t]), "have 16 dimensions, got 1"),
        (lambda net, v: spa.stimulus(net, v, 1.0), "have shape (16,)"),
        (lambda net, v: spa.cleanup(net, v, ["COW"]), "be in the vocabulary, got 'COW'"),
        (lambda net, v: spa.cleanup(net, v, "CAT"), "be names, got 'CAT'"),
        (lambda net, v: spa.cleanup(net, v, []), "hold a name"),
        (lambda net, v: spa.cleanup(net, v, [bytearray(b"CAT")]), "items must be names"),
        (lambda net, v: spa.State(1, 2, 3, 4, 5), "write nefsim.spa.state(net, 1, 2"),
    ],
)
def test_a_bad_call_gets_a_sentence_and_adds_nothing(call: Any, words_of_it: str) -> None:
    net = nef.Network(seed=1)
    with pytest.raises((ValueError, TypeError)) as caught:
        call(net, words())
    assert SENTENCE.fullmatch(str(caught.value))
    assert words_of_it in str(caught.value)
    assert not [*net.all_nodes, *net.all_ensembles, *net.networks]
