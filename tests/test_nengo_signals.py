"""``sim.signals``, custom operators and learned weights of Nengo models."""

import sys
import warnings

import nengo
import numpy as np
import pytest
from nengo.builder import Builder, Operator, Signal
from nengo.builder.operator import Copy

import nefsim as nef
import nefsim.nengo
from nefsim.cli import main
from nefsim.lowering import build
from nefsim.nengo.pieces import Pieces
from nefsim.nengo.signals import Memory
from nefsim.program import ProgramBuilder, initial_state

BACKENDS = ("numpy", "numba")


def nengo_simulator(model):
    return nengo.Simulator(model, progress_bar=False, optimize=False)


def nefsim_simulator(model, backend, **options):
    return nefsim.nengo.Simulator(model, progress_bar=False, backend=backend, **options)


# A rule whose operator never calls Operator.__init__


class Grow(nengo.learning_rules.LearningRuleType):
    modifies = "weights"
    probeable = ()

    def __init__(self):
        super().__init__(1.0, size_in=0)


class SimGrow(Operator):
    """An operator in the manner of Nengo's versions before operators had a tag."""

    def __init__(self, spikes, delta):
        self.sets, self.incs, self.reads, self.updates = [], [], [spikes], [delta]

    def make_step(self, signals, dt, rng):
        spikes, delta = signals[self.reads[0]], signals[self.updates[0]]

        def step():
            delta[...] = 1e-9 * spikes

        return step


@Builder.register(Grow)
def build_grow(model, grow, rule):
    connection = rule.connection
    model.add_op(SimGrow(model.sig[connection.pre_obj]["out"], model.sig[rule]["delta"]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_operator_without_a_tag_is_built_and_runs(backend):
    with nengo.Network(seed=1) as model:
        a, b = nengo.Ensemble(20, 1), nengo.Ensemble(20, 1)
        nengo.Connection(nengo.Node(0.5), a)
        nengo.Connection(
            a.neurons, b.neurons, transform=np.zeros((20, 20)), learning_rule_type=Grow()
        )
        spikes = nengo.Probe(b.neurons)
    with nengo_simulator(model) as reference, nefsim_simulator(model, backend) as actual:
        reference.run(0.2)
        actual.run(0.2)
        assert np.array_equal(actual.data[spikes], reference.data[spikes])
        assert actual.data[spikes].any()


# Signals


def learner():
    with nengo.Network(seed=1) as model:
        a, b, error = nengo.Ensemble(40, 1), nengo.Ensemble(30, 1), nengo.Node(size_in=1)
        nengo.Connection(nengo.Node(np.sin), a)
        c = nengo.Connection(a, b, learning_rule_type=nengo.PES(1e-3))
        nengo.Connection(b, error)
        nengo.Connection(error, c.learning_rule)
        model.a, model.c, model.spikes = a, c, nengo.Probe(b.neurons)
    return model


@pytest.mark.parametrize("backend", BACKENDS)
def test_signals_equal_those_of_nengo_or_raise_that_they_are_not_stored(backend):
    model = learner()
    a, b, rule = model.a, model.c.post, model.c.learning_rule
    asked = [(a, "in"), (a.neurons, "in"), (a.neurons, "out"), (rule, "in")]
    asked += [(a.neurons, "voltage"), (b.neurons, "out")]
    n_stored = 0
    with nengo_simulator(model) as reference, nefsim_simulator(model, backend) as actual:
        reference.run_steps(50)
        actual.run_steps(50)
        for thing, kind in asked:
            signal, other = actual.model.sig[thing][kind], reference.model.sig[thing][kind]
            if signal in actual.signals:
                n_stored += 1
                assert np.allclose(
                    actual.signals[signal], reference.signals[other], rtol=0, atol=1e-9
                )
            else:
                with pytest.raises(KeyError, match="is not stored while running; probe it"):
                    actual.signals[signal]
        assert n_stored >= 2  # voltages and probed spikes
        assert None not in actual.signals
        assert len(actual.signals) == len(list(actual.signals))


@pytest.mark.parametrize("backend", BACKENDS)
def test_voltages_refractory_times_and_filters_are_set_as_in_nengo(backend):
    with nengo.Network(seed=1) as model:
        a, b = nengo.Ensemble(40, 1), nengo.Ensemble(30, 1)
        c = nengo.Connection(a, b, synapse=0.01)
        nengo.Connection(nengo.Node(0.5), a)
        spikes = [nengo.Probe(e.neurons) for e in (a, b)]
    rng = np.random.RandomState(1)
    voltage, refractory = rng.rand(40), 0.004 * rng.rand(40)
    with nengo_simulator(model) as reference, nefsim_simulator(model, backend) as actual:
        for simulator in (reference, actual):
            signals, of = simulator.signals, simulator.model.sig
            simulator.run_steps(50)
            signals[of[a.neurons]["voltage"]] = voltage
            signals[of[a.neurons]["refractory_time"]] = refractory
            signals[of[c]["weighted"]] = np.array([7.0])  # read once, in the next step
            simulator.run_steps(50)
        for probe in spikes:
            assert np.array_equal(actual.data[probe], reference.data[probe])
    with nefsim_simulator(model, backend) as other:
        other.run_steps(100)
        assert not np.array_equal(other.data[spikes[0]], actual.data[spikes[0]])


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("backend", BACKENDS)
def test_learned_weights_are_set_and_fixed_ones_are_refused(backend, batch_size):
    model = learner()
    with nefsim_simulator(model, backend, batch_size=batch_size) as simulator:
        simulator.run_steps(20)
        weights = simulator.model.sig[model.c]["weights"]
        with pytest.raises(ValueError, match="read-only"):
            simulator.signals[weights][...] = 0
        values = np.linspace(0.0, 1e-3, weights.size).reshape(weights.shape)
        simulator.signals[weights] = values
        assert np.array_equal(simulator.signals[weights], values)
        assert (simulator.learned[model.c] == values).all()
        for signal, value, message in (
            (simulator.model.sig[model.a]["encoders"], 0.0, "signal must be a state that lasts"),
            (simulator.model.sig[model.a]["in"], 0.0, "signal must be a state that lasts"),
            (None, 0.0, "signal must be a state that lasts"),
            (weights, np.zeros(3), "values must have shape"),
        ):
            with pytest.raises((ValueError, TypeError), match=message):
                simulator.signals[signal] = value


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_that_diverge_are_named_by_their_connection(backend):
    with nengo.Network(seed=1) as model:
        a, b = nengo.Ensemble(20, 1), nengo.Ensemble(20, 1, label="end")
        nengo.Connection(nengo.Node(0.5), a)
        c = nengo.Connection(a, b, learning_rule_type=nengo.PES(0.9))
        nengo.Connection(nengo.Node(-1e10), c.learning_rule)
    with (
        nefsim_simulator(model, backend) as simulator,
        pytest.raises(ValueError, match=r"<Connection .*end.*: weights must stay below 1e\+09"),
    ):
        simulator.run(1.0)


# Learning into neurons without a synapse


@pytest.mark.parametrize("rule", [nef.BCM(1e-9), nef.Oja(1e-9), nef.PES(1e-6)], ids=repr)
def test_a_rule_of_weights_onto_neurons_needs_no_synapse(rule):
    net = nef.Network(seed=1)
    a, b = net.ensemble(20, 1), net.ensemble(30, 1)
    weights = np.full((30, 20), 1e-4)
    c = net.connect(a.neurons, b.neurons, transform=weights, learning_rule=rule, synapse=None)
    if isinstance(rule, nef.PES):
        net.connect(a, c.learning_rule)
    spikes, learned = net.probe(b.neurons), net.probe(c, "weights", sample_every=0.01)
    data = {}
    for backend in ("nengo", *BACKENDS):
        with nef.Simulator(net, backend=backend) as simulator:
            simulator.run(0.1)
            data[backend] = simulator.data[spikes], simulator.data[learned]
    for spikes, changed in (data[backend] for backend in BACKENDS):
        assert np.array_equal(spikes, data["nengo"][0])
        assert np.allclose(changed, data["nengo"][1], rtol=1e-12)
        assert not np.array_equal(changed[-1], weights)


# The command


def test_the_command_imports_modules_from_the_folder_of_the_script(tmp_path, capsys):
    (tmp_path / "module_in_folder.py").write_text("value = 0.5\n", encoding="utf-8")
    (tmp_path / "later_module.py").write_text("value = 0.25\n", encoding="utf-8")
    script = tmp_path / "model.py"
    script.write_text(
        """
import nengo
from module_in_folder import value

def late(t):
    from later_module import value
    return value

with nengo.Network() as model:
    nengo.Connection(nengo.Node(value), nengo.Ensemble(10, 1))
    nengo.Node(late)
""",
        encoding="utf-8",
    )
    before = list(sys.path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert main(["nengo", "run", str(script), "--seconds", "0.01"]) == 0
    assert sys.path == before
    script.write_text("import nengo\nimport is_nowhere\n", encoding="utf-8")
    assert main(["nengo", "run", str(script)]) == 2
    message = capsys.readouterr().err
    assert "ModuleNotFoundError: No module named 'is_nowhere' in line 2 of" in message


def test_a_bar_of_nengo_shows_the_name_of_the_work_at_the_end():
    class Bar(nengo.utils.progress.ProgressBar):
        text = ""

        def update(self, progress):
            self.text = progress.name_after if progress.finished else progress.name_during

    bar = Bar()
    with nefsim_simulator(learner(), "numpy") as simulator:
        simulator.run(0.01, progress_bar=bar)
    assert bar.text == "Simulation"


def test_a_simulator_has_a_generator_of_its_seed():
    with nefsim_simulator(learner(), "numpy", seed=3) as simulator:
        assert simulator.rng.randint(1000) == np.random.RandomState(3).randint(1000)
        simulator.reset()
        assert simulator.rng.randint(1000) == np.random.RandomState(3).randint(1000)


def test_prepare_refuses_other_objects():
    for built in (None, 3, "net"):
        with pytest.raises(TypeError, match=r"nefsim.nengo.prepare: built must .+, got .+; .+\."):
            nefsim.nengo.prepare(built, built)


def test_prepare_refuses_a_state_of_a_later_step():
    net = nef.Network(seed=0)
    net.probe(net.ensemble(10, 1))
    built = build(net, 0.001, 0)
    state = initial_state(built.program)
    state.step = 1
    with pytest.raises(ValueError, match=r"Simulator\.load: backend must not be nengo"):
        nefsim.nengo.prepare(built, state)


@pytest.mark.parametrize("sets", [[], ["left"], ["left", "right"]], ids=len)
@pytest.mark.parametrize("incs", [[], ["left"], ["whole"]], ids=str)
@pytest.mark.parametrize("updates", [[], ["whole"]], ids=str)
def test_a_block_accumulates_if_elements_are_added_to_but_not_set(sets, incs, updates):
    base = Signal(np.zeros(4), name="block")
    parts = {"left": base[:2], "right": base[2:], "whole": base}

    def operator(**uses):
        op = Operator()
        op.sets, op.incs, op.reads, op.updates = (
            [parts[name] for name in uses.get(kind, [])]
            for kind in ("sets", "incs", "reads", "updates")
        )
        return op

    memory = Memory([operator(sets=[s]) for s in sets] + [operator(incs=incs, updates=updates)])
    if updates:
        is_accumulated = bool(sets or incs)
    else:
        incremented = {"left": {"left"}, "whole": {"left", "right"}}.get("".join(incs), set())
        is_accumulated = not incremented <= set(sets)
    assert memory.is_accumulated(base) == is_accumulated
    assert memory.is_constant(base) == (not sets and not incs and not updates)
    assert len(memory.writes(base)) == len(sets) + len(incs) + len(updates)


def test_elements_share_a_part_if_all_operators_use_both_or_none():
    base = Signal(np.zeros(5), name="block")
    whole, left, middle = base, base[:2], base[1:4]

    def copy(source):
        return Copy(source, Signal(np.zeros(source.size)))

    pieces = Pieces(ProgramBuilder(0.001), Memory([copy(left), copy(middle)]), whole)
    label = pieces._label
    assert len(set(label.tolist())) == 4
    assert label[2] == label[3]


def test_a_view_of_a_rule_is_refused_unless_it_is_of_its_error():
    with nengo.Network(seed=1) as model:
        a, b = nengo.Ensemble(10, 2), nengo.Ensemble(10, 2)
        connection = nengo.Connection(a, b, learning_rule_type=nengo.PES())
        nengo.Probe(connection.learning_rule[0], "activities")
    with pytest.raises(ValueError, match=r"target must be .*, got a view of activities; "):
        nefsim.nengo.from_nengo(model)


def test_a_report_of_a_run_is_in_seconds_and_microseconds():
    from nefsim.nengo.command import Run, as_text

    actual, reference = (
        Run(name, 0.25, step, 7, [], []) for name, step in (("a", 2e-6), ("b", 3e-6))
    )
    wanted = {"simulator": "a", "build_seconds": 0.25, "microseconds_per_step": 2.0, "spikes": 7}
    assert actual.figures() == wanted
    report = {"runs": [actual.figures(), reference.figures()]}
    report |= {"spikes_differ": 1, "max_abs_diff": 0.5, "times_as_fast": 1.5}
    _, first, second, last = as_text(report).splitlines()
    assert first.split() == ["a", "0.25", "s", "2.0", "us", "7"]
    assert second.split() == ["b", "0.25", "s", "3.0", "us", "7"]
    assert last == "1 spikes differ, values by up to 5.00e-01; 1.5 times as fast"


def test_a_step_is_timed_without_the_build(monkeypatch):
    from nefsim.nengo import command

    times = iter([1.0, 3.0, 13.0])  # before and after the build, and after the run
    monkeypatch.setattr(command.time, "perf_counter", lambda: next(times))
    with nengo.Network(seed=1) as model:
        nengo.Ensemble(10, 1)
    found = command.timed(model, "a", nefsim.nengo.Simulator, 0.005)
    assert (found.build, found.step) == (2.0, 2.0)


# Operators that run Nengo's code


def taught(rule, **options):
    """A model with one learning rule."""
    with nengo.Network(seed=1) as model:
        a, b = nengo.Ensemble(20, 1), nengo.Ensemble(15, 1)
        nengo.Connection(nengo.Node(np.sin), a, synapse=nengo.Alpha(0.01))
        model.c = nengo.Connection(a, b, learning_rule_type=rule, **options)
        if isinstance(rule, nengo.PES | nengo.RLS):
            nengo.Connection(b, model.c.learning_rule)
    return model


WEIGHTS = {"solver": nengo.solvers.LstsqL2(weights=True)}
RULES = {
    "pes": (nengo.PES(), {}),
    "pes of weights": (nengo.PES(), WEIGHTS),
    "bcm": (nengo.BCM(), WEIGHTS),
    "oja": (nengo.Oja(), WEIGHTS),
    "voja": (nengo.Voja(), {}),
    "rls": (nengo.RLS(), {}),
    "two": ([nengo.BCM(), nengo.Oja()], WEIGHTS),
}


def plan_of(model):
    from nefsim.nengo.plan import Plan

    with nengo_simulator(model) as simulator:
        return Plan(simulator.model)


@pytest.mark.parametrize("name", RULES)
def test_rules_of_nengo_run_without_its_code(name):
    rule, options = RULES[name]
    plan = plan_of(taught(rule, **options))
    assert not plan.unsupported
    assert len(plan.learned) == 1


@pytest.mark.parametrize(
    ("name", "probed"), [("pes", "delta"), ("voja", "delta"), ("rls", "inv_gamma")]
)
def test_a_rule_whose_parts_are_probed_runs_as_in_nengo(name, probed):
    rule, options = RULES[name]
    model = taught(rule, **options)
    with model:
        probe = nengo.Probe(model.c.learning_rule, probed)
    with nengo_simulator(model) as reference, nefsim_simulator(model, "numpy") as actual:
        reference.run_steps(50)
        actual.run_steps(50)
        assert reference.data[probe][-1].any()
        # Products in another order.
        np.testing.assert_allclose(actual.data[probe], reference.data[probe], rtol=1e-9, atol=1e-15)


def test_factorisations_are_counted_with_their_activities():
    from nefsim.nengo.decoders import System

    assert System(np.zeros((7, 3)), (np.zeros((3, 3)), True)).size == 7 * 3 + 3 * 3


def test_a_node_without_output_has_none_in_nengo_unless_a_connection_computes_from_it():
    net = nef.Network(seed=1)
    plain, computed, end = (net.node(size_in=1, label=name) for name in ("a", "b", "c"))
    net.connect(plain, end)
    net.connect(computed, end, function=np.square)
    nodes = {node.label: node for node in nefsim.nengo.to_nengo(net).all_nodes}
    assert nodes["a"].output is None
    assert nodes["b"].output(0.0, 3.0) == 3.0
    assert nodes["c"].output is None
