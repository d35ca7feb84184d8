"""Laws of streams of records: files of a folder, its list and its log."""

from __future__ import annotations

import json
import os
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.files import is_sealed, sealed
from nefsim.records import Stream, grown, stream
from nefsim.records.grown import Grown
from nefsim.records.stream import LIST, LOG

ROWS = {"label": "y", "every": 1.0, "shape": [2], "arrays": {"": ["<f8", [2]]}}
SPIKES = {
    **{"label": "s", "every": 1.0, "shape": [3]},
    "arrays": {"steps": ["<i8", []], "cells": ["<i4", []], "values": ["<f8", []]},
}


def spikes(steps: list[int], values: Any) -> dict[str, Any]:
    """Spikes of neuron 1."""
    return {
        "steps": np.array(steps),
        "cells": np.ones(len(steps), np.int32),
        "values": np.array(values, float),
    }


def made(folder: Path) -> Stream:
    return Stream("test", folder, {"dt": 0.5}, [ROWS, SPIKES])


def written(folder: Path) -> Stream:
    """Four steps, in two parts; the neuron fires twice in each part."""
    stream = made(folder)
    for n, height in ((2, 1.0), (4, 1.0)):
        stream.append(0, {"": np.full((2, 2), float(n))}, n)
        stream.append(1, spikes([n - 2, n - 1], height), n)
        stream.commit(n)
    return stream


def read(folder: Path, verify: bool = True) -> tuple[Any, Any, int]:
    """Rows, the dense spikes of neuron 1, and the number of steps."""
    records, times, time, info = Grown("load", folder, verify).records()
    assert info == {"dt": 0.5, "n_steps": len(time)}
    assert time.tolist() == [0.5 * (k + 1) for k in range(len(time))]
    assert times["y"].tolist() == times["s"].tolist() == time.tolist()
    return records["y"].tolist(), records["s"].dense()[:, 1].tolist(), len(time)


def relisted(folder: Path, change: Any, version: int = 2) -> None:
    """Write the list with a change, under its new checksum."""
    description = json.loads((folder / LIST).read_text())
    description.pop("crc32", None)
    description["version"] = version
    change(description)
    text = sealed(description) if version > 1 else json.dumps(description).encode()
    (folder / LIST).write_bytes(text)


def test_a_new_stream_is_complete_with_no_steps(tmp_path: Path) -> None:
    made(tmp_path / "x")
    listed = json.loads((tmp_path / "x" / LIST).read_text())
    assert (listed["kind"], listed["version"], listed["n_steps"]) == ("stream", 2, 0)
    assert read(tmp_path / "x") == ([], [], 0)


def test_a_list_ends_with_its_checksum() -> None:
    text = sealed({"a": 1})
    assert text == b'{"a": 1, "crc32": "%08x"}' % zlib.crc32(b'{"a": 1')
    assert json.loads(text)["a"] == 1 and is_sealed(text)
    for wrong in (text.replace(b"1", b"2", 1), text[:-1], text + b" ", b"", b"{}"):
        assert not is_sealed(wrong)


def test_counts_are_in_the_log_until_the_list_has_them(tmp_path: Path) -> None:
    x = tmp_path / "x"
    stream = written(x)
    rows = [[2.0, 2.0]] * 2 + [[4.0, 4.0]] * 2
    assert json.loads((x / LIST).read_text())["n_steps"] == 0
    assert (x / LOG).read_bytes().count(b'"n_steps"') == 2
    assert read(x) == (rows, [1.0] * 4, 4)
    (x / LOG).write_bytes((x / LOG).read_bytes().replace(b"sums", b"sons"))
    relisted(x, lambda listed: None)
    stream.commit(4, sync=True)
    assert json.loads((x / LIST).read_text())["n_steps"] == 4 and not (x / LOG).exists()
    assert read(x) == (rows, [1.0] * 4, 4)
    stream.commit(4)
    line = (x / LOG).read_bytes().strip()[9:]
    for change in ({"n_steps": 3}, {"probes": []}):
        more = json.dumps(json.loads(line) | change).encode()
        (x / LOG).write_bytes(b"%08x %s\n" % (zlib.crc32(more), more))
        assert read(x)[2] == 4


def test_a_log_of_the_second_version_has_checksums(tmp_path: Path) -> None:
    x = tmp_path / "x"
    written(x)
    line = json.loads((x / LOG).read_bytes().split(b"\n")[-2][9:])
    for probe in line["probes"]:
        del probe["sums"]
    text = json.dumps(line).encode()
    (x / LOG).write_bytes(b"%08x %s\n" % (zlib.crc32(text), text))
    assert read(x)[2] == 0
    relisted(x, lambda listed: None, version=1)
    assert read(x)[2] == 4


def test_spikes_of_another_height_turn_the_one_number_into_an_array(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "AT_ONCE", 4)
    monkeypatch.setattr(grown, "AT_ONCE", 4)
    folder = made(tmp_path / "x")
    expected: list[float] = []
    for values in ([5.0] * 7, [5.0] * 3, [], [2.0, 3.0], [7.0] * 9, [4.0]):
        n, before = len(values), len(expected)
        expected += values
        one = len(set(values)) == 1
        steps = list(range(before, before + n))
        folder.append(
            0, {"": np.zeros((max(n, 0), 2))} if n else {"": np.zeros((0, 2))}, before + n
        )
        folder.append(1, spikes(steps, values[0] if one else values), before + n)
        folder.commit(before + n)
        assert read(tmp_path / "x")[1] == expected
    assert np.load(tmp_path / "x" / "probe 1 values.npy").tolist() == expected


def test_a_stream_without_spikes_is_read(tmp_path: Path) -> None:
    folder = made(tmp_path / "x")
    folder.append(0, {"": np.ones((3, 2))}, 3)
    folder.append(1, spikes([], 0.0), 3)
    folder.commit(3, sync=True)
    assert read(tmp_path / "x") == ([[1.0, 1.0]] * 3, [0.0] * 3, 3)


FORGED: dict[str, tuple[Any, str]] = {
    "two numbers of values": (
        lambda d: d["probes"][1]["in_files"].update(values=2),
        "counts of 's'",
    ),
    "fewer cells": (lambda d: d["probes"][1]["in_files"].update(cells=3), "counts of 's'"),
    "no value": (lambda d: d["probes"][1].update(same={}), "counts of 's'"),
    "fewer rows": (lambda d: d["probes"][0]["in_files"].update({"": 3}), "counts of 'y'"),
    "another shape": (lambda d: d["probes"][0].update(shape=[3]), "counts of 'y'"),
    "one more array": (
        lambda d: d["probes"][0]["arrays"].update(x=["<f8", [2]]),
        "counts of 'y'",
    ),
    "three axes": (lambda d: d["probes"][0].update(shape=[1, 1, 2]), "4 records of 'y' in 4"),
    "many steps": (lambda d: d.update(n_steps=10**11), "4 records of 'y' in 100000000000 steps"),
    "two steps more": (lambda d: d.update(n_steps=6), "4 records of 'y' in 6 steps"),
    "one label": (lambda d: d["probes"][0].update(label="s"), "two probes have one label"),
    "other numbers": (
        lambda d: d["probes"][0]["arrays"].update({"": ["<f4", [2]]}),
        r"probe 0.npy must hold 4 rows of <f4 and shape \(2,\)",
    ),
    "a later version": (lambda d: d.update(version=3), "version is 3"),
    "no version": (lambda d: d.update(version=0), "version is 0"),
}


@pytest.mark.parametrize("fault", FORGED)
def test_a_list_whose_counts_do_not_fit_is_refused(fault: str, tmp_path: Path) -> None:
    written(tmp_path / "x").commit(4, sync=True)
    relisted(tmp_path / "x", lambda d: d["probes"][0].update(every=0.0))  # each step, like 1
    assert read(tmp_path / "x")[2] == 4
    change, words = FORGED[fault]
    relisted(tmp_path / "x", change)
    with pytest.raises(ValueError, match=rf"load: path must be a stream .*{words}"):
        read(tmp_path / "x", verify=False)


def test_files_have_all_rows_that_are_listed_in_their_shape(tmp_path: Path) -> None:
    x = tmp_path / "x"
    written(x).commit(4, sync=True)
    rows = np.load(x / "probe 0.npy")
    for wrong in (rows[:3], np.zeros((4, 3)), rows.astype("<f4")):
        np.save(x / "probe 0.npy", wrong)
        with pytest.raises(ValueError, match=r"probe 0\.npy must hold 4 rows of <f8 and shape"):
            read(x, verify=False)
    np.save(x / "probe 0.npy", np.concatenate([rows, rows]))  # rows that are not listed yet
    assert read(x)[0] == rows.tolist()
    np.save(x / "probe 0.npy", rows)
    good = (x / "probe 0.npy").read_bytes()
    (x / "probe 0.npy").write_bytes(good[:-1])
    with pytest.raises(ValueError, match="must hold 4 rows"):
        read(x, verify=False)


@pytest.mark.parametrize("name", ["probe 0", "probe 1 steps", "probe 1 cells"])
def test_a_changed_number_is_noticed_if_it_is_looked_for(name: str, tmp_path: Path) -> None:
    x = tmp_path / "x"
    written(x).commit(4, sync=True)
    numbers = np.load(x / f"{name}.npy")
    numbers[2] = numbers[3]
    if "cells" in name:
        numbers[2] = 2
    np.save(x / f"{name}.npy", numbers)
    read(x, verify=False)
    if "0" in name:
        return
    with pytest.raises(ValueError, match=rf"{name[8:]} of 's' are damaged"):
        read(x)


def test_only_a_log_that_is_not_complete_is_warned_of(tmp_path: Path) -> None:
    x = tmp_path / "x"
    written(x)
    good = (x / LOG).read_bytes()
    end, whole = "the end of stream.log is damaged", "(stream.log is damaged"
    cases = [
        (good, 4, []),
        (b"", 0, []),
        (b"\n\n", 0, []),
        (good[:-5], 2, [end]),
        (good + b"\n?", 4, [end]),
        (good + b"\n?\n?", 4, [end]),
        (b"?", 0, [whole]),
        (b"?\n?\n", 0, [end, whole]),
    ]
    for text, n, words in cases:
        (x / LOG).write_bytes(text)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert read(x)[2] == n
        assert len(caught) == len(words)
        for warning, word in zip(caught, words, strict=True):
            assert word in str(warning.message) and "load: " in str(warning.message)
    (x / LOG).write_bytes(good)
    np.save(x / "probe 0.npy", np.zeros((3, 2)))
    with pytest.warns(UserWarning, match="load: .*rows that stream.log counts are missing"):
        assert read(x)[2] == 0
    (x / LOG).unlink()
    assert read(x)[2] == 0


@pytest.mark.parametrize(("n_steps", "listed"), [(1, False), (2, True), (6, True), (7, False)])
def test_steps_are_listed_only_if_they_are_about_as_many_as_the_rows(
    n_steps: int, listed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "x").commit(4, sync=True)
    relisted(tmp_path / "x", lambda d: d.update(n_steps=n_steps))
    calls: list[Any] = []
    sampled = grown.sampled
    monkeypatch.setattr(grown, "sampled", lambda *given: calls.append(given) or sampled(*given))
    with pytest.raises(ValueError, match=f"4 records of 'y' in {n_steps} steps"):
        read(tmp_path / "x")
    assert bool(calls) == listed


def test_rows_are_on_the_disk_before_the_list_that_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, synced = tmp_path / "x", []
    stream = written(x)
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda d: (synced.append(os.fstat(d).st_ino), fsync(d)))
    stream.commit(4, sync=True)
    inodes = {file.stat().st_ino: file.name for file in [x, *x.iterdir()]}
    rows = ["probe 0.npy", "probe 1 cells.npy", "probe 1 steps.npy"]
    assert [inodes[i] for i in synced][:4] == [*rows, LIST]
    del synced[:]
    stream.commit(4, sync=True)
    names = {file.stat().st_ino: file.name for file in [x, *x.iterdir()]}
    assert [names[i] for i in synced][:1] == [LIST]


def test_records_are_flushed_once_and_on_demand_to_the_disk(tmp_path: Path) -> None:
    net = nef.Network(seed=1)
    net.probe(net.node(1.0), label="y")
    sim = nef.Simulator(net, backend="numpy", stream=tmp_path / "x", progress=False)
    sim.run_steps(3)
    logged = (tmp_path / "x" / LOG).read_bytes()
    assert sim.data["y"].tolist() == [[1.0]] * 3
    sim._records.flush()
    assert (tmp_path / "x" / LOG).read_bytes() == logged
    sim._records.flush(sync=True)
    assert not (tmp_path / "x" / LOG).exists()
    assert nef.Result.load(tmp_path / "x").time.tolist() == sim.time.tolist()
