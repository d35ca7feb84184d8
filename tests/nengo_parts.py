"""Parts of random Nengo networks that have an input and an output."""

import nengo
import nengo_custom
import nengo_draws as draw
import numpy as np
from nengo import dists, transforms
from nengo_draws import pick


def _function(rng):
    size_in, size_out = rng.integers(1, 4, 2)
    if rng.random() < 0.2:
        sink = nengo.Node(lambda t, x: None, size_in=int(size_in))
        return [sink], None
    node = nengo.Node(draw.reaction(rng, size_in, size_out), size_in=int(size_in))
    return [node], node


def _filter(rng):
    size = int(rng.integers(1, 4))
    process = pick(rng, [draw.synapse(rng), nengo_custom.Stumble()])
    node = nengo.Node(process, size_in=size, size_out=size)
    return [node], node


def _image(rng):
    shape = (4, 5, int(rng.integers(1, 3)))
    options = {
        "strides": pick(rng, [(1, 1), (2, 2)]),
        "padding": pick(rng, ["same", "valid"]),
        "channels_last": bool(rng.random() < 0.5),
    }
    if not options["channels_last"]:
        shape = (shape[2], 4, 5)
    kind = pick(rng, [transforms.Convolution, transforms.ConvolutionTranspose])
    convolution = kind(2, shape, kernel_size=(3, 2), **options)
    image = nengo.Node(size_in=int(np.prod(shape)))
    if rng.random() < 0.5:
        out = nengo.Node(size_in=convolution.output_shape.size)
        nengo.Connection(image, out, transform=convolution, synapse=pick(rng, [None, 0.01]))
        return [image], out
    out = nengo.Ensemble(convolution.output_shape.size, 1, neuron_type=draw.neurons(rng))
    nengo.Connection(image, out.neurons, transform=convolution, synapse=0.01)
    nengo.Probe(out.neurons)
    return [image], None


def _line(rng):
    """A convolved signal of one channel or two."""
    shape = (9, int(rng.integers(1, 3)))
    kernel = pick(rng, [dists.Uniform(-1, 1), rng.uniform(-1, 1, (3, shape[1], 2))])
    convolution = transforms.Convolution(
        2, shape, kernel_size=(3,), strides=(pick(rng, [1, 2]),), init=kernel
    )
    line = nengo.Ensemble(int(np.prod(shape)), 1, neuron_type=draw.neurons(rng))
    out = nengo.Node(size_in=convolution.output_shape.size)
    nengo.Connection(line.neurons, out, transform=convolution, synapse=draw.synapse(rng))
    return [line], out


def _exact(rng):
    size = int(rng.integers(1, 4))
    direct = nengo.Ensemble(1, size, neuron_type=nengo.Direct())
    out = nengo.Node(size_in=size)
    nengo.Connection(direct, out, function=np.square, synapse=draw.synapse(rng))
    nengo.Connection(direct, direct, transform=0.5, synapse=0.02)
    return [direct], out


def _array(rng):
    kind = draw.neurons(rng)
    many = nengo.networks.EnsembleArray(
        10, int(rng.integers(2, 5)), neuron_type=kind, max_rates=draw.max_rates(kind)
    )
    out = many.output
    if rng.random() < 0.5:
        out = many.add_output("f", draw.same_size(rng))
    if rng.random() < 0.5:
        nengo.Connection(
            nengo.Node(0.1), many.add_neuron_input(), transform=[[1.0]] * many.n_neurons
        )
    if rng.random() < 0.5:
        nengo.Probe(many.add_neuron_output())
    return [many.input], out


def _product(rng):
    if rng.random() < 0.5:
        both = nengo.networks.Product(10, 2)
    else:
        both = nengo.networks.CircularConvolution(10, 3, invert_a=bool(rng.random() < 0.5))
    return [both.input_a, both.input_b], both.output


def _selection(rng):
    bg, thalamus = nengo.networks.BasalGanglia(2, 12), nengo.networks.Thalamus(2, 10)
    nengo.Connection(bg.output, thalamus.input)
    return [bg.input], thalamus.output


def _memory(rng):
    if rng.random() < 0.5:
        memory = nengo.networks.InputGatedMemory(12, 2)
        return [memory.input, memory.gate], memory.output
    memory = nengo.networks.AssociativeMemory(np.eye(3)[:2], n_neurons=10)
    if rng.random() < 0.5:
        memory.add_wta_network()
    return [memory.input], memory.output


def _oscillator(rng):
    """An oscillator of two dimensions, sometimes too fast to be represented."""
    ens = nengo.Ensemble(30, 2)
    swing = rng.uniform(-20, 20)
    turn = np.eye(2) + 0.05 * np.array([[0.0, swing], [-swing, 0.0]])
    nengo.Connection(ens, ens, synapse=0.05, transform=turn)
    nengo.Probe(ens.neurons)
    return [ens], None


#: Each function makes a part and returns its inputs and its output.
PARTS = (
    _function,
    _filter,
    _image,
    _line,
    _exact,
    _array,
    _product,
    _selection,
    _memory,
    _oscillator,
)
