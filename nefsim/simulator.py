"""Run a network: build it once, step it, and keep what its probes record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import backends, checkpoint, saving
from nefsim._collector import only_young_collected
from nefsim._signatures import explained
from nefsim.backends.notices import silenced
from nefsim.learned import carry_over
from nefsim.lowering import Built, build
from nefsim.network import Network, Node, Probe
from nefsim.network.validate import run_inputs, run_probes
from nefsim.program import State, initial_state
from nefsim.progress import Progress, progress_bar
from nefsim.records import Data, Events, Records, index_of
from nefsim.result import Result
from nefsim.settings import MOST_STEPS, fresh_seed, settings, steps_in
from nefsim.stepping import Turn, advance
from nefsim.streaming import Target

Array = NDArray[np.float64]


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
        terminal, or a plain counter where tqdm is not installed.  False also leaves out the line
        on stderr that the first compiled run on a machine writes.
    stream : str, Path or None
        Where records go while they are made, instead of into memory: a new folder, or a file
        ending in ".npz", which is written when the simulator is closed.  What was complete
        stays on disk whatever happens to the program, and all but the last second of it when
        the power fails; ``Result.load(stream)`` reads it.  What a full disk refused is written
        when there is space again: by the next run, ``result``, ``save`` or ``close``.
    probes : sequence of Probe
        Probes of this run alone, made by ``net.probe(..., attach=False)``.
    inputs : mapping of Node to callable, array_like or Process, or None
        For this run, the output of nodes in the place of their own: a function of t, a
        constant or a process.
    build_seed : int or None
        Seed of what is drawn while building; None takes the network's.

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

    @explained
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
        probes: Sequence[Probe] = (),
        inputs: Mapping[Node, Any] | None = None,
        build_seed: int | None = None,
    ) -> None:
        who = "Simulator"
        do = "pass a Network"
        self.network = check.instance(who, "net", net, Network, "a network", do)
        if net.parent is not None:
            do = "simulate the outermost network"
            check.fail(who, "net", "not be part of another network", repr(net), do)
        self.dt = check.seconds(who, "dt", dt)
        run = settings(who, backend, batch_size, dtype, tuple(backends.BACKENDS))
        self.backend, self.batch_size, self.dtype = run.backend, run.batch_size, run.dtype
        module = backends.module(self.backend, self.dtype)
        self.run_seed = check.seed(who, seed)
        self._progress: Progress = progress_bar(who, progress)
        own = check.seed(who, build_seed, "build_seed")
        self.seed = fresh_seed(net) if own is None else own
        extra, replaced = run_probes(who, net, probes), run_inputs(who, net, inputs)
        with only_young_collected():
            self.built: Built = build(net, self.dt, self.seed, probes=extra, inputs=replaced)
        self.probes: tuple[Probe, ...] = self.built.probes
        self._prepare = module.prepare
        self.closed = False
        self._turn = Turn("Simulator.run_steps")
        with silenced(progress is False):
            self._restart()
        self._target: Target | None = None
        if stream is not None:
            self._stream_to(who, stream)

    def _stream_to(self, who: str, stream: str | Path) -> None:
        self._target = Target(who, stream, self._records, self.probes, self._info())

    def _restart(self, learned: State | None = None) -> None:
        program = self.built.program
        with only_young_collected():
            self.state = initial_state(program, self.run_seed, self.batch_size, self.dtype)
            if learned is not None:
                carry_over(program, learned, self.state)
            self._run = self._prepare(self.built, self.state)
        self._records = Records(program, self.batch_size, self.dtype)

    def _check_keeps_state(self, who: str, verb: str) -> None:
        if not backends.BACKENDS[self.backend].keeps_state:
            do = f"{verb} with another back end"
            check.fail(who, "backend", "keep its own state", self.backend, do)

    @property
    def n_steps(self) -> int:
        """Steps done since the start or the last reset; functions of nodes see it grow."""
        return self.state.step + self.state.under_way

    @property
    def time(self) -> NDArray[np.float64]:
        """Times of all steps, ``dt, 2 dt, ...``, or of those since :meth:`clear_probes` [s]."""
        steps: NDArray[np.float64] = np.arange(self._records.start + 1.0, self.n_steps + 1)
        return steps * self.dt

    @explained
    def trange(self, probe: Probe | str | None = None) -> NDArray[np.float64]:
        """Times of all steps, or of the records of a probe or its label [s]."""
        if probe is None:
            return self.time
        index = index_of("Simulator.trange", self.probes, probe)
        # What is recorded grows by many steps at a time.
        return self.time[self._records.steps(index, self.state.step) - self._records.start]

    @property
    def data(self) -> Data:
        """Records by probe or label, and arrays of ensembles and connections, by object."""
        return Data(self.probes, self.built, self.state, self._records)

    @explained
    def recorded(self, probe: Probe | str) -> Array:
        """All records of a probe or its label, (n_records, size), with trials first in a batch."""
        rows = self._records.of(index_of("Simulator.recorded", self.probes, probe))
        return rows.dense() if isinstance(rows, Events) else rows

    @explained
    def run(
        self,
        seconds: float,
        checkpoint_every: float | None = None,
        checkpoint: str | Path | None = None,
    ) -> None:
        """Run for ``round(seconds / dt)`` steps.

        Parameters
        ----------
        seconds : float [s]
            How much longer to run.
        checkpoint_every, checkpoint
            As for :meth:`run_steps`.
        """
        who = "Simulator.run"
        length = check.seconds(who, "seconds", seconds, zero=True)
        n = steps_in(who, "seconds", length, self.dt)
        self._run_steps(n, self._checkpoints(who, checkpoint_every, checkpoint))

    def step(self) -> None:
        """Take one step."""
        self.run_steps(1)

    @explained
    def run_steps(
        self,
        n_steps: int,
        checkpoint_every: float | None = None,
        checkpoint: str | Path | None = None,
    ) -> None:
        """Take ``n_steps`` steps; if an error or Ctrl-C ends them, what was recorded is kept.

        Parameters
        ----------
        n_steps : int
            How many steps more.
        checkpoint_every : float or None [s]
            Model time between states that are saved, at its multiples since the start.  The
            last state is saved too, after an error or Ctrl-C as well.
        checkpoint : str, Path or None
            The file of the last state, from which :meth:`load` continues; each state replaces
            it as a whole.  It holds all records in memory or in a stream; :meth:`clear_probes`
            keeps it small.

        Raises
        ------
        ValueError
            If one of the two is passed without the other.
        """
        who = "Simulator.run_steps"
        n = check.integer(who, "n_steps", n_steps, "pass a number of steps", 0, MOST_STEPS)
        self._run_steps(n, self._checkpoints(who, checkpoint_every, checkpoint))

    def _checkpoints(self, who: str, every: Any, path: Any) -> saving.Checkpoints | None:
        checked = saving.checkpoints(who, every, path, self.dt)
        if checked is not None:
            self._check_keeps_state(who, "checkpoint")
        return checked

    def _run_steps(self, n: int, checkpoints: saving.Checkpoints | None) -> None:
        who = "Simulator.run_steps"
        if self.closed:
            check.fail(who, "simulator", "be open", "a closed one", "make a new Simulator")
        self._records.flush()  # what met a full disk
        try:
            with self._progress(n) as (pieces, report):
                for piece in pieces:
                    for part in checkpoints.parts(piece, self.n_steps) if checkpoints else [piece]:
                        with self._turn:
                            advance(self._run, part, self.state, self._records)
                        if checkpoints and self.n_steps % checkpoints.every == 0:
                            self.save(checkpoints.path)
                    report(piece)
        except BaseException:
            if checkpoints:
                # The error is more useful than one about a state that cannot be saved.
                with suppress(ValueError, OSError, RuntimeError):
                    self.save(checkpoints.path)
            raise
        if checkpoints and self.n_steps % checkpoints.every:
            self.save(checkpoints.path)

    @explained
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
        self._turn.forbid(who)
        keep = check.flag(who, "keep_weights", keep_weights)
        if keep:
            self._check_keeps_state(who, "learn")
        self._forbid_stream(who)
        if seed is not None:
            self.run_seed = check.seed(who, seed)
        self._restart(self.state if keep else None)

    def clear_probes(self) -> None:
        """Forget what was recorded and go on; a run without end keeps its memory small so."""
        self._turn.forbid("Simulator.clear_probes")
        self._forbid_stream("Simulator.clear_probes")
        program, start = self.built.program, self.n_steps
        self._records = Records(program, self.batch_size, self.dtype, start)

    def _forbid_stream(self, who: str) -> None:
        if self._target is not None:
            do = "make a new Simulator with another stream"
            check.fail(who, "records", "be in memory", "a stream", do)

    def result(self) -> Result:
        """All records so far, apart from the simulator."""
        self._turn.forbid("Simulator.result")
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

        Raises
        ------
        ValueError
            If the state is one that :meth:`load` would refuse, such as one that is not finite.
        """
        who = "Simulator.save"
        self._turn.forbid(who)
        self._check_keeps_state(who, "save")
        names = ("dt", "seed", "run_seed", "batch_size", "dtype")
        same = {name: getattr(self, name) for name in names}
        program, state = self.built.program, self.state
        return saving.save(who, path, program, state, self._records, same)

    @classmethod
    def load(
        cls,
        path: str | Path,
        net: Network,
        backend: str = "auto",
        progress: bool | Callable[[int, int], None] | None = None,
        stream: str | Path | None = None,
        probes: Sequence[Probe] = (),
        inputs: Mapping[Node, Any] | None = None,
    ) -> Simulator:
        """Go on from a saved state, with the same network.

        Parameters
        ----------
        path : str or Path
            A file that :meth:`save` wrote.
        net : Network
            The network that was saved, described by the same program.
        backend, progress, stream, probes, inputs
            As for :class:`Simulator`; a stream begins with the records that were saved.

        Returns
        -------
        Simulator
            One that goes on where the saved one was.  Compiled, every number is as it would
            have been, whatever the lengths of the runs; on NumPy spikes are, while decoded
            values may differ in their last digits where a run is cut into other pieces.

        Raises
        ------
        ValueError
            If the file is broken or foreign, of another network, or holds a state from which
            its neurons cannot go on.
        """
        who = "Simulator.load"
        with saving.opened(who, path) as saved:
            meta = saved.meta
            saving.check_source(who, meta, net, stream is not None)
            simulator = cls(
                net,
                meta["dt"],
                backend,
                meta["run_seed"],
                None,  # until it is known that the file has as many trials as it says
                meta["dtype"],
                progress,
                probes=probes,
                inputs=inputs,
                build_seed=meta["seed"],
            )
            program = simulator.built.program
            checkpoint.check_fit(who, program, saved)
            if meta["batch_size"] is not None:
                simulator.batch_size = meta["batch_size"]
                simulator._restart()
            saving.put_back(who, saved, program, simulator.state, simulator._records)
        simulator._run = simulator._prepare(simulator.built, simulator.state)
        if stream is not None:
            simulator._stream_to(who, stream)
            simulator._records.flush(sync=True)
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
