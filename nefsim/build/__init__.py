"""From a network to a program: arrays drawn and solved, operations put in order."""

from nefsim.build.arrays import BuiltConnection, BuiltEnsemble
from nefsim.build.lower import Built, build

__all__ = ["Built", "BuiltConnection", "BuiltEnsemble", "build"]
