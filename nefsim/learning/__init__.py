"""Learning rules: equations for the change of weights during a simulation."""

from nefsim.learning.base import Hebbian, LearningRule
from nefsim.learning.base import Trace as Trace
from nefsim.learning.hpes import HPES
from nefsim.learning.supervised import PES, RLS, Association, DeltaRule
from nefsim.learning.unsupervised import BCM, Oja, Sanger, Voja

__all__ = [
    "BCM",
    "HPES",
    "PES",
    "RLS",
    "Association",
    "DeltaRule",
    "Hebbian",
    "LearningRule",
    "Oja",
    "Sanger",
    "Voja",
]
