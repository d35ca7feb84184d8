"""Conversion of trained ReLU networks to spiking networks.

Needs the extra ``train``: ``pip install torch``.
"""

from nefsim.convert import _torch  # noqa: F401  (first, for its message about PyTorch)
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
