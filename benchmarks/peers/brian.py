"""Brian2 in C++ standalone: a LIF by exponential Euler with refractoriness, on nefsim's arrays.

Spikes fall on the grid of steps there, so that rates differ from nefsim's.
Vectors are filtered in separate small groups; neurons read them through linked variables,
which is faster in Brian2 than synapses from neuron to neuron.  This module imports nothing of
nefsim, so that it may run in a separate environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from peers.measure import Times

#: C++ around the timed run: the clocks of the other simulators.
CLOCKS = """
struct timespec wall_{0}, processor_{0};
clock_gettime(CLOCK_MONOTONIC, &wall_{0});
clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &processor_{0});
"""
WRITE = """
std::ofstream({file}) << wall_1.tv_sec - wall_0.tv_sec + (wall_1.tv_nsec - wall_0.tv_nsec) * 1e-9
    << " " << processor_1.tv_sec - processor_0.tv_sec
        + (processor_1.tv_nsec - processor_0.tv_nsec) * 1e-9;
"""

FLAGS = ["-O3", "-ffast-math", "-march=native", "-w", "-std=c++11"]


def start(job: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], Times]]:
    """Generate, compile and run once; further runs start the compiled program again."""
    began = time.perf_counter()
    import brian2

    imported = time.perf_counter()
    folder = Path(job["folder"]) / f"brian{job['threads']}"
    brian2.set_device("cpp_standalone", directory=str(folder), build_on_run=False)
    brian2.prefs.codegen.cpp.extra_compile_args_gcc = FLAGS
    if job["threads"] > 1:
        brian2.prefs.devices.cpp_standalone.openmp_threads = job["threads"]
    brian2.defaultclock.dt = 1 * brian2.ms
    with np.load(Path(job["folder"]) / "plan.npz") as arrays:
        network = _Network(brian2, json.loads(str(arrays["plan"])), arrays)
    steps, times = network.facts["steps"], folder / "times.txt"
    network.network.run(network.facts["warm_up"] * brian2.ms)
    brian2.device.insert_code("before_network_run", CLOCKS.format(0))
    brian2.device.insert_code("after_network_run", CLOCKS.format(1))
    brian2.device.insert_code("after_network_run", WRITE.format(file=json.dumps(str(times))))
    network.network.run(steps * brian2.ms)
    described = time.perf_counter()
    brian2.device.build(directory=str(folder), compile=True, run=False)
    compiled = time.perf_counter()
    brian2.device.run(directory=str(folder), with_output=False)
    facts = {
        "import_s": imported - began,
        "build_s": compiled - imported,
        "compile_s": compiled - described,
        "first_s": time.perf_counter() - began,
        "steps": steps,
        "version": brian2.__version__,
        "spikes": network.spikes(),
        "peak_mb": peak_mb(folder),
    }

    def run() -> Times:
        brian2.device.run(directory=str(folder), with_output=False)
        wall, processor = map(float, times.read_text().split())
        return wall, processor

    return facts, run


def peak_mb(folder: Path) -> float:
    """The most memory that the compiled program holds in a run."""
    command = ["./main", "--results_dir", f"{folder}/results/"]
    running = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, running.returncode, used = os.wait4(running.pid, 0)
    return used.ru_maxrss / 1024


class _Network:
    """A plan of groups, filters and links in Brian2's terms."""

    def __init__(self, brian2: Any, facts: dict[str, Any], arrays: Any) -> None:
        self.brian2, self.facts, self.arrays = brian2, facts, arrays
        self.rng = np.random.default_rng(1)
        self.rules = facts["rules"]
        self.network = brian2.Network()
        self.filters = [self._filter(f) for f in range(len(facts["filters"]))]
        self.groups = [self._group(g) for g in range(len(facts["groups"]))]
        for rule in self.rules:
            if not rule["wanted"]:
                error = brian2.linked_var(self.filters[rule["error"]], "x")
                self.filters[rule["filter"]].error = error
        for g, f in facts["links"]:
            self._link(g, f)

    def spikes(self) -> list[int]:
        """Spikes of each group in the last run, as many as in the mean of both runs."""
        share = self.facts["steps"] / (self.facts["steps"] + self.facts["warm_up"])
        return [round(share * int(np.sum(group.n[:]))) for group in self.groups]

    def _filter(self, f: int) -> Any:
        """A vector that decays; neurons read it one step after the spikes that drive it."""
        facts, second = self.facts["filters"][f], self.brian2.second
        equations, space = "dx/dt = -x / tau : 1", {"tau": facts["tau"] * second}
        rule = next((r for r in self.rules if r["filter"] == f), None)
        if rule and rule["wanted"]:
            wanted = self.arrays[rule["wanted"]]
            space["wanted"] = self.brian2.TimedArray(wanted, dt=rule["held_s"] * second)
            equations += "\nerror = x - wanted(t, i) : 1"
        elif rule:
            equations += "\nerror : 1 (linked)"
        filter_ = self.brian2.NeuronGroup(
            facts["size"], equations, method="exact", namespace=space, order=1
        )
        self.network.add(filter_)
        if facts["group"] is None and facts["name"] != "error":
            self.network.add(self.brian2.StateMonitor(filter_, "x", record=True))
        return filter_

    def _group(self, g: int) -> Any:
        """Leaky integrate-and-fire neurons with their encoders."""
        b, facts = self.brian2, self.facts["groups"][g]
        n_all = facts["n"] * facts["ensembles"]
        current, linked, space = self._current(g)
        coded = range(facts["dimensions"] if f"slope {g}" in self.arrays else 0)
        equations = ["dv/dt = (J - v) / tau_rc : 1 (unless refractory)", "n : integer"]
        equations += [f"J = clip({current}, 0, inf) : 1", "bias : 1 (constant)"]
        equations += [f"e{d} : 1 (constant)" for d in coded]
        equations += [f"{name} : 1 (linked)" for name in linked]
        reset = "v = 0; n += 1"
        if "recurrent" in facts:
            equations.append("dx/dt = -x / tau_x : 1")
        if rule := next((r for r in self.rules if r["pre"] == g), None):
            space["tau_a"] = rule["tau"] * b.second
            equations.append("da/dt = -a / tau_a : Hz")
            reset += "; a += (1 - exp(-dt / tau_a)) / dt"
        options = {"threshold": "v > 1", "reset": reset, "refractory": 2 * b.ms}
        options |= {"method": "exponential_euler", "namespace": space}
        group = b.NeuronGroup(n_all, "\n".join(equations), **options)
        group.bias, group.v = self.arrays[f"bias {g}"], self.rng.random(n_all)
        if "recurrent" in facts:
            self._recurrent(g, group)
        for d in coded:
            setattr(group, f"e{d}", self.arrays[f"slope {g}"][:, d])
        place = np.repeat(np.arange(facts["ensembles"]), facts["n"]) * facts["dimensions"]
        for name, (f, d) in linked.items():
            setattr(group, name, b.linked_var(self.filters[f], "x", index=place + d))
        self.network.add(group)
        return group

    def _recurrent(self, g: int, group: Any) -> None:
        """Synapses between the neurons of a group."""
        tau = self.facts["groups"][g]["recurrent"]
        space = {"step": (1 - np.exp(-0.001 / tau)) / 0.001}
        synapses = self.brian2.Synapses(
            group, group, "w : 1", on_pre="x_post += step * w", namespace=space
        )
        synapses.connect(i=self.arrays[f"i {g}"], j=self.arrays[f"j {g}"])
        synapses.w = self.arrays[f"w {g}"]
        self.network.add(synapses)

    def _current(self, g: int) -> tuple[str, dict[str, tuple[int, int]], dict[str, Any]]:
        """The current of a group: a formula, the elements of filters in it, and its constants."""
        b, facts = self.brian2, self.facts["groups"][g]
        space: dict[str, Any] = {"tau_rc": 20 * b.ms}
        if f"current {g}" in self.arrays:
            shown = self.arrays[f"current {g}"]
            space["shown"] = b.TimedArray(shown, dt=facts["held_s"] * b.second)
            return "bias + shown(t, i)", {}, space
        feeding = [f for f, each in enumerate(self.facts["filters"]) if each["group"] == g]
        current, linked = "bias", {}
        for d in range(facts["dimensions"]):
            parts = [f"x{f}_{d}" for f in feeding]
            linked |= {f"x{f}_{d}": (f, d) for f in feeding}
            if f"input {g}" in self.arrays:
                space[f"u{d}"] = b.TimedArray(self.arrays[f"input {g}"][:, d], dt=1 * b.ms)
                parts.append(f"u{d}(t)")
            current += f" + e{d} * ({' + '.join(parts)})" if parts else ""
        if "recurrent" in facts:
            space["tau_x"], current = facts["recurrent"] * b.second, current + " + x"
        return current, linked, space

    def _link(self, g: int, f: int) -> None:
        """Decoders from a group to a filter, and the rule that changes them."""
        b, tau = self.brian2, self.facts["filters"][f]["tau"]
        # Variables of the formula of a filter's error need these names in Synapses.
        space = {**self.filters[f].namespace, "step": (1 - np.exp(-0.001 / tau)) / 0.001}
        synapses = b.Synapses(
            self.groups[g], self.filters[f], "w : 1", on_pre="x_post += step * w", namespace=space
        )
        synapses.connect(i=self.arrays[f"i {g} {f}"], j=self.arrays[f"j {g} {f}"])
        synapses.w = self.arrays[f"w {g} {f}"]
        for rule in self.rules:
            if (rule["pre"], rule["filter"]) == (g, f):
                n = self.facts["groups"][g]["n"]
                space["rate"] = rule["rate"] * 0.001 / n * b.second
                synapses.run_regularly("w -= rate * error_post * a_pre", dt=1 * b.ms)
        self.network.add(synapses)
