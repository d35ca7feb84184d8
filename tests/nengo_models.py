"""Small Nengo models of every kind, as users write them."""

import nengo
import numpy as np
from nengo.networks import CircularConvolution, EnsembleArray, Product


def square():
    u = nengo.Node(np.sin)
    a, b = nengo.Ensemble(50, 1), nengo.Ensemble(40, 1)
    nengo.Connection(u, a)
    nengo.Connection(a, b, function=np.square, synapse=0.1)
    nengo.Probe(b, synapse=0.1)


def integrator():
    u = nengo.Node(nengo.processes.Piecewise({0: 0, 0.1: 1, 0.3: -1, 0.4: 0}))
    a = nengo.Ensemble(100, 1)
    nengo.Connection(a, a, synapse=0.1)
    nengo.Connection(u, a, transform=0.1, synapse=0.1)
    nengo.Probe(a, synapse=0.01)


def oscillator():
    a = nengo.Ensemble(200, 2)
    kick = nengo.Node(lambda t: [1, 0] if t < 0.1 else [0, 0])
    nengo.Connection(kick, a)
    nengo.Connection(a, a, transform=[[1, 1], [-1, 1]], synapse=0.1)
    nengo.Probe(a, synapse=0.01)


def lorenz():
    def feedback(x):
        a, b, c = x
        return [10 * b - 9 * a, -a * c, a * b - 8 / 3 * (c + 28) + c]

    a = nengo.Ensemble(300, 3, radius=60)
    nengo.Connection(a, a, function=lambda x: 0.1 * np.array(feedback(x)) + x, synapse=0.1)
    nengo.Probe(a, synapse=0.01)


def communication():
    u = nengo.Node([0.5, -0.5])
    kind = nengo.LIF(tau_rc=0.03, tau_ref=0.003)
    a = nengo.Ensemble(80, 2, neuron_type=kind, max_rates=nengo.dists.Uniform(100, 200))
    b = nengo.Ensemble(60, 1, radius=1.5)
    nengo.Connection(u, a)
    nengo.Connection(a[1], b, synapse=nengo.Alpha(0.02))
    nengo.Connection(a, b, function=lambda x: x[0] * x[1], solver=nengo.solvers.LstsqL2(True))
    nengo.Probe(b, synapse=nengo.Alpha(0.05))
    nengo.Probe(a.neurons, "voltage")
    nengo.Probe(a[0], sample_every=0.005)


def product():
    u = nengo.Node(lambda t: [np.sin(6 * t), np.cos(5 * t)])
    both = Product(60, 2)
    nengo.Connection(u, both.input_a)
    nengo.Connection(u[::-1], both.input_b)
    nengo.Probe(both.output, synapse=0.02)


def convolution():
    both = CircularConvolution(30, 4)
    nengo.Connection(nengo.Node([0.5, 0, 0.5, 0]), both.input_a)
    nengo.Connection(nengo.Node([0, 0.7, 0, 0.1]), both.input_b)
    nengo.Probe(both.output, synapse=0.02)


def array():
    many = EnsembleArray(30, 5, radius=0.8)
    many.add_output("square", np.square)
    nengo.Connection(nengo.Node(np.linspace(-1, 1, 5)), many.input)
    nengo.Connection(many.square, many.input, transform=0.3)
    nengo.Probe(many.output, synapse=0.01)
    many.add_neuron_input()
    nengo.Connection(
        nengo.Node(lambda t: -2.0 * (t > 0.2)), many.neuron_input[::2], transform=np.ones((75, 1))
    )


def action_selection():
    bg = nengo.networks.BasalGanglia(3)
    th = nengo.networks.Thalamus(3)
    nengo.Connection(nengo.Node(lambda t: [0.3, 0.9 * (t > 0.2), 0.5]), bg.input)
    nengo.Connection(bg.output, th.input)
    nengo.Probe(th.output, synapse=0.01)


def inhibition():
    a, b = nengo.Ensemble(40, 1), nengo.Ensemble(40, 1)
    stop = nengo.Node(lambda t: float(t > 0.2))
    nengo.Connection(stop, a.neurons, transform=-3 * np.ones((40, 1)))
    nengo.Connection(a.neurons[:20], b.neurons[20:], transform=np.eye(20) * 0.01)
    nengo.Connection(a.neurons[[3, 1]], b.neurons[[0, 5]], transform=0.002)
    nengo.Probe(b.neurons, "voltage")
    nengo.Probe(b.neurons, "input")


def pes():
    u = nengo.Node(nengo.processes.WhiteSignal(1.0, 5, seed=3))
    a, b, e = (nengo.Ensemble(50, 1) for _ in range(3))
    nengo.Connection(u, a)
    c = nengo.Connection(a, b, function=lambda x: 0, learning_rule_type=nengo.PES(3e-4))
    nengo.Connection(b, e)
    nengo.Connection(u, e, transform=-1)
    nengo.Connection(e, c.learning_rule)
    nengo.Probe(b, synapse=0.03)
    nengo.Probe(c, "weights", sample_every=0.02)
    nengo.Probe(c.learning_rule, "delta", sample_every=0.02)


def pes_weights():
    u = nengo.Node(nengo.processes.WhiteSignal(1.0, 5, seed=3))
    a, b, e = (nengo.Ensemble(30, 2) for _ in range(3))
    nengo.Connection(u, a[0])
    c = nengo.Connection(
        a, b, solver=nengo.solvers.LstsqL2(weights=True), learning_rule_type=nengo.PES(1e-4)
    )
    nengo.Connection(b, e)
    nengo.Connection(u, e[1], transform=-1)
    nengo.Connection(e, c.learning_rule)
    nengo.Probe(c, "weights", sample_every=0.1)
    nengo.Probe(b, synapse=0.03)


def unsupervised():
    u = nengo.Node(lambda t: np.sin(8 * t))
    a, b, d = nengo.Ensemble(20, 1), nengo.Ensemble(15, 1), nengo.Ensemble(15, 1)
    nengo.Connection(u, a)
    solver = nengo.solvers.LstsqL2(weights=True)
    c = nengo.Connection(a, b, solver=solver, learning_rule_type=nengo.BCM(1e-9))
    o = nengo.Connection(a, d, solver=solver, learning_rule_type=[nengo.Oja(1e-6), nengo.BCM(1e-9)])
    for connection in (c, o):
        nengo.Probe(connection, "weights", sample_every=0.05)
    nengo.Probe(d)


def voja():
    u = nengo.Node([0.8, 0.6])
    a = nengo.Ensemble(40, 2, intercepts=nengo.dists.Uniform(0.1, 0.9))
    c = nengo.Connection(u, a, synapse=None, learning_rule_type=nengo.Voja(1e-2))
    nengo.Connection(nengo.Node(lambda t: -(t > 0.2)), c.learning_rule, synapse=None)
    nengo.Probe(c.learning_rule, "scaled_encoders", sample_every=0.05)
    nengo.Probe(a, synapse=0.01)


def rls():
    u = nengo.Node(lambda t: np.sin(8 * t))
    a = nengo.Ensemble(20, 1, neuron_type=nengo.LIFRate())
    out = nengo.Node(size_in=1)
    c = nengo.Connection(a, out, function=lambda x: 0, learning_rule_type=nengo.RLS())
    nengo.Connection(out, c.learning_rule)
    nengo.Connection(u, c.learning_rule, transform=-1)
    nengo.Connection(u, a)
    nengo.Probe(out)
    nengo.Probe(c, "weights")


def neuron_types():
    u = nengo.Node(lambda t: np.sin(10 * t))
    rates = [nengo.LIFRate(), nengo.RectifiedLinear(), nengo.Sigmoid(), nengo.Tanh()]
    types = [
        *rates,
        nengo.LIF(amplitude=0.3, min_voltage=-1),
        nengo.AdaptiveLIF(tau_n=0.1),
        nengo.AdaptiveLIFRate(tau_n=0.1),
        nengo.SpikingRectifiedLinear(),
        nengo.Izhikevich(),
        *(nengo.RegularSpiking(rate) for rate in rates),
        *(nengo.PoissonSpiking(rate) for rate in rates[:2]),
        *(nengo.StochasticSpiking(rate) for rate in rates),
    ]
    for kind in types:
        dist = nengo.dists.Uniform(210, 230)
        a = nengo.Ensemble(20, 1, neuron_type=kind, max_rates=dist)
        nengo.Connection(u, a)
        nengo.Probe(a, synapse=0.02)
        for name in kind.probeable:
            nengo.Probe(a.neurons, name)


def processes():
    noises = [
        nengo.processes.WhiteNoise(),
        nengo.processes.WhiteNoise(nengo.dists.Uniform(-1, 1), scale=False),
        nengo.processes.WhiteNoise(nengo.dists.Choice([[1], [2]])),
        nengo.processes.FilteredNoise(nengo.Alpha(0.02)),
        nengo.processes.BrownNoise(),
        nengo.processes.WhiteSignal(0.2, 20, y0=0),
        nengo.processes.PresentInput([[1, 2], [2, 3], [3, 4]], 0.07),
        nengo.processes.Piecewise({0.1: [1], 0.2: [np.pi]}),
        nengo.processes.Piecewise({0.1: np.sin, 0.2: np.cos}),
    ]
    for noise in noises:
        node = nengo.Node(noise)
        nengo.Probe(node)
        nengo.Probe(node, synapse=0.01)
        nengo.Connection(node[0], nengo.Ensemble(10, 1), synapse=0.01)
    for noise in (noises[0], noises[1], noises[3], noises[5]):
        nengo.Probe(nengo.Ensemble(10, 1, noise=noise), synapse=0.01)


def filters():
    u = nengo.Node(lambda t: [np.sin(10 * t), t], size_out=2)
    filters = [
        None,
        0,
        nengo.Lowpass(0.03),
        nengo.Alpha(0.02),
        nengo.Alpha(0),
        nengo.Triangle(0.02),
        nengo.LinearFilter([0.5, 0.4], [1, -0.3], analog=False),
        nengo.LinearFilter([1, 0], [0.01, 1]),
        nengo.LinearFilter([1], np.poly([-20, -30, -40, -50, -60]) / 72e6),
        nengo.LinearFilter([1, 2, 1], [0.01, 0.2, 1], method="bilinear"),
        nengo.LinearFilter([1], np.poly([-20, -30, -40]) / -24e3, method="bilinear"),
    ]
    for synapse in filters:
        passed = nengo.Node(size_in=2)
        c = nengo.Connection(u, passed, synapse=synapse)
        nengo.Probe(passed)
        nengo.Probe(c, "output")
        nengo.Probe(c, "input", synapse=synapse)


def transforms():
    u = nengo.Node(lambda t: np.sin(10 * t + np.arange(12)))
    image = nengo.transforms.ChannelShape((3, 4, 1))
    shapes = [
        nengo.transforms.Dense((5, 12), nengo.dists.Uniform(-1, 1)),
        nengo.transforms.Sparse((4, 12), indices=[[0, 1], [2, 11], [2, 3]], init=[1, 2, 3]),
        nengo.Convolution(2, image),
        nengo.Convolution(2, image, strides=(2, 1), padding="same", kernel_size=(2, 3)),
        nengo.Convolution(2, (1, 3, 4), channels_last=False),
        nengo.Convolution(4, (6, 2), kernel_size=(3,), strides=(1,), groups=2),
        nengo.transforms.ConvolutionTranspose(2, (2, 3, 2), padding="same", strides=(2, 2)),
    ]
    for shape in shapes:
        out = nengo.Node(size_in=shape.size_out)
        nengo.Connection(u, out, transform=shape)
        nengo.Probe(out)
    a = nengo.Ensemble(12, 1)
    b = nengo.Ensemble(shapes[2].size_out, 1)
    nengo.Connection(a.neurons, b.neurons, transform=shapes[2])
    nengo.Connection(u, a.neurons)


def slices():
    u = nengo.Node(lambda t: [np.sin(10 * t), np.cos(7 * t), t])
    a = nengo.Ensemble(40, 3)
    relay = nengo.Node(size_in=4)
    nengo.Connection(u[[2, 0]], a[1:], synapse=None)
    nengo.Connection(u, relay[[0, 0, 2]], transform=0.5)
    nengo.Connection(u[::-2], relay[-2:], synapse=None)
    nengo.Connection(relay[[True, False, True, False]], a[[0, 2]])
    nengo.Connection(relay[0], relay[1], synapse=None)
    nengo.Connection(a[0], relay[3], function=lambda x: x + 1)
    nengo.Probe(relay)
    nengo.Probe(a[1:], synapse=0.01)
    nengo.Probe(a.neurons[::3])
    nengo.Probe(a, "input")


def direct():
    u = nengo.Node(lambda t: [np.sin(10 * t), 1.0])
    a = nengo.Ensemble(1, 2, neuron_type=nengo.Direct())
    b = nengo.Ensemble(30, 1)
    nengo.Connection(u, a)
    nengo.Connection(a, b, function=lambda x: x[0] * x[1])
    nengo.Connection(a[0], a[1], function=np.sin)
    nengo.Probe(a)


def environment():
    """Two nodes that share a variable: one reads the network, the other drives it."""
    state = [0.0]

    def hear(t, x):
        state[0] = 0.9 * state[0] + x[0]

    def say(t):
        return np.sin(5 * t) - 0.1 * state[0]

    a = nengo.Ensemble(50, 1)
    nengo.Connection(nengo.Node(say), a)
    nengo.Connection(a, nengo.Node(hear, size_in=1), synapse=0.01)
    nengo.Probe(a, synapse=0.01)


MODELS = {
    make.__name__: make
    for make in (
        square,
        integrator,
        oscillator,
        lorenz,
        communication,
        product,
        convolution,
        array,
        action_selection,
        inhibition,
        pes,
        pes_weights,
        unsupervised,
        voja,
        rls,
        neuron_types,
        processes,
        filters,
        transforms,
        slices,
        direct,
        environment,
    )
}


def network(name, seed=1):
    """A model with probes of all its neurons."""
    with nengo.Network(seed=seed) as model:
        MODELS[name]()
        for ensemble in model.all_ensembles:
            if not isinstance(ensemble.neuron_type, nengo.Direct):
                nengo.Probe(ensemble.neurons)
    return model
