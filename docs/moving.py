"""The moving picture of the README: ``python docs/moving.py`` writes docs/square.gif.

The network is that of ``nefsim demo``: 50 neurons represent sin t, and 40 receive its square.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import nefsim as nef

#: The file that the README shows.
TARGET = Path(__file__).with_name("square.gif")

#: Length of the run [s], and pictures in a second of it.
SECONDS, FPS = 6.4, 10

BLUE, RED, GREY = "#0072B2", "#D55E00", "#9A9A9A"


def record() -> dict[str, NDArray[np.float64]]:
    """Run the network: times, spikes of the first population, and values with their ideals."""
    net = nef.Network(seed=1)
    stimulus = net.node(np.sin)
    a = net.ensemble(50, 1, max_rates=(25, 75))
    b = net.ensemble(40, 1, max_rates=(50, 100))
    net.connect(stimulus, a, synapse=None)
    net.connect(a, b, function=np.square, synapse=0.1)
    spikes, x, y = net.probe(a.neurons), net.probe(a, synapse=0.1), net.probe(b, synapse=0.1)
    with nef.Simulator(net, backend="numpy") as sim:
        sim.run(SECONDS)
    filtered = nef.Lowpass(0.1).filt
    built = sim.data[a]
    # Neurons that prefer positive values stand above the others, each kind by its threshold.
    order = np.argsort(built.encoders[:, 0] * (1.1 - built.intercepts))
    return {
        "time": sim.time,
        "spikes": sim.data[spikes][:, order] > 0,
        "x": sim.data[x][:, 0],
        "ideal x": filtered(np.sin(sim.time)),
        "y": sim.data[y][:, 0],
        "ideal y": filtered(filtered(np.sin(sim.time) ** 2)),
    }


def pictures(run: dict[str, NDArray[np.float64]], n: int) -> list[Image.Image]:
    """Draw the run up to n moments, evenly apart."""
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(
        3, 1, figsize=(6.4, 4.4), sharex=True, height_ratios=(1.4, 1, 1), layout="constrained"
    )
    when, neuron = np.nonzero(run["spikes"])
    (dots,) = axes[0].plot([], [], "|", color="k", markersize=2.2, markeredgewidth=0.6)
    axes[0].set(ylabel="neuron of A", ylim=(-1, 50), yticks=[0, 25, 50])
    axes[0].set_title("spikes of population A", loc="left", fontsize=9)
    lines = []
    for ax, name, colour, title in (
        (axes[1], "x", BLUE, "x(t) = sin t, and the value decoded from these spikes"),
        (axes[2], "y", RED, "x(t)², and the value decoded from the spikes of population B"),
    ):
        ax.plot(run["time"], run[f"ideal {name}"], "--", color=GREY, linewidth=1)
        lines += ax.plot([], [], color=colour, linewidth=1.4)
        ax.set_title(title, loc="left", fontsize=9)
        ax.set(ylim=(-1.25, 1.25) if name == "x" else (-0.15, 1.15))
    axes[2].set(xlabel="time [s]", xlim=(0, SECONDS))
    drawn = []
    for last in np.linspace(0, len(run["time"]), n + 1, dtype=int)[1:]:
        seen = when < last
        dots.set_data(run["time"][when[seen]], neuron[seen])
        for line, name in zip(lines, "xy", strict=True):
            line.set_data(run["time"][:last], run[name][:last])
        figure.canvas.draw()
        drawn.append(Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()))
    plt.close(figure)
    # The last picture has all colours; one palette for all lets a file store only what changes.
    palette = drawn[-1].quantize(32)
    return [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in drawn]


def write(target: Path, n: int = round(SECONDS * FPS)) -> None:
    """Write the moving picture, which stays at its end for two seconds."""
    first, *others = pictures(record(), n)
    pauses = [round(1000 / FPS)] * (n - 1) + [2000]
    first.save(target, save_all=True, append_images=others, duration=pauses, loop=0, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=TARGET)
    write(parser.parse_args().out)
