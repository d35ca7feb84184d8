"""Lower ensembles to signals of the represented vector, currents, noise and spikes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim.lowering.arrays import NEURONS, NOISE, START, build_ensemble, drawing_key
from nefsim.lowering.context import Context
from nefsim.lowering.learning import LearningRules
from nefsim.lowering.outline import outline_ensemble
from nefsim.network import Ensemble
from nefsim.neurons import LIF, AdaptiveLIF, Direct, SteadyState
from nefsim.neurons.steady import steady_values
from nefsim.program import Neurons, Play, Read, Term
from nefsim.sampling import Distribution, as_distribution


def lower_ensemble(context: Context, rules: LearningRules, ensemble: Ensemble) -> None:
    """Add signals of the represented vector, the currents and the spikes.

    In Direct mode there is the represented vector alone.
    """
    make, stream = context.builder, context.streams[ensemble]
    draw = outline_ensemble if context.outline else build_ensemble
    key = drawing_key(ensemble, stream)
    built = context.once("ensemble", lambda: draw(ensemble, stream), key=key)
    context.ensembles[ensemble] = built
    x = context.inputs[ensemble] = make.sum(f"{ensemble!r}.input", ensemble.dimensions)
    if isinstance(ensemble.neuron_type, Direct):
        context.outputs[ensemble] = x
        return
    n, neurons = ensemble.n_neurons, ensemble.neurons
    J = context.inputs[neurons] = make.sum(f"{neurons!r}.input", n, built.bias)
    encoded = Term(Read(x), built.scaled_encoders)
    if rules.learns(ensemble):
        encoded = Term(rules.weigh(ensemble, encoded.read, encoded.matrix, n))
    make.add_term(J, encoded)
    if ensemble.noise is not None:
        noise = context.noise[ensemble] = make.signal(f"{ensemble!r}.noise", n)
        make.add_term(J, Term(Read(make.op(Play(noise, ensemble.noise, stream.child(NOISE))))))
    context.outputs[neurons] = make.signal(f"{neurons!r}.output", n)
    context.observed[ensemble] = {}


def step_neurons(context: Context) -> None:
    """Add the step of each population of neurons.

    Call it after lowering the probes, which determine the state variables to record.
    """
    for ensemble, observed in context.observed.items():
        output, J = context.outputs[ensemble.neurons], context.inputs[ensemble.neurons]
        stream = context.streams[ensemble].child(NEURONS)
        initial = _initial_state(context, ensemble)
        step = Neurons(output, J, ensemble.neuron_type, initial, stream, (*observed.items(),))
        context.builder.op(step)


def _initial_state(context: Context, ensemble: Ensemble) -> dict[str, Any]:
    """Initial state of the neurons: of the ensemble if it has one, else of its neuron type."""
    initial: dict[str, Any] = dict(ensemble.neuron_type.initial_state)
    if not isinstance(ensemble.initial_state, SteadyState):
        initial |= ensemble.initial_state
    elif not context.outline:
        initial |= _steady_state(context, ensemble, ensemble.initial_state)
    return {
        name: start
        if isinstance(start, (Distribution, np.ndarray))
        else as_distribution(repr(ensemble), f"initial_state[{name!r}]", start)
        for name, start in initial.items()
    }


def _steady_state(context: Context, ensemble: Ensemble, steady: SteadyState) -> dict[str, Any]:
    built, neuron = context.ensembles[ensemble], ensemble.neuron_type
    assert isinstance(neuron, (LIF, AdaptiveLIF))  # checked when the ensemble was made
    x = np.broadcast_to(np.asarray(steady.x, dtype=np.float64), ensemble.dimensions)
    rng = context.streams[ensemble].child(START).generator()
    return steady_values(neuron, built.scaled_encoders @ x + built.bias, context.builder.dt, rng)
