"""Count the parameters and multiply-adds of a module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nefsim import _checks as check
from nefsim.train.neurons import Stateful


@dataclass(frozen=True)
class Row:
    """One module of a :class:`Summary`.

    Attributes
    ----------
    name, kind : str
        Qualified name of the module, and its class.
    shape : tuple of int
        Shape of its output.
    n_parameters : int
        Number of parameters, without those of inner modules.
    multiply_adds : int
        Number of products of a weight and an input in the run.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    n_parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class Summary:
    """Parameters and multiply-adds of a network by module; ``print`` shows a table.

    Attributes
    ----------
    rows : tuple of Row
        A row for each module.

    See Also
    --------
    summary : The function that returns it.
    """

    rows: tuple[Row, ...]

    @property
    def n_parameters(self) -> int:
        """Total number of parameters."""
        return sum(row.n_parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Total number of multiply-adds."""
        return sum(row.multiply_adds for row in self.rows)

    def __str__(self) -> str:
        width = max(len(f"{row.name} {row.kind}") for row in self.rows)
        lines = [f"{'module':<{width}}  {'output':<20}{'parameters':>12}{'multiply-adds':>16}"]
        for row in self.rows:
            name, shape = f"{row.name} {row.kind}", str(list(row.shape))
            lines.append(
                f"{name:<{width}}  {shape:<20}{row.n_parameters:>12,}{row.multiply_adds:>16,}"
            )
        total = f"{self.n_parameters:>12,}{self.multiply_adds:>16,}"
        return "\n".join([*lines, f"{'total':<{width}}  {'':<20}{total}"])


def summary(module: nn.Module, x_seq: Tensor) -> Summary:
    """Count the parameters and multiply-adds of a module in a run on ``x_seq``.

    Every product of a weight and an input counts, in each step and for each example, even if
    the input is 0.  Biases and neurons are not counted.

    Parameters
    ----------
    module : Module
        The module to run.
    x_seq : Tensor
        Input of ``module.run``, or of ``module`` if it has no state.

    Returns
    -------
    Summary

    Raises
    ------
    ValueError, TypeError
        If ``module`` is not a module, or ``x_seq`` not one of its inputs.

    See Also
    --------
    Layers.summary : The same as a method.

    Examples
    --------
    >>> from nefsim.train import IF, Layers
    >>> table = summary(Layers(nn.Linear(300, 500), IF()), torch.zeros(10, 300))
    >>> table.n_parameters, table.multiply_adds
    (150500, 1500000)
    """
    do = "pass a module of PyTorch"
    check.instance("summary", "module", module, nn.Module, "a module", do)
    check.instance("summary", "x_seq", x_seq, Tensor, "a tensor", "pass an input of the module")
    shapes: dict[nn.Module, tuple[int, ...]] = {}
    counts: dict[nn.Module, int] = {}

    def count(part: nn.Module, inputs: Any, output: Any) -> None:
        out = output[0] if isinstance(output, tuple) else output
        shapes[part] = tuple(out.shape)
        if isinstance(part, nn.Linear | nn.Conv2d):
            # Each element of the output is a sum over one row of the weights.
            counts[part] = counts.get(part, 0) + out.numel() * part.weight[0].numel()

    handles = [part.register_forward_hook(count) for part in module.modules()]
    training = module.training
    try:
        with torch.no_grad():
            module.eval()
            module.run(x_seq) if isinstance(module, Stateful) else module(x_seq)
    finally:
        module.train(training)
        for handle in handles:
            handle.remove()
    rows = []
    for name, part in module.named_modules():
        own = sum(p.numel() for p in part.parameters(recurse=False))
        if own or part in counts or not any(part.children()):
            shape = shapes.get(part, ())
            rows.append(Row(name, type(part).__name__, shape, own, counts.get(part, 0)))
    return Summary(tuple(rows))
