"""Check that a connection has the weights that its learning rules change."""

from __future__ import annotations

from typing import Any

from nefsim import _checks as check
from nefsim.learning import LearningRule
from nefsim.network.objects import Endpoint, Ensemble, Neurons, whole
from nefsim.neurons import Direct
from nefsim.solvers import Solver

Rules = tuple[tuple[Any, LearningRule], ...]


def rules_of(
    who: str, value: Any, pre: Endpoint, post: Endpoint, solver: Solver, transform: Any
) -> Rules:
    """Check learning rules; return them with their keys (None for a single rule)."""
    do = "pass a rule such as PES(learning_rate=1e-4), or a list or dict of rules"
    if value is None:
        return ()
    if isinstance(value, dict):
        pairs: Rules = tuple(value.items())
        for name in value:
            check.instance(who, "learning_rule", name, str, "named by strings", do)
    elif isinstance(value, (list, tuple)):
        pairs = tuple(enumerate(value))
    else:
        pairs = ((None, value),)
    if not pairs:
        check.fail(who, "learning_rule", "have at least one rule", "none", do)
    for _, rule in pairs:
        check.instance(who, "learning_rule", rule, LearningRule, "a learning rule", do)
        _fits(who, rule, pre, post, solver, transform)
    return pairs


def _fits(
    who: str, rule: LearningRule, pre: Endpoint, post: Endpoint, solver: Solver, transform: Any
) -> None:
    """Refuse a rule on a connection without the weights that it changes."""
    name, argument = type(rule).__name__, "learning_rule"
    options = ("decoders", "encoders", "weights")
    check.one_of(name, "modifies", rule.modifies, options)
    if rule.modifies == "encoders":
        if not _has_neurons(post, Ensemble):
            got, do = f"{name} into {post!r}", "connect to an ensemble of neurons"
            check.fail(who, argument, "have encoders to change", got, do)
        return
    if not _has_neurons(pre, Ensemble, Neurons):
        got, do = f"{name} from {pre!r}", "connect from an ensemble or its neurons"
        check.fail(who, argument, "have activities to learn from", got, do)
    if hasattr(transform, "tocsr"):
        got, do = f"{name} with a sparse transform", "pass transform.toarray()"
        check.fail(who, argument, "have a dense transform", got, do)
    between = isinstance(whole(post), Neurons)
    if rule.modifies == "weights" and not (solver.weights or between):
        got = f"{name} between {pre!r} and {post!r}"
        do = "pass solver=LstsqL2(weights=True), or connect to neurons"
        check.fail(who, argument, "have weights onto neurons to change", got, do)


def _has_neurons(end: Endpoint, *kinds: type) -> bool:
    obj = whole(end)
    ensemble = obj.ensemble if isinstance(obj, Neurons) else obj
    direct = isinstance(ensemble, Ensemble) and isinstance(ensemble.neuron_type, Direct)
    return isinstance(obj, kinds) and not direct
