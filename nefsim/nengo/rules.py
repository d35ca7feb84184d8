"""Convert learning rules of nefsim to rules of Nengo."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np

from nefsim import _checks as check
from nefsim import learning
from nefsim.learning import LearningRule
from nefsim.lowering.arrays import preset_of
from nefsim.nengo.filters import synapse
from nefsim.network import Connection, Learning

#: Nengo's names of the traces of a rule; those of PES differ.
TRACES = {"activities": "pre_filtered", "post": "post_filtered"}


def learning_rule_type(
    connection: Connection, dt: float
) -> nengo.learning_rules.LearningRuleType | dict[str, Any] | None:
    """Nengo's learning rule type of a connection; several rules are a dict by their index."""
    named = enumerate(rule for _, rule in connection.rules)
    who, preset = repr(connection), preset_of(connection)
    rules = {str(i): _rule(who, rule, dt) for i, rule in named}
    if any(name.startswith("rule ") for name in preset):
        must, got = "start from no variables of a file in Nengo", ", ".join(preset)
        check.fail(who, "learning_rule", must, got, "compare other back ends")
    if not rules:
        return None
    return rules["0"] if len(rules) == 1 else rules


def of_connection(connection: nengo.Connection, target: Learning) -> Any:
    """Nengo's object for one rule of a connection, to which an error is connected."""
    rules = connection.learning_rule
    return rules[str(target.place)] if isinstance(rules, dict) else rules


def probe_name(target: Learning, attr: str) -> str:
    """Nengo's name of a quantity that a rule reads."""
    if attr == "activities" and isinstance(target.rule, learning.PES):
        return attr
    return TRACES.get(attr, attr)


def _rule(who: str, rule: LearningRule, dt: float) -> nengo.learning_rules.LearningRuleType:
    # The exact type is compared, as a subclass may have another equation.
    kinds = (learning.PES, learning.RLS, learning.BCM, learning.Oja, learning.Voja)
    has_threshold = np.any(getattr(rule, "theta_start", 0.0))
    if type(rule) not in kinds or has_threshold:
        do = "compare other back ends"
        check.fail(who, "learning_rule", "be one that Nengo has", repr(rule), do)
    names = ("learning_rate", "beta", "pre_synapse", "post_synapse", "theta_synapse")
    parameters = vars(rule)
    options = {
        name: synapse(parameters[name], dt) if name.endswith("synapse") else parameters[name]
        for name in names
        if name in parameters
    }
    return getattr(nengo, type(rule).__name__)(**options)
