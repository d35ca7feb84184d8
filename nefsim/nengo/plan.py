"""Decide which operators of a Nengo model nefsim supports; the others run Nengo's code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from nengo.builder import Model
from nengo.builder.neurons import SimNeurons
from nengo.builder.operator import (
    Copy,
    DotInc,
    ElementwiseInc,
    Operator,
    Reset,
    SimPyFunc,
    SparseDotInc,
    TimeUpdate,
)
from nengo.builder.probe import SimProbe
from nengo.builder.processes import SimProcess
from nengo.builder.signal import Signal
from nengo.utils.simulator import operator_dependency_graph

from nefsim.nengo import classify, supported
from nefsim.nengo.order import order_of, step_order
from nefsim.nengo.signals import Memory
from nefsim.neurons import NeuronType

LINEAR = (Reset, Copy, DotInc, SparseDotInc, ElementwiseInc)
SILENT = (TimeUpdate, SimProbe)


def _has_generator(op: Operator) -> bool:
    return isinstance(op, SimProcess) and type(op.process) not in supported.FILTERS


class Plan:
    """The operators and blocks of memory of a Nengo model, by the way they will be run.

    Parameters
    ----------
    model : Model
        A model that Nengo has built.

    Attributes
    ----------
    probed_blocks : set of Signal
        Blocks that probes record.
    learned : dict of Signal to Learned
        Learned weights whose learning rules are supported.
    learning : set of Operator
        The operators that use and change learned weights.
    unsupported : set of Operator
        Operators that run Nengo's code, because of their type or because they use a block to
        which values are added from step to step.
    private : set of Signal
        Blocks that only unsupported operators use, so that the program needs no signal.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.operators = [op for op in model.operators if not isinstance(op, SILENT)]
        self.memory = Memory(self.operators)
        self.probed_blocks = {model.sig[probe]["in"].base for probe in model.probes}
        self.learned = classify.find_learned(self.memory, model.dt, self.probed_blocks)
        self.learning = {op for weights in self.learned.values() for op in weights.operators}
        self.unsupported = self._find_unsupported()
        self.private = self._find_private()

    @cached_property
    def step_order(self) -> list[Operator]:
        """All operators in the order of Nengo's step, without its optimizer."""
        return step_order(self.model)

    def in_step_order(self, ops: Iterable[Operator]) -> list[Operator]:
        """Some operators in the order of Nengo's step."""
        return order_of(self.model, {*ops})

    @cached_property
    def neurons(self) -> dict[SimNeurons, NeuronType | None]:
        """The nefsim type of each population, or None if it is not supported."""
        populations = [op for op in self.operators if isinstance(op, SimNeurons)]
        distinct = {id(op.neurons): op.neurons for op in populations}  # most are the same object
        types = {key: supported.neuron_type(neurons) for key, neurons in distinct.items()}
        return {op: types[id(op.neurons)] if supported.starts(op) else None for op in populations}

    @property
    def starters(self) -> list[Operator]:
        """Operators that Nengo must start: unsupported ones, and processes with a generator."""
        return [op for op in self.operators if op in self.unsupported or _has_generator(op)]

    def draws(self) -> bool:
        """Whether random numbers depend on the order in which operators start."""
        for op in self.operators:
            if isinstance(op, SimProcess):
                if op.process.seed is None and type(op.process) not in supported.FIXED:
                    return True
            elif op in self.unsupported and not isinstance(op, (*LINEAR, SimPyFunc, SimNeurons)):
                return True
        return False

    def _find_unsupported(self) -> set[Operator]:
        accumulated = {base for base in self.memory.incs if self.memory.is_accumulated(base)}
        accumulated |= {b for b in self.memory.updates if self.memory.is_accumulated(b)}
        others = (op for op in self.operators if op not in self.learning)
        return {op for op in others if not self._is_supported(op, accumulated)}

    def _is_supported(self, op: Operator, accumulated: set[Signal]) -> bool:
        if accumulated and any(signal.base in accumulated for signal in op.all_signals):
            return False
        if isinstance(op, SimProcess) and type(op) is SimProcess:
            form = supported.form(op, self.model.dt)
            return form is not None or (op.input is None and supported.is_supported(op.process))
        if type(op) is SimNeurons:
            refractory_time = op.state.get("refractory_time")
            # In Nengo this variable continues below zero, unlike in nefsim.
            return self.neurons[op] is not None and not self.is_used(refractory_time)
        if type(op) is SimPyFunc:
            return True
        return type(op) in LINEAR and classify.is_linear(op, self.memory)

    def is_used(self, signal: Signal | None) -> bool:
        """Whether a probe or an operator, other than the one that writes a block, reads it."""
        return signal is not None and (
            signal.base in self.probed_blocks or bool(self.memory.reads.get(signal.base))
        )

    def _find_private(self) -> set[Signal]:
        """Blocks that only unsupported operators use and that need no signal in the program.

        Values are added to such a block from step to step, or it is a matrix, or one operator
        uses it as its memory.
        """
        users: dict[Signal, set[Operator]] = defaultdict(set)
        for op in self.operators if self.unsupported else ():
            for signal in op.all_signals:
                users[signal.base].add(op)
        return {
            base
            for base, ops in users.items()
            if ops <= self.unsupported
            and not self.memory.is_constant(base)
            and (self.memory.is_accumulated(base) or self._needs_no_signal(base, ops))
            and base not in (self.model.time, self.model.step)
        }

    def _needs_no_signal(self, base: Signal, ops: set[Operator]) -> bool:
        """Whether no probe records a block, and it is a matrix or the memory of one operator."""
        return base not in self.probed_blocks and (len(ops) == 1 or base.ndim > 1)

    def order_of_shared_memory(self) -> dict[Operator, list[Operator]]:
        """Unsupported operators that share memory; for each, those that run later in a step."""
        sharers: dict[Signal, list[Operator]] = defaultdict(list)
        for op in self.operators:
            if op in self.unsupported:
                for base in {signal.base for signal in op.all_signals} & self.private:
                    sharers[base].append(op)
        members = {op for ops in sharers.values() if len(ops) > 1 for op in ops}
        members |= {op for base, ops in sharers.items() if base in self.probed_blocks for op in ops}
        if not members:
            return {}
        graph = operator_dependency_graph([op for op in self.operators if op in members])
        return {op: list(others) for op, others in graph.items()}
