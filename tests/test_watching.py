"""A simulator notices inputs beyond the radius of their populations, and warns once of each."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.watching import watch

pytestmark = pytest.mark.filterwarnings("error::nefsim.RadiusWarning")


@pytest.fixture(params=["numpy", "numba"])
def backend(request: pytest.FixtureRequest) -> str:
    if request.param == "numba":
        pytest.importorskip("numba")
    return str(request.param)


def ran(net: nef.Network, backend: str, seconds: float = 2.0, **options: Any) -> nef.Simulator:
    """A simulator after a run whose warnings are left out."""
    sim = nef.Simulator(net, backend=backend, progress=False, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nef.RadiusWarning)
        sim.run(seconds)
    return sim


def mixed() -> tuple[nef.Network, list[nef.Ensemble]]:
    """Inputs of all kinds: filtered and not, views, matrices, sparse ones, loops, constants."""
    import scipy.sparse

    net = nef.Network(seed=1)
    wave, held = net.node(lambda t: 1.5 * np.sin(9 * t)), net.node([0.2, 0.1])
    noise = net.node(nef.WhiteSignal(1.0, 5.0), size_out=2)
    a, b = net.ensemble(30, 1, label="a"), net.ensemble(30, 2, radius=1.2, label="b")
    c = net.ensemble(40, 3, label="c")
    net.connect(wave, a)
    net.connect(a, b[0])
    net.connect(a, b[1], function=np.square, transform=-0.5)
    net.connect(held, b, synapse=None)
    net.connect(b[[1, 0]], c[[0, 2]], transform=np.array([[1, 0.5], [0, 2.0]]))
    net.connect(noise[1], c[1], synapse=None, function=np.sin)
    net.connect(noise, c, transform=scipy.sparse.csr_array([[0, 0], [0, 0.3], [0.5, 0]]))
    net.connect(c, c, synapse=0.1, transform=[0.1, 0.2, 0.3])
    relay = net.node(size_in=2)
    net.connect(held, relay, synapse=None, transform=0.5)
    net.connect(wave, relay[1])
    net.connect(relay, c[1:], synapse=None, transform=-0.7)
    for ensemble in (a, b, c):
        net.probe(ensemble)
    return net, [a, b, c]


@pytest.mark.parametrize("batch", [None, 2])
@pytest.mark.parametrize("probed", [True, False])
def test_what_is_seen_are_the_inputs_at_some_steps(
    backend: str, probed: bool, batch: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, ensembles = mixed()
    seen: list[tuple[int, Any]] = []
    look = watch.Watch.__call__

    def noticing(self: watch.Watch, engine: Any, step: int, length: int) -> None:
        before = self.n_samples
        look(self, engine, step, length)
        n = self.n_samples - before
        if n:
            rows = ((np.arange(n) + 1) * length) // n
            seen.extend(zip((step + rows).tolist(), self._inputs.lengths(rows), strict=True))  # type: ignore[union-attr]

    monkeypatch.setattr(watch.Watch, "__call__", noticing)
    probes = [net.probe(e, "input", attach=False) for e in ensembles]
    sim = ran(net, backend, batch_size=batch, probes=probes if probed else ())
    if probed:
        records = [sim.data[p] if batch is None else sim.data[p][0] for p in probes]
    else:  # a probe changes nothing
        other = ran(net, backend, batch_size=batch, probes=probes)
        records = [other.data[p] if batch is None else other.data[p][0] for p in probes]
        seen = seen[: len(seen) // 2]
    assert sim._watch.ensembles == (*ensembles,)
    assert len(seen) == sim._watch.n_samples >= 20
    for step, lengths in seen:
        true = [np.linalg.norm(record[step - 1]) for record in records]
        # Sums in another order.
        np.testing.assert_allclose(lengths, true, rtol=1e-9, atol=1e-12)
    reach = [ensemble.radius for ensemble in ensembles]
    shares = np.mean([lengths > reach for _, lengths in seen], axis=0)
    assert nef.saturation(sim) == dict(zip(ensembles, shares.tolist(), strict=True))
    assert shares.min() > 0


def wave(height: float = 1.5, **options: Any) -> tuple[nef.Network, nef.Ensemble]:
    net = nef.Network(seed=1)
    a = net.ensemble(30, 1, label="a", **options)
    net.connect(net.node(lambda t: height * np.sin(9 * t)), a, synapse=None)
    net.probe(a)
    return net, a


def test_a_population_is_warned_of_once(backend: str) -> None:
    sim = nef.Simulator(wave()[0], backend=backend)
    said = r"<ensemble 'a'>: input must stay within its radius of 1 .* pass radius=1.48 to"
    with pytest.warns(nef.RadiusWarning, match=said) as caught:
        sim.run(2.0)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    sim.run(2.0)  # a warning would be an error
    sim.reset()
    sim.run(2.0)


@pytest.mark.parametrize(
    ("height", "options"),
    [
        (1.0, {}),
        (1.08, {}),  # as far as noise takes a value of 1
        (1.5, {"radius": 1.5}),
        (1.5, {"eval_points": np.linspace(-1.5, 1.5, 100)[:, None]}),
    ],
)
def test_what_can_be_represented_is_not_warned_of(
    backend: str, height: float, options: dict[str, Any]
) -> None:
    sim = nef.Simulator(wave(height, **options)[0], backend=backend)
    sim.run(2.0)
    assert sim._watch.n_samples >= 20


def test_points_of_decoders_may_be_exceeded_by_a_tenth(backend: str) -> None:
    points = np.linspace(-1.5, 1.5, 100)[:, None]
    sim = nef.Simulator(wave(1.9, eval_points=points)[0], backend=backend)
    with pytest.warns(nef.RadiusWarning):
        sim.run(2.0)


def long(dimensions: int, length: float) -> tuple[nef.Network, nef.Ensemble]:
    """An input that keeps its length, in all dimensions."""
    net = nef.Network(seed=1)
    a = net.ensemble(30, dimensions)
    value = np.full(dimensions, length / np.sqrt(dimensions))
    net.connect(net.node(lambda t: value * (-1) ** int(10 * t)), a, synapse=None)
    net.probe(a)
    return net, a


@pytest.mark.parametrize(
    ("dimensions", "margin"), [(1, 1.1), (2, 1.18), (3, 1.25), (4, 1.3), (8, 1.3)], ids=str
)
def test_the_length_of_a_vector_counts_with_a_margin_for_its_dimensions(
    dimensions: int, margin: float
) -> None:
    for length, warns in ((margin - 0.01, False), (margin + 0.01, True)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            nef.Simulator(long(dimensions, length)[0], backend="numpy").run(2.0)
        assert [w.category for w in caught] == [nef.RadiusWarning] * warns


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4])
def test_at_the_margin_decoded_values_fall_short_by_six_hundredths(dimensions: int) -> None:
    short = []
    for seed in range(3):
        net = nef.Network(seed=seed)
        a = net.ensemble(200 * dimensions, dimensions)
        y = net.probe(a, synapse=0.02)
        sim = nef.Simulator(net, backend="numpy")
        arrays, decoders = sim.data[a], sim.built.probe_data[y].decoders
        u = nef.sampling.UniformHypersphere(surface=True).sample(
            300, dimensions, np.random.default_rng(seed)
        )
        x = watch._slack(a) * u
        rates = nef.tuning_curves(a.neuron_type, x, arrays.encoders, arrays.gain, arrays.bias)
        short.append(np.mean(np.sum((x - rates @ decoders) * u, axis=1)))
    assert 0.045 < np.mean(short) < 0.075  # populations of other seeds differ by a hundredth


def test_a_tenth_of_the_time_is_not_warned_of(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SHARE", 1e9)  # in each chunk
    for share, warns in ((0.06, False), (0.15, True)):
        net = nef.Network(seed=1)
        a = net.ensemble(30, 1)
        net.connect(net.node(lambda t, share=share: 2.0 * (t > 2.0 * (1 - share))), a, synapse=None)
        net.probe(a)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            sim = nef.Simulator(net, backend=backend)
            sim.run(2.0)
        assert [w.category for w in caught] == [nef.RadiusWarning] * warns
        assert nef.saturation(sim)[a] == pytest.approx(share, abs=1 / sim._watch.n_samples)


def test_populations_that_are_not_decoded_or_get_encoded_values_are_left_out(backend: str) -> None:
    net = nef.Network(seed=1)
    source = net.node(lambda t: np.full(40, 9.0))
    many, spikes = net.ensemble(20, 40), net.ensemble(20, 1)
    net.connect(source, many)  # encoded before it is filtered
    net.connect(net.node(lambda t: 3.0), spikes)
    end = net.node(size_in=20)
    net.connect(spikes.neurons, end)
    net.connect(many[0], net.node(size_in=1))
    sim = nef.Simulator(net, backend=backend)
    sim.run(2.0)
    with pytest.raises(ValueError, match="sim must have looked at its inputs, got 2000 steps"):
        nef.saturation(sim)


def test_short_runs_are_not_looked_at(backend: str) -> None:
    sim = nef.Simulator(wave()[0], backend=backend)
    for _ in range(300):
        sim.run_steps(99)
    with pytest.raises(ValueError, match="run at least 100 steps at a time"):
        nef.saturation(sim)


def test_no_more_than_1000_steps_are_looked_at(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SHARE", 1e9)  # in each chunk
    net, a = wave(1.0)
    sim = nef.Simulator(net, backend=backend)
    for _ in range(120):
        sim.run_steps(500)
    assert sim._watch.n_samples == 1000
    assert nef.saturation(sim) == {a: 0.0}


def test_between_looks_lie_steps_that_take_two_hundred_times_as_long() -> None:
    net, _ = wave(1.0)
    sim = nef.Simulator(net, backend="numpy")
    sim.run_steps(100)
    expected = (
        (watch.LOOK + watch.LOOK_AT) / 0.005 / (watch.STEP + 30 * watch.STEP_OF + watch.IN_NUMPY)
    )
    assert sim._watch._interval == round(expected)
    assert sim._watch.n_samples == 2
    sim.run_steps(sim._watch._interval - 1)
    assert sim._watch.n_samples == 2
    sim.run_steps(100)
    assert sim._watch.n_samples == 4


def test_networks_of_nengo_are_not_warned_of() -> None:
    nengo = pytest.importorskip("nengo")
    from nefsim.nengo import from_nengo

    with nengo.Network(seed=1) as model:
        a = nengo.Ensemble(30, 1)
        nengo.Connection(nengo.Node(lambda t: 1.5 * np.sin(9 * t)), a, synapse=None)
        nengo.Probe(a)
    net = from_nengo(model)
    sim = nef.Simulator(net, backend="numpy")
    sim.run(2.0)
    assert nef.saturation(sim)[net.ensembles[0]] > 0.3


def test_ready_networks_that_saturate_on_purpose_are_not_warned_of() -> None:
    net = nef.Network(seed=1)
    race = nef.networks.winner_take_all(net, 50, 2)
    net.connect(net.node([0.9, 0.6]), race.input, synapse=None)
    net.probe(race.output, synapse=0.05)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(1.0)
    assert max(nef.saturation(sim).values()) > 0.1


def test_the_back_end_for_checks_looks_at_nothing() -> None:
    pytest.importorskip("nengo")
    sim = nef.Simulator(wave()[0], backend="nengo")
    sim.run(0.5)
    with pytest.raises(ValueError, match="on numpy or numba"):
        nef.saturation(sim)


def test_an_input_is_a_sum_of_rows_and_constants_through_sums_without_rows() -> None:
    """The input is 3 r + M s + c, where r has rows and s = N r + d has none."""
    from types import SimpleNamespace

    from nefsim.program import Read, Sum, Term
    from nefsim.program.operations import Signal
    from nefsim.watching.inputs import Inputs

    rng = np.random.default_rng(0)
    r, N, M = rng.normal(size=(5, 2)), rng.normal(size=(3, 2)), rng.normal(size=(2, 3))
    c, d = rng.normal(size=2), rng.normal(size=3)
    inner = Sum(1, (Term(Read(0), N),), d)
    outer = Sum(2, (Term(Read(0), 3.0), Term(Read(1), M)), c)
    signals = [Signal(str(n), n) for n in (2, 3, 2)]
    program = SimpleNamespace(signals=signals, ops=[inner, outer], writer={1: 0, 2: 1})
    (ensemble,) = wave()[0].ensembles
    object.__setattr__(ensemble, "dimensions", 2)
    built: Any = SimpleNamespace(program=program, represented={ensemble: 2})
    found = Inputs(built, [r, None, None], {ensemble: 1.0}).lengths(np.arange(5))
    x = 3 * r + (r @ N.T + d) @ M.T + c
    # Sums in another order.
    np.testing.assert_allclose(found[:, 0], np.linalg.norm(x, axis=1), rtol=1e-12)


def test_after_a_reset_the_first_look_waits_like_the_later_ones() -> None:
    net, _ = wave(1.0)
    sim = nef.Simulator(net, backend="numpy")
    sim.run_steps(100)
    assert sim._watch.n_samples == 2
    wait = watch.LOOK + watch.LOOK_AT + watch.PREPARE + watch.PREPARE_AT
    first = round(wait / 0.005 / (watch.STEP + 30 * watch.STEP_OF + watch.IN_NUMPY))
    for n_samples in (2, 4):
        sim.reset()
        sim.run_steps(first - 1)
        assert sim._watch.n_samples == n_samples
        sim.run_steps(100)
        assert sim._watch.n_samples == n_samples + 2


def test_the_compiled_back_end_has_all_rows_in_one_array() -> None:
    pytest.importorskip("numba")
    net, _ = mixed()
    sim = ran(net, "numba")
    assert sim._watch._inputs is not None
    assert len(sim._watch._inputs._arrays) == 1


# Steps that are too long, and rules that make values diverge


@pytest.mark.parametrize("neuron", [nef.LIF(), nef.AdaptiveLIF(inc_n=0.001)])
def test_a_step_in_which_neurons_should_fire_twice_is_warned_of(neuron: nef.LIF) -> None:
    net = nef.Network(seed=1)
    net.ensemble(20, 1, neuron_type=neuron, max_rates=[200.0] * 20, label="slow")
    net.ensemble(20, 1, neuron_type=neuron, max_rates=[390.0] * 20, label="fast")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nef.Simulator(net, dt=1 / 391, progress=False)
    said = r"<ensemble 'fast'>: max_rates .* 1/dt = 389 Hz.*got 390 Hz; pass a dt below 0.00256"
    with pytest.warns(UserWarning, match=said) as warned:
        nef.Simulator(net, dt=1 / 389, progress=False)
    assert warned[0].filename == __file__
    with pytest.warns(UserWarning, match=r"<ensemble 'fast'> and 1 more: .* 1/dt = 100 Hz"):
        nef.Simulator(net, dt=0.01, progress=False)


def test_types_that_fire_several_times_in_a_step_are_not_warned_of() -> None:
    net = nef.Network(seed=1)
    for neuron in (nef.LIFRate(), nef.SpikingRectifiedLinear(), nef.PoissonSpiking(nef.LIFRate())):
        net.ensemble(20, 1, neuron_type=neuron, max_rates=[390.0] * 20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nef.Simulator(net, dt=0.01, progress=False)


def test_values_that_a_rule_lets_diverge_are_said_to_be_its_own() -> None:
    net = nef.Network(seed=1)
    wave, error = net.node(np.sin), net.node(size_in=1)
    a, b = net.ensemble(50, 1), net.ensemble(50, 1, label="b")
    net.connect(wave, a)
    c = net.connect(a, b, function=lambda x: 0.0, learning_rule=nef.PES(1e-3), label="c")
    net.connect(wave, error)
    net.connect(b, error, transform=-1)  # target minus actual
    net.connect(error, c.learning_rule)
    sim = nef.Simulator(net, progress=False)
    said = "<ensemble 'b'>: .* since <connection 'c'> learns, its error must be actual minus target"
    with pytest.warns(nef.RadiusWarning, match=said):
        sim.run(3.0)
