"""What is told of a network before it is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: Stretches of the schedule that are shown one by one.
SHOWN = 12


@dataclass(frozen=True)
class Stretch:
    """Some operations of the schedule that are alike or belong together.

    Attributes
    ----------
    loop : bool
        Whether they depend on their own output and go step by step.
    groups : int
        How many groups of operations these are, each run on its own.
    operations : mapping of str to int
        How many there are of each kind in all.
    neurons, multiply_adds : int
        Neurons that step, and numbers that are multiplied and added, in one step and trial.
    name : str
        What the first of them writes.
    """

    loop: bool
    groups: int
    operations: Mapping[str, int]
    neurons: int
    multiply_adds: int
    name: str


@dataclass(frozen=True)
class Cost:
    """What a back end takes, by a rough model; see :mod:`nefsim.describe.cost`.

    Attributes
    ----------
    chunk : int
        Steps of a chunk.
    arrays, build, prepare, run : int [bytes]
        Memory of all arrays of the network; at the peak of building; at the peak of getting
        ready to run; and while running, without records.  What building took is counted in the
        last two as well, as C libraries give little of it back.
    build_seconds, step_seconds : float [s]
        Time to build, and for a step.
    """

    chunk: int
    arrays: int
    build: int
    prepare: int
    run: int
    build_seconds: float
    step_seconds: float


@dataclass(frozen=True)
class Description:
    """A network before it is built, as :func:`nefsim.describe` counts it; ``str()`` is a table.

    Attributes
    ----------
    label : str or None
    dt : float [s]
    batch_size : int or None
    dtype : str
    ensembles, neurons, dimensions, nodes, connections, probes : int
        Numbers of objects.
    signals, operations : int
        What the network is lowered to.
    factorisations : int
        Sets of equations that are factored to solve for decoders.
    largest : tuple of int
        Evaluation points and neurons of the largest of them.
    schedule : tuple of Stretch
        What goes step by step, and what in chunks of time, in the order of a step.
    bytes_per_second : int [bytes/s]
        What the probes record in a second of model time, spikes at a quarter of the maximum
        rate.
    costs : mapping of str to Cost
        By the name of the back end.
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
        """Most memory that building and a run of so many seconds take [bytes].

        Python, its packages and compiled code, some 50 to 200 MB, come on top.
        """
        cost = self.costs[backend]
        return max(cost.build, cost.prepare, cost.run + round(seconds * self.bytes_per_second))

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain dicts, lists and numbers."""
        return asdict(self)

    def __str__(self) -> str:
        trials = "" if self.batch_size is None else f", {self.batch_size} trials"
        lines = [
            f"network {self.label or ''}".rstrip()
            + f": {_many(self.ensembles, 'ensemble')} ({_many(self.neurons, 'neuron')}, "
            + f"{_many(self.dimensions, 'dimension')}), {_many(self.nodes, 'node')}, "
            + f"{_many(self.connections, 'connection')}, {_many(self.probes, 'probe')}",
            f"steps of {self.dt:g} s in {self.dtype}{trials}",
            f"decoders: {_many(self.factorisations, 'Gram matrix', 'Gram matrices')} to factor"
            + (", the largest of {} points and {} neurons".format(*self.largest))
            * bool(self.factorisations),
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
        left = len(self.schedule) - SHOWN
        return [*lines, f"  and {left} more"] if left > 0 else lines


def _many(n: int, one: str, several: str | None = None) -> str:
    return f"{n} {one}" if n == 1 else f"{n} {several or one + 's'}"


def _mega(n_bytes: float) -> str:
    return f"{n_bytes / 1e6:.3g}"


def _seconds(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
