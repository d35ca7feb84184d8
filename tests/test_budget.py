"""Error budgets: their parts are what they say, and the sizes found reach their error."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.budget import Budget, ErrorParts
from nefsim.budget.task import Task, task_of
from nefsim.budget.terms import settled
from nefsim.network.validate.ensembles import MOST_NEURONS
from nefsim.spike_noise import regular


def decoding(
    neuron_type: Any = nef.LIF(), synapse: Any = 0.02, output: Any = np.sin, **options: Any
) -> nef.Network:
    """A stimulus, an ensemble and a square of it."""
    net = nef.Network(seed=3)
    a = net.ensemble(100, 1, neuron_type=neuron_type, label="a", **options)
    net.connect(net.node(output), a, synapse=None)
    end = net.node(size_in=1)
    net.connect(a, end, function=np.square, synapse=synapse, label="square")
    net.probe(end, label="end")
    return net


def part(net: nef.Network, **options: Any) -> ErrorParts:
    return nef.error_budget(net, **{"seconds": 2.0, "backend": "numpy"} | options)["square"]


def test_rates_have_distortion_alone() -> None:
    net = decoding(nef.LIFRate(), synapse=None)
    found = part(net)
    sim = nef.Simulator(net, backend="numpy")
    sim.run(2.0)
    x = np.sin(sim.time)[1:, None]
    distortion = nef.analysis.rmse(sim.data["end"][1:], x**2)
    assert (found.delay, found.saturation, found.noise) == (0.0, 0.0, 0.0)
    # Rates of a run and of a budget are sums in another order.
    assert found.distortion == pytest.approx(distortion, rel=1e-9)
    assert found.predicted == found.distortion
    assert found.measured == pytest.approx(distortion, rel=1e-9)
    assert found.dynamics == pytest.approx(0.0, abs=1e-9)
    assert found.largest == "distortion"


def test_delay_is_that_of_the_filter_and_of_its_step() -> None:
    found = part(decoding(synapse=0.05), seconds=8.0)
    t = np.arange(1, 8001) * 0.001
    ideal = np.sin(t) ** 2
    late = np.concatenate([[0.0], nef.Lowpass(0.05).filt(ideal)[:-1]])
    first = settled(nef.Lowpass(0.05), 8000, 0.001)
    assert first == pytest.approx(math.log(1000) * 50, abs=2)
    assert found.delay == pytest.approx(nef.analysis.rmse(late[first:], ideal[first:]))
    assert found.size == pytest.approx(math.sqrt(np.mean(ideal[first:] ** 2)))


@pytest.mark.parametrize("synapse", [None, 0.02])
def test_the_delay_of_a_connection_counts_as_delay(synapse: float | None) -> None:
    net = nef.Network(seed=3)
    a, end = net.ensemble(50, 1, neuron_type=nef.LIFRate()), net.node(size_in=1)
    net.connect(net.node(np.sin), a, synapse=None)
    net.connect(a, end, synapse=synapse, delay=0.1, label="square")
    found = part(net)
    late = 0.1 if synapse is None else 0.121
    # sin(t) less itself 0.1 s later, over the part of a period that is run.
    t = np.arange(1, 2001)[200:] * 0.001
    assert found.delay == pytest.approx(nef.analysis.rmse(np.sin(t - late), np.sin(t)), rel=0.05)
    assert found.measured == pytest.approx(found.predicted, rel=1e-3)


def test_noise_is_the_variance_of_filtered_spikes_through_the_decoders() -> None:
    net = decoding(output=0.4)
    found = part(net)
    built = nef.Simulator(net, backend="numpy").built
    (a,), c = net.ensembles, net.connections[1]
    arrays = built.ensembles[a]
    rates = nef.tuning_curves(a.neuron_type, [0.4], arrays.encoders, arrays.gain, arrays.bias)
    weights = built.connections[c].decoded_weights
    variance = regular(rates[0], nef.Lowpass(0.02), 0.001)
    assert found.noise == pytest.approx(math.sqrt(np.sum(weights[0] ** 2 * variance)), rel=1e-9)
    # A constant, once the filter has settled to a thousandth.
    assert found.delay < 1e-3 * found.size


def test_random_spikes_have_the_noise_of_poisson_trains() -> None:
    rates = nef.LIFRate()
    regularly = part(decoding(nef.RegularSpiking(rates), output=0.4))
    randomly = part(decoding(nef.PoissonSpiking(rates), output=0.4), seconds=8.0)
    assert randomly.noise > 2 * regularly.noise
    # The variance of 8 s of noise that is correlated over 20 ms is known to some 8 %.
    spikes = math.sqrt(randomly.measured**2 - randomly.distortion**2)
    assert spikes == pytest.approx(randomly.noise, rel=0.15)


def test_a_value_beyond_the_radius_saturates() -> None:
    budget = nef.error_budget(decoding(output=lambda t: 2.0), seconds=1.0, backend="numpy")
    found, (reach,) = budget["square"], budget.populations
    assert (reach.share_beyond, reach.radius_needed) == (1.0, 2.0)
    assert found.distortion == 0.0
    assert found.saturation > 1.0
    (line,) = [line for line in budget.changes(0.1) if "radius" in line]
    assert "pass radius=2" in line


@pytest.mark.parametrize(("share", "highest"), [(0.05, 5.0), (0.2, 40.0)])
def test_the_highest_frequency_is_that_below_which_99_percent_of_the_power_lies(
    share: float, highest: float
) -> None:
    """Of the two waves, the quicker one has 0.25 % of the power, or 4 %."""

    def waves(t: float) -> float:
        return 0.3 * (math.sin(2 * math.pi * 5 * t) + share * math.sin(2 * math.pi * 40 * t))

    budget = nef.error_budget(decoding(output=waves), seconds=1.0, backend="numpy")
    assert budget.populations[0].highest_frequency == pytest.approx(highest)


@pytest.mark.parametrize("high", [2.0, 8.0])
def test_the_error_of_spikes_is_predicted_from_another_input(high: float) -> None:
    net = decoding()
    (stimulus,) = (node for node in net.nodes if not node.size_in)
    found = part(net, input={stimulus: nef.WhiteSignal(10.0, high, 0.4, seed=1)}, seconds=10.0)
    again = {stimulus: nef.WhiteSignal(10.0, high, 0.4, seed=2)}
    shown = net.probe(stimulus, attach=False)
    sim = nef.Simulator(net, backend="numpy", inputs=again, probes=[shown])
    sim.run(10.0)
    measured = nef.analysis.rmse(sim.data["end"][100:], sim.data[shown][100:] ** 2)
    # Two inputs of 10 s differ in their fourth moments, by a tenth.
    assert found.predicted == pytest.approx(measured, rel=0.2)
    assert found.measured == pytest.approx(measured, rel=0.2)


def test_neurons_that_are_slow_for_their_input_lag() -> None:
    slow = {"max_rates": (25, 75), "synapse": 0.05}
    calm = part(decoding(output=nef.WhiteSignal(4.0, 0.5, 0.3, seed=1), **slow), seconds=4.0)
    fast = part(decoding(output=nef.WhiteSignal(4.0, 10.0, 0.3, seed=1), **slow), seconds=4.0)
    assert fast.dynamics > 1.5 * calm.dynamics
    assert calm.noise == pytest.approx(fast.noise, rel=0.3)  # which only knows of the rates


def test_one_output_is_that_of_the_only_source() -> None:
    net = decoding()
    (stimulus,) = (node for node in net.nodes if not node.size_in)
    assert part(net, input=0.5) == part(net, input={stimulus: 0.5})
    assert part(net) != part(net, input=0.5)
    net.node(1.0)
    with pytest.raises(TypeError, match=r"input must be a mapping of nodes, got 0\.5 for 2 nodes"):
        part(net, input=0.5)


def test_probes_and_views_are_judged_by_their_dimensions() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(80, 2, label="a")
    b = net.ensemble(80, 1, label="b")
    net.connect(net.node([0.3, -0.5]), a, synapse=None)
    net.connect(a[1], b, transform=2.0, label="twice")
    net.probe(a[0], label="first")
    budget = nef.error_budget(net, seconds=1.0, backend="numpy")
    assert [c.label for c in budget.connections] == ["twice", "first"]
    assert budget["first"].size == pytest.approx(0.3)
    assert budget["twice"].size == pytest.approx(1.0)
    assert (budget["twice"].kind, budget["first"].kind) == ("connection", "probe")


def test_what_cannot_be_judged_is_left_out_with_the_reason() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(20, 1), net.ensemble(20, 1)
    learns = net.connect(a, b, learning_rule=nef.PES(), label="learns")
    net.connect(net.node(0.1), learns.learning_rule)
    points = np.linspace(-1, 1, 9)[:, None]
    net.connect(a, b, function=points**2, eval_points=points, label="points")
    net.connect(net.node(1.0), b.neurons, transform=np.ones((20, 1)))
    net.probe(b, label="driven")
    net.probe(a, label="fine")
    budget = nef.error_budget(net, seconds=0.1, backend="numpy")
    assert [c.label for c in budget.connections] == ["fine"]
    assert budget.left_out == {
        "learns": "its weights are learned",
        "points": "its function is known at its evaluation points only",
        "driven": "its neurons get currents",
    }
    assert "driven: not judged, its neurons get currents" in str(budget)


def test_a_network_without_decoders_has_an_empty_budget() -> None:
    budget = nef.error_budget(nef.Network(seed=1), seconds=0.1)
    assert (budget.connections, budget.populations, budget.left_out) == ((), (), {})
    assert budget.changes(0.1) == ()
    assert str(budget).startswith("error budget of network, 0.1 s")


def test_a_budget_changes_nothing_of_the_network() -> None:
    net = decoding()
    before = repr(net), list(net.probes), list(net.nodes), dict(vars(net))
    nef.error_budget(net, seconds=0.1, backend="numpy")
    assert before == (repr(net), list(net.probes), list(net.nodes), dict(vars(net)))


def test_a_budget_is_plain_numbers() -> None:
    budget = nef.error_budget(decoding(), seconds=0.5, backend="numpy")
    told = json.loads(budget.to_json())
    assert told == budget.to_dict()
    (parts,) = told["connections"]
    assert ErrorParts(**{k: v for k, v in parts.items() if k != "largest"}) == budget["square"]
    assert parts["largest"] == "delay"
    assert "square" in str(budget)
    with pytest.raises(KeyError, match="label must be one of 'square', got 'cube'"):
        budget["cube"]


PARTS = ErrorParts(
    label="c",
    kind="connection",
    population="a",
    n_neurons=100,
    synapse="None",
    delay=0.0,
    distortion=0.0,
    saturation=0.0,
    noise=0.0,
    dynamics=0.0,
    predicted=1.0,
    measured=1.0,
    without_delay=1.0,
    size=1.0,
)


def test_neurons_for_an_error() -> None:
    noise, distortion = replace(PARTS, noise=0.1), replace(PARTS, distortion=0.1)
    assert noise.neurons_for(0.05) == 400  # four times as many halve the noise
    assert distortion.neurons_for(0.05) == 200  # twice as many halve the distortion
    assert replace(noise, delay=0.05).neurons_for(0.05) is None
    both = replace(PARTS, noise=0.06, distortion=0.08)
    n = both.neurons_for(0.05)
    assert n is not None
    g = n / 100
    assert 0.06**2 / g + 0.08**2 / g**2 == pytest.approx(0.05**2, rel=0.01)


def test_what_to_change_names_the_parts_that_are_too_large() -> None:
    budget = nef.error_budget(decoding(), seconds=0.5, backend="numpy")
    (reach,) = budget.populations

    def changes(**parts: float) -> tuple[str, ...]:
        own = replace(PARTS, **parts)
        return Budget("net", 1.0, 0.001, (own,), (reach,), {}).changes(0.02)

    assert changes(predicted=0.02, measured=0.02) == ()
    (line,) = changes(delay=0.05)
    assert line.startswith("c: its delay alone makes 0.05: take a synapse about 3.6 times")
    (line,) = changes(noise=0.04)
    assert line.endswith("take 400 neurons")
    (line,) = changes(dynamics=0.05)
    assert "its neurons lag behind an input of up to" in line
    # With the delay as it is, noise gets half of the square that is wanted.
    lines = changes(delay=0.05, noise=0.04)
    assert lines[1].endswith("take 800 neurons")


@pytest.mark.parametrize("rmse", [1e-9, 1e-160, 1e-300])
def test_no_more_neurons_are_advised_than_an_ensemble_may_have(rmse: float) -> None:
    budget = nef.error_budget(decoding(), seconds=0.5, backend="numpy")
    assert budget.changes(rmse)[-1].endswith(f": no population reaches {rmse:g}")
    net = nef.Network()
    with pytest.raises(ValueError, match=f"must be at most {MOST_NEURONS}"):
        net.ensemble(MOST_NEURONS + 1, 1)


# Sizes


def test_a_size_reaches_its_error_in_spikes() -> None:
    size = nef.size_for(np.square, rmse=0.02, synapse=0.03)
    errors = []
    for seed in range(5):
        net = nef.Network(seed=100 + seed)
        a = net.ensemble(size.n_neurons, 1, size.radius, max_rates=size.max_rates)
        stimulus = nef.WhiteSignal(5.0, 0.5, 0.5, seed=seed)
        net.connect(net.node(stimulus), a, synapse=None)
        end = net.node(size_in=1)
        net.connect(a, end, function=np.square, synapse=0.03)
        y = net.probe(end)
        sim = nef.Simulator(net, backend="numpy")
        sim.run(5.0)
        ideal = stimulus.run(5.0) ** 2
        late = np.concatenate([[[0.0]], nef.Lowpass(0.03).filt(ideal)[:-1]])
        errors.append(nef.analysis.rmse(sim.data[y][200:], late[200:]))
    # Within the radius for nearly all of the time; a few populations differ by a tenth.
    assert 0.5 * 0.02 < math.sqrt(np.mean(np.square(errors))) < 1.15 * 0.02


def test_slow_neurons_are_added_until_their_spikes_reach_the_error() -> None:
    """Rate curves alone would do with fewer neurons than 10 Hz of input take at 80 Hz."""
    signal, rates = nef.WhiteSignal(2.0, 10.0, 0.5, seed=1), (40.0, 80.0)
    size = nef.size_for(None, 0.06, synapse=0.03, max_rates=rates, input=signal)
    assert size.measured is not None and size.rmse < size.measured <= 0.93 * 0.06
    by_rates = task(process=signal, synapse=0.03)
    fewer = round(size.n_neurons / 1.25)
    assert by_rates.size(fewer, size.radius, rates).rmse <= 0.93 * 0.06


def test_smaller_errors_take_more_neurons() -> None:
    sizes = [nef.size_for(None, rmse, synapse=0.02) for rmse in (0.05, 0.03, 0.015)]
    assert [s.n_neurons for s in sizes] == sorted({s.n_neurons for s in sizes})
    for size, rmse in zip(sizes, (0.05, 0.03, 0.015), strict=True):
        assert size.rmse <= rmse
        parts = size.distortion**2 + size.saturation**2 + size.noise**2
        assert size.rmse == pytest.approx(math.sqrt(parts), rel=1e-9)


def test_rates_are_found_for_a_number_of_neurons() -> None:
    size = nef.size_for(None, 0.05, synapse=0.05, n_neurons=100)
    low, high = size.max_rates
    assert size.n_neurons == 100
    assert low == pytest.approx(high / 2)
    assert size.rmse <= 0.05
    with pytest.raises(
        ValueError, match=r"rmse must be at least the error that is reached, .* of 10 neurons"
    ):
        nef.size_for(None, 0.001, n_neurons=10)


def test_an_input_finds_its_radius() -> None:
    small, large = (
        nef.size_for(None, rms / 10, synapse=0.05, input=nef.WhiteSignal(5.0, 1.0, rms, seed=1))
        for rms in (0.1, 1.0)
    )
    assert large.radius == pytest.approx(10 * small.radius, rel=1e-6)
    # Errors scale with the radius, so that the same search is done; rounding apart.
    assert large.n_neurons == pytest.approx(small.n_neurons, rel=0.1)
    assert nef.size_for(None, 0.1, radius=2.0, synapse=0.05).radius == 2.0


def count_sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collect the numbers of neurons that are tried from now on."""
    tried: list[int] = []
    original = Task.size

    def size(self: Task, n: int, *arguments: Any) -> Any:
        tried.append(n)
        return original(self, n, *arguments)

    monkeypatch.setattr(Task, "size", size)
    return tried


def test_an_error_out_of_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # Half of the noise of 60 neurons is 0.019: above it they are tried, below it 40 are enough.
    with pytest.raises(ValueError, match=r"got .* of 60 neurons up to 400 Hz; raise rmse, most"):
        nef.size_for(None, 0.03, most=60)
    tried = count_sizes(monkeypatch)
    with pytest.raises(ValueError, match=r"at least about 0.004, the noise of 5000 .* got 1e-06"):
        nef.size_for(None, 1e-6)
    assert tried == [40]
    assert nef.size_for(None, 0.5).n_neurons == 10


def test_the_solver_of_a_size_may_be_another() -> None:
    best = nef.size_for(None, 0.03, synapse=0.1)
    coarse = nef.size_for(None, 0.03, synapse=0.1, solver=nef.LstsqL2(reg=0.3))
    assert coarse.n_neurons > best.n_neurons
    assert coarse.to_dict()["max_rates"] == [200.0, 400.0]


# What a population can compute, and decodes


def test_the_basis_of_a_population_is_orthonormal_and_makes_up_its_rates() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(40, 2)
    basis = nef.svd_basis(a)
    P = len(basis.points)
    # Products of unit vectors are exact to rounding, times the square root of P.
    np.testing.assert_allclose(basis.functions.T @ basis.functions / P, np.eye(40), atol=1e-10)
    built = nef.Simulator(net, backend="numpy").data[a]
    assert np.array_equal(basis.points, built.eval_points)
    rates = nef.tuning_curves(
        a.neuron_type, built.eval_points, built.encoders, built.gain, built.bias
    )
    mean_square = np.mean(np.sum(rates**2, axis=1))
    assert np.sum(basis.singular_values**2) == pytest.approx(mean_square)
    again = nef.svd_basis(a, nef.Simulator(net, backend="numpy", build_seed=2))
    assert not np.array_equal(again.points, basis.points)


def test_shares_of_a_function_say_how_much_of_it_can_be_decoded() -> None:
    basis = nef.svd_basis(nef.Network(seed=1).ensemble(60, 1))
    first = basis.shares(basis.functions[:, 2])
    assert first[2] == pytest.approx(1.0)
    assert first.sum() == pytest.approx(1.0)
    noise = np.random.default_rng(0).standard_normal(len(basis.points))
    # Of white noise, K functions of P points hold a share of about K / P.
    assert basis.shares(noise).sum() < 0.2
    assert basis.count(0.0) == 60
    assert basis.count(basis.singular_values[4]) == 4


def test_decoded_points_are_rates_times_decoders() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(30, 2), net.ensemble(30, 1)
    c = net.connect(a[1], b, function=np.square, transform=-0.5)
    sim = nef.Simulator(net, backend="numpy")
    at, built = nef.decoded_points(sim, c), sim.data[a]
    rates = nef.tuning_curves(a.neuron_type, at.points, built.encoders, built.gain, built.bias)
    np.testing.assert_allclose(at.decoded, -0.5 * rates @ sim.data[c].decoders, atol=1e-12)
    assert np.array_equal(at.targets, -0.5 * at.points[:, 1:] ** 2)
    assert at.rmse == pytest.approx(0.5 * sim.data[c].solver_info["rmse"][0])


@pytest.mark.parametrize("batch", [None, 2])
def test_decoded_points_of_what_learns_are_those_of_its_weights(batch: int | None) -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(30, 1), net.ensemble(30, 1)
    c = net.connect(a, b, learning_rule=nef.PES())
    net.connect(net.node(0.1), c.learning_rule)
    sim = nef.Simulator(net, backend="numpy", batch_size=batch)
    before = nef.decoded_points(sim, c).decoded
    sim.data[c].weights = 2.0 * sim.data[c].initial_weights
    np.testing.assert_allclose(nef.decoded_points(sim, c).decoded, 2.0 * before)


def test_a_connection_without_decoders_has_no_decoded_points() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(30, 1)
    c = net.connect(net.node(1.0), a)
    with pytest.raises(ValueError, match="connection must have decoders"):
        nef.decoded_points(nef.Simulator(net, backend="numpy"), c)


def test_a_budget_is_drawn_with_a_bar_for_each_part() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    budget = nef.error_budget(decoding(), seconds=0.5, backend="numpy")
    ax = nef.plot.error_budget(budget, rmse=0.02)
    heights = [bar.get_height() for bar in ax.patches]
    parts = ("delay", "distortion", "saturation", "noise", "dynamics")
    assert heights == [getattr(budget["square"], name) for name in parts]
    assert ax.collections[0].get_segments()[0][0, 1] == budget["square"].measured
    assert ax.lines[0].get_ydata()[0] == 0.02
    many = Budget(
        None,
        1.0,
        0.001,
        tuple(replace(PARTS, label=str(i), measured=i / 10) for i in range(30)),
        (),
        {},
    )
    shown = [label.get_text() for label in nef.plot.error_budget(many).get_xticklabels()]
    assert shown == [str(i) for i in range(10, 30)]
    empty = nef.error_budget(nef.Network(seed=1), seconds=0.1)
    with pytest.raises(ValueError, match="budget must have a connection"):
        nef.plot.error_budget(empty)
    plt.close("all")


def test_a_size_needs_neurons_with_a_rate_curve() -> None:
    with pytest.raises(TypeError, match="neuron_type must have a rate curve"):
        nef.size_for(np.square, rmse=0.02, neuron_type=nef.Direct())


# Equality with the formulas


def test_the_parts_of_an_error_are_those_of_the_formula() -> None:
    """For a wave that leaves the radius, behind a lowpass of 20 steps."""

    def wave(t: float) -> float:
        return 1.2 * math.sin(2 * math.pi * t)

    net = decoding(output=wave)
    budget = nef.error_budget(net, seconds=2.0, backend="numpy")
    found, (reach,) = budget["square"], budget.populations
    sim = nef.Simulator(net, backend="numpy")
    sim.run(2.0)
    (a,), c = net.ensembles, net.connections[1]
    built = sim.data[a]
    x = np.array([[wave(0.001 * k)] for k in range(1, 2001)])
    rates = nef.tuning_curves(a.neuron_type, x, built.encoders, built.gain, built.bias)
    weights = sim.data[c].decoded_weights
    wanted, synapse = x**2, nef.Lowpass(0.02)
    error = rates @ weights.T - wanted
    beyond = np.abs(x) > 1.0

    def late(values: Any) -> Any:
        return np.concatenate([[[0.0]], synapse.filt(values)[:-1]])

    def size(values: Any) -> float:
        # A thousandth is left after log(1000) * 20 = 138.2 steps, and of the arrival one later.
        return math.sqrt(np.mean(values[139:] ** 2))

    some = rates[::4]  # 500 of the 2000 steps
    noise = math.sqrt(np.sum(weights[0] ** 2 * regular(some, synapse, 0.001).mean(axis=0)))
    lag = size(sim.data["end"] - late(rates @ weights.T))
    formula = {
        "delay": size(late(wanted) - wanted),
        "distortion": size(late(error * ~beyond)),
        "saturation": size(late(error * beyond)),
        "noise": noise,
        "dynamics": math.sqrt(max(0.0, lag**2 - noise**2)),
        "predicted": math.hypot(size(late(rates @ weights.T) - wanted), noise),
        "measured": size(sim.data["end"] - wanted),
        "without_delay": math.hypot(size(late(error)), noise),
        "size": size(wanted),
    }
    # Sums in another order.
    assert {name: getattr(found, name) for name in formula} == pytest.approx(formula, rel=1e-9)
    assert formula["dynamics"] > 0
    assert (reach.share_beyond, reach.radius) == (beyond.mean(), 1.0)
    assert reach.radius_needed == pytest.approx(np.quantile(np.abs(x), 0.99), rel=1e-9)
    assert reach.mean_rate == pytest.approx(some.mean(), rel=1e-9)
    assert (reach.label, reach.n_neurons, reach.dimensions) == ("a", 100, 1)


def of_populations(n: int, radius: float, x: Any, synapse: Any) -> dict[str, float]:
    """The error of a sum in populations of ten seeds, by public functions."""
    squares = []
    for seed in range(max(10, round(1000 / n))):
        net = nef.Network(seed=seed)
        a, end = net.ensemble(n, 2, radius=radius, max_rates=(100, 200)), net.node(size_in=1)
        c = net.connect(a, end, function=np.sum, synapse=synapse)
        data = nef.Simulator(net, backend="numpy").data
        b, weights = data[a], data[c].decoded_weights
        rates = nef.tuning_curves(a.neuron_type, x, b.encoders, b.gain, b.bias, radius)
        error = rates @ weights.T - x.sum(axis=1, keepdims=True)
        within = np.linalg.norm(x, axis=1, keepdims=True) <= radius * (1 + 1e-9)
        noise = np.sum(weights[0] ** 2 * regular(rates, synapse, 0.001).mean(axis=0))
        squares.append(
            [
                np.mean(error**2) + noise,
                np.mean((error * within) ** 2),
                np.mean((error * ~within) ** 2),
                noise,
            ]
        )
    names = ("rmse", "distortion", "saturation", "noise")
    return dict(zip(names, np.sqrt(np.mean(squares, axis=0)).tolist(), strict=True))


def task(**options: Any) -> Task:
    default: dict[str, Any] = {
        **{"function": None, "dimensions": 1, "synapse": 0.02, "process": None},
        **{"neuron": nef.LIF(), "solver": None, "dt": 0.001, "seed": 0},
    }
    return task_of("test", **default | options)


def test_the_error_of_a_size_is_that_of_populations_of_ten_seeds_or_1000_neurons() -> None:
    of_sum = task(function=np.sum, dimensions=2)
    found = of_sum.size(30, 0.5, (100.0, 200.0))
    x = nef.UniformHypersphere().sample(2000, 2, np.random.default_rng(0)) * 0.5
    wanted = of_populations(30, 0.5, x, nef.Lowpass(0.02))
    # Sums in another order.
    assert {name: getattr(found, name) for name in wanted} == pytest.approx(wanted, rel=1e-9)
    assert found.saturation == 0.0


def test_the_error_of_a_size_for_an_input_is_that_of_its_filtered_steps() -> None:
    signal = nef.WhiteSignal(4.0, 2.0, 0.4)
    moving = task(process=signal)
    x = signal.run(10.0, 1, seed=0)[4::5]
    assert np.array_equal(moving.points, x)
    lengths = np.quantile(np.abs(x), [0.95, 0.98, 0.99, 0.999, 1.0])
    assert moving.radii == pytest.approx(sorted({*lengths}))
    found = moving.size(20, 0.8, (200.0, 400.0))
    power = np.zeros(2)
    for seed in range(50):
        net = nef.Network(seed=seed)
        a, end = net.ensemble(20, 1, radius=0.8), net.node(size_in=1)
        c = net.connect(a, end, synapse=0.02)
        data = nef.Simulator(net, backend="numpy").data
        b = data[a]
        rates = nef.tuning_curves(a.neuron_type, x, b.encoders, b.gain, b.bias, 0.8)
        error = rates @ data[c].decoded_weights.T - x
        for i, part in enumerate((error * (np.abs(x) <= 0.8), error * (np.abs(x) > 0.8))):
            # Steps are five times as long: 27 of them leave a thousandth, and then one more.
            power[i] += np.mean(nef.Lowpass(0.02).filt(part, 0.005)[27:-1] ** 2) / 50
    assert [found.distortion, found.saturation] == pytest.approx(np.sqrt(power).tolist(), rel=1e-9)


@pytest.mark.parametrize("rmse", [0.05, 0.02])
def test_fewer_neurons_or_lower_rates_do_not_reach_the_error(rmse: float) -> None:
    """Searches end within 2 % of the least number, or rate, for 93 % of the error."""
    size, identity = nef.size_for(None, rmse, synapse=0.02), task()
    assert size.rmse <= 0.93 * rmse
    fewer = math.floor(size.n_neurons / 1.02) - 1
    assert identity.size(fewer, 1.0, (200.0, 400.0)).rmse > 0.93 * rmse
    again = nef.size_for(None, rmse, synapse=0.02, n_neurons=2 * size.n_neurons)
    low, high = again.max_rates
    assert again.rmse <= 0.93 * rmse
    slower = (low / 1.02, high / 1.02)
    assert identity.size(2 * size.n_neurons, 1.0, slower).rmse > 0.93 * rmse


def test_changes_are_for_parts_of_more_than_half_of_the_error() -> None:
    (reach,) = nef.error_budget(decoding(), seconds=0.5, backend="numpy").populations

    def lines(reach: Any = reach, **parts: float) -> int:
        error = replace(PARTS, **parts)
        return len(Budget("net", 1.0, 0.001, (error,), (reach,), {}).changes(0.02))

    for name, least in (("delay", 0.02), ("dynamics", 0.01), ("saturation", 0.01)):
        assert [lines(**{name: least * factor}) for factor in (0.999, 1.001)] == [0, 1], name
    for share, expected in ((0.0099, 0), (0.0101, 1)):
        assert lines(replace(reach, share_beyond=share), saturation=1e-3) == expected
    # Where the others are too large by themselves, noise counts from half of the error on.
    for noise, expected in ((0.0099, 1), (0.0101, 1), (0.03, 2)):
        assert lines(delay=0.03, noise=noise, distortion=0.0) == expected
    assert lines(predicted=0.0199, measured=0.0199, delay=0.03) == 0
    assert lines(predicted=0.0201, measured=0.0, delay=0.03) == 1


def test_the_table_of_a_budget_has_columns() -> None:
    budget = nef.error_budget(decoding(), seconds=0.5, backend="numpy")
    long = replace(budget["square"], label="a" * 15)
    table = str(replace(budget, connections=(budget["square"], long))).splitlines()
    assert [len(line) for line in table[1:4]] == [17 + 12 * 7] * 3
    assert [len(line) for line in table[4:]] == [12 + 50] * 2


def test_values_with_the_same_label_are_distinct() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    for _ in range(3):
        net.probe(a, label="y")
    budget = nef.error_budget(net, seconds=0.1, backend="numpy")
    assert [c.label for c in budget.connections] == ["y", "y'", "y''"]


def test_functions_of_a_basis_are_above_0_where_they_are_largest() -> None:
    basis = nef.svd_basis(nef.Network(seed=1).ensemble(30, 2))
    largest = np.abs(basis.functions).argmax(axis=0)
    assert (basis.functions[largest, np.arange(30)] > 0).all()


def test_a_function_that_is_0_has_no_shares() -> None:
    basis = nef.svd_basis(nef.Network(seed=1).ensemble(30, 1))
    with pytest.raises(ValueError, match="targets must differ from 0 somewhere, got only zeros"):
        basis.shares(np.zeros(len(basis.points)))
