"""Write networks, and arrays of a simulator, to model files."""

from __future__ import annotations

import datetime
import json
import platform
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import files
from nefsim._writing import replacing
from nefsim.backends import BACKENDS
from nefsim.learned import stored_weights, variables_of_rules
from nefsim.lowering import Built, build
from nefsim.lowering.decode import targets_of
from nefsim.models import format as form
from nefsim.models import names
from nefsim.models.values import WHO, encode
from nefsim.network import Connection, Ensemble, Learning, Network, Neurons, Node
from nefsim.network.objects import Gate, View, whole
from nefsim.program import State

Arrays = dict[str, NDArray[Any]]

#: Arrays of an ensemble that a file has.
OF_ENSEMBLE = ("encoders", "gain", "bias", "max_rates", "intercepts")


class Run(Protocol):
    """The attributes of a simulator that are written to a file."""

    network: Network
    built: Built
    state: State
    batch_size: int | None
    seed: int
    run_seed: int | None
    dt: float
    dtype: str
    backend: str
    n_steps: int


def save_network(net: Network, path: Any, sim: Run | None = None, functions: str = "names") -> Path:
    """Write a network to a file; see :meth:`nefsim.Network.save`."""
    check.one_of(WHO, "functions", functions, ("names", "values"))
    if net.parent is not None:
        do = "save the outermost network"
        check.fail(WHO, "network", "not be part of another network", repr(net), do)
    if sim is not None and getattr(sim, "network", None) is not net:
        got = check.show(sim)
        check.fail(WHO, "sim", "be a simulator of this network", got, "pass Simulator(net)")
    target = files.as_target(WHO, form.path_of(WHO, path))
    arrays: Arrays = {}
    model: dict[str, Any] = {"format": form.KIND, "version": form.VERSION}
    model["provenance"] = _provenance(net, sim)
    tabulate = Values(net, sim) if functions == "values" else None
    model |= Description(net, arrays, tabulate).tables()
    model["built"] = {kind: [] for kind in ("ensembles", "connections", "probes")}
    if sim is not None:
        model["networks"][0]["seed"] = sim.seed
        model["built"] = _built(net, sim, arrays)
    text = json.dumps(model, indent=1, allow_nan=False)
    with replacing(target) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(_member(form.DESCRIPTION), text)
        for name, array in arrays.items():
            with packed.open(_member(f"{name}.npy"), "w", force_zip64=True) as member:
                npy.write_array(member, np.asanyarray(array), allow_pickle=False)
    return target


def _member(name: str) -> zipfile.ZipInfo:
    """An entry of the archive without a date, so that equal networks give equal entries."""
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


def _provenance(net: Network, sim: Run | None) -> dict[str, Any]:
    """The provenance of a file: versions, seeds, date and command."""
    import scipy

    facts = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": [*map(str, sys.argv)],
        "versions": {
            "nefsim": sys.modules["nefsim"].__version__,  # type: ignore[attr-defined]
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        },
        "seed": net.seed,
    }
    if sim is None:
        return facts
    names = ("dt", "dtype", "backend", "run_seed", "n_steps")
    return facts | {"build_seed": sim.seed, **{name: getattr(sim, name) for name in names}}


class Values:
    """Values of functions at the evaluation points of connections, in place of the functions.

    Parameters
    ----------
    net : Network
        The network.
    sim : Run or None
        Its simulator; None builds the network for its evaluation points.
    """

    def __init__(self, net: Network, sim: Run | None) -> None:
        self._net, self._built = net, None if sim is None else sim.built

    def of(self, thing: Any) -> dict[str, Any]:
        """Arguments of a connection whose function has no name that every reader knows."""
        function = getattr(thing, "function", None)
        if not isinstance(thing, Connection) or not callable(function):
            return {}
        name = names.name_of_function(function)
        if (name is not None and names.is_allowed(name, ())) or not _is_decoded(thing):
            return {}
        if self._built is None:
            self._built = build(self._net, 0.001, self._net.seed or 0)
        points = self._built.connections[thing].eval_points
        assert points is not None
        values = targets_of(thing, points)
        return {"function": values, "eval_points": points, "scale_eval_points": False}


def _is_decoded(connection: Connection) -> bool:
    """Whether decoders compute the function, and not a call in each step."""
    pre = whole(connection.pre)
    return isinstance(pre, Ensemble) and bool(pre.neurons.size_out)


class Description:
    """Makes the tables of a description; arrays are added to a dict."""

    def __init__(self, net: Network, arrays: Arrays, values: Values | None = None) -> None:
        self._net, self._arrays, self._values = net, arrays, values
        self._numbers: dict[Any, int] = {}
        for things in (
            [*net.everything()], net.all_nodes, net.all_ensembles, net.all_connections
        ):  # fmt: skip
            self._numbers |= {thing: i for i, thing in enumerate(things)}

    def tables(self) -> dict[str, Any]:
        """The table of each kind of object."""
        net = self._net
        return {
            "networks": [
                {
                    "parent": None if each.parent is None else self._numbers[each.parent],
                    "label": each.label,
                    "seed": each.seed,
                    "warns_of_radius": each._warns_of_radius,
                }
                for each in net.everything()
            ],
            "nodes": [self._row(f"nodes/{i}", n, form.NODE) for i, n in enumerate(net.all_nodes)],
            "ensembles": [
                self._row(f"ensembles/{i}", e, form.ENSEMBLE)
                for i, e in enumerate(net.all_ensembles)
            ],
            "connections": [
                self._row(f"connections/{i}", c, form.CONNECTION, "pre", "post")
                for i, c in enumerate(net.all_connections)
            ],
            "probes": [
                self._row(f"probes/{i}", p, form.PROBE, "target")
                for i, p in enumerate(net.all_probes)
            ],
        }

    def _row(self, place: str, thing: Any, names: tuple[str, ...], *ends: str) -> dict[str, Any]:
        path = thing.network.path()
        row = {
            "network": self._numbers[thing.network],
            "label": thing.label.removeprefix(f"{path}.") if path else thing.label,
        }
        row |= {end: self._end(getattr(thing, end)) for end in ends}
        tabled = {} if self._values is None else self._values.of(thing)
        for name in names:
            try:
                value = tabled[name] if name in tabled else getattr(thing, name)
                row[name] = encode(value, f"{place}/{name}", self._arrays)
            except (TypeError, ValueError) as error:
                error.add_note(f"in {thing!r}")
                raise
        return row

    def _end(self, end: Any) -> dict[str, Any]:
        """The kind and number of an end of a connection, or of the target of a probe."""
        match end:
            case View(obj=obj, indices=indices):
                return {**self._end(obj), "indices": [*indices]}
            case Node():
                return {"node": self._numbers[end]}
            case Ensemble():
                return {"ensemble": self._numbers[end]}
            case Neurons(ensemble=ensemble):
                return {"neurons": self._numbers[ensemble]}
            case Learning(connection=connection, place=place):
                return {"rule": [self._numbers[connection], place]}
            case Gate(learning=learning):
                return {"gate": self._end(learning)["rule"]}
            case Connection():
                return {"connection": self._numbers[end]}
        raise AssertionError(end)


def _built(net: Network, sim: Run, arrays: Arrays) -> dict[str, Any]:
    """The arrays of a simulator for each object, by name."""
    built = sim.built
    if built.learned and not BACKENDS[sim.backend].keeps_state:
        do = "learn on another back end"
        check.fail(WHO, "sim", "have its learned weights", f"the back end {sim.backend}", do)
    if sim.batch_size is not None and built.learned:
        do = "save a simulator without a batch"
        check.fail(WHO, "sim", "have one set of learned weights", f"{sim.batch_size} trials", do)
    ensembles = [_of_ensemble(built, e) for e in net.all_ensembles]
    connections = [_of_decoding(built.connections.get(c)) for c in net.all_connections]
    probes = [_of_decoding(built.probe_data.get(p)) for p in net.all_probes]
    rows: dict[Any, Arrays] = dict(zip(net.all_ensembles, ensembles, strict=True))
    rows |= zip(net.all_connections, connections, strict=True)
    for thing, signal in built.learned.items():
        if thing in rows:
            index = built.program.writer[signal]
            rows[thing]["learned"] = stored_weights(built.program, sim.state, index)
    for connection, variables in variables_of_rules(built, net, sim.state).items():
        rows[connection] |= variables
    tables = {"ensembles": ensembles, "connections": connections, "probes": probes}
    return {
        kind: [_encode_row(row, f"built/{kind}/{i}", arrays) for i, row in enumerate(rows)]
        for kind, rows in tables.items()
    }


def _encode_row(row: Mapping[str, Any], place: str, arrays: Arrays) -> dict[str, Any]:
    """Convert the arrays of one object, by name, to JSON."""
    for name, values in row.items():
        if name not in ("max_rates", "intercepts") and not np.isfinite(values).all():
            do = "save an earlier state"
            check.fail(WHO, f"{place}/{name}", "be finite", "numbers that are not", do)
    return {name: encode(values, f"{place}/{name}", arrays) for name, values in row.items()}


def _of_ensemble(built: Built, ensemble: Ensemble) -> Arrays:
    arrays = built.ensembles.get(ensemble)
    if arrays is None or not ensemble.neurons.size_out:
        return {}
    return {name: getattr(arrays, name) for name in OF_ENSEMBLE}


def _of_decoding(arrays: Any) -> Arrays:
    if arrays is None:
        return {}
    found = {"decoders": arrays.decoders, "full": arrays.full}
    return {name: values for name, values in found.items() if values is not None}
