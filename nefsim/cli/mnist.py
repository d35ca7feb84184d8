"""tell handwritten digits apart with spikes, with decoders solved or learned"""

from __future__ import annotations

import argparse

EXAMPLE = "nefsim mnist --digits --rule pes --epochs 2"


def add(command: argparse.ArgumentParser) -> None:
    """Options of the experiment."""
    from nefsim import mnist

    mnist.add_options(command)


def run(options: argparse.Namespace) -> int:
    """Do the experiment."""
    from nefsim import mnist

    return mnist.report(options)
