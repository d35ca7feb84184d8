"""watch a network run in the browser and change its inputs, or play a recorded run"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from nefsim import _checks as check
from nefsim import scripts
from nefsim.cli import options as common
from nefsim.network import Network
from nefsim.result import Result
from nefsim.spa import Vocabulary

EXAMPLE = "nefsim view model.py --window 5"

#: A page that leads to another address.
REDIRECT = """<!DOCTYPE html>
<meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>nefsim view</title>
<meta http-equiv="refresh" content="0; url={url}"><a href="{url}">nefsim view</a>
"""


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument(
        "model",
        type=Path,
        help="Python file that defines net, or a network of Nengo; it is executed, so pass only "
        "files you trust; or a .nef file of net.save, or a result of nefsim run (.npz), which "
        "are not executed",
    )
    command.add_argument(
        "--html",
        type=Path,
        help="save a page that plays the run without a server, and open no page (default a server)",
    )
    command.add_argument(
        "-s", "--seconds", type=float, default=2.0, help="model time to run for --html [s]"
    )
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
    command.add_argument(
        "--edit",
        action="store_true",
        help="show the source of the model on the page, to edit and run it; the holder of "
        "the address can then run any code, so only on this machine",
    )
    command.add_argument("--no-browser", action="store_true", help="open no browser")
    common.add_step(command)
    common.add_backend(command)


def run(options: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C, or write it."""
    from nefsim import view

    options.model = options.model.absolute()  # the model may change the working folder
    if options.edit:
        _check_edit(options)
    if options.html is not None:
        return _write(options, _source(options)[0])
    source, vocabularies = _source(options, later=True)
    layout = None if isinstance(source, Result) else options.model.with_suffix(".view.json")
    server = view.server(
        source,
        options.port,
        options.window,
        options.dt,
        options.backend,
        options.show,
        options.host,
        layout,
        vocabularies,
        view.Source(options.model, partial(_network, options)) if options.edit else None,
    )
    reach = "from this machine only" if server.is_local else "from other machines, too"
    print(json.dumps({"url": server.url}) if options.json else server.url, flush=True)
    print(f"nefsim view: open {reach}; Ctrl-C ends it", file=sys.stderr)
    if not server.is_local:
        warning = "anyone with this address can run the model and change its inputs"
        print(f"nefsim view: {warning}; the connection is not encrypted", file=sys.stderr)
    if options.edit:
        warning = "anyone with this address can edit the model, and so run any code as you"
        print(f"nefsim view: {warning}; do not pass it on", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="nefsim-view-") as folder:
        if not options.no_browser:
            _open(server.url, Path(folder, "open.html"))
        server.run_until_shutdown()
    return 0


def _check_edit(options: argparse.Namespace) -> None:
    """Refuse to edit a file without source, or from other machines."""
    from nefsim.view.access import is_loopback

    if options.model.suffix != ".py":
        check.fail("nefsim", "--edit", "be for a Python file", str(options.model), "omit --edit")
    if not is_loopback(options.host):
        do = "omit --host, and use a tunnel such as that of ssh from another machine"
        check.fail("nefsim", "--edit", "be for this machine only", f"--host {options.host}", do)


def _open(url: str, file: Path) -> None:
    """Open an address with a secret in the browser, by a file that only this user can read.

    All users of the machine can read the arguments of the program that opens the browser.
    """
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(REDIRECT.format(url=escape(url, quote=True)))
    webbrowser.open(file.as_uri())


def _source(options: argparse.Namespace, later: bool = False) -> tuple[Any, Sequence[Vocabulary]]:
    """The network or result of a file, and the vocabularies of its script.

    With ``later`` a network of Nengo is a plan, whose graph is known before it is converted.
    """
    if options.model.suffix == ".npz":
        return Result.load(options.model), ()
    return _plan(options) if later else _network(options)


def _network(options: argparse.Namespace) -> tuple[Network, Sequence[Vocabulary]]:
    """The network of a file, and the vocabularies that its script names."""
    plan, vocabularies = _plan(options)
    return (plan.make(lambda done, total: None), vocabularies)


def _plan(options: argparse.Namespace) -> tuple[Any, Sequence[Vocabulary]]:
    """The graph of the network of a file, and how it is made, and the vocabularies."""
    from nefsim.view.building import Plan

    models: list[Any] = []

    def draw(model: Any) -> Network:
        from nefsim.nengo.sketch import sketch

        models.append(model)
        return sketch(model)

    sketched, names = scripts.network_and_names(options.model, draw)
    seed = None if options.seed is None else check.seed("nefsim", options.seed)

    def make(report: Any) -> Network:
        net = sketched
        if models:
            from nefsim.nengo.reading import converted

            net = converted(models[0], options.dt, report=report)
        if seed is not None:
            net.seed = seed
        return net

    found = [*{id(v): v for v in names.values() if isinstance(v, Vocabulary)}.values()]
    for model in models:
        from nefsim.nengo.vocabularies import vocabularies_of

        found += vocabularies_of(model, names.values())
    return Plan(sketched, make), found


def _write(options: argparse.Namespace, source: Network | Result) -> int:
    """Write a page of a run, of all probes or of ensembles."""
    from nefsim import view

    if isinstance(source, Network):
        source = view.record(source, options.seconds, options.dt, options.backend, options.show)
    path = view.save_html(source, options.html, options.window, options.model.name)
    print(json.dumps({"html": str(path)}) if options.json else path)
    return 0
