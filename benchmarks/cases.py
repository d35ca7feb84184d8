"""Networks that leave the simplest paths: full weights, noise, other neurons, Python, one core.

The first networks of :mod:`models` are those for which nefsim was made first.  These show where
it gains least.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from model import Model
from scipy import sparse
from symbols import convolution, symbols

import nefsim as nef

#: Neuron types of ``rates``, by the names of their rows.
TYPES = {
    "rates_lif": nef.LIFRate(),
    "rates_sigmoid": nef.Sigmoid(),
    "rates_tanh": nef.Tanh(),
    "rates_rectified": nef.RectifiedLinear(),
    "rates_spiking_rectified": nef.SpikingRectifiedLinear(),
    "rates_regular": nef.RegularSpiking(nef.LIFRate()),
    "rates_izhikevich": nef.Izhikevich(),
}


#: Rules of ``weights_pes`` and the rows after it.
RULES = {"pes": nef.PES(1e-5), "oja": nef.Oja(1e-6), "bcm": nef.BCM(1e-9)}


def weights(net: Any, rule: Any = None, n: int = 1000) -> None:
    """Full weights, 1000 to 1000 neurons."""
    a, b = (net.ensemble(n, 1, n_eval_points=1000) for _ in range(2))
    net.connect(net.node(np.sin), a)
    solver = nef.LstsqL2(weights=True)
    learned = net.connect(a, b, solver=solver, synapse=0.005, learning_rule=rule)
    if rule is not None and rule.needs_error:
        error = net.node(size_in=1)
        net.connect(b, error)
        net.connect(a, error, transform=-1)
        net.connect(error, learned.learning_rule)
    net.probe(b, synapse=0.01)


def coba(net: Any, n: int = 4000, density: float = 0.02) -> None:
    """4000 neurons with random weights between 2 % of the pairs, a fifth of them inhibitory."""
    rng = np.random.default_rng(1)
    matrix = sparse.random_array((n, n), density=density, format="csr", random_state=rng)
    matrix.data[:] = np.where(matrix.indices < 0.8 * n, 0.0004, -0.0016) * 80 / (n * density)
    bias = rng.uniform(1.0, 1.2, n)
    x = net.ensemble(n, 1, gain=np.ones(n), bias=bias, encoders=np.ones((n, 1)), n_eval_points=1)
    net.connect(x.neurons, x.neurons, transform=matrix, synapse=0.01)


def noise(net: Any) -> None:
    """White noise into each of 10,000 LIF neurons."""
    _many(net, nef.LIF(), noise=nef.WhiteNoise(nef.Gaussian(0.0, 0.01)))


def filtered_noise(net: Any) -> None:
    """Lowpass-filtered noise into each of 10,000 LIF neurons."""
    process = nef.FilteredNoise(nef.Lowpass(0.01), nef.Gaussian(0.0, 0.05))
    _many(net, nef.LIF(), noise=process)


def poisson(net: Any) -> None:
    """10,000 neurons that fire as Poisson processes."""
    _many(net, nef.PoissonSpiking(nef.LIFRate()))


def stochastic(net: Any) -> None:
    """10,000 neurons whose rates are rounded to spikes at random."""
    _many(net, nef.StochasticSpiking(nef.LIFRate()))


def rates(net: Any, name: str) -> None:
    """10,000 neurons of another type."""
    others = {"rates_izhikevich": (20, 60), "rates_sigmoid": (220, 350)}
    max_rates = others.get(name, (100, 200))
    _many(net, TYPES[name], max_rates=max_rates, intercepts=(-0.5, 0.5))


def _many(net: Any, kind: nef.NeuronType, **options: Any) -> None:
    """One population of 10,000 neurons that receives a sine."""
    a = net.ensemble(10_000, 1, neuron_type=kind, n_eval_points=200, **options)
    net.connect(net.node(np.sin), a, synapse=None)
    net.probe(a, synapse=0.01, solver=nef.LstsqL2())


class Pendulum:
    """A pendulum in plain Python; it starts again with the first step of a run."""

    def __init__(self) -> None:
        self.angle, self.speed = 0.5, 0.0

    def __call__(self, t: float, torque: np.ndarray) -> tuple[float, float]:
        """The angle and the speed after a step."""
        if t < 0.0015:
            self.angle, self.speed = 0.5, 0.0
        self.speed += 0.001 * (4.0 * torque[0] - 9.81 * np.sin(self.angle) - 0.5 * self.speed)
        self.angle += 0.001 * self.speed
        return self.angle, self.speed


def pendulum(net: Any) -> None:
    """A controller of 2 x 200 neurons and a pendulum in Python, a call for each step."""
    plant = net.node(Pendulum(), size_in=1, size_out=2)
    state, control = net.ensemble(200, 2, radius=2.0), net.ensemble(200, 1)
    net.connect(plant, state, synapse=0.005)
    net.connect(state, control, function=_push, synapse=0.005)
    net.connect(control, plant, synapse=0.01)
    net.probe(plant)


def _push(x: np.ndarray) -> float:
    """A torque that brings the pendulum to a target."""
    return float(np.clip(-x[0] - 0.3 * x[1], -1.0, 1.0))


def populations(net: Any, n: int, n_neurons: int) -> None:
    """Populations side by side with a probe each."""
    u = net.node([0.5])
    for _ in range(n):
        a = net.ensemble(n_neurons, 1, n_eval_points=500)
        net.connect(u, a)
        net.probe(a, synapse=0.01)


def stepping(net: Any) -> None:
    """``step()`` in a loop, 50 neurons."""
    populations(net, 1, 50)


def stepping_large(net: Any) -> None:
    """``step()`` in a loop, 100 populations of 1000 neurons."""
    populations(net, 100, 1000)


def high_d(net: Any, dimensions: int, n_neurons: int) -> None:
    """A communication channel of many dimensions."""
    u = net.node(nef.WhiteSignal(1.0, high=5.0, rms=0.05, seed=1), size_out=dimensions)
    a, b = net.ensemble(n_neurons, dimensions), net.ensemble(n_neurons, dimensions)
    net.connect(u, a, synapse=None)
    net.connect(a, b, synapse=0.005)
    net.probe(b, synapse=0.005)


def recurrent100k(net: Any) -> None:
    """One recurrent population of 100,000 neurons."""
    x = net.ensemble(100_000, 1, n_eval_points=200)
    net.connect(net.node(np.sin), x, transform=0.1, synapse=0.1)
    net.connect(x, x, synapse=0.1, solver=nef.LstsqL2())
    net.probe(x, synapse=0.01, solver=nef.LstsqL2())


def chain(net: Any) -> None:
    """Ten populations of 10,000 neurons in a chain."""
    them = [net.ensemble(10_000, 1, n_eval_points=200) for _ in range(10)]
    net.connect(net.node(np.sin), them[0], synapse=None)
    for a, b in pairwise(them):
        net.connect(a, b, synapse=0.005, solver=nef.LstsqL2())
    net.probe(them[-1], synapse=0.01, solver=nef.LstsqL2())


def voltages(net: Any) -> None:
    """The voltages of 2000 neurons, recorded in each step."""
    a = net.ensemble(2000, 1)
    net.connect(net.node(np.sin), a, synapse=None)
    net.probe(a.neurons, "voltage")


def _case(describe: Callable[..., None], seconds: float, **settings: Any) -> Model:
    """A network that Nengo runs with the arrays of nefsim alone."""
    settings = {"brian": False, "native": False, **settings}
    return Model(describe, seconds, min(seconds, 0.05), min(seconds, 0.05), **settings)


def _about(describe: Callable[..., None], text: str, **arguments: Any) -> Callable[..., None]:
    """A network with its arguments, and a line about it."""
    made = partial(describe, **arguments)
    made.__doc__ = text
    return made


CASES = {
    "weights": _case(weights, 0.2),
    **{
        f"weights_{name}": _case(
            _about(weights, f"Full weights, 1000 to 1000 neurons, {rule!r}.", rule=rule), 0.1
        )
        for name, rule in RULES.items()
    },
    **{
        f"weights_{name}_5000": _case(
            _about(weights, f"Full weights, 5000 to 5000 neurons, {rule!r}.", rule=rule, n=5000),
            0.05,
            large=True,
        )
        for name, rule in RULES.items()
    },
    "coba": _case(coba, 0.5, brian=True, sparse=True),
    "coba_20k": _case(
        _about(coba, "20,000 neurons, 1 % of the pairs.", n=20_000, density=0.01),
        0.1,
        brian=True,
        sparse=True,
    ),
    "noise": _case(noise, 0.1),
    "noise_filtered": _case(filtered_noise, 0.1),
    "poisson": _case(poisson, 0.1),
    "poisson_stochastic": _case(stochastic, 0.1),
    **{
        name: _case(_about(rates, f"10,000 neurons of {kind!r}.", name=name), 1.0)
        for name, kind in TYPES.items()
    },
    "pendulum": _case(pendulum, 1.0),
    "stepping": _case(stepping, 5.0, by_step=True),
    "stepping_large": _case(stepping_large, 0.5, by_step=True, shares_arrays=True),
    "high_d": _case(
        _about(high_d, "A channel of 64 dimensions.", dimensions=64, n_neurons=1000),
        1.0,
        shares_arrays=True,
    ),
    "high_d_512": _case(
        _about(high_d, "A channel of 512 dimensions.", dimensions=512, n_neurons=2000),
        0.2,
        shares_arrays=True,
    ),
    "recurrent100k": _case(recurrent100k, 1.0, large=True, shares_arrays=True),
    "chain": _case(chain, 2.0, large=True, shares_arrays=True),
    "voltages": _case(voltages, 0.5),
    "symbols": _case(
        _about(symbols, "Symbols in 95,100 neurons: memories, bindings, actions.", n_parts=2),
        0.2,
        large=True,
    ),
    "symbols_large": _case(
        _about(symbols, "The same with 475,500 neurons.", n_parts=10),
        0.05,
        large=True,
        nengo=False,
    ),
    "cconv500": _case(convolution, 0.05, large=True, nengo=False),
}
