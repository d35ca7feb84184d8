"""The reference back end in NumPy: similar operations run as one, for many steps at a time."""

from nefsim.backends.vectorised.runner import prepare

__all__ = ["prepare"]
