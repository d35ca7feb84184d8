"""Loss functions of the spikes of the last layer; time is the first axis."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nefsim import _checks as check

READINGS = ("counts", "spikes")


def mean_spike_loss(y_seq: Tensor) -> Tensor:
    """The squared mean number of spikes per neuron and step, ``mean(y)**2``, as a penalty.

    Parameters
    ----------
    y_seq : Tensor (T, ...)
        Spikes.

    Returns
    -------
    Tensor ()

    See Also
    --------
    count_loss, rate_loss

    Examples
    --------
    >>> import torch
    >>> mean_spike_loss(torch.tensor([0.0, 1.0]))
    tensor(0.2500)
    """
    return y_seq.mean() ** 2


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
        If ``reading`` is neither of the two.

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
    check.one_of("count_loss", "reading", reading, READINGS)
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

    See Also
    --------
    count_loss, decide

    Examples
    --------
    >>> import torch
    >>> rate_loss(torch.tensor([[[1.0, 0.0]]]), torch.tensor([0]))
    tensor(0.)
    """
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

    See Also
    --------
    accuracy : Share of correct classes.

    Examples
    --------
    >>> import torch
    >>> decide(torch.tensor([[[0.0, 1.0]], [[1.0, 1.0]]])).tolist()
    [1]
    """
    return torch.argmax(y_seq.sum(0), dim=-1)
