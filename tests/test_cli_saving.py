"""The files and tables of ``nefsim run``, and its refusal to replace files."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

import nefsim as nef
from nefsim.cli import main, saving

MODEL = """
import numpy as np
import nefsim as nef

net = nef.Network(seed=3)
a = net.ensemble(20, 2)
net.connect(net.node(lambda t: [np.sin(t), 1e-17]), a, synapse=None)
net.probe(a, synapse=0.01, label="x, decoded"{every})
net.probe(net.nodes[0], label="u"{every}, synapse=0.1)
net.probe(a.neurons, label="spikes"{every})
net.probe(net.node(np.cos), label="cos"{other})
"""


def written(folder: Path, every: str = "", other: str = "") -> Path:
    path = folder / "model.py"
    path.write_text(MODEL.format(every=every, other=other), encoding="utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Status and standard error of a run of 10 steps."""
    status = main(["run", *map(str, arguments), "--seconds", "0.01"])
    return status, capsys.readouterr().err


@pytest.mark.parametrize("every", ["", ", sample_every=0.002"])
def test_a_table_has_the_numbers_of_the_result(
    every: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = written(tmp_path, every, every)
    for ending in ("csv", "npz"):
        assert run(capsys, model, "-o", tmp_path / f"r.{ending}") == (0, "")
    result = nef.Result.load(tmp_path / "r.npz")
    with open(tmp_path / "r.csv", encoding="utf-8", newline="") as stream:
        names, *rows = csv.reader(stream)
    spikes = [f"spikes[{i}]" for i in range(20)]
    assert names == ["time", "x, decoded[0]", "x, decoded[1]", "u[0]", "u[1]", *spikes, "cos"]
    columns = [result.trange("u")[:, None], *(result[label] for label in result)]
    # Digits are written so that they give the same number when they are read.
    np.testing.assert_array_equal(np.array(rows, float), np.hstack(columns))
    assert len(rows) == (5 if every else 10)


def test_a_file_without_records_is_said_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model.py"
    model.write_text("import nefsim\nnet = nefsim.Network()\n", encoding="utf-8")
    status, message = run(capsys, model, "-o", tmp_path / "r.npz")
    assert status == 0 and not nef.Result.load(tmp_path / "r.npz").shapes
    wanted = "the network has no probes, so that the file has no records; add net.probe(...)"
    assert message == f"nefsim: {wanted}\n"


def test_a_table_needs_probes_with_one_sample_every(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = written(tmp_path, ", sample_every=0.001", ", sample_every=0.002")
    status, message = run(capsys, model, "-o", tmp_path / "r.csv")
    assert status == 2
    assert "probes must have one sample_every for a .csv file, got 0.001 s of <probe" in message
    assert "and 0.002 s of <probe 'cos'" in message
    assert not (tmp_path / "r.csv").exists()
    assert run(capsys, model, "-o", tmp_path / "r.npz") == (0, "")


def test_a_sample_every_of_one_step_equals_the_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = written(tmp_path, ", sample_every=0.001")
    assert run(capsys, model, "-o", tmp_path / "r.csv") == (0, "")


def test_a_table_without_probes_has_the_times(tmp_path: Path) -> None:
    saving.write_table(nef.Result({}, {}, [0.001, 0.002], {}), tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_bytes() == b"time\r\n0.001\r\n0.002\r\n"


@pytest.mark.parametrize("name", ["r.txt", "r.csv.gz", "r.NPZ", "v1.5"])
def test_unknown_endings_are_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, message = run(capsys, written(tmp_path), "-o", tmp_path / name)
    assert (status, [*tmp_path.iterdir()]) == (2, [tmp_path / "model.py"])
    assert "--out must end in .npz or .csv, got " in message


@pytest.mark.parametrize("name", ["model.npz", "r.csv", "r"])
def test_a_file_is_replaced_only_by_force(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = written(tmp_path)
    out = [] if name == "model.npz" else ["--out", name]
    there = tmp_path / (name if "." in name else f"{name}.npz")
    there.write_bytes(b"precious")
    status, message = run(capsys, model, *out)
    assert status == 2
    assert f"{there.name}, which exists; pass --force to replace it, or another --out." in message
    assert there.read_bytes() == b"precious"
    assert run(capsys, model, *out, "--force") == (0, "")
    assert there.read_bytes() != b"precious"


def test_a_folder_that_cannot_be_written_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(dir: Path) -> None:
        raise PermissionError(13, "Permission denied", f"{dir}/tmp1x2y3z")

    monkeypatch.setattr(saving.tempfile, "TemporaryFile", refuse)
    status, message = run(capsys, written(tmp_path), "-o", tmp_path / "r.npz")
    assert status == 2
    wanted = f"got {tmp_path / 'r.npz'} (Permission denied); pass another."
    assert f"--out must be in a folder that can be written to, {wanted}" in message


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc")
def test_a_file_in_proc_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, message = run(capsys, written(tmp_path), "-o", "/proc/x.npz")
    assert status == 2
    assert "--out must be in a folder that can be written to, got /proc/x.npz (" in message
    assert "part" not in message and "Errno" not in message and message.count("\n") == 1


@pytest.mark.parametrize("ending", ["npz", "csv"])
def test_an_error_of_a_full_disk_names_the_file(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device", "a-random-name.part")

    monkeypatch.setattr(saving, "write_table", full)
    monkeypatch.setattr(nef.Result, "save", full)
    path = tmp_path / f"r.{ending}"
    with pytest.raises(OSError, match="cannot be written") as raised:
        saving.save("nefsim run", nef.Result({}, {}, [0.001], {}), path)
    assert str(raised.value) == f"nefsim run: {path} cannot be written (No space left on device)"
