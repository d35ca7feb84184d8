"""Laws of records: events equal dense rows, on disk and in memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import tracemalloc
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.backends import available
from nefsim.records import Events
from nefsim.records.stores import Rows, Spikes, Store

BACKENDS = [name for name in ("numpy", "numba") if name in available()]
NEURONS = {
    "lif": nef.LIF(),
    "tall": nef.LIF(amplitude=0.5),
    "izhikevich": nef.Izhikevich(),
    # At 5 ms a step these fire several times in many of them, and below 0 the second does.
    "many": nef.SpikingRectifiedLinear(),
    "regular": nef.RegularSpiking(nef.RectifiedLinear()),
    "signed": nef.StochasticSpiking(nef.Tanh()),
    "poisson": nef.PoissonSpiking(nef.LIFRate()),
}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def network(neuron: nef.LIF = NEURONS["lif"], n_neurons: int = 20) -> nef.Network:
    """A population with probes of its spikes in all ways, and of other things."""
    net = nef.Network(seed=1)
    rates = (50, 80) if isinstance(neuron, nef.Izhikevich) else (200, 400)
    a = net.ensemble(n_neurons, 1, neuron_type=neuron, max_rates=rates, intercepts=(-1, 0.5))
    net.connect(net.node(np.sin), a, synapse=None)
    net.probe(a.neurons, label="spikes")
    net.probe(a.neurons[[7, 3]], "spikes", label="view")
    net.probe(a.neurons, sample_every=0.015, label="sampled")
    net.probe(a, synapse=0.01, label="value")
    net.probe(a, sample_every=0.0125, label="sparse value")
    net.probe(a.neurons, synapse=0.01, label="filtered")
    return net


def run(net: nef.Network, cuts: tuple[int, ...] = (300,), **options: Any) -> nef.Simulator:
    """A simulator that has run in several parts."""
    sim = nef.Simulator(net, 0.005, **options)
    for n_steps in cuts:
        sim.run_steps(n_steps)
    return sim


def reference(net: nef.Network, **options: Any) -> list[Any]:
    """The records as rows, by probes that do not record spikes only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nefsim.records.records.Spikes", Rows)
        sim = run(net, **options)
    return [sim.data[p] for p in sim.probes]


OPTIONS: list[dict[str, Any]] = [{}, {"dtype": "float32"}, {"batch_size": 3}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("neuron", NEURONS)
def test_events_are_the_rows_without_their_zeros(
    neuron: str, options: dict[str, Any], backend: str
) -> None:
    net = network(NEURONS[neuron])
    rows = reference(net, backend=backend, **options)
    sim = run(net, backend=backend, **options)
    for probe, expected in zip(sim.probes, rows, strict=True):
        got = sim.data[probe]
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)
    for probe, expected in zip(sim.probes[:3], rows, strict=False):
        events = sim.data.events(probe)
        assert len(events) == np.count_nonzero(expected) > 0
        assert events.shape == expected.shape
        where = (events.steps, events.neurons)
        where = (events.trials, *where) if "batch_size" in options else where
        np.testing.assert_array_equal(expected[where], events.values)
        np.testing.assert_array_equal(events.times, sim.trange(probe)[events.steps])
        assert (np.diff(events.steps) >= 0).all()


def test_the_networks_have_several_spikes_in_a_step_and_negative_ones() -> None:
    heights = {}
    for name, neuron in NEURONS.items():
        sim = run(network(neuron))
        heights[name] = set(np.unique(sim.data.events(sim.probes[0]).values).tolist())
    assert heights["lif"] == {200.0}
    assert heights["tall"] == {100.0}
    assert {200.0, 400.0} <= heights["many"] & heights["regular"] & heights["poisson"]
    assert min(heights["signed"]) < 0 < max(heights["signed"])


def test_the_events_of_a_trial_are_its_rows(backend: str) -> None:
    net = network(NEURONS["poisson"])
    sim = run(net, batch_size=3, backend=backend)
    events = sim.data.events(sim.probes[0])
    for trial in range(3):
        actual = events.trial(trial)
        np.testing.assert_array_equal(actual.dense(), sim.data[sim.probes[0]][trial])


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("neuron", ["lif", "poisson"])
def test_a_saved_result_and_a_saved_simulator_keep_events(
    neuron: str, options: dict[str, Any], tmp_path: Any
) -> None:
    net = network(NEURONS[neuron])
    sim = run(net, **options)
    loaded = nef.Result.load(sim.result().save(tmp_path / "result"))
    again = nef.Simulator.load(sim.save(tmp_path / "state"), net)
    for probe, label in zip(sim.probes, loaded, strict=True):
        np.testing.assert_array_equal(loaded[label], sim.data[probe])
        np.testing.assert_array_equal(again.data[probe], sim.data[probe])
    for actual in (loaded.events("spikes"), again.data.events(again.probes[0])):
        expected = sim.data.events(sim.probes[0])
        for name in ("steps", "neurons", "trials", "times", "values"):
            np.testing.assert_array_equal(getattr(actual, name), getattr(expected, name))


def test_events_take_memory_for_spikes_alone() -> None:
    net = nef.Network(seed=1)
    probe = net.probe(net.ensemble(1000, 1, max_rates=(5, 10), intercepts=(-1, 1 - 1e-6)).neurons)
    sim = nef.Simulator(net)
    sim.run_steps(10)
    tracemalloc.start()
    sim.run_steps(20_000)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    n_events = len(sim.data.events(probe))
    assert 100 < n_events < 200_000
    # 12 bytes for each, and little more: the dense rows would take 160 MB.
    assert kept < 16 * n_events + 200_000


def test_other_probes_have_no_events() -> None:
    sim = run(network())
    for key in (sim.probes[3], sim.probes[5], None, "value", "z", network().probes[0]):
        with pytest.raises((ValueError, TypeError), match=r"data.*: probe must .+, got .+; .+\."):
            sim.data.events(key)
    with pytest.raises(ValueError, match="be a record of spikes"):
        sim.result().events("value")
    rates = nef.Network(seed=1)
    probe = rates.probe(rates.ensemble(5, 1, neuron_type=nef.LIFRate()).neurons)
    with pytest.raises(ValueError, match="be a probe of spikes"):
        nef.Simulator(rates).data.events(probe)


@pytest.mark.parametrize("kind", [Rows, Spikes])
def test_a_store_drops_incomplete_rows(kind: type[Store]) -> None:
    rng = np.random.default_rng(1)
    rows = np.where(rng.random((60, 4)) < 0.2, rng.integers(1, 3, (60, 4)), 0.0)

    def dense(store: Store) -> Any:
        arrays = store.arrays()
        if kind is Rows:
            return arrays[""]
        return Events(**arrays, shape=(store.n_rows, 4), times=np.arange(60.0)).dense()

    store = kind((4,), "float64")
    store.reserve(40)
    for first in range(0, 40, 10):
        store.add(rows[first : first + 10])
    store.settle(17)
    np.testing.assert_array_equal(dense(store), rows[:17])
    store.reserve(43)
    for first in range(17, 60):
        store.add(rows[first : first + 1])
        store.settle(1)
        np.testing.assert_array_equal(dense(store), rows[: first + 1])


def test_rows_continue_only_from_rows_of_the_same_shape() -> None:
    store, rows = Rows((4,), "float64"), np.ones((3, 4))
    for arrays, n_rows in (
        ({"": rows}, 2),
        ({"": rows[:, :3]}, 3),
        ({"": rows, "more": rows}, 3),
        ({}, 3),
        ({"other": rows}, 3),
    ):
        assert not store.put(arrays, n_rows)
    assert store.put({"": rows}, 3)
    store.reserve(5)
    store.add(2 * rows[:2])
    assert store.n_rows == 5
    np.testing.assert_array_equal(store.arrays()[""][:, 0], [1, 1, 1, 2, 2])


@pytest.mark.parametrize(("n", "cell"), [(2**31 - 1, "<i4"), (2**31, "<i8")])
def test_cells_are_counted_in_four_bytes_as_long_as_they_fit(n: int, cell: str) -> None:
    assert Spikes((n,), "float64").kinds()["cells"] == (cell, ())


def test_pieces_of_single_steps_are_joined() -> None:
    store = Spikes((2,), "float64")
    for step in range(5000):
        store.add(np.array([[1.0, 0.0]]) * (1 + (step == 4000)))
        assert len(store._pieces) < 1024
    np.testing.assert_array_equal(store.arrays()["steps"], np.arange(5000))
    assert store.arrays()["values"].max() == 2.0


# Streams


def streamed(path: Any, **options: Any) -> tuple[nef.Simulator, nef.Simulator]:
    """The same run in memory and on disk."""
    cuts = (3, 200, 1, 0, 1200)
    net = network(options.pop("neuron", NEURONS["lif"]))
    return run(net, cuts, **options), run(net, cuts, stream=path, **options)


def assert_same(memory: nef.Simulator, other: Any) -> None:
    for probe, expected in memory.result().items():
        np.testing.assert_array_equal(other[probe], expected)
        np.testing.assert_array_equal(other.trange(probe), memory.result().trange(probe))


@pytest.mark.parametrize("name", ["folder", "file.npz"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_stream_equals_records_in_memory(
    name: str, options: dict[str, Any], backend: str, tmp_path: Any
) -> None:
    path = tmp_path / name
    memory, disk = streamed(path, backend=backend, **options)
    assert_same(memory, disk.result())
    assert_same(memory, nef.Result.load(path))
    disk.close()
    assert_same(memory, disk.result())
    loaded = nef.Result.load(path)
    assert_same(memory, loaded)
    assert loaded.info == memory.result().info
    expected = memory.data.events(memory.probes[0])
    np.testing.assert_array_equal(loaded.events("spikes").neurons, expected.neurons)
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".parts"] == [name]


@pytest.mark.parametrize("neuron", NEURONS)
def test_a_stream_of_all_kinds_of_spikes_equals_records_in_memory(
    neuron: str, tmp_path: Any
) -> None:
    memory, disk = streamed(tmp_path / "folder", neuron=NEURONS[neuron])
    assert_same(memory, disk.result())
    assert_same(memory, nef.Result.load(tmp_path / "folder"))


def test_spikes_of_another_height_may_follow(tmp_path: Any) -> None:
    net = nef.Network(seed=1)
    relu = nef.SpikingRectifiedLinear()
    a = net.ensemble(5, 1, neuron_type=relu, max_rates=(150, 190), encoders=[[1.0]] * 5)
    net.connect(net.node(lambda t: 0.5 if t < 1 else 10.0), a)
    net.probe(a.neurons)
    memory = run(net, (600,))
    disk = nef.Simulator(net, 0.005, stream=tmp_path / "folder")
    for _ in range(600):
        disk.step()
    heights = memory.data.events(net.probes[0]).values
    assert heights[0] == heights[1] != heights[-1]
    assert_same(memory, nef.Result.load(tmp_path / "folder"))


def test_the_parts_of_a_file_are_removed_when_unused(tmp_path: Any) -> None:
    memory, disk = streamed(tmp_path / "file.npz")
    disk.close()
    disk.close()
    assert (tmp_path / "file.npz.parts").is_dir()
    del disk
    assert [p.name for p in tmp_path.iterdir()] == ["file.npz"]
    assert_same(memory, nef.Result.load(tmp_path / "file.npz"))


def test_files_of_a_stream_are_plain_arrays(tmp_path: Any) -> None:
    memory, disk = streamed(tmp_path / "folder")
    rows = np.load(tmp_path / "folder" / "probe 3.npy", mmap_mode="r")
    np.testing.assert_array_equal(rows, memory.data[memory.probes[3]])
    events = disk.data.events(disk.probes[0])
    steps = np.load(tmp_path / "folder" / "probe 0 steps.npy")
    np.testing.assert_array_equal(steps, events.steps)


def test_arrays_from_a_stream_do_not_change_as_it_grows(tmp_path: Any) -> None:
    _, disk = streamed(tmp_path / "folder")
    before = disk.result()
    copies = {name: values.copy() for name, values in before.items()}
    disk.run_steps(1000)
    for name, values in copies.items():
        np.testing.assert_array_equal(before[name], values)


def test_a_simulator_goes_on_from_its_stream_into_another(tmp_path: Any) -> None:
    memory, disk = streamed(tmp_path / "first")
    path = disk.save(tmp_path / "state")
    again = nef.Simulator.load(path, disk.network, stream=tmp_path / "second")
    assert_same(memory, nef.Result.load(tmp_path / "second"))
    memory.run_steps(100)
    again.run_steps(100)
    assert_same(memory, nef.Result.load(tmp_path / "second"))


def test_an_error_preserves_complete_records(backend: str, tmp_path: Any) -> None:
    net = network()

    def fails(t: float) -> float:
        if t > 1.2502:
            raise RuntimeError("stop")
        return 0.5

    net.connect(net.node(fails), net.ensembles[0])
    memory = run(net, (250,), backend=backend)
    disk = nef.Simulator(net, 0.005, backend, stream=tmp_path / "folder")
    with pytest.raises(RuntimeError):
        disk.run_steps(1000)
    assert disk.n_steps == 250
    for probe, expected in memory.result().items():
        got = nef.Result.load(tmp_path / "folder")[probe]
        # NumPy's products may round differently for another number of steps at a time.
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


KILLED = """
    import os, signal, sys
    import nefsim as nef
    net = nef.Network(seed=1)
    a = net.ensemble(50, 1)
    net.probe(a.neurons, label="spikes")
    net.probe(a, label="value")
    def progress(done, total):
        if done == 3000:
            os.kill(os.getpid(), signal.SIGKILL)
    nef.Simulator(net, backend="numpy", stream=sys.argv[1], progress=progress).run_steps(10_000)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
@pytest.mark.parametrize("name", ["folder", "file.npz"])
def test_a_program_that_is_killed_loses_no_complete_chunk(name: str, tmp_path: Any) -> None:
    path = str(tmp_path / name)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), path]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    loaded = nef.Result.load(path)
    assert len(loaded.time) == len(loaded["value"]) == len(loaded["spikes"]) == 3000
    net = nef.Network(seed=1)
    a = net.ensemble(50, 1)
    spikes = net.probe(a.neurons)
    whole = nef.Simulator(net, backend="numpy")
    whole.run_steps(3000)
    np.testing.assert_array_equal(loaded["spikes"], whole.data[spikes])


def test_rows_after_the_listed_ones_are_not_read_and_overwritten(tmp_path: Any) -> None:
    memory, disk = streamed(tmp_path / "folder")
    for file in (tmp_path / "folder").glob("*.npy"):
        with file.open("ab") as stream:
            stream.write(b"half a chunk")
    assert_same(memory, nef.Result.load(tmp_path / "folder"))
    memory.run_steps(50)
    disk.run_steps(50)
    assert_same(memory, nef.Result.load(tmp_path / "folder"))


def test_a_full_disk_loses_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, disk = streamed(tmp_path / "folder")
    grow = nef.records.Stream._grow

    def full(self: Any, probe: int, name: str, *given: Any) -> int:
        if probe == 2:
            raise OSError("no space left on device")
        return grow(self, probe, name, *given)

    monkeypatch.setattr(nef.records.Stream, "_grow", full)
    with pytest.raises(OSError, match="no space left"):
        disk.run_steps(30)
    monkeypatch.undo()
    n_steps = disk.n_steps - memory.n_steps
    disk.run_steps(20)
    # In the same pieces, as NumPy's products may round differently for others.
    memory.run_steps(n_steps)
    memory.run_steps(20)
    assert_same(memory, disk.result())
    assert_same(memory, nef.Result.load(tmp_path / "folder"))


def test_a_stream_does_not_overwrite_files(tmp_path: Any) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "old.npz").write_text("mine")
    for name in ("full", "file", "old.npz", "missing/folder", "missing/file.npz"):
        with pytest.raises(ValueError, match=r"^Simulator: stream must .+, got .+; .+\.$"):
            nef.Simulator(network(), stream=tmp_path / name)
    (tmp_path / "empty").mkdir()
    nef.Simulator(network(), stream=tmp_path / "empty")


def test_a_stream_is_not_reset(tmp_path: Any) -> None:
    memory, disk = streamed(tmp_path / "folder")
    with pytest.raises(ValueError, match=r"Simulator\.reset: .*another stream\.$"):
        disk.reset()
    assert_same(memory, disk.result())


def test_a_folder_that_is_not_a_stream_is_refused(tmp_path: Any) -> None:
    for report in ("", "[]", "{", json.dumps({"kind": "stream", "version": 0})):
        (tmp_path / "stream.json").write_text(report)
        with pytest.raises(ValueError, match=r"(?s)^Result\.load: path must be a stream"):
            nef.Result.load(tmp_path)
    os.remove(tmp_path / "stream.json")
    with pytest.raises(ValueError, match=r"^Result\.load: path must be a file"):
        nef.Result.load(tmp_path)


def test_the_data_of_a_simulator_are_as_many_as_are_listed() -> None:
    net = network()
    net.connect(net.ensembles[0], net.ensemble(5, 1))
    data = nef.Simulator(net, backend="numpy", progress=False).data
    listed = list(data)
    assert len(data) == len(listed) == len(set(listed)) > len(net.all_probes)
    assert all(thing in data for thing in listed)
    assert {*listed} == {*net.all_probes, *net.all_ensembles, *net.all_connections}
