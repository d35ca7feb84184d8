"""Laws of convolutions by plain loops, and of the noise of spikes by its parts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import convolution, spike_noise

DT = 0.001

# -- convolutions ------------------------------------------------------------------------------


def test_a_number_is_for_both_axes() -> None:
    assert convolution.pair(3) == (3, 3) and convolution.pair((2, 5)) == (2, 5)
    with pytest.raises(ValueError, match="broadcast"):
        convolution.pair((1, 2, 3))


def test_padding_is_before_and_after_each_axis() -> None:
    # Padding to the same size has the odd number at the end.
    assert convolution.pads_of("same", (3, 4)) == ((1, 1), (1, 2))
    assert convolution.pads_of("same", (2, 3), (3, 2)) == ((1, 2), (2, 2))
    assert convolution.pads_of("same", (1, 1), (5, 5)) == ((0, 0), (0, 0))
    assert convolution.pads_of("valid", (3, 4)) == ((0, 0), (0, 0))
    assert convolution.pads_of(2, (3, 4)) == ((2, 2), (2, 2))
    assert convolution.pads_of((1, 2), (3, 4)) == ((1, 1), (2, 2))


def window(shape: Any, at: Any, kernel: Any, stride: Any, pads: Any, dilation: Any) -> Any:
    """Indices in a window of a channel, row by row; -1 for padding."""
    c, i, j = at
    _, height, width = shape
    for k, m in itertools.product(range(kernel[0]), range(kernel[1])):
        y = i * stride[0] + k * dilation[0] - pads[0][0]
        x = j * stride[1] + m * dilation[1] - pads[1][0]
        inside = 0 <= y < height and 0 <= x < width
        yield (c * height + y) * width + x if inside else -1


CASES = [
    ((2, 4, 5), (2, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ((2, 5, 6), (2, 3), (2, 3), ((1, 0), (2, 1)), (2, 1)),
    ((4, 3, 4), (3, 1), (1, 2), ((0, 2), (0, 0)), (1, 3)),
    ((2, 3, 3), (3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)),  # one window
]


def size_of(case: Any) -> tuple[int, int]:
    shape, kernel, stride, pads, dilation = case
    return tuple(  # type: ignore[return-value]
        (n + sum(p) - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(shape[1:], kernel, stride, pads, dilation, strict=True)
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_windows_have_the_indices_of_their_elements(case: Any) -> None:
    shape, kernel, stride, pads, dilation = case
    held = convolution.windows(*case)
    assert held.shape == (shape[0], *size_of(case), kernel[0] * kernel[1])
    for at in np.ndindex(held.shape[:3]):
        assert held[at].tolist() == [*window(shape, at, kernel, stride, pads, dilation)]
    if dilation == (1, 1):
        np.testing.assert_array_equal(convolution.windows(shape, kernel, stride, pads), held)


def test_a_window_that_does_not_fit_is_in_no_place() -> None:
    none = ((0, 0), (0, 0))
    for kernel in ((4, 2), (2, 4)):
        assert convolution.windows((2, 3, 3), kernel, (1, 1), none).shape == (2, 0, 0, 8)
    for kernel in ((3, 2), (2, 3)):
        assert convolution.windows((2, 3, 3), kernel, (1, 1), none).size == 2 * 2 * 6


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_convolution_is_the_sum_over_channels_and_windows(case: Any, groups: int) -> None:
    shape, kernel, stride, pads, dilation = case
    n_out, per_group = 6, shape[0] // groups
    weight = np.arange(1.0, 1 + n_out * per_group * np.prod(kernel))
    weight = weight.reshape(n_out, per_group, *kernel)
    matrix, out = convolution.conv2d_matrix(weight, shape, stride, pads, dilation, groups)
    assert out == (n_out, *size_of(case))
    expected = np.zeros((*out, int(np.prod(shape))))
    for o, i, j in np.ndindex(out):
        for c in range(per_group):
            at = (o // (n_out // groups) * per_group + c, i, j)
            indices = window(shape, at, kernel, stride, pads, dilation)
            for w, index in zip(weight[o, c].ravel(), indices, strict=True):
                if index >= 0:
                    expected[o, i, j, index] += w
    np.testing.assert_array_equal(matrix.toarray(), expected.reshape(-1, expected.shape[-1]))


def test_a_convolution_has_steps_of_one_no_padding_and_one_group() -> None:
    weight = np.arange(1.0, 9).reshape(2, 1, 2, 2)
    plain, shape = convolution.conv2d_matrix(weight, (1, 3, 4))
    none = ((0, 0), (0, 0))
    full, same = convolution.conv2d_matrix(weight, (1, 3, 4), (1, 1), none, (1, 1), 1)
    assert shape == same == (2, 2, 3)
    np.testing.assert_array_equal(plain.toarray(), full.toarray())


@pytest.mark.parametrize("weight", [None, 0.5])
@pytest.mark.parametrize("case", [case for case in CASES if case[4] == (1, 1)], ids=str)
def test_pooling_is_a_mean_without_padding_or_a_weighted_sum(case: Any, weight: Any) -> None:
    shape, kernel, stride, _, dilation = case
    pads = ((1, 1), (0, 1))
    matrix, out = convolution.pool2d_matrix(shape, kernel, stride, pads, weight)
    assert out == (shape[0], *size_of((shape, kernel, stride, pads, dilation)))
    for row, at in zip(matrix.toarray(), np.ndindex(out), strict=True):
        real = [i for i in window(shape, at, kernel, stride, pads, dilation) if i >= 0]
        expected = np.zeros(int(np.prod(shape)))
        expected[real] = 1.0 / len(real) if weight is None else weight
        np.testing.assert_allclose(row, expected, rtol=1e-15)


# -- noise of spikes ---------------------------------------------------------------------------

RATES = np.array([[20.0, 80.0, 0.0], [40.0, 90.0, 10.0], [60.0, 70.0, 5.0]])
LOWPASS = nef.Lowpass(0.02)
TRIPLE = nef.LinearFilter([3.0], [0.01, 1.0])  # a gain of 3


@pytest.mark.parametrize("amplitude", [1.0, 2.0, 0.25])
@pytest.mark.parametrize(("synapse", "gain"), [(LOWPASS, 1.0), (TRIPLE, 3.0), (None, 1.0)])
def test_variances_are_means_over_points_in_units_of_the_gain(
    synapse: Any, gain: float, amplitude: float
) -> None:
    spikes = spike_noise.Spikes(synapse, DT, nef.LIF(amplitude=amplitude))
    blocks = [amplitude * RATES[:2], amplitude * RATES[2:]]
    for name, law in (("regular", spike_noise.regular), ("poisson", spike_noise.poisson)):
        expected = np.mean([law(r, synapse, DT) for r in RATES], axis=0) * (amplitude / gain) ** 2
        found = spikes.variance(name, blocks, 90.0 * amplitude)
        # The gain of a filter is that of its taps, and variances are read between nodes.
        rtol = 2e-3 if synapse is TRIPLE else 1e-12
        np.testing.assert_allclose(found, expected, rtol=rtol)
        assert not found.flags.writeable
    (both, many) = (spikes.variance("auto", b, 90.0 * amplitude) for b in (blocks, [*blocks] * 3))
    np.testing.assert_allclose(both, many, rtol=1e-12)


def test_variances_do_not_depend_on_the_numbers_at_a_time(monkeypatch: Any) -> None:
    spikes = spike_noise.Spikes(LOWPASS, DT, nef.LIF())
    whole = spikes.variance("regular", [RATES], 90.0)
    for numbers in (1, 3, 6, 7):
        monkeypatch.setattr(spike_noise, "NUMBERS_IN_CACHE", numbers)
        found = spikes.variance("regular", [RATES], 90.0)
        np.testing.assert_allclose(found, whole, rtol=1e-13)  # of sums in parts


def test_neurons_that_draw_are_random_and_rates_have_no_noise() -> None:
    random = spike_noise.Spikes(LOWPASS, DT, nef.PoissonSpiking(nef.LIFRate()))
    poisson, auto, even = (
        random.variance(n, [RATES], 90.0) for n in ("poisson", "auto", "regular")
    )
    np.testing.assert_array_equal(auto, poisson)
    assert (even < poisson).all()  # as asked for
    rate = spike_noise.Spikes(LOWPASS, DT, nef.LIFRate())
    np.testing.assert_array_equal(rate.variance("auto", [RATES, RATES], 90.0), np.zeros(3))


def test_negative_rates_of_a_population_are_as_noisy_as_positive_ones() -> None:
    neuron = nef.RegularSpiking(nef.Tanh())
    for synapse in (LOWPASS, nef.Alpha(0.01)):
        spikes = spike_noise.Spikes(synapse, DT, neuron)
        signs = np.array([[1.0, -1.0, 1.0]])
        for name in ("regular", "poisson", "auto"):
            plus, minus = (spikes.variance(name, [r], 90.0) for r in (RATES, signs * RATES))
            np.testing.assert_array_equal(plus, minus)


def test_arrays_that_are_shared_cannot_be_changed() -> None:
    assert not spike_noise._taps(nef.Alpha(0.01), DT).flags.writeable
    assert not spike_noise._autocorrelation(nef.Alpha(0.01), DT).flags.writeable


def test_taps_of_a_short_filter_are_its_numerator() -> None:
    finite = nef.LinearFilter([0.5, 0.25, 0.125], [1.0, 0.0, 0.0], analog=False)
    np.testing.assert_array_equal(spike_noise._taps(finite, DT), [0.5, 0.25, 0.125])
    np.testing.assert_array_equal(spike_noise._taps(None, DT), [1.0])
    np.testing.assert_allclose(
        spike_noise._autocorrelation(finite, DT),
        [0.25 + 0.0625 + 0.015625, 0.125 + 0.03125, 0.0625],
        rtol=1e-14,
    )
    both = spike_noise._convolved(np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0]))
    np.testing.assert_allclose(both, [3.0, 10.0, 13.0, 10.0], rtol=1e-14)


def test_how_many_are_true_at_first() -> None:
    for mask, n in (([True, True], 2), ([False, True], 0), ([True, False, True], 1), ([], 0)):
        assert spike_noise._first(np.array(mask, bool)) == n
