"""Handwritten digits in spikes: one population, and every way to find its decoders."""

from nefsim.mnist.command import add_options, chosen, report
from nefsim.mnist.experiment import run
from nefsim.mnist.settings import ENCODERS, LEARNED, SOLVED, Settings

__all__ = ["ENCODERS", "LEARNED", "SOLVED", "Settings", "add_options", "chosen", "report", "run"]
