"""From a program to a runner in NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, cast

import numpy as np

from nefsim.backends import Runner
from nefsim.backends.engine import Advance, Engine, HasProgram, carrying, chunk_length
from nefsim.backends.vectorised.batching import is_alike, stages
from nefsim.backends.vectorised.filters import filtering
from nefsim.backends.vectorised.layout import Layout, as_slice, joined
from nefsim.backends.vectorised.operations import advances
from nefsim.backends.vectorised.populations import observing, stepping
from nefsim.backends.vectorised.sums import sums
from nefsim.program import Filter, Neurons, State, Sum, outputs


def prepare(built: HasProgram, state: State) -> Runner:
    """A runner for ``built.program`` that advances ``state``."""
    program = built.program
    plan = stages(program, state.ops)
    layout = Layout(program, plan)
    length = chunk_length(sum(signal.size for signal in state.signals))
    buffers = layout.buffers(state.signals, length + 1)
    rows = [layout.view(buffers, i) for i in range(len(state.signals))]
    engine = Engine(program, state, rows, carrying(buffers))
    makers = _Makers(engine, layout, buffers)
    for stage in plan:
        steps = [step for batch in stage.batches for step in makers.advances(batch)]
        if stage.loop:
            engine.plan.append((steps, True))
        else:
            engine.plan += [([step], False) for step in steps]
    engine.kept = makers.kept
    return engine.run


class _Makers:
    """Makes what advances a batch, and joins the memories of its operations.

    Attributes
    ----------
    kept : State
        What the batches remember; the state's own arrays are views of it.
    """

    def __init__(self, engine: Engine, layout: Layout, buffers: Sequence[Any]) -> None:
        self._engine, self._layout, self._buffers = engine, layout, buffers
        self.kept = State(0, [], [], [], [])

    def advances(self, batch: Sequence[int]) -> Iterator[Advance]:
        """What advances a batch: as few functions as its signals lie in places."""
        ops = self._engine.program.ops
        first = ops[batch[0]]
        if isinstance(first, Sum):
            for run in self._layout.runs(batch, [outputs(ops[i])[0] for i in batch]):
                parts = [cast(Sum, ops[i]) for i in run]
                yield sums(self._layout, self._buffers, parts)
        elif isinstance(first, Filter):
            for run in self._layout.runs(batch, [outputs(ops[i])[0] for i in batch]):
                for _, same in groupby(run, lambda i: self._layout.buffer(ops[i].reads[0].signal)):
                    yield self._filter(list(same))
        elif isinstance(first, Neurons) and is_alike(first.neuron):
            # Rates of some that are currents of others do not lie with the rest.
            chosen = [cast(Neurons, ops[i]) for i in batch]
            outs, currents = [op.output for op in chosen], [op.current for op in chosen]
            for run in self._layout.runs(batch, outs, currents):
                yield self._neurons(run)
        else:
            (i,), state = batch, self._engine.state
            self.kept.ops.append(state.ops[i])
            self.kept.rngs.append(state.rngs[i])
            self.kept.running.append(state.running[i])
            yield advances(self._engine, i)

    def _filter(self, batch: Sequence[int]) -> Advance:
        ops = [cast(Filter, self._engine.program.ops[i]) for i in batch]
        source = self._buffers[self._layout.buffer(ops[0].input)]
        columns = as_slice(np.concatenate([self._layout.chosen(op.reads[0]) for op in ops]))
        out = self._layout.span(self._buffers, [op.output for op in ops])
        return filtering(ops[0], source, columns, out, self._joined(batch)["z"])

    def _neurons(self, batch: Sequence[int]) -> Advance:
        ops = [cast(Neurons, self._engine.program.ops[i]) for i in batch]
        current = self._layout.span(self._buffers, [op.current for op in ops])
        out = self._layout.span(self._buffers, [op.output for op in ops])
        memory = self._joined(batch)
        observed = [shown for i in batch for shown in observing(self._engine, i)]
        dt = self._engine.program.dt
        return stepping(ops[0].neuron, dt, current, out, memory, observed)

    def _joined(self, batch: Sequence[int]) -> dict[str, Any]:
        memory = joined([self._engine.state.ops[i] for i in batch])
        self.kept.ops.append(memory)
        return memory
