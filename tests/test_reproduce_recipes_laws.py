"""Laws of recipes of published networks that are trained: data, optimizers and layers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nefsim import train  # noqa: E402
from nefsim.reproduce import gradients, trained  # noqa: E402


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments of ``train.fit`` and of the batches, which are not made."""
    found: dict[str, Any] = {"batches": []}

    def fit(*given: Any, **options: Any) -> Any:
        found["fit"], found["options"] = given, options
        return SimpleNamespace(losses=[0.5])

    def batches(*given: Any, **options: Any) -> Any:
        found["batches"].append((given, options))
        return given[0]

    monkeypatch.setattr(train, "fit", fit)
    monkeypatch.setattr(train, "Batches", batches)
    monkeypatch.setattr(train, "accuracy", lambda module, data: torch.tensor(len(data) / 100))
    return found


def test_neural_units_learn_from_48000_images(
    seen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []

    def network(**options: Any) -> Any:
        made.append(options)
        return torch.nn.Linear(1, 1)

    monkeypatch.setattr(trained, "snu_network", network)
    images = np.zeros((48_010, 1), np.float32)
    data = SimpleNamespace(train_images=images, train_labels=np.arange(48_010) % 10)
    found = gradients.snu_recipe(data, 3, 5)
    assert made == [{"activation": "elu", "surrogate": "boxcar", "start_spread": 0.05}]
    net, learn, loss, epochs, optimizer, halved, measure = seen["fit"]
    assert (loss, epochs, seen["options"]) == (train.count_loss, 3, {"seed": 5, "progress": False})
    (group,) = optimizer.param_groups
    assert type(optimizer) is torch.optim.Adam
    assert (group["lr"], group["weight_decay"]) == (1e-4, 1e-4)
    assert (halved.step_size, halved.gamma) == (5, 0.5)
    (first, options), (held, others) = seen["batches"]
    assert [len(part) for part in first] == [48_000, 48_000] and options["seed"] == 5
    assert [len(part) for part in held[:2]] == [10, 10]
    assert held[2] == 1000 and others == {"shuffle": False}
    assert held[1].tolist() == [i % 10 for i in range(48_000, 48_010)]
    assert held[3] is options["encode"]
    spikes = held[3](torch.ones(4, 10, 1, dtype=torch.bool), None)
    assert spikes.shape == (10, 4, 1) and spikes.dtype == torch.float32
    value = measure(net)
    assert found == [value] and value == pytest.approx(0.1)
    assert len(learn) == 48_000


@pytest.mark.parametrize("fixed", [False, True])
def test_time_constants_have_a_rate_of_their_own(seen: dict[str, Any], fixed: bool) -> None:
    images = np.linspace(0, 1, 30 * 784, dtype=np.float32).reshape(30, 784)
    data = SimpleNamespace(
        train_images=images,
        train_labels=np.arange(30),
        test_images=images[:7],
        test_labels=np.arange(7),
    )
    assert gradients.plif_epoch(data, 20, 3, 16.0, fixed) == pytest.approx(0.07)
    first_net = seen["fit"][0]
    gradients.plif_epoch(data, 20, 3, 16.0, fixed)
    for one, other in zip(first_net.parameters(), seen["fit"][0].parameters(), strict=True):
        assert torch.equal(one, other)  # drawn by the seed
    del seen["batches"][2:]
    net, learn, loss, epochs, optimizer = seen["fit"]
    assert (loss, epochs, seen["options"]) == (train.rate_loss, 1, {"seed": 3, "progress": False})
    rates = [group["lr"] for group in optimizer.param_groups]
    assert rates == ([1e-3] if fixed else [1e-3, 1e-2])
    if not fixed:
        assert [p.numel() for p in optimizer.param_groups[1]["params"]] == [1] * 4
    (first, options), (shown, others) = seen["batches"]
    assert (first[2], options, shown[2], others) == (32, {"seed": 3}, 500, {"shuffle": False})
    expected = (images[:20].reshape(20, 1, 28, 28) - 0.1307) / 0.3081
    np.testing.assert_allclose(learn.numpy(), expected, rtol=1e-6)
    assert first[1].tolist() == [*range(20)] and shown[1].tolist() == [*range(7)]
    kinds = [type(layer).__name__ for layer in net.modules()]
    assert kinds.count("LIF" if fixed else "PLIF") == 4
    assert kinds.count("LIF") == 4 * fixed


def test_silence_is_learned_by_descent_with_momentum(seen: dict[str, Any]) -> None:
    net, losses = trained.silent_network(7, iterations=3)
    assert losses == [0.5]
    module, samples, loss = seen["fit"]
    options = seen["options"]
    (group,) = options["optimizer"].param_groups
    assert (group["lr"], group["momentum"], options["progress"]) == (0.1, 0.9, False)
    assert len(samples) == 3 and module is net
    for x, y in samples:
        assert x.shape == (10, 300) and set(x.unique().tolist()) == {0.0, 1.0} and y == 0.0
    linear, neurons = [m for m in net.modules() if type(m).__name__ in ("Linear", "IF")]
    assert (linear.in_features, linear.out_features) == (300, 500)
    bias = linear.bias.detach()
    assert float(bias.min()) >= 0.0 and float(bias.max()) > 0.9
    assert not neurons.detach_reset
    spikes = torch.ones(10, 1, 500)
    assert loss(spikes, None) == train.mean_spike_loss(spikes)
    assert len(trained.silent_network(7)[1]) == 1 and len(seen["fit"][1]) == 100


def shapes(net: Any) -> list[tuple[str, tuple[int, ...]]]:
    """Layers with weights, in order, and the shapes of these."""
    return [
        (type(m).__name__, tuple(m.weight.shape))
        for m in net.modules()
        if type(m).__name__ in ("Linear", "Conv2d", "BatchNorm2d")
    ]


def test_networks_have_the_layers_of_their_authors() -> None:
    units = [m for m in trained.snu_network().modules() if isinstance(m, train.SNU)]
    assert trained.SNU_SIZES == (784, 256, 256, 256, 10) and len(units) == 4
    net = trained.plif_network(2.0, False, "max")
    assert shapes(net) == [
        *(("Conv2d", (8, 1, 3, 3)), ("BatchNorm2d", (8,))),
        *(("Conv2d", (8, 8, 3, 3)), ("BatchNorm2d", (8,))),
        *(("Linear", (128, 8 * 49)), ("Linear", (100, 128))),
    ]
    kinds = [type(m).__name__ for m in net.modules()]
    assert (kinds.count("PLIF"), kinds.count("MaxPool2d"), kinds.count("Dropout")) == (4, 2, 0)
    y, _ = net(torch.zeros(2, 1, 28, 28))
    assert y.shape == (2, 10)
    (encoding,) = [m for m in net.modules() if isinstance(m, train.DirectEncoding)]
    assert encoding.n_steps == 6
    other = trained.plif_network(2.0, True, "average", channels=4, dropout=0.5)
    kinds = [type(m).__name__ for m in other.modules()]
    assert (kinds.count("LIF"), kinds.count("AvgPool2d"), kinds.count("Dropout")) == (4, 2, 2)
    assert shapes(other)[4] == ("Linear", (128, 4 * 49))
    assert all(m.bias is None for m in net.modules() if type(m).__name__ in ("Linear", "Conv2d"))


def test_soft_rates_are_trained_and_spikes_take_their_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(150, 784)).astype(np.float32)
    y = rng.integers(10, size=150)
    data = SimpleNamespace(
        train_images=x, train_labels=y, test_images=x[:60][::-1], test_labels=y[:60][::-1]
    )
    given: dict[str, Any] = {"labels": [], "steps": 0}
    recorded = rng.normal(size=(40 * 100, 10))

    class Adam(torch.optim.Adam):  # type: ignore[misc, name-defined]
        def __init__(self, parameters: Any, lr: float) -> None:
            given["weights"], given["lr"] = parameters, lr
            given["bias"] = parameters[1].detach().clone()
            super().__init__(parameters, lr=lr)

        def step(self, *arguments: Any) -> Any:  # type: ignore[override]
            # Gradients are those of one batch.
            W, b, V, c = given["weights"]
            hidden = given["curve"](given["rows"] @ W.T + b)[0]
            loss = usual(hidden @ V.T + c, given["labels"][-1])
            for found, p in zip(torch.autograd.grad(loss, [W, V]), (W, V), strict=True):
                # The same sums in float32, in another order.
                torch.testing.assert_close(p.grad, found, rtol=1e-4, atol=1e-6)
            given["steps"] += 1
            return super().step(*arguments)

    def soft(**options: Any) -> Any:
        given["soft"], given["curve"] = options, made(**options)
        return given["curve"]

    def entropy(scores: Any, labels: Any) -> Any:
        given["labels"].append(labels)
        given["rows"] = torch.tensor(x[[int(i) for i in places(labels)]])
        return usual(scores, labels)

    def places(labels: Any) -> Any:
        """The images of a batch, in the order in which PyTorch draws them."""
        if len(given["labels"]) % 2:
            given["order"] = given["orders"].pop(0)
        found, given["order"] = given["order"][: len(labels)], given["order"][len(labels) :]
        assert labels.tolist() == y[found].tolist()
        return found

    class Run:
        """A run whose records are given."""

        def __init__(self, net: Any, **options: Any) -> None:
            given["net"] = net
            self.data = {net.probes[0]: recorded}

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: Any) -> None:
            pass

        def run(self, seconds: float) -> None:
            given["seconds"] = seconds

    drawn: list[Any] = []
    permute = torch.randperm
    made, usual = train.SoftLIF, torch.nn.functional.cross_entropy
    given["orders"] = drawn
    monkeypatch.setattr(torch, "randperm", lambda n: drawn.append(permute(n)) or drawn[-1])
    monkeypatch.setattr(torch.optim, "Adam", Adam)
    monkeypatch.setattr(train, "SoftLIF", soft)
    monkeypatch.setattr(torch.nn.functional, "cross_entropy", entropy)
    monkeypatch.setattr(gradients.nef, "Simulator", Run)
    rates_wrong, spikes_wrong = gradients.soft_lif_errors(data, 40, 3)
    assert given["soft"] == {"tau_rc": 0.05, "tau_ref": 0.001, "sigma": 0.02, "amplitude": 0.03}
    # Two epochs of a hundred and fifty images.
    assert (given["lr"], given["steps"]) == (1e-3, 2 * 2)
    assert [len(labels) for labels in given["labels"]] == [100, 50] * 2
    assert given["bias"].tolist() == [1.0] * 500
    W, b, V, c = (p.detach().numpy().astype(float) for p in given["weights"])
    assert (W.shape, V.shape) == ((500, 784), (10, 500))
    net = given["net"]
    (layer,) = net.ensembles
    taus = {"tau_rc": 0.05, "tau_ref": 0.001}
    assert layer.neuron_type == gradients.nef.LIF(**taus) and net.seed == 3
    np.testing.assert_array_equal(layer.bias, b)
    inward, outward = net.connections
    np.testing.assert_array_equal(inward.transform, W)
    np.testing.assert_allclose(outward.transform, 0.03 * V, rtol=1e-12)
    images, labels = np.asarray(data.test_images[:40], float), data.test_labels[:40]
    np.testing.assert_array_equal(inward.pre.output.inputs, images)
    assert inward.pre.output.presentation_time == 0.1
    assert given["seconds"] == pytest.approx(4.0)
    rates = 0.03 * gradients.nef.LIFRate(**taus).rates(images @ W.T + b)
    wrong = np.mean((rates @ V.T + c).argmax(axis=1) != labels)
    assert rates_wrong == pytest.approx(100 * wrong)
    # The first 20 of the 100 steps of an image are left out, and the mean is taken.
    means = np.array([recorded[100 * i + 20 : 100 * i + 100].mean(axis=0) for i in range(40)])
    assert spikes_wrong == pytest.approx(100 * np.mean((means + c).argmax(axis=1) != labels))
