"""Rate coding: integrate-and-fire neurons whose firing rates are a ReLU network's activations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import nn

from nefsim import _checks as check
from nefsim.convert.base import Converted, population
from nefsim.convert.exact import grid, largest_drive, on_grid
from nefsim.convert.ready import DT
from nefsim.network import Ensemble, Network, Node, Probe
from nefsim.neurons import DiscreteLIF

Array = NDArray[np.float64]

#: Number of binary digits of inputs, about those of a float32.
INPUT_DIGITS = 20

#: Longest presentation [steps].
MOST_STEPS = 10**6


def rate(
    model: nn.Module,
    T: int = 256,
    reset: str = "subtract",
    data: ArrayLike | None = None,
    percentile: float = 100.0,
    dtype: str = "float64",
) -> RateConverted:
    r"""Convert a trained ReLU network to integrate-and-fire neurons by rate coding.

    .. math:: v \leftarrow v + \frac{W x + b}{\theta}, \qquad y = (v \ge 1), \qquad
              v \leftarrow v - y \;\text{ or }\; v (1 - y)

    A neuron that fires n times in T steps represents the activation ``n theta / T``; the
    error falls as 1/T.  θ is the largest activation of its layer.  Inputs are constant
    currents, and the readout is averaged over the T steps.

    Parameters
    ----------
    model : torch.nn.Sequential
        Trained model of the modules that :func:`spikeconverter` lists.
    T : int
        Number of time steps for which each input is presented.
    reset : {"subtract", "zero"}
        Whether a spike subtracts the threshold from the potential or sets it to 0.  "zero"
        loses the part of the potential above the threshold.
    data : (P, ...) array_like
        Inputs of the model, such as P training examples; thresholds are set by their
        activations.
    percentile : float
        Percentile of a layer's activations to use as its threshold; 100 is the maximum.
    dtype : {"float64", "float32"}
        Precision of the spiking network.

    Returns
    -------
    RateConverted

    Raises
    ------
    ValueError, TypeError
        If a module cannot be converted, ``data`` does not fit, or an option is out of range.

    See Also
    --------
    qcfs : A smaller error with few steps.
    spikeconverter : Binary digits in place of rates.

    Notes
    -----
    The simulation, :meth:`~RateConverted.fast` and PyTorch give the same spikes, bit for bit,
    because weights and currents of a layer, in units of its threshold, are multiples of a power
    of two g.  In float64 g is so coarse that a sum over all T steps has at most 53 binary
    digits and is not rounded.  In float32 g is so coarse that
    :math:`\max_i (\sum_j |W_{ij}| + |b_i|) \le 2^{24} g`, and the sum of one step is not
    rounded; its addition to the potential is rounded, in the same way on all back ends.
    The first layer receives numbers and not spikes; its currents are computed once, in
    float64 (:meth:`~RateConverted.currents`).

    References
    ----------
    Rueckauer, Lungu, Hu, Pfeiffer & Liu (2017), Conversion of continuous-valued deep
    networks to efficient event-driven networks for image classification, Frontiers in
    Neuroscience 11.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> x = torch.rand(20, 3)
    >>> spiking = rate(model, T=100, data=x)
    >>> error = spiking.predict(x) - model(x).detach().numpy()
    >>> bool(abs(error).max() < 0.01)
    True
    """
    return RateConverted("rate", model, T, reset, data, percentile, 0.0, dtype)


def qcfs(
    model: nn.Module,
    T: int = 8,
    data: ArrayLike | None = None,
    percentile: float = 100.0,
    dtype: str = "float64",
) -> RateConverted:
    r"""Convert a trained network by rate coding, with potentials that start at half a threshold.

    If the model was trained with :class:`QCFS` activations of L levels, their limits are the
    thresholds and T = L steps are enough: for a constant input x a neuron fires
    ``n = floor(x T / theta + 1/2)`` spikes, which is the QCFS activation.

    Parameters
    ----------
    model : torch.nn.Sequential
        Trained model of the modules that :func:`spikeconverter` lists, best with
        :class:`QCFS` in place of ReLU.
    T : int
        Number of time steps for which each input is presented.
    data : (P, ...) array_like
        Inputs of the model, such as P training examples; thresholds of ReLUs are set by their
        activations.
    percentile : float
        Percentile of a ReLU's activations to use as its threshold; 100 is the maximum.
    dtype : {"float64", "float32"}
        Precision of the spiking network, as for :func:`rate`.

    Returns
    -------
    RateConverted

    Raises
    ------
    ValueError, TypeError
        If a module cannot be converted, ``data`` does not fit, or an option is out of range.

    See Also
    --------
    QCFS : The activation for training.
    rate : Initial potentials of 0.

    References
    ----------
    Bu, Fang, Ding, Dai, Yu & Huang (2022), Optimal ANN-SNN conversion for high-accuracy and
    ultra-low-latency spiking neural networks, ICLR.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> from torch.nn import Linear, Sequential
    >>> from nefsim.convert import QCFS
    >>> model = Sequential(Linear(3, 8), QCFS(4, 1.0), Linear(8, 2))
    >>> x = torch.rand(20, 3)
    >>> bool(abs(qcfs(model, T=4, data=x).predict(x) - model(x).detach().numpy()).max() < 1e-4)
    True
    """
    return RateConverted("qcfs", model, T, "subtract", data, percentile, 0.5, dtype)


class RateConverted(Converted):
    """A network converted by :func:`rate` or :func:`qcfs`.

    In float32 connect the result of :meth:`currents` to ``input``, not inputs of the model.

    Attributes
    ----------
    output : Probe
        Probe of the current into the readout in each step.
    neuron : DiscreteLIF
        The neuron type of all layers.
    start : float
        Initial potential, in units of the threshold.
    grids : list of float
        For each layer, the number g of which its input weights are multiples.
    matrices, biases : list of array
        Input weights (M, N) and constant currents (M,) of each layer, in units of its
        threshold; read-only.

    See Also
    --------
    rate, qcfs : Functions that return it.
    """

    def __init__(
        self,
        who: str,
        model: nn.Module,
        T: int,
        reset: str,
        data: ArrayLike | None,
        percentile: float,
        start: float,
        dtype: str,
    ) -> None:
        do = "pass a number of steps such as 256"
        self.n_steps = check.integer(who, "T", T, do, 1, MOST_STEPS)
        kind = check.one_of(who, "reset", reset, ("subtract", "zero"))
        self.neuron = DiscreteLIF(reset=kind, threshold_rule=">=", step_time=DT, amplitude=DT)
        self.dtype = check.one_of(who, "dtype", dtype, ("float64", "float32"))
        self.start = start
        super().__init__(who, model, data, percentile)
        self.thresholds[-1] = 1.0
        self._input_step = grid(max(abs(self.low), abs(self.high))) * 2.0 ** (52 - INPUT_DIGITS)
        self._make_layers()
        self.network, self.input, self.layers, self.output = self._assemble()

    _span = 1.0

    def _make_layers(self) -> None:
        """Weights and biases in units of the thresholds, on a grid where sums are exact."""
        self.matrices: list[Any] = []
        self.biases: list[Array] = []
        self.grids: list[float] = []
        largest, step_before, before = max(abs(self.low), abs(self.high)), self._input_step, 1.0
        for stage, threshold in zip(self.stages, self.thresholds, strict=True):
            matrix, bias = stage.matrix * (before / threshold), stage.bias / threshold
            drive = largest_drive(matrix, bias, largest)
            dtype = self.dtype if self.grids else "float64"  # sums of inputs are always in float64
            if dtype == "float64":
                # After T steps a potential is at most T times the largest current.
                step = grid((self.n_steps + 1.0) * (drive + 1.0))
            else:
                step = grid(drive, dtype)
            self.grids.append(step / step_before)
            self.matrices.append(on_grid(matrix, self.grids[-1], dtype))
            self.biases.append(on_grid(bias, step, dtype))
            largest, step_before, before = 1.0, 1.0, threshold

    def _assemble(self) -> tuple[Network, Node, list[Ensemble], Probe]:
        net = Network(seed=0, label=self._who)
        matrices, biases = list(self.matrices), list(self.biases)
        if self.dtype == "float32":  # currents are computed beforehand
            matrices[0], biases[0] = 1.0, np.zeros(self.stages[0].size)
        size = int(np.prod(self.shape)) if self.dtype == "float64" else self.stages[0].size
        source = net.node(size_in=size, label="input")
        end: Any = source
        layers: list[Ensemble] = []
        for stage, matrix, bias in zip(self.stages, matrices, biases, strict=True):
            if stage.rectified:
                initial = {"voltage": self.start}
                layer = population(net, stage.label, stage.size, self.neuron, initial, bias)
                layers.append(layer)
                target: Any = layer.neurons
            else:
                target = net.node(size_in=stage.size, label="output")
                net.connect(net.node(bias), target, synapse=None)
            net.connect(end, target, transform=matrix, synapse=None)
            end = target
        return net, source, layers, net.probe(end)

    def currents(self, inputs: ArrayLike) -> Array:
        """Currents of the first layer in each step, in units of its threshold.

        Parameters
        ----------
        inputs : (P, ...) array_like
            Inputs of the model.

        Returns
        -------
        (P, M) ndarray
            A row for each input; computed in float64, then rounded to ``dtype``.
        """
        return self._currents(self._rows("currents", inputs))

    def _currents(self, x: Array) -> Array:
        driven = on_grid(x, self._input_step) @ self.matrices[0].T + self.biases[0]
        return np.asarray(driven, self.dtype)

    def predict(self, inputs: ArrayLike, backend: str = "auto") -> Array:
        """Simulate the spiking network and return the readout's mean over T steps from rest.

        The first call builds a simulator, which later calls reuse.  After an error or Ctrl-C
        the next call builds a new one.

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
        currents = on_grid(x, self._input_step) if self.dtype == "float64" else self._currents(x)
        reached = self._run(backend, self.n_steps, currents, [self.n_steps] * len(x))
        total = reached.reshape(len(x), self.n_steps, -1).sum(axis=1, dtype=np.float64)
        return np.asarray(total / self.n_steps, self.dtype)

    def _values(self, x: Array) -> tuple[list[Array], list[float]]:
        """Activations of all stages and spikes per neuron, computed step by step."""
        current, kind = self._currents(x), np.dtype(self.dtype).type
        v = [np.full((len(x), stage.size), self.start, kind) for stage in self.stages[:-1]]
        counts = [np.zeros_like(potential) for potential in v]
        total = np.zeros((len(x), self.stages[-1].size))
        for _ in range(self.n_steps):
            drive = current
            for i, potential in enumerate(v):
                potential += drive
                y = (potential >= 1.0) * kind(1.0)
                potential -= y if self.neuron.reset == "subtract" else potential * y
                counts[i] += y
                drive = np.asarray((self.matrices[i + 1] @ y.T).T) + self.biases[i + 1]
            total += drive
        values = [n * (th / self.n_steps) for n, th in zip(counts, self.thresholds, strict=False)]
        mean = np.asarray(total / self.n_steps, kind)
        return [*values, mean], [*(float(n.mean()) for n in counts), 0.0]
