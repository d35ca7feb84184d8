"""What `Simulator.load` compares: the first difference of a network, and the code of functions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nefsim as nef
from nefsim import files

HERE = Path(__file__).parent


def test_a_refused_network_is_told_from_the_saved_one(tmp_path):
    def loaded(n_probes=1, neuron_type=nef.LIF(), extra=False):
        net = nef.Network(seed=1)
        a = net.ensemble(10, 1, neuron_type=neuron_type)
        for _ in range(n_probes):
            net.probe(a.neurons)
        if extra:
            net.connect(net.node(1.0), a)
        return nef.Simulator.load(path, net, backend="numpy")

    net = nef.Network(seed=1)
    net.probe(net.ensemble(10, 1).neurons)
    path = nef.Simulator(net, backend="numpy").save(tmp_path / "state")
    loaded()
    for wrong, words in (
        ({"n_probes": 2}, "another network: 2 probes, saved 1; pass"),
        ({"extra": True}, "operations, saved "),
        ({"neuron_type": nef.LIF(tau_rc=0.03)}, "LIF(tau_rc=0.03, "),
    ):
        with pytest.raises(
            ValueError, match=r"net must fit the saved state, got another"
        ) as caught:
            loaded(**wrong)
        assert words in str(caught.value)


def with_node(function) -> nef.Network:
    net = nef.Network(seed=1)
    net.probe(net.node(function))
    return net


def doubled(t):
    return 2 * t


def doubled_with_words(t):
    """The same, with a docstring and another name."""
    return 2 * t


def in_a_set(word):
    return lambda t: t if word in {"a", "b", "c", "d"} else 0.0


@pytest.mark.parametrize(
    ("saved", "function", "is_same"),
    [
        (np.sin, np.sin, True),
        (np.sin, np.cos, False),
        (doubled, doubled_with_words, True),
        (doubled, lambda t: 2 * t, True),
        (doubled, lambda t: 3 * t, False),
        (lambda t: np.sin(t), lambda t: np.cos(t), False),
        (lambda t, k=2.0: k * t, lambda t, k=3.0: k * t, False),
        (lambda t: [2 * i for i in [t]], lambda t: [3 * i for i in [t]], False),
        (in_a_set("a"), in_a_set("e"), True),  # values of variables are not compared
        (doubled, nef.Piecewise({0.0: 1.0}), None),
    ],
)
def test_a_function_with_other_code_is_named_by_a_warning(tmp_path, saved, function, is_same):
    path = nef.Simulator(with_node(saved), backend="numpy").save(tmp_path / "state")
    if is_same:
        nef.Simulator.load(path, with_node(function), backend="numpy")
        return
    if is_same is None:
        with pytest.raises(ValueError, match="got another network"):
            nef.Simulator.load(path, with_node(function), backend="numpy")
        return
    words = r"Simulator\.load: function of <node 'node 0'> must be .+, got other code; the run goes"
    with pytest.warns(UserWarning, match=words) as caught:
        nef.Simulator.load(path, with_node(function), backend="numpy")
    assert len(caught) == 1 and caught[0].filename == __file__


def test_functions_are_compared_within_one_version_of_python_and_not_in_replaced_nodes(
    tmp_path, monkeypatch
):
    net, other = with_node(np.sin), with_node(np.cos)
    path = nef.Simulator(net, backend="numpy").save(tmp_path / "state")
    nef.Simulator.load(path, other, backend="numpy", inputs={other.all_nodes[0]: np.tan})
    replaced = {net.all_nodes[0]: np.tan}
    second = nef.Simulator(net, backend="numpy", inputs=replaced).save(tmp_path / "second")
    nef.Simulator.load(second, other, backend="numpy")
    monkeypatch.setattr("nefsim.saving.PYTHON", "another")
    nef.Simulator.load(path, other, backend="numpy")


def test_a_state_without_functions_is_loaded_and_damaged_ones_are_refused(tmp_path):
    path = nef.Simulator(with_node(np.sin), backend="numpy").save(tmp_path / "state")
    with np.load(path) as file:
        arrays = dict(file)
    meta = json.loads(str(arrays.pop("nefsim")))
    del meta["version"]
    assert meta["functions"]["marks"] == [["<node 'node 0'>", "sin"]]
    for functions in (None, 3, {"python": "x"}, {"python": "x", "marks": [["a"]]}):
        files.write("x", path, arrays, {**meta, "functions": functions})
        with pytest.raises(ValueError, match=r"path must be a simulator of nefsim, .+functions"):
            nef.Simulator.load(path, with_node(np.cos), backend="numpy")
    del meta["functions"]  # as in files of earlier versions
    files.write("x", path, arrays, meta)
    nef.Simulator.load(path, with_node(np.cos), backend="numpy")


def test_marks_of_functions_are_those_of_another_session():
    code = "from test_loading import *; from nefsim._code import mark; print(mark(in_a_set(1)))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{HERE.parent}:{HERE}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
