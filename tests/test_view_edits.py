"""Builds of edited models: pages go on, the newest text counts, and nothing waits for a lock."""

import threading

import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from view_sessions import (
    PATIENCE,
    click,
    gated,
    kept_pages,
    labels,
    makers_of,
    network,
    save,
    served,
    session,
    texts,
    until,
)


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


def test_all_pages_go_on_and_can_be_opened_during_the_build_of_an_edited_model(models, pages):
    makers, source = models
    net, gate = gated("second")
    makers["1"] = lambda: net

    async def work(server):
        changes = [await session(server, name) for name in ("one", "two")]
        for page, (_, change) in zip([*pages], changes, strict=True):
            page.screen.on_change(
                "packet", lambda name, old, new, page=page: setattr(page.screen, "drawn", page.sent)
            )
            await change(page._toggle)
        document, change = changes[1]
        await save(document, change, "1")
        await click(document, change, "save and run")  # builds nothing more
        before = [page.sent for page in pages]
        # A build in the loop, or a page that waits for its lock, would hold the gate shut.
        await until(lambda: all(p.sent > n + 10 for p, n in zip(pages, before, strict=True)))
        await session(server, "three")
        assert labels(pages) == ["first"] * 3 and not gate.is_set()
        assert "being built already" in texts(document) and "this page stays" in texts(document)
        gate.set()
        await until(lambda: len(pages) == 4)
        await until(lambda: document.roots == [pages[3].root])
        assert [page.is_closed for page in pages] == [False, True, False, False]
        await session(server, "four")
        assert labels(pages)[3:] == ["second", "second"]

    served(work, network("first"), source=source)


@pytest.mark.parametrize("where", ["file", "function"])
def test_a_model_that_never_ends_gives_way_to_its_correction(models, pages, where):
    makers, source = models
    net, gate = gated("endless")

    inside = threading.Event()

    def endless():
        if where == "file":
            inside.set()
        assert where == "function" or gate.wait(PATIENCE)
        return net

    makers |= {"1": endless, "2": lambda: network("second")}

    async def work(server):
        builds = server._at_stop.__self__
        document, change = await session(server, "one")
        await save(document, change, "1")
        (earlier,) = builds._begun
        await until(lambda: inside.is_set() or "2 of 6 objects" in earlier.text())
        await save(document, change, "2")
        await until(lambda: len(pages) == 2)
        await until(lambda: document.session_callbacks == [pages[1].ticking])  # looks no more
        assert not gate.is_set() and not earlier.job.is_done
        gate.set()
        await until(lambda: earlier.job.is_done)
        await session(server, "two")
        assert labels(pages) == ["first", "second", "second"]

    served(work, network("first"), source=source)


@pytest.mark.parametrize("is_closed_first", [True, False])
def test_a_model_that_never_ends_gives_way_after_its_page_was_closed(
    models, pages, is_closed_first
):
    makers, source = models
    inside, gate = threading.Event(), threading.Event()

    def endless():
        inside.set()
        assert gate.wait(PATIENCE)
        return network("endless")

    makers |= {"1": endless, "2": lambda: network("second")}

    async def work(server):
        document, change = await session(server, "one")
        await save(document, change, "1")
        await until(inside.is_set)
        (earlier,) = server._at_stop.__self__._begun
        (destroyed,) = document.callbacks.session_destroyed_callbacks
        if is_closed_first:
            destroyed(None)
        await save(*await session(server, "two"), "2")
        if not is_closed_first:  # a server sees some seconds later that a browser is gone
            destroyed(None)
        await until(lambda: len(pages) == 3)
        assert labels(pages) == ["first", "first", "second"] and not earlier.job.is_done
        gate.set()

    served(work, network("first"), source=source)


def test_an_edited_model_that_leaves_python_does_not_end_the_server(models, pages):
    makers, source = models

    def leave():
        raise SystemExit(3)

    makers |= {"1": lambda: network("bad", leave), "2": lambda: network("second")}

    async def work(server):
        document, change = await session(server, "one")
        await save(document, change, "1")
        await until(lambda: "SystemExit: 3" in texts(document))
        assert not pages[0].is_closed
        await save(document, change, "2")
        await until(lambda: len(pages) == 2)

    served(work, network("first"), source=source)


def test_a_session_that_ends_during_a_build_has_no_page_but_later_ones_have_the_model(
    models, pages
):
    makers, source = models
    net, gate = gated("second")
    makers["1"] = lambda: net

    async def work(server):
        document, change = await session(server, "one")
        await save(document, change, "1")
        (build,) = server._at_stop.__self__._begun
        (destroyed,) = document.callbacks.session_destroyed_callbacks
        destroyed(None)
        gate.set()
        await until(lambda: build.job.is_done)
        assert build.job.take() is None and len(build._ready) == 1  # for the next page
        await session(server, "two")
        assert labels(pages) == ["first", "second"]

    served(work, network("first"), source=source)


def test_two_pages_run_the_file_one_after_the_other(models, pages):
    makers, source = models
    inside, both = [], threading.Event()

    def made():
        inside.append(1)
        if len(inside) == 2:
            both.set()
        both.wait(1)  # ends sooner only if the other page is here, too
        inside.pop()
        return network("next")

    makers |= {"1": made, "2": made}

    async def work(server):
        one, two = [await session(server, name) for name in ("one", "two")]
        await save(*one, "1")
        await click(*two, "load again")
        await save(*two, "2")
        await until(lambda: len(pages) == 4)
        assert not both.is_set()

    served(work, network("first"), source=source)
