"""Whole networks whose error depends on decoders, run with one solver for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

import nefsim as nef
from nefsim.solvers import LstsqL2, NoiseMatched, Solver

DT = 0.001
TAU = 0.1

SOLVERS: dict[str, Solver] = {
    "auto": NoiseMatched(),
    "regular": NoiseMatched("regular"),
    "poisson": NoiseMatched("poisson"),
    "reg 0.1": LstsqL2(0.1),
    "reg 0.03": LstsqL2(0.03),
    "reg 0.01": LstsqL2(0.01),
}

Scores = dict[str, float]


def run(net: nef.Network, seconds: float) -> nef.Simulator:
    """A simulator that has run."""
    sim = nef.Simulator(net, progress=False)
    sim.run(seconds)
    return sim


def rms(x: np.ndarray) -> float:
    """The root of the mean square."""
    return float(np.sqrt(np.mean(np.square(x))))


def twice(x: np.ndarray, tau: float) -> np.ndarray:
    """Behind two lowpasses."""
    return nef.Lowpass(tau).filt(nef.Lowpass(tau).filt(x))


def square(seed: int, solver: Solver) -> Scores:
    """The network of the README: 50 and 40 neurons, x squared behind 0.1 s."""
    net = nef.Network(seed=seed)
    a = net.ensemble(50, 1, max_rates=(25, 75))
    b = net.ensemble(40, 1, max_rates=(50, 100))
    net.connect(net.node(np.sin), a, synapse=None)
    net.connect(a, b, function=np.square, synapse=TAU, solver=solver)
    y = net.probe(b, synapse=TAU, solver=solver)
    sim = run(net, 10.0)
    return {"rmse": rms(sim.data[y][:, 0] - twice(np.sin(sim.time) ** 2, TAU))}


def chain(seed: int, solver: Solver) -> Scores:
    """Five populations of 100, one after the other, with synapses of 5 ms."""
    net = nef.Network(seed=seed)
    u = net.node(nef.WhiteSignal(10.0, high=2.0, rms=0.4, seed=seed + 1))
    first = last = net.ensemble(100, 1)
    net.connect(u, first, synapse=None)
    for _ in range(4):
        before, last = last, net.ensemble(100, 1)
        net.connect(before, last, solver=solver)
    y, x = net.probe(last, synapse=0.02, solver=solver), net.probe(u)
    sim = run(net, 10.0)
    ideal = sim.data[x]
    for tau in (0.005,) * 4 + (0.02,):
        ideal = np.roll(nef.Lowpass(tau).filt(ideal), 1, axis=0)
    return {"rmse": rms((sim.data[y] - np.roll(ideal, -1, axis=0))[500:-1])}


def channel(seed: int, solver: Solver) -> Scores:
    """16 dimensions through 800 neurons and 800 more, 5 ms."""
    net = nef.Network(seed=seed)
    u = net.node(nef.WhiteSignal(4.0, high=5.0, rms=0.2, seed=seed + 1), size_out=16)
    a, b = net.ensemble(800, 16), net.ensemble(800, 16)
    net.connect(u, a, synapse=None)
    net.connect(a, b, solver=solver)
    y, x = net.probe(b, synapse=0.01, solver=solver), net.probe(u)
    sim = run(net, 4.0)
    ideal = nef.Lowpass(0.01).filt(np.roll(nef.Lowpass(0.005).filt(sim.data[x]), 1, axis=0))
    return {"rmse": rms((sim.data[y] - ideal)[500:])}


def product(seed: int, solver: Solver) -> Scores:
    """Two populations of 100 meet in 200 neurons, which pass their product on to 100."""
    net = nef.Network(seed=seed)
    u = net.node(nef.WhiteSignal(10.0, high=2.0, rms=0.4, seed=seed + 1), size_out=2)
    both, out = net.ensemble(200, 2, radius=1.4), net.ensemble(100, 1)
    for i in range(2):
        one = net.ensemble(100, 1)
        net.connect(u[i], one, synapse=None)
        net.connect(one, both[i], solver=solver)
    net.connect(both, out, function=lambda x: x[0] * x[1], solver=solver)
    y, x = net.probe(out, synapse=0.02, solver=solver), net.probe(u)
    sim = run(net, 10.0)
    seen = np.roll(nef.Lowpass(0.005).filt(sim.data[x]), 1, axis=0)
    passed = np.roll(nef.Lowpass(0.005).filt(seen[:, :1] * seen[:, 1:]), 1, axis=0)
    return {"rmse": rms((sim.data[y] - nef.Lowpass(0.02).filt(passed))[500:])}


def integrator(seed: int, solver: Solver) -> Scores:
    """500 neurons hold a value that a pulse has set; how far it moves in 1 and 4 s."""
    goal = np.random.default_rng(seed).uniform(-0.8, 0.8)
    net = nef.Network(seed=seed)
    x = net.ensemble(500, 1)
    net.connect(net.node(nef.Piecewise({0.0: 4 * goal, 0.25: 0.0})), x, transform=TAU, synapse=TAU)
    net.connect(x, x, synapse=TAU, solver=solver)
    y = net.probe(x, synapse=TAU, solver=solver)
    values = run(net, 6.0).data[y][:, 0]
    level = [values[round(t / DT) : round(t / DT) + 100].mean() for t in (1.5, 2.5, 5.5)]
    return {"drift 1 s": abs(level[1] - level[0]), "drift 4 s": abs(level[2] - level[0])}


def oscillator(seed: int, solver: Solver) -> Scores:
    """500 neurons on a circle at 5 Hz, to which the function draws them back."""
    omega, pull = 2 * np.pi * 5.0, 2.0

    def turn(x: np.ndarray) -> list[float]:
        grow = 1 + TAU * pull * (1 - x @ x)
        return [grow * x[0] - TAU * omega * x[1], grow * x[1] + TAU * omega * x[0]]

    net = nef.Network(seed=seed)
    x = net.ensemble(500, 2, radius=1.2)
    kick = net.node(nef.Piecewise({0.0: 10.0, 0.1: 0.0}))
    net.connect(kick, x[0], transform=TAU, synapse=TAU)
    net.connect(x, x, function=turn, synapse=TAU, solver=solver)
    y = net.probe(x, synapse=0.02, solver=solver)
    values = run(net, 6.0).data[y][1000:]
    angle = np.unwrap(np.arctan2(values[:, 1], values[:, 0]))
    rate = (angle[-1] - angle[0]) / (len(values) - 1) / DT / omega
    # What the filter of the probe leaves of the radius.
    radius = np.hypot(*values.T) * math.hypot(1, 0.02 * omega)
    return {"frequency": abs(rate - 1), "radius": abs(radius.mean() - 1), "spread": radius.std()}


def delay(seed: int, solver: Solver) -> Scores:
    """The last second of a signal in six Legendre polynomials, of 166 neurons each."""
    q, theta = 6, 1.0
    i, j = np.ogrid[:q, :q]
    A = (2 * i + 1) / theta * np.where(i < j, -1.0, (-1.0) ** (i - j + 1))
    B = ((2 * i + 1) * (-1.0) ** i / theta)[:, 0]
    both = np.zeros((q + 1, q + 1))
    both[:q, :q], both[:q, q] = A * DT, B * DT
    both = scipy.linalg.expm(both)
    a = math.exp(-DT / TAU)
    recurrent, driven = (both[:q, :q] - a * np.eye(q)) / (1 - a), both[:q, q:] / (1 - a)
    net = nef.Network(seed=seed)
    u = net.node(nef.WhiteSignal(12.0, high=1.0, rms=0.4, seed=seed + 1))
    state = net.node(size_in=q)
    for k in range(q):
        x = net.ensemble(166, 1)
        net.connect(u, x, transform=driven[k : k + 1], synapse=TAU)
        net.connect(state, x, transform=recurrent[k : k + 1], synapse=None)
        net.connect(x, state[k], synapse=TAU, solver=solver)
    y, given = net.probe(state), net.probe(u)
    sim = run(net, 12.0)
    late = np.concatenate([np.zeros(1000), sim.data[given][:-1000, 0]])
    ideal = nef.Lowpass(TAU).filt(late)[2000:]
    return {"nrmse": rms(sim.data[y].sum(axis=1)[2000:] - ideal) / rms(ideal)}


def learned(function: Callable[[np.ndarray], np.ndarray], seed: int, solver: Solver) -> Scores:
    """PES learns a function from zeros, with an error of 100 neurons."""
    net = nef.Network(seed=seed)
    u = net.node(nef.WhiteSignal(5.0, high=2.0, rms=0.4, seed=seed + 1))
    pre, post, error = (net.ensemble(100, 1) for _ in range(3))
    net.connect(u, pre, synapse=None)
    rule = net.connect(
        pre, post, function=np.zeros_like, learning_rule=nef.PES(1e-3), solver=solver
    )
    net.connect(post, error, solver=solver)
    net.connect(pre, error, function=lambda x: -function(x), solver=solver)
    net.connect(error, rule.learning_rule, solver=solver)
    y, x = net.probe(post, synapse=0.02, solver=solver), net.probe(u)
    sim = run(net, 20.0)
    seen = np.roll(nef.Lowpass(0.005).filt(function(sim.data[x])), 1, axis=0)
    return {"rmse": rms((sim.data[y] - nef.Lowpass(0.02).filt(seen))[-5000:])}


def pes(seed: int, solver: Solver) -> Scores:
    """The identity, and the square."""
    same = learned(lambda x: x, seed, solver)["rmse"]
    return {"x": same, "x^2": learned(np.square, seed, solver)["rmse"]}


def population(
    neuron_type: nef.neurons.NeuronType, later: bool, seed: int, solver: Solver
) -> Scores:
    """x and its square of 100 neurons, 20 ms; ``later`` is a second filter, after a node."""
    net = nef.Network(seed=seed)
    u = net.node(nef.WhiteSignal(10.0, high=5.0, rms=0.4, seed=seed + 1))
    a = net.ensemble(100, 1, neuron_type=neuron_type)
    net.connect(u, a, synapse=None)
    out = net.node(size_in=2)
    synapse = None if later else 0.02
    net.connect(a, out[0], synapse=synapse, solver=solver)
    net.connect(a, out[1], function=np.square, synapse=synapse, solver=solver)
    y, x = net.probe(out, synapse=0.02 if later else None), net.probe(u)
    sim = run(net, 10.0)
    ideal = nef.Lowpass(0.02).filt(np.hstack([sim.data[x], sim.data[x] ** 2]))
    wrong = (sim.data[y][1:] - ideal[: -1 if not later else None][: len(ideal) - 1])[500:]
    return {"x": rms(wrong[:, 0]), "x^2": rms(wrong[:, 1])}


NETWORKS: dict[str, Callable[[int, Solver], Scores]] = {
    "square": square,
    "chain": chain,
    "channel": channel,
    "product": product,
    "integrator": integrator,
    "oscillator": oscillator,
    "delay": delay,
    "pes": pes,
    "rates": lambda *args: population(nef.LIFRate(), False, *args),
    "poisson": lambda *args: population(nef.PoissonSpiking(), False, *args),
    "adaptive": lambda *args: population(nef.AdaptiveLIF(), False, *args),
    "later": lambda *args: population(nef.LIF(), True, *args),
}


def study(name: str, seeds: int) -> dict[str, Any]:
    """Medians over seeds of each score, by solver."""
    found: dict[str, Any] = {}
    for label, solver in SOLVERS.items():
        runs = [NETWORKS[name](seed, solver) for seed in range(seeds)]
        for score in runs[0]:
            found[f"{score}; {label}"] = float(np.median([one[score] for one in runs]))
    return dict(sorted(found.items(), key=lambda item: item[0].split("; ")[0]))
