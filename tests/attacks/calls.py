"""Valid calls of the rooms that the tables of the tests do not cover."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

import nefsim as nef

Fresh = Callable[[], tuple[Callable[..., Any], dict[str, Any]]]
Calls = list[tuple[str, Fresh]]


def _network() -> tuple[nef.Network, nef.Node]:
    net = nef.Network(seed=1)
    node = net.node([0.5], label="u")
    a, b = net.ensemble(10, 1, label="a"), net.ensemble(8, 1)
    net.connect(node, a)
    learned = net.connect(a, b, learning_rule=nef.PES(1e-4))
    net.connect(b, learned.learning_rule)
    net.probe(a, label="y")
    net.probe(a.neurons, label="spikes")
    return net, node


def _plain() -> nef.Network:
    net = nef.Network(seed=1)
    a, b = net.ensemble(5, 1), net.ensemble(5, 1)
    net.connect(net.node([0.5]), a)
    net.connect(a, b)
    net.probe(b)
    return net


def _simulator(n_steps: int = 5) -> nef.Simulator:
    sim = nef.Simulator(_network()[0], backend="numpy", progress=False)
    sim.run_steps(n_steps)
    return sim


def _call(room: str, name: str, make: Callable[[], dict[str, Any]]) -> tuple[str, Fresh]:
    """A call of a public name of a room, whose arguments are made for each call."""
    return f"{room}.{name}", lambda: (getattr(import_module(f"nefsim.{room}"), name), make())


def _method(
    called: str, make: Callable[[], Any], method: str, /, **named: Any
) -> tuple[str, Fresh]:
    return called, lambda: (getattr(make(), method), dict(named))


# -- simulators ----------------------------------------------------------------------------


def _set_input() -> tuple[Callable[..., Any], dict[str, Any]]:
    net, node = _network()
    sim = nef.Simulator(net, backend="numpy", progress=False)

    def set_and_step(node: Any, key: Any, values: Any) -> None:
        sim.inputs[node][key] = values
        sim.step()

    return set_and_step, {"node": node, "key": 0, "values": 0.5}


def _set_weights() -> tuple[Callable[..., Any], dict[str, Any]]:
    sim = _simulator()
    connection = next(c for c in sim.network.connections if c.learning_rule is not None)
    weights = np.array(sim.data[connection].weights)

    def read(key: Any, name: Any) -> Any:
        return getattr(sim.data[key], name if isinstance(name, str) else "weights")

    del weights
    return read, {"key": connection, "name": "weights"}


def simulators() -> Calls:
    """Inputs, data and results of simulators."""
    return [
        ("Simulator.inputs", _set_input),
        ("Simulator.data", _set_weights),
        _method("Simulator.step", _simulator, "step"),
        _method("Simulator.close", _simulator, "close"),
        _method("Simulator.result", _simulator, "result"),
        _method("Result[...]", lambda: _simulator().result(), "__getitem__", key="y"),
        _method("Result.trange", lambda: _simulator().result(), "trange", key="y"),
        _method("Result.save", lambda: _simulator().result(), "save", path="r.npz", compress=True),
    ]


# -- semantic pointers ---------------------------------------------------------------------


def _vocabulary() -> Any:
    vocabulary = nef.spa.Vocabulary(16, seed=1)
    vocabulary.populate("A; B; C")
    return vocabulary


def pointers() -> Calls:
    """Vocabularies, networks of them, and spaces."""

    def among(**named: Any) -> dict[str, Any]:
        return {"net": nef.Network(seed=1), "vocabulary": _vocabulary(), **named}

    def grid() -> Any:
        return nef.spa.HexagonalSSP(2, 2, 2)

    common = {"label": "x", "seed": 1}
    return [
        _call("spa", "Vocabulary", lambda: {"dimensions": 16, "algebra": "hrr", "seed": 1}),
        _call("spa", "Vocabulary", lambda: {"dimensions": 16, "max_similarity": 0.5}),
        _call("spa", "Pointer", lambda: {"vector": np.ones(4)}),
        _call("spa", "Rule", lambda: {"utility": "dot(a, A)", "effects": {"a": "B"}, "name": "r"}),
        _call("spa", "RandomSSP", lambda: {"domain_dimensions": 2, "n_frequencies": 4, "seed": 1}),
        _call("spa", "GridSSP", lambda: {"n_rotations": 2, "n_scales": 2, "scales": (0.8, 3.0)}),
        _call("spa", "bind", lambda: among(n_neurons=5, unbind=True, magnitude=1.0, **common)),
        _call("spa", "compare", lambda: among(n_neurons=5, magnitude=1.0, **common)),
        _call("spa", "cleanup", lambda: among(items=["A", "B"], n_neurons=5, threshold=0.3)),
        _call("spa", "state", lambda: among(n_neurons=5, subdimensions=4, feedback=0.5, **common)),
        _call("spa", "stimulus", lambda: among(value={0.0: "A", 0.1: "B * C"}, **common)),
        _call(
            "spa",
            "cleanup_probability",
            lambda: {"similarity": 0.5, "dimensions": 16, "n_items": 3},
        ),
        _call("spa", "grid_cells", lambda: {"space": grid(), "n_neurons": 5, "rng": 1}),
        _call("spa", "place_cells", lambda: {"space": grid(), "centres": np.zeros((2, 2))}),
        _call("spa", "grid_score", lambda: {"rates": np.ones((20, 20))}),
        _method("Vocabulary.populate", _vocabulary, "populate", text="D; E = A * B"),
        _method("Vocabulary.parse", _vocabulary, "parse", text="A * ~B"),
        _method("Vocabulary.add", _vocabulary, "add", name="D", vector=np.ones(16)),
    ]


# -- plots ---------------------------------------------------------------------------------


def plots() -> Calls:
    """Plots of arrays and of simulators."""
    time = np.arange(1, 51) / 1000
    wave = np.sin(40 * time)[:, None]
    spikes = np.zeros((50, 4))
    spikes[::7] = 1000.0
    x = np.linspace(-1, 1, 9)
    rates = np.abs(np.outer(x, [10.0, 20.0]))
    grid = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    classes = [0, 1, 1]
    given: dict[str, Callable[[], dict[str, Any]]] = {
        "confusion_matrix": lambda: {"labels": classes, "predicted": classes, "n_classes": 2},
        "decoded": lambda: {"values": wave, "time": time, "ideal": wave, "trial": None},
        "decoding_error": lambda: {"x": x, "x_hat": x**2, "target": x},
        "learning_curve": lambda: {"error": wave, "window": 0.01, "time": time},
        "network": lambda: {"net": _network()[0]},
        "raster": lambda: {"spikes": spikes, "time": time, "sort": None},
        "spectrum": lambda: {"signal": wave, "dt": 0.001, "window": 0.02},
        "stdp_curve": lambda: {"delays": x, "changes": -x, "fit": False},
        "tuning_curves": lambda: {"rates": rates, "x": x},
        "tuning_surface": lambda: {
            "rates": np.abs(grid),
            "x": grid,
            "neuron": 1,
            "square": True,
        },
        "weight_histogram": lambda: {"weights": rates, "bins": 5, "label": "w"},
        "weight_matrix": lambda: {"weights": rates, "label": "w"},
        "sweep": lambda: {"source": {"n": [1, 2], "y": [0.5, 0.1]}, "x": "n", "y": "y"},
    }
    found = [_call("plot", name, partial(_closed, make)) for name, make in given.items()]

    def of_simulator() -> dict[str, Any]:
        return _closed(lambda: {"values": _simulator(50), "probe": "y"})

    return [*found, _call("plot", "decoded", of_simulator)]


def _closed(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The arguments of a plot, with an axis of its own; older figures are closed."""
    import matplotlib.pyplot as plt

    plt.close("all")
    return {**make(), "ax": plt.subplots()[1]}


# -- sweeps, files, other simulators -------------------------------------------------------


def _built(n: int = 5) -> nef.Network:
    net = nef.Network()
    net.probe(net.ensemble(n, 1), label="y")
    return net


def _last(result: nef.Result) -> dict[str, float]:
    return {"y": float(result["y"][-1, 0])}


def sweeps() -> Calls:
    """Tasks for many seeds."""

    def given() -> dict[str, Any]:
        named = {"build": _built, "measure": _last, "seconds": 0.002, "batch": 2}
        return {**named, "dt": 0.001, "backend": "numpy", "dtype": "float64"}

    tasks: Calls = [_call("sweeps", name, given) for name in ("Builds", "Trials")]
    for name in ("Builds", "Trials"):

        def many(name: str = name) -> Any:
            return getattr(nef.sweeps, name)(**given())

        tasks.append(_method(f"{name}.many", many, "many", seeds=[0, 1], n=5))
    return tasks


def laws() -> Calls:
    """The laws for types of a user."""
    return [
        _call("testing", "check_synapse", lambda: {"synapse": nef.Alpha(0.01), "dt": 0.001}),
        _call("testing", "check_distribution", lambda: {"distribution": nef.Uniform(0, 1)}),
        _call("testing", "check_process", lambda: {"process": nef.WhiteSignal(1.0, 5.0)}),
    ]


def of_nengo() -> Calls:
    """Networks of Nengo."""
    import nengo

    def network() -> Any:
        with nengo.Network(seed=1) as net:
            a = nengo.Ensemble(8, 1, label="a")
            nengo.Connection(nengo.Node([0.5]), a)
            nengo.Probe(a)
        return net

    def simulator() -> Any:
        from nefsim.nengo import Simulator

        sim = Simulator(network(), backend="numpy", progress_bar=False)
        sim.run_steps(3)
        sim.close()
        sim.closed = False
        return sim

    def latest() -> tuple[Callable[..., Any], dict[str, Any]]:
        sim = simulator()
        return sim.latest, {"probe": sim.model.probes[0]}

    options = {"dt": 0.001, "seed": 1, "model": None, "progress_bar": False, "optimize": True}
    more = {"backend": "numpy", "batch_size": 2, "dtype": "float64"}
    return [
        _call("nengo", "Simulator", lambda: {"network": network(), **options, **more}),
        _call("nengo", "from_nengo", lambda: {"network": network(), "dt": 0.001, "seed": 1}),
        _call("nengo", "to_nengo", lambda: {"net": _network()[0], "dt": 0.001}),
        _method("nengo.Simulator.run_steps", simulator, "run_steps", steps=2, progress_bar=False),
        _method("nengo.Simulator.run", simulator, "run", time_in_seconds=0.002),
        _method("nengo.Simulator.reset", simulator, "reset", seed=1, keep_weights=True),
        _method("nengo.Simulator.trange", simulator, "trange", sample_every=0.002),
        ("nengo.Simulator.latest", latest),
        _method("nengo.Simulator.save", simulator, "save", path="nengo.npz"),
    ]


def training() -> Calls:
    """Modules, losses and checkpoints of PyTorch, and conversions."""
    import torch

    torch.set_num_threads(1)

    def module() -> Any:
        return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))

    def batches() -> Any:
        return nef.train.Batches(torch.rand(6, 3), torch.arange(6) % 2, size=3, seed=1)

    outputs, labels = torch.rand(4, 3, 2), torch.tensor([0, 1, 1])
    loss = torch.nn.functional.cross_entropy
    images = torch.rand(2, 3)
    given: dict[str, Callable[[], dict[str, Any]]] = {
        "IF": lambda: {"threshold": 1.0, "threshold_rule": ">", "reset": "zero"},
        "LIF": lambda: {"tau": 2.0, "threshold": 1.0, "reset": "zero", "surrogate": "arctan"},
        "PLIF": lambda: {"tau": 2.0, "threshold": 1.0, "detach_reset": True},
        "SNU": lambda: {"in_features": 3, "out_features": 2, "decay": 0.8, "soft": False},
        "SoftLIF": lambda: {"tau_rc": 0.02, "tau_ref": 0.002, "sigma": 0.02, "amplitude": 1.0},
        "Vote": lambda: {"n": 10},
        "Dropout": lambda: {"p": 0.5},
        "NEF": lambda: {"net": _plain(), "sigma": 0.02, "noise": 0.1},
        "Batches": lambda: {"inputs": images, "targets": [0, 1], "size": 2, "seed": 1},
        "Surrogate": lambda: {"name": "mine", "slope": torch.tanh},
        "arctan": lambda: {"alpha": 2.0},
        "boxcar": lambda: {"width": 1.0},
        "count_loss": lambda: {"y_seq": outputs, "labels": labels, "metabolic": 0.01},
        "rate_loss": lambda: {"y_seq": outputs, "labels": labels},
        "mean_spike_loss": lambda: {"y_seq": outputs},
        "decide": lambda: {"y_seq": outputs},
        "accuracy": lambda: {"module": module(), "batches": batches()},
        "fit": lambda: {
            **{"module": module(), "batches": batches(), "loss": loss, "epochs": 1, "clip": 1.0},
            **{"checkpoint": None, "progress": False},
        },
        "jittered": lambda: {"images": images, "n_steps": 3, "rate": 100.0, "dt": 0.001},
        "latency": lambda: {"images": images, "n_steps": 3},
        "poisson": lambda: {"images": images, "n_steps": 3, "most": 1.0},
        "save": lambda: {"path": "weights.pt", "module": module(), "info": {"a": 1}},
        "load": _saved,
    }
    model = {"model": module(), "data": torch.rand(4, 3), "percentile": 99.0, "dtype": "float64"}
    return [
        *(_call("train", name, make) for name, make in given.items()),
        _call("convert", "rate", lambda: {**model, "T": 8, "reset": "subtract"}),
        _call("convert", "qcfs", lambda: {**model, "T": 8}),
        _call("convert", "spikeconverter", lambda: {**model, "T": 4, "k": 2.0}),
        _call("convert", "QCFS", lambda: {"levels": 8, "limit": 8.0}),
    ]


def _saved() -> dict[str, Any]:
    import torch

    module = torch.nn.Linear(3, 4)
    return {"path": nef.train.save("weights", module), "module": module}


def graphs() -> Calls:
    """NIR graphs."""

    def graph() -> dict[str, Any]:
        made = import_module("nefsim.nir").to_nir(_plain(), allow_lossy=True)
        return {"graph": made, "dt": 0.001, "spikes": "unit"}

    options = {"dt": 0.001, "spikes": "unit", "allow_lossy": True}
    return [
        _call("nir", "to_nir", lambda: {"net": _plain(), **options}),
        _call("nir", "from_nir", graph),
    ]


def every() -> Calls:
    """All of these calls whose packages are installed."""
    found = [*simulators(), *pointers(), *plots(), *sweeps(), *laws()]
    for package, more in {"nengo": of_nengo, "torch": training, "nir": graphs}.items():
        if find_spec(package):
            found += more()
    return found
