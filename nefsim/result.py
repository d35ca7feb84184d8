"""Results: the records of a run, independent of its simulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim import _html as html
from nefsim import files, guests
from nefsim._schema import COUNT, misfit
from nefsim.network import Probe
from nefsim.network.quantities import unit_of
from nefsim.records import Events, labels_of
from nefsim.records.grown import Grown
from nefsim.records.stream import LIST

Array = NDArray[np.float64]

#: Kind and version of result files.
VERSION = 2

#: Schema of the description of a result file.
SCHEMA = {"labels": [str], "spikes": {str: [COUNT]}, "info": {str: object}}


class Result(Mapping[Any, Array]):
    """Records of a run by probe and by label, with their times.

    ``result[probe]`` and ``result["label"]`` are the same array, (n_records, size), or
    (batch_size, n_records, size).  If several probes have one label, a number is appended from
    the second on: "y", "y 1".  Spikes are stored as events, and converted to an array on access.

    Parameters
    ----------
    records : mapping of str to ndarray or Events
        Records by label.
    times : mapping of str to ndarray [s]
        Times of the records, by label.
    time : ndarray [s]
        Times of all steps.
    info : mapping
        Description of the run: ``dt``, ``backend``, ``seed`` and others.
    labels : mapping of Probe to str, optional
        Labels of the probes; not saved to files.

    Attributes
    ----------
    units : dict of str to str
        Units of records by label, as far as they are known: "Hz", or "1" for plain numbers.

    Raises
    ------
    ValueError, TypeError
        If an argument is not a mapping, labels differ, or numbers of rows and times differ.

    See Also
    --------
    Simulator : Its method ``result`` returns a result.
    nefsim.plot : Figures of results.

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
        records: Mapping[str, ArrayLike | Events],
        times: Mapping[str, ArrayLike],
        time: ArrayLike,
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
        self.units = {
            name: "Hz" for name, values in self._records.items() if isinstance(values, Events)
        }
        self.info = dict(info)
        do = "pass a dict from probes to labels of records"
        by_probe = {} if labels is None else labels
        self._labels = dict(check.instance(who, "labels", by_probe, Mapping, "a dict", do))
        for probe, label in self._labels.items():
            if not isinstance(probe, Probe) or label not in self._records:
                got = f"{check.show(probe)} to {check.show(label)}"
                check.fail(who, "labels", "map probes to labels of records", got, do)

    @classmethod
    def of(
        cls,
        recorded: Mapping[Probe, tuple[Array, Array | Events]],
        time: Array,
        info: Mapping[str, Any],
    ) -> Result:
        """Make a result from the times and records of probes.

        Parameters
        ----------
        recorded : mapping of Probe to pair of (ndarray, ndarray or Events)
            Times and records of each probe.
        time : ndarray [s]
            Times of all steps.
        info : mapping
            Description of the run.

        Returns
        -------
        Result

        Raises
        ------
        ValueError, TypeError
            If a key is not a probe, or a value not a pair of times and records.
        """
        do = "pass a dict from probes to pairs of times and records"
        check.instance("Result.of", "recorded", recorded, Mapping, "a dict", do)
        for probe, pair in recorded.items():
            if not isinstance(probe, Probe) or not isinstance(pair, tuple) or len(pair) != 2:
                got = f"{check.show(probe)} to {check.show(pair)}"
                check.fail("Result.of", "recorded", "map probes to pairs", got, do, TypeError)
        labels = dict(zip(recorded, labels_of([*recorded]), strict=True))
        records = {labels[probe]: values for probe, (_, values) in recorded.items()}
        times = {labels[probe]: when for probe, (when, _) in recorded.items()}
        result = cls(records, times, time, info, labels)
        units = {label: unit_of(probe.target, probe.attr) for probe, label in labels.items()}
        result.units |= {label: unit for label, unit in units.items() if unit is not None}
        return result

    def _label(self, key: Probe | str) -> str:
        label = self._labels.get(key, "") if isinstance(key, Probe) else key
        if not isinstance(label, str) or label not in self._records:
            labels = ", ".join(map(repr, self._records)) or "none"
            do = f"pass one of {labels}"
            check.fail("Result", "key", "be a recorded probe or label", check.show(key), do)
        return label

    def __getitem__(self, key: Probe | str) -> Array:
        values = self.kept(key)
        return values.dense() if isinstance(values, Events) else values

    def kept(self, key: Probe | str) -> Array | Events:
        """The records of a probe or label as stored: rows of an array, or events.

        Parameters
        ----------
        key : Probe or str
            A probe, or its label.

        Returns
        -------
        ndarray or Events

        Raises
        ------
        ValueError
            If there is no such probe or label.
        """
        return self._records[self._label(key)]

    def events(self, key: Probe | str) -> Events:
        """The spikes of a probe or label, as events.

        Parameters
        ----------
        key : Probe or str
            A probe of spikes, or its label.

        Returns
        -------
        Events

        Raises
        ------
        ValueError
            If there is no such probe or label, or its records are not spikes.
        """
        events = self.kept(key)
        if not isinstance(events, Events):
            do = "read other records as result[key]"
            check.fail("Result.events", "key", "be a record of spikes", check.show(key), do)
        return events

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the records, by label."""
        return {name: values.shape for name, values in self._records.items()}

    def __contains__(self, key: object) -> bool:
        label = self._labels.get(key) if isinstance(key, Probe) else key
        return isinstance(label, str) and label in self._records

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def trange(self, key: Probe | str) -> Array:
        """Times of the records of a probe or label [s].

        Parameters
        ----------
        key : Probe or str
            A probe, or its label.

        Returns
        -------
        (n_records,) ndarray [s]

        Raises
        ------
        ValueError
            If there is no such probe or label.
        """
        return self._times[self._label(key)]

    def to_xarray(self) -> Any:
        """All records as an ``xarray.Dataset`` with named dimensions (needs xarray).

        Times, and records whose unit is known, have the attribute ``units``.

        Returns
        -------
        xarray.Dataset

        Raises
        ------
        ImportError
            If xarray is not installed.

        See Also
        --------
        to_pandas, to_neo, to_pynapple
        """
        return guests.to_xarray(self)

    def to_pandas(self) -> Any:
        """All records as one ``pandas.DataFrame`` (needs pandas).

        Rows are times [s].  Columns have the levels label and dimension, with the trial between
        them in a batch.  A record of fewer samples than others has NaN at the other times.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed.

        See Also
        --------
        to_xarray, to_neo, to_pynapple
        """
        return guests.to_pandas(self)

    def to_neo(self) -> Any:
        """All records as a ``neo.Block`` with a segment for each trial (needs Neo).

        Spikes become a ``SpikeTrain`` for each neuron, "LABEL NUMBER"; a step with several
        spikes of a neuron gives one time.  Other records become an ``AnalogSignal``, or an
        ``IrregularlySampledSignal`` if their times are not regular.  Neo writes the block to
        files of NWB and other formats.

        Returns
        -------
        neo.Block

        Raises
        ------
        ImportError
            If Neo is not installed.

        See Also
        --------
        to_xarray, to_pandas, to_pynapple
        """
        return guests.to_neo(self)

    def to_pynapple(self) -> dict[str, Any]:
        """All records as objects of pynapple, by label (needs pynapple).

        Spikes become a ``TsGroup`` with the neurons as keys, other records a ``TsdFrame``; in a
        batch a list of one for each trial.  A step with several spikes of a neuron gives one
        time.

        Returns
        -------
        dict of str to pynapple.TsGroup or pynapple.TsdFrame, or to list of them

        Raises
        ------
        ImportError
            If pynapple is not installed.
        ValueError
            If no step has run.

        See Also
        --------
        to_xarray, to_pandas, to_neo
        """
        return guests.to_pynapple(self)

    def save(self, path: str | Path, compress: bool = True) -> Path:
        """Write the result to an .npz file.

        Parameters
        ----------
        path : str or Path
            File to write; ".npz" is added when it has no ending.
        compress : bool
            Whether to compress the file, which takes longer.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ValueError, TypeError
            If the path is not a file in an existing folder, or has another ending than ".npz".
        """
        who = "Result.save"
        target = files.as_path(who, path)
        if target.suffix.lower() != ".npz":
            do = "let it end in .npz, and write tables with numpy.savetxt or nefsim run --out x.csv"
            check.fail(who, "path", "end in .npz", f"{target}", do)
        compress = check.flag(who, "compress", compress)
        arrays: dict[str, NDArray[Any]] = {"time": self.time}
        spikes: dict[str, tuple[int, ...]] = {}
        for i, (label, values) in enumerate(self._records.items()):
            arrays[f"time {i}"] = self._times[label]
            if isinstance(values, Events):
                spikes[label] = values.shape
                arrays |= {f"{part} {i}": v for part, v in values.arrays().items()}
            else:
                arrays[f"record {i}"] = values
        meta = {"kind": "result", "info": self.info, "spikes": spikes, "labels": [*self]}
        meta |= {"units": self.units}
        return files.write(who, target, arrays, meta, compress, VERSION)

    @classmethod
    def load(cls, path: str | Path, verify: bool = True) -> Result:
        """Read a result from a file of :meth:`save`, or from a stream of a simulator.

        Parameters
        ----------
        path : str or Path
            The file, or the folder of a stream, which is mapped into memory; do not shorten
            its files while the result is in use (SIGBUS would end the program).  If a program
            ended before it completed a stream's file, the records are read from the folder
            with this name and ".parts".
        verify : bool
            Whether to read all records of a folder and compare their checksums, at about 1 GB/s.
            If False, damaged records are not noticed; checksums of a file are always compared.

        Returns
        -------
        Result

        Raises
        ------
        ValueError
            If the file is damaged or of another kind; all of it is checked before it is used.
        """
        who = "Result.load"
        check.flag(who, "verify", verify)
        source = files.as_path(who, path, ending=False)
        whole = files.as_path(who, path)
        for folder in (source, *([] if whole.is_file() else [parts_of(whole)])):
            if (folder / LIST).is_file():
                grown = Grown(who, folder, verify)
                result = cls(*grown.records())
                result.units |= grown.units
                return result
        with files.Saved(who, path, "result", SCHEMA, (1, VERSION)) as saved:
            units = saved.meta.get("units", {})  # which earlier versions lack
            why = misfit(units, {str: str}, "units")
            if why or not units.keys() <= {*saved.meta["labels"]}:
                saved.fail(why or "units must be of labels")
            result = cls(*_read(saved))
            result.units |= units
            return result

    def _repr_html_(self) -> str:
        rows = ((label, str(self[label].shape)) for label in self._records)
        return html.table(repr(self), rows, ("label", "shape"))

    def __repr__(self) -> str:
        return f"<result: {', '.join(map(repr, self._records))}; {len(self.time)} steps>"


def _read(saved: files.Saved) -> tuple[dict[str, Any], dict[str, Array], Array, dict[str, Any]]:
    """Read and check the records, times, time and info of a file."""
    meta = saved.meta
    labels, spikes = meta["labels"], meta["spikes"]
    if len(set(labels)) < len(labels) or not set(spikes) <= set(labels):
        saved.fail("labels must be different, and spikes have some of them")
    # Arrays are named by labels in version 1, by numbers in version 2.
    names = labels if meta["version"] == 1 else range(len(labels))
    places = dict(zip(labels, names, strict=True))
    saved.expect("time", "f", (None,))
    for label, name in places.items():
        n_records = saved.expect(f"time {name}", "f", (None,))[1][0]
        if label not in spikes:
            shape = saved.expect(f"record {name}", "fiu")[1]
        else:
            shape = tuple(spikes[label])
            n_events = saved.expect(f"steps {name}", "iu", (None,))[1][0]
            saved.expect(f"cells {name}", "iu", (n_events,))
            if saved.header(f"values {name}")[1]:
                saved.expect(f"values {name}", "fiu", (n_events,))
        if len(shape) not in (2, 3) or shape[-2] != n_records:
            saved.fail(f"{label!r} is of shape {shape} for {n_records} times")
    times = {label: saved.array(f"time {name}") for label, name in places.items()}
    records: dict[str, Any] = {}
    for label, name in places.items():
        if label not in spikes:
            records[label] = saved.array(f"record {name}")
            continue
        parts = {part: saved.array(f"{part} {name}") for part in ("steps", "cells", "values")}
        records[label] = Events(**parts, shape=spikes[label], times=times[label])
        why = records[label].misfit()
        if why:
            saved.fail(f"{label!r}: {why}")
    return records, times, saved.array("time"), meta["info"]


def parts_of(path: Path) -> Path:
    """The folder of a stream's records until its file ``path`` is complete."""
    return path.with_name(path.name + ".parts")


def _record(who: str, label: str, value: Any, n_records: int) -> Any:
    """Check a record: events, or an array ([trials,] n_records, size).

    Infinities are accepted.  Arrays are copied unless they are read-only.
    """
    if isinstance(value, Events) and value.shape[-2] == n_records:
        return value
    do = "pass an array (n_records, size) or (batch_size, n_records, size)"
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        must = "be arrays of real numbers"
        check.fail(who, "records", must, f"{check.show(value)} for {label!r}", do, TypeError)
    if value.ndim not in (2, 3) or value.shape[-2] != n_records:
        must = f"have {n_records} rows, as times has"
        check.fail(who, "records", must, f"shape {value.shape} for {label!r}", do)
    return value.copy() if value.flags.writeable else value
