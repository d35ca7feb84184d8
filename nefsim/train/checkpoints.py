"""Checkpoints: weights in a file, read back without running anything from it."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nefsim import _checks as check
from nefsim._archive import reason
from nefsim._writing import replacing
from nefsim.files import as_path, as_target

FORMAT = "nefsim.train 1"


def save(
    path: str | os.PathLike[str],
    module: nn.Module,
    optimizer: Any = None,
    scheduler: Any = None,
    info: Any = None,
) -> Path:
    """Write the weights of a module, and what its training needs to go on.

    Parameters
    ----------
    path : path
        File to write; it appears whole or not at all; ".npz" is added when it has no ending.
    module : Module
        Whose weights.
    optimizer, scheduler : Optimizer, LRScheduler or None
        Whose state is kept, too.
    info : dict of numbers, texts and lists, or None
        What else to keep.

    Returns
    -------
    Path
        The file.
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
    path: str | os.PathLike[str], module: nn.Module, optimizer: Any = None, scheduler: Any = None
) -> Any:
    """Put the weights of a file into a module that is made like the one that was saved.

    Only tensors, numbers and texts are read; nothing in the file is run.

    Parameters
    ----------
    path : path
        A file that :func:`save` wrote.
    module : Module
        Whose weights are set.
    optimizer, scheduler : Optimizer, LRScheduler or None
        Whose state is set, too.

    Returns
    -------
    The ``info`` that was saved.

    Raises
    ------
    ValueError
        If the file is broken or foreign, or of a module that is made otherwise; module,
        optimizer and scheduler are then as they were.
    """
    return load_if(lambda info: "", path, module, optimizer, scheduler)


def load_if(
    wrong: Callable[[Any], str],
    path: str | os.PathLike[str],
    module: nn.Module,
    optimizer: Any = None,
    scheduler: Any = None,
) -> Any:
    """As :func:`load`, of a file with an ``info`` of which ``wrong`` finds nothing to say."""
    who, do = "train.load", "pass a file that train.save wrote of a module made the same way"
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
        # A broken or foreign file meets zipfile, the reader of tensors or a module's own check.
        got = f"{source} ({reason(error)})"
        check.fail(who, "path", "be a checkpoint of this module", got, do)


def _set(parts: dict[str, Any], content: dict[str, Any]) -> None:
    """Set all parts to what was saved of them, or leave all as they are."""
    before = {name: copy.deepcopy(part.state_dict()) for name, part in parts.items()}
    try:
        for name, part in parts.items():
            part.load_state_dict(content[name])
    except BaseException:
        for name, part in parts.items():
            part.load_state_dict(before[name])
        raise
