"""A simulator and its arrays are freed when it is deleted, without a search for circles.

Python looks for circles of references late, or never if a program turns the collector off.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import MODELS

import nefsim as nef

# Some networks drive populations beyond their radius; here only memory is looked at.
pytestmark = pytest.mark.filterwarnings("ignore::nefsim.RadiusWarning")

BACKENDS = [name for name in ("numpy", "numba") if name in nef.backends.available()]
each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture(autouse=True)
def without_collections() -> Iterator[None]:
    """Turn the collector of circles off during a test."""
    was_on = gc.isenabled()
    gc.disable()
    yield
    if was_on:
        gc.enable()


def parts(sim: Any) -> dict[str, weakref.ref[Any]]:
    """Weak references to a simulator, its state, its records and the engine of its back end."""
    owned = {
        "simulator": sim,
        "state": sim._state,
        "records": sim._records,
        "engine": sim._run.__self__,
    }
    return {name: weakref.ref(part) for name, part in owned.items()}


def alive(refs: dict[str, weakref.ref[Any]]) -> list[str]:
    """The parts that are not freed."""
    return [name for name, ref in refs.items() if ref() is not None]


@each_backend
@pytest.mark.parametrize("name", MODELS)
def test_a_simulator_is_freed_with_its_last_reference(name: str, backend: str) -> None:
    net = MODELS[name](1)
    sim = nef.Simulator(net, backend=backend)
    sim.run_steps(60)
    sim.step()
    for probe in sim.probes:
        assert len(sim.data[probe]) > 0 or probe.sample_every
    refs = {**parts(sim), "built": weakref.ref(sim.built)}
    del sim
    assert alive(refs) == []


def functions() -> tuple[nef.Network, nef.Node]:
    """Functions of time, of values and of both, processes, learning, and an input to set."""
    net = nef.Network(seed=1)
    held = net.node([0.5])
    sources = [net.node(lambda t: 0.3), net.node(np.sin), net.node(nef.WhiteSignal(1.0, 5.0))]
    a, b = net.ensemble(30, 1), net.ensemble(20, 1, neuron_type=nef.PoissonSpiking())
    echo = net.node(lambda t, x: 0.5 * x, size_in=1)
    for source in (held, *sources, echo):
        net.connect(source, a)
    learned = net.connect(a, b, learning_rule=nef.PES(1e-4))
    net.connect(b, learned.learning_rule)
    net.connect(b, echo)
    net.probe(b, synapse=0.01)
    net.probe(a.neurons)
    net.probe(learned, "weights", sample_every=0.01)
    return net, held


OPTIONS: dict[str, dict[str, Any]] = {
    "one trial": {},
    "a batch": {"batch_size": 3},
    "float32": {"dtype": "float32"},
    "progress": {"progress": lambda done, total: None},
}


@each_backend
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_simulator_is_freed_after_every_way_to_use_it(
    options: dict[str, Any], backend: str, tmp_path: Path
) -> None:
    net, held = functions()
    sim = nef.Simulator(net, backend=backend, **options)
    for _ in range(3):
        sim.inputs[held] = 0.1
        sim.step()
    before = parts(sim)
    sim.reset(seed=3)
    assert "engine" not in alive(before)
    sim.run(0.02, 0.01, tmp_path / "state.npz")
    sim.latest(sim.probes[0])
    sim.clear_probes()
    sim.run_steps(3)
    sim.result()
    first = parts(sim)
    again = nef.Simulator.load(tmp_path / "state.npz", net, backend)
    again.step()
    second = parts(again)
    del sim, again
    assert alive(first) == alive(second) == []


@each_backend
def test_a_simulator_of_a_stream_is_freed(backend: str, tmp_path: Path) -> None:
    for name in ("folder", "file.npz"):
        with nef.Simulator(functions()[0], backend=backend, stream=tmp_path / name) as sim:
            sim.run_steps(20)
            sim.step()
        refs = parts(sim)
        del sim
        assert alive(refs) == []


@each_backend
def test_a_simulator_is_freed_after_an_error_of_a_function(backend: str) -> None:
    net = nef.Network(seed=1)
    net.connect(net.node(lambda t: 1 / (t < 0.01)), net.ensemble(20, 1))
    sim = nef.Simulator(net, backend=backend)
    said = ""
    try:
        sim.run_steps(20)
    except ZeroDivisionError as error:
        said = error.__notes__[0]
    assert said.startswith("in the function of") and sim.n_steps == 9
    refs = parts(sim)
    del sim
    assert alive(refs) == []


@each_backend
def test_data_and_inputs_outlive_their_simulator(backend: str) -> None:
    net, held = functions()
    sim = nef.Simulator(net, backend=backend)
    for _ in range(7):
        sim.step()
    data, inputs = sim.data, sim.inputs
    del sim
    assert len(data[net.all_probes[0]]) == 7
    assert float(inputs[held][0]) == 0.5


def nengo_network() -> tuple[Any, Any]:
    """A network of Nengo with functions, processes and operators that run Nengo's code."""
    nengo = pytest.importorskip("nengo")

    class Uniform(nengo.Process):
        def make_state(self, shape_in: Any, shape_out: Any, dt: Any, dtype: Any = None) -> Any:
            return {}

        def make_step(self, shape_in: Any, shape_out: Any, dt: Any, rng: Any, state: Any) -> Any:
            return lambda t: rng.rand(*shape_out)

    class Copied(nengo.LIFRate):  # type: ignore[misc]
        def step(self, dt: float, J: Any, output: Any) -> None:
            output[...] = J

    with nengo.Network(seed=1) as net:
        sources = [nengo.Node(lambda t: 0.1 * t), nengo.Node(np.sin), nengo.Node([0.3])]
        sources += [nengo.Node(Uniform(), size_out=1), nengo.Node(nengo.processes.WhiteNoise())]
        a, b = nengo.Ensemble(30, 1), nengo.Ensemble(20, 1, neuron_type=Copied())
        c = nengo.Ensemble(20, 1, neuron_type=nengo.PoissonSpiking(nengo.LIFRate()))
        echo = nengo.Node(lambda t, x: 0.5 * x, size_in=1)
        for source in (*sources, echo):
            nengo.Connection(source, a)
        learned = nengo.Connection(a, b, learning_rule_type=nengo.PES())
        nengo.Connection(b, learned.learning_rule)
        nengo.Connection(a, c, learning_rule_type=nengo.Voja())
        nengo.Connection(c, echo)
        probe = nengo.Probe(b, synapse=0.01)
        nengo.Probe(a.neurons)
        nengo.Probe(learned, "weights")
    return net, probe


@pytest.fixture
def no_decoder_cache() -> Iterator[None]:
    """Nengo logs a missing index of its cache, and pytest stores the log with all frames."""
    nengo = pytest.importorskip("nengo")
    before = nengo.rc.get("decoder_cache", "enabled")
    nengo.rc.set("decoder_cache", "enabled", "False")
    yield
    nengo.rc.set("decoder_cache", "enabled", before)


@each_backend
def test_a_simulator_of_a_nengo_model_is_freed(
    backend: str, tmp_path: Path, no_decoder_cache: None
) -> None:
    net, probe = nengo_network()
    from nefsim.nengo import Simulator

    with Simulator(net, backend=backend, progress_bar=False, batch_size=2) as sim:
        sim.run_steps(5)
        assert sim.signals is not None and len(sim.learned) == 2
        sim.reset()
        sim.run_steps(20)
        sim.save(tmp_path / "state.npz")
        sim.step()
    refs = {**parts(sim), "model": weakref.ref(sim.model)}
    with Simulator.load(tmp_path / "state.npz", net, backend=backend, progress_bar=False) as again:
        again.step()
    more = parts(again)
    data = again.data
    del sim, again
    assert alive(refs) == []
    assert "simulator" not in alive(more)
    assert data[probe].shape == (2, 21, 1)
    del data
    assert alive(more) == []
