"""Environments of gymnasium as nodes and in loops: scaling, seeds, episodes, batches."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")

import nefsim as nef  # noqa: E402
from nefsim import gym  # noqa: E402
from nefsim.gym.spaces import Actions, Observations  # noqa: E402

SENTENCE = re.compile(r"[^:\n]+: .+ must .+, got .+; .+\.", re.DOTALL)
LIMITS = [2.4, 3.0, 0.21, 3.0]
GAINS = np.array([0.1, 0.5, 2.0, 1.5])


class Counter(gymnasium.Env):  # type: ignore[misc, name-defined]
    """Observes the number of its steps and its last action; an episode has five steps."""

    observation_space = gymnasium.spaces.Box(np.float32([0.0, -2.0]), np.float32([10.0, 2.0]))
    action_space = gymnasium.spaces.Box(np.float32([-2.0]), np.float32([2.0]))

    def __init__(self) -> None:
        self.n = self.episodes = 0
        self.actions: list[Any] = []
        self.seeds: list[int | None] = []

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.seeds.append(seed)
        self.n = 0
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> Any:
        self.n += 1
        self.actions.append(action)
        observation = np.array([self.n, action[0]], np.float32)
        return observation, float(self.n), self.n == 5, False, {}


def controller(**options: Any) -> tuple[nef.Simulator, nef.Node, nef.Probe]:
    """A network that balances a pole."""
    net = nef.Network(seed=1)
    state, act = net.node(np.zeros(4)), net.node(size_in=2)
    a = net.ensemble(400, 4, radius=2.0)
    net.connect(state, a, synapse=None)
    net.connect(a, act, transform=[-GAINS, GAINS], synapse=0.005)
    action = net.probe(act)
    return nef.Simulator(net, progress=False, **options), state, action


def test_numbers_are_scaled_by_their_bounds() -> None:
    box = gymnasium.spaces.Box(np.float32([0.0, -1.0]), np.float32([10.0, 3.0]))
    scaled = Observations("Test", box, None)
    np.testing.assert_allclose(scaled([0.0, 3.0]), [-1.0, 1.0])
    np.testing.assert_allclose(scaled([[5.0, 1.0], [99.0, -99.0]]), [[0.0, 0.0], [1.0, -1.0]])
    np.testing.assert_allclose(Observations("Test", box, [2.0, 4.0])([1.0, 1.0]), [0.5, 0.25])
    actions = Actions("Test", box)
    np.testing.assert_allclose(actions(np.array([-1.0, 1.0])), [0.0, 3.0])
    np.testing.assert_allclose(actions(np.array([[0.0, 0.0], [9.0, -9.0]])), [[5, 1], [10, -1]])
    assert actions(np.zeros(2)).dtype == box.dtype
    constant = gymnasium.spaces.Box(np.float32([2.0, 0.0]), np.float32([2.0, 1.0]))
    np.testing.assert_array_equal(Observations("Test", constant, None)([2.0, 0.5]), [0.0, 0.0])
    image = gymnasium.spaces.Box(0, 255, (2, 3), np.uint8)
    assert Observations("Test", image, None).size == 6
    assert Observations("Test", image, None)(np.full((2, 3), 255, np.uint8)).tolist() == [1.0] * 6


def test_discrete_numbers_are_places() -> None:
    space = gymnasium.spaces.Discrete(3, start=5)
    scaled, actions = Observations("Test", space, None), Actions("Test", space)
    np.testing.assert_array_equal(scaled(6), [0.0, 1.0, 0.0])
    np.testing.assert_array_equal(scaled([5, 7]), [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert actions(np.array([0.1, 0.3, 0.2])) == 6
    assert type(actions(np.zeros(3))) is int
    assert actions(np.eye(3)[[2, 0]]).tolist() == [7, 5]


def test_an_environment_as_a_node_takes_its_steps_at_multiples_of_the_period() -> None:
    env = Counter()
    node = gym.Environment(env, period=0.005, seed=4)
    net = nef.Network(seed=1)
    u = net.node(lambda t: t * 10.0)
    e = net.node(node, size_in=1)
    net.connect(u, e, synapse=None)
    y = net.probe(e)
    sim = nef.Simulator(net, progress=False)
    sim.run(0.04)
    # Eight steps of the environment: 5 ms, 10 ms, ...; the fifth begins an episode.
    np.testing.assert_allclose(np.ravel(env.actions), 2 * 10 * 0.005 * np.arange(1, 9), rtol=1e-6)
    at = np.arange(1, 41) // 5
    np.testing.assert_allclose(sim.data[y][:, 0], np.array([0, 1, 2, 3, 4, 0, 1, 2, 3])[at] / 5 - 1)
    assert (node.returns, node.lengths) == ([15.0], [5])
    assert node.reward == 3.0
    assert node.seconds > 0.0
    assert env.seeds == [4, None]
    first = sim.data[y].copy()
    sim.reset()
    sim.run(0.04)
    np.testing.assert_array_equal(sim.data[y], first)
    assert env.seeds == [4, None, 4, None]
    assert node.lengths == [5]


def test_a_pole_is_balanced_by_a_node() -> None:
    pole = gym.Environment(gymnasium.make("CartPole-v1"), limits=LIMITS, seed=1)
    net = nef.Network(seed=1)
    node = net.node(pole, size_in=2)
    a = net.ensemble(400, 4, radius=2.0)
    net.connect(node, a, synapse=None)
    net.connect(a, node, transform=[-GAINS, GAINS], synapse=0.005)
    nef.Simulator(net, progress=False).run(4.1)  # without control a pole falls within 1 s
    assert pole.returns == []


def test_a_loop_observes_steps_and_acts_in_turns() -> None:
    net = nef.Network(seed=1)
    state = net.node(np.zeros(2))
    act = net.node(size_in=1)
    net.connect(state[0], act, synapse=None)
    action = net.probe(act)
    env = Counter()
    sim = nef.Simulator(net, progress=False)
    loop = gym.Loop(sim, env, state, action, period=0.003, seed=7)
    turns = [loop.step() for _ in range(6)]
    assert sim.n_steps == 18
    seen = np.array([0, 1, 2, 3, 4, 0]) / 5 - 1
    np.testing.assert_allclose(np.ravel(env.actions), 2 * seen, rtol=1e-6)
    assert [turn.reward for turn in turns] == [1.0, 2.0, 3.0, 4.0, 5.0, 1.0]
    assert [turn.ended for turn in turns] == [False] * 4 + [True, False]
    assert (loop.returns, loop.lengths) == ([(0, 15.0)], [5])
    assert env.seeds == [7, None]


@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP"])
def test_episodes_of_a_vector_environment_are_counted(mode: str) -> None:
    mode = gymnasium.vector.AutoresetMode[mode]
    envs = gymnasium.vector.SyncVectorEnv([Counter, Counter], autoreset_mode=mode)
    net = nef.Network(seed=1)
    state, act = net.node(np.zeros(2)), net.node(size_in=1)
    net.connect(state[0], act, synapse=None)
    action = net.probe(act)
    sim = nef.Simulator(net, batch_size=2, progress=False)
    loop = gym.Loop(sim, envs, state, action, period=0.001)
    loop.run(12)
    assert loop.returns == [(0, 15.0), (1, 15.0)] * 2
    assert loop.lengths == [5] * 4
    assert loop.step().reward.shape == (2,)


def test_trials_of_a_batch_are_those_of_single_environments() -> None:
    """Trial b has the seed + b; its spikes differ, as trials have different voltages."""
    sim, state, action = controller(batch_size=2)
    poles = gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode="sync")
    loop = gym.Loop(sim, poles, state, action, limits=LIMITS, seed=3)
    fourth = gymnasium.make("CartPole-v1").reset(seed=4)[0]
    np.testing.assert_allclose(loop._observation[1], fourth / LIMITS, rtol=1e-6)
    batch = [loop.step() for _ in range(40)]
    sim, state, action = controller()
    loop = gym.Loop(sim, gymnasium.make("CartPole-v1"), state, action, limits=LIMITS, seed=3)
    seen = [loop.step() for _ in range(40)]
    np.testing.assert_allclose(
        [turn.observation[0] for turn in batch], [turn.observation for turn in seen], atol=1e-12
    )


def test_poles_are_balanced_by_a_batch() -> None:
    sim, state, action = controller(batch_size=4)
    poles = gymnasium.make_vec("CartPole-v1", num_envs=4)
    loop = gym.Loop(sim, poles, state, action, limits=LIMITS, seed=1)
    loop.run(150)
    assert loop.returns == []
    assert loop.seconds > 0.0


WRONG: dict[str, dict[str, Any]] = {
    "sim": {"sim": None},
    "env": {"env": "CartPole-v1"},
    "observation": {"observation": None},
    "action": {"action": None},
    "period": {"period": 0.0105},
    "limits": {"limits": None},
    "number of limits": {"limits": [1.0]},
    "limits of 0": {"limits": [0.0] * 4},
    "seed": {"seed": -1},
    "trials": {"env": gymnasium.make_vec("CartPole-v1", num_envs=2)},
    "actions": {"env": gymnasium.make("Pendulum-v1"), "limits": [1.0] * 3},
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_loops_are_refused(name: str) -> None:
    sim, state, action = controller()
    valid = {"sim": sim, "env": gymnasium.make("CartPole-v1"), "observation": state}
    valid |= {"action": action, "limits": LIMITS}
    with pytest.raises((TypeError, ValueError)) as info:
        gym.Loop(**(valid | WRONG[name]))
    assert SENTENCE.fullmatch(str(info.value)), str(info.value)


def test_bounds_without_an_end_are_refused_in_any_precision() -> None:
    for kind in (np.float32, np.float64):
        most = np.finfo(kind).max
        box = gymnasium.spaces.Box(-most, most, (2,), kind)
        with pytest.raises(ValueError, match="have observations with finite bounds"):
            Observations("Test", box, None)
        with pytest.raises(ValueError, match="have actions with finite bounds"):
            Actions("Test", box)


def test_other_spaces_are_refused() -> None:
    box = gymnasium.spaces.Box(-np.inf, np.inf, (2,))
    both = gymnasium.spaces.Tuple([box, box])
    for call in (
        lambda: Observations("Test", both, None),
        lambda: Observations("Test", box, None),
        lambda: Observations("Test", gymnasium.spaces.Discrete(2), [1.0]),
        lambda: Actions("Test", both),
        lambda: Actions("Test", box),
        lambda: gym.Environment("CartPole-v1"),
    ):
        with pytest.raises((TypeError, ValueError)) as info:
            call()
        assert SENTENCE.fullmatch(str(info.value))
