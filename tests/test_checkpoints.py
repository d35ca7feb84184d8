"""Runs that save their state now and then, and go on after a stop as if there had been none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim import files

HERE = Path(__file__).parent
BACKENDS = ["numpy", *(["numba"] if find_spec("numba") else [])]

#: Steps of the whole run; chunks of NumPy end at thousands.
N_STEPS = 2600


def network(stop=None) -> nef.Network:
    """A network that learns, with noise; ``stop(t)`` is called in each step."""
    net = nef.Network(seed=1)

    def stimulus(t):
        if stop is not None:
            stop(t)
        return np.sin(6 * t)

    u = net.node(stimulus)
    a = net.ensemble(30, 1, noise=nef.FilteredNoise(0.01, nef.Gaussian(0, 0.1)))
    b = net.ensemble(20, 1, neuron_type=nef.PoissonSpiking(nef.LIFRate()))
    net.connect(u, a)
    learned = net.connect(a, b, function=np.zeros_like, learning_rule=nef.PES(1e-3))
    error = net.node(size_in=1)
    net.connect(b, error)
    net.connect(u, error, transform=-1, synapse=0.01)
    net.connect(error, learned.learning_rule)
    net.probe(b.neurons)
    net.probe(b, synapse=0.03)
    net.probe(learned, "weights", sample_every=0.1)
    return net


def records(sim: nef.Simulator) -> list[np.ndarray]:
    return [sim.recorded(probe) for probe in sim.probes]


def undisturbed(backend: str) -> list[np.ndarray]:
    sim = nef.Simulator(network(), backend=backend, progress=False)
    sim.run_steps(N_STEPS)
    return records(sim)


def assert_equal(left: list[np.ndarray], right: list[np.ndarray]) -> None:
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        assert one.tobytes() == other.tobytes()


def killed(path: Path, backend: str) -> None:
    """A run that kills its process at 2.3 s."""

    def stop(t):
        if t > 2.3:
            os.kill(os.getpid(), signal.SIGKILL)

    sim = nef.Simulator(network(stop), backend=backend, progress=False)
    sim.run(N_STEPS * sim.dt, checkpoint_every=1.0, checkpoint=path)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path, backend):
    path = tmp_path / "state.npz"
    code = "import sys, test_checkpoints as t; t.killed(*sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), backend],
        check=False,
        env={**os.environ, "PYTHONPATH": f"{HERE.parent}:{HERE}"},
    )
    assert done.returncode == -signal.SIGKILL
    assert [file.name for file in tmp_path.iterdir()] == ["state.npz"]
    sim = nef.Simulator.load(path, network(), backend, progress=False)
    assert sim.n_steps == 2000
    sim.run_steps(N_STEPS - 2000, checkpoint_every=1.0, checkpoint=path)
    assert_equal(records(sim), undisturbed(backend))
    assert nef.Simulator.load(path, network(), backend, progress=False).n_steps == N_STEPS


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_last_complete_step_is_saved_after_an_error(tmp_path, backend, error):
    """Chunks of NumPy then end elsewhere, so that its decoded values may round differently."""
    path = tmp_path / "state.npz"

    def stop(t):
        if t > 1.2345:
            raise error

    sim = nef.Simulator(network(stop), backend=backend, progress=False)
    with pytest.raises(error):
        sim.run_steps(N_STEPS, checkpoint_every=1.0, checkpoint=path)
    again = nef.Simulator.load(path, network(), backend, progress=False)
    assert again.n_steps == sim.n_steps == 1234
    again.run_steps(N_STEPS - 1234)
    if backend == "numba":
        assert_equal(records(again), undisturbed(backend))
    else:
        assert records(again)[0].tobytes() == undisturbed(backend)[0].tobytes()


def test_the_state_of_a_process_in_a_file_must_have_its_shape(tmp_path):
    net = nef.Network(seed=1)
    a = net.ensemble(5, 1, noise=nef.WhiteNoise())
    net.connect(net.node(nef.FilteredNoise(0.01), size_out=1), a)
    path = nef.Simulator(net, backend="numpy").save(tmp_path / "state")
    with np.load(path) as saved:
        arrays = {name: saved[name] for name in saved.files}
    meta = json.loads(str(arrays.pop(files.META)))
    names = [name for name in arrays if name.startswith("process") and "number" in name]
    assert names
    for name in names:
        for value in (np.zeros(2, np.int64), np.zeros((), np.int64)):
            other = {**arrays, name: value} if value.shape != arrays[name].shape else arrays
            files.write("x", path, other, {k: v for k, v in meta.items() if k != "version"})
            if other is arrays:
                nef.Simulator.load(path, net, "numpy")
                continue
            with pytest.raises(ValueError, match="cannot continue from step 0"):
                nef.Simulator.load(path, net, "numpy")


def test_states_are_saved_at_multiples_since_the_start(tmp_path, monkeypatch):
    saved = []
    save = nef.Simulator.save
    monkeypatch.setattr(
        nef.Simulator, "save", lambda sim, *a, **o: saved.append(sim.n_steps) or save(sim, *a, **o)
    )
    calls = []
    for progress in (False, lambda done, total: calls.append(done)):
        sim = nef.Simulator(network(), backend="numpy", progress=progress)
        sim.run_steps(30)
        sim.run(0.25, checkpoint_every=0.1, checkpoint=tmp_path / "state")
        sim.run_steps(20, 0.1, tmp_path / "state.npz")
        sim.run_steps(1100)
    assert saved == 2 * [100, 200, 280, 300]
    assert calls == [30, 250, 20, 1000, 1100]


def test_files_of_a_run_are_not_compressed_and_have_the_same_content(tmp_path):
    sim = nef.Simulator(network(), backend="numpy", progress=False)
    sim.run(0.3, checkpoint_every=0.3, checkpoint=tmp_path / "plain.npz")
    sim.save(tmp_path / "small.npz")
    plain, small = (zipfile.ZipFile(tmp_path / f"{name}.npz") for name in ("plain", "small"))
    assert {member.compress_type for member in plain.infolist()} == {zipfile.ZIP_STORED}
    assert {member.compress_type for member in small.infolist()} == {zipfile.ZIP_DEFLATED}
    for name in small.namelist():
        assert plain.read(name) == small.read(name)


def test_checkpoints_do_not_change_a_run(tmp_path):
    for backend in BACKENDS:
        sim = nef.Simulator(network(), backend=backend, progress=False)
        sim.run_steps(N_STEPS, checkpoint_every=1.0, checkpoint=tmp_path / "state")
        assert_equal(records(sim), undisturbed(backend))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"checkpoint_every": 1.0}, "checkpoint must be passed together with checkpoint_every"),
        ({"checkpoint": "a"}, "checkpoint_every must be passed together with checkpoint,"),
        ({"checkpoint_every": 0.0, "checkpoint": "a"}, "checkpoint_every must be above 0"),
        ({"checkpoint_every": 1e-4, "checkpoint": "a"}, "checkpoint_every must be a step"),
        ({"checkpoint_every": "1", "checkpoint": "a"}, "checkpoint_every must be a number"),
        ({"checkpoint_every": 1.0, "checkpoint": 3}, "checkpoint must be a path"),
        ({"checkpoint_every": 1.0, "checkpoint": "no/a"}, "checkpoint must be in a folder"),
    ],
)
def test_nonsense_is_refused_before_a_step(tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    sim = nef.Simulator(network(), backend="numpy", progress=False)
    for run, name in ((sim.run, "run"), (sim.run_steps, "run_steps")):
        with pytest.raises((ValueError, TypeError), match=rf"Simulator\.{name}: {words}"):
            run(1, **arguments)
    assert sim.n_steps == 0 and not list(tmp_path.iterdir())


def varied(**options) -> nef.Network:
    """A network of all kinds of operation, with one thing changed."""
    default = {
        **{"tau": 0.01, "transform": 0.5, "rate": 1e-3, "rms": 0.3, "tau_rc": 0.02},
        **{"poles": 30.0, "constant": 0.25, "sparse": 0.5, "function": np.square},
    }
    o = default | options
    assert o.keys() == default.keys()
    net = nef.Network(seed=1)
    neuron = nef.LIF(tau_rc=np.linspace(o["tau_rc"], 0.03, 10))
    a, b = net.ensemble(10, 2, neuron_type=neuron), net.ensemble(8, 1)
    slow = nef.LinearFilter([1.0], np.poly([-10, -20, -o["poles"]]) / (200 * o["poles"]))
    net.connect(net.node(nef.WhiteSignal(1.0, 5.0, o["rms"]), size_out=2), a, synapse=o["tau"])
    net.connect(net.node(o["constant"]), a[0], transform=o["transform"], synapse=None)
    matrix = scipy.sparse.csr_array([[0.0, o["sparse"]]])
    net.connect(a, b, function=np.sin, transform=matrix, synapse=slow)
    c = net.connect(a[0], b, function=o["function"], learning_rule=nef.PES(o["rate"]))
    net.connect(b, c.learning_rule)
    net.probe(b)
    return net


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"tau": 0.0101}, "other numbers of <connection 'connection 0'>."),
        ({"transform": 0.51}, "other numbers of <ensemble 'ensemble 0'>."),
        ({"rate": 1.1e-3}, "[PES(learning_rate=0.001"),
        ({"rms": 0.31}, "WhiteSignal("),
        ({"tau_rc": 0.0201}, "LIF(tau_rc=array([0.0201, "),
        ({"poles": 31.0}, "other numbers of <connection 'connection 2'>."),
        ({"constant": 0.26}, "other numbers of <node 'node 1'>"),
        ({"sparse": 0.51}, "other numbers of <connection 'connection 2'>."),
        ({"function": np.abs}, "other numbers of <connection 'connection 3'>."),
    ],
    ids=str,
)
def test_a_state_of_a_network_with_another_number_is_refused(tmp_path, changed, difference):
    path = nef.Simulator(varied(), backend="numpy", progress=False).save(tmp_path / "state")
    nef.Simulator.load(path, varied(), backend="numpy", progress=False)
    with pytest.raises(
        ValueError, match="net must fit the saved state, got another network: "
    ) as e:
        nef.Simulator.load(path, varied(**changed), backend="numpy", progress=False)
    assert difference in str(e.value)


def test_filters_by_polynomials_and_by_their_state_are_not_the_same():
    from nefsim.checkpoint import _marks
    from nefsim.lowering import build

    words = [word for word, _ in _marks(build(varied(), 0.001, 0).program)]
    assert words.count("Filter by its state") == 1
    assert words.count("Filter") >= 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_sigterm_saves_the_complete_steps_and_ends_the_program(tmp_path, backend):
    def stop(t):
        if round(t / 0.001) == 1230:
            os.kill(os.getpid(), signal.SIGTERM)

    path, before = tmp_path / "a.npz", signal.getsignal(signal.SIGTERM)
    sim = nef.Simulator(network(stop), backend=backend, progress=False)
    with pytest.raises(SystemExit) as end:
        sim.run(2.6, checkpoint_every=0.5, checkpoint=path)
    assert end.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before == signal.SIG_DFL
    again = nef.Simulator.load(path, network(), backend=backend, progress=False)
    assert again.n_steps == 1230
    again.run_steps(N_STEPS - again.n_steps)
    assert_equal(records(again), undisturbed(backend))


def test_a_custom_handler_of_sigterm_is_not_replaced(tmp_path):
    ends = []
    before = signal.signal(signal.SIGTERM, lambda *_: ends.append(1))
    try:
        net = nef.Network(seed=1)
        net.probe(net.node(lambda t: os.kill(os.getpid(), signal.SIGTERM) or t, size_out=1))
        sim = nef.Simulator(net, backend="numpy")
        sim.run(0.003, checkpoint_every=0.001, checkpoint=tmp_path / "a.npz")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert len(ends) == sim.n_steps == 3
