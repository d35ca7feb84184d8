"""Tables of HTML, by which notebooks show objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from html import escape
from typing import Any

import numpy as np

from nefsim import _checks as check

#: Longest table; further rows are counted.
MOST_ROWS = 30


def show(value: object) -> str:
    """A value on one line: an array by its shape and range, a function by its name."""
    if isinstance(value, str):
        return value
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {show(item)}" for key, item in value.items())
    if isinstance(value, np.ndarray):
        if not value.size or value.dtype.kind not in "fiub":
            return f"array {value.shape}"
        return f"array {value.shape}, from {value.min():.4g} to {value.max():.4g}"
    if hasattr(value, "tocsr"):
        return f"sparse array {getattr(value, 'shape', '')}"
    if callable(value) and hasattr(value, "__name__"):
        return f"function {value.__name__}"
    return check.show(value)


def table(title: str, rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> str:
    """A table with a title, of cells shown by :func:`show`."""
    each = list(rows)
    lines = [f"<tr>{_cells('th', head)}</tr>"] if head else []
    lines += [f"<tr>{_cells('td', map(show, row))}</tr>" for row in each[:MOST_ROWS]]
    if len(each) > MOST_ROWS:
        more = f"and {len(each) - MOST_ROWS} more"
        lines.append(f"<tr>{_cells('td', [more])}</tr>")
    return f"<table><caption>{escape(title)}</caption>{''.join(lines)}</table>"


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)


class Fields:
    """Shows a dataclass in a notebook as a table of its fields."""

    def _repr_html_(self) -> str:
        thing: Any = self
        shown = [f.name for f in fields(thing) if f.repr and f.name not in ("network", "label")]
        values = [(name, getattr(self, name)) for name in shown]
        title = type(self).__name__ if len(repr(self)) > 60 else repr(self)
        return table(title, ((n, v) for n, v in values if v is not None))


class Text:
    """Shows an object in a notebook as the text that ``print`` shows."""

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"
