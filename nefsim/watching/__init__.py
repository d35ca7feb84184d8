"""Monitor whether the inputs of populations stay within their radius during a run."""

from nefsim.watching.watch import RadiusWarning, Watch

__all__ = ["RadiusWarning", "Watch"]
