"""A simulator of a converted network that is reused for further inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nefsim.network import Network, Node, Probe
from nefsim.processes import Process, Running
from nefsim.progress import no_bar
from nefsim.simulator import Simulator

Array = NDArray[np.float64]

#: Time step of a converted network [s], at which its spikes are 1.
DT = 0.001


@dataclass(frozen=True, eq=False)
class _Inputs(Process):
    """A process that presents inputs of ``width`` numbers, each for ``turn`` steps."""

    width: int
    turn: int

    @property
    def size(self) -> int:
        return self.width

    def start(self, size: int, dt: float, rng: np.random.Generator) -> _RunningInputs:
        self._place(size, dt, rng)
        return _RunningInputs(self, rng)


class _RunningInputs(Running):
    """The running process; :meth:`begin` sets the inputs of the next run."""

    def __init__(self, process: _Inputs, rng: np.random.Generator) -> None:
        super().__init__(rng, {})
        self._turn, self._nothing = process.turn, np.zeros((1, process.width))
        self.end()

    def begin(self, inputs: Array, first_step: int) -> None:
        """Set inputs (P, width); the first is presented from the step after ``first_step``."""
        self._inputs, self._begun = inputs, first_step

    def end(self) -> None:
        """Remove all inputs, and output 0."""
        self.begin(self._nothing, 0)

    def __call__(self, first_step: int, n_steps: int) -> Array:
        steps = np.arange(first_step, first_step + n_steps) - self._begun
        process: Array = self._inputs[steps // self._turn % len(self._inputs)]
        return process


class Ready:
    """A reusable simulator, with all neurons at rest before each run.

    Parameters
    ----------
    net : Network
        The converted network; a node that presents the inputs is added to it.
    source : Node
        The node of ``net`` that receives the inputs.
    output : Probe
        The probe whose records :meth:`run` returns.
    turn : int
        Number of steps of each input.
    backend, dtype : str
        As for :class:`nefsim.Simulator`.
    """

    def __init__(
        self, net: Network, source: Node, output: Probe, turn: int, backend: str, dtype: str
    ) -> None:
        net.connect(net.node(_Inputs(source.size_in, turn)), source, synapse=None)
        self._output = output
        self._sim = Simulator(net, DT, backend, dtype=dtype, progress=no_bar)
        self._showing = next(
            process
            for trials in self._sim.state.running
            for process in trials
            if isinstance(process, _RunningInputs)
        )
        self._rest = [
            {name: value.copy() for name, value in memory.items()} for memory in self._sim.state.ops
        ]

    def run(self, inputs: Array, lengths: Sequence[int]) -> Array:
        """Records of the output in successive runs of ``lengths`` steps, each from rest.

        After an error do not use the simulator again.
        """
        self._showing.begin(inputs, self._sim.n_steps)
        for n_steps in lengths:
            for memory, rest in zip(self._sim.state.ops, self._rest, strict=True):
                for name, value in rest.items():
                    memory[name][...] = value
            self._sim.run_steps(n_steps)
        records = self._sim.recorded(self._output)
        self._sim.clear_probes()
        self._showing.end()
        return records
