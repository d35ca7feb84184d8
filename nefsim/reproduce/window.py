"""The delay network of a published table of processors, in its protocol.

A. R. Voelker, Dynamical systems in spiking neuromorphic hardware, PhD thesis, University of
Waterloo, 2019, section 7.2.2: three populations of 128 LIF neurons hold a window of 0.1 s of
signals up to 3 Hz, rms 1, of 2 s.  The states are those of the delay in balanced coordinates,
divided by 1, 1/2 and 1/3.  Decoded values without a filter are recorded; the state is found from
them offline by the discrete third principle and a lowpass of 20 ms, and compared with that of
the equation in 100 moments of the window.  There are ten signals, and 25 networks for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import nefsim as nef
from nefsim import dynamics, networks
from nefsim.processes import Process, Running

Q, THETA, N, DT, SECONDS = 3, 0.1, 128, 0.001, 2.0
RADII = 1 / (np.arange(Q) + 1)
N_SIGNALS = 10


@cache
def balanced() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A, B and the readout of 100 moments of the window, in balanced coordinates."""
    A, B = dynamics.legendre(Q, THETA)
    last = dynamics.LinearSystem(A, B, dynamics.legendre_readout(Q, [1.0]))
    small = dynamics.truncate(last, Q)
    a, b = np.asarray(small.A), np.asarray(small.B)
    # x of the Legendre system is this matrix times the balanced state: both start from 0.
    to_legendre = np.hstack([B, A @ B, A @ A @ B]) @ np.linalg.inv(np.hstack([b, a @ b, a @ a @ b]))
    return a, b, dynamics.legendre_readout(Q, np.linspace(0, 1, 100)) @ to_legendre


@cache
def signals() -> np.ndarray:
    """The ten signals, (10, 2000), those of Nengo's process with seeds 1 to 10."""
    from nengo.processes import WhiteSignal

    steps = round(SECONDS / DT)
    made = (WhiteSignal(SECONDS, high=3, rms=1.0, y0=0, seed=i + 1) for i in range(N_SIGNALS))
    return np.array([process.run_steps(steps, dt=DT)[:, 0] for process in made])


@dataclass(frozen=True, eq=False)
class Signals(Process):
    """Trial b of a batch gets signal b."""

    size = 1

    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        """The signal of the trial that the generator belongs to."""
        sequence: Any = rng.bit_generator.seed_seq
        return Played(rng, signals()[sequence.spawn_key[-1]])


class Played(Running):
    """A signal, step by step."""

    def __init__(self, rng: np.random.Generator, signal: np.ndarray) -> None:
        super().__init__(rng, {})
        self.signal = signal

    def __call__(self, first_step: int, n_steps: int) -> np.ndarray:
        """Some of its steps."""
        return self.signal[first_step : first_step + n_steps, None]


def states(u: np.ndarray) -> np.ndarray:
    """The states of the equation for a signal, in steps."""
    A, B, _ = balanced()
    system = dynamics.realise(A, B, 0.02, DT)
    x = np.zeros((len(u), Q))
    for k in range(len(u) - 1):
        x[k + 1] = system.A @ x[k] + system.B[:, 0] * u[k]
    return x


def found_states(decoded: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The states from unfiltered decoded values, by the discrete third principle."""
    A, B, _ = balanced()
    system = dynamics.realise(A, B, 0.02, DT)
    before = decoded @ system.recurrent.T + np.outer(u, system.inputs[0][0][:, 0])
    x = nef.Lowpass(0.02).filt(before, axis=0)
    return np.vstack([np.zeros((1, Q)), x[:-1]])


def errors(seed: int, tau: float, method: str, **options: Any) -> list[float]:
    """Errors of a network for the ten signals, relative to the window of the equation."""
    A, B, readout = balanced()
    net = nef.Network(seed=seed)
    made = networks.system(net, Q * N, A, B, tau, RADII, method=method, **options)
    net.connect(net.node(Signals()), made.input, synapse=None)
    y = net.probe(made.output)
    with nef.Simulator(net, progress=False, batch_size=N_SIGNALS) as sim:
        sim.run(SECONDS)
        found = []
        for u, decoded in zip(signals(), sim.data[y], strict=True):
            window = states(u) @ readout.T
            error = found_states(decoded, u) @ readout.T - window
            found.append(float(np.sqrt((error**2).mean() / (window**2).mean())))
    return found
