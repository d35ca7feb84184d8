"""The description: things equal only to themselves, views, nesting, and the effects of seeds."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nefsim as nef
from nefsim.lowering import build
from nefsim.network.objects import Neurons, View

SENTENCE = r"^[^:]+: .+ must .+, got .+; .+\.$"


@pytest.fixture
def net():
    return nef.Network(seed=1, label="model")


def one_of_each(net):
    node = net.node(np.sin)
    ensemble = net.ensemble(10, 1)
    connection = net.connect(node, ensemble)
    return node, ensemble, connection, net.probe(ensemble)


# Things


def test_things_are_equal_only_to_themselves(net):
    first, second = one_of_each(net), one_of_each(net)
    for one, other in zip(first, second, strict=True):
        assert one == one
        assert one != other
        assert len({one, other}) == 2


def test_things_are_frozen(net):
    for thing in one_of_each(net):
        with pytest.raises(dataclasses.FrozenInstanceError):
            thing.label = "other"


def test_the_users_arrays_are_copied_and_the_copies_cannot_be_written(net):
    given_arrays = {
        "encoders": np.eye(3),
        "eval_points": np.full((5, 3), 0.1),
        "max_rates": np.array([100.0, 200.0, 300.0]),
        "intercepts": np.zeros(3),
    }
    ensemble = net.ensemble(3, 3, **given_arrays)
    transform, constant = np.eye(3), np.ones(3)
    connection = net.connect(net.node(constant), ensemble, transform=transform)
    arrays = {name: getattr(ensemble, name) for name in given_arrays}
    arrays |= {"transform": connection.transform, "output": connection.pre.output}
    before = {name: value.copy() for name, value in arrays.items()}
    for array in (*given_arrays.values(), transform, constant):
        array[...] = 7.0
    for name, value in arrays.items():
        assert not value.flags.writeable
        np.testing.assert_array_equal(value, before[name])


def test_reprs_name_the_thing(net):
    part = net.subnetwork("part")
    a = part.ensemble(10, 6, label="a")
    node = net.node(1.0)
    connection = net.connect(node, a[2], label="c")
    probe = net.probe(a.neurons)
    assert repr(a) == "<ensemble 'part.a'>"
    assert repr(a.neurons) == "<ensemble 'part.a'>.neurons"
    assert repr(a.neurons[[3, 1]]) == "<ensemble 'part.a'>.neurons[3, 1]"
    assert repr(a[:]) == "<ensemble 'part.a'>[0, 1, 2, 3, ...]"
    assert repr(node) == "<node 'node 0'>"
    assert repr(connection) == "<connection 'c'>"
    assert repr(probe) == "<probe 'probe 0'>"
    counts = "1 node, 1 ensemble (10 neurons), 1 connection, 1 probe"
    assert repr(net) == f"<network 'model': {counts}>"
    assert (
        repr(nef.Network())
        == "<network: 0 nodes, 0 ensembles (0 neurons), 0 connections, 0 probes>"
    )


def test_shorthands_become_values(net):
    node, a = net.node(2.0), net.ensemble(10, 1, max_rates=(100, 200), intercepts=0.25)
    connection = net.connect(node, a, transform=3, synapse=0.1)
    assert connection.synapse == nef.Lowpass(0.1)
    assert net.connect(node, a, synapse=None).synapse is None
    assert connection.transform == 3.0
    assert net.connect(node, a).transform == 1.0
    assert a.max_rates == nef.Uniform(100, 200)
    np.testing.assert_array_equal(a.intercepts.sample(3), [0.25] * 3)
    np.testing.assert_array_equal(node.output, [2.0])


# Sizes


def test_a_node_learns_its_size_by_one_call_at_time_zero(net):
    calls = []

    def output(t, x):
        calls.append((t, x.copy()))
        return [t, x[0], x[1]]

    node = net.node(output, size_in=2)
    assert (node.size_in, node.size_out) == (2, 3)
    assert len(calls) == 1
    assert calls[0][0] == 0.0
    np.testing.assert_array_equal(calls[0][1], [0.0, 0.0])


def test_a_node_of_known_size_is_not_called(net):
    assert net.node(lambda t: 1 / 0, size_out=2).size_out == 2


def test_sizes_of_other_nodes(net):
    assert net.node([1.0, 2.0, 3.0]).size_out == 3
    assert net.node(size_in=4).size_out == 4
    assert net.node(lambda t, x: None, size_in=2).size_out == 0
    assert net.node(nef.PresentInput([[1.0, 2.0]], 0.1)).size_out == 2
    assert net.node(nef.WhiteSignal(1.0, high=5), size_out=3).size_out == 3
    assert net.node(nef.WhiteSignal(1.0, high=5)).size_out == 1


def test_direct_ensembles_have_no_neurons(net):
    a = net.ensemble(10, 2, neuron_type=nef.Direct())
    assert (a.neurons.size_in, a.neurons.size_out) == (0, 0)
    assert net.n_neurons == 0


# Views


@pytest.mark.parametrize(
    "key",
    [0, 4, -1, -5, np.int64(3), slice(None), slice(1, 3), slice(None, None, 2), slice(None, 1, -1)],
    ids=repr,
)
def test_views_have_the_dimensions_that_python_indexing_selects(net, key):
    whole = list(range(5))
    named = np.atleast_1d(whole[key]).tolist()
    objects = (net.ensemble(10, 5), net.node([0.0] * 5), net.ensemble(5, 1).neurons)
    for obj in objects:
        view = obj[key]
        assert isinstance(view, View)
        assert view.indices == tuple(named)
        assert view.size_in == view.size_out == len(named)
        assert view.network is net


@given(key=st.slices(5))
def test_any_slice_is_a_view_or_refused_when_empty(key):
    a = nef.Network().ensemble(10, 5)
    named = tuple(range(5))[key]
    if named:
        assert a[key].indices == named
    else:
        with pytest.raises(ValueError, match=SENTENCE):
            a[key]


def test_lists_of_indices_keep_their_order_and_masks_select(net):
    a = net.ensemble(10, 5)
    assert a[[3, 0, -1]].indices == (3, 0, 4)
    assert a[(3, 0, -1)].indices == (3, 0, 4)
    assert a[np.array([3, 0, -1])].indices == (3, 0, 4)
    assert a[np.array([True, False, False, True, False])].indices == (0, 3)


def test_views_of_the_same_are_equal(net):
    a, b = net.ensemble(10, 5), net.ensemble(10, 5)
    assert a[:2] == a[[0, 1]]
    assert hash(a[:2]) == hash(a[[0, 1]])
    assert a[:2] != a[[1, 0]]
    assert a[:2] != b[:2]
    assert a.neurons == a.neurons == Neurons(a)
    assert a.neurons != b.neurons
    assert a.neurons[1] != a[1]


@pytest.mark.parametrize(
    "key",
    [5, -6, [0, 5], [], slice(2, 2), [[0, 1]], "0", 0.0, None, True, ..., {0}, [0.5], object()],
    ids=repr,
)
def test_bad_indices_are_refused(net, key):
    with pytest.raises((ValueError, TypeError), match=SENTENCE):
        net.ensemble(10, 5)[key]


# Nesting


def nested():
    net = nef.Network()
    outer = net.subnetwork("outer")
    inner = outer.subnetwork()
    return net, outer, inner


def test_labels_carry_the_path_of_networks():
    net, outer, inner = nested()
    assert net.ensemble(5, 1, label="a").label == "a"
    assert outer.ensemble(5, 1, label="a").label == "outer.a"
    assert inner.ensemble(5, 1, label="a").label == "outer.network 0.a"
    assert inner.ensemble(5, 1).label == "outer.network 0.ensemble 1"
    assert inner.node(size_in=1).label == "outer.network 0.node 0"
    assert (net.path(), outer.path(), inner.path()) == ("", "outer", "outer.network 0")


def test_a_network_lists_the_objects_of_its_subnetworks():
    net, outer, inner = nested()
    second = net.subnetwork("second")
    made = {n: one_of_each(n) for n in (inner, second, net, outer)}
    order = [net, outer, inner, second]
    assert list(net.everything()) == order
    for i, found in enumerate(
        (net.all_nodes, net.all_ensembles, net.all_connections, net.all_probes)
    ):
        assert found == [made[n][i] for n in order]
    assert outer.all_ensembles == [made[outer][1], made[inner][1]]
    assert inner.all_ensembles == inner.ensembles
    assert (net.n_neurons, outer.n_neurons, inner.n_neurons) == (40, 20, 10)
    assert all(n.root is net for n in order)
    assert inner.parent is outer
    assert net.parent is None


def test_objects_of_all_levels_connect():
    net, outer, inner = nested()
    a, b, c = (n.ensemble(10, 1) for n in (net, outer, inner))
    for maker in (net, outer, inner):
        maker.connect(a, c)
        maker.connect(c, b)
        maker.probe(b)
    assert len(net.all_connections) == 6


# Errors on the line of the call


def test_objects_of_another_network_are_refused(net):
    inside = net.ensemble(10, 2)
    other = nef.Network()
    outside = other.ensemble(10, 2)
    between = other.connect(outside, outside)
    for pre, post in (
        (outside, inside),
        (inside, outside),
        (outside[0], inside[0]),
        (outside.neurons, inside),
    ):
        with pytest.raises(ValueError, match=rf"(?s){SENTENCE}"):
            net.connect(pre, post, transform=np.ones((post.size_in, pre.size_out)))
    for target in (outside, outside.neurons, outside[0], between):
        with pytest.raises(ValueError, match="belong to this network"):
            net.probe(target)


def test_a_refused_object_does_not_change_the_network(net):
    a, b = net.ensemble(10, 2), net.ensemble(10, 3)
    before = repr(net)
    wrong = [
        lambda: net.connect(a, b),
        lambda: net.connect(a, b, transform=np.ones((2, 3))),
        lambda: net.connect(a, b, function=lambda x: x[:1]),
        lambda: net.connect(a, b[[0, 0]]),
        lambda: net.connect(a, net.nodes),
        lambda: net.connect(a.neurons, b, function=np.square),
        lambda: net.connect(a, a, function=np.ones((4, 2))),
        lambda: net.connect(a, a, function=np.ones((4, 2)), eval_points=np.ones((3, 2))),
        lambda: net.connect(a, b.neurons, np.ones((10, 2)), solver=nef.LstsqL2(weights=True)),
        lambda: net.probe(a, "voltage"),
        lambda: net.probe(b.neurons, "decoded_output"),
        lambda: net.ensemble(0, 1),
        lambda: net.ensemble(10, 1, max_rates=(100, 600)),
        lambda: net.ensemble(10, 1, intercepts=1.0),
        lambda: net.ensemble(10, 1, gain=1.0),
        lambda: net.ensemble(10, 1, initial_state={"charge": 0.0}),
        lambda: net.node(lambda: 1.0),
        lambda: net.node(),
        lambda: net.subnetwork(seed=-1),
    ]
    for write in wrong:
        with pytest.raises((ValueError, TypeError), match=SENTENCE):
            write()
    assert repr(net) == before


def test_sources_take_no_input_and_sinks_give_no_output(net):
    source, sink = net.node(np.sin), net.node(lambda t, x: None, size_in=1)
    a = net.ensemble(10, 1)
    with pytest.raises(ValueError, match=r"post must take input, .* size_in"):
        net.connect(a, source)
    with pytest.raises(ValueError, match="pre must give output"):
        net.connect(sink, a)


def test_probes_have_a_default_quantity_and_refuse_unknown_ones(net):
    node, a, connection, _ = one_of_each(net)
    assert net.probe(a).attr == "decoded_output"
    assert net.probe(a[0]).attr == "decoded_output"
    assert net.probe(a.neurons).attr == "output"
    assert net.probe(node).attr == "output"
    assert net.probe(connection).attr == "output"
    assert net.probe(a.neurons, "voltage").attr == "voltage"
    with pytest.raises(ValueError, match="attr must be one of 'output', got 'input'"):
        net.probe(node, "input")
    adaptive = net.ensemble(10, 1, neuron_type=nef.AdaptiveLIF())
    assert net.probe(adaptive.neurons, "adaptation").attr == "adaptation"


def test_only_the_outermost_network_is_simulated():
    _, outer, _ = nested()
    with pytest.raises(ValueError, match="simulate the outermost network"):
        nef.Simulator(outer)


# Seeds


def sown(seed, before=lambda net: None):
    """A network that draws and solves in every way, after ``before`` has added to it."""
    net = nef.Network(seed=seed)
    before(net)
    a = net.ensemble(30, 2, label="a")
    b = net.ensemble(20, 1, gain=(1.0, 2.0), bias=(0.5, 1.5), label="b")
    inner = net.subnetwork("inner")
    c = inner.ensemble(25, 1, label="c")
    net.connect(a, b, function=lambda x: x[0] * x[1], solver=nef.LstsqNoise(), label="a to b")
    net.connect(a, c, function=lambda x: x[0], eval_points=nef.UniformHypersphere(), label="a to c")
    net.connect(b, c, solver=nef.NnlsL2(weights=True), label="b to c")
    net.probe(a)
    return net


def arrays(net, seed=None):
    """All arrays of all ensembles and connections, by label and name."""
    built = build(net, 0.001, net.seed if seed is None else seed)
    named = {**built.ensembles, **built.connections}
    return {
        (thing.label, field.name): getattr(data, field.name)
        for thing, data in named.items()
        for field in dataclasses.fields(data)
        if isinstance(getattr(data, field.name), np.ndarray)
    }


def assert_same_arrays(first, second, labels=None):
    chosen = {key for key in first if labels is None or key[0] in labels}
    assert chosen
    for key in chosen:
        np.testing.assert_array_equal(first[key], second[key], err_msg=str(key))


def test_the_same_seed_gives_the_same_arrays():
    assert_same_arrays(arrays(sown(1)), arrays(sown(1)))


def test_another_seed_gives_other_arrays():
    one, two = arrays(sown(1)), arrays(sown(2))
    assert one.keys() == two.keys()
    for key in one:
        assert not np.array_equal(one[key], two[key]), key


def test_without_a_seed_every_simulator_draws_other_arrays():
    net = nef.Network()
    a = net.ensemble(10, 1)
    one, two = nef.Simulator(net), nef.Simulator(net)
    assert not np.array_equal(one.data[a].gain, two.data[a].gain)


def test_objects_of_one_kind_draw_different_arrays():
    net = nef.Network(seed=1)
    first, second = net.ensemble(30, 2), net.ensemble(30, 2)
    built = build(net, 0.001, 1).ensembles
    for name in ("encoders", "gain", "bias", "max_rates", "intercepts", "eval_points"):
        one, two = getattr(built[first], name), getattr(built[second], name)
        assert not np.array_equal(one, two), name
        assert len(np.unique(one)) > 1


def add_node(net):
    net.node(nef.WhiteSignal(1.0, high=5))


def add_probe(net):
    net.probe(net.all_ensembles[0], solver=nef.LstsqNoise())
    net.probe(net.all_ensembles[0].neurons, "voltage")


def add_ensemble(net):
    net.ensemble(15, 2, noise=nef.WhiteNoise())


def add_connection(net):
    a = net.ensembles[0]
    net.connect(a, net.ensembles[1], function=lambda x: x[1] ** 2, solver=nef.LstsqNoise())
    net.connect(a, a, eval_points=nef.UniformHypersphere())


def add_network(net):
    add_ensemble(net.subnetwork("added"))


@pytest.mark.parametrize(
    "add",
    [add_node, add_probe, add_ensemble, add_connection, add_network],
    ids=lambda f: f.__name__,
)
def test_an_object_added_last_changes_no_array(add):
    net = sown(1)
    before = arrays(net)
    add(net)
    assert_same_arrays(before, arrays(net))


def test_nodes_and_probes_change_no_array_in_any_place():
    def before(net):
        add_node(net)
        net.probe(net.node(1.0))

    assert_same_arrays(arrays(sown(1)), arrays(sown(1, before)))


def test_arrays_of_an_object_with_a_seed_do_not_depend_on_its_place():
    def seeded(seed, before):
        net = nef.Network(seed=seed)
        before(net)
        own = net.ensemble(30, 2, seed=5, label="own")
        post = net.ensemble(10, 2, label="post")
        net.connect(own, post, solver=nef.LstsqNoise(), label="from own")
        fresh = nef.UniformHypersphere()
        net.connect(own, post, eval_points=fresh, seed=6, label="own connection")
        add_ensemble(net)
        return arrays(net)

    alone = seeded(1, lambda net: None)
    labels = {"own", "from own", "own connection"}
    assert_same_arrays(alone, seeded(2, lambda net: None), labels)
    assert_same_arrays(alone, seeded(1, add_ensemble), labels)
    assert_same_arrays(alone, seeded(3, lambda net: sown_into(net.subnetwork())), labels)


def sown_into(net):
    one_of_each(net)
    one_of_each(net)


def test_arrays_in_a_network_with_a_seed_do_not_depend_on_its_place():
    def within(seed, n_before):
        net = nef.Network(seed=seed)
        for _ in range(n_before):
            net.subnetwork("other").ensemble(10, 1)
        part = net.subnetwork("part", seed=9)
        deeper = part.subnetwork("deeper")
        part.connect(part.ensemble(20, 1, label="a"), deeper.ensemble(20, 1, label="b"), label="c")
        return arrays(net)

    labels = {"part.a", "part.deeper.b", "part.c"}
    assert_same_arrays(within(1, 0), within(2, 3), labels)


def test_the_seed_of_a_network_may_be_set_later():
    net = sown(None)
    net.seed = 1
    assert_same_arrays(arrays(sown(1)), arrays(net))
