"""What a network will be before it is built: its schedule, its size and its cost."""

from nefsim.describe.description import Cost, Description, Stretch
from nefsim.describe.survey import describe

__all__ = ["Cost", "Description", "Stretch", "describe"]
