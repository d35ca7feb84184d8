"""Checkpoints: conversion of the state of a program to arrays and plain numbers, and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._schema import COUNT
from nefsim.filtering import StateSpace
from nefsim.program import (
    Filter,
    Learn,
    Neurons,
    Op,
    Play,
    Program,
    State,
    Sum,
    Weigh,
    stored,
)

Arrays = dict[str, NDArray[Any]]

#: Tolerance of the comparison of programs, as a share of their numbers: rounding differs between
#: machines.
ROUNDING = 1e-6

#: Schema of the description of a checkpoint.
SCHEMA = {
    "dt": float,
    "seed": range(2**64),
    "run_seed": (None, range(2**64)),
    "batch_size": (None, range(1, 10**6 + 1)),
    "dtype": ("float64", "float32"),
    "start": COUNT,
    "step": COUNT,
    "program": [[str, float]],
    "rngs": [[object]],
    "running": [[object]],
}


def state_arrays(program: Program, state: State, meta: dict[str, Any]) -> Arrays:
    """The arrays of a state; step, generators and marks of the program are put into ``meta``."""
    arrays: Arrays = {f"signal {i}": value for i, value in enumerate(state.signals)}
    for i, memory in enumerate(state.ops):
        arrays |= {f"op {i} {name}": value for name, value in stored(memory).items()}
    for i, trials in enumerate(state.running):
        for j, process in enumerate(trials):
            arrays |= {f"process {i} {j} {name}": v for name, v in process.state.items()}
    meta["program"] = _marks(program)
    meta["step"] = state.step
    meta["rngs"] = [[plain(rng.bit_generator.state) for rng in streams] for streams in state.rngs]
    running = [[plain(p.rng.bit_generator.state) for p in trials] for trials in state.running]
    meta["running"] = running
    return arrays


def plain(state: Any) -> Any:
    """The state of a generator as plain numbers and texts."""
    if isinstance(state, dict):
        return {name: plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


class Saved(Protocol):
    """Protocol of an open checkpoint file."""

    meta: dict[str, Any]
    names: list[str]

    def header(self, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
        """Type and shape of an array."""

    def array(self, name: str) -> NDArray[Any]:
        """Read an array."""

    def fail(self, why: str) -> NoReturn:
        """Raise an error about the file."""


def check_state(who: str, program: Program, state: State) -> None:
    """Check that operations can continue from a state.

    Raises
    ------
    ValueError
        If an array is not finite, or is not a valid state of its neuron type.
    """
    for op, memory in zip(program.ops, state.ops, strict=True):
        _check_memory(who, op, stored(memory))
    _check_signals(who, program, state.signals)


def _check_signals(who: str, program: Program, values: Sequence[NDArray[Any]]) -> None:
    # Observed variables are copies of memory, which its neuron type has checked.
    copies = {i for op in program.ops if isinstance(op, Neurons) for _, i in op.observed}
    for i, (signal, value) in enumerate(zip(program.signals, values, strict=True)):
        if i not in copies:
            _check_finite(who, f"signal {signal.name!r}", value)


def _check_memory(who: str, op: Op, memory: dict[str, NDArray[Any]]) -> None:
    if isinstance(op, Neurons):
        op.neuron.check_state(who, memory)
        return
    for name, values in memory.items():
        _check_finite(who, f"{name!r} of {type(op).__name__}", values)


def _check_finite(who: str, what: str, values: NDArray[Any]) -> None:
    wrong = values[~np.isfinite(values)]
    if wrong.size:
        check.fail(who, what, "be finite", f"{wrong[0]:g}", "continue from an earlier state")


def check_fit(who: str, program: Program, saved: Saved, argument: str = "net") -> None:
    """Check program and number of trials of a file, before its arrays are read.

    ``argument`` is the caller's name of the network, for errors.
    """
    meta = saved.meta
    difference = _difference(program, saved)
    if difference:
        refuse_network(who, argument, difference)
    n_trials = meta["batch_size"] or 1
    for key, kind in (("rngs", Neurons), ("running", Play)):
        counts = [n_trials if isinstance(op, kind) else 0 for op in program.ops]
        if [len(each) for each in meta[key]] != counts:
            saved.fail(f"{key} must be of {n_trials} trials")
    lead = () if meta["batch_size"] is None else (n_trials,)
    for i, signal in enumerate(program.signals):
        if saved.header(f"signal {i}")[1] != (*lead, signal.size):
            refuse_network(who, argument, f"another size of {signal.name}")


def set_state(
    who: str, program: Program, state: State, saved: Saved, argument: str = "net"
) -> None:
    """Set a fresh state to a saved one, after a check of all saved arrays."""
    fresh, meta = state_arrays(program, state, {}), saved.meta
    names = {n for n in saved.names if n.startswith(("signal ", "op ", "process "))}
    for i, memory in enumerate(state.ops):
        if "in_use" in memory:  # weights that were not in use at the start may be in use now
            name = f"op {i} weights"
            fresh |= {name: memory["weights"]} if name in names else {}
    # Files of earlier versions lack the values of inputs, which could not be set.
    new = {f"op {i} value" for i, op in enumerate(program.ops) if isinstance(op, Sum)} - names
    if fresh.keys() - new != names:
        odd = min((fresh.keys() - new) ^ names)
        refuse_network(who, argument, f"{odd!r} in {'the file' if odd in names else 'net'} alone")
    for name, current in fresh.items():
        if name in new:
            continue
        dtype, shape = saved.header(name)
        if dtype.kind != current.dtype.kind:
            saved.fail(f"{name!r} is of type {dtype}")
        if shape != current.shape and not name.startswith("process "):
            refuse_network(who, argument, f"{name!r} of shape {current.shape}, saved {shape}")
    values = {name: fresh[name] if name in new else saved.array(name) for name in fresh}
    for i, (op, memory) in enumerate(zip(program.ops, state.ops, strict=True)):
        of_op = {name: values.get(f"op {i} {name}") for name in memory}
        _check_memory(who, op, {name: v for name, v in of_op.items() if v is not None})
    _check_signals(who, program, [values[f"signal {i}"] for i in range(len(program.signals))])
    processes = []
    for i, trials in enumerate(state.running):
        for j, process in enumerate(trials):
            arrays = {name: values[f"process {i} {j} {name}"] for name in process.state}
            if not process.accepts(arrays, meta["step"]):
                saved.fail(f"process {i} cannot continue from step {meta['step']}")
            processes.append((process, arrays))
    rngs = [rng for streams in state.rngs for rng in streams]
    rngs += [process.rng for trials in state.running for process in trials]
    states = [was for key in ("rngs", "running") for each in meta[key] for was in each]
    for rng, was in zip(rngs, states, strict=True):
        _try_generator(saved, rng, was)
    state.step = meta["step"]
    for i, signal in enumerate(state.signals):
        signal[...] = values[f"signal {i}"]
    for i, memory in enumerate(state.ops):
        for name, value in memory.items():
            if f"op {i} {name}" in values:
                value[...] = values[f"op {i} {name}"]
    for rng, was in zip(rngs, states, strict=True):
        rng.bit_generator.state = was
    for process, arrays in processes:
        process.state.update(arrays)


def _try_generator(saved: Saved, rng: np.random.Generator, was: Any) -> None:
    """Check that a generator accepts a saved state."""
    try:
        type(rng.bit_generator)().state = was
        # NumPy does not check the position of a Mersenne Twister.
        if "pos" in was["state"] and was["state"]["pos"] not in range(625):
            raise ValueError("position out of range")
    except Exception as error:  # NumPy raises these for missing keys and other types
        saved.fail(f"state of a generator: {type(error).__name__} {error}")


def refuse_network(who: str, argument: str = "net", difference: str = "") -> NoReturn:
    """Raise an error about a network that is not the saved one, with the first difference."""
    got = f"another network: {difference}" if difference else "another network"
    do = "pass the network that was saved"
    check.fail(who, argument, "fit the saved state", got, do)


def _marks(program: Program) -> list[tuple[str, float]]:
    """A mark of each operation, to compare programs: its text, and a sum of its numbers.

    The numbers are weighted by their index.  For the same network on another machine the sums
    agree up to rounding.  The code of users' functions is compared by
    :mod:`nefsim.saving`.
    """
    return [(_words(op), sum(_weighted(part) for part in _numbers(op))) for op in program.ops]


def _weighted(numbers: Any) -> float:
    flat = np.ravel(numbers)
    return float(np.vdot(flat, np.cos(np.arange(flat.size))))


def _words(op: Op) -> str:
    if isinstance(op, Neurons):
        return repr(op.neuron)
    if isinstance(op, Learn):
        return repr([part.rule for part in op.parts])
    if isinstance(op, Filter) and isinstance(op.form, StateSpace):
        return "Filter by its state"  # the state of the same filter by polynomials differs
    # Without the addresses of functions, which are new in every session.
    words = repr(op.process) if isinstance(op, Play) else type(op).__name__
    return re.sub(r" at 0x\w+", "", words)


def _numbers(op: Op) -> list[Any]:
    if isinstance(op, Filter):
        return [*op.form]
    if isinstance(op, Weigh):
        return [] if op.is_empty else [op.initial]
    if isinstance(op, Neurons):  # the text shows only the ends of long arrays
        return [value for value in vars(op.neuron).values() if isinstance(value, np.ndarray)]
    if not isinstance(op, Sum):
        return []
    matrices: list[Any] = [1.0 if term.matrix is None else term.matrix for term in op.terms]
    dense: list[Any] = [m.data if hasattr(m, "tocsr") else m for m in matrices]
    return dense if op.offset is None else [*dense, op.offset]


def _difference(program: Program, saved: Saved) -> str:
    """The first difference between a program and the saved one; empty if there is none.

    Marks are compared up to rounding of the numbers that are added.
    """
    marks, others = _marks(program), saved.meta["program"]
    n_probes = len({name.split()[1] for name in saved.names if name.startswith("record ")})
    if n_probes and n_probes != len(program.records):
        return f"{check.counted(len(program.records), 'probe')}, saved {n_probes}"
    if len(marks) != len(others):
        return f"{check.counted(len(marks), 'operation')}, saved {len(others)}"
    for (words, _), (saved_words, _) in zip(marks, others, strict=True):
        if words != saved_words:
            return f"{_short(words)}, saved {_short(saved_words)}"
    ops = sorted(enumerate(program.ops), key=lambda pair: not isinstance(pair[1], Neurons))
    for i, op in ops:  # neurons first, as decoders depend on them
        # Decoders are small: a share of each sum, and not of 1.
        size = sum(float(np.abs(part).sum()) for part in _numbers(op))
        if not abs(marks[i][1] - others[i][1]) <= ROUNDING * size:
            output = getattr(op, "output", None)
            of = type(op).__name__ if output is None else program.signals[output].name
            return f"other numbers of {of}"
    return ""


def _short(words: str) -> str:
    return words if len(words) <= 60 else f"{words[:57]}..."
