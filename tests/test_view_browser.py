"""The page in a real browser: it moves, says nothing on the console, and shows labels as text."""

import asyncio
import re
import sys

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from browser import CHROMIUM, Browser, until

import nefsim as nef
from nefsim import view
from nefsim.view.pace import MOST_LATE
from nefsim.view.page import AHEAD

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

LABEL = "<img src=x onerror=self.hurt=1> $$x$$ \\(y\\)"


def network():
    net = nef.Network(seed=1, label=LABEL)
    knob = net.node(0.3, label=LABEL)
    wave = net.node(lambda t: [np.sin(6 * t), np.cos(6 * t)], label="wave")
    a = net.ensemble(150, 2, label=LABEL)
    b = net.ensemble(50, 1, label="b")
    net.connect(wave, a)
    net.connect(knob, b)
    return net


def shown(monkeypatch, work):
    """Do some work with a browser that shows a page, and the page as its server has it."""
    pages, add_page = [], view.add_page

    def kept(*arguments):
        pages.append(add_page(*arguments))

    monkeypatch.setattr(sys.modules[view.server.__module__], "add_page", kept)

    async def main():
        server = view.server(network(), 0)
        try:
            async with Browser() as browser:
                await browser.open(server.url)
                await until(lambda: browser.texts("canvas"), 120)
                await until(lambda: browser.ask("Bokeh.documents[0].is_idle"), 120)
                await work(browser, pages[0])
        finally:
            server.stop()
            await server._http.close_all_connections()

    asyncio.run(main())


async def clock(browser):
    """Model time that the browser shows [s]."""
    texts = await browser.texts("div")
    return next(float(t.split()[0]) for t in texts if re.fullmatch(r"[\d.]+ s(, .* real time)?", t))


async def stopped(browser, page):
    """Pause, and wait until nothing more is under way."""
    await browser.click("pause")
    await until(lambda: not page.playing, 60)
    await until(lambda: page.beat.drawn == page.beat.sent, 60)


def test_the_page_runs_without_errors_in_the_browser(monkeypatch):
    async def work(browser, page):
        await browser.click("run")
        await until(lambda: page.now > 1.0, 120)
        models = "[...Bokeh.documents[0]._all_models.values()]"
        slider = f"{models}.find(m => m.type == 'Slider' && m.title.startsWith('<img'))"
        await browser.ask(f"{slider}.value = -0.5")
        (values,) = page.live.inputs.values()
        await until(lambda: values.tolist() == [-0.5], 60)
        await stopped(browser, page)
        assert await clock(browser) == pytest.approx(page.now, abs=0.006)  # two decimals
        assert browser.said == []

    shown(monkeypatch, work)


def test_labels_are_text_in_the_browser(monkeypatch):
    async def work(browser, page):
        assert await browser.ask("self.hurt") is None
        assert await browser.texts("img") == []
        titles = [text.replace("\u2060", "") for text in await browser.texts(".bk-slider-title")]
        assert f"{LABEL}: 0.30" in titles

    shown(monkeypatch, work)


def test_a_slow_browser_shows_the_present_state_of_the_run(monkeypatch):
    async def work(browser, page):
        await browser.call("Emulation.setCPUThrottlingRate", rate=10)
        await browser.click("run")
        await until(lambda: page.beat.drawn > 12, 120)
        seen = await clock(browser)
        ahead = page.now - seen
        # The piece that is being drawn, and the steps of the run during the request.
        assert ahead <= (AHEAD + 2) * MOST_LATE
        await browser.call("Emulation.setCPUThrottlingRate", rate=1)
        await stopped(browser, page)

    shown(monkeypatch, work)
