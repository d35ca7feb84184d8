"""Build a network: draw its encoders and biases, solve for its decoders, order its operations."""

from nefsim.lowering.arrays import BuiltConnection, BuiltEnsemble
from nefsim.lowering.built import Built
from nefsim.lowering.lower import build
from nefsim.lowering.stability import suggest_learning_rate

__all__ = ["Built", "BuiltConnection", "BuiltEnsemble", "build", "suggest_learning_rate"]
