"""Parts of the interpreter that are compiled when a network first needs them.

Most networks need none.  A row of the table has the address of the function of its part, which
the interpreter calls, so that neither has to be compiled again with the other.
"""

from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from nefsim.backends.compiled.kernel import learning as rules
from nefsim.backends.compiled.kernel import noise as processes
from nefsim.backends.compiled.kernel import strips as strips_of_cells
from nefsim.backends.compiled.kernel.common import options
from nefsim.backends.compiled.kernel.populations import neurons
from nefsim.backends.compiled.kernel.vectors import shifted
from nefsim.backends.compiled.kernel.wide import wide_lif, wide_lif_tile
from nefsim.backends.compiled.opcodes import (
    CELLS_PART,
    IN,
    IN_STRIDE,
    KIND,
    LAYOUT,
    LEARNING_PART,
    NOISE_PART,
    OUT,
    OUT_STRIDE,
    POPULATIONS_PART,
    WIDE_PART,
    C,
    N,
)


@intrinsic
def call_part(typing_context, address, t, row, r, n_rows, data, constants, indices, spikes, counts):
    """Call the function of a part at an address; see :data:`PARTS`."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del signature
        address, *arguments = arguments
        form = ir.FunctionType(ir.VoidType(), [each.type for each in arguments])
        builder.call(builder.inttoptr(address, form.as_pointer()), arguments)
        return context.get_dummy_value()

    passed = t, row, r, n_rows, data, constants, indices, spikes, counts
    return types.void(address, *passed), generate


@njit(**options)
def wide(t, row, r, n_rows, data, constants, indices, spikes, counts):
    """LIF populations of many dimensions."""
    if n_rows:
        wide_lif_tile(t, row, n_rows, data, spikes, constants)
    else:
        wide_lif(t, row, r, data, constants, spikes)


@njit(**options)
def cells(t, row, r, n_rows, data, constants, indices, spikes, counts):
    """Populations of other types than LIF."""
    end = row + max(n_rows, 1)
    strips_of_cells.strips(t, row, end, data, constants, indices, spikes, counts)


@njit(**options)
def noise(t, row, r, n_rows, data, constants, indices, spikes, counts):
    """Gaussian noise."""
    y = shifted(data, t[OUT] + row * t[OUT_STRIDE])
    processes.noise(t[N], y, shifted(indices, t[LAYOUT]), spikes, counts)


@njit(**options)
def populations(t, row, r, n_rows, data, constants, indices, spikes, counts):
    """Discrete neurons, and LIF neurons in inverse time."""
    y = shifted(data, t[OUT] + row * t[OUT_STRIDE])
    x = shifted(data, t[IN] + row * t[IN_STRIDE])
    neurons(t[KIND], t, y, x, shifted(constants, t[C]), data, spikes, counts)


@njit(**options)
def learning(t, row, r, n_rows, data, constants, indices, spikes, counts):
    """Products with learned weights, and rules."""
    y = shifted(data, t[OUT] + row * t[OUT_STRIDE])
    x = shifted(data, t[IN] + row * t[IN_STRIDE])
    c = shifted(constants, t[C])
    rules.learning(t[KIND], t, row, y, x, c, data, indices, spikes, counts)


#: The functions of parts: ``n_rows`` of a tile from ``row`` on, or, if ``n_rows`` is 0, one row,
#: the ``r``-th of a tile.
PARTS = {
    WIDE_PART: wide,
    CELLS_PART: cells,
    NOISE_PART: noise,
    POPULATIONS_PART: populations,
    LEARNING_PART: learning,
}
