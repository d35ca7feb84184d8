"""Laws of layers of NIR graphs: matrices against sums that are written out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

nir = pytest.importorskip("nir")

from nefsim.nir.load import _convolution  # noqa: E402


@pytest.mark.parametrize(
    ("groups", "stride", "padding", "dilation"),
    [(1, (1, 1), (0, 0), (1, 1)), (2, (1, 2), (1, 0), (1, 1)), (2, (2, 1), (0, 1), (1, 2))],
)
def test_a_convolution_of_groups_is_a_sum_over_its_kernel(
    groups: int, stride: tuple[int, int], padding: tuple[int, int], dilation: tuple[int, int]
) -> None:
    rng = np.random.default_rng(0)
    inside, outside, height, width = 4, 6, 6, 5
    weight = rng.normal(size=(outside, inside // groups, 3, 2))
    node = nir.Conv2d((height, width), weight, stride, padding, dilation, groups, np.zeros(outside))
    x = rng.normal(size=(inside, height, width))
    padded = np.pad(x, ((0, 0), *((p, p) for p in padding)))
    sizes = [
        (side + 2 * p - d * (k - 1) - 1) // s + 1
        for side, p, d, k, s in zip((height, width), padding, dilation, (3, 2), stride, strict=True)
    ]
    expected = np.zeros((outside, *sizes))
    for o, i, j in itertools.product(range(outside), *map(range, sizes)):
        group = o // (outside // groups)
        for c, a, b in itertools.product(range(inside // groups), range(3), range(2)):
            value = padded[
                group * (inside // groups) + c,
                i * stride[0] + a * dilation[0],
                j * stride[1] + b * dilation[1],
            ]
            expected[o, i, j] += weight[o, c, a, b] * value
    np.testing.assert_allclose(_convolution(node) @ x.ravel(), expected.ravel(), atol=1e-12)
