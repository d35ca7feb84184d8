"""Synapses that differ between the elements of a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.filtering import Coefficients
from nefsim.synapses.base import Synapse
from nefsim.synapses.lowpass import Lowpass


@dataclass(frozen=True, eq=False)
class PerElement(Synapse):
    r"""A synapse for each element of a vector: for each dimension, or each neuron.

    .. math:: y_i = h_i * x_i

    Parameters
    ----------
    synapses : sequence of Synapse or number [s]
        The synapse of each element, after the transform of the connection.

    Raises
    ------
    TypeError
        If it is no sequence of synapses and numbers.
    ValueError
        If it is empty, or a time constant is out of range.

    See Also
    --------
    nefsim.Network.connect : Takes a list of synapses.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> nef.PerElement([0.01, 0.1]).filt(np.ones((11, 2)))[-1].round(2)
    array([0.67, 0.1 ])

    Fast and slow synapses onto the neurons of one population:

    >>> net = nef.Network(seed=1)
    >>> a, b = net.ensemble(50, 1), net.ensemble(40, 1)
    >>> times = np.linspace(0.005, 0.05, 40)
    >>> c = net.connect(a.neurons, b.neurons, transform=np.ones((40, 50)), synapse=times)
    """

    synapses: Sequence[Any]

    def __post_init__(self) -> None:
        who, given = "PerElement", self.synapses
        do = "pass a synapse or seconds for each element"
        if isinstance(given, np.ndarray):
            given = check.array(who, "synapses", given, (None,), do).tolist()
        if not isinstance(given, (list, tuple)):
            check.fail(who, "synapses", "be a list", check.show(given), do, TypeError)
        if not given:
            check.fail(who, "synapses", "have an element or more", "none", do)
        self._set(synapses=tuple(self._one(who, each, do) for each in given))

    @staticmethod
    def _one(who: str, value: Any, do: str) -> Synapse:
        if isinstance(value, PerElement):
            check.fail(who, "synapses", "be of one element each", check.show(value), do, TypeError)
        if isinstance(value, Synapse):
            return value
        return Lowpass(check.real(who, "synapses", value, do, 0.0, 1e6))

    def groups(self) -> dict[Synapse, list[int]]:
        """The different synapses, each with the indices of the elements that it filters.

        Returns
        -------
        dict of Synapse to list of int
        """
        places: dict[Synapse, list[int]] = {}
        for i, synapse in enumerate(self.synapses):
            places.setdefault(synapse, []).append(i)
        return places

    def coefficients(self, dt: float) -> Coefficients:
        """Raise an error, as the elements have different filters."""
        do = "take the synapse of one element, synapses[i]"
        got = f"a synapse for each of {len(self.synapses)} elements"
        check.fail("PerElement", "synapse", "be one filter here", got, do, TypeError)

    def filt(self, signal: ArrayLike, dt: float = 0.001, axis: int = 0) -> NDArray[np.float64]:
        """Filter a recorded signal from rest, whose last axis is that of the elements.

        Parameters
        ----------
        signal : (..., T, ..., n) array_like
            Values at steps of ``dt``.
        dt : float [s]
            Step of the signal.
        axis : int
            The time axis, not the last one.

        Returns
        -------
        ndarray
            The filtered signal, of the same shape.

        Raises
        ------
        ValueError, TypeError
            If the signal is not finite, or has another number of elements.
        """
        who, do = "PerElement.filt", "pass an array of numbers over time"
        values = check.array(who, "signal", signal, do=do)
        low, high = -values.ndim, max(values.ndim - 2, 0)
        which = check.integer(who, "axis", axis, "pass the axis of time", low, high)
        n = len(self.synapses)
        if values.ndim < 2 or values.shape[-1] != n or which == -1:
            got = f"shape {values.shape} with time along axis {which}"
            check.fail(who, "signal", f"have {n} elements along its last axis", got, do)
        filtered = np.empty_like(values)
        for synapse, places in self.groups().items():
            filtered[..., places] = synapse.filt(values[..., places], dt, which)
        return filtered
