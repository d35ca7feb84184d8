"""The base of tasks whose seeds share the work for one network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nefsim import _checks as check
from nefsim import backends
from nefsim.network import Network
from nefsim.result import Result
from nefsim.sweeps.grid import LARGEST_SEED, at_most


@dataclass(frozen=True)
class Seeded(ABC):
    """A function for sweeps that is called for several seeds of one network at a time.

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
        Most seeds of a call.
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
    Trials, Builds : The two kinds.
    """

    build: Callable[..., Network]
    measure: Callable[[Result], Any]
    seconds: float
    batch: int = 32
    dt: float = 0.001
    backend: str = "auto"
    dtype: str = "float64"

    def __post_init__(self) -> None:
        who = type(self).__name__
        check.function(who, "build", self.build)
        check.function(who, "measure", self.measure)
        check.seconds(who, "seconds", self.seconds)
        check.integer(who, "batch", self.batch, low=1, high=100_000)
        check.seconds(who, "dt", self.dt)
        check.one_of(who, "backend", self.backend, ("auto", *backends.BACKENDS))
        check.one_of(who, "dtype", self.dtype, ("float64", "float32"))

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
        who, do = type(self).__name__, "pass whole numbers, such as range(8)"
        if not check.is_iterable(seeds):
            check.fail(who, "seeds", "be whole numbers", check.show(seeds), do, TypeError)
        items = at_most(who, "seeds", seeds)
        numbers = [check.integer(who, "seeds", seed, do, 0, LARGEST_SEED) for seed in items]
        net = self.build(**parameters)
        do = "return a nefsim.Network"
        check.instance(who, "result of build", net, Network, "a network", do)
        return self._measured(net, numbers)

    @abstractmethod
    def _measured(self, net: Network, seeds: Sequence[int]) -> list[Any]:
        """The results of ``measure`` for seeds of a network, in their order."""
