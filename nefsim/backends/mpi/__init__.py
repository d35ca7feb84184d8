"""The back end "mpi": one network on several processes, on one machine or many.

``mpiexec -n 4 python script.py`` starts the same script in four processes.  Each builds the whole
network with the same arrays, and solves a part of the decoders for all of them.  It then runs its
share of the operations on the compiled back end, or in NumPy where numba is not installed
(:mod:`nefsim.backends.distributed`).  After each run, all processes have the records of all probes
and all learned weights.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim import backends
from nefsim.backends import Recorder, Runner
from nefsim.backends.distributed.balance import assign, equal_parts
from nefsim.backends.distributed.cut import Cut
from nefsim.backends.distributed.fingerprint import fingerprint
from nefsim.backends.distributed.team import Team
from nefsim.backends.distributed.units import atoms_of, find_units
from nefsim.backends.engine import HasProgram
from nefsim.backends.mpi.ending import end_all
from nefsim.backends.mpi.processes import Processes, processes
from nefsim.program import Learn, Program, State, Weigh

__all__ = ["common_seed", "demand", "divide", "prepare"]


def demand(dtype: Any) -> None:
    """Start MPI; raise an error if there is no library of MPI."""
    del dtype
    processes()


def common_seed(seed: int) -> int:
    """The seed of the first process, for all of them."""
    team = processes()
    return seed if team.n == 1 else team.of_first(seed)


def divide(
    solve: Callable[[Sequence[int]], dict[int, Any]], work: Sequence[float]
) -> dict[int, Any]:
    """Solve a part of the systems of a network in each process, and share the solutions.

    So all processes have the same decoders to the last digit, also on machines of other kinds.

    Parameters
    ----------
    solve : callable
        ``solve(numbers)`` returns the solutions of the systems of these numbers.
    work : sequence of float
        The work of each system; the same in all processes.

    Returns
    -------
    dict
        The solutions of all processes.

    Raises
    ------
    ValueError or TypeError
        The first error of all processes, in each of them.
    """
    team = processes()
    if team.n == 1:
        return solve(range(len(work)))
    errors: dict[int, Exception] = {}
    with end_all(team):
        _check_same(zlib.crc32(repr(work).encode()), team)
        found: dict[int, Any] = {}
        try:
            found = solve(equal_parts(work, team.n)[team.process])
        except (ValueError, TypeError) as error:
            errors[team.process] = error
        found, errors = team.shared(found, errors)
    if errors:
        raise errors[min(errors)]
    return found


def prepare(built: HasProgram, state: State, process: Mapping[int, int] | None = None) -> Runner:
    """Prepare the share of this process; return a runner that advances ``state``.

    Parameters
    ----------
    built : Built
        The network, the same in all processes.
    state : State
        The state; only the memories of this process's operations and learned weights change.
    process : mapping of int to int, optional
        The process of signals that a user has chosen, by their number.
    """
    team, program = processes(), built.program
    dtype = str(state.signals[0].dtype) if state.signals else "float64"
    local = backends.module(backends.fastest(dtype)).prepare
    if team.n == 1:
        return local(built, state)
    with end_all(team):
        if process is not None and max(process.values(), default=0) >= team.n:
            got = f"process {max(process.values())}"
            do = f"start more than {team.n} processes"
            check.fail("Simulator", "partition", f"have processes below {team.n}", got, do)
        units = find_units(program)
        fixed = None if process is None else atoms_of(program, units, process)
        chosen = assign(program, units, team.n, fixed)
        _check_same(fingerprint(program, chosen), team)
        cut = Cut(program, units, chosen, team.n)
        shares = Team(cut, state, local, (team.process,), team)

    def run(n_steps: int, recorder: Recorder) -> None:
        with end_all(team):
            shares.run(n_steps, recorder)
            _share_learned(program, cut, state, team)

    return run


def _check_same(number: int, team: Processes) -> None:
    """Raise an error if the processes have different numbers of their networks."""
    if team.least(number) != -team.least(-number):
        raise ValueError(
            "Simulator: the network must be the same in all processes, got different ones; give "
            "the network and all random choices of the model a seed."
        )


def _share_learned(program: Program, cut: Cut, state: State, team: Processes) -> None:
    """Copy learned weights to all processes."""
    if not any(isinstance(op, Learn) for op in program.ops):
        return
    mine = {
        i: memory["weights"]
        for i, (op, memory) in enumerate(zip(program.ops, state.ops, strict=True))
        if isinstance(op, Weigh) and not op.is_rest and cut.process[i] == team.process
    }
    (weights,) = team.shared(mine)
    for i, values in weights.items():
        if i not in mine:
            state.ops[i]["weights"][...] = np.asarray(values)
