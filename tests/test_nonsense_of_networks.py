"""Every argument of every ready network, replaced by rubbish, is refused in the house sentence."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from test_nonsense import FLAG, LABEL, NONE, NOTHING, NUMBER, POSITIVE, RUBBISH, SEED, SENTENCE

import nefsim as nef
from nefsim import networks

#: What stands for a synapse in the place of seconds, and what may be left out.
SECONDS = POSITIVE
COMMON = {"net": NOTHING, "label": LABEL, "seed": SEED}
N = {"n_neurons": NOTHING}

#: Valid arguments besides the network, and the rubbish that each argument takes all the same.
TABLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ensemble_array": (
        {"n_neurons": 10, "n_ensembles": 2},
        N | {"n_ensembles": NOTHING, "ens_dimensions": NOTHING, "equal": FLAG},
    ),
    "product": (
        {"n_neurons": 10, "dimensions": 2},
        N | {"dimensions": NOTHING, "input_magnitude": POSITIVE, "equal": FLAG},
    ),
    "dot_product": (
        {"n_neurons": 10, "dimensions": 2},
        N | {"dimensions": NOTHING, "input_magnitude": POSITIVE},
    ),
    "matrix_product": (
        {"n_neurons": 10, "shape_a": (1, 2), "shape_b": (2, 1)},
        N | {"shape_a": NOTHING, "shape_b": NOTHING, "input_magnitude": POSITIVE},
    ),
    "circular_convolution": (
        {"n_neurons": 10, "dimensions": 2},
        N
        | {"dimensions": NOTHING, "input_magnitude": POSITIVE}
        | {"invert_a": FLAG, "invert_b": FLAG},
    ),
    "input_gated_memory": (
        {"n_neurons": 10, "dimensions": 2},
        N
        | {"dimensions": NOTHING, "feedback": NUMBER, "difference_gain": NUMBER}
        | {"recurrent_synapse": SECONDS, "difference_synapse": SECONDS | NONE},
    ),
    "associative_memory": (
        {"input_vectors": np.eye(2)},
        N
        | {"input_vectors": NOTHING, "output_vectors": NONE, "threshold": NUMBER}
        | {"input_scales": NUMBER, "winner_take_all": FLAG, "clean": FLAG, "default": NONE}
        | {"equal": FLAG},
    ),
    "thresholding": (
        {"n_neurons": 10, "n_ensembles": 2, "threshold": 0.3},
        N
        | {"n_ensembles": NOTHING, "threshold": NOTHING}
        | {"intercept_width": POSITIVE, "radius": POSITIVE},
    ),
    "winner_take_all": (
        {"n_neurons": 10, "dimensions": 2},
        N
        | {"dimensions": NOTHING, "timescale": SECONDS, "threshold": NOTHING}
        | {"inhibition": POSITIVE, "tau": SECONDS},
    ),
    "basal_ganglia": (
        {"dimensions": 2, "n_neurons": 10},
        N
        | {"dimensions": NOTHING, "output_weight": NUMBER, "input_bias": NUMBER}
        | {"ampa": SECONDS | NONE, "gaba": SECONDS | NONE},
    ),
    "thalamus": (
        {"dimensions": 2, "n_neurons": 10},
        N | {"dimensions": NOTHING, "mutual_inhib": NUMBER, "threshold": {"-1"}},
    ),
    "system": (
        {"n_neurons": 10, "A": [[-1.0]], "B": [[1.0]]},
        N
        | {"A": NOTHING, "B": NOTHING, "synapse": SECONDS, "radii": POSITIVE, "array": FLAG}
        | {"sample": NONE, "dt": SECONDS, "method": NOTHING, "lag": NOTHING, "solver": NOTHING},
    ),
    "integrator": (
        {"n_neurons": 10},
        N
        | {"dimensions": NOTHING, "tau": SECONDS, "radius": POSITIVE, "array": FLAG}
        | {"dt": SECONDS, "solver": NOTHING},
    ),
    "controlled_integrator": (
        {"n_neurons": 10},
        N | {"dimensions": NOTHING, "tau": SECONDS, "radius": POSITIVE, "solver": NOTHING},
    ),
    "attractor": (
        {"n_neurons": 10, "dimensions": 2, "function": np.negative},
        N
        | {"dimensions": NOTHING, "function": NOTHING, "tau": SECONDS, "radii": POSITIVE}
        | {"centre": NUMBER, "dt": SECONDS, "method": NOTHING, "solver": NOTHING},
    ),
    "oscillator": (
        {"n_neurons": 10, "frequency": 1.0},
        N
        | {"frequency": NUMBER, "tau": SECONDS, "radius": POSITIVE, "growth": POSITIVE | NONE}
        | {"dt": SECONDS, "solver": NOTHING},
    ),
    "controlled_oscillator": (
        {"n_neurons": 10, "max_frequency": 1.0},
        N
        | {"max_frequency": POSITIVE, "tau": SECONDS, "radius": POSITIVE}
        | {"growth": POSITIVE | NONE, "dt": SECONDS, "solver": NOTHING},
    ),
    "lorenz": (
        {"n_neurons": 10},
        N
        | {"sigma": POSITIVE, "rho": POSITIVE, "beta": POSITIVE, "tau": SECONDS}
        | {"dt": SECONDS, "solver": NOTHING},
    ),
    "delay": (
        {"n_neurons": 10, "theta": 0.1, "order": 2},
        N
        | {"theta": SECONDS, "order": NOTHING, "synapse": SECONDS}
        | {"radii": POSITIVE, "sample": NONE | {"seven"}}
        | {"dt": SECONDS, "lag": NONE, "solver": NOTHING},
    ),
    "decision": (
        {"n_neurons": 10},
        N | {"noise": POSITIVE, "bound": POSITIVE, "tau": SECONDS},
    ),
    "adaptive_control": (
        {"n_neurons": 10, "dimensions": 2},
        N
        | {"dimensions": NOTHING, "size_out": NOTHING}
        | {"learning_rate": POSITIVE, "radii": POSITIVE},
    ),
    "reservoir": (
        {"n_neurons": 20, "dimensions": 1, "density": 0.5},
        N
        | {"dimensions": NOTHING, "spectral_radius": POSITIVE, "density": NOTHING}
        | {"rate": POSITIVE, "synapse": SECONDS | NONE, "seed": NOTHING},
    ),
}

METHODS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "EnsembleArray.add_output": (
        lambda net: networks.ensemble_array(net, 10, 2).add_output,
        {"name": "square", "function": np.square},
        {"name": {"text", "lines"}, "function": NONE, "synapse": SECONDS | NONE},
    ),
    "Delay.at": (
        lambda net: networks.delay(net, 10, 0.1, 2).at,
        {"seconds": 0.05},
        {"seconds": NOTHING, "label": LABEL},
    ),
    "Reservoir.add_output": (
        lambda net: networks.reservoir(net, 20, 1, density=0.5).add_output,
        {"decoders": np.zeros((20, 1))},
        {"decoders": NOTHING, "synapse": SECONDS | NONE, "label": LABEL},
    ),
}

CASES = [(name, argument) for name, (_, accepts) in TABLE.items() for argument in COMMON | accepts]


def contents(net: nef.Network) -> list[Any]:
    """All that a network has."""
    return [*net.everything(), *net.all_nodes, *net.all_ensembles, *net.all_connections]


def refusals(call: Any, valid: dict[str, Any], argument: str, accepts: Any) -> list[str]:
    """What was accepted that must not be, or refused that must not be, or in other words."""
    wrong = []
    for name, rubbish in RUBBISH.items():
        net = nef.Network(seed=1)
        function = call(net)
        before = contents(net)
        try:
            function(**valid | {argument: rubbish})
        except Exception as error:
            told = type(error) in (ValueError, TypeError) and SENTENCE.fullmatch(str(error))
            if name in accepts or not told:
                wrong.append(f"{name}: {error!r}")
            if before != contents(net):
                wrong.append(f"{name}: left something behind")
        else:
            if name not in accepts:
                wrong.append(f"{name}: accepted")
    return wrong


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_rubbish_is_refused_and_leaves_nothing_behind(name: str, argument: str) -> None:
    valid, accepts = TABLE[name]
    function = getattr(networks, name)
    if argument == "net":

        def call(net: nef.Network) -> Any:
            return function

        valid = {"net": None} | valid
    else:

        def call(net: nef.Network) -> Any:
            return lambda **given: function(net, **given)

    assert refusals(call, valid, argument, (COMMON | accepts)[argument]) == []


@pytest.mark.parametrize("name", METHODS)
def test_rubbish_is_refused_by_methods(name: str) -> None:
    make, valid, accepts = METHODS[name]
    for argument, taken in accepts.items():
        assert refusals(make, valid, argument, taken) == [], argument


def test_every_argument_of_every_ready_network_is_in_the_table() -> None:
    functions = {n: f for n in networks.__all__ if inspect.isfunction(f := getattr(networks, n))}
    assert functions.keys() == TABLE.keys()
    for name, function in functions.items():
        named = {*inspect.signature(function).parameters} - {"options"}
        assert named == {*COMMON, *TABLE[name][1]}, name
