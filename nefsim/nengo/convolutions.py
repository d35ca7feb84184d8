"""Nengo's convolutions as sparse matrices."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.convolution import conv2d_matrix

Array = NDArray[np.float64]


def matrix(who: str, transform: Any, kernel: Array) -> Any:
    """The matrix of a convolution, or of one transposed, in one or two dimensions."""
    small, large = transform.output_shape, transform.input_shape
    transposed = isinstance(transform, nengo.transforms.ConvolutionTranspose)
    if transposed:  # the transpose of a convolution from output to input
        small, large = large, small
        kernel = np.swapaxes(kernel, -1, -2)
    if transform.dimensions > 2:
        must, got = "have one or two dimensions", f"{transform.dimensions}"
        check.fail(who, "transform", must, got, "run it in nefsim.nengo.Simulator")
    groups = 1 if transposed else transform.groups
    forward = _forward(transform, kernel, large, small, groups)
    return forward.T.tocsr() if transposed else forward


def _forward(transform: Any, kernel: Array, before: Any, after: Any, groups: int) -> Any:
    # One dimension is a column of height 1.
    heights = [1] * (2 - transform.dimensions)
    space, size, stride = (
        (*heights, *axes)
        for axes in (before.spatial_shape, transform.kernel_size, transform.strides)
    )
    pads = [(0, 0)] * 2
    if transform.padding == "same":
        sizes = (*heights, *after.spatial_shape)
        total = [
            max((n - 1) * s + k - m, 0)
            for n, s, k, m in zip(sizes, stride, size, space, strict=True)
        ]
        pads = [(n // 2, n - n // 2) for n in total]
    weight = kernel.reshape(*size, *kernel.shape[-2:]).transpose(3, 2, 0, 1)
    convolution, _ = conv2d_matrix(
        weight,
        (before.n_channels, *space),
        stride,
        (pads[0], pads[1]),
        groups=groups,
    )
    return convolution[_order(after)][:, _order(before)]


def _order(shape: Any) -> NDArray[np.intp]:
    """The index of each of Nengo's elements in an array (channels, height, width)."""
    numbers = np.arange(shape.size).reshape(shape.n_channels, *shape.spatial_shape)
    if shape.channels_last:
        numbers = np.moveaxis(numbers, 0, -1)
    return np.asarray(numbers.ravel(), np.intp)
