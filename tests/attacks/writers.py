"""Several processes save to one path while another reads it: no read may meet a broken file.

``PYTHONPATH=.:tests python tests/attacks/writers.py`` takes 3 writers of 60 saves each and
prints the counts; the tests take fewer.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import textwrap
from collections import Counter
from pathlib import Path

import nefsim as nef
from nefsim import files

WRITER = textwrap.dedent("""
    import sys
    import numpy as np
    import nefsim as nef
    net = nef.Network(seed=1)
    net.probe(net.ensemble(50, 1), label="value")
    sim = nef.Simulator(net, backend="numpy")
    sim.run_steps(100 * (1 + int(sys.argv[2])))
    print("ready", flush=True)
    sys.stdin.readline()
    failed = 0
    for _ in range(int(sys.argv[3])):
        try:
            sim.save(sys.argv[1])
        except Exception:
            failed += 1
    print(failed)
""")


def attack(folder: Path, n_writers: int = 3, n_saves: int = 60) -> dict[str, int]:
    """How many reads there were, how many were refused, how many saves failed."""
    net = nef.Network(seed=1)
    net.probe(net.ensemble(50, 1), label="value")
    path = folder / "state.npz"
    nef.Simulator(net, backend="numpy").save(path)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(i), str(n_saves)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for i in range(n_writers)
    ]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.close()
    seen: Counter[str] = Counter()
    while any(writer.poll() is None for writer in writers):
        seen["reads"] += 1
        try:
            with files.Saved("attack", path, "simulator", {}) as saved:
                arrays = [saved.array(name) for name in saved.names]
                seen["whole"] += len(arrays) > 1 and saved.meta["step"] in range(0, 1000, 100)
        except Exception:
            seen["broken reads"] += 1
    for writer in writers:
        assert writer.stdout is not None
        seen["failed saves"] += int(writer.stdout.read())
        writer.stdout.close()
    seen["left over"] = len(list(folder.iterdir())) - 1
    keys = ("reads", "whole", "broken reads", "failed saves", "left over")
    return {key: seen[key] for key in keys}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=3)
    parser.add_argument("--saves", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(attack(Path(folder), options.writers, options.saves)))
