"""Files of NIR from anyone: they end no program, take no memory, and read no other file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef

nir = pytest.importorskip("nir")
h5py = pytest.importorskip("h5py")

from nefsim.nir import from_nir  # noqa: E402

SENTENCE = r"(?s)^from_nir: graph must .+, got .*{}.*; .+\.$"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good file of a linear map and three neurons."""
    one, zero = np.ones(3), np.zeros(3)
    lif = nir.LIF(tau=0.02 * one, r=one, v_leak=zero, v_threshold=one, v_reset=zero)
    graph = nir.NIRGraph.from_list(nir.Affine(weight=np.ones((3, 1)), bias=2 * one), lif)
    nir.write(tmp_path / "graph.nir", graph)
    return tmp_path / "graph.nir"


def weight_of(file: Any) -> tuple[Any, str]:
    """The group of the linear map."""
    found: list[Any] = []
    file.visit(found.append)
    name = next(name for name in found if name.endswith("/weight"))
    return file, name


def too_large(file: Any) -> None:
    """An array that has no bytes in the file."""
    _, name = weight_of(file)
    del file[name]
    file.create_dataset(name, (10**6, 10**6), "f8", chunks=(1000, 1000))


def large_chunk(file: Any) -> None:
    """A small array in a chunk that is packed."""
    _, name = weight_of(file)
    del file[name]
    file.create_dataset(
        name, (3, 1), "f4", chunks=(2**15, 2**14), maxshape=(None, None), compression="gzip"
    )


def many_texts(file: Any) -> None:
    """A long text that each of many places may have."""
    texts = file.create_dataset(
        "node/texts", (10**8,), h5py.string_dtype(), chunks=(10**6,), compression="gzip"
    )
    texts[0] = "x" * 1000


def circle(file: Any) -> None:
    """A group that is in itself."""
    file["node/nodes/again"] = file["node"]


def link(file: Any) -> None:
    """A link to another file."""
    _, name = weight_of(file)
    del file[name]
    file[name] = h5py.ExternalLink("other.h5", "/secret")


def raw_link(file: Any) -> None:
    """An array whose bytes are those of another file."""
    _, name = weight_of(file)
    del file[name]
    file.create_dataset(name, (3, 1), "f8", external=[("other.h5", 0, 24)])


def virtual(file: Any) -> None:
    """An array that is put together from another file."""
    _, name = weight_of(file)
    del file[name]
    layout = h5py.VirtualLayout((3, 1), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (3, 1))
    file.create_virtual_dataset(name, layout)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (too_large, "unpacks to more than the limit"),
        (large_chunk, "unpacks to more than the limit"),
        (many_texts, "unpacks to more than the limit"),
        (circle, "has two places"),
        (link, "'weight' is a link"),
        (raw_link, "is in another file"),
        (virtual, "is in another file"),
    ],
)
def test_hostile_files_are_refused(change: Callable[[Any], None], message: str, path: Path) -> None:
    with h5py.File(path.with_name("other.h5"), "w") as other:
        other["secret"] = np.full((3, 1), 7.0)
    with h5py.File(path, "r+") as file:
        change(file)
    assert path.stat().st_size < 10**6
    limit = 10**9 if change is large_chunk else 2**33
    with pytest.raises(ValueError, match=SENTENCE.format(message)):
        from_nir(path, limit=limit)


def test_the_limit_is_an_argument(path: Path) -> None:
    net = from_nir(path, limit=10**5)
    with nef.Simulator(net, backend="numpy") as sim:
        sim.run(0.1)
    assert sim.data[net.probes[0]].any()
    with pytest.raises(ValueError, match=SENTENCE.format("limit of 100 bytes")):
        from_nir(path, limit=100)
    with pytest.raises(ValueError, match=r"^from_nir: limit must be .+, got 0; .+\.$"):
        from_nir(path, limit=0)


@pytest.mark.parametrize("length", [0, 2**64 - 16])
@pytest.mark.parametrize("where", ["free space", "text"])
def test_damaged_texts_do_not_stop_the_program(length: int, where: str, path: Path) -> None:
    """The HDF5 library (2.0) searches without end in a part of 0 bytes, or of nearly 2⁶⁴."""
    data = bytearray(path.read_bytes())
    at = data.index(b"GCOL") + 16
    if where == "free space":
        data[at : at + 16] = bytes(8) + length.to_bytes(8, "little")
    else:
        assert data[at]
        if not length:
            pytest.skip("an empty text has its own head")
        data[at + 8 : at + 16] = length.to_bytes(8, "little")
    path.write_bytes(data)
    with pytest.raises(ValueError, match=SENTENCE.format("its texts are damaged")):
        from_nir(path)


def test_collections_within_collections_take_no_time(path: Path) -> None:
    """Each has a text whose bytes are the head of the next one, up to the end of the file."""
    head, text = b"GCOL" + bytes(4) + (2**40).to_bytes(8, "little"), b"\1" + bytes(7)
    part = head + text + (16).to_bytes(8, "little")
    with h5py.File(path, "r+") as file:
        file["node/nodes/bytes"] = np.frombuffer(part * 50_000, np.uint8)
    assert part * 1000 in path.read_bytes()
    with pytest.raises(ValueError, match=SENTENCE.format("its texts are damaged")):
        from_nir(path)


def test_the_page_for_users_of_snntorch_exports_what_was_trained() -> None:
    """Its row runs, and the error without its probe names that probe."""
    torch = pytest.importorskip("torch")
    from nefsim import train

    page = (Path(__file__).parents[1] / "docs" / "from-snntorch.md").read_text("utf-8")
    (row,) = re.findall(r"^\| `snntorch.export_nir.*?\| (.*) \|$", page, re.M)
    code = re.findall("`(.*?)`", row)
    net = train.Layers(torch.nn.Linear(6, 4), train.LIF(), torch.nn.Linear(4, 3), train.LIF())
    names = {"train": train, "nefsim": nef, "net": net, "shape": (6,)}
    for line in code[:-1]:
        exec(line, names)
    graph = eval(code[-1], names)
    assert [node.output_type for node in graph.nodes.values() if isinstance(node, nir.Output)]

    for last, size, target in (
        (train.LIF(), 3, "all_ensembles[1].neurons"),
        (None, 3, "all_nodes[2]"),
    ):
        layers = [*net.layers[:3], *([last] if last else [])]
        bare = train.to_network(train.Layers(*layers), (6,)).network
        with pytest.raises(ValueError) as caught:
            nef.nir.to_nir(bare)
        assert "must have an output, got" in str(caught.value)
        write = str(caught.value).rpartition("write ")[2].removesuffix(".")
        assert write == f"net.probe(net.{target})"
        eval(write, {"net": bare})
        (end,) = [n for n in nef.nir.to_nir(bare).nodes.values() if isinstance(n, nir.Output)]
        assert end.output_type["output"].tolist() == [size]
