"""Results as objects of xarray, pandas, Neo and pynapple."""

from __future__ import annotations

import datetime
import sys

import numpy as np
import pytest

import nefsim as nef
from nefsim import files
from nefsim.result import VERSION


def network() -> nef.Network:
    net = nef.Network(seed=1)
    a = net.ensemble(12, 2, label="a")
    net.connect(net.node(lambda t: np.sin(20 * t)), a[0])
    net.probe(a.neurons, label="spikes")
    net.probe(a, synapse=0.01, label="y")
    net.probe(a, sample_every=0.005, label="slow")
    net.probe(a.neurons, "voltage", label="v", sample_every=0.0025)
    return net


def recorded(batch_size: int | None = None) -> nef.Result:
    with nef.Simulator(network(), backend="numpy", batch_size=batch_size) as sim:
        sim.run_steps(100)
        return sim.result()


def spike_times(result: nef.Result, neuron: int, trial: int | None = None) -> np.ndarray:
    spikes = result["spikes"] if trial is None else result["spikes"][trial]
    return result.time[spikes[:, neuron] != 0]


UNITS = {"spikes": "Hz", "y": "1", "slow": "1"}


def test_units_stay_in_files_and_streams(tmp_path):
    result = recorded()
    assert result.units == UNITS
    assert nef.Result.load(result.save(tmp_path / "a")).units == UNITS
    with nef.Simulator(network(), backend="numpy", stream=tmp_path / "b") as sim:
        sim.run_steps(10)
    assert nef.Result.load(tmp_path / "b").units == UNITS
    plain = nef.Result({"x": np.zeros((1, 1))}, {"x": [0.1]}, [0.1], {})
    assert plain.units == {}


@pytest.mark.parametrize("units", [{"y": 3}, {"other": "Hz"}, [], None])
def test_other_units_in_a_file_are_refused(tmp_path, units):
    arrays = {"time": np.zeros(1), "time 0": np.zeros(1), "record 0": np.zeros((1, 1))}
    meta = {"kind": "result", "info": {}, "spikes": {}, "labels": ["y"], "units": units}
    path = files.write("x", tmp_path / "a", arrays, meta, version=VERSION)
    with pytest.raises(ValueError, match=r"path must be a result of nefsim, got .*units"):
        nef.Result.load(path)


@pytest.mark.parametrize("name", ["xarray", "pandas", "neo", "pynapple"])
def test_an_error_names_a_package_that_is_missing(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"to_{name}: {name} must be installed, .*pip install"):
        getattr(recorded(), f"to_{name}")()


def unrun(batch_size: int | None) -> nef.Result:
    sim = nef.Simulator(network(), backend="numpy", batch_size=batch_size)
    sim.run(0)
    return sim.result()


@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_table_of_a_run_of_no_steps_has_its_columns_and_no_rows(batch_size):
    pytest.importorskip("pandas")
    table = unrun(batch_size).to_pandas()
    assert len(table) == 0
    assert list(table.columns) == list(recorded(batch_size).to_pandas().columns)


def test_a_run_of_no_steps_has_no_time_for_pynapple():
    pytest.importorskip("pynapple")
    words = r"^Result\.to_pynapple: result must have recorded something, got nothing; run the sim"
    with pytest.raises(ValueError, match=words):
        unrun(None).to_pynapple()


def test_xarray_has_units():
    pytest.importorskip("xarray")
    dataset = recorded().to_xarray()
    assert dataset["spikes"].attrs["units"] == "Hz" and "units" not in dataset["v"].attrs
    assert dataset["y"].attrs["units"] == "1"
    assert dataset["time of y"].attrs["units"] == "s"


@pytest.mark.parametrize("batch_size", [None, 3])
def test_pandas_has_a_column_for_each_dimension(batch_size):
    pandas = pytest.importorskip("pandas")
    result = recorded(batch_size)
    table = result.to_pandas()
    assert isinstance(table, pandas.DataFrame) and table.index.name == "time [s]"
    np.testing.assert_array_equal(table.index, result.time)
    for label in result:
        part = table[label].dropna()
        values = result[label]
        rows = np.moveaxis(values, -2, 0).reshape(values.shape[-2], -1)
        np.testing.assert_array_equal(part.to_numpy(), rows)
        np.testing.assert_array_equal(part.index, result.trange(label))
    if batch_size:
        np.testing.assert_array_equal(table["y", 2, 1], result["y"][2, :, 1])
    assert nef.Result({}, {}, [], {}).to_pandas().empty


@pytest.mark.parametrize("batch_size", [None, 3])
def test_neo_has_trains_and_signals(batch_size):
    neo = pytest.importorskip("neo")
    result = recorded(batch_size)
    block = result.to_neo()
    assert block.annotations["dt"] == 0.001 and len(block.segments) == (batch_size or 1)
    for trial, segment in enumerate(block.segments):
        which = None if batch_size is None else trial
        assert len(segment.spiketrains) == 12
        for neuron, train in enumerate(segment.spiketrains):
            np.testing.assert_array_equal(train.magnitude, spike_times(result, neuron, which))
            assert train.units.dimensionality.string == "s" and float(train.t_stop) == 0.1
            assert train.name == f"spikes {neuron}"
        signals = {signal.name: signal for signal in segment.data_children_recur}
        for label, kind in (("y", "Analog"), ("slow", "Analog"), ("v", "IrregularlySampled")):
            signal = signals[label]
            assert isinstance(signal, getattr(neo, f"{kind}Signal"))
            values = result[label] if which is None else result[label][trial]
            np.testing.assert_array_equal(signal.magnitude, values)
            # Neo computes the times of regular signals from the first.
            np.testing.assert_allclose(signal.times.magnitude, result.trange(label), atol=1e-12)
            assert signal.units.dimensionality.string == "dimensionless"


@pytest.mark.filterwarnings("ignore")  # of Neo, about its own calls
def test_neo_writes_a_result_to_nwb(tmp_path):
    pytest.importorskip("pynwb")
    neo = pytest.importorskip("neo")
    block = recorded().to_neo()
    block.annotate(
        session_start_time=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
        session_description="x",
        identifier="x",
    )
    path = str(tmp_path / "a.nwb")
    writer = neo.io.NWBIO(path, "w")
    writer.write_all_blocks([block])
    writer.close()
    again = neo.io.NWBIO(path, "r").read_all_blocks()[0]
    trains = again.segments[0].spiketrains
    assert len(trains) == 12
    names = {train.name: train for train in trains}
    expected = {train.name: train for train in block.segments[0].spiketrains}
    for name, train in names.items():
        np.testing.assert_array_equal(train.magnitude, expected[name].magnitude)


@pytest.mark.parametrize("batch_size", [None, 3])
def test_pynapple_has_groups_and_frames(batch_size):
    pynapple = pytest.importorskip("pynapple")
    result = recorded(batch_size)
    for trial in range(batch_size or 1):
        which = None if batch_size is None else trial
        found = result.to_pynapple()
        if batch_size:
            found = {label: parts[trial] for label, parts in found.items()}
        group = found["spikes"]
        assert isinstance(group, pynapple.TsGroup) and len(group) == 12
        for neuron in range(12):
            # pynapple rounds times to 1 ns.
            times = spike_times(result, neuron, which)
            np.testing.assert_allclose(group[neuron].t, times, rtol=0, atol=1e-9)
        for label in ("y", "slow", "v"):
            values = result[label] if which is None else result[label][trial]
            np.testing.assert_array_equal(found[label].values, values)
            np.testing.assert_allclose(found[label].t, result.trange(label), rtol=0, atol=1e-9)
