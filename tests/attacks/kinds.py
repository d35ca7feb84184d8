"""The kinds of files that nefsim reads: how a good one is made, mutated and used."""

from __future__ import annotations

import copy
import gzip
import hashlib
import io
import json
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from attacks import mutate
from attacks.mutate import Rng

import nefsim as nef
from nefsim.files import sealed
from nefsim.io.log import Log
from nefsim.records.stream import file_of

#: Steps that a state is run on.
N_STEPS = 20


@dataclass
class Sample:
    """One good file or folder.

    Attributes
    ----------
    mutate : callable
        ``mutate(rng, folder)`` puts a changed one into a folder and gives its path.
    use : callable
        ``use(path)`` reads it and gives a digest of all that it says.
    content : str
        The digest of the good one.
    good : Path
        The good file or folder.
    """

    mutate: Callable[[Rng, Path], Path]
    use: Callable[[Path], str]
    content: str
    good: Path


@dataclass
class Kind:
    """Samples of one kind."""

    name: str
    samples: list[Sample] = field(default_factory=list)


def digest(*parts: Any) -> str:
    """A hash of arrays and of the ``repr`` of other values."""
    total = hashlib.blake2b()
    for part in parts:
        if isinstance(part, np.ndarray):
            total.update(
                f"{part.dtype} {part.shape}".encode() + np.ascontiguousarray(part).tobytes()
            )
        else:
            total.update(repr(part).encode())
    return total.hexdigest()


def sample_of_file(
    good: Path, change: Callable[[Rng, bytes], bytes], use: Callable[[Path], str]
) -> Sample:
    """A sample that is one file."""
    data = good.read_bytes()

    def mutated(rng: Rng, folder: Path) -> Path:
        path = folder / good.name
        path.write_bytes(change(rng, data))
        return path

    return Sample(mutated, use, use(good), good)


# -- results, states, streams ------------------------------------------------------------------


def network() -> nef.Network:
    """Neurons of two kinds, noise and a rule, recorded in all ways."""
    net = nef.Network(seed=1)
    stimulus = net.node(nef.WhiteSignal(0.1, 50.0, seed=3), size_out=1)
    a = net.ensemble(20, 1, noise=nef.FilteredNoise(0.01))
    b = net.ensemble(10, 1, neuron_type=nef.PoissonSpiking(nef.LIFRate()))
    inverse = nef.InverseLIF(n_steps=4)
    c = net.ensemble(
        6, 1, neuron_type=inverse, gain=np.ones(6), bias=np.zeros(6), encoders=np.ones((6, 1)),
        eval_points=np.zeros((1, 1)),
    )  # fmt: skip
    net.connect(stimulus, a)
    net.connect(a.neurons, c.neurons, transform=np.full((6, 20), 0.001), synapse=None)
    error = net.node(size_in=1)
    learned = net.connect(a, b, learning_rule=nef.PES(1e-5))
    net.connect(b, error)
    net.connect(error, learned.learning_rule)
    net.probe(a.neurons, label="spikes")
    net.probe(c.neurons, label="digits")
    net.probe(a, synapse=0.01, label="y")
    net.probe(b, sample_every=0.002, label="y.npy")
    return net


def digest_of(result: nef.Result) -> str:
    """All that a result says."""
    parts: list[Any] = [result.time, sorted(map(repr, result.info.items()))]
    for label in result:
        parts += [label, result.trange(label), result[label]]
        record = result.kept(label)
        if not isinstance(record, np.ndarray):
            parts += [record.times, record.neurons, record.trials, record.values]
    return digest(*parts)


def results(folder: Path) -> Kind:
    """Results, of one trial and of several, large and small."""
    kind = Kind("result")
    for batch_size, compress in ((None, True), (2, False)):
        sim = nef.Simulator(network(), backend="numpy", batch_size=batch_size)
        sim.run_steps(60)
        good = sim.result().save(folder / f"result-{batch_size}", compress)
        use = lambda path: digest_of(nef.Result.load(path))  # noqa: E731
        change = lambda rng, data: mutate.mutated_npz(rng, data, "nefsim")  # noqa: E731
        kind.samples.append(sample_of_file(good, change, use))
    return kind


def states(backend: str) -> Callable[[Path], Kind]:
    """States, that are read and run on."""

    def made(folder: Path) -> Kind:
        kind, net = Kind(f"state {backend}"), network()

        def use(path: Path) -> str:
            sim = nef.Simulator.load(path, net, backend)
            sim.run_steps(N_STEPS)
            return digest_of(sim.result())

        for batch_size in (None, 2):
            sim = nef.Simulator(net, backend=backend, batch_size=batch_size)
            sim.run_steps(30)
            good = sim.save(folder / f"state-{batch_size}")
            change = lambda rng, data: mutate.mutated_npz(rng, data, "nefsim")  # noqa: E731
            kind.samples.append(sample_of_file(good, change, use))
        return kind

    return made


def states_of_nengo(folder: Path) -> Kind:
    """States of a simulation of a Nengo model, that are read and run on."""
    import nengo

    import nefsim.nengo

    with nengo.Network(seed=1) as model:
        noise = nengo.Node(nengo.processes.WhiteNoise())
        slow = nengo.Node(nengo.processes.FilteredNoise(), size_out=1)
        a = nengo.Ensemble(15, 1)
        b = nengo.Ensemble(10, 1, neuron_type=nengo.PoissonSpiking(nengo.LIFRate()))
        nengo.Connection(noise, a)
        error = nengo.Node(size_in=1)
        learned = nengo.Connection(a, b, learning_rule_type=nengo.PES())
        nengo.Connection(slow, error)
        nengo.Connection(error, learned.learning_rule)
        for thing in (a.neurons, b.neurons, b, error):
            nengo.Probe(thing)

    def use(path: Path) -> str:
        options: Any = {"progress_bar": False, "backend": "numpy"}
        with nefsim.nengo.Simulator.load(path, model, **options) as sim:
            sim.run_steps(N_STEPS)
            return digest(*(sim.data[probe] for probe in model.probes))

    kind = Kind("state nengo")
    for batch_size in (None, 2):
        options: Any = {"progress_bar": False, "backend": "numpy", "batch_size": batch_size}
        with nefsim.nengo.Simulator(model, **options) as sim:
            sim.run_steps(30)
            good = sim.save(folder / f"state-{batch_size}")
        change = lambda rng, data: mutate.mutated_npz(rng, data, "nefsim")  # noqa: E731
        kind.samples.append(sample_of_file(good, change, use))
    return kind


def streams(folder: Path) -> Kind:
    """Folders that a simulator streamed to."""
    kind = Kind("stream")
    for batch_size in (None, 2):
        good = folder / f"stream-{batch_size}"
        sim = nef.Simulator(network(), backend="numpy", batch_size=batch_size, stream=good)
        sim.run_steps(30)
        sim.run_steps(30)
        if batch_size is None:  # the other still has its log
            sim.close()

        def mutated(rng: Rng, place: Path, good: Path = good) -> Path:
            path = place / "stream"
            shutil.copytree(good, path)
            file = mutate.any_of(rng, sorted(path.iterdir()))
            if rng.random() < 0.6:
                file = path / "stream.json"
            if file.name == "stream.json" and rng.random() < 0.8:
                changed = mutate.mutated_json(rng, json.loads(file.read_text()))
                file.write_text(json.dumps(changed))
                if rng.random() < 0.9:
                    _seal(file)
            elif rng.random() < 0.1:
                file.unlink()
            elif file.suffix == ".npy":
                file.write_bytes(mutate.mutated_npy(rng, file.read_bytes()))
                if rng.random() < 0.7:
                    with suppress(Exception):  # where nothing is left to sum up
                        _sum(path)
            else:
                file.write_bytes(mutate.mutated_bytes(rng, file.read_bytes()))
            return path

        use = lambda path: digest_of(nef.Result.load(path))  # noqa: E731
        kind.samples.append(Sample(mutated, use, use(good), good))
    return kind


def _seal(file: Path) -> None:
    """Put the right checksum at the end of a list."""
    description = json.loads(file.read_text())
    if isinstance(description, dict):
        description.pop("crc32", None)
        file.write_bytes(sealed(description))


def _sum(folder: Path) -> None:
    """Put the right checksums of all arrays into a list."""
    description = json.loads((folder / "stream.json").read_text())
    for i, probe in enumerate(description["probes"]):
        for name, n in probe["in_files"].items():
            rows = np.load(folder / file_of(i, name))[:n]
            probe["sums"][name] = zlib.crc32(np.ascontiguousarray(rows).data)
    (folder / "stream.json").write_text(json.dumps(description))
    _seal(folder / "stream.json")


# -- models -----------------------------------------------------------------------------------


def described(net: nef.Network) -> str:
    """All that a network says, and the arrays that came with it."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(net.save(f"{folder}/again.nef")) as file:
            model = json.loads(file.read("model.json"))
            parts: list[Any] = [(n, file.read(n)) for n in file.namelist() if n != "model.json"]
        del model["provenance"]
    for thing in (*net.all_ensembles, *net.all_connections, *net.all_probes):
        for name, values in sorted(net.presets.get(thing, {}).items()):
            parts += [name, values]
    return digest(json.dumps(model), *parts)


def models(folder: Path) -> Kind:
    """Networks with and without the arrays of a simulator."""
    import scipy.sparse

    kind, net = Kind("model"), network()
    outer = net.subnetwork("outer", seed=4)
    c = outer.ensemble(12, 2, initial_state={"voltage": nef.Uniform(0, 1)}, label="c")
    spread = scipy.sparse.csr_array([[0.5], [0.25]])
    outer.connect(net.ensembles[0], c, function=np.square, transform=spread)
    net.connect(net.node(nef.Piecewise({0.0: 1.0, 0.5: -1.0})), c[[1]], synapse=nef.Alpha(0.01))
    out = net.node(size_in=1)
    weights, a, b, error = nef.LstsqL2(weights=True), net.ensembles[0], net.ensembles[1], out
    net.connect(a, b, solver=weights, learning_rule=[nef.BCM(1e-9, theta_start=3.0), nef.Oja()])
    rule = net.connect(a, out, function=lambda x: x**3, learning_rule=nef.RLS()).learning_rule
    net.connect(error, rule)
    sim = nef.Simulator(net, backend="numpy")
    for name, built in (("described", None), ("built", sim)):
        good = net.save(folder / f"{name}.nef", sim=built, functions="values")
        change = lambda rng, data: mutate.mutated_npz(rng, data, "model.json")  # noqa: E731
        use = lambda path: described(nef.load_network(path))  # noqa: E731
        kind.samples.append(sample_of_file(good, change, use))
    return kind


# -- sweeps -----------------------------------------------------------------------------------


def swept(x: int, seed: int) -> dict[str, Any]:
    """Values of all kinds."""
    return {"y": x + seed / 3, "text": f"x{x}", "array": np.arange(x * 4.0), "none": None}


def sweeps(folder: Path) -> Kind:
    """A list of tasks and results."""
    good = folder / "sweep"
    nef.sweep(swept, {"x": [1, 2]}, 2, "serial", good)

    def mutated(rng: Rng, place: Path) -> Path:
        path = place / "sweep"
        shutil.copytree(good, path)
        if rng.random() < 0.5:
            file = path / "sweep.json"
            if rng.random() < 0.8:
                file.write_text(json.dumps(mutate.mutated_json(rng, json.loads(file.read_text()))))
                if rng.random() < 0.9:
                    _seal(file)
            else:
                file.write_bytes(mutate.mutated_bytes(rng, file.read_bytes()))
        else:
            file = mutate.any_of(rng, sorted(path.glob("results/*/*.npz")))
            file.write_bytes(mutate.mutated_npz(rng, file.read_bytes(), "nefsim"))
        return path

    def use(path: Path) -> str:
        done = nef.sweeps.Sweep.load(path)
        if done.missing:  # a damaged result is none, and is computed again
            raise ValueError(
                f"sweep: results must be whole, got {len(done.missing)} without; run it."
            )
        parts: list[Any] = [len(done.failures)]
        for name, values in done.columns().items():
            parts += [name, *values.tolist()]
        return digest(*parts)

    return Kind("sweep", [Sample(mutated, use, use(good), good)])


# -- logs of streams, layouts of pages -------------------------------------------------------


def logs(folder: Path) -> Kind:
    """The log of a stream from outside."""
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.integers(1, 9, 20)) / 1000
    rows = np.column_stack([times, rng.uniform(-1, 1, (20, 2))])
    good = folder / "run.log"
    log = Log("Stream", good, 2)
    for row in rows:
        log.note(row[0], row[1:].tolist())
    log.close()

    def change(rng: Rng, data: bytes) -> bytes:
        if rng.random() < 0.4:
            return mutate.mutated_bytes(rng, data)
        head, changed = data[: data.index(b"\n") + 1], np.array(rows)
        if rng.random() < 0.5:
            head = json.dumps(mutate.mutated_json(rng, json.loads(head))).encode() + b"\n"
        else:
            changed = np.atleast_1d(mutate.mutated_array(rng, changed))
        if rng.random() < 0.1:
            head = mutate.mutated_bytes(rng, head)
        lines, total = b"", 0
        for line in (head, *(np.ascontiguousarray(row).tobytes() for row in changed)):
            total = zlib.crc32(line, total)
            lines += line + total.to_bytes(4, "little")
        return lines

    def use(path: Path) -> str:
        replay = nef.io.Replay(path)
        # Few outputs, as one of a changed log may have a million numbers.
        return digest(replay, *(np.array(replay(k / 100)) for k in range(12)))

    return Kind("log", [sample_of_file(good, change, use)])


def layouts_of_pages(folder: Path) -> Kind:
    """The layout of a page that shows a simulation."""
    from nefsim.view import layouts

    good = folder / "model.py.view.json"
    places = {"ensemble 0": [0.5, 10.0], "node 1": [-3.25, 7.0]}
    graph = {"places": places, "open": ["network 0"]}
    layouts.write(good, {"graph": graph, "plots": [["ensemble 0", "spikes"], ["probe 1", "x"]]})

    def change(rng: Rng, data: bytes) -> bytes:
        if rng.random() < 0.3:
            return mutate.mutated_bytes(rng, data)
        return json.dumps(mutate.mutated_json(rng, json.loads(data))).encode()

    use = lambda path: digest(layouts.read(path))  # noqa: E731
    return Kind("layout", [sample_of_file(good, change, use)])


# -- checkpoints of PyTorch --------------------------------------------------------------------


def checkpoints(folder: Path) -> Kind:
    """Checkpoints of a small network and its optimiser, as ``fit`` writes them."""
    import torch

    from nefsim import train

    x = torch.rand(8, 3, generator=torch.Generator().manual_seed(1))
    batches = train.Batches(x, torch.arange(8) % 2, size=4)

    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))

    def fitted(path: Path, epochs: int) -> str:
        module = copy.deepcopy(net)
        loss = torch.nn.functional.cross_entropy
        history = train.fit(module, batches, loss, epochs, checkpoint=path, progress=False)
        weights = [p.detach().numpy() for p in module.parameters()]
        return digest(*weights, history.losses, history.epochs)

    good = folder / "weights.pt"
    fitted(good, 1)
    whole = torch.load(good, weights_only=True)

    def change(rng: Rng, data: bytes) -> bytes:
        if rng.random() < 0.5:
            return mutate.mutated_bytes(rng, data)
        content = _containers_copied(whole)
        for _ in range(int(rng.integers(1, 3))):
            content = _mutated_content(rng, content)
        if rng.random() < 0.1:
            stream = io.BytesIO()
            torch.save(content, stream)
            return stream.getvalue()
        return _sealed_content(content, folder / "mutated.pt")

    def use(path: Path) -> str:
        module = copy.deepcopy(net)
        optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
        info = train.load(path, module, optimizer)
        weights = [p.detach().numpy() for p in module.parameters()]
        return digest(*weights, repr(info), repr(optimizer.state_dict()))

    return Kind("torch", [sample_of_file(good, change, use)])


def _sealed_content(content: Any, path: Path) -> bytes:
    """A checkpoint of any content, with the right checksum."""
    import torch

    from nefsim.train import checkpoints

    save = torch.save
    try:
        torch.save = lambda _, stream: save(content, stream)
        checkpoints.save(path, torch.nn.Linear(1, 1))
    finally:
        torch.save = save
    return path.read_bytes()


def _containers_copied(content: Any) -> Any:
    """The same tensors and numbers in other dicts and lists."""
    if isinstance(content, (dict, list)):
        content = copy.copy(content)
        for key in [*content] if isinstance(content, dict) else range(len(content)):
            content[key] = _containers_copied(content[key])
    return content


def _mutated_content(rng: Rng, content: Any) -> Any:
    """Dicts, lists and tensors with one place changed."""
    import torch

    if isinstance(content, torch.Tensor):
        array = mutate.mutated_array(rng, content.numpy())
        return torch.tensor(array) if array.dtype.kind in "fi?" else str(array)
    if isinstance(content, (dict, list)) and content and rng.random() < 0.9:
        keys = [*content] if isinstance(content, dict) else range(len(content))
        key = mutate.any_of(rng, keys)
        if rng.random() < 0.2:
            del content[key]
        else:
            content[key] = _mutated_content(rng, content[key])
        return content
    return mutate.any_of(rng, mutate.VALUES)


# -- data sets and graphs ----------------------------------------------------------------------


def digits(folder: Path) -> Kind:
    """The files of MNIST: archives, and IDX packed or not."""
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (n, 4, 3), np.uint8) for n in (6, 2)]
    labels = [rng.integers(0, 10, n, np.uint8) for n in (6, 2)]
    kind = Kind("mnist")

    def use(path: Path) -> str:
        data = nef.datasets.mnist(path)
        parts = (data.train_images, data.train_labels, data.test_images, data.test_labels)
        return digest(*parts, data.shape)

    def sample(files: dict[str, bytes], change: Any) -> Sample:
        def mutated(rng: Rng, place: Path) -> Path:
            which = mutate.any_of(rng, [*files])
            for name, content in files.items():
                content = change(rng, content) if name == which else content
                (place / name).write_bytes(content)
            return place

        good = folder / f"good-{len(kind.samples)}"
        good.mkdir()
        for name, content in files.items():
            (good / name).write_bytes(content)
        return Sample(mutated, use, use(good), good)

    stream = io.BytesIO()
    np.savez_compressed(
        stream, x_train=images[0], y_train=labels[0], x_test=images[1], y_test=labels[1]
    )
    kind.samples.append(sample({"mnist.npz": stream.getvalue()}, mutate.mutated_npz))
    names = [f"{p}-{k}" for p in ("train", "t10k") for k in ("images-idx3", "labels-idx1")]
    arrays = [images[0], labels[0], images[1], labels[1]]
    idx = {
        f"{name}-ubyte": struct.pack(f">BBBB{a.ndim}I", 0, 0, 8, a.ndim, *a.shape) + a.tobytes()
        for name, a in zip(names, arrays, strict=True)
    }
    kind.samples.append(sample(idx, mutate.mutated_bytes))
    packed = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in idx.items()}

    def inside(rng: Rng, data: bytes) -> bytes:
        if rng.random() < 0.5:
            return mutate.mutated_bytes(rng, data)
        return gzip.compress(mutate.mutated_bytes(rng, gzip.decompress(data)))

    kind.samples.append(sample(packed, inside))
    return kind


def graphs(folder: Path) -> Kind:
    """Graphs of NIR."""
    import h5py
    import nir

    from nefsim.nir import from_nir

    one, zero = np.ones(3), np.zeros(3)
    lif = nir.LIF(tau=0.02 * one, r=one, v_leak=zero, v_threshold=one, v_reset=zero)
    affine = nir.Affine(weight=np.ones((2, 3)), bias=np.ones(2))
    li = nir.LI(tau=0.01 * np.ones(2), r=np.ones(2), v_leak=np.zeros(2))
    graph = nir.NIRGraph.from_list(nir.Linear(np.ones((3, 1))), lif, affine, li)
    good = folder / "graph.nir"
    nir.write(good, graph)

    def change(rng: Rng, data: bytes) -> bytes:
        if rng.random() < 0.4:
            return mutate.mutated_bytes(rng, data)
        stream = io.BytesIO(data)
        with h5py.File(stream, "r+") as file:
            found: list[Any] = []
            file.visit(found.append)
            name = mutate.any_of(rng, found)
            item = file[name]
            if isinstance(item, h5py.Group) or rng.random() < 0.2:
                del file[name]
            else:
                old = item[()]
                del file[name]
                if isinstance(old, bytes):
                    new = mutate.any_of(rng, [b"", b"LIF", b"Conv2d", b"Flatten", 3, np.ones(2)])
                else:
                    new = mutate.mutated_array(rng, old)
                    new = str(new) if new.dtype.kind in "US" else new
                file[name] = new
        return stream.getvalue()

    def use(path: Path) -> str:
        net = from_nir(path)
        with nef.Simulator(net, backend="numpy") as sim:
            sim.run_steps(N_STEPS)
        return digest_of(sim.result())

    return Kind("nir", [sample_of_file(good, change, use)])


class _Clock:
    """The clock of a test, which sleeping moves on."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def sounds(folder: Path) -> Kind:
    """Sound files, of which blocks are read; a thread of a stream reports other errors."""
    import soundfile

    from nefsim.io import sound

    noise = np.random.default_rng(1).uniform(-1, 1, (400, 2))
    kind = Kind("sound")

    def use(path: Path) -> str:
        sound.time = _Clock()  # type: ignore[assignment]
        port, parts = sound.SoundFile(path), []
        try:
            for _ in range(12):
                parts += [port.decode(block, port.channels) for block in port.receive(0.01)]
        except soundfile.LibsndfileError:
            return digest("error of the port", *parts)
        finally:
            port.close()
        return digest(port.rate, port.channels, *parts)

    for ending in ("wav", "flac", "ogg"):
        good = folder / f"sound.{ending}"
        soundfile.write(good, noise, 8000)
        kind.samples.append(sample_of_file(good, mutate.mutated_bytes, use))
    return kind


KINDS: dict[str, Callable[[Path], Kind]] = {"result": results, "state numpy": states("numpy")}
if find_spec("numba"):
    KINDS["state numba"] = states("numba")
if find_spec("nengo"):
    KINDS["state nengo"] = states_of_nengo
KINDS["stream"] = streams
KINDS["model"] = models
KINDS["sweep"] = sweeps
if find_spec("torch"):
    KINDS["torch"] = checkpoints
KINDS["mnist"] = digits
if find_spec("nir"):
    KINDS["nir"] = graphs
# At the end, so that a seed makes the same tries of the kinds above.
KINDS["log"] = logs
if find_spec("bokeh"):
    KINDS["layout"] = layouts_of_pages
if find_spec("soundfile"):
    KINDS["sound"] = sounds
