"""Laws of nefsim.testing about synapses, processes and samples: what they examine, and limits."""

from __future__ import annotations

from types import SimpleNamespace as Fake
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import testing
from nefsim.testing import processes, sampling, synapses
from nefsim.testing.laws import Broken


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


# Synapses


def test_coefficients_are_examined_at_half_and_twice_the_step() -> None:
    law, steps = synapses.coefficients_are_two_finite_vectors, list[float]()
    one = np.ones(1)

    def of(pair: Any, at: float | None = None) -> Any:
        def coefficients(dt: float) -> Any:
            steps.append(dt)
            return pair if at in (None, dt) else (one, one)

        return Fake(dt=0.5, synapse=Fake(coefficients=coefficients))

    assert broken(law, of((one, one))) == "" and steps == [0.25, 0.5, 1.0]
    for dt in (0.25, 0.5, 1.0):
        for pair, words in (
            ([one, one], "It is ["),
            ((one, one, one), "It is ("),
            (([1.0], one), "b is [1.0]"),
            ((one, one[:0]), "a is "),
            ((one[:, None], one), "b is "),
            ((one * np.inf, one), f"b is [inf] at dt = {dt:g} s"),
            ((one, one * 1.5), f"a[0] is 1.5 at dt = {dt:g} s"),
        ):
            assert broken(law, of(pair, dt)).startswith(words)


@pytest.mark.parametrize("gain", [0.001, 100.0])
def test_the_limits_of_the_laws_of_filters(gain: float) -> None:
    # The largest value of the signal times the gain, or 1.
    signal, n = synapses.SIGNAL[:, 0], synapses.N_STEPS
    assert n == 400 and np.array_equal(signal, np.random.default_rng(0).normal(size=400))
    largest = gain * np.abs(signal).max()

    def forms(s: float) -> Any:
        within = 1e-6 * max(1.0, largest)
        b = np.array([gain * (1 + s * within / largest)])
        state = nef.LinearFilter([gain], [1.0], analog=False).coefficients(0.5)
        return Fake(dt=0.5, synapse=Fake(state_space=lambda dt: state,
                                         coefficients=lambda dt: (b, np.ones(1))))  # fmt: skip

    limits(synapses.both_forms_are_one_filter, forms)

    u, v = signal[:200], signal[200:]
    within = 1e-9 * max(1.0, gain * (np.abs(u).max() + np.abs(v).max()))
    for wrong in (2, 3):

        def linear(s: float, wrong: int = wrong) -> Any:
            inputs = [u, v, 2 * u - v, np.r_[np.zeros(30), u]]

            def filt(x: Any, dt: float) -> Any:
                k = 4 - len(inputs)
                assert np.array_equal(x, inputs.pop(0)) and dt == 0.5
                return gain * x + (k == wrong) * s * within

            return Fake(dt=0.5, synapse=Fake(filt=filt))

        limits(synapses.filters_are_linear_and_do_not_depend_on_when, linear)

    ramp = gain * np.arange(1.0, 801.0)

    def at_half(s: float) -> Any:
        def response(dt: float, n_steps: int) -> Any:
            assert (dt, n_steps) in ((0.5, 400), (0.25, 800))
            return ramp[:400] if dt == 0.5 else np.repeat(ramp[:400], 2) + 2 * s * gain

        return Fake(dt=0.5, response=response)

    limits(synapses.the_response_over_time_does_not_depend_on_dt, at_half)

    def of_gain(s: float) -> Any:
        b, a = np.array([0.5, 0.25]), np.array([1.0, -0.5])
        total = b.sum() / a.sum()  # 1.5
        b = b * gain / total
        stated = gain + s * 1e-6 * max(1.0, gain)
        return Fake(dt=0.5, gain=stated, synapse=Fake(coefficients=lambda dt: (b, a)))

    limits(synapses.the_gain_is_as_stated, of_gain)

    class Off(nef.Lowpass):
        """A filter that alone differs from that in a network."""

        share = 0.0

        def filt(self, x: Any, *arguments: Any, **options: Any) -> Any:
            found = super().filt(x, *arguments, **options)
            expected = np.r_[0.0, found]
            return found + self.share * 1e-9 * max(1.0, np.abs(expected).max())

    def late(s: float) -> Any:
        synapse = Off(0.01)
        type(synapse).share = s
        return synapses.Case(synapse, 0.001, None)

    limits(synapses.a_network_filters_one_step_late, late, 0.5, 1.5)


def test_a_response_is_that_to_a_constant_1() -> None:
    case = synapses.Case(nef.Lowpass(0.1), 0.001, None)
    expected = 1 - np.exp(-np.arange(1, 6) * 0.002 / 0.1)
    np.testing.assert_allclose(case.response(0.002, 5), expected, rtol=1e-9)


# Processes and distributions


def test_processes_are_asked_for_the_stated_steps() -> None:
    calls: list[tuple[int, int]] = []

    class Watched(nef.FourierSignal):
        def start(self, size: int, dt: float, rng: np.random.Generator) -> Any:
            numbers.append((size, dt, rng.bit_generator.state["state"]))
            running = super().start(size, dt, rng)

            def call(first: int, n: int) -> Any:
                calls.append((first, n))
                return running(first, n)

            return call

    numbers: list[Any] = []
    case: Any = processes.Case(Watched(2.0, high=20), 0.002)
    assert case.size == 2 and processes.N_STEPS == 1200
    assert processes.Case(nef.PresentInput(np.ones((1, 3)), 0.1), 0.1).size == 3
    processes.values_have_a_row_for_each_step(case)
    assert calls == [(0, 0), (0, 1), (0, 25)]
    calls.clear()
    processes.the_same_generator_gives_the_same_values(case)
    assert calls == [(0, 100)] * 2
    calls.clear()
    processes.single_steps_are_one_run(case)
    assert calls[0] == (0, 1200) and calls[1:1201] == [(k, 1) for k in range(1200)]
    assert calls[1201:] == [(0, 0 + 1), (1, 129), (130, 1), (131, 894), (1025, 175)]
    seed = np.random.default_rng(1).bit_generator.state["state"]
    assert {(size, dt) for size, dt, _ in numbers} == {(2, 0.002)}
    assert len(numbers) == 8 and all(state == seed for _, _, state in numbers)


def test_samples_are_asked_for_in_each_size(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    class Watched(nef.Uniform):
        def sample(self, n: int, d: Any = None, rng: Any = None) -> Any:
            calls.append((n, d, rng if isinstance(rng, int) else "generator"))
            return super().sample(n, d, rng)

    made = Watched(-1.0, 1.0)
    monkeypatch.setattr(sampling.Laws, "check", lambda self, subject, case: (case.n, case.d))
    assert testing.check_distribution(made) == ((0, 1, 7), (None, 1, 3))
    assert testing.check_distribution(made, [0], [1]) == ((0,), (1,))
    for options in ({"n": [-1]}, {"d": [0]}):
        with pytest.raises(ValueError, match="must be at least"):
            testing.check_distribution(made, **options)  # type: ignore[arg-type]
    case = sampling.Case(made, (2, 4), (None, 3))
    sampling.samples_have_the_shape_asked_for(case)
    assert calls == [(n, d, 1) for n in (2, 4) for d in (None, 3)]
    calls.clear()
    sampling.the_same_seed_gives_the_same_samples(case)
    assert calls == [(4, 3, 5), (4, 3, 5), (4, 3, "generator")]
    calls.clear()
    sampling.randomness_comes_from_the_generator_alone(case)
    assert calls == [(4, 3, 5)]


@pytest.mark.parametrize("accepted", [True, False])
def test_the_state_of_a_process_is_to_be_accepted_after_as_many_steps(accepted: bool) -> None:
    class Running:
        state: dict[str, Any] = {}  # noqa: RUF012

        def __init__(self) -> None:
            self.rng = Fake(bit_generator=Fake(state=0))

        def __call__(self, step: int, n: int) -> np.ndarray:
            return np.zeros(n)

        def accepts(self, state: Any, n_steps: int) -> bool:
            return (n_steps == 700) == accepted

    case = Fake(start=lambda seed=0: Running())
    law = processes.rng_and_state_are_all_that_a_saved_run_needs
    assert broken(law, case) == (
        "" if accepted else "Its state after 700 steps is not accepted by it"
    )
