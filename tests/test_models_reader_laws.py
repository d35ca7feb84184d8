"""Laws of the reader of model files: tables that do not fit are refused by their place."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.models import format as form


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


def swap(kind: str, i: int, k: int) -> Callable[[dict[str, Any]], Any]:
    def change(model: dict[str, Any]) -> None:
        rows = model[kind]
        rows[i], rows[k] = rows[k], rows[i]

    return change


ARRAY = {"array": "built/ensembles/0/gain"}

CHANGES: list[tuple[str, Any, str]] = [
    (
        "first parent",
        put("networks", 0, "parent", value=0),
        r"networks\[0\]: the first network alone",
    ),
    (
        "second parent",
        put("networks", 1, "parent", value=None),
        r"networks\[1\]: the first network",
    ),
    ("later parent", put("networks", 1, "parent", value=2), r"networks\[1\]: "),
    ("own parent", put("networks", 2, "parent", value=2), r"networks\[2\]: "),
    ("no networks", put("networks", value=[]), "networks are not in the order of the model"),
    ("warns", put("networks", 0, "warns_of_radius", value=1), "warns_of_radius must"),
    ("node order", swap("nodes", 0, 1), r"nodes\[1\]: it is not in the order of the networks"),
    ("node network", put("nodes", 1, "network", value=3), r"nodes\[1\]: "),
    ("negative network", put("nodes", 0, "network", value=-1), "network"),
    (
        "connection network",
        put("connections", 5, "network", value=3),
        r"connections\[5\]: there is no network 3",
    ),
    ("connection order", swap("connections", 0, 4), "connections are not in the order"),
    (
        "own rule",
        put("connections", 0, "post", value={"rule": [0, 0]}),
        "a rule of itself or of a l",
    ),
    (
        "rule beyond",
        put("connections", 2, "post", value={"rule": [6, 0]}),
        r"connections\[2\]: .*no ob",
    ),
    (
        "rule place",
        put("connections", 2, "post", value={"rule": [1, 1]}),
        r"connections\[2\]: .*no ob",
    ),
    (
        "negative place",
        put("connections", 2, "post", value={"rule": [1, -1]}),
        "no object of the mo",
    ),
    ("gate place", put("connections", 3, "post", value={"gate": [1, 1]}), "no object of the model"),
    (
        "node beyond",
        put("connections", 0, "pre", value={"node": 2}),
        r"connections\[0\]: .*no object",
    ),
    ("negative node", put("connections", 0, "pre", value={"node": -1}), "no object of the model"),
    (
        "ensemble beyond",
        put("connections", 0, "post", value={"ensemble": 3}),
        "no object of the mod",
    ),
    ("negative ensemble", put("connections", 0, "post", value={"ensemble": -1}), "no object"),
    (
        "neurons beyond",
        put("connections", 4, "pre", value={"neurons": 3}),
        "no object of the model",
    ),
    ("negative neurons", put("connections", 4, "pre", value={"neurons": -1}), "no object"),
    ("text", put("connections", 0, "pre", value={"node": "0"}), "no object of the model"),
    ("probe", put("probes", 3, "target", value={"connection": 6}), r"probes\[3\]: .*no object"),
    ("indices", put("connections", 3, "pre", "indices", value=[2]), "be within 2 dimensions"),
    ("counts", put("built", "ensembles", value=[{}]), "built.ensembles is of 1 of 3"),
    ("more counts", put("built", "probes", value=[{}] * 6), "built.probes is of 6 of 5"),
    (
        "unknown array",
        put("built", "ensembles", 0, "colour", value=ARRAY),
        r"built.ensembles\[0\]: .*is n",
    ),
    (
        "no row",
        put("built", "ensembles", 0, value=3),
        r"built.ensembles\[0\]: 3 is not of encoders, ga",
    ),
    ("no arrays", put("built", "ensembles", 2, value={"gain": ARRAY}), "is not of no arrays"),
    ("missing array", lambda model: model["built"]["ensembles"][0].pop("bias"), "there is no bias"),
    ("shape", put("built", "ensembles", 0, "encoders", value=ARRAY), "encoders must"),
    (
        "length",
        put("built", "ensembles", 1, "max_rates", value=ARRAY),
        "max_rates is an array of shape",
    ),
    ("number", put("built", "ensembles", 0, "max_rates", value=1.5), r"built.ensembles\[0\]: "),
    (
        "decoders",
        put("built", "probes", 2, "decoders", value=ARRAY),
        r"built.probes\[2\]: .*decoders m",
    ),
    ("probe of a node", put("built", "probes", 0, "decoders", value=ARRAY), "is not of no arrays"),
    (
        "full",
        put("built", "connections", 1, "full", value=ARRAY),
        r"built.connections\[1\]: .*full must",
    ),
    ("version", put("version", value=2), "version"),
    ("version 0", put("version", value=0), "version"),
    ("kind", put("format", value="x"), "format"),
    ("seed", put("networks", 0, "seed", value=2**64), "seed"),
    ("negative seed", put("networks", 0, "seed", value=-1), "seed"),
]


@pytest.mark.parametrize(("name", "change", "words"), CHANGES, ids=[c[0] for c in CHANGES])
def test_tables_that_do_not_fit_are_refused_by_their_place(
    name: str, change: Any, words: str, saved: Path
) -> None:
    del name
    with pytest.raises(ValueError, match=words) as raised:
        nef.load_network(changed(saved, change))
    text = str(raised.value)
    assert text.startswith("load_network: path must be a model of nefsim, got ")
    assert text.endswith("; pass a file that Network.save wrote.")
