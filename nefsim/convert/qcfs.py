"""The QCFS activation: a ReLU with a learned limit and a fixed number of levels."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from nefsim import _checks as check


class _Floor(torch.autograd.Function):
    """The floor function, whose gradient is replaced by 1."""

    @staticmethod
    def forward(context: Any, x: torch.Tensor) -> torch.Tensor:
        del context
        return x.floor()

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> torch.Tensor:
        del context
        return gradients[0]


class QCFS(nn.Module):
    r"""ReLU that is clipped and quantised to equal steps, for training before conversion.

    .. math:: y = \lambda \, \mathrm{clip}\!\left(
              \frac{1}{L} \left\lfloor \frac{x L}{\lambda} + \frac{1}{2} \right\rfloor, 0, 1
              \right)

    The limit λ is trained with the weights; the gradient of the floor is replaced by 1.

    Parameters
    ----------
    levels : int
        Number of steps L from 0 to the limit.
    limit : float
        Initial value of λ.

    Raises
    ------
    ValueError, TypeError
        If ``levels`` is not a whole number above 0, or ``limit`` not a number above 0.

    See Also
    --------
    qcfs : Conversion of a model with this activation.

    References
    ----------
    Bu, Fang, Ding, Dai, Yu & Huang (2022), Optimal ANN-SNN conversion for high-accuracy and
    ultra-low-latency spiking neural networks, ICLR.

    Examples
    --------
    >>> QCFS(levels=4, limit=1.0)(torch.tensor([-1.0, 0.1, 0.2, 0.6, 3.0])).tolist()
    [0.0, 0.0, 0.25, 0.5, 1.0]
    """

    def __init__(self, levels: int = 8, limit: float = 8.0) -> None:
        super().__init__()
        do = "pass a number of steps"
        self.levels = check.integer("QCFS", "levels", levels, do, 1, 10**6)
        self.limit = nn.Parameter(torch.tensor(check.positive("QCFS", "limit", limit)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the activation to each element of ``x``.

        Parameters
        ----------
        x : Tensor
            Any shape.

        Returns
        -------
        Tensor of the same shape
        """
        steps = _Floor.apply(x * self.levels / self.limit + 0.5) / self.levels
        return self.limit * torch.clip(steps, 0.0, 1.0)

    def extra_repr(self) -> str:
        """The parameters, as text for ``repr``.

        Returns
        -------
        str
        """
        return f"levels={self.levels}, limit={float(self.limit):g}"
