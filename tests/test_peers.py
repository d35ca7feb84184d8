"""The pages for users of snnTorch and Brian 2: code of both sides runs, and gives the same.

These tests need the other simulators, which no extra installs: ``pip install snntorch brian2``.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef

DOCS = Path(__file__).parent.parent / "docs"


def peer_code(page: str) -> str:
    """The code of the other simulator on a page."""
    blocks = re.findall(r"^```py\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.M | re.S)
    assert len(blocks) == 1
    return str(blocks[0])


@pytest.mark.filterwarnings("ignore")  # of packages that are not ours
class TestSnnTorch:
    @pytest.fixture(autouse=True)
    def packages(self) -> None:
        self.torch: Any = pytest.importorskip("torch")
        self.snn: Any = pytest.importorskip("snntorch")
        self.torch.manual_seed(0)

    def leaky(self, x_seq: Any, **options: Any) -> Any:
        """Spikes of snnTorch's neuron."""
        neuron = self.snn.Leaky(**options)
        state, spikes = neuron.init_leaky(), []
        for x in x_seq:
            spike, state = neuron(x, state)
            spikes.append(spike)
        return self.torch.stack(spikes)

    @pytest.mark.parametrize("beta", [0.5, 0.9])
    def test_leaky_neurons_with_a_reset_to_zero_fire_the_same_spikes(self, beta: float) -> None:
        from nefsim import train

        x_seq, tau = 1.6 * self.torch.rand(200, 3, 40), 1 / (1 - beta)
        theirs = self.leaky(x_seq, beta=beta, reset_mechanism="zero")
        ours, _ = train.LIF(tau, threshold_rule=">").run(tau * x_seq)
        assert theirs.sum() > 1000
        # Products are rounded differently, which may move a potential across the threshold.
        assert int((theirs != ours).sum()) <= 2

    @pytest.mark.parametrize("reset", ["zero", "subtract"])
    def test_neurons_without_a_leak_fire_the_same_spikes(self, reset: str) -> None:
        from nefsim import train

        x_seq = 1.6 * self.torch.rand(200, 3, 40)
        theirs = self.leaky(x_seq, beta=1.0, reset_mechanism=reset)
        ours, _ = train.IF(reset=reset).run(x_seq)
        assert theirs.sum() > 1000 and self.torch.equal(theirs, ours)

    def test_resets_that_subtract_are_alike_without_a_delay_only(self) -> None:
        from nefsim import train

        x_seq = 0.99 * self.torch.rand(200, 3, 40)  # potentials stay below 2
        ours, _ = train.LIF(2.0, reset="subtract", threshold_rule=">").run(2.0 * x_seq)
        delayed = self.leaky(x_seq, beta=0.5)
        at_once = self.leaky(x_seq, beta=0.5, reset_delay=False)
        assert int((at_once != ours).sum()) <= 2
        assert int((delayed != ours).sum()) > 100

    def test_surrogates_have_the_same_slopes(self) -> None:
        from snntorch import surrogate

        from nefsim import train

        z = self.torch.linspace(-1, 1, 21)
        for theirs, ours in (
            (surrogate.atan(), train.arctan()),
            (surrogate.fast_sigmoid(slope=25), train.fast_sigmoid(25.0)),
            (surrogate.heaviside(), train.heaviside()),
        ):
            slopes = []
            for function in (theirs, ours):
                at = z.clone().requires_grad_()
                function(at).sum().backward()
                slopes.append(at.grad)
            assert self.torch.allclose(*slopes)

    def test_losses_and_decisions_are_the_same(self) -> None:
        from snntorch import functional

        from nefsim import train

        y_seq, labels = (self.torch.rand(10, 7, 5) < 0.4).float(), self.torch.arange(7) % 5
        count = train.count_loss(y_seq, labels, metabolic=0.0)
        assert self.torch.allclose(functional.ce_count_loss()(y_seq, labels), count)
        rate = 10 * train.rate_loss(y_seq, labels)
        assert self.torch.allclose(functional.mse_count_loss()(y_seq, labels), rate)
        right = (train.decide(y_seq) == labels).float().mean()
        assert abs(functional.accuracy_rate(y_seq, labels) - float(right)) < 1e-6

    def test_encoders_are_the_same(self) -> None:
        from snntorch import spikegen

        from nefsim import train

        images = self.torch.rand(4, 6)
        means = [spikegen.rate(images, 2000).mean(0), train.poisson(images, 2000).mean(0)]
        for mean in means:  # 2000 draws: the standard deviation is at most 0.011
            assert self.torch.allclose(mean, images, atol=0.05)
        theirs = spikegen.latency(images, num_steps=10, normalize=True, linear=True)
        assert self.torch.equal(theirs, train.latency(images, 10))

    def test_the_classifier_of_the_page_gives_the_same_spikes(self) -> None:
        from nefsim import train

        names: dict[str, Any] = {}
        exec(compile(peer_code("from-snntorch.md"), "from-snntorch.md", "exec"), names)
        theirs, nn = names["Net"](), names["nn"]
        layers = [nn.Linear(64, 100), nn.Linear(100, 10)]
        with self.torch.no_grad():
            for layer, other in zip(layers, (theirs.fc1, theirs.fc2), strict=True):
                other.weight *= 3  # so that the last layer fires
                layer.weight.copy_(2 * other.weight)
                layer.bias.copy_(2 * other.bias)
            x_seq = (self.torch.rand(30, 8, 64) < 0.5).float()
            neurons = [train.LIF(2.0, threshold_rule=">") for _ in range(2)]
            ours, _ = train.Layers(layers[0], neurons[0], layers[1], neurons[1]).run(x_seq)
            expected = theirs(x_seq)
        assert expected.sum() > 100
        assert int((ours != expected).sum()) <= 2


@pytest.mark.filterwarnings("ignore")
class TestBrian2:
    @pytest.fixture(autouse=True)
    def packages(self) -> None:
        try:
            self.brian: Any = import_module("brian2")
        except (ImportError, AttributeError) as error:  # some releases miss names of NumPy 2.4
            pytest.skip(f"Brian 2 cannot be imported: {error}")
        self.brian.prefs.codegen.target = "numpy"  # nothing to compile
        self.brian.start_scope()

    def test_the_neurons_of_the_page_fire_the_same_number_of_spikes(self) -> None:
        names: dict[str, Any] = {"__name__": "page"}
        exec(compile(peer_code("from-brian2.md"), "from-brian2.md", "exec"), names)
        theirs = np.asarray(names["M"].count)
        assert theirs.tolist() == [26, 41, 63]
        for dt in (0.001, 0.0001):
            net = nef.Network(seed=1)
            group = net.ensemble(3, 1, neuron_type=nef.LIF(), gain=1.0, bias=[1.2, 1.5, 2.0])
            spikes = net.probe(group.neurons)
            with nef.Simulator(net, dt=dt, backend="numpy") as sim:
                sim.run(1.0)
            assert np.count_nonzero(sim.data[spikes], axis=0).tolist() == theirs.tolist()

    def test_an_exponential_current_has_the_shape_of_a_synapse_with_delay(self) -> None:
        b = self.brian
        b.defaultclock.dt = 0.1 * b.ms
        source = b.SpikeGeneratorGroup(1, [0], [1] * b.ms)
        names = {"tau_s": 5 * b.ms}
        target = b.NeuronGroup(1, "dI/dt = -I / tau_s : 1", method="exact", namespace=names)
        synapses = b.Synapses(source, target, on_pre="I_post += 1")
        synapses.connect()
        synapses.delay = 2 * b.ms
        current = b.StateMonitor(target, "I", record=True)
        b.Network(source, target, synapses, current).run(20 * b.ms)
        # A jump of 1 has the area tau_s; a synapse of nefsim has area 1, so the jump is 1 / tau_s.
        t = np.asarray(current.t / b.second)
        expected = np.where(t > 0.00305, np.exp(-(t - 0.0031) / 0.005), 0.0)
        assert np.allclose(current.I[0], expected, atol=1e-6)
        after = nef.Lowpass(0.005).filt(np.eye(200)[0] / 0.0001, dt=0.0001)
        shape = after[1:] / after[1]
        assert np.allclose(shape, np.exp(-np.arange(199) * 0.0001 / 0.005), atol=1e-6)
