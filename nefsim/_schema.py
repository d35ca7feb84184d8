"""Validation of JSON descriptions of files against a schema."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any

from nefsim import _checks as check

#: Numbers of steps and of rows.
COUNT = range(2**53)


def misfit(value: Any, schema: Any, name: str = "it") -> str:
    """The first difference between a value from JSON and a schema, as text; empty if none.

    Parameters
    ----------
    value : object
        Numbers, texts, None, lists and dicts of these.
    schema : object
        One of: a type, where ``float`` also accepts whole numbers and ``object`` anything; a
        range of whole numbers; None or a text, for an equal value; a tuple of alternatives;
        ``[a]``, a list of any length; ``[a, b]`` or ``[]``, a list of this length;
        ``{str: a}``, a dict with any keys; ``{"x": a}``, a dict with at least these keys.
    name : str
        Name of the value in the message.

    Examples
    --------
    >>> schema = {"labels": [str], "n": (None, range(10))}
    >>> misfit({"labels": ["a"], "n": 3}, schema), misfit({"labels": ["a", 1], "n": 3}, schema)
    ('', 'labels[1] is 1')
    """
    match schema:
        case tuple():
            fits = any(not misfit(value, each) for each in schema)
        case range():
            fits = type(value) is int and value in schema
        case None | str():
            fits = value == schema
        case list():
            fits = isinstance(value, list) and len(schema) in (1, len(value))
        case dict():
            fits = isinstance(value, dict)
        case _:
            types = (int, float) if schema is float else schema
            fits = isinstance(value, types) and (schema is object or type(value) is not bool)
    if not fits:
        return f"{name} is {check.show(value)}"
    parts: Iterable[tuple[str, Any, Any]] = ()
    if isinstance(schema, list):
        kinds: Iterable[Any] = schema if len(schema) == len(value) else repeat(schema[0])
        pairs = enumerate(zip(value, kinds, strict=False))
        parts = ((f"{name}[{i}]", v, s) for i, (v, s) in pairs)
    elif isinstance(schema, dict):
        names = value if str in schema else schema
        missing = [key for key in names if key not in value]
        if missing:
            return f"{missing[0]} of {name} is missing"
        place = "" if name == "it" else f"{name}."
        parts = ((f"{place}{key}", value[key], schema.get(str, schema.get(key))) for key in names)
    return next((difference for key, v, s in parts if (difference := misfit(v, s, key))), "")
