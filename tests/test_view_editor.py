"""The source of a model on its page: it is checked, saved and run, only on this machine."""

import gc
import os
import sys
import threading
import weakref

import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from bokeh.document import Document
from bokeh.events import ButtonClick
from bokeh.models import Button, Div, TextAreaInput

from nefsim import scripts, view
from nefsim.view.editor import Editor, Source
from nefsim.view.jobs import Job

server_module = sys.modules[view.server.__module__]

MODEL = """import nefsim as nef

net = nef.Network(seed=3, label="first")
a = net.ensemble(20, 2, label="a")
net.connect(net.node([0.5, 0.2], label="knob"), a)
"""


def source_of(path, text=MODEL):
    path.write_text(text)

    def build():
        return scripts.network(path), ()

    return Source(path, build)


def at_once(make, say, then):
    """Make a network, and then do something with it."""
    job = Job(make)
    job.join()
    then(job)


def clicked(root, label):
    (found,) = [b for b in root.select({"type": Button}) if b.label == label]
    found._trigger_event(ButtonClick(found))


def edited(tmp_path, text, before=None):
    """An editor after a new text was saved and run, the networks it has shown, and its file."""
    source, shown = source_of(tmp_path / "model.py"), []
    editor = Editor(source, lambda built: shown.append(built[0]), at_once)
    if before is not None:
        before(source.path)
    editor.field.value = text
    clicked(editor.root, "save and run")
    return editor, shown, source.path.read_text()


def test_a_text_is_saved_and_its_network_shown(tmp_path):
    text = MODEL.replace("first", "second")
    editor, shown, now = edited(tmp_path, text)
    assert [net.label for net in shown] == ["second"] and now == text
    editor.field.value = MODEL
    clicked(editor.root, "save and run")
    assert [net.label for net in shown] == ["second", "first"]


def test_a_text_that_is_no_python_is_not_saved_and_its_line_is_named(tmp_path):
    editor, shown, now = edited(tmp_path, MODEL + "net.connect(<b>\n")
    assert now == MODEL and not shown
    assert editor.message.text.startswith("Not saved: line 6: ")
    assert "<b>" not in editor.message.text


def test_an_error_of_a_model_names_its_line_and_the_earlier_network_stays(tmp_path):
    text = MODEL + "raise RuntimeError('<img src=x>')\n"
    editor, shown, now = edited(tmp_path, text)
    assert now == text and not shown
    assert "in line 6 of" in editor.message.text
    assert "<img" not in editor.message.text


def test_a_file_that_another_program_has_changed_is_not_overwritten(tmp_path):
    other = MODEL + "# of another program\n"
    editor, shown, now = edited(tmp_path, MODEL + "x = 1\n", lambda path: path.write_text(other))
    assert now == other and not shown
    assert "load it again" in editor.message.text
    clicked(editor.root, "load again")
    assert editor.field.value == other
    clicked(editor.root, "save and run")
    assert len(shown) == 1


@pytest.mark.parametrize(
    ("begin", "encoding", "end"),
    [
        (b"# -*- coding: latin-1 -*-", "latin-1", b"\n"),
        (b"\xef\xbb\xbf# text", "utf-8", b"\r\n"),
        (b"# text", "utf-8", b"\r\n"),
        (b"# text", "utf-8", b"\n"),
    ],
)
def test_a_file_retains_its_encoding_and_the_ends_of_its_lines(tmp_path, begin, encoding, end):
    lines = [begin, *MODEL.replace("first", "f\xfcr").encode(encoding).split(b"\n")]
    source = source_of(tmp_path / "model.py")
    source.path.write_bytes(end.join(lines))
    shown = []
    editor = Editor(source, lambda built: shown.append(built[0].label), at_once)
    assert "\r" not in editor.field.value and "\ufeff" not in editor.field.value
    editor.field.value = editor.field.value.replace("f\xfcr", "\xe4")
    clicked(editor.root, "save and run")
    assert shown == ["\xe4"]
    expected = end.join(lines).replace("f\xfcr".encode(encoding), "\xe4".encode(encoding))
    assert source.path.read_bytes() == expected
    editor.field.value = editor.field.value.replace("\xe4", "\u4e2d")
    clicked(editor.root, "save and run")
    is_saved = encoding == "utf-8"
    assert editor.message.text.startswith("Not saved: ") != is_saved
    assert (source.path.read_bytes() == expected) != is_saved


def test_a_new_coding_line_is_the_encoding_of_the_file(tmp_path):
    text = "# coding: latin-1\n" + MODEL.replace("first", "\xe4")
    editor, shown, _ = edited(tmp_path, text.replace("latin-1", "no-such-coding"))
    assert editor.message.text.startswith("Not saved: unknown encoding") and not shown
    editor.field.value = text
    clicked(editor.root, "save and run")
    assert [net.label for net in shown] == ["\xe4"]
    assert (tmp_path / "model.py").read_bytes() == text.encode("latin-1")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"# coding: none-such\n", b"x" * 2**21])
def test_a_page_is_shown_without_a_source_that_cannot_be_read(monkeypatch, tmp_path, content):
    def spoil(path):
        path.unlink() if content is None else path.write_bytes(content)

    _, pages = document_of(monkeypatch, tmp_path, spoil)
    (page,) = pages
    page.close()
    (field,) = page.root.select({"type": TextAreaInput})
    (message,) = [
        div for div in page.root.select({"type": Div}) if div.text.startswith("Not loaded: ")
    ]
    path = tmp_path / "model.py"
    field.value = MODEL
    clicked(page.root, "save and run")
    assert message.text.startswith("Not saved: ")
    assert (path.read_bytes() if path.exists() else None) == content
    clicked(page.root, "load again")
    assert message.text.startswith("Not loaded: ")
    path.write_text(MODEL)
    clicked(page.root, "load again")
    assert field.value == MODEL and message.text == ""


def test_a_text_that_is_typed_during_a_build_stays_and_is_not_saved(tmp_path):
    jobs = []
    source = source_of(tmp_path / "model.py")
    editor = Editor(source, lambda built: None, lambda make, say, then: jobs.append(then))
    editor.field.value = MODEL + "x = 1\n"
    clicked(editor.root, "save and run")
    clicked(editor.root, "save and run")
    assert len(jobs) == 1 and editor.message.text == "This text is being built already."
    editor.field.value_input = MODEL + "x = 2"  # a browser sends it key by key, and then as value
    later = Editor(source, lambda built: None, at_once)
    later.follow(editor)
    assert later.field.value == MODEL + "x = 2" and "not saved" in later.message.text
    source.path.write_text(MODEL)
    clicked(later.root, "save and run")
    assert "another program has changed" in later.message.text


def test_a_build_that_a_later_one_replaced_is_not_shown(tmp_path):
    builds, shown = [], []
    source = source_of(tmp_path / "model.py")
    editor = Editor(source, shown.append, lambda make, *rest: builds.append(rest))
    for text in ("x = 1", "x = 2"):
        editor.field.value = text
        clicked(editor.root, "save and run")
    for name, (say, then) in zip(("earlier", "later"), builds, strict=True):
        job = Job(lambda name=name: name)
        say(f"building the {name} one")
        assert ("later" in editor.progress.text) is (name == "later")
        job.join()
        then(job)
    assert shown == ["later"] and source.read() == "x = 2" and editor.progress.text == ""


def test_a_read_only_file_is_not_replaced(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    editor, shown, now = edited(tmp_path, MODEL + "x = 1\n")
    assert now == MODEL and not shown
    assert "is read-only" in editor.message.text


def test_a_relative_path_is_that_of_the_folder_at_the_start(monkeypatch, tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    source = Source("model.py", lambda: None)
    monkeypatch.chdir("/")
    assert source.read() == MODEL


@pytest.mark.parametrize(
    "text", ["(" * 150_000, "-" * 500_000 + "1", "x = '\0'\n", "x = '\ud800'\n", "x\n" * 2**20]
)
def test_texts_that_cannot_be_compiled_are_refused(tmp_path, text):
    editor, shown, now = edited(tmp_path, text)
    assert now == MODEL and not shown
    assert editor.message.text.startswith("Not saved: ")


def document_of(monkeypatch, tmp_path, spoil=lambda path: None, **options):
    """The document of a page of a server, and the pages that it has had; first spoil the file."""
    pages, applications = [], []

    def opened(*arguments, **options):
        pages.append(view.Page(*arguments, **options))
        return pages[-1]

    monkeypatch.setattr("nefsim.view.tab.Page", opened)
    monkeypatch.setattr(
        server_module, "_serve", lambda application, *rest: applications.append(application)
    )
    source = source_of(tmp_path / "model.py")
    listening = server_module._listen(options.get("host", "127.0.0.1"), 0)
    monkeypatch.setattr(server_module, "_listen", lambda host, port: listening)
    view.server(scripts.network(source.path), 0, backend="numpy", source=source, **options)
    listening.close()
    document = Document()
    spoil(source.path)
    applications[0](document)
    return document, pages


def test_an_error_of_a_build_keeps_none_of_its_arrays():
    class Array:
        pass

    kept = []

    def work():
        array = Array()
        kept.append(weakref.ref(array))
        try:
            raise OSError("first")
        except OSError as error:
            raise ValueError("second") from error

    job = Job(work)
    job.join()
    gc.collect()
    assert str(job.error) == "second" and kept[0]() is None


def test_a_page_shows_the_edited_model_with_the_same_layout(monkeypatch, tmp_path):
    document, pages = document_of(monkeypatch, tmp_path)
    page = pages[0]
    try:
        net = page.live.simulator.network
        page.remove(page.panels[0])
        page.add("x-y", net.ensembles[0])
        clicked(page.root, "edit the model")
        (field,) = page.root.select({"type": TextAreaInput})
        field.value = MODEL.replace("20, 2", "30, 2")
        clicked(page.root, "save and run")
        assert page.is_closed and len(pages) == 2
        new = pages[1]
        assert document.roots == [new.root]
        assert document.session_callbacks == [new.ticking]
        assert [panel.kind for panel in new.panels] == [panel.kind for panel in page.panels]
        assert new.live.simulator.network.ensembles[0].n_neurons == 30
        (field,) = new.root.select({"type": TextAreaInput})
        assert "30, 2" in field.value
        # The second editor works like the first one.
        field.value = MODEL.replace("20, 2", "40, 2")
        clicked(new.root, "save and run")
        assert pages[2].live.simulator.network.ensembles[0].n_neurons == 40
    finally:
        for each in pages:
            each.close()


def test_a_page_stays_until_the_next_one_is_made(monkeypatch, tmp_path):
    document, pages = document_of(monkeypatch, tmp_path)
    (page,) = pages
    try:
        roots, callbacks = [*document.roots], [*document.session_callbacks]
        n_threads = threading.active_count()
        (field,) = page.root.select({"type": TextAreaInput})
        field.value = MODEL.replace("20, 2", "30, 2")
        monkeypatch.setattr(view.Page, "restore", lambda page, layout: 1 / 0)
        clicked(page.root, "save and run")
        assert document.roots == roots and document.session_callbacks == callbacks
        assert not page.is_closed and pages[1].is_closed
        pages[1].worker._thread.join(60)
        assert threading.active_count() == n_threads
        messages = [div.text for div in page.root.select({"type": Div})]
        assert any("ZeroDivisionError" in text for text in messages)
    finally:
        for each in pages:
            each.close()


def test_earlier_pages_are_forgotten_and_the_present_one_ends_with_its_session(
    monkeypatch, tmp_path
):
    document, pages = document_of(monkeypatch, tmp_path)
    for n in (30, 40, 50):
        (field,) = pages[-1].root.select({"type": TextAreaInput})
        field.value = MODEL.replace("20, 2", f"{n}, 2")
        clicked(pages[-1].root, "save and run")
    (destroyed,) = document.callbacks.session_destroyed_callbacks
    for page in pages[:-1]:
        page.worker._thread.join(60)
    *earlier, last = [weakref.ref(page.live.simulator) for page in pages]
    present = pages[-1]
    document.models.flush_synced()  # as a session does when it has sent them
    del page, pages[:], field
    gc.collect()
    assert last() is not None and not any(simulator() for simulator in earlier)
    assert not present.is_closed
    destroyed(None)
    assert present.is_closed


def test_other_machines_get_no_editor(monkeypatch, tmp_path):
    _, pages = document_of(monkeypatch, tmp_path, host="0.0.0.0")
    pages[0].close()
    assert not [*pages[0].root.select({"type": TextAreaInput})]


@pytest.mark.parametrize("has_source", [True, False])
def test_a_tab_has_the_editor_of_its_source_on_the_page(tmp_path, has_source):
    from nefsim.view.tab import Tab

    source, document = source_of(tmp_path / "model.py"), Document()
    tab = Tab(document, 0.5, None, source if has_source else None, builds=None)
    try:
        tab.show(view.Live(scripts.network(source.path), backend="numpy"), None)
        (root,) = document.roots
        fields = [*root.select({"type": TextAreaInput})]
        assert [field.value for field in fields] == [MODEL] * has_source
    finally:
        tab.close()
