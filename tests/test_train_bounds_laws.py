"""Laws of nefsim.train: arguments at their bounds, and the numbers of single steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import nefsim as nef  # noqa: E402
from nefsim import train  # noqa: E402
from nefsim.train.surrogates import as_surrogate  # noqa: E402

HALF = torch.full((2, 3), 0.5)


BOUNDS: list[tuple[Any, tuple[Any, ...], dict[str, Any], str]] = [
    (train.Batches, (np.ones((2, 1)), np.ones(3)), {}, "have the number of targets, got 2 and 3"),
    (train.Batches, (np.ones((0, 1)), np.ones(0)), {}, "have the number of targets, got 0 and 0"),
    (train.Batches, (HALF, HALF, 0), {}, "size must be at least 1"),
    (train.Batches, (HALF, HALF, 1), {}, ""),
    (train.Batches, (HALF, HALF), {"seed": -1}, "seed must"),
    (train.Batches, (HALF, HALF), {"seed": 2**31}, ""),
    (train.Batches, (HALF, HALF), {"seed": 2**31 + 1}, "seed must"),
    (train.Batches, (HALF, HALF), {"shuffle": 1}, "shuffle must"),
    (train.poisson, (HALF, 0), {}, "n_steps must be at least 1"),
    (train.poisson, (HALF, 1), {}, ""),
    (train.poisson, (HALF, 10**6 + 1), {}, "n_steps must be at most 1000000"),
    (train.poisson, (HALF, 2, 1.0), {}, ""),
    (train.poisson, (HALF, 2, 0.0), {}, ""),
    (train.poisson, (HALF, 2, 1.01), {}, "most must"),
    (train.poisson, (HALF, 2, -0.01), {}, "most must"),
    (train.poisson, (2 * HALF, 2), {}, ""),
    (train.poisson, (2.02 * HALF, 2), {}, "be between 0 and 1, got 1.01 to 1.01"),
    (train.poisson, (0 * HALF - 0.01, 2), {}, "be between 0 and 1, got -0.01"),
    (train.poisson, (torch.ones(2, dtype=torch.int64), 2), {}, "be rows of floating point numbers"),
    (train.poisson, (torch.tensor(0.5), 2), {}, "be rows of floating point numbers"),
    (train.poisson, (np.ones(2), 2), {}, "images must be a tensor"),
    (train.jittered, (HALF,), {"rate": 1001.0}, "rate must be at most 1 / dt, got 1.001 spikes"),
    (train.jittered, (HALF,), {"rate": 0.0}, "rate must be above 0"),
    (train.jittered, (HALF,), {"dt": 0.0}, "dt must be above 0"),
    (train.latency, (HALF, 1), {}, ""),
    (train.DirectEncoding, (), {"n_steps": 0}, "n_steps must be at least 1"),
    (train.Dropout, (1.0,), {}, "p must"),
    (train.Dropout, (-0.01,), {}, "p must"),
    (train.Dropout, (0.0,), {}, ""),
    (train.Vote, (0,), {}, "n must be at least 1"),
    (train.Vote, (1,), {}, ""),
    (train.Layers, (3,), {}, "modules must be modules of PyTorch"),
    (train.LIF, (0.99,), {}, "tau must be at least 1"),
    (train.LIF, (1.0,), {}, ""),
    (train.PLIF, (1.0,), {}, "tau must"),
    (train.PLIF, (1e6,), {}, ""),
    (train.PLIF, (1.01e6,), {}, "tau must"),
    (train.SoftLIF, (), {"tau_rc": 0.0}, "tau_rc must be above 0"),
    (train.SoftLIF, (), {"tau_ref": 0.0}, ""),
    (train.SoftLIF, (), {"tau_ref": -0.1}, "tau_ref must"),
    (train.SoftLIF, (), {"sigma": 9e-7}, "sigma must"),
    (train.SoftLIF, (), {"sigma": 1.01e6}, "sigma must"),
    (train.SoftLIF, (), {"sigma": 1e6}, ""),
    (train.SoftLIF, (), {"amplitude": 0.0}, "amplitude must be above 0"),
    (train.SNU, (0, 1), {}, "in_features must be at least 1"),
    (train.SNU, (1, 0), {}, "out_features must be at least 1"),
    (train.SNU, (1, 1), {"decay": 1.01}, "decay must"),
    (train.SNU, (1, 1), {"decay": -0.01}, "decay must"),
    (train.SNU, (1, 1), {"decay": 1.0}, ""),
    (train.SNU, (1, 1), {"decay": 0.0}, ""),
    (train.SNU, (1, 1), {"start_spread": -0.1}, "start_spread must"),
    (train.SNU, (1, 1), {"soft": 1}, "soft must"),
    (train.SNU, (1, 1), {"recurrent": 1}, "recurrent must"),
    (train.SNU, (1, 1), {"activation": "x"}, "activation must"),
    (train.IF, (), {"threshold_rule": "<"}, "threshold_rule must"),
    (train.IF, (), {"reset": "x"}, "reset must"),
    (train.IF, (), {"detach_reset": 1}, "detach_reset must"),
    (train.IF, (), {"surrogate": "x"}, "surrogate must"),
    (train.boxcar, (0.0,), {}, "width must be above 0"),
    (train.triangular, (0.0,), {}, "width must be above 0"),
    (train.arctan, (0.0,), {}, "alpha must be above 0"),
    (train.sigmoid, (0.0,), {}, "alpha must be above 0"),
    (train.fast_sigmoid, (0.0,), {}, "alpha must be above 0"),
    (train.fit, (3, [], None), {}, "module must be a module"),
    (train.fit, (nn.Linear(1, 1), [], nn.MSELoss(), -1), {}, "epochs must"),
    (train.fit, (nn.Linear(1, 1), [], nn.MSELoss(), 0), {}, ""),
    (train.fit, (nn.Linear(1, 1), [], nn.MSELoss(), 0), {"clip": 0.0}, "clip must be above 0"),
    (train.fit, (nn.Linear(1, 1), [], nn.MSELoss(), 0), {"seed": 2**31}, ""),
    (train.fit, (nn.Linear(1, 1), [], nn.MSELoss(), 0), {"seed": 2**31 + 1}, "seed must"),
    (train.snap, (train.Layers(nn.Linear(1, 1)),), {"digits": 1}, "digits must be at least 2"),
    (train.snap, (train.Layers(nn.Linear(1, 1)),), {"digits": 54}, "digits must be at most 53"),
    (train.snap, (train.Layers(nn.Linear(1, 1)),), {"digits": 2}, ""),
    (train.snap, (train.Layers(nn.Linear(1, 1)),), {"digits": 53}, ""),
    (
        train.snap,
        (train.Layers(nn.Linear(1, 1)),),
        {"input_step": 0.75},
        "be a power of two, got 0.7",
    ),
    (train.snap, (train.Layers(nn.Linear(1, 1)),), {"input_step": 0.25}, ""),
    (train.snap, (train.Layers(nn.Linear(1, 1)),), {"largest_input": 0.0}, "must be above 0"),
]


@pytest.mark.parametrize(
    ("call", "arguments", "options", "words"),
    BOUNDS,
    ids=[f"{b[0].__name__} {i}" for i, b in enumerate(BOUNDS)],
)
def test_arguments_are_refused_beyond_their_bounds_and_no_sooner(
    call: Any, arguments: Any, options: Any, words: str
) -> None:
    if not words:
        call(*arguments, **options)
        return
    with pytest.raises((TypeError, ValueError)) as raised:
        call(*arguments, **options)
    assert words in str(raised.value)


def test_one_step_of_each_neuron_is_its_equation() -> None:
    x, v = torch.tensor([[0.25, 1.5, 1.0]]), torch.tensor([[0.5, 0.25, 0.5]])
    decay = 0.75  # of a time constant of 4 steps
    for neuron, charged in (
        (train.IF(1.5), v + x),
        (train.LIF(4.0, 0.5), decay * v + 0.25 * x),
        (train.PLIF(4.0, 0.5), decay * v + 0.25 * x),
    ):
        threshold = neuron.threshold
        spikes = (charged > threshold) if isinstance(neuron, train.IF) else charged >= threshold
        with torch.no_grad():
            y, after = neuron(x, v)
        torch.testing.assert_close(y, spikes.float())
        torch.testing.assert_close(after, charged * ~spikes)
        kind = neuron.neuron_type(0.004)
        assert (kind.step_time, kind.amplitude) == (0.004, 0.004)
        assert neuron.neuron_type().step_time == 0.001
        assert kind.decay == pytest.approx(1.0 if isinstance(neuron, train.IF) else decay)
        assert kind.scale == pytest.approx(1.0 if isinstance(neuron, train.IF) else 0.25)
        assert (kind.threshold, kind.reset) == (threshold, "zero")
    assert train.PLIF(4.0).tau == pytest.approx(4.0)
    subtract = train.IF(1.0, reset="subtract")
    assert subtract(x, v)[1].tolist() == [[0.75, 0.75, 0.5]]
    soft = train.SoftLIF(0.03, 0.001, 0.5, 2.0)
    J = np.array([0.5, 1.5, 3.0])
    rates = nef.SoftLIFRate(0.03, 0.001, sigma=0.5).rates(J)
    np.testing.assert_allclose(soft(torch.tensor(J))[0].numpy(), 2.0 * rates, rtol=1e-9)


def test_slopes_of_surrogates_are_their_formulas() -> None:
    z = torch.tensor([-1.5, -0.5, -0.2, 0.0, 0.2, 0.49, 0.5, 1.5], dtype=torch.float64)
    n = z.numpy()
    for surrogate, slope in (
        (train.heaviside(), 1.0 * (n > 0)),
        (train.boxcar(2.0), 0.5 * (abs(n) < 1.0)),
        (train.boxcar(), 1.0 * (abs(n) < 0.5)),
        (train.tanh(), 1 / np.cosh(n) ** 2),
        (train.arctan(3.0), 1.5 / (1 + (np.pi * 1.5 * n) ** 2)),
        (train.sigmoid(3.0), 3 * np.exp(-3 * n) / (1 + np.exp(-3 * n)) ** 2),
        (train.fast_sigmoid(3.0), 1 / (1 + 3 * abs(n)) ** 2),
        (train.triangular(2.0), np.maximum(0, 1 - abs(n) / 2) / 2),
        (train.straight_through(), np.ones(8)),
    ):
        np.testing.assert_allclose(surrogate.slope(z).numpy(), slope, rtol=1e-12, atol=1e-15)
        leaf = z.clone().requires_grad_()
        spikes = surrogate(leaf)
        assert spikes.tolist() == (1.0 * (n > 0)).tolist()
        (3.0 * spikes).sum().backward()
        np.testing.assert_allclose(leaf.grad.numpy(), 3 * slope, rtol=1e-12, atol=1e-15)
        assert surrogate(z, ">=").tolist() == (1.0 * (n >= 0)).tolist()
        assert as_surrogate("w", surrogate) is surrogate
        assert as_surrogate("w", surrogate.name).name == surrogate.name
    for made, default in (
        (train.boxcar(), train.boxcar(1.0)), (train.arctan(), train.arctan(2.0)),
        (train.sigmoid(), train.sigmoid(4.0)), (train.fast_sigmoid(), train.fast_sigmoid(25.0)),
        (train.triangular(), train.triangular(1.0)),
    ):  # fmt: skip
        assert torch.equal(made.slope(z), default.slope(z))


def test_groups_of_a_vote_are_means() -> None:
    x = torch.arange(12.0).reshape(2, 6)
    assert train.Vote(3)(x).tolist() == [[1.0, 4.0], [7.0, 10.0]]
    assert train.Vote(2)(x[0]).tolist() == [0.5, 2.5, 4.5]
    assert train.Vote().n == 10


def test_a_direct_encoding_is_repeated() -> None:
    double = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        double.weight.copy_(2 * torch.eye(2))
        encoding = train.DirectEncoding(double, n_steps=3)
        x = torch.tensor([[1.0, 2.0]])
        y, state = encoding.run(x)
        assert y.tolist() == [[[2.0, 4.0]]] * 3 and state.tolist() == [[2.0, 4.0]]
        assert encoding(x, state)[0] is state
