"""The page that a browser shows, which an editor can replace by that of another network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nefsim.network import Network
from nefsim.spa import Vocabulary
from nefsim.view.editor import Editor, Source
from nefsim.view.live import Live
from nefsim.view.page import Page, show


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
    build : callable
        ``build(network, vocabularies)`` returns a run of an edited network.
    """

    def __init__(
        self,
        document: Any,
        window: float,
        file: Path | None,
        source: Source | None,
        build: Callable[[Network, Sequence[Vocabulary]], Live],
    ) -> None:
        self._document, self._window, self._file = document, window, file
        self._source, self._build = source, build
        self._page: Page | None = None
        self._editor: Editor | None = None
        document.on_session_destroyed(lambda context: self.close())

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
            if self._source is not None:
                editor = Editor(self._source, self._use)
                if self._editor is not None:
                    editor.follow(self._editor)
                page.put(editor.root)
        except BaseException:
            page.close()
            raise
        if self._page is not None:
            self._page.screen.has_ended = True
            self._document.remove_root(self._page.root)
            self._document.remove_periodic_callback(self._page.ticking)
            self._page.close()
        show(self._document, page)
        self._page, self._editor = page, editor

    def close(self) -> None:
        """End the run."""
        if self._page is not None:
            self._page.close()

    def _use(self, net: Network, vocabularies: Sequence[Vocabulary]) -> None:
        """Show an edited network with the layout of the present page."""
        assert self._page is not None
        self.show(self._build(net, vocabularies), self._page.layout())
