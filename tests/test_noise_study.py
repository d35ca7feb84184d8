"""The study of decoders that are matched to noise, on networks small enough to test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from tests.test_solvers import A, Y


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module in the folder of benchmarks, which imports its neighbour."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    import noise_matched

    return noise_matched


def test_ridges_of_one_decomposition_are_those_of_the_solver(study: Any) -> None:
    found = study.decoders(A, Y[:, :1])
    wanted = [nef.LstsqL2(reg)(A, Y[:, :1])[0] for reg in (*study.RIDGES, 0.1)]
    # A decomposition and a factorisation round differently; the condition is up to 1e7.
    np.testing.assert_allclose(found, np.hstack(wanted), atol=1e-7 * np.abs(found).max())


def test_matched_decoders_are_better_than_ridges_behind_one_synapse(
    study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "SIZES", (50,))
    monkeypatch.setattr(study, "SECONDS", 4.0)
    found = study.cells(3, high=5.0)
    assert len(found["cells"]) == 15
    assert found["summary"]["auto / reg 0.1"]["median"] < 0.95
    assert found["summary"]["reg 0.1 / best"]["smallest"] >= 1


def test_the_readme_network_has_the_error_of_the_study(study: Any) -> None:
    found = study.networks.study("square", 5)
    # Of thirty seeds the medians are .017 and .030.
    assert found["rmse; auto"] < 0.022 < 0.025 < found["rmse; reg 0.1"]


def test_a_slow_synapse_lets_an_integrator_drift_less(study: Any) -> None:
    found = study.networks.study("integrator", 3)
    assert found["drift 4 s; auto"] < 0.5 * found["drift 4 s; reg 0.1"]
