"""Rules of action selection: expressions, checked against states before anything is added."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._values import Value
from nefsim.spa import expressions
from nefsim.spa.linear import Linear, NotLinear
from nefsim.spa.states import State

Array = NDArray[np.float64]

NAME = re.compile(r"[a-z][A-Za-z0-9_]{0,99}", re.ASCII)

#: Functions of expressions, which are no names of states.
FUNCTIONS = ("dot", "translate", "unit", "unitary")


@dataclass(frozen=True, eq=False)
class Rule(Value):
    """An action: the utility by which it is selected, and the effects while it is.

    Names of states begin with a small letter, names of a vocabulary with a capital.

    Parameters
    ----------
    utility : str
        A sum of numbers and of products of a number and a dot product, such as
        ``"0.8 * dot(vision, DOG + CAT) - 0.2"``.  A dot product of two states is possible.
    effects : dict of str to str
        An expression for the input of each state, such as ``{"motor": "RUN"}``: a sum of
        constants, of states that are bound with constants, such as ``"vision * ~COLOUR"``, and
        of two bound states, such as ``"scene * ~asked"``.
        ``translate(vision)`` gives a vector of one vocabulary to a state of another.
    name : str or None
        Name for messages; None means the utility.

    Raises
    ------
    ValueError, TypeError
        If a text is no expression.

    See Also
    --------
    action_selection

    Examples
    --------
    >>> from nefsim import spa
    >>> spa.Rule.parse("dot(vision, DOG) - 0.2 -> motor = RUN; memory = vision").effects
    {'motor': 'RUN', 'memory': 'vision'}
    """

    utility: str
    effects: Mapping[str, str]
    name: str | None = None

    def __post_init__(self) -> None:
        expressions.parse("Rule", "utility", self.utility)
        if not isinstance(self.effects, Mapping):
            do = "pass such as {'motor': 'RUN'}"
            check.fail("Rule", "effects", "be a dict", check.show(self.effects), do, TypeError)
        for target, text in self.effects.items():
            if not isinstance(target, str) or not NAME.fullmatch(target) or target in FUNCTIONS:
                do = "begin with a small letter, such as 'motor'"
                check.fail("Rule", "effects", "be of states", check.show(target), do)
            expressions.parse("Rule", f"effects[{target!r}]", text)
        self._set(effects=dict(self.effects))
        check.label("Rule", self.name)

    @classmethod
    def parse(cls, text: str, name: str | None = None) -> Rule:
        """Make a rule from one text, such as ``"dot(vision, DOG) -> motor = RUN"``.

        Parameters
        ----------
        text : str
            The utility, ``->``, and effects separated by semicolons.
        name : str or None
            Name for messages; None means the utility.

        Returns
        -------
        Rule
            The rule.

        Raises
        ------
        ValueError, TypeError
            If the text has no such form.
        """
        do = "write such as 'dot(vision, DOG) - 0.2 -> motor = RUN'"
        if not isinstance(text, str):
            check.fail("Rule.parse", "text", "be a text", check.show(text), do, TypeError)
        utility, arrow, rest = text.partition("->")
        if not arrow:
            check.fail("Rule.parse", "text", "be a rule", check.show(text), do)
        return cls(utility.strip(), assignments("Rule.parse", "text", rest, do), name)


def assignments(who: str, argument: str, text: str, do: str) -> dict[str, str]:
    """The expression of each state in a text such as ``"motor = RUN; memory = vision"``."""
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    effects = {target.strip(): value.strip() for target, _, value in pairs}
    if len(effects) < len(pairs) or not all(sign for _, sign, _ in pairs):
        check.fail(who, argument, "assign to each state once", check.show(text), do)
    return effects


@dataclass(frozen=True, eq=False)
class Utility(Value):
    """A utility in parts: a number, rows for states, and dot products of linear expressions."""

    constant: float
    rows: dict[str, Array]
    products: tuple[tuple[float, Linear, Linear], ...]


class Reader:
    """Evaluates the expressions of a rule for the states of a network.

    Parameters
    ----------
    rule : Rule
        The rule.
    states : dict of str to State
        The states by name.
    """

    def __init__(self, rule: Rule, states: Mapping[str, State]) -> None:
        self._states = states
        self._rule = rule
        self._who = f"Rule {rule.name or rule.utility!r}"
        self._argument = "utility"

    def effects(self) -> dict[str, Linear]:
        """The value of each effect."""
        result = {}
        for target, text in self._rule.effects.items():
            self._argument = f"effects[{target!r}]"
            state = self._state(target)
            tree = expressions.parse(self._who, self._argument, text)
            value = self._linear(tree, state.vocabulary)
            if value.vocabulary != state.vocabulary:
                self._mismatch(value, target, state)
            result[target] = value
        return result

    def utility(self) -> Utility:
        """The utility in parts."""
        self._argument = "utility"
        rows: dict[str, Array] = {}
        products = []
        constant = 0.0
        tree = expressions.parse(self._who, "utility", self._rule.utility)
        for factor, call in self._terms(tree, 1.0):
            if call is None:
                constant += factor
                continue
            a, b = self._sides(call)
            if a.pairs or b.pairs:
                do = "write dot(a, C * ~b) for dot(a * b, C)"
                self._wrong(f"a product of {a.names if a.pairs else b.names}", do=do)
            if a.terms and b.terms:
                products.append((factor, a, b))
                continue
            if b.terms:
                a, b = b, a
            constant += factor * float(a.constant @ b.constant)
            for name, matrix in a.terms.items():
                rows[name] = rows.get(name, 0.0) + factor * (b.constant @ matrix)
        return Utility(constant, rows, tuple(products))

    def _terms(self, tree: Any, factor: float) -> list[tuple[float, Any]]:
        """A sum of dot products as pairs of a factor and a call; None stands for 1."""
        match tree:
            case expressions.Number(value):
                return [(factor * value, None)]
            case expressions.Sum(terms):
                return [pair for term in terms for pair in self._terms(term, factor)]
            case expressions.Call("dot", (_, _)):
                return [(factor, tree)]
            case expressions.Product(factors):
                sums = [self._terms(each, 1.0) for each in factors]
                fixed = [all(call is None for _, call in each) for each in sums]
                if fixed.count(False) <= 1:
                    for each, is_fixed in zip(sums, fixed, strict=True):
                        factor *= sum(value for value, _ in each) if is_fixed else 1.0
                    rest = [s for s, is_fixed in zip(sums, fixed, strict=True) if not is_fixed]
                    return [(factor * f, c) for f, c in rest[0]] if rest else [(factor, None)]
        self._wrong("another expression", "be a sum of numbers and dot products")

    def _sides(self, call: Any) -> tuple[Linear, Linear]:
        names = [n for side in call.arguments for n in _states_in(side)]
        if not names:
            self._wrong("a dot product of constants", "use a state")
        vocabulary = self._state(names[0]).vocabulary
        a, b = (self._linear(side, vocabulary) for side in call.arguments)
        if a.vocabulary != b.vocabulary:
            other = next(n for n in names if self._state(n).vocabulary != vocabulary)
            self._mismatch(b, names[0], self._state(names[0]), other)
        return a, b

    def _linear(self, tree: Any, vocabulary: Any) -> Linear:
        """The value of an expression whose constants are of a vocabulary."""

        def value_of(name: str) -> Linear:
            if NAME.fullmatch(name):
                state = self._state(name)
                d = state.vocabulary.dimensions
                return Linear(state.vocabulary, np.zeros(d), {name: np.eye(d)})
            return Linear(vocabulary, vocabulary.vector(self._who, self._argument, name), {})

        def call(function: str, values: list[Any]) -> Linear:
            if function in FUNCTIONS[1:] and len(values) == 1 and isinstance(values[0], Linear):
                if function == "translate":
                    return values[0].translated(vocabulary)
                if not values[0].reads:
                    return values[0].scaled(function)
            self._wrong(f"the function {function} here")

        def wrong(why: str) -> NoReturn:
            self._wrong(why)

        try:
            value = expressions.evaluate(tree, value_of, call, wrong)
        except NotLinear as error:
            self._wrong(error.value, do=error.correction)
        if not isinstance(value, Linear):
            self._wrong("a number")
        return value

    def _state(self, name: str) -> State:
        if name not in self._states:
            do = f"pass it in states, which are {', '.join(self._states) or 'none'}"
            check.fail(self._who, self._argument, "name states", check.show(name), do)
        return self._states[name]

    def _wrong(self, got: str, must: str = "be linear in the states", do: str = "") -> NoReturn:
        do = do or "write such as dot(vision, DOG) - 0.2, or motor = vision * ~COLOUR"
        check.fail(self._who, self._argument, must, got, do)

    def _mismatch(self, value: Linear, name: str, state: State, other: str = "") -> NoReturn:
        names = other or value.names
        must = f"be of the vocabulary of {name} ({state.vocabulary!r})"
        do = f"write translate({names})"
        check.fail(self._who, self._argument, must, f"{names} of {value.vocabulary!r}", do)


def _states_in(tree: Any) -> list[str]:
    """The names of states in a tree, in order, without those that are translated."""
    match tree:
        case expressions.Name(name):
            return [name] if NAME.fullmatch(name) else []
        case expressions.Call("translate", _):
            return []
        case expressions.Number(_):
            return []
        case expressions.Power(base, _) | expressions.Inverse(base):
            return _states_in(base)
    parts = next(
        iter(getattr(tree, n) for n in ("arguments", "terms", "factors") if hasattr(tree, n))
    )
    return [name for part in parts for name in _states_in(part)]
