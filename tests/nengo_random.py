"""Random Nengo networks: any object, view, function, transform, synapse, rule and probe.

    python tests/nengo_random.py [--first N] [--count N] [--backend NAME]...

runs networks of many seeds in both simulators and tells those that differ.
"""

import argparse
import warnings

import nengo
import nengo_draws as draw
import numpy as np
from nengo import dists, transforms
from nengo.builder import Model
from nengo.exceptions import BuildError, ValidationError
from nengo_draws import pick

#: Sums are taken in another order than Nengo's.
ROUNDING = 1e-9

#: Rounding grows from spike to spike in the state of a neuron whose input changes.
STATES = 1e-3

#: Beyond this a number of 53 bits is coarser than ROUNDING, so that its function may be anything.
BOUND = 1e6


def network(seed):
    """A network that the seed decides."""
    rng = np.random.default_rng(seed)
    with nengo.Network(seed=int(rng.integers(1000))) as model:
        nodes = [_node(rng) for _ in range(rng.integers(1, 4))]
        ensembles = [draw.ensemble(rng) for _ in range(rng.integers(1, 5))]
        with nengo.Network():
            ensembles.append(draw.ensemble(rng))
        relays = [nengo.Node(size_in=int(rng.integers(1, 4))) for _ in range(rng.integers(0, 3))]
        extra = [_extra(rng, nodes) for _ in range(rng.integers(0, 3))]
        relays += [node for node in extra if node is not None]
        made = [_connection(rng, nodes, ensembles, relays) for _ in range(int(rng.integers(1, 9)))]
        for connection in made:
            if connection.learning_rule is not None:
                _teach(rng, connection, nodes, ensembles)
        for _ in range(int(rng.integers(1, 7))):
            _probe(rng, [*nodes, *ensembles, *relays], made)
        for ensemble in ensembles:
            nengo.Probe(ensemble.neurons)
        for relay in relays:
            nengo.Probe(relay)
    return model


def _node(rng):
    size = int(rng.integers(1, 4))
    kinds = [lambda: rng.uniform(-1, 1, size), lambda: draw.waves(rng, size)]
    return nengo.Node(pick(rng, [*kinds, *[lambda: draw.process(rng, size)] * 2])())


def _extra(rng, nodes):
    """Something with an input and an output of its own, given something; the output."""
    made = pick(rng, [_function, _image, _exact, _array, _product, _selection, _memory])(rng)
    if made is None:
        return None
    inputs, output = made
    for into in inputs:
        source = pick(rng, nodes)
        transform = rng.uniform(-1, 1, (into.size_in, source.size_out))
        nengo.Connection(source, into, transform=transform, synapse=pick(rng, [None, 0.01]))
    return output


def _function(rng):
    size_in, size_out = rng.integers(1, 4, 2)
    if rng.random() < 0.2:
        sink = nengo.Node(lambda t, x: None, size_in=int(size_in))
        return [sink], None
    node = nengo.Node(draw.reaction(rng, size_in, size_out), size_in=int(size_in))
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


def _exact(rng):
    size = int(rng.integers(1, 4))
    direct = nengo.Ensemble(1, size, neuron_type=nengo.Direct())
    out = nengo.Node(size_in=size)
    nengo.Connection(direct, out, function=draw.function(rng), synapse=draw.synapse(rng))
    nengo.Connection(direct, direct, transform=0.5, synapse=0.02)
    return [direct], out


def _array(rng):
    kind = draw.neurons(rng)
    many = nengo.networks.EnsembleArray(
        10, int(rng.integers(2, 5)), neuron_type=kind, max_rates=dists.Uniform(100, 200)
    )
    out = many.output
    if rng.random() < 0.5:
        out = many.add_output("f", draw.function(rng))
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


def _view(rng, thing, size):
    """Some of its dimensions, in some order, or all."""
    kind = rng.random()
    if kind < 0.5 or size == 1:
        return thing
    if kind < 0.7:
        start = int(rng.integers(size))
        return thing[start : int(rng.integers(start + 1, size + 1))]
    if kind < 0.8:
        return thing[:: pick(rng, [-1, 2])]
    chosen = rng.permutation(size)[: int(rng.integers(1, size + 1))]
    return thing[[int(i) for i in chosen]]


def _connection(rng, nodes, ensembles, relays):
    """A connection of any two; options that Nengo refuses are left out."""
    pre = pick(rng, [*nodes, *ensembles, *ensembles, *relays, *[e.neurons for e in ensembles]])
    targets = [r for r in relays if r.output is None]
    post = pick(rng, [*ensembles, *ensembles, *targets, *[e.neurons for e in ensembles]])
    pre, post = _view(rng, pre, pre.size_out), _view(rng, post, post.size_in)
    options = {"synapse": draw.synapse(rng)}
    obj = pre.obj if isinstance(pre, nengo.base.ObjView) else pre
    from_ensemble = isinstance(obj, nengo.Ensemble)
    if obj in nodes and rng.random() < 0.3:
        options["synapse"] = None
    size = pre.size_out
    if rng.random() < 0.4 and (from_ensemble or obj in nodes):
        options["function"] = draw.function(rng)
        if isinstance(pre, nengo.Ensemble) and rng.random() < 0.2:
            size = int(rng.integers(1, 3))
            options["eval_points"] = rng.uniform(-1, 1, (70, pre.size_out))
            options["function"] = rng.uniform(-1, 1, (70, size))
    options["transform"] = _transform(rng, size, post.size_in, from_ensemble)
    onto = post.obj if isinstance(post, nengo.base.ObjView) else post
    if from_ensemble and rng.random() < 0.4:
        weights = isinstance(onto, nengo.Ensemble) and rng.random() < 0.6
        options["solver"] = draw.solver(rng, weights)
    if from_ensemble and rng.random() < 0.1:
        options["scale_eval_points"] = False
    if rng.random() < 0.4:
        options["learning_rule_type"] = draw.rule(rng, pre, post, options)
    for refused in ("learning_rule_type", "solver", "scale_eval_points"):
        try:
            return nengo.Connection(pre, post, **options)
        except ValidationError:
            options.pop(refused, None)
    return nengo.Connection(pre, post, **options)


def _transform(rng, size_in, size_out, from_ensemble):
    dense = rng.uniform(-1, 1, (size_out, size_in)) / size_in
    if from_ensemble or rng.random() < 0.7:
        return dense
    if size_in == size_out and rng.random() < 0.5:
        return pick(rng, [0.5, rng.uniform(-1, 1, size_in), transforms.NoTransform(size_in)])
    if rng.random() < 0.5:
        places = [(int(rng.integers(size_out)), int(rng.integers(size_in)))]
        return transforms.Sparse((size_out, size_in), indices=places, init=[0.5])
    return transforms.Dense((size_out, size_in), dists.Uniform(-0.5, 0.5))


def _rules(connection):
    rules = connection.learning_rule
    if isinstance(rules, dict):
        return list(rules.values())
    return rules if isinstance(rules, list) else [rules]


def _teach(rng, connection, nodes, ensembles):
    """Give rules what they need, mostly."""
    for rule in _rules(connection):
        if rule.size_in:
            source = pick(rng, [*nodes, *ensembles])
            transform = rng.uniform(-1, 1, (rule.size_in, source.size_out))
            nengo.Connection(source, rule, transform=transform, synapse=pick(rng, [None, 0.01]))


def _probe(rng, objects, connections):
    kind = rng.random()
    options = {
        "synapse": pick(rng, [None, 0.01, nengo.Alpha(0.03)]),
        "sample_every": pick(rng, [None, None, 0.002, 0.0035]),
    }
    ensembles = [o for o in objects if isinstance(o, nengo.Ensemble)]
    if kind < 0.5:
        target = pick(rng, objects)
        nengo.Probe(_view(rng, target, target.size_out), **options)
    elif kind < 0.6:
        nengo.Probe(pick(rng, ensembles), pick(rng, ["input", "scaled_encoders"]), **options)
    elif kind < 0.75:
        neurons = pick(rng, ensembles).neurons
        nengo.Probe(neurons, pick(rng, list(neurons.probeable)), **options)
    elif kind < 0.85:
        learning = [c for c in connections if c.learning_rule is not None]
        if learning:
            rule = pick(rng, _rules(pick(rng, learning)))
            nengo.Probe(rule, pick(rng, list(rule.probeable)))
    else:
        connection = pick(rng, connections)
        attr = pick(rng, ["output", "input", "weights"])
        if attr == "weights":
            options["synapse"] = None
        nengo.Probe(connection, attr, **options)


def difference(mine, other):
    """What differs between two runs, or "": spikes, or other values by more than rounding.

    Where values grow beyond BOUND, or one of the runs was ended, the comparison ends.
    """
    probes = list(zip(mine.model.probes, other.model.probes, strict=True))
    end = min(_end_of(other), (min(mine.n_steps, other.n_steps) + 0.5) * other.dt)
    for a, b in probes:
        x, y = (_early(s, probe, end) for s, probe in ((mine, a), (other, b)))
        if x.shape != y.shape:
            return f"{a}: shape {x.shape}, not {y.shape}"
        spiking = isinstance(a.obj, nengo.ensemble.Neurons) and a.attr == "output"
        spiking = spiking and a.synapse is None and a.obj.ensemble.neuron_type.spiking
        if spiking and not np.array_equal(x != 0, y != 0):
            return f"{a}: {np.count_nonzero((x != 0) != (y != 0))} spikes"
        error = np.abs(x - y).max(initial=0.0)
        state = isinstance(a.obj, nengo.ensemble.Neurons) and a.attr not in ("output", "input")
        if not error <= (STATES if state else ROUNDING) * max(1.0, np.abs(y).max(initial=0.0)):
            return f"{a}: by {error:g}"
    return ""


def _end_of(simulator):
    """The first time at which any probe shows more than BOUND."""
    return min((_end(simulator, probe) for probe in simulator.model.probes), default=np.inf)


def _end(simulator, probe):
    """The first time at which a probe shows more than BOUND."""
    values = _early(simulator, probe, np.inf)
    large = np.abs(values.reshape(len(values), -1)).max(axis=1, initial=0.0) > BOUND
    times = simulator.trange(sample_every=probe.sample_every)
    return times[np.argmax(large)] if large.any() else np.inf


def _early(simulator, probe, end):
    """What was recorded before a time; sparse weights, which Nengo keeps so, in full."""
    rows = simulator.data[probe]
    if rows.dtype == object:
        rows = np.stack([row.toarray() for row in rows])
    times = simulator.trange(sample_every=probe.sample_every)[: len(rows)]
    return rows[: len(times)][times < end]


def outcome(make, model, seconds, seed, **options):
    """A simulator after its run, and the error that ended that, if any."""
    try:
        simulator = make(None, model=model, seed=seed, progress_bar=False, **options)
    except BuildError as error:
        return None, error
    with simulator:
        try:
            simulator.run(seconds)
        except (FloatingPointError, ValueError) as error:
            return simulator, error
    return simulator, None


def compared(seed, seconds, make, backends):
    """What differs between Nengo and ``make(None, backend=..., ...)``, errors among it."""
    given, found = network(seed), []
    model = Model()
    try:
        model.build(given)
    except (BuildError, ValidationError, np.linalg.LinAlgError):  # Nengo refuses
        return ""
    ours = {b: outcome(make, model, seconds, given.seed, backend=b) for b in backends}
    # At last, as it leaves random numbers of stochastic neurons where they are.
    other, theirs = outcome(nengo.Simulator, model, seconds, given.seed, optimize=False)
    for backend, (mine, error) in ours.items():
        what = difference(mine, other) if mine and other else ""
        # Where learned weights diverge nefsim stops, and Nengo later or never; beyond BOUND
        # Nengo stops where infinities cancel, which compiled neurons may swallow.
        expected = "must stay below" in str(error) or (other and _end_of(other) < np.inf)
        if type(error) is not type(theirs) and not expected:
            what = f"{error!r}, not {theirs!r}"
        if what:
            found.append(f"{backend}: {what}")
    return "; ".join(found)


def main():
    """Run many, and tell what differs."""
    import nefsim.nengo

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--count", type=int, default=100, help="number of seeds")
    parser.add_argument("--seconds", type=float, default=0.05, help="model time of each")
    parser.add_argument("--backend", action="append", help="numpy or numba; may be repeated")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    nengo.rc.set("decoder_cache", "enabled", "False")
    backends = options.backend or ["numpy", "numba"]
    differ = 0
    for done in range(options.count):
        seed = options.first + done
        what = compared(seed, options.seconds, nefsim.nengo.Simulator, backends)
        if what:
            differ += 1
            print(f"seed {seed} {what}", flush=True)
        if done % 100 == 99 or done == options.count - 1:
            print(f"{done + 1} networks, {differ} differ", flush=True)


if __name__ == "__main__":
    main()
