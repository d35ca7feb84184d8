"""Every argument of every public name, replaced by rubbish, is refused in the house sentence.

``TABLE`` has an entry for each public callable: a valid call, and for each argument the
kinds of rubbish that it takes all the same.  Those must be accepted and all others refused.
"""

from __future__ import annotations

import inspect
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, fields, replace
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim._values import Value
from nefsim.learning import LearningRule
from nefsim.neurons import NeuronType
from nefsim.sampling import Distribution
from nefsim.solvers import Solver
from nefsim.synapses import Synapse

SENTENCE = re.compile(r"[^:\n]+: .+ must .+, got .+; .+\.")


class Unshowable:
    """An object that fails when it is shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no picture")


#: Bad values of each argument, by the name used in ``TABLE``.
RUBBISH: dict[str, Any] = {
    "None": None,
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "-1": -1,
    "1.5": 1.5,
    "1e30": 1e30,
    "-1e30": -1e30,
    "10**30": 10**30,
    "10**400": 10**400,
    "10**5000": 10**5000,
    "1j": 1j,
    "True": True,
    "text": "rubbish",
    "no text": "",
    "lines": "two\nlines",
    "bytes": b"rubbish",
    "object": object(),
    "unshowable": Unshowable(),
    "...": ...,
    "[]": [],
    "()": (),
    "{}": {},
    "dict": {"rubbish": object()},
    "set": {1.0},
    "iterator": iter([1.0]),
    "class": int,
    "function": lambda: None,
    "module": math,
    "ragged": [[1.0, 2.0], [3.0]],
    "ragged pair": ([1.0, [2.0, 3.0]], 1.0),
    "pair of text": ("low", "high"),
    "[None]": [None, None, None],
    "seven": np.ones(7),
    "3-D": np.zeros((2, 3, 4)),
    "nan array": np.full(3, np.nan),
    "inf array": np.full((3, 2), np.inf),
    "huge array": np.full(3, 1e30),
    "complex array": np.full(3, 1j),
    "bool array": np.full(3, True),
    "text array": np.array(["a", "b", "c"]),
    "object array": np.array([object()]),
    "date array": np.zeros(3, "M8[s]"),
    "0-D": np.array(object()),
    "unhashable": [{1.0}],
}

NOTHING: frozenset[str] = frozenset()
NONE = frozenset({"None"})
SEED = NONE
LABEL = frozenset({"None", "text", "no text", "lines"})
FLAG = frozenset({"True"})
NUMBER = frozenset({"-1", "1.5"})
POSITIVE = frozenset({"1.5"})
ANY_ARRAY = NUMBER | {"[]", "()", "seven", "3-D"}

Fresh = Callable[[], tuple[Callable[..., Any], dict[str, Any]]]


@dataclass(frozen=True)
class Case:
    """A public callable, a new valid call of it, and the rubbish that each argument takes."""

    name: str
    fresh: Fresh
    accepts: Mapping[str, frozenset[str]]
    variant: str = ""

    def __repr__(self) -> str:
        return f"{self.name} {self.variant}".strip()


TABLE: list[Case] = []


def add(name: str, fresh: Fresh, accepts: Mapping[str, Set[str]], variant: str = "") -> None:
    """One more entry of the table."""
    TABLE.append(Case(name, fresh, {k: frozenset(v) for k, v in accepts.items()}, variant))


def entry(kind: Callable[..., Any], /, **arguments: tuple[Any, Set[str]]) -> None:
    """An entry for a class or function: each argument's valid value and the rubbish it takes."""
    valid = {name: given for name, (given, _) in arguments.items()}
    accepts = {name: taken for name, (_, taken) in arguments.items()}
    add(kind.__name__, lambda: (kind, dict(valid)), accepts)


def methods(instance: Any, /, **accepts: Mapping[str, tuple[Any, Set[str]]]) -> None:
    """Entries for methods of an instance."""
    for method, arguments in accepts.items():
        valid = {name: given for name, (given, _) in arguments.items()}
        taken = {name: names for name, (_, names) in arguments.items()}
        name = f"{type(instance).__name__}.{method}"
        add(name, partial(_bound, instance, method, valid), taken)


def _bound(
    instance: Any, method: str, valid: Mapping[str, Any]
) -> tuple[Callable[..., Any], dict[str, Any]]:
    return getattr(instance, method), dict(valid)


# Neuron types

PER_NEURON = {"seven"}
entry(
    nef.LIF,
    tau_rc=(0.02, POSITIVE | PER_NEURON),
    tau_ref=(0.002, POSITIVE | PER_NEURON),
    min_voltage=(0.0, {"-1"}),
    amplitude=(1.0, POSITIVE),
    method=("exact", NOTHING),
)
entry(
    nef.LIFRate,
    tau_rc=(0.02, POSITIVE | PER_NEURON),
    tau_ref=(0.002, POSITIVE | PER_NEURON),
    amplitude=(1.0, POSITIVE),
)
entry(
    nef.AdaptiveLIF,
    tau_rc=(0.02, POSITIVE | PER_NEURON),
    tau_ref=(0.002, POSITIVE | PER_NEURON),
    tau_n=(1.0, POSITIVE),
    inc_n=(0.01, POSITIVE),
    min_voltage=(0.0, {"-1"}),
    amplitude=(1.0, POSITIVE),
)
entry(
    nef.AdaptiveLIFRate,
    tau_rc=(0.02, POSITIVE | PER_NEURON),
    tau_ref=(0.002, POSITIVE | PER_NEURON),
    tau_n=(1.0, POSITIVE),
    inc_n=(0.01, POSITIVE),
    amplitude=(1.0, POSITIVE),
)
entry(
    nef.Izhikevich,
    tau_recovery=(0.02, NOTHING),
    coupling=(0.2, NOTHING),
    reset_voltage=(-65.0, NOTHING),  # with a reset to -1 mV it never is silent
    reset_recovery=(8.0, NUMBER),
)
entry(nef.RectifiedLinear, amplitude=(1.0, POSITIVE))
entry(nef.SpikingRectifiedLinear, amplitude=(1.0, POSITIVE))
entry(nef.Sigmoid, tau_ref=(0.0025, POSITIVE))
entry(nef.Tanh, tau_ref=(0.0025, POSITIVE))
entry(
    nef.DiscreteLIF,
    decay=(0.9, PER_NEURON),
    threshold=(1.0, NUMBER | PER_NEURON),
    reset=("zero", NOTHING),
    threshold_rule=(">", NOTHING),
    scale=(1.0, POSITIVE | PER_NEURON),
    activation=("identity", NOTHING),
    output=("step", NOTHING),
    step_time=(0.001, POSITIVE),
    amplitude=(1.0, POSITIVE),
)
entry(
    nef.InverseLIF,
    n_steps=(8, NOTHING),
    factor=(2.0, POSITIVE),
    threshold=(1.0, POSITIVE | PER_NEURON),
    offset=(0.0, NUMBER | PER_NEURON),
    overlap=(True, FLAG),
    samples=(False, FLAG),
    amplitude=(1.0, POSITIVE),
)
entry(
    nef.SoftLIFRate,
    tau_rc=(0.02, POSITIVE),
    tau_ref=(0.002, POSITIVE),
    sigma=(0.02, POSITIVE),
    amplitude=(1.0, POSITIVE),
)
for spikes_from_rates in (nef.RegularSpiking, nef.StochasticSpiking, nef.PoissonSpiking):
    entry(
        spikes_from_rates,
        base_type=(nef.LIFRate(), NOTHING),
        amplitude=(1.0, POSITIVE),
    )

entry(nef.SteadyState, x=(0.5, NUMBER | {"seven"}))

RATES = ANY_ARRAY - {"-1"}
for neuron, takes in (
    (nef.LIF(), RATES),
    (nef.LIFRate(), RATES),
    (nef.AdaptiveLIF(), RATES),
    (nef.AdaptiveLIFRate(), RATES),
    (nef.Izhikevich(), RATES),
    (nef.RectifiedLinear(), RATES),
    (nef.SpikingRectifiedLinear(), RATES),
    (nef.Sigmoid(), RATES - {"3-D"}),  # which is of zeros, and a sigmoid is never silent
    (nef.Tanh(), ANY_ARRAY),
    (nef.RegularSpiking(), RATES),
    (nef.StochasticSpiking(), RATES),
    (nef.PoissonSpiking(), RATES),
    (nef.DiscreteLIF(), RATES),
    (nef.SoftLIFRate(), RATES - {"3-D"}),  # which is of zeros, and a soft LIF is never silent
):
    methods(
        neuron,
        rates={"J": ([0.5, 2.0], ANY_ARRAY)},
        current={"rates": ([20.0, 50.0], takes)},
    )

methods(nef.InverseLIF(n_steps=4), rates={"J": ([0.5, 2.0], ANY_ARRAY)})

# Synapses

entry(nef.Lowpass, tau=(0.005, POSITIVE))
entry(nef.Alpha, tau=(0.005, POSITIVE))
entry(nef.DoubleExp, tau1=(0.005, POSITIVE), tau2=(0.05, POSITIVE))
entry(nef.Triangle, t=(0.005, POSITIVE))
entry(nef.Box, width=(0.005, POSITIVE))
entry(nef.Delay, seconds=(0.005, POSITIVE))
entry(nef.Highpass, tau=(0.005, POSITIVE))
entry(nef.Bandpass, frequency=(10.0, POSITIVE), q=(2.0, POSITIVE))
entry(
    nef.LinearFilter,
    num=([1.0], NUMBER),
    den=([0.1, 1.0], NUMBER | {"seven"}),
    analog=(True, FLAG),
)
for synapse in (
    nef.Lowpass(0.005),
    nef.Alpha(0.005),
    nef.DoubleExp(0.005, 0.05),
    nef.Triangle(0.005),
    nef.Box(0.005),
    nef.Delay(0.005),
    nef.Highpass(0.005),
    nef.Bandpass(0.1),
    nef.LinearFilter([1.0], [0.1, 1.0]),
):
    methods(
        synapse,
        filt={
            "signal": ([1.0, 0.0], {"[]", "()", "seven", "3-D"}),
            "dt": (0.001, POSITIVE),
            "axis": (0, {"-1"}),
        },
    )

entry(nef.PerElement, synapses=([0.005, nef.Alpha(0.01)], {"seven"}))
methods(
    nef.PerElement([0.005, 0.01]),
    filt={"signal": ([[1.0, 0.0]], NOTHING), "dt": (0.001, POSITIVE), "axis": (0, NOTHING)},
)

# Processes

entry(
    nef.FilteredNoise,
    synapse=(0.005, POSITIVE),
    dist=(nef.Gaussian(0, 1), NOTHING),
    scale=(True, FLAG),
    seed=(1, SEED),
)
entry(nef.Piecewise, data=({0.0: 1.0, 0.5: -1.0}, NOTHING), interpolation=("zero", NOTHING))
entry(
    nef.PresentInput,
    inputs=([[1.0, 2.0], [3.0, 4.0]], {"seven", "3-D"}),
    presentation_time=(0.1, POSITIVE),
    rest=(0.1, POSITIVE),
)
entry(nef.WhiteNoise, dist=(nef.Gaussian(0, 1), NOTHING), scale=(True, FLAG), seed=(1, SEED))
entry(
    nef.WhiteSignal,
    period=(1.0, POSITIVE),
    high=(5.0, POSITIVE),
    rms=(0.5, POSITIVE),
    y0=(0.0, NUMBER | NONE),
    seed=(1, SEED),
)
entry(
    nef.FourierSignal,
    base=(0.5, POSITIVE),
    high=(5.0, POSITIVE),
    rms=(0.5, POSITIVE),
    seed=(1, SEED),
)
for process, size, steps in (
    (nef.FilteredNoise(), 2, POSITIVE),
    (nef.Piecewise({0.0: [1.0, 2.0]}), 2, POSITIVE),
    (nef.PresentInput([[1.0, 2.0]], 2.0), 2, POSITIVE),
    (nef.WhiteNoise(), 2, POSITIVE),
    (nef.WhiteSignal(1.0, 5.0), 2, NOTHING),  # 5 Hz cannot be had at steps of 1.5 s
    (nef.FourierSignal(1.0, 5.0), 2, NOTHING),  # 5 Hz cannot be had at steps of 1.5 s
):
    methods(
        process,
        run={
            "seconds": (0.01, POSITIVE),
            "size": (size, NONE),
            "dt": (0.001, steps),
            "seed": (1, SEED),
        },
        start={"size": (size, NOTHING), "dt": (0.001, steps), "rng": (1, NONE)},
    )

# Learning rules

RATE = (1e-4, POSITIVE)
FILTER = (0.005, POSITIVE | NONE)
entry(nef.PES, learning_rate=RATE, pre_synapse=FILTER)
entry(nef.RLS, learning_rate=RATE, pre_synapse=FILTER)
entry(nef.Voja, learning_rate=RATE, post_synapse=FILTER)
entry(nef.Sanger, learning_rate=RATE, pre_synapse=FILTER, post_synapse=FILTER)
entry(
    nef.Oja,
    learning_rate=RATE,
    beta=(1.0, POSITIVE),
    pre_synapse=FILTER,
    post_synapse=FILTER,
)
entry(
    nef.DeltaRule,
    learning_rate=RATE,
    threshold=(0.0, NUMBER),
    pre_synapse=FILTER,
    post_synapse=FILTER,
)
entry(nef.Association, learning_rate=RATE, forgetting=(0.1, POSITIVE), pre_synapse=FILTER)
SLIDING: dict[str, tuple[Any, Set[str]]] = {
    "learning_rate": RATE,
    "pre_synapse": FILTER,
    "post_synapse": FILTER,
    "theta_synapse": FILTER,
    "theta_start": (100.0, POSITIVE | {"seven"}),
}
entry(nef.BCM, **SLIDING)
entry(
    nef.HPES,
    supervision=(0.7, NOTHING),
    bcm_scale=(1.0, POSITIVE | NONE),
    beta=(0.1, POSITIVE),
    **SLIDING,
)

# Distributions

entry(nef.Uniform, low=(-2.0, NUMBER), high=(2.0, NUMBER))
entry(nef.Gaussian, mean=(0.0, NUMBER), std=(1.0, POSITIVE))
entry(
    nef.Exponential,
    scale=(0.15, POSITIVE),
    shift=(0.0, NUMBER),
    high=(5.0, POSITIVE | {"inf"}),
)
entry(nef.Choice, options=([1.0, 2.0, 3.0], NOTHING), weights=([1.0, 2.0, 3.0], NONE))
entry(nef.Samples, values=([1.0, 2.0, 3.0], {"seven"}))
PARTS = [nef.Uniform(0.0, 1.0), nef.Gaussian(1.0, 2.0)]
entry(nef.Mixture, distributions=(PARTS, NOTHING), weights=([1.0, 2.0], NONE))
entry(nef.Copula, marginals=(PARTS, NOTHING), correlation=(np.eye(2), NOTHING))
entry(nef.Tile, values=([1.0, 2.0, 3.0], {"seven"}))
entry(
    nef.ScatteredCube,
    low=(-2.0, NUMBER),
    high=(2.0, POSITIVE | {"-1"}),
    sequence=("recurrence", NOTHING),
)
entry(nef.UniformHypersphere, surface=(True, FLAG), min_magnitude=(0.5, NOTHING))
entry(nef.ScatteredHypersphere, surface=(True, FLAG))
entry(nef.CosineSimilarity, dimensions=(3, NOTHING))
for distribution, d in (
    (nef.Uniform(-1, 1), 2),
    (nef.Gaussian(0, 1), 2),
    (nef.Exponential(0.15), 2),
    (nef.Choice([1.0, 2.0, 3.0]), 2),
    (nef.Samples([1.0, 2.0, 3.0]), 1),
    (nef.UniformHypersphere(), 2),
    (nef.ScatteredHypersphere(), 2),
    (nef.CosineSimilarity(3), 2),
    (nef.Mixture(PARTS), 2),
    (nef.ScatteredCube(), 2),
    (nef.Orthogonal(), 2),
):
    methods(
        distribution,
        sample={"n": (3, NOTHING), "d": (d, NONE), "rng": (1, NONE)},
    )
for distribution, d in (
    (nef.Copula(PARTS, np.eye(2)), 2),
    (nef.Tile([[1.0, 2.0]]), 2),
    (nef.Leech(), 24),
):
    methods(
        distribution,
        sample={"n": (3, NOTHING), "d": (d, NOTHING), "rng": (1, NONE)},
    )
for distribution in (nef.Uniform(-1, 1), nef.Gaussian(0, 1), nef.Exponential(0.15)):
    methods(distribution, ppf={"p": ([0.0, 0.5], ANY_ARRAY - NUMBER)})
methods(
    nef.CosineSimilarity(3),
    pdf={"x": ([0.0, 0.5], ANY_ARRAY)},
    cdf={"x": ([0.0, 0.5], ANY_ARRAY)},
    ppf={"p": ([0.0, 0.5], ANY_ARRAY - NUMBER)},
)

# Images

SHAPE, PIXELS, CLASSES = (2, 3), 6, [0, 1, 2, 1]
PICTURES = np.arange(24.0).reshape(4, 2, 3) % 7
entry(nef.SparsePatches, shape=(SHAPE, NOTHING), patch=(2, NOTHING))
entry(
    nef.SparseGabor,
    shape=(SHAPE, NOTHING),
    patch=(2, NOTHING),
    frequency=((0.2, 2.0), NOTHING),
    sigma=(0.45, POSITIVE),
)
for kind in (nef.CIW, nef.ConstrainedDifference):
    entry(kind, images=(PICTURES, NOTHING), labels=(CLASSES, NOTHING), patch=(2, NONE))
for distribution in (
    nef.SparsePatches(SHAPE, 2),
    nef.SparseGabor(SHAPE, 2),
    nef.CIW(PICTURES, CLASSES),
    nef.ConstrainedDifference(PICTURES, CLASSES),
):
    methods(
        distribution,
        sample={"n": (3, NOTHING), "d": (PIXELS, NOTHING), "rng": (1, NONE)},
    )
entry(nef.Whitening, mean=([0.0, 1.0], NOTHING), matrix=([[1.0, 0.0], [0.0, 1.0]], NOTHING))
methods(
    nef.Whitening([0.0, 1.0], [[1.0, 0.0], [0.0, 1.0]]),
    __call__={"x": ([[1.0, 2.0]], NOTHING)},
    fit={
        "x": ([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0]], NOTHING),
        "kind": ("zca", NOTHING),
        "n_components": (2, NONE),
        "reg": (0.001, POSITIVE),
    },
)

# Solvers

entry(nef.Lstsq, rcond=(0.01, NOTHING), weights=(False, FLAG))
entry(nef.PseudoInverse, rcond=(0.01, NOTHING), weights=(False, FLAG))
entry(nef.LstsqL2, reg=(0.1, POSITIVE), weights=(False, FLAG))
entry(nef.LstsqL2nz, reg=(0.1, POSITIVE), weights=(False, FLAG))
entry(nef.LstsqL1, l1=(1e-4, POSITIVE), l2=(1e-6, POSITIVE), weights=(False, FLAG))
for noisy in (nef.LstsqNoise, nef.LstsqMultNoise):
    entry(
        noisy,
        noise=(0.1, POSITIVE),
        solver=(nef.LstsqL2(), NOTHING),
        weights=(False, FLAG),
    )
entry(
    nef.LstsqDrop,
    drop=(0.25, NOTHING),
    solver1=(nef.LstsqL2(), NOTHING),
    solver2=(nef.LstsqL2(), NOTHING),
    weights=(False, FLAG),
)
entry(
    nef.LstsqWeighted,
    sample_weights=([1.0, 2.0], {"seven", "function"}),
    reg=(0.1, POSITIVE),
    weights=(False, FLAG),
)
entry(nef.Softmax, reg=(0.1, POSITIVE), weights=(False, FLAG))
entry(nef.Nnls, weights=(False, FLAG))
entry(nef.NnlsL2, reg=(0.1, POSITIVE), weights=(False, FLAG))
entry(
    nef.Dale,
    excitatory=(0.8, NOTHING),
    reg=(0.1, POSITIVE),
    seed=(0, NOTHING),
    weights=(False, FLAG),
)
methods(nef.Dale(), signs={"n_neurons": (3, NOTHING)})
entry(
    nef.NoiseMatched,
    noise=("auto", NOTHING),
    weights=(False, FLAG),
    synapse=(0.1, NONE | POSITIVE),
    dt=(0.001, NONE | POSITIVE),
    neuron_type=(nef.LIF(), NONE),
)
entry(nef.NoSolver, values=([[0.1], [0.2]], NOTHING), weights=(False, FLAG))

ACTIVITIES = [[0.0, 40.0], [20.0, 20.0], [40.0, 0.0]]
for solver in (
    nef.Lstsq(),
    nef.PseudoInverse(),
    nef.LstsqL2(),
    nef.LstsqL2nz(),
    nef.LstsqL1(),
    nef.LstsqNoise(),
    nef.LstsqMultNoise(),
    nef.LstsqDrop(),
    nef.LstsqWeighted([1.0, 2.0, 3.0]),
    nef.Nnls(),
    nef.NnlsL2(),
    nef.NoiseMatched(synapse=0.1),
    nef.Dale(),
    nef.NoSolver([[0.1], [0.2]]),
):
    methods(
        solver,
        __call__={
            "activities": (ACTIVITIES, NOTHING),
            "targets": ([-1.0, 0.0, 1.0], NOTHING),
            "rng": (1, NONE),
        },
        prepare={"activities": (ACTIVITIES, NOTHING), "rng": (1, NONE)},
    )
methods(
    nef.Softmax(),
    __call__={
        "activities": (ACTIVITIES, NOTHING),
        "targets": ([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], NOTHING),
        "rng": (1, NONE),
    },
    prepare={"activities": (ACTIVITIES, NOTHING), "rng": (1, NONE)},
)


# Verbs


entry(
    nef.gain_bias,
    neuron=(nef.LIF(), NOTHING),
    max_rates=([100.0, 50.0], POSITIVE),
    intercepts=([0.0, -0.5], {"-1"}),
)
entry(
    nef.max_rates_intercepts,
    neuron=(nef.LIF(), NOTHING),
    gain=([1.0, 2.0], NOTHING),
    bias=([0.0, 1.0], NOTHING),
)
entry(
    nef.tuning_curves,
    neuron=(nef.LIF(), NOTHING),
    x=([[0.0, 1.0]], NOTHING),
    encoders=([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], NOTHING),
    gain=([1.0, 2.0, 3.0], NOTHING),
    bias=([1.0, 0.0, 0.0], NOTHING),
    radius=(1.0, POSITIVE),
)
entry(
    nef.measure_tuning_curves,
    neuron=(nef.LIF(), NOTHING),
    x=([0.0, 1.0], NUMBER | {"seven"}),
    encoders=([1.0, -1.0], NOTHING),
    gain=([1.0, 2.0], NOTHING),
    bias=([1.0, 0.0], NOTHING),
    radius=(1.0, POSITIVE),
    seconds=(0.01, POSITIVE),
    dt=(0.001, NOTHING),
    rng=(1, NONE),
)
entry(
    nef.connection_weights,
    decoders=([[0.1], [0.2]], NOTHING),
    post_encoders=([[1.0], [-1.0]], NOTHING),
    post_gain=([1.0, 2.0], NOTHING),
)
entry(
    nef.solve_decoders,
    activities=(ACTIVITIES, NOTHING),
    targets=([-1.0, 0.0, 1.0], NOTHING),
    reg=(0.1, POSITIVE | NONE),
    solver=(None, NONE),
    rng=(1, NONE),
)
entry(
    nef.unit_vectors,
    n=(3, NOTHING),
    d=(2, NOTHING),
    rng=(1, NONE),
    kind=("scattered", NOTHING),
)

# Data sets and analysis


def of_module(module: Any, name: str, **arguments: tuple[Any, Set[str]]) -> None:
    """An entry for a function or class of a module, by the name that users write."""
    valid = {argument: given for argument, (given, _) in arguments.items()}
    accepts = {argument: taken for argument, (_, taken) in arguments.items()}
    called = f"{module.__name__.removeprefix('nefsim.')}.{name}"
    add(called, lambda: (getattr(module, name), dict(valid)), accepts)


of_module(
    nef.datasets,
    "LabelledImages",
    train_images=([[0.0, 1.0]], NOTHING),
    train_labels=([1], NOTHING),
    test_images=([[0.0, 1.0]], NOTHING),
    test_labels=([1], NOTHING),
    shape=((1, 2), NOTHING),
)
of_module(nef.datasets, "one_hot", labels=([1, 0], {"seven"}), n_classes=(2, NONE))


def mnist() -> tuple[Callable[..., Any], dict[str, Any]]:
    for part in ("train", "test"):
        X, y = np.zeros((2, 3, 4), np.uint8), np.zeros(2, np.uint8)
        np.savez(f"mnist_{part}.npz", X=X, y=y)
    return nef.datasets.mnist, {"path": "."}


# None looks where NEFSIM_DATA points, which is this folder in these tests.
add("datasets.mnist", mnist, {"path": NONE})

WEIGHTS = [[1.0, 0.0], [0.5, -1.0]]
TRACE = [1.0, 0.5, 0.25, 0.0, 0.5]
CURVE = ([-0.03, -0.02, -0.01, 0.01, 0.02, 0.03], [-0.2, -0.4, -0.7, 0.7, 0.4, 0.2])
of_module(nef.analysis, "gini", weights=(WEIGHTS, NUMBER | {"seven"}))
of_module(
    nef.analysis,
    "weight_histogram",
    weights=(WEIGHTS, NUMBER | {"seven", "3-D"}),
    bins=(5, NOTHING),
)
of_module(
    nef.analysis,
    "learning_curve",
    error=(TRACE, {"seven"}),
    window=(0.002, NOTHING),
    dt=(0.001, NOTHING),
)
of_module(
    nef.analysis,
    "relative_error",
    values=(TRACE, NOTHING),
    control=([0.0, 0.0, 0.0, 0.0, 0.0], NOTHING),
    target=([1.0, 0.5, 0.25, 0.0, 0.25], NOTHING),
)
for measure in ("rmse", "nrmse"):
    of_module(
        nef.analysis,
        measure,
        values=(TRACE, NOTHING),
        target=([1.0, 0.5, 0.25, 0.0, 0.25], NOTHING),
    )
SPIKES: dict[str, tuple[Any, Set[str]]] = {
    "spikes": ([0.0, 1000.0, 0.0, 1000.0], {"seven"}),
    "dt": (0.001, POSITIVE),
    "amplitude": (1.0, POSITIVE),
}
of_module(nef.analysis, "interval_rates", **SPIKES)
of_module(nef.analysis, "kernel_rates", width=(0.01, POSITIVE), **SPIKES)
of_module(
    nef.analysis,
    "confidence_interval",
    values=(TRACE, NOTHING),
    confidence=(0.9, NOTHING),
    n_resamples=(200, NOTHING),
    rng=(1, NONE),
)
of_module(
    nef.analysis,
    "classify",
    output=(np.eye(4), NOTHING),
    presentation_time=(0.002, NOTHING),
    skip=(0.001, NOTHING),
    rest=(0.001, POSITIVE),
    dt=(0.001, NOTHING),
)
of_module(nef.analysis, "accuracy", labels=([1, 0, 1], NOTHING), predicted=([1, 1, 1], NOTHING))
of_module(
    nef.analysis,
    "confusion_matrix",
    labels=([1, 0, 1], NOTHING),
    predicted=([1, 1, 1], NOTHING),
    n_classes=(2, NONE),
)
of_module(nef.analysis, "PairwiseBCM", theta=(51.0, POSITIVE))
add(
    "analysis.PairwiseBCM.__call__",
    lambda: (nef.analysis.PairwiseBCM(), {"a_pre": 1.0, "a_post": 2.0}),
    {"a_pre": ANY_ARRAY, "a_post": ANY_ARRAY},
)
PROTOCOL: dict[str, tuple[Any, Set[str]]] = {
    "rule": (nef.analysis.PairwiseBCM(), NOTHING),
    "n_pairings": (2, NOTHING),
    "tau_pre": (0.01, POSITIVE),
    "tau_post": (0.01, POSITIVE),
    "dt": (0.001, NOTHING),
}
of_module(
    nef.analysis, "stdp_curve", delays=([0.01, -0.01], NOTHING), rate=(5.0, POSITIVE), **PROTOCOL
)
of_module(
    nef.analysis,
    "frequency_curve",
    rates=([5.0, 10.0], {"seven"}),
    delay=(0.01, NOTHING),
    **PROTOCOL,
)
of_module(nef.analysis, "stdp_fit", delays=(CURVE[0], NOTHING), changes=(CURVE[1], NOTHING))

# Dynamics

dynamics = nef.dynamics
SYSTEM = dynamics.LinearSystem([[-1.0, 2.0], [0.0, -3.0]], [1.0, 1.0])
STEPS = dynamics.LinearSystem([[0.5, 0.1], [0.0, 0.5]], [1.0, 1.0], [1.0, 0.0], dt=0.01)
ORDER_THETA: dict[str, tuple[Any, Set[str]]] = {
    "order": (3, NOTHING),
    "theta": (0.5, POSITIVE),
}
WITHIN = {"[]", "()", "3-D"}
of_module(dynamics, "legendre", **ORDER_THETA)
of_module(dynamics, "pade", **ORDER_THETA)
of_module(dynamics, "lmu", **ORDER_THETA, dt=(0.001, POSITIVE), method=("zoh", NOTHING))
for readout in ("legendre_readout", "pade_readout"):
    of_module(dynamics, readout, order=(3, NOTHING), at=(0.5, WITHIN | {"seven"}))
of_module(
    dynamics,
    "realise",
    A=([[0.0, 1.0], [-1.0, 0.0]], NOTHING),
    B=([[0.0], [1.0]], NONE),
    synapse=(0.1, POSITIVE),
    dt=(0.001, POSITIVE),
    analog=(True, FLAG),
    method=("exact", NOTHING),
)
of_module(
    dynamics,
    "realise_function",
    function=(np.sin, {"function"}),
    synapse=(0.1, POSITIVE),
    dt=(0.001, POSITIVE),
    method=("euler", NOTHING),
)
of_module(
    dynamics,
    "StateFilter",
    A=([[0.5]], NOTHING),
    B=([1.0], NOTHING),
    C=([1.0], NOTHING),
    dt=(0.001, POSITIVE),
)
of_module(
    dynamics,
    "LinearSystem",
    A=([[-1.0]], NOTHING),
    B=([1.0], NOTHING),
    C=([1.0], NONE),
    D=(0.0, NONE | NUMBER),
    dt=(0.001, POSITIVE | NONE),
)


def of_value(instance: Any, method: str, /, **arguments: tuple[Any, Set[str]]) -> None:
    """An entry for a method of a value of ``dynamics``."""
    valid = {name: given for name, (given, _) in arguments.items()}
    accepts = {name: taken for name, (_, taken) in arguments.items()}
    name = f"dynamics.{type(instance).__name__}.{method}"
    add(name, partial(_bound, instance, method, valid), accepts)


of_value(
    dynamics.StateFilter([[0.5]], [1.0], [1.0], 0.001),
    "filt",
    signal=([1.0, 0.0], {"[]", "()", "seven", "3-D"}),
    dt=(0.001, NOTHING),
    axis=(0, {"-1"}),
)
of_value(SYSTEM, "response", frequency=(1.0, ANY_ARRAY))
of_value(SYSTEM, "discretise", dt=(0.001, POSITIVE), method=("zoh", NOTHING))
of_value(
    dynamics.LinearSystem([[-1.0]], [1.0]),
    "feedback",
    other=(1.0, NUMBER),
    sign=(1, {"-1"}),
)
of_value(SYSTEM, "transformed", T=([1.0, 2.0], NOTHING))
RUN: dict[str, tuple[Any, Set[str]]] = {
    "u": ([1.0, 0.0], {"[]", "()", "seven"}),
    "start": ([1.0, 0.0], NONE),
}
of_value(STEPS, "states", **RUN)
of_value(STEPS, "run", **RUN)
of_value(SYSTEM, "of_synapse", synapse=(nef.Alpha(0.1), NOTHING), dt=(0.001, POSITIVE))
of_module(dynamics, "gramians", system=(SYSTEM, NOTHING))
of_module(dynamics, "hankel_values", system=(SYSTEM, NOTHING))
of_module(
    dynamics,
    "truncate",
    system=(SYSTEM, NOTHING),
    order=(1, NOTHING),
    keep_gain=(False, FLAG),
)
DRIVEN: dict[str, tuple[Any, Set[str]]] = {
    "system": (SYSTEM, NOTHING),
    "seconds": (0.1, POSITIVE),
    "dt": (0.01, NOTHING),
}
of_module(
    dynamics,
    "Trajectory",
    process=(nef.WhiteNoise(), NOTHING),
    scale=(1.0, POSITIVE),
    **DRIVEN,
)
of_value(
    dynamics.Trajectory(SYSTEM, nef.WhiteNoise(), seconds=0.1),
    "sample",
    n=(3, NOTHING),
    d=(2, NOTHING),
    rng=(1, NONE),
)
of_module(
    dynamics,
    "state_scale",
    process=(nef.WhiteNoise(), NONE),
    norm=("each", NOTHING),
    seed=(1, SEED),
    **DRIVEN,
)
SPIKES: dict[str, tuple[Any, Set[str]]] = {
    "spikes": ([[0.0, 40.0], [20.0, 20.0], [40.0, 0.0]], NOTHING),
    "targets": ([0.0, 1.0, 2.0], NOTHING),
    "dt": (0.001, POSITIVE),
    "solver": (None, NONE),
    "skip": (0.0, NOTHING),
}
of_module(dynamics, "temporal_decoders", synapses=([0.01, 0.1], POSITIVE), **SPIKES)
of_module(dynamics, "temporal_solver", synapse=(0.01, POSITIVE), **SPIKES)
of_module(
    dynamics,
    "optimal_filter",
    response=([1.0, 0.0, 2.0, 1.0], NOTHING),
    target=([1.0, 0.0, 2.0, 1.0], NOTHING),
    dt=(0.001, NOTHING),
    window=(0.004, NOTHING),
)

# Networks

entry(nef.Network, seed=(1, SEED), label=("net", LABEL))


def node(output: Any, size_in: int) -> Fresh:
    """A valid call of ``Network.node``."""
    valid = {"output": output, "size_in": size_in, "size_out": None, "seed": 1, "label": "node"}
    return lambda: (nef.Network().node, dict(valid))


CONSTANT = NUMBER | {"seven"}
NODE = {"size_in": NOTHING, "size_out": NONE, "seed": SEED, "label": LABEL}
add("Network.node", node(np.sin, 0), {"output": CONSTANT, **NODE}, "of time")
add("Network.node", node(lambda t, x: x, 1), {"output": NONE, **NODE}, "of time and input")
add("Network.node", node(nef.WhiteNoise(), 0), {"output": CONSTANT, **NODE}, "of a process")
add("Network.node", node(0.5, 0), {"output": CONSTANT, **NODE}, "of a constant")
add("Network.node", node(None, 1), {"output": NONE, **NODE}, "without output")


def ensemble(**given: Any) -> Fresh:
    """A valid call of ``Network.ensemble``."""
    valid = {
        "n_neurons": 10,
        "dimensions": 2,
        "radius": 1.0,
        "encoders": nef.UniformHypersphere(surface=True),
        "intercepts": (-1.0, 0.9),
        "max_rates": (100.0, 200.0),
        "eval_points": nef.UniformHypersphere(),
        "n_eval_points": 100,
        "neuron_type": nef.LIF(),
        "gain": None,
        "bias": None,
        "noise": None,
        "normalize_encoders": True,
        "initial_state": {"voltage": 0.0},
        "seed": 1,
        "label": "ensemble",
    }
    return lambda: (nef.Network().ensemble, valid | given)


ENSEMBLE = {
    "n_neurons": NOTHING,
    "dimensions": NOTHING,
    "radius": POSITIVE,
    "encoders": NOTHING,
    "intercepts": {"-1"},
    "max_rates": POSITIVE,
    "eval_points": NOTHING,
    "n_eval_points": NONE,
    "neuron_type": NOTHING,
    "gain": NONE,
    "bias": NONE,
    "noise": NONE,
    "normalize_encoders": FLAG,
    "initial_state": {"None", "{}"},
    "seed": SEED,
    "label": LABEL,
}
add("Network.ensemble", ensemble(), ENSEMBLE)
add(
    "Network.ensemble",
    ensemble(gain=2.0, bias=1.0),
    # Arguments that gain and bias replace are checked, but not used.
    ENSEMBLE | {"gain": POSITIVE, "bias": NUMBER, "intercepts": NUMBER, "max_rates": NUMBER},
    "by gain and bias",
)


def connect(**given: Any) -> Fresh:
    """A valid call of ``Network.connect``."""

    def fresh() -> tuple[Callable[..., Any], dict[str, Any]]:
        net = nef.Network()
        valid = {
            "pre": net.ensemble(10, 2),
            "post": net.ensemble(10, 2),
            "function": np.square,
            "transform": 0.5,
            "synapse": 0.005,
            "solver": nef.LstsqL2(),
            "eval_points": None,
            "scale_eval_points": True,
            "learning_rule": None,
            "delay": 0.01,
            "seed": 1,
            "label": "connection",
        }
        return net.connect, valid | given

    return fresh


CONNECT = {
    "pre": NOTHING,
    "post": NOTHING,
    "function": NONE,
    "transform": NUMBER | NONE,
    "synapse": POSITIVE | NONE,
    "solver": NOTHING,
    "eval_points": NONE,
    "scale_eval_points": FLAG,
    "learning_rule": NONE,
    "delay": POSITIVE,
    "seed": SEED,
    "label": LABEL,
}
POINTS = {"function": [[1.0, 0.0], [0.0, 1.0]], "eval_points": [[1.0, 0.0], [0.0, 1.0]]}
add("Network.connect", connect(), CONNECT)
add("Network.connect", connect(**POINTS), CONNECT | {"eval_points": NOTHING}, "by values")


def probe() -> tuple[Callable[..., Any], dict[str, Any]]:
    """A valid call of ``Network.probe``."""
    net = nef.Network()
    return net.probe, {
        "target": net.ensemble(10, 1),
        "attr": "decoded_output",
        "synapse": 0.01,
        "sample_every": 0.002,
        "solver": nef.LstsqL2(),
        "label": "probe",
        "attach": True,
    }


add(
    "Network.probe",
    probe,
    {
        "target": NOTHING,
        "attr": NONE,
        "synapse": POSITIVE | NONE,
        "sample_every": POSITIVE | NONE,
        "solver": NOTHING,
        "label": LABEL,
        "attach": FLAG,
    },
)
add(
    "Network.subnetwork",
    lambda: (nef.Network().subnetwork, {"label": "inner", "seed": 1}),
    {"label": LABEL, "seed": SEED},
)


def item(make: Callable[[], Any], key: Any) -> Fresh:
    """A valid call of ``[]``."""
    return lambda: (make().__getitem__, {"key": key})


add("Node.__getitem__", item(lambda: nef.Network().node([1.0, 2.0]), 0), {"key": {"-1"}})
add("Ensemble.__getitem__", item(lambda: nef.Network().ensemble(9, 2), 0), {"key": {"-1"}})
add(
    "Neurons.__getitem__",
    item(lambda: nef.Network().ensemble(9, 2).neurons, 0),
    {"key": {"-1"}},
)


def error() -> nef.network.Learning:
    """Where an error of two dimensions goes."""
    net = nef.Network()
    a, b = net.ensemble(9, 2), net.ensemble(9, 2)
    rule: nef.network.Learning = net.connect(a, b, learning_rule=nef.PES()).learning_rule
    return rule


add("Learning.__getitem__", item(error, 0), {"key": {"-1"}})

# Simulators and results


def network() -> nef.Network:
    """A small network with a probe."""
    net = nef.Network(seed=1)
    a = net.ensemble(10, 1, label="a")
    net.connect(net.node(np.sin), a)
    net.probe(a, label="y")
    net.probe(a.neurons, label="spikes")
    return net


def simulator() -> nef.Simulator:
    """One that has run for two steps."""
    sim = nef.Simulator(network())
    sim.run_steps(2)
    return sim


def simulate() -> tuple[Callable[..., Any], dict[str, Any]]:
    """A valid call of ``Simulator``."""
    return nef.Simulator, {
        "net": network(),
        "dt": 0.001,
        "backend": "numpy",
        "seed": 1,
        "batch_size": 2,
        "dtype": "float64",
        "progress": False,
        "stream": None,
        "probes": [],
        "inputs": {},
        "build_seed": 1,
        "partition": None,
    }


def doubled(n: int) -> dict[str, float]:
    """A task of a sweep."""
    return {"y": 2.0 * n}


def swept(**arguments: Any) -> Any:
    """A sweep; that a task failed is a warning, and a progress function is one that is called."""
    if isinstance(arguments["progress"], FunctionType):
        arguments["progress"] = max
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nef.sweep(**arguments)


def of_simulator(method: str, **valid: Any) -> Fresh:
    """A valid call of a method of a simulator."""
    return lambda: (getattr(simulator(), method), dict(valid))


def of_probe(method: str, argument: str) -> Fresh:
    """A valid call of a method that takes a probe."""

    def fresh() -> tuple[Callable[..., Any], dict[str, Any]]:
        sim = simulator()
        target = sim.data if method == "__getitem__" else sim
        return getattr(target, method), {argument: sim.probes[0]}

    return fresh


def load() -> tuple[Callable[..., Any], dict[str, Any]]:
    """A valid call of ``Simulator.load``."""
    path = simulator().save("simulator.npz")
    return nef.Simulator.load, {
        "path": path,
        "net": network(),
        "backend": "numpy",
        "progress": False,
        "stream": None,
        "probes": [],
        "inputs": {},
    }


PROGRESS = {"None", "True", "function"}
add(
    "Simulator",
    simulate,
    {
        "net": NOTHING,
        "dt": POSITIVE,
        "backend": NOTHING,
        "seed": SEED,
        "batch_size": NONE,
        "dtype": NOTHING,
        "progress": PROGRESS,
        "stream": {"None", "text"},
        "probes": {"[]", "()"},
        "inputs": {"None", "{}"},
        "build_seed": SEED,
        "partition": NONE,
    },
)
SAVED = {"checkpoint_every": 0.002, "checkpoint": "saved.npz"}
FOR_SAVED = {"checkpoint_every": POSITIVE, "checkpoint": frozenset({"text"})}
add(
    "Simulator.run",
    of_simulator("run", seconds=0.01, realtime=False, **SAVED),
    {"seconds": POSITIVE, "realtime": FLAG, **FOR_SAVED},
)
add(
    "Simulator.loop",
    of_simulator("loop", period=0.002, seconds=0.01),
    {"period": POSITIVE | NONE, "seconds": POSITIVE | NONE},
)
entry(nef.Deadlines, period=(0.001, POSITIVE))
methods(nef.Deadlines(0.001), percentile={"percent": (99.0, POSITIVE)})
add(
    "Simulator.run_steps",
    of_simulator("run_steps", n_steps=2, **SAVED),
    {"n_steps": NOTHING, **FOR_SAVED},
)
add(
    "Simulator.reset",
    of_simulator("reset", seed=1, keep_weights=False),
    {"seed": SEED, "keep_weights": FLAG},
)
add("Simulator.trange", of_probe("trange", "probe"), {"probe": NONE})
add("Simulator.recorded", of_probe("recorded", "probe"), {"probe": NOTHING})
add("Simulator.latest", of_probe("latest", "probe"), {"probe": NOTHING})
add("Simulator.data[...]", of_probe("__getitem__", "key"), {"key": NOTHING})
add(
    "Simulator.save",
    of_simulator("save", path="saved", compress=True),
    {"path": {"text"}, "compress": FLAG},
)
add(
    "Simulator.load",
    load,
    {
        "path": NOTHING,
        "net": NOTHING,
        "backend": NOTHING,
        "progress": PROGRESS,
        "stream": {"None", "text"},
        "probes": {"[]", "()"},
        "inputs": {"None", "{}"},
    },
)


def save_network() -> tuple[Callable[..., Any], dict[str, Any]]:
    """A valid call of ``Network.save``."""
    sim = simulator()
    return sim.network.save, {"path": "model.nef", "sim": sim, "functions": "names"}


def load_network() -> tuple[Callable[..., Any], dict[str, Any]]:
    """A valid call of ``load_network``."""
    path = network().save("model.nef")
    return nef.load_network, {"path": path, "allow": ("numpy",), "limit": 10**6}


add("Network.save", save_network, {"path": {"text"}, "sim": NONE, "functions": NOTHING})
add(
    "load_network",
    load_network,
    {"path": NOTHING, "allow": {"[]", "()", "pair of text"}, "limit": NOTHING},
)


def result() -> nef.Result:
    """One of two steps."""
    return simulator().result()


def make_result() -> tuple[Callable[..., Any], dict[str, Any]]:
    """A valid call of ``Result``."""
    return nef.Result, {
        "records": {"y": np.zeros((2, 1))},
        "times": {"y": [0.001, 0.002]},
        "time": [0.001, 0.002],
        "info": {"dt": 0.001},
        "labels": None,
    }


def result_of() -> tuple[Callable[..., Any], dict[str, Any]]:
    """A valid call of ``Result.of``."""
    recorded = {network().probes[0]: ([0.001], np.ones((1, 1)))}
    return nef.Result.of, {"recorded": recorded, "time": [0.001], "info": {}}


def load_result() -> tuple[Callable[..., Any], dict[str, Any]]:
    """A valid call of ``Result.load``."""
    return nef.Result.load, {"path": result().save("result.npz"), "verify": False}


add(
    "Result",
    make_result,
    {
        "records": NOTHING,
        "times": NOTHING,
        "time": {"[]", "()", "seven"},
        "info": {"{}", "dict"},
        "labels": {"None", "{}"},
    },
)
add(
    "Result.of",
    result_of,
    {"recorded": {"{}"}, "time": {"[]", "()", "seven"}, "info": {"{}", "dict"}},
)
add(
    "suggest_learning_rate",
    lambda: (
        nef.suggest_learning_rate,
        {"connection": error().connection, "dt": 0.001, "error_tau": 0.01, "seed": 1},
    ),
    {"connection": NOTHING, "dt": POSITIVE, "error_tau": POSITIVE, "seed": SEED},
)
add("Result.__getitem__", item(result, "y"), {"key": NOTHING})
add("Result.trange", lambda: (result().trange, {"key": "y"}), {"key": NOTHING})
add("Result.events", lambda: (result().events, {"key": "spikes"}), {"key": NOTHING})
add("Result.kept", lambda: (result().kept, {"key": "y"}), {"key": NOTHING})
add(
    "Result.save",
    lambda: (result().save, {"path": "saved", "compress": False}),
    {"path": {"text"}, "compress": {"True"}},
)
add("Result.load", load_result, {"path": NOTHING, "verify": {"True"}})
add(
    "describe",
    lambda: (nef.describe, {"net": network(), "dt": 0.001, "batch_size": 2, "dtype": "float64"}),
    {"net": NOTHING, "dt": POSITIVE, "batch_size": NONE, "dtype": NOTHING},
)
add(
    "partition",
    lambda: (nef.partition, {"net": network(), "n": 2, "processes": None, "dt": 0.001}),
    {"net": NOTHING, "n": NOTHING, "processes": {"None", "{}"}, "dt": POSITIVE},
)
add(
    "sweep",
    lambda: (
        swept,
        {
            **{"fn": doubled, "grid": {"n": [1]}, "seeds": None, "executor": "serial"},
            **{"out": None, "retries": 0, "chunk": 1, "shard": None, "progress": False},
        },
    ),
    {
        **{"fn": {"function"}, "grid": {"{}", "[]", "()"}, "seeds": NONE, "executor": NONE},
        **{"out": {"None", "text"}, "retries": NOTHING, "chunk": NOTHING, "shard": NONE},
        "progress": {"None", "True", "function"},
    },
)
add(
    "crosscheck",
    lambda: (
        nef.crosscheck,
        {"net": network(), "seconds": 0.01, "backends": ("numpy", "numpy"), "dt": 0.001},
    ),
    {"net": NOTHING, "seconds": POSITIVE, "backends": NOTHING, "dt": POSITIVE},
)
add(
    "analysis.neurobench", lambda: (nef.analysis.neurobench, {"sim": simulator()}), {"sim": NOTHING}
)
add("citations", lambda: (nef.citations, {"net": network()}), {"net": NOTHING})


# Budgets

add("direct_mode", lambda: (nef.direct_mode, {"net": network()}), {"net": NOTHING})
add(
    "error_budget",
    lambda: (
        nef.error_budget,
        {"net": network(), "input": None, "seconds": 0.02, "dt": 0.001, "backend": "numpy"},
    ),
    {
        "net": NOTHING,
        "input": NONE | NUMBER | {"{}"},  # a constant of the only source
        "seconds": POSITIVE,
        "dt": NOTHING,
        "backend": NOTHING,
    },
)
entry(
    nef.size_for,
    function=(np.square, NONE),
    rmse=(0.5, POSITIVE),
    dimensions=(1, NOTHING),
    synapse=(0.01, POSITIVE | NONE),
    input=(None, NONE),
    n_neurons=(None, NONE),
    radius=(1.0, POSITIVE | NONE),
    max_rates=((200.0, 400.0), NOTHING),
    neuron_type=(nef.LIF(), NOTHING),
    solver=(None, NONE),
    most=(50, NOTHING),
    dt=(0.001, POSITIVE),
    seed=(0, NOTHING),
)
add(
    "svd_basis",
    lambda: (nef.svd_basis, {"ensemble": nef.Network(seed=1).ensemble(9, 1), "sim": None}),
    {"ensemble": NOTHING, "sim": NONE},
)


def decoding() -> tuple[nef.Simulator, nef.Connection]:
    """A simulator that has run, and a connection that decodes."""
    net = nef.Network(seed=1)
    a = net.ensemble(9, 1)
    c = net.connect(a, net.node(size_in=1))
    sim = nef.Simulator(net, backend="numpy")
    sim.run(0.1)
    return sim, c


def at_points() -> tuple[Callable[..., Any], dict[str, Any]]:
    """A valid call."""
    sim, connection = decoding()
    return nef.decoded_points, {"sim": sim, "connection": connection}


add("decoded_points", at_points, {"sim": NOTHING, "connection": NOTHING})
add("saturation", lambda: (nef.saturation, {"sim": decoding()[0]}), {"sim": NOTHING})
entry(
    nef.response_curves,
    neuron=(nef.LIF(), NOTHING),
    x=([0.5, 1.0], {"seven"}),
    gain=([1.0, 2.0], NOTHING),
    bias=([0.0, 0.5], NOTHING),
)


@pytest.fixture(autouse=True)
def in_a_new_folder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are written to a separate folder for each test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEFSIM_DATA", str(tmp_path))


@pytest.mark.parametrize("case", TABLE, ids=repr)
def test_the_valid_call_is_accepted(case: Case) -> None:
    function, valid = case.fresh()
    assert set(valid) == set(case.accepts)
    function(**valid)


@pytest.mark.parametrize(
    ("case", "argument"),
    [pytest.param(c, a, id=f"{c!r}-{a}") for c in TABLE for a in c.accepts],
)
def test_bad_values_are_refused_in_the_error_format(case: Case, argument: str) -> None:
    wrong = []
    for name, rubbish in RUBBISH.items():
        function, valid = case.fresh()
        try:
            function(**valid | {argument: rubbish})
        except Exception as error:
            message = type(error) in (ValueError, TypeError) and SENTENCE.fullmatch(str(error))
            if name in case.accepts[argument] or not message:
                wrong.append(f"{name}: {error!r}")
        else:
            if name not in case.accepts[argument]:
                wrong.append(f"{name}: accepted")
    assert wrong == []


#: Modules whose public names are covered.
MODULES = (nef.analysis, nef.datasets, nef.dynamics)

#: Made by the methods of a network, which check the arguments.
MADE_BY_A_NETWORK = (nef.Connection, nef.Ensemble, nef.Node, nef.Probe)

#: Called by a builder or a back end, with checked arguments.
INNER = {
    NeuronType: {"check_state", "generator", "read", "start", "step"},
    LearningRule: {"factors", "start", "step", "traces"},
    Solver: {"factor", "prepare_blocks", "prepare_readers"},
    Synapse: {"coefficients", "form", "state_space"},
}

#: Refused whatever is passed.
DIRECT = {"Direct.rates", "Direct.current", "InverseLIF.current"}

#: Members of other names.
WITHIN_OTHERS = {"Learning.__getitem__", "Neurons.__getitem__", "Simulator.data[...]"}


def parameters(function: Callable[..., Any]) -> set[str]:
    """Names of all arguments."""
    return set(inspect.signature(function).parameters) - {"self"}


def public_callables() -> Iterator[tuple[str, Callable[..., Any]]]:
    """All that a user may call, by name."""
    named = [(name, getattr(nef, name)) for name in nef.__all__]
    for module in MODULES:
        short = module.__name__.removeprefix("nefsim.")
        named += [(f"{short}.{name}", getattr(module, name)) for name in module.__all__]
    for name, made in named:
        if inspect.isabstract(made):  # its methods are those of its subclasses
            continue
        if inspect.isclass(made) and issubclass(made, BaseException):
            continue
        if made not in MADE_BY_A_NETWORK:
            yield name, made
        if not inspect.isclass(made):
            continue
        inner = {n for kind, names in INNER.items() if issubclass(made, kind) for n in names}
        for method, function in inspect.getmembers(made, inspect.isroutine):
            ours = (getattr(function, "__module__", None) or "").startswith("nefsim")
            public = not method.startswith("_") or method in ("__call__", "__getitem__")
            if ours and public and method not in inner:
                yield f"{name}.{method}", function


def test_every_argument_of_every_public_callable_is_in_the_table() -> None:
    table: dict[str, set[str]] = {}
    for case in TABLE:
        assert table.setdefault(case.name, set(case.accepts)) == set(case.accepts)
    wanted = {name: parameters(function) for name, function in public_callables()}
    wanted = {name: names for name, names in wanted.items() if names and name not in DIRECT}
    assert {name: n for name, n in table.items() if name not in WITHIN_OTHERS} == wanted


def refusal(function: Callable[..., Any], /, *given: Any, **named: Any) -> str:
    """The house sentence with which a call is refused."""
    with pytest.raises((ValueError, TypeError)) as caught:
        function(*given, **named)
    assert SENTENCE.fullmatch(str(caught.value))
    return str(caught.value)


@pytest.mark.parametrize("ask", [nef.Direct().rates, nef.Direct().current])
def test_direct_mode_has_no_rate_curve(ask: Callable[[Any], Any]) -> None:
    assert "must have a rate curve, got Direct" in refusal(ask, 1.0)


@pytest.mark.parametrize(
    ("max_rates", "got"),
    [
        ([100.0, 600.0, 700.0], "600 Hz (neuron 1)"),
        ([100.0, 100.0, 500.0], "500 Hz (neuron 2)"),
        ([100.0, 100.0, -1.0], "-1 Hz (neuron 2)"),
        (nef.Samples([100.0, 600.0, 700.0]), "600 Hz (neuron 1)"),
        ((200.0, 600.0), "600 Hz"),
        (nef.Uniform(200.0, 600.0), "600 Hz"),
        (nef.Uniform(-10.0, 200.0), "-10 Hz"),
        (nef.Choice([200.0, 600.0]), "600 Hz"),
        (500.0, "500 Hz"),
        (0, "0 Hz"),
    ],
)
def test_an_error_of_an_unreachable_rate_names_the_limit(max_rates: Any, got: str) -> None:
    message = refusal(nef.Network().ensemble, 3, 1, max_rates=max_rates)
    assert "max_rates must be above 0 Hz and below 1/tau_ref = 500 Hz" in message
    assert f", got {got};" in message


def test_the_limit_of_the_rates_is_that_of_the_neuron_type() -> None:
    slow = nef.AdaptiveLIF(tau_ref=0.004)
    assert "1/tau_ref = 250 Hz" in refusal(nef.Network().ensemble, 3, 1, neuron_type=slow)
    message = refusal(nef.gain_bias, nef.LIF(tau_ref=0.005), [100.0, 200.0], [0.0, 0.0])
    assert "1/tau_ref = 200 Hz, got 200 Hz (neuron 1)" in message
    half = refusal(nef.Network().ensemble, 3, 1, neuron_type=nef.Sigmoid(0.002), max_rates=250)
    assert "above 250 Hz" in half


def test_rates_up_to_the_limit_itself_are_a_range_to_draw_from() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(100, 1, max_rates=(400, 500), intercepts=(-1, 1))
    assert nef.Simulator(net).data[a].max_rates.max() < 500


@pytest.mark.parametrize(
    ("intercepts", "got"),
    [
        ([0.0, 0.0, 1.0], "1 (neuron 2)"),
        ([0.0, 1.5, 1.0], "1.5 (neuron 1)"),
        ((0.0, 1.5), "1.5"),
        (nef.Uniform(1.0, 1.0), "1"),
        (nef.Choice([1.0]), "1"),
        (1, "1"),
    ],
)
def test_an_intercept_of_1_or_more_is_refused(intercepts: Any, got: str) -> None:
    message = refusal(nef.Network().ensemble, 3, 1, intercepts=intercepts)
    assert f"intercepts must be below 1, got {got};" in message


def test_an_intercept_of_1_or_more_is_refused_without_a_network() -> None:
    message = refusal(nef.gain_bias, nef.LIF(), [100.0, 100.0], [0.5, 1.0])
    assert "intercepts must be below 1, got 1 (neuron 1);" in message


@pytest.mark.parametrize("gain", [0.0, (-1.0, 1.0), [1.0, 2.0, -1.0], nef.Choice([1.0, -1.0])])
def test_gains_are_above_0(gain: Any) -> None:
    assert "gain must be above 0" in refusal(nef.Network().ensemble, 3, 1, gain=gain, bias=0.0)


def test_unreachable_rates_of_a_distribution_are_refused_when_they_are_drawn() -> None:
    net = nef.Network(seed=1)
    net.ensemble(3, 1, intercepts=nef.Gaussian(5.0, 0.1), label="far")
    with pytest.raises(
        ValueError, match=r"intercepts must be below 1, got 5.* \(neuron 0\)"
    ) as caught:
        nef.Simulator(net)
    assert SENTENCE.fullmatch(str(caught.value))
    assert "<ensemble 'far'>" in "".join(caught.value.__notes__)


def test_a_range_may_begin_at_an_excluded_bound() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(30, 1, neuron_type=nef.Sigmoid())
    assert nef.Simulator(net).data[a].max_rates.min() > 200
    message = refusal(net.ensemble, 3, 1, neuron_type=nef.Sigmoid(), max_rates=(190, 300))
    assert "max_rates must be above 200 Hz and below 1/tau_ref = 400 Hz, got 190 Hz;" in message


def test_bcm_needs_a_sliding_threshold() -> None:
    message = refusal(nef.BCM(1e-6).step, np.ones(2), np.ones(2), None, None)
    assert "BCM.factors: theta must be given" in message


@pytest.mark.parametrize("number", ["x", -1, 1, None])
def test_a_trial_is_named_by_its_number(number: Any) -> None:
    net = nef.Network(seed=1)
    spikes = net.probe(net.ensemble(5, 1).neurons)
    with nef.Simulator(net, batch_size=1) as sim:
        sim.run(0.05)
    assert "Events.trial: number must be" in refusal(sim.data.events(spikes).trial, number)


def test_an_empty_ensemble_is_refused() -> None:
    assert "n_neurons must be at least 1, got 0;" in refusal(nef.Network().ensemble, 0, 1)
    assert "dimensions must be at least 1, got 0;" in refusal(nef.Network().ensemble, 1, 0)
    refusal(nef.gain_bias, nef.LIF(), [], [])
    refusal(nef.max_rates_intercepts, nef.LIF(), [], [])
    assert "encoders must" in refusal(nef.tuning_curves, nef.LIF(), [0.0], [], [], [])


@dataclass(frozen=True, eq=False)
class Drawn(Distribution):
    """Whatever it is given, as a sample."""

    rows: Any

    def sample(self, n: int, d: int | None = None, rng: Any = None) -> Any:
        return self.rows


@pytest.mark.parametrize("argument", ["encoders", "eval_points", "intercepts", "max_rates"])
@pytest.mark.parametrize("rows", [np.zeros((1, 5)), np.full((3, 1), np.nan), None, "rubbish"])
def test_a_distribution_with_bad_draws_is_refused_by_name(argument: str, rows: Any) -> None:
    net = nef.Network(seed=1)
    drawn: Any = {argument: Drawn(rows)}
    net.ensemble(3, 1, n_eval_points=3, label="a", **drawn)
    message = refusal(nef.Simulator, net)
    assert message.startswith(f"<ensemble 'a'>: {argument} must")


def test_sizes_that_do_not_fit_are_both_named() -> None:
    net = nef.Network()
    a, b = net.ensemble(10, 2, label="a"), net.ensemble(10, 3, label="b")
    message = refusal(net.connect, a, b)
    assert (
        "got 2 dimensions into 3; note that <ensemble 'a'> gives 2 and <ensemble 'b'> takes 3"
        in message
    )
    message = refusal(net.connect, a, b, transform=np.zeros((2, 3)))
    assert "have shape (3, 2), got shape (2, 3)" in message
    message = refusal(net.connect, a, b[:2], transform=[1.0, 2.0, 3.0])
    assert "have shape (2, 2), got shape (3,)" in message
    message = refusal(net.connect, a, a, function=[[1.0]] * 3, eval_points=[[0.0, 0.0]] * 4)
    assert "have 4 rows of values, got shape (3, 1)" in message
    message = refusal(net.ensemble, 10, 2, encoders=np.ones((10, 3)))
    assert "have shape (10, 2), got shape (10, 3)" in message
    message = refusal(net.ensemble, 10, 2, intercepts=np.zeros(9))
    assert "have shape (10,), got shape (9,)" in message
    message = refusal(net.ensemble, 10, 2, encoders=nef.Choice([[1.0, 0.0, 0.0]]))
    assert "have 2 numbers per row, got 3" in message
    message = refusal(net.ensemble, 10, 2, noise=nef.PresentInput([[1.0]], 0.1))
    assert "have 10 dimensions, got 1" in message
    message = refusal(net.ensemble, 10, 1, eval_points=np.zeros((5, 1)), n_eval_points=6)
    assert "be 5, as eval_points has, got 6" in message
    assert "be 1, as output is, got 2" in refusal(net.node, np.sin, size_out=2)


def test_a_function_that_returns_the_wrong_size_is_refused_where_it_is_used() -> None:
    net = nef.Network()
    a, b = net.ensemble(10, 2, label="a"), net.ensemble(10, 1, label="b")
    message = refusal(net.connect, a, b, function=lambda x: x)
    assert (
        "got 2 dimensions into 1; note that the function gives 2 and <ensemble 'b'> takes 1"
        in message
    )
    assert "return at least one number" in refusal(net.connect, a, b, function=lambda x: [])
    net.connect(a, b, function=lambda x: x[x >= 0][:1], label="half")
    message = refusal(nef.Simulator, net)
    assert "<connection 'half'>: function must return 1 value, got 0 at x = [-" in message


@pytest.mark.parametrize(
    "value", ["1.5", b"1", 1j, np.array([1j]), [1.0, [2.0, 3.0]], object(), {"a": 1}, [10**400]]
)
def test_a_function_that_returns_no_numbers_is_refused(value: Any) -> None:
    net = nef.Network()
    a = net.ensemble(10, 1)
    assert "function must return numbers" in refusal(net.connect, a, a, function=lambda x: value)
    assert "output must return numbers" in refusal(net.node, lambda t: value)


def test_a_function_that_takes_other_arguments_is_refused() -> None:
    net = nef.Network()
    a = net.ensemble(10, 1)
    assert "accept (x of shape (1,))" in refusal(net.connect, a, a, function=lambda: 1.0)
    assert "accept (t)" in refusal(net.node, lambda t, x: 1.0)
    assert "accept (t, x of shape (2,))" in refusal(net.node, lambda t: 1.0, size_in=2)
    assert "accept (t, x)" in refusal(net.node, np.sin, size_in=2)
    assert "have a value at zero" in refusal(net.connect, a, a, function=lambda x: 1 / x.item())
    assert "have a value at zero" in refusal(net.connect, a, a, function=lambda x: {}[3])


def test_a_function_without_a_value_at_a_point_is_refused_with_the_point() -> None:
    net = nef.Network()
    a = net.ensemble(10, 1, eval_points=[[0.5], [-0.5]])
    net.connect(a, a, function=np.sqrt, label="root")
    with np.errstate(invalid="ignore"):
        message = refusal(nef.Simulator, net)
    assert "<connection 'root'>: function must be finite at all evaluation points" in message
    assert "got [nan] at x = [-0.5]" in message


def test_objects_of_another_network_are_refused() -> None:
    net, other = nef.Network(), nef.Network()
    a, b = net.ensemble(10, 1), other.ensemble(10, 1)
    assert "belong to this network" in refusal(net.connect, a, b)
    assert "belong to this network" in refusal(net.connect, b, a)
    assert "belong to this network" in refusal(net.probe, b)
    assert "not be part of another network" in refusal(nef.Simulator, net.subnetwork())
    y = other.probe(b)
    sim = nef.Simulator(net)
    assert "be a probe of this simulator's network" in refusal(sim.trange, y)
    assert "of this simulator's network" in refusal(sim.data.__getitem__, b)
    assert y not in sim.data and a in sim.data
    assert y not in sim.result() and "y" not in sim.result()


def test_a_simulator_that_is_closed_refuses_steps() -> None:
    with nef.Simulator(nef.Network()) as sim:
        sim.step()
    assert "be open, got a closed one" in refusal(sim.step)


def test_a_file_that_is_no_result_is_refused(tmp_path: Any) -> None:
    saved = nef.Result({"y": np.ones((2, 1))}, {"y": [1.0, 2.0]}, [1.0, 2.0], {}).save("good.npz")
    whole = saved.read_bytes()
    for i, content in enumerate((b"", b"rubbish", whole[: len(whole) // 2], whole[:-1])):
        path = tmp_path / f"bad{i}.npz"
        path.write_bytes(content)
        assert "be a result of nefsim" in refusal(nef.Result.load, path)
        assert "be a simulator of nefsim" in refusal(nef.Simulator.load, path, nef.Network())
    assert "be a simulator of nefsim" in refusal(nef.Simulator.load, saved, nef.Network())
    np.save("array.npy", np.ones(3))
    assert "be a result of nefsim" in refusal(nef.Result.load, "array.npy")
    assert "be a file" in refusal(nef.Result.load, "missing")


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Any) -> None:
    made = nef.Result({}, {}, [], {})
    folder = tmp_path / "folder.npz"
    folder.mkdir()
    for path in ("no/such/folder/file", folder, ".", "/", "a\0b"):
        assert "path must" in refusal(made.save, path)
    rubbish = nef.Result({}, {}, [], {"rubbish": object()})
    assert "info must hold numbers, texts, lists and dicts" in refusal(rubbish.save, "file")
    assert [*tmp_path.iterdir()] == [folder]


def test_a_saved_run_of_another_network_is_refused() -> None:
    path = simulator().save("saved")
    other = nef.Network(seed=1)
    other.ensemble(10, 2)
    assert "fit the saved state" in refusal(nef.Simulator.load, path, other)
    assert "have the seed 1 of the file" in refusal(nef.Simulator.load, path, nef.Network(seed=2))


# Numbers of NumPy


#: Entries of classes whose objects are values.
VALUES = [
    case
    for case in TABLE
    if isinstance(kind := getattr(nef, case.name, None), type) and issubclass(kind, Value)
]


@pytest.mark.parametrize("case", VALUES, ids=repr)
def test_a_value_has_plain_numbers_whatever_kind_of_number_it_is_given(case: Case) -> None:
    kind, arguments = case.fresh()
    value = kind(**arguments)
    others = {float: (np.float64, int, np.int64), int: (np.int64, np.int8), bool: (np.bool_,)}
    for field in fields(value):
        number = getattr(value, field.name)
        for other in others.get(type(number), ()) if field.init else ():
            if isinstance(number, float) and other is not np.float64 and not number.is_integer():
                continue
            if type(value) is nef.PresentInput and field.name == "rest":
                continue  # a number or a row
            made = replace(value, **{field.name: other(number)})
            assert type(getattr(made, field.name)) is type(number), (field.name, other)
            assert made == value and hash(made) == hash(value)
