"""Laws of the parts of sweeps: limits, groups, orders, workers, and files of a folder."""

from __future__ import annotations

import dataclasses
import itertools
import os
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import studies

import nefsim as nef
from nefsim import _cores
from nefsim.sweeps import executors, grid, job, jobs, local, store
from nefsim.sweeps import workers as kinds
from nefsim.sweeps.grid import Task
from nefsim.sweeps.run import Loop


def task(x: int, seed: int | None = None) -> Task:
    return Task({"x": x}, seed, f"{x:02d}{seed}")


def refused(call: Any, *arguments: Any) -> str:
    with pytest.raises((TypeError, ValueError)) as raised:
        call(*arguments)
    return str(raised.value)


# Points and seeds


@pytest.mark.parametrize("many", [range(10**12), range(10**30), itertools.count(), np.zeros(9)])
def test_more_items_than_tasks_are_refused_before_they_are_listed(
    many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid, "MOST_TASKS", 8)
    trials = nef.sweeps.Trials(lambda: nef.Network(), len, 1.0)
    calls = (
        lambda: grid.seeds("w", many),
        lambda: grid.points("w", {"x": many}),
        lambda: grid.points("w", many),
        lambda: trials.many(many),
    )
    for call in calls:
        with pytest.raises(ValueError, match=r"must have at most 8 items, got .+; pass fewer\.$"):
            call()


def test_a_grid_has_at_most_as_many_points_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (grid.MOST_TASKS, grid.LARGEST_SEED) == (10_000_000, 2**64 - 1)
    monkeypatch.setattr(grid, "MOST_TASKS", 4)
    assert len(grid.points("w", {"a": [1, 2], "b": [3, 4]})) == 4
    assert "have at most 4 points, got 6" in refused(grid.points, "w", {"a": [1, 2], "b": [0] * 3})
    assert "have at most 4 items, got range" in refused(grid.points, "w", {"a": range(5)})
    assert grid.seeds("w", 4) == [0, 1, 2, 3]
    assert "at most 4" in refused(grid.seeds, "w", 5)
    assert grid.seeds("w", (grid.LARGEST_SEED, 0)) == [2**64 - 1, 0]


def test_a_grid_without_parameters_is_one_point_and_a_list_without_points_none() -> None:
    assert grid.points("w", {}) == [{}]
    assert grid.points("w", []) == []
    assert "got {'a': 1}" in refused(grid.seeds, "w", {"a": 1})


def test_values_of_numpy_become_plain_values_also_in_lists() -> None:
    (point,) = grid.points("w", [{"a": (np.int64(1), (np.float64(0.5), None)), "b": np.True_}])
    assert point == {"a": [1, [0.5, None]], "b": True}
    kinds_of = type(point["a"][0]), type(point["a"][1][0]), type(point["b"])
    assert kinds_of == (int, float, bool)
    for other in (1j, b"x", {"y": 1}, np.ones(2)):
        assert "grid['a'] must hold numbers" in refused(grid.points, "w", [{"a": other}])
    for text in ("ab", b"ab", {"y": 1}, 3):
        assert "grid['a'] must be a list, got " in refused(grid.points, "w", {"a": text})
    assert "pass seeds by seeds=" in refused(grid.points, "w", {"seed": [1]})
    assert "pass seeds by seeds=" not in refused(grid.points, "w", {"a b": [1]})


def test_a_task_is_shown_and_called_with_its_seed() -> None:
    assert (str(task(1, 0)), task(1, 0).arguments) == ("x=1, seed=0", {"x": 1, "seed": 0})
    assert (str(task(1)), task(1).arguments) == ("x=1", {"x": 1})


# Groups, shards and jobs


class Many:
    batch = 3

    def many(self, seeds: list[int], x: int) -> list[int]:
        return [100 * x + seed for seed in seeds]


def test_groups_are_seeds_of_one_point_within_one_batch() -> None:
    point, other = {"x": 1}, {"x": 1}
    tasks = [Task(point, s, str(s)) for s in (0, 1, 2, 3, 5, 6)] + [Task(other, 7, "7")]
    found = [[t.seed for t in group] for group in jobs.groups(Many(), tasks)]
    assert found == [[0, 1, 2], [3, 5], [6], [7]]
    assert [len(g) for g in jobs.groups(len, tasks)] == [1] * 7
    assert [len(g) for g in jobs.groups(Many(), [Task(point, None, "")])] == [1]
    alone = types.SimpleNamespace(many=None)  # without ``batch``, each seed is a group
    assert [len(g) for g in jobs.groups(alone, tasks)] == [1] * 7
    alone.batch = 0
    assert "fn.batch must be at least 1" in refused(jobs.groups, alone, tasks)


def test_shards_take_every_nth_group_and_jobs_some_at_a_time() -> None:
    every = [[task(x)] for x in range(7)]
    assert jobs.shard("w", None, every) is every
    for i in (1, 2, 3):
        found = [group[0].parameters["x"] for group in jobs.shard("w", (i, 3), every)]
        assert found == [*range(7)][i - 1 :: 3]
    assert len(jobs.shard("w", [1, 1], every)) == 7
    for pair in ((1, 2, 3), (1,), 2, "12"):
        assert "shard must be a pair (i, n), got" in refused(jobs.shard, "w", pair, every)
    assert "shard must be at least 1" in refused(jobs.shard, "w", (1, 0), every)
    assert [len(tasks) for tasks in jobs.jobs(every, 3)] == [3, 3, 1]
    assert [t.parameters["x"] for tasks in jobs.jobs(every, 2) for t in tasks] == [*range(7)]


def test_a_job_has_the_parameters_and_seeds_of_its_tasks_in_order() -> None:
    made = jobs.job_of(abs, [task(1, 4), task(2, None)])
    assert (made.function, made.points, made.seeds) == (abs, ({"x": 1}, {"x": 2}), (4, None))
    assert made.client == job.this_process() and made.client[1] == os.getpid()


@pytest.mark.parametrize("here", [True, False])
def test_a_job_runs_on_one_core_and_limits_threads_of_other_processes_only(
    here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited: list[int] = []
    monkeypatch.setattr(job, "_one_thread", lambda: limited.append(1))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2}, raising=False)

    def cores(x: int, seed: int = 9) -> list[int]:
        return [x, seed, _cores.cores()]

    made = jobs.job_of(cores, [task(1, 4), task(2), task(3, 0)])
    if not here:
        made = dataclasses.replace(made, client=("elsewhere", 0))
    found = [outcome.arrays["value"].tolist() for outcome in job.run_job(made)]
    assert found == [[1, 4, 1], [2, 9, 1], [3, 0, 1]]
    assert limited == [1] * (not here)


def test_seeds_of_equal_points_in_a_row_are_one_call() -> None:
    calls: list[Any] = []

    class Watched(Many):
        def many(self, seeds: list[int], x: int) -> list[int]:
            calls.append((x, seeds))
            if x == 3:
                raise ValueError("three")
            return super().many(seeds, x)

    tasks = [task(*pair) for pair in ((1, 0), (1, 1), (2, 5), (1, 2), (3, 0), (3, 4))]
    outcomes = job.run_job(jobs.job_of(Watched(), tasks))
    assert calls == [(1, [0, 1]), (2, [5]), (1, [2]), (3, [0, 4])]
    assert [o.values.get("value") for o in outcomes] == [100, 101, 205, 102, None, None]
    traces = [o.trace for o in outcomes]
    assert traces[:4] == [None] * 4 and traces[4] == traces[5]
    assert str(traces[4]).endswith("ValueError: three\n")


def test_an_error_within_the_sweep_itself_has_its_traceback() -> None:
    (outcome,) = job.run_job(jobs.job_of(int, [Task({"nonsense": 1}, None, "")]))
    assert outcome.trace is not None and outcome.trace.startswith("Traceback")
    assert "TypeError" in outcome.trace and "job.py" in outcome.trace
    (outcome,) = job.run_job(jobs.job_of(sys.exit, [Task({}, None, "")]))
    assert outcome.trace is not None and "SystemExit" in outcome.trace


# The loop


class Plan(kinds.Workers):
    """Workers that answer from a list, and note the number of jobs under way."""

    def __init__(self, room: int, answers: dict[int, list[Any]]) -> None:
        self.room, self.answers = room, answers
        self.jobs: dict[int, Any] = {}
        self.most, self.ran, self.closed = 0, [], None

    def submit(self, number: int, job: Any) -> None:
        assert number not in self.jobs
        self.jobs[number] = job
        self.most = max(self.most, len(self.jobs))

    def wait(self) -> tuple[int, Any]:
        number, made = max(self.jobs.items())  # the last one ends first
        del self.jobs[number]
        xs = [point["x"] for point in made.points]
        self.ran.append(xs)
        answer = self.answers.get(xs[0], [])
        given = answer.pop(0) if answer else None
        if isinstance(given, BaseException):
            return number, given
        return number, [job.Outcome({"value": 10 * x}, {}, given) for x in xs]

    def close(self, completed: bool) -> None:
        self.closed = completed
        raise_if_broken = self.answers.get(-1)
        if raise_if_broken:
            raise raise_if_broken[0]


def run_loop(
    tmp_path: Path, tasks: list[list[Task]], answers: Any = None, room: int = 2, retries: int = 0
) -> tuple[Plan, Loop, list[int]]:
    plan, reports = Plan(room, answers or {}), list[int]()
    loop = Loop(abs, plan, store.Store(tmp_path), retries, reports.append)
    loop.run(tasks)
    return plan, loop, reports


def test_at_most_as_many_jobs_as_there_is_room_are_under_way(tmp_path: Path) -> None:
    plan, loop, reports = run_loop(tmp_path, [[task(1), task(2)], [task(3)], [task(4)], [task(5)]])
    # Two are submitted; each time the later one ends, the next takes its place.
    assert plan.ran == [[3], [4], [5], [1, 2]] and plan.most == 2 and plan.closed is True
    assert [s.values for s in map(loop.results.get, ("01None", "05None")) if s] == [
        {"value": 10},
        {"value": 50},
    ]
    assert reports == [1] * 5 and not loop.failures


@pytest.mark.parametrize("retries", [0, 2])
def test_errors_and_losses_are_counted_for_each_task(retries: int, tmp_path: Path) -> None:
    lost = [OSError("gone") for _ in range(9)]
    answers = {1: ["first", "second", "third", "fourth"], 3: lost}
    plan, loop, reports = run_loop(tmp_path, [[task(1)], [task(3), task(4)]], answers, 1, retries)
    assert plan.ran.count([1]) == 1 + retries
    # Once with another task, then alone as often as a task may be lost.
    assert plan.ran.count([3, 4]) == 1 and plan.ran.count([3]) == 3 and plan.ran.count([4]) == 1
    assert loop.failures == {
        "01None": ["first", "second", "third"][retries],
        "03None": "The worker was lost 4 times while it ran this task.\nOSError('gone')\n",
    }
    text = store.Store(tmp_path).failure_file("03None").read_text()
    assert text == f"x=3\n\n{loop.failures['03None']}"
    assert reports == [1] * 3 and loop.results["04None"].values == {"value": 40}


def test_the_first_error_counts_and_the_workers_are_closed(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def report(n: int) -> None:
        raise Stop

    plan = Plan(2, {-1: [RuntimeError("second")]})
    with pytest.raises(Stop):
        Loop(abs, plan, store.Store(tmp_path), 0, report).run([[task(1)]])
    assert plan.closed is False
    plan = Plan(2, {-1: [RuntimeError("second")]})
    with pytest.raises(RuntimeError, match="second"):
        Loop(abs, plan, store.Store(tmp_path), 0, abs).run([[task(1)]])
    assert plan.closed is True


# Workers


def test_executors_are_named_by_what_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cores, "cores", lambda: 3)
    for executor, n in ((None, 3), (2, 2), (10_000, 10_000)):
        found, function = executors.workers("w", executor, studies.square)
        assert isinstance(found, local.Processes) and found.room == n
        assert function is studies.square
    assert "executor must be at most 10000" in refused(executors.workers, "w", 10_001, abs)
    assert "executor must be None, a number" in refused(executors.workers, "w", True, abs)
    found, function = executors.workers("w", "serial", abs)
    assert isinstance(found, kinds.Serial) and found.room == 1 and function is abs


def test_clients_of_dask_and_pools_of_mpi_are_made_and_released(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Any] = []

    class Client:
        def __init__(self, *arguments: Any, **options: Any) -> None:
            made.append((arguments, options))
            if arguments == ("tcp://bad:1",):
                raise OSError("no one there")

        def get_executor(self, **options: Any) -> Any:
            made.append(options)
            return self

        def close(self) -> None:
            made.append("client")

    class Cluster:
        def __init__(self, **options: Any) -> None:
            made.append(options)

        def close(self) -> None:
            made.append("cluster")

    Client.__module__ = "distributed.client"
    fake: Any = types.ModuleType("distributed")
    fake.Client, fake.LocalCluster = Client, Cluster
    monkeypatch.setitem(sys.modules, "distributed", fake)
    monkeypatch.setattr(executors, "require", lambda who, extra: None)
    monkeypatch.setattr(_cores, "cores", lambda: 5)

    found, function = executors.workers("w", Client(), abs)
    assert isinstance(found, kinds.Futures) and found.room == 1000 and function is abs
    assert made[1:] == [{"pure": False}]
    found.close(True)  # a client of the caller stays open
    assert "client" not in made
    made.clear()

    found, _ = executors.workers("w", "dask", abs)
    assert made[0] == {"n_workers": 5, "threads_per_worker": 1, "dashboard_address": None}
    assert isinstance(made[1][0][0], Cluster) and made[2] == {"pure": False}
    found.close(True)
    assert made[3:] == ["client", "cluster"]
    made.clear()

    found, _ = executors.workers("w", "tcp://host:8786", abs)
    assert made == [(("tcp://host:8786",), {"timeout": 30}), {"pure": False}]
    found.close(False)
    assert made[2:] == ["client"]
    text = refused(executors.workers, "w", "tcp://bad:1", abs)
    assert "be the address of a scheduler, got 'tcp://bad:1' (no one there)" in text
