"""Published figures: verdicts, the command, and the studies in their smallest form."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nefsim import reproduce
from nefsim._extras import BackendUnavailable
from nefsim.cli import main
from nefsim.reproduce import lines, program, rules, trained
from nefsim.reproduce.figure import Effort

FIGURES = reproduce.figures()

#: Figures that take a second or less of processor time with one seed and need no data.
FAST = ["square", "noise", "pes-law", "spikeconverter-factor", "hpes-digits"]


# Verdicts


@pytest.mark.parametrize(
    ("values", "better", "verdict"),
    [
        ([1.0], "", "reproduced"),
        ([1.1], "", "reproduced"),
        ([1.11], "", "NOT reproduced"),
        ([1.11], "higher", "better"),
        ([0.5], "higher", "NOT reproduced"),
        ([0.5], "lower", "better"),
        ([0.0, 2.4], "", "reproduced"),  # the interval has the published value
        ([1.2, 1.3, 1.25], "lower", "NOT reproduced"),
    ],
)
def test_a_verdict_follows_from_the_tolerance_and_the_interval(
    values: list[float], better: str, verdict: str
) -> None:
    line = lines.compare("value", 1.0, values, 0.1 + 1e-9, "a reason", better)
    assert line.verdict == verdict
    assert line.ours == pytest.approx(np.mean(values), rel=1e-15)
    assert (line.interval is None) == (len(values) == 1)


def test_a_line_shows_the_published_value_ours_the_interval_and_the_cause() -> None:
    line = lines.compare("rate [Hz]", 10.0, [12.0, 12.5, 13.0], 1.0, "rounding", note="slower")
    text = str(line)
    for part in ("rate [Hz]", "published 10", "ours 12.5 [12", "NOT reproduced", "rounding"):
        assert part in text
    assert text.endswith("; slower")
    assert "\n" not in text


def test_a_note_explains_differences_only() -> None:
    assert lines.compare("value", 1.0, [1.0], 0.1, "", note="a cause").note == ""


def test_the_tolerance_of_a_single_run_is_two_standard_deviations() -> None:
    assert lines.single_run([1.0, 2.0, 3.0])[0] == 2.0
    assert lines.single_run([1.0])[0] == 0.0


# The list


def test_each_figure_has_a_study_and_a_source() -> None:
    assert len(FIGURES) >= 20
    for name, figure in FIGURES.items():
        assert name == figure.name and name.replace("-", "").isalnum()
        module = import_module(f"nefsim.reproduce.{figure.module}")
        assert callable(getattr(module, figure.function)), name
        assert figure.source and figure.protocol.endswith(".")
        quick, full = figure.seconds
        assert quick <= full


def test_the_quick_forms_take_a_quarter_of_an_hour_together() -> None:
    assert sum(figure.seconds[0] for figure in FIGURES.values()) <= 15 * 60


@pytest.mark.parametrize("name", FAST)
def test_a_study_runs_and_is_reproduced(name: str) -> None:
    report = reproduce.run(name, seeds=2)
    assert report.quick and report.figure is FIGURES[name]
    expected = {"not run"} if name == "hpes-digits" else {"reproduced", "better"}
    assert {line.verdict for line in report.lines} <= expected
    assert str(report).startswith(f"{name}: ")


def test_the_program_differs_from_another_network() -> None:
    """Arrays that are changed a little change spikes: equal ones are no accident."""
    rng = np.random.default_rng(0)
    a, b = program.draw(10, (25.0, 75.0), rng), program.draw(10, (50.0, 100.0), rng)
    decoders = np.full(10, 1e-3)
    first, _, _ = program.program(a, b, decoders, decoders)
    encoders, gains, biases = a
    second, _, _ = program.same_in_nefsim(
        (encoders, gains, biases + 1e-3), b, decoders, decoders, seed=0
    )
    assert (first != second).any()


def test_silence_is_learned_in_the_smallest_form() -> None:
    pytest.importorskip("torch")
    _, losses = trained.silent_network(0, iterations=12)
    # Published: 0.128 at the start; three seeds give 0.064 to 0.067 at iteration 10.
    assert abs(losses[0] - 0.128) < 0.01
    assert losses[10] < 0.6 * losses[0]


def test_curves_have_the_published_points_beside_them() -> None:
    outcome = rules.stdp(Effort())
    assert [curve.published_x for curve in outcome.curves] == [[1, 2, 10, 20, 100]] * 2
    assert {line.verdict for line in outcome.lines} == {"reproduced"}


# Pictures and the command


def test_a_report_is_drawn_beside_the_published_values() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    ax = reproduce.run("pes-law", seeds=1).plot()
    labels = {line.get_label() for line in ax.lines}
    assert {"nefsim", "published"} <= labels
    ax = reproduce.run("spikeconverter-factor").plot()
    assert ax.get_yscale() == "log" and len(ax.lines) == 4
    plt.close("all")


def run(arguments: list[Any], capsys: Any) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    status = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command_lists_all_figures(capsys: Any) -> None:
    status, out, _ = run(["reproduce"], capsys)
    assert status == 0
    assert all(figure.source in out for figure in FIGURES.values())
    status, out, _ = run(["reproduce", "--json"], capsys)
    assert [row["figure"] for row in json.loads(out)] == list(FIGURES)


def test_the_command_runs_figures_and_draws_them(tmp_path: Path, capsys: Any) -> None:
    arguments = ["reproduce", "pes-law", "hpes-digits", "--seeds", 2, "--quick", "-o", tmp_path]
    status, out, _ = run(arguments, capsys)
    assert status == 0
    assert "largest relative deviation" in out and "not run" in out
    assert {file.name for file in tmp_path.iterdir()} == {"pes-law.png"}


def test_the_command_writes_json(capsys: Any) -> None:
    status, out, _ = run(["reproduce", "pes-law", "--quick", "--seeds", 2, "--json"], capsys)
    (report,) = json.loads(out)
    assert status == 0 and report["figure"] == "pes-law" and report["form"] == "quick"
    assert report["lines"][0]["verdict"] == "reproduced"


def test_unknown_figures_are_refused(capsys: Any) -> None:
    status, _, err = run(["reproduce", "another"], capsys)
    assert status == 2 and err.startswith("nefsim: error: nefsim reproduce: NAME must be one of")
    with pytest.raises(ValueError, match=r"^reproduce\.run: name must be one of"):
        reproduce.run("another")
    with pytest.raises(ValueError, match=r"^reproduce\.run: seeds must"):
        reproduce.run("stdp", seeds=0)


def test_a_figure_without_its_packages_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("nefsim.reproduce.figure.find_spec", lambda name: None)
    with pytest.raises(BackendUnavailable, match=r"silence cannot run, pip install torch"):
        reproduce.run("silence")
    only = {name: FIGURES[name] for name in ("silence", "hpes-digits")}
    monkeypatch.setattr("nefsim.reproduce.running.FIGURES", tuple(only.values()))
    status, out, _ = run(["reproduce", "--all", "--quick"], capsys)
    assert status == 0
    assert out.startswith("silence: not run; ") and out.rstrip().endswith("2 not run")


# The page of the site


PAGE = Path(__file__).parent.parent / "docs" / "reproductions.md"


def rows(name: str) -> list[list[str]]:
    """The cells of the table of a figure."""
    text = PAGE.read_text(encoding="utf-8")
    part = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
    cells = [[c.strip() for c in line.split("|")[1:-1]] for line in part.splitlines()]
    return [row for row in cells if len(row) == 5][2:]


def test_the_page_has_every_figure_with_its_source() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == list(FIGURES)
    for figure in FIGURES.values():
        assert f"- Source: {figure.source}.\n" in text


def test_the_page_begins_with_how_many_rows_have_each_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reports = [
        {"figure": name, "lines": [{"verdict": row[3].strip("*")} for row in rows(name)]}
        for name in FIGURES
    ]
    monkeypatch.syspath_prepend(PAGE.parent / "_ext")
    import reproductions

    assert reproductions.summary(reports) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FIGURES)
def test_a_row_that_differs_says_why(name: str) -> None:
    for quantity, published, ours, verdict, note in rows(name):
        assert quantity and (published or verdict == "better")
        assert verdict in ("reproduced", "better", "**NOT reproduced**", "not run")
        assert (ours == "") == (verdict == "not run")
        assert note or verdict in ("reproduced", "better"), (name, quantity)


@pytest.mark.parametrize("name", ["pes-law", "spikeconverter-factor", "stdp", "hpes-digits"])
def test_the_page_has_the_published_values_of_the_studies(name: str) -> None:
    lines = reproduce.run(name).lines
    shown = [(row[0], row[1], row[3].strip("*")) for row in rows(name)]
    assert shown == [
        (line.quantity, "" if line.published is None else f"{line.published:.4g}", line.verdict)
        for line in lines
    ]
