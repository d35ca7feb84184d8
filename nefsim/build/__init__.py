"""From a network to a program: arrays drawn and solved, operations put in order."""

from nefsim.build.arrays import BuiltConnection, BuiltEnsemble
from nefsim.build.lower import Built, build
from nefsim.build.stability import suggest_learning_rate

__all__ = ["Built", "BuiltConnection", "BuiltEnsemble", "build", "suggest_learning_rate"]
