"""Train the vision of Spaun 2.0 with ``nefsim.train``, and write the files that it reads.

    python benchmarks/spaun_vision.py PATH OUT [--data FOLDER] [--epochs N] [--seed N] [--validate]

PATH is a checkout of xchoo/spaun2.0, whose images of symbols are learned too; OUT gets the
weights of its vision and the transforms from what it sees to what its hand draws (:mod:`spaun`
puts them into a copy).  With ``--validate`` the last 5000 training images are held out and
tested instead of the test images: the noise was chosen on these.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import spaun_parts
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import nefsim as nef
from nefsim import train
from nefsim.datasets import mnist

Array = NDArray[Any]

#: Neurons of the two hidden layers; Spaun's other parts expect 200 in the second.
FIRST, SECOND = 500, 200

#: Rate [Hz] of a neuron whose input is 1; spikes are divided by it, and filtered by TAU [s].
RATE, TAU = 63.04, 0.005

#: Neurons of Spaun, whose rates the soft ones of the training approach.
LIF = nef.LIF()

#: Noise in training, as a share of the standard deviation of Poisson processes, and that of a
#: unit of the memory from which paths are decoded.
NOISE, MEMORY_NOISE = 0.5, 0.2

#: Utility above which Spaun recognises a class.
THRESHOLD = 0.5

#: Classes of images: ten digits, then symbols.
N_DIGITS = 10

#: Images that are held out by ``--validate``, and copies of each symbol among the others.
N_HELD_OUT, COPIES = 5000, 500


class SpikeNoise(nn.Module):
    r"""Add the noise of filtered spikes to rates, in training only.

    .. math:: y = a + \nu \sqrt{\frac{a}{2 \tau r}}\, \xi, \qquad \xi \sim N(0, 1)

    Spikes of a Poisson process of rate r a, divided by r and filtered by a lowpass of time
    constant τ, have this variance for ν = 1; those of LIF neurons are more regular.
    """

    def forward(self, a: Tensor) -> Tensor:
        """Rates with noise."""
        if not self.training:
            return a
        return a + NOISE * torch.sqrt(a.detach() / (2 * TAU * RATE)) * torch.randn_like(a)


def network(
    n_inputs: int, n_classes: int, sizes: tuple[int, int] = (FIRST, SECOND)
) -> train.Layers:
    """Two layers of soft LIF neurons, and linear utilities of classes."""
    layers: list[nn.Module] = []
    for n, m in zip((n_inputs, sizes[0]), sizes, strict=True):
        linear = nn.Linear(n, m)
        with torch.no_grad():
            linear.bias += 1.0  # the current at which a neuron begins to fire
        layers += [linear, train.SoftLIF(amplitude=1 / RATE), SpikeNoise()]
    return train.Layers(*layers, nn.Linear(sizes[1], n_classes, bias=False))


def utility_loss(y_seq: Tensor, labels: Tensor) -> Tensor:
    """Squared difference between utilities and 1 for the class, 0 for others."""
    return train.rate_loss(y_seq, labels)


def fitted(images: Array, labels: Array, n_classes: int, epochs: int, seed: int) -> train.Layers:
    """A network that is trained on normalised images."""
    torch.manual_seed(seed)
    net = network(images.shape[1], n_classes)

    def one_step(x: Tensor, generator: Any) -> Tensor:
        return x[None]

    batches = train.Batches(images, labels, 100, one_step, seed=seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    train.fit(net, batches, utility_loss, epochs, optimizer, cosine, seed=seed, progress=False)
    return net


def arrays_of(net: train.Layers) -> dict[str, Array]:
    """Weights as Spaun reads them: inputs are added to a current of 1, and bc is not used."""
    first, second, classes = (m for m in net.layers if isinstance(m, nn.Linear))
    weights, biases = np.empty(2, object), np.empty(2, object)
    for i, linear in enumerate((first, second)):
        weights[i] = linear.weight.detach().double().numpy().T
        biases[i] = linear.bias.detach().double().numpy() - 1.0
    of_classes = classes.weight.detach().double().numpy().T
    return {
        "weights": weights,
        "biases": biases,
        "Wc": of_classes,
        "bc": np.zeros(of_classes.shape[1]),
    }


def activities(arrays: dict[str, Array], x: Array, neurons: Any = LIF) -> Array:
    """Rates of the second layer, in units of RATE, for normalised images."""
    for W, b in zip(arrays["weights"], arrays["biases"], strict=True):
        x = np.asarray(neurons.rates(x @ W + b + 1.0)) / RATE
    return x


def normalised(images: Array, of: Array) -> Array:
    """Images less the mean of others, divided by their standard deviation, at least 0.3."""
    x: Array = (images - of.mean(axis=0)) / np.maximum(of.std(axis=0), 0.3)
    return x.astype(np.float32)


def spiking_utilities(arrays: dict[str, Array], x: Array, shown: float = 0.2) -> Array:
    """Utilities from spikes, in the mean of the second half of each presentation."""
    net = nef.Network(seed=0)
    pre: Any = net.node(nef.PresentInput(x, shown))
    weights = [arrays["weights"][0], arrays["weights"][1] / RATE]
    for W, b in zip(weights, arrays["biases"], strict=True):
        n = len(b)
        layer = net.ensemble(n, 1, max_rates=np.full(n, RATE), intercepts=np.zeros(n))
        net.connect(net.node(b), layer.neurons, synapse=None)
        net.connect(pre, layer.neurons, transform=W.T, synapse=TAU)
        pre = layer.neurons
    out = net.node(size_in=arrays["Wc"].shape[1])
    net.connect(pre, out, transform=arrays["Wc"].T / RATE, synapse=TAU)
    probe = net.probe(out)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(shown * len(x))
        rows = np.asarray(sim.data[probe]).reshape(len(x), -1, arrays["Wc"].shape[1])
    found: Array = rows[:, rows.shape[1] // 2 :].mean(axis=1)
    return found


def moments(images: Array) -> Array:
    """Slant, width across it and height (P, 3) of images, from their second moments."""
    side = int(np.sqrt(images.shape[1]))
    rows, columns = np.divmod(np.arange(side**2), side)
    mass = images / images.sum(axis=1, keepdims=True)
    x, y = columns - (mass @ columns)[:, None], (mass @ rows)[:, None] - rows
    xx, xy, yy = ((mass * product).sum(axis=1) for product in (x * x, x * y, y * y))
    slant = xy / yy
    return np.column_stack([slant, np.sqrt(xx - slant * xy), np.sqrt(yy)])


def drawn(path: Array, image: Array, images: Array) -> tuple[Array, Array]:
    """A path of an image with the slant, width and height of other images: x and y (P, points)."""
    (slant, width, height), others = moments(image[None])[0], moments(images)
    y = path[1] * others[:, 2:] / height
    return (path[0] - slant * path[1]) * others[:, 1:2] / width + others[:, :1] * y, y


def transforms(a: Array, paths: tuple[Array, Array]) -> list[Array]:
    """The linear maps from noisy activities to the x and y of paths, by ridge regression."""
    G = a.T @ a + MEMORY_NOISE**2 * len(a) * np.eye(a.shape[1])
    return [np.linalg.solve(G, a.T @ path) for path in paths]


def class_means(arrays: dict[str, Array], a: Array, labels: Array) -> Array:
    """The mean utility of each class for its images, by which Spaun divides."""
    own = (a @ arrays["Wc"])[np.arange(len(labels)), labels]
    return np.bincount(labels, own) / np.bincount(labels)


def main() -> None:
    """Train, test, and write the files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", type=Path, help="the folder of the checkout")
    parser.add_argument("out", type=Path, help="folder for the files, which is made")
    parser.add_argument("--data", help="folder with MNIST; downloaded if left out")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validate", action="store_true", help="on held-out training images")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data, modules = mnist(options.data), options.path / "_spaun" / "modules"
    symbols = spaun_parts.symbols(modules)
    images, labels = np.asarray(data.train_images), np.asarray(data.train_labels)
    shown, answers = np.asarray(data.test_images), np.asarray(data.test_labels)
    if options.validate:
        shown, answers = images[-N_HELD_OUT:], labels[-N_HELD_OUT:]
        images, labels = images[:-N_HELD_OUT], labels[:-N_HELD_OUT]
    classes = np.arange(len(symbols))
    x = np.concatenate([images, np.tile(symbols, (COPIES, 1))])
    y = np.concatenate([labels, np.tile(classes, COPIES)])
    begin = time.perf_counter()
    arrays = arrays_of(fitted(normalised(x, images), y, len(symbols), options.epochs, options.seed))
    report = {"seed": options.seed, "epochs": options.epochs}
    report["seconds"] = round(time.perf_counter() - begin)
    # Spaun normalises by what it may show: the digits and the symbols together.
    all_shown = np.concatenate([shown, symbols])
    for name, part, right in (("digits", shown, answers), ("symbols", symbols, classes)):
        seen = normalised(part, all_shown)
        found = activities(arrays, seen) @ arrays["Wc"]
        report[name] = float(np.mean(found.argmax(axis=1) == right))
        found = spiking_utilities(arrays, seen)
        report[f"{name}_in_spikes"] = float(np.mean(found.argmax(axis=1) == right))
        own = found[np.arange(len(right)), right]
        others = np.where(np.eye(len(symbols), dtype=bool)[right], -np.inf, found)
        sure = (own > THRESHOLD) & (others.max(axis=1) < THRESHOLD)
        report[f"{name}_alone_above_threshold"] = float(np.mean(sure))
    a = activities(arrays, normalised(images, all_shown))
    means = class_means(arrays, activities(arrays, normalised(x, all_shown)), y)
    hand = spaun_parts.paths(modules)
    to_draw = []
    for digit in range(N_DIGITS):
        of = labels == digit
        to_draw.append(transforms(a[of], drawn(hand[:, digit], symbols[digit], images[of])))
    spaun_parts.write_vision(options.out, arrays, means, np.array(to_draw), (shown, answers))
    (options.out / "report.json").write_text(json.dumps(report))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
