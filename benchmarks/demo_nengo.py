"""The network and figures of ``nefsim demo``, written with Nengo and matplotlib.

    python benchmarks/demo_nengo.py [FOLDER]

The same network for the same time, and the same three figures.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import nengo
import numpy as np
from nengo.utils.ensemble import tuning_curves

MARGINS = {"left": 0.12, "right": 0.97, "bottom": 0.14, "top": 0.91}
SYNAPSE = nengo.Lowpass(0.1)


def main(folder: Path) -> None:
    """Build and run the network, and draw three figures."""
    folder.mkdir(parents=True, exist_ok=True)
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node(np.sin)
        a = nengo.Ensemble(50, 1, max_rates=nengo.dists.Uniform(25, 75), label="A")
        b = nengo.Ensemble(40, 1, max_rates=nengo.dists.Uniform(50, 100), label="B")
        nengo.Connection(stimulus, a, synapse=None)
        nengo.Connection(a, b, function=np.square, synapse=SYNAPSE)
        given = nengo.Probe(stimulus)
        output = nengo.Probe(b, synapse=SYNAPSE)
        spikes = {ensemble: nengo.Probe(ensemble.neurons) for ensemble in (a, b)}
    with nengo.Simulator(model, progress_bar=False) as simulator:
        simulator.run(10.0)
    u, decoded = simulator.data[given], simulator.data[output]
    ideal = SYNAPSE.filt(SYNAPSE.filt(np.square(u), y0=0), y0=0)
    for ensemble in (a, b):
        rate = simulator.data[spikes[ensemble]].mean()
        print(f"{ensemble.label}: {ensemble.n_neurons} neurons, {rate:.1f} Hz")
        values, rates = tuning_curves(ensemble, simulator)
        fig, ax = plt.subplots(figsize=(6.4, 3.6), gridspec_kw=MARGINS)
        ax.plot(values, rates, linewidth=1)
        ax.set(xlabel="represented value", ylabel="firing rate [Hz]")
        ax.set_title(f"Tuning curves of population {ensemble.label}", loc="left")
        fig.savefig(folder / f"tuning_curves_{ensemble.label.lower()}.png", dpi=120)
    print(f"rmse {np.sqrt(np.mean((decoded - ideal) ** 2)):.4f}")
    fig, ax = plt.subplots(figsize=(6.4, 3.6), gridspec_kw=MARGINS)
    ax.plot(simulator.trange(), u, label="input")
    ax.plot(simulator.trange(), decoded, label="output")
    ax.plot(simulator.trange(), ideal, "--", label="ideal")
    ax.set(xlabel="time [s]", ylabel="decoded value")
    ax.set_title("Simulation results", loc="left")
    ax.legend()
    fig.savefig(folder / "results.png", dpi=120)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "nengo-demo"))
