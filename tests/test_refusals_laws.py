"""What is refused: each error names the argument, and says what it must be and what was passed."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import spa
from nefsim.io import udp
from nefsim.io.stream import Port, Stream
from nefsim.mnist import command
from nefsim.models import read
from nefsim.models.values import decode
from nefsim.network.habits import Answers
from nefsim.neurons.lif import check_voltage
from nefsim.neurons.spiking import _generator
from nefsim.plot import _order, _style
from nefsim.sampling.composed import Copula, Mixture
from nefsim.sampling.distributions import Choice, Samples
from nefsim.sampling.points import ScatteredCube
from nefsim.spa.algebras import as_algebra
from nefsim.spa.scores import rate_map
from nefsim.sweeps import grid, local
from nefsim.sweeps.store import Store
from nefsim.synapses.base import Series
from nefsim.synapses.rational import LinearFilter


class Clock(Port):
    """A port without packets."""

    def receive(self, seconds: float) -> list[Any]:
        return []

    def decode(self, packet: Any, size: int) -> Any:
        raise AssertionError(packet)


def network() -> tuple[nef.Network, nef.Probe]:
    net = nef.Network(seed=1)
    return net, net.probe(net.node(1.0))


def before_a_run() -> Any:
    net, probe = network()
    return nef.Simulator(net, progress=False).latest(probe)


def unknown_probe() -> Any:
    net, _ = network()
    return nef.Simulator(net, progress=False).latest("none")


def unknown_label() -> Any:
    return nef.Result({"y": np.ones((1, 1))}, {"y": [0.1]}, [0.1], {})["none"]


def order(sort: Any, spikes: Any = None) -> Any:
    return _order.of_rows("raster", sort, spikes, *[np.zeros(0, int)] * 2, 3, np.zeros(1))


def with_block() -> None:
    net: Any = nef.Network()
    assert isinstance(net, Answers)
    with net:
        pass


def reservoir(shape: tuple[int, int]) -> Any:
    return nef.networks.reservoir(nef.Network(seed=1), 9, 1, seed=2).add_output(np.zeros(shape))


ONE, TWO = np.ones((5, 1)), np.ones((5, 2))
ORDER = "sort must"
HALF = [[1.0, 0.5], [0.5, 1.0]]

#: What is called, and the words of the error.
CASES: dict[str, tuple[Any, str]] = {
    "one back end": (
        lambda: nef.crosscheck(network()[0], 0.1, backends=("numpy",)),
        "crosscheck: backends must be two names, got",
    ),
    "three back ends": (
        lambda: nef.crosscheck(network()[0], 0.1, backends=["numpy"] * 3),
        "backends must be two names, got",
    ),
    "a word of two letters": (
        lambda: nef.crosscheck(network()[0], 0.1, backends="ab"),
        "backends must be two names, got 'ab'",
    ),
    "a set of back ends": (
        lambda: nef.crosscheck(network()[0], 0.1, backends={"numpy", "numba"}),  # type: ignore[arg-type]
        "backends must be two names, got",
    ),
    "an action without a timeout": (
        lambda: Stream(Clock(), then="zero"),
        "Stream: then must be \"hold\", got 'zero' without a timeout",
    ),
    "a host alone": (lambda: udp._address("UDP", "to", ("a",)), "to must be a host and a port"),
    "a list": (lambda: udp._address("UDP", "to", ["a", 1]), "to must be a host and a port"),
    "two ports": (lambda: udp._address("UDP", "to", (1, 2)), "to must be a host and a port"),
    "times alone": (
        lambda: command._times(SimpleNamespace(times=True, plain=False)),  # type: ignore[arg-type]
        "mnist: times must come with --plain, got --times alone",
    ),
    "no module": (lambda: read._modules(["a", "a b"]), "allow must be names of modules, got 'a b'"),
    "a part of a module": (lambda: read._modules(["a.1"]), "allow must be names of modules"),
    "no value": (lambda: decode({"x": 1}, None, ()), "is no value"),  # type: ignore[arg-type]
    "no key": (
        lambda: decode({"dict": [[None, 1]]}, None, ()),  # type: ignore[arg-type]
        "None is no key",
    ),
    "no pair": (
        lambda: decode({"dict": [[1]]}, None, ()),  # type: ignore[arg-type]
        "is no pair of key and value",
    ),
    "three of a pair": (
        lambda: decode({"dict": [[1, 2, 3]]}, None, ()),  # type: ignore[arg-type]
        "is no pair of key and value",
    ),
    "a with block": (with_block, "Network: objects must be made by methods, got a with block"),
    "a record before a run": (before_a_run, "probe must have a record, got none so far"),
    "a label of no probe": (unknown_probe, "probe must be one or the label of one, got 'none'"),
    "a label of no record": (unknown_label, "key must be a recorded probe or label, got 'none'"),
    "outputs of a reservoir": (lambda: reservoir((9, 0)), "decoders must have a column, got none"),
    "a voltage above the threshold": (
        lambda: check_voltage("LIF", np.array([0.5, 1.25])),
        "LIF: voltage must start at 1 or below, got 1.25",
    ),
    "no generator": (
        lambda: _generator(nef.PoissonSpiking(), None),
        r"PoissonSpiking\.step: rng must be a Generator, got None",
    ),
    "fractions of neurons": (lambda: order([0, 0.5]), f"{ORDER} be numbers of neurons"),
    "a neuron twice": (lambda: order([0, 1, 0]), f"{ORDER} name different neurons by number"),
    "no neurons": (lambda: order([]), f"{ORDER} name different neurons by number"),
    "a neuron beyond the last": (lambda: order([0, 3]), f"{ORDER} be at most 2"),
    "an order of an ensemble": (
        lambda: order(nef.Network().ensemble(3, 1), ONE),
        f"{ORDER} be an order with an array or result",
    ),
    "a style": (
        lambda: _style.line_style("plot", {"colouring": 1}),
        "line_style must be properties of matplotlib lines, got",
    ),
    "a picture of no record": (
        lambda: nef.plot.overview(nef.Result({}, {}, [], {})),
        "probes must name a record, got none",
    ),
    "one dimension": (lambda: nef.plot.phase(TWO, dimensions=[0]), "be two or three whole"),
    "four dimensions": (lambda: nef.plot.phase(TWO, dimensions=[0, 1, 0, 1]), "be two or three"),
    "half a dimension": (lambda: nef.plot.phase(TWO, dimensions=[0, 0.5]), "be two or three"),
    "a dimension beyond": (lambda: nef.plot.phase(TWO, dimensions=[0, 2]), "be at most 1"),
    "noise of samples": (
        lambda: nef.WhiteNoise(Samples([1.0])),
        "dist must give new samples at every step",
    ),
    "pieces of two sizes": (
        lambda: nef.Piecewise({0.0: [1.0, 2.0], 0.5: 3.0}),
        "data must have values of one size, got sizes 2, 1",
    ),
    "a mixture of nothing": (lambda: Mixture([]), "distributions must hold a distribution"),
    "a mixture of weight 0": (
        lambda: Mixture([nef.Uniform(0, 1)] * 2, weights=[0, 0]),
        "weights must have a sum above 0, got 0",
    ),
    "a choice of weight 0": (
        lambda: Choice([1.0, 2.0], weights=[0.0, 0.0]),
        "Choice: weights must have a sum above 0, got 0",
    ),
    "marginals without quantiles": (
        lambda: Copula(Choice([1.0]), HALF),
        "marginals must have a method ppf",
    ),
    "three marginals of two": (
        lambda: Copula([nef.Uniform(0, 1)] * 3, HALF),
        "marginals must be one for each, got 3 for 2 coordinates",
    ),
    "a cube of no width": (lambda: ScatteredCube(1, 1), "high must be above low = 1, got 1"),
    "a solver that is not linear": (
        lambda: nef.LstsqMultNoise(noise=0.1, solver=nef.Nnls()),
        "solver must be linear in the targets",
    ),
    "a penalty of a solver": (
        lambda: nef.solve_decoders(ONE, ONE, reg=0.1, solver=nef.LstsqL2()),
        "reg must be None together with solver, got 0.1",
    ),
    "a class of algebras": (
        lambda: as_algebra("Vocabulary", spa.HRR),
        r"algebra must be an algebra, got .*; write HRR\(\)",
    ),
    "values of fewer steps": (
        lambda: rate_map(np.ones(4), TWO, bounds=(-1, 2)),
        "values must have 5 rows, as positions, got shape",
    ),
    "values of three axes": (
        lambda: rate_map(np.ones((5, 1, 1)), TWO, bounds=(-1, 2)),
        "values must have 5 rows, as positions, got shape",
    ),
    "three coordinates": (
        lambda: rate_map(np.ones(5), np.ones((5, 3)), bounds=(-1, 2)),
        r"positions must have shape \(T, 2\), got shape \(5, 3\)",
    ),
    "a number of points": (lambda: grid.points("sweep", 3), "be a dict or a list of dicts, got 3"),
    "a chain of no filters": (lambda: Series([]), "parts must be a list of synapses, got"),
    "a word as a chain": (lambda: Series("ab"), "parts must be a list of synapses, got 'ab'"),
    "no numerator": (lambda: LinearFilter([], [1.0]), "num must have a coefficient, got none"),
    "no denominator": (
        lambda: LinearFilter([1.0], [0.0]),
        "den must have a coefficient other than 0, got none",
    ),
    "an improper filter": (
        lambda: LinearFilter([1.0, 2.0, 3.0], [0.0, 1.0, 2.0]),
        "num must be no longer than den, got 3 coefficients over 2",
    ),
    "curves of no points": (
        lambda: nef.testing.check_solver(nef.LstsqL2(), np.ones((0, 3))),
        "activities must have points and neurons, got shape",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_error_says_what_the_argument_must_be(name: str) -> None:
    function, words = CASES[name]
    with pytest.raises((TypeError, ValueError), match=words):
        function()


def test_the_limits_of_what_is_refused_are_allowed() -> None:
    check_voltage("LIF", np.array([1.0, -5.0]))
    assert read._modules(("a.b_1",)) == ("a.b_1",)
    assert decode({"dict": [["a", 1], [2, 3]]}, None, ()) == {"a": 1, 2: 3}  # type: ignore[arg-type]
    assert command._times(SimpleNamespace(times=False, plain=False)) is None  # type: ignore[arg-type]
    assert order([2, 0])[0].tolist() == [2, 0]
    assert np.asarray(LinearFilter([0.0], [0.0, 2.0]).num).tolist() == [0.0]
    assert np.asarray(LinearFilter([0.0, 3.0], [0.0, 2.0]).num).tolist() == [3.0]
    assert reservoir((9, 1)).size_out == 1


def test_a_host_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*given: Any, **more: Any) -> Any:
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ValueError, match="to must have a host that is known, got 'a'"):
        udp._address("UDP", "to", ("a", 9000))
    for port in (-1, 65536):
        with pytest.raises(ValueError, match="to must be at"):
            udp._address("UDP", "to", ("a", port))


def test_a_grid_has_as_many_points_as_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "MOST_TASKS", 6)
    assert len(grid.points("sweep", {"a": [1, 2, 3], "b": [1, 2]})) == 6
    with pytest.raises(ValueError, match="grid must have at most 6 points, got 8"):
        grid.points("sweep", {"a": [1, 2, 3, 4], "b": [1, 2]})


def test_a_function_of_a_script_needs_a_package_for_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local, "find_spec", lambda name: None)
    assert local.transferable("sweep", network) is network
    with pytest.raises(TypeError, match="fn must be defined with def in a file, for processes"):
        local.transferable("sweep", lambda: 1)


def test_a_folder_of_a_sweep_has_a_list(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folder must have a file"):
        Store(tmp_path).read_list("sweep")
