"""Which of Nengo's operators are known, and which take their own steps on their own memory."""

from __future__ import annotations

from collections import defaultdict
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
from nengo.utils.graphs import toposort
from nengo.utils.simulator import operator_dependency_graph

from nefsim.nengo import classify, known
from nefsim.nengo.signals import Memory
from nefsim.neurons import NeuronType

LINEAR = (Reset, Copy, DotInc, SparseDotInc, ElementwiseInc)
SILENT = (TimeUpdate, SimProbe)


def step_order(model: Model) -> list[Operator]:
    """All operators in the order in which Nengo takes a step, without its optimizer."""
    order = toposort(operator_dependency_graph(model.operators))
    return [op for op in order if not isinstance(op, SimProbe)]


def _has_generator(op: Operator) -> bool:
    return isinstance(op, SimProcess) and type(op.process) not in known.FILTERS


class Plan:
    """What becomes of each operator and each block of memory of a model.

    Parameters
    ----------
    model : Model
        What Nengo has built.

    Attributes
    ----------
    wanted : set of Signal
        Blocks that probes show.
    learned : dict of Signal to Learned
        Weights whose learning rules are known.
    learning : set of Operator
        The operators that use and change them.
    guests : set of Operator
        Those that take their own steps, as they are not known or touch a block that adds up.
    private : set of Signal
        Blocks that only guests touch.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.operators = [op for op in model.operators if not isinstance(op, SILENT)]
        self.memory = Memory(self.operators)
        self.wanted = {model.sig[probe]["in"].base for probe in model.probes}
        self.learned = classify.find(self.memory, model.dt, self.wanted)
        self.learning = {op for found in self.learned.values() for op in found.operators}
        self.guests = self._find_guests()
        self.private = self._find_private()

    @cached_property
    def step_order(self) -> list[Operator]:
        """All operators in the order in which Nengo takes a step, without its optimizer."""
        return step_order(self.model)

    @cached_property
    def neurons(self) -> dict[SimNeurons, NeuronType | None]:
        """Our type for each population, or None for one that steps itself."""
        populations = [op for op in self.operators if isinstance(op, SimNeurons)]
        theirs = {id(op.neurons): op.neurons for op in populations}  # most have the same
        ours = {name: known.neuron_type(neurons) for name, neurons in theirs.items()}
        return {op: ours[id(op.neurons)] if known.starts(op) else None for op in populations}

    @property
    def starters(self) -> list[Operator]:
        """Operators that are more at their start than what the program holds."""
        return [op for op in self.operators if op in self.guests or _has_generator(op)]

    def draws(self) -> bool:
        """Whether the order in which operators start decides on random numbers."""
        for op in self.operators:
            if isinstance(op, SimProcess):
                if op.process.seed is None and type(op.process) not in known.FIXED:
                    return True
            elif op in self.guests and not isinstance(op, (*LINEAR, SimPyFunc, SimNeurons)):
                return True
        return False

    def _find_guests(self) -> set[Operator]:
        held = {base for base in self.memory.incs if self.memory.is_held(base)}
        held |= {base for base in self.memory.updates if self.memory.is_held(base)}
        held -= self.learned.keys()
        others = (op for op in self.operators if op not in self.learning)
        return {op for op in others if not self._is_known(op, held)}

    def _is_known(self, op: Operator, held: set[Signal]) -> bool:
        if held and any(signal.base in held for signal in op.all_signals):
            return False
        if isinstance(op, SimProcess) and type(op) is SimProcess:
            form = known.form(op, self.model.dt)
            return form is not None or (op.input is None and known.is_known(op.process))
        if type(op) is SimNeurons:
            shown = op.state.get("refractory_time")
            # Nengo counts on below zero, which only its own step does.
            return self.neurons[op] is not None and not self.is_used(shown)
        if type(op) is SimPyFunc:
            return True
        return type(op) in LINEAR and classify.is_linear(op, self.memory)

    def is_used(self, signal: Signal | None) -> bool:
        """Whether anybody looks at a block apart from its writer."""
        return signal is not None and (
            signal.base in self.wanted or bool(self.memory.reads.get(signal.base))
        )

    def _find_private(self) -> set[Signal]:
        """Blocks that only guests touch: held ones, large ones and what one guest remembers."""
        touched: dict[Signal, set[Operator]] = defaultdict(set)
        for op in self.operators if self.guests else ():
            for signal in op.all_signals:
                touched[signal.base].add(op)
        return {
            base
            for base, ops in touched.items()
            if ops <= self.guests
            and not self.memory.is_constant(base)
            and (self.memory.is_held(base) or self._is_inside(base, ops))
            and base not in (self.model.time, self.model.step)
        }

    def _is_inside(self, base: Signal, ops: set[Operator]) -> bool:
        """Whether a block may stay where it is, as nobody shows it and it would be large."""
        return base not in self.wanted and (len(ops) == 1 or base.ndim > 1)

    def islands(self) -> dict[Operator, list[Operator]]:
        """Guests that share memory, each with those that come after it in a step."""
        sharing: dict[Signal, list[Operator]] = defaultdict(list)
        for op in self.operators:
            if op in self.guests:
                for base in {signal.base for signal in op.all_signals} & self.private:
                    sharing[base].append(op)
        together = {op for ops in sharing.values() if len(ops) > 1 for op in ops}
        together |= {op for base, ops in sharing.items() if base in self.wanted for op in ops}
        if not together:
            return {}
        graph = operator_dependency_graph([op for op in self.operators if op in together])
        return {op: list(others) for op, others in graph.items()}
