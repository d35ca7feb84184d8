"""Nengo's built operators as a program: blocks of memory become signals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
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
from nengo.exceptions import BuildError
from nengo.utils.graphs import toposort
from nengo.utils.simulator import operator_dependency_graph
from numpy.typing import NDArray

from nefsim.build.schedule import schedule
from nefsim.nengo import known, learned, opaque, terms
from nefsim.nengo.known import HIGHEST_ORDER
from nefsim.nengo.signals import Memory, as_index, elements, places
from nefsim.program import Call, Filter, Neurons, Op, Program, Read, Record, Stream, Sum, Term
from nefsim.program import Signal as OurSignal

Array = NDArray[np.float64]

LINEAR = (Reset, Copy, DotInc, SparseDotInc, ElementwiseInc)
SILENT = (TimeUpdate, SimProbe)


class Lowering:
    """A model's operators as a program.

    A block of memory that is set in each step is a signal of that step; one that is updated
    is read as the step before left it.  Operators that are not known, and what touches a
    block that adds up over time, take their own steps in a :class:`~nefsim.nengo.opaque.World`.

    Parameters
    ----------
    model : Model
        What Nengo has built.

    Attributes
    ----------
    program : Program
        The same for a back end.
    worlds : list of World
        What Nengo's own operators change, one for each trial; filled before each start.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.operators = [op for op in model.operators if not isinstance(op, SILENT)]
        self.memory = Memory(self.operators)
        self.worlds: list[opaque.World] = []
        self.numbers: dict[Signal, int] = {}
        self.states: dict[Signal, tuple[int, str]] = {}
        self.signals: list[OurSignal] = []
        self.ops: list[Op] = []
        self._sums: dict[int, tuple[list[Term], list[tuple[Any, Any]]]] = {}
        self._shown: dict[Signal, int] = {}
        self._functions: list[tuple[SimPyFunc, int, tuple[Read, ...]]] = []
        self.wanted = {model.sig[probe]["in"].base for probe in model.probes}
        self.learned = learned.find(self.memory, model.dt, self.wanted)
        self._learning = {op for found in self.learned.values() for op in found.operators}
        self.guests = self._find_guests()
        self.private = self._find_private()
        self._tokens, self._waits = self._islands()
        for op in self.operators:
            if op not in self._learning:
                self._emit(op)
        self._call_functions()
        for found in self.learned.values():
            learned.emit(self, found)
        records = tuple(self._record(probe) for probe in model.probes)
        for number, (added, offsets) in self._sums.items():
            self.ops.append(Sum(number, tuple(added), self._offset(number, offsets)))
        try:
            groups = schedule(self.ops, self.signals)
        except ValueError as error:
            raise BuildError(str(error)) from None
        self.program = Program(
            model.dt, tuple(self.signals), tuple(self.ops), groups, records
        )

    @cached_property
    def step_order(self) -> list[Operator]:
        """All operators in the order in which Nengo takes a step, without its optimizer."""
        order = toposort(operator_dependency_graph(self.model.operators))
        return [op for op in order if not isinstance(op, SimProbe)]

    def start(self, seed: int, trials: int) -> None:
        """Put Nengo's own operators, and what is random, at their start."""
        operators = self.step_order if self._draws() else self.operators
        self.worlds = [
            opaque.World(self.model, operators, self.guests, seed, trial)
            for trial in range(trials)
        ]

    def _draws(self) -> bool:
        """Whether the order in which operators start decides on random numbers."""
        for op in self.operators:
            if isinstance(op, SimProcess):
                if op.process.seed is None and type(op.process) not in known.FIXED:
                    return True
            elif op in self.guests and not isinstance(op, (*LINEAR, SimPyFunc, SimNeurons)):
                return True
        return False

    # -- which operators take their own steps, and what is theirs alone ------------------

    def _find_guests(self) -> set[Operator]:
        held = {base for base in self.memory.incs if self.memory.is_held(base)}
        held |= {base for base in self.memory.updates if self.memory.is_held(base)}
        held -= self.learned.keys()
        others = (op for op in self.operators if op not in self._learning)
        return {op for op in others if not self._is_known(op, held)}

    def _is_known(self, op: Operator, held: set[Signal]) -> bool:
        touched = {signal.base for signal in op.all_signals}
        if touched & held:
            return False
        if isinstance(op, SimProcess) and type(op) is SimProcess:
            system = known.state_space(op, self.model.dt)
            return system is not None or (op.input is None and known.is_known(op.process))
        if type(op) is SimNeurons:
            shown = op.state.get("refractory_time")
            # Nengo counts on below zero, which only its own step does.
            return known.neuron_type(op) is not None and not self._is_used(shown)
        if type(op) is SimPyFunc:
            return True
        return type(op) in LINEAR and terms.is_linear(op, self.memory)

    def _is_used(self, signal: Signal | None) -> bool:
        """Whether anybody looks at a block apart from its writer."""
        return signal is not None and (
            signal.base in self.wanted or bool(self.memory.reads.get(signal.base))
        )

    def _find_private(self) -> set[Signal]:
        """Blocks that only guests touch: held ones, large ones and what one guest remembers."""
        touched: dict[Signal, set[Operator]] = defaultdict(set)
        for op in self.operators:
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

    def _islands(self) -> tuple[dict[Operator, int], dict[Operator, list[Read]]]:
        """Guests that share memory wait for one another in Nengo's order, step by step."""
        sharing: dict[Signal, list[Operator]] = defaultdict(list)
        for op in self.operators:
            if op in self.guests:
                for base in {signal.base for signal in op.all_signals} & self.private:
                    sharing[base].append(op)
        together = {op for ops in sharing.values() if len(ops) > 1 for op in ops}
        together |= {op for base, ops in sharing.items() if base in self.wanted for op in ops}
        graph = operator_dependency_graph([op for op in self.operators if op in together])
        tokens = {op: self.signal(f"{op} done", 1) for op in graph}
        waits: dict[Operator, list[Read]] = defaultdict(list)
        for first, others in graph.items():
            for then in others:
                waits[then].append(Read(tokens[first]))
                waits[first].append(Read(tokens[then], 1))
        for probe in self.model.probes:
            signal = self.model.sig[probe]["in"]
            if signal.base in self.private:
                writers = [op for op, _ in self.memory.written(signal.base)]
                shown = self._peek(signal, tuple(Read(tokens[op]) for op in writers))
                for op in writers:
                    waits[op].append(Read(shown, 1))
                self._shown[signal] = shown
        return tokens, waits

    # -- signals ---------------------------------------------------------------------------

    def signal(self, name: str, size: int) -> int:
        self.signals.append(OurSignal(name, size))
        return len(self.signals) - 1

    def _sum(self, name: str, size: int) -> int:
        number = self.signal(name, size)
        self._sums[number] = ([], [])
        return number

    def number(self, base: Signal) -> int:
        """The signal of a block, made when it is first asked for."""
        if base not in self.numbers:
            name = base.name
            if base in (self.model.time, self.model.step):
                self.numbers[base] = self._clock(base)
            elif self._direct(base):
                self.numbers[base] = self.signal(name, base.size)
            else:
                number = self.numbers[base] = self._sum(name, base.size)
                self._rest(base, number)
        return self.numbers[base]

    def _clock(self, base: Signal) -> int:
        number, dt = self.signal(base.name, 1), self.model.dt
        factor = 1.0 if base is self.model.time else 1.0 / dt
        self.ops.append(
            Call((number,), (), lambda trial: lambda t: (t * factor)[:, None], base.name, True)
        )
        return number

    def _direct(self, base: Signal) -> bool:
        """Whether one operator that is not a term of a sum writes all of a block."""
        written = self.memory.written(base)
        if len(written) != 1 or base in self.memory.incs:
            return False
        op, signal = written[0]
        return (op in self.guests or not isinstance(op, LINEAR)) and elements(signal) is None

    def _rest(self, base: Signal, number: int) -> None:
        """What nobody writes keeps its initial value."""
        initial = np.ravel(base.initial_value)
        if base in self.memory.updates or not initial.any():
            return
        left = np.where(self.memory.covered(base), 0.0, initial)
        if left.any():
            self._sums[number][1].append((None, left))

    def read(self, signal: Signal, chosen: Any = None) -> Read:
        """A view of a block as operators see it within a step."""
        base = signal.base
        columns = elements(signal)
        if chosen is not None:
            columns = as_index(places(signal)[chosen], base.size)
        return Read(self.number(base), int(base in self.memory.updates), columns)

    def add(self, signal: Signal, term: Term) -> None:
        """One more addend of what a block is in each step."""
        self._sums[self.number(signal.base)][0].append(term)

    def add_constant(self, signal: Signal, rows: Any, value: Any) -> None:
        """Numbers that are added in each step."""
        self._sums[self.number(signal.base)][1].append((rows, value))

    def _offset(self, number: int, offsets: Sequence[tuple[Any, Any]]) -> Array | None:
        if not offsets:
            return None
        total = np.zeros(self.signals[number].size)
        for rows, value in offsets:
            np.add.at(total, slice(None) if rows is None else rows, np.ravel(value))
        return total if total.any() else None

    def _whole(self, read: Read, size: int) -> int:
        """The number of a signal that is just what is read, in this step."""
        if read.columns is None and not read.delay:
            return read.signal
        number = self._sum(f"{self.signals[read.signal].name} read", size)
        self._sums[number][0].append(Term(read))
        return number

    def _target(self, signal: Signal) -> int:
        """Where an operator that is no term writes what becomes part of a block."""
        if self._direct(signal.base):
            return self.number(signal.base)
        fresh = self.signal(f"{signal.name} written", signal.size)
        self.add(signal, Term(Read(fresh), None, elements(signal)))
        return fresh

    # -- operators -------------------------------------------------------------------------

    def _emit(self, op: Operator) -> None:
        if op in self.guests:
            self._guest(op)
        elif isinstance(op, SimNeurons):
            self._neurons(op)
        elif isinstance(op, SimPyFunc):
            self._function(op)
        elif isinstance(op, SimProcess):
            self._process(op)
        else:
            terms.emit(self, op)

    def _guest(self, op: Operator) -> None:
        inputs = [s for s in op.reads if self._is_outside(s)]
        written = [s for s in (*op.sets, *op.incs, *op.updates) if s.base not in self.private]
        outs = tuple(self._target(s) for s in written)
        token = self._tokens.get(op)
        if token is None and not outs:
            token = self.signal(f"{op} done", 1)
        signals = outs if token is None else (*outs, token)
        reads = (*(self.read(s) for s in inputs), *self._waits.get(op, ()))

        def start(trial: int) -> opaque.Steps:
            return opaque.stepper(self.worlds[trial], op, inputs, written, token is not None)

        self.ops.append(Call(signals, reads, start, str(op)))

    def _is_outside(self, signal: Signal) -> bool:
        """Whether what a guest reads comes from the program."""
        base = signal.base
        clock = base in (self.model.time, self.model.step)
        return not (clock or base in self.private or self.memory.is_constant(base))

    def _neurons(self, op: SimNeurons) -> None:
        neuron, size = known.neuron_type(op), op.J.size
        assert neuron is not None
        current = self._whole(self.read(op.J), size)
        initial = {name: np.ravel(signal.initial_value) for name, signal in op.state.items()}
        shown = {name: s for name, s in op.state.items() if self._is_used(s)}
        for name, signal in op.state.items():
            self.states[signal.base] = (len(self.ops), name)
        observed = tuple((name, self._target(signal)) for name, signal in shown.items())
        out = self._target(op.output)
        self.ops.append(Neurons(out, current, neuron, initial, Stream(0), observed))

    def _function(self, op: SimPyFunc) -> None:
        target = self.signal(f"{op} done", 1) if op.output is None else self._target(op.output)
        reads = () if op.x is None else (self.read(op.x),)
        if opaque.is_at_once(op):
            start: Callable[[int], opaque.Steps] = lambda trial: opaque.function_at_once(op)
            self.ops.append(Call((target,), reads, start, str(op), chunked=True))
        else:
            self._functions.append((op, target, reads))

    def _call_functions(self) -> None:
        """Functions of a user are kept in step; those of time alone need no network for it."""
        if any(reads for _, _, reads in self._functions):
            together = [[each] for each in self._functions]
        else:
            together = [self._functions] if self._functions else []
        for calls in together:
            ops = [op for op, _, _ in calls]
            targets = tuple(target for _, target, _ in calls)
            reads = calls[0][2]
            self.ops.append(Call(targets, reads, partial(_start, ops), str(ops[0]), shared=True))

    def _process(self, op: SimProcess) -> None:
        output, size, dt = op.output, op.output.size, self.model.dt
        target = self._target(output)
        system = known.state_space(op, dt)
        if system is None:

            def start(trial: int) -> opaque.Steps:
                many = known.many_steps(op.process, size, dt, self.worlds[trial].rngs[op])
                assert many is not None
                return many

            self.ops.append(Call((target,), (), start, str(op), True))
            return
        source = self._whole(self.read(op.input), size)
        if len(system[0]) <= HIGHEST_ORDER:
            self.ops.append(Filter(target, source, *known.coefficients(system)))
        else:
            self._states(system, source, target, size)

    def _states(self, system: known.StateSpace, source: int, target: int, size: int) -> None:
        """A filter of high order by its state, which loses no digits."""
        from scipy.sparse import csr_array, eye_array, kron

        A, B, C, D = system
        each = eye_array(size)
        state = self._sum("filter state", len(A) * size)
        self._sums[state][0].extend(
            [
                Term(Read(state, 1), csr_array(kron(csr_array(A), each))),
                Term(Read(source), csr_array(kron(csr_array(B[:, None]), each))),
            ]
        )
        shown = Term(Read(state, int(D != 0)), csr_array(kron(csr_array(C[None, :]), each)))
        direct = [Term(Read(source), D)] if D else []
        self.ops.append(Sum(target, (shown, *direct)))

    def _record(self, probe: Any) -> Record:
        signal = self.model.sig[probe]["in"]
        every = 1.0 if probe.sample_every is None else probe.sample_every / self.model.dt
        if signal.base in self.private:
            return Record(Read(self._shown[signal]), every)
        return Record(Read(self.number(signal.base), 0, elements(signal)), every)

    def _peek(self, signal: Signal, reads: tuple[Read, ...]) -> int:
        """A signal that shows memory of Nengo's own operators at the end of a step."""
        number = self.signal(f"{signal.name} shown", signal.size)

        def start(trial: int) -> opaque.Steps:
            shown = self.worlds[trial].signals[signal]
            return lambda t, *_: shown.ravel()

        self.ops.append(Call((number,), reads, start, str(signal)))
        return number


def _start(ops: Sequence[SimPyFunc], trial: int) -> opaque.Steps:
    """The functions of a user; trials share them."""
    del trial
    return opaque.functions_step(ops)
