"""time the network of a file on each back end: build, first steps and a step"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from nefsim import backends
from nefsim.cli import options as common

EXAMPLE = "nefsim bench model.py --backends numpy numba --repeats 3"


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    common.add_model(command)
    command.add_argument(
        "--backends",
        nargs="+",
        choices=list(backends.BACKENDS),
        help="the back ends (default all that are installed)",
    )
    command.add_argument("--repeats", type=int, default=5, help="runs on each back end")
    common.add_seconds(command, 1.0)
    common.add_step(command)


def run(options: argparse.Namespace) -> int:
    """Time the network and print a table."""
    from nefsim import bench

    net = common.network(options)
    timings = bench.measure(net, options.seconds, options.backends, options.dt, options.repeats)
    if options.json:
        report = {"seconds": options.seconds, "dt": options.dt, "runs": [*map(asdict, timings)]}
        print(json.dumps(report))
    else:
        print(bench.tell(timings))
    return 0
