"""Shares of a program, run in turn in one process, have the spikes of the whole program."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from models import MODELS
from processes import NETWORKS

import nefsim as nef
from nefsim import backends
from nefsim.backends.distributed.balance import assign, equal_parts
from nefsim.backends.distributed.cut import SINKS, SOURCES, Cut
from nefsim.backends.distributed.inflow import Inflow
from nefsim.backends.distributed.pace import edges, longest_block
from nefsim.backends.distributed.team import together
from nefsim.backends.distributed.units import find_units
from nefsim.lowering import build
from nefsim.program import initial_state
from nefsim.testing.backends import Recording, check_backend

# Here only back ends are compared.
pytestmark = pytest.mark.filterwarnings("ignore::nefsim.RadiusWarning")

LOCAL = [name for name in ("numpy", "numba") if name in backends.available()]
N_STEPS = 400


def records(net: nef.Network, prepare: Any, *pieces: int, batch: int | None = None) -> list[Any]:
    """The records of all probes, with rows first."""
    built = build(net, 0.001, 1)
    recording = Recording()
    run = prepare(built, initial_state(built.program, 2, batch))
    for n_steps in pieces or (N_STEPS,):
        run(n_steps, recording)
    return recording.arrays()


def assert_same(net: nef.Network, found: list[Any], expected: list[Any]) -> int:
    """Assert equal spikes, and values up to the order of sums; return the number of spikes."""
    count = 0
    for probe, one, other in zip(net.all_probes, found, expected, strict=True):
        spikes = isinstance(probe.target, nef.network.Neurons) and probe.attr == "output"
        if spikes and probe.synapse is None and probe.target.ensemble.neuron_type.spiking:
            np.testing.assert_array_equal(one, other, err_msg=repr(probe))
            count += np.count_nonzero(other)
        else:
            # Sums in another order differ in their last digits; a spike is a thousand times larger.
            within = 1e-9 * max(1.0, np.abs(other).max(initial=0.0))
            np.testing.assert_allclose(one, other, rtol=0, atol=within, err_msg=repr(probe))
    return count


def cut(net: nef.Network, n: int) -> Cut:
    """The cut of a network over processes."""
    program = build(net, 0.001, 1).program
    units = find_units(program)
    return Cut(program, units, assign(program, units, n), n)


@pytest.mark.parametrize("local", LOCAL)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_shares_obey_the_laws_of_back_ends(local: str, n: int) -> None:
    assert len(check_backend(together(n, backends.module(local).prepare))) == 5


@pytest.mark.parametrize("local", LOCAL)
@pytest.mark.parametrize("name", NETWORKS)
def test_no_spike_depends_on_the_number_of_processes(name: str, local: str) -> None:
    prepare = backends.module(local).prepare
    net = NETWORKS[name]()
    expected = records(net, prepare)
    for n in (2, 4):
        count = assert_same(net, records(net, together(n, prepare), 150, 1, 249), expected)
        assert count > 500


@pytest.mark.parametrize("name", MODELS)
def test_networks_of_every_kind_have_the_same_spikes_in_shares(name: str) -> None:
    prepare = backends.module("numpy").prepare
    net = MODELS[name](1)
    for ensemble in net.all_ensembles:
        if not isinstance(ensemble.neuron_type, nef.Direct):
            net.probe(ensemble.neurons)
    expected = records(net, prepare)
    for n in (2, 5):
        assert_same(net, records(net, together(n, prepare)), expected)


def _nodes() -> nef.Network:
    net = nef.Network(seed=1)
    a, b, c = net.node(np.sin), net.node([0.5]), net.node(size_in=1)
    net.connect(a, c)
    net.connect(b, c, synapse=None)
    net.connect(c, c, transform=0.5, synapse=0.1)
    for node in (a, b, c):
        net.probe(node)
        net.probe(node, synapse=0.01)
    return net


def _signal_for_all() -> nef.Network:
    net = nef.Network(seed=1)
    u = net.node(nef.WhiteSignal(1.0, high=5))
    direct = net.ensemble(1, 1, neuron_type=nef.Direct())
    net.connect(u, direct, function=np.square)
    noise = nef.WhiteNoise(nef.Gaussian(0, 0.1))
    for _ in range(4):
        a = net.ensemble(30, 1, noise=noise, neuron_type=nef.PoissonSpiking())
        net.connect(u, a, synapse=None)
        net.connect(direct, a)
        net.probe(a.neurons)
    net.probe(u)
    net.probe(direct)
    return net


@pytest.mark.parametrize("make", [nef.Network, _nodes, _signal_for_all])
@pytest.mark.parametrize("local", LOCAL)
def test_nodes_and_signals_have_the_same_values_in_shares(make: Any, local: str) -> None:
    prepare = backends.module(local).prepare
    net = make()
    expected = records(net, prepare) if net.all_probes else []
    found = records(net, together(3, prepare)) if net.all_probes else []
    assert_same(net, found, expected)
    assert nef.partition(net, 3).n == 3


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_process_without_populations_records_a_node(n: int) -> None:
    net = nef.Network(seed=1)
    node = net.node(lambda t: [np.sin(9 * t), t])
    for _ in range(2):
        net.connect(node, net.ensemble(1, 2))
    net.probe(node)
    prepare = backends.module("numpy").prepare
    (found,) = records(net, together(n, prepare), 130, 70)
    t = 0.001 * np.arange(1, 201)
    np.testing.assert_allclose(found.reshape(200, 2), np.stack([np.sin(9 * t), t], 1), atol=1e-14)


def test_a_batch_has_the_same_spikes_in_shares() -> None:
    prepare = backends.module("numpy").prepare
    for name in ("oscillator", "pes", "arrays"):
        net = NETWORKS[name]()
        expected = records(net, prepare, batch=3)
        assert_same(net, records(net, together(3, prepare), batch=3), expected)


if "numba" in backends.available():
    from test_backends import networks

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(networks())
    def test_random_networks_have_the_same_spikes_in_shares(net: nef.Network) -> None:
        prepare = backends.module("numba").prepare
        for ensemble in net.all_ensembles:
            net.probe(ensemble.neurons)
        expected = records(net, prepare, 200)
        for n in (2, 3):
            assert_same(net, records(net, together(n, prepare), 130, 70), expected)


NENGO = (
    *("square", "integrator", "oscillator", "lorenz", "communication", "product"),
    *("convolution", "array", "action_selection", "inhibition", "pes_weights"),
    *("voja", "processes", "transforms", "environment"),
)


@pytest.mark.parametrize("name", NENGO)
def test_models_of_nengo_have_the_same_spikes_in_shares(name: str) -> None:
    pytest.importorskip("nengo")
    import nengo_models

    from nefsim.nengo import from_nengo

    prepare = backends.module(LOCAL[-1]).prepare
    nets = []
    for _ in range(2):  # functions of a model may share variables
        nets.append(from_nengo(nengo_models.network(name)))
        for ensemble in nets[-1].all_ensembles:
            if not isinstance(ensemble.neuron_type, nef.Direct):
                nets[-1].probe(ensemble.neurons)
    expected = records(nets[0], prepare)
    assert assert_same(nets[1], records(nets[1], together(3, prepare)), expected) > 100


# -- what is exchanged ---------------------------------------------------------------------


def test_decoded_values_are_exchanged_and_not_spikes() -> None:
    net = NETWORKS["random graph"](60)
    made = cut(net, 4)
    sizes = [
        made.program.signals[port.value].size
        for k in range(4)
        for port in made.shares[k].ports
        if isinstance(port.value, int)
    ]
    assert sizes and set(sizes) == {2}
    assert set(edges(made).values()) == {1}


def test_each_process_has_its_own_populations_and_no_others() -> None:
    made = cut(NETWORKS["streams"](), 4)
    populations = [
        {i.op for i in made.shares[k].items if made.process.get(i.op) is not None} for k in range(4)
    ]
    assert sum(map(len, populations)) == len(set().union(*populations)) == 4 * len(populations[0])


def test_rings_that_are_not_connected_exchange_nothing() -> None:
    found = nef.partition(NETWORKS["streams"](64), 4)
    assert not found.bytes.any() and found.steps is None
    assert {load.neurons for load in found.loads} == {64 * 200 // 4}


def test_only_processes_that_exchange_values_divide_their_chunks() -> None:
    prepare = backends.module("numpy").prepare
    blocks = {}
    for name in ("streams", "oscillator", "delays"):
        built = build(NETWORKS[name](), 0.001, 1)
        team = together(2, prepare)(built, initial_state(built.program, 2)).__self__
        blocks[name] = team._longest // team._block
    assert blocks["streams"] == 1
    assert blocks["oscillator"] == 1000  # an exchange in every step
    assert 8 <= blocks["delays"] < 1000


def test_a_chain_is_a_pipeline_without_a_circle() -> None:
    net = nef.Network(seed=1)
    chain = [net.ensemble(50, 1) for _ in range(8)]
    for pre, post in itertools.pairwise(chain):
        net.connect(pre, post)
    found = nef.partition(net, 4)
    assert found.steps is None
    assert np.array_equal(found.bytes, 8 * np.eye(4, k=1, dtype=int))


def test_delays_let_processes_exchange_several_steps_at_once() -> None:
    net = NETWORKS["delays"]()
    assert nef.partition(net, 6).steps == 12  # of the longest connection, which closes the ring
    made = cut(net, 6)
    assert longest_block(made) == 12
    assert sorted(edges(made).values()) == [7, 8, 9, 10, 11, 12]
    loop = NETWORKS["oscillator"]()
    assert nef.partition(loop, 2).steps == 1


def test_sums_over_processes_are_sent_in_parts_and_recorded_once() -> None:
    made = cut(NETWORKS["arrays"](), 3)
    assert len(made.shares[SINKS].records) == 2  # of an output node, with and without a filter
    assert all(port.lag == 0 for port in made.shares[SINKS].ports)
    # Six values of 40 neurons each; every process sends those of its populations alone.
    found = nef.partition(NETWORKS["arrays"](), 3)
    assert found.bytes.max() <= 8 * 6


def test_constants_of_a_sum_over_processes_are_added_once() -> None:
    net = NETWORKS["sums"]()
    built = build(net, 0.001, 1)
    node = net.all_nodes[2]
    number = built.program.writer[built.signals[node]]
    ops = list(built.program.ops)
    ops[number] = replace(ops[number], offset=np.array([0.3]))
    changed = replace(built, program=replace(built.program, ops=tuple(ops)))
    prepare = backends.module("numpy").prepare
    found = []
    assert len(cut(net, 5).parts(number)) == 2
    for each in (prepare, together(5, prepare)):
        recording = Recording()
        each(changed, initial_state(changed.program, 2))(N_STEPS, recording)
        found.append(recording.arrays())
    assert_same(net, found[1], found[0])
    assert found[0][0].mean() > 0.2


def test_functions_of_time_are_called_on_one_process_ahead_of_all_others() -> None:
    calls: list[float] = []

    def stimulus(t: float) -> float:
        calls.append(t)
        return float(np.sin(9 * t))

    net = nef.Network(seed=1)
    node = net.node(stimulus)
    for _ in range(4):
        net.connect(node, net.ensemble(40, 1), synapse=None)
    for ensemble in net.all_ensembles:
        net.probe(ensemble.neurons)
    prepare = backends.module("numpy").prepare
    made = cut(net, 4)
    assert len(made.shares[SOURCES].items) == 1
    assert all(made.shares[k].ports for k in range(4))
    calls.clear()
    records(net, together(4, prepare))
    assert calls == [pytest.approx(0.001 * (k + 1)) for k in range(N_STEPS)]


def test_functions_that_read_the_network_stay_on_one_process() -> None:
    seen: list[str] = []
    net = nef.Network(seed=1)
    a, b = net.ensemble(40, 1), net.ensemble(40, 1)
    one = net.node(lambda t, x: seen.append("one") or x, size_in=1)
    two = net.node(lambda t, x: seen.append("two") or x, size_in=1)
    net.connect(a, one)
    net.connect(b, two)
    net.connect(one, b)
    net.connect(two, a)
    found = nef.partition(net, 3)
    assert found.processes[one] == found.processes[two]
    seen.clear()
    records(net, together(3, backends.module("numpy").prepare), 50)
    assert seen == ["one", "two"] * 50


def test_a_connection_that_learns_stays_with_both_of_its_populations() -> None:
    net = NETWORKS["pes"]()
    pre, post, _ = net.ensembles
    for n in (2, 3, 4):
        found = nef.partition(net, n)
        assert found.processes[pre] == found.processes[post]
    assert nef.partition(net, 2).bytes.any()


# -- partitions as data --------------------------------------------------------------------


def test_chosen_processes_are_obeyed() -> None:
    net = NETWORKS["streams"](16)
    ensembles = net.all_ensembles
    chosen = {ensemble: k % 2 for k, ensemble in enumerate(ensembles)}
    found = nef.partition(net, 2, chosen)
    assert {e: found.processes[e] for e in ensembles} == chosen
    assert found.steps == 1
    assert found.bytes.sum() == 16 * 4 * 8  # every connection of four values
    again = nef.partition(net, 2, found.processes)
    assert again.processes == found.processes


def test_a_subnetwork_stands_for_all_that_is_in_it() -> None:
    net = nef.Network(seed=1)
    parts = [net.subnetwork(str(k)) for k in range(2)]
    some = [[part.ensemble(30, 1) for _ in range(3)] for part in parts]
    net.connect(some[0][0], some[1][0])
    found = nef.partition(net, 2, {parts[0]: 1, parts[1]: 0})
    assert [found.processes[e] for e in some[0] + some[1]] == [1, 1, 1, 0, 0, 0]


def test_what_is_connected_without_a_synapse_must_stay_together() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(30, 1, label="a"), net.ensemble(30, 1, label="b")
    net.connect(a, b, synapse=None)
    found = nef.partition(net, 2)
    assert found.processes[a] == found.processes[b]
    with pytest.raises(ValueError, match="must keep on one process"):
        nef.partition(net, 2, {a: 0, b: 1})


@pytest.mark.parametrize("wrong", [{"a": 0}, {3: 0}, [0, 1], "rubbish"])
def test_other_objects_have_no_process(wrong: Any) -> None:
    net = NETWORKS["square"]()
    with pytest.raises(TypeError, match=r"processes must .*; .*\."):
        nef.partition(net, 2, wrong)
    with pytest.raises(ValueError, match="be at most 1"):
        nef.partition(net, 2, {net.ensembles[0]: 2})
    other = NETWORKS["square"]()
    with pytest.raises(TypeError, match="of this network"):
        nef.partition(net, 2, {other.ensembles[0]: 0})


def test_a_partition_shows_its_cost() -> None:
    found = nef.partition(NETWORKS["oscillator"](), 2)
    text = str(found)
    assert "2 processes, 16 bytes a step, an exchange every step" in text
    assert text.splitlines()[-2].split()[:2] == ["0", "100"]
    slow = found.step_seconds(latency=1.0, bandwidth=1e9)
    # Each of the two processes sends and receives a message in each step.
    assert slow == pytest.approx(2.0, abs=0.01)
    assert found.step_seconds(latency=0.0, bandwidth=16.0) == pytest.approx(1.0, rel=0.01)


def test_a_partition_needs_the_back_end_mpi() -> None:
    net = NETWORKS["square"]()
    with pytest.raises(ValueError, match=r'partition must .*backend="mpi"'):
        nef.Simulator(net, backend="numpy", partition=nef.partition(net, 2))


# -- values that arrive --------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 3, 7])
def test_values_are_used_as_many_steps_later_as_their_lag(block: int) -> None:
    lags = [1, 1, 7, 10]
    inflow = Inflow(lags, (), np.float64)
    n = 500
    sent = np.arange(1, n + 1)[:, None] * np.ones(len(lags))
    done = 0
    while done + block <= n:
        while inflow.have < done + block - inflow.least:
            inflow.push(sent[inflow.have : inflow.have + block])
        out = np.full((block, len(lags)), -1.0)
        inflow.fill(out, done, done + block)
        steps = np.arange(done + 1, done + block + 1)[:, None]
        np.testing.assert_array_equal(out, np.maximum(steps - lags, 0))
        done += block


# Decoders, of which each process solves a part


def many_systems() -> nef.Network:
    """Populations with other solvers, weights, views, probes, and two with equal neurons."""
    net = nef.Network(seed=3)
    some = [net.ensemble(20 + k, 2) for k in range(6)]
    twins = [net.ensemble(30, 2, seed=5) for _ in range(2)]
    for pre, post in itertools.pairwise([*some, *twins]):
        net.connect(pre, post, function=np.square)
    net.connect(some[0], some[1], solver=nef.LstsqL2(weights=True), transform=[[0, 1], [1, 0]])
    net.connect(some[1], some[2], solver=nef.LstsqDrop(), transform=0.5)
    net.connect(some[2], some[3][1], solver=nef.LstsqDrop(weights=True), function=lambda x: x[:1])
    net.connect(some[3][[1]], some[4][0], eval_points=nef.UniformHypersphere())
    net.probe(some[4][1], synapse=0.01)
    net.probe(twins[1])
    return net


def test_systems_that_processes_divide_have_the_arrays_of_one_process() -> None:
    net = many_systems()
    asked: list[int] = []

    def divide(
        solve: Callable[[Sequence[int]], dict[int, Any]], work: Sequence[float]
    ) -> dict[int, Any]:
        parts = equal_parts(work, 3)
        found = [solve(part) for part in parts]
        asked.extend(map(len, found))
        assert sorted(itertools.chain(*parts)) == [*range(7)]  # the twins share one system
        return {number: solution for each in found for number, solution in each.items()}

    whole, divided = build(net, 0.001, 1), build(net, 0.001, 1, divide=divide)
    solved = {**whole.connections, **whole.probe_data}
    found = {**divided.connections, **divided.probe_data}
    readers = {thing for thing in solved if solved[thing].solver_info}
    assert sum(asked) == len(readers) == 13 and min(asked) > 0  # each once
    for thing, one in solved.items():
        other = found[thing]
        for name in ("decoders", "eval_points", "full", "transform"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        if thing in readers:
            assert one.solver_info.keys() == other.solver_info.keys()
            np.testing.assert_array_equal(one.solver_info["rmse"], other.solver_info["rmse"])


def test_divided_work_is_about_equal() -> None:
    parts = equal_parts([5.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0], 2)
    assert parts == [[0, 6], [1, 2, 3, 4, 5]]
    assert equal_parts([2.0], 3) == [[0], [], []]
