"""Time nefsim, Nengo, Brian2 and plain C on the same arrays in one run, and print the ratios.

    python benchmarks/run.py [--quick] [--only NAME ...] [--repeats N] [--brian PATH] [--json FILE]
        [--dtype float32]

Each simulator is a separate process, with the number of BLAS threads set before it starts.
They take turns, so that other load on the machine affects all of them; medians are printed.
All are timed by the same two clocks, on the wall and of the processor.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cold
import report
import scaling
import starting
import sweep
from model import Model
from models import MODELS
from subjects import Worker, rounds, subjects

#: Measurements that need no separate network.
OTHERS = {"sweep": sweep, "scaling": scaling, "start": starting, "cold": cold}

#: Names of several networks: ``rates`` and those that begin with ``rates_``.
GROUPS = {
    name.partition("_")[0]: [m for m in MODELS if m.partition("_")[0] == name.partition("_")[0]]
    for name in MODELS
    if "_" in name and not name.startswith(("weights", "high"))
}


def main() -> None:
    """Run the requested measurements, print tables, write JSON."""
    options = arguments()
    figures: dict[str, Any] = {"machine": machine(options.brian), "benchmarks": {}}
    print("\n".join(f"{name}: {value}" for name, value in figures["machine"].items()))
    warm_up()
    for name in chosen(options.only):
        if name in OTHERS:
            result = OTHERS[name].measure(options.quick, options.repeats)
            OTHERS[name].show(result)
        elif lacking := MODELS[name].missing:
            print(f"\n{name}: skipped, this nefsim has no {lacking}")
            continue
        else:
            result = benchmark(name, MODELS[name], options)
            report.show(name, result)
        figures["benchmarks"][name] = result
        figures["machine"]["load at the end"] = load()
        figures["missed"] = report.missed(figures)
        sys.stdout.flush()
        if options.json:
            options.json.write_text(json.dumps(figures, indent=1) + "\n")
    lines = [f"load at the end: {load()}", *report.extremes(figures), *report.missed(figures)]
    print("\n" + "\n".join(lines))


def chosen(only: list[str] | None) -> list[str]:
    """The names of the measurements, those of a group one by one."""
    names = only or [*MODELS, *OTHERS]
    return list(dict.fromkeys(each for name in names for each in GROUPS.get(name, [name])))


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="shorter runs")
    parser.add_argument(
        "--only",
        action="append",
        choices=list(dict.fromkeys([*MODELS, *GROUPS, *OTHERS])),
        help="one of all, or a group; may be repeated",
    )
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each")
    brian = os.environ.get("NEFSIM_BRIAN")
    parser.add_argument("--brian", default=brian, help="a Python that has brian2")
    parser.add_argument("--alone", action="store_true", help="time nefsim and C only")
    dtypes = ("float64", "float32")
    parser.add_argument("--dtype", choices=dtypes, default="float64", help="of nefsim and Nengo")
    parser.add_argument("--json", type=Path, help="write all figures to a file")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats must be at least 1")
    if options.brian is None and find_spec("brian2"):
        options.brian = sys.executable
    if options.alone or options.dtype != "float64":
        options.brian = None
    return options


def machine(brian: str | None) -> dict[str, Any]:
    """The machine of the measurements."""
    machine_facts: dict[str, Any] = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    for package in ("nefsim", "numpy", "scipy", "numba", "nengo"):
        try:
            machine_facts[package] = version(package)
        except PackageNotFoundError:
            machine_facts[package] = "not installed"
    machine_facts["brian2"] = "not installed"
    if brian:
        ask = "from importlib.metadata import version; print(version('brian2'))"
        done = subprocess.run([brian, "-c", ask], capture_output=True, text=True, check=True)
        machine_facts["brian2"] = done.stdout.strip()
    return machine_facts | {"load at the start": load()}


def processor() -> str:
    """The name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def load() -> float:
    """Processes that wanted a core in the last minute."""
    return round(os.getloadavg()[0], 2)


def warm_up() -> None:
    """Let the compiled back end fill its cache, as it does once on a machine."""
    Worker({"peer": "nefsim", "model": "square", "backend": "numba", "seconds": 0.01}).end()


def benchmark(name: str, model: Model, options: argparse.Namespace) -> dict[str, Any]:
    """All subjects on one network: facts, seconds of each round, spikes, ratios."""
    seconds = model.quick if options.quick else model.seconds
    nengo = find_spec("nengo") is not None
    with tempfile.TemporaryDirectory() as folder:
        common = {"model": name, "folder": folder, "seconds": seconds, "brian": options.brian}
        common["dtype"] = options.dtype
        has_c = options.dtype == "float64" and shutil.which("gcc") is not None
        jobs = subjects(model, options.brian, has_c, nengo and not options.alone)
        result: dict[str, Any] = {"about": (model.describe.__doc__ or "").split("\n")[0]}
        if model.chains or "brian2" in jobs or any(job.get("given") for job in jobs.values()):
            arrays = Worker({**common, "peer": "arrays"})
            if model.shares_arrays:
                result["solved_s"] = arrays.facts["build_s"]
            arrays.end()
        workers = {}
        for subject, job in jobs.items():
            python = options.brian if job["peer"] == "brian" else sys.executable
            workers[subject] = Worker({**common, **job}, python)
        result["rows"] = measure(workers, model, options.repeats)
        result["unit"] = "µs/step" if seconds else "build [s]"
        if seconds and options.dtype == "float64":
            watched = min(seconds, model.watched or seconds)
            job = {**common, "peer": "check", "seconds": watched, "nengo": nengo and model.nengo}
            check = Worker({**job, "given": model.shares_arrays})
            result["spikes"] = check.facts
            check.end()
    result["ratios"] = report.ratios(name, result["rows"])
    return result


def measure(workers: dict[str, Worker], model: Model, repeats: int) -> report.Rows:
    """The facts of each worker and its times; Nengo runs the trials of a batch one by one."""
    rows: report.Rows = {
        name: {**w.facts, "times": [], "processor": []} for name, w in workers.items()
    }
    for each in rounds(workers, repeats):
        for name, clocks in each.items():
            steps = rows[name]["steps"]
            runs = model.batch if model.batch and name.startswith("nengo") else 1
            for clock, seconds in zip(("times", "processor"), clocks, strict=True):
                rows[name][clock].append(runs * seconds / steps * 1e6 if steps else seconds)
    for worker in workers.values():
        worker.end()
    return rows


if __name__ == "__main__":
    main()
