"""The simulator: builds a network once, runs its steps, and stores the records of its probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import _habits as habits
from nefsim import backends, checkpoint, pacing, saving
from nefsim._collector import only_young_collected
from nefsim._signatures import explained
from nefsim.backends.notices import silenced
from nefsim.deadlines import Deadlines
from nefsim.inputs import Inputs
from nefsim.learned import carry_over
from nefsim.lowering import Built, build
from nefsim.network import Ensemble, Network, Node, Probe
from nefsim.network.objects import OutputLike
from nefsim.network.validate import run_inputs, run_probes
from nefsim.partition import Partition, chosen_processes, signals_of
from nefsim.program import State, initial_state
from nefsim.progress import Progress, progress_bar
from nefsim.records import Data, Events, Records, index_of
from nefsim.result import Result
from nefsim.settings import MOST_STEPS, fresh_seed, settings, steps_in
from nefsim.stepping import Turn, advance
from nefsim.streaming import Target
from nefsim.watching import Watch, warn_of_fast_neurons

Array = NDArray[np.float64]


class Simulator:
    """Builds a network, runs it in time steps, and stores the records of its probes.

    The build draws encoders, gains and biases, solves for decoders, and converts the network to
    operations that a back end runs (:class:`~nefsim.program.Program`).

    Parameters
    ----------
    net : Network
        The network; later changes of it have no effect on the simulator.
    dt : float [s]
        The time step.
    backend : str
        The back end that runs the steps: "auto" or one of ``nefsim.backends.available()``.
        All give the same spikes.  "numba" is compiled;
        "nengo" runs the same arrays in Nengo, as a check; "auto" is the fastest that is
        installed.  With "mpi" all processes of ``mpiexec`` run the network together, and each
        then has all records.
    seed : int or None
        Seed of noise, initial voltages and stochastic neurons; None means the network's seed.
    batch_size : int or None
        Number of trials to run at once, with different noise and initial voltages.  The first
        trial equals the run without a batch.  The first axis of all data is then the trial.
    dtype : {"float64", "float32"}
        Precision of the run.
    progress : bool, callable or None
        Whether to show a bar, or a function ``progress(done, total)`` to call from time to
        time.  None shows a bar in a terminal, or a counter if tqdm is not installed.  False also
        suppresses the line on stderr about the first compilation on a machine.
    stream : str, Path or None
        A new folder, to which records are written during the run instead of to memory; or a
        file ending in ".npz", which is completed when the simulator is closed.  Read it by
        ``Result.load(stream)``.  If the program is killed, all complete records are on disk; if
        the power fails, all but those of the last second.  If the disk is full, the next run,
        ``result``, ``save`` or ``close`` writes the remaining records.
    probes : sequence of Probe
        Additional probes of this simulator, made by ``net.probe(..., attach=False)``.
    inputs : mapping of Node to callable, array_like or Process, or None
        Outputs that replace those of nodes in this simulator, by node: a function of t, a
        constant or a process.
    build_seed : int or None
        Seed of encoders, gains, biases and evaluation points; None means the network's seed.
    partition : Partition, mapping of Ensemble, Node or Network to int, or None
        The process of each population with the back end "mpi"; None means that of
        :func:`nefsim.partition`.

    Raises
    ------
    TypeError or ValueError
        If an argument is of another type or out of range, or the network cannot be built; the
        message names the object.
    BackendUnavailable
        If the back end is not installed.

    See Also
    --------
    nefsim.crosscheck : The spikes of a network on several back ends.
    nefsim.nengo.Simulator : The simulator of Nengo networks.

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

    #: Called by the build with the number of objects that are done, and of all.
    _report: Callable[[int, int], None] | None = None

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
        inputs: Mapping[Node, OutputLike] | None = None,
        build_seed: int | None = None,
        partition: Partition | Mapping[Ensemble | Node | Network, int] | None = None,
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
        self._reports = callable(progress)
        arrays_seed = check.seed(who, build_seed, "build_seed")
        self._module, self._chosen = module, None
        is_shared = backends.BACKENDS[self.backend].is_shared
        if is_shared and stream is not None:
            do = "leave it out, and save sim.result() in one process"
            must = f'be None with the back end "{self.backend}"'
            check.fail(who, "stream", must, check.show(stream), do)
        self.seed = self._seed_of_arrays(arrays_seed)
        if partition is not None:
            if not is_shared:
                do = 'pass backend="mpi"'
                check.fail(who, "partition", "be None on one process", self.backend, do)
            self._chosen = chosen_processes(who, net, partition)
        self._extra = run_probes(who, net, probes), run_inputs(who, net, inputs)
        self.closed = False
        self._turn = Turn("Simulator.run_steps")
        self._target: Target | None = None
        #: Figures of the last run in real time; None before the first.
        self.deadlines: Deadlines | None = None
        self._note_network()
        with silenced(progress is False):
            self._build()
        if stream is not None:
            self._stream_to(who, stream)

    def _note_network(self) -> None:
        """Remember what the network is at a build, as objects may be added to it later."""
        self._built_of, self._n_made = repr(self.network), self.network._n_made

    def _build(self, watches: bool = True) -> None:
        """Draw and solve all arrays by the seed, and start."""
        net, (extra, outputs) = self.network, self._extra
        shared = backends.BACKENDS[self.backend].is_shared
        divide = self._module.divide if shared else None
        with only_young_collected():
            self.built: Built = build(
                net,
                self.dt,
                self.seed,
                probes=extra,
                inputs=outputs,
                divide=divide,
                report=self._report,
            )
        self._prepare = self._module.prepare
        if self._chosen is not None:
            process = signals_of(self.built, self._chosen)
            self._prepare = partial(self._module.prepare, process=process)
        if watches:
            warn_of_fast_neurons(self.built, self.dt)
        self._watches = watches
        self._find_places()
        self._restart()

    def _find_places(self) -> None:
        """Find the places of probes and inputs in the program, and watch it."""
        self.probes: tuple[Probe, ...] = self.built.probes
        self._places = {probe: i for i, probe in enumerate(self.probes)}
        self._watch = Watch(self.built)
        nodes = {node: self.built.signals[node] for node in self.network.all_nodes}
        self._inputs = Inputs("Simulator.inputs", self.built.program, nodes, self._turn)

    def _go_on_with(self, built: Built, state: State) -> None:
        """Continue with other probes, from a state of ``built``; records so far are discarded."""
        who = "Simulator"
        self._turn.forbid(who)
        self._forbid_stream(who)
        self.built = built
        self._find_places()
        state.watch = self._watch if self._watches else None
        with only_young_collected():
            self._run = self._prepare(built, state)
        self._state = state
        self._inputs.use(state)
        self._records = Records(built.program, self.batch_size, self.dtype, state.step)

    def _seed_of_arrays(self, seed: int | None) -> int:
        """The seed of a build; processes that share a network take that of the first one."""
        drawn = fresh_seed(self.network) if seed is None else seed
        is_shared = backends.BACKENDS[self.backend].is_shared
        return int(self._module.common_seed(drawn)) if is_shared else drawn

    def _rebuild(self, seed: int) -> None:
        """Begin again with the arrays of another build seed; inputs are looked at no more."""
        who = "Simulator"
        self._turn.forbid(who)
        self._forbid_stream(who)
        self.seed = self._seed_of_arrays(check.seed(who, seed, "build_seed"))
        self._note_network()
        self._build(watches=False)

    def _stream_to(self, who: str, stream: str | Path) -> None:
        self._target = Target(who, stream, self._records, self.probes, self._info())

    def _restart(self, learned: State | None = None) -> None:
        program = self.built.program
        with only_young_collected():
            state = initial_state(program, self.run_seed, self.batch_size, self.dtype)
            if learned is not None:
                carry_over(program, learned, state)
            state.watch = self._watch if self._watches else None
            self._run = self._prepare(self.built, state)
        self._state = state
        self._inputs.use(state)
        self._records = Records(program, self.batch_size, self.dtype)

    def _check_keeps_state(self, who: str, must: str, do: str) -> None:
        if not backends.BACKENDS[self.backend].keeps_state:
            check.fail(who, "backend", must, self.backend, do)

    @property
    def state(self) -> State:
        """The arrays that change during a run."""
        self._state.settle()
        return self._state

    @property
    def n_steps(self) -> int:
        """Number of steps since the start or the last reset, updated during a run."""
        return self._state.n_steps

    @property
    def time(self) -> NDArray[np.float64]:
        """Times of all steps, ``dt, 2 dt, ...``, or of the steps after :meth:`clear_probes` [s]."""
        steps: NDArray[np.float64] = np.arange(self._records.start + 1.0, self.n_steps + 1)
        return steps * self.dt

    @explained
    def trange(self, probe: Probe | str | None = None) -> NDArray[np.float64]:
        """Times of all steps, or of the records of a probe [s].

        Parameters
        ----------
        probe : Probe, str or None
            A probe or its label; None means all steps.

        Returns
        -------
        (n,) ndarray
            The times.
        """
        if probe is None:
            return self.time
        index = index_of("Simulator.trange", self.probes, probe)
        # During a run, records are complete only up to the last chunk.
        n_steps = self._records.settled
        return self.time[self._records.steps(index, n_steps) - self._records.start]

    @property
    def inputs(self) -> Inputs:
        """Outputs of nodes that are set between steps, by node.

        A node whose output is a number or an array can be set, as
        ``sim.inputs[node][:] = values``; the next steps have this output.  :meth:`save` saves
        it, and :meth:`reset` restores the initial one.
        """
        must, do = "be one whose inputs can be set", "take another back end"
        self._check_keeps_state("Simulator.inputs", must, do)
        return self._inputs

    @property
    def data(self) -> Data:
        """Records by probe or label, and arrays of ensembles and connections, by object."""
        return Data(self.probes, self.built, self._state, self._records, self._run)

    @explained
    def recorded(self, probe: Probe | str) -> Array:
        """All records of a probe.

        Parameters
        ----------
        probe : Probe or str
            A probe or its label.

        Returns
        -------
        (n_records, size) ndarray
            The records, with trials first in a batch.
        """
        rows = self._records.of(index_of("Simulator.recorded", self.probes, probe))
        return rows.dense() if isinstance(rows, Events) else rows

    @explained
    def run(
        self,
        seconds: float,
        checkpoint_every: float | None = None,
        checkpoint: str | Path | None = None,
        realtime: bool = False,
    ) -> None:
        """Run for ``round(seconds / dt)`` steps.

        Parameters
        ----------
        seconds : float [s]
            The duration of the run.
        checkpoint_every, checkpoint
            As for :meth:`run_steps`.
        realtime : bool
            Whether step k waits until k dt of wall time after the start.  The spikes are the
            same.  Lateness and missed deadlines are counted in ``sim.deadlines``.

        See Also
        --------
        loop : A loop in real time that reads and writes between steps.

        Notes
        -----
        A :class:`~nefsim.RealTimeWarning` is given, once in a run, if a run in real time is
        0.1 s (10 steps, if these are longer) behind the clock, or misses more than a hundredth
        of its deadlines.  The times of later steps do not move: they follow without a pause
        until the run has caught up.
        """
        who = "Simulator.run"
        length = check.seconds(who, "seconds", seconds, zero=True)
        n = steps_in(who, "seconds", length, self.dt)
        if n == 0 < length:
            check.warn(f"{who}: {length:g} s are no step, as dt is {self.dt:g} s; nothing ran.")
        checkpoints = self._checkpoints(who, checkpoint_every, checkpoint)
        paces = check.flag(who, "realtime", realtime)
        self._run_steps(n, checkpoints, self._schedule(who, self.dt) if paces else None)

    @explained
    def loop(
        self, period: float | None = None, seconds: float | None = None
    ) -> Iterator[Callable[[], None]]:
        """Run in periods of wall time, with code of the user in each: read, step, write.

        Parameters
        ----------
        period : float or None [s]
            Wall time, and time in the network, from one turn of the loop to the next: a
            multiple of dt.  None means dt.
        seconds : float or None [s]
            The duration; None goes on until ``break``.

        Yields
        ------
        step : callable
            At the beginning of each period, a function that takes the steps of the period.  If
            the body of the loop does not call it, the steps are taken at its end.

        Raises
        ------
        ValueError
            If the period is no multiple of dt.
        RuntimeError
            If ``step`` is called twice in a period, or other steps are taken in the loop.

        See Also
        --------
        inputs, latest : Values to set before a step, and to read after it.
        run : A run in real time without code in between.

        Notes
        -----
        ``sim.deadlines`` counts late periods, to which the code in the loop contributes.  A
        loop warns as :meth:`run` does, but after ``break`` not of missed deadlines.

        A full pass of Python's garbage collector takes tens of milliseconds.  Runs in real time,
        and loops with a duration, put it off.  Before a loop without an end,
        ``gc.collect(); gc.freeze()`` makes it short.

        Examples
        --------
        >>> import nefsim as nef
        >>> net = nef.Network(seed=1)
        >>> angle = net.node([0.0])
        >>> a = net.ensemble(100, 1)
        >>> c = net.connect(angle, a)
        >>> torque = net.probe(a, synapse=0.02)
        >>> sim = nef.Simulator(net)
        >>> x = 0.5
        >>> for step in sim.loop(period=0.002, seconds=0.1):
        ...     sim.inputs[angle] = x  # read the sensor
        ...     step()
        ...     x -= 0.01 * sim.latest(torque)[0]  # write to the motor
        >>> sim.n_steps, sim.deadlines.n_periods
        (100, 50)
        """
        who = "Simulator.loop"
        length, n_steps, n_periods = pacing.periods(who, period, seconds, self.dt)
        schedule = self._schedule(who, length)
        return pacing.loop(schedule, n_periods, n_steps, self._take, lambda: self.n_steps)

    def _schedule(self, who: str, period: float) -> pacing.Schedule:
        schedule = pacing.Schedule(who, period)
        self.deadlines = schedule.deadlines
        return schedule

    def _step_silently(self) -> None:
        """Take one step of a run, without a report of its progress."""
        growing = self._state.growing
        if growing is None or self._target is not None:
            self._advance(1)
            return
        with self._turn.alone("Simulator.run"):
            growing.step(self._records)

    def _advance(self, n_steps: int) -> None:
        with self._turn:
            advance(self._run, n_steps, self._state, self._records)

    def step(self) -> None:
        """Run one step.

        It takes little more time than a step of a long run.  Records, weights and the time are
        those of the last step whenever they are read; :meth:`latest` reads one record without
        the others.  No bar is shown.

        See Also
        --------
        latest, inputs : Values to exchange with a network between steps.

        Examples
        --------
        >>> import nefsim as nef
        >>> net = nef.Network(seed=1)
        >>> stimulus = net.node([0.0])
        >>> a = net.ensemble(100, 1)
        >>> c = net.connect(stimulus, a)
        >>> y = net.probe(a, synapse=0.05)
        >>> sim = nef.Simulator(net)
        >>> x = 1.0
        >>> for _ in range(1000):
        ...     sim.inputs[stimulus] = x
        ...     sim.step()
        ...     x -= 0.01 * sim.latest(y)[0]
        >>> bool(abs(x) < 0.1)
        True
        """
        growing = self._state.growing
        if growing is None or self._reports or self.closed or self._target is not None:
            self.run_steps(1)
            return
        with self._turn.alone("Simulator.step"):
            growing.step(self._records)

    def _take(self, n_steps: int) -> None:
        """The steps of a period at once, which takes less time than one by one."""
        if n_steps == 1 or type(self).step is not Simulator.step:
            for _ in range(n_steps):
                self.step()
            return
        if self._reports or self.closed:
            self.run_steps(n_steps)
            return
        growing, left = self._state.growing, n_steps
        if growing is not None and self._target is None:
            with self._turn.alone("Simulator.step"):
                left = growing.steps(self._records, n_steps)
        if left:
            self._advance(left)

    @explained
    def latest(self, probe: Probe | str) -> Array:
        """The newest record of a probe, which takes less time than all records.

        Parameters
        ----------
        probe : Probe or str
            A probe or its label.

        Returns
        -------
        (size,) ndarray
            A copy of the last record, with trials first in a batch; of weights (M, N).

        Raises
        ------
        ValueError
            If nothing has been recorded since the start or :meth:`clear_probes`.
        TypeError
            If it is no probe of this simulator.

        See Also
        --------
        data : All records.
        """
        who = "Simulator.latest"
        index = self._places.get(probe) if isinstance(probe, Probe) else None
        if index is None:
            index = index_of(who, self.probes, probe)
        growing = self._state.growing
        row: Array | None = None if growing is None else growing.latest(index)
        if row is None:
            newest = self._records.latest(index)
            if newest is None:
                check.fail(who, "probe", "have a record", "none so far", "run a step first")
            row = newest.copy()
        shape = self.built.shapes.get(self.probes[index])
        return row if shape is None else row.reshape(*row.shape[:-1], *shape)

    @explained
    def run_steps(
        self,
        n_steps: int,
        checkpoint_every: float | None = None,
        checkpoint: str | Path | None = None,
    ) -> None:
        """Run ``n_steps`` steps.

        If an error or Ctrl-C stops the run, the records of complete steps stay, and the run can
        be continued.

        Parameters
        ----------
        n_steps : int
            The number of steps.
        checkpoint_every : float or None [s]
            Simulated time between checkpoints, which are at its multiples since the start.  The
            last state is saved too, also after an error, Ctrl-C or SIGTERM.
        checkpoint : str, Path or None
            The file for the last checkpoint, from which :meth:`load` continues.  It contains
            all records; call :meth:`clear_probes` between runs to limit its size.

        Raises
        ------
        ValueError
            If a function returns a value that is not finite or has another size, or if learned
            weights diverge; the message names the object and the time.  Also if only one of
            ``checkpoint`` and ``checkpoint_every`` is passed.
        """
        who = "Simulator.run_steps"
        n = check.integer(who, "n_steps", n_steps, "pass a number of steps", 0, MOST_STEPS)
        self._run_steps(n, self._checkpoints(who, checkpoint_every, checkpoint))

    def _checkpoints(self, who: str, every: Any, path: Any) -> saving.Checkpoints | None:
        checked = saving.checkpoints(who, every, path, self.dt)
        if checked is not None:
            must = "be one whose state can be saved"
            self._check_keeps_state(who, must, "leave out checkpoint, or take another back end")
        return checked

    def _run_steps(
        self,
        n: int,
        checkpoints: saving.Checkpoints | None,
        schedule: pacing.Schedule | None = None,
    ) -> None:
        who = "Simulator.run_steps"
        if self.closed:
            check.fail(who, "simulator", "be open", "a closed one", "make a new Simulator")
        if self._n_made != self.network._n_made:
            self._n_made = self.network._n_made
            check.warn(
                "Simulator.run: network has changed since the simulator was made, and is now "
                f"{self.network!r}; make a new Simulator(net)."
            )
        self._records.flush()  # records that did not fit on a full disk
        if checkpoints is None:
            self._run_parts(n, None, schedule)
        else:
            with checkpoints.saved_at_end(self):
                self._run_parts(n, checkpoints, schedule)
        self._watch.warn()

    def _run_parts(
        self,
        n: int,
        checkpoints: saving.Checkpoints | None,
        schedule: pacing.Schedule | None,
    ) -> None:
        quiet = nullcontext() if schedule is None else pacing.undisturbed()
        with quiet, self._progress(n) as (pieces, report):
            for piece in pieces:
                for part in checkpoints.parts(piece, self.n_steps) if checkpoints else [piece]:
                    if schedule is None:
                        self._advance(part)
                    else:
                        schedule.run(part, self._step_silently)
                    if checkpoints:
                        checkpoints.save_if_due(self)
                report(piece)
        if schedule is not None:
            schedule.finish()

    @explained
    def reset(self, seed: int | None = None, keep_weights: bool = False) -> None:
        """Return to the start and discard all records.

        Parameters
        ----------
        seed : int or None
            A new seed of noise, initial voltages and stochastic neurons; None means the last
            seed, which repeats the run.
        keep_weights : bool
            Whether to continue with the learned weights and the variables of their rules, such
            as the threshold of BCM, while all else restarts.
        """
        who = "Simulator.reset"
        self._turn.forbid(who)
        keep = check.flag(who, "keep_weights", keep_weights)
        if keep:
            self._check_keeps_state(
                who, "be one that keeps learned weights", "learn on another back end"
            )
        self._forbid_stream(who)
        if seed is not None:
            self.run_seed = check.seed(who, seed)
        learned = self.state if keep else None
        self._watch.restart()
        self._restart(learned)

    def clear_probes(self) -> None:
        """Discard all records, for instance to limit the memory of an endless run."""
        self._turn.forbid("Simulator.clear_probes")
        self._forbid_stream("Simulator.clear_probes")
        program, start = self.built.program, self.state.step
        self._records = Records(program, self.batch_size, self.dtype, start)

    def _forbid_stream(self, who: str) -> None:
        if self._target is not None:
            do = "make a new Simulator with another stream"
            check.fail(who, "records", "be in memory", "a stream", do)

    def result(self) -> Result:
        """Return all records so far as a :class:`~nefsim.Result`, independent of the simulator.

        Returns
        -------
        Result
        """
        self._turn.forbid("Simulator.result")
        return Result.of(
            {p: (self.trange(p), self._records.of(i)) for i, p in enumerate(self.probes)},
            self.time,
            {**self._info(), "n_steps": self.n_steps},
        )

    def _info(self) -> dict[str, Any]:
        names = ("dt", "backend", "seed", "run_seed", "dtype")
        return {name: getattr(self, name) for name in names}

    def save(self, path: str | Path, compress: bool = True) -> Path:
        """Save a checkpoint of the state and all records; :meth:`load` continues from it.

        Parameters
        ----------
        path : str or Path
            The file; ".npz" is added if the name has no ending.
        compress : bool
            Whether to compress the file, which takes longer.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ValueError
            If :meth:`load` would refuse the state, for example because it is not finite.
        """
        who = "Simulator.save"
        compress = check.flag(who, "compress", compress)
        self._turn.forbid(who)
        self._check_keeps_state(
            who, "be one whose state can be saved", "save with another back end"
        )
        names = ("dt", "seed", "run_seed", "batch_size", "dtype")
        same = {name: getattr(self, name) for name in names}
        same["functions"] = saving.functions_of(self.network, self._extra[1])
        program, state = self.built.program, self.state
        return saving.save(who, path, program, state, self._records, same, compress)

    @classmethod
    @explained
    def load(
        cls,
        path: str | Path,
        net: Network,
        backend: str = "auto",
        progress: bool | Callable[[int, int], None] | None = None,
        stream: str | Path | None = None,
        probes: Sequence[Probe] = (),
        inputs: Mapping[Node, OutputLike] | None = None,
    ) -> Simulator:
        """Continue from a saved state, with the same network.

        Parameters
        ----------
        path : str or Path
            A file that :meth:`save` wrote.
        net : Network
            The network of the saved simulator, made by the same program.
        backend, progress, stream, probes, inputs
            As for :class:`Simulator`; a stream starts with the saved records.

        Returns
        -------
        Simulator
            A simulator in the saved state.  On "numba" all numbers equal those of an
            uninterrupted run.  On "numpy" the spikes are equal, while the last digits of decoded
            values may differ.

        Raises
        ------
        ValueError
            If the file is damaged or of another kind, belongs to another network, or contains a
            state that is invalid for its neurons.

        Notes
        -----
        Sizes, connections, neurons, learning rules and all numbers are compared, decoders among
        them.  A :class:`UserWarning` names the first function of a node whose code differs; the
        values of variables that it uses are not compared, and no function is if the file comes
        from another version of Python.
        """
        who = "Simulator.load"
        named = backends.BACKENDS.get(backend) if isinstance(backend, str) else None
        if named is not None and not named.keeps_state:
            do = 'leave it out, or pass "numpy" or "numba"'
            check.fail(who, "backend", "be one that continues from a saved state", backend, do)
        with saving.opened(who, path) as saved:
            meta = saved.meta
            saving.check_source(who, meta, net, stream is not None)
            simulator = cls(
                net,
                meta["dt"],
                backend,
                meta["run_seed"],
                None,  # until the file is checked to have the arrays of its number of trials
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
            saving.warn_of_functions(who, saved, net, simulator._extra[1])
        simulator._run = simulator._prepare(simulator.built, simulator.state)
        if stream is not None:
            simulator._stream_to(who, stream)
            simulator._records.flush(sync=True)
        return simulator

    def close(self) -> None:
        """Close the simulator and complete the file of a stream; data can still be read."""
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
        """Refuse to copy or pickle a simulator, since a copy would share its state."""
        do = "use save and load"
        check.fail("Simulator", "simulator", "not be copied or pickled", "a copy", do, TypeError)

    if not TYPE_CHECKING:  # or mypy would take any name

        def __getattr__(self, name: str) -> Any:
            known = [*dir(type(self)), *self.__dict__]
            message = habits.attribute("Simulator", name, habits.OF_SIMULATOR, known)
            raise AttributeError(message, name=name, obj=self)

    def __repr__(self) -> str:
        return f"<simulator of {self._built_of} on {self.backend}, {self.n_steps} steps>"
