"""``nefsim plot``, and ``nefsim view`` of results and of models as pages that play."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import nefsim as nef
from nefsim.cli import main

MODEL = """
import numpy as np
import nefsim as nef

net = nef.Network(seed=3)
a = net.ensemble(20, 1, label="a")
net.connect(net.node(np.sin), a)
"""

OF_NENGO = """
import nengo

with nengo.Network(seed=1, label="theirs") as model:
    a = nengo.Ensemble(20, 1, label="a")
"""


@pytest.fixture
def result(tmp_path: Path) -> Path:
    times = [0.001, 0.002, 0.003]
    records = {"y": np.array([[1.0], [2.0], [4.0]]), "z": np.zeros((3, 2))}
    return nef.Result(records, {"y": times, "z": times}, times, {}).save(tmp_path / "result.npz")


@pytest.fixture(autouse=True)
def no_figure_stays() -> object:
    yield
    plt.close("all")


def test_a_result_is_plotted_beside_it_and_no_picture_is_replaced(
    result: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", str(result)]) == 0
    picture = result.with_suffix(".png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == f"{picture}\n"
    assert main(["plot", str(result)]) == 2
    assert "--out must name a new file" in capsys.readouterr().err
    assert main(["plot", str(result), "--force", "--show", "y", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"picture": str(picture)}
    svg = result.with_name("other.svg")
    assert main(["plot", str(result), "-o", str(svg)]) == 0
    assert b"<svg" in svg.read_bytes()


def test_records_of_a_result_are_listed(result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", str(result), "--list"]) == 0
    assert capsys.readouterr().out == "y: (3, 1)\nz: (3, 2)\n"
    assert main(["plot", str(result), "--list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"y": [3, 1], "z": [3, 2]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "x.bmp"], "--out must end in a format of pictures"),
        (["--show", "w"], "must"),
        (["--trial", "1"], "trial must be None"),
    ],
)
def test_bad_options_of_plot_are_refused(
    options: list[str], message: str, result: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", str(result), *options]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["model", "nengo", "result"])
def test_a_page_of_a_run_is_written(
    kind: str, result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("bokeh", reason="Bokeh is the extra view")
    source = result
    if kind != "result":
        source = tmp_path / "model.py"
        source.write_text(MODEL if kind == "model" else OF_NENGO, "utf-8")
        if kind == "nengo":
            pytest.importorskip("nengo", reason="Nengo is the extra nengo")
    page = tmp_path / "page.html"
    arguments = ["view", str(source), "--html", str(page), "-s", "0.05", "--backend", "numpy"]
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"html": str(page)}
    text = page.read_text("utf-8")
    assert "Bokeh" in text and f"<title>{source.name}</title>" in text
