"""Fields of values: numbers become floats, lists become arrays or tuples that cannot change."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import analysis, datasets, dynamics, sampling, solvers
from nefsim.sampling import Distribution
from nefsim.synapses import Synapse

ROWS = [[1, 0], [0, 1]]
IMAGES = [[[1, 0], [0, 1]], [[0, 1], [1, 1]]]
ARRAY, NONE = np.ndarray, type(None)

#: A type, arguments of other kinds than those that it stores, and the kinds of its fields.
CASES: list[tuple[Any, tuple[Any, ...], tuple[type, ...]]] = [
    (sampling.Constant, (1,), (float,)),
    (nef.Uniform, (0, 1), (float, float)),
    (nef.Gaussian, (0, 1), (float, float)),
    (nef.Exponential, (1, 0, 2), (float, float, float)),
    (nef.Choice, ([1, 2], [1, 1]), (ARRAY, ARRAY)),
    (nef.Samples, ([1, 2],), (ARRAY,)),
    (nef.Mixture, ([nef.Uniform(0, 1)], [1]), (tuple, ARRAY)),
    (sampling.Copula, ([nef.Uniform(0, 1)], [[1]]), (tuple, ARRAY)),
    (sampling.Tile, ([1, 2],), (ARRAY,)),
    (nef.UniformHypersphere, (np.True_, 0), (bool, float)),
    (nef.ScatteredHypersphere, (np.True_,), (bool,)),
    (nef.ScatteredCube, (0, 1), (float, float, str)),
    (nef.CosineSimilarity, (np.int64(3),), (int,)),
    (nef.CIW, (IMAGES, [0, 1], np.int64(1)), (ARRAY, ARRAY, int)),
    (nef.ConstrainedDifference, (IMAGES, [0, 1], np.int64(1)), (ARRAY, ARRAY, int)),
    (nef.SparsePatches, ([3, 4], np.int64(2)), (tuple, int)),
    (nef.SparseGabor, ([3, 4], np.int64(2), [0, 1], 1), (tuple, int, tuple, float)),
    (nef.Whitening, ([0, 0], ROWS), (ARRAY, ARRAY)),
    (nef.WhiteNoise, (nef.Uniform(0, 1), np.True_, np.int64(1)), (Distribution, bool, int)),
    (
        nef.FilteredNoise,
        (0.1, nef.Uniform(0, 1), np.True_, np.int64(1)),
        (Synapse, Distribution, bool, int),
    ),
    (nef.WhiteSignal, (1, 2, 1, 0, np.int64(1)), (float, float, float, float, int)),
    (nef.FourierSignal, (1, 2, 1, np.int64(1)), (float, float, float, int)),
    (nef.PresentInput, ([1, 2], 1, 0), (ARRAY, float, float)),
    (nef.Piecewise, ({1: [1, 2], 0: [0, 1]},), (dict, str, int)),
    (solvers.LstsqL2, (1, np.True_), (float, bool)),
    (solvers.LstsqL2nz, (1, np.True_), (float, bool)),
    (solvers.Lstsq, (0, np.True_), (float, bool)),
    (solvers.PseudoInverse, (0, np.True_), (float, bool)),
    (solvers.LstsqNoise, (1, solvers.LstsqL2(), np.True_), (float, solvers.Solver, bool)),
    (solvers.LstsqMultNoise, (1, solvers.LstsqL2(), np.True_), (float, solvers.Solver, bool)),
    (solvers.Nnls, (np.True_,), (bool,)),
    (solvers.NnlsL2, (1, np.True_), (float, bool)),
    (solvers.LstsqL1, (1, 1, np.True_), (float, float, bool)),
    (
        solvers.LstsqDrop,
        (0, solvers.LstsqL2(), solvers.LstsqL2(), np.True_),
        (float, solvers.Solver, solvers.Solver, bool),
    ),
    (solvers.LstsqWeighted, ([1, 2], 1, np.True_), (ARRAY, float, bool)),
    (solvers.Softmax, (1, np.True_), (float, bool)),
    (solvers.Dale, (1, 1, np.int64(0), np.True_), (float, float, int, bool)),
    (solvers.NoSolver, (ROWS, np.True_), (ARRAY, bool)),
    (
        solvers.NoiseMatched,
        ("regular", np.True_, 1, 1),
        (str, bool, Synapse, float, NONE),
    ),
    (dynamics.LinearSystem, (ROWS, [1, 1], [1, 1], 0, 1), (ARRAY, ARRAY, ARRAY, ARRAY, float)),
    (dynamics.LinearSystem, (ROWS, [1, 1]), (ARRAY, ARRAY, ARRAY, ARRAY, NONE)),
    (dynamics.StateFilter, (ROWS, [1, 1], [1, 1], 1), (ARRAY, ARRAY, ARRAY, float)),
    (
        dynamics.Trajectory,
        (dynamics.LinearSystem([[-1]], [1]), nef.WhiteNoise(), 2, 1, [1]),
        (dynamics.LinearSystem, nef.WhiteNoise, float, float, ARRAY),
    ),
    (analysis.PairwiseBCM, (51,), (float,)),
    (
        datasets.LabelledImages,
        ([[0, 1]], [1], [[1, 0]], [0], [1, 2]),
        (ARRAY, ARRAY, ARRAY, ARRAY, tuple),
    ),
]


@pytest.mark.parametrize(
    ("kind", "arguments", "types"), CASES, ids=[f"{c[0].__name__}-{len(c[1])}" for c in CASES]
)
def test_fields_have_one_type_whatever_is_passed(
    kind: Any, arguments: tuple[Any, ...], types: tuple[type, ...]
) -> None:
    found = kind(*arguments)
    values = [getattr(found, field.name) for field in fields(found)]
    assert len(values) == len(types)
    for value, expected in zip(values, types, strict=True):
        plain = expected in (int, float, bool, str)
        assert type(value) is expected if plain else isinstance(value, expected)
        if isinstance(value, np.ndarray):
            assert not value.flags.writeable and value.dtype.kind in "fi"
    assert hash(found) == hash(kind(*arguments))
    # Arrays of the caller may change afterwards.
    pairs = zip(arguments, types[: len(arguments)], strict=True)
    arrays = [np.array(a, float) if isinstance(a, list) and t is ARRAY else a for a, t in pairs]
    other = kind(*arrays)
    for array in arrays:
        if isinstance(array, np.ndarray):
            array[...] = 0.25
    assert other == found
