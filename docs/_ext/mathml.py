"""Formulas as MathML, which browsers draw without a script or a font from another host."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

log = logging.getLogger(__name__)


def mathml(latex: str, display: str, node: nodes.Element) -> str:
    """A formula as an element ``math``; one that cannot be converted is a warning."""
    try:
        return convert(latex, display=display)
    except Exception as error:  # the converter has errors of many kinds
        log.warning("formula %r: %s", latex, error, location=node)
        return ""


def aligned(latex: str) -> str:
    """A formula with several lines or columns in the environment that they need."""
    needs = ("\\\\" in latex or "&" in latex) and "\\begin{" not in latex
    return rf"\begin{{aligned}}{latex}\end{{aligned}}" if needs else latex


def visit_inline(self: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    self.body.append(mathml(node.astext(), "inline", node))
    raise nodes.SkipNode


def visit_block(self: Any, node: nodes.math_block) -> None:
    """Write a formula in a line of its own, with its number if it has a label."""
    self.body.append(self.starttag(node, "div", CLASS="formula"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({node["number"]})</span>')
    self.body.append(mathml(aligned(node.astext()), "block", node))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer ``mathml``."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
