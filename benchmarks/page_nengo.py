"""The page of ``nefsim view`` beside nengo_gui: one Nengo script in both, in headless Chromium.

    python benchmarks/page_nengo.py --gui PYTHON                    # 4 ensembles of 100 neurons
    python benchmarks/page_nengo.py --gui PYTHON --ensembles 200 --each 500
    python benchmarks/page_nengo.py --gui PYTHON --spaun PATH       # a checkout of xchoo/spaun2.0

PYTHON is the interpreter of an environment with nengo_gui.  Both pages have plots of the value and
of the spikes of the first ensembles, run as fast as they go, and are measured in turns: model time
for each second of wall time, the pictures of the browser, and those that showed something new.
With ``--spaun`` the model is Spaun 2.0 with 16 dimensions, without three modules; nengo_gui then
has its graph and no plots, nefsim the plots of six ensembles.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import spaun_parts

HERE = Path(__file__).resolve().parent

#: A chain of ensembles that carry a wave.
MODEL = """import nengo
import numpy as np

model = nengo.Network(seed=1)
with model:
    wave = nengo.Node(lambda t: np.sin(6.0 * t), label="wave")
    e = [nengo.Ensemble({each}, 1, label=f"e{{i}}") for i in range({ensembles})]
    for i, one in enumerate(e):
        nengo.Connection(e[i - 6] if i >= 6 else wave, one)
"""

#: Spaun, by ``spaun.py``, in a copy that is complete.
SPAUN = """import argparse
import sys

sys.path.insert(0, {here!r})
import spaun

chosen = argparse.Namespace(path={path!r}, dimensions=16, modules="SVPREWT", detect=200)
model, _, restart = spaun.model(chosen)
restart()
"""

#: The layout of nengo_gui: plots in two rows.
LAYOUT = """_viz_sim_control = nengo_gui.components.SimControl()
_viz_config[_viz_sim_control].shown_time = 2.0
_viz_config[_viz_sim_control].kept_time = 4.0
_viz_net_graph = nengo_gui.components.NetGraph()
"""
PLOT = """_viz_{n} = nengo_gui.components.{kind}(e[{i}])
_viz_config[_viz_{n}].x = {x}
_viz_config[_viz_{n}].y = {y}
_viz_config[_viz_{n}].width = 0.06
_viz_config[_viz_{n}].height = 0.12
"""

#: Serves a script in nengo_gui, and prints its address.
SERVE = """import sys
from nengo_gui.gui import InteractiveGUI
from nengo_gui.guibackend import GuiServerSettings, ModelContext

settings = GuiServerSettings(("localhost", 0), 0)
gui = InteractiveGUI(ModelContext(filename=sys.argv[1]), settings)
print(gui.server.get_url(token="one-time"), flush=True)
gui.start()
"""

#: The model time of each page in the browser [s]; null before there is one.
NEFSIM_TIME = """(() => {
  const painter = [...Bokeh.documents[0]._all_models.values()].find(
    (m) => m.painter !== undefined)?.painter;
  const text = Object.values(painter?.texts ?? {}).find((t) => t.includes('real time'));
  return text === undefined ? null : parseFloat(text); })()"""
NENGO_TIME = "self.sim === undefined || self.sim.paused ? null : self.sim.time"

#: A number that changes with each update of a page.
NEFSIM_UPDATE = """[...Bokeh.documents[0]._all_models.values()].find(
  (m) => m.painter !== undefined).painter.number"""

#: Counts the pictures of the browser, and those to which an update came.
COUNT = """(() => {
  self.seen = {pictures: 0, changes: 0, last: null};
  const look = () => {
    const now = %s;
    self.seen.pictures += 1;
    self.seen.changes += now !== self.seen.last;
    self.seen.last = now;
    requestAnimationFrame(look);
  };
  look(); })()"""


def write(folder: Path, options: argparse.Namespace) -> Path:
    """Write the script, and the layout of nengo_gui."""
    path = folder / "model.py"
    if options.spaun:
        copy = folder / "spaun"
        shutil.copytree(options.spaun, copy, ignore=shutil.ignore_patterns(".git"))
        spaun_parts.complete(copy)
        path.write_text(SPAUN.format(here=str(HERE), path=str(copy)))
        return path
    path.write_text(MODEL.format(each=options.each, ensembles=options.ensembles))
    shown = range(min(6, options.ensembles))
    plots = [(kind, i, row) for row, kind in enumerate(("Value", "Raster")) for i in shown]
    (folder / "model.py.cfg").write_text(
        LAYOUT
        + "".join(
            PLOT.format(n=n, kind=kind, i=i, x=0.05 + 0.15 * i, y=0.2 + 0.4 * row)
            for n, (kind, i, row) in enumerate(plots)
        )
    )
    return path


async def nefsim(browser: Any) -> None:
    """Start the run of the page of nefsim."""
    from browser import until

    async def has_button() -> bool:
        return "run" in await browser.texts("button")

    await until(has_button, 600)
    await browser.click("as fast as it goes")
    await browser.click("run")


async def nengo_gui(browser: Any) -> None:
    """Start the run of the page of nengo_gui, without a limit of its speed."""
    from browser import until

    await until(lambda: browser.ask("self.sim?.ws?.readyState === 1"), 600)
    await browser.ask("sim.ws.send('target_scale:1.0'), sim.ws.send('continue')")


async def measure(name: str, command: list[str], options: argparse.Namespace) -> dict[str, float]:
    """Model time and pictures for each second of wall time."""
    sys.path.insert(0, str(HERE.parent / "tests"))
    from browser import Browser, until

    start, clock, update = {
        "nefsim": (nefsim, NEFSIM_TIME, NEFSIM_UPDATE),
        "nengo_gui": (nengo_gui, NENGO_TIME, NENGO_TIME),
    }[name]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent) if name == "nefsim" else ""}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            url = next(line for line in process.stdout if line.startswith("http")).strip()
            async with Browser(width=1600, height=1000) as browser:
                begin = time.monotonic()
                await browser.open(url)
                await start(browser)
                await until(lambda: browser.ask(f"({clock}) > 0.05"), 900)
                waited = time.monotonic() - begin
                await browser.ask(COUNT % update)
                await asyncio.sleep(options.settle)
                ask = f"[performance.now(), {clock}, seen.pictures, seen.changes]"
                one = np.array(await browser.ask(ask))
                await asyncio.sleep(options.seconds)
                two = np.array(await browser.ask(ask))
                if options.pictures:
                    await browser.picture(Path(options.pictures, f"{name}.png"))
        finally:
            process.kill()
    wall, model, pictures, changes = two - one
    rates = np.array([model, pictures, changes]) / (wall / 1000)
    names = ("model time", "pictures", "updates")
    return {"first data [s]": waited} | dict(zip(names, rates.tolist(), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gui", required=True, help="interpreter that has nengo_gui")
    parser.add_argument("--ensembles", type=int, default=4)
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--spaun", type=Path, help="a checkout of xchoo/spaun2.0")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--settle", type=float, default=3.0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--pictures", help="folder for a picture of each page")
    options = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {"nefsim": [], "nengo_gui": []}
    with tempfile.TemporaryDirectory() as temporary:
        path = str(write(Path(temporary), options))
        commands = {
            "nefsim": [sys.executable, "-m", "nefsim", "view", path, "--no-browser", "--port", "0"],
            "nengo_gui": [options.gui, "-c", SERVE, path],
        }
        for _ in range(options.turns):
            for name, command in commands.items():
                found[name].append(asyncio.run(measure(name, command, options)))
                rates = {key: round(value, 3) for key, value in found[name][-1].items()}
                print(name, json.dumps(rates), "load", os.getloadavg()[0], flush=True)
    for key in ("model time", "pictures", "updates"):
        ratios = [a[key] / b[key] for a, b in zip(*found.values(), strict=True)]
        print(f"{key}: nefsim by nengo_gui", [round(ratio, 2) for ratio in ratios])


if __name__ == "__main__":
    main()
