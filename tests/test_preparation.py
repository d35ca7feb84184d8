"""The work of preparing a network grows with the network and no faster."""

from __future__ import annotations

import gc
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim._collector import NEVER, only_young_collected
from nefsim.lowering import threads
from nefsim.processes import Process

BACKENDS = ["numpy", *(["numba"] if importlib.util.find_spec("numba") else [])]


def learners(n: int) -> nef.Network:
    """So many populations of five neurons that learn a constant."""
    net = nef.Network(seed=1)
    constant = net.node(0.5)
    for _ in range(n):
        a, error = net.ensemble(5, 1), net.node(size_in=1)
        net.connect(constant, a)
        learned = net.connect(a, error, learning_rule=nef.PES())
        net.connect(error, learned.learning_rule)
    return net


def calls_of_preparing(net: nef.Network, backend: str) -> int:
    """How many functions are called, in Python or by it, while a simulator is made."""
    n_calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal n_calls
        n_calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        nef.Simulator(net, backend=backend, progress=False)
    finally:
        sys.setprofile(before)
    return n_calls


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_calls_of_preparing_networks_that_learn_grow_linearly(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 1)  # only calls of this thread are counted
    nef.Simulator(learners(80), backend=backend, progress=False)  # imports, and compiles
    few, some, many = (calls_of_preparing(learners(n), backend) for n in (40, 80, 160))
    # Twice the populations add twice the calls, and a few more or less where systems are solved
    # 64 at a time.  One call for each pair of populations would add a tenth.
    assert many - some == pytest.approx(2 * (some - few), rel=0.01)


@pytest.fixture
def thresholds() -> Iterator[tuple[int, int, int]]:
    """Thresholds of a user's own, and afterwards those of before."""
    before, own = gc.get_threshold(), (600, 9, 8)
    gc.set_threshold(*own)
    yield own
    gc.set_threshold(*before)


#: The third threshold, noted wherever a function below is called.
seen: list[int] = []


@dataclass(frozen=True)
class Watching(Process):
    """Noise that notes the threshold at each start."""

    @property
    def size(self) -> int | None:
        return None

    def start(self, size: int, dt: float, rng: np.random.Generator) -> Any:
        seen.append(gc.get_threshold()[2])
        return nef.WhiteNoise().start(size, dt, rng)


def watched(x: Any) -> Any:
    seen.append(gc.get_threshold()[2])
    return np.sin(float(x[0]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_only_young_objects_are_collected_while_a_simulator_is_made_or_reset(
    backend: str, thresholds: tuple[int, int, int]
) -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    net.connect(net.node(Watching(), size_out=1), a)
    net.connect(a, net.node(size_in=1), function=watched)
    seen.clear()
    sim = nef.Simulator(net, backend=backend, progress=False)
    assert len(seen) > 100 and set(seen) == {NEVER}
    seen.clear()
    sim.reset()
    assert seen == [NEVER]
    assert gc.get_threshold() == thresholds


def test_only_young_objects_are_collected_while_a_nengo_network_is_built(
    thresholds: tuple[int, int, int],
) -> None:
    nengo = pytest.importorskip("nengo")
    import nefsim.nengo

    with nengo.Network(seed=1) as model:
        a = nengo.Ensemble(20, 1)
        nengo.Connection(a, nengo.Node(size_in=1), function=watched)
    seen.clear()  # Nengo calls the function once to know its size
    nefsim.nengo.Simulator(model, progress_bar=False).close()
    assert len(seen) > 100 and set(seen) == {NEVER}
    assert gc.get_threshold() == thresholds


def test_thresholds_come_back_after_nested_blocks_and_after_an_error(
    thresholds: tuple[int, int, int],
) -> None:
    with only_young_collected():
        with pytest.raises(ZeroDivisionError), only_young_collected():
            raise ZeroDivisionError
        assert gc.get_threshold()[2] == NEVER
    assert gc.get_threshold() == thresholds


def test_blocks_that_overlap_leave_no_threshold_behind(thresholds: tuple[int, int, int]) -> None:
    first, second = only_young_collected(), only_young_collected()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold()[2] == NEVER
    second.__exit__(None, None, None)
    assert gc.get_threshold() == thresholds


@pytest.mark.usefixtures("thresholds")
def test_thresholds_that_are_set_within_stay() -> None:
    with only_young_collected():
        gc.set_threshold(500, 5, 5)
    assert gc.get_threshold() == (500, 5, 5)


class Loop:
    """An object that only the collector of cycles finds, and how many there are."""

    alive = 0

    def __init__(self) -> None:
        self.me = self
        Loop.alive += 1

    def __del__(self) -> None:
        Loop.alive -= 1


def test_garbage_of_a_function_goes_while_a_network_is_built() -> None:
    most = 0

    def function(x: Any) -> Any:
        nonlocal most
        for _ in range(100):
            Loop()
        most = max(most, Loop.alive)
        return np.sin(float(x[0]))

    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, n_eval_points=500)
    net.connect(a, net.node(size_in=1), function=function)
    nef.Simulator(net, backend="numpy", progress=False)
    # Of 50,000 there are no more at a time than make the collector look for young garbage:
    # 700 objects (Python 3.13: 2000), in twice that to be safe.
    assert 0 < most < 4000
