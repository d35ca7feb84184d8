"""Export trained modules to networks of nefsim with the same neurons and spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from nefsim import _checks as check
from nefsim.convert.base import population
from nefsim.convert.qcfs import QCFS
from nefsim.convert.read import Stage, read
from nefsim.network import Ensemble, Network, Node
from nefsim.neurons import DiscreteLIF
from nefsim.processes import PresentInput
from nefsim.program import Neurons
from nefsim.progress import no_bar
from nefsim.simulator import Simulator
from nefsim.train.layers import DirectEncoding, Dropout, Layers, Vote
from nefsim.train.neurons import DiscreteNeuron, Stateful
from nefsim.train.snu import SNU

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Exported:
    """A trained module as a network of nefsim.

    Attributes
    ----------
    network : Network
        The network.  Connect an input to ``input``, and add probes.
    input : Node
        Node for the input of each step, flattened.
    layers : list of Ensemble
        A population for each layer of neurons, and for each max-pooling of spikes.
    output : Node or Ensemble
        The last population, or a node if linear modules follow it.
    dt : float [s]
        Time step of simulations; a spike then has the value 1.
    n_steps : int or None
        Number of steps for which a :class:`DirectEncoding` presents an input; None without one.

    See Also
    --------
    to_network : The function that returns it.
    """

    network: Network
    input: Node
    layers: list[Ensemble]
    output: Node | Ensemble
    dt: float
    n_steps: int | None

    def run(self, x_seq: ArrayLike, backend: str = "auto", dtype: str = "float32") -> Array:
        """Simulate the network for each input of a batch, from rest, and return its outputs.

        Parameters
        ----------
        x_seq : (T, B, ...) array_like or Tensor
            Input of ``module.run``: a sequence, or images (B, ...) with a ``DirectEncoding``.
        backend, dtype : str
            As for :class:`nefsim.Simulator`.

        Returns
        -------
        (T, B, n) ndarray

        Raises
        ------
        ValueError, TypeError
            If the input has another shape than that of the network.
        """
        return self.spikes(x_seq, backend, dtype)[-1]

    def spikes(
        self, x_seq: ArrayLike, backend: str = "auto", dtype: str = "float32"
    ) -> list[Array]:
        """Simulate the network as :meth:`run`, and return the outputs of all layers.

        Parameters
        ----------
        x_seq, backend, dtype
            As for :meth:`run`.

        Returns
        -------
        list of (T, B, n) ndarray
            Outputs of each layer; the last are those of the network.
        """
        rows, T = self._rows(x_seq)
        ends: list[Any] = [layer.neurons for layer in self.layers]
        if isinstance(self.output, Node):
            ends.append(self.output)
        probes = [self.network.probe(end, attach=False) for end in ends]
        with Simulator(
            self.network,
            self.dt,
            backend,
            dtype=dtype,
            progress=no_bar,
            probes=probes,
            inputs={self.input: PresentInput(rows, self.dt)},
        ) as sim:
            for _ in range(len(rows) // T):
                to_rest(sim)
                sim.run_steps(T)
            records = [sim.data[probe] for probe in probes]
        return [values.reshape(-1, T, values.shape[1]).swapaxes(0, 1) for values in records]

    def _rows(self, x_seq: Any) -> tuple[Array, int]:
        """The inputs of all steps, with examples one after the other, and the number T of steps."""
        if isinstance(x_seq, torch.Tensor):
            x_seq = x_seq.detach().cpu().numpy()
        x = check.array("Exported.run", "x_seq", x_seq, do="pass an input of module.run")
        if self.n_steps is not None:
            self._check_size(x, 1)
            return np.repeat(x.reshape(len(x), -1), self.n_steps, axis=0), self.n_steps
        if x.ndim < 3 or not x.size:
            got, do = f"shape {x.shape}", "pass steps first, then the batch"
            check.fail("Exported.run", "x_seq", "have shape (T, B, ...)", got, do)
        self._check_size(x, 2)
        return x.swapaxes(0, 1).reshape(x.shape[0] * x.shape[1], -1), len(x)

    def _check_size(self, x: Array, n_axes: int) -> None:
        """Check the number of values of an input after the axes of steps and of the batch."""
        size = self.input.size_out
        if int(np.prod(x.shape[n_axes:])) != size:
            must, got = f"have {check.counted(size, 'value')} for each input", f"shape {x.shape}"
            check.fail("Exported.run", "x_seq", must, got, "pass an input of module.run")


def to_rest(sim: Simulator) -> None:
    """Set all neurons of an exported network to rest, before another input."""
    for op, memory in zip(sim.built.program.ops, sim.state.ops, strict=True):
        if isinstance(op, Neurons):
            for values in memory.values():
                values[...] = 0.0


def to_network(module: Layers, shape: int | tuple[int, ...], dt: float = 0.001) -> Exported:
    """Convert a trained module to a network of nefsim with the same spikes in each step.

    Linear modules between neurons (``Linear``, ``Conv2d``, ``BatchNorm``, ``AvgPool2d``,
    ``Flatten``, :class:`Vote`) are multiplied into one matrix.  ``MaxPool2d`` of spikes becomes
    a population that fires at any input spike.  In ``float32`` a few spikes may differ from
    those of PyTorch, because sums are rounded in another order; use :func:`snap` first to make
    all spikes equal.

    Parameters
    ----------
    module : Layers
        Trained module with layers of IF, LIF, PLIF or SNU neurons, none of them recurrent.
    shape : int or tuple of int
        Shape of one input in one step, such as (784,) or (1, 28, 28); 784 is (784,).
    dt : float [s]
        Time step of simulations of the network.  A spike has the value 1, not 1/dt.

    Returns
    -------
    Exported

    Raises
    ------
    ValueError, TypeError
        If there are unsupported modules, or weights that are not finite, or inputs of ``shape`` do
        not fit the modules.

    See Also
    --------
    snap : Rounding of weights, for equal spikes in float32.
    nefsim.convert : Conversion of ReLU networks.

    Examples
    --------
    >>> from nefsim.train import IF
    >>> net = Layers(nn.Linear(4, 3), IF(), nn.Linear(3, 2), IF())
    >>> x_seq = torch.rand(20, 5, 4)
    >>> y_seq, _ = net.run(x_seq)
    >>> bool((to_network(net, (4,)).run(x_seq) == y_seq.detach().numpy()).all())
    True
    """
    who, do = "to_network", "pass Layers(...)"
    check.instance(who, "module", module, Layers, "layers", do)
    check_finite(who, module)
    maker = _Maker(_as_shape(who, shape), check.seconds(who, "dt", dt))
    for part in module.layers:
        maker.take(part)
    return maker.finish()


def _as_shape(who: str, shape: Any) -> tuple[int, ...]:
    """Check the shape of an input; a number is that of a row."""
    do = "pass the shape of one input in one step, such as (784,) or (1, 28, 28)"
    sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
    return tuple(check.integer(who, "shape", size, do, 1) for size in sizes)


def check_finite(who: str, module: nn.Module) -> None:
    """Check that all weights are finite."""
    n_invalid = sum(int((~p.isfinite()).sum()) for p in module.parameters())
    if n_invalid:
        cure = "train it again with detach_reset=True or clip=0.1"
        check.fail(who, "module", "have finite weights", f"{n_invalid} that are not", cure)


class _Maker:
    """Adds modules to a network; multiplies successive linear modules into one matrix."""

    def __init__(self, shape: tuple[int, ...], dt: float) -> None:
        self.shape, self.dt = shape, dt
        self.net = Network(seed=0, label="trained")
        self.input = self.net.node(size_in=int(np.prod(shape)), label="input")
        self.source: Any = self.input
        self.layers: list[Ensemble] = []
        self.n_steps: int | None = None
        self.waiting: list[nn.Module] = []

    def take(self, part: nn.Module) -> None:
        """Add the next module."""
        if isinstance(part, DirectEncoding):
            self.n_steps = part.n_steps
            self.waiting += part.modules_once
        elif isinstance(part, SNU) and part.recurrent is None:
            self.waiting.append(part.input)
            self._neurons(part)
        elif isinstance(part, DiscreteNeuron) and not isinstance(part, SNU):
            self._neurons(part)
        elif isinstance(part, nn.MaxPool2d) and self.source is not self.input and not self.waiting:
            self._max_pool(part)
        elif isinstance(part, Vote):
            self.waiting.append(_as_linear(part, self._after_waiting()))
        elif isinstance(part, Stateful | nn.MaxPool2d) and not isinstance(part, Dropout):
            options = "IF, LIF, PLIF, SNU (not recurrent), pooling of spikes and linear modules"
            do = "take it out before the network is exported"
            check.fail("to_network", "module", f"be made of {options}", type(part).__name__, do)
        elif not isinstance(part, Dropout):
            self.waiting.append(part)

    def finish(self) -> Exported:
        """The exported network; linear modules at the end lead to an output node."""
        output: Node | Ensemble = self.layers[-1] if self.layers else self.input
        if self.waiting or not self.layers:
            stage = self._linear()
            bias = self.net.node(stage.bias, label="bias")
            output = self.net.node(size_in=stage.size, label="output")
            self.net.connect(bias, output, synapse=None)
            self.net.connect(self.source, output, transform=stage.matrix, synapse=None)
        return Exported(self.net, self.input, self.layers, output, self.dt, self.n_steps)

    def _neurons(self, part: DiscreteNeuron) -> None:
        stage = self._linear()
        self._population(
            f"{type(part).__name__} {len(self.layers)}", stage, part.neuron_type(self.dt)
        )

    def _max_pool(self, part: nn.MaxPool2d) -> None:
        """Add a population for max-pooling, which fires if any input of its window does."""
        sizes = (part.kernel_size, part.stride, part.padding)
        self.waiting.append(nn.AvgPool2d(*sizes, ceil_mode=part.ceil_mode, divisor_override=1))
        kind = DiscreteLIF(decay=0.0, threshold=0.5, step_time=self.dt, amplitude=self.dt)
        self._population(f"MaxPool2d {len(self.layers)}", self._linear(), kind)

    def _population(self, label: str, stage: Stage, kind: DiscreteLIF) -> None:
        layer = population(self.net, label, stage.size, kind, {}, stage.bias)
        self.net.connect(self.source, layer.neurons, transform=stage.matrix, synapse=None)
        self.layers.append(layer)
        self.source = layer.neurons

    def _linear(self) -> Stage:
        """The product of the linear modules since the last neurons."""
        for part in (inner for outer in self.waiting for inner in outer.modules()):
            if isinstance(part, nn.ReLU | QCFS):
                must, do = "have spiking neurons only", "write train.IF() or train.LIF() for it"
                do += ", or convert a ReLU network by nefsim.convert"
                check.fail("to_network", "module", must, type(part).__name__, do)
        after = self._after_waiting()
        (stage,) = read("to_network", nn.Sequential(*self.waiting), self.shape)
        self.shape, self.waiting = after, []
        return stage

    def _after_waiting(self) -> tuple[int, ...]:
        """The output shape of the linear modules since the last neurons."""
        x = torch.zeros(1, *self.shape)
        for part in self.waiting:
            was = part.training
            try:
                with torch.no_grad():
                    x = part.eval()(x)
            except (RuntimeError, ValueError):
                _misfit(part, tuple(x.shape[1:]))
            finally:
                part.train(was)
        return tuple(x.shape[1:])


def _misfit(part: nn.Module, shape: tuple[int, ...]) -> NoReturn:
    """Raise an error about a module that takes no inputs of a shape."""
    do = "pass the shape of one input in one step"
    if isinstance(part, nn.Linear):
        do = f"{do}, which leads to ({part.in_features},) here"
    check.fail("to_network", "shape", "fit the modules", f"{shape} into {part}", do)


def _as_linear(vote: Vote, shape: tuple[int, ...]) -> nn.Linear:
    """The matrix that computes the means of a :class:`Vote`."""
    n_classes = shape[-1] // vote.n
    linear = nn.Linear(shape[-1], n_classes, bias=False)
    with torch.no_grad():
        linear.weight.copy_(torch.kron(torch.eye(n_classes), torch.full((1, vote.n), 1 / vote.n)))
    return linear
