"""Functions of ready networks are computed at all evaluation points at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import networks, spa
from nefsim.dynamics import realise_function
from nefsim.network import functions
from nefsim.networks._functions import LimitCycle

BUILDS: dict[str, Callable[[nef.Network], Any]] = {
    "lorenz": lambda net: networks.lorenz(net, 50),
    "oscillator": lambda net: networks.oscillator(net, 50, frequency=1.5),
    "controlled": lambda net: networks.controlled_oscillator(net, 50, 2.0),
    "path": lambda net: spa.path_integrator(net, spa.HexagonalSSP(2, 3, 2), 50),
}


def is_equal_at_once(function: Any, size: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the values at all points are those of a call for each, but for last digits.

    Loops of NumPy and products of matrices round as their length says, on some processors.
    """
    points = np.random.default_rng(0).normal(size=(200, size))
    each = np.stack([np.asarray(function(point.copy())) for point in points])
    monkeypatch.setattr(functions, "_values_at", lambda *_: pytest.fail("called at each point"))
    at_once = functions.values_at("test", function, points, each.shape[1])
    return bool(np.abs(at_once - each).max() <= 1e-13 * np.abs(each).max())


@pytest.mark.parametrize("name", BUILDS)
def test_values_at_once_are_those_at_each_point(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net = nef.Network(seed=1)
    BUILDS[name](net)
    loops = [c for c in net.all_connections if c.function is not None]
    assert loops
    for loop in loops:
        size = loop.pre.dimensions
        with monkeypatch.context() as patch:
            assert is_equal_at_once(loop.function, size, patch)


@pytest.mark.parametrize("method", ["euler", "rk4", "map", "continuous"])
def test_each_method_of_integration_is_computed_at_once(
    method: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    feedback = realise_function(LimitCycle(5.0, 1.2, 6.0), 0.1, method=method)
    assert is_equal_at_once(feedback, 2, monkeypatch)


def test_the_slope_of_a_user_is_called_at_each_point() -> None:
    shapes = set()

    def slope(x: np.ndarray) -> np.ndarray:
        shapes.add(x.shape)
        return x[::-1] * float(x.sum() < 1.0)

    net = nef.Network(seed=1)
    networks.attractor(net, 20, 2, slope)
    nef.Simulator(net, progress=False)
    assert shapes == {(2,)}
