"""When a run of a Nengo network is Nengo's: equal spikes, and values that a rounding explains."""

import nengo
import numpy as np
from nengo.exceptions import BuildError

#: Sums are taken in another order than Nengo's.
ROUNDING = 1e-9

#: Change of the initial numbers that is equivalent to the roundings of a run, several in each step.
SHAKE = 2.0**-42

#: Beyond this a number of 53 bits is coarser than ROUNDING, so that its function may be anything.
BOUND = 1e6


def difference(mine, other, shaken=None):
    """The differences between two runs, or "": spikes, or other values beyond rounding.

    By as much as a shaken run, if there is one, has left the other until then values may differ.
    Where values grow beyond BOUND, or one of the runs was ended, the comparison ends.
    """
    probes = list(zip(mine.model.probes, other.model.probes, strict=True))
    end = min(end_of(other), (min(mine.n_steps, other.n_steps) + 0.5) * other.dt)
    for i, (a, b) in enumerate(probes):
        x, y = (_early(s, probe, end) for s, probe in ((mine, a), (other, b)))
        if len(x) == len(y) == 0:
            continue
        if x.shape != y.shape:
            return f"{a}: shape {x.shape}, not {y.shape}"
        spiking = isinstance(a.obj, nengo.ensemble.Neurons) and a.attr == "output"
        spiking = spiking and a.synapse is None and a.obj.ensemble.neuron_type.spiking
        if spiking and not np.array_equal(x != 0, y != 0):
            return f"{a}: {np.count_nonzero((x != 0) != (y != 0))} spikes"
        error, allowed = _largest(x - y), ROUNDING * max(1.0, np.abs(y).max(initial=0.0))
        if shaken is not None:
            z = _early(shaken, shaken.model.probes[i], end)
            error, moved = error[: len(z)], _largest(y[: len(z)] - z)
            allowed = np.maximum(allowed, np.maximum.accumulate(moved))
        if not np.all(error <= allowed):
            return f"{a}: by {error.max():g}"
    return ""


def _largest(rows):
    """The largest number of each row, without its sign."""
    return np.abs(rows).max(axis=tuple(range(1, rows.ndim)), initial=0.0)


def end_of(simulator):
    """The first time at which any probe shows more than BOUND."""
    return min((_end(simulator, probe) for probe in simulator.model.probes), default=np.inf)


def _end(simulator, probe):
    """The first time at which a probe shows more than BOUND."""
    values = _early(simulator, probe, np.inf)
    large = _largest(values) > BOUND
    times = simulator.trange(sample_every=probe.sample_every)
    return times[np.argmax(large)] if large.any() else np.inf


def _early(simulator, probe, end):
    """The records before a time; sparse weights as full matrices."""
    rows = simulator.data[probe]
    if rows.dtype == object:
        rows = np.stack([row.toarray() for row in rows])
    times = simulator.trange(sample_every=probe.sample_every)[: len(rows)]
    return rows[: len(times)][times < end]


class Shaken(nengo.Simulator):
    """Nengo, with each number that it starts from moved by less than SHAKE of it."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        rng = np.random.default_rng(0)
        for values in self.signals.values():
            if isinstance(values, np.ndarray) and values.dtype.kind == "f":
                owner = values if values.base is None else values.base
                owner.setflags(write=True)
                owner *= 1 + SHAKE * rng.uniform(-1, 1, owner.shape)


def outcome(make, model, seconds, **options):
    """A simulator of a built model after its run, and the error that ended that, if any."""
    seed = model.toplevel.seed
    try:
        simulator = make(None, model=model, seed=seed, progress_bar=False, **options)
    except BuildError as error:
        return None, error
    with simulator:
        try:
            simulator.run(seconds)
        except (FloatingPointError, ValueError) as error:
            return simulator, error
    return simulator, None
