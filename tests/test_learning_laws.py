"""Laws of learning rules: one step of each rule is its equation, and arguments have bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.learning import LearningRule
from nefsim.learning.base import Trace

RNG = np.random.default_rng(0)
PRE, POST, ERROR = RNG.uniform(1, 90, 4), RNG.uniform(1, 90, 3), np.array([0.5, -2.0, 1.5])
WEIGHTS = RNG.normal(size=(3, 4))
GAIN, HIGHEST = np.array([1.0, 2.0, 4.0]), np.array([100.0, 200.0, 400.0])
THETA = np.array([10.0, 50.0, 70.0])


def step(rule: LearningRule, error: Any = ERROR, **more: Any) -> Any:
    return rule.step(PRE, POST, error, WEIGHTS.copy(), **more)


def outer(u: Any, d: Any = None) -> Any:
    """``u_j a_i - d_j w_ji``, written out."""
    decay = np.zeros(3) if d is None else d
    return np.array(
        [[u[j] * PRE[i] - decay[j] * WEIGHTS[j, i] for i in range(4)] for j in range(3)]
    )


def equal(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_pes_and_the_delta_rule_follow_the_error() -> None:
    equal(step(nef.PES(0.25)), outer(-0.25 / 4 * ERROR))
    middle = float(np.sort(POST)[1])
    fires = np.array([float(y > middle) for y in POST])  # not at the threshold itself
    assert fires.sum() == 1.0
    equal(step(nef.DeltaRule(0.25, threshold=middle)), outer(-0.25 / 4 * ERROR * fires))
    equal(step(nef.DeltaRule(0.25)), outer(-0.25 / 4 * ERROR))
    assert nef.DeltaRule(threshold=-3.0).threshold == -3.0


def test_recursive_least_squares_follow_their_equations() -> None:
    rule = nef.RLS(0.25)
    P = rule.start(4, 3, 0.002)["inverse"]
    equal(P, np.diag([0.25 * 0.002 / 4] * 4))
    P = np.array([[2.0, 0.5, 0, 0], [0.5, 1.0, 0, 0], [0, 0, 3.0, 0.25], [0, 0, 0.25, 1.0]]) * 1e-4
    k = P @ PRE
    inverse = P.copy()
    found = step(rule, inverse=inverse, dt=0.002)
    equal(found, np.outer(-ERROR, k) / (1 + PRE @ k) / 0.002)
    equal(inverse, P - np.outer(k, k) / (1 + PRE @ k))


def test_associations_are_stored_in_one_second_and_others_fade() -> None:
    power = float(PRE @ PRE)
    equal(step(nef.Association(2.0)), outer(2.0 * ERROR / power))
    equal(step(nef.Association(2.0, forgetting=0.5)), outer(2.0 * ERROR / power, np.full(3, 0.5)))
    still = nef.Association(2.0, forgetting=0.5).step(PRE, POST, np.zeros(3), WEIGHTS)
    assert not still.any()
    silent = nef.Association(2.0).step(np.zeros(4), POST, ERROR, WEIGHTS)
    assert not silent.any()
    few = nef.Association(2.0).factors(np.full(4, 0.25), POST, ERROR)[0]
    equal(few, 2.0 * ERROR / 0.25)  # a power below 1


def test_rules_without_an_error_follow_the_activities() -> None:
    equal(step(nef.BCM(0.25), None, theta=THETA), outer(0.25 * POST * (POST - THETA)))
    with pytest.raises(TypeError, match=r"BCM\.factors: theta must be given, got none"):
        nef.BCM().factors(PRE, POST, None)
    equal(step(nef.Oja(0.25, beta=3.0), None), outer(0.25 * POST, 3.0 * 0.25 * POST**2))
    equal(step(nef.Oja(0.25, beta=0.0), None), outer(0.25 * POST))
    triangle = np.array(
        [
            [
                POST[j] * (PRE[i] - sum(POST[k] * WEIGHTS[k, i] for k in range(j + 1)))
                for i in range(4)
            ]
            for j in range(3)
        ]
    )
    equal(step(nef.Sanger(0.25), None), 0.25 * triangle)


@pytest.mark.parametrize(("error", "factor"), [(None, 1.0), (np.array([-0.75, 9.0]), 0.25)])
def test_voja_moves_encoders_to_the_input_unless_it_is_inhibited(error: Any, factor: float) -> None:
    d = 0.5 * factor * POST
    equal(step(nef.Voja(0.5), error, scale=GAIN), outer(GAIN * d, d))


@pytest.mark.parametrize("scale", [None, 0.5])
@pytest.mark.parametrize("beta", [0.0, 0.25])
def test_hpes_weighs_the_error_and_the_activity(scale: float | None, beta: float) -> None:
    rule = nef.HPES(2.0, supervision=0.75, bcm_scale=scale, beta=beta)
    a, theta = POST / HIGHEST, THETA / HIGHEST
    # As large as published, 2e4 on activities of 1e-6 Hz.
    b = 2e4 * (1e-6 * HIGHEST) ** 2 if scale is None else scale
    drive = 0.75 * ERROR - 0.25 * b * GAIN * a * (a - theta)
    expected = outer(-2.0 / 4 * drive, 2.0 * beta * a**2)
    equal(step(rule, gain=GAIN, max_rates=HIGHEST, theta=THETA), expected)
    assert (
        rule.factors(PRE, POST, ERROR, gain=GAIN, max_rates=HIGHEST, theta=THETA)[1] is None
    ) == (beta == 0.0)


def test_traces_are_of_the_neurons_before_or_after() -> None:
    slow, fast, other = nef.Lowpass(0.3), nef.Lowpass(0.01), nef.Lowpass(0.02)
    pre, post = Trace("pre", fast), Trace("post", other)
    for rule, traces in (
        (nef.PES(pre_synapse=fast), {"pre": pre}),
        (nef.RLS(pre_synapse=fast), {"pre": pre}),
        (nef.Association(pre_synapse=fast), {"pre": pre}),
        (nef.Voja(post_synapse=other), {"post": post}),
        (nef.Oja(pre_synapse=fast, post_synapse=other), {"pre": pre, "post": post}),
        (nef.Sanger(pre_synapse=fast, post_synapse=other), {"pre": pre, "post": post}),
        (nef.DeltaRule(pre_synapse=fast, post_synapse=other), {"pre": pre, "post": post}),
    ):
        assert [*rule.traces()] == [*traces]
        for name, trace in traces.items():
            found = rule.traces()[name]
            assert (found.of, found.synapse, found.start) == (trace.of, trace.synapse, 0.0)
    for rule in (
        nef.BCM(pre_synapse=fast, post_synapse=other, theta_synapse=slow, theta_start=7.0),
        nef.HPES(pre_synapse=fast, post_synapse=other, theta_synapse=slow, theta_start=7.0),
    ):
        found = {k: (t.of, t.synapse, t.start) for k, t in rule.traces().items()}
        assert found == {
            "pre": ("pre", fast, 0.0),
            "post": ("post", other, 0.0),
            "theta": ("post", slow, 7.0),
        }

    class Custom(LearningRule):
        def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
            return 0 * weights

    custom = Custom()
    found = {k: (t.of, t.synapse, t.start) for k, t in custom.traces().items()}
    lowpass = nef.Lowpass(0.005)
    assert found == {"pre": ("pre", lowpass, 0.0), "post": ("post", lowpass, 0.0)}
    assert custom.start(1, 1, 0.1) == {}


RATES = [
    nef.PES, nef.HPES, nef.BCM, nef.Oja, nef.Voja, nef.RLS, nef.DeltaRule, nef.Association,
    nef.Sanger,
]  # fmt: skip


@pytest.mark.parametrize("kind", RATES, ids=lambda kind: kind.__name__)
def test_learning_rates_and_shares_have_bounds(kind: Any) -> None:
    assert kind(0.0).learning_rate == 0.0
    with pytest.raises(ValueError, match=f"{kind.__name__}: learning_rate must be at least 0"):
        kind(-1e-9)
    for name in ("pre_synapse", "post_synapse", "theta_synapse"):
        if hasattr(kind(), name):
            assert getattr(kind(**{name: 0.25}), name) == nef.Lowpass(0.25)
            assert getattr(kind(**{name: None}), name) is None
            with pytest.raises((TypeError, ValueError), match=rf"{kind.__name__}: {name} must"):
                kind(**{name: "x"})
    for name in ("beta", "bcm_scale", "forgetting", "theta_start"):
        if hasattr(kind(), name):
            assert getattr(kind(**{name: 0.0}), name) == 0.0
            with pytest.raises(ValueError, match=rf"{kind.__name__}: {name} must be at least 0"):
                kind(**{name: -1e-9})
    if hasattr(kind(), "supervision"):
        assert [kind(supervision=s).supervision for s in (0.0, 1.0)] == [0.0, 1.0]
        for wrong in (-1e-9, 1.0 + 1e-9):
            with pytest.raises(ValueError, match="HPES: supervision must"):
                kind(supervision=wrong)


def test_starts_of_a_threshold_may_differ() -> None:
    found: Any = nef.BCM(theta_start=[1.0, 2.0]).theta_start
    assert found.tolist() == [1.0, 2.0]
