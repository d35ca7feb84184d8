"""The ten models of ``spa_cases.py`` in nengo_spa."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import nengo
import nengo_spa
from nengo_spa import dot, sym
from spa_cases import NENGO, SCENE

Made = tuple[Any, Any]


class Model:
    """A network with the parts that the models have in common.

    Parameters
    ----------
    vocabulary : Vocabulary
        The vocabulary of nefsim whose vectors all parts have.
    seed : int
        Seed of the network.
    """

    def __init__(self, vocabulary: Any, seed: int) -> None:
        self.v = nengo_spa.Vocabulary(vocabulary.dimensions, strict=True)
        for name in vocabulary:
            self.v.add(name, vocabulary[name].vector)
        self.net = nengo_spa.Network(seed=seed)

    def state(self, feedback: float = 0.0) -> Any:
        """A state, with feedback or not."""
        return nengo_spa.State(self.v, feedback=feedback, neurons_per_dimension=NENGO["state"])

    def show(self, value: Any, target: Any) -> None:
        """Connect an input, in the notation of nefsim, to a module."""
        values = value if isinstance(value, dict) else {0.0: value}
        parsed = {t: self.v.parse(text.replace("Zero", "0")) for t, text in values.items()}

        def shown(t: float) -> Any:
            return parsed[max(start for start in parsed if start <= t)]

        nengo_spa.Transcode(shown, output_vocab=self.v) >> target

    def bind(self, **options: Any) -> Any:
        """A binding."""
        return nengo_spa.Bind(self.v, neurons_per_dimension=NENGO["product"], **options)

    def cleanup(self) -> Any:
        """A cleanup memory with thresholds."""
        return nengo_spa.ThresholdingAssocMem(0.3, self.v, mapping=[*self.v.keys()])

    def rules(self, *pairs: tuple[Any, Any]) -> None:
        """Action selection: a utility and an action, or None, in each pair."""
        with nengo_spa.ActionSelection():
            for utility, action in pairs:
                nengo_spa.ifmax(utility, *(() if action is None else (action(),)))


def bind(m: Model) -> Made:
    """A bound with B; the answer is released without neurons."""
    both = m.bind()
    m.show("A", both.input_left)
    m.show("B", both.input_right)
    out = nengo.Node(size_in=m.v.dimensions)
    release = m.v.algebra.get_binding_matrix(m.v.parse("~B").v)
    nengo.Connection(both.output, out, transform=release, synapse=None)
    return m.net, out


def unbind(m: Model) -> Made:
    """B released from A * B."""
    released = m.bind(unbind_right=True)
    m.show("A * B", released.input_left)
    m.show("B", released.input_right)
    return m.net, released.output


def cleanup(m: Model) -> Made:
    """Noisy words."""
    clean = m.cleanup()
    noisy = {0.0: "0.8 * A + 0.3 * B + 0.2 * C", 0.3: "0.8 * B + 0.3 * C + 0.2 * D"}
    m.show(noisy, clean)
    return m.net, clean.output


def compare(m: Model) -> Made:
    """The similarity of two words."""
    compared = nengo_spa.Compare(m.v, neurons_per_dimension=NENGO["product"])
    m.show("A", compared.input_a)
    m.show({0.0: "A", 0.3: "B"}, compared.input_b)
    return m.net, compared.output


def rules(m: Model) -> Made:
    """What the animals say."""
    vision, motor = m.state(), m.state()
    m.show({0.0: "DOG", 0.2: "CAT", 0.4: "RAT", 0.6: "COW"}, vision)
    said = {"DOG": "BARK", "CAT": "MEOW", "RAT": "PEEP", "COW": "MOO"}
    m.rules(*((dot(vision, sym(a)), lambda b=b: sym(b) >> motor) for a, b in said.items()))
    return m.net, motor.output


def sequence(m: Model) -> Made:
    """A, B, C, D, E, A, ..."""
    memory = m.state()
    m.show({0.0: "A", 0.1: "Zero"}, memory)
    m.rules(*((dot(memory, sym(a)), lambda b=b: sym(b) >> memory) for a, b in pairwise("ABCDEA")))
    return m.net, memory.output


def question(m: Model) -> Made:
    """A scene is shown and held, then questions are asked."""
    scene, clean = m.state(feedback=1.0), m.cleanup()
    m.show({0.0: f"0.7 * ({SCENE})", 0.5: "Zero"}, scene)
    released = m.bind(unbind_right=True)
    scene >> released.input_left
    m.show({0.0: "Zero", 0.6: "CIRCLE", 0.9: "SQUARE"}, released.input_right)
    released >> clean
    return m.net, clean.output


def parsing(m: Model) -> Made:
    """Two words are stored by their kind, and the phrase is asked for each."""
    vision, verb, noun, phrase = m.state(), *(m.state(feedback=1.0) for _ in "vn"), m.state()
    m.show({0.0: "WRITE", 0.25: "TWO", 0.5: "Zero"}, vision)
    m.rules(
        (dot(vision, sym.WRITE + sym.READ), lambda: vision >> verb),
        (dot(vision, sym.ONE + sym.TWO), lambda: vision >> noun),
        (0.5, None),
    )
    verb * sym.VERB + noun * sym.NOUN >> phrase
    released = m.bind(unbind_right=True)
    phrase >> released.input_left
    m.show({0.0: "Zero", 0.6: "VERB", 0.9: "NOUN"}, released.input_right)
    return m.net, released.output


def counting(m: Model) -> Made:
    """Count from ONE until the number is the goal."""
    number, goal = m.state(), m.state()
    m.show({0.0: "ONE", 0.1: "Zero"}, number)
    m.show("FOUR", goal)
    steps = [
        (dot(number, sym(a)), lambda b=b: sym(b) >> number) for a, b in pairwise([*m.v.keys()])
    ]
    m.rules(*steps, (dot(number, goal) + 0.3, lambda: goal >> number))
    return m.net, number.output


def memory(m: Model) -> Made:
    """A word is shown and held."""
    held = m.state(feedback=1.0)
    m.show({0.0: "A", 0.2: "Zero"}, held)
    return m.net, held.output
