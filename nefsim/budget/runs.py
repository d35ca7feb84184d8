"""The simulations of an error budget: of the network without neurons, and of each population."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.budget.paths import Path
from nefsim.lowering.arrays import BuiltEnsemble
from nefsim.network import Ensemble, Network, Node
from nefsim.network.direct import Twins
from nefsim.processes import PresentInput
from nefsim.simulator import Simulator
from nefsim.solvers import NoSolver

Array = NDArray[np.float64]


def ideal_inputs(
    net: Network,
    populations: list[Ensemble],
    inputs: Mapping[Node, Any],
    n_steps: int,
    dt: float,
    backend: str,
    seed: int,
) -> dict[Ensemble, Array]:
    """Run the network without neurons; return the input (T, D) of each population."""
    twins = Twins(net)
    twins.network._warns_of_radius = False  # a budget reports saturation itself
    replaced = {twins(node): output for node, output in inputs.items()}
    probes = [twins.network.probe(twins(e), "input", attach=False) for e in populations]
    simulator = Simulator(
        twins.network, dt, backend, probes=probes, inputs=replaced, build_seed=seed, progress=False
    )
    simulator.run_steps(n_steps)
    return {e: simulator.data[p] for e, p in zip(populations, probes, strict=True)}


def decoded_alone(
    paths: list[Path],
    arrays: Mapping[Ensemble, BuiltEnsemble],
    x: Mapping[Ensemble, Array],
    n_steps: int,
    dt: float,
    backend: str,
    seed: int,
) -> list[Array]:
    """Run each population separately with its input ``x``; return decoded, filtered values."""
    net = Network(seed=seed)
    net._warns_of_radius = False
    alone: dict[Ensemble, Ensemble] = {}
    for ensemble, values in x.items():
        built = arrays[ensemble]
        alone[ensemble] = net.ensemble(
            ensemble.n_neurons,
            ensemble.dimensions,
            radius=built.radius,
            encoders=built.encoders,
            normalize_encoders=False,
            gain=built.gain,
            bias=built.bias,
            eval_points=built.eval_points,
            neuron_type=ensemble.neuron_type,
            noise=ensemble.noise,
            initial_state=ensemble.initial_state,
        )
        net.connect(net.node(PresentInput(values, dt)), alone[ensemble], synapse=None)
    watching = []
    for path in paths:
        decoders = path.built.decoded_weights.T
        end = net.node(size_in=decoders.shape[1])
        net.connect(
            alone[path.ensemble],
            end,
            function=np.zeros((1, decoders.shape[1])),
            eval_points=np.zeros((1, path.ensemble.dimensions)),
            solver=NoSolver(decoders),
            synapse=path.synapse,
            delay=path.delay,
        )
        watching.append(net.probe(end))
    simulator = Simulator(net, dt, backend, progress=False)
    simulator.run_steps(n_steps)
    return [simulator.data[probe] for probe in watching]
