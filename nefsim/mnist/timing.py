"""Run time of the plain network, compared with Nengo on the same machine."""

from __future__ import annotations

import time
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from nefsim.datasets import LabelledImages
from nefsim.mnist import settings as of
from nefsim.mnist.plain import network, sequence
from nefsim.mnist.settings import Settings
from nefsim.network import Network
from nefsim.simulator import Simulator

#: Published wall time [s] of 30 s of model time of this network, on a hosted notebook.
PUBLISHED = {"nengo": 505.0, "nengo_dl, CPU": 124.0, "nengo_dl, GPU": 175.0, "nengo_ocl": 72.0}

#: Seconds of model time: a short run, and a run of 1000 training and 300 test images.
LENGTHS = (30.0, 650.0)

#: Model time of the timed run of Nengo; longer runs are extrapolated.
NENGO_SECONDS = 3.0


def wall_times(settings: Settings, data: LabelledImages) -> dict[str, Any]:
    """Wall and processor time [s] of nefsim and, if it is installed, of Nengo.

    The time of ``nengo`` is extrapolated from a few simulated seconds.  Times do not include the
    build, or the first steps, which load filters and compiled code.
    """
    task = of.task(data, replace(settings, train=1000, test=300))
    images = sequence(replace(settings, epochs=1), task)[:1300]
    report: dict[str, Any] = {"published": PUBLISHED, "nefsim": {}, "nengo": {}}
    for seconds in LENGTHS:
        net, _ = network(settings, task, images)
        with Simulator(net, backend=settings.backend) as sim:
            report["nefsim"][seconds] = _timed(sim, seconds)
    if find_spec("nengo") is not None:
        net, _ = network(settings, task, images)
        wall, processor = _nengo(net, images, settings.seconds)
        report["nengo"] = {
            seconds: (wall * seconds / NENGO_SECONDS, processor * seconds / NENGO_SECONDS)
            for seconds in LENGTHS
        }
    return report


def _timed(sim: Any, seconds: float) -> tuple[float, float]:
    """Wall and processor time of a run after its first steps."""
    sim.run(0.1)
    wall, processor = time.perf_counter(), time.process_time()
    sim.run(seconds)
    return time.perf_counter() - wall, time.process_time() - processor


def _nengo(net: Network, images: Any, seconds: float) -> tuple[float, float]:
    """Times of the same arrays in Nengo, with its optimizer and its presentation process."""
    import warnings

    import nengo

    from nefsim.nengo import to_nengo

    model = to_nengo(net)
    for node in model.nodes:
        if node.size_out == images.shape[1]:
            node.output = nengo.processes.PresentInput(images, seconds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings of Nengo
        with nengo.Simulator(model, progress_bar=False) as sim:
            return _timed(sim, NENGO_SECONDS)


def lines(report: dict[str, Any]) -> list[str]:
    """The times as lines of text."""
    out = []
    for seconds, (wall, processor) in report["nefsim"].items():
        line = f"{seconds:.0f} s of model time: {wall:.2f} s ({processor:.2f} s of processor time)"
        if report["nengo"]:
            nengo_wall, busy = report["nengo"][seconds]
            line += (
                f"; Nengo {nengo_wall:.1f} s ({busy:.1f} s), extrapolated from {NENGO_SECONDS:g} s"
            )
            line += f": {nengo_wall / wall:.1f} times as long ({busy / processor:.1f} times)"
        out.append(line)
    published = ", ".join(f"{name} {wall:.0f} s" for name, wall in report["published"].items())
    return [*out, f"published for 30 s, on another machine: {published}"]
