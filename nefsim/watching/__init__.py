"""Whether the inputs of populations stay within their radius while a simulator runs."""

from nefsim.watching.watch import RadiusWarning, Watch

__all__ = ["RadiusWarning", "Watch"]
