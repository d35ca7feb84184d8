"""Functions of Python that are arithmetic on numbers, computed at all points at once.

A function such as ``lambda x: x[0] * x[1]`` is called twice with an object that lists the
operations on it.  If both lists are the same, they are the function, and are computed on columns
of points.  Only operations are allowed whose result for a number does not depend on the numbers
next to it, so that the values are those of a call for each point, bit for bit.  A function that
does anything else with its argument, such as a test or a product of matrices, is called point by
point, as is one whose code could notice the trace (:mod:`nefsim.network.plain_code`), or whose
values differ at some of the points, which are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.network.plain_code import is_plain

Array = NDArray[np.float64]

#: Fewest points at which this pays, and the number of points that are compared.
FEWEST_POINTS, COMPARED = 100, 16

#: Most operations of a function.
MOST_STEPS = 2000

#: Functions that NumPy rounds correctly, or computes for each number alone.
ALLOWED: frozenset[Any] = frozenset(
    {
        *(np.add, np.subtract, np.multiply, np.true_divide, np.negative, np.positive),
        *(np.absolute, np.fabs, np.sqrt, np.square, np.maximum, np.minimum),
        *(np.floor, np.ceil, np.trunc, np.rint, np.sign, np.exp, np.log, np.logical_not),
        *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
        *(np.logical_and, np.logical_or),
    }
)


class UnknownOperation(TypeError):
    """An operation whose values at all points are not known to be those at each."""


class _Steps:
    """The operations of one call, in order; values are numbered, first the inputs."""

    def __init__(self, n_inputs: int) -> None:
        self.n_inputs = n_inputs
        self.list: list[tuple[Any, tuple[Any, ...]]] = []

    def add(self, function: Any, *operands: Any) -> _Number:
        """The number that a function gives for numbers and constants."""
        inputs: list[Any] = []
        for operand in operands:
            if isinstance(operand, _Number):
                if operand.steps is not self:
                    raise UnknownOperation("a number of another call")
                inputs.append(operand)
            elif isinstance(operand, (bool, int, float, np.bool_, np.integer, np.float64)):
                inputs.append(operand)
            else:
                raise UnknownOperation(f"{type(operand).__name__} as an operand")
        if len(self.list) == MOST_STEPS:  # each holds its values at all points
            raise UnknownOperation("more operations")
        self.list.append((function, tuple(inputs)))
        return _Number(self, self.n_inputs + len(self.list) - 1)


def _broadcast(function: Any, *operands: Any) -> Any:
    """A function of numbers and of vectors, which are of one length."""
    wide = [_elements(operand) for operand in operands]
    lengths = {len(each) for each in wide if each is not None}
    steps = next((n.steps for o in operands for n in _numbers(o)), None)
    if steps is None:
        raise UnknownOperation("vectors without elements")
    if not lengths:
        return steps.add(function, *operands)
    size = max(lengths)
    if lengths - {1, size}:
        raise UnknownOperation("vectors of several lengths")
    each = [
        [operand] * size if elements is None else [*elements] * (size // len(elements))
        for operand, elements in zip(operands, wide, strict=True)
    ]
    return _Vector(steps.add(function, *some) for some in zip(*each, strict=True))


def _elements(operand: Any) -> Any:
    """The elements of a vector; None for a number."""
    if isinstance(operand, _Vector):
        return operand.numbers
    if isinstance(operand, np.ndarray) and operand.ndim:
        if operand.ndim > 1 or operand.dtype not in (np.float64, np.int64, np.bool_):
            raise UnknownOperation("an array as an operand")
        return list(operand)
    return None


def _numbers(operand: Any) -> Iterator[_Number]:
    if isinstance(operand, _Number):
        yield operand
    elif isinstance(operand, _Vector):
        yield from (n for n in operand.numbers if isinstance(n, _Number))


class _Traced:
    """An argument of a function, or a value that was computed from it."""

    __array_priority__ = 1000

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options or ufunc not in ALLOWED:
            raise UnknownOperation(ufunc.__name__)
        return _broadcast(ufunc, *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        del types
        if function is np.where and len(args) == 3 and not kwargs:
            return _broadcast(np.where, *args)
        raise UnknownOperation(function.__name__)

    def __bool__(self) -> bool:
        raise UnknownOperation("a test of a value")

    def _refuse(self, *_: Any) -> Any:
        raise UnknownOperation("a conversion or a change in place")

    __float__ = __int__ = __index__ = __complex__ = __hash__ = _refuse  # type: ignore[assignment]
    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = __setitem__ = _refuse


def _method(function: Any, is_reflected: bool = False) -> Callable[..., Any]:
    def apply(self: _Traced, *others: Any) -> Any:
        for other in others:
            if not isinstance(other, (_Traced, np.ndarray, bool, int, float, np.number, np.bool_)):
                raise UnknownOperation(f"{type(other).__name__} as an operand")
        return _broadcast(function, *((*others, self) if is_reflected else (self, *others)))

    return apply


_OPERATORS: dict[str, Any] = {
    "neg": np.negative,
    "pos": np.positive,
    "abs": np.absolute,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
_REFLECTED: dict[str, Any] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
}
for _name, _function in (_OPERATORS | _REFLECTED).items():
    setattr(_Traced, f"__{_name}__", _method(_function))
for _name, _function in _REFLECTED.items():
    setattr(_Traced, f"__r{_name}__", _method(_function, is_reflected=True))


class _Number(_Traced):
    """One number, by its place among the values of a call."""

    def __init__(self, steps: _Steps, place: int) -> None:
        self.steps, self.place = steps, place


class _Vector(_Traced):
    """An array of one dimension, with the operations that arrays have."""

    ndim = 1

    def __init__(self, numbers: Any) -> None:
        self.numbers = tuple(numbers)
        self.size = len(self.numbers)
        self.shape = (self.size,)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Any]:
        return iter(self.numbers)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return _Vector(self.numbers[index])
        if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
            return self.numbers[index]
        if isinstance(index, list) and all(type(i) is int for i in index):
            return _Vector(self.numbers[i] for i in index)
        raise UnknownOperation("an index")

    def __pow__(self, exponent: Any) -> Any:
        # NumPy squares an array, and takes the power of a number by another function.
        if type(exponent) in (int, float) and exponent == 2:
            return _broadcast(np.square, self)
        raise UnknownOperation("a power")

    def copy(self) -> _Vector:
        """The same elements, which never change."""
        return _Vector(self.numbers)


def values_of(function: Any, points: Array, value_at: Callable[[Array], Any]) -> Array | None:
    """The values of a function at all points, or None if it must be called point by point.

    Parameters
    ----------
    function : callable
        A function of x, an array (D,).
    points : (P, D) ndarray
        The points.
    value_at : callable
        ``value_at(point)`` calls the function and returns its value, (k,), as float64.

    Returns
    -------
    (P, k) ndarray or None

    Examples
    --------
    >>> import numpy as np
    >>> points = np.linspace(-1, 1, 200).reshape(100, 2)
    >>> def product(x):
    ...     return x[0] * x[1]
    >>> values_of(product, points, lambda x: np.array([product(x)])).shape
    (100, 1)
    >>> values_of(lambda x: max(x), points, max) is None
    True
    """
    if len(points) < FEWEST_POINTS or points.dtype != np.float64 or points.ndim != 2:
        return None
    if not is_plain(function, ALLOWED):
        return None
    try:
        first, second = (_traced(function, points.shape[1]) for _ in range(2))
        if _content(*first) != _content(*second):
            return None
        values = _computed(*first, points)
        for i in np.linspace(0, len(points) - 1, COMPARED).astype(int):
            value = np.asarray(value_at(points[i].copy()), np.float64)
            if value.shape != values[i].shape or value.tobytes() != values[i].tobytes():
                return None
    except Exception:  # of the user's function; a call at a point raises it again
        return None
    return values


def _traced(function: Any, size: int) -> tuple[_Steps, list[Any]]:
    """The operations of a call and the numbers that it returns."""
    steps = _Steps(size)
    result = function(_Vector(_Number(steps, i) for i in range(size)))
    return steps, [*_flat(result)]


def _flat(value: Any) -> Iterator[Any]:
    """The numbers of a value in order, traced or not."""
    if isinstance(value, np.ndarray):
        value = value.ravel().tolist() if value.dtype == object else list(value.ravel())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _flat(each)
    elif isinstance(value, _Vector):
        yield from value.numbers
    elif isinstance(value, (_Number, bool, int, float, np.number, np.bool_)):
        yield value
    else:
        raise UnknownOperation(f"a value of type {type(value).__name__}")


def _content(steps: _Steps, result: list[Any]) -> Any:
    """A value that is equal for calls with the same operations and constants."""

    def of(operand: Any) -> Any:
        if isinstance(operand, _Number):
            return operand.place
        return type(operand), np.asarray(operand).tobytes()

    return [(function, *map(of, operands)) for function, operands in steps.list], [*map(of, result)]


def _computed(steps: _Steps, result: list[Any], points: Array) -> Array:
    """The numbers that a call returns, for each point, (P, k)."""
    values: list[Any] = list(np.ascontiguousarray(points.T))

    def of(operand: Any) -> Any:
        return values[operand.place] if isinstance(operand, _Number) else operand

    for function, operands in steps.list:
        values.append(function(*map(of, operands)))
    found = np.empty((len(points), len(result)))
    for i, each in enumerate(result):
        found[:, i] = of(each)
    return found
