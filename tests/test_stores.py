"""Stores of records are their rows, after any calls of their methods."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nefsim.records import stores
from nefsim.records.stores import Rows, Spikes, Store

SHAPES = ((3,), (2, 3))


def rows_of(rng: np.random.Generator, n: int, shape: tuple[int, ...]) -> Any:
    """Rows of which about half are spikes, of one height or of several."""
    heights = rng.choice([1000.0, 500.0], (n, *shape)) if rng.random() < 0.3 else 1000.0
    return heights * (rng.random((n, *shape)) < 0.5) * (rng.random() < 0.8)


def arrays_of(store: Store, rows: list[Any], before: int) -> dict[str, Any]:
    """The arrays that a store should have, from its rows since the last clear."""
    every = np.array(rows, store.dtype).reshape(len(rows), *store.shape)
    if isinstance(store, Rows):
        return {"": every}
    flat = every.reshape(len(rows), math.prod(store.shape))
    steps, cells = np.nonzero(flat)
    return {"steps": steps + before, "cells": cells, "values": flat[steps, cells]}


def assert_equal(store: Store, expected: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Compare; arrays with copies of them are returned."""
    found = store.arrays()
    assert found.keys() == expected.keys() == store.kinds().keys()
    for name, array in found.items():
        full = np.broadcast_to(array, expected[name].shape)
        np.testing.assert_array_equal(full, expected[name])
        dtype, shape = store.kinds()[name]
        assert array.dtype == np.dtype(dtype)
        assert array.shape[1:] == shape
        assert not array.flags.writeable
    return [(array, array.copy()) for array in found.values()]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [Rows, Spikes])
def test_a_store_is_its_rows_after_any_calls(
    kind: type[Store], shape: tuple[int, ...], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "MOST_PIECES", 4)
    rng = np.random.default_rng(seed)
    store = kind(shape, "float32" if seed % 2 else "float64")
    rows: list[Any] = []
    before, handed_out = 0, []
    for _ in range(40):
        n = int(rng.integers(0, 6))
        chunk = rows_of(rng, n, shape).astype(store.dtype)
        complete = n
        if rng.random() < 0.7:
            store.reserve(n)
            cut = int(rng.integers(0, n + 1))
            store.add(chunk[:cut])
            if rng.random() < 0.3:
                handed_out += assert_equal(store, arrays_of(store, [*rows, *chunk[:cut]], before))
            store.add(chunk[cut:])
            if rng.random() < 0.3:  # the run was stopped
                complete = int(rng.integers(0, n + 1))
        else:
            store.add(chunk)
        store.settle(complete)
        rows += list(chunk[:complete])
        assert store.n_rows == before + len(rows)
        if rng.random() < 0.3:
            handed_out += assert_equal(store, arrays_of(store, rows, before))
        if rng.random() < 0.1:
            store.clear()
            before, rows = store.n_rows, []
    assert_equal(store, arrays_of(store, rows, before))
    for array, copy in handed_out:
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [Rows, Spikes])
def test_a_store_goes_on_from_the_arrays_of_another(
    kind: type[Store], shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(3)
    rows = rows_of(rng, 20, shape)
    first, second = kind(shape, "float64"), kind(shape, "float64")
    first.add(rows[:8])
    assert second.put(first.arrays(), 8)
    second.add(rows[8:])
    assert_equal(second, arrays_of(second, list(rows), 0))
    assert not kind(shape, "float64").put({"other": rows}, 8)
    if kind is Rows:
        assert not kind(shape, "float64").put(first.arrays(), 7)
    empty = kind(shape, "float64")
    assert empty.put(kind(shape, "float64").arrays(), 0)
    assert_equal(empty, arrays_of(empty, [], 0))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("steps", lambda steps: steps[::-1]),
        ("steps", lambda steps: steps - 1),
        ("steps", lambda steps: steps + 1),
        ("steps", lambda steps: steps[:, None]),
        ("cells", lambda cells: cells + 1),
        ("cells", lambda cells: cells - 1),
        ("cells", lambda cells: cells[:-1]),
        ("values", lambda values: values[:-1]),
    ],
)
def test_spikes_that_do_not_fit_are_not_taken(name: str, change: Any) -> None:
    """The first and the last of 4 rows of 3 have spikes of all neurons, and two heights."""
    store = Spikes((3,), "float64")
    store.add(np.array([[1.0, 1, 1], [0, 0, 0], [0, 2, 0], [1, 1, 1]]))
    arrays = store.arrays()
    assert Spikes((3,), "float64").put(arrays, 4)
    assert not Spikes((3,), "float64").put({**arrays, name: change(arrays[name])}, 4)
