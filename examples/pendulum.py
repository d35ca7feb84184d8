"""A population holds a pendulum upright, in real time: read the angle, step, write the torque."""

from __future__ import annotations

import argparse
import math
from itertools import repeat

import numpy as np

import nefsim as nef

#: Gravity over length [1/s²], friction [1/s], and the gains of the controller.
GRAVITY, FRICTION = 9.81, 0.1
GAINS = np.array([30.0, 8.0])

#: Largest angle [rad] and angular velocity [rad/s] that the population represents.
LIMITS = np.array([1.0, 5.0])


def network() -> tuple[nef.Network, nef.Node, nef.Probe]:
    """A population of the state, from which a torque is decoded."""
    net = nef.Network(seed=1)
    state = net.node([0.0, 0.0], label="angle and velocity")
    torque = net.node(size_in=1, label="torque")
    a = net.ensemble(300, 2, radius=1.5)
    net.connect(state, a, synapse=None)
    net.connect(a, torque, transform=[-GAINS * LIMITS], synapse=0.005)
    return net, state, net.probe(torque)


def run(seconds: float, angle: float = 0.5, realtime: bool = True) -> np.ndarray:
    """The angle in each step [rad]."""
    net, state, torque = network()
    sim = nef.Simulator(net, progress=False)
    n_steps = round(seconds / sim.dt)
    velocity, angles = 0.0, np.zeros(n_steps)
    turns = sim.loop(seconds=seconds) if realtime else repeat(sim.step, n_steps)
    for k, step in enumerate(turns):
        sim.inputs[state] = np.array([angle, velocity]) / LIMITS  # read
        step()
        push = float(sim.latest(torque)[0])  # write
        velocity += sim.dt * (GRAVITY * math.sin(angle) - FRICTION * velocity + push)
        angle += sim.dt * velocity
        angles[k] = angle
    if sim.deadlines is not None:
        print(sim.deadlines)
    return angles


def main() -> None:
    """Print the angle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--fast", action="store_true", help="as fast as possible")
    options = parser.parse_args()
    angles = run(options.seconds, realtime=not options.fast)
    tail = angles[-len(angles) // 4 :]
    print(f"angle at the end: {tail.mean():.3f} rad, at most {np.abs(tail).max():.3f} rad")


if __name__ == "__main__":
    main()
