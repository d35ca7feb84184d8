"""Action selection: basal ganglia choose a rule, and the thalamus lets its effects pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network, Node
from nefsim.networks import (
    BasalGanglia,
    EnsembleArray,
    Thalamus,
    basal_ganglia,
    dot_product,
    thalamus,
    thresholding,
)
from nefsim.networks._part import Part, count, part
from nefsim.spa.binding import element_size
from nefsim.spa.linear import Linear
from nefsim.spa.rules import FUNCTIONS, NAME, Reader, Rule, Utility
from nefsim.spa.states import State, state

Array = NDArray[np.float64]

#: Current by which a closed gate silences the neurons of a channel.
SILENCE = -10.0

#: Inactivity of an action above which its gates close.
CLOSED = 0.3

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

    Expressions are checked when this function is called; all states of a sum have to be of
    one vocabulary.  Constants reach their state from the thalamus.  An effect that reads a state
    passes a channel of populations, which is silent while another action is selected.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    rules : iterable of Rule or str
        The rules, or texts such as ``"dot(vision, DOG) - 0.2 -> motor = RUN"``.
    states : dict of str to State
        The states that rules read and write, by the names in the rules.
    n_neurons : int
        Number of neurons of each action in each nucleus, of each gate, and of each dimension of
        a channel; at least 2.
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
        If a name is unknown, an expression is not linear in the states, vocabularies differ, or
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
    checked, known = _rules(who, rules), _states(who, states)
    readers = [Reader(rule, known) for rule in checked]
    utilities = [reader.utility() for reader in readers]
    effects = [reader.effects() for reader in readers]
    n = count(who, "n_neurons", n_neurons, 2)
    with part(who, net, label, seed, "action selection", saturates=True) as inner:
        size = len(checked)
        ganglia = basal_ganglia(inner, size, n, **options)
        active = thalamus(inner, size, n, **options)
        inner.connect(ganglia.output, active.input, synapse=GABA)
        _connect_utilities(inner, utilities, known, ganglia.input, n, options)
        _connect_constants(inner, effects, known, active.output)
        passing = [
            (i, target, effect)
            for i, each in enumerate(effects)
            for target, effect in each.items()
            if effect.terms
        ]
        gates, channels = None, []
        if passing:
            gates = thresholding(inner, n, len(passing), CLOSED, label="gates", **options)
            one = inner.node(1.0, label="bias")
            inner.connect(one, gates.input, transform=np.ones((len(passing), 1)), synapse=None)
            choice = -np.eye(size)[[i for i, _, _ in passing]]
            inner.connect(active.output, gates.input, transform=choice)
        for place, (_, target, effect) in enumerate(passing):
            channel = state(inner, effect.vocabulary, n, label=f"to {target}", **options)
            for name, matrix in effect.terms.items():
                inner.connect(known[name].output, channel.input, transform=matrix)
            assert gates is not None
            for ensemble in channel.populations:
                silence = np.full((ensemble.n_neurons, 1), SILENCE)
                inner.connect(gates.output[place], ensemble.neurons, transform=silence)
            inner.connect(channel.output, known[target].input, synapse=CHANNEL)
            channels.append(channel)
    parts = ganglia.input, active.output, ganglia, active, gates, tuple(channels)
    return ActionSelection(inner, tuple(checked), *parts)


def _rules(who: str, rules: Any) -> list[Rule]:
    do = "pass such as ['dot(vision, DOG) -> motor = RUN']"
    if isinstance(rules, str) or not isinstance(rules, Iterable):
        check.fail(who, "rules", "be a list of rules", check.show(rules), do, TypeError)
    checked = []
    for rule in rules:
        made = Rule.parse(rule) if isinstance(rule, str) else rule
        checked.append(check.instance(who, "rules", made, Rule, "rules or texts", do))
    if not checked:
        check.fail(who, "rules", "hold a rule", "none", do)
    return checked


def _states(who: str, states: Any) -> dict[str, State]:
    do = "pass such as {'vision': vision, 'motor': motor}"
    if not isinstance(states, Mapping):
        check.fail(who, "states", "be a dict", check.show(states), do, TypeError)
    for name, each in states.items():
        if not isinstance(name, str) or not NAME.fullmatch(name) or name in FUNCTIONS:
            do = "begin with a small letter, such as 'vision'"
            check.fail(who, "states", "have names of states", check.show(name), do)
        check.instance(who, f"states[{name!r}]", each, State, "a state", "make it by spa.state")
    return dict(states)


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
            v = sides[0].vocabulary
            largest = element_size(v, 1.0)
            compared = dot_product(net, n_neurons, v.dimensions, largest, **options)
            for side, node in zip(sides, (compared.a, compared.b), strict=True):
                for name, matrix in side.terms.items():
                    net.connect(states[name].output, node, transform=matrix)
                if side.constant.any():
                    net.connect(net.node(side.constant), node, synapse=None)
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
