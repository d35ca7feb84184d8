"""A few hundred of the mutated files of ``attacks/mutations.py``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from attacks import flips

SCRIPT = Path(__file__).parent / "attacks" / "mutations.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs forks and limits of POSIX")
def test_mutated_files_are_refused_in_one_sentence_or_read() -> None:
    """Seeds differ from those of runs by hand, which begin at 1."""
    paths = [str(SCRIPT.parents[2]), str(SCRIPT.parents[1])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-W", "ignore", str(SCRIPT), "--tries", "400", "--seed", "0"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split("|")[2:6] for line in done.stdout.splitlines() if line.startswith("| ")]
    # Some are refused, and some are read as they were: the attack is neither blunt nor blind.
    assert all(int(row[1]) > 0 for row in rows[1:]) and sum(int(row[2]) for row in rows[1:]) > 0


@pytest.mark.parametrize("name", flips.OWN)
def test_a_flipped_bit_is_noticed_or_has_no_meaning(name: str) -> None:
    seen = flips.counts(name, 40, seed=0)
    assert not seen["other"] and seen["refused"] > 10
