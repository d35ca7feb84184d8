"""Laws of nefsim.testing: what each law examines, and faults just beyond and within its limits."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace as Fake
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import testing
from nefsim.testing import laws, learning, neurons
from nefsim.testing.laws import Broken, Laws, require_close


def broken(law: Any, *arguments: Any) -> str:
    """The numbers that contradict a law; empty if it holds."""
    try:
        law(*arguments)
    except Broken as error:
        return str(error)
    return ""


def limits(law: Any, case: Any, *shares: float) -> None:
    """A law holds for a case with 0.9 of its slack, and not with 1.1 of it, nor below 0."""
    for share in shares or (0.9, 1.1):
        assert bool(broken(law, case(share))) == (share > 1), share


# Comparisons


def test_numbers_are_compared_with_their_limit_and_the_worst_is_shown() -> None:
    assert broken(require_close, [1.0, 2.0], [1.0, 2.5], 0.5, "x") == ""
    assert broken(require_close, 1.0, 1.5, 0.25, "the x") == "The x: 1 and not 1.5"
    text = broken(require_close, [[1.0, 3.0], [9.0, 5.0]], np.zeros((2, 2)), 0.5, "x")
    assert text == "X: 9 and not 0 (element 1, 0)"
    text = broken(require_close, [1.0, 3.0], [0.0, 0.0], [0.5, 2.9], "x")
    assert text == "X: 1 and not 0 (element 0)"
    text = broken(require_close, [9.0, np.nan], [0.0, 0.0], 0.5, "x")
    assert text == "X: nan and not 0 (element 1)"
    assert (
        broken(require_close, [1.0], [1.0, 1.0], 9.0, "x") == "The shape of x is (1,) and not (2,)"
    )
    assert broken(require_close, [np.inf], [-np.inf], 1.0, "x") == "X: inf and not -inf (element 0)"
    assert broken(laws.require_equal, [1.0], [1.0 + 1e-15], "x") != ""
    before = np.ones(2)
    assert broken(laws.unchanged, [("a", before, before.copy())]) == ""
    text = broken(laws.unchanged, [("a", before, 2 * before)])
    assert text == "The argument a after the call: 1 and not 2 (element 0)"
    for value, words in ((3, "be a list or tuple"), ([], "not be empty, got none")):
        with pytest.raises((TypeError, ValueError), match=f"w: a must {words}"):
            laws.items("w", "a", value, "do")
    assert laws.items("w", "a", [1, 2], "do") == (1, 2)


def test_laws_are_checked_in_order_where_they_apply() -> None:
    some, calls = Laws(), list[str]()

    @some.law()
    def first_law(case: int) -> None:
        """A sentence.

        More.
        """
        calls.append("first")

    @some.law(lambda case: case > 1)
    def second_law(case: int) -> None:
        """Another."""
        laws.require(case < 3, f"It is {case}")
        if case == 2:
            raise KeyError("x")

    assert [law.name for law in some] == ["first law", "second law"]
    assert some[0].sentence == "A sentence."
    with pytest.raises(TypeError, match="pass the condition first"):
        laws.require("It is one", True)
    assert some.check("it", 1) == ("first law",)
    with pytest.raises(testing.Violation) as caught:
        some.check("it", 3)
    error = caught.value
    assert (error.law, error.subject, error.numbers) == ("second law", "it", "It is 3")
    assert str(error) == "'it' breaks the law \"second law\": Another. It is 3."
    with pytest.raises(testing.Violation, match="It fails with KeyError: 'x'"):
        some.check("it", 2)
    assert calls == ["first"] * 3


# Neuron types


def fake_neuron(**changes: Any) -> Any:
    """A neuron whose rate in units of 2 per hertz is its current."""
    options = {
        "size": None, "rate_limit": np.array([500.0, 400.0]), "rate_floor": 20.0,
        "output_per_hertz": 2.0, "spiking": True, "negative": False, "threshold_current": 20.0,
        "current": lambda rates: rates, "rates": lambda J: 2.0 * J, "initial_state": {},
    }  # fmt: skip
    return Fake(**{**options, **changes})


def neuron_case(curve: bool = True, **changes: Any) -> neurons.Case:
    return neurons.Case(fake_neuron(**changes), 0.01, 0.5, curve)


def test_rates_are_shares_of_the_way_from_the_floor_to_the_lowest_limit() -> None:
    case = neuron_case()
    assert (case.n, case.top) == (20, 400.0) and neurons.SHARES == (0.02, 0.95)
    np.testing.assert_allclose(case.rates(0.0, 1.0), np.linspace(20.0, 400.0, 20))
    np.testing.assert_allclose(case.currents(), np.linspace(39.0, 210.0, 20))
    np.testing.assert_allclose(neuron_case(curve=False).currents(), np.linspace(0.5, 5.0, 20))
    assert neuron_case(size=3).n == 3
    assert neuron_case(rate_limit=np.inf).top == 1000.0


def test_the_state_and_the_generators_are_the_same_at_each_call() -> None:
    made: list[Any] = []

    def start(initial: Any, dt: float) -> Any:
        made.append((initial, dt))
        return initial

    case = neuron_case(
        initial_state={"u": (2.0, 3.0), "v": 0.5}, start=start, generator=lambda rng: rng
    )
    for shape in ((4,), (4,)):
        state = case.start(shape)
        assert np.array_equal(state["u"], np.random.default_rng(1).uniform(2.0, 3.0, shape))
        assert state["v"].tolist() == [0.5] * 4 and made[-1][1] == 0.01
    assert case.generator().random() == np.random.default_rng(2).random()


def test_outputs_have_a_row_for_each_row_of_currents() -> None:
    def step(J: Any, state: Any, dt: float, out: Any, rng: Any) -> None:
        state["sum"] += J
        out[:] = state["sum"] * dt + (rng.random() if J[0] < 0 else 0.0)

    case = neuron_case(False, step=step)
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = case.run(rows, {"sum": np.zeros(2)}, np.random.default_rng(0))
    np.testing.assert_allclose(found, [[0.01, 0.02], [0.04, 0.06]], rtol=1e-12)
    state = {"sum": 0.0}

    def start(initial: Any, dt: float) -> Any:
        return {"sum": np.zeros(20)}

    assert not neuron_case(False, step=step, start=start).is_random

    def noisy(J: Any, state: Any, dt: float, out: Any, rng: Any) -> None:
        state["k"] += 1
        out[:] = rng.random() if state["k"] == 50 else 0.0  # in the last of 50 steps

    def from_0(initial: Any, dt: float) -> Any:
        return {"k": 0}

    assert neuron_case(False, step=noisy, start=from_0).is_random
    assert state == {"sum": 0.0}
    one, other = neurons._two()
    numbers = [np.random.default_rng(seed).random() for seed in (3, 4)]
    assert [one.random(), other.random()] == numbers


def test_the_limits_of_the_laws_of_rate_curves() -> None:
    top, unit = 400.0, 2.0
    law = neurons.rates_of_the_current_of_a_rate_are_the_rate
    limits(law, lambda s: neuron_case(rates=lambda J: unit * J + s * 1e-6 * unit * top))
    asked: list[Any] = []
    law(neuron_case(current=lambda r: asked.append(r) or r))
    ends = [20.0 + share * 380.0 for share in (0.02, 0.95)]
    np.testing.assert_allclose(asked[0], np.linspace(*ends, 20))

    law = neurons.the_rate_at_the_threshold_current_is_rate_floor
    limits(law, lambda s: neuron_case(rates=lambda J: unit * (J + s * 1e-6 * top)))
    assert broken(law, neuron_case(threshold_current=21.0)) != ""

    law = neurons.rates_do_not_fall_as_the_current_rises
    grids: list[Any] = []
    flat = neuron_case(rates=lambda J: grids.append(J) or 0.0 * J)
    assert broken(law, flat) == ""
    # From 1 below the lowest current to as far above the highest as that is above the lowest.
    low, high = ends
    expected = np.linspace(low - 1.0, 2 * high - low + 1.0, 200)
    np.testing.assert_allclose(grids[0], np.tile(expected[:, None], (1, 20)))
    middle = expected[100]

    def dented(s: float) -> Any:
        return neuron_case(rates=lambda J: -s * 1e-9 * top * unit * (middle < J) + unit)

    limits(law, dented)

    def beyond(s: float) -> Any:
        return neuron_case(rates=lambda J: np.full(J.shape, unit * 500.0 * (1 + s * 1e-9)))

    limits(law, beyond, 0.5, 2.0)  # of the highest limit of all neurons
    assert (
        broken(law, neuron_case(rates=lambda J: 0.0 * J - 1e-9))
        == "A rate is -5e-10 Hz, and negative is False"
    )
    assert broken(law, neuron_case(rates=lambda J: 0.0 * J - 1e-9, negative=True)) == ""
    assert broken(law, neuron_case(rates=lambda J: -J)).startswith("It falls by")


def test_rates_are_asked_for_in_several_shapes() -> None:
    law = neurons.rates_have_the_shape_of_the_currents
    shapes: list[Any] = []
    law(neuron_case(rates=lambda J: shapes.append(J.shape) or J))
    assert shapes == [(20,), (3, 20), (2, 3, 20)]
    for last in range(3):
        for wrong in (lambda J: J.ravel()[:-1], lambda J: J + np.inf, lambda J: np.exp(J) * np.nan):
            count = iter(range(3))

            def rates(J: Any, wrong: Any = wrong, last: int = last, count: Any = count) -> Any:
                return wrong(J) if next(count) == last else J

            assert broken(law, neuron_case(rates=rates)).startswith(("It is (", "It is not finite"))

    def writing(J: Any) -> Any:
        J[-1] = 0.0
        return J.copy()

    assert "the currents after the call" in broken(law, neuron_case(rates=writing)).lower()


def pulsing(n_pulses: Any, dt: float = 0.01, **changes: Any) -> neurons.Case:
    """Neurons that give a number of pulses of 2 / dt in each step."""
    count = {"k": 0}

    def step(J: Any, state: Any, dt: float, out: Any, rng: Any) -> None:
        out[:] = n_pulses(count["k"]) * 2.0 / dt
        count["k"] += 1

    return neuron_case(
        step=step, start=lambda initial, dt: {}, generator=lambda rng: rng, **changes
    )


def test_pulses_are_whole_in_each_of_500_steps() -> None:
    law = neurons.spikes_are_whole_pulses
    for k in (0, 250, 499):
        limits(law, lambda s, k=k: pulsing(lambda i: 1.0 + s * 1e-9 * (i == k)))
    assert broken(law, pulsing(lambda i: 0.0)) == "There is no spike in 500 steps"
    assert broken(law, pulsing(lambda i: 1.0 * (i == 499))) == ""
    assert broken(law, pulsing(lambda i: 1.0 * (i == 500))) == "There is no spike in 500 steps"
    assert broken(law, pulsing(lambda i: -1.0)) == "A step has -1 pulses, and negative is False"
    assert broken(law, pulsing(lambda i: -1.0, negative=True)) == ""


@pytest.mark.parametrize("spiking", [True, False])
@pytest.mark.parametrize("random", [True, False])
def test_the_mean_output_is_that_of_five_seconds_after_the_time_to_settle(
    spiking: bool, random: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neurons.Case, "is_random", property(lambda case: random))
    law = neurons.the_mean_output_is_the_rate
    # Currents are rates from 39 to 210 Hz; steps of 10 ms, of which 50 are for settling.
    largest, smallest = 210.0, 39.0

    def case(s: float, at: int = -1) -> Any:
        slack = 0.02 * largest + 0.2 * spiking
        slack += 5 * np.sqrt(smallest / 5.0) * random
        count = {"k": 0}

        def step(J: Any, state: Any, dt: float, out: Any, rng: Any) -> None:
            k, count["k"] = count["k"], count["k"] + 1
            out[:] = 2.0 * J
            if k < 50:
                out[:] = 1e9
            elif k < 550:
                out[0] += 2.0 * s * slack

        return neuron_case(spiking=spiking, step=step, start=lambda initial, dt: {},
                           generator=lambda rng: rng)  # fmt: skip

    limits(law, case, 0.98, 1.02)
    count = {"k": 0}

    def counting(J: Any, state: Any, dt: float, out: Any, rng: Any) -> None:
        count["k"] += 1
        out[:] = 2.0 * J

    made = neuron_case(step=counting, start=lambda initial, dt: {}, generator=lambda rng: rng)
    assert broken(law, made) == "" and count["k"] == 550
    count["k"] = 0
    short = neurons.Case(made.neuron, 0.01, 1e-9, True)  # settles for one step at least
    assert broken(law, short) == "" and count["k"] == 501


def test_steps_are_asked_for_what_the_laws_say() -> None:
    seen: list[Any] = []
    inputs: list[Any] = []

    def step(J: Any, state: Any, dt: float, out: Any, rng: Any) -> None:
        seen.append((J.shape, dt))
        inputs.append(J.copy())
        assert state["v"].shape == J.shape and state["v"].flags.c_contiguous == True  # noqa: E712
        out[:] = state["v"] = state["v"] + J

    def made(**changes: Any) -> Any:
        options = {
            "step": step, "start": lambda initial, dt: {"v": initial["v"]},
            "generator": lambda rng: rng, "initial_state": {"v": 0.0},
        }  # fmt: skip
        return neuron_case(**{**options, **changes})

    assert broken(neurons.leading_axes_are_separate_runs, made()) == ""
    assert seen == [((2, 3, 20), 0.01)] * 60 + [((20,), 0.01)] * 360
    # Trials have inputs of their own, from half of the currents to one and a half times them.
    shares = np.array(inputs[:60]) / made().currents()
    assert 0.5 < shares.min() < 0.51 and 1.49 < shares.max() < 1.5
    seen.clear()
    assert broken(neurons.the_state_is_all_that_a_run_needs, made()) == ""
    assert len(seen) == 180

    def of_other_runs(J: Any, state: Any, dt: float, out: Any, rng: Any) -> None:
        out[:] = J + (J.ndim == 3) * np.sum(J)

    words = broken(neurons.leading_axes_are_separate_runs, made(step=of_other_runs))
    assert words.startswith("The output of trial (0, 0):")
    law = neurons.step_writes_into_out_and_state_in_place
    assert broken(law, made()).startswith("state['v'] is another array after a step")

    def good(J: Any, state: Any, dt: float, out: Any, rng: Any) -> Any:
        state["v"] += J
        out[:] = J

    assert broken(law, made(step=good)) == ""

    def variant(change: Any) -> Any:
        def step(J: Any, state: Any, dt: float, out: Any, rng: Any) -> Any:
            good(J, state, dt, out, rng)
            return change(J, state, out)

        return made(step=step)

    for change, words in (
        (lambda J, state, out: out, "It returns"),
        (lambda J, state, out: out.__setitem__(3, np.nan), "1 elements are not finite"),
        (lambda J, state, out: J.__setitem__(3, 0.0), "The currents after the call"),
        (lambda J, state, out: state.update(w=1), "The state has ['v', 'w'] and not ['v']"),
    ):
        assert words in broken(law, variant(change))
    law = neurons.start_has_the_variables_of_initial_state
    read = {"read": lambda state, name: state[name], "check_state": lambda who, state: None}
    assert broken(law, made(**read)) == ""
    few = {**read, "read": lambda state, name: state[name][1:]}
    assert broken(law, made(**few)) == "v has shape (19,), not (20,)"
    wrong = {**read, "read": lambda state, name: state[name] + np.inf}
    assert broken(law, made(**wrong)) == "v is not finite"

    def refuse(who: str, state: Any) -> None:
        raise ValueError(who)

    with pytest.raises(ValueError, match="check_neuron_type"):
        law(made(**{**read, "check_state": refuse}))


def test_values_must_be_frozen_dataclasses() -> None:
    @dataclass
    class Open:
        x: int = 1

    assert broken(laws.require_value, Open()) == "The dataclass Open is not frozen"
    assert "int is not decorated with @dataclass" in broken(laws.require_value, 3)
    assert broken(laws.require_value, nef.LIF()) == ""


def test_changes_of_weights_are_counted_where_they_are_not_finite() -> None:
    def step(weights: Any, **more: Any) -> Any:
        return np.where(np.arange(weights.size).reshape(weights.shape) % 5 == 1, np.nan, 0.0)

    rule = Fake(modifies="decoders", error="post", traces=dict, step=step)
    case: Any = Fake(shape=(2, 4), arguments=lambda: {"weights": np.ones((2, 4))}, rule=rule)
    law = learning.the_change_has_the_shape_of_the_weights
    assert broken(law, case) == "2 are not finite"
    case.shape = (4, 2)
    assert broken(law, case) == "It is (2, 4) for weights (4, 2)"
