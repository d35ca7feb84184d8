"""Laws of converted models: bounds of arguments, turns of inputs, reports and reuse."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import nefsim as nef  # noqa: E402
from nefsim import convert  # noqa: E402
from nefsim.convert import base, exact, ready, spikes  # noqa: E402
from nefsim.convert.rate import INPUT_DIGITS  # noqa: E402
from nefsim.convert.read import Stage  # noqa: E402

RNG = np.random.default_rng(0)


def weighted(module: Any) -> Any:
    """A module of double precision with random weights and statistics."""
    torch.manual_seed(0)
    module = module.double().eval()
    for name, values in (*module.named_parameters(), *module.named_buffers()):
        if values.is_floating_point():
            low = 0.5 if "var" in name else -1.0
            values.data = low + 1.5 * torch.rand_like(values)
    return module


# Bounds


def small() -> Any:
    return weighted(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)))


DATA = RNG.normal(size=(6, 3))


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (convert.spikeconverter, {"T": 0}, "T must be at least 1"),
        (convert.spikeconverter, {"T": 65, "k": 1.0}, "T must be at most 64"),
        (convert.spikeconverter, {"T": 32}, r"T must give k\*\*\(T - 1\) below 2\*\*30"),
        (convert.spikeconverter, {"T": 31}, ""),
        (convert.spikeconverter, {"T": 17, "k": 4.0}, r"below 2\*\*30, got 17 with k = 4"),
        (convert.spikeconverter, {"T": 16, "k": 4.0}, ""),
        (convert.spikeconverter, {"T": 64, "k": 1.0}, ""),
        (convert.spikeconverter, {"k": 0.99}, "k must be"),
        (convert.spikeconverter, {"T": 4, "k": 4.01}, "k must be"),
        (convert.spikeconverter, {"k": 1.5, "dtype": "float32"}, "k must be 2 in float32, got 1.5"),
        (convert.spikeconverter, {"rounding": "up"}, "rounding must"),
        (convert.rate, {"T": 0}, "T must be at least 1"),
        (convert.rate, {"T": 10**6 + 1}, "T must be at most 1000000"),
        (convert.rate, {"T": 10**6}, ""),
        (convert.rate, {"T": 1}, ""),
        (convert.rate, {"percentile": 49.9}, "percentile must"),
        (convert.rate, {"percentile": 50.0}, ""),
        (convert.rate, {"percentile": 100.1}, "percentile must"),
        (convert.rate, {"data": np.ones(3)}, r"data must be a batch of inputs, got shape \(3,\)"),
        (
            convert.rate,
            {"data": np.ones((0, 3))},
            r"data must be a batch of inputs, got shape \(0, 3\)",
        ),
        (convert.rate, {"data": np.ones((1, 3))}, ""),
    ],
    ids=range(21),
)
def test_arguments_have_bounds(make: Any, options: dict[str, Any], words: str) -> None:
    arguments = {"data": DATA, **options}
    if not words:
        make(small(), **arguments)
        return
    with pytest.raises((TypeError, ValueError), match=words):
        make(small(), **arguments)


def test_ranges_of_inputs_include_0_and_levels_have_bounds() -> None:
    for data, low, high in (
        (DATA, DATA.min(), DATA.max()),
        (DATA**2 + 1, 0.0, (DATA**2 + 1).max()),
    ):
        made = convert.rate(small(), data=data)
        assert (made.low, made.high) == (low, high) and made.thresholds[-1] == 1.0
    for levels, words in ((0, "at least 1"), (10**6 + 1, "at most 1000000")):
        with pytest.raises(ValueError, match=f"levels must be {words}"):
            convert.QCFS(levels)
    assert convert.QCFS(10**6).levels == 10**6
    x = torch.tensor([-1.0, 0.06, 0.0625, 0.2, 0.94, 1.0, 9.0])
    found = convert.QCFS(8, 1.0)(x).tolist()
    # Rounded to eighths, halves upwards, and clipped.
    assert found == [0.0, 0.0, 0.125, 0.25, 1.0, 1.0, 1.0]
    half = convert.QCFS(4, 2.0)(torch.tensor([0.2, 0.3, 1.2])).tolist()
    assert half == [0.0, 0.5, 1.0]


# Running


def test_inputs_are_shown_in_turns_from_the_step_of_their_begin() -> None:
    process = ready._Inputs(2, 3)
    running: Any = process.start(2, 0.001, np.random.default_rng(0))
    assert process.size == 2 and running(5, 2).tolist() == [[0.0, 0.0]] * 2
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    running.begin(rows, 10)
    first, second = rows.tolist()
    assert running(10, 7).tolist() == [first] * 3 + [second] * 3 + [first]
    assert running(12, 2).tolist() == [first, second]
    running.end()
    assert running(12, 1).tolist() == [[0.0, 0.0]] and ready.DT == 0.001


def test_the_report_compares_with_the_stages() -> None:
    class Half(base.Converted):
        """A model whose layers reach half of their values."""

        _span = 2.0

        def __init__(self) -> None:
            self._who, self.shape = "half", (2,)
            self.stages = [
                Stage("a", np.eye(2), np.zeros(2)),
                Stage("b", np.zeros((1, 2)), np.zeros(1), rectified=False),
            ]
            self.thresholds = [1.5, 1.0]

        def predict(self, inputs: Any, backend: str = "auto") -> Any:
            raise NotImplementedError

        def _assemble(self) -> Any:
            raise NotImplementedError

        def _values(self, x: Any) -> Any:
            first = self.stages[0].values(x)
            return [first / 2, np.ones((len(x), 1))], [0.25, 0.0]

    found = Half().report([[1.0, -1.0], [3.0, 4.0]])
    a, b = found.layers
    # Values 1, 0, 3 and 4, of which only 4 is above twice the threshold.
    assert (a.label, a.n_neurons, a.threshold, a.spikes) == ("a", 2, 1.5, 0.25)
    assert (a.mean_error, a.relative_error, a.saturated) == (1.0, 0.5, 0.25)
    assert (b.n_neurons, b.mean_error, b.saturated, b.spikes) == (1, 1.0, 0.0, 0.0)
    assert b.relative_error == pytest.approx(np.sqrt(2.0))  # of zeros, the error itself
    assert str(found).splitlines()[1].split()[:3] == ["a", "2", "1.5"]
    fast = Half().fast(np.ones((1001, 2)))  # in batches
    assert fast.shape == (1001, 1) and base.BATCH == 500
    for wrong, words in (([[1.0]], "inputs must"), (np.ones((0, 2)), "have at least one row")):
        with pytest.raises(ValueError, match=words):
            Half().report(wrong)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_simulator_of_a_back_end_is_reused(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = convert.rate(small(), T=4, data=DATA, dtype=dtype)
    count: list[Any] = []
    kind = base.Ready

    def counted(*arguments: Any) -> Any:
        count.append(arguments[3:])
        return kind(*arguments)

    monkeypatch.setattr(base, "Ready", counted)
    first = made.predict(DATA, backend="numpy")
    assert np.array_equal(made.predict(DATA, backend="numpy"), first)
    assert count == [(4, "numpy", dtype)] and first.dtype == dtype
    np.testing.assert_array_equal(first, made.fast(DATA))
    assert copy.deepcopy(made)._ready == {}
    with pytest.raises(ValueError, match=r"rate\.predict: backend must be"):
        made.predict(DATA, backend="x")
    currents = made.currents(DATA)
    step = exact.grid(float(np.abs(DATA).max())) * 2.0 ** (52 - INPUT_DIGITS)
    # Inputs have 20 binary digits, which is far below the noise of a rate.
    rounded = exact.on_grid(DATA, step)
    expected = rounded @ made.matrices[0].T + made.biases[0]
    np.testing.assert_array_equal(currents, expected.astype(dtype))
    assert np.abs(rounded - DATA).max() <= step / 2 and INPUT_DIGITS == 20


def test_latencies_are_steps_of_each_layer() -> None:
    made = convert.spikeconverter(small(), T=5, data=DATA)
    assert (made.latency, len(made.stages)) == (2 * 5, 2)
    assert isinstance(made.neuron, nef.InverseLIF) and spikes.MOST_DIGITS == 30
    assert made._span == 31 / 16 and made.thresholds[-1] == 1.0
    (limit,) = base._largest(made.stages[:1], DATA, 100.0)
    assert made.thresholds[0] == pytest.approx(limit / (31 / 16), rel=1e-12)
    assert made.input_scale == pytest.approx(31 / 16 / (DATA.max() - DATA.min()), rel=1e-12)
    constant = convert.spikeconverter(small(), T=5, data=np.zeros((2, 3)))
    assert constant.input_scale == 31 / 16
    floor, nearest = (
        convert.spikeconverter(small(), T=5, data=DATA, rounding=r) for r in ("floor", "nearest")
    )
    place = 1 / 16  # the last digit
    assert floor._half == 0.0 and nearest._half == place / 2
    low = floor.low * floor.input_scale
    np.testing.assert_allclose(floor.offsets[0], np.full(3, -low), rtol=1e-12)
    np.testing.assert_allclose(nearest.offsets[0], np.full(3, place / 2 - low), rtol=1e-12)
    # Layers in turn release their spikes first, after the digits of one input.
    starts = [layer.initial_state["steps_done"].value for layer in made.layers]  # type: ignore[index]
    assert starts == [5.0, 0.0, 5.0] == [made.neuron.release_at, 0.0, made.neuron.release_at]


def test_inputs_beyond_the_data_are_warned_of_once() -> None:
    data = RNG.random((20, 3))
    beyond = base.BEYOND * data.max()
    for make in (convert.rate, convert.qcfs, convert.spikeconverter):
        made = make(small(), data=data)
        made.fast(np.full((1, 3), beyond))
        with pytest.warns(
            UserWarning, match=r"fast: inputs must be like the data to convert, got 16 where"
        ):
            made.fast(np.full((1, 3), 16.0))
        made.fast(np.full((1, 3), 16.0))
        with pytest.warns(UserWarning, match="predict: inputs must be like the data"):
            make(small(), data=data).predict(np.full((1, 3), -1.01 * beyond))


def test_weights_that_are_not_finite_are_refused() -> None:
    for name in ("0.weight", "2.bias", "1.running_var"):
        model = weighted(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)))
        (model.get_parameter if "running" not in name else model.get_buffer)(name).data[0] = np.nan
        n = 3 if name == "0.weight" else 1
        words = f"model must have finite weights, got {n} that are not; train it again"
        for make in (convert.rate, convert.spikeconverter):
            with pytest.raises(ValueError, match=words):
                make(model, data=RNG.random((20, 3)))
