"""A server that shows a network to browsers."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, NoReturn

from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.routing import AnyMatches, Rule, RuleRouter
from tornado.web import Application, ErrorHandler

from nefsim import _checks as check
from nefsim.network import Network
from nefsim.view.access import ALL, Access, in_url, own_names
from nefsim.view.live import Live
from nefsim.view.page import add_page

#: How long a run without a browser is kept, and how often that is looked at [ms].
LINGER, LOOK = 5000, 1000


class Server(BaseServer):
    """Serves pages of a network; made by :func:`server`.

    Attributes
    ----------
    port : int
        Where it listens.
    url : str
        The address of the page, with the token that is asked for.
    is_local : bool
        Whether it is reached from this machine alone.
    """

    url: str
    is_local: bool


def server(
    net: Network,
    port: int = 5006,
    window: float = 2.0,
    dt: float = 0.001,
    backend: str = "auto",
    show: Sequence[str] | None = None,
    host: str = "127.0.0.1",
) -> Server:
    """A server that has begun to listen; each browser that comes gets a run of its own.

    Browsers need the token that is part of the server's ``url``, must ask for the server by
    a name of its own, and up to 8 are served at once.

    Parameters
    ----------
    net : Network
        The model.
    port : int
        Where to listen; 0 takes any that is free.
    window : float [s]
        How much of the past the plots show.
    dt, backend, show
        As for :class:`~nefsim.view.Live`.
    host : str
        The address or name of this machine at which to listen.  With the default, the page
        is reached from this machine alone; with ``"0.0.0.0"`` from all networks.

    Returns
    -------
    Server
        With ``port`` and ``url``; ``run_until_shutdown()`` serves until Ctrl-C.

    Raises
    ------
    ValueError
        If an argument makes no sense, or nobody can listen there.
    """
    listen = check.integer("server", "port", port, "pass a port, or 0 for any", 0, 65535)
    check.positive("server", "window", window, "pass seconds above 0")
    listening = _listen(host, listen)
    try:
        ready = [Live(net, dt, backend, show)]  # what is wrong is said here, not in a browser

        def application(document: Any) -> None:
            add_page(document, ready.pop() if ready else Live(net, dt, backend, show), window)

        return _serve(application, host, listening)
    except BaseException:
        listening.close()
        raise


def _serve(application: Any, host: str, listening: socket.socket) -> Server:
    """A server of pages that are made by a function, behind the checks of who asks."""
    access = Access()
    pages = BokehTornado(
        application,
        auth_provider=access,
        secret_key=access.key,
        sign_sessions=True,
        # Access has it that a page is used by itself alone; ports may differ behind a tunnel.
        extra_websocket_origins=["*"],
        include_headers=[],
        include_cookies=[],
        unused_session_lifetime_milliseconds=LINGER,
        check_unused_sessions_milliseconds=LOOK,
    )
    refused = Application([(r".*", ErrorHandler, {"status_code": 403})])
    http = HTTPServer(RuleRouter([Rule(own_names(host), pages), Rule(AnyMatches(), refused)]))
    http.add_socket(listening)
    made = Server(IOLoop.current(), pages, http)
    made.start()
    name = socket.gethostname() if host in ALL else in_url(host)
    address, port = listening.getsockname()[:2]
    made.url = f"http://{name}:{port}/?token={access.token}"
    made.is_local = ip_address(address.partition("%")[0]).is_loopback
    return made


def _listen(host: Any, port: int) -> socket.socket:
    """A socket that listens."""
    do = "pass an address or name of this machine, such as '127.0.0.1'"
    check.instance("server", "host", host, str, "a name", do)
    if not host.strip():
        check.fail("server", "host", "name this machine", "nothing", do)
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.create_server(address[:2], family=family, backlog=128)
        made.setblocking(False)  # Tornado asks for it
        return made
    except (OSError, UnicodeError) as error:
        _cannot(host, port, error, do)


def _cannot(host: str, port: int, error: Exception, do: str) -> NoReturn:
    """Say why nobody can listen there."""
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        cure = "end what uses it, or pass another port, or 0 for any that is free"
        check.fail("server", "port", "be free", f"{port}, which is in use", cure)
    if number == errno.EACCES:
        got = f"{port}, which this user may not open"
        check.fail("server", "port", "be open to this user", got, "pass 1024 or more")
    check.fail("server", "host", "be of this machine", f"{host!r} ({error})", do)
