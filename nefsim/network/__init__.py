"""The description of a model: its objects and their connections, before any array is made."""

from nefsim.network.direct import direct_mode
from nefsim.network.network import Network
from nefsim.network.objects import Connection, Ensemble, Node, Probe
from nefsim.network.objects import Learning as Learning
from nefsim.network.objects import Neurons as Neurons
from nefsim.network.objects import View as View

__all__ = ["Connection", "Ensemble", "Network", "Node", "Probe", "direct_mode"]
