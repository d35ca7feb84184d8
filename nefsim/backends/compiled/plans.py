"""Plans of small programs, remembered by form: networks that differ in numbers alone share one.

A reset, and other seeds of a network, make programs whose operations read and write the same
signals with matrices of the same shapes.  Their plans are equal, and to make a plan takes longer
than to compare the forms.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np

from nefsim.backends.compiled.analysis import decoded_terms
from nefsim.backends.compiled.currents import encoded
from nefsim.backends.compiled.plan import Plan, make_plan
from nefsim.backends.compiled.ranges import without_unread
from nefsim.filtering import StateSpace
from nefsim.program import Evaluate, Filter, Neurons, Op, Program, Read, Sum, Term
from nefsim.program.diagonal_blocks import in_blocks

#: Programs with more numbers in their signals are not remembered: there the plan takes little of
#: the time of a build.
MOST_NUMBERS = 4096

#: The program of a plan that is remembered, so that no array and no function of a user stays.
NONE = Program(1.0, (), (), (), ())

#: Plans that are remembered at most.
MOST_PLANS = 16

_plans: OrderedDict[Any, Plan] = OrderedDict()
_lock = Lock()


def plan_of(program: Program, batch: int, analytic: set[int], dtype: Any = np.float64) -> Plan:
    """The plan of a program; that of an earlier program of the same form is used again.

    Parameters
    ----------
    program, batch, analytic, dtype
        As for :func:`.plan.make_plan`, whose result this equals.

    Returns
    -------
    Plan
    """
    program = in_blocks(program)
    form = form_of(program)
    if form is None:
        program = encoded(without_unread(program))
        return make_plan(program, batch, analytic, dtype, ranges=True)
    key = form, batch, frozenset(analytic), np.dtype(dtype)
    with _lock:
        known = _plans.get(key)
        if known is not None:
            _plans.move_to_end(key)
            return _of(known, program)
    plan = make_plan(program, batch, analytic, dtype)
    if not plan.drives and not plan.parts.origin:
        with _lock:
            _plans[key] = _of(plan, NONE)
            while len(_plans) > MOST_PLANS:
                _plans.popitem(last=False)
    return plan


def _of(plan: Plan, program: Program) -> Plan:
    """The same plan for another program."""
    parts = replace(plan.parts, program=program)
    return replace(plan, program=program, parts=parts, decoded=decoded_terms(program))


def form_of(program: Program) -> Any:
    """A value that is equal for programs with equal plans; None if a program has no such value.

    It holds all that a plan depends on: the signals that operations read and write, the shapes
    of dense matrices, numbers, and the types of neurons.  Programs with other operations, such
    as learning rules, have none.
    """
    if sum(signal.size for signal in program.signals) > MOST_NUMBERS:
        return None
    ops = [_form_of_op(op) for op in program.ops]
    if None in ops:
        return None
    records = tuple((_form_of_read(record.read), record.every) for record in program.records)
    groups = tuple((group.ops, group.loop) for group in program.groups)
    return program.dt, tuple(signal.size for signal in program.signals), (*ops,), records, groups


def _form_of_op(op: Op) -> Any:
    match op:
        case Sum():
            terms = [_form_of_term(term) for term in op.terms]
            offset = None if op.offset is None else np.count_nonzero(op.offset) > 0
            return None if None in terms else (Sum, op.output, op.is_input, offset, *terms)
        case Neurons():
            return Neurons, op.output, op.current, op.neuron, op.observed
        case Filter() if not isinstance(op.form, StateSpace):
            return Filter, op.output, op.input, *_numbers(op.form)
        case Evaluate():
            reads = (_form_of_read(read) for read in op.reads)
            return Evaluate, op.output, op.form, op.after is None, *reads
    return None


def _form_of_term(term: Term) -> Any:
    matrix: Any = term.matrix
    if hasattr(matrix, "tocsr"):
        return None
    number = matrix is None or np.ndim(matrix) == 0
    size = (None if matrix is None else float(matrix)) if number else np.shape(matrix)
    return _form_of_read(term.read), _form_of_index(term.rows), size


def _form_of_read(read: Read) -> Any:
    return read.signal, read.delay, _form_of_index(read.columns)


def _form_of_index(index: Any) -> Any:
    """A slice, or the numbers of an array of indices; slices are compared by their ends."""
    if isinstance(index, slice):
        return index.start, index.stop, index.step
    return None if index is None else index.tobytes()


def _numbers(parts: Iterable[Any]) -> Iterable[Any]:
    return (tuple(np.ravel(part).tolist()) for part in parts)
