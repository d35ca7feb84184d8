"""Nengo as a referee: the same network, with the same arrays, run by Nengo.

Nothing is solved or drawn there: encoders, gains, biases, decoders and initial states are
handed over, so that the two simulators have to give the same spikes.
"""

from nefsim.nengo.backend import prepare
from nefsim.nengo.translate import to_nengo

__all__ = ["prepare", "to_nengo"]
