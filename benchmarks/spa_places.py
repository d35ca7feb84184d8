"""Figures of spatial semantic pointers in spikes: positions, grid cells and paths, for some seeds.

    python benchmarks/spa_places.py position|grid|paths [--seeds N] [--zoo FOLDER]

``position`` decodes a position from place cells, ``grid`` scores rate maps of grid cells, and
``paths`` integrates a velocity over 60 s.  With ``--zoo``, a folder with the modules ``sspslam``
(Semantic-Spiking-Neural-SLAM-2023) and ``ssp_path_integrator`` (nengo-zoo), the same paths are
integrated by the network of nengo-zoo, with the same frequencies and numbers of neurons, through
``nefsim.nengo``.  sspslam imports ``nengo_loihi``; without it, put an empty module there.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nefsim as nef
from nefsim import spa

#: Length of a path [s], step [s], and the largest coordinate on it.
SECONDS, DT, EDGE = 60.0, 0.001, 0.9

#: Neurons of an oscillator.
OSCILLATOR = 500


def smooth_path(seed: int, seconds: float, periods: tuple[float, ...], edge: float) -> np.ndarray:
    """A path of two coordinates, each a sum of sines, a row for each step and one more."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds / DT) + 1) * DT
    path = np.zeros((len(t), 2))
    for axis in path.T:
        for period in periods:
            axis += rng.uniform(0.5, 1) * np.sin(2 * np.pi * (t / period + rng.uniform()))
    return edge * path / np.abs(path).max(axis=0)


def position(seed: int) -> str:
    """The error of a position that 1000 place cells represent, for 40 positions of 0.2 s."""
    space, rng = spa.HexagonalSSP(2, 5, 4, length_scale=0.5), np.random.default_rng(seed)
    places = rng.uniform(-1, 1, (40, 2))
    net = nef.Network(seed=seed)
    where = net.node(nef.PresentInput(space.encode(places), 0.2))
    cells = net.ensemble(
        1000,
        space.dimensions,
        encoders=spa.place_cells(space, rng.uniform(-1, 1, (1000, 2))),
        intercepts=nef.Uniform(0.0, 0.6),
        eval_points=space.encode(rng.uniform(-1, 1, (2000, 2))),
    )
    net.connect(where, cells, synapse=None)
    probe = net.probe(cells, synapse=0.03)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(8.0)
    found = space.decode(sim.data[probe][199::200])
    error = np.median(np.linalg.norm(found - places, axis=1))
    return f"median error {error:.4f}, {50 * error:.2f} % of the range"


def grid(seed: int) -> str:
    """The share of grid cells whose rate maps have a score above 0.3, along a path of 120 s."""
    space = spa.HexagonalSSP(2, 4, 3, (0.8, 1.5), length_scale=0.1)
    path = smooth_path(seed, 120.0, (3.1, 4.7, 7.3, 11.3), 1.0)[:-1]
    encoders = spa.grid_cells(space, 60, rng=seed)
    places = np.random.default_rng(seed).uniform(-1, 1, (500, 2))
    drive = space.encode(places) @ encoders.T
    net = nef.Network(seed=seed)
    where = net.node(nef.PresentInput(space.encode(path[::10]), 10 * DT))
    cells = net.ensemble(
        60,
        space.dimensions,
        encoders=encoders,
        max_rates=(50, 80),
        intercepts=np.quantile(drive, 0.75, axis=0),
        eval_points=space.encode(path[::60]),
    )
    net.connect(where, cells, synapse=None)
    spikes = net.probe(cells.neurons)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(120.0)
        maps = spa.rate_map(sim.data[spikes], path, n_bins=40, width=1.5)
    scores = np.array([spa.grid_score(each) for each in np.nan_to_num(maps)])
    share, middle = np.mean(scores > 0.3), np.median(scores)
    return f"score above 0.3: {share:.0%} of 60 neurons, median {middle:.2f}"


def paths(seed: int, zoo: bool = False) -> str:
    """The mean error of a position after integrating a velocity for 60 s."""
    space = spa.HexagonalSSP(2, 3, 2, length_scale=0.3)
    path = smooth_path(seed, SECONDS, (5.1, 7.3, 11.7, 15.9), EDGE)
    velocity = np.diff(path, axis=0) / DT
    integrate = by_zoo if zoo else by_nefsim
    vectors = integrate(space, path, velocity, seed)
    found = space.decode(vectors, (-1.1, 1.1))
    error = np.linalg.norm(found - path[100::100], axis=1)
    fastest = np.linalg.norm(velocity, axis=1).max()
    first = error[:100].mean()
    return f"largest speed {fastest:.2f}, mean error {error.mean():.3f}, first 10 s {first:.3f}"


def by_nefsim(space: spa.Space, path: np.ndarray, velocity: np.ndarray, seed: int) -> np.ndarray:
    """The vectors of the position, ten a second."""
    net = nef.Network(seed=seed)
    here = spa.path_integrator(net, space, OSCILLATOR, start=path[0])
    net.connect(net.node(nef.PresentInput(velocity, DT)), here.velocity, synapse=None)
    probe = net.probe(here.output, synapse=0.02, sample_every=0.1)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(SECONDS)
        return np.asarray(sim.data[probe])


def by_zoo(space: spa.Space, path: np.ndarray, velocity: np.ndarray, seed: int) -> np.ndarray:
    """The same of the network of nengo-zoo, with its velocity scaled as in its example."""
    import nengo
    from ssp_path_integrator import PathIntegrator

    import nefsim.nengo

    k, d = space.frequencies, space.dimensions
    known: dict[str, Any] = {"ssp_dim": d, "domain_dim": 2}
    known["length_scale"] = np.full((2, 1), space.length_scale)
    known["phase_matrix"] = np.concatenate([np.zeros((1, 2)), k, -k[::-1]])
    scale = 1.0 / np.abs(velocity @ k.T).max()
    start = space.encode(path[0])
    with nengo.Network(seed=seed) as model:
        network = PathIntegrator(
            SimpleNamespace(**known), OSCILLATOR, scaling_factor=scale, seed=seed
        )
        moves = nengo.Node(nengo.processes.PresentInput(scale * velocity, DT))
        nengo.Connection(moves, network.velocity_input, synapse=None)
        begun = nengo.Node(lambda t: start if t < 0.05 else np.zeros(d))
        nengo.Connection(begun, network.input, synapse=None)
        probe = nengo.Probe(network.output, synapse=0.02, sample_every=0.1)
    with nefsim.nengo.Simulator(model, progress_bar=False) as sim:
        sim.run(SECONDS)
        return np.asarray(sim.data[probe])


FIGURES = {each.__name__: each for each in (position, grid, paths)}


def main() -> None:
    """Print a line for each seed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("figure", choices=FIGURES)
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds (5)")
    parser.add_argument("--zoo", type=Path, help="a folder with sspslam and ssp_path_integrator")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for seed in range(1, options.seeds + 1):
        print(f"{options.figure}, seed {seed}: {FIGURES[options.figure](seed)}", flush=True)
    if options.zoo and options.figure == "paths":
        sys.path.insert(0, str(options.zoo))
        for seed in range(1, options.seeds + 1):
            print(f"nengo-zoo, seed {seed}: {paths(seed, zoo=True)}", flush=True)


if __name__ == "__main__":
    main()
