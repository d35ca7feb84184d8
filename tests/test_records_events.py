"""Laws of events and of the data of a simulator: trials, shapes and refused keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.records import Events, events, index_of, stores
from nefsim.records.records import Records, recorded

TIMES = np.array([0.001, 0.002, 0.003])


def batch(values: Any = 4.0) -> Events:
    """Five neurons in two trials and three steps; cells of the second trial are 5 to 9."""
    steps, cells = np.array([0, 0, 1, 2]), np.array([4, 5, 9, 0], np.int32)
    return Events(steps, cells, values, (2, 3, 5), TIMES)


def test_events_of_a_batch_have_their_trial_and_neuron() -> None:
    found = batch()
    assert found.trials.tolist() == [0, 1, 1, 0]
    assert found.neurons.tolist() == [4, 0, 4, 0]
    assert found.times.tolist() == [0.001, 0.001, 0.002, 0.003]
    assert found.values.tolist() == [4.0] * 4 and len(found) == 4


@pytest.mark.parametrize("values", [4.0, np.array([1.0, 2.0, 3.0, 4.0])], ids=["one", "each"])
def test_a_trial_has_its_rows_of_the_whole(values: Any) -> None:
    found, dense = batch(values), np.zeros((2, 3, 5))
    one, two, three, four = found.values.tolist()
    dense[0, 0, 4], dense[1, 0, 0], dense[1, 1, 4], dense[0, 2, 0] = one, two, three, four
    np.testing.assert_array_equal(found.dense(), dense)
    assert not found.dense().flags.writeable
    for number in range(2):
        trial = found.trial(number)
        assert trial.shape == (3, 5)
        np.testing.assert_array_equal(trial.dense(), dense[number])
        assert trial.neurons.tolist() == trial.cells.tolist()
        assert trial.record_times is TIMES
        np.testing.assert_array_equal(trial.trial(0).dense(), dense[number])
    for number in (2, -1):
        with pytest.raises(ValueError, match=r"Events\.trial: number must be at "):
            found.trial(number)


def test_events_from_a_file_are_within_their_shape_and_in_order() -> None:
    def misfit(steps: list[int], cells: list[int], shape: tuple[int, ...] = (2, 3, 5)) -> str:
        return Events(np.array(steps), np.array(cells, np.int8), 1.0, shape, TIMES).misfit()

    assert (
        misfit([], []) == misfit([0], [0]) == misfit([2], [9]) == misfit([0, 0, 2], [1, 0, 3]) == ""
    )
    assert misfit([3], [0]) == misfit([-1], [0]) == "steps must be from 0 below 3"
    assert misfit([0], [10]) == misfit([0], [-1]) == "cells must be from 0 below 10"
    assert misfit([0], [5], (3, 5)) == "cells must be from 0 below 5"
    assert misfit([1, 0], [0, 0]) == "steps must be in order of time"
    # Numbers of one byte go up to 127.
    assert misfit([0], [0], (3, 127)) == "" and "int8 are too few" in misfit([0], [0], (3, 128))
    assert "too few" in misfit([0], [0], (2, 3, 64))


def test_events_are_checked_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "AT_ONCE", 3)

    def misfit(**change: dict[int, int]) -> str:
        steps, cells = np.arange(10), np.zeros(10, int)
        for array, name in ((steps, "steps"), (cells, "cells")):
            for i, value in change.get(name, {}).items():
                array[i] = value
        return Events(steps, cells, 1.0, (10, 2), np.arange(10.0)).misfit()

    assert misfit() == misfit(steps={3: 2}) == misfit(steps={4: 3}) == ""
    for i in range(10):
        assert misfit(steps={i: 10}) == "steps must be from 0 below 10"
        assert misfit(cells={i: 2}) == "cells must be from 0 below 2"
        assert misfit(cells={i: -1}) == "cells must be from 0 below 2"
        if i > 1:
            assert misfit(steps={i: i - 2}) == "steps must be in order of time"


def test_the_public_form_of_records_has_trials_first() -> None:
    rows = np.arange(30.0).reshape(3, 2, 5)
    np.testing.assert_array_equal(recorded({"": rows}, (2, 5), TIMES)[1], rows[:, 1])
    np.testing.assert_array_equal(recorded({"": rows[:, 0]}, (5,), TIMES), rows[:, 0])
    parts = {"steps": np.zeros(1, int), "cells": np.zeros(1, int), "values": np.array(1.0)}
    assert recorded(parts, (2, 5), TIMES).shape == (2, 3, 5)
    assert recorded(parts, (5,), TIMES).shape == (3, 5)


# -- memory ------------------------------------------------------------------------------------


def test_more_rows_than_are_free_get_a_piece_and_as_many_do_not() -> None:
    store = stores.Rows((2,), "<f8")
    store.reserve(5)
    store.add(np.zeros((5, 2)))
    store.reserve(20)
    store.add(np.zeros((15, 2)))
    store.settle(20)
    store.reserve(5)
    assert [len(piece) for piece in store._pieces] == [5, 20]
    store.reserve(6)
    assert [len(piece) for piece in store._pieces] == [5, 15, 6]


def test_a_store_that_is_cleared_may_be_cut() -> None:
    store = stores.Rows((2,), "<f8")
    store.add(np.ones((4, 2)))
    store.clear()
    store.trim(3)
    store.add(np.zeros((1, 2)))
    assert store.n_rows == 4 and store.arrays()[""].tolist() == [[0.0, 0.0]]


def probed(**options: Any) -> nef.Simulator:
    net = nef.Network(seed=1)
    u = net.node([0.5, -0.3], label="u")
    a, b = net.ensemble(10, 2, label="a"), net.ensemble(7, 1, label="b")
    net.connect(u, a)
    learned = net.connect(a, b, function=np.prod, learning_rule=nef.PES(), label="learned")
    net.connect(b, learned.learning_rule)
    net.probe(learned, "weights", label="w")
    net.probe(a, label="y", sample_every=0.003)
    net.probe(a.neurons, label="s")
    return nef.Simulator(net, backend="numpy", progress=False, **options)


def test_a_run_reserves_memory_for_its_rows_unless_they_go_to_a_stream(tmp_path: Any) -> None:
    for options, rows in (({}, [30, 10]), ({"stream": tmp_path / "x"}, [0, 0])):
        records = probed(**options)._records
        records.reserve(30)
        assert [sum(map(len, store._pieces)) for store in records._stores[:2]] == rows  # type: ignore[attr-defined]


@pytest.mark.parametrize("trials", [None, 2])
def test_records_of_weights_are_matrices(trials: int | None) -> None:
    sim = probed(batch_size=trials)
    batched = () if trials is None else (trials,)
    shown = ", ".join(
        f"{name!r} {shape}"
        for name, shape in (
            ("w", (*batched, 0, 1, 10)),
            ("y", (*batched, 0, 2)),
            ("s", (*batched, 0, 10)),
        )
    )
    assert repr(sim.data) == f"<data of 3 probes, 2 ensembles, 3 connections: {shown}>"
    sim.step()
    assert f"'w' {(*batched, 1, 1, 10)}" in repr(sim.data)
    sim.run_steps(3)
    assert sim.data["w"].shape == (*batched, 4, 1, 10)
    assert sim.latest("w").shape == (*batched, 1, 10)
    assert sim.data["y"].shape == (*batched, 1, 2) and sim.data["s"].shape == (*batched, 4, 10)
    np.testing.assert_array_equal(sim.latest("s"), sim.data["s"][..., -1, :])
    np.testing.assert_array_equal(sim.latest("y"), sim.data["y"][..., -1, :])


def test_records_of_single_steps_are_complete_however_they_are_read() -> None:
    sim = probed()
    records: Records = sim._records
    for n, read in enumerate(
        (
            lambda: len(records.arrays(0)[""]),
            lambda: len(records.of(0)),
            lambda: records.shape(0)[0],
            lambda: records.settled,
            lambda: len(sim.data["w"]),
            lambda: len(sim.trange("w")),
            lambda: len(sim.result()["w"]),
        )
    ):
        sim.step()
        assert read() == n + 1


def test_the_newest_record_has_the_spikes_of_the_last_step_alone() -> None:
    sim = probed()
    records: Records = sim._records
    store: Any = records._stores[2]
    assert records.latest(2) is None
    for row in (np.eye(10)[3], 2 * np.eye(10)[5], np.zeros(10), np.ones(10)):
        store.add(row[None])
        newest = records.latest(2)
        assert newest is not None and newest.tolist() == row.tolist()


class Stored:
    """The records of a simulator as in a file."""

    def __init__(self, sim: nef.Simulator) -> None:
        records = sim._records
        self.arrays = {
            f"record {i} {part}": np.array(array)
            for i in range(len(records._stores))
            for part, array in records.arrays(i).items()
        }

    @property
    def names(self) -> list[str]:
        return ["meta", *self.arrays]

    def header(self, name: str) -> tuple[Any, Any]:
        return self.arrays[name].dtype, self.arrays[name].shape

    def array(self, name: str) -> Any:
        return self.arrays[name]


@pytest.mark.parametrize("cleared", [0, 6])
def test_records_of_another_simulator_are_taken_over_if_they_fit(cleared: int) -> None:
    sim = probed()
    sim.run_steps(cleared)
    sim.clear_probes()
    sim.run_steps(12)
    stored: Any = Stored(sim)
    new = probed()._records
    assert new.take_over(stored, cleared + 12, cleared)
    for i in range(3):
        for part, array in sim._records.arrays(i).items():
            np.testing.assert_array_equal(new.arrays(i)[part], array)
    assert new.settled == cleared + 12 and new.start == cleared
    changes = {
        "another record": lambda arrays: arrays.update({"record 3 ": np.zeros(3)}),
        "one less": lambda arrays: arrays.pop("record 2 steps"),
        "other numbers": lambda arrays: arrays.update(
            {"record 1 ": arrays["record 1 "].astype(np.float32)}
        ),
        "more columns": lambda arrays: arrays.update({"record 1 ": np.zeros((4, 3))}),
        "no rows": lambda arrays: arrays.update({"record 1 ": np.array(0.0)}),
        "two neurons": lambda arrays: arrays.update(
            {"record 2 cells": np.zeros((len(arrays["record 2 cells"]), 2), np.int32)}
        ),
    }
    for change in changes.values():
        other: Any = Stored(sim)
        change(other.arrays)
        assert not probed()._records.take_over(other, cleared + 12, cleared)


@pytest.mark.parametrize(("more", "listed"), [(-9, False), (-5, True), (5, True), (9, False)])
def test_steps_of_a_file_are_listed_only_if_they_are_about_as_many_as_its_rows(
    more: int, listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow probe has a record for three steps, and may be off by two."""
    sim = probed()
    sim.run_steps(12)
    stored: Any = Stored(sim)
    stored.arrays["record 0 "] = np.zeros((12 + more, 10))
    calls: list[int] = []
    monkeypatch.setattr(Records, "steps", lambda self, i, n: calls.append(i) or np.zeros(99))
    assert not probed()._records.take_over(stored, 12 + more, 0)
    assert bool(calls) == listed


# -- keys --------------------------------------------------------------------------------------

NO_KEYS: dict[str, tuple[Any, str]] = {
    "array": (lambda net: np.zeros(2), "make probes before the simulator"),
    "list": (lambda net: [1], "make probes before the simulator"),
    "number": (lambda net: 3, "make probes before the simulator"),
    "node": (lambda net: net.nodes[0], r"probe its values: net.probe\(node\)"),
    "neurons": (lambda net: net.ensembles[0].neurons, "pass its ensemble"),
    "view": (lambda net: net.ensembles[0][1], "pass all of it, <ensemble 'a'>"),
    "other ensemble": (lambda net: nef.Network().ensemble(3, 1), "make probes before"),
    "other probe": (lambda net: other().probes[0], "make probes before the simulator"),
    "other connection": (lambda net: other().connections[0], "make probes before"),
}


def other() -> nef.Network:
    net = nef.Network(seed=2)
    a = net.ensemble(3, 1)
    net.connect(a, net.node(size_in=1))
    net.probe(a)
    return net


@pytest.mark.parametrize("name", NO_KEYS)
def test_other_keys_are_answered_by_the_right_one(name: str) -> None:
    sim, (made, do) = probed(), NO_KEYS[name]
    key = made(sim.network)
    with pytest.raises(TypeError, match=rf"^Simulator\.data: key must be a probe, .+; {do}"):
        sim.data[key]
    if name not in ("list", "array"):
        assert key not in sim.data
    with pytest.raises(TypeError, match=r"^x: probe must be a probe of this simulator's network"):
        index_of("x", sim.probes, key)


def test_labels_that_are_unknown_are_answered_by_eight_that_are_known() -> None:
    net = nef.Network(seed=1)
    u = net.node(1.0)
    with pytest.raises(ValueError, match=r"got 'z'; make probes before the simulator\.$"):
        index_of("x", net.all_probes, "z")
    for i in range(9):
        net.probe(u, label=f"y{i}")
        known = ", ".join(f"'y{k}'" for k in range(min(i + 1, 8)))
        more = ", ..." if i == 8 else ""
        with pytest.raises(ValueError, match=rf"got 'z'; pass one of {known}{more}\.$"):
            index_of("x", net.all_probes, "z")


def test_learned_arrays_are_those_of_the_state_and_others_those_of_the_build() -> None:
    sim = probed()
    a, b = sim.network.ensembles
    into, learned, _ = sim.network.connections
    before = sim.data[learned].decoders
    sim.run_steps(30)
    assert not np.array_equal(sim.data[learned].decoders, before)
    after = sim.data[learned].decoders
    sim.run_steps(1)  # whose probes read the weights before it changes them
    np.testing.assert_array_equal(after.T, sim.data["w"][-1])
    for thing, built in ((a, sim.built.ensembles), (b, sim.built.ensembles)):
        assert sim.data[thing] is built[thing]
    assert sim.data[into] is sim.built.connections[into]
