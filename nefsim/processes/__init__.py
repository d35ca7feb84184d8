"""Processes: signals over time, such as noise, random signals and lists of inputs."""

from nefsim.processes.base import Process
from nefsim.processes.base import Running as Running
from nefsim.processes.noise import FilteredNoise, WhiteNoise
from nefsim.processes.piecewise import Piecewise
from nefsim.processes.present import PresentInput
from nefsim.processes.signal import FourierSignal, WhiteSignal

__all__ = [
    "FilteredNoise",
    "FourierSignal",
    "Piecewise",
    "PresentInput",
    "Process",
    "WhiteNoise",
    "WhiteSignal",
]
