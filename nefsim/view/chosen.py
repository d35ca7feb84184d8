"""What a page records of a network: the arguments of :class:`.Live`, checked, and their probes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import backends
from nefsim.network import Ensemble, Network, Probe
from nefsim.settings import settings
from nefsim.spa import Vocabulary
from nefsim.view.taps import EVERY, SYNAPSE, Tap

Array = NDArray[np.float64]

#: Most ensembles that are shown by default.
MOST_ENSEMBLES = 6


def check_arguments(
    net: Network,
    dt: float,
    backend: str,
    show: Sequence[str] | None,
    vocabularies: Sequence[Vocabulary],
) -> None:
    """Check the arguments of :class:`Live` before a build, which may take long."""
    do = "pass a list of vocabularies"
    for v in check.instance("Live", "vocabularies", vocabularies, (list, tuple), "a list", do):
        check.instance("Live", "vocabularies", v, Vocabulary, "vocabularies", do)
    check.instance("Live", "net", net, Network, "a network", "pass a Network")
    check.seconds("Live", "dt", dt)
    to_watch(net, show)
    settings("Live", backend, None, "float64", tuple(backends.BACKENDS))


def to_watch(net: Network, show: Sequence[str] | None) -> list[Ensemble]:
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


def reader(values: Array) -> Callable[[float], Array]:
    """A function for a node that returns the present values of an array."""
    return lambda t: values


def fixed_probes(net: Network, ensembles: Sequence[Ensemble], dt: float) -> dict[Probe, Tap]:
    """Probes for a run that cannot change them, of ensembles and their spikes."""
    labels: dict[Probe, Tap] = {}
    every = max(EVERY, dt)
    for ensemble in ensembles:
        decoded = net.probe(ensemble, synapse=SYNAPSE, sample_every=every, attach=False)
        labels[decoded] = Tap(ensemble.label)
        if ensemble.neuron_type.spiking:
            labels[net.probe(ensemble.neurons, attach=False)] = Tap(ensemble.label)
    return labels
