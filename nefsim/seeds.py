"""One network with many seeds, in less time than a new simulator for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nefsim.lowering.threads import one_thread_of_blas
from nefsim.network import Network
from nefsim.simulator import Simulator

#: Networks with more neurons in one population gain from threads of BLAS.
MOST_NEURONS = 500


def simulators(net: Network, seeds: Iterable[int], **options: Any) -> Iterator[Simulator]:
    """Iterate over simulators of a network, each with other encoders, gains, biases and decoders.

    It is one simulator that is built again for each seed.  Nothing of the last seed is left, so
    that its records equal those of ``Simulator(net, build_seed=seed, **options)`` bit for bit.
    Arrays that were read before the next seed remain as they were.  The options are checked
    once, the plan of the compiled program is made once, and for small networks BLAS has one
    thread.  Inputs beyond the radius are only looked for with the first seed.

    Parameters
    ----------
    net : Network
        The network, which must not change meanwhile.
    seeds : iterable of int
        Seeds of the build, as ``build_seed`` of :class:`~nefsim.simulator.Simulator`.
    **options
        Its other arguments, without ``stream``.

    Yields
    ------
    Simulator
        A simulator at time 0, to be used before the next one.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> from nefsim.seeds import simulators
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(20, 1)
    >>> c = net.connect(net.node(np.sin), a)
    >>> y = net.probe(a, synapse=0.01)
    >>> last = []
    >>> for sim in simulators(net, range(3)):
    ...     sim.run(0.1)
    ...     last.append(sim.data[y][-1, 0])
    >>> len(set(last))
    3
    """
    sim: Simulator | None = None
    sizes = [ensemble.n_neurons for ensemble in net.all_ensembles]
    is_small = max(sizes, default=0) <= MOST_NEURONS
    for seed in seeds:
        with one_thread_of_blas(is_small):
            if sim is None:
                sim = Simulator(net, build_seed=seed, **options)
            else:
                sim._rebuild(seed)
        yield sim
