"""The settings of a network that is timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from given import Given

import nefsim as nef


@dataclass(frozen=True)
class Model:
    """A network, the model time of its runs, and its simulators.

    ``quick`` and ``watched`` are the seconds of a quick run and of the one whose spikes are
    compared.  ``chains`` are the numbers for plain C: chains, neurons, neurons, synapse.  Where a
    network is ``large``, simulators are timed on both cores as well.  ``native`` says whether
    Nengo also draws and solves a version of its own, for its time to the first result and its
    memory.  Where ``by_step``, each step is a call of ``step()``.  Nengo needs SciPy where
    weights are ``sparse``.
    """

    describe: Callable[..., None]
    seconds: float
    quick: float
    watched: float | None = None
    nengo: bool = True
    brian: bool = True
    chains: tuple[int, int, int, float] | None = None
    batch: int | None = None
    large: bool = False
    shares_arrays: bool = False
    needs: str | None = None
    native: bool = True
    by_step: bool = False
    sparse: bool = False

    def make(self, arrays: Path | None = None, **arguments: Any) -> nef.Network:
        """The network; with arrays that :func:`given.keep` wrote it is not solved again."""
        net = nef.Network(seed=1)
        self.describe(net if arrays is None else Given(net, arrays), **arguments)
        return net

    @property
    def missing(self) -> str | None:
        """The feature that this version of nefsim lacks for the network."""
        return self.needs if self.needs and not hasattr(nef, self.needs) else None
