"""Checkpoints: weights in a file, read back without running anything from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nefsim import _checks as check
from nefsim.files import as_path

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
        File to write; it appears whole or not at all.
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
    target = as_path(who, path)
    if not target.parent.is_dir() or target.is_dir():
        must = "name a file in a folder that exists"
        check.fail(who, "path", must, f"{target}", "make the folder first")
    part = target.with_name(target.name + ".part")
    content = {
        "format": FORMAT,
        "module": module.state_dict(),
        "optimizer": optimizer and optimizer.state_dict(),
        "scheduler": scheduler and scheduler.state_dict(),
        "info": info,
    }
    try:
        torch.save(content, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
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
        If the file is broken or foreign, or of a module that is made otherwise.
    """
    who, do = "train.load", "pass a file that train.save wrote of a module made the same way"
    check.instance(who, "module", module, nn.Module, "a module", "pass a module of PyTorch")
    source = as_path(who, path)
    if not source.is_file():
        check.fail(who, "path", "be a file", f"{source}", do)
    try:
        content = torch.load(source, map_location="cpu", weights_only=True)
        if content["format"] != FORMAT:
            raise ValueError(f"format {check.show(content['format'])}")
        for part, name in ((module, "module"), (optimizer, "optimizer"), (scheduler, "scheduler")):
            if part is not None:
                part.load_state_dict(content[name])
        return content["info"]
    except Exception as error:
        # A broken or foreign file meets zipfile, the reader of tensors or a module's own check.
        first = " ".join(str(error).split())[:200]
        check.fail(who, "path", "be a checkpoint of this module", f"{source} ({first})", do)
