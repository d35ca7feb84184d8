"""The row of Gaussian noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.table import Table
from nefsim.processes import FilteredNoise, WhiteNoise
from nefsim.program import Play
from nefsim.sampling import Gaussian
from nefsim.synapses import Synapse


def emit_noise(table: Table, op: Play, memory: dict[str, int]) -> None:
    """One row: white noise, or noise through a filter of first order."""
    del memory
    process, dt = op.process, table.program.dt
    assert isinstance(process, (WhiteNoise, FilteredNoise)) and isinstance(process.dist, Gaussian)
    n = table.program.signals[op.output].size
    numbers = np.zeros(5)
    scale = 1 / math.sqrt(dt) if process.scale else 1.0
    numbers[[k.NOISE_MEAN, k.NOISE_STD]] = process.dist.mean, process.dist.std
    numbers[k.NOISE_SCALE] = scale
    filtered = isinstance(process, FilteredNoise)
    if isinstance(process, FilteredNoise):
        assert isinstance(process.synapse, Synapse)
        form: Any = process.synapse.form(dt)  # of first order
        (gain,), (_, a) = form
        numbers[[k.NOISE_GAIN, k.NOISE_KEEP]] = gain, -a
    generator, work = table.generator(op.output, k.STRIP)
    z = table.words(n) if filtered else 0
    if filtered:
        table.filters[op.output] = z
    layout = [generator, work, int(filtered), z, *numbers.view(np.int64)]
    table.op(k.NOISE, table.addresses[op.output], n, LAYOUT=table.index(layout))
