"""Types of arguments, for annotations of a user.

=================  ======================================================================
ArrayLike          numbers, nested lists and arrays, as NumPy has it
DistributionLike   a distribution, or the samples themselves
FunctionLike       a function of x, or its values at the evaluation points
OutputLike         the output of a node: a function, a process, a constant, or None
RuleLike           a learning rule, or several by number or by name
SynapseLike        a synapse, the time constant of a lowpass [s], or None
TransformLike      a factor, a vector of factors, a matrix, or a sparse array of SciPy
=================  ======================================================================

Examples
--------
>>> from nefsim.typing import SynapseLike
>>> import nefsim as nef
>>> def delayed(net: nef.Network, synapse: SynapseLike) -> nef.Node:
...     node = net.node(size_in=1)
...     net.connect(net.node(0.5), node, synapse=synapse)
...     return node
"""

from numpy.typing import ArrayLike

from nefsim.network.objects import FunctionLike, OutputLike, RuleLike, TransformLike
from nefsim.sampling import DistributionLike
from nefsim.synapses import SynapseLike

__all__ = [
    "ArrayLike",
    "DistributionLike",
    "FunctionLike",
    "OutputLike",
    "RuleLike",
    "SynapseLike",
    "TransformLike",
]
