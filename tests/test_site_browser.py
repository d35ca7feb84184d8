"""Pages of the site in a real browser: wide and narrow, light and dark, and the search."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("tornado", reason="the browser is driven over Tornado's websocket")

from browser import CHROMIUM, Browser, until

SITE = os.environ.get("NEFSIM_SITE")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
    pytest.mark.skipif(SITE is None, reason="NEFSIM_SITE names no folder with the site"),
]

#: A page of each kind.
PAGES = (
    *("docs/index", "docs/learn", "docs/questions", "docs/from-snntorch", "docs/reproductions"),
    *("docs/gallery/index", "docs/gallery/square", "docs/theory/transformation"),
    *("notebooks/07_surrogate_gradients", "course/assignment_1", "docs/reference/nefsim.LIF"),
)

#: Brightness of text and of the background behind it, from 0 to 1, for the first paragraph.
BRIGHTNESS = """
(() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
  };
  const text = document.querySelector('article p, article li');
  const background = e => getComputedStyle(e).backgroundColor;
  let behind = text;
  while (behind.parentElement && /, 0\\)|transparent/.test(background(behind)))
    behind = behind.parentElement;
  return [light(getComputedStyle(text).color), light(background(behind))];
})()
"""

#: Names of pictures that did not load.
MISSING = "[...document.images].filter(e => e.complete && !e.naturalWidth).map(e => e.src)"


def address(page: str) -> str:
    assert SITE is not None
    return Path(SITE, f"{page}.html").resolve().as_uri()


async def show(browser: Browser, page: str, mode: str) -> None:
    """Open a page in the light or the dark theme, as a reader's system asks for it."""
    features = [{"name": "prefers-color-scheme", "value": mode}]
    await browser.call("Emulation.setEmulatedMedia", features=features)
    await browser.open(address(page))
    await until(lambda: browser.ask("document.readyState === 'complete'"), 60)


@pytest.mark.parametrize("width", [1280, 400])
def test_pages_fit_and_are_readable_in_both_themes(width: int) -> None:
    async def main() -> None:
        async with Browser(width, 900) as browser:
            metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
            await browser.call("Emulation.setDeviceMetricsOverride", **metrics)
            for page in PAGES:
                for mode in ("light", "dark"):
                    await show(browser, page, mode)
                    wide = await browser.ask("document.documentElement.scrollWidth")
                    assert wide <= width, (page, mode, wide)
                    text, behind = await browser.ask(BRIGHTNESS)
                    is_dark = behind < 0.2 and text > 0.6
                    is_light = behind > 0.9 and text < 0.4
                    assert is_dark if mode == "dark" else is_light, (page, mode, text, behind)
                    assert await browser.ask(MISSING) == [], page
            assert browser.said == []

    asyncio.run(main())


def test_the_search_finds_pages_without_a_network() -> None:
    async def main() -> None:
        async with Browser() as browser:
            await browser.call("Network.enable")
            offline = {"offline": True, "latency": 0, "downloadThroughput": 0}
            await browser.call("Network.emulateNetworkConditions", **offline, uploadThroughput=0)
            for words, page in (
                ("integrator", "13_integrators"),
                ("surrogate gradient", "07_surrogate_gradients"),
                ("how many neurons", "theory/noise"),
                ("learning rate", "theory/learning"),
            ):
                await browser.open(f"{address('search')}?q={words.replace(' ', '+')}")
                found = f"document.querySelector('#search-results li a[href*=\"{page}\"]') !== null"
                await until(partial(browser.ask, found), 60)

    asyncio.run(main())
