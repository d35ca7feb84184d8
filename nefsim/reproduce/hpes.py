"""The experiments of the hPES paper in its protocol.

Bekolay, Kolbeck and Eliasmith (2013) learn to transmit and to bind vectors, and watch the
weights of BCM grow sparse.  Tests and learning take turns, tests first; the time of the paper's
figures is the time of learning alone.  Learning rates were chosen on seeds 100 to 105; the
printed numbers come from seeds 0, 1, ..., with 95 % bootstrap intervals of the mean, PES and hPES
from the same networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

import nefsim as nef

#: Neurons per dimension.
PER_DIMENSION = 25

#: The pink input, as in the paper: lowest and highest frequency [Hz], root mean square.
INPUT = {"base": 0.25, "high": 40.0, "rms": 0.5}

#: Post-synaptic time constants [s]: of the learned connection, of all others and of the probes.
LEARNED, OTHERS = 0.005, 0.01

#: Nengo's default, with which the paper's networks were solved.
SOLVER = nef.LstsqL2(reg=0.1)

#: The gate's current into the error population while its weights are tested.
GATE = -200.0


@dataclass(frozen=True)
class Task:
    """A function to learn, how long, and how tests and learning take turns [s]."""

    name: str
    dimensions_in: int
    dimensions_out: int
    function: Callable[[np.ndarray], np.ndarray]
    learn: float
    test: float
    learning_time: float

    @property
    def n_windows(self) -> int:
        """Tests: one before each learning phase and one at the end."""
        return math.ceil(self.learning_time / self.learn) + 2

    @property
    def total(self) -> float:
        """Model time: phases of test and learning, and the last test [s]."""
        return (self.n_windows - 1) * (self.test + self.learn) + self.test

    def starts(self) -> np.ndarray:
        """Where tests begin, (n_windows,) [s]."""
        return np.arange(self.n_windows) * (self.test + self.learn)


def convolve(x: np.ndarray) -> np.ndarray:
    """Circular convolution of the first half of x with the second."""
    a, b = np.split(np.asarray(x), 2, axis=-1)
    product = np.fft.rfft(a, axis=-1) * np.fft.rfft(b, axis=-1)
    return np.fft.irfft(product, n=a.shape[-1], axis=-1)


def same(x: np.ndarray) -> np.ndarray:
    """The identity."""
    return np.asarray(x)


TRANSMIT = Task("transmission", 3, 3, same, 0.5, 2.0, 30.0)
BIND = Task("binding", 6, 3, convolve, 4.0, 5.0, 80.0)

#: Effect of the error, chosen on seeds 100 to 105; twice the rate is no better for PES and worse
#: for hPES.
RATES = {"transmission": 2.5e-4, "binding": 5e-4}

#: The paper's shares of supervision.
SUPERVISION = {"transmission": 0.798, "binding": 0.725}

PUBLISHED = {
    ("transmission", "hPES"): 1.21,
    ("transmission", "PES"): 1.22,
    ("binding", "hPES"): 0.96,
    ("binding", "PES"): 1.03,
}


def rule(task: Task, name: str, theta_start: np.ndarray) -> nef.LearningRule:
    """PES, or hPES with the paper's share of supervision and the same effect of the error."""
    rate = RATES[task.name]
    if name == "PES":
        return nef.PES(rate, pre_synapse=LEARNED)
    share = SUPERVISION[task.name]
    return nef.HPES(rate / share, supervision=share, theta_start=theta_start)


def build(
    task: Task, seed: int, learning: str | None
) -> tuple[nef.Network, nef.FourierSignal, nef.Probe]:
    """The network of one seed, its input and its output; without a rule, with solved weights."""
    net = nef.Network(seed=seed)
    signal = nef.FourierSignal(**INPUT, seed=seed + 1)
    stimulus = net.node(signal, size_out=task.dimensions_in)
    pre, post = _population(net, task.dimensions_in, 1), _population(net, task.dimensions_out, 2)
    net.connect(stimulus, pre, synapse=OTHERS)
    if learning is None:
        net.connect(pre, post, function=task.function, synapse=OTHERS, solver=SOLVER)
    else:
        gain = _gain(task, seed)
        rng = np.random.default_rng(seed)
        first = rng.uniform(-1e-3, 1e-3, (post.n_neurons, pre.n_neurons)) * gain[:, None]
        learned = net.connect(
            pre.neurons,
            post.neurons,
            transform=first,
            synapse=LEARNED,
            learning_rule=rule(task, learning, rng.uniform(50, 150, len(gain)) * gain),
        )
        error = _population(net, task.dimensions_out, 3)
        net.connect(post, error, synapse=OTHERS, solver=SOLVER)
        wrong: dict[str, Any] = {"function": task.function, "transform": -1}
        net.connect(pre, error, synapse=OTHERS, solver=SOLVER, **wrong)
        net.connect(error, learned.learning_rule, synapse=OTHERS, solver=SOLVER)
        turns = {
            start + shift: level
            for start in task.starts()
            for shift, level in ((0.0, 1.0), (task.test, 0.0))
        }
        gate = net.node(nef.Piecewise(turns))
        # The gate inhibits the error; the BCM part goes on, as in the paper.
        transform = np.full((error.n_neurons, 1), GATE)
        net.connect(gate, error.neurons, transform=transform)
    return net, signal, net.probe(post, synapse=OTHERS, solver=SOLVER)


def _population(net: nef.Network, dimensions: int, place: int) -> nef.Ensemble:
    """With a seed of its own, so that its gains are the same in a network without a rule."""
    n, seed = PER_DIMENSION * dimensions, 10 * (net.seed or 0) + place
    return net.ensemble(n, dimensions, intercepts=(-1.0, 0.99), seed=seed)


def _gain(task: Task, seed: int) -> np.ndarray:
    net = nef.Network(seed=seed)
    post = _population(net, task.dimensions_out, 2)
    return np.asarray(nef.Simulator(net, backend="numpy").data[post].gain)


def errors(task: Task, seed: int, learning: str | None) -> np.ndarray:
    """Mean absolute error of each test window, (n_windows,)."""
    net, signal, output = build(task, seed, learning)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(task.total)
        decoded = sim.data[output]
    # The target is the input through as many filters, without neurons.
    late = nef.Lowpass(OTHERS)
    inputs = late.filt(signal.run(task.total, task.dimensions_in), axis=0)
    wanted = late.filt(task.function(inputs), axis=0)
    difference = np.abs(decoded - wanted).mean(axis=1)
    first = np.rint(task.starts() / sim.dt).astype(int)
    length = round(task.test / sim.dt)
    return np.array([difference[k : k + length].mean() for k in first])


def study(task: Task, n_seeds: int, processes: int = 1) -> dict[str, np.ndarray]:
    """Relative error of each seed and window, (n_seeds, n_windows), by the name of the rule.

    Each window is divided by the mean of the control networks in that window, as in the paper.
    """
    kinds = ("PES", "hPES", None)
    jobs = [(task, seed, kind) for kind in kinds for seed in range(n_seeds)]
    if processes == 1:
        values = [errors(*job) for job in jobs]
    else:
        with ProcessPoolExecutor(processes) as pool:
            values = list(pool.map(errors, *zip(*jobs, strict=True)))
    pes, hpes, control = np.reshape(values, (3, n_seeds, task.n_windows))
    return {"PES": pes / control.mean(axis=0), "hPES": hpes / control.mean(axis=0)}


def last_windows(relative: np.ndarray) -> np.ndarray:
    """The relative error of each seed in the last five test windows."""
    return relative[:, -5:].mean(axis=1)


def sparser(seed: int, learning: nef.LearningRule, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Sparsity and accuracy every ten seconds of a solved channel whose weights then learn.

    Accuracy is ``1 - MSE(learned, control) / MSE(random, control)``, as in the paper.
    """
    outputs = {}
    for kind in ("learned", "control", "random"):
        net = nef.Network(seed=seed)
        stimulus = net.node(
            nef.WhiteSignal(1.0, high=10 / (2 * np.pi), rms=0.5, seed=seed + 1), size_out=3
        )
        pre, post = net.ensemble(45, 3), net.ensemble(45, 3)
        net.connect(stimulus, pre, synapse=None)
        if kind == "random":
            start = np.random.default_rng(seed).uniform(-1e-3, 1e-3, (45, 45))
            net.connect(pre.neurons, post.neurons, transform=start)
        else:
            learned = net.connect(
                pre,
                post,
                solver=nef.LstsqL2(weights=True),
                learning_rule=learning if kind == "learned" else None,
            )
        if kind == "learned":
            shown = net.probe(learned, "weights", sample_every=10.0)
            if learning.error == "post":
                error = net.node(size_in=3)
                net.connect(post, error, solver=SOLVER)
                net.connect(pre, error, transform=-1, solver=SOLVER)
                net.connect(error, learned.learning_rule)
        output = net.probe(post, synapse=0.03, sample_every=0.01, solver=SOLVER)
        with nef.Simulator(net) as sim:
            sim.run(seconds)
            outputs[kind] = sim.data[output]
            if kind == "learned":
                gain = sim.data[post].gain[:, None]  # the paper's weights are without it
                sparsity = np.array([nef.analysis.gini(w / gain) for w in sim.data[shown]])
    windows = len(sparsity)
    off = [
        ((outputs[k] - outputs["control"]) ** 2).mean(axis=1).reshape(windows, -1).mean(axis=1)
        for k in ("learned", "random")
    ]
    return sparsity, 1 - off[0] / off[1]


#: Rules that make weights sparse for 200 s, and the figures of the paper for them.
SPARSE = {
    "BCM (hPES, S = 0)": nef.HPES(3e-3, supervision=0.0, bcm_scale=0.002),
    "hPES (S = 0.8)": nef.HPES(1e-3, supervision=0.8, bcm_scale=0.05),
    "PES (S = 1)": nef.HPES(1e-3, supervision=1.0),
}
PUBLISHED_SPARSE = {"BCM (hPES, S = 0)": "Gini .47 to .59, accuracy .98 to .63"}
