"""How often the last digits of decoders change a spike, and where these digits come from.

    python benchmarks/last_digits.py [--networks 1000] [--pythons PYTHON ...] [--only WAY ...]
        [--json FILE]

The same small networks, with the same seeds, are built and run by child processes with other
kernels of OpenBLAS (``OPENBLAS_CORETYPE``), one and two threads, NumPy without AVX-512, and other
Pythons, each on NumPy and compiled.  All are compared with the first child: arrays byte by byte,
and spikes.  There are three ways: networks are ``built`` in each child; decoders are ``nudged``
by one unit in the last place; or arrays come from ``files`` of the first child.  The other
Pythons need NumPy and SciPy, and numba for the compiled back end.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__)
sys.path.insert(0, str(HERE.parents[1]))

KERNELS = ("Haswell", "SkylakeX", "Zen")

WAYS = ("nudged", "built", "files")

#: Features of the processor that NumPy does not use in one of the children.
WITHOUT = "AVX512F AVX512CD AVX512_SKX X86_V4 AVX512_CLX AVX512_CNL AVX512_ICL"


def square(x: Any) -> Any:
    """A function of the networks."""
    return x**2


def product(x: Any) -> Any:
    """Another function of the networks."""
    return [x[0] * x[-1]]


def turn(x: Any) -> Any:
    """A rotation by one radian in a tenth of a second."""
    return [x[0] - 0.1 * x[1], x[1] + 0.1 * x[0]]


def network(seed: int, solver: Any = None) -> Any:
    """A random network of two to four populations, with loops in half of the cases."""
    import nefsim as nef

    rng = np.random.default_rng([seed, 1])
    net = nef.Network(seed=seed)
    options = {} if solver is None else {"solver": solver}
    d = int(rng.integers(1, 3))
    kinds = [nef.LIF(), nef.LIF(), nef.AdaptiveLIF(), nef.SpikingRectifiedLinear()]
    chain = [
        net.ensemble(
            int(rng.integers(20, 70)), d, neuron_type=kinds[rng.integers(4)], label=f"e{k}"
        )
        for k in range(int(rng.integers(2, 5)))
    ]
    drive = net.node(np.sin if rng.random() < 0.5 else nef.WhiteSignal(1.0, 10.0, seed=seed))
    for k in range(d):
        net.connect(drive, chain[0][k], transform=float(rng.uniform(0.5, 1.0)), synapse=None)
    for pre, post in itertools.pairwise(chain):
        function = square if rng.random() < 0.5 else None
        synapse = float(rng.choice([0.005, 0.01, 0.1]))
        net.connect(pre, post, function=function, synapse=synapse, **options)
    if rng.random() < 0.5:  # a loop
        last = chain[-1]
        function = turn if d == 2 else None
        net.connect(last, last, function=function, synapse=0.1, **options)
    if rng.random() < 0.5:
        net.connect(chain[-1], chain[0][0], function=product, synapse=0.02, **options)
    for ensemble in chain:
        net.probe(ensemble.neurons)
    return net


def arrays_of(sim: Any) -> dict[str, list[np.ndarray]]:
    """The arrays of a build, by their kind."""
    ensembles = list(sim.built.ensembles.values())
    names = ("encoders", "gain", "bias", "eval_points")
    found = {name: [getattr(e, name) for e in ensembles] for name in names}
    connections = sim.built.connections.values()
    found["decoders"] = [c.decoders for c in connections if c.decoders is not None]
    return found


def digest(arrays: list[np.ndarray]) -> str:
    """A hash of arrays."""
    number = blake2b(digest_size=8)
    for array in arrays:
        number.update(np.ascontiguousarray(array).tobytes())
    return number.hexdigest()


def spikes_of(sim: Any) -> list[tuple[int, str]]:
    """For each population the number of its spikes, and a hash of their steps and neurons."""
    found = []
    for probe in sim.probes:
        events = sim.data.events(probe)
        found.append((len(events.steps), digest([events.steps, events.cells])))
    return found


def nudged(decoders: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Decoders of which each is changed to one of its two neighbours, or not."""
    away = rng.integers(-1, 2, decoders.shape)
    return np.where(away, np.nextafter(decoders, away * np.inf), decoders)


def network_with(seed: int, decoders: Any) -> Any:
    """The network of a seed with decoders that are taken in turn."""
    import nefsim as nef

    net = network(seed)
    for connection in net.connections:
        if isinstance(connection.pre, nef.Ensemble):
            net.presets[connection] = {"decoders": next(decoders)}
    return net


def work(options: argparse.Namespace) -> None:
    """Build and run the networks in this process, and write the figures."""
    import warnings

    import nefsim as nef
    from nefsim import simulator

    warnings.simplefilter("ignore")
    build, known = simulator.build, dict[Any, Any]()

    def build_once(net: Any, *args: Any, **options: Any) -> Any:
        if net not in known:  # the same arrays for all back ends
            known.clear()
            known[net] = build(net, *args, **options)
        return known[net]

    simulator.build = build_once
    names = [n for n in ("numpy", "numba") if n in nef.backends.available()]
    rows, decoders = [], []
    begin = time.process_time()
    for seed in range(options.networks):
        row: dict[str, Any] = {}
        file = Path(options.folder, f"{seed}.nef")
        if options.work == "nudge":
            rng = np.random.default_rng([seed, 2])
            first = nef.Simulator(network(seed), backend="numpy", progress=False)
            changed = [nudged(d, rng) for d in arrays_of(first)["decoders"]]
            net = network_with(seed, iter(changed))
        elif options.work == "load":
            net = nef.load_network(file)
        else:
            net = network(seed)
        for name in names:
            sim = nef.Simulator(net, backend=name, progress=False)
            arrays = arrays_of(sim)
            if options.work == "save" and name == "numpy":
                net.save(file, sim=sim, functions="values")
            sim.run_steps(options.steps)
            row["arrays"] = {kind: digest(each) for kind, each in arrays.items()}
            row[name] = spikes_of(sim)
        decoders.append([d.tolist() for d in arrays["decoders"]])
        rows.append(row)
    figures = {"rows": rows, "decoders": decoders, "seconds": time.process_time() - begin}
    figures["versions"] = [sys.version.split()[0], np.__version__]
    Path(options.out).write_text(json.dumps(figures), encoding="utf-8")


def child(
    python: str, work: str, folder: Path, options: argparse.Namespace, **environment: str
) -> Any:
    """The figures of a child process."""
    number, out = tempfile.mkstemp(".json", dir=folder)
    os.close(number)
    command = [python, str(HERE), "--work", work, "--folder", str(folder), "--out", out]
    command += ["--networks", str(options.networks), "--steps", str(options.steps)]
    paths = os.pathsep.join((str(HERE.parent), str(HERE.parents[1])))
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": paths, **environment})
    return json.loads(Path(out).read_text(encoding="utf-8"))


def difference(found: Any, first: Any) -> float:
    """The largest difference of decoders, in units of the last place of the largest of each."""
    most = 0.0
    for network, other in zip(found["decoders"], first["decoders"], strict=True):
        for one, two in zip(network, other, strict=True):
            a, b = np.array(one), np.array(two)
            if a.size and (scale := np.spacing(np.abs(b).max())) > 0:
                most = max(most, float(np.abs(a - b).max() / scale))
    return most


def compare(name: str, found: Any, first: Any) -> dict[str, Any]:
    """Count the networks that differ, print a line, and return it."""
    n = len(first["rows"])
    kinds = [*first["rows"][0]["arrays"]]
    counts: dict[str, Any] = {
        kind: sum(
            a["arrays"][kind] != b["arrays"][kind]
            for a, b in zip(found["rows"], first["rows"], strict=True)
        )
        for kind in kinds
    }
    for backend in ("numpy", "numba"):
        if backend in found["rows"][0]:
            pairs = zip(found["rows"], first["rows"], strict=True)
            counts[backend] = sum(a[backend] != b["numpy"] for a, b in pairs)
    counts["most"] = difference(found, first)
    drawn = max(counts[kind] for kind in kinds if kind != "decoders")
    cells = [name, n, drawn, counts["decoders"], f"{counts['most']:.0f}"]
    cells += [counts.get("numpy", ""), counts.get("numba", ""), f"{found['seconds']:.0f}"]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    return counts


HEAD = (
    "| child | networks | other draws | other decoders | most, units of the last place "
    "| other spikes, NumPy | compiled | s |"
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--pythons", nargs="*", default=[])
    parser.add_argument("--jobs", type=int, default=1, help="children at a time")
    parser.add_argument("--kernels", nargs="*", default=KERNELS)
    parser.add_argument("--only", nargs="*", choices=WAYS, default=WAYS)
    parser.add_argument("--json", type=Path)
    for hidden in ("work", "folder", "out"):
        parser.add_argument(f"--{hidden}", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options)
        return
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top)

        def one(python: str, kernel: str, threads: int, kind: str = "build", **more: str) -> Any:
            blas = {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": str(threads)}
            return child(python, kind, folder, options, **blas, **more)

        print(HEAD + "\n" + "|---" * 8 + "|", flush=True)
        first = one(sys.executable, KERNELS[0], 1, "save")
        found = {"first": compare(f"{KERNELS[0]}, 1 thread", first, first)}
        plain = {"python": sys.executable, "kernel": KERNELS[0], "threads": 1}
        machines: dict[str, dict[str, Any]] = {}
        for kernel in options.kernels:
            machines[f"{kernel}, 1 thread"] = {**plain, "kernel": kernel}
        machines["NumPy without AVX-512"] = {**plain, "NPY_DISABLE_CPU_FEATURES": WITHOUT}
        for python in options.pythons:
            machines["/".join(Path(python).parts[-4:-2])] = {**plain, "python": python}
        children: dict[str, dict[str, Any]] = {}
        for way in options.only:
            kind = {"built": "build", "nudged": "nudge", "files": "load"}[way]
            if way == "nudged":
                children["decoders nudged"] = {**plain, "kind": kind}
                continue
            names = [*machines] if way == "files" else [*machines][1:]
            children |= {f"{name}, {way}": {**machines[name], "kind": kind} for name in names}
        if "built" in options.only:
            for kernel in options.kernels:
                children[f"{kernel}, 2 threads, built"] = {**plain, "kernel": kernel, "threads": 2}
        with ThreadPoolExecutor(options.jobs) as pool:
            for name, each in zip(
                children, pool.map(lambda each: one(**each), children.values()), strict=True
            ):
                found[name] = compare(name, each, first)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
