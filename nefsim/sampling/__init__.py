"""Where the parameters of a population come from: distributions, unit vectors, random streams."""

from nefsim.sampling.arguments import as_distribution, as_samples
from nefsim.sampling.base import Distribution
from nefsim.sampling.distributions import (
    Choice,
    Constant,
    Exponential,
    Gaussian,
    Samples,
    Uniform,
)
from nefsim.sampling.sphere import (
    CosineSimilarity,
    ScatteredHypersphere,
    UniformHypersphere,
    unit_vectors,
)
from nefsim.sampling.streams import stream

__all__ = [
    "Choice",
    "Constant",
    "CosineSimilarity",
    "Distribution",
    "Exponential",
    "Gaussian",
    "Samples",
    "ScatteredHypersphere",
    "Uniform",
    "UniformHypersphere",
    "as_distribution",
    "as_samples",
    "stream",
    "unit_vectors",
]
