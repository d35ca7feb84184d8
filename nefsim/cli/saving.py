"""Files of results: checks of their paths, and tables of comma-separated values."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nefsim import _checks as check
from nefsim import files
from nefsim._writing import replacing
from nefsim.network import Probe
from nefsim.result import Result

#: Endings of files of results, by which their format is chosen.
ENDINGS = (".npz", ".csv")


def target(who: str, path: Path, force: bool) -> Path:
    """The file to write, checked before the run.

    Raises
    ------
    ValueError
        If its ending is unknown, its folder cannot be written to, or it exists and ``force``
        is False.
    """
    checked = files.as_target(who, path)
    if checked.suffix not in ENDINGS:
        do = "give it one of these endings, or none for .npz"
        check.fail(who, "--out", f"end in {' or '.join(ENDINGS)}", f"{checked}", do)
    if checked.exists() and not force:
        do = "pass --force to replace it, or another --out"
        check.fail(who, "--out", "name a new file", f"{checked}, which exists", do)
    try:
        with tempfile.TemporaryFile(dir=checked.parent):
            pass
    except OSError as error:
        got = f"{checked} ({error.strerror})"
        check.fail(who, "--out", "be in a folder that can be written to", got, "pass another")
    return checked


def check_kind(who: str, path: Path, probes: Sequence[Probe], dt: float) -> None:
    """Raise ValueError if the probes have different times, which one table cannot show."""
    if path.suffix != ".csv":
        return
    every = {probe.sample_every or dt: probe for probe in probes}
    if len(every) > 1:
        got = " and ".join(f"{seconds:g} s of {probe!r}" for seconds, probe in every.items())
        do = "give all probes the same sample_every, or let --out end in .npz"
        check.fail(who, "probes", "have one sample_every for a .csv file", got, do)


def save(who: str, result: Result, path: Path) -> None:
    """Write a result in the format of its ending."""
    try:
        if path.suffix == ".csv":
            write_table(result, path)
        else:
            result.save(path)
    except OSError as error:
        raise OSError(f"{who}: {path} cannot be written ({error.strerror or error})") from error


def write_table(result: Result, path: Path) -> None:
    """Write a row for each time: the time [s], then each column of each record.

    The first line has the names: ``time`` and the label of each probe, followed by the number
    of the column if a probe has several: "x[0]", "x[1]".
    """
    labels = [*result]
    times = result.trange(labels[0]) if labels else result.time
    arrays = [result[label] for label in labels]
    names = ["time"]
    for label, values in zip(labels, arrays, strict=True):
        size = values.shape[1]
        names += [label] if size == 1 else [f"{label}[{i}]" for i in range(size)]
    with replacing(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        table = csv.writer(text)
        table.writerow(names)
        for time, *rows in zip(times, *arrays, strict=True):
            table.writerow([float(time), *(value for row in rows for value in row.tolist())])
        text.detach()  # writes the rest; replacing() closes the stream
