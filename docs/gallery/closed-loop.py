"""A pendulum in a closed loop.

Python computes the pendulum in each step, and neurons compute the torque that holds it up.
"""

import matplotlib.pyplot as plt
import numpy as np

import nefsim as nef

state = np.array([0.6, 0.0])


def pendulum(t, torque):
    """The angle from upright, and its speed, after a step of 1 ms."""
    if t <= 0.001:
        state[:] = 0.6, 0.0
    state[1] += 0.001 * (9.8 * np.sin(state[0]) + torque[0])
    state[0] += 0.001 * state[1]
    return state


net = nef.Network(seed=1)
plant = net.node(pendulum, size_in=1, size_out=2)
control = net.ensemble(300, 2, radius=3)
net.connect(plant, control)
net.connect(control, plant, function=lambda x: -30 * x[0] - 8 * x[1])
y = net.probe(plant)

with nef.Simulator(net) as sim:
    sim.run(3.0)

plt.plot(sim.time, sim.data[y], label=["angle [rad]", "speed [rad/s]"])
plt.xlabel("time [s]")
plt.legend()
