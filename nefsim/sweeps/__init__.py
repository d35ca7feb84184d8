"""Sweeps over parameters and seeds, on one machine or many, that go on after a crash."""

from nefsim.sweeps.builds import Builds
from nefsim.sweeps.sweep import Sweep, sweep
from nefsim.sweeps.trials import Trials

__all__ = ["Builds", "Sweep", "Trials", "sweep"]
