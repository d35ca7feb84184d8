"""A converted network that is built once and shown one batch of inputs after another."""

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
class _Shown(Process):
    """Inputs of ``width`` numbers that take turns, each for ``turn`` steps."""

    width: int
    turn: int

    @property
    def size(self) -> int:
        return self.width

    def start(self, size: int, dt: float, rng: np.random.Generator) -> _Showing:
        self._place(size, dt, rng)
        return _Showing(self, rng)


class _Showing(Running):
    """Which inputs are shown, and from which step on; they are exchanged between runs."""

    def __init__(self, shown: _Shown, rng: np.random.Generator) -> None:
        super().__init__(rng, {})
        self._turn, self._nothing = shown.turn, np.zeros((1, shown.width))
        self.end()

    def begin(self, inputs: Array, first_step: int) -> None:
        """Show these (P, width), the first of them in the step after ``first_step``."""
        self._inputs, self._begun = inputs, first_step

    def end(self) -> None:
        """Show nothing, and keep no inputs."""
        self.begin(self._nothing, 0)

    def __call__(self, first_step: int, n_steps: int) -> Array:
        steps = np.arange(first_step, first_step + n_steps) - self._begun
        shown: Array = self._inputs[steps // self._turn % len(self._inputs)]
        return shown


class Ready:
    """A simulator that stays, with all neurons at rest before each run.

    Parameters
    ----------
    net : Network
        What to simulate; a node of inputs is added to it.
    source : Node
        Where inputs go.
    output : Probe
        What is told.
    turn : int
        Steps for which an input is shown.
    backend, dtype : str
        As for :class:`nefsim.Simulator`.
    """

    def __init__(
        self, net: Network, source: Node, output: Probe, turn: int, backend: str, dtype: str
    ) -> None:
        net.connect(net.node(_Shown(source.size_in, turn)), source, synapse=None)
        self._output = output
        self._sim = Simulator(net, DT, backend, dtype=dtype, progress=no_bar)
        self._showing = next(
            process
            for trials in self._sim.state.running
            for process in trials
            if isinstance(process, _Showing)
        )
        self._rest = [
            {name: value.copy() for name, value in memory.items()} for memory in self._sim.state.ops
        ]

    def run(self, inputs: Array, lengths: Sequence[int]) -> Array:
        """Records of the output in runs of so many steps, each from rest.

        After an error the simulator is not to be used again.
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
