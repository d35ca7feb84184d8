"""Estimators meet the rules of scikit-learn, and their networks compute the same in spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef

pytest.importorskip("sklearn")

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from nefsim.sklearn import NEFClassifier, NEFRegressor


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([NEFRegressor(100), NEFClassifier(100)])
def test_the_rules_of_scikit_learn_hold(estimator: Any, check: Any) -> None:
    check(estimator)


def wave() -> tuple[np.ndarray, np.ndarray]:
    """Points of a plane and a smooth function of them."""
    X = np.random.default_rng(0).uniform(-2, 3, (400, 2))
    return X, np.sin(X[:, 0]) * X[:, 1] + 5


def test_more_neurons_fit_better() -> None:
    X, y = wave()
    few, many = (NEFRegressor(n, random_state=0).fit(X, y).score(X, y) for n in (20, 500))
    assert few < many and many > 0.98


def test_the_decoders_are_those_of_the_equation() -> None:
    X, y = wave()
    solver = nef.LstsqL2(reg=0.05)
    population = NEFRegressor(30, solver=solver, random_state=1).fit(X, y).population_
    x = (X - population.centre) / population.scale
    # The inputs are within the unit ball, and the farthest is on it.
    assert np.linalg.norm(x, axis=1).max() == pytest.approx(1.0, rel=1e-12)
    A = nef.tuning_curves(nef.LIF(), x, population.encoders, population.gain, population.bias)
    expected = nef.solve_decoders(A, y[:, None] - y.mean(), solver=solver)
    np.testing.assert_array_equal(population.decoders, expected)


def test_shapes_of_targets_are_those_of_predictions() -> None:
    X, y = wave()
    one = NEFRegressor(20, random_state=0).fit(X, y)
    column = NEFRegressor(20, random_state=0).fit(X, y[:, None])
    assert one.predict(X).shape == (400,) and column.predict(X).shape == (400, 1)
    np.testing.assert_array_equal(one.predict(X), column.predict(X)[:, 0])


def test_estimators_work_in_pipelines_and_searches() -> None:
    X, y = wave()
    pipeline = make_pipeline(StandardScaler(), NEFRegressor(random_state=0))
    search = GridSearchCV(pipeline, {"nefregressor__n_neurons": [5, 200]}, cv=2).fit(X, y)
    assert search.best_params_ == {"nefregressor__n_neurons": 200}


def test_classes_may_be_words() -> None:
    X, y = wave()
    words = np.where(y > 5, "above", "below")
    model = NEFClassifier(200, random_state=0).fit(X, words)
    assert model.classes_.tolist() == ["above", "below"]
    assert model.score(X, words) > 0.95
    scores = model.decision_function(X)
    np.testing.assert_array_equal(model.predict(X), np.where(scores > 0, "below", "above"))


def test_the_network_decodes_in_spikes_what_the_estimator_decodes_from_rates() -> None:
    X, y = wave()
    model = NEFRegressor(300, random_state=0).fit(X, y)
    net, parts = model.to_network(synapse=0.02)
    net.connect(net.node(nef.PresentInput(X[:5], 0.3)), parts["input"], synapse=None)
    output = net.probe(parts["output"])
    with nef.Simulator(net) as sim:
        sim.run(1.5)
    settled = sim.data[output].reshape(5, 300, 1)[:, 150:, 0].mean(axis=1)
    # Spikes of 300 neurons over 0.15 s; the range of y is 8.
    np.testing.assert_allclose(settled, model.predict(X[:5]), rtol=0, atol=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_neurons": 0}, "NEFRegressor: n_neurons must"),
        ({"max_rates": 100}, "NEFRegressor: max_rates must"),
        ({"neuron_type": "lif"}, "NEFRegressor: neuron_type must"),
        ({"solver": 0.1}, "NEFRegressor: solver must"),
        ({"encoders": np.eye(2)}, "NEFRegressor: encoders must"),
    ],
)
def test_bad_parameters_are_refused_by_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        NEFRegressor(**options).fit(*wave())
