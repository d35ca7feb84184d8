"""Classification of handwritten digits by spiking neurons, with decoders from several rules."""

from nefsim.mnist.command import add_options, chosen, report
from nefsim.mnist.experiment import run
from nefsim.mnist.settings import ENCODERS, LEARNED, SOLVED, Settings

__all__ = ["ENCODERS", "LEARNED", "SOLVED", "Settings", "add_options", "chosen", "report", "run"]
