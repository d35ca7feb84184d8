"""Model files: equal spikes after loading, and files that are refused."""

from __future__ import annotations

import inspect
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import named_models
import numpy as np
import pytest

import nefsim as nef
from nefsim._values import Value
from nefsim.learned import carry_over
from nefsim.models import contents, names
from nefsim.models.values import decode, encode

HERE = Path(__file__).parent
N_STEPS = 150


def run(net: nef.Network, learned: nef.Simulator | None = None) -> nef.Simulator:
    """A run on NumPy, from what another simulator has learned."""
    sim = nef.Simulator(net, backend="numpy", progress=False)
    if learned is not None:
        carry_over(learned.built.program, learned.state, sim.state)
    sim.run_steps(N_STEPS)
    return sim


def records(sim: nef.Simulator) -> dict[str, np.ndarray]:
    return {str(i): sim.recorded(probe) for i, probe in enumerate(sim.probes)}


FRESH = """
import sys, warnings
from pathlib import Path
import numpy as np
import nefsim as nef

for folder in sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir()):
    for kind in ("described", "built"):
        net = nef.load_network(folder / f"{kind}.nef", allow=("named_models",))
        sim = nef.Simulator(net, backend="numpy", progress=False)
        sim.run_steps(int(sys.argv[2]))
        with np.load(folder / f"{kind}.npz") as expected:
            assert len(expected.files) == len(sim.probes) > 0
            for i, probe in enumerate(sim.probes):
                assert np.array_equal(sim.recorded(probe), expected[str(i)]), (folder.name, kind)
    print(folder.name)
"""


def test_networks_run_to_equal_numbers_in_a_fresh_process(tmp_path):
    """All networks of the tests, as described and with arrays and learned weights."""
    for name, net in named_models.NETWORKS.items():
        folder = tmp_path / name
        folder.mkdir()
        first = run(net)
        net.save(folder / "described.nef")
        np.savez(folder / "described.npz", **records(first))
        net.save(folder / "built.nef", sim=first)
        np.savez(folder / "built.npz", **records(run(net, first)))
    command = [sys.executable, "-W", "ignore", "-c", FRESH, str(tmp_path), str(N_STEPS)]
    paths = f"{HERE.parent}:{HERE}"
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split("\n")[:-1] == sorted(named_models.NETWORKS)


def test_a_network_with_arrays_solves_nothing(tmp_path, monkeypatch):
    net = named_models.NETWORKS["views"]
    path = net.save(tmp_path / "a", sim=nef.Simulator(net, progress=False))
    again = nef.load_network(path, allow=("named_models",))
    monkeypatch.setattr(nef.NoiseMatched, "prepare_readers", None)
    sim = nef.Simulator(again, progress=False)
    with pytest.raises(TypeError):
        nef.Simulator(net, progress=False)
    assert all(sim.data[c].decoders is not None for c in again.connections if c.pre is a_of(again))


@pytest.mark.parametrize("name", ["voja", "several"])
def test_learned_weights_and_encoders_of_a_file_run_in_nengo_too(tmp_path, name):
    pytest.importorskip("nengo")
    net = named_models.NETWORKS[name]
    path = net.save(tmp_path / "a", sim=run(net))
    again = nef.load_network(path, allow=("named_models",))
    variables = [
        (arrays, key) for arrays in again.presets.values() for key in arrays if "rule" in key
    ]
    assert bool(variables) == (name == "several")
    for arrays, key in variables:
        with pytest.raises(ValueError, match="start from no variables of a file in Nengo"):
            nef.Simulator(again, backend="nengo")
        del arrays[key]
    report = nef.crosscheck(again, seconds=0.1, backends=("numpy", "nengo"))
    assert report.spikes_differ == 0


#: The ready networks, each as a call with few neurons.
READY = {
    "adaptive_control": lambda n, net: n.adaptive_control(net, 20, 1),
    "associative_memory": lambda n, net: n.associative_memory(net, np.eye(2), n_neurons=20),
    "attractor": lambda n, net: n.attractor(net, 50, 1, np.sin),
    "basal_ganglia": lambda n, net: n.basal_ganglia(net, 2, n_neurons=20),
    "circular_convolution": lambda n, net: n.circular_convolution(net, 20, 2),
    "controlled_integrator": lambda n, net: n.controlled_integrator(net, 30),
    "controlled_oscillator": lambda n, net: n.controlled_oscillator(net, 50, 2.0),
    "decision": lambda n, net: n.decision(net, 30),
    "delay": lambda n, net: n.delay(net, 60, 0.1, order=3),
    "dot_product": lambda n, net: n.dot_product(net, 20, 2),
    "ensemble_array": lambda n, net: n.ensemble_array(net, 20, 2),
    "input_gated_memory": lambda n, net: n.input_gated_memory(net, 30, 1),
    "integrator": lambda n, net: n.integrator(net, 30),
    "lorenz": lambda n, net: n.lorenz(net, 50),
    "matrix_product": lambda n, net: n.matrix_product(net, 10, (1, 2), (2, 1)),
    "oscillator": lambda n, net: n.oscillator(net, 50, 2.0),
    "product": lambda n, net: n.product(net, 20, 1),
    "reservoir": lambda n, net: n.reservoir(net, 30, 1),
    "system": lambda n, net: n.system(net, 30, [[-1.0]], [[1.0]]),
    "thalamus": lambda n, net: n.thalamus(net, 2, n_neurons=20),
    "thresholding": lambda n, net: n.thresholding(net, 20, 2, 0.3),
    "winner_take_all": lambda n, net: n.winner_take_all(net, 30, 2),
}


@dataclass(frozen=True, eq=False)
class Habituation(nef.LearningRule):
    """A custom rule with a state: weights of neurons that fire often fall."""

    learning_rate: float = 1e-6

    def start(self, n_in, n_out, dt):
        return {"used": np.zeros(n_in), "matrix": np.zeros((n_out, n_in)), "dt": np.array(dt)}

    def step(self, pre, post, error, weights, **more):
        more["used"][...] += pre * more["dt"]
        more["matrix"][...] += np.outer(post, pre) * 1e-9
        return -self.learning_rate * weights * more["used"] - self.learning_rate * more["matrix"]


def learners() -> nef.Network:
    """Each rule that has variables, and some without, alone and together."""
    net = nef.Network(seed=5)
    u = net.node(np.sin)
    a, b = net.ensemble(30, 1), net.ensemble(20, 1)
    net.connect(u, a)
    weights = nef.LstsqL2(weights=True)
    start = np.linspace(1, 40, 20)
    rules = [
        nef.BCM(3e-9, theta_start=start, theta_synapse=0.3),
        [nef.Oja(1e-6), nef.BCM(1e-9, theta_synapse=0.2)],
        Habituation(),
        nef.HPES(1e-7, supervision=0.3, theta_synapse=0.1),
        {"one": nef.BCM(2e-9, theta_synapse=nef.Alpha(0.05)), "two": Habituation(1e-5)},
    ]
    errors = net.node(size_in=1)
    for rule in rules:
        c = net.connect(a, b, solver=weights, learning_rule=rule)
        if isinstance(rule, nef.HPES):
            net.connect(errors, c.learning_rule)
    net.connect(
        a.neurons, b.neurons, transform=np.full((20, 30), 1e-6), learning_rule=nef.BCM(1e-9)
    )
    net.connect(b, errors)
    net.connect(u, errors, transform=-1)
    out = net.node(size_in=1)
    c = net.connect(a, out, function=np.zeros_like, learning_rule=nef.RLS(1e-3))
    net.connect(errors, c.learning_rule)
    net.connect(u, b, learning_rule=nef.Voja(1e-3))
    net.probe(b.neurons)
    net.probe(out)
    return net


@pytest.mark.parametrize("backend", nef.backends.available())
def test_variables_of_rules_are_in_a_file_so_that_learning_goes_on(tmp_path, backend):
    """As after a reset that keeps what was learned."""
    if not nef.backends.BACKENDS[backend].keeps_state:
        return
    net = learners()
    sim = nef.Simulator(net, backend=backend, progress=False)
    sim.run_steps(400)
    path = net.save(tmp_path / "model", sim=sim)
    found = {name for row in description(path)["built"]["connections"] for name in row}
    expected = {"rule 0 theta", "rule 1 theta", "rule 0 used", "rule 1 used", "rule 0 inverse"}
    assert expected < found and {"rule 0 matrix", "rule 0 dt", "learned"} < found
    sim.reset(keep_weights=True)
    loaded = nef.load_network(path, allow=("test_models",))
    again = nef.Simulator(loaded, backend=backend, progress=False)
    without = nef.load_network(path, allow=("test_models",))
    for arrays in without.presets.values():
        for name in [name for name in arrays if name.startswith("rule")]:
            del arrays[name]
    naive = nef.Simulator(without, backend=backend, progress=False)
    for each in (sim, again, naive):
        each.run_steps(600)
    assert records(sim)["0"].any()
    assert np.array_equal(records(again)["0"], records(sim)["0"])
    # The thresholds are divided by the constant of their filter and multiplied by it again.
    assert np.allclose(records(again)["1"], records(sim)["1"], rtol=0, atol=1e-9)
    assert not np.array_equal(records(naive)["0"], records(sim)["0"])


def test_variables_of_another_shape_are_refused(tmp_path):
    net = nef.Network(seed=1)
    a, b = net.ensemble(10, 1), net.ensemble(8, 1)
    net.connect(a, b, solver=nef.LstsqL2(weights=True), learning_rule=nef.BCM(1e-9))
    out = net.node(size_in=1)
    c = net.connect(a, out, function=np.zeros_like, learning_rule=nef.RLS(1e-3))
    net.connect(out, c.learning_rule)
    path = net.save(tmp_path / "model", sim=nef.Simulator(net, backend="numpy", progress=False))

    def put(place: int, name: str, value: list):
        return lambda model: model["built"]["connections"][place].update({name: value})

    whole = path.read_bytes()
    for place, name, value, words in (
        (0, "rule 0 theta", [[1.0]], "shape"),
        (0, "rule 0 theta", ["a"], "theta"),
        (0, "rule 1 theta", [1.0], "is not of"),
        (0, "rule 0 other", [1.0], "is not of"),
        (1, "rule 0 inverse", [1.0], "shape"),
    ):
        path.write_bytes(whole)
        with pytest.raises(ValueError, match=words):
            nef.load_network(rewritten(path, put(place, name, value)))
    for place, name, value in ((0, "rule 0 theta", [1.0]), (1, "rule 0 inverse", [[1.0]])):
        path.write_bytes(whole)
        loaded = nef.load_network(rewritten(path, put(place, name, value)))
        with pytest.raises(ValueError, match=r"must have"):
            nef.Simulator(loaded, backend="numpy", progress=False)


def test_each_ready_network_is_saved_and_needs_no_permission(tmp_path):
    functions = [name for name in nef.networks.__all__ if name[0].islower()]
    assert sorted(READY) == sorted(functions)
    for name, add in READY.items():
        net = nef.Network(seed=1)
        add(nef.networks, net)
        for ensemble in net.all_ensembles:
            net.probe(ensemble.neurons)
        first = run(net)
        net.save(tmp_path / name, sim=first)
        net.save(tmp_path / f"{name}-described")
        assert contents(tmp_path / name)["modules"] == []
        for path in (tmp_path / name, tmp_path / f"{name}-described"):
            again = records(run(nef.load_network(path)))
            assert again and all(np.array_equal(again[k], v) for k, v in records(first).items())


def test_networks_of_nengo_are_saved(tmp_path):
    """Their decoders are values of :mod:`nefsim.nengo`, which is imported only if allowed."""
    nengo = pytest.importorskip("nengo")
    from nefsim.nengo import from_nengo

    with nengo.Network(seed=1) as model:
        a, b = nengo.Ensemble(50, 1), nengo.Ensemble(30, 1)
        nengo.Connection(nengo.Node(np.sin), a)
        nengo.Connection(a, b, function=np.square)
        nengo.Probe(b.neurons)
    net = from_nengo(model)
    path = net.save(tmp_path / "a")
    with pytest.raises(ValueError, match=r"allow must name 'nefsim\.nengo\."):
        nef.load_network(path)
    again = nef.load_network(path, allow=("nefsim.nengo",))
    assert records(run(again))["0"].any()
    assert np.array_equal(records(run(again))["0"], records(run(net))["0"])


def a_of(net: nef.Network) -> nef.Ensemble:
    return next(ensemble for ensemble in net.ensembles if ensemble.label == "a")


def small() -> nef.Network:
    """A part of each kind."""
    net = nef.Network(seed=1, label="small")
    stimulus = net.node(np.sin, seed=4, label="u")
    inner = net.subnetwork("inner", seed=9)
    inner._warns_of_radius = False
    a = inner.ensemble(20, 2, seed=5, label="a", noise=nef.FilteredNoise(0.01))
    b = net.ensemble(10, 1, label="b", neuron_type=nef.PoissonSpiking(nef.LIFRate()))
    net.connect(stimulus, a[1], transform=0.5, seed=3)
    learned = net.connect(
        a[0], b, function=np.square, delay=0.003, learning_rule={"first": nef.PES(1e-5)}
    )
    net.connect(stimulus, learned.learning_rule["first"], synapse=None)
    net.connect(stimulus, learned.learning_rule["first"].gate, synapse=None)
    net.connect(a.neurons[[3, 1]], b.neurons, transform=np.full((10, 2), 1e-3))
    net.probe(learned, "weights", label="w")
    net.probe(a.neurons, "voltage", sample_every=0.002)
    inner.probe(a[1], synapse=0.01)
    return net


def test_seeds_labels_and_places_are_those_of_the_network(tmp_path):
    net = small()
    again = nef.load_network(net.save(tmp_path / "a"))
    assert (again.seed, again.label) == (1, "small")
    assert [(n.seed, n.label) for n in again.networks] == [(9, "inner")]
    assert again._warns_of_radius and not again.networks[0]._warns_of_radius
    for kind in ("all_nodes", "all_ensembles", "all_connections", "all_probes"):
        mine, theirs = getattr(net, kind), getattr(again, kind)
        assert [repr(thing) for thing in mine] == [repr(thing) for thing in theirs]
        assert [getattr(t, "seed", 0) for t in mine] == [getattr(t, "seed", 0) for t in theirs]
        assert [t.network.path() for t in mine] == [t.network.path() for t in theirs]
    assert again.connections[1].learning_rule.keys() == {"first"}
    text = description(tmp_path / "a.nef")
    again.save(tmp_path / "b")
    assert {**text, "provenance": 0} == {**description(tmp_path / "b.nef"), "provenance": 0}


def test_an_open_seed_becomes_that_of_the_simulator(tmp_path):
    net = nef.Network()
    a = net.ensemble(20, 1, initial_state={"voltage": nef.Uniform(0, 1)})
    net.probe(a.neurons)
    sim = run(net)
    assert nef.load_network(net.save(tmp_path / "open")).seed is None
    again = nef.load_network(net.save(tmp_path / "a", sim=sim))
    assert again.seed == sim.seed
    assert np.array_equal(run(again).recorded(again.probes[0]), sim.recorded(net.probes[0]))


def description(path: Path) -> dict:
    with zipfile.ZipFile(path) as file:
        return json.loads(file.read("model.json"))


def rewritten(path: Path, change) -> Path:
    """The file with another description."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    model = json.loads(members["model.json"])
    change(model)
    sys.set_int_max_str_digits(0)
    members["model.json"] = json.dumps(model).encode()
    sys.set_int_max_str_digits(4300)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


# functions and types


def gate(t):
    return float(t > 0.1)


class Doubled:
    """A decorator, which leaves an object under the name of a function."""

    def __init__(self, function):
        self.function = function

    def __call__(self, t):
        return 2 * self.function(t)


@Doubled
def decorated(t):
    return t


def cubed(x):
    return x**3


def test_functions_can_be_written_as_their_values(tmp_path):
    """The decoders are those of the functions, and no module needs to be allowed."""
    net = nef.Network(seed=3)
    u = net.node(np.sin)
    a, b = net.ensemble(40, 2, radius=1.5), net.ensemble(30, 1)
    net.connect(u, a[0])
    net.connect(a, b, function=lambda x: x[0] * x[1])
    net.connect(a[1], b, function=cubed, eval_points=nef.Uniform(-1, 1))
    net.connect(a, b, function=lambda x: x[:1] + 1, eval_points=np.eye(2), scale_eval_points=False)
    net.connect(b, a[1], function=np.square, solver=nef.LstsqL2(weights=True))
    c = net.connect(a, b, function=lambda x: 0.5, learning_rule=nef.PES(1e-4))
    net.connect(b, c.learning_rule)
    net.probe(b.neurons)
    net.probe(b, synapse=0.01)
    expected = run(net)
    for sim in (None, nef.Simulator(net, backend="numpy", progress=False)):
        path = net.save(tmp_path / "a", sim=sim, functions="values")
        assert contents(path)["names"] == [n for n in contents(path)["names"] if "cubed" not in n]
        again = nef.load_network(path)
        assert [callable(c.function) for c in again.connections[1:6]] == [False] * 3 + [True, False]
        assert all(
            np.array_equal(one, other)
            for one, other in zip(
                records(run(again)).values(), records(expected).values(), strict=True
            )
        )
    assert net.connections[1].eval_points is None  # the network itself is unchanged


def test_values_of_functions_that_are_called_in_each_step_are_not_enough(tmp_path):
    direct = nef.Network(seed=3)
    direct.connect(
        direct.ensemble(1, 1, neuron_type=nef.Direct()),
        direct.node(size_in=1),
        function=lambda x: x,
    )
    from_node = nef.Network(seed=3)
    from_node.connect(from_node.node([0.0]), from_node.node(size_in=1), function=lambda x: x)
    node = nef.Network(seed=3)
    node.node(lambda t: t)
    for net in (direct, from_node, node):
        with pytest.raises(ValueError, match="be a function that can be imported by name"):
            net.save(tmp_path / "a", functions="values")
    with pytest.raises(ValueError, match=r"or pass functions=\"values\""):
        from_node.save(tmp_path / "a")
    with pytest.raises(ValueError, match=r"Network\.save: functions must be"):
        node.save(tmp_path / "a", functions="lambda")
    assert not (tmp_path / "a.nef").exists()


def test_functions_without_a_name_are_refused_with_the_cure(tmp_path):
    def local(x):
        return x

    inner = decorated.function
    for function, name in ((lambda x: x, "<lambda>"), (local, "local"), (inner, "decorated")):
        net = nef.Network()
        net.connect(net.ensemble(5, 1), net.node(size_in=1), function=function)
        with pytest.raises(
            ValueError, match=f"connections/0/function .* {name}; write it with def"
        ):
            net.save(tmp_path / "a.nef")
    assert not list(tmp_path.iterdir())


def test_only_modules_that_are_allowed_are_imported(tmp_path):
    net = nef.Network()
    net.node(gate)
    path = net.save(tmp_path / "a.nef")
    with pytest.raises(ValueError, match=r'load_network: allow must name .*; pass allow=\("'):
        nef.load_network(path)
    assert nef.load_network(path, allow=(__name__,)).nodes[0].output is gate

    def other(name):
        return lambda model: model["nodes"][0].update(output={"function": name})

    marker = tmp_path / "marker"
    (tmp_path / "trap.py").write_text(f"open({str(marker)!r}, 'w')\ndef f(t): return t\n")
    with pytest.raises(ValueError, match="allow must name 'trap'"):
        nef.load_network(rewritten(path, other("trap:f")), allow=(__name__,))
    assert not marker.exists()
    for name in (
        "os:system",
        "builtins:eval",
        "numpy:load",
        "numpy:fromfile",
        "numpy.lib.npyio:save",
        "math:__loader__",
        "scipy.special:test",
        ":f",
        "",
    ):
        with pytest.raises(ValueError, match=r"load_network: (allow|path) must"):
            nef.load_network(rewritten(path, other(name)))
    for name in (f"{__name__}:json.dumps", f"{__name__}:subprocess.run", f"{__name__}:no_such"):
        with pytest.raises(ValueError, match="there is no function"):
            nef.load_network(rewritten(path, other(name)), allow=(__name__,))


@pytest.mark.parametrize("allow", ["numpy", 3, None, (1,), ("a b",), ("",)])
def test_nonsense_for_allow_is_refused(tmp_path, allow):
    path = small().save(tmp_path / "a.nef")
    with pytest.raises((ValueError, TypeError), match="load_network: allow must be"):
        nef.load_network(path, allow=allow)


@dataclass(frozen=True, eq=False)
class Twice(nef.synapses.Synapse):
    """A type that is not of nefsim."""

    of: nef.synapses.Synapse

    def coefficients(self, dt):
        num, den = self.of.coefficients(dt)
        return 2 * np.asarray(num), den


def test_types_of_an_allowed_module_are_read(tmp_path):
    net = nef.Network(seed=1)
    net.connect(net.node(1.0), net.node(size_in=1), synapse=Twice(nef.Lowpass(0.1)))
    net.probe(net.nodes[1])
    path = net.save(tmp_path / "a")
    with pytest.raises(ValueError, match=f"allow must name '{__name__}'"):
        nef.load_network(path)
    again = nef.load_network(path, allow=(__name__,))
    assert again.connections[0].synapse == Twice(nef.Lowpass(0.1))
    assert records(run(again))["0"].max() > 1.0

    @dataclass(frozen=True, eq=False)
    class Local(Twice):
        pass

    net.connect(net.node(1.0), net.nodes[1], synapse=Local(nef.Lowpass(0.1)))
    with pytest.raises(ValueError, match="type that can be imported by name, got the class Local"):
        net.save(tmp_path / "b")


class Files(dict):
    """Arrays of a file."""

    def array(self, name):
        return self[name]


def test_every_value_is_equal_after_it_is_written_and_read():
    import scipy.special

    found = set()
    arrays = Files()
    for value in VALUES:
        again = decode(json.loads(json.dumps(encode(value, "x", arrays))), arrays, ())
        assert again == value, value
        found.add(type(value).__name__)
    assert found == names.types().keys()
    for function in (np.sin, np.absolute, np.maximum, np.zeros_like, scipy.special.expit):
        assert decode(encode(function, "x", arrays), arrays, ()) is function


def test_every_type_of_nefsim_has_fields_that_its_call_accepts():
    for name, kind in names.types().items():
        assert inspect.signature(kind).parameters.keys() == {
            f.name for f in fields(kind) if f.init
        }, name
        assert issubclass(kind, Value)


# files


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.update(version=2), "version is 2"),
        (lambda m: m.update(format="x"), "format is 'x'"),
        (lambda m: m["provenance"].update(n=10**4999), "digits"),
        (lambda m: m.pop("nodes"), "nodes of it is missing"),
        (lambda m: m["networks"][0].update(parent=0), "networks"),
        (lambda m: m["networks"].clear(), "networks"),
        (lambda m: m["ensembles"][0].update(n_neurons=-1), r"ensembles\[0\].*n_neurons"),
        (lambda m: m["ensembles"][0].update(network=7), r"ensembles\[0\]"),
        (lambda m: m["ensembles"][0].update(neuron_type=3), r"ensembles\[0\].*neuron_type"),
        (lambda m: m["connections"][0].update(pre={"node": 7}), r"connections\[0\].*no object"),
        (lambda m: m["connections"][0].update(pre={"node": -1}), r"connections\[0\].*no object"),
        (lambda m: m["connections"][1].update(post={"rule": [1, 0]}), "rule of itself"),
        (lambda m: m["connections"][0].update(transform={"array": "no"}), "there is no 'no'"),
        (lambda m: m["probes"][0].update(target={"connection": 99}), r"probes\[0\].*no object"),
        (lambda m: m["probes"][0].update(target={}), r"probes\[0\].*no object"),
        (lambda m: m["built"]["ensembles"].pop(), "built.ensembles is of 1 of 2"),
        (lambda m: m["built"]["ensembles"][0].pop("gain"), "there is no gain"),
        (lambda m: m["built"]["probes"][0].update(x=1), r"built.probes\[0\]"),
        (
            lambda m: m["built"]["ensembles"][0].update(
                gain=m["built"]["ensembles"][0]["encoders"]
            ),
            r"built.ensembles\[0\].*gain must have shape",
        ),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(tmp_path, change, words):
    net = small()
    path = net.save(tmp_path / "a.nef", sim=nef.Simulator(net, backend="numpy"))
    nef.load_network(path)
    with pytest.raises(ValueError, match=rf"(?s)load_network: path must be a model .*{words}"):
        nef.load_network(rewritten(path, change))


def test_indices_of_a_sparse_matrix_are_checked(tmp_path):
    """SciPy multiplies without a check of its own and would read beyond its arrays."""
    net = named_models.NETWORKS["sparse_transforms"]
    path = net.save(tmp_path / "a.nef")
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    name = "connections/1/transform/columns.npy"
    stream = io.BytesIO()
    np.save(stream, np.load(io.BytesIO(members[name])) + 10**6)
    members[name] = stream.getvalue()
    with zipfile.ZipFile(path, "w") as file:
        for member, content in members.items():
            file.writestr(member, content)
    with pytest.raises(ValueError, match="no sparse matrix"):
        nef.load_network(path, allow=("named_models",))


def test_a_flipped_bit_of_an_array_is_noticed(tmp_path):
    net = nef.Network(seed=1)
    net.node(np.random.default_rng(0).normal(size=4000))
    path = net.save(tmp_path / "a.nef")
    with zipfile.ZipFile(path) as file:
        member = file.getinfo("nodes/0/output.npy")
    good, begin = path.read_bytes(), member.header_offset + 100
    for bit in np.random.default_rng(1).integers(8 * begin, 8 * (begin + 20000), 40):
        raw = bytearray(good)
        raw[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(raw)
        with pytest.raises(ValueError, match="path must be a model of nefsim"):
            nef.load_network(path)


def test_the_limit_bounds_what_is_unpacked(tmp_path):
    net = nef.Network(seed=1)
    net.node(np.zeros(10**5))
    path = net.save(tmp_path / "a.nef")
    assert path.stat().st_size < 5000
    nef.load_network(path, limit=10**6)
    with pytest.raises(ValueError, match="above the limit of 100000"):
        nef.load_network(path, limit=10**5)
    rewritten(path, lambda m: m["nodes"].extend(m["nodes"] * 9))
    nef.load_network(path, limit=10**7)
    with pytest.raises(ValueError, match="named so often that they exceed 1000000 bytes"):
        nef.load_network(path, limit=10**6)


def test_wrong_simulators_and_networks_are_refused(tmp_path):
    net = small()
    for sim in (nef.Simulator(small(), backend="numpy"), 3, net):
        with pytest.raises(ValueError, match="sim must be a simulator of this network"):
            net.save(tmp_path / "a", sim=sim)
    batch = nef.Simulator(net, backend="numpy", batch_size=2)
    with pytest.raises(ValueError, match="one set of learned weights"):
        net.save(tmp_path / "a", sim=batch)
    with pytest.raises(ValueError, match="not be part of another network"):
        net.networks[0].save(tmp_path / "a")
    bad = nef.Simulator(net, backend="numpy")
    bad.state.ops[bad.built.program.writer[next(iter(bad.built.learned.values()))]]["weights"][
        ...
    ] = np.nan
    with pytest.raises(ValueError, match="be finite"):
        net.save(tmp_path / "a", sim=bad)
    for path in ("", 3, tmp_path / "no" / "a.nef"):
        with pytest.raises((ValueError, TypeError), match=r"Network\.save: path must"):
            net.save(path)
        with pytest.raises((ValueError, TypeError), match="load_network: path must"):
            nef.load_network(path)
    assert not list(tmp_path.iterdir())


def test_contents_are_shown_without_an_import(tmp_path, capsys):
    from nefsim.cli import main

    net = small()
    net.node(gate)
    path = net.save(tmp_path / "a.nef", sim=nef.Simulator(net, backend="numpy"))
    rewritten(path, lambda m: m["nodes"][1].update(output={"function": "no_such_module:f"}))
    found = contents(path)
    assert (found["neurons"], found["ensembles"], found["built"]) == (30, 2, True)
    assert found["modules"] == ["no_such_module"]
    assert found["arrays"]["built/ensembles/0/gain"] == [10]
    assert main(["info", str(path)]) == 0
    text = capsys.readouterr().out
    assert "modules to allow: no_such_module" in text and "PoissonSpiking" in text
    assert main(["info", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == json.loads(json.dumps(found))
    made = found["provenance"]
    assert made["versions"]["nefsim"] == nef.__version__ and made["build_seed"] == 1


def test_the_command_runs_a_model_file(tmp_path, capsys):
    from nefsim.cli import main

    path = named_models.NETWORKS["square"].save(tmp_path / "a.nef")
    out = ["--out", str(tmp_path / "a.npz")]
    assert main(["run", str(path), "--seconds", "0.05", "--json", *out]) == 0
    assert json.loads(capsys.readouterr().out)["n_steps"] == 50


def test_the_page_of_the_format_is_enough_to_read_a_model_without_nefsim(tmp_path):
    """Its first program writes a file; its second, with NumPy alone, decodes a square from it."""
    page = (HERE.parent / "docs" / "model-files.md").read_text(encoding="utf-8")
    programs = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(programs) == 2
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    for program, first in zip(programs, ("", "sys.modules['nefsim'] = None"), strict=True):
        done = subprocess.run(
            [sys.executable, "-c", f"import sys\n{first}\n{program}"],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
    net = nef.load_network(tmp_path / "model.nef")
    data, x = nef.Simulator(net, progress=False).data, np.linspace(-1, 1, 101)[:, None]
    a = data[net.ensembles[0]]
    rates = nef.tuning_curves(nef.LIF(), x, a.encoders, a.gain, a.bias)
    error = np.sqrt(np.mean((rates @ data[net.connections[1]].decoders - x**2) ** 2))
    assert 0 < error < 0.1
    # The page prints six digits after the point.
    assert float(done.stdout.split(": ")[1]) == pytest.approx(error, abs=1e-6)
    rows = description(tmp_path / "model.nef")
    for name in (*rows, *rows["ensembles"][0], *rows["built"]["ensembles"][0]):
        assert name in page or name in inspect.signature(nef.Network.ensemble).parameters


SYSTEM = nef.dynamics.LinearSystem([[-1.0]], [[1.0]], [[1.0]], [[0.0]])
IMAGES = np.random.default_rng(0).normal(size=(6, 4, 4))
LABELS = [0, 1, 0, 1, 2, 2]

VALUES = [
    nef.dynamics.realise_function(np.sin, 0.1, method="rk4"),
    nef.PerElement([0.1, nef.Alpha(0.02)]),
    nef.sampling.Constant(2.0),
    nef.Uniform(-1, 1),
    nef.Gaussian(0, 1),
    nef.Exponential(1.0),
    nef.Choice([[1.0], [2.0]], [0.5, 0.5]),
    nef.Samples([[1.0], [2.0]]),
    nef.Mixture([nef.Uniform(0, 1), nef.Gaussian(0, 1)]),
    nef.Copula([nef.Uniform(0, 1), nef.Gaussian(0, 1)], [[1.0, 0.5], [0.5, 1.0]]),
    nef.Tile([[1.0], [2.0]]),
    nef.SparsePatches((4, 4), 2),
    nef.SparseGabor((8, 8), 4),
    nef.CIW(IMAGES, LABELS),
    nef.ConstrainedDifference(IMAGES, LABELS),
    nef.UniformHypersphere(surface=True),
    nef.ScatteredHypersphere(),
    nef.CosineSimilarity(3),
    nef.ScatteredCube(),
    nef.Orthogonal(),
    nef.Leech(),
    nef.Lowpass(0.1),
    nef.Alpha(0.1),
    nef.DoubleExp(0.1, 0.2),
    nef.Triangle(0.1),
    nef.Box(0.02),
    nef.Delay(0.01),
    nef.Highpass(0.1),
    nef.Bandpass(20.0, 5.0),
    nef.Lowpass(0.1) * nef.Delay(0.002),
    nef.Lowpass(0.005) - 0.2 * nef.Alpha(0.1),
    nef.LinearFilter([1.0], [0.1, 1.0]),
    nef.BCM(),
    nef.Oja(),
    nef.Voja(),
    nef.HPES(),
    nef.PES(),
    nef.DeltaRule(),
    nef.Association(),
    nef.Sanger(),
    nef.RLS(),
    nef.LIF(tau_rc=np.array([0.02, 0.03])),
    nef.LIFRate(),
    nef.AdaptiveLIF(),
    nef.AdaptiveLIFRate(),
    nef.Direct(),
    nef.DiscreteLIF(),
    nef.InverseLIF(n_steps=4),
    nef.Izhikevich(),
    nef.RectifiedLinear(),
    nef.SpikingRectifiedLinear(),
    nef.Sigmoid(),
    nef.Tanh(),
    nef.SoftLIFRate(),
    nef.RegularSpiking(nef.LIFRate()),
    nef.StochasticSpiking(nef.LIFRate()),
    nef.PoissonSpiking(nef.AdaptiveLIFRate()),
    nef.SteadyState([0.5, 1.0]),
    nef.WhiteNoise(nef.Gaussian(0, 1), seed=3),
    nef.FilteredNoise(nef.Alpha(0.1)),
    nef.Piecewise({0.0: 1.0, 0.5: [2.0]}),
    nef.PresentInput([[1.0], [2.0]], 0.1),
    nef.WhiteSignal(1.0, 5.0),
    nef.FourierSignal(0.5, 5.0),
    nef.NoSolver([[1.0], [2.0]]),
    nef.LstsqL2(),
    nef.LstsqL2nz(),
    nef.Lstsq(),
    nef.PseudoInverse(),
    nef.LstsqNoise(),
    nef.LstsqMultNoise(),
    nef.Nnls(),
    nef.NnlsL2(weights=True),
    nef.Softmax(),
    nef.LstsqL1(),
    nef.LstsqDrop(),
    nef.LstsqWeighted([1.0, 2.0]),
    SYSTEM,
    nef.NoiseMatched(),
    nef.Dale(),
    nef.dynamics.StateFilter([[0.5]], [1.0], [1.0], 0.001),
    nef.dynamics.Trajectory(SYSTEM, nef.WhiteSignal(1.0, 5.0)),
    nef.Whitening(np.zeros(2), np.eye(2)),
]
