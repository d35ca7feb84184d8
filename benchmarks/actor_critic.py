"""The actor-critic of ``examples/actor_critic.py``: learning curves over seeds, and its time.

``python benchmarks/actor_critic.py`` learns CartPole with five seeds, for at most 1000 episodes
each, and prints the first episode at whose end the last hundred have a mean return of 195.  The
exit status is 1 if fewer than three seeds of five reach that.

Times are processor time.  ``--nengo`` runs the same learner written with Nengo; ``--task grid
--zoo FOLDER`` also runs ``nengo_a2c`` of the NengoZoo, whose folder ``src`` is passed, on the same
grid, in Nengo and in nefsim.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples"))

from actor_critic import STEPS, TASKS, Episode, Grid, Learner, train

#: The mean return of so many successive episodes at which a task is learned, by task.
TARGET = {"pole": 195.0, "grid": 0.9}
MANY = {"pole": 100, "grid": 20}

#: Share of seeds that must learn.
SEEDS = 3 / 5


def learned_at(returns: list[float], target: float, many: int) -> int | None:
    """The number of episodes after which the last ones have the target as their mean, or None."""
    sums = np.cumsum([0.0, *returns])
    means = (sums[many:] - sums[:-many]) / many
    found = np.flatnonzero(means >= target)
    return int(found[0]) + many if len(found) else None


def report(task: str, seed: int, episodes: list[Episode]) -> dict[str, Any]:
    """The figures of a seed."""
    returns = [episode.total for episode in episodes]
    n_steps = sum(episode.n_steps for episode in episodes)
    seconds = sum(episode.seconds for episode in episodes)
    return {
        "seed": seed,
        "episodes": len(episodes),
        "learned after": learned_at(returns, TARGET[task], MANY[task]),
        "best mean": max(
            (np.mean(returns[k : k + MANY[task]]) for k in range(len(returns) - MANY[task] + 1)),
            default=0.0,
        ),
        "last mean": float(np.mean(returns[-MANY[task] :])),
        "ms an episode": 1e3 * seconds / len(episodes),
        "µs a step of the environment": 1e6 * seconds / n_steps,
        "µs of it in the environment": 1e6 * sum(e.environment for e in episodes) / n_steps,
        "curve": [float(np.mean(returns[k : k + 20])) for k in range(0, len(returns), 20)],
    }


def zoo(folder: Path, n_episodes: int, seed: int, neurons: int | None, nefsim: bool) -> Any:
    """Train ``nengo_a2c`` on the grid as its example does; a step is one of the network."""
    import nengo

    sys.path.insert(0, str(folder))
    from nengo_a2c import TD0, ActorCritic, OneHotRepCP, softmax

    plain = nengo.Simulator
    if nefsim:
        import nefsim.nengo

        nengo.Simulator = nefsim.nengo.Simulator
    try:
        learner = ActorCritic(
            OneHotRepCP(ranges=(Grid.SIZE, Grid.SIZE)),
            TD0(n_actions=4, lr=0.3, act_dis=0.9, state_dis=0.95),
            state_neurons=neurons,
            active_prop=None if neurons is None else 0.1,
        )
    finally:
        nengo.Simulator = plain
    rng, env = np.random.default_rng(seed), Grid()
    learner.step((0, 0), 0, reward=0.0, reset=True)  # the first step sets up its arrays
    done = []
    for _ in range(n_episodes):
        start = time.process_time()
        state, _ = env.reset()
        total, n = 0.0, 0
        is_over = is_late = False
        _, values = learner.step(tuple(state.astype(int)), 0, reward=0.0, reset=True)
        while not (is_over or is_late):
            odds = softmax(np.asarray(values) / 0.3)
            action = int(rng.choice(4, p=odds / odds.sum()))
            state, reward, is_over, is_late, _ = env.step(action)
            _, values = learner.step(tuple(state.astype(int)), action, reward=reward, reset=False)
            total, n = total + reward, n + 1
        done.append(Episode(total, n, time.process_time() - start, 0.0))
    return done


def main() -> int:
    """Print a line for each seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=TASKS, default="pole")
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--neurons", type=int, default=500)
    parser.add_argument("--nengo", action="store_true", help="the learner written with Nengo")
    parser.add_argument("--stop", action="store_true", help="end a seed once it has learned")
    parser.add_argument("--zoo", type=Path, help="the folder src of the zoo's nengo-a2c")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    task, name = TASKS[options.task], options.task
    kind: Any = Learner
    if options.nengo:
        from actor_critic_nengo import NengoLearner

        kind = NengoLearner
    rows = []
    for seed in range(options.seeds):
        returns: list[float] = []

        def is_enough(episode: Episode, returns: list[float] = returns) -> bool:
            returns.append(episode.total)
            return options.stop and learned_at(returns, TARGET[name], MANY[name]) is not None

        episodes = train(
            task,
            options.episodes,
            seed,
            is_enough,
            kind,
            n_neurons=options.neurons,
        )
        rows.append({"learner": kind.__name__, **report(name, seed, episodes)})
        if options.zoo:
            for neurons in (None, options.neurons):
                for nefsim in (False, True):
                    where = "nefsim" if nefsim else "Nengo"
                    label = f"nengo_a2c in {where}, {neurons or 'no'} neurons"
                    found = zoo(options.zoo, options.episodes, seed, neurons, nefsim)
                    rows.append({"learner": label, **report(name, seed, found)})
        if not options.json:
            show(rows, seed)
    if options.json:
        print(json.dumps({"steps of the network for each": STEPS, "runs": rows}))
    ours = [row["learned after"] for row in rows if row["learner"] == kind.__name__]
    return int(sum(found is not None for found in ours) < SEEDS * len(ours))


def show(rows: list[dict[str, Any]], seed: int) -> None:
    """Print the rows of a seed."""
    for row in rows:
        if row["seed"] != seed:
            continue
        found = row["learned after"]
        print(
            f"{row['learner']}, seed {seed}: "
            + (f"learned after {found} episodes" if found else "not learned")
            + f", best mean {row['best mean']:.2f}, last {row['last mean']:.2f}, "
            f"{row['ms an episode']:.2f} ms an episode, "
            f"{row['µs a step of the environment']:.0f} µs a step "
            f"({row['µs of it in the environment']:.0f} in the environment)"
        )
        print("   means of 20:", " ".join(f"{mean:.4g}" for mean in row["curve"]), flush=True)


if __name__ == "__main__":
    sys.exit(main())
