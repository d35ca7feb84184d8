"""Run the Nengo models of notebooks and scripts in nefsim and in Nengo: spikes and times.

    python benchmarks/nengo_models.py SOURCE ... [--seconds S] [--settings] [--json FILE]

A source is a notebook, a script that defines ``model``, makes simulators or holds trials of
pytry, a folder of such files, or an installed package.  Each file is executed unchanged, in a
process for each simulator; spikes are compared step by step, then builds and runs are timed
in turns.  ``nengo_table.py`` makes a page of the figures of one or more such runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nengo_compare import PLAIN, compared, departures
from nengo_process import Process
from nengo_table import line_of, summary

#: Nengo's settings, by their names in the table.
NENGO = {
    "nengo": {"optimize": True, "scipy": True},
    "plain": PLAIN,
    "no SciPy": {"optimize": True, "scipy": False},
    "plain, no SciPy": {"optimize": False, "scipy": False},
}

#: Requests that take fewer seconds in all turns are timed more often, up to a number of turns.
LITTLE, MOST_TURNS = 1.0, 20

#: Least time of a timed run of nefsim [s], unless it is that many times as long as asked for.
LEAST, LONGER = 0.01, 20


def main() -> None:
    """Compare and time the requested models, print a table, write JSON."""
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
            print(line_of(rows[-1]), flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    print(summary(rows))


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sources", nargs="+", help="notebook, script, folder or package")
    parser.add_argument("--only", action="append", help="part of a file's name; may be repeated")
    parser.add_argument("--seconds", type=float, default=10.0, help="model time to compare; or 0")
    parser.add_argument("--timed", type=float, default=0.5, help="model time of a timed run; or 0")
    parser.add_argument("--repeats", type=int, default=3, help="builds and timed runs of each")
    parser.add_argument(
        "--clip", type=float, default=0.05, help="longest run that a file itself may make"
    )
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


def measured(path: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A row for each model of a file."""
    with (
        Process(path, "nefsim", options.clip, optimize=True, scipy=True) as of_nefsim,
        Process(path, "nengo", options.clip, **PLAIN) as of_nengo,
    ):
        facts = [of_nefsim.answer(), of_nengo.answer()]
        if "error" in facts[0] or not facts[0]["models"]:
            return
        rows = [
            {"model": i, "errors": facts[0]["errors"], "errors_nengo": facts[1].get("errors"), **of}
            for i, of in enumerate(facts[0]["models"])
        ]
        for row in rows:
            if options.seconds:
                row |= compared(of_nefsim, of_nengo, row, options.seconds)
                if row["spikes_differ"]:
                    row["departures"] = departures(path, row, options.seconds, options.clip)
    if not options.timed:
        yield from rows
        return
    peers = {"nefsim": {"optimize": True, "scipy": True}}
    peers |= NENGO if options.settings else {"nengo": NENGO["nengo"]}
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(
                Process(path, "nefsim" if name == "nefsim" else "nengo", options.clip, **settings)
            )
            for name, settings in peers.items()
        }
        n_models_of = {name: len(of.answer().get("models", ())) for name, of in processes.items()}
        for row in rows:
            yield row | timed(processes, n_models_of, row, options)


def timed(
    processes: dict[str, Process],
    n_models_of: dict[str, int],
    row: dict[str, Any],
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Builds and runs, each simulator in its turn, of those that have found this model."""
    out = {
        name: "does not get as far as this model"
        for name, n_models in n_models_of.items()
        if n_models <= row["model"]
    }
    n = max(1, round(options.timed / row["dt"]))
    build = turns(processes, out, options.repeats, do="build", model=row["model"])
    if "nefsim" not in out:
        seconds = min(processes["nefsim"].do(do="run", steps=n)["seconds"] for _ in range(2))
        n = round(n * min(max(1.0, LEAST / seconds), LONGER))
    step = turns(processes, out, options.repeats, do="run", steps=n)
    for process in processes.values():
        process.do(do="drop")
    durations_of = {
        f"{what}_{how.__name__}": {name: how(times) * unit for name, times in durations.items()}
        for what, durations, unit in (("build", build, 1.0), ("step", step, 1e6 / n))
        for how in (statistics.median, min)
    }
    return {**durations_of, "not_timed": out, "load": os.getloadavg()[0]}


def turns(
    processes: dict[str, Process], out: dict[str, str], repeats: int, **request: Any
) -> dict[str, list[float]]:
    """The seconds of a request in each simulator, in turns; one that fails is left out."""
    durations: dict[str, list[float]] = {}
    turn, spent = 0, 0.0
    while turn <= repeats or (turn <= MOST_TURNS and spent < LITTLE):
        for name, process in processes.items():
            if name in out:
                continue
            answer = process.do(**request)
            if "error" in answer:
                out[name] = answer["error"]
            elif turn:  # the first is for caches
                durations.setdefault(name, []).append(answer["seconds"])
                spent += answer["seconds"]
        turn += 1
    return durations


if __name__ == "__main__":
    main()
