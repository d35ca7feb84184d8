"""The level of a sound in decibels, decoded from a population: a meter for WAV files.

Each step of 1 ms takes the samples of its millisecond, so that their mean square is the input of
the population; a filter of 125 ms ("fast" of sound level meters) smooths it, and the decoded
value is shown relative to full scale.
"""

from __future__ import annotations

import argparse
import wave
from pathlib import Path

import numpy as np

import nefsim as nef

DT = 0.001

#: Lowest level that is shown [dB].
LOWEST = -40.0

#: Time constant "fast" of IEC 61672 [s].
FAST = 0.125


def mean_squares(path: Path) -> np.ndarray:
    """The mean square of the samples of each millisecond, relative to full scale."""
    with wave.open(str(path), "rb") as file:
        width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
        if width != 2:
            raise ValueError(f"{path}: samples must have 16 bits, got {8 * width}; convert it.")
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768.0
    sound = data.reshape(-1, channels).mean(axis=1)
    starts = np.unique(np.arange(0, len(sound) / rate, DT) * rate // 1).astype(int)
    lengths = np.diff(np.append(starts, len(sound)))
    return np.add.reduceat(sound**2, starts) / lengths


def levels(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The decoded level in each step and the exact one [dB relative to full scale]."""
    net = nef.Network(seed=1)
    source = net.node(nef.PresentInput(power[:, None], DT))
    smooth = net.node(size_in=1)
    net.connect(source, smooth, synapse=FAST)
    # The population represents the root mean square, which varies less than the power.
    a = net.ensemble(500, 1, intercepts=(0.0, 0.9), encoders=[[1.0]] * 500)
    root = net.node(lambda t, x: np.sqrt(np.maximum(x, 0.0)), size_in=1)
    net.connect(smooth, root, synapse=None)
    net.connect(root, a, synapse=None)
    decoded, exact = net.probe(a, synapse=0.02), net.probe(root)
    sim = nef.Simulator(net, dt=DT, progress=False)
    sim.run_steps(len(power))
    return decibels(sim.data[decoded][:, 0]), decibels(sim.data[exact][:, 0])


def decibels(root_mean_square: np.ndarray) -> np.ndarray:
    """Levels relative to full scale [dB]."""
    return 20 * np.log10(np.maximum(root_mean_square, 10 ** (LOWEST / 20)))


def write_example(path: Path) -> None:
    """A tone of 440 Hz at three levels: -20, -6 and -26 dB, for a second each."""
    rate = 16_000
    t = np.arange(3 * rate) / rate
    amplitude = np.sqrt(2) * 10 ** (np.array([-20.0, -6.0, -26.0])[t.astype(int)] / 20)
    sound = amplitude * np.sin(2 * np.pi * 440 * t)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, len(sound), "NONE", "not compressed"))
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def main() -> None:
    """Print the level every quarter of a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=Path("tone.wav"))
    options = parser.parse_args()
    if not options.file.exists():
        write_example(options.file)
    decoded, exact = levels(mean_squares(options.file))
    for k in range(249, len(decoded), 250):
        bar = "#" * round(decoded[k] - LOWEST)
        print(f"{(k + 1) * DT:5.2f} s {decoded[k]:6.1f} dB (exact {exact[k]:6.1f}) {bar}")


if __name__ == "__main__":
    main()
