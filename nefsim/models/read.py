"""Read networks from model files.

Objects are added by the methods of :class:`~nefsim.Network`, which check them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._archive import reason
from nefsim.lowering.learning import name_of_variable, preset_names
from nefsim.models import format as form
from nefsim.models import names
from nefsim.models.values import decode, names_in
from nefsim.network import Connection, Ensemble, Network, Probe
from nefsim.network.objects import Neurons, whole

WHO = "load_network"

#: Arrays of an object: the shape, and whether a row with arrays must have it.
Parts = dict[str, tuple[tuple[int | None, ...], bool]]

#: Arrays with numbers that are not finite, for neurons that never fire.
NOT_FINITE = ("max_rates", "intercepts")


def load_network(path: Any, allow: Collection[str] = (), limit: int = form.LIMIT) -> Network:
    """Read a network from a file that :meth:`nefsim.Network.save` wrote.

    The file can come from a source that you do not trust: it has numbers and names, but no code.
    Names of NumPy's functions and of nefsim's types are looked up in tables.  Other names are
    imported, from modules that you allow only.

    Parameters
    ----------
    path : str or Path
        The file; ".nef" is added when it has no ending.
    allow : collection of str
        Modules and packages from which functions and types may be imported, such as
        ``("mymodels",)``.  An import runs the code of the module.
    limit : int
        Largest total size of arrays [bytes].

    Returns
    -------
    Network
        The network.  If the file has the arrays of a simulator, they are used instead of new
        ones; arrays of objects that you add are drawn and solved as usual.

    Raises
    ------
    ValueError
        If the file is damaged, of another kind or version, or beyond the limit, or if it names a
        function or type of a module that is not allowed.
    TypeError
        If an argument is of a wrong type.

    See Also
    --------
    nefsim.Network.save : Write the file.
    nefsim.Simulator.load : Load the state of a run of an existing network.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> c = net.connect(net.node(np.sin), a)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nef.load_network(net.save(f"{folder}/model.nef"))
    <network: 1 node, 1 ensemble (50 neurons), 1 connection, 0 probes>
    """
    modules = _modules(allow)
    most = check.integer(WHO, "limit", limit, "pass a number of bytes", 1, 2**63)
    with form.ModelFile(WHO, path, most) as file:
        _check_names(file, modules)
        return _Reader(file, modules).network()


def _modules(allow: Any) -> tuple[str, ...]:
    do = 'pass the names of modules, such as ("mymodels",)'
    check.instance(WHO, "allow", allow, (tuple, list, set, frozenset), "a tuple of names", do)
    for name in allow:
        check.instance(WHO, "allow", name, str, "names", do)
        if not all(part.isidentifier() for part in name.split(".")):
            check.fail(WHO, "allow", "be names of modules", check.show(name), do)
    return tuple(allow)


def _check_names(file: form.ModelFile, allow: tuple[str, ...]) -> None:
    """Refuse names of modules that are not allowed, before anything is imported."""
    for name in sorted(_names_of(file)):
        if names.is_allowed(name, allow):
            continue
        module = name.partition(":")[0]
        do = f'pass allow=("{module}",) if you trust that module'
        got = f"{allow!r}, while {file.source} names {check.show(name)}"
        check.fail(WHO, "allow", f"name {check.show(module)}", got, do)


def _names_of(file: form.ModelFile) -> set[str]:
    try:
        return names_in(file.model)
    except RecursionError as error:
        file.fail(reason(error))


class _Reader:
    """Makes the objects of a file, in the order of its tables."""

    def __init__(self, file: form.ModelFile, allow: tuple[str, ...]) -> None:
        self._file, self._model, self._allow = file, file.model, allow
        self._networks: list[Network] = []
        self._connections: dict[int, Connection] = {}

    def network(self) -> Network:
        """Make the network of the file."""
        self._make_networks()
        self._make("nodes", form.NODE, lambda net, row: net.node(**row))
        self._make("ensembles", form.ENSEMBLE, _ensemble)
        self._nodes, self._ensembles = self._net.all_nodes, self._net.all_ensembles
        self._make_connections()
        self._make("probes", form.PROBE, lambda net, row: net.probe(**row), "target")
        self._put_arrays()
        return self._net

    @property
    def _net(self) -> Network:
        return self._networks[0]

    @contextmanager
    def _at(self, place: str) -> Iterator[None]:
        """Convert an error to one that names the file and the place in it."""
        try:
            yield
        except Exception as error:  # of checks, of functions and of types in allowed modules
            text = reason(error).removesuffix(".")
            if text.startswith(f"{WHO}: path must"):
                raise
            self._file.fail(f"{place}: {text}")

    def _make_networks(self) -> None:
        for i, row in enumerate(self._model["networks"]):
            with self._at(f"networks[{i}]"):
                if (row["parent"] is None) != (i == 0):
                    raise ValueError("the first network alone has no parent")
                if i == 0:
                    self._networks.append(Network(row["seed"], row["label"]))
                else:
                    outer = self._networks[row["parent"]]
                    self._networks.append(outer.subnetwork(row["label"], row["seed"]))
                warns = check.flag(WHO, "warns_of_radius", row["warns_of_radius"])
                self._networks[i]._warns_of_radius = warns
        if not self._networks or [*self._net.everything()] != self._networks:
            self._file.fail("networks are not in the order of the model")

    def _make(
        self,
        kind: str,
        fields: tuple[str, ...],
        make: Callable[[Network, dict[str, Any]], Any],
        *ends: str,
    ) -> None:
        last = 0
        for i, row in enumerate(self._model[kind]):
            with self._at(f"{kind}[{i}]"):
                if row["network"] < last:
                    raise ValueError("it is not in the order of the networks")
                last = row["network"]
                make(self._networks[last], self._arguments(row, fields, *ends))

    def _arguments(self, row: Mapping[str, Any], fields: tuple[str, ...], *ends: str) -> Any:
        values = {name: decode(row[name], self._file, self._allow) for name in fields}
        return {"label": row["label"], **values, **{end: self._end(row[end]) for end in ends}}

    def _make_connections(self) -> None:
        """Make connections in their order, but those with a rule before its error's connection."""
        queues: dict[int, deque[int]] = {}
        for i, row in enumerate(self._model["connections"]):
            if row["network"] >= len(self._networks):
                self._file.fail(f"connections[{i}]: there is no network {row['network']}")
            queues.setdefault(row["network"], deque()).append(i)
        waiting = len(self._model["connections"])
        while waiting:
            before = waiting
            for queue in queues.values():
                while queue and self._is_ready(self._model["connections"][queue[0]]):
                    self._make_connection(queue.popleft())
                    waiting -= 1
            if waiting == before:
                self._file.fail("a connection ends in a rule of itself or of a later one")
        connections = [self._connections[i] for i in range(len(self._connections))]
        if connections != self._net.all_connections:
            self._file.fail("connections are not in the order of the networks")

    def _is_ready(self, row: Mapping[str, Any]) -> bool:
        for end in (row["pre"], row["post"]):
            rule = end.get("rule", end.get("gate"))
            if isinstance(rule, list) and rule and isinstance(rule[0], int):
                number = rule[0]
                if number < len(self._model["connections"]) and number not in self._connections:
                    return False
        return True

    def _make_connection(self, i: int) -> None:
        row = self._model["connections"][i]
        with self._at(f"connections[{i}]"):
            values = self._arguments(row, form.CONNECTION, "pre", "post")
            values["learning_rule"] = _rules(values.pop("rules"))
            self._connections[i] = self._networks[row["network"]].connect(**values)

    def _end(self, row: Mapping[str, Any]) -> Any:
        """The object of a kind and a number."""
        end: Any
        match {key: value for key, value in row.items() if key != "indices"}:
            case {"node": int(i)} if 0 <= i < len(self._nodes):
                end = self._nodes[i]
            case {"ensemble": int(i)} if 0 <= i < len(self._ensembles):
                end = self._ensembles[i]
            case {"neurons": int(i)} if 0 <= i < len(self._ensembles):
                end = self._ensembles[i].neurons
            case {"rule": [int(i), int(place)]} if self._has_rule(i, place):
                end = self._connections[i].learning[place]
            case {"gate": [int(i), int(place)]} if self._has_rule(i, place):
                end = self._connections[i].learning[place].gate
            case {"connection": int(i)} if i in self._connections:
                end = self._connections[i]
            case _:
                raise ValueError(f"{check.show(dict(row))} is no object of the model")
        return end[row["indices"]] if "indices" in row else end

    def _has_rule(self, i: int, place: int) -> bool:
        found = self._connections.get(i)
        return found is not None and 0 <= place < len(found.rules)

    def _put_arrays(self) -> None:
        """Check the shapes of a simulator's arrays, and set them."""
        net, built = self._net, self._model["built"]
        kinds: tuple[tuple[str, list[Any], Callable[[Any], Parts]], ...] = (
            ("ensembles", net.all_ensembles, _parts_of_ensemble),
            ("connections", net.all_connections, _parts_of_connection),
            ("probes", net.all_probes, _parts_of_probe),
        )
        for kind, things, parts_of in kinds:
            for i, (thing, row) in enumerate(zip(things, built[kind], strict=False)):
                with self._at(f"built.{kind}[{i}]"):
                    arrays = self._check_arrays(row, parts_of(thing))
                    if arrays:
                        net.presets[thing] = arrays

    def _check_arrays(self, row: Any, parts: Parts) -> dict[str, NDArray[Any]]:
        if not isinstance(row, dict) or not row.keys() <= parts.keys():
            raise ValueError(f"{check.show(row)} is not of {', '.join(parts) or 'no arrays'}")
        missing = [name for name, (_, needed) in parts.items() if needed and name not in row]
        if row and missing:
            raise ValueError(f"there is no {missing[0]}")
        arrays = {}
        for name, value in row.items():
            values, (shape, _) = decode(value, self._file, ()), parts[name]
            if name in NOT_FINITE:
                if np.shape(values) != shape or values.dtype.kind != "f":
                    raise ValueError(f"{name} is {check.show(values)}")
            else:
                values = check.array(WHO, name, values, shape)
            values.setflags(write=False)
            arrays[name] = values
        return arrays


def _ensemble(net: Network, row: dict[str, Any]) -> Ensemble:
    return net.ensemble(**{**row, "initial_state": row["initial_state"] or None})


def _rules(pairs: Any) -> Any:
    """Convert pairs of key and rule to an argument ``learning_rule``: a rule, list or dict."""
    keys = [key for key, _ in pairs]
    if not keys:
        return None
    if keys == [None]:
        return pairs[0][1]
    return dict(pairs) if isinstance(keys[0], str) else [rule for _, rule in pairs]


def _parts_of_ensemble(ensemble: Ensemble) -> Parts:
    n, d = ensemble.neurons.size_out, ensemble.dimensions
    if not n:
        return {}
    vectors = dict.fromkeys(("gain", "bias", *NOT_FINITE), ((n,), True))
    return {"encoders": ((n, d), True), **vectors, "learned": ((n, d), False)}


def _parts_of_connection(connection: Connection) -> Parts:
    pre, post = whole(connection.pre), whole(connection.post)
    variables: Parts = {}
    for place, (_, rule) in enumerate(connection.rules):
        for name, n_dimensions in preset_names(rule).items():
            variables[name_of_variable(place, name)] = ((None,) * n_dimensions, False)
    learned: Parts = {"learned": ((None, None), False), **variables} if connection.rules else {}
    if not isinstance(pre, Ensemble) or not pre.neurons.size_out:
        return learned if isinstance(pre, Neurons) else variables
    n, solver = pre.n_neurons, connection.solver
    if not solver.weights:
        k = connection.size_mid if solver.compositional else connection.post.size_in
        return {**learned, "decoders": ((n, k), True)}
    assert isinstance(post, Ensemble)  # checked when the connection was made
    full: Parts = {**learned, "full": ((post.n_neurons, n), True)}
    return {**full, "decoders": ((n, connection.size_mid), True)} if solver.compositional else full


def _parts_of_probe(probe: Probe) -> Parts:
    target: Any = probe.target
    ensemble = None if isinstance(target, Connection) else whole(target)
    if not isinstance(ensemble, Ensemble) or not ensemble.neurons.size_out:
        return {}
    return {"decoders": ((ensemble.n_neurons, target.size_out), True)}
