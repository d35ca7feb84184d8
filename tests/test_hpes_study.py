"""The measures of the studies in benchmarks/, on networks small enough to test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.reproduce import hpes


def test_binding_is_circular_convolution() -> None:
    a, b = np.array([1.0, 2.0, -1.0]), np.array([0.5, 0.0, 3.0])
    summed = [sum(a[i] * b[(k - i) % 3] for i in range(3)) for k in range(3)]
    # The fast transform rounds.
    assert np.allclose(hpes.convolve(np.concatenate([a, b])), summed, rtol=0, atol=1e-14)


@pytest.mark.parametrize("task", [hpes.TRANSMIT, hpes.BIND], ids=lambda task: task.name)
def test_the_error_drives_both_rules_alike(task: hpes.Task) -> None:
    theta = np.array([100.0, 200.0])
    both, alone = hpes.rule(task, "hPES", theta), hpes.rule(task, "PES", theta)
    assert isinstance(both, nef.HPES) and isinstance(alone, nef.PES)
    # Divided by the share and multiplied again.
    assert both.learning_rate * both.supervision == pytest.approx(alone.learning_rate, rel=1e-15)
    # The BCM term is the paper's.
    assert both.bcm_scale is None and nef.learning.hpes.PUBLISHED_SCALE == 2e-8


def test_the_protocol_is_the_published_one() -> None:
    """80 s and 30 s are times of learning; phases begin and end with a test."""
    assert (hpes.BIND.n_windows, hpes.BIND.total) == (22, 194.0)
    assert (hpes.TRANSMIT.n_windows, hpes.TRANSMIT.total) == (62, 154.5)
    assert hpes.BIND.starts()[[0, 1, -1]].tolist() == [0.0, 9.0, 189.0]
    _, signal, _ = hpes.build(hpes.BIND, 3, None)
    assert signal == nef.FourierSignal(0.25, 40.0, 0.5, seed=4)


def test_nothing_is_learned_in_the_first_test_and_much_afterwards() -> None:
    task = replace(hpes.TRANSMIT, learning_time=5.0)
    control = hpes.errors(task, 0, None)
    for name in ("hPES", "PES"):
        relative = hpes.errors(task, 0, name) / control
        assert relative.shape == (12,)
        # Random first weights decode another value; four seeds give 5.1 to 7.6, and 2.0 to 3.0
        # after 5 s of learning.
        assert relative[0] > 4.0
        assert 1.0 < relative[-1] < 3.5


def test_a_channel_that_learns_at_no_rate_stays_as_it_was() -> None:
    sparsity, accuracy = hpes.sparser(0, nef.HPES(0.0), seconds=20.0)
    assert accuracy.tolist() == [1.0, 1.0]
    assert sparsity[0] == sparsity[1]


@pytest.fixture(scope="module")
def sparse() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean Gini index and accuracy of three networks in the first and last of 200 s."""
    actual = {}
    for name, rule in hpes.SPARSE.items():
        runs = [hpes.sparser(seed, rule, 200.0) for seed in range(3)]
        gini, accuracy = (np.mean(part, axis=0)[[0, -1]] for part in zip(*runs, strict=True))
        actual[name] = gini, accuracy
    return actual


def test_bcm_grows_as_sparse_and_forgets_as_much_as_published(sparse: Any) -> None:
    gini, accuracy = sparse["BCM (hPES, S = 0)"]
    # Published: .47 to .59 and .98 to .63.  Seeds differ by .08 in accuracy, the mean of three
    # by .05; twice the rate of BCM ends at .14, half of it at .88.
    assert 0.12 - 0.05 < gini[1] - gini[0] < 0.12 + 0.05
    assert accuracy[0] > 0.98
    assert abs(accuracy[1] - 0.63) < 0.13


def test_an_error_preserves_learned_values_that_bcm_alone_forgets(sparse: Any) -> None:
    (start, hybrid), (_, accuracy) = sparse["hPES (S = 0.8)"]
    (_, taught), (_, best) = sparse["PES (S = 1)"]
    assert hybrid - start > 0.07
    assert hybrid > taught + 0.05
    # Twice the rate of BCM loses .06.
    assert best - 0.04 < accuracy <= best


def test_bcm_alone_makes_weights_unequal_and_forgets() -> None:
    study = hpes.SPARSE["BCM (hPES, S = 0)"]
    fast = replace(study, learning_rate=10 * study.learning_rate)
    (before,), _ = hpes.sparser(0, nef.HPES(0.0), seconds=10.0)
    (after,), (accuracy,) = hpes.sparser(0, fast, seconds=10.0)
    assert after > before + 0.05
    assert 0.0 < accuracy < 0.98
