"""Laws of saved Nengo models: memory of Nengo's code and its generators are checked and go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

nengo = pytest.importorskip("nengo")

from nefsim import files  # noqa: E402
from nefsim.nengo import Simulator, saving  # noqa: E402


def model(seed: int | None = 1) -> Any:
    """Neurons that draw random numbers, and filtered noise, in Nengo's code."""
    with nengo.Network(seed=seed) as network:
        a = nengo.Ensemble(6, 1, neuron_type=nengo.PoissonSpiking(nengo.LIFRate()))
        nengo.Connection(nengo.Node(nengo.processes.FilteredNoise()), a)
        nengo.Connection(a, a)
        nengo.Probe(a, synapse=0.01)
    return network


def simulator(network: Any = None) -> Simulator:
    network = model() if network is None else network
    return Simulator(network, progress_bar=False, backend="numpy")


def load(path: Path, network: Any = None) -> Simulator:
    network = model() if network is None else network
    return Simulator.load(path, network, progress_bar=False, backend="numpy")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with simulator() as sim:
        sim.run_steps(7)
        return sim.save(tmp_path / "state")


def members(path: Path) -> dict[str, Any]:
    with np.load(path) as loaded:
        return dict(loaded.items())


def write(path: Path, arrays: dict[str, Any], change: Callable[[Any], Any] | None = None) -> None:
    description = json.loads(str(arrays[files.META]))
    if change is not None:
        change(description)
    np.savez(path, **{**arrays, files.META: np.array(json.dumps(description))})


def test_a_loaded_state_has_all_arrays_and_generators_of_the_saved_one(path: Path) -> None:
    with load(path) as again:
        other = members(again.save(path.with_name("other")))
        expected = members(path)
        assert other.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_array_equal(other[name], values)
        kinds = {name.split()[0] for name in expected}
        assert kinds == {"nefsim", "signal", "op", "memory", "record"}
        with simulator() as sim:
            for each, n_steps in ((sim, 16), (again, 9)):
                each.run_steps(n_steps)
            (probe,) = sim.model.probes
            (same,) = again.model.probes
            np.testing.assert_array_equal(again.data[same], sim.data[probe])


def test_memory_of_nengos_code_must_be_there_with_its_type_and_shape(path: Path) -> None:
    good = members(path)
    names = [name for name in good if name.startswith("memory ")]
    assert names
    for name in names:
        less = {key: value for key, value in good.items() if key != name}
        others = [less, {**good, name: good[name].astype(np.float32)}]
        others += [{**good, name: good[name][None]}, {**good, "memory 9 9": good[name]}]
        for arrays in others:
            write(path, arrays)
            with pytest.raises(ValueError, match=r"load: network must fit the saved state"):
                load(path)
    write(path, good)
    load(path).close()


def setting(*keys: Any) -> Callable[[Any], None]:
    """Set a place of the state of the first generator; the last of the keys is the value."""

    def change(description: Any) -> None:
        place = description["generators"][0][0]
        for key in keys[:-2]:
            place = place[key]
        place[keys[-2]] = keys[-1]

    return change


@pytest.mark.parametrize("place", [0, 624])
@pytest.mark.parametrize("left", [0, 1])
def test_a_generator_may_be_at_any_of_its_words(path: Path, place: int, left: int) -> None:
    def change(description: Any) -> None:
        setting("state", "pos", place)(description)
        setting("has_gauss", left)(description)

    write(path, members(path), change)
    with load(path) as sim:
        again = json.loads(str(members(sim.save(path))[files.META]))
    state = again["generators"][0][0]
    assert (state["state"]["pos"], state["has_gauss"]) == (place, left)


@pytest.mark.parametrize(
    "change",
    [
        setting("state", "pos", 625),
        setting("state", "pos", -1),
        setting("has_gauss", 2),
        setting("has_gauss", -1),
        setting("gauss", float("nan")),
        setting("bit_generator", "PCG64"),
        setting("state", {}),
    ],
)
def test_a_generator_in_no_state_is_refused(path: Path, change: Any) -> None:
    write(path, members(path), change)
    with pytest.raises(ValueError, match=r"load: path must be .*\(state of a generator: "):
        load(path)


def test_each_generator_must_be_there(path: Path) -> None:
    for change in (
        lambda description: description["generators"][0].pop(),
        lambda description: description["generators"][0].append({}),
        lambda description: description["generators"].append([]),
    ):
        write(path, members(path), change)
        with pytest.raises(ValueError, match=r"load: network must fit the saved state"):
            load(path)
        with simulator() as sim:
            sim.run_steps(7)
            sim.save(path)


def test_a_network_without_a_seed_has_that_of_the_file_while_it_is_built() -> None:
    none, same, other = nengo.Network(), nengo.Network(seed=5), nengo.Network(seed=6)
    with saving.seed_of("x", none, 5):
        assert none.seed == 5
    assert none.seed is None
    with pytest.raises(ZeroDivisionError), saving.seed_of("x", none, 5):
        raise ZeroDivisionError
    assert none.seed is None
    with saving.seed_of("x", same, 5):
        assert same.seed == 5
    assert same.seed == 5
    with (
        pytest.raises(
            ValueError, match=r"^x: network must have the seed 5 of the file, got seed 6;"
        ),
        saving.seed_of("x", other, 5),
    ):
        raise AssertionError
    with saving.seed_of("x", None, 5):
        pass
