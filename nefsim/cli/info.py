"""say which versions and back ends are there, or what a file's network will be and cost"""

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

EXAMPLE = "nefsim info model.py"

#: Packages that nefsim always needs.
PACKAGES = ("numpy", "scipy", "matplotlib")


def add(command: argparse.ArgumentParser) -> None:
    """The model, its seed and time step."""
    common.add_model(command, needed=False)
    common.add_step(command)


def run(options: argparse.Namespace) -> int:
    """Tell about this installation, or about a model."""
    told = _installation()
    if options.model is not None:
        net = common.network(options)
        described = nefsim.describe(net, options.dt)
        if not options.json:
            print(described)
            return 0
        told["model"] = {"seed": net.seed, **described.to_dict()}
    print(json.dumps(told) if options.json else _lines(told))
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


def _lines(told: dict[str, Any]) -> str:
    versions = told["packages"]
    lines = [f"python {told['python']}"]
    lines += [f"{package} {versions[package]}" for package in ("nefsim", *PACKAGES)]
    lines.append(f"back ends: {', '.join(told['backends'])}")
    lines.append(f"machine code: {', '.join(told['machine_code']) or '(not kept)'}")
    lines.append("extras:")
    for name, extra in told["extras"].items():
        lines.append(f"  {name}: {extra['brings']}")
        lines += [f"    {p} {versions[p] or '(not installed)'}" for p in extra["packages"]]
    return "\n".join(lines)


def _installed(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None
