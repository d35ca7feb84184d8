"""Networks that tests run on several back ends; each is a function of a seed."""

from __future__ import annotations

import numpy as np

import nefsim as nef


def square(seed: int = 1) -> nef.Network:
    """x squared between two populations, at the sizes of the plain-loop program."""
    net = nef.Network(seed=seed)
    stimulus = net.node(np.sin)
    a = net.ensemble(50, 1, max_rates=(25, 75), label="a")
    b = net.ensemble(40, 1, max_rates=(50, 100), label="b")
    net.connect(stimulus, a, synapse=None)
    net.connect(a, b, function=np.square, synapse=0.1)
    net.probe(b, synapse=0.1, label="y")
    return net


def product(seed: int = 1) -> nef.Network:
    """A product decoded from a two-dimensional population."""
    net = nef.Network(seed=seed)
    both = net.ensemble(200, 2, radius=np.sqrt(2), label="both")
    result = net.ensemble(100, 1, label="result")
    net.connect(net.node(np.sin), both[0], synapse=None)
    net.connect(net.node(lambda t: 0.7 * np.cos(3 * t)), both[1], synapse=0.005)
    net.connect(both, result, function=lambda x: x[0] * x[1])
    net.probe(result, synapse=0.03)
    net.probe(both, synapse=0.03)
    net.probe(both[1])
    return net


def integrator(seed: int = 1) -> nef.Network:
    """A recurrent integrator."""
    net = nef.Network(seed=seed)
    x = net.ensemble(200, 1, label="x")
    pulse = net.node(nef.Piecewise({0.0: 0.0, 0.2: 1.0, 0.8: 0.0, 1.5: -2.0, 1.8: 0.0}))
    net.connect(pulse, x, transform=0.1, synapse=0.1)
    net.connect(x, x, synapse=0.1)
    net.probe(x, synapse=0.01)
    net.probe(x, "input")
    return net


def oscillator(seed: int = 1) -> nef.Network:
    """A controlled oscillator in three dimensions."""
    net = nef.Network(seed=seed)
    x = net.ensemble(400, 3, radius=1.7, label="x")
    speed = net.node(0.5)

    def turn(v: np.ndarray) -> np.ndarray:
        return np.array([v[0] - 1.0 * v[2] * v[1], v[1] + 1.0 * v[2] * v[0]])

    net.connect(x, x[:2], function=turn, synapse=0.1)
    net.connect(net.node(lambda t: 10.0 * (t < 0.1)), x[0], transform=0.1, synapse=0.1)
    net.connect(speed, x[2])
    net.probe(x, synapse=0.02)
    return net


def synapses(seed: int = 1) -> nef.Network:
    """Every kind of synapse into and out of a population."""
    net = nef.Network(seed=seed)
    stimulus = net.node(lambda t: np.sin(5 * t))
    kinds = (
        nef.Alpha(0.02),
        nef.DoubleExp(0.005, 0.05),
        nef.Triangle(0.02),
        nef.LinearFilter([0.01, 1.0], [0.02, 1.0]),
        nef.LinearFilter([1.0], [0.0001, 0.01, 1.0]),
        nef.LinearFilter([0.3, 0.1], [1.0, -0.6], analog=False),
        nef.Lowpass(0.0),
    )
    for i, kind in enumerate(kinds):
        a = net.ensemble(40, 1, label=f"a{i}")
        net.connect(stimulus, a, synapse=kind)
        net.probe(a, synapse=kind)
    return net


def views(seed: int = 1) -> nef.Network:
    """Slices, index lists, transforms of every shape, a sparse one, and a radius."""
    import scipy.sparse

    net = nef.Network(seed=seed)
    stimulus = net.node(lambda t: [np.sin(t), np.cos(t), 0.5])
    a = net.ensemble(150, 3, radius=2.0, label="a")
    b = net.ensemble(100, 2, radius=0.5, label="b")
    relay = net.node(size_in=4, label="relay")
    net.connect(stimulus, a, transform=[1.0, -0.5, 2.0], synapse=None)
    net.connect(a[[2, 0]], b, transform=0.2)
    net.connect(a[1:], relay[::2], transform=[[0.5, 0.1], [0.0, -1.0]])
    net.connect(a, relay[[3, 1]], function=lambda x: x[:2] ** 2, synapse=nef.Alpha(0.01))
    sparse = scipy.sparse.coo_array(([0.3, -0.2], ([0, 1], [3, 1])), shape=(2, 4))
    net.connect(relay, b, transform=sparse, synapse=0.02)
    net.connect(relay[0], b[-1], function=lambda x: x * x, synapse=0.01)
    net.connect(relay[[3, 0]], b, transform=0.1, synapse=nef.Alpha(0.005))
    net.connect(a.neurons[[5, 2, 9]], relay[[0, 2, 3]], transform=0.001, synapse=0.01)
    net.probe(b, synapse=0.01)
    net.probe(relay, synapse=0.005)
    net.probe(relay[1:3], sample_every=0.005)
    return net


def neuron_connections(seed: int = 1) -> nef.Network:
    """Currents into neurons, spikes between neurons, inhibition, full weights."""
    net = nef.Network(seed=seed)
    rng = np.random.default_rng(seed)
    stimulus = net.node(lambda t: np.sin(4 * t))
    a = net.ensemble(60, 1, label="a")
    b = net.ensemble(50, 1, label="b")
    c = net.ensemble(40, 1, label="c", noise=nef.WhiteNoise(nef.Gaussian(0, 0.01)))
    net.connect(stimulus, a)
    net.connect(a, b, solver=nef.LstsqL2(weights=True))
    net.connect(a, c, solver=nef.NnlsL2(), function=np.abs)
    net.connect(a.neurons, c.neurons, transform=rng.normal(0, 1e-4, (40, 60)))
    net.connect(a.neurons[10:20], b.neurons[[3, 1, 2]], transform=np.full((3, 10), 1e-3))
    gate = net.node(lambda t: float(t > 1.0))
    net.connect(gate, b.neurons, transform=-3.0 * np.ones((50, 1)))
    net.connect(c, c, solver=nef.Nnls(weights=True), synapse=0.05)
    net.probe(b, synapse=0.01)
    net.probe(c, synapse=0.01)
    net.probe(b.neurons, "voltage")
    net.probe(b.neurons[5:7], "input")
    net.probe(c.neurons, "refractory_time")
    return net


def feedback_node(seed: int = 1) -> nef.Network:
    """A function of time and input in a loop with a population, and Direct mode."""
    net = nef.Network(seed=seed)
    a = net.ensemble(80, 2, label="a", seed=7)
    plant = net.node(lambda t, x: [x[0] - 0.1 * x[1], np.sin(t)], size_in=2, label="plant")
    exact = net.ensemble(1, 2, neuron_type=nef.Direct(), label="exact")
    net.connect(a, plant, synapse=0.02)
    net.connect(plant, a, transform=0.5, synapse=0.01)
    net.connect(plant, exact, synapse=None)
    net.connect(exact, a[0], function=lambda x: x[0] * x[1], synapse=0.005)
    net.probe(plant)
    net.probe(exact, synapse=0.01)
    net.probe(a, synapse=0.01)
    return net


def signals(seed: int = 1) -> nef.Network:
    """Processes as stimuli, in nested subnetworks."""
    net = nef.Network(seed=seed)
    outer = net.subnetwork("outer")
    inner = outer.subnetwork("inner", seed=5)
    a = inner.ensemble(50, 2, label="a")
    b = outer.ensemble(50, 1, label="b")
    kinds = (
        nef.WhiteSignal(1.0, high=5.0),
        nef.FilteredNoise(nef.Alpha(0.01), nef.Gaussian(0, 0.05)),
    )
    for i, kind in enumerate(kinds):
        net.connect(inner.node(kind), a[i])
    images = net.node(nef.PresentInput([[0.1, 0.5], [-0.3, 0.2], [0.9, -0.8]], 0.1))
    net.connect(images, a, synapse=None)
    net.connect(a, b, function=lambda x: x[0] + x[1] ** 2, transform=0.5)
    net.probe(b, synapse=0.02)
    return net


def connection_probes(seed: int = 1) -> nef.Network:
    """Probes of inputs and outputs of connections of every kind, with equal labels."""
    net = nef.Network(seed=seed)
    noise = nef.FilteredNoise(0.01, nef.Gaussian(0, 0.01))
    stimulus = net.node(lambda t: np.sin(5 * t), label="same")
    slow, fast = (net.node(nef.WhiteSignal(1.0, high=h), label="same") for h in (3.0, 9.0))
    a = net.ensemble(40, 2, label="same")
    b = net.ensemble(30, 1, noise=nef.WhiteNoise(nef.Gaussian(0, 0.01)), label="same")
    c = net.ensemble(30, 1, noise=noise, initial_state={"voltage": 0.5}, label="same")
    net.connect(slow, a[0], label="same")
    net.connect(fast, a[1], label="same")
    for connection in (
        net.connect(a, b, function=lambda x: x[0] * x[1], label="same"),
        net.connect(a, c, function=lambda x: x[0] ** 2, transform=-1, synapse=None),
        net.connect(b, c, solver=nef.LstsqL2(weights=True), label="same"),
        net.connect(stimulus, b, transform=0.5, synapse=0.1, label="same"),
        net.connect(stimulus, c, function=np.square, label="same"),
        net.connect(a.neurons[:5], b.neurons[[3, 1]], transform=np.full((2, 5), 1e-3)),
        net.connect(stimulus, b.neurons, transform=np.ones((30, 1)), synapse=nef.Alpha(0.01)),
    ):
        net.probe(connection, "input", synapse=0.01, label="same")
        net.probe(connection, "output", label="same")
    return net


def filtered_probes(seed: int = 1) -> nef.Network:
    """Filtered probes of connections of every kind, with and without a synapse."""
    net = nef.Network(seed=seed)
    stimulus = net.node(lambda t: [np.sin(5 * t), np.cos(3 * t)])
    a = net.ensemble(60, 2, label="a")
    b = net.ensemble(50, 1, label="b")
    for connection in (
        net.connect(stimulus, a, synapse=0.02),
        net.connect(stimulus[1], b, synapse=None),
        net.connect(a, b, function=lambda x: x[0] * x[1], synapse=nef.Alpha(0.01)),
        net.connect(b, a[[1]], function=np.square, transform=0.3, synapse=None),
        net.connect(a, b, transform=[[0.1, 0.2]], solver=nef.LstsqL2(weights=True)),
        net.connect(a.neurons[:5], b.neurons[[3, 1]], transform=np.full((2, 5), 1e-3)),
    ):
        for filtered in (0.01, nef.Triangle(0.005), nef.Lowpass(0.0)):
            net.probe(connection, synapse=filtered)
            net.probe(connection, "input", synapse=filtered)
        net.probe(connection, synapse=0.01, sample_every=0.005)
    return net


def sparse_transforms(seed: int = 1) -> nef.Network:
    """Sparse transforms of decoded values, of a node's and of spikes."""
    import scipy.sparse

    net = nef.Network(seed=seed)
    a = net.ensemble(100, 2, label="a")
    b = net.ensemble(100, 3, label="b")
    spread = scipy.sparse.csr_array([[0.5, 0.0], [0.0, 0.0], [0.2, -1.0]])
    net.connect(net.node(lambda t: [np.sin(t), np.cos(t)]), a, transform=spread[[0, 2]])
    net.connect(a, b, transform=spread)
    net.connect(a, b, function=np.square, transform=spread.tocsc(), synapse=0.02)
    few = scipy.sparse.coo_array(([1e-3, -1e-3], ([0, 7], [3, 1])), shape=(100, 100))
    net.connect(a.neurons, b.neurons, transform=few)
    net.probe(b, synapse=0.01)
    return net


def node_inputs(seed: int = 1) -> nef.Network:
    """Probes of the inputs of nodes, with and without a function."""
    net = nef.Network(seed=seed)
    a = net.ensemble(80, 2, label="a")
    relay = net.node(size_in=2, label="relay")
    plant = net.node(lambda t, x: [x[0] * x[1], np.sin(t)], size_in=2, label="plant")
    sink = net.node(lambda t, x: None, size_in=3, size_out=0, label="sink")
    larger = net.node(np.maximum, size_in=2, label="larger")
    net.connect(net.node(np.cos), a[1], synapse=None)
    net.connect(a, relay, synapse=0.005)
    net.connect(relay, plant[::-1], synapse=None)
    net.connect(relay, larger, synapse=None)
    net.connect(relay[0], a[0], function=np.square)
    net.connect(a, plant[0], function=lambda x: x[0], synapse=0.02)
    net.connect(plant, a, transform=0.5, synapse=0.01)
    net.connect(larger, sink[[2, 0]], synapse=0.01)
    for node in (relay, plant, sink, larger):
        net.probe(node, "input")
        net.probe(node[1:], "input", synapse=0.01)
    net.probe(plant, sample_every=0.003)
    net.probe(larger)
    return net


NEURON_TYPES = (
    nef.LIF(tau_rc=0.03, tau_ref=0.001, min_voltage=-0.5, amplitude=0.5),
    nef.LIFRate(),
    nef.AdaptiveLIF(tau_n=0.1, inc_n=0.02),
    nef.AdaptiveLIFRate(tau_n=0.1),
    nef.RectifiedLinear(),
    nef.SpikingRectifiedLinear(),
    nef.Sigmoid(tau_ref=0.002),
    nef.Tanh(tau_ref=0.002),
    nef.Izhikevich(),
    nef.RegularSpiking(nef.LIFRate()),
    nef.RegularSpiking(nef.AdaptiveLIFRate()),
    nef.StochasticSpiking(nef.RectifiedLinear()),
    nef.StochasticSpiking(nef.Tanh(tau_ref=0.002)),
    nef.PoissonSpiking(nef.LIFRate()),
)


def neuron_type(kind: nef.neurons.NeuronType, seed: int = 1) -> nef.Network:
    """A population of a neuron type that feeds one of LIF neurons."""
    net = nef.Network(seed=seed)
    rates = (60.0, 120.0) if isinstance(kind, nef.Izhikevich) else (260.0, 400.0)
    a = net.ensemble(60, 1, neuron_type=kind, max_rates=rates, label="a")
    b = net.ensemble(50, 1, label="b")
    net.connect(net.node(lambda t: np.sin(6 * t)), a)
    net.connect(a, b, function=np.square, synapse=0.02)
    net.probe(a, synapse=0.02)
    net.probe(b, synapse=0.02)
    return net


MODELS = {
    model.__name__: model
    for model in (
        square,
        product,
        integrator,
        oscillator,
        synapses,
        views,
        neuron_connections,
        feedback_node,
        signals,
        connection_probes,
        filtered_probes,
        sparse_transforms,
        node_inputs,
    )
}
