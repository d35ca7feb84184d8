"""How well a run in real time met its deadlines: a histogram of bounded size, and percentiles."""

from __future__ import annotations

from math import inf, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check

#: Bins of the histogram in a factor of ten, so that percentiles are 2.4 % too large at most.
PER_DECADE = 100

#: Decimal logarithms of the lower and the upper end of the histogram [s].
LOWEST, HIGHEST = -7, 5

_LAST = (HIGHEST - LOWEST) * PER_DECADE


class RealTimeWarning(UserWarning):
    """Warning about a run in real time that does not keep up with the clock.

    See Also
    --------
    nefsim.Deadlines : The figures of such a run.

    Examples
    --------
    >>> import warnings
    >>> import nefsim as nef
    >>> warnings.simplefilter("error", nef.RealTimeWarning)  # such a run stops
    """


class Deadlines:
    """How late the periods of a run in real time began, and how many ended too late.

    Period k begins at k times the period after the start of the run, or, if the periods before
    have taken too long, as soon as they have ended; times of later periods do not move.  A
    deadline is missed if the steps of a period, with the code of the loop, end after the time at
    which the next one should begin.

    Parameters
    ----------
    period : float [s]
        Wall time from the beginning of a period to that of the next.

    Attributes
    ----------
    period : float [s]
        The period.
    n_periods : int
        Number of complete periods.
    missed : int
        Number of deadlines that were missed.
    worst : float [s]
        The latest beginning.
    behind : float [s]
        How far the run was behind the clock after the last period; 0 if it was on time.
    most_behind : float [s]
        How far it was behind the clock at most.

    See Also
    --------
    nefsim.Simulator.loop : Runs periods in real time.
    nefsim.plot.deadlines : The histogram.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> c = net.connect(net.node(0.5), net.ensemble(50, 1))
    >>> sim = nef.Simulator(net)
    >>> sim.run(0.02, realtime=True)
    >>> sim.deadlines.n_periods, sim.deadlines.p50 <= sim.deadlines.worst
    (20, True)
    """

    def __init__(self, period: float) -> None:
        self.period = check.seconds("Deadlines", "period", period)
        self.n_periods = self.missed = 0
        self.worst = self.behind = self.most_behind = 0.0
        self._busy = 0.0
        self._counts = [0] * (_LAST + 1)

    def _add(self, late: float, busy: float, behind: float) -> None:
        """Count a period: lateness of its beginning, time that it took, lateness of its end [s].

        The last one is negative if there was time left.
        """
        i = int((log10(late) - LOWEST) * PER_DECADE) + 1 if late > 0.0 else 0
        self._counts[min(max(i, 0), _LAST)] += 1
        self.n_periods += 1
        self._busy += busy
        self.worst = max(self.worst, late)
        self.behind = 0.0
        if behind > 0.0:
            self.missed += 1
            self.behind, self.most_behind = behind, max(self.most_behind, behind)

    @property
    def load(self) -> float:
        """Share of the time that the steps took; above 1 the run cannot keep up."""
        return self._busy / (self.n_periods * self.period) if self.n_periods else 0.0

    def percentile(self, percent: float) -> float:
        """The lateness that a share of the periods did not exceed, 2.4 % too large at most [s].

        Parameters
        ----------
        percent : float
            The share, from 0 to 100.

        Returns
        -------
        float [s]
            The lateness; 0 without periods.

        Raises
        ------
        ValueError
            If the share is not from 0 to 100.
        """
        do = "pass a share such as 99.9"
        share = check.real("Deadlines.percentile", "percent", percent, do, 0.0, 100.0) / 100.0
        if not self.n_periods:
            return 0.0
        reached = np.cumsum(self._counts)
        # The share is rounded, so that 99 % of 100 periods are 99.
        i = int(np.searchsorted(reached, max(share * self.n_periods - 1e-9, 0.5)))
        return min(float(10.0 ** (LOWEST + i / PER_DECADE)), self.worst)

    @property
    def p50(self) -> float:
        """The median lateness [s]."""
        return self.percentile(50.0)

    @property
    def p99(self) -> float:
        """The lateness that 99 % of the periods did not exceed [s]."""
        return self.percentile(99.0)

    @property
    def p999(self) -> float:
        """The lateness that 99.9 % of the periods did not exceed [s]."""
        return self.percentile(99.9)

    def histogram(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Numbers of periods by their lateness, in bins of equal ratio.

        Returns
        -------
        edges : (n + 1,) ndarray [s]
            Edges of the bins.  The first bin starts at 0 and the last ends at infinity; both
            are cut to those that contain a period.
        counts : (n,) ndarray of int
            Number of periods in each bin.
        """
        counts = np.array(self._counts, np.int64)
        edges = 10.0 ** (LOWEST + np.arange(-1, _LAST + 1) / PER_DECADE)
        edges[0], edges[-1] = 0.0, inf
        filled = np.flatnonzero(counts)
        if not len(filled):
            return edges[:1], counts[:0]
        return edges[filled[0] : filled[-1] + 2], counts[filled[0] : filled[-1] + 1]

    def to_dict(self) -> dict[str, Any]:
        """The figures as numbers that JSON can write, with times in seconds.

        Returns
        -------
        dict
            The attributes, ``load``, the percentiles, and ``histogram``, a list of pairs
            [upper edge, count] of the bins that are not empty; the edge of the last bin of all
            is None.
        """
        edges, counts = self.histogram()
        names = "period", "n_periods", "missed", "load", "p50", "p99", "p999", "worst"
        numbers = {name: getattr(self, name) for name in (*names, "behind", "most_behind")}
        bins = [
            [float(edge) if edge < inf else None, int(n)]
            for edge, n in zip(edges[1:], counts, strict=True)
            if n
        ]
        return numbers | {"histogram": bins}

    def __str__(self) -> str:
        late = {"p50": self.p50, "p99": self.p99, "p99.9": self.p999, "worst": self.worst}
        shown = ", ".join(f"{name} {_time(value)}" for name, value in late.items())
        share = self.missed / max(self.n_periods, 1)
        lines = [
            f"{self.n_periods} periods of {_time(self.period)}, load {self.load:.1%}",
            f"late at their beginning: {shown}",
            f"deadlines missed: {self.missed} ({share:.2%}); behind the clock by "
            f"{_time(self.most_behind)} at most, {_time(self.behind)} at the end",
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return (
            f"<deadlines of {self.n_periods} periods of {_time(self.period)}: "
            f"{self.missed} missed, p99.9 {_time(self.p999)} late>"
        )


def _time(seconds: float) -> str:
    """A duration in a unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
