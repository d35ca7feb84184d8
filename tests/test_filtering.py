"""Laws of filters in state space and of one pole: exact digits on every back end."""

import subprocess
import sys
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.signal import lfilter

import nefsim as nef
from nefsim.backends import available
from nefsim.filtering import StateSpace, at_rest, many_rows, one_row, polynomials

# -- filters of many poles ----------------------------------------------------------------

#: How a delay of 0.1 s is approximated by six poles (Pade).
DELAY = (
    [-1.0, 300.0, -42e3, 336e4, -1512e5, 30240e5],
    [1.0, 360.0, 63e3, 672e4, 4536e5, 18144e6, 30240e7],
)
#: Poles that are equal, slow, far apart, or turn.
MANY_POLES = {
    "five": ([1.0], np.poly([-20, -30, -40, -50, -60]) / 72e6),
    "equal": ([1.0], np.poly([-50.0] * 8) / 50.0**8),
    "slow": ([1.0], np.poly([-2.0] * 5) / 32),
    "fast and slow": ([3.0, 1.0], np.poly([-5.0, -50.0, -500.0]) / 125e3),
    "resonant": ([1.0, 0.5], np.poly([-5 + 60j, -5 - 60j, -3 + 20j, -3 - 20j, -7]).real / 1e7),
    "with feed-through": ([1.0, 0.0, 0.0, 1.0], np.poly([-10.0, -20.0, -30.0])),
    "delay": DELAY,
}


def exactly_held(num, den, u, dt):
    """The response to an input held in each step, in 60 digits."""
    with localcontext() as context:
        context.prec = 60
        den = [Decimal(float(x)) for x in den]
        num = [Decimal(float(x)) / den[0] for x in [*[0.0] * (len(den) - len(num)), *num]]
        den = [x / den[0] for x in den]
        n, step = len(den) - 1, Decimal(dt)
        rates = np.array([[Decimal(0)] * (n + 1) for _ in range(n + 1)])
        rates[0, :n], rates[0, n] = [-x * step for x in den[1:]], step
        for i in range(1, n):
            rates[i, i - 1] = step
        # The exponential as its series; squared ten times, as poles may be fast.
        power = total = np.array([[Decimal(i == j) for j in range(n + 1)] for i in range(n + 1)])
        for k in range(1, 60):
            power = power @ rates / (k * 1024)
            total = total + power
        for _ in range(10):
            total = total @ total
        x, direct = np.array([Decimal(0)] * (n + 1)), num[0]
        numerator = np.array([b - direct * a for b, a in zip(num[1:], den[1:], strict=True)])
        y = []
        for value in u.tolist():
            x[n] = Decimal(value)
            after = total @ x
            y.append(float(numerator @ (x if direct else after)[:n] + direct * x[n]))
            x = after
    return np.array(y)


@pytest.mark.parametrize("name", MANY_POLES)
@pytest.mark.parametrize("dt", [0.001, 0.0001])
def test_a_filter_of_many_poles_is_exact_to_twelve_digits(name, dt):
    """As polynomials in z^-1 these were off by as much as a tenth of their response."""
    num, den = MANY_POLES[name]
    synapse = nef.LinearFilter(num, den)
    u = np.sin(10 * dt * np.arange(1, 301))
    exact = exactly_held(num, den, u, dt)
    y = synapse.filt(u, dt)
    # Some 300 steps, each of which rounds a few numbers.
    np.testing.assert_allclose(y, exact, rtol=0, atol=1e-12 * np.abs(exact).max())


@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_filter_of_many_poles_is_the_same_on_all_back_ends(batch_size):
    pytest.importorskip("numba")
    results = []
    for backend in ("numpy", "numba"):
        net = nef.Network(seed=1)
        source = net.node(nef.WhiteSignal(1.0, high=20), size_out=3)
        probes = [
            net.probe(source, synapse=nef.LinearFilter(*MANY_POLES[name])) for name in MANY_POLES
        ]
        simulator = nef.Simulator(net, backend=backend, batch_size=batch_size)
        simulator.run(0.3)
        results.append([simulator.data[probe] for probe in probes])
    for actual, other in zip(*results, strict=True):
        np.testing.assert_array_equal(actual, other)
        assert np.abs(actual).max() > 0


@pytest.mark.parametrize("name", MANY_POLES)
def test_in_float32_a_filter_of_many_poles_keeps_four_digits(name):
    passed = []
    for dtype in ("float64", "float32"):
        net = nef.Network(seed=1)
        source = net.node(nef.WhiteSignal(1.0, high=20))
        probe = net.probe(source, synapse=nef.LinearFilter(*MANY_POLES[name]))
        simulator = nef.Simulator(net, backend="numpy", dtype=dtype)
        simulator.run(0.5)
        passed.append(simulator.data[probe])
    # 500 steps of numbers that are rounded by 6e-8.
    np.testing.assert_allclose(*passed, rtol=0, atol=3e-5 * np.abs(passed[0]).max())


def test_a_filter_of_many_poles_runs_by_coefficients_of_a_subclass():
    class Twice(nef.LinearFilter):
        def coefficients(self, dt):
            b, a = super().coefficients(dt)
            return 2 * b, a

    many = MANY_POLES["fast and slow"]
    u = np.random.default_rng(0).normal(size=100)
    # As polynomials these poles lose some digits.
    expected = 2 * nef.LinearFilter(*many).filt(u)
    np.testing.assert_allclose(Twice(*many).filt(u), expected, rtol=1e-6)


@pytest.mark.parametrize("backend", [name for name in ("numpy", "numba") if name in available()])
def test_a_saved_filter_of_many_poles_continues_and_is_not_read_as_polynomials(
    tmp_path, monkeypatch, backend
):
    def built():
        net = nef.Network(seed=1)
        source = net.node(nef.WhiteSignal(1.0, high=20))
        probe = net.probe(source, synapse=nef.LinearFilter(*MANY_POLES["five"]))
        return net, probe

    net, probe = built()
    simulator = nef.Simulator(net, backend=backend)
    simulator.run(0.1)
    file = simulator.save(tmp_path / "state")
    simulator.run(0.1)
    again, same = built()
    loaded = nef.Simulator.load(file, again, backend=backend)
    loaded.run(0.1)
    np.testing.assert_array_equal(loaded.data[same][-100:], simulator.data[probe][-100:])
    # A file from before filters were in state space.
    monkeypatch.setattr("nefsim.filtering.LOWEST_ORDER_OF_STATE", 9)
    with pytest.raises(ValueError, match="net must fit the saved state"):
        nef.Simulator.load(file, built()[0], backend=backend)


def test_noise_goes_through_many_poles_as_through_their_filter():
    synapse = nef.LinearFilter(*MANY_POLES["five"])
    white, passed = (
        process.start(2, 0.001, np.random.default_rng(3))(0, 500)
        for process in (nef.WhiteNoise(), nef.FilteredNoise(synapse))
    )
    np.testing.assert_array_equal(passed, synapse.filt(white))


def test_a_filter_of_many_poles_starts_at_rest():
    form = nef.LinearFilter(*MANY_POLES["five"]).form(0.001)
    z, y = at_rest(form, 0.7).reshape(5, 1), np.empty((100, 1))
    many_rows(form, z)(np.full((100, 1), 0.7), y)
    np.testing.assert_allclose(y, 0.7, rtol=0, atol=1e-12)


# -- first order without SciPy ------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("columns", [1, 2, 8, 9, 100])
@pytest.mark.parametrize("form", [([0.1], [1.0, -0.9]), ([0.5, -0.4], [1.0, -0.9])], ids=str)
def test_one_pole_gives_the_digits_of_lfilter(form, columns, dtype):
    form = tuple(np.array(part) for part in form)
    b, a = (np.pad(part, (0, 2 - len(part))).astype(dtype) for part in form)
    u = np.random.default_rng(columns).normal(size=(300, columns)).astype(dtype)
    z = np.random.default_rng(1).normal(size=(1, columns)).astype(dtype)
    expected, left = lfilter(b, a, u, axis=0, zi=z.copy())
    many, one = np.empty_like(u), np.empty_like(u)
    left_by_many, left_by_one = z.copy(), z.copy()
    many_rows(form, left_by_many)(u, many)
    step = one_row(form, left_by_one)
    for given, output in zip(u, one, strict=True):
        step(given, output)
    for y, z in ((many, left_by_many), (one, left_by_one)):
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(z, left)


def test_a_network_of_lowpasses_runs_without_scipy_signal():
    code = """
import sys
import numpy as np, nefsim as nef
net = nef.Network(seed=1)
a = net.ensemble(20, 1, noise=nef.FilteredNoise(0.01, nef.Gaussian(0, 0.1)))
net.connect(net.node(np.sin), a)
net.probe(a, synapse=0.01)
nef.Simulator(net, backend="numpy").run(0.1)
nef.Lowpass(0.1).filt(np.ones(10))
nef.LinearFilter([1.0], [0.1, 1.0]).filt(np.ones(10))
print("scipy.signal" in sys.modules)
"""
    report = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert report.stdout.strip() == "False"


@pytest.mark.parametrize("n", [1, 3])
def test_polynomials_have_one_coefficient_more_than_there_are_states(n: int) -> None:
    for A in (0.5 * np.eye(n), np.full((n, n), np.nan)):
        b, a = polynomials(StateSpace(A, np.ones(n), np.ones(n), 0.0))
        assert len(b) == len(a) == n + 1
        assert np.isfinite([*b, *a]).all() == np.isfinite(A).all()


def test_a_filter_without_memory_is_a_factor() -> None:
    form, z = (np.array([0.7]), np.array([1.0])), np.zeros((0, 2))
    u = np.random.default_rng(1).normal(size=(5, 2))
    y = np.zeros_like(u)
    many_rows(form, z)(u, y)
    np.testing.assert_array_equal(y, 0.7 * u)
