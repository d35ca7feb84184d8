"""Training of spiking networks: steps equal to nefsim's, gradients, and results."""

from __future__ import annotations

import copy
import itertools
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef

torch = pytest.importorskip("torch", reason="PyTorch is the extra train")

from torch import nn  # noqa: E402

from nefsim import train  # noqa: E402
from nefsim.train.layers import at_each_step  # noqa: E402

torch.set_num_threads(1)

SENTENCE = re.compile(r"[^:\n]+: .+ must .+, got .+; .+\.")
GRID = 2.0**-10


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def on_grid(module: nn.Module) -> nn.Module:
    """Weights rounded so that sums of spikes times weights are exact in any order."""
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.round(p / GRID) * GRID)
    return module


# -- surrogates -------------------------------------------------------------------------------

SLOPES = {
    "heaviside": lambda z: float(z > 0),
    "boxcar": lambda z: float(abs(z) < 0.5),
    "tanh": lambda z: 1 / np.cosh(z) ** 2,
    "arctan": lambda z: 1 / (1 + (np.pi * z) ** 2),
    "sigmoid": lambda z: 1 / np.cosh(2 * z) ** 2,
    "fast_sigmoid": lambda z: 1 / (1 + 25 * abs(z)) ** 2,
    "triangular": lambda z: max(0.0, 1 - abs(z)),
    "straight_through": lambda z: 1.0,
}


@pytest.mark.parametrize("name", list(train.SURROGATES))
def test_a_surrogate_is_a_step_with_the_gradient_of_its_formula(name: str) -> None:
    z = torch.linspace(-2, 2, 41, dtype=torch.float64).requires_grad_()
    for rule, fires in ((">", z > 0), (">=", z >= 0)):
        spikes = train.SURROGATES[name](z, rule)
        assert torch.equal(spikes, fires.double())
        (slope,) = torch.autograd.grad(spikes.sum(), z)
        expected = [SLOPES[name](float(x)) for x in z.detach()]
        # Hyperbolic functions are rounded differently by the two libraries.
        np.testing.assert_allclose(slope, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("made", [train.boxcar, train.triangular])
def test_slopes_of_another_width_enclose_the_same_area(made: Any) -> None:
    z = torch.linspace(-5, 5, 100_001, dtype=torch.float64)
    for width in (0.5, 1.0, 3.0):
        # A sum of 1e5 points may miss one at each edge of the box.
        assert float(made(width).slope(z).sum() * 1e-4) == pytest.approx(1.0, abs=1e-3)


def test_a_plot_shows_the_step_and_the_slope() -> None:
    import matplotlib.pyplot as plt

    for name in train.SURROGATES:
        ax = train.plot_surrogate(name)
        step, slope = (line.get_ydata() for line in ax.get_lines())
        z = ax.get_lines()[0].get_xdata()
        assert (z[0], z[-1]) == (-2.0, 2.0)
        np.testing.assert_array_equal(step, np.asarray(z) > 0)
        assert np.ptp(slope) > 0 or name == "straight_through"
        assert len(ax.get_legend().get_texts()) == 2
        plt.close(ax.figure)


# -- the network of the first seed -----------------------------------------------------------


def test_the_gradient_of_the_spikes_of_forty_neurons_is_the_mask_of_those_that_fire() -> None:
    v = torch.tensor(np.arange(0, 2, 0.05)).requires_grad_()
    spikes, after = train.IF()(torch.zeros_like(v), v)
    spikes.sum().backward()
    mask = np.arange(0, 2, 0.05) > 1.0
    assert mask.sum() == 19
    np.testing.assert_array_equal(spikes.detach(), mask)
    np.testing.assert_array_equal(v.grad, mask)
    np.testing.assert_array_equal(after.detach(), np.where(mask, 0.0, v.detach()))


def test_a_neuron_that_is_charged_at_random_is_a_sawtooth() -> None:
    x_seq = torch.rand(100, 1) / 15
    neuron, v, potentials, spikes = train.IF(), None, [], []
    for x in x_seq:
        potentials.append(float(x) + (0.0 if v is None else float(v)))
        y, v = neuron(x, v)
        spikes.append(float(y))
    fired = np.array(spikes) > 0
    assert 2 <= fired.sum() <= 4
    assert (np.array(potentials) > 1.0)[fired].all() and (np.array(potentials)[~fired] <= 1.0).all()
    rises = np.diff(potentials)
    assert (rises[~fired[:-1]] >= 0).all() and (rises[fired[:-1]] < -0.8).all()


def silencing(seed: int, detach_reset: bool) -> tuple[train.History, train.Layers]:
    """300 inputs, 500 neurons that shall fall silent, 100 fresh samples of 10 steps."""
    torch.manual_seed(seed)
    linear = nn.Linear(300, 500)
    nn.init.uniform_(linear.bias)
    net = train.Layers(linear, train.IF(detach_reset=detach_reset))
    samples = [(torch.randint(0, 2, (10, 300)).float(), torch.zeros(())) for _ in range(100)]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    history = train.fit(
        net, samples, lambda y, _: train.mean_spike_loss(y), optimizer=optimizer, progress=False
    )
    return history, net


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.filterwarnings("ignore:fit. weights must stay finite:RuntimeWarning")
def test_the_first_network_falls_silent_in_a_hundred_iterations(seed: int) -> None:
    """Gradients through ten resets overflow in a few neurons, which then never fire."""
    losses = silencing(seed, detach_reset=False)[0].losses
    assert 0.11 < losses[0] < 0.15
    assert 0.055 < losses[10] < 0.08
    assert 1e-4 < losses[99] < 1e-3


def test_with_the_reset_detached_the_first_network_falls_silent_faster_without_overflow() -> None:
    history, net = silencing(0, detach_reset=True)
    assert history.losses[99] < 1e-4
    assert all(p.isfinite().all() for p in net.parameters())


def test_overflowing_weights_are_warned_of() -> None:
    net = train.Layers(nn.Linear(1, 1), train.IF())
    batches = [(torch.full((2, 1), torch.inf), torch.zeros(()))]
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    with pytest.warns(RuntimeWarning, match="weights must stay finite"):
        train.fit(net, batches, lambda y, _: y.mean(), optimizer=optimizer, progress=False)


def test_a_summary_counts_multiplications() -> None:
    table = train.Layers(nn.Linear(300, 500), train.IF()).summary(torch.zeros(10, 300))
    assert (table.n_parameters, table.multiply_adds) == (150_500, 10 * 300 * 500)
    assert "150,500" in str(table) and "1,500,000" in str(table)
    conv = train.Layers(
        train.DirectEncoding(nn.Conv2d(1, 4, 3, padding=1), n_steps=8), train.PLIF()
    )
    once = conv.summary(torch.zeros(2, 1, 5, 5))
    assert once.multiply_adds == 2 * 25 * 4 * 9  # for two pictures, and not for eight steps
    snu = train.Layers(train.SNU(6, 5, recurrent=True)).summary(torch.zeros(3, 2, 6))
    assert snu.multiply_adds == 3 * 2 * 5 * (6 + 5)
    rows = [(row.name, row.kind, row.shape, row.n_parameters) for row in table.rows]
    assert rows[0][1:] == ("Linear", (10, 500), 150_500) and rows[0][0].endswith("0")
    assert rows[1][1::2] == ("IF", 0) and rows[1][0].endswith("1")


# -- modules and populations ------------------------------------------------------------------

NEURONS = [
    train.IF(),
    train.IF(threshold=0.5, threshold_rule=">=", reset="subtract"),
    train.LIF(tau=3.0),
    train.LIF(tau=1.5, reset="subtract", threshold_rule=">"),
    train.PLIF(tau=2.0),
    train.PLIF(tau=16.0),
]


@pytest.mark.parametrize("module", NEURONS, ids=lambda m: f"{type(m).__name__}")
def test_a_module_and_its_population_give_the_same_spikes(module: Any) -> None:
    x_seq = torch.randn(200, 40) * 3
    y_seq, v = module.run(x_seq)
    kind = module.neuron_type()
    state, out = {"voltage": np.zeros(40, np.float32)}, np.zeros(40, np.float32)
    spikes = np.zeros((200, 40), np.float32)
    for k, x in enumerate(x_seq.numpy()):
        kind.step(x, state, 0.001, out)
        spikes[k] = out
    np.testing.assert_array_equal(spikes, y_seq.detach())
    np.testing.assert_array_equal(state["voltage"], v.detach())
    assert spikes.sum() > 20


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("activation", ["identity", "relu", "elu", "leaky_relu"])
def test_a_spiking_neural_unit_follows_its_equations(activation: str, soft: bool) -> None:
    unit = train.SNU(7, 5, decay=0.8, activation=activation, soft=soft).double()
    x_seq = torch.rand(30, 2, 7, dtype=torch.float64)
    g = {
        "identity": lambda s: s,
        "relu": torch.relu,
        "elu": nn.functional.elu,
        "leaky_relu": lambda s: nn.functional.leaky_relu(s, 0.1),
    }[activation]
    s = y = torch.zeros(2, 5, dtype=torch.float64)
    expected = []
    for x in x_seq:
        s = g(x @ unit.input.weight.T + 0.8 * s * (1 - y))
        y = torch.sigmoid(s + unit.bias) if soft else (s + unit.bias > 0).double()
        expected.append(y)
    # The order of three factors and of sums is another.
    torch.testing.assert_close(unit.run(x_seq)[0], torch.stack(expected), rtol=0, atol=1e-12)


def test_a_spiking_neural_unit_is_a_leaky_neuron_with_the_same_decay() -> None:
    """The published comparison: weight 1, b = -2.5, tau of 25 steps, 100 Hz at 1 ms."""
    unit = train.SNU(1, 1, decay=1 - 1 / 25, activation="relu").double()
    with torch.no_grad():
        unit.input.weight.fill_(1.0)
        unit.bias.fill_(-2.5)
    x_seq = (torch.rand(1000, 1) < 0.3).double()
    with torch.no_grad():
        y_seq, _ = unit.run(x_seq)
    v, spikes = 0.0, []
    for x in x_seq.ravel().tolist():
        v += x - v / 25  # Euler's method
        spikes.append(float(v > 2.5))
        v = 0.0 if v > 2.5 else v
    assert y_seq.ravel().tolist() == spikes and sum(spikes) > 50


def test_initial_thresholds_are_near_start_threshold() -> None:
    for start in (0.0, 0.5):
        unit = train.SNU(3, 200, start_threshold=start)
        threshold = unit.threshold.detach()
        assert (threshold - start).abs().max() <= 0.05 + 1e-6  # float32
        assert threshold.std() > 0.02


def test_a_recurrent_unit_receives_its_output_a_step_later() -> None:
    unit = train.SNU(4, 3, recurrent=True).double()
    x_seq = torch.rand(12, 2, 4, dtype=torch.float64) * 2
    s = y = torch.zeros(2, 3, dtype=torch.float64)
    for x, actual in zip(x_seq, unit.run(x_seq)[0], strict=True):
        drive = x @ unit.input.weight.T + y @ unit.recurrent.weight.T
        s = nn.functional.elu(drive + 0.8 * s * (1 - y))
        y = (s + unit.bias > 0).double()
        assert torch.equal(actual, y)


def test_a_spike_resets_and_no_spike_keeps_the_potential() -> None:
    y, v = train.PLIF(tau=2.0)(torch.tensor([1.0, 4.0]), torch.tensor([0.5, 0.5]))
    assert y.tolist() == [0.0, 1.0]
    assert v.tolist() == [0.75, 0.0]  # the potential charged, and the reset


@pytest.mark.parametrize("detach", [False, True])
def test_the_gradient_of_tau_is_that_of_the_equations(detach: bool) -> None:
    x_seq = torch.randn(6, 3, dtype=torch.float64) * 2
    plif = train.PLIF(tau=2.5, detach_reset=detach).double()
    plif.run(x_seq)[0].sum().backward()
    a = plif.a.detach().clone().requires_grad_()
    v, total = torch.zeros(3, dtype=torch.float64), 0.0
    for x in x_seq:
        u = v + torch.sigmoid(a) * (x - v)
        z = u - 1.0
        y = (z >= 0).double()
        slope = 1 / (1 + (np.pi * z.detach()) ** 2)
        y = y + (z - z.detach()) * slope
        total = total + y.sum()
        v = u * (1 - (y.detach() if detach else y))
    total.backward()
    torch.testing.assert_close(plif.a.grad, a.grad, rtol=1e-12, atol=0)


@pytest.mark.parametrize("tau", [1.01, 2.0, 16.0])
def test_the_initial_tau_is_the_argument(tau: float) -> None:
    # exp and log of float32.
    assert train.PLIF(tau=tau).tau == pytest.approx(tau, rel=1e-4)


def test_soft_lif_of_pytorch_is_that_of_the_engine_and_has_a_slope() -> None:
    J = torch.linspace(-3, 5, 101, dtype=torch.float64).requires_grad_()
    rates, _ = train.SoftLIF(sigma=0.02).run(J)
    # The two libraries round exp and log differently.
    np.testing.assert_allclose(
        rates.detach(), nef.SoftLIFRate(sigma=0.02).rates(J.detach().numpy()), rtol=1e-12
    )
    rates.sum().backward()
    assert J.grad.isfinite().all() and (J.grad > 0).all()
    assert torch.autograd.gradcheck(
        lambda j: train.SoftLIF(sigma=0.1)(j)[0], J[::10].detach().requires_grad_()
    )


# -- layers -------------------------------------------------------------------------------------


def conv_net(pool: type[nn.Module] = nn.MaxPool2d) -> train.Layers:
    return train.Layers(
        train.DirectEncoding(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), n_steps=6),
        train.PLIF(),
        pool(2),
        nn.Conv2d(4, 4, 3, padding=1, bias=False),
        train.PLIF(1.5),
        nn.Flatten(),
        train.Dropout(0.5),
        nn.Linear(64, 20),
        train.IF(),
        train.Vote(2),
    )


@pytest.mark.parametrize("pool", [nn.MaxPool2d, nn.AvgPool2d])
def test_single_steps_give_the_outputs_of_a_run(pool: type[nn.Module]) -> None:
    net, x = conv_net(pool).eval(), torch.randn(3, 1, 8, 8)
    y_seq, _ = net.run(x)
    state, steps = None, []
    for _ in range(6):
        y, state = net(x, state)
        steps.append(y)
    torch.testing.assert_close(torch.stack(steps), y_seq, rtol=0, atol=1e-6)
    assert y_seq.shape == (6, 3, 10)


def test_a_direct_encoding_is_evaluated_once() -> None:
    calls = []
    linear = nn.Linear(4, 3)
    linear.register_forward_hook(lambda *_: calls.append(1))
    net = train.Layers(train.DirectEncoding(linear, n_steps=9), train.IF())
    y_seq, _ = net.run(torch.rand(2, 4))
    assert len(calls) == 1 and y_seq.shape == (9, 2, 3)


def test_a_dropout_mask_stays_for_all_steps_of_an_input() -> None:
    x_seq = torch.ones(7, 100, 20)
    y_seq, _ = train.Dropout(0.25).run(x_seq)
    assert (y_seq == y_seq[0]).all()
    assert set(torch.unique(y_seq).tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert float((y_seq[0] == 0).float().mean()) == pytest.approx(0.25, abs=0.05)  # 2000 draws
    assert train.Dropout(0.25).eval().run(x_seq)[0] is x_seq


def test_max_pooling_of_spikes_is_a_spike_where_there_is_any() -> None:
    spikes = (torch.rand(5, 2, 3, 8, 8) < 0.2).float()
    pooled = at_each_step(nn.MaxPool2d(2), spikes)
    assert set(torch.unique(pooled).tolist()) == {0.0, 1.0}
    windows = spikes.unfold(3, 2, 2).unfold(4, 2, 2)
    assert torch.equal(pooled, windows.amax((-1, -2)))


# -- encoders and losses ---------------------------------------------------------------------


def test_jitter_is_bernoulli_at_rate_times_dt_where_a_pixel_is_on() -> None:
    images = (torch.rand(50, 400) < 0.5).float() * 0.3
    spikes = train.jittered(images, 100, generator=torch.Generator().manual_seed(1))
    assert spikes.shape == (100, 50, 400) and not spikes[:, images == 0].any()
    n = int((images > 0).sum()) * 100
    share = float(spikes[:, images > 0].mean())
    assert abs(share - 0.1) < 5 * np.sqrt(0.09 / n)  # five standard deviations


def test_encoders_are_repeatable_from_a_seed() -> None:
    images = torch.rand(3, 5)
    draws = [
        train.poisson(images, 20, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2)
    ]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


def test_a_brighter_pixel_fires_no_later_and_each_fires_once() -> None:
    images = torch.linspace(0, 1, 33).reshape(1, -1)
    spikes = train.latency(images, 12)
    assert torch.equal(spikes.sum(0)[0], (images[0] > 0).float())
    when = spikes.argmax(0)[0][1:]
    assert (when.diff() <= 0).all() and when[0] == 11 and when[-1] == 0


def test_losses_are_their_formulas() -> None:
    y = (torch.rand(10, 4, 3) < 0.4).double()
    labels = torch.tensor([0, 2, 1, 1])
    counts = y.sum(0)
    entropy = -torch.log(torch.exp(counts) / torch.exp(counts).sum(1, keepdim=True))
    entropy = entropy[range(4), labels].mean()
    costs = {"counts": (counts**2).sum(), "spikes": (y**2).sum() / 4}
    for reading, cost in costs.items():
        actual = train.count_loss(y, labels, 0.01, reading)
        torch.testing.assert_close(actual, entropy + 0.01 / 30 * cost)
    expected = torch.eye(3, dtype=torch.float64)[labels]
    torch.testing.assert_close(train.rate_loss(y, labels), ((y.mean(0) - expected) ** 2).mean())
    torch.testing.assert_close(train.mean_spike_loss(y), y.mean() ** 2)
    assert train.decide(y).tolist() == counts.argmax(1).tolist()


# -- fit and checkpoints ----------------------------------------------------------------------


def digits_net() -> train.Layers:
    torch.manual_seed(3)
    return train.Layers(train.SNU(64, 40), train.Dropout(0.1), train.SNU(40, 10))


def digits(encode: Any = None, n: int = 256) -> train.Batches:
    from nefsim.datasets import digits as bundled

    data = bundled()

    def jitter(x: Any, generator: Any) -> Any:
        return train.poisson(x, 8, 0.5, generator)

    return train.Batches(data.train_images[:n], data.train_labels[:n], 64, jitter, seed=1)


def test_training_is_repeatable_and_continues_from_a_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"

    def fitted(epochs: int, checkpoint: Path | None = None) -> tuple[train.History, Any]:
        net = digits_net()
        history = train.fit(
            net, digits(), train.count_loss, epochs, checkpoint=checkpoint, progress=False
        )
        return history, [p.detach().clone() for p in net.parameters()]

    whole, weights = fitted(3)
    again, same = fitted(3)
    fitted(1, file)
    rest, resumed = fitted(3, file)
    assert whole.losses == again.losses == rest.losses
    for one, two, three in zip(weights, same, resumed, strict=True):
        assert torch.equal(one, two) and torch.equal(one, three)


def one_pass(checkpoint: Any, epochs: int = 1, told: Any = False, net: Any = None) -> train.History:
    """A short training with a checkpoint."""
    net = digits_net() if net is None else net
    options = {"checkpoint": checkpoint, "progress": told}
    return train.fit(net, digits(n=64), train.count_loss, epochs, **options)


@pytest.mark.parametrize("name", ["ck", "ck.pt", "ck.npz"])
def test_training_is_resumed_whatever_the_ending_of_the_checkpoint(
    name: str, tmp_path: Path
) -> None:
    done: list[int] = []
    first = one_pass(tmp_path / name)
    again = one_pass(tmp_path / name, 1, lambda n, total: done.append(n))
    assert not done and again == first
    assert len(list(tmp_path.iterdir())) == 1
    assert one_pass(tmp_path / name, 2).losses[:1] == first.losses


def test_functions_that_are_none_are_refused_before_training() -> None:
    net = nn.Linear(16, 2)
    before = net.weight.detach().clone()
    with pytest.raises(TypeError, match="fit: loss must be a function, got 1"):
        train.fit(net, digits(n=64), 1, progress=False)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="fit: evaluate must be a function, got 1"):
        train.fit(net, digits(n=64), nn.functional.mse_loss, evaluate=1, progress=False)  # type: ignore[arg-type]
    torch.testing.assert_close(net.weight, before)


def test_a_checkpoint_that_cannot_be_written_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    done: list[int] = []
    for bad in (3, b"ck", "", tmp_path / "none" / "ck.pt", tmp_path / "folder"):
        with pytest.raises((ValueError, TypeError)) as caught:
            one_pass(bad, 1, lambda n, total: done.append(n))
        assert SENTENCE.fullmatch(str(caught.value)) and "fit: checkpoint" in str(caught.value)
    assert not done


def test_a_checkpoint_that_fit_did_not_write_is_refused_and_changes_nothing(
    tmp_path: Path,
) -> None:
    net = digits_net()
    other = digits_net()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter += 1.0
    before = copy.deepcopy(other.state_dict())
    for info in (None, {"a": 1}, {"losses": ["x"], "epochs": []}, {"losses": [], "epochs": [{}]}):
        file = train.save(tmp_path / "mine.pt", net, torch.optim.Adam(net.parameters()), info=info)
        with pytest.raises(ValueError, match=r"must be a checkpoint") as caught:
            one_pass(file, net=other)
        assert SENTENCE.fullmatch(str(caught.value))
        assert all(torch.equal(before[k], v) for k, v in other.state_dict().items())


@pytest.mark.parametrize("fault", ["optimizer", "scheduler", "module"])
def test_a_checkpoint_that_does_not_fit_changes_nothing(fault: str, tmp_path: Path) -> None:
    def made(n: int, seed: int) -> Any:
        torch.manual_seed(seed)
        module = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, n))
        optimizer = torch.optim.Adam(module.parameters())
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1 + seed)
        module(torch.ones(1, 3)).sum().backward()
        optimizer.step()
        return module, optimizer, scheduler

    parts = made(2 + (fault == "module"), 1)
    file = train.save(tmp_path / "ck.pt", *parts)
    content = {**torch.load(file), "format": "nefsim.train 1"}  # which needs no checksum
    if fault == "optimizer":
        content["optimizer"]["param_groups"] *= 2
    elif fault == "scheduler":
        content["scheduler"] = None
    torch.save(content, file)
    actual = made(2, 2)
    before = copy.deepcopy([part.state_dict() for part in actual])
    with pytest.raises(ValueError, match=r"^train\.load: path must be a checkpoint"):
        train.load(file, *actual)
    assert str(before) == str([part.state_dict() for part in actual])


def test_a_checkpoint_has_a_checksum_which_files_of_the_first_format_lack(tmp_path: Path) -> None:
    module = nn.Linear(2, 1)
    path = train.save(tmp_path / "weights.pt", module, info={"seed": 3})
    content = torch.load(path, weights_only=True)  # PyTorch reads it, too
    assert torch.equal(content["module"]["weight"], module.weight)
    good = path.read_bytes()
    for place in (0, 100, len(good) // 2, len(good) - 100, len(good) - 90, len(good) - 1):
        damaged = bytearray(good)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"^train\.load: path must be a checkpoint"):
            train.load(path, module)
    torch.save(content, path)  # a seal is missing
    with pytest.raises(ValueError, match="checksum False"):
        train.load(path, module)
    torch.save({**content, "format": "nefsim.train 1"}, path)
    assert train.load(path, module) == {"seed": 3}
    old = bytearray(path.read_bytes())
    old[old.index(module.weight.detach().numpy().tobytes())] ^= 1
    path.write_bytes(old)
    with pytest.raises(ValueError, match="is damaged"):
        train.load(path, module)


def test_a_checkpoint_does_not_overwrite_a_users_part_file(tmp_path: Path) -> None:
    (tmp_path / "ck.pt.part").write_text("mine")
    train.save(tmp_path / "ck.pt", nn.Linear(1, 1))
    assert (tmp_path / "ck.pt.part").read_text() == "mine"


def test_the_order_of_each_pass_depends_on_its_number_and_the_seed() -> None:
    def orders(seed: int, first: int = 0) -> list[list[int]]:
        batches = train.Batches(torch.arange(50), torch.arange(50), 20, seed=seed)
        batches.n_passes = first
        return [[int(i) for x, _ in batches for i in x] for _ in range(3)]

    three = orders(1)
    assert all(sorted(order) == list(range(50)) for order in three)
    assert len({tuple(order) for order in (*three, *orders(2))}) == 6
    # The second pass is the same where one begins with it.
    assert orders(1, first=1)[:2] == three[1:]


def test_random_numbers_of_modules_depend_on_the_seed_and_the_epoch() -> None:
    drawn: list[float] = []

    class Draws(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(()))

        def forward(self, x: Any) -> Any:
            drawn.append(float(torch.rand(())))
            return self.weight * x

    def draws(seed: int) -> list[float]:
        drawn.clear()
        batches = [(torch.ones(2, 1), torch.zeros(2, 1))]
        train.fit(Draws(), batches, nn.functional.mse_loss, 3, seed=seed, progress=False)
        return list(drawn)

    one, two = draws(1), draws(2)
    assert len({*one, *two}) == 6
    assert draws(1) == one


def test_fitting_leaves_the_random_numbers_of_pytorch_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    net = digits_net()
    torch.manual_seed(5)
    train.fit(net, digits(n=64), train.count_loss, progress=False)
    assert torch.equal(torch.rand(3), expected)


def test_a_small_network_learns_digits_in_spikes() -> None:
    net, batches = digits_net(), digits(n=1297)
    before = train.accuracy(net, batches)
    report: list[int] = []
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    loss = lambda y, label: train.count_loss(y, label, reading="spikes")  # noqa: E731
    train.fit(net, batches, loss, 6, optimizer, progress=lambda done, total: report.append(done))
    assert before < 0.3 < 0.8 < train.accuracy(net, batches)
    assert report[: len(batches)] == list(range(1, len(batches) + 1))


class Malicious:
    """Writes a file if it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return (Path.touch, (self.file,))


def test_foreign_and_broken_checkpoints_are_refused_and_nothing_in_them_is_run(
    tmp_path: Path,
) -> None:
    net, good = digits_net(), tmp_path / "good.pt"
    train.save(good, net, info={"note": "kept"})
    assert train.load(good, copy.deepcopy(net)) == {"note": "kept"}
    files = {name: tmp_path / f"{name}.pt" for name in ("cut", "text", "evil", "other", "torch")}
    files["cut"].write_bytes(good.read_bytes()[:500])
    files["text"].write_text("no checkpoint")
    files["evil"].write_bytes(pickle.dumps({"format": Malicious(tmp_path / "ran")}))
    train.save(files["other"], nn.Linear(2, 3))
    torch.save({"weights": torch.ones(2)}, files["torch"])
    for file in (*files.values(), tmp_path / "missing.pt"):
        with pytest.raises(ValueError) as caught:
            train.load(file, net)
        assert SENTENCE.fullmatch(str(caught.value)), str(caught.value)
    assert not (tmp_path / "ran").exists()


# -- on the engine ----------------------------------------------------------------------------


def spikes_of(net: train.Layers, x: Any) -> list[np.ndarray]:
    """Spikes of each layer of neurons and of each pooling of spikes, (T, B, n)."""
    actual = []
    with torch.no_grad():
        for module in net.eval().layers:
            x = module.run(x)[0] if isinstance(module, train.Stateful) else at_each_step(module, x)
            neurons = train.IF | train.LIF | train.PLIF | train.SNU | nn.MaxPool2d
            if isinstance(module, neurons):
                actual.append(x.flatten(2).numpy())
    return [*actual, x.numpy()]


NETWORKS = {
    "snu": (lambda: train.Layers(train.SNU(30, 20), train.SNU(20, 10)), (30,)),
    "relu": (lambda: train.Layers(train.SNU(30, 20, activation="relu"), nn.Linear(20, 3)), (30,)),
    "if": (lambda: train.Layers(nn.Linear(30, 20), train.IF(), train.IF(0.5)), (30,)),
    "plif": (conv_net, (1, 8, 8)),
    "average": (lambda: conv_net(nn.AvgPool2d), (1, 8, 8)),
}


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("name", NETWORKS)
def test_an_exported_network_gives_the_spikes_of_pytorch(name: str, backend: str) -> None:
    if backend == "numba":
        pytest.importorskip("numba")
    make, shape = NETWORKS[name]
    net = on_grid(make())
    x = (
        (torch.rand(12, 5, *shape) < 0.3).float()
        if len(shape) == 1
        else (torch.randint(-4, 5, (5, *shape)).float())
    )
    expected = spikes_of(net, x)
    exported = train.to_network(net, shape)
    actual = exported.spikes(x, backend=backend)
    for nefsim_values, reference in zip(actual, expected, strict=False):
        np.testing.assert_array_equal(nefsim_values, reference)
    assert sum(layer.sum() for layer in expected) > 100
    # Means are taken in another order.
    np.testing.assert_allclose(exported.run(x, backend=backend), expected[-1], atol=1e-6)
    assert len(exported.network.all_probes) == 0


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("name", ["relu", "if", "plif", "average"])
def test_every_spike_of_snapped_weights_is_that_of_pytorch(name: str, backend: str) -> None:
    if backend == "numba":
        pytest.importorskip("numba")
    make, shape = NETWORKS[name]
    pictures = len(shape) == 3
    x = torch.randn(40, *shape) if pictures else (torch.rand(12, 40, *shape) < 0.3).float()
    h, largest = (2.0**-8, float(x.abs().max())) if pictures else (1.0, 1.0)
    x = torch.round(x / h) * h
    net = train.snap(make(), largest, h)
    expected = spikes_of(net, x)
    actual = train.to_network(net, shape).spikes(x, backend=backend)
    for nefsim_values, reference in zip(actual, expected, strict=False):
        np.testing.assert_array_equal(nefsim_values, reference)
    assert sum(layer.sum() for layer in expected) > 1000


def on_multiples(values: Any, step: float) -> Any:
    return torch.round(values / step) * step


@pytest.mark.parametrize(("digits", "h"), [(10, 1.0), (24, 1.0), (18, 2.0**-8), (24, 2.0**-8)])
def test_weights_are_snapped_to_the_finest_grid_on_which_sums_are_exact(
    digits: int, h: float
) -> None:
    net = train.Layers(nn.Linear(30, 20), train.IF())
    linear = train.snap(net, 3.0, h, digits).layers[0]
    w, b = (p.detach().double() for p in (linear.weight, linear.bias))
    exact = [p.detach().double() for p in (net.layers[0].weight, net.layers[0].bias)]
    g = max(2.0**-k for k in range(40) if torch.equal(on_multiples(w, 2.0**-k), w))

    def fits(g: float) -> bool:
        rounded = on_multiples(exact[0], g), on_multiples(exact[1], g * h)
        return bool((3.0 * rounded[0].abs().sum(1) + rounded[1].abs()).max() <= 2**digits * g * h)

    assert torch.equal(w, on_multiples(exact[0], g))
    assert torch.equal(b, on_multiples(exact[1], g * h))
    assert fits(g) and not fits(g / 2)
    x = torch.randint(-int(3 / h), int(3 / h) + 1, (50, 30)) * h
    whole = x.double() @ w.T + b
    for _ in range(3):  # in any order
        total = linear.bias.detach()
        for j in torch.randperm(30):
            total = total + x[:, j, None] * w[:, j].float()
        assert torch.equal(total.double(), whole)


def test_snapping_returns_a_copy_that_computes_nearly_the_same() -> None:
    net = conv_net()
    before = [p.clone() for p in net.parameters()]
    result = train.snap(net, 4.0, 2.0**-8)
    assert net.training and not result.training
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True))
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in result.modules())
    x = torch.randint(-4, 5, (5, 1, 8, 8)).float()
    first, second = (m.layers[0].modules_once(x) for m in (net.eval(), result))
    # 24 digits of a sum of 9 weights and inputs of up to 4 on a grid of 2**-8 leave 12.
    torch.testing.assert_close(first, second, atol=2.0**-12 * 9 * 4, rtol=0.0)


@pytest.mark.parametrize(
    "modules",
    [
        (nn.Linear(4, 4), nn.Linear(4, 4), train.IF()),
        (nn.Conv2d(1, 1, 3), nn.AvgPool2d(2), train.IF()),
        (train.IF(), nn.AvgPool2d(3)),
        (nn.BatchNorm1d(4), train.IF()),
        (train.SNU(4, 4, soft=True),),
        (train.SNU(4, 4, recurrent=True),),
        (nn.Linear(4, 4), nn.Tanh()),
    ],
)
def test_sums_that_cannot_be_exact_are_refused(modules: Any) -> None:
    with pytest.raises(ValueError) as caught:
        train.snap(train.Layers(*modules))
    assert SENTENCE.fullmatch(str(caught.value)), str(caught.value)


def test_pooling_of_currents_is_not_taken_for_pooling_of_spikes() -> None:
    net = train.Layers(train.IF(), nn.Conv2d(1, 1, 3), nn.MaxPool2d(2), train.IF())
    with pytest.raises(ValueError, match=r"to_network: module must be made of .+, got MaxPool2d; "):
        train.to_network(net, (1, 8, 8))


def test_weights_that_overflowed_are_not_exported() -> None:
    with pytest.raises(ValueError, match="to_network: module must have finite weights, got 1 "):
        train.to_network(lost(), (3,))


def test_unsupported_modules_are_named() -> None:
    for module in (train.SoftLIF(), train.SNU(4, 4, recurrent=True), nn.Tanh()):
        with pytest.raises((ValueError, TypeError)) as caught:
            train.to_network(train.Layers(nn.Linear(4, 4), module, nn.Linear(4, 2)), (4,))
        assert type(module).__name__ in str(caught.value)


# -- the NEF, trained ------------------------------------------------------------------------


def wave(n: int = 40) -> nef.Network:
    """Two populations in a row, of which the connection is a wave."""
    net = nef.Network(seed=1)
    held = nef.PresentInput(np.linspace(-1, 1, 21)[:, None], 0.1)
    a, b = net.ensemble(n, 1), net.ensemble(n, 1)
    net.connect(net.node(held), a, synapse=None)
    # Training starts from decoders that are small enough for its learning rate.
    solver = nef.LstsqL2(0.1)
    net.connect(a, b, lambda x: np.sin(2 * np.pi * x), synapse=0.01, solver=solver)
    net.probe(b, synapse=0.01, solver=solver)
    return net


def in_spikes(net: nef.Network) -> np.ndarray:
    """The value of the probe at the end of each input."""
    with nef.Simulator(net) as sim:
        sim.run(2.1)
        return sim.data[sim.probes[0]].reshape(21, 100)[:, 50:].mean(axis=1)


def test_before_training_the_module_is_the_network() -> None:
    net = wave()
    module = train.NEF(net, sigma=1e-4).double().eval()
    x = np.linspace(-1, 1, 21)
    rates = module(torch.tensor(x[:, None])).detach().numpy()[:, 0]
    with nef.Simulator(net) as sim:
        a, b = (sim.data[e] for e in net.ensembles)
        d_a, d_b = (
            sim.data[net.connections[1]].decoders,
            sim.built.probe_data[net.probes[0]].decoders,
        )
    lif = nef.LIFRate()
    middle = lif.rates(x[:, None] @ a.scaled_encoders.T + a.bias) @ d_a
    expected = lif.rates(middle @ b.scaled_encoders.T + b.bias) @ d_b
    # Parameters are float32, and the soft curve is within its softness of the hard one.
    np.testing.assert_allclose(rates, expected[:, 0], atol=5e-3)
    np.testing.assert_allclose(in_spikes(module.network()), in_spikes(net), atol=1e-3)


def test_training_through_both_layers_halves_the_error_of_the_spikes() -> None:
    net = wave()
    module = train.NEF(net)
    x = torch.rand(4000, 1) * 2 - 1
    batches = train.Batches(x, torch.sin(2 * np.pi * x), 100)
    optimizer = torch.optim.Adam(module.parameters(), 3e-3)
    mse = nn.functional.mse_loss
    train.fit(module, batches, mse, 15, optimizer, progress=False)
    expected = np.sin(2 * np.pi * np.linspace(-1, 1, 21))
    before, after = (
        np.sqrt(np.mean((in_spikes(n) - expected) ** 2)) for n in (net, module.eval().network())
    )
    assert after < 0.6 * before


def test_views_transforms_constants_and_junctions_are_as_in_the_network() -> None:
    net = nef.Network(seed=2)
    both = net.node(nef.PresentInput([[0.3, -0.6]], 1.0))
    a = net.ensemble(100, 2, radius=1.5)
    relay = net.node(size_in=2)
    b = net.ensemble(80, 1, neuron_type=nef.RectifiedLinear())
    net.connect(both[[1, 0]], a, transform=[0.5, 1.0], synapse=None)
    net.connect(net.node([0.2]), a[1], synapse=None)
    net.connect(a, relay[1], function=lambda x: x[0] * x[1])
    net.connect(a[0], relay[0], transform=2.0)
    net.connect(relay, b, transform=[[1.0, -1.0]], synapse=0.01)
    net.probe(b, synapse=0.02)
    net.probe(a[1], synapse=0.02)
    module = train.NEF(net, sigma=1e-3).eval()
    for part in (net, module.network()):
        with nef.Simulator(part) as sim:
            sim.run(1.0)
            spikes = [sim.data[p][500:].mean() for p in sim.probes]
        # The mean over half a second of spikes.
        np.testing.assert_allclose(
            module(torch.tensor([[0.3, -0.6]])).detach()[0], spikes, atol=0.03
        )


def loop() -> nef.Network:
    net = nef.Network()
    a = net.ensemble(10, 1)
    net.connect(a, a)
    return net


def lost() -> train.Layers:
    """A network whose weights overflowed."""
    net = train.Layers(nn.Linear(3, 2), train.IF())
    with torch.no_grad():
        net.layers[0].weight[0, 0] = torch.nan
    return net


def izhikevich() -> nef.Network:
    net = nef.Network()
    net.ensemble(10, 1, neuron_type=nef.Izhikevich(), max_rates=(60, 100))
    return net


# -- errors, and torch.compile ---------------------------------------------------------------

WRONG = {
    "threshold": lambda: train.IF(threshold=None, threshold_rule="="),
    "rule": lambda: train.IF(threshold_rule="="),
    "reset": lambda: train.LIF(reset="soft"),
    "tau of LIF": lambda: train.LIF(tau=0.5),
    "tau of PLIF": lambda: train.PLIF(tau=1.0),
    "surrogate": lambda: train.IF(surrogate="none"),
    "no surrogate": lambda: train.IF(surrogate=None),
    "flag": lambda: train.IF(detach_reset=1),
    "size": lambda: train.SNU(0, 3),
    "decay": lambda: train.SNU(3, 3, decay=1.5),
    "activation": lambda: train.SNU(3, 3, activation="gelu"),
    "start": lambda: train.SNU(3, 3, start_threshold=float("nan")),
    "sigma": lambda: train.SoftLIF(sigma=float("nan")),
    "width": lambda: train.boxcar(0.0),
    "alpha": lambda: train.arctan("2"),
    "module": lambda: train.Layers(nn.ReLU),
    "steps": lambda: train.DirectEncoding(nn.ReLU(), n_steps=0),
    "p": lambda: train.Dropout(1.0),
    "votes": lambda: train.Vote(0),
    "images": lambda: train.poisson(torch.full((2, 2), 1.5), 3),
    "integers": lambda: train.latency(torch.ones(2, 2, dtype=torch.int64), 3),
    "no tensor": lambda: train.poisson([0.5], 3),
    "nan": lambda: train.latency(torch.full((2, 2), torch.nan), 3),
    "rate": lambda: train.jittered(torch.rand(2, 2), rate=2000.0),
    "reading": lambda: train.count_loss(torch.rand(2, 2, 2), torch.zeros(2).long(), 1.0, "all"),
    "list of spikes": lambda: train.decide([[[1.0, 0.0]]]),
    "no spikes": lambda: train.mean_spike_loss(torch.zeros(0)),
    "whole spikes": lambda: train.decide(torch.ones(2, 2, 2, dtype=torch.int64)),
    "axes of spikes": lambda: train.rate_loss(torch.rand(2, 2), torch.zeros(2).long()),
    "real labels": lambda: train.rate_loss(torch.rand(2, 2, 2), torch.zeros(2)),
    "list of labels": lambda: train.count_loss(torch.rand(2, 2, 2), [0, 1]),
    "number of labels": lambda: train.count_loss(torch.rand(2, 2, 2), torch.zeros(3).long()),
    "large label": lambda: train.count_loss(torch.rand(2, 1, 2), torch.tensor([2])),
    "negative label": lambda: train.rate_loss(torch.rand(2, 1, 2), torch.tensor([-1])),
    "metabolic": lambda: train.count_loss(torch.rand(2, 1, 2), torch.tensor([0]), torch.nan),
    "batches": lambda: train.Batches(torch.rand(3), torch.rand(2)),
    "epochs": lambda: train.fit(nn.Linear(2, 2), [], None, epochs=-1),
    "what to fit": lambda: train.fit(None, [], None),
    "folder": lambda: train.save("nowhere/at/all.pt", nn.Linear(2, 2)),
    "what to save": lambda: train.save("x.pt", {}),
    "summary": lambda: train.summary(None, torch.rand(2)),
    "what to snap": lambda: train.snap(nn.Linear(2, 2)),
    "weights that are lost": lambda: train.snap(lost()),
    "no power of two": lambda: train.snap(train.Layers(train.IF()), input_step=1 / 255),
    "digits": lambda: train.snap(train.Layers(train.IF()), digits=1),
    "largest": lambda: train.snap(train.Layers(train.IF()), largest_input=0.0),
    "layers": lambda: train.to_network(nn.Linear(2, 2), (2,)),
    "net": lambda: train.NEF(None),
    "loop": lambda: train.NEF(loop()),
    "kind": lambda: train.NEF(izhikevich()),
}


@pytest.mark.parametrize("name", WRONG)
def test_invalid_arguments_raise_one_sentence(name: str) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        WRONG[name]()
    assert SENTENCE.fullmatch(str(caught.value)), str(caught.value)


def test_without_pytorch_other_packages_work_and_the_extra_is_named() -> None:
    program = """
import sys
sys.modules["torch"] = None  # as where it is not installed
import nefsim as nef
net = nef.Network(seed=0)
net.connect(net.ensemble(10, 1), net.ensemble(10, 1))
with nef.Simulator(net) as sim:
    sim.run_steps(5)
for room in ("train", "convert"):
    try:
        __import__(f"nefsim.{room}")
    except nef.BackendUnavailable as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = 'must be installed, got none; pip install torch (the extra "train").'
    assert done.stdout.splitlines() == [
        f"nefsim.{room}: torch {report}" for room in ("train", "convert")
    ]


# PyTorch's tracer uses a feature that PyTorch warns of.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_modules_are_traced_as_one_graph_by_torch_compile() -> None:
    net = train.Layers(nn.Linear(20, 30), train.IF(), nn.Linear(30, 10), train.PLIF(1.2, 0.1))
    x_seq = torch.rand(4, 3, 20) * 4
    compiled = torch.compile(lambda x: net.run(x)[0], backend="aot_eager", fullgraph=True)
    eager, traced = net.run(x_seq)[0], compiled(x_seq)
    assert torch.equal(eager, traced) and eager.any()
    slopes = [
        torch.autograd.grad((y**2).sum(), list(net.parameters()), allow_unused=True)
        for y in (eager, traced)
    ]
    for one, two in itertools.zip_longest(*slopes):
        torch.testing.assert_close(one, two)


@pytest.mark.parametrize("name", NETWORKS)
def test_exporting_leaves_each_module_training_or_not_as_it_was(name: str) -> None:
    made, shape = NETWORKS[name]
    net = on_grid(made())
    modules = list(net.modules())
    for i, module in enumerate(modules):
        module.training = i % 3 != 1
    train.to_network(net, shape)
    assert [module.training for module in modules] == [i % 3 != 1 for i in range(len(modules))]
