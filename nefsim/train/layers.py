"""Layers one after another, and what stands between layers of spiking neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from nefsim import _checks as check
from nefsim.train.neurons import State, Stateful

if TYPE_CHECKING:
    from nefsim.train.summary import Summary


class Layers(Stateful):
    """Modules one after another, some of them with a state; the whole has a list of states.

    Any module of PyTorch without a state of its own in time can stand between spiking ones:
    ``Linear``, ``Conv2d``, ``BatchNorm2d``, ``Flatten``, and for pooling ``MaxPool2d``, whose
    output stays 0 or 1, or ``AvgPool2d``.  :meth:`run` hands it all steps at once as one
    batch; for what is learnt by batch normalisation that is a batch of T times the size.

    Parameters
    ----------
    *modules : Module
        In order.

    Examples
    --------
    >>> from nefsim.train import IF
    >>> net = Layers(nn.Linear(4, 3), IF(), nn.Linear(3, 2), IF())
    >>> y_seq, states = net.run(torch.rand(10, 5, 4))
    >>> y_seq.shape, len(states)
    (torch.Size([10, 5, 2]), 4)
    """

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        for module in modules:
            do = "pass modules such as Linear(2, 3), IF()"
            check.instance("Layers", "modules", module, nn.Module, "modules of PyTorch", do)
        self.layers = nn.ModuleList(modules)

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        """One step through all layers."""
        states = []
        for module, before in zip(self.layers, state or [None] * len(self.layers), strict=True):
            after = None
            if isinstance(module, Stateful):
                x, after = module(x, before)
            else:
                x = module(x)
            states.append(after)
        return x, states

    def run(self, x_seq: Tensor, state: State = None) -> tuple[Tensor, State]:
        """All steps, layer by layer."""
        states = []
        for module, before in zip(self.layers, state or [None] * len(self.layers), strict=True):
            after = None
            if isinstance(module, Stateful):
                x_seq, after = module.run(x_seq, before)
            else:
                x_seq = at_each_step(module, x_seq)
            states.append(after)
        return x_seq, states

    def summary(self, x_seq: Tensor) -> Summary:
        """Parameters and multiply-adds of a run on ``x_seq``; see :func:`summary`."""
        from nefsim.train.summary import summary

        return summary(self, x_seq)


def at_each_step(module: nn.Module, x_seq: Tensor) -> Tensor:
    """A module that knows no time, on all steps (T, B, ...) as one batch."""
    if x_seq.ndim < 3:
        return module(x_seq)  # (T, features): the steps are the batch
    return module(x_seq.flatten(0, 1)).unflatten(0, x_seq.shape[:2])


class DirectEncoding(Stateful):
    """The first layers of a network whose input stands still, evaluated once.

    Their output is what the first neurons receive at every step.  The input of
    :meth:`run` is the picture (B, ...), and the output has ``n_steps`` equal rows.

    Parameters
    ----------
    *modules : Module
        Such as ``Conv2d`` and ``BatchNorm2d``.
    n_steps : int
        T.

    Examples
    --------
    >>> y_seq, _ = DirectEncoding(nn.Linear(4, 3), n_steps=8).run(torch.rand(5, 4))
    >>> y_seq.shape
    torch.Size([8, 5, 3])
    """

    def __init__(self, *modules: nn.Module, n_steps: int) -> None:
        super().__init__()
        self.modules_once = nn.Sequential(*modules)
        self.n_steps = check.integer("DirectEncoding", "n_steps", n_steps, low=1)

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The encoded input, kept as the state after the first step."""
        encoded = self.modules_once(x) if state is None else state
        return encoded, encoded

    def run(self, x_seq: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The encoded input, ``n_steps`` times over."""
        encoded, state = self(x_seq, state)
        return encoded.expand(self.n_steps, *encoded.shape), state


class Dropout(Stateful):
    """Dropout whose mask stays the same for all steps of an input.

    Parameters
    ----------
    p : float
        Share of the elements set to 0 while training; the others are divided by ``1 - p``.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = check.real("Dropout", "p", p, low=0.0, high=1.0, open_high=True)

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        """One step; the mask is the state."""
        if not self.training:
            return x, state
        if state is None:
            state = (torch.rand_like(x) >= self.p).to(x.dtype) / (1.0 - self.p)
        return x * state, state

    def run(self, x_seq: Tensor, state: State = None) -> tuple[Tensor, State]:
        """All steps under one mask."""
        _, state = self(x_seq[0], state)
        return (x_seq * state if self.training else x_seq), state


class Vote(nn.Module):
    """The mean of each group of ``n`` neurons in a row, which vote for one class.

    Parameters
    ----------
    n : int
        Neurons to a group.

    Examples
    --------
    >>> Vote(2)(torch.tensor([1.0, 0.0, 1.0, 1.0])).tolist()
    [0.5, 1.0]
    """

    def __init__(self, n: int = 10) -> None:
        super().__init__()
        self.n = check.integer("Vote", "n", n, low=1)

    def forward(self, x: Tensor) -> Tensor:
        """Means over groups of the last axis."""
        return x.unflatten(-1, (-1, self.n)).mean(-1)
