"""Trace the Python code of a learning rule to an expression that can be compiled.

The method ``factors`` of the rule is called once, with symbols for activities and errors.  Each
call of a NumPy function on a symbol becomes an :class:`Operation`.  A rule that does anything
else with a symbol, such as a branch on its value, is not compiled and runs in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from nefsim.backends.compiled import opcodes as k
from nefsim.learning import Hebbian
from nefsim.program import Part, Program, Read

#: Opcodes of the NumPy functions that act element by element.
ELEMENTWISE = {
    np.add: k.ADD,
    np.subtract: k.SUBTRACT,
    np.multiply: k.MULTIPLY,
    np.divide: k.DIVIDE,
    np.maximum: k.MAXIMUM,
    np.minimum: k.MINIMUM,
    np.greater: k.GREATER,
}


class NotCompiledError(TypeError):
    """A rule uses a symbol in a way that has no opcode."""


class Expression(NDArrayOperatorsMixin):
    """A number or a vector whose value is not known while tracing; ``shape`` is () or (n,)."""

    shape: tuple[int, ...]
    __array_priority__ = 1000

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        if method != "__call__" or keywords:
            raise NotCompiledError
        if ufunc is np.negative:
            return Operation(k.MULTIPLY, -1.0, inputs[0])
        if ufunc is np.less:
            return Operation(k.GREATER, inputs[1], inputs[0])
        if ufunc is np.power and np.ndim(inputs[1]) == 0 and inputs[1] == 2:
            return Operation(k.MULTIPLY, inputs[0], inputs[0])
        if ufunc is np.matmul:
            return _inner(*inputs)
        if ufunc not in ELEMENTWISE:
            raise NotCompiledError
        return Operation(ELEMENTWISE[ufunc], *inputs)

    def __array_function__(self, function: Any, types: Any, inputs: Any, keywords: Any) -> Any:
        del types
        if function in (np.ndim, np.shape, np.size):
            shape = inputs[0].shape
            return {np.ndim: len(shape), np.shape: shape, np.size: int(np.prod(shape))}[function]
        if keywords:
            raise NotCompiledError
        if function is np.where and len(inputs) == 3:
            return Operation(k.SELECT, *inputs)
        if function is np.any:
            return Operation(k.ANY, inputs[0], shape=())
        if function is np.dot:
            return _inner(*inputs)
        raise NotCompiledError

    @property
    def ndim(self) -> int:
        """0 or 1."""
        return len(self.shape)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a number")
        return self.shape[0]

    def __getitem__(self, key: Any) -> Expression:
        if self.ndim != 1 or not isinstance(key, int) or not -len(self) <= key < len(self):
            raise NotCompiledError
        return Element(self, key % len(self))

    def __bool__(self) -> bool:
        raise NotCompiledError

    def __float__(self) -> float:
        raise NotCompiledError

    def __array__(self, *arguments: Any, **keywords: Any) -> Any:
        raise NotCompiledError

    def __iter__(self) -> Any:
        raise NotCompiledError


class Symbol(Expression):
    """The value of a signal that a rule reads."""

    def __init__(self, read: Read, size: int) -> None:
        self.read, self.shape = read, (size,)


class Element(Expression):
    """One element of a vector expression."""

    shape = ()

    def __init__(self, vector: Expression, index: int) -> None:
        self.vector, self.index = vector, index


class Operation(Expression):
    """An opcode and its arguments, expressions or constants."""

    def __init__(self, kind: int, *arguments: Any, shape: tuple[int, ...] | None = None) -> None:
        self.kind, self.arguments = kind, arguments
        shapes = [np.shape(x) for x in arguments]
        if any(len(s) > 1 for s in shapes):
            raise NotCompiledError
        self.shape = np.broadcast_shapes(*shapes) if shape is None else shape


def _inner(one: Any, other: Any) -> Operation:
    """The inner product of two vectors of equal length; other arguments are left to NumPy."""
    if np.ndim(one) != 1 or np.shape(one) != np.shape(other):
        raise NotCompiledError
    return Operation(k.DOT, one, other, shape=())


@dataclass(frozen=True, eq=False)
class Factors:
    """The vectors u and d of ``weights += dt (u pre - d weights)``; d is None without a decay."""

    grow: Any
    decay: Any


def factors(program: Program, part: Part, n_out: int) -> Factors | None:
    """The factors of a rule for ``n_out`` rows of weights, or None if they cannot be compiled."""
    rule = part.rule
    if not isinstance(rule, Hebbian) or type(rule).step is not Hebbian.step:
        return None
    n_in = program.size(part.traces["pre"])
    if rule.start(n_in, n_out, program.dt):
        return None

    def symbol(read: Read | None) -> Symbol | None:
        return None if read is None else Symbol(read, program.size(read))

    symbols: Mapping[str, Any] = {name: symbol(read) for name, read in part.traces.items()}
    pre, post = symbols["pre"], symbols.get("post")
    more = {name: s for name, s in symbols.items() if name not in ("pre", "post")}
    call: Callable[..., Any] = rule.factors
    try:
        grow, decay = call(pre, post, symbol(part.error), **more, **part.constants)
    except Exception:  # if the rule is faulty, its steps in Python raise the error
        return None
    for vector in (grow,) if decay is None else (grow, decay):
        is_numeric = isinstance(vector, (Expression, int, float, np.ndarray))
        if not is_numeric or np.shape(vector) != (n_out,):
            return None
    return Factors(grow, decay)
