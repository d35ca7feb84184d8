"""Nengo's processes and filters by names and numbers, in networks and in model files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef

nengo = pytest.importorskip("nengo")

from nengo import dists, processes, synapses  # noqa: E402

from nefsim.nengo import from_nengo  # noqa: E402
from nefsim.nengo.fixed import Filter  # noqa: E402
from nefsim.nengo.parameters import NengoObject, described, types  # noqa: E402
from nefsim.nengo.random_state import FromNengo  # noqa: E402

OBJECTS = [
    processes.WhiteNoise(),
    processes.WhiteNoise(dists.Uniform(-1, 1), scale=False, seed=3),
    processes.FilteredNoise(synapses.Alpha(0.1), dists.Gaussian(0, 2), seed=1),
    processes.BrownNoise(),
    processes.WhiteSignal(1.0, high=5, rms=0.2, y0=0, seed=2),
    processes.WhiteSignal(1.0, high=5, default_size_out=3),
    processes.PresentInput([[1, 2], [3, 4]], 0.1),
    processes.Piecewise({0: 0, 0.5: [1]}),
    synapses.Lowpass(0.1),
    synapses.Lowpass(0.1, method="euler"),
    synapses.Alpha(0.2),
    synapses.Triangle(0.01),
    synapses.LinearFilter([1, 2], [0.1, 1, 1], method="bilinear"),
    dists.Choice([[1], [2]], [0.5, 0.5]),
    dists.PDF(np.linspace(-1, 1, 11), np.ones(11) / 11),
    dists.CosineSimilarity(5),
    dists.SubvectorLength(8, 2),
]


class Custom(nengo.Process):  # type: ignore[misc]
    """A process of a user."""


@pytest.mark.parametrize("original", OBJECTS, ids=repr)
def test_objects_of_nengo_are_equal_to_those_made_of_their_names_and_numbers(original: Any) -> None:
    found = described(original)
    assert isinstance(found, NengoObject)
    assert found == described(original) and hash(found) == hash(described(original))
    again = NengoObject(found.name, found.arguments)
    assert type(again.original) is type(original) and again.original == original


def test_each_process_and_filter_of_nengo_has_a_name() -> None:
    assert {type(o) for o in OBJECTS if isinstance(o, nengo.Process)} == {
        kind
        for name, kind in types().items()
        if issubclass(kind, nengo.Process) and name != "synapses.Synapse"
    }


def test_a_type_of_a_user_has_no_name() -> None:
    custom = Custom()
    assert described(custom) is custom


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("processes.nonsense", {}, "name must be a type of Nengo, got 'processes.nonsense'"),
        ("os.system", {}, "name must be a type of Nengo"),
        (3, {}, "name must be a type of Nengo"),
        ("synapses.Lowpass", {"tau": -1}, "arguments must be those of synapses.Lowpass"),
        ("synapses.Lowpass", {"nonsense": 1}, "arguments must be those of synapses.Lowpass"),
        ("synapses.Lowpass", {}, "arguments must be those of synapses.Lowpass"),
        ("synapses.Lowpass", [1], "arguments must be a mapping"),
    ],
)
def test_descriptions_of_nothing_in_nengo_are_refused(
    name: Any, arguments: Any, words: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=f"NengoObject: {words}"):
        NengoObject(name, arguments)


def test_values_of_a_file_that_are_no_process_or_filter_are_refused() -> None:
    noise, filtered = processes.WhiteNoise(), synapses.Lowpass(0.1)
    for wrong in (3, filtered, NengoObject("dists.Gaussian", {"mean": 0, "std": 1})):
        if wrong is not filtered:  # a filter is a process
            with pytest.raises(TypeError, match=r"FromNengo: process must be a nengo\.Process"):
                FromNengo(wrong, 1, 0)
            with pytest.raises(TypeError, match="Filter: original must be a LinearFilter"):
                Filter(wrong)
    with pytest.raises(ValueError, match="FromNengo: place must be at most"):
        FromNengo(noise, 1, 10**12)  # it draws so many seeds
    with pytest.raises(ValueError, match="FromNengo: width must be at least 1"):
        FromNengo(noise, 0, 0)


def test_networks_with_processes_and_filters_of_nengo_are_saved(tmp_path: Path) -> None:
    with nengo.Network(seed=2) as model:
        noise = nengo.Node(processes.WhiteNoise(seed=5), size_out=1)
        steps = nengo.Node(processes.Piecewise({0: 0.0, 0.02: 1.0}))
        a = nengo.Ensemble(30, 1, noise=processes.FilteredNoise(scale=False))
        nengo.Connection(noise, a, synapse=nengo.LinearFilter([1], [0.01, 1], method="bilinear"))
        nengo.Connection(steps, a)
        nengo.Connection(nengo.Node(processes.WhiteSignal(1.0, high=10)), a)
        nengo.Probe(a.neurons)
        nengo.Probe(noise)
    net = from_nengo(model)
    again = nef.load_network(net.save(tmp_path / "model.nef"), allow=("nefsim.nengo",))
    found = []
    for each in (net, again):
        sim = nef.Simulator(each, backend="numpy", progress=False)
        sim.run_steps(60)
        found.append([sim.data[probe] for probe in sim.probes])
    for one, other in zip(*found, strict=True):
        assert np.any(one)
        np.testing.assert_array_equal(one, other)


def test_a_process_of_a_users_type_runs_and_is_refused_by_files(tmp_path: Path) -> None:
    with nengo.Network(seed=2) as model:
        nengo.Node(Custom(default_size_out=1))
    net = from_nengo(model)
    with pytest.raises(TypeError, match="nodes/0/output/process must be numbers"):
        net.save(tmp_path / "model.nef")
