"""One step of a population of any type but exact LIF."""

from __future__ import annotations

from numba import njit

from nefsim.backends.compiled.cells import CELLS, KINDS
from nefsim.backends.compiled.kernel.common import options
from nefsim.backends.compiled.kernel.discrete import discrete, discrete_smooth, inverse_lif
from nefsim.backends.compiled.kernel.vectors import shifted, whole_registers
from nefsim.backends.compiled.opcodes import (
    COUNT,
    DISCRETE,
    DISCRETE_SMOOTH,
    FIRST_CELL,
    INVERSE_LIF,
    STATE_2,
    STEPS_DONE,
    N,
    S,
    X,
)


def dispatch(cells):
    """A function that runs the step of the cell with a given opcode; others do nothing.

    Numba has no table of functions, so the branches are generated as source code; a function for
    each branch would add a tenth to the time of compilation.
    """
    lines, names = ["def any_cell(kind, J, v, u, out, indices, counts, n, c):"], {}
    for cell in cells:
        kind, word = KINDS[cell], "elif" if names else "if"
        call = "counts[0] = {}(J, v, u, out, indices, n, c)" if cell.state else "{}(J, out, n, c)"
        lines += [f"    {word} kind == {kind}:", "        " + call.format(f"step_{kind}")]
        names[f"step_{kind}"] = njit(**options)(cell.step)
    exec("\n".join(lines), names)
    return njit(**options)(names["any_cell"])


any_cell = dispatch(CELLS)


@njit(**options)
def neurons(kind, t, y, J, c, data, spikes, counts):
    """One step of a population; the indices of its spikes are listed for the operations after."""
    whole_registers()
    state, other = shifted(data, t[S]), shifted(data, t[STATE_2])
    indices, count = shifted(spikes, t[X]), t[COUNT]
    if kind >= FIRST_CELL:
        any_cell(kind, J, state, other, y, indices, shifted(counts, count), t[N], c)
    elif kind == DISCRETE:
        counts[count] = discrete(t, J, state, y, indices, counts[count], c)
    elif kind == DISCRETE_SMOOTH:
        discrete_smooth(t, J, state, y, c)
    elif kind == INVERSE_LIF:
        done = shifted(data, t[STEPS_DONE])
        counts[count] = inverse_lif(t, J, state, other, done, y, indices, counts[count], c)
