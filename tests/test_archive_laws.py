"""Laws of archives and descriptions of files: sizes and kinds are checked before they are read."""

from __future__ import annotations

import io
import sys
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pytest
from numpy.lib import format as npy

from nefsim import _archive as archive
from nefsim._schema import COUNT, misfit

# -- archives ----------------------------------------------------------------------------------


def test_reasons_are_one_line_of_at_most_200_letters() -> None:
    assert archive.reason(ValueError("a\n  b")) == "a b"
    assert archive.reason(ValueError()) == "ValueError"
    assert archive.reason(ValueError("a" * 200)) == "a" * 200
    assert archive.reason(ValueError("a" * 201)) == "a" * 197 + "..."


def npy_bytes(array: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    stream = io.BytesIO()
    npy.write_array(stream, array, version)
    return stream.getvalue()


def test_headers_are_of_numbers_and_texts_in_two_versions() -> None:
    for version in ((1, 0), (2, 0)):
        stream = io.BytesIO(npy_bytes(np.zeros((2, 3), "<f4"), version))
        assert archive.header(stream) == (np.dtype("<f4"), (2, 3))
        assert len(stream.read()) == 24
    assert archive.header(io.BytesIO(npy_bytes(np.array(1.0)))) == (np.dtype("<f8"), ())
    assert archive.header(io.BytesIO(npy_bytes(np.zeros((0, 2))))) == (np.dtype("<f8"), (0, 2))
    good = npy_bytes(np.zeros(3))
    bad = {
        "format of .npy": npy_bytes(np.zeros(3), (3, 0)),
        "type object": npy_bytes(np.array([None], object)),
        "type <U0": good.replace(b"<f8", b"<U0"),
        r"format of .npy that nefsim does not write: \(1, 0\), \(-3,\)": good.replace(
            b"(3,), ", b"(-3,),"
        ),
        "magic": b"x" * 100,
    }
    for words, content in bad.items():
        with pytest.raises(ValueError, match=words):
            archive.header(io.BytesIO(content))


class Archive(archive.Archive):
    def fail(self, why: str) -> NoReturn:
        raise ValueError(f"file: {why}")


def packed(path: Path, members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_an_archive_has_its_arrays_and_texts(tmp_path: Path) -> None:
    members = {"a.npy": npy_bytes(np.arange(6.0).reshape(2, 3)), "t": "é".encode()}
    with Archive(packed(tmp_path / "a.npz", members)) as file:
        assert file.names == ["a", "t"] and file.size == len(members["a.npy"]) + 2
        assert file.array("a").tolist() == [[0, 1, 2], [3, 4, 5]]
        assert file.header("a") == file.expect("a", "f", (2, None)) == file.expect("a", "if")
        assert file.text("t", 2) == "é"
        for call, words in (
            (lambda: file.text("t", 1), "'t': it is longer than 1 bytes"),
            (lambda: file.text("u", 1), "there is no 'u'"),
            (lambda: file.array("u"), "there is no 'u'"),
            (lambda: file.expect("a", "i"), "'a' is of type float64 and shape"),
            (lambda: file.expect("a", "f", (3, None)), r"'a' is of .* shape \(2, 3\)"),
            (lambda: file.expect("a", "f", (2,)), r"'a' is of .* shape \(2, 3\)"),
        ):
            with pytest.raises(ValueError, match=f"^file: {words}"):
                call()
    assert file._zip.fp is None


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_wrong_checksum_is_noticed(kind: int, tmp_path: Path) -> None:
    array = npy_bytes(np.arange(3.0))
    path = packed(tmp_path / "a.npz", {"a.npy": array, "t": b"text"}, kind)
    content = path.read_bytes()
    for member in (array, b"text"):
        total = zlib.crc32(member).to_bytes(4, "little")
        content = content.replace(total, bytes([total[0] ^ 1]) + total[1:])
    path.write_bytes(content)
    with Archive(path) as file:
        for call in (lambda: file.array("a"), lambda: file.text("t", 9)):
            with pytest.raises(ValueError, match="Bad CRC-32"):
                call()


@pytest.mark.parametrize("order", "<>")
def test_codes_that_are_no_characters_are_refused(order: str, tmp_path: Path) -> None:
    """NumPy makes texts of them, for which functions of Python raise SystemError."""
    last = sys.maxunicode
    codes = {"good": [65, last], "bad": [65, last + 1], "worse": [2**32 - 1, 65]}
    texts = {name: np.array(each, f"{order}u4").view(f"{order}U1") for name, each in codes.items()}
    texts["empty"] = texts["good"][:0]
    members = {f"{name}.npy": npy_bytes(text) for name, text in texts.items()}
    with Archive(packed(tmp_path / "a.npz", members)) as file:
        assert file.array("good").tolist() == ["A", chr(last)] and not file.array("empty").size
        for name, code in (("bad", last + 1), ("worse", 2**32 - 1)):
            with pytest.raises(ValueError, match=f"^file: '{name}': its text has the code {code},"):
                file.array(name)


def test_archives_that_lie_about_their_sizes_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = npy_bytes(np.zeros(3))
    for content in (array[:-1], array + b"0"):
        with (
            Archive(packed(tmp_path / "a.npz", {"a.npy": content})) as file,
            pytest.raises(ValueError, match=r"'a': its size is not that of shape \(3,\)"),
        ):
            file.header("a")
    path = packed(tmp_path / "b.npz", {"a.npy": array, "t": b"1"}, zipfile.ZIP_BZIP2)
    with Archive(path) as file:
        for call in (lambda: file.header("a"), lambda: file.text("t", 9)):
            with pytest.raises(ValueError, match="packed in another way"):
                call()
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as file:
        file.writestr("a.npy", array), file.writestr("a.npy", array)
    with pytest.raises(ValueError, match="it holds two arrays of one name"):
        Archive(path)
    with pytest.raises(ValueError, match=r"^file: .*not a zip"):
        (tmp_path / "c").write_bytes(b"x")
        Archive(tmp_path / "c")
    member = SimpleNamespace(compress_type=zipfile.ZIP_STORED, compress_size=2)
    member.file_size = 2 * 1032 + 1024  # the most that deflate packs, and a little
    archive._check_packing(member)  # type: ignore[arg-type]
    member.file_size += 1
    with pytest.raises(ValueError, match="larger than possible"):
        archive._check_packing(member)  # type: ignore[arg-type]
    whole = packed(tmp_path / "d.npz", {"a.npy": array}, zipfile.ZIP_STORED)
    size = whole.stat().st_size
    infolist = zipfile.ZipFile.infolist
    for more, good in ((0, True), (1, False)):

        def longer(self: zipfile.ZipFile, more: int = more) -> Any:
            (found,) = infolist(self)
            found.compress_size = size + more
            return [found]

        monkeypatch.setattr(zipfile.ZipFile, "infolist", longer)
        if good:
            Archive(whole).close()
            continue
        with pytest.raises(ValueError, match="its arrays are larger than the file"):
            Archive(whole)


# -- schemas -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "schema", "words"),
    [
        (3, (None, range(4)), ""),
        (None, (None, range(4)), ""),
        (4, (None, range(4)), "it is 4"),
        (True, range(4), "it is True"),
        (2.0, range(4), "it is 2.0"),
        ("a", "a", ""),
        ("b", "a", "it is 'b'"),
        (0, None, "it is 0"),
        ([], [int], ""),
        ([1, 2, 3], [int], ""),
        ([1, "2"], [int], "it[1] is '2'"),
        ([1, "2"], [int, str], ""),
        ([1], [int, str], "it is [1]"),
        ([1, "2", 3], [int, str], "it is [1, '2', 3]"),
        ([], [], ""),
        ([1], [], "it is [1]"),
        ((1,), [int], "it is (1,)"),
        ({"a": 1}, {str: int}, ""),
        ({"a": "1"}, {str: int}, "a is '1'"),
        ({"a": 1, "b": 2}, {"a": int}, ""),
        ({"b": 2}, {"a": int}, "a of it is missing"),
        ({"a": {"b": "2"}}, {"a": {"b": int}}, "a.b is '2'"),
        ({"a": {}}, {"a": {"b": int}}, "b of a is missing"),
        ([], {"a": int}, "it is []"),
        (1, float, ""),
        (1.5, float, ""),
        (True, float, "it is True"),
        (True, int, "it is True"),
        (True, object, ""),
        ("a", float, "it is 'a'"),
        (2**53 - 1, COUNT, ""),
        (2**53, COUNT, f"it is {2**53}"),
    ],
    ids=str,
)
def test_a_misfit_is_the_first_difference_from_a_schema(
    value: Any, schema: Any, words: str
) -> None:
    assert misfit(value, schema) == words
