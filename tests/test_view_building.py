"""Large networks: the page shows the graph before the build, and other pages go on during it."""

import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from browser import CHROMIUM, Browser
from browser import until as seen
from view_sessions import gated, kept_pages, large, network, served, session, texts, until

import nefsim as nef
from nefsim import view
from nefsim.view.building import Builds, Plan
from nefsim.view.jobs import Dropped


@pytest.fixture(autouse=True)
def pages(monkeypatch):
    """The pages that were made; all are closed at the end."""
    made = kept_pages(monkeypatch)
    yield made
    for page in made:
        page.close()


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
        await until(lambda: "2 of 6 objects" in texts(document))
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
        await until(lambda: "Not built: " in texts(document))
        assert not pages and "finite" in texts(document)
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


def counted(net, error=None):
    """A plan, and the list to which each build of it adds one."""
    n_builds = []

    def make(report):
        n_builds.append(1)
        if error is not None:
            raise error
        return net

    return Plan(net, make), n_builds


def test_all_pages_wait_for_one_build_and_one_that_was_closed_makes_no_run(monkeypatch, pages):
    large(monkeypatch)
    runs = []

    class Counted(view.Live):
        def __init__(self, *arguments):
            runs.append(1)
            super().__init__(*arguments)

    monkeypatch.setattr("nefsim.view.building.Live", Counted)
    net, gate = gated()
    plan, n_builds = counted(net)

    async def work(server):
        documents = [(await session(server, str(i)))[0] for i in range(4)]
        for document in documents[1:3]:  # as if their browsers were gone
            (destroyed,) = document.callbacks.session_destroyed_callbacks
            destroyed(None)
        gate.set()
        await until(lambda: len(pages) == 2)
        assert len(n_builds) == 1 and len(runs) == 2

    served(work, plan)


@pytest.mark.parametrize("error", [ValueError("<no>"), SystemExit("<no>")])
def test_the_error_of_a_large_build_is_on_each_page_but_it_is_built_once(
    monkeypatch, pages, error, capsys
):
    large(monkeypatch)
    plan, n_builds = counted(network("bad"), error)

    async def work(server):
        for name in ("one", "two"):
            document, _ = await session(server, name)
            await until(lambda document=document: "&lt;no&gt;" in texts(document))
        assert len(n_builds) == 1 and not pages

    served(work, plan)
    assert "<no>" in capsys.readouterr().err


def test_ctrl_c_while_the_page_of_a_large_network_is_made_ends_the_server(monkeypatch):
    large(monkeypatch)

    def stopped(*arguments, **options):
        raise KeyboardInterrupt

    async def work(server):
        document, _ = await session(server, "one")
        await until(lambda: "Not built" in texts(document))

    monkeypatch.setattr("nefsim.view.tab.Page", stopped)
    with pytest.raises(KeyboardInterrupt):
        served(work, network("a"))


def test_a_build_ends_with_its_server(monkeypatch):
    large(monkeypatch)
    net, gate = gated()

    async def work(server):
        build = server._at_stop.__self__.present
        await until(lambda: "2 of 6 objects" in build.text())  # the function is next
        return build.job

    job = served(work, net)
    gate.set()
    job.join()
    assert isinstance(job.error, Dropped)


@pytest.mark.parametrize(("sizes", "is_large"), [([3999] * 5, False), ([4000], True)])
def test_one_population_of_4000_neurons_is_large(sizes, is_large):
    net = nef.Network(seed=1)
    for n_neurons in sizes:
        net.ensemble(n_neurons, 1)
    plan = Plan(net, lambda report: net)
    assert Builds(plan, 0.001, "numpy", None, ()).present.is_large is is_large


def test_a_build_reports_all_of_its_objects():
    net, gate = gated()
    gate.set()
    reports = []
    view.Live(net, backend="numpy", progress=lambda *report: reports.append(report))
    assert reports == sorted(reports)
    assert {total for _, total in reports} == {6} and reports[-1] == (6, 6)
