"""Semantic pointers: symbols as vectors, on plain arrays and in populations of neurons.

>>> from nefsim import spa
>>> v = spa.Vocabulary(256, seed=1)
>>> v.populate("RED; BLUE; CIRCLE; SQUARE")
>>> scene = v.parse("RED * CIRCLE + BLUE * SQUARE")
>>> v.nearest(scene * ~v["CIRCLE"])
'RED'
"""

from typing import TYPE_CHECKING

from nefsim import _habits
from nefsim.spa.algebras import HRR, TVTB, VTB, Algebra
from nefsim.spa.binding import bind, compare
from nefsim.spa.capacity import cleanup_probability
from nefsim.spa.cells import border_cells, grid_cells, object_vector_cells, place_cells
from nefsim.spa.circles import CyclicSSP, JointSSP
from nefsim.spa.lattices import GridSSP, HexagonalSSP
from nefsim.spa.mapping import SpatialMemory, spatial_memory
from nefsim.spa.memories import Cleanup, cleanup
from nefsim.spa.paths import PathIntegrator, path_integrator
from nefsim.spa.pointers import Pointer
from nefsim.spa.routing import Route, route
from nefsim.spa.rules import Rule
from nefsim.spa.scores import grid_score, rate_map
from nefsim.spa.selection import ActionSelection, action_selection
from nefsim.spa.spaces import RandomSSP, Space
from nefsim.spa.states import State, state, stimulus
from nefsim.spa.vocabularies import Vocabulary

__all__ = [
    "HRR",
    "TVTB",
    "VTB",
    "ActionSelection",
    "Algebra",
    "Cleanup",
    "CyclicSSP",
    "GridSSP",
    "HexagonalSSP",
    "JointSSP",
    "PathIntegrator",
    "Pointer",
    "RandomSSP",
    "Route",
    "Rule",
    "Space",
    "SpatialMemory",
    "State",
    "Vocabulary",
    "action_selection",
    "bind",
    "border_cells",
    "cleanup",
    "cleanup_probability",
    "compare",
    "grid_cells",
    "grid_score",
    "object_vector_cells",
    "path_integrator",
    "place_cells",
    "rate_map",
    "route",
    "spatial_memory",
    "state",
    "stimulus",
]

if not TYPE_CHECKING:  # or mypy would take any name

    def __getattr__(name: str) -> object:
        """Raise an error with advice, as there are no other names."""
        raise AttributeError(
            _habits.attribute("nefsim.spa", name, _habits.OF_SPA, __all__), name=name
        )
