"""Base class of converted networks, and the report of their errors."""

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

#: Ratio of an input to the largest of the data of a conversion from which a warning is given.
BEYOND = 1.5

#: Number of inputs that are computed at a time.
BATCH = 500


@dataclass(frozen=True)
class LayerError:
    """Differences between the activations of one layer and the values that its spikes represent.

    Attributes
    ----------
    label : str
        Names of the PyTorch modules of the layer.
    n_neurons : int
        Number of neurons.
    threshold : float
        Activation that the largest spike represents, in units of the model.
    mean_error : float
        Mean absolute error, in units of the model.
    relative_error : float
        Norm of the error divided by the norm of the activations.
    saturated : float
        Share of activations above the largest value that spikes can represent, from 0 to 1.
    spikes : float
        Mean number of spikes per neuron and input.

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
    """The errors of all layers of a converted network; ``print`` shows them as a table.

    Attributes
    ----------
    layers : tuple of LayerError
        The errors of each layer; the readout is the last.

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
    """A trained PyTorch model as a spiking network.

    Attributes
    ----------
    network : Network
        The spiking network, for a time step of 0.001 s.  Connect inputs to ``input``, add
        probes, and simulate it.
    input : Node
        Node for an input of the model, flattened.
    layers : list of Ensemble
        A population for each ReLU, and others that the method of conversion needs.  After a
        convolution neurons are ordered as in the ``order`` of the stage.
    stages : list of Stage
        The linear maps between ReLUs, in order.
    thresholds : list of float
        Activation that the largest spike of each rectified stage represents, in units of the
        model.
    dtype : str
        Precision in which :meth:`predict` and :meth:`fast` compute.

    See Also
    --------
    rate, qcfs, spikeconverter : Functions that convert a model.
    """

    dtype: str = "float64"
    _has_warned = False
    low = high = 0.0  # of the data
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
        """The attributes to copy or pickle: all but the cached simulators."""
        return self.__dict__ | {"_ready": {}}

    @abstractmethod
    def predict(self, inputs: ArrayLike, backend: str = "auto") -> Array:
        """Simulate the spiking network and return the model's outputs.

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
        """Make the network; return it with its input node, populations and output probe."""

    def _run(self, backend: str, turn: int, inputs: Array, lengths: Sequence[int]) -> Array:
        """Present each input for ``turn`` steps; return the output in runs of ``lengths`` steps.

        Each run starts from rest.  The simulator is cached for the next call, except during a
        run, or after an error or Ctrl-C; a call then builds another one.
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
        """Compute the same numbers as :meth:`predict`, bit for bit, by matrix products.

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
        """Activations that the spikes of each stage represent, and mean spikes per neuron."""

    def report(self, inputs: ArrayLike) -> Report:
        """Compare the values that each layer's spikes represent with the model's activations.

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
        self._warn_of_large(method, float(np.abs(x).max(initial=0.0)))
        return x.reshape(len(x), -1)

    def _warn_of_large(self, method: str, largest: float) -> None:
        """Warn once of inputs that are larger than the data by which thresholds were set."""
        known = max(abs(self.low), abs(self.high))
        if self._has_warned or not known or largest <= BEYOND * known:
            return
        self._has_warned = True
        got = f"{largest:g} where its largest is {known:g}"
        do = "scale them, or convert with such data, as neurons may saturate"
        check.warn(
            f"{self._who}.{method}: inputs must be like the data to convert, got {got}; {do}."
        )


def _largest(stages: Sequence[Stage], x: Array, percentile: float) -> list[float]:
    """The percentile of each stage's positive activations for inputs ``x``.

    The limit of an activation that has one is used instead.
    """
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
    """Add ``n`` neurons of gain 1, whose current is the sum of their inputs plus the bias."""
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
