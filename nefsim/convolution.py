"""Convolutions and pooling as sparse matrices on flattened (channels, height, width) arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]
Shape = tuple[int, int, int]
Pads = tuple[Pair, Pair]  # (before, after) of height, and of width


def pair(value: Any) -> Pair:
    """Convert a number, or a pair of numbers, to values for height and width."""
    first, second = np.broadcast_to(value, 2)
    return int(first), int(second)


def pads_of(padding: Any, kernel: Pair, dilation: Pair = (1, 1)) -> Pads:
    """Padding at both sides of each axis, from numbers, "same" or "valid"."""
    if isinstance(padding, str) and padding == "same":
        whole = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        before = [n // 2 for n in whole]
        return (before[0], whole[0] - before[0]), (before[1], whole[1] - before[1])
    height, width = pair(0 if isinstance(padding, str) else padding)
    return (height, height), (width, width)


def windows(
    shape: Shape, kernel: Pair, stride: Pair, pads: Pads, dilation: Pair = (1, 1)
) -> NDArray[np.intp]:
    """Indices of the elements in each window of each channel, (C, H_out, W_out, kh * kw).

    The index of padding is -1.
    """
    channels, height, width = shape
    places = np.full((channels, height + sum(pads[0]), width + sum(pads[1])), -1, dtype=np.intp)
    places[:, pads[0][0] : pads[0][0] + height, pads[1][0] : pads[1][0] + width] = np.arange(
        channels * height * width
    ).reshape(shape)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if spans[0] > places.shape[1] or spans[1] > places.shape[2]:
        return np.empty((channels, 0, 0, kernel[0] * kernel[1]), dtype=np.intp)
    view = np.lib.stride_tricks.sliding_window_view(places, spans, axis=(1, 2))
    view = view[:, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    return view.reshape(*view.shape[:3], -1)


def conv2d_matrix(
    weight: NDArray[np.float64],
    shape: Shape,
    stride: Pair = (1, 1),
    pads: Pads = ((0, 0), (0, 0)),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> tuple[Any, Shape]:
    """The matrix of a cross-correlation with ``weight`` (C_out, C_in / groups, kh, kw).

    Parameters
    ----------
    weight : (C_out, C_in / groups, kh, kw) array
        The kernels.
    shape : (C_in, H, W)
        Shape of the input.
    stride, pads, dilation, groups
        As for ``torch.nn.Conv2d``, with zeros for padding.

    Returns
    -------
    matrix : (C_out * H_out * W_out, C_in * H * W) sparse array
    shape : (C_out, H_out, W_out)

    Examples
    --------
    >>> matrix, shape = conv2d_matrix(np.ones((1, 1, 2, 2)), (1, 2, 3))
    >>> matrix.toarray()
    array([[1., 1., 0., 1., 1., 0.],
           [0., 1., 1., 0., 1., 1.]])
    >>> shape
    (1, 1, 2)
    """
    from scipy.sparse import csr_array

    n_out, per_group, *kernel = weight.shape
    held = windows(shape, (kernel[0], kernel[1]), stride, pads, dilation)
    _, height, width, _ = held.shape
    group = np.repeat(np.arange(groups), n_out // groups)
    channels = group[:, None] * per_group + np.arange(per_group)  # (C_out, C_in / groups)
    columns = np.moveaxis(held[channels], 1, 3)  # (C_out, H, W, C_in / groups, kh * kw)
    values = np.broadcast_to(weight.reshape(n_out, 1, 1, per_group, -1), columns.shape)
    rows = np.broadcast_to(
        np.arange(n_out * height * width).reshape(n_out, height, width, 1, 1), columns.shape
    )
    real = columns >= 0
    entries = (values[real], (rows[real], columns[real]))
    size = (n_out * height * width, int(np.prod(shape)))
    return csr_array(entries, shape=size), (n_out, height, width)


def pool2d_matrix(
    shape: Shape, kernel: Pair, stride: Pair, pads: Pads, weight: float | None = None
) -> tuple[Any, Shape]:
    """The matrix of sums over windows times ``weight``; None computes means without padding."""
    from scipy.sparse import csr_array

    held = windows(shape, kernel, stride, pads)
    out: Shape = (held.shape[0], held.shape[1], held.shape[2])
    held = held.reshape(-1, held.shape[3])
    real = held >= 0
    counts = real.sum(axis=1, keepdims=True)
    values = np.broadcast_to(1.0 / counts if weight is None else weight, held.shape)
    rows = np.broadcast_to(np.arange(len(held))[:, None], held.shape)
    entries = (values[real], (rows[real], held[real]))
    return csr_array(entries, shape=(len(held), int(np.prod(shape)))), out
