"""Populations in which neurons have different time constants."""

import pickle

import numpy as np
import pytest

import nefsim as nef
from nefsim import backends

BACKENDS = [name for name in ("numpy", "numba") if name in backends.available()]

TAU_RC = np.array([0.01, 0.02, 0.035, 0.05, 0.02])
TAU_REF = np.array([0.001, 0.002, 0.0, 0.004, 0.003])
N = len(TAU_RC)


def types(tau_rc, tau_ref):
    """All kinds that have time constants."""
    own = {"tau_rc": tau_rc, "tau_ref": tau_ref}
    return [
        nef.LIF(**own),
        nef.LIF(**own, amplitude=0.5, min_voltage=-0.5),
        nef.LIF(**own, method="euler"),
        nef.LIFRate(**own),
        nef.AdaptiveLIF(**own, tau_n=0.1),
        nef.AdaptiveLIFRate(**own, tau_n=0.1),
        nef.RegularSpiking(nef.LIFRate(**own)),
        nef.PoissonSpiking(nef.LIFRate(**own)),
    ]


PLACES = range(len(types(0.02, 0.002)))


def each(place):
    """The neuron types of single neurons."""
    return [types(rc, ref)[place] for rc, ref in zip(TAU_RC, TAU_REF, strict=True)]


# Each neuron equals a population of one


@pytest.mark.parametrize("place", PLACES)
def test_curves_are_those_of_each_neuron_alone(place):
    together, alone = types(TAU_RC, TAU_REF)[place], each(place)
    J = np.random.default_rng(0).uniform(0, 6, (20, N))
    rates = together.rates(J)
    expected = np.stack([one.rates(J[:, i]) for i, one in enumerate(alone)], 1)
    np.testing.assert_array_equal(rates, expected)
    r = np.random.default_rng(1).uniform(0, 200, (20, N))
    expected = np.stack([one.current(r[:, i]) for i, one in enumerate(alone)], 1)
    np.testing.assert_array_equal(together.current(r), expected)
    np.testing.assert_array_equal(together.rates(2.0), [one.rates(2.0) for one in alone])
    np.testing.assert_array_equal(
        np.broadcast_to(together.rate_limit, N), [one.rate_limit for one in alone]
    )


@pytest.mark.parametrize("place", PLACES)
def test_gains_and_biases_are_those_of_each_neuron_alone(place):
    together, alone = types(TAU_RC, TAU_REF)[place], each(place)
    max_rates = np.array([300.0, 100.0, 200.0, 240.0, 250.0])
    intercepts = np.linspace(-0.9, 0.8, N)
    gain, bias = nef.gain_bias(together, max_rates, intercepts)
    for i, one in enumerate(alone):
        expected = nef.gain_bias(one, max_rates[i : i + 1], intercepts[i : i + 1])
        np.testing.assert_array_equal([gain[i], bias[i]], np.ravel(expected))
    rates, crossed = nef.max_rates_intercepts(together, gain, bias)
    np.testing.assert_allclose(rates, max_rates, rtol=1e-12)
    np.testing.assert_allclose(crossed, intercepts, atol=1e-12)


def recorded(kinds, backend, batch_size=None, dtype="float64", n_steps=400):
    """Outputs and refractory times of populations that get the same input, side by side."""
    net = nef.Network(seed=1)
    u = net.node(lambda t: np.sin(20 * t))
    n = N // len(kinds)
    probes = []
    for i, kind in enumerate(kinds):
        a = net.ensemble(
            n,
            1,
            encoders=np.ones((n, 1)),
            gain=np.linspace(1, 3, N)[i * n : (i + 1) * n],
            bias=np.linspace(1, 4, N)[i * n : (i + 1) * n],
            neuron_type=kind,
            initial_state=dict.fromkeys(kind.initial_state, 0.0),
            seed=3,
        )
        net.connect(u, a, synapse=0.01)
        states = [name for name in kind.initial_state if name != "rate_out"]
        probes.append([net.probe(a.neurons, name) for name in ("output", *states)])
    with nef.Simulator(net, backend=backend, batch_size=batch_size, dtype=dtype) as sim:
        sim.run_steps(n_steps)
    return [np.concatenate([sim.data[p[k]] for p in probes], -1) for k in range(len(probes[0]))]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("place", [p for p in PLACES if "Poisson" not in repr(types(1, 0)[p])])
def test_a_run_is_that_of_each_neuron_alone(place, backend):
    kind = types(TAU_RC, TAU_REF)[place]
    together, alone = recorded([kind], backend), recorded(each(place), backend)
    if kind.spiking:
        assert (together[0] > 0).sum() > 100
        np.testing.assert_array_equal(together[0] > 0, alone[0] > 0)
    for actual, expected in zip(together, alone, strict=True):
        # Exponentials of a number and of an array differ in the last digit.
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("place", PLACES)
def test_back_ends_give_the_same_spikes(place):
    kind = types(TAU_RC, TAU_REF)[place]
    runs = [recorded([kind], backend, batch_size=2) for backend in BACKENDS]
    for run in runs[1:]:
        np.testing.assert_array_equal(run[0] > 0, runs[0][0] > 0)
        for actual, expected in zip(run, runs[0], strict=True):
            # Exponentials of two libraries.
            np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_array_of_equal_constants_equals_one_number(backend):
    arrays = recorded([nef.LIF(np.full(N, 0.02), np.full(N, 0.002))], backend)
    numbers = recorded([nef.LIF()], backend)
    assert (arrays[0] > 0).sum() > 100
    np.testing.assert_array_equal(arrays[0], numbers[0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_single_precision_is_close(backend):
    kind = nef.LIF(TAU_RC, TAU_REF)
    half = recorded([kind], backend, dtype="float32")[0]
    spikes = recorded([kind], backend)[0]
    assert half.dtype == np.float32
    # A voltage that meets the threshold at the end of a step may fire a step later.
    assert np.abs((half > 0).sum(0) - (spikes > 0).sum(0)).max() <= 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_population_represents_its_input(backend):
    rng = np.random.default_rng(0)
    kind = nef.LIF(tau_rc=rng.uniform(0.01, 0.05, 200), tau_ref=rng.uniform(0.001, 0.003, 200))
    net = nef.Network(seed=1)
    a = net.ensemble(200, 1, neuron_type=kind, max_rates=(100, 200))
    net.connect(net.node(0.5), a)
    y = net.probe(a, synapse=0.05)
    with nef.Simulator(net, backend=backend) as sim:
        sim.run(0.6)
    assert abs(sim.data[y][-200:].mean() - 0.5) < 0.02


def test_populations_of_one_size_and_other_constants_are_not_stepped_together():
    net = nef.Network(seed=1)
    for kind in (nef.LIF(TAU_RC), nef.LIF(TAU_RC[::-1]), nef.LIF(TAU_RC)):
        a = net.ensemble(N, 1, neuron_type=kind, gain=1.0, bias=3.0, initial_state={"voltage": 0.0})
        net.probe(a.neurons)
    with nef.Simulator(net, backend="numpy") as sim:
        sim.run(0.2)
    first, turned, again = (sim.data[p] for p in net.probes)
    np.testing.assert_array_equal(first, turned[:, ::-1])
    np.testing.assert_array_equal(first, again)


# Values


def test_types_are_equal_by_content():
    kind = nef.LIF(TAU_RC, TAU_REF)
    assert kind == nef.LIF(list(TAU_RC), tuple(TAU_REF)) == pickle.loads(pickle.dumps(kind))
    assert hash(kind) == hash(nef.LIF(TAU_RC.copy(), TAU_REF.copy()))
    assert kind != nef.LIF(TAU_RC[::-1], TAU_REF)
    assert kind != nef.LIF()
    assert kind.size == N
    assert nef.LIF().size is None
    with pytest.raises(ValueError, match="read-only"):
        kind.tau_rc[0] = 1.0


def test_a_saved_run_requires_the_same_constants(tmp_path):
    rng = np.random.default_rng(0)

    def network(taus):
        net = nef.Network(seed=1)
        a = net.ensemble(2000, 1, neuron_type=nef.LIF(taus), gain=1.0, bias=2.0)
        net.probe(a.neurons)
        return net

    taus = rng.uniform(0.01, 0.02, 2000)
    sim = nef.Simulator(network(taus), backend="numpy")
    sim.run(0.05)
    path = sim.save(tmp_path / "half")
    again = nef.Simulator.load(path, network(taus), backend="numpy")
    again.run(0.05)
    sim.run(0.05)
    np.testing.assert_array_equal(sim.data[sim.probes[0]], again.data[again.probes[0]])
    other = taus.copy()
    other[1000] *= 1.5
    with pytest.raises(ValueError, match="fit the saved state"):
        nef.Simulator.load(path, network(other))


# Refused


@pytest.mark.parametrize("make", [nef.LIF, nef.LIFRate, nef.AdaptiveLIF, nef.AdaptiveLIFRate])
@pytest.mark.parametrize(
    "wrong",
    [
        {"tau_rc": [0.02, 0.0]},
        {"tau_rc": [0.02, -1.0]},
        {"tau_rc": [0.02, np.nan]},
        {"tau_rc": []},
        {"tau_rc": [[0.02]]},
        {"tau_ref": [0.002, -0.001]},
        {"tau_rc": [0.02, 0.03], "tau_ref": [0.001, 0.002, 0.003]},
    ],
    ids=str,
)
def test_invalid_constants_raise_one_sentence(make, wrong):
    with pytest.raises(ValueError, match=rf"^{make.__name__}: .+ must .+, got .+; .+\.$"):
        make(**wrong)


def test_sizes_that_do_not_fit_raise_at_the_call():
    net = nef.Network()
    with pytest.raises(ValueError, match=r"neuron_type must be for 6 neurons, got time constants"):
        net.ensemble(6, 1, neuron_type=nef.LIF(TAU_RC))
    with pytest.raises(ValueError, match=r"must have 5 neurons in its last axis, got shape \(3,\)"):
        nef.LIF(TAU_RC).rates([1.0, 2.0, 3.0])


def test_rates_out_of_reach_of_one_neuron_are_refused():
    net = nef.Network()
    kind = nef.LIF(tau_ref=[0.001, 0.004])
    net.ensemble(2, 1, neuron_type=kind, max_rates=[900.0, 240.0])
    with pytest.raises(ValueError, match=r"below 1/tau_ref = 250 Hz, got 260 Hz \(neuron 1\)"):
        net.ensemble(2, 1, neuron_type=kind, max_rates=[200.0, 260.0])
    with pytest.raises(ValueError, match="below 1/tau_ref = 250 Hz"):
        net.ensemble(2, 1, neuron_type=kind, max_rates=(200, 400))


def test_arrays_of_constants_cannot_be_exported_to_nengo():
    pytest.importorskip("nengo")
    from nefsim.nengo import to_nengo

    net = nef.Network(seed=1)
    net.ensemble(N, 1, neuron_type=nef.LIF(TAU_RC), gain=1.0, bias=2.0, label="a")
    with pytest.raises(ValueError, match=r"<ensemble 'a'>.*got time constants of each neuron"):
        to_nengo(net)


@pytest.mark.parametrize("n", [8, 9, 100])
@pytest.mark.parametrize("make", [nef.LIF, nef.AdaptiveLIF])
def test_many_neurons_with_different_constants_spike_equally_on_every_back_end(n, make):
    """Eight at a time where that is compiled."""
    rng = np.random.default_rng(n)
    kind = make(tau_rc=rng.uniform(0.01, 0.05, n), tau_ref=rng.uniform(0, 0.004, n))
    net = nef.Network(seed=n)
    a = net.ensemble(n, 2, neuron_type=kind, max_rates=(50, 150))
    net.connect(net.node(nef.WhiteSignal(1.0, high=20.0, rms=0.5), size_out=2), a)
    net.connect(a, a, synapse=0.1)
    spikes, waits = (net.probe(a.neurons, name) for name in ("output", "refractory_time"))
    runs = []
    for backend in BACKENDS:
        with nef.Simulator(net, backend=backend) as sim:
            sim.run(0.5)
            runs.append((sim.data[spikes], sim.data[waits]))
    assert (runs[0][0] > 0).sum() > 10 * n
    for run in runs[1:]:
        np.testing.assert_array_equal(run[0], runs[0][0])
        # Currents are sums of other order.
        np.testing.assert_allclose(run[1], runs[0][1], rtol=0, atol=1e-12)
