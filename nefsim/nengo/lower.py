"""Nengo's built operators as a program: blocks of memory become signals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from nengo.builder import Model
from nengo.builder.neurons import SimNeurons
from nengo.builder.operator import Operator, SimPyFunc
from nengo.builder.processes import SimProcess
from nengo.builder.signal import Signal
from nengo.exceptions import BuildError

from nefsim.nengo import known, learned, opaque, terms
from nefsim.nengo.blocks import Blocks
from nefsim.nengo.plan import Plan
from nefsim.nengo.signals import elements, name_of
from nefsim.program import Call, Filter, Neurons, Read, Stream


def lower(model: Model) -> Lowering:
    """A model as a program; where parts of a block feed one another, in parts."""
    plan = Plan(model)
    try:
        return Lowering(plan)
    except ValueError:
        pass
    try:
        return Lowering(plan, in_pieces=True)
    except ValueError as error:
        raise BuildError(str(error)) from None


class Lowering(Blocks):
    """A model's operators as a program.

    What is not known takes its own steps in a :class:`~nefsim.nengo.opaque.World`.

    Parameters
    ----------
    plan : Plan
        What becomes of each operator.
    in_pieces : bool
        Whether blocks that are used in parts get a signal for each part.

    Attributes
    ----------
    program : Program
        The same for a back end.
    worlds : list of World
        What Nengo's own operators change, one for each trial; filled before each start.
    """

    def __init__(self, plan: Plan, in_pieces: bool = False) -> None:
        super().__init__(plan, in_pieces)
        self.worlds: list[opaque.World] = []
        self._shown: dict[Signal, int] = {}
        self._functions: dict[SimPyFunc, tuple[int, tuple[Read, ...]]] = {}
        self._processes: dict[Operator, int] = {}
        self._tokens, self._waits = self._islands()
        for op in plan.operators:
            if op not in plan.learning:
                self._emit(op)
        self._call_in_turn()
        for found in plan.learned.values():
            learned.emit(self, found)
        for probe in self.model.probes:
            self._record(probe)
        self.program = self.finish()

    def start(self, seed: int, trials: int) -> None:
        """Put Nengo's own operators, and what is random, at their start."""
        operators = self.plan.step_order if self.plan.draws() else self.plan.starters
        self.worlds = [
            opaque.World(self.model, operators, self.plan.guests, seed, trial)
            for trial in range(trials)
        ]

    def _islands(self) -> tuple[dict[Operator, int], dict[Operator, list[Read]]]:
        """Guests that share memory wait for one another in Nengo's order, step by step."""
        graph = self.plan.islands()
        tokens = {op: self.signal(f"{name_of(op)} done", 1) for op in graph}
        waits: dict[Operator, list[Read]] = defaultdict(list)
        for first, others in graph.items():
            for then in others:
                waits[then].append(Read(tokens[first]))
                waits[first].append(Read(tokens[then], 1))
        for probe in self.model.probes:
            signal = self.model.sig[probe]["in"]
            if signal.base in self.plan.private:
                writers = [op for op, _ in self.memory.written(signal.base)]
                shown = self._peek(signal, tuple(Read(tokens[op]) for op in writers))
                for op in writers:
                    waits[op].append(Read(shown, 1))
                self._shown[signal] = shown
        return tokens, waits

    def _emit(self, op: Operator) -> None:
        if op in self.plan.guests:
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
        written = [s for s in (*op.sets, *op.incs, *op.updates) if s.base not in self.plan.private]
        outs = tuple(self.target(s) for s in written)
        token = self._tokens.get(op)
        if token is None and not outs:
            token = self.signal(f"{name_of(op)} done", 1)
        signals = outs if token is None else (*outs, token)
        reads = (*(self.read(s) for s in inputs), *self._waits.get(op, ()))

        def start(trial: int) -> opaque.Steps:
            return opaque.stepper(self.worlds[trial], op, inputs, written, token is not None)

        process = isinstance(op, SimProcess) and op.mode == "set"
        if process:  # a node's, which may share variables with functions
            self._processes[op] = len(self.ops)
        self.ops.append(Call(signals, reads, start, name_of(op), shared=process))

    def _is_outside(self, signal: Signal) -> bool:
        """Whether what a guest reads comes from the program."""
        base = signal.base
        clock = base in (self.model.time, self.model.step)
        return not (clock or base in self.plan.private or self.memory.is_constant(base))

    def _neurons(self, op: SimNeurons) -> None:
        neuron, size = self.plan.neurons[op], op.J.size
        assert neuron is not None
        current = self.whole(self.read(op.J), size)
        initial = {name: np.ravel(signal.initial_value) for name, signal in op.state.items()}
        shown = {name: s for name, s in op.state.items() if self.plan.is_used(s)}
        for name, signal in op.state.items():
            self.states[signal.base] = (len(self.ops), name)
        observed = tuple((name, self.target(signal)) for name, signal in shown.items())
        out = self.target(op.output)
        self.ops.append(Neurons(out, current, neuron, initial, Stream(0), observed))

    def _function(self, op: SimPyFunc) -> None:
        none = op.output is None
        target = self.signal(f"{name_of(op)} done", 1) if none else self.target(op.output)
        reads = () if op.x is None else (self.read(op.x),)
        if opaque.is_at_once(op):
            start = partial(_at_once, op)
            self.ops.append(Call((target,), reads, start, name_of(op), chunked=True))
        else:
            self._functions[op] = (target, reads)

    def _call_in_turn(self) -> None:
        """Call functions of a user, and processes that only Nengo knows, in Nengo's order.

        They may share variables that nobody sees.  Those of time alone that follow one another
        are one operation.
        """
        found: list[Operator] = [*self._functions, *self._processes]
        if len(found) > 1:
            chosen = {*found}
            found = [op for op in self.plan.step_order if op in chosen]
        after = None
        for of_time, turn in groupby(found, lambda op: self._functions.get(op, (0, None))[1] == ()):
            ops = list(turn)
            for calls in [ops] if of_time else [[op] for op in ops]:
                after = self._call(calls, after)

    def _call(self, ops: Sequence[Operator], after: Read | None) -> Read:
        """Functions without input, or one function or process; and what shows they are done."""
        if ops[0] in self._processes:
            index = self._processes[ops[0]]
            call = self.ops[index]
            assert isinstance(call, Call)
            self.ops[index] = replace(call, after=after)
        else:
            targets = tuple(self._functions[op][0] for op in ops)
            reads, name = self._functions[ops[0]][1], name_of(ops[0])
            call = Call(targets, reads, partial(_start, ops), name, shared=True, after=after)
            self.ops.append(call)
        return Read(call.output)

    def _process(self, op: SimProcess) -> None:
        output, size, dt = op.output, op.output.size, self.model.dt
        target = self.target(output)
        form = known.form(op, dt)
        if form is None:

            def start(trial: int) -> opaque.Steps:
                many = known.many_steps(op.process, size, dt, self.worlds[trial].rngs[op])
                assert many is not None
                return many

            self.ops.append(Call((target,), (), start, name_of(op), True))
            return
        self.ops.append(Filter(target, self.whole(self.read(op.input), size), form))

    def _record(self, probe: Any) -> None:
        signal = self.model.sig[probe]["in"]
        every = 1.0 if probe.sample_every is None else probe.sample_every / self.model.dt
        if signal.sparse:  # weights that do not change; shown in full
            number = self.sum(signal.name, int(np.prod(signal.shape)))
            self.add_offset(number, None, terms.sparse(signal.initial_value).toarray())
            self.record(Read(number), every)
        elif signal.base in self.plan.private:
            self.record(Read(self._shown[signal]), every)
        elif self.pieces(signal.base) is not None:
            self.record(self.read(signal), every)
        else:
            self.record(Read(self.number(signal.base), 0, elements(signal)), every)

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


def _at_once(op: SimPyFunc, trial: int) -> opaque.Steps:
    """A NumPy function, which remembers nothing."""
    del trial
    return opaque.function_at_once(op)
