"""The networks of published figures as text, with how long they run and what is recorded.

``PYTHONPATH=.:tests python tests/study_networks.py > tests/study_networks.txt`` writes the list
that ``tests/test_reproduce_laws.py`` compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import ready_networks

import nefsim as nef
from nefsim.reproduce import delays, gradients, hpes, program, rules, window
from nefsim.reproduce.figure import Effort


def of_the_program() -> None:
    """Two small populations in the order of the program."""
    rng = np.random.default_rng(0)
    a, b = program.draw(3, (25.0, 75.0), rng), program.draw(2, (50.0, 100.0), rng)
    program.same_in_nefsim(a, b, np.full(3, 0.01), np.full(2, 0.02), seed=5)


def of_soft_lif() -> None:
    """A layer on four images; its weights are drawn by PyTorch."""
    images = np.linspace(0, 1, 4 * 784, dtype=np.float32).reshape(4, 784)
    labels = np.array([0, 1, 2, 3])
    data = SimpleNamespace(
        train_images=images, train_labels=labels, test_images=images, test_labels=labels
    )
    gradients.soft_lif_errors(data, 4, 0)


#: The fast delay with three of its 27 populations.
SHORT = replace(delays.TASKS["fast"], order=3)

#: Studies that build a network, by name.
CALLS: dict[str, Callable[[], Any]] = {
    "square": of_the_program,
    "square of the README": lambda: program._usual(3),
    "noise": lambda: program.noise(Effort(seeds=1)),
    "pes-law": lambda: rules.pes_law(Effort(seeds=1)),
    "hpes-transmission": lambda: hpes.errors(hpes.TRANSMIT, 2, "hPES"),
    "hpes-transmission, PES": lambda: hpes.errors(hpes.TRANSMIT, 2, "PES"),
    "hpes-binding": lambda: hpes.errors(hpes.BIND, 2, "hPES"),
    "hpes-binding, solved": lambda: hpes.errors(hpes.BIND, 2, None),
    "hpes-sparsity": lambda: hpes.sparser(2, hpes.SPARSE["BCM (hPES, S = 0)"], 200.0),
    "hpes-sparsity, S = 0.8": lambda: hpes.sparser(2, hpes.SPARSE["hPES (S = 0.8)"], 200.0),
    "hpes-sparsity, S = 1": lambda: hpes.sparser(2, hpes.SPARSE["PES (S = 1)"], 200.0),
    "delay-1s": lambda: delays.error(delays.TASKS["delay"], "one population", 1, "numpy"),
    "delay-fast": lambda: delays.error(SHORT, "exact", 1, "numpy"),
    "delay-fast, continuous": lambda: delays.error(SHORT, "continuous", 1, "numpy"),
    "delay-processors": lambda: window.errors(1, 0.05, "exact"),
    "soft-lif": of_soft_lif,
}

#: Studies whose arrays are drawn by PyTorch, or have columns of either sign.
SHAPES = ("soft-lif", "delay-processors")


class Stop(Exception):
    """Ends a study when its network has been seen."""


def of_call(name: str) -> list[str]:
    """The lines of one call."""
    lines: list[str] = []
    simulator, signals = nef.Simulator, window.Signals

    class Watched:
        """Notes a network in place of running it."""

        def __init__(self, net: nef.Network, dt: float = 0.001, **options: Any) -> None:
            if "progress" not in options and name.startswith("hpes") and len(net.ensembles) == 1:
                # The population whose gain is read is built.
                self.data = simulator(net, backend="numpy").data
                return
            lines.extend(ready_networks.of_network(net, name in SHAPES))
            for probe in net.all_probes:
                every = f"each {probe.sample_every}" if probe.sample_every else "each step"
                target = ready_networks._thing(probe.target)
                parts = probe.attr, ready_networks._brief(probe.synapse), every
                lines.append(f"probe {target}: {'; '.join(map(str, parts))}")
            options.pop("progress", None)
            lines.append(f"seed {net.seed}, steps of {dt} s, {options or 'no options'}")

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: Any) -> None:
            pass

        def run(self, seconds: float) -> None:
            lines.append(f"runs for {seconds:g} s")
            raise Stop

    nef.Simulator = Watched  # type: ignore[assignment, misc]
    window.Signals = lambda: [0.0]  # type: ignore[assignment, misc]
    try:
        CALLS[name]()
    except Stop:
        pass
    finally:
        nef.Simulator, window.Signals = simulator, signals  # type: ignore[misc]
    return lines


def whole_list() -> Iterator[str]:
    """The lines of all calls."""
    for name in CALLS:
        yield f"[{name}]"
        yield from of_call(name)


if __name__ == "__main__":
    print("\n".join(whole_list()))
