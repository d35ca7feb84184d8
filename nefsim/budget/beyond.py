"""The share of time for which inputs were beyond the radius of their populations."""

from __future__ import annotations

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Ensemble
from nefsim.simulator import Simulator


@explained
def saturation(sim: Simulator) -> dict[Ensemble, float]:
    """For each population, the share of steps at which its input was beyond its radius.

    A simulator looks at some steps of its runs, at most 1000 and one in 50, where a run has at
    least 100; steps before a reset count as well.  Points at which decoders are solved that are
    longer than the radius count as within it.  Populations that nothing is decoded from are left
    out.

    Parameters
    ----------
    sim : Simulator
        One that has run, on "numpy" or "numba".

    Returns
    -------
    dict of Ensemble to float
        Shares from 0 to 1.

    Raises
    ------
    TypeError
        If ``sim`` is not a simulator.
    ValueError
        If it has not looked at any step yet.

    See Also
    --------
    RadiusWarning : Warned after a run with more than a tenth far beyond the radius.
    error_budget : The error that saturation makes, and the radius that would do.

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
