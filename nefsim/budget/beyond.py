"""The share of time in which the inputs of ensembles exceeded their radius."""

from __future__ import annotations

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Ensemble
from nefsim.simulator import Simulator


@explained
def saturation(sim: Simulator) -> dict[Ensemble, float]:
    """The share of steps in which the input of each ensemble exceeded its radius.

    A simulator samples the inputs in at most 1000 steps, about one in 50 or fewer, of runs of at
    least 100 steps; steps before a reset count as well.  If evaluation points are longer than the
    radius, the longest of them counts instead.  Ensembles from which nothing is decoded are left
    out.

    Parameters
    ----------
    sim : Simulator
        A simulator that has run, on the back end "numpy" or "numba".

    Returns
    -------
    dict of Ensemble to float
        Share of each ensemble, from 0 to 1.

    Raises
    ------
    TypeError
        If ``sim`` is not a simulator.
    ValueError
        If no step has been sampled yet.

    See Also
    --------
    RadiusWarning : The warning after a run if the share of an ensemble is large.
    error_budget : The error due to saturation, and the radius that avoids it.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> c, y = net.connect(net.node(lambda t: 1.05 * (t > 0.5)), a, synapse=None), net.probe(a)
    >>> sim = nef.Simulator(net, progress=False)
    >>> sim.run(1.0)
    >>> nef.saturation(sim)[a]
    0.5
    """
    who, do = "saturation", "run at least 100 steps at a time, on numpy or numba"
    check.instance(who, "sim", sim, Simulator, "a Simulator", "pass one that has run")
    shares = sim._watch.shares()
    if shares is None:
        check.fail(who, "sim", "have looked at its inputs", f"{sim.n_steps} steps", do)
    return shares
