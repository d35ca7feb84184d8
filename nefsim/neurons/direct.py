"""Direct mode: functions are computed exactly, without neurons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.neurons.base import Array, NeuronState, NeuronType


@dataclass(frozen=True, eq=False)
class Direct(NeuronType):
    """Direct mode: an ensemble without neurons, which represents values exactly.

    Functions are computed in Python.  Use it to compare a network with one without the noise
    and distortion of neurons.  There are no encoders, rates or decoders, and
    ``ensemble.neurons`` is empty.

    See Also
    --------
    LIF : Neurons that represent the value by spikes.

    Examples
    --------
    >>> Direct() == Direct()
    True
    """

    def rates(self, J: ArrayLike) -> Array:
        """Raise an error, as there are no neurons."""
        del J
        check.fail("Direct.rates", "neuron", "have a rate curve", "Direct", "pass LIF or another")

    def current(self, rates: ArrayLike) -> Array:
        """Raise an error, as there are no neurons."""
        del rates
        check.fail("Direct.current", "neuron", "have a rate curve", "Direct", "pass LIF or another")

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Copy the input to the output."""
        del state, dt, rng
        out[...] = J
