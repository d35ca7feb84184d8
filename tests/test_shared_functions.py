"""Functions of nodes that share something, and simulators that are asked within a run."""

import math
import threading

import nengo
import numpy as np
import pytest

import nefsim as nef
import nefsim.nengo

BACKENDS = ("numpy", "numba")


def nengos(model):
    """Nengo without its optimizer, which calls functions in another order."""
    return nengo.Simulator(model, progress_bar=False, optimize=False)


def ours(model, backend):
    return nefsim.nengo.Simulator(model, progress_bar=False, backend=backend)


# The order of functions in Nengo's networks


def arm():
    """A motor that moves what a sensor sees, which a population gets."""
    place = {"x": 0.0}
    with nengo.Network(seed=1) as model:
        motor = nengo.Node(lambda t, x: place.update(x=min(place["x"] + x[0], 1.0)), size_in=1)
        sensor = nengo.Node(lambda t: place["x"])
        nengo.Connection(nengo.Node(0.1), motor, synapse=None)
        a = nengo.Ensemble(50, 1)
        nengo.Connection(sensor, a)
        model.seen, model.spikes = nengo.Probe(sensor), nengo.Probe(a.neurons)
    return model


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sensor_sees_what_a_motor_did_as_in_nengo(backend):
    with nengos(model := arm()) as there:
        there.run(0.1)
        seen, spikes = there.data[model.seen], there.data[model.spikes]
    with ours(model := arm(), backend) as here:
        here.run(0.1)
        assert np.array_equal(here.data[model.seen], seen)
        assert np.array_equal(here.data[model.spikes], spikes)
    assert spikes.any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_functions_of_time_without_values_are_called_in_order_with_others(backend):
    calls = []
    with nengo.Network(seed=1) as model:
        for i in range(2):
            nengo.Node(lambda t, i=i: calls.append((i, round(t, 3))))
        clock = nengo.Probe(nengo.Node(lambda t: [t, len(calls)]))
    with ours(model, backend) as sim:
        calls.clear()
        sim.run_steps(3)
        np.testing.assert_allclose(sim.data[clock], [[0.001, 2], [0.002, 4], [0.003, 6]], 1e-12)
    assert calls == [(i, t) for t in (0.001, 0.002, 0.003) for i in range(2)]


def graph(seed, log):
    """Function nodes connected at random; each notes its number when it is called."""
    rng = np.random.RandomState(seed)

    def node(i):
        def notes(value):
            return lambda *given: (log.append(i), value(*given))[1]

        return [
            lambda: nengo.Node(notes(lambda t: np.sin(t + i))),
            lambda: nengo.Node(notes(lambda t, x: 0.5 * x + 0.1), size_in=1),
            lambda: nengo.Node(notes(lambda t, x: None), size_in=1),
            lambda: nengo.Node(notes(lambda t: None)),
            lambda: nengo.Node(Noted(log, i)),
            lambda: nengo.Node(size_in=1),
            lambda: nengo.Node(np.sin),
        ][rng.randint(7)]()

    with nengo.Network(seed=seed) as model:
        nodes = [node(i) for i in range(rng.randint(3, 10))]
        a = nengo.Ensemble(10, 1)
        for i, pre in enumerate(nodes):
            if pre.size_out and rng.rand() < 0.4:
                nengo.Connection(pre, a)
            if pre.size_in and rng.rand() < 0.4:
                nengo.Connection(a, pre)
            for j, post in enumerate(nodes):
                if i != j and pre.size_out and post.size_in and rng.rand() < 0.35:
                    synapse = None if i < j and rng.rand() < 0.6 else 0.01
                    nengo.Connection(pre, post, synapse=synapse)
    return model


class Noted(nengo.Process):
    """A process of a user's that notes when it is called."""

    def __init__(self, log, number):
        super().__init__(default_size_in=0, default_size_out=1)
        self.log, self.number = log, number

    def make_state(self, shape_in, shape_out, dt, dtype=None):
        return {}

    def make_step(self, shape_in, shape_out, dt, rng, state):
        def step(t):
            self.log.append(self.number)
            return np.cos(t)

        return step


def calls(make, seed):
    log = []
    with make(graph(seed, log)) as simulator:
        log.clear()  # sizes of outputs are found by a call
        simulator.run_steps(3)
    return log


@pytest.mark.parametrize("seed", range(36))
def test_functions_of_random_graphs_are_called_in_nengos_order(seed):
    wanted = calls(nengos, seed)
    for backend in BACKENDS:
        assert calls(lambda model, b=backend: ours(model, b), seed) == wanted


# The order in networks of our own


def own_graph(log):
    """Functions listed last come first where others need them in the same step."""
    net = nef.Network(seed=1)

    def node(i, size_in=0):
        of_time = lambda t: (log.append(i), math.sin(t))[1]  # noqa: E731
        of_both = lambda t, x: (log.append(i), 0.5 * x)[1]  # noqa: E731
        return net.node(of_both if size_in else of_time, size_in=size_in)

    a = net.ensemble(20, 1)
    zero, one, two = node(0, 1), node(1), node(2, 1)
    inner = net.subnetwork()
    three = inner.node(lambda t: (log.append(3), 0.1)[1])
    four = node(4)
    net.connect(four, zero, synapse=None)  # so that 0 waits for 4
    net.connect(a, two, synapse=0.01)
    net.connect(one, a, synapse=0.01)
    net.connect(three, a, synapse=0.01)
    net.connect(net.node(np.sin), a, synapse=0.01)
    return net


@pytest.mark.parametrize("backend", BACKENDS)
def test_functions_are_called_in_the_order_of_all_nodes_once_what_they_need_is_there(backend):
    log = []
    net = own_graph(log)
    nodes = [n for n in net.all_nodes if n.output is not np.sin]
    with nef.Simulator(net, backend=backend) as simulator:
        log.clear()
        simulator.run_steps(4)
    assert len(nodes) == 5
    assert log == [1, 2, 4, 0, 3] * 4


# A simulator that is asked while it runs


def counting(asked):
    """A model with a node that asks its simulator, and one it feeds."""
    with nengo.Network(seed=1) as model:
        node = nengo.Node(lambda t: asked(t))
        a = nengo.Ensemble(20, 1)
        nengo.Connection(node, a)
        model.probe = nengo.Probe(a.neurons)
    return model


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_node_sees_steps_and_time_go_on_as_in_nengo(backend):
    def seen(make):
        told, running = [], []

        def ask(t):
            told.extend((simulator.n_steps, simulator.time) for simulator in running)
            return 0.5

        with make(counting(ask)) as simulator:
            running.append(simulator)
            simulator.run_steps(5)
            simulator.run_steps(3)
            told.append((simulator.n_steps, simulator.time))
        return told

    mine, theirs = seen(lambda model: ours(model, backend)), seen(nengos)
    assert [n for n, _ in mine] == [n for n, _ in theirs] == list(range(9))
    assert [t for _, t in mine] == [t for _, t in theirs]


@pytest.mark.parametrize("backend", (*BACKENDS, "nengo"))
def test_so_does_a_node_of_our_own_networks(backend):
    told, running = [], []

    def ask(t):
        told.extend((simulator.n_steps, len(simulator.time)) for simulator in running)
        return 0.5

    net = nef.Network(seed=1)
    net.connect(net.node(ask), net.ensemble(20, 1))
    with nef.Simulator(net, backend=backend) as simulator:
        running.append(simulator)
        simulator.run_steps(5)
        assert (simulator.n_steps, len(simulator.time)) == (5, 5)
    assert told == [(n, n) for n in range(5)]


def test_after_an_error_steps_are_those_that_were_complete():
    def fail(t):
        if t > 0.0055:
            raise RuntimeError("stop")
        return 0.5

    with ours(counting(fail), "numba") as simulator:
        with pytest.raises(RuntimeError, match="stop"):
            simulator.run_steps(10)
        assert simulator.n_steps == 5


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_of_ones_own_is_called_for_each_step(backend):
    class Hooked(nefsim.nengo.Simulator):
        done = 0

        def step(self):
            super().step()
            self.done += 1

    model = counting(lambda t: 0.5)
    with Hooked(model, progress_bar=False, backend=backend) as simulator:
        simulator.run(0.02)
        assert simulator.done == simulator.n_steps == len(simulator.data[model.probe]) == 20


def refusals(simulator, saved=None):
    """What a running simulator says to all that it can't do meanwhile."""
    asked = [
        lambda: simulator.run_steps(2),
        simulator.step,
        simulator.reset,
        simulator.clear_probes,
    ]
    if saved is not None:
        asked += [simulator.result, lambda: simulator.save(saved)]
    told = []
    for ask in asked:
        with pytest.raises(RuntimeError, match="simulator must not be running") as info:
            ask()
        told.append(str(info.value))
    return told


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_node_cannot_run_its_own_simulator(backend):
    told, running = [], []

    def ask(t):
        if running and not told:
            told.extend(refusals(*running))
        return 0.5

    model = counting(ask)
    with ours(model, backend) as simulator:
        running.append(simulator)
        simulator.run_steps(50)
        data = simulator.data[model.probe]
    assert told[0].startswith("nefsim.nengo.Simulator.run_steps: simulator must not be running")
    assert len(told) == 4
    with ours(other := counting(lambda t: 0.5), backend) as simulator:
        simulator.run_steps(50)
        assert np.array_equal(data, simulator.data[other.probe])


@pytest.mark.parametrize("backend", (*BACKENDS, "nengo"))
def test_a_node_of_a_network_of_nefsim_cannot_run_its_simulator(backend, tmp_path):
    told, running = [], []

    def ask(t):
        if running and not told:
            told.extend(refusals(*running, tmp_path / "saved.npz"))
        return 0.5

    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    net.connect(net.node(ask), a)
    spikes = net.probe(a.neurons)
    with nef.Simulator(net, backend=backend) as simulator:
        running.append(simulator)
        simulator.run_steps(50)
        assert simulator.data[spikes].shape == (50, 20)
        assert simulator.n_steps == 50
    assert told[0].startswith("Simulator.run_steps: simulator must not be running, got ")
    assert len(told) == 6
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("backend", BACKENDS)
def test_nor_can_another_thread(backend):
    begun, asked = threading.Event(), threading.Event()
    told = []

    def wait(t):
        if building:
            return 0.5
        begun.set()
        assert asked.wait(30)
        return 0.5

    building = True
    model = counting(wait)
    with ours(model, backend) as simulator:
        building = False

        def ask():
            assert begun.wait(30)
            try:
                simulator.run_steps(2)
            except RuntimeError as error:
                told.append(str(error))
            asked.set()

        thread = threading.Thread(target=ask)
        thread.start()
        simulator.run_steps(20)
        thread.join()
        assert len(simulator.data[model.probe]) == simulator.n_steps == 20
        simulator.run_steps(2)
        assert simulator.n_steps == 22
    assert len(told) == 1
    assert "must not be running" in told[0]


@pytest.mark.parametrize("steps", [-1, 0.5, 2.0, True, math.nan, "3", None, 10**10])
def test_what_is_no_number_of_steps_is_refused(steps):
    with ours(counting(lambda t: 0.5), "numba") as simulator:
        with pytest.raises((ValueError, TypeError), match=r"run_steps: steps must .+, got .+; .+"):
            simulator.run_steps(steps)
        assert simulator.n_steps == 0
        simulator.run_steps(np.int64(3))
        assert type(simulator.n_steps) is int


@pytest.mark.parametrize("seconds", [math.nan, "1", None, math.inf, 1e9])
def test_what_is_no_time_to_run_is_refused(seconds):
    with ours(counting(lambda t: 0.5), "numpy") as simulator:
        with pytest.raises((ValueError, TypeError), match=r"run: time_in_seconds must .+, got "):
            simulator.run(seconds)
        with pytest.raises((ValueError, TypeError), match=r"trange: sample_every must .+, got "):
            simulator.trange(sample_every=seconds if seconds != 1e9 and seconds is not None else 0)
        with pytest.raises(TypeError, match=r"Simulator: progress_bar must .+, got 3; "):
            simulator.run(0.01, progress_bar=3)
