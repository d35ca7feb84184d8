"""Random Nengo networks: any object, view, function, transform, synapse, rule, probe and step.

    python tests/nengo_random.py [--first N] [--count N] [--backend NAME]...

runs networks of many seeds in both simulators and prints those that differ.
"""

import argparse
import warnings

import nengo
import nengo_draws as draw
import nengo_parts as parts
import numpy as np
from nengo import dists, transforms
from nengo.builder import Model
from nengo.exceptions import BuildError, ValidationError
from nengo_draws import pick
from nengo_judge import Perturbed, difference, end_of, outcome

#: Steps at which networks run [s].
STEPS = (0.001, 0.001, 0.001, 0.0005, 0.002, 0.0013)


def network(seed):
    """A random network of a seed."""
    rng = np.random.default_rng(seed)
    with nengo.Network(seed=int(rng.integers(1000))) as model:
        if rng.random() < 0.2:
            _configure(rng, model.config)
        nodes = [_node(rng) for _ in range(rng.integers(1, 4))]
        ensembles = [draw.ensemble(rng) for _ in range(rng.integers(1, 5))]
        with nengo.Network():
            ensembles.append(draw.ensemble(rng))
        relays = [nengo.Node(size_in=int(rng.integers(1, 4))) for _ in range(rng.integers(0, 3))]
        extra = [_part(rng, nodes) for _ in range(rng.integers(0, 3))]
        relays += [node for node in extra if node is not None]
        links = [_connection(rng, nodes, ensembles, relays) for _ in range(int(rng.integers(1, 9)))]
        for connection in links:
            if connection.learning_rule is not None:
                _teach(rng, connection, nodes, ensembles)
        for _ in range(int(rng.integers(1, 7))):
            _probe(rng, [*nodes, *ensembles, *relays], links)
        for ensemble in ensembles:
            nengo.Probe(ensemble.neurons)
        for relay in relays:
            nengo.Probe(relay)
    return model


def _node(rng):
    size = int(rng.integers(1, 4))
    kinds = [lambda: rng.uniform(-1, 1, size), lambda: draw.waves(rng, size)]
    return nengo.Node(pick(rng, [*kinds, *[lambda: draw.process(rng, size)] * 2])())


def _configure(rng, config):
    """Set other defaults than Nengo's."""
    config[nengo.Ensemble].neuron_type = draw.neurons(rng)
    config[nengo.Ensemble].n_eval_points = 50
    config[nengo.Connection].synapse = draw.synapse(rng)
    config[nengo.Connection].solver = nengo.solvers.LstsqL2(reg=0.05)
    config[nengo.Probe].synapse = pick(rng, [None, 0.02])


def _part(rng, nodes):
    """Add a part with an input and an output after another object; returns the output."""
    links = pick(rng, parts.PARTS)(rng)
    if links is None:
        return None
    inputs, output = links
    for into in inputs:
        source = pick(rng, nodes)
        transform = rng.uniform(-1, 1, (into.size_in, source.size_out))
        nengo.Connection(source, into, transform=transform, synapse=pick(rng, [None, 0.01]))
    return output


def _view(rng, thing, size):
    """Some dimensions of an object, in any order, or all."""
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
    if rng.random() < 0.1:
        options["seed"] = int(rng.integers(9))
    if rng.random() < 0.4 and (from_ensemble or obj in nodes):
        options["function"], size = draw.function(rng, size)
        if isinstance(pre, nengo.Ensemble) and rng.random() < 0.2:
            size = int(rng.integers(1, 3))
            options["eval_points"] = rng.uniform(-1, 1, (70, pre.size_out))
            options["function"] = rng.uniform(-1, 1, (70, size))
    options["transform"] = _transform(rng, size, post.size_in, from_ensemble)
    onto = post.obj if isinstance(post, nengo.base.ObjView) else post
    if isinstance(pre, nengo.Ensemble) and "eval_points" not in options and rng.random() < 0.1:
        options["eval_points"] = dists.UniformHypersphere()
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
    if from_ensemble and rng.random() < 0.1:
        equal = [0.5, rng.uniform(-1, 1, size_in), transforms.NoTransform(size_in)]
        choices = [transforms.Dense((size_out, size_in), dists.Uniform(-0.5, 0.5))]
        return pick(rng, [*choices, *(equal if size_in == size_out else [])])
    if from_ensemble or rng.random() < 0.7:
        return dense
    if size_in == size_out and rng.random() < 0.5:
        return pick(rng, [0.5, rng.uniform(-1, 1, size_in), transforms.NoTransform(size_in)])
    if rng.random() < 0.5:
        n = int(rng.integers(1, 6))
        places = np.column_stack([rng.integers(size, size=n) for size in (size_out, size_in)])
        init = pick(rng, [rng.uniform(-1, 1, n), dists.Uniform(-0.5, 0.5)])
        return transforms.Sparse((size_out, size_in), indices=places, init=init)
    return transforms.Dense((size_out, size_in), dists.Uniform(-0.5, 0.5))


def _rules(connection):
    rules = connection.learning_rule
    if isinstance(rules, dict):
        return list(rules.values())
    return rules if isinstance(rules, list) else [rules]


def _teach(rng, connection, nodes, ensembles):
    """Connect errors and gates to most rules that need them."""
    for rule in _rules(connection):
        if rule.size_in:
            source = pick(rng, [*nodes, *ensembles])
            onto = _view(rng, rule, rule.size_in)
            transform = rng.uniform(-1, 1, (onto.size_in, source.size_out))
            nengo.Connection(source, onto, transform=transform, synapse=pick(rng, [None, 0.01]))


def _probe(rng, objects, connections):
    kind = rng.random()
    options = {
        "synapse": pick(rng, [None, 0.01, nengo.Alpha(0.03)]),
        "sample_every": pick(rng, [None, None, 0.002, 0.0035]),
    }
    if rng.random() < 0.2:
        options["synapse"] = draw.synapse(rng)
    ensembles = [o for o in objects if isinstance(o, nengo.Ensemble)]
    if kind < 0.5:
        target = pick(rng, objects)
        if isinstance(target, nengo.Ensemble) and rng.random() < 0.2:
            options["solver"] = draw.solver(rng, weights=False)
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
            nengo.Probe(rule, pick(rng, list(rule.probeable)), **options)
    else:
        connection = pick(rng, connections)
        attr = pick(rng, ["output", "input", "weights"])
        if attr == "weights":
            options["synapse"] = None
        nengo.Probe(connection, attr, **options)


def compared(seed, seconds, simulator_type, backends):
    """The differences between Nengo and ``simulator_type(None, backend=...)``, with errors.

    None if Nengo does not build the network.
    """
    model, differences = built(seed), []
    if model is None:
        return None
    runs = {b: outcome(simulator_type, model, seconds, backend=b) for b in backends}
    # Nengo runs last, as it changes the generators of stochastic neurons.
    other, nengo_error = outcome(nengo.Simulator, model, seconds, optimize=False)
    for backend, (actual, error) in runs.items():
        text = difference(actual, other) if actual and other else ""
        if text:
            perturbed, _ = outcome(Perturbed, built(seed), seconds, optimize=False)
            text = difference(actual, other, perturbed)
        # If learned weights diverge nefsim stops, but Nengo later or never; beyond BOUND Nengo
        # stops where infinities cancel, which compiled neurons may turn into no spike.
        expected = "must stay below" in str(error) or (other and end_of(other) < np.inf)
        if type(error) is not type(nengo_error) and not expected:
            text = f"{error!r}, not {nengo_error!r}"
        if text:
            differences.append(f"{backend}: {text}")
    return "; ".join(differences)


def built(seed):
    """Nengo's simulator of a network, or None if Nengo refuses it or fails."""
    model = Model(dt=STEPS[seed % len(STEPS)])
    try:
        model.build(network(seed))
    except (BuildError, ValueError, np.linalg.LinAlgError):
        return None
    return model


def main():
    """Run many networks and print the differences."""
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
    outcomes = []
    for done in range(options.count):
        seed = options.first + done
        outcomes.append(compared(seed, options.seconds, nefsim.nengo.Simulator, backends))
        if outcomes[-1]:
            print(f"seed {seed} {outcomes[-1]}", flush=True)
        if done % 100 == 99 or done == options.count - 1:
            ran = [text for text in outcomes if text is not None]
            print(f"{len(ran)} networks, {sum(map(bool, ran))} differ", flush=True)


if __name__ == "__main__":
    main()
