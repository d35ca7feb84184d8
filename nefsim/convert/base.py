"""Base of converted networks: stages, thresholds, the network, and a report of its errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import nn

from nefsim import _checks as check
from nefsim import backends
from nefsim.convert.read import Stage, read
from nefsim.convert.ready import Ready
from nefsim.network import Ensemble, Network, Node, Probe
from nefsim.neurons import NeuronType

Array = NDArray[np.float64]

#: Number of inputs that are computed at a time.
BATCH = 500


@dataclass(frozen=True)
class LayerError:
    """Errors of the spikes of one layer, compared with the activations of the model.

    Attributes
    ----------
    label : str
        The modules of the layer.
    n_neurons : int
        Number of neurons.
    threshold : float
        Activation that the largest spike represents, in units of the model.
    mean_error, relative_error : float
        Mean absolute error, and the norm of the error over that of the activations.
    saturated : float
        Share of activations above the largest value that spikes can represent.
    spikes : float
        Number of spikes per neuron and input.

    See Also
    --------
    Report : The errors of all layers.
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
    """The errors of all layers, with the readout last; ``print`` shows a table.

    Attributes
    ----------
    layers : tuple of LayerError
        A report for each layer.

    See Also
    --------
    Converted.report : Computes the report.
    """

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
        The spiking network, for steps of 0.001 s; connect inputs to ``input`` and add probes.
    input : Node
        Receives an input, flattened.
    layers : list of Ensemble
        A population for each rectification, and others that the method needs; neurons of
        planes are in the ``order`` of the stage.
    stages : list of Stage
        The stages of the model.
    thresholds : list of float
        Activation that the largest spike of each rectified stage represents, in units of the
        model.
    dtype : str
        Precision in which :meth:`predict` and :meth:`fast` compute.

    See Also
    --------
    rate, qcfs, spikeconverter : Conversions.
    """

    dtype: str = "float64"
    network: Network
    input: Node
    layers: list[Ensemble]

    def __init__(
        self, who: str, model: nn.Module, data: ArrayLike | None, percentile: float
    ) -> None:
        self._who = who
        do = "pass inputs like those that the model was trained on, one per row"
        inputs = check.array(who, "data", data, do=do)
        if inputs.ndim < 2 or not len(inputs):
            check.fail(who, "data", "be a batch of inputs", f"shape {inputs.shape}", do)
        self.shape = inputs.shape[1:]
        self.stages = read(who, model, self.shape)
        share = check.real(who, "percentile", percentile, "pass 100 or 99.9", 50.0, 100.0)
        x = inputs.reshape(len(inputs), -1)
        self.low, self.high = float(min(x.min(), 0.0)), float(x.max())
        self.thresholds = _largest(self.stages, x, share)
        self._ready: dict[str, Ready] = {}

    def __getstate__(self) -> dict[str, Any]:
        """The state to copy or pickle, without cached simulators."""
        return self.__dict__ | {"_ready": {}}

    @abstractmethod
    def predict(self, inputs: ArrayLike, backend: str = "auto") -> Array:
        """Outputs of the model for ``inputs``, computed by spikes.

        Parameters
        ----------
        inputs : (P, ...) array_like
            Inputs of the model.
        backend : str
            As for :class:`nefsim.Simulator`.

        Returns
        -------
        (P, n_outputs) ndarray

        Raises
        ------
        ValueError, TypeError
            If the inputs have another shape than those of the model.
        """

    @abstractmethod
    def _assemble(self) -> tuple[Network, Node, list[Ensemble], Probe]:
        """A new network, its input node, its populations and its output probe."""

    def _run(self, backend: str, turn: int, inputs: Array, lengths: Sequence[int]) -> Array:
        """Present inputs for ``turn`` steps each, in runs from rest, on the cached simulator.

        The simulator is taken out of the cache during a run and put back after it.  Another
        thread builds a new one, and so does the next call after an error or Ctrl-C.
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

    def fast(self, inputs: ArrayLike) -> Array:
        """The numbers of :meth:`predict`, bit for bit, without a network and in batches.

        Parameters
        ----------
        inputs : (P, ...) array_like
            Inputs of the model.

        Returns
        -------
        (P, n_outputs) ndarray
        """
        x = self._rows("fast", inputs)
        return np.concatenate(
            [self._values(x[i : i + BATCH])[0][-1] for i in range(0, len(x), BATCH)]
        )

    @abstractmethod
    def _values(self, x: Array) -> tuple[list[Array], list[float]]:
        """Activations that the spikes of each stage represent, and spikes per neuron and input."""

    def report(self, inputs: ArrayLike) -> Report:
        """Compare each layer's spikes with the activations of the model.

        Parameters
        ----------
        inputs : (P, ...) array_like
            Inputs of the model.

        Returns
        -------
        Report

        Raises
        ------
        ValueError, TypeError
            If the inputs have another shape than those of the model.
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
    """The largest value that spikes can represent, in units of the threshold."""

    def _rows(self, method: str, inputs: ArrayLike) -> Array:
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
            activations = x[x > 0] if stage.rectified else np.abs(x)
            largest.append(
                float(np.percentile(activations, percentile)) if activations.size else 1.0
            )
    return largest


def population(
    net: Network,
    label: str,
    n: int,
    neuron: NeuronType,
    initial: dict[str, Any],
    bias: Array | None = None,
) -> Ensemble:
    """Neurons of gain 1, whose current is the sum of their inputs and the optional bias."""
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
