"""Laws of conversions to other packages, of which small stand-ins receive the arguments."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.guests import ROUNDING
from nefsim.records import Events

#: Four times, of which the labels "slow" and "uneven" have some.
TIME = np.array([0.5, 1.0, 1.5, 2.0])


def events(*n_trials: int) -> Events:
    """Neuron 0 spikes in rows 1 and 3, neuron 2 in row 0; trial 1 has one of neuron 1 alone."""
    steps, cells = np.array([0, 1, 2, 3]), np.array([2, 0, 4, 0])
    if not n_trials:
        steps, cells = steps[[0, 1, 3]], cells[[0, 1, 3]]
    return Events(steps, cells, 2.0, (*n_trials, 4, 3), TIME)


def result(*n_trials: int) -> nef.Result:
    """A record of each kind, slow ones first; values are all different."""

    def values(start: int, n_rows: int) -> np.ndarray:
        shape = (*n_trials, n_rows, 2)
        return start + np.arange(float(np.prod(shape))).reshape(shape)

    records = {"slow": values(100, 2), "uneven": values(200, 3), "s": events(*n_trials)}
    times = {"slow": TIME[1::2], "uneven": TIME[[0, 1, 3]], "s": TIME}
    made = nef.Result(records, times, TIME, {"dt": 0.5, "seed": None})
    made.units["slow"] = "1"
    return made


def none() -> nef.Result:
    return nef.Result({}, {}, [], {})


def stand_in(monkeypatch: Any, name: str, **content: Any) -> None:
    module = ModuleType(name)
    vars(module).update(content)
    monkeypatch.setitem(sys.modules, name, module)


def same(actual: Any, expected: Any) -> None:
    np.testing.assert_array_equal(actual, expected, strict=True)


# -- xarray ------------------------------------------------------------------------------------


@pytest.fixture
def xarray(monkeypatch: Any) -> None:
    def array(data: Any, coords: Any, dims: Any, attrs: Any) -> Any:
        return SimpleNamespace(data=data, coords=coords, dims=dims, attrs=attrs)

    def dataset(data_vars: Any, attrs: Any) -> Any:
        return SimpleNamespace(vars=data_vars, attrs=attrs)

    stand_in(monkeypatch, "xarray", DataArray=array, Dataset=dataset)


@pytest.mark.parametrize("n_trials", [(), (2,)])
def test_xarray_has_dimensions_times_and_units(xarray: None, n_trials: Any) -> None:
    given = result(*n_trials)
    dataset = given.to_xarray()
    assert dataset.attrs == {"dt": 0.5}
    assert [*dataset.vars] == ["slow", "uneven", "s"]
    for label, array in dataset.vars.items():
        same(array.data, given[label])
        last = (f"time of {label}", f"dimension of {label}")
        assert array.dims == (("trial", *last) if n_trials else last)
        ((name, (dims, times, attributes)),) = array.coords.items()
        assert (name, dims, attributes) == (last[0], last[0], {"units": "s"})
        same(times, given.trange(label))
    units = {label: array.attrs for label, array in dataset.vars.items()}
    assert units == {"slow": {"units": "1"}, "uneven": {}, "s": {"units": "Hz"}}


# -- pandas ------------------------------------------------------------------------------------


class Index(list[Any]):
    """An index of rows, or levels and names of columns."""

    def __init__(self, data: Any, name: Any) -> None:
        super().__init__(data)
        self.name = name

    @property
    def is_monotonic_increasing(self) -> bool:
        return sorted(self) == self


class Frame:
    """A table; those that stand side by side have the rows in order of their first times."""

    def __init__(self, data: Any = None, index: Any = None, columns: Any = None) -> None:
        self.parts = [] if data is None else [(data, index, columns)]
        self.index = index
        self.n_sorted = 0

    def sort_index(self) -> Frame:
        self.n_sorted += 1
        self.index = Index(sorted(self.index), self.index.name)
        return self


def side_by_side(tables: Any, axis: int) -> Frame:
    assert axis == 1
    whole = Frame()
    whole.parts = [part for table in tables for part in table.parts]
    times = dict.fromkeys(t for _, index, _ in whole.parts for t in index)
    whole.index = Index(times, whole.parts[0][1].name)
    return whole


@pytest.fixture
def pandas(monkeypatch: Any) -> None:
    product = SimpleNamespace(from_product=lambda levels, names: (levels, names))
    content = {"MultiIndex": product, "Index": Index, "DataFrame": Frame, "concat": side_by_side}
    stand_in(monkeypatch, "pandas", **content)


def test_pandas_has_a_column_for_each_trial_and_dimension(pandas: None) -> None:
    table = result().to_pandas()
    # The coarse record comes first, so that the times must be put in order.
    assert table.n_sorted == 1 and table.index == [*TIME] and table.index.name == "time [s]"
    (slow, times, (levels, names)), _, (spikes, _, _) = table.parts
    same(slow, np.array([[100.0, 101.0], [102.0, 103.0]]))
    assert times == [1.0, 2.0] and times.name == "time [s]"
    assert [[*level] for level in levels] == [["slow"], [0, 1]]
    assert names == ("label", "dimension")
    same(spikes, np.array([[0, 0, 2.0], [2, 0, 0], [0, 0, 0], [2, 0, 0]]))


def test_pandas_has_columns_of_trials_side_by_side(pandas: None) -> None:
    table = result(2).to_pandas()
    rows, _, (levels, names) = table.parts[0]
    same(rows, np.array([[100.0, 101.0, 104.0, 105.0], [102.0, 103.0, 106.0, 107.0]]))
    assert [[*level] for level in levels] == [["slow"], [0, 1], [0, 1]]
    assert names == ("label", "trial", "dimension")


def test_pandas_does_not_sort_times_in_order_and_has_a_table_of_no_records(pandas: None) -> None:
    one = nef.Result({"y": np.ones((4, 1))}, {"y": TIME}, TIME, {}).to_pandas()
    assert one.n_sorted == 0 and one.index == [*TIME]
    empty = none().to_pandas()
    assert empty.parts == [] and empty.index == [] and empty.index.name == "time [s]"


# -- Neo ---------------------------------------------------------------------------------------


class Seconds:
    """The unit of time of the package quantities."""

    def __rmul__(self, value: float) -> tuple[float, str]:
        return value, "s"


@pytest.fixture
def neo(monkeypatch: Any) -> None:
    def block(name: str, **info: Any) -> Any:
        return SimpleNamespace(name=name, info=info, segments=[])

    def segment(name: str, index: int) -> Any:
        lists: Any = {"spiketrains": [], "analogsignals": [], "irregularlysampledsignals": []}
        return SimpleNamespace(name=name, index=index, **lists)

    def train(times: Any, t_stop: float, units: str, name: str, neuron: int) -> Any:
        return SimpleNamespace(times=times, rest=(t_stop, units, name, neuron))

    def regular(signal: Any, units: str, t_start: Any, sampling_period: Any, name: str) -> Any:
        return SimpleNamespace(signal=signal, rest=(units, t_start, sampling_period, name))

    def irregular(times: Any, signal: Any, units: str, time_units: str, name: str) -> Any:
        return SimpleNamespace(times=times, signal=signal, rest=(units, time_units, name))

    content = {"Block": block, "Segment": segment, "SpikeTrain": train}
    content |= {"AnalogSignal": regular, "IrregularlySampledSignal": irregular}
    stand_in(monkeypatch, "neo", **content)
    stand_in(monkeypatch, "quantities", s=Seconds())


@pytest.mark.parametrize("n_trials", [(), (2,)])
def test_neo_has_a_segment_for_each_trial(neo: None, n_trials: Any) -> None:
    given = result(*n_trials)
    block = given.to_neo()
    assert (block.name, block.info) == ("nefsim", {"dt": 0.5})
    assert [(s.name, s.index) for s in block.segments] == [
        (f"trial {i}", i) for i in range(*n_trials or (1,))
    ]
    spikes = [[[1.0, 2.0], [], [0.5]], [[], [1.5], []]]
    for trial, segment in enumerate(block.segments):
        trains = segment.spiketrains
        assert [[*train.times] for train in trains] == spikes[trial]
        assert [t.rest for t in trains] == [(2.0, "s", f"s {i}", i) for i in range(3)]
        (slow,), (uneven,) = segment.analogsignals, segment.irregularlysampledsignals
        same(slow.signal, given["slow"][trial] if n_trials else given["slow"])
        assert slow.rest == ("dimensionless", (1.0, "s"), (1.0, "s"), "slow")
        same(uneven.signal, given["uneven"][trial] if n_trials else given["uneven"])
        same(uneven.times, TIME[[0, 1, 3]])
        assert uneven.rest == ("dimensionless", "s", "uneven")


def signals(times: Any, unit: str | None = None) -> tuple[list[Any], list[Any]]:
    """Regular and irregular signals of a record with these times."""
    values = np.arange(float(len(times)))[:, None]
    one = nef.Result({"y": values}, {"y": times}, [], {})
    one.units |= {} if unit is None else {"y": unit}
    (segment,) = one.to_neo().segments
    return segment.analogsignals, segment.irregularlysampledsignals


def test_neo_has_a_period_if_intervals_are_equal_up_to_rounding(neo: None) -> None:
    for share, n_regular in ((0.9, 1), (-0.9, 1), (1.1, 0), (-1.1, 0)):
        times = [2.0, 6.0, 10.0 + share * 4.0e-6]
        regular, irregular = signals(times)
        assert (len(regular), len(irregular)) == (n_regular, 1 - n_regular)
    assert ROUNDING == 1e-6
    (signal,), _ = signals([2.0, 6.0, 10.0], "Hz")
    assert signal.rest == ("Hz", (2.0, "s"), (4.0, "s"), "y")
    (signal,), _ = signals([2.0, 6.0])
    assert signal.rest == ("dimensionless", (2.0, "s"), (4.0, "s"), "y")
    (signal,), _ = signals([3.0])  # the first sample of a period stands at its end
    assert signal.rest == ("dimensionless", (3.0, "s"), (3.0, "s"), "y")
    assert signals([]) == ([], [])


def test_neo_of_no_steps_ends_at_zero(neo: None) -> None:
    empty = Events(np.zeros(0, int), np.zeros(0, int), 1.0, (0, 2), np.zeros(0))
    (segment,) = nef.Result({"s": empty}, {"s": []}, [], {}).to_neo().segments
    assert [train.rest[0] for train in segment.spiketrains] == [0.0, 0.0]
    assert [len(train.times) for train in segment.spiketrains] == [0, 0]


# -- pynapple ----------------------------------------------------------------------------------


@pytest.fixture
def pynapple(monkeypatch: Any) -> None:
    def frame(t: Any, d: Any, time_support: Any) -> Any:
        return SimpleNamespace(t=t, d=d, support=time_support)

    def group(data: Any, time_support: Any) -> Any:
        return SimpleNamespace(data=data, support=time_support)

    def series(t: Any, time_support: Any) -> Any:
        return SimpleNamespace(t=[*t], support=time_support)

    content = {"IntervalSet": lambda start, end: (start, end), "TsdFrame": frame}
    stand_in(monkeypatch, "pynapple", **content, TsGroup=group, Ts=series)


@pytest.mark.parametrize("n_trials", [(), (2,)])
def test_pynapple_has_frames_and_groups(pynapple: None, n_trials: Any) -> None:
    given = result(*n_trials)
    found = given.to_pynapple()
    assert [*found] == ["slow", "uneven", "s"]
    spikes = [[[1.0, 2.0], [], [0.5]], [[], [1.5], []]]
    for trial in range(*n_trials or (1,)):
        parts = {label: part[trial] if n_trials else part for label, part in found.items()}
        for label in ("slow", "uneven"):
            same(parts[label].d, given[label][trial] if n_trials else given[label])
            same(parts[label].t, given.trange(label))
        group = parts["s"].data
        assert [group[i].t for i in range(3)] == spikes[trial] and len(group) == 3
        supports = [part.support for part in (*parts.values(), *group.values())]
        assert supports == [(0.0, 2.0)] * 6
    if n_trials:
        assert [len(parts) for parts in found.values()] == [2, 2, 2]


def test_pynapple_has_no_support_without_steps(pynapple: None) -> None:
    assert none().to_pynapple() == {}
    one = nef.Result({"y": np.zeros((0, 1))}, {"y": []}, [], {})
    with pytest.raises(ValueError, match="run the simulator first"):
        one.to_pynapple()  # pynapple has no series without support
