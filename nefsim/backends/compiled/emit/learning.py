"""Translate learned weights and learning rules to rows of the instruction table."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.emit.spikes import spike_list
from nefsim.backends.compiled.expressions import (
    Element,
    Expression,
    Factors,
    Operation,
    Symbol,
    factors,
)
from nefsim.backends.compiled.table import Address, Table
from nefsim.backends.reports import LARGEST_WEIGHT, SAFE_NORM
from nefsim.program import Learn, Part, Read, Weigh


def emit_weigh(table: Table, op: Weigh, memory: dict[str, int]) -> None:
    """Add rows for the product with learned weights, and for a copy of them if probed."""
    source, m = table.source(op.input)
    out, n, weights = table.addresses[op.output], len(op.initial), memory["weights"]
    report, _ = table.report(table.program.writer[op.output], n)
    columns = {"S": weights, "M": m, "REPORT": report, "IN_USE": memory.get("in_use", 0)}
    if table.has_spikes(op.input):
        fired, count = spike_list(table, op.input)
        spikes = {"X": fired, "COUNT": count}
        table.op(k.LEARNED_PRODUCT_OF_SPIKES, out, n, source, **spikes, **columns)
    else:
        table.op(k.LEARNED_PRODUCT, out, n, source, **columns)
    if op.observed is not None:
        address = table.addresses[op.observed]
        table.op(k.COPY_WEIGHTS, address, n, (0, 0), **columns)


def emit_learn(table: Table, op: Learn, memory: dict[str, int]) -> None:
    """Add rows for all rules of the same weights; a rule with a decay, which reads them, leads."""
    index = table.program.writer[op.learned.output]
    weights, n = (table.memories[index]["weights"], 0), len(op.learned.initial)
    rules = [(i, part, factors(table.program, part, n)) for i, part in enumerate(op.parts)]
    with_factors = [(part, rule) for _, part, rule in rules if rule is not None]
    report, bound = table.report(index, n)
    if with_factors:
        with_factors.sort(key=lambda each: each[1].decay is None)
        source, m = table.source(with_factors[0][0].traces["pre"])
        offsets = [len(with_factors)]
        for place, (part, rule) in enumerate(with_factors):
            # The activity of the first rule is the input of the row, which may have a stride.
            pre = in_step(table, part.traces["pre"])[0] if place else 0
            offsets += [pre, *_vectors(table, part, rule, n)]
        c = table.constant([table.program.dt, SAFE_NORM, LARGEST_WEIGHT])
        x = table.index(offsets)
        table.op(k.HEBBIAN, weights, n, source, C=c, S=bound, M=m, X=x, REPORT=report)
    for i, part, factored in rules:
        if factored is None:
            _rls(table, part, n, weights, memory[f"{i} inverse"], report)


def _vectors(table: Table, part: Part, rule: Factors, n: int) -> tuple[int, int]:
    """The offsets of u and d of a rule, times its gate; -1 if it has no d."""
    rows = _Rows(table)
    vectors = [rule.grow] if rule.decay is None else [rule.grow, rule.decay]
    if part.gate is not None:
        gate = Symbol(part.gate, 1)[0]
        vectors = [gate * vector for vector in vectors]
    both = table.allocate(len(vectors) * n)
    for i, vector in enumerate(vectors):
        rows.into((both + i * n, 0), vector, n)
    return both, -1 if rule.decay is None else both + n


def _rls(table: Table, part: Part, n: int, weights: Address, inverse: int, report: int) -> None:
    """Recursive least squares."""
    assert part.error is not None
    pre, m = table.source(part.traces["pre"])
    gate = -1 if part.gate is None else in_step(table, part.gate)[0]
    offsets = table.index([inverse, in_step(table, part.error)[0], gate, table.allocate(m)])
    c = table.constant([1.0, LARGEST_WEIGHT])
    table.op(k.RLS, weights, n, pre, C=c, X=offsets, M=m, REPORT=report)


class _Rows:
    """Adds rows that compute expressions; an expression that occurs twice is computed once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._addresses: dict[int, Address] = {}  # by the identity of the expression

    def into(self, out: Address, value: Any, n: int) -> None:
        """Add rows that write the value of an expression, ``n`` numbers, to the address ``out``."""
        if isinstance(value, Operation) and id(value) not in self._addresses:
            self._operation(out, value)
        elif isinstance(value, Expression):
            self._scale(out, self._address(value), 1.0, n)
        else:
            self._table.op(k.FILL, out, n, C=self._table.constant(np.broadcast_to(value, n)), M=1)

    def _address(self, value: Any) -> Address:
        """The address of the value of an expression, or of a constant, in this step."""
        if not isinstance(value, Expression):
            out = self._table.scratch(np.size(value))
            self.into(out, value, np.size(value))
            return out
        if id(value) not in self._addresses:
            if isinstance(value, Symbol):
                address = in_step(self._table, value.read)
            elif isinstance(value, Element):
                address = (self._address(value.vector)[0] + value.index, 0)
            else:
                assert isinstance(value, Operation)
                address = self._table.scratch(int(np.prod(value.shape)))
                self._operation(address, value)
            self._addresses[id(value)] = address
        return self._addresses[id(value)]

    def _operation(self, out: Address, op: Operation) -> None:
        n, table = int(np.prod(op.shape)), self._table
        if op.kind == k.MULTIPLY and self._by_constant(out, op, n):
            return
        first, *others = (self._address(x) for x in op.arguments)
        names = {name: address[0] for name, address in zip(("S", "THIRD"), others, strict=False)}
        vectors = sum(2**i for i, x in enumerate(op.arguments) if np.ndim(x))
        size = int(np.prod(np.shape(op.arguments[0])))
        table.op(op.kind, out, n, first, M=size, VECTORS=vectors, **names)

    def _by_constant(self, out: Address, op: Operation, n: int) -> bool:
        """Add a product with constants as a row of sums; False if neither factor is constant."""
        for value, constant in (op.arguments, op.arguments[::-1]):
            if isinstance(value, Expression) and not isinstance(constant, Expression):
                if int(np.prod(np.shape(value))) != n:
                    return False
                if np.ndim(constant) == 0:
                    self._scale(out, self._address(value), constant, n)
                else:
                    c = self._table.constant(constant)
                    self._table.op(k.DIAGONAL, out, n, self._address(value), C=c, M=n, SET=1)
                return True
        return False

    def _scale(self, out: Address, source: Address, factor: Any, n: int) -> None:
        c = self._table.constant(factor)
        self._table.op(k.SCALE, out, n, source, C=c, M=n, SET=1)


def in_step(table: Table, read: Read) -> Address:
    """The address of a read's value in this step; a read with a row for each step is copied."""
    address, size = table.source(read)
    if not address[1]:
        return address
    copy = table.scratch(size)
    table.op(k.SCALE, copy, size, address, C=table.constant(1.0), M=size, SET=1)
    return copy
