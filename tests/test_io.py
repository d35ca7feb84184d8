"""Nodes that exchange samples with other programs: streams, sinks, logs and ports."""

from __future__ import annotations

import gc
import importlib.machinery
import importlib.util
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import tty
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import io
from nefsim.io import formats, ports, stream

SENTENCE = re.compile(r"[^:\n]+: .+ must .+, got .+; .+\.", re.DOTALL)


def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait for something that a thread does; a busy machine may take long."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


class Hand(io.Port):
    """A port whose packets a test gives, in float64."""

    def __init__(self) -> None:
        self.packets: list[Any] = []
        self.sent: list[Any] = []
        self.error: Exception | None = None
        self.is_closed = self.is_full = False
        self.calls = self.last = 0

    def receive(self, seconds: float) -> list[Any]:
        self.calls += 1
        if self.error is not None:
            raise self.error
        if not self.packets:
            time.sleep(0.001)
        if self.packets:
            self.last = self.calls
        packets, self.packets = self.packets, []
        return packets

    def decode(self, packet: Any, size: int) -> Any:
        return formats.decode(packet, size, "float64")

    def send(self, values: Any) -> bool:
        if self.error is not None:
            raise self.error
        self.sent.append(values.copy())
        return not self.is_full

    def close(self) -> None:
        self.is_closed = True

    def __repr__(self) -> str:
        return "Hand"

    def give(self, of: io.Stream, *samples: Any) -> None:
        """Hand samples to a stream, and wait until its thread asks for more."""
        seen = of.counts.received
        self.packets = [formats.encode(np.atleast_1d(x), "float64") for x in samples]
        until(lambda: of.counts.received == seen + len(samples) and self.calls > self.last)


@pytest.fixture
def hand() -> Hand:
    return Hand()


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(stream, "monotonic", clock)
    return clock


@pytest.fixture
def udp() -> Iterator[io.UDP]:
    port = io.UDP(listen=0)
    yield port
    port.close()


def test_a_step_has_the_newest_sample_and_then_holds_it(hand: Hand) -> None:
    with io.Stream(hand, size=2, initial=[7.0, 8.0]) as s:
        assert s(0.001) == [7.0, 8.0]
        hand.give(s, [1.0, 2.0], [3.0, 4.0], [5.0, 6.0])
        assert s(0.0) == [7.0, 8.0]  # the call for the size takes nothing
        assert [s(0.002), s(0.003)] == [[5.0, 6.0], [5.0, 6.0]]
        assert s.counts == io.Counts(received=3, rejected=0, taken=1)
    assert hand.is_closed


def test_a_buffer_gives_samples_in_turn_and_drops_the_oldest(hand: Hand) -> None:
    with io.Stream(hand, buffer=3) as s:
        hand.give(s, 1.0, 2.0)
        assert s(0.001) == [1.0]
        hand.give(s, 3.0, 4.0, 5.0)
        assert [s(0.001 * k)[0] for k in (2, 3, 4, 5)] == [3.0, 4.0, 5.0, 5.0]


def test_garbage_is_left_out_and_counted(hand: Hand) -> None:
    with io.Stream(hand, size=2) as s:
        hand.give(s, [0.5, 0.25], [1.0], [1.0, 2.0, 3.0], [np.nan, 0.0], [0.0, np.inf], [1e300, 0])
        assert s(0.001) == [0.5, 0.25]
        assert s.counts.rejected == 5


def test_large_samples_are_arrays(hand: Hand) -> None:
    with io.Stream(hand, size=20) as s:
        hand.give(s, np.arange(20.0))
        np.testing.assert_array_equal(s(0.001), np.arange(20.0))
        net = nef.Network(seed=1)
        y = net.probe(net.node(s))
        sim = nef.Simulator(net, progress=False)
        sim.run(0.002)
        np.testing.assert_array_equal(sim.data[y], [np.arange(20.0)] * 2)


def test_zeros_follow_a_time_out_until_there_is_a_sample(hand: Hand, clock: Clock) -> None:
    with io.Stream(hand, timeout=0.1, then="zero", initial=9.0) as s:
        assert s(0.001) == [9.0]  # the time counts from the first step
        clock.now += 0.11
        assert s(0.002) == [0.0]
        hand.give(s, 1.0)
        assert s(0.003) == [1.0]
        clock.now += 0.09
        assert s(0.004) == [1.0]
        clock.now += 0.02
        assert [s(0.005), s(0.006)] == [[0.0], [0.0]]
        hand.give(s, 2.0)
        assert s(0.007) == [2.0]


def test_the_last_sample_is_held_after_a_time_out(hand: Hand, clock: Clock) -> None:
    with io.Stream(hand, timeout=0.1, then="hold") as s:
        hand.give(s, 1.0)
        assert s(0.001) == [1.0]
        clock.now += 10.0
        assert s(0.002) == [1.0]


def test_a_time_out_ends_a_run_with_the_steps_before(hand: Hand, clock: Clock) -> None:
    with io.Stream(hand, timeout=0.1, then="raise") as s:
        net = nef.Network(seed=1)
        y = net.probe(net.node(s, label="sensor"))
        sim = nef.Simulator(net, progress=False)
        hand.give(s, 1.0)
        sim.run(0.003)
        clock.now += 0.2
        with pytest.raises(TimeoutError, match=r"samples must come within 0.1 s, got none") as info:
            sim.run(0.003)
        assert "in the function of <node 'sensor'" in "".join(info.value.__notes__)
        hand.give(s, 2.0)
        sim.run(0.002)
        assert sim.data[y][:, 0].tolist() == [1.0, 1.0, 1.0, 2.0, 2.0]


def test_a_port_that_fails_is_reported_once(hand: Hand) -> None:
    with io.Stream(hand) as s:
        hand.error = OSError("unplugged")
        until(lambda: s.error is not None)
        with pytest.warns(io.StreamWarning, match="the port has failed, OSError.*unplugged"):
            s(0.001)
        assert s(0.002) == [0.0]
        assert s.error is hand.error


def test_a_port_that_cannot_decode_is_reported(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(packet: Any, size: int) -> Any:
        raise KeyError("no such field")

    monkeypatch.setattr(hand, "decode", decode)
    with io.Stream(hand) as s:
        hand.packets = [b"x"]
        until(lambda: s.error is not None)
        with pytest.warns(io.StreamWarning, match="the port has failed, KeyError"):
            s(0.001)


def test_a_port_may_use_its_array_again(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    again = np.zeros(20)

    def decode(packet: Any, size: int) -> Any:
        again[:] = len(packet)
        return again

    monkeypatch.setattr(hand, "decode", decode)
    with io.Stream(hand, 20, buffer=9) as s:
        hand.packets = [b"x", b"xy"]
        until(lambda: len(s._inbox) == 2)
        assert [s(0.001)[0], s(0.002)[0]] == [1.0, 2.0]


def test_the_folder_of_a_log_exists(hand: Hand, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="log must be in a folder that exists, got"):
        io.Stream(hand, log=tmp_path / "none" / "x.log")


def test_the_error_of_a_port_is_the_cause_of_a_time_out(hand: Hand, clock: Clock) -> None:
    with io.Stream(hand, timeout=0.1, then="raise") as s:
        hand.error = OSError("unplugged")
        until(lambda: s.error is not None)
        with pytest.warns(io.StreamWarning):
            s(0.001)
        clock.now += 1.0
        with pytest.raises(TimeoutError) as info:
            s(0.002)
        assert info.value.__cause__ is hand.error


class Stop(threading.Event):
    """Counts the rests of a thread, and stops it at the third."""

    def __init__(self) -> None:
        super().__init__()
        self.rests: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.rests.append(timeout)
        if len(self.rests) == 3:
            self.set()
        return self.is_set()


class Flood(Hand):
    """A port that always has more packets."""

    def receive(self, seconds: float) -> list[Any]:
        self.calls += 1
        return [formats.encode(np.zeros(1), "float64")] * ports.MOST_PACKETS


def test_the_thread_rests_in_a_flood_so_that_the_run_gets_its_turn() -> None:
    port, stop, counts = Flood(), Stop(), io.Counts()
    shared = stream._Shared(port, 1, deque(maxlen=1), counts, stop)
    stream._receive(shared)
    assert stop.rests == [stream.REST] * 3
    assert port.calls == 3
    assert counts.received == port.calls * ports.MOST_PACKETS


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "Hand" in thread.name}


def test_the_thread_ends_with_its_stream(hand: Hand) -> None:
    before = threads()
    s = io.Stream(hand)
    assert len(threads() - before) == 1
    s.close()
    s.close()
    assert threads() == before
    assert s(0.001) == [0.0]
    forgotten = io.Stream(hand)
    assert len(threads() - before) == 1
    del forgotten
    gc.collect()
    assert threads() == before


def logged(path: Path | None, hand: Hand, s: Any) -> tuple[Any, Any]:
    """Spikes and values of a network with a stream, which has other samples from run to run."""
    net = nef.Network(seed=1)
    a = net.ensemble(50, 1)
    net.connect(net.node(s), a, synapse=None)
    spikes, value = net.probe(a.neurons), net.probe(a, synapse=0.01)
    sim = nef.Simulator(net, progress=False)
    rng = np.random.default_rng(3)
    for _ in range(20):
        if path is not None:
            hand.give(s, float(rng.uniform(-1, 1)))
        sim.run_steps(10)
    return sim.data[spikes], sim.data[value]


def test_a_run_is_repeated_from_its_log_with_equal_spikes(hand: Hand, tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    with io.Stream(hand, log=path, timeout=5.0, then="zero") as s:
        spikes, value = logged(path, hand, s)
    assert spikes.sum() > 0
    replay = io.Replay(path)
    for _ in range(2):  # a second run begins again
        again, value_again = logged(None, hand, replay)
        np.testing.assert_array_equal(again, spikes)
        np.testing.assert_array_equal(value_again, value)
    assert path.stat().st_size < 100 + 21 * 20  # a row for each sample, not for each step


def test_zeros_after_a_time_out_are_repeated(hand: Hand, clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    with io.Stream(hand, log=path, timeout=0.1, then="zero") as s:
        hand.give(s, 1.0)
        before = [s(0.001)]
        clock.now += 1.0
        before.append(s(0.002))
        hand.give(s, 1.0)
        before.append(s(0.003))
    replay = io.Replay(path)
    assert [replay(0.001 * k) for k in (1, 2, 3)] == before == [[1.0], [0.0], [1.0]]
    assert replay(0.0) == [0.0]
    assert replay(0.001) == [1.0]


def test_a_log_has_one_run_and_replaces_no_file(hand: Hand, tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    with io.Stream(hand, log=path) as s:
        s(0.002)
        with pytest.raises(ValueError, match="log must have one run") as info:
            s(0.001)
        assert SENTENCE.fullmatch(str(info.value))
    with pytest.raises(ValueError, match="log must be a new file") as info:
        io.Stream(hand, log=path)
    assert SENTENCE.fullmatch(str(info.value))


def test_the_log_of_a_killed_program_is_read(hand: Hand, tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    with io.Stream(hand, log=path) as s:
        for k in (1, 2, 3):
            hand.give(s, float(k))
            s(0.001 * k)
    path.write_bytes(path.read_bytes()[:-5])
    replay = io.Replay(path)
    assert [replay(0.001 * k) for k in (1, 2, 3)] == [[1.0], [2.0], [2.0]]


def log_of(*numbers: float, head: bytes = b"") -> bytes:
    """A log of one number with the right checksums."""
    head = head or b'{"kind": "nefsim stream log", "version": 2, "size": 1}\n'
    rows = [struct.pack("<2d", *numbers[i : i + 2]) for i in range(0, len(numbers), 2)]
    data, total = b"", 0
    for part in (head, *rows):
        total = zlib.crc32(part, total)
        data += part + total.to_bytes(4, "little")
    return data


HEAD = log_of()
BAD_LOGS = {
    "empty": b"",
    "text": b"time,x\n0.1,2\n",
    "no line": HEAD[:-5],
    "long": b"[" * 100_000,
    "version": HEAD.replace(b'"version": 2', b'"version": 3'),
    "no size": HEAD.replace(b'"size"', b'"other"'),
    "size 0": HEAD.replace(b'"size": 1', b'"size": 0'),
    "huge": HEAD.replace(b'"size": 1', b'"size": 1' + 30 * b"0"),
    "true": HEAD.replace(b'"size": 1', b'"size": true'),
    "list": b"[1, 2]\n",
    "nan": log_of(0.1, np.nan),
    "order": log_of(0.2, 1.0, 0.1, 1.0),
    "before 0": log_of(0.0, 1.0),
}


@pytest.mark.parametrize("name", BAD_LOGS)
def test_other_files_are_no_logs(name: str, tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_bytes(BAD_LOGS[name])
    with pytest.raises(ValueError, match="path must be a log of a stream") as info:
        io.Replay(path)
    assert SENTENCE.fullmatch(str(info.value))


def test_each_flipped_bit_of_a_log_is_noticed(tmp_path: Path) -> None:
    path, good = tmp_path / "run.log", log_of(0.001, 0.25, 0.002, -0.5)
    path.write_bytes(good)
    replay = io.Replay(path)
    assert [replay(0.001 * k) for k in (1, 2)] == [[0.25], [-0.5]]
    for bit in range(8 * len(good)):
        data = bytearray(good)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        with pytest.raises(ValueError, match="path must") as info:
            io.Replay(path)
        assert SENTENCE.fullmatch(str(info.value))


def test_a_log_of_the_version_without_checksums_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    head = b'{"kind": "nefsim stream log", "version": 1, "size": 1}\n'
    path.write_bytes(head + struct.pack("<4d", 0.001, 0.25, 0.002, -0.5) + b"cut off")
    replay = io.Replay(path)
    assert [replay(0.001 * k) for k in (1, 2)] == [[0.25], [-0.5]]


def test_the_first_line_of_a_log_has_at_most_200_bytes(tmp_path: Path) -> None:
    path, head = tmp_path / "run.log", HEAD[:-5]
    for n_bytes in (200, 201):
        path.write_bytes(log_of(0.001, 0.25, head=head + b" " * (n_bytes - 1 - len(head)) + b"\n"))
        if n_bytes == 200:
            assert io.Replay(path)(0.001) == [0.25]
            continue
        with pytest.raises(ValueError, match="path must be a log of a stream"):
            io.Replay(path)


def test_rows_in_the_middle_of_a_log_cannot_be_missing(tmp_path: Path) -> None:
    path, good = tmp_path / "run.log", log_of(0.001, 1.0, 0.002, 2.0, 0.003, 3.0)
    path.write_bytes(good[: len(HEAD)] + good[len(HEAD) + 20 :])
    with pytest.raises(ValueError, match=r"path must match its checksums, got .* row 0 damaged"):
        io.Replay(path)


def test_a_missing_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="path must be a file") as info:
        io.Replay(tmp_path / "none.log")
    assert SENTENCE.fullmatch(str(info.value))


WRONG: dict[str, dict[str, Any]] = {
    "port": {"port": 9000},
    "size": {"size": 0},
    "timeout": {"timeout": 0.0},
    "then": {"timeout": 1.0, "then": "stop"},
    "no timeout": {"then": "zero"},
    "buffer": {"buffer": 0},
    "initial": {"initial": [1.0, 2.0]},
    "nan": {"initial": np.nan},
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_streams_are_refused(name: str, hand: Hand) -> None:
    with pytest.raises((TypeError, ValueError)) as info:
        io.Stream(**({"port": hand} | WRONG[name]))
    assert SENTENCE.fullmatch(str(info.value))


def test_a_sink_sends_each_step_and_never_waits(hand: Hand) -> None:
    net = nef.Network(seed=1)
    sink = io.Sink(hand)
    source = net.node(lambda t: [t, 2 * t])
    net.connect(source, net.node(sink, size_in=2), synapse=None)
    sim = nef.Simulator(net, progress=False)
    sim.run(0.002)
    np.testing.assert_allclose(hand.sent, [[0.001, 0.002], [0.002, 0.004]], rtol=1e-12)
    hand.is_full = True
    sim.run(0.001)
    assert (sink.sent, sink.lost) == (2, 1)
    hand.error = OSError("unplugged")
    with pytest.warns(io.StreamWarning, match="unplugged") as caught:
        sim.run(0.002)
    assert len(caught) == 1
    assert sink.lost == 3
    sink.close()
    assert hand.is_closed
    with pytest.raises(TypeError, match="Sink: port must be a port"):
        io.Sink(9000)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "backend", [name for name in ("numpy", "numba") if name in nef.backends.available()]
)
def test_a_sink_of_a_batch_has_a_port_for_each_trial(backend: str) -> None:
    net = nef.Network(seed=1)
    u, first, second = net.node([0.0]), Hand(), Hand()
    sink = io.Sink([first, second])
    net.connect(u, net.node(sink, size_in=1), synapse=None)
    for _ in range(2):
        sim = nef.Simulator(net, backend=backend, batch_size=2, progress=False)
        sim.inputs[u] = np.array([[0.25], [0.5]])
        sim.run(0.002)
        sim.step()
    assert (sink.sent, sink.lost) == (12, 0)
    assert first.sent == [0.25] * 6
    assert second.sent == [0.5] * 6
    sink.close()
    assert first.is_closed and second.is_closed
    with pytest.raises(ValueError, match="port must have a port for each trial, got none"):
        io.Sink([])


def test_a_sink_sends_the_same_time_again_after_a_reset_and_for_two_nodes() -> None:
    net, hand = nef.Network(seed=1), Hand()
    sink, u = io.Sink(hand), net.node([0.25])
    for _ in range(2):
        net.connect(u, net.node(sink, size_in=1), synapse=None)
    sim = nef.Simulator(net, backend="numpy", progress=False)
    for _ in range(3):
        sim.step()
        sim.reset()
    assert hand.sent == [0.25] * 6


@pytest.mark.parametrize("form", formats.FORMATS)
def test_numbers_are_packets_and_back(form: str) -> None:
    values = np.array([0.5, -3.25, 1e10])
    packet = formats.encode(values, form)
    np.testing.assert_array_equal(formats.decode(packet, 3, form), values)
    for size in (1, 2, 4):
        assert formats.decode(packet, size, form) is None
    assert formats.decode(b"", 1, form) is None
    rng = np.random.default_rng(1)
    for n in range(200):
        decoded = formats.decode(rng.bytes(n % 25), 3, form)
        assert decoded is None or np.isfinite(decoded).all()


@pytest.mark.parametrize("text", [b"1 2\r\n", b"1,2", b" 1 ,\t2 ", b"1e0;2".replace(b";", b" ")])
def test_text_has_commas_or_spaces(text: bytes) -> None:
    np.testing.assert_array_equal(formats.decode(text, 2, "text"), [1.0, 2.0])


@pytest.mark.parametrize("text", [b"1;2", b"1 x", b"1 nan", b"\xff\xfe 1", b"1 2 3", b"1 " * 9999])
def test_other_text_is_left_out(text: bytes) -> None:
    assert formats.decode(text, 2, "text") is None


def test_lines_are_complete_and_bounded() -> None:
    lines = formats.Lines()
    assert lines.split(b"1,2\n3,") == [b"1,2"]
    assert lines.split(b"4\n\n") == [b"3,4", b""]
    for _ in range(100):
        assert lines.split(b"9" * 4096) == []
    assert len(lines._rest) <= formats.LONGEST
    assert lines.split(b"9\n5\n") == [b"5"]


def test_the_newest_packet_of_udp_is_the_output(udp: io.UDP) -> None:
    there = io.UDP(to=udp.address)
    with io.Stream(udp, size=2) as s:
        for k in range(10):
            assert there.send(np.array([k, -k], float))
        until(lambda: s.counts.received == 10)
        until(lambda: s._inbox)
        until(lambda: s(0.001) == [9.0, -9.0])
    there.close()


def test_udp_has_the_family_of_its_address() -> None:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this system has no IPv6")
    here = io.UDP(listen=("::1", 0))
    assert here.address is not None and here.address[0] == "::1"
    there = io.UDP(to=here.address)
    with io.Stream(here, size=1) as s:
        until(lambda: there.send(np.array([0.5])) and s(0.001) == [0.5])
    there.close()


def test_hostile_packets_of_udp_change_nothing(udp: io.UDP) -> None:
    raw = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    assert udp.address is not None
    rng = np.random.default_rng(1)
    with io.Stream(udp, size=2) as s:
        sizes = [0, 1, 15, 17, 8, 24, 1000, 60_000]
        for n in sizes:
            raw.sendto(rng.bytes(n), udp.address)
        raw.sendto(struct.pack("<2d", np.nan, 1.0), udp.address)
        until(lambda: s.counts.rejected == len(sizes) + 1)
        assert s(0.001) == [0.0, 0.0]
        raw.sendto(struct.pack("<2d", 0.5, 1.0), udp.address)
        until(lambda: s._inbox)
        assert s(0.002) == [0.5, 1.0]
    raw.close()


FLOOD = """
import socket, sys, time
there = ("127.0.0.1", int(sys.argv[1]))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
packets = [b"\\0" * 16, b"garbage", b"x" * 1400]
end = time.monotonic() + 600
while time.monotonic() < end:  # the test ends it
    for _ in range(1000):
        for packet in packets:
            try:
                s.sendto(packet, there)
            except OSError:
                pass
"""


def test_a_flood_neither_blocks_a_run_nor_fills_memory(udp: io.UDP) -> None:
    """A process sends as fast as it can, some 10^5 packets a second, and then dies."""
    assert udp.address is not None
    net = nef.Network(seed=1)
    with io.Stream(udp, size=2, buffer=5) as s:
        y = net.probe(net.node(s))
        sim = nef.Simulator(net, progress=False)
        sender = subprocess.Popen([sys.executable, "-c", FLOOD, str(udp.address[1])])
        try:
            until(lambda: s.counts.received > 1000)
            tracemalloc.start()
            start = s.counts.received
            sim.run(2.0)
            until(lambda: s.counts.received > start + 20_000)
            sim.run(0.1)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            sender.kill()
            sender.wait()
        assert peak < 4e6  # a call receives 64 packets of 64 KiB at most, here of 1.4 kB
        assert s.error is None
        assert s.counts.rejected > 0 < s.counts.taken
        assert len(s._inbox) <= 5
        sim.run(0.1)  # after the death of the sender
        assert not sim.data[y].any()
        there = io.UDP(to=udp.address)
        until(lambda: there.send(np.array([1.0, 2.0])) and s(9.0) == [1.0, 2.0])
        there.close()


def test_a_send_without_a_receiver_neither_waits_nor_fails() -> None:
    gone = io.UDP(listen=0)
    there = io.UDP(to=gone.address)
    gone.close()
    for _ in range(100):
        assert there.send(np.zeros(1)) in (True, False)
    there.close()


WRONG_UDP: dict[str, dict[str, Any]] = {
    "none": {},
    "both": {"listen": 1, "to": ("127.0.0.1", 1)},
    "port": {"listen": 70_000},
    "host": {"listen": ("no such host", 1)},
    "kind": {"to": 9000},
    "list": {"to": ["127.0.0.1", 9000]},
    "form": {"listen": 0, "form": "json"},
}


@pytest.mark.parametrize("name", WRONG_UDP)
def test_wrong_addresses_are_refused(name: str) -> None:
    with pytest.raises((TypeError, ValueError)) as info:
        io.UDP(**WRONG_UDP[name])
    assert SENTENCE.fullmatch(str(info.value))


def test_a_port_goes_one_way(udp: io.UDP) -> None:
    with pytest.raises(TypeError, match="a port of a Sink must send, got one that only receives"):
        udp.send(np.zeros(1))
    there = io.UDP(to=udp.address)
    with io.Stream(there) as s:
        until(lambda: s.error is not None)
        assert "a port of a Stream must receive" in str(s.error)


def test_a_port_in_use_is_an_error_where_it_is_made(udp: io.UDP) -> None:
    with pytest.raises(OSError, match="in use"):
        io.UDP(listen=udp.address)


def test_two_networks_exchange_values_by_udp(udp: io.UDP) -> None:
    here, there = nef.Network(seed=1), nef.Network(seed=1)
    sink = io.Sink(io.UDP(to=udp.address))
    here.connect(here.node(0.75), here.node(sink, size_in=1), synapse=None)
    nef.Simulator(here, progress=False).run(0.01)
    with io.Stream(udp) as s:
        y = there.probe(there.node(s))
        sim = nef.Simulator(there, progress=False)
        until(lambda: s._inbox)
        sim.run(0.001)
        assert sim.data[y].tolist() == [[0.75]]
    sink.close()


def test_a_file_that_grows_gives_its_last_line(tmp_path: Path) -> None:
    path = tmp_path / "sensor.csv"
    path.write_text("time,value\n1,2\n")
    with path.open("a") as file, io.Stream(io.File(path), size=2) as s:
        until(lambda: s(0.001) == [1.0, 2.0])
        file.write("3,4\n5,")
        file.flush()
        until(lambda: s(0.001) == [3.0, 4.0])
        file.write("6\n")
        file.flush()
        until(lambda: s(0.001) == [5.0, 6.0])
        file.truncate(0)
        until(lambda: path.write_text("7 8\n") and s(0.001) == [7.0, 8.0])
    assert s.error is None


def test_a_file_can_be_read_from_its_end(tmp_path: Path) -> None:
    path = tmp_path / "sensor.csv"
    path.write_text("1\n2\n")
    with io.Stream(io.File(path, at_end=True), buffer=10) as s, path.open("a") as file:
        file.write("3\n")
        file.flush()
        until(lambda: s._inbox)
        assert s(0.001) == [3.0]


@pytest.mark.parametrize("before", [b"", b"1\n", b"1\n" * 100_000])
def test_a_line_is_a_sample_when_it_is_complete(before: bytes, tmp_path: Path) -> None:
    """Also the last line of a file that is read from its end."""
    path = tmp_path / "sensor.csv"
    path.write_bytes(before + b"12.")
    port = io.File(path, at_end=True)
    with path.open("ab", buffering=0) as file:
        for data, lines in ((b"", []), (b"5", []), (b"\n7", [b"12.5"]), (b"\n", [b"7"])):
            file.write(data)
            assert port.receive(0.0) == lines
        file.truncate(0)
        assert port.receive(0.0) == []
        file.write(b"3\n")
        assert port.receive(0.0) == [b"3"]
    port.close()


def test_a_last_line_that_is_too_long_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "sensor.csv"
    path.write_bytes(b"1\n" + b"9" * (formats.LONGEST + 10))
    port = io.File(path, at_end=True)
    with path.open("ab", buffering=0) as file:
        file.write(b"9\n5\n")
        assert port.receive(0.0) == [b"5"]
    port.close()


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # opening it would wait
    with pytest.raises(ValueError, match="path must be a file") as info:
        io.File(tmp_path / "pipe")
    assert SENTENCE.fullmatch(str(info.value))


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal: the end of the device, and the name of the port."""
    pytest.importorskip("serial", reason="needs pyserial")
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    yield master, os.ttyname(slave)
    for end in (master, slave):
        with suppress(OSError):  # a test has closed it
            os.close(end)


def test_lines_of_a_serial_port_are_samples(terminal: tuple[int, str]) -> None:
    device, name = terminal
    with io.Stream(io.Serial(name), size=2) as s:
        os.write(device, b"\xff\xfe\x00half a line 3\r\n1.5, 2.5\r\n4.0,")
        until(lambda: s._inbox)
        assert s(0.001) == [1.5, 2.5]
        os.write(device, os.urandom(1000).replace(b"\n", b"?") + b"\n")
        until(lambda: s.counts.rejected)
        os.write(device, b"0.5 0.25\n")
        until(lambda: s(0.001) == [0.5, 0.25])


def test_a_sink_writes_lines_to_a_serial_port_and_never_waits(terminal: tuple[int, str]) -> None:
    device, name = terminal
    port = io.Serial(name)
    sent = 0
    while port.send(np.array([sent + 0.5, -1.0])):  # until the buffer is full, as no one reads
        sent += 1
        assert sent < 10**6
    assert not port.send(np.zeros(2))
    data = b""
    while b"\n" not in data[-1:] or data.count(b"\n") < sent:
        try:
            data += os.read(device, 65536)
        except BlockingIOError:
            port._rest = port._write(port._rest)
    lines = data.decode().splitlines()
    assert lines == [f"{k + 0.5},-1.0" for k in range(sent)]
    port.close()


def test_a_serial_port_that_vanishes_is_reported(terminal: tuple[int, str]) -> None:
    device, name = terminal
    with io.Stream(io.Serial(name)) as s:
        os.write(device, b"1\n")
        until(lambda: s._inbox)
        assert s(0.001) == [1.0]
        os.close(device)
        until(lambda: s.error is not None)
        with pytest.warns(io.StreamWarning, match="the port has failed"):
            assert s(0.002) == [1.0]


def test_wrong_serial_ports_are_refused() -> None:
    pytest.importorskip("serial", reason="needs pyserial")
    for arguments in ((9600,), ("/dev/null", 0), ("/dev/null", "fast")):
        with pytest.raises((TypeError, ValueError)) as info:
            io.Serial(*arguments)  # type: ignore[arg-type]
        assert SENTENCE.fullmatch(str(info.value))
    with pytest.raises(OSError, match="could not open port"):
        io.Serial("/dev/no such port")
    for rate in (49, 10**7 + 1):
        with pytest.raises(ValueError, match="Serial: baudrate must be at "):
            io.Serial("/dev/no such port", rate)
    for rate in (50, 10**7):
        with pytest.raises(OSError, match="could not open port"):
            io.Serial("/dev/no such port", rate)


def test_messages_of_zeromq_are_samples_also_of_a_publisher_that_comes_again() -> None:
    pytest.importorskip("zmq", reason="needs pyzmq")
    first = io.ZeroMQ(publish="tcp://127.0.0.1:0")
    with io.Stream(io.ZeroMQ(subscribe=first.address), size=2) as s:
        until(lambda: first.send(np.array([1.0, 2.0])) and s._inbox)
        assert s(0.001) == [1.0, 2.0]
        first.close()
        second = io.ZeroMQ(publish=first.address)
        until(lambda: second.send(np.array([3.0, 4.0])) and s(0.002) == [3.0, 4.0])
        assert second.send(np.zeros(3))
        until(lambda: s.counts.rejected)
        second.close()
    assert s.error is None


def test_zeromq_survives_a_peer_that_does_not_speak_it() -> None:
    pytest.importorskip("zmq", reason="needs pyzmq")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with io.Stream(io.ZeroMQ(subscribe=address)) as s:
            peer, _ = server.accept()
            with suppress(OSError):  # the stream may close the connection meanwhile
                # Some random bytes are a message of the first version of the protocol.
                peer.sendall(np.random.default_rng(1).bytes(100_000))
            peer.close()
            assert s(0.001) == [0.0]
            assert s.error is None
    for seed in range(20):
        publisher = io.ZeroMQ(publish="tcp://127.0.0.1:0")
        port = int(publisher.address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as peer:
            with suppress(OSError):
                peer.sendall(np.random.default_rng(seed).bytes(1000))
            for _ in range(1000):
                assert publisher.send(np.zeros(1))
        publisher.close()


def test_zeromq_closes_connections_of_the_first_versions_of_its_protocol() -> None:
    """Random bytes are a greeting of theirs, and some ended the process by libzmq's assertion."""
    pytest.importorskip("zmq", reason="needs pyzmq")
    publisher = io.ZeroMQ(publish="tcp://127.0.0.1:0")
    port = int(publisher.address.rpartition(":")[2])
    versions = {1: b"\x01\x00", 2: b"\xff" + bytes(7) + b"\x01\x7f\x01\x02\x00\x00"}
    for greeting in versions.values():
        with socket.create_connection(("127.0.0.1", port), timeout=30.0) as peer:
            peer.sendall(greeting)
            with suppress(ConnectionError):
                while peer.recv(1000):  # the greeting of the publisher, then the end
                    pass
    publisher.close()


def test_wrong_addresses_of_zeromq_are_refused() -> None:
    pytest.importorskip("zmq", reason="needs pyzmq")
    for arguments in ({}, {"subscribe": "rubbish"}, {"publish": 5555}, {"publish": "tcp://x"}):
        with pytest.raises((TypeError, ValueError)) as info:
            io.ZeroMQ(**arguments)  # type: ignore[arg-type]
        assert SENTENCE.fullmatch(str(info.value))


def test_messages_of_osc_are_samples() -> None:
    pytest.importorskip("pythonosc", reason="needs python-osc")
    here = io.OSC("/arm/torque", listen=0)
    there, other = (io.OSC(path, to=here.address) for path in ("/arm/torque", "/arm/angle"))
    with io.Stream(here, size=2) as s:
        assert there.send(np.array([0.5, -1.0]))
        assert other.send(np.array([9.0, 9.0]))
        assert there.send(np.array([1.0]))
        until(lambda: s.counts.received == 3)
        until(lambda: s(0.001) == [0.5, -1.0])
    there.close()
    other.close()


def test_garbage_is_no_message_of_osc() -> None:
    pytest.importorskip("pythonosc", reason="needs python-osc")
    port = io.OSC("/x", listen=0)
    good = io.OSC("/x", to=port.address)
    packet = good.encode(np.array([0.5]))
    assert port.decode(packet, 1) == [0.5]
    rng = np.random.default_rng(1)
    for n in range(300):
        mutated = bytearray(packet)
        mutated[n % len(packet)] = int(rng.integers(256))
        for data in (bytes(mutated), rng.bytes(n), packet[: n % len(packet)]):
            decoded = port.decode(data, 1)
            assert decoded is None or np.isfinite(decoded).all()
    nested = packet
    for _ in range(2000):
        nested = b"#bundle\0" + bytes(8) + struct.pack(">i", len(nested)) + nested
    assert port.decode(nested, 1) in (None, [0.5])
    assert port.decode(b"#bundle\0" + bytes(8) + struct.pack(">i", len(packet)) + packet, 1) == 0.5
    port.close()
    good.close()
    for arguments in (("x", 0), (1, 0), ("/x",)):
        with pytest.raises((TypeError, ValueError)) as info:
            io.OSC(*arguments)  # type: ignore[arg-type]
        assert SENTENCE.fullmatch(str(info.value))


PORTS = {"Serial": ("serial", "/dev/x"), "ZeroMQ": ("zmq", "tcp://x"), "OSC": ("pythonosc", "/x")}


@pytest.mark.parametrize("name", PORTS)
def test_a_missing_package_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, argument = PORTS[name]
    monkeypatch.setattr("importlib.util.find_spec", lambda found: None if found == module else 1)
    with pytest.raises(nef.BackendUnavailable, match=r"pip install pyserial pyzmq python-osc"):
        getattr(io, name)(argument)


def test_ports_import_their_packages_when_they_are_made() -> None:
    code = "import sys, nefsim.io; print({'serial', 'zmq', 'pythonosc'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.fixture
def lsl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The library, on this machine alone."""
    settings = tmp_path / "lsl.cfg"
    settings.write_text("[multicast]\nResolveScope = machine\n[log]\nlevel = -3\n")
    monkeypatch.setenv("LSLAPICFG", str(settings))
    return pytest.importorskip("pylsl", reason="needs pylsl")


def test_samples_of_lsl_are_outputs_also_of_a_sender_that_comes_again(lsl: Any) -> None:
    name = f"nefsim {os.getpid()}"
    with io.Stream(io.LSL(subscribe=name), size=2, buffer=3) as s:
        assert s(0.001) == [0.0, 0.0]  # nothing of this name is there yet
        first = io.LSL(publish=name, size=2)
        until(lambda: first.send(np.array([1.0, 2.0])) and s._inbox)
        assert s(0.002) == [1.0, 2.0]
        first.close()
        second = io.LSL(publish=name, size=2)
        until(lambda: second.send(np.array([3.0, 4.0])) and s(0.003) == [3.0, 4.0])
        second.close()
    assert s.error is None


class Info:
    """An LSL stream of texts, or of numbers."""

    def __init__(self, form: str) -> None:
        self.form = form

    def channel_format(self) -> str:
        return self.form


class Laboratory:
    """A part of pylsl, with streams of a test."""

    IRREGULAR_RATE, cf_string = 0.0, "string"

    class LostError(RuntimeError):
        """The sender has gone."""

    def __init__(self) -> None:
        self.infos = [Info("string")]
        self.waiting: list[Any] = []
        self.asked: list[Any] = []

    def ContinuousResolver(self, prop: str, value: str) -> Any:  # noqa: N802
        self.asked.append((prop, value))
        return self

    def results(self) -> list[Info]:
        return self.infos

    def StreamInlet(self, info: Info, max_buflen: int) -> Any:  # noqa: N802
        assert info.form == "double64"
        return self

    def pull_sample(self, timeout: float) -> Any:
        if not self.waiting:
            return None, None
        sample = self.waiting.pop(0)
        if sample is None:
            raise self.LostError
        return sample, 1.0

    def pull_chunk(self, timeout: float, max_samples: int) -> Any:
        assert timeout == 0.0
        taken, self.waiting = self.waiting[:max_samples], self.waiting[max_samples:]
        return taken, [1.0] * len(taken)


def pretend(monkeypatch: pytest.MonkeyPatch, name: str, module: Any) -> None:
    """Install a module of the test in the place of a package."""
    monkeypatch.setitem(sys.modules, name, module)
    find = importlib.util.find_spec
    found = importlib.machinery.ModuleSpec(name, None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: found if n == name else find(n))


def test_streams_of_lsl_are_found_lost_and_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    laboratory = Laboratory()
    pretend(monkeypatch, "pylsl", laboratory)
    port = io.LSL(subscribe="eeg")
    assert port.receive(0.0) == []  # a stream of texts has no numbers
    laboratory.infos.append(Info("double64"))
    laboratory.waiting = [[float(k), -float(k)] for k in range(100)]
    assert port.receive(0.0) == [[float(k), -float(k)] for k in range(ports.MOST_PACKETS)]
    laboratory.waiting = [None]
    assert port.receive(0.0) == []
    laboratory.waiting = [[0.5]]
    assert port.receive(0.0) == [[0.5]]
    assert port.receive(0.0) == []
    assert laboratory.asked == [("name", "eeg")] * 2
    np.testing.assert_array_equal(port.decode([0.5, 1.0], 2), [0.5, 1.0])
    assert port.decode([0.5], 2) is None
    assert port.decode([np.nan], 1) is None
    with pytest.raises(TypeError, match="a port of a Sink must send"):
        port.send(np.zeros(1))


WRONG_LSL: list[dict[str, Any]] = [
    {},
    {"subscribe": "a", "publish": "b"},
    {"subscribe": 3},
    {"publish": ""},
    {"publish": "a", "size": 0},
    {"publish": "a", "kind": None},
]


@pytest.mark.parametrize("arguments", WRONG_LSL, ids=str)
def test_wrong_streams_of_lsl_are_refused(arguments: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "pylsl", Laboratory())
    with pytest.raises((TypeError, ValueError)) as info:
        io.LSL(**arguments)
    assert SENTENCE.fullmatch(str(info.value))


class Card:
    """A part of sounddevice, with one device that a test plays on."""

    class PortAudioError(Exception):
        """The error of the library."""

    def __init__(self) -> None:
        self.active = False
        self.samplerate = 0.0
        self.n_closed = 0

    def InputStream(  # noqa: N802
        self, rate: float, frames: int, device: Any, channels: int, dtype: str, callback: Any
    ) -> Any:
        if device == "none":
            raise self.PortAudioError("Error querying device")
        self.samplerate, self.frames, self.channels = rate, frames, channels
        self.play, self.dtype = callback, dtype
        return self

    def start(self) -> None:
        self.active = True

    def close(self) -> None:
        self.n_closed += 1


def test_blocks_of_a_microphone_are_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card()
    pretend(monkeypatch, "sounddevice", card)
    port = io.Microphone(block=0.01, rate=8000.0, channels=2)
    assert (card.frames, card.channels, card.dtype) == (80, 2, "float32")
    again = np.zeros((80, 2), np.float32)  # the library uses the array of a block again
    with io.Stream(port, size=2, buffer=3) as s:
        for level in (0.25, 0.5):
            again[:] = level, -level
            card.play(again, 80, None, None)
        until(lambda: len(s._inbox) == 2)
        assert [s(0.001), s(0.002)] == [[0.25, 0.25], [0.5, 0.5]]
        for _ in range(1000):  # a device is not slowed down by its receiver
            card.play(again, 80, None, None)
        assert len(port._blocks) <= ports.MOST_PACKETS
        card.active = False
        until(lambda: s.error is not None)
        assert "the sound device has stopped" in str(s.error)
    assert card.n_closed == 1
    with pytest.raises(OSError, match="Microphone: Error querying device"):
        io.Microphone(device="none")


def test_a_system_without_portaudio_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        """Finds and loads sounddevice as where the library of the system is missing."""

        def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
            if name != "sounddevice":
                return None
            raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr("nefsim.io.sound.require", lambda *names: None)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(nef.BackendUnavailable, match="PortAudio must be installed, got none"):
        io.Microphone()


def loudness(path: Path, soundfile: Any) -> None:
    """A sound file of half a second, with another level in each 10 ms."""
    levels = np.repeat(np.arange(50) / 64, 80)
    soundfile.write(path, np.stack([levels, -levels / 2], axis=1), 8000, "FLOAT")


def test_a_sound_file_is_heard_at_its_pace(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile = pytest.importorskip("soundfile", reason="needs soundfile")
    monkeypatch.setattr("nefsim.io.sound.time.monotonic", clock)
    monkeypatch.setattr(
        "nefsim.io.sound.time.sleep", lambda t: setattr(clock, "now", clock.now + t)
    )
    loudness(tmp_path / "x.wav", soundfile)
    port = io.SoundFile(tmp_path / "x.wav")
    assert (port.rate, port.channels) == (8000, 2)

    def heard(seconds: float) -> list[float]:
        return [float(port.decode(block, 2)[0] * 64) for block in port.receive(seconds)]

    assert heard(0.005) == []  # the first block is not complete
    assert heard(0.05) == [0.0]
    clock.now += 0.0301
    assert heard(0.05) == [1.0, 2.0, 3.0]
    clock.now += 1.0
    assert heard(0.05) == [float(k) for k in range(4, 50)]
    assert heard(0.05) == []
    port.start()
    assert heard(0.05) == [0.0]
    port.close()
    repeats = io.SoundFile(tmp_path / "x.wav", lambda sound: sound[0, 1], repeats=True)
    repeats.receive(0.0)
    clock.now += 1.0001
    blocks = repeats.receive(0.0) + repeats.receive(0.0)
    assert [float(repeats.decode(b, 1)[0] * -128) for b in blocks] == [*range(50), *range(50)]
    repeats.close()


def test_a_stream_hears_a_sound_file(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile", reason="needs soundfile")
    loudness(tmp_path / "x.wav", soundfile)
    port = io.SoundFile(tmp_path / "x.wav", repeats=True)
    with io.Stream(port, size=2) as s:
        until(lambda: s(0.001)[0] > 0.1)
        assert s._value[1] == s._value[0] / 2
    assert s.error is None


def test_wrong_sounds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "sounddevice", Card())
    for wrong in ({"function": 3}, {"block": 0.0}, {"block": 1e-6}, {"channels": 0}, {"rate": 0.0}):
        with pytest.raises((TypeError, ValueError)) as info:
            io.Microphone(**wrong)  # type: ignore[arg-type]
        assert SENTENCE.fullmatch(str(info.value))
    pytest.importorskip("soundfile", reason="needs soundfile")
    (tmp_path / "x.wav").write_text("no sound")
    for path in ("x.wav", "none.wav"):
        with pytest.raises(ValueError, match="path must be a sound file") as info:
            io.SoundFile(tmp_path / path)
        assert SENTENCE.fullmatch(str(info.value))
