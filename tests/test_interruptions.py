"""A run stopped by an error or Ctrl-C keeps its records, and can be continued."""

from __future__ import annotations

import math
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.processes import Process, Running

DT = 0.001

#: Back ends that can continue after an error.
BACKENDS = [name for name in nef.backends.available() if nef.backends.BACKENDS[name].rank]

SENTENCE = re.compile(r"[^:\n]+: .+ must .+, got .+; .+\.")


class BrokenError(Exception):
    """The error that a function of the tests raises."""


class Source:
    """A function with a memory that fails at one call until it is repaired, and counts calls.

    It is called as f(t), f(t, x) or f(x); calls are counted once the model is built.
    """

    def __init__(self, error: BaseException | None = None, fails_at: int = 0) -> None:
        self.error, self.fails_at = error, fails_at
        self.building = True
        self.memory, self.attempts, self.done = 0.0, 0, 0

    def __call__(self, *arguments: Any) -> float:
        if self.building:
            return 0.0
        self.attempts += 1
        if self.error is not None and self.done + 1 == self.fails_at:
            raise self.error
        self.done += 1
        self.memory = 0.99 * self.memory + 0.01 * math.sin(0.02 * self.done)
        return self.memory + sum(0.1 * float(np.sum(x)) for x in arguments)


Make = Callable[[], Source]


def same(sim: nef.Simulator, record: Any, wanted: Any) -> bool:
    """Whether records are equal."""
    if sim.backend != "numpy":
        return np.array_equal(record, wanted)
    # NumPy's matrix products may round differently for another number of steps at a time.
    tolerance = 1e-12 if record.dtype == np.float64 else 1e-5
    return record.shape == wanted.shape and np.allclose(
        record, wanted, rtol=tolerance, atol=tolerance
    )


def feed_forward(make: Make) -> nef.Network:
    """The function drives a population."""
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    source = net.node(make(), label="source")
    net.connect(source, a, synapse=None)
    watch(net, source, a)
    return net


def in_a_loop(make: Make) -> nef.Network:
    """The function reads the population that it drives."""
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    source = net.node(make(), size_in=1, label="source")
    net.connect(a, source, synapse=0.01)
    net.connect(source, a, synapse=0.005)
    watch(net, source, a)
    return net


def with_another_function(make: Make) -> nef.Network:
    """The function is called after another one, which it does not read."""
    net = nef.Network(seed=1)
    a = net.ensemble(20, 2)
    other = net.node(steady(), label="other")
    source = net.node(make(), label="source")
    net.connect(other, a[0])
    net.connect(source, a[1])
    watch(net, source, a)
    net.probe(other)
    return net


def before_another(make: Make) -> nef.Network:
    """Another function reads the output of the function."""
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    source = net.node(make(), label="source")
    other = net.node(steady(), size_in=1, label="other")
    net.connect(source, other, synapse=None)
    net.connect(other, a)
    watch(net, source, a)
    net.probe(other)
    return net


def of_a_connection(make: Make) -> nef.Network:
    """The function is that of a connection, from a node whose function runs a chunk at once."""
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    other = net.node(steady(), label="other")
    net.connect(other, a, function=make(), label="source")
    watch(net, other, a)
    return net


def of_direct_mode(make: Make) -> nef.Network:
    """The function is computed in Direct mode, in a loop with a population."""
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    exact = net.ensemble(1, 1, neuron_type=nef.Direct())
    net.connect(a, exact, synapse=0.01)
    net.connect(exact, a, function=make(), label="source")
    watch(net, exact, a)
    return net


def as_a_ufunc(make: Make) -> nef.Network:
    """The function is a ufunc, which NumPy's functions are, but may not be called at once."""
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    source = net.node(np.frompyfunc(make(), 1, 1), label="source")
    net.connect(source, a)
    watch(net, source, a)
    return net


def of_a_process(make: Make) -> nef.Network:
    """The function is a piece of a process."""
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    source = net.node(nef.Piecewise({0.0: make()}), label="source")
    net.connect(source, a)
    watch(net, source, a)
    return net


def with_noise(make: Make) -> nef.Network:
    """The function drives neurons that draw random numbers, in a network with random signals."""
    net = nef.Network(seed=1)
    a = net.ensemble(20, 2, neuron_type=nef.PoissonSpiking(), noise=nef.WhiteNoise())
    source = net.node(make(), label="source")
    net.connect(source, a[0])
    net.connect(net.node(nef.FilteredNoise(0.01)), a[1], synapse=nef.Alpha(0.01))
    watch(net, source, a)
    return net


def watch(net: nef.Network, source: Any, a: nef.Ensemble) -> None:
    """Probes of all kinds."""
    net.probe(source)
    net.probe(a, synapse=0.01)
    net.probe(a.neurons)
    net.probe(a.neurons[3:5], "input", sample_every=0.003)
    net.probe(a, synapse=0.01, sample_every=0.0025)


def steady() -> Source:
    """A function that never fails."""
    source = Source()
    OTHERS.append(source)
    return source


#: The functions that ``steady`` made for the current network.
OTHERS: list[Source] = []

MODELS = [
    feed_forward,
    in_a_loop,
    with_another_function,
    before_another,
    of_a_connection,
    of_direct_mode,
    as_a_ufunc,
    of_a_process,
    with_noise,
]


@dataclass
class Run:
    """A simulator and the functions in its network."""

    sim: nef.Simulator
    source: Source
    others: list[Source]

    def records(self) -> list[Any]:
        """The records of each probe, with time first."""
        axis = 0 if self.sim.batch_size is None else 1
        return [np.moveaxis(self.sim.data[probe], axis, 0) for probe in self.sim.probes]


def start(
    model: Callable[[Make], nef.Network], source: Source | None = None, **options: Any
) -> Run:
    """A simulator of a model, before its first step."""
    OTHERS.clear()
    source = source or Source()
    sim = nef.Simulator(model(lambda: source), dt=DT, **options)
    for function in (source, *OTHERS):
        function.building = False
    return Run(sim, source, OTHERS[:])


def check_interruption(
    model: Callable[[Make], nef.Network],
    error: BaseException,
    steps: tuple[int, int],
    calls: int = 1,
    **options: Any,
) -> None:
    """Fail at the first of ``steps``, check the records, repair, and continue to the second.

    ``calls`` is the number of calls of the function in a step; the last of them fails.
    """
    fails_at, end = steps
    whole = start(model, **options)
    whole.sim.run_steps(end)
    run = start(model, Source(error, calls * fails_at), **options)
    with pytest.raises(type(error)) as caught:
        run.sim.run_steps(end)
    assert caught.value is error
    assert run.sim.n_steps == len(run.sim.time) == fails_at - 1
    pairs = zip(run.sim.probes, whole.sim.probes, strict=True)
    for (probe, other), record, wanted in zip(pairs, run.records(), whole.records(), strict=True):
        rows = int(np.sum(whole.sim.trange(other) < (fails_at - 0.5) * DT))
        assert len(run.sim.trange(probe)) == len(record) == rows
        assert same(run.sim, record, wanted[:rows])
    run.source.error = None
    run.sim.run_steps(end - run.sim.n_steps)
    for record, wanted in zip(run.records(), whole.records(), strict=True):
        assert record.dtype == wanted.dtype
        assert same(run.sim, record, wanted)
    assert run.source.done == whole.source.done
    assert run.source.attempts == run.source.done + 1
    assert [other.attempts for other in run.others] == [other.done for other in whole.others]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("error", [BrokenError("no"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("model", MODELS)
def test_a_stopped_run_keeps_its_records_and_continues(
    model: Callable[[Make], nef.Network], error: BaseException, backend: str
) -> None:
    check_interruption(model, error, (500, 600), backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("model", MODELS)
def test_a_stopped_run_in_single_precision_continues(
    model: Callable[[Make], nef.Network], backend: str
) -> None:
    check_interruption(model, BrokenError(), (60, 80), backend=backend, dtype="float32")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("model", MODELS)
def test_a_stopped_batch_continues(model: Callable[[Make], nef.Network], backend: str) -> None:
    # A function of time alone is called once for all trials, any other once per trial.
    calls = 2 if model in (in_a_loop, of_a_connection, of_direct_mode, of_a_process) else 1
    options: dict[str, Any] = {"backend": backend, "batch_size": 2}
    check_interruption(model, BrokenError(), (60, 80), calls, **options)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("fails_at", [1, 2, 1000, 1001, 1500])
def test_a_run_can_be_stopped_at_any_step(fails_at: int, backend: str) -> None:
    for model in (feed_forward, of_a_connection):
        check_interruption(model, BrokenError(), (fails_at, 2100), backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("model", MODELS)
def test_a_run_that_is_stopped_repeatedly_has_the_same_records(
    model: Callable[[Make], nef.Network], backend: str
) -> None:
    whole = start(model, backend=backend)
    whole.sim.run_steps(100)
    run = start(model, Source(BrokenError(), 10), backend=backend)
    for fails_at in (10, 11, 50):
        run.source.fails_at = fails_at
        with pytest.raises(BrokenError):
            run.sim.run_steps(100 - run.sim.n_steps)
        assert run.sim.n_steps == fails_at - 1
    run.source.error = None
    for n_steps in (1, 1, 5, 44):
        run.sim.run_steps(n_steps)
    for record, wanted in zip(run.records(), whole.records(), strict=True):
        assert same(run.sim, record, wanted)
    assert run.source.attempts == run.source.done + 3 == 103
    assert all(other.attempts == 100 for other in run.others)


def test_records_of_a_stopped_run_can_be_saved(tmp_path: Any) -> None:
    run = start(feed_forward, Source(KeyboardInterrupt(), 50))
    with pytest.raises(KeyboardInterrupt):
        run.sim.run(0.1)
    path = run.sim.result().save(tmp_path / "result")
    loaded = nef.Result.load(path)
    assert loaded.info["n_steps"] == len(loaded.time) == len(loaded["probe 0"]) == 49
    assert np.array_equal(loaded["probe 2"], run.records()[2])


def test_a_stopped_simulator_can_be_reset() -> None:
    run = start(feed_forward, Source(BrokenError(), 50))
    with pytest.raises(BrokenError):
        run.sim.run_steps(100)
    record = [record.copy() for record in run.records()]
    run.sim.reset()
    assert run.sim.n_steps == 0 and not any(map(len, run.records()))
    run.source.done, run.source.memory = 0, 0.0
    with pytest.raises(BrokenError):
        run.sim.run_steps(100)
    assert all(map(np.array_equal, run.records(), record))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("model", MODELS)
def test_the_error_has_a_note_with_the_object_and_the_time(
    model: Callable[[Make], nef.Network], backend: str
) -> None:
    run = start(model, Source(BrokenError("as it was"), 50), backend=backend)
    with pytest.raises(BrokenError) as caught:
        run.sim.run_steps(100)
    assert str(caught.value) == "as it was"
    (note,) = caught.value.__notes__
    assert "'source'" in note
    assert "t = 0.05 s" in note


def test_ctrl_c_between_steps_keeps_the_complete_steps() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    run = start(feed_forward, progress=stop)
    with pytest.raises(KeyboardInterrupt):
        run.sim.run_steps(3000)
    assert run.sim.n_steps == 1000
    assert [len(record) for record in run.records()] == [1000, 1000, 1000, 333, 400]


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Python's default handler of Ctrl-C, for any test runner."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pressing(times: int, at: int) -> Source:
    """A function during whose call ``at`` Ctrl-C is pressed."""

    class Pressing(Source):
        def __call__(self, *arguments: Any) -> float:
            value = super().__call__(*arguments)
            if self.attempts == at:
                for _ in range(times):
                    signal.raise_signal(signal.SIGINT)
            return value

    return Pressing()


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("model", [feed_forward, in_a_loop, of_a_connection, of_a_process])
def test_ctrl_c_waits_until_the_step_is_complete(
    model: Callable[[Make], nef.Network], backend: str
) -> None:
    whole = start(model, backend=backend)
    whole.sim.run_steps(100)
    run = start(model, pressing(1, at=50), backend=backend)
    with pytest.raises(KeyboardInterrupt):
        run.sim.run_steps(100)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert run.sim.n_steps == run.source.done == 50
    run.sim.run_steps(50)
    for record, wanted in zip(run.records(), whole.records(), strict=True):
        assert same(run.sim, record, wanted)
    assert run.source.attempts == 100


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("n_steps", [50, 100])
def test_a_second_ctrl_c_stops_a_function_at_once(n_steps: int) -> None:
    sim = start(feed_forward, pressing(2, at=50)).sim
    with pytest.raises(KeyboardInterrupt):
        sim.run_steps(n_steps)
    assert sim.n_steps == 49
    sim.run_steps(51)
    assert sim.n_steps == 100


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_in_the_last_step_is_not_lost() -> None:
    sim = start(feed_forward, pressing(1, at=100)).sim
    with pytest.raises(KeyboardInterrupt):
        sim.run_steps(100)
    assert sim.n_steps == len(sim.data[sim.probes[0]]) == 100


@pytest.mark.usefixtures("ctrl_c")
def test_a_custom_handler_of_ctrl_c_is_not_replaced() -> None:
    run, calls = start(feed_forward, pressing(1, at=50)), []
    signal.signal(signal.SIGINT, lambda *_: calls.append(run.source.done))
    run.sim.run_steps(100)
    assert calls == [50] and run.sim.n_steps == 100


def test_a_simulator_runs_in_a_thread() -> None:
    sim = start(feed_forward).sim
    thread = threading.Thread(target=sim.run_steps, args=(100,))
    thread.start()
    thread.join()
    assert sim.n_steps == 100


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_while_memory_is_allocated_loses_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    sim = start(feed_forward).sim
    sim.run_steps(50)

    def interrupted(*arguments: Any) -> Any:
        monkeypatch.undo()
        signal.raise_signal(signal.SIGINT)
        return np.empty(*arguments)

    monkeypatch.setattr("nefsim.records.stores.np.empty", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sim.run_steps(50)
    sim.run_steps(50)
    assert all(len(sim.data[probe]) == sim.n_steps for probe in sim.probes[:1])
    whole = start(feed_forward).sim
    whole.run_steps(sim.n_steps)
    np.testing.assert_array_equal(sim.data[sim.probes[0]], whole.data[whole.probes[0]])


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_as_a_run_begins_leaves_no_lock() -> None:
    sim = start(feed_forward).sim
    lock = sim._turn._busy

    class Pressed:
        """A lock during whose taking Ctrl-C is pressed."""

        def acquire(self, blocking: bool) -> bool:
            taken = lock.acquire(blocking=blocking)
            signal.raise_signal(signal.SIGINT)
            return taken

        def __getattr__(self, name: str) -> Any:
            return getattr(lock, name)

    sim._turn._busy = Pressed()
    with pytest.raises(KeyboardInterrupt):
        sim.run_steps(10)
    sim._turn._busy = lock
    sim.run_steps(10)
    assert sim.n_steps == 10


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs an alarm")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("model", [in_a_loop, with_noise])
def test_ctrl_c_at_any_time_loses_nothing(
    model: Callable[[Make], nef.Network], backend: str
) -> None:
    whole = start(model, backend=backend)
    whole.sim.run_steps(2000)
    run = start(model, backend=backend)
    rng = np.random.default_rng(0)
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        while run.sim.n_steps < 2000:
            with suppress(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.002, 0.01))
                run.sim.run_steps(2000 - run.sim.n_steps)
                signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    for record, wanted in zip(run.records(), whole.records(), strict=True):
        assert same(run.sim, record, wanted)
    assert run.source.attempts == 2000


class Twice(Running):
    """A signal that stops the program at its second call."""

    def __init__(self) -> None:
        super().__init__(np.random.default_rng(0), {"last": np.zeros(1)})
        self.asked = 0

    def __call__(self, first_step: int, n_steps: int) -> Any:
        self.asked += 1
        values = self.state["last"] + np.arange(1.0, n_steps + 1)[:, None]
        self.state["last"] += n_steps
        if self.asked == 2:
            raise KeyboardInterrupt
        return values


@dataclass(frozen=True, eq=False)
class FixedProcess(Process):
    """A process that returns an existing running process."""

    running: Any

    @property
    def size(self) -> int:
        return 1

    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        return self.running  # type: ignore[no-any-return]


@pytest.mark.parametrize("backend", BACKENDS)
def test_ctrl_c_during_recovery_keeps_the_steps_of_previous_chunks(backend: str) -> None:
    net = nef.Network()
    source = Source(BrokenError(), 50)
    signal, heard = net.node(FixedProcess(Twice())), net.node(source, size_in=1)
    net.connect(signal, heard, synapse=None)
    y = net.probe(signal)
    sim = nef.Simulator(net, backend=backend)
    source.building = False
    with pytest.raises(KeyboardInterrupt):
        sim.run_steps(100)
    assert sim.n_steps == 0
    source.error = None
    sim.run_steps(100)
    assert sim.data[y].ravel().tolist() == [*range(1, 101)]
    assert source.attempts == 101


def refusal(sim: nef.Simulator) -> str:
    """The error message that stops a run at the 50th step."""
    with pytest.raises((ValueError, TypeError)) as caught:
        sim.run_steps(100)
    assert SENTENCE.fullmatch(str(caught.value))
    assert sim.n_steps == 49
    return str(caught.value)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "return finite numbers, got nan at t = 0.05 s"),
        (-math.inf, "return finite numbers, got -inf at t = 0.05 s"),
        ([1.0, 2.0], "return 1 value, got 2 at t = 0.05 s"),
        (None, "return 1 value, got 0 at t = 0.05 s"),
        ("1.5", "return numbers, got '1.5'"),
        (1j, "return numbers, got 1j"),
        ([1.0, [2.0]], "return numbers, got [1.0, [2.0]]"),
    ],
)
def test_an_invalid_result_of_a_function_is_an_error_with_object_and_time(
    value: Any, words: str, backend: str
) -> None:
    def late(t: float) -> Any:
        return value if t > 0.0495 else 0.5

    net = nef.Network()
    net.connect(net.node(late, label="late"), net.ensemble(10, 1))
    message = refusal(nef.Simulator(net, backend=backend))
    assert message.startswith(f"<node 'late'>: function must {words};")

    net = nef.Network()
    relay = net.node(size_in=1)
    clock = net.node(np.positive)
    net.connect(clock, relay, function=lambda x: late(x[0]), label="late")
    net.probe(relay)
    message = refusal(nef.Simulator(net, backend=backend))
    assert message.startswith(f"<connection 'late'>: function must {words};")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("batch_size", [None, 3])
def test_nan_of_a_numpy_function_is_an_error_with_object_and_time(
    batch_size: int | None, backend: str
) -> None:
    net = nef.Network()
    clock = net.node(lambda t: 0.0495 - t)
    root = net.node(size_in=1)
    net.connect(clock, root, function=np.sqrt, synapse=None, label="root")
    y = net.probe(root)
    sim = nef.Simulator(net, backend=backend, batch_size=batch_size)
    assert "<connection 'root'>: function must return finite numbers" in refusal(sim)
    assert np.allclose(sim.data[y][..., 0], np.sqrt(0.0495 - sim.time))  # of times in float64

    net = nef.Network()
    net.node(np.arccosh, label="far")
    sim = nef.Simulator(net, backend=backend, batch_size=batch_size)
    message = "<node 'far'>: function must return finite numbers, got "
    with pytest.raises(ValueError, match=re.escape(message)):
        sim.run_steps(10)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("value", [math.nan, [1.0, 2.0]])
def test_an_invalid_result_of_a_process_is_an_error_with_its_node(value: Any, backend: str) -> None:
    class Wrong(Running):
        def __call__(self, first_step: int, n_steps: int) -> Any:
            return np.full((n_steps, 1), value) if value is math.nan else np.zeros((n_steps, 2))

    net = nef.Network()
    net.node(FixedProcess(Wrong(np.random.default_rng(0), {})), label="wrong")
    with pytest.raises(ValueError, match="<node 'wrong'>") as caught:
        nef.Simulator(net, backend=backend).run_steps(10)
    assert SENTENCE.fullmatch(str(caught.value))


@pytest.mark.parametrize("backend", BACKENDS)
def test_nan_of_a_piece_of_a_process_is_an_error_with_its_node(backend: str) -> None:
    net = nef.Network()
    piece = nef.Piecewise({0.0: lambda t: math.nan if t > 0.0495 else 1.0})
    net.probe(net.node(piece, label="late"))
    sim = nef.Simulator(net, backend=backend)
    with pytest.raises(ValueError, match="be finite, got nan") as caught:
        sim.run_steps(100)
    assert sim.n_steps == 49
    assert "<node 'late'>" in caught.value.__notes__[0]
    assert "t = 0.05 s" in caught.value.__notes__[0]


def test_a_stopped_run_in_nengo_keeps_its_records() -> None:
    pytest.importorskip("nengo")
    for error in (BrokenError(), KeyboardInterrupt()):
        whole = start(in_a_loop)
        whole.sim.run_steps(49)
        run = start(in_a_loop, Source(error, 50), backend="nengo")
        with pytest.raises(type(error)):
            run.sim.run_steps(100)
        assert run.sim.n_steps == 49
        for record, wanted in zip(run.records(), whole.records(), strict=True):
            assert np.allclose(record, wanted)  # the order of sums differs
