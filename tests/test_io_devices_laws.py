"""Laws of ports of LSL and of sound, on stand-ins of their packages and of the clock."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nefsim import io
from nefsim.io import lsl, sound

PACKETS = 64


class Clock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 100.0, list[float]()

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 9))
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (lsl, sound):
        monkeypatch.setattr(module, "time", clock)
    return clock


def pretend(monkeypatch: pytest.MonkeyPatch, name: str, module: Any) -> None:
    """Install a module of the test in the place of a package."""
    monkeypatch.setitem(sys.modules, name, module)
    find, found = importlib.util.find_spec, importlib.machinery.ModuleSpec(name, None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: found if n == name else find(n))


# LSL


@pytest.fixture
def pylsl(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A part of pylsl that notes its arguments; ``infos`` are the streams that are found."""
    calls: list[Any] = []

    def noted(name: str) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            calls.append((name, *given, named))
            return SimpleNamespace(
                push_sample=lambda values: calls.append(("push", values)),
                results=lambda: module.infos,
                pull_sample=lambda timeout: (calls.append(("pull", timeout)), ([1.0], 0.0))[1],
                pull_chunk=lambda **more: (calls.append(("chunk", more)), ([[2.0]], [0.0]))[1],
            )

        return call

    names = ("StreamInfo", "StreamOutlet", "StreamInlet", "ContinuousResolver")
    module = SimpleNamespace(
        **{name: noted(name) for name in names},
        IRREGULAR_RATE=0.0,
        cf_string="string",
        LostError=RuntimeError,
        infos=[],
        calls=calls,
    )
    pretend(monkeypatch, "pylsl", module)
    return module


def test_a_sink_is_a_stream_of_doubles_without_a_rate(pylsl: SimpleNamespace) -> None:
    port = io.LSL(publish="motor", size=2, kind="EEG")
    info, outlet = pylsl.calls
    assert info == ("StreamInfo", "motor", "EEG", 2, 0.0, "double64", "nefsim motor", {})
    assert outlet[0] == "StreamOutlet" and outlet[2] == {"max_buffered": 1}
    assert port.send(np.array([1, 2], np.float32)) is True
    assert pylsl.calls[-1] == ("push", [1.0, 2.0])
    with pytest.raises(TypeError, match="a port of a Stream must receive"):
        port.receive(0.0)
    port.close()
    with pytest.raises(TypeError, match="a port of a Sink must send"):
        port.send(np.zeros(2))
    io.LSL(publish="a")
    assert pylsl.calls[-2][2:4] == ("Control", 1)


def test_a_stream_is_looked_for_each_20_ms_and_then_waited_for(
    pylsl: SimpleNamespace, clock: Clock
) -> None:
    port = io.LSL(subscribe="eeg")
    assert pylsl.calls == []
    assert [port.receive(seconds) for seconds in (0.1, 0.01)] == [[], []]
    assert clock.slept == [0.02, 0.01]
    assert pylsl.calls == [("ContinuousResolver", {"prop": "name", "value": "eeg"})]
    texts, numbers = (
        SimpleNamespace(channel_format=lambda form=form: form) for form in ("string", "float32")
    )
    pylsl.infos = [texts]
    assert port.receive(0.0) == []
    pylsl.infos = [texts, numbers]
    assert port.receive(0.3) == [[1.0], [2.0]]
    inlet, pull, chunk = pylsl.calls[1:]
    assert inlet == ("StreamInlet", numbers, {"max_buflen": 1})
    assert (pull, chunk) == (("pull", 0.3), ("chunk", {"timeout": 0.0, "max_samples": PACKETS - 1}))
    assert port.decode([1, 2], 2).tolist() == [1.0, 2.0]  # type: ignore[union-attr]
    assert port.decode([1, 2], 3) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "subscribe must be passed, or publish, got neither"),
        ({"subscribe": "a", "publish": "b"}, "subscribe must be passed, or publish, got both"),
        ({"subscribe": ""}, "subscribe must be the name of a stream, got an empty one"),
        ({"publish": ""}, "publish must be the name of a stream, got an empty one"),
        ({"subscribe": 3}, "subscribe must be the name of a stream, got 3"),
        ({"publish": 3}, "publish must be the name of a stream, got 3"),
        ({"publish": "a", "size": 0}, "size must be at least 1"),
        ({"publish": "a", "size": 10**6 + 1}, "size must be at most 1000000"),
        ({"publish": "a", "kind": 3}, "kind must be a text"),
    ],
    ids=str,
)
def test_a_port_of_lsl_has_one_name(arguments: Any, words: str, pylsl: SimpleNamespace) -> None:
    with pytest.raises((TypeError, ValueError), match=f"LSL: {words}"):
        io.LSL(**arguments)


# Sound


class File:
    """A sound file of 25 frames at 100 Hz, in two channels."""

    samplerate, channels, name = 100, 2, "folder/x.wav"

    def __init__(self, path: Any) -> None:
        self.at, self.seeks, self.is_closed = 0, 0, False

    def seek(self, place: int) -> None:
        self.at, self.seeks = place, self.seeks + 1

    def read(self, n: int, dtype: str, always_2d: bool) -> np.ndarray:
        assert dtype == "float64" and always_2d
        frames = np.arange(self.at, min(self.at + n, 25), dtype=float)
        self.at += len(frames)
        return np.column_stack([frames, -frames])

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def soundfile(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "soundfile", SimpleNamespace(SoundFile=File, LibsndfileError=KeyError))


def first(blocks: list[Any]) -> list[float]:
    return [float(block[0, 0]) for block in blocks]


def test_blocks_of_a_file_come_when_they_are_complete(soundfile: None, clock: Clock) -> None:
    port = io.SoundFile("x.wav", block=0.1)
    assert (port.rate, port.channels) == (100, 2)
    # The first ends after 0.1 s; a receiver that waits for less gets nothing.
    assert port.receive(0.04) == [] and clock.slept == [0.04]
    assert first(port.receive(0.5)) == [0.0] and clock.slept[1:] == [0.06]
    clock.now += 0.15
    assert first(port.receive(0.5)) == [10.0] and len(clock.slept) == 2
    # At its end it waits, and says nothing more.
    clock.now += 1.0
    assert port.receive(0.25) == [] and clock.slept[2:] == [0.25]
    port.start()
    assert first(port.receive(0.5)) == [0.0] and clock.slept[3:] == [0.1]
    assert port._file.seeks == 2
    port.close()
    assert port._file.is_closed


def test_a_file_repeats_without_a_gap(soundfile: None, clock: Clock) -> None:
    port = io.SoundFile("x.wav", lambda block: block[0, 1], block=0.1, repeats=True)
    port.receive(0.0)
    clock.now += 0.7  # two whole blocks fit into the file
    assert first(port.receive(0.0)) == [0.0, 10.0] * 3 + [0.0]
    clock.now += 100.0
    assert len(port.receive(0.0)) == PACKETS
    block = np.array([[1.0, 5.0], [2.0, 6.0]])
    assert port.decode(block, 1).tolist() == [5.0]  # type: ignore[union-attr]
    assert port.decode(block, 2) is None
    # A file that is shorter than a block has none to repeat.
    short = io.SoundFile("x.wav", block=0.3, repeats=True)
    short.receive(0.0)
    clock.now += 5.0
    assert short.receive(0.125) == [] and clock.slept[-1] == 0.125


def test_a_sample_is_the_root_mean_square_of_each_channel(soundfile: None) -> None:
    block = np.array([[3.0, 1.0], [4.0, -1.0]])
    np.testing.assert_allclose(sound.root_mean_squares(block), [np.sqrt(12.5), 1.0])
    port = io.SoundFile("x.wav")
    np.testing.assert_allclose(port.decode(block, 2), [np.sqrt(12.5), 1.0])
    assert port._frames == 1 and io.SoundFile("x.wav", block=0.016)._frames == 2
    for wrong, words in (
        ({"block": 0.004}, "block must have a frame, got 0.004 s at 100 frames a second"),
        ({"block": 0.0}, "block must be above 0"),
        ({"function": 3}, "function must be a function"),
        ({"repeats": 2}, "repeats must"),
    ):
        with pytest.raises((TypeError, ValueError), match=f"SoundFile: {words}"):
            io.SoundFile("x.wav", **wrong)  # type: ignore[arg-type]


def test_a_microphone_passes_its_settings_and_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []

    def stream(*given: Any, callback: Any) -> Any:
        opened.append(given)
        device = SimpleNamespace(samplerate=given[0], active=True, n=0, play=callback)
        device.start = lambda: setattr(device, "n", device.n + 1)
        device.close = lambda: setattr(device, "n", -1)
        return device

    pretend(
        monkeypatch,
        "sounddevice",
        SimpleNamespace(InputStream=stream, PortAudioError=type("Error", (Exception,), {})),
    )
    port = io.Microphone()
    io.Microphone(block=0.5, rate=1.5, channels=1000, device=3)
    assert opened == [(16000.0, 160, None, 1, "float32"), (1.5, 1, 3, 1000, "float32")]
    assert port._device.n == 1
    assert port.receive(0.0) == []
    for k in range(70):
        port._device.play(np.full((2, 1), k, np.float32), 2, None, None)
    blocks = port.receive(0.0)
    assert first(blocks) == [float(k) for k in range(6, 70)] and blocks[0].dtype == np.float64
    assert port.receive(0.0) == []
    port._device.active = False
    with pytest.raises(OSError, match="the sound device has stopped"):
        port.receive(0.0)
    port._device.play(np.zeros((2, 1)), 2, None, None)
    assert len(port.receive(0.0)) == 1  # what was heard before
    port.close()
    assert port._device.n == -1
    for wrong, words in (
        ({"rate": 0.5}, "rate must be at least 1"),
        ({"channels": 0}, "channels must be at least 1"),
        ({"channels": 1001}, "channels must be at most 1000"),
        ({"block": 1e-5}, "block must have a frame"),
    ):
        with pytest.raises(ValueError, match=f"Microphone: {words}"):
            io.Microphone(**wrong)  # type: ignore[arg-type]
