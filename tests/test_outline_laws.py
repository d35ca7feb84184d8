"""Laws of builds by shapes alone, and of small parts of networks, records and plots."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim.lowering import build
from nefsim.records.events import Events


def varied() -> nef.Network:
    net = nef.Network(seed=1)
    u = net.node([0.1, 0.2, 0.3])
    a = net.ensemble(20, 3, n_eval_points=70)
    b = net.ensemble(15, 2, eval_points=np.eye(2), neuron_type=nef.LIFRate())
    direct = net.ensemble(9, 2, neuron_type=nef.Direct())
    relay = net.node(size_in=2)
    weights = nef.LstsqL2(weights=True)
    net.connect(u, a)
    net.connect(a, b, function=lambda x: x[:2], eval_points=nef.Uniform(-1, 1))
    net.connect(a[1], relay[0], eval_points=np.zeros((7, 3)))
    net.connect(b, b, transform=scipy.sparse.csr_array(np.eye(2)), solver=weights)
    net.connect(a, direct, function=lambda x: [x[0] * x[1], x[2]], solver=nef.Nnls())
    net.connect(direct, relay, function=np.square)
    net.connect(b.neurons[2:5], a.neurons, transform=np.ones((20, 3)))
    c = net.connect(b, relay, learning_rule=nef.PES(), eval_points=nef.Gaussian(0, 1))
    net.connect(relay, c.learning_rule)
    for target in (a, b[1], relay, c):
        net.probe(target, synapse=0.01)
    net.probe(a.neurons, sample_every=0.0035)
    net.probe(u, sample_every=0.035)
    return net


def shapes(things: Any, names: tuple[str, ...]) -> list[Any]:
    return [
        [np.shape(v) if (v := getattr(of, name)) is not None else None for name in names]
        for of in things.values()
    ]


def test_a_build_by_shapes_has_the_shapes_of_a_build() -> None:
    whole, outline = (build(varied(), 0.005, 1, outline=o) for o in (False, True))
    of_ensemble = ("encoders", "gain", "bias", "max_rates", "intercepts", "eval_points")
    for kind, names in (
        ("ensembles", of_ensemble),
        ("connections", ("decoders", "eval_points", "transform", "full")),
        ("probe_data", ("decoders", "eval_points")),
    ):
        one, two = (shapes(getattr(built, kind), names) for built in (whole, outline))
        assert one == two, kind
    one, two = whole.program, outline.program
    assert [(s.name, s.size) for s in one.signals] == [(s.name, s.size) for s in two.signals]
    assert [type(op) for op in one.ops] == [type(op) for op in two.ops]
    # 35 ms are 7 steps up to rounding, which is left out.
    assert [record.every for record in one.records] == [1.0] * 4 + [0.0035 / 0.005, 7.0]
    assert [record.every for record in two.records] == [record.every for record in one.records]


def test_rules_have_an_error_as_input_and_no_output() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(5, 2), net.ensemble(4, 3)
    full = nef.LstsqL2(weights=True)
    sizes = []
    for solver, rule in (
        (None, nef.PES()),
        (full, nef.PES()),
        (full, nef.BCM()),
        (full, nef.Oja()),
    ):
        options = {} if solver is None else {"solver": solver}
        rule_of = net.connect(a[0], b[:1], learning_rule=rule, **options)
        sizes.append(rule_of.learning_rule.size_in)
        assert rule_of.learning_rule.size_out == 0
        assert rule_of.learning_rule.network is net
    assert sizes == [1, 1, 0, 0]


@pytest.mark.parametrize("place", [0, 1, -1])
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("steps", -1, "steps must be from 0 below 9"),
        ("steps", 9, "steps must be from 0 below 9"),
        ("cells", -1, "cells must be from 0 below 6"),
        ("cells", 6, "cells must be from 0 below 6"),
    ],
)
def test_each_event_of_a_file_is_checked(place: int, name: str, value: int, words: str) -> None:
    arrays = {"steps": np.array([0, 3, 3, 8]), "cells": np.array([5, 0, 1, 5], np.int32)}

    def misfit() -> str:
        return Events(
            **arrays, values=np.array(1.0), shape=(2, 9, 3), times=np.arange(9.0)
        ).misfit()

    assert misfit() == ""
    arrays[name][place] = value
    assert misfit() == words


def test_events_must_be_in_order_and_cells_wide_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    import nefsim.records.events as module

    monkeypatch.setattr(module, "AT_ONCE", 2)
    steps, cells = np.array([0, 1, 3, 2, 4]), np.zeros(5, np.int8)
    for n, words in ((3, ""), (4, "steps must be in order of time"), (5, "steps must be in order")):
        events = Events(steps[:n], cells[:n], 1.0, (9, 3), np.arange(9.0))
        assert events.misfit().startswith(words) and bool(events.misfit()) == bool(words)
    wide = Events(steps[:1], cells[:1], 1.0, (9, 128), np.arange(9.0))
    assert wide.misfit() == "cells of type int8 are too few"
    assert Events(steps[:1], cells[:1], 1.0, (9, 127), np.arange(9.0)).misfit() == ""


def test_neurons_are_ordered_by_preferred_value() -> None:
    from nefsim.plot._order import by_preferred_value, evenly

    angles = np.array([0.5, -3.0, 2.0, -0.1, 3.0, 1.6])
    encoders = np.stack([np.cos(angles), np.sin(angles), np.zeros(6)], axis=1)
    for some in (encoders, encoders[:, :2]):
        assert np.array_equal(by_preferred_value(some, np.zeros(6)), np.argsort(angles))
    one = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    # Of the negative ones, the one with the higher intercept prefers the lower values.
    assert by_preferred_value(one, np.array([0.5, 0.2, -0.5, 0.7])).tolist() == [3, 1, 2, 0]
    assert evenly(np.arange(10) * 2, 4).tolist() == [0, 6, 12, 18]
    assert evenly(np.arange(3), 9).tolist() == [0, 1, 2]


def test_help_shows_each_default_and_no_mark_of_argparse() -> None:
    from nefsim import cli

    for name in cli.COMMANDS:
        parser = cli._parser([name])
        choices: Any = next(a for a in parser._actions if a.dest == "command").choices
        text = " ".join(choices[name].format_help().split())
        assert "SUPPRESS" not in text and "(default None)" not in text
        assert "(default False)" not in text and "(default True)" not in text
        for action in choices[name]._actions:
            if isinstance(action.default, (int, float)) and not isinstance(action.default, bool):
                assert f"(default {action.default})" in text


@pytest.mark.parametrize(
    ("num", "den"),
    [
        ([1.0], [0.1, 1.0]),
        ([0.03, 1.0], [0.002, 0.1, 1.0]),
        ([0.01, 0.2, 2.0], [1e-4, 0.02, 0.3, 1.0]),
    ],
)
def test_a_continuous_realisation_is_that_of_its_formula(
    num: list[float], den: list[float]
) -> None:
    """``A' = d(A) / n(A)`` and ``B' = Q(0) B`` with ``Q(s) (s - A) = d(s) - n(s) A'``."""
    A, B = np.array([[-1.0, 3.0], [-2.0, -0.5]]), np.array([[1.0], [2.0]])
    real = nef.dynamics.realise(A, B, nef.LinearFilter(num, den), method="continuous")

    def at(polynomial: list[float]) -> Any:
        powers = (np.linalg.matrix_power(A, k) for k in range(len(polynomial)))
        return sum(c * p for c, p in zip(polynomial[::-1], powers, strict=True))

    recurrent = at(den) @ np.linalg.inv(at(num))
    np.testing.assert_allclose(real.recurrent, recurrent, rtol=1e-10)
    Q = (num[-1] * recurrent - den[-1] * np.eye(2)) @ np.linalg.inv(A)  # at s = 0
    ((matrix, synapse),) = real.inputs
    np.testing.assert_allclose(matrix, Q @ B, rtol=1e-10)
    assert synapse == nef.LinearFilter(num, den)


def test_a_neuron_of_a_graph_may_be_alone() -> None:
    pytest.importorskip("nir")
    from nefsim.nir.neurons import _one

    assert (_one(np.array([2.5])), _one(np.full(3, 0.5))) == (2.5, 0.5)
    assert _one(np.array([1.0, 1.0, 2.0])).tolist() == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("shape", [(0,), (0, 2), (3, 0), (2, 2, 2), ()])
def test_arrays_to_plot_have_rows_and_columns(shape: tuple[int, ...]) -> None:
    from nefsim.plot import _source

    with pytest.raises(ValueError, match=r"w: x must have shape \(P, D\), got shape"):
        _source.points("w", "x", np.zeros(shape))
    assert _source.points("w", "x", np.zeros(3)).shape == (3, 1)
    assert _source.points("w", "x", np.zeros((3, 2)), 3).shape == (3, 2)
    with pytest.raises(ValueError, match=r"w: x must have 4 rows, got 3; pass"):
        _source.points("w", "x", np.zeros((3, 2)), 4)
    for time in ([0.1, 0.1, 0.2], [0.1, 0.3, 0.2]):
        with pytest.raises(ValueError, match=r"w: time must increase, got .* s after"):
            _source.times("w", time, 3)
    assert _source.times("w", [0.1, 0.2, 0.3], 3).tolist() == [0.1, 0.2, 0.3]
    assert _source.times("w", None, 3).tolist() == [0.001, 0.002, 0.003]


def test_gabor_functions_are_their_formula_at_the_numbers_that_are_drawn() -> None:
    n, k, shape = 6, 5, (8, 9)
    found = nef.SparseGabor(shape, k, (0.3, 1.5), 0.4).sample(n, 72, 3).reshape(n, *shape)
    rng = np.random.default_rng(3)
    theta, phase = rng.uniform(-np.pi, np.pi, (2, n))
    cycles = rng.uniform(0.3, 1.5, n)
    top, left = rng.integers(8 - k + 1, size=n), rng.integers(9 - k + 1, size=n)
    for i in range(n):
        image = np.zeros(shape)
        for row in range(k):
            for column in range(k):
                v, u = (2 * at / (k - 1) - 1 for at in (row, column))
                x = u * np.cos(theta[i]) + v * np.sin(theta[i])
                wave = np.cos(2 * np.pi * cycles[i] * x + phase[i])
                image[top[i] + row, left[i] + column] = wave * np.exp(-(u * u + v * v) / 0.32)
        np.testing.assert_allclose(found[i], image / np.linalg.norm(image), atol=1e-12)
