"""What Dale's principle costs: `python benchmarks/dale.py [--seeds 10] [--post 50]`.

Weights onto a second population are solved with and without signs; printed are medians of the
rmse of its decoded value, the share of weights with the wrong sign, and seconds to build.
"""

from __future__ import annotations

import argparse
import time
from itertools import product

import numpy as np

import nefsim as nef
from nefsim.solvers import Dale, LstsqL2, NnlsL2, Solver

SOLVERS: dict[str, Solver] = {
    "LstsqL2": LstsqL2(weights=True),
    "Dale(0.8)": Dale(0.8),
    "Dale(0.5)": Dale(0.5),
    "NnlsL2": NnlsL2(weights=True),
}
FUNCTIONS = {"x": lambda x: x, "x^2": np.square}
SIGNS = Dale(0.8)


def errors(function: str, n: int, post: int, seed: int, solver: Solver) -> list[float]:
    """The rmse, the share of wrong signs by neurons of ``Dale(0.8)``, and seconds to build."""
    net = nef.Network(seed=seed)
    u = net.node(nef.WhiteSignal(5.0, high=2.0, rms=0.4, seed=seed + 1))
    a, b = net.ensemble(n, 1), net.ensemble(post, 1)
    net.connect(u, a, synapse=None)
    made = net.connect(a, b, FUNCTIONS[function], solver=solver)
    y, shown = net.probe(b, synapse=0.02), net.probe(u)
    begun = time.process_time()
    sim = nef.Simulator(net, progress=False)
    seconds = time.process_time() - begun
    sim.run(5.0)
    seen = nef.Lowpass(0.005).filt(FUNCTIONS[function](sim.data[shown]))
    ideal = nef.Lowpass(0.02).filt(np.roll(seen, 1, axis=0))
    signs = solver.signs(n) if isinstance(solver, Dale) else SIGNS.signs(n)
    wrong = float(np.mean(sim.data[made].weights * signs < 0))
    return [float(np.sqrt(np.mean((sim.data[y] - ideal)[500:] ** 2))), wrong, seconds]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--post", type=int, default=50, help="neurons of the second population")
    options = parser.parse_args()
    for function, n, name in product(FUNCTIONS, (100, 300), SOLVERS):
        runs = [
            errors(function, n, options.post, seed, SOLVERS[name]) for seed in range(options.seeds)
        ]
        error, wrong, seconds = np.median(runs, axis=0)
        print(f"{function:4} {n} {name:10} rmse {error:.4f} wrong {wrong:.3f} {seconds:.2f} s")


if __name__ == "__main__":
    main()
