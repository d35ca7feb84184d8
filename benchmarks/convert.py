"""Trained ReLU networks on MNIST, converted to spikes: accuracy against steps.

    python benchmarks/convert.py DIRECTORY [--seeds 3] [--weights DIRECTORY]

``DIRECTORY`` holds ``mnist_train.npz`` and ``mnist_test.npz``, each with the arrays
``X`` (P, 28, 28), pixels from 0 to 255, and ``y`` (P,).  Networks are trained on the
first 55,000 training images, 500 of those set the thresholds, and nothing is chosen by
the test images, which are only counted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from nefsim.convert import SpikeConverted, qcfs, rate, spikeconverter

N_TRAINING = 55_000
N_CALIBRATION = 500

#: Steps of each method.
T_SPIKES = (4, 6, 8, 12, 16)
T_RATE = (16, 64, 256, 2048)


def mlp() -> nn.Sequential:
    """784-256-128-10."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 256),
        nn.ReLU(),
        nn.Linear(256, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def cnn() -> nn.Sequential:
    """Two convolutions with batch normalisation, max and average pooling, two linear layers."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(800, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


MODELS = {"mlp": (mlp, 8), "cnn": (cnn, 6)}


def images(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (P, 1, 28, 28) from 0 to 1, and labels."""
    arrays = np.load(path)
    pixels, labels = arrays["X"], arrays["y"]
    return torch.tensor(pixels[:, None] / 255.0, dtype=torch.float32), torch.tensor(labels).long()


def train(name: str, seed: int, x: torch.Tensor, labels: torch.Tensor) -> nn.Sequential:
    """A model trained with Adam, one cycle of the learning rate, batches of 128."""
    torch.manual_seed(seed)
    make, n_epochs = MODELS[name]
    model, order = make(), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    n_batches = len(x) // 128
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, n_epochs * n_batches)
    for _ in range(n_epochs):
        shuffled = torch.randperm(len(x), generator=order)
        for i in range(n_batches):
            chosen = shuffled[128 * i : 128 * (i + 1)]
            loss = nn.functional.cross_entropy(model(x[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def trained(name: str, seed: int, folder: Path | None, data: Any) -> nn.Sequential:
    """A model from a file, or trained now and written there."""
    path = None if folder is None else folder / f"{name}_{seed}.pt"
    if path is not None and path.exists():
        model = MODELS[name][0]()
        model.load_state_dict(torch.load(path, weights_only=True))
        return model.eval()
    model = train(name, seed, *data)
    if path is not None:
        torch.save(model.state_dict(), path)
    return model


def study(
    name: str,
    model: nn.Sequential,
    calibration: Any,
    test: tuple[torch.Tensor, torch.Tensor],
    n: int,
    most_steps: int,
) -> None:
    """One line of JSON for each conversion, beside the model on the same images.

    The more steps rate coding takes, the fewer images it is shown.
    """
    x, labels = test
    with torch.no_grad():
        outputs = torch.cat([model(batch) for batch in torch.split(x, 500)]).numpy()
    x, labels = x.numpy(), labels.numpy()

    def say(method: str, T: int, predict: Callable[[Any], Any], count: int) -> None:
        exact, right = outputs[:count], labels[:count]
        found = predict(x[:count])
        line = {
            "model": name,
            "method": method,
            "T": T,
            "images": count,
            "model accuracy": percent(exact.argmax(axis=1) == right),
            "accuracy": percent(found.argmax(axis=1) == right),
            "agreement": percent(found.argmax(axis=1) == exact.argmax(axis=1)),
            "relative error": float(f"{np.linalg.norm(found - exact) / np.linalg.norm(exact):.2g}"),
        }
        print(json.dumps(line), flush=True)

    for T in T_SPIKES:
        for rounding in ("floor", "nearest"):
            converted = spikeconverter(model, T, data=calibration, rounding=rounding)
            say(f"SpikeConverter {rounding}, fast path", T, converted.fast, n)
    converted = spikeconverter(model, 16, data=calibration, double_buffer=True)
    say("SpikeConverter floor, engine", 16, converted.predict, n)
    for T in T_RATE:
        few = min(n, most_steps // T)
        say("rate, engine", T, rate(model, T, data=calibration).predict, few)
        say("rate from a half, engine", T, qcfs(model, T, data=calibration).predict, few)


def percent(right: np.ndarray) -> float:
    """Share that is true [%]."""
    return round(100.0 * float(right.mean()), 2)


def in_torch(converted: SpikeConverted) -> Callable[[torch.Tensor], torch.Tensor]:
    """The same spikes, one image at a time, as one writes them in PyTorch."""
    T, k = converted.neuron.n_steps, converted.neuron.factor
    weights = [
        torch.tensor(m.toarray() if hasattr(m, "tocsr") else m, dtype=torch.float32)
        for m in converted.matrices
    ]
    offsets = [torch.tensor(offset, dtype=torch.float32) for offset in converted.offsets]
    weights = [w.to_sparse_csr() if (w == 0).float().mean() > 0.9 else w for w in weights]

    @torch.no_grad()
    def predict(x: torch.Tensor) -> torch.Tensor:
        v = x.flatten() * converted.input_scale + offsets[0]
        for weight, offset in zip(weights, offsets[1:], strict=True):
            a = torch.zeros_like(offset)
            for _ in range(T):
                y = (v >= 1.0).float()
                v = k * (v - y)
                a = k * a + weight @ y
            v = a / k ** (T - 1) + offset
        return v

    return predict


def speed(name: str, model: nn.Sequential, calibration: Any, x: Any, n: int = 100) -> None:
    """Processor time of an image, one after the other, on the engine and in PyTorch [ms]."""
    converted = spikeconverter(model, 16, data=calibration, double_buffer=True)
    theirs = in_torch(converted)
    converted.predict(x[:1])
    found: dict[str, list[float]] = {"engine": [], "torch": []}
    for _ in range(5):
        starts = [time.process_time()]
        for count in (1, n + 1):
            converted.predict(x[:count])
            starts.append(time.process_time())
        found["engine"].append((starts[2] - 2 * starts[1] + starts[0]) / n)
        start = time.process_time()
        for image in x[:n]:
            theirs(image)
        found["torch"].append((time.process_time() - start) / n)
    best = {who: round(1e3 * min(times), 3) for who, times in found.items()}
    print(json.dumps({"model": name, "T": 16, "ms per image": best}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--rate-steps", type=int, default=500_000)
    parser.add_argument("--train-only", action="store_true")
    parser.add_argument("--speed", action="store_true", help="time only")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    x, labels = images(arguments.data / "mnist_train.npz")
    for name in arguments.models:
        for seed in range(arguments.seeds):
            data = (x[:N_TRAINING], labels[:N_TRAINING])
            model = trained(name, seed, arguments.weights, data)
            if arguments.speed:
                speed(f"{name} {seed}", model, x[:N_CALIBRATION], x[:N_CALIBRATION])
            elif not arguments.train_only:
                test = images(arguments.data / "mnist_test.npz")
                n, steps = arguments.images, arguments.rate_steps
                study(f"{name} {seed}", model, x[:N_CALIBRATION], test, n, steps)


if __name__ == "__main__":
    main()
