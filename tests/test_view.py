"""What a browser sees is what a simulator records, and inputs that are turned act at once."""

import json
import subprocess
import sys
from urllib.request import urlopen

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from bokeh.document import Document
from bokeh.models import Button, Slider

import nefsim as nef
from nefsim import view
from nefsim.view.live import EVERY, MOST_NEURONS, SYNAPSE
from nefsim.view.page import PERIOD


def network(n_neurons=120):
    net = nef.Network(seed=1, label="knobs")
    knob = net.node([0.3, -0.2], label="knob")
    a = net.ensemble(n_neurons, 2, label="a")
    b = net.ensemble(30, 1, label="b", neuron_type=nef.LIFRate())
    net.connect(knob, a)
    net.connect(a, b, function=lambda x: x[0] * x[1])
    return net


def pieces_of(live, seconds=0.1, n=4):
    """Rows or spikes of each probe, over some pieces."""
    parts = [live.advance(seconds) for _ in range(n)]
    joined = []
    for same in zip(*parts, strict=True):
        kind = "neurons" if same[0].rows is None else "rows"
        values = np.concatenate([getattr(piece, kind) for piece in same])
        joined.append((same[0].label, np.concatenate([p.times for p in same]), values))
    return joined


def test_what_is_told_is_what_a_simulator_records():
    net = network()
    told = pieces_of(view.Live(net))
    assert [label for label, _, _ in told] == ["a", "a", "b"]
    a, b = net.ensembles
    probes = [net.probe(e, synapse=SYNAPSE, sample_every=EVERY) for e in (a, b)]
    fired = net.probe(a.neurons)
    sim = nef.Simulator(net)
    for _ in range(4):
        sim.run(0.1)
    for (_, times, rows), probe in zip((told[0], told[2]), probes, strict=True):
        np.testing.assert_array_equal(times, sim.trange(probe))
        np.testing.assert_array_equal(rows, sim.data[probe])
    events = sim.data.events(fired)
    few = events.neurons < MOST_NEURONS
    assert 0 < few.sum() < len(few)
    np.testing.assert_array_equal(told[1][1], events.times[few])
    np.testing.assert_array_equal(told[1][2], events.neurons[few])


def test_the_network_is_left_as_it_was():
    net = network()
    view.Live(net)
    assert not net.probes
    np.testing.assert_array_equal(net.nodes[0].output, [0.3, -0.2])
    with pytest.raises(ValueError, match=r"^Live: show must name ensembles, got 'c'; name some"):
        view.Live(net, show=["c"])
    assert not net.probes


def test_a_networks_own_probes_are_shown_unless_ensembles_are_named():
    net = network()
    own = net.probe(net.ensembles[1], label="product")
    live = view.Live(net)
    (label, times, rows), *more = pieces_of(live)
    assert (label, len(times), more) == ("product", 400, [])
    np.testing.assert_array_equal(rows[300:], live.simulator.data[own])
    assert [piece.label for piece in view.Live(net, show=["b"]).advance(0.0)] == ["b"]


def test_an_input_acts_from_the_step_after_it_was_turned():
    net = nef.Network(seed=1)
    knob, other = net.node([0.3]), net.node([5.0])
    net.probe(knob, label="knob")
    net.probe(other, label="other")
    live = view.Live(net)
    live.advance(0.002)
    live.inputs[knob][:] = 0.7
    turned, still = live.advance(0.002)
    assert turned.rows.tolist() == [[0.7], [0.7]]
    assert still.rows.tolist() == [[5.0], [5.0]]
    live.reset()
    assert live.simulator.n_steps == 0
    assert live.advance(0.001)[0].rows.tolist() == [[0.7]]


def shown(page):
    return [dict(plot.source.data) for plot in page.plots]


def test_the_page_runs_pauses_and_begins_anew():
    document = Document()
    page = view.add_page(document, view.Live(network()), window=0.2)
    assert document.title == "knobs"
    assert len(document.session_callbacks) == 1
    page.tick()
    assert page.now == 0.0
    run, again = document.select({"type": Button})
    if run.label != "run":
        run, again = again, run
    _clicked(run)
    for _ in range(10):
        page.tick()
    assert page.now == pytest.approx(10 * PERIOD)
    a, spikes, _ = shown(page)
    # Lines keep the window, as many rows as fall into it, and its edge.
    np.testing.assert_allclose(a["time"], np.arange(0.3, 0.501, EVERY), atol=1e-9)
    assert len(a["x0"]) == len(a["x1"]) == len(a["time"])
    assert len(spikes["time"]) == len(spikes["neuron"]) > 0
    _clicked(run)
    page.tick()
    assert page.now == pytest.approx(10 * PERIOD)
    _clicked(again)
    assert page.now == 0.0
    assert all(len(column) == 0 for data in shown(page) for column in data.values())


def _clicked(button):
    """What a click in the browser does."""
    from bokeh.events import ButtonClick

    button._trigger_event(ButtonClick(button))


def test_sliders_turn_the_inputs():
    document, live = Document(), view.Live(network())
    view.add_page(document, live)
    (knob,) = live.inputs
    sliders = {slider.title: slider for slider in document.select({"type": Slider})}
    assert sliders.keys() == {"times real time", "knob[0]", "knob[1]"}
    assert (sliders["knob[0]"].value, sliders["knob[0]"].end) == (0.3, 1.0)
    sliders["knob[1]"].value = 0.75
    np.testing.assert_array_equal(live.inputs[knob], [0.3, 0.75])


def test_an_error_of_a_node_stops_the_page_and_is_told_on_it():
    def fails(t):
        if t > 0.03:
            raise RuntimeError("no <more>")
        return 0.0

    net = nef.Network(seed=1)
    net.probe(net.node(fails))
    page = view.add_page(Document(), view.Live(net))
    page.play.label, page.playing = "pause", True
    with pytest.raises(RuntimeError):
        page.tick()
    assert not page.playing
    assert page.play.label == "run"
    assert page.clock.text.startswith("0.03 s, stopped: ")
    assert "no &lt;more&gt;" in page.clock.text


MODEL = """
import nefsim as nef

net = nef.Network(seed=3, label="a served one")
net.connect(net.node(0.5), net.ensemble(20, 1, label="a"))
"""


def test_the_command_serves_a_page(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(MODEL, encoding="utf-8")
    arguments = ["view", str(path), "--port", "0", "--no-browser", "--json"]
    command = [sys.executable, "-m", "nefsim", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = json.loads(process.stdout.readline())["url"]
            with urlopen(url, timeout=30) as answer:
                assert b"<title>a served one</title>" in answer.read()
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"port": -1}, "port must be"),
        ({"window": 0.0}, "window must be"),
        ({"dt": 0.0}, "dt must be"),
        ({"backend": "fast"}, "backend must be"),
        ({"show": ["z"]}, "show must name ensembles"),
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        view.server(network(), **{"port": 0} | options)
