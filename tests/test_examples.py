"""The programs of examples/ run, and do what they say."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "examples"


def load(name: str) -> Any:
    """An example as a module."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def output(name: str, *arguments: str) -> str:
    """The output of an example as a program."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, str(FOLDER / f"{name}.py"), *arguments]
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def test_a_table_lists_each_example() -> None:
    names = {path.name for path in FOLDER.glob("*.py")}
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert {name for name in names if f"| `{name}` |" in table} == names


def test_the_pendulum_stays_upright() -> None:
    angles = load("pendulum").run(3.0, realtime=False)
    assert np.abs(angles[-1000:]).max() < 0.1  # it began at 0.5 rad


def test_the_pendulum_is_the_same_in_real_time() -> None:
    pendulum = load("pendulum")
    np.testing.assert_array_equal(pendulum.run(0.1), pendulum.run(0.1, realtime=False))


def test_poles_stay_upright() -> None:
    pytest.importorskip("gymnasium")
    cart_pole = load("cart_pole")
    _, loop = cart_pole.make(trials=2)
    loop.run(100)
    assert loop.returns == []


def test_the_arm_learns_its_load() -> None:
    arm = load("adaptive_arm")
    without, learned = (arm.run(6.0, learns=learns, n_neurons=300) for learns in (False, True))
    assert arm.rms(learned, 2.0) < 0.6 * arm.rms(without, 2.0)
    unloaded = arm.run(1.0, learns=False, n_neurons=20, load=0.0)
    assert arm.rms(unloaded, 1.0) < 0.01  # the controller knows the arm itself


def test_an_actor_and_a_critic_learn_the_way_through_a_grid() -> None:
    learner = load("actor_critic")
    totals = [episode.total for episode in learner.train(learner.TASKS["grid"], 40)]
    assert np.mean(totals[:5]) < 0.7
    # The shortest way has 8 steps, and 0.93 in sum; actions are drawn, so some are others.
    assert np.mean(totals[-10:]) > 0.85


def fixed_point(discount: float, tau: float, period: int, n_periods: int = 7) -> np.ndarray:
    """The values of two states that follow each other, before a reward of 1, at their ends.

    With V = w · a, for filtered activities a of states that share no neuron, the changes of an
    episode are the sum of e(t) · a(t - period), with the error e of the example.  They are 0.
    """
    t = np.arange(n_periods * period)
    one, two, reward = (
        nef.Lowpass(tau).filt((t // period == k).astype(float), dt=0.001) for k in range(3)
    )

    def before(x: np.ndarray) -> np.ndarray:
        return np.concatenate([np.zeros(period), x[:-period]])

    states = np.array([one, two])
    traces = np.array([before(state) for state in states])
    w = np.linalg.solve(traces @ (discount * states - traces).T, -traces @ reward)
    return np.array([w @ states[:, period - 1], w @ states[:, 2 * period - 1]])


def test_the_critic_learns_discounted_rewards() -> None:
    """Two states in turn, the second with a reward; the only action changes nothing."""
    learner = load("actor_critic").Learner(1, 1, discount=0.5, n_neurons=100)
    values = []
    for _ in range(200):
        for state in (-1.0, 1.0):
            learner.act(np.array([state]))
            values.append(float(learner.sim.latest(learner._value)[0]))
            if state < 0.0:
                learner.learn(0.0)
        learner.end(1.0, True)
    expected = fixed_point(0.5, 0.01, 20)
    np.testing.assert_allclose(fixed_point(0.5, 1e-5, 20), [0.5, 1.0], atol=0.01)
    # Of spikes in 20 ms, and after so many episodes: seeds 0 and 1 differ by 0.04 from it.
    found = np.mean(np.reshape(values[-40:], (-1, 2)), axis=0)
    np.testing.assert_allclose(found, expected, atol=0.08)


def test_an_actor_and_a_critic_learn_to_balance_a_pole() -> None:
    pytest.importorskip("gymnasium")
    learner = load("actor_critic")
    totals = [episode.total for episode in learner.train(learner.TASKS["pole"], 75)]
    assert np.mean(totals[:20]) < 50.0  # actions at random last some 22 steps
    assert np.mean(totals[-10:]) > 100.0


def test_the_level_of_a_sound_is_decoded(tmp_path: Path) -> None:
    sound_level = load("sound_level")
    sound_level.write_example(tmp_path / "tone.wav")
    power = sound_level.mean_squares(tmp_path / "tone.wav")
    assert len(power) == 3000
    np.testing.assert_allclose(power[:1000].mean(), 10**-2.0, rtol=1e-3)
    decoded, exact = sound_level.levels(power)
    np.testing.assert_allclose(exact[[999, 1999]], [-20.0, -6.0], atol=0.05)
    np.testing.assert_allclose(decoded[[999, 1999]], exact[[999, 1999]], atol=1.0)


def test_two_programs_exchange_a_value() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = output("udp", "--port", str(port), "--seconds", "1").splitlines()
    assert "sent 1000 packets" in lines
    received = next(int(line.split()[1]) for line in lines if line.startswith("received"))
    assert received > 0
