"""Lowering: decoders solved once and stored as factors, and operations in the order of a step."""

import dataclasses
import gc
from itertools import pairwise
from types import FunctionType, ModuleType

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse

import nefsim as nef
from nefsim.lowering import build
from nefsim.program import Evaluate, Neurons, Sum, outputs


def rates_at(built, ensemble, points):
    data = built.ensembles[ensemble]
    return nef.tuning_curves(
        ensemble.neuron_type, points, data.encoders, data.gain, data.bias, data.radius
    )


def spikes_of(net, ensemble, steps=500):
    probe = net.probe(ensemble.neurons)
    simulator = nef.Simulator(net)
    simulator.run_steps(steps)
    return simulator.data[probe]


# Factors


def counted(monkeypatch, module, name):
    calls = []
    original = getattr(module, name)

    def wrapped(matrix, *args, **kwargs):
        calls.append(matrix.shape)
        return original(matrix, *args, **kwargs)

    monkeypatch.setattr(module, name, wrapped)
    return calls


def arrays_within(root):
    """All arrays that can be reached from an object through containers and closures."""
    found, seen, waiting = [], set(), [root]
    while waiting:
        obj = waiting.pop()
        if id(obj) in seen or isinstance(obj, type | ModuleType):
            continue
        seen.add(id(obj))
        if isinstance(obj, np.ndarray):
            found.append(obj)
        elif isinstance(obj, FunctionType):
            waiting += [obj.__closure__, obj.__defaults__]
        else:
            waiting += gc.get_referents(obj)
    return found


def sixteen_dimensions(n_post=300):
    net = nef.Network(seed=1)
    a = net.ensemble(2000, 16, n_eval_points=2500, label="a")
    b = net.ensemble(n_post, 16, label="b")
    connections = [
        net.connect(a, b),
        net.connect(a, b, function=np.square),
        net.connect(a, b[:3], function=lambda x: x[:3] * x[1]),
        net.connect(a, b, transform=np.full(16, 0.5)),
    ]
    net.probe(a)
    return net, connections


def test_functions_of_one_ensemble_share_one_factor(monkeypatch):
    factored = counted(monkeypatch, np.linalg, "cholesky")
    net, connections = sixteen_dimensions()
    built = build(net, 0.001, 1)
    # One for the connections, one for the probe, whose spikes go no further.
    assert factored == [(2000, 2000)] * 2
    assert [built.connections[c].decoders.shape for c in connections] == [
        (2000, 16),
        (2000, 16),
        (2000, 3),
        (2000, 16),
    ]


def test_full_weights_are_computed_only_on_demand():
    net, connections = sixteen_dimensions()
    built = build(net, 0.001, 1)
    sizes = {array.size for array in arrays_within(built)}
    # The widest array there is holds evaluation points or the decoders of all neurons.
    assert max(sizes) == 2500 * 16
    for connection in connections:
        assert built.connections[connection].weights.shape == (300, 2000)
    assert max(array.size for array in arrays_within(built)) == 2500 * 16


def test_other_points_or_solvers_are_factored_separately(monkeypatch):
    factored = counted(monkeypatch, np.linalg, "cholesky")
    net = nef.Network(seed=1)
    a, b = net.ensemble(30, 1), net.ensemble(30, 1)
    points = np.linspace(-1, 1, 50)[:, None]
    for options in (
        {},
        {"solver": nef.LstsqL2(reg=0.2)},
        {"solver": nef.LstsqL2(reg=0.2)},
        {"eval_points": points},
        {"eval_points": points.copy()},
        {"eval_points": nef.UniformHypersphere()},
        {"eval_points": nef.UniformHypersphere()},
    ):
        net.connect(a, b, **options)
    build(net, 0.001, 1)
    # Equal solvers and equal points share a factor; each connection draws different points.
    assert len(factored) == 5


def test_targets_that_are_zero_everywhere_need_no_factor(monkeypatch):
    factored = counted(monkeypatch, np.linalg, "cholesky")
    net = nef.Network(seed=1)
    a, b = net.ensemble(30, 2), net.ensemble(30, 1)
    nothing = net.connect(a, b, function=lambda x: 0.0)
    built = build(net, 0.001, 1).connections[nothing]
    assert not factored and built.decoders.shape == (30, 1) and not built.decoders.any()
    solved, info = nef.LstsqL2()(np.eye(30), np.zeros((30, 1)))
    assert not solved.any() and np.array_equal(built.solver_info["rmse"], info["rmse"])


def test_noise_of_a_solver_is_drawn_once_for_all_functions(monkeypatch):
    net = nef.Network(seed=1)
    a, b = net.ensemble(30, 1), net.ensemble(30, 1)
    first = net.connect(a, b, solver=nef.LstsqNoise())
    second = net.connect(a, b, function=lambda x: 2.0 * x, solver=nef.LstsqNoise())
    own = net.connect(a, b, solver=nef.LstsqNoise(), seed=3)
    data = build(net, 0.001, 1).connections
    # Twice the targets give twice the decoders, a power of two without rounding.
    np.testing.assert_array_equal(data[second].decoders, 2.0 * data[first].decoders)
    assert not np.array_equal(data[own].decoders, data[first].decoders)


# The equations of decoders

SOLVERS = (
    nef.LstsqL2(),
    nef.Lstsq(),
    nef.LstsqL2nz(),
    nef.LstsqNoise(),
    nef.LstsqMultNoise(),
    nef.LstsqWeighted(np.linspace(1.0, 2.0, 300)),
    nef.LstsqDrop(),
    nef.LstsqL1(),
    nef.Nnls(),
    nef.NnlsL2(),
    nef.PseudoInverse(),
)


@pytest.mark.parametrize("weights", [False, True], ids=["decoders", "weights"])
@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: type(s).__name__)
def test_every_solver_serves_a_connection(solver, weights):
    net = nef.Network(seed=1)
    a = net.ensemble(60, 2, n_eval_points=300, label="a")
    b = net.ensemble(20, 2, label="b")
    net.connect(net.node([0.4, 0.3]), a, synapse=None)
    solver = dataclasses.replace(solver, weights=weights)
    connection = net.connect(
        a, b, function=lambda x: x**2, transform=[[1.0, 0.5], [0.0, 0.5]], solver=solver
    )
    simulator = nef.Simulator(net)
    data, points = simulator.data[connection], simulator.data[a].eval_points
    drive = rates_at(simulator.built, a, points) @ data.weights.T
    wanted = points**2 @ np.transpose([[1.0, 0.5], [0.0, 0.5]])
    wanted = wanted @ simulator.data[b].scaled_encoders.T
    # Relative errors; non-negative decoders approximate the target only roughly.
    share = np.sqrt(np.mean((drive - wanted) ** 2) / np.mean(wanted**2))
    worst = 0.9 if isinstance(solver, nef.Nnls | nef.NnlsL2) else 0.35
    assert share < worst
    simulator.run_steps(20)


def test_decoders_of_no_solver_are_used_unchanged():
    net = nef.Network(seed=1)
    a, b = net.ensemble(30, 1), net.ensemble(20, 1)
    decoders = np.random.default_rng(0).normal(size=(30, 1))
    connection = net.connect(a, b, solver=nef.NoSolver(decoders), transform=2.0)
    data = build(net, 0.001, 1)
    np.testing.assert_array_equal(data.connections[connection].decoders, decoders)
    expected = data.ensembles[b].scaled_encoders @ (2.0 * decoders.T)
    np.testing.assert_array_equal(data.connections[connection].weights, expected)


def test_a_nonlinear_solver_gets_the_transformed_targets():
    net = nef.Network(seed=1)
    a, b = net.ensemble(60, 2), net.ensemble(20, 1)
    solver, points = nef.Nnls(), np.random.default_rng(0).uniform(-0.7, 0.7, (200, 2))
    connection = net.connect(
        a, b, function=np.square, transform=[[1.0, -2.0]], solver=solver, eval_points=points
    )
    built = build(net, 0.001, 1)
    data, rates = built.connections[connection], rates_at(built, a, points)
    expected, _ = solver(rates, points**2 @ [[1.0], [-2.0]])
    # The same rates but for the order of their sums.
    np.testing.assert_allclose(data.decoders, expected, rtol=1e-6, atol=1e-12)
    assert (data.decoders >= 0).all()
    assert data.transform == 1.0


def test_full_weights_of_nonnegative_least_squares_have_one_sign():
    net = nef.Network(seed=1)
    a, b = net.ensemble(40, 1), net.ensemble(20, 1)
    connection = net.connect(a, b, solver=nef.Nnls(weights=True))
    weights = build(net, 0.001, 1).connections[connection].weights
    assert weights.shape == (20, 40)
    assert (weights >= 0).all()


def test_decoders_solve_the_normal_equations_at_the_points():
    net = nef.Network(seed=1)
    a = net.ensemble(40, 2, radius=1.5)
    connection = net.connect(a, a, function=lambda x: [x[0] * x[1]] * 2, solver=nef.LstsqL2())
    built = build(net, 0.001, 1)
    points = built.ensembles[a].eval_points
    A, Y = rates_at(built, a, points), np.repeat(points[:, :1] * points[:, 1:], 2, axis=1)
    gram = A.T @ A + len(A) * (0.1 * A.max()) ** 2 * np.eye(40)
    decoders = built.connections[connection].decoders
    # Rounding of sums of a thousand terms.
    np.testing.assert_allclose(
        gram @ decoders, A.T @ Y, rtol=1e-9, atol=1e-9 * np.abs(A.T @ Y).max()
    )


# Evaluation points


def test_points_of_an_ensemble_are_scaled_by_its_radius():
    given = np.linspace(-1, 1, 9)[:, None]
    net = nef.Network(seed=1)
    listed = net.ensemble(10, 1, radius=3.0, eval_points=given)
    drawn = net.ensemble(10, 1, radius=3.0)
    counted = net.ensemble(10, 2, radius=0.5, n_eval_points=77)
    built = build(net, 0.001, 1).ensembles
    np.testing.assert_array_equal(built[listed].eval_points, 3.0 * given)
    assert built[drawn].eval_points.shape == (750, 1)
    assert 2.9 < np.abs(built[drawn].eval_points).max() <= 3.0
    assert built[counted].eval_points.shape == (77, 2)
    assert np.linalg.norm(built[counted].eval_points, axis=1).max() <= 0.5


@pytest.mark.parametrize(
    ("n", "d", "points"), [(10, 1, 750), (10, 4, 2000), (10, 50, 2500), (2000, 2, 4000)]
)
def test_the_number_of_points_follows_the_rule(n, d, points):
    net = nef.Network(seed=1)
    a = net.ensemble(n, d)
    assert build(net, 0.001, 1).ensembles[a].eval_points.shape == (points, d)


def test_points_of_a_connection_are_scaled_by_default():
    points = np.linspace(-1, 1, 30)[:, None]
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, radius=2.0)
    scaled = net.connect(a, a, eval_points=points)
    raw = net.connect(a, a, eval_points=points, scale_eval_points=False)
    drawn = net.connect(a, a, eval_points=nef.Uniform(0.25, 0.5))
    built = build(net, 0.001, 1).connections
    np.testing.assert_array_equal(built[scaled].eval_points, 2.0 * points)
    np.testing.assert_array_equal(built[raw].eval_points, points)
    assert built[drawn].eval_points.shape == (750, 1)
    assert built[drawn].eval_points.min() >= 0.5
    assert built[drawn].eval_points.max() <= 1.0


def test_values_at_points_are_the_function_at_these_points():
    points = np.random.default_rng(0).uniform(-1, 1, (100, 2))
    net = nef.Network(seed=1)
    a, b = net.ensemble(40, 2), net.ensemble(20, 1)
    called = net.connect(a, b, function=lambda x: x[0] * x[1], eval_points=points)
    values = net.connect(a, b, function=points[:, 0] * points[:, 1], eval_points=points)
    built = build(net, 0.001, 1).connections
    np.testing.assert_array_equal(built[values].decoders, built[called].decoders)


def test_a_function_that_is_not_finite_at_a_point_is_refused():
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, label="a")
    net.connect(a, a, function=lambda x: float("inf") if x > 0.5 else x, label="c")
    with pytest.raises(ValueError, match=r"<connection 'c'>: function must be finite .* x = "):
        nef.Simulator(net)


# Weights


def bilinear(**options):
    net = nef.Network(seed=1)
    a = net.ensemble(80, 2, radius=1.5, label="a")
    b = net.ensemble(50, 3, radius=0.5, label="b")
    net.connect(net.node(lambda t: [np.sin(9 * t), np.cos(7 * t)]), a)
    transform = np.random.default_rng(0).normal(size=(2, 2))
    post = b[[2, 0]]
    return net, a, b, net.connect(a, post, function=np.square, transform=transform, **options)


def test_weights_equal_gain_over_radius_times_encoders_transform_and_decoders():
    net, _, b, connection = bilinear()
    simulator = nef.Simulator(net)
    data, post = simulator.data[connection], simulator.data[b]
    encoders = (post.gain / 0.5)[:, None] * post.encoders[:, [2, 0]]
    expected = encoders @ (connection.transform @ data.decoders.T)
    assert expected.shape == (50, 80)
    # One product in another order.
    np.testing.assert_allclose(data.weights, expected, rtol=1e-12, atol=1e-15)
    verb = nef.connection_weights(
        data.decoders @ connection.transform.T, post.encoders[:, [2, 0]], post.gain / 0.5
    )
    np.testing.assert_allclose(data.weights, verb, rtol=1e-12, atol=1e-15)


def test_full_weights_give_the_spikes_of_the_factored_path():
    factored_net, _, b, _ = bilinear()
    factored = spikes_of(factored_net, b)
    full_net, _, b, connection = bilinear(solver=nef.NoiseMatched(weights=True))
    full = spikes_of(full_net, b)
    assert factored.any()
    np.testing.assert_array_equal(full, factored)
    assert nef.Simulator(full_net).data[connection].full.shape == (50, 80)


def test_weights_of_other_connections_end_in_values_or_are_the_transform():
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    node = net.node(size_in=2)
    decoded = net.connect(a, node, transform=[[1.0], [2.0]])
    passed = net.connect(node, a, transform=[[3.0, 4.0]])
    built = build(net, 0.001, 1).connections
    expected = np.array([[1.0], [2.0]]) @ built[decoded].decoders.T
    np.testing.assert_array_equal(built[decoded].weights, expected)
    np.testing.assert_array_equal(built[passed].weights, [[3.0, 4.0]])


@pytest.mark.parametrize("sparse", [scipy.sparse.csr_array, scipy.sparse.coo_matrix])
def test_a_sparse_transform_equals_the_dense_one(sparse):
    dense = np.array([[0.0, 0.5, 0.0], [0.0, 0.0, -0.25]])

    def spikes(transform):
        net = nef.Network(seed=1)
        a, b = net.ensemble(40, 3), net.ensemble(30, 2)
        net.connect(net.node(lambda t: [np.sin(9 * t), 0.5, -0.5]), a)
        net.connect(a, b, transform=transform)
        return spikes_of(net, b)

    np.testing.assert_array_equal(spikes(sparse(dense)), spikes(dense))


def test_the_order_of_neurons_changes_no_value():
    order = np.random.default_rng(0).permutation(60)
    drawn = np.random.default_rng(1)
    arrays = {
        "encoders": nef.unit_vectors(60, 2, rng=drawn),
        "max_rates": drawn.uniform(200, 400, 60),
        "intercepts": drawn.uniform(-0.9, 0.9, 60),
    }
    voltage = drawn.uniform(0, 1, 60)

    def decoded(chosen):
        net = nef.Network(seed=1)
        mine = {name: value[chosen] for name, value in arrays.items()}
        a = net.ensemble(60, 2, **mine, initial_state={"voltage": voltage[chosen]})
        net.connect(net.node(lambda t: [np.sin(9 * t), np.cos(7 * t)]), a)
        net.connect(a, a, function=lambda x: x[::-1], transform=0.3, synapse=0.05)
        probe, spikes = net.probe(a, synapse=0.02), net.probe(a.neurons)
        simulator = nef.Simulator(net)
        simulator.run(1.0)
        return simulator.data[probe], simulator.data[spikes]

    (values, spikes), (permuted_values, permuted_spikes) = decoded(np.arange(60)), decoded(order)
    np.testing.assert_array_equal(permuted_spikes, spikes[:, order])
    # Sums over neurons in another order, and decoders solved in another order.
    np.testing.assert_allclose(permuted_values, values, rtol=0, atol=1e-10)


# The order of a step


def loops():
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, label="a")
    plant = net.node(lambda t, x: x, size_in=1, label="plant")
    net.connect(a, plant, synapse=0.01)
    net.connect(plant, a, synapse=None)
    b = net.ensemble(20, 1, label="b")
    net.connect(a, b, function=lambda x: x * x)
    net.connect(b, b, synapse=nef.Alpha(0.02))
    net.connect(net.node(np.sin), a, synapse=None)
    net.probe(b, synapse=0.01)
    net.probe(b.neurons, "voltage")
    return net


def test_operations_come_after_those_that_they_read_in_this_step():
    program = build(loops(), 0.001, 1).program
    order = [i for group in program.groups for i in group.ops]
    assert sorted(order) == list(range(len(program.ops)))
    place = {signal: order.index(i) for i, op in enumerate(program.ops) for signal in outputs(op)}
    assert sorted(place) == list(range(len(program.signals)))
    for i, op in enumerate(program.ops):
        for read in op.reads:
            assert read.delay in (0, 1)
            assert read.delay == 1 or place[read.signal] < order.index(i)
    group_of = {i: g for g, group in enumerate(program.groups) for i in group.ops}
    writer = {signal: i for i, op in enumerate(program.ops) for signal in outputs(op)}
    for i, op in enumerate(program.ops):
        for read in op.reads:
            # A group may run ahead: all that it reads is there, or it is in the same loop.
            assert group_of[writer[read.signal]] <= group_of[i]


def test_only_feedback_makes_a_loop():
    net = loops()
    program = build(net, 0.001, 1).program
    looping = {
        program.signals[program.ops[i].output].name
        for group in program.groups
        if group.loop
        for i in group.ops
    }
    assert "<ensemble 'a'>.neurons.output" in looping
    assert "<node 'plant'>.output" in looping
    assert "<ensemble 'b'>.neurons.output" in looping
    assert not any("probe" in name for name in looping)
    # Two loops, one after the other, and not one.
    assert sum(group.loop for group in program.groups) == 2
    assert all(len(group.ops) == 1 for group in program.groups if not group.loop)


def test_a_network_without_feedback_has_no_loops():
    net = nef.Network(seed=1)
    layers = [net.ensemble(10, 1) for _ in range(4)]
    net.connect(net.node(lambda t: t), layers[0])
    for pre, post in pairwise(layers):
        net.connect(pre, post, synapse=None)
        net.connect(pre, post)
    net.probe(layers[-1])
    program = build(net, 0.001, 1).program
    assert not any(group.loop for group in program.groups)
    assert all(len(group.ops) == 1 for group in program.groups)


def test_a_loop_without_a_synapse_is_refused_by_name():
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, label="a")
    node = net.node(lambda t, x: x, size_in=1, label="plant")
    net.connect(a, node, synapse=None)
    net.connect(node, a, synapse=None)
    with pytest.raises(ValueError, match="have a synapse in each loop") as raised:
        nef.Simulator(net)
    for name in ("<ensemble 'a'>", "<node 'plant'>", "give one of these connections a synapse"):
        assert name in str(raised.value)


def test_a_node_that_feeds_itself_at_once_is_refused():
    net = nef.Network()
    node = net.node(lambda t, x: x + 1, size_in=1, label="self")
    net.connect(node, node, synapse=None)
    with pytest.raises(ValueError, match="<node 'self'>"):
        nef.Simulator(net)


def test_functions_of_nodes_are_called_in_turn_in_each_step():
    calls = []

    def source(t):
        calls.append(("source", round(t * 1000)))
        return t

    def sink(t, x):
        calls.append(("sink", round(t * 1000)))

    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    net.connect(net.node(source), a)
    net.connect(a, net.node(sink, size_in=1))
    simulator = nef.Simulator(net)
    calls.clear()
    simulator.run_steps(50)
    steps = [step for _, step in calls]
    assert steps == sorted(steps)
    assert [name for name, _ in calls].count("source") == 50
    assert len(set(calls)) == len(calls) == 100


def test_a_source_reads_the_value_that_a_sink_stored_one_step_before():
    stored = [0.0]

    def sink(t, x):
        stored[0] = x[0] + 1.0

    net = nef.Network()
    source = net.node(lambda t: stored[0])
    net.connect(source, net.node(sink, size_in=1), synapse=None)
    probe = net.probe(source)
    simulator = nef.Simulator(net)
    stored[0] = 0.0
    simulator.run_steps(2500)
    np.testing.assert_array_equal(simulator.data[probe][:, 0], np.arange(2500.0))


def test_numpy_functions_and_functions_of_connections_run_many_steps_at_once():
    net = nef.Network(seed=1)
    direct = net.ensemble(1, 1, neuron_type=nef.Direct())
    net.connect(net.node(np.sin), direct)
    net.connect(net.node(np.cos), direct, function=lambda x: x * x)
    net.connect(net.node(lambda t: t), net.node(size_in=1))
    program = build(net, 0.001, 1).program
    assert sum(isinstance(op, Evaluate) for op in program.ops) == 4
    assert not any(group.loop for group in program.groups)


def test_an_observed_state_is_written_by_its_neurons():
    net = nef.Network(seed=1)
    a = net.ensemble(10, 1, label="a")
    net.probe(a.neurons, "voltage")
    net.probe(a.neurons[2:4], "voltage")
    program = build(net, 0.001, 1).program
    (neurons,) = (op for op in program.ops if isinstance(op, Neurons))
    assert [name for name, _ in neurons.observed] == ["voltage"]
    reads = [record.read for record in program.records]
    assert [read.signal for read in reads] == [neurons.observed[0][1]] * 2


def test_an_empty_network_builds_and_runs():
    simulator = nef.Simulator(nef.Network())
    simulator.run(0.01)
    assert simulator.n_steps == 10
    assert simulator.built.program.ops == ()


def test_a_dimension_without_input_stays_at_zero():
    net = nef.Network(seed=1)
    a = net.ensemble(50, 2)
    net.connect(net.node(1.0), a[0], synapse=None)
    probe = net.probe(a, "input")
    simulator = nef.Simulator(net)
    simulator.run_steps(3)
    np.testing.assert_array_equal(simulator.data[probe], [[1.0, 0.0]] * 3)


def test_encoders_of_an_ensemble_without_input_are_not_multiplied():
    def run(silent):
        net = nef.Network(seed=1)
        a = net.ensemble(20, 3)
        net.connect(net.node(np.sin), a.neurons, transform=np.ones((20, 1)), synapse=None)
        if silent:
            net.connect(net.node([0.0, 0.0, 0.0]), a, synapse=None)
        spikes = net.probe(a.neurons)
        sim = nef.Simulator(net, backend="numpy")
        sim.run(0.2)
        return sim.data[spikes], max(
            len(op.terms) for op in sim.built.program.ops if isinstance(op, Sum)
        )

    (spikes, terms), (same, more) = run(False), run(True)
    assert (terms, more) == (1, 2)
    np.testing.assert_array_equal(spikes, same)
