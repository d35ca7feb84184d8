"""Reading of streamed records from a folder, after a check of all of its files."""

from __future__ import annotations

import json
import math
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._archive import header, reason
from nefsim._schema import COUNT, misfit
from nefsim.backends import sampled
from nefsim.files import is_sealed
from nefsim.records.events import Events
from nefsim.records.records import recorded
from nefsim.records.stream import KIND, LIST, LOG, VERSION, file_of, read_arrays

#: Numbers of an array whose checksum is computed at once.
AT_ONCE = 2**20

#: Types of numbers in a stream.
FLOATS, INTEGERS = ("<f8", "<f4", ">f8", ">f4"), ("<i8", "<i4", ">i8", ">i4")

#: Arrays of a probe of rows, or of one of spikes; no other name leads to a file.
ARRAYS = (
    {"": [FLOATS, [COUNT]]},
    {"steps": [INTEGERS, []], "cells": [INTEGERS, []], "values": [FLOATS, []]},
)

SCHEMA = {
    "kind": KIND,
    "version": range(1, VERSION + 1),
    "n_steps": COUNT,
    "info": {"dt": float},
    "probes": [
        {
            "label": str,
            "every": float,
            "shape": [COUNT],
            "arrays": ARRAYS,
            "n_rows": COUNT,
            "in_files": {str: COUNT},
            "same": {str: float},
        }
    ],
}

#: Checksums of the arrays of each probe, from version 2 on.
SUMMED = {"probes": [{"sums": {str: range(2**32)}}]}

#: A line of the log.
COUNTED = {
    "n_steps": COUNT,
    "probes": [{"n_rows": COUNT, "in_files": {str: COUNT}, "same": {str: float}}],
}

Records = dict[str, Any]


class Grown:
    """A folder of streamed records, written by :class:`nefsim.records.Stream`.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    folder : Path
        The folder.
    verify : bool
        Whether to read all arrays and compare their checksums.
    """

    def __init__(self, who: str, folder: Path, verify: bool = True) -> None:
        self._who, self._folder = who, folder
        try:
            text = (folder / LIST).read_bytes()
            description = json.loads(text)
        except (OSError, ValueError, RecursionError) as error:
            self.fail(reason(error))
        why = misfit(description, SCHEMA)
        if why:
            self.fail(why)
        self._has_sums = description["version"] > 1
        if self._has_sums:
            why = misfit(description, SUMMED)
            if why or not is_sealed(text):
                self.fail(why or f"{LIST} is damaged")
        self._verify = verify and self._has_sums
        self._dt = check.seconds(who, "dt", description["info"]["dt"])
        self._description: dict[str, Any] = description
        self._later: dict[str, Any] | None = None
        later = self._logged()
        # If the program ended while it wrote the list, the log may be older than the list.
        if later is None or later["n_steps"] <= description["n_steps"]:
            return
        if len(later["probes"]) == len(description["probes"]):
            pairs = zip(description["probes"], later["probes"], strict=True)
            later["probes"] = [{**probe, **counts} for probe, counts in pairs]
            self._later = {**description, **later}

    def _logged(self) -> dict[str, Any] | None:
        """The counts of the last complete line of the log, or None."""
        try:
            lines = (self._folder / LOG).read_bytes().split(b"\n")
        except OSError:
            return None
        for i, line in enumerate(line for line in reversed(lines) if line):
            if i == 1:
                self._warn(f"the end of {LOG} is damaged, or was cut off")
            if line[:9] == b"%08x " % zlib.crc32(line[9:]):
                with suppress(ValueError, RecursionError):
                    counts: dict[str, Any] = json.loads(line[9:])
                    why = misfit(counts, COUNTED)
                    why = why or (misfit(counts, SUMMED) if self._has_sums else "")
                    return None if why else counts
        if any(lines):
            self._warn(f"{LOG} is damaged, or was cut off")
        return None

    def _warn(self, why: str) -> None:
        text = f"{self._who}: {self._folder} must be complete, got the steps before ({why})."
        warnings.warn(text, stacklevel=5)

    def fail(self, why: str) -> NoReturn:
        """Raise an error about the folder."""
        do = "pass a folder that a simulator streamed to"
        check.fail(self._who, "path", "be a stream of nefsim", f"{self._folder} ({why})", do)

    @property
    def units(self) -> dict[str, str]:
        """Units by label, as far as they are known."""
        probes = self._description["probes"]
        return {p["label"]: p["unit"] for p in probes if isinstance(p.get("unit"), str)}

    def records(self) -> tuple[Records, Records, NDArray[np.float64], Records]:
        """Records and times by label, times of all steps, and ``info`` of the run."""
        if self._later is not None:
            # After a power failure the log may count rows that are not on the disk.
            try:
                return self._records(self._later)
            except ValueError:
                self._warn(f"rows that {LOG} counts are missing or damaged")
        return self._records(self._description)

    def _records(
        self, description: dict[str, Any]
    ) -> tuple[Records, Records, NDArray[np.float64], Records]:
        n_steps = description["n_steps"]
        labels = [probe["label"] for probe in description["probes"]]
        if len(set(labels)) < len(labels):
            self.fail("two probes have one label")
        for i, probe in enumerate(description["probes"]):
            self._check(i, probe, n_steps)
        try:
            time = np.arange(1.0, n_steps + 1) * self._dt
        except (MemoryError, ValueError) as error:
            self.fail(f"{n_steps} steps: {reason(error)}")
        records: Records = {}
        times: Records = {}
        for i, probe in enumerate(description["probes"]):
            label = probe["label"]
            times[label] = time[sampled(0, n_steps, probe["every"])]
            if len(times[label]) != probe["n_rows"]:
                self.fail(f"{probe['n_rows']} records of {label!r} in {n_steps} steps")
            try:
                arrays = read_arrays(self._folder, i, probe)
            except (OSError, ValueError, MemoryError) as error:  # such as rows of no size
                self.fail(f"{label!r}: {reason(error)}")
            self._check_sums(probe, arrays)
            records[label] = recorded(arrays, tuple(probe["shape"]), times[label])
            why = records[label].misfit() if isinstance(records[label], Events) else ""
            if why:
                self.fail(f"{label!r}: {why}")
        return records, times, time, {**description["info"], "n_steps": n_steps}

    def _check_sums(self, probe: dict[str, Any], arrays: Records) -> None:
        """Compare the checksums of arrays in files."""
        for name, array in arrays.items() if self._verify else ():
            if not probe["in_files"].get(name, 0):
                continue
            total, n = 0, 1 + AT_ONCE // max(math.prod(array.shape[1:]), 1)
            for start in range(0, len(array), n):
                total = zlib.crc32(np.ascontiguousarray(array[start : start + n]).data, total)
            if total != probe["sums"].get(name):
                self.fail(f"{name or 'rows'} of {probe['label']!r} are damaged")

    def _check(self, i: int, probe: dict[str, Any], n_steps: int) -> None:
        """Check the counts against one another and the files, before memory is allocated."""
        label, n, arrays, in_files = (probe[k] for k in ("label", "n_rows", "arrays", "in_files"))
        every = max(probe["every"], 1.0)
        if not abs(n_steps / every - n) <= 2 or len(probe["shape"]) not in (1, 2):
            self.fail(f"{n} records of {label!r} in {n_steps} steps")
        counts = {name: in_files.get(name, 0) for name in arrays}
        if "" in arrays:
            fits = counts[""] == n and arrays[""][1] == probe["shape"]
        else:
            one = not counts["values"] and ("values" in probe["same"] or not counts["steps"])
            fits = counts["steps"] == counts["cells"] and (
                one or counts["values"] == counts["steps"]
            )
        if len(arrays) not in (1, 3) or not fits:
            self.fail(f"counts of {label!r}: {counts}")
        for name, count in counts.items():
            if count:
                self._check_file(self._folder / file_of(i, name), count, *arrays[name])

    def _check_file(self, file: Path, count: int, kind: str, shape: list[int]) -> None:
        """Check that a file has ``count`` rows of this type and shape."""
        try:
            with file.open("rb") as stream:
                dtype, (n, *rest) = header(stream)
                size = stream.tell() + n * math.prod(rest) * dtype.itemsize
        except (OSError, ValueError) as error:
            self.fail(f"{file.name}: {reason(error)}")
        if dtype != np.dtype(kind) or rest != shape or n < count or file.stat().st_size < size:
            self.fail(f"{file.name} must hold {count} rows of {kind} and shape {tuple(shape)}")
