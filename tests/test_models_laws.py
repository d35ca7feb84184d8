"""Laws of model files: members, every form of a value, every refused form, and names."""

from __future__ import annotations

import datetime
import json
import math
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy
import scipy.sparse

import nefsim as nef
from nefsim.models import contents, lines, names
from nefsim.models import format as form
from nefsim.models.values import decode, encode, names_in


def small() -> nef.Network:
    net = nef.Network(seed=3, label="small")
    a = net.ensemble(4, 1, label="a")
    net.connect(net.node(np.arange(1000) * 1.0, label="u")[0], a)
    net.probe(a, label="y")
    return net


def test_members_have_no_date_are_packed_and_readable(tmp_path: Path) -> None:
    net = small()
    paths = [net.save(tmp_path / name, sim=nef.Simulator(net, progress=False)) for name in "ab"]
    opened = []
    for path in paths:
        assert path.suffix == form.ENDING == ".nef"
        with zipfile.ZipFile(path) as file:
            opened.append({member.filename: member for member in file.infolist()})
            for member in file.infolist():
                assert member.date_time == (1980, 1, 1, 0, 0, 0)
                assert member.compress_type == zipfile.ZIP_DEFLATED
                assert member.external_attr == 0o644 << 16
                assert member.compress_size < member.file_size or member.file_size < 200
    one, two = opened
    assert one.keys() == two.keys() >= {"model.json", "nodes/0/output.npy"}
    assert all(one[n].CRC == two[n].CRC for n in one if n != "model.json")


def test_the_provenance_has_versions_and_settings_of_the_run(tmp_path: Path) -> None:
    net = small()
    sim = nef.Simulator(net, 0.002, "numpy", dtype="float32", build_seed=5, seed=6, progress=False)
    sim.run_steps(3)
    facts = contents(net.save(tmp_path / "a", sim=sim))["provenance"]
    versions = {
        "nefsim": nef.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
    date = datetime.datetime.fromisoformat(facts.pop("date"))
    assert date.tzinfo is not None and date.microsecond == 0
    assert facts == {
        **{"command": sys.argv, "versions": versions, "seed": 3, "build_seed": 5},
        **{"dt": 0.002, "dtype": "float32", "backend": "numpy", "run_seed": 6, "n_steps": 3},
    }
    described = contents(net.save(tmp_path / "b"))["provenance"]
    assert described.keys() == {"date", "command", "versions", "seed"}


def test_the_contents_of_a_file_are_listed(tmp_path: Path) -> None:
    net = small()
    inner = net.subnetwork("inner")
    inner.connect(inner.ensemble(3, 2), inner.node(size_in=1), function=np.prod)
    found = contents(net.save(tmp_path / "a"))
    expected = {
        **{"label": "small", "seed": 3, "networks": 2, "nodes": 2, "ensembles": 2},
        **{"connections": 2, "probes": 1, "neurons": 7, "modules": [], "built": False},
        "arrays": {"nodes/0/output": [1000]},
    }
    assert {name: found[name] for name in expected} == expected
    assert found["names"] == sorted(found["names"]) and "numpy:prod" in found["names"]
    text = lines(found).splitlines()
    assert text[:4] == [
        "model: 2 nodes, 2 ensembles, 2 connections, 1 probes, 7 neurons",
        "label: small",
        "seed: 3",
        "arrays of a simulator: no",
    ]
    assert text[5] == "modules to allow: (none)" and text[-1] == "  nodes/0/output (1000,)"
    assert text[-2] == "arrays: 1"


class Files(dict[str, Any]):
    """Arrays of a file."""

    def array(self, name: str) -> Any:
        return self[name]


def again(value: Any) -> Any:
    """A value after it is written and read."""
    arrays = Files()
    return decode(json.loads(json.dumps(encode(value, "x", arrays))), arrays, ())


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, "text", 3, -7, 2.5, math.inf, -math.inf, 10**30),
        *([], [1, [2.0, None]], (), (1, ("a", [2])), {}, {"a": 1, 2: [3], 0.5: {"b": ()}}),
    ],
)
def test_plain_values_are_equal_after_they_are_written_and_read(value: Any) -> None:
    assert repr(again(value)) == repr(value)


def test_numbers_and_arrays_of_numpy_are_equal_after_they_are_written_and_read() -> None:
    for value, plain in (
        (np.bool_(True), True),
        (np.int16(3), 3),
        (np.float32(0.5), 0.5),
        (np.float64(-np.inf), -np.inf),
    ):
        assert again(value) == plain and type(again(value)) is type(plain)
    assert math.isnan(again(float("nan"))) and math.isnan(again(np.float32("nan")))
    for array in (np.arange(6).reshape(2, 3), np.array("ab"), np.array([True]), np.float32([1])):
        arrays: dict[str, Any] = {}
        assert encode(array, "a/b", arrays) == {"array": "a/b"} and arrays["a/b"] is array
        assert again(array).dtype == array.dtype and np.array_equal(again(array), array)
    for array in (np.array([None]), np.array([1j])):
        with pytest.raises(TypeError, match=r"x must be numbers, texts, arrays"):
            encode(array, "x", {})


def test_arrays_within_values_have_names_of_their_places() -> None:
    arrays: dict[str, Any] = {}
    encode([np.ones(1), {"k": np.ones(2)}, (0, np.ones(3))], "x", arrays)
    encode(nef.Choice([[1.0], [2.0]]), "y", arrays)
    assert {name: np.size(array) for name, array in arrays.items()} == {
        **{"x/0": 1, "x/1/0": 2, "x/2/1": 3},
        **{name: np.size(arrays[name]) for name in arrays if name.startswith("y/")},
    }
    assert all(name.startswith(("x/", "y/")) for name in arrays)


def test_sparse_matrices_are_equal_after_they_are_written_and_read() -> None:
    dense = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 3.0], [0.0, 0.0, 4.0]])
    for kind in (scipy.sparse.csr_array, scipy.sparse.coo_matrix, scipy.sparse.csc_array):
        found = again(kind(dense))
        assert found.shape == (4, 3) and np.array_equal(found.toarray(), dense)
    empty = again(scipy.sparse.csr_array((2, 5)))
    assert empty.shape == (2, 5) and empty.nnz == 0
    whole = again(scipy.sparse.csr_array(np.arange(4).reshape(2, 2)))
    assert np.array_equal(whole.toarray(), [[0, 1], [2, 3]])


SPARSE: dict[str, Any] = {
    "a row without end": lambda p: p.update(starts=p["starts"][:-1]),
    "too many rows": lambda p: p.update(starts=np.append(p["starts"], 3)),
    "a first row that begins late": lambda p: p.update(starts=np.array([1, 2, 3])),
    "rows in another order": lambda p: p.update(starts=np.array([0, 4, 3])),
    "more data than columns": lambda p: p.update(data=np.append(p["data"], 1.0)),
    "more columns than data": lambda p: p.update(columns=np.append(p["columns"], 1)),
    "elements after the end": lambda p: p.update(
        data=np.append(p["data"], 1.0), columns=np.append(p["columns"], 1)
    ),
    "a column below 0": lambda p: p.update(columns=np.array([0, -1, 2])),
    "a column beyond the last": lambda p: p.update(columns=np.array([0, 1, 3])),
    "columns that are no whole numbers": lambda p: p.update(columns=p["columns"] * 1.0),
    "starts that are no whole numbers": lambda p: p.update(starts=p["starts"] * 1.0),
    "data of texts": lambda p: p.update(data=np.array(["a", "b", "c"])),
    "data of two axes": lambda p: p.update(data=p["data"][:, None]),
    "columns of two axes": lambda p: p.update(columns=p["columns"][:, None]),
    "no rows": lambda p: p.update(shape=[0, 3]),
    "no columns": lambda p: p.update(shape=[2, 0]),
    "far too many columns": lambda p: p.update(shape=[2, 10**8 + 1]),
}


@pytest.mark.parametrize("fault", SPARSE)
def test_sparse_matrices_that_are_not_sound_are_refused(fault: str) -> None:
    parts: dict[str, Any] = {
        "data": np.array([1.0, 2.0, 3.0]),
        "columns": np.array([0, 1, 2]),
        "starts": np.array([0, 1, 3]),
        "shape": [2, 3],
    }

    def read() -> Any:
        arrays = {f"x/{name}": parts[name] for name in ("data", "columns", "starts")}
        return decode({"sparse": "x", "shape": parts["shape"]}, Files(arrays), ())  # type: ignore[arg-type]

    assert np.array_equal(read().toarray(), [[1, 0, 0], [0, 2, 3]])
    SPARSE[fault](parts)
    with pytest.raises(ValueError, match="'x' is no sparse matrix of shape"):
        read()


@pytest.mark.parametrize(
    "value",
    [
        *({}, {"array": 3}, {"number": "1"}, {"number": 1}, {"tuple": 3}, {"dict": [[1]]}),
        *({"dict": [[1, 2, 3]]}, {"dict": [3]}, {"dict": [[[1], 2]]}, {"dict": [[None, 2]]}),
        *({"type": "LIF"}, {"type": "None", "fields": {}}, {"type": "LIF", "fields": {}}),
        *({"type": "Uniform", "fields": {"low": 0.0, "high": 1.0, "more": 1}},),
        *({"function": "numpy:no"}, {"function": "numpy:ndarray"}, {"function": 1}),
        *(
            {"sparse": "x", "shape": [1, 2, 3]},
            {"sparse": "x", "shape": [1.0, 2]},
            {"a": 1, "b": 2},
        ),
    ],
)
def test_forms_that_are_no_values_are_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        decode(value, Files(), ())  # type: ignore[arg-type]


def test_names_in_a_description_are_found_wherever_they_are() -> None:
    value = {
        "a": [{"type": "A", "fields": {"f": {"function": "m:f"}}}, {"type": 3}],
        "function": "m:g",
        "b": {"c": ({"d": 1},), "type": {"type": "B"}},
    }
    assert names_in(json.loads(json.dumps(value))) == {"A", "m:f", "m:g", "B"}
    assert names_in([]) == names_in("type") == set()


def test_only_functions_and_types_of_tables_and_modules_have_names() -> None:
    assert names.name_of_function(np.sin) == "numpy:sin"
    assert names.name_of_function(np.mean) == "numpy:mean"
    assert names.name_of_function(math.sin) == "math:sin"
    assert names.name_of_function(np.ones) == "numpy:ones"  # as of any module
    assert not names.is_allowed("numpy:ones", ())
    assert names.name_of_function(scipy.special.erf) == "scipy.special:erf"
    assert names.name_of_function(re.compile) == "re:compile"
    assert names.name_of_function([].append) is None
    assert names.name_of_type(nef.LIF) == "LIF"
    for name, function in (("numpy:sin", np.sin), ("math:sin", math.sin), ("numpy:sum", np.sum)):
        assert names.resolve_function(name, ()) is function
        assert names.is_allowed(name, ())
    allowed = {
        "math:nothing": False,
        "math:pi": False,
        "numpy:save": False,
        "os:system": False,
        "nefsim.networks:attractor": True,
        "nefsim.networks.arrays:f": True,
        "nefsim.networksx:f": False,
        "LIF": True,
    }
    assert {name: names.is_allowed(name, ()) for name in allowed} == allowed
    assert names.is_allowed("a.b:f", ("a",)) and not names.is_allowed("ab:f", ("a",))
    for name in (
        "json:dumps.no",
        "json:os.system",
        "json:codecs.BOM",
        "json:JSONDecoder",
        "json:x",
    ):
        with pytest.raises(ValueError, match="there is no function"):
            names.resolve_function(name, ("json",))
    for name in ("json:dumps", "json:JSONDecoder", "Nothing", "Synapse", "LIF:"):
        with pytest.raises(ValueError, match=r"there is no type|cannot be imported|not allowed"):
            names.resolve_type(name, ("json",))


def loaded(net: nef.Network, tmp_path: Path, **options: Any) -> nef.Network:
    return nef.load_network(net.save(tmp_path / "x", **options))


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("named", [False, True])
def test_rules_have_the_same_keys_after_loading(n: int, named: bool, tmp_path: Path) -> None:
    kinds = [nef.PES(1e-4), nef.Oja(), nef.BCM()][:n]
    net = nef.Network(seed=1)
    a, b = net.ensemble(10, 1), net.ensemble(10, 1)
    rules: Any = {f"r{i}": kind for i, kind in enumerate(kinds)} if named else kinds
    solver = nef.LstsqL2(weights=True) if n == 2 else nef.LstsqL2()
    c = net.connect(a, b, learning_rule=rules or None, solver=solver)
    if n:
        net.connect(net.node(0.1), c.learning[0])
    d = loaded(net, tmp_path).connections[0]
    assert [key for key, _ in d.rules] == [key for key, _ in c.rules]
    assert [rule for _, rule in d.rules] == [rule for _, rule in c.rules]
    assert type(d.learning_rule) is type(c.learning_rule)
    single = net.connect(a, b, learning_rule=nef.PES())
    net.connect(net.node(0.1), single.learning_rule)
    assert [k for k, _ in loaded(net, tmp_path).connections[-2].rules] == [None]


def test_every_kind_of_end_is_that_of_the_network(tmp_path: Path) -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(10, 3), net.ensemble(10, 1)
    u = net.node([1.0, 2.0, 3.0])
    net.connect(u[[2, 0, 1]], a)
    net.connect(a[[0, 2]], net.node(size_in=2))
    net.connect(a.neurons[4:7], b.neurons[[0, 3, 1]], transform=1e-3)
    c = net.connect(a, b, learning_rule=[nef.PES(), nef.PES(1e-5)], function=lambda_free)
    net.connect(u[0], c.learning[1])
    net.connect(u[1], c.learning[0])
    net.connect(u[2], c.learning[1].gate)
    for target in (u, a, a[1], a.neurons, c, c.learning[1]):
        net.probe(target)
    other = nef.load_network(net.save(tmp_path / "x"), allow=(__name__,))
    for kind in ("all_connections", "all_probes"):
        ends = [
            [repr(getattr(thing, end, None)) for end in ("pre", "post", "target")]
            for thing in getattr(net, kind)
        ]
        assert ends == [
            [repr(getattr(thing, end, None)) for end in ("pre", "post", "target")]
            for thing in getattr(other, kind)
        ]


def lambda_free(x: Any) -> Any:
    return x[:1] * x[1:2]


@pytest.mark.parametrize("steps", [0, 20])
def test_loaded_arrays_are_those_of_the_simulator_and_read_only(steps: int, tmp_path: Path) -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(12, 2), net.ensemble(10, 1)
    c = net.connect(a, b, learning_rule=nef.PES(), function=np.prod)
    v = net.connect(net.node([0.3, 0.4]), a, learning_rule=nef.Voja(learning_rate=1e-2))
    full = net.connect(b, a, transform=[[1.0], [0.5]], solver=nef.LstsqL2(weights=True))
    net.connect(net.node(0.1), c.learning_rule)
    net.probe(a)
    sim = nef.Simulator(net, backend="numpy", progress=False)
    sim.run_steps(steps)
    other = loaded(net, tmp_path, sim=sim)
    twin = nef.Simulator(other, backend="numpy", progress=False)
    for old, new in zip(net.all_ensembles, other.all_ensembles, strict=True):
        for name in ("gain", "bias", "max_rates", "intercepts", "encoders"):
            one, two = (getattr(s.built.ensembles[e], name) for s, e in ((sim, old), (twin, new)))
            assert np.array_equal(one, two, equal_nan=True), name
            assert not other.presets[new][name].flags.writeable
    assert np.array_equal(sim.data[c].weights, twin.data[other.all_connections[0]].weights)
    assert np.array_equal(
        sim.data[a].scaled_encoders, twin.data[other.all_ensembles[0]].scaled_encoders
    )
    assert np.array_equal(
        sim.built.connections[full].full, twin.built.connections[other.all_connections[2]].full
    )
    assert other.presets.keys() == {
        *other.all_ensembles,
        *other.all_connections[::2],
        *other.all_probes,
    }
    assert v in net.all_connections
