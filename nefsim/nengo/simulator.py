"""A simulator of Nengo networks that are built by Nengo and run by nefsim."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from nengo.builder.operator import Operator
from nengo.cache import get_default_decoder_cache
from nengo.exceptions import ReadonlyError, SimulatorClosed, ValidationError
from nengo.rc import rc
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import backends, checkpoint, pacing, saving
from nefsim._collector import only_young_collected
from nefsim.backends import Runner
from nefsim.backends.growing import strict_numbers
from nefsim.backends.notices import silenced
from nefsim.deadlines import Deadlines
from nefsim.inputs import Inputs
from nefsim.learned import carry_over
from nefsim.nengo import saving as files
from nefsim.nengo.bars import progress_of
from nefsim.nengo.building import QuickModel
from nefsim.nengo.data import Data, Learned, Signals
from nefsim.nengo.decoders import SharingBuilder
from nefsim.nengo.lower import lower
from nefsim.nengo.pickling import plain_objects, restore
from nefsim.program import Program, State, initial_state
from nefsim.records import Records
from nefsim.settings import MOST_STEPS, settings, steps_in
from nefsim.stepping import Turn, advance

Array = NDArray[np.float64]

CLOSED = "This simulator is closed; make a new one."

#: Attributes that are passed to ``__init__`` when a simulator is unpickled.
ARGUMENTS = ("model", "seed", "backend", "batch_size", "dtype", "progress_bar", "optimize")


@dataclass(frozen=True, eq=False)
class _Ready:
    """A program in the form that back ends accept."""

    program: Program


class Simulator:
    """A simulator of a Nengo network in nefsim, which replaces ``nengo.Simulator``.

    Nengo's builder draws encoders and solves for decoders; a back end of nefsim runs the steps
    and gives the same spikes.

    Parameters
    ----------
    network : nengo.Network or None
        The network to simulate; None if ``model`` is already built.
    dt : float [s]
        The time step.
    seed : int or None
        Seed of processes without a seed; None means the network's seed + 1.
    model : nengo.builder.Model or None
        A model to add the network to; None makes a new one.
    progress_bar : bool or nengo.utils.progress.ProgressBar
        True shows a bar in a terminal if tqdm is installed.
    optimize : bool
        Accepted as in ``nengo.Simulator``, without effect: operations are always merged.
    backend : {"auto", "numpy", "numba"}
        The back end that runs the steps; "auto" is the fastest that is installed.
    batch_size : int or None
        Number of trials to run at once; trial b equals the run with ``seed + b``.  The first
        axis of all data is then the trial.
    dtype : {"float64", "float32"} or None
        Precision of the run; None means the precision of Nengo's settings, at least float32.

    Raises
    ------
    TypeError or ValueError
        If an argument is of another type or out of range.
    nefsim.BackendUnavailable
        If the back end is not installed.

    See Also
    --------
    from_nengo : The network as a nefsim network, to be saved or exported.
    nefsim.Simulator : The simulator of nefsim's networks.

    Examples
    --------
    >>> import nengo
    >>> import nefsim.nengo
    >>> with nengo.Network(seed=1) as model:
    ...     a = nengo.Ensemble(50, 1)
    ...     probe = nengo.Probe(a, synapse=0.01)
    >>> with nefsim.nengo.Simulator(model) as sim:
    ...     sim.run(0.5)
    >>> sim.data[probe].shape
    (500, 1)
    """

    _state: State
    _run: Runner | None

    def __init__(
        self,
        network: nengo.Network | None,
        dt: float = 0.001,
        seed: int | None = None,
        model: Model | None = None,
        progress_bar: Any = True,
        optimize: bool = True,
        *,
        backend: str = "auto",
        batch_size: int | None = None,
        dtype: str | None = None,
    ) -> None:
        self.closed = True  # so that an error in this method causes no warning in __del__
        who = "nefsim.nengo.Simulator"
        self.progress_bar, self.optimize = progress_bar, optimize
        has_nengo_dtype = dtype is None
        if dtype is None:
            dtype = "float64" if rc.float_dtype == np.float64 else "float32"
        run = settings(who, backend, batch_size, dtype, backends.PROGRAM_BACKENDS)
        self.backend, self.batch_size, self.dtype = run.backend, run.batch_size, run.dtype
        if network is not None:
            kind, do = "a nengo.Network", "use nefsim.Simulator for networks of nefsim"
            check.instance(who, "network", network, nengo.Network, kind, do)
        elif model is None:
            check.fail(who, "network", "be a nengo.Network", "None", "pass one, or a built model")
        if model is not None:
            do = "pass one, or leave it out"
            check.instance(who, "model", model, Model, "a nengo.builder.Model", do)
        if seed is not None:
            seed = check.integer(who, "seed", seed, "pass a whole number", 0, 2**32 - 1)
        if model is None:
            dt = check.seconds(who, "dt", dt)
            label = f"{network}, dt={float(dt):g}"
            cache, builder = get_default_decoder_cache(), SharingBuilder()
            model = QuickModel(float(dt), label, decoder_cache=cache, builder=builder)
        self.model = model
        bar = progress_of(progress_bar, "Building", "Build")
        with only_young_collected(), bar as stage:
            if network is not None:
                self.model.build(network, progress=stage.next_stage("Building", "Build"))
            if isinstance(model.builder, SharingBuilder):
                model.builder.forget()
            self._lowering = lower(self.model)
        if seed is None:
            network_seed = None if network is None else network.seed
            seed = np.random.randint(2**31 - 1) if network_seed is None else network_seed + 1
        self._prepare = backends.module(self.backend, self.dtype).prepare
        self.data = Data(self.model)
        self.data.dtype = np.dtype(rc.float_dtype if has_nengo_dtype else self.dtype)
        self.closed = False
        self._turn = Turn("nefsim.nengo.Simulator.run_steps")
        #: Figures of the last run in real time; None before the first.
        self.deadlines: Deadlines | None = None
        self._places = {probe: i for i, probe in enumerate(self.model.probes)}
        who, lowering = "nefsim.nengo.Simulator.inputs", self._lowering
        self._inputs = Inputs(who, lowering.program, lowering.inputs, self._turn)
        self.reset(seed)

    def __del__(self) -> None:
        """Warn if the simulator was not closed."""
        if not getattr(self, "closed", True):
            warnings.warn(
                f"Simulator of {self.model} was deallocated while open; use it in a with block.",
                ResourceWarning,
                stacklevel=2,
            )

    def __enter__(self) -> Simulator:
        if self.closed:
            raise SimulatorClosed(CLOSED)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the simulator: it runs no more steps, but its data can still be read."""
        self.closed = True

    # -- time ------------------------------------------------------------------------------

    @property
    def dt(self) -> float:
        """The time step [s]."""
        return self.model.dt

    @dt.setter
    def dt(self, value: object) -> None:
        raise ReadonlyError(attr="dt", obj=self)

    @property
    def n_steps(self) -> int:
        """Number of steps since the start or the last reset, updated during a run."""
        return self._state.n_steps

    @property
    def time(self) -> float:
        """The time of the last step [s]."""
        return self.n_steps * self.dt

    def trange(self, dt: float | None = None, sample_every: float | None = None) -> Array:
        """Times of all steps or samples [s].

        Parameters
        ----------
        dt : float or None [s]
            The old name of ``sample_every``.
        sample_every : float or None [s]
            Interval between samples; None for all steps.

        Returns
        -------
        (n,) ndarray
            The times.
        """
        if dt is not None:
            if sample_every is not None:
                got = "Only one of `dt` and `sample_every` may be given"
                raise ValidationError(got, attr="dt", obj=self)
            warnings.warn("trange: pass sample_every, not dt", DeprecationWarning, stacklevel=2)
            sample_every = dt
        if sample_every is not None:
            who = "nefsim.nengo.Simulator.trange"
            sample_every = check.positive(who, "sample_every", sample_every, "pass seconds")
        period = (sample_every or self.dt) / self.dt
        steps = np.arange(1, self._records.settled + 1)
        return np.asarray(self.dt * steps[steps % period < 1], np.float64)

    # -- steps -----------------------------------------------------------------------------

    def run(
        self,
        time_in_seconds: float,
        progress_bar: Any = None,
        *,
        checkpoint_every: float | None = None,
        checkpoint: str | Path | None = None,
        realtime: bool = False,
    ) -> None:
        """Run for ``round(time_in_seconds / dt)`` steps.

        Parameters
        ----------
        time_in_seconds : float [s]
            The duration of the run.
        progress_bar : bool, nengo.utils.progress.ProgressBar or None
            None means the bar of the simulator.
        checkpoint_every, checkpoint
            As for :meth:`run_steps`.
        realtime : bool
            Whether step k waits until k dt of wall time after the start, as in
            :meth:`nefsim.Simulator.run`; ``sim.deadlines`` has the lateness of steps.

        Notes
        -----
        A run in real time that does not keep up with the clock gives a
        :class:`nefsim.RealTimeWarning`, once.
        """
        who, do = "nefsim.nengo.Simulator.run", "pass seconds, such as 1.0"
        time_in_seconds = check.real(who, "time_in_seconds", time_in_seconds, do)
        if time_in_seconds < 0:
            message = f"the time must be at least 0 s, got {time_in_seconds:g}; {do}."
            raise ValidationError(message, attr="time_in_seconds")
        steps = steps_in(who, "time_in_seconds", time_in_seconds, self.dt)
        checkpoints = saving.checkpoints(who, checkpoint_every, checkpoint, self.dt)
        paces = check.flag(who, "realtime", realtime)
        if steps == 0:
            message = f"{time_in_seconds:g} s are 0 steps; the time is still {self.time:g} s."
            warnings.warn(message, stacklevel=2)
        else:
            schedule = self._schedule(who, self.dt) if paces else None
            self._run_steps(steps, progress_bar, checkpoints, schedule)

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
            A function that takes the steps of the period, as in :meth:`nefsim.Simulator.loop`.
        """
        who = "nefsim.nengo.Simulator.loop"
        length, n_steps, n_periods = pacing.periods(who, period, seconds, self.dt)
        schedule = self._schedule(who, length)
        return pacing.loop(schedule, n_periods, n_steps, self._take, lambda: self.n_steps)

    def _schedule(self, who: str, period: float) -> pacing.Schedule:
        """A schedule that starts after the back end is ready."""
        if self.closed:
            raise SimulatorClosed(CLOSED)
        with self._turn:
            self._make_ready()
        schedule = pacing.Schedule(who, period)
        self.deadlines = schedule.deadlines
        return schedule

    def step(self) -> None:
        """Run one step.

        See Also
        --------
        latest, inputs : Values to exchange with a network between steps.
        """
        growing = self._state.growing
        if growing is None or self.closed:
            self._advance(1)
            return
        with self._turn.alone("nefsim.nengo.Simulator.step"):
            growing.step(self._records, strict=True)

    def _take(self, n_steps: int) -> None:
        """The steps of a period at once, which takes less time than one by one."""
        if n_steps > 1 and not self._has_another_step():
            self._advance(n_steps)
            return
        for _ in range(n_steps):
            self.step()

    def _has_another_step(self) -> bool:
        """Whether a subclass, or code of the user, has replaced the method ``step``."""
        return getattr(self.step, "__func__", None) is not Simulator.step

    def run_steps(
        self,
        steps: int,
        progress_bar: Any = None,
        *,
        checkpoint_every: float | None = None,
        checkpoint: str | Path | None = None,
    ) -> None:
        """Run a number of steps; after an error or Ctrl-C the records so far can be read.

        If a subclass overrides ``step``, its method is called for each step.

        Parameters
        ----------
        steps : int
            The number of steps.
        progress_bar : bool, nengo.utils.progress.ProgressBar or None
            None means the bar of the simulator.
        checkpoint_every : float or None [s]
            Simulated time between checkpoints, which are at its multiples since the start.  The
            last state is saved too, also after an error, Ctrl-C or SIGTERM.
        checkpoint : str, Path or None
            The file for the last checkpoint, from which :meth:`load` continues.  It contains
            all records; call :meth:`clear_probes` between runs to limit its size.

        Raises
        ------
        ValueError
            If only one of ``checkpoint`` and ``checkpoint_every`` is passed.
        """
        who = "nefsim.nengo.Simulator.run_steps"
        steps = check.integer(who, "steps", steps, "pass a number of steps", 0, MOST_STEPS)
        checkpoints = saving.checkpoints(who, checkpoint_every, checkpoint, self.dt)
        self._run_steps(steps, progress_bar, checkpoints)

    def _run_steps(
        self,
        steps: int,
        progress_bar: Any,
        checkpoints: saving.Checkpoints | None,
        schedule: pacing.Schedule | None = None,
    ) -> None:
        if checkpoints is None or self.closed:
            self._run_parts(steps, progress_bar, None, schedule)
        else:
            with checkpoints.saved_at_end(self):
                self._run_parts(steps, progress_bar, checkpoints, schedule)

    def _run_parts(
        self,
        steps: int,
        progress_bar: Any,
        checkpoints: saving.Checkpoints | None,
        schedule: pacing.Schedule | None,
    ) -> None:
        bar = self.progress_bar if progress_bar is None else progress_bar
        is_overridden = self._has_another_step()
        quiet = nullcontext() if schedule is None else pacing.undisturbed()
        with quiet, progress_of(bar, "Simulating", "Simulation", steps) as stage:
            for piece in stage.pieces:
                for part in checkpoints.parts(piece, self.n_steps) if checkpoints else [piece]:
                    if schedule is not None:
                        schedule.run(part, self.step)
                    elif is_overridden:
                        for _ in range(part):
                            self.step()
                    else:
                        self._advance(part)
                    if checkpoints:
                        checkpoints.save_if_due(self)
                stage.report(piece)
        if schedule is not None:
            schedule.finish()

    def _advance(self, n_steps: int) -> None:
        if self.closed:
            raise SimulatorClosed(CLOSED)
        with self._turn:
            run = self._make_ready()
            with strict_numbers():
                advance(run, n_steps, self._state, self._records)

    def _make_ready(self) -> Runner:
        """Prepare the back end before the first run, as not every built simulator runs."""
        if self._run is None:
            with silenced(self.progress_bar is False), only_young_collected():
                self._run = self._prepare(_Ready(self._lowering.program), self._state)
                self.data.run = self._run
        return self._run

    def reset(self, seed: int | None = None, keep_weights: bool = False) -> None:
        """Return to the start and discard all records.

        Parameters
        ----------
        seed : int or None
            A new seed of processes; None means the seed of the last run.
        keep_weights : bool
            Whether to continue with the learned weights, while all else restarts.
        """
        if self.closed:
            raise SimulatorClosed(CLOSED)
        self._turn.forbid("nefsim.nengo.Simulator.reset")
        if seed is not None:
            self.seed = seed
        self._rng: np.random.RandomState | None = None
        keep = check.flag("nefsim.nengo.Simulator.reset", "keep_weights", keep_weights)
        before, learned = (self._state, dict(self.learned)) if keep else (None, {})
        lowering = self._lowering
        lowering.start(self.seed, self.batch_size or 1)
        program = lowering.program
        self._state = initial_state(program, None, self.batch_size, self.dtype)
        self._inputs.use(self._state)
        if before is not None:
            carry_over(program, before, self._state, thresholds=False)
        for base in lowering.memory.updates:
            number = lowering.numbers.get(base)
            if number is not None and number not in lowering.multiples:  # those start at 0
                self._state.signals[number][...] = np.ravel(base.initial_value)
        for thing, weights in learned.items():
            self.learned[thing] = weights
        self._run = self.data.run = None
        self.clear_probes()

    def clear_probes(self) -> None:
        """Discard all records."""
        self._turn.forbid("nefsim.nengo.Simulator.clear_probes")
        self._state.settle()
        start = self._state.step
        records = Records(self._lowering.program, self.batch_size, self.dtype, start)
        self._records = self.data.records = records

    # -- files -----------------------------------------------------------------------------

    def save(self, path: str | Path, compress: bool = True) -> Path:
        """Save a checkpoint of the state and all records; :meth:`load` continues from it.

        The file contains the state variables of neurons, filters and processes, learned weights,
        and the states of random generators.  Python variables of the functions of nodes and of
        processes of your own are not saved.

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
            If the state is not finite.
        """
        who = "nefsim.nengo.Simulator.save"
        compress = check.flag(who, "compress", compress)
        self._turn.forbid(who)
        self._state.settle()
        top = self.model.toplevel
        same = {
            "dt": float(self.dt),
            "seed": 0 if top is None else int(self.model.seeds[top]),
            "run_seed": int(self.seed),
            "batch_size": self.batch_size,
            "dtype": self.dtype,
            "shown_as": self.data.dtype.name,
        }
        return files.save(who, path, self._lowering, self._state, self._records, same, compress)

    @classmethod
    def load(
        cls,
        path: str | Path,
        network: nengo.Network | None,
        model: Model | None = None,
        progress_bar: Any = True,
        *,
        backend: str = "auto",
    ) -> Simulator:
        """Continue from a saved state, with the same network.

        Parameters
        ----------
        path : str or Path
            A file that :meth:`save` wrote.
        network : nengo.Network or None
            The network of the saved simulator, made by the same program; None if ``model`` is
            already built.  A network without a seed is built with the seed of the file.
        model, progress_bar, backend
            As for :class:`Simulator`.

        Returns
        -------
        Simulator
            A simulator in the saved state, which gives the same spikes as an uninterrupted run.
            On "numba" all numbers are equal; on "numpy" the last digits of decoded values may
            differ.

        Raises
        ------
        ValueError
            If the file is damaged or of another kind, belongs to another network, or contains a
            state that is invalid for its neurons.

        Examples
        --------
        >>> import os, tempfile
        >>> import nengo
        >>> import nefsim.nengo
        >>> with nengo.Network(seed=1) as model:
        ...     a = nengo.Ensemble(50, 1)
        ...     probe = nengo.Probe(a, synapse=0.01)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "state.npz")
        ...     with nefsim.nengo.Simulator(model, progress_bar=False) as sim:
        ...         sim.run(1.0, checkpoint_every=0.5, checkpoint=path)
        ...     again = nefsim.nengo.Simulator.load(path, model, progress_bar=False)
        >>> with again:
        ...     again.run(0.5)
        >>> again.data[probe].shape
        (1500, 1)
        """
        who = "nefsim.nengo.Simulator.load"
        with files.opened(who, path) as saved:
            meta = saved.meta
            with files.seed_of(who, network, meta["seed"]):
                simulator = cls(
                    network,
                    meta["dt"],
                    0,  # set below, as seeds of networks can be larger than those of arguments
                    model,
                    progress_bar,
                    backend=backend,
                    batch_size=None,  # until the file is checked to have arrays of all trials
                    dtype=meta["dtype"],
                )
            try:
                lowering = simulator._lowering
                if simulator.dt != meta["dt"]:
                    files.refuse(who)
                checkpoint.check_fit(who, lowering.program, saved, "network")
                simulator.batch_size = meta["batch_size"]
                simulator.reset(meta["run_seed"])
                files.put_back(who, saved, lowering, simulator._state, simulator._records)
            except BaseException:
                simulator.close()
                raise
        simulator.data.dtype = np.dtype(meta["shown_as"])
        return simulator

    def __getstate__(self) -> dict[str, Any]:
        """The attributes to pickle: the state, the records and Nengo's model."""
        self._turn.forbid("nefsim.nengo.Simulator")
        self._state.settle()
        names = (*ARGUMENTS, "closed")
        objects = plain_objects(self._lowering, self._state, self._records)
        objects |= {name: getattr(self, name) for name in names}
        return objects | {"_shown_as": self.data.dtype}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        """Continue from the pickled state."""
        self.__init__(None, **{name: saved[name] for name in ARGUMENTS})  # type: ignore[misc]
        restore(saved, self._lowering, self._state, self._records)
        self.data.dtype, self.closed = saved["_shown_as"], saved["closed"]

    # -- values ----------------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        """Outputs of nodes that are set between steps, by node.

        A node whose output is a number or an array can be set, as
        ``sim.inputs[node][:] = values``; the next steps have this output.
        """
        return self._inputs

    def latest(self, probe: nengo.Probe) -> Array:
        """The newest record of a probe, which takes less time than all records.

        Parameters
        ----------
        probe : nengo.Probe
            A probe.

        Returns
        -------
        ndarray
            A copy of the last record, with trials first in a batch.

        Raises
        ------
        ValueError
            If nothing has been recorded since the start or :meth:`clear_probes`.
        TypeError
            If it is no probe of this simulator.
        """
        who = "nefsim.nengo.Simulator.latest"
        index = self._places.get(probe) if isinstance(probe, nengo.Probe) else None
        if index is None:
            do = "make probes before the simulator"
            got = check.show(probe)
            check.fail(who, "probe", "be a probe of this network", got, do, TypeError)
        growing = self._state.growing
        row: Array | None = None if growing is None else growing.latest(index)
        if row is None:
            newest = self._records.latest(index)
            if newest is None:
                check.fail(who, "probe", "have a record", "none so far", "run a step first")
            row = newest.copy()
        shape = self.model.sig[probe]["in"].shape
        if len(shape) != 1:
            row = row.reshape(*row.shape[:-1], *shape)
        return row.astype(self.data.dtype, copy=False)

    @property
    def signals(self) -> Signals | None:
        """Values of Nengo's signals, which include learned weights; None after ``close``."""
        return None if self.closed else Signals(self._lowering, self._state)

    @property
    def learned(self) -> Learned:
        """Learned weights, which can be read and set; see :class:`Learned`."""
        return Learned(self._lowering, self._state, self.batch_size)

    @property
    def rng(self) -> np.random.RandomState:
        """A random generator with the run's seed, for the user; the simulator does not use it."""
        if self._rng is None:  # a new generator takes as long as a small population
            self._rng = np.random.RandomState(self.seed % 2**32)
        return self._rng

    @property
    def step_order(self) -> list[Operator]:
        """Nengo's operators in the order of a step."""
        return self._lowering.plan.step_order

    def __repr__(self) -> str:
        return f"<nefsim simulator of {self.model.label} on {self.backend}, {self.n_steps} steps>"
