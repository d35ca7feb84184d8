"""The comparison of runs with Nengo: equal spikes, and values that differ by rounding only."""

import nengo
import numpy as np
from nengo.exceptions import BuildError

#: The order of sums differs from Nengo's.
ROUNDING = 1e-9

#: Change of the initial numbers that is equivalent to the roundings of a run, several in each step.
SHAKE = 2.0**-42

#: Above this value float64 is coarser than ROUNDING, so that functions of it are not compared.
BOUND = 1e6


def difference(actual, other, perturbed=None):
    """The first difference between two runs, of spikes or of values beyond rounding, or "".

    If a perturbed run is passed, values may differ by the largest difference so far between it
    and the reference.  The comparison ends where values exceed BOUND or one of the runs ended.
    """
    probes = list(zip(actual.model.probes, other.model.probes, strict=True))
    end = min(end_of(other), (min(actual.n_steps, other.n_steps) + 0.5) * other.dt)
    for i, (a, b) in enumerate(probes):
        x, y = (_early(s, probe, end) for s, probe in ((actual, a), (other, b)))
        if len(x) == len(y) == 0:
            continue
        if x.shape != y.shape:
            return f"{a}: shape {x.shape}, not {y.shape}"
        spiking = isinstance(a.obj, nengo.ensemble.Neurons) and a.attr == "output"
        spiking = spiking and a.synapse is None and a.obj.ensemble.neuron_type.spiking
        if spiking and not np.array_equal(x != 0, y != 0):
            return f"{a}: {np.count_nonzero((x != 0) != (y != 0))} spikes"
        error, allowed = _largest(x - y), ROUNDING * max(1.0, np.abs(y).max(initial=0.0))
        if perturbed is not None:
            z = _early(perturbed, perturbed.model.probes[i], end)
            error, moved = error[: len(z)], _largest(y[: len(z)] - z)
            allowed = np.maximum(allowed, np.maximum.accumulate(moved))
        if not np.all(error <= allowed):
            return f"{a}: by {error.max():g}"
    return ""


def _largest(rows):
    """The largest absolute value of each row."""
    return np.abs(rows).max(axis=tuple(range(1, rows.ndim)), initial=0.0)


def end_of(simulator):
    """The first time at which the values of any probe exceed BOUND."""
    return min((_end(simulator, probe) for probe in simulator.model.probes), default=np.inf)


def _end(simulator, probe):
    """The first time at which the values of a probe exceed BOUND."""
    values = _early(simulator, probe, np.inf)
    large = _largest(values) > BOUND
    times = simulator.trange(sample_every=probe.sample_every)
    return times[np.argmax(large)] if large.any() else np.inf


def _early(simulator, probe, end):
    """The records before a time; sparse weights as dense matrices."""
    rows = simulator.data[probe]
    if rows.dtype == object:
        rows = np.stack([row.toarray() for row in rows])
    times = simulator.trange(sample_every=probe.sample_every)[: len(rows)]
    return rows[: len(times)][times < end]


class Perturbed(nengo.Simulator):
    """Nengo's simulator, with a random relative change below SHAKE of each initial number."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        rng = np.random.default_rng(0)
        for values in self.signals.values():
            if isinstance(values, np.ndarray) and values.dtype.kind == "f":
                owner = values if values.base is None else values.base
                owner.setflags(write=True)
                owner *= 1 + SHAKE * rng.uniform(-1, 1, owner.shape)


def outcome(simulator_type, model, seconds, **options):
    """A simulator of a built model after its run, and the error that stopped the run, or None."""
    seed = model.toplevel.seed
    try:
        simulator = simulator_type(None, model=model, seed=seed, progress_bar=False, **options)
    except BuildError as error:
        return None, error
    with simulator:
        try:
            simulator.run(seconds)
        except (FloatingPointError, ValueError) as error:
            return simulator, error
    return simulator, None
