"""Watch a network run in the browser, and turn its inputs by hand.

Needs the extra ``view``: ``pip install bokeh``.
"""

from nefsim.view import _package  # noqa: F401  (says what to install, before all else)
from nefsim.view.live import Live, Piece
from nefsim.view.page import Page, add_page
from nefsim.view.server import server

__all__ = ["Live", "Page", "Piece", "add_page", "server"]
