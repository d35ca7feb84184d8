"""Kill -9 at random moments: each run goes on to the arrays of the undisturbed run.

    python benchmarks/kills.py [--kills 200] [--seed 1] [--kinds KIND ...]

Each try forks a process that does a job, kills it after a random processor time, reads its files,
and continues from them in another process, up to eight times.  No file that is half written may be
read as whole, and the arrays at the end must be those of a run that was not killed, byte by byte.
"""

from __future__ import annotations

import argparse
import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import nefsim as nef

#: Steps of a run, and seconds between its checkpoints; chunks of NumPy end at multiples of 1000.
#: A checkpoint takes ten times as long as the steps between two of them.
N_STEPS, EVERY = 3000, 0.25
BACKEND = "numba" if find_spec("numba") else "numpy"
if BACKEND == "numpy":
    EVERY = 1.0

Arrays = list[np.ndarray]


def network() -> nef.Network:
    """A network that learns by PES and BCM, with noise."""
    net = nef.Network(seed=1)
    u = net.node(nef.WhiteSignal(1.0, 5.0, seed=3), size_out=1)
    a = net.ensemble(60, 1, noise=nef.FilteredNoise(0.01, nef.Gaussian(0, 0.1)))
    b = net.ensemble(40, 1, neuron_type=nef.PoissonSpiking(nef.LIFRate()))
    net.connect(u, a)
    weights = nef.LstsqL2(weights=True)
    net.connect(a, b, solver=weights, learning_rule=nef.BCM(1e-9))
    error = net.node(size_in=1)
    learned = net.connect(a, error, function=np.zeros_like, learning_rule=nef.PES(1e-3))
    net.connect(u, error, transform=-1)
    net.connect(error, learned.learning_rule)
    for target in (a.neurons, b.neurons):
        net.probe(target)
    net.probe(b, synapse=0.03)
    net.probe(learned, "weights", sample_every=0.05)
    return net


def of_result(result: nef.Result) -> Arrays:
    """Times and records."""
    return [result.time, *(np.asarray(result[label]) for label in result)]


def steps_left(sim: Any) -> int:
    """Steps up to the end of a run."""
    return N_STEPS - int(sim.n_steps)


# -- jobs: each goes on from the files in its folder, and returns its arrays -------------------


def checkpoint(folder: Path) -> Arrays:
    """A learning run with checkpoints."""
    path, net, options = folder / "state.npz", network(), {"backend": BACKEND, "progress": False}
    if path.exists():
        sim = nef.Simulator.load(path, net, **options)
    else:
        sim = nef.Simulator(net, **options)
    sim.run_steps(steps_left(sim), EVERY, path)
    return of_result(sim.result())


def _stream(folder: Path, ending: str) -> Arrays:
    """A learning run with checkpoints that streams its records, to a new place after each stop."""
    path, net, options = folder / "state.npz", network(), {"backend": BACKEND, "progress": False}
    for old in folder.glob(f"stream*{ending}"):
        _check_prefix(old)
    for old in folder.glob("stream*.npz.parts"):
        # The list is missing if it was killed before the list was there.
        if not old.with_suffix("").exists() and (old / "stream.json").exists():
            _check_prefix(old.with_suffix(""))
    target = folder / f"stream {len([*folder.iterdir()])}{ending}"
    if path.exists():
        sim = nef.Simulator.load(path, net, stream=target, **options)
    else:
        sim = nef.Simulator(net, stream=target, **options)
    with sim:
        sim.run_steps(steps_left(sim), EVERY, path)
    return of_result(nef.Result.load(target))


#: Arrays of the undisturbed run, whose first rows a stream must have.
REFERENCE: Arrays = []


def _check_prefix(stream: Path) -> None:
    """Check that a stream that was cut off has the first rows of the undisturbed run."""
    if stream.is_dir() and not (stream / "stream.json").exists():
        return  # it was killed before the list was there
    found = of_result(nef.Result.load(stream))
    for one, other in zip(found, REFERENCE, strict=True):
        if one.tobytes() != other[: len(one)].tobytes():
            raise AssertionError(f"{stream} is no part of the undisturbed run")


def stream_folder(folder: Path) -> Arrays:
    """Records in a folder."""
    return _stream(folder, "")


def stream_file(folder: Path) -> Arrays:
    """Records in a folder that becomes a file at the end."""
    return _stream(folder, ".npz")


def fit(folder: Path) -> Arrays:
    """Training with checkpoints, which begins where the last one ended."""
    import torch

    from nefsim import train

    torch.set_num_threads(1)
    torch.manual_seed(1)
    x = torch.rand(64, 3)
    module = torch.nn.Sequential(torch.nn.Linear(3, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    batches = train.Batches(x, torch.arange(64) % 2, size=8, seed=2)
    loss = torch.nn.functional.cross_entropy
    path = folder / "weights.pt"
    history = train.fit(module, batches, loss, 25, checkpoint=path, progress=False, clip=1.0)
    weights = [p.detach().numpy() for p in module.parameters()]
    return [*weights, np.array(history.losses)]


def nengo_model(folder: Path) -> Arrays:
    """A simulation of a Nengo model with checkpoints."""
    import nengo

    import nefsim.nengo

    with nengo.Network(seed=1) as model:
        u = nengo.Node(nengo.processes.WhiteSignal(1.0, high=5))
        noise = nengo.Node(nengo.processes.FilteredNoise(), size_out=1)
        a = nengo.Ensemble(50, 1)
        b = nengo.Ensemble(30, 1, neuron_type=nengo.PoissonSpiking(nengo.LIFRate()))
        learned = nengo.Connection(a, b, learning_rule_type=nengo.PES(1e-3))
        nengo.Connection(u, a)
        nengo.Connection(noise, a)
        error = nengo.Node(size_in=1)
        nengo.Connection(b, error)
        nengo.Connection(u, error, transform=-1)
        nengo.Connection(error, learned.learning_rule)
        for thing in (a.neurons, b.neurons, error):
            nengo.Probe(thing)
    path, options = folder / "state.npz", {"backend": BACKEND, "progress_bar": False}
    if path.exists():
        sim = nefsim.nengo.Simulator.load(path, model, **options)
    else:
        sim = nefsim.nengo.Simulator(model, **options)
    with sim:
        sim.run_steps(steps_left(sim), checkpoint_every=EVERY, checkpoint=path)
        return [sim.data[probe] for probe in model.probes]


KINDS: dict[str, Callable[[Path], Arrays]] = {
    "checkpoint": checkpoint,
    "stream folder": stream_folder,
    "stream file": stream_file,
}
if find_spec("torch"):
    KINDS["fit"] = fit
if find_spec("nengo"):
    KINDS["nengo"] = nengo_model


# -- tries -------------------------------------------------------------------------------------


def start(job: Callable[[Path], Arrays], folder: Path, out: Path) -> int:
    """Start a job in a child process; its arrays go to a file."""
    child = os.fork()
    if child:
        return child
    try:
        arrays = job(folder)
        part = out.with_suffix(".part")
        part.write_bytes(pickle.dumps([np.array(a) for a in arrays]))
        part.rename(out)
        os._exit(0)
    except BaseException as error:
        print(f"{folder}: {type(error).__name__} {error}", file=sys.stderr, flush=True)
        os._exit(1)


def whole(job: Callable[[Path], Arrays], folder: Path, out: Path) -> tuple[Arrays, float]:
    """The arrays of a job that is not killed, and its processor time [s]."""
    child = start(job, folder, out)
    _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError("the undisturbed run ended with an error")
    return pickle.loads(out.read_bytes()), used.ru_utime + used.ru_stime


def wait(child: int, seconds: float) -> None:
    """Wait until a process has used a processor time, or has ended.

    On a busy machine a time on the wall says little about how far a process is.
    """
    clock = ~child << 3 | 2  # that of the process, as clock_getcpuclockid(3) says
    end = time.monotonic() + 600.0
    while time.monotonic() < end:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        left = seconds - time.clock_gettime(clock)
        if left <= 0.0:
            return
        time.sleep(max(left, 1e-4))


@dataclass
class Outcome:
    """Counts of one kind: kills that met a run, and runs by their end."""

    kills: int = 0
    seen: Counter[str] | None = None


def study(name: str, n_kills: int, seed: int, most: int = 8) -> Outcome:
    """Kill a job until ``n_kills`` have met it; each run is killed ``most`` times at most.

    A process is killed within half of the time of a whole run, so that most kills meet it; a run
    goes on from each kill, so that all its parts are met.
    """
    job, rng = KINDS[name], np.random.default_rng(seed)
    for package in {"fit": ["torch", "nefsim.train"], "nengo": ["nefsim.nengo"]}.get(name, []):
        import_module(package)  # once, and not in each process
    with tempfile.TemporaryDirectory() as warm_up:  # the same for machine code
        job(Path(warm_up))
    outcome = Outcome(0, Counter())
    assert outcome.seen is not None
    with tempfile.TemporaryDirectory() as top:
        first = Path(top, "undisturbed")
        first.mkdir()
        expected, seconds = whole(job, first, Path(top, "expected"))
        REFERENCE[:] = expected
        while outcome.kills < n_kills:
            folder, out = Path(top, "run"), Path(top, "out")
            folder.mkdir()
            for _ in range(int(rng.integers(1, most + 1))):
                child = start(job, folder, out)
                wait(child, float(rng.uniform(0, seconds / 2)))
                os.kill(child, signal.SIGKILL)
                _, status = os.waitpid(child, 0)
                if os.WIFSIGNALED(status):
                    outcome.kills += 1
                elif os.WEXITSTATUS(status):
                    outcome.seen["errors"] += 1
                if out.exists():
                    break
            try:
                found = (
                    pickle.loads(out.read_bytes()) if out.exists() else whole(job, folder, out)[0]
                )
            except RuntimeError:
                outcome.seen["errors"] += 1
            else:
                pairs = zip(found, expected, strict=True)
                same = all(a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs)
                outcome.seen["equal" if same else "other arrays"] += 1
            outcome.seen["left over"] += len([*folder.glob(".nefsim-*.part")])
            shutil.rmtree(folder)
            out.unlink(missing_ok=True)
    return outcome


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", choices=[*KINDS], default=[*KINDS])
    options = parser.parse_args()
    print("| job | kills | runs | equal arrays | other arrays | errors | parts left over |")
    print("|---|---|---|---|---|---|---|", flush=True)
    bad = 0
    for name in options.kinds:
        outcome = study(name, options.kills, options.seed)
        seen = outcome.seen or Counter()
        bad += seen["errors"] + seen["other arrays"]
        ends = [seen[key] for key in ("equal", "other arrays", "errors", "left over")]
        cells = [name, outcome.kills, sum(ends[:2]), *ends]
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
