"""Surrogate gradients: step functions whose derivative is replaced in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from nefsim import _checks as check


@dataclass(frozen=True)
class Surrogate:
    r"""A step function with a surrogate derivative.

    .. math:: H(z) = [z > 0], \qquad \frac{dH}{dz} := slope(z)

    The derivative of a step is 0 almost everywhere, so gradient descent would change nothing.
    The backward pass uses ``slope`` instead.

    Parameters
    ----------
    name : str
        Name of the surrogate.
    slope : callable
        ``slope(z)`` returns the surrogate derivative at z, the potential minus the threshold.

    Raises
    ------
    TypeError
        If an argument is of another type.

    See Also
    --------
    plot_surrogate : A figure of the slope.

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

    def __post_init__(self) -> None:
        check.instance("Surrogate", "name", self.name, str, "a string", "pass a name")
        check.function("Surrogate", "slope", self.slope)

    def __call__(self, z: Tensor, threshold_rule: str = ">") -> Tensor:
        """Return 1 where ``z > 0`` (or ``>= 0``) and 0 elsewhere.

        Parameters
        ----------
        z : Tensor
            Potential minus the threshold.
        threshold_rule : {">", ">="}
            Whether a neuron fires above the threshold only, or also at the threshold.

        Returns
        -------
        Tensor
        """
        return _Step.apply(z, self.slope, threshold_rule == ">=")


class _Step(torch.autograd.Function):
    """The step function for autograd; it is 0 at NaN."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, slope: Callable[[Any], Any], inclusive: bool) -> Tensor:
        """Compute spikes, and save the slope for the backward pass."""
        if ctx.needs_input_grad[0]:
            ctx.save_for_backward(slope(z))
        return (z >= 0 if inclusive else z > 0).to(z.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        """Multiply the gradient by the slope."""
        return grad * ctx.saved_tensors[0], None, None


def heaviside() -> Surrogate:
    """Surrogate with slope ``H' = H``: 1 where the neuron fires, 0 elsewhere.

    Returns
    -------
    Surrogate

    See Also
    --------
    straight_through, boxcar

    Examples
    --------
    >>> import torch
    >>> heaviside().slope(torch.tensor([-1.0, 1.0]))
    tensor([0., 1.])
    """
    return Surrogate("heaviside", _heaviside)


def boxcar(width: float = 1.0) -> Surrogate:
    """Surrogate with slope ``1 / width`` where ``|z| < width / 2``, 0 elsewhere.

    Parameters
    ----------
    width : float
        Width of the box.

    Returns
    -------
    Surrogate

    Raises
    ------
    ValueError, TypeError
        If ``width`` is not a number above 0.

    See Also
    --------
    triangular, sigmoid

    Examples
    --------
    >>> import torch
    >>> boxcar(0.5).slope(torch.tensor([0.0, 1.0]))
    tensor([2., 0.])
    """
    return Surrogate("boxcar", partial(_boxcar, check.positive("boxcar", "width", width)))


def tanh() -> Surrogate:
    """Surrogate with slope ``1 - tanh(z)**2``.

    Returns
    -------
    Surrogate

    See Also
    --------
    sigmoid, arctan

    Examples
    --------
    >>> import torch
    >>> tanh().slope(torch.tensor([0.0]))
    tensor([1.])
    """
    return Surrogate("tanh", _tanh)


def arctan(alpha: float = 2.0) -> Surrogate:
    """Surrogate with the slope of an arc tangent, ``alpha / 2 / (1 + (pi alpha z / 2)**2)``.

    Parameters
    ----------
    alpha : float
        Steepness: twice the slope at 0.

    Returns
    -------
    Surrogate

    Raises
    ------
    ValueError, TypeError
        If ``alpha`` is not a number above 0.

    See Also
    --------
    tanh, fast_sigmoid

    Examples
    --------
    >>> import torch
    >>> arctan(2.0).slope(torch.tensor([0.0]))
    tensor([1.])
    """
    return Surrogate("arctan", partial(_arctan, check.positive("arctan", "alpha", alpha)))


def sigmoid(alpha: float = 4.0) -> Surrogate:
    """Surrogate with slope ``alpha s (1 - s)``, where ``s = 1 / (1 + exp(-alpha z))``.

    Parameters
    ----------
    alpha : float
        Steepness: four times the slope at 0.

    Returns
    -------
    Surrogate

    Raises
    ------
    ValueError, TypeError
        If ``alpha`` is not a number above 0.

    See Also
    --------
    tanh, fast_sigmoid

    Examples
    --------
    >>> import torch
    >>> sigmoid(4.0).slope(torch.tensor([0.0]))
    tensor([1.])
    """
    return Surrogate("sigmoid", partial(_sigmoid, check.positive("sigmoid", "alpha", alpha)))


def fast_sigmoid(alpha: float = 25.0) -> Surrogate:
    """Surrogate with slope ``1 / (1 + alpha |z|)**2``.

    Parameters
    ----------
    alpha : float
        Steepness: 1 / alpha is the distance from the threshold at which the slope is 1/4.

    Returns
    -------
    Surrogate

    Raises
    ------
    ValueError, TypeError
        If ``alpha`` is not a number above 0.

    See Also
    --------
    sigmoid, arctan

    Examples
    --------
    >>> import torch
    >>> fast_sigmoid(1.0).slope(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.2500])
    """
    a = check.positive("fast_sigmoid", "alpha", alpha)
    return Surrogate("fast_sigmoid", partial(_fast_sigmoid, a))


def triangular(width: float = 1.0) -> Surrogate:
    """Surrogate with slope ``max(0, 1 - |z| / width) / width``.

    Parameters
    ----------
    width : float
        Distance from the threshold at which the slope is 0.

    Returns
    -------
    Surrogate

    Raises
    ------
    ValueError, TypeError
        If ``width`` is not a number above 0.

    See Also
    --------
    boxcar

    Examples
    --------
    >>> import torch
    >>> triangular(0.5).slope(torch.tensor([0.0, 1.0]))
    tensor([2., 0.])
    """
    w = check.positive("triangular", "width", width)
    return Surrogate("triangular", partial(_triangular, w))


def straight_through() -> Surrogate:
    """Surrogate with slope 1 everywhere: gradients pass the step unchanged.

    Returns
    -------
    Surrogate

    See Also
    --------
    heaviside

    Examples
    --------
    >>> import torch
    >>> straight_through().slope(torch.tensor([-1.0, 1.0]))
    tensor([1., 1.])
    """
    return Surrogate("straight_through", torch.ones_like)


# The slopes are functions of the module, so that surrogates can be pickled.


def _heaviside(z: Any) -> Any:
    return (z > 0).to(z.dtype)


def _boxcar(w: float, z: Any) -> Any:
    return (z.abs() < w / 2).to(z.dtype) / w


def _tanh(z: Any) -> Any:
    return 1.0 - torch.tanh(z) ** 2


def _arctan(a: float, z: Any) -> Any:
    return 0.5 * a / (1.0 + (0.5 * torch.pi * a * z) ** 2)


def _sigmoid(a: float, z: Any) -> Any:
    s = torch.sigmoid(a * z)
    return a * s * (1.0 - s)


def _fast_sigmoid(a: float, z: Any) -> Any:
    return 1.0 / (1.0 + a * z.abs()) ** 2


def _triangular(w: float, z: Any) -> Any:
    return (1.0 - z.abs() / w).clamp(min=0.0) / w


#: All surrogates with their defaults, by name.
SURROGATES = {
    surrogate.name: surrogate
    for surrogate in (
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
    """Return a surrogate unchanged, or find it by name."""
    if isinstance(surrogate, Surrogate):
        return surrogate
    return SURROGATES[check.one_of(who, "surrogate", surrogate, tuple(SURROGATES))]
