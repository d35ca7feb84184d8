"""Functions that decide how the interpreter runs each operation of a program.

:mod:`.plan` calls them before the instruction table is made.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np

from nefsim.backends.compiled.cells import (
    CELL_OF,
    POISSON,
    RECTIFIED,
    STOCHASTIC,
    WHOLE_SPIKES,
    Cell,
)
from nefsim.backends.compiled.draws import can_draw
from nefsim.backends.compiled.expressions import factors
from nefsim.backends.compiled.opcodes import LINE, LONG_INPUT
from nefsim.filtering import Form, StateSpace
from nefsim.learning import RLS
from nefsim.neurons import (
    LIF,
    AdaptiveLIF,
    AdaptiveLIFRate,
    DiscreteLIF,
    InverseLIF,
    NeuronType,
    PoissonSpiking,
    RegularSpiking,
    SpikingRectifiedLinear,
    StochasticSpiking,
)
from nefsim.processes import FilteredNoise, WhiteNoise
from nefsim.program import Filter, Learn, Neurons, Op, Play, Program, Read, State, Sum, Term, Weigh
from nefsim.sampling import Gaussian

#: A term with this many outputs per input or more is summed column by column.
TALL = 4

#: Neuron types that are not only cells: with a separate function in the kernel, or several rows.
NOT_CELLS = (*(LIF, AdaptiveLIF, AdaptiveLIFRate, DiscreteLIF, InverseLIF),)

#: The last cells of neuron types that make spikes from the rates of another type.
SPIKES_FROM_RATES: dict[type[Any], Cell] = {
    RegularSpiking: WHOLE_SPIKES,
    PoissonSpiking: POISSON,
    StochasticSpiking: STOCHASTIC,
}


def steps_compiled(neuron: NeuronType) -> bool:
    """Whether the interpreter steps a neuron type; other types are stepped in NumPy."""
    adapts = type(getattr(neuron, "base_type", None)) is AdaptiveLIFRate
    if spikes_from_rates(neuron) is not None and adapts:
        return True
    return type(neuron) in NOT_CELLS or bool(cells_of(neuron))


def spikes_from_rates(neuron: NeuronType) -> Cell | None:
    """The cell of a neuron type that makes spikes from rates, None for any other type.

    A subclass that changes neither the step nor the numbers of spikes has the same cell.
    """
    kind: Any = type(neuron)
    for base, cell in SPIKES_FROM_RATES.items():
        if isinstance(neuron, base) and kind.step is base.step and kind._spikes is base._spikes:
            return cell if can_draw() or not cell.draws else None
    return None


def cells_of(neuron: NeuronType) -> tuple[Cell, ...]:
    """The cells of a neuron type that is stepped by cells alone, each on the output of the last.

    Empty for any other type.
    """
    if type(neuron) is SpikingRectifiedLinear:
        return RECTIFIED, WHOLE_SPIKES
    last = spikes_from_rates(neuron)
    if last is not None:
        assert isinstance(neuron, (RegularSpiking, PoissonSpiking, StochasticSpiking))
        base = CELL_OF.get(type(neuron.base_type))
        return () if base is None or base.state else (base, last)
    return (CELL_OF[type(neuron)],) if type(neuron) in CELL_OF else ()


def decoded_terms(program: Program) -> dict[int, list[Term]]:
    """Terms of sums that a population stepped by cells computes itself, by its operation.

    These are products of its whole output with a few rows of decoders.
    """
    populations = {
        op.output: i
        for i, op in enumerate(program.ops)
        if isinstance(op, Neurons)
        if cells_of(op.neuron)
    }
    terms: dict[int, list[Term]] = {}
    for op in program.ops:
        for term in op.terms if isinstance(op, Sum) else ():
            read, matrix = term.read, term.matrix
            is_whole = read.signal in populations and read.columns is None and not read.delay
            is_dense = not hasattr(matrix, "tocsr") and np.ndim(matrix) == 2
            if is_whole and is_dense and np.shape(matrix)[0] < LINE:
                terms.setdefault(populations[read.signal], []).append(term)
    return terms


def learns_compiled(program: Program, op: Learn) -> bool:
    """Whether the interpreter can apply all rules of these weights; else they run in Python.

    At most one rule may have a decay, since a decay must read weights that no rule has changed.
    """
    n = len(op.learned.initial)
    decays = 0
    for part in op.parts:
        vectors = factors(program, part, n)
        if vectors is None and type(part.rule) is not RLS:
            return False
        decays += vectors is not None and vectors.decay is not None
    return decays <= 1


def draws_compiled(op: Play, dt: float) -> bool:
    """Whether the interpreter draws the values of a process: Gaussian noise, little filtered."""
    process: Any = op.process
    if type(process) not in (WhiteNoise, FilteredNoise) or type(process.dist) is not Gaussian:
        return False
    synapse: Any = getattr(process, "synapse", None)
    return can_draw() and (synapse is None or is_first_order(synapse.form(dt)))


def is_compiled(program: Program, op: Op) -> bool:
    """Whether the interpreter runs an operation."""
    if isinstance(op, Neurons):
        return steps_compiled(op.neuron)
    if isinstance(op, Learn):
        return learns_compiled(program, op)
    if isinstance(op, Play):
        return draws_compiled(op, program.dt)
    return isinstance(op, (Sum, Filter, Weigh))


def is_step_counter(op: Op, name: str) -> bool:
    """Whether a state variable is the step counter that inverse LIF neurons share."""
    return isinstance(op, Neurons) and type(op.neuron) is InverseLIF and name == "steps_done"


def is_tall(matrix: Any) -> bool:
    """Whether to multiply a matrix column by column rather than row by row."""
    n, m = np.shape(matrix)
    return bool(n >= TALL * m or n >= LINE)


def encodes(term: Term, n: int, of_any_length: bool = False) -> bool:
    """Whether a term is a product over the whole output, column by column, as ``E @ x``.

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
    return is_first_order(op.form)


def is_first_order(form: Form) -> bool:
    """Whether a filter is of first order with a single coefficient of its input."""
    return not isinstance(form, StateSpace) and [*map(len, form)] == [1, 2]


def analytic_lif_outputs(program: Program, state: State) -> set[int]:
    """Spike outputs of LIF populations that are stepped exactly, without a logarithm."""
    return {
        op.output
        for op, memory in zip(program.ops, state.ops, strict=True)
        if isinstance(op, Neurons)
        and isinstance(op.neuron, (LIF, AdaptiveLIF))
        and "refractory_factor" in memory
    }


def copies(program: Program, materialized: Set[int]) -> dict[int, Read]:
    """Signals that only copy a read, mapped to that read; copies are not computed."""
    return {
        op.output: op.terms[0].read
        for op in program.ops
        if isinstance(op, Sum) and op.output not in materialized and is_copy(op)
    }


def fused_currents(program: Program, analytic: Set[int], materialized: Set[int]) -> dict[int, int]:
    """Currents that a population computes within its step, with the index of its operation.

    Such currents are biases plus one encoded vector, and only this population reads them.
    """
    exact = {
        op.current
        for op in program.ops
        if isinstance(op, Neurons) and op.output in analytic and type(op.neuron) is LIF
    }
    currents = {
        op.current: i
        for i, op in enumerate(program.ops)
        if isinstance(op, Neurons) and (op.current in exact or cells_of(op.neuron))
    }
    return {
        op.output: currents[op.output]
        for op in program.ops
        if isinstance(op, Sum)
        and op.output in currents
        and len(op.terms) == 1
        and op.offset is not None
        and encodes(op.terms[0], program.signals[op.output].size, op.output in exact)
        and op.terms[0].read.signal not in analytic  # spikes are added one by one
        and op.output not in materialized
        and program.n_readers[op.output] == 1
    }


def accumulators(program: Program, materialized: Set[int]) -> dict[int, int]:
    """Currents of inverse LIF neurons that are sums of spikes, mapped to the operation.

    They are not computed; the spikes are added to the state variable ``accumulated``.
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
