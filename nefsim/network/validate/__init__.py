"""Check the arguments of the methods of a network."""

from nefsim.network.validate.connections import connection
from nefsim.network.validate.ensembles import ensemble
from nefsim.network.validate.nodes import node
from nefsim.network.validate.probes import probe
from nefsim.network.validate.runs import run_inputs, run_probes

__all__ = ["connection", "ensemble", "node", "probe", "run_inputs", "run_probes"]
