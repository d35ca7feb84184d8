"""A network that runs piece by piece, with inputs that can be set in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.network import Ensemble, Network, Neurons, Probe
from nefsim.network.objects import indices, whole
from nefsim.neurons import Direct
from nefsim.plot._names import quantity, title
from nefsim.plot._order import by_preferred_value, evenly
from nefsim.progress import no_bar
from nefsim.records import Events
from nefsim.simulator import Simulator

Array = NDArray[np.float64]

#: Most columns of a record and most neurons that are shown: more cannot be told apart.
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
        Who fired, as a row of the raster from the bottom; None for values.
    shown, total : int
        How many columns or neurons are here, and of how many.
    reach : float or None
        How far the values are meant to reach to both sides of 0, where that is known.
    what : str
        What is recorded, such as "value" or "voltage".
    """

    label: str
    every: float
    times: Array
    rows: Array | None = None
    neurons: NDArray[Any] | None = None
    shown: int = 0
    total: int = 0
    reach: float | None = None
    what: str = "value"


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
    n_hidden : int
        How many ensembles are not watched because there are too many.

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
        own, ours = net.all_probes, _watched(net, ensembles, dt)
        self.simulator = Simulator(
            net,
            dt,
            backend,
            progress=no_bar,
            probes=[*ours],
            inputs={node: _turned(values) for node, values in self.inputs.items()},
        )
        self._shown = {probe: title(probe) for probe in own if show is None} | ours
        unasked = show is None and not own
        self.n_hidden = len(net.all_ensembles) - len(ensembles) if unasked else 0
        self._chosen: dict[Probe, NDArray[np.intp]] = {}

    def advance(self, seconds: float) -> list[Piece]:
        """Run on and return what was recorded meanwhile, which is then forgotten.

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
        return [self._piece(probe, label) for probe, label in self._shown.items()]

    def reset(self) -> None:
        """Go back to the start; inputs stay as they were set."""
        self.simulator.reset()

    def _piece(self, probe: Probe, label: str) -> Piece:
        recorded, every = self.simulator.data.kept(probe), probe.sample_every or self.simulator.dt
        total = recorded.shape[-1]
        if isinstance(recorded, Events):
            if probe not in self._chosen:
                self._chosen[probe] = _chosen(self.simulator, probe, total)
            chosen = self._chosen[probe]
            row = np.full(total, -1)
            row[chosen] = np.arange(len(chosen))
            rows = row[recorded.neurons]
            times, seen = recorded.times[rows >= 0], rows[rows >= 0]
            return Piece(label, every, times, None, seen, len(chosen), total, what="spikes")
        few = recorded[:, :MOST_LINES]
        reach = probe.target.radius if isinstance(probe.target, Ensemble) else None
        times, what = self.simulator.trange(probe), quantity(probe)
        return Piece(label, every, times, few, None, few.shape[1], total, reach, what)


def _chosen(simulator: Simulator, probe: Probe, n: int) -> NDArray[np.intp]:
    """Numbers of the neurons to show, from the bottom: evenly from those by preferred value."""
    order, neurons = np.arange(n), whole(probe.target)  # type: ignore[arg-type]
    if isinstance(neurons, Neurons):
        built, part = simulator.data[neurons.ensemble], indices(probe.target)  # type: ignore[arg-type]
        mine = order if part is None else list(part)
        order = by_preferred_value(built.encoders[mine], built.intercepts[mine])
    return evenly(order, MOST_NEURONS)


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


def _watched(net: Network, ensembles: Sequence[Ensemble], dt: float) -> dict[Probe, str]:
    """Probes of ensembles, which the network does not keep, with labels."""
    made: dict[Probe, str] = {}
    every = max(EVERY, dt)
    for ensemble in ensembles:
        decoded = net.probe(ensemble, synapse=SYNAPSE, sample_every=every, attach=False)
        made[decoded] = ensemble.label
        if ensemble.neuron_type.spiking and not isinstance(ensemble.neuron_type, Direct):
            made[net.probe(ensemble.neurons, attach=False)] = ensemble.label
    return made
