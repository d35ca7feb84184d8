"""Laws of files, checkpoints and marks: values by hand, limits, and what each condition decides."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim import checkpoint, files, saving
from nefsim._schema import misfit
from nefsim.filtering import StateSpace
from nefsim.program import Filter, Read, Sum, Term, Weigh

# -- files -------------------------------------------------------------------------------------


def test_a_path_gets_an_ending_only_if_it_has_none() -> None:
    assert files.as_path("x", "a/b") == Path("a/b.npz")
    assert files.as_path("x", Path("a/b.csv")) == Path("a/b.csv")
    assert files.as_path("x", "a/b", ending=False) == Path("a/b")
    assert files.as_path("x", "a/b.csv", ending=False) == Path("a/b.csv")


@pytest.mark.parametrize("path", ["", ".", "/", "a\nb", "a\x00"])
def test_a_path_must_name_a_file(path: str) -> None:
    with pytest.raises(ValueError, match=r"^x: target must name a file, got .+; pass a file name"):
        files.as_path("x", path, "target")


@pytest.mark.parametrize("path", [3, None, b"a", ["a"]])
def test_a_path_is_a_text(path: Any) -> None:
    with pytest.raises(TypeError, match=r"^x: target must be a path, got .+; pass a file name"):
        files.as_path("x", path, "target")


def test_a_target_is_a_file_in_a_folder_that_exists(tmp_path: Path) -> None:
    assert files.as_target("x", tmp_path / "a") == tmp_path / "a.npz"
    with pytest.raises(ValueError, match=r"^x: to must be in a folder that exists, .+; make"):
        files.as_target("x", tmp_path / "no" / "a", "to")
    (tmp_path / "b.npz").mkdir()
    with pytest.raises(ValueError, match=r"^x: to must be a file, got the folder .+; pass a file"):
        files.as_target("x", tmp_path / "b", "to")


def test_a_file_has_version_one_and_is_compressed_unless_it_must_not_be(tmp_path: Path) -> None:
    sizes = []
    for options in ({}, {"compress": True}, {"compress": False}):
        zeros = np.zeros(10_000)
        path = files.write("x", tmp_path / "a", {"zeros": zeros}, {"kind": "box"}, **options)
        sizes.append(path.stat().st_size)
        with np.load(path) as loaded:
            assert json.loads(str(loaded["nefsim"])) == {"version": 1, "kind": "box"}
            np.testing.assert_array_equal(loaded["zeros"], zeros)
    assert sizes[0] == sizes[1] < 2000 < 80_000 < sizes[2]
    with pytest.raises(TypeError, match=r"^x: info must hold numbers, .+; store other objects"):
        files.write("x", tmp_path / "a", {}, {"kind": object()})


class Counting(files.Saved):
    """A saved file that counts how often it was closed."""

    closed = 0

    def close(self) -> None:
        Counting.closed += 1
        super().close()


def test_a_description_may_be_as_long_as_the_longest(tmp_path: Path, monkeypatch: Any) -> None:
    path = files.write("x", tmp_path / "a", {}, {"kind": "box"})
    length = len(json.dumps({"version": 1, "kind": "box"}))
    monkeypatch.setattr(files, "LONGEST", length)
    with Counting("x", path, "box", {"kind": str}) as saved:
        assert saved.meta == {"version": 1, "kind": "box"}
    monkeypatch.setattr(files, "LONGEST", length - 1)
    before = Counting.closed
    with pytest.raises(ValueError, match=r"box of nefsim, got .+ \(its description is too long\)"):
        Counting("x", path, "box", {})
    assert Counting.closed == before + 1


@pytest.mark.parametrize(
    ("text", "why"),
    [("{", "Expecting"), ('{"kind": "box"}', "version of it is missing"), ("[]", "it is")],
)
def test_a_description_that_does_not_fit_is_refused_and_the_file_closed(
    tmp_path: Path, text: str, why: str
) -> None:
    np.savez(tmp_path / "a.npz", nefsim=np.array(text))
    before = Counting.closed
    with pytest.raises(ValueError, match=rf"^x: path must be a box of nefsim, got .+{why}"):
        Counting("x", tmp_path / "a.npz", "box", {})
    assert Counting.closed == before + 1
    with pytest.raises(ValueError, match=r"^x: path must be a file, got .+; pass a file that"):
        Counting("x", tmp_path / "none", "box", {})


def test_a_description_must_fit_the_schema_too(tmp_path: Path) -> None:
    path = files.write("x", tmp_path / "a", {}, {"kind": "box", "n": 9})
    with pytest.raises(ValueError, match=r"box of nefsim, got .+ \(n is 9\)"):
        files.Saved("x", path, "box", {"n": range(9)})


# -- marks of a program ------------------------------------------------------------------------


def numbers(op: Any) -> list[list[float]]:
    return [np.ravel(part).tolist() for part in checkpoint._numbers(op)]


def test_a_mark_weighs_numbers_by_cosines_of_their_places() -> None:
    mark = checkpoint._weighted([[2.0], [3.0], [5.0]])
    assert mark == pytest.approx(2 + 3 * np.cos(1) + 5 * np.cos(2), rel=1e-14)  # three sums


def test_the_numbers_of_a_mark_are_those_of_the_operation() -> None:
    sparse = scipy.sparse.csr_array([[0.0, 7.0, 8.0]])
    terms = Term(Read(1)), Term(Read(1), np.array([[2.0, 3.0]])), Term(Read(1), sparse)
    assert numbers(Sum(0, terms)) == [[1.0], [2.0, 3.0], [7.0, 8.0]]
    assert numbers(Sum(0, terms[:1], np.array([5.0]))) == [[1.0], [5.0]]
    assert numbers(Filter(0, 1, (np.array([0.5]), np.array([1.0, -0.5])))) == [[0.5], [1, -0.5]]
    assert numbers(Weigh(0, Read(1), np.array([[4.0]]))) == [[4.0]]


def test_a_filter_by_its_state_has_words_that_differ() -> None:
    state = StateSpace(np.eye(1), np.ones(1), np.ones(1), 0.0)
    assert checkpoint._words(Filter(0, 1, state)) == "Filter by its state"
    assert checkpoint._words(Filter(0, 1, (np.ones(1), np.ones(1)))) == "Filter"
    assert checkpoint._words(Sum(0, ())) == "Sum"


@pytest.mark.parametrize(
    ("batch_size", "fits"), [(None, True), (1, True), (2, True), (10**6, True), (0, False)]
)
def test_a_checkpoint_is_of_any_number_of_trials(batch_size: Any, fits: bool) -> None:
    assert (misfit(batch_size, checkpoint.SCHEMA["batch_size"]) == "") == fits


# -- a simulator's file ------------------------------------------------------------------------


def test_a_file_of_another_seed_is_refused() -> None:
    for seed in (3, None):
        saving.check_source("x", {"seed": 3, "start": 0}, nef.Network(seed=seed), streams=False)
    with pytest.raises(ValueError, match=r"^x: net must have the seed 3 of the file, got seed 4;"):
        saving.check_source("x", {"seed": 3, "start": 0}, nef.Network(seed=4), streams=False)
    with pytest.raises(TypeError, match=r"^x: net must be a network"):
        saving.check_source("x", {"seed": 3, "start": 0}, 5, streams=False)  # type: ignore[arg-type]


def test_a_stream_needs_the_first_records() -> None:
    net = nef.Network(seed=3)
    saving.check_source("x", {"seed": 3, "start": 2}, net, streams=False)
    saving.check_source("x", {"seed": 3, "start": 0}, net, streams=True)
    with pytest.raises(ValueError, match=r"^x: records must be whole .+ first 2 steps were clear"):
        saving.check_source("x", {"seed": 3, "start": 2}, net, streams=True)


def test_records_are_taken_from_the_step_and_the_start_of_the_file(monkeypatch: Any) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(checkpoint, "set_state", lambda *given: calls.append(given))
    saved: Any = SimpleNamespace(meta={"start": 4})
    state: Any = SimpleNamespace(step=9)
    program: Any = object()
    for fits in (True, False):
        records: Any = SimpleNamespace(take_over=lambda *given: calls.append(given) or fits)  # noqa: B023
        if fits:
            saving.put_back("x", saved, program, state, records)
        else:
            with pytest.raises(ValueError, match=r"^x: net must have the saved probes"):
                saving.put_back("x", saved, program, state, records)
    assert calls == [("x", program, state, saved), (saved, 9, 4)] * 2


# -- states that a run saves -------------------------------------------------------------------


class Run:
    """A run that notes at which step it was saved, and whether it could be."""

    def __init__(self, n_steps: int, error: Any = None) -> None:
        self.n_steps, self.error = n_steps, error
        self.saved: list[Any] = []

    def save(self, path: Path, compress: bool) -> Path:
        assert not compress
        self.saved.append((self.n_steps, path))
        if self.error:
            raise self.error
        return path


STATES = saving.Checkpoints(10, Path("a"))


@pytest.mark.parametrize(
    ("n_steps", "step", "parts"),
    [
        *[(25, 7, [3, 10, 10, 2]), (5, 0, [5]), (10, 0, [10]), (11, 0, [10, 1])],
        *[(0, 3, []), (2, 8, [2]), (3, 8, [2, 1]), (10, 20, [10]), (1, 19, [1])],
    ],
)
def test_a_run_is_cut_at_multiples_from_the_start_of_the_model(
    n_steps: int, step: int, parts: list[int]
) -> None:
    assert [*STATES.parts(n_steps, step)] == parts


@pytest.mark.parametrize("n_steps", [5, 10, 11, 20, 25])
def test_a_state_is_saved_once_at_each_multiple_and_at_the_end(n_steps: int) -> None:
    run, is_multiple = Run(n_steps), n_steps % 10 == 0
    STATES.save_if_due(run)
    assert run.saved == [(n_steps, Path("a"))] * is_multiple
    with STATES.saved_at_end(run):
        pass
    assert run.saved == [(n_steps, Path("a"))]


@pytest.mark.parametrize("error", [None, ValueError(), OSError(), RuntimeError()])
@pytest.mark.parametrize("n_steps", [10, 11])
def test_a_state_is_saved_after_an_error_which_is_raised(n_steps: int, error: Any) -> None:
    run = Run(n_steps, error)
    with pytest.raises(ZeroDivisionError), STATES.saved_at_end(run):
        raise ZeroDivisionError
    assert run.saved == [(n_steps, Path("a"))]


def test_an_interval_of_one_step_is_the_shortest(tmp_path: Path) -> None:
    assert saving.checkpoints("x", None, None, 0.001) is None
    path = tmp_path / "a"
    found = saving.checkpoints("x", 0.001, path, 0.001)
    assert found == saving.Checkpoints(1, tmp_path / "a.npz")
    assert saving.checkpoints("x", 1, path, 0.5) == saving.Checkpoints(2, tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"^x: checkpoint_every must be a step of 0\.001 s or"):
        saving.checkpoints("x", 0.0001, path, 0.001)
    with pytest.raises(
        ValueError, match=r"^x: checkpoint must be passed together with checkpoint_"
    ):
        saving.checkpoints("x", 0.1, None, 0.001)
    with pytest.raises(
        ValueError, match=r"^x: checkpoint_every must be passed together with check"
    ):
        saving.checkpoints("x", None, path, 0.001)
