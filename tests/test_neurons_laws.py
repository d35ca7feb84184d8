"""Laws of neurons at the limits of their arguments, and of parameters of each neuron."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.neurons import curves, discrete, izhikevich
from nefsim.neurons.base import NeuronType
from nefsim.neurons.lif import step_factors
from nefsim.neurons.soft import soft_lif_rates
from nefsim.neurons.steady import steady_values

EACH = np.array([0.0, 0.002, 0.5])

INITIAL = {
    nef.LIF: {"voltage": (0.0, 1.0), "refractory_time": 0.0},
    nef.AdaptiveLIF: {"voltage": (0.0, 1.0), "refractory_time": 0.0, "adaptation": 0.0},
    nef.SpikingRectifiedLinear: {"voltage": (0.0, 1.0)},
    nef.RegularSpiking: {"rate_out": 0.0, "voltage": (0.0, 1.0)},
    nef.PoissonSpiking: {"rate_out": 0.0},
}


@pytest.mark.parametrize("kind", INITIAL)
def test_voltages_start_between_rest_and_threshold(kind: Any) -> None:
    assert dict(kind().initial_state) == INITIAL[kind]


@dataclass(frozen=True, eq=False)
class Line(NeuronType):
    """Rates of both signs without a limit."""

    negative = True

    def rates(self, J: Any) -> Any:
        return np.asarray(J)

    def current(self, rates: Any) -> Any:
        return self._current_of(rates)

    def step(self, J: Any, state: Any, dt: float, out: Any, rng: Any = None) -> None:
        """Count the steps."""
        state["k"] += 1.0
        out[...] = state["k"] * J

    def start(self, initial: Any, dt: float) -> Any:
        return {"k": np.zeros(1)}


def test_rates_without_a_limit_are_at_least_minus_a_million_million() -> None:
    assert Line().current([-0.9e12]) == [-0.9e12]
    with pytest.raises(ValueError, match=r"rates must be at least -1e\+12"):
        Line().current([-1.5e12])
    assert Line().output_per_hertz == 1.0


def test_the_limit_of_rates_is_met_but_for_the_last_digits() -> None:
    lif = nef.LIF()
    assert np.isfinite(lif.current(500.0 * (1 - 1.5e-12)))
    with pytest.raises(ValueError, match="rate limit 500 Hz"):
        lif.current(500.0 * (1 - 0.5e-12))


def test_a_mean_over_steps_is_that_of_the_second_half() -> None:
    rates = discrete.counted_rates(Line(), np.array(2.0), 0.001, 4)
    assert rates.shape == () and rates == 2.0 * (5 + 6 + 7 + 8) / 4


# -- parameters of each neuron -----------------------------------------------------------------


def test_parameters_of_each_neuron_fit_currents_of_that_many_or_of_one() -> None:
    lif = nef.LIF(tau_rc=(0.01, 0.02, 0.03), tau_ref=list(EACH))
    assert lif.size == 3 and nef.LIF().size is None
    for J in (2.0, [2.0], np.full((4, 1), 2.0)):
        np.testing.assert_array_equal(np.broadcast_to(lif.rates(J), (4, 3))[-1], lif.rates([2.0]))
    assert lif.rates(np.ones((3, 2, 3))).shape == (3, 2, 3)
    for shape in ((2,), (3, 2), (3, 3, 2)):
        with pytest.raises(ValueError, match="array must have 3 neurons in its last axis"):
            lif.rates(np.ones(shape))
    unit = nef.DiscreteLIF(decay=[0.5, 0.5, 0.25])
    assert unit.rates(2.0).tolist() == unit.rates([2.0]).tolist() == [1000.0] * 3
    with pytest.raises(ValueError, match="DiscreteLIF: arrays must have one element for each"):
        unit.rates([1.0, 1.0])
    with pytest.raises(ValueError, match="DiscreteLIF: arrays must have one element for each"):
        unit.current([1.0, 1.0])


def test_a_parameter_is_a_number_or_a_list() -> None:
    assert nef.DiscreteLIF(threshold=np.array(2.0)).threshold == 2.0
    assert nef.DiscreteLIF(decay=[0.5, 0.25]).decay.tolist() == [0.5, 0.25]
    assert nef.LIF(tau_ref=[0.0, 0.002]).rate_limit.tolist() == [np.inf, 500.0]
    assert nef.LIF(tau_ref=EACH).rate_limit.tolist() == [np.inf, 500.0, 2.0]
    assert nef.LIF(tau_ref=0.0).rate_limit == nef.SoftLIFRate(tau_ref=0.0).rate_limit == np.inf


LIMITS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "tau_rc must be at most 1e+06": (nef.LIF, {"tau_rc": [1e6]}, {"tau_rc": [1.1e6]}),
    "tau_ref must be at most 1e+06": (nef.LIF, {"tau_ref": [1e6]}, {"tau_ref": [1.1e6]}),
    "tau_rc must be above 0": (nef.LIF, {"tau_ref": [0.0]}, {"tau_rc": [0.02, 0.0]}),
    "arrays must have one element": (
        nef.LIF,
        {"tau_rc": [0.02, 0.03], "tau_ref": [0.002, 0.001]},
        {"tau_rc": [0.02, 0.03], "tau_ref": [0.002] * 3},
    ),
    "decay must be at most 1": (nef.DiscreteLIF, {"decay": 1.0}, {"decay": 1.01}),
    "n_steps must be at most 64": (nef.InverseLIF, {"n_steps": 64}, {"n_steps": 65}),
    "factor must be at least 0.01": (nef.InverseLIF, {"factor": 0.01}, {"factor": 0.0099}),
    "factor must be at most 100": (nef.InverseLIF, {"factor": 100.0}, {"factor": 101.0}),
    "arrays must have one": (
        nef.InverseLIF,
        {"threshold": [1.0, 2.0], "offset": [0.0, 1.0]},
        {"threshold": [1.0, 2.0], "offset": [0.0] * 3},
    ),
    "tau_recovery must be at most 1": (nef.Izhikevich, {}, {"tau_recovery": 1.1}),
    "coupling must be at most 100": (nef.Izhikevich, {"coupling": 0.0}, {"coupling": 100.5}),
    "reset_voltage must be at least -1000": (nef.Izhikevich, {}, {"reset_voltage": -1000.5}),
    "reset_recovery must be at least -10000": (nef.Izhikevich, {}, {"reset_recovery": -10001}),
    "reset_recovery must be at most 10000": (nef.Izhikevich, {}, {"reset_recovery": 10001}),
    "sigma must be at most 1e+06": (nef.SoftLIFRate, {"sigma": 1e6}, {"sigma": 1.1e6}),
    "x must be a number or a list": (nef.SteadyState, {"x": [0.5]}, {"x": [[0.5]]}),
    "x must be a number": (nef.SteadyState, {"x": 0.5}, {"x": []}),
}


@pytest.mark.parametrize("must", LIMITS)
def test_parameters_are_within_their_limits(must: str) -> None:
    kind, good, bad = LIMITS[must]
    kind(**good)
    with pytest.raises(ValueError, match=f"^{kind.__name__}: {must}".replace("+", r"\+")):
        kind(**bad)


def test_voltages_above_the_threshold_are_refused_by_each_method() -> None:
    for neuron in (nef.LIF(), nef.LIF(method="euler"), nef.AdaptiveLIF()):
        start = {name: np.zeros(2) for name in neuron.initial_state}
        neuron.start(start | {"voltage": np.ones(2)}, 0.001)
        with pytest.raises(ValueError, match=rf"^{type(neuron).__name__}: voltage must start"):
            neuron.start(start | {"voltage": np.array([0.0, 1.5])}, 0.001)


# -- curves ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tau_ref", [0.0, 0.002, np.array([0.0, 0.002])], ids=str)
def test_very_negative_currents_give_no_rate(tau_ref: Any) -> None:
    J = np.array([-1e308, -1e308])
    with np.errstate(over="ignore"):  # the interval without a refractory time rounds to 0
        assert curves.lif_rates(J, 0.02, tau_ref).tolist() == [0.0, 0.0]
    assert np.isnan(curves.lif_rates(np.full(2, np.nan), 0.02, tau_ref)).all()


@pytest.mark.parametrize("amplitude", [1.0, 2.0, 3.0])
def test_currents_are_replaced_by_their_rates(amplitude: float) -> None:
    for neuron in (nef.LIFRate(amplitude=amplitude), nef.AdaptiveLIF(amplitude=amplitude)):
        J = np.array([0.5, 1.5, 9.0])
        expected = neuron.rates(J)
        neuron._to_rates(J)
        np.testing.assert_array_equal(J, expected)


@pytest.mark.parametrize("tau_rc", [0.02, np.array([0.02, 0.04])], ids=str)
@pytest.mark.parametrize("tau_ref", [0.002, np.array([0.002, 0.001])], ids=str)
def test_the_factors_of_a_step_are_exponentials_of_each_neuron(tau_rc: Any, tau_ref: Any) -> None:
    decay, refractory = step_factors(tau_rc, tau_ref, 0.001)
    np.testing.assert_allclose(decay, np.exp(-0.001 / tau_rc), rtol=1e-15)
    np.testing.assert_allclose(refractory, np.exp((tau_ref + 0.001) / tau_rc), rtol=1e-15)


@pytest.mark.parametrize("method", ["exact", "euler"])
@pytest.mark.parametrize("tau_rc", [0.02, 1e-6])
def test_neurons_with_constants_of_each_are_those_with_one(method: str, tau_rc: float) -> None:
    refs = [0.001, 0.004]
    both = nef.LIF(tau_rc=[tau_rc, 2 * tau_rc], tau_ref=refs, method=method)
    start = {"voltage": np.full((3, 2), 0.5), "refractory_time": np.zeros((3, 2))}
    state, out = both.start(start, 0.001), np.zeros((3, 2))
    ones = [nef.LIF(tau_rc * (1 + i), refs[i], method=method) for i in range(2)]
    states = [
        one.start({k: v[:, i] for k, v in start.items()}, 0.001) for i, one in enumerate(ones)
    ]
    J, alone = np.outer([1.5, 3.0, 20.0], [1.0, 1.1]), np.zeros(3)
    n_spikes = 0
    for _ in range(60):
        both.step(J, state, 0.001, out)
        n_spikes += np.count_nonzero(out)
        for i, one in enumerate(ones):
            one.step(J[:, i], states[i], 0.001, alone)
            np.testing.assert_array_equal(out[:, i], alone)
    assert n_spikes > 20


def test_far_below_its_threshold_the_soft_curve_is_that_of_its_exponential() -> None:
    """ln(1 + e^q) is e^q, and ln(1 + 1/z) is -q - ln sigma."""
    q = np.array([-20.0, -35.0, -37.0, -700.0])
    for tau_rc, tau_ref, sigma in ((0.02, 0.002, 0.05), (0.1, 0.0, 2.0)):
        expected = 1 / (tau_ref + tau_rc * (-q - np.log(sigma)))
        soft = soft_lif_rates(1.0 + sigma * q, tau_rc, tau_ref, sigma)
        np.testing.assert_allclose(soft, expected, rtol=1e-8)  # z is e^q / sigma up to e^-20
        neuron = nef.SoftLIFRate(tau_rc, tau_ref, sigma)
        np.testing.assert_allclose(neuron.current(expected), 1.0 + sigma * q, rtol=0, atol=1e-7)


@pytest.mark.parametrize("activation", discrete.ACTIVATIONS)
def test_activations_are_the_same_in_torch(activation: str) -> None:
    torch = pytest.importorskip("torch")
    u = np.linspace(-2.0, 2.0, 9)
    found = discrete.activate(torch.tensor(u), activation, torch)
    np.testing.assert_allclose(found, discrete.activate(u, activation), rtol=0, atol=1e-15)


# -- discrete neurons --------------------------------------------------------------------------


def test_a_step_without_options_is_that_of_an_integrator_which_fires_above_its_threshold() -> None:
    y, v = discrete.discrete_step(
        np.array([0.5, 0.75, 0.25]), np.array([0.5, 0.5, 0.5]), decay=1.0, threshold=1.0
    )
    assert (y.tolist(), v.tolist()) == ([0.0, 1.0, 0.0], [1.0, 0.0, 0.75])


def test_rates_in_closed_form_are_not_counted() -> None:
    # 0.5, 0.75 and 0.875 are the potentials; a count of 1000 steps is a whole number.
    unit = nef.DiscreteLIF(0.5, 0.8, amplitude=2.0)
    assert unit.rates([0.5]) == pytest.approx([2000 / 3], rel=1e-12)
    assert nef.DiscreteLIF(0.5, 0.8, step_time=0.01).rates(0.5) == pytest.approx(100 / 3)
    unit = nef.DiscreteLIF(threshold=2.0, reset="subtract")
    assert unit.rates([0.2468, 5.0, -1.0]) == pytest.approx([123.4, 1000.0, 0.0], rel=1e-12)
    # With a leak and what remains after a spike they are counted, in 1000 steps of 1 ms.
    leaky = nef.DiscreteLIF(0.5, 0.8, "subtract").rates([0.45, 0.5])
    assert leaky.tolist() == np.round(leaky).tolist() and 0 < leaky[0] < leaky[1] < 1000
    assert nef.DiscreteLIF(0.0, output="sigmoid").rates([2.0]) == pytest.approx(
        [1000 / (1 + np.exp(-1.0))]
    )


def test_a_neuron_with_a_threshold_below_zero_fires_at_rest() -> None:
    unit = nef.DiscreteLIF(threshold=-0.5, reset="subtract")
    assert unit.rates([0.0, -1.0]).tolist() == [1000.0, 0.0]
    assert nef.DiscreteLIF(threshold=-0.5).rates([0.0, -1.0]).tolist() == [1000.0, 0.0]


def test_the_current_of_a_rate_charges_to_the_threshold_in_that_time() -> None:
    unit = nef.DiscreteLIF(decay=[0.5, 0.0, 1.0], threshold=3.0, scale=2.0)
    assert unit.threshold_current.tolist() == [0.75, 1.5, 0.0]
    # 1 + 1/2 + 1/4 times the scaled input; without a memory, once; four times without a leak.
    quarter = nef.DiscreteLIF(decay=0.5, threshold=3.0, scale=2.0).current(1000 / 3)
    assert quarter == pytest.approx(3.0 / (2.0 * 1.75), rel=1e-12)
    assert unit.current([250.0] * 3) == pytest.approx([3 / 3.75, 1.5, 3 / 8], rel=1e-12)
    assert unit.current(0.0).tolist() == [0.75, 1.5, 0.0]
    assert nef.DiscreteLIF(reset="subtract").current(250.0) == 0.25
    assert nef.DiscreteLIF().current(1000.0) == pytest.approx(1.0, rel=1e-12)
    with pytest.raises(ValueError, match="below the rate limit"):
        nef.DiscreteLIF().current(1000.0 * (1 + 1.5e-9))


# -- inverse neurons ---------------------------------------------------------------------------


def test_the_rate_of_an_inverse_neuron_is_that_of_the_digits_of_its_input() -> None:
    """A constant 1 for four steps is 1.111 in binary digits, and a half is 0.111."""
    unit = nef.InverseLIF(n_steps=4, amplitude=0.5)
    assert unit.rates([1.0, 0.5, 0.0]).tolist() == [500.0, 375.0, 0.0]
    with pytest.raises(ValueError, match="InverseLIF: arrays must have one element for each"):
        nef.InverseLIF(threshold=[1.0, 2.0]).rates([1.0] * 3)


def test_a_sample_is_released_from_the_first_step_and_later_input_is_not() -> None:
    unit, out = nef.InverseLIF(n_steps=3, offset=0.25, samples=True), np.zeros(1)
    state = unit.start({name: np.zeros(1) for name in unit.initial_state}, 1.0)
    spikes = []
    for J in (0.5, 9.0, 9.0, 1.25, 0.0, 0.0):  # 0.75 is 0.11, and 1.5 is 1.10
        unit.step(np.array([J]), state, 1.0, out)
        spikes.append(out.item())
    assert spikes == [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]


def test_a_state_of_inverse_neurons_is_finite_and_at_one_step() -> None:
    unit = nef.InverseLIF(n_steps=3)
    good = {name: np.zeros(2) for name in unit.initial_state}
    unit.check_state("load", good | {"steps_done": np.full(2, 2.0)})
    for steps in ([0.0, 1.0], [3.0, 3.0]):
        with pytest.raises(ValueError, match=r"^load: steps_done of InverseLIF must be one whole"):
            unit.check_state("load", good | {"steps_done": np.array(steps)})
    with pytest.raises(ValueError, match=r"^load: voltage of InverseLIF must be finite, got nan"):
        unit.check_state("load", good | {"voltage": np.array([0.0, np.nan])})


# -- tables and steady states ------------------------------------------------------------------


def test_the_rates_of_izhikevich_neurons_are_measured_for_two_seconds_at_860_currents() -> None:
    currents, rates = izhikevich.rate_table(nef.Izhikevich())
    np.testing.assert_array_equal(currents, -30.0 + 0.5 * np.arange(860))
    assert (izhikevich.SETTLE_STEPS, izhikevich.COUNT_STEPS) == (500, 2000)
    np.testing.assert_array_equal(2 * rates, np.round(2 * rates))


def test_a_neuron_that_is_silent_at_the_lowest_current_alone_is_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = np.array([-30.0, -29.5, -29.0]), np.array([0.0, 5.0, 9.0])
    monkeypatch.setattr(izhikevich, "rate_table", lambda neuron: table)
    assert nef.Izhikevich().threshold_current == -30.0
    table[1][0] = 0.5
    with pytest.raises(ValueError, match=r"silent at J = -30, got 0\.5 Hz"):
        nef.Izhikevich()


def fixed(share: float) -> Any:
    return SimpleNamespace(random=lambda n: np.full(n, share))


@pytest.mark.parametrize("method", ["exact", "euler"])
def test_a_steady_state_is_that_of_a_share_of_the_interval(method: str) -> None:
    neuron = nef.LIF(tau_rc=0.02, tau_ref=0.004, method=method)
    J = np.array([0.5, 3.0])
    interval = 0.004 + 0.02 * np.log(1.5)
    late = steady_values(neuron, J, 0.001, fixed(0.75))
    voltage = 3.0 * (1.0 - np.exp(-(0.75 * interval - 0.004) / 0.02))
    assert late["voltage"] == pytest.approx([0.5, voltage], rel=1e-12)
    assert late["refractory_time"].tolist() == [0.0, 0.0]
    early = steady_values(neuron, J, 0.001, fixed(0.25))
    wait = 0.004 - 0.25 * interval + 0.001 * (method == "exact")
    assert early["voltage"].tolist() == [0.5, 0.0]
    assert early["refractory_time"] == pytest.approx([0.0, wait], rel=1e-12)


def test_no_steady_voltage_is_above_the_threshold() -> None:
    J = np.linspace(1.01, 50.0, 20_000)
    voltage = steady_values(nef.LIF(), J, 0.001, fixed(float(np.nextafter(1.0, 0.0))))["voltage"]
    assert voltage.max() == 1.0 and voltage.min() > 0.9999999


def test_poisson_neurons_with_rates_beyond_all_whole_numbers_run_on() -> None:
    neurons = nef.PoissonSpiking(nef.RectifiedLinear())
    out, J, memory = np.zeros(2), np.array([1e300, -1e300]), {"rate_out": np.zeros(2)}
    neurons.step(J, memory, 0.001, out, np.random.default_rng(1))
    assert 2.0**61 < out[0] * 0.001 < 2.0**63 and out[1] == 0.0


def test_poisson_neurons_pass_nan_on_and_draw_the_other_numbers_as_before() -> None:
    neurons = nef.PoissonSpiking(nef.RectifiedLinear())
    J, outs = np.array([800.0, 900.0, 700.0]), []
    for second in (0.0, np.nan):
        J[1], out = second, np.zeros(3)
        neurons.step(J, {"rate_out": np.zeros(3)}, 0.001, out, np.random.default_rng(1))
        outs.append(out)
    assert np.isnan(outs[1][1]) and outs[1][[0, 2]].tolist() == outs[0][[0, 2]].tolist()
