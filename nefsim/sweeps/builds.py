"""Seeds of a network as a task: one simulator is built again for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nefsim.network import Network
from nefsim.progress import no_bar
from nefsim.seeds import simulators
from nefsim.sweeps.seeded import Seeded


@dataclass(frozen=True)
class Builds(Seeded):
    """A function for sweeps whose seeds are those of a network's encoders, gains and biases.

    Seed ``s`` has the records of ``Simulator(net, build_seed=s)``, bit for bit.  Up to ``batch``
    seeds share the preparation of a simulator, which for small networks takes longer than their
    build and a short run.

    Parameters
    ----------
    build : callable
        ``build(**parameters)`` returns the network of a point.
    measure : callable
        ``measure(result)`` returns the values of one seed from its
        :class:`~nefsim.Result`, whose records are found by label.
    seconds : float [s]
        Duration of a run.
    batch : int
        Most seeds that a worker gets at a time.
    dt : float [s]
        The time step.
    backend : str
        The back end.
    dtype : {"float64", "float32"}
        Precision of the run.

    Raises
    ------
    ValueError, TypeError
        If an argument is of another type or out of range.

    See Also
    --------
    nefsim.sweep : Runs them.
    Trials : Seeds are trials of one network.

    Examples
    --------
    >>> import nefsim as nef
    >>> def build(n):
    ...     net = nef.Network()
    ...     a = net.ensemble(n, 1)
    ...     c = net.connect(net.node(0.5), a)
    ...     y = net.probe(a, synapse=0.05, label="y")
    ...     return net
    >>> def last(result):
    ...     return {"y": result["y"][-1, 0]}
    >>> done = nef.sweep(nef.sweeps.Builds(build, last, 0.2), {"n": [20]}, 4, executor="serial")
    >>> len(set(done.columns()["y"]))
    4
    """

    def _measured(self, net: Network, seeds: Sequence[int]) -> list[Any]:
        options: dict[str, Any] = {"dt": self.dt, "backend": self.backend, "dtype": self.dtype}
        found = []
        for simulator in simulators(net, seeds, progress=no_bar, **options):
            simulator.run(self.seconds)
            found.append(self.measure(simulator.result()))
        return found
