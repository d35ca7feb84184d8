"""A process that builds and runs one model of semantic pointers in one simulator.

    python spa_worker.py '{"model": "bind", "peer": "nengo", "seed": 1, "rounds": 3, ...}'

It prints a line of JSON: the answer, the number of neurons, and processor times of the build and
of a step, each the least of several.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from spa_cases import CASES

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> None:
    """Build, run, print."""
    warnings.simplefilter("ignore")
    if hasattr(os, "sched_setaffinity"):  # so that simulators use one thread
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    job = json.loads(sys.argv[1])
    print(json.dumps(measured(**job)), flush=True)


def measured(
    model: str, peer: str, seed: int, rounds: int, steps: int, optimize: bool = True
) -> dict[str, Any]:
    """The figures of one model in one simulator."""
    case = CASES[model]
    vocabulary = case.vocabulary(seed)
    make, simulate = PEERS[peer]()
    builds, times = [], []
    for number in range(rounds + 1):  # the first is a warm-up, which compiles
        net, probe = make(model, vocabulary, seed, case.synapse)
        start = time.process_time()
        sim = simulate(net, optimize)
        builds.append(time.process_time() - start)
        if number == 0:
            with sim:
                sim.run(case.seconds)
                answer = case.answer(sim.data[probe], vocabulary)
            continue
        with sim:
            sim.run_steps(steps)  # which takes the memory of so many steps
            start = time.process_time()
            sim.run_steps(steps)
            times.append((time.process_time() - start) / steps)
    return {
        "answer": answer,
        "right": case.is_right(answer),
        "neurons": sum(e.n_neurons for e in net.all_ensembles),
        "build": min(builds[1:]),
        "step": min(times),
    }


def native() -> Any:
    """Makers of networks and simulators of nefsim."""
    import spa_models

    import nefsim as nef

    def make(name: str, vocabulary: Any, seed: int, synapse: float) -> Any:
        net, node = getattr(spa_models, name)(spa_models.Model(vocabulary, seed))
        return net, net.probe(node, synapse=synapse)

    return make, lambda net, optimize: nef.Simulator(net, progress=False)


def guest(simulator: Any) -> Any:
    """Makers of networks of nengo_spa."""
    import nengo
    import spa_nengo

    def make(name: str, vocabulary: Any, seed: int, synapse: float) -> Any:
        model = spa_nengo.Model(vocabulary, seed)
        with model.net:
            _, target = getattr(spa_nengo, name)(model)
            return model.net, nengo.Probe(target, synapse=synapse)

    return make, simulator


def nengo_peer() -> Any:
    """Makers of networks and simulators of Nengo."""
    import nengo

    nengo.rc.set("decoder_cache", "enabled", "False")

    def simulate(net: Any, optimize: bool) -> Any:
        return nengo.Simulator(net, progress_bar=False, optimize=optimize)

    return guest(simulate)


def nefsim_nengo() -> Any:
    """Makers of Nengo's networks, simulated by nefsim."""
    import nengo

    import nefsim.nengo

    nengo.rc.set("decoder_cache", "enabled", "False")
    return guest(lambda net, optimize: nefsim.nengo.Simulator(net))


PEERS = {"nefsim": native, "nengo": nengo_peer, "nefsim.nengo": nefsim_nengo}

if __name__ == "__main__":
    main()
