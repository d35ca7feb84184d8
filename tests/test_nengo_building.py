"""Laws of build functions that take less time: they make what Nengo's make, number for number."""

from __future__ import annotations

import pickle
import random
import re
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

nengo = pytest.importorskip("nengo")

import nefsim.nengo  # noqa: E402
from nefsim.nengo import building, supported  # noqa: E402
from nefsim.nengo.decoders import SharingBuilder  # noqa: E402
from nefsim.nengo.generators import QuickState  # noqa: E402
from nefsim.nengo.order import order_of, step_order  # noqa: E402
from nefsim.nengo.targets import targets_of  # noqa: E402

SYNAPSES = [
    nengo.Lowpass(0.005),
    nengo.Lowpass(0.005, method="euler"),
    nengo.Lowpass(0.0),
    nengo.Alpha(0.005),
    nengo.LinearFilter([1, 2], [0.002, 0.1, 1]),
    nengo.LinearFilter([0.5], [1, -0.5], analog=False),
]


def model_of_all() -> Any:
    """A network with views, loops, functions, filters, rules, noise and random transforms."""
    with nengo.Network(seed=3) as model:
        clock = nengo.Node(lambda t: [np.sin(t), np.cos(t)])
        relay = nengo.Node(size_in=2)
        array = nengo.networks.EnsembleArray(20, 3, ens_dimensions=2)
        array.add_output("square", lambda x: x**2)
        a, b = nengo.Ensemble(30, 2, noise=nengo.processes.WhiteNoise(seed=1)), nengo.Ensemble(9, 1)
        direct = nengo.Ensemble(1, 2, neuron_type=nengo.Direct())
        poisson = nengo.Ensemble(8, 1, neuron_type=nengo.PoissonSpiking(nengo.LIFRate()))
        nengo.Connection(clock, relay, synapse=None)
        nengo.Connection(relay[[1, 0]], array.input[:2])
        nengo.Connection(clock, direct[::-1], function=lambda x: -x, synapse=None)
        for synapse in SYNAPSES:
            nengo.Connection(a, array.input[2:4], synapse=synapse)
        nengo.Connection(array.square[4], b, transform=nengo.dists.Uniform(-1, 1))
        nengo.Connection(b, a.neurons, transform=[[-2.0]] * 30)
        nengo.Connection(b, a.neurons[3:5], transform=[[1.0]] * 2)
        nengo.Connection(a.neurons, b.neurons, transform=nengo.dists.Gaussian(0, 0.1))
        learned = nengo.Connection(a, b, function=lambda x: x[0], learning_rule_type=nengo.PES())
        nengo.Connection(b, learned.learning_rule)
        nengo.Connection(direct[0], poisson)
        check = nengo.Node(lambda t, x: x + 1, size_in=2)
        nengo.Connection(array.output[[0, 3]], check, synapse=None)
        nengo.Connection(check[0], relay[0], synapse=0.02)
        nengo.Connection(poisson, nengo.Node(lambda t, x: None, size_in=1))
        nengo.Probe(a, synapse=0.01)
    return model


def built(model: Any, builder: Any) -> Any:
    made = nengo.builder.Model(builder=builder)
    made.build(model)
    return made


def content_of(model: Any) -> list[Any]:
    """All operators, their signals and their initial values, in the order of the build."""
    numbers: dict[Any, int] = {}

    def of(signal: Any) -> Any:
        values = signal.initial_value
        place = numbers.setdefault(signal, len(numbers))
        return place, signal._name, signal.readonly, signal.offset, values.dtype, values.tobytes()

    return [
        (
            type(op),
            re.sub("0x[0-9a-f]+", "", str(op.tag)),
            [of(signal) for signal in op.all_signals],
        )
        for op in model.operators
    ]


def test_operators_and_signals_are_those_of_nengos_builder() -> None:
    network = model_of_all()
    ours, theirs = built(network, SharingBuilder()), built(network, None)
    for one, other in zip(content_of(ours), content_of(theirs), strict=True):
        assert one == other
    # Connections of probes are made in the build.
    for one, other in zip(ours.params.values(), theirs.params.values(), strict=True):
        assert type(one) is type(other)
        for field in getattr(other, "_fields", ()):
            if isinstance(value := getattr(other, field), np.ndarray):
                np.testing.assert_array_equal(getattr(one, field), value)
    assert [[*v] for v in ours.sig.values()] == [[*v] for v in theirs.sig.values()]
    states = [
        op.state_extra["rng"].get_state()[1]
        for made in (ours, theirs)
        for op in made.operators
        if getattr(op, "state_extra", None)
    ]
    assert len(states) == 2
    np.testing.assert_array_equal(*states)


@pytest.mark.parametrize("shape", [(), (0,), (7,), (7, 1), (1, 3), (50, 4), (6, 2, 3), (0, 2)])
def test_rows_are_shuffled_as_by_numpy(shape: tuple[int, ...]) -> None:
    one, other = QuickState(5), np.random.RandomState(5)
    for kind in (float, int, object) if shape else ():
        rows = np.arange(np.prod(shape)).reshape(shape).astype(kind)
        same = rows.copy()
        one.shuffle(rows)
        other.shuffle(same)
        np.testing.assert_array_equal(rows, same)
    names, same_names = list("abcde"), list("abcde")
    one.shuffle(names)
    other.shuffle(same_names)
    assert names == same_names and one.randint(2**31) == other.randint(2**31)


def test_rows_that_cannot_be_written_are_not_shuffled() -> None:
    rows = np.ones((3, 2))
    rows.setflags(write=False)
    with pytest.raises(ValueError, match="read-only"):
        QuickState(1).shuffle(rows)


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1, np.int64(8), [1, 2]])
def test_generators_have_the_numbers_of_numpy(seed: Any) -> None:
    one, other = QuickState(seed), np.random.RandomState(seed)
    np.testing.assert_array_equal(one.normal(size=3), other.normal(size=3))
    np.testing.assert_array_equal(one.get_state()[1], other.get_state()[1])
    assert isinstance(other, QuickState) and not isinstance(seed, QuickState)


def test_a_generator_needs_a_seed_that_numpy_takes() -> None:
    with pytest.raises(ValueError):
        QuickState(-1)
    assert QuickState().randint(2**31) != QuickState().randint(2**31)


class Stored(nengo.dists.Distribution):  # type: ignore[misc]
    """Keeps a generator of the bits of each generator, and draws from all of them."""

    kept: ClassVar[list[Any]] = []

    def sample(self, n: int, d: Any = None, rng: Any = np.random) -> Any:
        self.kept.append(np.random.Generator(rng._bit_generator))
        return sum(one.uniform(size=(n, d or 1)) for one in self.kept)


class Drawing(nengo.LIF):  # type: ignore[misc]
    """Neurons with a generator among their states."""

    def make_state(self, n_neurons: int, rng: Any = None, dtype: Any = None) -> Any:
        return {**super().make_state(n_neurons, rng=rng, dtype=dtype), "noise": rng}


def test_what_a_user_keeps_of_a_generator_goes_on() -> None:
    def arrays(builder: Any) -> list[Any]:
        Stored.kept.clear()
        with nengo.Network(seed=1) as network:
            many = [nengo.Ensemble(5, 2, encoders=Stored(), neuron_type=Drawing()) for _ in "abc"]
            for one in many:
                nengo.Connection(one, many[0], transform=Stored())
        model = built(network, builder)
        found = [model.params[one].encoders for one in many]
        return found + [model.params[c].weights for c in network.all_connections]

    for one, other in zip(arrays(SharingBuilder()), arrays(None), strict=True):
        np.testing.assert_array_equal(one, other)


def test_functions_without_a_value_are_refused_at_their_point() -> None:
    calls: list[Any] = []

    def once(x: Any) -> Any:
        calls.append(x)
        return None if len(calls) == 50 else x

    with nengo.Network(seed=1) as network:
        a = nengo.Ensemble(10, 1)
        nengo.Connection(a, a, function=once)
    calls.clear()
    with pytest.raises(nengo.exceptions.BuildError, match=r"returned None at \[[-.0-9]+\]; return"):
        built(network, SharingBuilder())


@pytest.mark.parametrize("size", [1, 3, 10, 60])
def test_some_operators_have_the_order_of_nengos_step(size: int) -> None:
    model = built(model_of_all(), None)
    order = step_order(model)
    for seed in range(10):
        some = {*random.Random(seed).sample(order, size)}
        assert order_of(model, some) == [op for op in order if op in some]
    assert order_of(model, set()) == []


def random_operators(rng: random.Random) -> list[Any]:
    """Operators that set, add to, read and update random signals of two elements, or views."""
    parts = []
    for i in range(12):
        signal = nengo.builder.signal.Signal(shape=2, name=str(i))
        parts.append([signal, signal[:1], signal[1:]])
    some: list[Any] = []

    def add(before: int, **uses: list[Any]) -> None:
        """An operator that reads signals, mostly earlier ones, so that few depend on themselves."""
        op = nengo.builder.operator.Operator()
        op.sets, op.incs, op.updates = [], [], []
        last = before if rng.random() < 0.99 else len(parts)
        op.reads = [rng.choice(rng.choice(parts[:last])) for _ in range(rng.randrange(3)) if last]
        vars(op).update({f"_{name}": signals for name, signals in uses.items()})
        some.append(op)

    for i in range(0, len(parts), 2):
        add(i, **{rng.choice(["sets", "sets", "updates"]): [parts[i][0], parts[i + 1][0]]})
        for _ in range(2):
            add(i + 2)
        if rng.random() < 0.5:
            add(i, incs=[rng.choice(parts[i])])
    rng.shuffle(some)
    return some


def test_some_of_random_operators_have_the_order_of_nengos_step() -> None:
    tried = 0
    for seed in range(600):
        rng = random.Random(seed)
        model = nengo.builder.Model()
        model.operators[:] = random_operators(rng)
        try:
            order = step_order(model)
        except nengo.exceptions.BuildError:  # they depend on each other
            continue
        tried += 1
        some = {*rng.sample(order, rng.randint(2, 5))}
        assert order_of(model, some) == [op for op in order if op in some]
    assert tried > 300


@pytest.mark.parametrize("synapse", SYNAPSES, ids=str)
def test_filters_are_discretised_as_by_nengo(synapse: Any) -> None:
    for dt in (0.001, 0.0005):
        for found, expected in zip(
            supported.discrete(synapse, dt), synapse._get_ss(dt), strict=True
        ):
            np.testing.assert_array_equal(np.ravel(found), np.ravel(expected))


def test_names_of_a_function_are_replaced_in_it_alone() -> None:
    def given(*, x: int = 2) -> Any:
        return np.add(x, 1)

    class Np:
        add = staticmethod(lambda a, b: (a, b))

    made = building.with_names(given, np=Np)
    assert made() == (2, 1) and made(x=5) == (5, 1) and given() == 3
    assert building.with_names(given, nothing=1) is given
    assert building.with_names(len, np=Np) is len


def test_settings_that_try_operators_are_read_for_each_model() -> None:
    tried: list[bool] = []
    before = nengo.rc.get("nengo.Simulator", "fail_fast")

    class Tried(nengo.builder.operator.Reset):  # type: ignore[misc]
        def make_step(self, *arrays: Any) -> Any:
            tried.append(True)
            return super().make_step(*arrays)

    for on in (True, False):
        nengo.rc.set("nengo.Simulator", "fail_fast", str(on))
        try:
            model = building.QuickModel()
            model.add_op(Tried(nengo.builder.signal.Signal(shape=1, name="s")))
        finally:
            nengo.rc.set("nengo.Simulator", "fail_fast", before)
        assert len(model.operators) == 2 and tried == [True]


def test_a_built_model_can_be_pickled() -> None:
    with nengo.Network(seed=1) as network:
        nengo.Ensemble(10, 1)
    with nefsim.nengo.Simulator(network, progress_bar=False, backend="numpy") as sim:
        copy = pickle.loads(pickle.dumps(sim.model))
        assert len(copy.operators) == len(sim.model.operators)
    model = built(network, SharingBuilder())
    assert len(pickle.loads(pickle.dumps(model)).operators) == len(model.operators)


def test_a_build_function_may_be_any_callable_object(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class Build:  # has no hash
        original: Any

        def __call__(self, model: Any, ensemble: Any) -> None:
            self.original(model, ensemble)

    with nengo.Network(seed=1) as network:
        nengo.Ensemble(10, 1)
    builders = nengo.builder.Builder.builders
    monkeypatch.setitem(builders, nengo.Ensemble, Build(builders[nengo.Ensemble]))
    assert built(network, SharingBuilder()).operators


def test_a_build_function_of_the_user_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    with nengo.Network(seed=1) as network:
        nengo.Ensemble(10, 1)
    called: list[Any] = []
    original = nengo.builder.Builder.builders[nengo.Ensemble]

    def build(model: Any, ensemble: Any) -> None:
        called.append(ensemble)
        original(model, ensemble)

    monkeypatch.setitem(nengo.builder.Builder.builders, nengo.Ensemble, build)
    built(network, SharingBuilder())
    assert called == network.ensembles


@pytest.mark.parametrize(
    "function",
    [
        lambda x: [max(x), x[0]],
        lambda x: (min(x), 0),
        lambda x: np.array([x.max(), 1]),
        max,
        np.sum,
        None,
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_functions_have_the_values_that_nengo_finds(function: Any, dtype: Any) -> None:
    with nengo.Network():
        ensemble, node = nengo.Ensemble(5, 3), nengo.Node(size_in=2)
        transform = np.ones((2, 1)) if function in (max, np.sum) else 1
        decoded = nengo.Connection(ensemble[[2, 0]], node, function=function, transform=transform)
    points = np.random.RandomState(1).normal(size=(200, 3)).astype(dtype)
    found = targets_of(decoded, points)
    expected = nengo.builder.connection.get_targets(decoded, points, dtype=dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)


def test_functions_without_a_value_are_refused_as_in_nengo() -> None:
    with nengo.Network():
        ensemble, node = nengo.Ensemble(5, 1), nengo.Node(size_in=1)
        nothing = nengo.Connection(ensemble, node, function=lambda x: x)
    values = iter([1.0, None])
    nothing.function = nengo.connection.FunctionInfo(lambda x: next(values, None), 1)
    with pytest.raises(nengo.exceptions.BuildError, match="returned None"):
        targets_of(nothing, np.ones((5, 1)))
