"""Sweeps whose processes are killed at random moments, their overhead, and seeds as a batch.

    python benchmarks/sweeps.py kills --moments 100 [--dask] [--seed 1]
    python benchmarks/sweeps.py overhead --tasks 10000
    python benchmarks/sweeps.py seeds --seeds 64

``kills`` ends the client or a worker, with Dask also the scheduler, by SIGKILL, up to five times
in a sweep; it then checks that each file of a result is complete, calls the sweep again if it did
not go on by itself, and compares the table at its end.  ``overhead`` runs small tasks, of which
5 % fail at first, on a Dask cluster of this machine.  ``seeds`` compares trials of one network as
a batch with a process for each.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

#: A sweep of short tasks with arrays, whose files take some time to write.
STUDY = """
import time

import numpy as np

grid = {"n": [3, 4, 5], "tau": [0.1, 0.2]}
seeds = 10


def task(n, tau, seed):
    time.sleep(0.02)
    values = np.random.default_rng(seed).normal(size=20_000)
    return {"mean": float(values[:n].mean()) * tau, "values": values}
"""

#: Number of its tasks, and most kills of one sweep.
TASKS, KILLS = 60, 5

#: Longest time from the end of a scheduler or client to the end of those that depend on it [s].
PATIENCE = 180.0


def table(folder: Path) -> str:
    """All numbers of a sweep, as a text; '' if a task has no result."""
    from nefsim.sweeps import Sweep

    done = Sweep.load(folder)
    if done.missing:
        return ""
    columns = done.columns()
    return json.dumps({k: [np.asarray(v).tolist() for v in c] for k, c in columns.items()})


def check_files(folder: Path) -> int:
    """Read each result to its last byte; the number of files."""
    files = [*folder.glob("results/*/*.npz")]
    for file in files:
        with np.load(file) as arrays:
            for name in arrays.files:
                arrays[name]
    return len(files)


def children(pid: int) -> list[int]:
    """Processes that a process has started."""
    text = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(word) for word in text.read_text().split()]
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    """Whether a process runs and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition: Any, limit: float = PATIENCE) -> bool:
    """Wait until a condition holds."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return False


def address_in(file: Path) -> str:
    """The address in the file of a scheduler; '' while Dask still writes it."""
    try:
        return str(json.loads(file.read_text())["address"])
    except (OSError, ValueError):
        return ""


class Cluster:
    """A scheduler of Dask and two workers, each a process that is replaced if it was killed."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._n = folder, 0
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def ensure(self) -> str:
        """Start the processes that are missing; the address of the scheduler."""
        scheduler = self._processes.get("scheduler")
        if scheduler is None or scheduler.poll() is not None:
            self.close()
            self._n += 1
            self.file = self._folder / f"scheduler-{self._n}.json"
            self._start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0",
                        "--no-dashboard", "--scheduler-file", self.file)  # fmt: skip
            assert wait_for(lambda: address_in(self.file))
        address = address_in(self.file)
        for name in ("worker 1", "worker 2"):
            worker = self._processes.get(name)
            if worker is None or worker.poll() is not None:
                self._start(name, "worker", address, "--no-nanny", "--nthreads", "1",
                            "--no-dashboard", "--local-directory", self._folder)  # fmt: skip
        return address

    def _start(self, name: str, *arguments: Any) -> None:
        command = [sys.executable, "-m", "dask", *map(str, arguments)]
        quiet = subprocess.DEVNULL
        self._processes[name] = subprocess.Popen(command, stdout=quiet, stderr=quiet)

    def pid(self, name: str) -> int:
        """The id of a process."""
        return self._processes[name].pid

    def close(self) -> None:
        """End all processes."""
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._processes.clear()


def client(study: Path, out: Path, executor: list[str]) -> subprocess.Popen[str]:
    """The command that runs the sweep."""
    command = [sys.executable, "-m", "nefsim", "sweep", str(study), "--out", str(out), *executor]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def kills(moments: int, seed: int, dask: bool, verbose: bool = True) -> Counter[str]:
    """Kill a process at random moments of sweeps; counts of events."""
    rng, counts = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = folder / "study.py"
        study.write_text(STUDY)
        cluster = Cluster(folder) if dask else None
        try:
            executor = ["--dask", cluster.ensure()] if cluster else ["--workers", "2"]
            first = client(study, folder / "reference", executor)
            output = first.communicate()[0]
            assert first.returncode == 0, output
            expected = table(folder / "reference")
            assert expected
            while counts["killed"] < moments:
                out = folder / f"out-{counts['sweeps']}"
                sweep = KilledSweep(study, out, cluster, rng)
                sweep.run(min(KILLS, moments - counts["killed"]))
                counts.update({**sweep.events, "sweeps": 1})
                assert table(out) == expected, f"{out.name}, {sweep.events}: another table"
                if verbose:
                    print(f"{counts['killed']}: {dict(sweep.events)}", flush=True)
        finally:
            if cluster:
                cluster.close()
    return counts


class KilledSweep:
    """A sweep of which processes are killed, until all of its results are there.

    Each is killed a random time after a random number of results, so that the load of the machine
    does not matter.  There is a new result between two kills.
    """

    def __init__(self, study: Path, out: Path, cluster: Cluster | None, rng: random.Random) -> None:
        self._study, self._out, self._cluster, self._rng = study, out, cluster, rng
        self.events: Counter[str] = Counter()

    def run(self, n: int) -> None:
        """Kill up to ``n`` processes, and run to the end; counts events."""
        self._call()
        for least in sorted(self._rng.sample(range(TASKS), n)):
            if not self._kill(least):
                break
            check_files(self._out)
        if self._job.returncode is None:
            self._end("none")
        assert self._job.returncode == 0, self._output
        check_files(self._out)

    def _kill(self, least: int) -> bool:
        """Kill a process after so many results; whether the sweep had not ended."""
        assert wait_for(lambda: self._results() >= least or self._job.poll() is not None)
        # Without results the workers are still starting.
        time.sleep(self._rng.uniform(0.0, 0.05 if least else 1.0))
        every = children(self._job.pid)
        target, pid = self._rng.choice(_targets(self._job.pid, every, self._cluster))
        if not is_alive(self._job.pid) or not is_alive(pid):
            return False
        found = self._results()
        os.kill(pid, signal.SIGKILL)
        self.events.update(["killed", target])
        if 0 < found < TASKS:
            self.events["some results were there"] += 1
        if target != "worker":
            self._end(target)
            assert wait_for(lambda: not any(map(is_alive, every)), 10.0), "a worker is left"
            if self._job.returncode:
                self.events["another call went on"] += 1
                self._call()
                return True
        self.events["went on by itself"] += 1
        if self._cluster:
            self._cluster.ensure()
        return True

    def _call(self) -> None:
        """Call the sweep, and wait until it has begun."""
        words = ["--dask", self._cluster.ensure()] if self._cluster else ["--workers", "2"]
        self._job, self._output = client(self._study, self._out, words), ""
        assert wait_for((self._out / "sweep.json").exists)

    def _end(self, target: str) -> None:
        """Wait for the end of the call, after a process was killed."""
        try:
            self._output = self._job.communicate(timeout=PATIENCE)[0]
        except subprocess.TimeoutExpired:
            self._job.kill()
            raise AssertionError(f"no end of the call; killed: {target}") from None

    def _results(self) -> int:
        return len([*self._out.glob("results/*/*.npz")])


def _targets(pid: int, every: list[int], cluster: Cluster | None) -> list[tuple[str, int]]:
    if cluster:
        names = ("scheduler", "worker 1", "worker 2")
        return [("client", pid), *((n.split()[0], cluster.pid(n)) for n in names)]
    return [("client", pid), *(("worker", each) for each in every if _is_worker(each))]


def _is_worker(pid: int) -> bool:
    """Whether a process is one of the sweep, and not the tracker of resources of Python."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def small(x: int, folder: str) -> int:
    """A small task; each twentieth fails when it is called for the first time."""
    if x % 20 == 7:
        mark = Path(folder, str(x))
        if not mark.exists():
            mark.touch()
            raise RuntimeError("the first call fails")
    return x * x


def overhead(tasks: int, chunk: int) -> dict[str, Any]:
    """Time of small tasks on a Dask cluster of two processes, by a sweep and by plain futures."""
    from distributed import Client, LocalCluster, as_completed

    import nefsim as nef

    figures: dict[str, Any] = {"tasks": tasks}
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as executor, tempfile.TemporaryDirectory() as name:
        executor.gather(executor.map(abs, range(100)))  # the workers have started
        marks = Path(name, "plain")
        marks.mkdir()
        began = time.perf_counter()
        futures = [
            executor.submit(small, i, str(marks), pure=False, retries=1) for i in range(tasks)
        ]
        total = sum(result for _, result in as_completed(futures, with_results=True))
        figures["plain futures"] = (time.perf_counter() - began) / tasks
        assert total == sum(i * i for i in range(tasks))
        for size in (1, chunk):
            marks = Path(name, f"marks-{size}")
            marks.mkdir()
            out = Path(name, f"out-{size}")
            grid = {"x": range(tasks), "folder": [str(marks)]}
            began = time.perf_counter()
            done = nef.sweep(small, grid, executor=executor, out=out, retries=1, chunk=size)
            figures[f"sweep, chunk={size}"] = (time.perf_counter() - began) / tasks
            assert done.columns()["value"].tolist() == [i * i for i in range(tasks)]
            assert len([*out.glob("results/*/*.npz")]) == tasks
            figures["failed at first"] = len([*marks.iterdir()])
        began = time.perf_counter()
        again = nef.sweep(small, grid, executor=executor, out=out, retries=1)
        figures["existing results"] = (time.perf_counter() - began) / tasks
        assert len(again) == tasks and not again.failures
    return figures


def build(n: int) -> Any:
    """A network of one population with noise."""
    import nefsim as nef

    net = nef.Network(seed=1)
    a = net.ensemble(n, 1, noise=nef.WhiteNoise(nef.Gaussian(0.0, 0.1)))
    net.connect(net.node(0.5), a)
    net.probe(a, synapse=0.05, label="y")
    return net


def last(result: Any) -> dict[str, float]:
    """The mean of the decoded value."""
    return {"y": float(result["y"][100:].mean())}


def one_seed(n: int, seed: int) -> dict[str, float]:
    """The same network, alone in a simulator."""
    import nefsim as nef

    sim = nef.Simulator(build(n), seed=seed, progress=False)
    sim.run(1.0)
    return last(sim.result())


def processor() -> float:
    """Processor time of this process and its ended children [s]; other load changes it little."""
    return sum(os.times()[:4])


def seeds(n_seeds: int) -> dict[str, float]:
    """Processor time for each seed as a batch, one after the other, and in local processes."""
    import nefsim as nef

    trials = nef.sweeps.Trials(build, last, seconds=1.0, batch=n_seeds)
    figures: dict[str, float] = {}
    grid = {"n": [100]}
    one_seed(100, 0)
    builds = nef.sweeps.Builds(build, last, seconds=1.0, batch=n_seeds)
    for label, fn, executor, count in (
        ("batch, this process", trials, "serial", n_seeds),
        ("builds of one simulator, this process", builds, "serial", n_seeds),
        ("one by one, this process", one_seed, "serial", n_seeds),
        ("two local processes", one_seed, 2, n_seeds),
    ):
        began = processor()
        assert len(nef.sweep(fn, grid, count, executor)) == count
        figures[label] = (processor() - began) / count
    few = min(n_seeds, 8)
    began = processor()
    for seed in range(few):  # one process after the other, as a queue would start them
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
        code += f"import sweeps; sweeps.one_seed(100, {seed})"
        subprocess.run([sys.executable, "-c", code], check=True)
    figures["a process for each seed"] = (processor() - began) / few
    return figures


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["kills", "overhead", "seeds"])
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--dask", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--chunk", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=64)
    options = parser.parse_args()
    if options.what == "kills":
        for event, n in sorted(kills(options.moments, options.seed, options.dask).items()):
            print(f"{n:5d} {event}")
        return
    figures: dict[str, Any] = (
        overhead(options.tasks, options.chunk)
        if options.what == "overhead"
        else dict(seeds(options.seeds))
    )
    for name, value in figures.items():
        unit = "" if isinstance(value, int) else f"{1e3 * value:.3f} ms"
        print(f"{name}: {unit or value}")


if __name__ == "__main__":
    main()
