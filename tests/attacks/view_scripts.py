"""Open each script of a folder as ``nefsim view`` does, without a browser, and run its page.

    PYTHONPATH=. python tests/attacks/view_scripts.py FOLDER [--seconds 0.2] [--json FILE]

FOLDER has models of nefsim or of Nengo, such as the examples of an installed nengo_gui.  Each
script gets a process, which starts the server, opens the page, plays it until its model time has
passed, and then adds and removes each plot that a click on a box or on a wire offers.  Scripts
that fail are listed with the reason; those that Nengo's own simulator refuses are listed apart,
and those that define no network too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

#: What became of a script.
RUNS, FAILS, NOT_IN_NENGO, NO_NETWORK = "runs", "fails", "not in Nengo", "no network"


def on_page(file: Path, seconds: float) -> dict[str, Any]:
    """Serve a script, open and play its page, and count its boxes and plots."""
    from nefsim import cli, scripts

    words = ["view", str(file)]
    options = cli._parser(words).parse_args(words)
    options.model = options.model.absolute()
    try:
        return {"fate": RUNS, **asyncio.run(_play(options, seconds))}
    except Exception as error:
        reason = scripts.one_line(error, with_type=True)
    fate, why = in_nengo(file, seconds)
    return {"fate": fate, "why": why or reason}


async def _play(options: argparse.Namespace, seconds: float) -> dict[str, Any]:
    from bokeh.models import Div

    from nefsim import view
    from nefsim.cli.view import _source

    pages: list[Any] = []

    def kept(*arguments: Any, **options: Any) -> Any:
        pages.append(view.Page(*arguments, **options))
        return pages[-1]

    sys.modules["nefsim.view.tab"].Page = kept  # type: ignore[attr-defined]
    sys.modules["nefsim.view.server"].LINGER = 10**9  # type: ignore[attr-defined]  # no browser
    source, vocabularies = _source(options, later=True)
    server = view.server(source, 0, vocabularies=vocabularies)
    session = await server._tornado._applications["/"].create_session_if_needed("one")
    document, waits = session.document, False
    while not pages:  # a large network is built in a thread
        texts = [div.text for div in document.select({"type": Div})]
        if failed := [text for text in texts if text.startswith("Not built")]:
            raise RuntimeError(failed[0])
        waits = True
        await asyncio.sleep(0.05)
    (page,) = pages
    await session.with_document_locked(page._toggle)
    while page.now < seconds and page.playing:
        await session.with_document_locked(setattr, page.screen, "drawn", page.sent)
        await asyncio.sleep(0.01)
    if page._trouble:
        raise RuntimeError(page._trouble)
    await session.with_document_locked(page._toggle)
    document.validate()
    document.to_json()
    plots = await session.with_document_locked(_add_all, page)
    page.close()
    server.stop()
    return {"plots": plots, "was large": waits}


def _add_all(page: Any) -> dict[str, int]:
    """Add and remove all plots of a page; how many there were of each kind."""
    from nefsim.view.kinds import kinds_of

    boxes, wires = page.graph.boxes, page.graph.wires
    things = [box.thing for box in boxes] + [c for wire in wires for c in wire.connections[:1]]
    added: Counter[str] = Counter()
    for thing in things:
        page.inspector.show(thing)
        for kind in kinds_of(thing, page.live):
            panel = page.add(kind, thing)
            page.step()
            page.remove(panel)
            added[kind] += 1
    return dict(added)


def in_nengo(file: Path, seconds: float) -> tuple[str, str]:
    """What becomes of a script in Nengo's own simulator, and why."""
    from nefsim import scripts

    try:
        names = scripts.namespace_of(file)
    except ValueError as error:
        return NOT_IN_NENGO, str(error)
    if not (found := scripts.nengo_networks(names)):
        return FAILS if "net" in names else NO_NETWORK, ""
    import nengo

    try:
        model = names["model" if "model" in found else found[0]]
        with nengo.Simulator(model, progress_bar=False) as simulator:
            simulator.run(seconds)
    except Exception as error:
        return NOT_IN_NENGO, scripts.one_line(error, with_type=True)
    return FAILS, ""


def opened(file: Path, seconds: float, patience: float) -> dict[str, Any]:
    """What becomes of a script in a process."""
    command = [sys.executable, __file__, str(file), "--seconds", str(seconds), "--one"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience)
    except subprocess.TimeoutExpired:
        return {"fate": FAILS, "why": f"not done after {patience} s"}
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip() or "no error").splitlines()[-1]
        return {"fate": FAILS, "why": f"exit status {done.returncode}: {last}"}
    return dict(json.loads(lines[-1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=0.2, help="model time of each page")
    parser.add_argument("--patience", type=float, default=300.0, help="wall time of each script")
    parser.add_argument("--json", type=Path, help="also write what became of each script")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(on_page(options.folder, options.seconds)))
        return 0
    files = sorted(f for f in options.folder.rglob("*.py") if f.name != "__init__.py")
    found: dict[str, dict[str, Any]] = {}
    for file in files:
        start = time.monotonic()
        name = str(file.relative_to(options.folder))
        found[name] = opened(file, options.seconds, options.patience)
        found[name]["seconds"] = round(time.monotonic() - start, 1)
        if found[name]["fate"] != RUNS:
            print(f"{found[name]['fate']}: {name}: {found[name]['why']}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))
    fates = Counter(one["fate"] for one in found.values())
    plots = sum((Counter(one.get("plots", {})) for one in found.values()), Counter[str]())
    print(f"{len(found)} scripts: {dict(fates)}; plots added: {dict(plots)}")
    return int(fates[FAILS] > 0)


if __name__ == "__main__":
    sys.exit(main())
