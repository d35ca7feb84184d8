"""The command: draw changes, make each in a copy of the project, say which test caught it."""

from __future__ import annotations

import argparse
import queue
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.util import find_spec
from pathlib import Path

from . import draw, equivalent, notes
from .runs import FAR, Copy, Outcome
from .sites import Change

ROOT = Path(__file__).parents[2]

#: Rooms that are left out where a package is missing, and a part of another room.
NEEDS = {
    **{"train": "torch", "convert": "torch", "nir": "nir", "view": "bokeh"},
    **{"nengo": "nengo", "gym": "gymnasium", "sklearn": "sklearn"},
}
MPI = "nefsim/backends/mpi/"


def main() -> int:
    """Run the command; 1 if more changes survive than are allowed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="which changes are drawn (0)")
    parser.add_argument("--count", type=int, default=180, help="how many (180)")
    parser.add_argument("--room", action="append", default=[], help="only this room; repeatable")
    parser.add_argument("--list", action="store_true", help="print the draws and stop")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--seconds", type=float, default=FAR, help=f"of tests for each ({FAR:g})")
    parser.add_argument(
        "--by-name", action="store_true", help="files of tests by their names, without notes"
    )
    parser.add_argument("--allow", type=int, default=None, help="how many may survive (5 %%)")
    options = parser.parse_args()
    missing = {room for room, package in NEEDS.items() if not find_spec(package)}
    if missing:
        say(f"left out for want of packages: {', '.join(sorted(missing))}")
    found = draw.all_changes(ROOT, options.room)
    found = [change for change in found if draw.room_of(change.path) not in missing]
    if not find_spec("mpi4py"):
        found = [change for change in found if not change.path.startswith(MPI)]
    drawn = draw.draw(ROOT, found, options.seed, options.count)
    if options.list:
        print("\n".join(map(str, drawn)))
        return 0
    known = notes.Notes(ROOT) if options.by_name else notes.read(ROOT, options.jobs, say)
    reasons = equivalent.read()
    same = {c: reasons[name] for c in drawn if (name := equivalent.name_of(c)) in reasons}
    others = [change for change in drawn if change not in same]
    outcomes = judged(others, known, options.jobs, options.seconds)
    survivors = [outcome.change for outcome in outcomes if not outcome.caught_by]
    print(summary(outcomes, options.seed, len(found), same))
    allowed = len(others) // 20 if options.allow is None else options.allow
    return int(len(survivors) > allowed)


def judged(drawn: list[Change], known: notes.Notes, jobs: int, seconds: float) -> list[Outcome]:
    """The outcome of each change, printed after its run."""
    outcomes: list[Outcome] = []
    copies: queue.Queue[Copy] = queue.Queue()

    def judge(change: Change) -> Outcome:
        copy = copies.get()
        try:
            return copy.judge(change, known, seconds)
        finally:
            copies.put(copy)

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for job in range(jobs):
            copies.put(Copy(ROOT, Path(folder, str(job))))
        with ThreadPoolExecutor(jobs) as pool:
            for done in as_completed([pool.submit(judge, change) for change in drawn]):
                outcome = done.result()
                outcomes.append(outcome)
                verdict = f"caught by {outcome.caught_by}" if outcome.caught_by else "SURVIVES"
                ran = f"({outcome.tests} tests, {outcome.seconds:.0f} s)"
                say(f"[{len(outcomes)}/{len(drawn)}] {outcome.change}: {verdict} {ran}")
    return outcomes


def summary(
    outcomes: list[Outcome], seed: int, n_found: int, same: Mapping[Change, str] = {}
) -> str:
    """The score, by rooms, the survivors by name, and the changes that alter no result."""
    rooms = Counter(draw.room_of(outcome.change.path) for outcome in outcomes)
    survivors = [outcome.change for outcome in outcomes if not outcome.caught_by]
    caught = len(outcomes) - len(survivors)
    share = 100 * caught / max(len(outcomes), 1)
    lines = [
        f"seed {seed}: {caught} of {len(outcomes)} caught ({share:.1f} %), "
        f"drawn from {n_found} changes",
        "rooms: " + ", ".join(f"{room} {n}" for room, n in sorted(rooms.items())),
        *(f"survives: {change}" for change in survivors),
        *(f"alters no result: {change}: {reason}" for change, reason in same.items()),
    ]
    return "\n".join(lines)


def say(line: str) -> None:
    """To the terminal at once."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
