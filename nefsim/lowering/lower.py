"""Lower a network to a program: each object becomes signals and operations on them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nefsim.lowering.built import Built
from nefsim.lowering.connections import lower_connection
from nefsim.lowering.context import Context
from nefsim.lowering.decode import Solving, decode
from nefsim.lowering.ensembles import lower_ensemble, step_neurons
from nefsim.lowering.learning import Lessons
from nefsim.lowering.nodes import lower_node
from nefsim.lowering.outline import Outlining
from nefsim.lowering.probes import lower_probe
from nefsim.lowering.reach import warn_of_distant_constants
from nefsim.lowering.stability import warn_of_fast_rules
from nefsim.lowering.streams import streams_of
from nefsim.network import Network, Node, Probe
from nefsim.program import ProgramBuilder, Stream


def build(
    network: Network,
    dt: float,
    seed: int,
    outline: bool = False,
    probes: tuple[Probe, ...] = (),
    inputs: Mapping[Node, Node] = MappingProxyType({}),
) -> Built:
    """Draw and solve a network's arrays and put its operations in order.

    In an outline nothing is drawn or solved: arrays have their shapes and no numbers.
    ``probes`` come after those of the network; ``inputs`` are nodes that give their output in
    the place of others.
    """
    builder, streams = ProgramBuilder(dt), streams_of(network, Stream(seed))
    all_probes = (*network.all_probes, *probes)
    context = Context(network, builder, streams, outline, all_probes, inputs)
    lessons = Lessons(context)
    for ensemble in network.all_ensembles:
        lower_ensemble(context, lessons, ensemble)
    context.connections, context.probe_data = decode(
        network, all_probes, context.ensembles, streams, Outlining if outline else Solving, dt
    )
    for node in network.all_nodes:
        lower_node(context, node)
    context.inputs |= lessons.inputs()
    for connection in network.all_connections:
        lower_connection(context, lessons, connection)
    lessons.learn()
    if not outline:
        warn_of_fast_rules(context.connections, context.ensembles, dt)
        warn_of_distant_constants(network, inputs)
    for probe in all_probes:
        lower_probe(context, lessons, probe)
    step_neurons(context)
    return Built(
        network,
        builder.finish(),
        seed,
        context.ensembles,
        {c: context.connections[c] for c in network.all_connections},
        context.probe_data,
        context.outputs,
        context.noise,
        all_probes,
        {thing: op.output for thing, op in lessons.weighing.items()},
        context.shapes,
        inputs,
        {e: context.inputs[e] for e in context.observed if e not in context.bypassed},
    )
