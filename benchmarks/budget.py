"""Error budgets and sizes beside what spikes do: ``python benchmarks/budget.py``.

A hundred random connections are judged by :func:`nefsim.error_budget`, with one input, and
then run with another input from the same process.  ``--sizes`` finds how many neurons
:func:`nefsim.size_for` asks for, whether they reach the error that is wanted, and whether 1.3
times fewer do, too.  A row says in how many of the cases the prediction was how near.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

import nefsim as nef
from nefsim.processes.base import FunctionOfTime, Process

#: Functions of vectors along the last axis, by name.
FUNCTIONS: dict[str, Any] = {
    "identity": lambda x: x,
    "square": np.square,
    "product": lambda x: np.prod(x, axis=-1, keepdims=True),
    "sine": lambda x: np.sin(np.pi * x),
    "length": lambda x: np.sqrt(np.sum(x**2, axis=-1, keepdims=True)),
}


@dataclass(frozen=True)
class Case:
    """A random connection."""

    seed: int
    n_neurons: int
    dimensions: int
    function: str
    tau: float
    high: float
    rms: float
    max_rates: tuple[float, float]
    solver: str

    def network(self) -> tuple[nef.Network, Any, Any, Any]:
        """The network, its stimulus, the ensemble and a probe of the decoded value."""
        net = nef.Network(seed=self.seed)
        stimulus = net.node(np.zeros(self.dimensions))
        ensemble = net.ensemble(self.n_neurons, self.dimensions, max_rates=self.max_rates)
        net.connect(stimulus, ensemble, synapse=None)
        function = FUNCTIONS[self.function]
        end = net.node(size_in=len(np.atleast_1d(function(np.zeros(self.dimensions)))))
        solver = {"noise": nef.NoiseMatched(), "reg": nef.LstsqL2(), "low": nef.LstsqL2(0.02)}
        net.connect(
            ensemble,
            end,
            function=function,
            synapse=self.tau,
            solver=solver[self.solver],
            label="judged",
        )
        return net, stimulus, ensemble, net.probe(end)

    def signal(self, which: int) -> nef.WhiteSignal:
        """One of the inputs."""
        return nef.WhiteSignal(60.0, self.high, self.rms, seed=1000 * self.seed + which)


def cases(first: int, n: int) -> list[Case]:
    """Random connections of the seeds from ``first`` on."""
    drawn = []
    for seed in range(first, first + n):
        rng = np.random.default_rng(seed)
        low, high = ((25, 75), (100, 200), (200, 400))[rng.integers(3)]
        dimensions = int(rng.integers(1, 4))
        # Of 1, the largest rms, a third of the time is beyond the radius in one dimension.
        rms = rng.uniform(0.2, 0.6 if rng.random() < 0.7 else 1.0) / np.sqrt(dimensions)
        drawn.append(
            Case(
                seed,
                int(np.exp(rng.uniform(np.log(30), np.log(700)))),
                dimensions,
                str(rng.choice(list(FUNCTIONS))),
                float(np.exp(rng.uniform(np.log(0.003), np.log(0.1)))),
                float(rng.uniform(1.0, 12.0)),
                float(rms),
                (float(low), float(high)),
                str(rng.choice(["noise", "reg", "low"])),
            )
        )
    return drawn


def judge(case: Case, seconds: float, budget_seconds: float) -> dict[str, float]:
    """Predicted and measured errors of one connection."""
    net, stimulus, ensemble, probe = case.network()
    began = time.process_time()
    budget = nef.error_budget(net, {stimulus: case.signal(0)}, seconds=budget_seconds)
    took = time.process_time() - began
    parts = budget["judged"]
    x_probe = net.probe(ensemble, "input", attach=False)
    signal = case.signal(1)
    sim = nef.Simulator(net, inputs={stimulus: signal}, probes=[x_probe], progress=False)
    sim.run(seconds)
    x, y = sim.data[x_probe], sim.data[probe]
    function = FUNCTIONS[case.function]
    ideal = function(x)
    filtered = nef.Lowpass(case.tau).filt(ideal)
    filtered = np.concatenate([np.zeros_like(filtered[:1]), filtered[:-1]])
    settled = slice(round(5 * case.tau / 0.001) + 1, None)
    return {
        "seed": case.seed,
        "high": case.high,
        "predicted": parts.predicted,
        "with_dynamics": parts.measured,
        "measured": nef.analysis.rmse(y[settled], ideal[settled]),
        "without_delay": parts.without_delay,
        "without_delay_and_with_dynamics": float(np.hypot(parts.without_delay, parts.dynamics)),
        "measured_without_delay": nef.analysis.rmse(y[settled], filtered[settled]),
        "seconds": took,
    }


def connections(first: int, n: int, seconds: float, budget_seconds: float) -> None:
    """Judge random connections and print how near the predictions are."""
    found = [judge(case, seconds, budget_seconds) for case in cases(first, n)]
    slow = [row for row in found if row["high"] < 5.0]
    rows = (
        ("total, from rates", found, "predicted", "measured", 0.2),
        ("total, with the dynamics of neurons", found, "with_dynamics", "measured", 0.2),
        ("without delay, from rates, all", found, "without_delay", "measured_without_delay", 0.3),
        ("without delay, from rates", slow, "without_delay", "measured_without_delay", 0.3),
        (
            "without delay, with dynamics",
            slow,
            "without_delay_and_with_dynamics",
            "measured_without_delay",
            0.3,
        ),
    )
    for name, chosen, predicted, measured, near in rows:
        ratio = np.array([row[predicted] / row[measured] for row in chosen])
        share = np.mean(np.abs(ratio - 1.0) <= near)
        low, middle, high = np.quantile(ratio, [0.05, 0.5, 0.95])
        print(
            f"{name:40} {len(chosen):4} cases: within {near:.0%} in {share:.1%}; "
            f"ratio {middle:.2f} ({low:.2f} to {high:.2f})"
        )
    worst = max(found, key=lambda row: abs(np.log(row["with_dynamics"] / row["measured"])))
    print("worst total:", json.dumps({k: round(v, 4) for k, v in worst.items()}))
    print(f"{np.median([row['seconds'] for row in found]):.3f} s a budget (median)")


@dataclass(frozen=True, eq=False)
class Somewhere(Process):
    """A value that stays, in each trial the next one of points spread evenly over a ball."""

    points: np.ndarray
    size = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turn", itertools.cycle(self.points))

    def start(self, size: int, dt: float, rng: np.random.Generator) -> Any:
        """Take it."""
        value = next(self._turn)
        return FunctionOfTime(lambda t: np.tile(value, (len(t), 1)), dt, rng)


@dataclass(frozen=True)
class Wish:
    """A function and an error that is wanted."""

    seed: int
    function: str
    dimensions: int
    tau: float
    max_rates: tuple[float, float]
    moving: bool
    rmse: float

    @property
    def process(self) -> nef.WhiteSignal | None:
        """The input that is passed to ``size_for``."""
        if not self.moving:
            return None
        rms = 0.4 / np.sqrt(self.dimensions)
        return nef.WhiteSignal(10.0, 1.0, rms, seed=self.seed)

    def size(self) -> Any:
        """The result of ``size_for``; an error that is out of reach of 400 neurons is raised."""
        error = self.rmse
        while True:
            try:
                return error, nef.size_for(
                    FUNCTIONS[self.function],
                    error,
                    self.dimensions,
                    self.tau,
                    input=self.process,
                    max_rates=self.max_rates,
                    most=400,
                )
            except ValueError:
                error *= 1.4

    def errors(self, size: Any, n: int, n_seeds: int) -> np.ndarray:
        """The errors of spikes of some populations of n neurons that ``size_for`` never drew."""
        function, d = FUNCTIONS[self.function], self.dimensions
        net = nef.Network(seed=self.seed)
        if self.moving:
            source: Any = self.process  # populations are others, the input is what was asked for
            trials, seconds = None, 10.0
        else:
            trials, seconds = 600, 0.15 + 6 * self.tau
            points = nef.ScatteredHypersphere().sample(trials, d, np.random.default_rng(self.seed))
            source = Somewhere(points * size.radius)
        stimulus = net.node(source, size_out=d)
        probes = []
        for seed in range(n_seeds):
            a = net.ensemble(
                n,
                d,
                radius=size.radius,
                max_rates=size.max_rates,
                seed=10**6 + 100 * self.seed + seed,
            )
            net.connect(stimulus, a, synapse=None)
            end = net.node(size_in=len(np.atleast_1d(function(np.zeros(d)))))
            net.connect(a, end, function=function, synapse=self.tau)
            probes.append(net.probe(end))
        shown = net.probe(stimulus)
        sim = nef.Simulator(net, progress=False, batch_size=trials)
        sim.run(seconds)
        ideal = function(sim.data[shown])
        filtered = nef.Lowpass(self.tau).filt(ideal, axis=-2)
        filtered = np.concatenate(
            [np.zeros_like(filtered[..., :1, :]), filtered[..., :-1, :]], axis=-2
        )
        # Once filters and neurons have settled.
        judged = slice(round((0.05 + 6 * self.tau) / 0.001), None)

        def error(probe: Any) -> float:
            difference = (sim.data[probe] - filtered)[..., judged, :]
            return float(np.sqrt(np.mean(difference**2)))

        return np.array([error(probe) for probe in probes])


def wishes(first: int, n: int) -> list[Wish]:
    """Random functions and errors."""
    drawn = []
    for seed in range(first, first + n):
        rng = np.random.default_rng(seed + 10**5)
        low, high = ((50, 100), (100, 200), (200, 400))[rng.integers(3)]
        drawn.append(
            Wish(
                seed,
                str(rng.choice(list(FUNCTIONS))),
                int(rng.integers(1, 4)),
                float(np.exp(rng.uniform(np.log(0.005), np.log(0.1)))),
                (float(low), float(high)),
                bool(rng.random() < 0.5),
                float(np.exp(rng.uniform(np.log(0.008), np.log(0.05)))),
            )
        )
    return drawn


def sizes(first: int, n: int, n_seeds: int) -> None:
    """Find sizes, whether they reach the error, and whether 1.3 times fewer neurons do, too."""
    found = []
    for wish in wishes(first, n):
        began = time.process_time()
        wanted, size = wish.size()
        took = time.process_time() - began

        def rms(count: int, wish: Wish = wish, size: Any = size) -> float:
            return float(np.sqrt(np.mean(wish.errors(size, count, n_seeds) ** 2)))

        errors = wish.errors(size, size.n_neurons, n_seeds)
        row = {
            "seed": wish.seed,
            "wanted": wanted,
            "n": size.n_neurons,
            "predicted": size.rmse,
            "reached": float(np.sqrt(np.mean(errors**2))),
            "single": float(np.mean(errors <= wanted)),
            "with_fewer": rms(round(size.n_neurons / 1.3)),
            "seconds": took,
        }
        print(
            json.dumps({k: round(v, 4) for k, v in row.items()} | {"wish": str(wish)}), flush=True
        )
        found.append(row)
    reach = np.array([row["reached"] <= row["wanted"] for row in found])
    few = np.array([row["with_fewer"] > row["wanted"] or row["n"] <= 10 for row in found])
    ratio = np.array([row["reached"] / row["predicted"] for row in found])
    single = np.mean([row["single"] for row in found])
    print(
        f"size_for, {len(found)} cases: reaches the error in {reach.mean():.1%} (single networks "
        f"{single:.1%}); 1.3 times fewer neurons do not in {few.mean():.1%}; both "
        f"{np.mean(reach & few):.1%}; reached over predicted {np.median(ratio):.2f} "
        f"({ratio.min():.2f} to {ratio.max():.2f}); "
        f"{np.median([row['seconds'] for row in found]):.2f} s each (median)"
    )


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1000, help="first seed of the cases")
    parser.add_argument("--cases", type=int, default=100, help="how many connections")
    parser.add_argument("--seconds", type=float, default=60.0, help="model time of a check [s]")
    parser.add_argument("--budget", type=float, default=60.0, help="model time of a budget [s]")
    parser.add_argument("--sizes", type=int, default=0, help="how many sizes, in place of budgets")
    parser.add_argument("--populations", type=int, default=40, help="that judge a size (40)")
    options = parser.parse_args()
    warnings.simplefilter("ignore", nef.RadiusWarning)
    if options.sizes:
        sizes(options.first, options.sizes, options.populations)
        return
    connections(options.first, options.cases, options.seconds, options.budget)


if __name__ == "__main__":
    main()
