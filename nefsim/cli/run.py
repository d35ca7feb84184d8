"""run the network of a file and save the records of its probes"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from nefsim import backends
from nefsim.cli import options as common
from nefsim.simulator import Simulator

EXAMPLE = "nefsim run model.py -s 2 -o result.npz"


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    common.add_model(command)
    command.add_argument(
        "-o",
        "--out",
        type=Path,
        help="file of the result, .npz or .csv (default the model's name with .npz)",
    )
    command.add_argument("--force", action="store_true", help="replace the file of --out")
    common.add_seconds(command, 1.0)
    common.add_step(command)
    common.add_backend(command)


def run(options: argparse.Namespace) -> int:
    """Run the network and save its records, also those before an error or Ctrl-C."""
    from nefsim.cli import saving

    out = Path(f"{options.model.stem}.npz") if options.out is None else options.out
    target = saving.target("nefsim run", out, options.force)
    shared = options.backend in backends.BACKENDS and backends.BACKENDS[options.backend].is_shared
    if shared:  # before the model, whose errors then end all processes
        backends.module(options.backend)
    net = common.network(options)
    saving.check_kind("nefsim run", target, net.all_probes, options.dt)
    if not net.all_probes and backends.is_first_process():
        message = "the network has no probes, so that the file has no records"
        print(f"nefsim: {message}; add net.probe(...)", file=sys.stderr)
    simulator = Simulator(net, options.dt, options.backend)
    try:
        simulator.run(options.seconds)
    except BaseException:
        if simulator.n_steps and backends.is_first_process():
            _save(simulator, target, options.json)
            message = f"stopped after {simulator.n_steps} steps; saved the records up to there"
            print(f"nefsim: {message}", file=sys.stderr)
        raise
    if backends.is_first_process():
        _save(simulator, target, options.json)
    return 0


def _save(simulator: Simulator, target: Path, as_json: bool) -> None:
    """Save the records so far and print their shapes."""
    from nefsim.cli import saving

    result = simulator.result()
    saving.save("nefsim run", result, target)
    shapes = {name: list(shape) for name, shape in result.shapes.items()}
    if as_json:
        print(json.dumps({**result.info, "probes": shapes, "file": str(target)}))
        return
    print(f"{simulator.n_steps} steps of {simulator.dt:g} s on {simulator.backend}")
    for name, shape in shapes.items():
        print(f"  {name}: {' x '.join(map(str, shape))}")
    print(f"wrote {target}")
