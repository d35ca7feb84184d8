"""compute a function between two populations and draw three figures"""

from __future__ import annotations

import argparse
import atexit
import gc
import json
from dataclasses import fields
from pathlib import Path

from nefsim._collector import only_young_collected
from nefsim.cli import options as common

EXAMPLE = "nefsim demo --function square --neurons-a 200 -s 5 -o figures"


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from nefsim import demo

    defaults = {field.name: field.default for field in fields(demo.Settings)}
    for name in "ab":
        population = name.upper()
        command.add_argument(
            f"--neurons-{name}",
            type=int,
            default=defaults[f"neurons_{name}"],
            help=f"neurons of {population}",
        )
        command.add_argument(
            f"--rates-{name}",
            type=float,
            nargs=2,
            metavar=("LOW", "HIGH"),
            default=defaults[f"rates_{name}"],
            help=f"range of maximum rates of {population} [Hz]",
        )
    command.add_argument("--stimulus", choices=demo.STIMULI, default="sin", help="the input of A")
    command.add_argument(
        "--function", choices=demo.FUNCTIONS, default="square", help="the function from A to B"
    )
    command.add_argument("--synapse", type=float, default=0.1, help="time constant [s]")
    command.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path("nefsim-demo"),
        help="folder of the three figures, which replace those of an earlier demo there",
    )
    common.add_seconds(command, 10.0)
    common.add_step(command, 1)
    common.add_backend(command)


def run(options: argparse.Namespace) -> int:
    """Run the demonstration and print sizes, rates, the error and the files."""
    from nefsim import demo

    settings = {field.name: getattr(options, field.name) for field in fields(demo.Settings)}
    settings |= {name: tuple(settings[name]) for name in ("rates_a", "rates_b")}
    # At exit Python would search all objects for cycles, and free their memory in any case.
    atexit.register(gc.freeze)
    with only_young_collected():  # Matplotlib makes many objects while it is imported
        report = demo.run(demo.Settings(**settings), options.out)
    if options.json:
        print(json.dumps(report))
        return 0
    print(f"{'population':<12}{'neurons':>8}{'mean rate':>12}")
    for name in "ab":
        rate = f"{report[f'mean_rate_{name}']:.1f} Hz"
        print(f"{name.upper():<12}{report[f'neurons_{name}']:>8}{rate:>12}")
    print(f"{report['n_steps']} steps of {report['dt']:g} s on {report['backend']}", end=", ")
    print(f"{report['microseconds_per_step']:.1f} microseconds each")
    print(f"rmse of {report['function']} against the filtered ideal: {report['rmse']:.4f}")
    for file in report["files"]:
        print(f"wrote {file}")
    return 0
