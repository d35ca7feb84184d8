"""Results as objects of other packages: xarray, pandas, Neo and pynapple, each imported at use."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._extras import cure
from nefsim.records import Events

Array = NDArray[np.float64]

#: Largest difference between intervals of a regular record, as a share of the interval.
ROUNDING = 1e-6


class Recorded(Protocol):
    """The attributes of a result that are converted."""

    info: dict[str, Any]
    time: Array
    units: dict[str, str]

    def __iter__(self) -> Any:
        """The labels."""

    def __getitem__(self, key: str) -> Array:
        """A record as an array."""

    def kept(self, key: str) -> Array | Events:
        """A record as stored."""

    def trange(self, key: str) -> Array:
        """Times of a record [s]."""


@contextmanager
def _needing(package: str) -> Iterator[None]:
    """Convert an error about a missing package to one with the command that installs it."""
    try:
        yield
    except ImportError as error:
        message = f"Result.to_{package}: {package} must be installed, got none; {cure(package)}."
        raise ImportError(message) from error


def to_xarray(result: Recorded) -> Any:
    """See :meth:`nefsim.Result.to_xarray`."""
    with _needing("xarray"):
        import xarray
    variables = {}
    for label in result:
        values, time = result[label], f"time of {label}"
        trials = ("trial",) if values.ndim == 3 else ()
        unit = result.units.get(label)
        variables[label] = xarray.DataArray(
            values,
            dims=(*trials, time, f"dimension of {label}"),
            coords={time: (time, result.trange(label), {"units": "s"})},
            attrs={} if unit is None else {"units": unit},
        )
    attributes = {k: v for k, v in result.info.items() if v is not None}
    return xarray.Dataset(variables, attrs=attributes)


def to_pandas(result: Recorded) -> Any:
    """See :meth:`nefsim.Result.to_pandas`."""
    with _needing("pandas"):
        import pandas
    is_batch = any(result[label].ndim == 3 for label in result)
    names = ("label", "trial", "dimension") if is_batch else ("label", "dimension")
    tables = []
    for label in result:
        values = result[label]
        *trials, n_rows, size = values.shape
        levels = [[label], *(range(n) for n in trials), range(size)]
        columns = pandas.MultiIndex.from_product(levels, names=names)
        rows = np.moveaxis(values, -2, 0).reshape(n_rows, math.prod([*trials, size]))
        index = pandas.Index(result.trange(label), name="time [s]")
        tables.append(pandas.DataFrame(rows, index, columns))
    if not tables:
        return pandas.DataFrame(index=pandas.Index([], name="time [s]"))
    table = pandas.concat(tables, axis=1)
    # A record of fewer samples has no number at the other times.
    return table if table.index.is_monotonic_increasing else table.sort_index()


def to_neo(result: Recorded) -> Any:
    """See :meth:`nefsim.Result.to_neo`."""
    with _needing("neo"):
        import neo
    info = {k: v for k, v in result.info.items() if v is not None}
    block = neo.Block(name="nefsim", **info)
    kept = {label: result.kept(label) for label in result}
    n_trials = max((v.shape[0] for v in kept.values() if len(v.shape) == 3), default=1)
    end = float(result.time[-1]) if len(result.time) else 0.0
    for trial in range(n_trials):
        segment = neo.Segment(name=f"trial {trial}", index=trial)
        block.segments.append(segment)
        for label, values in kept.items():
            one = _of_trial(values, trial)
            if isinstance(one, Events):
                for neuron, times in enumerate(_trains(one)):
                    train = neo.SpikeTrain(
                        times, t_stop=end, units="s", name=f"{label} {neuron}", neuron=neuron
                    )
                    segment.spiketrains.append(train)
            else:
                times = result.trange(label)
                _add_signal(segment, one, times, result.units.get(label), label)
    return block


def _add_signal(segment: Any, rows: Array, times: Array, unit: str | None, label: str) -> None:
    """Add a record to a segment: a signal with a sampling period, or one with times."""
    import neo
    import quantities

    units = "dimensionless" if unit in (None, "1") else unit
    steps = np.diff(times)
    if len(steps) and np.ptp(steps) > ROUNDING * steps[0]:
        signal = neo.IrregularlySampledSignal(times, rows, units, time_units="s", name=label)
        segment.irregularlysampledsignals.append(signal)
    elif len(times):
        period = float(times[-1] - times[0]) / max(len(steps), 1) or float(times[0])
        first, period = float(times[0]) * quantities.s, period * quantities.s
        signal = neo.AnalogSignal(rows, units, t_start=first, sampling_period=period, name=label)
        segment.analogsignals.append(signal)


def to_pynapple(result: Recorded) -> dict[str, Any]:
    """See :meth:`nefsim.Result.to_pynapple`."""
    with _needing("pynapple"):
        import pynapple
    if not len(result.time) and [*result]:
        do = "run the simulator first"
        check.fail("Result.to_pynapple", "result", "have recorded something", "nothing", do)
    support = pynapple.IntervalSet(0.0, float(result.time[-1])) if len(result.time) else None

    def of_trial(values: Array | Events, times: Array) -> Any:
        if not isinstance(values, Events):
            return pynapple.TsdFrame(times, values, time_support=support)
        trains = enumerate(_trains(values))
        group = {neuron: pynapple.Ts(t, time_support=support) for neuron, t in trains}
        return pynapple.TsGroup(group, time_support=support)

    found: dict[str, Any] = {}
    for label in result:
        values, times = result.kept(label), result.trange(label)
        if len(values.shape) == 2:
            found[label] = of_trial(values, times)
        else:
            trials = range(values.shape[0])
            found[label] = [of_trial(_of_trial(values, trial), times) for trial in trials]
    return found


def _of_trial(values: Array | Events, trial: int) -> Any:
    """The records of one trial; of the only one without a batch."""
    if len(values.shape) == 2:
        return values
    return values.trial(trial) if isinstance(values, Events) else values[trial]


def _trains(events: Events) -> list[Array]:
    """Times of the events of each neuron [s]."""
    order = np.argsort(events.cells, kind="stable")
    ends = np.searchsorted(events.cells[order], np.arange(1, events.shape[-1]))
    return np.split(events.times[order], ends)
