"""The table of quantities: readers, errors and documents follow it."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.lowering.probes import READERS
from nefsim.network.quantities import QUANTITIES, VARIABLE, kind_of, probeable, row_of, table


def network() -> dict[str, Any]:
    """One object of each kind, by the name of its kind."""
    net = nef.Network(seed=1)
    node = net.node(lambda t, x: x, size_in=2)
    a, b = net.ensemble(20, 2), net.ensemble(30, 3)
    learned = net.connect(a, b, transform=np.ones((3, 2)), learning_rule=nef.PES())
    net.connect(b, learned.learning_rule)
    return {
        "node": node,
        "ensemble": a,
        "neurons": a.neurons,
        "connection": learned,
        "rule": learned.learning_rule,
        "gate": learned.learning_rule.gate,
    }


def test_each_quantity_has_one_reader() -> None:
    rows = [(row.of, row.name) for row in QUANTITIES]
    assert len(set(rows)) == len(rows)
    assert set(rows) == READERS.keys()


def test_the_table_is_in_the_docstring_of_probe() -> None:
    assert "\n".join(table()) in (inspect.getdoc(nef.Network.probe) or "")


@pytest.mark.parametrize("kind", {row.of for row in QUANTITIES})
def test_records_have_the_shape_of_the_table(kind: str) -> None:
    obj = network()[kind]
    assert kind_of(obj) == kind
    net = obj.network.root
    sizes = {"D": 2, "N": 20, "size_out": obj.size_out if kind == "node" else 3, "M": 3}
    sizes |= {"size_in": obj.size_in if kind == "node" else 3, "rows": 3, "columns": 20, "1": 1}
    names = probeable(obj)
    probes = [net.probe(obj, name) for name in names]
    sim = nef.Simulator(net)
    sim.run(0.01)
    for name, probe in zip(names, probes, strict=True):
        row = row_of(obj, name)
        assert row.name in (name, VARIABLE)
        expected = tuple(sizes[size] for size in row.shape.strip("(),").split(", "))
        assert sim.data[probe].shape == (10, *expected)


@pytest.mark.parametrize("kind", {row.of for row in QUANTITIES})
def test_the_default_is_the_first_and_errors_list_all(kind: str) -> None:
    obj = network()[kind]
    names = probeable(obj)
    assert obj.network.root.probe(obj).attr == names[0]
    with pytest.raises(ValueError, match="attr must be ") as caught:
        obj.network.root.probe(obj, "colour")
    listed = str(caught.value).partition(", got")[0]
    for row in QUANTITIES:
        if row.name != VARIABLE:
            assert (f"'{row.name}'" in listed or f'"{row.name}"' in listed) == (row.name in names)
    assert all(row.name in (*names, VARIABLE) for row in QUANTITIES if row.of == kind)


def test_a_gate_without_an_input_is_1() -> None:
    gate = network()["gate"]
    probe = gate.network.root.probe(gate)
    sim = nef.Simulator(gate.network.root)
    sim.run(0.002)
    assert sim.data[probe].tolist() == [[1.0], [1.0]]


def test_a_gate_with_an_input_is_that_of_its_step() -> None:
    gate = network()["gate"]
    net = gate.network.root
    net.connect(net.node(lambda t: 100 * t), gate, synapse=None)
    probe = net.probe(gate)
    sim = nef.Simulator(net)
    sim.run(0.003)
    np.testing.assert_allclose(sim.data[probe], [[0.1], [0.2], [0.3]], rtol=1e-12)
