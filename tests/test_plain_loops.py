"""Plain loops and back ends take the same steps: the x-squared program, spike for spike."""

import math
import random

import numpy as np
import pytest
from naive import Population, draw_population, run_plain_loops, run_two_populations

import nefsim as nef

DT, TAU, SECONDS = 0.001, 0.1, 10.0


def seed_inputs():
    """Inputs of the plain loop: t starts at 0 and grows by dt, rounding included."""
    t, inputs = 0.0, []
    while t < SECONDS:
        inputs.append(math.sin(t))
        t += DT
    return inputs


def solved(population, function):
    """Decoders from closed-form tuning curves [value / Hz], (N, 1)."""
    x = np.linspace(-1, 1, 100)
    encoders, gains, biases, _ = map(np.array, population)
    A = nef.tuning_curves(nef.LIF(), x, encoders, gains, biases)
    return nef.solve_decoders(A, function(x)[:, None], reg=0.1)


def as_ensemble(net, population, **initial_state):
    """The same population in nefsim; its eval_points and max_rates are not used."""
    encoders, gains, biases, _ = map(np.array, population)
    return net.ensemble(
        len(gains),
        1,
        encoders=encoders,
        gain=gains,
        bias=biases,
        neuron_type=nef.LIF(method="euler"),
        initial_state=initial_state,
    )


@pytest.mark.parametrize("seed", range(2))
def test_the_euler_option_is_the_plain_loop_spike_for_spike(seed):
    """The loop and nefsim differ in time by whole steps only.

    In the loop a spike of A raises the input of B in the same step; in nefsim a synapse is
    heard one step later, so that B at step k + 1 is the loop's B at step k.  B therefore
    starts refractory for one dt: it sleeps through the step that the loop does not have.
    The loop starts at t = 0 and nefsim's first step ends at dt: its stimulus is sin(t - dt).
    The output passes one more synapse, and a probe reads its value one step later, so it is
    the loop's output two steps later.
    """
    rng = random.Random(seed)
    a, b = draw_population(50, (25.0, 75.0), rng), draw_population(40, (50.0, 100.0), rng)
    decoders_a, decoders_b = solved(a, np.square), solved(b, lambda x: x)
    spikes_a, spikes_b, outputs = run_plain_loops(
        seed_inputs(), a, b, *((d[:, 0] / DT).tolist() for d in (decoders_a, decoders_b)), DT, TAU
    )

    net = nef.Network(seed=seed)
    stimulus = net.node(lambda t: math.sin(t - DT))
    ens_a = as_ensemble(net, a, voltage=0.0)
    ens_b = as_ensemble(net, b, voltage=0.0, refractory_time=DT)
    net.connect(stimulus, ens_a, synapse=None)
    net.connect(ens_a, ens_b, function=np.square, synapse=TAU, solver=nef.NoSolver(decoders_a))
    y = net.probe(ens_b, synapse=TAU, solver=nef.NoSolver(decoders_b))
    probe_a, probe_b = net.probe(ens_a.neurons), net.probe(ens_b.neurons)
    sim = nef.Simulator(net, dt=DT, backend="numpy")
    sim.run_steps(len(outputs))

    assert np.sum(spikes_a) > 5000
    assert np.sum(spikes_b) > 5000
    np.testing.assert_array_equal(sim.data[probe_a] > 0, spikes_a)
    np.testing.assert_array_equal(sim.data[probe_b][1:] > 0, spikes_b[:-1])
    assert not sim.data[probe_b][0].any()
    # Rounding: the loop multiplies by 1 - (1 - a) and by d / dt where nefsim has a and d.
    np.testing.assert_allclose(sim.data[y][2:, 0], outputs[:-2], rtol=0, atol=1e-12)
    assert not sim.data[y][:2].any()


@pytest.mark.parametrize("seed", range(3))
def test_the_numpy_back_end_is_the_naive_loop_spike_for_spike(seed):
    start = np.random.default_rng(seed).random(90)
    net = nef.Network(seed=seed)
    stimulus, output = net.node(np.sin), net.node(size_in=1)
    a = net.ensemble(50, 1, max_rates=(25, 75), initial_state={"voltage": start[:50]})
    b = net.ensemble(40, 1, max_rates=(50, 100), initial_state={"voltage": start[50:]})
    net.connect(stimulus, a, synapse=None)
    square = net.connect(a, b, function=np.square, synapse=TAU)
    identity = net.connect(b, output, synapse=TAU)
    y, probe_a, probe_b = net.probe(output), net.probe(a.neurons), net.probe(b.neurons)
    sim = nef.Simulator(net, dt=DT, backend="numpy")
    sim.run(SECONDS)

    def loop_population(ensemble, voltages):
        built = sim.data[ensemble]
        return Population(*(v.tolist() for v in (built.encoders, built.gain, built.bias, voltages)))

    spikes_a, spikes_b, outputs = run_two_populations(
        [[math.sin(t)] for t in sim.time],
        loop_population(a, start[:50]),
        loop_population(b, start[50:]),
        sim.data[square].decoders.tolist(),
        sim.data[identity].decoders.tolist(),
        DT,
        TAU,
        TAU,
    )
    assert np.sum(spikes_a) > 5000
    assert np.sum(spikes_b) > 5000
    np.testing.assert_array_equal(sim.data[probe_a] > 0, spikes_a)
    np.testing.assert_array_equal(sim.data[probe_b] > 0, spikes_b)
    # Rounding of sums of 40 numbers in another order.
    np.testing.assert_allclose(sim.data[y], outputs, rtol=0, atol=1e-12)
