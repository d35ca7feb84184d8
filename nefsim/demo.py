"""The demonstration: one population represents a signal, another receives a function of it.

The default settings are those of the plain-loop NEF program: 50 neurons represent sin t, and
40 receive its square.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import plot
from nefsim.network import Ensemble, Network
from nefsim.processes import Piecewise, WhiteSignal
from nefsim.simulator import Simulator
from nefsim.synapses import Lowpass

Array = NDArray[np.float64]

#: Functions of the connection, by name.
FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "identity": np.positive,
    "square": np.square,
    "cube": lambda x: np.power(x, 3),
    "absolute": np.abs,
    "negative": np.negative,
    "sine": lambda x: np.sin(np.pi * x),
    "rectify": lambda x: np.maximum(x, 0.0),
    "sign": np.sign,
}

#: Stimuli, by name.
STIMULI: dict[str, Any] = {
    "sin": np.sin,
    "cos": np.cos,
    "fast": lambda t: np.sin(2 * np.pi * t),
    "steps": Piecewise({0.0: -0.8, 1.0: 0.5, 2.0: -0.2, 3.0: 1.0, 4.0: 0.0}),
    "noise": WhiteSignal(10.0, high=1.0, rms=0.4),
}

#: Margins of the axes, as shares of the figure.
MARGINS = {"left": 0.12, "right": 0.97, "bottom": 0.14, "top": 0.91}


@dataclass(frozen=True)
class Settings:
    """Settings of the demonstration; rates in Hz, times in seconds."""

    neurons_a: int = 50
    neurons_b: int = 40
    rates_a: tuple[float, float] = (25.0, 75.0)
    rates_b: tuple[float, float] = (50.0, 100.0)
    stimulus: str = "sin"
    function: str = "square"
    synapse: float = 0.1
    seconds: float = 10.0
    dt: float = 0.001
    seed: int = 1
    backend: str = "auto"


def run(settings: Settings, folder: Path, progress: bool | None = None) -> dict[str, Any]:
    """Build and run the network, save three figures, and return a report.

    Parameters
    ----------
    settings : Settings
        Sizes, rates, stimulus and function.
    folder : Path
        Folder of the figures; created if missing.
    progress : bool or None
        As for :class:`~nefsim.Simulator`.

    Returns
    -------
    dict
        Sizes, rates, the error against the ideal passed through the same synapses, the
        time per step, and the files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    function, synapse = FUNCTIONS[settings.function], Lowpass(settings.synapse)
    net = Network(seed=settings.seed, label="demo")
    stimulus = net.node(STIMULI[settings.stimulus], label="stimulus")
    a = net.ensemble(settings.neurons_a, 1, max_rates=settings.rates_a, label="A")
    b = net.ensemble(settings.neurons_b, 1, max_rates=settings.rates_b, label="B")
    net.connect(stimulus, a, synapse=None)
    net.connect(a, b, function=function, synapse=synapse)
    stimulus_probe = net.probe(stimulus, label="input")
    output = net.probe(b, synapse=synapse, label="output")
    spikes = {ensemble: net.probe(ensemble.neurons) for ensemble in (a, b)}
    simulator = Simulator(net, settings.dt, settings.backend, progress=progress)
    do = "run for a step at least"
    seconds = check.real("demo", "seconds", settings.seconds, do, simulator.dt)
    # The first steps load filters and compiled code, and are not part of the time per step.
    simulator.run_steps(100)
    simulator.reset()
    start = time.perf_counter()
    simulator.run(seconds)
    took = time.perf_counter() - start
    u = simulator.data[stimulus_probe]
    ideal = synapse.filt(synapse.filt(function(u), settings.dt), settings.dt)
    decoded = simulator.data[output]
    rates = {e.label: float(simulator.data[spikes[e]].mean()) for e in (a, b)}
    return {
        "neurons_a": settings.neurons_a,
        "neurons_b": settings.neurons_b,
        "mean_rate_a": rates["A"],
        "mean_rate_b": rates["B"],
        "rmse": float(np.sqrt(np.mean((decoded - ideal) ** 2))),
        "n_steps": simulator.n_steps,
        "dt": settings.dt,
        "microseconds_per_step": 1e6 * took / simulator.n_steps,
        "backend": simulator.backend,
        "function": settings.function,
        "seed": settings.seed,
        "files": _figures(simulator, (a, b), u, ideal, decoded, settings, folder),
    }


def _figures(
    simulator: Simulator,
    ensembles: tuple[Ensemble, ...],
    stimulus_probe: Array,
    ideal: Array,
    decoded: Array,
    settings: Settings,
    folder: Path,
) -> list[str]:
    files = []
    for ensemble in ensembles:
        ax = plot.tuning_curves(simulator, ensemble=ensemble, ax=_axes())
        ax.set_xlabel("represented value")  # no formula, as the parser of matplotlib loads slowly
        _title(ax, f"Population {ensemble.label}: tuning curves, coloured by the value preferred")
        files.append(_save(ax, folder / f"tuning_curves_{ensemble.label.lower()}.png"))
    ax = plot.decoded(decoded, simulator.time, ideal=ideal, input=stimulus_probe, ax=_axes())
    _title(ax, f"Population B: {settings.function} of {settings.stimulus}")
    return [*files, _save(ax, folder / "results.png")]


def _axes() -> Any:
    """Axes of a new figure without a window."""
    from matplotlib.figure import Figure

    # Margins for labels of five digits; automatic margins take a third of the drawing time.
    return Figure(figsize=(6.4, 3.6)).subplots(gridspec_kw=MARGINS)


def _title(ax: Any, text: str) -> None:
    """A title at a fixed position; otherwise matplotlib measures all labels."""
    ax.set_title(text, loc="left", y=1.0)


def _save(ax: Any, path: Path) -> str:
    # The default compression takes a tenth of the time of the demonstration.
    ax.figure.savefig(path, dpi=120, pil_kwargs={"compress_level": 1})
    return str(path)
