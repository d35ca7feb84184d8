"""The page that a browser shows, which an editor can replace by that of another network."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nefsim.scripts import one_line
from nefsim.view.building import Job, Runs
from nefsim.view.editor import Editor, Source
from nefsim.view.live import Live
from nefsim.view.page import Page, show
from nefsim.view.waiting import Waiting

#: Interval at which a page looks whether its network is built [ms].
LOOK = 200


class Tab:
    """The present page of a document; it ends with the session of its browser.

    Parameters
    ----------
    document : bokeh.document.Document
        The document.
    window : float [s]
        Length of the time axis of the plots.
    file : Path or None
        The file in which layouts are saved.
    source : Source or None
        The file of the model, if it can be edited.
    runs : Runs
        The runs of the network.
    """

    def __init__(
        self, document: Any, window: float, file: Path | None, source: Source | None, runs: Runs
    ) -> None:
        self._document, self._window, self._file = document, window, file
        self._source, self._runs = source, runs
        self._page: Page | None = None
        self._waiting: Waiting | None = None
        self._editor: Editor | None = None
        self._is_closed = False
        document.on_session_destroyed(lambda context: self.close())

    def open(self, layout: dict[str, Any] | None) -> None:
        """Show a run of the network, or its graph until it is built.

        Parameters
        ----------
        layout : dict or None
            A layout of :meth:`~nefsim.view.Page.layout`.
        """
        found = self._runs.take()
        if isinstance(found, Live):
            self.show(found, layout)
            return
        sketch = self._runs.plan.sketch
        waiting = self._waiting = Waiting(sketch, layout)
        self._document.title = sketch.label or "nefsim"
        self._document.add_root(waiting.root)
        self._when_done(found, waiting.say, lambda: self._built(found, waiting, layout))

    def _when_done(self, job: Job, say: Callable[[str], None], then: Callable[[], None]) -> None:
        """Say how far a job is until it is done; then do something, unless the browser is gone."""

        def look() -> None:
            if not job.is_done:
                say(job.text)
                return
            self._document.remove_periodic_callback(looking)
            if not self._is_closed:
                then()

        say(job.text)
        looking = self._document.add_periodic_callback(look, LOOK)

    def _built(self, job: Job, waiting: Waiting, layout: dict[str, Any] | None) -> None:
        """Show the page of a network that was built, or the reason why it was not."""
        try:
            self.show(job.wait(), layout)
        except BaseException as error:  # a user's function may raise anything
            waiting.fail(error)
            print(f"nefsim view: {one_line(error, with_type=False)}", file=sys.stderr)

    def show(self, live: Live, layout: dict[str, Any] | None) -> None:
        """Show the page of a run in place of the present one, which stays if that fails.

        Parameters
        ----------
        live : Live
            The run.
        layout : dict or None
            A layout of :meth:`~nefsim.view.Page.layout`.
        """
        page, editor = Page(live, self._window, threaded=True), None
        try:
            page.layout_file = self._file
            if layout is not None:
                page.restore(layout)
            chosen = self._waiting.changed() if self._waiting is not None else None
            if chosen is not None:
                page.graph.restore(chosen)
                page.diagram.arrange()
            if self._source is not None:
                editor = Editor(self._source, self._use, self._make, self._do)
                if self._editor is not None:
                    editor.follow(self._editor)
                page.put(editor.root)
        except BaseException:
            page.close()
            raise
        if self._waiting is not None:
            self._document.remove_root(self._waiting.root)
            self._waiting = None
        if self._page is not None:
            self._page.screen.has_ended = True
            self._document.remove_root(self._page.root)
            self._document.remove_periodic_callback(self._page.ticking)
            self._page.close()
        show(self._document, page)
        self._page, self._editor = page, editor

    def close(self) -> None:
        """End the run."""
        self._is_closed = True
        if self._page is not None:
            self._page.close()

    # -- an editor -----------------------------------------------------------------------

    def _make(self, net: Any, vocabularies: Any) -> tuple[Live]:
        """A run of an edited network."""
        return (self._runs.changed(net, vocabularies),)

    def _use(self, live: Live) -> None:
        """Show a run with the layout of the present page."""
        assert self._page is not None
        self.show(live, self._page.layout())

    def _do(
        self, work: Callable[[], Any], say: Callable[[str], None], then: Callable[[Job], None]
    ) -> None:
        """Do some work in a thread, while pages go on; at once where no loop runs."""
        job = Job(work, lambda: "building the network")
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            job.join()
            then(job)
        else:
            self._when_done(job, say, lambda: then(job))
