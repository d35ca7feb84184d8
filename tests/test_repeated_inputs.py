"""Inputs that repeat are multiplied once, and encoded before they are filter_size."""

from __future__ import annotations

import numpy as np
import pytest

import nefsim as nef
from nefsim.backends.vectorised import sums
from nefsim.program import Filter


def images(synapse: float | None, n_neurons: int = 40, hold: float = 0.05) -> nef.Network:
    """A population whose input is a sequence of images of 100 pixels."""
    net = nef.Network(seed=1)
    pixels = np.random.default_rng(0).uniform(-1, 1, (5, 100))
    a = net.ensemble(n_neurons, 100, radius=3.0, label="a")
    net.connect(net.node(nef.PresentInput(pixels, hold)), a, synapse=synapse)
    net.probe(a[:3], synapse=0.01)
    return net


@pytest.mark.parametrize("synapse", [None, 0.005])
@pytest.mark.parametrize("hold", [0.001, 0.05])
def test_images_shown_for_many_steps_give_the_spikes_of_nengo(
    synapse: float | None, hold: float
) -> None:
    for backend in ("numpy", "numba"):
        report = nef.crosscheck(images(synapse, hold=hold), 0.5, (backend, "nengo"))
        assert report.n_spikes > 500
        assert report.agrees, str(report)


def test_many_values_for_few_neurons_are_filtered_as_currents() -> None:
    def filter_size(net: nef.Network) -> int:
        built = nef.Simulator(net).built.program
        return max(built.signals[op.output].size for op in built.ops if isinstance(op, Filter))

    assert filter_size(images(0.005, n_neurons=40)) == 40
    assert filter_size(images(0.005, n_neurons=200)) == 100
    probed = images(0.005, n_neurons=40)
    probed.probe(probed.ensembles[0], "input")
    assert filter_size(probed) == 100


@pytest.mark.parametrize("matrix", [None, 0.5, np.linspace(0.1, 1, 100), np.eye(100)[::-1]])
def test_any_transform_is_applied_before_the_filter(matrix: object) -> None:
    net = nef.Network(seed=2)
    pixels = np.random.default_rng(1).uniform(-1, 1, (9, 100))
    a = net.ensemble(30, 100, radius=3.0)
    net.connect(net.node(nef.PresentInput(pixels, 0.02)), a, transform=matrix, synapse=0.01)
    net.probe(a, synapse=0.01)
    assert nef.crosscheck(net, 0.3, ("numba", "nengo")).agrees


@pytest.mark.parametrize("into", [False, True], ids=["new", "into"])
@pytest.mark.parametrize("kind", ["held", "changing", "all", "one row", "one sparse row"])
def test_a_product_with_a_large_matrix_is_correct_for_any_rows(kind: str, into: bool) -> None:
    """Repeated rows are multiplied once; a sparse vector uses only some rows of the matrix."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(500, 60))
    rows = {
        "held": np.repeat(rng.normal(size=(4, 500)), [3, 1, 7, 2], axis=0),
        "changing": rng.normal(size=(12, 500)),
        "all": np.repeat(rng.normal(size=(1, 500)), 12, axis=0),
        "one row": rng.normal(size=(1, 500)),
        "one sparse row": np.where(rng.random((1, 500)) < 0.1, rng.normal(size=(1, 500)), 0.0),
    }[kind]
    assert matrix.size >= sums.MIN_SIZE_FOR_GATHERING
    out = np.full((len(rows), 60), np.nan) if into else None
    value = sums._dense(matrix)(rows, out)
    # The order of the sums differs.
    np.testing.assert_allclose(value, rows @ matrix, rtol=0, atol=1e-13 * np.abs(value).max())
    assert value is out if into else value.shape == (len(rows), 60)


def test_rows_that_repeat_at_the_start_are_multiplied_once() -> None:
    calls = []

    class CountingArray(np.ndarray):
        def __matmul__(self, other: object) -> np.ndarray:  # type: ignore[override]
            calls.append(len(self))
            return np.asarray(self) @ other  # type: ignore[operator]

    multiply = sums._dense(np.ones((500, 60)))
    rows = np.repeat(np.arange(5.0), 4)[:, None] * np.ones(500)
    multiply(rows.view(CountingArray), None)
    assert calls == [5]
