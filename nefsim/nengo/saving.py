"""Save the state of a simulator of a Nengo model to a file, and set a simulator to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from nengo import Network
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import checkpoint, files
from nefsim.nengo.lower import Lowering
from nefsim.nengo.opaque import NengoOperatorState
from nefsim.program import State
from nefsim.records import Records

#: Kind of the file.
KIND = "simulator of a Nengo model"

#: Schema of its description; ``generators`` are the states of those of Nengo's code.
SCHEMA = {
    **checkpoint.SCHEMA,
    "run_seed": int,
    "shown_as": ("float64", "float32", "float16"),
    "generators": [[object]],
}


def save(
    who: str,
    path: Any,
    lowering: Lowering,
    state: State,
    records: Records,
    settings: Mapping[str, Any],
    compress: bool,
) -> Path:
    """Write the state, the records, and the memory and generators of Nengo's code to a file.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    path : str or Path
        The file; ".npz" is added when it has no ending.
    lowering, state, records
        The lowered model, the state and the records of the simulator.
    settings : mapping
        Settings of the simulator.
    compress : bool
        Whether to compress the file.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If the state is not finite, so that no run could continue from it.
    """
    checkpoint.check_state(who, lowering.program, state)
    meta = {"kind": KIND, **settings, "start": records.start}
    arrays = checkpoint.state_arrays(lowering.program, state, meta)
    for i in range(len(lowering.program.records)):
        arrays |= {f"record {i} {name}": values for name, values in records.arrays(i).items()}
    arrays |= _memory(lowering)
    meta["generators"] = [
        [checkpoint.plain(rng.get_state(legacy=False)) for rng in each.generators]
        for each in lowering.operator_states
    ]
    return files.write(who, path, arrays, meta, compress)


def opened(who: str, path: Any) -> files.Saved:
    """Open a file and check its description."""
    return files.Saved(who, path, KIND, SCHEMA)


@contextmanager
def seed_of(who: str, network: Any, seed: int) -> Iterator[None]:
    """Build a network without a seed with the seed of a file.

    Raises
    ------
    ValueError
        If the network has another seed.
    """
    if not isinstance(network, Network):  # an error of the simulator, or a built model
        yield
        return
    if network.seed is not None:
        if network.seed != seed:
            got = f"seed {network.seed}"
            check.fail(who, "network", f"have the seed {seed} of the file", got, "pass its own")
        yield
        return
    network.seed = seed
    try:
        yield
    finally:
        network.seed = None


def put_back(
    who: str, saved: files.Saved, lowering: Lowering, state: State, records: Records
) -> None:
    """Set a fresh state and empty records to the saved ones, after a check of all of them."""
    current = _memory(lowering)
    if current.keys() != {name for name in saved.names if name.startswith("memory ")}:
        refuse(who)
    for name, values in current.items():
        if saved.header(name) != (values.dtype, values.shape):
            refuse(who)
    memory = {name: saved.array(name) for name in current}
    generators = [rng for each in lowering.operator_states for rng in each.generators]
    counts = [len(each.generators) for each in lowering.operator_states]
    if [len(each) for each in saved.meta["generators"]] != counts:
        refuse(who)
    states = [was for each in saved.meta["generators"] for was in each]
    for was in states:
        _try_generator(saved, was)
    checkpoint.set_state(who, lowering.program, state, saved, "network")
    if not records.take_over(saved, state.step, saved.meta["start"]):
        refuse(who)
    for name, values in current.items():
        values[...] = memory[name]
    for rng, was in zip(generators, states, strict=True):
        rng.set_state(was)


def refuse(who: str) -> None:
    """Raise an error about a network that is not the saved one."""
    checkpoint.refuse_network(who, "network")


def _memory(lowering: Lowering) -> dict[str, NDArray[Any]]:
    """The arrays that Nengo's code changes, by the name in a file."""
    return {
        f"memory {trial} {i}": array
        for trial, each in enumerate(lowering.operator_states)
        for i, array in enumerate(_changing(each))
    }


def _changing(state: NengoOperatorState) -> list[NDArray[Any]]:
    """The arrays of the signals that are not constant; views of them are left out."""
    blocks = [s for s in state.signals if not s.readonly and s.base is s and not s.sparse]
    return [state.signals[signal] for signal in blocks]


def _try_generator(saved: files.Saved, was: Any) -> None:
    """Check that a generator of NumPy's old kind accepts a state."""
    try:
        np.random.RandomState().set_state(was)
        # NumPy checks neither the position nor the number that is left over.
        fits = 0 <= was["state"]["pos"] <= 624 and was["has_gauss"] in (0, 1)
        if not fits or not np.isfinite(was["gauss"]):
            raise ValueError("position out of range")
    except Exception as error:  # NumPy raises these for missing keys and other types
        saved.fail(f"state of a generator: {type(error).__name__} {error}")
