"""The page in a real browser: it moves, says nothing on the console, and shows labels as text."""

import asyncio
import json
import re
import sys

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from bokeh.models import TextAreaInput
from browser import CHROMIUM, WALK, Browser, until

import nefsim as nef
from nefsim import scripts, view
from nefsim.view.page import AHEAD

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

#: Names of the canvases for screen readers.
PICTURES = f"""(() => {{ const found = [];
  {WALK}(e => {{ if (e.matches('canvas[role=img]')) found.push(e.ariaLabel); }});
  return found; }})()"""

#: Texts of the page with the ratio of their contrast to the colour behind them.
CONTRASTS = f"""(() => {{
  const found = [];
  const light = (c) => {{ const [r, g, b] = c.map((v) => {{
    v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }});
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; }};
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (e) => {{
    for (let at = e; at; at = at.parentElement ?? at.getRootNode().host) {{
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) {{ return colour.slice(0, 3); }}
    }}
    return [255, 255, 255]; }};
  {WALK}(e => {{
    const text = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim());
    if (text.join('') && e.checkVisibility() && !e.matches('style, script, title')) {{
      const ink = light(numbers(getComputedStyle(e).color).slice(0, 3)), back = light(behind(e));
      const ratio = (Math.max(ink, back) + 0.05) / (Math.min(ink, back) + 0.05);
      found.push([text.join(''), ratio]);
    }} }});
  return found; }})()"""

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


def shown(monkeypatch, work, **options):
    """Do some work with a browser that shows a page, and the pages as its server has them."""
    pages = []

    def kept(*arguments, **options):
        pages.append(view.Page(*arguments, **options))
        return pages[-1]

    module = sys.modules[view.server.__module__]
    monkeypatch.setattr("nefsim.view.tab.Page", kept)
    # A browser of a busy machine may connect so late that it would get another page.
    monkeypatch.setattr(module, "LINGER", 300_000)

    async def main():
        server = view.server(network(), 0, **options)
        try:
            async with Browser() as browser:
                await browser.open(server.url)
                await until(lambda: browser.texts("canvas"), 120)
                await until(lambda: browser.ask("Bokeh.documents[0].is_idle"), 120)
                await work(browser, pages if options else pages[0])
        finally:
            server.stop()
            await server._http.close_all_connections()

    asyncio.run(main())


def centre(page, label):
    """The place of a box of the graph in the browser [pixels], as an expression."""
    box = next(
        b
        for b in page.graph.boxes
        if (b.kind != "node" and b.label.startswith(label)) or b.label == label
    )
    return f"""(() => {{
      const model = Bokeh.documents[0].get_model_by_name('graph');
      const view = Bokeh.index.find_one_by_id(model.id);
      const at = view.el.getBoundingClientRect(), frame = view.frame;
      return [at.left + frame.x_scale.compute({box.x}),
              at.top + frame.y_scale.compute({box.y})];
    }})()"""


async def mouse(browser, place, *kinds):
    """Send events of the mouse at a place."""
    for kind in kinds:
        button = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
        options = {**button, "buttons": int(kind == "mousePressed")}
        await browser.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], **options)


async def drag(browser, start, by):
    """Drag the mouse from a place to another one in small steps."""
    await mouse(browser, start, "mouseMoved", "mousePressed")
    held = {"type": "mouseMoved", "button": "left", "buttons": 1}
    for k in range(1, 9):
        place = {"x": start[0] + k * by / 8, "y": start[1]}
        await browser.call("Input.dispatchMouseEvent", **held, **place)
        await asyncio.sleep(0.05)
    await mouse(browser, (start[0] + by, start[1]), "mouseReleased")


async def clock(browser):
    """Model time that the browser shows [s]."""
    texts = await browser.texts("div")
    return next(float(t.split()[0]) for t in texts if re.fullmatch(r"[\d.]+ s(, .* real time)?", t))


async def stopped(browser, page):
    """Pause, and wait until nothing more is under way."""
    await browser.click("pause")
    await until(lambda: not page.playing, 60)
    await until(lambda: page.screen.drawn == page.sent, 60)


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
        pictures = await browser.ask(PICTURES)
        assert any(label.startswith(f"{LABEL}, decoded value") for label in pictures)

    shown(monkeypatch, work)


def test_a_slow_browser_shows_the_present_state_of_the_run(monkeypatch):
    async def work(browser, page):
        await browser.call("Emulation.setCPUThrottlingRate", rate=10)
        await browser.click("run")
        behind = []

        def has_drawn_some():
            behind.append(page.sent - page.screen.drawn)
            return page.screen.drawn > 5

        await until(has_drawn_some, 120)
        assert 1 <= max(behind) <= AHEAD and page.now > 0.0
        await browser.call("Emulation.setCPUThrottlingRate", rate=1)
        await stopped(browser, page)

    shown(monkeypatch, work)


def test_a_box_is_clicked_on_a_plot_added_and_removed_and_a_box_dragged(monkeypatch):
    async def work(browser, page):
        place = await browser.ask(centre(page, "wave"))
        await mouse(browser, place, "mouseMoved", "mousePressed", "mouseReleased")
        await until(lambda: page.inspector.thing is not None, 60)
        assert page.inspector.thing.label == "wave"
        n = len(page.panels)
        await until(lambda: browser.texts("button"), 60)

        async def is_there():
            return "+ x-y" in await browser.texts("button")

        await until(is_there, 60)
        await browser.click("+ x-y")
        await until(lambda: len(page.panels) == n + 1, 60)
        await browser.click("run")
        await until(lambda: page.now > 0.3 and page.panels[-1].drawn, 120)
        await browser.click("set by hand")
        await until(lambda: len(page.live.inputs) == 2, 60)
        await stopped(browser, page)
        before = {box.label: box.x for box in page.graph.boxes}
        await drag(browser, await browser.ask(centre(page, "b")), 40)
        await until(lambda: page.graph.saved()["places"], 60)
        after = {box.label: box.x for box in page.graph.boxes}
        assert [*page.graph.saved()["places"]] == ["ensemble 1"]
        assert after["b"] > before["b"] and after["wave"] == before["wave"]

        async def is_chosen():
            if isinstance(page.inspector.thing, tuple):
                return True
            places = await browser.ask(f"[{centre(page, 'wave')}, {centre(page, '<')}]")
            middle = [sum(each) / 2 for each in zip(*places, strict=True)]
            await mouse(browser, middle, "mouseMoved", "mousePressed", "mouseReleased")
            await asyncio.sleep(2.0)  # the wire may have been elsewhere: the graph is drawn again
            return isinstance(page.inspector.thing, tuple)

        await until(is_chosen, 60)
        assert [c.pre.label for c in page.inspector.thing] == ["wave"]
        assert browser.said == []

    shown(monkeypatch, work)


def test_a_step_and_a_look_back_are_seen_in_the_browser(monkeypatch):
    async def work(browser, page):
        await browser.click("one step")
        await until(lambda: page.now > 0.0, 60)
        assert page.live.simulator.n_steps == 1
        await browser.click("run")
        await until(lambda: page.now > 1.0, 120)
        await stopped(browser, page)
        back = "[...Bokeh.documents[0]._all_models.values()].find(m => m.title == 'look back [s]')"
        await browser.ask(f"{back}.value = 0.5")
        plot = page.panels[0].plot
        await until(lambda: abs(plot.x[1] - max(page.now - 0.5, plot.window)) < 1e-6, 60)
        assert browser.said == []

    shown(monkeypatch, work)


def test_the_model_is_edited_in_the_browser(monkeypatch, tmp_path):
    path = tmp_path / "model.py"
    path.write_text("import nefsim as nef\nnet = nef.Network(seed=1, label='first')\n")

    async def work(browser, pages):
        await browser.click("edit the model")
        field = f"(() => {{ let found; {WALK}(e => {{ if (e.matches('textarea')) found = e; }});"
        await until(lambda: browser.ask(f"{field} return found != null; }})()"), 60)
        text = "import nefsim as nef\nnet = nef.Network(seed=1)\nnet.ensemble(9, 1, label='new')\n"
        # Each key arrives, also before the field loses the focus.
        key = "found.value = '# typed'; found.dispatchEvent(new Event('input', {bubbles: true}));"
        await browser.ask(f"{field} {key} }})()")
        (sheet,) = pages[0].root.select({"type": TextAreaInput})
        await until(lambda: sheet.value_input == "# typed", 60)
        change = "found.dispatchEvent(new Event('change', {bubbles: true}));"
        await browser.ask(f"{field} found.value = {json.dumps(text)}; {change} }})()")
        await browser.ask("""(() => {
          self.models = [...Bokeh.documents[0]._all_models.values()];
          self.old = self.models.find((model) => model.painter !== undefined);
          self.painter = self.old.painter; })()""")
        assert not await browser.ask("painter.end.signal.aborted")
        await browser.click("save and run")
        await until(lambda: len(pages) == 2, 60)
        assert path.read_text() == text
        await until(lambda: pages[1].screen.starts, 60)  # the new page has a painter
        await browser.click("run")
        await until(lambda: pages[1].screen.drawn > 5, 120)
        await stopped(browser, pages[1])
        assert any(label.startswith("new") for label in await browser.ask(PICTURES))
        # The painter of the first page has ended, and polls no longer.
        await until(lambda: browser.ask("painter.end.signal.aborted"), 60)
        assert await browser.ask("[old.painter == null, painter.plots.size]") == [True, 0]
        assert browser.said == []

    source = view.Source(path, lambda: (scripts.network(path), ()))
    shown(monkeypatch, work, source=source)


def test_a_plot_that_fails_does_not_stop_the_others(monkeypatch):
    async def work(browser, page):
        models = "[...Bokeh.documents[0]._all_models.values()]"
        painter = f"{models}.find(m => m.painter !== undefined).painter"
        bad, good = (panel.plot.figure.id for panel in page.panels[:2])
        await until(lambda: browser.ask(f"{painter}.plots.size >= 2"), 60)
        await browser.ask(f"{painter}.plots.get('{bad}').times = null")
        await browser.ask(f"{painter}.plots.get('{good}').is_dirty = true")
        # Its ticks are at numbers whose successors are the same.
        await browser.ask(f"{painter}.plots.get('{good}').y = [2 ** 60, 2 ** 60 + 256]")
        await browser.ask(f"{painter}.plots.get('{bad}').is_dirty = true")
        is_drawn = f"({painter}.draw(), !{painter}.plots.get('{good}').is_dirty)"
        await until(lambda: browser.ask(is_drawn), 60)  # its canvas may not be laid out yet
        await browser.click("run")
        await until(lambda: page.screen.drawn > 5, 120)
        await stopped(browser, page)

    shown(monkeypatch, work)


def test_plots_are_painted_and_those_below_the_screen_as_soon_as_they_are_seen(monkeypatch):
    async def work(browser, page):
        await browser.call(
            "Emulation.setDeviceMetricsOverride",
            width=1280,
            height=300,
            deviceScaleFactor=1,
            mobile=False,
        )
        await until(lambda: 0 < len(page.screen.seen) < len(page.panels), 60)
        await browser.click("run")
        await until(lambda: page.now > 0.5, 120)
        await stopped(browser, page)
        below = page.panels[-1]
        assert below.drawn != page.now
        place = f"Bokeh.index.find_one_by_id('{below.plot.figure.id}').el"
        await browser.ask(f"{place}.scrollIntoView()")
        await until(lambda: below.drawn == page.now, 60)  # although the run is paused
        await until(lambda: page.screen.drawn == page.sent, 60)
        inked = f"""(() => {{
          const canvas = {place}.shadowRoot.querySelector('canvas');
          const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          let n = 0;
          for (let i = 0; i < d.length; i += 4) {{ n += d[i] < 200; }}
          return n; }})()"""
        assert await browser.ask(inked) > 1000
        assert browser.said == []

    shown(monkeypatch, work)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_of_the_page_can_be_read_in_light_and_dark(monkeypatch, scheme):
    """Texts have a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""

    async def work(browser, page):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await browser.call("Emulation.setEmulatedMedia", features=[feature])
        await browser.ask("new Promise(r => requestAnimationFrame(() => setTimeout(r, 300)))")
        found = await browser.ask(CONTRASTS)
        found = [(text, ratio) for text, ratio in found if re.search(r"\w", text)]
        assert len(found) > 5
        assert {text: ratio for text, ratio in found if ratio < 4.5} == {}
        names = await browser.ask(
            f"""(() => {{ const bare = [];
            {WALK}(e => {{ if (e.matches('canvas[role=img], iframe') && !e.ariaLabel) {{
              bare.push(e.outerHTML); }} }}); return bare; }})()"""
        )
        assert names == []

    shown(monkeypatch, work)


def test_a_recorded_run_plays_in_the_browser_without_a_server(tmp_path):
    net = network()
    net.probe(net.ensembles[0], synapse=0.02, label="decoded")
    net.probe(net.ensembles[0].neurons, label="fired")
    sim = nef.Simulator(net, progress=False)
    sim.run(1.0)
    path = view.save_html(sim, tmp_path / "run", window=0.2)
    models = "[...Bokeh.documents[0]._all_models.values()]"
    painter = f"{models}.find(m => m.painter !== undefined)?.painter"

    async def main():
        async with Browser() as browser:
            await browser.open(path.as_uri())
            await until(
                lambda: browser.ask(f"self.Bokeh?.documents?.length && {painter} != null"), 60
            )
            await until(lambda: browser.ask(f"{painter}.screen.drawn"), 60)
            plots = f"[...{painter}.plots.values()]"
            assert await browser.ask(f"{plots}.map(p => p.x)") == [[0.8, 1.0]] * 2
            assert await browser.ask(f"{plots}[0].times.length") == 1000
            await browser.ask(f"{models}.find(m => m.title === 'time [s]').value = 0.5")
            axes = await browser.ask(f"{plots}.map(p => p.x)")
            np.testing.assert_allclose(axes, [[0.3, 0.5]] * 2)
            assert await browser.ask(f"{plots}.every(p => !p.counts || p.counts.some(c => c > 0))")
            assert any("x0 " in label for label in await browser.ask(PICTURES))
            assert browser.said == []

    asyncio.run(main())
