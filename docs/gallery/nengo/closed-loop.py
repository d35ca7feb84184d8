"""A pendulum in a closed loop, in Nengo."""

import nengo
import numpy as np

state = np.array([0.6, 0.0])


def pendulum(t, torque):
    """The angle from upright, and its speed, after a step of 1 ms."""
    state[1] += 0.001 * (9.8 * np.sin(state[0]) + torque[0])
    state[0] += 0.001 * state[1]
    return state


with nengo.Network(seed=1) as model:
    plant = nengo.Node(pendulum, size_in=1, size_out=2)
    control = nengo.Ensemble(300, 2, radius=3)
    nengo.Connection(plant, control)
    nengo.Connection(control, plant, function=lambda x: -30 * x[0] - 8 * x[1])
    y = nengo.Probe(plant)
