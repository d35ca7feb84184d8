"""What the studies in benchmarks/ measure, on networks small enough to test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import nefsim as nef
from benchmarks import hpes


def test_binding_is_circular_convolution() -> None:
    a, b = np.array([1.0, 2.0, -1.0]), np.array([0.5, 0.0, 3.0])
    summed = [sum(a[i] * b[(k - i) % 3] for i in range(3)) for k in range(3)]
    # The fast transform rounds.
    assert np.allclose(hpes.convolve(np.concatenate([a, b])), summed, rtol=0, atol=1e-14)


@pytest.mark.parametrize("task", [hpes.TRANSMIT, hpes.BIND], ids=lambda task: task.name)
def test_the_error_drives_both_rules_alike(task: hpes.Task) -> None:
    both, alone = hpes.rule(task, "hPES"), hpes.rule(task, "PES")
    assert isinstance(both, nef.HPES) and isinstance(alone, nef.PES)
    # Divided by the share and multiplied again.
    assert both.learning_rate * both.supervision == pytest.approx(alone.learning_rate, rel=1e-15)


def test_transmission_is_learned_from_cycle_to_cycle() -> None:
    task = replace(hpes.TRANSMIT, learn=0.5, test=0.5, total=6.0)
    control = hpes.errors(task, 0, None)
    for name in ("hPES", "PES"):
        relative = hpes.errors(task, 0, hpes.rule(task, name)) / control
        assert relative.shape == (6,)
        assert relative[0] > 2.5
        assert 0.9 < relative[-1] < 0.6 * relative[0]


def test_a_channel_that_learns_at_no_rate_stays_as_it_was() -> None:
    sparsity, accuracy = hpes.sparser(0, nef.HPES(0.0), seconds=20.0)
    assert accuracy.tolist() == [1.0, 1.0]
    assert sparsity[0] == sparsity[1]


def test_bcm_alone_makes_weights_unequal_and_forgets() -> None:
    fast = nef.HPES(3e-2, supervision=0.0, bcm_scale=0.002)  # ten times the study's rate
    (before,), _ = hpes.sparser(0, nef.HPES(0.0), seconds=10.0)
    (after,), (accuracy,) = hpes.sparser(0, fast, seconds=10.0)
    assert after > before + 0.05
    assert 0.0 < accuracy < 0.98
