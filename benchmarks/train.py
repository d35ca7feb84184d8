"""Train spiking networks as their authors did, and print their accuracy.

    python benchmarks/train.py {silence,snu,plif,export} [--data FOLDER] [--seed N] [options]

``silence``: 300 inputs, 500 integrate-and-fire neurons that learn to fall silent; no data.
``snu``: SNU 784-256-256-256-10 on jittered MNIST, 10 steps, new jitter for each batch.
With ``--recipe`` as in the program that came with the first Chainer version: jitter drawn
once, 48,000 images to learn from and 12,000 to validate, Adam 1e-4 halved every 5 epochs.
``plif``: a small convolutional network on MNIST with learnt or fixed time constants.
``export``: the networks of ``silence``, ``snu`` and ``plif`` on the engine, spike for spike,
and the time of both for one input at a time; see ``exported.py``.

With ``--validate`` the last 5000 training images are held out and tested after each epoch:
settings are chosen on these.  Without, the test images are used once, at the end.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import exported
import torch
from torch import nn

from nefsim import train
from nefsim.datasets import LabelledImages, mnist
from nefsim.reproduce.trained import plif_network, silent_network, snu_network

#: How many training images, the last, are held out to choose settings on.
N_HELD_OUT = 5000


def main() -> None:
    """One study, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("study", choices=("silence", "snu", "plif", "export"))
    parser.add_argument("--data", help="folder with MNIST; downloaded if left out")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validate", action="store_true", help="on held-out training images")
    parser.add_argument("--checkpoint", help="file to go on from, and to save to")
    parser.add_argument("--recipe", action="store_true", help="snu: as the first program did")
    parser.add_argument("--activation", default="elu", help="snu: g")
    parser.add_argument("--soft", action="store_true", help="snu: a sigmoid for the step")
    parser.add_argument("--surrogate", help="snu: slope of the step")
    parser.add_argument("--tau", type=float, default=2.0, help="plif: where tau starts")
    parser.add_argument("--fixed", action="store_true", help="plif: LIF, whose tau stays")
    parser.add_argument("--pool", default="max", choices=("max", "average"))
    parser.add_argument("--channels", type=int, default=8, help="plif: of each convolution")
    parser.add_argument("--dropout", type=float, default=0.0, help="plif: before linear layers")
    parser.add_argument("--snu-weights", help="export: checkpoint of snu")
    parser.add_argument("--plif-weights", help="export: checkpoint of plif")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    print(json.dumps({name: value for name, value in vars(options).items() if value}), flush=True)
    if options.study == "silence":
        silence(options)
        return
    studies = {"snu": snu_recipe if options.recipe else snu, "plif": plif}
    studies["export"] = exported.export
    studies[options.study](mnist(options.data), options)


def silence(options: Any) -> None:
    """The loss at the start, after 10, 20, 30 and after 100 iterations."""
    for detach in (False, True):
        losses = silent_network(options.seed, detach_reset=detach)[1]
        report = {f"{i}": float(f"{losses[i]:.2g}") for i in (0, 10, 20, 30, 99)}
        print(json.dumps({"detach_reset": detach, "loss": report}), flush=True)


def snu_recipe(data: LabelledImages, options: Any) -> None:
    """The published program: the figure has .667, .75, .795 after 1, 2, 5 epochs."""
    net = snu_network(
        activation=options.activation,
        soft=options.soft,
        surrogate=options.surrogate or "boxcar",
        start_spread=0.05,
    )
    generator = torch.Generator().manual_seed(options.seed)

    def once(images: Any) -> Any:
        """Spikes drawn once, a row for each image: (P, T, pixels)."""
        parts = [train.jittered(part, generator=generator).bool() for part in images.split(5000)]
        return torch.cat(parts, dim=1).movedim(0, 1)

    def as_spikes(chosen: Any, generator: Any) -> Any:
        del generator
        return chosen.movedim(1, 0).float()

    x, y = once(torch.tensor(data.train_images)), torch.tensor(data.train_labels)
    learn = train.Batches(x[:48000], y[:48000], encode=as_spikes, seed=options.seed)
    held = train.Batches(x[48000:], y[48000:], 1000, as_spikes, shuffle=False)
    shown = once(torch.tensor(data.test_images))
    test = train.Batches(shown, data.test_labels, 1000, as_spikes, shuffle=False)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, weight_decay=1e-4)
    halved = torch.optim.lr_scheduler.StepLR(optimizer, 5, 0.5)
    fitted(net, (learn, held, test), train.count_loss, options, optimizer, halved)


def snu(data: LabelledImages, options: Any) -> None:
    """Train with new jitter for each batch.

    Differences from the recipe were chosen on held-out images: thresholds that start at 0.5,
    so that a unit adds up several steps; the slope of an arc tangent, and no gradient through the
    reset; Adam at 3e-3 along a cosine; and the cost of spikes as a mean over the batch.
    """
    net = snu_network(
        activation=options.activation,
        soft=options.soft,
        surrogate=options.surrogate or "arctan",
        start_spread=0.05,
        start_threshold=0.5,
        detach_reset=True,
    )

    def jitter(x: Any, generator: Any) -> Any:
        return train.jittered(x, generator=generator)

    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.epochs)
    loss = partial(train.count_loss, reading="spikes")
    parts = batches(data.train_images, data.test_images, data, options, 128, jitter)
    fitted(net, parts, loss, options, optimizer, cosine)


def plif(data: LabelledImages, options: Any) -> None:
    """Two convolutions and two layers of neurons that vote; after one epoch, and tau."""
    net = plif_network(options.tau, options.fixed, options.pool, options.channels, options.dropout)
    pictures = [
        ((torch.tensor(part) - 0.1307) / 0.3081).reshape(-1, 1, 28, 28)
        for part in (data.train_images, data.test_images)
    ]
    of_tau = [p for name, p in net.named_parameters() if name.endswith(".a")]
    others = [p for name, p in net.named_parameters() if not name.endswith(".a")]
    # Adam moves a parameter by at most its rate in a step, whatever the gradient: from tau 16
    # to 2 it is 2.7 in a, which at 1e-3 takes more steps than there are in an epoch.
    groups = [{"params": others, "lr": 1e-3}, {"params": of_tau, "lr": 1e-2}]
    optimizer = torch.optim.Adam(groups if of_tau else groups[:1])
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 64)

    def taus() -> dict[str, list[float]]:
        layers = [m for m in net.modules() if isinstance(m, train.PLIF | train.LIF)]
        return {"tau": [round(layer.tau, 2) for layer in layers]}

    parts = batches(*pictures, data, options, 32)
    fitted(net, parts, train.rate_loss, options, optimizer, cosine, taus)


Parts = tuple[train.Batches, train.Batches | None, train.Batches | None]


def batches(
    learnt: Any, shown: Any, data: LabelledImages, options: Any, size: int, encode: Any = None
) -> Parts:
    """Batches to learn from, to be held out and to be tested on, as ``--validate`` says."""
    labels, seed = data.train_labels, options.seed
    if options.validate:
        learn = train.Batches(learnt[:-N_HELD_OUT], labels[:-N_HELD_OUT], size, encode, seed=seed)
        held = learnt[-N_HELD_OUT:], labels[-N_HELD_OUT:]
        return learn, train.Batches(*held, 500, encode, shuffle=False), None
    learn = train.Batches(learnt, labels, size, encode, seed=seed)
    return learn, None, train.Batches(shown, data.test_labels, 500, encode, shuffle=False)


def fitted(
    net: train.Layers,
    parts: Parts,
    loss: Callable[..., Any],
    options: Any,
    optimizer: Any,
    scheduler: Any,
    more: Callable[[], dict[str, Any]] = dict,
) -> None:
    """Train, print a report after each epoch, and test at the end."""
    learn, held, test = parts
    start = time.perf_counter()

    def report(module: nn.Module, **on: train.Batches | None) -> float:
        scores = {name: train.accuracy(module, b) for name, b in on.items() if b is not None}
        seconds = round(time.perf_counter() - start)
        print(json.dumps({"seconds": seconds, **scores, **more()}), flush=True)
        return next(iter(scores.values()), float("nan"))

    train.fit(
        net,
        learn,
        loss,
        options.epochs,
        optimizer,
        scheduler,
        partial(report, held_out=held),
        seed=options.seed,
        checkpoint=options.checkpoint,
    )
    if test is not None:
        report(net, test=test)


if __name__ == "__main__":
    main()
