"""SpikeConverter: convert ReLU networks to spiking networks whose spikes are binary digits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import nn

from nefsim import _checks as check
from nefsim.convert.base import Converted, population
from nefsim.convert.exact import grid, largest_drive, on_grid
from nefsim.convert.ready import DT
from nefsim.network import Ensemble, Network, Node, Probe
from nefsim.neurons import InverseLIF
from nefsim.neurons.inverse import ilif_release

Array = NDArray[np.float64]

#: Largest range of the place values of a code, as a power of two; the other of the 53 binary
#: digits of a float64 are for the weights.
MOST_DIGITS = 30


def spikeconverter(
    model: nn.Module,
    T: int = 16,
    k: float = 2.0,
    data: ArrayLike | None = None,
    percentile: float = 100.0,
    rounding: str = "floor",
    double_buffer: bool = False,
    dtype: str = "float64",
) -> SpikeConverted:
    r"""Convert a trained ReLU network to inverse-leaky neurons with T spikes per activation.

    .. math:: V = k^{1-T} \sum_t k^{T-t} W X(t) + b, \qquad
              Y(t) = (V \ge \theta), \quad V \leftarrow k (V - \theta Y(t))

    Each layer accumulates the spikes X of the previous layer for T steps and adds its bias
    once.  Then it releases up to T spikes Y, which represent the activation
    :math:`a = \theta \sum_t k^{1-t} Y(t)`, while the next layer accumulates them.  With k = 2
    the activation is exactly ``clip(floor(V / q), 0, 2**T - 1) * q``: the ReLU in steps of
    :math:`q = \theta 2^{1-T}`.  The threshold of a layer follows from its largest activation,
    :math:`\theta = a_{max} / \sum_{t=1}^T k^{1-t}`.  Inputs become spikes in the same way.

    Parameters
    ----------
    model : torch.nn.Sequential
        Trained model of Linear, Conv2d, BatchNorm, ReLU (or :class:`QCFS`), AvgPool2d,
        MaxPool2d, Flatten, and modules such as Dropout that do nothing after training.  The
        modules after the last ReLU are the readout.
    T : int
        Number of binary digits of an activation, and of time steps to accumulate or release it.
    k : float
        Factor by which potentials grow in each step, above 1; 2 is best.
    data : (P, ...) array_like
        Inputs of the model, such as P training examples; thresholds are set by their
        activations.
    percentile : float
        Percentile of a layer's activations to use as its largest one; 100 is the maximum.
    rounding : {"floor", "nearest"}
        Whether activations are rounded down or to the nearest multiple of the last digit.
    double_buffer : bool
        Whether a neuron can accumulate its next input while it releases spikes, in a second
        potential.  An input can then follow every T steps instead of every 2 T.
    dtype : {"float64", "float32"}
        Precision of the spiking network; "float32" needs k = 2.

    Returns
    -------
    SpikeConverted

    Raises
    ------
    ValueError, TypeError
        If a module cannot be converted, ``data`` does not fit, or an option is out of range.

    See Also
    --------
    rate, qcfs : Conversion by rate coding.
    nefsim.InverseLIF : The neuron type of the layers.

    Notes
    -----
    The simulation, :meth:`~SpikeConverted.fast` and PyTorch give the same spikes, bit for bit,
    because weights W of a layer, in units of thresholds, are multiples of a power of two g.
    In float64 g is so coarse that
    :math:`\max_i \sum_j |W_{ij}| \sum_t 2^{-t} < 2^{53} 2^{1-T} g`, and no sum over all steps
    is rounded.  In float32 g is so coarse that :math:`\max_i \sum_j |W_{ij}| \le 2^{24} g`, and
    the sum of one step is not rounded; the addition of a step or of the bias is rounded, in the
    same way on all back ends.  (``V = 2 V + J`` is rounded as ``a += 2**-t * J`` is,
    since a factor of two changes no digit.)

    References
    ----------
    Liu, Zhao, Chen, Wang & Jiang (2022), SpikeConverter: an efficient conversion framework
    zipping the gap between artificial neural networks and spiking neural networks, AAAI.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> x = torch.rand(20, 3)
    >>> spiking = spikeconverter(model, T=16, data=x)
    >>> error = spiking.predict(x) - model(x).detach().numpy()
    >>> bool(abs(error).max() < 1e-4)
    True
    >>> bool((spiking.predict(x) == spiking.fast(x)).all())
    True
    """
    return SpikeConverted(model, T, k, data, percentile, rounding, double_buffer, dtype)


class SpikeConverted(Converted):
    """A network converted by :func:`spikeconverter`.

    Attributes
    ----------
    output : Probe
        Probe of the readout's potential at the end of each accumulation; 0 before the first
        result.
    neuron : InverseLIF
        The neuron type of all layers.
    input_scale : float
        Factor from inputs of the model to units of the input neurons' threshold.
    grids : list of float
        For each layer, the number g of which its input weights are multiples.
    matrices : list of (M, N) array
        Input weights of each layer, in units of its threshold; read-only.
    offsets : list of (M,) array
        Number that each layer adds once per input, in units of its threshold; read-only.  The
        first belongs to the input neurons, which have no matrix.

    See Also
    --------
    spikeconverter : The function that returns it.
    """

    def __init__(
        self,
        model: nn.Module,
        T: int,
        k: float,
        data: ArrayLike | None,
        percentile: float,
        rounding: str,
        double_buffer: bool,
        dtype: str,
    ) -> None:
        who = "spikeconverter"
        n_steps = check.integer(who, "T", T, "pass a number of steps such as 16", 1, 64)
        factor = check.real(who, "k", k, "pass a factor such as 2", 1.0, 4.0)
        digits = (n_steps - 1) * np.log2(factor)
        if digits > MOST_DIGITS:
            got = f"{n_steps} with k = {factor:g}"
            check.fail(who, "T", f"give k**(T - 1) below 2**{MOST_DIGITS}", got, "lower T or k")
        nearest = check.one_of(who, "rounding", rounding, ("floor", "nearest")) == "nearest"
        overlap = check.flag(who, "double_buffer", double_buffer)
        self.dtype = check.one_of(who, "dtype", dtype, ("float64", "float32"))
        if self.dtype == "float32" and factor != 2.0:
            check.fail(who, "k", "be 2 in float32", f"{factor:g}", "pass dtype='float64'")
        self.neuron = InverseLIF(n_steps, factor, overlap=overlap, amplitude=DT)
        super().__init__(who, model, data, percentile)
        self._place = self.neuron.digits
        self._span = float(self._place.sum())
        self.thresholds = [limit / self._span for limit in self.thresholds]
        self.thresholds[-1] = 1.0
        self.input_scale = self._span / ((self.high - self.low) or 1.0)
        self._half = self._place[-1] / 2 if nearest else 0.0
        self._make_layers()
        self.network, self.input, self.layers, self.output = self._assemble()

    def _make_layers(self) -> None:
        """Weights and offsets in units of the thresholds, on a grid where sums are exact."""
        self.matrices: list[Any] = []
        self.grids: list[float] = []
        of_input = self._half - self.low * self.input_scale
        self.offsets = [np.full(int(np.prod(self.shape)), of_input, self.dtype)]
        before = 1.0 / self.input_scale
        first = self.stages[0]
        biases = [first.bias + first.matrix @ np.full(first.matrix.shape[1], self.low)]
        biases += [stage.bias for stage in self.stages[1:]]
        for stage, bias, threshold in zip(self.stages, biases, self.thresholds, strict=True):
            matrix = stage.matrix * (before / threshold)
            offset = bias / threshold + (self._half if stage.rectified else 0.0)
            if self.dtype == "float64":
                step = grid(largest_drive(matrix, offset, self._span))
                offset = on_grid(offset, step)
                step /= self._place[-1]
            else:
                step = grid(largest_drive(matrix, np.zeros(1), 1.0), self.dtype)
            self.grids.append(step)
            self.matrices.append(on_grid(matrix, step, self.dtype))
            self.offsets.append(offset.astype(self.dtype))
            before = threshold
        for offset in self.offsets:
            offset.setflags(write=False)

    def _assemble(self) -> tuple[Network, Node, list[Ensemble], Probe]:
        net, neuron = Network(seed=0, label="spikeconverter"), self.neuron
        source = net.node(size_in=len(self.offsets[0]), label="input")
        layers: list[Ensemble] = []
        labels = ["input spikes", *(stage.label for stage in self.stages)]
        for i, (label, offset) in enumerate(zip(labels, self.offsets, strict=True)):
            # Phases alternate from layer to layer, starting with a release of the inputs.
            initial = {"steps_done": float(neuron.release_at * (i % 2 == 0))}
            kind = replace(neuron, offset=offset, samples=i == 0)
            layer = population(net, label, len(offset), kind, initial)
            if i:
                before, matrix = layers[-1].neurons, self.matrices[i - 1]
                net.connect(before, layer.neurons, transform=matrix, synapse=None)
            else:
                scale = self.input_scale
                net.connect(source, layer.neurons, transform=scale, synapse=None)
            layers.append(layer)
        every = neuron.n_steps * DT
        output = net.probe(layers[-1].neurons, "voltage", sample_every=every)
        return net, source, layers, output

    @property
    def steps_per_input(self) -> int:
        """Steps from one input to the next: T with two potentials per neuron, else 2 T."""
        return self.neuron.period

    @property
    def latency(self) -> int:
        """Steps from the start of an input to its result: T for each layer with weights."""
        return len(self.stages) * self.neuron.n_steps

    def predict(self, inputs: ArrayLike, backend: str = "auto") -> Array:
        """Simulate the spiking network and decode the model's outputs from its spikes.

        Inputs follow one another without waiting for results: while a layer releases its
        result for one input, the layers before it process the next ones.  The first call
        builds a simulator, which later calls reuse from rest.  After an error or Ctrl-C the
        next call builds a new one.

        Parameters
        ----------
        inputs : (P, ...) array_like
            Inputs of the model.
        backend : str
            As for :class:`nefsim.Simulator`.

        Returns
        -------
        (P, n_outputs) ndarray
            A row for each input.
        """
        x = self._rows("predict", inputs)
        turn = self.steps_per_input
        reached = self._run(backend, turn, x, [(len(x) - 1) * turn + self.latency])
        return reached[len(self.stages) - 1 :: turn // self.neuron.n_steps]

    def _values(self, x: Array) -> tuple[list[Array], list[float]]:
        values: list[Array] = []
        spikes: list[float] = []
        kind = np.dtype(self.dtype).type
        code, _ = self._released(x.astype(kind) * kind(self.input_scale) + self.offsets[0])
        for matrix, offset, threshold in zip(
            self.matrices, self.offsets[1:], self.thresholds, strict=True
        ):
            v = self._accumulated(matrix, code) + offset
            code, count = self._released(v)
            values.append(code * threshold)
            spikes.append(count)
        return [*values[:-1], v], [*spikes[:-1], 0.0]  # the readout is not released as spikes

    def _accumulated(self, matrix: Any, code: Array) -> Array:
        """The potential from spikes that represent ``code``; in float32 summed step by step."""
        if self.dtype == "float64":
            return np.asarray((matrix @ code.T).T)
        n_digits, total = code.T, np.zeros((matrix.shape[0], len(code)), self.dtype)
        for place in self._place:
            y = n_digits >= place
            n_digits = n_digits - place * y
            total += np.float32(place) * (matrix @ y.astype(self.dtype))
        return total.T

    def _released(self, v: Array) -> tuple[Array, float]:
        """The number that up to T released spikes represent, and the mean number of spikes."""
        if self.neuron.factor == 2.0:
            last = self._place[-1]
            digits = np.clip(np.floor(v / last), 0.0, 2.0**self.neuron.n_steps - 1.0)
            return digits * last, float(np.bitwise_count(digits.astype(np.uint64)).mean())
        code, total = np.zeros_like(v), 0.0
        for place in self._place:
            y, v = ilif_release(v, 1.0, self.neuron.factor)
            code += place * y
            total += y.mean()
        return code, float(total)
