"""A server that shows a network to browsers."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urljoin

from bokeh.resources import Resources
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from bokeh.server.views.static_handler import StaticHandler
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.routing import AnyMatches, Rule, RuleRouter
from tornado.web import Application, ErrorHandler

from nefsim import _checks as check
from nefsim import files
from nefsim.network import Network
from nefsim.result import Result
from nefsim.spa import Vocabulary
from nefsim.view import layouts
from nefsim.view.access import ALL, Access, host_names, in_url
from nefsim.view.building import Builds, Plan
from nefsim.view.editor import Source
from nefsim.view.recording import add_recording
from nefsim.view.tab import Tab

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
    _at_stop: Callable[[], None]

    def stop(self, wait: bool = True) -> None:
        """Stop, and end the builds that are not done.

        Parameters
        ----------
        wait : bool
            As for Bokeh's server.
        """
        self._at_stop()
        super().stop(wait)


class _Pages(BokehTornado):
    """Bokeh's application, whose pages load the two scripts that they need, from this server."""

    def resources(self, absolute_url: str | bool | None = None) -> Resources:
        """The scripts of a page; those of tables, formulas and WebGL are twice as large."""
        del absolute_url
        return Resources(
            mode="server",
            root_url=urljoin("/", self._prefix),
            path_versioner=StaticHandler.append_version,
            components=["bokeh", "bokeh-widgets"],
        )


def server(
    net: Network | Result | Plan,
    port: int = 5006,
    window: float = 2.0,
    dt: float = 0.001,
    backend: str = "auto",
    show: Sequence[str] | None = None,
    host: str = "127.0.0.1",
    layout: str | Path | None = None,
    vocabularies: Sequence[Vocabulary] = (),
    source: Source | None = None,
) -> Server:
    """Start a server, which shows a separate run of the network to each browser.

    Open the server's ``url`` in a browser; it contains a secret token.  Up to 8 browsers are
    served at once.

    A network of 20,000 neurons (4,000 in one population) or 500 objects and more is built in a
    thread.  The server returns before; its pages show the graph and the progress of the build,
    for which all of them wait, and then the plots.

    Parameters
    ----------
    net : Network, Result or Plan
        The network to run, a recorded run to play, or a network that is made later.
    port : int
        Port to listen at; 0 means any free port.
    window : float [s]
        Length of the time axis of the plots.
    dt, backend, show
        As for :class:`~nefsim.view.Live`.
    host : str
        Address or name of this machine at which to listen.  With the default, only browsers of
        this machine can open the page; with ``"0.0.0.0"``, those of all networks.
    layout : str, Path or None
        File of the layout of the page, which is used if it exists; a user of this machine can
        save the layout there.
    vocabularies
        As for :class:`~nefsim.view.Live`.
    source : Source or None
        The file of the model, which a user of this machine can edit and run again on the page.

    Returns
    -------
    Server
        With ``port`` and ``url``; ``run_until_shutdown()`` serves until Ctrl-C.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If the port is in use or reserved, the host is not of this machine, another argument is
        out of range, or the network cannot be built; the pages of a large network say so.

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
    seconds = check.positive("server", "window", window, "pass seconds above 0")
    file = None if layout is None else files.as_path("server", layout, "layout", ending=False)
    places = layouts.read(file) if file is not None and file.exists() else None
    listening = _listen(host, listen)
    try:
        if isinstance(net, Result):
            return _serve(partial(add_recording, result=net, window=window), host, listening)
        if not isinstance(net, Plan):
            do = "pass a Network, a Result or a Plan"
            check.instance("server", "net", net, Network, "a network", do)
        # Errors of arguments, and of a small network, are raised here, not in a browser.
        # The command passes a plan of a Nengo network, which is converted later.
        plan = net if isinstance(net, Plan) else Plan(net, lambda report: net)
        builds = Builds(plan, dt, backend, show, vocabularies)
        builds.start()
        is_local = ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback

        def application(document: Any) -> None:
            files_of = (file, source) if is_local else (None, None)
            Tab(document, seconds, *files_of, builds).open(places)

        return _serve(application, host, listening, builds.close)
    except BaseException:
        listening.close()
        raise


def _serve(
    application: Any,
    host: str,
    listening: socket.socket,
    at_stop: Callable[[], None] = lambda: None,
) -> Server:
    """Make a server for an application; the server checks each request."""
    access = Access()
    pages = _Pages(
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
    server._at_stop = at_stop
    server.start()
    name = socket.gethostname() if host in ALL else in_url(host)
    address, port, *_ = listening.getsockname()
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
        listening = socket.create_server(address, family=family)
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
