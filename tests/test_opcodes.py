"""Opcodes are in groups, and an undefined opcode runs no kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.program import initial_state

pytest.importorskip("numba")

from nefsim.backends.compiled import analysis, make_plan, opcodes
from nefsim.backends.compiled.cells import CELLS
from nefsim.backends.compiled.object_cache import interpreter
from nefsim.backends.compiled.table import Table

DUMMY = opcodes.FIRST_CELL + len(CELLS)


def table() -> Table:
    """The table of a small network, without rows."""
    net = nef.Network(seed=1)
    net.connect(net.node(0.5), net.ensemble(20, 1))
    program = nef.Simulator(net).built.program
    state = initial_state(program)
    plan = make_plan(program, 1, analysis.analytic_lif_outputs(program, state))
    return Table(state, plan)


def test_the_bounds_of_the_groups_increase() -> None:
    bounds = [opcodes.LAST_SUM, opcodes.LAST_MEMORY, opcodes.LAST_POPULATION, opcodes.LAST_RULE]
    assert bounds == sorted(bounds) and bounds[-1] == opcodes.N_KINDS - 1


@pytest.mark.parametrize("kind", [DUMMY, -1])
def test_an_undefined_opcode_is_refused(kind: int) -> None:
    with pytest.raises(ValueError, match=r"opcode .* is not defined"):
        table().op(kind, (0, 0), 1)


def test_a_row_with_an_undefined_opcode_changes_nothing() -> None:
    """An opcode that the kernel does not handle must not run the code of another."""
    instructions = table()
    instructions.op(opcodes.FILL, (8, 0), 4)
    rows, data, constants, indices, spikes, counts = instructions.arrays(1)
    rows[0, opcodes.KIND] = DUMMY
    data[...] = np.arange(data.size).reshape(data.shape)
    before: list[Any] = [a.copy() for a in (data, constants, indices, spikes, counts)]
    spans = np.array([[0, 1]], np.int64)
    run = interpreter(data.dtype)
    run(
        *(rows.ctypes.data, spans.ctypes.data, 1, 0, 3, data.ctypes.data, *data.shape),
        *(constants.ctypes.data, indices.ctypes.data, spikes.ctypes.data, spikes.shape[1]),
        *(counts.ctypes.data, counts.shape[1]),
    )
    for now, was in zip((data, constants, indices, spikes, counts), before, strict=True):
        np.testing.assert_array_equal(now, was)
    rows[0, opcodes.KIND] = opcodes.FILL
    run(
        *(rows.ctypes.data, spans.ctypes.data, 1, 0, 3, data.ctypes.data, *data.shape),
        *(constants.ctypes.data, indices.ctypes.data, spikes.ctypes.data, spikes.shape[1]),
        *(counts.ctypes.data, counts.shape[1]),
    )
    assert not data[0, 8:12].any()
