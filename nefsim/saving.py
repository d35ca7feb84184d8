"""Saved simulators: files of state and records, from which another simulator continues."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nefsim import _checks as check
from nefsim import checkpoint, files
from nefsim.network import Network
from nefsim.program import Program, State
from nefsim.records import Records

#: Kind of the file.
KIND = "simulator"


def save(
    who: str,
    path: Any,
    program: Program,
    state: State,
    records: Records,
    settings: Mapping[str, Any],
) -> Path:
    """Write a file of a simulator, after a check that its state can be loaded.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    path : str or Path
        The file; ".npz" is added when it has no ending.
    program, state, records
        Program, state and records of the simulator.
    settings : mapping
        Settings of the simulator.

    Returns
    -------
    Path
        The file.
    """
    checkpoint.check_state(who, program, state)
    meta = {"kind": KIND, **settings, "start": records.start}
    arrays = checkpoint.state_arrays(program, state, meta)
    records.flush(sync=True)
    for i in range(len(program.records)):
        arrays |= {f"record {i} {name}": values for name, values in records.arrays(i).items()}
    return files.write(who, path, arrays, meta)


def opened(who: str, path: Any) -> files.Saved:
    """The open file, with a checked description."""
    return files.Saved(who, path, KIND, checkpoint.SCHEMA)


def check_source(who: str, meta: Mapping[str, Any], net: Network, streams: bool) -> None:
    """Check the seed of the network, and that a stream would have its first records."""
    check.instance(who, "net", net, Network, "a network", "pass the network that was saved")
    if net.seed is not None and net.seed != meta["seed"]:
        must = f"have the seed {meta['seed']} of the file"
        check.fail(who, "net", must, f"seed {net.seed}", "pass its own")
    if streams and meta["start"]:
        got = f"some of which the first {meta['start']} steps were cleared"
        check.fail(who, "records", "be whole for a stream", got, "leave out stream")


def put_back(
    who: str, saved: files.Saved, program: Program, state: State, records: Records
) -> None:
    """Set a fresh state and empty records to the saved ones."""
    checkpoint.set_state(who, program, state, saved)
    if not records.take_over(saved, state.step, saved.meta["start"]):
        do = "pass the network that was saved"
        check.fail(who, "net", "have the saved probes", "other probes", do)
