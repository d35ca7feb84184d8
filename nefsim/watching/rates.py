"""Warn of neurons that should fire more often than once in a step."""

from __future__ import annotations

import numpy as np

from nefsim import _checks as check
from nefsim.lowering import Built
from nefsim.neurons import LIF, AdaptiveLIF


def warn_of_fast_neurons(built: Built, dt: float) -> None:
    """Warn if maximum rates are above 1/dt: of these types a neuron fires once a step at most.

    The decoders are those of the rates without this limit, so that decoded values are too small.

    Parameters
    ----------
    built : Built
        The network.
    dt : float [s]
        The time step.
    """
    fast = {}
    for ensemble, arrays in built.ensembles.items():
        neuron = ensemble.neuron_type
        # No rate is above 1 / tau_ref, so that the default step needs no further look.
        if isinstance(neuron, (LIF, AdaptiveLIF)) and np.min(neuron.tau_ref) < dt:
            rate = float(arrays.max_rates.max())
            if rate * dt > 1.0:
                fast[ensemble] = rate
    if not fast:
        return
    ensemble = max(fast, key=fast.__getitem__)
    others = f" and {len(fast) - 1} more" if len(fast) > 1 else ""
    check.warn(
        f"{ensemble!r}{others}: max_rates must be at most 1/dt = {1 / dt:.6g} Hz, as a neuron "
        f"fires once a step, got {fast[ensemble]:.4g} Hz; pass a dt below {1 / fast[ensemble]:.3g} "
        "to Simulator, or lower max_rates."
    )
