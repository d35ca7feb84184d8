"""The sources of a network's error, and the number of neurons that a desired error requires."""

from nefsim.budget.basis import Basis, svd_basis
from nefsim.budget.beyond import saturation
from nefsim.budget.points import DecodedPoints, decoded_points
from nefsim.budget.report import Budget, ErrorParts, PopulationReach
from nefsim.budget.size import size_for
from nefsim.budget.survey import error_budget
from nefsim.budget.task import Size

__all__ = [
    "Basis",
    "Budget",
    "DecodedPoints",
    "ErrorParts",
    "PopulationReach",
    "Size",
    "decoded_points",
    "error_budget",
    "saturation",
    "size_for",
    "svd_basis",
]
