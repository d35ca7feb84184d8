"""Scripts for the queue of a cluster."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

SCRIPT = """#!/bin/sh
#SBATCH --job-name={name}
#SBATCH --array=1-{n}
#SBATCH --cpus-per-task=1
#SBATCH --output=slurm-%A_%a.txt
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
{command} --workers 1 --shard "$SLURM_ARRAY_TASK_ID/{n}"
"""


def array_script(file: Path, command: Sequence[str], n: int) -> str:
    """A script for ``sbatch`` that runs ``n`` shards of a sweep as an array of jobs.

    Parameters
    ----------
    file : Path
        The file of the sweep.
    command : sequence of str
        The command that runs the whole sweep, without quotes.
    n : int
        The number of shards.

    Returns
    -------
    str

    Examples
    --------
    >>> script = array_script(Path("a b.py"), ["nefsim", "sweep", "a b.py"], 8)
    >>> script.splitlines()[-1]
    'nefsim sweep \\'a b.py\\' --workers 1 --shard "$SLURM_ARRAY_TASK_ID/8"'
    """
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in f"sweep-{file.stem}")
    return SCRIPT.format(name=name, n=n, command=shlex.join(command))
