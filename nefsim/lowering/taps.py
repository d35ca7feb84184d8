"""Add probes to a built network, and replace outputs of nodes, without building it again.

The operations of the build stay as they are, so that no spike changes.  New operations only read
their signals.  A node whose output is set still computes its output, which nothing reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.lowering.built import Built
from nefsim.lowering.decode import Solving
from nefsim.lowering.draft import Draft
from nefsim.lowering.matrices import as_index
from nefsim.lowering.once import Once
from nefsim.lowering.onward import Onward
from nefsim.lowering.probes import steps_between
from nefsim.lowering.streams import streams_of
from nefsim.network import Connection, Node, Probe
from nefsim.network.objects import indices, whole
from nefsim.network.quantities import VARIABLE, row_of
from nefsim.neurons import Direct
from nefsim.program import (
    Neurons,
    Program,
    Read,
    Record,
    State,
    Stream,
    Term,
    initial_state,
)
from nefsim.program.schedule import schedule

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tapped:
    """A build with other probes.

    Attributes
    ----------
    built : Built
        The build.
    signals, ops : tuple
        A key of each signal and of each operation, equal in all builds of one :class:`Taps`.
    """

    built: Built
    signals: tuple[Hashable, ...]
    ops: tuple[Hashable, ...]

    def continued(self, state: State, before: Tapped, seed: int | None) -> State:
        """The state of this build that continues from the state of another one.

        Parameters
        ----------
        state : State
            The state of ``before`` after a complete step.
        before : Tapped
            Another build of the same :class:`Taps`.
        seed : int or None
            Seed of the run.

        Returns
        -------
        State
            It has the memories, generators and processes of ``state``.  New filters are at rest.
        """
        place = {key: i for i, key in enumerate(before.ops)}
        old = [place.get(key) for key in self.ops]
        new = [i for i, j in enumerate(old) if j is None]
        program = self.built.program
        added = replace(program, ops=tuple(program.ops[i] for i in new), groups=())
        lead = state.signals[0].shape[:-1] if state.signals else ()
        dtype = state.signals[0].dtype if state.signals else np.float64
        fresh = initial_state(added, seed, lead[0] if lead else None, dtype)
        values = dict(zip(before.signals, state.signals, strict=True))
        for i, key in enumerate(self.signals):
            if key in values:
                fresh.signals[i] = np.array(values[key])
        memory = dict(zip(new, fresh.ops, strict=True))
        return State(
            state.step,
            fresh.signals,
            [memory[i] if j is None else dict(state.ops[j]) for i, j in enumerate(old)],
            [[] if j is None else state.rngs[j] for j in old],
            [[] if j is None else state.running[j] for j in old],
            {i: state.steps[j] for i, j in enumerate(old) if j is not None and j in state.steps},
        )


class Taps:
    """Makes builds of a network with other probes, and with nodes whose output is set.

    Parameters
    ----------
    built : Built
        The build to start from; its probes are recorded only if they are named.

    Attributes
    ----------
    original : Tapped
        That build, with its probes.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim.lowering import build
    >>> from nefsim.lowering.taps import Taps
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> taps = Taps(build(net, dt=0.001, seed=1))
    >>> y = net.probe(a, synapse=0.01, attach=False)
    >>> len(taps.original.built.program.ops), len(taps.with_probes([y]).built.program.ops)
    (3, 5)
    """

    def __init__(self, built: Built) -> None:
        program = built.program
        keys = tuple(range(len(program.signals))), tuple(range(len(program.ops)))
        self.original = Tapped(built, *keys)
        self._built, self._decoders = built, dict(built.probe_data)
        self._records = dict(zip(built.probes, program.records, strict=True))

    def finds(self, probe: Probe) -> bool:
        """Whether the signals of the build suffice for a probe."""
        if probe in self._records:
            return True
        target = probe.target if isinstance(probe.target, Connection) else whole(probe.target)
        of = row_of(probe.target, probe.attr).of
        if of == "ensemble":
            return probe.attr == "decoded_output" or target in self._built.represented
        if of == "neurons":
            return True
        if of == "rule":
            return probe.attr == "error" and repr(target) + ".error" in self._named
        return of == "node" and probe.attr == "output"

    def with_probes(
        self, probes: Sequence[Probe], held: Mapping[Node, Array] | None = None
    ) -> Tapped:
        """The build with some probes, and with some nodes whose output is set.

        Parameters
        ----------
        probes : sequence of Probe
            The probes of the run, made by ``net.probe(..., attach=False)``.
        held : mapping of Node to (size_out,) ndarray, optional
            Nodes whose output is set between steps, with its first values.

        Returns
        -------
        Tapped

        Raises
        ------
        ValueError
            If the build has no signal of a quantity, or its decoders cannot be solved for.
        """
        program = self._built.program
        draft = Draft(program)
        for node, values in (held or {}).items():
            draft.hold(self._built.signals[node], values)
        records = tuple(self._record(draft, probe) for probe in probes)
        observed = {i: tuple(names.items()) for i, names in draft.observed.items()}
        for i, names in observed.items():
            op = draft.ops[i]
            assert isinstance(op, Neurons)
            draft.ops[i] = replace(op, observed=(*op.observed, *names))
        signals = tuple(draft.signals)
        ops = tuple(draft.ops)
        changed = Program(program.dt, signals, ops, schedule(ops, signals), records)
        of_probes = {p: self._decoders[p] for p in probes if p in self._decoders}
        shapes = {p: shape for p, shape in self._built.shapes.items() if p in probes}
        tapped = replace(
            self._built,
            program=changed,
            probes=tuple(probes),
            probe_data=of_probes,
            shapes=shapes,
        )
        return Tapped(tapped, tuple(draft.signal_keys), tuple(draft.op_keys))

    def _record(self, draft: Draft, probe: Probe) -> Record:
        if probe in self._records:
            return self._records[probe]
        return Record(self._read(draft, probe), steps_between(probe.sample_every, draft.dt))

    def _read(self, draft: Draft, probe: Probe) -> Read:
        if not self.finds(probe):
            do = "make the probe before the simulator"
            check.fail(repr(probe), "attr", "have a signal in the build", probe.attr, do)
        target: Any = probe.target
        obj: Any = whole(target)
        columns = as_index(indices(target))
        of, name, *_ = row_of(target, probe.attr)
        signals = self._built.signals
        if of == "ensemble" and probe.attr == "decoded_output":
            if isinstance(obj.neuron_type, Direct):
                read = Read(signals[obj], 0, columns)
            else:
                decoders = self._solved(probe)
                term = Term(Read(signals[obj.neurons]), decoders.T)
                read = Read(draft.sum((probe, "decoded"), decoders.shape[1], term))
        elif of == "ensemble":
            read = Read(self._built.represented[obj], 0, columns)
        elif of == "rule":
            read = Read(self._named[f"{obj!r}.error"], 0, columns)
        elif of == "node":
            read = Read(signals[obj], 0, columns)
        else:
            index = self._built.program.writer[signals[obj]]
            op = self._built.program.ops[index]
            if isinstance(op, Neurons) and probe.attr == "input":
                read = Read(op.current, 0, columns)
            elif isinstance(op, Neurons) and name == VARIABLE:
                read = Read(draft.observe(index, probe.attr), 0, columns)
            else:
                read = Read(signals[obj], 0, columns)
                if isinstance(op, Neurons) and op.neuron.spiking and columns is not None:
                    # A copy, so that the spikes of the other neurons need not be written down.
                    read = Read(draft.sum((probe, "chosen"), draft.size(read), Term(read)))
        if probe.synapse is None:
            return read
        size = draft.size(read)
        source = read.signal
        if read.columns is not None:
            source = draft.sum((probe, "part"), size, Term(read))
        return draft.filtered((probe, "filter"), source, size, probe.synapse.form(draft.dt))

    def _solved(self, probe: Probe) -> Array:
        if probe not in self._decoders:
            built = self._built
            ensemble: Any = whole(probe.target)  # type: ignore[arg-type]
            onward = Onward(built.network, built.program.dt)
            solving = Solving(ensemble, built.ensembles, self._streams, Once(), onward)
            self._decoders[probe] = solving.of_probe(probe)()
        decoders = self._decoders[probe].decoders
        assert decoders is not None
        return decoders

    @cached_property
    def _streams(self) -> dict[Any, Stream]:
        return streams_of(self._built.network, Stream(self._built.seed))

    @cached_property
    def _named(self) -> dict[str, int]:
        """Signals by their names, if these are unique."""
        signals = self._built.program.signals
        counts = Counter(signal.name for signal in signals)
        return {s.name: i for i, s in enumerate(signals) if counts[s.name] == 1}
