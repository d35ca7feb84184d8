"""The state of a program as arrays and plain numbers, and back."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.filtering import StateSpace
from nefsim.program import Filter, Learn, Neurons, Op, Play, Program, State, Sum, Weigh

Arrays = dict[str, NDArray[Any]]

#: Numbers of the same network built on another machine differ by less than this share.
ROUNDING = 1e-6


def state_arrays(program: Program, state: State, meta: dict[str, Any]) -> Arrays:
    """A state as arrays; steps done, generators and what tells the program go into ``meta``."""
    arrays: Arrays = {f"signal {i}": value for i, value in enumerate(state.signals)}
    for i, memory in enumerate(state.ops):
        arrays |= {f"op {i} {name}": value for name, value in memory.items()}
    for i, trials in enumerate(state.running):
        for j, process in enumerate(trials):
            arrays |= {f"process {i} {j} {name}": v for name, v in process.state.items()}
    meta["program"] = _marks(program)
    meta["step"] = state.step
    meta["rngs"] = [[_plain(rng.bit_generator.state) for rng in streams] for streams in state.rngs]
    meta["running"] = [[p.rng.bit_generator.state for p in trials] for trials in state.running]
    return arrays


def _plain(state: Any) -> Any:
    """The state of a generator in numbers and texts."""
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


def set_state(
    who: str, program: Program, state: State, arrays: Arrays, meta: dict[str, Any]
) -> None:
    """Make a fresh state equal to a saved one of the same program."""
    mine: dict[str, Any] = {}
    fresh = state_arrays(program, state, mine)
    saved = {k: v for k, v in arrays.items() if not k.startswith("record ")}
    blocks = {k for k in fresh if k.startswith("process ")}
    if (
        fresh.keys() != saved.keys()
        or any(fresh[k].shape != saved[k].shape for k in fresh.keys() - blocks)
        or not _same(mine["program"], meta["program"])
    ):
        do = "pass the network that was saved"
        check.fail(who, "net", "fit the saved state", "another network", do)
    state.step = int(meta["step"])
    for i, signal in enumerate(state.signals):
        signal[...] = saved[f"signal {i}"]
    for i, memory in enumerate(state.ops):
        for name, value in memory.items():
            value[...] = saved[f"op {i} {name}"]
    for streams, states in zip(state.rngs, meta["rngs"], strict=True):
        for rng, was in zip(streams, states, strict=True):
            rng.bit_generator.state = was
    for i, (trials, states) in enumerate(zip(state.running, meta["running"], strict=True)):
        for j, (process, was) in enumerate(zip(trials, states, strict=True)):
            process.rng.bit_generator.state = was
            for name in process.state:
                process.state[name] = saved[f"process {i} {j} {name}"]


def _marks(program: Program) -> list[tuple[str, float]]:
    """What tells one program from another: each operation in words, and a sum of its numbers.

    The numbers are weighted by their places.  The sums agree up to rounding where the same
    network was built on another machine; functions of the user are not looked into.
    """
    return [(_words(op), sum(_weighted(part) for part in _numbers(op))) for op in program.ops]


def _weighted(numbers: Any) -> float:
    flat = np.ravel(numbers)
    return float(flat @ np.cos(np.arange(flat.size)))


def _words(op: Op) -> str:
    if isinstance(op, Neurons):
        return repr(op.neuron)
    if isinstance(op, Learn):
        return repr([part.rule for part in op.parts])
    if isinstance(op, Filter) and isinstance(op.form, StateSpace):
        return "Filter by its state"  # the memory of the same filter by polynomials is another
    # Without the addresses of functions, which are new in every session.
    words = repr(op.process) if isinstance(op, Play) else type(op).__name__
    return re.sub(r" at 0x\w+", "", words)


def _numbers(op: Op) -> list[Any]:
    if isinstance(op, Filter):
        return [*op.form]
    if isinstance(op, Weigh):
        return [op.initial]
    if isinstance(op, Neurons):  # of long arrays the words show the ends alone
        return [value for value in vars(op.neuron).values() if isinstance(value, np.ndarray)]
    if not isinstance(op, Sum):
        return []
    matrices: list[Any] = [1.0 if term.matrix is None else term.matrix for term in op.terms]
    dense: list[Any] = [m.data if hasattr(m, "tocsr") else m for m in matrices]
    return dense if op.offset is None else [*dense, op.offset]


def _same(mine: list[tuple[str, float]], saved: list[Any]) -> bool:
    if [words for words, _ in mine] != [words for words, _ in saved]:
        return False
    sums = [[total for _, total in marks] for marks in (mine, saved)]
    return np.allclose(sums[0], sums[1], rtol=ROUNDING, atol=ROUNDING)
