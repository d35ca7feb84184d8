"""Mutated files of all kinds that nefsim reads: no reader may crash, hang, or raise anything but
one sentence.

``PYTHONPATH=.:tests python tests/attacks/mutations.py --tries 20000`` prints a table; ``--only KIND
NUMBER`` repeats one try and shows its error.  The tests take a few hundred.  A try takes
0.3 to 5 ms where ``TMPDIR`` is in memory.

Each try is made in a child process with bounds on memory and time, and ends in one of:
``sentence`` (refused as it should be), ``same`` (read, and nothing differs), ``other`` (read, and
something differs, as where a number was changed to another that makes sense), ``raw`` (another
error), ``timeout`` or ``crash``.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from attacks import cheap
from attacks.children import in_children
from attacks.kinds import KINDS, Kind

SENTENCE = re.compile(r"[^:\n]+: .+ must .+, got .+; .+\.", re.DOTALL)
OUTCOMES = ("sentence", "same", "other", "raw", "timeout", "crash")


def attempt(kind: Kind, number: int, seed: int, folder: Path, raises: bool = False) -> str:
    """Make a mutation of a kind and read it; the outcome, and the error where it is raw."""
    rng = np.random.default_rng([seed, [*KINDS].index(kind.name), number])
    place = folder / "try"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    which = int(rng.integers(len(kind.samples)))
    while True:
        with suppress(Exception):  # a change that is impossible is replaced by another one
            path = kind.samples[which].mutate(rng, place)
            break
        shutil.rmtree(place)
        place.mkdir()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = kind.samples[which].use(path)
    except (ValueError, TypeError) as error:
        if SENTENCE.fullmatch(str(error)):
            if raises:
                print(error)
            return "sentence"
        said = error
    except Exception as error:
        said = error
    else:
        return "same" if found == kind.samples[which].content else "other"
    if raises:
        raise said
    where = traceback.extract_tb(said.__traceback__)[-1]
    text = " ".join(str(said).split())[:80]
    return f"raw {type(said).__name__} {text} ({Path(where.filename).name}:{where.lineno})"


def attack(
    kind: Kind, numbers: range, seed: int, folder: Path, report: Callable[[int, str], None]
) -> None:
    """Make tries in child processes, one after the other; calls ``report(number, outcome)``."""
    in_children(lambda number: attempt(kind, number, seed, folder), numbers, report)


def run(
    tries: dict[str, int], seed: int, first: int = 0
) -> tuple[dict[str, Counter[str]], list[str]]:
    """Counts of outcomes for each kind, and the tries that were raw, timed out or crashed."""
    counts: dict[str, Counter[str]] = {}
    bad: list[str] = []
    with tempfile.TemporaryDirectory() as top:
        for name, n in tries.items():
            folder = Path(top, name.replace(" ", "-"))
            folder.mkdir()
            kind, seen = KINDS[name](folder), Counter[str]()

            def report(number: int, outcome: str, name: str = name, seen: Any = seen) -> None:
                word = outcome.split(" ", 1)[0]
                seen[word] += 1
                if word in ("raw", "timeout", "crash"):
                    bad.append(f"{name} {number}: {outcome}")
                    print(bad[-1], file=sys.stderr, flush=True)

            attack(kind, range(first, first + n), seed, folder, report)
            counts[name] = seen
    return counts, bad


#: Shares of the kinds in all tries.
SHARES = {
    "result": 30,
    "state numpy": 6,
    "state numba": 11,
    "state nengo": 4,
    "stream": 10,
    "model": 100,
    "sweep": 20,
    "log": 20,
    "layout": 20,
    "torch": 13,
    "mnist": 26,
    "nir": 4,
    "sound": 20,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=2000)
    parser.add_argument(
        "--each", type=int, help="tries of each kind, in place of shares of --tries"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first try")
    parser.add_argument("--kinds", nargs="*", choices=[*KINDS], default=[*KINDS])
    parser.add_argument("--only", nargs=2, metavar=("KIND", "NUMBER"))
    options = parser.parse_args()
    cheap.make()
    if options.only:
        with tempfile.TemporaryDirectory() as folder:
            kind = KINDS[options.only[0]](Path(folder))
            print(attempt(kind, int(options.only[1]), options.seed, Path(folder), raises=True))
        return
    tries = {
        name: options.each or max(options.tries * SHARES[name] // 100, 1) for name in options.kinds
    }
    print("| kind | tries | " + " | ".join(OUTCOMES) + " | ms of processor time |")
    print("|---" * (3 + len(OUTCOMES)) + "|", flush=True)
    failed = False
    for name, n in tries.items():
        began = sum(os.times()[:4])
        counts, bad = run({name: n}, options.seed, options.first)
        seen, failed = counts[name], failed or bool(bad)
        milliseconds = 1e3 * (sum(os.times()[:4]) - began) / n
        cells = [name, seen.total(), *(seen[outcome] for outcome in OUTCOMES)]
        print("| " + " | ".join(map(str, cells)) + f" | {milliseconds:.2f} |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
