"""Decoder solvers: from activities A (P, N) and targets Y (P, D_out) to decoders D (N, D_out).

Every solver is a frozen value. ``solver(A, Y)`` solves for one set of targets;
``solver.prepare(A)`` factors the activities once and returns a function of the targets.
"""

from nefsim.solvers.base import Solver
from nefsim.solvers.dale import Dale
from nefsim.solvers.fixed import NoSolver
from nefsim.solvers.l2 import LstsqL2, LstsqL2nz
from nefsim.solvers.matched import NoiseMatched
from nefsim.solvers.noise import LstsqMultNoise, LstsqNoise
from nefsim.solvers.nonnegative import Nnls, NnlsL2
from nefsim.solvers.softmax import Softmax
from nefsim.solvers.solve import solve_decoders
from nefsim.solvers.sparse import LstsqDrop, LstsqL1
from nefsim.solvers.svd import Lstsq, PseudoInverse
from nefsim.solvers.weighted import LstsqWeighted

__all__ = [
    "Dale",
    "Lstsq",
    "LstsqDrop",
    "LstsqL1",
    "LstsqL2",
    "LstsqL2nz",
    "LstsqMultNoise",
    "LstsqNoise",
    "LstsqWeighted",
    "Nnls",
    "NnlsL2",
    "NoSolver",
    "NoiseMatched",
    "PseudoInverse",
    "Softmax",
    "Solver",
    "solve_decoders",
]
