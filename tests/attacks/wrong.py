"""Wrong values for any argument: types, sizes and numbers that no caller should pass."""

from __future__ import annotations

import datetime
import decimal
import fractions
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nefsim as nef


class Own(Exception):
    """An error of the caller's functions and objects, which may come out as it is."""


def fails(*values: Any, **named: Any) -> Any:
    """A function that raises an error of the caller."""
    del values, named
    raise Own


class Hostile:
    """An object whose every use fails."""

    __array__ = __bool__ = __eq__ = __float__ = __getitem__ = __hash__ = __index__ = fails
    __int__ = __iter__ = __len__ = __lt__ = __fspath__ = __repr__ = __str__ = fails


class Long:
    """A sequence that says it is longer than memory."""

    def __len__(self) -> int:
        return 2**60

    def __getitem__(self, key: Any) -> float:
        return 0.0


class Text(str):
    """A string of a class of the caller."""


class Number(float):
    """A number of a class of the caller."""


class Endless:
    """An array that is a new one of the same kind, whenever it is converted."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array([Endless()], object)


#: Numbers at the ends of their types, and near them.
NUMBERS = (
    *(0, 1, -1, 2, 3, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63)),
    *(0.0, -0.0, 0.5, -0.5, 1e-9, 5e-324, 1e-300, 1e9, 1e24, 1.1e24, 1e300, -1e300, 1.7e308),
    *(math.nan, math.inf, -math.inf, 10**24, -(10**25), 10**400),
)

#: Types of the elements of arrays.
DTYPES = ("f8", "f4", "f2", "i1", "u8", "?", "c16", "O", "U3", "S2", "M8[s]", "m8[s]", "V4")

FUNCTIONS: tuple[Callable[..., Any], ...] = (
    fails,
    lambda: 1.0,
    lambda x: None,
    lambda x: "text",
    lambda x: math.nan,
    lambda x: [[1.0], [2.0, 3.0]],
    lambda x: np.ones((2, 2, 2)),
    lambda x: (y for y in (1.0, 2.0)),
    lambda x: x,
    lambda x, y: x,
    lambda x, y, z: x,
    lambda *args, **named: args,
    lambda *, x: x,
    lambda x: 1j,
    lambda x: 10**400,
    lambda x: {},
    lambda x: lambda: x,
    np.add,
    np.sin,
    max,
    dict.get,
    print,
    nef.LIF().rates,
)


def _net() -> nef.Network:
    net = nef.Network(seed=3)
    a = net.ensemble(5, 2)
    net.connect(a, a, learning_rule=nef.Voja())
    net.probe(a)
    return net


OBJECTS: tuple[Callable[[], Any], ...] = (
    _net,
    lambda: _net().ensembles[0],
    lambda: _net().ensembles[0].neurons,
    lambda: _net().ensembles[0][0],
    lambda: _net().connections[0],
    lambda: _net().connections[0].learning_rule,
    lambda: _net().probes[0],
    lambda: nef.Simulator(_net(), backend="numpy"),
    nef.LIF,
    nef.Izhikevich,
    nef.PES,
    nef.Nnls,
    nef.LstsqL2,
    lambda: nef.Lowpass(0.1),
    lambda: nef.Alpha(0.1),
    lambda: nef.Uniform(0.0, 1.0),
    lambda: nef.Gaussian(0.0, 1.0),
    lambda: nef.Choice([1.0, 2.0]),
    nef.UniformHypersphere,
    lambda: nef.WhiteSignal(1.0, 5.0),
    lambda: nef.WhiteNoise(nef.Gaussian(0, 1)),
    lambda: nef.LIF,
    lambda: nef.Lowpass,
    lambda: nef.Network,
    lambda: nef,
    Hostile,
    Long,
    Endless,
    lambda: Text("rubbish"),
    lambda: Number(0.5),
    lambda: Number("nan"),
    lambda: decimal.Decimal("0.1"),
    lambda: fractions.Fraction(1, 3),
    lambda: datetime.timedelta(seconds=1),
    lambda: Path("rubbish"),
    lambda: Path("."),
    lambda: Path("no/such/folder/file.npz"),
    lambda: "\0",
    lambda: "\ud800",
    lambda: "x" * 100_000,
    lambda: bytearray(b"abc"),
    lambda: memoryview(b"abc"),
    lambda: range(3),
    lambda: range(10**12),
    lambda: iter([]),
    lambda: (x for x in "abc"),
    lambda: slice(None),
    lambda: slice(0, 10**9),
    lambda: NotImplemented,
    lambda: type,
    lambda: Own(),
    lambda: np.random.default_rng(1),
    lambda: np.random.RandomState(1),
    lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
    lambda: np.float32(0.1),
    lambda: np.int8(-3),
    lambda: np.bool_(True),
    lambda: np.longdouble(0.1),
    lambda: np.array(0.5),
    lambda: np.array(None),
    lambda: np.zeros((3, 0)),
    lambda: np.zeros((0, 3)),
    lambda: np.lib.stride_tricks.as_strided(np.zeros(1), (3, 2), (0, 0)),
    lambda: np.broadcast_to(0.5, (10**6, 10**6)),
    lambda: np.zeros((1,) * 30),
)


def array(rng: np.random.Generator) -> Any:
    """An array of a random shape, type and content."""
    shape = tuple(rng.choice([0, 1, 1, 2, 2, 3, 5, 7], int(rng.integers(0, 4))).tolist())
    dtype = np.dtype(str(rng.choice(DTYPES)))
    if dtype.kind not in "fiu":
        return np.zeros(shape, dtype)
    scale = float(rng.choice([0.0, 1.0, 1.0, 100.0]))
    values = (scale * rng.standard_normal(shape)).astype(dtype)
    if values.size and rng.random() < 0.4:
        with np.errstate(all="ignore"):
            special = rng.choice([np.nan, np.inf, -np.inf, 1e25, 1e300, -1.0])
            special = special if dtype.kind == "f" else 127
            values.reshape(-1)[rng.integers(values.size)] = special
    form = rng.integers(4)
    return (values, values.T, values[::-1] if values.ndim else values, values.tolist())[form]


def wrong(rng: np.random.Generator, depth: int = 0) -> Any:
    """A wrong value."""
    kind = rng.integers(10 if depth < 2 else 7)
    if kind < 2:
        return NUMBERS[rng.integers(len(NUMBERS))]
    if kind < 4:
        return array(rng)
    if kind < 5:
        return FUNCTIONS[rng.integers(len(FUNCTIONS))]
    if kind < 7:
        return OBJECTS[rng.integers(len(OBJECTS))]()
    several = [wrong(rng, depth + 1) for _ in range(rng.integers(4))]
    if kind == 7:
        return several
    if kind == 8:
        return tuple(several)
    return {str(k) if k % 2 else k: value for k, value in enumerate(several)}
