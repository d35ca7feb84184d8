"""A network and gymnasium environments in turns, one environment for each trial."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import pacing
from nefsim.gym.spaces import Actions, Observations
from nefsim.network import Node, Probe
from nefsim.simulator import Simulator

Array = NDArray[np.float64]


class Turn(NamedTuple):
    """The result of one step of the environments, with trials first in a batch.

    Attributes
    ----------
    observation : ndarray
        The observation, scaled.
    reward : float or ndarray
        The reward.
    ended : bool or ndarray
        Whether an episode ended with this step.
    """

    observation: Array
    reward: Any
    ended: Any


class Loop:
    """Runs a network and an environment in turns: observe, take steps, act.

    With a simulator of a batch, a vector environment has an environment for each trial, and all
    of them take a step at once.

    Parameters
    ----------
    sim : Simulator
        The simulator.
    env : gymnasium.Env or gymnasium.vector.VectorEnv
        An environment, or as many as the simulator has trials.  Observations and actions are
        ``Box`` or ``Discrete`` spaces.
    observation : Node
        A node with a constant output, ``net.node(np.zeros(n))``, which is set to the
        observation, scaled to [-1, 1].
    action : Probe
        A probe whose newest record is the action: values in [-1, 1] for a ``Box``, or a value
        for each action of a ``Discrete`` space, of which the largest wins.
    period : float [s]
        Time in the network between two steps of the environment, a multiple of dt.
    limits : array_like or None
        Largest absolute value of each number of an observation; None takes the bounds of the
        space.
    seed : int or None
        The seed of the environment; a synchronous or asynchronous vector environment takes
        seed + b for trial b.

    Attributes
    ----------
    returns : list of tuple of int and float
        Trial and sum of rewards of each complete episode, in the order of their ends.
    lengths : list of int
        The number of steps of each of them.
    seconds : float [s]
        Wall time that the environment has taken.

    Raises
    ------
    TypeError or ValueError
        If an argument is of another type or out of range, or sizes do not match.

    See Also
    --------
    Environment : A single environment as a node.

    Examples
    --------
    >>> import gymnasium
    >>> import nefsim as nef
    >>> from nefsim import gym
    >>> net = nef.Network(seed=1)
    >>> state, act = net.node(np.zeros(4)), net.node(size_in=2)
    >>> a = net.ensemble(200, 4, radius=2)
    >>> c1 = net.connect(state, a, synapse=None)
    >>> gains = np.array([0.1, 0.5, 2.0, 1.5])
    >>> c2 = net.connect(a, act, transform=[-gains, gains], synapse=0.005)
    >>> action = net.probe(act)
    >>> sim = nef.Simulator(net, batch_size=3)
    >>> poles = gymnasium.make_vec("CartPole-v1", num_envs=3)
    >>> loop = gym.Loop(sim, poles, state, action, limits=[2.4, 3, 0.21, 3], seed=1)
    >>> loop.step().reward
    array([1., 1., 1.])
    >>> loop.run(49)
    >>> loop.returns  # no episode has ended
    []
    """

    def __init__(
        self,
        sim: Simulator,
        env: Any,
        observation: Node,
        action: Probe,
        period: float = 0.02,
        limits: Any = None,
        seed: int | None = None,
    ) -> None:
        import gymnasium
        from gymnasium.vector import AutoresetMode, VectorEnv

        who = "Loop"
        do = "pass a nefsim.Simulator"
        self._sim: Simulator = check.instance(who, "sim", sim, Simulator, "a simulator", do)
        kind, do = "a gymnasium environment", 'pass such as gymnasium.make("CartPole-v1")'
        self.env = check.instance(who, "env", env, (gymnasium.Env, VectorEnv), kind, do)
        self._is_batch = isinstance(env, VectorEnv)
        trials = env.num_envs if self._is_batch else None
        if trials != sim.batch_size:
            got, do = f"{trials} and {sim.batch_size}", f"pass Simulator(batch_size={trials})"
            check.fail(who, "env", "have as many environments as sim has trials", got, do)
        mode = env.metadata.get("autoreset_mode") if self._is_batch else None
        if self._is_batch and mode not in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
            do = "make it by gymnasium.make_vec"
            check.fail(who, "env", "begin episodes by itself", f"{mode}", do)
        self._skips = mode == AutoresetMode.NEXT_STEP
        names = ("observation_space", "action_space")
        first, second = (getattr(env, f"single_{n}" if self._is_batch else n) for n in names)
        self._scaled, self._actions = Observations(who, first, limits), Actions(who, second)
        self._input = sim.inputs[observation]
        self._match(who, "observation", self._input.shape[-1], self._scaled.size)
        if action not in sim.probes:
            do = "make it by net.probe before the simulator"
            got = check.show(action)
            check.fail(who, "action", "be a probe of sim", got, do, TypeError)
        self._probe = action
        size = int(getattr(action.target, "size_out", 0))  # connections have none
        self._match(who, "action", size, self._actions.size)
        _, self._n, _ = pacing.periods(who, period, None, sim.dt)
        self.returns: list[tuple[int, float]] = []
        self.lengths: list[int] = []
        self._return: Array = np.atleast_1d(np.zeros(self._input.shape[:-1]))
        self._length = np.zeros(len(self._return), np.intp)
        self._begin: list[int] = []  # trials whose episode ended with the last step
        start = time.perf_counter()
        self._observation = self._scaled(env.reset(seed=check.seed(who, seed))[0])
        self.seconds = time.perf_counter() - start

    @staticmethod
    def _match(who: str, argument: str, got: int, size: int) -> None:
        if got != size:
            do = f"pass one of {size}, as the environment has"
            check.fail(who, argument, f"have {check.counted(size, 'dimension')}", str(got), do)

    def step(self) -> Turn:
        """Set the observation, run a period of the network, and take a step of the environment.

        Returns
        -------
        Turn
            The next observation, the reward, and whether an episode ended.
        """
        self._input[...] = self._observation
        self._sim._take(self._n)
        action = self._actions(self._sim.latest(self._probe))
        start = time.perf_counter()
        observation, reward, terminated, truncated, _ = self.env.step(action)
        ended = np.logical_or(terminated, truncated)
        if not self._is_batch and ended:
            observation = self.env.reset()[0]
        self.seconds += time.perf_counter() - start
        self._observation = self._scaled(observation)
        self._return += reward
        self._length += 1
        if self._skips:  # this step has only begun the next episode
            self._return[self._begin] = self._length[self._begin] = 0
        self._begin = np.flatnonzero(ended).tolist()
        for trial in self._begin:
            self.returns.append((trial, float(self._return[trial])))
            self.lengths.append(int(self._length[trial]))
            self._return[trial] = self._length[trial] = 0
        if not self._is_batch:
            return Turn(self._observation, float(reward), bool(ended))
        return Turn(self._observation, np.asarray(reward, np.float64), ended)

    def run(self, n_steps: int) -> None:
        """Take a number of steps of the environment.

        Parameters
        ----------
        n_steps : int
            The number of steps.
        """
        do = "pass a number of steps"
        for _ in range(check.integer("Loop.run", "n_steps", n_steps, do)):
            self.step()

    def __repr__(self) -> str:
        return f"<loop of {self._sim!r} and {self.env}, {len(self.returns)} episodes>"
