"""Translate sums to rows of the instruction table, for encoding, decoding and summed inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.analysis import encodes, is_tall
from nefsim.backends.compiled.driving import Drive
from nefsim.backends.compiled.emit.padding import padded
from nefsim.backends.compiled.emit.spikes import emit_events, place_values, spike_list
from nefsim.backends.compiled.table import Address, Table
from nefsim.neurons import InverseLIF
from nefsim.program import Neurons, Read, Sum, Term


def emit_sum(table: Table, op: Sum, memory: dict[str, int]) -> None:
    """Add rows for ``output = offset + sum of terms``; none for a copy or a fused current."""
    if op.is_input:
        if op.output in table.plan.materialized:
            out, n = table.addresses[op.output], table.program.signals[op.output].size
            one = table.number(1.0)
            table.op(k.SCALE, out, n, (memory["value"], 0), C=one, M=n, SET=1)
    elif op.output in table.plan.accumulators:
        _accumulate(table, op, table.plan.accumulators[op.output])
    elif table.program.writer[op.output] in table.plan.drive_of:
        _drive(table, op, table.plan.drive_of[table.program.writer[op.output]])
    elif _is_computed(table, op):
        _sum(table, op)


def _is_computed(table: Table, op: Sum) -> bool:
    """Whether a sum has rows; not so a copy, a fused current, parts in place, or nothing."""
    plan = table.plan
    if op.output in plan.copies or op.output in plan.fused_currents:
        return False
    if table.program.writer[op.output] in plan.parts.joined:
        return False
    return bool(op.terms) or op.offset is not None or op.output in plan.materialized


def _drive(table: Table, op: Sum, drive: Drive) -> None:
    """Add spikes to the input of a filter, which its population has set to 0."""
    out, n = table.addresses[op.output], table.program.signals[op.output].size
    for term in op.terms:
        if drive.slots:
            emit_events(table, term, out, n, slots=drive.slots)
        else:
            _term(table, term, out, n, 0)


def _sum(table: Table, op: Sum) -> None:
    out, n = table.addresses[op.output], table.program.signals[op.output].size
    if table.program.writer[op.output] in table.plan.tiled and n >= k.LINE:
        for i, term in enumerate(op.terms):
            _rows_of_tile(table, term, out, n, int(i == 0))
        return
    terms = undriven(table, op)
    if len(terms) < len(op.terms) and not terms:
        return  # the population adds these terms to the offset, in its step
    # A tiled population writes spike bits, and no values that a matrix could multiply.
    encoded = terms and encodes(terms[0], n) and not table.has_spikes(terms[0].read)
    first = None if op.offset is not None else _first_writers(table, terms, n)
    if op.offset is not None and encoded:
        term = terms.pop(0)
        c = table.columns(np.asarray(term.matrix), op.offset)
        m = table.program.size(term.read)
        table.op(k.AFFINE, out, n, table.address(term.read), C=c, M=m)
    elif op.offset is not None:
        table.op(k.FILL, out, n, C=table.constant(op.offset), M=1)
    elif first is None:
        table.op(k.FILL, out, n)
    if first is not None and len(terms) > 1 and all(_is_few(table, term) for term in terms):
        _collect(table, terms, first, out, n)
        return
    if first is None:
        first = [False] * len(terms)
    for term, overwrites in zip(terms, first, strict=True):
        _term(table, term, out, n, int(overwrites))


def _is_few(table: Table, term: Term) -> bool:
    """Whether a term is few adjacent numbers, times one factor."""
    few = term.matrix is None or np.ndim(term.matrix) == 0
    is_range = not any(isinstance(index, np.ndarray) for index in (term.rows, term.read.columns))
    return few and is_range and table.program.size(term.read) < k.LINE


def _collect(
    table: Table, terms: Sequence[Term], first: Sequence[bool], out: Address, n: int
) -> None:
    """One row for a sum of few numbers, such as the vector of inputs of a population."""
    numbers: list[tuple[int, int, int, bool]] = []
    factors: list[float] = []
    for term, overwrites in zip(terms, first, strict=True):
        offset, stride = table.address(term.read)
        target = range(n)[term.rows or slice(None)]
        assert isinstance(target, range)
        size = table.program.size(term.read)
        numbers += [(offset + j, stride, target[j], overwrites) for j in range(size)]
        factors += [1.0 if term.matrix is None else float(term.matrix)] * size
    assert len(numbers[0]) == k.COLLECTED
    c, x = table.constant(factors), table.index(numbers)
    table.op(k.COLLECT, out, n, C=c, X=x, M=len(numbers))


def _first_writers(table: Table, terms: Sequence[Term], n: int) -> list[bool] | None:
    """Which terms are the first to write their elements; None if not all elements are written."""
    if terms and terms[0].rows is None:
        return [True] + [False] * (len(terms) - 1)
    written, first = np.zeros(n, bool), []
    for term in terms:
        if not isinstance(term.rows, slice) or table.has_events(term):
            return None
        before = written[term.rows]
        if before.any() and not before.all():
            return None
        first.append(not before.all())
        written[term.rows] = True
    return first if written.all() else None


def _rows_of_tile(table: Table, term: Term, out: Address, n: int, overwrite: int) -> None:
    """Sums of the rows of neurons that fired, for a tile of steps; see :mod:`..kernel.tiles`.

    Decoders are stored in panels of columns, whose sums stay in the cache.
    """
    signal = term.read.signal
    matrix = np.asarray(term.matrix).T * table.bits[signal][1]
    m, register = len(matrix), k.PANEL // 2 // table.dtype.itemsize
    columns = padded(matrix, 0, -n % register)
    width = k.REGISTERS * register
    panels = [columns[:, i : i + width].ravel() for i in range(0, n, width)]
    steps, sums = table.steps_of_spikes(signal), table.allocate(k.TILE * width)
    c = table.constant(np.concatenate(panels))
    table.op(k.ROWS_OF_TILE, out, n, C=c, X=steps, M=m, SCRATCH=sums, SET=overwrite)


def _accumulate(table: Table, op: Sum, population: int) -> None:
    """Add rows that add spikes to the state variable of a population of inverse LIF neurons."""
    neurons, memory = table.program.ops[population], table.memories[population]
    assert isinstance(neurons, Neurons) and isinstance(neurons.neuron, InverseLIF)
    out, n = (memory["accumulated"], 0), table.program.signals[op.output].size
    values = place_values(neurons.neuron)
    for term in op.terms:
        emit_events(table, term, out, n, memory["steps_done"], values)


def undriven(table: Table, op: Sum) -> list[Term]:
    """The terms of a sum without those that a population adds in its step."""
    return [term for term in op.terms if id(term) not in table.plan.driven_terms]


def _term(table: Table, term: Term, out: Address, n: int, overwrite: int) -> None:
    """``out = ...`` or ``out += ...``; scattered elements are computed in a scratch row first."""
    if table.has_events(term) and not isinstance(term.rows, np.ndarray):
        if overwrite:
            table.op(k.FILL, out, n)
        start, stop, _ = (term.rows or slice(None)).indices(n)
        emit_events(table, term, (out[0] + start, out[1]), stop - start)
        return
    source, m = table.source(term.read)
    if term.rows is None:
        _product(table, term, out, n, source, m, overwrite)
    elif isinstance(term.rows, slice):
        start, stop = term.rows.start, term.rows.stop
        _product(table, term, (out[0] + start, out[1]), stop - start, source, m, overwrite)
    else:
        size = len(term.rows)
        scratch = table.scratch(size)
        _product(table, term, scratch, size, source, m, 1)
        table.op(k.SCATTER, out, n, scratch, X=table.index(term.rows), M=size)


def _product(
    table: Table, term: Term, out: Address, n: int, source: Address, m: int, overwrite: int
) -> None:
    matrix = term.matrix
    if term in table.decoded:  # the population has multiplied it
        decoded = table.decoded[term]
        table.op(k.SCALE, out, n, decoded, C=table.number(1.0), M=n, SET=overwrite)
    elif hasattr(matrix, "tocsr"):
        _sparse(table, term, out, n, source, overwrite)
    elif matrix is None or np.ndim(matrix) == 0:
        c = table.number(1.0 if matrix is None else matrix)
        table.op(k.SCALE, out, n, source, C=c, M=m, SET=overwrite)
    elif np.ndim(matrix) == 1:
        table.op(k.DIAGONAL, out, n, source, C=table.constant(matrix), M=m, SET=overwrite)
    elif table.has_spikes(term.read):
        _of_spikes(table, term.read, np.asarray(matrix), out, n, source, overwrite)
    elif m >= k.LONG_INPUT and n >= k.LINE:
        last = table.allocate(m + -m % k.LINE + n)
        c = table.columns(matrix)
        table.op(k.REPEATED_INPUT, out, n, source, C=c, M=m, S=last, SET=overwrite)
    elif is_tall(matrix):
        table.op(k.COLUMNS, out, n, source, C=table.columns(matrix), M=m, SET=overwrite)
    else:
        table.op(k.ROWS, out, n, source, C=table.constant(matrix), M=m, SET=overwrite)


def _of_spikes(
    table: Table,
    read: Read,
    matrix: NDArray[np.float64],
    out: Address,
    n: int,
    source: Address,
    overwrite: int,
) -> None:
    """Add a row for a product with spikes.

    Few outputs are computed from spike bits.  Many outputs are the sum of the columns of the
    neurons that fired.
    """
    if n < k.LINE and read.signal in table.bits:
        bits, pulse = table.bits[read.signal]
        lines = -(-matrix.shape[1] // (4 * table.lanes)) * 4
        whole = padded(matrix * pulse, 0, lines * table.lanes - matrix.shape[1])
        table.op(k.DECODE_BITS, out, n, C=table.constant(whole), X=bits, M=lines, SET=overwrite)
    else:
        fired, count = spike_list(table, read)
        kind, pulse = k.SCALED_SPIKE_ROWS, 1.0
        if read.signal in table.bits:
            kind, pulse = k.SPIKE_ROWS, table.bits[read.signal][1]
        c, m = table.constant(matrix.T * pulse), matrix.shape[1]
        table.op(kind, out, n, source, C=c, X=fired, S=count, M=m, SET=overwrite)


def _sparse(
    table: Table, term: Term, out: Address, n: int, source: Address, overwrite: int
) -> None:
    """A product with a sparse matrix, by its rows, or for spikes by its columns."""
    if table.has_events(term):  # into scattered elements of the output
        if overwrite:
            table.op(k.FILL, out, n)
        emit_events(table, term, out, n)
        return
    csr = term.matrix.tocsr()
    x = table.index(np.concatenate([csr.indptr, csr.indices]))
    c, m = table.constant(csr.data), csr.shape[1]
    if m >= k.LONG_INPUT and csr.nnz > 2 * (m + n):
        last = table.allocate(m + -m % k.LINE + n)
        table.op(k.REPEATED_INPUT_SPARSE, out, n, source, C=c, X=x, M=m, S=last, SET=overwrite)
    else:
        table.op(k.SPARSE, out, n, source, C=c, X=x, M=m, SET=overwrite)
