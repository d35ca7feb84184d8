"""Code of the pages: the Python blocks of a page, and a run of them one after the other."""

from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path

DOCS = Path(__file__).parent.parent

#: Pages whose code is executed by the tests, with the optional packages that they need.
FOLDERS = ("", "how-to", "theory")


def blocks(page: Path) -> list[tuple[int, str]]:
    """Line numbers and texts of the blocks of Python of a page."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [(text[: match.start(1)].count("\n"), match[1]) for match in found]


def run(page: Path, folder: Path) -> dict[str, object]:
    """Execute the blocks of a page in a folder, and return the names that they define."""
    names: dict[str, object] = {"__name__": "__main__"}
    here = Path.cwd()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for line, text in blocks(page):
                # Errors then name the line of the page.
                exec(compile("\n" * line + text, str(page), "exec"), names)
    finally:
        os.chdir(here)
    return names
