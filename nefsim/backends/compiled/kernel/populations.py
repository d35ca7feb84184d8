"""One step of a population of any type but exact LIF."""

from __future__ import annotations

from types import FunctionType

from numba import njit

from nefsim.backends.compiled.cells import CELLS, KINDS
from nefsim.backends.compiled.elementary import FUNCTIONS
from nefsim.backends.compiled.kernel.common import options
from nefsim.backends.compiled.kernel.discrete import discrete, discrete_smooth, inverse_lif
from nefsim.backends.compiled.kernel.draws import large_poisson, next_double, uniforms
from nefsim.backends.compiled.kernel.vectors import (
    bits_of,
    floor,
    from_bits,
    polynomial,
    separate,
    shifted,
    whole_registers,
)
from nefsim.backends.compiled.opcodes import (
    COUNT,
    DISCRETE,
    DISCRETE_SMOOTH,
    INVERSE_LIF,
    STATE_2,
    STEPS_DONE,
    S,
    X,
)


def compiled(function, names, **more):
    """A plain function, compiled by numba, with other functions under some of its global names."""
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    return njit(**options, **more)(copy)


def elementary_functions():
    """The functions of :mod:`..elementary`, compiled; the processor may fuse products and sums."""
    names = {
        "bits_of": bits_of,
        "from_bits": from_bits,
        "floor": floor,
        "polynomial": polynomial,
    }
    # Inlined whatever their length, which differs between versions of Python: else no vectors.
    for function in FUNCTIONS:
        names[function.__name__] = compiled(
            function, names, fastmath={"contract"}, forceinline=True
        )
    return names


def dispatch(cells):
    """A function that runs the step of the cell with a given opcode; others do nothing.

    Numba has no table of functions, so the branches are generated as source code; a function for
    each branch would add a tenth to the time of compilation.
    """
    lines = [
        "def any_cell(kind, J, v, u, work, generator, out, n, c):",
        "    whole_registers()",
        "    separate()",
    ]
    names = {"whole_registers": whole_registers, "separate": separate}
    functions = elementary_functions() | {
        "next_double": next_double,
        "large_poisson": large_poisson,
        "uniforms": uniforms,
    }
    for i, cell in enumerate(cells):
        between = "work, generator, " if cell.draws else "v, u, " if cell.state else ""
        kind, arguments = KINDS[cell], f"J, {between}out, n, c"
        lines += [f"    {'elif' if i else 'if'} kind == {kind}:"]
        lines += [f"        step_{kind}({arguments})"]
        names[f"step_{kind}"] = compiled(cell.step, functions)
    exec("\n".join(lines), names)
    return njit(**options)(names["any_cell"])


any_cell = dispatch(CELLS)


@njit(**options)
def neurons(kind, t, y, J, c, data, spikes, counts):
    """One step of a population; the indices of its spikes are listed for the operations after."""
    whole_registers()
    state, other = shifted(data, t[S]), shifted(data, t[STATE_2])
    indices, count = shifted(spikes, t[X]), t[COUNT]
    if kind == DISCRETE:
        counts[count] = discrete(t, J, state, y, indices, counts[count], c)
    elif kind == DISCRETE_SMOOTH:
        discrete_smooth(t, J, state, y, c)
    elif kind == INVERSE_LIF:
        done = shifted(data, t[STEPS_DONE])
        counts[count] = inverse_lif(t, J, state, other, done, y, indices, counts[count], c)
