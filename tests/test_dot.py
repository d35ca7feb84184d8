"""A network as DOT: every object once, and a line for each connection."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest

import nefsim as nef
from nefsim import networks


def learned() -> nef.Network:
    net = nef.Network(label='a "quoted"\nname')
    u, a = net.node(np.sin, label='u \\ "t"'), net.ensemble(10, 1)
    b = net.ensemble(10, 1, neuron_type=nef.Direct())
    net.connect(u, a, synapse=None)
    c = net.connect(a, b, learning_rule=nef.PES(), delay=0.01, synapse=nef.Alpha(0.1))
    error = net.node(size_in=1)
    net.connect(b, error)
    net.connect(error, c.learning_rule)
    net.connect(u, c.learning_rule.gate)
    net.connect(a.neurons[:3], a.neurons[2:5], transform=0.0)
    return net


def nested() -> nef.Network:
    net = nef.Network()
    p = networks.product(net, 20, 2)
    net.connect(net.node([1.0, 2.0]), p.a)
    return net


@pytest.mark.parametrize("make", [learned, nested, nef.Network])
def test_each_object_and_each_connection_has_a_line(make: type[nef.Network]) -> None:
    net = make()
    text = net.to_dot()
    shapes = re.findall(r"^ *(n\d+) \[.*shape=(\w+)\];$", text, re.M)
    assert [s for _, s in shapes].count("ellipse") == len(net.all_nodes)
    assert [s for _, s in shapes].count("box") == len(net.all_ensembles)
    assert len({name for name, _ in shapes}) == len(shapes)
    edges = re.findall(r"^ *(n\d+) -> (n\d+) \[", text, re.M)
    assert len(edges) == len(net.all_connections)
    assert {end for edge in edges for end in edge} <= {name for name, _ in shapes}
    assert text.count("{") == text.count("}") == 1 + len([*net.everything()][1:])
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg"], input=text, text=True, check=True, capture_output=True)


def test_lines_say_what_a_connection_does() -> None:
    text = learned().to_dot()
    assert text.startswith('digraph "a \\"quoted\\"\\nname" {\n')
    assert 'label="u \\\\ \\"t\\""' in text
    assert 'label="Alpha(tau=0.1)\\ndelay 0.01 s\\nPES"' in text
    assert text.count("style=dashed") == 2
    assert "direct, 1-D" in text


def test_a_part_of_a_network_is_drawn_alone() -> None:
    net = nested()
    part = net.networks[0].networks[0]
    text = part.to_dot()
    assert text.count("shape=box") == 2
    assert text.count("->") == len(part.all_connections)
