"""The row of a population that is stepped by cells: currents, rates, step and decoding."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.cells import KINDS, Cell
from nefsim.backends.compiled.table import Address, Table, in_columns
from nefsim.neurons import NeuronType
from nefsim.program import Neurons, Sum

#: A cell, and the neuron that its constants are read from.
Part = tuple[Cell, NeuronType]


def emit_cell(
    table: Table,
    op: Neurons,
    part: Part,
    J: Address,
    memory: dict[str, int],
    rates: Part | None = None,
) -> None:
    """The row of a population with currents ``J``, or rates that another cell computes from them.

    If the plan says so, the population computes its currents, and values that are decoded from
    its output.
    """
    cell, neuron = part
    out, n = table.addresses[op.output], table.program.signals[op.output].size
    constants: list[Any] = []
    m = 0
    if op.current in table.plan.fused_currents:
        fused = table.program.ops[table.program.writer[op.current]]
        assert isinstance(fused, Sum)
        (term,) = fused.terms
        J, m = table.address(term.read), table.program.size(term.read)
        constants += [fused.offset, in_columns(np.asarray(term.matrix))]
    decoded, n_decoded = _decoded(table, op, constants)
    own = _of_strips(table, part, n)
    first = [] if rates is None else _of_strips(table, rates, n)
    size = [sum(map(len, strips[:1])) for strips in (own, first)]
    constants += [row for rows in zip(own, first or [[]] * len(own), strict=True) for row in rows]
    kind = 0 if rates is None else KINDS[rates[0]]
    generator, work = table.generator(op.output, 2 * k.STRIP + 1) if cell.draws else (0, 0)
    draws = [int(cell.draws), generator, work]
    layout = table.index([kind, sum(size), size[0], decoded, n_decoded, *draws])
    state = dict(zip(("S", "STATE_2"), (memory[name] for name in cell.state), strict=False))
    if rates is not None:
        state["STATE_2"] = memory["rate_out"] if "rate_out" in memory else table.allocate(n)
    scratch = table.allocate(min(n, k.STRIP))
    c = table.constant(*constants)
    table.op(KINDS[cell], out, n, J, C=c, ENCODERS=m, LAYOUT=layout, SCRATCH=scratch, **state)
    if neuron.spiking:
        table.spiking.add(op.output)


def _decoded(table: Table, op: Neurons, constants: list[Any]) -> tuple[int, int]:
    """Offset and number of the values that a population decodes; adds the decoders."""
    terms = table.plan.decoded.get(table.program.writer[op.output], ())
    rows = [np.asarray(term.matrix) for term in terms]
    total = sum(map(len, rows))
    offset = table.allocate(total * (table.plan.length + 1))
    start = offset
    for term, matrix in zip(terms, rows, strict=True):
        table.decoded[term] = start, total
        start += len(matrix)
        constants.append(in_columns(matrix.T))
    return offset, total


def _of_strips(table: Table, part: Part, n: int) -> list[Any]:
    """The constants of a cell for each strip: numbers, and arrays of whole cache lines.

    Neurons that pad the last line have the constants of the last neuron.
    """
    cell, neuron = part
    dt = table.program.dt
    numbers = np.zeros(k.AFTER_CONSTANTS)
    values = cell.constants(neuron, dt)
    numbers[: len(values)] = values
    each = [np.broadcast_to(value, n) for value in cell.each(neuron, dt)]
    each = [np.pad(array, (0, -n % k.LINE), mode="edge") for array in each]
    return [
        np.concatenate([numbers, *(array[first : first + k.STRIP] for array in each)])
        for first in range(0, n, k.STRIP)
    ]
