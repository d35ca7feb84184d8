"""Laws of descriptions: arguments at their bounds, sizes of arrays, and records."""

from __future__ import annotations

from types import SimpleNamespace as Fake
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim.describe import cost
from nefsim.lowering import threads
from nefsim.solvers import LstsqL2, Nnls, NoiseMatched


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"net": 3}, "describe: net must be a network, got 3"),
        ({"net": nef.Network().subnetwork()}, "net must not be part of another"),
        ({"dt": 0.0}, "dt must be above 0"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"batch_size": 10**6 + 1}, "batch_size must be at most 1000000"),
        ({"batch_size": 10**6}, ""),
        ({"batch_size": 1}, ""),
        ({"dtype": "float16"}, "dtype must be"),
    ],
    ids=range(8),
)
def test_arguments_have_bounds(options: dict[str, Any], words: str) -> None:
    arguments = {"net": nef.Network(), **options}
    if not words:
        described = nef.describe(**arguments)
        assert described.batch_size == options["batch_size"]
        return
    with pytest.raises((TypeError, ValueError)) as raised:
        nef.describe(**arguments)
    assert words in str(raised.value)


class Neurons:
    """An ensemble of a number of neurons."""

    def __init__(self, n_neurons: int) -> None:
        self.n_neurons = n_neurons


def test_memory_of_solvers_is_that_of_the_largest_or_of_small_ones_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 2)
    monkeypatch.setattr(threads, "MIN_WORK_FOR_THREADS", 8 * 10 * 8)
    monkeypatch.setattr(cost, "MOST_ACTIVITIES", 100)

    def memory(*systems: tuple[int, int, Any]) -> float:
        made = [Fake(ensemble=Neurons(n), n_points=p, solver=s) for n, p, s in systems]
        return cost.solving(made) / 8  # type: ignore[arg-type]

    plain = LstsqL2()
    assert memory() == 0
    assert memory((3, 5, plain)) == 3 * 5 + 3**2
    assert memory((5, 3, plain)) == 3 * 5 + 3**2
    # Two cores solve two small ones at the same time, the largest ones.
    small = [(2, 2, plain), (3, 5, plain), (4, 5, plain)]
    assert memory(*small) == (3 * 5 + 9) + (4 * 5 + 16)
    # From 640 products on there is one at a time.
    assert memory((8, 10, plain), (3, 5, plain)) == 80 + 64
    assert memory((7, 10, plain), (3, 5, plain)) == (70 + 49) + (15 + 9)
    # More than 100 activities are held block by block, with the addend, if points are as many.
    assert memory((10, 10, plain)) == 100 + 100
    assert memory((10, 11, plain)) == (25 + 100) + 100
    assert memory((11, 10, plain)) == 110 + 100
    assert memory((10, 11, NoiseMatched(synapse=0.1))) == (25 + 100) + 100
    # Other solvers hold the activities, and three copies.
    assert memory((10, 11, Nnls())) == 110 + 100 + 3 * 110
    assert memory((3, 5, Nnls()), (3, 5, plain)) == 2 * (15 + 9) + 3 * 15
    shared = Neurons(3)
    pair = [Fake(ensemble=shared, n_points=p, solver=plain) for p in (5, 4)]
    assert cost.solving(pair) / 8 == (15 + 9) + (12 + 9)  # type: ignore[arg-type]


def test_arrays_and_their_transposes_are_counted_once() -> None:
    array = np.ones((3, 4))
    assert cost._place(array) == cost._place(array.T) != cost._place(array[1:])
    assert cost._size(array) == 12
    sparse = scipy.sparse.csr_array([[0.0, 2.0], [3.0, 0.0]])
    assert cost._size(sparse) == 2 * 2 and cost._place(sparse) == (id(sparse), 0)


def test_records_count_their_trials_elements_and_intervals() -> None:
    net = nef.Network(seed=1)
    u = net.node([1.0, 2.0, 3.0])
    net.probe(u)
    size = nef.describe(net).bytes_per_second
    assert size == 3 * 8 * 1000
    assert nef.describe(net, batch_size=4).bytes_per_second == 4 * size
    assert nef.describe(net, dtype="float32").bytes_per_second == size // 2
    assert nef.describe(net, dt=0.002).bytes_per_second == size // 2
    net.probe(u[1], sample_every=0.004)
    assert nef.describe(net).bytes_per_second == size + 8 * 250
    # Spikes at a high rate are rows, which are smaller than events.
    fast = net.ensemble(10, 1, max_rates=(8000, 9000), neuron_type=nef.LIF(tau_ref=0.0))
    before = nef.describe(net).bytes_per_second
    net.probe(fast.neurons)
    assert nef.describe(net).bytes_per_second == before + 10 * 8 * 1000


def test_the_largest_factorisation_is_that_of_most_activities() -> None:
    net = nef.Network(seed=1)
    for n, p in ((20, 40), (30, 50), (10, 60)):
        net.probe(net.ensemble(n, 1, n_eval_points=p))
    described = nef.describe(net)
    assert described.largest == (50, 30) and described.factorisations == 3
    assert nef.describe(nef.Network()).largest == (0, 0)
    net.connect(net.ensembles[0], net.node(size_in=1), solver=nef.NoSolver(np.ones((20, 1))))
    assert nef.describe(net).factorisations == 3  # decoders that are passed need none


def test_the_shortest_steps_have_a_finite_size() -> None:
    net = nef.Network(seed=1)
    net.probe(net.ensemble(10, 1))
    assert nef.describe(net, dt=5e-324).bytes_per_second == int(1e24)
