"""Choosing one of several: thresholds, and winner-take-all."""

from __future__ import annotations

from typing import Any

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network
from nefsim.networks.arrays import EnsembleArray, ensemble_array
from nefsim.sampling import Choice, Exponential, Uniform

POSITIVE = Choice([[1.0]])


@explained
def thresholding(
    net: Network,
    n_neurons: int,
    n_ensembles: int,
    threshold: float,
    intercept_width: float = 0.15,
    radius: float = 1.0,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> EnsembleArray:
    r"""Add populations that are silent below a threshold and precise just above it.

    Encoders are positive, intercepts lie at the threshold plus an exponential distribution
    that falls by e within ``intercept_width``, and decoders are solved above the threshold.

    Parameters
    ----------
    net : Network
        Where to add it.
    n_neurons : int
        Neurons of each population.
    n_ensembles : int
        Number of populations.
    threshold : float
        The value below which all neurons are silent, from 0 below the radius.
    intercept_width : float
        Width of the distribution of intercepts.
    radius : float
        The largest value to represent.
    label : str or None
        A name.
    seed : int or None
        A seed of its own.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    EnsembleArray
        With ``input`` and ``output``; :meth:`~EnsembleArray.add_output` gives functions, such as
        a step.

    Raises
    ------
    ValueError, TypeError
        If the threshold does not lie from 0 below the radius, or a number or option does not fit.

    References
    ----------
    J. Gosmann and C. Eliasmith, Optimizing semantic pointer representations for symbol-like
    processing in spiking neural networks, PLOS ONE 11, 2016.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> gate = nef.networks.thresholding(net, 50, 2, threshold=0.3)
    >>> c = net.connect(net.node([0.2, 0.8]), gate.input, synapse=None)
    >>> y = net.probe(gate.output, synapse=0.03)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.3)
    >>> sim.data[y][-1].round(1).tolist()
    [0.0, 0.8]
    """
    who = "thresholding"
    radius = check.positive(who, "radius", radius)
    low = check.real(
        who, "threshold", threshold, "pass a part of the radius", 0.0, radius, open_high=True
    )
    width = check.positive(who, "intercept_width", intercept_width) / radius
    low = low / radius
    given: dict[str, Any] = {
        "radius": radius,
        "encoders": POSITIVE,
        "intercepts": Exponential(width, low, 1.0),
        "eval_points": Uniform(low, 1.0),
    }
    return ensemble_array(net, n_neurons, n_ensembles, label=label, seed=seed, **given | options)
