"""Monitor rates and inputs: whether a step is too long, or inputs exceed the radius in a run."""

from nefsim.watching.rates import warn_of_fast_neurons
from nefsim.watching.watch import RadiusWarning, Watch

__all__ = ["RadiusWarning", "Watch", "warn_of_fast_neurons"]
