"""Damage files of machine code, and run simulators that find them.

    python tests/attacks/machine_code.py [--tries N] [--seed N]

Each damaged file is read by a separate process, which either refuses it (the code would then be
compiled again, which is not awaited here), or runs a network.  No process may die of a signal or
hang, and no spike may differ.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nefsim as nef
from nefsim.backends import codefiles, compiled
from nefsim.backends.compiled import object_cache

#: Seconds that a process may take before it is said to hang.
PATIENCE = 60

REFUSED, SAME, WRONG = 10, 11, 12

Damage = Callable[[np.random.Generator, bytearray], bytes]


def truncated(rng: np.random.Generator, code: bytearray) -> bytes:
    """A file that ends early."""
    return bytes(code[: rng.integers(1, len(code))])


def tail_zeroed(rng: np.random.Generator, code: bytearray) -> bytes:
    """A file whose end was not yet on the disk when the power failed."""
    start = rng.integers(1, len(code))
    code[start:] = bytes(len(code) - start)
    return bytes(code)


def page_zeroed(rng: np.random.Generator, code: bytearray) -> bytes:
    """A page of 4 KiB that was lost."""
    start = 4096 * int(rng.integers(len(code) // 4096))
    code[start : start + 4096] = bytes(4096)
    return bytes(code)


def flipped(bits: int) -> Damage:
    """Bits that turned over."""

    def flip(rng: np.random.Generator, code: bytearray) -> bytes:
        for place in rng.choice(8 * len(code), bits, replace=False):
            code[place // 8] ^= 1 << (place % 8)
        return bytes(code)

    return flip


#: Kinds of damage, with how many of 302 files have it.
DAMAGES: dict[str, tuple[int, Damage]] = {
    "empty": (1, lambda rng, code: b""),
    "all zeros": (1, lambda rng, code: bytes(len(code))),
    "truncated": (40, truncated),
    "tail zeroed": (40, tail_zeroed),
    "a page zeroed": (40, page_zeroed),
    "one bit": (120, flipped(1)),
    "16 bits": (60, flipped(16)),
}


class _Refused(Exception):
    """The code was not taken."""


def spikes() -> Any:
    """Spikes of a network that recurs, compiled."""
    net = nef.Network(seed=1)
    a = net.ensemble(50, 2)
    net.connect(net.node([0.5, -0.5]), a)
    net.connect(a, a)
    probe = net.probe(a.neurons)
    sim = nef.Simulator(net, backend="numba", progress=False)
    sim.run(0.1)
    return sim.data[probe]


def whole_file() -> tuple[str, bytes]:
    """The name and content of the undamaged file, which is made if need be."""
    spikes()
    name = object_cache._name(np.dtype(np.float64))
    for folder in codefiles.folders():
        try:
            codefiles.read(folder, name)
        except OSError:
            continue
        return name, (folder / name).read_bytes()
    raise SystemExit("machine code is not stored; see nefsim.backends.codefiles.folders")


def outcome(wanted: Any) -> str:
    """The outcome of a process with the code in ``NEFSIM_CACHE``."""
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os._exit(SAME if np.array_equal(spikes(), wanted) else WRONG)
        except _Refused:
            os._exit(REFUSED)
        finally:
            os._exit(1)
    limit = time.monotonic() + PATIENCE
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > limit:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hang"
        time.sleep(0.002)
    if os.WIFSIGNALED(status):
        return "signal"
    names = {REFUSED: "refused", SAME: "same", WRONG: "wrong"}
    return names.get(os.WEXITSTATUS(status), "error")


def attack(tries: int, seed: int) -> dict[str, Counter[str]]:
    """How often each kind of damage had each outcome."""
    name, content = whole_file()
    wanted, rng = spikes(), np.random.default_rng(seed)
    outcomes: dict[str, Counter[str]] = {}

    def refuse(*arguments: Any) -> Any:
        raise _Refused

    # A new compilation takes seconds, and is tested elsewhere.
    object_cache._compile = refuse
    sys.modules["nefsim.backends.compiled.kernel"] = compiled.kernel = object()  # type: ignore
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o700)
        os.environ[codefiles.SWITCH] = folder
        for kind, (n, damage) in {"none": (1, _none), **DAMAGES}.items():
            outcomes[kind] = Counter()
            for _ in range(max(1, round(n * tries / 302))):
                file = Path(folder, name)
                file.write_bytes(damage(rng, bytearray(content)))
                file.chmod(0o600)
                object_cache.interpreter.cache_clear()
                outcomes[kind][outcome(wanted)] += 1
    return outcomes


def _none(rng: np.random.Generator, code: bytearray) -> bytes:
    return bytes(code)


def main() -> int:
    """Attack, print a table, and say whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tries", type=int, default=302, help="about how many files")
    parser.add_argument("--seed", type=int, default=1, help="seed of the damage")
    options = parser.parse_args()
    outcomes = attack(options.tries, options.seed)
    total: Counter[str] = Counter()
    for kind, counts in outcomes.items():
        print(f"{kind:14} {dict(counts)}")
        if kind != "none":
            total += counts
    print(f"{'all damaged':14} {dict(total)}")
    sound = outcomes["none"] == {"same": 1} and set(total) <= {"same", "refused"}
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
