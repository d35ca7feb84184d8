"""The simulators that are timed on a network, and their processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from model import Model
from peers.measure import Times

HERE = Path(__file__).parent

#: Environment variables with the number of threads of libraries.
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def subjects(model: Model, brian: str | None, gcc: bool, nengo: bool) -> dict[str, dict[str, Any]]:
    """The simulators to time, by name: the module and its settings."""
    table = ours(model)
    if model.nengo and nengo:
        with_scipy = (True,) if model.sparse else (True, False)
        for threads, optimize, scipy in product((1, 2), (True, False), with_scipy):
            name = "nengo" + ", 2 threads" * (threads == 2)
            name += ", not optimized" * (not optimize) + ", no SciPy" * (not scipy)
            settings = {"optimize": optimize, "scipy": scipy, "threads": threads}
            table[name] = {"peer": "nengo", "given": model.shares_arrays, **settings}
    if model.brian and brian:
        table["brian2"] = {"peer": "brian", "threads": 1}
    if model.chains and gcc:
        table["C"] = {"peer": "c", "threads": 1, "chains": model.chains}
        table["C in tiles"] = {**table["C"], "tiled": True}
    for name in ("brian2", "C", "C in tiles"):
        if name in table and model.large:
            table[f"{name}, 2 threads"] = {**table[name], "threads": 2}
    return table


def ours(model: Model) -> dict[str, dict[str, Any]]:
    """The back ends of nefsim; a second thread of BLAS is useful where decoders are solved."""
    base = {"peer": "nefsim", "given": model.shares_arrays}
    compiled, numpy = ({**base, "backend": name, "threads": 1} for name in ("numba", "numpy"))
    table = {"compiled": compiled}
    if model.brian or not model.seconds:
        table["compiled, 2 threads"] = {**compiled, "threads": 2}
    if not model.seconds:
        return table
    if model.brian:
        table["compiled, same arrays"] = {**compiled, "given": True}
    if model.large:
        table["compiled, 1 core"] = {**compiled, "cores": 1}
    if model.by_step:
        table["compiled, in one run"] = {**compiled, "whole": True}
        nengo = {"optimize": True, "scipy": True, "simulator": "nefsim", "threads": 1}
        table["nefsim.nengo"] = {"peer": "nengo", "given": model.shares_arrays, **nengo}
    return {**table, "numpy": numpy, "numpy, 2 threads": {**numpy, "threads": 2}}


#: Seconds between two processes: threads of OpenBLAS wait actively for some 0.1 s after their
#: last product, and would occupy a core of the process that comes next.
REST = 0.3


class Worker:
    """A process that holds a peer ready; see worker.py."""

    def __init__(self, job: dict[str, Any], python: str = sys.executable) -> None:
        threads = dict.fromkeys(THREADS, str(job.get("threads", 1)))
        # Modules are compiled once, as those of a package are that is installed.
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        self._process = subprocess.Popen(
            [python, "-W", "ignore", str(HERE / "worker.py"), json.dumps(job)],
            env={**inherited, **threads},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.facts: dict[str, Any] = self._answer()

    def run(self) -> Times:
        """Seconds of one more run: on the wall and of the processor."""
        assert self._process.stdin is not None
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        wall, processor = self._answer()
        return wall, processor

    def end(self) -> None:
        """Let the process end."""
        self._process.communicate()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process ended before its answer; its errors stand above")
        return json.loads(line)


def rounds(workers: dict[str, Worker], repeats: int) -> Iterator[dict[str, Times]]:
    """Seconds of a run of each, one after the other, again and again."""
    for _ in range(repeats):
        times = {}
        for name, worker in workers.items():
            time.sleep(REST)
            times[name] = worker.run()
        yield times
