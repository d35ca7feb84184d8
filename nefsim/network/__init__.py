"""The description of a model: its objects and their connections, before any array is made."""

from nefsim.network.direct import direct_mode
from nefsim.network.network import Network
from nefsim.network.objects import Connection, Ensemble, Learning, Neurons, Node, Probe, View

__all__ = [
    "Connection",
    "Ensemble",
    "Learning",
    "Network",
    "Neurons",
    "Node",
    "Probe",
    "View",
    "direct_mode",
]
