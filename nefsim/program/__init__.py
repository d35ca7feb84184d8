"""The waist: what a network is to a back end.

A :class:`Program` is a list of signals and a list of operations on them, in the order of a
time step; a :class:`State` is what changes.  Each signal is written by one operation.  An
operation reads a signal either as it is in this step (delay 0) or as it was in the step
before (delay 1): the output of a filter is read with delay 1 by all that it drives, and
that is all there is to the order of a step.  Operations that do not depend on their own
output, however far around, may therefore run for many steps at once (see ``groups``).
"""

from nefsim.program.builder import ProgramBuilder
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
from nefsim.program.state import Snapshot, State, initial_state, restore, snapshot

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
    "initial_state",
    "outputs",
    "read_size",
    "restore",
    "snapshot",
    "writers",
]
