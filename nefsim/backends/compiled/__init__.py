"""The compiled back end: one interpreter, compiled once by numba, runs every network."""

from nefsim.backends.compiled.plan import make_plan
from nefsim.backends.compiled.plans import plan_of
from nefsim.backends.compiled.runner import prepare

__all__ = ["make_plan", "plan_of", "prepare"]
