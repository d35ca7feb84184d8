"""Laws of the values of tasks, of the files of a sweep, and of other executors."""

from __future__ import annotations

import enum
import json
import os
from concurrent.futures import BrokenExecutor, CancelledError, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nefsim import files
from nefsim.sweeps import local, store, values
from nefsim.sweeps import workers as kinds
from nefsim.sweeps.grid import Task


def refused(call: Any, *arguments: Any) -> str:
    with pytest.raises((TypeError, ValueError)) as raised:
        call(*arguments)
    return str(raised.value)


# Values


def test_values_are_bounded_and_a_value_at_the_bound_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = values.MOST_VALUES, values.LONGEST_TEXT, values.LARGEST, values.MOST_BITS
    assert limits == (10_000, 1_000_000, 2**28, 1000)
    for number in (2**1000 - 1, 1 - 2**1000):
        assert values.divided("w", number) == ({"value": number}, {})
    assert "at most 1000 bits" in refused(values.divided, "w", 2**1000)
    for name, value in (("MOST_VALUES", 2), ("LONGEST_TEXT", 3), ("LARGEST", 24)):
        monkeypatch.setattr(values, name, value)
    assert values.divided("w", {"a": 1, "b": "xyz"})[0] == {"a": 1, "b": "xyz"}
    assert "at most 2 values, got 3" in refused(values.divided, "w", dict.fromkeys("abc", 1))
    assert "at most 3 characters, got 4" in refused(values.divided, "w", "abcd")
    pair = {"a": np.zeros(1), "b": np.zeros(2)}
    assert [*values.divided("w", pair)[1]] == ["a", "b"]
    pair["b"] = np.zeros(3)
    assert "at most 24 bytes, got 32" in refused(values.divided, "w", pair)


def test_single_numbers_are_values_and_lists_are_arrays() -> None:
    class Colour(enum.IntEnum):
        RED = 3

    result = {"a": np.float32(0.5), "b": np.array(2), "c": Colour.RED, "d": True, "e": None}
    found, arrays = values.divided("w", {**result, "f": [1, 2], "g": np.zeros((0, 2)), "h": "x"})
    assert found == {"a": 0.5, "b": 2, "c": 3, "d": True, "e": None, "h": "x"}
    types_of = [type(value) for value in found.values()]
    assert types_of == [float, int, int, bool, type(None), str]
    assert arrays["f"].tolist() == [1, 2] and arrays["g"].shape == (0, 2)
    assert "rows of unequal length" in refused(values.divided, "w", [[1], [1, 2]])
    assert "hold numbers or texts" in refused(values.divided, "w", np.zeros(2, "V0"))


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        ([True, False], bool),
        ([1, 2], int),
        ([1, 0.5], float),
        ([1, True], object),
        ([2**70, 1], object),
        (["a", "b"], object),
        ([1, None], object),
        ([np.ones(2), np.ones(2)], object),
        ([], object),
    ],
    ids=str,
)
def test_columns_of_numbers_are_arrays_of_numbers(cells: list[Any], dtype: type) -> None:
    found = values.column(cells)
    assert found.shape == (len(cells),) and found.dtype == dtype
    assert all(np.array_equal(a, b) for a, b in zip(found.tolist(), cells, strict=True))


# Files


TASK = Task({"x": 1}, 7, "ab" + "0" * 30)


@pytest.fixture
def folder(tmp_path: Path) -> store.Store:
    return store.Store(tmp_path)


def rewrite(made: store.Store, changes: dict[str, Any]) -> None:
    """Write the file of the task with another description."""
    path = made.result_file(TASK.key)
    with np.load(path) as saved:
        members = {name: saved[name] for name in saved.files}
    meta = {**json.loads(str(members.pop(files.META))), **changes}
    np.savez(path, **{files.META: np.array(json.dumps(meta))}, **members)


def test_a_result_is_read_as_it_was_written_and_ends_a_failure(folder: store.Store) -> None:
    assert folder.read(TASK) is None
    folder.fail(TASK, "a \ud800 text")
    failure = folder.failure_file(TASK.key)
    assert failure == folder.folder / "failures" / f"{TASK.key}.txt"
    assert failure.read_bytes() == b"x=1, seed=7\n\na \\ud800 text"
    folder.write(TASK, {"y": 0.5}, {"a/b": np.arange(3.0), "c": np.array(["t"])})
    assert not failure.exists()
    assert folder.result_file(TASK.key) == folder.folder / "results" / "ab" / f"{TASK.key}.npz"
    assert folder.read(TASK) == store.Stored({"y": 0.5}, ("a/b", "c"))
    found = folder.arrays(TASK)
    assert found["a/b"].tolist() == [0.0, 1.0, 2.0] and found["c"].tolist() == ["t"]
    folder.write(TASK, {"y": 1}, {})
    assert folder.read(TASK) == store.Stored({"y": 1}, ()) and folder.arrays(TASK) == {}


def test_arrays_are_compressed(folder: store.Store) -> None:
    folder.write(TASK, {}, {"zeros": np.zeros(100_000)})
    assert folder.result_file(TASK.key).stat().st_size < 10_000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": "cd" + "0" * 30}, "of another task"),
        ({"parameters": {"x": 2}}, "of another task"),
        ({"seed": None}, "of another task"),
        ({"values": {"y": [1]}}, "no number or text"),
        ({"values": {"y": {"z": 1}}}, "no number or text"),
        ({"values": {"y": "abcd"}}, "a text that is too long"),
        ({"values": {"y": 1, "z": 2}}, "too large"),
        ({"arrays": []}, "other arrays than it names"),
        ({"arrays": ["a", "b"], "values": {}}, "other arrays than it names"),
        ({"values": {"y": "abc"}}, ""),
        ({"values": {"y": None}}, ""),
    ],
    ids=str,
)
def test_a_file_that_is_not_the_result_of_its_task_is_absent(
    changes: dict[str, Any], words: str, folder: store.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_VALUES", 2)
    monkeypatch.setattr(store, "LONGEST_TEXT", 3)
    folder.write(TASK, {"y": 1}, {"a": np.ones(2)})
    rewrite(folder, changes)
    assert (folder.read(TASK) is None) == bool(words)
    if words:
        assert words in refused(folder.arrays, TASK)


def test_a_file_is_at_most_twice_as_large_as_its_arrays_may_be(
    folder: store.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(TASK, {}, {"a": np.random.default_rng(0).random(1000)})
    with folder._opened(TASK) as saved:
        size = saved.size
    for largest, is_read in ((size / 2, True), (size / 2 - 0.5, False)):
        monkeypatch.setattr(store, "LARGEST", largest)
        assert (folder.read(TASK) is not None) == is_read


LIST = {
    "function": "f",
    "content": "c",
    "versions": {"numpy": "2"},
    "points": [{"x": 1}, {"x": 2}],
    "seeds": [0, None, 2**64 - 1],
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"seeds": [0, 1, 2**64]}, "a seed that is out of range"),
        ({"seeds": [-1]}, "a seed that is out of range"),
        ({"points": [{"x": i} for i in range(3)]}, "more than 6 tasks"),
        ({"version": 2}, "version"),
        ({"version": 0}, "version"),
        ({"points": [1]}, "points"),
        ({"content": None}, "content"),
    ],
    ids=str,
)
def test_a_list_of_tasks_is_read_as_it_was_written_or_refused(
    changes: dict[str, Any], words: str, folder: store.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.LONGEST_LIST == 2**30
    monkeypatch.setattr(store, "MOST_TASKS", 6)
    folder.write_list({**LIST, **changes})
    if words:
        assert words in refused(folder.read_list, "w")
        return
    assert folder.read_list("w") == {"kind": "sweep", "version": 1, **LIST}
    size = (folder.folder / "sweep.json").stat().st_size
    monkeypatch.setattr(store, "LONGEST_LIST", size)
    folder.read_list("w")
    monkeypatch.setattr(store, "LONGEST_LIST", size - 1)
    assert "it is too long" in refused(folder.read_list, "w")


def test_a_list_of_tasks_with_another_checksum_is_refused(folder: store.Store) -> None:
    folder.write_list(LIST)
    file = folder.folder / "sweep.json"
    good = file.read_bytes()
    file.write_bytes(good.replace(b'"seeds": [0', b'"seeds": [1'))
    assert "its checksum differs" in refused(folder.read_list, "w")
    file.write_bytes(good.partition(b', "crc32"')[0] + b"}")  # as 0.2.0 wrote it
    assert folder.read_list("w") == {"kind": "sweep", "version": 1, **LIST}


# Executors of other packages


class Executor:
    """Futures that a test sets, or an error."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.futures = error, list[Any]()

    def submit(self, function: Any, made: Any) -> Any:
        if self.error is not None:
            raise self.error
        self.futures.append(Future())
        return self.futures[-1]


def test_futures_are_returned_as_they_end_with_outcomes_or_errors() -> None:
    executor: Any = Executor()
    workers = kinds.Futures(executor)
    for number in (4, 5, 6):
        workers.submit(number, None)  # type: ignore[arg-type]
    lost = OSError("gone")
    executor.futures[1].set_result(["five"])
    executor.futures[0].set_exception(lost)
    assert workers.wait() == (5, ["five"]) and workers.wait() == (4, lost)
    workers.close(True)
    assert not executor.futures[2].cancelled()
    workers.close(False)
    assert executor.futures[2].cancelled()


@pytest.mark.parametrize("error", [BrokenExecutor("pool"), CancelledError(), KeyError("pool")])
def test_a_broken_executor_is_lost_and_another_error_is_of_the_job(error: Exception) -> None:
    executor: Any = Executor()
    workers = kinds.Futures(executor)
    workers.submit(0, None)  # type: ignore[arg-type]
    executor.futures[0].set_exception(error)
    if isinstance(error, KeyError):
        assert workers.wait() == (0, error)
        return
    with pytest.raises(kinds.WorkersLost, match=r"pool|CancelledError"):
        workers.wait()
    broken: Any = Executor(RuntimeError("shut down"))
    with pytest.raises(kinds.WorkersLost, match="shut down"):
        kinds.Futures(broken).submit(0, None)  # type: ignore[arg-type]


def test_errors_of_dask_are_known_by_their_names() -> None:
    for name, is_lost in (("FutureCancelledError", True), ("Other", False)):
        executor: Any = Executor()
        workers = kinds.Futures(executor)
        workers.submit(0, None)  # type: ignore[arg-type]
        executor.futures[0].set_exception(type(name, (Exception,), {})("words"))
        if is_lost:
            with pytest.raises(kinds.WorkersLost, match="words"):
                workers.wait()
        else:
            assert workers.wait()[0] == 0


def test_this_process_runs_jobs_in_the_order_of_submission(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "run_job", lambda made: [made])
    serial = kinds.Serial()
    for number, made in ((3, "a"), (1, "b")):
        serial.submit(number, made)  # type: ignore[arg-type]
    assert serial.wait() == (3, ["a"]) and serial.wait() == (1, ["b"])


# Local processes


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Pools that start no process, and whose futures a test sets."""
    made: list[Any] = []

    class Pool:
        def __init__(self, n: int, mp_context: Any, initializer: Any, initargs: Any) -> None:
            assert (n, mp_context.get_start_method()) == (1, "spawn")
            assert initializer is local.end_with
            self.line, self.futures, self.closed = initargs[0], list[Any](), None
            made.append(self)

        def submit(self, function: Any, *arguments: Any) -> Any:
            if self.closed == "broken":
                raise BrokenExecutor("ended between two jobs")
            self.futures.append(Future())
            return self.futures[-1]

        def shutdown(self, wait: bool, cancel_futures: bool) -> None:
            self.closed = (wait, cancel_futures)  # type: ignore[assignment]

    monkeypatch.setattr(local, "ProcessPoolExecutor", Pool)
    return made


def test_a_process_runs_one_job_at_a_time_and_then_the_next(pools: list[Any]) -> None:
    workers: Any = local.Processes(2)
    workers.submit(0, "a")
    workers.submit(1, "b")
    first, second = pools
    assert [len(pool.futures) for pool in pools] == [2, 2]  # its start, and a job
    second.futures[1].set_result(["of b"])
    assert workers.wait() == (1, ["of b"])
    workers.submit(2, "c")
    assert len(pools) == 2 and len(second.futures) == 3
    wrong = KeyError("job")
    second.futures[2].set_exception(wrong)
    assert workers.wait() == (2, wrong)
    second.closed = "broken"
    workers.submit(3, "d")
    assert len(pools) == 3
    pools[2].futures[1].set_result(["of d"])
    assert workers.wait() == (3, ["of d"])
    workers.close(True)
    assert first.closed == pools[2].closed == (True, True) and not first.line.closed
    assert not workers._lines[0].closed
    workers.close(False)
    assert first.closed == (False, True) and all(line.closed for line in workers._lines)


def test_processes_that_end_are_replaced_unless_none_can_start(pools: list[Any]) -> None:
    workers: Any = local.Processes(1)

    def lose(number: int, started: bool) -> Any:
        workers.submit(number, "a")
        pool, error = pools[-1], BrokenExecutor("ended")
        if started:
            pool.futures[0].set_result(7)
        else:
            pool.futures[0].set_exception(error)
        pool.futures[1].set_exception(error)
        assert len(pools) == number + 1
        return workers.wait() == (number, error)

    assert local.MOST_STARTS == 2
    # Two in a row may end before they have started; one that has started breaks the row.
    assert all(lose(i, started) for i, started in enumerate((True, False, False, True, False)))
    assert lose(5, False)
    with pytest.raises(RuntimeError, match="a local process could not start"):
        lose(6, False)


def test_the_environment_is_as_before_after_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with local._one_thread_in_environment():
        assert {os.environ[name] for name in local.THREADS} == {"1"}
    assert os.environ["OMP_NUM_THREADS"] == "7" and "MKL_NUM_THREADS" not in os.environ
