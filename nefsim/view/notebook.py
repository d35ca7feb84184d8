"""A running network in a cell of a notebook."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from bokeh import __version__
from bokeh.resources import Resources

from nefsim import _checks as check
from nefsim._extras import require
from nefsim.network import Network
from nefsim.spa import Vocabulary
from nefsim.view.live import Live
from nefsim.view.page import PERIOD, Page

#: The kind of outputs that notebooks run; JupyterLab does so without its kind for Bokeh, too.
SCRIPT = "application/javascript"

#: Loads the scripts of Bokeh into the page of a notebook that has none; it retains other versions.
LOAD = """{
  const wanted = %s;
  if (self.Bokeh == null) {
    for (const text of %s) {
      const script = document.createElement("script");
      script.textContent = text;
      document.head.append(script);
    }
  } else if (self.Bokeh.version !== wanted) {
    console.warn(`nefsim: this page has Bokeh ${self.Bokeh.version}, its kernel ${wanted}; ` +
      "if plots are missing, close other notebooks and load the page again");
  }
}"""


def widget(
    net: Network,
    window: float = 2.0,
    dt: float = 0.001,
    backend: str = "auto",
    show: Sequence[str] | None = None,
    vocabularies: Sequence[Vocabulary] = (),
) -> Any:
    """Show a running network in a cell of a notebook, with its graph, plots and sliders.

    The page is that of :func:`server`.  It uses the connection of the notebook to its kernel, and
    opens no port.  It works where widgets of ipywidgets do, such as JupyterLab and VS Code.  The
    kernel sends the scripts of Bokeh (1.7 MB) with it, which become part of the output.

    Parameters
    ----------
    net : Network
        The network to run; it is not changed.
    window : float [s]
        Length of the time axis of the plots.
    dt, backend, show, vocabularies
        As for :class:`~nefsim.view.Live`.

    Returns
    -------
    jupyter_bokeh.BokehModel
        A widget with an attribute ``page``; ``close()`` ends the run.

    Raises
    ------
    BackendUnavailable
        If jupyter_bokeh is not installed.
    TypeError, ValueError
        As for :class:`~nefsim.view.Live`.

    See Also
    --------
    server : The same in a separate page.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim import view
    >>> net = nef.Network(seed=1)
    >>> c = net.connect(net.node(0.5), net.ensemble(50, 1))
    >>> view.widget(net)  # doctest: +SKIP
    BokehModel(...)
    """
    seconds = check.positive("widget", "window", window, "pass seconds above 0")
    live = Live(net, dt, backend, show, vocabularies)
    require("nefsim.view.widget", "notebook")
    from jupyter_bokeh import BokehModel

    _load_scripts()
    page = Page(live, seconds, threaded=True)

    class Widget(BokehModel):  # type: ignore[misc]
        """A page in a notebook; closing it ends the run."""

        def close(self) -> None:
            """Remove the page, and end the run."""
            if not page.is_closed:  # Python calls it again
                page.close()
                super().close()

    made = Widget(page.root, combine_events=True)
    made.page = page
    _keep_ticking(page)
    return made


def _load_scripts() -> None:
    """Let the page of a notebook have Bokeh's scripts, of which jupyter_bokeh brings none."""
    kernel = sys.modules.get("IPython")
    if kernel is not None and kernel.get_ipython() is not None:
        components: Any = ["bokeh", "bokeh-widgets"]
        texts = Resources(mode="inline", components=components).js_raw
        code = LOAD % (json.dumps(__version__), json.dumps(texts).replace("</", "<\\/"))
        kernel.display.publish_display_data({SCRIPT: code})


def _keep_ticking(page: Page) -> None:
    """Call a page's ``tick`` from the event loop of the kernel until the page is closed."""

    async def tick() -> None:
        while not page.is_closed:
            try:
                page.tick()
            except Exception:  # of a user's function; the page shows it, and can go on
                if page.playing:
                    raise
            await asyncio.sleep(PERIOD)

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # not in a notebook
        return
    page.ticking = loop.create_task(tick())
