"""A process that holds one simulator ready: it prints its facts, then the times of each run.

    python worker.py '{"peer": "nefsim", "model": "square", ...}'

Each line on its input asks for a run, and the end of the input for the end.  A time is a pair
of seconds: on the wall, and of the processor.  It imports only
the needs of one simulator, so that each may have a separate environment.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module


def main() -> None:
    """Start the simulator, print its facts, answer each line with the time of a run."""
    answers = os.fdopen(os.dup(1), "w")
    # Output of simulators and compilers must not look like an answer.
    os.dup2(2, 1)
    job = json.loads(sys.argv[1])
    facts, run = import_module(f"peers.{job['peer']}").start(job)
    print(json.dumps(facts), file=answers, flush=True)
    for _ in sys.stdin:
        print(json.dumps(run()), file=answers, flush=True)


if __name__ == "__main__":
    main()
