"""Run a network in short pieces, between which its inputs and its probes can be changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import backends
from nefsim.lowering.taps import Tapped, Taps
from nefsim.network import Network, Node, Probe
from nefsim.plot._names import title
from nefsim.progress import no_bar
from nefsim.records import Events
from nefsim.settings import settings
from nefsim.simulator import Simulator
from nefsim.spa import Vocabulary
from nefsim.view.chosen import check_arguments, fixed_probes, reader, to_watch
from nefsim.view.sharing import Arrays, ReportingSimulator, SharedSimulator
from nefsim.view.taps import (
    Piece,
    Tap,
    events_of,
    piece_of,
    spikes_tap,
    subset_of,
    value_tap,
)

Array = NDArray[np.float64]


class Live:
    """Runs a network in short pieces, between which its inputs and probes can be changed.

    Spikes equal those of :class:`~nefsim.Simulator` as long as no input is changed, whatever is
    probed.

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
    vocabularies : sequence of nefsim.spa.Vocabulary
        Names of vectors, for plots of similarities to them.
    arrays : Arrays or None
        Arrays of an earlier run of the same network; None builds it.
    progress : callable or None
        ``progress(done, total)`` is called during the build with numbers of objects.

    Attributes
    ----------
    vocabularies : tuple of Vocabulary
        The vocabularies.
    simulator : Simulator
        The simulator that runs.
    inputs : dict of Node to (k,) ndarray
        Values of the constant nodes, and of those that are held.  Write to an array to change
        an input.
    n_hidden : int
        Number of ensembles that are not recorded because there are too many.

    Raises
    ------
    TypeError
        If ``net`` is not a network, or ``vocabularies`` no list of vocabularies.
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
        vocabularies: Sequence[Vocabulary] = (),
        arrays: Arrays | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        check_arguments(net, dt, backend, show, vocabularies)
        self.vocabularies, dt, ensembles = (*vocabularies,), float(dt), to_watch(net, show)
        constant = [n for n in net.all_nodes if isinstance(n.output, np.ndarray)]
        self.inputs = {node: np.array(node.output) for node in constant}
        by_default = show is None and not net.all_probes
        self.n_hidden = len(net.all_ensembles) - len(ensembles) if by_default else 0
        self._labels: dict[Probe, Tap] = {}
        self._held: set[Node] = set()
        self._set: dict[Node, Array] = {}  # the values that the simulator has
        name = settings("Live", backend, None, "float64", tuple(backends.BACKENDS)).backend
        #: Whether probes can be attached and inputs set while the network runs.
        self.is_open = backends.BACKENDS[name].keeps_state
        named = {probe: Tap(title(probe)) for probe in net.all_probes if show is None}
        if self.is_open:
            self.simulator: Simulator
            if arrays is None:
                self.simulator = ReportingSimulator(net, dt, name, progress)
            else:
                self.simulator = SharedSimulator(net, dt, name, arrays)
            self._taps = Taps(self.simulator.built)
            self._now = self._taps.original
            self._labels = named
            for ensemble in ensembles:
                self.attach(*value_tap(net, ensemble, dt))
                if ensemble.neuron_type.spiking:
                    self.attach(*spikes_tap(self.simulator, ensemble))
        else:
            added = fixed_probes(net, ensembles, dt)
            outputs = {node: reader(values) for node, values in self.inputs.items()}
            self.simulator = Simulator(
                net, dt, name, progress=no_bar, probes=[*added], inputs=outputs
            )
            self._labels = named | added
        self._subsets: dict[Probe, NDArray[np.intp]] = {}

    @property
    def arrays(self) -> Arrays | None:
        """The arrays of the network, for other runs of it; None if each run has to build it."""
        if not self.is_open:
            return None
        return Arrays(self._taps.original.built, self.simulator.seed)

    # -- probes --------------------------------------------------------------------------

    @property
    def probes(self) -> tuple[Probe, ...]:
        """The probes whose records :meth:`advance` returns, in order."""
        return tuple(self._labels)

    def tap(self, probe: Probe) -> Tap:
        """How the records of a probe are shown.

        Parameters
        ----------
        probe : Probe
            A probe of :attr:`probes`.

        Returns
        -------
        Tap
        """
        return self._labels[probe]

    def can_attach(self, probe: Probe) -> bool:
        """Whether a quantity can be recorded without building the network again.

        Parameters
        ----------
        probe : Probe
            A probe, made by ``net.probe(..., attach=False)``.

        Returns
        -------
        bool
        """
        return self.is_open and self._taps.finds(probe)

    def attach(self, probe: Probe, tap: Tap) -> None:
        """Record a quantity from the next run on; the network is not built again.

        Parameters
        ----------
        probe : Probe
            A probe, made by ``net.probe(..., attach=False)``.
        tap : Tap
            How its records are shown.

        Raises
        ------
        ValueError
            If the build has no signal of the quantity, or the back end fixes its probes.
        """
        if not self.can_attach(probe):
            do = "probe it in the model"
            check.fail("Live.attach", "probe", "be of a signal of the build", repr(probe), do)
        self._labels = {**self._labels, probe: tap}

    def detach(self, probe: Probe) -> None:
        """Stop recording a quantity from the next run on.

        Parameters
        ----------
        probe : Probe
            A probe of :attr:`probes`.
        """
        self._labels = {p: tap for p, tap in self._labels.items() if p is not probe}

    # -- inputs --------------------------------------------------------------------------

    def hold(self, node: Node) -> Array:
        """Set the output of any node by hand from now on, starting at its present value.

        Parameters
        ----------
        node : Node
            A node of the network.

        Returns
        -------
        (k,) ndarray
            Its output; write to it to change it.
        """
        if node not in self.inputs and self.is_open:
            state, signal = self.simulator._state, self.simulator.built.signals[node]
            now = np.array(state.signals[signal], np.float64)
            self.inputs[node] = np.where(np.isfinite(now), now, 0.0)
            self._held = self._held | {node}
        return self.inputs[node]

    def hand_back(self, node: Node) -> None:
        """Return a held node to the output that the model gives it.

        Parameters
        ----------
        node : Node
            A node of :attr:`inputs`.
        """
        if node in self._held:
            self._held = self._held - {node}
            del self.inputs[node]
        else:
            self.inputs[node][:] = node.output  # type: ignore[assignment]

    @property
    def held(self) -> frozenset[Node]:
        """Nodes that are held and have another output in the model."""
        return frozenset(self._held)

    # -- runs ----------------------------------------------------------------------------

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
        labels = self._labels
        self._adapt()
        self.simulator.clear_probes()
        self.simulator.run(seconds)
        return [self._piece(probe, tap) for probe, tap in labels.items()]

    def reset(self, keep_weights: bool = False) -> None:
        """Return to time 0; inputs retain their present values.

        Parameters
        ----------
        keep_weights : bool
            Whether learned weights are retained, too.
        """
        self._adapt()
        self.simulator.reset(keep_weights=keep_weights)
        self._set.clear()

    def _adapt(self) -> None:
        """Give the simulator the present probes and inputs."""
        if not self.is_open:
            return
        simulator, held = self.simulator, self._held
        probes = tuple(self._labels)
        signals = simulator.built.signals
        holding = {key for key in self._now.ops if isinstance(key, tuple) and key[0] == "held"}
        wanted = {("held", signals[node]) for node in held}
        if probes != simulator.probes or holding != wanted:
            values = {node: self.inputs[node] for node in held}
            now: Tapped = self._taps.with_probes(probes, values)
            state = now.continued(simulator.state, self._now, simulator.run_seed)
            simulator._go_on_with(now.built, state)
            self._now = now
            self._set.clear()
        for node, values_now in self.inputs.items():
            if not np.array_equal(self._set.get(node, ()), values_now):
                self._set[node] = np.array(values_now)
                simulator.inputs[node][:] = self._set[node]

    def _piece(self, probe: Probe, tap: Tap) -> Piece:
        if not isinstance(self.simulator.data.kept(probe), Events):
            return piece_of(self.simulator, probe, tap)
        if probe not in self._subsets:
            n = self.simulator.data.kept(probe).shape[1]
            found = subset_of(self.simulator, probe, n) if tap.neurons is None else tap.neurons
            self._subsets[probe] = found
        return events_of(self.simulator, probe, tap, self._subsets[probe])
