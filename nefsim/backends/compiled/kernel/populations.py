"""One step of a population of any kind but exact LIF."""

from __future__ import annotations

from numba import njit

from nefsim.backends.compiled.cells import CELLS, KINDS
from nefsim.backends.compiled.kernel.common import options
from nefsim.backends.compiled.kernel.discrete import discrete, discrete_smooth, inverse_lif
from nefsim.backends.compiled.kernel.vectors import shifted, whole_registers
from nefsim.backends.compiled.opcodes import (
    DISCRETE,
    DISCRETE_SMOOTH,
    FIRST_CELL,
    INVERSE_LIF,
    SCRATCH,
    SET,
    M,
    N,
    S,
    X,
)


def dispatch(cells):
    """A function that takes the step of the cell of a kind, and none for a kind of no cell.

    Numba has no table of functions, so the branches are written as source; a function for each
    branch would take a tenth of the time of compilation.
    """
    lines, names = ["def any_cell(kind, J, v, u, out, fired, counts, n, c):"], {}
    for cell in cells:
        kind, word = KINDS[cell], "elif" if names else "if"
        call = "counts[0] = {}(J, v, u, out, fired, n, c)" if cell.state else "{}(J, out, n, c)"
        lines += [f"    {word} kind == {kind}:", "        " + call.format(f"step_{kind}")]
        names[f"step_{kind}"] = njit(**options)(cell.step)
    exec("\n".join(lines), names)
    return njit(**options)(names["any_cell"])


any_cell = dispatch(CELLS)


@njit(**options)
def neurons(kind, t, y, J, c, data, fired, counts):
    """One step of a population; spikes are listed for those who decode them."""
    whole_registers()
    state, other = shifted(data, t[S]), shifted(data, t[M])
    who, count = shifted(fired, t[X]), t[SET]
    if kind >= FIRST_CELL:
        any_cell(kind, J, state, other, y, who, shifted(counts, count), t[N], c)
    elif kind == DISCRETE:
        counts[count] = discrete(t, J, state, y, who, counts[count], c)
    elif kind == DISCRETE_SMOOTH:
        discrete_smooth(t, J, state, y, c)
    elif kind == INVERSE_LIF:
        done = shifted(data, t[SCRATCH])
        counts[count] = inverse_lif(t, J, state, other, done, y, who, counts[count], c)
