"""Laws of weights in factors: conditions, first values and signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim.program import (
    Learn,
    Part,
    ProgramBuilder,
    Read,
    Term,
    Weigh,
    factored,
)

# Weights in factors

N_OUT, N_IN, D = 8, 6, 2
RNG = np.random.default_rng(0)
ENCODERS, ROWS = RNG.normal(size=(N_OUT, D)), RNG.normal(size=(D, N_IN))
FULL = RNG.normal(size=(N_OUT, N_IN))


@dataclass(frozen=True, eq=False)
class Faster(nef.PES):
    """Another rule, of which nothing is known."""


class Lesson:
    """Weights that rules change by an encoded error."""

    def __init__(
        self,
        weights: Any = FULL,
        terms: Any = None,
        rules: Any = (nef.PES(),),
        read: Any = None,
        observed: bool = False,
    ) -> None:
        make = self.builder = ProgramBuilder(0.001)
        self.spikes, self.error = make.signal("s", N_IN), make.signal("e", D)
        self.out = make.signal("w", len(weights))
        seen = make.signal("seen", weights.size) if observed else None
        self.encoded = []
        terms = [Term(Read(self.error), ENCODERS)] if terms is None else terms
        for _ in rules:
            self.encoded.append(make.sum("encoded", len(weights)))
            for term in terms:
                make.add_term(self.encoded[-1], term)
        self.weigh = Weigh(self.out, Read(self.spikes), weights, seen)
        errors = [Read(e) for e in self.encoded] if read is None else [read(self.encoded[0])]
        parts = [Part(r, {}, e, None, {}) for r, e in zip(rules, errors, strict=True)]
        self.learn = Learn(self.weigh, tuple(parts), "rule")

    def factors(self, **options: Any) -> Any:
        return factored.in_factors(self.builder, self.weigh, self.learn, **options)


def test_weights_that_are_a_product_with_the_encoders_start_in_the_factor() -> None:
    lesson = Lesson(ENCODERS @ ROWS)
    factor, learn = lesson.factors()
    np.testing.assert_allclose(factor.initial, ROWS, rtol=1e-12)
    (rest,) = lesson.builder.ops
    assert isinstance(rest, Weigh) and rest.is_rest and rest.is_empty
    assert rest.initial.shape == (N_OUT, N_IN) and rest.input is lesson.weigh.input
    assert factor.input is lesson.weigh.input and factor.encoders is ENCODERS
    assert factor.rest == rest.output and not factor.is_rest
    assert (factor.observed, rest.observed) == (None, None)
    few, others = lesson.builder.terms_of(lesson.out) or []
    assert (few.read.signal, others.read.signal) == (factor.output, rest.output)
    assert few.matrix is ENCODERS and others.matrix is None
    sizes = [lesson.builder.signals[op.output].size for op in (factor, rest)]
    assert sizes == [D, N_OUT]
    assert learn.learned is factor and [part.error.signal for part in learn.parts] == [lesson.error]


def test_other_weights_are_the_rest_and_the_factor_starts_at_0() -> None:
    lesson = Lesson()
    factor, _ = lesson.factors()
    (rest,) = lesson.builder.ops
    assert rest.initial is FULL and not rest.is_empty  # type: ignore[union-attr]
    assert factor.initial.shape == (D, N_IN) and not factor.initial.any()


@pytest.mark.parametrize(
    ("shape", "is_factored"),
    [((8, 6), True), ((7, 6), False), ((8, 2), True), ((8, 1), False)],
)
def test_weights_of_few_neurons_stay_full(shape: tuple[int, int], is_factored: bool) -> None:
    term = Term(Read(1), np.ones((shape[0], D)) * [1.0, 2.0])
    lesson = Lesson(RNG.normal(size=shape), [term])
    assert (lesson.factors() is not None) == is_factored


def test_stored_weights_are_the_factor_or_the_rest_above_it() -> None:
    lesson = Lesson()
    factor, _ = lesson.factors(stored=ROWS)
    assert np.array_equal(factor.initial, ROWS) and lesson.builder.ops[0].is_empty  # type: ignore[union-attr]
    lesson = Lesson()
    factor, _ = lesson.factors(stored=np.vstack([FULL, ROWS]))
    assert np.array_equal(factor.initial, ROWS)
    assert np.array_equal(lesson.builder.ops[0].initial, FULL)  # type: ignore[union-attr]
    for shape in ((D + 1, N_IN), (D - 1, N_IN), (D, N_IN + 1), (N_OUT, N_IN), (N_OUT + D, 1)):
        assert Lesson().factors(stored=np.ones(shape)) is None
    called: list[Any] = []

    def find(*arguments: Any) -> Any:
        called.append(arguments)
        return ROWS

    factor, _ = Lesson().factors(find=find)
    assert factor.initial is ROWS and called[0][0] is ENCODERS and called[0][1] is FULL


@pytest.mark.parametrize(
    "options",
    [
        {"rules": (Faster(),)},
        {"rules": (nef.PES(), nef.BCM())},
        {"terms": []},
        {"terms": [Term(Read(1), ENCODERS)] * 2},
        {"terms": [Term(Read(1), 2.0)]},
        {"terms": [Term(Read(1), scipy.sparse.csr_array(ENCODERS))]},
        {"terms": [Term(Read(1), ENCODERS, slice(0, N_OUT))]},
        {"read": lambda signal: None},
        {"read": lambda signal: Read(signal, 1)},
        {"read": lambda signal: Read(signal, 0, slice(0, N_OUT))},
        {"read": lambda signal: Read(0)},
    ],
    ids=range(11),
)
def test_weights_that_change_otherwise_stay_full(options: dict[str, Any]) -> None:
    lesson = Lesson(**options)
    n = len(lesson.builder.signals)
    assert lesson.factors() is None
    assert len(lesson.builder.signals) == n and not lesson.builder.ops


def test_rules_with_equal_encoders_share_the_factor() -> None:
    two = Lesson(rules=(nef.PES(1e-3), nef.PES(1e-4)))
    _, learn = two.factors()
    assert [part.error.signal for part in learn.parts] == [two.error] * 2
    assert [part.rule.learning_rate for part in learn.parts] == [1e-3, 1e-4]
    for encoders, is_factored in ((ENCODERS.copy(), True), (2 * ENCODERS, False)):
        lesson = Lesson(rules=(nef.PES(), nef.PES()))
        lesson.builder.as_sum(lesson.encoded[1], [Term(Read(lesson.error), encoders)])
        assert (lesson.factors() is not None) == is_factored


def test_observed_weights_are_the_sum_of_both_parts_row_by_row() -> None:
    lesson = Lesson(observed=True)
    factor, _ = lesson.factors()
    (rest,) = lesson.builder.ops
    assert isinstance(rest, Weigh)
    sizes = [lesson.builder.signals[op.observed].size for op in (factor, rest)]  # type: ignore[index]
    assert sizes == [D * N_IN, N_OUT * N_IN]
    few, others = lesson.builder.terms_of(lesson.weigh.observed) or []  # type: ignore[arg-type]
    assert (few.read.signal, others.read.signal) == (factor.observed, rest.observed)
    product = few.matrix @ ROWS.ravel()
    np.testing.assert_allclose(product.reshape(N_OUT, N_IN), ENCODERS @ ROWS, rtol=1e-12)
    assert others.matrix is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_product_is_one_up_to_rounding_in_each_row(sign: float) -> None:
    n = 130
    encoders, rows = RNG.normal(size=(n, 1)) + 5.0, sign * np.ones((1, 3))
    weights = encoders @ rows
    np.testing.assert_allclose(factored.product_with(encoders, weights), rows, rtol=1e-12)
    largest = np.abs(weights).max()
    for row in (0, 63, 64, 100, 129):
        for share, is_product in ((0.5e-10, True), (2e-10, False)):
            other = weights.copy()
            other[row, 1] += share * largest
            assert (factored.product_with(encoders, other) is not None) == is_product
