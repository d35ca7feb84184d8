"""Large networks: the page shows the graph before the build, and other pages go on during it."""

import asyncio
import sys
import threading
import time

import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from bokeh.events import ButtonClick
from bokeh.models import Button, Div, TextAreaInput
from browser import CHROMIUM, Browser
from browser import until as seen

import nefsim as nef
from nefsim import scripts, view
from nefsim.view import building
from nefsim.view.editor import Source

server_module = sys.modules[view.server.__module__]


@pytest.fixture(autouse=True)
def pages(monkeypatch):
    """The pages that were made; all are closed at the end."""
    made = []

    def kept(*arguments, **options):
        made.append(view.Page(*arguments, **options))
        return made[-1]

    monkeypatch.setattr("nefsim.view.tab.Page", kept)
    # Sessions without a browser stay.
    monkeypatch.setattr(server_module, "LINGER", 300_000)
    yield made
    for page in made:
        page.close()


def gated():
    """A network whose build waits until it may go on, and the event that lets it."""
    gate = threading.Event()

    def square(x):
        assert not x.any() or gate.wait(300)  # zeros are those of the description
        return x**2

    net = nef.Network(seed=1, label="gated")
    part = net.subnetwork(label="part")
    a, b = net.ensemble(30, 1, label="a"), part.ensemble(30, 1, label="b")
    net.connect(net.node(0.5, label="knob"), a)
    net.connect(a, b, function=square)
    return net, gate


def large(monkeypatch):
    monkeypatch.setattr(building, "MANY_NEURONS", 60)


async def session(server, name):
    """The document of a session, whose callbacks the loop runs, and a function that changes it."""
    made = await server._tornado._applications["/"].create_session_if_needed(name)
    return made.document, made.with_document_locked


def served(work, net, **options):
    """The result of ``work`` with a server and a running loop."""

    async def main():
        server = view.server(net, 0, backend="numpy", **options)
        try:
            return await work(server)
        finally:
            server.stop()
            await server._http.close_all_connections()

    return asyncio.run(main())


async def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def texts(document):
    return [div.text for div in document.select({"type": Div})]


def test_the_graph_of_a_large_network_is_there_before_its_build_ends(monkeypatch, pages):
    large(monkeypatch)
    net, gate = gated()

    async def work(server):
        document, change = await session(server, "one")
        (root,) = document.roots
        labels = document.select_one({"name": "graph"}).renderers[0].data_source.data["label"]
        assert [label.partition("\n")[0] for label in labels] == ["part", "b", "knob", "a"]
        assert not pages and document.title == "gated"
        # 2 ensembles are drawn; their decoders and the 2 connections are not there yet.
        await until(lambda: any("2 of 6 objects" in text for text in texts(document)))
        gate.set()
        await until(lambda: pages)
        (page,) = pages
        await until(lambda: document.roots == [page.root])
        assert page.root is not root
        await change(page._toggle)
        await until(lambda: page.now > 0.05)

    served(work, net)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_a_browser_shows_the_graph_and_then_the_plots(monkeypatch, pages):
    large(monkeypatch)
    net, gate = gated()

    async def work(server):
        async with Browser() as browser:
            await browser.open(server.url)

            async def says(text):
                return any(text in each for each in await browser.texts(".bk-clearfix"))

            await seen(lambda: says("2 of 6 objects"), 120)
            await seen(lambda: browser.texts("canvas"), 60)
            assert "run" not in await browser.texts("button")
            gate.set()

            async def has_button():
                return "run" in await browser.texts("button")

            await seen(has_button, 60)
            await browser.click("run")
            await seen(lambda: pages[0].screen.drawn > 3 and pages[0].now > 0.1, 120)
            await browser.click("pause")
            await seen(lambda: not pages[0].playing, 60)
            await seen(lambda: pages[0].screen.drawn == pages[0].sent, 60)
            assert not await says("objects") and browser.said == []

    served(work, net)


def test_places_that_are_chosen_before_the_build_stay(monkeypatch, pages):
    large(monkeypatch)
    net, gate = gated()

    async def work(server):
        document, change = await session(server, "one")
        boxes = document.select_one({"name": "graph"}).renderers[0].data_source
        data = {name: [*column] for name, column in boxes.data.items()}
        data["x"][-1] += 3.0
        await change(setattr, boxes, "data", data)  # as a browser does after a drag
        gate.set()
        await until(lambda: pages)
        (box,) = [box for box in pages[0].graph.boxes if box.label == "a"]
        assert (box.x, box.y) == pytest.approx((data["x"][-1], data["y"][-1]))

    served(work, net)


def test_arguments_are_checked_before_a_large_build_and_its_errors_are_on_the_page(
    monkeypatch, pages, capsys
):
    large(monkeypatch)
    net, gate = gated()
    gate.set()
    with pytest.raises(ValueError, match="show must name ensembles"):
        view.server(net, 0, show=["no"])
    with pytest.raises(ValueError, match="dt must"):
        view.server(net, 0, dt=-1.0)
    net.connect(net.ensembles[0], net.ensembles[0], function=lambda x: float("nan"))

    async def work(server):
        document, _ = await session(server, "one")
        await until(lambda: any(text.startswith("Not built: ") for text in texts(document)))
        assert not pages and "finite" in " ".join(texts(document))
        assert "finite" in capsys.readouterr().err

    served(work, net)


def test_later_pages_of_a_large_network_share_its_arrays(monkeypatch, pages):
    large(monkeypatch)
    net, gate = gated()
    gate.set()

    async def work(server):
        for name in ("one", "two"):
            await session(server, name)
        await until(lambda: len(pages) == 2)
        one, two = (page.live.simulator.data[net.ensembles[0]].encoders for page in pages)
        assert one is two

    served(work, net)


MODEL = """import time
import nefsim as nef

points = []

def slow(x):
    points.append(x)
    if len(points) == 9:  # after the description
        time.sleep({})
    return x

net = nef.Network(seed=3)
a = net.ensemble(20, 1, label="a")
net.connect(a, net.node(size_in=1), function=slow)
"""


def test_pages_go_on_while_a_model_is_built_again(tmp_path, pages):
    """A page at real time draws 25 times a second; a build in the loop would stop it for 2 s."""
    path = tmp_path / "model.py"
    path.write_text(MODEL.format(0))
    source = Source(path, lambda: (scripts.network(path), ()))

    async def work(server):
        changes = [(await session(server, name)) for name in ("one", "two")]
        document, change = changes[1]
        one, two = pages
        for page, (_, start) in zip(pages, changes, strict=True):
            page.screen.on_change(
                "packet", lambda name, old, new, page=page: setattr(page.screen, "drawn", page.sent)
            )
            await start(page._toggle)
        (field,) = two.root.select({"type": TextAreaInput})
        (button,) = [b for b in two.root.select({"type": Button}) if b.label == "save and run"]
        await change(setattr, field, "value", MODEL.format(2))
        before, start = [page.sent for page in pages], time.monotonic()
        for _ in range(2):  # the second click builds nothing
            await change(button._trigger_event, ButtonClick(button))
        await until(lambda: any("earlier network runs on ..." in text for text in texts(document)))
        await until(lambda: len(pages) == 3)
        assert time.monotonic() - start > 2.0
        assert [page.sent - n > 10 for page, n in zip(pages, before, strict=False)] == [True, True]
        assert two.is_closed and not one.is_closed
        await asyncio.sleep(0.3)
        assert len(pages) == 3

    served(work, scripts.network(path), source=source)


def test_a_build_reports_all_of_its_objects():
    net, gate = gated()
    gate.set()
    reports = []
    view.Live(net, backend="numpy", progress=lambda *report: reports.append(report))
    assert reports == sorted(reports)
    assert {total for _, total in reports} == {6} and reports[-1] == (6, 6)
