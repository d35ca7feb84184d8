"""Nengo, with and without its optimizer and SciPy; its progress bar and decoder cache are off.

It builds and runs a Nengo version of the network, with decoders from Nengo, for the time to
the first result and the memory; further timed runs have nefsim's arrays, so that they have the
same spikes to handle.  With ``"simulator": "nefsim"`` these run in ``nefsim.nengo.Simulator``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from peers.measure import Times, held_mb, peak_mb, seconds, warm_up_seconds
from peers.nefsim import arrays, take


def start(job: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], Times]]:
    """Import, build and run a Nengo version, if any; then run one with nefsim's arrays."""
    began = time.perf_counter()
    with hidden_scipy(not job["scipy"]):
        import nengo
    imported, base = time.perf_counter() - began, held_mb()
    nengo.rc.set("decoder_cache", "enabled", "False")
    nengo.rc.set("precision", "bits", job.get("dtype", "float64").removeprefix("float"))
    from models import MODELS

    described = MODELS[job["model"]]
    net, facts = described.make(arrays(job)), {"import_s": imported}

    def simulator(network: Any) -> Any:
        return nengo.Simulator(network, progress_bar=False, optimize=job["optimize"])

    if described.native:
        facts |= first_result(native(net), simulator, job, imported, base)
        if not job["seconds"]:
            return facts, lambda: rebuild(simulator, native(net), job)

    from nefsim.nengo import Simulator, to_nengo

    shared = to_nengo(net)
    with hidden_scipy(not job["scipy"]):
        if job.get("simulator") == "nefsim":
            sim = Simulator(shared, progress_bar=False)
        else:
            sim = simulator(shared)

    def run() -> Times:
        with hidden_scipy(not job["scipy"]):
            # Caches are cold after waiting.
            for length in (warm_up_seconds(job, described.large), 0.0):
                sim.reset()
                if length:  # Nengo warns of runs without a step
                    sim.run(length)
            return seconds(lambda: take(sim, job["seconds"], described.by_step))

    return {"steps": round(job["seconds"] / sim.dt), **facts}, run


def first_result(
    model: Any, simulator: Callable[[Any], Any], job: dict[str, Any], imported: float, base: float
) -> dict[str, Any]:
    """Times to the first result of a Nengo version, and the memory for it."""
    before = held_mb()
    with hidden_scipy(not job["scipy"]):
        began = time.perf_counter()
        sim = simulator(model)
        built = time.perf_counter() - began
        # Nengo warns of runs without a step.
        ran = seconds(lambda: sim.run(job["seconds"]))[0] if job["seconds"] else 0.0
    facts = {
        "build_s": built,
        "first_s": imported + built + ran,
        "peak_mb": base + peak_mb() - before,
        "steps": sim.n_steps,
    }
    sim.close()
    return facts


def rebuild(simulator: Callable[[Any], Any], model: Any, job: dict[str, Any]) -> Times:
    """Seconds of a build."""
    made: list[Any] = []
    with hidden_scipy(not job["scipy"]):
        taken = seconds(lambda: made.append(simulator(model)))
    made[0].close()
    return taken


@contextmanager
def hidden_scipy(hide: bool) -> Iterator[None]:
    """Let ``import scipy`` fail for the while, as where it is not installed."""
    modules = (
        {name: sys.modules[name] for name in list(sys.modules) if is_scipy(name)} if hide else {}
    )
    if hide:
        sys.modules.update(dict.fromkeys([*modules, "scipy"]))  # type: ignore[arg-type]
    try:
        yield
    finally:
        if hide:
            sys.modules.pop("scipy")
            sys.modules.update(modules)


def is_scipy(name: str) -> bool:
    """Whether a module belongs to SciPy."""
    return name.partition(".")[0] == "scipy"


def native(net: Any) -> Any:
    """The description in Nengo's terms, for Nengo to draw and solve; no array is shared."""
    import nengo

    from nefsim.nengo.translate import synapse
    from nefsim.network.objects import indices, whole

    of: dict[Any, Any] = {}

    def end(obj: Any) -> Any:
        chosen = indices(obj)
        if hasattr(whole(obj), "rule"):
            return of[whole(obj).connection].learning_rule
        return of[whole(obj)] if chosen is None else of[whole(obj)][list(chosen)]

    with nengo.Network(seed=net.seed) as model:
        for ensemble in net.all_ensembles:
            of[ensemble] = nengo.Ensemble(
                ensemble.n_neurons,
                ensemble.dimensions,
                radius=ensemble.radius,
                max_rates=nengo.dists.Uniform(ensemble.max_rates.low, ensemble.max_rates.high),
                n_eval_points=ensemble.n_eval_points,
            )
        for node in net.all_nodes:
            of[node] = nengo.Node(output(node), node.size_in, node.size_out)
        for c in net.all_connections:
            options = {"transform": c.transform, "synapse": synapse(c.synapse, 0.001)}
            if c.function is not None:
                options["function"] = c.function
            if rules := getattr(c, "rules", ()):
                options["learning_rule_type"] = nengo.PES(rules[0][1].learning_rate)
            of[c] = nengo.Connection(end(c.pre), end(c.post), **options)
        for probe in net.all_probes:
            nengo.Probe(
                end(probe.target),
                synapse=synapse(probe.synapse, 0.001),
                sample_every=probe.sample_every,
            )
    return model


def output(node: Any) -> Any:
    """The output of a node, as a process of Nengo."""
    import nengo.processes as theirs

    from nefsim import processes as ours

    match node.output:
        case ours.WhiteSignal() as signal:
            return theirs.WhiteSignal(signal.period, signal.high, signal.rms, seed=1)
        case ours.PresentInput() as shown:
            return theirs.PresentInput(shown.inputs, shown.presentation_time)
        case ours.Piecewise() as pieces:
            return theirs.Piecewise(dict(pieces.data))
        case played:
            return played
