"""Nengo networks as nefsim networks: with Nengo's arrays and spikes."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

nengo = pytest.importorskip("nengo")

import nengo_models  # noqa: E402
import nengo_random  # noqa: E402

import nefsim as nef  # noqa: E402
import nefsim.nengo  # noqa: E402
from nefsim import backends  # noqa: E402
from nefsim.nengo import from_nengo, to_nengo  # noqa: E402

BACKENDS = [name for name in ("numpy", "numba") if name in backends.available()]

#: The order of sums differs from Nengo's.
ROUNDING = 1e-9

#: For models of filters only: 200 steps of values of size 1 in two orders.
ROUNDINGS = {"filters": 1e-12}

#: Models with an object that nefsim's networks do not have, and the error message.
REFUSED = {
    "neuron_types": "attr must be one that nefsim has, got refractory_time",
    "pes": "attr must be one that nefsim has, got delta",
    "slices": "have a synapse in each loop",
}


@pytest.fixture(autouse=True)
def without_cache():
    """Decoders are solved, not read from this machine."""
    before = nengo.rc.get("decoder_cache", "enabled")
    nengo.rc.set("decoder_cache", "enabled", "False")
    yield
    nengo.rc.set("decoder_cache", "enabled", before)


def records(simulator, probes, seconds=0.2):
    with simulator:
        simulator.run(seconds)
    return [simulator.data[probe] for probe in probes]


def in_nengo(model, seconds=0.2):
    simulator = nengo.Simulator(model, progress_bar=False, optimize=False)
    return records(simulator, model.all_probes, seconds)


def in_nefsim(net, seconds=0.2, **options):
    return records(nef.Simulator(net, **options), net.all_probes, seconds)


def assert_same(model, actual, expected, rounding=ROUNDING):
    """Equal spikes, and other values equal up to rounding."""
    assert len(model.all_probes) == len(actual) == len(expected) > 0
    for probe, x, y in zip(model.all_probes, actual, expected, strict=True):
        assert x.shape == y.shape
        if isinstance(probe.obj, nengo.ensemble.Neurons) and probe.attr == "output":
            spiking = probe.obj.ensemble.neuron_type.spiking
            assert not spiking or np.array_equal(x > 0, y > 0)
        scale = max(1.0, np.abs(y).max(initial=0.0))
        assert np.abs(x - y).max(initial=0.0) <= rounding * scale, str(probe)


def nengo_kinds():
    rates = [nengo.LIFRate(), nengo.RectifiedLinear(), nengo.Sigmoid(), nengo.Tanh()]
    return [
        *rates,
        nengo.LIF(amplitude=0.3, min_voltage=-1),
        nengo.AdaptiveLIF(tau_n=0.1),
        nengo.AdaptiveLIFRate(tau_n=0.1),
        nengo.SpikingRectifiedLinear(),
        nengo.Izhikevich(),
        *(nengo.RegularSpiking(rate) for rate in rates),
        *(nengo.PoissonSpiking(rate) for rate in rates),
        *(nengo.StochasticSpiking(rate) for rate in rates),
    ]


# The same spikes


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [n for n in nengo_models.MODELS if n not in REFUSED])
def test_a_model_gives_nengos_spikes(name, backend):
    expected = in_nengo(nengo_models.network(name))
    model = nengo_models.network(name)  # functions of a model may share variables
    net = from_nengo(model)
    assert_same(model, in_nefsim(net, backend=backend), expected, ROUNDINGS.get(name, ROUNDING))


@pytest.mark.parametrize("name", [n for n in nengo_models.MODELS if n not in REFUSED])
def test_a_conversion_to_nefsim_and_back_has_nengos_spikes(name):
    expected = in_nengo(nengo_models.network(name))
    model = to_nengo(from_nengo(nengo_models.network(name)))
    rounding = ROUNDINGS.get(name, ROUNDING)
    assert_same(nengo_models.network(name), in_nengo(model), expected, rounding)


@pytest.mark.parametrize("name", REFUSED)
def test_objects_that_only_nengo_has_are_refused_by_name(name):
    with pytest.raises(ValueError, match=REFUSED[name]):
        nef.Simulator(from_nengo(nengo_models.network(name)))


def stochastic():
    """Neuron types and noise that draw random numbers of Nengo's."""
    u = nengo.Node(nengo.processes.WhiteNoise(nengo.dists.Gaussian(0, 0.1)))
    shared = nengo.Node(nengo.processes.WhiteSignal(0.1, 20, seed=3))
    for kind in (nengo.PoissonSpiking, nengo.StochasticSpiking, nengo.RegularSpiking):
        noise = nengo.processes.FilteredNoise(0.01, nengo.dists.Gaussian(0, 0.1))
        a = nengo.Ensemble(20, 1, neuron_type=kind(nengo.LIFRate()), noise=noise)
        nengo.Connection(u, a)
        nengo.Connection(shared, a)
        nengo.Probe(a.neurons)


def model_of(build_model, seed=1):
    with nengo.Network(seed=seed) as model:
        build_model()
    return model


@pytest.mark.parametrize("kind", nengo_kinds())
def test_a_neuron_type_gives_nengos_spikes(kind):
    def build_model():
        a = nengo.Ensemble(30, 1, neuron_type=kind, max_rates=nengo.dists.Uniform(210, 230))
        nengo.Connection(nengo.Node(lambda t: np.sin(10 * t)), a)
        nengo.Probe(a, synapse=0.02)
        for name in kind.probeable:
            if name != "refractory_time":
                nengo.Probe(a.neurons, name)

    model = model_of(build_model)
    expected = in_nengo(model_of(build_model))
    for backend in BACKENDS:
        assert_same(model, in_nefsim(from_nengo(model), backend=backend), expected)
    assert_same(model, in_nengo(to_nengo(from_nengo(model))), expected)


class Converted:
    """A simulator of a converted model, with the interface that the comparison uses."""

    def __init__(self, network, model, seed, progress_bar, backend):
        network = model.toplevel
        self.net = from_nengo(network, model.dt, seed)
        self.simulator = nef.Simulator(self.net, model.dt, backend)
        self.model = SimpleNamespace(probes=list(in_order_of_building(network)))
        self.probes = dict(zip(network.all_probes, self.net.all_probes, strict=True))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.simulator.close()

    def run(self, seconds):
        try:
            self.simulator.run(seconds)
        finally:
            self.n_steps, self.dt = self.simulator.n_steps, self.simulator.dt
            data = self.simulator.data
            self.data = {probe: data[converted] for probe, converted in self.probes.items()}

    def trange(self, sample_every):
        steps = np.arange(1, self.n_steps + 1)
        return self.dt * steps[steps % ((sample_every or self.dt) / self.dt) < 1]


def in_order_of_building(model):
    for inner in model.networks:
        yield from in_order_of_building(inner)
    yield from model.probes


@pytest.mark.parametrize("first", range(0, 60, 20))
@pytest.mark.filterwarnings("ignore")  # Nengo warns of encoders and overflow
def test_random_models_give_nengos_spikes_or_are_refused(first):
    same = 0
    for seed, backend in product(range(first, first + 20), BACKENDS):
        try:
            differences = nengo_random.compared(seed, 0.05, Converted, [backend])
            assert not differences
            same += differences is not None
        except ValueError as refused:
            assert " must be one that nefsim has, got " in str(refused)
    assert same


class Walk(nengo.Process):
    """A custom process, random and without a seed."""

    def make_step(self, shape_in, shape_out, dt, rng, state):
        place = np.zeros(shape_out)

        def step(t):
            place[...] += rng.normal(size=shape_out) * dt
            return place

        return step


def views():
    u = nengo.Node(lambda t: [np.sin(10 * t), np.cos(7 * t), t])
    walk = nengo.Node(Walk(), size_out=2)
    a = nengo.Ensemble(40, 3)
    relay = nengo.Node(size_in=4)
    nengo.Connection(u[[2, 0]], a[1:], synapse=None)
    nengo.Connection(u, relay[[0, 0, 2]], transform=0.5)
    nengo.Connection(a, relay[[1, 3, 3]], transform=[0.5, 1, -1])
    nengo.Connection(walk, a.neurons[[7, 7]])
    nengo.Connection(relay[[True, False, True, False]], a[[0, 2]])
    nengo.Connection(a[::-2], relay[1:3], function=np.square)
    points = np.linspace(-1, 1, 50)[:, None] * np.ones(3)
    nengo.Connection(a, relay[0], function=points[:, :1] ** 2, eval_points=points)
    nengo.Probe(relay)
    nengo.Probe(walk)
    nengo.Probe(a[1:], synapse=0.01)
    nengo.Probe(a.neurons[::3])
    nengo.Probe(a, "input")


@pytest.mark.parametrize("backend", BACKENDS)
def test_views_and_processes_of_a_user_give_nengos_spikes(backend):
    model = model_of(views)
    expected = in_nengo(model_of(views))
    assert_same(model, in_nefsim(from_nengo(model), backend=backend), expected)
    assert_same(model, in_nengo(to_nengo(from_nengo(model))), expected)


# Features that Nengo's simulator does not have


@pytest.mark.parametrize("transform", [1, -0.5, np.array([2.0, 3.0])])
@pytest.mark.parametrize("decoded", [False, True])
def test_two_values_for_one_dimension_are_summed(transform, decoded):
    with nengo.Network(seed=1) as model:
        source = nengo.Node(lambda t: [np.sin(9 * t), 0.3])
        if decoded:
            pre = nengo.Ensemble(40, 2)
            nengo.Connection(source, pre)
            source = pre
        relay = nengo.Node(size_in=3)
        nengo.Connection(source, relay[[1, 1]], transform=transform)
        nengo.Probe(relay)
    assert_same(model, in_nefsim(from_nengo(model)), in_nengo(model))


@pytest.mark.parametrize("backend", BACKENDS)
def test_trials_of_a_batch_are_runs_with_seeds_in_a_row(backend):
    model = model_of(stochastic)
    batch = in_nefsim(from_nengo(model), batch_size=3, backend=backend)
    for trial in range(3):
        if trial:  # in Nengo all stochastic neurons have one seed
            simulator = nefsim.nengo.Simulator(
                model, progress_bar=False, batch_size=3, backend=backend
            )
            alone = [x[trial] for x in records(simulator, model.all_probes)]
        else:
            alone = in_nengo(model)
        assert_same(model, [x[trial] for x in batch], alone)


def test_the_seed_of_a_conversion_is_that_of_the_simulator():
    model = model_of(nengo_models.processes)
    simulator = nengo.Simulator(model, seed=7, progress_bar=False, optimize=False)
    expected = records(simulator, model.all_probes)
    assert_same(model, in_nefsim(from_nengo(model, seed=7)), expected)
    assert_same(model, in_nefsim(from_nengo(model), seed=7), expected)
    again = in_nefsim(from_nengo(model))
    assert not np.array_equal(again[0], expected[0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_converted_network_can_be_saved_and_continued(backend, tmp_path):
    model = model_of(stochastic)
    whole = in_nefsim(from_nengo(model), backend=backend)
    simulator = nef.Simulator(from_nengo(model), backend=backend)
    simulator.run(0.1)
    path = simulator.save(tmp_path / "half")
    net = from_nengo(model)
    again = nef.Simulator.load(path, net, backend=backend)
    again.run(0.1)
    for probe, wanted in zip(net.all_probes, whole, strict=True):
        assert wanted.any()
        assert np.array_equal(again.data[probe], wanted)
    again.reset()
    again.run(0.2)
    for probe, wanted in zip(net.all_probes, whole, strict=True):
        assert np.array_equal(again.data[probe], wanted)


def test_a_converted_network_can_be_described_and_checked():
    model = nengo_models.network("product")
    net = from_nengo(model)
    assert nef.describe(net).neurons == net.n_neurons == model.n_neurons
    assert [len(inner.ensembles) for inner in net.everything()] == [
        len(inner.ensembles) for inner in (model, *model.all_networks)
    ]
    assert nef.crosscheck(net, 0.2).agrees
    with nef.Simulator(net) as simulator:
        built = simulator.data
        for ensemble, original in zip(net.all_ensembles, model.all_ensembles, strict=True):
            assert ensemble.label.endswith(f".{original.label}")
            shape = (original.n_neurons, original.dimensions)
            assert built[ensemble].encoders.shape == shape


def test_fixed_decoders_are_solved_again_for_other_neurons():
    pytest.importorskip("nir")
    from nefsim import nir

    def values(net):
        with nef.Simulator(net) as simulator:
            simulator.run(2.0)
        return simulator.data[net.all_probes[0]][-1000:]

    with nengo.Network(seed=1) as model:
        a = nengo.Ensemble(200, 1, seed=3)
        b = nengo.Ensemble(200, 1, seed=4)
        nengo.Connection(nengo.Node(0.8), a)
        nengo.Connection(a, b, function=np.square, transform=0.5)
        nengo.Probe(b, synapse=0.1)
    net = from_nengo(model)
    with pytest.raises(ValueError, match="refractory period"):
        nir.to_nir(net)
    graph = nir.to_nir(net, allow_lossy=True)
    again = nir.from_nir(graph)
    # Half the square of 0.8 from neurons without refractory times, and the noise of spikes.
    assert abs(values(net).mean() - 0.32) < 0.02
    assert abs(values(again).mean() - 0.32) < 0.03


def test_thresholds_of_associative_memories_are_sharp():
    def build_model():
        memory = nengo.networks.AssociativeMemory(np.eye(3))
        memory.add_wta_network()
        memory.add_threshold_to_outputs()
        u = nengo.Node(lambda t: np.roll([1, 0, 0], int(t * 10) % 3))
        nengo.Connection(u, memory.input)
        gated = nengo.networks.InputGatedMemory(50, 2)
        nengo.Connection(u[:2], gated.input)
        nengo.Probe(memory.output, synapse=0.01)
        nengo.Probe(gated.output, synapse=0.01)
        for ensemble in nengo.Network.context[-1].all_ensembles:
            nengo.Probe(ensemble.neurons)

    model = model_of(build_model)
    expected = in_nengo(model)
    for backend in BACKENDS:
        assert_same(model, in_nefsim(from_nengo(model), backend=backend), expected)


# Objects that nefsim's networks do not have


class CustomLIF(nengo.LIF):
    """A custom neuron type."""


class CustomSynapse(nengo.Lowpass):
    """A custom synapse."""


class CustomRule(nengo.PES):
    """A custom rule."""


def custom_neurons():
    nengo.Ensemble(10, 1, neuron_type=CustomLIF())


def custom_synapse():
    nengo.Connection(nengo.Node(1.0), nengo.Ensemble(10, 1), synapse=CustomSynapse(0.1))


def custom_rule():
    a = nengo.Ensemble(10, 1)
    nengo.Connection(a, nengo.Node(size_in=1), learning_rule_type=CustomRule())


def process_with_input():
    nengo.Node(nengo.Lowpass(0.1), size_in=1)


def random_transform():
    a = nengo.Ensemble(10, 1)
    nengo.Connection(a, a, transform=nengo.transforms.Dense((1, 1), nengo.dists.Uniform(0, 1)))


def three_dimensions():
    cube = nengo.Convolution(1, (3, 3, 3, 1), kernel_size=(2, 2, 2), strides=(1, 1, 1))
    nengo.Connection(nengo.Node(np.ones(27)), nengo.Node(size_in=8), transform=cube)


def weights_of_one_number():
    a = nengo.Ensemble(10, 1)
    nengo.Probe(nengo.Connection(nengo.Node(1.0), a, transform=2.0), "weights")


def test_probed_constant_weights_are_those_of_nengo():
    with nengo.Network(seed=3) as model:
        a, b = nengo.Ensemble(20, 2), nengo.Ensemble(10, 2)
        full = nengo.solvers.LstsqL2(weights=True)
        connections = (
            nengo.Connection(a, b, transform=[[1, 2], [0, 1]]),
            nengo.Connection(a[1], b[0], function=np.square),
            nengo.Connection(a, b, solver=full),
            nengo.Connection(a, b[[1, 0]]),
            nengo.Connection(a.neurons, b.neurons, transform=np.full((10, 20), 1e-3)),
        )
        for connection in connections:
            nengo.Probe(connection, "weights", sample_every=0.1)
    expected = in_nengo(model)
    assert [len(rows) for rows in expected] == [2] * len(connections)
    assert_same(model, in_nefsim(from_nengo(model)), expected)


@pytest.mark.parametrize(
    ("build_model", "message"),
    [
        (custom_neurons, "neuron_type must be one that nefsim has, got CustomLIF"),
        (custom_synapse, "synapse must be one that nefsim has, got CustomSynapse"),
        (custom_rule, "learning_rule_type must be one that nefsim has, got CustomRule"),
        (process_with_input, "output must be one that nefsim has, got a process with input"),
        (random_transform, "transform must be one that nefsim has, got Uniform"),
        (three_dimensions, "transform must have one or two dimensions, got 3"),
        (weights_of_one_number, "got weights that are not a matrix"),
    ],
)
def test_objects_without_a_counterpart_are_refused_by_name(build_model, message):
    with pytest.raises(ValueError, match=rf"{message}.*; .*run it in nefsim.nengo.Simulator\.$"):
        from_nengo(model_of(build_model))


@pytest.mark.parametrize(
    "options",
    [{"network": 3}, {"network": None}, {"dt": 0.0}, {"dt": "x"}, {"seed": -1}, {"seed": 0.5}],
    ids=str,
)
def test_bad_arguments_are_refused_in_a_sentence(options):
    network = options.pop("network", model_of(custom_neurons))
    with pytest.raises((ValueError, TypeError), match=r"from_nengo.*: .+ must .+, got .+; .+\."):
        from_nengo(network, **options)
