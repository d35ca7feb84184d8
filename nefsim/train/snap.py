"""Round weights to a grid so coarse that sums over spikes are exact in float32."""

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

#: Modules that change only the shape.
SILENT = (nn.Flatten, nn.MaxPool2d, nn.Identity, nn.Dropout, nn.Dropout2d, Dropout)


def snap(
    module: Layers, largest_input: float = 1.0, input_step: float = 1.0, digits: int = DIGITS
) -> Layers:
    r"""Round the weights of a module such that sums over spikes are exact in float32.

    .. math:: w \leftarrow g \, \mathrm{round}(w / g), \qquad
              \max_i \Big( x_{max} \sum_j |w_{ij}| + |b_i| \Big) \le 2^{digits} g h

    Weights w of a layer become multiples of g, and its biases b of g h, where g is the smallest
    power of two that satisfies the inequality. Inputs must be multiples of h and at most
    :math:`x_{max}`, which are both 1 for spikes. Sums then have at most ``digits`` binary
    digits and are not rounded, so that PyTorch, nefsim and all machines give the same spikes,
    bit for bit. (ELU is an exception, since its exponentials may be rounded differently.) Batch
    normalisation is multiplied into the layer before it.

    Parameters
    ----------
    module : Layers
        Layers of IF, LIF, PLIF or SNU with one ``Linear`` or ``Conv2d`` before each.  Spikes
        may be pooled before it, by ``MaxPool2d``, or by ``AvgPool2d`` if the size of a window
        is a power of two.
    largest_input : float
        Largest absolute value of an input of the first layer; 1 for spikes.
    input_step : float
        Power of two h of which all inputs are multiples; 1 for spikes.  Round images to it by
        ``torch.round(x / h) * h``.  A smaller h leaves fewer digits for the weights.
    digits : int
        Largest number of binary digits of a sum; float32 has 24.

    Returns
    -------
    Layers
        A copy in evaluation mode; ``module`` is not changed.

    Raises
    ------
    ValueError
        If there is a module without exact sums, weights are not finite, or ``input_step`` is
        not a power of two.

    See Also
    --------
    to_network : Export of the module.

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
    copied = copy.deepcopy(module).eval()
    snapper = _Snapper(largest, unit, most)
    with torch.no_grad():
        copied.layers = nn.ModuleList(snapper.all(_folded(copied.layers)))
    return copied


class _Snapper:
    """Rounds the weights of successive modules; tracks the range of the next module's inputs."""

    def __init__(self, largest: float, unit: float, digits: int) -> None:
        self.largest, self.unit, self.digits = largest, unit, digits
        self.summed = False  # whether the next input is a current, not spikes

    def all(self, modules: Iterable[nn.Module]) -> list[nn.Module]:
        """Round the weights of modules in place, and return them."""
        folded = list(modules)
        for part in folded:
            self.take(part)
        return folded

    def take(self, part: nn.Module) -> None:
        """Round the weights of the next module."""
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
            options = "IF, LIF, PLIF, SNU, pooling and linear modules"
            _refuse(part, f"be made of {options}", "take it out")

    def _neurons(self, part: DiscreteNeuron) -> None:
        if part.output != "step" or getattr(part, "recurrent", None) is not None:
            _refuse(part, "have spikes without recurrent weights", "take soft or recurrent out")
        if isinstance(part, SNU):
            self._weights(part.input)
        self.largest, self.unit, self.summed = 1.0, 1.0, False

    def _average(self, part: nn.AvgPool2d) -> None:
        """Add an average pooling, whose means are exact if n values are a power of two."""
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
        # Weights that are rounded up may need one more digit.
        while self._needed(weight, bias, step) > 2.0**self.digits * step:
            step *= 2.0
        part.weight.copy_(_rounded(weight, step).reshape(part.weight.shape))
        if part.bias is not None:
            part.bias.copy_(_rounded(bias, step * self.unit))

    def _needed(self, weight: Tensor, bias: Tensor, step: float) -> float:
        """The largest possible sum of a neuron's rounded weights and bias, in units of h."""
        weight, bias = _rounded(weight, step), _rounded(bias, step * self.unit)
        sums = self.largest * weight.abs().sum(1) + bias.abs()
        return max(float(sums.max()) / self.unit, 1e-30)


def _rounded(values: Tensor, step: float) -> Tensor:
    return torch.round(values / step) * step if step else values


def _folded(modules: Iterable[nn.Module]) -> list[nn.Module]:
    """Modules with batch normalisation multiplied into the module before it."""
    folded: list[nn.Module] = []
    for part in modules:
        before = folded[-1] if folded else None
        if not isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            folded.append(part)
        elif isinstance(before, nn.Conv2d):
            folded[-1] = fuse_conv_bn_eval(before, part)
        elif isinstance(before, nn.Linear):
            folded[-1] = fuse_linear_bn_eval(before, part)
        else:
            _refuse(part, "follow a Linear or Conv2d", "put it after one")
    return folded


def _refuse(part: nn.Module, must: str, do: str) -> None:
    check.fail("snap", "module", must, type(part).__name__, do)
