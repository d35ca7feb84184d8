"""A network as plain arrays: groups of neurons, and filters that their spikes drive.

Ensembles of one label are one group.  Signals from nodes alone are filtered beforehand.
A filter is one vector and one time constant: the input of a group, a probe or an error.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim.lowering.arrays import times
from nefsim.network import Ensemble, Learning, Neurons, Node
from nefsim.network.objects import indices, whole
from nefsim.processes import PresentInput


class Plan:
    """Groups, filters and links of a simulator's network, as JSON facts and arrays.

    The inputs of the first ``warm_up`` steps come twice, for a run that is not timed.
    """

    def __init__(self, sim: Any, outputs: dict[Node, np.ndarray], warm_up: int) -> None:
        self.built, self.outputs, self.dt = sim.built, outputs, sim.dt
        self.warm_up, steps = warm_up, sim.n_steps
        self.facts: dict[str, Any] = {"steps": steps, "warm_up": warm_up}
        self.facts |= {"groups": [], "filters": []}
        self.arrays: dict[str, np.ndarray] = {}
        self._links: dict[tuple[int, int], list[tuple[np.ndarray, ...]]] = {}
        labels: dict[str, list[Ensemble]] = {}
        for ensemble in self.built.ensembles:
            labels.setdefault(ensemble.label, []).append(ensemble)
        self.groups = list(labels.values())
        #: Of each ensemble its group and its place there.
        self.place = {e: (g, k) for g, them in enumerate(self.groups) for k, e in enumerate(them)}
        for g in range(len(self.groups)):
            self._group(g)
        for connection, built in self.built.connections.items():
            self._connection(connection, built)
        self.facts["rules"] = [
            self._rule(c) for c in self.built.connections if isinstance(whole(c.post), Learning)
        ]
        for probe, built in self.built.probe_data.items():
            to = self._filter(f"probe {probe.label}", probe.synapse.tau, built.decoders.shape[1])
            self._link(probe.target, to, built.decoders, 0)
        for (pre, to), parts in self._links.items():
            i, j, w = (np.concatenate(each) for each in zip(*parts, strict=True))
            self.arrays |= {f"i {pre} {to}": i, f"j {pre} {to}": j, f"w {pre} {to}": w}
        self.facts["links"] = list(self._links)

    def _group(self, g: int) -> None:
        """Slopes, biases and input from nodes of a group."""
        them = self.groups[g]
        built = [self.built.ensembles[e] for e in them]
        first = them[0]
        self.arrays[f"bias {g}"] = np.concatenate([b.bias for b in built])
        inputs = self._input(first)
        self.facts["groups"].append(
            {"n": first.n_neurons, "ensembles": len(them), "dimensions": first.dimensions}
        )
        if held := self._held(first):
            # Images that last long are encoded once, as in a model written for speed.
            rows, seconds = held
            rows = self._twice(rows, seconds)
            self.arrays[f"current {g}"] = rows @ built[0].scaled_encoders.T
            self.facts["groups"][g]["held_s"] = seconds
            return
        self.arrays[f"slope {g}"] = np.concatenate([b.scaled_encoders for b in built])
        if inputs is not None:
            self.arrays[f"input {g}"] = self._twice(inputs, self.dt)

    def _twice(self, rows: np.ndarray, seconds: float) -> np.ndarray:
        """Rows of some seconds each, after those of the run that is not timed."""
        first = round(self.warm_up * self.dt / seconds)
        shown = rows[np.arange(first) % len(rows)]
        return np.concatenate([shown, rows])

    def _held(self, ensemble: Ensemble) -> tuple[np.ndarray, float] | None:
        """The rows of a list of images that is the only input, and how long each is shown."""
        into = [c for c in self.built.connections if whole(c.post) is ensemble]
        if len(into) != 1 or not isinstance(into[0].pre, Node):
            return None
        shown = into[0].pre.output
        if not isinstance(shown, PresentInput) or into[0].synapse is not None:
            return None
        return np.asarray(shown.inputs, dtype=float), shown.presentation_time

    def _input(self, ensemble: Ensemble) -> np.ndarray | None:
        """All that nodes send to an ensemble, (steps, D), as it comes in at each step."""
        total = None
        for connection in self.built.connections:
            if whole(connection.post) is not ensemble or whole(connection.pre) not in self.outputs:
                continue
            total = np.zeros((self.facts["steps"], ensemble.dimensions)) if total is None else total
            chosen = indices(connection.post)
            rows = slice(None) if chosen is None else list(chosen)
            total[:, rows] += self._sent(connection)
        return total

    def _sent(self, connection: Any) -> np.ndarray:
        """The output of a node, through its transform and its synapse."""
        values, chosen = self.outputs[whole(connection.pre)], indices(connection.pre)
        values = values if chosen is None else values[:, list(chosen)]
        values = times(self.built.connections[connection].transform, values.T).T
        if connection.synapse is None:
            return values
        filtered = connection.synapse.filt(values, dt=self.dt)
        return np.concatenate([np.zeros_like(filtered[:1]), filtered[:-1]])

    def _connection(self, connection: Any, built: Any) -> None:
        """A decoded connection as links to the filter before its target."""
        post = whole(connection.post)
        if isinstance(post, Neurons):
            self._recurrent(connection, built, post.ensemble)
        if built.decoders is None:
            return
        weights = times(built.transform, built.decoders.T).T
        chosen = indices(connection.post)
        columns = np.arange(weights.shape[1]) if chosen is None else np.array(chosen)
        base = self.place[post][1] * post.dimensions if isinstance(post, Ensemble) else 0
        self._link(connection.pre, self._before(connection), weights, base + columns)

    def _recurrent(self, connection: Any, built: Any, ensemble: Ensemble) -> None:
        """Sparse weights from the neurons of a group to the currents of the same neurons."""
        g, gain = self.place[ensemble][0], self.built.ensembles[ensemble].gain
        matrix = built.transform.tocoo()
        self.facts["groups"][g]["recurrent"] = connection.synapse.tau
        self.arrays |= {f"i {g}": matrix.col, f"j {g}": matrix.row}
        self.arrays[f"w {g}"] = matrix.data * gain[matrix.row]

    def _before(self, connection: Any) -> int:
        """The filter before the target of a connection."""
        post, tau = whole(connection.post), connection.synapse.tau
        if isinstance(post, Ensemble):
            g = self.place[post][0]
            return self._filter("group", tau, len(self.groups[g]) * post.dimensions, g)
        return self._filter("node" if isinstance(post, Node) else "error", tau, post.size_in)

    def _rule(self, connection: Any) -> dict[str, Any]:
        """PES: the group and the filter that it acts between, and where its error is.

        An error is a separate filter, or the input of a node minus its target.
        """
        learning = whole(connection.post)
        learned, rule = learning.connection, learning.rule
        entry = {"pre": self.place[whole(learned.pre)][0], "filter": self._before(learned)}
        entry |= {"rate": rule.learning_rate, "tau": rule.pre_synapse.tau}
        if isinstance(whole(connection.pre), Ensemble):
            return {**entry, "error": self._before(connection), "wanted": None}
        node = whole(connection.pre)
        (wanted,) = (
            whole(c.pre).output
            for c in self.built.connections
            if whole(c.post) is node and whole(c.pre) in self.outputs
        )
        rows = np.asarray(wanted.inputs, dtype=float)
        self.arrays["wanted"] = self._twice(rows, wanted.presentation_time)
        return {**entry, "wanted": "wanted", "held_s": wanted.presentation_time}

    def _filter(self, name: str, tau: float, size: int, group: int | None = None) -> int:
        """The number of a filter, made when it is first asked for."""
        wanted = {"name": name, "tau": tau, "size": size, "group": group}
        if wanted not in self.facts["filters"]:
            self.facts["filters"].append(wanted)
        return int(self.facts["filters"].index(wanted))

    def _link(self, pre: Any, to: int, weights: np.ndarray, columns: Any) -> None:
        """All pairs of neurons and elements of a filter, with their weights."""
        ensemble = whole(pre)
        g, k = self.place[ensemble]
        n, size = weights.shape
        i = np.repeat(k * ensemble.n_neurons + np.arange(n), size)
        j = np.tile(np.arange(size) if np.isscalar(columns) else columns, n)
        self._links.setdefault((g, to), []).append((i, j, weights.ravel()))
