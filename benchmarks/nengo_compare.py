"""Spikes and values of two simulators, step by step, and the first difference of each setting."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from nengo_process import Process

#: Steps that are compared at once.
PIECE = 500

#: Nengo without its optimizer, with which all others are compared.
PLAIN = {"optimize": False, "scipy": True}

#: Other settings of Nengo that run when spikes differ: other order of sums, or other start.
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "nefsim, NumPy": ("nefsim", {"optimize": True, "scipy": True, "backend": "numpy"}),
    "optimized": ("nengo", {"optimize": True, "scipy": True}),
    "optimized, no SciPy": ("nengo", {"optimize": True, "scipy": False}),
    "no SciPy": ("nengo", {"optimize": False, "scipy": False}),
    "two threads": ("nengo", {**PLAIN, "threads": 2}),
    "nudged": ("nengo", {**PLAIN, "nudged": True}),
}


def compared(
    of_nefsim: Process, of_nengo: Process, row: dict[str, Any], seconds: float
) -> dict[str, Any]:
    """Spikes and values of both, piece by piece, until they differ or the time is over."""
    counts = {"steps": 0, "spikes": 0, "spikes_differ": 0, "worst": 0.0}
    both = [of_nefsim, of_nengo]
    answers = _ask(both, do="watch", model=row["model"])
    steps = round(seconds / row["dt"])
    while counts["steps"] < steps and not counts["spikes_differ"] and not failed(answers, counts):
        n = min(PIECE, steps - counts["steps"])
        answers = _ask(both, do="piece", steps=n)
        if failed(answers, counts):
            break
        one, other = _read(both)
        _count(one, other, counts)
        counts["steps"] += n
    _ask(both, do="drop")
    return counts


def departures(
    path: Path, row: dict[str, Any], seconds: float, clip: float
) -> dict[str, int | None]:
    """The step of the first difference in spikes between each other setting and plain Nengo."""
    first: dict[str, int | None] = dict.fromkeys(OTHERS)
    with ExitStack() as stack:
        plain = stack.enter_context(Process(path, "nengo", clip, **PLAIN))
        others = {
            name: stack.enter_context(Process(path, peer, clip, **settings))
            for name, (peer, settings) in OTHERS.items()
        }
        for process in (plain, *others.values()):
            process.answer()
        _ask([plain, *others.values()], do="watch", model=row["model"])
        steps = round(seconds / row["dt"])
        for done in range(0, steps, PIECE):
            running = [plain, *others.values()]
            _ask(running, do="piece", steps=min(PIECE, steps - done))
            plain, *rest = _read(running)
            for name, one in zip(tuple(others), rest, strict=True):
                step = first_difference(one, plain)
                if step is not None:
                    first[name] = done + step
                    del others[name]
    return first


def _ask(processes: list[Process], **request: Any) -> list[dict[str, Any]]:
    """The answers of several processes, which work at the same time."""
    for process in processes:
        process.ask(**request)
    return [process.answer() for process in processes]


def _read(processes: list[Process]) -> list[dict[str, Any]]:
    """The spikes and values that each process wrote for a piece."""
    return [dict(np.load(f"{process.folder.name}/piece.npz")) for process in processes]


def failed(answers: list[dict[str, Any]], counts: dict[str, Any]) -> bool:
    """Note the errors of both simulators, if any."""
    for name, answer in zip(("nefsim", "nengo"), answers, strict=True):
        if "error" in answer:
            counts[f"failed_{name}"] = answer["error"]
    return any("error" in answer for answer in answers)


def first_difference(one: dict[str, Any], other: dict[str, Any]) -> int | None:
    """The first step of a piece, from 1, with a spike that only one of the two has."""
    steps = [
        int(np.setxor1d(a, other[name], assume_unique=True).min()) // width(name)
        for name, a in one.items()
        if name.startswith("spikes") and not np.array_equal(a, other[name])
    ]
    return min(steps) + 1 if steps else None


def width(name: str) -> int:
    """The number of neurons, n, of a record named ``spikes i of n``."""
    return int(name.rsplit(" ", 1)[1])


def _count(one: dict[str, Any], other: dict[str, Any], counts: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    step = first_difference(one, other)
    if step is not None:
        counts["first"] = counts["steps"] + step
    for name, a in one.items():
        b = other[name]
        if name.startswith("spikes"):
            counts["spikes"] += int(b.size)
            counts["spikes_differ"] += int(np.setxor1d(a, b, assume_unique=True).size)
        elif a.shape != b.shape:
            counts["worst"] = float("inf")
        elif a.size:
            scale = max(1.0, float(np.abs(b).max()))
            counts["worst"] = max(counts["worst"], float(np.abs(a - b).max()) / scale)
