"""What training makes small: losses on the spikes of the last layer, time first."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nefsim import _checks as check

READINGS = ("counts", "spikes")


def mean_spike_loss(y_seq: Tensor) -> Tensor:
    """``mean(y)**2``: zero when nothing fires.

    Parameters
    ----------
    y_seq : Tensor (T, ...)
        Spikes.

    Returns
    -------
    Tensor ()
    """
    return y_seq.mean() ** 2


def count_loss(
    y_seq: Tensor, labels: Tensor, metabolic: float = 0.01, reading: str = "counts"
) -> Tensor:
    r"""Cross-entropy of the softmax of spike counts, and a cost of spikes.

    .. math:: c_{bi} = \sum_t y_{tbi}, \qquad
              L = CE(softmax(c), label) + \frac{metabolic}{T N} \sum_{b, i} c_{bi}^2

    With ``reading="spikes"`` the cost is the mean over the batch of
    ``metabolic / (T N) * sum(y**2)`` over steps and units; the two readings are of one
    published text and its program, which sums the squared counts over the batch.

    Parameters
    ----------
    y_seq : Tensor (T, B, N)
        Spikes of the N output units.
    labels : Tensor (B,)
        Classes.
    metabolic : float
        Weight of the cost; 0 leaves it out.
    reading : {"counts", "spikes"}
        What is squared.

    Returns
    -------
    Tensor ()
    """
    check.one_of("count_loss", "reading", reading, READINGS)
    T, batch, n = y_seq.shape
    counts = y_seq.sum(0)
    squares = (counts**2).sum() if reading == "counts" else (y_seq**2).sum() / batch
    return functional.cross_entropy(counts, labels) + metabolic / (T * n) * squares


def rate_loss(y_seq: Tensor, labels: Tensor) -> Tensor:
    """Mean squared difference of firing rates per step and the one-hot label.

    Parameters
    ----------
    y_seq : Tensor (T, B, N)
        Spikes, or votes, of the N classes.
    labels : Tensor (B,)
        Classes.

    Returns
    -------
    Tensor ()
    """
    rates = y_seq.mean(0)
    wanted = functional.one_hot(labels, rates.shape[-1]).to(rates.dtype)
    return functional.mse_loss(rates, wanted)


def decide(y_seq: Tensor) -> Tensor:
    """The class with the most spikes, (B,); the first of those that are equal."""
    return torch.argmax(y_seq.sum(0), dim=-1)
