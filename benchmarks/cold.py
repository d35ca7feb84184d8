"""The first compiled result on a machine, with no machine code stored, beside later processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Any

from report import claim, ratio_line, short

#: What a process does: describe, build and run x squared.
SCRIPT = """
import numpy as np
import nefsim as nef
net = nef.Network(seed=1)
a, b = net.ensemble(50, 1), net.ensemble(40, 1)
net.connect(net.node(np.sin), a)
net.connect(a, b, function=np.square)
net.probe(b, synapse=0.1)
nef.Simulator(net, backend={backend!r}, dtype={dtype!r}, progress=False).run(1.0)
"""

#: The same in Nengo.
NENGO = """
import numpy as np
import nengo
with nengo.Network(seed=1) as model:
    a, b = nengo.Ensemble(50, 1), nengo.Ensemble(40, 1)
    nengo.Connection(nengo.Node(np.sin), a)
    nengo.Connection(a, b, function=np.square)
    nengo.Probe(b, synapse=0.1)
with nengo.Simulator(model, progress_bar=False) as sim:
    sim.run(1.0)
"""


def measure(quick: bool, repeats: int) -> dict[str, Any]:
    """Whole processes, timed from outside: on the wall and of the processor."""
    rows: dict[str, list[list[float]]] = {}

    def add(name: str, script: str, folder: str) -> None:
        rows.setdefault(name, []).append(_process(script, folder))

    dtypes = ("float64",) if quick else ("float64", "float32")
    for _ in range(1 if quick else min(repeats, 3)):
        with tempfile.TemporaryDirectory() as folder:
            for dtype in dtypes:
                script = SCRIPT.format(backend="numba", dtype=dtype)
                add(f"compiled, {dtype}, cold", script, folder)
                for _ in range(2):
                    add(f"compiled, {dtype}, warm", script, folder)
            add("numpy", SCRIPT.format(backend="numpy", dtype="float64"), folder)
            if _has_nengo():
                add("nengo", NENGO, folder)
    first = [processor for _, processor in rows["compiled, float64, cold"]]
    ratios = [claim("first compiled result, cold [s of the processor]", first, most=6)]
    return {"rows": rows, "ratios": ratios}


def _has_nengo() -> bool:
    from importlib.util import find_spec

    return find_spec("nengo") is not None


def _process(script: str, folder: str) -> list[float]:
    """Seconds of a process whose machine code is stored in a folder, on the wall and processor."""
    environment = {**os.environ, "NEFSIM_CACHE": folder, "OPENBLAS_NUM_THREADS": "1"}
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", script], env=environment)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("the process failed; its errors stand above")
    return [wall, used.ru_utime + used.ru_stime]


def show(found: dict[str, Any]) -> None:
    """A row for each kind of process."""
    print("\ncold: a new process to the end of its first second of x squared [s]")
    print("  {:<42}{:>16}{:>16}".format("", "wall", "processor"))
    for name, times in found["rows"].items():
        wall, processor = (median(each[clock] for each in times) for clock in (0, 1))
        print(f"  {name:<42}{short(wall):>16}{short(processor):>16}")
    for each in found["ratios"]:
        print(f"  {ratio_line(each)}")
