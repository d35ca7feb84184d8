"""Linear systems and delays, and the connections by which a population computes them."""

from nefsim.dynamics.delays import legendre, legendre_readout, lmu, pade, pade_readout
from nefsim.dynamics.functions import Feedback as Feedback
from nefsim.dynamics.functions import realise_function
from nefsim.dynamics.realise import Realisation as Realisation
from nefsim.dynamics.realise import realise
from nefsim.dynamics.reduction import gramians, hankel_values, truncate
from nefsim.dynamics.statefilter import StateFilter
from nefsim.dynamics.system import LinearSystem
from nefsim.dynamics.temporal import optimal_filter, temporal_decoders, temporal_solver
from nefsim.dynamics.trajectory import Trajectory, state_scale

__all__ = [
    "LinearSystem",
    "StateFilter",
    "Trajectory",
    "gramians",
    "hankel_values",
    "legendre",
    "legendre_readout",
    "lmu",
    "optimal_filter",
    "pade",
    "pade_readout",
    "realise",
    "realise_function",
    "state_scale",
    "temporal_decoders",
    "temporal_solver",
    "truncate",
]
