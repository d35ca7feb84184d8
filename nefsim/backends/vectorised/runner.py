"""Make a runner in NumPy from a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, cast

import numpy as np

from nefsim.backends import Runner
from nefsim.backends.engine import (
    Advance,
    Engine,
    HasProgram,
    can_fail,
    carrying,
    chunk_length,
)
from nefsim.backends.reports import learned_in_place
from nefsim.backends.vectorised.batching import Stage, is_elementwise, stages
from nefsim.backends.vectorised.filters import filter_rows
from nefsim.backends.vectorised.layout import Layout, as_slice, join
from nefsim.backends.vectorised.learning import new_report
from nefsim.backends.vectorised.operations import advances
from nefsim.backends.vectorised.populations import observers, step_rows
from nefsim.backends.vectorised.sums import sums
from nefsim.program import Filter, Learn, Neurons, Program, State, Sum, outputs
from nefsim.program.diagonal_blocks import in_blocks


def prepare(built: HasProgram, state: State) -> Runner:
    """Prepare a built network to run; return a runner that advances ``state``."""
    program = in_blocks(built.program)
    plan = stages(program, state.ops)
    layout = Layout(program, plan)
    n_trials = state.signals[0].shape[0] if state.signals and state.signals[0].ndim == 2 else 1
    buffers = layout.buffers(state.signals, chunk_length(program, n_trials) + 1)
    rows = [layout.view(buffers, i) for i in range(len(state.signals))]
    engine = Engine(program, state, rows, carrying(buffers))
    in_place = _in_place(program, plan, n_trials)
    for op in program.ops:
        index = program.writer[op.learned.output] if isinstance(op, Learn) else -1
        if isinstance(op, Learn) and index in in_place:
            engine.reports[index] = new_report(op, 1, in_place=True)
    makers = _Makers(engine, layout, buffers, in_place)
    for stage in plan:
        steps = [step for batch in stage.batches for step in makers.advances(batch)]
        if stage.loop:
            engine.plan.append((steps, True))
        else:
            engine.plan += [([step], False) for step in steps]
    engine.checkpointed = makers.checkpointed
    return engine.run


def _in_place(program: Program, plan: Sequence[Stage], n_trials: int) -> tuple[int, ...]:
    """Operations whose weights need no copy before a chunk."""
    failing = [i for i, op in enumerate(program.ops) if can_fail(op) and not isinstance(op, Learn)]
    order = [batch for stage in plan for batch in stage.batches]
    return learned_in_place(program, order, n_trials, failing)


class _Makers:
    """Makes the ``advance`` functions of batches, and joins their state variables.

    Attributes
    ----------
    checkpointed : State
        The joined state variables; the arrays of the engine's state are views of them.
    """

    def __init__(
        self, engine: Engine, layout: Layout, buffers: Sequence[Any], in_place: tuple[int, ...]
    ) -> None:
        self._engine, self._layout, self._buffers = engine, layout, buffers
        self._in_place = in_place
        self.checkpointed = State(0, [], [], [], [])

    def advances(self, batch: Sequence[int]) -> Iterator[Advance]:
        """The ``advance`` functions of a batch, one for each sequence of adjacent signals."""
        ops = self._engine.program.ops
        first = ops[batch[0]]
        if isinstance(first, Sum) and not first.is_input:
            for run in self._layout.runs(batch, [outputs(ops[i])[0] for i in batch]):
                parts = [cast(Sum, ops[i]) for i in run]
                yield sums(self._layout, self._buffers, parts)
        elif isinstance(first, Filter):
            for run in self._layout.runs(batch, [outputs(ops[i])[0] for i in batch]):
                for _, same in groupby(run, lambda i: self._layout.buffer(ops[i].reads[0].signal)):
                    yield self._filter(list(same))
        elif isinstance(first, Neurons) and is_elementwise(first.neuron):
            # An output that is also a current is in another buffer than the other outputs.
            populations = [cast(Neurons, ops[i]) for i in batch]
            outs = [op.output for op in populations]
            currents = [op.current for op in populations]
            for run in self._layout.runs(batch, outs, currents):
                yield self._neurons(run)
        else:
            (i,), state = batch, self._engine.state
            if i not in self._in_place:
                self.checkpointed.ops.append(state.ops[i])
            self.checkpointed.rngs.append(state.rngs[i])
            self.checkpointed.running.append(state.running[i])
            yield advances(self._engine, i)

    def _filter(self, batch: Sequence[int]) -> Advance:
        ops = [cast(Filter, self._engine.program.ops[i]) for i in batch]
        source = self._buffers[self._layout.buffer(ops[0].input)]
        columns = as_slice(np.concatenate([self._layout.column_numbers(op.reads[0]) for op in ops]))
        out = self._layout.span(self._buffers, [op.output for op in ops])
        return filter_rows(ops[0], source, columns, out, self._join(batch)["z"])

    def _neurons(self, batch: Sequence[int]) -> Advance:
        ops = [cast(Neurons, self._engine.program.ops[i]) for i in batch]
        current = self._layout.span(self._buffers, [op.current for op in ops])
        out = self._layout.span(self._buffers, [op.output for op in ops])
        memory = self._join(batch)
        observed = [pair for i in batch for pair in observers(self._engine, i)]
        dt = self._engine.program.dt
        return step_rows(ops[0].neuron, dt, current, out, memory, observed)

    def _join(self, batch: Sequence[int]) -> dict[str, Any]:
        memory = join([self._engine.state.ops[i] for i in batch])
        self.checkpointed.ops.append(memory)
        return memory
