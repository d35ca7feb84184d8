"""A network that runs piece by piece, with inputs that can be set in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.network import Ensemble, Network, Node, Probe
from nefsim.neurons import Direct
from nefsim.progress import no_bar
from nefsim.records import Events
from nefsim.simulator import Simulator

Array = NDArray[np.float64]

#: Most columns of a record and most neurons that are told: more cannot be told apart.
MOST_LINES, MOST_NEURONS = 6, 100

#: Most ensembles that are shown unasked.
MOST_ENSEMBLES = 6

#: Decoded values are filtered with this [s] and told once in so many seconds.
SYNAPSE, EVERY = 0.02, 0.005


@dataclass(frozen=True, eq=False)
class Piece:
    """What a probe recorded in a piece of a run.

    Attributes
    ----------
    label : str
        Of what.
    every : float [s]
        Time between records.
    times : (n,) ndarray [s]
        Times of the rows, or of the spikes.
    rows : (n, k) ndarray or None
        Values; None for spikes.
    neurons : (n,) ndarray of int or None
        Who fired; None for values.
    """

    label: str
    every: float
    times: Array
    rows: Array | None = None
    neurons: NDArray[Any] | None = None


class Live:
    """A network that runs piece by piece, is watched, and whose constant nodes can be turned.

    It gives the spikes that :class:`~nefsim.Simulator` gives as long as no input is set.

    Parameters
    ----------
    net : Network
        The model; it is left as it was.
    dt : float [s]
        The time step.
    backend : str
        As for :class:`~nefsim.Simulator`.
    show : sequence of str or None
        Labels of ensembles to watch; None watches the network's own probes or, where it has
        none, its first six ensembles.

    Attributes
    ----------
    simulator : Simulator
        What takes the steps.
    inputs : dict of Node to (k,) ndarray
        Values of the nodes that were constant; write to an array to turn it.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim.view import Live
    >>> net = nef.Network(seed=1)
    >>> knob = net.node(0.5)
    >>> a = net.ensemble(50, 1, label="a")
    >>> c = net.connect(knob, a)
    >>> live = Live(net)
    >>> values, spikes = live.advance(0.1)
    >>> values.label, values.rows.shape, spikes.times.size > 0
    ('a', (20, 1), True)
    >>> live.inputs[knob][:] = -0.5
    """

    def __init__(
        self,
        net: Network,
        dt: float = 0.001,
        backend: str = "auto",
        show: Sequence[str] | None = None,
    ) -> None:
        check.instance("Live", "net", net, Network, "a network", "pass a Network")
        dt = check.seconds("Live", "dt", dt)
        ensembles = _shown(net, show)
        constant = [n for n in net.all_nodes if isinstance(n.output, np.ndarray)]
        self.inputs = {node: np.array(node.output) for node in constant}
        with _turnable(self.inputs), _watched(net, ensembles, dt) as (own, ours):
            self.simulator = Simulator(net, dt, backend, progress=no_bar)
        self._told = {probe: probe.label for probe in own if show is None} | ours

    def advance(self, seconds: float) -> list[Piece]:
        """Run on and tell what was recorded meanwhile, which is then forgotten.

        Parameters
        ----------
        seconds : float [s]
            How much longer to run.

        Returns
        -------
        list of Piece
            One for each probe.
        """
        self.simulator.clear_probes()
        self.simulator.run(seconds)
        return [self._piece(probe, label) for probe, label in self._told.items()]

    def reset(self) -> None:
        """Go back to the start; inputs stay as they were set."""
        self.simulator.reset()

    def _piece(self, probe: Probe, label: str) -> Piece:
        recorded, every = self.simulator.data.kept(probe), probe.sample_every or self.simulator.dt
        if isinstance(recorded, Events):
            few = recorded.neurons < MOST_NEURONS
            return Piece(label, every, recorded.times[few], neurons=recorded.neurons[few])
        return Piece(label, every, self.simulator.trange(probe), rows=recorded[:, :MOST_LINES])


def _shown(net: Network, show: Sequence[str] | None) -> list[Ensemble]:
    """The ensembles to watch."""
    if show is None:
        return [] if net.all_probes else net.all_ensembles[:MOST_ENSEMBLES]
    by_label = {ensemble.label: ensemble for ensemble in net.all_ensembles}
    known = ", ".join(by_label) or "none"
    for label in show:
        if label not in by_label:
            do = f"name some of {known}"
            check.fail("Live", "show", "name ensembles", check.show(label), do)
    return [by_label[label] for label in show]


def _turned(values: Array) -> Callable[[float], Array]:
    """A node's function that gives what an array holds when it is called."""
    return lambda t: values


@contextmanager
def _turnable(inputs: dict[Node, Array]) -> Iterator[None]:
    """For the while, nodes give what is in their arrays and not a constant."""
    outputs = {node: node.output for node in inputs}
    try:
        for node, values in inputs.items():
            object.__setattr__(node, "output", _turned(values))
        yield
    finally:
        for node, output in outputs.items():
            object.__setattr__(node, "output", output)


@contextmanager
def _watched(
    net: Network, ensembles: Sequence[Ensemble], dt: float
) -> Iterator[tuple[list[Probe], dict[Probe, str]]]:
    """The network's own probes and, for the while, ones of the ensembles, with labels."""
    own, n_own = net.all_probes, len(net.probes)
    ours: dict[Probe, str] = {}
    try:
        for ensemble in ensembles:
            every = max(EVERY, dt)
            ours[net.probe(ensemble, synapse=SYNAPSE, sample_every=every)] = ensemble.label
            if ensemble.neuron_type.spiking and not isinstance(ensemble.neuron_type, Direct):
                ours[net.probe(ensemble.neurons)] = ensemble.label
        yield own, ours
    finally:
        del net.probes[n_own:]
