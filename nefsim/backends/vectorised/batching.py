"""Sort the operations of a step into batches of similar ones, which one NumPy call can run.

Among operations whose inputs are ready, populations of neurons come last, so that as many of
them as possible are in one batch.
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

#: Types whose step treats each neuron independently of the others.  A custom type may use the
#: whole population, and a type that draws random numbers needs a stream for each population.
ELEMENTWISE = (
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

#: Most neurons in a batch: their state then stays in the cache from step to step.
MOST_NEURONS = 8192

#: Approximate time of the calls for one step of a population, and of another operation [µs].
CALLS_OF_NEURONS, CALLS_OF_OTHERS = 8.0, 4.0

#: Priorities of the operations that are ready.  Functions come first, so that the operations
#: which read their values are in one batch; populations and then loops come last.
FUNCTIONS, OTHERS, POPULATIONS, LOOPS = range(4)


@dataclass(frozen=True)
class Stage:
    """Batches of similar operations that are run together, in the order of a step.

    If ``loop``, the batches run in turn for each step.  Otherwise there is one batch, which may
    run any number of steps at once.
    """

    batches: tuple[tuple[int, ...], ...]
    loop: bool


def stages(program: Program, memories: Memories) -> list[Stage]:
    """Sort the operations of a program into stages, with similar operations in one batch.

    In a chain of populations, each population can run a whole chunk after the one before it.
    Or all populations can be one batch that runs step by step, since each reads the output of
    the last step.  The order with fewer Python calls is chosen.

    Parameters
    ----------
    program : Program
        The program to run.
    memories : sequence of mapping
        The state variables of each operation; populations of one batch have the same ones.

    Returns
    -------
    list of Stage
    """
    loops = [group.ops for group in program.groups if group.loop]
    apart = _stages(program, memories, loops)
    between = _between_populations(program)
    together = _stages(program, memories, [between, *(g for g in loops if g[0] not in between)])
    return min(apart, together, key=lambda order: _time_of_calls(program, order))


def _time_of_calls(program: Program, order: Sequence[Stage]) -> float:
    """Approximate time of the Python calls in each step; calls for a whole chunk do not count."""
    total = 0.0
    for stage in order:
        for batch in stage.batches:
            if isinstance(program.ops[batch[0]], Neurons):
                total += CALLS_OF_NEURONS
            elif stage.loop:
                total += CALLS_OF_OTHERS
    return total


def _between_populations(program: Program) -> Collection[int]:
    """Operations on a path from one population to another, and the populations.

    They can run as one loop, since no other operation is between two of them.
    """
    writer = program.writer
    groups = [group.ops for group in program.groups]
    group_of = {i: g for g, ops in enumerate(groups) for i in ops}
    before = [
        {group_of[writer[read.signal]] for i in ops for read in program.ops[i].reads}
        for ops in groups
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
    """The stages of a program if each of the sets ``loops`` of operations is a loop."""
    ops = program.ops
    loop_of = {i: min(loop) for loop in loops for i in loop}
    members = {min(loop): sorted(loop) for loop in loops if loop}
    needs: dict[int, set[int]] = {loop_of.get(i, i): set() for i in range(len(ops))}
    inputs_now: list[set[int]] = [set() for _ in ops]
    for i, op in enumerate(ops):
        node = loop_of.get(i, i)
        for read in op.reads:
            j = program.writer[read.signal]
            needs[node] |= {loop_of.get(j, j)} - {node}
            if read.delay == 0:
                inputs_now[i].add(j)

    def kind_of_node(i: int) -> tuple[int, Hashable]:
        return (LOOPS, "loop") if i in members else _kind(program, memories, i)

    order: list[Stage] = []
    for nodes in _batches(needs, kind_of_node):
        if nodes[0] not in members:
            order += [Stage((part,), False) for part in _parts(program, nodes)]
            continue
        inside = {i for node in nodes for i in members[node]}
        batches = _batches(
            {i: inputs_now[i] & inside for i in sorted(inside)},
            lambda i: _kind(program, memories, i),
        )
        parts = tuple(part for batch in batches for part in _parts(program, batch))
        order.append(Stage(parts, True))
    return order


def _batches(
    needs: Mapping[int, Collection[int]], kind: Callable[[int], tuple[int, Hashable]]
) -> list[list[int]]:
    """Sort nodes into batches of one kind, each node after the nodes that it needs."""
    waits = {node: len(before) for node, before in needs.items()}
    readers: dict[int, list[int]] = {node: [] for node in needs}
    for node, before in needs.items():
        for other in before:
            readers[other].append(node)
    # For each priority the ready nodes by kind; the first kind is the next batch.
    ready: list[OrderedDict[Hashable, list[int]]] = [OrderedDict() for _ in range(LOOPS + 1)]

    def add(node: int) -> None:
        priority, key = kind(node)
        ready[priority].setdefault(key, []).append(node)

    for node, count in waits.items():
        if not count:
            add(node)
    batches: list[list[int]] = []
    while kinds := next(filter(None, ready), None):
        _, batch = kinds.popitem(last=False)
        batches.append(batch)
        for node in batch:
            for reader in readers[node]:
                waits[reader] -= 1
                if not waits[reader]:
                    add(reader)
    return batches


def _kind(program: Program, memories: Memories, i: int) -> tuple[int, Hashable]:
    """The priority of an operation, and a key; operations with equal keys can be one batch."""
    op = program.ops[i]
    if isinstance(op, Sum) and op.is_input:
        return OTHERS, i
    if isinstance(op, Sum):
        return OTHERS, ("sum", program.signals[op.output].size)
    if isinstance(op, Filter):
        return OTHERS, ("filter", type(op.form), *(np.asarray(part).tobytes() for part in op.form))
    if isinstance(op, (Call, Evaluate)):
        return FUNCTIONS, i
    if not isinstance(op, Neurons):
        return OTHERS, i
    if is_elementwise(op.neuron):
        return POPULATIONS, (type(op.neuron), op.neuron, *memories[i])
    return POPULATIONS, i


def is_elementwise(neuron: NeuronType) -> bool:
    """Whether the step of a neuron type treats each neuron independently of the others."""
    if neuron.size is not None:  # its parameters are arrays, one number for each neuron
        return False
    if type(neuron) is RegularSpiking:
        return type(neuron.base_type) in ELEMENTWISE
    return type(neuron) in ELEMENTWISE


def _parts(program: Program, batch: Sequence[int]) -> list[tuple[int, ...]]:
    """Split a batch of populations into parts of at most ``MOST_NEURONS`` neurons."""
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
