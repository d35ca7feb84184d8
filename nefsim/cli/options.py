"""What several commands have in common: help that tells defaults, the model, the run."""

from __future__ import annotations

import argparse
from pathlib import Path

from nefsim import _checks as check
from nefsim import backends, scripts
from nefsim.network import Network


class Formatter(argparse.HelpFormatter):
    """Help that tells the default of each option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str:
        told, default = action.help or "", action.default
        unsaid = default is None or isinstance(default, bool) or default is argparse.SUPPRESS
        if unsaid or "(default" in told:
            return told
        values = default if isinstance(default, (list, tuple)) else [default]
        return f"{told} (default {' '.join(map(str, values))})"


def add_seconds(command: argparse.ArgumentParser, seconds: float) -> None:
    """How long to run."""
    command.add_argument(
        "-s", "--seconds", type=float, default=seconds, help="model time to run [s]"
    )


def add_step(command: argparse.ArgumentParser, seed: int | None = None) -> None:
    """The time step and the seed."""
    command.add_argument("--dt", type=float, default=0.001, help="time step [s]")
    whose = " (default that of the file)" if seed is None else ""
    command.add_argument("--seed", type=int, default=seed, help=f"seed of the network{whose}")


def add_backend(command: argparse.ArgumentParser) -> None:
    """What takes the steps."""
    names = ["auto", *backends.BACKENDS]
    command.add_argument(
        "--backend", choices=names, default="auto", help="what takes the steps; auto is the fastest"
    )


def add_model(command: argparse.ArgumentParser, needed: bool = True) -> None:
    """The file of the model."""
    command.add_argument(
        "model",
        type=Path,
        nargs=None if needed else "?",
        help="Python file that defines net; it is executed, so pass only files you trust",
    )


def network(options: argparse.Namespace) -> Network:
    """The network ``net`` that a file defines, with the seed of the command line."""
    net = scripts.network(options.model)
    if options.seed is not None:
        net.seed = check.seed("nefsim", options.seed)
    return net
