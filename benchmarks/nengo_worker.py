"""A process that executes a file with Nengo models in it and holds them ready in one simulator.

    python nengo_worker.py '{"file": "model.py", "peer": "nefsim", "optimize": true, ...}'

It prints the models of the file, then answers each request on its input with a line of JSON.
``nengo.Simulator`` is replaced by a class that records its networks and runs them for a
moment only, so that later lines of the file find data.
"""

from __future__ import annotations

import json
import os
import random
import runpy
import sys
import time
import warnings
from pathlib import Path
from typing import Any

#: Seed of networks that have none, and of random numbers that a file draws.
SEED = 0


def main() -> None:
    """Execute the file, print its models, answer requests."""
    answers = os.fdopen(os.dup(1), "w")
    # Output of files must not look like an answer.
    os.dup2(2, 1)
    job = json.loads(sys.argv[1])
    if not job["scipy"]:
        sys.modules["scipy"] = None  # type: ignore[assignment]
    warnings.simplefilter("ignore")
    worker = Worker(job)
    print(json.dumps(worker.facts()), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:
            answer = {"error": last_line(error)}
        print(json.dumps(answer), file=answers, flush=True)


def last_line(error: BaseException) -> str:
    """The type of an error and the first line of its message."""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


class Worker:
    """The models of one file, in one simulator.

    Parameters
    ----------
    job : dict
        ``file``; ``peer``, nefsim or nengo; ``optimize``; ``backend`` of nefsim; ``clip``,
        seconds of a run that the file itself asks for; ``nudged``, whether neurons start a
        rounding away.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        import nengo

        nengo.rc.set("decoder_cache", "enabled", "False")
        self.options: dict[str, Any] = {"progress_bar": False}
        if job["peer"] == "nefsim":
            from nefsim.nengo import Simulator

            self.make: Any = Simulator
            self.options["backend"] = job.get("backend", "auto")
            # Modules are loaded and code compiled once, before any model is timed.
            with nengo.Network(seed=SEED) as small:
                nengo.Ensemble(1, 1)
            with Simulator(small, progress_bar=False) as first:
                first.step()
        else:
            self.make, self.options["optimize"] = nengo.Simulator, job["optimize"]
        self.networks: list[tuple[nengo.Network, float, int | None]] = []
        self.errors: list[str] = []
        self.simulator: Any = None
        self.nudged, self.folder = job.get("nudged", False), Path.cwd()
        self._execute(Path(job["file"]), job["clip"])

    def _execute(self, path: Path, clip: float) -> None:
        import nengo

        sow()
        original, nengo.Simulator = nengo.Simulator, self._recorder(clip)
        sys.path.insert(0, str(path.parent))
        sys.argv = [str(path)]
        try:
            run = notebook if path.suffix == ".ipynb" else script
            names = run(path, self.errors)
        finally:
            nengo.Simulator = original
        model = names.get("model")
        if not self.networks and isinstance(model, nengo.Network):
            self.networks.append((model, 0.001, None))
        for i, (network, _, _) in enumerate(self.networks):
            if network.seed is None:
                network.seed = SEED + i

    def _recorder(self, clip: float) -> Any:
        networks, options = self.networks, self.options

        class Recorder(self.make):  # type: ignore[misc, name-defined]
            """Records its network, and runs no longer than ``clip``."""

            def __init__(self, network: Any, dt: float = 0.001, seed: Any = None, **_: Any) -> None:
                if all(network is not known for known, _, _ in networks):
                    networks.append((network, dt, seed))
                super().__init__(network, dt, seed, **options)

            def run(self, time_in_seconds: float, **_: Any) -> None:
                super().run(min(time_in_seconds, clip))

            def run_steps(self, steps: int, **_: Any) -> None:
                super().run_steps(max(1, min(steps, round(clip / self.dt))))

        return Recorder

    def facts(self) -> dict[str, Any]:
        """The models that were found."""
        models = [
            {"neurons": int(net.n_neurons), "ensembles": len(net.all_ensembles), "dt": dt}
            for net, dt, _ in self.networks
        ]
        return {"models": models, "errors": self.errors}

    def build(self, model: int) -> dict[str, float]:
        """Make a simulator of a model; the seconds that took of the processor."""
        network, dt, seed = self.networks[model]
        self.drop()
        sow()
        start = time.process_time()
        self.simulator = self.make(network, dt, seed, **self.options)
        return {"seconds": time.process_time() - start}

    def _nudge(self) -> None:
        """Move the voltages at which Nengo's neurons start by the smallest number there is."""
        import numpy as np
        from nengo.builder.neurons import SimNeurons

        for op in self.simulator.model.operators:
            if isinstance(op, SimNeurons) and "voltage" in op.state:
                voltage = self.simulator.signals[op.state["voltage"]]
                voltage[...] = np.nextafter(voltage, 2.0)

    def run(self, steps: int) -> dict[str, float]:
        """Run a number of steps; returns their seconds."""
        self.simulator.clear_probes()
        start = time.perf_counter()
        self.simulator.run_steps(steps)
        return {"seconds": time.perf_counter() - start}

    def watch(self, model: int) -> dict[str, Any]:
        """Make a simulator of a model with probes of all neurons and nodes."""
        import nengo

        network = self.networks[model][0]
        with network:
            for ensemble in network.all_ensembles:
                direct = isinstance(ensemble.neuron_type, nengo.Direct)
                nengo.Probe(ensemble if direct else ensemble.neurons)
            for node in network.all_nodes:
                if node.size_out:
                    nengo.Probe(node)
        answer = self.build(model)
        if self.nudged:
            self._nudge()
        return answer

    def piece(self, steps: int) -> dict[str, Any]:
        """Run a number of steps; write indices of spikes, and values, into ``piece.npz``."""
        import nengo
        import numpy as np

        self.simulator.clear_probes()
        self.simulator.run_steps(steps)
        arrays = {}
        for i, probe in enumerate(self.simulator.model.probes):
            data = self.simulator.data[probe]
            neurons = isinstance(probe.obj, nengo.ensemble.Neurons) and probe.attr == "output"
            if neurons and probe.synapse is None and probe.obj.ensemble.neuron_type.spiking:
                arrays[f"spikes {i} of {data.shape[1]}"] = np.flatnonzero(data)
            else:
                arrays[f"values {i}"] = data
        np.savez(self.folder / "piece.npz", **arrays)
        return {"spikes": sum(v.size for k, v in arrays.items() if k.startswith("spikes"))}

    def drop(self) -> dict[str, Any]:
        """Close the simulator."""
        if self.simulator is not None:
            self.simulator.close()
            self.simulator = None
        return {}


def sow() -> None:
    """Seed all generators of random numbers that a file might use."""
    import numpy as np

    random.seed(SEED)
    np.random.seed(SEED)


def notebook(path: Path, errors: list[str]) -> dict[str, Any]:
    """Execute the cells of a notebook; the next one runs even if one fails."""
    names: dict[str, Any] = {"__name__": "notebook"}
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        lines = "".join(cell["source"]).splitlines()
        text = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))
        try:
            exec(compile(text, str(path), "exec"), names)
        except Exception as error:
            errors.append(last_line(error))
    return names


def script(path: Path, errors: list[str]) -> dict[str, Any]:
    """Execute a script, and the trials of pytry in it, up to the first step."""
    try:
        names = runpy.run_path(str(path), run_name="models")
        for thing in list(names.values()):
            kinds = [kind.__name__ for kind in getattr(thing, "__mro__", ())[1:]]
            if isinstance(thing, type) and "NengoTrial" in kinds:
                thing().run(verbose=False, data_dir="")
    except Exception as error:
        errors.append(last_line(error))
        return {}
    return names


if __name__ == "__main__":
    main()
