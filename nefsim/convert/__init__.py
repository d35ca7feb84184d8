"""Trained ReLU networks as spiking networks (needs PyTorch, the extra ``train``)."""

from importlib.util import find_spec

from nefsim.backends import BackendUnavailable

if not find_spec("torch"):
    raise BackendUnavailable(
        "nefsim.convert: torch must be installed, got none; "
        'pip install "nefsim[train]", or work on another machine.'
    )

from nefsim.convert.base import Converted, LayerError, Report
from nefsim.convert.qcfs import QCFS
from nefsim.convert.rate import RateConverted, qcfs, rate
from nefsim.convert.spikes import SpikeConverted, spikeconverter

__all__ = [
    "QCFS",
    "Converted",
    "LayerError",
    "RateConverted",
    "Report",
    "SpikeConverted",
    "qcfs",
    "rate",
    "spikeconverter",
]
