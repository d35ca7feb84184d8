"""The partition of a network over processes: which runs which, and its cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._html import Text
from nefsim._signatures import explained
from nefsim.backends.distributed import cost
from nefsim.backends.distributed.balance import assign
from nefsim.backends.distributed.cut import Cut, Whole
from nefsim.backends.distributed.pace import longest_block
from nefsim.backends.distributed.units import atoms_of, find_units
from nefsim.lowering import Built, build
from nefsim.network import Ensemble, Network, Node
from nefsim.program import Neurons

#: Most processes of a partition.
MOST = 100_000

#: Most processes in the printed table.
SHOWN = 32


@dataclass(frozen=True)
class Load:
    """The load of one process.

    Attributes
    ----------
    neurons, operations : int
        Number of neurons and of operations of the program.
    seconds : float [s]
        Time of a step without messages, by a rough model of the compiled back end.
    sent, received : int [bytes]
        Bytes of values that the process sends and receives in a step.

    See Also
    --------
    Partition : Its attribute ``loads``.
    """

    neurons: int
    operations: int
    seconds: float
    sent: int
    received: int


@dataclass(frozen=True)
class Partition(Text):
    """The process of each population and each node with a function; ``str()`` is a table.

    Attributes
    ----------
    n : int
        Number of processes.
    processes : mapping of Ensemble or Node to int
        The process of each population, and of each node whose function has an input.
        Functions of time alone are called by process 0 ahead of the others.
    loads : tuple of Load
        The load of each process.
    bytes : (n, n) ndarray [bytes]
        Bytes that each process (row) sends to each other (column) in a step.
    steps : int or None
        Most steps between two exchanges: 1 where populations of a loop are on different
        processes, more if their connections have a delay, and None if no two processes wait
        for one another.

    See Also
    --------
    nefsim.partition : The function that returns it.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a, b = net.ensemble(100, 1, label="a"), net.ensemble(100, 1, label="b")
    >>> c = net.connect(a, b)
    >>> nef.partition(net, 2).bytes
    array([[0, 8],
           [0, 0]])
    """

    n: int
    processes: Mapping[Ensemble | Node, int]
    loads: tuple[Load, ...]
    bytes: NDArray[np.int64]
    steps: int | None

    def step_seconds(
        self, latency: float = cost.LATENCY, bandwidth: float = cost.BANDWIDTH
    ) -> float:
        """The time of a step: that of the process with the most work and messages.

        Parameters
        ----------
        latency : float [s]
            Time to send or to receive a message.
        bandwidth : float [bytes/s]
            Bytes of messages per second.

        Returns
        -------
        float [s]

        Raises
        ------
        ValueError
            If ``latency`` is below 0, or ``bandwidth`` is not above it.
        """
        who = "Partition.step_seconds"
        latency = check.seconds(who, "latency", latency, zero=True)
        bandwidth = check.positive(who, "bandwidth", bandwidth)
        work = [load.seconds for load in self.loads]
        return cost.step_seconds(work, self.bytes, self.steps, latency, bandwidth)

    def __repr__(self) -> str:
        neurons = sum(load.neurons for load in self.loads)
        return f"<partition of {neurons} neurons over {self.n} processes; print() shows it>"

    def __str__(self) -> str:
        exchange = "no two processes wait for one another"
        if self.steps is not None:
            exchange = "an exchange every " + (f"{self.steps} steps" if self.steps > 1 else "step")
        lines = [
            f"{self.n} processes, {int(self.bytes.sum())} bytes a step, {exchange}",
            f"about {1e6 * self.step_seconds():.3g} us a step",
            "",
            "process   neurons  operations   work [us]   sends [B]   receives [B]  populations",
        ]
        for k, load in enumerate(self.loads[:SHOWN]):
            labels = [thing.label or "" for thing, at in self.processes.items() if at == k]
            names = ", ".join(labels[:3]) + (", ..." if len(labels) > 3 else "")
            lines.append(
                f"{k:7}{load.neurons:10}{load.operations:12}{1e6 * load.seconds:12.2f}"
                f"{load.sent:12}{load.received:15}  {names}".rstrip()
            )
        if self.n > SHOWN:
            lines.append(f"and {self.n - SHOWN} more")
        return "\n".join(lines)


@explained
def partition(
    net: Network,
    n: int,
    processes: Mapping[Ensemble | Node | Network, int] | None = None,
    dt: float = 0.001,
) -> Partition:
    """Assign the populations of a network to processes, for the back end "mpi".

    Populations that are connected without a synapse stay together, and so do both ends of a
    connection that learns; Python functions of nodes, which may share variables, are on one
    process.  The rest is divided into parts of about equal work such that, if possible, no two
    processes wait for one another.  Nothing is drawn or solved.

    Parameters
    ----------
    net : Network
        The network.
    n : int
        Number of processes.
    processes : mapping of Ensemble, Node or Network to int, or None
        Processes that you choose, from 0 on; a subnetwork stands for all populations and nodes
        in it.  Those that are left out follow their neighbours.  None chooses all.
    dt : float [s]
        The time step.

    Returns
    -------
    Partition
        ``print`` shows it; pass it, or such a mapping, as ``Simulator(net, backend="mpi",
        partition=...)``.

    Raises
    ------
    ValueError, TypeError
        If objects that must stay together are on different processes, or an argument is not one
        of the above.

    See Also
    --------
    nefsim.describe : Memory and time on one machine.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a, b = (net.ensemble(100, 1, label=name) for name in "ab")
    >>> for pre, post in ((a, b), (b, a)):
    ...     c = net.connect(pre, post, synapse=0.1)
    >>> print(nef.partition(net, 2))  # doctest: +ELLIPSIS
    2 processes, 16 bytes a step, an exchange every step
    about ... us a step
    <BLANKLINE>
    process   neurons  operations   work [us]   sends [B]   receives [B]  populations
          0       100           5        0.10           8              8  b
          1       100           5        0.10           8              8  a
    """
    who = "partition"
    do = "pass a Network"
    check.instance(who, "net", net, Network, "a network", do)
    if net.parent is not None:
        check.fail(who, "net", "not be part of another network", repr(net), do)
    count = check.integer(who, "n", n, "pass a number of processes", 1, MOST)
    step = check.seconds(who, "dt", dt)
    chosen = None if processes is None else chosen_processes(who, net, processes, count)
    built = build(net, step, 0, outline=True)
    program, units = built.program, find_units(built.program)
    fixed = None if chosen is None else atoms_of(program, units, signals_of(built, chosen))
    cut = Cut(program, units, assign(program, units, count, fixed), count)
    return _partition(built, cut, count)


def _partition(built: Built, cut: Cut, n: int) -> Partition:
    program, sent = built.program, cost.traffic(cut, n)
    seconds = cost.seconds_of_work(cut, n)
    loads = []
    for k in range(n):
        ops = [program.ops[i.op] for i in cut.shares[k].items if isinstance(i, Whole)]
        neurons = sum(program.width(op) for op in ops if isinstance(op, Neurons))
        loads.append(Load(neurons, len(ops), seconds[k], int(sent[k].sum()), int(sent[:, k].sum())))
    everything: list[Ensemble | Node] = [*built.network.all_ensembles, *built.network.all_nodes]
    found: dict[Ensemble | Node, int] = {}
    for thing in everything:
        (signal,) = signals_of(built, {thing: 0})
        if (i := program.writer[signal]) in cut.process:
            found[thing] = cut.process[i]
    return Partition(n, found, tuple(loads), sent, longest_block(cut))


def chosen_processes(
    who: str, net: Network, processes: Any, n: int = MOST
) -> dict[Ensemble | Node, int]:
    """The processes that a user has chosen, checked; subnetworks are replaced by their objects."""
    if isinstance(processes, Partition):
        processes = processes.processes
    if not isinstance(processes, Mapping):
        must, do = "be a partition or a mapping", "pass partition(net, n) or {ensemble: process}"
        check.fail(who, "processes", must, check.show(processes), do, TypeError)
    of_net = {*net.all_ensembles, *net.all_nodes}
    found: dict[Ensemble | Node, int] = {}
    for thing, k in processes.items():
        number = check.integer(who, "processes", k, f"pass a number below {n}", 0, n - 1)
        each = [thing]
        if isinstance(thing, Network):
            each = [*thing.all_ensembles, *thing.all_nodes]
        for one in each:
            if not isinstance(one, (Ensemble, Node)) or one not in of_net:
                must = "have ensembles, nodes and subnetworks of this network as keys"
                check.fail(who, "processes", must, check.show(one), "leave it out", TypeError)
            found[one] = number
    return found


def signals_of(built: Built, processes: Mapping[Ensemble | Node, int]) -> dict[int, int]:
    """The processes of signals: the spikes of populations and the outputs of nodes."""
    signals = built.signals
    return {
        signals[thing.neurons]
        if isinstance(thing, Ensemble) and thing.neurons in signals
        else signals[thing]: k
        for thing, k in processes.items()
    }
