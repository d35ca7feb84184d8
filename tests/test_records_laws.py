"""Laws of records: stores against whole arrays, and descriptions of streams that are refused."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.records import stores
from nefsim.records.stream import LIST, LOG, VERSION


def streamed(folder: Path, n_steps: int = 40, dtype: str = "float64") -> nef.Simulator:
    net = nef.Network(seed=1)
    a = net.ensemble(20, 2, label="a")
    net.connect(net.node([0.5, -0.3]), a)
    net.probe(a, label="y", sample_every=0.003)
    net.probe(a.neurons, label="s")
    sim = nef.Simulator(net, backend="numpy", dtype=dtype, stream=folder, progress=False)
    sim.run_steps(n_steps)
    return sim


def changed(folder: Path, change: Any) -> None:
    file = folder / LIST
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


REFUSED: dict[str, Any] = {
    "the next version": lambda d: d.update(version=VERSION + 1),
    "a version before the first": lambda d: d.update(version=0),
    "another kind": lambda d: d.update(kind="x"),
    "a step more": lambda d: d.update(n_steps=d["n_steps"] + 3),
    "fewer steps": lambda d: d.update(n_steps=d["n_steps"] - 3),
    "no step": lambda d: d["info"].pop("dt"),
    "a label twice": lambda d: d["probes"][0].update(label="s"),
    "a row more": lambda d: d["probes"][0].update(n_rows=d["probes"][0]["n_rows"] + 1),
    "a row less": lambda d: d["probes"][0].update(n_rows=d["probes"][0]["n_rows"] - 1),
    "another shape": lambda d: d["probes"][0].update(shape=[3]),
    "no shape": lambda d: d["probes"][0].update(shape=[]),
    "three axes": lambda d: d["probes"][0].update(shape=[1, 1, 2]),
    "fewer rows in the file": lambda d: d["probes"][0]["in_files"].update({"": 3}),
    "more rows than the file has": lambda d: d["probes"][1]["in_files"].update(
        {name: n + 1 for name, n in d["probes"][1]["in_files"].items()}
    ),
    "more cells than steps": lambda d: d["probes"][1]["in_files"].update(
        cells=d["probes"][1]["in_files"]["cells"] - 1
    ),
    "values without a number": lambda d: d["probes"][1].update(same={}),
    "another type": lambda d: d["probes"][0]["arrays"].update({"": ["<f4", [2]]}),
    "a type of texts": lambda d: d["probes"][0]["arrays"].update({"": ["<U4", [2]]}),
    "another array": lambda d: d["probes"][0]["arrays"].update(x=["<f8", [2]]),
    "no arrays": lambda d: d["probes"][0].update(arrays={}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stream") / "run"
    streamed(path).close()
    # A list of the first version, which has no checksums, so that its counts alone are judged.
    changed(path, lambda d: d.update(version=1))
    return path


@pytest.mark.parametrize("fault", REFUSED)
def test_a_stream_with_another_description_is_refused(fault: str, folder: Path) -> None:
    good = (folder / LIST).read_text()
    result = nef.Result.load(folder)
    assert result["y"].shape == (13, 2) and result["s"].shape == (40, 20)
    assert result["s"].sum() > 0
    try:
        changed(folder, REFUSED[fault])
        with pytest.raises(ValueError, match=r"path must be a stream of nefsim"):
            nef.Result.load(folder)
    finally:
        (folder / LIST).write_text(good)


def with_log(folder: Path, lines: list[Any]) -> None:
    text = b""
    for line in lines:
        raw = line if isinstance(line, bytes) else json.dumps(line).encode()
        text += b"\n%08x %s\n" % (zlib.crc32(raw), raw)
    (folder / LOG).write_bytes(text)


@pytest.mark.filterwarnings("ignore:.* must be complete:UserWarning")
def test_the_last_complete_line_of_a_log_counts_if_it_is_newer(folder: Path) -> None:
    good = json.loads((folder / LIST).read_text())

    def counts(n: int) -> dict[str, Any]:
        """The counts of a shorter run: rows of y, and spikes up to a step."""
        probes = [{k: p[k] for k in ("n_rows", "in_files", "same")} for p in good["probes"]]
        steps = np.load(folder / "1.steps.npy") if (folder / "1.steps.npy").exists() else None
        if steps is None:
            (file,) = [f for f in folder.iterdir() if "steps" in f.name]
            steps = np.load(file)
        n_spikes = int((steps < n).sum())
        probes[0] = {**probes[0], "n_rows": n // 3, "in_files": {"": n // 3}}
        of_spikes = dict.fromkeys(probes[1]["in_files"], n_spikes)
        probes[1] = {**probes[1], "n_rows": n, "in_files": of_spikes}
        return {"n_steps": n, "probes": probes}

    before = {**good, "n_steps": 12}
    for probe, count in zip(before["probes"], counts(12)["probes"], strict=True):
        probe.update(count)
    text = json.dumps(before)
    original = json.dumps(json.loads((folder / LIST).read_text()))
    try:
        (folder / LIST).write_text(text)
        cases: list[tuple[list[Any], int]] = [
            ([], 12),
            ([counts(15)], 15),
            ([counts(15), counts(33)], 33),
            ([counts(33), b'{"n_steps": 36'], 33),  # a complete line that is no JSON
            ([counts(33), {"n_steps": -1, "probes": []}], 12),
            ([counts(9)], 12),  # older than the list
            ([{**counts(33), "probes": counts(33)["probes"][:1]}], 12),
            ([{**counts(33), "n_steps": 39}], 12),  # rows that are not on the disk
        ]
        for lines, n in cases:
            with_log(folder, lines)
            result = nef.Result.load(folder)
            assert len(result["s"]) == n and len(result["y"]) == n // 3, lines
        with_log(folder, [counts(15), counts(33)])
        whole = (folder / LOG).read_bytes()
        (folder / LOG).write_bytes(whole[:-5])  # the last line is cut off
        assert len(nef.Result.load(folder)["s"]) == 15
    finally:
        (folder / LIST).write_text(original)
        (folder / LOG).unlink(missing_ok=True)


def filled(kind: Any, rows: np.ndarray, sizes: list[int], dtype: str = "<f8") -> Any:
    store = kind(rows.shape[1:], dtype)
    at = 0
    for n in sizes:
        store.add(rows[at : at + n])
        at += n
    return store


def dense(store: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The rows of a store of spikes, from its steps, cells and values."""
    arrays = store.arrays()
    flat = np.zeros((store.n_rows, int(np.prod(shape))))
    flat[arrays["steps"], arrays["cells"]] = arrays["values"]
    return flat.reshape(-1, *shape)


@pytest.mark.parametrize("heights", [(1.0,), (1.0, 2.0), (0.0,)])
@pytest.mark.parametrize("shape", [(5,), (2, 3)])
def test_spikes_are_those_of_the_rows_after_any_steps(
    heights: tuple[float, ...], shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(0)
    rows = np.where(rng.random((30, *shape)) < 0.3, rng.choice(heights, (30, *shape)), 0.0)
    store = filled(stores.Spikes, rows, [1, 4, 0, 10, 15])
    assert store.n_rows == 30
    assert np.array_equal(dense(store, shape), rows)
    arrays = store.arrays()
    assert (arrays["values"].ndim == 0) == (len(heights) == 1)
    assert (np.diff(arrays["steps"]) >= 0).all() and not arrays["steps"].flags.writeable
    for n in (29, 12, 12, 5, 0):
        store.trim(n)
        assert store.n_rows == n and np.array_equal(dense(store, shape), rows[:n])
    store.add(rows[:7])
    assert np.array_equal(dense(store, shape), rows[:7])
    parts = filled(stores.Spikes, rows, [10, 10, 10])
    parts.trim(15)  # without having been joined
    assert np.array_equal(dense(parts, shape), rows[:15])
    taken = stores.Spikes(shape, "<f8")
    assert taken.put(parts.arrays(), 15) and np.array_equal(dense(taken, shape), rows[:15])
    taken.clear()
    taken.add(rows[15:20])
    assert np.array_equal(taken.arrays()["steps"], np.nonzero(rows[15:20].reshape(5, -1))[0] + 15)


def test_spikes_that_do_not_fit_are_not_taken() -> None:
    good = filled(stores.Spikes, np.eye(4), [4]).arrays()

    def takes(n_rows: int = 4, **change: Any) -> bool:
        arrays = {**good, **change}
        return stores.Spikes((4,), "<f8").put(
            {k: v for k, v in arrays.items() if v is not None}, n_rows
        )

    assert takes() and takes(9)
    assert not takes(3)
    for change in (
        {"values": None},
        {"more": np.ones(1)},
        {"steps": good["steps"][:3]},
        {"cells": good["cells"][:, None]},
        {"values": np.ones(3)},
        {"steps": good["steps"][::-1].copy()},
        {"cells": good["cells"] + 1},
        {"steps": good["steps"].reshape(2, 2), "cells": good["cells"].reshape(2, 2)},
    ):
        assert not takes(**change), change
    assert takes(values=np.ones(4))


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_rows_are_those_that_were_added_after_any_steps(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    rows = rng.random((50, *shape))
    store = filled(stores.Rows, rows, [1, 2, 0, 7, 40])
    assert store.kinds() == {"": ("<f8", shape)}
    whole = store.arrays()[""]
    assert np.array_equal(whole, rows) and not whole.flags.writeable
    for n in (49, 20, 20, 3, 0):
        store.trim(n)
        assert store.n_rows == n and np.array_equal(store.arrays()[""], rows[:n])
    assert np.array_equal(whole, rows)  # rows that were handed out stay
    store.add(rows[:9])
    assert np.array_equal(store.arrays()[""], rows[:9]) and np.array_equal(whole, rows)
    pieces = filled(stores.Rows, rows, [5, 6, 7])
    pieces.trim(8)  # in the middle of pieces that were never joined
    pieces.add(rows[8:10])
    assert np.array_equal(pieces.arrays()[""], rows[:10])
    reserved = stores.Rows(shape, "<f4")
    reserved.reserve(20)
    for row in rows[:20].astype("<f4"):
        reserved.add(row[None])
    assert np.array_equal(reserved.arrays()[""], rows[:20].astype("<f4"))
    taken = stores.Rows(shape, "<f8")
    assert taken.put({"": rows}, 50) and np.array_equal(taken.arrays()[""], rows)
    assert not taken.put({"": rows}, 49) and not taken.put({"x": rows}, 50)
    assert not taken.put({"": rows[..., None]}, 50)
    taken.clear()
    taken.add(rows[:2])
    assert taken.n_rows == 52 and np.array_equal(taken.arrays()[""], rows[:2])


def test_rows_take_the_memory_that_was_reserved_for_them() -> None:
    store = stores.Rows((2,), "<f8")
    for n in (10, 20):
        store.reserve(n)
        store.add(np.zeros((n - 5, 2)))
        store.reserve(3)  # which is there already
    assert [len(piece) for piece in store._pieces] == [5, 20]
    store.arrays()
    assert [len(piece) for piece in store._pieces] == [25]
    store.add(np.ones((5, 2)))
    assert [len(piece) for piece in store._pieces] == [25]
    store.add(np.ones((1, 2)))  # as much again
    assert [len(piece) for piece in store._pieces] == [25, 25]
    assert np.array_equal(store.arrays()[""][:, 0], np.arange(26) >= 20)


def test_labels_are_made_different_by_numbers() -> None:
    from nefsim.records.data import index_of, labels_of

    net = nef.Network(seed=1)
    u = net.node(1.0)
    probes = [net.probe(u, label=label) for label in ("y", "y", "y 1", "y", "z")]
    assert labels_of(probes) == ["y", "y 1", "y 1 1", "y 2", "z"]
    assert [index_of("x", probes, label) for label in labels_of(probes)] == [0, 1, 2, 3, 4]
    assert [index_of("x", probes, probe) for probe in probes] == [0, 1, 2, 3, 4]


def test_data_has_a_key_for_each_thing_and_no_other() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(5, 1, label="a")
    u = net.node(1.0)
    c = net.connect(u, a)
    y = net.probe(a, label="y")
    data = nef.Simulator(net, progress=False).data
    assert list(data) == [y, a, c] and len(data) == 3
    for key, there in ((y, True), ("y", True), (a, True), (c, True), ("a", False), (u, False)):
        assert (key in data) is there
    assert repr(data).startswith("<data of 1 probe, 1 ensemble, 1 connection: 'y' (")
    for _ in range(4):
        net.probe(u)
    text = repr(nef.Simulator(net, progress=False).data)
    assert "5 probes" in text and text.endswith(", ...>")
