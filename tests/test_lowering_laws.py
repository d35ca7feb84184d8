"""Laws of builds: streams, arrays, weights and decoders by their formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim.lowering import (
    arrays,
    build,
    connections,
    decode,
    matrices,
    streams,
)
from nefsim.lowering import learning as lessons
from nefsim.lowering.probes import steps_between
from nefsim.program import Evaluate, Filter, Neurons, Stream, Sum
from nefsim.sampling import Constant


def ops_of(net: nef.Network, kind: Any, **options: Any) -> list[Any]:
    return [op for op in build(net, 0.001, 1, **options).program.ops if isinstance(op, kind)]


# Matrices and streams


def test_consecutive_dimensions_are_a_slice() -> None:
    assert matrices.as_index(None) is None
    for chosen, start, stop in (((2,), 2, 3), ((0, 1), 0, 2), ((1, 2, 3), 1, 4)):
        assert matrices.as_index(chosen) == slice(start, stop)
    for other in ((1, 0), (0, 2), (1, 2, 2, 3), (3, 2, 1)):
        found = matrices.as_index(other)
        assert isinstance(found, np.ndarray) and found.tolist() == [*other]


def test_gains_multiply_the_rows_of_any_matrix() -> None:
    gain, matrix = np.array([2.0, 3.0]), np.array([[1.0, 10.0], [100.0, 1000.0]])
    product = [[2.0, 20.0], [300.0, 3000.0]]
    assert matrices.scaled(1.0, None) is None and matrices.scaled(1.0, matrix) is matrix
    assert matrices.scaled(2.0, None) == 2.0 and matrices.scaled(gain, None) is gain
    assert matrices.scaled(2.0, 5.0).tolist() == 10.0
    assert matrices.scaled(gain, 5.0).tolist() == [10.0, 15.0]
    assert matrices.scaled(gain, np.array([5.0, 7.0])).tolist() == [10.0, 21.0]
    assert matrices.scaled(gain, matrix).tolist() == product
    sparse = matrices.scaled(gain, scipy.sparse.csr_array(matrix))
    assert sparse.format == "csr" and sparse.toarray().tolist() == product


def test_transforms_of_all_forms_multiply_columns() -> None:
    columns = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert arrays.times(2.0, columns).tolist() == [[2, 4], [6, 8]]
    assert arrays.times(np.array([2.0, 5.0]), columns).tolist() == [[2, 4], [15, 20]]
    swap = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    for each in (swap, scipy.sparse.csr_array(swap)):
        assert arrays.times(each, columns).tolist() == [[3, 4], [1, 2], [4, 6]]
    for matrix, dense in (
        (2.0, [[2, 0], [0, 2]]),
        (np.array([2.0, 3.0]), [[2, 0], [0, 3]]),
        (swap, swap.tolist()),
        (scipy.sparse.csr_array(swap), swap.tolist()),
    ):
        assert lessons.dense(matrix, 2).tolist() == dense
    for encoders, weights in ((None, swap), (np.eye(3), np.eye(3) @ swap)):
        if encoders is not None:
            assert np.array_equal(connections._composed(encoders, swap), weights)
    assert connections._composed(columns, None) is columns
    assert connections._composed(columns, np.array([2.0, 3.0])).tolist() == [[2, 6], [6, 12]]


def test_streams_follow_from_the_kind_and_the_number_or_a_seed() -> None:
    net = nef.Network(seed=1)
    inner, seeded = net.subnetwork(), net.subnetwork(seed=9)
    a, b = net.ensemble(2, 1), net.ensemble(2, 1, seed=5)
    c = inner.ensemble(2, 1)
    node, other = net.node(1.0), seeded.node(1.0)
    connection = net.connect(a, b)
    found = streams.streams_of(net, Stream(3, (7,)))
    for thing, seed, key, fixed in (
        (a, 3, (7, 0, 0), False),
        (b, 5, (), True),
        (node, 3, (7, 1, 0), False),
        (connection, 3, (7, 2, 0), False),
        (inner, 3, (7, 3, 0), False),
        (c, 3, (7, 3, 0, 0, 0), False),
        (seeded, 9, (), True),
        (other, 9, (1, 0), True),
    ):
        stream = found[thing]
        assert (stream.seed, stream.key, stream.fixed) == (seed, key, fixed)
    assert len(found) == 8


# Ensembles


@pytest.mark.parametrize(
    ("n", "d", "passed", "expected"),
    [
        (5, 1, None, 750), (5, 2, None, 1000), (5, 5, None, 2500), (5, 6, None, 2500),
        (375, 1, None, 750), (376, 1, None, 752), (2000, 9, None, 4000), (5, 1, 3, 3),
    ],
)  # fmt: skip
def test_the_number_of_evaluation_points(n: int, d: int, passed: int | None, expected: int) -> None:
    ensemble = nef.Network().ensemble(n, d, n_eval_points=passed)
    assert arrays.n_eval_points(ensemble) == expected


def test_each_array_of_an_ensemble_is_drawn_from_its_part_of_the_stream() -> None:
    parts = (arrays.EVAL_POINTS, arrays.ENCODERS, arrays.MAX_RATES, arrays.INTERCEPTS, arrays.GAIN,
             arrays.BIAS, arrays.NEURONS, arrays.NOISE, arrays.SOLVER, arrays.START)  # fmt: skip
    assert parts == (*range(10),)
    stream = Stream(3, (1,))

    def drawn(distribution: nef.Distribution, part: int, n: int, d: int | None = None) -> Any:
        return distribution.sample(n, d, stream.child(part).generator())

    net = nef.Network()
    wide, ones = nef.Uniform(-1.0, 1.0), nef.Uniform(0.5, 2.0)
    ensemble = net.ensemble(6, 2, radius=2.0, n_eval_points=7, normalize_encoders=False,
                            encoders=wide, eval_points=wide, intercepts=nef.Uniform(-0.5, 0.5),
                            max_rates=nef.Uniform(100.0, 200.0))  # fmt: skip
    built = arrays.build_ensemble(ensemble, stream)
    assert np.array_equal(built.eval_points, 2.0 * drawn(wide, 0, 7, 2))
    assert np.array_equal(built.encoders, drawn(wide, 1, 6, 2))
    assert np.array_equal(built.max_rates, drawn(nef.Uniform(100.0, 200.0), 2, 6))
    assert np.array_equal(built.intercepts, drawn(nef.Uniform(-0.5, 0.5), 3, 6))
    expected = built.encoders * built.gain[:, None] / 2.0
    np.testing.assert_allclose(built.scaled_encoders, expected, rtol=1e-15)
    # At the radius in the preferred direction each neuron has its maximum rate.
    J = built.gain + built.bias
    np.testing.assert_allclose(nef.LIF().rates(J), built.max_rates, rtol=1e-9)
    other = net.ensemble(6, 2, gain=ones, bias=wide, encoders=wide)
    built = arrays.build_ensemble(other, stream)
    assert np.array_equal(built.gain, drawn(ones, 4, 6))
    assert np.array_equal(built.bias, drawn(wide, 5, 6))
    length = np.linalg.norm(drawn(wide, 1, 6, 2), axis=1, keepdims=True)
    np.testing.assert_allclose(built.encoders, drawn(wide, 1, 6, 2) / length, rtol=1e-15)
    direct = net.ensemble(6, 2, neuron_type=nef.Direct(), radius=3.0, n_eval_points=4)
    built = arrays.build_ensemble(direct, stream)
    assert built.encoders.shape == (0, 2) and built.eval_points.shape == (4, 2)
    assert {len(v) for v in (built.gain, built.bias, built.max_rates, built.intercepts)} == {0}


def test_weights_of_a_connection_are_the_product_of_its_parts() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(5, 2), net.ensemble(4, 2, radius=2.0)
    transform = np.array([[2.0, 3.0]])
    made = [
        net.connect(a, b[1], transform=transform),
        net.connect(a, net.node(size_in=1), transform=transform),
        net.connect(net.node([1.0, 2.0]), b[1], transform=transform),
        net.connect(a, b[1], transform=transform, solver=nef.LstsqL2(weights=True)),
    ]
    built = build(net, 0.001, 1)
    first, second, third, full = (built.connections[c] for c in made)
    decoded = transform @ first.decoders.T  # type: ignore[union-attr]
    into_b = built.ensembles[b].scaled_encoders[:, [1]]
    np.testing.assert_allclose(first.weights, into_b @ decoded, rtol=1e-12)
    assert np.array_equal(arrays.into(built.ensembles[b], (1,)), into_b)
    assert arrays.into(built.ensembles[b], None) is built.ensembles[b].scaled_encoders
    np.testing.assert_allclose(second.weights, transform @ second.decoders.T, rtol=1e-12)  # type: ignore[union-attr]
    assert third.decoders is None and third.weights.tolist() == [[2.0, 3.0]]
    np.testing.assert_allclose(full.weights, into_b @ transform @ full.decoders.T, rtol=1e-9)  # type: ignore[union-attr]


def test_neurons_start_at_the_values_of_the_ensemble_or_of_their_type() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(3, 1, initial_state={"voltage": 0.25})
    net.ensemble(3, 1)
    steady = net.ensemble(200, 2, initial_state=nef.SteadyState([0.5, -0.25]))
    net.probe(a.neurons, "voltage")
    first, second, third = ops_of(net, Neurons)
    assert first.initial["voltage"] == Constant(0.25)
    assert [*first.initial] == [*second.initial] == [*nef.LIF().initial_state]
    assert [name for name, _ in first.observed] == ["voltage"] and second.observed == ()
    built = build(net, 0.001, 1).ensembles[steady]
    J = built.scaled_encoders @ [0.5, -0.25] + built.bias
    silent = J <= 1.0
    # Of neurons that do not fire the voltage is the current.
    np.testing.assert_allclose(
        third.initial["voltage"][silent], np.maximum(J[silent], 0), atol=1e-9
    )
    assert silent.any() and not silent.all()
    keys = [op.stream.key[-1] for op in (first, second, third)]
    assert keys == [arrays.NEURONS] * 3
    outline = ops_of(net, Neurons, outline=True)[2]
    assert not isinstance(outline.initial["voltage"], np.ndarray)


# Connections


def test_delays_are_whole_steps_up_to_a_limit() -> None:
    assert connections.LONGEST_DELAY == 100_000
    for delay, steps in ((0.0, 0), (0.0004, 0), (0.0006, 1), (0.003, 3), (100.0, 100_000)):
        net = nef.Network(seed=1)
        u, y = net.node(1.0), net.node(size_in=1)
        net.connect(u, y, synapse=None, delay=delay)
        lengths = [len(op.form[0]) - 1 for op in ops_of(net, Filter)]
        reads = [t.read.delay for op in ops_of(net, Sum) for t in op.terms]
        assert sum(lengths) + sum(reads) == steps
    net.connect(u, y, synapse=None, delay=100.001)
    with pytest.raises(
        ValueError, match=r"delay must be at most 100000 steps, got 100\.001 s at dt"
    ):
        build(net, 0.001, 1)


def shorter(n: int, **changes: Any) -> bool:
    """Whether ``n`` neurons of 3 dimensions get their currents, and not values, from a filter."""
    net = nef.Network(seed=1)
    post = net.ensemble(n, 3, neuron_type=changes.pop("neuron_type", nef.LIF()))
    pre: Any = changes.pop("pre", lambda net: net.node(np.full(3, 0.5)))(net)
    end = changes.pop("end", lambda post: post)(post)
    watch = changes.pop("watch", lambda net, post, c: None)
    watch(net, post, net.connect(pre, end, synapse=0.01, **changes))
    program = build(net, 0.001, 1).program
    encoded = [s.size for s in program.signals if s.name.endswith(".encoded")]
    assert encoded in ([], [n])
    return bool(encoded)


def test_values_for_fewer_neurons_are_encoded_before_they_are_filtered() -> None:
    assert shorter(2) and not shorter(3) and not shorter(4)
    assert not shorter(2, neuron_type=nef.Direct())
    assert not shorter(2, pre=lambda net: net.ensemble(5, 3))
    assert shorter(2, pre=lambda net: net.ensemble(5, 3, neuron_type=nef.Direct()))
    assert not shorter(2, learning_rule=nef.Voja(), pre=lambda net: net.node(np.full(3, 0.5)))
    assert not shorter(2, watch=lambda net, post, c: net.probe(post, "input"))
    assert not shorter(2, watch=lambda net, post, c: net.probe(post[:1], "input"))
    assert not shorter(2, watch=lambda net, post, c: net.probe(c))
    assert shorter(2, watch=lambda net, post, c: net.probe(post.neurons))
    assert not shorter(2, end=lambda post: post[:2], pre=lambda net: net.node(np.full(2, 0.5)))


def test_functions_of_values_are_called_with_the_chosen_ones() -> None:
    net = nef.Network(seed=1)
    u, y = net.node([1.0, 2.0, 3.0]), net.node(size_in=2)
    net.connect(u[[2, 0]], y, function=np.negative, transform=[2.0, 3.0], synapse=None)
    net.connect(u[1:], y, synapse=None)
    (call,) = ops_of(net, Evaluate)
    assert call.form == "x" and call.input.columns.tolist() == [2, 0]
    net.probe(y)
    sim = nef.Simulator(net)
    sim.run_steps(2)
    assert sim.data[net.probes[0]].tolist() == [[-6.0 + 2.0, -3.0 + 3.0]] * 2
    net.connect(u, y[0], function=lambda x: 1.0, synapse=None, eval_points=np.ones((2, 3)))
    net.connect(u, y[0], function=np.ones(2), synapse=None, eval_points=np.ones((2, 3)))
    with pytest.raises(ValueError, match="function must be a function where nothing is decoded"):
        build(net, 0.001, 1)


@pytest.mark.parametrize(
    ("seconds", "steps"),
    [(None, 1.0), (0.001, 1.0), (0.035, 35.0), (0.0035, 3.5), (0.0005, 0.5), (0.00700001, 7.00001)],
)
def test_intervals_of_records_are_whole_steps_up_to_rounding(
    seconds: float | None, steps: float
) -> None:
    assert steps_between(seconds, 0.001) == pytest.approx(steps, rel=1e-12)
    assert steps_between(0.035, 0.005) == 7.0


# Decoders


def test_functions_are_evaluated_at_points_of_the_connection() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(5, 2, radius=2.0)
    y = net.node(size_in=1)
    points = np.array([[0.5, 1.0], [0.25, -1.0], [1.0, 1.0]])
    wide = nef.Uniform(-1.0, 1.0)
    made = [
        net.connect(a[1], y, eval_points=points),
        net.connect(a[1], y, eval_points=points, scale_eval_points=False),
        net.connect(a[1], y, eval_points=wide),
        net.connect(a[1], y),
    ]
    built = build(net, 0.001, 1)
    first, second, third, fourth = (built.connections[c].eval_points for c in made)
    assert np.array_equal(first, 2.0 * points) and np.array_equal(second, points)  # type: ignore[arg-type]
    rng = streams.streams_of(net, Stream(1))[made[2]].child(arrays.EVAL_POINTS).generator()
    assert np.array_equal(third, 2.0 * wide.sample(1000, 2, rng))  # type: ignore[arg-type]
    assert fourth is built.ensembles[a].eval_points
    assert decode.targets_of(made[0], points).tolist() == [[1.0], [-1.0], [1.0]]
    values = net.connect(a, y, function=np.arange(3.0), eval_points=points)
    assert decode.targets_of(values, points).tolist() == [[0.0], [1.0], [2.0]]


def test_zero_functions_have_zero_decoders_of_solvers_that_are_linear() -> None:
    net = nef.Network(seed=1)
    a, y = net.ensemble(5, 1), net.node(size_in=2)
    zero = net.connect(a, y, function=lambda x: [0.0, 0.0], solver=nef.LstsqL2())
    other = net.connect(a, y, function=lambda x: [0.0, x[0]], solver=nef.LstsqL2())
    fixed = net.connect(a, y, function=lambda x: [0.0, 0.0], solver=nef.NoSolver(np.ones((5, 2))))
    built = build(net, 0.001, 1)
    found = built.connections[zero]
    assert found.decoders.shape == (5, 2) and not found.decoders.any()  # type: ignore[union-attr]
    assert found.solver_info["solver"] == "LstsqL2" and found.solver_info["condition"] is None
    assert found.solver_info["rmse"].tolist() == [0.0, 0.0]
    assert (
        built.connections[other].decoders.any()
        and "condition" in built.connections[other].solver_info
    )  # type: ignore[union-attr]
    assert built.connections[fixed].decoders.tolist() == np.ones((5, 2)).tolist()  # type: ignore[union-attr]


def test_solvers_that_are_not_linear_get_the_transform_in_the_targets() -> None:
    net = nef.Network(seed=1)
    a, b, y = net.ensemble(30, 1), net.ensemble(4, 1), net.node(size_in=1)
    to_node = net.connect(a, y, transform=3.0, solver=nef.Nnls())
    full = net.connect(a, b, transform=3.0, solver=nef.Nnls(weights=True))
    built = build(net, 0.001, 1)
    of_a, of_b = built.ensembles[a], built.ensembles[b]
    x = of_a.eval_points
    A = nef.tuning_curves(nef.LIF(), x, of_a.encoders, of_a.gain, of_a.bias)
    expected = nef.Nnls()(A, 3.0 * x)[0]
    np.testing.assert_allclose(built.connections[to_node].decoders, expected, rtol=1e-9)
    assert built.connections[to_node].transform == 1.0
    weights = nef.Nnls()(A, 3.0 * x @ of_b.scaled_encoders.T)[0].T
    found = built.connections[full]
    np.testing.assert_allclose(found.weights, weights, rtol=1e-9, atol=1e-15)
    assert found.decoders is None and found.transform == 3.0


def test_a_connection_with_a_seed_has_a_solver_noise_of_its_own() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(40, 1)
    seeds = (None, None, 5, 5, 6)
    made = [net.connect(a, net.node(size_in=1), solver=nef.LstsqNoise(), seed=s) for s in seeds]
    sim = nef.Simulator(net, backend="numpy", progress=False)
    found = [sim.data[connection].decoders for connection in made]
    for seed, one in zip(seeds, found, strict=True):
        equal = [np.array_equal(one, other) for other in found]
        assert equal == [seed == other for other in seeds]
