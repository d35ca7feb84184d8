"""Trained networks on the engine: the spikes of PyTorch, and the time of one input at a time.

Weights are those that were trained, and the same ones snapped, which are timed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch

import nefsim as nef
from nefsim import train
from nefsim.datasets import LabelledImages
from nefsim.reproduce.trained import plif_network, silent_network, snu_network
from nefsim.train.export import Exported, to_rest

#: Inputs that spikes are compared on, and how many of them are timed.
N_COMPARED = 200
N_TIMED = 100
N_BLOCKS = 5

#: Grid to which pictures are rounded, so that their sums are exact.
INPUT_STEP = 2.0**-8


def export(data: LabelledImages, options: Any) -> None:
    """The three networks, with the weights of checkpoints where they are named."""
    images = torch.tensor(data.test_images)
    labels = torch.tensor(data.test_labels)
    generator = torch.Generator().manual_seed(options.seed)
    # After 10 iterations: at the end it is silent, and there would be no spike to compare.
    net, _ = silent_network(options.seed, iterations=10, detach_reset=True)
    bits = torch.randint(0, 2, (10, N_COMPARED, 300), generator=generator).float()
    compare("IF 300-500", net, (300,), bits)
    net = loaded(snu_network(start_spread=0.0), options.snu_weights)
    compare("SNU", net, (784,), train.jittered(images, generator=generator), labels)
    net = loaded(plif_network(2.0, fixed=False, pool="max"), options.plif_weights)
    pictures = ((images - 0.1307) / 0.3081).reshape(-1, 1, 28, 28)
    pictures = torch.round(pictures / INPUT_STEP) * INPUT_STEP
    compare("PLIF", net, (1, 28, 28), pictures, labels, float(pictures.abs().max()), INPUT_STEP)


def loaded(net: train.Layers, path: str | None) -> train.Layers:
    """The network with the weights of a checkpoint, if there is one."""
    if path:
        train.load(path, net)
    return net


def compare(
    name: str,
    net: train.Layers,
    shape: tuple[int, ...],
    x_seq: torch.Tensor,
    labels: torch.Tensor | None = None,
    *of_inputs: float,
) -> None:
    """Spikes of all layers of neurons in float32, and microseconds for one input."""
    net.eval()
    snapped = train.snap(net, *of_inputs)
    few = x_seq[:, :N_COMPARED] if len(shape) == 1 else x_seq[:N_COMPARED]
    report: dict[str, Any] = {"network": name}
    for weights, module in {"as trained": net, "snapped": snapped}.items():
        spikes = [int(layer.sum()) for layer in spikes_of(module, few)]
        report[weights] = {"spikes": spikes, "differ": differ(module, shape, few)}
        if labels is not None:
            report[weights]["test"] = right(module, x_seq, labels)
    made = train.to_network(snapped, shape)
    batch = 0 if made.n_steps is not None else 1
    inputs = few.split(1, dim=batch)[:N_TIMED]
    subjects = {f"torch, {n} threads": torch_run(snapped, inputs) for n in (1, 2)}
    for backend in ("numpy", "numba"):
        subjects[backend] = engine_run(made, inputs, backend)
    times: dict[str, list[float]] = {subject: [] for subject in subjects}
    # Blocks take turns, so that other load on the machine affects all of them.
    for block in np.split(np.arange(len(inputs)), N_BLOCKS):
        for subject, run in subjects.items():
            torch.set_num_threads(2 if "2" in subject else 1)
            for i in block:
                start = time.perf_counter()
                run(i)
                times[subject].append((time.perf_counter() - start) * 1e6)
    report["us, median"] = {subject: round(median(t), 1) for subject, t in times.items()}
    report["us, lowest"] = {subject: round(min(t), 1) for subject, t in times.items()}
    report["load"] = round(os.getloadavg()[0], 1)
    print(json.dumps(report), flush=True)


def differ(net: train.Layers, shape: tuple[int, ...], x_seq: torch.Tensor) -> list[int]:
    """Outputs that differ, layer by layer."""
    pairs = zip(train.to_network(net, shape).spikes(x_seq), spikes_of(net, x_seq), strict=False)
    return [int(np.count_nonzero(a != b.reshape(a.shape))) for a, b in pairs]


def right(net: train.Layers, x_seq: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of the test images that are classified correctly."""
    axis = 1 if x_seq.ndim == 3 else 0
    with torch.inference_mode():
        parts = [net.run(part)[0] for part in x_seq.split(500, dim=axis)]
    return float((train.decide(torch.cat(parts, 1)) == labels).float().mean())


def spikes_of(net: train.Layers, x: torch.Tensor) -> list[Any]:
    """Output of every layer of neurons and pooling of spikes, as ``Exported.spikes`` has them."""
    found, spiking = [], False
    with torch.inference_mode():
        for part in net.layers:
            x, _ = train.Layers(part).run(x)
            spiking |= isinstance(part, train.IF | train.PLIF | train.SNU)
            pools = isinstance(part, torch.nn.MaxPool2d) and spiking
            if pools or isinstance(part, train.IF | train.PLIF | train.SNU):
                found.append(x.numpy())
    return found


def torch_run(net: train.Layers, inputs: Any) -> Callable[[int], None]:
    """One input in PyTorch."""

    def run(i: int) -> None:
        with torch.inference_mode():
            net.run(inputs[i])

    return run


def engine_run(made: Exported, inputs: Any, backend: str) -> Callable[[int], None]:
    """One input on the engine, from rest."""
    T = made.n_steps or len(inputs[0])
    rows = torch.cat([x.reshape(len(x), -1) for x in inputs]).numpy()
    if made.n_steps is not None:
        rows = np.repeat(rows, T, axis=0)
    # A new network, because probes and inputs become part of it.
    net = made.network
    shown = net.node(nef.PresentInput(rows, made.dt))
    link = net.connect(shown, made.input, synapse=None)
    probe = net.probe(made.output if isinstance(made.output, nef.Node) else made.output.neurons)
    sim = nef.Simulator(net, made.dt, backend=backend, dtype="float32", progress=False)
    net.nodes.remove(shown), net.connections.remove(link), net.probes.remove(probe)

    def run(i: int) -> None:
        del i  # inputs follow one another
        to_rest(sim)
        sim.run_steps(T)

    return run
