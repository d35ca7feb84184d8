"""classify handwritten digits with spikes, with decoders solved or learned"""

from __future__ import annotations

import argparse

EXAMPLE = "nefsim mnist --digits --rule pes --epochs 2"


def add(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from nefsim import mnist

    mnist.add_options(command)


def run(options: argparse.Namespace) -> int:
    """Run the experiment and print its accuracy."""
    from nefsim import mnist

    return mnist.report(options)
