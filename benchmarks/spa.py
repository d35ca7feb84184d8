"""Ten models of semantic pointers in nefsim and nengo_spa: answers, build and step times.

    python benchmarks/spa.py [--guest PYTHON] [--only NAME ...] [--seeds N] [--json FILE]

Each model runs in nefsim, in Nengo with and without its optimizer, and in nefsim as a guest, with
the same vocabulary, each in a process of one thread; the processes take turns.  Times are of the
processor, the least of several builds and runs in each process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from spa_cases import CASES

WORKER = Path(__file__).with_name("spa_worker.py")

#: Simulators, with their options.
PEERS: dict[str, dict[str, Any]] = {
    "nefsim": {"peer": "nefsim", "steps": 500},
    "nefsim.nengo": {"peer": "nefsim.nengo", "steps": 500},
    "Nengo, optimizer": {"peer": "nengo", "steps": 60},
    "Nengo": {"peer": "nengo", "steps": 60, "optimize": False},
}


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--guest",
        default=os.environ.get("NEFSIM_NENGO_SPA", sys.executable),
        help="a Python with nengo_spa, numba and SciPy",
    )
    parser.add_argument("--only", action="append", choices=[*CASES], help="may be repeated")
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds (1)")
    parser.add_argument("--rounds", type=int, default=2, help="builds and runs of each (2)")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for name in options.only or CASES:
        for seed in range(1, options.seeds + 1):
            figures[f"{name} {seed}"] = {
                peer: run(options, model=name, seed=seed, rounds=options.rounds, **settings)
                for peer, settings in PEERS.items()
            }
            print(line(name, figures[f"{name} {seed}"]), flush=True)
            if options.json:
                options.json.write_text(json.dumps(figures, indent=1) + "\n")


def run(options: Any, **job: Any) -> dict[str, Any]:
    """The figures of one process."""
    python = sys.executable if job["peer"] == "nefsim" else options.guest
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    done = subprocess.run(
        [python, str(WORKER), json.dumps(job)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MPLBACKEND": "agg", **threads},
    )
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def line(name: str, peers: dict[str, Any]) -> str:
    """A row of the table."""
    wrong = {peer: got for peer, got in peers.items() if "error" in got}
    if wrong:
        return f"{name}: {wrong}"
    own, through = peers["nefsim"], peers["nefsim.nengo"]
    others = [peers[peer] for peer in peers if peer.startswith("Nengo")]
    build, step = (min(other[key] for other in others) for key in ("build", "step"))
    said = [own, through, *others]
    cells = [
        name,
        f"{own['neurons']} / {others[0]['neurons']}",
        " / ".join("right" if each["right"] else f"wrong ({each['answer']})" for each in said[:3]),
        f"{own['build']:.3f}",
        f"{build / own['build']:.1f}",
        f"{through['build'] / own['build']:.1f}",
        f"{1e6 * own['step']:.0f}",
        f"{step / own['step']:.1f}",
        f"{through['step'] / own['step']:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
