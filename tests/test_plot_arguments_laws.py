"""Each argument of a figure that does not fit is named with its figure, whoever checks it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import plot

BAD = [[np.inf]]
WORDS = nef.spa.Vocabulary(8, seed=1)
PLANE = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]


@cache
def model() -> Any:
    net = nef.Network(seed=1)
    a, b = net.ensemble(5, 2, label="a"), net.ensemble(5, 1)
    c, y = net.connect(a[0], b), net.probe(a, label="y")
    spikes = net.probe(a.neurons)
    sim = nef.Simulator(net, backend="numpy", progress=False)
    sim.run_steps(8)
    return SimpleNamespace(a=a, b=b, c=c, y=y, spikes=spikes, sim=sim)


CASES: list[tuple[str, Callable[[Any], object]]] = [
    ("decoded: values", lambda m: plot.decoded(BAD)),
    ("decoded: probe", lambda m: plot.decoded([1.0], probe="y")),
    ("decoded: probe", lambda m: plot.decoded(m.sim, probe=3)),
    ("decoded: time", lambda m: plot.decoded([1.0], time=[1.0, 2.0])),
    ("decoded: trial", lambda m: plot.decoded([1.0], trial=0)),
    ("decoded: input", lambda m: plot.decoded([1.0], input=BAD)),
    ("decoded: input", lambda m: plot.decoded(m.sim, probe=m.y, input=3)),
    ("decoded: ideal", lambda m: plot.decoded([1.0], ideal=BAD)),
    ("decoded: ideal", lambda m: plot.decoded([1.0], ideal=np.square)),
    ("decoded: ideal", lambda m: plot.decoded([1.0], input=[1.0], ideal=lambda x: "a")),
    ("decoded: line_style", lambda m: plot.decoded([1.0], linewidth="x")),
    ("decoded: ax", lambda m: plot.decoded([1.0], ax=3)),
    ("decoding_error: x", lambda m: plot.decoding_error(BAD, [1.0])),
    ("decoding_error: x_hat", lambda m: plot.decoding_error([1.0], BAD)),
    ("decoding_error: target", lambda m: plot.decoding_error([1.0], [1.0], BAD)),
    ("decoding_error: connection", lambda m: plot.decoding_error([1.0], [1.0], connection=m.c)),
    ("decoding_error: connection", lambda m: plot.decoding_error(m.sim, connection=3)),
    ("decoding_error: x_hat", lambda m: plot.decoding_error(m.sim, [1.0], connection=m.c)),
    ("decoding_error: target", lambda m: plot.decoding_error(m.sim, target=[1.0], connection=m.c)),
    ("decoding_error: line_style", lambda m: plot.decoding_error([1.0], [1.0], linewidth="x")),
    ("decoding_error: ax", lambda m: plot.decoding_error([1.0], [1.0], ax=3)),
    ("learning_curve: error", lambda m: plot.learning_curve(BAD)),
    ("learning_curve: window", lambda m: plot.learning_curve([1.0], window=0.0)),
    ("learning_curve: line_style", lambda m: plot.learning_curve([1.0], 0.001, linewidth="x")),
    ("learning_curve: ax", lambda m: plot.learning_curve([1.0], 0.001, ax=3)),
    ("weight_histogram: ax", lambda m: plot.weight_histogram([1.0], ax=3)),
    ("stdp_curve: line_style", lambda m: plot.stdp_curve([1.0], [1.0], False, linewidth="x")),
    ("stdp_curve: ax", lambda m: plot.stdp_curve([1.0], [1.0], False, ax=3)),
    ("confusion_matrix: ax", lambda m: plot.confusion_matrix([0], [0], ax=3)),
    ("network: ax", lambda m: plot.network(m.sim.network, ax=3)),
    ("similarities: values", lambda m: plot.similarities(BAD, WORDS)),
    ("similarities: vocabulary", lambda m: plot.similarities([[1.0] * 8], 3)),
    ("similarity_map: space", lambda m: plot.similarity_map([1.0], 3)),
    ("spectrum: signal", lambda m: plot.spectrum(BAD)),
    ("spectrum: dt", lambda m: plot.spectrum(m.sim, 0.1, probe=m.y)),
    ("spectrum: window", lambda m: plot.spectrum([0.0, 1.0, 0.0, 1.0], window=9.0)),
    ("spectrum: line_style", lambda m: plot.spectrum([0.0, 1.0, 0.0, 1.0], linewidth="x")),
    ("spectrum: ax", lambda m: plot.spectrum([0.0, 1.0, 0.0, 1.0], ax=3)),
    ("raster: spikes", lambda m: plot.raster(BAD)),
    ("raster: sort", lambda m: plot.raster([[1.0]], sort="x")),
    ("raster: sort", lambda m: plot.raster([[1.0]], sort=m.a)),
    ("raster: ax", lambda m: plot.raster([[1.0]], ax=3)),
    ("sweep: x", lambda m: plot.sweep({"y": [1.0]}, "x", "y")),
    ("sweep: by", lambda m: plot.sweep({"x": [1.0], "y": [1.0]}, "x", "y", by="z")),
    ("sweep: line_style", lambda m: plot.sweep({"x": [1], "y": [1]}, "x", "y", linewidth="x")),
    ("sweep: ax", lambda m: plot.sweep({"x": [1.0], "y": [1.0]}, "x", "y", ax=3)),
    ("tuning_curves: rates", lambda m: plot.tuning_curves(BAD, [1.0])),
    ("tuning_curves: x", lambda m: plot.tuning_curves([[1.0]], [1.0, 2.0])),
    ("tuning_curves: x", lambda m: plot.tuning_curves(m.sim, BAD, ensemble=m.a)),
    ("tuning_curves: ensemble", lambda m: plot.tuning_curves([[1.0]], [1.0], m.a)),
    ("tuning_curves: ensemble", lambda m: plot.tuning_curves(m.sim, ensemble=3)),
    ("tuning_curves: line_style", lambda m: plot.tuning_curves([[1.0]], [1.0], linewidth="x")),
    ("tuning_curves: ax", lambda m: plot.tuning_curves([[1.0]], [1.0], ax=3)),
    ("tuning_surface: neuron", lambda m: plot.tuning_surface([[1.0]] * 3, PLANE, 1)),
    ("tuning_surface: neuron", lambda m: plot.tuning_surface(m.sim, neuron=5, ensemble=m.a)),
    ("tuning_surface: x", lambda m: plot.tuning_surface([[1.0]] * 3, PLANE[:2])),
    ("tuning_surface: x", lambda m: plot.tuning_surface(m.sim, [[1.0]], ensemble=m.a)),
    ("tuning_surface: rates", lambda m: plot.tuning_surface(BAD, PLANE)),
    ("tuning_surface: ensemble", lambda m: plot.tuning_surface(m.sim, ensemble=m.b)),
    ("weight_matrix: label", lambda m: plot.weight_matrix(m.sim, m.c, "x")),
    ("weight_matrix: connection", lambda m: plot.weight_matrix(m.sim, 3)),
    ("weight_matrix: connection", lambda m: plot.weight_matrix([[1.0]], m.c)),
    ("weight_matrix: ax", lambda m: plot.weight_matrix([[1.0]], ax=3)),
]


@pytest.mark.parametrize(("name", "draw"), CASES)
def test_an_argument_that_does_not_fit_is_named(name: str, draw: Any) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        draw(model())
    assert re.match(rf"plot\.{name} must ", str(caught.value))


SPIKES_CURE = (
    "probe must record spikes, got {}; pass a probe of neurons, net.probe(ensemble.neurons)."
)


@pytest.mark.parametrize(
    ("message", "draw"),
    [
        ("got <probe 'y'>; write probe=y, by its keyword.", lambda m: plot.decoded(m.sim, m.y)),
        ("got 'y'; write probe='y', by its keyword.", lambda m: plot.decoded(m.sim, "y")),
        ("got <ensemble 'a'>; pass probe=, a probe of it.", lambda m: plot.decoded(m.sim, m.a)),
        ("got [1.0]; leave it out.", lambda m: plot.decoded(m.sim, [1.0])),
        ("write probe=..., by its keyword.", lambda m: plot.raster(m.sim, m.spikes)),
        (
            "time must be None with recorded data, got <probe 'probe 1'>; write probe=",
            lambda m: plot.raster(m.sim, m.spikes, probe=m.spikes),
        ),
        ("write ensemble=a, by its keyword.", lambda m: plot.tuning_curves(m.sim, m.a)),
        ("write ensemble=a, by its keyword.", lambda m: plot.tuning_surface(m.sim, m.a)),
        (SPIKES_CURE.format("<probe 'y'>"), lambda m: plot.raster(m.sim, probe=m.y)),
        (SPIKES_CURE.format("'y'"), lambda m: plot.raster(m.sim, probe="y")),
        (SPIKES_CURE.format("'y'"), lambda m: plot.raster(m.sim.result(), probe="y")),
    ],
)
def test_an_object_in_the_place_of_another_argument_is_answered_by_its_keyword(
    message: str, draw: Callable[[Any], object]
) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        draw(model())
    assert message in str(caught.value)


def test_rasters_take_spikes_that_are_rows() -> None:
    """The spikes that a node plays are rows, and so are those of some neurons in files of 0.2."""
    rows = np.zeros((20, 3))
    rows[[3, 5, 9], [0, 1, 2]] = 1000.0
    net = nef.Network(seed=1)
    source = net.node(nef.PresentInput(rows, 0.001))
    probe = net.probe(source)
    sim = nef.Simulator(net, backend="numpy", progress=False)
    sim.run_steps(20)
    ax = plot.raster(sim, probe=probe)
    assert sorted(ax.lines[0].get_ydata().tolist()) == [0, 1, 2]
