"""Rules for code that is not changed, because no test of a result can see the change.

Docstrings and other strings, annotations, imports and ``__all__``; code that only a type checker
reads (``TYPE_CHECKING``, overloads, assertions); messages (texts of errors, warnings and
output, code that prepares them, and ``repr``); the names in :data:`SPEED` and
:data:`LOOKS`; limits as far away as 10**7; the order of arguments of :data:`SYMMETRIC`
functions and of differences that go into :data:`EVEN` ones; and which negative number stands
for the length that is left over in ``reshape``.
"""

from __future__ import annotations

import ast

#: Constants that choose between two algorithms of one result, or the size of a chunk.  They
#: change time and memory (and the order of a sum), so that no test of a result sees them.
SPEED = frozenset(
    [
        "AT_ONCE",
        "BATCH",
        "CALLS_OF_OTHERS",
        "HELD",
        "LONGEST_CHUNK",
        "MIN_SYSTEMS",
        "MIN_WORK_FOR_THREADS",
        "MOST_FOR_NUMPY",
        "MOST_ACTIVITIES",
        "MOST_NEURONS",
        "MOST_NUMBERS",
        "MOST_PIECES",
        "MOST_WORK",
        "NUMBERS_IN_CACHE",
        "PIECES",
        "SYSTEMS_AT_ONCE",
        "TALL",
        "WORTH_GATHERING",
        "WORTH_RUNS",
        "WORTH_THREADS",
        "cores",
        "whole_registers",
    ]
)

#: Arguments and calls of how a figure looks; a curve of another width shows the same.
LOOKS = frozenset(
    [
        "alpha",
        "aspect",
        "margins",
        "set_aspect",
        "set_linewidth",
        "set_major_locator",
        "set_visible",
        "tick_params",
        "bbox_inches",
        "bins_per_inch",
        "bottom_pad",
        "capsize",
        "constrained_layout",
        "dpi",
        "elinewidth",
        "figsize",
        "fontsize",
        "height_ratios",
        "hspace",
        "labelpad",
        "lw",
        "linewidth",
        "linewidths",
        "markersize",
        "ms",
        "pad",
        "s",
        "width_ratios",
        "wspace",
        "zorder",
    ]
)

#: Calls whose arguments are sentences for people.
MESSAGES = frozenset({"warn", "fail", "print", "write_line"})

#: Methods that show an object to people.
SHOWN = frozenset({"__repr__", "__str__", "_repr_html_"})

#: Functions of two arguments in either order, and those that Python refuses in the other one.
SYMMETRIC = frozenset(
    """max min maximum minimum fmax fmin array_equal
    isinstance issubclass hasattr getattr setattr""".split()  # noqa: SIM905
)

#: Functions of a difference that do not see its sign.
EVEN = frozenset({"abs", "norm", "allclose", "square"})


def called(node: ast.Call) -> str:
    """The last part of the name of the called function."""
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def complains(node: ast.stmt) -> bool:
    """Whether a statement refuses or warns of something."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return getattr(node.value.func, "attr", "") in ("fail", "warn")
    return isinstance(node, ast.Raise)


def left_out(node: ast.AST) -> bool:
    """Whether a node and all within it are left alone."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Raise, ast.Assert, ast.JoinedStr)):
        return True
    if isinstance(node, ast.Assign):
        targets = {getattr(n, "id", "") for target in node.targets for n in ast.walk(target)}
        return bool(targets & {"__all__", *SPEED})
    if isinstance(node, ast.AnnAssign):
        return getattr(node.target, "id", "") in SPEED
    if isinstance(node, ast.If):
        # Code of scripts is run by the command.
        return any(name in ast.dump(node.test) for name in ("TYPE_CHECKING", "__main__"))
    if isinstance(node, ast.keyword):
        return node.arg in LOOKS or node.arg == "stacklevel"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return called(node.value) in SPEED | LOOKS
    if isinstance(node, ast.Call):
        # The call may be dropped as a statement; its arguments are words.
        return called(node) in MESSAGES | {"TypeVar", "ParamSpec", "cast"}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and _is_whole(node):
        return True
    if isinstance(node, (ast.Compare, ast.BoolOp, ast.BinOp)):
        read = {getattr(n, "id", getattr(n, "attr", "")) for n in ast.walk(node)}
        return bool(read & SPEED)
    return False


def _is_whole(node: ast.BinOp) -> bool:
    """Whether a power is one of two whole numbers, as 10**7.

    It is a limit so large that no array beyond it fits in memory, and no test
    goes there.
    """
    return all(
        isinstance(n, ast.Constant) and type(n.value) is int for n in (node.left, node.right)
    )
