"""The published figures by name, and a run of one of them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from nefsim import _checks as check
from nefsim._extras import BackendUnavailable
from nefsim.reproduce.catalogue import FIGURES
from nefsim.reproduce.figure import Effort, Figure
from nefsim.reproduce.lines import Line, Outcome
from nefsim.watching import RadiusWarning


@dataclass(frozen=True)
class Report:
    """A figure that was run.

    Attributes
    ----------
    figure : Figure
        The figure.
    quick : bool
        Whether the quick form was run.
    lines : list of Line
        Published values beside ours.
    outcome : Outcome
        Lines with curves, for ``plot``.
    seconds : float
        Wall time [s].

    See Also
    --------
    run : Makes it.
    """

    figure: Figure
    quick: bool
    lines: list[Line]
    outcome: Outcome = field(repr=False)
    seconds: float = 0.0

    def __str__(self) -> str:
        form = "quick form" if self.quick else "full form"
        head = f"{self.figure.name}: {self.figure.title} ({form}, {self.seconds:.0f} s)"
        rows = [f"  {self.figure.source}", *(f"  {line}" for line in self.lines)]
        return "\n".join([head, *rows])

    def plot(self, ax: Any = None) -> Any:
        """Draw our values beside the published ones.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None
            Axes to draw into; None makes some.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        from nefsim.reproduce.drawing import draw

        return draw(self.outcome, self.figure.title, ax)


def figures() -> dict[str, Figure]:
    """Return the published figures that can be reproduced, by name.

    Returns
    -------
    dict of str to Figure
        The figures, in the order of ``nefsim reproduce``.

    See Also
    --------
    run : Run one of them.

    Examples
    --------
    >>> from nefsim import reproduce
    >>> reproduce.figures()["stdp"].source
    'Bekolay, Kolbeck & Eliasmith (2013), CogSci, script of figure 2'
    """
    return {figure.name: figure for figure in FIGURES}


def run(name: str, quick: bool = True, seeds: int | None = None, data: Any = None) -> Report:
    """Run a published figure and compare its values with the published ones.

    Parameters
    ----------
    name : str
        Name of the figure, one of ``figures()``.
    quick : bool
        Whether to run the quick form: fewer seeds, shorter runs or smaller networks, as its
        ``protocol`` says.
    seeds : int or None
        Number of seeds, 0, 1, ...; None means that of the form.
    data : str, path or None
        Folder of MNIST; None means the one that :func:`nefsim.datasets.mnist` finds.

    Returns
    -------
    Report
        Lines of published values beside ours; ``print`` shows them, and ``plot`` draws them.

    Raises
    ------
    ValueError, TypeError
        If ``name`` is not a figure, or another argument is out of range.
    BackendUnavailable
        If a package is missing that the figure needs.

    See Also
    --------
    figures : The names.

    Examples
    --------
    >>> from nefsim import reproduce
    >>> report = reproduce.run("spikeconverter-factor")
    >>> {line.verdict for line in report.lines}
    {'reproduced'}
    """
    who = "reproduce.run"
    known = figures()
    figure = known[check.one_of(who, "name", name, tuple(known))]
    quick = check.flag(who, "quick", quick)
    if seeds is not None:
        seeds = check.integer(who, "seeds", seeds, "pass a number such as 10", 1, 10_000)
    lacks = figure.lacks()
    if lacks:
        raise BackendUnavailable(f"{who}: {name} cannot run, {lacks}.")
    if figure.data:
        from nefsim.datasets import mnist

        data = mnist(data)
    start = time.perf_counter()
    study: Callable[[Effort], Outcome] = getattr(
        import_module(f"nefsim.reproduce.{figure.module}"), figure.function
    )
    with warnings.catch_warnings(), _one_thread("train" in figure.needs):
        # Some published networks have inputs beyond their radius.
        warnings.simplefilter("ignore", RadiusWarning)
        outcome = study(Effort(quick, seeds, data))
    return Report(figure, quick, outcome.lines, outcome, time.perf_counter() - start)


@contextmanager
def _one_thread(uses_torch: bool) -> Iterator[None]:
    """Let PyTorch use one thread: small layers gain nothing by more, and sums keep their order."""
    if not uses_torch:
        yield
        return
    import torch

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
