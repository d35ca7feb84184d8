"""The gallery: each script runs and draws, and its twin in Nengo has the same populations."""

from __future__ import annotations

import runpy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef

pytest.importorskip("matplotlib.pyplot")

DOCS = Path(__file__).parent.parent / "docs"
NAMES = sorted(path.stem for path in (DOCS / "gallery").glob("*.py"))
TWINS = sorted(path.stem for path in (DOCS / "gallery" / "nengo").glob("*.py"))


@pytest.fixture
def gallery(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The extension of the site."""
    monkeypatch.syspath_prepend(DOCS / "_ext")
    import gallery

    return gallery


def populations(net: Any) -> list[tuple[int, int]]:
    """Neurons and dimensions of all populations, in order."""
    return [(e.n_neurons, e.dimensions) for e in net.all_ensembles]


def run(name: str) -> dict[str, Any]:
    """Run a script in a new figure, as a reader does."""
    import matplotlib.pyplot as plt

    plt.close("all")
    plt.figure(figsize=(6.4, 3.2), layout="constrained")
    return runpy.run_path(str(DOCS / "gallery" / f"{name}.py"), run_name="__main__")


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_runs_and_draws(name: str) -> None:
    import matplotlib.pyplot as plt

    try:
        run(name)
        drawn = [thing for ax in plt.gcf().axes for thing in (*ax.lines, *ax.images, *ax.patches)]
        drawn += [thing for ax in plt.gcf().axes for thing in ax.collections]
        assert drawn
        for ax in plt.gcf().axes:
            for line in ax.lines:
                assert np.isfinite(np.asarray(line.get_ydata(), float)).all()
        plt.gcf().canvas.draw()
    finally:
        plt.close("all")


@pytest.mark.parametrize("name", TWINS)
def test_the_twin_in_nengo_has_the_same_populations(name: str) -> None:
    pytest.importorskip("nengo")
    import matplotlib.pyplot as plt

    assert name in NAMES
    path = DOCS / "gallery" / "nengo" / f"{name}.py"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        model = runpy.run_path(str(path))["model"]
    try:
        net = run(name)["net"]
    finally:
        plt.close("all")
    assert isinstance(net, nef.Network)
    assert sorted(populations(model)) == sorted(populations(net))


def test_the_gallery_shows_every_script_once(gallery: Any) -> None:
    shown = [name for group in gallery.GROUPS.values() for name in group]
    assert sorted(shown) == NAMES and len(shown) == len(set(shown)) >= 40
    assert len(TWINS) >= 25


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_has_a_title_a_text_and_its_code(gallery: Any, name: str) -> None:
    found = gallery.entry(name)
    assert found.title and len(found.title) < 60 and found.about.endswith(".")
    page = gallery.page(found)
    assert found.code in page and '"""' + found.title not in found.code
    assert (found.nengo is not None) == (name in TWINS)
    if found.nengo is not None:
        assert found.nengo in page
