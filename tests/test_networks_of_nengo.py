"""What Nengo also has as a ready network: with the same arrays it has the same spikes."""

import numpy as np
import pytest

nengo = pytest.importorskip("nengo")

from network_judge import Twin, spikes  # noqa: E402

from nefsim import networks  # noqa: E402

THEIRS = nengo.networks


def wave(*frequencies, size=0.9):
    """A vector of sines."""
    return lambda t: (
        size * np.sin(2 * np.pi * np.array(frequencies) * t + np.arange(len(frequencies)))
    )


def switch(t):
    return float(0.3 < t % 0.8 < 0.7)


def array(net):
    mine = networks.ensemble_array(net, 40, 3, ens_dimensions=2, radius=1.5)
    mine.add_output("product", lambda x: x[0] * x[1], synapse=0.01)
    net.connect(mine.outputs["product"], mine.input[:3], synapse=0.1)
    return [mine.input]


def nengos_array():
    other = THEIRS.EnsembleArray(40, 3, ens_dimensions=2, radius=1.5)
    other.add_output("product", lambda x: x[0] * x[1], synapse=0.01)
    nengo.Connection(other.product, other.input[:3], synapse=0.1)
    return [other.input]


def product(net):
    mine = networks.product(net, 80, 3, input_magnitude=1.2)
    return [mine.a, mine.b]


def nengos_product():
    other = THEIRS.Product(80, 3, input_magnitude=1.2)
    return [other.input_a, other.input_b]


def convolution(net, d, **inverted):
    mine = networks.circular_convolution(net, 40, d, **inverted)
    sink = networks.ensemble_array(net, 40, d)
    net.connect(mine.output, sink.input)
    return [mine.a, mine.b]


def nengos_convolution(d, **inverted):
    other = THEIRS.CircularConvolution(40, d, **inverted)
    sink = THEIRS.EnsembleArray(40, d)
    nengo.Connection(other.output, sink.input)
    return [other.input_a, other.input_b]


def convolutions(d, **inverted):
    return Twin(
        lambda net: convolution(net, d, **inverted),
        lambda: nengos_convolution(d, **inverted),
        (wave(*range(1, d + 1), size=0.5), wave(*range(d, 0, -1), size=0.4)),
    )


def gated(net):
    mine = networks.input_gated_memory(net, 60, 2, difference_gain=5.0, difference_synapse=0.02)
    return [mine.input, mine.gate, mine.reset]


def nengos_gated():
    other = THEIRS.InputGatedMemory(60, 2, difference_gain=5.0, difference_synapse=0.02)
    return [other.input, other.gate, other.reset]


def action(net):
    ganglia = networks.basal_ganglia(net, 3, n_neurons=60, input_bias=0.1)
    relay = networks.thalamus(net, 3, mutual_inhib=0.8, threshold=0.1)
    net.connect(ganglia.output, relay.input)
    return [ganglia.input]


def nengos_action():
    ganglia = THEIRS.BasalGanglia(3, n_neurons_per_ensemble=60, input_bias=0.1)
    relay = THEIRS.Thalamus(3, mutual_inhib=0.8, threshold=0.1)
    nengo.Connection(ganglia.output, relay.input)
    return [ganglia.input]


KEYS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.6, 0.0, 0.8]])
VALUES = np.array([[1.0, -1.0], [0.5, 0.5], [0.0, 1.0]])


def memory(net, **options):
    mine = networks.associative_memory(
        net, KEYS, VALUES, n_neurons=50, threshold=0.25, input_scales=1.1, **options
    )
    sink = networks.ensemble_array(net, 40, 2)
    net.connect(mine.output, sink.input)
    return [mine.input, mine.inhibit]


def nengos_memory(winner_take_all=False, clean=False, default=None):
    other = THEIRS.AssociativeMemory(
        KEYS, VALUES, n_neurons=50, threshold=0.25, input_scales=1.1, inhibitable=True
    )
    if winner_take_all:
        other.add_wta_network()
    if default is not None:
        other.add_default_output_vector(default)
    if clean:
        other.add_threshold_to_outputs()
    sink = THEIRS.EnsembleArray(40, 2)
    nengo.Connection(other.output, sink.input)
    return [other.input, other.inhibit]


def memories(**options):
    signals = (wave(1.0, 1.7, 0.4), lambda t: float(0.75 < t < 0.85))
    return Twin(lambda net: memory(net, **options), lambda: nengos_memory(**options), signals)


TWINS = {
    "ensemble array": Twin(array, nengos_array, (wave(1, 2, 3, 1.5, 0.7, 0.4),)),
    "product": Twin(product, nengos_product, (wave(1, 2, 3), wave(3, 1, 0.5))),
    "circular convolution": convolutions(5),
    "circular convolution of an even number": convolutions(6),
    "circular convolution, inverted": convolutions(6, invert_b=True),
    "circular convolution, both inverted": convolutions(4, invert_a=True, invert_b=True),
    "input gated memory": Twin(
        gated, nengos_gated, (wave(1, 0.5), switch, lambda t: float(t > 0.9))
    ),
    "basal ganglia and thalamus": Twin(action, nengos_action, (wave(1.0, 1.5, 0.7),)),
    "associative memory": memories(),
    "associative memory, one winner": memories(winner_take_all=True),
    "associative memory, clean": memories(clean=True),
    "associative memory with a default": memories(default=[0.7, 0.7]),
    "associative memory, all of it": memories(winner_take_all=True, clean=True, default=[0.7, 0.7]),
}


@pytest.mark.parametrize("name", TWINS)
def test_nengos_network_with_our_arrays_has_our_spikes(name):
    ours, theirs = spikes(TWINS[name], seconds=1.0)
    assert sum(np.count_nonzero(x) for x in ours) > 1000
    for x, y in zip(ours, theirs, strict=True):
        assert np.array_equal(x > 0, y > 0)
