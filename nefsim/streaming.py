"""Stream records to a folder, from which a file can be written at the end."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nefsim import _checks as check
from nefsim import files
from nefsim.network import Probe
from nefsim.network.quantities import unit_of
from nefsim.records import Records, Stream, labels_of
from nefsim.result import Result, parts_of


class Target:
    """Target of a stream of records, chunk by chunk.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    path : str or Path
        A new folder, or a new file with the ending ".npz".
    records : Records
        Records of the simulator.
    probes : sequence of Probe
        Probes of the records.
    info : mapping
        Description of the run.
    """

    def __init__(
        self,
        who: str,
        path: Any,
        records: Records,
        probes: Sequence[Probe],
        info: Mapping[str, Any],
    ) -> None:
        target = files.as_path(who, path, "stream", ending=False)
        self._file: Path | None = None
        if target.suffix == ".npz":
            if target.exists():
                do = "pass another name, so that nothing recorded is lost"
                check.fail(who, "stream", "be a new file or folder", f"{target}", do)
            self._file, target = target, parts_of(target)
        described = zip(labels_of(probes), records.described(), strict=True)
        units = [unit_of(probe.target, probe.attr) for probe in probes]
        descriptions = [
            {"label": label, "unit": unit, **probe}
            for (label, probe), unit in zip(described, units, strict=True)
        ]
        records.stream = Stream(who, target, info, descriptions)
        self._records = records

    def complete(self, result: Result) -> None:
        """Write the file, if the target is one, and remove its parts when they are unused."""
        assert self._records.stream is not None
        self._records.flush(sync=True)
        if self._file is not None:
            result.save(self._file, compress=False)
            folder = self._records.stream.folder
            weakref.finalize(self._records, shutil.rmtree, folder, ignore_errors=True)
