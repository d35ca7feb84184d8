"""Sweeps: each task once, whole files, failures that stop nothing, and any executor."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections import UserList
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import studies

import nefsim as nef
from nefsim import cli
from nefsim.sweeps import Builds, Sweep, Trials, local
from nefsim.sweeps.identity import identity
from nefsim.sweeps.workers import WorkersLost

SENTENCE = r"^[\w.\[\]' -]+: .+ must .+, got .+; .+\.$"
GRID = {"x": [1, 2, 3]}


def rows(done: Sweep) -> dict[str, list[Any]]:
    """The columns as lists, so that they can be compared."""
    return {k: [np.asarray(v).tolist() for v in c] for k, c in done.columns().items()}


#: The columns of ``studies.square`` with two seeds.
EXPECTED = {
    "x": [1, 1, 2, 2, 3, 3],
    "seed": [0, 1] * 3,
    "y": [1, 2, 4, 5, 9, 10],
    "name": ["x1", "x1", "x2", "x2", "x3", "x3"],
    "draws": [np.random.default_rng(seed).normal(size=3).tolist() for seed in (0, 1)] * 3,
}


def counting() -> tuple[Callable[[int], int], UserList[int]]:
    """A function, and the list of its calls."""
    calls: UserList[int] = UserList()  # its content is not part of the key

    def fn(x: int) -> int:
        calls.append(x)
        return 10 * x

    return fn, calls


# Tasks


def test_all_combinations_are_called_in_order() -> None:
    done = nef.sweep(lambda a, b: f"{a}{b}", {"a": [1, 2], "b": ["u", "v"]}, executor="serial")
    expected = {"a": [1, 1, 2, 2], "b": ["u", "v"] * 2, "value": ["1u", "1v", "2u", "2v"]}
    assert rows(done) == expected
    points = [{"a": 2, "b": "v"}, {"a": 1, "b": "u"}]
    assert rows(nef.sweep(lambda a, b: f"{a}{b}", points, executor="serial"))["value"] == [
        "2v",
        "1u",
    ]


def test_results_that_exist_are_not_computed_again(tmp_path: Path) -> None:
    fn, calls = counting()
    nef.sweep(fn, {"x": [1, 2]}, out=tmp_path, executor="serial")
    done = nef.sweep(fn, {"x": [3, 2, 1]}, out=tmp_path, executor="serial")
    assert calls == [1, 2, 3]
    assert rows(done) == {"x": [3, 2, 1], "value": [30, 20, 10]}
    assert rows(Sweep.load(tmp_path)) == rows(done)


def test_numbers_of_different_types_are_different_tasks(tmp_path: Path) -> None:
    fn, calls = counting()
    nef.sweep(fn, {"x": [1, 1.0, True]}, out=tmp_path, executor="serial")
    assert [type(x) for x in calls] == [int, float, bool]


def test_without_a_folder_the_results_vanish_with_the_sweep() -> None:
    done = nef.sweep(studies.square, GRID, executor="serial")
    folder = done.folder
    assert folder.is_dir() and len(done) == 3
    del done
    assert not folder.exists()


def test_values_of_all_kinds_are_read_as_they_were_written(tmp_path: Path) -> None:
    values = {
        "none": None, "yes": True, "int": 2**70, "float": 0.1, "inf": -np.inf, "text": "ü\n",
        "single": np.float32(0.1), "zero": np.array(3.5), "list": [1, 2], "texts": np.array(["a"]),
        "a/b": np.arange(6.0).reshape(2, 3), "nefsim": np.ones(2, np.uint8),
    }  # fmt: skip
    nef.sweep(lambda: values, {}, out=tmp_path, executor="serial")
    columns = Sweep.load(tmp_path).columns()
    assert columns.keys() == values.keys()
    for name, value in values.items():
        (read,) = columns[name]
        assert np.array_equal(read, value), name
        if isinstance(value, np.ndarray) and value.ndim:
            assert (read.dtype, read.shape) == (value.dtype, value.shape)


def test_a_result_of_nefsim_is_stored_by_label() -> None:
    def run(n: int) -> nef.Result:
        sim = nef.Simulator(studies.build(n))
        sim.run(0.05)
        return sim.result()

    (y,) = nef.sweep(run, {"n": [20]}, executor="serial").columns()["y"]
    assert np.array_equal(y, run(20)["y"])


# The key


SOURCE = '''
"""A module."""
import numpy as np
import helper_of_study

FACTOR = 2


def inner(x):
    return x + FACTOR


class Scale:
    def apply(self, x):
        return 3 * x


def task(x, power=2):
    """Doc."""
    return helper_of_study.shift(Scale().apply(inner(x))) ** power
'''
HELPER = "def shift(x):\n    return x + 1\n"


def identity_of(folder: Path, source: str, helper: str = HELPER) -> str:
    """The identity of ``task`` in a module that is imported by another process."""
    folder.mkdir(exist_ok=True)
    (folder / "study_of_keys.py").write_text(source, encoding="utf-8")
    (folder / "helper_of_study.py").write_text(helper, encoding="utf-8")
    code = "from study_of_keys import task\nfrom nefsim.sweeps.identity import identity\n"
    code += "print(identity(task))"
    paths = os.pathsep.join([str(folder), str(Path(nef.__file__).parents[1])])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_key_changes_with_the_code_that_a_function_uses(tmp_path: Path) -> None:
    first = identity_of(tmp_path / "a", SOURCE)
    layout = SOURCE.replace('"""Doc."""', '"""Other words."""').replace(
        "x + FACTOR", "x  +  FACTOR"
    )
    same = identity_of(tmp_path / "b", layout + "\n# a comment\n\ndef unused():\n    return 1\n")
    assert same == first
    changes = {
        "constant": ("FACTOR = 2", "FACTOR = 3"),
        "function": ("x + FACTOR", "x - FACTOR"),
        "class": ("3 * x", "4 * x"),
        "default": ("power=2", "power=3"),
        "body": ("** power", "* power"),
    }
    found = [identity_of(tmp_path / name, SOURCE.replace(*c)) for name, c in changes.items()]
    found.append(identity_of(tmp_path / "helper", SOURCE, HELPER.replace("1", "2")))
    assert len({first, *found}) == len(changes) + 2


def test_the_key_has_the_values_that_functions_and_objects_contain() -> None:
    def made(k: Any) -> Callable[[float], float]:
        return lambda x: k * x

    assert identity(made(1)) == identity(made(1)) != identity(made(2))
    assert identity(made(np.ones(3))) != identity(made(np.ones(4)))
    assert identity(partial(studies.square, seed=1)) != identity(partial(studies.square, seed=2))
    trials = [Trials(studies.build, studies.counts, s) for s in (0.1, 0.1, 0.2)]
    assert identity(trials[0]) == identity(trials[1]) != identity(trials[2])
    assert identity(made([made(1)])) != identity(made([made(2)]))
    cached = [functools.cache(made(k)) for k in (1, 2)]
    assert identity(cached[0]) != identity(cached[1])
    assert identity(studies.square, ["numpy 2.0"]) != identity(studies.square, ["numpy 2.1"])


def test_objects_that_contain_one_another_have_a_key() -> None:
    circle: list[Any] = []
    circle.append(circle)

    def fn() -> int:
        return len(circle)

    assert identity(fn) == identity(fn)


# Failures


def test_a_failure_stops_no_other_task_and_its_traceback_is_a_file(tmp_path: Path) -> None:
    def fn(x: int) -> float:
        return 1 / (x - 2)

    with pytest.warns(UserWarning, match=r"1 of 3 tasks failed, .*ZeroDivisionError"):
        done = nef.sweep(fn, GRID, out=tmp_path, executor="serial")
    assert rows(done) == {"x": [1, 3], "value": [-1.0, 1.0]}
    ((task, path),) = done.failures.items()
    text = path.read_text(encoding="utf-8")
    assert task.parameters == {"x": 2} and text.startswith("x=2\n\nTraceback")
    assert "1 / (x - 2)" in text and "job.py" not in text
    assert [*Sweep.load(tmp_path).failures.values()] == [path]


def test_a_task_is_repeated_as_often_as_retries_says(tmp_path: Path) -> None:
    calls: UserList[int] = UserList()  # its content is not part of the key

    def fn(x: int) -> int:
        calls.append(x)
        if x == 2 and calls.count(2) < 3:
            raise ValueError("not yet")
        return x

    with pytest.warns(UserWarning, match="1 of 3"):
        first = nef.sweep(fn, GRID, out=tmp_path, executor="serial", retries=1)
    assert calls == [1, 2, 3, 2] and len(first.failures) == 1
    done = nef.sweep(fn, GRID, out=tmp_path, executor="serial", retries=1)
    assert calls == [1, 2, 3, 2, 2] and rows(done)["value"] == [1, 2, 3]
    assert not done.failures and not [*(tmp_path / "failures").iterdir()]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (object(), "be a number, a text or an array"),
        (None, "task must return a number, .+, got None; add return to the function"),
        ({"y": {}}, "be a number, a text or an array"),
        ({1: 2}, "be named by strings"),
        (np.array([None]), "hold numbers or texts"),
        (1j, "be a number"),
        ([[1], [1, 2]], "be an array"),
        (10**400, "have at most 1000 bits"),
        ("x" * 1_000_001, "have at most 1000000 characters"),
        (np.broadcast_to(np.uint8(0), 2**28 + 1), "have at most 268435456 bytes"),
        ({str(i): i for i in range(10_001)}, "have at most 10000 values"),
    ],
    ids=str,
)
def test_results_that_cannot_be_stored_are_failures(result: Any, message: str) -> None:
    with pytest.warns(UserWarning, match=message):
        done = nef.sweep(lambda: result, {}, executor="serial")
    (path,) = done.failures.values()
    assert re.match(SENTENCE, path.read_text(encoding="utf-8").splitlines()[-1].partition(": ")[2])


def test_an_error_of_the_caller_leaves_the_results_so_far(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        assert total == 3
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nef.sweep(studies.square, GRID, out=tmp_path, executor="serial", progress=stop)
    done = Sweep.load(tmp_path)
    assert (len(done), len(done.missing)) == (2, 1)


# Files


def result_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("results/*/*.npz"))


def test_a_part_of_a_file_is_never_read_as_a_result(tmp_path: Path) -> None:
    nef.sweep(studies.square, {"x": [1]}, out=tmp_path, executor="serial")
    (file,) = result_files(tmp_path)
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert len(Sweep.load(tmp_path)) == 0, length
    done = nef.sweep(studies.square, {"x": [1]}, out=tmp_path, executor="serial")
    assert rows(done)["y"] == [1] and len(file.read_bytes()) == len(whole)


def test_a_file_under_the_name_of_another_task_is_no_result(tmp_path: Path) -> None:
    fn, calls = counting()
    nef.sweep(fn, {"x": [1, 2]}, out=tmp_path, executor="serial")
    first, second = result_files(tmp_path)
    shutil.copy(first, second)
    done = nef.sweep(fn, {"x": [1, 2]}, out=tmp_path, executor="serial")
    assert len(calls) == 3 and rows(done)["value"] == [10, 20]


def test_damaged_arrays_are_refused_in_one_sentence(tmp_path: Path) -> None:
    nef.sweep(lambda: np.arange(1000.0), {}, out=tmp_path, executor="serial")
    (file,) = result_files(tmp_path)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1  # within the array, which is the largest part
    file.write_bytes(data)
    with pytest.raises(ValueError, match=SENTENCE):
        Sweep.load(tmp_path).columns()


@pytest.mark.parametrize("text", ["", "{}", "[", '{"kind": "sweep", "version": 1}', "[" * 100_000])
def test_a_folder_without_a_list_of_tasks_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=SENTENCE):
        Sweep.load(tmp_path)
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(ValueError, match=SENTENCE):
        Sweep.load(tmp_path)


# Arguments


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fn": 3}, "fn must be a function"),
        ({"grid": 3}, "grid must be a dict"),
        ({"grid": "ab"}, "grid must be a dict"),
        ({"grid": {1: [2]}}, "be named by strings"),
        ({"grid": {"seed": [2]}}, "have names of arguments"),
        ({"grid": {"a b": [2]}}, "have names of arguments"),
        ({"grid": {"x": 3}}, "be a list"),
        ({"grid": {"x": "ab"}}, "be a list"),
        ({"grid": {"x": []}}, "hold a value"),
        ({"grid": {"x": [nef.LIF()]}}, "hold numbers, texts"),
        ({"grid": {"x": [1, 1]}}, "have different points"),
        ({"grid": [{"x": 1}, {"y": 1}]}, "have the same names"),
        ({"grid": [3]}, "be a dict"),
        ({"grid": {k: range(1000) for k in "abc"}}, "have at most 10000000 points"),
        ({"seeds": 0}, "be at least 1"),
        ({"seeds": -1}, "be at least 1"),
        ({"seeds": "3"}, "be a whole number"),
        ({"seeds": [1, 1]}, "differ"),
        ({"seeds": []}, "hold a seed"),
        ({"seeds": [-1]}, "be at least 0"),
        ({"seeds": [2**64]}, "be at most"),
        ({"executor": "cluster"}, "be a known name or an address"),
        ({"executor": 0}, "be at least 1"),
        ({"executor": object()}, "be None, a number of processes"),
        ({"executor": ThreadPoolExecutor}, "be None, a number of processes"),
        ({"out": 3}, "be a path"),
        ({"out": __file__}, "be a folder"),
        ({"retries": -1}, "be at least 0"),
        ({"chunk": 0}, "be at least 1"),
        ({"shard": 3}, "be a pair"),
        ({"shard": (0, 3)}, "be at least 1"),
        ({"shard": (4, 3)}, "be at most 3"),
        ({"progress": 3}, "be True, False, None or a function"),
    ],
    ids=str,
)
def test_nonsense_is_refused_in_one_sentence(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    arguments = {"fn": studies.square, "grid": GRID, "out": tmp_path / "out", "executor": "serial"}
    with pytest.raises((ValueError, TypeError), match=message) as raised:
        nef.sweep(**{**arguments, **changes})
    assert re.match(SENTENCE, str(raised.value))


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(nef.BackendUnavailable, match=r'the extra "dask"'):
        nef.sweep(studies.square, GRID, executor="dask")


# Executors


class Silent:
    """A job with ``done`` and ``result`` only, as those of submitit."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call, self._asked = call, 0

    def done(self) -> bool:
        self._asked += 1
        return self._asked > 1

    def result(self) -> Any:
        return self._call()


class Queue:
    """An executor with such jobs."""

    def submit(self, fn: Callable[..., Any], *arguments: Any) -> Silent:
        return Silent(partial(fn, *arguments))


def test_executors_of_all_kinds_give_equal_tables() -> None:
    sweep = partial(nef.sweep, studies.square, GRID, 2)
    assert rows(sweep(executor="serial")) == EXPECTED
    assert rows(sweep(executor="serial", chunk=4)) == EXPECTED
    assert rows(sweep(executor=2)) == EXPECTED
    assert rows(sweep(executor=Queue())) == EXPECTED
    with ThreadPoolExecutor(2) as threads:
        assert rows(sweep(executor=threads)) == EXPECTED
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        assert rows(sweep(executor=processes, chunk=2)) == EXPECTED


def test_a_dask_client_and_its_address_give_the_same_table() -> None:
    distributed = pytest.importorskip("distributed")
    # Processes, as tasks limit the threads of their process.
    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        assert rows(nef.sweep(studies.square, GRID, 2, client)) == EXPECTED
        address = cluster.scheduler_address
        assert rows(nef.sweep(studies.square, GRID, 2, address, chunk=2)) == EXPECTED
    with pytest.raises(ValueError, match="executor must be the address of a scheduler"):
        nef.sweep(studies.square, GRID, executor="tcp:/nowhere:// ")


def test_shards_divide_the_tasks(tmp_path: Path) -> None:
    calls: UserList[tuple[int, int]] = UserList()

    def fn(x: int, seed: int) -> int:
        calls.append((x, seed))
        return x

    for i in (1, 2, 3, 4):
        done = nef.sweep(fn, GRID, 3, "serial", tmp_path, shard=(i, 4))
    assert len(calls) == 9 == len({*calls}) == len(done)
    assert rows(done)["x"] == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_local_processes_use_one_core_and_one_thread_of_blas() -> None:
    before = dict(os.environ)
    columns = nef.sweep(studies.environment, {"x": [1]}, executor=1).columns()
    assert columns["cores"].tolist() == [1] and columns["threads"].tolist() == ["1"]
    assert dict(os.environ) == before


def test_a_task_that_ends_its_process_fails_and_the_others_do_not(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="1 of 3 tasks failed"):
        done = nef.sweep(studies.deadly, GRID, out=tmp_path, executor=2, chunk=3)
    assert rows(done) == {"x": [1, 3], "value": [1, 3]}
    (path,) = done.failures.values()
    assert "lost 4 times" in path.read_text()


def test_a_task_whose_process_was_lost_is_run_again(tmp_path: Path) -> None:
    grid = {**GRID, "folder": [str(tmp_path)]}
    done = nef.sweep(studies.deadly_once, grid, executor=1)
    assert rows(done)["value"] == [1, 2, 3] and (tmp_path / "ended").exists()


def test_an_interrupted_sweep_ends_its_processes_at_once(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    grid = {"x": [0, 1, 2]}
    with pytest.raises(KeyboardInterrupt):
        nef.sweep(studies.slow, grid, out=tmp_path, executor=2, progress=stop)
    deadline = time.monotonic() + 20.0
    while active_children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not active_children()
    assert time.monotonic() - began < 50.0  # tasks take 60 s


def test_a_broken_executor_ends_the_sweep_and_leaves_its_results(tmp_path: Path) -> None:
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    with pool, pytest.raises(WorkersLost):
        nef.sweep(studies.deadly, GRID, out=tmp_path, executor=pool)
    assert rows(Sweep.load(tmp_path))["value"][:1] == [1]


def test_a_function_without_a_file_needs_cloudpickle_for_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nefsim.sweeps.local.find_spec", lambda name: None)
    with pytest.raises(TypeError, match=r"pip install cloudpickle, or pass executor='serial'"):
        nef.sweep(lambda x: x, GRID, executor=1)
    monkeypatch.undo()
    pytest.importorskip("cloudpickle")
    assert rows(nef.sweep(lambda x: 2 * x, GRID, executor=1))["value"] == [2, 4, 6]


WARNS = """
import warnings

grid = {"x": [1, 2]}


def task(x):
    warnings.warn(f"of\\n{x}")
    return x
"""


@pytest.mark.parametrize("where", [["--serial"], ["--workers", "1"]])
def test_warnings_of_the_workers_of_the_command_are_lines(where: list[str], tmp_path: Path) -> None:
    file = tmp_path / "study.py"
    file.write_text(WARNS)
    command = [sys.executable, "-m", "nefsim", "sweep", str(file), *where]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    lines = [line for line in ended.stderr.splitlines() if "warn" in line]
    assert lines == [f"nefsim: warning: of {x} (line 8 of {file})" for x in (1, 2)]


UNGUARDED = """
import nefsim as nef


def task(x):
    return x


{guard}nef.sweep(task, {{"x": [1]}}, executor=1, progress=False)
"""


@pytest.mark.parametrize("guard", ["", 'if __name__ == "__main__":\n    '])
def test_a_script_needs_the_guard_of_multiprocessing(guard: str, tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(UNGUARDED.format(guard=guard))
    environment = {**os.environ, "PYTHONPATH": str(Path(nef.__file__).parents[1])}
    command = [sys.executable, str(file)]
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert (ended.returncode == 0) == bool(guard), ended.stderr
    if not guard:
        *lines, last = ended.stderr.splitlines()
        cure = 'call sweep below `if __name__ == "__main__":`'
        assert last.startswith("RuntimeError: sweep: ") and cure in last
        start = lines.index("Traceback (most recent call last):")
        # Each process that was started says so on one line, before the error of the script.
        assert start > local.MOST_STARTS
        assert all(line.startswith("sweep: ") and cure in line for line in lines[:start])


# Trials


def test_trials_are_those_of_the_batch_whatever_seeds_are_missing(tmp_path: Path) -> None:
    trials = Trials(studies.build, studies.counts, 0.2, batch=4)
    whole = nef.sweep(trials, {"n": [20, 30]}, 8, "serial")
    nef.sweep(trials, {"n": [20, 30]}, [1, 6], "serial", tmp_path)
    parts = nef.sweep(trials, {"n": [20, 30]}, 8, "serial", tmp_path)
    assert rows(parts) == rows(whole)
    assert len({*whole.columns()["y"]}) == 16
    sim = nef.Simulator(studies.build(20), seed=1, batch_size=4)
    sim.run(0.2)
    expected = [len(sim.data.events("spikes").trial(i).steps) for i in range(4)]
    assert whole.columns()["spikes"][4:8].tolist() == expected


def test_the_first_trial_is_the_run_without_a_batch() -> None:
    sim = nef.Simulator(studies.build(20), seed=0)
    sim.run(0.2)
    trials = Trials(studies.build, lambda result: result["spikes"], 0.2, batch=2)
    assert np.array_equal(trials(n=20, seed=0), sim.data["spikes"])


def test_seeds_that_are_called_together_are_one_call_and_one_file_each(tmp_path: Path) -> None:
    calls: UserList[list[int]] = UserList()

    class Many:
        batch = 3

        def __call__(self, x: int, seed: int) -> int:
            raise AssertionError

        def many(self, seeds: list[int], x: int) -> list[int]:
            calls.append(seeds)
            if x == 2 and len(calls) == 3:
                raise ValueError("once")
            return [x * 100 + seed for seed in seeds]

    done = nef.sweep(Many(), {"x": [1, 2]}, 5, "serial", tmp_path, retries=1)
    assert rows(done)["value"] == [100, 101, 102, 103, 104, 200, 201, 202, 203, 204]
    assert calls == [[0, 1, 2], [3, 4], [0, 1, 2], [3, 4], [0], [1], [2]]
    assert len(result_files(tmp_path)) == 10
    Many.many = lambda self, seeds, x: [1]  # type: ignore[method-assign,assignment]
    with pytest.warns(UserWarning, match="many must return a result for each of 2 seeds, got 1"):
        nef.sweep(Many(), {"x": [1]}, 2, "serial")


def test_a_function_that_builds_no_network_is_refused() -> None:
    with pytest.raises(TypeError, match="result of build must be a network"):
        Trials(lambda: 3, studies.counts, 0.1)(seed=0)  # type: ignore[arg-type,return-value]
    with pytest.raises(ValueError, match="seconds must be above 0"):
        Trials(studies.build, studies.counts, 0)


def test_builds_are_simulators_with_the_seed_of_the_build() -> None:
    builds = Builds(studies.build, lambda result: result["y"], 0.1, batch=3)
    found = nef.sweep(builds, {"n": [20]}, 4, "serial").columns()["value"]
    for seed in range(4):
        sim = nef.Simulator(studies.build(20), build_seed=seed)
        sim.run(0.1)
        assert np.array_equal(found[seed], sim.data["y"])
    with pytest.raises(TypeError, match="result of build must be a network"):
        Builds(lambda: 3, studies.counts, 0.1)(seed=0)  # type: ignore[arg-type,return-value]


# Tables


def test_a_table_is_a_dataframe_where_pandas_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    done = nef.sweep(studies.square, GRID, executor="serial")
    monkeypatch.setitem(Sweep.table.__globals__, "find_spec", lambda name: None)
    assert [*done.table()["y"]] == [1, 4, 9] and isinstance(done.table(), dict)
    monkeypatch.undo()
    pandas = pytest.importorskip("pandas")
    table = done.table()
    assert isinstance(table, pandas.DataFrame)
    assert [*table.columns] == ["x", "y", "name", "draws"] and table["y"].mean() == 14 / 3
    assert table["draws"][0].shape == (3,)


def test_a_value_with_the_name_of_a_parameter_has_another_column() -> None:
    done = nef.sweep(lambda x: {"x": -x, **({"y": 1} if x > 1 else {})}, GRID, executor="serial")
    assert rows(done) == {"x": [1, 2, 3], "x (result)": [-1, -2, -3], "y": [None, 1, 1]}


# The command

STUDY = """
grid = {"x": [1, 2, 3]}
seeds = 2


def task(x, seed):
    return {"y": x * x + seed}
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.py"
    path.write_text(STUDY, encoding="utf-8")
    return path


def run(*arguments: Any) -> int:
    return cli.main(["sweep", *map(str, arguments)])


def test_the_command_runs_a_file_on_all_executors_to_equal_tables(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.csv"
    assert run(study, "--workers", 1, "--table", table) == 0
    out = capsys.readouterr().out
    assert out == f"6 of 6 tasks done, 0 failed; results in {tmp_path / 'study'}\n"
    text = table.read_text()
    assert text.splitlines()[:3] == ["x,seed,y", "1,0,1", "1,1,2"]
    for i in (2, 1, 2):
        assert run(study, "--serial", "--shard", f"{i}/2", "--out", tmp_path / "b") == 0
    assert run(study, "--serial", "--out", tmp_path / "b", "--table", table) == 0
    assert table.read_text() == text
    names = [{f.name for f in result_files(tmp_path / name)} for name in ("study", "b")]
    assert names[0] == names[1] and len(names[0]) == 6


def test_workers_of_mpi_run_the_same_file(study: Path, tmp_path: Path) -> None:
    pytest.importorskip("mpi4py")
    mpiexec = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if mpiexec is None:
        pytest.skip("there is no mpiexec")
    table = tmp_path / "table.csv"
    words = ["nefsim", "sweep", study, "--mpi", "--table", table, "--out", tmp_path / "out"]
    command = [mpiexec, "-n", "2", sys.executable, "-m", "mpi4py.futures", "-m", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(Path(nef.__file__).parents[1])}
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    expected = ["x,seed,y", "1,0,1", "1,1,2", "2,0,4", "2,1,5", "3,0,9", "3,1,10"]
    assert table.read_text().splitlines() == expected


def test_the_command_returns_1_after_a_failure(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study.write_text(STUDY.replace("x * x", "1 // (x - 2)"))
    with pytest.warns(UserWarning, match="2 of 6 tasks failed"):
        assert run(study, "--serial", "--json") == 1
    assert '"done": 4, "failed": 2' in capsys.readouterr().out


def test_a_script_for_slurm_runs_every_shard(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(study, "--slurm", 3, "--seeds", 4, "--out", tmp_path / "a b") == 0
    script = capsys.readouterr().out
    assert "#SBATCH --array=1-3\n" in script and not (tmp_path / "a b").exists()
    environment = {**os.environ, "PYTHONPATH": str(Path(nef.__file__).parents[1])}
    for i in ("1", "2", "3"):
        environment["SLURM_ARRAY_TASK_ID"] = i
        subprocess.run(
            ["sh", "-c", script.replace("--workers 1", "--serial")],
            env=environment,
            check=True,
            capture_output=True,
        )
    done = Sweep.load(tmp_path / "a b")
    assert len(done) == 12 and not done.missing


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (None, [], "which does not exist"),
        ("x = 1", [], "define task, a function"),
        ("def task(x): return x", [], "without grid"),
        ("grid = {}\ntask = 3", [], "without task"),
        ("\n1 / 0", [], "ZeroDivisionError: division by zero in line 2 of"),
        (STUDY, ["--shard", "3"], "--shard must be i/n"),
        (STUDY, ["--shard", "3/2"], "shard must be at most 2"),
        (STUDY, ["--slurm", "0"], "--slurm must be at least 1"),
        (STUDY, ["--seeds", "0"], "seeds must be at least 1"),
    ],
)
def test_bad_files_and_options_are_refused(
    text: str | None, arguments: list[str], message: str, study: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if text is None:
        study.unlink()
    else:
        study.write_text(text)
    assert run(study, "--serial", *arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1


def test_a_file_imports_modules_of_its_folder_and_may_define_trials(
    study: Path, tmp_path: Path
) -> None:
    shutil.copy(studies.__file__, tmp_path / "study_functions.py")
    study.write_text(
        "import nefsim as nef\nimport study_functions as f\n\ngrid = {'n': [20]}\n"
        "task = nef.sweeps.Trials(f.build, f.counts, seconds=0.1, batch=2)\n"
    )
    assert run(study, "--workers", 1, "--seeds", 3) == 0
    done = Sweep.load(tmp_path / "study")
    assert len(done) == 3 and [*done.columns()] == ["n", "seed", "spikes", "y"]


# Figures


def test_a_figure_shows_means_and_standard_errors() -> None:
    done = nef.sweep(
        lambda x, k, seed: {"y": k * x + seed}, {"x": [3, 1], "k": [1, 2]}, 2, "serial"
    )
    ax = nef.plot.sweep(done, "x", "y", by="k")
    assert [line.get_label() for line in ax.lines] == ["k = 1", "k = 2"]
    assert np.array_equal(ax.lines[1].get_xydata(), [[1, 2.5], [3, 6.5]])
    # The standard error of 2 and 3 is sqrt(1/2) / sqrt(2).
    assert np.allclose(ax.collections[1].get_segments()[0], [[1, 2.0], [1, 3.0]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")
    for arguments in ({"x": "z"}, {"y": 3}, {"by": "z"}):
        with pytest.raises((ValueError, TypeError), match=SENTENCE):
            nef.plot.sweep(done, **{"x": "x", "y": "y", **arguments})
    with pytest.raises(ValueError, match="name a column of numbers"):
        nef.plot.sweep({"x": [1, 2], "y": ["a", "b"]}, "x", "y")


# Processes that are killed


def benchmark() -> Any:
    """The module ``benchmarks/sweeps.py``."""
    path = Path(__file__).parents[1] / "benchmarks" / "sweeps.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_sweeps", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux")
@pytest.mark.parametrize("dask", [False, True])
def test_a_sweep_goes_on_after_any_of_its_processes_was_killed(
    dask: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dask:
        pytest.importorskip("distributed")
    monkeypatch.setenv("PYTHONPATH", str(Path(nef.__file__).parents[1]))
    moments = 2 if dask else 3
    counts = benchmark().kills(moments, seed=4, dask=dask, verbose=False)
    ended = ("went on by itself", "another call went on")
    assert sum(counts[event] for event in ended) == moments


def test_the_code_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parents[1] / "docs" / "sweeps.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    (tmp_path / "study_of_page.py").write_text(blocks[0], encoding="utf-8")
    names: dict[str, Any] = {}
    for block in blocks:
        if "import optuna" in block:
            pytest.importorskip("optuna")
        exec(compile(block, str(page), "exec"), names)
    done = nef.sweep(names["task"], names["grid"], 1, "serial")
    assert run("study_of_page.py", "--serial", "--seeds", 1) == 0
    assert rows(Sweep.load("study_of_page")) == rows(done)
