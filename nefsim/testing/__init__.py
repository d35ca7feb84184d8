"""Laws that every type of a kind obeys, to be called on types of a user.

Each function takes one value, checks the laws of its kind in order, and returns the names of
those that were checked.  The first law that is broken raises :class:`Violation`, which names
the law, the value and the numbers.  Neither pytest nor another package is needed.

>>> import nefsim as nef
>>> laws = nef.testing.check_synapse(nef.Alpha(0.02))
>>> laws[0]
'is a frozen value'
"""

from nefsim.testing.backends import check_backend
from nefsim.testing.laws import Violation
from nefsim.testing.learning import check_rule
from nefsim.testing.neurons import check_neuron_type
from nefsim.testing.processes import check_process
from nefsim.testing.sampling import check_distribution
from nefsim.testing.solvers import check_solver
from nefsim.testing.synapses import check_synapse

__all__ = [
    "Violation",
    "check_backend",
    "check_distribution",
    "check_neuron_type",
    "check_process",
    "check_rule",
    "check_solver",
    "check_synapse",
]
