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
from nefsim.view.access import ALL, Access, host_names, in_url
from nefsim.view.live import Live
from nefsim.view.page import add_page

#: Lifetime of a run whose browser is gone, and the interval of checks for it [ms].
LINGER, LOOK = 5000, 1000


class Server(BaseServer):
    """A server of pages of a network; use :func:`server` to start one.

    Attributes
    ----------
    port : int
        Port at which the server listens.
    url : str
        Address of the page, with the token.
    is_local : bool
        Whether only browsers of this machine can reach the server.

    See Also
    --------
    server : Start a server.
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
    """Start a server, which shows a separate run of the network to each browser.

    Open the server's ``url`` in a browser; it contains a secret token.  Up to 8 browsers are
    served at once.

    Parameters
    ----------
    net : Network
        The network to run.
    port : int
        Port to listen at; 0 means any free port.
    window : float [s]
        Length of the time axis of the plots.
    dt, backend, show
        As for :class:`~nefsim.view.Live`.
    host : str
        Address or name of this machine at which to listen.  With the default, only browsers of
        this machine can open the page; with ``"0.0.0.0"``, those of all networks.

    Returns
    -------
    Server
        With ``port`` and ``url``; ``run_until_shutdown()`` serves until Ctrl-C.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If the port is in use or reserved, the host is not of this machine, or another argument
        is out of range.

    See Also
    --------
    Live : Run a network in short pieces.
    add_page : Add a page to a Bokeh document.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim import view
    >>> net = nef.Network(seed=1)
    >>> c = net.connect(net.node(0.5), net.ensemble(50, 1))
    >>> server = view.server(net, port=0)
    >>> server.is_local
    True
    >>> server.stop()
    """
    listen = check.integer("server", "port", port, "pass a port, or 0 for any", 0, 65535)
    check.positive("server", "window", window, "pass seconds above 0")
    listening = _listen(host, listen)
    try:
        ready = [Live(net, dt, backend, show)]  # errors are raised here, not in a browser

        def application(document: Any) -> None:
            add_page(document, ready.pop() if ready else Live(net, dt, backend, show), window)

        return _serve(application, host, listening)
    except BaseException:
        listening.close()
        raise


def _serve(application: Any, host: str, listening: socket.socket) -> Server:
    """Make a server for an application; the server checks each request."""
    access = Access()
    pages = BokehTornado(
        application,
        auth_provider=access,
        secret_key=access.key,
        sign_sessions=True,
        # Access checks the origin of requests itself, as ports may differ after a tunnel.
        extra_websocket_origins=["*"],
        include_headers=[],
        include_cookies=[],
        unused_session_lifetime_milliseconds=LINGER,
        check_unused_sessions_milliseconds=LOOK,
    )
    refused = Application([(r".*", ErrorHandler, {"status_code": 403})])
    http = HTTPServer(RuleRouter([Rule(host_names(host), pages), Rule(AnyMatches(), refused)]))
    http.add_socket(listening)
    server = Server(IOLoop.current(), pages, http)
    server.start()
    name = socket.gethostname() if host in ALL else in_url(host)
    address, port = listening.getsockname()[:2]
    server.url = f"http://{name}:{port}/?token={access.token}"
    server.is_local = ip_address(address.partition("%")[0]).is_loopback
    return server


def _listen(host: Any, port: int) -> socket.socket:
    """Open a socket that listens at a host and port."""
    do = "pass an address or name of this machine, such as '127.0.0.1'"
    check.instance("server", "host", host, str, "a name", do)
    if not host.strip():
        check.fail("server", "host", "name this machine", "nothing", do)
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server(address[:2], family=family, backlog=128)
        listening.setblocking(False)  # Tornado asks for it
        return listening
    except (OSError, UnicodeError) as error:
        _cannot(host, port, error, do)


def _cannot(host: str, port: int, error: Exception, do: str) -> NoReturn:
    """Raise ValueError with the reason why the server cannot listen there."""
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        cure = "end the program that uses it, or pass another port, or 0 for any free one"
        check.fail("server", "port", "be free", f"{port}, which is in use", cure)
    if number == errno.EACCES:
        got = f"{port}, which this user may not open"
        check.fail("server", "port", "be open to this user", got, "pass 1024 or more")
    check.fail("server", "host", "be of this machine", f"{host!r} ({error})", do)
