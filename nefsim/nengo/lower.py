"""Lower Nengo's operators to a program; blocks of Nengo's memory become signals."""

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

from nefsim.nengo import learned, opaque, supported, terms
from nefsim.nengo.blocks import Blocks
from nefsim.nengo.plan import Plan
from nefsim.nengo.signals import elements, name_of
from nefsim.program import Call, Filter, Neurons, Read, Stream


def lower(model: Model) -> Lowering:
    """Lower a built Nengo model to a program.

    If parts of a block depend on each other within a step, each part becomes a signal.
    """
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
    """A Nengo model as a program, in which unsupported operators run Nengo's code.

    Parameters
    ----------
    plan : Plan
        The operators of the model, and which of them are supported.
    in_pieces : bool
        Whether a block that operators use in parts has a signal for each part.

    Attributes
    ----------
    program : Program
        The program for a back end.
    operator_states : list of NengoOperatorState
        The memory of unsupported operators, one for each trial; set by :meth:`start`.
    """

    def __init__(self, plan: Plan, in_pieces: bool = False) -> None:
        super().__init__(plan, in_pieces)
        self.operator_states: list[opaque.NengoOperatorState] = []
        self._probed: dict[Signal, int] = {}
        self._functions: dict[SimPyFunc, tuple[int, tuple[Read, ...]]] = {}
        self._processes: dict[Operator, int] = {}
        self.inputs  # noqa: B018  # nodes get signals even if nothing reads them
        self._tokens, self._waits = self._order_shared_memory()
        for op in plan.operators:
            if op not in plan.learning:
                self._emit(op)
        self._call_in_turn()
        for weights in plan.learned.values():
            learned.emit(self, weights)
        for probe in self.model.probes:
            self._record(probe)
        self.program = self.finish()

    def start(self, seed: int, trials: int) -> None:
        """Initialise unsupported operators and random generators of each trial."""
        operators = self.plan.step_order if self.plan.draws() else self.plan.starters
        self.operator_states[:] = [
            opaque.NengoOperatorState(self.model, operators, self.plan.unsupported, seed, trial)
            for trial in range(trials)
        ]

    def _order_shared_memory(self) -> tuple[dict[Operator, int], dict[Operator, list[Read]]]:
        """Add signals that make unsupported operators with shared memory run in Nengo's order.

        Each such operator writes a signal without meaning, a token.  It is read by the operators
        that must run after it in the step; they must run before its next step, so it reads
        their tokens of the step before.
        """
        graph = self.plan.order_of_shared_memory()
        tokens = {op: self.signal(f"{name_of(op)} done", 1) for op in graph}
        waits: dict[Operator, list[Read]] = defaultdict(list)
        for first, others in graph.items():
            for then in others:
                waits[then].append(Read(tokens[first]))
                waits[first].append(Read(tokens[then], 1))
        for probe in self.model.probes:
            signal = self.model.sig[probe]["in"]
            if signal.base in self.plan.private:
                writers = [op for op, _ in self.memory.writes(signal.base)]
                copy = self._copy_of_memory(signal, tuple(Read(tokens[op]) for op in writers))
                for op in writers:
                    waits[op].append(Read(copy, 1))
                self._probed[signal] = copy
        return tokens, waits

    def _emit(self, op: Operator) -> None:
        if op in self.plan.unsupported:
            self._unsupported(op)
        elif isinstance(op, SimNeurons):
            self._neurons(op)
        elif isinstance(op, SimPyFunc):
            self._function(op)
        elif isinstance(op, SimProcess):
            self._process(op)
        else:
            terms.emit(self, op)

    def _unsupported(self, op: Operator) -> None:
        inputs = [s for s in op.reads if self._is_outside(s)]
        writes = (*op.sets, *op.incs, *op.updates)
        outputs = [s for s in writes if s.base not in self.plan.private]
        outs = tuple(self.target(s) for s in outputs)
        token = self._tokens.get(op)
        if token is None and not outs:
            token = self.signal(f"{name_of(op)} done", 1)
        signals = outs if token is None else (*outs, token)
        reads = (*(self.read(s) for s in inputs), *self._waits.get(op, ()))
        states = self.operator_states  # not this object, which owns the operation

        def start(trial: int) -> opaque.Steps:
            return opaque.stepper(states[trial], op, inputs, outputs, token is not None)

        process = isinstance(op, SimProcess) and op.mode == "set"
        if process:  # of a node; it may share variables with functions
            self._processes[op] = len(self.ops)
        self.ops.append(Call(signals, reads, start, name_of(op), shared=process))

    def _is_outside(self, signal: Signal) -> bool:
        """Whether an unsupported operator reads a signal that the program computes."""
        base = signal.base
        clock = base in (self.model.time, self.model.step)
        return not (clock or base in self.plan.private or self.is_constant(base))

    def _neurons(self, op: SimNeurons) -> None:
        neuron, size = self.plan.neurons[op], op.J.size
        assert neuron is not None
        current = self.whole(self.read(op.J), size)
        initial = {name: np.ravel(signal.initial_value) for name, signal in op.state.items()}
        probed = {name: s for name, s in op.state.items() if self.plan.is_used(s)}
        for name, signal in op.state.items():
            self.states[signal.base] = (len(self.ops), name)
        observed = tuple((name, self.target(signal)) for name, signal in probed.items())
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
        """Add calls of the user's functions and of unsupported processes, in Nengo's order.

        The order matters because they may share Python variables.  Successive functions that
        depend on time alone become one operation.
        """
        calls: list[Operator] = [*self._functions, *self._processes]
        if len(calls) > 1:
            calls = self.plan.in_step_order(calls)
        after = None

        def is_of_time(op: Operator) -> bool:
            return self._functions.get(op, (0, None))[1] == ()

        for of_time, group in groupby(calls, is_of_time):
            ops = list(group)
            for together in [ops] if of_time else [[op] for op in ops]:
                after = self._call(together, after)

    def _call(self, ops: Sequence[Operator], after: Read | None) -> Read:
        """Add a call of functions of time, or of one other function or process.

        ``after`` is the read that the previous call returned.  The result is a read for the
        next call; it makes that call wait for this one.
        """
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
        form = supported.form(op, dt)
        if form is None:
            states = self.operator_states

            def start(trial: int) -> opaque.Steps:
                many = supported.many_steps(op.process, size, dt, states[trial].rngs[op])
                assert many is not None
                return many

            self.ops.append(Call((target,), (), start, name_of(op), True))
            return
        self.ops.append(Filter(target, self.whole(self.read(op.input), size), form))

    def _record(self, probe: Any) -> None:
        signal = self.model.sig[probe]["in"]
        every = (probe.sample_every or self.model.dt) / self.model.dt
        if signal.sparse:  # constant weights, recorded as a dense matrix
            number = self.sum(signal.name, int(np.prod(signal.shape)))
            self.add_offset(number, None, terms.sparse(signal.initial_value).toarray())
            self.record(Read(number), every)
        elif signal.base in self.plan.private:
            self.record(Read(self._probed[signal]), every)
        elif self.pieces(signal.base) is not None:
            self.record(self.read(signal), every)
        else:
            self.record(Read(self.number(signal.base), 0, elements(signal)), every)

    def _copy_of_memory(self, signal: Signal, reads: tuple[Read, ...]) -> int:
        """The number of a signal that copies memory of unsupported operators after each step."""
        number = self.signal(f"{signal.name} shown", signal.size)
        states = self.operator_states

        def start(trial: int) -> opaque.Steps:
            memory = states[trial].signals[signal]
            return lambda t, *_: memory.ravel()

        self.ops.append(Call((number,), reads, start, str(signal)))
        return number


def _start(ops: Sequence[SimPyFunc], trial: int) -> opaque.Steps:
    """The step of the user's functions, which all trials share."""
    del trial
    return opaque.functions_step(ops)


def _at_once(op: SimPyFunc, trial: int) -> opaque.Steps:
    """The step of a NumPy function, which is the same in all trials."""
    del trial
    return opaque.function_at_once(op)
