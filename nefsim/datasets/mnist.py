"""The digits of MNIST, read from a folder, or downloaded and checked."""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._archive import Archive
from nefsim._writing import replacing
from nefsim.datasets.images import LabelledImages

Bytes = NDArray[np.uint8]

#: The four files, and the SHA-256 of the unpacked content of each.
FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

#: Copies of the files as their authors published them.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

#: Names in archives of NumPy: of the file and of its arrays, for training and for testing.
ARCHIVES = (
    (("mnist.npz", "x_train", "y_train"), ("mnist.npz", "x_test", "y_test")),
    (("mnist_train.npz", "X", "y"), ("mnist_test.npz", "X", "y")),
)

#: No file of the set is larger, packed or not.
MOST_BYTES = 2**26

CONTENT = (
    "mnist.npz, or mnist_train.npz and mnist_test.npz, or the four files "
    "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
    "t10k-labels-idx1-ubyte, packed as .gz or not"
)
DO = f"pass a folder with {CONTENT}"


def mnist(path: str | os.PathLike[str] | None = None) -> LabelledImages:
    """Load the 60,000 + 10,000 handwritten digits of MNIST, 28 x 28 pixels.

    Brightness is from 0 to 1, in steps of 1/255.

    Parameters
    ----------
    path : path or None
        A folder with ``mnist.npz`` (arrays x_train, y_train, x_test, y_test), with
        ``mnist_train.npz`` and ``mnist_test.npz`` (X, y each), or with the four IDX files,
        packed as .gz or not; or one of these files. None looks in the folder that the
        environment variable NEFSIM_DATA names, then in the user's cache
        (``$XDG_CACHE_HOME/nefsim`` or ``~/.cache/nefsim``), then downloads the IDX files into
        the cache.  Downloaded files are stored, and read, only if their SHA-256 is that of the
        original.

    Returns
    -------
    LabelledImages

    Raises
    ------
    ValueError
        If the files are not at ``path``, are in no folder and cannot be downloaded, or are
        damaged; the message lists the files and the folders.

    See Also
    --------
    digits : A small set of digits, without a download.

    References
    ----------
    LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P. (1998). Gradient-based learning applied
    to document recognition. Proceedings of the IEEE 86(11), 2278-2324.

    Examples
    --------
    >>> data = mnist()  # doctest: +SKIP
    >>> data  # doctest: +SKIP
    <60000 + 10000 images of 28 x 28 in 10 classes>
    """
    if path is not None:
        folder = _folder(path)
        images = _read(folder)
        if images is None:
            check.fail("mnist", "path", "be a folder with the digits", f"{folder}", DO)
        return images
    for folder in places():
        images = _read(folder)
        if images is not None:
            return images
    cache = cache_folder()
    _download(cache)
    images = _read(cache)
    assert images is not None
    return images


def cache_folder() -> Path:
    """The folder of downloaded files."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nefsim"


def places() -> Iterator[Path]:
    """The folders to search for data, in order."""
    folder = os.environ.get("NEFSIM_DATA")
    if folder:
        yield Path(folder)
    yield cache_folder()


def _folder(path: Any) -> Path:
    """The folder at a path, or the folder of a file at the path."""
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(text, str) or not text.isprintable() or not text:
        kind = ValueError if isinstance(text, str) else TypeError
        check.fail("mnist", "path", "be a path", check.show(path), DO, kind)
    location = Path(text)
    return location.parent if location.is_file() else location


def _read(folder: Path) -> LabelledImages | None:
    """The digits in a folder, or None where there are none."""
    for train, test in ARCHIVES:
        if (folder / train[0]).is_file() and (folder / test[0]).is_file():
            return _labelled(folder, *_archive(folder, *train), *_archive(folder, *test))
    if all(_idx_file(folder, name) for name in FILES):
        # Elsewhere other data may have these names; the cache holds the originals alone.
        is_cache = folder == cache_folder()
        parts = (_idx(folder, n, digest if is_cache else None) for n, digest in FILES.items())
        return _labelled(folder, *parts)
    return None


def _labelled(folder: Path, *parts: NDArray[Any]) -> LabelledImages:
    """Checked images and labels for training and for testing."""
    images, labels = parts[::2], parts[1::2]
    sizes = {part.shape[1:] for part in images}
    if any(p.dtype != np.uint8 or p.ndim != 3 or not p.size for p in images) or len(sizes) > 1:
        got = ", ".join(f"{part.dtype} of shape {part.shape}" for part in images)
        do = "pass the files as they were published"
        check.fail("mnist", f"images in {folder}", "be bytes (P, height, width)", got, do)
    flat = [part.reshape(len(part), -1) / np.float32(255) for part in images]
    for each in flat:
        each.setflags(write=False)
    return LabelledImages(flat[0], labels[0], flat[1], labels[1], sizes.pop())


class _Arrays(Archive):
    """An archive of images and labels."""

    def __init__(self, source: Path, arrays: tuple[str, ...]) -> None:
        self._source, self._array_names = source, arrays
        super().__init__(source)

    def fail(self, why: str) -> NoReturn:
        """Raise an error about the file."""
        must = f"be an archive with the arrays {' and '.join(self._array_names)}"
        check.fail("mnist", f"{self._source}", must, why, "download it again, or remove it")


def _archive(folder: Path, name: str, *arrays: str) -> list[NDArray[Any]]:
    with _Arrays(folder / name, arrays) as archive:
        for array in arrays:
            dtype, shape = archive.expect(array, "biuf")
            if math.prod(shape) * dtype.itemsize > MOST_BYTES:
                archive.fail(f"{array} of shape {shape}")
        return [archive.array(array) for array in arrays]


def _idx_file(folder: Path, name: str) -> Path | None:
    """The path of a file, also if it is packed, or has a dot in its name from unpacking."""
    names = (name, f"{name}.gz", name.replace("-idx", ".idx"))
    return next((folder / n for n in names if (folder / n).is_file()), None)


def _idx(folder: Path, name: str, digest: str | None) -> Bytes:
    """The array of bytes in an IDX file: 0, 0, 8, number of sides, each side, then the bytes.

    The digest, if passed, is compared with that of the file.
    """
    path = _idx_file(folder, name)
    assert path is not None
    try:
        if path.stat().st_size > MOST_BYTES:
            raise OSError(f"more than {MOST_BYTES} bytes")
        raw = path.read_bytes()
        data = unpacked(raw) if path.suffix == ".gz" else raw
        if digest is not None and _digest(data) != digest:
            raise OSError("it differs from the original")
        sides = struct.unpack(f">{data[3]}I", data[4 : 4 + 4 * data[3]])
    except (OSError, EOFError, zlib.error, struct.error, IndexError) as error:
        do = "download it again" if digest is None else "remove it, so that it is downloaded again"
        check.fail("mnist", f"{path}", "be an IDX file", f"the error {error!r}", do)
    body = np.frombuffer(data, np.uint8)[4 + 4 * len(sides) :]
    if data[:3] != b"\0\0\x08" or not len(body) or len(body) != math.prod(sides):
        got = f"{len(body)} bytes for sides {sides}"
        check.fail("mnist", f"{path}", "be an IDX file of bytes", got, "download it again")
    return body.reshape(sides)


def _digest(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()


def unpacked(raw: bytes) -> bytes:
    """Unpack gzip data, up to the largest size of a file of the set."""
    return zlib.decompressobj(wbits=31).decompress(raw, MOST_BYTES)


def _download(cache: Path) -> None:
    """Download the four files into the cache; raise an error if no mirror has one of them."""
    for name, digest in FILES.items():
        if _idx_file(cache, name):
            continue
        errors = []
        for mirror in MIRRORS:
            try:
                raw = _fetched(f"{mirror}{name}.gz")
                if _digest(unpacked(raw)) != digest:
                    raise OSError("the file differs from the original")
                _write(cache, f"{name}.gz", raw)
                break
            except (OSError, EOFError, zlib.error) as error:
                errors.append(f"{mirror}: {error}")
        else:
            do = f"put into {cache}, or into a folder named by NEFSIM_DATA, {CONTENT}"
            check.fail(
                "mnist",
                "path",
                "be a folder with the files if no mirror answers",
                "; ".join(errors),
                do,
            )


def _fetched(url: str) -> bytes:
    from urllib.request import urlopen

    with urlopen(url, timeout=30) as stream:
        return bytes(stream.read(MOST_BYTES))


def _write(cache: Path, name: str, raw: bytes) -> None:
    """Write a file as a whole, so that an interrupted download leaves no part of it."""
    cache.mkdir(parents=True, exist_ok=True)
    with replacing(cache / name) as stream:
        stream.write(raw)
