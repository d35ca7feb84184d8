"""Simulation of spiking neural networks that compute functions, by the NEF.

A network is built by its methods, without a ``with`` block, and run by a simulator:

>>> import numpy as np
>>> import nefsim as nef
>>> net = nef.Network(seed=1)
>>> stimulus = net.node(np.sin)
>>> a = net.ensemble(n_neurons=50, dimensions=1)
>>> b = net.ensemble(n_neurons=50, dimensions=1)
>>> c1 = net.connect(stimulus, a)
>>> c2 = net.connect(a, b, function=np.square, synapse=0.01)
>>> y = net.probe(b, synapse=0.03)
>>> sim = nef.Simulator(net)
>>> sim.run(0.5)
>>> sim.data[y].shape
(500, 1)

Names of the package ``nef``:

=====================  ==================================================================
Network                ``node``, ``ensemble``, ``connect``, ``probe``, ``subnetwork``
Simulator, Result      the run of a network, and the records of its probes
neuron types           LIF, LIFRate, AdaptiveLIF, RectifiedLinear, Sigmoid, Izhikevich, ...
synapses               Lowpass, Alpha, DoubleExp, Triangle, Box, Highpass, ...
distributions          Uniform, Gaussian, Choice, UniformHypersphere, Samples, ...
processes              WhiteSignal, WhiteNoise, FilteredNoise, PresentInput, Piecewise
solvers                LstsqL2, LstsqL1, Nnls, Softmax, ...
learning rules         PES, HPES, Voja, BCM, Oja, RLS, ...
functions of arrays    gain_bias, tuning_curves, solve_decoders, connection_weights, ...
base classes           NeuronType, Synapse, Solver, Distribution, Process, LearningRule
citations              BibTeX of the publications behind a model
crosscheck             compare two back ends spike for spike
sweep                  a function at many parameters and seeds, on one machine or many
load_network           a network from the file of ``net.save``
partition              which process runs which population, with the back end "mpi"
error_budget           where errors come from; ``size_for`` finds how many neurons one takes
=====================  ==================================================================

Subpackages, imported at first use:

=====================  ==================================================================
nef.plot               tuning curves, rasters, decoded values, weights, spectra, networks
nef.analysis           measures of learning: errors, classes, weights
nef.datasets           handwritten digits
nef.dynamics           linear systems, delays, and how populations become them
nef.networks           ready networks: products, memories, basal ganglia, oscillators, ...
nef.spa                semantic pointers: vocabularies, binding, cleanup, rules, spaces
nef.gym                networks that act in environments of gymnasium
nef.io                 nodes that exchange samples with programs and devices (UDP, serial, ...)
nef.nengo              runs Nengo models; ``from_nengo``, ``to_nengo``
nef.view               a network in the browser (extra ``view``)
nef.train              training of spiking networks with PyTorch (extra ``train``)
nef.convert            conversion of trained ReLU networks to spiking ones (extra ``train``)
nef.nir                NIR graphs (extra ``nir``)
nef.sklearn            populations as estimators of scikit-learn (extra ``sklearn``)
nef.mnist              the experiment with handwritten digits
nef.reproduce          published figures, run beside the published values
nef.typing             names of the types of arguments, such as ``SynapseLike``
nef.sweeps             results of ``sweep``, and ``Trials`` and ``Builds``, tasks for many seeds
nef.testing            laws for types of a user: ``check_neuron_type``, ``check_synapse``, ...
=====================  ==================================================================
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nefsim import (
    _habits,
    encoding,
    learning,
    network,
    neurons,
    processes,
    sampling,
    solvers,
    synapses,
)
from nefsim import analysis as analysis
from nefsim import datasets as datasets
from nefsim.backends import BackendUnavailable
from nefsim.budget import decoded_points, error_budget, saturation, size_for, svd_basis
from nefsim.citations import citations
from nefsim.crosscheck import crosscheck
from nefsim.deadlines import Deadlines, RealTimeWarning
from nefsim.describe import describe
from nefsim.encoding import *
from nefsim.learning import *
from nefsim.lowering import suggest_learning_rate
from nefsim.models import load_network
from nefsim.network import *
from nefsim.neurons import *
from nefsim.partition import partition
from nefsim.processes import *
from nefsim.result import Result
from nefsim.sampling import *
from nefsim.simulator import Simulator
from nefsim.solvers import *
from nefsim.synapses import *
from nefsim.watching import RadiusWarning

__version__ = "0.2.0"

# The names of a subpackage's ``__all__`` are names of the package.
__all__ = ["BackendUnavailable", "Deadlines", "RadiusWarning", "RealTimeWarning", "Result"]
__all__ += ["Simulator"]
__all__ += [
    "citations",
    "crosscheck",
    "decoded_points",
    "describe",
    "error_budget",
    "saturation",
    "size_for",
]
__all__ += ["load_network", "partition", "suggest_learning_rate", "svd_basis", "sweep"]
__all__ += encoding.__all__
__all__ += learning.__all__
__all__ += network.__all__
__all__ += neurons.__all__
__all__ += processes.__all__
__all__ += sampling.__all__
__all__ += solvers.__all__
__all__ += synapses.__all__

#: Subpackages that are imported at first use.
_ROOMS = (
    "convert",
    "dynamics",
    "gym",
    "io",
    "mnist",
    "nengo",
    "networks",
    "nir",
    "plot",
    "reproduce",
    "sklearn",
    "spa",
    "sweeps",
    "testing",
    "train",
    "typing",
    "view",
)

if TYPE_CHECKING:
    from nefsim import convert as convert
    from nefsim import dynamics as dynamics
    from nefsim import gym as gym
    from nefsim import io as io
    from nefsim import mnist as mnist
    from nefsim import nengo as nengo
    from nefsim import networks as networks
    from nefsim import nir as nir
    from nefsim import plot as plot
    from nefsim import reproduce as reproduce
    from nefsim import sklearn as sklearn
    from nefsim import spa as spa
    from nefsim import sweeps as sweeps
    from nefsim import testing as testing
    from nefsim import train as train
    from nefsim import typing as typing
    from nefsim import view as view
    from nefsim.sweeps import sweep as sweep
else:

    def __getattr__(name: str) -> Any:
        """Import a subpackage or function; for other names raise an error with advice."""
        if name == "sweep":  # imported at first use, as its imports take some milliseconds
            return import_module("nefsim.sweeps").sweep
        if name in _ROOMS:
            try:
                return import_module(f"nefsim.{name}")
            except ImportError as error:  # `hasattr` and `help` accept no other error
                raise AttributeError(str(error), name=name) from error
        names = [*__all__, *_ROOMS]
        message = _habits.attribute("nefsim", name, _habits.OF_PACKAGE, names)
        raise AttributeError(message, name=name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS} - {"Any", "TYPE_CHECKING", "import_module"})
