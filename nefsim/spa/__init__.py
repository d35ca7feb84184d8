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
from nefsim.spa.memories import Cleanup, cleanup
from nefsim.spa.pointers import Pointer
from nefsim.spa.states import State, state, stimulus
from nefsim.spa.vocabularies import Vocabulary

__all__ = [
    "HRR",
    "TVTB",
    "VTB",
    "Algebra",
    "Cleanup",
    "Pointer",
    "State",
    "Vocabulary",
    "bind",
    "cleanup",
    "cleanup_probability",
    "compare",
    "state",
    "stimulus",
]
