"""Estimate memory and time from the shapes of a network's arrays.

Memory is counted array by array.  Time is a sum over operations, with constants for each call,
each number and each product.  The constants were set by hand near the figures of
``benchmarks/`` on one idle core with AVX-512; other machines may be several times slower.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from nefsim.filtering import order
from nefsim.lowering import Built, threads
from nefsim.lowering.decode import MOST_ACTIVITIES
from nefsim.lowering.outline import System
from nefsim.network.functions import is_elementwise
from nefsim.program import (
    Call,
    Evaluate,
    Filter,
    Learn,
    Neurons,
    Op,
    Program,
    Sum,
    Weigh,
    outputs,
)
from nefsim.solvers import LstsqL2, NoiseMatched

#: Bytes of a number during the build, of an event (step and cell), and of the Python objects
#: of an operation: signals, terms, small arrays, functions.
NUMBER, EVENT, OPERATION = 8, 12, 3000

#: Arrays of points by neurons that solvers but LstsqL2 and NoiseMatched allocate, besides rates.
COPIES = 3

#: Mean rate of a neuron as a share of its maximum rate, for uniform intercepts and inputs in
#: [-1, 1] and rates that are linear above the intercept.
SHARE_OF_RATE = 0.25

# Build time [s]: of an object, of a value of a rate curve, of a product in BLAS, of a call of
# a user's function, of a random number.
OBJECT, RATE, PRODUCT, CALL, DRAW = 3e-4, 2.5e-8, 4e-11, 3e-6, 3e-8

#: Seconds of a step by back end: of an operation in a chunk, of an operation step by step, of a
#: neuron, of any other number, of a product.
STEP: dict[str, tuple[float, float, float, float, float]] = {
    "numpy": (5e-8, 5e-6, 8e-9, 4e-9, 2e-10),
    "numba": (5e-9, 5e-9, 3e-10, 5e-10, 1e-10),
}

#: Seconds of a step of a population in NumPy, which is called at each step.
POPULATION = 1.2e-5


def products(op: Op) -> int:
    """Number of multiply-adds of an operation in a step."""
    return sum(_size(m) for m in _matrices(op))


def width(program: Program, op: Op) -> int:
    """Size of the output of an operation; 0 if it changes weights."""
    signals = outputs(op) if isinstance(op, Call) else outputs(op)[:1]
    return sum(program.signals[signal].size for signal in signals)


def systems(built: Built) -> set[System]:
    """The least-squares problems of all decoders."""
    parts = (*built.connections.values(), *built.probe_data.values())
    return {part.solver_info["system"] for part in parts if "system" in part.solver_info}


# -- memory ------------------------------------------------------------------------------


def arrays(built: Built) -> int:
    """Size of all arrays of the built network and of their Python objects [bytes]."""

    def each() -> Iterator[Any]:
        for ensemble in built.ensembles.values():
            yield from vars(ensemble).values()
        for part in (*built.connections.values(), *built.probe_data.values()):
            yield from vars(part).values()
        for op in built.program.ops:
            yield from _matrices(op)
            if isinstance(op, Sum):
                yield op.offset

    sizes = {_place(a): _size(a) for a in each() if hasattr(a, "dtype") and np.ndim(a)}
    return NUMBER * sum(sizes.values()) + OPERATION * len(built.program.ops)


def solving(equations: Iterable[System]) -> int:
    """Peak memory of activities and Gram matrices of the ensembles [bytes].

    Large ensembles are solved one after the other, small ones in parallel on all cores.
    """
    demand: dict[Any, int] = {}
    small: set[Any] = set()
    largest = 0
    for system in equations:
        n, p = system.ensemble.n_neurons, system.n_points
        standard = type(system.solver) in (LstsqL2, NoiseMatched)
        held = p * n
        if standard and held > MOST_ACTIVITIES and p >= n:
            held = MOST_ACTIVITIES // 4 + n**2  # a block, and its addition to the Gram matrix
        demand[system.ensemble] = demand.get(system.ensemble, 0) + held + min(p, n) ** 2
        if p * n * min(p, n) < threads.MIN_WORK_FOR_THREADS:
            small.add(system.ensemble)
        largest = max(largest, 0 if standard else COPIES * p * n)
    together = sorted(demand[ensemble] for ensemble in small)[-threads.cores() :]
    return NUMBER * (max(sum(together), *demand.values(), 0) + largest)


def memories(program: Program) -> int:
    """Number of state variables of the operations, in one trial."""
    total = 0
    for op in program.ops:
        size = width(program, op)
        if isinstance(op, Weigh):
            total += 0 if op.is_empty else op.initial.size
        elif isinstance(op, Learn):
            n_out, n_in = op.learned.initial.shape
            for part in op.parts:
                total += sum(np.size(v) for v in part.rule.start(n_in, n_out, program.dt).values())
        elif isinstance(op, Neurons):
            one = {name: np.zeros(1) for name in op.initial}
            total += size * len(op.neuron.start(one, program.dt))
        elif isinstance(op, Filter):
            total += size * order(op.form)
    return total


def constants(program: Program) -> int:
    """Total size of all matrices and offsets of a program."""
    sums = [op for op in program.ops if isinstance(op, Sum)]
    return sum(products(op) + (0 if op.offset is None else op.offset.size) for op in sums)


def spikes_per_second(built: Built) -> dict[int, float]:
    """Estimated mean rate of the neurons of each signal of spikes [Hz]."""
    rates = {}
    for ensemble in built.ensembles:
        if ensemble.neuron_type.spiking:
            max_rates = ensemble.max_rates
            ends = [getattr(max_rates, name, 300.0) for name in ("low", "high")]
            mean = float(np.mean(max_rates if isinstance(max_rates, np.ndarray) else ends))
            rates[built.signals[ensemble.neurons]] = SHARE_OF_RATE * mean
    return rates


# -- time --------------------------------------------------------------------------------


def build_seconds(built: Built, equations: Iterable[System]) -> float:
    """Time to draw the parameters and solve for the decoders [s]."""
    program = built.program
    seconds = OBJECT * (len(built.ensembles) + len(built.connections) + len(program.records))
    for ensemble in built.ensembles.values():
        seconds += DRAW * (ensemble.encoders.size + ensemble.eval_points.size)
    for system in equations:
        n, p, d = system.ensemble.n_neurons, system.n_points, system.ensemble.dimensions
        small = min(n, p)
        seconds += RATE * p * n + PRODUCT * (p * n * (small + d) + small**3 / 3)
    for connection, part in built.connections.items():
        slow = callable(connection.function) and not is_elementwise(connection.function)
        if slow and part.eval_points is not None:
            seconds += CALL * len(part.eval_points)
    return seconds


def step_seconds(program: Program, backend: str, batch: int) -> float:
    """Time of one step of all trials [s]."""
    in_chunks, in_loop, neuron, number, product = STEP[backend]
    seconds = 0.0
    for group in program.groups:
        for i in group.ops:
            op = program.ops[i]
            size = width(program, op) * batch
            seconds += in_loop if group.loop else in_chunks
            seconds += product * products(op) * batch
            seconds += size * (neuron if isinstance(op, Neurons) else number)
            if isinstance(op, Neurons) and backend == "numpy":
                seconds += POPULATION
            if isinstance(op, Evaluate) and not is_elementwise(op.function):
                seconds += CALL * (1 if op.input is None else batch)
            if isinstance(op, Call) and not op.chunked:
                seconds += CALL * batch
    return seconds


# -- arrays ------------------------------------------------------------------------------


def _matrices(op: Op) -> list[Any]:
    if isinstance(op, Weigh):
        return [] if op.is_empty else [op.initial]
    if isinstance(op, Sum):
        return [term.matrix for term in op.terms if np.ndim(term.matrix)]
    return []


def _size(array: Any) -> int:
    """Number of elements of an array; in a sparse array their indices count, too."""
    return int(2 * array.nnz if hasattr(array, "tocsr") else array.size)


def _place(array: Any) -> tuple[int, int]:
    """Address and size of an array, the same for its transpose."""
    if hasattr(array, "tocsr"):
        return id(array), 0
    return array.__array_interface__["data"][0], array.size
