"""The source of a model on its page: edit it, check it, and run it with the same layout."""

from __future__ import annotations

import os
import tokenize
from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from bokeh.layouts import column, row
from bokeh.models import Button, Div, InlineStyleSheet, TextAreaInput

from nefsim._writing import replacing
from nefsim.view.building import Built
from nefsim.view.jobs import Job, reason

#: Longest text that is edited and saved [characters].
LONGEST = 1 << 20

#: A text with lines of equal letters, which does not wrap.
SHEET = """
textarea { font-family: monospace; white-space: pre; overflow: auto; tab-size: 4; }
"""


@dataclass(eq=False)
class Source:
    """The file of a model, and the way in which a network is built from it.

    Parameters
    ----------
    path : Path
        The Python file.
    build : callable
        ``build()`` runs the file, and returns the network and its vocabularies; it raises
        ValueError where the file fails.

    See Also
    --------
    server : Show the source on a page.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nefsim as nef
    >>> from nefsim.view import Source
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "model.py")
    ...     _ = path.write_text("net = 1")
    ...     source = Source(path, lambda: (nef.Network(seed=1), ()))
    ...     source.save("net = 2", before=source.read())
    ...     source.read()
    'net = 2'
    """

    path: Path
    build: Callable[[], Built]

    def __post_init__(self) -> None:
        self.path = Path(self.path).absolute()  # the model may change the working folder

    def read(self) -> str:
        """Read the file, in the encoding that it names.

        Returns
        -------
        str
            The text, with lines that end in ``\\n``.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is no text, or too long.
        """
        content = self.path.read_bytes()
        text = content.decode(_encoding(content)).replace("\r\n", "\n").replace("\r", "\n")
        _check_length(text)
        return text

    def check(self, text: str) -> None:
        """Check that a text is Python.

        Parameters
        ----------
        text : str
            The text.

        Raises
        ------
        ValueError
            If it is none, or too long; the error names the line.
        """
        _check_length(text)
        try:
            compile(text, str(self.path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            line = getattr(error, "lineno", None)
            at = f"line {line}: " if line else ""
            reason = getattr(error, "msg", None) or str(error) or "it is nested too deeply"
            raise ValueError(f"{at}{reason}") from error

    def save(self, text: str, before: str) -> None:
        """Write a text, with the encoding and the ends of lines of the file.

        Parameters
        ----------
        text : str
            The new text.
        before : str
            The text that the file is expected to have.

        Raises
        ------
        OSError
            If the file cannot be read or written.
        ValueError
            If another program has changed the file, it is read-only, or the text is too long or
            has characters that its encoding has not.
        """
        _check_length(text)
        if self.read() != before:
            raise ValueError(f"another program has changed {self.path}; load it again")
        if not os.access(self.path, os.W_OK):
            raise ValueError(f"{self.path} is read-only")
        earlier = self.path.read_bytes()
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        if 2 * earlier.count(b"\r\n") > earlier.count(b"\n"):
            lines = lines.replace("\n", "\r\n")
        mark = BOM_UTF8 if earlier.startswith(BOM_UTF8) else b""
        encoding = _encoding(mark + lines.encode())  # the text may name another one
        content = lines.encode(encoding)
        with replacing(self.path) as stream:
            stream.write(content)


def _encoding(content: bytes) -> str:
    """The encoding of the source of Python."""
    try:
        return tokenize.detect_encoding(BytesIO(content).readline)[0]
    except SyntaxError as error:
        raise ValueError(str(error.msg)) from error


def _check_length(text: str) -> None:
    if len(text) > LONGEST:
        raise ValueError(f"a model may have {LONGEST} characters, got {len(text)}")


class Editor:
    """A field with the source of a model, and buttons to check, save and run it.

    Parameters
    ----------
    source : Source
        The file.
    use : callable
        ``use(built)`` shows what ``build`` has made.
    build : callable
        ``build(make, say, then)`` makes a network with ``make()``, perhaps in a thread, during
        which it may ``say`` how far it is, and then calls ``then(job)`` with the job that is done.

    Attributes
    ----------
    root : bokeh.models.LayoutDOM
        The editor.
    text : str
        The text in the browser, to the last key.
    """

    def __init__(
        self, source: Source, use: Callable[[Any], None], build: Callable[..., None]
    ) -> None:
        self._source, self._use, self._build = source, use, build
        self.text = self._before = ""  # _before: the text of the file, as far as it is known
        self._asked = self._ran = ""  # the text that was saved, and the one that was then run
        self._building: object = None  # marks the newest build, until it is done
        self.opener = Button(label="edit the model", width=120)
        self.opener.on_click(self._open)
        wide: dict[str, Any] = {"sizing_mode": "stretch_width"}
        sheets = [InlineStyleSheet(css=SHEET)]
        self.field = TextAreaInput(
            title=str(source.path), rows=24, max_length=LONGEST, stylesheets=sheets, **wide
        )
        self.field.on_change("value", self._typed)
        self.field.on_change("value_input", self._typed)  # before the field loses the focus
        buttons = []
        for label, act in (
            ("check", self._check),
            ("save and run", self._run),
            ("load again", self._load),
        ):
            button = Button(label=label, width=110)
            button.on_click(act)
            buttons.append(button)
        status: dict[str, Any] = {"disable_math": True, "html_attributes": {"role": "status"}}
        self.message, self.progress = Div(**status, **wide), Div(**status, **wide)
        parts = self.field, row(*buttons), self.message, self.progress
        self.body = column(*parts, visible=False, **wide)
        self.root = column(self.opener, self.body, **wide)
        self._load()

    def follow(self, earlier: Editor) -> None:
        """Take the place of an earlier editor, of which a text was saved and built.

        Parameters
        ----------
        earlier : Editor
            The other editor, whose text may have changed during the build.
        """
        if earlier.body.visible:
            self._open()
        self._before, self.field.value = earlier._before, earlier.text
        if earlier.text == earlier._ran:
            self._say("Saved and built.")
        elif earlier._ran != earlier._asked:
            self._say("Built from a text that was saved elsewhere after this one; load it again.")
        elif earlier.text == earlier._before:
            self._say("Built from an earlier text; save and run this one.")
        else:
            self._say("Built; later changes are not saved yet.")

    def _typed(self, name: str, old: str, new: str) -> None:
        self.text = new

    def _say(self, text: str) -> None:
        self.message.text = escape(text)

    def _open(self) -> None:
        self.body.visible = not self.body.visible
        self.opener.label = "close the editor" if self.body.visible else "edit the model"

    def _check(self) -> bool:
        try:
            self._source.check(self.text)
        except ValueError as error:
            self._say(f"Not saved: {error}.")
            return False
        self._say("The text is Python; save and run it to see whether its network is built.")
        return True

    def _load(self) -> None:
        try:
            self._before = self.field.value = self.text = self._source.read()
        except (OSError, ValueError) as error:
            self._say(f"Not loaded: {error}.")
        else:
            self._say("")

    def _run(self) -> None:
        """Save the text, build its network, and show it in place of the present one.

        A build that still runs is dropped, as its text may be one that never ends.
        """
        if not self._check():
            return
        text = self.text
        if self._building is not None and text == self._asked:
            self._say("This text is being built already.")
            return
        try:
            self._source.save(text, self._before)
        except (OSError, ValueError) as error:
            self._say(f"Not saved: {error}.")
            return
        self._say("Saved.")
        self._before = self._asked = self._ran = text
        found: list[str] = []
        number = self._building = object()

        def make() -> Built:
            found.append(self._source.read())  # another page may have saved one since
            return self._source.build()

        def say(line: str) -> None:
            if self._building is number:
                self.progress.text = escape(f"Now {line}; this page stays until then ...")

        def then(job: Job) -> None:
            if self._building is number:
                self._building, self.progress.text = None, ""
                self._ran = found[0] if found else text
                self._show(job)

        self._build(make, say, then)

    def _show(self, job: Job) -> None:
        """Show the network that was built."""
        error = job.error
        if error is None:
            try:
                return self._use(job.take())
            except Exception as failure:  # the page of the model may raise anything
                error = failure
        saved = "Saved" if self._ran == self._asked else "Saved, and then changed elsewhere"
        self._say(f"{saved}, but not built, so this page stays: {reason(error)}")
