"""Laws of model files: objects and arrays of a network, limits, names and values."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.lowering import build
from nefsim.models import contents, names, read, write
from nefsim.models import format as form
from nefsim.models.values import decode, encode


def network() -> nef.Network:
    """Two networks within another, rules, gates and each kind of end."""
    net = nef.Network(seed=1, label="all")
    u = net.node([0.5, 0.25], label="u")
    a = net.ensemble(6, 2, label="a")
    one, two = net.subnetwork("one", seed=4), net.subnetwork("two")
    b = one.ensemble(5, 2, label="b")
    d = two.ensemble(1, 1, neuron_type=nef.Direct(), label="d")
    two.node(np.sin, label="v")
    net.connect(u, a, label="0")
    learned = net.connect(
        a, b, learning_rule=nef.PES(), solver=nef.LstsqL2(weights=True), label="1"
    )
    net.connect(u, learned.learning_rule, label="2")
    net.connect(u[0], learned.learning_rule.gate, label="3")
    one.connect(a.neurons[[1, 0]], b.neurons[:2], label="4")
    two.connect(b[1], d, transform=3.0, solver=nef.Nnls(), label="5")
    for target in (u, a.neurons, a, learned, learned.learning_rule):
        net.probe(target)
    return net


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    net = network()
    return net.save(tmp_path / "model", sim=nef.Simulator(net))


def changed(saved: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """A copy of a model file with another description."""
    path = saved.with_name("changed.nef")
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == form.DESCRIPTION:
                model = json.loads(data)
                change(model)
                data = json.dumps(model).encode()
            new.writestr(name, data)
    return path


def put(*place: Any, value: Any) -> Callable[[dict[str, Any]], Any]:
    """A change of one item of a description."""

    def change(model: dict[str, Any]) -> None:
        at: Any = model
        for key in place[:-1]:
            at = at[key]
        at[place[-1]] = value

    return change


def test_a_model_is_the_network_that_was_saved(saved: Path) -> None:
    old, new = network(), nef.load_network(saved)
    assert [s.label for s in new.everything()] == ["all", "one", "two"]
    assert [s.seed for s in new.everything()] == [1, 4, None]
    for kind in ("all_nodes", "all_ensembles", "all_connections", "all_probes"):
        ones, others = getattr(old, kind), getattr(new, kind)
        assert [x.label for x in ones] == [x.label for x in others]
        assert [x.network.label for x in ones] == [x.network.label for x in others]
    for one, other in zip(old.all_connections, new.all_connections, strict=True):
        for end in ("pre", "post"):
            assert repr(getattr(one, end)) == repr(getattr(other, end))
        assert (one.solver, one.synapse, one.size_mid) == (
            other.solver,
            other.synapse,
            other.size_mid,
        )
    assert new.all_connections[3].post.learning.connection is new.all_connections[1]
    assert all(not a.flags.writeable for arrays in new.presets.values() for a in arrays.values())

    # An empty table of arrays is none.
    def empty(model: dict[str, Any]) -> None:
        model["built"] = {kind: [] for kind in model["built"]}

    assert nef.load_network(changed(saved, empty)).presets == {}
    warned = changed(saved, put("networks", 1, "warns_of_radius", value=False))
    found = [s._warns_of_radius for s in nef.load_network(warned).everything()]
    assert found == [True, False, True]


def test_arrays_of_a_file_are_those_of_the_simulator(saved: Path) -> None:
    old, new = (build(net, 0.001, 1) for net in (network(), nef.load_network(saved)))
    for one, other in zip(old.connections.values(), new.connections.values(), strict=True):
        ones, others = np.asarray(one.weights), np.asarray(other.weights)
        np.testing.assert_array_equal(ones, others)
        assert np.array_equal(one.transform, other.transform)
    for one, other in zip(old.probe_data.values(), new.probe_data.values(), strict=True):
        np.testing.assert_array_equal(one.decoders, other.decoders)
    for before, after in zip(old.ensembles.values(), new.ensembles.values(), strict=True):
        for name in ("encoders", "gain", "bias", "max_rates", "intercepts", "scaled_encoders"):
            np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


def test_a_file_is_read_up_to_its_limit(saved: Path) -> None:
    with form.ModelFile("w", saved) as file:
        size = file.size
        array = file.array("built/ensembles/0/gain")
        assert file._read == array.nbytes == 48
    nef.load_network(saved, limit=size)
    with pytest.raises(
        ValueError, match=f"it unpacks to {size} bytes, above the limit of {size - 1}"
    ):
        nef.load_network(saved, limit=size - 1)
    with form.ModelFile("w", saved, size) as file:
        file._read = size - 48
        file.array("built/ensembles/0/gain")
        with pytest.raises(ValueError, match=f"so often that they exceed {size} bytes"):
            file.array("built/ensembles/0/gain")
    with pytest.raises(ValueError, match="limit must be at least 1"):
        nef.load_network(saved, limit=0)
    assert form.path_of("w", "a/b") == Path("a/b.nef") and form.path_of("w", "a.x") == Path("a.x")
    with pytest.raises(ValueError, match=r"load_network: path must be a file, got .*missing\.nef"):
        nef.load_network(saved.with_name("missing"))


def test_parts_are_the_arrays_that_a_simulator_has() -> None:
    net = network()
    a, b, d = net.all_ensembles
    vector, other = ((6,), True), ((6, 2), False)
    expected: dict[str, Any] = dict.fromkeys(("gain", "bias", "max_rates", "intercepts"), vector)
    assert read._parts_of_ensemble(a) == {"encoders": ((6, 2), True), **expected, "learned": other}
    assert read._parts_of_ensemble(d) == {}
    parts = [read._parts_of_connection(c) for c in net.all_connections]
    learned = {"learned": ((None, None), False)}
    assert parts[0] == parts[2] == parts[3] == parts[4] == {}
    assert parts[1] == {**learned, "full": ((5, 6), True), "decoders": ((6, 2), True)}
    assert parts[5] == {"decoders": ((5, 1), True)}
    weights = net.connect(a, b, solver=nef.Nnls(weights=True))
    assert read._parts_of_connection(weights) == {"full": ((5, 6), True)}
    wide = net.connect(a, net.node(size_in=3), function=lambda x: x[:1], transform=np.ones((3, 1)))
    assert read._parts_of_connection(wide) == {"decoders": ((6, 1), True)}
    bcm = net.connect(a.neurons, b.neurons, transform=np.ones((5, 6)), learning_rule=nef.BCM())
    assert read._parts_of_connection(bcm) == {**learned, "rule 0 theta": ((None,), False)}
    voja = net.connect(net.all_nodes[0], a, learning_rule=[nef.Voja(), nef.Voja()])
    assert read._parts_of_connection(voja) == {}
    shown = [read._parts_of_probe(p) for p in net.all_probes]
    assert shown == [{}, {}, {"decoders": ((6, 2), True)}, {}, {}]
    assert read._parts_of_probe(net.probe(a[1])) == {"decoders": ((6, 1), True)}
    assert read._parts_of_probe(net.probe(d)) == {}


def test_rules_are_one_or_several_by_number_or_name() -> None:
    one, two = nef.PES(), nef.BCM()
    assert read._rules([]) is None and read._rules([(None, one)]) is one
    assert read._rules([(0, one), (1, two)]) == [one, two]
    assert read._rules([("a", one), ("b", two)]) == {"a": one, "b": two}


def test_values_of_functions_are_at_the_points_of_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = nef.Network()
    a, y = net.ensemble(20, 1), net.node(size_in=1)
    points = np.array([[0.5], [-1.0]])
    private = net.connect(a, y, function=lambda x: 3 * x, eval_points=points)
    known = net.connect(a, y, function=np.sin)
    called = net.connect(net.node(1.0), y, function=lambda x: 3 * x)
    plain = net.connect(a, y)
    values = write.Values(net, None)
    built: list[Any] = []
    build = write.build
    monkeypatch.setattr(write, "build", lambda *a: built.append(a[1:]) or build(*a))
    for other in (known, called, plain, a):
        assert values.of(other) == {}
    found = values.of(private)
    assert found["function"].tolist() == [[1.5], [-3.0]] and found["scale_eval_points"] is False
    assert np.array_equal(found["eval_points"], points)
    values.of(private)
    assert built == [(0.001, 0)]  # once, with the seed of an open network


def test_names_are_those_of_tables_or_of_modules_that_define_them() -> None:
    for function, name in (
        (np.sin, "numpy:sin"), (math.sin, "math:sin"), (np.sum, "numpy:sum"),
        (json.dumps, "json:dumps"), (lambda x: x, None), (network, f"{__name__}:network"),
    ):  # fmt: skip
        assert names.name_of_function(function) == name
    assert names.name_of_type(nef.LIF) == "LIF"
    for name, allow, is_allowed in (
        ("LIF", (), True), ("numpy:sin", (), True), ("numpy:sum", (), True), ("math:sin", (), True),
        ("math:pi", (), False), ("numpy:load", (), False), ("scipy.special:erf", (), True),
        ("scipy.special:factorial", (), False), ("mine:f", (), False), ("mine:f", ("mine",), True),
        ("mine.part:f", ("mine",), True), ("minetoo:f", ("mine",), False),
        ("nefsim.networks:f", (), True), ("nefsim.networks.x:f", (), True),
        ("nefsim.networks2:f", (), False), ("nefsim:f", (), False),
    ):  # fmt: skip
        assert names.is_allowed(name, allow) is is_allowed, name
    assert names.resolve_function("numpy:sin", ()) is np.sin
    assert names.resolve_function("json:dumps", ("json",)) is json.dumps
    for name, allow, words in (
        ("json:dumps", (), "of a module that is not allowed"),
        ("LIF", (), "of a module that is not allowed"),
        ("json:JSONDecoder", ("json",), "there is no function"),
        ("json:nothing", ("json",), "there is no function"),
        ("json:codecs.open", ("json",), "there is no function"),
        ("no_such_module:f", ("no_such_module",), "no_such_module cannot be imported"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            names.resolve_function(name, allow)
    assert names.resolve_type("LIF", ()) is nef.LIF
    for name in ("Nothing", "NeuronType", "json:JSONDecoder"):
        with pytest.raises(ValueError, match="there is no type"):
            names.resolve_type(name, ("json",))
    with pytest.raises(ValueError, match="that is not allowed"):
        names.resolve_type("json:JSONDecoder", ())


def test_values_are_refused_with_the_cure_of_their_place() -> None:
    def message(value: Any, place: str) -> str:
        with pytest.raises((TypeError, ValueError)) as raised:
            encode(value, place, {})
        return str(raised.value)

    more = 'or pass functions="values"'
    assert more in message(lambda x: x, "connections/0/function")
    for place in ("connections/0/transform", "nodes/0/function", "nodes/0/output"):
        text = message(lambda x: x, place)
        assert "be a function that can be imported by name" in text and more not in text
    assert "be numbers, texts, arrays, functions and values" in message(
        nef.Network, "nodes/0/output"
    )
    assert "be numbers, texts, arrays, functions and values" in message(object(), "nodes/0/output")

    class Local(nef.LIF):
        pass

    assert "of a type that can be imported by name" in message(Local(), "x")
    for value in ({"dict": [[1, 2, 3]]}, {"dict": [3]}, {"dict": [[None, 1]]}, {"number": "1"}):
        with pytest.raises(ValueError, match="is no"):
            decode(value, None, ())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Lowpass has the fields tau"):
        decode({"type": "Lowpass", "fields": {"tau": 0.1, "x": 1}}, None, ())  # type: ignore[arg-type]


def test_contents_count_neurons_and_need_whole_numbers(saved: Path) -> None:
    found = contents(saved)
    assert (found["label"], found["seed"], found["neurons"]) == ("all", 1, 12)
    assert [found[k] for k in ("networks", "nodes", "ensembles", "connections")] == [3, 2, 3, 6]
    assert found["built"] is True and found["modules"] == []
    empty = contents(changed(saved, put("networks", value=[])))
    assert (empty["label"], empty["seed"]) == (None, None)
    for wrong in (True, 1.0, "1"):
        with pytest.raises(ValueError, match="n_neurons is"):
            contents(changed(saved, put("ensembles", 0, "n_neurons", value=wrong)))


def test_arrays_of_a_file_are_finite_but_for_rates_and_intercepts() -> None:
    bad = np.array([1.0, np.nan])
    for name in ("gain", "decoders"):
        with pytest.raises(ValueError, match=f"built/x/{name} must be finite, got numbers that"):
            write._encode_row({name: bad}, "built/x", {})
    arrays: dict[str, Any] = {}
    assert write._encode_row({"max_rates": bad, "intercepts": bad}, "built/x", arrays) == {
        name: {"array": f"built/x/{name}"} for name in ("max_rates", "intercepts")
    }


def test_arrays_of_one_population_of_a_file_are_not_those_of_another_with_its_seed() -> None:
    net = nef.Network(seed=1)
    one, two = (net.ensemble(5, 2, seed=3, label=label) for label in "ab")
    stored = np.eye(2)[[0, 1, 0, 1, 0]]
    ones = {name: np.ones(5) for name in ("gain", "bias", "max_rates", "intercepts")}
    net.presets = {two: {"encoders": stored, **ones}}
    sim = nef.Simulator(net, progress=False)
    np.testing.assert_array_equal(sim.data[two].encoders, stored)
    assert not np.array_equal(sim.data[one].encoders, stored)
