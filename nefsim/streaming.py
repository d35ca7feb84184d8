"""Where a simulator streams to: a folder, or a file that is made of one at the end."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nefsim import _checks as check
from nefsim import files
from nefsim.network import Probe
from nefsim.records import Records, Stream, labels_of
from nefsim.result import Result, parts_of


class Target:
    """Makes records go to disk, chunk by chunk.

    Parameters
    ----------
    who : str
        Who asks for it, for messages.
    path : str or Path
        A folder, or a file with the ending ".npz"; neither may be there.
    records : Records
        What is recorded.
    probes : sequence of Probe
        Its probes.
    info : mapping
        What is known of the run.
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
        told = [{"label": label, **probe} for label, probe in described]
        records.stream = Stream(who, target, info, told)
        self._records = records

    def complete(self, result: Result) -> None:
        """Make the file, if there is to be one; its parts go when nobody reads them any more."""
        assert self._records.stream is not None
        self._records.flush(sync=True)
        if self._file is not None:
            result.save(self._file, compress=False)
            folder = self._records.stream.folder
            weakref.finalize(self._records, shutil.rmtree, folder, ignore_errors=True)
