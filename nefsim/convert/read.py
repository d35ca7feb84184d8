"""Read PyTorch models as stages: pairs of a linear map and a ReLU."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nefsim import _checks as check
from nefsim.convert.qcfs import QCFS
from nefsim.convolution import (
    Pads,
    Pair,
    conv2d_matrix,
    pads_of,
    pair,
    pool2d_matrix,
    windows,
)

Array = NDArray[np.float64]

#: Modules that have no effect after training.
SILENT = (nn.Dropout, nn.Dropout2d, nn.Identity)


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of a model: ``y = relu(matrix @ x + bias)``; the readout has no ``relu``.

    Attributes
    ----------
    label : str
        Names of the PyTorch modules of the stage.
    matrix : (M, N) ndarray or sparse array
        Product of the linear modules before the ReLU.
    bias : (M,) ndarray
        Constant part of the output of these modules.
    rectified : bool
        Whether a ReLU follows.
    limit : float or None
        Largest value of the activation; None without a limit.
    pools : bool
        Whether the stage is a part of max-pooling and only compares values.
    order : (M,) ndarray or None
        Index of each row in the flattened output of the module; None if rows are in that
        order.  Rows of a convolution are ordered by position and then by channel, so that the
        weights of a spike are contiguous.
    """

    label: str
    matrix: Any
    bias: Array
    rectified: bool = True
    limit: float | None = None
    pools: bool = False
    order: NDArray[np.intp] | None = None

    @property
    def size(self) -> int:
        """Number of outputs M."""
        return len(self.bias)

    def drive(self, x: Array) -> Array:
        """``matrix @ x + bias`` of rows x (P, N), (P, M)."""
        return np.asarray((self.matrix @ x.T).T) + self.bias

    def values(self, x: Array) -> Array:
        """The activations (P, M) of rows x (P, N)."""
        driven = self.drive(x)
        return np.clip(driven, 0.0, self.limit) if self.rectified else driven


def read(who: str, model: Any, shape: tuple[int, ...]) -> list[Stage]:
    """The stages of a model for inputs of ``shape``; the last one is not rectified."""
    do = "pass a torch.nn.Sequential"
    check.instance(who, "model", model, nn.Sequential, "a torch.nn.Sequential", do)
    tensors = [*model.parameters(), *model.buffers()]
    if n_invalid := sum(int((~tensor.isfinite()).sum()) for tensor in tensors):
        do = "train it again, with a lower learning rate"
        check.fail(who, "model", "have finite weights", f"{n_invalid} that are not", do)
    reader = _Reader(who, shape)
    for name, module in _flat(model):
        reader.take(name, module)
    return reader.finish()


def _flat(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    for name, module in model.named_children():
        if isinstance(module, nn.Sequential):
            yield from _flat(module, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", module


def _numbers(tensor: torch.Tensor) -> Array:
    return tensor.detach().cpu().to(torch.float64, copy=True).numpy()


class _Reader:
    """Multiplies successive linear modules into one matrix; each ReLU ends a stage."""

    def __init__(self, who: str, shape: tuple[int, ...]) -> None:
        self.who, self.shape = who, shape
        self.stages: list[Stage] = []
        self._labels: list[str] = []
        self._matrix: Any = None
        self._bias: Array = np.zeros(int(np.prod(shape)))
        self._postponed: tuple[str, nn.MaxPool2d] | None = None
        self._order: NDArray[np.intp] | None = None  # shape of the input of the matrix

    def take(self, name: str, module: nn.Module) -> None:
        """Add the next module of the model."""
        self._name = f"{name} {type(module).__name__}"
        if isinstance(module, SILENT):
            return
        if isinstance(module, (nn.ReLU, QCFS)):
            self._rectify(module)
        elif isinstance(module, nn.MaxPool2d):
            self._max_pool(module)
        elif isinstance(module, nn.Flatten):
            self._flatten(module)
        else:
            self._linear(module)

    def finish(self) -> list[Stage]:
        """All stages; the modules after the last ReLU are the readout."""
        if self._postponed is not None:
            self._refuse("max-pooling", "a ReLU before or after it", "add one")
        if self._matrix is None:
            self._matrix = self._after(_identity(len(self._bias)))
        self._close(rectified=False)
        return self.stages

    def _refuse(self, part: str, need: str, do: str) -> None:
        check.fail(self.who, "model", f"have {need} for {part}", f"module {self._name}", do)

    def _linear(self, module: nn.Module) -> None:
        if self._postponed is not None:
            self._refuse("max-pooling", "a ReLU before or after it", "move the ReLU")
        shape: tuple[int, ...]
        if isinstance(module, nn.Linear):
            if self.shape != (module.in_features,):
                self._refuse(f"inputs of shape {self.shape}", "a fitting size", "flatten first")
            matrix, shape = _numbers(module.weight), (module.out_features,)
            bias = module.bias
        elif isinstance(module, nn.Conv2d):
            matrix, shape, bias = *self._convolution(module), module.bias
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            self._normalise(module)
            return
        elif isinstance(module, nn.AvgPool2d):
            matrix, shape, bias = *self._average(module), None
        else:
            options = "Linear, Conv2d, BatchNorm, ReLU, AvgPool2d, MaxPool2d and Flatten"
            got, do = f"module {self._name}", "replace it, or convert the part before it"
            check.fail(self.who, "model", f"be made of {options}", got, do)
        self._apply(matrix, 0.0 if bias is None else self._per_output(_numbers(bias), shape))
        self.shape = shape

    def _apply(self, matrix: Any, bias: Array | float) -> None:
        self._bias = np.asarray(matrix @ self._bias) + bias
        self._matrix = self._after(matrix) if self._matrix is None else matrix @ self._matrix
        self._labels.append(self._name)

    def _after(self, matrix: Any) -> Any:
        """Reorder the columns of a matrix as the outputs of the last stage."""
        return matrix if self._order is None else matrix[:, self._order]

    def _per_output(self, values: Array, shape: tuple[int, ...]) -> Array:
        """Repeat the value of each channel for all of its pixels."""
        return np.repeat(values, int(np.prod(shape[1:])))

    def _planes(self) -> tuple[int, int, int]:
        if len(self.shape) != 3:
            self._refuse(f"inputs of shape {self.shape}", "(channels, height, width)", "reshape")
        channels, height, width = self.shape
        return channels, height, width

    def _convolution(self, module: nn.Conv2d) -> tuple[Any, tuple[int, ...]]:
        planes = self._planes()
        if module.padding_mode != "zeros" or module.in_channels != planes[0]:
            self._refuse("a convolution", f"zeros as padding and {planes[0]} channels", "change it")
        kernel, dilation = pair(module.kernel_size), pair(module.dilation)
        pads = pads_of(module.padding, kernel, dilation)
        weight = _numbers(module.weight)
        return conv2d_matrix(weight, planes, pair(module.stride), pads, dilation, module.groups)

    def _average(self, module: nn.AvgPool2d) -> tuple[Any, tuple[int, ...]]:
        kernel, stride, pads = self._pooling(module)
        size = module.divisor_override or kernel[0] * kernel[1]
        means = not module.count_include_pad and module.divisor_override is None
        return pool2d_matrix(self._planes(), kernel, stride, pads, None if means else 1.0 / size)

    def _pooling(self, module: nn.AvgPool2d | nn.MaxPool2d) -> tuple[Pair, Pair, Pads]:
        if module.ceil_mode:
            self._refuse("pooling", "ceil_mode=False", "pad the input instead")
        kernel, stride = pair(module.kernel_size), pair(module.stride or module.kernel_size)
        return kernel, stride, pads_of(module.padding, kernel)

    def _normalise(self, module: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
        """Add a batch normalisation, ``(x - mean) / sqrt(var + eps) * weight + bias``.

        Mean and variance are the running statistics of the training.
        """
        mean, variance = module.running_mean, module.running_var
        if mean is None or variance is None or self.shape[0] != module.num_features:
            self._refuse("a normalisation", "running statistics of as many channels", "train it so")
        assert mean is not None and variance is not None
        scale = 1.0 / np.sqrt(_numbers(variance) + module.eps)
        if module.weight is not None:
            scale *= _numbers(module.weight)
        shift = -_numbers(mean) * scale
        if module.bias is not None:
            shift += _numbers(module.bias)
        scale, shift = self._per_output(scale, self.shape), self._per_output(shift, self.shape)
        self._apply(_diagonal(scale), shift)

    def _flatten(self, module: nn.Flatten) -> None:
        if module.start_dim != 1 or module.end_dim != -1:
            self._refuse("flattening", "start_dim=1 and end_dim=-1", "flatten it all")
        self.shape = (int(np.prod(self.shape)),)

    def _rectify(self, module: nn.ReLU | QCFS) -> None:
        if self._matrix is None and not self.stages:
            self._apply(_identity(len(self._bias)), 0.0)
        if self._matrix is not None:
            self._labels.append(self._name)
            limit = float(module.limit.detach()) if isinstance(module, QCFS) else None
            self._close(limit=limit)
        if self._postponed is not None:
            (self._name, pool), self._postponed = self._postponed, None
            self._max_pool(pool)

    def _close(self, **options: Any) -> None:
        label = " + ".join(self._labels) or "output"
        matrix, bias, self._order = self._matrix, self._bias, None
        if len(self.shape) == 3 and options.get("rectified", True):
            self._order = np.arange(len(bias)).reshape(self.shape).transpose(1, 2, 0).ravel()
            matrix, bias = matrix[self._order], bias[self._order]
        self.stages.append(Stage(label, matrix, bias, order=self._order, **options))
        self._labels, self._matrix = [], None
        self._bias = np.zeros(len(self._bias))

    def _max_pool(self, module: nn.MaxPool2d) -> None:
        """Add max-pooling, as rounds of ``max(p, q) = relu(p - q) + relu(q)`` for pairs.

        The equation needs p and q of at least 0.  So pooling before a ReLU is moved after it,
        which gives the same result.
        """
        if self._matrix is not None:
            if self._postponed is not None:
                self._refuse("max-pooling", "a ReLU between two of them", "move the ReLU")
            self._postponed = (self._name, module)
            return
        if not self.stages:
            self._refuse("max-pooling", "a ReLU before or after it", "add one")
        if pair(module.dilation) != (1, 1):
            self._refuse("max-pooling", "no dilation", "leave it out")
        held = windows(self._planes(), *self._pooling(module))
        out = held.shape[:3]
        held = held.reshape(-1, held.shape[3])
        picked = [_selection(held[:, i], len(self._bias)) for i in range(held.shape[1])]
        slots = [self._after(slot) for slot in picked]
        while len(slots) > 1:
            slots = self._round(slots)
        self._matrix, self._bias = slots[0], np.zeros(len(held))
        self.shape = out

    def _round(self, slots: list[Any]) -> list[Any]:
        """Add a stage that compares pairs; return matrices from its output to the maxima."""
        from scipy.sparse import eye_array, hstack, vstack

        n, pairs, odd = slots[0].shape[0], len(slots) // 2, slots[len(slots) // 2 * 2 :]
        first, second = slots[:pairs], slots[pairs : 2 * pairs]
        rows = [p - q for p, q in zip(first, second, strict=True)] + second + odd
        matrix = vstack(rows, format="csr")
        matrix.eliminate_zeros()
        bias = np.zeros(matrix.shape[0])
        self.stages.append(Stage(self._name, matrix, bias, limit=self.stages[-1].limit, pools=True))
        empty = 0.0 * eye_array(n)

        def at(*slot_numbers: int) -> Any:
            blocks = [eye_array(n) if i in slot_numbers else empty for i in range(len(rows))]
            return hstack(blocks, format="csr")

        return [at(i, pairs + i) for i in range(pairs)] + ([at(2 * pairs)] if odd else [])


def _identity(n: int) -> Any:
    from scipy.sparse import csr_array, eye_array

    return csr_array(eye_array(n))


def _diagonal(values: Array) -> Any:
    from scipy.sparse import csr_array, diags_array

    return csr_array(diags_array(values))


def _selection(columns: NDArray[np.intp], n: int) -> Any:
    """A matrix whose product with x is ``x[columns]``; the value is 0 where the column is -1."""
    from scipy.sparse import csr_array

    rows = np.flatnonzero(columns >= 0)
    return csr_array((np.ones(len(rows)), (rows, columns[rows])), shape=(len(columns), n))
