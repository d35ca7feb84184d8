"""Conversion of populations to NIR's neurons, with explicit Euler steps, and back.

Tools step ``tau v' = v_leak - v + r I`` as ``v += dt / tau (v_leak - v + r I)``: a
:class:`~nefsim.DiscreteLIF` with ``decay = 1 - dt / tau`` and ``scale = r dt / tau``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.network import Ensemble
from nefsim.neurons import LIF, DiscreteLIF, NeuronType, SpikingRectifiedLinear

Array = NDArray[np.float64]

#: A minimum voltage below this has no effect.
NO_FLOOR = -1e9


def losses(ensemble: Ensemble) -> Iterator[str]:
    """Properties of a population that NIR cannot express, as texts."""
    neuron = ensemble.neuron_type
    if ensemble.noise is not None:
        yield "noise"
    if isinstance(neuron, LIF):
        if np.any(neuron.tau_ref):
            yield f"refractory period (tau_ref = {np.max(neuron.tau_ref):g} s)"
        if neuron.min_voltage > NO_FLOOR:
            yield f"lowest voltage (min_voltage = {neuron.min_voltage:g})"
    elif isinstance(neuron, SpikingRectifiedLinear):
        yield "several spikes in a step"
    elif isinstance(neuron, DiscreteLIF) and neuron.reset == "subtract":
        yield "reset by subtraction"


def without_losses(neuron: NeuronType, dt: float) -> NeuronType:
    """The most similar type that NIR can express, with the rates of ``neuron`` in steps of dt."""
    if isinstance(neuron, LIF):
        share, amplitude = dt / neuron.tau_rc, neuron.amplitude
        return DiscreteLIF(decay=1.0 - share, scale=share, step_time=dt, amplitude=amplitude)
    if isinstance(neuron, SpikingRectifiedLinear):
        return DiscreteLIF(scale=dt, step_time=dt, amplitude=neuron.amplitude)
    if isinstance(neuron, DiscreteLIF):
        return replace(neuron, reset="zero")
    return neuron


def neuron_node(ensemble: Ensemble, dt: float) -> Any:
    """The NIR node of a population without losses."""
    neuron, n = ensemble.neuron_type, ensemble.n_neurons
    zero = np.zeros(n)
    if isinstance(neuron, LIF):
        one, tau = np.ones(n), np.full(n, neuron.tau_rc)
        return nir.LIF(tau=tau, r=one, v_leak=zero, v_threshold=one, v_reset=zero)
    if isinstance(neuron, DiscreteLIF) and neuron.activation == "identity" and neuron.spiking:
        decay, scale, threshold = (
            np.broadcast_to(np.asarray(value, dtype=np.float64), n).copy()
            for value in (neuron.decay, neuron.scale, neuron.threshold)
        )
        if neuron.threshold_rule == ">=":  # NIR's neurons fire above the threshold only
            threshold = np.nextafter(threshold, -np.inf)
        if (decay == 1.0).all():
            return nir.IF(r=scale / dt, v_threshold=threshold, v_reset=zero)
        if (decay < 1.0).all():
            tau, r = dt / (1.0 - decay), scale / (1.0 - decay)
            return nir.LIF(tau=tau, r=r, v_leak=zero, v_threshold=threshold, v_reset=zero)
    must, do = "have neurons that NIR can express", "use LIF or DiscreteLIF neurons"
    check.fail("to_nir", "net", must, f"{neuron} in {ensemble!r}", do)


def discrete(name: str, node: Any, dt: float, amplitude: float) -> tuple[DiscreteLIF, Array, Array]:
    """The neuron type of a NIR neuron, its constant current and its initial voltages.

    Voltages are relative to ``v_reset``, as neurons of nefsim reset to zero.
    """
    r, reset = (np.ravel(np.asarray(x, dtype=np.float64)) for x in (node.r, node.v_reset))
    threshold = np.ravel(np.asarray(node.v_threshold, dtype=np.float64)) - reset
    if (r == 0).any():
        got = f"0 in node {name!r}"
        check.fail("from_nir", "graph", "have resistances other than 0", got, "mend r")
    if isinstance(node, nir.IF):
        decay, scale, current = np.ones_like(r), r * dt, np.zeros_like(r)
    else:
        tau = np.ravel(node.tau if isinstance(node, nir.LIF) else node.tau_mem)
        if (tau < dt).any():
            got = f"{tau.min():g} s in node {name!r} with dt = {dt:g} s"
            check.fail("from_nir", "graph", "have time constants of dt or more", got, "pass dt")
        share = dt / np.asarray(tau, dtype=np.float64)
        leak = np.ravel(np.asarray(node.v_leak, dtype=np.float64))
        decay, scale, current = 1.0 - share, share * r, (leak - reset) / r
    neuron = DiscreteLIF(
        _one(decay), _one(threshold), scale=_one(scale), step_time=dt, amplitude=amplitude
    )
    return neuron, current, -reset


def _one(values: Array) -> Any:
    """One number if all values are equal, otherwise the values."""
    return float(values[0]) if (values == values[0]).all() else values
