"""SpikeConverter: the best factor, and a ReLU network in few steps of spikes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from nefsim.neurons.inverse import ilif_release
from nefsim.reproduce.figure import Effort
from nefsim.reproduce.lines import Curve, Outcome, compare

FACTORS = (1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 3)


def released_error(k: float, n_steps: int, a: Any) -> float:
    """Mean absolute error of the release of numbers, at the best of some thresholds."""
    errors = []
    for threshold in np.linspace(0.8, 2.0, 121) / sum(k**-t for t in range(n_steps)):
        v, value = a / threshold, np.zeros_like(a)
        for t in range(n_steps):
            y, v = ilif_release(v, 1.0, k)
            value += threshold * k**-t * y
        errors.append(np.abs(value - np.maximum(a, 0.0)).mean())
    return float(min(errors))


def factor(effort: Effort) -> Outcome:
    """The factor with the least error, by the number of steps."""
    del effort
    a = np.linspace(-0.5, 1.0, 3001)
    lines, curves = [], []
    for n_steps in (4, 8, 12, 16):
        errors = [released_error(k, n_steps, a) for k in FACTORS]
        best = FACTORS[int(np.argmin(errors))]
        quantity = f"best factor with {n_steps} steps"
        lines.append(compare(quantity, 2.0, best, 0.0, "of the factors 1 to 3 in quarters"))
        curves.append(Curve(f"{n_steps} steps", FACTORS, errors))
    axes = {"xlabel": "factor", "ylabel": "mean absolute error", "yscale": "log"}
    return Outcome(lines, curves, axes)


def steps(effort: Effort) -> Outcome:
    """Accuracy that is lost in spikes, and the steps that rates take for the same error."""
    import torch
    from torch import nn

    from nefsim.convert import rate, spikeconverter
    from nefsim.datasets import digits

    data = digits()
    x, y = torch.tensor(data.train_images), torch.tensor(data.train_labels)
    lost: dict[int, list[float]] = {8: [], 16: []}
    ratio: list[float] = []
    for seed in effort.count(3, 20):
        torch.manual_seed(seed)
        sizes = (64, 64, 32, 10)
        layers: list[nn.Module] = []
        for n, m in pairwise(sizes):
            layers += [nn.Linear(n, m), nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
        optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
        for _ in range(40):
            for batch in torch.randperm(len(x)).split(64):
                loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        with torch.no_grad():
            exact = model(torch.tensor(data.test_images)).numpy()
        right = float((exact.argmax(axis=1) == data.test_labels).mean())

        def off(outputs: Any, exact: Any = exact) -> float:
            return float(np.linalg.norm(outputs - exact) / np.linalg.norm(exact))

        for n_steps, values in lost.items():
            converted = spikeconverter(model, n_steps, data=data.train_images)
            outputs = converted.predict(data.test_images)
            share = float((outputs.argmax(axis=1) == data.test_labels).mean())
            values.append(100 * (right - share))
        least = off(outputs)
        needed = 16
        while (
            needed < 8192
            and off(rate(model, needed, data=data.train_images).fast(data.test_images)) > least
        ):
            needed *= 2
        ratio.append(needed / 16)
    one = "one image of 500"
    note = "the published networks are larger"
    lines = [
        compare(f"accuracy lost in {n} steps [points]", 0.0, values, 0.2, one, note=note)
        for n, values in lost.items()
    ]
    quantity = "steps of rates for the error of 16 digits, / 16, up to 512"
    reason = "a hundred is said as an order of magnitude"
    lines.append(compare(quantity, 100.0, ratio, 50.0, reason, better="higher", note=note))
    return Outcome(lines)
