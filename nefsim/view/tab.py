"""The page that a browser shows, which an editor can replace by that of another network."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from nefsim.view.building import Build, Builds, Built
from nefsim.view.editor import Editor, Source
from nefsim.view.jobs import Job, reason
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
    builds : Builds
        The builds of the network.
    """

    def __init__(
        self,
        document: Any,
        window: float,
        file: Path | None,
        source: Source | None,
        builds: Builds,
    ) -> None:
        self._document, self._window, self._file = document, window, file
        self._source, self._builds = source, builds
        self._asked: Build | None = None
        self._layout: dict[str, Any] | None = None
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
        build, self._layout = self._builds.present, layout
        if not build.is_large:
            self.show(cast(Live, build.take()), layout)
            return
        self._waiting = Waiting(build.sketch, layout)
        self._document.title = build.sketch.label or "nefsim"
        self._document.add_root(self._waiting.root)
        self._when_done(build.job, self._waiting.say, lambda job: self._prepare(build))

    def _when_done(
        self,
        job: Job,
        say: Callable[[str], None],
        then: Callable[[Job], None],
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Say how far a job is until it is done; then do something, unless the browser is gone.

        A job that is wanted no more may never end, and is not looked at any more.
        """

        def look() -> None:
            if is_wanted() and not job.is_done:
                say(job.text)
                return
            self._document.remove_periodic_callback(looking)
            if is_wanted() and not self._is_closed:
                then(job)

        if job.is_done:
            then(job)
        else:
            say(job.text)
            looking = self._document.add_periodic_callback(look, LOOK)

    def _prepare(self, build: Build) -> None:
        """Show a run of a network that was built, as soon as there is one."""
        assert self._waiting is not None
        if build.job.error is not None:
            self._fail(build.job.error)
            return
        found = build.take()
        if isinstance(found, Live):
            self._begin(found)
        else:
            self._when_done(found, self._waiting.say, self._prepared)

    def _prepared(self, job: Job) -> None:
        if job.error is not None:
            self._fail(job.error)
        else:
            self._begin(job.take())

    def _begin(self, live: Live) -> None:
        """Show the page of a run in place of the graph, or the reason why there is none."""
        try:
            assert self._waiting is not None
            self.show(live, self._layout, self._waiting.changed())
        except Exception as error:  # the labels and functions of a model may be of any kind
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Show the reason why there is no run, and the source, which may be its cause."""
        print(f"nefsim view: {reason(error)}", file=sys.stderr)
        assert self._waiting is not None
        self._waiting.fail(error)
        if self._source is not None:
            self._editor = Editor(self._source, self._use, self._next)
            self._waiting.put(self._editor.root)

    def show(
        self, live: Live, layout: dict[str, Any] | None, chosen: dict[str, Any] | None = None
    ) -> None:
        """Show the page of a run in place of the present one, which stays if that fails.

        Parameters
        ----------
        live : Live
            The run.
        layout : dict or None
            A layout of :meth:`~nefsim.view.Page.layout`.
        chosen : dict or None
            Places and open networks of the graph, by the numbers of its objects.
        """
        page, editor = Page(live, self._window, threaded=True), None
        try:
            page.layout_file = self._file
            if layout is not None:
                page.restore(layout)
            if chosen is not None:
                page.graph.restore(chosen)
                page.diagram.arrange()
            if self._source is not None:
                editor = Editor(self._source, self._use, self._next)
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
        """End the run, and wait for no build."""
        self._is_closed = True
        if self._asked is not None:
            self._builds.leave(self._asked)
        if self._page is not None:
            self._page.close()

    # -- an editor -----------------------------------------------------------------------

    def _use(self, live: Live) -> None:
        """Show a run with the layout of the present page."""
        self.show(live, self._layout if self._page is None else self._page.layout())

    def _next(
        self, make: Callable[[], Built], say: Callable[[str], None], then: Callable[[Job], None]
    ) -> None:
        """Build the next network while pages go on, instead of one that this page still builds."""
        if self._asked is not None:
            self._builds.leave(self._asked)
        build = self._asked = self._builds.next(make)

        def done(job: Job) -> None:
            if self._asked is build:
                self._asked = None  # a later one is not to have its arrays in memory
            then(job)

        try:
            asyncio.get_running_loop()
        except RuntimeError:  # as no loop runs, there is nothing to go on with
            build.job.join()
        self._when_done(build.job, say, done, lambda: build.is_wanted)
