"""The experiments of the hPES paper, compared with its figures: `python benchmarks/hpes.py`.

Bekolay, Kolbeck and Eliasmith (2013) learn to transmit and to bind vectors, and watch the
weights of BCM grow sparse.  Learning rates were chosen on seeds 100 and 101; the results
come from seeds 0 to 9, with 95 % bootstrap intervals of the mean.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import nefsim as nef

#: Neurons per dimension, and how fast the inputs change [Hz].
PER_DIMENSION, HIGH = 25, 40 / (2 * np.pi)
RMS, PERIOD = 0.5, 4.0


@dataclass(frozen=True)
class Task:
    """A function to learn, how long, and how learning and tests take turns [s]."""

    name: str
    dimensions_in: int
    dimensions_out: int
    function: Callable[[np.ndarray], np.ndarray]
    learn: float
    test: float
    total: float


def convolve(x: np.ndarray) -> np.ndarray:
    """Circular convolution of the first half of x with the second."""
    a, b = np.split(np.asarray(x), 2, axis=-1)
    product = np.fft.rfft(a, axis=-1) * np.fft.rfft(b, axis=-1)
    return np.fft.irfft(product, n=a.shape[-1], axis=-1)


TRANSMIT = Task("transmission", 3, 3, lambda x: np.asarray(x), 0.5, 2.0, 30.0)
BIND = Task("binding", 6, 3, convolve, 4.0, 5.0, 80.0)

#: Learning rates of the error; chosen on seeds 100 and 101, where twice or half was no better.
RATES = {"transmission": 5e-4, "binding": 1e-3}

#: The paper's shares of supervision.
SUPERVISION = {"transmission": 0.798, "binding": 0.725}

PUBLISHED = {
    ("transmission", "hPES"): 1.21,
    ("transmission", "PES"): 1.22,
    ("binding", "hPES"): 0.96,
    ("binding", "PES"): 1.03,
}


def rule(task: Task, name: str) -> nef.LearningRule:
    """PES, or hPES with the paper's share of supervision and the same effect of the error."""
    rate = RATES[task.name]
    if name == "PES":
        return nef.PES(rate)
    share = SUPERVISION[task.name]
    return nef.HPES(rate / share, supervision=share)


def errors(task: Task, seed: int, learning: nef.LearningRule | None) -> np.ndarray:
    """Mean absolute error of each test window; without a rule, of solved weights."""
    net = nef.Network(seed=seed)
    signal = nef.WhiteSignal(PERIOD, high=HIGH, rms=RMS, seed=seed + 1)
    stimulus = net.node(signal, size_out=task.dimensions_in)
    pre = net.ensemble(PER_DIMENSION * task.dimensions_in, task.dimensions_in)
    post = net.ensemble(PER_DIMENSION * task.dimensions_out, task.dimensions_out)
    net.connect(stimulus, pre, synapse=None)
    if learning is None:
        net.connect(pre, post, function=task.function)
    else:
        _learned(net, task, stimulus, pre, post, learning)
    inputs, output = net.probe(stimulus, sample_every=0.01), net.probe(post, None, 0.01, 0.01)
    with nef.Simulator(net) as sim:
        sim.run(task.total)
        decoded, wanted = sim.data[output], task.function(sim.data[inputs])
    # The output is late by two post-synaptic currents and the filter of the probe.
    late = 2
    difference = np.abs(decoded[late:] - wanted[:-late]).mean(axis=1)
    when = sim.trange(output)[late:] % (task.learn + task.test)
    cycle = (sim.trange(output)[late:] // (task.learn + task.test)).astype(int)
    tests = when > task.learn
    return np.array(
        [
            difference[tests & (cycle == c)].mean()
            for c in range(cycle[-1] + 1)
            if (tests & (cycle == c)).any()
        ]
    )


def _learned(
    net: nef.Network,
    task: Task,
    stimulus: nef.Node,
    pre: nef.Ensemble,
    post: nef.Ensemble,
    learning: nef.LearningRule,
) -> None:
    """Weights that start at zero, an error population, and a gate for the tests."""
    zero = np.zeros(task.dimensions_out)
    full = nef.LstsqL2(weights=True)
    learned = net.connect(pre, post, function=lambda x: zero, solver=full, learning_rule=learning)
    error = net.ensemble(PER_DIMENSION * task.dimensions_out, task.dimensions_out)
    net.connect(post, error)
    net.connect(pre, error, function=task.function, transform=-1)
    net.connect(error, learned.learning_rule)
    cycle = task.learn + task.test
    turns = {
        start + shift: level
        for start in np.arange(0.0, task.total, cycle)
        for shift, level in ((0.0, 0.0), (task.learn, 1.0))
    }
    gate = net.node(nef.Piecewise(turns))
    # The gate inhibits the error; the BCM part goes on, as in the paper.
    net.connect(gate, error.neurons, transform=np.full((error.n_neurons, 1), -20.0))


def relative_error(task: Task, seed: int, name: str) -> float:
    """The last five test windows over the solved control."""
    learned, control = errors(task, seed, rule(task, name)), errors(task, seed, None)
    return float(learned[-5:].mean() / control.mean())


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
                net.connect(post, error)
                net.connect(pre, error, transform=-1)
                net.connect(error, learned.learning_rule)
        output = net.probe(post, synapse=0.03, sample_every=0.01)
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


#: Rules that make weights sparse for 200 s, with the results of the paper.
SPARSE = {
    "BCM (hPES, S = 0)": nef.HPES(3e-3, supervision=0.0, bcm_scale=0.002),
    "hPES (S = 0.8)": nef.HPES(1e-3, supervision=0.8, bcm_scale=0.05),
    "PES (S = 1)": nef.HPES(1e-3, supervision=1.0),
}
PUBLISHED_SPARSE = {"BCM (hPES, S = 0)": "Gini .47 to .59, accuracy .98 to .63"}


def main() -> None:
    """Run all experiments and print them with the figures of the paper."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many networks of each kind")
    parser.add_argument("--seconds", type=float, default=200.0, help="length of the sparse runs")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found: dict[str, object] = {}
    lines = []
    for task in (TRANSMIT, BIND):
        for name in ("hPES", "PES"):
            values = np.array([relative_error(task, s, name) for s in range(options.seeds)])
            low, high = nef.analysis.confidence_interval(values, rng=0)
            found[f"{task.name} {name}"] = values.tolist()
            paper = PUBLISHED[task.name, name]
            lines.append(
                f"{task.name:13} {name:5} relative error {values.mean():.2f} "
                f"[{low:.2f}, {high:.2f}]   paper {paper}"
            )
    for name, learning in SPARSE.items():
        runs = [sparser(s, learning, options.seconds) for s in range(options.seeds)]
        sparsity, accuracy = (np.array(part) for part in zip(*runs, strict=True))
        found[name] = {"gini": sparsity.tolist(), "accuracy": accuracy.tolist()}
        lines.append(
            f"{name:18} Gini {sparsity[:, 0].mean():.3f} to {sparsity[:, -1].mean():.3f}, "
            f"accuracy {accuracy[:, 0].mean():.3f} to {accuracy[:, -1].mean():.3f}   "
            f"paper {PUBLISHED_SPARSE.get(name, '-')}"
        )
    print(json.dumps(found) if options.json else "\n".join(lines))


if __name__ == "__main__":
    main()
