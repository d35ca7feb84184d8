"""Short expressions of vectors, such as ``0.5 * CAT * ~(DOG + BIRD)``, as trees.

A text is parsed here and never executed as Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from nefsim import _checks as check
from nefsim._values import Value

#: Longest text [characters], and deepest nesting of parentheses and signs.
LONGEST, DEEPEST = 10_000, 40

TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|[-+*~(),]))",
    re.ASCII,
)


#: Patterns of texts that were meant otherwise, and what to write.
HABITS = {
    re.compile(r"\bsym\."): "leave out sym., as in 'dot(vision, DOG) -> motor = RUN'",
    re.compile(r"\.unitary\("): "write unitary(CAT)",
    re.compile(r"\.normalized\("): "write unit(CAT)",
    re.compile(r"\.dot\("): "write dot(vision, CAT), in a utility",
    re.compile(r"="): "separate assignments by ;",
    re.compile(r">>"): "write 'answer = scene * ~asked'",
    re.compile(r"/"): "multiply by a number, as in 0.5 * CAT",
}


@dataclass(frozen=True, eq=False)
class Number(Value):
    """A number."""

    value: float


@dataclass(frozen=True, eq=False)
class Name(Value):
    """A name."""

    name: str


@dataclass(frozen=True, eq=False)
class Call(Value):
    """A function of other expressions."""

    function: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Sum(Value):
    """A sum of terms."""

    terms: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Product(Value):
    """A product of factors, from left to right."""

    factors: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Power(Value):
    """A power with a constant exponent."""

    base: Any
    exponent: float


@dataclass(frozen=True, eq=False)
class Inverse(Value):
    """An approximate inverse."""

    base: Any


def parse(who: str, argument: str, text: Any) -> Any:
    """Parse a text to a tree.

    Raises
    ------
    ValueError, TypeError
        If it is no text, too long, nested too deeply, or no expression.
    """
    if not isinstance(text, str):
        do = "pass a text, such as 'CAT * ~DOG'"
        check.fail(who, argument, "be a text", check.show(text), do, TypeError)
    if len(text) > LONGEST:
        do = "pass several shorter ones"
        got = f"{len(text)}"
        check.fail(who, argument, f"have at most {LONGEST} characters", got, do)
    return _Parser(who, argument, text).whole()


def evaluate(
    tree: Any,
    name: Callable[[str], Any],
    call: Callable[[str, list[Any]], Any],
    wrong: Callable[[str], NoReturn],
) -> Any:
    """Evaluate a tree by the operators of Python.

    Parameters
    ----------
    tree : Number, Name, Call, Sum, Product, Power or Inverse
        The tree.
    name : callable
        The value of a name.
    call : callable
        The value of a function of values.
    wrong : callable
        Raises an error about two values that have no sum, product or power.
    """

    def value(node: Any) -> Any:
        match node:
            case Number(number):
                return number
            case Name(text):
                return name(text)
            case Call(function, arguments):
                return call(function, [value(a) for a in arguments])
            case Sum(terms):
                return joined([value(t) for t in terms], "sum", lambda a, b: a + b)
            case Product(factors):
                return joined([value(f) for f in factors], "product", lambda a, b: a * b)
            case Power(base, exponent):
                return joined([value(base), exponent], "power", lambda a, b: a**b)
        base = value(node.base)
        return wrong("the inverse of a number") if isinstance(base, float) else ~base

    def joined(values: list[Any], word: str, operation: Callable[[Any, Any], Any]) -> Any:
        result = values[0]
        for other in values[1:]:
            mixed = isinstance(result, float) != isinstance(other, float)
            if mixed and word == "sum":
                wrong("the sum of a number and a vector")
            try:
                result = operation(result, other)
            except (ArithmeticError, TypeError):
                wrong(f"a {word} that does not exist")
            if isinstance(result, complex):
                wrong("a complex number")
        return result

    return value(tree)


class _Parser:
    """A recursive parser over the tokens of a text."""

    def __init__(self, who: str, argument: str, text: str) -> None:
        self._who, self._argument, self._text = who, argument, text
        self._place = self._start = 0
        self._depth = 0
        self._advance()

    def whole(self) -> Any:
        tree = self._sum()
        if self._kind:
            self._fail()
        return tree

    def _fail(self, must: str = "be an expression") -> NoReturn:
        text = check.show(self._text)
        got = f"{text} (character {self._start + 1})"
        do = "write such as 'CAT * ~DOG + 0.5 * BIRD'"
        if must == "be an expression":
            found = (cure for pattern, cure in HABITS.items() if pattern.search(self._text))
            do = next(found, do)
        check.fail(self._who, self._argument, must, got, do)

    def _advance(self) -> None:
        """Read the next token; its kind is empty at the end."""
        rest = len(self._text) - len(self._text[self._place :].lstrip())
        self._start = rest
        found = TOKEN.match(self._text, self._place)
        if found is None:
            if rest < len(self._text):
                self._fail()
            self._kind, self._token = "", ""
            return
        self._kind = found.lastgroup or ""
        self._token = found.group(self._kind)
        self._place = found.end()

    def _takes(self, token: str) -> bool:
        if self._kind != "sign" or self._token != token:
            return False
        self._advance()
        return True

    def _sum(self) -> Any:
        terms = [self._product()]
        while self._kind == "sign" and self._token in "+-":
            negative = self._token == "-"
            self._advance()
            term = self._product()
            terms.append(Product((Number(-1.0), term)) if negative else term)
        return terms[0] if len(terms) == 1 else Sum(tuple(terms))

    def _product(self) -> Any:
        factors = [self._factor()]
        while self._takes("*"):
            factors.append(self._factor())
        return factors[0] if len(factors) == 1 else Product(tuple(factors))

    def _factor(self) -> Any:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(f"be nested at most {DEEPEST} times")
        if self._takes("-"):
            tree: Any = Product((Number(-1.0), self._factor()))
        elif self._takes("~"):
            tree = Inverse(self._factor())
        else:
            tree = self._atom()
            if self._takes("**"):
                sign = -1.0 if self._takes("-") else 1.0
                tree = Power(tree, sign * self._number())
        self._depth -= 1
        return tree

    def _number(self) -> float:
        if self._kind != "number":
            self._fail()
        number = check.real(self._who, self._argument, float(self._token), low=-1e9, high=1e9)
        self._advance()
        return number

    def _atom(self) -> Any:
        if self._kind == "number":
            return Number(self._number())
        if self._takes("("):
            tree = self._sum()
            if not self._takes(")"):
                self._fail()
            return tree
        if self._kind != "name":
            self._fail()
        name = self._token
        self._advance()
        if not self._takes("("):
            return Name(name)
        arguments = [self._sum()]
        while self._takes(","):
            arguments.append(self._sum())
        if not self._takes(")"):
            self._fail()
        return Call(name, tuple(arguments))
