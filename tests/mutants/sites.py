"""The changes that can be made to a module, one at a time, each by its kind."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from .alone import (
    EVEN,
    RESERVING,
    ROUNDING,
    SHOWN,
    SPEED,
    SYMMETRIC,
    called,
    left_out,
    parts,
    takes_who,
)

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


#: Operators that join strings and lists, not numbers.
TEXTS = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp)

Node = ast.expr | ast.stmt


@dataclass(frozen=True)
class Change:
    """One change: its place, the old code (``before``) and the new code."""

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

    :mod:`mutants.alone` has the rules for code that is not changed.
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
    if left_out(node):
        return
    for part in (node, getattr(node, "left", None), getattr(node, "right", None)):
        if isinstance(part, ast.Constant) and isinstance(part.value, float):
            is_small = "<locals>" in names and part.value <= ROUNDING
            part.tolerance = is_small  # type: ignore[attr-defined]
    if isinstance(node, (ast.expr, ast.stmt)) and hasattr(node, "end_lineno"):
        yield node, ".".join(names).removesuffix(".<locals>")
    if isinstance(node, ast.Call) and called(node) in EVEN:
        for argument in node.args:
            argument.even = True  # type: ignore[attr-defined]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        exponent = getattr(node.right, "value", None)
        node.left.even = type(exponent) is int and exponent % 2 == 0  # type: ignore[attr-defined]
    if isinstance(node, ast.Call) and called(node) == "reshape":
        for argument in node.args:
            if isinstance(argument, ast.UnaryOp):
                argument.operand.unknown = True  # type: ignore[attr-defined]
    if isinstance(node, ast.Call) and called(node) in RESERVING:
        for argument in node.args:
            for part in ast.walk(argument):
                part.reserves = True  # type: ignore[attr-defined]
    for child in parts(node):
        yield from _nodes(child, names)


def _variants(node: Node) -> Iterator[tuple[str, Node, ast.AST | None]]:
    """The kind of a change, the old node and the new one, without those that reserve memory."""
    reserves = getattr(node, "reserves", False)
    for kind, old, new in _all_variants(node):
        if not (reserves and kind in ("factor two", "off by one")):
            yield kind, old, new


def _all_variants(node: Node) -> Iterator[tuple[str, Node, ast.AST | None]]:
    """The kind of a change, the old node and the new one."""
    if isinstance(node, ast.BinOp):
        even = getattr(node, "even", False) and isinstance(node.op, ast.Sub)
        yield from ((k, node, new) for k, new in _binary(node) if not (even and k == "swapped"))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", node, node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        if getattr(node, "unknown", False):
            return  # to reshape, any negative length is the one that is left over
        if type(node.value) is int:
            yield "off by one", node, ast.Constant(node.value + 1)
        elif node.value:
            if not getattr(node, "tolerance", False):
                yield "factor two", node, ast.Constant(2 * node.value)
            yield "sign", node, ast.UnaryOp(ast.USub(), node)
    elif isinstance(node, ast.AugAssign):
        is_text = _is_text(node.value) or isinstance(node.value, ast.JoinedStr)
        if isinstance(node.op, (ast.Add, ast.Sub)) and not is_text:
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
            if ast.dump(a) != ast.dump(b) and not _is_alike(node):
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
        if not getattr(right, "tolerance", False):
            yield "factor two", _with(node, right=_twice(right))
    small = getattr(left, "tolerance", False) or getattr(right, "tolerance", False)
    if isinstance(op, (ast.Mult, ast.Div, ast.MatMult)) and not small:
        yield "factor two", _twice(node)
    if isinstance(op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
        yield "dropped term", left
    ordered = (ast.Sub, ast.Div, ast.FloorDiv, ast.MatMult, ast.Mod, ast.Pow)
    if isinstance(op, ordered) and ast.dump(left) != ast.dump(right):
        yield "swapped", _with(node, left=right, right=left)


def _is_alike(call: ast.Call) -> bool:
    """Whether two arguments of a call may change places: words of a check's message or a pair."""
    checks = getattr(getattr(call.func, "value", None), "id", "") == "check"
    who = getattr(call.args[0], "id", "") == "who" and _is_text(call.args[1])
    words = all(map(_is_text, call.args[:2])) and called(call) in takes_who()
    return checks or who or words or called(call) in SYMMETRIC


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
