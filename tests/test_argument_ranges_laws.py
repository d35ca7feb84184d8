"""The ends of ranges of arguments: the last value that is allowed, and the first one beyond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import dynamics, spa
from nefsim.analysis.errors import confidence_interval
from nefsim.analysis.timing import frequency_curve, stdp_curve
from nefsim.budget.survey import error_budget
from nefsim.dynamics.delays import legendre, pade_readout
from nefsim.encoding import gain_bias, measure_tuning_curves
from nefsim.learning.hpes import HPES
from nefsim.networks.actions import thalamus
from nefsim.networks.oscillators import oscillator
from nefsim.networks.reservoirs import reservoir
from nefsim.networks.selection import winner_take_all
from nefsim.networks.systems import system
from nefsim.neurons.adaptive import AdaptiveLIF
from nefsim.neurons.lif import LIF
from nefsim.neurons.soft import SoftLIFRate
from nefsim.plot.animation import animate
from nefsim.plot.similarity import similarity_map
from nefsim.plot.weights import weights_over_time
from nefsim.sampling.sphere import CosineSimilarity, UniformHypersphere
from nefsim.solvers.dale import Dale
from nefsim.solvers.sparse import LstsqDrop
from nefsim.solvers.svd import Lstsq, PseudoInverse
from nefsim.spa.capacity import cleanup_probability
from nefsim.spa.circles import CyclicSSP
from nefsim.spa.lattices import GridSSP
from nefsim.spa.scores import rate_map
from nefsim.spa.spaces import RandomSSP
from nefsim.sweeps.sweep import sweep
from nefsim.synapses.bands import Bandpass
from nefsim.synapses.elements import PerElement

LAG = dynamics.LinearSystem([[-1.0]], [[1.0]])
TWO = np.array([[0.0, 0.5], [0.5, 0.0], [-0.5, 0.5]])


def net() -> nef.Network:
    return nef.Network(seed=1)


def small() -> nef.Network:
    """A network for a budget of errors."""
    made = nef.Network(seed=1)
    a = made.ensemble(5, 1)
    made.connect(made.node(0.5), a, synapse=None)
    made.probe(a)
    return made


def vocabulary() -> Any:
    made = spa.Vocabulary(16, seed=1)
    made.add("A")
    return made


def curve(seconds: float) -> Any:
    neuron, one = nef.LIF(), np.ones(1)
    return measure_tuning_curves(neuron, [[0.5]], one[:, None], 9 * one, one, seconds=seconds)


Make = Callable[[Any], Any]

#: The argument of an error, a call with its value, values at the ends, and values beyond them.
RANGES: dict[str, tuple[str, Make, list[Any], list[Any]]] = {
    "confidence": ("confidence", lambda v: confidence_interval([1.0, 2.0], v), [0.5], [0, 1.0]),
    "pairs of spikes": ("n_pairings", lambda v: stdp_curve(n_pairings=v), [1], [0]),
    "pairs by rate": ("n_pairings", lambda v: frequency_curve(n_pairings=v), [1], [0]),
    "steps of a budget": (
        "seconds / dt",
        lambda v: error_budget(small(), seconds=v * 0.001, backend="numpy"),
        [10],
        [9],
    ),
    "order of Padé": ("order", pade_readout, [1, 30], [0, 31]),
    "order of Legendre": ("order", lambda v: legendre(v, 0.1), [1], [0]),
    "power of a system": ("times", lambda v: LAG**v, [0, 1], [-1, 1001]),
    "sign of feedback": ("sign", lambda v: LAG.feedback(sign=v), [-1, 1], [-2, 0, 2]),
    "scale of points": (
        "scale",
        lambda v: dynamics.Trajectory(LAG, nef.WhiteSignal(1.0, high=5), scale=v),
        [1e-300],
        [0.0],
    ),
    "intercepts": ("intercepts", lambda v: gain_bias(LIF(), [100.0], [v]), [-1e6], [-1.01e6]),
    "seconds of curves": ("seconds", curve, [0.001], [0.0004]),
    "supervision": ("supervision", lambda v: HPES(supervision=v), [0.0, 1.0], [-0.01, 1.01]),
    "thalamus": ("threshold", lambda v: thalamus(net(), 2, threshold=v), [-1.0], [-1.01, 1.0]),
    "frequency of an oscillator": (
        "frequency",
        lambda v: oscillator(net(), 20, v),
        [],
        [-1.01e4, 1.01e4],
    ),
    "slow oscillators": ("frequency", lambda v: oscillator(net(), 20, v), [-1.0, 1.0], []),
    "density": ("density", lambda v: reservoir(net(), 9, 1, density=v), [1.0], [0.0, 1.01]),
    "winner": (
        "threshold",
        lambda v: winner_take_all(net(), 20, 2, threshold=v),
        [0.01, 0.99],
        [0.0, 1.0],
    ),
    "lag": (
        "lag",
        lambda v: system(net(), 20, [[-1.0]], [[1.0]], lag=v, method="continuous"),
        [-0.05, 0.1],
        [-0.101, 0.101],
    ),
    "voltage of LIF": ("min_voltage", lambda v: LIF(min_voltage=v), [0.0, -1.0], [1e-9]),
    "voltage of AdaptiveLIF": ("min_voltage", lambda v: AdaptiveLIF(min_voltage=v), [0.0], [1e-9]),
    "softness": ("sigma", lambda v: SoftLIFRate(sigma=v), [1e-6, 1e6], [0.9e-6, 1.01e6]),
    "pictures": ("fps", lambda v: animate(np.ones((3, 1)), "a.gif", fps=v), [], [0, 101]),
    "samples of a map": (
        "n_samples",
        lambda v: similarity_map(np.ones(97), RandomSSP(2, 48), n_samples=v),
        [2],
        [1, 1001],
    ),
    "weights over time": (
        "most",
        lambda v: weights_over_time(np.ones((3, 2, 2)), most=v),
        [1],
        [0, 10_001],
    ),
    "cosines": ("dimensions", CosineSimilarity, [2], [1]),
    "magnitude": (
        "min_magnitude",
        lambda v: UniformHypersphere(min_magnitude=v),
        [0.0, 0.99],
        [-0.01, 1.0],
    ),
    "excitatory neurons": ("excitatory", lambda v: Dale(excitatory=v), [0.0, 1.0], [-0.01, 1.01]),
    "weights that are dropped": ("drop", lambda v: LstsqDrop(drop=v), [0.0, 0.99], [-0.01, 1.0]),
    "singular values": ("rcond", lambda v: Lstsq(rcond=v), [0.0, 0.99], [-0.01, 1.0]),
    "of an inverse": ("rcond", lambda v: PseudoInverse(rcond=v), [0.0, 0.99], [-0.01, 1.0]),
    "power of a pointer": (
        "exponent",
        lambda v: spa.HRR().power(np.eye(8)[0], v),
        [-1e6, 1e6],
        [-1.01e6, 1.01e6],
    ),
    "similarity": (
        "similarity",
        lambda v: cleanup_probability(v, 8, 3),
        [-1.0, 1.0],
        [-1.01, 1.01],
    ),
    "dimensions of a cleanup": ("dimensions", lambda v: cleanup_probability(0.5, v, 3), [2], [1]),
    "number in an expression": (
        "text",
        lambda v: vocabulary().parse(f"{v!r} * A"),
        [1e9],
        [1.01e9],
    ),
    "dimensions of circles": ("domain_dimensions", CyclicSSP, [1], [0, 101]),
    "frequencies of circles": (
        "n_frequencies",
        lambda v: CyclicSSP(1, v, length_scale=0.1),
        [1],
        [0],
    ),
    "dimensions of a grid": ("domain_dimensions", GridSSP, [1], [0, 101]),
    "dimensions of a space": ("domain_dimensions", RandomSSP, [1], [0, 101]),
    "frequencies of a space": ("n_frequencies", lambda v: RandomSSP(1, v), [1], [0]),
    "bins": ("n_bins", lambda v: rate_map(np.ones(3), TWO, n_bins=v), [2], [1, 1001]),
    "retries": ("retries", lambda v: sweep(small, {}, retries=v), [], [-1, 1001]),
    "frequency of a band": ("frequency", Bandpass, [1e6], [1.01e6, 0.0]),
    "width of a band": ("q", lambda v: Bandpass(9.0, v), [1e-6, 1e6], [0.9e-6, 1.01e6]),
    "time constants": ("synapses", lambda v: PerElement([v]), [0.0, 1e6], [-0.01, 1.01e6]),
}


@pytest.mark.parametrize("name", RANGES)
def test_the_ends_of_a_range_are_allowed_and_no_value_beyond(name: str) -> None:
    argument, make, ends, beyond = RANGES[name]
    for value in ends:
        make(value)
    for value in beyond:
        with pytest.raises(ValueError, match=f"{argument} must be") as caught:
            make(value)
        assert "got " in str(caught.value)
