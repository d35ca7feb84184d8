"""Runs of one network that share the arrays of a single build, which reports its progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nefsim.lowering import Built
from nefsim.network import Network
from nefsim.progress import no_bar
from nefsim.simulator import Simulator


@dataclass(frozen=True, eq=False)
class Arrays:
    """The arrays of a network that is built, which several runs share; runs change none of them.

    Attributes
    ----------
    built : Built
        The arrays.
    seed : int
        Their seed.
    """

    built: Built
    seed: int


class SharedSimulator(Simulator):
    """A simulator of a network that is built already.

    Parameters
    ----------
    net, dt, backend
        As for the build.
    arrays : Arrays
        The build.
    """

    def __init__(self, net: Network, dt: float, backend: str, arrays: Arrays) -> None:
        self._ready = arrays.built
        super().__init__(net, dt, backend, build_seed=arrays.seed, progress=no_bar)

    def _build(self, watches: bool = True) -> None:
        self.built, self._prepare, self._watches = self._ready, self._module.prepare, watches
        self._find_places()
        self._restart()


class ReportingSimulator(Simulator):
    """A simulator whose build calls a function with the number of objects that are done.

    Parameters
    ----------
    net, dt, backend
        As for :class:`~nefsim.Simulator`.
    report : callable or None
        ``report(done, total)``.
    """

    def __init__(
        self, net: Network, dt: float, backend: str, report: Callable[[int, int], None] | None
    ) -> None:
        self._report = report
        super().__init__(net, dt, backend, progress=no_bar)
