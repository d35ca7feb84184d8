"""Laws of environments in networks: scales, times, counts of episodes, and what is refused."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")

import nefsim as nef  # noqa: E402
from nefsim import gym  # noqa: E402
from nefsim.gym import environment, loop  # noqa: E402
from nefsim.gym.spaces import Actions, Observations  # noqa: E402


class Walk(gymnasium.Env):  # type: ignore[misc, name-defined]
    """Observes its steps; an episode has three, of which the last is cut off, not reached."""

    observation_space = gymnasium.spaces.Box(0.0, 4.0, (1,))
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))

    def __init__(self) -> None:
        self.n = self.n_resets = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.n, self.n_resets = 0, self.n_resets + 1
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> Any:
        self.n += 1
        return np.array([self.n], np.float32), 10.0**self.n, False, self.n == 3, {}


def box(low: Any, high: Any, shape: tuple[int, ...] | None = None) -> Any:
    return gymnasium.spaces.Box(np.float64(low), np.float64(high), shape, np.float64)


def test_an_image_of_each_trial_is_a_row() -> None:
    scaled = Observations("Test", box(0.0, 5.0, (2, 3)), None)
    images = np.arange(24.0).reshape(4, 2, 3) % 6
    np.testing.assert_allclose(scaled(images), images.reshape(4, 6) / 2.5 - 1, atol=1e-15)
    actions = Actions("Test", box(0.0, 5.0, (2, 3)))
    np.testing.assert_allclose(actions(images.reshape(4, 6) / 2.5 - 1), images, atol=1e-15)
    assert actions(np.zeros(6)).shape == (2, 3)
    assert (scaled.size, actions.size) == (6, 6)


def test_a_number_with_equal_bounds_is_a_difference_from_them() -> None:
    scaled = Observations("Test", box([2.0, 0.0], [2.0, 8.0]), None)
    np.testing.assert_array_equal(scaled([2.25, 5.0]), [0.25, 0.25])


def test_numbers_are_cut_at_limits_around_zero() -> None:
    scaled = Observations("Test", box([0.0, 1.0], [10.0, 1.0]), [2.0, 0.5])
    np.testing.assert_array_equal(scaled([-1.0, 0.125]), [-0.5, 0.25])
    np.testing.assert_array_equal(scaled([[9.0, -9.0]]), [[1.0, -1.0]])
    with pytest.raises(ValueError, match=r"Test: limits must have shape \(2,\)"):
        Observations("Test", box([0.0, 1.0], [10.0, 1.0]), [2.0])
    with pytest.raises(ValueError, match=r"Test: limits must be"):
        Observations("Test", box(0.0, 1.0, (1,)), [0.0])


def test_bounds_are_finite_below_1e30() -> None:
    middle = box(-0.99e30, 0.99e30, (1,))
    assert Observations("Test", middle, None)([0.99e30]) == Actions("Test", middle).size == 1
    one_sided = box([0.0, 0.0], [1.0, 1e30 * 2])
    for kind, words in ((Observations, "observations"), (Actions, "actions")):
        for far in (box(-1e30, 1e30, (1,)), one_sided):
            more = (None,) if kind is Observations else ()
            with pytest.raises(ValueError, match=f"env must have {words} with finite bounds"):
                kind("Test", far, *more)


def test_discrete_spaces_have_a_size_and_a_first_number() -> None:
    space = gymnasium.spaces.Discrete(3, start=-1)
    scaled, actions = Observations("Test", space, None), Actions("Test", space)
    assert scaled.size == actions.size == 3
    assert [scaled(i).tolist() for i in (-1, 1)] == [[1, 0, 0], [0, 0, 1]]
    assert scaled([-1, 0]).dtype == np.float64
    assert actions(np.array([0.5, 0.1, 0.2])) == -1
    with pytest.raises(ValueError, match="limits must be None for a Discrete space"):
        Observations("Test", space, [1.0])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that shows a second more at each look."""
    looks = count()
    for module in (environment, loop):
        clock = SimpleNamespace(perf_counter=lambda: float(next(looks)))
        monkeypatch.setattr(module, "time", clock)


def test_a_node_takes_steps_up_to_its_time_but_for_rounding(clock: None) -> None:
    env = Walk()
    node = gym.Environment(env, period=0.5)
    assert (node.reward, node.seconds, node.returns, node.lengths) == (0.0, 0.0, [], [])
    zero = np.zeros(1)
    np.testing.assert_array_equal(node(0.0, zero), [0.0])
    assert (env.n_resets, node.seconds) == (0, 0.0)  # before the first step
    np.testing.assert_array_equal(node(0.25, zero), [-1.0])
    assert (env.n_resets, env.n, node.seconds) == (1, 0, 1.0)
    np.testing.assert_array_equal(node(0.5 * (1 - 2e-9), zero), [-1.0])
    np.testing.assert_array_equal(node(0.5 * (1 - 0.5e-9), zero), [-0.5])
    assert (node.reward, node.seconds) == (10.0, 3.0)
    np.testing.assert_array_equal(node(1.4, zero), [0.0])
    np.testing.assert_array_equal(node(1.4, zero), [0.0])  # the same time is not an earlier one
    # The third step is the last of an episode, after which the observation is that of the next.
    np.testing.assert_array_equal(node(1.5, zero), [-1.0])
    assert (node.reward, node.returns, node.lengths) == (1000.0, [1110.0], [3])
    np.testing.assert_array_equal(node(3.5, zero), [-0.5])
    assert (node.reward, node.returns, node.lengths) == (10.0, [1110.0] * 2, [3] * 2)
    # At an earlier time it starts again, and the episode that was cut off counts nowhere.
    np.testing.assert_array_equal(node(0.25, zero), [-1.0])
    assert (node.reward, node.returns, node.lengths) == (0.0, [], [])
    node(1.5, zero)
    assert (node.returns, node.lengths) == ([1110.0], [3])
    assert node.seconds == 9.0


def test_a_node_checks_its_arguments() -> None:
    assert (gym.Environment(Walk()).size_in, gym.Environment(Walk()).size_out) == (1, 1)
    for options, words in (
        ({"env": None}, "env must be a gymnasium environment"),
        ({"period": 0.0}, "period must be above 0"),
        ({"seed": -1}, "seed must"),
        ({"limits": [1.0, 2.0]}, "limits must have shape"),
    ):
        with pytest.raises((TypeError, ValueError), match=f"Environment: {words}"):
            gym.Environment(**({"env": Walk()} | options))


def simulator(size: int = 1, **options: Any) -> tuple[nef.Simulator, nef.Node, nef.Probe]:
    """A network whose action is the observation of the same step."""
    net = nef.Network(seed=1)
    state = net.node(np.zeros(size))
    out = net.node(size_in=size)
    net.connect(state, out, synapse=None)
    action = net.probe(out)
    return nef.Simulator(net, progress=False, **options), state, action


def test_a_loop_counts_its_seconds_and_episodes(clock: None) -> None:
    sim, state, action = simulator()
    env = Walk()
    turns = gym.Loop(sim, env, state, action, period=0.002)
    assert (turns.seconds, env.n_resets) == (1.0, 1)
    first = turns.step()
    assert (first.reward, first.ended, sim.n_steps, turns.seconds) == (10.0, False, 2, 2.0)
    assert (type(first.reward), type(first.ended)) == (float, bool)
    np.testing.assert_array_equal(first.observation, [-0.5])
    turns.run(5)
    assert (turns.returns, turns.lengths) == ([(0, 1110.0)] * 2, [3, 3])
    assert (env.n_resets, turns.seconds, sim.n_steps) == (3, 7.0, 12)
    turns.run(0)
    assert sim.n_steps == 12
    for wrong in (-1, 1.5):
        with pytest.raises((TypeError, ValueError), match=r"Loop\.run: n_steps must"):
            turns.run(wrong)


@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP"])
def test_the_step_that_begins_an_episode_does_not_count(mode: str) -> None:
    mode = gymnasium.vector.AutoresetMode[mode]
    envs = gymnasium.vector.SyncVectorEnv([Walk, Walk], autoreset_mode=mode)
    sim, state, action = simulator(batch_size=2)
    turns = gym.Loop(sim, envs, state, action, period=0.001)
    seen = [turns.step() for _ in range(7)]
    assert turns.returns == [(0, 1110.0), (1, 1110.0)] * 2
    assert turns.lengths == [3] * 4
    ends = [index for index, turn in enumerate(seen) if turn.ended.all()]
    assert ends == ([2, 6] if mode.name == "NEXT_STEP" else [2, 5])
    assert all(turn.reward.dtype == np.float64 for turn in seen)
    assert seen[0].observation.shape == (2, 1)


def test_loops_refuse_environments_that_do_not_fit() -> None:
    mode = gymnasium.vector.AutoresetMode.DISABLED
    manual = gymnasium.vector.SyncVectorEnv([Walk, Walk], autoreset_mode=mode)
    pair = gymnasium.vector.SyncVectorEnv([Walk, Walk])
    single, state, action = simulator()
    batch, inputs, probe = simulator(batch_size=2)
    wide, pairs, both = simulator(2)
    three = simulator(batch_size=3)
    for given, words in (
        ((batch, manual, inputs, probe), "env must begin episodes by itself"),
        ((single, pair, state, action), "env must have as many environments as sim has trials"),
        ((batch, Walk(), inputs, probe), "env must have as many environments as sim has trials"),
        ((three[0], pair, *three[1:]), "env must have as many environments .*, got 2 and 3"),
        ((wide, Walk(), pairs, both), "observation must have 1 dimension, got 2"),
        ((single, Walk(), state, both), "action must be a probe of sim"),
    ):
        with pytest.raises((TypeError, ValueError), match=f"Loop: {words}"):
            gym.Loop(*given)
    net = nef.Network(seed=1)
    state = net.node([0.0])
    out = net.node(size_in=3)
    action = net.probe(out)
    with pytest.raises(ValueError, match="Loop: action must have 1 dimension, got 3"):
        gym.Loop(nef.Simulator(net, progress=False), Walk(), state, action)
