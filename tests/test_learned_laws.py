"""Laws of learned weights that users read, set and carry over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.learned import (
    carry_over,
    full_shape,
    initial_weights,
    stored_weights,
    variables_of_rules,
)
from nefsim.program import Learn, Weigh

FULL = nef.LstsqL2(weights=True)


def factored(start: Any = None) -> tuple[nef.Network, Any]:
    """Weights of PES in factors, added to fixed ones between neurons if these are passed."""
    net = nef.Network(seed=1)
    a, b = net.ensemble(6, 2), net.ensemble(9, 2)
    rule = nef.PES(1e-3)
    if start is None:
        learned = net.connect(a, b, solver=FULL, learning_rule=rule)
    else:
        learned = net.connect(a.neurons, b.neurons, transform=start, learning_rule=rule)
    net.connect(net.node([0.3, -0.5]), learned.learning_rule)
    net.connect(b, learned.learning_rule)
    return net, learned


def simulator(net: nef.Network, batch_size: int | None = None) -> nef.Simulator:
    return nef.Simulator(net, backend="numpy", batch_size=batch_size, progress=False)


def operation(sim: nef.Simulator, is_rest: bool = False) -> tuple[int, Weigh]:
    ops = enumerate(sim.built.program.ops)
    found = (pair for pair in ops if isinstance(pair[1], Weigh) and pair[1].is_rest == is_rest)
    return next(found)  # type: ignore[return-value]


def encoders(sim: nef.Simulator) -> np.ndarray:
    factor = operation(sim)[1].encoders
    assert factor is not None
    return factor


def close(actual: Any, expected: Any) -> None:
    # Products are rounded, and weights found again by least squares.
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("batch_size", [None, 2])
def test_weights_in_factors_stay_so_if_they_can(batch_size: int | None) -> None:
    net, learned = factored()
    sim = simulator(net, batch_size)
    arrays, (rest, _) = sim.data[learned], operation(sim, is_rest=True)
    index, op = operation(sim)
    lead = () if batch_size is None else (batch_size,)
    assert full_shape(sim.built.program, index) == (9, 6)
    close(arrays.initial_weights, encoders(sim) @ op.initial)
    product = encoders(sim) @ np.arange(12.0).reshape(2, 6)
    arrays.weights = product
    close(arrays.weights, np.broadcast_to(product, (*lead, 9, 6)))
    assert not sim.state.ops[rest]["in_use"].any()
    close(sim.state.ops[index]["weights"][..., 1], np.broadcast_to(np.arange(6.0, 12), (*lead, 6)))
    if batch_size is None:
        close(stored_weights(sim.built.program, sim.state, index), np.arange(12.0).reshape(2, 6))

    other = np.arange(54.0).reshape(9, 6) ** 2
    arrays.weights = other
    np.testing.assert_array_equal(arrays.weights, np.broadcast_to(other, (*lead, 9, 6)))
    assert (sim.state.ops[rest]["in_use"] == 1.0).all()
    if batch_size is None:
        rows = stored_weights(sim.built.program, sim.state, index)
        np.testing.assert_array_equal(rows, np.concatenate([other, np.zeros((2, 6))]))
        assert arrays.decoders is None  # of full weights
    sim.state.ops[index]["weights"][...] = 1.0  # as rules might have changed them
    total = other + encoders(sim) @ np.ones((2, 6))
    close(arrays.weights, np.broadcast_to(total, (*lead, 9, 6)))
    before = [memory.copy() for memory in sim.state.ops[rest].values()]
    arrays.weights = arrays.weights  # the same ones change nothing
    for one, two in zip(before, sim.state.ops[rest].values(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert (sim.state.ops[index]["weights"] == 1.0).all()

    arrays.weights = product  # the rest in use would be added to the product
    np.testing.assert_array_equal(arrays.weights, np.broadcast_to(product, (*lead, 9, 6)))


def test_weights_of_each_trial_can_be_set() -> None:
    net, learned = factored()
    sim = simulator(net, 2)
    each = np.arange(108.0).reshape(2, 9, 6)
    sim.data[learned].weights = each
    np.testing.assert_array_equal(sim.data[learned].weights, each)
    single = simulator(net)
    for bad in (each, each[:1], each[0, :4], each[0].T):
        with pytest.raises(ValueError, match=r"value must have shape \(9, 6\)"):
            single.data[learned].weights = bad
    with pytest.raises(ValueError, match=r"value must have shape \(2, 9, 6\)"):
        sim.data[learned].weights = np.ones((3, 9, 6))


@pytest.mark.parametrize("batch_size", [None, 2])
def test_decoders_are_weights_of_neurons_by_dimensions(batch_size: int | None) -> None:
    net = nef.Network(seed=1)
    a, out = net.ensemble(5, 1), net.node(size_in=3)
    learned = net.connect(a, out, function=lambda x: [1, 2, 3], learning_rule=nef.PES(1e-3))
    net.connect(net.node(np.zeros(3)), learned.learning_rule)
    sim = simulator(net, batch_size)
    one = np.arange(15.0).reshape(3, 5)
    for values in (one, *([] if batch_size is None else [np.stack([one, one + 1])])):
        sim.data[learned].weights = values
        decoders = sim.data[learned].decoders
        assert decoders is not None and decoders.shape[-2:] == (5, 3)
        np.testing.assert_array_equal(decoders, np.zeros_like(decoders) + values.swapaxes(-1, -2))


def test_initial_weights_have_both_parts() -> None:
    start = np.arange(54.0).reshape(9, 6)
    net, learned = factored(start)
    sim = simulator(net)
    index, op = operation(sim)
    assert not op.initial.any()
    np.testing.assert_array_equal(initial_weights(sim.built.program, index), start)
    np.testing.assert_array_equal(sim.data[learned].weights, start)
    ones, program = np.ones((2, 6)), sim.built.program
    op.initial[...] = ones
    close(initial_weights(program, index), start + encoders(sim) @ ones)


def test_learned_encoders_are_weights_by_radius_and_gain() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(2, 1, gain=[2.0, 5.0], bias=[0.0, 0.0], encoders=[[1], [-1]], radius=4.0)
    learned = net.connect(net.node(0.5), a, learning_rule=nef.Voja())
    net.connect(net.node(0.0), learned.learning_rule)
    sim = simulator(net)
    np.testing.assert_allclose(sim.data[a].encoders, [[1], [-1]], rtol=1e-15)
    index, _ = operation(sim)
    sim.state.ops[index]["weights"][...] = [[1.0, 10.0]]
    # Scaled encoders are encoders * gain / radius.
    np.testing.assert_allclose(sim.data[a].encoders, [[2.0], [8.0]], rtol=1e-15)


# -- variables of rules ------------------------------------------------------------------------


def thresholds(rule: nef.LearningRule, post: Any = None) -> tuple[nef.Network, Any]:
    net = nef.Network(seed=1)
    a, b = net.ensemble(4, 1), net.ensemble(3, 1)
    net.connect(net.node(0.5), a)
    fixed = np.full((3 if post is None else 2, 4), 1e-3)
    to = b.neurons if post is None else b.neurons[post]
    return net, net.connect(a.neurons, to, transform=fixed, learning_rule=rule)


def test_a_threshold_is_read_from_its_filter() -> None:
    net, learned = thresholds(nef.BCM(1e-12, theta_start=[10.0, 20.0, 30.0]))
    sim = simulator(net)
    found = variables_of_rules(sim.built, net, sim.state)
    assert [*found] == [learned] and [*found[learned]] == ["rule 0 theta"]
    # The state of the filter is a multiple of the threshold.
    np.testing.assert_allclose(found[learned]["rule 0 theta"], [10.0, 20.0, 30.0], rtol=1e-12)
    assert found[learned]["rule 0 theta"].dtype == np.float64


@pytest.mark.parametrize("synapse", [nef.Alpha(2.0), nef.Lowpass(0.0)])
def test_a_threshold_that_is_no_number_for_each_neuron_is_not_read(synapse: Any) -> None:
    net, _ = thresholds(nef.BCM(1e-12, theta_synapse=synapse))
    sim = simulator(net)
    assert variables_of_rules(sim.built, net, sim.state) == {}


def test_variables_are_those_of_each_rule_in_its_place() -> None:
    rules = [nef.PES(1e-3), nef.BCM(1e-12, theta_start=5.0)]
    net, learned = thresholds(rules)  # type: ignore[arg-type]
    net.connect(net.node([1.0]), learned.learning[0])
    sim = simulator(net)
    found = variables_of_rules(sim.built, net, sim.state)
    assert [*found[learned]] == ["rule 1 theta"]
    np.testing.assert_allclose(found[learned]["rule 1 theta"], 5.0, rtol=1e-12)


@pytest.mark.parametrize("with_thresholds", [False, True])
def test_thresholds_are_carried_over_if_they_should_be(with_thresholds: bool) -> None:
    net, _ = thresholds(nef.BCM(1e-12, theta_start=5.0))
    before, after = simulator(net), simulator(net)
    program = before.built.program
    for memory in before.state.ops:
        for values in memory.values():
            values += 7.0
    untouched = [{k: v.copy() for k, v in m.items()} for m in after.state.ops]
    options = {} if with_thresholds else {"thresholds": False}
    carry_over(program, before.state, after.state, **options)
    learns = [op for op in program.ops if isinstance(op, Learn)]
    theta = {program.writer[op.parts[0].traces["theta"].signal] for op in learns}
    assert len(theta) == 1
    n_carried = 0
    for i, op in enumerate(program.ops):
        carried = isinstance(op, (Weigh, Learn)) or (with_thresholds and i in theta)
        n_carried += bool(after.state.ops[i]) and carried
        expected = before.state.ops[i] if carried else untouched[i]
        for name, values in after.state.ops[i].items():
            np.testing.assert_array_equal(values, expected[name])
    assert n_carried == 1 + with_thresholds
