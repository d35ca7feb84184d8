"""A training loop with batches, seeds, a progress bar and checkpoints."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from nefsim import _checks as check
from nefsim._schema import misfit
from nefsim.files import as_target
from nefsim.progress import Progress, progress_bar
from nefsim.train.checkpoints import load_if, save
from nefsim.train.losses import decide
from nefsim.train.neurons import Stateful

Batch = tuple[Tensor, Tensor]


class Batches:
    """Training data in batches, whose inputs may be encoded, for instance as spikes.

    The order of examples and the random numbers of the encoder depend on ``seed`` and the
    number of the epoch only.  So training can be repeated, and resumed from a checkpoint.

    Parameters
    ----------
    inputs, targets : Tensor or array_like (P, ...)
        Inputs and targets of P examples.  Floating-point numbers that are not a tensor get
        PyTorch's default type, usually float32, as weights have; a tensor keeps its type.
    size : int
        Number of examples in a batch; the last batch may be smaller.
    encode : callable or None
        ``encode(inputs, generator)`` returns the input of the model for a batch, such as spikes
        (T, B, ...).  None passes the inputs unchanged.
    shuffle : bool
        Whether each epoch has a new random order.
    seed : int
        Seed of the order and of the encoder.

    Raises
    ------
    ValueError, TypeError
        If inputs and targets differ in number, or an argument is out of range.

    See Also
    --------
    fit : Train a module with these batches.

    Examples
    --------
    >>> batches = Batches(torch.arange(5.0), torch.arange(5), size=2, shuffle=False)
    >>> [x.tolist() for x, _ in batches]
    [[0.0, 1.0], [2.0, 3.0], [4.0]]
    """

    def __init__(
        self,
        inputs: ArrayLike,
        targets: ArrayLike,
        size: int = 128,
        encode: Callable[[Tensor, torch.Generator], Tensor] | None = None,
        shuffle: bool = True,
        seed: int = 0,
    ) -> None:
        self.inputs = as_examples("Batches", "inputs", inputs)
        self.targets = as_examples("Batches", "targets", targets)
        self.size = check.integer("Batches", "size", size, low=1)
        if len(self.inputs) != len(self.targets) or not len(self.inputs):
            got = f"{len(self.inputs)} and {len(self.targets)}"
            do = "pass a row for each example in both"
            check.fail("Batches", "inputs", "have the number of targets", got, do)
        self.encode, self.shuffle = encode, check.flag("Batches", "shuffle", shuffle)
        self.seed = check.integer("Batches", "seed", seed, high=2**31)
        self.n_passes = 0

    def __len__(self) -> int:
        return -(-len(self.inputs) // self.size)

    def __iter__(self) -> Iterator[Batch]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.n_passes)
        self.n_passes += 1
        n = len(self.inputs)
        order = torch.randperm(n, generator=generator) if self.shuffle else torch.arange(n)
        for indices in order.split(self.size):
            x = self.inputs[indices]
            yield (self.encode(x, generator) if self.encode else x), self.targets[indices]


def as_tensor(values: Any) -> Tensor:
    """Return a tensor unchanged, or copy an array to one; floats get PyTorch's default type."""
    if isinstance(values, Tensor):
        return values
    tensor = torch.tensor(np.asarray(values))
    return tensor.to(torch.get_default_dtype()) if tensor.is_floating_point() else tensor


def as_examples(who: str, argument: str, values: Any) -> Tensor:
    """Check examples: a tensor, or numbers that can be one, with a row for each example."""
    do = "pass numbers with a row for each example"
    try:
        tensor = as_tensor(values)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        check.fail(who, argument, "be numbers", check.show(values), do, TypeError)
    if not tensor.ndim:
        check.fail(who, argument, "have an axis of examples", check.show(values), do)
    return tensor


@dataclass
class History:
    """Losses and scores of a training.

    Attributes
    ----------
    losses : list of float
        The loss of each batch.
    epochs : list of dict
        For each epoch the mean ``loss``, and the ``score`` if there is an ``evaluate``.

    See Also
    --------
    fit : The function that returns it.
    """

    losses: list[float] = field(default_factory=list)
    epochs: list[dict[str, float]] = field(default_factory=list)


def fit(
    module: nn.Module,
    batches: Iterable[Batch],
    loss: Callable[[Tensor, Tensor], Tensor],
    epochs: int = 1,
    optimizer: torch.optim.Optimizer | None = None,
    scheduler: Any = None,
    evaluate: Callable[[nn.Module], float] | None = None,
    clip: float | None = None,
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> History:
    """Train a module by gradient descent.

    Parameters
    ----------
    module : Module
        Module to train.  The outputs of a spiking module are those of all steps, ``module.run``.
    batches : iterable of (inputs, targets)
        Training data of an epoch: :class:`Batches` or a ``DataLoader``.
    loss : callable
        ``loss(outputs, targets)`` returns a scalar.
    epochs : int
        Total number of epochs, including those before a checkpoint.
    optimizer : Optimizer or None
        Optimizer of the parameters; None means Adam with a learning rate of 1e-3.
    scheduler : LRScheduler or None
        Scheduler of the learning rate, which is stepped after each epoch.
    evaluate : callable or None
        ``evaluate(module)``, called after each epoch, returns a score to record.
    clip : float or None
        Largest absolute value of an element of the gradient; None does not clip.
    seed : int
        Seed of PyTorch's global generator during training; its state is restored afterwards.
    checkpoint : path or None
        File to write after each epoch; ".npz" is added to a name without an ending.  If the
        file exists at the start, training resumes from it, with the same result as a training
        without interruption.
    progress : bool, callable or None
        Whether to show a bar of batches, or a function ``progress(done, total)``.  None shows
        a bar if there is a terminal.  Without tqdm a plain counter is shown.

    Returns
    -------
    History

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or the checkpoint is of another module.

    See Also
    --------
    accuracy : The score of a classifier.
    save, load : Write and read checkpoints.

    Examples
    --------
    >>> import torch
    >>> module = torch.nn.Linear(1, 1, bias=False)
    >>> x = torch.linspace(-1.0, 1.0, 20)[:, None]
    >>> history = fit(module, Batches(x, 2 * x, 5), torch.nn.functional.mse_loss, 3, progress=False)
    >>> len(history.losses), len(history.epochs)
    (12, 3)
    """
    do = "pass a module of PyTorch"
    check.instance("fit", "module", module, nn.Module, "a module", do)
    check.function("fit", "loss", loss)
    if evaluate is not None:
        check.function("fit", "evaluate", evaluate)
    n_epochs = check.integer("fit", "epochs", epochs, "pass a number of epochs")
    seed = check.integer("fit", "seed", seed, high=2**31)
    most = None if clip is None else check.positive("fit", "clip", clip)
    if optimizer is not None and (isinstance(optimizer, type) or not hasattr(optimizer, "step")):
        do = "pass such as torch.optim.Adam(module.parameters(), lr=1e-3)"
        must, got = "be an optimizer of PyTorch", check.show(optimizer)
        check.fail("fit", "optimizer", must, got, do, TypeError)
    optimizer = optimizer or torch.optim.Adam(module.parameters(), lr=1e-3)
    target = None if checkpoint is None else as_target("fit", checkpoint, "checkpoint")
    bar, history = progress_bar("fit", progress), History()
    if target is not None and target.is_file():
        history = _resumed(target, module, optimizer, scheduler)
    for epoch in range(len(history.epochs), n_epochs):
        if isinstance(batches, Batches):
            batches.n_passes = epoch
        with torch.random.fork_rng():
            torch.manual_seed(seed * 1_000_003 + epoch)
            losses = _epoch(module, batches, loss, optimizer, most, bar)
        _warn_of_overflow(module)
        if scheduler is not None:
            scheduler.step()
        history.losses += losses
        scores = {"loss": sum(losses) / max(len(losses), 1)}
        if evaluate is not None:
            scores["score"] = float(evaluate(module))
        history.epochs.append(scores)
        if target is not None:
            save(target, module, optimizer, scheduler, asdict(history))
    return history


def _resumed(file: Path, module: nn.Module, optimizer: Any, scheduler: Any) -> History:
    """Load a checkpoint into module, optimizer and scheduler, and return its history."""

    def is_history(info: Any) -> str:
        return misfit(info, {"losses": [float], "epochs": [{"loss": float}]}, "info")

    info = load_if(is_history, file, module, optimizer, scheduler)
    return History(info["losses"], info["epochs"])


def _epoch(
    module: nn.Module, batches: Any, loss: Any, optimizer: Any, clip: float | None, bar: Progress
) -> list[float]:
    """Train for one epoch; return the loss of each batch."""
    module.train()
    device, losses, pairs = device_of(module), [], checked("fit", batches)
    with bar(_length(batches)) as (_, report):
        for x, target in pairs:
            y, target = outputs(module, x.to(device)), target.to(device)
            _check_loss(module, loss, y, target)
            value = loss(y, target)
            optimizer.zero_grad()
            value.backward()
            if clip is not None:
                nn.utils.clip_grad_value_(module.parameters(), clip)
            optimizer.step()
            losses.append(value.item())
            report(1)
    return losses


#: Losses of PyTorch that take classes, and outputs without steps.
OF_CLASSES = (nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss)


def _check_loss(module: nn.Module, loss: Any, y: Tensor, target: Tensor) -> None:
    """Refuse a loss of PyTorch that takes no outputs of all steps with a class for each input."""
    kinds = isinstance(loss, OF_CLASSES) or loss in (
        nn.functional.cross_entropy,
        nn.functional.nll_loss,
    )
    if kinds and isinstance(module, Stateful) and y.ndim == 3 and target.ndim == 1:
        must = f"take the outputs of all steps, {tuple(y.shape)}, and classes"
        do = "pass train.count_loss, or lambda y_seq, labels: loss(y_seq.mean(0), labels)"
        check.fail("fit", "loss", must, check.show(loss), do)


def _length(batches: Any) -> int:
    """The number of batches; 0 if it is not known, as of a loader of an iterable data set."""
    try:
        return len(batches)
    except TypeError:
        return 0


def checked(who: str, batches: Any) -> Iterator[Batch]:
    """An iterator over batches, each of which must be a pair of tensors."""
    do = "pass train.Batches(inputs, targets), or pairs of tensors"
    try:
        pairs = iter(batches)
    except TypeError:
        check.fail(who, "batches", "be pairs to iterate over", check.show(batches), do, TypeError)
    return _checked_pairs(who, pairs, do)


def _checked_pairs(who: str, pairs: Iterator[Any], do: str) -> Iterator[Batch]:
    for pair in pairs:
        are_tensors = isinstance(pair, (tuple, list)) and all(isinstance(x, Tensor) for x in pair)
        if not are_tensors or len(pair) != 2:
            check.fail(who, "batches", "be pairs of tensors", check.show(pair), do, TypeError)
        yield pair[0], pair[1]


def _warn_of_overflow(module: nn.Module) -> None:
    """Warn of weights that are not finite; neurons with such weights never fire."""
    n_invalid = sum(int((~p.isfinite()).sum()) for p in module.parameters())
    if n_invalid:
        cure = "pass detach_reset=True to the neurons, or clip (clip=0.1)"
        text = f"fit: weights must stay finite, got {n_invalid} that are not; {cure}."
        warnings.warn(text, RuntimeWarning, stacklevel=3)


def accuracy(
    module: nn.Module,
    batches: Iterable[Batch],
    decide: Callable[[Tensor], Tensor] = decide,
) -> float:
    """The share of examples that a module classifies correctly.

    Parameters
    ----------
    module : Module
        Module to test.
    batches : iterable of (inputs, labels)
        Test data.
    decide : callable
        ``decide(outputs)`` returns classes (B,); by default those of the units with most spikes.

    Returns
    -------
    float
        Share from 0 to 1.

    Raises
    ------
    ValueError, TypeError
        If an argument is of another type.

    See Also
    --------
    fit, decide

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]])  # one step of two examples
    >>> accuracy(torch.nn.Identity(), [(x, torch.tensor([1, 1]))])
    0.5
    """
    do = "pass a module of PyTorch"
    check.instance("accuracy", "module", module, nn.Module, "a module", do)
    right = total = 0
    training, device = module.training, device_of(module)
    module.eval()
    try:
        with torch.no_grad():
            for x, labels in checked("accuracy", batches):
                classes = decide(outputs(module, x.to(device)))
                right += int((classes == labels.to(device)).sum())
                total += len(labels)
    finally:
        module.train(training)
    return right / max(total, 1)


def outputs(module: nn.Module, x: Tensor) -> Tensor:
    """Outputs of a module; those of all steps for a spiking module."""
    return module.run(x)[0] if isinstance(module, Stateful) else module(x)


def device_of(module: nn.Module) -> torch.device:
    """The device of the parameters of a module."""
    first = next(module.parameters(), None)
    return torch.device("cpu") if first is None else first.device
