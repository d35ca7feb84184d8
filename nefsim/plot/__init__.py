"""Figures of populations: tuning curves, spikes, decoded values, weights, learning, networks.

Pass plain arrays to each function, or a simulator or result with one of its probes, ensembles
or connections.  Functions draw on the axes ``ax``, or on a new figure if it is None, and return
the axes.  Matplotlib is imported when a figure is drawn; its settings are not changed.
"""

from nefsim.plot.budget import error_budget
from nefsim.plot.decoding import decoded, decoding_error
from nefsim.plot.learning import (
    confusion_matrix,
    learning_curve,
    stdp_curve,
    weight_histogram,
)
from nefsim.plot.network import network
from nefsim.plot.similarity import similarities, similarity_map
from nefsim.plot.spectra import spectrum
from nefsim.plot.spikes import raster
from nefsim.plot.sweep import sweep
from nefsim.plot.tuning import tuning_curves, tuning_surface
from nefsim.plot.weights import weight_matrix

__all__ = [
    "confusion_matrix",
    "decoded",
    "decoding_error",
    "error_budget",
    "learning_curve",
    "network",
    "raster",
    "similarities",
    "similarity_map",
    "spectrum",
    "stdp_curve",
    "sweep",
    "tuning_curves",
    "tuning_surface",
    "weight_histogram",
    "weight_matrix",
]
