"""run the function of a file for all parameters and seeds, on one machine or many"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

EXAMPLE = "nefsim sweep study.py --seeds 100 --dask tcp://host:8786 --out study"


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument(
        "file",
        type=Path,
        help="Python file that defines task, a function, and grid, a dict of lists; it may "
        "define seeds; it is executed, so pass only files you trust",
    )
    command.add_argument(
        "-o", "--out", type=Path, help="folder of the results (default the file's name without .py)"
    )
    command.add_argument(
        "--seeds", type=int, help="number of seeds, from 0 (default those of the file)"
    )
    command.add_argument("--retries", type=int, default=0, help="times to repeat a failed task")
    command.add_argument("--chunk", type=int, default=1, help="tasks that a worker gets at a time")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, help="number of local processes (default one a core)")
    where.add_argument(
        "--dask",
        nargs="?",
        const="dask",
        metavar="ADDRESS",
        help="use Dask: the scheduler at an address (default a new one on this machine)",
    )
    where.add_argument("--mpi", action="store_true", help="use mpi4py.futures")
    where.add_argument("--serial", action="store_true", help="use this process only")
    command.add_argument("--shard", help="run part i of n, as i/n (default all tasks)")
    command.add_argument(
        "--slurm", type=int, metavar="N", help="print a script for N jobs, run none (default off)"
    )
    command.add_argument("--table", type=Path, help="also write a .csv file (default none)")


def run(options: argparse.Namespace) -> int:
    """Run the sweep, and return 1 if a task failed."""
    from nefsim import sweeps
    from nefsim.sweeps import script, slurm

    who = "nefsim sweep"
    out = options.file.with_suffix("") if options.out is None else options.out
    if options.slurm is not None:
        from nefsim import _checks as check

        n = check.integer(who, "--slurm", options.slurm, "pass a number of jobs", 1, 1_000_000)
        print(slurm.array_script(options.file, _command(options, out), n), end="")
        return 0
    shard = _shard(who, options.shard)
    content = script.read(who, options.file)
    done = sweeps.sweep(
        content.task,
        content.grid,
        content.seeds if options.seeds is None else options.seeds,
        _executor(options),
        out,
        options.retries,
        options.chunk,
        shard,
    )
    if options.table is not None:
        _write_table(done.columns(), options.table)
    counts = {
        "tasks": len(done.tasks),
        "done": len(done),
        "failed": len(done.failures),
        "folder": str(out),
    }
    if options.json:
        print(json.dumps(counts))
    else:
        print("{done} of {tasks} tasks done, {failed} failed; results in {folder}".format(**counts))
    return 1 if counts["failed"] else 0


def _executor(options: argparse.Namespace) -> Any:
    if options.serial:
        return "serial"
    return "mpi" if options.mpi else options.dask or options.workers


def _shard(who: str, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _, last = text.partition("/")
    if not (first.isdecimal() and last.isdecimal()):
        from nefsim import _checks as check

        check.fail(who, "--shard", "be i/n", repr(text), "pass such as 1/8")
    return int(first), int(last)


def _command(options: argparse.Namespace, out: Path) -> list[str]:
    """The command that runs the whole sweep with these options."""
    words = [sys.executable, "-m", "nefsim", "sweep", str(options.file), "--out", str(out)]
    if options.seeds is not None:
        words += ["--seeds", str(options.seeds)]
    return [*words, "--retries", str(options.retries), "--chunk", str(options.chunk)]


def _write_table(columns: Any, path: Path) -> None:
    """Write columns as comma-separated values."""
    import csv
    import io

    from nefsim._writing import replacing

    with replacing(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        table = csv.writer(text)
        table.writerow(columns)
        table.writerows(zip(*(values.tolist() for values in columns.values()), strict=True))
        text.detach()  # writes the rest; replacing() closes the stream
