"""White noise, and white noise that is filtered by a synapse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from nefsim import _checks as check
from nefsim.filtering import Form, many_rows, order
from nefsim.processes.base import Array, Process, Running, generator_of
from nefsim.sampling import Distribution, Gaussian, Samples
from nefsim.synapses import Synapse, as_synapse

#: Most steps and most numbers drawn at a time.
LONGEST_BLOCK, MOST_NUMBERS = 1000, 1_000_000


def block_length(size: int) -> int:
    """Number of steps whose random numbers are drawn together.

    It is the same for all blocks of a process, so that values do not depend on the number of
    steps of each call.
    """
    return max(1, min(LONGEST_BLOCK, MOST_NUMBERS // size))


STANDARD_NORMAL = Gaussian(0.0, 1.0)


class RunningNoise(Running):
    """Samples of a distribution, scaled and filtered.

    Those of a `Gaussian` are drawn in order, as many as a call returns, so that a back end can
    draw them itself; ``state["number"]`` is the number of steps so far.  Those of any other
    distribution are drawn in blocks of equal length, and ``state["number"]`` is that of the block.

    Parameters
    ----------
    noise : WhiteNoise or FilteredNoise
        The process.
    size : int
        Number of dimensions.
    dt : float [s]
        Time step.
    rng : numpy.random.Generator
        Generator of the noise.
    form : Form or None
        The filter; None for white noise.
    """

    def __init__(
        self,
        noise: WhiteNoise | FilteredNoise,
        size: int,
        dt: float,
        rng: np.random.Generator,
        form: Form | None,
    ) -> None:
        super().__init__(rng, {"number": np.array(-1), "block": np.zeros((0, size))})
        self._dist = noise.dist
        self._in_order = type(noise.dist) is Gaussian
        self._size = size
        self._block = block_length(size)
        self._gain = 1 / math.sqrt(dt) if noise.scale else 1.0
        self._form = form
        if form is not None:
            self.state["filter"] = np.zeros((order(form), size))
        if self._in_order:
            self.state["number"] = np.array(0)
        else:
            self._draw()

    def __call__(self, first_step: int, n_steps: int) -> Array:
        if self._in_order:
            return self._next(first_step, n_steps)
        values = np.empty((n_steps, self._size))
        n_done = 0
        while n_done < n_steps:
            number, at = divmod(first_step + n_done, self._block)
            self._advance_to(number)
            piece = self.state["block"][at : at + n_steps - n_done]
            values[n_done : n_done + len(piece)] = piece
            n_done += len(piece)
        return values

    def accepts(self, state: dict[str, Array], n_steps: int) -> bool:
        """Whether the saved block has the right length and is the latest one in use."""
        if any(values.shape != self.state[name].shape for name, values in state.items()):
            return False
        latest = (max(n_steps - 1, 0) // self._block, n_steps // self._block)
        in_use = (n_steps,) if self._in_order else latest
        return int(state["number"]) in in_use and super().accepts(state, n_steps)

    def _advance_to(self, number: int) -> None:
        if number < self.state["number"]:
            _refuse_earlier(int(self.state["number"]) * self._block)
        while self.state["number"] < number:
            self._draw()

    def _draw(self) -> None:
        self.state["block"] = self._sample(self._block)
        self.state["number"] = np.array(self.state["number"] + 1)

    def _next(self, first_step: int, n_steps: int) -> Array:
        done = int(self.state["number"])
        if first_step < done:
            _refuse_earlier(done)
        while done < first_step:  # steps between the calls
            done += len(self._sample(min(self._block, first_step - done)))
        self.state["number"] = np.array(done + n_steps)
        return self._sample(n_steps)

    def _sample(self, n_steps: int) -> Array:
        if not n_steps:
            return np.empty((0, self._size))
        samples = self._dist.sample(n_steps, self._size, self.rng)
        samples *= self._gain
        if self._form is None:
            return samples
        passed = np.empty_like(samples)
        many_rows(self._form, self.state["filter"])(samples, passed)
        return passed


def _refuse_earlier(earliest: int) -> NoReturn:
    do = "call for steps in order, or start again"
    check.fail("Running", "first_step", f"be at least {earliest}", "an earlier one", do)


def _fresh(who: str, dist: Distribution) -> Distribution:
    """Check the distribution of noise; a distribution of fixed samples is refused."""
    do = "pass a distribution such as Gaussian(0, 1)"
    check.instance(who, "dist", dist, Distribution, "a distribution", do)
    if isinstance(dist, Samples):
        check.fail(who, "dist", "give new samples at every step", dist, do)
    return dist


@dataclass(frozen=True, eq=False)
class WhiteNoise(Process):
    r"""White noise: an independent sample in each step, with a power independent of dt.

    .. math:: u_k = \xi_k / \sqrt{dt}, \qquad \xi_k \sim p

    The integral over one second has the variance of p, for any dt.

    Parameters
    ----------
    dist : Distribution
        Distribution p of each coordinate, or of the whole vector.
    scale : bool
        Whether to divide samples by the square root of dt [s].
    seed : int, optional
        Seed of the signal; the signal is then the same wherever the process is used.

    Raises
    ------
    ValueError, TypeError
        If ``dist`` is a distribution of fixed samples, or ``seed`` is out of range.

    See Also
    --------
    FilteredNoise : White noise that is filtered by a synapse.
    WhiteSignal : A periodic signal of limited bandwidth.

    Examples
    --------
    >>> from nefsim.sampling import Uniform
    >>> WhiteNoise(Uniform(-1, 1), scale=False, seed=3).run(0.01, size=2).shape
    (10, 2)
    """

    dist: Distribution = STANDARD_NORMAL
    scale: bool = True
    seed: int | None = None

    def __post_init__(self) -> None:
        self._set(
            dist=_fresh("WhiteNoise", self.dist),
            scale=check.flag("WhiteNoise", "scale", self.scale),
            seed=check.seed("WhiteNoise", self.seed),
        )

    @property
    def size(self) -> int | None:
        return None

    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        size, dt, rng = self._place(size, dt, rng)
        return RunningNoise(self, size, dt, generator_of(self.seed, rng), None)


@dataclass(frozen=True, eq=False)
class FilteredNoise(Process):
    r"""White noise that is filtered by a synapse.

    .. math:: u = h * (\xi / \sqrt{dt}), \qquad \xi_k \sim p

    Parameters
    ----------
    synapse : Synapse or float [s]
        The filter h, at rest before the start; a number is the time constant of a `Lowpass`.
    dist : Distribution
        Distribution p of each coordinate, or of the whole vector.
    scale : bool
        Whether to divide samples by the square root of dt [s].
    seed : int, optional
        Seed of the signal; the signal is then the same wherever the process is used.

    Raises
    ------
    ValueError, TypeError
        If an argument is not a synapse or distribution, or ``seed`` is out of range.

    See Also
    --------
    WhiteNoise : The noise without a filter.

    Examples
    --------
    >>> FilteredNoise(0.1).synapse
    Lowpass(tau=0.1)
    """

    synapse: Synapse | float = 0.005
    dist: Distribution = STANDARD_NORMAL
    scale: bool = True
    seed: int | None = None

    def __post_init__(self) -> None:
        synapse = as_synapse("FilteredNoise", self.synapse)
        if synapse is None:
            do = "pass a synapse such as Lowpass(0.005), or use WhiteNoise"
            check.fail("FilteredNoise", "synapse", "be a synapse", synapse, do, TypeError)
        self._set(
            synapse=synapse,
            dist=_fresh("FilteredNoise", self.dist),
            scale=check.flag("FilteredNoise", "scale", self.scale),
            seed=check.seed("FilteredNoise", self.seed),
        )

    @property
    def size(self) -> int | None:
        return None

    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        size, dt, rng = self._place(size, dt, rng)
        assert isinstance(self.synapse, Synapse)
        return RunningNoise(self, size, dt, generator_of(self.seed, rng), self.synapse.form(dt))
