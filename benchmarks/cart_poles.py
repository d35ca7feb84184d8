"""Steps of CartPole in a second, for a batch of trials and for a single one, and where time goes.

``python benchmarks/cart_poles.py`` runs the network of ``examples/cart_pole.py`` with 10,000
neurons in each of 16 trials.  It prints the wall time of a step of the environment, and its parts:
the network, the environment, and all else.  ``--processor`` prints processor time, for a busy
machine, where a second core does not count.

A batch shares the time of Python, but each trial has the work of its neurons.  So the ratio of
rates is at most that of a batch without time for anything but its network, the last line.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples"))

from cart_pole import make


def parts(
    trials: int, n_neurons: int, n_steps: int, rounds: int, clock: Callable[[], float]
) -> dict[str, float]:
    """The least time of a step of all environments, and of its parts [s]."""
    sim, loop = make(trials, n_neurons)
    inside = environment = 0.0
    step = loop.env.step

    def acting(action: Any) -> Any:
        nonlocal environment
        start = clock()
        done = step(action)
        environment += clock() - start
        return done

    loop.env.step = acting
    take = sim._take

    def timed(n: int) -> None:
        nonlocal inside
        start = clock()
        take(n)
        inside += clock() - start

    sim._take = timed  # type: ignore[method-assign]
    loop.run(10)
    found = []
    for _ in range(rounds):
        inside, environment, start = 0.0, 0.0, clock()
        loop.run(n_steps)
        whole = clock() - start
        found.append((whole / n_steps, inside / n_steps, environment / n_steps))
        sim.clear_probes()
    whole, network, env = min(found)
    return {"all": whole, "network": network, "environment": env, "rest": whole - network - env}


def main() -> None:
    """Print the parts for one trial and for a batch, and the ratios of their rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--neurons", type=int, default=10_000, help="of each trial")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processor", action="store_true", help="processor time, of one core")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    clock = time.process_time if options.processor else time.perf_counter
    one, many = (
        parts(trials, options.neurons, options.steps, options.rounds, clock)
        for trials in (1, options.trials)
    )

    def ratio(*names: str) -> float:
        return options.trials * sum(one[n] for n in names) / sum(many[n] for n in names)

    ratios = {
        "ratio of rates": ratio("all"),
        "ratio without the environment": ratio("network", "rest"),
        "ratio if a batch took only the time of its network": (
            options.trials * one["all"] / many["network"]
        ),
    }
    if options.json:
        print(json.dumps({"one": one, "many": many, **ratios}))
        return
    for trials, row in ((1, one), (options.trials, many)):
        named = ", ".join(f"{name} {seconds * 1e6:.0f} µs" for name, seconds in row.items())
        print(
            f"{trials:4} trials: {trials / row['all']:8.0f} steps in a second; of a step: {named}"
        )
    for name, value in ratios.items():
        print(f"{name}: {value:.2f}")


if __name__ == "__main__":
    main()
