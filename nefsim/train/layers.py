"""Sequences of layers, and modules between layers of spiking neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from nefsim import _checks as check
from nefsim.train.neurons import State, Stateful, check_steps

if TYPE_CHECKING:
    from nefsim.train.summary import Summary


class Layers(Stateful):
    """A sequence of spiking and ordinary modules; its state is the list of their states.

    Between spiking modules, use modules of PyTorch such as ``Linear``, ``Conv2d``,
    ``BatchNorm2d``, ``Flatten``, ``AvgPool2d`` and ``MaxPool2d`` (of spikes).  :meth:`run`
    passes all T steps to them as one batch of T * B examples, over which batch normalisation
    averages.

    Parameters
    ----------
    *modules : Module
        The modules, in order.

    Raises
    ------
    TypeError
        If an argument is not a module of PyTorch.

    See Also
    --------
    DirectEncoding, Dropout, Vote
    to_network : Export a trained sequence.

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
        """Compute one step of all layers.

        Parameters
        ----------
        x : Tensor (B, ...)
            Input of the step.
        state : list or None
            State of each module; None is rest.

        Returns
        -------
        y : Tensor (B, ...)
            Output of the step.
        state : list
            State after the step.
        """
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
        """Compute all steps, layer by layer.

        Parameters
        ----------
        x_seq : Tensor (T, B, ...)
            Inputs of all steps; with two axes, (T, N), the steps of one input without a batch.
        state : list or None
            State of each module; None is rest.

        Returns
        -------
        y_seq : Tensor (T, B, ...)
            Outputs of all steps.
        state : list
            State after the last step.

        Raises
        ------
        TypeError
            If the input is no tensor.
        """
        check_steps("Layers.run", x_seq)
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
        """Count the parameters and multiply-adds of a run, as :func:`summary` does.

        Parameters
        ----------
        x_seq : Tensor
            Input of :meth:`run`.

        Returns
        -------
        Summary
        """
        from nefsim.train.summary import summary

        return summary(self, x_seq)


def at_each_step(module: nn.Module, x_seq: Tensor) -> Tensor:
    """Pass all steps (T, B, ...) to a module without state as one batch; return its output."""
    if x_seq.ndim < 3:
        return module(x_seq)  # (T, features): the steps are the batch
    return module(x_seq.flatten(0, 1)).unflatten(0, x_seq.shape[:2])


class DirectEncoding(Stateful):
    """Linear first layers of a network with a constant input, evaluated once per input.

    The input of :meth:`run` is an image (B, ...).  The output, ``n_steps`` equal rows, is the
    input current of the first spiking layer in each step.

    Parameters
    ----------
    *modules : Module
        Modules such as ``Conv2d`` and ``BatchNorm2d``.
    n_steps : int
        Number of steps T.

    Raises
    ------
    ValueError, TypeError
        If ``n_steps`` is not a whole number above 0.

    See Also
    --------
    Layers
    poisson, latency : Encoding by spikes.

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
        """Compute the output in the first step; return it from the state in later steps."""
        encoded = self.modules_once(x) if state is None else state
        return encoded, encoded

    def run(self, x_seq: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Compute the output once and repeat it ``n_steps`` times."""
        check_steps("DirectEncoding.run", x_seq)
        encoded, state = self(x_seq, state)
        return encoded.expand(self.n_steps, *encoded.shape), state


class Dropout(Stateful):
    """Dropout of the same elements in all steps of an input.

    Parameters
    ----------
    p : float
        Share of the elements set to 0 during training; the others are divided by ``1 - p``.

    Raises
    ------
    ValueError, TypeError
        If ``p`` is not a number from 0 to 1.

    See Also
    --------
    Layers

    Examples
    --------
    >>> import torch
    >>> y_seq, _ = Dropout(0.5).run(torch.ones(3, 1, 8))
    >>> bool((y_seq == y_seq[0]).all())
    True
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = check.real("Dropout", "p", p, low=0.0, high=1.0, open_high=True)

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Apply the dropout in one step; the state is the mask."""
        if not self.training:
            return x, state
        if state is None:
            state = (torch.rand_like(x) >= self.p).to(x.dtype) / (1.0 - self.p)
        return x * state, state

    def run(self, x_seq: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Apply the dropout to all steps, with one mask."""
        _, state = self(x_seq[0], state)
        return (x_seq * state if self.training else x_seq), state


class Vote(nn.Module):
    """Mean spikes of each group of ``n`` consecutive neurons, which vote for one class.

    Parameters
    ----------
    n : int
        Number of neurons in a group.

    Raises
    ------
    ValueError, TypeError
        If ``n`` is not a whole number above 0.

    See Also
    --------
    rate_loss : The loss of votes.

    Examples
    --------
    >>> Vote(2)(torch.tensor([1.0, 0.0, 1.0, 1.0])).tolist()
    [0.5, 1.0]
    """

    def __init__(self, n: int = 10) -> None:
        super().__init__()
        self.n = check.integer("Vote", "n", n, low=1)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the means of groups of the last axis.

        Parameters
        ----------
        x : Tensor (..., C * n)
            Spikes.

        Returns
        -------
        Tensor (..., C)
        """
        return x.unflatten(-1, (-1, self.n)).mean(-1)
