"""The metrics of NeuroBench, from a run: footprint, sparsity, synaptic operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.describe import cost
from nefsim.network import Probe
from nefsim.network.objects import Neurons
from nefsim.program import Program, Read, Sum, Weigh
from nefsim.simulator import Simulator

Array = NDArray[np.float64]


@dataclass(frozen=True)
class NeuroBench:
    """Metrics of a run, by the definitions of NeuroBench.

    Attributes
    ----------
    footprint : int [bytes]
        Memory of all weights, biases and state variables.
    connection_sparsity : float
        Share of the weights that are 0.
    activation_sparsity : float
        Share of zeros in the outputs of all neurons in all steps.
    effective_acs : float
        Additions of a weight in a step, for spikes: non-zero weights of neurons that fire.
    effective_macs : float
        Multiplications of a weight with a number in a step, and their sum: non-zero weights on
        values and on outputs of rate neurons.
    dense : float
        Operations in a step if zeros were not left out.

    See Also
    --------
    neurobench : Makes it.
    """

    footprint: int
    connection_sparsity: float
    activation_sparsity: float
    effective_acs: float
    effective_macs: float
    dense: float


def neurobench(sim: Simulator) -> NeuroBench:
    """Measure the metrics of NeuroBench on a run: memory, sparsity and synaptic operations.

    Weights are those that the simulator multiplies: decoders and encoders of factored
    connections, full weights of others, transforms, and decoders of probes; weights that learn
    count as they were before the run.  The output of every ensemble has to be recorded in each
    step.

    Parameters
    ----------
    sim : Simulator
        A simulator that has run.

    Returns
    -------
    NeuroBench
        The metrics, means over the recorded steps.

    Raises
    ------
    ValueError, TypeError
        If ``sim`` is no simulator, has not run, or records no spikes of an ensemble.

    See Also
    --------
    nefsim.describe : Sizes and cost before a network is built.

    References
    ----------
    Yik, J. et al. (2025). The NeuroBench framework for benchmarking neuromorphic computing
    algorithms and systems. Nature Communications 16.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> spikes, y = net.probe(a.neurons), net.probe(a, synapse=0.01)
    >>> with nef.Simulator(net) as sim:
    ...     sim.run(0.1)
    ...     metrics = nef.analysis.neurobench(sim)
    >>> metrics.dense, metrics.connection_sparsity
    (50.0, 0.0)
    >>> metrics.effective_acs < 10
    True
    """
    who = "neurobench"
    check.instance(who, "sim", sim, Simulator, "a simulator", "pass nef.Simulator(net)")
    active = _active(who, sim)
    program = sim.built.program
    spiking = {sim.built.signals[e.neurons] for e in active if e.neuron_type.spiking}
    shares = {sim.built.signals[e.neurons]: share for e, share in active.items()}
    size = zeros = 0
    acs = macs = 0.0
    for read, matrix in _weights(program):
        used = _columns(matrix)
        n_weights = int(np.prod(matrix.shape))
        size += n_weights
        zeros += n_weights - int(used.sum())
        share = _share(shares, read, len(used))
        if read.signal in spiking:
            acs += float(np.vdot(used, share))
        else:
            macs += float(np.vdot(used, share))
    total = sum(share.sum() for share in shares.values())
    neurons = sum(len(share) for share in shares.values())
    numbers = cost.constants(program) + cost.memories(program)
    return NeuroBench(
        footprint=int(np.dtype(sim.dtype).itemsize * numbers),
        connection_sparsity=zeros / size if size else 0.0,
        activation_sparsity=float(1 - total / neurons) if neurons else 0.0,
        effective_acs=acs,
        effective_macs=macs,
        dense=float(size),
    )


def _active(who: str, sim: Simulator) -> dict[Any, Array]:
    """Share of steps in which each neuron has an output other than 0, by ensemble."""
    found: dict[Any, Array] = {}
    for probe in sim.probes:
        target = probe.target
        if isinstance(target, Neurons) and _records_each_step(probe):
            rows = np.asarray(sim.data[probe]).reshape(-1, target.size_out)
            if not len(rows):
                check.fail(who, "sim", "have run", "no steps", "call sim.run(1.0) first")
            found[target.ensemble] = np.count_nonzero(rows, axis=0) / len(rows)
    for ensemble in sim.built.ensembles:
        if ensemble not in found:
            do = "add net.probe(ensemble.neurons) for each ensemble"
            check.fail(who, "sim", "record the output of every ensemble", f"none of {ensemble}", do)
    return found


def _records_each_step(probe: Probe) -> bool:
    return probe.attr == "output" and probe.synapse is None and probe.sample_every is None


def _weights(program: Program) -> Iterator[tuple[Read, Any]]:
    """All matrices (outputs, inputs), and the reads that they multiply."""
    for op in program.ops:
        if isinstance(op, Weigh) and not op.is_empty:
            yield op.input, op.initial
        elif isinstance(op, Sum):
            for term in op.terms:
                if np.ndim(term.matrix) == 1:  # a diagonal: one weight for each input
                    yield term.read, np.reshape(term.matrix, (1, -1))
                elif np.ndim(term.matrix) == 2:
                    yield term.read, term.matrix


def _columns(matrix: Any) -> Array:
    """Number of weights other than 0 of each input."""
    if hasattr(matrix, "tocsr"):
        return np.asarray((matrix != 0).sum(axis=0), float).ravel()
    return np.asarray(np.count_nonzero(matrix, axis=0), float)


def _share(shares: dict[int, Array], read: Read, n: int) -> Array:
    """Share of steps in which each input is not 0; 1 for decoded values."""
    if read.signal not in shares:
        return np.ones(n)
    share = shares[read.signal]
    return share if read.columns is None else share[read.columns]
