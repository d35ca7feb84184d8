"""The state of a program as arrays and plain numbers, and back."""

from __future__ import annotations

import re
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._schema import COUNT
from nefsim.filtering import StateSpace
from nefsim.program import Filter, Learn, Neurons, Op, Play, Program, State, Sum, Weigh

Arrays = dict[str, NDArray[Any]]

#: Numbers of the same network built on another machine differ by less than this share.
ROUNDING = 1e-6

#: What the file of a state says of itself.
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
    running = [[_plain(p.rng.bit_generator.state) for p in trials] for trials in state.running]
    meta["running"] = running
    return arrays


def _plain(state: Any) -> Any:
    """The state of a generator in numbers and texts."""
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


class Saved(Protocol):
    """A file that holds a state."""

    meta: dict[str, Any]
    names: list[str]

    def header(self, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
        """Type and shape of an array."""

    def array(self, name: str) -> NDArray[Any]:
        """An array, read now."""

    def fail(self, why: str) -> NoReturn:
        """Refuse the file."""


def check_state(who: str, program: Program, state: State) -> None:
    """Refuse a state from which its operations cannot go on.

    Raises
    ------
    ValueError
        If a memory is not finite, or is what its neuron type never has.
    """
    for op, memory in zip(program.ops, state.ops, strict=True):
        _check_memory(who, op, memory)


def _check_memory(who: str, op: Op, memory: dict[str, NDArray[Any]]) -> None:
    if isinstance(op, Neurons):
        op.neuron.check_state(who, memory)
        return
    for name, values in memory.items():
        if not np.isfinite(values).all():
            do = "go on from an earlier state"
            got = f"numbers that are not in {name!r}"
            check.fail(who, f"memory of {type(op).__name__}", "be finite", got, do)


def check_fit(who: str, program: Program, saved: Saved) -> None:
    """Refuse a file of another program, or of fewer trials than it says, before it is read."""
    meta = saved.meta
    if not _same(_marks(program), meta["program"]):
        _refuse_network(who)
    n_trials = meta["batch_size"] or 1
    for key, kind in (("rngs", Neurons), ("running", Play)):
        counts = [n_trials if isinstance(op, kind) else 0 for op in program.ops]
        if [len(each) for each in meta[key]] != counts:
            saved.fail(f"{key} must be of {n_trials} trials")
    lead = () if meta["batch_size"] is None else (n_trials,)
    for i, signal in enumerate(program.signals):
        if saved.header(f"signal {i}")[1] != (*lead, signal.size):
            _refuse_network(who)


def set_state(who: str, program: Program, state: State, saved: Saved) -> None:
    """Make a fresh state equal to a saved one; all of that is checked before any is set."""
    fresh, meta = state_arrays(program, state, {}), saved.meta
    if fresh.keys() != {n for n in saved.names if n.startswith(("signal ", "op ", "process "))}:
        _refuse_network(who)
    for name, mine in fresh.items():
        dtype, shape = saved.header(name)
        if dtype.kind != mine.dtype.kind:
            saved.fail(f"{name!r} is of type {dtype}")
        if shape != mine.shape and not name.startswith("process "):
            _refuse_network(who)
    values = {name: saved.array(name) for name in fresh}
    for i, (op, memory) in enumerate(zip(program.ops, state.ops, strict=True)):
        _check_memory(who, op, {name: values[f"op {i} {name}"] for name in memory})
    processes = []
    for i, trials in enumerate(state.running):
        for j, process in enumerate(trials):
            named = {name: values[f"process {i} {j} {name}"] for name in process.state}
            if not process.accepts(named, meta["step"]):
                saved.fail(f"process {i} does not go on from step {meta['step']}")
            processes.append((process, named))
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
            value[...] = values[f"op {i} {name}"]
    for rng, was in zip(rngs, states, strict=True):
        rng.bit_generator.state = was
    for process, named in processes:
        process.state.update(named)


def _try_generator(saved: Saved, rng: np.random.Generator, was: Any) -> None:
    """Refuse what is no state of such a generator."""
    kind = type(rng.bit_generator)
    try:
        kind(0).state = was
        # NumPy reads where the position of a Mersenne Twister says.
        if not 0 <= was["state"].get("pos", 0) <= 624:
            raise ValueError("position out of range")
    except Exception as error:  # NumPy meets what is missing or of another type, each in its way
        saved.fail(f"state of a generator: {type(error).__name__} {error}")


def _refuse_network(who: str) -> NoReturn:
    do = "pass the network that was saved"
    check.fail(who, "net", "fit the saved state", "another network", do)


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
