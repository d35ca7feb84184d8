"""A process that holds the Nengo models of a file ready in one simulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class Process:
    """A worker: a file in one simulator.

    Parameters
    ----------
    path : Path
        The file.
    peer : str
        ``"nefsim"`` or ``"nengo"``.
    clip : float [s]
        The longest run that the file itself may make.
    threads : int
        Threads of BLAS.
    **settings
        Of the simulator; see ``nengo_worker.py``.
    """

    def __init__(
        self, path: Path, peer: str, clip: float, threads: int = 1, **settings: Any
    ) -> None:
        job = {"file": str(path.resolve()), "peer": peer, "clip": clip, **settings}
        blas = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
        self.folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "nengo_worker.py"), json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self.folder.name,
            env={**os.environ, "MPLBACKEND": "agg", **blas},
        )

    def ask(self, **request: Any) -> None:
        """Send a request."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for the next answer."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {"error": "the process ended"}
        return found

    def do(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait."""
        self.ask(**request)
        return self.answer()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self.folder.cleanup()
