"""The reference back end: like operations of a program as one in NumPy, many steps at a time."""

from nefsim.backends.vectorised.runner import prepare

__all__ = ["prepare"]
