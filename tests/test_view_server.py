"""Access to ``nefsim view``: with the token, from this machine, under its host names."""

import asyncio
import gc
import json
import re
import socket
import subprocess
import sys
import weakref
from urllib.request import urlopen

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

import nefsim as nef
from nefsim import view

server_module = sys.modules[view.server.__module__]


def network(label=None):
    net = nef.Network(seed=1, label=label)
    net.connect(net.node(0.5), net.ensemble(20, 1, label="a"))
    return net


def served(work, net=None, **options):
    """The result of ``work`` with a server that listens."""

    async def main():
        made = view.server(net or network(), **{"port": 0} | options)
        try:
            return await work(made)
        finally:
            made.stop()
            await made._http.close_all_connections()

    return asyncio.run(main())


async def fetched(url, **headers):
    request = HTTPRequest(url, headers=headers, request_timeout=60)
    return await AsyncHTTPClient().fetch(request, raise_error=False)


async def status(url, **headers):
    return (await fetched(url, **headers)).code


def session_of(page):
    """The session that a page was signed, as its script hands it to the socket."""
    return re.search(r'"token":"([^"]+)"', page.body.decode()).group(1)


async def opened(server, session, **headers):
    """The status that the opening of a socket gets, 101 if it is open; then it is closed."""
    url = f"ws://127.0.0.1:{server.port}/ws"
    protocols = ["bokeh", session] if session else []
    request = HTTPRequest(url, headers=headers, request_timeout=60)
    try:
        client = await websocket_connect(request, subprotocols=protocols)
    except HTTPClientError as error:
        return error.code
    acknowledged = await client.read_message()
    assert json.loads(acknowledged)["msgid"]
    client.close()
    return 101


def listens(address, port):
    with socket.socket() as client:
        client.settimeout(5.0)
        return client.connect_ex((address, port)) == 0


def test_the_server_listens_to_this_machine_alone():
    async def work(server):
        assert server.is_local
        assert server.url.startswith(f"http://127.0.0.1:{server.port}/?token=")
        return {each.getsockname()[0] for each in server._http._sockets.values()}

    assert served(work) == {"127.0.0.1"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is not an address")
def test_another_address_of_this_machine_is_answered_only_as_host():
    async def work(server):
        found = await asyncio.to_thread(listens, "127.0.0.2", server.port)
        return found, server.is_local

    assert served(work) == (False, True)
    assert served(work, host="0.0.0.0") == (True, False)


def test_a_page_needs_the_token_which_is_new_for_each_server():
    async def work(server):
        bare = f"http://127.0.0.1:{server.port}/"
        token = server.url.partition("token=")[2]
        good = await fetched(server.url)
        assert (good.code, b"<title>mine</title>" in good.body) == (200, True)
        for wrong in ("", "?token=", "?token=wrong", f"?token={token[:-1]}", "?token=%C3%A9"):
            answer = await fetched(bare + wrong)
            assert (answer.code, b"The token is missing or wrong" in answer.body) == (403, True)
        for path in ("metadata", "autoload.js?bokeh-autoload-element=1", "ws"):
            assert await status(bare + path) == 403
        return token

    net = network("mine")
    first, second = served(work, net), served(work, net)
    assert first != second
    assert len(first) >= 32


def test_headers_of_a_page_forbid_frames_and_other_servers():
    async def work(server):
        return (await fetched(server.url)).headers

    headers = served(work)
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("setting", [None, "cdn"])
def test_a_page_loads_two_scripts_from_its_server(monkeypatch, setting):
    if setting is not None:  # of a user who makes pages of Bokeh for the web
        monkeypatch.setenv("BOKEH_RESOURCES", setting)

    async def work(server):
        page = (await fetched(server.url)).body.decode()
        scripts = re.findall(r'<script[^>]* src="([^"?]+)', page)
        assert scripts == [f"/static/js/{name}.min.js" for name in ("bokeh", "bokeh-widgets")]
        root = f"http://127.0.0.1:{server.port}"
        return [await status(root + name) for name in scripts]

    assert served(work) == [200, 200]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.1", "[::2]"])
def test_a_forged_host_is_refused(host):
    async def work(server):
        at = f"{host}:{server.port}"
        session = session_of(await fetched(server.url))
        assert await status(server.url, Host=at) == 403
        assert (
            await status(f"http://127.0.0.1:{server.port}/static/js/bokeh.min.js", Host=at) == 403
        )
        return await opened(server, session, Host=at, Origin=f"http://{at}")

    assert served(work) == 403


def test_a_forged_origin_is_refused():
    async def work(server):
        session = session_of(await fetched(server.url))
        true = f"http://127.0.0.1:{server.port}"
        for origin in ("http://evil.example", "http://127.0.0.1:1", "http://127.0.0.1", "null"):
            assert await status(server.url, Origin=origin) == 403
            assert await opened(server, session, Origin=origin) == 403
        return await status(server.url, Origin=true), await opened(server, session, Origin=true)

    assert served(work) == (200, 101)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_the_names_of_this_machine_are_accepted_at_any_port(name):
    """A tunnel may lead from another port to this one."""

    async def work(server):
        at = f"{name}:8080"
        page = await fetched(server.url, Host=at)
        return page.code, await opened(
            server, session_of(page), Host=at, Origin=f"http://{at.lower()}"
        )

    assert served(work) == (200, 101)


def test_a_server_for_all_networks_knows_its_name_and_numbers():
    async def work(server):
        name = socket.gethostname()
        assert server.url.startswith(f"http://{name}:{server.port}/")
        url = f"http://127.0.0.1:{server.port}/?{server.url.partition('?')[2]}"
        hosts = (name, "192.0.2.7", "[2001:db8::7]", "localhost", "evil.example", "192.0.2.7.evil")
        return [await status(url, Host=f"{host}:{server.port}") for host in hosts]

    assert served(work, host="0.0.0.0") == [200] * 4 + [403] * 2


def test_a_socket_needs_the_session_of_a_page_of_this_server():
    async def session(server):
        return session_of(await fetched(server.url))

    foreign = served(session)

    async def work(server):
        token = await session(server)
        wrong = ["", "x", token[:-2], f"A{token}", foreign, token.partition(".")[0]]
        assert [await opened(server, given) for given in wrong] == [403] * len(wrong)
        return await opened(server, token)

    assert served(work) == 101


def test_the_number_of_sessions_is_limited_and_ended_ones_do_not_count(monkeypatch):
    runs = []

    class Watched(view.Live):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            runs.append(weakref.ref(self.simulator))

    monkeypatch.setattr("nefsim.view.building.Live", Watched)
    monkeypatch.setattr(sys.modules["nefsim.view.access"], "MOST_SESSIONS", 2)
    monkeypatch.setattr(server_module, "LINGER", 300_000)  # longer than the test

    async def work(server):
        pages = [await fetched(server.url) for _ in range(3)]
        assert [page.code for page in pages] == [200, 200, 503]
        assert b"2 pages are open" in pages[2].body
        assert len(runs) == 2
        first = session_of(pages[0])
        # End the sessions now, as if their browsers had been gone for longer than that.
        with monkeypatch.context() as patch:
            patch.setattr(server._tornado, "_unused_session_lifetime_milliseconds", -1)
            await server._tornado._cleanup_sessions()
        while any(run() for run in runs):  # until their threads have ended
            await asyncio.sleep(0.01)
            gc.collect()
        pages = [await fetched(server.url) for _ in range(3)]
        assert [page.code for page in pages] == [200, 200, 503]
        # The session of a page that ended counts like a new one, that of an open page does not.
        return await opened(server, first), await opened(server, session_of(pages[0]))

    assert served(lambda server: asyncio.wait_for(work(server), 240)) == (503, 101)


def test_fifty_clients_at_once_get_eight_pages_and_do_not_stop_a_run(monkeypatch):
    pages = []

    def opened_page(*arguments, **options):
        pages.append(view.Page(*arguments, **options))
        return pages[-1]

    builds, build = [], sys.modules["nefsim.simulator"].build

    def counted(*arguments, **options):
        builds.append(arguments)
        return build(*arguments, **options)

    monkeypatch.setattr(sys.modules["nefsim.simulator"], "build", counted)
    monkeypatch.setattr("nefsim.view.tab.Page", opened_page)
    monkeypatch.setattr(server_module, "LINGER", 300_000)  # longer than the test

    async def work(server):
        first = session_of(await fetched(server.url))
        url = f"ws://127.0.0.1:{server.port}/ws"
        socket = await websocket_connect(HTTPRequest(url), subprotocols=["bokeh", first])
        (page,) = pages
        page.worker.speed = 1.0
        page.worker.play()
        client = AsyncHTTPClient(force_instance=True, max_clients=50)
        try:
            await many(client, server, page)
        finally:
            page.worker.pause()
            socket.close()
            client.close()
            while any(session.connection_count for session in server.get_sessions("/")):
                await asyncio.sleep(0.01)

    async def many(client, server, page):
        requests = [HTTPRequest(server.url, request_timeout=120) for _ in range(49)]
        before = page.live.simulator.n_steps
        answers = await asyncio.gather(*(client.fetch(r, raise_error=False) for r in requests))
        codes = [answer.code for answer in answers]
        assert (codes.count(200), codes.count(503)) == (7, 42)
        assert (len(pages), len(builds)) == (8, 1)  # they share its arrays
        assert page.worker._thread.is_alive() and page.worker.error is None
        while page.live.simulator.n_steps <= before:  # else the test's time limit ends it
            await asyncio.sleep(0.01)

    served(lambda server: asyncio.wait_for(work(server), 240))


MODEL = """
import nefsim as nef

net = nef.Network(seed=3, label="a served one")
net.connect(net.node(0.5), net.ensemble(20, 1, label="a"))
"""


@pytest.mark.parametrize(
    ("options", "message"),
    [([], "from this machine only"), (["--host", "0.0.0.0"], "anyone with this address")],
    ids=["local", "open"],
)
def test_the_command_prints_the_address_of_its_page_and_its_reach(tmp_path, options, message):
    path = tmp_path / "model.py"
    path.write_text(MODEL, encoding="utf-8")
    arguments = ["view", str(path), "--port", "0", "--no-browser", "--json", *options]
    command = [sys.executable, "-m", "nefsim", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        try:
            url = json.loads(process.stdout.readline())["url"]
            at_home = url.replace(socket.gethostname(), "127.0.0.1")
            with urlopen(at_home, timeout=60) as answer:
                assert b"<title>a served one</title>" in answer.read()
        finally:
            process.kill()
        assert message in process.stderr.read()


def test_an_error_of_a_port_in_use_names_a_remedy():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        message = rf"^server: port must be free, got {port}, which is in use; .+ or 0 for any"
        with pytest.raises(ValueError, match=message):
            view.server(network(), port)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"port": -1}, "port must be"),
        ({"window": 0.0}, "window must be"),
        ({"dt": 0.0}, "dt must be"),
        ({"backend": "fast"}, "backend must be"),
        ({"show": ["z"]}, "show must name ensembles"),
        ({"host": ""}, "host must name this machine"),
        ({"host": "192.0.2.1"}, "host must be of this machine"),
        ({"host": "no such.name"}, "host must be of this machine"),
    ],
    ids=str,
)
def test_bad_options_of_the_server_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        view.server(network(), **{"port": 0} | options)


def test_a_host_is_a_string():
    with pytest.raises(TypeError, match=r"^server: host must be a name"):
        view.server(network(), 0, host=1)


def test_a_network_is_one_and_a_plan_has_one():
    with pytest.raises(TypeError, match=r"^server: net must be a network, got 3; pass a Network, "):
        view.server(3, 0)
    with pytest.raises(TypeError, match=r"^Plan: sketch must be a network, got 3"):
        view.Plan(3, lambda report: network())
    with pytest.raises(TypeError, match=r"^Plan: make must be a function"):
        view.Plan(network(), network())


def test_a_recorded_run_is_served_too():
    async def work(server):
        page = await fetched(server.url)
        bare = f"http://127.0.0.1:{server.port}/"
        return page.code, b"<title>nefsim</title>" in page.body, await status(bare)

    times = [0.001, 0.002]
    result = nef.Result({"y": np.ones((2, 1))}, {"y": times}, times, {})
    assert served(work, result) == (200, True, 403)


def test_a_page_has_the_layout_of_its_file_and_saves_only_if_it_is_local(tmp_path, monkeypatch):
    pages = []

    def add(*arguments, **options):
        pages.append(view.Page(*arguments, **options))
        return pages[-1]

    monkeypatch.setattr("nefsim.view.tab.Page", add)
    path = tmp_path / "model.view.json"
    saved = {"kind": "nefsim view", "version": 1, "plots": [["tuning curves", "ensemble 0"]]}
    path.write_text(json.dumps({**saved, "graph": {"places": {}, "open": []}}), encoding="utf-8")

    async def work(server):
        url = f"http://127.0.0.1:{server.port}/?{server.url.partition('?')[2]}"
        return await status(url)

    assert served(work, layout=path) == served(work, layout=path, host="0.0.0.0") == 200
    assert [[panel.kind for panel in page.panels] for page in pages] == [["tuning curves"]] * 2
    assert [page.layout_file for page in pages] == [path, None]
    for page in pages:
        page.close()
    path.write_text("no layout", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^view: layout must be a file of a layout"):
        view.server(network(), 0, layout=path)
