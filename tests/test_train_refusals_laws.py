"""What training refuses: each error names the argument, and says what it must be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef

torch = pytest.importorskip("torch")

from nefsim.train import checkpoints, losses  # noqa: E402
from nefsim.train.fit import checked  # noqa: E402
from nefsim.train.nef import _order  # noqa: E402

SPIKES = torch.zeros(4, 3, 2)
CLASSES = torch.tensor([0, 1, 1])


def net(kind: str) -> nef.Network:
    """A network with a part that cannot be trained."""
    made = nef.Network(seed=1)
    a, b = made.ensemble(5, 1), made.ensemble(5, 1)
    out = made.node(size_in=1)
    if kind == "neurons":
        made.connect(a.neurons, out, transform=np.ones((1, 5)))
    elif kind == "weights":
        made.connect(a, b, solver=nef.LstsqL2(weights=True))
    elif kind == "function of a node":
        made.connect(made.node(1.0), b, function=np.square)
    elif kind == "rule":
        made.connect(out, made.connect(a, b, learning_rule=nef.PES()).learning_rule)
    elif kind == "type":
        made.ensemble(5, 1, neuron_type=nef.Sigmoid())
    elif kind == "function":
        made.node(lambda t, x: x, size_in=1)
    return made


CASES: dict[str, tuple[Any, str]] = {
    "a number": (lambda: [*checked("fit", 3)], "batches must be pairs to iterate over, got 3"),
    "three tensors": (lambda: [*checked("fit", [(SPIKES,) * 3])], "batches must be pairs of"),
    "one tensor": (lambda: [*checked("fit", [SPIKES])], "batches must be pairs of tensors"),
    "half a pair": (lambda: [*checked("fit", [(SPIKES, 1)])], "batches must be pairs of tensors"),
    "spikes of NumPy": (lambda: losses._spikes("a", np.ones(3), 0), "y_seq must be a tensor"),
    "whole numbers": (
        lambda: losses._spikes("a", SPIKES.long(), 3),
        "y_seq must have a floating-point type, got torch.int64",
    ),
    "one axis": (lambda: losses._spikes("a", SPIKES[0, 0], 3), r"y_seq must have shape \(T, B, N"),
    "no spikes": (lambda: losses._spikes("a", SPIKES[:0], 0), r"y_seq must have shape \(T, \.\.\."),
    "a list of labels": (lambda: losses._labels("a", [0, 1, 1], SPIKES), "labels must be a tensor"),
    "labels of another type": (
        lambda: losses._labels("a", CLASSES.int(), SPIKES),
        "labels must have type torch.int64, got torch.int32",
    ),
    "two labels of three": (
        lambda: losses._labels("a", CLASSES[:2], SPIKES),
        r"labels must have shape \(3,\), got shape \(2,\)",
    ),
    "a label above": (
        lambda: losses._labels("a", CLASSES + 1, SPIKES),
        "labels must be classes from 0 to 1, got 2",
    ),
    "a label below": (
        lambda: losses._labels("a", CLASSES - 1, SPIKES),
        "labels must be classes from 0 to 1, got -1",
    ),
    **{
        kind: (lambda kind=kind: _order(net(kind)), f"NEF: {words}")
        for kind, words in (
            ("neurons", "connections must decode from ensembles, and lead to values"),
            ("weights", "connections must decode from ensembles, and lead to values"),
            ("function of a node", "connections must decode from ensembles"),
            ("rule", "connections must decode from ensembles"),
            ("type", "ensembles must be of LIF or rectified linear neurons"),
            ("function", "nodes must be inputs, constants or junctions"),
        )
    },
}


@pytest.mark.parametrize("name", CASES)
def test_an_error_says_what_the_argument_must_be(name: str) -> None:
    function, words = CASES[name]
    with pytest.raises((TypeError, ValueError), match=words):
        function()


def test_the_limits_of_what_is_refused_are_allowed() -> None:
    assert losses._labels("a", CLASSES, SPIKES) is CLASSES
    assert losses._spikes("a", SPIKES, 3) is SPIKES
    assert losses._spikes("a", SPIKES[0, 0], 0).shape == (2,)
    assert [*checked("fit", [(SPIKES, CLASSES), [CLASSES, SPIKES]])][1][0] is CLASSES
    assert len(_order(net(""))) == 3


def test_a_checkpoint_whose_sum_differs_is_refused(tmp_path: Path) -> None:
    layer = torch.nn.Linear(2, 2)
    file = tmp_path / "a.pt"
    torch.save(layer.state_dict(), file)
    assert not checkpoints._is_sealed(file)
    data = file.read_bytes()
    assert data.endswith(checkpoints.NO_COMMENT)
    comment = checkpoints.SEAL + b"0" * 64
    file.write_bytes(data[:-2] + len(comment).to_bytes(2, "little") + comment)
    with pytest.raises(ValueError, match="its checksum differs"):
        checkpoints._is_sealed(file)
