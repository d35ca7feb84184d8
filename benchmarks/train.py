"""Train spiking networks on MNIST as their authors did, and print what they reach.

    python benchmarks/train.py {snu,plif,export} [--data FOLDER] [--epochs N] [options]

``snu``: SNU 784-256-256-256-10 on jittered spikes, 10 steps.  With ``--recipe`` as in the
program that came with the first Chainer version: jitter drawn once, 48,000 pictures to learn
from and 12,000 to validate, Adam 1e-4 halved every 5 epochs.  Without, jitter is drawn anew
for each batch and the learning rate is higher.
``export``: the SNU network of ``--checkpoint`` on the engine, spike for spike, and the time
of both for one picture at a time.
``plif``: a small convolutional network with learnt or fixed time constants.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from torch import nn

import nefsim as nef
from nefsim import train
from nefsim.datasets import LabelledImages, mnist
from nefsim.train.export import to_rest

SNU_SIZES = (784, 256, 256, 256, 10)


def main() -> None:
    """One study, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("study", choices=("snu", "plif", "export"))
    parser.add_argument("--data", help="folder with MNIST; downloaded if left out")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--checkpoint", help="file to go on from, and to save to")
    parser.add_argument("--recipe", action="store_true", help="snu: as the first program did")
    parser.add_argument("--activation", default="elu", help="snu: g")
    parser.add_argument("--soft", action="store_true", help="snu: a sigmoid for the step")
    parser.add_argument("--surrogate", default="boxcar", help="snu: slope of the step")
    parser.add_argument("--tau", type=float, default=2.0, help="plif: where tau starts")
    parser.add_argument("--fixed", action="store_true", help="plif: LIF, whose tau stays")
    parser.add_argument("--pool", default="max", choices=("max", "average"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    data = mnist(options.data)
    studies = {"snu": snu_recipe if options.recipe else snu, "plif": plif, "export": export}
    print(json.dumps(vars(options)), flush=True)
    studies[options.study](data, options)


def snu_network(options: Any, start_spread: float = 0.0) -> train.Layers:
    """Four layers of spiking neural units."""
    sizes = pairwise(SNU_SIZES)
    choice = {"activation": options.activation, "soft": options.soft}
    choice |= {"surrogate": options.surrogate, "start_spread": start_spread}
    return train.Layers(*(train.SNU(n, m, **choice) for n, m in sizes))


def snu_recipe(data: LabelledImages, options: Any) -> None:
    """The published program: the figure has .667, .75, .795 after 1, 2, 5 epochs."""
    net = snu_network(options, start_spread=0.05)
    x, y = torch.tensor(data.train_images), torch.tensor(data.train_labels)
    generator = torch.Generator().manual_seed(options.seed)
    once = torch.cat(
        [train.jittered(part, generator=generator).bool() for part in x.split(5000)], dim=1
    ).movedim(0, 1)

    def as_spikes(chosen: Any, generator: Any) -> Any:
        del generator
        return chosen.movedim(1, 0).float()

    learn = train.Batches(once[:48000], y[:48000], encode=as_spikes, seed=options.seed)
    check = train.Batches(once[48000:], y[48000:], 1000, as_spikes, shuffle=False)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, weight_decay=1e-4)
    halved = torch.optim.lr_scheduler.StepLR(optimizer, 5, 0.5)
    fitted(net, learn, train.count_loss, options, optimizer, halved, {"validation": check})


def snu(data: LabelledImages, options: Any) -> None:
    """Jitter drawn anew for each batch; tested on the 10,000 test images.

    The cost of spikes is a mean over the batch: summed, as in the recipe, it silences the
    network at this learning rate.
    """
    net = snu_network(options, start_spread=0.05)
    learn, test = spike_batches(data, options.seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=options.lr)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.epochs)
    loss = partial(train.count_loss, reading="spikes")
    fitted(net, learn, loss, options, optimizer, cosine, {"test": test})


def spike_batches(data: LabelledImages, seed: int) -> tuple[train.Batches, train.Batches]:
    """Batches of jittered spikes to learn from and to test on."""

    def jitter(x: Any, generator: Any) -> Any:
        return train.jittered(x, generator=generator)

    learn = train.Batches(data.train_images, data.train_labels, encode=jitter, seed=seed)
    test = train.Batches(data.test_images, data.test_labels, 1000, jitter, shuffle=False)
    return learn, test


def export(data: LabelledImages, options: Any, n: int = 200) -> None:
    """Spikes of PyTorch and of the engine in float32, and microseconds per picture."""
    net = snu_network(options).eval()
    if options.checkpoint:
        train.load(options.checkpoint, net)
    _, test = spike_batches(data, options.seed)
    x_seq, _ = next(iter(test))
    x_seq, exported = x_seq[:, :n], train.to_network(net, (784,))
    theirs, ours, x = [], exported.spikes(x_seq), x_seq
    with torch.no_grad():
        for layer in net.layers:
            x, _ = layer.run(x)
            theirs.append(x.numpy())
    differ = [int((a != b).sum()) for a, b in zip(theirs, ours, strict=False)]
    told: dict[str, Any] = {"differ": differ, "spikes": [int(a.sum()) for a in theirs]}
    told["torch_us"] = timed(lambda i: net.run(x_seq[:, i : i + 1]), n)
    rows = x_seq.transpose(0, 1).reshape(-1, 784).numpy()
    shown = exported.network.node(nef.PresentInput(rows, exported.dt))
    exported.network.connect(shown, exported.input, synapse=None)
    exported.network.probe(exported.layers[-1].neurons)
    for backend in ("numpy", "numba"):
        with nef.Simulator(exported.network, backend=backend, dtype="float32") as sim:

            def one(i: int, sim: nef.Simulator = sim) -> None:
                to_rest(sim)
                sim.run_steps(10)

            told[f"{backend}_us"] = timed(one, n)
    print(json.dumps(told), flush=True)


def timed(one: Callable[[int], Any], n: int) -> float:
    """Median microseconds of a call."""
    times = []
    with torch.no_grad():
        for i in range(n):
            start = time.perf_counter()
            one(i)
            times.append((time.perf_counter() - start) * 1e6)
    return round(median(times), 1)


def plif(data: LabelledImages, options: Any) -> None:
    """Two convolutions and two layers of neurons that vote; after one epoch, and tau."""
    net = plif_network(options.tau, options.fixed, options.pool)
    pictures = [torch.tensor(part).reshape(-1, 1, 28, 28) for part in data_images(data)]
    learn = train.Batches(pictures[0], data.train_labels, 32, seed=options.seed)
    test = train.Batches(pictures[1], data.test_labels, 500, shuffle=False)
    optimizer = torch.optim.Adam(net.parameters(), lr=options.lr)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 64)

    def taus() -> list[float]:
        layers = [m for m in net.modules() if isinstance(m, train.PLIF | train.LIF)]
        return [round(layer.tau, 2) for layer in layers]

    fitted(net, learn, train.rate_loss, options, optimizer, cosine, {"test": test}, taus)


def data_images(data: LabelledImages) -> tuple[Any, Any]:
    """Pictures with the mean and spread of the set taken out."""
    return (data.train_images - 0.1307) / 0.3081, (data.test_images - 0.1307) / 0.3081


def plif_network(tau: float, fixed: bool, pool: str, channels: int = 8) -> train.Layers:
    """A small relative of the published network for MNIST, at T = 6."""
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
        nn.Linear(channels * 49, 128, bias=False),
        made(tau),
        nn.Linear(128, 100, bias=False),
        made(tau),
        train.Vote(10),
    )


def fitted(
    net: train.Layers,
    learn: train.Batches,
    loss: Callable[..., Any],
    options: Any,
    optimizer: Any,
    scheduler: Any,
    tests: dict[str, train.Batches],
    more: Callable[[], Any] = lambda: None,
) -> None:
    """Train, and tell after each epoch."""
    start = time.perf_counter()

    def evaluate(module: nn.Module) -> float:
        scores = {name: train.accuracy(module, batches) for name, batches in tests.items()}
        told = {"seconds": round(time.perf_counter() - start), **scores, "more": more()}
        print(json.dumps(told), flush=True)
        return next(iter(scores.values()))

    train.fit(
        net,
        learn,
        loss,
        options.epochs,
        optimizer,
        scheduler,
        evaluate,
        seed=options.seed,
        checkpoint=options.checkpoint,
    )


if __name__ == "__main__":
    main()
