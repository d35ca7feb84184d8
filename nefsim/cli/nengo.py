"""run the Nengo model of a file, and compare it with Nengo, spike for spike"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from nefsim import _checks as check
from nefsim import backends
from nefsim._extras import require
from nefsim.cli import options as common

EXAMPLE = "nefsim nengo run script.py -s 5 --compare"


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("action", choices=["run"], help="the action: run the model")
    command.add_argument(
        "model",
        type=Path,
        help="Python file that defines model; it is executed, so pass only files you trust",
    )
    common.add_seconds(command, 1.0)
    common.add_step(command)
    command.add_argument(
        "--backend",
        choices=["auto", *backends.PROGRAM_BACKENDS],
        default="auto",
        help="the back end; auto is the fastest",
    )
    command.add_argument("--compare", action="store_true", help="run it in Nengo, too")


def run(options: argparse.Namespace) -> int:
    """Run the model and print a report; 1 if spikes differ from Nengo's."""
    require("nefsim nengo", "nengo")
    from nefsim.nengo import command

    who = "nefsim nengo run"
    seconds = check.seconds(who, "--seconds", options.seconds)
    dt = check.seconds(who, "--dt", options.dt)
    if options.seed is not None:
        check.integer(who, "--seed", options.seed, "pass a seed of Nengo", 0, 2**32 - 1)
    report = command.run(options.model, seconds, dt, options.seed, options.backend, options.compare)
    print(json.dumps(report) if options.json else command.as_text(report))
    return int(report.get("spikes_differ", 0) > 0)
