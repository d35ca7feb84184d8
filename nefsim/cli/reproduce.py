"""run published figures in the protocol of their authors, beside the published values"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

EXAMPLE = "nefsim reproduce stdp silence --out figures"


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument(
        "names", nargs="*", metavar="NAME", help="figures to run; without one they are listed"
    )
    command.add_argument("--all", action="store_true", help="run all figures that can be run")
    command.add_argument(
        "--quick",
        action="store_true",
        help="fewer seeds, shorter runs or smaller networks, as the list says",
    )
    command.add_argument("--seeds", type=int, help="number of seeds (default that of the form)")
    command.add_argument("--data", type=Path, help="folder with MNIST (default where it is found)")
    command.add_argument("-o", "--out", type=Path, help="folder for a picture of each figure")


def run(options: argparse.Namespace) -> int:
    """List the figures, or run some and print their lines."""
    from nefsim import _checks as check
    from nefsim import reproduce

    known = reproduce.figures()
    if not options.names and not options.all:
        _list(known, options.json)
        return 0
    names = list(known) if options.all else options.names
    for name in names:
        check.one_of("nefsim reproduce", "NAME", name, tuple(known))
    reports: list[dict[str, Any]] = []
    for name in names:
        try:
            report = reproduce.run(name, options.quick, options.seeds, options.data)
        except (ImportError, ValueError) as error:
            if not options.all:
                raise
            reports.append({"figure": name, "not_run": str(error)})
            if not options.json:
                print(f"{name}: not run; {error}\n", flush=True)
            continue
        reports.append(_as_dict(report))
        if not options.json:
            print(f"{report}\n", flush=True)
        if options.out is not None and any(line.ours is not None for line in report.lines):
            _save(report, options.out)
    if options.json:
        print(json.dumps(reports))
    elif options.all:
        _summary(reports)
    return 0


def _list(known: dict[str, Any], as_json: bool) -> None:
    if as_json:
        rows = [
            {"figure": f.name, "title": f.title, "source": f.source, "protocol": f.protocol}
            for f in known.values()
        ]
        print(json.dumps(rows))
        return
    for figure in known.values():
        quick, full = figure.seconds
        needs = [f"extra {name}" for name in figure.needs] + ["MNIST"] * figure.data
        note = f"; needs {', '.join(needs)}" if needs else ""
        print(f"{figure.name:<22} {figure.title}")
        print(f"{'':<22} {figure.source}")
        print(f"{'':<22} {figure.protocol}")
        print(f"{'':<22} about {quick:g} s quick, {full:g} s in full{note}\n")


def _as_dict(report: Any) -> dict[str, Any]:
    keys = ("quantity", "published", "ours", "interval", "within", "reason", "verdict", "note")
    lines = [{key: getattr(line, key) for key in keys} for line in report.lines]
    form = "quick" if report.quick else "full"
    return {
        "figure": report.figure.name,
        "form": form,
        "seconds": round(report.seconds, 1),
        "lines": lines,
    }


def _save(report: Any, folder: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    ax = report.plot()
    file = folder / f"{report.figure.name}.png"
    ax.figure.savefig(file, dpi=100)
    plt.close(ax.figure)
    print(f"wrote {file}", file=sys.stderr)


def _summary(reports: list[dict[str, Any]]) -> None:
    verdicts = [line["verdict"] for report in reports for line in report.get("lines", ())]
    counts = {name: verdicts.count(name) for name in dict.fromkeys(verdicts)}
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
