"""Run Nengo networks in nefsim, and check nefsim networks in Nengo.

``Simulator`` replaces ``nengo.Simulator``; ``from_nengo`` converts a Nengo network to one of
nefsim; ``describe`` estimates the size and cost of one before it is built.  In the other
direction, ``to_nengo`` and the back end "nengo" pass the encoders, gains, biases, decoders and
initial states of a nefsim network to Nengo, so that both simulators must give the same spikes.
"""

from nefsim.nengo.backend import prepare
from nefsim.nengo.reading import from_nengo
from nefsim.nengo.simulator import Simulator
from nefsim.nengo.survey import Survey, describe
from nefsim.nengo.translate import to_nengo

__all__ = ["Simulator", "Survey", "describe", "from_nengo", "prepare", "to_nengo"]
