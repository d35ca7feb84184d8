"""Convert the state of a running Nengo network to plain objects, for pickling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nefsim.nengo.lower import Lowering
from nefsim.program import State, stored
from nefsim.records import Records


def plain_objects(lowering: Lowering, state: State, records: Records) -> dict[str, Any]:
    """The state, the records, and the memory and generators of unsupported operators."""
    memories = [
        ({s: each.signals[s] for s in each.signals if not s.readonly}, each.generators)
        for each in lowering.operator_states
    ]
    return {
        "step": state.step,
        "signals": state.signals,
        "ops": [stored(memory) for memory in state.ops],
        "worlds": memories,
        "start": records.start,
        "records": [records.arrays(i) for i in range(len(lowering.program.records))],
    }


def restore(saved: Mapping[str, Any], lowering: Lowering, state: State, records: Records) -> None:
    """Restore a state and records from plain objects."""
    state.step = saved["step"]
    for signal, value in zip(state.signals, saved["signals"], strict=True):
        signal[...] = value
    for variables, values in zip(state.ops, saved["ops"], strict=True):
        for name, value in values.items():
            variables[name][...] = value
    for memory, (signals, rngs) in zip(lowering.operator_states, saved["worlds"], strict=True):
        for signal, value in signals.items():
            memory.signals[signal] = value
        for rng, was in zip(memory.generators, rngs, strict=True):
            rng.set_state(was.get_state())
    records.put(saved["records"], state.step, saved["start"])
