"""Builds of a server's networks: the present one, of which pages have runs, and the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nefsim import _checks as check
from nefsim.network import Network
from nefsim.spa import Vocabulary
from nefsim.view.chosen import check_arguments
from nefsim.view.jobs import Dropped, Job, Turns
from nefsim.view.live import Live
from nefsim.view.sharing import Arrays

#: Neurons, objects, and neurons of one population, from which on a network is built in a thread,
#: as that takes seconds; the decoders of a population take the square of its neurons.
MANY_NEURONS, MANY_OBJECTS, LARGE_POPULATION = 20_000, 500, 4_000

Report = Callable[[int, int], None]
Built = tuple[Network, Sequence[Vocabulary]]


@dataclass(frozen=True, eq=False)
class Plan:
    """A network of which the graph is known before it is made, such as a large one of Nengo.

    Parameters
    ----------
    sketch : Network
        A network with the same graph, which pages show until the other one is built.
    make : callable
        ``make(report)`` returns the network to run; it may call ``report(done, total)`` with
        numbers of objects.

    Raises
    ------
    TypeError
        If ``sketch`` is not a network, or ``make`` cannot be called.

    See Also
    --------
    server : Serve pages of a network or a plan.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim.view import Plan
    >>> net = nef.Network(seed=1, label="later")
    >>> plan = Plan(net, lambda report: net)
    >>> plan.sketch.label
    'later'
    """

    sketch: Network
    make: Callable[[Report], Network]

    def __post_init__(self) -> None:
        check.instance("Plan", "sketch", self.sketch, Network, "a network", "pass a Network")
        check.function("Plan", "make", self.make)


class Build:
    """One build of a network, whose runs share its arrays.

    Parameters
    ----------
    number : int
        Its place among the builds of the server.
    make : callable
        ``make(report)`` returns the network and its vocabularies.
    dt, backend, show
        As for :class:`~nefsim.view.Live`.
    sketch : Network or None
        A network with the same graph, if there is one before the build.

    Attributes
    ----------
    job : Job
        The thread that builds; a small first network has none.
    is_dropped : bool
        Whether the build is to end without a result.
    is_wanted : bool
        Whether a page waits for its first run.
    """

    job: Job

    def __init__(
        self,
        number: int,
        make: Callable[[Report], Built],
        dt: float,
        backend: str,
        show: Sequence[str] | None,
        sketch: Network | None = None,
    ) -> None:
        self.number, self.is_dropped, self.is_wanted = number, False, True
        self._make, self._options, self._sketch = make, (dt, backend, show), sketch
        self._built: tuple[Network, Sequence[Vocabulary], Arrays | None] | None = None
        self._ready: list[Live] = []
        self._lock = threading.Lock()
        self._doing, self._count = "preparing the network", (0, 0)

    @property
    def sketch(self) -> Network:
        """A network with the graph."""
        if self._sketch is not None:
            return self._sketch
        assert self._built is not None
        return self._built[0]

    @property
    def is_large(self) -> bool:
        """Whether its runs are made in threads."""
        net = self.sketch
        n_objects = len(net.all_ensembles) + len(net.all_nodes) + len(net.all_connections)
        n_neurons = [ensemble.n_neurons for ensemble in net.all_ensembles]
        return (
            sum(n_neurons) >= MANY_NEURONS
            or max(n_neurons, default=0) >= LARGE_POPULATION
            or n_objects >= MANY_OBJECTS
        )

    def build(self) -> None:
        """Build the network, and a first run of it."""
        self._doing, self._count = "preparing the network", (0, 0)
        net, vocabularies = self._make(self._report)
        self._doing, self._count = "building the network", (0, 0)
        self._report(0, 0)
        live = Live(net, *self._options, vocabularies, None, self._report)
        self._built = net, vocabularies, live.arrays
        self._ready.append(live)

    def take(self) -> Live | Job:
        """A run of its own for a page, after the build, or the job that makes one."""
        if self._ready:
            return self._ready.pop()
        return Job(self._alone, lambda: "preparing a run") if self.is_large else self._run()

    def _alone(self) -> Live:
        """Threads of large networks make one run after another; the event loop makes none."""
        with self._lock:
            return self._run()

    def _run(self) -> Live:
        assert self._built is not None
        net, vocabularies, arrays = self._built
        return Live(net, *self._options, vocabularies, arrays)

    def _report(self, done: int, total: int) -> None:
        if self.is_dropped:
            raise Dropped
        self._count = done, total

    def text(self) -> str:
        """A line about how far it is."""
        done, total = self._count
        return self._doing + (f": {done:,} of {total:,} objects" if total else "")


class Builds:
    """The builds of a server: the present one, and those of texts that were saved after it.

    The event loop of the server waits for none of them.

    Parameters
    ----------
    plan : Plan
        The first network.
    dt, backend, show, vocabularies
        As for :class:`~nefsim.view.Live`.

    Attributes
    ----------
    present : Build
        The last one in order that was built, or the first one; new pages have runs of it.
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
        self._options = dt, backend, show
        self.present = Build(
            0, lambda report: (plan.make(report), vocabularies), *self._options, plan.sketch
        )
        self._turns, self._swap = Turns(), threading.Lock()
        self._n_builds, self._begun = 1, [self.present]

    def start(self) -> None:
        """Build the first network: now, or in a thread if it is large."""
        first = self.present
        if first.is_large:
            first.job = Job(first.build, first.text)
        else:
            self._begun.clear()
            first.build()

    def next(self, make: Callable[[], Built]) -> Build:
        """Begin to build another network in a thread; the present one stays if that fails.

        Builds that were left are dropped.

        Parameters
        ----------
        make : callable
            ``make()`` returns the network and its vocabularies.

        Returns
        -------
        Build
            With a ``job``, whose result is a run.
        """

        def alone(report: Report) -> Built:
            with self._turns.turn(build):
                return make()

        for earlier in self._begun:
            if not earlier.is_wanted:
                self.drop(earlier)
        build = Build(self._n_builds, alone, *self._options)
        self._n_builds += 1
        build.job = Job(lambda: self._built(build), build.text)
        self._begun = [b for b in self._begun if not b.job.is_done] + [build]
        return build

    def _built(self, build: Build) -> Live | Job | None:
        build.build()
        with self._swap:
            live = build.take() if build.is_wanted else None  # before other pages can
            if build.number > self.present.number:
                self.present = build
        return live

    def leave(self, build: Build) -> None:
        """Let a build, for which its page waits no more, give way to later ones.

        Without a later one it goes on, and new pages have runs of it.

        Parameters
        ----------
        build : Build
            A build of :meth:`next`.
        """
        with self._swap:
            build.is_wanted = False
            live = build.job.take() if build.job.is_done else None
            if live is not None:
                build._ready.append(live)
        if any(b.number > build.number and not b.job.is_done for b in self._begun):
            self.drop(build)

    def drop(self, build: Build) -> None:
        """End a build that is not done, as soon as it can.

        Parameters
        ----------
        build : Build
            A build of :meth:`next`.
        """
        if not build.job.is_done:
            self._turns.drop(build)

    def close(self) -> None:
        """End all builds, as the server does."""
        for build in self._begun:
            self.drop(build)
