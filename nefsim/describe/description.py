"""The description of a network before it is built, and its printed table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nefsim import _checks as check
from nefsim._html import Text

#: Maximum number of stretches of the schedule in the table.
SHOWN = 12


@dataclass(frozen=True)
class Stretch:
    """Consecutive operations of the schedule that run in chunks, or have equal sizes.

    Attributes
    ----------
    loop : bool
        Whether the operations form a loop and run step by step, instead of in chunks.
    groups : int
        Number of groups of operations; groups run one after the other.
    operations : mapping of str to int
        Number of operations of each kind.
    neurons, multiply_adds : int
        Number of neurons, and of multiplications and additions, in one step and trial.
    name : str
        Name of the first signal that the operations write.

    See Also
    --------
    Description : Its attribute ``schedule``.
    """

    loop: bool
    groups: int
    operations: Mapping[str, int]
    neurons: int
    multiply_adds: int
    name: str


@dataclass(frozen=True)
class Cost:
    """Memory and time of a back end, by a rough model; see :mod:`nefsim.describe.cost`.

    Attributes
    ----------
    chunk : int
        Steps of a chunk.
    arrays, build, prepare, run : int [bytes]
        Memory of all arrays of the network; peak during the build; peak while the back end
        prepares a run; and during a run, without records.  The last two include the memory of
        the build, as C libraries give little of it back.
    build_seconds, step_seconds : float [s]
        Time of the build, and of a step.

    See Also
    --------
    Description : Its attribute ``costs``.
    """

    chunk: int
    arrays: int
    build: int
    prepare: int
    run: int
    build_seconds: float
    step_seconds: float


@dataclass(frozen=True)
class Description(Text):
    """The schedule, size and cost of a network; ``str()`` is a table.

    Attributes
    ----------
    label : str or None
        Label of the network.
    dt : float [s]
        The time step.
    batch_size : int or None
        Number of trials.
    dtype : str
        Precision of a run.
    ensembles, neurons, dimensions, nodes, connections, probes : int
        Numbers of objects.
    signals, operations : int
        Number of signals and operations of the lowered program.
    factorisations : int
        Number of factorisations to solve for decoders.
    largest : tuple of int
        Evaluation points and neurons of the largest factorisation.
    schedule : tuple of Stretch
        Groups of operations, in the order in which a step runs them; each runs either step by
        step or a chunk of steps at a time.
    bytes_per_second : int [bytes/s]
        Size of the records of one second of model time, if neurons fire at a quarter of their
        maximum rates.
    costs : mapping of str to Cost
        Memory and time of each back end, by its name.

    See Also
    --------
    nefsim.describe : The function that returns it.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> nef.describe(net).neurons
    50
    """

    label: str | None
    dt: float
    batch_size: int | None
    dtype: str
    ensembles: int
    neurons: int
    dimensions: int
    nodes: int
    connections: int
    probes: int
    signals: int
    operations: int
    factorisations: int
    largest: tuple[int, int]
    schedule: tuple[Stretch, ...]
    bytes_per_second: int
    costs: Mapping[str, Cost]

    def peak(self, backend: str = "numpy", seconds: float = 0.0) -> int:
        """Peak memory of the build and a run, without Python and packages [bytes].

        Python, its packages and compiled code take another 50 to 200 MB.

        Parameters
        ----------
        backend : str
            Name of the back end.
        seconds : float [s]
            Model time of the run.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If the costs of the back end are unknown.
        """
        name = check.one_of("Description.peak", "backend", backend, tuple(self.costs))
        cost = self.costs[name]
        return max(cost.build, cost.prepare, cost.run + round(seconds * self.bytes_per_second))

    def to_dict(self) -> dict[str, Any]:
        """The description as plain dicts, lists and numbers.

        Returns
        -------
        dict
        """
        return asdict(self)

    def __repr__(self) -> str:
        name = f" of {self.label!r}" if self.label else ""
        return f"<description{name}: {_many(self.operations, 'operation')}; print() shows it>"

    def __str__(self) -> str:
        trials = "" if self.batch_size is None else f", {self.batch_size} trials"
        lines = [
            objects_of("network", self),
            f"steps of {self.dt:g} s in {self.dtype}{trials}",
            decoders_of(self),
            "",
            f"schedule: {_many(self.operations, 'operation')} on {_many(self.signals, 'signal')}",
            *self._schedule(),
            "",
            f"memory [MB]{'arrays':>13}{'build':>9}{'prepare':>9}{'run':>9}{'chunk':>12}",
        ]
        for name, cost in self.costs.items():
            memory = "".join(
                f"{_mega(n):>9}" for n in (cost.arrays, cost.build, cost.prepare, cost.run)
            )
            lines.append(f"  {name:<13}{memory}{cost.chunk:>6} steps")
        lines.append(f"  records {_mega(self.bytes_per_second)} a second of model time")
        lines += ["", f"time, roughly{'build':>12}{'a step':>12}{'a model second':>18}"]
        for name, cost in self.costs.items():
            second = _seconds(cost.step_seconds / self.dt)
            build, step = _seconds(cost.build_seconds), _seconds(cost.step_seconds)
            lines.append(f"  {name:<13}{build:>10}{step:>12}{second:>18}")
        return "\n".join(lines)

    def _schedule(self) -> list[str]:
        lines = []
        for stretch in self.schedule[:SHOWN]:
            how = "step by step" if stretch.loop else "in chunks"
            number = f"{stretch.groups} loops of " if stretch.loop and stretch.groups > 1 else ""
            what = ", ".join(f"{n} {kind}" for kind, n in stretch.operations.items())
            size = [_many(stretch.neurons, "neuron")] if stretch.neurons else []
            size += [f"{stretch.multiply_adds} multiply-adds"] if stretch.multiply_adds else []
            rest = f"; {', '.join(size)}" if size else ""
            lines.append(f"  {how:<14}{number}{what}{rest}; from {stretch.name} on")
        n_more = len(self.schedule) - SHOWN
        return [*lines, f"  and {n_more} more"] if n_more > 0 else lines


def objects_of(kind: str, sizes: Any) -> str:
    """A line with the numbers of objects of a network, which are attributes of ``sizes``."""
    return (
        f"{kind} {sizes.label or ''}".rstrip()
        + f": {_many(sizes.ensembles, 'ensemble')} ({_many(sizes.neurons, 'neuron')}, "
        + f"{_many(sizes.dimensions, 'dimension')}), {_many(sizes.nodes, 'node')}, "
        + f"{_many(sizes.connections, 'connection')}, {_many(sizes.probes, 'probe')}"
    )


def decoders_of(sizes: Any) -> str:
    """A line on the factorisations of a network; see :func:`objects_of`."""
    largest = ", the largest of {} points and {} neurons".format(*sizes.largest)
    matrices = _many(sizes.factorisations, "Gram matrix", "Gram matrices")
    return f"decoders: {matrices} to factor" + largest * bool(sizes.factorisations)


def _many(n: int, one: str, several: str | None = None) -> str:
    return f"{n} {one}" if n == 1 else f"{n} {several or one + 's'}"


def _mega(n_bytes: float) -> str:
    return f"{n_bytes / 1e6:.3g}"


def _seconds(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
