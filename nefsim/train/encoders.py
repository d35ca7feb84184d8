"""Encode images as random spikes, or as one spike per pixel, earlier for brighter pixels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nefsim import _checks as check


def poisson(
    images: Tensor, n_steps: int, most: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Encode brightness as the probability of a spike in each step.

    Parameters
    ----------
    images : Tensor (B, ...)
        Brightness from 0 to 1.
    n_steps : int
        Number of steps T.
    most : float
        Probability of a spike per step at brightness 1, i.e. ``rate * dt``.
    generator : torch.Generator or None
        Generator of random numbers; None means the global generator of PyTorch.

    Returns
    -------
    Tensor (T, B, ...)

    Raises
    ------
    ValueError, TypeError
        If brightness or ``most`` is not between 0 and 1, or ``n_steps`` is out of range.

    See Also
    --------
    jittered, latency

    Examples
    --------
    >>> poisson(torch.tensor([[0.0, 1.0]]), n_steps=3).tolist()
    [[[0.0, 1.0]], [[0.0, 1.0]], [[0.0, 1.0]]]
    """
    checked, T = _images("poisson", images), _steps("poisson", n_steps)
    share = check.real("poisson", "most", most, "pass a probability", 0.0, 1.0)
    _check_generator("poisson", generator)
    shape, device = (T, *checked.shape), checked.device
    draws = torch.rand(shape, generator=generator, device=device, dtype=checked.dtype)
    return (draws < share * checked).to(checked.dtype)


def jittered(
    images: Tensor,
    n_steps: int = 10,
    rate: float = 100.0,
    dt: float = 0.001,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Encode every pixel that is not black as random spikes of one rate.

    Parameters
    ----------
    images : Tensor (B, ...)
        Brightness from 0 to 1; a pixel above 0 fires.
    n_steps : int
        Number of steps T.
    rate : float [Hz]
        Firing rate of a pixel that is not black.
    dt : float [s]
        Length of a step; ``rate * dt`` must be at most 1.
    generator : torch.Generator or None
        Generator of random numbers; None means the global generator of PyTorch.

    Returns
    -------
    Tensor (T, B, ...)

    Raises
    ------
    ValueError, TypeError
        If brightness is not between 0 and 1, or a parameter is out of range.

    See Also
    --------
    poisson, latency

    Examples
    --------
    >>> import torch
    >>> jittered(torch.tensor([[0.0, 0.5]]), n_steps=4, rate=1000.0).sum(0)
    tensor([[0., 4.]])
    """
    who = "jittered"
    per_step = check.positive(who, "rate", rate) * check.seconds(who, "dt", dt)
    if per_step > 1.0:
        got = f"{per_step:g} spikes per step"
        check.fail(who, "rate", "be at most 1 / dt", got, "lower rate or dt")
    _check_generator(who, generator)
    on = (_images(who, images) > 0).to(images.dtype)
    return poisson(on, _steps(who, n_steps), per_step, generator)


def latency(images: Tensor, n_steps: int) -> Tensor:
    """Encode each pixel that is not black as one spike, earlier for brighter pixels.

    A pixel of brightness b fires at step ``round((1 - b) (T - 1))``, counted from 0.

    Parameters
    ----------
    images : Tensor (B, ...)
        Brightness from 0 to 1.
    n_steps : int
        Number of steps T.

    Returns
    -------
    Tensor (T, B, ...)

    Raises
    ------
    ValueError, TypeError
        If brightness is not between 0 and 1, or ``n_steps`` is out of range.

    See Also
    --------
    poisson, jittered

    Examples
    --------
    >>> latency(torch.tensor([[1.0, 0.5, 0.0]]), n_steps=3)[:, 0].tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    checked, T = _images("latency", images), _steps("latency", n_steps)
    when = torch.round((1.0 - checked) * (T - 1))
    steps = torch.arange(T, device=checked.device, dtype=checked.dtype)
    spikes = (steps.reshape(-1, *[1] * checked.ndim) == when) & (checked > 0)
    return spikes.to(checked.dtype)


def _images(who: str, images: Any) -> Tensor:
    do = "pass brightness from 0 to 1, a row for each picture"
    checked = check.instance(who, "images", images, Tensor, "a tensor", do)
    if not checked.is_floating_point() or checked.ndim == 0:
        got = f"{checked.dtype} of shape {tuple(checked.shape)}"
        check.fail(who, "images", "be rows of floating point numbers", got, do, TypeError)
    if not ((checked >= 0) & (checked <= 1)).all():
        got = f"{checked.min().item():g} to {checked.max().item():g}"
        check.fail(who, "images", "be between 0 and 1", got, do)
    return checked


def _check_generator(who: str, generator: Any) -> None:
    if generator is not None:
        seed = generator if type(generator) is int else "seed"
        do = f"pass torch.Generator().manual_seed({seed})"
        check.instance(who, "generator", generator, torch.Generator, "a generator of PyTorch", do)


def _steps(who: str, n_steps: Any) -> int:
    return check.integer(who, "n_steps", n_steps, "pass a number of steps", 1, 10**6)
