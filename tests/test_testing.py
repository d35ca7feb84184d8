"""The laws of nefsim.testing: the types of the package obey them, and faults are named."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest
from faults import FAULTS
from strangers import backend, neuron, rule, solver, synapse

import nefsim as nef
from nefsim import _checks as check
from nefsim import testing
from nefsim.testing import (
    backends,
    learning,
    neurons,
    processes,
    sampling,
    solvers,
    synapses,
)

NEURONS = [
    nef.LIF(amplitude=0.5),
    nef.LIF(tau_rc=np.linspace(0.01, 0.03, 6)),
    nef.LIFRate(),
    nef.AdaptiveLIF(),
    nef.AdaptiveLIFRate(),
    nef.RectifiedLinear(amplitude=3.0),
    nef.SpikingRectifiedLinear(),
    nef.SoftLIFRate(),
    nef.Sigmoid(),
    nef.Tanh(),
    nef.Izhikevich(),
    nef.RegularSpiking(nef.Tanh()),
    nef.StochasticSpiking(nef.Tanh()),
    nef.PoissonSpiking(),
]
#: Types without an inverse: one has none, the curve of the other rises in steps.
WITHOUT_CURVE = [nef.InverseLIF(), nef.DiscreteLIF()]

SYNAPSES = {
    nef.Lowpass(0.1): 1.0,
    nef.Lowpass(0.0): 1.0,
    nef.Alpha(0.02): 1.0,
    nef.DoubleExp(0.1, 0.004): 1.0,
    nef.Triangle(0.0124): 1.0,
    nef.LinearFilter([1.0, 3.0], [0.001, 0.02, 1.0]): 3.0,
    nef.LinearFilter([0.1], [1.0, -0.9], analog=False): None,
    nef.LinearFilter([1.0], np.poly([-20, -30, -40, -50, -60]) / 72e6): 1.0,
}

CLASSES = np.eye(3)[np.digitize(np.linspace(-1, 1, 60), [-0.3, 0.6])]
SOLVERS: list[tuple[nef.Solver, Any]] = [
    (nef.LstsqL2(), None),
    (nef.LstsqL2(weights=True), None),
    (nef.LstsqL2nz(), None),
    (nef.Lstsq(), None),
    (nef.PseudoInverse(), None),
    (nef.LstsqNoise(), None),
    (nef.LstsqMultNoise(), None),
    (nef.Nnls(), None),
    (nef.NnlsL2(), None),
    (nef.LstsqL1(), None),
    (nef.LstsqDrop(), None),
    (nef.LstsqWeighted(np.linspace(0.5, 2.0, 60)), None),
    (nef.NoSolver(np.ones((20, 3))), None),
    (nef.Softmax(), CLASSES),
    (nef.NoiseMatched(synapse=0.005), None),
    (nef.Dale(), None),
]

RULES = [
    nef.PES(1e-3),
    nef.HPES(1e-3),
    nef.BCM(1e-9),
    nef.Oja(1e-6),
    nef.Voja(0.1),
    nef.RLS(1e-3),
    nef.DeltaRule(1e-3),
    nef.Association(0.1),
    nef.Sanger(1e-6),
]

DISTRIBUTIONS: list[tuple[nef.Distribution, dict[str, Any]]] = [
    (nef.Uniform(-1, 1), {}),
    (nef.Gaussian(0, 1), {}),
    (nef.Exponential(1.0), {}),
    (nef.Choice([-1, 1]), {}),
    (nef.CosineSimilarity(3), {}),
    (nef.UniformHypersphere(), {"d": [1, 3]}),
    (nef.UniformHypersphere(surface=True), {"d": [1, 3]}),
    (nef.ScatteredHypersphere(), {"d": [1, 3]}),
    (nef.Samples(np.ones((5, 2))), {"n": [5], "d": [2]}),
]

PROCESSES = [
    nef.WhiteNoise(),
    nef.FilteredNoise(nef.Alpha(0.02)),
    nef.WhiteSignal(0.5, high=20),
    nef.FourierSignal(2.0, high=20),
    nef.PresentInput(np.arange(6).reshape(3, 2), 0.1),
    nef.Piecewise({0.1: [1, 2], 0.25: lambda t: [t, -t], 1.0: [0, 1]}),
    nef.Piecewise({0.1: [1, 2], 0.25: [0, 0], 1.0: [0, 1]}, interpolation="linear"),
]


@pytest.mark.parametrize("neuron", NEURONS, ids=repr)
def test_neuron_types_obey_the_laws(neuron: nef.NeuronType) -> None:
    assert len(testing.check_neuron_type(neuron)) >= 10


def test_neurons_of_explicit_euler_obey_the_laws_at_small_steps() -> None:
    # Intervals are rounded up to whole steps.
    testing.check_neuron_type(nef.LIF(method="euler"), dt=5e-5, settle=0.5)
    with pytest.raises(testing.Violation, match="the mean output is the rate"):
        testing.check_neuron_type(nef.LIF(method="euler"), dt=0.001)


@pytest.mark.parametrize("neuron", WITHOUT_CURVE, ids=repr)
def test_neuron_types_without_a_curve_obey_the_others(neuron: nef.NeuronType) -> None:
    assert len(testing.check_neuron_type(neuron, curve=False)) >= 5


@pytest.mark.parametrize("synapse", SYNAPSES, ids=repr)
def test_synapses_obey_the_laws(synapse: nef.Synapse) -> None:
    testing.check_synapse(synapse, gain=SYNAPSES[synapse])


@pytest.mark.parametrize(("solver", "targets"), SOLVERS, ids=lambda x: type(x).__name__)
def test_solvers_obey_the_laws(solver: nef.Solver, targets: Any) -> None:
    testing.check_solver(solver, targets=targets)


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_rules_obey_the_laws(rule: nef.LearningRule) -> None:
    testing.check_rule(rule)


@pytest.mark.parametrize(("distribution", "options"), DISTRIBUTIONS, ids=repr)
def test_distributions_obey_the_laws(distribution: nef.Distribution, options: Any) -> None:
    testing.check_distribution(distribution, **options)


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_processes_obey_the_laws(process: nef.Process) -> None:
    testing.check_process(process)


@pytest.mark.parametrize("backend", ["numpy", "numba", "nengo"])
def test_back_ends_obey_the_laws(backend: str) -> None:
    pytest.importorskip(backend)
    testing.check_backend(backend, batches=backend != "nengo")


STRANGERS = {
    backend: testing.check_backend,
    neuron: testing.check_neuron_type,
    rule: testing.check_rule,
    solver: testing.check_solver,
    synapse: testing.check_synapse,
}


@pytest.mark.parametrize("module", STRANGERS, ids=lambda module: module.__name__)
def test_types_of_a_stranger_obey_the_laws(module: Any) -> None:
    assert module.LAW in STRANGERS[module](module.RIGHT)


@pytest.mark.parametrize("module", STRANGERS, ids=lambda module: module.__name__)
def test_the_fault_of_a_stranger_is_named(module: Any) -> None:
    with pytest.raises(testing.Violation) as caught:
        STRANGERS[module](module.WRONG)
    assert caught.value.law == module.LAW
    assert caught.value.subject is module.WRONG
    name = check.show(module.WRONG)
    assert str(caught.value).startswith(f'{name} breaks the law "{module.LAW}": ')
    assert caught.value.numbers in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "law", "make", "options"), FAULTS, ids=[f"{f[0].__name__}: {f[1]}" for f in FAULTS]
)
def test_each_law_finds_a_fault(kind: Any, law: str, make: Any, options: dict[str, Any]) -> None:
    if law == "each back end gives the same weights":
        pytest.importorskip("numba")
    with pytest.raises(testing.Violation) as caught:
        kind(make(), **options)
    assert caught.value.law == law, str(caught.value)


def test_each_law_has_a_fault() -> None:
    laws = {
        (module.__name__.rpartition(".")[2], law.name)
        for module in (backends, learning, neurons, processes, sampling, solvers, synapses)
        for law in module.LAWS
    }
    found = {(f[0].__module__.rpartition(".")[2], f[1]) for f in FAULTS}
    found |= {(check.__module__.rpartition(".")[2], m.LAW) for m, check in STRANGERS.items()}
    assert laws - found == set()


SUBJECTS: dict[Any, Any] = {
    testing.check_backend: "numpy",
    testing.check_distribution: nef.Uniform(-1, 1),
    testing.check_neuron_type: nef.LIF(),
    testing.check_process: nef.WhiteNoise(),
    testing.check_rule: nef.PES(),
    testing.check_solver: nef.LstsqL2(),
    testing.check_synapse: nef.Lowpass(0.1),
}


@pytest.mark.parametrize("kind", SUBJECTS, ids=lambda kind: kind.__name__)
def test_other_objects_and_options_are_refused_in_one_sentence(kind: Any) -> None:
    who, (subject, *options) = kind.__name__, [*inspect.signature(kind).parameters]
    for other in (None, 1.5, object(), "colour", nef.Network()):
        with pytest.raises((TypeError, ValueError)) as caught:
            kind(other)
        assert re.fullmatch(rf"{who}: {subject} must .+, got .+; .+\.", str(caught.value))
    for option in options:
        for rubbish in (object(), "colour", [[]], ()):
            with pytest.raises((TypeError, ValueError)) as caught:
                kind(SUBJECTS[kind], **{option: rubbish})
            assert re.fullmatch(rf"{who}: {option} must .+, got .+; .+\.", str(caught.value))
