"""A server that shows a network to browsers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bokeh.server.server import Server

from nefsim import _checks as check
from nefsim.network import Network
from nefsim.view.live import Live
from nefsim.view.page import add_page


def server(
    net: Network,
    port: int = 5006,
    window: float = 2.0,
    dt: float = 0.001,
    backend: str = "auto",
    show: Sequence[str] | None = None,
) -> Any:
    """A Bokeh server that has begun to listen; each browser that comes gets a run of its own.

    Parameters
    ----------
    net : Network
        The model.
    port : int
        Where to listen on this machine; 0 takes any that is free.
    window : float [s]
        How much of the past the plots show.
    dt, backend, show
        As for :class:`~nefsim.view.Live`.

    Returns
    -------
    bokeh.server.server.Server
        With ``port``; ``run_until_shutdown()`` serves until Ctrl-C.
    """
    listen = check.integer("server", "port", port, "pass a port, or 0 for any", 0, 65535)
    check.positive("server", "window", window, "pass seconds above 0")
    Live(net, dt, backend, show)  # what is wrong is told here and not in the browser

    def application(document: Any) -> None:
        add_page(document, Live(net, dt, backend, show), window)

    made = Server({"/": application}, port=listen)
    made.start()
    return made
