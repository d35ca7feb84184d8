"""Tries in child processes with bounds on memory and time, for attacks that may crash or hang."""

from __future__ import annotations

import faulthandler
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path

#: Memory beyond that of the parent [bytes], and processor time of a try [s].  A try that sleeps
#: is ended after so many times as long; one that waits for a processor is not, as other programs
#: may have them for minutes.
MEMORY, SECONDS, PATIENCE = 4 * 2**30, 10.0, 12

#: Seconds after which a child ends whose parent is gone.
ORPHANED = 3600

#: Tries that one child makes.
AT_ONCE = 1000

Attempt = Callable[[int], str]


def in_children(
    attempt: Attempt, numbers: range, report: Callable[[int, str], None], seconds: float = SECONDS
) -> None:
    """Make tries in child processes, one after the other.

    Parameters
    ----------
    attempt : callable
        ``attempt(number)`` makes a try and returns its outcome in one line.
    numbers : range
        The tries.
    report : callable
        ``report(number, outcome)`` gets the outcome, which is "crash" or "timeout" for a child
        that ended or was too slow.
    seconds : float [s]
        Processor time of a try.
    """
    at = numbers.start
    while at < numbers.stop:
        end = min(at + AT_ONCE, numbers.stop)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _child(attempt, range(at, end), writing, seconds)
        os.close(writing)
        ended = False
        with os.fdopen(reading, "rb", buffering=0) as stream:
            while at < end and not ended:
                ready = False
                while not ready:
                    ready = bool(select.select([stream], [], [], PATIENCE * seconds)[0])
                    if not ready and _sleeps(child):
                        break
                line = stream.readline() if ready else b""
                if line:
                    report(at, line.decode().rstrip("\n"))
                else:
                    ended = True
                    if not ready:
                        os.kill(child, signal.SIGKILL)
                at += 1
        _, status = os.waitpid(child, 0)
        if ended:
            slow = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (
                signal.SIGPROF,
                signal.SIGKILL,
            )
            report(at - 1, "timeout" if slow else "crash")


def _sleeps(child: int) -> bool:
    """Whether a process neither runs nor waits for a processor, for two seconds."""
    for _ in range(20):
        if Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0] == "R":
            return False
        time.sleep(0.1)
    return True


def _child(attempt: Attempt, numbers: range, writing: int, seconds: float) -> None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        faulthandler.enable()  # a crash shows where it happened
        for number in numbers:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            signal.alarm(ORPHANED)
            outcome = attempt(number)
            os.write(writing, outcome.encode(errors="replace").replace(b"\n", b" ") + b"\n")
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)
