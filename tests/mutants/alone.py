"""Rules for code that is not changed, because no test of a result can see the change.

Docstrings and other strings, annotations, imports and ``__all__``; code that only a type checker
reads (``TYPE_CHECKING``, overloads, assertions); messages (texts of errors, warnings and
output, code that prepares them, such as a choice between :data:`WORDS`, and ``repr``; the order
of ``who`` and the name of an argument, in calls of the functions that take these two first,
:func:`takes_who`);
the names in :data:`SPEED`, :data:`SIZES` and :data:`LOOKS`; limits as far away as 10**7; the
order of arguments of :data:`SYMMETRIC` functions and of differences that go into :data:`EVEN`
ones or an even power; the greatest number of rounds of an iteration that ends by itself; which
negative number stands for the length that is left over in ``reshape``; more memory than needed
(:data:`RESERVING`); and twice a tolerance for rounding, a number in a function's body up to
:data:`ROUNDING`, alone or as a term or factor.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

#: Constants that choose between two algorithms of one result, or the size of a chunk.  They
#: change time and memory (and the order of a sum), so that no test of a result sees them.
SPEED = frozenset(
    [
        "AT_ONCE",
        "BATCH",
        "CACHED",
        "CALLS_OF_NEURONS",
        "CALLS_OF_OTHERS",
        "COLUMNS_FOR_LFILTER",
        "COLUMNS_ONE_BY_ONE",
        "COST_OF_A_CELL",
        "MULTIPLICATIONS",
        "SPIKES",
        "FAR_BELOW",
        "FEW",
        "FEWEST_BLOCKS",
        "LONGEST_BLOCK",
        "LONGEST_CHUNK",
        "LONGEST_COMPILED_CHUNK",
        "LONG_INPUT",
        "MAX_SHARE_OF_SPIKES",
        "MIN_PHASE",
        "MIN_RUN_LENGTH",
        "MIN_SHARED",
        "MIN_SIZE_FOR_GATHERING",
        "MIN_SPLIT",
        "MIN_STEP",
        "MIN_SYSTEMS",
        "MIN_WORK_FOR_THREADS",
        "MOST_ACTIVITIES",
        "MOST_FOR_NUMPY",
        "MOST_NEURONS",
        "MOST_NUMBERS",
        "MOST_NUMBERS_OF_SHORT",
        "MOST_PIECES",
        "MOST_UNDER_WAY",
        "MOST_WORK",
        "NUMBERS_IN_CACHE",
        "PIECES",
        "ROOM",
        "ROWS_FOR_LFILTER",
        "ROWS_IN_CACHE",
        "SHORT_CHUNK",
        "SLEEP",
        "SLOW",
        "SYSTEMS_AT_ONCE",
        "TALL",
        "TESTS",
        "YIELDS",
        "cores",
        "whole_registers",
    ]
)

#: Sizes of pieces of work and memory, which change time and memory alone.  Only their numbers are
#: left alone: code that divides work into such pieces is changed.
SIZES = frozenset(
    [
        "FEWEST_ROWS",
        "FEWEST_STEPS_OF_A_COPY",
        "MOST_LEVELS",
        "MOST_PARTS",
        "MOST_PLANS",
        "MOST_VECTORS",
        "PANELS",
        "ROWS_EARLY",
        "SPINS",
        "TASK",
        "WAITING",
    ]
)

#: Arguments and calls of how a figure looks, and the indentation of a text; a curve of another
#: width shows the same.
LOOKS = frozenset(
    [
        "HEIGHT",
        "LEFT",
        "MARGINS",
        "RIGHT",
        "alpha",
        "aspect",
        "bbox_to_anchor",
        "bend",
        "linestyle",
        "margins",
        "markeredgewidth",
        "min_width",
        "ncols",
        "shrinkA",
        "shrinkB",
        "set_aspect",
        "set_axis_off",
        "set_linewidth",
        "set_major_locator",
        "set_visible",
        "tick_params",
        "bbox_inches",
        "borderaxespad",
        "columnspacing",
        "desired_num_ticks",
        "glyph_width",
        "indent",
        "handlelength",
        "label_standoff",
        "line_alpha",
        "line_width",
        "margin",
        "markerscale",
        "spacing",
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

#: Numbers in a function that are so small are tolerances for rounding: a test that saw twice of one
#: would be a test of rounding.  Their sign may change.
ROUNDING = 1e-6

#: Calls whose arguments are sentences for people.
MESSAGES = frozenset({"warn", "fail", "print", "write_line"})

#: Names of the parts of a message: its condition, the value passed, and the cure.
WORDS = frozenset({"must", "got", "do"})

#: Methods that show an object to people.
SHOWN = frozenset({"__repr__", "__str__", "_repr_html_"})

#: Functions of two arguments in either order (of ``allclose`` and ``isclose``: as far as the
#: tolerance is small beside 1; of ``clip``: the value and the lower limit, as the larger one
#: counts; of ``vdot``: real vectors; of ``require_close``: as far as the message; of
#: ``add_argument``: as far as the help), and those that Python refuses in the other one.
SYMMETRIC = frozenset(
    """max min maximum minimum fmax fmin array_equal allclose isclose
    clip add multiply logical_and logical_or logical_xor fadd fmul and_ or_
    convolve gcd hypot lcm suppress swapaxes vdot
    require_close require_equal add_argument
    isinstance issubclass hasattr getattr setattr _digest""".split()  # noqa: SIM905
)

#: Functions that reserve memory: more of it changes no result, so that no number is made larger.
RESERVING = frozenset({"allocate", "scratch"})

#: Functions of a difference that do not see its sign.
EVEN = frozenset({"abs", "norm", "allclose", "square"})


def called(node: ast.Call) -> str:
    """The last part of the name of the called function."""
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


@cache
def takes_who() -> frozenset[str]:
    """Functions of the package whose first two parameters only name the caller and its argument.

    They are the words with which a message begins; the values follow them.
    """
    two = re.compile(r"def (\w+)\(\s*(?:self,\s*)?who: str,\s*(?:argument|name): str\b")
    files = (Path(__file__).parents[2] / "nefsim").rglob("*.py")
    return frozenset(name for file in files for name in two.findall(file.read_text("utf-8")))


def complains(node: ast.stmt) -> bool:
    """Whether a statement refuses or warns of something."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return getattr(node.value.func, "attr", "") in ("fail", "warn")
    return isinstance(node, ast.Raise)


def words_only(node: ast.stmt) -> bool:
    """Whether a statement only chooses the words of a message, which have these names here."""
    if isinstance(node, ast.If):
        return all(map(words_only, (*node.body, *node.orelse)))
    if not isinstance(node, ast.Assign):
        return False
    names = [n for t in node.targets for n in ast.walk(t) if not isinstance(n, ast.expr_context)]
    return all(getattr(n, "id", None) in WORDS for n in names if not isinstance(n, ast.Tuple))


def left_out(node: ast.AST) -> bool:
    """Whether a node and all within it are left alone."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Raise, ast.Assert, ast.JoinedStr)):
        return True
    if isinstance(node, ast.Assign):
        targets = {getattr(n, "id", "") for target in node.targets for n in ast.walk(target)}
        return bool(targets & {"__all__", *SPEED, *SIZES, *LOOKS}) or words_only(node)
    if isinstance(node, ast.AnnAssign):
        return getattr(node.target, "id", "") in SPEED
    if isinstance(node, ast.If):
        if words_only(node):
            return True
        # Code of scripts is run by the command.
        return any(name in ast.dump(node.test) for name in ("TYPE_CHECKING", "__main__"))
    if isinstance(node, ast.keyword):
        return node.arg in LOOKS or node.arg in ("height", "stacklevel", "width")
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return called(node.value) in SPEED | LOOKS
    if isinstance(node, ast.Call):
        # The call may be dropped as a statement; its arguments are words or looks.
        return called(node) in MESSAGES | {"Legend", "TypeVar", "ParamSpec", "cast"}
    if isinstance(node, ast.BinOp) and _is_far(node):
        return True
    if isinstance(node, (ast.Compare, ast.BoolOp, ast.BinOp)):
        read = {getattr(n, "id", getattr(n, "attr", "")) for n in ast.walk(node)}
        return bool(read & SPEED)
    return False


def parts(node: ast.AST) -> Iterator[ast.AST]:
    """Children of a node, without those that are left alone because of their place."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "type_params"):
            continue
        if field == "body" and isinstance(node, ast.If) and complains(node.body[-1]):
            value = node.body[-1:]  # code before it prepares the message
        if field == "iter" and isinstance(node, ast.For) and _ends_by_itself(node):
            continue
        if field == "values" and isinstance(node, ast.Dict):
            names = [getattr(key, "value", None) for key in node.keys]
            value = [v for name, v in zip(names, node.values, strict=True) if name not in LOOKS]
        yield from (
            child
            for child in (value if isinstance(value, list) else [value])
            if isinstance(child, ast.AST)
        )


def _ends_by_itself(loop: ast.For) -> bool:
    """Whether a loop over no particular thing is left when its work is done."""
    left = any(isinstance(n, (ast.Return, ast.Break)) for n in ast.walk(loop))
    return left and getattr(loop.target, "id", "") == "_"


def _is_far(node: ast.BinOp) -> bool:
    """Whether a power of two whole numbers, as 10**7, or the next number to one.

    It is a limit so large that no array beyond it fits in memory, and no test
    goes there.
    """
    if isinstance(node.op, (ast.Add, ast.Sub)) and isinstance(node.left, ast.BinOp):
        return _is_far(node.left) and ast.dump(node.right) == ast.dump(ast.Constant(1))
    return isinstance(node.op, ast.Pow) and all(
        isinstance(n, ast.Constant) and type(n.value) is int for n in (node.left, node.right)
    )
