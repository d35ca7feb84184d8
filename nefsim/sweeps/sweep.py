"""Sweeps: one function for all points of a grid and all seeds, with a file for each result."""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import files
from nefsim._signatures import explained
from nefsim.progress import progress_bar
from nefsim.sweeps import grid as grids
from nefsim.sweeps import jobs
from nefsim.sweeps.executors import workers
from nefsim.sweeps.grid import Task
from nefsim.sweeps.identity import identity, key
from nefsim.sweeps.run import Loop
from nefsim.sweeps.script import ScriptTask
from nefsim.sweeps.store import Store, Stored
from nefsim.sweeps.values import column


class Sweep:
    """The results of a sweep, in a folder.

    :func:`sweep` returns one, and :meth:`load` reads one.

    Attributes
    ----------
    folder : Path
        The folder.
    tasks : list of Task
        All tasks, with ``parameters`` and ``seed``, in the order of the grid.
    failures : dict of Task to Path
        Files with the tracebacks of tasks that failed and have no result.

    See Also
    --------
    sweep : Runs the tasks.
    nefsim.plot.sweep : Plots a column against a parameter.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim.sweeps import Sweep
    >>> done = nef.sweep(lambda x: x * x, {"x": [1, 2, 3]}, executor="serial")
    >>> done.columns()["value"]
    array([1, 4, 9])
    >>> Sweep.load(done.folder).columns()["value"]
    array([1, 4, 9])
    """

    def __init__(self, store: Store, tasks: Sequence[Task], results: Mapping[str, Stored]) -> None:
        self._store, self.folder = store, store.folder
        self.tasks = [*tasks]
        self._results = dict(results)

    @classmethod
    def load(cls, folder: str | Path) -> Sweep:
        """Read the results of the last sweep in a folder, also while it is running.

        Parameters
        ----------
        folder : str or Path
            The folder.

        Returns
        -------
        Sweep

        Raises
        ------
        ValueError
            If the folder has no list of tasks, or a damaged one.
        """
        who = "Sweep.load"
        store = Store(files.as_path(who, folder, "folder", ending=False))
        meta = store.read_list(who)
        tasks = _tasks(meta["content"], meta["points"], meta["seeds"])
        return cls(store, tasks, _read(store, tasks))

    @property
    def failures(self) -> dict[Task, Path]:
        """Files with the tracebacks of tasks that failed and have no result."""
        pairs = [(task, self._store.failure_file(task.key)) for task in self.missing]
        return {task: path for task, path in pairs if path.is_file()}

    @property
    def missing(self) -> list[Task]:
        """Tasks without a result: those that failed, were not run, or belong to other shards."""
        return [task for task in self.tasks if task.key not in self._results]

    def __len__(self) -> int:
        return len(self._results)

    def columns(self) -> dict[str, NDArray[Any]]:
        """The results as columns: parameters, the seed and the values, a row for each task.

        Returns
        -------
        dict of str to (n,) ndarray
            Columns by name, of tasks with a result, in the order of the grid.  Columns of other
            things than numbers are arrays of objects; a value that a task did not return is
            None.
        """
        done = [task for task in self.tasks if task.key in self._results]
        inputs = dict.fromkeys(name for task in done for name in task.arguments)
        rows = []
        for task in done:
            stored = self._results[task.key]
            arrays = self._store.arrays(task) if stored.arrays else {}
            rows.append({**stored.values, **arrays})
        outputs = dict.fromkeys(name for row in rows for name in row)
        table = {name: column([task.arguments[name] for task in done]) for name in inputs}
        for name in outputs:
            label = f"{name} (result)" if name in inputs else name
            table[label] = column([row.get(name) for row in rows])
        return table

    def table(self) -> Any:
        """The results as a table.

        Returns
        -------
        pandas.DataFrame or dict of str to ndarray
            :meth:`columns`, as a DataFrame if pandas is installed.
        """
        columns = self.columns()
        if not find_spec("pandas"):
            return columns
        import pandas

        return pandas.DataFrame({name: [*values] for name, values in columns.items()})

    def __repr__(self) -> str:
        return f"<sweep of {len(self.tasks)} tasks, {len(self)} done, in {self.folder}>"


@explained
def sweep(
    fn: Callable[..., Any],
    grid: Mapping[str, Iterable[Any]] | Iterable[Mapping[str, Any]],
    seeds: int | Iterable[int] | None = None,
    executor: Any = None,
    out: str | Path | None = None,
    retries: int = 0,
    chunk: int = 1,
    shard: tuple[int, int] | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> Sweep:
    """Call a function at all points of a grid and for all seeds, and store each result.

    Each result is one file in ``out``, under a hash of the source of the function, its
    parameters, its seed and the versions of nefsim, NumPy and SciPy.  Tasks whose results exist
    are not run: after a change of the grid, an interruption or a crash, the same call goes on
    where it stopped.  An error of the function is written to a file and stops no other task.

    Parameters
    ----------
    fn : callable
        ``fn(**parameters)``, or ``fn(seed=seed, **parameters)`` with seeds.  It returns a
        number, a text or an array, or a dict of these by name.  An object that also has
        ``many(seeds, **parameters)`` and ``batch``, such as
        :class:`~nefsim.sweeps.Trials`, is called for up to ``batch`` seeds at once, and
        returns a list.
    grid : dict of str to list, or list of dict
        Values of each parameter, of which all combinations are taken; or the parameters of each
        point.  Values are numbers, texts, True, False, None and lists of these.
    seeds : int, sequence of int or None
        The seeds; ``n`` are 0 to ``n - 1``.  None calls the function without a seed.
    executor : None, int, str, Client or Executor
        The workers: None are local processes, one for each core; a number is that of local
        processes; "serial" is this process; "dask" is a Dask cluster on this machine,
        "tcp://host:8786" the address of a scheduler, "mpi" the processes of
        ``mpi4py.futures``; any other is a Client of Dask or an object with
        ``submit(function, argument)``, such as executors of ``concurrent.futures`` or submitit.
    out : str, Path or None
        The folder; it is made if it does not exist.  None is a folder that is removed with the
        returned object.
    retries : int
        Times that a task is run again after an error.  A task whose worker was lost is run
        again up to three times besides.
    chunk : int
        Calls that a worker gets at a time; more take less time if calls are short.
    shard : (int, int) or None
        ``(i, n)`` runs each n-th task, from the i-th on, i from 1 to n.
    progress : bool, callable or None
        Whether to show a bar, or a function ``progress(done, total)``; None shows a bar in a
        terminal.

    Returns
    -------
    Sweep
        All results in the folder that belong to these tasks.

    Raises
    ------
    ValueError, TypeError
        If an argument is of another type or out of range.
    RuntimeError
        If all workers are lost, or local processes cannot start.

    Warns
    -----
    UserWarning
        If a task failed.

    See Also
    --------
    Sweep : The results.
    nefsim.plot.sweep : Plots a column against a parameter.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> def error(n, seed):
    ...     net = nef.Network(seed=seed)
    ...     a = net.ensemble(n, 1)
    ...     c = net.connect(net.node(0.5), a)
    ...     y = net.probe(a, synapse=0.05)
    ...     sim = nef.Simulator(net)
    ...     sim.run(0.3)
    ...     return {"error": abs(float(sim.data[y][-1, 0]) - 0.5)}
    >>> done = nef.sweep(error, {"n": [20, 200]}, seeds=3, executor="serial")
    >>> columns = done.columns()
    >>> columns["n"].tolist(), columns["seed"].tolist()
    ([20, 20, 20, 200, 200, 200], [0, 1, 2, 0, 1, 2])
    >>> bool(columns["error"][3:].mean() < columns["error"][:3].mean())
    True
    """
    who = "sweep"
    check.function(who, "fn", fn)
    points, numbers = grids.points(who, grid), grids.seeds(who, seeds)
    if len(points) * len(numbers) > grids.MOST_TASKS:
        got = f"{len(points) * len(numbers)}"
        check.fail(who, "tasks", f"be at most {grids.MOST_TASKS}", got, "make several sweeps")
    again = check.integer(who, "retries", retries, high=1000)
    size = check.integer(who, "chunk", chunk, low=1)
    bar = progress_bar(who, progress, "task")
    place = tempfile.mkdtemp(prefix="nefsim-") if out is None else out
    store = Store(files.as_path(who, place, "out", ending=False))
    if store.folder.exists() and not store.folder.is_dir():
        check.fail(who, "out", "be a folder", f"the file {place}", "pass a folder")
    versions = _versions()
    used = fn.load() if isinstance(fn, ScriptTask) else fn
    content = identity(used, [f"{name} {version}" for name, version in versions.items()])
    tasks = _tasks(content, points, numbers)
    if len({task.key for task in tasks}) < len(tasks):
        check.fail(who, "grid", "have different points", "two equal ones", "pass each point once")
    parts = jobs.shard(who, shard, jobs.groups(fn, tasks))
    name = getattr(fn, "__qualname__", type(fn).__qualname__)
    store.write_list(
        {
            "function": str(name),
            "content": content,
            "versions": versions,
            "points": points,
            "seeds": numbers,
        }
    )
    results = _read(store, tasks)
    missing = [[t for t in part if t.key not in results] for part in parts]
    todo = jobs.jobs([part for part in missing if part], size)
    if todo:
        chosen, function = workers(who, executor, fn)
        with bar(sum(map(len, todo))) as (_, report):
            loop = Loop(function, chosen, store, again, report)
            loop.run(todo)
        results.update(loop.results)
        if loop.failures:
            first = next(iter(loop.failures.values())).strip().splitlines()[-1]
            check.warn(
                f"sweep: {len(loop.failures)} of {len(tasks)} tasks failed, the first with "
                f"{first!r}; see {store.folder / 'failures'}, and call again to retry."
            )
    done = Sweep(store, tasks, results)
    if out is None:
        weakref.finalize(done, shutil.rmtree, place, ignore_errors=True)
    return done


def _versions() -> dict[str, str]:
    version = sys.modules["nefsim"].__version__  # type: ignore[attr-defined]
    return {"nefsim": version, "numpy": np.__version__, "scipy": scipy.__version__}


def _tasks(
    content: str, points: Sequence[dict[str, Any]], seeds: Sequence[int | None]
) -> list[Task]:
    return [Task(point, seed, key(content, point, seed)) for point in points for seed in seeds]


def _read(store: Store, tasks: Iterable[Task]) -> dict[str, Stored]:
    """The results that exist, by key."""
    pairs = ((task.key, store.read(task)) for task in tasks)
    return {name: stored for name, stored in pairs if stored is not None}
