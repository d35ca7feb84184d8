"""Laws of learning rules: shapes, no hidden memory, and the same weights on all back ends."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import backends
from nefsim.learning import Hebbian, LearningRule
from nefsim.learning.base import Trace
from nefsim.network import Network, Probe
from nefsim.simulator import Simulator
from nefsim.solvers import LstsqL2
from nefsim.testing.laws import (
    Laws,
    items,
    require,
    require_close,
    require_equal,
    require_value,
    unchanged,
)

Array = NDArray[np.float64]

LAWS = Laws()
#: Neurons before and after the connection, values that it carries, dimensions.
N, M, D = 7, 5, 3
DT = 0.001


@dataclass(frozen=True)
class Case:
    """A rule, and the back ends on which it runs."""

    rule: LearningRule
    backends: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the weights that the rule changes."""
        return {"weights": (M, N), "decoders": (D, N), "encoders": (M, D)}[self.rule.modifies]

    def arguments(self) -> dict[str, Any]:
        """Arguments of one step, all by name; new arrays at each call."""
        rng, (rows, columns) = np.random.default_rng(1), self.shape
        # Where encoders are learned, pre is the input and no trace.
        arguments: dict[str, Any] = {"pre": rng.normal(size=columns), "post": None}
        for name, trace in self.rule.traces().items():
            size = columns if trace.of == "pre" else rows
            arguments[name] = rng.uniform(1.0, 100.0, size)
        length = {"none": 0, "post": rows, "scalar": 1}[self.rule.error]
        arguments["error"] = rng.normal(size=length) if length else None
        arguments["weights"] = rng.normal(size=self.shape)
        gain, max_rates = rng.uniform(1, 9, rows), rng.uniform(200, 400, rows)
        known = {"gain": gain, "scale": gain, "max_rates": max_rates, "dt": DT}
        arguments |= {name: known[name] for name in self.rule.constants}
        return arguments | self.rule.start(columns, rows, DT)

    def network(self) -> tuple[Network, list[Probe]]:
        """A small network in which the rule learns, and the probes of weights and spikes."""
        net = Network(seed=1)
        stimulus = net.node(lambda t: [np.sin(6 * t), np.cos(5 * t)])
        a, b = net.ensemble(30, 2), net.ensemble(20, 2)
        net.connect(stimulus, a)
        solver = LstsqL2(weights=self.rule.modifies == "weights")
        learned = net.connect(a, b, solver=solver, transform=0.5, learning_rule=self.rule)
        if self.rule.error == "post":
            error = net.node(size_in=2)
            net.connect(b, error)
            net.connect(stimulus, error, transform=-1, synapse=0.01)
            net.connect(error, learned.learning_rule)
        elif self.rule.error == "scalar":
            net.connect(net.node(0.5), learned.learning_rule)
        encoders = self.rule.modifies == "encoders"
        weights = net.probe(b, "scaled_encoders") if encoders else net.probe(learned, "weights")
        return net, [weights, net.probe(b.neurons)]


def check_rule(rule: LearningRule, backends: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Check the laws of learning rules.

    Parameters
    ----------
    rule : LearningRule
        The value to check.
    backends : tuple of str, optional
        The back ends whose weights are compared with those of NumPy; those that are installed if
        left out.

    Returns
    -------
    tuple of str
        Names of the laws that were checked.

    Raises
    ------
    Violation
        If a law is broken.
    TypeError, ValueError
        If the arguments are not those above.

    See Also
    --------
    nefsim.LearningRule : the methods of a rule.

    Examples
    --------
    >>> import nefsim as nef
    >>> "the change has the shape of the weights" in nef.testing.check_rule(nef.Oja(1e-6))
    True
    """
    who, do = "check_rule", "pass a value such as PES()"
    check.instance(who, "rule", rule, LearningRule, "a learning rule", do)
    return LAWS.check(rule, Case(rule, _names(who, backends)))


def _names(who: str, names: tuple[str, ...] | None) -> tuple[str, ...]:
    if names is None:
        return tuple(name for name in backends.PROGRAM_BACKENDS if name in backends.available())
    each = items(who, "backends", names, 'pass names such as ("numpy", "numba")')
    return tuple(check.one_of(who, "backends", name, tuple(backends.BACKENDS)) for name in each)


@LAWS.law()
def is_a_frozen_value(case: Case) -> None:
    """A learning rule is a frozen dataclass that is equal to a copy of itself."""
    require_value(case.rule)


@LAWS.law()
def attributes_have_known_values(case: Case) -> None:
    """modifies, error, needs_error and constants have values of the base class's list."""
    rule = case.rule
    known = {
        "modifies": ("weights", "decoders", "encoders"),
        "error": ("none", "post", "scalar"),
        "needs_error": (False, True),
    }
    for name, options in known.items():
        value = getattr(rule, name)
        require(value in options, f"{name} is {check.show(value)} and none of {options}")
    require(isinstance(rule.constants, tuple), f"constants is {check.show(rule.constants)}")
    unknown = set(rule.constants) - {"gain", "scale", "max_rates", "dt"}
    require(not unknown, f"constants has {sorted(unknown)}")
    require(not rule.needs_error or rule.error != "none", 'needs_error is True, and error "none"')


@LAWS.law()
def traces_are_of_pre_or_post(case: Case) -> None:
    """traces maps names to Trace, each of "pre" or "post"."""
    traces = case.rule.traces()
    require(isinstance(traces, Mapping), f"It is {check.show(traces)}")
    for name, trace in traces.items():
        require(isinstance(trace, Trace), f"{name} is {check.show(trace)}")
        require(trace.of in ("pre", "post"), f"{name} is of {check.show(trace.of)}")


@LAWS.law()
def the_change_has_the_shape_of_the_weights(case: Case) -> None:
    """step returns finite numbers in the shape of the weights."""
    change = np.asarray(case.rule.step(**case.arguments()))
    require(change.shape == case.shape, f"It is {change.shape} for weights {case.shape}")
    require(np.isfinite(change).all(), f"{int((~np.isfinite(change)).sum())} are not finite")


@LAWS.law()
def step_writes_to_its_memory_alone(case: Case) -> None:
    """step changes no argument but the arrays that start made."""
    arguments, (rows, columns) = case.arguments(), case.shape
    memory = case.rule.start(columns, rows, DT)
    before = copy.deepcopy(arguments)
    case.rule.step(**arguments)
    names = [k for k, v in arguments.items() if isinstance(v, np.ndarray) and k not in memory]
    unchanged((name, arguments[name], before[name]) for name in names)


@LAWS.law()
def the_same_arguments_give_the_same_change(case: Case) -> None:
    """A rule has no memory but the arrays that start made."""
    first = np.array(case.rule.step(**case.arguments()))
    require_equal(case.rule.step(**case.arguments()), first, "the change of a second call")


@LAWS.law(lambda case: isinstance(case.rule, Hebbian))
def step_is_the_outer_product_of_the_factors(case: Case) -> None:
    """The change is outer(u, pre) - d weights, with u and d of factors."""
    arguments = case.arguments()
    change = case.rule.step(**arguments)
    arguments = case.arguments()
    weights = arguments.pop("weights")
    assert isinstance(case.rule, Hebbian)
    u, d = case.rule.factors(**arguments)
    expected = np.multiply.outer(np.asarray(u), arguments["pre"])
    expected = expected if d is None else expected - np.asarray(d)[:, None] * weights
    # Products in another order.
    require_close(change, expected, 1e-9 * np.abs(expected).max(), "the change")


@LAWS.law()
def a_run_in_pieces_is_a_run_in_one(case: Case) -> None:
    """Weights and spikes do not depend on the way in which a run is cut."""
    net, probes = case.network()
    whole, pieces = (Simulator(net, DT, "numpy", progress=False) for _ in range(2))
    whole.run_steps(150)
    for n_steps in (1, 2, 47, 100):
        pieces.run_steps(n_steps)
    for probe in probes:
        _compare(pieces.data[probe], whole.data[probe], f"{probe.attr} of a run in pieces")


@LAWS.law()
def trials_of_a_batch_are_separate(case: Case) -> None:
    """The first trial of a batch is the run without a batch."""
    net, probes = case.network()
    alone, batch = (
        Simulator(net, DT, "numpy", batch_size=size, progress=False) for size in (None, 2)
    )
    alone.run_steps(100)
    batch.run_steps(100)
    for probe in probes:
        _compare(batch.data[probe][0], alone.data[probe], f"{probe.attr} of the first trial")


@LAWS.law()
def each_back_end_gives_the_same_weights(case: Case) -> None:
    """Each back end has the spikes of NumPy, and its weights up to the order of sums."""
    net, probes = case.network()
    reference = Simulator(net, DT, "numpy", progress=False)
    reference.run_steps(300)
    for name in case.backends:
        simulator = Simulator(net, DT, name, progress=False)
        simulator.run_steps(300)
        for probe in probes:
            _compare(simulator.data[probe], reference.data[probe], f"{probe.attr} on {name}")


def _compare(found: Array, expected: Array, of: str) -> None:
    # Sums of another order; a spike, of 1000, is far more than that.
    require_close(found, expected, 1e-9 * float(np.abs(expected).max()), of)
