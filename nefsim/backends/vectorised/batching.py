"""Which operations run as one: many small ones of a kind cost as little as one large one.

The order of a step is found anew, with like operations side by side.  Populations wait until
nothing else can be done, so that as many as possible step together.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim.neurons import (
    LIF,
    AdaptiveLIF,
    AdaptiveLIFRate,
    Izhikevich,
    LIFRate,
    NeuronType,
    RectifiedLinear,
    RegularSpiking,
    Sigmoid,
    SpikingRectifiedLinear,
    Tanh,
)
from nefsim.program import Call, Evaluate, Filter, Neurons, Program, Sum

Memories = Sequence[Mapping[str, Any]]

#: Types whose neurons step one like another, whoever is beside them; a type of a user's own
#: may look at its whole population, and one that draws random numbers has streams of its own.
ALIKE = (
    LIF,
    LIFRate,
    AdaptiveLIF,
    AdaptiveLIFRate,
    RectifiedLinear,
    SpikingRectifiedLinear,
    Sigmoid,
    Tanh,
    Izhikevich,
)

#: Most neurons that step as one: their state then stays in the cache from step to step.
MOST_NEURONS = 8192

#: About what a step of a population, and of any other operation in a loop, costs in calls [µs].
CALLS_OF_NEURONS, CALLS_OF_OTHERS = 8.0, 4.0

#: In which order what can be done is done: functions, which wait for one another, come first,
#: so that what takes their values runs as one; populations, and then loops, come last.
FUNCTIONS, OTHERS, POPULATIONS, LOOPS = range(4)


@dataclass(frozen=True)
class Stage:
    """Batches of like operations, in the order of a step.

    A stage that loops takes its batches row by row; any other has one batch, which may run
    any number of steps at once.
    """

    batches: tuple[tuple[int, ...], ...]
    loop: bool


def stages(program: Program, memories: Memories) -> list[Stage]:
    """The operations of a program in stages, with like operations in one batch.

    In a long chain of populations each may run a chunk of time by itself, or all of them
    step together, since each reads what came out of the one before a step ago.  What needs
    fewer calls in Python is taken.
    """
    loops = [group.ops for group in program.groups if group.loop]
    apart = _stages(program, memories, loops)
    between = _between_populations(program)
    together = _stages(program, memories, [between, *(g for g in loops if g[0] not in between)])
    return min(apart, together, key=lambda found: _calls(program, found))


def _calls(program: Program, found: Sequence[Stage]) -> float:
    """About what the calls of a step cost; those of whole chunks hardly count."""
    total = 0.0
    for stage in found:
        for batch in stage.batches:
            if isinstance(program.ops[batch[0]], Neurons):
                total += CALLS_OF_NEURONS
            elif stage.loop:
                total += CALLS_OF_OTHERS
    return total


def _between_populations(program: Program) -> Collection[int]:
    """Operations on a way from one population to another, the populations included.

    Nothing outside them lies between two of them, so that they can be one loop.
    """
    writer = program.writer
    groups = [group.ops for group in program.groups]
    home = {i: g for g, ops in enumerate(groups) for i in ops}
    before = [
        {home[writer[read.signal]] for i in ops for read in program.ops[i].reads} for ops in groups
    ]
    has = [any(isinstance(program.ops[i], Neurons) for i in ops) for ops in groups]
    after_one, before_one = has[:], has[:]
    for g in range(len(groups)):
        after_one[g] |= any(after_one[h] for h in before[g])
    for g in reversed(range(len(groups))):
        for h in before[g]:
            before_one[h] |= before_one[g]
    return {i for g, ops in enumerate(groups) if after_one[g] and before_one[g] for i in ops}


def _stages(program: Program, memories: Memories, loops: Sequence[Collection[int]]) -> list[Stage]:
    """Stages where some sets of operations run row by row, those that can be in one loop."""
    ops = program.ops
    home = {i: min(loop) for loop in loops for i in loop}
    members = {min(loop): sorted(loop) for loop in loops if loop}
    needs: dict[int, set[int]] = {home.get(i, i): set() for i in range(len(ops))}
    now: list[set[int]] = [set() for _ in ops]
    for i, op in enumerate(ops):
        mine = home.get(i, i)
        for read in op.reads:
            j = program.writer[read.signal]
            needs[mine] |= {home.get(j, j)} - {mine}
            if read.delay == 0:
                now[i].add(j)

    def alike(i: int) -> tuple[int, Hashable]:
        return (LOOPS, "loop") if i in members else _kind(program, memories, i)

    found: list[Stage] = []
    for nodes in _batches(needs, alike):
        if nodes[0] not in members:
            found += [Stage((part,), False) for part in _parts(program, nodes)]
            continue
        inside = {i for node in nodes for i in members[node]}
        order = _batches(
            {i: now[i] & inside for i in sorted(inside)}, lambda i: _kind(program, memories, i)
        )
        batches = tuple(part for batch in order for part in _parts(program, batch))
        found.append(Stage(batches, True))
    return found


def _batches(
    needs: Mapping[int, Collection[int]], kind: Callable[[int], tuple[int, Hashable]]
) -> list[list[int]]:
    """Nodes in an order in which each comes after all that it needs, like ones together."""
    waits = {node: len(before) for node, before in needs.items()}
    readers: dict[int, list[int]] = {node: [] for node in needs}
    for node, before in needs.items():
        for other in before:
            readers[other].append(node)
    # For each priority the kinds that can be done, of which the first is done next.
    ready: list[OrderedDict[Hashable, list[int]]] = [OrderedDict() for _ in range(LOOPS + 1)]

    def add(node: int) -> None:
        priority, like = kind(node)
        ready[priority].setdefault(like, []).append(node)

    for node, count in waits.items():
        if not count:
            add(node)
    found: list[list[int]] = []
    while kinds := next(filter(None, ready), None):
        _, batch = kinds.popitem(last=False)
        found.append(batch)
        for node in batch:
            for reader in readers[node]:
                waits[reader] -= 1
                if not waits[reader]:
                    add(reader)
    return found


def _kind(program: Program, memories: Memories, i: int) -> tuple[int, Hashable]:
    """When an operation is done among those that can be, and which it runs with."""
    op = program.ops[i]
    if isinstance(op, Sum):
        return OTHERS, ("sum", program.signals[op.output].size)
    if isinstance(op, Filter):
        return OTHERS, ("filter", type(op.form), *(np.asarray(part).tobytes() for part in op.form))
    if isinstance(op, (Call, Evaluate)):
        return FUNCTIONS, i
    if not isinstance(op, Neurons):
        return OTHERS, i
    if is_alike(op.neuron):
        return POPULATIONS, (type(op.neuron), op.neuron, *memories[i])
    return POPULATIONS, i


def is_alike(neuron: NeuronType) -> bool:
    if neuron.size is not None:  # each neuron has its own place
        return False
    if type(neuron) is RegularSpiking:
        return type(neuron.base_type) in ALIKE
    return type(neuron) in ALIKE


def _parts(program: Program, batch: Sequence[int]) -> list[tuple[int, ...]]:
    """A batch as it is, or populations in parts of no more than so many neurons."""
    if not isinstance(program.ops[batch[0]], Neurons):
        return [tuple(batch)]
    parts: list[list[int]] = [[]]
    total = 0
    for i in batch:
        size = program.width(program.ops[i])
        if parts[-1] and total + size > MOST_NEURONS:
            parts.append([])
            total = 0
        parts[-1].append(i)
        total += size
    return [tuple(part) for part in parts]
