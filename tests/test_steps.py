"""Single steps, inputs that are set between them, and the newest record of a probe."""

from __future__ import annotations

import gc
import re
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import nengo
import numpy as np
import pytest

import nefsim as nef
import nefsim.nengo
from nefsim.backends import growing
from nefsim.backends.bounds import stays_finite
from nefsim.backends.engine import Engine
from nefsim.lowering import build
from nefsim.program import initial_state
from nefsim.records import Records

# Some networks drive populations beyond their radius; here only steps are compared.
pytestmark = pytest.mark.filterwarnings("ignore::nefsim.RadiusWarning")

BACKENDS = [name for name in ("numpy", "numba") if name in nef.backends.available()]

SENTENCE = re.compile(r"[^:\n]+: .+ must .+, got .+; .+\.")

each_backend = pytest.mark.parametrize("backend", BACKENDS)


def drive(t: float) -> float:
    """The signal that networks are driven with."""
    return float(0.8 * np.sin(2 * np.pi * 5 * t))


def plain(source: Any = np.sin) -> nef.Network:
    """Populations, filters and a loop, without a function that Python must call in each step."""
    net = nef.Network(seed=1)
    u = net.node(source, label="u")
    a, b = net.ensemble(30, 1), net.ensemble(40, 2)
    net.connect(u, a)
    net.connect(u, b[0], synapse=None)
    net.connect(u, b[1], delay=0.001)
    net.connect(a, b[0], synapse=nef.Alpha(0.01))
    net.connect(b[0], a, synapse=0.02, function=np.square)
    net.probe(a, synapse=0.01, label="decoded")
    net.probe(a.neurons, label="spikes")
    net.probe(b.neurons, "voltage", label="voltage")
    net.probe(u, label="source")
    net.probe(b, label="sampled", sample_every=0.003)
    return net


def unseen(source: Any = drive) -> nef.Network:
    """Populations in several blocks, whose common source no probe records."""
    net = nef.Network(seed=1)
    u = net.node(source, label="u")
    for i in range(3):
        a = net.ensemble(30 + i, 1)
        net.connect(u, a, synapse=(None, 0.005, 0.01)[i])
        net.probe(a.neurons)
        net.probe(a, synapse=0.01)
    b = net.ensemble(20, 1)
    net.connect(u, b)
    net.connect(b, b)
    net.probe(b.neurons)
    return net


def with_functions(source: Any = drive) -> nef.Network:
    """The same with functions in Python, in a loop and in a chain."""
    net = plain(source)
    u, a = net.nodes[0], net.ensembles[0]
    plant = net.node(lambda t, x: [0.5 * x[0], t], size_in=1, size_out=2)
    after = net.node(lambda t, x: x[1] - x[0], size_in=2, size_out=1)
    net.connect(a, plant)
    net.connect(plant, after, synapse=None)
    net.connect(after, a)
    net.connect(u, plant, synapse=None)
    net.probe(after, label="after")
    return net


def learning(source: Any = np.sin) -> nef.Network:
    """A network that learns."""
    net = plain(source)
    a, b = net.ensembles
    learned = net.connect(a, b[1], learning_rule=nef.PES(1e-3), label="learned")
    net.connect(b[1], learned.learning_rule)
    net.probe(learned, "weights", label="weights", sample_every=0.002)
    return net


MODELS = [plain, with_functions, learning]


def assert_same(one: nef.Simulator, other: nef.Simulator) -> None:
    """All records are equal; on NumPy, where sums of a chunk round differently, within 1e-12."""
    assert one.n_steps == other.n_steps
    np.testing.assert_array_equal(one.time, other.time)
    exact = one.backend == "numba"
    tolerance = 0.0 if exact else (1e-12 if one.dtype == "float64" else 1e-4)
    for p, q in zip(one.probes, other.probes, strict=True):
        np.testing.assert_allclose(one.data[p], other.data[q], rtol=tolerance, atol=tolerance)
        np.testing.assert_array_equal(one.trange(p), other.trange(q))


# -- steps -------------------------------------------------------------------------------------


@each_backend
@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"dtype": "float32"}], ids=str)
@pytest.mark.parametrize("model", MODELS)
def test_steps_equal_a_run(model: Any, options: Any, backend: str) -> None:
    whole = nef.Simulator(model(), backend=backend, **options)
    whole.run_steps(60)
    steps = nef.Simulator(model(), backend=backend, **options)
    for _ in range(60):
        steps.step()
    assert_same(whole, steps)


@each_backend
@pytest.mark.parametrize("model", MODELS)
def test_steps_and_runs_alternate(model: Any, backend: str) -> None:
    whole = nef.Simulator(model(), backend=backend)
    whole.run_steps(100)
    parts = nef.Simulator(model(), backend=backend)
    for n_steps in (1, 20, 3, 33, 0, 43):
        if n_steps % 2:
            for _ in range(n_steps):
                parts.step()
        else:
            parts.run_steps(n_steps)
    assert_same(whole, parts)


@each_backend
@pytest.mark.parametrize("options", [{}, {"batch_size": 2}], ids=str)
@pytest.mark.parametrize("model", MODELS)
def test_several_steps_at_once_equal_a_run(model: Any, options: Any, backend: str) -> None:
    whole = nef.Simulator(model(), backend=backend, **options)
    whole.run_steps(80)
    parts = nef.Simulator(model(), backend=backend, **options)
    for n_steps in (1, 20, 3, 1, 40, 15):  # some pass the end of the first chunk of 16 rows
        parts._take(n_steps)
    assert_same(whole, parts)


def test_several_steps_at_once_are_one_call(monkeypatch: Any) -> None:
    """And not one call of the engine, or of the interpreter, for each step."""
    pytest.importorskip("numba")
    sim = nef.Simulator(plain(), backend="numba")
    sim.run_steps(growing.FEWEST_ROWS)
    sim._take(5)
    whole = sim._state.growing.whole
    calls: list[int] = []
    monkeypatch.setattr(type(whole), "take", lambda self, n: calls.append(n))
    sim._take(10)
    assert calls[0] == 10


@each_backend
def test_an_error_within_a_period_leaves_the_steps_before_it(backend: str) -> None:
    def fails(t: float) -> float:
        if t > 0.0125:
            raise OSError("unplugged")
        return t

    sim = nef.Simulator(with_functions(fails), backend=backend)
    for _ in range(2):
        sim._take(5)
    with pytest.raises(OSError, match="unplugged"):
        sim._take(5)
    assert sim.n_steps == 12


@each_backend
@pytest.mark.parametrize("model", MODELS)
def test_data_are_complete_after_each_step(model: Any, backend: str) -> None:
    whole = nef.Simulator(model(), backend=backend)
    whole.run_steps(40)
    sim = nef.Simulator(model(), backend=backend)
    data = sim.data
    for n in range(1, 41):
        sim.step()
        assert sim.n_steps == len(sim.time) == n
        for probe, other in zip(sim.probes, whole.probes, strict=True):
            rows = sim.trange(probe)
            assert len(data[probe]) == len(rows)
            expected = whole.data[other][: len(rows)]
            np.testing.assert_allclose(data[probe], expected, rtol=1e-12, atol=1e-12)


@each_backend
def test_more_steps_than_a_chunk_has_rows(backend: str) -> None:
    whole = nef.Simulator(plain(), backend=backend)
    whole.run_steps(growing.MOST_ROWS + 100)
    steps = nef.Simulator(plain(), backend=backend)
    for _ in range(growing.MOST_ROWS + 100):
        steps.step()
    assert_same(whole, steps)


def test_the_state_is_copied_only_where_a_step_can_fail(monkeypatch: Any) -> None:
    def refuse(engine: Any) -> Any:
        raise AssertionError("copied")

    pytest.importorskip("numba")
    monkeypatch.setattr(Engine, "take_snapshot", refuse)
    nef.Simulator(plain(), backend="numba").step()
    with pytest.raises(AssertionError, match="copied"):
        nef.Simulator(with_functions(), backend="numba").step()


@each_backend
def test_data_outlive_their_simulator(backend: str) -> None:
    def steps() -> Any:
        sim = nef.Simulator(plain([0.5]), backend=backend)
        for _ in range(7):
            sim.step()
        return sim.data

    data = steps()
    gc.collect()
    assert len(data["decoded"]) == 7


def test_arrays_are_freed_with_their_simulator() -> None:
    """Without a search for circles of references, which comes late."""
    pytest.importorskip("numba")
    sim = nef.Simulator(plain([0.5]), backend="numba")
    sim.step()
    memory = next(value for memory in sim.state.ops for value in memory.values())
    freed = weakref.ref(memory.base if memory.base is not None else memory)
    gc.disable()
    try:
        del sim, memory
        assert freed() is None
    finally:
        gc.enable()


@each_backend
def test_a_function_reads_records_within_a_step(backend: str) -> None:
    seen = []

    def source(t: float) -> float:
        if sims:
            sim = sims[0]
            seen.append((sim.n_steps, len(sim.data[sim.probes[0]]), sim.state.step <= sim.n_steps))
        return drive(t)

    sims: list[nef.Simulator] = []
    sims.append(nef.Simulator(plain(source), backend=backend))
    for _ in range(5):
        sims[0].step()
    assert seen == [(n, n, True) for n in range(5)]


@each_backend
def test_records_are_read_by_another_thread(backend: str) -> None:
    sim = nef.Simulator(with_functions(), backend=backend)
    stop, lengths = threading.Event(), [0]

    def read() -> None:
        while not stop.is_set():
            lengths.append(len(sim.data["decoded"]))
            lengths.append(sim.state.step)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(300):
        sim.step()
    stop.set()
    reader.join()
    whole = nef.Simulator(with_functions(), backend=backend)
    whole.run_steps(300)
    assert_same(whole, sim)


@each_backend
def test_a_step_within_a_run_is_refused(backend: str) -> None:
    sims: list[nef.Simulator] = []
    sims.append(nef.Simulator(plain(lambda t: sims[0].step() or 0.0 if sims else 0.0)))
    with pytest.raises(RuntimeError, match=SENTENCE):
        sims[0].step()
    assert sims[0].n_steps == 0


class Failing:
    """A function that fails in one call, and counts calls."""

    def __init__(self, fails_at: int) -> None:
        self.fails_at, self.n_calls, self.memory = fails_at, 0, 0.0

    def __call__(self, t: float, x: Any) -> float:
        if t == 0:
            return 0.0
        self.n_calls += 1
        if self.n_calls == self.fails_at:
            self.fails_at = 0
            self.n_calls -= 1
            raise ArithmeticError("no")
        self.memory = 0.9 * self.memory + 0.1 * float(x[0])
        return self.memory


@each_backend
@pytest.mark.parametrize("fails_at", [1, 2, 17, 30])
def test_steps_continue_after_an_error(fails_at: int, backend: str) -> None:
    """Inputs that were set between steps are those of the repeated steps."""

    def loop(function: Failing) -> nef.Simulator:
        net = plain([0.0])
        node = net.node(function, size_in=1, size_out=1)
        net.connect(net.nodes[0], node, synapse=None)
        net.connect(node, net.ensembles[0])
        sim = nef.Simulator(net, backend=backend)
        while sim.n_steps < 40:
            n = sim.n_steps
            sim.inputs[net.nodes[0]] = drive(n * 0.001) if n % 3 else 0.5
            try:
                sim.step()
            except ArithmeticError:
                assert sim.n_steps == len(sim.data["decoded"]) == n == fails_at - 1
        return sim

    assert_same(loop(Failing(0)), loop(Failing(fails_at)))


@each_backend
def test_a_result_that_is_not_finite_stops_a_step(backend: str) -> None:
    results: list[Any] = [0.1, [0.2], np.array([0.3]), np.float32(0.4), 1, True]
    wrong = [np.nan, [np.inf], np.array([np.nan]), [0.1, 0.2], "1", None, 10**400, [10**400]]
    net = nef.Network(seed=1)
    net.probe(net.node(lambda t: results[round(t / 0.001) - 1] if t else 0.0))
    sim = nef.Simulator(net, backend=backend)
    for _ in results:
        sim.step()
    expected = np.array([0.1, 0.2, 0.3, np.float32(0.4), 1, 1])
    np.testing.assert_array_equal(sim.data[sim.probes[0]][:, 0], expected)
    for value in wrong:
        results.append(value)
        with pytest.raises((ValueError, TypeError), match=SENTENCE):
            sim.step()
        results.pop()
        assert sim.n_steps == len(results)


@each_backend
def test_a_numpy_function_that_is_not_finite_later_stops_that_step(backend: str) -> None:
    net = nef.Network(seed=1)
    net.connect(net.node(np.arctanh), net.ensemble(10, 1))  # infinite at t = 1
    net.probe(net.nodes[0])
    sim = nef.Simulator(net, 0.125, backend=backend)
    for _ in range(7):
        sim.step()
    with pytest.raises(ValueError, match=SENTENCE):
        sim.step()
    assert sim.n_steps == len(sim.data[sim.probes[0]]) == 7


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Python's default handler of Ctrl-C, for any test runner."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@each_backend
def test_ctrl_c_waits_for_the_end_of_a_step(backend: str) -> None:
    calls = []

    def source(t: float) -> float:
        calls.append(t)
        if len(calls) == 11:  # the first call finds the size
            signal.raise_signal(signal.SIGINT)
        return drive(t)

    sim = nef.Simulator(plain(source), backend=backend)
    for _ in range(9):
        sim.step()
    with pytest.raises(KeyboardInterrupt):
        sim.step()
    assert sim.n_steps == 10 == len(calls) - 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    sim.step()
    whole = nef.Simulator(plain(drive), backend=backend)
    whole.run_steps(11)
    assert_same(whole, sim)


def test_a_callable_for_progress_is_called_for_steps() -> None:
    done = []
    sim = nef.Simulator(plain(), progress=lambda k, n: done.append((k, n)))
    sim.step()
    assert done == [(1, 1)]


@each_backend
def test_weights_are_set_between_steps(backend: str) -> None:
    net = learning(lambda t: drive(t))  # which makes errors possible, so that the state is copied
    sim = nef.Simulator(net, backend=backend)
    connection = net.connections[-2]
    for _ in range(5):
        sim.step()
    arrays = sim.data[connection]
    sim.step()
    arrays.weights = np.full(arrays.weights.shape, 0.25)
    sim.step()
    changed = sim.data[connection].weights
    assert np.abs(changed - 0.25).max() < 0.05
    sim.reset(keep_weights=True)
    np.testing.assert_array_equal(sim.data[connection].weights, changed)


def test_records_of_steps_that_are_lost_are_dropped() -> None:
    program = build(plain(), 0.001, 1).program
    state = initial_state(program)
    records = Records(program, None, "float64")
    for _ in range(7):
        records.reserve(1)
        for i, record in enumerate(program.records):
            if record.every <= 1:
                records.add(i, np.ones((1, program.size(record.read))))
        records.settle(records.settled + 1)
    records.settle(3)
    assert records.settled == 3 == len(records.of(0)) and state.n_steps == 0


# -- numbers that stay finite ------------------------------------------------------------------


def test_only_loops_without_bounded_neurons_may_overflow() -> None:
    def finite(make: Callable[[nef.Network], Any]) -> bool:
        net = nef.Network(seed=1)
        make(net)
        return stays_finite(build(net, 0.001, 1).program)

    def loop(net: nef.Network, neurons: Any = None) -> None:
        a = net.ensemble(10, 1, neuron_type=neurons or nef.LIF())
        net.connect(a, a)
        net.probe(a, synapse=0.01)

    def node_loop(net: nef.Network) -> None:
        node = net.node(size_in=1)
        net.connect(node, node, transform=2.0)

    def large(net: nef.Network) -> None:
        net.connect(net.node([1e20]), net.node(size_in=1), transform=1e20)
        for _ in range(15):
            net.connect(net.nodes[-1], net.node(size_in=1), transform=1e20)

    assert finite(loop)
    assert not finite(node_loop)
    assert not finite(lambda net: loop(net, nef.RectifiedLinear()))
    assert not finite(large)


@pytest.mark.filterwarnings("ignore:overflow")
@each_backend
def test_a_number_that_is_invalid_stops_a_step_of_nengos_simulator(backend: str) -> None:
    with nengo.Network() as model:
        node = nengo.Node(size_in=2)
        start = nengo.Node([1.0, -1.0])
        nengo.Connection(start, node)
        nengo.Connection(node, node, transform=[[1e30, 1e30], [1e30, -1e30]])
    with nefsim.nengo.Simulator(model, backend=backend, progress_bar=False) as whole:
        with pytest.raises(FloatingPointError) as expected:
            whole.run_steps(100)
        n_steps = whole.n_steps
    with nefsim.nengo.Simulator(model, backend=backend, progress_bar=False) as sim:
        for _ in range(n_steps):
            sim.step()
        with pytest.raises(FloatingPointError) as caught:
            sim.step()
        assert sim.n_steps == n_steps
    assert str(caught.value) == str(expected.value)


# -- inputs ------------------------------------------------------------------------------------


@each_backend
@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"dtype": "float32"}], ids=str)
@pytest.mark.parametrize("model", [*MODELS, unseen])
def test_inputs_equal_a_function(model: Any, options: Any, backend: str) -> None:
    whole = nef.Simulator(model(drive), backend=backend, **options)
    whole.run_steps(60)
    net = model([0.0])
    sim = nef.Simulator(net, backend=backend, **options)
    for n in range(60):
        sim.inputs[net.nodes[0]][:] = drive((n + 1) * 0.001)
        sim.step()
        for probe in sim.probes:
            if len(sim.trange(probe)):
                rows = sim.data[probe]
                last = rows[-1] if sim.batch_size is None else rows[:, -1]
                np.testing.assert_array_equal(sim.latest(probe), last)
    assert_same(whole, sim)


@each_backend
def test_inputs_equal_a_function_of_a_nengo_node(backend: str) -> None:
    def make(output: Any) -> nengo.Network:
        with nengo.Network(seed=1) as model:
            model.u = nengo.Node(output)
            a, b = nengo.Ensemble(30, 1), nengo.Ensemble(40, 1)
            seen = nengo.Node(lambda t, x: 0.5 * x, size_in=1)
            nengo.Connection(model.u, a)
            nengo.Connection(model.u, b, synapse=None)
            nengo.Connection(model.u, seen, synapse=None)
            nengo.Connection(seen, b)
            nengo.Connection(a, b)
            targets = (a.neurons, b.neurons, model.u, seen)
            model.spikes = [nengo.Probe(target) for target in targets]
            model.decoded = nengo.Probe(b, synapse=0.01)
            model.unused = nengo.Node([1.0, 2.0])
        return model

    model = make(drive)
    with nengo.Simulator(model, progress_bar=False) as theirs:
        theirs.run_steps(60)
    driven = make([0.0])
    with nefsim.nengo.Simulator(driven, backend=backend, progress_bar=False) as sim:
        sim.inputs[driven.unused] = [3.0, 4.0]
        for n in range(60):
            sim.inputs[driven.u] = drive((n + 1) * 0.001)
            sim.step()
            np.testing.assert_array_equal(sim.latest(driven.decoded), sim.data[driven.decoded][-1])
        for probe, other in zip(driven.spikes, model.spikes, strict=True):
            np.testing.assert_array_equal(sim.data[probe], theirs.data[other])
        expected = theirs.data[model.decoded]
        np.testing.assert_allclose(sim.data[driven.decoded], expected, rtol=1e-10, atol=1e-12)
        assert sim.signals is not None
        value = sim.signals[sim.model.sig[driven.u]["out"]]
        np.testing.assert_array_equal(value, [drive(0.06)])
        np.testing.assert_array_equal(sim.inputs[driven.unused], [3.0, 4.0])


@each_backend
def test_each_trial_has_an_input_of_its_number(backend: str) -> None:
    net = plain([0.0])
    sim = nef.Simulator(net, backend=backend, batch_size=2)
    u = sim.inputs[net.nodes[0]]
    u[1] = 0.5
    assert u.shape == (2, 1) and len(u) == 2
    np.testing.assert_array_equal(u, [[0.0], [0.5]])
    sim.run_steps(2)
    np.testing.assert_array_equal(sim.data["source"][:, -1], [[0.0], [0.5]])


@each_backend
def test_inputs_are_saved_and_reset(tmp_path: Any, backend: str) -> None:
    sim = nef.Simulator(plain([0.25]), backend=backend)
    node = sim.network.nodes[0]
    sim.inputs[node] = 0.75
    for _ in range(10):
        sim.step()
    again = nef.Simulator.load(sim.save(tmp_path / "state"), plain([0.25]), backend=backend)
    assert again.inputs[again.network.nodes[0]][0] == 0.75
    for each in (sim, again):
        each.run_steps(20)
    assert_same(sim, again)
    sim.reset()
    assert sim.inputs[node][0] == 0.25


def test_a_state_without_inputs_is_loaded(tmp_path: Any) -> None:
    """Files of earlier versions do not have them."""
    from nefsim import files
    from nefsim.checkpoint import SCHEMA

    sim = nef.Simulator(plain([0.25]))
    sim.run_steps(10)
    path = sim.save(tmp_path / "state")
    with files.Saved("test", path, "simulator", SCHEMA) as saved:
        arrays = {name: saved.array(name) for name in saved.names if name != "nefsim"}
        meta = saved.meta
    inputs = {f"op {i} value" for i, memory in enumerate(sim.state.ops) if "value" in memory}
    assert len(inputs) == 1
    old = {name: value for name, value in arrays.items() if name not in inputs}
    files.write("test", tmp_path / "old", old, {"kind": "simulator", **meta})
    again = nef.Simulator.load(tmp_path / "old.npz", plain([0.25]))
    for each in (sim, again):
        each.run_steps(10)
    assert_same(sim, again)


@pytest.mark.parametrize(
    "values", [np.nan, np.inf, [np.nan], np.array([1e300]), [1.0, 2.0], "1", None, 1j]
)
def test_wrong_inputs_are_refused(values: Any) -> None:
    net = plain([0.5])
    sim = nef.Simulator(net)
    with pytest.raises((ValueError, TypeError), match=SENTENCE):
        sim.inputs[net.nodes[0]][:] = values
    assert sim.inputs[net.nodes[0]][0] == 0.5


def test_an_error_of_a_wrong_place_is_one_short_line() -> None:
    net = plain([0.5])
    key = [np.zeros((3, 1)), {"a": np.zeros(9)}, "long " * 50]
    with pytest.raises(ValueError, match=SENTENCE) as caught:
        nef.Simulator(net).inputs[net.nodes[0]][key] = 0.1
    assert len(str(caught.value)) < 200


def test_only_nodes_with_a_constant_output_are_inputs() -> None:
    net = with_functions([0.5])
    sim = nef.Simulator(net)
    assert list(sim.inputs) == net.nodes[:1] and len(sim.inputs) == 1
    for key in (*net.nodes[1:], net.ensembles[0], None, [], plain().nodes[0]):
        with pytest.raises(TypeError, match=SENTENCE):
            sim.inputs[key] = 0.0
    with pytest.raises(ValueError, match=SENTENCE):
        sim.inputs[net.nodes[0]][3] = 0.0
    other = nef.Simulator(plain(), inputs={})
    assert not other.inputs
    given = plain()
    replaced = nef.Simulator(given, inputs={given.nodes[0]: [0.5]})
    assert list(replaced.inputs) == given.nodes
    with pytest.raises(ValueError, match=SENTENCE):
        nef.Simulator(plain([0.5]), backend="nengo").inputs  # noqa: B018


def test_an_input_is_not_set_within_a_run() -> None:
    sims: list[nef.Simulator] = []
    net = plain([0.5])

    def function(t: float) -> float:
        if sims:
            sims[0].inputs[net.nodes[0]] = t
        return 0.0

    net.node(function, size_out=1)
    sims.append(nef.Simulator(net))
    for take in (sims[0].step, lambda: sims[0].run_steps(3)):
        with pytest.raises(RuntimeError, match=SENTENCE):
            take()


# -- the newest record -------------------------------------------------------------------------


@each_backend
def test_the_newest_record_is_that_of_data(backend: str) -> None:
    net = learning()
    sim = nef.Simulator(net, backend=backend)
    for advance in (sim.step, sim.step, lambda: sim.run_steps(10), sim.step, sim.step):
        advance()
        for probe in net.probes:
            if len(sim.trange(probe)):
                np.testing.assert_array_equal(sim.latest(probe), sim.data[probe][-1])
                np.testing.assert_array_equal(sim.latest(probe.label), sim.data[probe][-1])
    sim.latest("decoded")[:] = 5.0  # of a copy
    assert sim.data["decoded"][-1, 0] != 5.0


def test_the_newest_record_of_a_stream(tmp_path: Any) -> None:
    sim = nef.Simulator(plain(), stream=tmp_path / "stream")
    for _ in range(7):
        sim.step()
        for probe in sim.probes:
            if len(sim.trange(probe)):
                np.testing.assert_array_equal(sim.latest(probe), sim.data[probe][-1])


def test_without_records_there_is_no_newest() -> None:
    net = plain()
    sim = nef.Simulator(net)
    with pytest.raises(ValueError, match=SENTENCE):
        sim.latest("decoded")
    sim.step()
    sim.clear_probes()
    with pytest.raises(ValueError, match=SENTENCE):
        sim.latest("decoded")
    for wrong in (None, "none", net.nodes[0], plain().probes[0]):
        with pytest.raises((TypeError, ValueError), match=SENTENCE):
            sim.latest(wrong)
    with nengo.Network() as model:
        probe = nengo.Probe(nengo.Ensemble(10, 1))
    with nefsim.nengo.Simulator(model, progress_bar=False) as theirs:
        with pytest.raises(ValueError, match=SENTENCE):
            theirs.latest(probe)
        with pytest.raises(TypeError, match=SENTENCE):
            theirs.latest(model)


def test_a_loop_calls_the_step_of_a_subclass() -> None:
    class Counting(nef.Simulator):
        calls = 0

        def step(self) -> None:
            self.calls += 1
            super().step()

    net = nef.Network(seed=1)
    net.probe(net.ensemble(5, 1))
    sim = Counting(net, backend="numpy", progress=False)
    for step in sim.loop(seconds=0.02, period=0.005):
        step()
    assert sim.calls == 20 and sim.n_steps == 20
