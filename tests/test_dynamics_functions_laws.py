"""Laws of functions of recurrent connections: a step of the lowpass is a step of the method."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nefsim.dynamics.functions import Feedback, realise_function

TAU, DT = 0.05, 0.004


def slope(x: Any, u: Any = 0.25) -> Any:
    """A damped pendulum with a drive, on vectors (..., 2)."""
    x = np.asarray(x)
    return np.stack([x[..., 1], -np.sin(x[..., 0]) - 0.3 * x[..., 1] + u], axis=-1)


def runge_kutta(x: np.ndarray, u: float) -> np.ndarray:
    a = slope(x, u)
    b = slope(x + DT * a / 2, u)
    c = slope(x + DT * b / 2, u)
    d = slope(x + DT * c, u)
    return x + DT * (a / 6 + b / 3 + c / 3 + d / 6)


@pytest.mark.parametrize("u", [0.25, -1.5])
@pytest.mark.parametrize("shape", [(2,), (7, 2)])
def test_a_step_of_the_lowpass_is_a_step_of_the_method(shape: tuple[int, ...], u: float) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, shape)
    decay = math.exp(-DT / TAU)
    steps = {
        "euler": x + DT * slope(x, u),
        "rk4": runge_kutta(x, u),
        "map": slope(x, u),
    }
    for method, expected in steps.items():
        g = realise_function(slope, synapse=TAU, dt=DT, method=method)  # type: ignore[arg-type]
        assert isinstance(g, Feedback) and (g.synapse.tau, g.dt) == (TAU, DT)
        # The lowpass holds x and gets g(x).
        np.testing.assert_allclose(decay * x + (1 - decay) * g(x, u), expected, rtol=1e-12)
        np.testing.assert_allclose(g(x), g(x, 0.25), rtol=1e-15)
    g = realise_function(slope, synapse=TAU, dt=DT, method="continuous")
    np.testing.assert_allclose(g(x, u), TAU * slope(x, u) + x, rtol=1e-12)
