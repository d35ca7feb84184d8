"""Control of the access to pages: by a token, by host name, and by the number of browsers."""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Callable
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from bokeh.server.auth_provider import AuthProvider
from bokeh.server.views.ws import WSHandler
from bokeh.util.token import check_token_signature, get_session_id
from tornado.routing import HostMatches
from tornado.web import HTTPError

#: Most runs at once; each holds a simulator.
MOST_SESSIONS = 8

#: Names of this machine that reach it from itself alone.
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

#: Addresses that stand for all addresses of a machine.
ALL = ("0.0.0.0", "::")

#: Hosts that are numbers; no name server can point them elsewhere.
NUMBERS = r"[\d.]+|\[[\da-f:.]+\]"


def in_url(host: str) -> str:
    """Write a host name or address as in a URL."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host name or address; no if there is no such host."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(ip_address(str(to[0]).partition("%")[0]).is_loopback for *_, to in found)


def host_names(host: str) -> HostMatches:
    """The host names that requests may have: those under which the server was started.

    Other names are refused, because a page of an attacker could resolve its host name to this
    machine (DNS rebinding).
    """
    names = [*LOOPBACK, in_url(host.lower())]
    if host in ALL:
        names.append(socket.gethostname().lower())
    patterns = [*map(re.escape, names), *([NUMBERS] if host in ALL else [])]
    return HostMatches(f"(?:{'|'.join(patterns)})$")


class Access(AuthProvider):
    """Admits requests of pages with the token, and of the web sockets of these pages.

    Bokeh calls it before it answers a request.  The address of a page must have the parameter
    ``token``; a web socket must have the session of a page, signed with ``key``.  No cookie is
    set, since browsers would also send it with requests of other pages.

    Attributes
    ----------
    token : str
        Secret in the address of the page, new for each server.
    key : bytes
        Key with which Bokeh signs sessions.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        self.key = secrets.token_bytes(32)
        super().__init__()

    @property
    def get_user_async(self) -> Callable[[Any], Any]:
        """The function by which Bokeh identifies the sender of a request."""
        return self._admit

    @property
    def get_login_url(self) -> Callable[[Any], str]:
        """An address for logins, which Bokeh requires although it is never used."""
        return lambda handler: "/"

    async def _admit(self, handler: Any) -> str:
        """The user of an admitted request; all others raise ``HTTPError``."""
        request = handler.request
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
            raise HTTPError(403, reason="This page may not be used from another one.")
        sessions = {session.id for session in handler.application_context.sessions}
        if isinstance(handler, WSHandler):
            session = self._signed(request.headers.get("Sec-WebSocket-Protocol", ""))
            is_new = session not in sessions
        else:
            token = handler.get_query_argument("token", "")
            if not compare_digest(token.encode(), self.token.encode()):
                raise HTTPError(403, reason="The token is missing or wrong; see the terminal.")
            is_new = True
        if is_new and len(sessions) >= MOST_SESSIONS:
            reason = f"{MOST_SESSIONS} pages are open, no more can be; close one and reload."
            raise HTTPError(503, reason=reason)
        _harden(handler, request.host)
        return "a browser with the token"

    def _signed(self, protocols: str) -> str:
        """The session in the header ``bokeh, <signed session>`` of a web socket."""
        _, _, token = protocols.partition(",")
        try:
            good = check_token_signature(token.strip(), secret_key=self.key, signed=True)
            session = get_session_id(token.strip()) if good else ""
        except Exception:  # Bokeh's parser may raise anything for other text than a token
            session = ""
        if not session:
            raise HTTPError(403, reason="A socket must have a page's session.")
        return str(session)


def _harden(handler: Any, host: str) -> None:
    """Set headers that forbid frames, resources of other servers, and referrers."""
    policy = (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
        f"connect-src 'self' ws://{host} wss://{host}; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    handler.set_header("Content-Security-Policy", policy)
    handler.set_header("X-Frame-Options", "DENY")
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("Referrer-Policy", "no-referrer")
    handler.set_header("Cache-Control", "no-store")
