"""Model files: a network as JSON and arrays in one archive, to be read by any program."""

from nefsim.models.contents import contents, lines
from nefsim.models.format import ENDING
from nefsim.models.read import load_network
from nefsim.models.write import save_network
from nefsim.network import Network

__all__ = ["ENDING", "contents", "lines", "load_network", "save_network"]

Network._write = save_network
