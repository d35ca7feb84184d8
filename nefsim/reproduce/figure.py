"""A published figure, and how much of it is run."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from nefsim._extras import cure


@dataclass(frozen=True)
class Effort:
    """How much of a figure is run."""

    quick: bool = True
    seeds: int | None = None
    data: Any = None

    def count(self, quick: int, full: int) -> range:
        """The seeds: 0, 1, ... up to those of the quick or the full form."""
        return range(self.seeds or (quick if self.quick else full))


@dataclass(frozen=True)
class Figure:
    """A published figure: its source, its protocol, and the packages and data of a run.

    Attributes
    ----------
    name : str
        Name for the command.
    title : str
        The figure in one line.
    source : str
        The publication.
    protocol : str
        Settings of the full form, and how the quick form differs.
    module, function : str
        Place of the function that runs it.
    needs : tuple of str
        Extras that a run needs.
    data : bool
        Whether a run reads MNIST.
    seconds : (float, float)
        Processor time of the quick and of the full form on one core of 2026 [s], about.

    See Also
    --------
    figures : All of them.
    run : Run one.
    """

    name: str
    title: str
    source: str
    protocol: str
    module: str
    function: str
    needs: tuple[str, ...] = ()
    data: bool = False
    seconds: tuple[float, float] = (1.0, 1.0)

    def lacks(self) -> str:
        """Name the package that a run needs and that is not installed.

        Returns
        -------
        str
            The command that installs it; empty if nothing is missing.
        """
        for extra in self.needs:
            if find_spec({"train": "torch"}.get(extra, extra)) is None:
                return f"{cure(extra)} is needed"
        return ""
