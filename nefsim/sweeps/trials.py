"""Trials of one network as a task: seeds are trials of a batch that one simulator runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nefsim.network import Network
from nefsim.progress import no_bar
from nefsim.records import Events
from nefsim.result import Result
from nefsim.simulator import Simulator
from nefsim.sweeps.seeded import Seeded


@dataclass(frozen=True)
class Trials(Seeded):
    """A function for sweeps whose seeds are trials of one network, run as a batch.

    The network has equal encoders and decoders in all trials, and different noise, initial
    voltages and stochastic spikes.  Trial ``s`` is trial ``s % batch`` of a simulator with
    ``seed=s // batch``; it does not depend on the other seeds of the sweep, because all trials
    of its batch are run.

    Parameters
    ----------
    build : callable
        ``build(**parameters)`` returns the network of a point.
    measure : callable
        ``measure(result)`` returns the values of one trial from its
        :class:`~nefsim.Result`, whose records are found by label.
    seconds : float [s]
        Duration of a run.
    batch : int
        Trials that run at once.
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
    Builds : Seeds are those of the network.
    nefsim.Simulator : Its argument ``batch_size``.

    Examples
    --------
    >>> import nefsim as nef
    >>> def build(tau):
    ...     net = nef.Network(seed=1)
    ...     a = net.ensemble(50, 1)
    ...     c = net.connect(net.node(0.5), a)
    ...     y = net.probe(a, synapse=tau, label="y")
    ...     return net
    >>> def final(result):
    ...     return {"y": result["y"][-1, 0]}
    >>> trials = nef.sweeps.Trials(build, final, seconds=0.2, batch=4)
    >>> done = nef.sweep(trials, {"tau": [0.05]}, seeds=8, executor="serial")
    >>> done.columns()["y"].shape
    (8,)
    """

    def _measured(self, net: Network, seeds: Sequence[int]) -> list[Any]:
        found = {}
        for block in sorted({seed // self.batch for seed in seeds}):
            sim = Simulator(
                net, self.dt, self.backend, block, self.batch, self.dtype, progress=no_bar
            )
            sim.run(self.seconds)
            result = sim.result()
            for seed in seeds:
                if seed // self.batch == block:
                    found[seed] = self.measure(trial(result, seed % self.batch))
        return [found[seed] for seed in seeds]


def trial(result: Result, number: int) -> Result:
    """One trial of the result of a batch.

    Parameters
    ----------
    result : Result
        Records of a batch.
    number : int
        The trial, from 0.

    Returns
    -------
    Result
        Records without the axis of trials.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> both = nef.Result({"y": np.ones((2, 3, 1))}, {"y": [1, 2, 3]}, [1, 2, 3], {})
    >>> trial(both, 1)["y"].shape
    (3, 1)
    """
    records: dict[str, Any] = {}
    for label in result:
        record = result.kept(label)
        records[label] = record.trial(number) if isinstance(record, Events) else record[number]
    times = {label: result.trange(label) for label in result}
    return Result(records, times, result.time, {**result.info, "trial": number})
