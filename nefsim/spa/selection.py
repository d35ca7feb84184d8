"""Action selection: basal ganglia choose a rule, and the thalamus lets its effects pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim._signatures import explained
from nefsim.network import Network, Node
from nefsim.networks import (
    BasalGanglia,
    EnsembleArray,
    Thalamus,
    basal_ganglia,
    thalamus,
)
from nefsim.networks._part import Part, count, part
from nefsim.spa.binding import compare
from nefsim.spa.gates import gates, silence
from nefsim.spa.linear import Linear
from nefsim.spa.routing import lead, rules_of, states_of
from nefsim.spa.rules import Reader, Rule, Utility
from nefsim.spa.states import State, state

Array = NDArray[np.float64]

#: Number that is added to the utility of each action.  The basal ganglia compare utilities only
#: above the threshold of the striatum, 0.2: without this number, the best of several utilities
#: below 0.3 is inhibited nearly as much as the others.  A loop through the basal ganglia then has
#: a second steady state, in which all activity is weak and its order lost.
BIAS = 0.3

#: Synapses of the inhibition of the thalamus by the basal ganglia, and of effects [s].
GABA, CHANNEL = 0.008, 0.01


@dataclass(frozen=True, eq=False, repr=False)
class ActionSelection(Part):
    """The selection of one of several actions by rules.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    rules : tuple of Rule
        The rules, in the order of the actions.
    utilities : Node
        The utility of each action, (n_rules,).
    activity : Node
        The activity of each action, (n_rules,): about 1 for the selected one, else 0.
    basal_ganglia : BasalGanglia
        The populations that select the action.
    thalamus : Thalamus
        The populations of the activity.
    gates : EnsembleArray or None
        Populations that close channels; None if no effect reads a state.
    channels : tuple of State
        Populations through which effects pass that read a state.
    """

    rules: tuple[Rule, ...]
    utilities: Node
    activity: Node
    basal_ganglia: BasalGanglia
    thalamus: Thalamus
    gates: EnsembleArray | None
    channels: tuple[State, ...]


@explained
def action_selection(
    net: Network,
    rules: Iterable[Rule | str],
    states: Mapping[str, State],
    n_neurons: int = 100,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> ActionSelection:
    """Add basal ganglia and a thalamus that select one of several rules.

    The action of the largest utility is selected if it leads by some 0.2, and utilities are
    between 0 and 1.  Expressions are checked when this function is called; all states of a sum
    have to be of one vocabulary.  Constants reach their state from the thalamus.  An effect that
    reads a state passes a channel of populations, which is silent while another action is
    selected.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    rules : iterable of Rule or str
        The rules, or texts such as ``"dot(vision, DOG) - 0.2 -> motor = RUN"``.
    states : dict of str to State
        The states that rules read and write, by the names in the rules.
    n_neurons : int
        Number of neurons of each action in each nucleus, of each gate and of each product; half as
        many for each dimension of a channel; at least 2.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    ActionSelection
        With ``utilities`` and ``activity``.

    Raises
    ------
    ValueError, TypeError
        If a name is unknown, three states are bound, vocabularies differ, or
        another argument is out of range or of a wrong type.

    See Also
    --------
    Rule, nefsim.networks.basal_ganglia, nefsim.networks.thalamus

    References
    ----------
    T. C. Stewart, X. Choo and C. Eliasmith, Symbolic reasoning in spiking neurons: a model of
    the cortex/basal ganglia/thalamus loop, CogSci 2010.

    Examples
    --------
    >>> import nefsim as nef
    >>> net, v = nef.Network(seed=1), nef.spa.Vocabulary(32, seed=1)
    >>> v.populate("DOG; CAT; RUN; HIDE")
    >>> vision, motor = nef.spa.stimulus(net, v, "CAT"), nef.spa.state(net, v)
    >>> rules = ["dot(vision, DOG) -> motor = RUN", "dot(vision, CAT) -> motor = HIDE"]
    >>> chosen = nef.spa.action_selection(net, rules, {"vision": vision, "motor": motor})
    >>> y = net.probe(motor.output, synapse=0.03)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.3)
    >>> v.nearest(sim.data[y][-1])
    'HIDE'
    """
    who = "action_selection"
    checked, known = rules_of(who, rules), states_of(who, states)
    readers = [Reader(rule, known) for rule in checked]
    utilities = [reader.utility() for reader in readers]
    effects = [reader.effects() for reader in readers]
    n = count(who, "n_neurons", n_neurons, 2)
    with part(who, net, label, seed, "action selection", saturates=True) as inner:
        size = len(checked)
        worth = inner.node(size_in=size, label="utilities")
        ganglia = basal_ganglia(inner, size, n, input_bias=BIAS, **options)
        inner.connect(worth, ganglia.input, synapse=None)
        active = thalamus(inner, size, n, **options)
        inner.connect(ganglia.output, active.input, synapse=GABA)
        _connect_utilities(inner, utilities, known, worth, n, options)
        _connect_constants(inner, effects, known, active.output)
        passing = [
            (i, target, effect)
            for i, each in enumerate(effects)
            for target, effect in each.items()
            if effect.reads
        ]
        closed, channels = None, []
        if passing:
            choice = np.eye(size)[[i for i, _, _ in passing]]
            closed = gates(inner, n, active.output, choice, **options)
        for place, (_, target, effect) in enumerate(passing):
            channel = state(inner, effect.vocabulary, n // 2, label=f"to {target}", **options)
            read = replace(effect, constant=np.zeros_like(effect.constant))
            lead(inner, read, known, channel.input, n, options)
            assert closed is not None
            silence(inner, closed, place, channel)
            inner.connect(channel.output, known[target].input, synapse=CHANNEL)
            channels.append(channel)
    parts = worth, active.output, ganglia, active, closed, tuple(channels)
    return ActionSelection(inner, tuple(checked), *parts)


def _connect_utilities(
    net: Network,
    utilities: list[Utility],
    states: dict[str, State],
    target: Node,
    n_neurons: int,
    options: dict[str, Any],
) -> None:
    """Connect states, comparisons and constants to the values of actions."""
    size = len(utilities)
    for name, source in states.items():
        if any(name in u.rows for u in utilities):
            zero = np.zeros(source.vocabulary.dimensions)
            rows = np.array([u.rows.get(name, zero) for u in utilities])
            net.connect(source.output, target, transform=rows)
    constants = np.array([u.constant for u in utilities])
    if constants.any():
        net.connect(net.node(constants, label="constants"), target, synapse=None)
    for i, utility in enumerate(utilities):
        for factor, *sides in utility.products:
            compared = compare(net, sides[0].vocabulary, n_neurons, **options)
            for side, node in zip(sides, (compared.a, compared.b), strict=True):
                lead(net, side, states, node, n_neurons, options)
            row = factor * np.eye(size)[:, [i]]
            net.connect(compared.output, target, transform=row)


def _connect_constants(
    net: Network, effects: list[dict[str, Linear]], states: dict[str, State], active: Node
) -> None:
    """Connect the activity of actions to states, by the constant part of effects."""
    for name, target in states.items():
        zero = np.zeros(target.vocabulary.dimensions)
        columns = [e[name].constant if name in e else zero for e in effects]
        if np.any(columns):
            net.connect(active, target.input, transform=np.array(columns).T, synapse=CHANNEL)
