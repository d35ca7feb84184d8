"""A few hundred of the mutated files and nonsense calls of the scripts in ``attacks``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from attacks import flips

FOLDER = Path(__file__).parent / "attacks"

needs_forks = pytest.mark.skipif(
    not hasattr(os, "fork") or not Path("/proc/self/statm").exists(),
    reason="needs forks and limits of POSIX",
)


def attack(script: str, *options: str) -> list[list[str]]:
    """Run a script; the cells of the table that it prints."""
    paths = [str(FOLDER.parents[1]), str(FOLDER.parent)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "MPLBACKEND": "agg"}
    command = [sys.executable, "-W", "ignore", str(FOLDER / script), *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


@needs_forks
def test_mutated_files_are_refused_in_one_sentence_or_read() -> None:
    """Seeds differ from those of runs by hand, which begin at 1."""
    rows = [row[1:5] for row in attack("mutations.py", "--tries", "400", "--seed", "0")]
    # Some are refused, and some are read as they were: the attack is neither blunt nor blind.
    assert all(int(row[1]) > 0 for row in rows[1:]) and sum(int(row[2]) for row in rows[1:]) > 0


@needs_forks
def test_nonsense_calls_are_refused_in_one_sentence_or_accepted() -> None:
    """No call crashes, hangs or raises another error."""
    head, row = attack("nonsense.py", "--tries", "300", "--seed", "0")
    seen = dict(zip(head, row, strict=True))
    assert int(seen["calls"]) == 300 and int(seen["functions"]) > 100
    assert int(seen["sentence"]) > 150 and int(seen["accepted"]) > 10


@pytest.mark.parametrize("name", flips.OWN)
def test_a_flipped_bit_is_noticed_or_has_no_meaning(name: str) -> None:
    seen = flips.counts(name, 40, seed=0)
    assert not seen["other"] and seen["refused"] > 10
