"""The Neural Engineering Framework in scalar loops, to judge every back end by.

Plain Python: no array, no cleverness, nothing of nefsim.  Each function is one equation.
"""

from __future__ import annotations

import math
import random
from typing import NamedTuple

Vector = list[float]
Spikes = list[list[bool]]
Neuron = tuple[float, float]  # voltage; end of the refractory time from the last step's start [s]


class Population(NamedTuple):
    """Encoders (N, D), and for each neuron gain, bias and the voltage at the start."""

    encoders: list[Vector]
    gains: Vector
    biases: Vector
    voltages: Vector


def exact_lif(
    J: float,
    neuron: Neuron,
    dt: float,
    tau_rc: float = 0.02,
    tau_ref: float = 0.002,
    min_voltage: float = 0.0,
) -> tuple[bool, Neuron]:
    """One step of a LIF neuron whose spike and refractory time end inside the step.

    The voltage of ``tau_rc dv/dt = J - v`` moves for the ``delta`` seconds that are not
    refractory and meets 1 after ``tau_rc ln((J - v) / (J - 1))`` of them; this is
    ``dt + tau_rc log1p(-(v_end - 1) / (J - 1))`` from the start of the step, but keeps its
    digits where ``dt`` is many times ``tau_rc`` and ``v_end`` equals ``J``.
    """
    start, refractory = neuron
    refractory -= dt
    delta = min(max(dt - refractory, 0.0), dt)
    v = max(start - (J - start) * math.expm1(-delta / tau_rc), min_voltage)
    if v > 1.0:
        t_spike = (dt - delta) + tau_rc * math.log1p((1.0 - start) / (J - 1.0))
        return True, (0.0, tau_ref + t_spike)
    return False, (v, refractory)


def euler_lif(
    J: float, neuron: Neuron, dt: float, tau_rc: float = 0.02, tau_ref: float = 0.002
) -> tuple[bool, Neuron]:
    """One explicit Euler step: move, keep above 0, hold at 0 while refractory, fire above 1."""
    v, refractory = neuron
    v += dt * (J - v) / tau_rc
    v = max(v, 0.0)
    if refractory > 0:
        v = 0.0
        refractory -= dt
    if v > 1:
        return True, (0.0, tau_ref)
    return False, (v, refractory)


def lif_rate(J: float, tau_rc: float = 0.02, tau_ref: float = 0.002) -> float:
    """Firing rate at a constant current [Hz]: one over the refractory time and the rise."""
    return 1.0 / (tau_ref + tau_rc * math.log1p(1.0 / (J - 1.0))) if J > 1 else 0.0


def lowpass(y: float, u: float, dt: float, tau: float) -> float:
    """``tau dy/dt = u - y`` over a step at constant ``u``."""
    a = math.exp(-dt / tau)
    return a * y + (1.0 - a) * u


def gain_bias(
    max_rate: float, intercept: float, tau_rc: float = 0.02, tau_ref: float = 0.002
) -> tuple[float, float]:
    """Gain and bias of a LIF neuron that starts at ``intercept`` and has ``max_rate`` at 1."""
    z = 1.0 / (1 - math.exp((tau_ref - (1.0 / max_rate)) / tau_rc))
    gain = (1 - z) / (intercept - 1.0)
    return gain, 1 - gain * intercept


def encode(x: Vector, encoder: Vector, gain: float, bias: float) -> float:
    """``J = gain (encoder . x) + bias``."""
    along = 0.0
    for e, value in zip(encoder, x, strict=True):
        along += e * value
    return gain * along + bias


def decode(fired: list[bool], decoders: list[Vector], dt: float) -> Vector:
    """Sum of the decoders of the neurons that fired, each spike being ``1 / dt`` Hz."""
    total = [0.0] * len(decoders[0])
    for i, spike in enumerate(fired):
        if spike:
            for d, weight in enumerate(decoders[i]):
                total[d] += weight / dt
    return total


def draw_population(n: int, max_rates: tuple[float, float], rng: random.Random) -> Population:
    """A population for one dimension: encoders -1 or 1, intercepts anywhere, all at rest."""
    encoders = [[rng.choice([-1.0, 1.0])] for _ in range(n)]
    pairs = [gain_bias(rng.uniform(*max_rates), rng.uniform(-1.0, 1.0)) for _ in range(n)]
    return Population(encoders, [g for g, _ in pairs], [b for _, b in pairs], [0.0] * n)


def run_two_populations(
    inputs: list[Vector],
    a: Population,
    b: Population,
    decoders_a: list[Vector],
    decoders_b: list[Vector],
    dt: float = 0.001,
    tau: float = 0.1,
    tau_probe: float = 0.1,
) -> tuple[Spikes, Spikes, list[Vector]]:
    """An input drives A, a function decoded from A drives B, B is decoded and filtered.

    The order of a step: the input of this step reaches A; B receives the output of the
    synapse at the end of the last step; both populations step; then the synapses take this step's
    spikes.  A probe records the value that another population would receive, so that the
    output of a step does not contain the spikes of the same step.
    """
    neurons_a = [(v, 0.0) for v in a.voltages]
    neurons_b = [(v, 0.0) for v in b.voltages]
    value, output = [0.0] * len(decoders_a[0]), [0.0] * len(decoders_b[0])
    spikes_a: Spikes = []
    spikes_b: Spikes = []
    outputs: list[Vector] = []
    for x in inputs:
        spikes_a.append(_population_step(x, a, neurons_a, dt))
        spikes_b.append(_population_step(value, b, neurons_b, dt))
        outputs.append(output)
        of_a, of_b = decode(spikes_a[-1], decoders_a, dt), decode(spikes_b[-1], decoders_b, dt)
        value = [lowpass(y, u, dt, tau) for y, u in zip(value, of_a, strict=True)]
        output = [lowpass(y, u, dt, tau_probe) for y, u in zip(output, of_b, strict=True)]
    return spikes_a, spikes_b, outputs


def _population_step(
    x: Vector, population: Population, neurons: list[Neuron], dt: float
) -> list[bool]:
    fired = []
    for i, neuron in enumerate(neurons):
        J = encode(x, population.encoders[i], population.gains[i], population.biases[i])
        spike, neurons[i] = exact_lif(J, neuron, dt)
        fired.append(spike)
    return fired


def run_plain_loops(
    inputs: Vector,
    a: Population,
    b: Population,
    decoders_a: Vector,
    decoders_b: Vector,
    dt: float = 0.001,
    tau: float = 0.1,
) -> tuple[Spikes, Spikes, Vector]:
    """The x-squared program as it is first taught: Euler neurons and a weight matrix.

    Decoders are in value per spike and step, the ones in value per Hz over ``dt``.  Spikes
    of A raise the input of B in the same step, and spikes of B the output.
    """
    n_a, n_b = len(a.gains), len(b.gains)
    weights = [[d * b.encoders[j][0] for j in range(n_b)] for d in decoders_a]
    neurons_a, neurons_b = [(0.0, 0.0)] * n_a, [(0.0, 0.0)] * n_b
    scale = 1.0 - math.exp(-dt / tau)
    input_b, output = [0.0] * n_b, 0.0
    spikes_a: Spikes = []
    spikes_b: Spikes = []
    outputs: Vector = []
    for x in inputs:
        spikes_a.append([False] * n_a)
        spikes_b.append([False] * n_b)
        input_b = [value * (1.0 - scale) for value in input_b]
        output *= 1.0 - scale
        for i in range(n_a):
            J = x * a.encoders[i][0] * a.gains[i] + a.biases[i]
            spikes_a[-1][i], neurons_a[i] = euler_lif(J, neurons_a[i], dt)
            if spikes_a[-1][i]:
                for j in range(n_b):
                    input_b[j] += weights[i][j] * scale
        for j in range(n_b):
            J = b.gains[j] * input_b[j] + b.biases[j]
            spikes_b[-1][j], neurons_b[j] = euler_lif(J, neurons_b[j], dt)
            if spikes_b[-1][j]:
                output += decoders_b[j] * scale
        outputs.append(output)
    return spikes_a, spikes_b, outputs
