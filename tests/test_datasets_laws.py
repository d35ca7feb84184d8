"""Laws of the data sets: which files count, which arrays are copied, and what is refused."""

from __future__ import annotations

import gzip
import importlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nefsim import datasets

#: The module; nefsim.datasets has the function of that name in its place.
MODULE = importlib.import_module("nefsim.datasets.mnist")

TRAIN = np.arange(24, dtype=np.uint8).reshape(4, 3, 2), np.array([0, 1, 0, 3], np.uint8)
TEST = TRAIN[0][::-1].copy(), np.array([2, 1, 1, 0], np.uint8)
NAMES = [*MODULE.FILES]


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    """An array of bytes as an IDX file."""
    return struct.pack(f">4B{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()


def as_idx(folder: Path) -> None:
    for name, array in zip(NAMES, (*TRAIN, *TEST), strict=True):
        (folder / name).write_bytes(idx(array))


def as_archive(folder: Path, **others: np.ndarray) -> None:
    arrays = dict(zip(("x_train", "y_train", "x_test", "y_test"), (*TRAIN, *TEST), strict=True))
    np.savez(folder / "mnist.npz", **arrays | others)


def refused(folder: Path, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        datasets.mnist(folder)


# Labelled images


def labelled(images: Any, **others: Any) -> datasets.LabelledImages:
    good = {"train_labels": [1], "test_images": [[0.0, 1.0]], "test_labels": [0], "shape": (1, 2)}
    return datasets.LabelledImages(**{"train_images": images} | good | others)


def constant(rows: Any, dtype: Any = np.float32) -> np.ndarray:
    images = np.array(rows, dtype)
    images.setflags(write=False)
    return images


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[0.0, 0.5, 1.0]], r"have shape \(any, 2\)"),
        (np.zeros((0, 2)), "hold an image"),
        ([[-0.5, 1.0]], "be at least 0"),
        ([[0.5, 1.5]], "be at most 1"),
    ],
)
def test_read_only_images_are_checked_as_others_are(rows: Any, words: str) -> None:
    for images in (constant(rows), np.array(rows)):
        with pytest.raises(ValueError, match=f"train_images must {words}, got"):
            labelled(images)


def test_read_only_images_of_another_type_or_of_an_array_that_changes_are_copied() -> None:
    double = constant([[0.25, 0.5]], np.float64)
    assert labelled(double).train_images.dtype == np.float32
    assert labelled([[0.25, 0.5]]).train_images.dtype == np.float32
    whole = np.array([[0.25, 0.5]], np.float32)
    part = whole[:]
    part.setflags(write=False)
    data = labelled(part)
    whole[:] = 1.0
    assert np.asarray(data.train_images).tolist() == [[0.25, 0.5]]


def test_the_sides_of_images_are_a_pair_whatever_holds_them() -> None:
    assert labelled([[0.0, 1.0]], shape=[1, 2]).shape == (1, 2)
    assert labelled([[0.0, 1.0]], shape=[1, 2]) == labelled([[0.0, 1.0]])


@pytest.mark.parametrize(("train", "test", "classes"), [(1, 3, 4), (3, 1, 4), (0, 0, 1)])
def test_there_are_as_many_classes_as_the_largest_label_of_both_parts(
    train: int, test: int, classes: int
) -> None:
    data = labelled([[0.0, 1.0]], train_labels=[train], test_labels=[test])
    assert data.n_classes == classes


def test_one_hot_has_a_column_for_each_class_or_more_but_not_fewer() -> None:
    assert datasets.one_hot([2, 0]).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert datasets.one_hot([2, 0], 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert datasets.one_hot([1], 3).tolist() == [[0, 1, 0]]
    with pytest.raises(ValueError, match="n_classes must be at least 3, got 2"):
        datasets.one_hot([2, 0], 2)


# Files of MNIST


@pytest.mark.parametrize("present", ["train", "test"])
def test_one_archive_of_two_is_none(present: str, tmp_path: Path) -> None:
    as_idx(tmp_path)
    np.savez(tmp_path / f"mnist_{present}.npz", X=TRAIN[0], y=TRAIN[1])
    assert np.array_equal(datasets.mnist(tmp_path).test_labels, TEST[1])


def test_one_missing_file_of_four_is_missing_data(tmp_path: Path) -> None:
    as_idx(tmp_path)
    (tmp_path / NAMES[3]).unlink()
    refused(tmp_path, "path must be a folder with the digits, got")


@pytest.mark.parametrize(
    "others",
    [
        {"x_train": TRAIN[0].astype(np.int16)},
        {"x_train": TRAIN[0] / 255},
        {"x_test": TEST[0].transpose(0, 2, 1)},
        {"x_test": TEST[0].reshape(4, 6)},
    ],
    ids=["other numbers", "shares", "other sides", "no sides"],
)
def test_images_are_bytes_with_the_same_two_sides(others: Any, tmp_path: Path) -> None:
    as_archive(tmp_path, **others)
    refused(tmp_path, r"images in .* must be bytes \(P, height, width\), got")


def test_a_file_of_another_type_of_the_same_size_is_refused(tmp_path: Path) -> None:
    as_idx(tmp_path)
    (tmp_path / NAMES[0]).write_bytes(idx(TRAIN[0], kind=9))
    refused(tmp_path, "be an IDX file of bytes")


def test_the_images_are_not_copied_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_idx(tmp_path)
    seen: list[Any] = []

    def labelled(*parts: Any) -> datasets.LabelledImages:
        seen.extend(parts)
        return datasets.LabelledImages(*parts)

    monkeypatch.setattr(MODULE, "LabelledImages", labelled)
    data = datasets.mnist(tmp_path)
    assert data.train_images is seen[0] and data.test_images is seen[2]


def test_files_may_be_as_large_as_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """24 bytes in an archive, and 4 and three numbers more in an IDX file."""
    files, archive = tmp_path / "files", tmp_path / "archive"
    for folder, write, size in ((files, as_idx, 40), (archive, as_archive, 24)):
        folder.mkdir()
        write(folder)
        monkeypatch.setattr(MODULE, "MOST_BYTES", size)
        assert len(datasets.mnist(folder).train_labels) == 4
        monkeypatch.setattr(MODULE, "MOST_BYTES", size - 1)
        refused(folder, "got .*(more than 39 bytes|x_train of shape)")
    monkeypatch.setattr(MODULE, "MOST_BYTES", 24)
    as_archive(archive, x_train=TRAIN[0].astype(np.int16))
    refused(archive, "got x_train of shape")
    # What is packed is unpacked up to the limit, so that its end is missing.
    (files / NAMES[0]).unlink()
    (files / f"{NAMES[0]}.gz").write_bytes(gzip.compress(bytes(99)))
    monkeypatch.setattr(MODULE, "MOST_BYTES", 40)
    refused(files, "be an IDX file")


def test_only_gzip_is_unpacked() -> None:
    assert MODULE.unpacked(gzip.compress(b"digits")) == b"digits"
    with pytest.raises(zlib.error):
        MODULE.unpacked(zlib.compress(b"digits"))


def test_the_cache_is_in_the_folder_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for value in ("", None):
        if value is None:
            monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        else:
            monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert MODULE.cache_folder() == tmp_path / ".cache" / "nefsim"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert MODULE.cache_folder() == tmp_path / "other" / "nefsim"


@pytest.mark.parametrize(
    ("path", "error"),
    [("", ValueError), ("a\nb", ValueError), (3, TypeError), (b"digits", TypeError)],
)
def test_a_path_is_a_printable_text(path: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="mnist: path must be a path, got"):
        datasets.mnist(path)


def test_a_mirror_is_given_up_after_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Answer(io.BytesIO):
        def read(self, n: Any = -1) -> bytes:
            asked.append(n)
            return super().read(n)

    def urlopen(url: str, timeout: float) -> Answer:
        asked.append((url, timeout))
        return Answer(b"digits")

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    assert MODULE._fetched("https://a") == b"digits"
    assert asked == [("https://a", 30), MODULE.MOST_BYTES]


def test_a_file_is_taken_from_the_first_mirror_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hashlib import sha256

    folders = [tmp_path / name for name in ("none", "second")]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NEFSIM_DATA", raising=False)
    monkeypatch.setattr(MODULE, "MIRRORS", tuple(f"{folder.as_uri()}/" for folder in folders))
    contents = dict(zip(NAMES, map(idx, (*TRAIN, *TEST)), strict=True))
    digests = {name: sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(MODULE, "FILES", digests)
    with pytest.raises(ValueError, match="files if no mirror answers") as caught:
        datasets.mnist()
    assert all(folder.as_uri() in str(caught.value) for folder in folders)
    folders[1].mkdir()
    for name, content in contents.items():
        (folders[1] / f"{name}.gz").write_bytes(gzip.compress(content))
    assert np.array_equal(datasets.mnist().train_labels, TRAIN[1])
