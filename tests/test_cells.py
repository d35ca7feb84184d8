"""The step of a cell, uncompiled, is the step of its neuron type."""

from __future__ import annotations

import numpy as np
import pytest

import nefsim as nef

pytest.importorskip("numba")

from nefsim.backends.compiled import cells

#: One neuron type for each cell, and whether constants may differ between neurons.
TYPES = {
    cells.IZHIKEVICH: nef.Izhikevich(coupling=0.25),
    cells.WHOLE_SPIKES: nef.SpikingRectifiedLinear(amplitude=0.5),
    cells.POISSON: nef.PoissonSpiking(nef.RectifiedLinear(), amplitude=0.5),
    cells.STOCHASTIC: nef.StochasticSpiking(nef.RectifiedLinear(), amplitude=0.5),
    cells.LIF_LOG: nef.LIF(tau_rc=np.linspace(0.01, 0.03, 40), amplitude=0.3),
    cells.LIF_EULER: nef.LIF(method="euler", min_voltage=-1.0),
    cells.LIF_RATE: nef.LIFRate(tau_ref=np.linspace(0.001, 0.004, 40)),
    cells.RECTIFIED: nef.RectifiedLinear(amplitude=0.3),
    cells.CELL_OF[nef.SoftLIFRate]: nef.SoftLIFRate(sigma=0.05),
    cells.CELL_OF[nef.Sigmoid]: nef.Sigmoid(tau_ref=0.004),
    cells.CELL_OF[nef.Tanh]: nef.Tanh(tau_ref=0.004),
}


def test_every_cell_is_tried() -> None:
    assert set(TYPES) == set(cells.CELLS)


@pytest.mark.parametrize("cell", TYPES, ids=lambda cell: cell.step.__name__)
def test_a_cell_takes_the_step_of_its_neuron_type(cell: cells.Cell) -> None:
    neuron, n, dt = TYPES[cell], 40, 0.001
    rng = np.random.default_rng(1)
    each = (np.broadcast_to(value, n) for value in cell.each(neuron, dt))
    numbers = np.zeros(cells.ARRAYS)
    numbers[: len(cell.constants(neuron, dt))] = cell.constants(neuron, dt)
    c = np.concatenate([numbers, *each])
    state = {name: np.zeros(n) for name in ("voltage", "rate_out", *cell.state)}
    theirs = {name: value.copy() for name, value in state.items()}
    from_rates = cell in (cells.WHOLE_SPIKES, cells.POISSON, cells.STOCHASTIC)
    # Up to 15 spikes in a step: Poisson numbers of large means are drawn in another way.
    scale = 30.0 if cell is cells.IZHIKEVICH else 15.0 / dt if from_rates else 3.0
    generator, other = np.random.default_rng(2), np.random.default_rng(2)
    for _ in range(100):
        J = scale * rng.uniform(-0.2, 1.0, n)
        expected, out = np.zeros(n), np.zeros(n)
        neuron.step(J, theirs, dt, expected, other)
        if from_rates:
            J = np.maximum(J, 0.0)
        if cell.draws:
            cell.step(J, np.zeros(2 * n), generator, out, n, c)
        elif cell.state:
            variables = [state[name] for name in cell.state]
            cell.step(J, variables[0], variables[-1], out, n, c)
        else:
            cell.step(J, out, n, c)
        # The mathematical functions may differ in the last digits.
        np.testing.assert_allclose(out, expected, rtol=1e-12, atol=0)
    assert generator.random() == other.random()
