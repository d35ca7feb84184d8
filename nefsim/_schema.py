"""What a file says of itself is compared with what it must say, before it is used."""

from __future__ import annotations

from typing import Any

from nefsim import _checks as check

#: Numbers of steps and of rows.
COUNT = range(2**53)


def misfit(value: Any, schema: Any, name: str = "it") -> str:
    """The first place at which a value, as JSON gives it, is not as described; empty if none.

    Parameters
    ----------
    value : object
        Numbers, texts, None, lists and dicts of these.
    schema : object
        A type; ``float`` takes whole numbers, too, and ``object`` anything.  A range of whole
        numbers; None or a text, for itself; a tuple of any of which one fits.  ``[a]``, a list
        of such; ``[a, b]`` or ``[]``, a list of these; ``{str: a}``, a dict of such;
        ``{"x": a}``, a dict with at least these.
    name : str
        What it is called.

    Examples
    --------
    >>> schema = {"labels": [str], "n": (None, range(10))}
    >>> misfit({"labels": ["a"], "n": 3}, schema), misfit({"labels": ["a", 1], "n": 3}, schema)
    ('', 'labels[1] is 1')
    """
    wrong = f"{name} is {check.show(value)}"
    match schema:
        case tuple():
            return "" if any(not misfit(value, each) for each in schema) else wrong
        case range():
            return "" if type(value) is int and value in schema else wrong
        case None | str():
            return "" if value == schema else wrong
        case list():
            if not isinstance(value, list) or (len(schema) != 1 and len(value) != len(schema)):
                return wrong
            kinds = schema * len(value) if len(schema) == 1 else schema
            parts = ((f"{name}[{i}]", v, kinds[i]) for i, v in enumerate(value))
        case dict():
            if not isinstance(value, dict):
                return wrong
            names = value if str in schema else schema
            missing = [key for key in names if key not in value]
            if missing:
                return f"{missing[0]} of {name} is missing"
            place = "" if name == "it" else f"{name}."
            parts = (
                (f"{place}{key}", value[key], schema.get(str, schema.get(key))) for key in names
            )
        case _:
            types = (int, float) if schema is float else schema
            fits = isinstance(value, types) and (schema is object or type(value) is not bool)
            return "" if fits else wrong
    return next((found for key, v, s in parts if (found := misfit(v, s, key))), "")
