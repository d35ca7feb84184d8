"""Laws of the figures: they show the data, and change nothing else."""

import io
import re
import subprocess
import sys
from functools import cache

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from scipy.signal import welch
from scipy.sparse import csr_array

import nefsim as nef
from nefsim import plot

SENTENCE = r"^[\w.]+: .+ must .+, got .+; .+\.$"
RNG = np.random.default_rng(0)
X = np.linspace(-1.0, 1.0, 21)
RATES = RNG.uniform(0.0, 100.0, (21, 5))
PLANE = RNG.uniform(-1.0, 1.0, (21, 2))
SPIKES = 1000.0 * (RNG.random((200, 6)) < 0.1)
VALUES = RNG.normal(size=(200, 2))
TIME = 5.0 + 0.002 * np.arange(200)
WEIGHTS = RNG.normal(size=(7, 4))
ANIMALS = nef.spa.Vocabulary(16, seed=1)
ANIMALS.populate("CAT; DOG")
PLACES = nef.spa.HexagonalSSP(2, n_rotations=4)


class Model:
    """The x^2 network, run for a short time, and a 2-D population."""

    def __init__(self):
        net = nef.Network(seed=1)
        stimulus = net.node(np.sin)
        self.a = net.ensemble(30, 1, radius=2.0, max_rates=(25, 75))
        self.b = net.ensemble(20, 1, max_rates=(50, 100))
        self.plane = net.ensemble(25, 2, radius=3.0)
        self.direct = net.ensemble(1, 1, neuron_type=nef.Direct())
        self.into_a = net.connect(stimulus, self.a, synapse=None)
        self.square = net.connect(self.a, self.b, function=np.square, synapse=0.1)
        self.to_node = net.connect(self.a, net.node(size_in=2), transform=[[1.0], [3.0]])
        self.from_plane = net.connect(self.plane, net.node(size_in=2), function=np.square)
        self.second_of_plane = net.connect(self.plane[1], net.node(size_in=1))
        self.input = net.probe(stimulus, label="input")
        self.spikes = net.probe(self.a.neurons, label="spikes")
        self.y = net.probe(self.b, synapse=0.1, label="y")
        self.sparse = net.probe(self.b, sample_every=0.002, label="sparse")
        self.net = net
        self.sim = nef.Simulator(net)
        self.sim.run_steps(200)


@pytest.fixture(scope="module")
def model():
    return Model()


@pytest.fixture(autouse=True)
def nothing_is_shown(monkeypatch):
    """No figure may be shown, and none outlives its test."""

    def show(*args, **kwargs):
        raise AssertionError("pyplot.show was called")

    monkeypatch.setattr(plt, "show", show)
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return Figure().subplots()


def looped():
    """A source, a population in a loop with itself and another, and an error that teaches."""
    net = nef.Network(seed=1, label="outer")
    u, inner = net.node(np.sin, label="u"), net.subnetwork("inner")
    a, b = net.ensemble(20, 1, label="a"), inner.ensemble(10, 1, label="b")
    out = net.node(size_in=1, label="out")
    net.connect(u, a)
    net.connect(a.neurons[:10], b.neurons)
    net.connect(b, a)
    net.connect(a, a)
    learned = net.connect(a, out, learning_rule=nef.PES())
    net.connect(u, learned.learning_rule)
    return net


def late():
    """Periods of a run in real time that begin up to 0.3 ms late."""
    found = nef.Deadlines(0.001)
    for value in (*[2e-5] * 99, 3e-4):
        found._add(value, 0.0005, value - 0.0005)
    return found


@cache
def budget():
    net = nef.Network(seed=1)
    net.connect(net.node(np.sin), net.ensemble(20, 1))
    net.probe(net.ensembles[0], synapse=0.01)
    return nef.error_budget(net, seconds=0.1, backend="numpy")


FIGURES = {
    "tuning_curves": lambda ax: plot.tuning_curves(RATES, X, ax=ax),
    "tuning_surface": lambda ax: plot.tuning_surface(RATES, PLANE, ax=ax),
    "raster": lambda ax: plot.raster(SPIKES, ax=ax),
    "decoded": lambda ax: plot.decoded(VALUES, ideal=VALUES, ax=ax),
    "decoding_error": lambda ax: plot.decoding_error(VALUES, VALUES + 0.1, ax=ax),
    "weight_matrix": lambda ax: plot.weight_matrix(WEIGHTS, ax=ax),
    "spectrum": lambda ax: plot.spectrum(VALUES, ax=ax),
    "learning_curve": lambda ax: plot.learning_curve(VALUES, window=0.05, ax=ax),
    "weight_histogram": lambda ax: plot.weight_histogram(WEIGHTS, ax=ax),
    "stdp_curve": lambda ax: plot.stdp_curve(*nef.analysis.stdp_curve(), ax=ax),
    "network": lambda ax: plot.network(looped(), ax=ax),
    "confusion_matrix": lambda ax: plot.confusion_matrix([0, 1, 2, 2], [0, 1, 2, 1], ax=ax),
    "error_budget": lambda ax: plot.error_budget(budget(), ax=ax),
    "sweep": lambda ax: plot.sweep(
        {"n": [10, 10, 20], "rmse": [0.3, 0.2, 0.1]}, "n", "rmse", ax=ax
    ),
    "similarities": lambda ax: plot.similarities(np.tile(ANIMALS["CAT"], (200, 1)), ANIMALS, ax=ax),
    "rate_map": lambda ax: plot.rate_map(50.0 * (PLANE[:, 0] > 0), PLANE, n_bins=4, ax=ax),
    "similarity_map": lambda ax: plot.similarity_map(PLACES.encode([0.2, 0.4]), PLACES, ax=ax),
    "deadlines": lambda ax: plot.deadlines(late(), ax=ax),
    "phase": lambda ax: plot.phase(VALUES, ax=ax),
    "population_rate": lambda ax: plot.population_rate(SPIKES, ax=ax),
    "psth": lambda ax: plot.psth(SPIKES, [0.05, 0.1], span=(-0.02, 0.08), ax=ax),
    "intervals": lambda ax: plot.intervals(SPIKES, ax=ax),
    "voltages": lambda ax: plot.voltages(RATES / 100.0, ax=ax),
    "weights_over_time": lambda ax: plot.weights_over_time(VALUES, ax=ax),
}
LABELS = {
    "tuning_curves": ("represented value $x$", "firing rate [Hz]"),
    "tuning_surface": ("represented value $x_0$", "represented value $x_1$"),
    "raster": ("time [s]", "neuron"),
    "decoded": ("time [s]", "decoded value"),
    "decoding_error": ("represented value $x$", r"decoding error $\hat{x} - x$"),
    "weight_matrix": ("presynaptic neuron", "postsynaptic neuron"),
    "spectrum": ("frequency [Hz]", "power density [value$^2$ / Hz]"),
    "learning_curve": ("time [s]", "root mean square error"),
    "weight_histogram": ("weight", "number of weights"),
    "stdp_curve": ("$t_{post} - t_{pre}$ [ms]", "change of the weight"),
    "network": ("", ""),
    "confusion_matrix": ("class found", "true class"),
    "error_budget": ("connection or probe", "root mean square error"),
    "sweep": ("n", "rmse"),
    "similarities": ("time [s]", "similarity"),
    "rate_map": ("$x_0$", "$x_1$"),
    "similarity_map": ("$x_0$", "$x_1$"),
    "deadlines": ("lateness at the beginning [ms]", "periods"),
    "phase": ("$x_0$", "$x_1$"),
    "population_rate": ("time [s]", "mean firing rate [Hz]"),
    "psth": ("time from the event [s]", "mean firing rate [Hz]"),
    "intervals": ("interval between spikes [ms]", "number of intervals"),
    "voltages": ("time [s]", "neuron"),
    "weights_over_time": ("time [s]", "weight"),
}
#: Functions that make a figure or a file of their own; test_plot_runs has their tests.
OF_WHOLE_RUNS = {"animate", "overview"}

each_figure = pytest.mark.parametrize("name", FIGURES)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


#: Legends of the figures above; the others have at most one curve.
LEGENDS = {
    "decoded": ["output 0", "output 1", "ideal"],
    "decoding_error": ["dimension 0", "dimension 1"],
    "spectrum": ["dimension 0", "dimension 1"],
    "stdp_curve": [r"$\tau_+$ = 9.8 ms", r"$\tau_-$ = 36.0 ms"],
    "error_budget": ["all", "delay", "distortion", "saturation", "noise", "dynamics"],
    "similarities": ["CAT", "DOG"],
    "deadlines": ["p50", "p99", "p99.9", "period"],
}


@each_figure
def test_several_curves_have_a_legend(name, ax):
    FIGURES[name](ax)
    assert (legend(ax) if ax.get_legend() else []) == LEGENDS.get(name, [])


def test_importing_plot_leaves_matplotlib_for_later():
    code = "import sys, nefsim.plot; print({'matplotlib', 'scipy.signal'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_public_figure_is_tested():
    assert set(FIGURES) | OF_WHOLE_RUNS == set(plot.__all__)


@each_figure
def test_passed_axes_are_returned_and_no_figure_is_opened(name, ax):
    assert FIGURES[name](ax) is ax
    assert plt.get_fignums() == []


@each_figure
def test_without_axes_one_figure_is_opened(name):
    drawn = FIGURES[name](None)
    assert [plt.figure(number) for number in plt.get_fignums()] == [drawn.figure]


@each_figure
def test_axes_are_labelled_with_quantity_and_unit(name, ax):
    FIGURES[name](ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == LABELS[name]


@each_figure
def test_a_figure_can_be_saved_and_settings_are_unchanged(name):
    before = mpl.rcParams.copy()
    file = io.BytesIO()
    FIGURES[name](None).figure.savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")
    assert mpl.rcParams == before


@each_figure
def test_arrays_are_not_changed(name, ax):
    arrays = (X, RATES, PLANE, SPIKES, VALUES, WEIGHTS)
    before = [array.copy() for array in arrays]
    FIGURES[name](ax)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


# Tuning curves


def test_each_tuning_curve_is_a_line_through_its_rates_in_order_of_x(ax):
    shuffled = RNG.permutation(len(X))
    plot.tuning_curves(RATES[shuffled], X[shuffled], ax=ax)
    assert len(ax.lines) == 5
    for i, line in enumerate(ax.lines):
        np.testing.assert_array_equal(line.get_xdata(), X)
        np.testing.assert_array_equal(line.get_ydata(), RATES[:, i])


def test_colours_run_with_the_preferred_value(ax):
    bumps = np.exp(-((X[:, None] - [0.5, -0.5, 0.0]) ** 2) / 0.01)
    plot.tuning_curves(bumps, X, ax=ax)
    green = [line.get_color()[1] for line in ax.lines]
    assert green[1] < green[2] < green[0]


def test_a_silent_neuron_is_drawn_too(ax):
    plot.tuning_curves(np.zeros((21, 1)), X, ax=ax)
    assert not ax.lines[0].get_ydata().any()


def test_line_styles_reach_every_line(ax):
    plot.tuning_curves(RATES, X, ax=ax, c="red", lw=3)
    assert {(line.get_color(), line.get_linewidth()) for line in ax.lines} == {("red", 3.0)}


@pytest.mark.parametrize("x", [None, [0.5, -2.0, 1.0]])
def test_curves_of_an_ensemble_are_its_closed_form_rates(model, ax, x):
    plot.tuning_curves(model.sim, x, ensemble=model.a, ax=ax)
    built = model.sim.data[model.a]
    drawn = ax.lines[0].get_xdata()
    np.testing.assert_array_equal([drawn[0], drawn[-1]], [-2.0, 2.0 if x is None else 1.0])
    expected = nef.tuning_curves(
        nef.LIF(), drawn, built.encoders, built.gain, built.bias, radius=2.0
    )
    np.testing.assert_array_equal([line.get_ydata() for line in ax.lines], expected.T)


def test_curves_in_several_dimensions_run_along_the_encoders(model, ax):
    plot.tuning_curves(model.sim, [-3.0, 3.0], ensemble=model.plane, ax=ax)
    at_radius = [line.get_ydata()[-1] for line in ax.lines]
    # The rate at the encoder itself is the maximum rate, up to rounding of gain and bias.
    np.testing.assert_allclose(at_radius, model.sim.data[model.plane].max_rates, rtol=1e-9)
    assert ax.get_xlabel() == "represented value along each neuron's encoder"


def test_of_many_neurons_a_hundred_curves_are_drawn_evenly_by_preferred_value(ax):
    centres = RNG.permutation(np.linspace(-1.0, 1.0, 3000))
    bumps = np.exp(-((X[:, None] - centres) ** 2) / 0.1)
    plot.tuning_curves(bumps, X, ax=ax)
    assert ax.get_title(loc="right") == "100 of 3000 neurons"
    assert len(ax.lines) == 100
    drawn = [np.flatnonzero((line.get_ydata() == bumps.T).all(axis=1)) for line in ax.lines]
    at = np.sort(centres[np.concatenate(drawn)])
    assert len(at) == 100
    # The mean of x weighted by a bump that leaves the range orders less finely at its ends.
    np.testing.assert_allclose(at, np.linspace(-1.0, 1.0, 100), atol=0.01)
    green = [line.get_color()[1] for line in ax.lines]
    assert np.argmax(green) == np.argmax(centres[np.concatenate(drawn)])


def test_an_ensemble_alone_has_no_rates(model):
    for given in (model.a, model.sim.data[model.a]):
        for draw in (plot.tuning_curves, plot.tuning_surface):
            with pytest.raises(TypeError, match=r"rates must be .+; pass the simulator and ensem"):
                draw(given)


def corners(mesh):
    return np.unique(np.concatenate([path.vertices for path in mesh.get_paths()]), axis=0)


def test_a_surface_holds_the_rates_of_one_neuron_at_its_points(ax):
    plot.tuning_surface(RATES, PLANE, neuron=3, ax=ax)
    (mesh,) = ax.collections
    np.testing.assert_array_equal(mesh.get_array(), RATES[:, 3])
    np.testing.assert_array_equal(corners(mesh), np.unique(PLANE, axis=0))
    assert ax.get_title(loc="left") == "neuron 3"
    assert ax.figure.axes[1].get_ylabel() == "firing rate [Hz]"


@pytest.mark.parametrize(("square", "reach"), [(False, 3.0), (True, 3.0 * np.sqrt(2.0))])
def test_the_surface_of_an_ensemble_fills_its_disc_or_square(model, ax, square, reach):
    plot.tuning_surface(model.sim, neuron=2, ensemble=model.plane, square=square, ax=ax)
    # Corners are on the circle up to the rounding of sine and cosine.
    farthest = np.linalg.norm(corners(ax.collections[0]), axis=1).max()
    assert farthest == pytest.approx(reach, rel=1e-12)


def test_the_surface_of_an_ensemble_has_its_closed_form_rates(model, ax):
    x = 3.0 * PLANE
    plot.tuning_surface(model.sim, x, neuron=2, ensemble=model.plane, ax=ax)
    built = model.sim.data[model.plane]
    encoders, gain, bias = built.encoders[[2]], built.gain[[2]], built.bias[[2]]
    rates = nef.tuning_curves(nef.LIF(), x, encoders, gain, bias, 3.0)
    np.testing.assert_array_equal(ax.collections[0].get_array(), rates[:, 0])
    np.testing.assert_array_equal(ax.texts[0].xy, 0.5 * (3.0 * built.encoders[2]))


# Spikes


def points(ax):
    return {(t, int(row)) for t, row in ax.lines[-1].get_xydata()}


def expected_points(spikes, time, order):
    return {(time[k], row) for row, i in enumerate(order) for k in np.flatnonzero(spikes[:, i])}


@pytest.mark.parametrize("spikes", [SPIKES, SPIKES != 0, -SPIKES])
def test_a_raster_marks_exactly_the_spikes(ax, spikes):
    plot.raster(spikes, TIME, ax=ax)
    steps, neurons = np.nonzero(spikes)
    assert len(ax.lines) == 1
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), TIME[steps])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), neurons)


def test_a_raster_spans_the_run_and_all_neurons_even_in_silence(ax):
    plot.raster(np.zeros((200, 6)), TIME, ax=ax)
    np.testing.assert_allclose(ax.get_xlim(), (TIME[0] - 0.002, TIME[-1]), rtol=1e-12)
    assert ax.get_ylim() == (-0.7, 5.7)


def test_a_second_raster_widens_the_first(ax):
    plot.raster(SPIKES, TIME, ax=ax)
    plot.raster(SPIKES[:100, :2], TIME[:100], ax=ax)
    np.testing.assert_allclose(ax.get_xlim(), (TIME[0] - 0.002, TIME[-1]), rtol=1e-12)
    assert ax.get_ylim() == (-0.7, 5.7)


def test_a_raster_of_one_step_can_be_drawn(ax):
    plot.raster([[1000.0, 0.0]], ax=ax)
    assert points(ax) == {(0.001, 0)}


def test_sorting_by_rate_puts_the_busiest_on_top(ax):
    order = np.argsort((SPIKES != 0).sum(axis=0), kind="stable")
    plot.raster(SPIKES, TIME, sort="rate", ax=ax)
    assert points(ax) == expected_points(SPIKES, TIME, order)
    assert ax.get_ylabel() == "neurons by rate"


@pytest.mark.parametrize("order", [[5, 0, 1, 2, 3, 4], [2], np.array([4, 1])])
def test_an_order_of_some_neurons_is_accepted(ax, order):
    plot.raster(SPIKES, TIME, sort=order, ax=ax)
    assert points(ax) == expected_points(SPIKES, TIME, order)


def shown_order(spikes, ax):
    """The order of a raster's rows, each spike train being unlike all others."""
    time = 0.001 * np.arange(1, len(spikes) + 1)
    plot.raster(spikes, sort="similarity", ax=ax)
    rows = [expected_points(spikes[:, [i]], time, [0]) for i in range(spikes.shape[1])]
    drawn = points(ax)
    order = []
    for row in range(spikes.shape[1]):
        train = {(t, 0) for t, r in drawn if r == row}
        order.append(rows.index(train))
    return order


def test_sorting_by_similarity_joins_those_that_fire_together(ax):
    rng = np.random.default_rng(1)
    wave = np.sin(2 * np.pi * np.arange(2000) / 500)
    group = np.array([0, 1, 0, 1, 1, 0, 0, 1])
    chance = np.where(group, 0.05 + 0.05 * wave[:, None], 0.05 - 0.05 * wave[:, None])
    order = shown_order(1000.0 * (rng.random((2000, 8)) < chance), ax)
    assert sorted(order) == list(range(8))
    assert np.count_nonzero(np.diff(group[order])) == 1


def test_neurons_without_a_correlation_come_first(ax):
    spikes = 1000.0 * (np.random.default_rng(2).random((2000, 5)) < 0.05)
    spikes[:, 3] = 0.0
    assert shown_order(spikes, ax)[0] == 3


@pytest.mark.parametrize("n_steps", [1, 15, 200])
def test_similarity_needs_neither_many_neurons_nor_many_steps(ax, n_steps):
    plot.raster(SPIKES[:n_steps, :2], sort="similarity", ax=ax)
    assert len(points(ax)) == np.count_nonzero(SPIKES[:n_steps, :2])


def test_neurons_of_an_ensemble_are_sorted_by_the_values_they_prefer(model, ax):
    plot.raster(model.sim, probe=model.spikes, sort=model.a, ax=ax)
    built = model.sim.data[model.a]
    side = built.encoders[:, 0]
    order = np.lexsort((side * built.intercepts, side))
    assert points(ax) == expected_points(model.sim.data[model.spikes], model.sim.time, order)
    assert ax.get_ylabel() == "neurons by preferred value"
    for source, sort, said in (
        (model.sim, model.b, "sort must have 30 neurons, got 20"),
        (model.sim.result(), model.a, "pass the Simulator first"),
        (model.sim, built.encoders[:, 0] / 3, r"pass np.argsort\(values\) to sort by values"),
    ):
        with pytest.raises(ValueError, match=said):
            plot.raster(source, probe=model.spikes, sort=sort, ax=ax)


@pytest.mark.parametrize("sort", [None, "rate"])
@pytest.mark.parametrize("n_steps", [1, 399, 1001])
def test_large_populations_are_an_image_of_rates(n_steps, sort):
    rng = np.random.default_rng(0)
    spikes = 1000.0 * (rng.random((n_steps, 2999)) < np.linspace(0.0, 0.2, 2999))
    ax = plot.raster(spikes, sort=sort)
    assert not ax.lines
    (picture,) = ax.collections
    rates, cells = picture.get_array(), picture.get_coordinates()
    assert max(rates.shape) <= 400
    assert ax.figure.axes[1].get_ylabel() == "firing rate [Hz]"
    assert ax.get_ylim() == (-0.7, 2998.7)
    # Cells cover all neurons and steps, and rates times cells are the spikes, which rounds.
    assert cells[0, 0].tolist() == pytest.approx([0.0, -0.5], abs=1e-12)
    assert cells[-1, -1].tolist() == pytest.approx([0.001 * n_steps, 2998.5])
    areas = np.diff(cells[:, 0, 1])[:, None] * np.diff(cells[0, :, 0])
    assert (rates * areas).sum() == pytest.approx(np.count_nonzero(spikes), rel=1e-9)
    per_row = (rates * areas).sum(axis=1)
    group = round(cells[1, 0, 1] - cells[0, 0, 1])
    counts = np.count_nonzero(spikes, axis=0)
    counts = np.sort(counts) if sort else counts
    np.testing.assert_allclose(per_row, np.add.reduceat(counts, np.arange(0, 2999, group)))


# Decoded values


def test_decoded_draws_input_output_and_ideal(ax):
    u, ideal = VALUES[:, 0] ** 2, VALUES + 1.0
    plot.decoded(VALUES, TIME, ideal, u, ax=ax)
    np.testing.assert_array_equal([line.get_xdata() for line in ax.lines], [TIME] * 5)
    drawn = np.column_stack([line.get_ydata() for line in ax.lines])
    np.testing.assert_array_equal(drawn, np.column_stack([u, VALUES, ideal]))
    assert legend(ax) == ["input", "output 0", "output 1", "ideal"]


def test_one_output_needs_no_number_and_may_be_named(ax):
    plot.decoded(VALUES[:, 0], ax=ax)
    plot.decoded(VALUES[:, 1], ax=ax, label="tau = 0.1 s", color="#000000")
    assert legend(ax) == ["output", "tau = 0.1 s"]
    assert [to_hex(line.get_color()) for line in ax.lines] == ["#0072b2", "#000000"]


def test_of_many_dimensions_the_first_and_the_last_are_named(ax):
    many = np.repeat(VALUES, 10, axis=1)
    plot.decoded(many, ideal=many, ax=ax)
    assert len(ax.lines) == 40
    assert legend(ax) == ["output 0", "output 19", "ideal"]
    named = [line for line in ax.lines if line.get_label() in legend(ax)]
    assert [list(ax.lines).index(line) for line in named] == [0, 19, 20]


def test_a_function_of_the_input_is_the_ideal(ax):
    u = VALUES[:, 0]
    for function in (np.square, lambda x: x**2, lambda x: x[0] ** 2):
        plot.decoded(VALUES[:, 1], ideal=function, input=u, ax=ax)
        np.testing.assert_array_equal(ax.lines[-1].get_ydata(), u**2)
    plot.decoded(VALUES, ideal=lambda x: [x[0], x[0] * x[0]], input=u, ax=ax)
    np.testing.assert_array_equal(ax.lines[-1].get_ydata(), u**2)
    said = (
        r"^plot.decoded: ideal must be values without input, got the function square; pass input="
    )
    with pytest.raises(ValueError, match=said):
        plot.decoded(VALUES, ideal=np.square)


def test_a_probe_names_its_lines_and_its_axis(ax):
    net = nef.Network(seed=1)
    a = net.ensemble(10, 2, label="a")
    learned = net.connect(a[0], net.ensemble(5, 1), learning_rule=nef.PES())
    net.connect(a[0], learned.learning_rule)
    rates = net.ensemble(3, 1, neuron_type=nef.LIFRate())
    probes = {
        "decoded value": net.probe(a, label="twin"),
        "voltage": net.probe(a.neurons, "voltage"),
        "refractory time [s]": net.probe(a.neurons[:2], "refractory_time"),
        "spikes / dt [Hz]": net.probe(a.neurons),
        "filtered spikes [Hz]": net.probe(a.neurons, synapse=0.01),
        "firing rate [Hz]": net.probe(rates.neurons),
        "current": net.probe(rates.neurons, "input"),
        "weight": net.probe(learned, "weights", label="decoders"),
        "value": net.probe(net.node(0.5)),
    }
    sim = nef.Simulator(net)
    sim.run_steps(5)
    for quantity, probe in probes.items():
        plot.decoded(sim, probe=probe, ax=ax.figure.subplots())
        assert ax.figure.axes[-1].get_ylabel() == quantity
    named = [legend(drawn) for drawn in ax.figure.axes[1:]]
    assert named[0] == ["twin 0", "twin 1"]
    assert named[1] == ["output 0", "output 9"]
    assert named[-2] == ["decoders 0", "decoders 9"]
    assert named[-1] == ["output"]
    plot.decoded(sim.result(), probe="twin", ax=ax)
    assert (ax.get_ylabel(), legend(ax)) == ("value", ["twin 0", "twin 1"])


def test_time_starts_with_the_first_step(ax):
    plot.decoded(VALUES, ax=ax)
    np.testing.assert_allclose(ax.get_xlim(), (0.0, 0.2), atol=1e-15)  # dt k rounds


@pytest.mark.parametrize("by_label", [False, True])
def test_recordings_are_drawn_with_their_times(model, ax, by_label):
    result = model.sim.result()
    recording = result if by_label else model.sim
    y, u = ("y", "input") if by_label else (model.y, model.input)
    plot.decoded(recording, probe=y, input=u, ideal=u, ax=ax)
    for line, probe in zip(ax.lines, (model.input, model.y, model.input), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), model.sim.time)
        np.testing.assert_array_equal(line.get_ydata(), result[probe][:, 0])


def test_records_of_every_other_step_keep_their_times(model, ax):
    plot.decoded(model.sim, probe=model.sparse, ax=ax)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), model.sim.trange(model.sparse))


def test_a_raster_of_a_probe_is_the_raster_of_its_records(model, ax):
    plot.raster(model.sim, probe=model.spikes, ax=ax)
    records = model.sim.data[model.spikes]
    assert records.any()
    assert points(ax) == expected_points(records, model.sim.time, range(30))


@pytest.mark.parametrize("sort", [None, "rate", "similarity", [3, 1]])
def test_a_raster_of_events_is_that_of_their_rows(model, ax, sort):
    dense = model.sim.data[model.spikes]
    plot.raster(dense, model.sim.time, sort=sort, ax=ax)
    for source, options in (
        (model.sim.data.events(model.spikes), {}),
        (model.sim, {"probe": model.spikes}),
        (model.sim.result(), {"probe": "spikes"}),
    ):
        other = plot.raster(source, sort=sort, **options)
        assert points(other) == points(ax)
        assert other.get_xlim() == ax.get_xlim()


def test_a_raster_of_events_never_makes_them_rows(model, ax, monkeypatch):
    monkeypatch.delattr("nefsim.records.Events.dense")
    plot.raster(model.sim, probe=model.spikes, ax=ax)
    assert points(ax)


def test_one_trial_of_a_batch_is_drawn(ax):
    net = nef.Network(seed=1)
    spikes = net.probe(net.ensemble(10, 1).neurons)
    sim = nef.Simulator(net, batch_size=3)
    sim.run_steps(50)
    assert not np.array_equal(sim.data[spikes][0], sim.data[spikes][2])
    plot.raster(sim, probe=spikes, trial=2, ax=ax)
    assert points(ax) == expected_points(sim.data[spikes][2], sim.time, range(10))


# Decoding error


def test_the_error_is_drawn_against_sorted_values(ax):
    x = RNG.permutation(X)
    plot.decoding_error(x, x**2, ax=ax)
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), X)
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), X**2 - X)


def test_each_dimension_has_its_error_and_the_title_the_rmse_of_all(ax):
    plot.decoding_error(VALUES, VALUES + np.array([3.0, 4.0]), ax=ax)
    order = np.argsort(VALUES, axis=0)
    for d, (line, error) in enumerate(zip(ax.lines[1:], (3.0, 4.0), strict=True)):
        np.testing.assert_array_equal(line.get_xdata(), VALUES[order[:, d], d])
        np.testing.assert_allclose(line.get_ydata(), error, rtol=1e-12)  # x + 3 - x rounds
    assert ax.get_title(loc="left") == f"rmse {np.sqrt(12.5):.3g}"
    assert legend(ax) == ["dimension 0", "dimension 1"]


def test_a_function_is_judged_against_its_target(ax):
    plot.decoding_error(X, X**2 + 0.5, target=X**2, ax=ax)
    np.testing.assert_allclose(ax.lines[1].get_ydata(), 0.5, rtol=1e-12)  # x^2 + 0.5 - x^2 rounds
    assert ax.get_ylabel() == r"decoding error $\hat{f}(x) - f(x)$"


@pytest.mark.parametrize(
    ("name", "along", "error"),
    [
        ("square", "represented value $x$", r"$\hat{f}(x) - f(x)$"),
        ("from_plane", "$f(x)$", r"$\hat{f}(x) - f(x)$"),
        ("second_of_plane", "represented value $x$", r"$\hat{x} - x$"),
    ],
)
def test_the_error_of_a_connection_labels_its_abscissa(model, ax, name, along, error):
    plot.decoding_error(model.sim, connection=getattr(model, name), ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == (along, f"decoding error {error}")


@pytest.mark.parametrize("name", ["square", "from_plane"])
def test_the_error_of_a_connection_is_the_rmse_of_its_solver(model, ax, name):
    connection = getattr(model, name)
    plot.decoding_error(model.sim, connection=connection, ax=ax)
    rmse = model.sim.data[connection].solver_info["rmse"]
    drawn = [np.sqrt(np.mean(line.get_ydata() ** 2)) for line in ax.lines[1:]]
    # The solver sums the same squares in another order.
    np.testing.assert_allclose(drawn, rmse, rtol=1e-9)


def test_a_transform_scales_the_error(model, ax):
    plot.decoding_error(model.sim, connection=model.to_node, ax=ax)
    once, thrice = (line.get_ydata() for line in ax.lines[1:])
    # Differences of values near 2 that were rounded before: absolute, not relative.
    np.testing.assert_allclose(3.0 * once, thrice, atol=1e-13)


# Weights


@pytest.mark.parametrize("weights", [WEIGHTS, csr_array(WEIGHTS), WEIGHTS.tolist()])
def test_weights_are_drawn_on_a_scale_symmetric_about_zero(ax, weights):
    plot.weight_matrix(weights, ax=ax)
    (image,) = ax.images
    limit = np.abs(WEIGHTS).max()
    np.testing.assert_array_equal(image.get_array(), WEIGHTS)
    assert image.get_clim() == (-limit, limit)
    assert ax.figure.axes[1].get_ylabel() == "weight [current / Hz]"


def test_no_weight_is_white(ax):
    plot.weight_matrix(np.zeros((2, 3)), ax=ax)
    (image,) = ax.images
    colour = image.cmap(image.norm(0.0))
    assert image.get_clim() == (-1.0, 1.0)
    assert min(colour) > 0.96  # the middle of the map is a white of 0.965


BEFORE, AFTER, DIMENSION = "presynaptic neuron", "postsynaptic neuron", "dimension"
SENT = csr_array([[1.0, 0.0], [0.0, 2.0]])


def connections(net):
    """Connections between all kinds of ends, with the labels and the unit of each."""
    node, sink = net.node([0.5, 0.2]), net.node(size_in=2)
    a, b = net.ensemble(12, 2), net.ensemble(15, 2)
    direct = net.ensemble(1, 2, neuron_type=nef.Direct())
    full = {
        "decoded": net.connect(a, b),
        "of a view": net.connect(a[0], b[1], function=np.square),
        "nonnegative": net.connect(a, b, solver=nef.Nnls(weights=True)),
        "regularised": net.connect(a, b, solver=nef.LstsqL2(weights=True)),
        "given neurons": net.connect(a.neurons, b.neurons, transform=np.ones((15, 12))),
        "decoded to neurons": net.connect(a, b.neurons, transform=np.ones((15, 2))),
    }
    decoded = {
        "to a node": net.connect(a, sink),
        "to a view of a node": net.connect(a[1], sink[0]),
        "to direct mode": net.connect(a, direct),
        "nonnegative to a node": net.connect(a, sink, solver=nef.Nnls()),
        "neurons to an ensemble": net.connect(a.neurons, b, transform=np.ones((2, 12))),
        "neurons to a node": net.connect(a.neurons[:2], sink),
    }
    encoded = {"to neurons": net.connect(node, b.neurons, transform=np.ones((15, 2)))}
    sent = {
        "scalar": net.connect(node, b, transform=3.0),
        "diagonal": net.connect(node, b, transform=[1.0, 2.0]),
        "sparse": net.connect(node, b, transform=SENT),
        "from direct mode": net.connect(direct, b),
    }
    groups = [
        (full, BEFORE, AFTER, "current / Hz"),
        (decoded, BEFORE, DIMENSION, "value / Hz"),
        (encoded, DIMENSION, AFTER, "current / value"),
        (sent, DIMENSION, DIMENSION, "1"),
    ]
    return {name: (c, *said) for group, *said in groups for name, c in group.items()}


@pytest.fixture(scope="module")
def wired():
    net = nef.Network(seed=1)
    result = connections(net)
    return nef.Simulator(net), result


@pytest.mark.parametrize("name", connections(nef.Network()))
def test_the_axes_of_weights_name_both_ends_of_the_connection(wired, ax, name):
    sim, result = wired
    connection, before, after, unit = result[name]
    plot.weight_matrix(sim, connection=connection, ax=ax)
    weights = sim.data[connection].weights
    drawn = ax.images[0].get_array()
    columns = 2 if before == DIMENSION or name == "neurons to a node" else 12
    assert drawn.shape == ((15 if after == AFTER else 1 if "view of a" in name else 2), columns)
    if np.ndim(weights) == 2:
        weights = weights.toarray() if name == "sparse" else weights
        np.testing.assert_array_equal(drawn, weights)
    assert (ax.get_xlabel(), ax.get_ylabel()) == (before, after)
    assert ax.figure.axes[1].get_ylabel() == f"weight [{unit}]"


@pytest.mark.parametrize(
    ("name", "matrix"),
    [
        ("scalar", 3.0 * np.eye(2)),
        ("diagonal", np.diag([1.0, 2.0])),
        ("sparse", SENT.toarray()),
        ("neurons to a node", np.eye(2)),
    ],
)
def test_scalar_and_vector_transforms_are_drawn_as_matrices(wired, ax, name, matrix):
    sim, result = wired
    plot.weight_matrix(sim, connection=result[name][0], ax=ax)
    np.testing.assert_array_equal(ax.images[0].get_array(), matrix)


def test_the_colours_of_an_array_may_be_named(ax):
    plot.weight_matrix(WEIGHTS, label="decoder [value / Hz]", ax=ax)
    assert ax.figure.axes[1].get_ylabel() == "decoder [value / Hz]"


# Spectra


def test_a_spectrum_is_the_welch_density_without_its_mean(ax):
    plot.spectrum(VALUES, dt=0.002, window=0.1, ax=ax)
    frequency, power = welch(VALUES, 500.0, nperseg=50, axis=0)
    for d, line in enumerate(ax.lines):
        np.testing.assert_array_equal(line.get_xdata(), frequency[1:])
        np.testing.assert_array_equal(line.get_ydata(), power[1:, d])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_the_area_under_the_spectrum_of_a_sine_is_its_variance(ax):
    t = 0.001 * np.arange(8000)
    plot.spectrum(3.0 * np.sin(2 * np.pi * 50.0 * t), ax=ax)
    f, power = ax.lines[0].get_data()
    assert f[np.argmax(power)] == 50.0
    # Whole periods in each window, so that only rounding is left.
    assert power.sum() * (f[1] - f[0]) == pytest.approx(9.0 / 2, rel=1e-9)


def test_a_recording_brings_its_own_step(model, ax):
    plot.spectrum(model.sim, probe=model.sparse, ax=ax)
    f = ax.lines[0].get_xdata()
    assert f[-1] == pytest.approx(250.0, rel=1e-9)  # 1 / (2 x 2 ms), from rounded times


def test_a_constant_column_is_accepted_with_a_varying_one():
    drawn = plot.spectrum(np.column_stack([VALUES[:, 0], np.zeros(200)]))
    drawn.figure.canvas.draw()
    assert not drawn.lines[1].get_ydata().any()


# Bad input

NONSENSE = [
    ("tuning_curves", "rates", lambda m: plot.tuning_curves(None, X)),
    ("tuning_curves", "rates", lambda m: plot.tuning_curves(RATES[None], X)),
    ("tuning_curves", "rates", lambda m: plot.tuning_curves(m.sim.result(), X)),
    ("tuning_curves", "x", lambda m: plot.tuning_curves(RATES)),
    ("tuning_curves", "x", lambda m: plot.tuning_curves(RATES, X[:-1])),
    ("tuning_curves", "x", lambda m: plot.tuning_curves(m.sim, [], ensemble=m.a)),
    ("tuning_curves", "ensemble", lambda m: plot.tuning_curves(RATES, X, ensemble=m.a)),
    ("tuning_curves", "ensemble", lambda m: plot.tuning_curves(m.sim)),
    ("tuning_curves", "ensemble", lambda m: plot.tuning_curves(m.sim, ensemble=m.direct)),
    ("tuning_curves", "line_style", lambda m: plot.tuning_curves(RATES, X, colour="red")),
    ("tuning_curves", "line_style", lambda m: plot.tuning_curves(RATES, X, c="r", color="b")),
    ("tuning_curves", "ax", lambda m: plot.tuning_curves(RATES, X, ax=plt)),
    ("tuning_surface", "neuron", lambda m: plot.tuning_surface(RATES, PLANE, 5)),
    ("tuning_surface", "neuron", lambda m: plot.tuning_surface(RATES, PLANE, 0.5)),
    ("tuning_surface", "x", lambda m: plot.tuning_surface(RATES, X)),
    ("tuning_surface", "x", lambda m: plot.tuning_surface(RATES, np.column_stack([X, X]))),
    ("tuning_surface", "x", lambda m: plot.tuning_surface(RATES, np.column_stack([X, X + 1]))),
    ("tuning_surface", "ensemble", lambda m: plot.tuning_surface(m.sim, ensemble=m.a)),
    ("tuning_surface", "square", lambda m: plot.tuning_surface(RATES, PLANE, square=1)),
    ("raster", "spikes", lambda m: plot.raster(object())),
    ("raster", "spikes", lambda m: plot.raster([[np.nan]])),
    ("raster", "spikes", lambda m: plot.raster(np.zeros((0, 3)))),
    ("raster", "spikes", lambda m: plot.raster(np.zeros((2, 3, 4)))),
    ("raster", "trial", lambda m: plot.raster(np.zeros((2, 3, 4)), trial=2)),
    ("raster", "trial", lambda m: plot.raster(SPIKES, trial=0)),
    ("raster", "time", lambda m: plot.raster(m.sim.data.events(m.spikes), TIME)),
    ("raster", "probe", lambda m: plot.raster(m.sim.data.events(m.spikes), probe=m.spikes)),
    ("raster", "trial", lambda m: plot.raster(m.sim.data.events(m.spikes), trial=0)),
    ("raster", "time", lambda m: plot.raster(SPIKES, TIME[1:])),
    ("raster", "time", lambda m: plot.raster(SPIKES, TIME[::-1])),
    ("raster", "time", lambda m: plot.raster(m.sim, m.sim.time, probe=m.spikes)),
    ("raster", "probe", lambda m: plot.raster(m.sim)),
    ("raster", "probe", lambda m: plot.raster(m.sim, probe=m.a)),
    ("raster", "probe", lambda m: plot.raster(SPIKES, probe=m.spikes)),
    ("raster", "probe", lambda m: plot.raster(nef.Simulator(m.net), probe=m.spikes)),
    ("raster", "sort", lambda m: plot.raster(SPIKES, sort="size")),
    ("raster", "sort", lambda m: plot.raster(SPIKES, sort=[0, 6])),
    ("raster", "sort", lambda m: plot.raster(SPIKES, sort=[0, 0])),
    ("raster", "sort", lambda m: plot.raster(SPIKES, sort=[0.5])),
    ("raster", "sort", lambda m: plot.raster(SPIKES, sort=[])),
    ("raster", "ax", lambda m: plot.raster(SPIKES, ax=Figure())),
    ("decoded", "values", lambda m: plot.decoded("y")),
    ("decoded", "ideal", lambda m: plot.decoded(VALUES, ideal=VALUES[:, 0])),
    ("decoded", "ideal", lambda m: plot.decoded(VALUES, ideal=VALUES[1:])),
    ("decoded", "ideal", lambda m: plot.decoded(VALUES, ideal="y")),
    ("decoded", "input", lambda m: plot.decoded(VALUES, input=m.input)),
    ("decoded", "input", lambda m: plot.decoded(m.sim, probe=m.sparse, input=m.input)),
    ("decoded", "input", lambda m: plot.decoded(m.sim, probe=m.y, input=np.inf)),
    ("decoded", "line_style", lambda m: plot.decoded(VALUES, linewidth="thick")),
    ("decoding_error", "x", lambda m: plot.decoding_error(None, X)),
    ("decoding_error", "x", lambda m: plot.decoding_error(PLANE, X, target=X)),
    ("decoding_error", "x_hat", lambda m: plot.decoding_error(X)),
    ("decoding_error", "x_hat", lambda m: plot.decoding_error(X, PLANE)),
    ("decoding_error", "x_hat", lambda m: plot.decoding_error(X, X[1:])),
    ("decoding_error", "x_hat", lambda m: plot.decoding_error(m.sim, X, connection=m.square)),
    ("decoding_error", "target", lambda m: plot.decoding_error(X, X, target=1e30 * X)),
    ("decoding_error", "connection", lambda m: plot.decoding_error(X, X, connection=m.square)),
    ("decoding_error", "connection", lambda m: plot.decoding_error(m.sim, connection=m.a)),
    ("decoding_error", "connection", lambda m: plot.decoding_error(m.sim, connection=m.into_a)),
    ("weight_matrix", "weights", lambda m: plot.weight_matrix(X)),
    ("weight_matrix", "weights", lambda m: plot.weight_matrix(np.zeros((0, 2)))),
    ("weight_matrix", "label", lambda m: plot.weight_matrix(WEIGHTS, label=3)),
    ("weight_matrix", "label", lambda m: plot.weight_matrix(m.sim, m.square, "weight")),
    ("weight_matrix", "connection", lambda m: plot.weight_matrix(WEIGHTS, connection=m.square)),
    ("weight_matrix", "connection", lambda m: plot.weight_matrix(m.sim)),
    ("spectrum", "signal", lambda m: plot.spectrum(VALUES[:3])),
    ("spectrum", "signal", lambda m: plot.spectrum(np.ones(100))),
    ("spectrum", "dt", lambda m: plot.spectrum(VALUES, dt=0.0)),
    ("spectrum", "dt", lambda m: plot.spectrum(m.sim, dt=0.001, probe=m.y)),
    ("spectrum", "window", lambda m: plot.spectrum(VALUES, window=0.3)),
    ("spectrum", "window", lambda m: plot.spectrum(VALUES, window=0.001)),
    ("spectrum", "window", lambda m: plot.spectrum(VALUES, window="long")),
]


@pytest.mark.parametrize(("name", "argument", "draw"), NONSENSE)
def test_invalid_arguments_raise_one_sentence_and_open_no_figure(model, name, argument, draw):
    with pytest.raises((ValueError, TypeError), match=SENTENCE) as caught:
        draw(model)
    assert re.match(rf"plot\.{name}: {argument} must ", str(caught.value))
    assert plt.get_fignums() == []


def test_an_object_of_another_network_is_refused(model):
    other = nef.Network().ensemble(10, 1)
    with pytest.raises(TypeError, match=SENTENCE):
        plot.tuning_curves(model.sim, ensemble=other)


def test_the_default_step_of_arrays_is_the_default_step_of_a_simulator(ax):
    plot.raster(np.ones((3, 1)), ax=ax)
    dt = nef.Simulator(nef.Network()).dt
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), dt * np.arange(1, 4))


# Learning


def test_the_learning_curve_of_a_probe_ends_where_the_recording_does(model, ax):
    plot.learning_curve(model.sim, window=0.05, probe=model.y, ax=ax)
    x, y = ax.lines[0].get_data()
    _, rms = nef.analysis.learning_curve(model.sim.data[model.y], 0.05)
    np.testing.assert_allclose(x, [0.05, 0.1, 0.15, 0.2], rtol=1e-12)  # times are sums of steps
    np.testing.assert_array_equal(y, rms)


def test_the_learning_curve_of_an_array_is_drawn_at_its_times(ax):
    plot.learning_curve(VALUES, window=0.1, time=TIME, ax=ax)
    # Times and steps are rounded apart.
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [5.098, 5.198, 5.298, 5.398], rtol=1e-9)


def test_a_window_longer_than_the_recording_is_refused():
    with pytest.raises(ValueError, match=SENTENCE):
        plot.learning_curve(VALUES, window=1.0)


def test_the_histogram_counts_every_weight(ax):
    plot.weight_histogram(csr_array(WEIGHTS), bins=7, ax=ax)
    drawn = ax.patches[0].get_data()
    assert drawn.values.sum() == WEIGHTS.size
    assert drawn.edges[-1] == -drawn.edges[0] == np.abs(WEIGHTS).max()


def test_the_stdp_curve_has_its_points_in_milliseconds_and_its_time_constants(ax):
    delays, changes = nef.analysis.stdp_curve()
    plot.stdp_curve(delays, changes, ax=ax)
    np.testing.assert_array_equal(ax.lines[2].get_xdata(), 1e3 * delays)
    assert legend(ax) == [r"$\tau_+$ = 9.8 ms", r"$\tau_-$ = 36.0 ms"]
    before, after = ax.lines[3:]
    assert (min(before.get_xdata()), max(after.get_xdata())) == (0.0, 0.0)
    assert (before.get_linestyle(), after.get_linestyle()) == ("-", "--")


def test_the_stdp_curve_without_a_fit_has_only_its_points(ax):
    plot.stdp_curve([0.01], [1.0], fit=False, ax=ax)
    assert len(ax.lines) == 3
    assert ax.get_legend() is None


def test_the_confusion_matrix_shows_shares_and_numbers(ax):
    plot.confusion_matrix([0, 1, 1, 1, 1], [0, 1, 1, 1, 0], n_classes=3, ax=ax)
    shares = [[1, 0, 0], [0.25, 0.75, 0], [0, 0, 0]]
    np.testing.assert_array_equal(ax.images[0].get_array(), shares)
    assert [text.get_text() for text in ax.texts] == ["1", "1", "3"]


def test_the_confusion_matrix_of_many_classes_has_no_numbers(ax):
    plot.confusion_matrix(range(30), range(30), ax=ax)
    assert not ax.texts


@pytest.mark.parametrize(
    ("steps", "fits"), [(0.4, False), (0.6, True), (10.4, True), (10.6, False)]
)
def test_a_window_holds_from_one_step_to_all_of_the_recording_when_rounded(steps, fits, ax):
    values = np.ones((10, 1))
    if not fits:
        with pytest.raises(ValueError, match=r"window must be from 0\.001 to 0\.01 s"):
            plot.learning_curve(values, window=steps * 0.001, ax=ax)
        return
    plot.learning_curve(values, window=steps * 0.001, ax=ax)
    assert set(ax.lines[-1].get_ydata()) == {1.0}


# -- networks ------------------------------------------------------------------------------


def places(ax):
    """Where each object is, by the first line of its text."""
    return {t.get_text().split("\n")[0]: t.get_position() for t in ax.texts if t.get_text()}


def test_a_network_has_a_text_for_each_object_and_an_arrow_for_each_pair(ax):
    net = looped()
    plot.network(net, ax=ax)
    assert set(places(ax)) == {"u", "a", "b", "out"}
    arrows = [text.arrow_patch for text in ax.texts if not text.get_text()]
    assert len(arrows) == len(net.all_connections)
    taught = [arrow for arrow in arrows if arrow.get_linestyle() == "--"]
    assert [to_hex(arrow.get_edgecolor()) for arrow in taught] == ["#d55e00"]


def test_objects_of_a_network_are_in_columns_after_those_that_lead_to_them(ax):
    x = {name: place[0] for name, place in places(plot.network(looped(), ax=ax)).items()}
    assert x == {"u": 0.0, "a": 1.0, "b": 2.0, "out": 2.0}


def test_no_two_objects_of_a_network_are_in_one_place(ax):
    net = nef.Network(seed=1)
    window, product = nef.networks.delay(net, 60, 0.1), nef.networks.product(net, 40, 2)
    net.connect(window.at([0.05, 0.1]), product.a)
    plot.network(net, ax=ax)
    spots = [t.get_position() for t in ax.texts if t.get_text()]
    assert len(set(spots)) == len(spots) == len(net.all_nodes) + len(net.all_ensembles)
    plot.network(nef.Network(), ax=Figure().subplots())


def test_only_networks_are_drawn_as_networks():
    with pytest.raises(TypeError, match=SENTENCE):
        plot.network(WEIGHTS)


@pytest.mark.parametrize("draw", [plot.decoded, plot.raster, plot.population_rate, plot.phase])
def test_the_simulator_of_a_nengo_network_is_answered_by_its_data(draw):
    nengo = pytest.importorskip("nengo")
    import nefsim.nengo

    with nengo.Network(seed=1) as model:
        p = nengo.Probe(nengo.Ensemble(10, 1))
    with nefsim.nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(3)
        for options in ({"probe": p}, {}):
            with pytest.raises(TypeError, match=SENTENCE) as caught:
                draw(sim, **options)
            assert "; pass sim.data[p] of a probe p, and time=sim.trange()." in str(caught.value)
