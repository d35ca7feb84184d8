"""Train spiking networks by gradient descent in PyTorch, and export them to networks of nefsim.

Needs the extra ``train``: ``pip install torch``.
"""

from typing import TYPE_CHECKING

from nefsim import _habits
from nefsim.train import _torch  # noqa: F401  (first, for its message about PyTorch)
from nefsim.train.checkpoints import load, save
from nefsim.train.encoders import jittered, latency, poisson
from nefsim.train.export import Exported, to_network
from nefsim.train.fit import Batches, History, accuracy, fit
from nefsim.train.layers import DirectEncoding, Dropout, Layers, Vote
from nefsim.train.losses import count_loss, decide, mean_spike_loss, rate_loss
from nefsim.train.nef import NEF
from nefsim.train.neurons import IF, LIF, PLIF, SoftLIF, Stateful
from nefsim.train.plots import plot_surrogate
from nefsim.train.snap import snap
from nefsim.train.snu import SNU
from nefsim.train.summary import Summary, summary
from nefsim.train.surrogates import (
    SURROGATES,
    Surrogate,
    arctan,
    boxcar,
    fast_sigmoid,
    heaviside,
    sigmoid,
    straight_through,
    tanh,
    triangular,
)

__all__ = [
    "IF",
    "LIF",
    "NEF",
    "PLIF",
    "SNU",
    "SURROGATES",
    "Batches",
    "DirectEncoding",
    "Dropout",
    "Exported",
    "History",
    "Layers",
    "SoftLIF",
    "Stateful",
    "Summary",
    "Surrogate",
    "Vote",
    "accuracy",
    "arctan",
    "boxcar",
    "count_loss",
    "decide",
    "fast_sigmoid",
    "fit",
    "heaviside",
    "jittered",
    "latency",
    "load",
    "mean_spike_loss",
    "plot_surrogate",
    "poisson",
    "rate_loss",
    "save",
    "sigmoid",
    "snap",
    "straight_through",
    "summary",
    "tanh",
    "to_network",
    "triangular",
]

if not TYPE_CHECKING:  # or mypy would take any name

    def __getattr__(name: str) -> object:
        """Raise an error with advice, as there are no other names."""
        raise AttributeError(
            _habits.attribute("nefsim.train", name, _habits.OF_TRAIN, __all__), name=name
        )
