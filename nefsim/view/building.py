"""Runs of a server's network, which a thread builds while the page shows the graph."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nefsim.network import Network
from nefsim.spa import Vocabulary
from nefsim.view.live import Live, check_arguments
from nefsim.view.sharing import Arrays

#: Neurons, and objects, from which on a network is built in a thread, as that takes seconds.
MANY_NEURONS, MANY_OBJECTS = 20_000, 500

Report = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Plan:
    """A network of which the graph is known before it is built.

    Attributes
    ----------
    sketch : Network
        A network with the same graph.
    make : callable
        ``make(report)`` returns the network to run; ``report(done, total)`` counts its objects.
    """

    sketch: Network
    make: Callable[[Report], Network]


class Job:
    """A function that a thread runs.

    Parameters
    ----------
    work : callable
        The function.
    says : callable
        ``says()`` returns a line about how far it is.

    Attributes
    ----------
    result : object
        Its result, once it is done.
    error : BaseException or None
        Its error.
    """

    def __init__(self, work: Callable[[], Any], says: Callable[[], str] = lambda: "") -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self._says, self._start = says, time.perf_counter()
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            self.result = work()
        except BaseException as error:  # a user's function may raise anything
            self.error = error

    @property
    def is_done(self) -> bool:
        """Whether there is a result or an error."""
        return not self._thread.is_alive()

    @property
    def text(self) -> str:
        """A line about how far it is."""
        return f"{self._says()}, {time.perf_counter() - self._start:.0f} s"

    def join(self) -> None:
        """Wait until it is done."""
        self._thread.join()

    def wait(self) -> Any:
        """The result, once it is there; raises the error of the function."""
        self.join()
        if self.error is not None:
            raise self.error
        return self.result


class Runs:
    """The runs of a server's network; later ones share the arrays of the first.

    Parameters
    ----------
    plan : Plan
        The network.
    dt, backend, show, vocabularies
        As for :class:`~nefsim.view.Live`.
    """

    def __init__(
        self,
        plan: Plan,
        dt: float,
        backend: str,
        show: Sequence[str] | None,
        vocabularies: Sequence[Vocabulary],
    ) -> None:
        check_arguments(plan.sketch, dt, backend, show, vocabularies)
        self.plan, self._options = plan, (dt, backend, show)
        self._vocabularies = vocabularies
        self._net: Network | None = None
        self._arrays: Arrays | None = None
        self._lock = threading.Lock()
        self._ready: list[Live | Job] = []
        self._doing, self._count = "building the network", (0, 0)

    @property
    def is_large(self) -> bool:
        """Whether a run is built in a thread."""
        net = self.plan.sketch if self._net is None else self._net
        n_objects = len(net.all_ensembles) + len(net.all_nodes) + len(net.all_connections)
        n_neurons = sum(ensemble.n_neurons for ensemble in net.all_ensembles)
        return n_neurons >= MANY_NEURONS or n_objects >= MANY_OBJECTS

    def start(self) -> None:
        """Build the first run: now, or in a thread if the network is large."""
        self._ready.append(self._job() if self.is_large else self._make())

    def take(self) -> Live | Job:
        """A run of its own for a page, or the job that makes one."""
        if self._ready:
            return self._ready.pop()
        return self._job() if self.is_large else self._make()

    def changed(self, net: Network, vocabularies: Sequence[Vocabulary]) -> Live:
        """Build another network, of which later pages have runs; the present one stays if not."""
        other = Runs(Plan(net, lambda report: net), *self._options, vocabularies)
        with self._lock:
            live = other._make()
            self._vocabularies, self._net, self._arrays = vocabularies, net, other._arrays
            self.plan = other.plan
        return live

    def _job(self) -> Job:
        return Job(self._make, self._text)

    def _make(self) -> Live:
        with self._lock:
            if self._net is None:
                self._doing, self._count = "converting the network", (0, 0)
                self._net = self.plan.make(self._report)
            self._doing, self._count = "building the network", (0, 0)
            live = Live(self._net, *self._options, self._vocabularies, self._arrays, self._report)
            self._arrays = live.arrays
            return live

    def _report(self, done: int, total: int) -> None:
        self._count = done, total

    def _text(self) -> str:
        done, total = self._count
        return self._doing + (f": {done:,} of {total:,} objects" if total else "")
