"""Comparison of two back ends on one network, spike by spike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import backends as registry
from nefsim._html import Text
from nefsim._signatures import explained
from nefsim.network import Connection, Ensemble, Network, Neurons, Probe
from nefsim.network.objects import whole
from nefsim.neurons import Direct
from nefsim.settings import fresh_seed
from nefsim.simulator import Simulator

Array = NDArray[np.float64]

#: Tolerance of decoded values as a share of their range: sums in another order round differently.
TOLERANCE = 1e-9

#: Tolerance of state variables as a share of their range.  Where a neuron's spikes feed back to
#: its current, a rounding difference can grow, about 1e8 times in 4000 spikes, until it moves a
#: spike to another step.  Agreement is judged by the spikes.
STATE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class PopulationReport:
    """Differences between the outputs of one population on two back ends.

    Attributes
    ----------
    label : str
        The ensemble's label.
    n_spikes : int
        Spikes on the first back end; 0 for rate neurons.
    spikes_differ : int
        Neuron-steps at which the two back ends differ in their spikes.
    max_abs_diff : float
        Largest difference of rates [Hz], 0 for spiking neurons.
    """

    label: str
    n_spikes: int
    spikes_differ: int
    max_abs_diff: float


@dataclass(frozen=True)
class ProbeReport:
    """Difference between the records of one probe on two back ends.

    Attributes
    ----------
    label : str
        The probe's label.
    max_abs_diff : float
        Largest difference.
    tolerance : float
        Largest accepted difference: a share of the largest value on the first back end.
    """

    label: str
    max_abs_diff: float
    tolerance: float


@dataclass(frozen=True)
class CrosscheckReport(Text):
    """The report of :func:`crosscheck`; ``print`` shows it as text.

    Attributes
    ----------
    backends : tuple of str
        The two back ends.
    seconds : float [s]
        Model time of the run.
    populations, probes : tuple
        A report for each population and each probe.
    """

    backends: tuple[str, str]
    seconds: float
    populations: tuple[PopulationReport, ...]
    probes: tuple[ProbeReport, ...]

    @property
    def n_spikes(self) -> int:
        """Spikes of all populations on the first back end."""
        return sum(p.n_spikes for p in self.populations)

    @property
    def spikes_differ(self) -> int:
        """Neuron-steps at which the spikes differ."""
        return sum(p.spikes_differ for p in self.populations)

    @property
    def max_abs_diff(self) -> float:
        """Largest difference of any probe or rate."""
        differences = [p.max_abs_diff for p in self.probes]
        return max(differences + [p.max_abs_diff for p in self.populations], default=0.0)

    @property
    def agrees(self) -> bool:
        """Whether no spike differs and all values agree up to rounding."""
        values = all(p.max_abs_diff <= p.tolerance for p in self.probes)
        rates = all(p.max_abs_diff <= TOLERANCE * 1000.0 for p in self.populations)
        return self.spikes_differ == 0 and values and rates

    def __repr__(self) -> str:
        verdict = "agree" if self.agrees else "do not agree"
        names = " and ".join(self.backends)
        return (
            f"<crosscheck: {names} {verdict}, {self.n_spikes} spikes, {self.spikes_differ} differ>"
        )

    def __str__(self) -> str:
        first, second = self.backends
        lines = [f"{first} against {second}, {self.seconds:g} s"]
        for p in self.populations:
            what = f"{p.n_spikes} spikes, {p.spikes_differ} differ"
            if p.max_abs_diff:
                what += f", rates differ by at most {p.max_abs_diff:.2e} Hz"
            lines.append(f"  {p.label}: {what}")
        lines += [f"  {p.label}: differs by at most {p.max_abs_diff:.2e}" for p in self.probes]
        verdict = "agree: the same spikes, and values equal up to rounding"
        if not self.agrees:
            verdict = f"do not agree: {self.spikes_differ} spikes differ"
            verdict += f", values by up to {self.max_abs_diff:.2e}"
        return "\n".join([*lines, f"The back ends {verdict}."])


@explained
def crosscheck(
    net: Network,
    seconds: float = 1.0,
    backends: Sequence[str] = ("numpy", "nengo"),
    dt: float = 0.001,
) -> CrosscheckReport:
    """Run a network on two back ends and compare their spikes and values.

    Parameters
    ----------
    net : Network
        The model; its probes are compared, too.
    seconds : float [s]
        Model time of the run.
    backends : pair of str
        The two back ends.
    dt : float [s]
        The time step.

    Returns
    -------
    CrosscheckReport
        With ``n_spikes``, ``spikes_differ``, ``max_abs_diff`` and ``agrees``.

    Raises
    ------
    ValueError, TypeError
        If ``net`` is not a network, or an argument is out of range.
    ImportError
        If a back end is not installed.

    See Also
    --------
    nefsim.bench.measure : Run times on each back end.
    nefsim.nengo : Conversion of networks from and to Nengo.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(30, 1, label="a")
    >>> c = net.connect(net.node(np.sin), a)
    >>> report = nef.crosscheck(net, 0.2, backends=("numpy", "numpy"))
    >>> report.n_spikes > 0, report.spikes_differ, report.agrees
    (True, 0, True)
    """
    who = "crosscheck"
    check.instance(who, "net", net, Network, "a network", "pass a Network")
    length = check.seconds(who, "seconds", seconds)
    if isinstance(backends, str) or not isinstance(backends, Sequence) or len(backends) != 2:
        do = 'pass two names such as ("numpy", "nengo")'
        check.fail(who, "backends", "be two names", check.show(backends), do, TypeError)
    for name in backends:
        check.one_of(who, "backends", name, tuple(registry.BACKENDS))
    populations = [e for e in net.all_ensembles if not isinstance(e.neuron_type, Direct)]
    probes = net.all_probes
    # These runs also probe the spikes of all populations; probes do not change a run.
    watching = [net.probe(ensemble.neurons, attach=False) for ensemble in populations]
    seed, runs = fresh_seed(net), []
    for name in backends:
        with Simulator(net, dt, name, probes=watching, build_seed=seed) as simulator:
            simulator.run(length)
            runs.append({p: simulator.data[p] for p in (*watching, *probes)})
    return CrosscheckReport(
        (backends[0], backends[1]),
        length,
        tuple(
            _population(e, runs[0][w], runs[1][w])
            for e, w in zip(populations, watching, strict=True)
        ),
        tuple(_probe(p, runs[0][p], runs[1][p]) for p in probes),
    )


def _population(ensemble: Ensemble, one: Array, two: Array) -> PopulationReport:
    if not ensemble.neuron_type.spiking:
        difference = float(np.max(np.abs(one - two), initial=0.0))
        return PopulationReport(ensemble.label, 0, 0, difference)
    # Spikes are multiples of one height.  If there are none, every spike of the other differs.
    height = float(np.min(np.abs(one[one != 0]), initial=np.inf))
    slack = TOLERANCE * height if np.isfinite(height) else 0.0
    differ = int(np.sum(np.abs(one - two) > slack))
    n_spikes = round(float(np.sum(np.abs(one))) / height)
    return PopulationReport(ensemble.label, n_spikes, differ, 0.0)


def _probe(probe: Probe, one: Array, two: Array) -> ProbeReport:
    difference = float(np.max(np.abs(one - two), initial=0.0))
    largest = float(np.max(np.abs(one), initial=0.0))
    tolerance = TOLERANCE * max(1.0, largest)
    target = None if isinstance(probe.target, Connection) else whole(probe.target)
    if isinstance(target, Neurons) and probe.attr in target.ensemble.neuron_type.initial_state:
        tolerance = STATE_TOLERANCE * largest
    return ProbeReport(probe.label, difference, tolerance)
