"""The "nengo" back end, which runs a network in a Nengo simulator."""

from __future__ import annotations

import warnings
import weakref

import nengo
import numpy as np
from nengo.builder import Model
from nengo.cache import NoDecoderCache

from nefsim import _checks as check
from nefsim.backends import Recorder, Runner, interrupts
from nefsim.lowering import Built
from nefsim.nengo.translate import Translation
from nefsim.program import State


def prepare(built: Built, state: State) -> Runner:
    """Prepare a built network to run in Nengo.

    Parameters
    ----------
    built : Built
        A built network.
    state : State
        Initial state of the network, of one trial in float64.  A run changes its step count
        only.

    Returns
    -------
    callable
        ``run(n_steps, recorder)``, which runs the next ``n_steps`` time steps.

    Raises
    ------
    TypeError
        If ``built`` or ``state`` is of another type.
    ValueError
        If the state is that of a batch, in float32 or after some steps, or if the network has
        an object that Nengo does not have.

    See Also
    --------
    nefsim.nengo.to_nengo : The network as a Nengo network.
    """
    who = "nefsim.nengo.prepare"
    do = "pass nefsim.lowering.build(net, dt, seed)"
    check.instance(who, "built", built, Built, "a built network", do)
    check.instance(who, "state", state, State, "a state", "pass initial_state(built.program)")
    if state.signals and (state.signals[0].ndim > 1 or state.signals[0].dtype != np.float64):
        must = "run one trial in float64 on nengo"
        got = "a batch or float32"
        check.fail("Simulator", "backend", must, got, "leave out batch_size and dtype")
    if state.step:
        check.fail("Simulator.load", "backend", "not be nengo", "nengo", "pass another back end")
    translation = Translation(built, state)
    dt = built.program.dt
    model = Model(dt=dt, decoder_cache=NoDecoderCache())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Nengo's warnings about its neuron types and NumPy
        simulator = nengo.Simulator(
            translation.model, dt=dt, model=model, progress_bar=False, optimize=False
        )
    probes = [translation.of[probe] for probe in built.probes]
    floors = [0.0 if p.attr == "refractory_time" else -np.inf for p in built.probes]

    def run(n_steps: int, recorder: Recorder) -> None:
        before = simulator.n_steps
        simulator.clear_probes()
        try:
            for _ in range(n_steps):
                simulator.step()
                state.under_way += 1
                interrupts.check()
        finally:
            state.under_way = 0
            state.step += simulator.n_steps - before
            for i, (probe, floor) in enumerate(zip(probes, floors, strict=True)):
                rows = simulator.data[probe]
                if len(rows):
                    flat = rows.reshape(len(rows), -1)  # weights are matrices
                    recorder.add(i, np.maximum(flat, floor))

    # Nengo warns if a simulator is not closed; this one is closed with its runner.
    weakref.finalize(run, simulator.close)
    return run
