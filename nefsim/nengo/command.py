"""The command ``nefsim nengo run``: run and time the Nengo model of a script in nefsim."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nengo
import numpy as np

from nefsim import scripts
from nefsim.nengo.simulator import Simulator
from nefsim.network import Network

#: Seed of models without one, so that both simulators have the same arrays.
SEED = 0


def load(path: Path, seed: int | None) -> nengo.Network:
    """The Nengo network ``model`` of a script; ``seed``, if not None, replaces its seed."""
    np.random.seed(SEED)
    names = scripts.namespace_of(path, "nefsim nengo")
    model = names.get("model")
    if not isinstance(model, nengo.Network):
        do = "write model = nengo.Network() in it"
        if isinstance(names.get("net"), Network):
            do = f"nefsim run {path} runs its nefsim.Network"
        elif others := scripts.nengo_networks(names):
            do = f"name {others[0]}, a network of Nengo, model"
        raise ValueError(
            f"nefsim nengo: {path} must define model, a nengo.Network, got "
            f"{'none' if model is None else type(model).__name__}; {do}."
        )
    default = SEED if model.seed is None else model.seed
    model.seed = default if seed is None else seed
    return model


@dataclass(frozen=True, eq=False)
class Run:
    """Times and records of the run of a model in one simulator."""

    name: str
    build: float
    step: float
    n_spikes: int
    spikes: list[Any]
    data: list[Any]

    def figures(self) -> dict[str, Any]:
        """Build time [s], time of a step [us] and number of spikes, by name."""
        return {
            "simulator": self.name,
            "build_seconds": self.build,
            "microseconds_per_step": self.step * 1e6,
            "spikes": self.n_spikes,
        }


def timed(model: nengo.Network, name: str, make: Callable[..., Any], seconds: float) -> Run:
    """Build and run a model, with probes of all neurons that spike."""
    n_probes = len(model.all_probes)
    with model:
        spiking = [e for e in model.all_ensembles if e.neuron_type.spiking]
        neurons = [nengo.Probe(ensemble.neurons) for ensemble in spiking]
    start = time.perf_counter()
    with make(model, progress_bar=False) as simulator:
        built = time.perf_counter()
        simulator.run(seconds)
        done = time.perf_counter()
    spikes = [simulator.data[probe] for probe in neurons]
    others = [probe for probe in simulator.model.probes if probe not in neurons]
    assert len(others) == n_probes
    data = [simulator.data[probe] for probe in others]
    count = sum(int(np.count_nonzero(s)) for s in spikes)
    return Run(name, built - start, (done - built) / simulator.n_steps, count, spikes, data)


def run(
    path: Path, seconds: float, dt: float, seed: int | None, backend: str, compare: bool
) -> dict[str, Any]:
    """Run a script's model; with ``compare`` also in Nengo, and compare the spikes."""
    with scripts.folder_on_path(path):  # functions may import modules of that folder while they run
        return _run(path, seconds, dt, seed, backend, compare)


def _run(
    path: Path, seconds: float, dt: float, seed: int | None, backend: str, compare: bool
) -> dict[str, Any]:
    def nefsim_simulator(model: nengo.Network, progress_bar: Any) -> Simulator:
        return Simulator(model, dt, progress_bar=progress_bar, backend=backend)

    def nengo_simulator(model: nengo.Network, progress_bar: Any) -> nengo.Simulator:
        return nengo.Simulator(model, dt, progress_bar=progress_bar, optimize=False)

    with nengo.Network(seed=SEED) as small:
        nengo.Ensemble(1, 1)
    with nefsim_simulator(small, False) as first:
        first.step()  # modules that are loaded once do not count for this model
    in_nefsim = timed(load(path, seed), f"nefsim ({backend})", nefsim_simulator, seconds)
    report: dict[str, Any] = {"seconds": seconds, "dt": dt, "runs": [in_nefsim.figures()]}
    if compare:
        # The script runs again, as functions of its nodes may have a memory.
        in_nengo = timed(load(path, seed), "nengo", nengo_simulator, seconds)
        pairs = zip(in_nefsim.spikes, in_nengo.spikes, strict=True)
        differ = [np.count_nonzero(a != b) for a, b in pairs]
        errors = [
            float(np.abs(a - b).max(initial=0.0))
            for a, b in zip(in_nefsim.data, in_nengo.data, strict=True)
        ]
        report["runs"].append(in_nengo.figures())
        report["spikes_differ"] = int(sum(differ))
        report["max_abs_diff"] = max(errors, default=0.0)
        report["times_as_fast"] = in_nengo.step / in_nefsim.step
    return report


def as_text(report: dict[str, Any]) -> str:
    """Format the result of :func:`run` as a table and a sentence."""
    lines = [f"{'simulator':<16}{'build':>10}{'a step':>14}{'spikes':>12}"]
    for figures in report["runs"]:
        step = f"{figures['microseconds_per_step']:.1f} us"
        build = f"{figures['build_seconds']:.2f} s"
        lines.append(f"{figures['simulator']:<16}{build:>10}{step:>14}{figures['spikes']:>12}")
    if "spikes_differ" in report:
        lines.append(
            f"{report['spikes_differ']} spikes differ, values by up to "
            f"{report['max_abs_diff']:.2e}; {report['times_as_fast']:.1f} times as fast"
        )
    return "\n".join(lines)
