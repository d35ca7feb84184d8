"""Sessions of a server of pages without a browser, and networks whose builds wait."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import nefsim as nef

#: Time after which a test fails [s]; none passes because of it.
PATIENCE = 300


def network(label: str, at_build: Callable[[], Any] = lambda: None) -> nef.Network:
    """A network that calls a function while it is built."""

    def square(x: Any) -> Any:
        if x.any():  # zeros are those of the description
            at_build()
        return x**2

    net = nef.Network(seed=1, label=label)
    part = net.subnetwork(label="part")
    a, b = net.ensemble(30, 1, label="a"), part.ensemble(30, 1, label="b")
    net.connect(net.node(0.5, label="knob"), a)
    net.connect(a, b, function=square)
    return net


def gated(label: str = "gated") -> tuple[nef.Network, threading.Event]:
    """A network whose build waits until it may go on, and the event that lets it."""
    gate = threading.Event()

    def wait() -> None:
        assert gate.wait(PATIENCE)

    return network(label, wait), gate


def large(monkeypatch: Any) -> None:
    """Let these networks be large."""
    monkeypatch.setattr("nefsim.view.building.MANY_NEURONS", 60)


def kept_pages(monkeypatch: Any) -> list[Any]:
    """A list to which pages are added as they are made; sessions without a browser stay."""
    from nefsim import view

    made: list[Any] = []

    def kept(*arguments: Any, **options: Any) -> Any:
        made.append(view.Page(*arguments, **options))
        return made[-1]

    monkeypatch.setattr("nefsim.view.tab.Page", kept)
    monkeypatch.setattr(sys.modules[view.server.__module__], "LINGER", 300_000)
    return made


def makers_of(path: Any) -> tuple[dict[str, Any], Any]:
    """Functions that make the network of each text of a file, to be filled in, and its source."""
    from nefsim.view.editor import Source

    path.write_text("0")
    makers: dict[str, Any] = {}
    return makers, Source(path, lambda: (makers[path.read_text()](), ()))


def labels(pages: list[Any]) -> list[str | None]:
    """The labels of the networks of pages."""
    return [page.live.simulator.network.label for page in pages]


async def session(server: Any, name: str) -> tuple[Any, Any]:
    """The document of a session, whose callbacks the loop runs, and a function that changes it."""
    made = await server._tornado._applications["/"].create_session_if_needed(name)
    return made.document, made.with_document_locked


def served(work: Any, net: Any, **options: Any) -> Any:
    """The result of ``work`` with a server and a running loop."""
    from nefsim import view

    async def main() -> Any:
        server = view.server(net, 0, backend="numpy", **options)
        try:
            return await work(server)
        finally:
            if not server._stopped:
                server.stop()
            await server._http.close_all_connections()

    return asyncio.run(main())


async def until(condition: Callable[[], Any]) -> None:
    """Let the loop run until something holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def texts(document: Any) -> str:
    """All texts of a document."""
    from bokeh.models import Div

    return "\n".join(div.text for div in document.select({"type": Div}))


def field(document: Any) -> Any:
    """The field of the source."""
    from bokeh.models import TextAreaInput

    (found,) = document.select({"type": TextAreaInput})
    return found


async def click(document: Any, change: Any, label: str) -> None:
    """Click a button."""
    from bokeh.events import ButtonClick
    from bokeh.models import Button

    (button,) = [b for b in document.select({"type": Button}) if b.label == label]
    await change(button._trigger_event, ButtonClick(button))


async def save(document: Any, change: Any, text: str) -> None:
    """Type a text, save and run it."""
    await change(setattr, field(document), "value", text)
    await click(document, change, "save and run")
