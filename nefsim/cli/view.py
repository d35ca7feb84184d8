"""watch the network of a file run in the browser, and turn its inputs"""

from __future__ import annotations

import argparse
import errno
import json

from nefsim import _checks as check
from nefsim.cli import options as common

EXAMPLE = "nefsim view model.py --window 5"

#: Why a port cannot be listened on, by the number of the system's error.
REFUSED = {
    errno.EADDRINUSE: ("be free", "which another program uses"),
    errno.EACCES: ("be one that you may take", "which the system keeps"),
}


def add(command: argparse.ArgumentParser) -> None:
    """Options of the page."""
    common.add_model(command)
    command.add_argument(
        "--show",
        nargs="+",
        metavar="LABEL",
        help="labels of the ensembles to watch (default the probes)",
    )
    command.add_argument("--window", type=float, default=2.0, help="how much is seen [s]")
    command.add_argument("--port", type=int, default=5006, help="where to listen; 0 is any")
    command.add_argument("--no-browser", action="store_true", help="open no browser")
    common.add_step(command)
    common.add_backend(command)


def run(options: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C."""
    from nefsim import view

    net = common.network(options)
    try:
        server = view.server(
            net, options.port, options.window, options.dt, options.backend, options.show
        )
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        must, got = REFUSED[error.errno]
        do = "pass another, or 0 for any that is free"
        check.fail("nefsim view", "--port", must, f"{options.port}, {got}", do)
    url = f"http://localhost:{server.port}/"
    print(json.dumps({"url": url}) if options.json else f"{url} (Ctrl-C ends it)", flush=True)
    if not options.no_browser:
        server.show("/")
    server.run_until_shutdown()
    return 0
