"""The plain program of the NEF, and how errors shrink with the number of neurons."""

from __future__ import annotations

from typing import Any

import numpy as np

import nefsim as nef
from nefsim.reproduce.figure import Effort
from nefsim.reproduce.lines import Curve, Outcome, compare

DT, TAU, SECONDS = 0.001, 0.1, 10.0
TAU_RC, TAU_REF = 0.02, 0.002

Array = np.ndarray[Any, np.dtype[np.float64]]


def draw(n: int, rates: tuple[float, float], rng: np.random.Generator) -> tuple[Array, ...]:
    """Encoders, gains and biases of a population, by the formulas of the program."""
    encoders = rng.choice([-1.0, 1.0], n)
    rate, intercept = rng.uniform(*rates, n), rng.uniform(-1, 1, n)
    z = 1 / (1 - np.exp((TAU_REF - 1 / rate) / TAU_RC))
    gains = (1 - z) / (intercept - 1)
    return encoders, gains, 1 - gains * intercept


def step(J: Array, v: Array, refractory: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Euler's step of LIF neurons, in place: the neurons that fire."""
    v += DT * (J - v) / TAU_RC
    np.maximum(v, 0, out=v)
    waits = refractory > 0
    v[waits] = 0
    refractory[waits] -= DT
    fires = v > 1
    v[fires], refractory[fires] = 0, TAU_REF
    return np.asarray(fires)


def counted(population: tuple[Array, ...], rng: np.random.Generator) -> tuple[Array, Array]:
    """Points, and firing rates that are counted over half a second, (100, N)."""
    encoders, gains, biases = population
    x = np.arange(100) * 2 / 100 - 1
    J = x[:, None] * encoders * gains + biases
    v, refractory, counts = rng.random(J.shape), np.zeros(J.shape), np.zeros(J.shape)
    for _ in range(500):
        counts += step(J, v, refractory)
    return x, counts / 0.5


def program(
    a: tuple[Array, ...], b: tuple[Array, ...], of_a: Array, of_b: Array
) -> tuple[Array, Array, Array]:
    """Run the program: spikes of both populations and the output, for decoders [value / Hz]."""
    encoders_a, gains_a, biases_a = a
    encoders_b, gains_b, biases_b = b
    n_steps = round(SECONDS / DT)
    weights = np.outer(of_a / DT, encoders_b)
    p = 1 - np.exp(-DT / TAU)
    state_a, state_b = np.zeros((2, len(gains_a))), np.zeros((2, len(gains_b)))
    received, out = np.zeros(len(gains_b)), 0.0
    fired_a, fired_b = np.zeros((n_steps, len(gains_a))), np.zeros((n_steps, len(gains_b)))
    outputs = np.zeros(n_steps)
    for k in range(n_steps):
        received *= 1 - p
        out *= 1 - p
        x = np.sin(k * DT)
        fires = step(x * encoders_a * gains_a + biases_a, *state_a)
        received += p * weights[fires].sum(axis=0)
        fired_a[k] = fires
        fires = step(gains_b * received + biases_b, *state_b)
        out += p * (of_b[fires] / DT).sum()
        fired_b[k], outputs[k] = fires, out
    return fired_a, fired_b, outputs


def same_in_nefsim(
    a: tuple[Array, ...], b: tuple[Array, ...], of_a: Array, of_b: Array, seed: int
) -> tuple[Array, Array, Array]:
    """The same arrays in a network with Euler's neurons, in the program's order of steps.

    A spike of A raises the input of B in the same step of the program and one step later in
    nefsim, and the output by one more.  B is held refractory for that step.
    """
    net = nef.Network(seed=seed)
    stimulus = net.node(lambda t: np.sin(t - DT))
    kind = nef.LIF(method="euler")
    pre, post = (
        net.ensemble(
            *(len(gains), 1),
            encoders=encoders[:, None],
            gain=gains,
            bias=biases,
            neuron_type=kind,
            initial_state={"voltage": 0.0, "refractory_time": wait},
        )
        for (encoders, gains, biases), wait in ((a, 0.0), (b, DT))
    )
    net.connect(stimulus, pre, synapse=None)
    of_a, of_b = of_a[:, None], of_b[:, None]
    net.connect(pre, post, function=np.square, synapse=TAU, solver=nef.NoSolver(of_a))
    y = net.probe(post, synapse=TAU, solver=nef.NoSolver(of_b))
    spikes = [net.probe(ensemble.neurons) for ensemble in (pre, post)]
    with nef.Simulator(net, dt=DT, progress=False) as sim:
        sim.run(SECONDS)
        first, second = (sim.data[probe] > 0 for probe in spikes)
        return first, second, np.asarray(sim.data[y])[:, 0]


def square(effort: Effort) -> Outcome:
    """Spikes of the program and of nefsim, and the error of both."""
    differ: dict[str, list[float]] = {"A": [], "B": []}
    errors: dict[str, list[float]] = {"program": [], "nefsim": []}
    for seed in effort.count(2, 20):
        rng = np.random.default_rng(seed)
        a, b = draw(50, (25.0, 75.0), rng), draw(40, (50.0, 100.0), rng)
        x, rates_a = counted(a, rng)
        _, rates_b = counted(b, rng)
        of_a = np.linalg.pinv(rates_a.T @ rates_a) @ rates_a.T @ x**2
        of_b = np.linalg.pinv(rates_b.T @ rates_b) @ rates_b.T @ x
        fired_a, fired_b, outputs = program(a, b, of_a, of_b)
        ours_a, ours_b, _ = same_in_nefsim(a, b, of_a, of_b, seed)
        differ["A"].append(float((ours_a != fired_a).sum()))
        differ["B"].append(float((ours_b[1:] != fired_b[:-1]).sum()))
        errors["program"].append(_error(outputs))
        errors["nefsim"].append(_error(_usual(seed)))
    lines = [
        compare(
            f"spikes of {name} that differ from the program", 0, values, 0, "they must be equal"
        )
        for name, values in differ.items()
    ]
    lines.append(
        compare(
            "rmse of x², with decoders of nefsim",
            float(np.mean(errors["program"])),
            errors["nefsim"],
            0.0,
            "the program as it is run here",
            better="lower",
            note="the program counts rates and solves without a penalty",
        )
    )
    return Outcome(lines)


def _usual(seed: int) -> Array:
    """The output of the network of the README, with the defaults of nefsim."""
    net = nef.Network(seed=seed)
    a = net.ensemble(50, 1, max_rates=(25, 75))
    b = net.ensemble(40, 1, max_rates=(50, 100))
    net.connect(net.node(np.sin), a, synapse=None)
    net.connect(a, b, function=np.square, synapse=TAU)
    y = net.probe(b, synapse=TAU)
    with nef.Simulator(net, dt=DT, progress=False) as sim:
        sim.run(SECONDS)
        return np.asarray(sim.data[y])[:, 0]


def _error(output: Array) -> float:
    late = nef.Lowpass(TAU)
    ideal = late.filt(late.filt(np.sin(DT * np.arange(1, len(output) + 1)) ** 2))
    return float(np.sqrt(np.mean((output - ideal) ** 2)))


def noise(effort: Effort) -> Outcome:
    """Slopes of the two errors of a decoded value, by the number of neurons."""
    sizes = np.array([16, 32, 64, 128, 256])
    fine = np.linspace(-1, 1, 1001)
    net = nef.Network(seed=0)
    ramp = net.node(lambda t: t - 1)
    n_each = len(effort.count(6, 40))
    groups = [[net.ensemble(int(n), 1, max_rates=(25, 75)) for _ in range(n_each)] for n in sizes]
    for ensemble in net.ensembles:
        net.connect(ramp, ensemble, synapse=None)
    probes = {ensemble: net.probe(ensemble.neurons) for ensemble in net.ensembles}
    found = np.zeros((2, len(sizes), n_each))
    with nef.Simulator(net, progress=False) as sim:
        sim.run(2.0)
        for i, group in enumerate(groups):
            for j, ensemble in enumerate(group):
                built = sim.data[ensemble]
                neurons = built.encoders, built.gain, built.bias
                rates = nef.tuning_curves(nef.LIF(), fine, *neurons)
                decoders = nef.solve_decoders(rates, fine, reg=0.001)
                found[0, i, j] = np.sqrt(np.mean((rates @ decoders - fine[:, None]) ** 2))
                decoders = nef.solve_decoders(rates, fine, reg=0.1)
                rough = sim.data[probes[ensemble]]
                rough = rough - nef.tuning_curves(nef.LIF(), sim.time - 1, *neurons)
                rough = nef.Lowpass(0.02).filt(rough @ decoders)[100:]
                found[1, i, j] = np.sqrt(np.mean(rough**2))
    slopes = [np.polyfit(np.log(sizes), np.log(part), 1)[0] for part in found]
    lines = [
        compare(
            *("slope of rms noise, log-log", -0.5, slopes[1]),
            *(0.05, "the law is of large N"),
        ),
        compare(
            *("slope of rms distortion, log-log", -1.0, slopes[0]),
            *(0.25, "the law is of large N and no penalty"),
        ),
    ]
    curves = [
        Curve(name, sizes.tolist(), part.mean(axis=1).tolist(), sizes.tolist(), law.tolist())
        for name, part, law in (
            ("noise", found[1], found[1, 0].mean() * (sizes / 16) ** -0.5),
            ("distortion", found[0], found[0, 0].mean() * (sizes / 16) ** -1.0),
        )
    ]
    axes = {"xscale": "log", "yscale": "log", "xlabel": "neurons", "ylabel": "rms error"}
    return Outcome(lines, curves, axes)
