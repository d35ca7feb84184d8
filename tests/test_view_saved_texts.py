"""Texts of edited models: a page says which one was built, and shows its network and no other's."""

import threading

import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from view_sessions import (
    PATIENCE,
    click,
    field,
    gated,
    kept_pages,
    labels,
    large,
    makers_of,
    network,
    save,
    served,
    session,
    texts,
    until,
)

from nefsim.view.building import Plan
from nefsim.view.graph import Graph


@pytest.fixture(autouse=True)
def pages(monkeypatch):
    """The pages that were made; all are closed at the end."""
    made = kept_pages(monkeypatch)
    yield made
    for page in made:
        page.close()


@pytest.fixture
def models(tmp_path):
    """Functions that make the network of each text, to be filled in, and the source."""
    return makers_of(tmp_path / "model.py")


def test_what_is_typed_during_a_build_stays_in_the_field(models, pages):
    makers, source = models
    net, gate = gated("second")
    makers |= {"1": lambda: net, "2": lambda: network("third")}

    async def work(server):
        document, change = await session(server, "one")
        await save(document, change, "1")
        await change(setattr, field(document), "value_input", "2")
        gate.set()
        await until(lambda: len(pages) == 2)
        await until(lambda: field(document).value == "2")
        assert source.read() == "1" and "not saved yet" in texts(document)
        await click(document, change, "save and run")
        await until(lambda: len(pages) == 3)
        assert labels(pages) == ["first", "second", "third"] and source.read() == "2"

    served(work, network("first"), source=source)


def test_new_pages_have_the_text_that_was_saved_last_not_the_one_built_last(models, pages):
    makers, source = models
    net, gate = gated("second")
    makers |= {"1": lambda: net, "2": lambda: network("third")}

    async def work(server):
        one, two = [await session(server, name) for name in ("one", "two")]
        await save(*one, "1")
        await until(lambda: server._at_stop.__self__._begun[0]._doing == "building the network")
        await click(*two, "load again")
        await save(*two, "2")
        await until(lambda: len(pages) == 3)
        gate.set()
        await until(lambda: len(pages) == 4)
        await session(server, "three")
        assert labels(pages) == ["first", "first", "third", "second", "third"]

    served(work, network("first"), source=source)


def test_a_text_that_is_loaded_during_the_build_of_another_one_can_be_built(models, pages):
    makers, source = models
    inside, gate = threading.Event(), threading.Event()

    def endless():
        inside.set()
        assert gate.wait(PATIENCE)

    makers |= {"1": endless, "2": lambda: network("second")}

    async def work(server):
        document, change = await session(server, "one")
        await save(document, change, "1")
        await until(inside.is_set)
        source.path.write_text("2")  # by another program
        await click(document, change, "load again")
        await click(document, change, "save and run")
        assert "being built already" not in texts(document)
        await until(lambda: len(pages) == 2)
        assert labels(pages) == ["first", "second"] and "Saved and built." in texts(document)
        gate.set()

    served(work, network("first"), source=source)


def test_a_page_says_that_the_text_loaded_during_a_build_is_not_the_one_that_was_built(
    models, pages
):
    makers, source = models
    inside, gate = threading.Event(), threading.Event()

    def slow():
        inside.set()
        assert gate.wait(PATIENCE)
        return network("second")

    makers["1"] = slow

    async def work(server):
        document, change = await session(server, "one")
        await save(document, change, "1")
        await until(inside.is_set)
        source.path.write_text("2")  # by another program
        await click(document, change, "load again")
        gate.set()
        await until(lambda: len(pages) == 2)
        await until(lambda: document.roots == [pages[1].root])
        assert field(document).value == "2" and "Built from an earlier text" in texts(document)

    served(work, network("first"), source=source)


@pytest.mark.parametrize("is_built", [True, False])
def test_a_page_says_that_its_network_is_of_a_text_that_another_page_saved(models, pages, is_built):
    makers, source = models
    inside, gate = threading.Event(), threading.Event()

    def slow():
        inside.set()
        assert gate.wait(PATIENCE)
        return network("slow")

    def last():
        if not is_built:
            raise ValueError("no")
        return network("last")

    makers |= {"1": slow, "3": last}

    async def work(server):
        one, two, three = [await session(server, name) for name in ("one", "two", "three")]
        await save(*one, "1")
        await until(inside.is_set)
        for page, text in ((two, "2"), (three, "3")):  # both wait for their turn
            await click(*page, "load again")
            await save(*page, text)
        gate.set()
        mine = "Saved and built." if is_built else "Saved, but not built"
        await until(lambda: mine in texts(three[0]))
        other = "saved elsewhere after" if is_built else "changed elsewhere, but not built"
        await until(lambda: other in texts(two[0]))
        await until(lambda: "Saved and built." in texts(one[0]))
        assert labels(pages)[3:].count("last") == 2 * is_built

    served(work, network("first"), source=source)


def test_the_source_of_a_large_model_that_cannot_be_built_is_on_its_page(
    monkeypatch, models, pages
):
    large(monkeypatch)
    makers, source = models
    makers["1"] = lambda: network("corrected")

    def fail(report):
        raise ValueError("no")

    async def work(server):
        documents = [await session(server, name) for name in ("one", "two")]
        for document, _ in documents:
            await until(lambda document=document: "Not built: no" in texts(document))
        await save(*documents[1], "1")
        await until(lambda: len(pages) == 1)
        await until(lambda: documents[1][0].roots == [pages[0].root])
        await session(server, "three")
        await until(lambda: len(pages) == 2)
        assert labels(pages) == ["corrected"] * 2

    served(work, Plan(network("first"), fail), source=source)


def test_places_in_the_graph_of_a_network_that_failed_are_not_those_of_another_one(
    monkeypatch, models, pages
):
    large(monkeypatch)
    makers, source = models
    makers["1"] = lambda: network("corrected")

    def fail(report):
        raise ValueError("no")

    async def work(server):
        document, change = await session(server, "one")
        boxes = document.select_one({"name": "graph"}).renderers[0].data_source
        data = {name: [*column] for name, column in boxes.data.items()}
        data["x"] = [x + 3.0 for x in data["x"]]
        await change(setattr, boxes, "data", data)  # as a browser does after a drag
        await until(lambda: "Not built: no" in texts(document))
        await save(document, change, "1")
        await until(lambda: document.roots == [page.root for page in pages] != [])
        assert pages[0].graph.saved() == Graph(makers["1"]()).saved()

    served(work, Plan(network("first"), fail), source=source)
