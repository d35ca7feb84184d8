"""Synapses: linear time-invariant filters, discretised once by zero-order hold."""

from nefsim.synapses.bands import Bandpass, Highpass
from nefsim.synapses.base import Series, Sum, Synapse
from nefsim.synapses.lowpass import Alpha, DoubleExp, Lowpass, as_synapse
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
    "Series",
    "Sum",
    "Synapse",
    "Triangle",
    "as_synapse",
]
