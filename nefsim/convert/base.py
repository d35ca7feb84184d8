"""What all conversions share: stages, thresholds, a network, and what its errors are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import backends
from nefsim.convert.read import Stage, read
from nefsim.convert.ready import Ready
from nefsim.network import Ensemble, Network, Node, Probe
from nefsim.neurons import NeuronType

Array = NDArray[np.float64]

#: Inputs that are worked on at once.
BATCH = 500


@dataclass(frozen=True)
class LayerError:
    """How far the spikes of a layer are from the activations of the model.

    Attributes
    ----------
    label : str
        The modules that the layer was made of.
    n_neurons : int
        Its size.
    threshold : float
        What the largest spike stands for, in units of the model.
    mean_error, relative_error : float
        Mean absolute error, and the norm of the error over that of the activations.
    saturated : float
        Share of activations above the largest value that spikes can stand for.
    spikes : float
        Spikes per neuron and input.
    """

    label: str
    n_neurons: int
    threshold: float
    mean_error: float
    relative_error: float
    saturated: float
    spikes: float


@dataclass(frozen=True)
class Report:
    """The errors of all layers, the readout last; printed, a table."""

    layers: tuple[LayerError, ...]

    def __str__(self) -> str:
        width = max(len(layer.label) for layer in self.layers)
        head = f"{'layer':{width}}  neurons  threshold  mean error  relative  saturated  spikes"
        rows = [
            f"{layer.label:{width}}  {layer.n_neurons:7d}  {layer.threshold:9.3g}  "
            f"{layer.mean_error:10.2e}  {layer.relative_error:8.1e}  "
            f"{layer.saturated:9.2%}  {layer.spikes:6.2f}"
            for layer in self.layers
        ]
        return "\n".join([head, *rows])


class Converted(ABC):
    """A trained model as a spiking network.

    Attributes
    ----------
    network : Network
        The spiking network, for steps of 0.001 s; connect inputs to ``input`` and probe
        what you like.
    input : Node
        Takes an input, flattened.
    layers : list of Ensemble
        One population for each rectification, and for what else the method needs; neurons of
        planes are in the order that the stage's ``order`` tells.
    stages : list of Stage
        The model as it was read.
    thresholds : list of float
        What the largest spike of each rectified stage stands for, in units of the model.
    dtype : str
        Precision in which :meth:`predict` and :meth:`fast` compute.
    """

    dtype: str = "float64"
    network: Network
    input: Node
    layers: list[Ensemble]

    def __init__(self, who: str, model: Any, data: Any, percentile: Any) -> None:
        self._who = who
        do = "pass inputs like those that the model was trained on, one per row"
        given = check.array(who, "data", data, do=do)
        if given.ndim < 2 or not len(given):
            check.fail(who, "data", "be a batch of inputs", f"shape {given.shape}", do)
        self.shape = given.shape[1:]
        self.stages = read(who, model, self.shape)
        share = check.real(who, "percentile", percentile, "pass 100 or 99.9", 50.0, 100.0)
        x = given.reshape(len(given), -1)
        self.low, self.high = float(min(x.min(), 0.0)), float(x.max())
        self.thresholds = _largest(self.stages, x, share)
        self._ready: dict[str, Ready] = {}

    def __getstate__(self) -> dict[str, Any]:
        """What is copied or pickled: all but the simulators that are kept."""
        return self.__dict__ | {"_ready": {}}

    @abstractmethod
    def predict(self, inputs: Any, backend: str = "auto") -> Array:
        """What the model gives for ``inputs`` (P, ...), computed by spikes: (P, n_outputs)."""

    @abstractmethod
    def _assemble(self) -> tuple[Network, Node, list[Ensemble], Probe]:
        """A new network, where inputs go, its populations, and what is told."""

    def _run(self, backend: str, turn: int, inputs: Array, lengths: Sequence[int]) -> Array:
        """Show inputs for ``turn`` steps each, in runs from rest, on the simulator that is kept.

        It is out of reach while it runs, and kept again when it has run to its end: another
        thread builds its own, and after an error or Ctrl-C the next call does.
        """
        names = ("auto", *backends.BACKENDS)
        name = check.one_of(f"{self._who}.predict", "backend", backend, names)
        name = backends.fastest(self.dtype) if name == "auto" else name
        ready = self._ready.pop(name, None)
        if ready is None:
            net, source, _, output = self._assemble()
            ready = Ready(net, source, output, turn, name, self.dtype)
        records = ready.run(inputs, lengths)
        self._ready[name] = ready
        return records

    def fast(self, inputs: Any) -> Array:
        """The very numbers of :meth:`predict`, without a network and many inputs at once."""
        x = self._rows("fast", inputs)
        return np.concatenate(
            [self._values(x[i : i + BATCH])[0][-1] for i in range(0, len(x), BATCH)]
        )

    @abstractmethod
    def _values(self, x: Array) -> tuple[list[Array], list[float]]:
        """What the spikes of each stage stand for, and spikes per neuron and input."""

    def report(self, inputs: Any) -> Report:
        """Compare each layer's spikes with the activations of the model.

        Parameters
        ----------
        inputs : (P, ...) array_like
            Inputs of the model.

        Returns
        -------
        Report
        """
        exact = self._rows("report", inputs)
        values, spikes = self._values(exact)
        rows = []
        for i, stage in enumerate(self.stages):
            exact = stage.values(exact)
            limit = self.thresholds[i] * self._span if stage.rectified else np.inf
            error = values[i] - exact
            norm = float(np.linalg.norm(exact)) or 1.0
            rows.append(
                LayerError(
                    stage.label,
                    stage.size,
                    self.thresholds[i],
                    float(np.abs(error).mean()),
                    float(np.linalg.norm(error)) / norm,
                    float((exact > limit).mean()),
                    spikes[i],
                )
            )
        return Report(tuple(rows))

    _span: float
    """The largest value that spikes can stand for, in units of the threshold."""

    def _rows(self, method: str, inputs: Any) -> Array:
        do = f"pass inputs of shape {self.shape}, one per row"
        x = check.array(f"{self._who}.{method}", "inputs", inputs, (None, *self.shape), do)
        if not len(x):
            check.fail(f"{self._who}.{method}", "inputs", "have at least one row", "none", do)
        return x.reshape(len(x), -1)


def _largest(stages: Sequence[Stage], x: Array, percentile: float) -> list[float]:
    """The largest activation of each stage, or that percentile of those above zero."""
    largest: list[float] = []
    for stage in stages:
        x = stage.values(x)
        if stage.pools:
            largest.append(largest[-1])
        elif stage.limit is not None:
            largest.append(stage.limit)
        else:
            seen = x[x > 0] if stage.rectified else np.abs(x)
            largest.append(float(np.percentile(seen, percentile)) if seen.size else 1.0)
    return largest


def population(
    net: Network,
    label: str,
    n: int,
    neuron: NeuronType,
    initial: dict[str, Any],
    bias: Array | None = None,
) -> Ensemble:
    """Neurons whose current is what is sent to them and, if given, a bias."""
    one = np.ones(n)
    return net.ensemble(
        n,
        1,
        encoders=one[:, None],
        gain=one,
        bias=np.zeros(n) if bias is None else bias,
        eval_points=np.zeros((1, 1)),
        neuron_type=neuron,
        initial_state=initial,
        label=label,
    )
