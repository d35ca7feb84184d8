"""The program of a share: its operations with signals of its own, an inbox, and outboxes.

All values that a share receives are one signal, its inbox, whose rows are written before the
operations run.  All values that it sends to one other share are one signal, an outbox.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nefsim.backends.distributed.cut import Cut, Item, Local, Offset, Partial, Port, Value, Whole
from nefsim.program import (
    Call,
    Evaluate,
    Filter,
    Index,
    Learn,
    Neurons,
    Op,
    Play,
    Program,
    Read,
    Record,
    Signal,
    Sum,
    Term,
    Weigh,
    outputs,
)
from nefsim.program.schedule import schedule

#: The interval of a record that is never written; it has the back end store a signal.
NEVER = 1e15


@dataclass(frozen=True, eq=False)
class ShareProgram:
    """The program of a share.

    Attributes
    ----------
    program : Program
        The program; its records are those of the share and then the outboxes.
    items : tuple of (Item or None)
        The item of each operation; None for those that the cut adds.
    inbox : int or None
        The signal of all received values.
    columns : dict of int to slice
        The columns of the inbox by sender.
    outboxes : dict of int to int
        The signals of all values that are sent, by receiver.
    """

    program: Program
    items: tuple[Item | None, ...]
    inbox: int | None
    columns: dict[int, slice]
    outboxes: dict[int, int]


def share_program(cut: Cut, share: int) -> ShareProgram:
    """The program of a share.

    Parameters
    ----------
    cut : Cut
        The cut of the whole program.
    share : int
        The share.
    """
    return _Maker(cut, share).make()


class _Maker:
    """Collects the signals and operations of a share."""

    def __init__(self, cut: Cut, share: int) -> None:
        self._cut, self._share, self._whole = cut, share, cut.program
        self._signals: list[Signal] = []
        self._ops: list[Op] = []
        self._items: list[Item | None] = []
        self._place: dict[tuple[Value, int], int] = {}
        self._weigh: dict[int, Weigh] = {}
        self._ports: dict[Port, slice] = {}
        self._columns: dict[int, slice] = {}
        self._inbox: int | None = None

    def make(self) -> ShareProgram:
        items = sorted(self._cut.shares[self._share].items, key=_key)
        self._add_inbox()
        for item in items:
            self._add_signals(item)
        for item in items:
            self._add(self._op(item), item)
        outboxes = self._outboxes()
        numbers = self._cut.shares[self._share].records
        chosen = [self._whole.records[number] for number in numbers]
        records = [Record(self._read(r.read), r.every) for r in chosen]
        records += [Record(Read(signal), NEVER) for signal in outboxes.values()]
        signals, ops = tuple(self._signals), tuple(self._ops)
        program = Program(self._whole.dt, signals, ops, schedule(ops, signals), tuple(records))
        return ShareProgram(program, tuple(self._items), self._inbox, self._columns, outboxes)

    # -- signals --------------------------------------------------------------------------

    def _signal(self, name: str, size: int) -> int:
        self._signals.append(Signal(name, size))
        return len(self._signals) - 1

    def _add(self, op: Op, item: Item | None = None) -> None:
        self._ops.append(op)
        self._items.append(item)

    def _add_inbox(self) -> None:
        end = 0
        for sender, ports in self._cut.shares[self._share].inflow.items():
            first = end
            for port in ports:
                size = size_of(self._cut, port.value)
                self._ports[port] = slice(end, end + size)
                end += size
            self._columns[sender] = slice(first, end)
        if end:
            self._inbox = self._signal("inbox", end)
            self._add(Call((self._inbox,), (), _written, "inbox", chunked=True))

    def _add_signals(self, item: Item) -> None:
        op = self._whole.ops[item.op]
        if isinstance(item, Whole):
            for signal in outputs(op):
                name = self._whole.signals[signal].name
                new = self._signal(name, self._whole.signals[signal].size)
                self._place[signal, item.late] = new
        else:
            self._place[item, 0] = self._signal(f"part of {item.op}", size_of(self._cut, item))

    def _outboxes(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for receiver, other in sorted(self._cut.shares.items()):
            ports = other.inflow.get(self._share, ())
            end, terms = 0, list[Term]()
            for port in ports:
                size = size_of(self._cut, port.value)
                read = Read(self._place[port.value, 0])
                terms.append(Term(read, None, slice(end, end + size)))
                end += size
            if terms:
                found[receiver] = self._signal(f"to {receiver}", end)
                self._add(Sum(found[receiver], tuple(terms)))
        return found

    # -- reads ----------------------------------------------------------------------------

    def _find(self, value: Value, lag: int, columns: Index | None = None) -> Read:
        """A read of the value of so many steps ago, in this share."""
        found = self._cut.source(self._share, value, lag)
        if isinstance(found, Local):
            return Read(self._place[found.value, found.late], found.delay, columns)
        assert self._inbox is not None
        return Read(self._inbox, 0, within(self._ports[found], columns))

    def _read(self, read: Read, late: int = 0) -> Read:
        return self._find(read.signal, read.delay + late, read.columns)

    def _maybe(self, read: Read | None) -> Read | None:
        return None if read is None else self._read(read)

    def _as_signal(self, signal: int, late: int) -> int:
        """The number of a signal, or of a copy of it where it is a part or delayed."""
        read = self._read(Read(signal), late)
        if not read.delay and read.columns is None:
            return read.signal
        copy = self._signal(self._whole.signals[signal].name, self._whole.signals[signal].size)
        self._add(Sum(copy, (Term(read),)))
        return copy

    # -- operations -----------------------------------------------------------------------

    def _op(self, item: Item) -> Op:
        op = self._whole.ops[item.op]
        if isinstance(item, Offset):
            assert isinstance(op, Sum)
            return Sum(self._place[item, 0], (), op.offset)
        if isinstance(item, Partial):
            return self._partial(item)
        late = item.late
        new = [self._place[signal, late] for signal in outputs(op)]
        match op:
            case Sum():
                return self._sum(item, op, new[0])
            case Filter():
                return replace(op, output=new[0], input=self._as_signal(op.input, late))
            case Neurons():
                names = [name for name, _ in op.observed]
                observed = tuple(zip(names, new[1:], strict=True))
                current = self._as_signal(op.current, 0)
                return replace(op, output=new[0], current=current, observed=observed)
            case Evaluate():
                after = self._maybe(op.after)
                return replace(op, output=new[0], input=self._maybe(op.input), after=after)
            case Play():
                return replace(op, output=new[0])
            case Call():
                inputs = tuple(map(self._read, op.inputs))
                return replace(op, outputs=tuple(new), inputs=inputs, after=self._maybe(op.after))
            case Weigh():
                return self._weighed(item.op)
            case Learn():
                return self._learn(op)
        raise TypeError(f"there is no operation {type(op).__name__}")

    def _sum(self, item: Whole, op: Sum, output: int) -> Sum:
        parts = self._cut.parts(item.op)
        if not parts:
            terms = tuple(replace(t, read=self._read(t.read, item.late)) for t in op.terms)
            return replace(op, output=output, terms=terms)
        found = [Term(self._find(Offset(item.op), item.late))] if op.offset is not None else []
        for process in parts:
            value = Partial(item.op, process)
            rows = as_slice(partial_rows(self._cut, value))
            found.append(Term(self._find(value, item.late), None, rows))
        partial = {id(term) for terms in parts.values() for term in terms}
        rest = (term for term in op.terms if id(term) not in partial)
        found += [replace(term, read=self._read(term.read, item.late)) for term in rest]
        return Sum(output, tuple(found))

    def _partial(self, item: Partial) -> Sum:
        rows = partial_rows(self._cut, item)
        width = self._whole.width(self._whole.ops[item.op])
        terms = []
        for term in self._cut.parts(item.op)[item.process]:
            each = np.arange(width)[slice(None) if term.rows is None else term.rows]
            place = as_slice(np.searchsorted(rows, each))
            is_all = len(each) == len(rows) and isinstance(place, slice)
            terms.append(replace(term, read=self._read(term.read), rows=None if is_all else place))
        return Sum(self._place[item, 0], tuple(terms))

    def _weighed(self, i: int) -> Weigh:
        """The operation of learned weights, which that of their rules refers to."""
        if i not in self._weigh:
            op = self._whole.ops[i]
            assert isinstance(op, Weigh)
            signals = [None if s is None else self._place[s, 0] for s in (op.observed, op.rest)]
            self._weigh[i] = replace(
                op,
                output=self._place[op.output, 0],
                input=self._read(op.input),
                observed=signals[0],
                rest=signals[1],
            )
        return self._weigh[i]

    def _learn(self, op: Learn) -> Learn:
        parts = tuple(
            replace(
                part,
                traces={name: self._read(read) for name, read in part.traces.items()},
                error=self._maybe(part.error),
                gate=self._maybe(part.gate),
            )
            for part in op.parts
        )
        learned = self._weighed(self._whole.writer[op.learned.output])
        return replace(op, learned=learned, parts=parts)


def _written(trial: int) -> Callable[..., Any]:
    """The step of the inbox, which is not called, as its rows are there before."""

    def step(times: Any) -> Any:
        raise RuntimeError(f"an inbox has no rows at t = {times[0]:g} s")

    del trial
    return step


def _key(item: Item) -> tuple[int, int, int]:
    """The order of operations in a share: that of the program."""
    if isinstance(item, Whole):
        return item.op, 0, item.late
    return (item.op, 1, item.process) if isinstance(item, Partial) else (item.op, 2, 0)


def partial_rows(cut: Cut, value: Partial) -> Any:
    """The elements of a sum that the terms of one process add to, as sorted numbers."""
    every = np.arange(cut.program.width(cut.program.ops[value.op]))
    rows = [every if t.rows is None else every[t.rows] for t in cut.parts(value.op)[value.process]]
    return np.unique(np.concatenate(rows))


def size_of(cut: Cut, value: Value) -> int:
    """The number of elements of a value."""
    if isinstance(value, Partial):
        return len(partial_rows(cut, value))
    if isinstance(value, Offset):
        value = outputs(cut.program.ops[value.op])[0]
    return cut.program.signals[value].size


def within(place: slice, columns: Index | None) -> Index:
    """Columns of a signal that begins at a place of another one."""
    if columns is None:
        return place
    return as_slice(np.arange(place.start, place.stop)[columns])


def as_slice(numbers: Any) -> Index:
    """Numbers as a slice if they are successive."""
    if len(numbers) and (np.diff(numbers) == 1).all():
        return slice(int(numbers[0]), int(numbers[-1]) + 1)
    return np.asarray(numbers, np.intp)
