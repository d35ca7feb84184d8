"""Trained ReLU networks converted to spikes: errors, accuracy on MNIST, spikes and speed.

    python benchmarks/convert.py [--data FOLDER] [--seeds 0 1 2] [--weights FOLDER] [--parts ...]

MNIST is read as :func:`nefsim.datasets.mnist` reads it.  Networks are trained on the first
55,000 training images, 500 of those set the thresholds, and nothing is chosen by the test
images, which are only counted.  Each line is one result in JSON.  The parts:

``factors``   error of a released number, and of a network's output, by factor k and steps T
``accuracy``  SpikeConverter, rates and the model on the test images
``spikes``    every spike of the engine and of PyTorch, outputs of the engine and of the fast path
``speed``     an image after the other on the engine and in PyTorch, in turns
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from convert_torch import TorchDigits, TorchRates
from torch import nn

import nefsim as nef
from nefsim.convert import Converted, RateConverted, SpikeConverted, rate, spikeconverter
from nefsim.datasets import mnist
from nefsim.reproduce.conversion import released_error

N_TRAINING = 55_000
N_CALIBRATION = 500

#: Steps of each method.
T_SPIKES = (4, 6, 8, 12, 16)
T_RATE = (64, 256, 2048)

#: Factors of the table of errors, and its numbers of steps.
FACTORS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0)
T_FACTORS = (4, 8, 12, 16)

#: Images that the engine is shown in a run (PyTorch a third of them), and rounds of all.
N_SHOWN, ROUNDS = 300, 7

PARTS = ("factors", "accuracy", "spikes", "speed")


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


def say(**line: Any) -> None:
    """Print one line of JSON, numbers with three digits."""
    short = {k: float(f"{v:.3g}") if isinstance(v, float) else v for k, v in line.items()}
    print(json.dumps(short), flush=True)


def percent(right: np.ndarray) -> str:
    """Share of true elements [%]."""
    return f"{100.0 * float(right.mean()):.2f}"


def off(outputs: np.ndarray, exact: np.ndarray) -> float:
    """Norm of the error relative to that of the exact values."""
    return float(np.linalg.norm(outputs - exact) / np.linalg.norm(exact))


# -- factors -----------------------------------------------------------------------------------


def factors(name: str, model: nn.Sequential, calibration: Any, x: Any) -> None:
    """Errors by factor and steps: numbers from -0.5 to 1, and 1000 training images."""
    a, exact = np.linspace(-0.5, 1.0, 3001), of(model, x)
    for T in T_FACTORS:
        numbers = {k: released_error(k, T, a) for k in FACTORS}
        say(part="factors", of="numbers", T=T, best=best(numbers), errors=rounded(numbers))
        # A factor of 1 is that of rates, which need no phases.
        outputs = {k: off(spikeconverter(model, T, k, calibration).fast(x), exact) for k in FACTORS}
        say(part="factors", of=name, T=T, best=best(outputs), errors=rounded(outputs))


def best(errors: dict[float, float]) -> float:
    """The factor with the least error."""
    return min(errors, key=errors.__getitem__)


def rounded(errors: dict[float, float]) -> dict[float, float]:
    """Two digits are enough to read."""
    return {k: float(f"{error:.2g}") for k, error in errors.items()}


# -- accuracy ----------------------------------------------------------------------------------


def of(model: nn.Sequential, x: torch.Tensor) -> np.ndarray:
    """Outputs of the model itself."""
    with torch.no_grad():
        return torch.cat([model(batch) for batch in torch.split(x, 500)]).numpy()


def accuracy(
    name: str, model: nn.Sequential, calibration: Any, test: Any, n: int, n_long: int
) -> None:
    """Accuracy of each conversion and of the model on the same test images, rates by the engine."""
    x, labels = test[0][:n], test[1][:n].numpy()
    exact = of(model, x)

    def report(method: str, T: int, predict: Callable[[Any], Any], count: int) -> None:
        outputs, right = predict(x[:count].numpy()), labels[:count]
        says, should = outputs.argmax(axis=1), exact[:count].argmax(axis=1)
        say(
            part="accuracy",
            model=name,
            method=method,
            T=T,
            images=count,
            model_accuracy=percent(should == right),
            accuracy=percent(says == right),
            agreement=percent(says == should),
            relative_error=off(outputs, exact[:count]),
        )

    for T in T_SPIKES:
        for rounding in ("floor", "nearest"):
            converted = spikeconverter(
                model, T, data=calibration, rounding=rounding, double_buffer=True
            )
            report(f"digits, {rounding}", T, converted.predict, len(x))
    for T in T_RATE:
        few = len(x) if T <= 256 else min(n_long, len(x))
        report("rates", T, rate(model, T, data=calibration).predict, few)


# -- spikes ------------------------------------------------------------------------------------


def spikes(name: str, model: nn.Sequential, calibration: Any, x: Any, n: int) -> None:
    """Compare every spike of ``n`` images with PyTorch, and all outputs with the fast path."""
    for dtype in ("float64", "float32"):
        digits = spikeconverter(model, 16, data=calibration, double_buffer=True, dtype=dtype)
        rates = rate(model, 64, data=calibration, dtype=dtype)
        model.double()
        of_digits = digits_in_torch(TorchDigits(model, digits), x[:n])
        of_rates = rates_in_torch(TorchRates(model, rates), rates, x[:n])
        model.float()
        for method, converted, of_engine, torch_net in (
            ("digits", digits, digits_of_engine(digits, x[:n].numpy()), of_digits),
            ("rates", rates, rates_of_engine(rates, x[:n].numpy()), of_rates),
        ):
            total = differ = 0
            for label, y, of_torch in zip(labels(converted), of_engine, torch_net, strict=True):
                order = converted.stages[label].order if label >= 0 else None
                total += int(y.sum())
                differ += int((y != (of_torch if order is None else of_torch[..., order])).sum())
            entry = {"part": "spikes", "model": name, "method": method, "dtype": dtype}
            say(**entry, beside="PyTorch", images=n, spikes=total, differ=differ)
            same = (converted.predict(x.numpy()) == converted.fast(x.numpy())).all(axis=1)
            say(**entry, beside="fast path", images=len(x), differ=int((~same).sum()))


def labels(converted: Converted) -> range:
    """The stage of each layer of spikes, -1 for the inputs."""
    return range(-1 if isinstance(converted, SpikeConverted) else 0, len(converted.stages) - 1)


Spikes = list[np.ndarray]
"""Of each layer for each image, (images, T, neurons)."""


def digits_in_torch(torch_net: TorchDigits, x: torch.Tensor) -> Spikes:
    """The spikes of the program in PyTorch."""
    images: list[list[Any]] = [[] for _ in x]
    for image, seen in zip(x.to(torch_net.dtype), images, strict=True):
        torch_net.step_by_step(image, seen)
    return [torch.stack(layer).flatten(2).numpy() for layer in zip(*images, strict=True)]


def rates_in_torch(torch_net: TorchRates, converted: RateConverted, x: torch.Tensor) -> Spikes:
    """The same of rates, in the first layer with the currents of the converted network."""
    order, images = converted.stages[0].order, []
    for image, given in zip(x.to(torch_net.dtype), converted.currents(x.numpy()), strict=True):
        current = torch.empty(given.shape, dtype=torch_net.dtype)
        current[slice(None) if order is None else torch.tensor(order)] = torch.tensor(given)
        seen: list[Any] = [[] for _ in converted.layers]
        torch_net.step_by_step(image, seen, current.reshape(torch_net.maps[0](image[None]).shape))
        images.append([torch.cat(steps).flatten(1) for steps in seen])
    return [torch.stack(layer).numpy() for layer in zip(*images, strict=True)]


def digits_of_engine(converted: SpikeConverted, x: np.ndarray) -> Spikes:
    """The spikes of the engine, which is shown one image after the other."""
    T = converted.neuron.n_steps
    every = recorded(converted, x, T, converted.layers[:-1], (len(x) - 1) * T + converted.latency)
    return [windows[i : i + len(x)] for i, windows in enumerate(every)]


def rates_of_engine(converted: RateConverted, x: np.ndarray) -> Spikes:
    """The same of rates, each image from rest."""
    pixels, T = np.rint(x * 2.0**20) / 2.0**20, converted.n_steps  # as predict rounds them
    shown = converted.currents(x) if converted.dtype == "float32" else pixels
    each = [recorded(converted, row[None], T, converted.layers, T) for row in shown]
    return [np.concatenate(layer) for layer in zip(*each, strict=True)]


def recorded(
    converted: Converted, shown: np.ndarray, T: int, layers: list[Any], n_steps: int
) -> Spikes:
    """The spikes of layers while rows are shown for T steps each, (windows, T, neurons)."""
    net = converted.network
    net.connect(net.node(nef.PresentInput(shown, T * 0.001)), converted.input, synapse=None)
    probes = [net.probe(layer.neurons) for layer in layers]
    with nef.Simulator(net, dtype=converted.dtype, progress=False) as sim:
        sim.run_steps(n_steps)
    del net.probes[-len(probes) :], net.connections[-1], net.nodes[-1]
    return [sim.data[probe].reshape(-1, T, probe.target.size_out) for probe in probes]


# -- speed -------------------------------------------------------------------------------------


def speed(
    name: str, model: nn.Sequential, calibration: Any, x: torch.Tensor, all_threads: list[int]
) -> None:
    """Time of an image, one after the other, on the engine and in PyTorch, in turns [ms].

    The engine classifies all images in one call of ``predict``, or each in a separate call; the
    time to build the simulator, once, is reported separately.  Both compute in float32.
    """
    digits, alone = (  # one potential for each neuron is enough for one image
        spikeconverter(model, 16, data=calibration, double_buffer=double_buffer, dtype="float32")
        for double_buffer in (True, False)
    )
    rates = rate(model, 64, data=calibration, dtype="float32")
    torch_net, their_rates = TorchDigits(model, digits), TorchRates(model, rates)
    assert np.allclose(torch_net.step_by_step(x[0]), digits.fast(x[:1].numpy())[0], atol=1e-2)
    assert np.allclose(their_rates.step_by_step(x[0]), rates.fast(x[:1].numpy())[0], atol=0.5)
    pixels, images = x[:N_SHOWN].numpy(), x[: N_SHOWN // 3]
    ways: dict[str, tuple[int, Callable[[], Any]]] = {
        "engine, digits, to be built": (1, lambda: copy(alone).predict(pixels[:1])),
        "engine, digits, a call for each": (100, lambda: each(alone, pixels[:100])),
        "engine, digits": (N_SHOWN, lambda: digits.predict(pixels)),
        "engine, rates, to be built": (1, lambda: copy(rates).predict(pixels[:1])),
        "engine, rates, a call for each": (100, lambda: each(rates, pixels[:100])),
        "engine, rates": (N_SHOWN, lambda: rates.predict(pixels)),
    }
    for method, predict in {
        "PyTorch, the model itself": lambda image: model(image[None]),
        "PyTorch, digits, step by step": torch_net.step_by_step,
        "PyTorch, digits, all steps at once": torch_net.all_steps_at_once,
        "PyTorch, rates, step by step": their_rates.step_by_step,
        "PyTorch, rates, all steps at once": their_rates.all_steps_at_once,
    }.items():
        ways[method] = len(images), lambda p=predict: [p(image) for image in images]
    for threads in all_threads:
        torch.set_num_threads(threads)
        times: dict[str, list[tuple[float, float]]] = {method: [] for method in ways}
        with torch.no_grad():
            for _ in range(ROUNDS):
                for method, (_, work) in ways.items():
                    times[method].append(clocked(work))
        for method, (n, _) in ways.items():
            milliseconds = 1e3 * np.array(times[method])
            median, least = np.median(milliseconds, axis=0), milliseconds.min(axis=0)
            say(
                part="speed",
                model=name,
                threads=threads,
                method=method,
                median_ms=float(median[0] / n),
                least_ms=float(least[0] / n),
                least_cpu_ms=float(least[1] / n),
                load=os.getloadavg()[0],
            )
    torch.set_num_threads(1)


def each(converted: Converted, x: np.ndarray) -> None:
    """Show each image after the answer to the previous one."""
    for i in range(len(x)):
        converted.predict(x[i : i + 1])


def clocked(work: Callable[[], Any]) -> tuple[float, float]:
    """Time on the wall and of the processor [s]."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--data", type=Path, help="folder of MNIST")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--models", nargs="*", choices=MODELS, default=list(MODELS))
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--weights", type=Path, help="folder for trained weights")
    parser.add_argument("--images", type=int, default=10_000, help="test images")
    parser.add_argument("--long", type=int, default=10_000, help="those for rates of 2048 steps")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2], help="of PyTorch")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = mnist(arguments.data)
    x = torch.tensor(data.train_images.reshape(-1, 1, 28, 28))
    labels = torch.tensor(data.train_labels).long()
    test = (
        torch.tensor(data.test_images.reshape(-1, 1, 28, 28)),
        torch.tensor(data.test_labels).long(),
    )
    calibration = x[:N_CALIBRATION].numpy()
    for name in arguments.models:
        for seed in arguments.seeds:
            images = x[:N_TRAINING], labels[:N_TRAINING]
            model = trained(name, seed, arguments.weights, images)
            label = f"{name} {seed}"
            if "factors" in arguments.parts and seed == arguments.seeds[0]:
                factors(label, model, calibration, x[N_TRAINING : N_TRAINING + 1000])
            if "accuracy" in arguments.parts:
                n, n_long = arguments.images, arguments.long
                accuracy(label, model, calibration, test, n, n_long)
            if "spikes" in arguments.parts:
                spikes(label, model, calibration, test[0][: arguments.images], 100)
            if "speed" in arguments.parts and seed == arguments.seeds[0]:
                speed(label, model, calibration, test[0], arguments.threads)


if __name__ == "__main__":
    main()
