"""Save the weights and the state of a training to a file, and load them without running code."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from nefsim import _checks as check
from nefsim._archive import reason
from nefsim._writing import replacing
from nefsim.files import as_path, as_target

FORMAT = "nefsim.train 1"


def save(
    path: str | os.PathLike[str],
    module: nn.Module,
    optimizer: Optimizer | None = None,
    scheduler: LRScheduler | None = None,
    info: Any = None,
) -> Path:
    """Save the weights of a module, and the state of its training.

    Parameters
    ----------
    path : path
        File to write; ".npz" is added to a name without an ending.
    module : Module
        Module with the weights.
    optimizer, scheduler : Optimizer, LRScheduler or None
        Optimizer and scheduler whose state is saved, too.
    info : dict of numbers, texts and lists, or None
        Further data to save.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    ValueError, TypeError
        If ``module`` is not a module, or the path is not a file in an existing folder.

    See Also
    --------
    load : Read the file.
    fit : Training that saves after each epoch.

    Examples
    --------
    >>> import tempfile, torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/weights", torch.nn.Linear(2, 1)).name
    'weights.npz'
    """
    who = "train.save"
    check.instance(who, "module", module, nn.Module, "a module", "pass a module of PyTorch")
    target = as_target(who, path)
    content = {
        "format": FORMAT,
        "module": module.state_dict(),
        "optimizer": optimizer and optimizer.state_dict(),
        "scheduler": scheduler and scheduler.state_dict(),
        "info": info,
    }
    with replacing(target) as stream:
        torch.save(content, stream)
    return target


def load(
    path: str | os.PathLike[str],
    module: nn.Module,
    optimizer: Optimizer | None = None,
    scheduler: LRScheduler | None = None,
) -> Any:
    """Load weights from a file of :func:`save` into a module of the same structure.

    Only tensors, numbers and texts are read; no code in the file is executed.

    Parameters
    ----------
    path : path
        A file from :func:`save`.
    module : Module
        Module whose weights are set.
    optimizer, scheduler : Optimizer, LRScheduler or None
        Optimizer and scheduler whose state is set, too.

    Returns
    -------
    dict or None
        The saved ``info``.

    Raises
    ------
    ValueError
        If the file is damaged or of another kind, or the module has another structure; module,
        optimizer and scheduler are then unchanged.

    See Also
    --------
    save : Write the file.

    Examples
    --------
    >>> import tempfile, torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save(f"{folder}/weights", torch.nn.Linear(2, 1), info={"seed": 3})
    ...     load(path, torch.nn.Linear(2, 1))
    {'seed': 3}
    """
    return load_if(lambda info: "", path, module, optimizer, scheduler)


def load_if(
    wrong: Callable[[Any], str],
    path: str | os.PathLike[str],
    module: nn.Module,
    optimizer: Optimizer | None = None,
    scheduler: LRScheduler | None = None,
) -> Any:
    """Load as :func:`load` does; raise an error if ``wrong(info)`` returns its text."""
    who, do = "train.load", "pass a file of train.save from a module of the same structure"
    check.instance(who, "module", module, nn.Module, "a module", "pass a module of PyTorch")
    source = as_path(who, path)
    if not source.is_file():
        check.fail(who, "path", "be a file", f"{source}", do)
    try:
        content = torch.load(source, map_location="cpu", weights_only=True)
        if content["format"] != FORMAT:
            raise ValueError(f"format {check.show(content['format'])}")
        if why := wrong(content["info"]):
            raise ValueError(why)
        parts = {"module": module, "optimizer": optimizer, "scheduler": scheduler}
        _set({name: part for name, part in parts.items() if part is not None}, content)
        return content["info"]
    except Exception as error:
        # Types of zipfile, the reader of tensors and the check of a module.
        got = f"{source} ({reason(error)})"
        check.fail(who, "path", "be a checkpoint of this module", got, do)


def _set(parts: dict[str, Any], content: dict[str, Any]) -> None:
    """Set all parts to their saved states; if one fails, none is changed."""
    before = {name: copy.deepcopy(part.state_dict()) for name, part in parts.items()}
    try:
        for name, part in parts.items():
            part.load_state_dict(content[name])
    except BaseException:
        for name, part in parts.items():
            part.load_state_dict(before[name])
        raise
