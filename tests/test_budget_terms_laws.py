"""Laws of the terms of an error budget, of the values that it covers, and of single tasks."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.budget import Basis, Budget, ErrorParts, PopulationReach, terms
from nefsim.budget import task as task_module
from nefsim.budget.task import Size, Task, task_of
from nefsim.budget.terms import arrival, rates_at, settled, variance
from nefsim.spike_noise import poisson, regular

DT = 0.001


# Terms


def test_values_arrive_after_the_delay_and_a_step_of_the_filter() -> None:
    x = np.array([[1.0], [2.0], [3.0], [4.0]])
    assert np.array_equal(arrival(None, x, DT), x)
    assert arrival(None, x, DT, 0.002).ravel().tolist() == [0, 0, 1, 2]
    through = nef.Lowpass(0.0)  # without a time constant, the filter is its step alone
    assert arrival(through, x, DT).ravel().tolist() == [0, 1, 2, 3]
    assert arrival(through, x, DT, 0.001).ravel().tolist() == [0, 0, 1, 2]
    for delay in (0.004, 0.005, 1.0):
        assert arrival(None, x, DT, delay).ravel().tolist() == [0, 0, 0, 0]
    assert arrival(None, x, 0.002, 0.002).ravel().tolist() == [0, 1, 2, 3]


def test_a_filter_is_settled_to_a_thousandth_in_at_most_half_of_a_run() -> None:
    """0.95^k is above a thousandth for 134 steps; the value of the next arrives a step later."""
    slow = nef.LinearFilter([0.05], [1.0, -0.95], analog=False)
    steps = math.floor(math.log(0.001) / math.log(0.95)) + 1
    assert settled(slow, 1000, DT) == steps
    assert settled(slow, 200, DT) == 100 and settled(slow, 201, DT) == 100
    assert settled(None, 1000, DT) == settled(nef.Lowpass(0.0), 1000, DT) == 1
    each = nef.synapses.PerElement((nef.Lowpass(0.0), slow, nef.Lowpass(0.005)))
    assert settled(each, 1000, DT) == steps


def test_rates_are_computed_in_blocks_that_are_together_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = np.linspace(-1, 1, 10).reshape(5, 2)
    built: Any = SimpleNamespace(
        scaled_encoders=np.array([[30.0, 0.0], [0.0, 20.0], [5.0, -5.0]]), bias=np.arange(3.0)
    )
    whole = nef.LIFRate().rates(x @ built.scaled_encoders.T + built.bias)
    for numbers, sizes in ((7, [2, 2, 1]), (2, [1] * 5), (15, [5])):
        monkeypatch.setattr(terms, "LONGEST_BLOCK", numbers)
        blocks = [*rates_at(nef.LIFRate(), built, x)]
        assert [len(block) for block in blocks] == sizes
        # Products of matrices in another order.
        np.testing.assert_allclose(np.concatenate(blocks), whole, rtol=1e-13)


def test_the_variance_is_that_of_spikes_of_the_height_of_the_type() -> None:
    rates, synapse = np.array([[40.0, 100.0], [60.0, 200.0]]), nef.Lowpass(0.02)
    assert variance(nef.LIFRate(), rates, synapse, DT).tolist() == [0.0, 0.0]
    expected = regular(rates, synapse, DT).mean(axis=0)
    np.testing.assert_allclose(variance(nef.LIF(), rates, synapse, DT), expected)
    # A spike of a third of the height has a ninth of the variance.
    found = variance(nef.LIF(amplitude=1 / 3), rates / 3, synapse, DT)
    np.testing.assert_allclose(found, expected / 9)
    random = nef.PoissonSpiking(nef.LIFRate())
    np.testing.assert_allclose(
        variance(random, rates, synapse, DT), poisson(rates, synapse, DT).mean(axis=0)
    )
    each = nef.synapses.PerElement((synapse, nef.Lowpass(0.005)))
    quick = regular(rates, nef.Lowpass(0.005), DT).mean(axis=0)
    np.testing.assert_allclose(variance(nef.LIF(), rates, each, DT), [expected, quick])


def test_shares_are_squares_of_the_parts() -> None:
    """Of 3 and 4 times two functions, 9 and 16 of 25; the third has none."""
    functions = np.sqrt(4.0) * np.eye(4)[:, :3]
    basis = Basis(np.zeros((4, 1)), np.array([8.0, 4.0, 2.0]), functions)
    np.testing.assert_allclose(basis.shares(functions @ [3.0, -4.0, 0.0]), [0.36, 0.64, 0.0])
    assert [basis.count(noise) for noise in (1.9, 2.0, 3.9, 8.0)] == [3, 2, 2, 0]


# Suggestions

NOTHING = ErrorParts("c", "probe", "a", 100, "None", 0, 0, 0, 0, 0, 1.0, 1.0, 1.0, 1.0)
REACH = PopulationReach("a", 100, 1, 1.0, 0.0, 1.0, 0.0, 100.0)


def budget(*parts: ErrorParts) -> Budget:
    return Budget("net", 1.0, DT, parts, (replace(REACH, label="b"), REACH), {})


def test_noise_and_distortion_take_neurons_for_half_of_the_square_where_others_are_fixed() -> None:
    """The square of 0.02 halved is 2e-4: of noise 0.04, 1.6e-3, eight times as many."""
    stuck = replace(NOTHING, dynamics=0.05)
    for parts, n in (({"noise": 0.04}, 800), ({"distortion": 0.04}, 283)):
        *_, line = budget(replace(stuck, **parts)).changes(0.02)
        assert line == f"c: distortion and noise make 0.04: take {n} neurons"
    # Of less than the root of half of the square, the population is large enough.
    for noise, lines in ((0.0141, 1), (0.0143, 2)):
        assert len(budget(replace(stuck, noise=noise)).changes(0.02)) == lines


def test_a_label_that_no_value_has_is_refused_with_the_first_eight() -> None:
    found = budget(*(replace(NOTHING, label=f"c{i}", noise=i) for i in range(10)))
    assert found["c9"].noise == 9
    with pytest.raises(KeyError, match=r"be one of 'c0', .*, 'c7', got 'c10'"):
        found["c10"]


def test_the_largest_part_is_one_of_five() -> None:
    for part in ("delay", "distortion", "saturation", "noise", "dynamics"):
        assert replace(NOTHING, **{part: 0.1}).largest == part


# Whole budgets


def surveyed(net: nef.Network, seconds: float = 0.2, **options: Any) -> Budget:
    return nef.error_budget(net, seconds=seconds, backend="numpy", **options)


def fed(net: nef.Network, value: Any, n: int = 20, **options: Any) -> nef.Ensemble:
    a = net.ensemble(n, len(np.ravel(value)), **options)
    net.connect(net.node(value), a, synapse=None)
    return a


def test_a_value_on_the_sphere_is_within_the_radius() -> None:
    net = nef.Network(seed=1)
    inside = fed(net, [0.6, 0.8], label="in", neuron_type=nef.LIFRate())
    beyond = fed(net, [0.8, 0.8], label="out", neuron_type=nef.LIFRate())
    for a in (inside, beyond):
        net.probe(a, label=a.label)
    found = surveyed(net)
    assert found["in"].saturation == 0.0 < found["in"].distortion
    assert found["out"].distortion == 0.0 < found["out"].saturation
    assert [reach.share_beyond for reach in found.populations] == [0.0, 1.0]
    assert found.populations[1].radius_needed == pytest.approx(math.hypot(0.8, 0.8))
    # A constant has no frequency, in any dimension.
    assert [reach.highest_frequency for reach in found.populations] == [0.0, 0.0]


def test_the_frequency_is_that_of_all_dimensions_together() -> None:
    """The wave of 40 Hz has 4 % of the power of both, and the mean of a dimension none."""

    def waves(t: float) -> list[float]:
        turn = 2 * math.pi * t
        return [5.0 + math.sin(5 * turn), 0.2 * math.sin(40 * turn)]

    net = nef.Network(seed=1)
    a = net.ensemble(20, 2, radius=10.0)
    net.connect(net.node(waves), a, synapse=None)
    net.probe(a)
    assert surveyed(net, 1.0).populations[0].highest_frequency == pytest.approx(40.0)


def test_noise_is_the_mean_over_the_dimensions_of_a_value_and_its_rates_are_of_all_steps() -> None:
    net = nef.Network(seed=1)
    a = fed(net, [0.3, -0.2])
    c = net.connect(a, net.node(size_in=2), synapse=0.01, label="both")
    found = surveyed(net)
    built = nef.Simulator(net, backend="numpy").built
    arrays, weights = built.ensembles[a], built.connections[c].decoded_weights
    rates = nef.tuning_curves(
        a.neuron_type, [[0.3, -0.2]], arrays.encoders, arrays.gain, arrays.bias
    )
    expected = np.sum(weights**2 * regular(rates[0], nef.Lowpass(0.01), DT)) / 2
    assert found["both"].noise == pytest.approx(math.sqrt(expected), rel=1e-9)
    assert found.populations[0].mean_rate == pytest.approx(rates.mean(), rel=1e-9)
    assert found.populations[0].dimensions == 2


def test_rates_of_short_and_of_long_runs_are_those_of_at_least_500_steps() -> None:
    """The input turns from 0 to 1 in every second step: half of all, or none of every other."""
    for n_steps, share in ((400, 0.5), (1000, 0.0), (999, 0.5)):
        net = nef.Network(seed=1)
        a = net.ensemble(
            5,
            1,
            neuron_type=nef.RectifiedLinear(amplitude=0.25),
            gain=1.0,
            bias=0.0,
            encoders=nef.Choice([[1.0]]),
        )
        net.connect(net.node(lambda t: float(round(t / DT) % 2 == 0)), a, synapse=None)
        net.probe(a)
        (reach,) = surveyed(net, n_steps * DT).populations
        assert reach.mean_rate == pytest.approx(share, abs=0.002)


@pytest.mark.parametrize(("delay", "seconds"), [(0.03, 0.2), (0.15, 0.2)])
def test_the_start_is_left_out_up_to_the_delay_or_half_of_the_run(
    delay: float, seconds: float
) -> None:
    net = nef.Network(seed=3)
    a = net.ensemble(30, 1, neuron_type=nef.LIFRate())
    net.connect(net.node(lambda t: 4 * t), a, synapse=None)
    net.connect(a, net.node(size_in=1), synapse=None, delay=delay, label="late")
    n, late = round(seconds / DT), round(delay / DT)
    x = 4 * DT * np.arange(1, n + 1)
    difference = np.concatenate([np.zeros(late), x[: n - late]]) - x
    first = min(1 + late, n // 2)
    expected = math.sqrt(np.mean(difference[first:] ** 2))
    assert surveyed(net, seconds)["late"].delay == pytest.approx(expected, rel=1e-9)


def test_values_stand_in_the_order_of_the_network() -> None:
    net = nef.Network(seed=1)
    a, b = fed(net, 0.1), fed(net, 0.2)
    for end, label in ((a, "a1"), (b, "b1"), (a, "a2"), (b, "b2")):
        net.connect(end, net.node(size_in=1), label=label)
    assert [c.label for c in surveyed(net).connections] == ["a1", "b1", "a2", "b2"]


def test_values_are_left_out_with_the_reason() -> None:
    net = nef.Network(seed=1)
    a, b, learned = (net.ensemble(20, 1) for _ in range(3))
    direct = net.ensemble(1, 1, neuron_type=nef.Direct())
    net.connect(a, b, solver=nef.Dale(), label="x")
    net.connect(a, learned, learning_rule=nef.Voja(), label="x")
    for end, label in ((learned, "moved"), (direct, "direct"), (a, "x"), (a, "x")):
        net.probe(end, label=label)
    net.probe(a.neurons, label="spikes")
    budget = surveyed(net)
    assert budget.left_out == {
        "x": "it has weights and no decoders",
        "moved": "its encoders are learned",
    }
    assert [(c.label, c.kind) for c in budget.connections] == [
        ("x'", "connection"),
        ("x''", "probe"),
        ("x'''", "probe"),
    ]


def test_a_part_of_a_network_has_no_budget() -> None:
    net = nef.Network()
    with pytest.raises(ValueError, match="error_budget: net must not be part of another"):
        nef.error_budget(net.subnetwork("part"))


# Tasks


def task(**options: Any) -> Task:
    default: dict[str, Any] = {
        **{"function": None, "dimensions": 1, "synapse": 0.01, "process": None},
        **{"neuron": nef.LIF(), "solver": None, "dt": DT, "seed": 0},
    }
    return task_of("test", **default | options)


@pytest.mark.parametrize(("n", "seeds"), [(1000, 10), (100, 10), (80, 12), (60, 17), (40, 25)])
def test_an_error_is_that_of_ten_populations_or_as_many_as_have_1000_neurons(
    n: int, seeds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def one(self: Task, seed: int, *arguments: Any) -> Any:
        seen.append((seed, *arguments))
        return np.array([16.0, 9.0, 4.0, seed - 6.0])

    monkeypatch.setattr(Task, "_one", one)
    found = task(seed=7).size(n, 0.5, (100.0, 200.0))
    assert [each[0] for each in seen] == [*range(7, 7 + seeds)]
    assert all(each[1:4] == (n, 0.5, (100.0, 200.0)) for each in seen)
    x, ideal, within = seen[0][4:]
    assert np.array_equal(x, 0.5 * task(seed=7).points) and np.array_equal(ideal, x)
    assert within.shape == (2000, 1) and within.all()
    parts = (found.rmse, found.distortion, found.saturation)
    assert parts == pytest.approx((4.0, 3.0, 2.0))
    assert found.noise == pytest.approx(math.sqrt(1.0 + (seeds - 1) / 2))  # the mean of 1 to seeds


def test_an_input_is_taken_for_10_000_steps_of_which_every_fifth_counts() -> None:
    moving = task(process=nef.WhiteSignal(1.0, 5.0, 0.3), dimensions=2, dt=0.002)
    assert moving.values is not None
    assert moving.values.shape == (10_000, 2) and moving.points.shape == (2000, 2)
    assert moving.moving and not task().moving and task().radii == (1.0,)
    lengths = np.linalg.norm(moving.points, axis=1)
    assert moving.radii[-1] == pytest.approx(lengths.max(), rel=1e-15)
    # The longest value is within the largest radius, up to rounding.
    x = np.tile([[0.1], [0.3]], (20, 1))
    still = replace(moving, size_out=1, points=x, values=x)
    assert still.size(30, 0.3 * (1 + 1e-12), (100.0, 200.0)).saturation == 0.0
    assert still.size(30, 0.3 * (1 - 1e-12), (100.0, 200.0)).saturation == 0.0
    assert still.size(30, 0.3 * (1 - 1e-8), (100.0, 200.0)).saturation > 0.0


def test_spikes_are_measured_after_the_filter_and_50_ms_of_the_neurons() -> None:
    t = DT * np.arange(1, 301)
    values = np.stack([0.5 * np.sin(20 * t), 0.3 * np.cos(9 * t)], axis=1)
    synapse = nef.Lowpass(0.01)
    of = Task(np.sum, 1, values, values, synapse, nef.LIF(), None, DT, 3)
    found = of.measured(Size(40, 1.2, (100.0, 200.0), 0, 0, 0, 0))
    net = nef.Network(seed=3)
    shown = net.node(nef.PresentInput(values, DT))
    probes = []
    for _ in range(25):
        a = net.ensemble(40, 2, radius=1.2, max_rates=(100, 200))
        net.connect(shown, a, synapse=None)
        end = net.node(size_in=1)
        net.connect(a, end, function=np.sum, synapse=0.01)
        probes.append(net.probe(end))
    sim = nef.Simulator(net, backend="numpy", progress=False)
    sim.run(0.3)
    ideal = np.concatenate([[[0.0]], synapse.filt(values.sum(axis=1, keepdims=True))[:-1]])
    # A thousandth is left after log(1000) * 10 = 69.1 steps, and of the arrival one later.
    squares = [(sim.data[probe] - ideal)[70 + 50 :] ** 2 for probe in probes]
    assert found == pytest.approx(math.sqrt(np.mean(squares)), rel=1e-9)


def test_a_task_has_a_result_and_an_input_that_are_something() -> None:
    with pytest.raises(ValueError, match="function must return at least one number, got none"):
        task(function=lambda x: [])
    with pytest.raises(TypeError, match="function must be a function, got 3"):
        task(function=3)
    with pytest.raises(ValueError, match="input must differ from 0 somewhere, got only zeros"):
        task(process=nef.Piecewise({0.0: 0.0}))
    assert task(function=lambda x: [x[0], 1.0, 2.0]).size_out == 3
    # Every so many steps of the input is a point, the last step among them.
    signal = nef.WhiteSignal(1.0, high=5.0)
    made = task(process=signal, dimensions=2, seed=3)
    values = signal.run(task_module.N_STEPS * DT, 2, DT, 3)
    np.testing.assert_array_equal(made.values, values)
    np.testing.assert_array_equal(made.points[-1], values[-1])
    every = task_module.STRIDE
    expected = [values[k] for k in range(len(values)) if (k + 1) % every == 0]
    np.testing.assert_array_equal(made.points, expected)
    assert task(solver=nef.LstsqL2(0.3)).solver == nef.LstsqL2(0.3)
