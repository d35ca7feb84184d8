"""Large models of semantic pointers: memories, bindings, cleanup, action selection, inhibition."""

from __future__ import annotations

from typing import Any

from nefsim import WhiteSignal, networks, spa

#: Dimensions of the pointers, neurons of a dimension and of a product, and words.
DIMENSIONS, STATE, PRODUCT = 64, 50, 100
WORDS = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"]


def symbols(net: Any, n_parts: int) -> None:
    """Parts that see a word, bind it with the memory of others, and act on the answer.

    Each part has 47,550 neurons; the action of one is seen by the next.
    """
    v = spa.Vocabulary(DIMENSIONS, seed=1, max_similarity=0.1)
    v.populate(";".join(WORDS))
    parts = [_part(net, v, i) for i in range(n_parts)]
    for (_, motor), (vision, _) in zip(parts, [*parts[1:], parts[0]], strict=True):
        net.connect(motor.output, vision.input, transform=0.5, synapse=0.01)
    net.probe(parts[0][1].output, synapse=0.02)


def _part(net: Any, v: spa.Vocabulary, number: int) -> tuple[spa.State, spa.State]:
    """The states that a part sees and acts with."""
    vision, motor = (spa.state(net, v, STATE) for _ in range(2))
    memory = spa.state(net, v, STATE, feedback=0.8)
    shown = spa.stimulus(net, v, WORDS[number % len(WORDS)])
    net.connect(shown.output, vision.input, synapse=0.01)
    bound, released = (spa.bind(net, v, PRODUCT, unbind=u) for u in (False, True))
    net.connect(vision.output, bound.a)
    net.connect(memory.output, bound.b)
    net.connect(bound.output, released.a)
    net.connect(memory.output, released.b)
    clean = spa.cleanup(net, v, n_neurons=STATE)
    net.connect(released.output, clean.input)
    net.connect(clean.output, memory.input, transform=0.3, synapse=0.01)
    rules = [
        f"dot(vision, {a}) -> memory = {b}" for a, b in zip(WORDS[::3], WORDS[1::3], strict=True)
    ]
    rules += [f"dot(vision, {a}) -> motor = vision" for a in WORDS[2::3]]
    rules += ["0.4 -> motor = memory"]
    states = {"vision": vision, "memory": memory, "motor": motor}
    spa.action_selection(net, rules, states, STATE)
    return vision, motor


def convolution(net: Any) -> None:
    """A circular convolution of 500 dimensions, 502,000 neurons."""
    both = networks.circular_convolution(net, 500, 500)
    for i, target in enumerate((both.a, both.b)):
        vector = net.node(WhiteSignal(1.0, high=5.0, rms=0.04, seed=i), size_out=500)
        net.connect(vector, target, synapse=None)
    net.probe(both.output, synapse=0.01, sample_every=0.01)
