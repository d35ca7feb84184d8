"""Laws of ``sim.data``, ``sim.learned`` and ``sim.signals`` of Nengo models: shapes and trials."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

nengo = pytest.importorskip("nengo")

from nefsim.nengo import Simulator  # noqa: E402


def taught(rules: Any = None) -> Any:
    """A connection that learns, or whose rules are passed, between two populations."""
    with nengo.Network(seed=1) as model:
        a, b = nengo.Ensemble(6, 1, label="a"), nengo.Ensemble(5, 1, label="b")
        model.fixed = nengo.Connection(nengo.Node(0.5), a)
        kinds = nengo.PES() if rules is None else rules
        solver = nengo.solvers.LstsqL2(weights=isinstance(kinds, dict))
        model.learned = nengo.Connection(a, b, learning_rule_type=kinds, solver=solver)
        model.spikes, model.value = nengo.Probe(a.neurons), nengo.Probe(b, synapse=0.01)
        model.a, model.b = a, b
    return model


def simulator(model: Any, batch_size: int | None = None) -> Simulator:
    return Simulator(model, progress_bar=False, backend="numpy", batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [None, 2])
def test_learned_weights_are_set_in_all_trials_or_in_each(batch_size: int | None) -> None:
    model = taught()
    with simulator(model, batch_size) as sim:
        one = np.arange(6.0)[None] * 1e-3
        sim.learned[model.learned] = one
        lead = () if batch_size is None else (batch_size,)
        np.testing.assert_array_equal(
            sim.learned[model.learned], np.broadcast_to(one, (*lead, 1, 6))
        )
        each = np.stack([one, 2 * one])
        if batch_size is None:
            with pytest.raises(ValueError, match=r"weights must have shape \(1, 6\)"):
                sim.learned[model.learned] = each
            with pytest.raises(ValueError, match=r"weights must have shape \(1, 6\)"):
                sim.learned[model.learned] = each[:1]
        else:
            sim.learned[model.learned] = each
            np.testing.assert_array_equal(sim.learned[model.learned], each)
        with pytest.raises(ValueError, match=r"weights must have shape \(1, 6\)"):
            sim.learned[model.learned] = one.T
        assert [*sim.learned] == [model.learned] and len(sim.learned) == 1
        assert model.learned in sim.learned and model.fixed not in sim.learned
        with pytest.raises(TypeError, match="key must be learned"):
            sim.learned[model.fixed]


@pytest.mark.parametrize(
    ("rules", "names", "shape"),
    [
        (nengo.Voja(), ["b"], ()),
        ([nengo.PES(), nengo.Voja()], ["learned", "b"], (1, 6)),
        ({"x": nengo.Oja(), "y": nengo.BCM()}, ["learned"], (5, 6)),
    ],
    ids=["one", "list", "dict"],
)
def test_weights_and_encoders_are_learned_by_their_rules(
    rules: Any, names: list[str], shape: Any
) -> None:
    model = taught(rules)
    with simulator(model) as sim:
        things = [getattr(model, name) for name in names]
        assert {*sim.learned} == {*things}
        for thing in things:
            expected = (5, 1) if thing is model.b else shape
            values = np.arange(float(np.prod(expected))).reshape(expected) * 1e-3
            assert sim.learned[thing].shape == expected
            sim.learned[thing] = values
            np.testing.assert_array_equal(sim.learned[thing], values)


def test_events_are_of_probes_of_spikes() -> None:
    model = taught()
    with simulator(model) as sim:
        sim.run_steps(30)
        events = sim.data.events(model.spikes)
        np.testing.assert_array_equal(events.dense(), sim.data[model.spikes])
        for key in (model.value, model.a):
            with pytest.raises(ValueError, match="probe must be a probe of spikes"):
                sim.data.events(key)
        assert len(sim.data) == len([*sim.data]) == len(sim.model.params)
        assert sim.data[model.a] is sim.model.params[model.a]
        with pytest.raises(ValueError, match="read-only"):
            sim.data[model.value][0] = 1.0


def test_signals_that_are_stored_can_be_counted_and_read_but_not_changed() -> None:
    model = taught()
    with simulator(model) as sim:
        sim.run_steps(3)
        signals = sim.signals
        assert signals is not None
        found = [*signals]
        assert len(signals) == len(found) > 5 and all(signal in signals for signal in found)
        for signal in found:
            values = signals[signal]
            assert values.shape == signal.shape
            if not signal.sparse:
                assert not values.flags.writeable
        assert "voltage" not in signals
        (step, time) = (signals[s] for s in (sim.model.step, sim.model.time))
        assert (float(np.ravel(step)[0]), float(np.ravel(time)[0])) == (3.0, 0.003)


@pytest.mark.parametrize("batch_size", [None, 2])
def test_states_are_set_whole_by_a_number_or_in_a_view(batch_size: int | None) -> None:
    model = taught()
    with simulator(model, batch_size) as sim:
        sim.run_steps(2)
        signals = sim.signals
        assert signals is not None
        voltage = sim.model.sig[model.a.neurons]["voltage"]
        signals[voltage] = np.arange(6.0) / 10
        np.testing.assert_array_equal(signals[voltage], np.arange(6.0) / 10)
        signals[voltage] = 0.25
        assert (signals[voltage] == 0.25).all()
        signals[voltage[1:3]] = [0.5, 0.75]
        np.testing.assert_array_equal(signals[voltage], [0.25, 0.5, 0.75, 0.25, 0.25, 0.25])
        np.testing.assert_array_equal(signals[voltage[1:3]], [0.5, 0.75])
        with pytest.raises(ValueError, match=r"values must have shape \(6,\), got shape \(5,\)"):
            signals[voltage] = np.zeros(5)
        weights = sim.model.sig[model.learned]["weights"]
        signals[weights] = np.full(weights.shape, 0.5)
        assert (sim.learned[model.learned] == 0.5).all()
        for fixed in (sim.model.sig[model.b]["in"], "voltage"):
            with pytest.raises(TypeError, match="signal must be a state that lasts"):
                signals[fixed] = 0.0  # type: ignore[index]
