"""Save the weights and the state of a training to a file, and load them without running code."""

from __future__ import annotations

import copy
import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from nefsim import _checks as check
from nefsim._archive import reason
from nefsim._writing import replacing
from nefsim.files import as_path, as_target

#: Formats by whether files have a checksum.
FORMATS = {"nefsim.train 1": False, "nefsim.train 2": True}
FORMAT = "nefsim.train 2"

#: The comment at the end of the ZIP archive, followed by the checksum of all bytes before it.
SEAL, LENGTH = b"nefsim sha256 ", len(b"nefsim sha256 ") + 64

#: The end of a ZIP archive without a comment, whose length is its last field.
END, NO_COMMENT = b"PK\x05\x06", b"\0\0"

#: Bytes that are read at once.
BLOCK = 2**20


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
    info : numbers, texts, lists, dicts and tensors, or None
        Further data to save.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    ValueError, TypeError
        If ``module`` is not a module, the path is not a file in an existing folder, or
        ``info`` has other objects.
    OSError
        If the file cannot be written, as on a full disk; the old file is then unchanged.

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
    _check_info(who, info)
    content = {
        "format": FORMAT,
        "module": module.state_dict(),
        "optimizer": optimizer and optimizer.state_dict(),
        "scheduler": scheduler and scheduler.state_dict(),
        "info": info,
    }
    with replacing(target) as stream:
        hashed = _Hashed(stream)
        try:
            torch.save(content, hashed)
        except RuntimeError as error:  # what PyTorch makes of an error of the disk
            raise hashed.error or error from None
        hashed.seal()
    return target


def _check_info(who: str, info: Any) -> None:
    """Raise TypeError unless :func:`load` will read the further data of a file."""
    try:
        stream = io.BytesIO()
        torch.save(info, stream)
        stream.seek(0)
        torch.load(stream, weights_only=True)
    except (MemoryError, OSError):
        raise
    except Exception:  # pickle and PyTorch raise many types
        must, do = "hold numbers, texts, lists, dicts or tensors", "store other objects elsewhere"
        check.fail(who, "info", must, check.show(info), do, TypeError)


class _Hashed:
    """A file to write to, with a checksum of all that is written.

    Attributes
    ----------
    error : OSError or None
        Why the last bytes could not be written.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._sum, self._end = stream, hashlib.sha256(), b""
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write bytes."""
        self._sum.update(data)
        self._end = (self._end + bytes(data[-22:]))[-22:]
        try:
            return self._stream.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        """Write buffered bytes."""
        self._stream.flush()

    def seal(self) -> None:
        """Append the checksum, as the comment of the archive."""
        assert self._end.startswith(END) and self._end.endswith(NO_COMMENT)
        self._stream.seek(-len(NO_COMMENT), os.SEEK_END)
        comment = SEAL + self._sum.hexdigest().encode()
        self._stream.write(len(comment).to_bytes(2, "little") + comment)


def _is_sealed(source: Path) -> bool:
    """Compare the checksum of a file; False if it has none, as in the first format.

    Raises
    ------
    ValueError
        If a checksum differs; in the first format those that PyTorch writes and does not read.
    """
    with source.open("rb") as stream:
        left = os.fstat(stream.fileno()).st_size - LENGTH - len(NO_COMMENT)
        total = hashlib.sha256()
        while left > 0 and (block := stream.read(min(BLOCK, left))):
            total.update(block)
            left -= len(block)
        total.update(NO_COMMENT)
        stream.read(len(NO_COMMENT))
        comment = stream.read()
        if comment.startswith(SEAL):
            if comment != SEAL + total.hexdigest().encode():
                raise ValueError("its checksum differs")
            return True
        with zipfile.ZipFile(stream) as archive:
            damaged = archive.testzip()
            if damaged is not None:
                raise ValueError(f"{damaged} is damaged")
        return False


def load(
    path: str | os.PathLike[str],
    module: nn.Module,
    optimizer: Optimizer | None = None,
    scheduler: LRScheduler | None = None,
) -> Any:
    """Load weights from a file of :func:`save` into a module of the same structure.

    Only tensors, numbers and texts are read; no code in the file is executed.  A checksum of the
    whole file is compared, so that damage is noticed.

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
        is_sealed = _is_sealed(source)
        content = torch.load(source, map_location="cpu", weights_only=True)
        form = content["format"]
        if form not in FORMATS or FORMATS[form] > is_sealed:
            raise ValueError(f"format {check.show(form)}, checksum {is_sealed}")
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
