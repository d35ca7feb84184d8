"""Loss functions of the spikes of the last layer; time is the first axis."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nefsim import _checks as check

READINGS = ("counts", "spikes")


def _spikes(who: str, y_seq: object, n_axes: int) -> Tensor:
    """Check spikes: a tensor of numbers with so many axes, or any number of them if 0."""
    shape = "(T, B, N)" if n_axes == 3 else "(T, ...)"
    do = f"pass spikes of shape {shape}"
    if not isinstance(y_seq, Tensor):
        check.fail(who, "y_seq", "be a tensor", check.show(y_seq), do, TypeError)
    if not y_seq.dtype.is_floating_point:
        check.fail(who, "y_seq", "have a floating-point type", f"{y_seq.dtype}", do, TypeError)
    if not y_seq.numel() or (n_axes and y_seq.ndim != n_axes):
        check.fail(who, "y_seq", f"have shape {shape}", f"shape {tuple(y_seq.shape)}", do)
    return y_seq


def _labels(who: str, labels: object, y_seq: Tensor) -> Tensor:
    """Check that labels are a class for each of a batch."""
    batch, n = y_seq.shape[1:]
    do = f"pass {batch} whole numbers from 0 to {n - 1}"
    if not isinstance(labels, Tensor):
        check.fail(who, "labels", "be a tensor", check.show(labels), do, TypeError)
    if labels.dtype != torch.int64:
        check.fail(who, "labels", "have type torch.int64", f"{labels.dtype}", do, TypeError)
    if labels.shape != (batch,):
        check.fail(who, "labels", f"have shape ({batch},)", f"shape {tuple(labels.shape)}", do)
    if labels.device.type == "cpu":  # elsewhere a look at them would wait for all work so far
        least, most = int(labels.min()), int(labels.max())
        if least < 0 or most >= n:
            got = f"{least if least < 0 else most}"
            check.fail(who, "labels", f"be classes from 0 to {n - 1}", got, do)
    return labels


def mean_spike_loss(y_seq: Tensor) -> Tensor:
    """The squared mean number of spikes per neuron and step, ``mean(y)**2``, as a penalty.

    Parameters
    ----------
    y_seq : Tensor (T, ...)
        Spikes.

    Returns
    -------
    Tensor ()

    Raises
    ------
    ValueError, TypeError
        If it is no tensor of numbers, or empty.

    See Also
    --------
    count_loss, rate_loss

    Examples
    --------
    >>> import torch
    >>> mean_spike_loss(torch.tensor([0.0, 1.0]))
    tensor(0.2500)
    """
    return _spikes("mean_spike_loss", y_seq, 0).mean() ** 2


def count_loss(
    y_seq: Tensor, labels: Tensor, metabolic: float = 0.01, reading: str = "counts"
) -> Tensor:
    r"""Cross-entropy of the softmax of spike counts, plus a metabolic cost of spikes.

    .. math:: c_{bi} = \sum_t y_{tbi}, \qquad
              L = CE(softmax(c), label) + \frac{metabolic}{T N} \sum_{b, i} c_{bi}^2

    With ``reading="spikes"`` the metabolic cost is ``metabolic / (T N) * sum(y**2)`` over steps
    and units, averaged over the batch.  The text of the publication allows both readings; its
    program sums the squared counts over the batch.

    Parameters
    ----------
    y_seq : Tensor (T, B, N)
        Spikes of the N output units.
    labels : Tensor (B,)
        Classes.
    metabolic : float
        Weight of the metabolic cost; 0 means no cost.
    reading : {"counts", "spikes"}
        Quantity that is squared in the cost.

    Returns
    -------
    Tensor ()

    Raises
    ------
    ValueError, TypeError
        If ``reading`` is neither of the two, or an argument is of another type or shape.

    See Also
    --------
    rate_loss, decide

    Examples
    --------
    >>> import torch
    >>> y_seq = torch.tensor([[[5.0, 0.0]]])
    >>> bool(count_loss(y_seq, torch.tensor([0])) < count_loss(y_seq, torch.tensor([1])))
    True
    """
    who = "count_loss"
    check.one_of(who, "reading", reading, READINGS)
    check.real(who, "metabolic", metabolic, "pass a weight such as 0.01", low=0.0)
    y_seq = _spikes(who, y_seq, 3)
    labels = _labels(who, labels, y_seq)
    T, batch, n = y_seq.shape
    counts = y_seq.sum(0)
    squares = (counts**2).sum() if reading == "counts" else (y_seq**2).sum() / batch
    return functional.cross_entropy(counts, labels) + metabolic / (T * n) * squares


def rate_loss(y_seq: Tensor, labels: Tensor) -> Tensor:
    """Mean squared difference between spikes per step and the one-hot label.

    Parameters
    ----------
    y_seq : Tensor (T, B, N)
        Spikes, or votes, of the N classes.
    labels : Tensor (B,)
        Classes.

    Returns
    -------
    Tensor ()

    Raises
    ------
    ValueError, TypeError
        If an argument is of another type or shape.

    See Also
    --------
    count_loss, decide

    Examples
    --------
    >>> import torch
    >>> rate_loss(torch.tensor([[[1.0, 0.0]]]), torch.tensor([0]))
    tensor(0.)
    """
    y_seq = _spikes("rate_loss", y_seq, 3)
    labels = _labels("rate_loss", labels, y_seq)
    rates = y_seq.mean(0)
    targets = functional.one_hot(labels, rates.shape[-1]).to(rates.dtype)
    return functional.mse_loss(rates, targets)


def decide(y_seq: Tensor) -> Tensor:
    """The class with the most spikes, or the first of several with as many.

    Parameters
    ----------
    y_seq : Tensor (T, B, N)
        Spikes of the N output units.

    Returns
    -------
    Tensor (B,) of int

    Raises
    ------
    ValueError, TypeError
        If it is no tensor of numbers of this shape.

    See Also
    --------
    accuracy : Share of correct classes.

    Examples
    --------
    >>> import torch
    >>> decide(torch.tensor([[[0.0, 1.0]], [[1.0, 1.0]]])).tolist()
    [1]
    """
    return torch.argmax(_spikes("decide", y_seq, 3).sum(0), dim=-1)
