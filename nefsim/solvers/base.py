"""The base class of decoder solvers: checks, factorisation, solution and ``info``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._values import Value
from nefsim.spike_noise import Spikes

FloatArray = NDArray[np.float64]
Info = dict[str, Any]

#: The function that ``prepare`` returns: from targets to decoders and info.
Decode = Callable[[ArrayLike], tuple[FloatArray, Info]]

#: How spikes reach a reader, to its decode function; ``prepare_readers`` returns it.
Decodes = Callable[[Spikes], Decode]

#: The function that ``factor`` returns: from checked targets to decoders and info.
Solve = Callable[[FloatArray], tuple[FloatArray, Info]]

#: A pass over the activities in blocks of points; each call starts a new pass.
Blocks = Callable[[], Iterable[FloatArray]]


class Solver(Value, ABC):
    r"""Base class of solvers, which find decoders D of targets Y from activities A.

    .. math:: A D \approx Y

    Write a custom solver as a frozen dataclass with a field ``weights`` and a method ``factor``.

    Attributes
    ----------
    weights : bool
        Whether networks solve for full connection weights (N, M) instead of decoders
        (N, D_out).  The targets are then the input currents (P, M) of the M target neurons.
    compositional : bool
        Whether D(Y T) = D(Y) T for any matrix T, so that the transform of a connection can be
        applied after solving.
    uses_activities : bool
        Whether the decoders depend on A.

    See Also
    --------
    solve_decoders : Decoders from tuning curves in one call.
    NoiseMatched : The default solver of networks.
    nefsim.testing.check_solver : The laws of solvers, for a new one.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> @dataclass(frozen=True, eq=False)
    ... class Transposed(Solver):
    ...     weights: bool = False
    ...     compositional = True
    ...
    ...     def factor(self, A, rng):
    ...         return lambda Y: (A.T @ Y / (A**2).sum(), {})
    >>> decoders, info = Transposed()([[0.0, 40.0], [40.0, 0.0]], [-1.0, 1.0])
    >>> decoders.round(4).tolist()
    [[0.0125], [-0.0125]]
    """

    compositional: ClassVar[bool]
    uses_activities: ClassVar[bool] = True
    weights: bool

    @property
    def again(self) -> Solver:
        """The solver to use after a change of the neurons, for which fixed decoders are wrong."""
        return self

    @abstractmethod
    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        """Factor the activities, and return a function that solves for decoders of targets.

        Parameters
        ----------
        A : (P, N) ndarray [Hz]
            Activities, checked and read-only; P evaluation points, N neurons.
        rng : numpy.random.Generator
            Random generator for noise, if the solver adds any.

        Returns
        -------
        callable
            ``solve(Y)`` for checked, read-only targets Y (P, D_out) returns decoders
            (N, D_out) [value / Hz] and a dict of further entries of ``info``.  It is called any
            number of times, and must not change its state.
        """

    def prepare(
        self, activities: ArrayLike, rng: np.random.Generator | int | None = None
    ) -> Decode:
        """Check and factor the activities, to solve for the decoders of any number of targets.

        Parameters
        ----------
        activities : (P, N) array_like [Hz]
            Row p holds the rates of the N neurons at evaluation point p.
        rng : numpy.random.Generator, int or None
            Source of the noise, if the solver adds any; an int is a seed.

        Returns
        -------
        callable
            ``solve(targets)`` for targets (P, D_out) or (P,) returns decoders (N, D_out) and a
            dict ``info``.  It has the name of the ``solver``; ``rmse`` (D_out,), the root mean
            square of A D - Y over the points; and ``condition``, an estimate of the condition
            number of the equations (None if there are no equations).

        Raises
        ------
        ValueError, TypeError
            If an array has the wrong shape or a value that is not finite, or if no neuron
            fires at any point.
        """
        who = type(self).__name__
        A = self._checked_activities(who, activities)
        return self._decode_by(A, self.factor(A, check.generator(who, rng)))

    def _decode_by(self, A: FloatArray, solve: Solve) -> Decode:
        """A function that checks targets, solves for decoders, and adds ``info``."""
        who = type(self).__name__

        def decode(targets: ArrayLike) -> tuple[FloatArray, Info]:
            Y = checked_targets(who, targets, len(A))
            solved, figures = solve(Y)
            decoders = np.ascontiguousarray(solved)
            rmse = np.sqrt(np.mean((A @ decoders - Y) ** 2, axis=0))
            return decoders, {"solver": who, "rmse": rmse, "condition": None} | figures

        return decode

    def prepare_blocks(self, blocks: Blocks, rng: np.random.Generator) -> Decode:
        """Factor activities that arrive in blocks; by default the blocks are joined first.

        Parameters
        ----------
        blocks : callable
            Returns an iterator over blocks (P_b, N) of activities [Hz]; each call is a new
            pass.
        rng : numpy.random.Generator
            Source of the noise, if the solver adds any.

        Returns
        -------
        callable
            As :meth:`prepare` returns.
        """
        return self.prepare(np.concatenate(list(blocks())), rng)

    def prepare_readers(self, source: FloatArray | Blocks, rng: np.random.Generator) -> Decodes:
        """Factor the activities for connections and probes that may have different synapses.

        Parameters
        ----------
        source : (P, N) ndarray [Hz] or callable
            Activities; or a function that returns an iterator over blocks of them, if all together
            would need too much memory.
        rng : numpy.random.Generator
            Source of the noise, if the solver adds any.

        Returns
        -------
        callable
            Called with the :class:`Spikes` of a connection or probe, such as their synapse, it
            returns a function as :meth:`prepare` does; for most solvers always the same.
        """
        decode = self.prepare_blocks(source, rng) if callable(source) else self.prepare(source, rng)
        return lambda spikes: decode

    def __call__(
        self,
        activities: ArrayLike,
        targets: ArrayLike,
        rng: np.random.Generator | int | None = None,
    ) -> tuple[FloatArray, Info]:
        """Solve for one set of targets: ``prepare(activities, rng)(targets)``.

        Parameters
        ----------
        activities : (P, N) array_like [Hz]
            Row p holds the rates of the N neurons at evaluation point p.
        targets : (P, D_out) or (P,) array_like
            Row p holds the value to decode at evaluation point p.
        rng : numpy.random.Generator, int or None
            Source of the noise, if the solver adds any; an int is a seed.

        Returns
        -------
        decoders : (N, D_out) ndarray [value/Hz]
        info : dict
            See ``prepare``.

        Raises
        ------
        ValueError, TypeError
            If the activities or the targets have a wrong shape or values that are not finite.
        """
        return self.prepare(activities, rng)(targets)

    def _checked_activities(self, who: str, activities: ArrayLike) -> FloatArray:
        do = "pass rates of shape (points, neurons)"
        A = check.array(who, "activities", activities, (None, None), do, copy=False)
        if not A.size:
            must = "hold at least one evaluation point and one neuron"
            check.fail(who, "activities", must, f"shape {A.shape}", do)
        if self.uses_activities and not A.any():
            must = "hold a neuron that fires at some evaluation point"
            check.fail(who, "activities", must, "only zeros", "widen intercepts or eval_points")
        return A


def peak(A: FloatArray) -> float:
    """The largest rate, in absolute value for neurons whose rates may be negative."""
    return max(float(A.max()), -float(A.min()))


def checked_targets(who: str, targets: ArrayLike, n_points: int) -> FloatArray:
    do = "pass one row per evaluation point"
    Y = check.array(who, "targets", targets, do=do)
    if Y.ndim not in (1, 2) or len(Y) != n_points or not Y.size:
        must = f"have shape ({n_points},) or ({n_points}, D_out)"
        check.fail(who, "targets", must, f"shape {Y.shape}", do)
    return Y.reshape(n_points, -1)
