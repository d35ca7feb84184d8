"""Convert values to JSON and arrays and back, as ``docs/model-files.md`` defines."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._archive import KINDS
from nefsim._values import Value
from nefsim.models import names
from nefsim.models.format import ModelFile

WHO = "Network.save"


def encode(value: Any, place: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """Convert a value to JSON; add its arrays to ``arrays``, with names that begin with ``place``.

    Raises
    ------
    ValueError
        If the value has a function or type that cannot be imported by name.
    TypeError
        If files cannot contain values of its type.
    """
    match value:
        case None | bool() | str():
            return value
        case np.bool_():
            return bool(value)
        case int() | np.integer():
            return int(value)
        case float() | np.floating():
            number = float(value)
            return number if math.isfinite(number) else {"number": repr(number)}
        case np.ndarray() if value.dtype.kind in KINDS and value.dtype.itemsize:
            arrays[place] = value
            return {"array": place}
        case tuple() | list():
            items = [encode(item, f"{place}/{i}", arrays) for i, item in enumerate(value)]
            return {"tuple": items} if isinstance(value, tuple) else items
        case Mapping():
            pairs = enumerate(value.items())
            return {
                "dict": [
                    [encode(k, place, arrays), encode(v, f"{place}/{i}", arrays)]
                    for i, (k, v) in pairs
                ]
            }
        case Value():
            return _encode_value(value, place, arrays)
    if hasattr(value, "tocsr") and not isinstance(value, type):
        return _encode_sparse(value, place, arrays)
    if callable(value) and not isinstance(value, type):
        name = names.name_of_function(value)
        if name is None:
            _refuse(value, place, "a function that can be imported by name", "def")
        return {"function": name}
    must = "be numbers, texts, arrays, functions and values of nefsim"
    check.fail(WHO, place, must, check.show(value), "leave it out", TypeError)


def _refuse(thing: Any, place: str, noun: str, word: str) -> NoReturn:
    do = (
        f"write it with {word} in a module and import it from there, then load the file with "
        'load_network(path, allow=("that_module",))'
    )
    if place.startswith("connections/") and place.endswith("/function"):
        do += ', or pass functions="values" if it is decoded from neurons'
    check.fail(WHO, place, f"be {noun}", check.show(thing), do)


def _encode_value(value: Value, place: str, arrays: dict[str, NDArray[Any]]) -> Any:
    kind = type(value)
    name = names.name_of_type(kind)
    if name is None:
        _refuse(kind, place, "of a type that can be imported by name", "class")
    content = {
        field.name: encode(getattr(value, field.name), f"{place}/{field.name}", arrays)
        for field in fields(value)  # type: ignore[arg-type]
        if field.init
    }
    return {"type": name, "fields": content}


def _encode_sparse(value: Any, place: str, arrays: dict[str, NDArray[Any]]) -> Any:
    matrix = value.tocsr()
    arrays[f"{place}/data"] = matrix.data
    arrays[f"{place}/columns"] = matrix.indices.astype(np.int64)
    arrays[f"{place}/starts"] = matrix.indptr.astype(np.int64)
    return {"sparse": place, "shape": [*map(int, matrix.shape)]}


def decode(value: Any, file: ModelFile, allow: Collection[str]) -> Any:
    """Convert JSON and arrays of a file to a value.

    Raises
    ------
    ValueError or TypeError
        If the form is unknown, or a type refuses its fields.
    """
    match value:
        case None | bool() | str() | int() | float():
            return value
        case list():
            return [decode(item, file, allow) for item in value]
        case {"number": "nan" | "inf" | "-inf" as text}:
            return float(text)
        case {"array": str(name)}:
            return file.array(name)
        case {"tuple": list(items)}:
            return tuple(decode(item, file, allow) for item in items)
        case {"dict": list(pairs)}:
            return {_key(k): decode(v, file, allow) for k, v in map(_pair, pairs)}
        case {"type": str(name), "fields": dict(content)}:
            kind = names.resolve_type(name, allow)
            known = {field.name for field in fields(kind) if field.init}  # type: ignore[arg-type]
            if content.keys() != known:
                raise ValueError(f"{name} has the fields {', '.join(sorted(known))}")
            return kind(**{key: decode(item, file, allow) for key, item in content.items()})
        case {"sparse": str(name), "shape": [int(rows), int(columns)]}:
            return _decode_sparse(name, (rows, columns), file)
        case {"function": str(name)}:
            return names.resolve_function(name, allow)
    raise ValueError(f"{check.show(value)} is no value")


def _key(key: Any) -> Any:
    if not isinstance(key, (str, int, float)):
        raise ValueError(f"{check.show(key)} is no key")
    return key


def _pair(pair: Any) -> tuple[Any, Any]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise ValueError(f"{check.show(pair)} is no pair of key and value")
    return pair[0], pair[1]


def _decode_sparse(name: str, shape: tuple[int, int], file: ModelFile) -> Any:
    """Read a sparse matrix; check its rows and columns, as SciPy's C code does not."""
    from scipy.sparse import csr_array

    data, columns, starts = (file.array(f"{name}/{part}") for part in ("data", "columns", "starts"))
    fits = (
        min(shape) > 0
        and max(shape) <= 10**8
        and data.dtype.kind in "fiu"
        and columns.dtype.kind == starts.dtype.kind == "i"
        and data.ndim == columns.ndim == 1
        and starts.shape == (shape[0] + 1,)
        and len(data) == len(columns) == starts[-1]
        and starts[0] == 0
        and (np.diff(starts) >= 0).all()
        and ((columns >= 0) & (columns < shape[1])).all()
    )
    if not fits:
        raise ValueError(f"{name!r} is no sparse matrix of shape {shape}")
    return csr_array((data, columns, starts), shape=shape)


def names_in(value: Any) -> set[str]:
    """The names of types and functions in a description; none is imported."""
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    if not isinstance(value, dict):
        return set()
    found = {value[key] for key in ("type", "function") if isinstance(value.get(key), str)}
    return found.union(*map(names_in, value.values()))
