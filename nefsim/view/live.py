"""Run a network in short pieces, between which its inputs can be changed."""

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

#: Most columns of a record and most neurons in a plot; more lines or rows could not be
#: distinguished.
MOST_LINES, MOST_NEURONS = 6, 100

#: Most ensembles that are shown by default.
MOST_ENSEMBLES = 6

#: Time constant of the filter of decoded values, and the interval between them [s].
SYNAPSE, EVERY = 0.02, 0.005


@dataclass(frozen=True, eq=False)
class Piece:
    """The records of a probe in one of the short runs.

    Attributes
    ----------
    label : str
        Label of the probe or ensemble.
    every : float [s]
        Time between records.
    times : (n,) ndarray [s]
        Times of the rows, or of the spikes.
    rows : (n, k) ndarray or None
        Recorded values; None for spikes.
    neurons : (n,) ndarray of int or None
        Row of each spike in the raster, from the bottom; None for values.
    shown, total : int
        Number of columns or neurons in the plot, and in the network.
    reach : float or None
        Expected largest absolute value, if known: the radius of an ensemble.
    what : str
        The recorded quantity, such as "value" or "voltage".

    See Also
    --------
    Live.advance : The method that returns them.
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
    """Runs a network in short pieces, between which the values of constant nodes can be changed.

    Spikes equal those of :class:`~nefsim.Simulator` as long as no input is changed.

    Parameters
    ----------
    net : Network
        The network to run; it is not changed.
    dt : float [s]
        The time step.
    backend : str
        As for :class:`~nefsim.Simulator`.
    show : sequence of str or None
        Labels of ensembles to record; None records the probes of the network or, if it has
        none, its first six ensembles.

    Attributes
    ----------
    simulator : Simulator
        The simulator that runs.
    inputs : dict of Node to (k,) ndarray
        Values of the constant nodes.  Write to an array to change an input.
    n_hidden : int
        Number of ensembles that are not recorded because there are too many.

    Raises
    ------
    TypeError
        If ``net`` is not a network.
    ValueError
        If ``show`` names an unknown ensemble, or the time step is not above 0.

    See Also
    --------
    server : Show a network in the browser.

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
        ensembles = _to_watch(net, show)
        constant = [n for n in net.all_nodes if isinstance(n.output, np.ndarray)]
        self.inputs = {node: np.array(node.output) for node in constant}
        probes, added = net.all_probes, _probes(net, ensembles, dt)
        self.simulator = Simulator(
            net,
            dt,
            backend,
            progress=no_bar,
            probes=[*added],
            inputs={node: _reader(values) for node, values in self.inputs.items()},
        )
        self._labels = {probe: title(probe) for probe in probes if show is None} | added
        by_default = show is None and not probes
        self.n_hidden = len(net.all_ensembles) - len(ensembles) if by_default else 0
        self._subsets: dict[Probe, NDArray[np.intp]] = {}

    def advance(self, seconds: float) -> list[Piece]:
        """Continue the run, and return its new records; the simulator discards earlier ones.

        Parameters
        ----------
        seconds : float [s]
            Duration of the run.

        Returns
        -------
        list of Piece
            The new records of each probe.
        """
        self.simulator.clear_probes()
        self.simulator.run(seconds)
        return [self._piece(probe, label) for probe, label in self._labels.items()]

    def reset(self) -> None:
        """Return to time 0; inputs retain their present values."""
        self.simulator.reset()

    def _piece(self, probe: Probe, label: str) -> Piece:
        record, every = self.simulator.data.kept(probe), probe.sample_every or self.simulator.dt
        total = record.shape[-1]
        if isinstance(record, Events):
            if probe not in self._subsets:
                self._subsets[probe] = _subset(self.simulator, probe, total)
            subset = self._subsets[probe]
            row = np.full(total, -1)
            row[subset] = np.arange(len(subset))
            rows = row[record.neurons]
            times, rows = record.times[rows >= 0], rows[rows >= 0]
            return Piece(label, every, times, None, rows, len(subset), total, what="spikes")
        columns = record[:, :MOST_LINES]
        reach = probe.target.radius if isinstance(probe.target, Ensemble) else None
        times, name = self.simulator.trange(probe), quantity(probe)
        return Piece(label, every, times, columns, None, columns.shape[1], total, reach, name)


def _subset(simulator: Simulator, probe: Probe, n: int) -> NDArray[np.intp]:
    """Indices of ``n`` neurons for a raster, evenly spaced by preferred value."""
    order, neurons = np.arange(n), whole(probe.target)  # type: ignore[arg-type]
    if isinstance(neurons, Neurons):
        built, part = simulator.data[neurons.ensemble], indices(probe.target)  # type: ignore[arg-type]
        rows = order if part is None else list(part)
        order = by_preferred_value(built.encoders[rows], built.intercepts[rows])
    return evenly(order, MOST_NEURONS)


def _to_watch(net: Network, show: Sequence[str] | None) -> list[Ensemble]:
    """The ensembles to record."""
    if show is None:
        return [] if net.all_probes else net.all_ensembles[:MOST_ENSEMBLES]
    by_label = {ensemble.label: ensemble for ensemble in net.all_ensembles}
    known = ", ".join(by_label) or "none"
    for label in show:
        if label not in by_label:
            do = f"name some of {known}"
            check.fail("Live", "show", "name ensembles", check.show(label), do)
    return [by_label[label] for label in show]


def _reader(values: Array) -> Callable[[float], Array]:
    """A function for a node that returns the present values of an array."""
    return lambda t: values


def _probes(net: Network, ensembles: Sequence[Ensemble], dt: float) -> dict[Probe, str]:
    """Probes for the run only, of ensembles and their spikes."""
    labels: dict[Probe, str] = {}
    every = max(EVERY, dt)
    for ensemble in ensembles:
        decoded = net.probe(ensemble, synapse=SYNAPSE, sample_every=every, attach=False)
        labels[decoded] = ensemble.label
        if ensemble.neuron_type.spiking and not isinstance(ensemble.neuron_type, Direct):
            labels[net.probe(ensemble.neurons, attach=False)] = ensemble.label
    return labels
