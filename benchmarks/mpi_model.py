"""The cost of a network of 1e8 neurons on 100 machines of 32 cores, on paper.

    python benchmarks/mpi_model.py

Constants are measured (see ``mpi.md``), except those of the network between machines and of
memory shared by 32 cores, which are assumptions and named so.  The time of a step is that of
:func:`nefsim.backends.distributed.cost.step_seconds`, for a process with average work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nefsim.backends.distributed.cost import step_seconds

#: Measured on one core: time of a neuron in 4 dimensions with its decoding, in the caches and
#: from main memory [s]; bytes of its state and matrices that a step reads.
IN_CACHE, FROM_MEMORY, BYTES_OF_STEP = 0.84e-9, 4.7e-9, 100

#: Measured: bytes of a built neuron, and processor time of a population of 200 neurons with
#: decoders of its own [s]: drawn, lowered and cut by each process, and solved by one of them.
BYTES_OF_BUILD, DRAW, SOLVE = 760, 1.8e-3, 6.9e-3

#: Assumed: latency [s] and bytes per second of the network between machines; bytes per second
#: of the memory of one machine, bytes of the caches of its cores together.
LATENCY, BANDWIDTH, MEMORY, CACHE = 15e-6, 10e9, 200e9, 96e6

NEURONS, MACHINES, CORES, POPULATION, DIMENSIONS = 10**8, 100, 32, 200, 4


@dataclass(frozen=True)
class Case:
    """A way to run the network.

    Attributes
    ----------
    name : str
        Its name.
    per_machine : int
        Processes of a machine, which share its cores.
    neighbours : int or None
        Processes that each process exchanges values with; None sends each value to
        ``targets`` random processes.
    leaving : float
        Share of the values that leave their process.
    steps : int
        Steps between two exchanges.
    targets : int
        Populations that each population sends its values to.
    """

    name: str
    per_machine: int
    neighbours: int | None
    leaving: float = 1.0
    steps: int = 1
    targets: int = 4


CASES = (
    Case("32 processes a machine, 6 neighbours", CORES, 6, 0.1),
    Case("1 process a machine, 6 neighbours", 1, 6, 0.1),
    Case("32 processes a machine, random graph", CORES, None),
    Case("1 process a machine, random graph", 1, None),
    Case("1 process a machine, random graph, delays of 5 steps", 1, None, steps=5),
)


def compute(case: Case) -> float:
    """Time of the neurons of a process in a step [s]."""
    per_core = NEURONS / (MACHINES * CORES)
    if NEURONS / MACHINES * BYTES_OF_STEP <= CACHE:
        return per_core * IN_CACHE
    # One core reads its neurons in this time; all cores of a machine share one memory.
    return max(per_core * FROM_MEMORY, NEURONS / MACHINES * BYTES_OF_STEP / MEMORY)


def step(case: Case) -> tuple[float, int, float]:
    """The time of a step [s], the neighbours of a process, and the bytes that it sends."""
    n = MACHINES * case.per_machine
    populations = NEURONS / POPULATION / n
    neighbours = case.neighbours
    if neighbours is None:  # of targets * populations random processes the number that differ
        neighbours = round((n - 1) * (1 - (1 - 1 / (n - 1)) ** (case.targets * populations)))
    copies = case.targets if case.neighbours is None else 1
    sent = populations * DIMENSIONS * 8 * case.leaving * copies
    # A ring of processes has the traffic of one process: all are alike.
    traffic = np.zeros((neighbours + 1, neighbours + 1))
    traffic[0, 1:] = traffic[1:, 0] = sent / neighbours
    seconds = step_seconds(
        np.full(neighbours + 1, compute(case)), traffic, case.steps, LATENCY / 2, BANDWIDTH
    )
    return seconds, neighbours, sent


def table() -> str:
    """The time of a step in each case, and the build."""
    lines = [
        f"{NEURONS:.0e} neurons, {MACHINES} machines of {CORES} cores, populations of "
        f"{POPULATION} neurons in {DIMENSIONS} dimensions",
        f"{'':54}compute   messages   sent [kB]   step [ms]   wall / model time",
    ]
    for case in CASES:
        seconds, neighbours, sent = step(case)
        lines.append(
            f"{case.name:54}{1e3 * compute(case):7.2f}{neighbours:11}{sent / 1e3:12.1f}"
            f"{1e3 * seconds:12.2f}{seconds / 1e-3:20.1f}"
        )
    memory = NEURONS * BYTES_OF_BUILD
    populations = NEURONS / POPULATION
    solving = populations * SOLVE / MACHINES / CORES
    decoders = NEURONS * DIMENSIONS * 8
    lines += [
        f"build: each process has the whole network, {memory / 1e9:.0f} GB, which it draws, lowers "
        f"and cuts in {populations * DRAW / 60:.0f} min of processor time",
        f"decoders: {solving:.1f} s on all cores together (one process would need "
        f"{populations * SOLVE / 3600:.1f} h), and {decoders / 1e9:.1f} GB for each process, "
        f"{decoders / BANDWIDTH:.1f} s",
        f"a machine with {CORES} processes: {CORES * memory / 1e12:.1f} TB",
        f"a process that had its share alone: {memory / MACHINES / CORES / 1e6:.0f} MB",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
