"""Training: laws of whole modules, each against arithmetic that is written out here."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
import pytest

import nefsim as nef

torch = pytest.importorskip("torch", reason="PyTorch is the extra train")

from torch import nn  # noqa: E402

from nefsim import train  # noqa: E402
from nefsim.train.layers import at_each_step  # noqa: E402

torch.set_num_threads(1)

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


# -- export ----------------------------------------------------------------------------------

SPIKING = (train.IF, train.LIF, train.PLIF, train.SNU, nn.MaxPool2d)


def outputs_of(net: train.Layers, x: Any) -> tuple[list[np.ndarray], np.ndarray]:
    """Outputs of each layer of spikes, and of the network, flat."""
    layers = []
    with torch.no_grad():
        for module in net.eval().layers:
            x = module.run(x)[0] if isinstance(module, train.Stateful) else at_each_step(module, x)
            if isinstance(module, SPIKING):
                layers.append(x.flatten(2).numpy())
    return layers, x.flatten(2).numpy()


def direct(*modules: nn.Module) -> train.DirectEncoding:
    return train.DirectEncoding(*modules, n_steps=4)


EXPORTED: dict[str, Any] = {
    "strides and padding of a max-pooling": (
        lambda: train.Layers(
            train.IF(0.5), nn.MaxPool2d(3, stride=2, padding=1), nn.Flatten(), nn.Linear(16, 5)
        ),
        (1, 8, 8),
    ),
    "two max-poolings in a row": (
        lambda: train.Layers(train.IF(0.5), nn.MaxPool2d(2), nn.MaxPool2d((2, 1))),
        (1, 8, 8),
    ),
    "an identity": (lambda: train.Layers(), (3,)),
    "linear modules alone": (lambda: train.Layers(nn.Linear(3, 4), train.Vote(2)), (3,)),
    "a dropout before and after neurons": (
        lambda: train.Layers(train.Dropout(0.5), nn.Linear(3, 4), train.IF(), train.Dropout(0.5)),
        (3,),
    ),
    "a population at the end": (
        lambda: train.Layers(direct(nn.Linear(3, 4)), train.LIF(), nn.Linear(4, 6), train.IF()),
        (3,),
    ),
    "groups of a vote": (lambda: train.Layers(train.IF(0.5), train.Vote(3)), (6,)),
    "a unit after linear modules": (
        lambda: train.Layers(nn.Linear(3, 4), train.SNU(4, 5, decay=0.5), nn.Linear(5, 2)),
        (3,),
    ),
}


@pytest.mark.parametrize("name", EXPORTED)
def test_an_exported_network_computes_the_module(name: str) -> None:
    """Outputs of each layer, their shapes, and the description of the export."""
    make, shape = EXPORTED[name]
    net = on_grid(make())
    is_direct = any(isinstance(module, train.DirectEncoding) for module in net.layers)
    x = torch.randint(-2, 3, ((5,) if is_direct else (6, 5)) + shape).float()
    layers, output = outputs_of(net, x)
    exported = train.to_network(net, shape, 0.002)
    actual = exported.spikes(x, "numpy")
    for values, reference in zip(actual, layers, strict=False):
        np.testing.assert_array_equal(values, reference)
    # Means of a vote are not exact.
    np.testing.assert_allclose(actual[-1], output, rtol=1e-6)
    assert actual[-1].shape == output.shape
    ends_in_neurons = bool(layers) and np.array_equal(layers[-1], output)
    assert len(exported.layers) == len(layers)
    assert len(actual) == len(layers) + (not ends_in_neurons)
    assert isinstance(exported.output, nef.network.Ensemble) == ends_in_neurons
    assert exported.output is (exported.layers[-1] if ends_in_neurons else exported.output)
    assert (exported.dt, exported.n_steps) == (0.002, 4 if is_direct else None)
    assert exported.input.size_in == np.prod(shape)
    assert exported.network.label == "trained" and exported.input.label == "input"
    assert exported.network.seed == 0
    for i, layer in enumerate(exported.layers):
        assert layer.label.split() == [layer.label.split()[0], str(i)]
        assert layer.neuron_type.step_time == layer.neuron_type.amplitude == 0.002


def test_a_max_pooling_of_inputs_is_refused_since_they_may_be_no_spikes() -> None:
    for modules in ((nn.MaxPool2d(2),), (train.Dropout(0.5), nn.MaxPool2d(2), train.IF())):
        with pytest.raises(ValueError, match=r"must be made of .+, got MaxPool2d; take"):
            train.to_network(train.Layers(*modules), (1, 4, 4))
    cut = train.Layers(train.IF(), nn.MaxPool2d(3, stride=2, ceil_mode=True))
    with pytest.raises(ValueError, match="must have ceil_mode=False for pooling"):
        train.to_network(cut, (1, 4, 4))


@pytest.mark.parametrize("x", [np.ones((3, 4)), np.ones((0, 2, 4)), np.ones((3, 0, 4))])
def test_inputs_without_steps_or_examples_are_refused(x: np.ndarray) -> None:
    exported = train.to_network(train.Layers(train.IF()), (4,))
    with pytest.raises(ValueError, match=r"Exported\.run: x_seq must .+, got .*shape"):
        exported.run(x)


def test_each_example_starts_from_rest() -> None:
    exported = train.to_network(train.Layers(train.IF()), (1,))
    x = np.full((3, 2, 1), 0.4)
    assert exported.run(x, "numpy")[:, :, 0].T.tolist() == [[0.0, 0.0, 1.0]] * 2


# -- rounding of weights ------------------------------------------------------------------------


def padded(*, include: bool) -> nn.AvgPool2d:
    return nn.AvgPool2d(2, padding=1, count_include_pad=include)


SNAPPED: dict[str, Any] = {
    "every silent module": lambda: (
        nn.Identity(),
        nn.Conv2d(1, 2, 3, padding=1),
        nn.BatchNorm2d(2),
        train.IF(),
        nn.MaxPool2d(2),
        nn.Dropout2d(0.5),
        nn.Flatten(),
        nn.Dropout(0.5),
        train.Dropout(0.5),
        nn.Linear(32, 6),
        nn.BatchNorm1d(6),
        train.LIF(threshold=0.05),
        train.Vote(2),
    ),
    "a window that counts its padding": lambda: (
        train.IF(0.5),
        padded(include=True),
        nn.Conv2d(1, 2, 3),
        train.IF(0.05),
    ),
    "sums of windows": lambda: (
        train.IF(0.5),
        nn.AvgPool2d(3, divisor_override=2),
        nn.Flatten(),
        nn.Linear(4, 3),
        train.IF(0.05),
    ),
    "two averages in a row": lambda: (
        train.IF(0.5),
        nn.AvgPool2d(2),
        nn.AvgPool2d((1, 2)),
        nn.Flatten(),
        nn.Linear(8, 3),
        train.IF(0.05),
    ),
}


@pytest.mark.parametrize("name", SNAPPED)
def test_sums_of_snapped_weights_are_equal_in_single_and_double_precision(name: str) -> None:
    net = train.Layers(*SNAPPED[name]())
    for module in net.layers:  # so that neurons fire
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.constant_(module.bias, 0.2)
    result = train.snap(net, 2.0, digits=14)
    x = torch.randint(-2, 3, (6, 4, 1, 8, 8)).float()
    single = outputs_of(result, x)[0]
    double = outputs_of(copy.deepcopy(result).double(), x.double())[0]
    assert all(np.array_equal(a, b) for a, b in zip(single, double, strict=True))
    assert 0 < single[-1].mean() < 1
    net.eval()
    for before, after in zip(net.layers, result.layers, strict=False):
        assert type(before) is type(after) or isinstance(before, nn.BatchNorm2d | nn.BatchNorm1d)
        if isinstance(before, nn.BatchNorm2d | nn.BatchNorm1d):
            break


@pytest.mark.parametrize("name", ["a window that counts its padding", "sums of windows"])
def test_a_layer_after_an_average_has_the_finest_grid_for_the_range_of_its_inputs(
    name: str,
) -> None:
    """A mean of n spikes is a multiple of 1 / n, and at most the window's size over n."""
    net = train.Layers(*SNAPPED[name]())
    pool = next(m for m in net.layers if isinstance(m, nn.AvgPool2d))
    n = pool.divisor_override or 4
    largest, h = pool.kernel_size**2 / n, 1 / n
    place = next(i for i, m in enumerate(net.layers) if isinstance(m, nn.Conv2d | nn.Linear))
    module = net.layers[place]
    weight, bias = module.weight.detach().double().flatten(1), module.bias.detach().double()

    def rounded(values: Any, step: float) -> Any:
        return torch.round(values / step) * step

    def fits(g: float) -> bool:
        sums = largest * rounded(weight, g).abs().sum(1) + rounded(bias, g * h).abs()
        return bool(sums.max() <= 2**14 * g * h)

    g = min(2.0**-k for k in range(40) if fits(2.0**-k))
    actual = train.snap(net, digits=14).layers[place]
    assert torch.equal(actual.weight.detach().double().flatten(1), rounded(weight, g))
    assert torch.equal(actual.bias.detach().double(), rounded(bias, g * h))


def test_a_bias_is_rounded_to_the_grid_of_sums_before_their_size_is_compared() -> None:
    """With two digits, sums of multiples of h = 1/4 are at most g.

    At g = 1, the weight .6 would become 1 and the bias .4 would become .5, which is too much.
    """
    linear = nn.Linear(1, 1)
    nn.init.constant_(linear.weight, 0.6)
    nn.init.constant_(linear.bias, 0.4)
    net = train.Layers(train.IF(), nn.AvgPool2d(2), nn.Flatten(), linear, train.IF())
    snapped = train.snap(net, digits=2).layers[3]
    assert (snapped.weight.item(), snapped.bias.item()) == (0.0, 0.5)


@pytest.mark.parametrize(
    "pool",
    [
        padded(include=False),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.AvgPool2d(2, divisor_override=3),
        nn.AvgPool2d((2, 3)),
    ],
)
def test_averages_that_are_not_exact_are_refused(pool: nn.Module) -> None:
    with pytest.raises(ValueError, match="must average spikes over windows of a power of two"):
        train.snap(train.Layers(train.IF(), pool))


def test_a_layer_without_weights_or_with_zero_weights_is_snapped() -> None:
    linear = nn.Linear(3, 2)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    snapped = train.snap(train.Layers(linear, train.IF())).layers[0]
    assert not snapped.weight.any() and not snapped.bias.any()
    for modules in ((train.Vote(2), nn.Linear(2, 2)), (nn.Linear(4, 4), nn.AvgPool2d(2))):
        with pytest.raises(ValueError, match=r"snap: module must .+, got (Linear|AvgPool2d);"):
            train.snap(train.Layers(*modules))
    with pytest.raises(ValueError, match="follow a Linear or Conv2d, got BatchNorm1d"):
        train.snap(train.Layers(nn.Linear(4, 4), train.IF(), nn.BatchNorm1d(4)))


# -- modules -------------------------------------------------------------------------------------


def test_a_state_that_is_passed_on_continues_a_run() -> None:
    """Of each module with a state, for steps and for runs; a run in two parts is the whole run."""
    modules = {
        "IF": train.IF(0.7),
        "PLIF": train.PLIF(3.0),
        "SNU": train.SNU(4, 4),
        "recurrent": train.SNU(4, 4, recurrent=True),
        "soft": train.SoftLIF(),
        "layers": train.Layers(nn.Linear(4, 4), train.IF(0.3), train.Dropout(), train.LIF()),
    }
    x_seq = torch.rand(8, 3, 4) * 2
    for name, module in modules.items():
        module.eval()
        whole, end = module.run(x_seq)
        first, state = module.run(x_seq[:5])
        rest, last = module.run(x_seq[5:], state)
        assert torch.equal(torch.cat([first, rest]), whole), name
        assert str(last) == str(end), name
        for k, x in enumerate(x_seq[5:]):
            y, state = module(x, state)
            assert torch.equal(y, whole[5 + k]), name
        assert str(state) == str(end), name


def test_dropout_scales_and_stays_in_single_steps_as_in_runs() -> None:
    dropout = train.Dropout(0.75)
    x = torch.full((200, 10), 3.0)
    y, mask = dropout(x)
    again, same = dropout(x, mask)
    assert torch.equal(y, again) and same is mask
    assert set(torch.unique(y).tolist()) == {0.0, 12.0}
    assert float((y == 0).float().mean()) == pytest.approx(0.75, abs=0.04)  # 2000 draws
    assert torch.equal(dropout.run(x[None], mask)[0][0], y)
    assert train.Dropout(0.0)(x)[0].equal(x)
    assert dropout.eval()(x)[0] is x


def test_steps_of_features_and_of_batches_are_passed_as_one_batch() -> None:
    seen: list[tuple[int, ...]] = []
    linear = nn.Linear(3, 2)
    linear.register_forward_hook(lambda m, x, y: seen.append(tuple(x[0].shape)))
    for shape in ((7, 3), (7, 5, 3), (7, 5, 2, 3)):
        x = torch.rand(shape)
        y = at_each_step(linear, x)
        torch.testing.assert_close(y, x @ linear.weight.T + linear.bias)
        assert y.shape == (*shape[:-1], 2)
    assert seen == [(7, 3), (35, 3), (35, 2, 3)]


def test_initial_potentials_have_the_spread() -> None:
    x = torch.zeros(4000, 2)
    with torch.no_grad():
        unit = train.SNU(2, 2, decay=1.0, activation="identity", start_spread=0.3)
        unit.bias.fill_(-100.0)  # no unit fires
        potential = unit.run(x[None])[1]
        recurrent = train.SNU(2, 2, 1.0, "identity", recurrent=True, start_spread=0.3)
        recurrent.bias.fill_(-100.0)
        v, y = recurrent.run(x[None])[1]
    # 8000 draws.
    assert float(potential.std()) == pytest.approx(0.3, rel=0.05)
    assert float(potential.mean()) == pytest.approx(0.0, abs=0.02)
    assert float(v.std()) == pytest.approx(0.3, rel=0.05) and not y.any()
    assert not train.SNU(2, 2, activation="identity").run(x[None])[1].any()


def test_initial_weights_of_a_unit_are_those_of_glorot() -> None:
    unit = train.SNU(300, 100, recurrent=True)
    for weights, n_in in ((unit.input.weight.detach(), 300), (unit.recurrent.weight.detach(), 100)):
        most = np.sqrt(6 / (n_in + 100))
        assert weights.shape == (100, n_in)
        assert 0.99 * most < float(weights.abs().max()) <= most
    assert unit.input.bias is None and unit.recurrent.bias is None


def test_the_names_of_surrogates_are_those_of_their_functions() -> None:
    for name, surrogate in train.SURROGATES.items():
        assert surrogate.name == name
        assert train.IF(surrogate=name).surrogate is train.IF(surrogate=surrogate).surrogate


def test_a_summary_adds_all_uses_of_a_module_and_leaves_it_as_it_was() -> None:
    shared = nn.Linear(4, 4, bias=False)
    net = train.Layers(shared, train.IF(), nn.Flatten(), shared, train.IF())
    net.train()
    table = net.summary(torch.zeros(5, 2, 4))
    assert table.multiply_adds == 2 * 5 * 2 * 16 and table.n_parameters == 16
    assert net.training and not shared._forward_hooks
    names = [(row.name, row.kind, row.shape, row.multiply_adds) for row in table.rows]
    assert names == [
        ("layers.0", "Linear", (10, 4), 320),
        ("layers.1", "IF", (2, 4), 0),  # of the last step
        ("layers.2", "Flatten", (10, 4), 0),
        ("layers.4", "IF", (2, 4), 0),
    ]
    net.eval()
    net.summary(torch.zeros(5, 2, 4))
    assert not net.training
    plain = train.summary(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), torch.zeros(7, 3))
    assert [(r.n_parameters, r.multiply_adds, r.shape) for r in plain.rows] == [
        (8, 42, (7, 2)),
        (0, 0, (7, 2)),
    ]
    first, *rows, last = str(table).splitlines()
    assert len({len(line) for line in (first, *rows, last)}) == 1 and len(rows) == 4
    assert last.split() == ["total", "16", "320"]


# -- encoders -------------------------------------------------------------------------------------


def test_random_spikes_are_draws_below_brightness_times_the_probability() -> None:
    images = torch.rand(3, 4, dtype=torch.float64)
    generator = torch.Generator().manual_seed(7)
    draws = torch.rand((9, 3, 4), generator=generator.manual_seed(7), dtype=torch.float64)
    spikes = train.poisson(images, 9, 0.6, generator.manual_seed(7))
    assert torch.equal(spikes, (draws < 0.6 * images).double())
    spikes = train.jittered(images, 9, 300.0, 0.002, generator.manual_seed(7))
    assert torch.equal(spikes, (draws < 0.6 * (images > 0)).double())
    assert train.jittered(images, 2, 1000.0).all()  # 1 / dt is allowed
    T = 6
    when = torch.round((1 - images) * (T - 1)).long()
    assert torch.equal(train.latency(images, T).argmax(0), when)
    assert inspect.signature(train.poisson).parameters["most"].default == 1.0


# -- training --------------------------------------------------------------------------------------


def by_hand(epochs: int, clip: float | None, seed: int) -> tuple[list[float], Any, list[float]]:
    """Adam on a linear module, without :func:`fit`."""
    module = linear()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    losses, rates = [], []
    for epoch in range(epochs):
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        for order in torch.randperm(10, generator=generator).split(4):
            noisy = X[order] + torch.rand(len(order), 2, generator=generator)
            loss = ((module(noisy) - Y[order]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            if clip is not None:
                for p in module.parameters():
                    p.grad.clamp_(-clip, clip)
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
    return losses, module.weight.detach(), rates


def linear() -> nn.Linear:
    torch.manual_seed(2)
    return nn.Linear(2, 1)


X, Y = torch.arange(20.0).reshape(10, 2), torch.arange(10.0)[:, None]


@pytest.mark.parametrize("clip", [None, 0.01])
def test_training_is_the_loop_of_its_description(clip: float | None) -> None:
    def noisy(x: Any, generator: Any) -> Any:
        return x + torch.rand(x.shape, generator=generator)

    module = linear()
    batches = train.Batches(X, Y, 4, noisy, seed=3)
    assert len(batches) == 3
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    rates: list[float] = []
    modes: list[bool] = []

    def evaluate(trained: nn.Module) -> float:
        modes.append(trained.training)
        trained.eval()
        rates.append(optimizer.param_groups[0]["lr"])
        return 10 * len(rates)

    history = train.fit(
        module, batches, nn.functional.mse_loss, 3, optimizer, scheduler, evaluate, clip,
        progress=False,
    )  # fmt: skip
    losses, weight, expected_rates = by_hand(3, clip, 3)
    assert history.losses == losses and torch.equal(module.weight, weight)
    assert rates == expected_rates == [5e-4, 2.5e-4, 1.25e-4]
    assert [epoch["score"] for epoch in history.epochs] == [10, 20, 30]
    means = [np.mean(losses[3 * k : 3 * k + 3]) for k in range(3)]
    assert [epoch["loss"] for epoch in history.epochs] == pytest.approx(means, rel=1e-12)
    assert modes == [True] * 3  # each epoch sets the mode of training
    if clip is None:
        torch.manual_seed(2)
        other = nn.Linear(2, 1)
        # Adam with a rate of 1e-3 is the default, and one epoch.
        first = train.fit(other, train.Batches(X, Y, 4, noisy, seed=3), nn.functional.mse_loss,
                          progress=False)  # fmt: skip
        assert first.losses == losses[:3] and first.epochs == [{"loss": first.epochs[0]["loss"]}]


def test_training_for_no_epochs_and_without_batches_changes_nothing() -> None:
    module = linear()
    before = module.weight.detach().clone()
    none = train.fit(module, [], nn.functional.mse_loss, 2, progress=False)
    assert none == train.History([], [{"loss": 0.0}] * 2) and torch.equal(module.weight, before)
    assert train.fit(module, [(X, Y)], nn.functional.mse_loss, 0, progress=False).losses == []


def test_batches_are_in_order_without_shuffling_and_pass_targets_along() -> None:
    batches = train.Batches(np.arange(7), np.arange(7) * 2, 3, shuffle=False)
    assert [(x.tolist(), y.tolist()) for x, y in batches] == [
        ([0, 1, 2], [0, 2, 4]),
        ([3, 4, 5], [6, 8, 10]),
        ([6], [12]),
    ]
    assert batches.n_passes == 1 and len(batches) == 3
    assert len(train.Batches(np.arange(6), np.arange(6), 3)) == 2
    assert train.Batches(np.arange(6), np.arange(6)).size == 128
    shuffled = train.Batches(np.arange(50), np.arange(50) * 2, 8)
    assert all(torch.equal(2 * x, y) for x, y in shuffled)


def test_accuracy_is_a_share_and_leaves_the_mode_as_it_was() -> None:
    modes: list[bool] = []

    class Watching(nn.Identity):
        def forward(self, x: Any) -> Any:
            modes.append(self.training)
            return x

    module = Watching()
    y = torch.tensor([[[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]])
    labels = torch.tensor([1, 0, 0])
    for mode in (True, False):
        module.train(mode)
        assert train.accuracy(module, [(y, labels), (y[:, :1], labels[:1])]) == 3 / 4
        assert module.training is mode
    assert modes == [False] * 4
    assert train.accuracy(module, []) == 0.0
    assert train.accuracy(module, [(y, labels)], lambda out: 1 - train.decide(out)) == 1 / 3


# -- networks of the NEF ---------------------------------------------------------------------------


def described() -> nef.Network:
    """A network with a value of its own for each argument that training passes on."""
    net = nef.Network(seed=4, label="net")
    constant = net.node([0.3], label="constant", seed=6)
    stimulus = net.node(nef.PresentInput([[0.5]], 1.0), label="u")
    other = net.node(nef.PresentInput([[0.1]], 1.0), label="w")
    relay = net.node(size_in=2, label="relay")
    a = net.ensemble(
        30, 2, radius=1.5, label="a", seed=5, noise=nef.WhiteNoise(nef.Gaussian(0, 0.01))
    )
    kind = nef.SpikingRectifiedLinear(amplitude=0.5)
    b = net.ensemble(20, 1, neuron_type=kind, initial_state={"voltage": nef.Uniform(0, 1)})
    net.connect(stimulus, a[0], synapse=None, label="in", seed=7)
    net.connect(other, a[1], transform=0.5, synapse=0.03)
    net.connect(constant, relay[1], transform=2.0, synapse=None)
    net.connect(a, relay[0], function=lambda x: x[0] * x[1], eval_points=nef.Uniform(-1, 1))
    net.connect(relay, b, transform=[[1.0, 0.5]], synapse=0.01)
    net.probe(b, synapse=0.02, sample_every=0.004, label="y")
    net.probe(a[1], synapse=0.04)
    return net


def test_the_network_of_a_module_has_all_arguments_of_its_source() -> None:
    net = described()
    module = train.NEF(net)
    copy = module.network()
    assert (copy.seed, copy.label) == (4, "net")
    kinds = {
        "all_nodes": ("label", "seed", "size_in", "size_out"),
        "all_ensembles": (
            *("label", "seed", "radius", "n_neurons", "dimensions", "neuron_type", "noise"),
            "initial_state",
        ),
        "all_connections": ("label", "seed", "synapse"),
        "all_probes": ("label", "synapse", "sample_every", "attr"),
    }
    for kind, names in kinds.items():
        for old, new in zip(getattr(net, kind), getattr(copy, kind), strict=True):
            for name in names:
                assert getattr(old, name) == getattr(new, name), (kind, name)
            for end in (
                ("pre", "post", "target") if kind in ("all_connections", "all_probes") else ()
            ):
                assert repr(getattr(old, end, None)) == repr(getattr(new, end, None))
    built = [nef.Simulator(n, progress=False).built for n in (net, copy)]
    for old, new in zip(net.all_ensembles, copy.all_ensembles, strict=True):
        one, two = built[0].ensembles[old], built[1].ensembles[new]
        # Parameters are float32.
        for name in ("scaled_encoders", "bias", "gain", "eval_points", "max_rates"):
            np.testing.assert_allclose(
                getattr(two, name), getattr(one, name), rtol=1e-4, atol=1e-5, err_msg=name
            )
    for old, new in zip(net.all_connections, copy.all_connections, strict=True):
        one, two = built[0].connections[old], built[1].connections[new]
        np.testing.assert_allclose(np.asarray(two.transform), np.asarray(one.transform))
        if one.decoders is not None:
            np.testing.assert_allclose(two.decoders, one.decoders, rtol=1e-5, atol=1e-9)
    for old, new in zip(net.all_probes, copy.all_probes, strict=True):
        np.testing.assert_allclose(
            built[1].probe_data[new].decoders, built[0].probe_data[old].decoders, rtol=1e-5,
            atol=1e-9,
        )  # fmt: skip


def test_a_module_computes_rates_by_its_formula() -> None:
    """Encoders, biases and decoders written out; inputs in the order of the nodes."""
    net = described()
    module = train.NEF(net, sigma=1e-3).double().eval()
    built = module.built
    a, b = net.all_ensembles
    x = torch.tensor([[0.4, -0.3], [-0.2, 0.6]], dtype=torch.float64)
    soft = nef.SoftLIFRate(sigma=1e-3)
    inputs = x.numpy() * [1.0, 0.5]
    of_a = soft.rates(inputs @ built.ensembles[a].scaled_encoders.T + built.ensembles[a].bias)
    decoded = of_a @ built.connections[net.all_connections[3]].decoders
    J = (decoded + 0.5 * 2.0 * 0.3) @ built.ensembles[b].scaled_encoders.T
    of_b = 0.5 * np.maximum(J + built.ensembles[b].bias, 0.0)
    values = [
        rates @ built.probe_data[probe].decoders
        for rates, probe in zip((of_b, of_a), net.all_probes, strict=True)
    ]
    expected = np.concatenate(values, axis=1)
    # Parameters are float32.
    np.testing.assert_allclose(module(x).detach(), expected, rtol=0, atol=2e-5)
    assert [n.label for n in module.inputs] == ["u", "w"]


def test_noise_is_a_share_of_the_maximum_rate_and_only_in_training() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(50, 1)
    net.connect(net.node(np.sin), a, synapse=None)
    net.probe(a)
    x = torch.zeros(4000, 1)
    for noise in (0.1, 0.3):
        module = train.NEF(net, noise=noise)
        (decoders,) = module.decoders.values()
        with torch.no_grad():
            values = module(x)[:, 0]
            assert float(values.std()) == pytest.approx(
                noise * float(decoders.norm()), rel=0.05
            )  # 4000 draws
            module.eval()
            assert torch.equal(module(x)[0], module(x)[-1])
    assert train.NEF(net).noise == 0.1 and train.NEF(net).sigma == 0.02


@pytest.mark.parametrize("kind", ["encoders", "biases", "decoders"])
def test_each_kind_of_parameter_can_be_fixed(kind: str) -> None:
    module = train.NEF(described(), **{kind: False})
    for name in ("encoders", "biases", "decoders"):
        parameters = list(getattr(module, name).values())
        assert parameters and all(p.requires_grad == (name != kind) for p in parameters)


def test_networks_that_cannot_be_trained_are_refused() -> None:
    def with_rule(add: Any) -> nef.Network:
        net = nef.Network()
        add(net, net.ensemble(10, 1), net.node(np.sin))
        return net

    cases = {
        "connections must decode": [
            lambda net, a, u: net.connect(u, a, function=np.square),
            lambda net, a, u: net.connect(
                a.neurons, net.ensemble(5, 1).neurons, transform=1e-3 * np.ones((5, 10))
            ),
            lambda net, a, u: net.connect(a, net.ensemble(5, 1), solver=nef.LstsqL2(weights=True)),
            lambda net, a, u: net.connect(u, a.neurons, transform=np.ones((10, 1))),
        ],
        "nodes must be inputs": [lambda net, a, u: net.node(lambda t, x: x, size_in=1)],
        "connections must form no loops": [lambda net, a, u: net.connect(a, a)],
        "ensembles must be of LIF": [
            lambda net, a, u: net.ensemble(5, 1, neuron_type=nef.Sigmoid())
        ],
    }
    for words, adds in cases.items():
        for add in adds:
            with pytest.raises(ValueError, match=f"NEF: {words}"):
                train.NEF(with_rule(add))


def test_a_plot_of_a_surrogate_spans_its_argument() -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    assert train.plot_surrogate(train.triangular(2.0), 3.0, axes) is axes
    step, slope = (line.get_xydata() for line in axes.get_lines())
    z = np.linspace(-3, 3, 801)
    # The two libraries round points differently.
    np.testing.assert_allclose(step[:, 0], z, atol=1e-15)
    assert np.array_equal(step[:, 1], step[:, 0] > 0)
    np.testing.assert_allclose(slope[:, 1], np.maximum(0, 1 - abs(z) / 2) / 2, atol=1e-15)
    plt.close(figure)
