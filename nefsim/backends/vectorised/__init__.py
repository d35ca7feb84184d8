"""The NumPy back end: one call runs many similar operations, for many steps where possible."""

from nefsim.backends.vectorised.runner import prepare

__all__ = ["prepare"]
