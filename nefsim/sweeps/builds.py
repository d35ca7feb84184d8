"""Seeds of a network as a task: one simulator is built again for each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nefsim import _checks as check
from nefsim.network import Network
from nefsim.progress import no_bar
from nefsim.result import Result
from nefsim.seeds import simulators


@dataclass(frozen=True)
class Builds:
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

    build: Callable[..., Network]
    measure: Callable[[Result], Any]
    seconds: float
    batch: int = 32
    dt: float = 0.001
    backend: str = "auto"
    dtype: str = "float64"

    def __post_init__(self) -> None:
        check.function("Builds", "build", self.build)
        check.function("Builds", "measure", self.measure)
        check.seconds("Builds", "seconds", self.seconds)
        check.integer("Builds", "batch", self.batch, low=1, high=100_000)

    def __call__(self, seed: int = 0, **parameters: Any) -> Any:
        """The values of one seed.

        Parameters
        ----------
        seed : int
            The seed.
        **parameters
            The parameters of the network.

        Returns
        -------
        object
            The result of ``measure``.
        """
        return self.many([seed], **parameters)[0]

    def many(self, seeds: Sequence[int], **parameters: Any) -> list[Any]:
        """The values of several seeds.

        Parameters
        ----------
        seeds : sequence of int
            The seeds.
        **parameters
            The parameters of the network.

        Returns
        -------
        list
            The results of ``measure``, in the order of ``seeds``.
        """
        net = self.build(**parameters)
        do = "return a nefsim.Network"
        check.instance("Builds", "result of build", net, Network, "a network", do)
        options: dict[str, Any] = {"dt": self.dt, "backend": self.backend, "dtype": self.dtype}
        found = []
        for simulator in simulators(net, seeds, progress=no_bar, **options):
            simulator.run(self.seconds)
            found.append(self.measure(simulator.result()))
        return found
