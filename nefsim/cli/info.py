"""show versions and back ends, the size and cost of a network, or the contents of a model file"""

from __future__ import annotations

import argparse
import json
import platform
from typing import Any

import nefsim
from nefsim import backends
from nefsim._extras import EXTRAS
from nefsim.backends import codefiles
from nefsim.cli import options as common
from nefsim.models import ENDING, contents, lines

EXAMPLE = "nefsim info model.py"

#: Packages that nefsim always needs.
PACKAGES = ("numpy", "scipy", "matplotlib")


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    common.add_model(command, needed=False)
    common.add_step(command)


def run(options: argparse.Namespace) -> int:
    """Print a description of this installation, or of a model."""
    report = _installation()
    if options.model is not None and options.model.suffix == ENDING:
        found = contents(options.model)
        if not options.json:
            print(lines(found))
            return 0
        report["model"] = found
    elif options.model is not None:
        net = common.network(options)
        description = nefsim.describe(net, options.dt)
        if not options.json:
            print(description)
            return 0
        report["model"] = {"seed": net.seed, **description.to_dict()}
    print(json.dumps(report) if options.json else _lines(report))
    return 0


def _installation() -> dict[str, Any]:
    optional = [package for extra in EXTRAS.values() for package in extra.packages]
    versions = {package: _installed(package) for package in (*PACKAGES, *optional)}
    return {
        "python": platform.python_version(),
        "packages": {"nefsim": nefsim.__version__, **versions},
        "backends": backends.available(),
        "machine_code": [str(folder) for folder in codefiles.folders()],
        "extras": {
            name: {"packages": list(extra.packages), "brings": extra.brings}
            for name, extra in EXTRAS.items()
        },
    }


def _lines(report: dict[str, Any]) -> str:
    versions = report["packages"]
    lines = [f"python {report['python']}"]
    lines += [f"{package} {versions[package]}" for package in ("nefsim", *PACKAGES)]
    lines.append(f"back ends: {', '.join(report['backends'])}")
    lines.append(f"machine code: {', '.join(report['machine_code']) or '(not stored)'}")
    lines.append("extras:")
    for name, extra in report["extras"].items():
        lines.append(f"  {name}: {extra['brings']}")
        lines += [f"    {p} {versions[p] or '(not installed)'}" for p in extra["packages"]]
    return "\n".join(lines)


def _installed(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None
