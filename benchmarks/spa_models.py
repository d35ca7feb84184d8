"""The ten models of ``spa_cases.py`` in nefsim."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from spa_cases import NATIVE, SCENE

import nefsim as nef
from nefsim import spa

Made = tuple[nef.Network, nef.Node]


class Model:
    """A network with the parts that the models have in common.

    Parameters
    ----------
    vocabulary : Vocabulary
        The vocabulary of all parts.
    seed : int
        Seed of the network.
    """

    def __init__(self, vocabulary: spa.Vocabulary, seed: int) -> None:
        self.v, self.net = vocabulary, nef.Network(seed=seed)

    def state(self, **options: Any) -> spa.State:
        """A state, with feedback or not."""
        return spa.state(self.net, self.v, NATIVE["state"], **options)

    def show(self, value: Any, target: nef.Node) -> spa.State:
        """Connect an input to a node."""
        shown = spa.stimulus(self.net, self.v, value)
        self.net.connect(shown.output, target)
        return shown

    def bind(self, **options: Any) -> Any:
        """A binding."""
        return spa.bind(self.net, self.v, NATIVE["product"], **options)

    def rules(self, rules: list[str], **states: spa.State) -> None:
        """Action selection."""
        spa.action_selection(self.net, rules, states, NATIVE["action"])


def bind(m: Model) -> Made:
    """A bound with B; the answer is released without neurons."""
    both = m.bind()
    m.show("A", both.a)
    m.show("B", both.b)
    out = m.net.node(size_in=m.v.dimensions)
    release = m.v.algebra.matrix(m.v.parse("~B").vector)
    m.net.connect(both.output, out, transform=release, synapse=None)
    return m.net, out


def unbind(m: Model) -> Made:
    """B released from A * B."""
    released = m.bind(unbind=True)
    m.show("A * B", released.a)
    m.show("B", released.b)
    return m.net, released.output


def cleanup(m: Model) -> Made:
    """Noisy words."""
    clean = spa.cleanup(m.net, m.v)
    noisy = {0.0: "0.8 * A + 0.3 * B + 0.2 * C", 0.3: "0.8 * B + 0.3 * C + 0.2 * D"}
    m.show(noisy, clean.input)
    return m.net, clean.output


def compare(m: Model) -> Made:
    """The similarity of two words."""
    compared = spa.compare(m.net, m.v, NATIVE["product"])
    m.show("A", compared.a)
    m.show({0.0: "A", 0.3: "B"}, compared.b)
    return m.net, compared.output


def rules(m: Model) -> Made:
    """What the animals say."""
    vision, motor = m.state(), m.state()
    m.show({0.0: "DOG", 0.2: "CAT", 0.4: "RAT", 0.6: "COW"}, vision.input)
    said = {"DOG": "BARK", "CAT": "MEOW", "RAT": "PEEP", "COW": "MOO"}
    texts = [f"dot(vision, {a}) -> motor = {b}" for a, b in said.items()]
    m.rules(texts, vision=vision, motor=motor)
    return m.net, motor.output


def sequence(m: Model) -> Made:
    """A, B, C, D, E, A, ..."""
    memory = m.state()
    m.show({0.0: "A", 0.1: "Zero"}, memory.input)
    m.rules([f"dot(memory, {a}) -> memory = {b}" for a, b in pairwise("ABCDEA")], memory=memory)
    return m.net, memory.output


def question(m: Model) -> Made:
    """A scene is shown and held, then questions are asked."""
    scene, clean = m.state(feedback=1.0), spa.cleanup(m.net, m.v)
    m.show({0.0: f"0.7 * ({SCENE})", 0.5: "Zero"}, scene.input)
    released = m.bind(unbind=True)
    m.net.connect(scene.output, released.a)
    m.show({0.0: "Zero", 0.6: "CIRCLE", 0.9: "SQUARE"}, released.b)
    m.net.connect(released.output, clean.input)
    return m.net, clean.output


def parsing(m: Model) -> Made:
    """Two words are stored by their kind, and the phrase is asked for each."""
    vision, verb, noun, phrase = m.state(), *(m.state(feedback=1.0) for _ in "vn"), m.state()
    m.show({0.0: "WRITE", 0.25: "TWO", 0.5: "Zero"}, vision.input)
    texts = [
        "dot(vision, WRITE + READ) -> verb = vision",
        "dot(vision, ONE + TWO) -> noun = vision",
        "0.5 -> ",
    ]
    m.rules(texts, vision=vision, verb=verb, noun=noun)
    for word, role in ((verb, "VERB"), (noun, "NOUN")):
        bound = m.v.algebra.matrix(m.v[role].vector)
        m.net.connect(word.output, phrase.input, transform=bound)
    released = m.bind(unbind=True, magnitude=1.5)
    m.net.connect(phrase.output, released.a)
    m.show({0.0: "Zero", 0.6: "VERB", 0.9: "NOUN"}, released.b)
    return m.net, released.output


def counting(m: Model) -> Made:
    """Count from ONE until the number is the goal."""
    number, goal = m.state(), m.state()
    m.show({0.0: "ONE", 0.1: "Zero"}, number.input)
    m.show("FOUR", goal.input)
    steps = pairwise(m.v.names)
    texts = [f"dot(number, {a}) -> number = {b}" for a, b in steps]
    m.rules([*texts, "dot(number, goal) + 0.3 -> number = goal"], number=number, goal=goal)
    return m.net, number.output


def memory(m: Model) -> Made:
    """A word is shown and held."""
    held = m.state(feedback=1.0)
    m.show({0.0: "A", 0.2: "Zero"}, held.input)
    return m.net, held.output
