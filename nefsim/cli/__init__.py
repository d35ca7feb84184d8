"""The command ``nefsim``: each subcommand is a module with ``add`` and ``run``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import nefsim
from nefsim import scripts
from nefsim.cli import (
    bench,
    budget,
    crosscheck,
    demo,
    info,
    mnist,
    nengo,
    plot,
    reproduce,
    run,
    sweep,
    view,
)
from nefsim.cli.options import Formatter

#: Modules of the commands, in the order in which help names them.
COMMANDS = {
    "demo": demo,
    "run": run,
    "crosscheck": crosscheck,
    "bench": bench,
    "budget": budget,
    "sweep": sweep,
    "view": view,
    "plot": plot,
    "nengo": nengo,
    "mnist": mnist,
    "reproduce": reproduce,
    "info": info,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str or None
        Arguments after ``nefsim``; None takes those of the process.

    Returns
    -------
    int
        0 after success, 1 if back ends disagree, 2 after an error, 130 after Ctrl-C.

    Examples
    --------
    >>> from nefsim import cli
    >>> cli.main(["run", "no_such_file.py"])
    2
    """
    parser = _parser(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        with scripts.warnings_on_one_line():
            return int(options.run(options))
    except KeyboardInterrupt:
        print("nefsim: interrupted", file=sys.stderr)
        return 130
    except BaseException as error:  # a user's function may raise anything, even SystemExit
        known = isinstance(error, (ValueError, TypeError, ImportError, OSError, MemoryError))
        print(f"nefsim: error: {scripts.one_line(error, with_type=not known)}", file=sys.stderr)
        return 2


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only commands named in ``arguments`` get options, as these need imports."""
    parser = argparse.ArgumentParser(
        prog="nefsim",
        description="Simulate networks of the Neural Engineering Framework.",
        epilog="nefsim command --help shows the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"nefsim {nefsim.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    for name, module in COMMANDS.items():
        summary = module.__doc__ or ""
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[:1].upper()}{summary[1:]}.",
            epilog=f"Example: {module.EXAMPLE}",
            formatter_class=Formatter,
        )
        if name in arguments:
            module.add(command)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        command.set_defaults(run=module.run)
    return parser
