"""Describe a network before it is built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

import numpy as np

from nefsim import _checks as check
from nefsim import backends
from nefsim.backends.engine import chunk_length
from nefsim.describe import cost
from nefsim.describe.description import Cost, Description, Stretch
from nefsim.lowering import Built, build
from nefsim.lowering.outline import System
from nefsim.network import Network
from nefsim.program import Group, Neurons, Program, outputs


def describe(
    net: Network, dt: float = 0.001, batch_size: int | None = None, dtype: str = "float64"
) -> Description:
    """Estimate the schedule, the size and the cost of a network without building it.

    No parameters are drawn, no decoders solved and no functions called.  Memory is counted
    array by array; times are rough, from constants of one machine (see
    :mod:`nefsim.describe.cost`).

    Parameters
    ----------
    net : Network
        The model.
    dt : float [s]
        The time step.
    batch_size : int or None
        Number of trials at once.
    dtype : {"float64", "float32"}
        Precision of the run.

    Returns
    -------
    Description
        ``print`` shows a table; its attributes are plain numbers, and
        ``peak(backend, seconds)`` is the peak memory of a run.

    Raises
    ------
    ValueError, TypeError
        If ``net`` is not an outermost network, or an argument is out of range.

    See Also
    --------
    nefsim.bench.measure : Measured times on each back end.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> description = nef.describe(net)
    >>> description.neurons, description.costs["numpy"].chunk
    (50, 1000)
    """
    who = "describe"
    check.instance(who, "net", net, Network, "a network", "pass a Network")
    if net.parent is not None:
        check.fail(who, "net", "not be part of another", repr(net), "describe the outermost one")
    dt = check.seconds(who, "dt", dt)
    if batch_size is not None:
        do = "pass a number of trials"
        batch_size = check.integer(who, "batch_size", batch_size, do, 1, 10**6)
    dtype = check.one_of(who, "dtype", dtype, ("float64", "float32"))
    built = build(net, dt, 0, outline=True)
    program = built.program
    equations = cost.systems(built)
    factored = [s for s in equations if s.solver.uses_activities]
    sizes = [(system.n_points, system.ensemble.n_neurons) for system in factored]
    names = [name for name in backends.available() if name in cost.STEP]
    batch, item, arrays = batch_size or 1, np.dtype(dtype).itemsize, cost.arrays(built)
    return Description(
        label=net.label,
        dt=dt,
        batch_size=batch_size,
        dtype=dtype,
        ensembles=len(net.all_ensembles),
        neurons=net.n_neurons,
        dimensions=sum(ensemble.dimensions for ensemble in net.all_ensembles),
        nodes=len(net.all_nodes),
        connections=len(net.all_connections),
        probes=len(net.all_probes),
        signals=len(program.signals),
        operations=len(program.ops),
        factorisations=len(factored),
        largest=max(sizes, key=lambda size: size[0] * size[1], default=(0, 0)),
        schedule=tuple(_schedule(program)),
        bytes_per_second=_records(built, batch, item),
        costs={name: _cost(built, equations, arrays, name, batch, item) for name in names},
    )


def _schedule(program: Program) -> Iterator[Stretch]:
    """Stretches of groups in order: groups in chunks, or loops of equal sizes, are joined."""

    def likeness(group: Group) -> object:
        ops = [program.ops[i] for i in group.ops]
        sizes = [(type(op).__name__, cost.width(program, op)) for op in ops]
        return (True, tuple(sizes)) if group.loop else (False, ())

    for _, alike in groupby(program.groups, likeness):
        groups = [*alike]
        ops = [program.ops[i] for group in groups for i in group.ops]
        yield Stretch(
            groups[0].loop,
            len(groups),
            dict(Counter(type(op).__name__ for op in ops)),
            sum(cost.width(program, op) for op in ops if isinstance(op, Neurons)),
            sum(cost.products(op) for op in ops),
            next((program.signals[i].name for op in ops for i in outputs(op)), "learning"),
        )


def _records(built: Built, batch: int, item: int) -> int:
    """Bytes of the records of a second of model time."""
    program, rates = built.program, cost.spikes_per_second(built)
    total = 0.0
    for record in program.records:
        read = record.read
        size = program.size(read)
        each = item / program.dt
        if read.signal in rates:
            each = min(each, cost.EVENT * rates[read.signal])
        total += batch * size * each / max(record.every, 1.0)
    return round(min(total, check.HUGE))  # of steps that are shorter than 1e-300 s


def _cost(
    built: Built, equations: set[System], arrays: int, name: str, batch: int, item: int
) -> Cost:
    """Memory and time of a back end."""
    program = built.program
    sizes = [signal.size for signal in program.signals]
    constants = cost.constants(program)
    memories = cost.memories(program) * batch * item
    state = memories + sum(sizes) * batch * item
    neurons = sum(sizes[op.output] for op in program.ops if isinstance(op, Neurons))
    if name == "numpy":
        chunk = chunk_length(program, batch)
        # Equal operations are batched, with intermediate arrays as wide as all populations.
        rows = (chunk + 1) * sum(sizes) + chunk * neurons
        prepare = constants * item
        run = prepare + rows * batch * item
    else:
        exact = {op.output for op in program.ops if isinstance(op, Neurons)}  # as most are
        plan = backends.module(name).plan_of(program, batch, exact)
        chunk, signals = plan.length, plan.program.signals
        own = plan.materialized.difference(plan.parts.whole)  # a part has the rows of its whole
        rows = sum(sizes) + chunk * sum(signals[i].size for i in own)
        # The numbers are collected in lists, then joined in the precision of the run.
        prepare = constants * (cost.NUMBER + item)
        run = constants * item + rows * batch * item + neurons * batch * cost.NUMBER + memories
    # The memory of the solvers is free afterwards, but C libraries give little of it back.
    built_up = arrays + cost.solving(equations)
    return Cost(
        chunk=chunk,
        arrays=arrays,
        build=built_up,
        prepare=built_up + state + prepare,
        # During a chunk, a copy of the state at its start is held for errors.
        run=built_up + state + memories + run,
        build_seconds=cost.build_seconds(built, equations),
        step_seconds=cost.step_seconds(program, name, batch),
    )
