"""Nengo both ways: its networks run in nefsim, and ours are checked in Nengo.

``Simulator`` takes the place of ``nengo.Simulator``.  As a referee nothing is solved or drawn
in Nengo: encoders, gains, biases, decoders and initial states are handed over, so that the
two simulators have to give the same spikes.
"""

from nefsim.nengo.backend import prepare
from nefsim.nengo.reading import from_nengo
from nefsim.nengo.simulator import Simulator
from nefsim.nengo.translate import to_nengo

__all__ = ["Simulator", "from_nengo", "prepare", "to_nengo"]
