"""Calls of the interpreter, shared by the cores: independent tasks, and steps of one block.

:func:`in_pieces` runs blocks that read each other as a pipeline: a task is a piece of the blocks
and a segment of the chunk, and a free thread takes the next task whose inputs are there.
:func:`in_steps` runs one block that reads its own last step: its threads take the units of a step
one by one, within the interpreter (:mod:`.kernel.shared`).  Results do not depend on the number
of threads.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from heapq import heappop, heappush
from itertools import groupby
from threading import Condition
from typing import Any

import numpy as np

from nefsim._cores import cores as cores
from nefsim.backends.compiled import opcodes
from nefsim.backends.compiled.calls import Prepared
from nefsim.backends.compiled.fusion import DisjointSets
from nefsim.backends.compiled.object_cache import Interpreter, interpreter
from nefsim.backends.compiled.stages import Loop, Phase, Pieces, Span
from nefsim.backends.compiled.table import aligned
from nefsim.backends.engine import Advance

#: Fewest numbers in a call at which several cores share it, and about as many in a task.
MIN_WORK_FOR_THREADS, TASK = 2_000_000, 1_000_000

#: Fewest segments of a chunk in a pipeline, unless its tasks then have fewer numbers than this.
SEGMENTS, LEAST_TASK = 4, 300_000

#: So many times as much if the blocks have several levels.
WAITING = 3

#: Pieces of independent blocks per core, so that a core which is busy otherwise computes fewer.
PIECES = 4

#: Levels of a pipeline per core; more levels are merged, so that a task has enough work.
MOST_LEVELS = 16


@cache
def pool(n: int) -> ThreadPoolExecutor:
    """Threads that wait for work; starting them takes as long as a step of many neurons."""
    return ThreadPoolExecutor(n, "nefsim")


if hasattr(os, "register_at_fork"):  # a forked process has none of these threads
    os.register_at_fork(after_in_child=pool.cache_clear)


def with_helpers(
    n: int, work: Callable[[int], None], stop: Callable[[], None] = lambda: None
) -> None:
    """``work(0)`` in this thread, and ``work(i)`` in others that are free, up to ``n`` in all.

    No call may wait for one that has not begun, but for that of this thread; after an error, and a
    call of ``stop``, all must end.
    """
    helpers: list[Future[None]] = []
    try:
        for i in range(1, n):
            helpers.append(pool(n - 1).submit(work, i))
        work(0)
    except BaseException:
        stop()
        raise
    finally:
        wait([helper for helper in helpers if not helper.cancel()])
    for helper in helpers:
        if not helper.cancelled():
            helper.result()


class Tasks:
    """Tasks in an order that their inputs allow, for threads that take one after the other.

    Parameters
    ----------
    sources : sequence of set of int
        For each piece the pieces that it reads.
    n_segments : int
        Segments of a chunk.  A task is a piece and a segment; it needs the segment before of the
        same piece, and the same segment of the pieces that it reads.
    """

    def __init__(self, sources: Sequence[set[int]], n_segments: int) -> None:
        self._sources, self._n_segments = sources, n_segments
        self._readers: list[list[int]] = [[] for _ in sources]
        for piece, those in enumerate(sources):
            for source in those:
                self._readers[source].append(piece)
        self._done = [0] * len(sources)
        self._left = len(sources) * n_segments
        self._ready = [(0, piece) for piece, those in enumerate(sources) if not those]
        self._changed = Condition()

    def run(self, call: Callable[[int, int], None]) -> None:
        """``call(piece, segment)`` for task after task, until none is left."""
        try:
            while (task := self._next()) is not None:
                segment, piece = task
                call(piece, segment)
                self._finish(segment, piece)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Let no thread begin another task."""
        with self._changed:
            self._left = 0
            self._changed.notify_all()

    def _next(self) -> tuple[int, int] | None:
        with self._changed:
            while self._left > 0 and not self._ready:
                self._changed.wait()
            return heappop(self._ready) if self._left > 0 else None

    def _finish(self, segment: int, piece: int) -> None:
        with self._changed:
            self._done[piece] = segment + 1
            self._left -= 1
            found = 0
            for other in (piece, *self._readers[piece]):
                if self._is_ready(other, piece, segment):
                    heappush(self._ready, (self._done[other], other))
                    found += 1
            if found > 1 or self._left <= 0:
                self._changed.notify_all()

    def _is_ready(self, piece: int, finished: int, segment: int) -> bool:
        """Whether the next task of a piece became ready when another was finished."""
        at = self._done[piece]
        if at == self._n_segments or (piece != finished and at != segment):
            return False
        return all(self._done[source] > at for source in self._sources[piece])


@cache
def yield_address() -> int:
    """Address of a function of the system that lets another thread run, or 0."""
    try:
        if os.name == "nt":  # pragma: no cover
            function: Any = ctypes.windll.kernel32.SwitchToThread  # type: ignore[attr-defined]
        else:
            function = ctypes.CDLL(None).sched_yield
        return ctypes.cast(function, ctypes.c_void_p).value or 0
    except (AttributeError, OSError):
        return 0


def one_call(arrays: tuple[Any, ...], spans: Sequence[Span], then: Sequence[Span] = ()) -> Prepared:
    """A call of the interpreter that runs spans in order, on this core, and others a row later."""
    run, table, memories = call_of(arrays)
    every, later = np.array(spans, np.int64), np.array(then, np.int64)
    arguments = (table, every.ctypes.data, len(every), 0, 1, *memories)
    return Prepared(run, arguments, (arrays, every, later), (later.ctypes.data, len(later)))


def in_pieces(arrays: tuple[Any, ...], stage: Pieces) -> Advance:
    """The ``advance`` of blocks, on several cores if there is enough work."""
    alone, n_cores, total = one_call(arrays, stage.spans).rows, cores(), sum(stage.cost)
    if n_cores < 2 or len(stage.spans) < 2:
        return alone
    several_levels = stage.levels[0] != stage.levels[-1]

    @cache
    def pieces() -> tuple[list[Advance], list[set[int]]]:
        spans, sources = _pieces(stage, n_cores)  # small networks never need them
        return [one_call(arrays, some).rows for some in spans], sources

    if total * opcodes.TILE >= MIN_WORK_FOR_THREADS:
        pieces()  # before the first run, which may be a short one

    def advance(lo: int, hi: int) -> None:
        # Threads of a pipeline wait for one another, and pay later than those of equal blocks.
        if total * (hi - lo) < MIN_WORK_FOR_THREADS * (WAITING if several_levels else 1):
            alone(lo, hi)
            return
        calls, sources = pieces()
        length = hi - lo
        if several_levels:
            least, most = (-(-n * len(calls) // total) for n in (LEAST_TASK, TASK))
            length = max(least, min(most, -(-length // SEGMENTS)))
            length = -(-length // opcodes.TILE) * opcodes.TILE
        tasks = Tasks(sources, -(-(hi - lo) // length))

        def task(piece: int, k: int) -> None:
            start = lo + k * length
            calls[piece](start, min(start + length, hi))

        with_helpers(n_cores, lambda thread: tasks.run(task))

    return advance


def in_steps(arrays: tuple[Any, ...], loop: Loop) -> Advance:
    """The ``advance`` of a loop, on several cores if there is enough work."""
    alone, n_cores = one_call(arrays, [loop.span]).rows, cores()
    if n_cores < 2:
        return alone
    run, table, memories = call_of(arrays)
    memory, lead = shared_memory(loop, n_cores), one_call(arrays, [loop.lead]).rows
    first, pointer = memory.copy(), memory.ctypes.data

    def advance(lo: int, hi: int) -> None:
        if loop.work * (hi - lo) < MIN_WORK_FOR_THREADS:
            alone(lo, hi)
            return
        memory[:] = first
        lead(lo, lo + 1)
        with_helpers(n_cores, lambda thread: run(table, pointer, -thread - 1, lo, hi, *memories))

    return advance


def call_of(arrays: tuple[Any, ...]) -> tuple[Interpreter, int, tuple[int, ...]]:
    """The interpreter, and its arguments before and after the spans and rows."""
    table, data, constants, indices, fired, counts = arrays
    memories = (
        *(data.ctypes.data, *data.shape, constants.ctypes.data, indices.ctypes.data),
        *(fired.ctypes.data, fired.shape[1], counts.ctypes.data, counts.shape[1]),
    )
    return interpreter(data.dtype), table.ctypes.data, memories


def _pieces(stage: Pieces, n_cores: int) -> tuple[list[list[Span]], list[set[int]]]:
    """The blocks of each piece, as ranges of the table, and the pieces that each reads.

    Successive levels of a long chain are one; within it, blocks that read each other are one piece.
    """
    n_levels = len(set(stage.levels))
    level = shares([stage.cost[b] for b in range(len(stage.spans))], MOST_LEVELS * n_cores)
    if n_levels <= MOST_LEVELS * n_cores:
        level = stage.levels
    else:  # blocks of one level are not parted
        first = {at: level[b] for b, at in reversed([*enumerate(stage.levels)])}
        level = [first[at] for at in stage.levels]
    together = DisjointSets(len(stage.spans))
    for b, sources_of_block in enumerate(stage.sources):
        for j in sources_of_block:
            if level[j] == level[b]:
                together.join(b, j)
    piece_of: list[int] = []
    n_pieces = 0
    for _, group in groupby(range(len(stage.spans)), key=level.__getitem__):
        roots = [(b, together.of(b)) for b in group]
        cost: dict[int, int] = {}
        for b, root in roots:
            cost[root] = cost.get(root, 0) + stage.cost[b]
        share = dict(zip(cost, shares(list(cost.values()), PIECES * n_cores), strict=True))
        number = {at: n_pieces + i for i, at in enumerate(sorted(set(share.values())))}
        piece_of += [number[share[root]] for _, root in roots]
        n_pieces += len(number)
    spans: list[list[Span]] = [[] for _ in range(n_pieces)]
    sources: list[set[int]] = [set() for _ in spans]
    for b, piece in enumerate(piece_of):
        spans[piece].append(stage.spans[b])
        sources[piece] |= {piece_of[j] for j in stage.sources[b]} - {piece}
    return spans, sources


def shares(cost: Sequence[int], n: int) -> list[int]:
    """For each of successive costs one of ``n`` shares, so that their sums are about equal."""
    total, done = max(sum(cost), 1), 0
    found = []
    for each in cost:
        found.append(min(n * done // total, n - 1))
        done += each
    return found


def shared_memory(loop: Loop, n_threads: int) -> Any:
    """The memory of :mod:`.kernel.shared`, at a cache line."""
    k = opcodes
    units = [_units(phase, PIECES * n_threads) for phase in loop.phases]
    size = k.SHARED_WORDS + k.PHASE_WORDS * len(units) + k.UNIT_WORDS * sum(map(len, units))
    memory = aligned((size,), np.dtype(np.int64))
    memory[[k.SHARED_PHASES, k.SHARED_THREADS]] = len(units), n_threads
    memory[k.SHARED_YIELD] = yield_address()
    place = k.SHARED_WORDS + k.PHASE_WORDS * len(units)
    for i, (phase, those) in enumerate(zip(loop.phases, units, strict=True)):
        row = memory[k.SHARED_WORDS + k.PHASE_WORDS * i :]
        row[[k.PHASE_UNITS, k.PHASE_SIZE]] = place, len(those)
        if phase.tail:
            row[[k.PHASE_TAIL, k.PHASE_TAIL_END]] = phase.tail[0][0], phase.tail[-1][1]
        if i + 1 == len(units):  # the last phase of a step begins the next
            row[[k.PHASE_NEXT, k.PHASE_NEXT_END]] = loop.lead
        for span in those:
            memory[place : place + 2] = span
            place += k.UNIT_WORDS
    return memory


def _units(phase: Phase, n: int) -> list[Span]:
    """Successive units as at most ``n`` ranges of about equal work."""
    ranges: dict[int, list[Span]] = {}
    for span, share in zip(phase.units, shares(phase.cost, n), strict=True):
        ranges.setdefault(share, []).append(span)
    return [(some[0][0], some[-1][1]) for some in ranges.values()]
