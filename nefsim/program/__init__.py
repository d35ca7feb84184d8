"""Programs: the form of a network that every back end runs.

A :class:`Program` lists signals (vectors that change in each time step) and the operations that
write them, in the order of a step.  A :class:`State` holds the arrays that change.  Each signal
is written by one operation.  An operation reads the value of a signal from this step (delay 0)
or from the step before (delay 1).  All targets read the output of a filter with delay 1, so a
loop through a filter can be computed in order.  An operation outside of all loops may run for
many steps at once (see ``Program.groups``).
"""

from nefsim.program.builder import ProgramBuilder
from nefsim.program.factored import in_factors, product_with
from nefsim.program.operations import (
    Call,
    Evaluate,
    Filter,
    Group,
    Index,
    Learn,
    Neurons,
    Op,
    Part,
    Play,
    Program,
    Read,
    Record,
    Signal,
    Step,
    Stream,
    Sum,
    Term,
    Weigh,
    outputs,
    read_size,
    writers,
)
from nefsim.program.state import Snapshot, State, initial_state, restore, snapshot, stored

__all__ = [
    "Call",
    "Evaluate",
    "Filter",
    "Group",
    "Index",
    "Learn",
    "Neurons",
    "Op",
    "Part",
    "Play",
    "Program",
    "ProgramBuilder",
    "Read",
    "Record",
    "Signal",
    "Snapshot",
    "State",
    "Step",
    "Stream",
    "Sum",
    "Term",
    "Weigh",
    "in_factors",
    "initial_state",
    "outputs",
    "product_with",
    "read_size",
    "restore",
    "snapshot",
    "stored",
    "writers",
]
