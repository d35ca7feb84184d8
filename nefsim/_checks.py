"""Checks of arguments; each error is one sentence that says how to correct the call.

Every message has the form ``who: argument must ..., got ...; do ...``, for example
``LIF: tau_rc must be above 0, got -1.0; pass seconds, such as 0.02.``
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _habits as habits

#: Largest number that is accepted; larger ones are errors of unit.  Sharp thresholds have gains
#: of 1e17.
HUGE = 1e24


def show(value: object) -> str:
    """Format a value for a message: short, on one line, arrays by shape and type."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and type {value.dtype}"
    prefix = "Nengo's " if habits.is_of_nengo(value) else ""
    if isinstance(value, type):
        return f"{prefix or 'the '}class {value.__name__}"
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a whole number of thousands of digits, or an object that is broken
        return f"an object of type {type(value).__name__}"
    if len(text) > 60:
        text = text[:57] + "..."
    return prefix + text


def counted(n: int, noun: str) -> str:
    """A number with its noun, in the singular for one: "1 value", "2 values"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def fail(
    who: str,
    argument: str,
    must: str,
    got: object,
    do: str,
    kind: type[Exception] = ValueError,
) -> NoReturn:
    """Raise an error in the format of this module; a string ``got`` is used on one line."""
    text = " ".join(got.splitlines()) or "''" if isinstance(got, str) else show(got)
    raise kind(f"{who}: {argument} must {must}, got {text}; {do}.")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning at the line outside this package that called it."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("nefsim."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def is_called_within(*modules: str) -> bool:
    """Whether a call comes from this package, seen from a function of one of ``modules``.

    ``modules`` are the beginnings of names; their frames are those of the call itself.
    """
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(
        (*modules, __name__)
    ):
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__", "").startswith("nefsim.")


def _wrong_kind(who: str, argument: str, must: str, value: object, do: str) -> NoReturn:
    """Raise a TypeError; for objects of Nengo it names the replacement in nefsim."""
    fail(who, argument, must, show(value), habits.instead_of_nengos(value) or do, TypeError)


def must_not_be_running(who: str) -> NoReturn:
    """Raise an error about a simulator that is running, in another thread or for a node."""
    do = "call this before or after a run, or make another simulator"
    fail(who, "simulator", "not be running", "one within a run", do, RuntimeError)


def real(
    who: str,
    argument: str,
    value: Any,
    do: str = "pass a finite number",
    low: float = -HUGE,
    high: float = HUGE,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """Check that a value is a finite number between ``low`` and ``high``; return it as a float."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        _wrong_kind(who, argument, "be a number", value, do)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf  # a whole number of hundreds of digits
    if not math.isfinite(number):
        fail(who, argument, "be finite", show(value), do)
    if number < low or (open_low and number == low):
        fail(who, argument, f"be {'above' if open_low else 'at least'} {low:g}", show(value), do)
    if number > high or (open_high and number == high):
        fail(who, argument, f"be {'below' if open_high else 'at most'} {high:g}", show(value), do)
    return number


def positive(who: str, argument: str, value: Any, do: str = "pass a number above 0") -> float:
    """Check that a value is a finite number above zero; return it as a float."""
    return real(who, argument, value, do, low=0.0, open_low=True)


def seconds(who: str, argument: str, value: Any, zero: bool = False) -> float:
    """Check a duration [s]: above zero, or zero if ``zero``, and at most a million."""
    return real(who, argument, value, "pass seconds, such as 0.005", 0.0, 1e6, open_low=not zero)


def integer(
    who: str,
    argument: str,
    value: Any,
    do: str = "pass a whole number",
    low: int = 0,
    high: int = 10**9,
) -> int:
    """Check that a value is a whole number from ``low`` to ``high``; return it as an int."""
    if type(value) is not int:  # fast path, as the checks of other types take longer
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
            _wrong_kind(who, argument, "be a whole number", value, do)
        value = int(value)
    number: int = value
    if number < low:
        fail(who, argument, f"be at least {low}", show(number), do)
    if number > high:
        fail(who, argument, f"be at most {high}", show(number), do)
    return number


def seed(who: str, value: Any, argument: str = "seed") -> int | None:
    """Check a seed: None, or a whole number from 0 and below 2**64."""
    if value is None:
        return None
    return integer(who, argument, value, "pass a whole number or None", 0, 2**64 - 1)


def flag(who: str, argument: str, value: Any) -> bool:
    """Check that a value is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        fail(who, argument, "be True or False", show(value), "pass True or False", TypeError)
    return bool(value)


def one_of(who: str, argument: str, value: Any, options: Sequence[str]) -> str:
    """Check that a value is one of a few names."""
    if not isinstance(value, str) or value not in options:
        listed = ", ".join(repr(option) for option in options)
        kind = ValueError if isinstance(value, str) else TypeError
        fail(who, argument, f"be one of {listed}", show(value), "pass one of these names", kind)
    return value


def label(who: str, value: Any) -> str | None:
    """Check a label: None or a string."""
    if value is not None and not isinstance(value, str):
        fail(who, "label", "be a string or None", show(value), "pass a name", TypeError)
    return value


def instance(
    who: str, argument: str, value: Any, kinds: type | tuple[type, ...], noun: str, do: str
) -> Any:
    """Check that a value is of one of the types ``kinds``, called ``noun`` in the message."""
    if not isinstance(value, kinds):
        _wrong_kind(who, argument, f"be {noun}", value, do)
    return value


def is_iterable(value: object) -> bool:
    """Whether a value has items: a text and an array without dimensions have none."""
    if isinstance(value, (str, bytes)) or getattr(value, "ndim", 1) == 0:
        return False
    return isinstance(value, Iterable)


def function(who: str, argument: str, value: Any) -> Any:
    """Check that a value is callable and not a class."""
    if not callable(value) or isinstance(value, type):
        _wrong_kind(who, argument, "be a function", value, "pass a function")
    return value


def _as_float_array(who: str, argument: str, value: Any, do: str) -> NDArray[np.float64]:
    if value is None or isinstance(value, (str, bytes, dict, set)) or callable(value):
        _wrong_kind(who, argument, "be numbers", value, do)
    try:
        raw = np.asarray(value)
    except ValueError:
        fail(who, argument, "be an array", "rows of unequal length", do)
    except MemoryError:
        fail(who, argument, "fit into memory", show(value), do)
    if raw.dtype.kind not in "fiu":
        if isinstance(value, np.ndarray):
            fail(who, argument, "be real numbers", f"type {raw.dtype}", do, TypeError)
        _wrong_kind(who, argument, "be real numbers", value, do)
    try:
        return np.array(raw, dtype=np.float64)
    except MemoryError:  # such as of one number that is repeated without taking memory
        fail(who, argument, "fit into memory", show(raw), do)


def array(
    who: str,
    argument: str,
    value: Any,
    shape: tuple[int | None, ...] | None = None,
    do: str = "pass an array of finite numbers",
    low: float = -HUGE,
    high: float = HUGE,
    copy: bool = True,
) -> NDArray[np.float64]:
    """Check that a value is a finite array of a shape; return a copy as float64.

    None in ``shape`` is any length.

    The error about values below ``low`` or above ``high`` names the first of them.  If ``copy``
    is False, a value that is a read-only float array is returned itself.
    """
    if not copy and _is_constant(value):
        checked = value
    else:
        checked = _as_float_array(who, argument, value, do)
    if shape is not None and not _fits(checked.shape, shape):
        expected = "(" + ", ".join("any" if n is None else str(n) for n in shape)
        expected += ",)" if len(shape) == 1 else ")"
        fail(who, argument, f"have shape {expected}", f"shape {checked.shape}", do)
    if checked.size and not (checked.min() >= low and checked.max() <= high):
        _fail_at_element(who, argument, checked, do, low, high)
    return checked


def _is_constant(value: Any) -> bool:
    """Whether a value is a read-only array of float64 that owns its memory."""
    if type(value) is not np.ndarray or value.dtype != np.float64:
        return False
    return bool(value.flags.owndata and not value.flags.writeable)


def _fail_at_element(
    who: str, argument: str, values: NDArray[np.float64], do: str, low: float, high: float
) -> NoReturn:
    bad, must = next(
        (wrong, words)
        for wrong, words in (
            (~np.isfinite(values), "be finite"),
            (values < low, f"be at least {low:g}"),
            (values > high, f"be at most {high:g}"),
        )
        if wrong.any()
    )
    where = tuple(np.argwhere(bad)[0].tolist())
    at = f" (element {', '.join(map(str, where))})" if where else ""
    fail(who, argument, must, f"{values[where]:g}{at}", do)


def classes(who: str, argument: str, value: Any, n: int | None = None) -> NDArray[np.int64]:
    """Check class labels (n,): whole numbers from 0, at least one."""
    do = "pass a whole number from 0 for each example"
    labels = array(who, argument, value, (n,), do, 0.0, 1e6)
    if not labels.size:
        fail(who, argument, "hold a label", "none", do)
    if (labels % 1).any():
        fail(who, argument, "be whole numbers", f"{labels[labels % 1 > 0][0]:g}", do)
    return labels.astype(np.int64)


def _fits(got: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(got) == len(expected) and all(
        w is None or g == w for g, w in zip(got, expected, strict=True)
    )


def generator(who: str, value: Any) -> np.random.Generator:
    """Return a random generator unchanged, or make one from a seed or None."""
    if isinstance(value, np.random.Generator):
        return value
    if value is None:
        return np.random.default_rng()
    do = "pass numpy.random.default_rng(seed), a seed or None"
    return np.random.default_rng(integer(who, "rng", value, do, 0, 2**64 - 1))
