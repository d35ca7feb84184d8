"""Mistakes of beginners and habits from Nengo: each error contains the correct call."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim import _habits, backends

BACKENDS = backends.available()


@pytest.fixture
def net() -> nef.Network:
    return nef.Network(seed=1)


@pytest.fixture
def a(net: nef.Network) -> nef.Ensemble:
    return net.ensemble(10, 1, label="a")


def said(function: Callable[[], Any]) -> str:
    """The message of the error that a mistake raises."""
    with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
        function()
    return str(caught.value)


def with_block(net: nef.Network, a: nef.Ensemble) -> Any:
    with net:
        pass


def hide_a_method(net: nef.Network, a: nef.Ensemble) -> Any:
    net.node = net.node(1.0)


def misspelt(net: nef.Network, a: nef.Ensemble) -> Any:
    net.ensembl = 3


def misspelt_seed(net: nef.Network, a: nef.Ensemble) -> Any:
    net.sed = 3


def set_after(net: nef.Network, a: nef.Ensemble) -> Any:
    a.radius = 2.0


def set_unknown(net: nef.Network, a: nef.Ensemble) -> Any:
    a.colour = "red"


def delete(net: nef.Network, a: nef.Ensemble) -> Any:
    del a.radius


def animals() -> nef.spa.Vocabulary:
    vocabulary = nef.spa.Vocabulary(16, seed=1)
    vocabulary.populate("DOG")
    return vocabulary


def two(net: nef.Network) -> nef.Ensemble:
    return net.ensemble(10, 2, label="two")


def with_output(net: nef.Network) -> nef.Network:
    part = net.subnetwork("part")
    part.output = part.node(size_in=1, label="out")
    return part


def learning(net: nef.Network, a: nef.Ensemble) -> nef.Connection:
    return net.connect(a, a, learning_rule=nef.PES(), label="c")


def no_value(x: Any) -> None:
    x**2


def simulated(net: nef.Network) -> nef.Simulator:
    simulator = nef.Simulator(net)
    simulator.run_steps(3)
    return simulator


def set_input(net: nef.Network, value: Any, new: Any) -> None:
    node = net.node(value)
    nef.Simulator(net).inputs[node] = new


#: A user's code, and the words that the message must have.
MISTAKES: dict[str, tuple[Callable[[nef.Network, nef.Ensemble], Any], tuple[str, ...]]] = {
    # Things that are made by their network
    "Ensemble": (lambda net, a: nef.Ensemble(50, 1), ("write net.ensemble(50, 1)",)),
    "Ensemble by name": (
        lambda net, a: nef.Ensemble(n_neurons=50, dimensions=1),
        ("write net.ensemble(n_neurons=50, dimensions=1)",),
    ),
    "Node": (lambda net, a: nef.Node(0.5), ("write net.node(0.5)",)),
    "Node of nothing": (lambda net, a: nef.Node(), ("write net.node(output)",)),
    "Connection": (lambda net, a: nef.Connection(a, a), ("write net.connect(pre, post)",)),
    "Probe": (lambda net, a: nef.Probe(a, synapse=0.01), ("write net.probe(target)",)),
    "with net": (with_block, ("with block", "net.ensemble(50, 1)")),
    "net.Ensemble": (lambda net, a: net.Ensemble(50, 1), ("net.ensemble(n_neurons",)),
    "net.add_ensemble": (lambda net, a: net.add_ensemble(50, 1), ("net.ensemble(n_neurons",)),
    "net.Connection": (lambda net, a: net.Connection(a, a), ("write net.connect(pre, post)",)),
    "connect a number": (lambda net, a: net.connect(0.5, a), ("make a node of it, net.node(",)),
    "connect numbers": (lambda net, a: net.connect(np.ones(2), a), ("make a node of it,",)),
    "connect a function": (lambda net, a: net.connect(np.sin, a), ("make a node of it,",)),
    "connect noise": (lambda net, a: net.connect(nef.WhiteNoise(), a), ("make a node of it,",)),
    "connect a class": (lambda net, a: net.connect(nef.LIF, a), ("pass a node or ensemble",)),
    "connect a text": (lambda net, a: net.connect("a", a), ("pass a node or ensemble",)),
    "net.config": (lambda net, a: net.config[nef.Ensemble], ("no config", "pass arguments")),
    "net.ensembl": (lambda net, a: net.ensembl(50, 1), ("did you mean ensemble?",)),
    "set net.ensembl": (misspelt, ("no ensembl", "did you mean ensemble")),
    "set net.sed": (misspelt_seed, ("did you mean seed",)),
    "set net.node": (hide_a_method, ("take another name",)),
    "set a.radius": (set_after, ("pass radius to net.ensemble",)),
    "set a.colour": (set_unknown, ("store it in a variable",)),
    "del a.radius": (delete, ("pass radius to net.ensemble",)),
    "Network(label)": (lambda net, a: nef.Network("my model"), ("the name as label='my model'",)),
    "c.weights": (lambda net, a: learning(net, a).weights, ("sim.data[connection].weights",)),
    "p.data": (lambda net, a: net.probe(a).data, ("sim.data[probe]",)),
    "a.spikes": (lambda net, a: a.spikes, ("net.probe(ensemble.neurons)",)),
    "a.dimension": (lambda net, a: a.dimension, ("did you mean dimensions?",)),
    # Keywords
    "learning_rule_type": (
        lambda net, a: net.connect(a, a, learning_rule_type=nef.PES()),
        ("got learning_rule_type=", "write learning_rule="),
    ),
    "dimension": (
        lambda net, a: net.ensemble(n_neurons=50, dimension=1),
        ("write dimensions=",),
    ),
    "dimensions of a node": (lambda net, a: net.node(dimensions=2), ("write size_in=",)),
    "max_rate": (lambda net, a: net.ensemble(9, 1, max_rate=100), ("write max_rates=",)),
    "progress_bar": (
        lambda net, a: nef.Simulator(net, progress_bar=False),
        ("write progress=",),
    ),
    "optimize": (lambda net, a: nef.Simulator(net, optimize=True), ("leave it out",)),
    "network": (lambda net, a: nef.Simulator(network=net), ("write net=",)),
    "add_to_container": (
        lambda net, a: nef.Network(add_to_container=False),
        ("net.subnetwork()",),
    ),
    "trange(dt)": (lambda net, a: nef.Simulator(net).trange(dt=0.01), ("trange(probe)",)),
    "trange(sample_every)": (
        lambda net, a: nef.Simulator(net).trange(sample_every=0.01),
        ("trange(probe)",),
    ),
    "time_in_seconds": (
        lambda net, a: nef.Simulator(net).run(time_in_seconds=1),
        ("write seconds=",),
    ),
    "filter": (lambda net, a: net.connect(a, a, filter=0.1), ("write synapse=",)),
    "lr": (lambda net, a: nef.PES(lr=1e-4), ("write learning_rate=",)),
    "initial_state": (lambda net, a: nef.LIF(initial_state={}), ("pass it to net.ensemble",)),
    "no such keyword": (
        lambda net, a: net.node(zzz=1),
        ("pass some of output, size_in, size_out, seed, label",),
    ),
    "no dimensions": (
        lambda net, a: net.ensemble(50),
        ("dimensions must be given", "write net.ensemble(n_neurons, dimensions)"),
    ),
    "too many": (lambda net, a: net.subnetwork("x", 1, 2), ("at most 2 (label, seed), got 3",)),
    "ready network": (
        lambda net, a: nef.networks.product(net, 20),
        ("product: dimensions must be given", "write product(net, n_neurons, dimensions)."),
    ),
    "twice": (lambda net, a: net.ensemble(50, 1, n_neurons=3), ("n_neurons must be given once",)),
    "run()": (
        lambda net, a: nef.Simulator(net).run(),
        ("seconds must be given", "write sim.run(seconds)"),
    ),
    "tuning_curves": (
        lambda net, a: nef.tuning_curves(a, nef.Simulator(net)),
        ("sim.data[ensemble]", "ensemble.neuron_type"),
    ),
    # Functions
    "x[1] of one": (
        lambda net, a: net.connect(a, a, function=lambda x: x[0] * x[1]),
        ("1 dimension, x[0]",),
    ),
    "x[2] of two": (
        lambda net, a: net.connect(two(net), a, function=lambda x: x[2]),
        ("2 dimensions, x[0] and x[1]",),
    ),
    "if x > 0": (
        lambda net, a: net.connect(two(net), a, function=lambda x: 1 if x > 0 else -1),
        ("x is an array", "x[0] and x[1]"),
    ),
    "float(x)": (
        lambda net, a: net.connect(two(net), a, function=lambda x: float(x)),
        ("x is an array", "x[0] and x[1]"),
    ),
    "f(x, y)": (
        lambda net, a: net.connect(two(net), a, function=lambda x, y: x * y),
        ("write lambda x: ...",),
    ),
    "f(x) is None": (lambda net, a: net.connect(a, a, function=no_value), ("return a value",)),
    "f(x) is text": (
        lambda net, a: net.connect(a, a, function=lambda x: "a"),
        ("return a number",),
    ),
    "f(t, x) without size_in": (lambda net, a: net.node(lambda t, x: x), ("pass size_in",)),
    "f(t, x), size_out alone": (
        lambda net, a: net.node(lambda t, x: x, size_out=1),
        ("pass size_in",),
    ),
    "f(t) with size_in": (
        lambda net, a: net.node(lambda t: t, size_in=1),
        ("write lambda t, x: ...", "leave out size_in"),
    ),
    "f()": (lambda net, a: net.node(lambda: 1), ("write lambda t: ...",)),
    "a list for a range": (
        lambda net, a: net.ensemble(50, 1, max_rates=[100, 200]),
        ("tuple (100, 200) for a range",),
    ),
    # Ends of connections and targets of probes
    "connect(0.5, a)": (lambda net, a: net.connect(0.5, a), ("net.node(output)",)),
    "connect(sin, a)": (lambda net, a: net.connect(np.sin, a), ("net.node(output)",)),
    "connect(a, connection)": (
        lambda net, a: net.connect(a, learning(net, a)),
        ("<connection 'c'>.learning_rule",),
    ),
    "connect(a, constant)": (
        lambda net, a: net.connect(a, net.node(0.5)),
        ("pass size_in to node",),
    ),
    "sizes": (lambda net, a: net.connect(a, two(net)), ("a (2, 1) matrix",)),
    "size of a function": (
        lambda net, a: net.connect(two(net), two(net), function=lambda x: x[0] * x[1]),
        ("the function gives 1 and <ensemble 'two'> takes 2",),
    ),
    "a[2]": (lambda net, a: two(net)[2], ("within 2 dimensions",)),
    "probe(a, voltage)": (
        lambda net, a: net.probe(a, "voltage"),
        ("probe <ensemble 'a'>.neurons",),
    ),
    "probe(a, spikes)": (lambda net, a: net.probe(a, "spikes"), ("probe <ensemble 'a'>.neurons",)),
    "probe(neurons, decoded_output)": (
        lambda net, a: net.probe(a.neurons, "decoded_output"),
        ("probe <ensemble 'a'> itself",),
    ),
    "probe(c, error)": (
        lambda net, a: net.probe(learning(net, a), "error"),
        ("probe <connection 'c'>.learning_rule",),
    ),
    "probe(rule, weights)": (
        lambda net, a: net.probe(learning(net, a).learning_rule, "weights"),
        ("probe <connection 'c'> itself",),
    ),
    "PES without error": (
        lambda net, a: (learning(net, a), nef.Simulator(net)),
        ("net.connect(error, c.learning_rule)",),
    ),
    "PES class": (lambda net, a: net.connect(a, a, learning_rule=nef.PES), ("PES(",)),
    "LIF class": (lambda net, a: net.ensemble(9, 1, neuron_type=nef.LIF), ("pass one: LIF()",)),
    "probe(a, 0.1)": (lambda net, a: net.probe(a, 0.1), ("write synapse=0.1.",)),
    "probe(a, Alpha)": (
        lambda net, a: net.probe(a, nef.Alpha(0.1)),
        ("write synapse=Alpha(tau=0.1).",),
    ),
    "connect(error, c.learning_rule) of none": (
        lambda net, a: net.connect(a, net.connect(a, a).learning_rule),
        ("got None", "the learning_rule of a connection without learning_rule= is None."),
    ),
    "function=np.square(2)": (
        lambda net, a: net.connect(a, a, function=np.square(2)),
        ("must be a function (or values, with eval_points)", "pass a function without calling it"),
    ),
    "connect(a, a, 0.01)": (
        lambda net, a: net.connect(a, a, 0.01),
        ("got 0.01; write synapse=0.01 or transform=0.01,",),
    ),
    "connect(a, a, matrix)": (
        lambda net, a: net.connect(a, a, np.eye(1)),
        ("write transform= for a matrix,",),
    ),
    "connect(a, a, Alpha)": (
        lambda net, a: net.connect(a, a, nef.Alpha(0.1)),
        ("got Alpha(tau=0.1); write synapse=Alpha(tau=0.1).",),
    ),
    "connect to a ready network": (
        lambda net, a: net.connect(a, nef.networks.integrator(net, 10)),
        ("post must be", "pass its .input, <node 'integrator.input'>."),
    ),
    "connect from a ready network": (
        lambda net, a: net.connect(nef.networks.integrator(net, 10), a),
        ("pre must be", "pass its .output, <node 'integrator.output'>."),
    ),
    "connect to a product": (
        lambda net, a: net.connect(a, nef.networks.product(net, 10, 1)),
        ("pass its .a, <node 'product.a'>.",),
    ),
    "probe of a state": (
        lambda net, a: net.probe(nef.spa.state(net, nef.spa.Vocabulary(16, seed=1), n_neurons=16)),
        ("target must be", "pass its .output, <node 'state.output'>."),
    ),
    "probe of a subnetwork with an output": (
        lambda net, a: net.probe(with_output(net)),
        ("target must be", "pass its .output, <node 'part.out'>."),
    ),
    "1 dimension into 2": (
        lambda net, a: net.connect(a, two(net)),
        ("got 1 dimension into 2",),
    ),
    "two values for size_out=3": (
        lambda net, a: (net.node(lambda t: [t, t], size_out=3), simulated(net)),
        ("must return 3 values, got 2 at t = 0.001 s", "or pass size_out=2."),
    ),
    "one value for two": (
        lambda net, a: (net.node(lambda t: [t] * (1 + (t > 0.001)), size_out=1), simulated(net)),
        ("must return 1 value, got 2 at t = 0.002 s; return this number at every step.",),
    ),
    # Simulators
    "sim.dat": (lambda net, a: nef.Simulator(net).dat, ("no dat; did you mean data?",)),
    "sim.n_step": (lambda net, a: nef.Simulator(net).n_step, ("did you mean n_steps?",)),
    "sim.t": (lambda net, a: nef.Simulator(net).t, ("Simulator has no t; write sim.time.",)),
    "Simulator.load(path)": (
        lambda net, a: nef.Simulator.load("x.npz"),
        ("Simulator.load: net must be given", "sim = nefsim.Simulator.load(path, net)."),
    ),
    "Simulator.load(dt)": (
        lambda net, a: nef.Simulator.load("x.npz", net, dt=0.002),
        ("got dt=; leave it out, as the file has it.",),
    ),
    "psth(sim, probe)": (
        lambda net, a: nef.plot.psth(simulated(net), probe=net.probe(a)),
        ("psth: starts must be given", "write psth(spikes, starts)."),
    ),
    "animate(sim, probe)": (
        lambda net, a: nef.plot.animate(simulated(net), probe=net.probe(a)),
        ("animate: path must be given", "write animate(values, path)."),
    ),
    "measure_tuning_curves(sim, a)": (
        lambda net, a: nef.measure_tuning_curves(simulated(net), a),
        (
            "encoders and gain and bias must be given",
            "write b = sim.data[ensemble] and measure_tun",
        ),
    ),
    "crosscheck(dtype)": (
        lambda net, a: nef.crosscheck(net, dtype="float32"),
        ("crosscheck: keyword must be", "got dtype=; pass some of net, seconds, backends, dt."),
    ),
    "max_rates in kHz": (
        lambda net, a: (net.ensemble(50, 1, max_rates=(0.2, 0.4)), simulated(net)),
        ("got 0.", " Hz (neuron ", "pass higher rates, in Hz, such as max_rates=(200, 400)."),
    ),
    "net.load": (lambda net, a: net.load("x"), ("write nefsim.load_network(path).",)),
    "three values for two": (
        lambda net, a: set_input(net, [1.0, 2.0], [1, 2, 3]),
        ("got shape (3,); pass 2 numbers for <node 'node 0'>, or one.",),
    ),
    "three values for one": (
        lambda net, a: set_input(net, 1.0, [1, 2, 3]),
        ("got shape (3,); pass 1 number for <node 'node 0'>.",),
    ),
    "a text for a value": (
        lambda net, a: set_input(net, 1.0, "x"),
        ("pass 1 finite number for <node 'node 0'>.",),
    ),
    # Data
    "data of the label of an ensemble": (
        lambda net, a: simulated(net).data["a"],
        ("write sim.data[a] for the arrays of <ensemble 'a'>",),
    ),
    "data of no label": (lambda net, a: simulated(net).data["p"], ("make probes before",)),
    "data of another label": (
        lambda net, a: (net.probe(a, label="y"), simulated(net).data["p"]),
        ("pass one of 'y'",),
    ),
    "data of a node": (
        lambda net, a: simulated(net).data[net.node(1.0)],
        ("net.probe(node)",),
    ),
    "data of a view": (lambda net, a: simulated(net).data[a[0]], ("pass all of it",)),
    "data of neurons": (lambda net, a: simulated(net).data[a.neurons], ("pass its ensemble",)),
    "a probe too late": (
        lambda net, a: simulated(net).data[net.probe(a)],
        ("make probes before the simulator",),
    ),
    # Names of the package
    "nef.networks.EnsembleArray(10, 3)": (
        lambda net, a: nef.networks.EnsembleArray(10, 3),
        ("write nefsim.networks.ensemble_array(net, 10, 3).",),
    ),
    "nef.EnsembleArray": (lambda net, a: nef.EnsembleArray, ("networks.ensemble_array(net",)),
    "nef.dists": (lambda net, a: nef.dists, ("nefsim.Uniform(-1, 1)",)),
    "nef.utils": (lambda net, a: nef.utils, ("nefsim.tuning_curves",)),
    "nef.Izhikevitch": (lambda net, a: nef.Izhikevitch, ("did you mean Izhikevich?",)),
    "nef.plot.rasterplot": (lambda net, a: nef.plot.rasterplot, ("did you mean raster?",)),
    **{
        f"nef.spa.{name}": (
            lambda net, a, name=name: getattr(nef.spa, name),
            (f"nefsim.spa has no {name}; write nefsim.spa.{words}.",),
        )
        for name, words in {
            "Bind": "bind(net, vocabulary)",
            "Transcode": "stimulus(net, vocabulary, 'A')",
            "WTAAssocMem": "cleanup(net, vocabulary, items, winner_take_all=True)",
            "ifmax": "action_selection(net, ['dot(a, A) -> b = B'], {'a': a, 'b': b})",
        }.items()
    },
    "nef.spa.sym": (lambda net, a: nef.spa.sym, ("vocabulary.parse('A * ~B')",)),
    "nef.spa.stat": (lambda net, a: nef.spa.stat, ("did you mean state?",)),
    **{
        f"pointer.{name}": (
            lambda net, a, name=name: getattr(animals()["DOG"], name),
            (f"Pointer has no {name}; write {words}.",),
        )
        for name, words in {
            "v": "pointer.vector",
            "dot": "pointer @ other",
            "compare": "pointer.similarity(other)",
            "normalized": "pointer.unit()",
        }.items()
    },
    "vocabulary.keys": (lambda net, a: animals().keys(), ("write vocabulary.names.",)),
    "vocabulary.nam": (lambda net, a: animals().nam, ("did you mean names?",)),
    "spa.State(net, 64)": (
        lambda net, a: nef.spa.State(net, 64),
        ("State: object must be made by a function", "write nefsim.spa.state(net, 64)."),
    ),
    "spa.State(net=net, vocabulary=64)": (
        lambda net, a: nef.spa.State(net=net, vocabulary=64),
        ("write nefsim.spa.state(net, vocabulary=64).",),
    ),
    "spa.ActionSelection()": (
        lambda net, a: nef.spa.ActionSelection(),
        ("write nefsim.spa.action_selection(net, ...).",),
    ),
    # Expressions of pointers
    "a function of names": (
        lambda net, a: nef.spa.stimulus(net, animals(), lambda t: "DOG" if t < 0.1 else "0"),
        ("a dict of times to names", "or return such as vocabulary['DOG'].vector."),
    ),
    "a function of sets": (
        lambda net, a: nef.spa.stimulus(net, animals(), lambda t: {"DOG"}),
        ("return a number or an array",),
    ),
    "0 for a vector": (
        lambda net, a: nef.spa.stimulus(net, animals(), {0.0: "DOG", 0.1: "0"}),
        ("got a number; write Zero for the vector of zeros.",),
    ),
    "2 for a vector": (lambda net, a: animals().parse("2"), ("got a number; combine vectors",)),
    "B.unitary()": (
        lambda net, a: animals().populate("B.unitary()"),
        ("write 'A; B = unitary(A)', or Vocabulary(..., pointers='unitary').",),
    ),
    "B, C": (lambda net, a: animals().populate("B, C"), ("separate names by ;.",)),
    "DOG.unitary()": (lambda net, a: animals().parse("DOG.unitary()"), ("write unitary(CAT).",)),
    "effects with a comma": (
        lambda net, a: nef.spa.Rule.parse("dot(s, DOG) -> s = DOG, b = DOG"),
        ("separate assignments by ;.",),
    ),
    "sym.DOG in a utility": (
        lambda net, a: nef.spa.Rule.parse("dot(s, sym.DOG) -> s = DOG"),
        ("leave out sym., as in",),
    ),
    "sym.DOG in an effect": (
        lambda net, a: nef.spa.Rule.parse("dot(s, DOG) -> s = sym.DOG"),
        ("leave out sym., as in",),
    ),
    "nef.zzz": (lambda net, a: nef.zzz, ("nefsim has no zzz.",)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_by_what_to_write(
    mistake: str, net: nef.Network, a: nef.Ensemble
) -> None:
    make, words = MISTAKES[mistake]
    message = said(lambda: make(net, a))
    assert [word for word in words if word not in message] == [], message


# Nengo's objects


def of_nengo(make: Callable[[Any], Any]) -> Any:
    nengo = pytest.importorskip("nengo")
    with nengo.Network():
        return make(nengo)


@pytest.mark.parametrize(
    ("make", "use", "words"),
    [
        (
            lambda nengo: nengo.Network(),
            lambda net, x: nef.Simulator(x),
            ("nefsim.nengo.Simulator(model)", "from_nengo(model)"),
        ),
        (
            lambda nengo: nengo.networks.EnsembleArray(5, 2),
            lambda net, x: nef.Simulator(x),
            ("nefsim.nengo.Simulator(model)",),
        ),
        (
            lambda nengo: nengo.LIF(),
            lambda net, x: net.ensemble(9, 1, neuron_type=x),
            ("Nengo's LIF()", "pass nefsim.LIF(...)"),
        ),
        (
            lambda nengo: nengo.LIF,
            lambda net, x: net.ensemble(9, 1, neuron_type=x),
            ("Nengo's class LIF", "pass nefsim.LIF(...)"),
        ),
        (
            lambda nengo: nengo.Lowpass(0.1),
            lambda net, x: net.probe(net.node(1.0), synapse=x),
            ("Nengo's Lowpass", "pass nefsim.Lowpass(...)"),
        ),
        (
            lambda nengo: nengo.dists.Uniform(1, 2),
            lambda net, x: net.ensemble(9, 1, max_rates=x),
            ("Nengo's Uniform", "pass nefsim.Uniform(...)"),
        ),
        (
            lambda nengo: nengo.solvers.LstsqL2(),
            lambda net, x: net.probe(net.node(1.0), solver=x),
            ("pass nefsim.LstsqL2(...)",),
        ),
        (
            lambda nengo: nengo.PES(),
            lambda net, x: net.connect(net.ensembles[0], net.ensembles[0], learning_rule=x),
            ("pass nefsim.PES(...)",),
        ),
        (
            lambda nengo: nengo.processes.WhiteSignal(1.0, high=5),
            lambda net, x: net.node(x),
            ("pass nefsim.WhiteSignal(...)",),
        ),
        (
            lambda nengo: nengo.Dense((1, 1), init=2.0),
            lambda net, x: net.connect(net.ensembles[0], net.ensembles[0], transform=x),
            ("pass the matrix",),
        ),
        (
            lambda nengo: nengo.Ensemble(5, 1),
            lambda net, x: net.connect(net.ensembles[0], x),
            ("net.ensemble(n_neurons, dimensions)",),
        ),
        (
            lambda nengo: nengo.Node(1.0),
            lambda net, x: net.connect(x, net.ensembles[0]),
            ("net.node(output)",),
        ),
        (
            lambda nengo: nengo.Probe(nengo.Ensemble(5, 1)),
            lambda net, x: nef.Simulator(net).data[x],
            ("Nengo's <Probe", "net.probe(target)"),
        ),
        (
            lambda nengo: nengo.dists.SqrtBeta(3),
            lambda net, x: net.ensemble(9, 1, max_rates=x),
            ("nefsim has none", "nefsim.nengo.Simulator"),
        ),
    ],
)
def test_what_is_of_nengo_is_said_to_be_and_answered_by_ours(
    make: Any, use: Any, words: tuple[str, ...], net: nef.Network, a: nef.Ensemble
) -> None:
    message = said(lambda: use(net, of_nengo(make)))
    assert [word for word in words if word not in message] == [], message


def test_every_cure_names_what_there_is(net: nef.Network) -> None:
    tables = (_habits.OF_NENGO, _habits.OF_PACKAGE, _habits.OF_NETWORK, _habits.CALLS)
    words = " ".join(do for table in tables for do in table.values())
    for start, thing in (("nefsim.", nef), ("net.", net)):
        for part in words.split(start)[1:]:
            name = part.split("(")[0].split(",")[0].split(".")[0].split(" ")[0]
            assert name == "nengo" or hasattr(thing, name), name
    of = {"Simulator": nef.Simulator, "Network": nef.Network}
    for (who, _), _do in _habits.ELSEWHERE.items():
        owner = of.get(who.split(".")[0], nef)
        assert hasattr(owner, who.split(".")[-1]) or owner.__name__ == who or not who


# Valid code


def test_habits_that_are_legal_stay_so(net: nef.Network, a: nef.Ensemble) -> None:
    net.output = net.node(size_in=1)
    net.node1 = net.node(1.0)
    net.n_probes = 3
    net.ensembles_of_mine = [a]
    net.seed, net.label = 3, "model"
    assert isinstance(net.node1, nef.Node)
    assert isinstance(copy.deepcopy(net).ensembles[0], nef.Ensemble)
    assert pickle.loads(pickle.dumps(net)).label == "model"
    assert pickle.loads(pickle.dumps(nef.LIF(tau_rc=0.03))) == nef.LIF(tau_rc=0.03)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (nef.Network, ["seed", "label"]),
        (nef.Network.node, ["self", "output", "size_in", "size_out", "seed", "label"]),
        (nef.Simulator.run, ["self", "seconds", "checkpoint_every", "checkpoint", "realtime"]),
        (nef.PES, ["learning_rate", "pre_synapse"]),
        (nef.LearningRule, []),
        (nef.Probe, [*nef.Probe.__annotations__]),
    ],
)
def test_signatures_are_shown_as_they_are(function: Any, names: list[str]) -> None:
    assert [*inspect.signature(function).parameters] == names
    assert inspect.getdoc(function)


def test_errors_within_a_call_are_left_alone(net: nef.Network) -> None:
    def broken(t: float) -> float:
        return t + None  # type: ignore[operator]

    assert "unsupported operand" in said(lambda: net.node(broken))


class Slow(nef.LIF):
    """A neuron type with an ``__init__``."""

    def __init__(self, slowness: float) -> None:
        super().__init__(tau_rc=slowness)


def test_a_class_of_the_users_own_takes_its_own_keywords() -> None:
    assert Slow(slowness=0.1).tau_rc == 0.1
    assert "write slowness=" in said(lambda: Slow(slownes=0.1))


# Rooms that load when they are named


def test_rooms_stand_in_dir_and_are_not_loaded_before_they_are_named() -> None:
    program = (
        "import sys, nefsim as nef\n"
        "assert {'plot', 'nengo', 'train', 'convert', 'nir', 'view', 'mnist'} <= {*dir(nef)}\n"
        "assert 'Any' not in dir(nef)\n"
        "assert not {'nefsim.plot', 'matplotlib', 'nengo', 'torch', 'bokeh'} & {*sys.modules}\n"
        "nef.plot.raster\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_room_without_its_package_says_what_to_install() -> None:
    program = (
        "import sys\n"
        "sys.modules['bokeh'] = None\n"
        "import nefsim as nef\n"
        "assert not hasattr(nef, 'view')\n"
        "try: nef.view\n"
        "except AttributeError as error: assert 'install' in str(error), error\n"
        "try: from nefsim import view\n"
        "except ImportError as error: assert 'install' in str(error), error\n"
        "else: raise SystemExit('it was there')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# Data by label, and weights that stay


def test_data_are_found_by_label_as_in_a_result(net: nef.Network, a: nef.Ensemble) -> None:
    first, second = net.probe(a, label="y"), net.probe(a[0], label="y", sample_every=0.002)
    spikes = net.probe(a.neurons, label="spikes")
    simulator = simulated(net)
    data, result = simulator.data, simulator.result()
    for label, probe in (("y", first), ("y 1", second), ("spikes", spikes)):
        assert label in data
        np.testing.assert_array_equal(data[label], data[probe])
        np.testing.assert_array_equal(data[label], result[label])
        np.testing.assert_array_equal(simulator.trange(label), simulator.trange(probe))
    assert "z" not in data
    assert data.events("spikes").shape == data.events(spikes).shape
    assert [*data] == [first, second, spikes, a]


@pytest.mark.parametrize("backend", BACKENDS)
def test_probed_weights_of_a_fixed_connection_are_what_acts(backend: str) -> None:
    net = nef.Network(seed=1)
    u, v = net.node([0.3, 0.2]), net.node(size_in=2)
    a, b = net.ensemble(20, 2), net.ensemble(15, 2)
    diagonal, matrix = np.array([2.0, 3.0]), np.array([[1.0, 2.0], [0.0, 1.0]])
    onto = np.full((15, 20), 1e-4)
    sparse = scipy.sparse.csr_array(matrix)
    connections = {
        "one": (net.connect(u, a), lambda c: np.eye(2)),
        "diagonal": (
            net.connect(u, a, transform=diagonal * 0.1),
            lambda c: np.diag(diagonal * 0.1),
        ),
        "sparse": (net.connect(u, a, transform=sparse * 0.1), lambda c: matrix * 0.1),
        "decoded": (net.connect(a, b, transform=matrix), lambda c: matrix @ c.decoders.T),
        "view": (
            net.connect(a[0], b[1], function=np.square, synapse=None),
            lambda c: c.decoders.T,
        ),
        "full": (net.connect(a, b, solver=nef.LstsqL2(weights=True)), lambda c: c.weights),
        "neurons": (net.connect(a.neurons, b.neurons, transform=onto), lambda c: onto),
        "to a node": (net.connect(a, v, synapse=0.01), lambda c: c.weights),
    }
    probes = {n: net.probe(c, "weights", sample_every=0.01) for n, (c, _) in connections.items()}
    filtered = net.probe(connections["decoded"][0], "weights", synapse=0.001)
    assert nef.describe(net).neurons == 35
    simulator = nef.Simulator(net, backend=backend)
    simulator.run(0.02)
    for name, (connection, expected) in connections.items():
        weights = expected(simulator.data[connection])
        rows = simulator.data[probes[name]]
        assert rows.shape == (2, *np.shape(weights)), name
        np.testing.assert_allclose(rows, [weights, weights], rtol=1e-12, err_msg=name)
    # After 20 time constants the output of a filter equals its input.
    np.testing.assert_allclose(
        simulator.data[filtered][-1], simulator.data[probes["decoded"]][-1], rtol=1e-6
    )


# Inputs that are known to be out of reach


def test_a_constant_far_beyond_the_radius_is_warned_of(net: nef.Network, a: nef.Ensemble) -> None:
    net.connect(net.node(5.0), a)
    with pytest.warns(UserWarning, match=r"<ensemble 'a'>.* got .* 5; pass radius=5 to") as caught:
        nef.Simulator(net)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("value", "options", "others"),
    [
        (1.4, {}, False),  # a little beyond, where values fall short by a fifth
        (5.0, {"transform": 0.2}, False),
        (5.0, {"function": np.tanh}, False),
        (5.0, {"synapse": nef.LinearFilter([0.1], [0.01, 1.0])}, False),
        (5.0, {}, True),  # which another input may make good
    ],
)
def test_what_may_lie_within_the_radius_is_not_warned_of(
    value: float, options: dict[str, Any], others: bool, net: nef.Network, a: nef.Ensemble
) -> None:
    net.connect(net.node(value), a, **options)
    if others:
        net.connect(net.node(np.sin), a)
    direct = net.ensemble(1, 1, neuron_type=nef.Direct())
    net.connect(net.node(9.0), direct)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nef.Simulator(net)


def test_constants_of_several_nodes_are_added_up(net: nef.Network) -> None:
    two = net.ensemble(10, 2, radius=2)
    net.connect(net.node(3.0), two[1], transform=2.0)
    net.connect(net.node([-4.0, 9.0])[0], two[1])
    nef.Simulator(net)  # 2 in all
    net.connect(net.node([3.0, 1.0]), two)
    with pytest.warns(UserWarning, match="length 4.24"):
        nef.Simulator(net)


# Signatures


def test_what_is_shown_of_data_is_short(net: nef.Network, a: nef.Ensemble) -> None:
    c, fixed = learning(net, a), net.connect(a, two(net), transform=[[1], [2]])
    net.connect(a, c.learning_rule)
    net.probe(a, label="y")
    net.probe(fixed, "weights", label="w")
    data = simulated(net).data
    assert (
        repr(data) == "<data of 2 probes, 2 ensembles, 3 connections: 'y' (3, 1), 'w' (3, 2, 10)>"
    )
    assert repr(data[c]) == "<weights (1, 10) learned by <connection 'c'>>"
    assert repr(data[a]).startswith("BuiltEnsemble(encoders (10, 1), gain (10,), bias (10,), ")
    assert "decoders (10, 1)" in repr(data[fixed])
    assert "transform (2, 1)" in repr(data[fixed])
    assert repr(simulated(nef.Network()).data) == "<data of 0 probes, 0 ensembles, 0 connections>"
    for _ in range(9):
        net.probe(a)
    assert repr(simulated(net).data).endswith("'probe 3' (3, 1), ...>")
    assert all(len(repr(data[key])) < 200 for key in (a, c, fixed))


# Networks that change after a simulator was made


def test_a_simulator_names_the_network_that_it_was_made_of(net: nef.Network) -> None:
    a = net.ensemble(10, 1)
    sim = nef.Simulator(net)
    before = repr(sim)
    net.subnetwork().ensemble(7, 1)
    net.connect(a, a)
    assert repr(sim) == before
    assert "1 ensemble (10 neurons), 0 connections" in before


@pytest.mark.parametrize("of", ["node", "ensemble", "connect", "probe", "inner"])
def test_a_run_after_a_change_of_its_network_warns_once(net: nef.Network, of: str) -> None:
    a, inner = net.ensemble(10, 1), net.subnetwork()
    sim = nef.Simulator(net)
    sim.run_steps(1)
    adds: dict[str, Callable[[], Any]] = {
        "node": lambda: net.node(1.0),
        "ensemble": lambda: net.ensemble(5, 1),
        "connect": lambda: net.connect(a, a),
        "probe": lambda: net.probe(a),
        "inner": lambda: inner.node(1.0),
    }
    adds[of]()
    with pytest.warns(UserWarning, match="Simulator.run: network has changed since the simulator"):
        sim.run_steps(1)
    sim.run_steps(1)  # any warning is an error here
    nef.Simulator(net).run_steps(1)
    assert sim.n_steps == 3


def test_a_probe_of_one_run_is_no_change(net: nef.Network, a: nef.Ensemble) -> None:
    sim = nef.Simulator(net)
    net.probe(a, attach=False)
    sim.run_steps(1)
    assert sim.n_steps == 1


def test_fewer_neurons_than_dimensions_are_warned_of_once_at_their_line(net: nef.Network) -> None:
    words = (
        r"^Network\.ensemble: n_neurons must be .+, got 1 for 50; did you mean ensemble\(50, 1\)\?$"
    )
    with pytest.warns(UserWarning, match=words) as caught:
        net.ensemble(1, 50)
        nef.Simulator(net, progress=False)
    assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.ensemble(50, 50)
        net.ensemble(1, 3, neuron_type=nef.Direct())
        net.ensemble(1, 3, encoders=np.ones((1, 3)))
        nef.networks.ensemble_array(net, 2, 1, ens_dimensions=3)  # chosen by the ready network


def test_pointers_and_parts_are_copied_and_pickled(net: nef.Network) -> None:
    """Advice on names and calls is in the way of neither."""
    v = animals()
    assert pickle.loads(pickle.dumps(v)) == v == copy.deepcopy(v)
    assert pickle.loads(pickle.dumps(v["DOG"])) == v["DOG"] == copy.copy(v["DOG"])
    state = nef.spa.state(net, v)
    for other in (copy.deepcopy(state), copy.copy(state)):
        assert other.vocabulary == v and other.input.size_in == 16
