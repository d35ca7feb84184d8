"""Published figures, run in the protocol of their authors and compared with the published values.

``nefsim reproduce`` lists them, ``nefsim reproduce stdp`` runs one.  A value is reproduced if the
mean over our seeds differs from it by no more than a tolerance that is stated with its reason, or
if it lies in the 95 % interval of our mean.
"""

from nefsim.reproduce.figure import Figure
from nefsim.reproduce.lines import Line
from nefsim.reproduce.running import Report, figures, run

__all__ = ["Figure", "Line", "Report", "figures", "run"]
