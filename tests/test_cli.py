"""The command: what it prints, writes and returns, and that bad input ends in one sentence."""

import json
import re
import runpy
import socket
import subprocess
import sys

import numpy as np
import pytest

import nefsim as nef
from nefsim import backends, cli, demo
from nefsim._extras import EXTRAS, Extra
from nefsim.bench import measure
from nefsim.cli import main

PNG = b"\x89PNG\r\n\x1a\n"
QUICK = ["--seconds", "0.05"]

MODEL = """
import numpy as np
import nefsim as nef

net = nef.Network(seed=3, label="model")
a = net.ensemble(20, 1, label="a")
net.connect(net.node(np.sin), a)
net.probe(a, synapse=0.01, label="y")
net.probe(a.neurons, label="spikes", sample_every=0.002)
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(MODEL, encoding="utf-8")
    return path


def run(arguments, capsys):
    """Exit status, standard output and standard error of a command."""
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def as_json(arguments, capsys):
    status, out, err = run([*arguments, "--json"], capsys)
    assert (status, err) == (0, "")
    assert out.count("\n") == 1
    return json.loads(out)


def refused(arguments, capsys):
    """The sentence that a command ends in."""
    status, out, err = run(arguments, capsys)
    assert (status, out) == (2, "")
    assert err.startswith("nefsim: error: ")
    assert "Traceback" not in err
    assert err.count("\n") == 1
    return err


# demo


def test_the_demo_reports_its_run_and_draws_three_figures(tmp_path, capsys):
    report = as_json(["demo", "--seconds", "2", "--out", tmp_path / "figures"], capsys)
    wanted = {"n_steps", "dt", "rmse", "mean_rate_a", "mean_rate_b", "backend", "files"}
    assert report.keys() >= wanted
    assert (report["n_steps"], report["dt"]) == (2000, 0.001)
    assert (report["neurons_a"], report["neurons_b"]) == (50, 40)
    assert report["backend"] in backends.BACKENDS
    assert 0 < report["rmse"] < 0.05
    assert 5 < report["mean_rate_a"] < 75
    assert 5 < report["mean_rate_b"] < 100
    names = ["tuning_curves_a.png", "tuning_curves_b.png", "results.png"]
    assert report["files"] == [str(tmp_path / "figures" / name) for name in names]
    for file in report["files"]:
        with open(file, "rb") as stream:
            assert stream.read(8) == PNG


def test_no_cycles_are_sought_when_the_demo_has_ended(tmp_path):
    """Which would take a tenth of its time; what is registered first is called last."""
    code = f"""
import atexit, gc, sys
from nefsim.cli import main
atexit.register(lambda: print("frozen", gc.get_freeze_count(), "of", len(gc.get_objects())))
sys.exit(main(["demo", "--seconds", "0.05", "--out", {str(tmp_path)!r}]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    frozen, _, rest = done.stdout.splitlines()[-1].removeprefix("frozen ").split()
    assert int(frozen) > 1000 * (1 + int(rest))


def test_the_demo_prints_a_table(tmp_path, capsys):
    status, out, err = run(["demo", *QUICK, "--out", tmp_path], capsys)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["population", "neurons", "mean", "rate"]
    assert [line.split()[:2] for line in lines[1:3]] == [["A", "50"], ["B", "40"]]
    assert all(line.endswith(" Hz") for line in lines[1:3])
    assert lines[3].startswith("50 steps of 0.001 s on ")
    assert lines[4].startswith("rmse of square against the filtered ideal: 0.")
    assert lines[5:] == [f"wrote {tmp_path / name}" for name in sorted_by_drawing(tmp_path)]


def sorted_by_drawing(folder):
    """The three figures in the order in which they are drawn."""
    return sorted((p.name for p in folder.iterdir()), key=lambda name: name == "results.png")


def test_every_setting_of_the_demo_can_be_set(tmp_path, capsys, monkeypatch):
    arguments = [
        *("--neurons-a", 30, "--neurons-b", 20, "--rates-a", 100, 150, "--rates-b", 200, 250),
        *("--stimulus", "cos", "--function", "cube", "--synapse", 0.02, "--seconds", 0.1),
        *("--dt", 0.0005, "--seed", 4, "--backend", "numpy"),
    ]
    report = as_json(["demo", *arguments, "--out", tmp_path], capsys)
    output = {
        "neurons_a": 30,
        "neurons_b": 20,
        "n_steps": 200,
        "dt": 0.0005,
        "backend": "numpy",
        "function": "cube",
        "seed": 4,
    }
    assert {name: report[name] for name in output} == output
    settings = demo.Settings(
        neurons_a=30,
        neurons_b=20,
        rates_a=(100.0, 150.0),
        rates_b=(200.0, 250.0),
        stimulus="cos",
        function="cube",
        synapse=0.02,
        seconds=0.1,
        dt=0.0005,
        seed=4,
        backend="numpy",
    )
    monkeypatch.setattr(demo, "_figures", lambda *given: [])
    assert demo.run(settings, tmp_path)["rmse"] == report["rmse"]


@pytest.fixture
def run_without_figures(monkeypatch, tmp_path):
    """The demo without its figures, which take most of its time."""
    monkeypatch.setattr(demo, "_figures", lambda *given: [])
    return lambda **settings: demo.run(demo.Settings(**settings), tmp_path)


def test_the_demo_times_its_steps(run_without_figures, monkeypatch):
    times = iter([1.0, 1.5])
    monkeypatch.setattr(demo.time, "perf_counter", lambda: next(times))
    report = run_without_figures(seconds=0.05, backend="numpy")
    assert (report["n_steps"], report["microseconds_per_step"]) == (50, 1e4)


@pytest.mark.parametrize(
    "setting",
    [
        {"seed": 2},
        {"rates_a": (100.0, 150.0)},
        {"rates_b": (100.0, 150.0)},
        {"stimulus": "cos"},
        {"synapse": 0.02},
        {"neurons_a": 51},
        {"neurons_b": 41},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_each_setting_changes_the_numbers_of_the_demo(setting, run_without_figures):
    reports = [
        run_without_figures(seconds=0.2),
        run_without_figures(seconds=0.2),
        run_without_figures(seconds=0.2, **setting),
    ]
    one, same, other = (report["rmse"] for report in reports)
    assert one == same != other


@pytest.mark.parametrize("function", demo.FUNCTIONS)
def test_every_function_of_the_demo_is_computed(function, run_without_figures):
    report = run_without_figures(function=function, seconds=1.0, neurons_a=200)
    # Smooth tuning curves approximate the step of the sign worst of all.
    assert report["rmse"] < (0.25 if function == "sign" else 0.1)


def test_stimuli_and_functions_of_the_demo_are_those_of_their_names():
    t = np.array([0.3, 1.7, 2.5, 3.1, 4.2])
    assert demo.STIMULI["sin"](t).tolist() == np.sin(t).tolist()
    assert demo.STIMULI["cos"](t).tolist() == np.cos(t).tolist()
    assert demo.STIMULI["fast"](t).tolist() == np.sin(2 * np.pi * t).tolist()
    times = [0.0, 1.0, 2.0, 3.0, 4.0]
    assert demo.STIMULI["steps"] == nef.Piecewise(
        dict(zip(times, [-0.8, 0.5, -0.2, 1, 0], strict=True))
    )
    assert demo.STIMULI["noise"] == nef.WhiteSignal(10.0, high=1.0, rms=0.4)
    x = np.array([-0.5, 0.0, 0.8])
    wanted = {
        "identity": x,
        "square": x**2,
        "cube": x**3,
        "absolute": abs(x),
        "negative": -x,
        "sine": np.sin(np.pi * x),
        "rectify": [0.0, 0.0, 0.8],
        "sign": [-1.0, 0.0, 1.0],
    }
    assert demo.FUNCTIONS.keys() == wanted.keys()
    for name, values in wanted.items():
        np.testing.assert_allclose(demo.FUNCTIONS[name](x), values, rtol=1e-15, atol=0)


@pytest.mark.parametrize("stimulus", demo.STIMULI)
def test_every_stimulus_of_the_demo_runs(stimulus, run_without_figures):
    assert run_without_figures(stimulus=stimulus, seconds=1.0)["rmse"] < 0.1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seconds", "0"],
        ["--seconds", "0.0001"],
        ["--seconds", "-1"],
        ["--seconds", "nan"],
        ["--seconds", "1e30"],
        ["--dt", "0"],
        ["--dt", "inf"],
        ["--neurons-a", "0"],
        ["--neurons-b", "-5"],
        ["--rates-a", "100", "600"],
        ["--rates-b", "100", "50"],
        ["--rates-a", "nan", "50"],
        ["--synapse", "-0.1"],
        ["--seed", "-1"],
    ],
    ids=" ".join,
)
def test_bad_settings_of_the_demo_are_refused(arguments, tmp_path, capsys):
    assert " must " in refused(["demo", *QUICK, *arguments, "--out", tmp_path], capsys)


def test_a_network_that_is_too_large_for_the_machine_is_refused(tmp_path, capsys, monkeypatch):
    def too_large(*given):
        raise MemoryError("Unable to allocate 142 PiB")

    monkeypatch.setattr(demo, "run", too_large)
    assert "Unable to allocate 142 PiB" in refused(["demo", "--out", tmp_path], capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--function", "lambda x: x"],
        ["demo", "--function", "__import__('os')"],
        ["demo", "--stimulus", "exp"],
        ["demo", "--backend", "brian"],
        ["demo", "--neurons-a", "many"],
        ["demo", "--seconds", "long"],
        ["demo", "--seed", "1.5"],
        ["run"],
        ["sing"],
        ["crosscheck", "model.py", "--backends", "numpy"],
    ],
    ids=" ".join,
)
def test_unknown_options_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("usage: nefsim")
    assert "error: " in captured.err


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.write_text("", encoding="utf-8")
    message = refused(["demo", *QUICK, "--out", taken], capsys)
    assert message == f"nefsim: error: {taken}: File exists\n"


# run


def test_run_saves_the_records_of_the_probes(model, tmp_path, capsys):
    out = tmp_path / "result.npz"
    output = as_json(["run", model, "--seconds", "0.1", "--out", out], capsys)
    assert output["file"] == str(out)
    assert output["n_steps"] == 100
    assert output["seed"] == 3
    assert output["probes"] == {"y": [100, 1], "spikes": [50, 20]}
    result = nef.Result.load(out)
    net = nef.Network(seed=3)
    a = net.ensemble(20, 1)
    net.connect(net.node(np.sin), a)
    probe = net.probe(a, synapse=0.01)
    simulator = nef.Simulator(net)
    simulator.run(0.1)
    np.testing.assert_array_equal(result["y"], simulator.data[probe])
    np.testing.assert_array_equal(result.trange("spikes"), 0.002 * np.arange(1, 51))


def test_run_prints_steps_shapes_and_the_file(model, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(["run", model, *QUICK, "--dt", "0.0005"], capsys)
    assert (status, err) == (0, "")
    first, *probes, last = out.splitlines()
    assert first.startswith("100 steps of 0.0005 s on ")
    assert probes == ["  y: 100 x 1", "  spikes: 25 x 20"]
    assert last == "wrote model.npz"
    assert (tmp_path / "model.npz").is_file()


def test_the_seed_of_the_command_replaces_that_of_the_model(model, tmp_path, capsys):
    def values(*seed):
        out = tmp_path / "result.npz"
        as_json(["run", model, *QUICK, "--out", out, "--force", *seed], capsys)
        return nef.Result.load(out)["y"]

    np.testing.assert_array_equal(values(), values("--seed", 3))
    assert not np.array_equal(values(), values("--seed", 4))


STOPS = """
import sys

class Odd(BaseException):
    pass

def stop(t):
    if t > {after}:
        {does}
    return t

net.probe(net.node(stop, size_out=1, label="clock"), label="t")
"""
IN_CLOCK = "(in the function of <node 'clock'> at t = 0.031 s)"
ENDS = {
    "raise KeyboardInterrupt": (130, "nefsim: interrupted"),
    "1 / 0": (2, f"nefsim: error: ZeroDivisionError: division by zero {IN_CLOCK}"),
    "raise ValueError('two\\nlines')": (2, f"nefsim: error: two lines {IN_CLOCK}"),
    "raise RuntimeError": (2, f"nefsim: error: RuntimeError {IN_CLOCK}"),
    "sys.exit(1)": (2, "nefsim: error: SystemExit: 1"),
    "raise Odd": (2, "nefsim: error: Odd"),
    "return float('nan')": (
        2,
        "nefsim: error: <node 'clock'>: function must return finite numbers, "
        "got nan at t = 0.031 s; guard it at this time.",
    ),
}


@pytest.fixture(params=ENDS)
def stopping(request, model):
    """A model that ends in its 31st step, with the status and the sentence that say so."""
    text = MODEL + STOPS.format(after=0.0305, does=request.param)
    model.write_text(text, encoding="utf-8")
    return model, *ENDS[request.param]


@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_a_run_that_is_stopped_is_saved(stopping, backend, tmp_path, capsys):
    model, wanted, message = stopping
    arguments = ["run", model, "--out", tmp_path / "part", "--backend", backend]
    status, out, err = run(arguments, capsys)
    assert status == wanted
    assert err == f"nefsim: stopped after 30 steps; saved the records up to there\n{message}\n"
    assert "30 steps of 0.001 s" in out
    assert f"wrote {tmp_path / 'part.npz'}" in out
    result = nef.Result.load(tmp_path / "part.npz")
    assert result["y"].shape == result["t"].shape == (30, 1)
    np.testing.assert_array_equal(result["t"][:, 0], result.time)


def test_a_run_that_is_stopped_before_its_first_step_saves_nothing(model, tmp_path, capsys):
    model.write_text(MODEL + STOPS.format(after=0.0, does="t / 0"), encoding="utf-8")
    out = tmp_path / "result.npz"
    assert "division by zero (in the function of" in refused(["run", model, "--out", out], capsys)
    assert not out.exists()


def test_an_error_in_crosscheck_is_no_disagreement(stopping, capsys):
    model, wanted, message = stopping
    arguments = ["crosscheck", model, "--backends", "numpy", "numpy"]
    assert run(arguments, capsys) == (wanted, "", f"{message}\n")


@pytest.mark.parametrize(
    ("error", "wanted", "message"),
    [
        (KeyboardInterrupt(), 130, "nefsim: interrupted\n"),
        (ZeroDivisionError("by zero"), 2, "nefsim: error: ZeroDivisionError: by zero (in B)\n"),
        (np.linalg.LinAlgError("singular"), 2, "nefsim: error: singular (in B)\n"),
    ],
)
def test_an_error_in_the_demo_is_printed_with_its_notes(
    error, wanted, message, tmp_path, capsys, monkeypatch
):
    def fail(*given):
        error.add_note("in B")
        raise error

    monkeypatch.setattr(demo, "run", fail)
    assert run(["demo", "--out", tmp_path], capsys) == (wanted, "", message)


def test_a_model_that_leaves_python_is_refused(model, capsys):
    model.write_text("import sys\nsys.exit(0)", encoding="utf-8")
    assert "must run, got SystemExit: 0 in line 2" in refused(["run", model], capsys)


@pytest.mark.parametrize("command", ["run", "crosscheck", "bench", "info"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "model.py, which does not exist; pass the path of a file"),
        ("x = 1", "model must define net"),
        ("net = 3", "model must define net"),
        ("import nefsim\nnet = nefsim.Network", "model must define net"),
        ("net = (", "model must run, got SyntaxError"),
        ("\nimport nothing_of_this_name", "in line 2 of"),
        ("1 / 0", "model must run, got ZeroDivisionError: division by zero in line 1 of"),
        ("import nefsim\nnefsim.Network().ensemble(0, 1)", "n_neurons must be at least 1"),
    ],
)
def test_files_that_are_no_models_are_refused(command, text, message, model, capsys):
    if text is None:
        model.unlink()
    else:
        model.write_text(text, encoding="utf-8")
    assert message in refused([command, model], capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seconds", "-1"],
        ["--seconds", "nan"],
        ["--dt", "0"],
        ["--seed", "-1"],
        ["--out", "/nowhere/to/be/found/result.npz"],
        ["--out", "."],
    ],
    ids=" ".join,
)
def test_bad_options_of_run_are_refused(arguments, model, capsys):
    assert " must " in refused(["run", model, *arguments], capsys)


NENGO = """
import nengo

with nengo.Network(seed=1) as {name}:
    nengo.Probe(nengo.Ensemble(10, 1))
"""


@pytest.mark.parametrize("command", ["run", "crosscheck", "bench", "info"])
@pytest.mark.parametrize("name", ["model", "brain", "net"])
def test_a_script_of_nengo_is_recognised(command, name, model, capsys):
    pytest.importorskip("nengo")
    model.write_text(NENGO.format(name=name), encoding="utf-8")
    message = refused([command, model], capsys)
    assert f"with {name}, a network of Nengo; " in message
    assert f"nefsim nengo run {model}" in message
    assert ("name it model for" in message) == (name != "model")
    assert f"write net = nefsim.nengo.from_nengo({name}) in it" in message
    # The cure of the message is one.
    with model.open("a", encoding="utf-8") as stream:
        stream.write(f"\nimport nefsim.nengo\nnet = nefsim.nengo.from_nengo({name})\n")
    assert as_json(["info", model], capsys)["model"]["neurons"] == 10


def test_a_model_of_nefsim_is_recognised_among_nengos(model, capsys):
    pytest.importorskip("nengo")
    assert f"; nefsim run {model} runs its nefsim.Network" in refused(
        ["nengo", "run", model], capsys
    )
    model.write_text(NENGO.format(name="brain"), encoding="utf-8")
    message = refused(["nengo", "run", model], capsys)
    assert "got none; name brain, a network of Nengo, model." in message
    model.unlink()
    assert "which does not exist" in refused(["nengo", "run", model], capsys)


def test_a_model_whose_package_is_missing_names_the_extra(model, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "bokeh", None)
    model.write_text("import bokeh", encoding="utf-8")
    assert "line 1 of" in (message := refused(["run", model], capsys))
    assert '; pip install bokeh (the extra "view").' in message


def test_nengo_that_is_missing_names_the_extra(model, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    output = "nefsim: error: nefsim nengo: nengo must be installed, got none; pip install nengo "
    assert refused(["nengo", "run", model], capsys) == f'{output}(the extra "nengo").\n'


def test_a_model_imports_modules_of_its_folder(model, capsys):
    model.with_name("part_of_a_model.py").write_text("n = 7", encoding="utf-8")
    text = (
        "import nefsim\nfrom part_of_a_model import n\nnet = nefsim.Network()\nnet.ensemble(n, 1)"
    )
    model.write_text(text, encoding="utf-8")
    before = [*sys.path]
    assert as_json(["info", model], capsys)["model"]["neurons"] == 7
    assert sys.path == before
    sys.modules.pop("part_of_a_model")


def test_options_of_other_commands_are_not_imported():
    code = "import sys; from nefsim.cli import main; main(['info'])\n"
    code += "rooms = ('nefsim.mnist', 'nefsim.demo', 'matplotlib')\n"
    code += "print([room for room in rooms if room in sys.modules])"
    command = [sys.executable, "-c", code]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout.splitlines()[-1] == "[]"


def test_a_folder_is_no_model(tmp_path, capsys):
    assert f"got the folder {tmp_path}; pass the path of a file" in refused(
        ["run", tmp_path], capsys
    )


def test_a_port_in_use_is_refused_in_one_sentence(model):
    pytest.importorskip("bokeh", reason="Bokeh is the extra view")
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "nefsim",
            "view",
            model,
            "--no-browser",
            "--port",
            f"{port}",
        ]
        process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert f"port must be free, got {port}, which" in process.stderr
    assert "Errno" not in process.stderr and process.stderr.count("\n") == 1


def test_a_model_that_cannot_be_built_is_refused(model, capsys):
    loop = "\nnode = net.node(size_in=1)\nnet.connect(node, node, synapse=None)\n"
    model.write_text(MODEL + loop, encoding="utf-8")
    assert "must have a synapse in each loop" in refused(["run", model], capsys)


# crosscheck


def test_crosscheck_returns_zero_when_back_ends_agree(model, capsys):
    arguments = ["crosscheck", model, "--seconds", "0.2", "--backends", "numpy", "numpy"]
    status, out, err = run(arguments, capsys)
    assert (status, err) == (0, "")
    assert out.startswith("numpy against numpy, 0.2 s\n  a: ")
    assert out.endswith("The back ends agree: the same spikes, and values equal up to rounding.\n")
    output = as_json(arguments, capsys)
    assert output["n_spikes"] > 100
    del output["n_spikes"]
    assert output == {
        "backends": ["numpy", "numpy"],
        "seconds": 0.2,
        "spikes_differ": 0,
        "max_abs_diff": 0.0,
        "agrees": True,
    }


def test_crosscheck_takes_nengo_by_default(model, capsys):
    pytest.importorskip("nengo")
    assert as_json(["crosscheck", model, *QUICK], capsys)["backends"] == ["numpy", "nengo"]


def test_crosscheck_returns_one_when_back_ends_disagree(model, capsys):
    # A function that remembers its calls is another one for the second back end.
    text = MODEL + "\ncalls = []\n"
    text += "net.connect(net.node(lambda t: len(calls.append(t) or calls) / 100), a)\n"
    model.write_text(text, encoding="utf-8")
    arguments = ["crosscheck", model, "--seconds", "0.2", "--backends", "numpy", "numpy"]
    status, out, err = run(arguments, capsys)
    assert (status, err) == (1, "")
    assert "do not agree: " in out
    status, out, _ = run([*arguments, "--json"], capsys)
    output = json.loads(out)
    assert (status, output["agrees"]) == (1, False)
    assert output["spikes_differ"] > 0


# info


def test_bench_times_the_back_ends_in_the_order_given(model, capsys):
    names = ["numba", "numpy"]
    arguments = ["bench", model, *QUICK, "--repeats", 2, "--dt", 0.002, "--backends", *names]
    output = as_json(arguments, capsys)
    assert (output["seconds"], output["dt"]) == (0.05, 0.002)
    assert [run["backend"] for run in output["runs"]] == names
    figures = ("build_seconds", "first_seconds", "microseconds_per_step")
    assert all(run[figure] > 0 for run in output["runs"] for figure in figures)


def test_bench_takes_all_back_ends_and_prints_a_table(model, capsys):
    status, out, err = run(["bench", model, *QUICK, "--repeats", 1], capsys)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["back", "end", "build", "first", "steps", "a", "step"]
    assert [line.split()[0] for line in lines[1:]] == backends.available()
    times = [float(line.split()[-2]) for line in lines[1:]]
    assert min(times) == 1.0


@pytest.mark.parametrize(
    "arguments", [["--repeats", 0], ["--seconds", 0], ["--dt", "nan"], ["--seed", -1]], ids=str
)
def test_bad_options_of_bench_are_refused(arguments, model, capsys):
    assert " must " in refused(["bench", model, *arguments], capsys)


def test_bench_does_not_change_the_network():
    net = nef.Network()
    net.ensemble(10, 1)
    measure(net, 0.01, ["numpy"], repeats=1)
    assert net.seed is None
    assert not net.probes


def test_info_names_versions_and_back_ends(capsys):
    output = as_json(["info"], capsys)
    assert output["packages"]["nefsim"] == nef.__version__
    assert output["packages"]["numpy"] == np.__version__
    assert output["backends"] == backends.available()
    assert "model" not in output
    status, out, err = run(["info"], capsys)
    assert (status, err) == (0, "")
    assert f"numpy {np.__version__}\n" in out
    assert f"back ends: {', '.join(backends.available())}\n" in out


def test_info_lists_every_extra_with_its_packages(capsys, monkeypatch):
    extra = Extra(("numpy", "no-package-of-this-name"), "a missing feature")
    monkeypatch.setitem(EXTRAS, "none", extra)
    output = as_json(["info"], capsys)
    assert output["extras"].keys() == EXTRAS.keys() > {"fast", "view", "nir"}
    assert output["extras"]["none"] == {"packages": [*extra.packages], "brings": extra.brings}
    assert output["packages"]["no-package-of-this-name"] is None
    out = run(["info"], capsys)[1]
    lines = ["  none: a missing feature", f"    numpy {np.__version__}"]
    assert "\n".join([*lines, "    no-package-of-this-name (not installed)\n"]) in out


def test_info_describes_a_model(model, capsys):
    output = as_json(["info", model, "--dt", "0.002"], capsys)["model"]
    counts = {
        "label": "model",
        "seed": 3,
        "dt": 0.002,
        "nodes": 1,
        "ensembles": 1,
        "neurons": 20,
        "dimensions": 1,
        "connections": 1,
        "probes": 2,
    }
    assert counts.items() <= output.items()
    net = runpy.run_path(str(model))["net"]
    assert output["costs"] == nef.describe(net, 0.002).to_dict()["costs"]
    assert run(["info", model], capsys)[1] == f"{nef.describe(net)}\n"


# As a program


BUDGET = """import numpy as np
import nefsim as nef

net = nef.Network(seed=3, label="model")
a = net.ensemble(80, 1, label="a")
net.connect(net.node(np.sin), a)
net.probe(a, synapse=0.05, label="y")
"""


def test_budget_says_where_errors_come_from_and_what_to_change(model, capsys):
    model.write_text(BUDGET, encoding="utf-8")
    told = as_json(["budget", model, "-s", "2", "--rmse", "0.01", "--backend", "numpy"], capsys)
    (error,) = told["connections"]
    assert (error["label"], error["largest"]) == ("y", "delay")
    assert told["rmse"] == 0.01
    assert told["changes"][0].startswith("y: its delay alone makes")
    status, out, _ = run(["budget", model, "-s", "0.5", "--rmse", "9"], capsys)
    assert status == 0
    assert out.startswith("error budget of network model, 0.5 s")
    assert out.endswith("for an error of 9:\n  nothing to change\n")
    _, out, _ = run(["budget", model, "-s", "0.5"], capsys)
    assert "for an error" not in out
    assert "rmse must be above 0" in refused(["budget", model, "-s", "0.5", "--rmse", "0"], capsys)


def test_the_package_runs_as_a_program():
    command = [sys.executable, "-m", "nefsim", "--help"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout.startswith("usage: nefsim")
    for name in ("demo", "run", "crosscheck", "info"):
        assert f"\n    {name}" in process.stdout
    assert process.stderr == ""


def test_the_status_of_the_program_is_that_of_the_command(tmp_path):
    command = [sys.executable, "-m", "nefsim", "run", str(tmp_path / "missing.py")]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr.startswith("nefsim: error: nefsim: model must be a Python file, got ")
    assert process.stderr.count("\n") == 1


def shown(arguments, capsys):
    """The output of help or of the version."""
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_the_version_is_printed(capsys):
    assert shown(["--version"], capsys) == f"nefsim {nef.__version__}\n"


def test_without_a_command_there_is_help(capsys):
    helped = shown(["--help"], capsys)
    assert helped.startswith("usage: nefsim")
    assert run([], capsys) == (0, helped, "")


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_help_json_a_seed_and_an_example(command, capsys):
    out = shown([command, "--help"], capsys)
    for option in ("--help", "--json", "--seed"):
        # A picture of a result has nothing random.
        assert option in out or (command, option) == ("plot", "--seed")
    example = cli.COMMANDS[command].EXAMPLE
    assert example in " ".join(out.split())
    words = example.split()
    assert words[:2] == ["nefsim", command]
    cli._parser(words).parse_args(words[1:])  # ends the program where a word is none of the options


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_help_shows_every_default(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    out = shown([command, "--help"], capsys)
    options = [" ".join(option.split()) for option in re.split(r"\n  (?=-)", out)[1:]]
    # An option with a value is named with the word for it in capitals, or with its choices.
    valued = [option for option in options if re.match(r"(-\w( \S+)?)?--[\w-]+ [A-Z{]", option)]
    assert len(valued) >= 2
    for option in valued:
        assert "(default " in option and "None" not in option


def test_short_options_are_the_long_ones(capsys):
    parse = cli._parser(["run"]).parse_args
    for long, short in (("--seconds", "-s"), ("--out", "-o")):
        assert parse(["run", "m.py", long, "2"]) == parse(["run", "m.py", short, "2"])


@pytest.mark.parametrize(
    "command", ["run", "crosscheck", "bench", "budget", "view", "nengo", "info"]
)
def test_help_says_that_a_model_is_executed(command, capsys):
    assert "it is executed" in " ".join(shown([command, "--help"], capsys).split())
