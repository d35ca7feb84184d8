"""Mutations: their kinds, the rules of the draw, and the tests that catch them."""

from __future__ import annotations

import ast
import re
import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from mutants import draw, equivalent, notes, runs
from mutants.__main__ import summary
from mutants.sites import KINDS, Change, changes

ROOT = Path(__file__).parents[1]


def mutants(source: str) -> set[tuple[str, str]]:
    """Kinds and the changed modules, as Python writes them."""
    code = source.encode()
    all_changes = changes("nefsim/toy.py", code)
    return {(c.kind, ast.unparse(ast.parse(c.apply(code)))) for c in all_changes}


@pytest.mark.parametrize(
    ("source", "kind", "changed"),
    [
        ("y = a - b", "sign", "y = a + b"),
        ("y = -a", "sign", "y = a"),
        ("y = 0.5", "sign", "y = -0.5"),
        ("y += a", "sign", "y -= a"),
        ("y = a + b", "factor two", "y = a + 2 * b"),
        ("y = a @ b", "factor two", "y = 2 * (a @ b)"),
        ("y = 0.5", "factor two", "y = 1.0"),
        ("y = a[1:]", "off by one", "y = a[2:]"),
        ("y = a < b", "comparison flipped", "y = a >= b"),
        ("y = a is None", "comparison flipped", "y = a is not None"),
        ("y = f(a, b, c)", "swapped", "y = f(b, a, c)"),
        ("y = f('a', 'b', c)", "swapped", "y = f('b', 'a', c)"),
        ("y = a / b", "swapped", "y = b / a"),
        ("y = a @ b", "swapped", "y = b @ a"),
        ("y = a * b", "dropped term", "y = a"),
        ("y = a and b and c", "dropped term", "y = a and c"),
        ("y.append(a)", "dropped statement", "pass"),
        ("y += a", "dropped statement", "pass"),
        ("y = [i for i in x if f(i)]", "negated condition", "y = [i for i in x if not f(i)]"),
        ("if a:\n    y = b", "negated condition", "if not a:\n    y = b"),
        ("y = 'é' if f(a) else a + b", "sign", "y = 'é' if f(a) else a - b"),
    ],
)
def test_each_kind_of_change_makes_its_change(source: str, kind: str, changed: str) -> None:
    assert kind in KINDS
    assert (kind, changed) in mutants(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "__all__ = ['a' + 'b']",
        "import a",
        "def f(x: a[1] = None) -> b[2]: ...",
        "y: 'a[1]' = None",
        "if TYPE_CHECKING:\n    y = a + b",
        "if __name__ == '__main__':\n    main(a, b)",
        "assert a < 1",
        "raise ValueError(f'{a + 1}' + b)",
        "if a:\n    n = b + 1\n    raise ValueError(n)",
        "def __repr__(self):\n    return f(a, 1)",
        "must, do = f(a + 1), 'a' if b < c else 'd'",
        "if len(a) == 2:\n    do = 'a'\nelif b < 1:\n    got = f(a, b)\nelse:\n    do = 'c'",
        "y = f'{a + 1}'",
        "y = check.real('LIF', 'tau_rc')",
        "y = max(a, b)",
        "y = rows(who, 'tau_rc', a)",
        "y = all_rows('Samples.sample', 'values', a)",
        "command.add_argument('-o', '--out')",
        "plot(x, **{'a': b})",
        "ax = plot(linewidth=2.0)",
        "text = json.dumps(a, indent=1)",
        "LONGEST_CHUNK = 1000",
        "MOST_LEVELS = 16",
        "y = np.swapaxes(a, b)",
        "n = 10**7",
        "whole_registers()",
        "ax.margins(x=0.1)",
        "y = isinstance(a, b)",
        "y = np.multiply(a, b, out=c)",
        "y = np.clip(a, b, c)",
        "n = 10**7 + 1",
        "for _ in range(3 * n + 1):\n    if a:\n        return b",
        "look = {'linewidth': 1.0, 'color': GREY}",
        "bend = 0.2",
        "box = Legend(items=a, padding=0)",
        "y = None\nz = True",
    ],
)
def test_code_without_effect_on_results_is_not_changed(source: str) -> None:
    kinds = {kind for kind, _ in mutants(source)} - {"negated condition"}
    kinds -= set() if source.startswith(("whole", "ax.m")) else {"dropped statement"}
    assert not kinds - ({"swapped"} if source.startswith("plot(") else set())


def test_a_condition_that_chooses_more_than_words_is_changed() -> None:
    assert ("comparison flipped", "if a >= b:\n    do = 'a'\n    y = 1") in mutants(
        "if a < b:\n    do = 'a'\n    y = 1"
    )
    assert ("sign", "do, y = ('a', b - c)") in mutants("do, y = ('a', b + c)")


def test_the_sign_of_a_difference_is_not_changed_in_even_functions() -> None:
    assert ("swapped", "y = abs(b - a)") not in mutants("y = abs(a - b)")
    assert ("sign", "y = abs(a + b)") in mutants("y = abs(a - b)")
    assert ("swapped", "y = abs(f(b - a))") in mutants("y = abs(f(a - b))")
    assert ("swapped", "y = abs(b / a)") in mutants("y = abs(a / b)")
    assert ("swapped", "y = (b - a) ** 2") not in mutants("y = (a - b) ** 2")
    assert ("swapped", "y = (b - a) ** 3") in mutants("y = (a - b) ** 3")


def test_a_tolerance_for_rounding_is_not_doubled_in_a_function() -> None:
    body = "def f(x=1e-09):\n    return x < "
    changed = mutants(f"{body}1e-09")
    assert ("factor two", f"{body}2e-09") not in changed
    assert ("sign", f"{body}-1e-09") in changed
    assert ("factor two", f"{body.replace('=1', '=2')}1e-09") in changed
    assert ("factor two", f"{body}0.02") in mutants(f"{body}0.01")
    wide = {kind for kind, _ in mutants("def f(x):\n    return x < 1 + 1e-09")}
    assert {"sign", "dropped term", "swapped"} >= wide - {"comparison flipped", "off by one"}
    assert "sign" in wide and "dropped term" in wide
    assert "factor two" not in {k for k, _ in mutants("def f(x):\n    return x < 1e-09 * n")}
    assert "factor two" in {k for k, _ in mutants("def f(x):\n    return x < 0.01 * n")}


def test_a_text_that_is_added_is_dropped_and_not_doubled() -> None:
    for text in ("'a'", "f'{a}'"):
        assert {kind for kind, _ in mutants(f"y += {text}")} == {"dropped statement"}


def test_a_length_of_minus_one_in_reshape_is_not_changed() -> None:
    assert mutants("y = a.reshape(2, -1)") == {
        ("off by one", "y = a.reshape(3, -1)"),
        ("sign", "y = a.reshape(2, 1)"),
        ("swapped", "y = a.reshape(-1, 2)"),
    }


def test_more_memory_is_not_reserved() -> None:
    kinds = {kind for kind, _ in mutants("y = self.allocate(2 * n + k)")}
    assert kinds == {"sign", "dropped term"}


def test_a_comparison_with_a_constant_of_speed_is_not_changed() -> None:
    source = "if n > MOST_FOR_NUMPY:\n    y = a + b"
    assert {kind for kind, _ in mutants(source)} == {"sign", "factor two", "dropped term"}


def test_a_draw_has_five_of_each_room_at_different_places_and_all_kinds() -> None:
    all_changes = draw.all_changes(ROOT)
    drawn = draw.draw(ROOT, all_changes, seed=3, count=220)
    assert len(drawn) == 220 == len({(c.path, c.line) for c in drawn})
    rooms = Counter(draw.room_of(c.path) for c in all_changes)
    taken = Counter(draw.room_of(c.path) for c in drawn)
    assert all(taken[room] >= min(5, rooms[room]) for room in rooms)
    assert set(Counter(c.kind for c in drawn)) == set(KINDS)
    assert drawn == draw.draw(ROOT, all_changes, seed=3, count=220)
    assert drawn != draw.draw(ROOT, all_changes, seed=4, count=220)


def test_changes_that_alter_no_result_are_in_the_package_and_have_a_reason() -> None:
    reasons = equivalent.read()
    files = {name.split("::")[0] for name in reasons}
    found = [c for file in files for c in changes(file, (ROOT / file).read_bytes())]
    counts = Counter(map(equivalent.name_of, found))
    assert {name: counts[name] for name in reasons} == dict.fromkeys(reasons, 1)
    assert all(reason.endswith(".") for reason in reasons.values())


def test_a_report_names_survivors_and_changes_that_alter_no_result(tmp_path: Path) -> None:
    doubled, other, same = changes("nefsim/toy.py", b"a = f(x, y)\nb = -c\nd = 1")
    outcomes = [runs.Outcome(doubled, "a test", 1, 1.0), runs.Outcome(other, "", 1, 1.0)]
    assert summary(outcomes, 7, 9, {same: "A reason."}).splitlines() == [
        "seed 7: 1 of 2 caught (50.0 %), drawn from 9 changes",
        "rooms: toy 2",
        f"survives: {other}",
        f"alters no result: {same}: A reason.",
    ]
    file = tmp_path / "list.txt"
    file.write_text("a::f sign: -1  ->  (1)\n    A reason\n    of two lines.\nb\n    Another.\n")
    assert equivalent.read(file) == {
        "a::f sign: -1  ->  (1)": "A reason of two lines.",
        "b": "Another.",
    }
    assert equivalent.name_of(other) == "nefsim/toy.py:: sign: -c  ->  (c)"


def test_code_elsewhere_changes_nothing_of_a_draw() -> None:
    all_changes = draw.all_changes(ROOT, ["solvers"])
    drawn = draw.draw(ROOT, all_changes, seed=3, count=5)
    moved = [
        Change(c.path, c.function, c.line + 7, c.kind, c.before, c.after, c.start + 99, c.end + 99)
        for c in all_changes
    ]
    assert [draw._rank(3, c) for c in moved] == [draw._rank(3, c) for c in all_changes]
    assert set(drawn) < set(draw.draw(ROOT, all_changes, seed=3, count=9))


TOY = """
LIMIT = 7


def double(x):
    y = 2.0 * x
    unseen = y + 1.0
    return y


def halving():
    return lambda x: 0.5 * x


class Box:
    size = 3.0

    def volume(self):
        return self.size**3


class Pair:
    first = 0


def count(n):
    while n > 0:
        n -= 1
    return n
"""

TESTS = """
import subprocess
import sys

import pytest
from nefsim.toy import LIMIT, Box, count, double, halving

HALVE = halving()


@pytest.fixture(scope="module")
def six():
    return double(3.0)


def test_double(six):
    assert six == 6.0


def test_again(six):
    assert six > 0


def test_count():
    assert count(3) == 0


def test_half():
    assert HALVE(2.0) == 1.0


def test_box():
    assert Box().volume() == 27.0


def test_constant():
    assert LIMIT == 7


def test_that_fails():
    assert double(1.0) == 3.0


def test_in_another_process():
    code = "from nefsim.toy import halving; assert halving()(2.0) == 1.0"
    subprocess.run([sys.executable, "-c", code], check=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one module, with this script in its tests."""
    root = tmp_path / "project"
    for folder in ("nefsim", "tests"):
        (root / folder).mkdir(parents=True)
    (root / "setup.cfg").write_text("[tool:pytest]\naddopts = -p no:nengo\n")
    (root / "nefsim" / "__init__.py").write_text("")
    (root / "nefsim" / "toy.py").write_text(TOY)
    (root / "tests" / "test_toy.py").write_text(TESTS)
    shutil.copytree(ROOT / "tests" / "mutants", root / "tests" / "mutants")
    return root


def test_changes_that_tests_see_are_caught_by_name(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = notes.read(project, 1, lambda line: None)
    # A test that fails by itself catches nothing; one that shares a fixture executes it as well.
    executing = [t.name.split("::")[1] for t in known.executing("nefsim/toy.py", "double")]
    assert executing == ["test_double", "test_again", "test_in_another_process"]
    # Code of the module is read by a test that executes nothing, too.
    executing = [t.name.split("::")[1] for t in known.executing("nefsim/toy.py", "")]
    assert executing == [
        *(f"test_{n}" for n in ("double", "again", "count", "half", "box", "constant")),
        "test_in_another_process",
    ]
    # A class without functions is used by those of its module.
    assert "test_double" in [
        t.name.split("::")[1] for t in known.executing("nefsim/toy.py", "Pair")
    ]
    monkeypatch.setattr(runs, "MORE", 5.0)
    copy = runs.Copy(project, tmp_path / "copy")
    all_changes = changes("nefsim/toy.py", TOY.encode())

    def caught_by(kind: str, before: str) -> str:
        (change,) = (c for c in all_changes if (c.kind, c.before) == (kind, before))
        return copy.judge(change, known).caught_by

    assert caught_by("factor two", "2.0") == "tests/test_toy.py::test_double"
    # Two tests see this one: the quicker of them, by the clock, is named.
    halves = [f"tests/test_toy.py::test_{name}" for name in ("half", "in_another_process")]
    assert caught_by("factor two", "0.5") in halves
    assert caught_by("factor two", "3.0") == "tests/test_toy.py::test_box"
    assert caught_by("off by one", "7") == "tests/test_toy.py::test_constant"
    assert caught_by("sign", "y + 1.0") == ""
    assert re.fullmatch(r"no end within \d+ s", caught_by("dropped statement", "n -= 1"))
    assert (copy.folder / "nefsim" / "toy.py").read_text() == TOY
    # A test that fails without the change as well catches nothing.
    (copy.folder / "tests" / "test_toy.py").write_text(TESTS.replace("== 6.0", "== 7.0"))
    copy._sound.clear()
    assert caught_by("factor two", "2.0") == ""
    assert copy._unsound == {"tests/test_toy.py::test_double"}


def test_tests_in_the_background_see_ctrl_c(project: Path) -> None:
    """A shell makes background processes ignore it."""
    test = """
import pytest, signal
from nefsim.toy import double

def test_ctrl_c():
    assert double(1.0) == 2.0
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
"""
    (project / "tests" / "test_toy.py").write_text(test)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        known = notes.read(project, 1, lambda line: None)
    finally:
        signal.signal(signal.SIGINT, before)
    assert [t.name for t in known.tests] == ["tests/test_toy.py::test_ctrl_c"]


def test_without_notes_files_are_found_by_their_names(project: Path, tmp_path: Path) -> None:
    (project / "tests" / "test_toy.py").write_text(TESTS.replace("== 3.0", "== 2.0"))
    copy = runs.Copy(project, tmp_path / "copy")
    all_changes = changes("nefsim/toy.py", TOY.encode())
    (doubled,) = (c for c in all_changes if (c.kind, c.before) == ("factor two", "2.0"))
    by_name = notes.Notes(project)
    assert copy.judge(doubled, by_name).caught_by == "tests/test_toy.py::test_double"


def test_files_of_tests_are_near_by_equal_words_and_by_words_that_begin_alike() -> None:
    near = notes.Notes(ROOT).by_name("nefsim/backends/compiled/kernel/filters.py")
    assert near[:2] == ["tests/test_backends.py", "tests/test_kernel_laws.py"]
    alike = [near.index(f"tests/test_{name}.py") for name in ("filtering", "filtering_laws")]
    assert min(alike) > 1 and alike[1] == alike[0] + 1
    assert near[-1] == "nefsim/backends/compiled/kernel/filters.py"


def test_near_tests_come_first_and_stay_within_their_seconds() -> None:
    tests = [
        notes.Test(f"tests/test_{file}.py::{i}", seconds, frozenset())
        for file, seconds in (("far", 0.1), ("many", 1.0), ("toy", 5.0))
        for i in range({"far": 1, "many": 30, "toy": 4}[file])
    ]
    near, others = runs.stages(tests, ["tests/test_toy.py"], far=12.0)
    n = int(runs.NEAR)
    assert [test.file[11:-3] for test in near] == ["many"] * n
    # Half of the seconds are for the quickest, half for those of each file in turn.
    assert [test.file[11:-3] for test in others] == ["toy"] + ["many"] * 6 + ["far"]


def test_without_notes_a_file_that_takes_too_long_anyway_catches_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = runs.Copy(project, tmp_path / "copy")
    (doubled,) = (
        c
        for c in changes("nefsim/toy.py", TOY.encode())
        if (c.kind, c.before) == ("factor two", "2.0")
    )
    asked: list[list[str]] = []
    late = "no end within 300 s"

    def run(files: list[str], names: Any, limit: float) -> str:
        asked.append(files)
        return late if "tests/test_toy.py" in files else ""

    monkeypatch.setattr(copy, "_run", run)
    assert copy.judge(doubled, notes.Notes(project)).caught_by == ""
    both = ["tests/test_toy.py", "nefsim/toy.py"]
    # All files, one by one, the late one without the change, and the others again.
    assert asked == [both, both[:1], both[:1], both[1:]]
    # A file that takes too long with the change only catches it.
    copy._unsound.clear()
    verdicts = iter([late, late, ""])
    monkeypatch.setattr(copy, "_run", lambda *given: next(verdicts))
    assert copy.judge(doubled, notes.Notes(project)).caught_by == f"tests/test_toy.py: {late}"


def test_a_file_is_near_that_imports_the_module() -> None:
    near = notes.Notes(ROOT).by_name
    assert near("nefsim/describe/cost.py")[0] == "tests/test_costs.py"
    assert near("nefsim/backends/compiled/split.py")[0] == "tests/test_cores.py"
