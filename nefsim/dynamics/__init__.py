"""Dynamics: linear systems, delays, and how a population and its synapses become them."""

from nefsim.dynamics.delays import legendre, legendre_readout, lmu, pade, pade_readout
from nefsim.dynamics.realise import Realisation, realise, realise_function
from nefsim.dynamics.statefilter import StateFilter

__all__ = [
    "Realisation",
    "StateFilter",
    "legendre",
    "legendre_readout",
    "lmu",
    "pade",
    "pade_readout",
    "realise",
    "realise_function",
]
