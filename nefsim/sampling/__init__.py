"""Distributions for the parameters of populations, unit vectors, and random streams."""

from nefsim.sampling.arguments import as_distribution as as_distribution
from nefsim.sampling.arguments import as_samples as as_samples
from nefsim.sampling.base import Distribution
from nefsim.sampling.base import DistributionLike as DistributionLike
from nefsim.sampling.composed import Copula, Mixture, Tile
from nefsim.sampling.distributions import (
    Choice,
    Exponential,
    Gaussian,
    Samples,
    Uniform,
)
from nefsim.sampling.distributions import Constant as Constant
from nefsim.sampling.examples import CIW, ConstrainedDifference
from nefsim.sampling.images import SparseGabor, SparsePatches
from nefsim.sampling.points import Leech, Orthogonal, ScatteredCube
from nefsim.sampling.sphere import (
    CosineSimilarity,
    ScatteredHypersphere,
    UniformHypersphere,
    unit_vectors,
)
from nefsim.sampling.streams import stream as stream
from nefsim.sampling.whitening import Whitening

__all__ = [
    "CIW",
    "Choice",
    "ConstrainedDifference",
    "Copula",
    "CosineSimilarity",
    "Distribution",
    "Exponential",
    "Gaussian",
    "Leech",
    "Mixture",
    "Orthogonal",
    "Samples",
    "ScatteredCube",
    "ScatteredHypersphere",
    "SparseGabor",
    "SparsePatches",
    "Tile",
    "Uniform",
    "UniformHypersphere",
    "Whitening",
    "unit_vectors",
]
