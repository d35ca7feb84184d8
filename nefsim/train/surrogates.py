"""Surrogate gradients: a step forwards, a slope of one's choice backwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nefsim import _checks as check


@dataclass(frozen=True)
class Surrogate:
    r"""The step function with a slope that learning can follow.

    .. math:: H(z) = [z > 0], \qquad \frac{dH}{dz} := slope(z)

    The derivative of a step is zero nearly everywhere, so that nothing would be learnt
    through it; a slope around the threshold is put in its place, and only there.

    Parameters
    ----------
    name : str
        What it is called.
    slope : callable
        From ``z``, the potential less the threshold, to what stands for the derivative.

    Examples
    --------
    >>> z = torch.tensor([-0.4, 0.2, 0.7], requires_grad=True)
    >>> spikes = boxcar()(z)
    >>> spikes.sum().backward()
    >>> spikes.tolist(), z.grad.tolist()
    ([0.0, 1.0, 1.0], [1.0, 1.0, 0.0])
    """

    name: str
    slope: Callable[[Any], Any]

    def __call__(self, z: Tensor, threshold_rule: str = ">") -> Tensor:
        """1 where ``z > 0`` (or ``>= 0``), else 0; backwards, the slope."""
        return _Step.apply(z, self.slope, threshold_rule == ">=")


class _Step(torch.autograd.Function):
    """The step; what is not a number does not fire, as no comparison with it holds."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, slope: Callable[[Any], Any], inclusive: bool) -> Tensor:
        """Spikes; the slope is kept for the way back."""
        if ctx.needs_input_grad[0]:
            ctx.save_for_backward(slope(z))
        return (z >= 0 if inclusive else z > 0).to(z.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        """The gradient times the slope."""
        return grad * ctx.saved_tensors[0], None, None


def heaviside() -> Surrogate:
    """``H' = H``: 1 where the neuron fires, 0 elsewhere."""
    return Surrogate("heaviside", lambda z: (z > 0).to(z.dtype))


def boxcar(width: float = 1.0) -> Surrogate:
    """``1 / width`` where ``|z| < width / 2``, else 0: the slope of a hard sigmoid."""
    w = check.positive("boxcar", "width", width)
    return Surrogate("boxcar", lambda z: (z.abs() < w / 2).to(z.dtype) / w)


def tanh() -> Surrogate:
    """``1 - tanh(z)**2``."""
    return Surrogate("tanh", lambda z: 1.0 - torch.tanh(z) ** 2)


def arctan(alpha: float = 2.0) -> Surrogate:
    """``alpha / 2 / (1 + (pi alpha z / 2)**2)``, the slope of an arc tangent from 0 to 1."""
    a = check.positive("arctan", "alpha", alpha)
    return Surrogate("arctan", lambda z: 0.5 * a / (1.0 + (0.5 * torch.pi * a * z) ** 2))


def sigmoid(alpha: float = 4.0) -> Surrogate:
    """``alpha s (1 - s)`` with ``s = 1 / (1 + exp(-alpha z))``."""
    a = check.positive("sigmoid", "alpha", alpha)

    def slope(z: Any) -> Any:
        s = torch.sigmoid(a * z)
        return a * s * (1.0 - s)

    return Surrogate("sigmoid", slope)


def fast_sigmoid(alpha: float = 25.0) -> Surrogate:
    """``1 / (1 + alpha |z|)**2``."""
    a = check.positive("fast_sigmoid", "alpha", alpha)
    return Surrogate("fast_sigmoid", lambda z: 1.0 / (1.0 + a * z.abs()) ** 2)


def triangular(width: float = 1.0) -> Surrogate:
    """``max(0, 1 - |z| / width) / width``."""
    w = check.positive("triangular", "width", width)
    return Surrogate("triangular", lambda z: (1.0 - z.abs() / w).clamp(min=0.0) / w)


def straight_through() -> Surrogate:
    """1 everywhere: the gradient passes as though there were no step."""
    return Surrogate("straight_through", torch.ones_like)


#: All surrogates with their defaults, by name.
SURROGATES = {
    made.name: made
    for made in (
        heaviside(),
        boxcar(),
        tanh(),
        arctan(),
        sigmoid(),
        fast_sigmoid(),
        triangular(),
        straight_through(),
    )
}


def as_surrogate(who: str, surrogate: str | Surrogate) -> Surrogate:
    """A surrogate as it is, or the one of a name."""
    if isinstance(surrogate, Surrogate):
        return surrogate
    return SURROGATES[check.one_of(who, "surrogate", surrogate, tuple(SURROGATES))]
