"""What training refuses: each error names the argument, and says what it must be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef

torch = pytest.importorskip("torch")

from nefsim import train  # noqa: E402
from nefsim.train import checkpoints, losses  # noqa: E402
from nefsim.train.fit import checked  # noqa: E402
from nefsim.train.nef import _order  # noqa: E402

SPIKES = torch.zeros(4, 3, 2)
CLASSES = torch.tensor([0, 1, 1])


NN = torch.nn
SPIKING = train.Layers(NN.Linear(64, 10), train.LIF(), NN.Linear(10, 10), train.LIF())
RELU = train.Layers(NN.Linear(64, 10), NN.ReLU(), NN.Linear(10, 10), train.LIF())
HALVES = [(torch.full((3, 2, 64), 0.5), torch.zeros(2, dtype=torch.long))]


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
    "a ReLU between neurons": (
        lambda: train.to_network(RELU, (64,)),
        r"module must have spiking neurons only, got ReLU; write train.IF\(\) or train.LIF\(\)",
    ),
    "a shape that does not fit": (
        lambda: train.to_network(SPIKING, (32,)),
        r"shape must fit the modules, got \(32,\) into Linear\(in.* which leads to \(64,\) here",
    ),
    "a shape that does not fit a convolution": (
        lambda: train.to_network(train.Layers(NN.Conv2d(1, 2, 3), train.LIF()), (3, 8, 8)),
        r"shape must fit the modules, got \(3, 8, 8\) into Conv2d\(1, 2.* input in one step\.",
    ),
    "a text for a shape": (
        lambda: train.to_network(SPIKING, "64"),
        r"shape must be a whole number, got '64'; pass the shape of one input in one step, such",
    ),
    "inputs of half the size": (
        lambda: train.to_network(SPIKING, (64,)).run(torch.zeros(3, 2, 32)),
        r"Exported.run: x_seq must have 64 values for each input, got shape \(3, 2, 32\); pass an",
    ),
    "images of half the size": (
        lambda: train.to_network(
            train.Layers(train.DirectEncoding(NN.Linear(4, 2), n_steps=3), train.IF()), 4
        ).run(torch.zeros(2, 3)),
        r"Exported.run: x_seq must have 4 values for each input, got shape \(2, 3\); pass an",
    ),
    **{
        f"an array for {type(module).__name__}": (
            lambda module=module: module.run(np.ones((3, 2, 64))),
            r"\.run: x_seq must be a tensor, got an .* float64; pass torch\.as_tensor",
        )
        for module in (
            SPIKING,
            train.LIF(),
            train.SNU(64, 2),
            train.DirectEncoding(NN.Linear(64, 2), n_steps=3),
        )
    },
    "the class of an optimizer": (
        lambda: train.fit(SPIKING, HALVES, train.rate_loss, 1, torch.optim.Adam),
        r"optimizer must be an optimizer of PyTorch, got the class Adam; pass such as torch.optim",
    ),
    **{
        f"a loss of classes, {kind}": (
            lambda loss=loss: train.fit(SPIKING, HALVES, loss, 1, progress=False),
            r"loss must take the outputs of all steps, \(3, 2, 10\), .*train.count_loss",
        )
        for kind, loss in (
            ("module", NN.CrossEntropyLoss()),
            ("function", NN.functional.cross_entropy),
        )
    },
    **{
        f"a seed of {encode.__name__}": (
            lambda encode=encode: encode(torch.ones(2, 4), 3, generator=1),
            r"generator must be a generator of PyTorch, got 1; pass torch.Generator\(\).manual_s",
        )
        for encode in (train.poisson, train.jittered)
    },
    **{
        f"{kind.__name__} of snnTorch, {keyword}": (
            lambda kind=kind, keyword=keyword: kind(**{keyword: 0.9}),
            f"{kind.__name__}: keyword must be one of its arguments, got {keyword}=; {words}",
        )
        for kind, keyword, words in (
            (train.LIF, "beta", r"write train.LIF\(tau\) with tau = 1 / \(1 - beta\), or train.IF"),
            (train.IF, "beta", r"write train.LIF\(tau\) with tau = 1 / \(1 - beta\), or train.IF"),
            (train.SNU, "beta", r"write decay="),
            (train.PLIF, "reset_mechanism", r"write reset="),
            (train.LIF, "spike_grad", r"write surrogate="),
            (train.LIF, "learn_beta", r"write train.PLIF\(tau\)"),
            (train.LIF, "init_hidden", r"leave it out, as y, state = layer\(x, state\)"),
        )
    },
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


def test_names_of_snntorch_are_answered_by_those_of_the_room() -> None:
    for name, words in (("Leaky", "write train.LIF(tau)"), ("spikegen", "train.poisson")):
        with pytest.raises(AttributeError) as caught:
            getattr(train, name)
        assert words in str(caught.value)
    with pytest.raises(AttributeError, match=r"no Layer; did you mean Layers\?"):
        train.Layer  # noqa: B018  (not known to linters of types, either)


def test_losses_of_pytorch_that_fit_are_taken() -> None:
    cross = NN.CrossEntropyLoss()
    history = train.fit(SPIKING, HALVES, lambda y, k: cross(y.mean(0), k), 1, progress=False)
    pairs = [(torch.rand(3, 2, 64), torch.rand(3, 2, 10))]  # a target for each step
    history.losses += train.fit(SPIKING, pairs, NN.MSELoss(), 1, progress=False).losses
    assert np.isfinite(history.losses).all() and len(history.losses) == 2


def test_a_number_is_the_shape_of_a_row() -> None:
    x_seq = torch.rand(5, 2, 64)
    of_number, of_row = (train.to_network(SPIKING, shape).run(x_seq) for shape in (64, (64,)))
    assert np.array_equal(of_number, of_row) and of_row.shape == (5, 2, 10)


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
