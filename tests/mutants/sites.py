"""The changes that can be made to a module, one at a time, each by its kind."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

#: Numbers that choose between two ways to one result, or how much is done at once.  What they
#: change is time and memory (and the order of a sum), so that no test of a result sees them.
SPEED = frozenset(
    [
        "AT_ONCE",
        "BATCH",
        "CALLS_OF_OTHERS",
        "HELD",
        "LONGEST_CHUNK",
        "MANY",
        "MOST_FOR_NUMPY",
        "MOST_HELD",
        "MOST_NEURONS",
        "MOST_NUMBERS",
        "MOST_PIECES",
        "MOST_WORK",
        "NUMBERS_IN_CACHE",
        "PIECES",
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

#: Methods that say what an object is to people.
SHOWN = frozenset({"__repr__", "__str__", "_repr_html_"})

#: Functions of two arguments in either order, and those that Python refuses in the other one.
SYMMETRIC = frozenset(
    """max min maximum minimum fmax fmin array_equal
    isinstance issubclass hasattr getattr setattr""".split()  # noqa: SIM905
)

#: Functions of a difference that do not see its sign.
EVEN = frozenset({"abs", "norm", "allclose", "square"})

OPPOSITE: dict[type, type] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}

KINDS = (
    "sign",
    "factor two",
    "off by one",
    "comparison flipped",
    "swapped",
    "dropped term",
    "dropped statement",
    "negated condition",
)


#: What joins sentences and lists, not numbers.
TEXTS = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp)

Node = ast.expr | ast.stmt


@dataclass(frozen=True)
class Change:
    """One change: where it is, what was there (``before``) and what is put there."""

    path: str
    function: str
    line: int
    kind: str
    before: str
    after: str
    start: int
    end: int

    def apply(self, source: bytes) -> bytes:
        """The module with the change."""
        return source[: self.start] + self.after.encode() + source[self.end :]

    def __str__(self) -> str:
        before, after = " ".join(self.before.split()), " ".join(self.after.split())
        return f"{self.path}:{self.line} {self.kind}: {before}  ->  {after}"


def changes(path: str, source: bytes) -> list[Change]:
    """All changes to the source of a module."""
    offsets = [0]
    for line in source.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    found = []
    for node, function in _nodes(ast.parse(source), ()):
        for kind, old, new in _variants(node):
            assert old.end_lineno is not None and old.end_col_offset is not None
            start = offsets[old.lineno - 1] + old.col_offset
            end = offsets[old.end_lineno - 1] + old.end_col_offset
            before = source[start:end].decode()
            after = "pass" if new is None else ast.unparse(new)
            after = after if isinstance(old, ast.stmt) else f"({after})"
            found.append(Change(path, function, old.lineno, kind, before, after, start, end))
    return found


def _nodes(node: ast.AST, names: tuple[str, ...]) -> Iterator[tuple[Node, str]]:
    """Expressions and statements that may be changed, with the name of their function.

    Left out are docstrings and other strings, annotations, imports and ``__all__``; what only
    a type checker reads (``TYPE_CHECKING``, overloads, assertions); messages (what is raised,
    warned of or printed, what is found out for it, and how an object shows itself); and what
    :data:`SPEED` and :data:`LOOKS` name; and limits as far away as 10**7.
    """
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        if node.name in SHOWN | SPEED or any(
            "overload" in ast.dump(d) for d in node.decorator_list
        ):
            return
        inside: list[ast.AST] = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        for child in inside:
            yield from _nodes(child, names)
        names = (*names, node.name, "<locals>")
        for child in node.body:
            yield from _nodes(child, names)
        return
    if isinstance(node, ast.ClassDef):
        for child in node.body:
            yield from _nodes(child, (*names, node.name))
        return
    if _left_out(node):
        return
    if isinstance(node, (ast.expr, ast.stmt)) and hasattr(node, "end_lineno"):
        yield node, ".".join(names).removesuffix(".<locals>")
    if isinstance(node, ast.Call) and _called(node) in EVEN:
        for argument in node.args:
            argument.even = True  # type: ignore[attr-defined]
    if isinstance(node, ast.Call) and _called(node) == "reshape":
        for argument in node.args:
            if isinstance(argument, ast.UnaryOp):
                argument.operand.unknown = True  # type: ignore[attr-defined]
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "type_params"):
            continue
        if field == "body" and isinstance(node, ast.If) and _complains(node.body[-1]):
            value = node.body[-1:]  # what comes before words the message
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _nodes(child, names)


def _called(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def _complains(node: ast.stmt) -> bool:
    """Whether a statement refuses or warns of something."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return getattr(node.value.func, "attr", "") in ("fail", "warn")
    return isinstance(node, ast.Raise)


def _left_out(node: ast.AST) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Raise, ast.Assert, ast.JoinedStr)):
        return True
    if isinstance(node, ast.Assign):
        targets = {getattr(n, "id", "") for target in node.targets for n in ast.walk(target)}
        return bool(targets & {"__all__", *SPEED})
    if isinstance(node, ast.AnnAssign):
        return getattr(node.target, "id", "") in SPEED
    if isinstance(node, ast.If):
        # What runs as a script is the command's.
        return any(name in ast.dump(node.test) for name in ("TYPE_CHECKING", "__main__"))
    if isinstance(node, ast.keyword):
        return node.arg in LOOKS or node.arg == "stacklevel"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return _called(node.value) in SPEED | LOOKS
    if isinstance(node, ast.Call):
        called = _called(node)
        # The call may be dropped as a statement; its arguments are words.
        return called in MESSAGES or called in ("TypeVar", "ParamSpec", "cast")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and _is_whole(node):
        return True
    if isinstance(node, (ast.Compare, ast.BoolOp, ast.BinOp)):
        read = {getattr(n, "id", getattr(n, "attr", "")) for n in ast.walk(node)}
        return bool(read & SPEED)
    return False


def _is_whole(node: ast.BinOp) -> bool:
    """Whether a power is one of two whole numbers, as 10**7.

    It stands for a limit so far away that what is beyond it fits in no memory, and no test
    goes there.
    """
    return all(
        isinstance(n, ast.Constant) and type(n.value) is int for n in (node.left, node.right)
    )


def _variants(node: Node) -> Iterator[tuple[str, Node, ast.AST | None]]:
    """The kind of a change, what is changed and what is put in its place."""
    if isinstance(node, ast.BinOp):
        even = getattr(node, "even", False)
        yield from ((k, node, new) for k, new in _binary(node) if not (even and k == "swapped"))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", node, node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        if getattr(node, "unknown", False):
            return  # to reshape, any negative length is the one that is left over
        if type(node.value) is int:
            yield "off by one", node, ast.Constant(node.value + 1)
        elif node.value:
            yield "factor two", node, ast.Constant(2 * node.value)
            yield "sign", node, ast.UnaryOp(ast.USub(), node)
    elif isinstance(node, ast.AugAssign):
        if isinstance(node.op, (ast.Add, ast.Sub)):
            yield "sign", node, _with(node, op=_other_sign(node.op))
            yield "factor two", node, _with(node, value=_twice(node.value))
        yield "dropped statement", node, None
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield "comparison flipped", node, _with(node, ops=[OPPOSITE[type(node.ops[0])]()])
    elif isinstance(node, ast.BoolOp):
        for i in range(len(node.values)):
            rest = [value for k, value in enumerate(node.values) if k != i]
            yield "dropped term", node, rest[0] if len(rest) == 1 else _with(node, values=rest)
    elif isinstance(node, ast.Call):
        if len(node.args) > 1 and not any(isinstance(a, ast.Starred) for a in node.args[:2]):
            a, b, *more = node.args
            if ast.dump(a) != ast.dump(b) and not _is_alike(node.func):
                yield "swapped", node, _with(node, args=[b, a, *more])
    elif isinstance(node, ast.Expr) and isinstance(node.value, (ast.Call, ast.Await)):
        yield "dropped statement", node, None
    tests = [node.test] if isinstance(node, (ast.If, ast.While, ast.IfExp)) else []
    for part in getattr(node, "generators", []):
        tests += part.ifs
    for test in tests:
        # A comparison is flipped, which is the same.
        if not isinstance(test, (ast.Compare, ast.Constant)):
            yield "negated condition", test, ast.UnaryOp(ast.Not(), test)


def _binary(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    left, op, right = node.left, node.op, node.right
    if any(isinstance(side, TEXTS) or _is_text(side) for side in (left, right)):
        return
    if isinstance(op, (ast.Add, ast.Sub)):
        yield "sign", _with(node, op=_other_sign(op))
        yield "factor two", _with(node, right=_twice(right))
    if isinstance(op, (ast.Mult, ast.Div, ast.MatMult)):
        yield "factor two", _twice(node)
    if isinstance(op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
        yield "dropped term", left
    ordered = (ast.Sub, ast.Div, ast.FloorDiv, ast.MatMult, ast.Mod, ast.Pow)
    if isinstance(op, ordered) and ast.dump(left) != ast.dump(right):
        yield "swapped", _with(node, left=right, right=left)


def _is_alike(called: ast.expr) -> bool:
    """Whether two arguments of a call may change places: words of a check's message or a pair."""
    name = getattr(called, "attr", getattr(called, "id", ""))
    return getattr(getattr(called, "value", None), "id", "") == "check" or name in SYMMETRIC


def _other_sign(op: ast.operator) -> ast.operator:
    return ast.Sub() if isinstance(op, ast.Add) else ast.Add()


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))


def _twice(node: ast.expr) -> ast.expr:
    return ast.BinOp(ast.Constant(2), ast.Mult(), node)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """A copy of a node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new
