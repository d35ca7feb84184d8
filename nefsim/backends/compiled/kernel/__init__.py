"""The compiled interpreter: one function that runs any instruction table.

It is compiled once for each precision and stored on disk (:mod:`..object_cache`), so that a new
network needs no compilation.  :mod:`..opcodes` defines the columns of the table and its opcodes.
Arrays are passed as pointers, as the creation and the passing of an array take time in numba.
"""

from __future__ import annotations

from typing import Any

from numba import cfunc, njit, types
from numba.np.numpy_support import from_dtype

from nefsim.backends.compiled.kernel.common import options, words
from nefsim.backends.compiled.kernel.driven import delay, driven_lif, rotate, settle
from nefsim.backends.compiled.kernel.filters import lowpass, lowpass_rows, memory
from nefsim.backends.compiled.kernel.lif import lif, lif_tile
from nefsim.backends.compiled.kernel.parts import PARTS, call_part
from nefsim.backends.compiled.kernel.shared import (
    add_atomic,
    claim,
    load_atomic,
    store_atomic,
    wait_for,
)
from nefsim.backends.compiled.kernel.sums import collect, decode_bits, linear
from nefsim.backends.compiled.kernel.tiles import rows_of_tile, steps_of_spikes
from nefsim.backends.compiled.kernel.vectors import shifted, whole_registers
from nefsim.backends.compiled.kernel.whole import compile_together
from nefsim.backends.compiled.opcodes import (
    CODE,
    COLLECT,
    DECODE_BITS,
    DELAY,
    DRIVEN_LIF,
    IN,
    IN_STRIDE,
    KIND,
    LAST_MEMORY,
    LAST_SUM,
    LIF,
    LOWPASS,
    N_COLUMNS,
    OUT,
    OUT_STRIDE,
    PHASE_DONE,
    PHASE_NEXT,
    PHASE_NEXT_END,
    PHASE_SIZE,
    PHASE_TAIL,
    PHASE_TAIL_END,
    PHASE_UNITS,
    PHASE_WORDS,
    ROTATE,
    ROWS_OF_TILE,
    SCALE,
    SCRATCH,
    SET,
    SETTLE,
    SHARED_CALLED,
    SHARED_PHASES,
    SHARED_RELEASED,
    SHARED_THREADS,
    SHARED_WORDS,
    SHARED_YIELD,
    SPAN,
    STATE_2,
    STEPS_OF_SPIKES,
    TILE,
    UNIT_CLAIMED,
    UNIT_FIRST,
    UNIT_LAST,
    UNIT_WORDS,
    C,
    M,
    N,
    S,
    X,
)


@njit(**options)
def run_tile(t, lo, hi, data, constants, indices, spikes, counts):
    """Rows ``lo + 1`` to ``hi``, a tile, of one operation."""
    kind, row, c = t[KIND], lo + 1, shifted(constants, t[C])
    y, x = shifted(data, t[OUT] + row * t[OUT_STRIDE]), shifted(data, t[IN] + row * t[IN_STRIDE])
    if kind == LIF:
        lif_tile(t, row, hi - lo, data, spikes, constants)
    elif t[CODE]:
        n_rows = hi - lo
        call_part(t[CODE], t, row, 0, n_rows, data, constants, indices, spikes, counts)
    elif kind == STEPS_OF_SPIKES:
        steps_of_spikes(t, hi - lo, spikes)
    elif kind == ROWS_OF_TILE:
        rows_of_tile(t, row, hi - lo, data, spikes, c)
    elif kind == LOWPASS:
        lowpass_rows(t, hi - lo, y, x, c, shifted(data, t[S]))
    elif kind == SCALE:  # decoded values
        for r in range(hi - lo):
            for i in range(t[N]):
                value = c[0] * x[r * t[IN_STRIDE] + i]
                place = r * t[OUT_STRIDE] + i
                y[place] = value if t[SET] else y[place] + value
    else:
        for r in range(hi - lo):
            decode_bits(t, shifted(y, r * t[OUT_STRIDE]), r, spikes, c)


@njit(**options)
def run_rows(table, first, last, lo, hi, end, data, constants, indices, spikes, counts):
    """Compute rows ``lo + 1`` to ``hi``, a tile, of several operations, row by row.

    The call ends with row ``end``.
    """
    whole_registers()
    for row in range(lo + 1, hi + 1):
        r = row - lo - 1
        for p in range(first, last):
            t = shifted(table, p * N_COLUMNS)
            kind = t[KIND]
            y = shifted(data, t[OUT] + row * t[OUT_STRIDE])
            x = shifted(data, t[IN] + row * t[IN_STRIDE])
            c = shifted(constants, t[C])
            if kind == LIF:
                bits = shifted(spikes, t[X] + r * words(t[N]))
                v, E = shifted(data, t[S]), shifted(data, t[STATE_2])
                lif(t, x, v, E, y, bits, c, shifted(data, t[SCRATCH]), row == end)
            elif kind == DECODE_BITS:
                decode_bits(t, y, r, spikes, c)
            elif kind == LOWPASS:
                lowpass(t[N], y, x, c, shifted(data, t[S]))
            elif kind == COLLECT:
                collect(t, row, y, data, c, indices)
            elif kind == DRIVEN_LIF:
                driven_lif(t, row, r, data, constants, indices, spikes)
            elif t[CODE]:
                call_part(t[CODE], t, row, r, 0, data, constants, indices, spikes, counts)
            elif kind == SETTLE:
                if row == hi:
                    settle(t[N], y, x, c, shifted(data, t[S]))
            elif kind == DELAY:
                delay(t[N], t[M], r, y, x, shifted(data, t[S]))
            elif kind == ROTATE:
                if row == hi:
                    rotate(t[N], t[M], r + 1, y)
            elif kind <= LAST_SUM:
                linear(kind, t, y, x, r, c, data, indices, spikes, counts)
            elif kind <= LAST_MEMORY:
                memory(kind, t, y, x, c, shifted(data, t[S]), shifted(data, t[SCRATCH]))


@njit(**options)
def run_span(table, first, last, lo, hi, last_row, trials, arrays):
    """Rows ``lo + 1`` to ``hi`` of a range of operations, trial by trial.

    A tiled operation runs all rows of a tile at once; successive operations that are not tiled
    run each row in turn (:mod:`nefsim.backends.compiled.tiling`).  ``trials`` has the number of
    trials, and the lengths of a row of ``data``, ``spikes`` and ``counts``.  These operations run
    up to ``last_row`` before anything else sees their state.
    """
    data, constants, indices, spikes, counts = arrays
    n_trials, width, n_spike_words, n_counts = trials
    for trial in range(n_trials):
        # The rows of this trial.
        D, F = shifted(data, trial * width), shifted(spikes, trial * n_spike_words)
        K = shifted(counts, trial * n_counts)
        for start in range(lo, hi, TILE):
            end, o = min(start + TILE, hi), first
            while o < last:
                n = min(table[o * N_COLUMNS + SPAN], last - o)
                if n:
                    run_rows(table, o, o + n, start, end, last_row, D, constants, indices, F, K)
                else:
                    t = shifted(table, o * N_COLUMNS)
                    run_tile(t, start, end, D, constants, indices, F, K)
                o += max(n, 1)


@njit(**options)
def finish_phase(table, phase, released, at, row, hi, trials, arrays):
    """Run the rows of a phase after its units, and those of the next step; release the next."""
    run_span(table, phase[PHASE_TAIL], phase[PHASE_TAIL_END], row, row + 1, row + 1, trials, arrays)
    row += 1
    end = min(row + 1, hi)
    run_span(table, phase[PHASE_NEXT], phase[PHASE_NEXT_END], row, end, end, trials, arrays)
    store_atomic(released, at + 1)


@njit(**options)
def share_steps(table, memory, thread, lo, hi, trials, arrays):
    """One thread of those that share steps; see :mod:`.shared`.

    A phase without units is one of functions in Python.  The first thread ends there; called
    again after them, it finishes that phase.
    """
    n_phases, released = memory[SHARED_PHASES], shifted(memory, SHARED_RELEASED)
    at, has_called = load_atomic(released), memory[SHARED_CALLED] != 0
    while at < (hi - lo) * n_phases:
        step = at // n_phases
        row = lo + step
        phase = shifted(memory, SHARED_WORDS + at % n_phases * PHASE_WORDS)
        units, n = shifted(memory, phase[PHASE_UNITS]), phase[PHASE_SIZE]
        n_threads = memory[SHARED_THREADS]
        if n == 0 and thread == 0:
            if not has_called:
                return
            finish_phase(table, phase, released, at, row, hi, trials, arrays)
        has_called = False
        first, last = thread * n // n_threads, (thread + 1) * n // n_threads - 1
        for i in range(n):
            # There and back, so that the second cache has the units of the last step's end.
            place = last - i if row % 2 else first + i
            unit = shifted(units, place % n * UNIT_WORDS)
            claimed = shifted(unit, UNIT_CLAIMED)
            if load_atomic(claimed) != step or not claim(claimed, step):
                continue
            run_span(table, unit[UNIT_FIRST], unit[UNIT_LAST], row, row + 1, hi, trials, arrays)
            if add_atomic(shifted(phase, PHASE_DONE), 1) + 1 == (step + 1) * n:
                finish_phase(table, phase, released, at, row, hi, trials, arrays)
        wait_for(released, at, memory[SHARED_YIELD])
        at = load_atomic(released)


def run(
    table,
    spans,
    n_spans,
    lo,
    hi,
    data,
    n_trials,
    width,
    constants,
    indices,
    spikes,
    n_spike_words,
    counts,
    n_counts,
):
    """Compute rows ``lo + 1`` to ``hi`` of all operations, span by span and trial by trial.

    A span is a range of rows of the table.  If ``n_spans`` is negative, ``spans`` is the memory of
    steps that threads share, and this is thread ``-n_spans - 1`` of them.

    ``data``, ``spikes`` and ``counts`` have a row for each trial; ``width``, ``n_spike_words`` and
    ``n_counts`` are the lengths of these rows.
    """
    whole_registers()
    trials = n_trials, width, n_spike_words, n_counts
    arrays = data, constants, indices, spikes, counts
    if n_spans < 0:
        share_steps(table, spans, -n_spans - 1, lo, hi, trials, arrays)
        return
    for s in range(n_spans):
        run_span(table, spans[2 * s], spans[2 * s + 1], lo, hi, hi, trials, arrays)


def instructions(dtype: Any, part: str | None = None) -> Any:
    """LLVM's instructions for ``run`` or a part, optimised; the result cannot be called."""
    return compile_together(lambda: compile_function(dtype, part))


def compile_function(dtype: Any, part: str | None = None) -> Any:
    """``run``, or a part of it, as a C function for numbers of one type."""
    whole, wholes = types.int64, types.CPointer(types.int64)
    reals = types.CPointer(from_dtype(dtype))
    if part is not None:
        steps = wholes, whole, whole, whole
        kinds = types.void(*steps, reals, reals, wholes, wholes, wholes)
        return cfunc(kinds, **options)(PARTS[part].py_func)
    arrays = (reals, whole, whole, reals, wholes, wholes, whole, wholes, whole)
    return cfunc(types.void(wholes, wholes, whole, whole, whole, *arrays), **options)(run)
