"""Laws of the command: words of its options, files of models, and what each part hands on."""

from __future__ import annotations

import argparse
import csv
import os
import re
import stat
import subprocess
import sys
import warnings
from argparse import Namespace
from html import unescape
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import matplotlib as mpl
import numpy as np
import pytest

import nefsim as nef
from nefsim import backends, cli, demo, scripts
from nefsim._extras import EXTRAS
from nefsim.cli import options, sweep

# -- options -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "default", "shown"),
    [
        ("text", 5, "text (default 5)"),
        ("text", (1, 2.5), "text (default 1 2.5)"),
        ("text", ["a", "b"], "text (default a b)"),
        ("text (default none)", 5, "text (default none)"),
        ("text", None, "text"),
        ("text", False, "text"),
        ("text", argparse.SUPPRESS, "text"),
        (None, 5, " (default 5)"),
    ],
    ids=str,
)
def test_help_shows_a_default_that_it_does_not_name_itself(
    text: str | None, default: Any, shown: str
) -> None:
    action = argparse.Action(["--x"], "x", help=text, default=default)
    assert options.Formatter("nefsim")._get_help_string(action) == shown


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_help_describes_the_command_in_a_sentence(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    out = " ".join(capsys.readouterr().out.split())
    summary = str(cli.COMMANDS[command].__doc__)
    assert f" {summary[0].upper()}{summary[1:]}. " in out
    assert "SUPPRESS" not in out


def test_arguments_are_those_of_the_process_by_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["nefsim", "run", "no_such_file.py", "-s", "3"])
    assert cli.main() == 2
    assert "no_such_file.py, which does not exist" in capsys.readouterr().err


def test_the_seed_of_the_command_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text("import nefsim\nnet = nefsim.Network(seed=5)")
    for seed, expected in ((None, 5), (0, 0), (7, 7)):
        assert options.network(Namespace(model=path, seed=seed)).seed == expected
    with pytest.raises(ValueError, match=r"^nefsim: seed must be at least 0"):
        options.network(Namespace(model=path, seed=-1))


def test_a_seed_of_nengo_has_32_bits_and_its_spikes_decide_the_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("nengo")
    from nefsim.nengo import command

    given: list[Any] = []
    report: dict[str, Any] = {}
    monkeypatch.setattr(command, "run", lambda *args: given.extend(args) or report)
    monkeypatch.setattr(command, "as_text", lambda report: "told")
    arguments = ["nengo", "run", "model.py", "-s", "2", "--dt", "0.5", "--seed"]
    for differ, status in ((None, 0), (0, 0), (1, 1), (5, 1)):
        report.update({} if differ is None else {"spikes_differ": differ})
        assert cli.main([*arguments, str(2**32 - 1), "--compare"]) == status
    assert given[:6] == [Path("model.py"), 2.0, 0.5, 2**32 - 1, "auto", True]
    assert capsys.readouterr().out == 4 * "told\n"
    assert cli.main([*arguments, "0"]) == 1
    capsys.readouterr()
    assert cli.main([*arguments, str(2**32)]) == 2
    assert "nefsim nengo run: --seed must be at most 4294967295" in capsys.readouterr().err
    assert len(given) == 30


def test_a_model_file_is_described_without_its_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = nef.Network(seed=1, label="stored")
    net.ensemble(10, 1)
    path = net.save(tmp_path / "model.nef")
    assert cli.main(["info", str(path)]) == 0
    out = capsys.readouterr().out
    assert "stored" in out and "back ends" not in out
    assert cli.main(["info", str(path), "--json"]) == 0
    assert '"backends"' in (out := capsys.readouterr().out) and '"model"' in out
    assert cli.main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = ["python", "nefsim", "numpy", "scipy", "matplotlib", "back", "machine", "extras:"]
    assert [line.split()[0] for line in lines[: len(heads)]] == heads
    assert len(lines) == len(heads) + sum(1 + len(e.packages) for e in EXTRAS.values())


@pytest.mark.parametrize("command", ["run", "info", "sweep"])
@pytest.mark.parametrize(
    ("name", "do"),
    [
        ("r.csv", "pass a file that ends in .py"),
        ("r.JSON", "pass a file that ends in .py"),
        ("r.npz", "nefsim plot {} draws a result"),
    ],
)
def test_a_file_of_another_kind_is_not_executed(
    command: str, name: str, do: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, trace = tmp_path / name, tmp_path / "executed"
    file.write_text(f"open({str(trace)!r}, 'w')", encoding="utf-8")
    assert cli.main([command, str(file)]) == 2
    wanted = f"model must be a Python file, got {file}; {do.format(file)}.\n"
    assert capsys.readouterr().err.endswith(wanted) and not trace.exists()


def test_a_saved_network_is_no_script_of_a_sweep(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = nef.Network(seed=1).save(tmp_path / "net.nef")
    assert cli.main(["sweep", str(file)]) == 2
    assert f"; nefsim run {file} runs a network that was saved.\n" in capsys.readouterr().err
    assert scripts.network(Path(file)).seed == 1


@pytest.mark.parametrize("name", ["model", "model.py", "MODEL.PY", "model.pyw"])
def test_a_script_may_have_no_ending(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text("import nefsim\nnet = nefsim.Network(seed=5)", encoding="utf-8")
    assert scripts.network(file).seed == 5


WARNS = """
import warnings
import nefsim
{first}
net = nefsim.Network()
a = net.ensemble(10, 1)
net.connect(net.node(3.0), a)
net.probe(a)
warnings.warn("of two\\nlines")
"""


def test_the_command_says_a_warning_on_one_line(tmp_path: Path) -> None:
    def lines(first: str) -> list[str]:
        file.write_text(WARNS.format(first=first), encoding="utf-8")
        words = ["run", str(file), "-s", "0.01", "--backend", "numpy", "--force"]
        command = [sys.executable, "-m", "nefsim", *words, "-o", str(tmp_path / "r.npz")]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        return ended.stderr.splitlines()

    file = tmp_path / "model.py"
    at_script, at_command = lines("")
    assert at_script == f"nefsim: warning: of two lines (line 9 of {file})"
    assert at_command.startswith("nefsim: warning: <ensemble 'ensemble 0'>: input must stay ")
    assert at_command.endswith(".")  # no line, as that of the command says nothing
    # A script may choose how its warnings look.
    own = lines("warnings.formatwarning = lambda message, *_, **__: f'own: {message!s:.6}\\n'")
    assert own == ["own: of two", "own: <ensem"]


@pytest.mark.parametrize("does", ["", "raise KeyboardInterrupt"])
def test_the_format_of_warnings_is_put_back(
    does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def own(*arguments: Any) -> str:
        return "own"

    monkeypatch.setattr(warnings, "formatwarning", own)
    file = tmp_path / "model.py"
    file.write_text(f"import nefsim\nnet = nefsim.Network()\n{does}", encoding="utf-8")
    assert cli.main(["info", str(file)]) == (130 if does else 0)
    assert warnings.formatwarning is own


def test_only_the_first_of_several_processes_writes_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "model.py", tmp_path / "r.npz"
    path.write_text(
        "import nefsim\nnet = nefsim.Network(seed=5)\n"
        "def stop(t):\n    return t / (t < 0.0025)\n"
        "net.probe(net.node(stop, size_out=1))"
    )
    monkeypatch.setattr(backends, "is_first_process", lambda: False)
    for seconds, status in (("0.002", 0), ("0.01", 2)):
        assert cli.main(["run", str(path), "-o", str(out), "-s", seconds]) == status
        assert "saved" not in capsys.readouterr().err and not out.exists()


@pytest.mark.parametrize(("backend", "prepared"), [("numpy", []), ("auto", []), ("mpi", ["mpi"])])
def test_only_a_shared_back_end_starts_before_the_model(
    backend: str, prepared: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(backends, "module", calls.append)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "missing.py", "--backend", backend]) == 2
    assert calls == prepared


# -- sweeps ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "executor"),
    [
        ({"serial": True}, "serial"),
        ({"mpi": True}, "mpi"),
        ({"dask": "tcp://a:1"}, "tcp://a:1"),
        ({"workers": 3}, 3),
        ({}, None),
    ],
    ids=str,
)
def test_each_option_of_a_sweep_names_its_executor(given: dict[str, Any], executor: Any) -> None:
    nothing = {"serial": False, "mpi": False, "dask": None, "workers": None}
    assert sweep._executor(Namespace(**nothing | given)) == executor


def test_a_sweep_of_the_command_is_written_as_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, table = tmp_path / "study.py", tmp_path / "t.csv"
    study.write_text(
        "grid = {'x': [3, 4]}\nseeds = 2\ndef task(x, seed):\n    return {'y': 10 * x + seed}\n"
    )
    words = ["sweep", str(study), "--serial"]
    assert cli.main([*words, "--table", str(table), "--seeds", "1"]) == 0
    said = f"2 of 2 tasks done, 0 failed; results in {tmp_path / 'study'}\n"
    assert capsys.readouterr().out == said
    assert table.read_text().split() == ["x,seed,y", "3,0,30", "4,0,40"]
    out = tmp_path / "o"
    assert cli.main([*words, "--out", str(out), "--shard", "2/4", "--json"]) == 0
    assert '{"tasks": 4, "done": 1, "failed": 0, "folder": ' in capsys.readouterr().out
    study.write_text(study.read_text().replace("10 * x", "10 // (x - 3)"))
    with pytest.warns(UserWarning, match="2 of 4 tasks failed"):
        assert cli.main([*words, "--out", str(tmp_path / "p"), "--json"]) == 1
    assert '"done": 2, "failed": 2' in capsys.readouterr().out


def test_a_shard_is_two_numbers() -> None:
    assert sweep._shard("x", None) is None
    assert sweep._shard("x", "3/12") == (3, 12)
    for text in ("a/2", "1/b", "3", "1.5/2", "/", "-1/3"):
        with pytest.raises(ValueError, match=r"^x: --shard must be i/n, got '"):
            sweep._shard("x", text)


def test_the_command_of_each_job_has_all_options() -> None:
    given = Namespace(file=Path("study.py"), seeds=None, retries=2, chunk=3)
    words = [sys.executable, "-m", "nefsim", "sweep", "study.py", "--out", "o"]
    tail = ["--retries", "2", "--chunk", "3"]
    assert sweep._command(given, Path("o")) == words + tail
    given.seeds = 0
    assert sweep._command(given, Path("o")) == [*words, "--seeds", "0", *tail]


@pytest.mark.parametrize(("n", "status"), [(1, 0), (1_000_000, 0), (0, 2), (1_000_001, 2)])
def test_a_script_is_for_up_to_a_million_jobs(
    n: int, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["sweep", "study.py", "--slurm", str(n)]) == status
    out, err = capsys.readouterr()
    assert bool(out) == (status == 0) and ("--slurm must be at " in err) == (status == 2)
    assert status == 2 or (f"--array=1-{n}\n" in out and f'/{n}"\n' in out)


def test_a_table_has_a_line_for_each_task(tmp_path: Path) -> None:
    columns = {"n": np.array([1, 2]), "x, y": np.array([0.1, 1e-17]), "s": np.array(["a", "é"])}
    sweep._write_table(columns, tmp_path / "t.csv")
    with open(tmp_path / "t.csv", encoding="utf-8", newline="") as stream:
        assert [*csv.reader(stream)] == [["n", "x, y", "s"], ["1", "0.1", "a"], ["2", "1e-17", "é"]]


# -- scripts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "plain", "typed"),
    [
        (ValueError("a\n b"), "a b", "ValueError: a b"),
        (ValueError(), "ValueError", "ValueError"),
        (OSError("cannot"), "cannot", "OSError: cannot"),
        (OSError(2, "none"), "[Errno 2] none", "FileNotFoundError: [Errno 2] none"),
        (OSError(2, "none", "f"), "f: none", "FileNotFoundError: f: none"),
        (OSError(2, "", "f"), "[Errno 2] : 'f'", "FileNotFoundError: [Errno 2] : 'f'"),
    ],
    ids=repr,
)
def test_an_error_is_one_line(error: BaseException, plain: str, typed: str) -> None:
    assert scripts.one_line(error, with_type=False) == plain
    assert scripts.one_line(error, with_type=True) == typed
    error.add_note("in\nb")
    error.add_note("c")
    assert scripts.one_line(error, with_type=False) == f"{plain} (in b) (c)"


def test_the_folder_of_a_script_is_first_on_the_path_while_it_runs(tmp_path: Path) -> None:
    before = [*sys.path]
    with scripts.folder_on_path(tmp_path / "x.py"):
        assert sys.path == [str(tmp_path.resolve()), *before]
    with scripts.folder_on_path(tmp_path / "x.py"):
        sys.path.remove(str(tmp_path.resolve()))
    assert sys.path == before


def test_the_line_of_an_error_is_the_innermost_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text("def f():\n    g()\ndef g():\n    int('x')\nf()\n")
    with pytest.raises(ValueError, match=r"in line 4 of .*m\.py; correct the file\.$"):
        scripts.namespace_of(path)
    path.write_text("f(")
    with pytest.raises(ValueError, match=r"SyntaxError.* of .*m\.py; correct the file\.$"):
        scripts.namespace_of(path)


def test_the_network_of_nengo_in_a_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Network:
        pass

    names = {"a": 1, "one": Network(), "two": Network()}
    monkeypatch.setitem(sys.modules, "nengo", SimpleNamespace(Network=Network))  # type: ignore[arg-type]
    assert scripts.nengo_networks(names) == ["one", "two"]
    assert "name it model for nefsim nengo run m.py" in scripts._instead("m.py", names)
    assert "got m.py with one, a network" in scripts._instead("m.py", names)
    text = scripts._instead("m.py", names | {"model": Network()})
    assert "with model, a network" in text and "name it" not in text
    monkeypatch.setitem(sys.modules, "nengo", ModuleType("nengo"))
    assert scripts.nengo_networks(names) == []
    assert scripts._instead("m.py", names).startswith("got m.py without; write net = ")


# -- view --------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_local", [True, False])
@pytest.mark.parametrize("browser", [True, False])
def test_the_page_is_opened_and_its_reach_is_said(
    is_local: bool,
    browser: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("bokeh", reason="Bokeh is the extra view")
    from nefsim import view

    calls: list[Any] = []
    server = SimpleNamespace(
        is_local=is_local,
        url="http://x/?token=secret&x",
        run_until_shutdown=lambda: calls.append("served"),
    )
    monkeypatch.setattr(view, "server", lambda *given: calls.append(given[1:]) or server)
    files: list[Path] = []
    monkeypatch.setattr("nefsim.cli.view.webbrowser.open", lambda url: calls.append(read(url)))

    def read(url: str) -> str:
        """The address to which a file leads, which other users cannot read or learn."""
        assert "secret" not in url
        files.append(Path(url2pathname(urlsplit(url).path)))
        if os.name == "posix":
            modes = [stat.S_IMODE(p.stat().st_mode) for p in (files[0], files[0].parent)]
            assert modes == [0o600, 0o700]
        found = re.search(r'content="0; url=([^"]+)"', files[0].read_text())
        assert found is not None
        return unescape(found[1])

    path = tmp_path / "model.py"
    path.write_text(
        "import os, nefsim\nnet = nefsim.Network()\nos.chdir(os.path.dirname(os.getcwd()))"
    )
    monkeypatch.chdir(tmp_path)
    arguments = ["view", "model.py", "--port", "7", "--window", "3", "--dt", "0.5", "--show", "a"]
    assert cli.main([*arguments, *([] if browser else ["--no-browser"])]) == 0
    opened = [server.url] if browser else []
    layout = tmp_path / "model.view.json"
    expected = (7, 3.0, 0.5, "auto", ["a"], "127.0.0.1", layout, [], None)
    assert calls == [expected, *opened, "served"]
    assert not any(file.parent.exists() for file in files)
    out, err = capsys.readouterr()
    assert out == f"{server.url}\n"
    assert ("from this machine only" in err) == is_local
    assert ("anyone with this address" in err) == (not is_local)


def test_a_source_is_edited_only_if_asked_for_and_from_this_machine_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("bokeh", reason="Bokeh is the extra view")
    from nefsim import view

    sources: list[Any] = []
    server = SimpleNamespace(is_local=True, url="http://x", run_until_shutdown=lambda: None)
    monkeypatch.setattr(view, "server", lambda *given: sources.append(given[-1]) or server)
    path = tmp_path / "model.py"
    path.write_text(
        "import os, nefsim\nnet = nefsim.Network()\nos.chdir(os.path.dirname(os.getcwd()))"
    )
    monkeypatch.chdir(tmp_path)
    arguments = ["view", "model.py", "--no-browser", "--edit"]
    assert cli.main(arguments) == 0
    assert sources[0].path == path
    assert "run any code as you" in capsys.readouterr().err
    assert sources[0].build()[0].all_ensembles == []  # although the working folder has changed
    monkeypatch.chdir(tmp_path)
    for more in (["--host", "0.0.0.0"], ["--host", "192.0.2.1"], ["--host", "::"]):
        assert cli.main([*arguments, *more]) == 2
        assert "--edit must be for this machine only" in capsys.readouterr().err
    assert cli.main(["view", "model.npz", "--edit"]) == 2
    assert "--edit must be for a Python file" in capsys.readouterr().err
    assert len(sources) == 1
    assert cli.main([*arguments, "--host", "::1"]) == 0


# -- demo --------------------------------------------------------------------------------------


def test_the_demo_takes_its_first_steps_before_the_clock_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    class Noting(nef.Simulator):
        def run_steps(self, n_steps: int, *more: Any) -> None:
            calls.append(f"{n_steps} steps")
            super().run_steps(n_steps)

        def reset(self, *given: Any) -> None:
            calls.append("reset")
            super().reset()

        def run(self, seconds: float, *more: Any) -> None:
            calls.append(f"{seconds:g} s")
            super().run(seconds)

    def clock() -> float:
        calls.append("clock")
        return 0.0

    monkeypatch.setattr(demo, "Simulator", Noting)
    monkeypatch.setattr(demo, "_figures", lambda *given: [])
    monkeypatch.setattr(demo.time, "perf_counter", clock)
    demo.run(demo.Settings(seconds=0.02, backend="numpy"), tmp_path)
    assert calls == ["100 steps", "reset", "clock", "0.02 s", "clock"]
    with pytest.raises(ValueError, match=r"demo: seconds must be at least 0.001"):
        demo.run(demo.Settings(seconds=0.0009, backend="numpy"), tmp_path)


def test_a_figure_of_the_demo_has_its_title_above_and_is_packed_quickly(tmp_path: Path) -> None:
    ax = demo._axes()
    demo._title(ax, "title")
    file = demo._save(ax, tmp_path / "a.png")
    (title,) = (t for t in ax.findobj(mpl.text.Text) if t.get_text() == "title")
    box, axes = title.get_window_extent(), ax.get_window_extent()
    assert axes.y1 <= box.y0 < box.y1 <= ax.figure.bbox.y1
    assert axes.x0 == pytest.approx(box.x0, abs=2)  # pixels
    # The header of zlib names the level: the lowest are 01 in its second byte.
    assert b"IDAT\x78\x01" in Path(file).read_bytes()
