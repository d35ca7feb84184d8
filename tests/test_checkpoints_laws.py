"""Laws of saved states: each array, generator and mark of a file is checked before it is used."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import checkpoint


def network() -> nef.Network:
    """A memory of each kind: neurons, filters by both forms, delays, weights and processes."""
    net = nef.Network(seed=1)
    a = net.ensemble(6, 2, noise=nef.WhiteNoise(nef.Gaussian(0, 0.1)), label="a")
    b = net.ensemble(5, 1, neuron_type=nef.PoissonSpiking(nef.LIFRate()), label="b")
    net.connect(net.node(nef.FilteredNoise(0.01), size_out=2), a, synapse=None)
    slow = nef.LinearFilter([1.0], np.poly([-10, -20, -30]) / 6000)
    c = net.connect(a, b, function=np.prod, learning_rule=nef.PES(1e-4), delay=0.002)
    net.connect(b, c.learning_rule, synapse=slow)
    net.probe(a)
    return net


class Content:
    """A saved state whose description and arrays can be changed."""

    def __init__(self, sim: nef.Simulator) -> None:
        self.meta: dict[str, Any] = {"batch_size": sim.batch_size}
        arrays = checkpoint.state_arrays(sim.built.program, sim.state, self.meta)
        self.arrays = {name: np.array(value) for name, value in arrays.items()}
        self.meta = copy.deepcopy(self.meta)

    @property
    def names(self) -> list[str]:
        return [*self.arrays]

    def header(self, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
        return self.arrays[name].dtype, self.arrays[name].shape

    def array(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def fail(self, why: str) -> Any:
        raise ValueError(f"file: {why}")

    def load(self, batch_size: int | None) -> nef.Simulator:
        """A new simulator with the state."""
        sim = simulator(batch_size)
        checkpoint.check_fit("test", sim.built.program, self)
        checkpoint.set_state("test", sim.built.program, sim.state, self)
        return sim


def simulator(batch_size: int | None) -> nef.Simulator:
    return nef.Simulator(network(), backend="numpy", batch_size=batch_size, progress=False)


@pytest.fixture(params=[None, 2], ids=["single", "batch"])
def run(request: Any) -> Any:
    sim = simulator(request.param)
    sim.run_steps(7)
    return sim, request.param


def test_a_state_has_all_numbers_of_a_run_and_continues_it(run: Any) -> None:
    sim, batch_size = run
    content = Content(sim)
    other = content.load(batch_size)
    assert other.state.step == sim.state.step == 7
    again = Content(other)
    assert again.meta == content.meta
    assert all(np.array_equal(again.arrays[n], v) for n, v in content.arrays.items())
    sim.run_steps(9)
    other.run_steps(9)
    one, two = (Content(each) for each in (sim, other))
    assert all(np.array_equal(one.arrays[n], two.arrays[n]) for n in one.arrays)
    assert one.meta == two.meta and one.meta != content.meta
    kinds = {name.split()[0] for name in content.arrays}
    assert kinds == {"signal", "op", "process"}


def test_each_array_must_be_there_with_its_shape_and_kind(run: Any) -> None:
    sim, batch_size = run
    good = Content(sim)
    good.load(batch_size)
    for name in [*good.names, "op 0 more", "signal 9999"]:
        faults: list[Any] = [lambda v: None, lambda v: v[..., None]]
        faults += [lambda v: v.astype(str)]
        for number, fault in enumerate(faults):
            bad = copy.deepcopy(good)
            changed = fault(bad.arrays.get(name, np.ones(1)))
            if name not in bad.arrays and number:
                continue
            if changed is None and name in bad.arrays:
                del bad.arrays[name]
            else:
                bad.arrays[name] = np.ones(1) if changed is None else changed
            with pytest.raises((ValueError, KeyError)):
                bad.load(batch_size)
    assert simulator(batch_size).state.step == 0


def test_memories_that_are_not_finite_are_refused(run: Any) -> None:
    sim, batch_size = run
    good = Content(sim)
    for name in good.names:
        if name.startswith("op ") and good.arrays[name].dtype.kind == "f":
            bad = copy.deepcopy(good)
            bad.arrays[name].flat[-1] = np.nan
            with pytest.raises(ValueError, match="test: "):
                bad.load(batch_size)


def test_each_generator_has_its_state(run: Any) -> None:
    sim, batch_size = run
    good = Content(sim)
    n = 0
    for key in ("rngs", "running"):
        for i, trials in enumerate(good.meta[key]):
            n += len(trials)
            bad = copy.deepcopy(good)
            bad.meta[key][i] = [*trials, {}]
            with pytest.raises(ValueError, match=f"{key} must be of {batch_size or 1} trials"):
                bad.load(batch_size)
            for j in range(len(trials)):
                bad = copy.deepcopy(good)
                del bad.meta[key][i][j]["bit_generator"]
                with pytest.raises(ValueError, match="state of a generator"):
                    bad.load(batch_size)
    assert n == 4 * (batch_size or 1)  # of two populations and two processes
    bad = copy.deepcopy(good)
    bad.meta["rngs"].append([])
    with pytest.raises(ValueError, match="rngs must be of"):
        bad.load(batch_size)


def test_each_mark_of_the_program_counts_up_to_rounding(run: Any) -> None:
    sim, batch_size = run
    good = Content(sim)
    program = sim.built.program
    sizes = [sum(float(np.abs(p).sum()) for p in checkpoint._numbers(op)) for op in program.ops]
    for i, (words, number) in enumerate(good.meta["program"]):
        for share, fits in ((0.9, True), (-0.9, True), (1.1, False), (-1.1, False)):
            if sizes[i] == 0 and not fits:
                continue
            other = copy.deepcopy(good)
            other.meta["program"][i] = (words, number + share * 1e-6 * sizes[i])
            if fits:
                other.load(batch_size)
            else:
                with pytest.raises(ValueError, match="fit the saved state"):
                    other.load(batch_size)
        other = copy.deepcopy(good)
        other.meta["program"][i] = (f"{words} ", number)
        with pytest.raises(ValueError, match="fit the saved state"):
            other.load(batch_size)


def test_values_of_inputs_may_be_missing_in_files_of_earlier_versions() -> None:
    net = nef.Network(seed=1)
    u = net.node([0.5, 0.25])
    net.probe(u)
    sim = nef.Simulator(net, backend="numpy", progress=False)
    content = Content(sim)
    values = [name for name in content.names if name.endswith(" value")]
    if not values:
        pytest.skip("no input can be set")
    for name in values:
        del content.arrays[name]
    again = nef.Simulator(net, backend="numpy", progress=False)
    checkpoint.set_state("test", again.built.program, again.state, content)
    assert again.state.step == sim.state.step
