"""Checks of ``Network.ensemble``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.network.objects import Ensemble, Scope
from nefsim.network.validate.parts import named, rows
from nefsim.neurons import LIF, AdaptiveLIF, Direct, NeuronType, SteadyState
from nefsim.processes import Process
from nefsim.sampling import Choice, Constant, Uniform

#: The largest population.
MOST_NEURONS = 10**8


def ensemble(network: Scope, **arguments: Any) -> Ensemble:
    """Check the arguments of an ensemble and make it."""
    who = "Network.ensemble"
    n = check.integer(
        who, "n_neurons", arguments["n_neurons"], "pass the number of neurons", 1, MOST_NEURONS
    )
    d = check.integer(
        who, "dimensions", arguments["dimensions"], "pass the number of dimensions", 1, 10**6
    )
    neuron = check.instance(
        who, "neuron_type", arguments["neuron_type"], NeuronType, "a neuron type", "pass one: LIF()"
    )
    n_points = arguments["n_eval_points"]
    if n_points is not None:
        n_points = check.integer(
            who, "n_eval_points", n_points, "pass the number of points", 1, 10**8
        )
    if (arguments["gain"] is None) != (arguments["bias"] is None):
        missing, other = "gain", "bias"
        if arguments["gain"] is not None:
            missing, other = other, missing
        check.fail(who, missing, f"be passed together with {other}", "None", "pass both")
    normalize = check.flag(who, "normalize_encoders", arguments["normalize_encoders"])
    eval_points = rows(who, "eval_points", arguments["eval_points"], (None, d))
    if isinstance(eval_points, np.ndarray) and n_points not in (None, len(eval_points)):
        must, do = f"be {len(eval_points)}, as eval_points has", "leave it out"
        check.fail(who, "n_eval_points", must, str(n_points), do)
    checked = Ensemble(
        network=network,
        n_neurons=n,
        dimensions=d,
        radius=check.positive(who, "radius", arguments["radius"], "pass a length above 0"),
        encoders=_encoders(who, arguments["encoders"], n, d, normalize),
        intercepts=rows(who, "intercepts", arguments["intercepts"], (n,)),
        max_rates=rows(who, "max_rates", arguments["max_rates"], (n,)),
        gain=None if arguments["gain"] is None else rows(who, "gain", arguments["gain"], (n,)),
        bias=None if arguments["bias"] is None else rows(who, "bias", arguments["bias"], (n,)),
        eval_points=eval_points,
        n_eval_points=n_points,
        neuron_type=neuron,
        noise=_noise(who, arguments["noise"], neuron, n),
        normalize_encoders=normalize,
        initial_state=_initial_state(who, neuron, arguments["initial_state"], n, d),
        seed=check.seed(who, arguments["seed"]),
        label=named(network, who, arguments["label"], "ensemble", network.ensembles),
    )
    _check_curve(who, checked)
    _warn_of_few(who, checked)
    return checked


def _warn_of_few(who: str, ensemble: Ensemble) -> None:
    """Warn a user of fewer neurons than dimensions, as of two numbers in the wrong order."""
    n, d = ensemble.n_neurons, ensemble.dimensions
    is_chosen = isinstance(ensemble.neuron_type, Direct) or isinstance(
        ensemble.encoders, np.ndarray
    )
    if n >= d or is_chosen or check.is_called_within("nefsim.network.", "nefsim._signatures"):
        return
    check.warn(
        f"{who}: n_neurons must be at least dimensions for a value to be represented, got {n} for "
        f"{d}; did you mean ensemble({d}, {n})?"
    )


def _noise(who: str, noise: Any, neuron: NeuronType, n: int) -> Process | None:
    if noise is None:
        return None
    do = "pass a process such as WhiteNoise()"
    checked: Process = check.instance(who, "noise", noise, Process, "a process or None", do)
    if isinstance(neuron, Direct):
        do = "leave it out, or use neurons"
        check.fail(who, "noise", "be None in Direct mode", check.show(noise), do)
    if checked.size not in (None, n):
        must = f"have {check.counted(n, 'dimension')}"
        check.fail(who, "noise", must, str(checked.size), "match n_neurons")
    return checked


def _encoders(who: str, value: Any, n: int, d: int, normalize: bool) -> Any:
    checked = rows(who, "encoders", value, (n, d))
    if isinstance(checked, np.ndarray) and normalize:
        zero = np.flatnonzero(~np.any(checked, axis=1))
        if len(zero):
            got = f"a zero row (neuron {zero[0]})"
            check.fail(who, "encoders", "have a direction", got, "pass rows other than zero")
    return checked


def _initial_state(
    who: str, neuron: NeuronType, value: Any, n: int, d: int
) -> dict[str, Any] | SteadyState:
    if value is None:
        return {}
    if isinstance(value, SteadyState):
        return _steady_state(who, neuron, value, d)
    do = "pass a dict such as {'voltage': 0.0}"
    check.instance(who, "initial_state", value, dict, "a dict or None", do)
    for name in value:
        check.one_of(who, "initial_state", name, tuple(neuron.initial_state))
    return {
        name: rows(who, f"initial_state[{name!r}]", start, (n,)) for name, start in value.items()
    }


def _steady_state(who: str, neuron: NeuronType, value: SteadyState, d: int) -> SteadyState:
    if not isinstance(neuron, (LIF, AdaptiveLIF)):
        must, do = "be a dict for this neuron type", "take LIF or AdaptiveLIF for a steady state"
        check.fail(who, "initial_state", must, f"SteadyState for {neuron!r}", do)
    if np.shape(value.x) not in ((), (d,)):
        got = f"SteadyState of {np.size(value.x)}"
        must = f"have {check.counted(d, 'dimension')}"
        check.fail(who, "initial_state", must, got, "match the dimensions")
    return value


def _check_curve(who: str, ensemble: Ensemble) -> None:
    """Refuse maximum rates, intercepts and gains that the neuron type cannot reach."""
    neuron = ensemble.neuron_type
    if isinstance(neuron, Direct):
        return
    if neuron.size not in (None, ensemble.n_neurons):
        must, got = f"be for {ensemble.n_neurons} neurons", f"time constants of {neuron.size}"
        check.fail(who, "neuron_type", must, got, "match n_neurons")
    if ensemble.gain is not None:
        _in_between(who, "gain", ensemble.gain, 0.0, np.inf, "be above 0")
        return
    limit, floor = neuron.rate_limit, neuron.rate_floor
    if not isinstance(ensemble.max_rates, np.ndarray):
        limit = np.min(limit)  # any neuron may draw the highest rate
    of = "1/tau_ref" if hasattr(neuron, "tau_ref") else "the rate limit"
    must = f"be above {floor:g} Hz and below {of} = {np.min(limit):g} Hz"
    _in_between(who, "max_rates", ensemble.max_rates, floor, limit, must, " Hz")
    _in_between(who, "intercepts", ensemble.intercepts, -np.inf, 1.0, "be below 1")


def _in_between(
    who: str, argument: str, value: Any, above: float, below: Any, must: str, unit: str = ""
) -> None:
    known = _known(value)
    wrong = np.flatnonzero((known <= above) | (known >= below))
    if len(wrong):
        at = f" (neuron {wrong[0]})" if isinstance(value, np.ndarray) else ""
        got, do = f"{known[wrong[0]]:g}{unit}{at}", "pass values within these limits"
        check.fail(who, argument, must, got, do)


def _known(value: Any) -> NDArray[np.float64]:
    """The values of an array, or the bounds of a distribution; empty if there are none."""
    match value:
        case np.ndarray():
            return value
        case Uniform(low=low, high=high) if low < high:
            return np.array([np.nextafter(low, np.inf), np.nextafter(high, -np.inf)])
        case Uniform(low=low):
            return np.array([low])
        case Constant(value=number):
            return np.array([number])
        case Choice(options=options):
            return np.ravel(np.asarray(options, dtype=np.float64))
    return np.empty(0)
