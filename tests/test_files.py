"""Files are written whole, and refused in one sentence before anything is made of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attacks.writers import attack

import nefsim as nef
from nefsim import files
from nefsim.backends import available
from nefsim.files import sealed
from nefsim.records import Stream

BACKENDS = [name for name in ("numpy", "numba") if name in available()]
SENTENCE = r"(?s)^[^:\n]+: .+ must .+, got .+; .+\.$"
STEPS_DONE = [1e6, -1e6, 1e12, -1.0, 0.5, np.nan, np.inf]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def digits() -> nef.Network:
    """Inverse leaky neurons that add up spikes."""
    net = nef.Network(seed=1)
    fixed: dict[str, Any] = {"gain": np.ones(4), "bias": np.zeros(4), "encoders": np.ones((4, 1))}
    fixed["eval_points"] = np.zeros((1, 1))
    neuron = nef.InverseLIF(n_steps=4)
    a, b = (net.ensemble(4, 1, neuron_type=neuron, label=name, **fixed) for name in "ab")
    net.connect(net.node(0.7), a.neurons, transform=np.ones((4, 1)), synapse=None)
    net.connect(a.neurons, b.neurons, transform=np.eye(4) * 0.001, synapse=None)
    net.probe(b.neurons, label="digits")
    return net


def population(**options: Any) -> nef.Network:
    """Spikes and decoded values of a population."""
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, **options)
    net.connect(net.node(np.sin), a)
    net.probe(a.neurons, label="spikes")
    net.probe(a, synapse=0.01, label="value")
    return net


def changed(path: Path, meta: Callable[[dict[str, Any]], Any] | None = None, **arrays: Any) -> Path:
    """A saved file with another description, or with other arrays."""
    with np.load(path) as loaded:
        members = dict(loaded.items())
    report = json.loads(str(members[files.META]))
    if meta is not None:
        meta(report)
    members[files.META] = np.array(json.dumps(report))
    for name, array in arrays.items():
        assert name in members
        members[name] = np.asarray(array)
    np.savez_compressed(path, **members)
    return path


# -- written whole -----------------------------------------------------------------------------


def test_several_writers_of_one_path_never_show_a_broken_file(tmp_path: Path) -> None:
    seen = attack(tmp_path, n_writers=3, n_saves=15)
    assert seen["reads"] == seen["whole"] > 0
    assert (seen["broken reads"], seen["failed saves"], seen["left over"]) == (0, 0, 0)


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("kind", ["result", "state", "stream"])
def test_links_and_files_that_end_in_part_are_left_alone(kind: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    sim = nef.Simulator(population(), backend="numpy")
    if kind == "stream":
        target = tmp_path / "stream" / "stream.json"
        sim = nef.Simulator(population(), backend="numpy", stream=target.parent)
    else:
        target = tmp_path / "a.npz"
    own = target.with_name(target.name + ".part")
    own.symlink_to(victim)
    sim.run_steps(10)
    if kind != "stream":
        (sim.result() if kind == "result" else sim).save(target)
    assert victim.read_text() == "mine" and own.is_symlink() and target.is_file()
    assert not target.is_symlink()


@pytest.mark.parametrize("name", ["x.csv", "x.CSV", "x.npy", "x.1"])
def test_a_result_is_not_written_under_the_ending_of_another_kind(
    name: str, tmp_path: Path
) -> None:
    result = nef.Result({}, {}, [], {})
    with pytest.raises(ValueError, match=r"Result\.save: path must end in \.npz, got .*; .*csv"):
        result.save(tmp_path / name)
    assert not list(tmp_path.iterdir())
    for name in ("x", "y.npz", "z.NPZ"):
        assert nef.Result.load(result.save(tmp_path / name)).info == {}


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_file_keeps_its_permissions_when_it_is_saved_again(tmp_path: Path) -> None:
    result = nef.Result({}, {}, [], {})
    path = result.save(tmp_path / "a")
    path.chmod(0o600)
    result.save(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_stream_is_synced_at_intervals_and_its_rows_before_its_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, synced = [0.0], []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        # Where a descriptor leads can be asked for on Linux alone.
        link = Path(f"/proc/self/fd/{descriptor}")
        synced.append(link.readlink().name if link.exists() else "?")
        fsync(descriptor)

    monkeypatch.setattr("nefsim.records.stream.time.monotonic", lambda: now[0])
    monkeypatch.setattr(os, "fsync", noted)
    sim = nef.Simulator(population(), backend="numpy", stream=tmp_path / "stream")
    del synced[:]
    for _ in range(20):
        sim.step()
    assert not synced
    now[0] = 1.5
    sim.step()
    assert synced
    if sys.platform == "linux":
        assert synced[0].startswith("probe ") and ".part" in synced[-2]
    del synced[:]
    sim.step()
    assert not synced
    sim.save(tmp_path / "state")
    n_saved = len(synced)
    sim.step()
    sim.close()
    assert 0 < n_saved < len(synced)


# -- results -----------------------------------------------------------------------------------

LABELS = ["y", "y.npy", "a\x00b", "a", "\ud800", "", "../x", "é/\\", "nefsim", "time", "file"]


def test_labels_of_all_kinds_are_distinct(tmp_path: Path) -> None:
    records = {label: np.full((2, 1), float(i)) for i, label in enumerate(LABELS)}
    times = {label: [0.001, 0.002 + i] for i, label in enumerate(LABELS)}
    path = nef.Result(records, times, [0.001, 0.002], {}).save(tmp_path / "result")
    loaded = nef.Result.load(path)
    assert [*loaded] == LABELS
    for label in LABELS:
        np.testing.assert_array_equal(loaded[label], records[label])
        np.testing.assert_array_equal(loaded.trange(label), times[label])


@pytest.mark.parametrize("name", ["folder", "file.npz"])
def test_labels_of_all_kinds_are_distinct_in_a_stream(name: str, tmp_path: Path) -> None:
    net, labels = nef.Network(seed=1), [label for label in LABELS if label]
    for i, label in enumerate(labels):
        net.probe(net.node(float(i)), label=label)
    with nef.Simulator(net, backend="numpy", stream=tmp_path / name) as sim:
        sim.run_steps(3)
    loaded = nef.Result.load(tmp_path / name)
    assert [*loaded] == labels
    assert [loaded[label][0, 0] for label in labels] == [*range(len(labels))]


def test_results_of_the_first_version_are_read(tmp_path: Path) -> None:
    sim = nef.Simulator(population(), backend="numpy")
    sim.run_steps(50)
    result = sim.result()
    spikes = result.events("spikes")
    arrays = {
        "time": result.time,
        "time spikes": result.trange("spikes"),
        "time value": result.trange("value"),
        "record value": result["value"],
        **{f"{part} spikes": values for part, values in spikes.arrays().items()},
    }
    meta = {
        "kind": "result",
        "info": {"dt": 0.001},
        "spikes": {"spikes": spikes.shape},
        "labels": ["spikes", "value"],
    }
    loaded = nef.Result.load(files.write("test", tmp_path / "old", arrays, meta))
    for label in result:
        np.testing.assert_array_equal(loaded[label], result[label])


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("steps 0", lambda a: np.where(np.arange(len(a)) == 3, 50, a)),
        ("steps 0", lambda a: a[::-1]),
        ("steps 0", lambda a: a.astype(float)),
        ("steps 0", lambda a: a[:-1]),
        ("cells 0", lambda a: a - 20),
        ("cells 0", lambda a: a + 1000),
        ("cells 0", lambda a: a[:, None]),
        ("values 0", lambda a: np.ones(3)),
        ("time 0", lambda a: a[:-1]),
        ("record 1", lambda a: a[:-1]),
        ("record 1", lambda a: a.astype(complex)),
    ],
)
def test_invalid_events_and_rows_are_refused_when_they_are_loaded(
    part: str, value: Callable[[Any], Any], tmp_path: Path
) -> None:
    sim = nef.Simulator(population(), backend="numpy")
    sim.run_steps(50)
    path = sim.result().save(tmp_path / "result")
    with np.load(path) as loaded:
        array = loaded[part]
    changed(path, **{part: value(array)})
    with pytest.raises(ValueError, match=r"(?s)^Result\.load: path must be a result .+; .+\.$"):
        nef.Result.load(path)


@pytest.mark.parametrize(
    "meta",
    [
        lambda description: description.pop("labels"),
        lambda description: description.update(labels=["spikes", "spikes"]),
        lambda description: description.update(labels=["spikes", 3]),
        lambda description: description.update(labels=["spikes", "other", "third"]),
        lambda description: description.update(spikes={"other": [50, 20]}),
        lambda description: description.update(spikes={"spikes": [50]}),
        lambda description: description.update(spikes={"spikes": [50, -20]}),
        lambda description: description.update(spikes={"spikes": [50, 2**40]}),
        lambda description: description.update(info=[]),
    ],
)
def test_invalid_descriptions_are_refused(meta: Any, tmp_path: Path) -> None:
    sim = nef.Simulator(population(), backend="numpy")
    sim.run_steps(50)
    path = changed(sim.result().save(tmp_path / "result"), meta)
    with pytest.raises(ValueError, match=r"(?s)^Result\.load: path must be a result .+; .+\.$"):
        nef.Result.load(path)


def test_a_file_has_its_kind_and_version_before_its_schema_is_compared(tmp_path: Path) -> None:
    path, schema = tmp_path / "a.npz", {"n": range(9)}
    good = {"kind": "box", "n": 3}
    files.write("test", path, {}, good, version=2)
    with files.Saved("test", path, "box", schema, versions=(1, 2)) as saved:
        assert saved.meta == {"version": 2, **good}
    for kind, versions, why in (
        ("bag", (1, 2), "kind is 'box'"),
        ("box", (1, 3), "version is 2"),
    ):
        with pytest.raises(ValueError, match=rf"path must be a {kind} of nefsim, .+\({why}\)"):
            files.Saved("test", path, kind, schema, versions=versions)


# -- sizes -------------------------------------------------------------------------------------


def peak(call: Callable[[], Any]) -> int:
    """The most memory that a refusal takes [bytes]."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=SENTENCE):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_file_of_another_kind_is_refused_before_its_arrays_are_unpacked(tmp_path: Path) -> None:
    large = np.zeros(2**23)  # 64 MiB, 64 KiB on disk
    path = files.write("test", tmp_path / "large", {"large": large}, {"kind": "other"})
    assert peak(lambda: nef.Result.load(path)) < 2**22
    # A simulator of 16 MiB at the most is made before its arrays are compared.
    sim = nef.Simulator(population(), backend="numpy")
    path = changed(sim.save(tmp_path / "state"), **{"signal 0": large})
    assert peak(lambda: nef.Simulator.load(path, population())) < 2**24


def test_a_header_of_a_larger_array_is_refused(tmp_path: Path) -> None:
    path = nef.Result({}, {}, [0.001], {}).save(tmp_path / "result")
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    report = members["time.npy"].replace(b"(1,)", b"(10000000000,)", 1)
    members["time.npy"] = report.replace(b" " * 10, b"", 1)
    with zipfile.ZipFile(path, "w") as new:
        for name, content in members.items():
            new.writestr(name, content)
    assert peak(lambda: nef.Result.load(path)) < 2**20


def test_trials_that_a_state_does_not_have_are_refused_before_they_are_made(tmp_path: Path) -> None:
    sim = nef.Simulator(population(), backend="numpy", batch_size=2)
    path = sim.save(tmp_path / "state")
    changed(path, lambda description: description.update(batch_size=10**6))
    assert peak(lambda: nef.Simulator.load(path, population())) < 2**22


def test_sizes_that_a_state_does_not_have_are_refused_before_it_is_made(tmp_path: Path) -> None:
    """Without neurons or processes, only the arrays say how many trials there were."""
    net = nef.Network(seed=1)
    net.probe(net.node([1.0, 2.0]))
    path = nef.Simulator(net, backend="numpy").save(tmp_path / "state")
    changed(path, lambda description: description.update(batch_size=10**6))
    assert peak(lambda: nef.Simulator.load(path, net, backend="numpy")) < 2**22


def test_steps_that_a_stream_does_not_have_are_refused_before_they_are_listed(
    tmp_path: Path,
) -> None:
    with nef.Simulator(population(), backend="numpy", stream=tmp_path / "stream") as sim:
        sim.run_steps(50)
    report = json.loads((tmp_path / "stream" / "stream.json").read_text())
    report.pop("crc32")
    (tmp_path / "stream" / "stream.json").write_bytes(sealed({**report, "n_steps": 10**9}))
    assert peak(lambda: nef.Result.load(tmp_path / "stream")) < 2**20


def test_records_that_do_not_fit_into_memory_are_read_as_events(tmp_path: Path) -> None:
    none = np.empty(0, np.int64)
    events = nef.records.Events(none, none, np.array(1.0), (3, 2**60), np.arange(3.0))
    with pytest.raises(ValueError, match=r"^Events: .+ must fit into memory, got .+; read .+\.$"):
        events.dense()


# -- streams -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "meta",
    [
        lambda description: description["probes"][0]["arrays"].update({"../../x": ["<f8", []]}),
        lambda description: description["probes"][1].update(arrays={"/../x": ["<f8", [1]]}),
        lambda description: description["probes"][1].update(arrays={"": ["|O", [1]]}),
        lambda description: description["probes"][1].update(n_rows=49),
        lambda description: description["probes"][1].update(label="spikes"),
        lambda description: description["probes"][1]["in_files"].update({"": 51}),
        lambda description: description["probes"][1].update(shape=[2]),
        lambda description: description["probes"][1].update(
            arrays={"": ["<f8", [0, 2**52]]}, shape=[0, 2**52]
        ),
        lambda description: description["probes"][0]["arrays"].update(steps=["<i8", [1]]),
        lambda description: description["probes"][0]["in_files"].update(steps=1),
        lambda description: description["probes"][0].update(same={}),
        lambda description: description["probes"][0].update(every="x"),
        lambda description: description["probes"].append({}),
        lambda description: description.update(probes=None),
        lambda description: description.update(n_steps=-1),
        lambda description: description.update(n_steps=0.5),
        lambda description: description.update(version=description["version"] + 1),
        lambda description: description["info"].pop("dt"),
        lambda description: description["info"].update(dt="x"),
    ],
)
def test_invalid_lists_of_streams_are_refused(meta: Any, tmp_path: Path) -> None:
    with nef.Simulator(population(), backend="numpy", stream=tmp_path / "stream") as sim:
        sim.run_steps(50)
    list_file = tmp_path / "stream" / "stream.json"
    description = json.loads(list_file.read_text())
    meta(description)
    description.pop("crc32", None)
    list_file.write_bytes(sealed(description))
    with pytest.raises((ValueError, TypeError), match=SENTENCE):
        nef.Result.load(tmp_path / "stream")


def test_an_unchanged_list_is_accepted_under_a_new_checksum(tmp_path: Path) -> None:
    """So that the tests of invalid lists judge the lists, and not their checksum."""
    with nef.Simulator(population(), backend="numpy", stream=tmp_path / "stream") as sim:
        sim.run_steps(50)
    list_file = tmp_path / "stream" / "stream.json"
    description = json.loads(list_file.read_text())
    description.pop("crc32", None)
    list_file.write_bytes(sealed(description))
    assert len(nef.Result.load(tmp_path / "stream").time) == 50


def test_records_of_a_stream_are_verified_unless_the_caller_says_no(tmp_path: Path) -> None:
    with nef.Simulator(population(), backend="numpy", stream=tmp_path / "stream") as sim:
        sim.run_steps(50)
        sim.run_steps(50)
    file = tmp_path / "stream" / "probe 1.npy"
    good = bytearray(file.read_bytes())
    good[-3] ^= 1
    file.write_bytes(good)
    with pytest.raises(ValueError, match=r"rows of 'value' are damaged"):
        nef.Result.load(tmp_path / "stream")
    assert len(nef.Result.load(tmp_path / "stream", verify=False)["value"]) == 100
    with pytest.raises(TypeError, match=r"Result\.load: verify must be"):
        nef.Result.load(tmp_path / "stream", verify="no")  # type: ignore[arg-type]


def test_a_stream_of_the_first_version_without_checksums_is_read(tmp_path: Path) -> None:
    with nef.Simulator(population(), backend="numpy", stream=tmp_path / "stream") as sim:
        sim.run_steps(50)
    list_file = tmp_path / "stream" / "stream.json"
    description = json.loads(list_file.read_text())
    del description["crc32"]
    for probe in description["probes"]:
        del probe["sums"]
    list_file.write_text(json.dumps({**description, "version": 1}))
    assert len(nef.Result.load(tmp_path / "stream").time) == 50
    list_file.write_bytes(sealed(description))  # of version 2, where they must not be missing
    with pytest.raises(ValueError, match="sums"):
        nef.Result.load(tmp_path / "stream")


def test_files_of_a_stream_that_were_cut_or_are_of_another_kind_are_refused(tmp_path: Path) -> None:
    with nef.Simulator(population(), backend="numpy", stream=tmp_path / "stream") as sim:
        sim.run_steps(50)
    file = tmp_path / "stream" / "probe 1.npy"
    good = file.read_bytes()
    for content in (good[:-8], good[:20], b"", good.replace(b"<f8", b"<i8"), b"{" + good[1:]):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"(?s)^Result\.load: path must be a stream .+\.$"):
            nef.Result.load(tmp_path / "stream")
    file.unlink()
    with pytest.raises(ValueError, match=r"(?s)^Result\.load: path must be a stream .+\.$"):
        nef.Result.load(tmp_path / "stream")


@pytest.mark.filterwarnings("ignore:Result.load. .* must be complete:UserWarning")
def test_a_log_is_read_up_to_its_last_complete_line(tmp_path: Path) -> None:
    sim = nef.Simulator(population(), backend="numpy", stream=tmp_path / "stream")
    for _ in range(5):
        sim.run_steps(10)
    log = tmp_path / "stream" / "stream.log"
    good = log.read_bytes()
    for cut, n_steps in ((len(good), 50), (len(good) - 5, 40), (good.index(b"{") + 3, 0), (0, 0)):
        for more in (b"", b"\n00000000 {}\n", bytes(100)):
            log.write_bytes(good[:cut] + more)
            loaded = nef.Result.load(tmp_path / "stream")
            assert len(loaded.time) == len(loaded["value"]) == len(loaded["spikes"]) == n_steps
    log.unlink()
    sim.close()
    log.write_bytes(good[: len(good) - 5])  # as where the program ended before it was gone
    assert len(nef.Result.load(tmp_path / "stream").time) == 50
    sim.save(tmp_path / "state")
    assert not log.exists() and len(nef.Result.load(tmp_path / "stream").time) == 50


def test_a_damaged_end_of_a_log_is_warned_of(tmp_path: Path) -> None:
    sim = nef.Simulator(population(), backend="numpy", stream=tmp_path / "stream")
    for _ in range(5):
        sim.run_steps(10)
    log = tmp_path / "stream" / "stream.log"
    good = log.read_bytes()
    assert len(nef.Result.load(tmp_path / "stream").time) == 50  # without a warning
    for damaged, n_steps in ((good[:-5], 40), (good[:-5] + b"?" + good[-4:], 40), (b"??", 0)):
        log.write_bytes(damaged)
        with pytest.warns(UserWarning, match=r"stream\.log is damaged|end of stream\.log"):
            assert len(nef.Result.load(tmp_path / "stream").time) == n_steps


def test_a_log_of_rows_lost_in_a_power_failure_is_not_read(tmp_path: Path) -> None:
    sim = nef.Simulator(population(), backend="numpy", stream=tmp_path / "stream")
    sim.run_steps(10)
    sim.save(tmp_path / "state")  # which brings the stream onto the disk
    sim.run_steps(10)
    file = tmp_path / "stream" / "probe 1.npy"
    assert len(nef.Result.load(tmp_path / "stream")["value"]) == 20
    header = file.read_bytes().replace(b"(20, 1)", b"(10, 1)")
    file.write_bytes(header[: -10 * 8])
    with pytest.warns(UserWarning, match="must be complete, got the steps before"):
        loaded = nef.Result.load(tmp_path / "stream")
    assert len(loaded["value"]) == len(loaded["spikes"]) == 10


def filled(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> nef.Simulator:
    """A simulator whose stream fails on a full disk, at its second probe."""
    sim = nef.Simulator(population(), backend="numpy", stream=tmp_path / name)
    sim.run_steps(100)
    grow = Stream._grow

    def full(self: Any, probe: int, *given: Any) -> int:
        if probe == 1:
            raise OSError("no space left on device")
        return grow(self, probe, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Stream, "_grow", full)
        with pytest.raises(OSError, match="no space left"):
            sim.run_steps(200)
        with pytest.raises(OSError, match="no space left"):
            sim.save(tmp_path / "state")
        with pytest.raises(OSError, match="no space left"):
            sim.run_steps(0)
        assert not (tmp_path / "state.npz").exists()
    return sim


@pytest.mark.parametrize("name", ["folder", "file.npz"])
@pytest.mark.parametrize("what", ["result", "data", "save", "close", "run_steps"])
def test_records_are_written_when_a_full_disk_has_space_again(
    what: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim = filled(tmp_path, name, monkeypatch)
    n_steps = sim.n_steps
    whole = nef.Simulator(population(), backend="numpy")
    whole.run_steps(100)
    whole.run_steps(n_steps - 100)
    got: Any = None
    match what:
        case "result":
            got = sim.result()
        case "data":
            assert len(sim.data[sim.probes[1]]) == n_steps
        case "save":
            got = nef.Simulator.load(sim.save(tmp_path / "state"), population()).result()
        case "close":
            sim.close()
            got = nef.Result.load(tmp_path / name)
        case "run_steps":
            sim.run_steps(0)
            got = nef.Result.load(tmp_path / name)
    for label, values in whole.result().items():
        if got is not None:
            np.testing.assert_array_equal(got[label], values)
    assert n_steps > 100


FULL = """
    import resource, signal, sys
    import numpy as np
    import nefsim as nef
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    probe = net.probe(a, synapse=0.01, label="value")
    net.probe(a.neurons, label="spikes")
    folder = sys.argv[1]
    sim = nef.Simulator(net, backend="numpy", stream=folder + "/stream.npz")
    sim.run_steps(1000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, limits[1]))
    save = lambda: sim.save(folder + "/s")
    for call in (lambda: sim.run_steps(1000), sim.result, sim.close, save):
        try:
            call()
        except OSError:
            continue
        raise SystemExit(f"{call} wrote onto a full disk")
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    n_steps = sim.n_steps
    assert n_steps == 2000
    assert len(sim.result()["value"]) == n_steps
    again = nef.Simulator.load(save(), net)
    assert len(again.data[probe]) == n_steps
    sim.close()
    loaded = nef.Result.load(folder + "/stream.npz")
    whole = nef.Simulator(net, backend="numpy")
    whole.run_steps(1000)
    whole.run_steps(1000)
    np.testing.assert_array_equal(loaded["value"], whole.data[probe])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of POSIX")
def test_records_are_written_after_an_error_of_file_size(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(FULL), str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# -- states ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", STEPS_DONE)
def test_invalid_steps_of_inverse_neurons_are_refused(
    value: float, backend: str, tmp_path: Path
) -> None:
    sim = nef.Simulator(digits(), backend=backend)
    sim.run_steps(5)
    path = sim.save(tmp_path / "state")
    name = next(n for n in np.load(path).files if n.endswith("steps_done"))
    changed(path, **{name: np.full(4, value)})
    with pytest.raises(ValueError, match=r"^Simulator\.load: steps_done of InverseLIF must .+\.$"):
        nef.Simulator.load(path, digits(), backend=backend)


RUN = """
    import sys
    import numpy as np
    import nefsim as nef
    from test_files import digits
    sim = nef.Simulator(digits(), backend="numba")
    for memory in sim.state.ops:
        if "steps_done" in memory:
            memory["steps_done"][...] = float(sys.argv[1])
    sim._run = sim._prepare(sim.built, sim.state)
    sim.run_steps(10)
"""


@pytest.mark.skipif("numba" not in BACKENDS, reason="needs numba")
@pytest.mark.parametrize("value", STEPS_DONE)
def test_no_loaded_state_makes_the_interpreter_read_out_of_bounds(value: float) -> None:
    here = Path(__file__).parent
    env = {**os.environ, "PYTHONPATH": f"{here.parent}{os.pathsep}{here}"}
    command = [sys.executable, "-c", textwrap.dedent(RUN), str(value)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_state_that_is_not_finite_is_neither_saved_nor_loaded(bad: float, tmp_path: Path) -> None:
    sim = nef.Simulator(population(), backend="numpy")
    sim.run_steps(5)
    path = sim.save(tmp_path / "state")
    good = path.read_bytes()
    memory = next(memory for memory in sim.state.ops if "voltage" in memory)
    memory["voltage"][3] = bad
    with pytest.raises(ValueError, match=r"^Simulator\.save: voltage of LIF must be finite, .+\.$"):
        sim.save(path)
    assert path.read_bytes() == good
    name = next(n for n in np.load(path).files if n.endswith("voltage"))
    changed(path, **{name: np.full(20, bad)})
    with pytest.raises(ValueError, match=r"^Simulator\.load: voltage of LIF must be finite, .+\.$"):
        nef.Simulator.load(path, population())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_signal_that_is_not_finite_is_neither_saved_nor_loaded(
    bad: float, tmp_path: Path
) -> None:
    sim = nef.Simulator(population(), backend="numpy")
    sim.run_steps(5)
    path = sim.save(tmp_path / "state")
    good, signal = path.read_bytes(), sim.state.signals[0]
    kept, signal[0] = signal[0], bad
    with pytest.raises(ValueError, match=r"^Simulator\.save: signal .+ must be finite, .+\.$"):
        sim.save(path)
    assert path.read_bytes() == good
    signal[0] = kept
    changed(path, **{"signal 0": np.full(signal.shape, bad)})
    with pytest.raises(ValueError, match=r"^Simulator\.load: signal .+ must be finite, .+\.$"):
        nef.Simulator.load(path, population())


def noisy() -> nef.Network:
    """A population with noise and random spikes."""
    neuron = nef.PoissonSpiking(nef.LIFRate())
    return population(noise=nef.WhiteNoise(), neuron_type=neuron)


def set_in(name: str, *keys: Any) -> Callable[[dict[str, Any]], None]:
    """Set a place of a description; the last of the keys is the value."""

    def change(description: dict[str, Any]) -> None:
        place = description[name]
        if name in ("rngs", "running"):
            place = next(each for each in place if each)[0]
        for key in keys[:-2]:
            place = place[key]
        place[keys[-2]] = keys[-1]

    return change


@pytest.mark.parametrize(
    "meta",
    [
        lambda description: description.update(step=-1),
        lambda description: description.update(step=10**12),
        lambda description: description.update(step="x"),
        lambda description: description.update(start=100),
        lambda description: description.update(start=None),
        lambda description: description.update(dtype="float16"),
        lambda description: description.update(dt=-1.0),
        lambda description: description.update(seed=-1),
        lambda description: description.update(program=[["LIF()", "x"]]),
        lambda description: description.update(rngs=[]),
        lambda description: description.update(running=[[1]]),
        set_in("rngs", "bit_generator", "MT19937"),
        set_in("rngs", "state", "state", -1),
        set_in("running", "state", {}),
    ],
)
def test_invalid_descriptions_of_states_are_refused(meta: Any, tmp_path: Path) -> None:
    sim = nef.Simulator(noisy(), backend="numpy")
    sim.run_steps(5)
    path = changed(sim.save(tmp_path / "state"), meta)
    with pytest.raises((ValueError, TypeError), match=SENTENCE):
        nef.Simulator.load(path, noisy())


@pytest.mark.parametrize("number", [-(2**31), -1, 1, 2**62])
def test_noise_of_another_step_is_refused(number: int, tmp_path: Path) -> None:
    sim = nef.Simulator(noisy(), backend="numpy")
    sim.run_steps(5)
    path = sim.save(tmp_path / "state")
    name = next(n for n in np.load(path).files if n.endswith(" number"))
    changed(path, **{name: np.array(number)})
    with pytest.raises(ValueError, match=r"^Simulator\.load: path must .+\.$"):
        nef.Simulator.load(path, noisy())


@pytest.mark.parametrize("n_steps", [0, 1, 999, 1000, 1001, 2000])
def test_noise_continues_from_any_saved_step(n_steps: int, tmp_path: Path) -> None:
    sim = nef.Simulator(noisy(), backend="numpy")
    sim.run_steps(n_steps)
    again = nef.Simulator.load(sim.save(tmp_path / "state"), noisy(), backend="numpy")
    for each in (sim, again):
        each.run_steps(3)
    assert again.n_steps == n_steps + 3
    for actual, expected in zip(again.probes, sim.probes, strict=True):
        np.testing.assert_array_equal(again.data[actual], sim.data[expected])


def test_a_refused_state_leaves_no_stream(tmp_path: Path) -> None:
    path = nef.Simulator(population(), backend="numpy").save(tmp_path / "state")
    changed(path, lambda description: description.update(program=[]))
    with pytest.raises(ValueError, match=SENTENCE):
        nef.Simulator.load(path, population(), stream=tmp_path / "stream")
    assert not (tmp_path / "stream").exists()


class Twisted(nef.PoissonSpiking):
    """Random spikes from a Mersenne Twister, as those of Nengo's models are."""

    def generator(self, rng: np.random.Generator) -> np.random.Generator:
        return np.random.Generator(np.random.MT19937(3))


def twisted() -> nef.Network:
    """A population of such neurons."""
    return population(neuron_type=Twisted(nef.LIFRate()))


def test_a_mersenne_twister_may_have_used_all_its_words(tmp_path: Path) -> None:
    net = twisted()
    path = nef.Simulator(net, backend="numpy").save(tmp_path / "state")
    changed(path, set_in("rngs", "state", "pos", 624))
    again = nef.Simulator.load(path, net, backend="numpy")
    again.run_steps(3)
    assert again.n_steps == 3


@pytest.mark.parametrize("place", [625, 10**4, 10**9, -1, "x"])
def test_a_mersenne_twister_is_not_read_beyond_its_end(place: Any, tmp_path: Path) -> None:
    """NumPy itself reads wherever the state says."""
    net = twisted()
    path = nef.Simulator(net, backend="numpy").save(tmp_path / "state")
    changed(path, set_in("rngs", "state", "pos", place))
    with pytest.raises(ValueError, match=r"(?s)^Simulator\.load: path must .+ generator.+\.$"):
        nef.Simulator.load(path, net, backend="numpy")


def test_a_file_that_is_replaced_while_it_is_opened_is_read_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a smaller one, as of a writer that has run for fewer steps."""
    net = nef.Network(seed=1)
    net.probe(net.ensemble(50, 1), label="value")
    sim = nef.Simulator(net, backend="numpy")
    smaller = sim.save(tmp_path / "smaller.npz")
    sim.run_steps(500)
    path = sim.save(tmp_path / "state.npz")
    opening = zipfile.ZipFile

    def replaced(source: Any, *arguments: Any) -> zipfile.ZipFile:
        opened = opening(source, *arguments)
        smaller.replace(source)
        return opened

    monkeypatch.setattr(zipfile, "ZipFile", replaced)
    assert nef.Simulator.load(path, net).n_steps == 500
