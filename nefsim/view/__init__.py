"""Show a running network in the browser, with sliders for its inputs.

>>> import nefsim as nef
>>> from nefsim import view
>>> net = nef.Network(seed=1)
>>> c = net.connect(net.node(0.5, label="knob"), net.ensemble(50, 1, label="a"))
>>> server = view.server(net, port=0)
>>> server.url.startswith("http://127.0.0.1:")
True
>>> server.stop()

Call ``server.run_until_shutdown()`` to serve the page until Ctrl-C.  The address of the page
contains a secret token, so that other users and other pages in the browser have no access.

Needs the extra ``view``: ``pip install bokeh``.
"""

from nefsim.view import _package  # noqa: F401  (first, as it raises where Bokeh is missing)
from nefsim.view.building import Plan
from nefsim.view.editor import Source
from nefsim.view.live import Live
from nefsim.view.notebook import widget
from nefsim.view.page import Page, add_page
from nefsim.view.recording import record, save_html
from nefsim.view.server import Server, server
from nefsim.view.taps import Piece

__all__ = [
    "Live",
    "Page",
    "Piece",
    "Plan",
    "Server",
    "Source",
    "add_page",
    "record",
    "save_html",
    "server",
    "widget",
]
