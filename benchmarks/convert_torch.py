"""A converted network as one writes it in PyTorch: the modules of the model on spikes.

Nothing is taken from the engine but the thresholds and the grids of the weights, so that the
spikes can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from nefsim.convert import Converted, RateConverted, SpikeConverted

Map = Callable[[torch.Tensor], torch.Tensor]


class TorchLayers:
    """The layers between rectifications, each a map of spikes (B, ...) and a bias added once.

    Weights are in units of the thresholds, on the grid of the converted network; biases are
    in float64.  Max-pooling is its tournament, on the slots of windows (B, slots, C, H, W).
    """

    def __init__(self, model: nn.Sequential, converted: Converted) -> None:
        self.maps: list[Map] = []
        self.biases: list[torch.Tensor] = []
        self._thresholds = iter(converted.thresholds)
        self._grids = iter(converted.grids)
        self._before = 1.0 / getattr(converted, "input_scale", 1.0)
        self.dtype = getattr(torch, converted.dtype)
        waiting: list[nn.Module] = []
        join: Map = lambda y: y  # noqa: E731  (how the spikes of a tournament are put together)
        for module in model:
            if isinstance(module, nn.ReLU):
                self._linear(waiting, join)
                waiting, join = [], lambda y: y
            elif isinstance(module, nn.MaxPool2d):
                join = self._tournament(int(module.kernel_size))
            elif isinstance(module, nn.BatchNorm2d):
                waiting[-1] = fuse_conv_bn_eval(waiting[-1], module)
            else:
                waiting.append(module)
        self._linear(waiting, join)

    def _linear(self, modules: list[nn.Module], join: Map) -> None:
        threshold, grid = next(self._thresholds), next(self._grids)
        parts: list[nn.Module] = []
        bias = torch.zeros(1, dtype=torch.float64)
        for module in modules:
            if isinstance(module, nn.AvgPool2d):  # a mean of spikes is a multiple of 1 / n
                grid *= int(module.kernel_size) ** 2
            if isinstance(module, nn.Conv2d | nn.Linear):
                shape = (-1, 1, 1) if isinstance(module, nn.Conv2d) else (-1,)
                bias = (module.bias.detach().double() / threshold).reshape(shape)
                module = _scaled(module, self._before / threshold, grid, self.dtype)
            parts.append(module)
        drive = nn.Sequential(*parts)
        self.maps.append(lambda y: drive(join(y)))
        self.biases.append(bias)
        self._before = threshold

    def _tournament(self, size: int) -> Map:
        """Rounds that halve the slots of a window; how the winners are put together."""
        corners = [(i, j) for i in range(size) for j in range(size)]
        slots: Callable[[torch.Tensor], list[torch.Tensor]]
        slots = lambda y: [y[..., i::size, j::size] for i, j in corners]  # noqa: E731
        n = len(corners)
        while n > 1:
            pairs = n // 2

            def round_(y: torch.Tensor, slots: Any = slots, pairs: int = pairs) -> torch.Tensor:
                s = slots(y)
                first, second = s[:pairs], s[pairs : 2 * pairs]
                fights = [p - q for p, q in zip(first, second, strict=True)]
                return torch.stack(fights + second + s[2 * pairs :], 1)

            self.maps.append(round_)
            self.biases.append(torch.zeros(1, dtype=torch.float64))
            next(self._thresholds), next(self._grids)

            def slots(y: torch.Tensor, pairs: int = pairs, odd: int = n % 2) -> list[torch.Tensor]:
                winners = [y[:, i] + y[:, pairs + i] for i in range(pairs)]
                return [*winners, y[:, 2 * pairs]] if odd else winners

            n = pairs + n % 2
        return lambda y: slots(y)[0]


def _scaled(module: Any, factor: float, grid: float, dtype: torch.dtype) -> Any:
    """A convolution or a linear map without its bias, its weights times a factor, rounded."""
    weight = _rounded(module.weight.detach().double() * factor, grid).to(dtype)
    if isinstance(module, nn.Linear):
        made: Any = nn.Linear(module.in_features, module.out_features, bias=False, dtype=dtype)
    else:
        sizes = (module.in_channels, module.out_channels, module.kernel_size)
        made = nn.Conv2d(*sizes, bias=False, dtype=dtype)
    with torch.no_grad():
        made.weight.copy_(weight)
    return made


def _rounded(values: torch.Tensor, grid: float) -> torch.Tensor:
    return torch.round(values / grid) * grid


class TorchDigits(TorchLayers):
    """The network of ``spikeconverter``."""

    def __init__(self, model: nn.Sequential, converted: SpikeConverted) -> None:
        super().__init__(model, converted)
        self.biases = [bias.to(self.dtype) for bias in self.biases]
        self.T, self.k = converted.neuron.n_steps, converted.neuron.factor
        self.scale, self.low = converted.input_scale, converted.low
        self.worth = torch.tensor(converted.neuron.digits, dtype=self.dtype)

    def _inputs(self, image: torch.Tensor) -> torch.Tensor:
        return ((image - self.low) * self.scale)[None]

    def _release(self, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = (v >= 1.0).to(v.dtype)
        return y, self.k * (v - y)

    @torch.no_grad()
    def step_by_step(self, image: torch.Tensor, seen: list[Any] | None = None) -> torch.Tensor:
        """Each layer on the spikes of one step after the other; ``seen`` takes the spikes."""
        v = self._inputs(image)
        for drive, bias in zip(self.maps, self.biases, strict=True):
            total, spikes = torch.zeros(1, dtype=v.dtype), []
            for _ in range(self.T):
                y, v = self._release(v)
                total = self.k * total + drive(y)
                spikes.append(y)
            if seen is not None:
                seen.append(torch.cat(spikes))
            v = total / self.k ** (self.T - 1) + bias
        return v[0]

    @torch.no_grad()
    def all_steps_at_once(self, image: torch.Tensor) -> torch.Tensor:
        """Each layer on the spikes of all steps as a batch, as layers answer in turns."""
        v = self._inputs(image)
        for drive, bias in zip(self.maps, self.biases, strict=True):
            spikes = []
            for _ in range(self.T):
                y, v = self._release(v)
                spikes.append(y)
            v = torch.tensordot(self.worth, drive(torch.cat(spikes)), 1)[None] + bias
        return v[0]


class TorchRates(TorchLayers):
    """The network of ``rate`` with reset by subtraction."""

    def __init__(self, model: nn.Sequential, converted: RateConverted) -> None:
        super().__init__(model, converted)
        pairs = zip(self.biases[1:], converted.grids[1:], strict=True)
        rounded = [_rounded(bias, grid) for bias, grid in pairs]
        self.biases = [bias.to(self.dtype) for bias in (self.biases[0], *rounded)]
        self.T = converted.n_steps

    @torch.no_grad()
    def step_by_step(
        self, image: torch.Tensor, seen: list[Any] | None = None, current: Any = None
    ) -> torch.Tensor:
        """All layers in each step; the first one's current does not change, and may be given.

        ``seen`` takes the spikes of each layer and step.
        """
        if current is None:
            current = self.maps[0](image[None]) + self.biases[0]
        v: list[Any] = [0.0] * (len(self.maps) - 1)
        total: Any = 0.0
        for _ in range(self.T):
            drive = current
            for i in range(len(v)):
                v[i] = v[i] + drive
                y = (v[i] >= 1.0).to(drive.dtype)
                v[i] = v[i] - y
                if seen is not None:
                    seen[i].append(y)
                drive = self.maps[i + 1](y) + self.biases[i + 1]
            total = total + drive
        return (total / self.T)[0]

    @torch.no_grad()
    def all_steps_at_once(self, image: torch.Tensor) -> torch.Tensor:
        """Layer after layer, the map of each on the spikes of all steps as a batch."""
        current = self.maps[0](image[None]) + self.biases[0]
        drives = [current[0]] * self.T
        for drive, bias in zip(self.maps[1:], self.biases[1:], strict=True):
            v, spikes = torch.zeros_like(drives[0]), []
            for J in drives:
                v = v + J
                y = (v >= 1.0).to(v.dtype)
                v = v - y
                spikes.append(y)
            drives = list(drive(torch.stack(spikes)) + bias)
        return torch.stack(drives).mean(0)
