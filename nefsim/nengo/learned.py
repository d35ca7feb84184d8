"""Lower learned weights of Nengo whose learning rules nefsim has too."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from nengo.builder.learning_rules import SimBCM, SimPES, SimRLS, SimVoja
from nengo.builder.signal import Signal

from nefsim.nengo.blocks import Blocks
from nefsim.nengo.classify import Learned, rule_of
from nefsim.nengo.signals import elements
from nefsim.program import Learn, Part, Read, Term, Weigh, in_factors


def emit(blocks: Blocks, learned: Learned) -> None:
    """Add operations for the product with learned weights and for their rules."""
    base, product = learned.weights, learned.product
    probed = None
    if base in blocks.plan.probed_blocks:
        probed = blocks.numbers[base] = blocks.signal(base.name, base.size)
    out = blocks.signal(f"{product} product", product.Y.size)
    initial = np.asarray(base.initial_value)
    weigh = Weigh(out, blocks.read(product.X), initial, probed)
    blocks.add(product.Y, Term(Read(out), None, elements(product.Y)))
    parts = tuple(_part(blocks, rule) for rule in learned.rules)
    learn = Learn(weigh, parts, _name(blocks.model, base))
    weigh, learn = in_factors(blocks, weigh, learn) or (weigh, learn)
    blocks.states[base] = (len(blocks.ops), "weights")
    blocks.ops += [weigh, learn]


def _name(model: Model, base: Signal) -> str:
    """The name of the connection or ensemble that the learned weights belong to."""
    for thing, signals in model.sig.items():
        learned = isinstance(thing, (nengo.Connection, nengo.Ensemble))
        if learned and base in (signals.get("weights"), signals.get("encoders")):
            return str(thing)
    return str(base)


def _part(blocks: Blocks, op: Any) -> Part:
    rule = rule_of(op, blocks.model.dt)
    assert rule is not None
    error, gate, constants = None, None, {}
    if isinstance(op, SimVoja):
        traces = {"pre": blocks.read(op.pre_decoded), "post": blocks.read(op.post_filtered)}
        gate, constants = blocks.read(op.learning_signal), {"scale": np.asarray(op.scale)}
    else:
        traces = {"pre": blocks.read(op.pre_filtered)}
        if isinstance(op, (SimPES, SimRLS)):
            error = blocks.read(op.error)
        else:
            traces["post"] = blocks.read(op.post_filtered)
        if isinstance(op, SimBCM):
            traces["theta"] = blocks.read(op.theta)
        if isinstance(op, SimRLS):
            constants = {"dt": blocks.model.dt}
    return Part(rule, traces, error, gate, constants)
