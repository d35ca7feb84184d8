"""A gymnasium environment as a node of a network."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.gym.spaces import Actions, Observations

Array = NDArray[np.float64]


class Environment:
    """A gymnasium environment as a node: ``net.node(environment, size_in=environment.size_in)``.

    The input of the node is the action and its output the observation, both scaled to [-1, 1].
    The environment takes a step at each multiple of the period, and starts again when an episode
    ends.  A simulator that starts again, at an earlier time, starts the environment again.

    Parameters
    ----------
    env : gymnasium.Env
        The environment, whose observations and actions are ``Box`` or ``Discrete`` spaces.  A
        discrete action is the place of the largest input.
    period : float [s]
        Time in the network between two of its steps.
    limits : array_like or None
        Largest absolute value of each number of an observation; None takes the bounds of the
        space.
    seed : int or None
        The seed of its first episode; those after it follow from it.

    Attributes
    ----------
    size_in, size_out : int
        Numbers in an action and in an observation.
    reward : float
        The reward of the last step, for a node ``lambda t: environment.reward``.
    returns : list of float
        The sum of rewards of each complete episode.
    lengths : list of int
        The number of steps of each complete episode.
    seconds : float [s]
        Wall time that the environment has taken.

    Raises
    ------
    TypeError or ValueError
        If an argument is of another type or out of range, or the environment has other spaces
        or no bounds.

    See Also
    --------
    Loop : Many environments at once, by a loop outside the network.

    Examples
    --------
    >>> import gymnasium
    >>> import nefsim as nef
    >>> from nefsim import gym
    >>> pole = gym.Environment(gymnasium.make("CartPole-v1"), limits=[2.4, 3, 0.21, 3], seed=1)
    >>> pole.size_in, pole.size_out
    (2, 4)
    >>> net = nef.Network(seed=1)
    >>> node = net.node(pole, size_in=2)
    >>> a = net.ensemble(200, 4, radius=2)
    >>> c1 = net.connect(node, a)
    >>> gains = np.array([0.1, 0.5, 2.0, 1.5])
    >>> c2 = net.connect(a, node, transform=[-gains, gains], synapse=0.005)
    >>> nef.Simulator(net).run(1.0)
    >>> pole.returns  # no episode has ended
    []
    """

    def __init__(
        self, env: Any, period: float = 0.02, limits: Any = None, seed: int | None = None
    ) -> None:
        import gymnasium

        who = "Environment"
        kind, do = "a gymnasium environment", 'pass such as gymnasium.make("CartPole-v1")'
        self.env = check.instance(who, "env", env, gymnasium.Env, kind, do)
        self._period = check.seconds(who, "period", period)
        self._seed = check.seed(who, seed)
        self._scaled = Observations(who, env.observation_space, limits)
        self._actions = Actions(who, env.action_space)
        self.size_in, self.size_out = self._actions.size, self._scaled.size
        self.seconds = 0.0
        self._t = np.inf
        self._value = np.zeros(self.size_out)
        self.returns: list[float] = []
        self.lengths: list[int] = []
        self._clear()

    def _clear(self) -> None:
        self.reward, self._return, self._length = 0.0, 0.0, 0

    def _reset(self, seed: int | None) -> None:
        self._value = self._scaled(self.env.reset(seed=seed)[0])

    def __call__(self, t: float, x: Array) -> Array:
        """The observation at a time.

        Parameters
        ----------
        t : float [s]
            The time in the network.
        x : (size_in,) ndarray
            The action, scaled.

        Returns
        -------
        (size_out,) ndarray
            The observation, scaled.
        """
        if t <= 0.0:
            return self._value
        start = time.perf_counter()
        if t < self._t:
            self.returns, self.lengths, self._n = [], [], 0
            self._clear()
            self._reset(self._seed)
        self._t = t
        while (self._n + 1) * self._period <= t * (1 + 1e-9):
            self._n += 1
            self._step(x)
        self.seconds += time.perf_counter() - start
        return self._value

    def _step(self, x: Array) -> None:
        observation, reward, terminated, truncated, _ = self.env.step(self._actions(x))
        self.reward = float(reward)
        self._return += self.reward
        self._length += 1
        if terminated or truncated:
            self.returns.append(self._return)
            self.lengths.append(self._length)
            self._return, self._length = 0.0, 0
            self._reset(None)
        else:
            self._value = self._scaled(observation)

    def __repr__(self) -> str:
        return f"<environment {self.env}, {len(self.returns)} episodes>"
