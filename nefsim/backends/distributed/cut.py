"""Cut a program into shares, one for each process, and list the values that they exchange.

A share has the units of its process, and the passing operations that these need.  A value of
another process comes through a *port*: a value and a lag, the number of steps between the step
that computed it and the step that uses it.  The output of a filter is read one step later, so its
lag is 1: processes exchange decoded values of the step before.

A sum of values of several processes that is then filtered, such as the output node of an array of
populations, is computed by each process that reads the filter.  Each process sends its part of
the sum; a reader adds and filters the parts one step late, and reads the result without the delay
of one step.

Two more shares have no units.  The first process runs that of the sources ahead of each chunk of
steps.  All processes run that of the sinks after it, which records sums over several processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from nefsim.backends.distributed.units import Units
from nefsim.filtering import is_shift
from nefsim.program import Filter, Program, Sum, Term

#: The numbers of the shares that do not belong to one process.
SOURCES, SINKS = -1, -2


@dataclass(frozen=True)
class Whole:
    """An operation of the program, computed ``late`` steps after its step."""

    op: int
    late: int


@dataclass(frozen=True)
class Partial:
    """The terms of a sum that one process adds."""

    op: int
    process: int


@dataclass(frozen=True)
class Offset:
    """The constants of a sum that is computed by parts."""

    op: int


Item = Whole | Partial | Offset

#: A signal of the program, or a signal that the cut adds.
Value = int | Partial | Offset


class Port(NamedTuple):
    """A value that a share receives from another, and how many steps old it is when it is used."""

    sender: int
    value: Value
    lag: int


class Local(NamedTuple):
    """A value that a share computes itself, ``late`` steps late, and the delay of its read."""

    value: Value
    late: int
    delay: int


@dataclass
class Share:
    """The operations and ports of one share.

    Attributes
    ----------
    items : set of Item
        What the share computes.
    ports : set of Port
        Values that it receives.
    records : list of int
        Records of the program that are recorded here.
    """

    items: set[Item] = field(default_factory=set)
    ports: set[Port] = field(default_factory=set)
    records: list[int] = field(default_factory=list)

    @cached_property
    def inflow(self) -> dict[int, list[Port]]:
        """The ports by sender; those of equal lags are adjacent.  The share must be complete."""
        by_sender: dict[int, list[Port]] = {}
        for port in sorted(self.ports, key=_in_order):
            by_sender.setdefault(port.sender, []).append(port)
        return by_sender


def _in_order(port: Port) -> tuple[int, int, tuple[int, int]]:
    """A key that sorts ports alike on all processes."""
    value = port.value
    number = (value, 0) if isinstance(value, int) else (-1, value.op)
    return port.sender, port.lag, number


class Cut:
    """The shares of a program.

    Parameters
    ----------
    program : Program
        The program to cut.
    units : Units
        Its units.
    process : mapping of int to int
        The process of each atom.
    n : int
        Number of processes.

    Attributes
    ----------
    shares : dict of int to Share
        The share of each process, of :data:`SOURCES` and of :data:`SINKS`.
    """

    def __init__(self, program: Program, units: Units, process: Mapping[int, int], n: int) -> None:
        self.program, self._units, self._n = program, units, n
        self.process = {i: process[atom] for i, atom in units.atom.items()}
        self.shares = {k: Share() for k in (*range(n), SOURCES, SINKS)}
        self._spans = self._find_spans()
        self._parts: dict[int, dict[int, list[Term]]] = {}
        for i in sorted(units.sources):
            self._add(SOURCES, Whole(i, 0))
        for i, k in self.process.items():
            self._add(k, Whole(i, 0))
        for number, record in enumerate(program.records):
            home = self._home(program.writer[record.read.signal])
            self.shares[home].records.append(number)
            self._need(home, record.read.signal, record.read.delay)

    def _find_spans(self) -> list[frozenset[int]]:
        """For each operation the processes whose values of the same step it depends on."""
        spans: list[frozenset[int]] = [frozenset()] * len(self.program.ops)
        for i in self._units.order:
            if i in self.process:
                spans[i] = frozenset((self.process[i],))
            elif i not in self._units.sources:
                spans[i] = frozenset().union(*(spans[j] for j in self._units.before[i]))
        return spans

    def _home(self, i: int) -> int:
        """The share that records an operation."""
        span = self._spans[i]
        if len(span) > 1:
            return SINKS
        if span:
            return min(span)
        seen, waiting = {i}, [i]  # a process that computes it, or one that it reads
        while waiting:
            j = waiting.pop(0)
            for k in range(self._n):
                if Whole(j, 0) in self.shares[k].items or self._spans[j] == {k}:
                    return k
            before = {self.program.writer[r.signal] for r in self.program.ops[j].reads} - seen
            seen |= before
            waiting += sorted(before)
        return 0

    # -- where values come from -----------------------------------------------------------

    def source(self, share: int, value: Value, lag: int) -> Local | Port:
        """Where a share finds the value of ``lag`` steps ago: it computes it, or has a port."""
        if isinstance(value, Offset):
            return Local(value, 0, lag)
        if isinstance(value, Partial):
            here = value.process == share and lag < 2
            return Local(value, 0, lag) if here else Port(value.process, value, lag)
        i = self.program.writer[value]
        op, span = self.program.ops[i], self._spans[i]
        if i in self._units.sources:
            return Local(value, 0, lag) if share == SOURCES else Port(SOURCES, value, lag)
        if len(span) > 1 and share != SINKS:
            return Local(value, 1, lag - 1)
        if len(span) == 1 and span != {share}:
            (sender,) = span
            if isinstance(op, Filter) and is_shift(op.form) and i not in self.process:
                return Port(sender, op.input, lag + len(op.form[0]) - 1)
            return Port(sender, value, lag)
        return Local(value, 0, lag) if lag < 2 else Port(share, value, lag)

    def parts(self, i: int) -> dict[int, list[Term]]:
        """The terms of a sum over several processes that each of them adds; else none."""
        if i not in self._parts:
            self._parts[i] = self._find_parts(i)
        return self._parts[i]

    def _find_parts(self, i: int) -> dict[int, list[Term]]:
        op, parts = self.program.ops[i], dict[int, list[Term]]()
        if isinstance(op, Sum) and len(self._spans[i]) > 1:
            for term in op.terms:
                span = self._spans[self.program.writer[term.read.signal]]
                if len(span) == 1 and not term.read.delay:
                    parts.setdefault(min(span), []).append(term)
        return dict(sorted(parts.items()))

    def inputs(self, item: Item) -> Iterator[tuple[Value, int]]:
        """The values that an item reads, and of how many steps ago."""
        op = self.program.ops[item.op]
        if isinstance(item, Offset):
            return
        parts = self.parts(item.op)
        if isinstance(item, Partial):
            for term in parts[item.process]:
                yield term.read.signal, 0
            return
        partial = {id(term) for terms in parts.values() for term in terms}
        if parts and isinstance(op, Sum):
            if op.offset is not None:
                yield Offset(item.op), item.late
            for process in parts:
                yield Partial(item.op, process), item.late
            reads = [term.read for term in op.terms if id(term) not in partial]
        else:
            reads = list(op.reads)
        for read in reads:
            yield read.signal, read.delay + item.late

    # -- all that is needed ---------------------------------------------------------------

    def _need(self, share: int, value: Value, lag: int) -> None:
        """Add to the shares all that one of them needs for a value."""
        self._add(*self._found(share, value, lag))

    def _found(self, share: int, value: Value, lag: int) -> tuple[int, Item]:
        """The share that computes a value for another, and the item; adds a port if they differ."""
        found, late = self.source(share, value, lag), 0
        if isinstance(found, Port):
            self.shares[share].ports.add(found)
            share = found.sender
        else:
            late = found.late
        value = found.value
        return share, Whole(self.program.writer[value], late) if isinstance(value, int) else value

    def _add(self, share: int, item: Item) -> None:
        waiting = [(share, item)]
        while waiting:
            share, item = waiting.pop()
            if item not in self.shares[share].items:
                self.shares[share].items.add(item)
                waiting += [self._found(share, *each) for each in self.inputs(item)]
