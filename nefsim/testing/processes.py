"""Laws of processes: the same numbers in any pieces, and a state that can be saved."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nefsim import _checks as check
from nefsim.network import Network
from nefsim.processes import Process, Running
from nefsim.simulator import Simulator
from nefsim.testing.laws import Laws, require, require_equal, require_value

LAWS = Laws()
N_STEPS = 1200


@dataclass(frozen=True)
class Case:
    """A process and a step."""

    process: Process
    dt: float

    @property
    def size(self) -> int:
        """Dimensions of the signal."""
        return self.process.size or 2

    def start(self, seed: int = 1) -> Running:
        """The process under way."""
        return self.process.start(self.size, self.dt, np.random.default_rng(seed))


def check_process(process: Process, dt: float = 0.001) -> tuple[str, ...]:
    """Check the laws of processes.

    Parameters
    ----------
    process : Process
        The value to check.
    dt : float [s]
        Length of a step.

    Returns
    -------
    tuple of str
        Names of the laws that were checked.

    Raises
    ------
    Violation
        If a law is broken.
    TypeError, ValueError
        If the arguments are not those above.

    See Also
    --------
    nefsim.Process : the methods of a process.

    Examples
    --------
    >>> import nefsim as nef
    >>> "single steps are one run" in nef.testing.check_process(nef.WhiteSignal(1.0, high=5))
    True
    """
    who, do = "check_process", "pass a value such as WhiteSignal(1.0, high=5)"
    check.instance(who, "process", process, Process, "a process", do)
    return LAWS.check(process, Case(process, check.seconds(who, "dt", dt)))


@LAWS.law()
def is_a_frozen_value(case: Case) -> None:
    """A process is a frozen dataclass that is equal to a copy of itself."""
    require_value(case.process)


@LAWS.law()
def values_have_a_row_for_each_step(case: Case) -> None:
    """A process under way gives finite values (n_steps, size)."""
    for n_steps in (0, 1, 25):
        x = case.start()(0, n_steps)
        require(np.shape(x) == (n_steps, case.size), f"It gives {np.shape(x)} for {n_steps} steps")
        require(np.isfinite(x).all(), f"{int((~np.isfinite(x)).sum())} values are not finite")


@LAWS.law()
def the_same_generator_gives_the_same_values(case: Case) -> None:
    """All randomness comes from the generator of start, or from a seed of the process."""
    first = np.array(case.start()(0, 100))
    require_equal(case.start()(0, 100), first, "the values of the same generator")


@LAWS.law()
def single_steps_are_one_run(case: Case) -> None:
    """The values do not depend on the way in which the steps are cut into calls."""
    whole, single, pieces = case.start()(0, N_STEPS), case.start(), case.start()
    steps = np.concatenate([single(k, 1) for k in range(N_STEPS)])
    require_equal(steps, whole, "the values of single steps")
    ends = (0, 1, 130, 131, 1025, N_STEPS)
    parts = [pieces(a, b - a) for a, b in pairwise(ends)]
    require_equal(np.concatenate(parts), whole, "the values in pieces")


@LAWS.law()
def rng_and_state_are_all_that_a_saved_run_needs(case: Case) -> None:
    """A process with the rng and state of another goes on as the other does."""
    running, other = case.start(), case.start(seed=99)
    running(0, 700)
    other.rng.bit_generator.state = running.rng.bit_generator.state
    other.state = {name: np.array(values) for name, values in running.state.items()}
    require(running.accepts(other.state, 700), "Its state after 700 steps is not accepted by it")
    require_equal(other(700, 300), running(700, 300), "the values after the state was set")


@LAWS.law()
def run_gives_the_values_of_a_network(case: Case) -> None:
    """A node with the process has as many values as steps, in one run and in pieces."""
    net = Network(seed=1)
    probe = net.probe(net.node(case.process, size_out=case.size))
    whole, pieces = (Simulator(net, case.dt, "numpy", progress=False) for _ in range(2))
    whole.run_steps(150)
    for n_steps in (1, 2, 47, 100):
        pieces.run_steps(n_steps)
    require_equal(pieces.data[probe], whole.data[probe], "the values of a run in pieces")
    alone = case.process.run(150 * case.dt, case.size, case.dt, seed=1)
    require(np.shape(alone) == (150, case.size), f"run gives {np.shape(alone)}")
