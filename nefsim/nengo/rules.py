"""Learning rules in Nengo's terms."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np

from nefsim import _checks as check
from nefsim import learning
from nefsim.learning import LearningRule
from nefsim.nengo.filters import synapse
from nefsim.network import Connection, Learning

#: What Nengo calls the traces of a rule, where PES differs from the others.
TRACES = {"activities": "pre_filtered", "post": "post_filtered"}


def learning_rule_type(
    connection: Connection, dt: float
) -> nengo.learning_rules.LearningRuleType | dict[str, Any] | None:
    """Nengo's rules of a connection, by place where there are several."""
    named = enumerate(rule for _, rule in connection.rules)
    rules = {str(i): _rule(repr(connection), rule, dt) for i, rule in named}
    if not rules:
        return None
    return rules["0"] if len(rules) == 1 else rules


def of_connection(theirs: nengo.Connection, ours: Learning) -> Any:
    """Where Nengo takes the error of one rule."""
    rules = theirs.learning_rule
    return rules[str(ours.place)] if isinstance(rules, dict) else rules


def traced(ours: Learning, attr: str) -> str:
    """What Nengo calls something that a rule reads."""
    if attr == "activities" and isinstance(ours.rule, learning.PES):
        return attr
    return TRACES.get(attr, attr)


def _rule(who: str, ours: LearningRule, dt: float) -> nengo.learning_rules.LearningRuleType:
    # By the exact type: a subclass may have an equation of its own.
    kinds = (learning.PES, learning.RLS, learning.BCM, learning.Oja, learning.Voja)
    started = np.any(getattr(ours, "theta_start", 0.0))
    if type(ours) not in kinds or started:
        do = "compare other back ends"
        check.fail(who, "learning_rule", "be one that Nengo has", repr(ours), do)
    names = ("learning_rate", "beta", "pre_synapse", "post_synapse", "theta_synapse")
    known = vars(ours)
    given = {
        name: synapse(known[name], dt) if name.endswith("synapse") else known[name]
        for name in names
        if name in known
    }
    return getattr(nengo, type(ours).__name__)(**given)
