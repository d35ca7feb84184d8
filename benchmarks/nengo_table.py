"""Figures of Nengo's models as lines of text, and as a page.

    python benchmarks/nengo_table.py FILE.json ... > benchmarks/nengo_models.md

Files are those of ``nengo_models.py --json``; figures of one model in several files are
together, so that spikes may come from one run and times from another.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

HEAD = """# Models of Nengo's users

Made by `nengo_table.py` from measurements of `nengo_models.py`; see [README.md](README.md).
Builds are least milliseconds of the processor, steps least microseconds, in turns.
Nengo has the best of its settings that were timed.
Spikes are those of the compared seconds, or until they differ.

| model | neurons | build [ms] | Nengo | times | step [µs] | Nengo | times | spikes | equal |
|---|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Print a page of the figures in files."""
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for name in sys.argv[1:]:
        for row in json.loads(Path(name).read_text()):
            rows.setdefault((row["file"], row["model"]), {}).update(row)
    print(HEAD)
    for row in rows.values():
        print(f"| {' | '.join(cells(row))} |")
    print()
    for line in summary(list(rows.values())).splitlines():
        print(f"{line}.  ")


def cells(row: dict[str, Any]) -> list[str]:
    """A line of the page."""
    number = f" ({row['model'] + 1})" if row["model"] else ""
    line = [f"{row['file']}{number}", f"{row['neurons']:,}"]
    for quantity, unit in (("build_min", 1e3), ("step_min", 1.0)):
        if "nefsim" in row.get(quantity, {}) and len(row[quantity]) > 1:
            times = (row[quantity]["nefsim"] * unit, better(row, quantity) * unit)
            line += [*(f"{time:.3g}" for time in times), f"{ratio(row, quantity):.3g}"]
        else:
            line += [""] * 3
    if "worst" not in row:
        return [*line, "", ""]
    first = row.get("first")
    return [*line, f"{row['spikes']:,}", f"until {first * row['dt']:.4g} s" if first else "yes"]


def line_of(row: dict[str, Any]) -> str:
    """A row of the table."""
    name = f"{row['file']}{':' + str(row['model']) if row['model'] else ''}"
    line = f"{name[-43:]:<44}{row['neurons']:>8}"
    if "worst" in row:
        line += f"{row['spikes']:>11}{row['spikes_differ']:>8}{row['worst']:>9.1e}"
    else:
        line += f"{'':>28}"
    for quantity, form in (("build_median", "7.2f"), ("step_median", "9.2f")):
        if quantity in row:
            ours = row[quantity].get("nefsim", float("nan"))
            line += f"{ours:>{form}}{better(row, quantity):>{form}}"
    if "step_median" in row:
        line += f"{ratio(row, 'step_median'):>7.1f}"
    reasons = [row[k] for k in ("failed_nefsim", "failed_nengo") if k in row]
    if "departures" in row:
        left = (f"{name} {step or 'never'}" for name, step in row["departures"].items())
        reasons.append(f"first in step {row['first']}; beside plain Nengo: " + ", ".join(left))
    reasons += [f"{k}: {v}" for k, v in row.get("not_timed", {}).items()]
    return line + "".join(f"\n    {reason}" for reason in reasons)


def better(row: dict[str, Any], quantity: str) -> float:
    """Nengo's time at its best setting."""
    return min((t for name, t in row[quantity].items() if name != "nefsim"), default=float("nan"))


def ratio(row: dict[str, Any], quantity: str) -> float:
    """How many times as fast nefsim is."""
    return better(row, quantity) / row[quantity].get("nefsim", float("nan"))


def summary(rows: list[dict[str, Any]]) -> str:
    """The whole in some sentences."""
    lines = [f"{len(rows)} models of {len({row['file'] for row in rows})} files"]
    both = [row for row in rows if "worst" in row]
    if both:
        same = sum(not row["spikes_differ"] and row["worst"] < 1e-9 for row in both)
        lines.append(f"{same} of {len(both)} compared are equal")
    for quantity in ("step_median", "step_min", "build_median", "build_min"):
        times = sorted(r for row in rows if quantity in row and (r := ratio(row, quantity)) == r)
        if times:
            middle = statistics.median(times)
            lines.append(
                f"{quantity}: Nengo / nefsim {middle:.1f} in the middle, least {times[0]:.1f}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
