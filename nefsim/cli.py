"""The command ``nefsim``: demo, run, crosscheck, bench, view, nengo, mnist and info."""

from __future__ import annotations

import argparse
import gc
import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from nefsim import _checks as check
from nefsim import backends, files, scripts
from nefsim.crosscheck import crosscheck
from nefsim.network import Network
from nefsim.simulator import Simulator

PACKAGES = ("nefsim", "numpy", "scipy", "matplotlib", "numba", "nengo", "torch", "tqdm")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    0 is success, 1 that back ends disagree, 2 an error and 130 Ctrl-C.
    """
    options = _parser(sys.argv[1:] if arguments is None else arguments).parse_args(arguments)
    try:
        return int(options.command(options))
    except KeyboardInterrupt:
        print("nefsim: interrupted", file=sys.stderr)
        return 130
    except BaseException as error:  # a user's function may raise anything, even SystemExit
        known = isinstance(error, (ValueError, TypeError, ImportError, OSError, MemoryError))
        print(f"nefsim: error: {scripts.told(error, named=not known)}", file=sys.stderr)
        return 2


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Of all commands, with the options of those that are named: others would be imported."""
    parser = argparse.ArgumentParser(
        prog="nefsim", description="Simulate networks of the Neural Engineering Framework."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, function, add in (
        ("demo", _demo, _demo_options),
        ("run", _run, _run_options),
        ("crosscheck", _crosscheck, _crosscheck_options),
        ("bench", _bench, _bench_options),
        ("view", _view, _view_options),
        ("nengo", _nengo, _nengo_options),
        ("mnist", _mnist, _mnist_options),
        ("info", _info, _info_options),
    ):
        command = commands.add_parser(name, help=function.__doc__, description=function.__doc__)
        if name in arguments:
            add(command)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        command.set_defaults(command=function)
    return parser


def _common(command: argparse.ArgumentParser, seconds: float, seed: int | None) -> None:
    command.add_argument("--seconds", type=float, default=seconds, help="how long to run [s]")
    command.add_argument("--dt", type=float, default=0.001, help="time step [s]")
    command.add_argument("--seed", type=int, default=seed, help="seed of the network")


def _backend(command: argparse.ArgumentParser) -> None:
    names = ["auto", *backends.BACKENDS]
    command.add_argument("--backend", choices=names, default="auto", help="what takes the steps")


def _demo_options(command: argparse.ArgumentParser) -> None:
    from nefsim import demo

    defaults = {field.name: field.default for field in fields(demo.Settings)}
    for name in "ab":
        population = name.upper()
        command.add_argument(
            f"--neurons-{name}",
            type=int,
            default=defaults[f"neurons_{name}"],
            help=f"neurons of {population}",
        )
        command.add_argument(
            f"--rates-{name}",
            type=float,
            nargs=2,
            metavar=("LOW", "HIGH"),
            default=defaults[f"rates_{name}"],
            help=f"range of maximum rates of {population} [Hz]",
        )
    command.add_argument("--stimulus", choices=demo.STIMULI, default="sin", help="what A gets")
    command.add_argument(
        "--function", choices=demo.FUNCTIONS, default="square", help="what B computes from A"
    )
    command.add_argument("--synapse", type=float, default=0.1, help="time constant [s]")
    command.add_argument("--out", type=Path, default=Path("nefsim-demo"), help="folder of figures")
    _common(command, 10.0, 1)
    _backend(command)


def _demo(options: argparse.Namespace) -> int:
    """compute a function between two populations and draw what happens"""
    from nefsim import demo

    chosen = {field.name: getattr(options, field.name) for field in fields(demo.Settings)}
    chosen |= {name: tuple(chosen[name]) for name in ("rates_a", "rates_b")}
    # To look for cycles among the objects of matplotlib takes a fourteenth of the time.
    collects = gc.isenabled()
    gc.disable()
    try:
        report = demo.run(demo.Settings(**chosen), options.out)
    finally:
        if collects:
            gc.enable()
    if options.json:
        print(json.dumps(report))
        return 0
    print(f"{'population':<12}{'neurons':>8}{'mean rate':>12}")
    for name in "ab":
        rate = f"{report[f'mean_rate_{name}']:.1f} Hz"
        print(f"{name.upper():<12}{report[f'neurons_{name}']:>8}{rate:>12}")
    print(f"{report['n_steps']} steps of {report['dt']:g} s on {report['backend']}", end=", ")
    print(f"{report['microseconds_per_step']:.1f} microseconds each")
    print(f"rmse of {report['function']} against the filtered ideal: {report['rmse']:.4f}")
    for file in report["files"]:
        print(f"wrote {file}")
    return 0


def _model(options: argparse.Namespace) -> Network:
    """The network ``net`` that a file defines, with the seed of the command line."""
    net = scripts.network(options.model)
    if options.seed is not None:
        net.seed = check.seed("nefsim", options.seed)
    return net


def _run_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", type=Path, help="Python file that defines net")
    command.add_argument("--out", type=Path, default=Path("result.npz"), help="file of the result")
    _common(command, 1.0, None)
    _backend(command)


def _run(options: argparse.Namespace) -> int:
    """run the network of a file and save what its probes record"""
    files.as_target("nefsim run", options.out)
    simulator = Simulator(_model(options), options.dt, options.backend)
    try:
        simulator.run(options.seconds)
    except BaseException:
        if simulator.n_steps:
            _save(simulator, options)
            said = f"stopped after {simulator.n_steps} steps; saved what was recorded"
            print(f"nefsim: {said}", file=sys.stderr)
        raise
    _save(simulator, options)
    return 0


def _save(simulator: Simulator, options: argparse.Namespace) -> None:
    """Save what was recorded so far and say what it is."""
    result = simulator.result()
    path = result.save(options.out)
    shapes = {name: list(shape) for name, shape in result.shapes.items()}
    if options.json:
        print(json.dumps({**result.info, "probes": shapes, "file": str(path)}))
        return
    print(f"{simulator.n_steps} steps of {simulator.dt:g} s on {simulator.backend}")
    for name, shape in shapes.items():
        print(f"  {name}: {' x '.join(map(str, shape))}")
    print(f"wrote {path}")


def _crosscheck_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", type=Path, help="Python file that defines net")
    command.add_argument(
        "--backends",
        nargs=2,
        choices=list(backends.BACKENDS),
        default=("numpy", "nengo"),
        help="the two back ends",
    )
    _common(command, 1.0, None)


def _crosscheck(options: argparse.Namespace) -> int:
    """run the network of a file on two back ends and compare them spike for spike"""
    report = crosscheck(_model(options), options.seconds, options.backends, options.dt)
    if options.json:
        told = {
            "backends": list(report.backends),
            "seconds": report.seconds,
            "n_spikes": report.n_spikes,
            "spikes_differ": report.spikes_differ,
            "max_abs_diff": report.max_abs_diff,
            "agrees": report.agrees,
        }
        print(json.dumps(told))
    else:
        print(report)
    return 0 if report.agrees else 1


def _bench_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", type=Path, help="Python file that defines net")
    command.add_argument(
        "--backends",
        nargs="+",
        choices=list(backends.BACKENDS),
        default=None,
        help="the back ends, if not all that are installed",
    )
    command.add_argument("--repeats", type=int, default=5, help="runs on each back end")
    _common(command, 1.0, None)


def _bench(options: argparse.Namespace) -> int:
    """time the network of a file on each back end: build, first steps and a step"""
    from nefsim import bench

    timings = bench.measure(
        _model(options), options.seconds, options.backends, options.dt, options.repeats
    )
    if options.json:
        told = {"seconds": options.seconds, "dt": options.dt, "runs": [*map(asdict, timings)]}
        print(json.dumps(told))
    else:
        print(bench.tell(timings))
    return 0


def _view_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", type=Path, help="Python file that defines net")
    command.add_argument("--show", nargs="+", help="labels of the ensembles to watch")
    command.add_argument("--window", type=float, default=2.0, help="how much is seen [s]")
    command.add_argument("--port", type=int, default=5006, help="where to listen; 0 is any")
    command.add_argument("--no-browser", action="store_true", help="open no browser")
    command.add_argument("--dt", type=float, default=0.001, help="time step [s]")
    command.add_argument("--seed", type=int, default=None, help="seed of the network")
    _backend(command)


def _view(options: argparse.Namespace) -> int:
    """watch the network of a file run in the browser, and turn its inputs"""
    from nefsim import view

    server = view.server(
        _model(options), options.port, options.window, options.dt, options.backend, options.show
    )
    url = f"http://localhost:{server.port}/"
    print(json.dumps({"url": url}) if options.json else f"{url} (Ctrl-C ends it)", flush=True)
    if not options.no_browser:
        server.show("/")
    server.run_until_shutdown()
    return 0


def _nengo_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("action", choices=["run"], help="what to do with the model")
    command.add_argument("model", type=Path, help="Python file that defines model")
    _common(command, 1.0, None)
    command.add_argument("--backend", choices=["auto", "numpy", "numba"], default="auto")
    command.add_argument("--compare", action="store_true", help="run it in Nengo, too")


def _nengo(options: argparse.Namespace) -> int:
    """run the Nengo model of a file, and compare it with Nengo, spike for spike"""
    backends.module("nengo")
    from nefsim.nengo import command

    who = "nefsim nengo run"
    seconds = check.seconds(who, "--seconds", options.seconds)
    dt = check.seconds(who, "--dt", options.dt)
    if options.seed is not None:
        check.integer(who, "--seed", options.seed, "pass a seed of Nengo", 0, 2**32 - 1)
    report = command.run(options.model, seconds, dt, options.seed, options.backend, options.compare)
    print(json.dumps(report) if options.json else command.tell(report))
    return int(report.get("spikes_differ", 0) > 0)


def _mnist_options(command: argparse.ArgumentParser) -> None:
    from nefsim import mnist

    mnist.add_options(command)


def _mnist(options: argparse.Namespace) -> int:
    """tell handwritten digits apart with spikes, with decoders solved or learned"""
    from nefsim import mnist

    return mnist.report(options)


def _info_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", type=Path, nargs="?", help="Python file that defines net")
    command.add_argument("--seed", type=int, default=None, help="seed of the network")
    command.add_argument("--dt", type=float, default=0.001, help="time step [s]")


def _installed(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _info(options: argparse.Namespace) -> int:
    """say which versions and back ends are there, or what a file's network will be and cost"""
    told: dict[str, Any] = {
        "python": platform.python_version(),
        "packages": {package: _installed(package) for package in PACKAGES},
        "backends": backends.available(),
    }
    if options.model is not None:
        net = _model(options)
        described = net.describe(options.dt)
        if not options.json:
            print(described)
            return 0
        told["model"] = {"seed": net.seed, **described.to_dict()}
    if options.json:
        print(json.dumps(told))
        return 0
    print(f"python {told['python']}")
    for package, installed in told["packages"].items():
        print(f"{package} {installed or '(not installed)'}")
    print(f"back ends: {', '.join(told['backends'])}")
    return 0
