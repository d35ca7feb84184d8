"""Learned weights and the rules of this package as rows of the interpreter's table."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.analysis import reads_weights
from nefsim.backends.compiled.emit.spikes import listed
from nefsim.backends.compiled.table import Address, Table
from nefsim.learning import BCM, HPES, PES, RLS, DeltaRule, Oja, Voja
from nefsim.program import Learn, Part, Read, Weigh


def emit_weigh(table: Table, op: Weigh, memory: dict[str, int]) -> None:
    """The product with weights that change, and their copy for probes."""
    source, m = table.source(op.input)
    out, n, weights = table.addresses[op.output], len(op.initial), memory["weights"]
    if table.has_spikes(op.input):
        fired, count = listed(table, op.input)
        table.op(k.WEIGH_SPIKES, out, n, source, S=weights, M=m, X=fired, SET=count)
    else:
        table.op(k.WEIGH, out, n, source, S=weights, M=m)
    if op.observed is not None:
        table.op(k.SHOW, table.addresses[op.observed], n, S=weights, M=m)


def emit_learn(table: Table, op: Learn, memory: dict[str, int]) -> None:
    """All rules of the same weights, first the one that reads them."""
    index = table.program.writer[op.learned.output]
    weights = (table.memories[index]["weights"], 0)
    n = len(op.learned.initial)
    places = sorted(range(len(op.parts)), key=lambda i: not reads_weights(op.parts[i]))
    for i in places:
        rows = _RuleRows(table, op.parts[i], n)
        if isinstance(op.parts[i].rule, RLS):
            rows.rls(weights, memory[f"{i} inverse"])
        else:
            rows.hebbian(weights)


class _RuleRows:
    """The rows of one rule: vectors u and d, then one pass over the weights."""

    def __init__(self, table: Table, part: Part, n: int) -> None:
        self.table, self.part, self.n = table, part, n
        self.pre, self.m = table.source(part.traces["pre"])

    def hebbian(self, weights: Address) -> None:
        """``weights += dt (u pre - d weights)``."""
        self.u = self.table.scratch(2 * self.n)
        self.d = (self.u[0] + self.n, 0)
        match self.part.rule:
            case PES() as rule:
                self._scale(self.u, self._error(), -rule.learning_rate / self.m)
            case BCM() as rule:
                theta = self._in_step(self.part.traces["theta"])
                self._op(k.SLIDE, self.u, self._post(), rule.learning_rate, theta)
            case Oja() as rule:
                self._scale(self.u, self._post(), rule.learning_rate)
                self._op(k.MULTIPLY, self.d, self.u, rule.beta, self._post())
            case Voja() as rule:
                self._voja(rule)
            case HPES() as rule:
                self._hpes(rule)
            case DeltaRule() as rule:
                self._scale(self.d, self._error(), -rule.learning_rate / self.m)
                self._op(k.WHERE_ABOVE, self.u, self.d, rule.threshold, self._post())
        if self.part.gate is not None:
            gate = self._in_step(self.part.gate)
            for vector in (self.u, self.d):
                self._op(k.GATE, vector, vector, 0.0, gate)
        kind = k.OUTER_DECAY if reads_weights(self.part) else k.OUTER
        dt = self.table.constant(self.table.program.dt)
        self.table.op(kind, weights, self.n, self.pre, C=dt, S=self.u[0], M=self.m)

    def _voja(self, rule: Voja) -> None:
        self._scale(self.d, self._post(), rule.learning_rate)
        if self.part.error is not None:
            self._op(k.GATE, self.d, self.d, 1.0, self._error())
        self._times(self.u, self.d, self.part.constants["scale"], sets=1)

    def _hpes(self, rule: HPES) -> None:
        known = self.part.constants
        active, theta = self.table.scratch(self.n), self.table.scratch(self.n)
        share = 1.0 / known["max_rates"]
        self._times(active, self._post(), share, sets=1)
        self._times(theta, self._in_step(self.part.traces["theta"]), share, sets=1)
        self._op(k.SLIDE, self.d, active, 1.0, theta)
        alone = (1.0 - rule.supervision) * rule.bcm_scale * known["gain"]
        rate = -rule.learning_rate / self.m
        self._scale(self.u, self._error(), rate * rule.supervision)
        self._times(self.u, self.d, -rate * alone, sets=0)
        if rule.beta:
            self._op(k.MULTIPLY, self.d, active, rule.learning_rate * rule.beta, active)

    def rls(self, weights: Address, inverse: int) -> None:
        """Recursive least squares."""
        gate = -1 if self.part.gate is None else self._in_step(self.part.gate)[0]
        kept = self.table.allocate(self.m)
        places = self.table.index([inverse, self._error()[0], gate, kept])
        one = self.table.constant(1.0)
        self.table.op(k.RLS, weights, self.n, self.pre, C=one, X=places, M=self.m)

    def _error(self) -> Address:
        assert self.part.error is not None
        return self._in_step(self.part.error)

    def _post(self) -> Address:
        return self._in_step(self.part.traces["post"])

    def _in_step(self, read: Read) -> Address:
        """Where what is read lies in this very step, without a stride."""
        place, size = self.table.source(read)
        if not place[1]:
            return place
        copy = self.table.scratch(size)
        self._scale(copy, place, 1.0, size)
        return copy

    def _op(self, kind: int, out: Address, source: Address, c: float, other: Address) -> None:
        self.table.op(kind, out, self.n, source, C=self.table.constant(c), S=other[0])

    def _scale(self, out: Address, source: Address, factor: float, n: int | None = None) -> None:
        c = self.table.constant(factor)
        self.table.op(k.SCALE, out, n or self.n, source, C=c, M=n or self.n, SET=1)

    def _times(self, out: Address, source: Address, by: Any, sets: int) -> None:
        c = self.table.constant(np.asarray(by))
        self.table.op(k.DIAGONAL, out, self.n, source, C=c, M=self.n, SET=sets)
