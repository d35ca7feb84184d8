"""Probes of a run that is shown, and the pieces of their records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.network import Connection, Ensemble, Network, Neurons, Probe
from nefsim.network.objects import indices, whole
from nefsim.plot._names import quantity
from nefsim.plot._order import by_preferred_value, evenly
from nefsim.simulator import Simulator

Array = NDArray[np.float64]

#: Most columns of a record and most neurons in a plot; more lines or rows could not be
#: distinguished.
MOST_LINES, MOST_NEURONS = 6, 100

#: Time constant of the filter of decoded values, and the interval between them [s].
SYNAPSE, EVERY = 0.02, 0.005


@dataclass(frozen=True, eq=False)
class Piece:
    """The records of a probe in one of the short runs.

    Attributes
    ----------
    label : str
        Label of the probe or ensemble.
    every : float [s]
        Time between records.
    times : (n,) ndarray [s]
        Times of the rows, or of the spikes.
    rows : (n, k) ndarray or None
        Recorded values; None for spikes.
    neurons : (n,) ndarray of int or None
        Row of each spike in the raster, from the bottom; None for values.
    shown, total : int
        Number of columns or neurons in the plot, and in the network.
    reach : float or None
        Expected largest absolute value, if known: the radius of an ensemble.
    what : str
        The recorded quantity, such as "value" or "voltage".
    probe : Probe or None
        The probe.

    See Also
    --------
    Live.advance : The method that returns them.
    """

    label: str
    every: float
    times: Array
    rows: Array | None = None
    neurons: NDArray[Any] | None = None
    shown: int = 0
    total: int = 0
    reach: float | None = None
    what: str = "value"
    probe: Probe | None = None


@dataclass(frozen=True, eq=False)
class Tap:
    """A probe of a run, and how its records are shown.

    Attributes
    ----------
    label : str
        Label of the plot.
    most : int
        Most columns that are shown.
    neurons : ndarray of int or None
        The neurons of a population whose spikes are recorded, from the bottom of a raster.
    total : int
        Number of columns or neurons in the network; 0 means those of the record.
    """

    label: str
    most: int = MOST_LINES
    neurons: NDArray[np.intp] | None = None
    total: int = 0


def part_of(piece: Piece, times: Array, rows: Array | None, neurons: NDArray[Any] | None) -> Piece:
    """A piece of the same probe with other records."""
    return replace(piece, times=times, rows=rows, neurons=neurons)


def joined(parts: Sequence[Sequence[Piece]]) -> list[Piece]:
    """The pieces of successive runs as one piece of each probe."""
    by_probe: dict[Probe | None, list[Piece]] = {}
    for pieces in parts:
        for piece in pieces:
            by_probe.setdefault(piece.probe, []).append(piece)
    return [_one(pieces) for pieces in by_probe.values()]


def _one(pieces: list[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    times = np.concatenate([piece.times for piece in pieces])
    rows = [piece.rows for piece in pieces if piece.rows is not None]
    neurons = [piece.neurons for piece in pieces if piece.neurons is not None]
    return part_of(
        pieces[-1],
        times,
        np.concatenate(rows) if rows else None,
        np.concatenate(neurons) if neurons else None,
    )


def value_tap(
    net: Network, ensemble: Ensemble, dt: float, most: int = MOST_LINES
) -> tuple[Probe, Tap]:
    """A probe of the first dimensions of the decoded value of an ensemble."""
    n = ensemble.dimensions
    target = ensemble if n <= most else ensemble[:most]
    every = max(EVERY, dt)
    probe = net.probe(target, synapse=SYNAPSE, sample_every=every, attach=False)
    return probe, Tap(ensemble.label, most, total=n)


def spikes_tap(
    simulator: Simulator, ensemble: Ensemble, most: int = MOST_NEURONS
) -> tuple[Probe, Tap]:
    """A probe of spikes of neurons of an ensemble, evenly chosen by preferred value."""
    built = simulator.data[ensemble]
    neurons = evenly(by_preferred_value(built.encoders, built.intercepts), most)
    probe = simulator.network.probe(ensemble.neurons[neurons], attach=False)
    return probe, Tap(ensemble.label, most, neurons, ensemble.n_neurons)


def piece_of(simulator: Simulator, probe: Probe, tap: Tap) -> Piece:
    """The present records of a probe of values."""
    record: Any = simulator.data.kept(probe)
    columns = record[:, : tap.most]
    if columns.shape[1] < record.shape[1]:
        columns = columns.copy()  # a view would retain the record
    n, total = columns.shape[1], tap.total or record.shape[1]
    every, times = probe.sample_every or simulator.dt, simulator.trange(probe)
    name = quantity(probe)
    return Piece(tap.label, every, times, columns, None, n, total, reach(probe), name, probe)


def events_of(simulator: Simulator, probe: Probe, tap: Tap, subset: NDArray[np.intp]) -> Piece:
    """The present spikes of a probe, of the neurons that are shown."""
    record: Any = simulator.data.kept(probe)
    times, rows, total = record.times, record.neurons, record.shape[1]
    if tap.neurons is None:
        row = np.full(total, -1)
        row[subset] = np.arange(len(subset))
        rows = row[rows]
        times, rows = times[rows >= 0], rows[rows >= 0]
    every, n = probe.sample_every or simulator.dt, tap.total or total
    return Piece(tap.label, every, times, None, rows, len(subset), n, None, "spikes", probe)


def without_records(probe: Probe, tap: Tap, dt: float) -> Piece:
    """A piece without records of a probe that has just been attached."""
    n = tap.total if tap.neurons is None else len(tap.neurons)
    shown = min(n, tap.most)
    rows = None if tap.neurons is not None else np.zeros((0, shown))
    neurons = None if rows is not None else np.zeros(0, np.intp)
    every, what = probe.sample_every or dt, quantity(probe)
    none = np.zeros(0)
    return Piece(tap.label, every, none, rows, neurons, shown, tap.total, reach(probe), what, probe)


def reach(probe: Probe) -> float | None:
    """The expected largest absolute value of a probe; None if it is not known."""
    target = probe.target if isinstance(probe.target, Connection) else whole(probe.target)
    return target.radius if isinstance(target, Ensemble) else None


def subset_of(simulator: Simulator, probe: Probe, n: int) -> NDArray[np.intp]:
    """Indices of ``n`` neurons for a raster, evenly spaced by preferred value."""
    order, neurons = np.arange(n), whole(probe.target)  # type: ignore[arg-type]
    if isinstance(neurons, Neurons):
        built, part = simulator.data[neurons.ensemble], indices(probe.target)  # type: ignore[arg-type]
        rows = order if part is None else list(part)
        order = by_preferred_value(built.encoders[rows], built.intercepts[rows])
    return evenly(order, MOST_NEURONS)
