"""Neuron types; each defines a rate curve, its inverse and a time step."""

from nefsim.neurons.adaptive import AdaptiveLIF, AdaptiveLIFRate
from nefsim.neurons.base import NeuronType
from nefsim.neurons.direct import Direct
from nefsim.neurons.discrete import DiscreteLIF
from nefsim.neurons.inverse import InverseLIF
from nefsim.neurons.izhikevich import Izhikevich
from nefsim.neurons.lif import LIF, LIFRate
from nefsim.neurons.rectified import RectifiedLinear, SpikingRectifiedLinear
from nefsim.neurons.sigmoid import Sigmoid, Tanh
from nefsim.neurons.soft import SoftLIFRate
from nefsim.neurons.spiking import PoissonSpiking, RegularSpiking, StochasticSpiking
from nefsim.neurons.steady import SteadyState

__all__ = [
    "LIF",
    "AdaptiveLIF",
    "AdaptiveLIFRate",
    "Direct",
    "DiscreteLIF",
    "InverseLIF",
    "Izhikevich",
    "LIFRate",
    "NeuronType",
    "PoissonSpiking",
    "RectifiedLinear",
    "RegularSpiking",
    "Sigmoid",
    "SoftLIFRate",
    "SpikingRectifiedLinear",
    "SteadyState",
    "StochasticSpiking",
    "Tanh",
]
