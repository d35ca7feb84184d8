"""Advice for names from Nengo and for misspelt names: the names to use in nefsim."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from inspect import isabstract
from typing import Any

#: Keywords of other programs, and arguments of nefsim with that meaning; the first match is used.
KEYWORDS: dict[str, tuple[str, ...]] = {
    "learning_rule_type": ("learning_rule",),
    "dimension": ("dimensions", "size_in"),
    "dimensions": ("size_in",),
    "dims": ("dimensions",),
    "n": ("n_neurons", "n_steps"),
    "neurons": ("n_neurons",),
    "neuron": ("neuron_type",),
    "progress_bar": ("progress",),
    "network": ("net",),
    "model": ("net",),
    "time_in_seconds": ("seconds",),
    "time": ("seconds",),
    "duration": ("seconds",),
    "steps": ("n_steps",),
    "filter": ("synapse",),
    "pstc": ("synapse",),
    "tau": ("synapse",),
    "weights": ("transform",),
    "source": ("pre",),
    "obj": ("target",),
    "function": ("output",),
    "name": ("label",),
    "samples": ("values",),
    "rng": ("seed",),
    "lr": ("learning_rate",),
    "beta": ("decay",),
    "reset_mechanism": ("reset",),
    "spike_grad": ("surrogate",),
}

#: Advice on keywords of snnTorch, for layers of :mod:`nefsim.train`.
OF_SNNTORCH = {
    "beta": "write train.LIF(tau) with tau = 1 / (1 - beta), or train.IF() for beta = 1",
    "learn_beta": "write train.PLIF(tau), which learns tau",
    "learn_threshold": "leave it out, as thresholds are fixed, except those of train.SNU",
    "init_hidden": "leave it out, as y, state = layer(x, state) takes and returns the state",
    "output": "leave it out, as y, state = layer(x, state) takes and returns the state",
    "reset_delay": "leave it out, as the reset acts in the step of the spike",
    "inhibition": "leave it out, and connect exported neurons to inhibit each other",
    "all_to_all": "write train.SNU(n_in, n_out, recurrent=True)",
}

#: Advice on keywords that have no counterpart, by function and keyword.
ELSEWHERE: dict[tuple[str, str], str] = {
    ("Simulator", "optimize"): "leave it out, as nefsim orders every network",
    ("Network", "add_to_container"): "leave it out; net.subnetwork() makes a network within net",
    ("Network.connect", "modulatory"): "connect errors to connection.learning_rule",
    ("Network.ensemble", "synapse"): "pass it to net.connect or net.probe",
    ("Network.node", "synapse"): "pass it to net.connect or net.probe",
    ("Network.probe", "seed"): "leave it out, as a probe draws nothing",
    ("Simulator.run", "progress_bar"): "pass progress to Simulator",
    ("Simulator.run_steps", "progress_bar"): "pass progress to Simulator",
    ("Simulator.trange", "dt"): "pass the probe of the records: sim.trange(probe)",
    ("Simulator.trange", "sample_every"): "pass the probe of the records: sim.trange(probe)",
    ("Simulator.load", "dt"): "leave it out, as the file has it",
    ("Simulator.load", "seed"): "leave it out, as the file has it",
    ("Simulator.load", "build_seed"): "leave it out, as the file has it",
    ("Simulator.load", "batch_size"): "leave it out, as the file has it",
    ("Simulator.load", "dtype"): "leave it out, as the file has it",
    ("", "initial_state"): "pass it to net.ensemble",
}

_CURVES = (
    "write b = sim.data[ensemble] and {}(ensemble.neuron_type, x, b.encoders, b.gain, b.bias, "
    "b.radius)"
)

#: Correct calls of functions that are often called in another way.
CALLS = {
    "Simulator.load": "write sim = nefsim.Simulator.load(path, net)",
    "measure_tuning_curves": _CURVES.format("measure_tuning_curves"),
    "tuning_curves": _CURVES.format("tuning_curves"),
}

#: Advice on objects of Nengo without a counterpart, by the name of their class.
OF_NENGO = {
    "Network": (
        "write nefsim.nengo.Simulator(model) to run it, or nefsim.nengo.from_nengo(model) to "
        "convert it to a network of nefsim"
    ),
    "Ensemble": "make one with net.ensemble(n_neurons, dimensions)",
    "Neurons": "make an ensemble with net.ensemble(n_neurons, dimensions)",
    "Node": "make one with net.node(output)",
    "Connection": "make one with net.connect(pre, post)",
    "Probe": "make one with net.probe(target)",
    "ObjView": "make its object with net.ensemble or net.node",
    "LearningRule": "connect to connection.learning_rule of net.connect",
    "Simulator": "make one with nefsim.Simulator(net)",
    "Dense": "pass the matrix",
    "Sparse": "pass a sparse array of SciPy",
    "NoTransform": "leave it out",
}

_ARRAY = "write nefsim.networks.ensemble_array(net, n_neurons, n_ensembles)"

#: Advice on names that the package does not have.
OF_PACKAGE = {
    "dists": "distributions are here: nefsim.Uniform(-1, 1), nefsim.Gaussian, nefsim.Choice",
    "learning_rules": "rules are here: nefsim.PES(), nefsim.Voja, nefsim.BCM",
    "transforms": "pass a matrix or a sparse array of SciPy: net.connect(a, b, transform=matrix)",
    "Dense": "pass the matrix: net.connect(a, b, transform=matrix)",
    "Sparse": "pass a sparse array of SciPy: net.connect(a, b, transform=matrix)",
    "Convolution": "pass a sparse array of SciPy: net.connect(a, b, transform=matrix)",
    "utils": "see nefsim.tuning_curves, nefsim.analysis and nefsim.plot",
    "config": "pass arguments to each: net.ensemble(50, 1, neuron_type=nefsim.LIFRate())",
    "Config": "pass arguments to each: net.ensemble(50, 1, neuron_type=nefsim.LIFRate())",
    "rc": "pass arguments to each: nefsim.Simulator(net, dtype='float32')",
    "presets": "pass arguments to each: net.ensemble(50, 1, neuron_type=nefsim.LIFRate())",
    "builder": "see nefsim.lowering and nefsim.program",
    "EnsembleArray": _ARRAY,
    "Model": "write nefsim.Network()",
    "Default": "leave the argument out",
}

#: Advice on names that the room ``nefsim.train`` does not have.
OF_TRAIN = {
    "Leaky": "write train.LIF(tau), where tau = 1 / (1 - beta)",
    "Lapicque": "write train.LIF(tau)",
    "RLeaky": "write train.SNU(n_in, n_out, recurrent=True)",
    "Synaptic": "there are no neurons with synaptic currents; write train.LIF(tau)",
    "Alpha": "there are no neurons with synaptic currents; write train.LIF(tau)",
    "LeakyParallel": "write train.LIF(tau), whose run(x_seq) takes all steps",
    "Sequential": "write train.Layers(module, ...)",
    "surrogate": "write surrogate='arctan', or train.arctan(alpha)",
    "atan": "write train.arctan(alpha)",
    "spikegen": "encoders are here: train.poisson, train.latency, train.jittered",
    "rate": "write train.poisson(images, n_steps)",
    "functional": "losses are here: train.rate_loss, train.count_loss",
    "SF": "losses are here: train.rate_loss, train.count_loss",
    "ce_count_loss": "write train.count_loss",
    "ce_rate_loss": "write train.count_loss",
    "mse_count_loss": "write train.rate_loss",
    "accuracy_rate": "write train.accuracy(module, batches)",
    "export_to_nir": "write nefsim.nir.to_nir(net), where net has a probe",
}

_BY_ROUTE = "write nefsim.spa.route(net, 'answer = scene * ~asked', {'answer': state, ...})"
_BY_RULES = "write nefsim.spa.action_selection(net, ['dot(a, A) -> b = B'], {'a': a, 'b': b})"
_CLEANUP = "write nefsim.spa.cleanup(net, vocabulary, items"

#: Advice on names that the room ``nefsim.spa`` does not have.
OF_SPA = {
    "Bind": "write nefsim.spa.bind(net, vocabulary)",
    "Compare": "write nefsim.spa.compare(net, vocabulary)",
    "Transcode": "write nefsim.spa.stimulus(net, vocabulary, 'A')",
    "Input": "write nefsim.spa.stimulus(net, vocabulary, 'A')",
    "Buffer": "write nefsim.spa.state(net, vocabulary)",
    "Memory": "write nefsim.spa.state(net, vocabulary, feedback=1.0)",
    "WTAAssocMem": f"{_CLEANUP}, winner_take_all=True)",
    "IAAssocMem": f"{_CLEANUP}, accumulate=True)",
    "ThresholdingAssocMem": f"{_CLEANUP})",
    "AssociativeMemory": f"{_CLEANUP})",
    "SemanticPointer": "write nefsim.spa.Pointer(vector), or vocabulary['A']",
    "Superposition": _BY_ROUTE,
    "Cortical": _BY_ROUTE,
    "Actions": _BY_RULES,
    "BasalGanglia": _BY_RULES,
    "Thalamus": _BY_RULES,
    "ifmax": _BY_RULES,
    "sym": "write names of the vocabulary in texts, such as vocabulary.parse('A * ~B')",
    "PointerSymbol": "write names of the vocabulary in texts, such as vocabulary.parse('A * ~B')",
    "dot": "write dot(a, A) in the text of a rule, or pointer @ other",
    "translate": "write translate(a) in the text of a rule, or vocabulary.translation(other)",
    "reinterpret": "write vocabulary.translation(other)",
    "similarity": "write vocabulary.similarities(vectors)",
    "text": "write vocabulary.nearest(vectors)",
    "Network": "write nefsim.Network()",
    "Scalar": "write net.ensemble(n_neurons, 1)",
    "VocabularyMap": "pass a vocabulary to each: nefsim.spa.state(net, vocabulary)",
}

#: Advice on names that a vocabulary does not have.
OF_VOCABULARY = {
    "keys": "write vocabulary.names",
    "values": "write vocabulary.vectors",
    "items": "write [(name, vocabulary[name]) for name in vocabulary]",
    "dot": "write vocabulary.similarities(vectors)",
    "text": "write vocabulary.nearest(vectors)",
    "transform_to": "write vocabulary.translation(other)",
    "create_subset": "write vocabulary.subset(names)",
    "create_pointer": "write vocabulary.add(name)",
    "identity": "write vocabulary['Identity']",
    "zero": "write vocabulary['Zero']",
}

#: Advice on names that a pointer does not have.
OF_POINTER = {
    "v": "write pointer.vector",
    "dot": "write pointer @ other",
    "compare": "write pointer.similarity(other)",
    "normalized": "write pointer.unit()",
    "normalize": "write pointer.unit()",
    "bind": "write pointer * other",
    "convolve": "write pointer * other",
    "linv": "write ~pointer",
    "rinv": "write ~pointer",
    "inverse": "write ~pointer",
    "translate": "write matrix @ pointer.vector, where matrix = vocabulary.translation(other)",
    "shape": "write pointer.vector.shape",
}

#: Advice on names that a network does not have.
OF_NETWORK = {
    "Ensemble": "write net.ensemble(n_neurons, dimensions)",
    "Node": "write net.node(output)",
    "Connection": "write net.connect(pre, post)",
    "Probe": "write net.probe(target)",
    "Network": "write net.subnetwork()",
    "add_ensemble": "write net.ensemble(n_neurons, dimensions)",
    "add_node": "write net.node(output)",
    "add_connection": "write net.connect(pre, post)",
    "add_probe": "write net.probe(target)",
    "make": "write net.ensemble(n_neurons, dimensions)",
    "add": "write net.ensemble(...), net.node(...), net.connect(...) or net.probe(...)",
    "connection": "write net.connect(pre, post)",
    "network": "write net.subnetwork()",
    "config": "pass arguments to each: net.ensemble(50, 1, neuron_type=nefsim.LIFRate())",
    "run": "write sim = nefsim.Simulator(net) and sim.run(seconds)",
    "all_objects": "see net.all_nodes, all_ensembles, all_connections and all_probes",
    "all_networks": "see net.everything()",
    "objects": "see net.nodes, net.ensembles, net.connections and net.probes",
    "copy": "write copy.deepcopy(net)",
    "describe": "write nefsim.describe(net)",
    "load": "write nefsim.load_network(path)",
}

#: Advice on names that a simulator does not have.
OF_SIMULATOR = {
    "t": "write sim.time",
    "times": "write sim.time",
    "net": "write sim.network",
    "model": "write sim.network",
    "results": "write sim.result()",
    "spikes": "see sim.data.events(probe)",
    "weights": "see sim.data[connection].weights",
    "probe": "write net.probe(target) before the simulator is made",
    "rng": "pass seed to Simulator",
    "signals": "see sim.data[ensemble], sim.data[connection] and sim.inputs[node]",
}

#: Advice on names that a node, ensemble, connection or probe does not have.
OF_THINGS = {
    "weights": "see sim.data[connection].weights",
    "decoders": "see sim.data[connection].decoders",
    "learning_rule_type": "write connection.learning_rule",
    "data": "see sim.data[probe]",
    "spikes": "write net.probe(ensemble.neurons)",
    "voltage": "write net.probe(ensemble.neurons, 'voltage')",
    "value": "write net.probe(node) and see sim.data[probe]",
}


def is_of_nengo(value: object) -> bool:
    """Whether an object or class comes from Nengo, or derives from one of Nengo."""
    kind = value if isinstance(value, type) else type(value)
    return any(_is_in_nengo(base) for base in kind.__mro__)


def instead_of_nengos(value: object) -> str | None:
    """Advice on the replacement of an object or class of Nengo; None for other objects."""
    kind = value if isinstance(value, type) else type(value)
    names = [base.__name__ for base in kind.__mro__ if _is_in_nengo(base)]
    package = sys.modules.get("nefsim")
    public_names = getattr(package, "__all__", ())
    for name in names:
        if name in OF_NENGO:
            return OF_NENGO[name]
        if name in public_names and not isabstract(getattr(package, name)):
            return f"pass nefsim.{name}(...)"
    if not names:
        return None
    return "nefsim has none; nefsim.nengo.Simulator(model) runs a Nengo model without changes"


def _is_in_nengo(kind: type) -> bool:
    return str(kind.__module__).split(".")[0].startswith("nengo")


def keyword(who: str, name: str, arguments: Iterable[str]) -> str:
    """Advice on a keyword that is none of the arguments."""
    names = [*arguments]
    if "surrogate" in names and name in OF_SNNTORCH and not ("decay" in names and name == "beta"):
        return OF_SNNTORCH[name]
    for key in ((who, name), ("", name)):
        if key in ELSEWHERE:
            return ELSEWHERE[key]
    matches = [argument for argument in KEYWORDS.get(name, ()) if argument in names]
    matches = matches or nearest(name, names)
    if matches:
        return f"write {matches[0]}="
    return f"pass some of {', '.join(names)}" if names else "leave it out"


def nearest(name: str, names: Iterable[str], similarity: float = 0.6) -> list[str]:
    """The most similar of ``names``, as a list; empty if none is similar."""
    from difflib import get_close_matches

    return get_close_matches(name, [*names], 1, similarity)


def attribute(who: str, name: str, table: dict[str, str], names: Iterable[Any]) -> str:
    """Message about a missing attribute, with advice from ``table`` or the nearest name."""
    if name.startswith("_"):  # Python looks these up often
        return f"{who} has no {name}."
    do = table.get(name)
    if do is None:
        close = nearest(name, (k for k in names if not k.startswith("_")), 0.7)
        do = f"did you mean {close[0]}?" if close else ""
    return f"{who} has no {name}" + (f"; {do}" if do else "") + ("" if do.endswith("?") else ".")
