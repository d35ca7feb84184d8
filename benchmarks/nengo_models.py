"""Run the Nengo models of notebooks and scripts in nefsim and in Nengo: spikes and times.

    python benchmarks/nengo_models.py SOURCE ... [--seconds S] [--settings] [--json FILE]

A source is a notebook, a script that defines ``model``, makes simulators or holds trials of
pytry, a folder of such files, or an installed package.  Each file is executed as it is, in a
process for each simulator; spikes are compared step by step, then runs are timed in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent

#: Steps that are compared at once.
PIECE = 500

#: Nengo's settings, by what they are called in the table.
NENGO = {
    "nengo": {"optimize": True, "scipy": True},
    "plain": {"optimize": False, "scipy": True},
    "no SciPy": {"optimize": True, "scipy": False},
    "plain, no SciPy": {"optimize": False, "scipy": False},
}


def main() -> None:
    """Compare and time what is asked for, print a table, write JSON."""
    options = arguments()
    rows: list[dict[str, Any]] = []
    print(f"{'model':<44}{'neurons':>8}{'spikes':>11}{'differ':>8}{'values':>9}", end="")
    print(f"{'build':>7}{'Nengo':>7}{'us':>9}{'Nengo':>9}{'times':>7}")
    for source, path in files(options.sources):
        name = str(path.relative_to(source.parent if source == path else source))
        if options.only and not any(part in name for part in options.only):
            continue
        for row in measured(path, options):
            rows.append({"file": name, **row})
            print(told(rows[-1]), flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    print(summary(rows))


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sources", nargs="+", help="notebook, script, folder or package")
    parser.add_argument("--only", action="append", help="part of a file's name; may be repeated")
    parser.add_argument("--seconds", type=float, default=10.0, help="model time to compare; or 0")
    parser.add_argument("--timed", type=float, default=0.5, help="model time of a timed run; or 0")
    parser.add_argument("--repeats", type=int, default=3, help="builds and timed runs of each")
    parser.add_argument("--clip", type=float, default=0.05, help="longest run of a file's own")
    parser.add_argument("--settings", action="store_true", help="time Nengo in all its settings")
    parser.add_argument("--json", type=Path, help="write all figures to a file")
    return parser.parse_args()


def files(sources: Sequence[str]) -> Iterator[tuple[Path, Path]]:
    """Each notebook and script, with the source it is from."""
    for name in sources:
        source = Path(name)
        if not source.exists():
            spec = find_spec(name)
            if spec is None or spec.origin is None:
                sys.exit(f"{name}: is no file, no folder and no installed package")
            source = Path(spec.origin).parent
        if source.is_file():
            yield source, source
            continue
        for path in sorted(source.rglob("*")):
            if path.suffix in (".py", ".ipynb") and path.name != "__init__.py":
                yield source, path


class Process:
    """A worker: a file in one simulator."""

    def __init__(self, path: Path, peer: str, options: argparse.Namespace, **settings: Any) -> None:
        job = {"file": str(path.resolve()), "peer": peer, "clip": options.clip, **settings}
        self.folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "nengo_worker.py"), json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self.folder.name,
            env={**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"},
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


def measured(path: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A row for each model of a file."""
    peers = {"nefsim": {"optimize": True, "scipy": True}}
    peers |= NENGO if options.settings else {"nengo": NENGO["nengo"]}
    with (
        Process(path, "nefsim", options, optimize=True, scipy=True) as ours,
        Process(path, "nengo", options, optimize=False, scipy=True) as theirs,
    ):
        facts = [ours.answer(), theirs.answer()]
        if "error" in facts[0] or not facts[0]["models"]:
            return
        rows = [
            {"model": i, "errors": facts[0]["errors"], "errors_nengo": facts[1].get("errors"), **of}
            for i, of in enumerate(facts[0]["models"])
        ]
        for row in rows:
            if options.seconds:
                row |= compared(ours, theirs, row, options.seconds)
                if row["spikes_differ"]:
                    row["nengo_nudged"] = nudged(path, row, options)
    timing: dict[str, Process] = {}
    for row in rows:
        if options.timed:
            row |= timed(path, peers, timing, row, options)
        yield row
    for process in timing.values():
        process.__exit__()


def compared(ours: Process, theirs: Process, row: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Spikes and values of both, piece by piece, until they differ or the time is over."""
    found = {"steps": 0, "spikes": 0, "spikes_differ": 0, "worst": 0.0}
    for process in (ours, theirs):
        process.ask(do="watch", model=row["model"])
    answers = [process.answer() for process in (ours, theirs)]
    steps = round(seconds / row["dt"])
    while found["steps"] < steps and not found["spikes_differ"] and not failed(answers, found):
        n = min(PIECE, steps - found["steps"])
        for process in (ours, theirs):
            process.ask(do="piece", steps=n, path=f"{process.folder.name}/piece.npz")
        answers = [process.answer() for process in (ours, theirs)]
        if failed(answers, found):
            break
        mine, other = (
            dict(np.load(f"{process.folder.name}/piece.npz")) for process in (ours, theirs)
        )
        _count(mine, other, found)
        found["steps"] += n
    for process in (ours, theirs):
        process.do(do="drop")
    return found


def nudged(path: Path, row: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Nengo beside itself, with voltages that start a rounding away: how long it stays the same."""
    settings = {"optimize": False, "scipy": True}
    with (
        Process(path, "nengo", options, **settings, nudged=True) as away,
        Process(path, "nengo", options, **settings) as plain,
    ):
        for process in (away, plain):
            process.answer()
        return compared(away, plain, row, options.seconds)


def failed(answers: list[dict[str, Any]], found: dict[str, Any]) -> bool:
    """Note the errors of both simulators, if any."""
    for name, answer in zip(("nefsim", "nengo"), answers, strict=True):
        if "error" in answer:
            found[f"failed_{name}"] = answer["error"]
    return any("error" in answer for answer in answers)


def _count(mine: dict[str, Any], other: dict[str, Any], found: dict[str, Any]) -> None:
    assert mine.keys() == other.keys()
    for name, a in mine.items():
        b = other[name]
        if name.startswith("spikes"):
            found["spikes"] += int(b.size)
            found["spikes_differ"] += int(np.setxor1d(a, b, assume_unique=True).size)
        elif a.shape != b.shape:
            found["worst"] = float("inf")
        elif a.size:
            scale = max(1.0, float(np.abs(b).max()))
            found["worst"] = max(found["worst"], float(np.abs(a - b).max()) / scale)


def timed(
    path: Path,
    peers: dict[str, dict[str, bool]],
    timing: dict[str, Process],
    row: dict[str, Any],
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Builds and runs, each simulator in its turn."""
    build: dict[str, list[float]] = {}
    step: dict[str, list[float]] = {}
    out: dict[str, str] = {}
    for name, settings in peers.items():
        if name not in timing:
            peer = "nefsim" if name == "nefsim" else "nengo"
            timing[name] = Process(path, peer, options, **settings)
            if len(timing[name].answer().get("models", ())) <= row["model"]:
                out[name] = "does not get as far as this model"
    n = max(1, round(options.timed / row["dt"]))
    for request, kept in (({"do": "build"}, build), ({"do": "run"}, step)):
        extra = {"model": row["model"]} if request["do"] == "build" else {"steps": n}
        for turn in range(options.repeats + 1):
            for name in peers:
                if name in out:
                    continue
                answer = timing[name].do(**request, **extra)
                if "error" in answer:
                    out[name] = answer["error"]
                elif turn:  # the first is for caches
                    kept.setdefault(name, []).append(answer["seconds"])
    for process in timing.values():
        process.do(do="drop")
    told_times = {
        f"{what}_{how.__name__}": {name: how(times) * unit for name, times in kept.items()}
        for what, kept, unit in (("build", build, 1.0), ("step", step, 1e6 / n))
        for how in (statistics.median, min)
    }
    return {**told_times, "not_timed": out, "load": os.getloadavg()[0]}


def better(row: dict[str, Any], what: str) -> float:
    """Nengo's time at its best setting."""
    return min((t for name, t in row[what].items() if name != "nefsim"), default=float("nan"))


def told(row: dict[str, Any]) -> str:
    """A row of the table."""
    name = f"{row['file']}{':' + str(row['model']) if row['model'] else ''}"
    line = f"{name[-43:]:<44}{row['neurons']:>8}"
    if "worst" in row:
        line += f"{row['spikes']:>11}{row['spikes_differ']:>8}{row['worst']:>9.1e}"
    else:
        line += f"{'':>28}"
    for what, form in (("build_median", "7.2f"), ("step_median", "9.2f")):
        if what in row:
            ours = row[what].get("nefsim", float("nan"))
            line += f"{ours:>{form}}{better(row, what):>{form}}"
    if "step_median" in row:
        line += f"{ratio(row, 'step_median'):>7.1f}"
    reasons = [row[k] for k in ("failed_nefsim", "failed_nengo") if k in row]
    if "nengo_nudged" in row:
        other = row["nengo_nudged"]
        reasons.append(f"differ by step {row['steps']}; Nengo with voltages that ")
        reasons[-1] += f"start a rounding away differs from itself in {other['spikes_differ']} "
        reasons[-1] += f"spikes by step {other['steps']}"
    reasons += [f"{k}: {v}" for k, v in row.get("not_timed", {}).items()]
    return line + "".join(f"\n    {reason}" for reason in reasons)


def ratio(row: dict[str, Any], what: str) -> float:
    """How many times as fast nefsim is."""
    return better(row, what) / row[what].get("nefsim", float("nan"))


def summary(rows: list[dict[str, Any]]) -> str:
    """The whole in some sentences."""
    lines = [f"{len(rows)} models of {len({row['file'] for row in rows})} files"]
    both = [row for row in rows if "worst" in row]
    if both:
        same = sum(not row["spikes_differ"] and row["worst"] < 1e-9 for row in both)
        lines.append(f"{same} of {len(both)} compared are equal")
    for what in ("step_median", "step_min", "build_median", "build_min"):
        times = sorted(r for row in rows if what in row and (r := ratio(row, what)) == r)
        if times:
            middle = statistics.median(times)
            lines.append(f"{what}: Nengo / nefsim {middle:.1f} in the middle, least {times[0]:.1f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
