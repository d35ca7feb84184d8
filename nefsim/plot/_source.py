"""Get the data of figures from arrays, simulators or results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.network import Ensemble, Probe
from nefsim.records import Events, index_of
from nefsim.result import Result
from nefsim.simulator import Simulator

Array = NDArray[np.float64]

#: An array, events, or a simulator or result, together with its probe.
Recorded: TypeAlias = ArrayLike | Events | Simulator | Result
#: An array, or a probe or label of a recording.
Probed: TypeAlias = ArrayLike | Probe | str
#: The same, or a function of the input.
Ideal: TypeAlias = Probed | Callable[..., ArrayLike]

#: Step of arrays that come without times [s], the simulator's default.
STEP = 0.001

#: Attributes of probes whose records are matrices.
MATRICES = ("weights", "scaled_encoders")


def is_recording(source: object) -> bool:
    """Whether ``source`` is a simulator or result, and not an array."""
    return isinstance(source, (Simulator, Result))


def records(
    who: str, argument: str, source: Any, probe: Any, time: Any, trial: Any
) -> tuple[Array, Array]:
    """Values (T, D) and times (T,) of an array, or of a probe of a simulator or result."""
    if not is_recording(source):
        if hasattr(source, "trange"):  # a simulator of a Nengo network
            do = "pass sim.data[p] of a probe p, and time=sim.trange()"
            must = "be an array, a Simulator or a Result"
            check.fail(who, argument, must, check.show(source), do, TypeError)
        if probe is not None:
            do = "pass a Simulator or Result first, or leave probe out"
            check.fail(who, "probe", "be None with an array", check.show(probe), do)
        values = of_one_trial(who, argument, source, trial)
        return values, times(who, time, len(values))
    if time is not None:
        got, do = check.show(time), not_time(time)
        check.fail(who, "time", "be None with recorded data", got, do)
    values = of_one_trial(who, argument, recorded(who, "probe", source, probe), trial)
    return values, np.asarray(source.trange(probe), dtype=np.float64)


def events(who: str, source: Any, probe: Any, time: Any, trial: Any) -> Events | None:
    """The events of one trial if spikes were recorded, otherwise None."""
    records_of_probe = source
    if isinstance(source, (Simulator, Result)) and isinstance(probe, (Probe, str)):
        records_of_probe = (source.data if isinstance(source, Simulator) else source).kept(probe)
    elif isinstance(source, Events):
        unused(who, "probe", probe, "events", "leave it out")
    if not isinstance(records_of_probe, Events) or 0 in records_of_probe.shape:
        return None
    unused(who, "time", time, "recorded data", not_time(time))
    if len(records_of_probe.shape) == 2:
        unused(who, "trial", trial, "one trial", "leave it out")
        return records_of_probe
    do = "pass the number of a trial"
    return records_of_probe.trial(
        check.integer(who, "trial", trial, do, 0, records_of_probe.shape[0] - 1)
    )


def recorded(who: str, argument: str, source: Simulator | Result, probe: Any) -> Any:
    """Records of a probe, (T, D), or (trials, T, D) of a batch."""
    do = f"pass {argument}= a probe, or a label of a Result"
    check.instance(who, argument, probe, (Probe, str), "a probe or a label", do)
    if isinstance(source, Simulator) and isinstance(probe, str):
        probe = source.probes[index_of(who, source.probes, probe)]
    values = source.data[probe] if isinstance(source, Simulator) else source[probe]
    if not values.size:
        check.fail(who, argument, "have recorded something", "nothing", "run the simulator first")
    if isinstance(probe, Probe) and probe.attr in MATRICES:
        return values.reshape(*values.shape[:-2], -1)  # a column for each weight, row by row
    return values


def of_one_trial(who: str, argument: str, values: Any, trial: Any) -> Array:
    """Values (T, D) of one trial; (T,) counts as one column."""
    do = "pass an array (T, D), or a Simulator or Result and probe="
    checked = check.array(who, argument, values, do=do)
    if checked.ndim == 3 and trial is None:
        got = f"{len(checked)} trials of shape {checked.shape[1:]}"
        check.fail(who, argument, "be of one trial", got, "pass trial=0 or another number")
    if checked.ndim == 3:
        do = "pass the number of a trial"
        index = check.integer(who, "trial", trial, do, 0, len(checked) - 1)
        checked = checked[index]
    elif trial is not None:
        check.fail(who, "trial", "be None without a batch", trial, "leave it out")
    if checked.ndim == 1:
        checked = checked[:, None]
    if checked.ndim != 2 or 0 in checked.shape:
        got = f"shape {checked.shape}"
        check.fail(who, argument, "have shape (T, D) with no side empty", got, do)
    return checked


def times(who: str, time: Any, n: int) -> Array:
    """Check the times [s] of ``n`` rows; None means steps of 1 ms."""
    if time is None:
        return np.multiply(STEP, np.arange(1, n + 1), dtype=np.float64)
    do = "pass the time of each row in seconds"
    checked = check.array(who, "time", time, (n,), do)
    if (np.diff(checked) <= 0).any():
        at = int(np.argmax(np.diff(checked) <= 0)) + 1
        check.fail(who, "time", "increase", f"{checked[at]:g} s after {checked[at - 1]:g} s", do)
    return checked


def points(who: str, argument: str, value: Any, n: int | None = None) -> Array:
    """Check that a value is a finite array (P, D), with ``n`` rows if given; (P,) is a column."""
    do = "pass an array (P, D)"
    checked = check.array(who, argument, value, do=do)
    checked = checked[:, None] if checked.ndim == 1 else checked
    if checked.ndim != 2 or 0 in checked.shape:
        check.fail(who, argument, "have shape (P, D)", f"shape {np.shape(value)}", do)
    if n not in (None, len(checked)):
        check.fail(who, argument, f"have {n} rows", f"{len(checked)}", "pass one for each point")
    return checked


def built(who: str, argument: str, simulator: Simulator, key: Any, kind: type) -> Any:
    """The built arrays of an ensemble or connection of the simulator's network."""
    kinds = f"one of the simulator's {kind.__name__.lower()}s"
    check.instance(who, argument, key, kind, kinds, f"pass {argument}=")
    return simulator.data[key]


def by_keyword(value: object) -> str | None:
    """The call for a probe or ensemble that stands in the place of another argument, or None."""
    if isinstance(value, str):
        return f"write probe={check.show(value)}, by its keyword"
    if not isinstance(value, (Probe, Ensemble)):
        return None
    keyword, label = type(value).__name__.lower(), value.label
    return f"write {keyword}={label if label.isidentifier() else '...'}, by its keyword"


def not_time(value: object) -> str:
    """Advice on a value in the place of the times of recorded data."""
    if isinstance(value, Ensemble):
        return "pass probe=, a probe of it"
    return by_keyword(value) or "leave it out"


def unused(who: str, argument: str, value: Any, other: str, do: str) -> None:
    """Check that an argument that cannot be combined with ``other`` is None."""
    if value is not None:
        check.fail(who, argument, f"be None with {other}", check.show(value), do)
