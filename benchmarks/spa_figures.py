"""Figures of semantic pointers: capacity, a sequence, questions in 512 dimensions, a convolution.

    python benchmarks/spa_figures.py capacity|sequence|question|convolution [--seeds N]

``capacity`` has no neurons.  ``sequence`` follows five rules for 1 s in 64 dimensions with each
seed.  ``question`` releases a filler from a sum of 8 role-filler pairs in 512 dimensions, with
spikes, and cleans it up among 1000 items.  ``convolution`` binds two vectors of 512 dimensions by
products of 500 neurons.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from spa_cases import CASES

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import spa_models

import nefsim as nef
from nefsim import spa

#: Dimensions, items, pairs and neurons of a product of the questions.
DIMENSIONS, ITEMS, PAIRS, NEURONS = 512, 1000, 8, 100


def capacity(seeds: int) -> None:
    """The share of right fillers of 1000, for sums of pairs; unitary vectors are roles only."""
    print("| dimensions | vectors | 2 | 4 | 8 | 16 | 32 |")
    kinds = {"HRR": (spa.HRR(), False), "HRR, unitary roles": (spa.HRR(), True)}
    kinds |= {"VTB": (spa.VTB(), False)}
    for d in (64, 256, 484, 512):
        for name, (algebra, unitary) in kinds.items():
            if name == "VTB" and d == 512:  # which is no square
                continue
            rng = np.random.default_rng(1)
            shares = []
            for n in (2, 4, 8, 16, 32):
                right = 0
                for _ in range(seeds):
                    items = unit(rng, ITEMS, d)
                    roles = unit(rng, n, d)
                    if unitary:
                        roles = algebra.unitary(roles)
                    chosen = rng.choice(ITEMS, n, replace=False)
                    total = algebra.bind(items[chosen], roles).sum(axis=0)
                    right += np.argmax(items @ algebra.unbind(total, roles[0])) == chosen[0]
                shares.append(f"{right / seeds:.2f}")
            print(f"| {d} | {name} | {' | '.join(shares)} |", flush=True)


def unit(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Random unit vectors, (n, d)."""
    rows = rng.standard_normal((n, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def sequence(seeds: int) -> None:
    """Whether a sequence of five letters stays in order for a second."""
    case, right = CASES["sequence"], 0
    for seed in range(1, seeds + 1):
        v = case.vocabulary(seed)
        net, node = spa_models.sequence(spa_models.Model(v, seed))
        probe = net.probe(node, synapse=case.synapse)
        with nef.Simulator(net, progress=False) as sim:
            sim.run(case.seconds)
            answer = case.answer(sim.data[probe], v)
        right += case.is_right(answer)
        print(f"seed {seed}: {answer}", flush=True)
    print(f"in order: {right} of {seeds}")


def question(seeds: int) -> None:
    """Whether a filler is released and cleaned up: binding, unbinding and cleanup in spikes.

    Roles and fillers of a trial are shown for 0.15 s; one network with seed 1 serves all trials,
    one after the other.  Each of the eight pairs is bound by populations.
    """
    rng, hold = np.random.default_rng(1), 0.15
    v = spa.Vocabulary(DIMENSIONS, seed=1)
    items = unit(rng, ITEMS, DIMENSIONS)
    for i, item in enumerate(items):
        v.add(f"I{i}", item)
    chosen = [rng.choice(ITEMS, PAIRS, replace=False) for _ in range(seeds)]
    roles = [unit(rng, PAIRS, DIMENSIONS) for _ in range(seeds)]
    net = nef.Network(seed=1)

    def shown(rows: list[np.ndarray]) -> nef.Node:
        return net.node(nef.PresentInput(np.array(rows), hold))

    released = spa.bind(net, v, NEURONS, unbind=True, magnitude=np.sqrt(PAIRS))
    clean = spa.cleanup(net, v, threshold=0.3)
    for pair in range(PAIRS):
        bound = spa.bind(net, v, NEURONS)
        role = shown([r[pair] for r in roles])
        net.connect(shown([items[c[pair]] for c in chosen]), bound.a, synapse=None)
        net.connect(role, bound.b, synapse=None)
        net.connect(bound.output, released.a)
        if pair == 0:  # which is asked for
            net.connect(role, released.b, synapse=None)
    net.connect(released.output, clean.input)
    probes = [net.probe(node, synapse=0.03) for node in (clean.utilities, released.output)]
    print(f"{sum(e.n_neurons for e in net.all_ensembles)} neurons", flush=True)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(seeds * hold)
        ends = slice(round(1000 * hold) - 1, None, round(1000 * hold))
        said, raw = (sim.data[probe][ends] for probe in probes)
    wanted = [c[0] for c in chosen]
    right = (said.argmax(axis=1) == wanted) & (said.max(axis=1) > 0.5)
    nearest = (raw @ items.T).argmax(axis=1) == wanted
    print(f"right: {right.sum()} of {seeds}; nearest to the released vector: {nearest.sum()}")
    print(f"items above 0.5 in a trial: {(said > 0.5).sum(axis=1).mean():.2f}")


def convolution(seeds: int) -> None:
    """The speed and the error of a convolution in 512 dimensions, 500 neurons for each product."""
    for seed in range(1, seeds + 1):
        v = spa.Vocabulary(DIMENSIONS, seed=seed)
        v.populate("A; B")
        net = nef.Network(seed=seed)
        both = spa.bind(net, v, 500)
        for name, node in (("A", both.a), ("B", both.b)):
            net.connect(spa.stimulus(net, v, name).output, node, synapse=None)
        probe = net.probe(both.output, synapse=0.03)
        start = time.process_time()
        sim = nef.Simulator(net, progress=False)
        built = time.process_time() - start
        with sim:
            sim.run_steps(200)
            start = time.process_time()
            sim.run_steps(200)
            step = (time.process_time() - start) / 200
            got, ideal = sim.data[probe][-100:].mean(axis=0), v.parse("A * B").vector
        n = sum(e.n_neurons for e in net.all_ensembles)
        cosine = got @ ideal / np.linalg.norm(got) / np.linalg.norm(ideal)
        print(
            f"{n} neurons: built in {built:.1f} s, a step takes {1e6 * step:.0f} us, "
            f"{1e9 * step / n:.2f} ns a neuron; cosine {cosine:.4f}",
            flush=True,
        )


FIGURES = {each.__name__: each for each in (capacity, sequence, question, convolution)}

#: Trials, seeds or repetitions.
NUMBERS = {"capacity": 60, "sequence": 20, "question": 50, "convolution": 1}


def main() -> None:
    """Print one figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("figure", choices=FIGURES)
    parser.add_argument("--seeds", type=int, help=f"seeds or trials, by default {NUMBERS}")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    FIGURES[options.figure](options.seeds or NUMBERS[options.figure])


if __name__ == "__main__":
    main()
