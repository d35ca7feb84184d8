"""Translate populations of neurons to rows of the instruction table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nefsim.backends.compiled import cells
from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.analysis import cells_of, spikes_from_rates
from nefsim.backends.compiled.emit.cells import emit_cell
from nefsim.backends.compiled.emit.driven import emit_driven
from nefsim.backends.compiled.emit.padding import padded
from nefsim.backends.compiled.emit.spikes import place_values
from nefsim.backends.compiled.table import Address, Table, in_columns
from nefsim.neurons import (
    LIF,
    AdaptiveLIF,
    AdaptiveLIFRate,
    DiscreteLIF,
    InverseLIF,
    NeuronType,
    RectifiedLinear,
)
from nefsim.neurons.discrete import ACTIVATIONS, LEAK_SLOPE
from nefsim.neurons.lif import step_factors
from nefsim.program import Neurons, Sum


def emit_neurons(table: Table, op: Neurons, memory: dict[str, int]) -> None:
    """Add the rows of one population."""
    neuron, n = op.neuron, table.program.signals[op.output].size
    out, J = table.addresses[op.output], table.addresses[op.current]
    if not neuron.spiking:
        _rates(table, op, n, out, J, memory)
    else:
        _spikes(table, op, n, out, J, memory)
    for name, signal in op.observed:
        _observe(table, neuron, n, table.addresses[signal], memory, name)


def _spikes(
    table: Table,
    op: Neurons,
    n: int,
    out: Address,
    J: Address,
    memory: dict[str, int],
) -> None:
    neuron: Any = op.neuron
    last = spikes_from_rates(neuron)
    if isinstance(neuron, (LIF, AdaptiveLIF)):
        _lif(table, op, n, out, J, memory)
        return
    if cells_of(neuron):
        *rates, cell = cells_of(neuron)
        base = getattr(neuron, "base_type", RectifiedLinear())
        emit_cell(table, op, (cell, neuron), J, memory, (rates[0], base) if rates else None)
    elif last is not None:  # the base type adapts
        net = _minus_adaptation(table, n, J, memory)
        adapting = neuron.base_type
        emit_cell(table, op, (last, neuron), net, memory, (cells.LIF_RATE, adapting))
        _adapt(table, adapting, n, (memory["rate_out"], 0), memory)
    elif isinstance(neuron, DiscreteLIF):
        _discrete(table, k.DISCRETE, neuron, n, out, J, memory, table.spike_list(op.output, n))
    else:
        assert isinstance(neuron, InverseLIF)
        _inverse(table, op, neuron, n, out, J, memory, table.spike_list(op.output, n))


def _constants(numbers: Mapping[int, float]) -> list[float]:
    """An array of constants from their values by index; others are 0."""
    return [numbers.get(i, 0.0) for i in range(k.AFTER_CONSTANTS)]


def _lif(
    table: Table, op: Neurons, n: int, out: Address, J: Address, memory: dict[str, int]
) -> None:
    neuron: Any = op.neuron
    dt, tau_rc, tau_ref = table.program.dt, neuron.tau_rc, neuron.tau_ref
    low, pulse, v = neuron.min_voltage, neuron.amplitude / dt, memory["voltage"]
    adapts = isinstance(neuron, AdaptiveLIF)
    if adapts:
        J = _minus_adaptation(table, n, J, memory)
    if "refractory_factor" in memory:
        factors = step_factors(tau_rc, tau_ref, dt)
        differ = any(np.ndim(factor) for factor in factors)
        numbers = {k.LIF_LOWEST: low, k.LIF_PULSE: pulse, k.LIF_ONE: 1.0}
        if not differ:
            numbers |= dict(zip((k.LIF_DECAY, k.LIF_REFRACTORY), factors, strict=True))
            numbers[k.LIF_LEAST] = _least_quotient(tau_rc, tau_ref, dt, table.dtype)
        constants: list[Any] = [_constants(numbers)]
        more = -n % table.lanes
        if differ:
            constants += [padded(np.broadcast_to(factor, n), more) for factor in factors]
        m = 0
        if op.current in table.plan.fused_currents:
            fused = table.program.ops[table.program.writer[op.current]]
            assert isinstance(fused, Sum)
            (term,) = fused.terms
            J, m = table.address(term.read), table.program.size(term.read)
            if m >= k.WIDE:
                _wide(table, op, J, m, constants, differ, memory)
                return
            assert fused.offset is not None
            encoders = padded(term.matrix, more, 0)
            constants += [padded(fused.offset, more), in_columns(encoders)]
        bits = table.spike_bits(op.output, n, pulse)
        offsets = {"S": v, "STATE_2": memory["refractory_factor"], "X": bits}
        if table.program.writer[op.output] in table.plan.drives:
            emit_driven(table, op, constants, PER_NEURON=int(differ), **offsets)
            return
        scratch = table.allocate(0 if m else n)
        is_plain = m > 0 and not differ and not op.observed and low == 0.0
        if is_plain and table.compact_flags is not None and table.dtype.type(factors[0]) < 1.0:
            constants[0][k.LIF_COMPACT] = 1.0
            scratch = table.compact_flags + table.program.writer[op.output]
        c = table.constant(*constants)
        columns = {"ENCODERS": m, "PER_NEURON": int(differ), "SCRATCH": scratch, **offsets}
        if op.output in table.plan.bits_only:
            out = -1, 0
        table.op(k.LIF, out, n, J, C=c, **columns)
    else:
        euler = isinstance(neuron, LIF) and neuron.method == "euler"
        cell = cells.LIF_EULER if euler else cells.LIF_LOG
        emit_cell(table, op, (cell, neuron), J, memory)
    if adapts:
        _adapt(table, neuron, n, out, memory)


def _least_quotient(tau_rc: float, tau_ref: float, dt: float, dtype: np.dtype[Any]) -> float:
    """The quotient of a spike from which on the neuron is refractory for the whole next step.

    Larger by some last digits than in exact numbers; 0 if a spike at the start of a step has a
    smaller one, as it has where the refractory time is less than two steps.
    """
    if tau_ref < 2 * dt * (1 - 1e-9):
        return 0.0
    return math.exp((dt - tau_ref) / tau_rc) * (1 + 8 * float(np.finfo(dtype).eps))


def _wide(
    table: Table,
    op: Neurons,
    source: Address,
    m: int,
    constants: list[Any],
    differ: bool,
    memory: dict[str, int],
) -> None:
    """Add the rows of a population of 12 dimensions or more; see :mod:`..kernel.wide`."""
    current = table.program.ops[table.program.writer[op.current]]
    assert isinstance(current, Sum) and current.offset is not None
    n, panel = len(current.offset), k.PANEL // table.dtype.itemsize
    matrix = np.asarray(current.terms[0].matrix)
    bias = np.pad(current.offset, (0, -n % panel))
    rows = np.pad(matrix, ((0, -n % panel), (0, 0))).reshape(-1, panel, m)
    c = table.constant(*constants, bias, rows.swapaxes(1, 2))
    neuron: Any = op.neuron
    steps = k.TILE * (m + -m % k.LINE) + k.STEPS_AT_ONCE * k.PANELS * panel
    bits = table.spike_bits(op.output, n, neuron.amplitude / table.program.dt)
    table.op(
        k.WIDE_LIF,
        table.addresses[op.output],
        n,
        source,
        C=c,
        ENCODERS=m,
        PER_NEURON=int(differ),
        SCRATCH=table.allocate(steps + 2 * k.LINE + m + len(bias)),
        S=memory["voltage"],
        STATE_2=memory["refractory_factor"],
        X=bits,
    )


def _discrete(
    table: Table,
    kind: int,
    neuron: DiscreteLIF,
    n: int,
    out: Address,
    J: Address,
    memory: dict[str, int],
    lists: dict[str, int],
) -> None:
    dtype = table.dtype
    numbers = {
        k.DISCRETE_PULSE: neuron.amplitude / table.program.dt,
        k.DISCRETE_ACTIVATION: ACTIVATIONS.index(neuron.activation),
        k.DISCRETE_SUBTRACTS: neuron.reset == "subtract",
        k.DISCRETE_IS_UNIFORM: np.ndim(neuron.decay) == np.ndim(neuron.scale) == 0,
        k.DISCRETE_SLOPE: LEAK_SLOPE if neuron.activation == "leaky_relu" else 0.0,
        k.DISCRETE_HALF: 0.5,
        k.DISCRETE_ONE: 1.0,
    }
    decay, scale, threshold = (
        np.full(n, x, dtype) for x in (neuron.decay, neuron.scale, neuron.threshold)
    )
    above = threshold
    if neuron.threshold_rule == ">=":  # v >= x is v > y with y the next smaller number
        above = np.nextafter(threshold, dtype.type(-np.inf))
    # The neurons that pad the last cache line never fire.
    above = np.pad(above, (0, -n % k.LINE), constant_values=np.inf)
    c = table.constant(_constants(numbers), decay, scale, threshold, above)
    table.op(kind, out, n, J, C=c, S=memory["voltage"], **lists)


def _inverse(
    table: Table,
    op: Neurons,
    neuron: InverseLIF,
    n: int,
    out: Address,
    J: Address,
    memory: dict[str, int],
    lists: dict[str, int],
) -> None:
    numbers = {
        k.INVERSE_PULSE: neuron.amplitude / table.program.dt,
        k.INVERSE_FACTOR: neuron.factor,
        k.INVERSE_N_STEPS: neuron.n_steps,
        k.INVERSE_PERIOD: neuron.period,
        k.INVERSE_RELEASE_AT: neuron.release_at,
        k.INVERSE_SAMPLES: neuron.samples,
        k.INVERSE_ONE: 1.0,
    }
    # The neurons that pad the last cache line never reach their threshold.
    threshold = np.pad(np.full(n, neuron.threshold), (0, -n % k.LINE), constant_values=1.0)
    offset = np.full(n, neuron.offset)
    c = table.constant(_constants(numbers), threshold, offset, place_values(neuron))
    v, a, done = (memory[name] for name in ("voltage", "accumulated", "steps_done"))
    has_currents = int(op.current not in table.plan.accumulators)
    columns = {"S": v, "STATE_2": a, "STEPS_DONE": done, "HAS_CURRENTS": has_currents, **lists}
    table.op(k.INVERSE_LIF, out, n, J, C=c, **columns)


def _minus_adaptation(table: Table, n: int, J: Address, memory: dict[str, int]) -> Address:
    net = table.scratch(n)
    table.op(k.SUBTRACT_STATE, net, n, J, S=memory["adaptation"])
    return net


def _adapt(table: Table, neuron: Any, n: int, out: Address, memory: dict[str, int]) -> None:
    c = table.constant([table.program.dt / neuron.tau_n, neuron.inc_n])
    table.op(k.ADAPT, out, n, out, C=c, S=memory["adaptation"])


def _rates(
    table: Table, op: Neurons, n: int, out: Address, J: Address, memory: dict[str, int]
) -> None:
    neuron = op.neuron
    if isinstance(neuron, AdaptiveLIFRate):
        emit_cell(table, op, (cells.LIF_RATE, neuron), _minus_adaptation(table, n, J, memory), {})
        _adapt(table, neuron, n, out, memory)
    elif isinstance(neuron, DiscreteLIF):
        _discrete(table, k.DISCRETE_SMOOTH, neuron, n, out, J, memory, {})
    else:
        emit_cell(table, op, (cells.CELL_OF[type(neuron)], neuron), J, memory)


def _observe(
    table: Table, neuron: NeuronType, n: int, out: Address, memory: dict[str, int], name: str
) -> None:
    """Add rows that copy a state variable in the form that a probe records."""
    if name == "steps_done":  # one number for all neurons
        index = table.index(np.zeros(n))
        table.op(k.GATHER, out, n, (memory[name], 0), X=index)
    elif name != "refractory_time":
        table.op(k.SCALE, out, n, (memory[name], 0), C=table.constant(1.0), M=n, SET=1)
    elif name in memory:
        table.op(k.RECTIFY, out, n, (memory[name], 0))
    else:
        tau_rc = table.constant(np.full(n, getattr(neuron, "tau_rc", 0.0)))
        table.op(k.LOGARITHM, out, n, (memory["refractory_factor"], 0), C=tau_rc)
