"""say where the errors of a file's network come from, and how to reduce them"""

from __future__ import annotations

import argparse
import json

from nefsim.budget import error_budget
from nefsim.cli import options as common

EXAMPLE = "nefsim budget model.py --rmse 0.02"


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the model, the run and the desired error."""
    common.add_model(command)
    command.add_argument(
        "--rmse", type=float, help="list the changes that reach this error (default nothing)"
    )
    common.add_seconds(command, 10.0)
    common.add_step(command)
    common.add_backend(command)


def run(options: argparse.Namespace) -> int:
    """Print the budget."""
    net = common.network(options)
    budget = error_budget(net, seconds=options.seconds, dt=options.dt, backend=options.backend)
    changes = [] if options.rmse is None else list(budget.changes(options.rmse))
    if options.json:
        print(json.dumps(budget.to_dict() | {"rmse": options.rmse, "changes": changes}))
        return 0
    print(budget)
    if options.rmse is not None:
        print(f"for an error of {options.rmse:g}:")
        print("\n".join(f"  {line}" for line in changes) or "  nothing to change")
    return 0
