"""Figures of populations: tuning curves, spikes, decoded values, weights, learning, networks.

Pass plain arrays to each function, or a simulator or result with one of its probes, ensembles
or connections.  Functions draw on the axes ``ax``, or on a new figure if it is None, and return
the axes.  Matplotlib is imported when a figure is drawn; its settings are not changed.
"""

from typing import TYPE_CHECKING

from nefsim import _habits
from nefsim.plot.animation import animate
from nefsim.plot.budget import error_budget
from nefsim.plot.decoding import decoded, decoding_error
from nefsim.plot.learning import (
    confusion_matrix,
    learning_curve,
    stdp_curve,
    weight_histogram,
)
from nefsim.plot.membrane import voltages
from nefsim.plot.network import network
from nefsim.plot.overview import overview
from nefsim.plot.phase import phase
from nefsim.plot.rates import intervals, population_rate, psth
from nefsim.plot.similarity import rate_map, similarities, similarity_map
from nefsim.plot.spectra import spectrum
from nefsim.plot.spikes import raster
from nefsim.plot.sweep import sweep
from nefsim.plot.timing import deadlines
from nefsim.plot.tuning import tuning_curves, tuning_surface
from nefsim.plot.weights import weight_matrix, weights_over_time

__all__ = [
    "animate",
    "confusion_matrix",
    "deadlines",
    "decoded",
    "decoding_error",
    "error_budget",
    "intervals",
    "learning_curve",
    "network",
    "overview",
    "phase",
    "population_rate",
    "psth",
    "raster",
    "rate_map",
    "similarities",
    "similarity_map",
    "spectrum",
    "stdp_curve",
    "sweep",
    "tuning_curves",
    "tuning_surface",
    "voltages",
    "weight_histogram",
    "weight_matrix",
    "weights_over_time",
]

if not TYPE_CHECKING:  # or mypy would take any name

    def __getattr__(name: str) -> object:
        """Raise an error with advice, as there are no other names."""
        raise AttributeError(_habits.attribute("nefsim.plot", name, {}, __all__), name=name)
