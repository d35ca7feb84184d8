"""Connections that are written as expressions of states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network, Node
from nefsim.networks import Combination
from nefsim.networks._part import Part, count, part
from nefsim.spa.binding import bind
from nefsim.spa.linear import Linear
from nefsim.spa.rules import FUNCTIONS, NAME, Reader, Rule, assignments
from nefsim.spa.states import State


@dataclass(frozen=True, eq=False, repr=False)
class Route(Part):
    """Connections that are written as expressions of states.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    bindings : tuple of Combination
        Populations that bind two states.
    """

    bindings: tuple[Combination, ...]


@explained
def route(
    net: Network,
    effects: str | Mapping[str, str],
    states: Mapping[str, State],
    n_neurons: int = 100,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Route:
    """Connect states by expressions, such as ``"phrase = verb * VERB + noun * NOUN"``.

    A binding of a state with a constant is a matrix; one of two states has populations.

    Parameters
    ----------
    net : Network
        The network to add the connections to.
    effects : str or dict of str to str
        Assignments, separated by semicolons; or a dict from each state to its expression.
    states : dict of str to State
        The states that expressions read and write, by name.
    n_neurons : int
        Number of neurons of each product of a binding; at least 2.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    Route
        With the ``bindings``.

    Raises
    ------
    ValueError, TypeError
        If a name is unknown, three states are bound, vocabularies differ, or another argument
        is out of range or of a wrong type.

    See Also
    --------
    action_selection, bind

    Examples
    --------
    >>> import nefsim as nef
    >>> net, v = nef.Network(seed=1), nef.spa.Vocabulary(64, seed=1)
    >>> v.populate("RED; BLUE; CIRCLE; SQUARE")
    >>> states = {"scene": nef.spa.stimulus(net, v, "RED * CIRCLE + BLUE * SQUARE")}
    >>> states |= {"asked": nef.spa.stimulus(net, v, "SQUARE"), "answer": nef.spa.state(net, v)}
    >>> r = nef.spa.route(net, "answer = scene * ~asked", states)
    >>> y = net.probe(states["answer"].output, synapse=0.03)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.2)
    >>> v.nearest(sim.data[y][-1])
    'BLUE'
    """
    who = "route"
    if isinstance(effects, str):
        effects = assignments(who, "effects", effects, "write such as 'answer = scene * ~asked'")
    rule, known = Rule("1", effects, who), states_of(who, states)
    values = Reader(rule, known).effects()
    n = count(who, "n_neurons", n_neurons, 2)
    with part(who, net, label, seed, "route", saturates=True) as inner:
        bindings = [
            each
            for name, value in values.items()
            for each in lead(inner, value, known, known[name].input, n, options)
        ]
    return Route(inner, tuple(bindings))


def lead(
    net: Network,
    value: Linear,
    states: Mapping[str, State],
    target: Node,
    n_neurons: int,
    options: Mapping[str, Any],
) -> list[Combination]:
    """Connect states and constants to a node, which then has a value; return the bindings."""
    for name, matrix in value.terms.items():
        net.connect(states[name].output, target, transform=matrix)
    if value.constant.any():
        net.connect(net.node(value.constant), target, synapse=None)
    bindings = []
    for matrix, left, right in value.pairs:
        both = bind(net, left.vocabulary, n_neurons, **options)
        for side, node in ((left, both.a), (right, both.b)):
            lead(net, side, states, node, n_neurons, options)
        net.connect(both.output, target, transform=matrix)
        bindings.append(both)
    return bindings


def rules_of(who: str, rules: Any) -> list[Rule]:
    """Check rules; texts are parsed."""
    do = "pass such as ['dot(vision, DOG) -> motor = RUN']"
    if not check.is_iterable(rules):
        check.fail(who, "rules", "be a list of rules", check.show(rules), do, TypeError)
    checked = []
    for rule in rules:
        parsed = Rule.parse(rule) if isinstance(rule, str) else rule
        checked.append(check.instance(who, "rules", parsed, Rule, "rules or texts", do))
    if not checked:
        check.fail(who, "rules", "hold a rule", "none", do)
    return checked


def states_of(who: str, states: Any) -> dict[str, State]:
    """Check states with names."""
    do = "pass such as {'vision': vision, 'motor': motor}"
    if not isinstance(states, Mapping):
        check.fail(who, "states", "be a dict", check.show(states), do, TypeError)
    for name, each in states.items():
        if not isinstance(name, str) or not NAME.fullmatch(name) or name in FUNCTIONS:
            do = "begin with a small letter, such as 'vision'"
            check.fail(who, "states", "have names of states", check.show(name), do)
        check.instance(who, f"states[{name!r}]", each, State, "a state", "make it by spa.state")
    return dict(states)
