"""The last value that is allowed and the first that is not, of arguments that have limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import _checks as check

TINY = 1e-300


def ensemble(**given: Any) -> Any:
    return nef.Network(seed=1).ensemble(**({"n_neurons": 5, "dimensions": 1} | given))


def node(**given: Any) -> Any:
    return nef.Network(seed=1).node(**given)


def generator(seed: int) -> Any:
    return nef.Uniform(0, 1).sample(1, rng=seed)


#: A name, what takes the value, values allowed at a limit, and values refused beyond it.
LIMITS: list[tuple[str, Callable[[Any], Any], list[Any], list[Any]]] = [
    ("Network.seed", lambda v: nef.Network(seed=v), [None, 0, 2**64 - 1], [-1, 2**64]),
    ("rng", generator, [None, 0, 2**64 - 1], [-1, 2**64]),
    ("batch_size", lambda v: nef.describe(nef.Network(), batch_size=v), [1, 10**6], [0, 10**6 + 1]),
    ("trials", lambda v: nef.Simulator(nef.Network(), batch_size=v), [1], [0, 10**6 + 1]),
    ("seconds", lambda v: nef.Simulator(nef.Network()).run(v), [0.0], [-TINY, 1.1e6]),
    ("describe dt", lambda v: nef.describe(nef.Network(), dt=v), [TINY, 1e6], [0.0, 1.1e6]),
    ("size_in", lambda v: node(output=lambda t, x: 0.0, size_in=v), [1, 10**6], [-1, 10**6 + 1]),
    ("size_out", lambda v: node(output=lambda t: 0.0, size_out=v), [1, 10**6], [-1, 10**6 + 1]),
    ("n_neurons", lambda v: ensemble(n_neurons=v), [1, 10**8], [0, 10**8 + 1]),
    ("dimensions", lambda v: ensemble(dimensions=v), [1, 10**6], [0, 10**6 + 1]),
    ("n_eval_points", lambda v: ensemble(n_eval_points=v), [1, 10**8], [0, 10**8 + 1]),
    ("radius", lambda v: ensemble(radius=v), [TINY], [0.0, -1.0]),
    ("Lowpass", nef.Lowpass, [0.0, 1e6], [-TINY, 1.1e6]),
    ("Alpha", nef.Alpha, [TINY, 1e6], [0.0, 1.1e6]),
    ("tau1", lambda v: nef.DoubleExp(v, 0.1), [TINY, 1e6], [0.0, 1.1e6]),
    ("tau2", lambda v: nef.DoubleExp(0.1, v), [TINY, 1e6], [0.0, 1.1e6]),
    ("Triangle", nef.Triangle, [0.0, 1e6], [-TINY, 1.1e6]),
    ("Box", nef.Box, [TINY, 1e6], [0.0, 1.1e6]),
    ("Delay", nef.Delay, [0.0, 1e6], [-TINY, 1.1e6]),
    ("Highpass", nef.Highpass, [TINY, 1e6], [0.0, 1.1e6]),
    ("frequency", nef.Bandpass, [TINY, 1e6], [0.0, 1.1e6]),
    ("q", lambda v: nef.Bandpass(1.0, v), [1e-6, 1e6], [0.9e-6, 1.1e6]),
    ("reg", nef.LstsqL2, [0.0, 1e24], [-TINY]),
    ("nz reg", nef.LstsqL2nz, [0.0], [-TINY]),
    ("weighted reg", lambda v: nef.LstsqWeighted([1.0], v), [0.0], [-TINY]),
    ("NnlsL2", nef.NnlsL2, [0.0], [-TINY]),
    ("Softmax", nef.Softmax, [TINY], [0.0]),
    ("l1", nef.LstsqL1, [TINY], [0.0]),
    ("l2", lambda v: nef.LstsqL1(1e-4, v), [TINY], [0.0]),
    ("drop", nef.LstsqDrop, [0.0, 1 - 2**-53], [-TINY, 1.0]),
    ("Lstsq", nef.Lstsq, [0.0, 1 - 2**-53], [-TINY, 1.0]),
    ("PseudoInverse", nef.PseudoInverse, [0.0, 1 - 2**-53], [-TINY, 1.0]),
    ("LstsqNoise", nef.LstsqNoise, [0.0], [-TINY]),
    ("LstsqMultNoise", nef.LstsqMultNoise, [0.0], [-TINY]),
    ("tau_rc", nef.LIF, [TINY, 1e6], [0.0, 1.1e6]),
    ("tau_ref", lambda v: nef.LIF(tau_ref=v), [0.0, 1e6], [-TINY, 1.1e6]),
    ("min_voltage", lambda v: nef.LIF(min_voltage=v), [0.0, -1e24], [TINY]),
    ("amplitude", lambda v: nef.LIF(amplitude=v), [TINY], [0.0]),
    ("rate amplitude", lambda v: nef.LIFRate(amplitude=v), [TINY], [0.0]),
    ("relu amplitude", nef.RectifiedLinear, [TINY], [0.0]),
    ("tau_n", lambda v: nef.AdaptiveLIF(tau_n=v), [TINY, 1e6], [0.0, 1.1e6]),
    ("inc_n", lambda v: nef.AdaptiveLIF(inc_n=v), [0.0], [-TINY]),
    ("adaptive min_voltage", lambda v: nef.AdaptiveLIF(min_voltage=v), [0.0], [TINY]),
    ("sigma", lambda v: nef.SoftLIFRate(sigma=v), [1e-6, 1e6], [0.9e-6, 1.1e6]),
    ("Sigmoid", nef.Sigmoid, [TINY], [0.0]),
    ("Tanh", nef.Tanh, [TINY], [0.0]),
    ("n_steps", lambda v: nef.InverseLIF(n_steps=v), [1, 64], [0, 65]),
    ("factor", lambda v: nef.InverseLIF(1, v), [0.01, 100.0], [0.009, 101.0]),
    ("step_time", lambda v: nef.DiscreteLIF(step_time=v), [TINY, 1e6], [0.0, 1.1e6]),
    ("tau_recovery", lambda v: nef.Izhikevich(tau_recovery=v), [TINY, 1.0], [0.0, 1.01]),
    ("coupling", lambda v: nef.Izhikevich(coupling=v), [0.0], [-TINY, 101.0]),
    ("reset_voltage", lambda v: nef.Izhikevich(reset_voltage=v), [], [-1001.0, 31.0]),
    ("reset_recovery", lambda v: nef.Izhikevich(reset_recovery=v), [], [-10001, 10001]),
    ("learning_rate", nef.PES, [0.0], [-TINY]),
    ("beta", lambda v: nef.Oja(beta=v), [0.0], [-TINY]),
    ("theta_start", lambda v: nef.BCM(theta_start=v), [0.0], [-TINY]),
    ("supervision", lambda v: nef.HPES(supervision=v), [0.0, 1.0], [-TINY, 1.01]),
    ("bcm_scale", lambda v: nef.HPES(bcm_scale=v), [0.0], [-TINY]),
    ("hpes beta", lambda v: nef.HPES(beta=v), [0.0], [-TINY]),
    ("forgetting", lambda v: nef.Association(forgetting=v), [0.0], [-TINY]),
    ("min_magnitude", lambda v: nef.UniformHypersphere(False, v), [0.0, 0.999], [-TINY, 1.0]),
    ("CosineSimilarity", nef.CosineSimilarity, [2], [1]),
    ("std", lambda v: nef.Gaussian(0.0, v), [0.0], [-TINY]),
    ("scale", nef.Exponential, [TINY], [0.0]),
    ("patch", lambda v: nef.SparseGabor((4, 5), patch=v), [1, 4], [0, 5]),
    ("period", lambda v: nef.WhiteSignal(v, 1.0), [1.0], [0.0, 1.1e6]),
    ("rms", lambda v: nef.WhiteSignal(1.0, 5.0, rms=v), [TINY], [0.0]),
    ("presentation_time", lambda v: nef.PresentInput([[1.0]], v), [TINY, 1e6], [0.0, 1.1e6]),
    ("rest", lambda v: nef.PresentInput([[1.0]], 1.0, v), [0.0, 1e6], [-TINY, 1.1e6]),
    ("theta", nef.analysis.PairwiseBCM, [TINY], [0.0]),
    (
        "confidence",
        lambda v: nef.analysis.confidence_interval([1.0, 2.0], v, rng=0),
        [0.01, 0.99],
        [0.0, 1.0],
    ),
    (
        "n_resamples",
        lambda v: nef.analysis.confidence_interval([1.0, 2.0], n_resamples=v, rng=0),
        [100],
        [99, 10**7 + 1],
    ),
    ("bins", lambda v: nef.analysis.weight_histogram([0.0, 1.0], v), [1, 10**6], [0, 10**6 + 1]),
]


@pytest.mark.parametrize(
    ("make", "allowed", "refused"), [x[1:] for x in LIMITS], ids=[x[0] for x in LIMITS]
)
def test_a_limit_is_where_it_says(
    make: Callable[[Any], Any], allowed: list[Any], refused: list[Any]
) -> None:
    for value in allowed:
        make(value)
    for value in refused:
        with pytest.raises(ValueError, match=r" must (be|have|lie) .*, got "):
            make(value)


def test_numbers_are_as_large_as_their_squares_have_room() -> None:
    assert check.HUGE == 1e24
    for value in (1e24, -1e24):
        assert check.real("a", "b", value) == value
        assert check.array("a", "b", [value])[0] == value
        for call in (check.real, check.array):
            with pytest.raises(ValueError, match="b must be at"):
                call("a", "b", np.nextafter(value, 2 * value))  # type: ignore[operator]


def test_labels_are_whole_numbers_from_0_to_a_million() -> None:
    assert check.classes("a", "b", [0, 10**6]).tolist() == [0, 10**6]
    for labels in ([-1], [10**6 + 1], [0.5], [], [[1]]):
        with pytest.raises(ValueError, match="a: b must "):
            check.classes("a", "b", labels)
    with pytest.raises(ValueError, match="a: b must "):
        check.classes("a", "b", [1, 2], n=3)


def test_an_array_is_taken_as_it_is_only_if_nobody_can_change_it() -> None:
    own = np.arange(3.0)
    view = own[:]
    view.setflags(write=False)
    constant = np.arange(3.0)
    constant.setflags(write=False)
    for given in (own, view, np.arange(3)):
        assert not np.shares_memory(check.array("a", "b", given, copy=False), given)
    assert check.array("a", "b", constant, copy=False) is constant
    assert check.array("a", "b", constant) is not constant


def torch_limits() -> list[tuple[str, Callable[[Any], Any], list[Any], list[Any]]]:
    """The same for the rooms that need PyTorch."""
    torch = pytest.importorskip("torch")
    from nefsim import convert, train

    model, data = torch.nn.Sequential(torch.nn.Linear(3, 2)), np.ones((4, 3))
    image = torch.tensor([[0.5, 1.0]])
    layers = train.Layers(torch.nn.Linear(3, 2), train.IF())

    def batches(**given: Any) -> Any:
        return train.Batches(torch.ones(3), torch.ones(3), **given)

    def spikes(**given: Any) -> Any:
        return convert.spikeconverter(model, data=data, **given)

    def fit(**given: Any) -> Any:
        loss = torch.nn.functional.mse_loss
        pairs = [(torch.ones(2, 3), torch.ones(2, 2))]
        linear = torch.nn.Linear(3, 2)
        return train.fit(linear, pairs, loss, progress=False, **given)

    return [
        ("T of digits", lambda v: spikes(T=v, k=1.0), [1, 64], [0, 65]),
        ("k", lambda v: spikes(T=2, k=v), [1.0, 4.0], [0.99, 4.01]),
        ("digits of a span", lambda v: spikes(T=v, k=2.0), [31], [32]),
        ("percentile", lambda v: spikes(T=2, percentile=v), [50.0, 100.0], [49.9, 100.1]),
        ("T of rates", lambda v: convert.rate(model, T=v, data=data), [1], [0, 10**6 + 1]),
        ("levels", convert.QCFS, [1, 10**6], [0, 10**6 + 1]),
        ("limit", lambda v: convert.QCFS(4, v), [1e-30], [0.0]),
        ("LIF.tau", train.LIF, [1.0], [0.99]),
        ("PLIF.tau", train.PLIF, [1.01, 1e6], [1.0, 1.1e6]),
        ("decay", lambda v: train.SNU(2, 2, decay=v), [0.0, 1.0], [-TINY, 1.01]),
        ("in_features", lambda v: train.SNU(v, 2), [1], [0]),
        ("out_features", lambda v: train.SNU(2, v), [1], [0]),
        ("start_spread", lambda v: train.SNU(2, 2, start_spread=v), [0.0], [-TINY]),
        ("sigma", lambda v: train.SoftLIF(sigma=v), [1e-6, 1e6], [0.9e-6, 1.1e6]),
        ("tau_rc", lambda v: train.SoftLIF(tau_rc=v), [1e-9, 1e6], [0.0, 1.1e6]),
        ("tau_ref", lambda v: train.SoftLIF(tau_ref=v), [0.0, 1e6], [-TINY, 1.1e6]),
        ("amplitude", lambda v: train.SoftLIF(amplitude=v), [1e-30], [0.0]),
        ("p", train.Dropout, [0.0, 0.999], [-TINY, 1.0]),
        ("Vote", train.Vote, [1], [0]),
        ("n_steps", lambda v: train.DirectEncoding(model, n_steps=v), [1], [0]),
        ("most", lambda v: train.poisson(image, 3, v), [0.0, 1.0], [-TINY, 1.01]),
        ("steps", lambda v: train.poisson(image, v), [1], [0, 10**6 + 1]),
        ("digits", lambda v: train.snap(layers, digits=v), [24, 53], [1, 54]),
        ("size", lambda v: batches(size=v), [1], [0]),
        ("seed", lambda v: batches(seed=v), [0, 2**31], [-1, 2**31 + 1]),
        ("epochs", lambda v: fit(epochs=v), [0, 1], [-1]),
        ("seed of fit", lambda v: fit(seed=v), [0, 2**31], [-1, 2**31 + 1]),
        ("clip", lambda v: fit(clip=v), [None, 1e-9], [0.0]),
    ]


@pytest.mark.parametrize("place", range(28))
def test_a_limit_of_what_needs_pytorch_is_where_it_says(place: int) -> None:
    limits = torch_limits()
    assert len(limits) == 28
    name, make, allowed, refused = limits[place]
    for value in allowed:
        make(value)
    for value in refused:
        with pytest.raises(ValueError, match=r" must (be|give) .*, got "):
            make(value)
            pytest.fail(f"{name} may be {value}")


def test_a_conversion_names_itself_where_it_refuses_a_number_of_steps() -> None:
    torch = pytest.importorskip("torch")
    from nefsim.convert import spikeconverter

    model = torch.nn.Sequential(torch.nn.Linear(3, 2))
    with pytest.raises(ValueError, match=r"^spikeconverter: T must be at most 64, got 65"):
        spikeconverter(model, T=65, k=1.0, data=np.ones((4, 3)))
