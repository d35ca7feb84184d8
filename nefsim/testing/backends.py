"""Laws of back ends: the records of the NumPy back end, however a run is cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import backends
from nefsim.backends import Runner
from nefsim.learning import PES, Oja
from nefsim.lowering import Built, build
from nefsim.network import Network
from nefsim.neurons import AdaptiveLIF, LIFRate, PoissonSpiking
from nefsim.processes import WhiteSignal
from nefsim.program import State, initial_state
from nefsim.solvers import LstsqL2
from nefsim.synapses import Alpha, Triangle
from nefsim.testing.laws import Laws, require, require_close, require_equal

Array = NDArray[np.float64]
Prepare = Callable[[Built, State], Runner]

LAWS = Laws()
DT = 0.001
N_STEPS = 250


class Recording:
    """A recorder of rows, which counts the steps that are complete."""

    def __init__(self) -> None:
        self.rows: dict[int, list[Array]] = {}
        self.n_steps = 0

    def add(self, probe: int, rows: Array) -> None:
        """More rows of a probe; they may change afterwards."""
        self.rows.setdefault(probe, []).append(np.array(rows))

    def settle(self, n_steps: int) -> None:
        """The first ``n_steps`` steps are complete."""
        self.n_steps = n_steps

    def arrays(self) -> list[Array]:
        """All rows of each probe."""
        return [np.concatenate(self.rows[probe]) for probe in sorted(self.rows)]


@dataclass(frozen=True)
class Case:
    """A back end by its function ``prepare``, and whether it runs batches."""

    prepare: Prepare
    batches: bool

    def run(self, net: Network, *pieces: int, batch_size: int | None = None) -> list[Array]:
        """Records of a run in pieces."""
        return run(self.prepare, net, *pieces, batch_size=batch_size)[0]


def run(
    prepare: Prepare, net: Network, *pieces: int, batch_size: int | None = None
) -> tuple[list[Array], Recording, State]:
    """Records of a run in pieces, the recorder, and the state after it."""
    built = build(net, DT, 1)
    state = initial_state(built.program, 2, batch_size)
    runner, recording = prepare(built, state), Recording()
    for n_steps in pieces:
        runner(n_steps, recording)
    return recording.arrays(), recording, state


def channel() -> Network:
    """Two populations, with a function, between a sine and a probe."""
    net = Network(seed=1)
    a, b = net.ensemble(50, 1), net.ensemble(40, 1)
    net.connect(net.node(np.sin), a, synapse=None)
    net.connect(a, b, function=np.square, synapse=0.1)
    for probe in (a.neurons, b.neurons, b):
        net.probe(probe)
    net.probe(b, synapse=0.03, sample_every=0.004)
    net.probe(a.neurons, "voltage")
    return net


def integrator() -> Network:
    """A population that is connected to itself, with input from a process."""
    net = Network(seed=2)
    x = net.ensemble(60, 2)
    net.connect(net.node(WhiteSignal(1.0, high=10.0), size_out=2), x, transform=0.1, synapse=0.1)
    net.connect(x, x, synapse=0.1)
    net.connect(x.neurons, x.neurons, transform=np.full((60, 60), -1e-5), synapse=0.01)
    for probe in (x.neurons, x):
        net.probe(probe)
    return net


def mixture() -> Network:
    """Several neuron types and synapses, and a function of time and input."""
    net = Network(seed=3)
    stimulus = net.node(lambda t: np.sin(5 * t))
    node = net.node(lambda t, x: x * x + t, size_in=1)
    for kind, synapse in (
        (LIFRate(), Alpha(0.02)),
        (AdaptiveLIF(), Triangle(0.02)),
        (PoissonSpiking(), 0.005),
    ):
        a = net.ensemble(30, 1, neuron_type=kind)
        net.connect(stimulus, a, synapse=synapse)
        net.connect(a, node)
        net.probe(a.neurons)
    net.probe(node)
    return net


def lesson() -> Network:
    """Rules on decoders and on full weights."""
    net = Network(seed=4)
    stimulus, error = net.node(np.sin), net.node(size_in=1)
    a, b = net.ensemble(40, 1), net.ensemble(30, 1)
    net.connect(stimulus, a)
    learned = net.connect(a, b, function=np.zeros_like, learning_rule=PES(1e-3))
    full = net.connect(a, b, solver=LstsqL2(weights=True), learning_rule=Oja(1e-6))
    net.connect(b, error)
    net.connect(stimulus, error, transform=-1)
    net.connect(error, learned.learning_rule)
    net.probe(b.neurons)
    net.probe(learned, "weights")
    net.probe(full, "weights", sample_every=0.01)
    return net


NETWORKS: dict[str, Callable[[], Network]] = {
    "a channel": channel,
    "an integrator": integrator,
    "several neuron types": mixture,
    "learning rules": lesson,
}


def check_backend(backend: str | Prepare, batches: bool = True) -> tuple[str, ...]:
    """Check the laws of back ends.

    Parameters
    ----------
    backend : str or function
        Name of a back end, or its ``prepare(built, state)``, which returns a function
        ``run(n_steps, recorder)``.
    batches : bool
        Whether it runs several trials at once; the law about them is left out otherwise.

    Returns
    -------
    tuple of str
        Names of the laws that were checked.

    Raises
    ------
    Violation
        If a law is broken.
    TypeError, ValueError
        If the arguments are not those above.
    BackendUnavailable
        If the package of a back end is not installed.

    See Also
    --------
    nefsim.crosscheck : two back ends compared on a network of a user.

    Examples
    --------
    >>> import nefsim as nef
    >>> "a run in pieces is a run in one" in nef.testing.check_backend("numpy")
    True
    """
    who, prepare = "check_backend", backend
    if isinstance(backend, str):
        name = check.one_of(who, "backend", backend, tuple(backends.BACKENDS))
        prepare = backends.module(name).prepare
    elif not callable(backend):
        must, do = "be a name or a function", "pass its function prepare(built, state)"
        check.fail(who, "backend", must, check.show(backend), do, TypeError)
    function: Any = prepare
    return LAWS.check(backend, Case(function, check.flag(who, "batches", batches)))


def _reference(net: Network, batch_size: int | None = None) -> list[Array]:
    prepare = backends.module("numpy").prepare
    return run(prepare, net, N_STEPS, batch_size=batch_size)[0]


@LAWS.law()
def a_run_has_a_row_for_each_step(case: Case) -> None:
    """run(n) adds n rows of each probe to the recorder, also if n is 1, and state.step is n."""
    net = Network(seed=1)
    net.probe(net.node(np.sin))
    for n_steps in (1, 13, N_STEPS):
        (rows,), recording, state = run(case.prepare, net, n_steps)
        require(len(rows) == n_steps, f"It has {len(rows)} rows after {n_steps} steps")
        settled = recording.n_steps
        require(settled <= n_steps, f"It settles {settled} of {n_steps} steps")
        require(state.step == n_steps, f"state.step is {state.step} after {n_steps} steps")


@LAWS.law()
def records_are_those_of_the_numpy_back_end(case: Case) -> None:
    """Spikes are equal, and values up to the order of sums."""
    for label, make in NETWORKS.items():
        _compare(case.run(make(), N_STEPS), _reference(make()), label)


@LAWS.law()
def a_run_in_pieces_is_a_run_in_one(case: Case) -> None:
    """Records do not depend on the way in which a run is cut."""
    for label, make in NETWORKS.items():
        _compare(case.run(make(), 1, 2, 47, 200), case.run(make(), N_STEPS), label)


@LAWS.law(lambda case: case.batches)
def trials_of_a_batch_are_those_of_the_numpy_back_end(case: Case) -> None:
    """In a batch each trial has its random numbers, and the records have an axis of trials."""
    for label, make in NETWORKS.items():
        _compare(case.run(make(), N_STEPS, batch_size=3), _reference(make(), 3), label)


@LAWS.law()
def runners_are_separate(case: Case) -> None:
    """Two runners of one program do not share memory."""
    built = build(lesson(), DT, 1)
    records = []
    runners = [case.prepare(built, initial_state(built.program, 2)) for _ in range(2)]
    for runner in runners:
        recording = Recording()
        runner(100, recording)
        records.append(recording.arrays())
    for k, (one, other) in enumerate(zip(*records, strict=True)):
        require_equal(other, one, f"probe {k} of the second runner")


def _compare(found: list[Array], expected: list[Array], label: str) -> None:
    require(len(found) == len(expected), f"{len(found)} of {len(expected)} probes of {label}")
    for k, (one, other) in enumerate(zip(found, expected, strict=True)):
        # A spike is a thousand times as large.
        within = 1e-9 * max(1.0, float(np.abs(other).max()))
        require_close(one, other, within, f"probe {k} of {label}")
