"""Save the state and records of a simulator to a file, from which another simulator continues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nefsim import _checks as check
from nefsim import checkpoint, files
from nefsim._code import PYTHON, mark
from nefsim._schema import misfit
from nefsim.backends import interrupts
from nefsim.network import Network, Node
from nefsim.network.objects import whole
from nefsim.neurons import Direct
from nefsim.program import Program, State
from nefsim.records import Records
from nefsim.settings import steps_in

#: Kind of the file.
KIND = "simulator"

#: Schema of the functions, which files of earlier versions lack.
FUNCTIONS = {"python": str, "marks": [(None, [str, (None, str)])]}


def save(
    who: str,
    path: Any,
    program: Program,
    state: State,
    records: Records,
    settings: Mapping[str, Any],
    compress: bool,
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
    compress : bool
        Whether to compress the file.

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
    return files.write(who, path, arrays, meta, compress)


def opened(who: str, path: Any) -> files.Saved:
    """Open a file and check its description."""
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


def functions_of(net: Network, replaced: Mapping[Node, Node]) -> dict[str, Any]:
    """Marks of the functions that are called in steps, to compare them with those of a file.

    Functions that are decoded are compared by their decoders, and other outputs of this run
    (``replaced``) not at all.
    """
    called: list[tuple[object, Any]]
    called = [(node, None if node in replaced else node.output) for node in net.all_nodes]
    for connection in net.all_connections:
        pre = whole(connection.pre)
        is_called = isinstance(pre, Node) or isinstance(getattr(pre, "neuron_type", None), Direct)
        called.append((connection, connection.function if is_called else None))
    marks = [[repr(each), mark(f)] if callable(f) else None for each, f in called]
    return {"python": PYTHON, "marks": marks}


def warn_of_functions(
    who: str, saved: files.Saved, net: Network, replaced: Mapping[Node, Node]
) -> None:
    """Warn of the first function of a network that is not the one of a file."""
    if "functions" not in saved.meta:
        return
    was = saved.meta["functions"]
    why = misfit(was, FUNCTIONS, "functions")
    if why:
        saved.fail(why)
    now = functions_of(net, replaced)
    if was["python"] != now["python"] or len(was["marks"]) != len(now["marks"]):
        return
    for old, new in zip(was["marks"], now["marks"], strict=True):
        if old and new and None not in (old[1], new[1]) and old[1] != new[1]:
            check.warn(
                f"{who}: function of {new[0]} must be that of the saved network, got other code; "
                "the run goes on with it."
            )
            return


def put_back(
    who: str, saved: files.Saved, program: Program, state: State, records: Records
) -> None:
    """Set a fresh state and empty records to the saved ones."""
    checkpoint.set_state(who, program, state, saved)
    if not records.take_over(saved, state.step, saved.meta["start"]):
        do = "pass the network that was saved"
        check.fail(who, "net", "have the saved probes", "other probes", do)


class Run(Protocol):
    """A simulator that can save its state."""

    @property
    def n_steps(self) -> int:
        """Steps so far."""

    def save(self, path: Path, compress: bool) -> Path:
        """Write its state to a file."""


@dataclass(frozen=True)
class Checkpoints:
    """The times and the file at which a run saves its state.

    The file is not compressed, which would take longer than most runs: each one has all records.

    Attributes
    ----------
    every : int
        A state is saved at the multiples of this number of steps, counted from the start of
        the model and not of the call, so that a continued run is cut at the same steps.
    path : Path
        The file, which each state replaces.
    """

    every: int
    path: Path

    def parts(self, n_steps: int, step: int) -> Iterator[int]:
        """Lengths of the parts of ``n_steps`` steps from a step, cut where states are saved."""
        while n_steps:
            part = min(n_steps, self.every - step % self.every)
            yield part
            n_steps, step = n_steps - part, step + part

    def save_if_due(self, run: Run) -> None:
        """Save the state after a part of a run, unless the part is the end of the run."""
        if run.n_steps % self.every == 0:
            run.save(self.path, compress=False)

    @contextmanager
    def saved_at_end(self, run: Run) -> Iterator[None]:
        """Save the last state of a run, also after an error, Ctrl-C or SIGTERM."""
        with interrupts.put_off_end():
            try:
                yield
            except BaseException:
                # The error is more useful than one about a state that cannot be saved.
                with suppress(ValueError, OSError, RuntimeError):
                    run.save(self.path, compress=False)
                raise
            if run.n_steps % self.every:
                run.save(self.path, compress=False)


def checkpoints(who: str, every: Any, path: Any, dt: float) -> Checkpoints | None:
    """Check the interval and the file of checkpoints; None if there are none."""
    if every is None and path is None:
        return None
    missing, other = ("checkpoint", "checkpoint_every")[:: 1 if path is None else -1]
    if every is None or path is None:
        check.fail(who, missing, f"be passed together with {other}", "None", "pass both")
    seconds = check.seconds(who, "checkpoint_every", every)
    n = steps_in(who, "checkpoint_every", seconds, dt)
    if n == 0:
        do = "pass more seconds"
        check.fail(who, "checkpoint_every", f"be a step of {dt:g} s or more", every, do)
    return Checkpoints(n, files.as_target(who, path, "checkpoint"))
