"""Laws of the data sets: whole, unchanged, and never a pickle."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import io
import os
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import datasets

SENTENCE = re.compile(r"^mnist: .+ must .+, got .+; .+\.$", re.DOTALL)
#: The module; nefsim.datasets has the function of that name in its place.
MODULE = importlib.import_module("nefsim.datasets.mnist")

RNG = np.random.default_rng(0)
TRAIN = RNG.integers(0, 256, (6, 4, 3), np.uint8), np.arange(6, dtype=np.uint8)
TEST = RNG.integers(0, 256, (2, 4, 3), np.uint8), np.array([3, 1], np.uint8)
NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def idx(array: np.ndarray) -> bytes:
    """An array of bytes as an IDX file."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + array.tobytes()


def as_idx(folder: Path) -> None:
    for name, array in zip(NAMES, (*TRAIN, *TEST), strict=True):
        (folder / name).write_bytes(idx(array))


def as_packed_idx(folder: Path) -> None:
    for name, array in zip(NAMES, (*TRAIN, *TEST), strict=True):
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))


def as_dotted_idx(folder: Path) -> None:
    for name, array in zip(NAMES, (*TRAIN, *TEST), strict=True):
        (folder / name.replace("-idx", ".idx")).write_bytes(idx(array))


def as_one_archive(folder: Path) -> None:
    arrays = dict(zip(("x_train", "y_train", "x_test", "y_test"), (*TRAIN, *TEST), strict=True))
    np.savez(folder / "mnist.npz", **arrays)


def as_two_archives(folder: Path) -> None:
    for name, (X, y) in (("train", TRAIN), ("test", TEST)):
        np.savez(folder / f"mnist_{name}.npz", X=X, y=y)


@pytest.fixture(autouse=True)
def nothing_of_the_user(tmp_path, monkeypatch):
    """No data of the user, and no network."""
    monkeypatch.delenv("NEFSIM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(MODULE, "MIRRORS", ((tmp_path / "mirror").as_uri() + "/",))


# Digits


def test_the_digits_are_1797_of_8_by_8_with_all_ten_in_both_parts() -> None:
    data = datasets.digits()
    assert data.train_images.shape == (1297, 64)
    assert data.test_images.shape == (500, 64)
    assert data.shape == (8, 8)
    for labels in (data.train_labels, data.test_labels):
        assert set(labels.tolist()) == set(range(10))
    levels = np.unique(np.concatenate([data.train_images, data.test_images]) * 16)
    assert levels.tolist() == list(range(17))


def test_the_digits_are_complete() -> None:
    """By their hash, where scikit-learn is not there to compare with."""
    data = datasets.digits()
    images = np.concatenate([data.train_images, data.test_images]) * 16
    labels = np.concatenate([data.train_labels, data.test_labels])
    bytes_of_all = images.astype(np.uint8).tobytes() + labels.astype(np.uint8).tobytes()
    md5 = hashlib.md5(bytes_of_all, usedforsecurity=False).hexdigest()
    assert md5 == "7696c07daa6d85010f8268703ab8b067"


def test_the_digits_are_those_of_scikit_learn() -> None:
    expected = pytest.importorskip("sklearn.datasets").load_digits()
    data = datasets.digits()
    images = np.concatenate([data.train_images, data.test_images])
    np.testing.assert_array_equal(images * 16, expected.data)
    np.testing.assert_array_equal([*data.train_labels, *data.test_labels], expected.target)


def test_a_data_set_is_frozen_and_equal_by_content() -> None:
    data = datasets.digits()
    assert data == datasets.digits()
    with pytest.raises(ValueError, match="read-only"):
        data.train_images[0, 0] = 1.0
    with pytest.raises(AttributeError):
        data.shape = (4, 16)


def test_read_only_images_are_not_copied_and_others_are() -> None:
    images = np.array([[0.0, 1.0]], np.float32)
    copied = datasets.LabelledImages(images, [1], images, [0], shape=(1, 2))
    assert copied.train_images is not images
    images.setflags(write=False)
    kept = datasets.LabelledImages(images, [1], images, [0], shape=(1, 2))
    assert kept.train_images is images
    assert kept == copied
    bright = np.array([[0.0, 2.0]], np.float32)
    bright.setflags(write=False)
    with pytest.raises(ValueError, match="train_images must be at most 1"):
        datasets.LabelledImages(bright, [1], images, [0], shape=(1, 2))


def test_one_hot_puts_a_1_into_the_column_of_the_class() -> None:
    labels = datasets.digits().test_labels
    targets = datasets.one_hot(labels, 12)
    assert targets.shape == (500, 12)
    np.testing.assert_array_equal(targets.argmax(axis=1), labels)
    np.testing.assert_array_equal(targets.sum(axis=1), 1.0)


def test_datasets_are_reached_from_nefsim() -> None:
    assert nef.datasets is datasets


# MNIST


@pytest.mark.parametrize(
    "write", [as_idx, as_packed_idx, as_dotted_idx, as_one_archive, as_two_archives]
)
def test_mnist_is_read_in_every_form(write: Any, tmp_path: Path) -> None:
    write(tmp_path)
    data = datasets.mnist(tmp_path)
    np.testing.assert_array_equal(data.train_images * np.float32(255), TRAIN[0].reshape(6, 12))
    np.testing.assert_array_equal(data.test_images * np.float32(255), TEST[0].reshape(2, 12))
    np.testing.assert_array_equal(data.train_labels, TRAIN[1])
    np.testing.assert_array_equal(data.test_labels, TEST[1])
    assert data.shape == (4, 3)


def test_a_file_leads_to_its_folder(tmp_path: Path) -> None:
    as_two_archives(tmp_path)
    assert datasets.mnist(tmp_path / "mnist_test.npz") == datasets.mnist(str(tmp_path))


def test_the_folder_that_the_environment_names_comes_before_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, cache = tmp_path / "named", tmp_path / "cache" / "nefsim"
    named.mkdir()
    cache.mkdir(parents=True)
    count_as_originals(monkeypatch)
    as_idx(cache)
    assert len(datasets.mnist().train_labels) == 6
    np.savez(named / "mnist_train.npz", X=TRAIN[0][:5], y=TRAIN[1][:5])
    np.savez(named / "mnist_test.npz", X=TEST[0], y=TEST[1])
    monkeypatch.setenv("NEFSIM_DATA", str(named))
    assert len(datasets.mnist().train_labels) == 5


def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that serves as a mirror, of small files that count as the originals."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    as_packed_idx(folder)
    count_as_originals(monkeypatch)
    return folder


def count_as_originals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the small files for the originals."""
    arrays = zip(NAMES, (*TRAIN, *TEST), strict=True)
    digests = {name: hashlib.sha256(idx(array)).hexdigest() for name, array in arrays}
    monkeypatch.setattr(MODULE, "FILES", digests)


def test_missing_files_are_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = mirror(tmp_path, monkeypatch)
    first = datasets.mnist()
    assert sorted(os.listdir(tmp_path / "cache" / "nefsim")) == sorted(f"{n}.gz" for n in NAMES)
    for file in folder.iterdir():
        file.unlink()
    assert datasets.mnist() == first


def test_a_download_with_a_wrong_checksum_is_discarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = mirror(tmp_path, monkeypatch)
    (folder / f"{NAMES[2]}.gz").write_bytes(gzip.compress(idx(TEST[0] + 1)))
    with pytest.raises(ValueError, match="differs from the original") as caught:
        datasets.mnist()
    assert SENTENCE.match(str(caught.value))
    assert f"{NAMES[2]}.gz" not in os.listdir(tmp_path / "cache" / "nefsim")


@pytest.mark.parametrize("write", [as_idx, as_packed_idx, as_dotted_idx])
def test_a_damaged_file_of_the_cache_is_refused_with_advice(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror(tmp_path, monkeypatch)
    cache = tmp_path / "cache" / "nefsim"
    cache.mkdir(parents=True)
    write(cache)
    whole = datasets.mnist()
    damaged = MODULE._idx_file(cache, NAMES[0])
    other = idx(TRAIN[0] + 1)
    damaged.write_bytes(gzip.compress(other) if damaged.suffix == ".gz" else other)
    with pytest.raises(ValueError, match=r"differs from the original.*remove it") as caught:
        datasets.mnist()
    assert SENTENCE.match(str(caught.value)) and str(damaged) in str(caught.value)
    damaged.unlink()
    assert datasets.mnist() == whole


def test_without_data_and_mirror_the_message_names_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=SENTENCE) as caught:
        datasets.mnist()
    for report in (*NAMES, "mnist.npz", "NEFSIM_DATA", str(tmp_path / "cache" / "nefsim")):
        assert report in str(caught.value)


def test_a_folder_without_the_digits_is_refused_even_if_the_cache_has_them(tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "nefsim"
    cache.mkdir(parents=True)
    as_idx(cache)
    with pytest.raises(ValueError, match=SENTENCE):
        datasets.mnist(tmp_path)


def test_no_pickle_is_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "trapped",))

    arrays = {"X": np.array([Trap()], dtype=object), "y": np.zeros(1)}
    for part in ("train", "test"):
        np.savez(tmp_path / f"mnist_{part}.npz", **arrays)
    with pytest.raises(ValueError, match=SENTENCE):
        datasets.mnist(tmp_path)
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("shape", [(4, 9), (4, 3, 3, 1)])
def test_images_must_have_two_sides(shape: tuple[int, ...], tmp_path: Path) -> None:
    for part in ("train", "test"):
        arrays = {"X": np.ones(shape, np.uint8), "y": np.zeros(4, np.uint8)}
        np.savez(tmp_path / f"mnist_{part}.npz", **arrays)
    with pytest.raises(ValueError, match=r"must be bytes \(P, height, width\)"):
        datasets.mnist(tmp_path)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"rubbish",
        gzip.compress(idx(TRAIN[0]))[:-30],
        gzip.compress(idx(TRAIN[0])[:-1]),
        gzip.compress(struct.pack(">BBBBI", 0, 0, 13, 1, 4) + bytes(16)),
        gzip.compress(idx(TRAIN[1])),
        gzip.compress(struct.pack(">BBBB4I", 0, 0, 8, 4, 0, 2**31, 2**31, 2**31)),
    ],
    ids=["empty", "rubbish", "cut off", "short", "floats", "labels", "no size"],
)
def test_a_broken_file_is_refused_by_name(bad: bytes, tmp_path: Path) -> None:
    as_packed_idx(tmp_path)
    (tmp_path / f"{NAMES[0]}.gz").write_bytes(bad)
    with pytest.raises(ValueError, match=SENTENCE):
        datasets.mnist(tmp_path)


@pytest.mark.parametrize("name", ["mnist.npz", "mnist_train.npz"])
def test_a_broken_archive_is_refused_by_name(name: str, tmp_path: Path) -> None:
    as_one_archive(tmp_path)
    as_two_archives(tmp_path)
    if name == "mnist_train.npz":
        (tmp_path / "mnist.npz").unlink()
    (tmp_path / name).write_bytes(b"rubbish")
    with pytest.raises(ValueError, match=re.escape(name)) as caught:
        datasets.mnist(tmp_path)
    assert SENTENCE.match(str(caught.value))


def test_images_of_no_size_are_refused(tmp_path: Path) -> None:
    for shape in ((0, 4, 3), (6, 0, 3)):
        none = np.zeros(shape, np.uint8)
        arrays = {"x_train": none, "y_train": TRAIN[1][: len(none)], "x_test": none}
        np.savez(tmp_path / "mnist.npz", **arrays, y_test=TRAIN[1][: len(none)])
        with pytest.raises(ValueError, match=SENTENCE):
            datasets.mnist(tmp_path)


def test_members_that_are_no_arrays_or_too_large_are_refused_by_name(tmp_path: Path) -> None:
    as_one_archive(tmp_path)
    with zipfile.ZipFile(tmp_path / "mnist.npz") as old:
        members = {name: old.read(name) for name in old.namelist()}
    large = io.BytesIO()
    np.save(large, np.zeros((2**18, 16, 17), np.uint8))
    for content in (b"no array", members["x_train.npy"][:-1], b"", large.getvalue()):
        with zipfile.ZipFile(tmp_path / "mnist.npz", "w", zipfile.ZIP_DEFLATED) as new:
            for name, old_content in members.items():
                new.writestr(name, content if name == "x_train.npy" else old_content)
        with pytest.raises(ValueError, match=SENTENCE) as caught:
            datasets.mnist(tmp_path)
        assert "mnist.npz" in str(caught.value)


def test_the_real_mnist_is_complete() -> None:
    folder = FOLDER
    if not folder:
        pytest.skip("NEFSIM_DATA names no folder")
    data = datasets.mnist(folder)
    assert data.train_images.shape == (60000, 784)
    assert data.test_images.shape == (10000, 784)
    bytes_of_test = np.round(data.test_images * 255).astype(np.uint8)
    head = struct.pack(">BBBB3I", 0, 0, 8, 3, 10000, 28, 28)
    # The MD5 of the raw file as its authors published it.
    md5 = hashlib.md5(head + bytes_of_test.tobytes(), usedforsecurity=False).hexdigest()
    assert md5 == "2646ac647ad5339dbf082846283269ea"


#: Where the user has MNIST, asked before the tests hide it.
FOLDER = os.environ.get("NEFSIM_DATA")
