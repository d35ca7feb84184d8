"""Where the parameters of a population come from: distributions, unit vectors, random streams."""

from nefsim.sampling.arguments import as_distribution as as_distribution
from nefsim.sampling.arguments import as_samples as as_samples
from nefsim.sampling.base import Distribution
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
    "CosineSimilarity",
    "Distribution",
    "Exponential",
    "Gaussian",
    "Samples",
    "ScatteredHypersphere",
    "SparseGabor",
    "SparsePatches",
    "Uniform",
    "UniformHypersphere",
    "Whitening",
    "unit_vectors",
]
