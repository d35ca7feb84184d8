"""The documentation: code of its pages runs, and the reference has each public name."""

from __future__ import annotations

import math
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_docstrings import PACKAGES

import nefsim as nef
from nefsim import _extras

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
sys.path.append(str(DOCS / "_ext"))

import pages  # noqa: E402

#: Pages written for this site; the tests of their subject run the others.
PAGES = [
    page
    for folder in (".", "how-to", "theory")
    for page in sorted((DOCS / folder).glob("*.md"))
    if pages.blocks(page) and page.name not in ("from-nengo.md", "mpi.md", "sweeps.md")
    if page.name != "model-files.md"
]

#: Packages that the code of some pages needs.
NEEDS = {"from-nengodl.md": "torch", "from-snntorch.md": "torch"}

#: A folder with the site that ``sphinx-build`` has made.
SITE = os.environ.get("NEFSIM_SITE")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    pytest.importorskip(NEEDS.get(page.name, "numpy"))
    try:
        pages.run(page, tmp_path)
    finally:
        plt.close("all")


def test_a_page_whose_code_fails_names_its_line(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title\n\n```python\nx = 1\nassert x == 2\n```\n")
    with pytest.raises(AssertionError) as caught:
        pages.run(page, tmp_path)
    assert caught.traceback[-1].lineno + 1 == 5
    assert Path.cwd() != tmp_path


def channel(**options: Any) -> nef.Network:
    """A population that is connected to another one."""
    net = nef.Network(seed=1)
    net.connect(net.ensemble(20, 1), net.ensemble(20, 1), **options)
    return net


def taught(rate: float) -> nef.Network:
    """A channel that learns from an error, which never ends."""
    net = channel(learning_rule=nef.PES(rate))
    error = net.node(size_in=1)
    net.connect(net.node(1.0), error)
    net.connect(error, net.connections[0].learning_rule)
    return net


def diverges(net: nef.Network) -> None:
    """Run a network that learns too fast, without the warning of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nef.Simulator(net, progress=False).run(1.0)


def mistakes() -> Iterator[Callable[[], object]]:
    """Calls with the mistakes of the page of errors, in the order of its table."""
    net = nef.Network()
    a, b = net.ensemble(10, 1), net.ensemble(10, 2)
    yield lambda: nef.Ensemble(50, 1)
    yield lambda: nef.Network().__enter__()
    yield lambda: net.connect(a, a, learning_rule_type=nef.PES())
    yield lambda: net.node(lambda t, x: x)
    yield lambda: net.connect(a, b)
    yield lambda: net.connect(a, a, function=lambda x: x[0] * x[1])
    yield lambda: net.connect(a, a, function=math.sin)
    yield lambda: nef.Simulator(channel(function=np.log), progress=False)
    yield lambda: net.connect(a, nef.Network().ensemble(10, 1))
    yield lambda: net.ensemble(10, 1, max_rates=(400, 600))
    yield lambda: net.probe(a, "spikes")
    loop = nef.Network()
    node = loop.node(lambda t, x: x, size_in=1)
    loop.connect(node, node, synapse=None)
    yield lambda: nef.Simulator(loop)
    yield lambda: nef.Simulator(channel(learning_rule=nef.PES()), progress=False)
    yield lambda: net.connect(a, a, learning_rule=nef.BCM())
    yield lambda: nef.Simulator(taught(1.0), progress=False)
    yield lambda: diverges(taught(1e12))
    fixed = channel()
    sim = nef.Simulator(fixed, progress=False)
    yield lambda: sim.data[fixed.probe(fixed.ensembles[0])]
    yield lambda: sim.inputs.__setitem__(fixed.node(np.sin), 1.0)
    wrong = nef.Network(seed=1)
    wrong.node(lambda t: np.nan if t > 0.002 else 0.0)
    yield lambda: nef.Simulator(wrong, progress=False).run(0.01)
    sim.save("state.npz")
    yield lambda: nef.Simulator.load("state.npz", channel(function=np.square))
    driven = [nef.Network(seed=1) for _ in range(2)]
    for each, function in zip(driven, (np.sin, np.cos), strict=True):
        each.node(function)
    nef.Simulator(driven[0], progress=False).save("driven.npz")
    yield lambda: nef.Simulator.load("driven.npz", driven[1])
    wrong.node(lambda t: t)
    yield lambda: wrong.save("model.nef")
    yield lambda: _extras.require("nefsim.view", "absent")
    fast = nef.Network(seed=1)
    fast.ensemble(10, 1)
    yield lambda: nef.Simulator(fast, dt=0.01)
    wide = nef.Network()
    wide.connect(wide.node(3.0), wide.ensemble(10, 1))
    yield lambda: nef.Simulator(wide)


def test_the_page_of_errors_has_the_messages_of_the_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    extra = _extras.Extra(("package_that_is_absent",), "")
    monkeypatch.setitem(_extras.EXTRAS, "absent", extra)
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
    for row, mistake in zip(rows, mistakes(), strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises((ValueError, TypeError, ImportError, UserWarning)) as caught:
                mistake()
        pattern = ".*".join(re.escape(part) for part in row.split("..."))
        assert re.match(pattern, str(caught.value)), (row, str(caught.value))


def test_every_question_has_an_answer_on_a_page_that_exists() -> None:
    import gallery

    generated = {DOCS / "gallery" / f"{n}.md" for names in gallery.GROUPS.values() for n in names}
    text = (DOCS / "questions.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w.*\?) \| (.+) \|$", text, re.MULTILINE)
    assert len(rows) >= 20
    for question, answers in rows:
        links = re.findall(r"\]\(([^)#]+)(?:#([\w-]+))?\)", answers)
        assert links, question
        for target, anchor in links:
            page = (DOCS / target).resolve()
            assert page.exists() or page in generated, (question, target)
            if anchor:
                heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in [head.lower().replace(" ", "-") for head in heads], question
    first = (DOCS / "index.md").read_text(encoding="utf-8")
    assert "(questions.md)" in first


def test_a_page_of_a_task_ends_in_what_can_go_wrong_and_where_next() -> None:
    for page in sorted((DOCS / "how-to").glob("*.md")):
        if page.name != "index.md":
            _, *ends = page.read_text(encoding="utf-8").split("\n## What can go wrong\n\n")
            assert len(ends) == 1, page.name
            *cures, last = ends[0].strip().split("\n\n")
            assert "".join(cures).startswith("- "), page.name
            assert re.search(r"\]\([./\w#-]+\)", last), page.name
            assert f"\n{page.stem}\n" in (DOCS / "how-to" / "index.md").read_text("utf-8")


def test_the_page_of_lessons_has_a_row_for_each_notebook_and_assignment() -> None:
    text = (DOCS / "learn.md").read_text(encoding="utf-8")
    page, contents = text.split("```{toctree}")
    for folder in ("notebooks", "course"):
        for file in sorted((DOCS.parent / folder).glob("*.ipynb")):
            assert f"](../{folder}/{file.name})" in page, file.name
            assert f"\n../{folder}/{file.stem}\n" in contents, file.name


def test_a_page_of_a_peer_compares_and_says_what_is_missing() -> None:
    for peer in ("from-nengodl.md", "from-snntorch.md", "from-brian2.md"):
        text = (DOCS / peer).read_text(encoding="utf-8")
        assert len(re.findall(r"^\| `", text, re.MULTILINE)) >= 10
        assert "## What nefsim does not have" in text


def test_the_reference_has_each_public_name() -> None:
    pytest.importorskip("sphinx")
    reference = import_module("reference")
    packages = [n for e in _extras.EXTRAS.values() for n in _extras.modules(e.packages)]
    missing = [name for name in [*packages, "tornado"] if find_spec(name) is None]
    listed = [obj for group in reference.groups(missing) for obj in group.objects.values()]
    titled = {key for key, _ in reference.ROOMS}
    assert {*nef._ROOMS} <= titled, "a new subpackage is a line of ROOMS in docs/_ext/reference.py"
    for package, needs in PACKAGES.items():
        if needs and find_spec(needs) is None:
            continue
        module = import_module(package)
        for name in getattr(module, "__all__", ()):
            obj = getattr(module, name)
            assert any(obj is other for other in listed), f"{package}.{name} has no page"


@pytest.mark.skipif(SITE is None, reason="NEFSIM_SITE names no folder with the site")
def test_the_site_loads_nothing_from_another_host() -> None:
    assert SITE is not None
    files = list(Path(SITE).rglob("*.html"))
    assert len(files) > 300
    for file in files:
        text = file.read_text(encoding="utf-8")
        loads = (
            r"<(?:script|img|iframe|link(?=[^>]*stylesheet))[^>]*\s(?:src|href)=\"(?:https?:)?//"
        )
        assert re.search(loads, text) is None, file
    styles = "".join(file.read_text("utf-8") for file in Path(SITE).rglob("*.css"))
    assert re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", styles) is None


@pytest.mark.skipif(SITE is None, reason="NEFSIM_SITE names no folder with the site")
def test_answers_of_lessons_are_folded() -> None:
    assert SITE is not None
    files = sorted(Path(SITE, "notebooks").glob("[0-9]*.html"))
    assert len(files) == len(list((DOCS.parent / "notebooks").glob("*.ipynb")))
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert text.count('<details class="folded">') == 2, file
        assert re.search(r'>What this notebook claims<.*?</h2>\s*<details class="folded">', text)


@pytest.mark.skipif(SITE is None, reason="NEFSIM_SITE names no folder with the site")
def test_the_site_has_a_page_and_an_entry_of_the_search_for_each_name() -> None:
    assert SITE is not None
    index = (Path(SITE) / "searchindex.js").read_text(encoding="utf-8")
    for source in (DOCS / "reference").glob("nefsim.*.rst"):
        page = Path(SITE) / "docs" / "reference" / f"{source.stem}.html"
        assert page.exists()
        assert f'"docs/reference/{source.stem}"' in index
