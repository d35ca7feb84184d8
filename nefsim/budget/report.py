"""The result of an error budget: numbers, a table, and suggestions to reduce errors."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from nefsim import _checks as check
from nefsim.network.validate.ensembles import MOST_NEURONS

#: Parts of an error, in the order in which they are shown.
PARTS = ("delay", "distortion", "saturation", "noise", "dynamics")

#: More than this share of time beyond the radius is worth a change of radius.
OFTEN = 0.01


@dataclass(frozen=True)
class PopulationReach:
    """Size, frequency and firing rates of the input of an ensemble.

    Attributes
    ----------
    label : str
        The ensemble's label.
    n_neurons, dimensions : int
        Number of neurons and of dimensions.
    radius : float
        The ensemble's radius.
    share_beyond : float
        Share of time in which the input exceeds the radius.
    radius_needed : float
        Length that the input does not exceed for 99 % of the time.
    highest_frequency : float [Hz]
        Frequency below which the input has 99 % of its power.
    mean_rate : float [Hz]
        Mean firing rate of the neurons.
    """

    label: str
    n_neurons: int
    dimensions: int
    radius: float
    share_beyond: float
    radius_needed: float
    highest_frequency: float
    mean_rate: float


@dataclass(frozen=True)
class ErrorParts:
    """The parts of the error of one connection or probe.

    A connection decodes f(x) from the rates a(x) of an ensemble by decoders D, and filters it by
    a synapse h.  Errors are root mean squares over time and dimensions, in the unit of the
    decoded value.  The squares of delay, distortion, saturation and noise add up to about the
    square of ``predicted``, if the parts are not correlated.

    Attributes
    ----------
    label : str
        The label of the connection or probe.
    kind : {"connection", "probe"}
        Whether it is a connection or a probe.
    population : str
        Label of the ensemble.
    n_neurons : int
        Number of neurons of the ensemble.
    synapse : str
        The synapse h.
    delay : float
        h * f(x) - f(x): the effect of the synapse on the ideal value.
    distortion : float
        h * (D a(x) - f(x)) while x is within the radius: decoding is not exact.
    saturation : float
        The same while x is beyond the radius.
    noise : float
        Standard deviation of the decoded value due to spikes, computed from the firing rates.
    dynamics : float
        The rest of the measured error: neurons lag behind fast inputs.
    predicted : float
        The error from delay, distortion, saturation and noise, computed without spikes.
    measured : float
        The error of decoded spikes in a run of the ensemble with the same input.
    without_delay : float
        ``predicted`` without the delay, i.e. relative to h * f(x).
    size : float
        Root mean square of the ideal value f(x).
    """

    label: str
    kind: str
    population: str
    n_neurons: int
    synapse: str
    delay: float
    distortion: float
    saturation: float
    noise: float
    dynamics: float
    predicted: float
    measured: float
    without_delay: float
    size: float

    @property
    def largest(self) -> str:
        """The name of the largest part."""
        return max(PARTS, key=lambda part: getattr(self, part))

    def _rest(self, *changed: str) -> float:
        """The squared error without the named parts."""
        return sum(getattr(self, part) ** 2 for part in PARTS if part not in changed)

    def neurons_for(self, rmse: float) -> int | None:
        """The number of neurons that reduces the error to ``rmse``.

        It assumes that noise falls as 1/sqrt(N) and distortion as 1/N with N neurons, and that
        the other parts do not change.

        Parameters
        ----------
        rmse : float
            The desired root mean square error, in the unit of the decoded value.

        Returns
        -------
        int or None
            None if delay, saturation and dynamics alone reach or exceed ``rmse``, or the number
            is above the range of floats.
        """
        left = rmse**2 - self._rest("distortion", "noise")
        if left <= 0:
            return None
        # distortion^2 / g^2 + noise^2 / g = left, with g = N / n_neurons.
        d, n = self.distortion**2, self.noise**2
        g = (n + math.sqrt(n * n + 4 * left * d)) / (2 * left)
        count = g * self.n_neurons * (1 - 1e-9)  # rounding adds none
        return max(1, math.ceil(count)) if math.isfinite(count) else None


@dataclass(frozen=True)
class Budget:
    """The error budget of a network, the result of :func:`nefsim.error_budget`.

    ``print`` shows a table; :func:`nefsim.plot.error_budget` draws a figure.

    Attributes
    ----------
    label : str or None
        The network's label.
    seconds, dt : float [s]
        Duration and time step of the run.
    connections : tuple of ErrorParts
        The errors of connections and probes.
    populations : tuple of PopulationReach
        Inputs of the ensembles that are decoded.
    left_out : mapping of str to str
        Connections and probes that the budget does not cover, with the reason.
    """

    label: str | None
    seconds: float
    dt: float
    connections: tuple[ErrorParts, ...]
    populations: tuple[PopulationReach, ...]
    left_out: dict[str, str]

    def __getitem__(self, label: str) -> ErrorParts:
        """The errors of the first connection or probe with this label."""
        for connection in self.connections:
            if connection.label == label:
                return connection
        known = ", ".join(repr(c.label) for c in self.connections[:8])
        do = "pass a label that the budget shows"
        check.fail("Budget", "label", f"be one of {known}", check.show(label), do, KeyError)

    def changes(self, rmse: float) -> tuple[str, ...]:
        """Suggest changes that reduce each error to ``rmse``.

        Parameters
        ----------
        rmse : float
            The desired root mean square error, in the unit of the decoded values.

        Returns
        -------
        tuple of str
            A sentence for each suggestion; empty if all errors are small enough.
        """
        wanted = check.positive("Budget.changes", "rmse", rmse, "pass the error that is wanted")
        return tuple(line for c in self.connections for line in self._changes(c, wanted))

    def _changes(self, c: ErrorParts, rmse: float) -> list[str]:
        if max(c.predicted, c.measured) <= rmse:
            return []
        reach = next(p for p in self.populations if p.label == c.population)
        lines = []
        if c.delay > rmse:
            lines.append(
                f"its delay alone makes {c.delay:.3g}: take a synapse about "
                f"{c.delay / (0.7 * rmse):.2g} times as short, or compare with the filtered value"
            )
        if c.saturation > 0.5 * rmse or (c.saturation and reach.share_beyond > OFTEN):
            lines.append(
                f"{c.population} gets values beyond its radius {reach.radius:.3g} for "
                f"{reach.share_beyond:.0%} of the time: pass radius={reach.radius_needed:.3g}"
            )
        if c.dynamics > 0.5 * rmse:
            lines.append(
                f"its neurons lag behind an input of up to {reach.highest_frequency:.3g} Hz "
                f"({c.dynamics:.3g}): raise max_rates (mean {reach.mean_rate:.3g} Hz) or slow it"
            )
        without = math.hypot(c.distortion, c.noise)
        n = c.neurons_for(rmse)
        if n is None:
            # Half of the squared error that is wanted is left to them.
            alone = replace(c, delay=0.0, saturation=0.0, dynamics=0.0)
            n = alone.neurons_for(rmse / math.sqrt(2.0))
        if n is None or n > MOST_NEURONS:
            lines.append(f"distortion and noise make {without:.3g}: no population reaches {rmse:g}")
        elif n > c.n_neurons:
            lines.append(f"distortion and noise make {without:.3g}: take {n} neurons")
        return [f"{c.label}: {line}" for line in lines]

    def to_dict(self) -> dict[str, Any]:
        """The budget as plain dicts, lists, strings and numbers."""
        return {
            "label": self.label,
            "seconds": self.seconds,
            "dt": self.dt,
            "connections": [asdict(c) | {"largest": c.largest} for c in self.connections],
            "populations": [asdict(p) for p in self.populations],
            "left_out": dict(self.left_out),
        }

    def to_json(self) -> str:
        """The budget as a JSON object."""
        return json.dumps(self.to_dict())

    def __str__(self) -> str:
        width = max([10, *(len(c.label) for c in self.connections)]) + 2
        names = [*PARTS, "predicted", "measured"]
        lines = [
            f"error budget of network {self.label or ''}".rstrip()
            + f", {self.seconds:g} s in steps of {self.dt:g} s (root mean squares)",
            f"{'':{width}}" + "".join(f"{name:>12}" for name in names),
        ]
        for c in self.connections:
            values = "".join(f"{getattr(c, name):>12.4g}" for name in names)
            lines.append(f"{c.label:{width}}{values}")
        width = max([10, *(len(p.label) for p in self.populations)]) + 2
        lines.append(
            f"{'':{width}}{'radius':>10}{'beyond':>9}{'needed':>9}{'up to':>11}{'rate':>11}"
        )
        for p in self.populations:
            lines.append(
                f"{p.label:{width}}{p.radius:>10.3g}{p.share_beyond:>9.1%}"
                f"{p.radius_needed:>9.3g}{p.highest_frequency:>8.3g} Hz{p.mean_rate:>8.3g} Hz"
            )
        lines += [f"{label}: not judged, {why}" for label, why in self.left_out.items()]
        return "\n".join(lines)
