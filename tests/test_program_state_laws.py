"""Laws of the state of a program: generators, first values and snapshots."""

from __future__ import annotations

from typing import Any

import numpy as np

import nefsim as nef
from nefsim.lowering import build
from nefsim.program import (
    Filter,
    Learn,
    Neurons,
    Part,
    Play,
    ProgramBuilder,
    Read,
    Stream,
    Sum,
    Weigh,
    initial_state,
    restore,
    snapshot,
)
from nefsim.program import state as states
from nefsim.sampling.streams import generator_of

# State


def test_generators_follow_from_the_key_of_their_part_and_the_trial() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(5, 1, neuron_type=nef.PoissonSpiking(nef.LIFRate()))
    net.probe(net.node(nef.WhiteNoise(), size_out=2))
    net.probe(a.neurons)
    program = build(net, 0.001, 1).program
    for seed, batch in ((None, None), (7, 3)):
        state = initial_state(program, seed, batch)
        for op, streams, running in zip(program.ops, state.rngs, state.running, strict=True):
            n = batch or 1
            assert len(streams) == n * isinstance(op, Neurons)
            assert len(running) == n * isinstance(op, Play)
            for trial, rng in enumerate(streams):
                assert isinstance(op, Neurons)
                root = op.stream.seed if seed is None else seed
                expected = generator_of(root, (*op.stream.key, 1, trial))
                assert rng.bit_generator.state == expected.bit_generator.state
            for trial, process in enumerate(running):
                assert isinstance(op, Play)
                rng = op.stream.generator(seed, trial)
                other = op.process.start(2, 0.001, rng)
                assert np.array_equal(process(0, 5), other(0, 5))
    assert Stream(3, (1,)).generator(5).random() == generator_of(5, (1, 0)).random()
    assert Stream(3, (1,), True).child(4, 2).key == (1, 4, 2)
    assert Stream(3, (1,), True).generator(5, 2).random() == generator_of(3, (1, 2)).random()


def test_initial_values_of_neurons_are_drawn_in_the_order_of_their_names() -> None:
    net = nef.Network(seed=1)
    start = {"voltage": nef.Uniform(0.1, 0.9), "refractory_time": np.full(4, 0.001)}
    net.ensemble(4, 1, initial_state=start)
    program = build(net, 0.001, 1).program
    (i,) = (i for i, op in enumerate(program.ops) if isinstance(op, Neurons))
    op = program.ops[i]
    assert isinstance(op, Neurons)
    for seed, batch in ((None, None), (7, 2)):
        memory = initial_state(program, seed, batch).ops[i]
        root = op.stream.seed if seed is None else seed
        for trial in range(batch or 1):
            rng = generator_of(root, (*op.stream.key, 0, trial))
            values = {
                name: first.sample(4, rng=rng) if isinstance(first, nef.Distribution) else first
                for name, first in op.initial.items()
            }
            expected = op.neuron.start(values, 0.001)
            for name, found in memory.items():
                of_trial = found if batch is None else found[trial]
                assert np.array_equal(of_trial, expected[name])


def test_filters_start_at_rest_and_inputs_and_weights_at_their_values() -> None:
    builder = ProgramBuilder(0.001)
    u = builder.input("u", np.array([1.0, 2.0]))
    builder.filtered("f", Read(u), nef.Alpha(0.1), np.array([3.0, 4.0]))
    builder.filtered("g", Read(u), nef.Lowpass(0.1), 5.0)
    weights = np.arange(6.0).reshape(3, 2)
    weigh = Weigh(builder.signal("w", 3), Read(u), weights)
    builder.op(weigh)
    rest = np.broadcast_to(np.zeros(()), (3, 2))
    for initial in (rest, weights):
        output = builder.signal("rest", 3)
        builder.op(Weigh(output, Read(u), initial, is_rest=True))
    part = Part(nef.RLS(), {}, None, None, {}, {"inverse": np.eye(2)})
    builder.ops.append(Learn(weigh, (part, part), "rule"))
    program = builder.finish()
    for batch in (None, 2):
        lead = () if batch is None else (batch,)
        state = initial_state(program, batch_size=batch, dtype=np.float32)
        assert [s.shape for s in state.signals] == [(*lead, s.size) for s in program.signals]
        found = dict(zip(program.ops, state.ops, strict=True))
        assert all(v.dtype == np.float32 for m in found.values() for v in m.values())
        for op, memory in found.items():
            if isinstance(op, Filter):
                rest_of = states.at_rest(op.form, op.start)
                each = rest_of.reshape(len(rest_of), *[1] * len(lead), -1).astype(np.float32)
                assert memory["z"].shape[1:] == (*lead, 2)
                assert np.array_equal(memory["z"], np.broadcast_to(each, memory["z"].shape))
            elif isinstance(op, Sum):
                expected = np.broadcast_to([1.0, 2.0], (*lead, 2))
                assert not op.is_input or np.array_equal(memory["value"], expected)
                assert op.is_input or memory == {}
            elif isinstance(op, Weigh):
                expected = np.broadcast_to(op.initial.T, (*lead, 2, 3))
                assert np.array_equal(memory["weights"], expected)
                if op.is_rest:
                    assert (memory["in_use"] == (op.initial is weights)).all()
                    assert memory["in_use"].shape == (*lead, 1)
                    assert (states.stored(memory).keys() == memory.keys()) == (not op.is_empty)
                    assert "in_use" in states.stored(memory)
                else:
                    assert states.stored(memory).keys() == {"weights"}
            elif isinstance(op, Learn):
                assert [*memory] == ["0 inverse", "1 inverse"]
                for value in memory.values():
                    assert np.array_equal(value, np.broadcast_to(np.eye(2), (*lead, 2, 2)))


def test_a_snapshot_is_a_copy_that_is_written_back_into_the_same_arrays() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(5, 1, neuron_type=nef.PoissonSpiking(nef.LIFRate()))
    net.connect(net.node(nef.FilteredNoise(nef.Lowpass(0.1)), size_out=1), a)
    net.probe(a, synapse=0.1)
    program = build(net, 0.001, 1).program
    state = initial_state(program, 3, 2)
    for memory in state.ops:
        for value in memory.values():
            value += 1.0
    before = snapshot(state)
    arrays = [value for memory in state.ops for value in memory.values()]
    copies = [value.copy() for value in arrays]
    (processes,) = (running for running in state.running if running)
    of_process = [{**process.state} for process in processes]
    (streams,) = (rngs for rngs in state.rngs if rngs)

    def ahead() -> list[Any]:
        drawn = [rng.random() for rng in streams]
        return drawn + [process(k, 1).tolist() for k, process in enumerate(processes)]

    first = ahead()
    for value in arrays:
        value[...] = -7.0
    later = [{**process.state} for process in processes]
    restore(state, before)
    assert all(map(np.array_equal, arrays, copies))
    assert next(v for memory in state.ops for v in memory.values()) is arrays[0]
    # A back end may refer to the arrays of a process, as far as they have the shape of before.
    for process, now, old in zip(processes, later, of_process, strict=True):
        alike = [name for name in old if now[name].shape == old[name].shape]
        assert "filter" in alike and all(process.state[name] is now[name] for name in alike)
    assert ahead() == first
    restore(state, before)
    for value in arrays:
        value += 2.0
    memories = [value for memory in before[0] for value in memory.values()]
    again = snapshot(state, before)
    written = [value for memory in again[0] for value in memory.values()]
    assert all(new is old for new, old in zip(written, memories, strict=True))
    assert all(map(np.array_equal, written, arrays))
    restore(state, again)
    assert all(np.array_equal(v, old + 2.0) for v, old in zip(arrays, copies, strict=True))
    assert ahead() == first
    restore(state, again)
    for process, old in zip(processes, of_process, strict=True):
        for name, value in old.items():
            process.state[name] = np.zeros((*np.shape(value), 2))  # of another shape
    restore(state, again)
    assert ahead() == first
