"""Run a network: build it once, step it, and keep what its probes record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import backends, checkpoint, files
from nefsim.backends import interrupts
from nefsim.backends.notices import silenced
from nefsim.build import Built, build
from nefsim.learned import carry_over
from nefsim.network import Network, Probe
from nefsim.program import State, initial_state
from nefsim.progress import Progress, progress_bar
from nefsim.records import Data, Events, Records, index_of
from nefsim.result import Result
from nefsim.streaming import Target

Array = NDArray[np.float64]

#: Longest run in one call [steps].
MOST_STEPS = 10**9


def fresh_seed(net: Network) -> int:
    """The network's seed, or a new one."""
    if net.seed is not None:
        return net.seed
    return int(np.random.default_rng().integers(2**63))


class Simulator:
    """A network that runs.

    Building draws encoders, gains and biases, solves for decoders, and lowers the network
    to a :class:`~nefsim.program.Program`; running takes steps of ``dt`` on a back end.

    Parameters
    ----------
    net : Network
        The model; changes made to it later are not seen.
    dt : float [s]
        The time step.
    backend : {"auto", "numpy", "numba", "nengo"}
        What takes the steps.  All give the same spikes; "numba" is compiled, "nengo" runs the
        same arrays in Nengo, to check; "auto" takes the fastest that is installed.
    seed : int or None
        Seed of what is random while running (noise, initial voltages, stochastic neurons);
        None takes the network's.
    batch_size : int or None
        Number of trials at once, each with noise and initial voltages of its own; the
        first is the run without a batch.  Data get a leading axis of trials.
    dtype : {"float64", "float32"}
        Precision of the run.
    progress : bool, callable or None
        Show a bar, or call ``progress(done, total)`` now and then; None shows a bar in a
        terminal when tqdm is installed.  False also leaves out the line on stderr that the
        first compiled run on a machine writes.
    stream : str, Path or None
        Where records go while they are made, instead of into memory: a new folder, or a file
        ending in ".npz", which is written when the simulator is closed.  What was complete
        stays on disk whatever happens; ``Result.load(stream)`` reads it.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> c = net.connect(net.node(np.sin), a)
    >>> y = net.probe(a, synapse=0.01)
    >>> with nef.Simulator(net) as sim:
    ...     sim.run(0.5)
    >>> sim.time.shape, sim.data[y].shape
    ((500,), (500, 1))
    """

    def __init__(
        self,
        net: Network,
        dt: float = 0.001,
        backend: str = "auto",
        seed: int | None = None,
        batch_size: int | None = None,
        dtype: str = "float64",
        progress: bool | Callable[[int, int], None] | None = None,
        stream: str | Path | None = None,
    ) -> None:
        who = "Simulator"
        do = "pass a Network"
        self.network = check.instance(who, "net", net, Network, "a network", do)
        if net.parent is not None:
            do = "simulate the outermost network"
            check.fail(who, "net", "not be part of another network", repr(net), do)
        self.dt = check.seconds(who, "dt", dt)
        names = ("auto", *backends.BACKENDS)
        self.backend = check.one_of(who, "backend", backend, names)
        self.dtype = check.one_of(who, "dtype", dtype, ("float64", "float32"))
        if self.backend == "auto":
            self.backend = backends.fastest(self.dtype)
        module = backends.module(self.backend, self.dtype)
        self.batch_size = batch_size
        if batch_size is not None:
            do = "pass a number of trials"
            self.batch_size = check.integer(who, "batch_size", batch_size, do, 1, 10**6)
        self.run_seed = check.seed(who, seed)
        self._progress: Progress = progress_bar(who, progress)
        self.seed = fresh_seed(net)
        self.built: Built = build(net, self.dt, self.seed)
        self.probes: tuple[Probe, ...] = tuple(net.all_probes)
        self._prepare = module.prepare
        self.closed = False
        with silenced(progress is False):
            self._restart()
        self._target: Target | None = None
        if stream is not None:
            self._target = Target(who, stream, self._records, self.probes, self._info())

    def _restart(self, learned: State | None = None) -> None:
        program = self.built.program
        self.state = initial_state(program, self.run_seed, self.batch_size, self.dtype)
        if learned is not None:
            carry_over(program, learned, self.state)
        self._run = self._prepare(self.built, self.state)
        self._records = Records(program, self.batch_size, self.dtype)

    @property
    def n_steps(self) -> int:
        """Steps done since the start or the last reset."""
        return self.state.step

    @property
    def time(self) -> NDArray[np.float64]:
        """Times of all steps, ``dt, 2 dt, ...``, or of those since :meth:`clear_probes` [s]."""
        steps: NDArray[np.float64] = np.arange(self._records.start + 1.0, self.n_steps + 1)
        return steps * self.dt

    def trange(self, probe: Probe | None = None) -> NDArray[np.float64]:
        """Times of all steps, or of a probe's records when it has ``sample_every`` [s]."""
        if probe is None:
            return self.time
        index = index_of("Simulator.trange", self.probes, probe)
        return self.time[self._records.steps(index, self.n_steps) - self._records.start]

    @property
    def data(self) -> Data:
        """Records of probes and built arrays of ensembles and connections, by object."""
        return Data(self.probes, self.built, self.state, self._records)

    def recorded(self, probe: Probe) -> Array:
        """All records of a probe, (n_records, size), with trials first in a batch."""
        rows = self._records.of(index_of("Simulator.recorded", self.probes, probe))
        return rows.dense() if isinstance(rows, Events) else rows

    def run(self, seconds: float) -> None:
        """Run for ``round(seconds / dt)`` steps.

        Parameters
        ----------
        seconds : float [s]
            How much longer to run.
        """
        who = "Simulator.run"
        length = check.seconds(who, "seconds", seconds, zero=True)
        if length / self.dt > MOST_STEPS:
            got = f"{length:g} s at dt = {self.dt:g} s"
            check.fail(who, "seconds", f"be at most {MOST_STEPS} steps", got, "run in parts")
        self.run_steps(round(length / self.dt))

    def step(self) -> None:
        """Take one step."""
        self.run_steps(1)

    def run_steps(self, n_steps: int) -> None:
        """Take ``n_steps`` steps; if an error or Ctrl-C ends them, what was recorded is kept.

        Parameters
        ----------
        n_steps : int
            How many steps more.
        """
        who = "Simulator.run_steps"
        n = check.integer(who, "n_steps", n_steps, "pass a number of steps", 0, MOST_STEPS)
        if self.closed:
            check.fail(who, "simulator", "be open", "a closed one", "make a new Simulator")
        with self._progress(n) as (pieces, report):
            for piece in pieces:
                self._run_piece(piece)
                report(piece)

    def _run_piece(self, n_steps: int) -> None:
        self._records.reserve(n_steps)
        with interrupts.put_off():
            try:
                self._run(n_steps, self._records)
            finally:
                self._records.settle(self.state.step)

    def reset(self, seed: int | None = None, keep_weights: bool = False) -> None:
        """Go back to the start and forget what was recorded.

        Parameters
        ----------
        seed : int or None
            A new seed of what is random while running; None keeps the last one, so that
            the run repeats itself.
        keep_weights : bool
            Whether weights stay as they have been learned, while neurons, filters, noise and
            the time begin anew.
        """
        who = "Simulator.reset"
        keep = check.flag(who, "keep_weights", keep_weights)
        if keep and self.backend == "nengo":
            do = "learn on another back end"
            check.fail(who, "backend", "keep its own state", "nengo", do)
        self._forbid_stream(who)
        if seed is not None:
            self.run_seed = check.seed(who, seed)
        self._restart(self.state if keep else None)

    def clear_probes(self) -> None:
        """Forget what was recorded and go on; a run without end keeps its memory small so."""
        self._forbid_stream("Simulator.clear_probes")
        program, start = self.built.program, self.n_steps
        self._records = Records(program, self.batch_size, self.dtype, start)

    def _forbid_stream(self, who: str) -> None:
        if self._target is not None:
            do = "make a new Simulator with another stream"
            check.fail(who, "records", "be in memory", "a stream", do)

    def result(self) -> Result:
        """All records so far, apart from the simulator."""
        return Result.of(
            {p: (self.trange(p), self._records.of(i)) for i, p in enumerate(self.probes)},
            self.time,
            {**self._info(), "n_steps": self.n_steps},
        )

    def _info(self) -> dict[str, Any]:
        names = ("dt", "backend", "seed", "run_seed", "dtype")
        return {name: getattr(self, name) for name in names}

    def save(self, path: str | Path) -> Path:
        """Save the state and all records, to go on later from :meth:`load`.

        Parameters
        ----------
        path : str or Path
            File to write; ".npz" is added when it has no ending.

        Returns
        -------
        Path
            The file.
        """
        if self.backend == "nengo":
            do = "save with another back end"
            check.fail("Simulator.save", "backend", "keep its own state", "nengo", do)
        meta = {
            "kind": "simulator",
            "dt": self.dt,
            "seed": self.seed,
            "run_seed": self.run_seed,
            "batch_size": self.batch_size,
            "dtype": self.dtype,
            "start": self._records.start,
        }
        arrays = checkpoint.state_arrays(self.built.program, self.state, meta)
        for i in range(len(self.probes)):
            parts = self._records.arrays(i)
            arrays |= {f"record {i} {name}": values for name, values in parts.items()}
        return files.write("Simulator.save", path, arrays, meta)

    @classmethod
    def load(
        cls,
        path: str | Path,
        net: Network,
        backend: str = "auto",
        progress: bool | Callable[[int, int], None] | None = None,
        stream: str | Path | None = None,
    ) -> Simulator:
        """Go on from a saved state, with the same network.

        Parameters
        ----------
        path : str or Path
            A file that :meth:`save` wrote.
        net : Network
            The network that was saved, described by the same program.
        backend, progress, stream
            As for :class:`Simulator`; a stream begins with the records that were saved.

        Returns
        -------
        Simulator
            One that continues exactly as the saved one would have.
        """
        who = "Simulator.load"
        arrays, meta = files.read(who, path, "simulator")
        check.instance(who, "net", net, Network, "a network", "pass the network that was saved")
        if net.seed is not None and net.seed != meta["seed"]:
            got = f"seed {net.seed}"
            check.fail(who, "net", f"have the seed {meta['seed']} of the file", got, "pass its own")
        if stream is not None and meta.get("start", 0):
            got = f"some of which the first {meta['start']} steps were cleared"
            check.fail(who, "records", "be whole for a stream", got, "leave out stream")
        seed, net.seed = net.seed, meta["seed"]
        try:
            simulator = cls(
                net,
                meta["dt"],
                backend,
                meta["run_seed"],
                meta["batch_size"],
                meta["dtype"],
                progress,
                stream,
            )
        finally:
            net.seed = seed
        checkpoint.set_state(who, simulator.built.program, simulator.state, arrays, meta)
        simulator._run = simulator._prepare(simulator.built, simulator.state)
        records: dict[int, dict[str, Any]] = {}
        for name, values in arrays.items():
            if name.startswith("record "):
                _, number, part = name.split(" ", 2)
                records.setdefault(int(number), {})[part] = values
        saved, start = [*records.values()], meta.get("start", 0)
        if not simulator._records.take_over(saved, simulator.n_steps, start):
            do = "pass the network that was saved"
            check.fail(who, "net", "have the saved probes", "other probes", do)
        return simulator

    def close(self) -> None:
        """Refuse further steps, and complete the file of a stream; data stay readable."""
        if not self.closed and self._target is not None:
            self._target.complete(self.result())
        self.closed = True

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled: a copy would share what changes."""
        do = "use save and load"
        check.fail("Simulator", "simulator", "not be copied or pickled", "a copy", do, TypeError)

    def __repr__(self) -> str:
        return f"<simulator of {self.network!r} on {self.backend}, {self.n_steps} steps>"
