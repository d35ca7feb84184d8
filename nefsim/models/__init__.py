"""Model files: networks as an archive of JSON and arrays, which any program can read."""

from nefsim.models.contents import contents, lines
from nefsim.models.format import ENDING
from nefsim.models.read import load_network
from nefsim.models.write import save_network
from nefsim.network import Network

__all__ = ["ENDING", "contents", "lines", "load_network", "save_network"]

Network._write = save_network
