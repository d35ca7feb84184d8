"""Watch a network run in the browser, and turn its inputs by hand.

>>> import nefsim as nef
>>> from nefsim import view
>>> net = nef.Network(seed=1)
>>> c = net.connect(net.node(0.5, label="knob"), net.ensemble(50, 1, label="a"))
>>> made = view.server(net, port=0)
>>> made.url.startswith("http://127.0.0.1:")
True
>>> made.stop()

``made.run_until_shutdown()`` would serve the page until Ctrl-C.  Whoever opens it needs the
token in its address, so that other users and other pages of the machine stay out.

Needs the extra ``view``: ``pip install bokeh``.
"""

from nefsim.view import _package  # noqa: F401  (says what to install, before all else)
from nefsim.view.live import Live, Piece
from nefsim.view.page import Page, add_page
from nefsim.view.server import Server, server

__all__ = ["Live", "Page", "Piece", "Server", "add_page", "server"]
