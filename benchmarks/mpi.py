"""One network on one process and on several, by MPI: spikes, bytes and time of a step.

    python benchmarks/mpi.py [--only NAME]... [--processes 1 2 4] [--json FILE]
    python benchmarks/mpi.py --messages          # time of a message by its size
    python benchmarks/mpi.py --nengo             # models of Nengo, by from_nengo
    python benchmarks/mpi.py --build             # time of a build whose decoders are divided
    python benchmarks/mpi.py --model             # the cost of 1e8 neurons, on paper

It calls ``mpiexec``, from the path or the folder of this Python.  One process uses all cores in
threads, and several share them.  Spikes are compared in a run with probes of all neurons; time is
measured in another one without probes, as wall time and as processor time of all processes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__)
sys.path.insert(0, str(HERE.parents[1] / "tests"))

#: Networks: steps of the run whose spikes are compared, number of timed runs, and steps of each.
#: Short runs are more likely to be undisturbed on a machine with other load.
STEPS = {
    "square": (2000, 30, 10_000),
    "integrator": (2000, 60, 1000),
    "oscillator": (2000, 60, 1000),
    "pes": (2000, 60, 1000),
    "delays": (2000, 60, 1000),
    "random graph": (1000, 40, 200),
    "arrays": (2000, 60, 1000),
    "streams": (50, 4, 100),
    "streams, cut": (50, 8, 30),
}

#: Populations of the streams, of 200 neurons each.
N_STREAMS = 4096

#: Populations of 200 neurons whose build is timed.
N_BUILT = 400

#: Models of Nengo that are compared.
NENGO = (
    *("square", "integrator", "oscillator", "lorenz", "communication", "product"),
    *("convolution", "array", "action_selection", "inhibition", "pes_weights", "voja"),
)


def network(name: str) -> tuple[Any, Any]:
    """A network without probes, and the partition for it, or None."""
    import processes

    processes._probed = lambda net: net
    if not name.startswith("streams"):
        return processes.NETWORKS[name](), None
    net = processes.streams(N_STREAMS)
    if name == "streams":
        return net, None
    # Each ring in two halves on different processes, so that all exchange values in each step.
    n, length = n_processes(), round(N_STREAMS**0.5)
    ensembles = net.all_ensembles
    return net, {e: (k % length) * n // length for k, e in enumerate(ensembles)}


def n_processes() -> int:
    """Number of processes of this job."""
    from mpi4py import MPI

    return int(MPI.COMM_WORLD.Get_size())


def digest(sim: Any, probes: list[Any]) -> tuple[int, str]:
    """The number of spikes of probes of neurons, and a number from all of them."""
    total, number = 0, sha256()
    for probe in probes:
        events = sim.data.events(probe)
        total += len(events.steps)
        number.update(np.asarray(events.steps, np.int64).tobytes())
        number.update(np.asarray(events.cells, np.int64).tobytes())
    return total, number.hexdigest()[:16]


def work(name: str, backend: str) -> None:
    """Run a network in this process, and print the figures of all processes."""
    import nefsim as nef
    from nefsim import backends

    check_steps, n_runs, timed_steps = STEPS[name]
    begin = time.perf_counter(), time.process_time()
    net, partition = network(name)
    several = backend == "mpi" and n_processes() > 1
    options = {"partition": partition} if several else {}
    sim = nef.Simulator(net, backend=backend, **options)
    built = time.perf_counter() - begin[0], time.process_time() - begin[1]
    sim.run_steps(max(timed_steps // 10, 10))
    times = []
    for _ in range(n_runs):
        begin = time.perf_counter(), time.process_time()
        sim.run_steps(timed_steps)
        times.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    wall, processor = np.array(times).min(axis=0) / timed_steps
    if several:
        from mpi4py import MPI

        processor = MPI.COMM_WORLD.allreduce(processor)
    del sim
    probes = [net.probe(e.neurons) for e in net.all_ensembles]
    with nef.Simulator(net, backend=backend, **options) as sim:
        sim.run_steps(check_steps)
        spikes, number = digest(sim, probes)
    if backends.is_first_process():
        figures = {
            "neurons": sum(e.n_neurons for e in net.all_ensembles),
            "build": built,
            "wall": wall,
            "processor": processor,
            "spikes": spikes,
            "digest": number,
        }
        if several:
            cost = nef.partition(net, n_processes(), partition)
            figures["bytes"] = int(cost.bytes.sum(axis=1).max())
            figures["steps"] = cost.steps
        print(json.dumps(figures), flush=True)


def work_nengo() -> None:
    """Run models of Nengo in these processes, and print their spikes."""
    import warnings

    import nengo_models

    import nefsim as nef
    from nefsim import backends
    from nefsim.nengo import from_nengo

    warnings.simplefilter("ignore")
    found = {}
    for name in NENGO:
        net = from_nengo(nengo_models.network(name))
        populations = [e for e in net.all_ensembles if not isinstance(e.neuron_type, nef.Direct)]
        probes = [net.probe(e.neurons) for e in populations]
        backend = "mpi" if n_processes() > 1 else "numba"
        with nef.Simulator(net, backend=backend) as sim:
            sim.run(1.0)
            found[name] = digest(sim, probes)
    if backends.is_first_process():
        print(json.dumps(found), flush=True)


def work_build() -> None:
    """Build populations with decoders of their own in these processes, and print the times."""
    import nefsim as nef
    from nefsim import backends
    from nefsim.backends.mpi.processes import Processes

    net = nef.Network(seed=7)
    for _ in range(N_BUILT // 20):
        ring = [net.ensemble(200, 4) for _ in range(20)]
        for pre, post in zip(ring, ring[1:] + ring[:1], strict=True):
            net.connect(pre, post, synapse=0.01)
    nef.Simulator(_small(), backend="mpi")  # loads all modules
    wait, waited = Processes._wait, [0.0]

    def timed(team: Any, request: Any) -> None:
        since = time.process_time()
        wait(team, request)
        waited[0] += time.process_time() - since

    Processes._wait = timed  # a process that waits is busy, but does not build
    begin = time.perf_counter(), time.process_time()
    sim = nef.Simulator(net, backend="mpi")
    wall, processor = time.perf_counter() - begin[0], time.process_time() - begin[1] - waited[0]
    number = sha256()
    for built in sim.built.connections.values():
        number.update(np.ascontiguousarray(built.decoders).tobytes())
    figures: Any = {"wall": wall, "processor": processor, "digest": number.hexdigest()[:16]}
    if n_processes() > 1:
        from mpi4py import MPI

        every = MPI.COMM_WORLD.allgather(figures)
        assert len({each["digest"] for each in every}) == 1
        figures["processor"] = max(each["processor"] for each in every)
    if backends.is_first_process():
        print(json.dumps(figures), flush=True)


def _small() -> Any:
    """A network whose systems are solved on all processes."""
    import nefsim as nef

    net = nef.Network(seed=8)
    for _ in range(16):
        net.connect(net.ensemble(20, 1), net.ensemble(20, 1))
    return net


def work_messages() -> None:
    """Print the time in which two processes exchange messages, by their size in bytes."""
    from nefsim.backends.mpi.processes import processes

    team = processes()
    other, found = 1 - team.process, {}
    for size in (8, 80, 800, 8000, 80_000, 800_000):
        rows = np.zeros((1, size // 8))
        n = 2000 if size < 80_000 else 200
        best = np.inf
        for _ in range(5):
            begin = time.perf_counter()
            for _ in range(n):
                team.send(team.process, other, rows)
                team.receive(other, team.process, np.empty_like(rows))
            best = min(best, (time.perf_counter() - begin) / n)
        found[size] = best
    if team.process == 0:
        print(json.dumps(found), flush=True)


def run(arguments: list[str], n: int) -> Any:
    """The figures that a job of ``n`` processes prints."""
    command = [sys.executable, str(HERE), *arguments]
    if n > 1:
        beside = str(Path(sys.executable).with_name("mpiexec"))
        command = [shutil.which("mpiexec") or beside, "-n", str(n), *command]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(names: list[str], numbers: list[int]) -> dict[str, Any]:
    """Run networks on one process and on several, and print a table."""
    print("network, processes: bytes, steps between exchanges, us wall, us processor, spikes")
    found: dict[str, Any] = {}
    for name in names:
        found[name] = {}
        for n in numbers:
            one = run(["--work", name, "--backend", "mpi" if n > 1 else "numba"], n)
            found[name][n] = one
            first = found[name][numbers[0]]
            same = one["digest"] == first["digest"] and one["spikes"] == first["spikes"]
            print(
                f"{name}, {n}: {one.get('bytes', 0)} B, {one.get('steps')}, "
                f"{1e6 * one['wall']:.2f} us, {1e6 * one['processor']:.2f} us, "
                f"{one['spikes']} spikes{'' if same else ' THAT DIFFER'}, "
                f"build {one['build'][0]:.1f} s",
                flush=True,
            )
    return found


def compare_nengo() -> dict[str, Any]:
    """Run models of Nengo on 1, 2 and 4 processes, and compare their spikes."""
    found = {n: run(["--work-nengo"], n) for n in (1, 2, 4)}
    for name in NENGO:
        same = all(found[n][name] == found[1][name] for n in found)
        print(f"{name}: {found[1][name][0]} spikes, {'equal' if same else 'THAT DIFFER'}")
    return found


def compare_builds() -> dict[str, Any]:
    """Build a network on 1, 2 and 4 processes, and compare times and decoders."""
    found = {str(n): run(["--work-build"], n) for n in (1, 2, 4)}
    for n, one in found.items():
        same = one["digest"] == found["1"]["digest"]
        print(
            f"{n} processes: {1e3 * one['processor'] / N_BUILT:.2f} ms of processor time a "
            f"population in each, {one['wall']:.1f} s, decoders "
            f"{'equal' if same else 'THAT DIFFER'}"
        )
    return found


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=[*STEPS])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--json", type=Path)
    for flag in (
        "messages",
        "nengo",
        "build",
        "model",
        "work-messages",
        "work-nengo",
        "work-build",
    ):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--backend", help=argparse.SUPPRESS)
    options = parser.parse_args()
    calls: dict[str, Callable[[], Any]] = {
        "work_messages": work_messages,
        "work_nengo": work_nengo,
        "work_build": work_build,
        "messages": lambda: run(["--work-messages"], 2),
        "nengo": compare_nengo,
        "build": compare_builds,
    }
    if options.work:
        work(options.work, options.backend)
        return
    if options.model:
        from mpi_model import table

        print(table())
        return
    chosen = next((name for name in calls if getattr(options, name)), None)
    if chosen is None:
        found = compare(options.only or [*STEPS], options.processes)
    else:
        found = calls[chosen]()
    if chosen == "messages":
        for size, seconds in found.items():
            print(f"{size} bytes: {1e6 * seconds:.1f} us")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
