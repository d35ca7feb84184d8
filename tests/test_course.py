"""The assignments: checks accept right answers, and refuse stubs and wrong answers."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import nefsim as nef

COURSE = Path(__file__).parent.parent / "course"
sys.path.append(str(COURSE))

import answers  # noqa: E402
import checks  # noqa: E402

EXERCISES = list(checks.CHECKS)

#: Changes that make an answer wrong: a text in it and its replacement.
WRONG = {
    "1.1": [("above = J > 1", "above = J > 1.5"), ("tau_ref + ", ""), ("log1p", "exp")],
    "1.2": [("1 - gain * intercept", "gain * intercept"), ("0.002 - ", "")],
    "1.3": [("P * sigma**2", "sigma**2"), (" + P * sigma**2 * np.eye(N)", "")],
    "1.4": [("sigma * np", "sigma**2 * np"), ("A @ d - x", "A @ d")],
    "1.5": [("1600", "400")],
    "2.1": [("u * rms", "u"), ("(f > limit) | ", ""), ("rng.standard_normal", "np.ones")],
    "2.2": [("0.002 - dt / 2", "0.0"), ("v > 1", "v > 0.9"), ("/ 0.02", "/ 0.05")],
    "2.3": [("(1 - a) * value", "value"), ("-dt / tau", "-2 * dt / tau")],
    "2.4": [("@ d / dt", "@ d"), ("/ dt, tau", "/ dt, 5 * tau")],
    "3.1": [("gain[:, None] * ", ""), ("e @ d.T", "(d @ e.T).T[::-1]")],
    "3.2": [(", function=np.square", ""), ("np.square", "np.abs")],
    "3.3": [("transform=0.5", "transform=1.0"), ("transform=2.0", "transform=-2.0")],
    "3.4": [("x[0] * x[1]", "x[0] + x[1]"), ("both[1]", "both[0]")],
    "4.1": [(" + np.eye(len(A))", ""), ("tau * B", "B")],
    "4.2": [("    net.connect(a, a, synapse=tau, solver=nef.LstsqL2(reg=0.02))\n", "")],
    "4.3": [("2 * np.pi * hertz", "hertz"), ("1.5 * (t < 0.1)", "0.0 * t")],
    "4.4": [("(Ad - a * np.eye(n)) / (1 - a)", "tau * A + np.eye(n)"), ("Bd / (1 - a)", "Bd")],
    "5.1": [("d - kappa", "d + kappa"), (" / len(a)", "")],
    "5.2": [("np.fft.rfft(v)", "np.fft.rfft(v).conj()")],
    "5.3": [("np.roll(v[::-1], 1)", "v[::-1]")],
    "5.4": [("1e-3", "1e-6"), ("np.zeros_like", "lambda x: x")],
}


def named(exercise: str, source: str) -> Any:
    """The answer by its name: that of the last definition, not of an import."""
    names: dict[str, Any] = {"np": np, "nef": nef, "scipy": scipy}
    exec(answers.ANSWERS["2.3"], names)
    exec(source, names)
    first = source.strip().split("\n")[0]
    name = first[4:].split("(")[0] if first.startswith("def ") else first.split(" =")[0]
    return names[name]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_answer_is_right(exercise: str, capsys: Any) -> None:
    checks.check(exercise, named(exercise, answers.ANSWERS[exercise]))
    assert capsys.readouterr().out == f"exercise {exercise} is right\n"


@pytest.mark.parametrize(
    ("exercise", "change"), [(e, c) for e in EXERCISES for c in WRONG[e]], ids=str
)
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_a_wrong_answer_is_refused(exercise: str, change: tuple[str, str]) -> None:
    source = answers.ANSWERS[exercise]
    assert change[0] in source
    with pytest.raises(AssertionError, match=r"\w"):
        checks.check(exercise, named(exercise, source.replace(*change)))


def cells() -> dict[str, tuple[str, str]]:
    """The stub and the check of each exercise in the notebooks."""
    found = {}
    for path in sorted(COURSE.glob("assignment_*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        code = [c for c in notebook["cells"] if c["cell_type"] == "code"]
        assert not any(c["outputs"] for c in code)
        for stub, check in itertools.pairwise(code):
            if "exercise" in stub["metadata"]:
                texts = "".join(stub["source"]), "".join(check["source"])
                found[stub["metadata"]["exercise"]] = texts
    return found


def test_each_exercise_is_in_a_notebook_with_its_check() -> None:
    found = cells()
    assert list(found) == EXERCISES == list(answers.ANSWERS) and len(EXERCISES) >= 20
    for exercise, (stub, check) in found.items():
        answer = answers.ANSWERS[exercise].strip().split("\n")[0]
        assert stub.split("...")[0].split("\n")[0].split(" =")[0] == answer.split(" =")[0]
        assert check.startswith(f'check("{exercise}", ')


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_stub_is_refused(exercise: str) -> None:
    stub = cells()[exercise][0]
    with pytest.raises((AssertionError, TypeError, ValueError)):
        checks.check(exercise, named(exercise, stub))
