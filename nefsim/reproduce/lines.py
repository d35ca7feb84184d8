"""A published figure beside the same figure of nefsim: values, interval, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

#: Verdicts of a line.
REPRODUCED, BETTER, DIFFERS, NOT_RUN = "reproduced", "better", "NOT reproduced", "not run"


@dataclass(frozen=True)
class Line:
    """One published value beside ours.

    Attributes
    ----------
    quantity : str
        Name of the value, with its unit.
    published : float or None
        The published value.
    ours : float or None
        Mean over seeds; None if it was not run.
    interval : (float, float) or None
        Bootstrap interval of the mean, 95 %; None for one seed, and for equal values.
    within : float
        Difference of ours from the published value that counts as reproduced.
    reason : str
        Source of ``within``.
    verdict : str
        One of "reproduced", "better", "NOT reproduced" and "not run".
    note : str
        Cause of a difference, or the published text.
    values : tuple of float
        One value for each seed.

    See Also
    --------
    run : Lines of a figure.
    """

    quantity: str
    published: float | None
    ours: float | None
    interval: tuple[float, float] | None
    within: float
    reason: str
    verdict: str
    note: str = ""
    values: tuple[float, ...] = ()

    def __str__(self) -> str:
        published = "-" if self.published is None else f"{self.published:.4g}"
        ours = "-" if self.ours is None else f"{self.ours:.4g}"
        if self.interval is not None:
            ours += f" [{self.interval[0]:.4g}, {self.interval[1]:.4g}]"
        text = f"{self.quantity:<46} published {published:<8} ours {ours:<28} {self.verdict}"
        if self.verdict in (REPRODUCED, DIFFERS) and self.reason:
            text += f" (within {self.within:.2g}: {self.reason})"
        return text + (f"; {self.note}" if self.note else "")


@dataclass(frozen=True)
class Curve:
    """A curve of ours, and the published points beside it."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    published_x: Sequence[float] = ()
    published_y: Sequence[float] = ()


@dataclass(frozen=True)
class Outcome:
    """Lines of a figure, and curves for its picture."""

    lines: list[Line]
    curves: list[Curve] = field(default_factory=list)
    axes: dict[str, Any] = field(default_factory=dict)


def compare(
    quantity: str,
    published: float,
    values: ArrayLike,
    within: float,
    reason: str,
    better: str = "",
    note: str = "",
) -> Line:
    """A line from the values of all seeds; the published value must be inside a tolerance.

    Parameters
    ----------
    quantity : str
        Name of the value, with its unit.
    published : float
        The published value.
    values : (n,) array_like
        Our value of each seed.
    within : float
        Difference of the means that counts as reproduced, decided without our mean.
    reason : str
        Source of ``within``.
    better : {"", "lower", "higher"}
        Direction in which a difference is an improvement.
    note : str
        Cause of a difference.

    Returns
    -------
    Line
        The line; its verdict is "reproduced" if the mean is ``within``, or the published value
        is in the interval of the mean.
    """
    numbers = np.atleast_1d(np.asarray(values, float))
    mean, interval = float(numbers.mean()), interval_of(numbers)
    inside = interval is not None and interval[0] <= published <= interval[1]
    verdict = DIFFERS
    if abs(mean - published) <= within or inside:
        verdict = REPRODUCED
    elif (better == "lower" and mean < published) or (better == "higher" and mean > published):
        verdict = BETTER
    return Line(
        *(quantity, published, mean, interval, within, reason, verdict),
        note if verdict != REPRODUCED else "",
        tuple(numbers.tolist()),
    )


def interval_of(values: np.ndarray) -> tuple[float, float] | None:
    """The 95 % interval of a mean by bootstrap, or None where there is none."""
    from nefsim.analysis import confidence_interval

    if len(values) < 2 or not np.ptp(values) or not np.isfinite(values).all():
        return None
    return confidence_interval(values, rng=0)


def single_run(values: ArrayLike) -> tuple[float, str]:
    """Tolerance for a published single run: two standard deviations between our seeds."""
    numbers = np.atleast_1d(np.asarray(values, float))
    spread = float(numbers.std(ddof=1)) if len(numbers) > 1 else 0.0
    return 2 * spread, "2 SD between our seeds, as one run was published"


def not_run(quantity: str, published: float | None, why: str) -> Line:
    """A line of a published value that cannot be compared here, with the cause."""
    return Line(quantity, published, None, None, 0.0, "", NOT_RUN, why)
