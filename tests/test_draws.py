"""Numbers drawn by the interpreter are those of NumPy's generators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef

pytest.importorskip("numba")

from nefsim.backends.compiled import draws


def drawn(backend: str) -> dict[str, Any]:
    """Gaussian numbers, random spikes of two kinds, and the state of the network's streams."""
    net = nef.Network(seed=1)
    noise = net.node(nef.WhiteNoise(), size_out=700)
    probes = [net.probe(noise)]
    for neuron in (nef.StochasticSpiking(nef.LIFRate()), nef.PoissonSpiking(nef.LIFRate())):
        a = net.ensemble(700, 1, neuron_type=neuron)
        net.connect(net.node(np.sin), a)
        probes.append(net.probe(a.neurons))
    sim = nef.Simulator(net, backend=backend, progress=False)
    sim.run(0.5)
    return {str(i): sim.data[probe] for i, probe in enumerate(probes)}


@pytest.mark.parametrize("is_known", [True, False])
def test_a_network_draws_the_same_numbers_on_both_back_ends(
    is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """350,000 Gaussian numbers, of which a hundred lie in the tail and thousands at an edge."""
    if not is_known:  # as for a bit generator whose numbers the interpreter does not know
        monkeypatch.setattr(draws, "_numbers", lambda bits: 0)
    wanted, found = drawn("numpy"), drawn("numba")
    for name, values in wanted.items():
        assert np.array_equal(found[name], values) and values.any(), name
    assert np.abs(found["0"]).max() > 3.7 / np.sqrt(0.001)


def test_the_numbers_of_pcg64_alone_are_known() -> None:
    assert draws._numbers(np.random.PCG64(1))
    for other in (np.random.PCG64DXSM(1), np.random.MT19937(1), np.random.SFC64(1)):
        assert draws._numbers(other) == 0


def test_numbers_in_another_order_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws.sys, "byteorder", "big")
    assert draws._numbers(np.random.PCG64(1)) == 0
