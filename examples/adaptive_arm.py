"""An arm of two joints carries a load of which its controller knows nothing, and learns it.

The controller computes torques by the equations of the arm without the load.  A population
represents angles and velocities; its decoders learn, by PES, the torques that the controller has
to add, and so take over the load.
"""

from __future__ import annotations

import argparse

import numpy as np

import nefsim as nef

DT = 0.001
GRAVITY = 9.81

#: Mass [kg] and length [m] of each link, whose centre of mass is in its middle.
MASS, LENGTH = 1.0, 0.4

#: Mass of the load in the hand [kg].
LOAD = 1.0

#: Feedback of angles [1/s²] and velocities [1/s].
STIFFNESS, DAMPING = 100.0, 20.0

LEARNING_RATE = 1e-4

#: Largest angles [rad] and velocities [rad/s] that the population represents.
RADII = (1.0, 1.0, 2.0, 2.0)


def forces(q: np.ndarray, v: np.ndarray, load: float) -> tuple[np.ndarray, np.ndarray]:
    """The inertia (2, 2) of the arm [kg m²], and the torques of gravity and motion (2,) [N m].

    Angles q are from the vertical, the second relative to the first link.
    """
    m, length, half = MASS, LENGTH, LENGTH / 2
    own = m * length**2 / 12
    cos, sin = np.cos(q[1]), np.sin(q[1])
    coupling = m * length * half + load * length**2
    outer = own + m * half**2 + load * length**2
    inner = own + m * half**2 + (m + load) * length**2
    inertia = np.array(
        [
            [inner + outer + 2 * coupling * cos, outer + coupling * cos],
            [outer + coupling * cos, outer],
        ]
    )
    motion = coupling * sin * np.array([-v[1] * (2 * v[0] + v[1]), v[0] ** 2])
    second = (m * half + load * length) * np.sin(q[0] + q[1])
    first = (m * half + (m + load) * length) * np.sin(q[0])
    return inertia, motion + GRAVITY * np.array([first + second, second])


def target(t: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The wanted angles, velocities and accelerations."""
    w, phase = np.array([1.1, 0.7]), np.array([0.0, 1.0])
    size, middle = np.array([0.5, 0.6]), np.array([0.6, 0.7])
    angle = w * t + phase
    return middle + size * np.sin(angle), size * w * np.cos(angle), -size * w**2 * np.sin(angle)


def network(seed: int, n_neurons: int) -> tuple[nef.Network, tuple]:
    """The population that learns, with its inputs and its output."""
    net = nef.Network(seed=seed)
    state, feedback = net.node(np.zeros(4)), net.node(np.zeros(2))
    adaptive = nef.networks.adaptive_control(
        net, n_neurons, 4, 2, learning_rate=LEARNING_RATE, radii=RADII
    )
    net.connect(state, adaptive.state, synapse=None)
    net.connect(feedback, adaptive.control, synapse=None)
    return net, (state, feedback, net.probe(adaptive.output, synapse=None))


def run(
    seconds: float = 60.0,
    seed: int = 0,
    learns: bool = True,
    n_neurons: int = 1000,
    load: float = LOAD,
) -> np.ndarray:
    """The distance of both angles from the wanted ones in each step [rad]."""
    net, (state, feedback, term) = network(seed, n_neurons)
    sim = nef.Simulator(net, dt=DT, progress=False)
    q, v, _ = target(0.0)
    errors = np.zeros(round(seconds / DT))
    middle = np.array([0.6, 0.7])
    for k in range(len(errors)):
        wanted, velocity, acceleration = target(k * DT)
        errors[k] = np.linalg.norm(wanted - q)
        inertia, others = forces(q, v, 0.0)  # as the controller knows the arm
        correction = inertia @ (STIFFNESS * (wanted - q) + DAMPING * (velocity - v))
        command = inertia @ acceleration + others + correction
        sim.inputs[state] = np.concatenate([q - middle, v])
        if learns:
            sim.inputs[feedback] = correction
        sim.step()
        command = command + sim.latest(term)
        inertia, others = forces(q, v, load)
        v = v + DT * np.linalg.solve(inertia, command - others)
        q = q + DT * v
    return errors


def rms(errors: np.ndarray, seconds: float = 10.0) -> float:
    """The root mean square over the last seconds."""
    return float(np.sqrt(np.mean(errors[-round(seconds / DT) :] ** 2)))


def main() -> None:
    """Print the error with learning and without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--neurons", type=int, default=1000)
    options = parser.parse_args()
    arguments = options.seconds, options.seed
    without = rms(run(*arguments, learns=False, n_neurons=options.neurons))
    learned = rms(run(*arguments, n_neurons=options.neurons))
    print(f"error in the last 10 s: {without:.4f} rad without learning, {learned:.4f} rad with it")


if __name__ == "__main__":
    main()
