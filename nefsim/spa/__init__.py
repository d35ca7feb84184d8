"""Semantic pointers: symbols as vectors, on plain arrays and in populations of neurons.

>>> from nefsim import spa
>>> v = spa.Vocabulary(256, seed=1)
>>> v.populate("RED; BLUE; CIRCLE; SQUARE")
>>> scene = v.parse("RED * CIRCLE + BLUE * SQUARE")
>>> v.nearest(scene * ~v["CIRCLE"])
'RED'
"""

from nefsim.spa.algebras import HRR, TVTB, VTB, Algebra
from nefsim.spa.binding import bind, compare
from nefsim.spa.capacity import cleanup_probability
from nefsim.spa.cells import grid_cells, grid_score, place_cells
from nefsim.spa.memories import Cleanup, cleanup
from nefsim.spa.pointers import Pointer
from nefsim.spa.rules import Rule
from nefsim.spa.selection import ActionSelection, action_selection
from nefsim.spa.spaces import GridSSP, HexagonalSSP, RandomSSP, Space
from nefsim.spa.states import State, state, stimulus
from nefsim.spa.vocabularies import Vocabulary

__all__ = [
    "HRR",
    "TVTB",
    "VTB",
    "ActionSelection",
    "Algebra",
    "Cleanup",
    "GridSSP",
    "HexagonalSSP",
    "Pointer",
    "RandomSSP",
    "Rule",
    "Space",
    "State",
    "Vocabulary",
    "action_selection",
    "bind",
    "cleanup",
    "cleanup_probability",
    "compare",
    "grid_cells",
    "grid_score",
    "place_cells",
    "state",
    "stimulus",
]
