"""Find Nengo's linear operators, and the learning rules that nefsim has too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from nengo.builder.learning_rules import SimBCM, SimOja, SimPES, SimRLS, SimVoja
from nengo.builder.operator import Copy, DotInc, ElementwiseInc, Operator
from nengo.builder.signal import Signal

from nefsim import learning
from nefsim.nengo.signals import Memory

RULES = (SimPES, SimBCM, SimOja, SimVoja, SimRLS)


@dataclass(frozen=True, eq=False)
class Learned:
    """Learned weights: the product that uses them, and the rules that change them."""

    weights: Signal
    product: DotInc
    rules: tuple[Operator, ...]
    operators: frozenset[Operator]


def find_learned(memory: Memory, dt: float, probed_blocks: set[Signal]) -> dict[Signal, Learned]:
    """Find the learned weights whose rules are all supported by nefsim."""
    blocks = {}
    for base in memory.incs:
        if base.ndim == 2 and memory.is_accumulated(base):
            learned = _learned(base, memory, dt, probed_blocks)
            if learned is not None:
                blocks[base] = learned
    return blocks


def _learned(base: Signal, memory: Memory, dt: float, probed_blocks: set[Signal]) -> Learned | None:
    if base in memory.sets or base in memory.updates:
        return None
    rules, copies = [], set()
    for copy, signal in memory.incs[base]:
        delta = _delta(copy, signal, base, memory, probed_blocks)
        if delta is None:
            return None
        rule = memory.updates[delta][0][0]
        states = {s.base for s in rule.updates} - {delta}
        is_read = any(block in probed_blocks or memory.reads.get(block) for block in states)
        if rule_of(rule, dt) is None or is_read:
            return None
        rules.append(rule)
        copies.add(copy)
    readers = [(op, signal) for op, signal in memory.reads.get(base, ()) if op not in rules]
    if len(readers) != 1:
        return None
    product, signal = readers[0]
    if type(product) is not DotInc or signal is not base or product.A is not base:
        return None
    if base.shape != (product.Y.size, product.X.size) or product.X.base is base:
        return None
    return Learned(base, product, tuple(rules), frozenset({product, *copies, *rules}))


def _delta(
    copy: Operator, signal: Signal, base: Signal, memory: Memory, probed_blocks: set[Signal]
) -> Signal | None:
    """The signal of a rule's changes that ``copy`` adds to the weights.

    It is None if any other operator or a probe uses the changes.
    """
    if type(copy) is not Copy or signal is not base or copy.src.is_view:
        return None
    delta = copy.src
    if copy.src_slice is not None or copy.dst_slice is not None or delta.shape != base.shape:
        return None
    once = len(memory.updates.get(delta, ())) == 1 and len(memory.reads[delta]) == 1
    has_other_use = delta in memory.sets or delta in memory.incs or delta in probed_blocks
    return delta if once and not has_other_use and not delta.initial_value.any() else None


def rule_of(op: Operator, dt: float) -> learning.LearningRule | None:
    """The rule of nefsim for one of Nengo's operators; its activities are already filtered."""
    try:
        match op:
            case SimPES() if type(op) is SimPES:
                return learning.PES(op.learning_rate, None)
            case SimBCM() if type(op) is SimBCM:
                return learning.BCM(op.learning_rate, None, None, None)
            case SimOja() if type(op) is SimOja:
                return learning.Oja(op.learning_rate, op.beta, None, None)
            case SimVoja() if type(op) is SimVoja:
                return learning.Voja(op.learning_rate, None)
            case SimRLS() if type(op) is SimRLS:
                start = op.inv_gamma.initial_value
                rate = float(start[0, 0]) * len(start) / dt
                multiple = np.eye(len(start)) * start[0, 0]
                is_multiple = np.allclose(start, multiple, rtol=1e-12, atol=0.0)
                return learning.RLS(rate, None) if is_multiple else None
    except ValueError:  # such as a rate below zero
        return None
    return None


def is_linear(op: Operator, memory: Memory) -> bool:
    """Whether an operator only copies, adds, or multiplies by constants."""
    if isinstance(op, Copy):
        return op.inc or op.dst_slice is None
    if isinstance(op, (DotInc, ElementwiseInc)):
        fixed = memory.is_constant(op.A.base)
        if isinstance(op, ElementwiseInc):
            return fixed and scale_of(op) is not None
        return (fixed and op.A.size == op.Y.size * op.X.size) or (fixed and op.A.sparse)
    return True


def scale_of(op: ElementwiseInc) -> Any:
    """The factor of an elementwise product as a number, diagonal or column; else None."""
    A, X, Y = op.A.initial_value, op.X, op.Y
    if A.size == 1 and X.size == Y.size:
        return float(np.ravel(A)[0])
    if A.shape == X.shape == Y.shape:
        return np.ravel(A)
    if X.size == 1 and A.size == Y.size:
        return np.reshape(A, (-1, 1))
    return None
