"""Networks that are trained by gradient, in the forms of their authors."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nefsim import train

SNU_SIZES = (784, 256, 256, 256, 10)


def silent_network(
    seed: int, iterations: int = 100, detach_reset: bool = False
) -> tuple[train.Layers, list[float]]:
    """300 inputs, 500 neurons that learn to fall silent, a new sample in each iteration."""
    import torch
    from torch import nn

    from nefsim import train

    torch.manual_seed(seed)
    linear = nn.Linear(300, 500)
    nn.init.uniform_(linear.bias)
    net = train.Layers(linear, train.IF(detach_reset=detach_reset))
    samples = [(torch.randint(0, 2, (10, 300)).float(), torch.zeros(())) for _ in range(iterations)]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    with warnings.catch_warnings():
        # Gradients through ten resets overflow in a few neurons, which then never fire.
        warnings.filterwarnings("ignore", "fit: weights must stay finite", RuntimeWarning)
        history = train.fit(
            net, samples, lambda y, _: train.mean_spike_loss(y), optimizer=optimizer, progress=False
        )
    return net, history.losses


def snu_network(**options: Any) -> train.Layers:
    """Four layers of spiking neural units."""
    from nefsim import train

    return train.Layers(*(train.SNU(n, m, **options) for n, m in pairwise(SNU_SIZES)))


def plif_network(
    tau: float, fixed: bool, pool: str, channels: int = 8, dropout: float = 0.0
) -> train.Layers:
    """A small relative of the published network for MNIST, at T = 6; there, dropout is 0.5."""
    from torch import nn

    from nefsim import train

    made = train.LIF if fixed else train.PLIF
    pooled = nn.MaxPool2d if pool == "max" else nn.AvgPool2d
    first = (nn.Conv2d(1, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))
    return train.Layers(
        train.DirectEncoding(*first, n_steps=6),
        made(tau),
        pooled(2),
        nn.Conv2d(channels, channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels),
        made(tau),
        pooled(2),
        nn.Flatten(),
        *([train.Dropout(dropout)] if dropout else []),
        nn.Linear(channels * 49, 128, bias=False),
        made(tau),
        *([train.Dropout(dropout)] if dropout else []),
        nn.Linear(128, 100, bias=False),
        made(tau),
        train.Vote(10),
    )
