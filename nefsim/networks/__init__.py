"""Functions that add common subnetworks to a network, such as products and integrators.

>>> import nefsim as nef
>>> net = nef.Network(seed=1)
>>> p = nef.networks.product(net, n_neurons=200, dimensions=2)
>>> p.a, p.output
(<node 'product.a'>, <node 'product.output'>)

Each function makes a subnetwork, here ``p.network``, and returns its nodes and populations by
name.  Further arguments, such as ``neuron_type``, go to ``net.ensemble`` for the populations.
Connect to the subnetwork's input nodes with ``synapse=None``, since they filter their values on
the way to populations; connect from its output nodes with a synapse.
"""

from nefsim.networks.actions import BasalGanglia, Thalamus, basal_ganglia, thalamus
from nefsim.networks.adaptive import AdaptiveControl, adaptive_control
from nefsim.networks.arrays import EnsembleArray, ensemble_array
from nefsim.networks.attractors import Attractor, attractor
from nefsim.networks.convolution import circular_convolution
from nefsim.networks.decision import Decision, decision
from nefsim.networks.delays import Delay, delay
from nefsim.networks.integrators import ControlledIntegrator, controlled_integrator, integrator
from nefsim.networks.memory import (
    AssociativeMemory,
    InputGatedMemory,
    associative_memory,
    input_gated_memory,
)
from nefsim.networks.oscillators import controlled_oscillator, lorenz, oscillator
from nefsim.networks.products import (
    Combination,
    Product,
    dot_product,
    matrix_product,
    product,
)
from nefsim.networks.reservoirs import Reservoir, reservoir
from nefsim.networks.selection import WinnerTakeAll, thresholding, winner_take_all
from nefsim.networks.systems import System, system

__all__ = [
    "AdaptiveControl",
    "AssociativeMemory",
    "Attractor",
    "BasalGanglia",
    "Combination",
    "ControlledIntegrator",
    "Decision",
    "Delay",
    "EnsembleArray",
    "InputGatedMemory",
    "Product",
    "Reservoir",
    "System",
    "Thalamus",
    "WinnerTakeAll",
    "adaptive_control",
    "associative_memory",
    "attractor",
    "basal_ganglia",
    "circular_convolution",
    "controlled_integrator",
    "controlled_oscillator",
    "decision",
    "delay",
    "dot_product",
    "ensemble_array",
    "input_gated_memory",
    "integrator",
    "lorenz",
    "matrix_product",
    "oscillator",
    "product",
    "reservoir",
    "system",
    "thalamus",
    "thresholding",
    "winner_take_all",
]
