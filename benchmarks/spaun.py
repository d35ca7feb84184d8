"""Build and run Spaun 2.0 in nefsim and in Nengo, from a checkout of xchoo/spaun2.0.

    python benchmarks/spaun.py PATH [--dimensions N] [--modules LETTERS] [--detect N]
        [--steps N] [--nengo]

The model stays outside of this repository, as it has no licence.  It is copied to a temporary
folder, with stand-ins for missing files (:mod:`spaun_parts`).  Each simulator is a process.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import spaun_parts

#: Steps that are not timed.
WARM_UP = 20

#: Populations whose spikes are compared in models without probes.
N_PROBED = 6


def main() -> None:
    """Run the simulators one after the other and print their figures."""
    options = arguments()
    if options.peer:
        print(json.dumps(figures(options)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "spaun"
        shutil.copytree(options.path, folder, ignore=shutil.ignore_patterns(".git"))
        spaun_parts.complete(folder)
        results = {}
        for peer in ["nefsim", *["nengo"] * options.nengo]:
            results[peer] = child(peer, folder, options)
            print(peer, ", ".join(f"{k} {v}" for k, v in results[peer].items()), flush=True)
        if options.nengo:
            one, other = (np.load(folder / f"{peer}.npz") for peer in results)
            worst = max(float(np.abs(one[name] - other[name]).max()) for name in one)
            print(f"largest difference of {len(one.files)} probed values: {worst:.3g}")
            ratio = results["nengo"]["ms_per_step"] / results["nefsim"]["ms_per_step"]
            print(f"Nengo's time for a step: {ratio:.1f} times that of nefsim")


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", type=Path, help="the folder of the checkout")
    parser.add_argument("--dimensions", type=int, default=16, help="of the pointers; 512 in Spaun")
    parser.add_argument("--modules", default="SVPREWT", help="all are SVPREWTDMI")
    parser.add_argument("--detect", type=int, default=200, help="pixels whose change is detected")
    parser.add_argument("--steps", type=int, default=200, help="steps that are timed")
    parser.add_argument("--turns", type=int, default=1, help="of so many steps; the least counts")
    parser.add_argument("--nengo", action="store_true", help="Nengo as well, and compare probes")
    parser.add_argument("--dtype", default="float64", help="of nefsim")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    return parser.parse_args()


def child(peer: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The figures of a simulator, from a separate process."""
    command = [sys.executable, "-W", "ignore", __file__, str(folder), "--peer", peer]
    for name in ("dimensions", "modules", "detect", "steps", "turns", "dtype"):
        command += [f"--{name}", str(getattr(options, name))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=folder)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def figures(options: argparse.Namespace) -> dict[str, Any]:
    """Build and run the model in this process; its probes are written to the folder."""
    import nengo

    nengo.rc.set("decoder_cache", "enabled", "False")  # another build may have filled it
    network, dt, restart = model(options)
    if not network.all_probes:
        probe_spikes(network)
    spent = time_functions()
    facts: dict[str, Any] = {"neurons": sum(e.n_neurons for e in {*network.all_ensembles})}
    start, begin = time.process_time(), time.perf_counter()
    if options.peer == "nengo":
        sim = nengo.Simulator(network, dt=dt, progress_bar=False)
    else:
        from nefsim.nengo import Simulator

        sim = Simulator(network, dt=dt, progress_bar=False, dtype=options.dtype)
    restart()
    sim.run_steps(1, progress_bar=False)
    facts["build_s"] = round(time.perf_counter() - begin, 2)
    facts["build_processor_s"] = round(time.process_time() - start, 2)
    facts["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
    sim.run_steps(WARM_UP - 1, progress_bar=False)
    walls, processors, functions = [], [], []
    for _ in range(options.turns):
        start, begin, before = time.process_time(), time.perf_counter(), spent[0]
        sim.run_steps(options.steps, progress_bar=False)
        walls.append((time.perf_counter() - begin) / options.steps * 1e3)
        processors.append((time.process_time() - start) / options.steps * 1e3)
        functions.append((spent[0] - before) / options.steps * 1e3)
    facts["ms_per_step"] = round(min(walls), 4)
    facts["processor_ms"] = round(min(processors), 4)
    facts["of_it_in_functions_of_the_model_ms"] = round(min(functions), 4)
    arrays = {f"probe {i}": sim.data[p] for i, p in enumerate(network.all_probes)}
    np.savez(options.path / f"{options.peer}.npz", **arrays)
    sim.close()
    return facts


def probe_spikes(network: Any) -> None:
    """Add probes of the spikes of the largest populations."""
    import nengo

    with network:
        for ensemble in sorted(network.all_ensembles, key=lambda x: x.n_neurons)[-N_PROBED:]:
            nengo.Probe(ensemble.neurons)


def time_functions() -> list[float]:
    """Let each function in Python that Nengo's builder makes an operator add its time to a sum."""
    from nengo.builder.operator import SimPyFunc

    spent, original = [0.0], SimPyFunc.__init__

    def timed(function: Any) -> Any:
        if isinstance(function, np.ufunc):  # called for many steps at once
            return function

        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                spent[0] += time.perf_counter() - begin

        return call

    def init(self: Any, output: Any, fn: Any, t: Any, x: Any, tag: Any = None) -> None:
        original(self, output, timed(fn), t, x, tag)

    SimPyFunc.__init__ = init
    return spent


def model(options: argparse.Namespace, arm: bool = True) -> tuple[Any, float, Any]:
    """Spaun as its program describes it, its time step, and the start of its experiment."""
    os.chdir(options.path)
    sys.path.insert(0, str(options.path))
    warnings.simplefilter("ignore")
    original = np.load
    np.load = lambda *a, **k: original(*a, **{**k, "allow_pickle": True, "encoding": "latin1"})
    spaun_parts.install()
    import nengo
    from _spaun.configurator import cfg
    from _spaun.experimenter import experiment
    from _spaun.loggerator import logger
    from _spaun.vocabulator import vocab

    cfg.set_seed(getattr(options, "model_seed", 1))
    vocab.sp_dim, cfg.data_dir = options.dimensions, str(options.path)
    cfg.spaun_modules, cfg.vis_detect_dim = options.modules, options.detect
    if not arm:
        cfg.mtr_arm_type = None
        spaun_parts.leave_out_arm()
    from _spaun.modules.motor import mtr_data
    from _spaun.modules.stim import stim_data
    from _spaun.modules.vision import vis_data
    from _spaun.spaun_main import Spaun

    response = cfg.mtr_est_digit_response_time
    index, label = stim_data.get_image_ind, stim_data.get_image_label
    experiment.initialize("A3[123]?XXX", index, label, response, "", cfg.rng)
    vocab.initialize(stim_data.stim_SP_labels, experiment.num_learn_actions, cfg.rng)
    vocab.initialize_mtr_vocab(mtr_data.dimensions, mtr_data.sps)
    vocab.initialize_vis_vocab(vis_data.dimensions, vis_data.sps)
    logger.initialize(cfg.data_dir, "log.txt")
    network = Spaun()
    np.load = original
    with network:
        for name in ("vis", "mem"):
            output = getattr(getattr(network, name, None), "output", None)
            if output is not None:
                nengo.Probe(output, synapse=0.01)
    return network, cfg.sim_dt, experiment.reset


if __name__ == "__main__":
    main()
