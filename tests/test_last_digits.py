"""A model file with its arrays has the same decoders, to the last digit, on every machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import nefsim as nef

#: Prints hashes of the decoders and of the spikes of a network, loaded and built here.
READER = """
import json, sys
from hashlib import blake2b
import numpy as np
import nefsim as nef

def digest(arrays):
    number = blake2b(digest_size=8)
    for array in arrays:
        number.update(np.ascontiguousarray(array).tobytes())
    return number.hexdigest()

found = {}
for name in ("arrays", "description"):
    net = nef.load_network(name + ".nef", allow=("numpy",))
    sim = nef.Simulator(net, backend="numpy", progress=False)
    sim.run(0.3)
    decoders = [sim.data[c].decoders for c in net.connections if c.pre in net.ensembles]
    assert len(decoders) == 2
    events = [sim.data.events(probe) for probe in sim.probes]
    spikes = [part for each in events for part in (each.steps, each.cells)]
    found[name] = [digest(decoders), digest(spikes)]
print(json.dumps(found))
"""


def network() -> nef.Network:
    """A loop in two dimensions, whose sums depend on their order."""
    net = nef.Network(seed=1)
    a, b = net.ensemble(60, 2), net.ensemble(50, 2)
    net.connect(net.node([0.3, -0.5]), a)
    net.connect(a, b, function=np.square)
    net.connect(b, a, synapse=0.05)
    net.probe(a.neurons)
    net.probe(b.neurons)
    return net


def test_decoders_of_a_file_do_not_depend_on_the_kernel_of_blas(tmp_path: Path) -> None:
    """Decoders that are solved here do, and so the last digits of a build."""
    net = network()
    net.save(tmp_path / "arrays.nef", sim=nef.Simulator(net, backend="numpy"))
    net.save(tmp_path / "description.nef")
    found = []
    for kernel in ("", "Prescott"):  # the usual one, and one that every processor has
        environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
        environment["PYTHONPATH"] = str(Path(nef.__file__).parents[1])
        if kernel:
            environment["OPENBLAS_CORETYPE"] = kernel
        done = subprocess.run(
            [sys.executable, "-c", READER],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(json.loads(done.stdout))
    one, other = found
    assert one["arrays"] == other["arrays"]
    assert one["description"][1] == one["arrays"][1]  # the same spikes, also as it is built here
