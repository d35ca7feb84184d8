"""Trials of x squared as a batch and one by one, and builds and runs of many seeds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from peers.measure import Times, seconds

#: Nengo takes much longer for a seed; this share of the seeds is enough.
NENGO_SHARE = 0.02


def start(job: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], Times]]:
    """Take all measurements in turns; the facts are their times."""
    from models import MODELS

    import nefsim as nef
    from nefsim.seeds import simulators

    net, length, trials = MODELS["square"].make(), job["seconds"], job["trials"]
    batch = nef.Simulator(net, batch_size=trials, progress=False)
    alone = nef.Simulator(net, progress=False)
    few = max(1, round(NENGO_SHARE * job["seeds"]))

    def restarted() -> None:
        for _ in range(trials):
            alone.reset()
            alone.run(length)

    def seeds() -> None:
        for sim in simulators(net, range(job["seeds"]), progress=False):
            sim.run(length)

    def apart() -> None:
        for seed in range(job["seeds"]):
            nef.Simulator(net, build_seed=seed, progress=False).run(length)

    actions: dict[str, Callable[[], object]] = {
        "batch": lambda: batch.run(length),
        "one by one": lambda: [alone.run(length) for _ in range(trials)],
        "one by one, each from the start": restarted,
        "seeds": seeds,
        "seeds, a simulator for each": apart,
    }
    with suppress(ImportError):
        actions["seeds in nengo"] = of_nengo(net, length, few)
    rows: dict[str, list[Times]] = {name: [] for name in actions}
    for turn in range(job["repeats"] + 1):
        for name, action in actions.items():
            batch.clear_probes()
            alone.reset()
            taken = seconds(action)
            if turn:  # the first is for caches
                rows[name].append(taken)
    runs = dict.fromkeys(("seeds", "seeds, a simulator for each"), job["seeds"])
    runs["seeds in nengo"] = few
    return {"rows": rows, "runs": {name: runs.get(name, trials) for name in rows}}, _nothing


def of_nengo(net: Any, length: float, n: int) -> Callable[[], None]:
    """Builds and runs of a Nengo version with some seeds."""
    import nengo

    from peers.nengo import native

    nengo.rc.set("decoder_cache", "enabled", "False")
    model = native(net)

    def run() -> None:
        for seed in range(n):
            model.seed = seed
            for thing in (*model.all_ensembles, *model.all_connections, *model.all_nodes):
                thing.seed = None
            with nengo.Simulator(model, progress_bar=False, optimize=False) as sim:
                sim.run(length)

    return run


def _nothing() -> Times:
    return 0.0, 0.0
