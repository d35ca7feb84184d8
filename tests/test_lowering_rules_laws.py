"""Laws of builds: rates and constants of rules, warnings, and threads."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.lowering import (
    build,
    stability,
    threads,
)
from nefsim.lowering import learning as lessons
from nefsim.program import Weigh

# Learning


def test_the_bound_of_the_learning_rate_is_that_of_the_formula() -> None:
    assert stability.learning_rate_bound(400.0, 10, 0.002) == 2 * 10 / (0.002 * 400.0)
    assert stability.learning_rate_bound(0.0, 10, 0.002) == np.inf


@pytest.mark.parametrize("tau", [0.02, 0.0, None])
def test_suggested_rates_are_those_of_the_formula(tau: float | None) -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(6, 2, radius=2.0), net.ensemble(4, 2)
    whole = net.connect(a, b, synapse=tau)
    part = net.connect(a.neurons[[4, 1]], net.node(size_in=2), synapse=tau)
    built = build(net, 0.001, 1).ensembles[a]
    points = built.eval_points[: stability.MOST_POINTS]
    assert stability.MOST_POINTS == 500 and len(points) == 500
    rates = nef.LIF().rates(points @ built.scaled_encoders.T + built.bias)
    for connection, chosen in ((whole, rates), (part, rates[:, [4, 1]])):
        power, n = (chosen**2).sum(axis=1).max(), chosen.shape[1]
        for dt, more in ((0.001, 0.01), (0.5, 0.0), (0.002, 0.3)):
            slow = max(4 * (more + (tau or 0.0)), 10 * dt)
            found = nef.suggest_learning_rate(connection, dt, more)
            assert found == pytest.approx(n / (power * slow), rel=1e-12)
    default = nef.suggest_learning_rate(whole)
    assert default == nef.suggest_learning_rate(whole, 0.001, 0.01)
    free = nef.Network()
    c = free.connect(free.ensemble(6, 1), free.node(size_in=1))
    rates_of = [nef.suggest_learning_rate(c, seed=seed) for seed in (None, 0, 1)]
    assert rates_of[0] == rates_of[1] != rates_of[2]
    direct = net.ensemble(1, 2, neuron_type=nef.Direct())
    for wrong in (net.connect(net.node([1.0, 2.0]), b), net.connect(direct, b)):
        with pytest.raises(ValueError, match="connection must come from neurons"):
            nef.suggest_learning_rate(wrong)
    with pytest.raises(TypeError, match="connection must be a connection"):
        nef.suggest_learning_rate(a)  # type: ignore[arg-type]


@pytest.mark.parametrize(("share", "warns"), [(0.999, False), (1.001, True)])
def test_rates_above_the_bound_are_warned_of(share: float, warns: bool) -> None:
    def made(rate: float, **options: Any) -> nef.Network:
        net = nef.Network(seed=1)
        a, b = net.ensemble(20, 1), net.ensemble(20, 1)
        c = net.connect(a, b, learning_rule=nef.PES(rate), **options)
        net.connect(net.node(1.0), c.learning_rule)
        return net

    net = made(1e-9)
    built = build(net, 0.001, 1).ensembles[net.ensembles[0]]
    rates = nef.LIF().rates(built.eval_points[:500] @ built.scaled_encoders.T + built.bias)
    bound = 2 * 20 / (0.001 * (rates**2).sum(axis=1).max())
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        build(made(share * bound), 0.001, 1)
    assert len(found) == warns
    if warns:
        assert f"(dt |a|^2) = {bound:.2g} for the error" in str(found[0].message)
        assert f"try {bound / 20:.1g} or" in str(found[0].message)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            build(made(share * bound, solver=nef.LstsqL2(weights=True)), 0.001, 1)
            build(made(share * bound), 0.001, 1, outline=True)


def test_constants_of_rules_are_those_of_the_target_neurons() -> None:
    from nefsim.learning import LearningRule

    class Known(LearningRule):
        constants = ("gain", "scale", "max_rates", "dt")

        def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
            return 0 * weights

    net = nef.Network(seed=1)
    a = net.ensemble(3, 1)
    gain, bias = np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.5, -9.0])
    b = net.ensemble(3, 1, radius=2.0, gain=gain, bias=bias)
    net.connect(a.neurons, b.neurons[[2, 0]], transform=np.ones((2, 3)), learning_rule=Known())
    net.connect(a, b, solver=nef.LstsqL2(weights=True), learning_rule=Known())
    net.connect(a, net.node(size_in=1), learning_rule=None)
    program = build(net, 0.001, 1).program
    parts = [op.parts[0] for op in program.ops if hasattr(op, "parts")]
    rates = nef.LIF().rates(gain + bias)
    rates[2] = np.inf  # which never fires
    for part, chosen in zip(parts, ([2, 0], [0, 1, 2]), strict=True):
        assert part.constants["dt"] == 0.001 and part.error is None and part.gate is None
        assert np.array_equal(part.constants["gain"], gain[chosen])
        assert np.array_equal(part.constants["scale"], gain[chosen] / 2.0)
        np.testing.assert_allclose(part.constants["max_rates"], rates[chosen], rtol=1e-9)
    sizes = [op.initial.shape for op in program.ops if isinstance(op, Weigh)]
    assert sizes == [(2, 3), (3, 3)]


def test_variables_of_rules_have_names_and_dimensions() -> None:
    assert lessons.preset_names(nef.RLS()) == {"inverse": 2}
    assert lessons.preset_names(nef.BCM()) == {"theta": 1}
    assert lessons.preset_names(nef.PES()) == {}
    assert lessons.name_of_variable(2, "theta") == "rule 2 theta"


def test_rules_are_grouped_by_the_weights_that_they_change() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(3, 1), net.ensemble(3, 1)
    one = net.connect(a, b, learning_rule=[nef.Voja(), nef.PES(), nef.PES()])
    two = net.connect(net.node(1.0), b, learning_rule=nef.Voja())
    found = lessons.rules_by_weights([one, two])
    assert {thing: [part.place for part in parts] for thing, parts in found.items()} == {
        one: [1, 2],
        b: [0, 0],
    }


# Inputs beyond the radius


def warnings_of(net: nef.Network, **options: Any) -> int:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        build(net, 0.001, 1, **options)
    return sum("within its radius" in str(each.message) for each in found)


@pytest.mark.parametrize(
    ("values", "radius", "options", "n"),
    [
        ([[1.49]], 1.0, {}, 0),
        ([[1.51]], 1.0, {}, 1),
        ([[-1.51]], 1.0, {}, 1),
        ([[2.99]], 2.0, {}, 0),
        ([[3.01]], 2.0, {}, 1),
        ([[1.0], [0.6]], 1.0, {}, 1),
        ([[1.6], [-0.6]], 1.0, {}, 0),
        ([[0.8]], 1.0, {"transform": 2.0}, 1),
        ([[0.8]], 1.0, {"transform": [[2.0]]}, 1),
        ([[1.6]], 1.0, {"function": np.square}, 0),
        ([[1.6]], 1.0, {"synapse": nef.LinearFilter([0.1], [1.0])}, 0),
        ([[1.6]], 1.0, {"synapse": nef.Box(0.01)}, 1),
        ([[1.6]], 1.0, {"synapse": None}, 1),
    ],
    ids=str,
)
def test_constants_of_more_than_one_and_a_half_radii_are_warned_of(
    values: list[list[float]], radius: float, options: dict[str, Any], n: int
) -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, radius=radius)
    for value in values:
        net.connect(net.node(value), a, **options)
    assert warnings_of(net) == n


def test_only_ensembles_of_neurons_that_get_constants_alone_are_warned_of() -> None:
    net = nef.Network(seed=1)
    far, near = net.node([3.0, 1.2]), net.node(0.0)
    a = net.ensemble(20, 2)
    net.connect(far[1], a[0])
    net.connect(far[1], a[1], transform=0.7)
    assert warnings_of(net) == 0  # (1.2, 0.84) has a length of 1.46
    net.connect(far[[1, 1]], a[[1, 0]], transform=[0.1, 0.1])
    assert warnings_of(net) == 1  # (1.32, 0.96) has 1.63
    assert warnings_of(net, inputs={far: net.node([0.0, 0.5])}) == 0
    net.connect(net.node(np.sin), a[0])
    assert warnings_of(net) == 0
    other = nef.Network(seed=1)
    other.connect(other.node(9.0), other.ensemble(1, 1, neuron_type=nef.Direct()))
    other.connect(other.node(9.0), other.node(size_in=1))
    assert warnings_of(other) == 0
    other.connect(other.node(9.0), other.ensemble(5, 1))
    assert warnings_of(other) == 1 and near.size_out == 1


# Threads


def test_threads_return_results_in_order_and_the_first_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 3)
    names: set[Any] = set()
    gate = threading.Barrier(3, timeout=30.0)

    def square(i: int) -> tuple[int, int]:
        if i < 3:
            gate.wait()  # three threads are at work at the same time
        names.add(threading.current_thread())
        # Calls from within start no more threads.
        inside = {*threads.in_threads(lambda _: threading.current_thread(), range(3))}
        return i * i, len(inside)

    assert threads.in_threads(square, range(6)) == [(i * i, 1) for i in range(6)]
    assert len(names) == 3 and threading.current_thread() in names
    assert threads.in_threads(square, []) == []
    alone = threads.in_threads(lambda i: threading.current_thread(), [1])
    assert alone == [threading.current_thread()]

    def failing(i: int) -> None:
        raise KeyError(i)

    with pytest.raises(KeyError, match="0"):
        threads.in_threads(failing, range(9))
    # Afterwards there are threads again.
    gate.reset()
    names.clear()
    threads.in_threads(square, range(3))
    assert len(names) == 3


def test_work_is_prepared_in_order_by_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SYSTEMS_AT_ONCE", 4)
    for n in (0, 3, threads.MIN_SYSTEMS, 17):
        prepared: list[int] = []

        def prepare(i: int, into: list[int] = prepared) -> Any:
            into.append(i)
            assert threading.current_thread() is threading.main_thread()
            return lambda: -i

        assert [*threads.share(prepare, range(n))] == [-i for i in range(n)]
        assert prepared == [*range(n)]
