"""Laws of the checks of arguments: what is accepted at each limit, and the words beyond it."""

from __future__ import annotations

import types
import warnings
from typing import Any

import numpy as np
import pytest

from nefsim import _checks as check


def refused(call: Any, message: str, kind: type[Exception] = ValueError) -> None:
    """The call raises exactly this error."""
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind and str(caught.value) == message


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int8(2), np.array(2), np.array(2.0)])
def test_a_number_is_any_real_number(value: Any) -> None:
    number = check.real("f", "x", value)
    assert type(number) is float and number == 2.0


@pytest.mark.parametrize("value", [True, np.True_, "2", None, 2j, [2.0], np.array([2.0])], ids=repr)
def test_other_things_are_no_numbers(value: Any) -> None:
    message = f"f: x must be a number, got {check.show(value)}; do."
    refused(lambda: check.real("f", "x", value, "do"), message, TypeError)


@pytest.mark.parametrize(
    ("got", "shown"), [("a\nb", "a b"), ("a  b", "a  b"), ("", "''"), (np.zeros(2), "an array of")]
)
def test_an_error_is_one_line_and_names_what_it_got(got: Any, shown: str) -> None:
    with pytest.raises(ValueError, match=rf"^f: x must fit, got {shown}[^\n]*; do\.$"):
        check.fail("f", "x", "fit", got, "do")


def test_numbers_are_finite_and_within_their_limits() -> None:
    for value, shown in ((np.nan, "nan"), (-np.inf, "-inf"), (10**400, "1000000")):
        message = f"f: x must be finite, got {shown}"
        with pytest.raises(ValueError, match=message):
            check.real("f", "x", value)
    for low in (True, False):
        for high in (True, False):
            limits = {"low": 1.0, "high": 3.0, "open_low": low, "open_high": high}
            assert check.real("f", "x", 2, **limits) == 2  # type: ignore[arg-type]
            words = {
                1: f"be {'above' if low else 'at least'} 1",
                3: f"be {'below' if high else 'at most'} 3",
            }
            for edge, beyond, is_open in ((1, 0.99, low), (3, 3.01, high)):
                for value in (beyond, *([edge] if is_open else [])):
                    message = f"f: x must {words[edge]}, got {value}; do."
                    refused(lambda: check.real("f", "x", value, "do", **limits), message)  # noqa: B023
                if not is_open:
                    assert check.real("f", "x", edge, **limits) == edge  # type: ignore[arg-type]
    assert check.real("f", "x", 1e24) == 1e24 == -check.real("f", "x", -1e24)
    for value, must in ((1.1e24, "at most 1e+24"), (-1.1e24, "at least -1e+24")):
        with pytest.raises(ValueError, match=f"x must be {must}".replace("+", r"\+")):
            check.real("f", "x", value)
    assert check.positive("f", "x", 1e-300) == 1e-300
    refused(
        lambda: check.positive("f", "x", 0), "f: x must be above 0, got 0; pass a number above 0."
    )
    assert check.seconds("f", "x", 1e6) == 1e6 and check.seconds("f", "x", 0, zero=True) == 0
    do = "pass seconds, such as 0.005."
    refused(lambda: check.seconds("f", "x", 0), f"f: x must be above 0, got 0; {do}")
    refused(lambda: check.seconds("f", "x", -1, True), f"f: x must be at least 0, got -1; {do}")
    refused(
        lambda: check.seconds("f", "x", 1e7), f"f: x must be at most 1e+06, got 10000000.0; {do}"
    )


def test_whole_numbers_are_within_their_limits() -> None:
    for value in (0, 10**9, np.int64(5)):
        assert (
            type(check.integer("f", "n", value)) is int and check.integer("f", "n", value) == value
        )
    do = "pass a whole number."
    refused(lambda: check.integer("f", "n", -1), f"f: n must be at least 0, got -1; {do}")
    refused(
        lambda: check.integer("f", "n", 10**9 + 1),
        f"f: n must be at most 1000000000, got 1000000001; {do}",
    )
    for value in (True, np.False_, 2.0, "2", None):
        message = f"f: n must be a whole number, got {check.show(value)}; {do}"
        refused(lambda: check.integer("f", "n", value), message, TypeError)  # noqa: B023
    assert check.seed("f", None) is None
    assert check.seed("f", 0) == 0 and check.seed("f", 2**64 - 1) == 2**64 - 1
    for value, must in ((-1, "at least 0"), (2**64, f"at most {2**64 - 1}")):
        message = f"f: seed must be {must}, got {value}; pass a whole number or None."
        refused(lambda: check.seed("f", value), message)  # noqa: B023
    with pytest.raises(ValueError, match=r"^f: build must be at least 0"):
        check.seed("f", -1, "build")


def test_flags_names_labels_and_kinds() -> None:
    assert check.flag("f", "x", True) is True and check.flag("f", "x", np.False_) is False
    refused(
        lambda: check.flag("f", "x", 1),
        "f: x must be True or False, got 1; pass True or False.",
        TypeError,
    )
    assert check.one_of("f", "x", "b", ("a", "b")) == "b"
    message = "f: x must be one of 'a', 'b', got {}; pass one of these names."
    refused(lambda: check.one_of("f", "x", "c", ("a", "b")), message.format("'c'"))
    refused(lambda: check.one_of("f", "x", 1, ("a", "b")), message.format("1"), TypeError)
    refused(
        lambda: check.one_of("f", "x", ["a"], ("a",)),
        "f: x must be one of 'a', got ['a']; pass one of these names.",
        TypeError,
    )
    assert check.label("f", None) is None and check.label("f", "a") == "a"
    refused(
        lambda: check.label("f", 1),
        "f: label must be a string or None, got 1; pass a name.",
        TypeError,
    )
    assert check.instance("f", "x", 1.0, (int, float), "a number", "do") == 1.0
    refused(
        lambda: check.instance("f", "x", "1", int, "a number", "do"),
        "f: x must be a number, got '1'; do.",
        TypeError,
    )
    assert check.function("f", "x", len) is len
    for value, got in ((int, "the class int"), (3, "3")):
        message = f"f: x must be a function, got {got}; pass a function."
        refused(lambda: check.function("f", "x", value), message, TypeError)  # noqa: B023


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (None, "None"),
        ("1", "'1'"),
        (b"1", "b'1'"),
        ({}, "{}"),
        (set(), "set()"),
        (len, "the function len"),
    ],
    ids=repr,
)
def test_other_things_are_no_arrays(value: Any, got: str) -> None:
    message = f"f: x must be numbers, got {got}; do."
    refused(lambda: check.array("f", "x", value, None, "do"), message, TypeError)


def test_arrays_are_copies_of_finite_numbers_in_their_shape() -> None:
    given = np.array([[1, 2, 3]], np.int8)
    made = check.array("f", "x", given, (None, 3))
    assert made.dtype == np.float64 and made.tolist() == [[1.0, 2.0, 3.0]]
    assert check.array("f", "x", []).shape == (0,) and check.array("f", "x", 2).shape == ()
    do = "pass an array of finite numbers."
    for shape, shown in (
        ((1, 2), "(1, 2)"),
        ((3,), "(3,)"),
        ((1, None, 3), "(1, any, 3)"),
        ((), "()"),
    ):
        message = f"f: x must have shape {shown}, got shape (1, 3); {do}"
        refused(lambda: check.array("f", "x", given, shape), message)  # noqa: B023
    refused(
        lambda: check.array("f", "x", [[1], [1, 2]]),
        f"f: x must be an array, got rows of unequal length; {do}",
    )
    refused(
        lambda: check.array("f", "x", np.array(["a"])),
        f"f: x must be real numbers, got type <U1; {do}",
        TypeError,
    )
    refused(
        lambda: check.array("f", "x", ["a"]),
        f"f: x must be real numbers, got ['a']; {do}",
        TypeError,
    )
    refused(
        lambda: check.array("f", "x", np.array([True])),
        f"f: x must be real numbers, got type bool; {do}",
        TypeError,
    )
    for value, low, high, words in (
        ([[0, 1], [np.nan, -9]], -1, 1, "be finite, got nan (element 1, 0)"),
        ([[0, 1], [1, -2]], -1, 1, "be at least -1, got -2 (element 1, 1)"),
        ([0.5, 1.5, 2.5], -1, 1, "be at most 1, got 1.5 (element 1)"),
        (3.0, -1, 1, "be at most 1, got 3"),
        (np.inf, -1, 1, "be finite, got inf"),
        ([1e25], -check.HUGE, check.HUGE, "be at most 1e+24, got 1e+25 (element 0)"),
    ):
        message = f"f: x must {words}; do."
        refused(lambda: check.array("f", "x", value, None, "do", low, high), message)  # noqa: B023
    assert check.array("f", "x", [-1, 1], None, "do", -1, 1).tolist() == [-1.0, 1.0]
    assert check.array("f", "x", [1e24, -1e24]).tolist() == [1e24, -1e24]


def test_only_constant_arrays_are_not_copied() -> None:
    constant = np.arange(3.0)
    constant.setflags(write=False)
    view = constant[:2]
    single = constant.astype(np.float32)
    single.setflags(write=False)
    assert check.array("f", "x", constant, copy=False) is constant
    assert check.array("f", "x", constant) is not constant
    for other in (np.arange(3.0), view, single, [0.0]):
        assert check.array("f", "x", other, copy=False) is not other
    with pytest.raises(ValueError, match="at most 1, got 2"):
        check.array("f", "x", constant, high=1.0, copy=False)


def test_classes_are_whole_numbers_from_zero() -> None:
    made = check.classes("f", "y", [0.0, 3, 1_000_000], 3)
    assert made.dtype == np.int64 and made.tolist() == [0, 3, 1_000_000]
    do = "pass a whole number from 0 for each example."
    refused(lambda: check.classes("f", "y", []), f"f: y must hold a label, got none; {do}")
    refused(
        lambda: check.classes("f", "y", [1, 2.5, 0.5]), f"f: y must be whole numbers, got 2.5; {do}"
    )
    for labels, words in (
        ([0, -1], "be at least 0, got -1 (element 1)"),
        ([1_000_001], "be at most 1e+06, got 1e+06 (element 0)"),
    ):
        refused(lambda: check.classes("f", "y", labels), f"f: y must {words}; {do}")  # noqa: B023
    with pytest.raises(ValueError, match=r"shape \(2,\), got shape \(1,\)"):
        check.classes("f", "y", [0], 2)


def test_a_generator_is_one_or_is_made_from_a_seed() -> None:
    rng = np.random.default_rng(3)
    assert check.generator("f", rng) is rng
    assert check.generator("f", 3).random() == rng.random()
    assert check.generator("f", None).random() != check.generator("f", None).random()
    check.generator("f", 2**64 - 1)
    for value in (-1, 2**64):
        with pytest.raises(
            ValueError, match=r"^f: rng must be at .+; pass numpy\.random\.default_rng"
        ):
            check.generator("f", value)


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("broken")


def test_values_are_shown_in_at_most_60_letters() -> None:
    assert check.show("a" * 58) == f"'{'a' * 58}'"
    assert check.show("a" * 59) == f"'{'a' * 56}..."
    assert (
        check.show(
            [
                1,  # of two lines
                2,
            ]
        )
        == "[1, 2]"
    )
    assert check.show(np.zeros((2, 3))) == "an array of shape (2, 3) and type float64"
    assert check.show(int) == "the class int" and check.show(len) == "the function len"
    assert check.show(Broken()) == "an object of type Broken"

    class Named:
        __name__ = "n"

    class Called:
        def __call__(self) -> None: ...
        def __repr__(self) -> str:
            return "<called>"

    assert check.show(Named()).startswith("<test_checks_laws.")
    assert check.show(Called()) == "<called>"


def test_a_warning_is_of_the_line_outside_of_the_package() -> None:
    source = "def f(warn): warn('text')\ndef g(f, warn): f(warn)\n"
    inside = [types.ModuleType(name) for name in ("nefsim.a", "nefsim.b")]
    for module in inside:
        exec(source, module.__dict__)
    first, second = inside
    calls: list[Any] = [
        lambda: check.warn("text"),
        lambda: first.f(check.warn),
        lambda: first.g(second.f, check.warn),
    ]
    for call in calls:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        assert [w.filename for w in caught] == [__file__]
        assert caught[0].lineno == call.__code__.co_firstlineno
        assert caught[0].category is UserWarning


def test_a_run_in_a_run_is_refused() -> None:
    do = "call this before or after a run, or make another simulator."
    message = f"f: simulator must not be running, got one within a run; {do}"
    refused(lambda: check.must_not_be_running("f"), message, RuntimeError)
