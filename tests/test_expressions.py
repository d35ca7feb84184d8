"""Hebbian rules are compiled from their equations, custom rules as well as the package's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.program import Learn, Read

pytest.importorskip("numba")

from nefsim.backends.compiled.analysis import learns_compiled

BRANCH, MATRIX = "branch on a value", "product with a matrix"

#: Factors u and d of rules; together they use every opcode of expressions.
RULES: dict[str, Any] = {
    "sum and difference": lambda pre, post: (1e-6 * (post + 3.0 - post / 2.0), None),
    "bounds": lambda pre, post: (1e-6 * np.maximum(20.0, np.minimum(post, 60.0)), None),
    "comparison": lambda pre, post: (1e-6 * (post > 30.0) - 1e-7 * (post < 30.0), None),
    "selection": lambda pre, post: (np.where(post > 30.0, 1e-6 * post, -1e-6), None),
    "inner product": lambda pre, post: (1e-2 * post / (1.0 + pre @ pre), None),
    "any": lambda pre, post: (1e-6 * np.any(post > 50.0) * post, None),
    "decay": lambda pre, post: (-1e-7 * post, 1e-5 * post**2),
    "constant": lambda pre, post: (np.full(len(post), 1e-5), np.ones(len(post))),
    "element": lambda pre, post: (1e-8 * post * pre[0], None),
    "twice": lambda pre, post: (1e-6 * post, 1e-6 * post),
    MATRIX: lambda pre, post: (1e-6 * (np.eye(len(post)) @ post), None),
    BRANCH: lambda pre, post: (1e-6 * post if pre @ pre > 0.0 else 0.0 * post, None),
}


@dataclass(frozen=True, eq=False)
class Custom(nef.Hebbian):
    """A custom rule."""

    name: str

    def factors(self, pre: Any, post: Any, error: Any, **more: Any) -> Any:
        return RULES[self.name](pre, post)


def network(rule: nef.LearningRule) -> tuple[nef.Network, nef.Probe, nef.Probe]:
    net = nef.Network(seed=2)
    a, b = net.ensemble(20, 1), net.ensemble(30, 1)
    net.connect(net.node(np.sin), a, synapse=None)
    learned = net.connect(a, b, solver=nef.LstsqL2(weights=True), learning_rule=rule)
    if rule.needs_error:
        net.connect(b, learned.learning_rule)
    encoders = rule.modifies == "encoders"
    weights = net.probe(b, "scaled_encoders") if encoders else net.probe(learned, "weights")
    return net, weights, net.probe(b.neurons)


def is_compiled(rule: nef.LearningRule) -> bool:
    program = nef.Simulator(network(rule)[0], backend="numba").built.program
    (learn,) = (op for op in program.ops if isinstance(op, Learn))
    return learns_compiled(program, learn)


@pytest.mark.parametrize("name", RULES)
def test_a_custom_rule_changes_weights_equally_on_both_back_ends(name: str) -> None:
    records = []
    for backend in ("numpy", "numba"):
        net, weights, spikes = network(Custom(name))
        with nef.Simulator(net, backend=backend) as sim:
            sim.run(0.3)
            records.append((sim.data[weights], sim.data[spikes]))
    (one, one_spikes), (other, other_spikes) = records
    assert np.ptp(one, axis=0).max() > 0.0
    np.testing.assert_array_equal(one_spikes, other_spikes)
    # The order of sums over neurons differs: some roundings of numbers near 1e-3.
    np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_compiled_if_it_is_an_expression_of_vectors(name: str) -> None:
    assert is_compiled(Custom(name)) == (name not in (BRANCH, MATRIX))


@pytest.mark.parametrize(
    "rule",
    [
        *(nef.PES(), nef.HPES(beta=1e-3), nef.BCM(), nef.Oja(), nef.DeltaRule(), nef.RLS()),
        *(nef.Association(), nef.Association(forgetting=0.1), nef.Voja()),
    ],
    ids=repr,
)
def test_the_rules_of_the_package_are_compiled(rule: nef.LearningRule) -> None:
    assert is_compiled(rule)


def test_a_custom_step_is_not_compiled() -> None:
    class WithStep(Custom):
        def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
            return np.zeros_like(weights)

    assert not is_compiled(WithStep("decay"))


@pytest.mark.parametrize(
    "factors",
    [
        lambda pre, post: (post * (pre @ post), None),
        lambda pre, post: (post * np.dot(pre, post), None),
        lambda pre, post: (post * (post @ post[0]), None),
    ],
    ids=["other lengths", "dot of other lengths", "a number"],
)
def test_products_that_numpy_refuses_are_not_compiled(
    factors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If compiled, they would read beyond the end of the shorter vector."""
    monkeypatch.setitem(RULES, "refused", factors)
    assert not is_compiled(Custom("refused"))
    with (
        nef.Simulator(network(Custom("refused"))[0], backend="numba") as sim,
        pytest.raises(ValueError, match=r"(?i)mismatch|aligned|dimension"),
    ):
        sim.run(0.01)


def test_an_error_of_a_rule_names_the_rule() -> None:
    class Broken(Custom):
        def factors(self, pre: Any, post: Any, error: Any, **more: Any) -> Any:
            raise ZeroDivisionError("no such thing")

    with (
        nef.Simulator(network(Broken(""))[0], backend="numba") as sim,
        pytest.raises(ZeroDivisionError) as raised,
    ):
        sim.run(0.01)
    assert "learning_rule at t = 0.001 s" in raised.value.__notes__[0]


@pytest.mark.parametrize("key", [3, -4, slice(1, None), None, (0, 0), np.array([0])], ids=repr)
def test_only_an_element_of_a_vector_is_an_expression(key: Any) -> None:
    from nefsim.backends.compiled.expressions import NotCompiledError, Symbol

    vector = Symbol(Read(0), 3)
    for i in (0, 1, 2, -1, -3):
        assert vector[i].index == i % 3 and vector[i].shape == ()
    with pytest.raises(NotCompiledError):
        vector[key]
    with pytest.raises(NotCompiledError):
        vector[0][0]
