"""The page of reproductions, from the reports of the command.

nefsim reproduce --all --quick --json > reports.json
python docs/_ext/reproductions.py reports.json --date 2026-11-29 > docs/reproductions.md
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from nefsim import __version__, reproduce  # noqa: E402

HEAD = """# Reproductions

Published figures, run in the protocols of their authors.
Each row has the published value, ours with its 95 % interval over seeds, and a verdict.
A value is *reproduced* if ours differs from it by no more than a tolerance, stated with its reason,
or if it lies in the interval of our mean.
*Better* is an improvement beyond the tolerance.
Networks and parameters are those of the publications.
Set after first runs: the number of seeds of hPES and of the plain network of digits,
the formula and the tolerance of `pointers`, and the scale of the training of `soft-lif`.

```
nefsim reproduce                       # the list, with protocols
nefsim reproduce stdp silence --quick  # some figures
nefsim reproduce --all --quick         # all of them
```

All quick forms took 203 s of processor time, in one run on a core of 2026.
Without `--quick` a figure is run in full, which takes seconds to twenty minutes.
`--out FOLDER` draws each figure with the published points.
From Python: `nefsim.reproduce.run("stdp").plot()`.

"""


def installed(package: str) -> str:
    """Name and version of a package."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""


def number(value: float | None) -> str:
    """A number with four digits."""
    return "" if value is None else f"{value:.4g}"


def row(line: dict[str, Any]) -> str:
    """A line of a figure as a row of its table."""
    ours = number(line["ours"])
    if line["interval"]:
        ours += f" [{number(line['interval'][0])}, {number(line['interval'][1])}]"
    note = line["note"]
    if not note and line["reason"]:
        note = f"within {line['within']:.2g}: {line['reason']}"
    verdict = line["verdict"]
    verdict = f"**{verdict}**" if verdict == "NOT reproduced" else verdict
    return f"| {line['quantity']} | {number(line['published'])} | {ours} | {verdict} | {note} |\n"


def summary(reports: list[dict[str, Any]]) -> str:
    """How many rows have each verdict, and the figures with rows that differ."""
    verdicts = [(r["figure"], line["verdict"]) for r in reports for line in r.get("lines", ())]
    count = Counter(verdict for _, verdict in verdicts)
    names = dict.fromkeys(name for name, verdict in verdicts if verdict == "NOT reproduced")
    return (
        f"Of {len(verdicts)} rows {count['reproduced']} are reproduced, {count['better']} are "
        f"better, {count['NOT reproduced']} are not reproduced, and {count['not run']} cannot be "
        f"run.\nRows that are not reproduced, with their reasons, are under "
        f"{', '.join(f'[{name}](#{name})' for name in names)}.\n\n"
    )


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", type=Path)
    parser.add_argument("--date", required=True)
    options = parser.parse_args()
    reports = json.loads(options.reports.read_text(encoding="utf-8"))
    packages = [*map(installed, ("numpy", "scipy", "numba", "torch", "nengo"))]
    print(HEAD, end="")
    versions = ", ".join(filter(None, packages))
    print(
        f"The tables below are of {options.date}: nefsim {__version__}, Python "
        f"{platform.python_version()}, {versions}.\n"
    )
    print(summary(reports), end="")
    known = reproduce.figures()
    for report in reports:
        figure = known[report["figure"]]
        print(f"## {figure.name}\n\n{figure.title[0].upper()}{figure.title[1:]}.\n")
        print(f"- Source: {figure.source}.\n- Protocol: {figure.protocol}")
        if "not_run" in report:
            print(f"\nNot run: {report['not_run']}\n")
            continue
        print(f"- This table: {report['form']} form.\n")
        print("| quantity | published | ours | verdict | note |\n|---|---|---|---|---|")
        print("".join(map(row, report["lines"])))


if __name__ == "__main__":
    main()
