"""Programs: the form of a network that every back end runs.

A :class:`Program` is a list of signals and a list of operations on them, in the order of a
time step; a :class:`State` holds the arrays that change.  Each signal is written by one
operation.  An operation reads the value of a signal either in this step (delay 0) or in the
step before (delay 1).  The output of a filter is read with delay 1 by all its targets; that
alone determines the order of a step.  Operations that do not depend on their output, directly
or through others, may therefore run for many steps at once (see ``groups``).
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
