"""Where the error of a network comes from, and how many neurons an error needs."""

from nefsim.budget.report import Budget, ErrorParts, PopulationReach
from nefsim.budget.survey import error_budget

__all__ = ["Budget", "ErrorParts", "PopulationReach", "error_budget"]
