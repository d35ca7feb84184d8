"""A population learns to act from rewards alone: an actor and a critic by PES.

``--task grid`` is a grid of 5 × 5 fields; ``--task pole`` is CartPole, which needs gymnasium.

A population represents the state of the environment.  The critic decodes the value V from it, the
sum of discounted future rewards, and the actor a preference for each action, of which one is drawn
by their softmax.  Both decoders are zero at first.  A node has the error of prediction

    e(t) = r(t) + discount · V(t) - V(t - period)

which is the error of the critic, and the gate of the actor: the action that was taken becomes more
likely if e > 0, and less likely if e < 0.  Both rules see the activities of a period before, to
which that value and that action belong.  At the end of an episode all neurons are silent, so that
V is 0 without a further rule.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import nefsim as nef

#: Steps of the network for each of the environment, and of the silence after an episode.
STEPS, SILENT = 20, 100
DT = 0.001
#: Filter of activities and values [s].
TAU = 0.01
#: Learning rates, as multiples of the suggested one, which is an 80th of the largest stable one.
CRITIC, ACTOR = 0.5, 3.0


class Learner:
    """A population with its actor and critic, and the simulator that runs them."""

    def __init__(
        self,
        size: int,
        n_actions: int,
        seed: int = 0,
        n_neurons: int = 500,
        discount: float = 0.97,
        backend: str = "auto",
    ) -> None:
        net = nef.Network(seed=seed)
        self._state, self._reward = net.node(np.zeros(size)), net.node([0.0])
        self._chosen, self._silence = net.node(np.zeros(n_actions)), net.node([0.0])
        # Neurons prefer one side each, as a value or an action of only a part of all states.
        a = net.ensemble(
            n_neurons,
            size,
            radius=0.75 * np.sqrt(size),
            intercepts=nef.Uniform(0.0, 1.0),
            n_eval_points=500,
        )
        net.connect(self._state, a, synapse=None)
        net.connect(self._silence, a.neurons, transform=-np.full((n_neurons, 1), 10.0))
        value, actor, error = net.node(size_in=1), net.node(size_in=n_actions), net.node(size_in=1)
        period = STEPS * DT
        before = nef.Lowpass(TAU) * nef.Delay(period)
        plain = net.connect(a, value, function=lambda x: [0.0], synapse=TAU)
        rate = nef.suggest_learning_rate(plain, dt=DT, error_tau=0.0)

        def learned(post: nef.Node, share: float) -> nef.Connection:
            rule = nef.PES(share * rate, before)
            none = np.zeros(post.size_in)
            return net.connect(a, post, function=lambda x: none, synapse=TAU, learning_rule=rule)

        critic, policy = learned(value, CRITIC), learned(actor, ACTOR)
        net.connect(value, error, transform=discount, synapse=None)
        net.connect(value, error, transform=-1, synapse=None, delay=period)
        net.connect(self._reward, error, synapse=TAU)
        # An error of PES is actual minus target, and so has the other sign.
        net.connect(error, critic.learning_rule, transform=-1, synapse=None)
        net.connect(self._chosen, policy.learning_rule, transform=-1, synapse=None)
        net.connect(error, policy.learning_rule.gate, synapse=None)
        self._value, self._preferences = net.probe(value), net.probe(actor)
        self.sim = nef.Simulator(net, dt=DT, progress=False, backend=backend)
        self._rng = np.random.default_rng(seed)
        self._discount, self._n = discount, n_actions

    def act(self, state: np.ndarray) -> int:
        """Show a state, with numbers in [-1, 1], for a period, and draw an action."""
        self.sim.inputs[self._state] = state
        self.sim.run_steps(STEPS)
        preferences = self.sim.latest(self._preferences)
        odds = np.exp(preferences - preferences.max())
        self._odds = odds / odds.sum()
        self._action = int(self._rng.choice(self._n, p=self._odds))
        return self._action

    def learn(self, reward: float) -> None:
        """Take the reward of the last action; both rules learn in the next period."""
        self.sim.inputs[self._reward] = reward
        self.sim.inputs[self._chosen] = np.eye(self._n)[self._action] - self._odds

    def end(self, reward: float, is_over: bool) -> None:
        """Take the last reward of an episode; if time ran out, the value of the state is added."""
        value = float(self.sim.latest(self._value)[0])
        self.learn(reward if is_over else reward + self._discount * value)
        self.sim.inputs[self._silence] = 1.0
        self.sim.run_steps(STEPS)
        self.sim.inputs[self._reward] = 0.0
        self.sim.inputs[self._chosen] = np.zeros(self._n)
        self.sim.run_steps(SILENT - STEPS)
        self.sim.inputs[self._silence] = 0.0
        self.sim.clear_probes()


class Grid:
    """A grid of 5 × 5 fields; a step costs 0.01, and the last field is worth 1."""

    SIZE, MOVES = 5, ((-1, 0), (1, 0), (0, -1), (0, 1))
    MOST_STEPS = 30

    def reset(self, seed: int | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin in the first field; the arguments are those of gymnasium."""
        del seed
        self._at, self._n = np.zeros(2), 0
        return self._at, {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Go up, down, left or right; at the border nothing moves."""
        self._at = np.clip(self._at + self.MOVES[action], 0, self.SIZE - 1)
        self._n += 1
        is_there = bool((self._at == self.SIZE - 1).all())
        return self._at, 1.0 if is_there else -0.01, is_there, self._n >= self.MOST_STEPS, {}


class Task(NamedTuple):
    """An environment, its states as numbers in [-1, 1], and the rewards to learn from."""

    make: Callable[[], Any]
    size: int
    n_actions: int
    scaled: Callable[[Any], np.ndarray]
    reward: Callable[[float, bool], float]  # of the environment's, and whether it is over
    discount: float


def cart_pole() -> Any:
    """The environment of gymnasium."""
    import gymnasium

    return gymnasium.make("CartPole-v1")


#: Largest position [m], velocity [m/s], angle [rad] and angular velocity [rad/s].
LIMITS = np.array([2.4, 3.0, 0.21, 3.0])

TASKS = {
    "grid": Task(Grid, 2, 4, lambda at: at / 2.0 - 1.0, lambda reward, is_over: reward, 0.9),
    "pole": Task(
        *(cart_pole, 4, 2),
        lambda x: np.clip(np.asarray(x, np.float64) / LIMITS, -1.0, 1.0),
        lambda reward, is_over: -float(is_over),
        0.97,
    ),
}


class Episode(NamedTuple):
    """The result of an episode: its rewards in sum, its steps, and its processor time [s]."""

    total: float
    n_steps: int
    seconds: float
    environment: float  # the part of it that the environment takes


def train(
    task: Task,
    n_episodes: int,
    seed: int = 0,
    is_enough: Callable[[Episode], bool] = lambda episode: False,
    kind: Any = Learner,
    **options: Any,
) -> list[Episode]:
    """Learn for a number of episodes, or until it is enough; ``options`` are those of `Learner`."""
    learner = kind(task.size, task.n_actions, seed, discount=task.discount, **options)
    learner.sim.run_steps(1)  # the first step sets up its arrays
    env = task.make()
    done = []
    for k in range(n_episodes):
        start, inside = time.process_time(), 0.0
        state, _ = env.reset(seed=seed if k == 0 else None)
        total, n = 0.0, 0
        is_over = is_late = False
        while not (is_over or is_late):
            action = learner.act(task.scaled(state))
            before = time.process_time()
            state, reward, is_over, is_late, _ = env.step(action)
            inside += time.process_time() - before
            total, n = total + float(reward), n + 1
            reward = task.reward(float(reward), is_over)
            if is_over or is_late:
                learner.end(reward, is_over)
            else:
                learner.learn(reward)
        done.append(Episode(total, n, time.process_time() - start, inside))
        if is_enough(done[-1]):
            break
    return done


def main() -> None:
    """Print the mean return of each ten episodes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=TASKS, default="grid")
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--neurons", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    task = TASKS[options.task]
    episodes = train(task, options.episodes, options.seed, n_neurons=options.neurons)
    for k in range(0, len(episodes), 10):
        mean = np.mean([episode.total for episode in episodes[k : k + 10]])
        print(f"episodes {k + 1:4} to {min(k + 10, len(episodes)):4}: mean return {mean:7.2f}")


if __name__ == "__main__":
    main()
