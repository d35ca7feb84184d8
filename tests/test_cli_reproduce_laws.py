"""Laws of ``nefsim reproduce`` and ``nefsim plot``: lists, verdicts, pictures and files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import reproduce
from nefsim.cli import main
from nefsim.reproduce import running
from nefsim.reproduce.figure import Figure
from nefsim.reproduce.lines import Outcome, compare, not_run
from nefsim.reproduce.running import Report

FIGURES = (
    Figure("one", "a title", "a source", "a protocol.", "rules", "digits", seconds=(1.5, 20)),
    Figure("two", "b", "c", "d.", "rules", "digits", needs=("train", "nengo"), data=True),
    Figure("none", "e", "f", "g.", "rules", "digits"),
)
LINES = {
    "one": [compare("x", 1.0, [1.0, 2.5], 0.5, "a reason"), compare("y", 1.0, 9.0, 0.1, "")],
    "none": [not_run("z", 3.0, "no data")],
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Arguments of the runs; the second figure has no data."""
    seen: list[Any] = []

    def run(name: str, *options: Any) -> Report:
        seen.append((name, *options))
        if name == "two":
            raise ValueError("there are no data")
        figure = next(figure for figure in FIGURES if figure.name == name)
        return Report(figure, options[0], LINES[name], Outcome(LINES[name]), 12.34)

    monkeypatch.setattr(running, "FIGURES", FIGURES)
    monkeypatch.setattr(reproduce, "run", run)
    return seen


def command(capsys: Any, *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    status = main(["reproduce", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_list_has_titles_sources_times_and_needs(asked: list[Any], capsys: Any) -> None:
    _, out, _ = command(capsys)
    room = " " * 22
    assert out.split("\n\n")[:2] == [
        f"{'one':<22} a title\n{room} a source\n{room} a protocol.\n"
        f"{room} about 1.5 s quick, 20 s in full",
        f"{'two':<22} b\n{room} c\n{room} d.\n"
        f"{room} about 1 s quick, 1 s in full; needs extra train, extra nengo, MNIST",
    ]
    assert asked == []
    rows = json.loads(command(capsys, "--json")[1])
    assert rows[0] == {
        "figure": "one",
        "title": "a title",
        "source": "a source",
        "protocol": "a protocol.",
    }


def test_named_figures_are_run_with_the_options(asked: list[Any], capsys: Any) -> None:
    status, out, err = command(capsys, "one", "none", "--quick", "--seeds", "4", "--data", "folder")
    assert (status, err) == (0, "")
    data = Path("folder")
    assert asked == [("one", True, 4, data), ("none", True, 4, data)]
    reports = [f"{Report(FIGURES[i], True, LINES[n], Outcome([]), 12.34)}\n\n" for i, n in
               ((0, "one"), (2, "none"))]  # fmt: skip
    assert out == "".join(reports)
    assert command(capsys, "two")[0] == 2
    assert asked[-1] == ("two", False, None, None)
    assert command(capsys, "three")[0] == 2 and len(asked) == 3


def test_all_figures_are_counted_by_their_verdicts(
    asked: list[Any], capsys: Any, tmp_path: Path
) -> None:
    status, out, err = command(capsys, "--all", "-o", str(tmp_path / "new"))
    assert status == 0 and [name for name, *_ in asked] == ["one", "two", "none"]
    assert "two: not run; there are no data\n\n" in out
    assert out.endswith("1 reproduced, 1 NOT reproduced, 1 not run\n")
    # A figure without a value of ours has no picture.
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["one.png"]
    assert err == f"wrote {tmp_path / 'new' / 'one.png'}\n"
    reports = json.loads(command(capsys, "--all", "--json")[1])
    assert reports[1] == {"figure": "two", "not_run": "there are no data"}
    first = reports[0]
    assert (first["figure"], first["form"], first["seconds"]) == ("one", "full", 12.3)
    assert first["lines"][1] == {
        "quantity": "y",
        "published": 1.0,
        "ours": 9.0,
        "interval": None,
        "within": 0.1,
        "reason": "",
        "verdict": "NOT reproduced",
        "note": "",
    }


def test_a_picture_of_a_result_has_its_trial_and_its_ending(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [0.001, 0.002]
    values = np.arange(8.0).reshape(2, 2, 2)
    file = nef.Result({"y": values}, {"y": times}, times, {}).save(tmp_path / "a.npz")
    seen: list[Any] = []
    overview = nef.plot.overview

    def watched(*given: Any) -> Any:
        seen.append(given[1:])
        return overview(*given)

    monkeypatch.setattr(nef.plot, "overview", watched)
    out = tmp_path / "b.pdf"
    assert main(["plot", str(file), "--trial", "1", "--show", "y", "-o", str(out)]) == 0
    assert out.read_bytes().startswith(b"%PDF") and capsys.readouterr().out == f"{out}\n"
    assert seen == [(["y"], 1)]
    assert main(["plot", str(file), "--trial", "1", "-o", str(out)]) == 2
    assert "which exists; pass --force" in capsys.readouterr().err
