"""All that changes while a Nengo network runs, as plain objects and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nefsim.nengo.lower import Lowering
from nefsim.program import State
from nefsim.records import Records


def changing(lowering: Lowering, state: State, records: Records) -> dict[str, Any]:
    """A state, records, and the signals and generators of operators that step in Python."""
    worlds = [
        ({s: world.signals[s] for s in world.signals if not s.readonly}, world.rngs)
        for world in lowering.worlds
    ]
    return {
        "step": state.step,
        "signals": state.signals,
        "ops": state.ops,
        "worlds": worlds,
        "start": records.start,
        "records": [records.arrays(i) for i in range(len(lowering.program.records))],
    }


def put_back(saved: Mapping[str, Any], lowering: Lowering, state: State, records: Records) -> None:
    """Bring a fresh state and empty records to where the saved ones were."""
    state.step = saved["step"]
    for signal, value in zip(state.signals, saved["signals"], strict=True):
        signal[...] = value
    for memory, values in zip(state.ops, saved["ops"], strict=True):
        for name, value in memory.items():
            value[...] = values[name]
    for world, (signals, rngs) in zip(lowering.worlds, saved["worlds"], strict=True):
        for signal, value in signals.items():
            world.signals[signal] = value
        for op, rng in rngs.items():
            world.rngs[op].set_state(rng.get_state())
    records.put(saved["records"], state.step, saved["start"])
