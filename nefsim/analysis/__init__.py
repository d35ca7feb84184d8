"""Measures of learning: weights, errors, classes and spike-timing dependent plasticity.

Most functions take plain arrays, such as ``sim.data[connection].weights`` or ``sim.data[probe]``.
"""

from nefsim.analysis.classes import accuracy, classify, confusion_matrix
from nefsim.analysis.errors import confidence_interval, learning_curve, nrmse, relative_error, rmse
from nefsim.analysis.neurobench import neurobench
from nefsim.analysis.rates import interval_rates, kernel_rates
from nefsim.analysis.timing import PairwiseBCM, frequency_curve, stdp_curve, stdp_fit
from nefsim.analysis.weights import gini, weight_histogram

__all__ = [
    "PairwiseBCM",
    "accuracy",
    "classify",
    "confidence_interval",
    "confusion_matrix",
    "frequency_curve",
    "gini",
    "interval_rates",
    "kernel_rates",
    "learning_curve",
    "neurobench",
    "nrmse",
    "relative_error",
    "rmse",
    "stdp_curve",
    "stdp_fit",
    "weight_histogram",
]
