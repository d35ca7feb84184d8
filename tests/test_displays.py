"""Objects in a notebook: tables of HTML with escaped text, and short texts elsewhere."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim import _html as html

SCRIPT = '<script>alert("&")</script>'


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    """One object of each kind that has a display."""
    net = nef.Network(seed=1, label=SCRIPT)
    node = net.node(np.sin, label=SCRIPT + " node")
    a = net.ensemble(50, 2, label=SCRIPT + " a", encoders=np.eye(2)[np.arange(50) % 2])
    c = net.connect(node, a[0], label=SCRIPT + " c", synapse=0.1)
    d = net.connect(a, net.node(size_in=2), label=SCRIPT + " d")
    probe = net.probe(a, label=SCRIPT + " p", synapse=0.03)
    sim = nef.Simulator(net, backend="numpy")
    sim.run(0.01)
    return {
        "network": net,
        "node": node,
        "ensemble": a,
        "connection": c,
        "probe": probe,
        "data": sim.data,
        "built ensemble": sim.data[a],
        "built connection": sim.data[d],
        "result": sim.result(),
        "description": nef.describe(net),
        "report": nef.crosscheck(net, 0.01, ("numpy", "numpy")),
    }


#: Text that the display of an object has, in cells of its table.
WORDS = {
    "network": ["50", "LIF(", "Lowpass(tau=0.1)", "decoded_output", "function sin"],
    "node": ["size_out", "function sin"],
    "ensemble": ["n_neurons", "50", "array (50, 2), from 0 to 1", "Uniform("],
    "connection": ["synapse", "Lowpass(tau=0.1)", "NoiseMatched("],
    "probe": ["decoded_output", "Lowpass(tau=0.03)"],
    "data": ["(10, 2)", "BuiltEnsemble(", "BuiltConnection("],
    "built ensemble": ["encoders", "array (50, 2), from 0 to 1", "max_rates"],
    "built connection": ["decoders", "array (50, 2)", "rmse"],
    "result": ["(10, 2)", "10 steps"],
    "description": ["schedule:", "50 neurons"],
    "report": ["The back ends agree"],
}


@pytest.mark.parametrize("kind", WORDS)
def test_a_display_is_a_whole_table_with_the_values(objects: dict[str, Any], kind: str) -> None:
    text = objects[kind]._repr_html_()
    tree = ElementTree.fromstring(text)  # every tag is closed
    assert {element.tag for element in tree.iter()} <= {
        *("div", "table", "caption", "tr", "th", "td", "pre"),
    }
    content = "".join(tree.itertext())
    for word in WORDS[kind]:
        assert word in content
    assert "<script" not in text


@pytest.mark.parametrize("kind", WORDS)
def test_a_repr_is_short(objects: dict[str, Any], kind: str) -> None:
    assert "\n" not in repr(objects[kind])
    assert len(repr(objects[kind])) < 250


def test_the_verdict_of_a_report_is_in_its_repr() -> None:
    net = nef.Network(seed=1)
    net.connect(net.node(np.sin), net.ensemble(30, 1))
    report = nef.crosscheck(net, 0.05, ("numpy", "numpy"))
    text = f"<crosscheck: numpy and numpy agree, {report.n_spikes} spikes, 0 differ>"
    assert repr(report) == text and report.n_spikes > 0
    assert repr(nef.describe(net)).startswith("<description: ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.1235"),
        ("a", "a"),
        (None, "None"),
        (np.array([]), "array (0,)"),
        (np.array([1.0, -2.0]), "array (2,), from -2 to 1"),
        (scipy.sparse.eye_array(3).tocsr(), "sparse array (3, 3)"),
        ({"rmse": np.float64(0.5), "n": 3}, "rmse: 0.5, n: 3"),
        (np.sin, "function sin"),
        (nef.Lowpass(0.1), "Lowpass(tau=0.1)"),
    ],
    ids=str,
)
def test_values_are_shown_on_one_line(value: object, text: str) -> None:
    assert html.show(value) == text


def test_a_long_table_counts_the_rows_that_it_leaves_out() -> None:
    tree = ElementTree.fromstring(html.table("rows", [(k,) for k in range(100)]))
    cells = [cell.text for cell in tree.iter("td")]
    assert len(cells) == html.MOST_ROWS + 1
    assert cells[-1] == f"and {100 - html.MOST_ROWS} more"
