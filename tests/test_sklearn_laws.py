"""Laws of the estimators: draws, scales, decoded values and networks, each by its formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef

pytest.importorskip("sklearn")

from sklearn.exceptions import NotFittedError

from nefsim.encoding import gain_bias
from nefsim.sklearn import NEFClassifier, NEFRegressor, estimators
from nefsim.sklearn.population import Population, fitted

RNG = np.random.default_rng(0)
PLANE = RNG.uniform(-2, 3, (40, 2)) * [1.0, 5.0]
LINE = PLANE[:, :1]


def population(X: np.ndarray, Y: np.ndarray, encoders: Any = None) -> Population:
    rng = np.random.default_rng(7)
    return fitted(X, Y, 30, nef.LIF(), encoders, (150.0, 320.0), nef.LstsqL2(reg=0.05), rng)


def equal(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("X", [LINE, PLANE], ids=["line", "plane"])
def test_neurons_are_drawn_at_the_inputs_in_this_order(X: np.ndarray) -> None:
    Y = np.column_stack([X[:, 0] ** 2, np.sin(X[:, -1])])
    found = population(X, Y)
    centre = sum(X) / 40
    deviation = np.sqrt(sum((X - centre) ** 2) / 40)
    farthest = max(np.linalg.norm(row) for row in (X - centre) / deviation)
    equal(found.centre, centre)
    equal(found.scale, deviation * farthest)
    x = (X - centre) / found.scale
    rng = np.random.default_rng(7)
    e = nef.UniformHypersphere(surface=True).sample(30, X.shape[1], rng)
    equal(found.encoders, e)
    points = x[rng.integers(40, size=30)]
    ends = np.array([a @ b for a, b in zip(e, points, strict=True)])
    below = ends - rng.uniform(0.001, 0.01, 30)
    # On a line some neurons would begin at the end of the unit ball.
    assert (below > 0.9).any() == (X is LINE)
    intercepts = [min(value, 0.9) for value in below]
    gain, bias = gain_bias(nef.LIF(), rng.uniform(150.0, 320.0, 30), intercepts)
    equal(found.gain, gain)
    equal(found.bias, bias)
    rates = nef.LIF().rates((x @ e.T) * gain + bias)
    equal(found.offset, sum(Y) / 40)
    decoders = nef.solve_decoders(rates, Y - sum(Y) / 40, solver=nef.LstsqL2(reg=0.05))
    equal(found.decoders, decoders)
    equal(found.decode(X[:7]), (rates @ decoders + sum(Y) / 40)[:7])


def test_encoders_of_a_distribution_are_scaled_to_unit_length() -> None:
    e = population(PLANE, PLANE, nef.Choice([[2.0, 0.0], [0.0, -3.0]])).encoders
    assert {tuple(row) for row in e} == {(1.0, 0.0), (0.0, -1.0)}


def test_inputs_that_do_not_vary_are_scaled_by_one() -> None:
    X = np.column_stack([LINE[:, 0], np.full(40, 4.0)])
    found = population(X, LINE)
    longest = np.abs(LINE - LINE.mean()).max() / LINE.std()
    equal(found.scale, [LINE.std() * longest, longest])
    one = population(np.full((3, 2), 4.0), np.array([[1.0], [2.0], [6.0]]))
    equal(one.scale, [1.0, 1.0])
    equal(one.decode(np.full((1, 2), 4.0)), [[3.0]])


def test_many_rows_are_decoded_piece_by_piece() -> None:
    found = population(PLANE, PLANE)
    X = np.tile(PLANE, (250, 1))
    equal(found.decode(X), np.tile(found.decode(PLANE), (250, 1)))


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The arguments of the function that makes populations."""
    seen: list[Any] = []

    def watched(*given: Any) -> Population:
        seen[:] = given
        return fitted(*given)

    monkeypatch.setattr(estimators, "fitted", watched)
    return seen


def test_defaults_are_lif_neurons_and_ridge_of_a_tenth(passed: list[Any]) -> None:
    NEFRegressor(random_state=5).fit(PLANE, PLANE[:, 0])
    X, Y, n, *others, rng = passed
    np.testing.assert_array_equal(X, PLANE)
    np.testing.assert_array_equal(Y, PLANE[:, :1])
    assert (n, *others) == (500, nef.LIF(), None, (200.0, 400.0), nef.LstsqL2(reg=0.1))
    seed = np.random.RandomState(5).randint(2**31 - 1)
    NEFRegressor(random_state=np.random.RandomState(5)).fit(PLANE, PLANE[:, 0])
    again = np.random.default_rng(seed)
    fitted(X, Y, n, *others, again)
    assert rng.bit_generator.state == again.bit_generator.state
    assert passed[-1].bit_generator.state == again.bit_generator.state


def test_parameters_reach_the_population(passed: list[Any]) -> None:
    options: dict[str, Any] = {
        "neuron_type": nef.RectifiedLinear(),
        "encoders": nef.Choice([[1.0, 0.0], [0.0, 1.0]]),
        "solver": nef.LstsqL2(reg=0.2),
    }
    NEFRegressor(1, max_rates=[50, 60], **options).fit(PLANE, PLANE)
    assert passed[2:-1] == [
        *(1, options["neuron_type"], options["encoders"]),
        *((50.0, 60.0), options["solver"]),
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_neurons": 10**6 + 1}, "n_neurons must be at most 1000000"),
        ({"max_rates": (0.0, 100.0)}, "max_rates must be above 0, got 0.0"),
        ({"max_rates": (1.0, 2.0, 3.0)}, r"max_rates must have shape \(2,\)"),
    ],
)
def test_parameters_have_bounds(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=f"NEFClassifier: {words}"):
        NEFClassifier(**options).fit(PLANE, LINE[:, 0] > 0)


def test_targets_of_classes_are_columns_and_two_classes_have_one_score(passed: list[Any]) -> None:
    for names in (["b", "a", "c"], ["b", "a"]):
        labels = np.array(names)[np.arange(40) % len(names)]
        model = NEFClassifier(60, random_state=1).fit(PLANE, labels)
        assert model.classes_.tolist() == sorted(names)
        np.testing.assert_array_equal(passed[1], labels[:, None] == model.classes_)
        decoded, scores = model.population_.decode(PLANE), model.decision_function(PLANE)
        np.testing.assert_array_equal(
            scores, decoded if len(names) == 3 else decoded[:, 1] - decoded[:, 0]
        )
        best = [model.classes_[int(np.argmax(row))] for row in decoded]
        assert model.predict(PLANE).tolist() == best
    with pytest.raises(ValueError, match="Unknown label type"):
        NEFClassifier(10).fit(PLANE, LINE[:, 0])


def test_a_network_has_these_parts_and_checked_arguments() -> None:
    model = NEFRegressor(20, random_state=1).fit(PLANE, PLANE)
    found = model.population_
    net, parts = model.to_network(seed=3, synapse=0.02)
    assert net.seed == 3 and model.to_network()[0].seed == 0
    source, ensemble, out = (parts[name] for name in ("input", "population", "output"))
    assert [source.label, ensemble.label, out.label] == [*parts]
    assert (source.size_in, ensemble.n_neurons, ensemble.dimensions, out.size_in) == (2, 20, 2, 2)
    assert ensemble.neuron_type == nef.LIF()
    for name in ("encoders", "gain", "bias"):
        np.testing.assert_array_equal(getattr(ensemble, name), getattr(found, name))
    scaled, centred, decoded, offset = net.connections
    assert (scaled.pre, scaled.post, scaled.synapse) == (source, ensemble, None)
    equal(scaled.transform, np.diag(1 / found.scale))
    assert (centred.post, centred.synapse) == (ensemble, None)
    equal(centred.pre.output, -found.centre / found.scale)
    assert (decoded.pre, decoded.post) == (ensemble.neurons, out)
    equal(decoded.transform, found.decoders.T)
    assert decoded.synapse == nef.Lowpass(0.02)
    assert model.to_network()[0].connections[2].synapse == nef.Lowpass(0.01)
    assert (offset.post, offset.synapse) == (out, None)
    equal(offset.pre.output, found.offset)
    for wrong, words in (({"seed": -1}, "seed must"), ({"synapse": -0.1}, "synapse must")):
        with pytest.raises(ValueError, match=rf"NEFRegressor\.to_network: {words}"):
            model.to_network(**wrong)
    for model in (NEFRegressor(), NEFClassifier()):
        with pytest.raises(NotFittedError):
            model.to_network()
        with pytest.raises(NotFittedError):
            model.predict(PLANE)
