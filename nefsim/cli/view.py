"""watch the network of a file run in the browser, and change its inputs"""

from __future__ import annotations

import argparse
import json
import sys
import webbrowser

from nefsim.cli import options as common

EXAMPLE = "nefsim view model.py --window 5"


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    common.add_model(command)
    command.add_argument(
        "--show",
        nargs="+",
        metavar="LABEL",
        help="labels of the ensembles to watch (default the probes)",
    )
    command.add_argument("--window", type=float, default=2.0, help="length of the plots [s]")
    command.add_argument("--port", type=int, default=5006, help="port to listen at; 0 is any")
    command.add_argument(
        "--host",
        default="127.0.0.1",
        help="address or name of this machine to listen at; 0.0.0.0 is all of its networks",
    )
    command.add_argument("--no-browser", action="store_true", help="open no browser")
    common.add_step(command)
    common.add_backend(command)


def run(options: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C."""
    from nefsim import view

    server = view.server(
        common.network(options),
        options.port,
        options.window,
        options.dt,
        options.backend,
        options.show,
        options.host,
    )
    reach = "from this machine only" if server.is_local else "from other machines, too"
    print(json.dumps({"url": server.url}) if options.json else server.url, flush=True)
    print(f"nefsim view: open {reach}; Ctrl-C ends it", file=sys.stderr)
    if not server.is_local:
        warning = "anyone with this address can run the model and change its inputs"
        print(f"nefsim view: {warning}; the connection is not encrypted", file=sys.stderr)
    if not options.no_browser:
        webbrowser.open(server.url)
    server.run_until_shutdown()
    return 0
