"""All records of a run in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Probe
from nefsim.plot import _names as names
from nefsim.plot._source import MATRICES
from nefsim.plot.decoding import decoded
from nefsim.plot.membrane import MOST as MOST_VOLTAGES
from nefsim.plot.membrane import voltages
from nefsim.plot.spikes import raster
from nefsim.plot.weights import weights_over_time
from nefsim.records import Events
from nefsim.result import Result
from nefsim.simulator import Simulator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Width of the figure and height of each record [inches]; most records, and most lines of each.
WIDTH, HEIGHT, MOST, MOST_LINES = 7.0, 1.9, 20, 30


@explained
def overview(
    source: Simulator | Result,
    probes: Sequence[Probe | str] | None = None,
    trial: int | None = None,
) -> Figure:
    """Plot all records of a run, one below the other.

    Spikes are shown as a raster, voltages of up to 30 neurons one above the other, weights that
    change most, and other records as lines of their first 30 columns.

    Parameters
    ----------
    source : Simulator or Result
        A run.
    probes : sequence of Probe or str, or None
        The probes to plot, or their labels; None means all, up to 20.
    trial : int or None
        Index of the trial to plot, from 0, of a batch.

    Returns
    -------
    matplotlib.figure.Figure
        A figure with axes for each record, which share the time.

    Raises
    ------
    ValueError, TypeError
        If nothing is recorded, or a probe is not of this run.

    See Also
    --------
    decoded, raster, voltages, weights_over_time

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> c = net.connect(net.node(np.sin), a)
    >>> y, fired = net.probe(a, synapse=0.02, label="y"), net.probe(a.neurons, label="fired")
    >>> sim = nef.Simulator(net)
    >>> sim.run(0.5)
    >>> [ax.get_title(loc="left") for ax in nef.plot.overview(sim).axes]
    ['y', 'fired']
    """
    who = "plot.overview"
    do = "pass a Simulator or a Result"
    check.instance(who, "source", source, (Simulator, Result), "a run", do)
    known: list[Any] = [*source.probes] if isinstance(source, Simulator) else [*source]
    if probes is None:
        chosen = known[:MOST]
    elif isinstance(probes, (str, Probe)):
        check.fail(who, "probes", "be a list", check.show(probes), "pass [probe]", TypeError)
    else:
        chosen = list(check.instance(who, "probes", probes, Sequence, "a list", "pass a list"))
    if not chosen:
        check.fail(who, "probes", "name a record", "none", "probe something in the model")
    import matplotlib.pyplot as plt

    options: dict[str, Any] = {
        "figsize": (WIDTH, HEIGHT * len(chosen) + 0.3),
        "layout": "constrained",
    }
    figure, axes = plt.subplots(len(chosen), 1, sharex=True, squeeze=False, **options)
    try:
        for ax, probe in zip(axes[:, 0], chosen, strict=True):
            _draw(source, probe, trial, ax)
            ax.label_outer()
    except BaseException:
        plt.close(figure)
        raise
    return figure


def _draw(source: Any, probe: Any, trial: int | None, ax: Any) -> None:
    """Draw the records of a probe."""
    records = (source.data if isinstance(source, Simulator) else source).kept(probe)
    title, quantity, attr = str(probe), "value", ""
    if isinstance(probe, Probe):
        title, quantity, attr = names.title(probe), names.quantity(probe), probe.attr
    if isinstance(records, Events):
        raster(source, probe=probe, trial=trial, ax=ax)
    elif attr in MATRICES:
        weights_over_time(source, probe=probe, trial=trial, ax=ax)
    elif attr == "voltage" and records.shape[-1] <= MOST_VOLTAGES:
        voltages(source, probe=probe, trial=trial, ax=ax)
    elif records.shape[-1] <= MOST_LINES:
        decoded(source, probe=probe, trial=trial, ax=ax)
        ax.set_ylabel(quantity)
    else:
        values = np.asarray(records if trial is None else records[trial])
        decoded(values[..., :MOST_LINES], source.trange(probe), ax=ax)
        ax.set_ylabel(quantity)
        title += f" ({MOST_LINES} of {records.shape[-1]})"
    ax.set_title(title.replace("$", r"\$"), loc="left", fontsize="medium")
