"""Random Nengo networks: any object, view, function, transform, synapse, rule and probe."""

import nengo
import numpy as np
from nengo import dists, processes, solvers, transforms


def network(seed):
    """A network that the seed decides."""
    rng = np.random.default_rng(seed)
    with nengo.Network(seed=int(rng.integers(1000))) as model:
        nodes = [_node(rng) for _ in range(rng.integers(1, 4))]
        ensembles = [_ensemble(rng) for _ in range(rng.integers(1, 5))]
        with nengo.Network():
            ensembles.append(_ensemble(rng))
        relays = [nengo.Node(size_in=int(rng.integers(1, 4))) for _ in range(rng.integers(0, 3))]
        made = [_connection(rng, nodes, ensembles, relays) for _ in range(int(rng.integers(1, 9)))]
        for connection in made:
            if connection.learning_rule is not None:
                _teach(rng, connection, nodes, ensembles)
        for _ in range(int(rng.integers(1, 7))):
            _probe(rng, [*nodes, *ensembles, *relays], made)
        for ensemble in ensembles:
            nengo.Probe(ensemble.neurons)
    return model


def _pick(rng, choices):
    return choices[int(rng.integers(len(choices)))]


def _waves(rng, size):
    speed = rng.uniform(1, 20, size)
    return lambda t: np.sin(speed * t)


def _node(rng):
    size = int(rng.integers(1, 4))
    return nengo.Node(
        _pick(
            rng,
            [
                rng.uniform(-1, 1, size),
                _waves(rng, size),
                processes.WhiteSignal(0.5, 10, default_size_out=size),
                processes.WhiteNoise(default_size_out=size),
                processes.FilteredNoise(default_size_out=size, seed=3),
                processes.PresentInput(rng.uniform(-1, 1, (3, size)), 0.013),
                processes.Piecewise({0.01: rng.uniform(-1, 1, size), 0.04: np.zeros(size)}),
                np.sin,
            ],
        )
    )


def _neurons(rng):
    rate = _pick(rng, [nengo.LIFRate(), nengo.RectifiedLinear(), nengo.Tanh()])
    return _pick(
        rng,
        [
            *[nengo.LIF()] * 4,
            rate,
            nengo.LIF(tau_rc=0.05, tau_ref=0.001, amplitude=0.5, min_voltage=-0.5),
            nengo.AdaptiveLIF(),
            nengo.AdaptiveLIFRate(),
            nengo.SpikingRectifiedLinear(),
            nengo.Izhikevich(),
            nengo.RegularSpiking(rate),
            nengo.PoissonSpiking(nengo.LIFRate()),
            nengo.StochasticSpiking(rate),
        ],
    )


def _ensemble(rng):
    options = {}
    if rng.random() < 0.2:
        options["noise"] = _pick(rng, [processes.WhiteNoise(dists.Gaussian(0, 0.05))])
    if rng.random() < 0.3:
        options["intercepts"] = dists.Uniform(-0.5, 0.5)
    return nengo.Ensemble(
        int(rng.integers(5, 40)),
        int(rng.integers(1, 4)),
        radius=_pick(rng, [1.0, 1.0, 0.7, 2.0]),
        neuron_type=_neurons(rng),
        max_rates=dists.Uniform(100, 200),
        **options,
    )


def _view(rng, thing, size):
    """Some of its dimensions, in some order, or all."""
    kind = rng.random()
    if kind < 0.5 or size == 1:
        return thing
    if kind < 0.7:
        start = int(rng.integers(size))
        return thing[start : int(rng.integers(start + 1, size + 1))]
    if kind < 0.8:
        return thing[:: _pick(rng, [-1, 2])]
    chosen = rng.permutation(size)[: int(rng.integers(1, size + 1))]
    return thing[[int(i) for i in chosen]]


def _synapse(rng):
    return _pick(
        rng,
        [
            *[nengo.Lowpass(0.005)] * 3,
            0.1,
            0,
            nengo.Alpha(0.01),
            nengo.LinearFilter([1], [0.02, 1], method="euler"),
            nengo.LinearFilter([1, 0.5], [0.001, 0.1, 1]),
            nengo.Triangle(0.004),
        ],
    )


def _square(x):
    return x**2


def _connection(rng, nodes, ensembles, relays):
    pre = _pick(rng, [*nodes, *ensembles, *ensembles, *relays, *[e.neurons for e in ensembles]])
    post = _pick(rng, [*ensembles, *ensembles, *relays, *[e.neurons for e in ensembles]])
    pre, post = _view(rng, pre, pre.size_out), _view(rng, post, post.size_in)
    options = {"synapse": _synapse(rng)}
    obj = pre.obj if isinstance(pre, nengo.base.ObjView) else pre
    from_ensemble = isinstance(obj, nengo.Ensemble)
    if obj in nodes and rng.random() < 0.3:
        options["synapse"] = None
    if rng.random() < 0.4 and (from_ensemble or obj in nodes):
        options["function"] = _pick(rng, [_square, np.square, np.sin])
    options["transform"] = _transform(rng, pre.size_out, post.size_in, from_ensemble)
    onto = post.obj if isinstance(post, nengo.base.ObjView) else post
    if from_ensemble and isinstance(onto, nengo.Ensemble) and rng.random() < 0.3:
        options["solver"] = solvers.LstsqL2(weights=True)
    if rng.random() < 0.4:
        options["learning_rule_type"] = _rule(rng, pre, post, options)
    return nengo.Connection(pre, post, **options)


def _transform(rng, size_in, size_out, from_ensemble):
    dense = rng.uniform(-1, 1, (size_out, size_in)) / size_in
    if from_ensemble or rng.random() < 0.7:
        return dense
    if size_in == size_out and rng.random() < 0.5:
        return _pick(rng, [0.5, rng.uniform(-1, 1, size_in)])
    if rng.random() < 0.5:
        places = [(int(rng.integers(size_out)), int(rng.integers(size_in)))]
        return transforms.Sparse((size_out, size_in), indices=places, init=[0.5])
    return transforms.Dense((size_out, size_in), dists.Uniform(-0.5, 0.5))


def _rule(rng, pre, post, options):
    """A rule that such a connection can have, or None."""
    dense = isinstance(options["transform"], np.ndarray) and options["transform"].ndim == 2
    whole = not isinstance(pre, nengo.base.ObjView) and not isinstance(post, nengo.base.ObjView)
    if not dense or not whole:
        return None
    neurons = nengo.ensemble.Neurons
    rules = []
    if isinstance(post, nengo.Ensemble) and "solver" not in options:
        rules.append(nengo.Voja(post_synapse=_pick(rng, [0.005, None])))
    if isinstance(pre, nengo.Ensemble):
        rules.append(nengo.PES(1e-5, pre_synapse=_pick(rng, [0.005, nengo.Alpha(0.01)])))
        if isinstance(post, (nengo.Ensemble, nengo.Node)) and "solver" not in options:
            rules.append(nengo.RLS(1e-5))
    if (isinstance(pre, neurons) and isinstance(post, neurons)) or "solver" in options:
        rules += [nengo.BCM(1e-12), nengo.Oja(1e-9), [nengo.BCM(1e-12), nengo.Oja(1e-9)]]
    return _pick(rng, rules) if rules else None


def _teach(rng, connection, nodes, ensembles):
    """Give rules what they need, mostly."""
    rules = connection.learning_rule
    for rule in rules if isinstance(rules, list) else [rules]:
        if rule.size_in:
            source = _pick(rng, [*nodes, *ensembles])
            transform = rng.uniform(-1, 1, (rule.size_in, source.size_out))
            nengo.Connection(source, rule, transform=transform, synapse=_pick(rng, [None, 0.01]))


def _probe(rng, objects, connections):
    kind = rng.random()
    options = {
        "synapse": _pick(rng, [None, 0.01, nengo.Alpha(0.03)]),
        "sample_every": _pick(rng, [None, None, 0.002, 0.0035]),
    }
    if kind < 0.6:
        target = _pick(rng, objects)
        nengo.Probe(_view(rng, target, target.size_out), **options)
    elif kind < 0.8:
        ensembles = [o for o in objects if isinstance(o, nengo.Ensemble)]
        neurons = _pick(rng, ensembles).neurons
        nengo.Probe(neurons, _pick(rng, list(neurons.probeable)), **options)
    else:
        connection = _pick(rng, connections)
        attr = _pick(rng, ["output", "input", "weights"])
        if attr == "weights":
            options["synapse"] = None
        nengo.Probe(connection, attr, **options)
