"""Pictures of the pages, made by the code of the same pages before they are read."""

from __future__ import annotations

import re
from pathlib import Path

import pages
from sphinx.application import Sphinx

#: Folder of the pictures; pages show them from it and their code saves them by name alone.
FOLDER = pages.DOCS / "pictures"


def wanted(page: Path) -> list[Path]:
    """Files in the folder of pictures that a page shows."""
    return [FOLDER / name for name in re.findall(r"\]\([./]*pictures/(\S+?)\)", page.read_text())]


def draw(app: Sphinx) -> None:
    """Run the pages whose pictures are missing or older than the page."""
    import matplotlib.pyplot

    matplotlib.use("agg")
    for page in sorted(pages.DOCS.rglob("*.md")):
        files = wanted(page)
        age = page.stat().st_mtime
        if any(not file.exists() or file.stat().st_mtime < age for file in files):
            matplotlib.pyplot.close("all")
            pages.run(page, FOLDER)


def setup(app: Sphinx) -> dict[str, bool]:
    """Draw the pictures before the pages are read."""
    app.connect("builder-inited", draw, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
