"""Nengo and nefsim: Nengo networks run in nefsim, and nefsim networks are checked in Nengo.

``Simulator`` replaces ``nengo.Simulator``, and ``from_nengo`` converts a Nengo network.  The
back end "nengo" and ``to_nengo`` pass encoders, gains, biases, decoders and initial states to
Nengo, which solves and draws nothing; so both simulators must give the same spikes.
"""

from nefsim.nengo.backend import prepare
from nefsim.nengo.reading import from_nengo
from nefsim.nengo.simulator import Simulator
from nefsim.nengo.translate import to_nengo

__all__ = ["Simulator", "from_nengo", "prepare", "to_nengo"]
