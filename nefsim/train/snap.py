"""Weights on a grid so coarse that sums of spikes are exact in float32, in any order."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from nefsim import _checks as check
from nefsim.convolution import pair
from nefsim.train.export import check_finite
from nefsim.train.layers import DirectEncoding, Dropout, Layers, Vote
from nefsim.train.neurons import DiscreteNeuron
from nefsim.train.snu import SNU

#: Binary digits of a float32.
DIGITS = 24

#: What changes no value but its place.
SILENT = (nn.Flatten, nn.MaxPool2d, nn.Identity, nn.Dropout, nn.Dropout2d, Dropout)


def snap(
    module: Layers, largest_input: float = 1.0, input_step: float = 1.0, digits: int = DIGITS
) -> Layers:
    r"""A copy with rounded weights, whose sums do not depend on their order.

    .. math:: w \leftarrow g \, \mathrm{round}(w / g), \qquad
              \max_i \Big( x_{max} \sum_j |w_{ij}| + |b_i| \Big) \le 2^{digits} g h

    g is a power of two, one for each layer and the smallest that fulfils the inequality,
    where inputs are multiples of h and at most :math:`x_{max}`: 1 and 1 for spikes.  All
    partial sums are then multiples of g h with at most ``digits`` binary digits, so that none
    is rounded: PyTorch, an event-driven engine and another machine get the same currents in
    float32, and the same spikes, bit for bit.  (With ELU they may still round exponentials
    of their own.)  Batch normalisation is multiplied into the layer before it.

    Parameters
    ----------
    module : Layers
        Of IF, LIF, PLIF or SNU with one ``Linear`` or ``Conv2d`` before each, and pooling
        between spikes and that: ``MaxPool2d``, or ``AvgPool2d`` whose windows hold a power of
        two.
    largest_input : float
        The largest size of an input, 1 where inputs are spikes.
    input_step : float
        A power of two of which all inputs are multiples, 1 where they are spikes.  Round
        pictures to it (``torch.round(x / h) * h``); the first layer has as many digits less.
    digits : int
        Binary digits of a sum; 24 are what a float32 has.

    Returns
    -------
    Layers
        In evaluation mode; ``module`` stays as it is.

    Raises
    ------
    ValueError
        If there is a module whose sums cannot be kept exact, weights are not finite, or
        ``input_step`` is not a power of two.

    Examples
    --------
    >>> from nefsim.train import IF, to_network
    >>> net = snap(Layers(nn.Linear(300, 500), IF()))
    >>> x_seq = torch.randint(0, 2, (10, 4, 300)).float()
    >>> y_seq, _ = net.run(x_seq)
    >>> bool((to_network(net, (300,)).run(x_seq) == y_seq.detach().numpy()).all())
    True
    """
    check.instance("snap", "module", module, Layers, "layers", "pass Layers(...)")
    check_finite("snap", module)
    largest = check.positive("snap", "largest_input", largest_input)
    unit = check.positive("snap", "input_step", input_step)
    if math.frexp(unit)[0] != 0.5:
        check.fail("snap", "input_step", "be a power of two", f"{unit:g}", "pass 2**-8")
    most = check.integer("snap", "digits", digits, "pass 24 for float32", 2, 53)
    made = copy.deepcopy(module).eval()
    snapper = _Snapper(largest, unit, most)
    with torch.no_grad():
        made.layers = nn.ModuleList(snapper.all(_folded(made.layers)))
    return made


class _Snapper:
    """Goes through modules, and knows what comes into the next one."""

    def __init__(self, largest: float, unit: float, digits: int) -> None:
        self.largest, self.unit, self.digits = largest, unit, digits
        self.summed = False  # whether it is currents, and no longer spikes or inputs

    def all(self, modules: Iterable[nn.Module]) -> list[nn.Module]:
        """The same modules, weights rounded."""
        done = list(modules)
        for part in done:
            self.take(part)
        return done

    def take(self, part: nn.Module) -> None:
        """One more module."""
        if isinstance(part, DirectEncoding):
            part.modules_once = nn.Sequential(*self.all(_folded(part.modules_once)))
        elif isinstance(part, nn.Linear | nn.Conv2d):
            self._weights(part)
        elif isinstance(part, DiscreteNeuron):
            self._neurons(part)
        elif isinstance(part, nn.AvgPool2d):
            self._average(part)
        elif isinstance(part, Vote):
            self.summed = True
        elif not isinstance(part, SILENT):
            known = "IF, LIF, PLIF, SNU, pooling and linear modules"
            _refuse(part, f"be made of {known}", "take it out")

    def _neurons(self, part: DiscreteNeuron) -> None:
        if part.output != "step" or getattr(part, "recurrent", None) is not None:
            _refuse(part, "have spikes without recurrent weights", "take soft or recurrent out")
        if isinstance(part, SNU):
            self._weights(part.input)
        self.largest, self.unit, self.summed = 1.0, 1.0, False

    def _average(self, part: nn.AvgPool2d) -> None:
        """Means of n values are multiples of 1/n: exact if n is a power of two."""
        n = part.divisor_override or math.prod(pair(part.kernel_size))
        inside = part.count_include_pad or pair(part.padding) == (0, 0)
        if self.summed or n & (n - 1) or part.ceil_mode or not inside:
            must = "average spikes over windows of a power of two"
            _refuse(part, must, "pool after neurons, over 2 x 2")
        self.largest *= math.prod(pair(part.kernel_size)) / n
        self.unit /= n

    def _weights(self, part: nn.Linear | nn.Conv2d) -> None:
        if self.summed:
            _refuse(part, "have one linear module before each layer of neurons", "merge the two")
        self.summed = True
        weight = part.weight.double().flatten(1)
        bias = weight.new_zeros(len(weight)) if part.bias is None else part.bias.double()
        step = 2.0 ** (math.ceil(math.log2(self._needed(weight, bias, 0.0))) - self.digits)
        # Rounded up, weights may need one digit more.
        while self._needed(weight, bias, step) > 2.0**self.digits * step:
            step *= 2.0
        part.weight.copy_(_rounded(weight, step).reshape(part.weight.shape))
        if part.bias is not None:
            part.bias.copy_(_rounded(bias, step * self.unit))

    def _needed(self, weight: Tensor, bias: Tensor, step: float) -> float:
        """The largest possible sum of rounded weights, in units of the inputs."""
        weight, bias = _rounded(weight, step), _rounded(bias, step * self.unit)
        sums = self.largest * weight.abs().sum(1) + bias.abs()
        return max(float(sums.max()) / self.unit, 1e-30)


def _rounded(values: Tensor, step: float) -> Tensor:
    return torch.round(values / step) * step if step else values


def _folded(modules: Iterable[nn.Module]) -> list[nn.Module]:
    """Normalisation multiplied into the module before it."""
    done: list[nn.Module] = []
    for part in modules:
        before = done[-1] if done else None
        if not isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            done.append(part)
        elif isinstance(before, nn.Conv2d):
            done[-1] = fuse_conv_bn_eval(before, part)
        elif isinstance(before, nn.Linear):
            done[-1] = fuse_linear_bn_eval(before, part)
        else:
            _refuse(part, "normalise what a Linear or Conv2d gives", "put it after one")
    return done


def _refuse(part: nn.Module, must: str, do: str) -> None:
    check.fail("snap", "module", must, type(part).__name__, do)
