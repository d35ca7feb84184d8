"""What a run recorded, apart from the simulator that ran it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import files
from nefsim.network import Probe

Array = NDArray[np.float64]


class Result(Mapping[Any, Array]):
    """Records by probe and by label, with their times.

    ``result[probe]`` and ``result["label"]`` give the same array, (n_records, size), or
    (batch_size, n_records, size).  A label that several probes share gets a number from the
    second on: "y", "y 1".

    Parameters
    ----------
    records : mapping of str to ndarray
        Records by label.
    times : mapping of str to ndarray [s]
        Times of the records, by label.
    time : ndarray [s]
        Times of all steps.
    info : mapping
        ``dt``, ``backend``, ``seed`` and what else is known of the run.
    labels : mapping of Probe to str, optional
        Labels of the probes; lost when a result is saved.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import Result
    >>> result = Result({"y": np.zeros((2, 1))}, {"y": [0.001, 0.002]}, [0.001, 0.002], {})
    >>> result["y"].shape, result.time.shape
    ((2, 1), (2,))
    """

    def __init__(
        self,
        records: Mapping[str, Any],
        times: Mapping[str, Any],
        time: Any,
        info: Mapping[str, Any],
        labels: Mapping[Probe, str] | None = None,
    ) -> None:
        who = "Result"
        for argument, value in (("records", records), ("times", times), ("info", info)):
            check.instance(who, argument, value, Mapping, "a dict", "pass a dict by label")
        for label in records:
            check.instance(who, "records", label, str, "named by strings", "pass a dict by label")
        if records.keys() != times.keys():
            got = f"{check.show([*times])} for {check.show([*records])}"
            check.fail(who, "times", "have the labels of records", got, "pass one for each")
        self._times = {
            name: check.array(who, "times", value, (None,)) for name, value in times.items()
        }
        self._records = {
            name: _record(who, name, value, len(self._times[name]))
            for name, value in records.items()
        }
        self.time: NDArray[np.float64] = check.array(who, "time", time, (None,))
        self.info = dict(info)
        do = "pass a dict from probes to labels of records"
        given = {} if labels is None else labels
        self._labels = dict(check.instance(who, "labels", given, Mapping, "a dict", do))
        for probe, label in self._labels.items():
            if not isinstance(probe, Probe) or label not in self._records:
                got = f"{check.show(probe)} to {check.show(label)}"
                check.fail(who, "labels", "lead from probes to labels of records", got, do)

    @classmethod
    def of(
        cls,
        recorded: Mapping[Probe, tuple[Array, Array]],
        time: Array,
        info: Mapping[str, Any],
    ) -> Result:
        """A result of probes, each with its times and records."""
        labels: dict[Probe, str] = {}
        do = "pass a dict from probes to pairs of times and records"
        check.instance("Result.of", "recorded", recorded, Mapping, "a dict", do)
        for probe, pair in recorded.items():
            if not isinstance(probe, Probe) or not isinstance(pair, tuple) or len(pair) != 2:
                got = f"{check.show(probe)} to {check.show(pair)}"
                check.fail("Result.of", "recorded", "lead from probes to pairs", got, do, TypeError)
            label, n = probe.label, 1
            while label in labels.values():
                label, n = f"{probe.label} {n}", n + 1
            labels[probe] = label
        records = {labels[probe]: values for probe, (_, values) in recorded.items()}
        times = {labels[probe]: when for probe, (when, _) in recorded.items()}
        return cls(records, times, time, info, labels)

    def _label(self, key: Any) -> str:
        label = self._labels.get(key, "") if isinstance(key, Probe) else key
        if not isinstance(label, str) or label not in self._records:
            known = ", ".join(map(repr, self._records)) or "none"
            do = f"pass one of {known}"
            check.fail("Result", "key", "be a recorded probe or label", check.show(key), do)
        return label

    def __getitem__(self, key: Any) -> Array:
        return self._records[self._label(key)]

    def __contains__(self, key: object) -> bool:
        label = self._labels.get(key) if isinstance(key, Probe) else key
        return isinstance(label, str) and label in self._records

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def trange(self, key: Any) -> Array:
        """Times of the records of a probe or label [s]."""
        return self._times[self._label(key)]

    def to_xarray(self) -> Any:
        """All records as an ``xarray.Dataset`` with named dimensions (needs xarray)."""
        try:
            import xarray
        except ImportError as error:
            message = "Result.to_xarray: xarray must be installed, got none; pip install xarray."
            raise ImportError(message) from error
        variables = {}
        for name, values in self._records.items():
            trials = ("trial",) if values.ndim == 3 else ()
            dims = (*trials, f"time of {name}", f"dimension of {name}")
            coords = {f"time of {name}": self._times[name]}
            variables[name] = xarray.DataArray(values, dims=dims, coords=coords)
        attributes = {k: v for k, v in self.info.items() if v is not None}
        return xarray.Dataset(variables, attrs=attributes)

    def save(self, path: str | Path) -> Path:
        """Write to an .npz file and return its path.

        Parameters
        ----------
        path : str or Path
            File to write; ".npz" is added when it has no ending.
        """
        arrays = {f"record {name}": values for name, values in self._records.items()}
        arrays |= {f"time {name}": values for name, values in self._times.items()}
        meta = {"kind": "result", "info": self.info}
        return files.write("Result.save", path, {"time": self.time, **arrays}, meta)

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read a file that :meth:`save` wrote.

        Parameters
        ----------
        path : str or Path
            The file.
        """
        arrays, meta = files.read("Result.load", path, "result")
        records = {k.removeprefix("record "): v for k, v in arrays.items() if k.startswith("rec")}
        times = {k.removeprefix("time "): v for k, v in arrays.items() if k.startswith("time ")}
        return cls(records, times, arrays["time"], meta["info"])

    def __repr__(self) -> str:
        return f"<result: {', '.join(map(repr, self._records))}; {len(self.time)} steps>"


def _record(who: str, label: str, value: Any, n_records: int) -> NDArray[Any]:
    """A copy of a record, (n_records, size) or with trials first; it may hold infinities."""
    do = "pass an array (n_records, size) or (batch_size, n_records, size)"
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        must = "be arrays of real numbers"
        check.fail(who, "records", must, f"{check.show(value)} for {label!r}", do, TypeError)
    if value.ndim not in (2, 3) or value.shape[-2] != n_records:
        must = f"have {n_records} rows, as times has"
        check.fail(who, "records", must, f"shape {value.shape} for {label!r}", do)
    return value.copy()
