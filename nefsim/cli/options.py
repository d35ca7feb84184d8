"""Options that several commands share: the model, the run, and help with defaults."""

from __future__ import annotations

import argparse
from pathlib import Path

from nefsim import _checks as check
from nefsim import backends, scripts
from nefsim.network import Network


class Formatter(argparse.HelpFormatter):
    """Help that shows the default of each option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text, default = action.help or "", action.default
        no_default = default is None or isinstance(default, bool) or default is argparse.SUPPRESS
        if no_default or "(default" in text:
            return text
        values = default if isinstance(default, (list, tuple)) else [default]
        return f"{text} (default {' '.join(map(str, values))})"


def add_seconds(command: argparse.ArgumentParser, seconds: float) -> None:
    """Add the duration of the run."""
    command.add_argument(
        "-s", "--seconds", type=float, default=seconds, help="model time to run [s]"
    )


def add_step(command: argparse.ArgumentParser, seed: int | None = None) -> None:
    """Add the time step and the seed."""
    command.add_argument("--dt", type=float, default=0.001, help="time step [s]")
    note = " (default that of the file)" if seed is None else ""
    command.add_argument("--seed", type=int, default=seed, help=f"seed of the network{note}")


def add_backend(command: argparse.ArgumentParser) -> None:
    """Add the back end."""
    names = ["auto", *backends.BACKENDS]
    command.add_argument(
        "--backend", choices=names, default="auto", help="the back end; auto is the fastest"
    )


def add_model(command: argparse.ArgumentParser, needed: bool = True) -> None:
    """Add the file of the model."""
    command.add_argument(
        "model",
        type=Path,
        nargs=None if needed else "?",
        help="Python file that defines net; it is executed, so pass only files you trust; "
        "or a .nef file of net.save, which is not executed",
    )


def network(options: argparse.Namespace) -> Network:
    """The network ``net`` that a file defines, with the seed of the command line."""
    net = scripts.network(options.model)
    if options.seed is not None:
        net.seed = check.seed("nefsim", options.seed)
    return net
