"""Laws of decoders that are matched to the noise of spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import spike_noise
from nefsim.lowering import decode
from nefsim.solvers import matched
from tests.test_solvers import SENTENCE, WIDE, WIDE_Y, A, Y

DT = 0.001
KINDS = ("regular", "poisson", "auto")


def variances(kind: str, rates: np.ndarray, synapse: nef.Synapse | None) -> np.ndarray:
    """The mean over points of the variance of each neuron."""
    regular = spike_noise.regular(rates, synapse, DT).mean(axis=0)
    poisson = spike_noise.poisson(rates, synapse, DT).mean(axis=0)
    return {"regular": regular, "poisson": poisson, "auto": np.cbrt(regular**2 * poisson)}[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("synapse", [None, 0.005, nef.Lowpass(0.1), nef.Alpha(0.01)], ids=str)
@pytest.mark.parametrize(("activities", "targets"), [(A, Y), (WIDE, WIDE_Y)], ids=["tall", "wide"])
def test_decoders_solve_the_equations_with_the_variance_of_each_neuron(
    kind: Any, synapse: Any, activities: np.ndarray, targets: np.ndarray
) -> None:
    decoders, info = nef.NoiseMatched(kind, synapse=synapse)(activities, targets)
    filt = nef.Lowpass(synapse) if isinstance(synapse, float) else synapse
    expected = variances(kind, activities, filt)
    # The gain of a filter whose taps end where 1e-16 of the energy is left is 1 to 1e-8.
    np.testing.assert_allclose(info["variance"], expected, rtol=1e-7)
    penalty = np.diag(info["variance"] + (0.001 * activities.max()) ** 2)
    left = (activities.T @ activities / len(activities) + penalty) @ decoders
    right = activities.T @ targets / len(activities)
    # Backward stability: the residual is rounding of the matrix times the decoders.
    size = np.abs(activities.T @ activities / len(activities)).max() * np.abs(decoders).max()
    np.testing.assert_allclose(left, right, atol=1e-12 * size, rtol=0)


def test_with_equal_variances_it_is_a_ridge() -> None:
    # Every neuron goes through the same rates, in another order of points.
    rng = np.random.default_rng(1)
    column = rng.uniform(0, 200, 40)
    activities = np.stack([rng.permutation(column) for _ in range(10)], axis=1)
    targets = rng.normal(size=(40, 2))
    for kind in KINDS:
        solver = nef.NoiseMatched(kind, synapse=0.02)
        decoders, info = solver(activities, targets)
        reg = np.sqrt(info["variance"][0] / activities.max() ** 2 + 1e-6)
        ridge, _ = nef.LstsqL2(reg)(activities, targets)
        # Variances differ by the order of a sum.
        np.testing.assert_allclose(decoders, ridge, rtol=1e-9)


def test_every_point_twice_gives_the_same_decoders() -> None:
    solver = nef.NoiseMatched(synapse=0.02)
    once, twice = solver(A, Y)[0], solver(np.repeat(A, 2, 0), np.repeat(Y, 2, 0))[0]
    # Sums of twice as many numbers are rounded otherwise.
    np.testing.assert_allclose(once, twice, atol=1e-11 * np.abs(once).max())


def test_spikes_of_another_height_have_decoders_of_the_inverse() -> None:
    plain = nef.NoiseMatched(synapse=0.02)
    tall = nef.NoiseMatched(synapse=0.02, neuron_type=nef.LIF(amplitude=4.0))
    # A factor of 4 is exact.
    np.testing.assert_allclose(tall(4 * A, Y)[0], plain(A, Y)[0] / 4, rtol=1e-12)


def test_decoders_do_not_depend_on_the_gain_of_the_filter() -> None:
    once, twice = (nef.LinearFilter([gain], [0.02, 1.0]) for gain in (1.0, 2.0))
    one = nef.NoiseMatched(synapse=once)(A, Y)[0]
    np.testing.assert_allclose(nef.NoiseMatched(synapse=twice)(A, Y)[0], one, rtol=1e-9)


def test_slower_synapses_and_longer_steps_change_the_penalty_as_the_variance_says() -> None:
    slow, fast = (nef.NoiseMatched("regular", synapse=tau)(A, Y)[1] for tau in (0.1, 0.005))
    assert (slow["rmse"] < fast["rmse"]).all()
    ratio = fast["variance"].sum() / slow["variance"].sum()
    assert 100 < ratio < 400  # (0.1 / 0.005)² where rates are high, less where they are low
    unfiltered = [
        nef.NoiseMatched("poisson", synapse=None, dt=dt)(A, Y)[1]["variance"]
        for dt in (0.001, 0.01)
    ]
    np.testing.assert_allclose(unfiltered[0], 10 * unfiltered[1])


def test_neurons_without_spikes_have_no_noise() -> None:
    for kind in KINDS:
        solver = nef.NoiseMatched(kind, synapse=0.005, neuron_type=nef.LIFRate())
        decoders, info = solver(A, Y)
        assert not info["variance"].any()
        # The floor is a ridge of a thousandth; both add the same numbers in another order.
        np.testing.assert_allclose(decoders, nef.LstsqL2(0.001)(A, Y)[0], rtol=1e-6)


def test_neurons_that_fire_at_random_are_taken_for_poisson_processes() -> None:
    for kind in (nef.PoissonSpiking(), nef.StochasticSpiking()):
        auto, poisson, regular = (
            nef.NoiseMatched(noise, synapse=0.02, neuron_type=kind)(A, Y)[1]["variance"]
            for noise in ("auto", "poisson", "regular")
        )
        np.testing.assert_array_equal(auto, poisson)
        assert regular.sum() < auto.sum()


def test_silent_neurons_have_decoders_of_zero() -> None:
    with_silent = np.hstack([A, np.zeros((len(A), 2))])
    decoders, _ = nef.NoiseMatched(synapse=0.02)(with_silent, Y)
    assert not decoders[-2:].any()


def test_without_a_connection_it_asks_for_a_synapse() -> None:
    with pytest.raises(ValueError, match="NoiseMatched: synapse must be a filter") as caught:
        nef.NoiseMatched()(A, Y)
    assert SENTENCE.match(str(caught.value))


# --- in a network


def solved(sim: nef.Simulator, reader: Any) -> Any:
    """The arrays of a connection or probe."""
    built = sim.built.probe_data if isinstance(reader, nef.Probe) else sim.built.connections
    return built[reader]


def readers(solver: nef.solvers.Solver, **options: Any) -> tuple[nef.Network, list[Any]]:
    """A population that is read behind four filters."""
    net = nef.Network(seed=3)
    a = net.ensemble(30, 1, **options)
    out = net.node(size_in=1)
    read: list[Any] = [net.connect(a, out, synapse=s, solver=solver) for s in (0.005, 0.1, None)]
    return net, [*read, net.probe(a, synapse=nef.Alpha(0.02), solver=solver)]


@pytest.mark.parametrize("dt", [0.001, 0.0005])
@pytest.mark.parametrize(
    "neuron_type", [nef.LIF(), nef.LIF(amplitude=0.5), nef.LIFRate(), nef.PoissonSpiking()], ids=str
)
def test_each_connection_and_probe_is_solved_for_its_synapse_step_and_neurons(
    dt: float, neuron_type: nef.neurons.NeuronType
) -> None:
    net, read = readers(nef.NoiseMatched(), neuron_type=neuron_type)
    sim = nef.Simulator(net, dt=dt)
    for reader in read:
        a = reader.target if isinstance(reader, nef.Probe) else reader.pre
        arrays = sim.data[a]
        points = arrays.eval_points
        rates = nef.tuning_curves(neuron_type, points, arrays.encoders, arrays.gain, arrays.bias)
        # Where a value meets no filter, one of 10 ms is taken to follow.
        alone = nef.NoiseMatched(synapse=reader.synapse or 0.01, dt=dt, neuron_type=neuron_type)
        decoders, _ = alone(rates, points)
        # Currents are multiplied in blocks here, in one product there.
        np.testing.assert_allclose(
            solved(sim, reader).decoders, decoders, atol=1e-9 * np.abs(decoders).max()
        )


def test_fields_that_are_set_go_before_those_of_the_connection() -> None:
    net, read = readers(nef.NoiseMatched(synapse=0.05, dt=0.01, neuron_type=nef.PoissonSpiking()))
    sim = nef.Simulator(net)
    first, *others = (solved(sim, reader).decoders for reader in read)
    for other in others:
        np.testing.assert_array_equal(first, other)
    variance = sim.data[read[0]].solver_info["variance"]
    arrays = sim.data[read[0].pre]
    rates = nef.tuning_curves(
        nef.LIF(), arrays.eval_points, arrays.encoders, arrays.gain, arrays.bias
    )
    poisson = spike_noise.poisson(rates, nef.Lowpass(0.05), 0.01).mean(axis=0)
    np.testing.assert_allclose(variance, poisson, rtol=1e-9)


def test_one_gram_matrix_serves_all_synapses_and_is_factored_once_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates, factors = [], []
    activities, factor = decode.Solving._activities, matched._factor
    monkeypatch.setattr(decode.Solving, "_activities", lambda *a: rates.append(a) or activities(*a))
    monkeypatch.setattr(matched, "_factor", lambda *a: factors.append(a) or factor(*a))
    net, read = readers(nef.NoiseMatched())
    for function in (np.square, np.sin):
        net.connect(read[0].pre, read[0].post, function, synapse=0.005, solver=nef.NoiseMatched())
    nef.Simulator(net)
    assert len(rates) == 1
    assert len(factors) == 4  # of seven readers


def test_activities_in_blocks_give_the_same_decoders(monkeypatch: pytest.MonkeyPatch) -> None:
    net, read = readers(nef.NoiseMatched())
    whole = nef.Simulator(net)
    monkeypatch.setattr(decode, "MOST_ACTIVITIES", 5000)
    parts = nef.Simulator(net)
    for reader in read:
        one, other = solved(whole, reader), solved(parts, reader)
        # Sums over points are added up in another order.
        np.testing.assert_allclose(
            one.decoders, other.decoders, atol=1e-9 * np.abs(one.decoders).max()
        )
        np.testing.assert_allclose(one.solver_info["rmse"], other.solver_info["rmse"], rtol=1e-6)
        np.testing.assert_allclose(
            one.solver_info["variance"], other.solver_info["variance"], rtol=1e-3
        )


def test_full_weights_are_those_of_the_decoders() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(30, 1), net.ensemble(20, 1)
    full = net.connect(a, b, np.square, solver=nef.NoiseMatched(weights=True))
    decoded = net.connect(a, b, np.square, solver=nef.NoiseMatched())
    sim = nef.Simulator(net)
    # One product is formed here by the simulator, there when it is asked for.
    np.testing.assert_allclose(sim.data[full].weights, sim.data[decoded].weights, rtol=1e-12)


def test_both_back_ends_have_the_same_spikes() -> None:
    pytest.importorskip("numba")
    net = nef.Network(seed=2)
    a, b = net.ensemble(40, 1), net.ensemble(40, 1)
    net.connect(net.node(np.sin), a, solver=nef.NoiseMatched())
    net.connect(a, b, np.square, synapse=0.02, solver=nef.NoiseMatched())
    net.probe(b, synapse=0.02, solver=nef.NoiseMatched())
    report = nef.crosscheck(net, seconds=0.5, backends=("numpy", "numba"))
    assert report.spikes_differ == 0


@pytest.mark.parametrize("tau", [0.005, 0.1])
def test_spikes_are_decoded_better_than_by_one_ridge_for_all(tau: float) -> None:
    net = nef.Network(seed=4)
    x = net.node(nef.WhiteSignal(4.0, high=3.0, rms=0.4, seed=5))
    a = net.ensemble(60, 1)
    net.connect(x, a, synapse=None)
    solvers = (nef.NoiseMatched(), nef.LstsqL2(0.1))
    read = [net.probe(a, synapse=tau, solver=solver) for solver in solvers]
    shown = net.probe(x, synapse=tau)
    sim = nef.Simulator(net)
    sim.run(4.0)
    mine, ridge = (np.sqrt(np.mean((sim.data[y] - sim.data[shown])[500:] ** 2)) for y in read)
    assert mine < 0.95 * ridge
