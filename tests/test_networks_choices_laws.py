"""Laws of the ready networks: choices between ways, least numbers, and what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import nefsim as nef
from nefsim import dynamics, networks
from nefsim.networks._functions import Excess, IsAbove, LorenzSlope, Zeros
from nefsim.networks.oscillators import _trajectory
from nefsim.networks.systems import populations


def ready(kind: str, *arguments: Any, **options: Any) -> Any:
    return getattr(networks, kind)(nef.Network(seed=1), *arguments, **options)


def slope(x: Any) -> Any:
    return -x


#: A call with a number of neurons or of something else, and the least that it takes.
LEAST: list[tuple[str, Callable[[int], Any], int]] = [
    ("product", lambda n: ready("product", n, 1), 2),
    ("decision", lambda n: ready("decision", n), 3),
    ("winner_take_all", lambda n: ready("winner_take_all", n, 2), 3),
    ("controlled_integrator", lambda n: ready("controlled_integrator", n, 3), 3),
    ("system of several", lambda n: ready("system", n, -np.eye(3), np.eye(3)), 3),
    ("system of one", lambda n: ready("system", n, -np.eye(3), np.eye(3), array=False), 1),
    ("dimensions", lambda d: ready("ensemble_array", 5, d), 1),
    ("order", lambda q: ready("delay", 9, 0.1, q), 1),
    ("rows", lambda m: ready("matrix_product", 4, (m, 1), (1, 1)), 1),
]


@pytest.mark.parametrize(("call", "least"), [x[1:] for x in LEAST], ids=[x[0] for x in LEAST])
def test_there_are_as_many_as_the_least(call: Callable[[int], Any], least: int) -> None:
    call(least)
    with pytest.raises(ValueError, match=f"must be at least {least}, got {least - 1}"):
        call(least - 1)


#: Calls that are refused, with the kind of error and words of it.
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: ready("attractor", 9, 2, lambda x: x[0]), ValueError, "return 2 numbers, got 1"),
    (lambda: ready("attractor", 9, 2, slope, centre=[1.0]), ValueError, "centre must have shape"),
    (lambda: ready("attractor", 9, 2, slope, method="map"), ValueError, "method must be"),
    (lambda: ready("attractor", 9, 2, slope, tau=0.0), ValueError, "tau must be"),
    (lambda: ready("system", 9, [[-1]], [1], radii=0.0), ValueError, "radii must be above 0"),
    (lambda: ready("system", 9, [[-1]], [1], radii=[1, 1]), ValueError, "radii must have shape"),
    (lambda: ready("system", 9, [[-1]], [1], radii=-1.0), ValueError, "radii must be above 0"),
    (lambda: ready("system", 9, [[-1]], [1], sample=np.ones((3, 2))), ValueError, "sample must"),
    (lambda: ready("system", 9, [[-1]], [1], sample=np.ones((0, 1))), ValueError, "have a step"),
    (lambda: ready("associative_memory", np.ones((0, 2))), ValueError, "hold a vector"),
    (
        lambda: ready("associative_memory", np.eye(3), np.eye(2)),
        ValueError,
        "output_vectors must have 3 rows, got 2",
    ),
    (
        lambda: ready("associative_memory", np.eye(3), default=[1.0, 2.0]),
        ValueError,
        "default must have shape",
    ),
    (
        lambda: ready("input_gated_memory", 9, 1, recurrent_synapse=None),
        TypeError,
        "recurrent_synapse must be a synapse, got None",
    ),
    (
        lambda: ready("matrix_product", 9, (1, 2), (3, 1)),
        ValueError,
        r"shape_b must have 2 rows, got \(3, 1\) after \(1, 2\)",
    ),
    (lambda: ready("matrix_product", 9, (1, 2, 3), (3, 1)), TypeError, "shape_a must be a pair"),
    (lambda: ready("matrix_product", 9, (1, 2), 2), TypeError, "shape_b must be a pair"),
    (lambda: ready("thresholding", 9, 1, 2.0, radius=2.0), ValueError, "threshold must be below 2"),
    (lambda: ready("reservoir", 3, 1, density=1e-9), ValueError, "leave weights in a circle"),
    (lambda: Excess("x"), TypeError, "Excess: threshold must be"),
    (lambda: IsAbove(np.nan), ValueError, "IsAbove: threshold must be"),
    (lambda: Zeros(0), ValueError, "Zeros: size must be at least 1"),
]


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_arguments_that_do_not_fit_are_refused(
    call: Callable[[], Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        call()


def test_a_threshold_is_below_the_radius() -> None:
    (a,) = ready("thresholding", 9, 1, 1.5, radius=2.0).ensembles
    assert a.eval_points == nef.Uniform(0.75, 1.0)


# Arrays


def test_the_names_of_outputs_are_new_texts() -> None:
    array = ready("ensemble_array", 9, 2, 2)
    array.add_output("square", np.square)
    for name in ("output", "square"):
        with pytest.raises(ValueError, match=f"name must be new, got '{name}'"):
            array.add_output(name, np.square)
    for wrong in ("", 3, None):
        with pytest.raises(TypeError, match="name must be a text, got"):
            array.add_output(wrong, np.square)
    with pytest.raises(ValueError, match="function must be 2 functions, got 1"):
        array.add_output("one", [np.square])
    with pytest.raises(ValueError, match="function must return at least one number, got none"):
        array.add_output("none", [np.square, lambda x: []])
    assert array.add_output("two", [None, np.sum]).size_in == 3


def test_an_output_whose_second_function_fails_leaves_the_first_ones() -> None:
    array = ready("ensemble_array", 9, 2)
    array.add_output("square", np.square)
    before = list(array.network.connections), list(array.network.nodes)

    def fails(x: Any) -> Any:
        return x

    with pytest.raises((ValueError, TypeError)):
        array.add_output("wrong", [np.square, fails], transform=np.ones((5, 5)))
    assert (list(array.network.connections), list(array.network.nodes)) == before
    assert [*array.outputs] == ["square"]


# Delays


def lagged(*arguments: Any, **options: Any) -> bool:
    """Whether a delay makes up for a lag."""
    found, plain = (
        ready("delay", 9, *arguments, **options | lag).system.realisation.recurrent
        for lag in ({}, {"lag": 0.0})
    )
    return not np.array_equal(found, plain)


def test_a_lag_is_made_up_for_on_lowpasses_of_lif_neurons_up_to_a_tenth_of_a_turn() -> None:
    """Of one dimension the pole is 1 / theta, and the lag 1 ms."""
    assert lagged(0.0101, 1) and not lagged(0.0099, 1) and not lagged(0.0051, 1)
    assert not lagged(1.0, 1, neuron_type=nef.LIFRate())
    assert not lagged(1.0, 1, nef.Alpha(0.1)) and lagged(1.0, 1, nef.Lowpass(0.1))
    with pytest.raises(ValueError, match=r"lag must be at most 0\.1 of the time constant"):
        ready("system", 9, [[-101.0]], [1.0], lag=0.001)
    ready("system", 9, [[-99.0]], [1.0], lag=-0.001)
    with pytest.raises(ValueError, match=r"lag must be at most 0\.1 of the time constant"):
        ready("system", 9, [[-101.0]], [1.0], lag=-0.001)


def test_a_lag_divides_the_loop_and_adds_to_the_input() -> None:
    """With A' of x' = A x: A' / (1 - lag A), and B' + lag times that times B."""
    a, b, lag = -20.0, 3.0, 0.004
    plain = dynamics.realise([[a]], [[b]], 0.1)
    found = ready("system", 9, [[a]], [[b]], lag=lag).realisation
    again = plain.recurrent.item() / (1 - lag * a)
    assert found.recurrent.item() == pytest.approx(again, rel=1e-12)
    assert found.inputs[0][0].item() == pytest.approx(
        plain.inputs[0][0].item() + lag * again * b, rel=1e-12
    )


def test_moments_of_a_delay_are_a_number_or_a_list_within_it() -> None:
    line = ready("delay", 9, 0.2, 3)
    assert line.at(0.1).size_in == 1 and line.at([0.0, 0.2], label="ends").size_in == 2
    weights = [line.network.connections[i].transform for i in (-2, -1)]
    np.testing.assert_allclose(weights[0], dynamics.legendre_readout(3, [0.5]))
    np.testing.assert_allclose(weights[1], dynamics.legendre_readout(3, [0.0, 1.0]))
    for wrong in ([], [[0.1]]):
        with pytest.raises(ValueError, match="seconds must be a number or a list of numbers"):
            line.at(wrong)
    for wrong in (-0.01, 0.21):
        with pytest.raises(ValueError, match=r"seconds must be at (least 0|most 0\.2)"):
            line.at(wrong)


# Samples


@pytest.mark.parametrize(("n", "points"), [(2500, 2500), (2501, 1251), (7501, 1876)])
def test_at_most_2500_states_of_a_sample_are_points(n: int, points: int) -> None:
    part = ready("system", 9, [[-1.0]], [[1.0]], sample=np.sin(np.arange(n) / 50)[:, None])
    assert np.shape(part.ensemble.eval_points) == (points, 1)


def test_radii_are_1_3_times_the_largest_states_of_a_sample() -> None:
    u = 5.0 * np.sin(np.arange(300) / 20)[:, None]
    A, B = [[-10.0, 0.0], [10.0, -20.0]], [[1.0], [0.0]]
    real = dynamics.realise(A, B, 0.1)
    states, x = [], np.zeros(2)
    for each in u:
        x = real.A @ x + real.B @ each
        states.append(x)
    expected = 1.3 * np.abs(states).max(axis=0) + 1e-6
    for array in (True, False):
        part = ready("system", 20, A, B, sample=u, array=array)
        np.testing.assert_allclose(part.radii, expected, rtol=1e-12)
        assert not part.radii.flags.writeable
    points = np.array(states) / expected
    longest = max(1.0, np.linalg.norm(points, axis=1).max())
    assert part.ensemble.radius == pytest.approx(longest, rel=1e-12)
    np.testing.assert_allclose(part.ensemble.eval_points, points / longest, rtol=0, atol=1e-12)
    # Of a sample that moves nothing, the radii are above 0.
    assert ready("system", 9, [[-1.0]], [1.0], sample=[[0.0]]).radii.tolist() == [1e-6]


def test_both_states_at_their_limits_are_within_the_radius() -> None:
    """Two equal states: the points reach sqrt(2) / 1.3."""
    part = ready("system", 9, -np.eye(2), np.ones((2, 1)), array=False, sample=np.ones((2000, 1)))
    assert part.ensemble.radius == pytest.approx(np.sqrt(2) / 1.3, rel=1e-5)


def test_populations_share_the_neurons() -> None:
    net = nef.Network()
    _, _, several = populations(net, 10, 3, True, nef.LstsqL2())
    _, _, one = populations(net, 10, 3, False, nef.LstsqL2())
    assert [(a.n_neurons, a.dimensions) for a in (*several, *one)] == [(3, 1)] * 3 + [(10, 3)]


# Lorenz


def test_the_states_of_a_lorenz_system_are_those_of_6_to_60_seconds() -> None:
    f = LorenzSlope(10.0, 28.0, 8 / 3)
    states = _trajectory(f)
    assert states.shape == (2500, 3)
    way = solve_ivp(lambda _, x: f(x), (0, 7), np.ones(3), t_eval=[6.0, 6 + 54 / 2499], rtol=1e-9)
    # Errors of 1e-6 grow by e^0.9 in a second.
    np.testing.assert_allclose(states[:2], way.y.T, rtol=0.05, atol=0.2)


def test_a_lorenz_system_that_comes_to_rest_has_radii_above_0() -> None:
    """Below rho = 1 the state decays to 0; 0.6 of its extent and 0.001 are the radii."""
    net = nef.Network(seed=1)
    chaos = networks.lorenz(net, 20, rho=0.5)
    states = _trajectory(LorenzSlope(10.0, 0.5, 8 / 3))
    low, high = states.min(axis=0), states.max(axis=0)
    radii = 0.6 * (high - low) + 0.001
    ways = [c for c in chaos.network.connections if c.post is chaos.output]
    np.testing.assert_allclose(ways[0].transform, radii, rtol=1e-12)
    a = chaos.ensemble
    points = (states - (low + high) / 2) / radii
    noise = np.random.default_rng(0).normal(0.0, 0.05, points.shape)
    np.testing.assert_allclose(a.encoders.options, points, rtol=0, atol=1e-12)
    np.testing.assert_allclose(a.eval_points, points + noise, rtol=0, atol=1e-12)
