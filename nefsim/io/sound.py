"""Sound of a microphone, by sounddevice, or of a file, by soundfile."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim import files
from nefsim._extras import BackendUnavailable, cure, require
from nefsim.io import formats
from nefsim.io.ports import MOST_PACKETS, Port

Array = NDArray[np.float64]

#: Numbers of a block of sound, (frames, channels).
Features: TypeAlias = Callable[[Array], ArrayLike]


def root_mean_squares(sound: Array) -> Array:
    """The root mean square of each channel.

    Parameters
    ----------
    sound : (frames, channels) ndarray
        A block of sound.

    Returns
    -------
    (channels,) ndarray
    """
    return np.sqrt(np.mean(sound**2, axis=0))


class _Sound(Port):
    """Base class of ports with blocks of sound as packets."""

    def __init__(self, who: str, function: Features | None) -> None:
        if function is not None and not callable(function):
            do = "pass a function of an array (frames, channels)"
            check.fail(who, "function", "be a function", check.show(function), do, TypeError)
        self._function: Features = root_mean_squares if function is None else function

    def decode(self, packet: Any, size: int) -> Array | None:
        values = np.ravel(np.asarray(self._function(packet), np.float64))
        return formats.finite(values) if len(values) == size else None


class Microphone(_Sound):
    """Blocks of sound from a microphone or another input of a sound card, one sample from each.

    Parameters
    ----------
    function : callable or None
        A function of a block, an array (frames, channels) of numbers in [-1, 1], that returns
        the numbers of a sample; None is the root mean square of each channel.
    block : float [s]
        Duration of a block.
    rate : float [1/s]
        Frames in a second.
    channels : int
        Number of channels.
    device : int, str or None
        Number or name of the device; None is that of the system.

    Raises
    ------
    nefsim.BackendUnavailable
        If sounddevice, or the library PortAudio that it needs, is not installed.
    OSError
        If there is no such device, or it has no such rate.
    ValueError, TypeError
        If an argument is of another type or out of range.

    See Also
    --------
    SoundFile : Sound of a file.
    """

    def __init__(
        self,
        function: Features | None = None,
        block: float = 0.01,
        rate: float = 16000.0,
        channels: int = 1,
        device: int | str | None = None,
    ) -> None:
        who = "Microphone"
        super().__init__(who, function)
        hertz = check.real(who, "rate", rate, "pass frames per second", low=1.0)
        frames = _frames(who, block, hertz)
        n = check.integer(who, "channels", channels, "pass their number", 1, 1000)
        require("nefsim.io.Microphone", "io", "sounddevice")
        try:
            import sounddevice
        except OSError as error:
            message = f"nefsim.io.Microphone: PortAudio must be installed, got none; {cure('io')}"
            raise BackendUnavailable(f"{message}, and the library of your system.") from error
        self._blocks: deque[Array] = deque(maxlen=MOST_PACKETS)
        self._has_more = Event()
        try:
            self._device = sounddevice.InputStream(
                hertz, frames, device, n, "float32", callback=self._take
            )
            self._device.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise OSError(f"{who}: {error}") from error

    def _take(self, sound: Any, frames: int, at: object, status: object) -> None:
        """Store a block; a thread of PortAudio calls it."""
        del frames, at, status
        self._blocks.append(np.array(sound, np.float64))
        self._has_more.set()

    def receive(self, seconds: float) -> list[Any]:
        if not self._has_more.wait(seconds) and not self._device.active:
            raise OSError("the sound device has stopped")
        self._has_more.clear()
        return [self._blocks.popleft() for _ in range(len(self._blocks))]

    def close(self) -> None:
        self._device.close()

    def __repr__(self) -> str:
        return f"Microphone of {self._device.samplerate:g} frames a second"


class SoundFile(_Sound):
    """Blocks of a sound file, such as WAV, FLAC or OGG, at the times at which they would sound.

    Parameters
    ----------
    path : str or Path
        The file.
    function, block
        As for `Microphone`.
    repeats : bool
        Whether to begin again at the end.

    Attributes
    ----------
    rate : int [1/s]
        Frames in a second.
    channels : int
        Number of channels.

    Raises
    ------
    nefsim.BackendUnavailable
        If soundfile is not installed.
    ValueError, TypeError
        If it is no sound file, or an argument is of another type or out of range.

    See Also
    --------
    Microphone : Sound of a device.

    Notes
    -----
    Sound begins with the stream; call :meth:`start` before a run to begin again.
    """

    def __init__(
        self,
        path: str | Path,
        function: Features | None = None,
        block: float = 0.01,
        repeats: bool = False,
    ) -> None:
        who = "SoundFile"
        super().__init__(who, function)
        source = files.as_path(who, path, ending=False)
        self._repeats = check.flag(who, "repeats", repeats)
        length = check.seconds(who, "block", block)
        require("nefsim.io.SoundFile", "io", "soundfile")
        import soundfile

        try:
            self._file = soundfile.SoundFile(source)
        except (soundfile.LibsndfileError, OSError) as error:
            check.fail(who, "path", "be a sound file", f"{source} ({error})", "pass such as a WAV")
        self.rate, self.channels = self._file.samplerate, self._file.channels
        self._frames = _frames(who, length, self.rate)
        self._begin: float | None = None
        self._n = 0
        self._must_start = True

    def start(self) -> None:
        """Begin again at the start of the file."""
        self._must_start = True

    def receive(self, seconds: float) -> list[Any]:
        now = time.monotonic()
        if self._must_start or self._begin is None:
            self._must_start, self._begin, self._n = False, now, 0
            self._file.seek(0)
        length = self._frames / self.rate
        due = self._begin + (self._n + 1) * length  # when the next block is complete
        if due > now:
            time.sleep(min(due - now, seconds))
            now = time.monotonic()
        blocks: list[Array] = []
        while len(blocks) < MOST_PACKETS and self._begin + (self._n + 1) * length <= now:
            block = self._file.read(self._frames, "float64", always_2d=True)
            if len(block) == self._frames:
                self._n += 1
                blocks.append(block)
            elif self._repeats and self._n:
                self._begin, self._n = self._begin + self._n * length, 0
                self._file.seek(0)
            else:  # its end
                time.sleep(seconds)
                break
        return blocks

    def close(self) -> None:
        self._file.close()

    def __repr__(self) -> str:
        return f"SoundFile {Path(self._file.name).name}"


def _frames(who: str, block: Any, rate: float) -> int:
    """The frames of a block."""
    frames = round(check.seconds(who, "block", block) * rate)
    if frames < 1:
        do = f"pass at least {1 / rate:g}"
        check.fail(who, "block", "have a frame", f"{block:g} s at {rate:g} frames a second", do)
    return frames
