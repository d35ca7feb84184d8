"""Processes and neuron types that draw the same random numbers as in Nengo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from nengo.builder.neurons import SimNeurons
from nengo.builder.processes import SimProcess
from nengo.rc import rc
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.nengo import supported
from nefsim.nengo.order import step_order
from nefsim.nengo.parameters import described, original_of
from nefsim.neurons import NeuronType, PoissonSpiking, StochasticSpiking
from nefsim.processes import Process, Running

Array = NDArray[np.float64]

#: Upper bound of the seeds that Nengo draws for its processes.
LARGEST_SEED = 2**31 - 1

#: Upper bound of the number of processes of a network, each of which draws a seed.
MOST_PROCESSES = 10**7

#: Processes that run step by step in Nengo's code, without a function of the user.
NOISES = (
    nengo.processes.WhiteNoise,
    nengo.processes.FilteredNoise,
    nengo.processes.BrownNoise,
)


@dataclass(frozen=True, eq=False)
class FromNengo(Process):
    """A process that returns the values of a Nengo process, as Nengo's simulator computes them.

    Parameters
    ----------
    process : NengoObject or nengo.Process
        A process without input; one of Nengo's own types is stored by names and numbers.
    width : int
        Number of dimensions of its output.
    place : int
        The number of processes without a seed that Nengo starts before this one.

    Notes
    -----
    Trial b of a batch has the values of Nengo's simulator with the seed of this run + b.  The
    state is the number of steps only, so a run that is loaded from a file computes the earlier
    steps again.
    """

    process: Any
    width: int
    place: int

    def __post_init__(self) -> None:
        who, do = "FromNengo", "pass a process of Nengo"
        process = described(self.process)
        check.instance(who, "process", original_of(process), nengo.Process, "a nengo.Process", do)
        width = check.integer(who, "width", self.width, low=1)
        place = check.integer(who, "place", self.place, high=MOST_PROCESSES)
        self._set(process=process, width=width, place=place)

    @property
    def size(self) -> int:
        """Number of dimensions of the output."""
        return self.width

    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        """The running process at time 0; ``rng`` determines its seed and its trial."""
        size, dt, rng = self._place(size, dt, rng)
        sequence: Any = rng.bit_generator.seed_seq
        seed = int(sequence.entropy) + _trial(rng)
        simulator = np.random.RandomState(seed % 2**32)
        drawn_seed = simulator.randint(LARGEST_SEED, size=self.place + 1)[-1]
        process = original_of(self.process)
        seed = int(drawn_seed if process.seed is None else process.seed)
        return Replaying(process, size, dt, seed, rng)


class Replaying(Running):
    """A running process of Nengo that restarts if earlier steps are requested."""

    def __init__(
        self, process: Any, size: int, dt: float, seed: int, rng: np.random.Generator
    ) -> None:
        super().__init__(rng, {})
        self.calls_functions = not (supported.is_supported(process) or type(process) in NOISES)
        self._process, self._size, self._dt, self._seed = process, size, dt, seed
        self._done = 0
        self._run: Callable[[Array], Array] | None = None

    def __deepcopy__(self, memo: Any) -> Replaying:
        """An independent copy, which starts from the first step."""
        del memo
        return Replaying(self._process, self._size, self._dt, self._seed, self.rng)

    def __call__(self, first_step: int, n_steps: int) -> Array:
        """The values of ``n_steps`` steps after ``first_step``."""
        if self._run is None or first_step < self._done:
            self._run, self._done = self._begin(), 0
        last = first_step + n_steps
        values = self._run(self._dt * np.arange(self._done + 1.0, last + 1.0))
        skipped, self._done = first_step - self._done, last
        return values[skipped:]

    def _begin(self) -> Callable[[Array], Array]:
        rng = np.random.RandomState(self._seed)
        if supported.is_supported(self._process):
            many = supported.many_steps(self._process, self._size, self._dt, rng)
            assert many is not None
            return many
        shapes = ((0,), (self._size,))
        state = self._process.make_state(*shapes, self._dt, dtype=rc.float_dtype)
        step = self._process.make_step(*shapes, self._dt, rng, state)

        def run(times: Array) -> Array:
            values = np.empty((len(times), self._size))
            for i, t in enumerate(times):
                values[i] = step(float(t))
            return values

        return run


@dataclass(frozen=True, eq=False)
class DrawnPoisson(PoissonSpiking):
    """Poisson spikes with the random numbers that a population has in Nengo.

    Parameters
    ----------
    words : (625,) array_like
        The state of Nengo's generator before the first step, 624 words and the position.
    """

    words: ArrayLike = field(default=(), repr=False)

    @property
    def plain(self) -> NeuronType:
        """The type without its random numbers."""
        return PoissonSpiking(self.base_type, self.amplitude)

    def generator(self, rng: np.random.Generator) -> np.random.Generator:
        """Nengo's generator; in a trial of a batch the one that Nengo's simulator here takes."""
        return _twister(np.asarray(self.words), _trial(rng))


@dataclass(frozen=True, eq=False)
class DrawnStochastic(StochasticSpiking):
    """Stochastic rounding with the random numbers that a population has in Nengo.

    Parameters
    ----------
    words : (625,) array_like
        The state of Nengo's generator before the first step, 624 words and the position.
    """

    words: ArrayLike = field(default=(), repr=False)

    @property
    def plain(self) -> NeuronType:
        """The type without its random numbers."""
        return StochasticSpiking(self.base_type, self.amplitude)

    def generator(self, rng: np.random.Generator) -> np.random.Generator:
        """Nengo's generator; in a trial of a batch the one that Nengo's simulator here takes."""
        return _twister(np.asarray(self.words), _trial(rng))


#: Neuron types that draw random numbers.
STOCHASTIC: dict[type, Any] = {
    nengo.PoissonSpiking: DrawnPoisson,
    nengo.StochasticSpiking: DrawnStochastic,
}


def words_of(rng: np.random.RandomState) -> NDArray[np.int64]:
    """The state of a RandomState as numbers (625,): 624 words and the position."""
    _, key, place, *_ = rng.get_state()
    return np.array([*key, place], np.int64)


def _trial(rng: np.random.Generator) -> int:
    """The index of the trial that a generator belongs to."""
    sequence: Any = rng.bit_generator.seed_seq
    return sequence.spawn_key[-1] if sequence.spawn_key else 0


def _twister(words: NDArray[np.int64], trial: int) -> np.random.Generator:
    """A RandomState with the state ``words``; for trials after the first, seeded from it."""
    rng = np.random.RandomState()
    rng.set_state(("MT19937", words[:-1].astype(np.uint32), int(words[-1]), 0, 0.0))
    for _ in range(trial):
        rng = np.random.RandomState(rng.randint(LARGEST_SEED))
    _, key, place, *_ = rng.get_state()
    bits: Any = np.random.MT19937()
    bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": place}}
    return np.random.Generator(bits)


def places(model: Model) -> dict[Any, int]:
    """The number of seeds that Nengo draws before that of each process, by its output signal."""
    numbers, count = {}, 0
    for op in step_order(model):
        if isinstance(op, SimProcess):
            numbers[op.output] = count
            count += op.process.seed is None
    return numbers


def generators(model: Model) -> dict[Any, np.random.RandomState]:
    """Nengo's random generators of stochastic neurons, by the neurons' output signals."""
    neurons = (op for op in model.operators if isinstance(op, SimNeurons))
    return {op.output: op.state_extra["rng"] for op in neurons if "rng" in op.state_extra}
