"""Networks: nodes, ensembles, connections and probes, before they are built and simulated."""

from nefsim.network.direct import direct_mode
from nefsim.network.network import Network
from nefsim.network.objects import Connection, Ensemble, Node, Probe
from nefsim.network.objects import Learning as Learning
from nefsim.network.objects import Neurons as Neurons
from nefsim.network.objects import View as View

__all__ = ["Connection", "Ensemble", "Network", "Node", "Probe", "direct_mode"]
