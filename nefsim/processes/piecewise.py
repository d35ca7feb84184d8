"""Signals that are defined by their values at a few times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.processes.base import Array, FunctionOfTime, Process, Running

#: From times (n,) [s], and the index of the last change before each, to values (n, size).
Signal: TypeAlias = Callable[[Array, NDArray[np.intp]], Array]

DO = "pass a number, a list of numbers or a function of t that returns one"


@dataclass(frozen=True, eq=False)
class Piecewise(Process):
    r"""A signal with given values at given times, constant or interpolated between them.

    .. math:: u(t) = v_i, \quad t_i \le t < t_{i+1}; \qquad u(t) = 0, \quad t < t_1

    With ``"linear"`` or ``"cubic"`` the signal is a straight line or a cubic spline between two
    times. After the last time the signal is constant. Times are rounded to steps.

    Parameters
    ----------
    data : dict of float to float, (size,) array_like or function
        The value from each time [s] on. A function is called as ``f(t)`` in every step, and
        once beforehand to find its size; it needs ``interpolation="zero"``.
    interpolation : "zero", "linear" or "cubic"
        Signal between two times: the earlier value, a line or a cubic spline.

    Raises
    ------
    ValueError, TypeError
        If a time or value is not finite, values differ in size, or the interpolation needs other
        data.

    See Also
    --------
    PresentInput : Inputs of equal duration.

    References
    ----------
    de Boor, C. (1978). A Practical Guide to Splines. Springer. The cubic spline has
    not-a-knot ends.

    Examples
    --------
    >>> Piecewise({0.002: 1, 0.004: -1}).run(0.005).ravel()
    array([ 0.,  1.,  1., -1., -1.])
    """

    data: Mapping[float, ArrayLike | Callable[[float], ArrayLike]]
    interpolation: Literal["zero", "linear", "cubic"] = "zero"
    _size: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        who = "Piecewise"
        do = "pass a dict such as {0.0: 1, 0.5: -1}"
        if not isinstance(self.data, Mapping) or not self.data:
            kind = ValueError if isinstance(self.data, Mapping) else TypeError
            got = check.show(self.data)
            check.fail(who, "data", "be a dict from times to values", got, do, kind)
        names = ("zero", "linear", "cubic")
        interpolation = check.one_of(who, "interpolation", self.interpolation, names)
        pieces = [(check.real(who, "time in data", t, do), v) for t, v in self.data.items()]
        pieces.sort(key=lambda pair: pair[0])
        data = {time: _piece(time, value) for time, value in pieces}
        if interpolation != "zero":
            _check_smooth(interpolation, list(data.values()))
        self._set(data=data, interpolation=interpolation, _size=_common_size(data))

    @property
    def size(self) -> int:
        return self._size

    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        size, dt, rng = self._place(size, dt, rng)
        times = np.array(list(self.data))
        pieces = list(self.data.values())
        signal = _held(pieces, size) if self.interpolation == "zero" else self._smooth(times)

        def values(t: Array) -> Array:
            # half a step early, so that rounding cannot move a change to the next step
            turn = np.searchsorted(times, t + 0.5 * dt) - 1
            return np.where(turn[:, None] < 0, 0.0, signal(t, turn))

        running = FunctionOfTime(values, dt, rng)
        running.calls_functions = any(callable(piece) for piece in pieces)
        return running

    def _smooth(self, times: Array) -> Signal:
        rows = np.array(list(self.data.values()), dtype=np.float64)
        if self.interpolation == "linear":
            return lambda t, turn: np.stack([np.interp(t, times, v) for v in rows.T], axis=1)
        from scipy.interpolate import CubicSpline

        spline = CubicSpline(times, rows)
        return lambda t, turn: np.asarray(spline(np.clip(t, times[0], times[-1])))


def _held(pieces: list[Any], size: int) -> Signal:
    """Zero-order hold: each piece from its time to the next; functions are called per step."""

    def signal(t: Array, turn: NDArray[np.intp]) -> Array:
        values = np.zeros((len(t), size))
        for i in np.unique(turn[turn >= 0]):
            here, piece = turn == i, pieces[i]
            if callable(piece):
                values[here] = [_row(time, piece(time), size) for time in t[here].tolist()]
            else:
                values[here] = piece
        return values

    return signal


def _piece(time: float, value: Any) -> Any:
    """The value from a time on: a function unchanged, or an array (size,)."""
    if callable(value):
        return check.function("Piecewise", f"value at {time:g} s", value)
    return _row(time, value)


def _row(time: float, value: Any, size: int | None = None) -> Array:
    """One value of the signal, as an array (size,)."""
    argument = f"value at {time:g} s"
    row = check.array("Piecewise", argument, value, do=DO)
    if row.ndim > 1 or row.size == 0 or (size is not None and row.size != size):
        count = "at least one" if size is None else size
        must = f"be a number or a list of numbers, {count} in all"
        check.fail("Piecewise", argument, must, f"shape {row.shape}", DO)
    row = np.atleast_1d(row)
    row.setflags(write=False)
    return row


def _common_size(data: dict[float, Any]) -> int:
    """The number of dimensions of all values; functions are called once to find it."""
    sizes = [_row(t, v(t) if callable(v) else v).size for t, v in data.items()]
    if len(set(sizes)) > 1:
        listed = f"sizes {', '.join(map(str, sizes))}"
        check.fail("Piecewise", "data", "have values of one size", listed, "match the sizes")
    return sizes[0]


def _check_smooth(interpolation: str, pieces: list[Any]) -> None:
    """Check that all values are numbers, since functions cannot be interpolated."""
    must = f"hold numbers only for {interpolation} interpolation"
    for piece in pieces:
        if callable(piece):
            check.fail("Piecewise", "data", must, piece, 'use interpolation="zero"', TypeError)
    if interpolation == "cubic" and len(pieces) < 2:
        must = "have at least 2 times for cubic interpolation"
        check.fail("Piecewise", "data", must, "1", 'add a time or use "zero"')
