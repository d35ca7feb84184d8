"""run the network of a file on two back ends and compare them spike for spike"""

from __future__ import annotations

import argparse
import json

from nefsim import backends
from nefsim.cli import options as common
from nefsim.crosscheck import crosscheck

EXAMPLE = "nefsim crosscheck model.py -s 10 --backends numpy numba"


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    common.add_model(command)
    command.add_argument(
        "--backends",
        nargs=2,
        choices=list(backends.BACKENDS),
        default=("numpy", "nengo"),
        help="the two back ends",
    )
    common.add_seconds(command, 1.0)
    common.add_step(command)


def run(options: argparse.Namespace) -> int:
    """Compare the back ends and print a report; 1 if they disagree."""
    net = common.network(options)
    report = crosscheck(net, options.seconds, options.backends, options.dt)
    if options.json:
        values = {
            "backends": list(report.backends),
            "seconds": report.seconds,
            "n_spikes": report.n_spikes,
            "spikes_differ": report.spikes_differ,
            "max_abs_diff": report.max_abs_diff,
            "agrees": report.agrees,
        }
        print(json.dumps(values))
    else:
        print(report)
    return 0 if report.agrees else 1
