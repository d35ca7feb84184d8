"""Laws of what training writes and reads: further data of a file, and batches of any number."""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the extra train")

from torch import nn  # noqa: E402

from nefsim import train  # noqa: E402

SENTENCE = re.compile(r"[^:\n]+: .+ must .+, got .+; .+\.")


@pytest.mark.parametrize("info", [None, {"seed": 3, "notes": ["a", 1.5, True, None]}, [[]], "text"])
def test_what_is_saved_beside_weights_is_read_again(info: Any, tmp_path: Path) -> None:
    path = train.save(tmp_path / "weights.pt", nn.Linear(2, 1), info=info)
    assert train.load(path, nn.Linear(2, 1)) == info


@pytest.mark.parametrize(
    "info", [lambda x: x, {"loss": np.float64(0.5)}, {"path": Path("a")}, {"module": nn.ReLU()}]
)
def test_what_would_not_be_read_again_is_not_saved(info: Any, tmp_path: Path) -> None:
    path = train.save(tmp_path / "weights.pt", nn.Linear(2, 1), info="good")
    with pytest.raises(TypeError, match=r"^train\.save: info must hold") as caught:
        train.save(path, nn.Linear(2, 1), info=info)
    assert SENTENCE.fullmatch(str(caught.value))
    assert train.load(path, nn.Linear(2, 1)) == "good"


class Pairs(torch.utils.data.IterableDataset):  # type: ignore[type-arg]
    """Data without a length."""

    def __iter__(self) -> Iterator[Any]:
        return iter([(torch.full((2,), x), torch.tensor([x])) for x in (0.5, 1.0, 2.0)])


def test_batches_need_no_length() -> None:
    loader = torch.utils.data.DataLoader(Pairs(), batch_size=2)
    with pytest.raises(TypeError):
        len(loader)
    history = train.fit(
        nn.Linear(2, 1), loader, nn.functional.mse_loss, 2, progress=lambda done, total: None
    )
    assert len(history.losses) == 4


def test_an_array_without_a_length_is_no_batches() -> None:
    with pytest.raises(TypeError, match=r"^fit: batches must be pairs") as caught:
        train.fit(nn.Linear(2, 1), np.array(None), nn.functional.mse_loss, 1, progress=False)
    assert SENTENCE.fullmatch(str(caught.value))


def test_arrays_of_double_precision_are_trained_on() -> None:
    """NumPy's default type becomes that of weights; a tensor keeps its type."""
    net = train.Layers(nn.Linear(64, 10), train.LIF())
    images = np.random.default_rng(0).random((20, 64))
    batches = train.Batches(
        images, np.zeros(20, int), 5, lambda x, generator: train.poisson(x, 10, generator=generator)
    )
    assert batches.inputs.dtype == torch.float32 and batches.targets.dtype == torch.int64
    assert len(train.fit(net, batches, train.rate_loss, 1, progress=False).losses) == 4
    kept = train.Batches(torch.tensor(images), images)
    assert (kept.inputs.dtype, kept.targets.dtype) == (torch.float64, torch.float32)


@pytest.mark.parametrize("name", train.SURROGATES)
def test_layers_are_pickled_with_their_surrogates(name: str) -> None:
    torch.manual_seed(0)
    net = train.Layers(nn.Linear(4, 3), train.IF(surrogate=name), train.LIF(surrogate=name))
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    x_seq = torch.rand(6, 2, 4)
    found = []
    for copy in (net, pickle.loads(pickle.dumps(net)), torch.load(file, weights_only=False)):
        copy.run(x_seq)[0].sum().backward()
        found.append(copy.layers[0].weight.grad)
    assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])
