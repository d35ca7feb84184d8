"""Populations balance poles on carts: a batch of trials, each in an environment of its own.

The gains are those of a linear controller; ``--trials 1`` runs a single environment.
"""

from __future__ import annotations

import argparse
import time

import gymnasium
import numpy as np

import nefsim as nef
from nefsim import gym

#: Largest position [m], velocity [m/s], angle [rad] and angular velocity [rad/s].
LIMITS = np.array([2.4, 3.0, 0.21, 3.0])
GAINS = np.array([0.1, 0.5, 2.0, 1.5])


def make(trials: int, n_neurons: int = 400) -> tuple[nef.Simulator, gym.Loop]:
    """A simulator and its loop with as many environments as trials."""
    net = nef.Network(seed=1)
    state, act = net.node(np.zeros(4)), net.node(size_in=2)
    a = net.ensemble(n_neurons, 4, radius=2.0, n_eval_points=2000)
    net.connect(state, a, synapse=None)
    net.connect(a, act, transform=[-GAINS, GAINS], synapse=0.005)
    action = net.probe(act)
    batch_size = trials if trials > 1 else None
    sim = nef.Simulator(net, batch_size=batch_size, progress=False)
    name = "CartPole-v1"
    env = gymnasium.make(name) if trials == 1 else gymnasium.make_vec(name, num_envs=trials)
    return sim, gym.Loop(sim, env, state, action, limits=LIMITS, seed=1)


def main() -> None:
    """Print returns and speed, with the time of the environment apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--neurons", type=int, default=400)
    parser.add_argument("--steps", type=int, default=500)
    options = parser.parse_args()
    _, loop = make(options.trials, options.neurons)
    loop.run(5)
    before, start = loop.seconds, time.perf_counter()
    loop.run(options.steps - 5)
    seconds = time.perf_counter() - start
    rate = options.trials * (options.steps - 5) / seconds
    share = (loop.seconds - before) / seconds
    returns = [total for _, total in loop.returns]
    print(f"{rate:.0f} steps of an environment in a second, {share:.0%} of the time in them")
    print(f"{len(returns)} episodes ended, returns: {returns}")


if __name__ == "__main__":
    main()
