"""Answers of lessons are folded, and so are the checks at their end: the reader opens them."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

#: Titles of sections that are folded, and the text by which they are opened.
FOLDED = {
    "Answers": "Show the answers",
    "What this notebook claims": "Show the numbers of the text as conditions, which a test checks",
}


def fold(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the content of these sections, below their titles, into elements that can be opened."""
    if not docname.startswith("notebooks/"):
        return
    for section in list(doctree.findall(nodes.section)):
        text = FOLDED.get(section[0].astext())
        if text:
            opening = f'<details class="folded"><summary>{text}</summary>'
            section.insert(1, nodes.raw("", opening, format="html"))
            section.append(nodes.raw("", "</details>", format="html"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Fold when the pages are written."""
    app.connect("doctree-resolved", fold)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
