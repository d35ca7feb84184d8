"""Lower a network to a program: each object becomes signals and operations on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from nefsim.lowering.built import Built
from nefsim.lowering.connections import lower_connection
from nefsim.lowering.context import Context
from nefsim.lowering.decode import Divide, Solving, decode
from nefsim.lowering.ensembles import lower_ensemble, step_neurons
from nefsim.lowering.learning import LearningRules
from nefsim.lowering.nodes import lower_node
from nefsim.lowering.outline import Outlining
from nefsim.lowering.probes import lower_probe
from nefsim.lowering.reach import warn_of_distant_constants
from nefsim.lowering.stability import warn_of_fast_rules
from nefsim.lowering.streams import streams_of
from nefsim.network import Connection, Network, Node, Probe
from nefsim.program import ProgramBuilder, Stream


class Count:
    """Reports how many objects are done; threads that add at the same time may miss one."""

    def __init__(self, total: int, report: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._report = 0, total, report

    def add(self, n: int) -> None:
        """Some more objects are done."""
        if self._report is not None:
            self._done += n
            self._report(self._done, self._total)

    def reach(self, done: int) -> None:
        """So many objects are done, at least: none has decoders that another one shares."""
        self._done = done
        self.add(0)


def build(
    network: Network,
    dt: float,
    seed: int,
    outline: bool = False,
    probes: tuple[Probe, ...] = (),
    inputs: Mapping[Node, Node] = MappingProxyType({}),
    divide: Divide | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Built:
    """Build a network: draw encoders and biases, solve for decoders, and order the operations.

    Parameters
    ----------
    network : Network
        The network to build.
    dt : float [s]
        The time step.
    seed : int
        Seed of all random numbers.
    outline : bool
        Whether to compute the shapes of arrays only; then nothing is drawn or solved.
    probes : tuple of Probe
        Probes of this run, in addition to those of the network.
    inputs : mapping of Node to Node
        Nodes to replace in this run, with the nodes that replace them.
    divide : callable, optional
        Divides the systems of decoders among several processes that build the same network.
    report : callable, optional
        ``report(done, total)`` is called with numbers of objects: ensembles that are drawn,
        ensembles whose decoders are solved, and connections.

    Returns
    -------
    Built

    Raises
    ------
    ValueError
        If a function is not finite at an evaluation point, a Gram matrix is singular, a rule
        has no error, or a loop of connections has no synapse.

    See Also
    --------
    nefsim.Simulator : Builds a network and runs it.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim.lowering import build
    >>> net = nef.Network()
    >>> a = net.ensemble(50, 2)
    >>> build(net, dt=0.001, seed=1).ensembles[a]
    BuiltEnsemble(encoders (50, 2), gain (50,), bias (50,), max_rates (50,), \
intercepts (50,), eval_points (1000, 2), radius 1)
    """
    builder, streams = ProgramBuilder(dt), streams_of(network, Stream(seed))
    all_probes = (*network.all_probes, *probes)
    context = Context(network, builder, streams, outline, all_probes, inputs)
    rules = LearningRules(context)
    ensembles, connections = network.all_ensembles, network.all_connections
    count = Count(2 * len(ensembles) + len(connections), report)
    for ensemble in ensembles:
        lower_ensemble(context, rules, ensemble)
        count.add(1)
    kind = Outlining if outline else Solving
    context.connections, context.probe_data = decode(
        network, all_probes, context.ensembles, streams, kind, dt, divide, count.add
    )
    count.reach(2 * len(ensembles))
    for node in network.all_nodes:
        lower_node(context, node)
    context.inputs |= rules.inputs()
    for connection in connections:
        lower_connection(context, rules, connection)
        count.add(1)
    rules.learn()
    if not outline:
        warn_of_fast_rules(context.connections, context.ensembles, dt)
        warn_of_distant_constants(network, inputs)
    for probe in all_probes:
        lower_probe(context, rules, probe)
    step_neurons(context)
    # Signals that may be probed, or set, after the build.
    things = (*context.inputs.items(), *context.outputs.items())
    shown = {signal for thing, signal in things if not isinstance(thing, Connection)}
    return Built(
        network,
        builder.finish(shown),
        seed,
        context.ensembles,
        {c: context.connections[c] for c in connections},
        context.probe_data,
        context.outputs,
        context.noise,
        all_probes,
        {thing: op.output for thing, op in rules.weighing.items()},
        context.shapes,
        inputs,
        {e: context.inputs[e] for e in context.observed if e not in context.bypassed},
    )
