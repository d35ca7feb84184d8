"""How bytes, JSON texts, arrays and archives are changed, at random."""

from __future__ import annotations

import copy
import io
import json
import struct
import zipfile
import zlib
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.lib import format as npy

Rng = np.random.Generator

WORDS = ["", "record", "y", "<f8", "../../x", "\x00", "\ud800", "nan", "é" * 3, "O", "<U0"]
NUMBERS: list[Any] = [
    *(0, 1, -1, 2, 7, 255, 2**31, -(2**31), 2**53, 2**63, -(2**63), 2**64, 10**6, 10**9, 10**12),
    *(10**30, 0.5, -0.0, 1e-300, 1e300, float("nan"), float("inf"), -float("inf")),
]
VALUES: list[Any] = [None, True, False, [], {}, [[]], [None], {"": 0}, *NUMBERS, *WORDS]
TYPES = ["<f8", "<f4", ">f8", "<f2", "<i8", "<i4", "<u1", "<i1", "?", "<c16", "<U3", "S2", "<u8"]


def any_of(rng: Rng, options: Any) -> Any:
    """One of them."""
    return options[int(rng.integers(len(options)))]


def mutated_bytes(rng: Rng, data: bytes) -> bytes:
    """A few bytes flipped, set, taken out, put in or cut off."""
    raw = bytearray(data)
    for _ in range(any_of(rng, [1, 1, 2, 3])):
        n = len(raw)
        at = int(rng.integers(n + 1)) if rng.random() < 0.5 else int(rng.integers(min(n, 300) + 1))
        length = int(any_of(rng, [1, 1, 2, 4, 8, 64, 4096]))
        match int(rng.integers(6)):
            case 0 if at < n:
                raw[at] ^= 1 << int(rng.integers(8))
            case 1:
                raw[at : at + length] = rng.bytes(len(raw[at : at + length]))
            case 2:
                raw[at : at + length] = bytes(len(raw[at : at + length]))
            case 3:
                del raw[at : at + length]
            case 4:
                raw[at:at] = any_of(rng, [rng.bytes(length), bytes(raw[:length])])
            case _:
                del raw[at:]
    return bytes(raw)


def mutated_json(rng: Rng, value: Any) -> Any:
    """One or two places of a value, as JSON gives it, changed; lists and dicts are changed too."""
    for _ in range(any_of(rng, [1, 1, 1, 2])):
        value = _mutated_json(rng, value)
    return value


def _mutated_json(rng: Rng, value: Any) -> Any:
    if isinstance(value, (dict, list)) and value and rng.random() < 0.85:
        keys = [*value] if isinstance(value, dict) else range(len(value))
        key = any_of(rng, keys)
        match int(rng.integers(8)):
            case 0:
                del value[key]
            case 1 if isinstance(value, dict):
                value[any_of(rng, WORDS)] = value.pop(key)
            case 2 if isinstance(value, list):
                value.append(copy.deepcopy(value[key]))
            case 3:
                value[key] = copy.deepcopy(value[any_of(rng, keys)])
            case _:
                value[key] = _mutated_json(rng, value[key])
        return value
    if isinstance(value, (int, float)) and rng.random() < 0.4:
        return value + any_of(rng, [1, -1, 0.5, 1000])
    return copy.deepcopy(any_of(rng, VALUES))


def mutated_array(rng: Rng, array: Any) -> Any:
    """Another type, shape or value."""
    array = np.array(array)
    match int(rng.integers(7)):
        case 0:
            with np.errstate(all="ignore"):
                return array.astype(any_of(rng, TYPES))
        case 1:
            return array.reshape(any_of(rng, [(-1,), (1, -1), (-1, 1), (*array.shape, 1)]))
        case 2:
            return array[:-1] if array.ndim else np.zeros(any_of(rng, [0, 1, 3]), array.dtype)
        case 3:
            return np.concatenate([array, array]) if array.ndim else np.array(any_of(rng, WORDS))
        case 4:
            return np.array(any_of(rng, [0, 1.5, "text", [], np.nan]))
        case _ if array.size and array.dtype.kind in "fiu":
            flat = array.reshape(-1)
            with np.errstate(all="ignore"):
                value = np.float64(any_of(rng, [n for n in NUMBERS if isinstance(n, (int, float))]))
                value = value.astype(array.dtype)
            flat[any_of(rng, [slice(None), int(rng.integers(flat.size))])] = value
            return flat.reshape(array.shape)
    return array


def npy_bytes(array: Any) -> bytes:
    """An .npy file."""
    stream = io.BytesIO()
    npy.write_array(stream, np.asanyarray(array), allow_pickle=False)
    return stream.getvalue()


def mutated_npy(rng: Rng, data: bytes) -> bytes:
    """An .npy file with another array, another header, or other bytes."""
    array = np.load(io.BytesIO(data))
    # A header that was changed before may say anything, also many items of no size.
    is_large = max(array.nbytes, array.size) > 10**7
    choice = 0 if is_large else int(rng.integers(3))
    match choice:
        case 0:
            return mutated_bytes(rng, data)
        case 1:
            shape = list(array.shape) or [1]
            shape[int(rng.integers(len(shape)))] = int(any_of(rng, [0, 1, 10**4, 10**9, 10**18]))
            descr = any_of(rng, [array.dtype.str, array.dtype.str, "|O", "<U0", "|V0", *TYPES])
            stream = io.BytesIO()
            order = bool(rng.integers(2))
            header = {"descr": descr, "fortran_order": order, "shape": tuple(shape)}
            npy.write_array_header_1_0(stream, header)
            return stream.getvalue() + array.tobytes()
        case _:
            return npy_bytes(mutated_array(rng, array))


@lru_cache(maxsize=64)
def _members(data: bytes) -> dict[str, bytes]:
    """The members of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        return {name: old.read(name) for name in old.namelist()}


def mutated_npz(rng: Rng, data: bytes, meta: str | None = None) -> bytes:
    """An archive with other bytes, or with one member or its JSON text changed."""
    if rng.random() < 0.3:
        return mutated_bytes(rng, data)
    members = dict(_members(data))
    names, extra = [*members], []
    for _ in range(any_of(rng, [1, 1, 1, 2])):
        name = any_of(rng, names)
        choice = rng.random()
        if meta in members and choice < 0.45:
            try:
                text = json.loads(members[meta])
            except Exception:  # it was mutated before
                continue
            members[meta] = json.dumps(mutated_json(rng, text)).encode(errors="replace")
        elif f"{meta}.npy" in members and choice < 0.45:
            try:
                header = json.loads(str(np.load(io.BytesIO(members[f"{meta}.npy"]))))
            except Exception:  # it was mutated before
                continue
            members[f"{meta}.npy"] = npy_bytes(np.array(json.dumps(mutated_json(rng, header))))
        elif choice < 0.8:
            try:
                members[name] = mutated_npy(rng, members[name])
            except Exception:  # it was mutated before
                members[name] = mutated_bytes(rng, members[name])
        elif choice < 0.85:
            members[name] = members[any_of(rng, names)]
        elif choice < 0.9:
            extra.append((any_of(rng, [name, f"{name}.npy", *WORDS]), members[name]))
        elif choice < 0.95:
            members.pop(name)
            names = [*members] or [name]
            members = members or {name: b""}
        else:
            members[any_of(rng, WORDS) + ".npy"] = members[name]
    usual = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]
    packing = any_of(rng, usual) if rng.random() < 0.97 else zipfile.ZIP_BZIP2
    plain = [
        (name.encode(errors="replace").decode().replace("\0", "") or "x", content)
        for name, content in [*members.items(), *extra]
    ]
    return archive(plain, packing)


@lru_cache(maxsize=512)
def _packed(content: bytes) -> tuple[int, bytes]:
    """The checksum of a member and how it is packed."""
    deflate = zlib.compressobj(1, wbits=-15)
    return zlib.crc32(content), deflate.compress(content) + deflate.flush()


def archive(members: list[tuple[str, bytes]], packing: int) -> bytes:
    """A zip file, as ``zipfile`` makes it but in a third of the time."""
    if packing == zipfile.ZIP_BZIP2:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", packing) as file:
            for name, content in members:
                file.writestr(name, content)
        return stream.getvalue()
    parts, central, at = list[bytes](), list[bytes](), 0
    for name, content in members:
        checksum, deflated = _packed(content)
        data = deflated if packing == zipfile.ZIP_DEFLATED else content
        encoded = name.encode()
        is_ascii = len(encoded) == len(name)
        # Version, whether the name is in UTF-8, packing, 1980-01-01, checksum and sizes.
        about = struct.pack(
            "<HHHHHIIIHH", 20, 0 if is_ascii else 0x800, packing, 0, 0x21, checksum,
            len(data), len(content), len(encoded), 0,
        )  # fmt: skip
        local = b"PK\3\4" + about + encoded
        place = struct.pack("<HHHII", 0, 0, 0, 0o600 << 16, at)
        central.append(b"PK\1\2\x14\x03" + about + place + encoded)
        parts += [local, data]
        at += len(local) + len(data)
    n, size = len(members), sum(map(len, central))
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, n, n, size, at, 0)
    return b"".join([*parts, *central, end])
