"""The learner of ``examples/actor_critic.py`` written with Nengo, for its time and its curve.

Nengo has neither gates of rules nor delays, so that a node in Python multiplies and another one
delays the value; the filter of the rules has the delay as a part.
"""

from __future__ import annotations

from collections import deque

import nengo
import numpy as np
from actor_critic import ACTOR, CRITIC, DT, SILENT, STEPS, TAU

import nefsim as nef


def delayed_lowpass(tau: float, n_steps: int) -> nengo.LinearFilter:
    """A lowpass behind a delay of a number of steps, as a filter in z."""
    decay = np.exp(-DT / tau)
    denominator = np.zeros(n_steps + 2)  # as a filter of Nengo acts a step earlier
    denominator[:2] = 1, -decay
    return nengo.LinearFilter([1 - decay], denominator, analog=False)


class NengoLearner:
    """The same methods as those of the learner of the example."""

    def __init__(
        self,
        size: int,
        n_actions: int,
        seed: int = 0,
        n_neurons: int = 500,
        discount: float = 0.97,
        backend: str = "auto",
    ) -> None:
        del backend
        self._inputs = {"state": np.zeros(size), "reward": np.zeros(1), "silence": np.zeros(1)}
        self._inputs["chosen"] = np.zeros(n_actions)
        # The rate does not depend on the encoders; it is that of the example.
        plain = nef.Network(seed=seed)
        b = plain.ensemble(n_neurons, size, intercepts=nef.Uniform(0.0, 1.0), n_eval_points=500)
        out = plain.node(size_in=1)
        rate = nef.suggest_learning_rate(
            plain.connect(b, out, function=lambda x: [0.0], synapse=TAU), dt=DT, error_tau=0.0
        )
        values = deque([0.0] * STEPS, maxlen=STEPS)

        def earlier(t: float, x: np.ndarray) -> float:
            oldest = values[0]
            values.append(float(x[0]))
            return oldest

        with nengo.Network(seed=seed) as model:
            nodes = {
                name: nengo.Node(lambda t, name=name: self._inputs[name]) for name in self._inputs
            }
            a = nengo.Ensemble(
                n_neurons,
                size,
                radius=0.75 * np.sqrt(size),
                intercepts=nengo.dists.Uniform(0.0, 1.0),
                n_eval_points=500,
            )
            nengo.Connection(nodes["state"], a, synapse=None)
            nengo.Connection(
                nodes["silence"], a.neurons, transform=-np.full((n_neurons, 1), 10.0), synapse=None
            )
            value, actor = nengo.Node(size_in=1), nengo.Node(size_in=n_actions)
            error, before = nengo.Node(size_in=1), nengo.Node(earlier, size_in=1)
            gated = nengo.Node(lambda t, x: -x[0] * x[1:], size_in=n_actions + 1)
            learned = [
                nengo.Connection(
                    a,
                    post,
                    function=lambda x, n=n: np.zeros(n),
                    synapse=TAU,
                    learning_rule_type=nengo.PES(
                        share * rate, pre_synapse=delayed_lowpass(TAU, STEPS)
                    ),
                )
                for post, share, n in ((value, CRITIC, 1), (actor, ACTOR, n_actions))
            ]
            nengo.Connection(value, error, transform=discount, synapse=None)
            nengo.Connection(value, before, synapse=None)
            nengo.Connection(before, error, transform=-1, synapse=None)
            nengo.Connection(nodes["reward"], error, synapse=TAU)
            nengo.Connection(error, learned[0].learning_rule, transform=-1, synapse=None)
            nengo.Connection(error, gated[0], synapse=None)
            nengo.Connection(nodes["chosen"], gated[1:], synapse=None)
            nengo.Connection(gated, learned[1].learning_rule, synapse=None)
            self._value, self._preferences = nengo.Probe(value), nengo.Probe(actor)
        self.sim = nengo.Simulator(model, dt=DT, progress_bar=False)
        self._rng = np.random.default_rng(seed)
        self._discount, self._n = discount, n_actions

    def act(self, state: np.ndarray) -> int:
        """Show a state for a period, and draw an action."""
        self._inputs["state"] = state
        self.sim.run_steps(STEPS, progress_bar=False)
        preferences = self.sim.data[self._preferences][-1]
        odds = np.exp(preferences - preferences.max())
        self._odds = odds / odds.sum()
        self._action = int(self._rng.choice(self._n, p=self._odds))
        return self._action

    def learn(self, reward: float) -> None:
        """Take the reward of the last action."""
        self._inputs["reward"] = np.array([reward])
        self._inputs["chosen"] = np.eye(self._n)[self._action] - self._odds

    def end(self, reward: float, is_over: bool) -> None:
        """Take the last reward of an episode."""
        value = float(self.sim.data[self._value][-1][0])
        self.learn(reward if is_over else reward + self._discount * value)
        self._inputs["silence"] = np.ones(1)
        self.sim.run_steps(STEPS, progress_bar=False)
        self._inputs["reward"], self._inputs["chosen"] = np.zeros(1), np.zeros(self._n)
        self.sim.run_steps(SILENT - STEPS, progress_bar=False)
        self._inputs["silence"] = np.zeros(1)
        self.sim.clear_probes()
