"""Synapses: linear time-invariant filters, discretised by zero-order hold."""

from nefsim.synapses.bands import Bandpass, Highpass
from nefsim.synapses.base import Series as Series
from nefsim.synapses.base import Sum as Sum
from nefsim.synapses.base import Synapse
from nefsim.synapses.base import SynapseLike as SynapseLike
from nefsim.synapses.elements import PerElement
from nefsim.synapses.lowpass import Alpha, DoubleExp, Lowpass
from nefsim.synapses.lowpass import as_synapse as as_synapse
from nefsim.synapses.rational import LinearFilter
from nefsim.synapses.taps import Box, Delay, Triangle

__all__ = [
    "Alpha",
    "Bandpass",
    "Box",
    "Delay",
    "DoubleExp",
    "Highpass",
    "LinearFilter",
    "Lowpass",
    "PerElement",
    "Synapse",
    "Triangle",
]
