"""Facts about the operations of a program that decide how they are compiled.

None of these functions uses the instruction table; :mod:`.plan` calls them.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np

from nefsim.backends.compiled.cells import CELL_OF
from nefsim.backends.compiled.expressions import factors
from nefsim.backends.compiled.opcodes import LINE, LONG_INPUT
from nefsim.filtering import StateSpace
from nefsim.learning import RLS
from nefsim.neurons import (
    LIF,
    AdaptiveLIF,
    AdaptiveLIFRate,
    DiscreteLIF,
    InverseLIF,
    NeuronType,
    RegularSpiking,
    SpikingRectifiedLinear,
)
from nefsim.program import Filter, Learn, Neurons, Op, Program, Read, State, Sum, Term, Weigh

#: A term with this many outputs per input or more is summed column by column.
TALL = 4

#: Neuron types that are no single cell: with a separate function in the kernel, or several rows.
NOT_CELLS = (
    *(LIF, AdaptiveLIF, AdaptiveLIFRate, DiscreteLIF, InverseLIF),
    *(SpikingRectifiedLinear, RegularSpiking),
)


def steps_compiled(neuron: NeuronType) -> bool:
    """Whether the interpreter steps a neuron type; other types are stepped in NumPy."""
    if type(neuron) is RegularSpiking:
        rates = type(neuron.base_type)
        return rates is AdaptiveLIFRate or (rates in CELL_OF and not rates.spiking)
    return type(neuron) in CELL_OF or type(neuron) in NOT_CELLS


def learns_compiled(program: Program, op: Learn) -> bool:
    """Whether the interpreter applies all rules of these weights; others run in Python.

    A rule with a decay reads the weights and must read them unchanged, so at most one may.
    """
    n = len(op.learned.initial)
    decays = 0
    for part in op.parts:
        vectors = factors(program, part, n)
        if vectors is None and type(part.rule) is not RLS:
            return False
        decays += vectors is not None and vectors.decay is not None
    return decays <= 1


def is_compiled(program: Program, op: Op) -> bool:
    """Whether the interpreter runs an operation."""
    if isinstance(op, Neurons):
        return steps_compiled(op.neuron)
    if isinstance(op, Learn):
        return learns_compiled(program, op)
    return isinstance(op, (Sum, Filter, Weigh))


def is_step_counter(op: Op, name: str) -> bool:
    """Whether a memory is the step counter of inverse LIF neurons, one number for all of them."""
    return isinstance(op, Neurons) and type(op.neuron) is InverseLIF and name == "steps_done"


def is_tall(matrix: Any) -> bool:
    """Whether a matrix is multiplied column by column rather than row by row."""
    n, m = np.shape(matrix)
    return bool(n >= TALL * m or n >= LINE)


def encodes(term: Term, n: int, of_any_length: bool = False) -> bool:
    """Whether a term is a matrix of columns over the whole output, as in ``bias + E @ x``.

    Its input is short, or ``of_any_length``.
    """
    if term.rows is not None or hasattr(term.matrix, "tocsr") or np.ndim(term.matrix) != 2:
        return False
    is_long = not of_any_length and np.shape(term.matrix)[1] >= LONG_INPUT and n >= LINE
    return not isinstance(term.read.columns, np.ndarray) and not is_long and is_tall(term.matrix)


def is_copy(op: Op) -> bool:
    """Whether a sum only copies the elements that it reads."""
    if not isinstance(op, Sum) or op.offset is not None or len(op.terms) != 1:
        return False
    term = op.terms[0]
    identity = term.matrix is None or (np.ndim(term.matrix) == 0 and term.matrix == 1.0)
    return bool(identity) and term.rows is None and not isinstance(term.read.columns, np.ndarray)


def is_lowpass(op: Filter) -> bool:
    """Whether a filter is of first order with a single coefficient of its input."""
    return not isinstance(op.form, StateSpace) and [*map(len, op.form)] == [1, 2]


def analytic_lif_outputs(program: Program, state: State) -> set[int]:
    """Spike outputs of populations whose exact LIF step needs no logarithm."""
    return {
        op.output
        for op, memory in zip(program.ops, state.ops, strict=True)
        if isinstance(op, Neurons)
        and isinstance(op.neuron, (LIF, AdaptiveLIF))
        and "refractory_factor" in memory
    }


def copies(program: Program, materialized: Set[int]) -> dict[int, Read]:
    """Signals that are copies, each with the read that it copies."""
    return {
        op.output: op.terms[0].read
        for op in program.ops
        if isinstance(op, Sum) and op.output not in materialized and is_copy(op)
    }


def fused_currents(program: Program, analytic: Set[int], materialized: Set[int]) -> dict[int, int]:
    """Currents that an LIF population computes within its step, with the index of its operation.

    Only this population reads them, and they are the sum of biases and one encoded value.
    """
    currents = {
        op.current: i
        for i, op in enumerate(program.ops)
        if isinstance(op, Neurons) and op.output in analytic and type(op.neuron) is LIF
    }
    return {
        op.output: currents[op.output]
        for op in program.ops
        if isinstance(op, Sum)
        and op.output in currents
        and len(op.terms) == 1
        and op.offset is not None
        and encodes(op.terms[0], program.signals[op.output].size, True)
        and op.terms[0].read.signal not in analytic  # spikes are added one by one
        and op.output not in materialized
        and program.n_readers[op.output] == 1
    }


def accumulators(program: Program, materialized: Set[int]) -> dict[int, int]:
    """Currents of inverse LIF neurons that are sums of spikes, with the index of the operation.

    Such spikes are added to the memory ``accumulated``; the currents are not computed.
    """
    spiking = {
        op.output
        for op in program.ops
        if isinstance(op, Neurons) and steps_compiled(op.neuron) and op.neuron.spiking
    }
    sums = {op.output: op for op in program.ops if isinstance(op, Sum)}
    return {
        op.current: i
        for i, op in enumerate(program.ops)
        if isinstance(op, Neurons)
        and type(op.neuron) is InverseLIF
        and not op.neuron.samples
        and op.current not in materialized
        and program.n_readers[op.current] == 1
        and op.current in sums
        and _only_spikes(sums[op.current], spiking)
    }


def _only_spikes(op: Sum, spiking: Set[int]) -> bool:
    return not np.any(op.offset) and all(
        term.read.signal in spiking
        and term.read.columns is None
        and not term.read.delay
        and term.rows is None
        and (np.ndim(term.matrix) == 2 or hasattr(term.matrix, "tocsc"))
        for term in op.terms
    )
