"""plot the records of a result in one picture"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from nefsim import _checks as check
from nefsim.result import Result

EXAMPLE = "nefsim plot result.npz -o result.png"

#: Endings of pictures.
ENDINGS = (".png", ".svg", ".pdf")


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("result", type=Path, help="a result of nefsim run (.npz)")
    command.add_argument(
        "-o",
        "--out",
        type=Path,
        help="file of the picture, .png, .svg or .pdf (default the name of the result with .png)",
    )
    command.add_argument("--force", action="store_true", help="replace the file of --out")
    command.add_argument(
        "--show", nargs="+", metavar="LABEL", help="labels of the records (default up to 20)"
    )
    command.add_argument(
        "--trial", type=int, help="number of the trial of a batch, from 0 (default all)"
    )
    command.add_argument("--list", action="store_true", help="list the records, and draw nothing")


def run(options: argparse.Namespace) -> int:
    """Draw the records, or list them."""
    who = "nefsim plot"
    result = Result.load(options.result)
    if options.list:
        shapes = {label: list(shape) for label, shape in result.shapes.items()}
        lines = [f"{label}: {tuple(shape)}" for label, shape in shapes.items()]
        print(json.dumps(shapes) if options.json else "\n".join(lines))
        return 0
    out = options.out or options.result.with_suffix(".png")
    if out.suffix not in ENDINGS:
        do = f"give it one of {', '.join(ENDINGS)}"
        check.fail(who, "--out", "end in a format of pictures", f"{out}", do)
    if out.exists() and not options.force:
        do = "pass --force to replace it, or another --out"
        check.fail(who, "--out", "name a new file", f"{out}, which exists", do)
    from nefsim import plot
    from nefsim._writing import replacing

    figure = plot.overview(result, options.show, options.trial)
    with replacing(out) as stream:
        figure.savefig(stream, format=out.suffix[1:], dpi=150)
    print(json.dumps({"picture": str(out)}) if options.json else out)
    return 0
