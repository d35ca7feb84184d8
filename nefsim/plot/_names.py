"""Labels of the quantities that probes record, for axes and legends."""

from __future__ import annotations

import re

from nefsim.network import Connection, Ensemble, Learning, Neurons, Probe
from nefsim.network.objects import whole

#: Axis labels of records of neurons; other state variables are labelled by their names.
OF_NEURONS = {
    "output": "spikes / dt [Hz]",
    "spikes": "spikes / dt [Hz]",
    "rates": "firing rate [Hz]",
    "input": "current",
    "refractory_time": "refractory time [s]",
}


def quantity(probe: Probe) -> str:
    """The quantity that a probe records, with its unit if it has one.

    >>> import nefsim as nef
    >>> a = nef.Network(seed=1).ensemble(20, 1, label="a")
    >>> quantity(a.network.probe(a)), quantity(a.network.probe(a.neurons, synapse=0.1))
    ('decoded value', 'filtered spikes [Hz]')
    >>> quantity(a.network.probe(a.neurons, "voltage"))
    'voltage'
    """
    if isinstance(probe.target, Connection):
        return "weight" if probe.attr == "weights" else "value"
    target, plain = whole(probe.target), probe.attr.replace("_", " ")
    if isinstance(target, Ensemble):
        return {"decoded_output": "decoded value", "input": "value"}.get(probe.attr, plain)
    if isinstance(target, Neurons):
        if probe.attr in ("output", "spikes") and not target.ensemble.neuron_type.spiking:
            return OF_NEURONS["rates"]
        if probe.attr in ("output", "spikes") and probe.synapse is not None:
            return "filtered spikes [Hz]"
        return OF_NEURONS.get(probe.attr, plain)
    return plain if isinstance(target, Learning) else "value"


def name(probe: Probe) -> str | None:
    """The label of a probe if a user chose it; None for a default label such as "probe 3"."""
    own = probe.label.rpartition(".")[2]
    return None if re.fullmatch(r"probe \d+", own) else probe.label


def title(probe: Probe) -> str:
    """The label of a probe if a user chose it, otherwise the label of its target."""
    target = probe.target if isinstance(probe.target, Connection) else whole(probe.target)
    if isinstance(target, Neurons):
        target = target.ensemble
    return name(probe) or str(getattr(target, "label", probe.label))
