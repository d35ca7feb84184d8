"""The schedule, size and cost of a network, estimated before it is built."""

from nefsim.describe.description import Cost, Description, Stretch
from nefsim.describe.survey import describe

__all__ = ["Cost", "Description", "Stretch", "describe"]
