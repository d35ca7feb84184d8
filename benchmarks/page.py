"""Speed of the page in the browser: its updates, and the processor time of each part.

    python benchmarks/page.py                      # 100,000 neurons, 12 plots
    python benchmarks/page.py --ensembles 4        # a small network
    python benchmarks/page.py --speed 1            # at real time, not as fast as it goes
    python benchmarks/page.py --one-core           # the server on one core, the browser on others

The server runs in a process, headless Chromium in others.  Processor times are of the thread of
the model, of the other threads of the server, and of all processes of the browser, as shares of
one core, because wall times depend on the load of the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
TICK = os.sysconf("SC_CLK_TCK")

#: Whether a page is laid out, and has its plots: those of a large network come after its graph.
IDLE = """self.Bokeh && Bokeh.documents.length > 0
  && [...Bokeh.documents[0]._all_models.values()].some((m) => m.painter !== undefined)"""

#: Names and bytes of the files that a page has loaded.
SIZES = """performance.getEntriesByType('resource').map(
  (e) => [new URL(e.name).pathname, e.encodedBodySize])"""

#: Moves the slider of the input, and waits until the population that it drives is drawn elsewhere.
ACT = """new Promise((done) => {
  const models = [...Bokeh.documents[0]._all_models.values()];
  const slider = models.find((m) => m.title === 'knob');
  const painter = models.find((m) => m.painter !== undefined).painter;
  const plot = [...painter.plots.values()].find((p) => p.spec?.title === 'e1');
  const value = () => plot.columns[0][plot.columns[0].length - 1];
  const before = value(), start = performance.now();
  slider.value = before > 0 ? -0.8 : 0.8;
  const look = () => {
    if (Math.sign(value()) !== Math.sign(before)) { done(performance.now() - start); }
    else { requestAnimationFrame(look); }
  };
  look();
})"""

#: Counts pictures of the browser: calls of its loop of frames.
FRAMES = """
self.pictures = 0;
const count = () => { self.pictures += 1; requestAnimationFrame(count); };
requestAnimationFrame(count);
"""


def network(ensembles: int, each: int) -> Any:
    """Chains of ensembles that carry a wave, and an input."""
    import nefsim as nef

    net = nef.Network(seed=1, label="page")
    wave = net.node(lambda t: np.sin(6.0 * t), label="wave")
    knob = net.node(0.2, label="knob")
    made = [net.ensemble(each, 1, label=f"e{i}") for i in range(ensembles)]
    for i, one in enumerate(made):
        net.connect(made[i - 6] if i >= 6 else (wave, knob)[i % 2], one)
    return net


# -- the server's process ----------------------------------------------------------------------


def thread_time(native_id: int) -> float:
    """Processor time of a thread of this process [s]."""
    fields = Path(f"/proc/self/task/{native_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def serve(ensembles: int, each: int) -> None:
    """Serve the page, and print its counters at each line of the standard input."""
    import threading

    from nefsim import view
    from nefsim.simulator import Simulator

    net = network(ensembles, each)
    module = sys.modules["nefsim.view.tab"]
    pages: list[Any] = []

    def opened(*arguments: Any, **options: Any) -> Any:
        pages.append(view.Page(*arguments, **options))
        return pages[-1]

    module.Page = opened  # type: ignore[attr-defined]
    plain = Simulator(net, progress=False)
    probed = Simulator(net, progress=False, probes=[*view.Live(net).probes])
    rates: dict[str, Any] = {}
    for _ in range(5):
        for name, simulator in (("plain", plain), ("probed", probed)):
            simulator.clear_probes()
            start, cpu = time.perf_counter(), time.process_time()
            simulator.run(0.3)
            new = 300 / (time.perf_counter() - start), 300 / (time.process_time() - cpu)
            rates[name] = [*map(max, new, rates.get(name, (0.0, 0.0)))]
    del plain, probed
    server = view.server(net, 0)
    print(json.dumps({"url": server.url, **rates}), flush=True)

    def answer() -> None:
        for _ in sys.stdin:
            page = pages[-1]
            loop = thread_time(threading.main_thread().native_id)
            counters = {
                "wall": time.perf_counter(),
                "steps": page.live.simulator.n_steps,
                "shown": page.now,
                "drawn": page.screen.drawn,
                "model": time.process_time() - loop,
                "loop": loop,
            }
            print(json.dumps(counters), flush=True)
        server.io_loop.add_callback(server.io_loop.stop)

    threading.Thread(target=answer, daemon=True).start()
    server.run_until_shutdown()


# -- the browser's process ---------------------------------------------------------------------


def family(pid: int) -> list[int]:
    """A process and those that it has started."""
    found = [pid]
    for one in found:
        for file in Path(f"/proc/{one}/task").glob("*/children"):
            found += map(int, file.read_text().split())
    return found


def busy(pid: int) -> dict[str, float]:
    """Processor time of the kinds of processes of a browser [s]."""
    times: dict[str, float] = {}
    for one in family(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            words = Path(f"/proc/{one}/cmdline").read_text().replace("\0", " ").split()
        except OSError:
            continue
        kind = next((w.partition("=")[2] for w in words if w.startswith("--type=")), "browser")
        times[kind] = times.get(kind, 0.0) + (int(fields[11]) + int(fields[12])) / TICK
    return times


async def watch(options: argparse.Namespace) -> dict[str, Any]:
    """Open the page, run for some seconds, and return the figures."""
    sys.path.insert(0, str(HERE.parent / "tests"))
    from browser import Browser, until

    command = [sys.executable, __file__, "--serve"]
    command += ["--ensembles", str(options.ensembles), "--each", str(options.each)]
    if options.one_core:
        first, *others = sorted(os.sched_getaffinity(0))
        command = ["taskset", "-c", str(first), *command]
        os.sched_setaffinity(0, others)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    with subprocess.Popen(command, env=environment, **pipes) as process:

        def count() -> dict[str, Any]:
            process.stdin.write("\n")
            process.stdin.flush()
            return dict(json.loads(process.stdout.readline()))

        plain = json.loads(process.stdout.readline())
        async with Browser() as browser:
            waits: list[float] = []
            opening: tuple[dict[str, Any], dict[str, float]] = ({}, {})
            for _ in range(2):  # the second time, files are in the memory of browser and server
                if waits:
                    opening = count(), busy(browser._process.pid)
                start = time.monotonic()
                await browser.open(plain["url"])
                await until(lambda: browser.texts("canvas"), 120)
                await until(lambda: browser.ask(IDLE), 240)
                waits.append(time.monotonic() - start)
            served = count()["loop"] - opening[0]["loop"]
            drawn = sum(busy(browser._process.pid).values()) - sum(opening[1].values())
            sizes = await browser.ask(SIZES)
            await browser.ask(FRAMES)
            if options.speed == float("inf"):
                await browser.click("as fast as it goes")
            else:
                models = "[...Bokeh.documents[0]._all_models.values()]"
                slider = f"{models}.find(m => m.title == 'times real time')"
                await browser.ask(f"{slider}.value = {options.speed}")
            await browser.click("run")
            await asyncio.sleep(options.settle)
            pid = browser._process.pid
            first, one, pictures = count(), busy(pid), await browser.ask("self.pictures")
            await asyncio.sleep(options.seconds)
            last, two = count(), busy(pid)
            pictures = await browser.ask("self.pictures") - pictures
            acted = [await browser.ask(ACT) for _ in range(7)]
            if options.picture:
                await browser.picture(options.picture)
        process.stdin.close()
        process.wait(60)
    wall, n = last["wall"] - first["wall"], last["drawn"] - first["drawn"]
    n_steps = last["steps"] - first["steps"]
    model, loop = (last[name] - first[name] for name in ("model", "loop"))
    browsing = {kind: two[kind] - one.get(kind, 0.0) for kind in two}
    rate = n_steps / wall
    return {
        "first picture, cold and warm [s]": [round(w, 2) for w in waits],
        "first picture, warm, processor time of server and browser [s]": [
            round(served, 2),
            round(drawn, 2),
        ],
        "loaded [MB]": {name: round(n / 1e6, 2) for name, n in sizes},
        "updates a second": round(n / wall, 1),
        "pictures a second": round(pictures / wall, 1),
        "steps a second: page": round(rate),
        "steps a second: sim.run, without probes and with those of the page": [
            round(plain[name][0]) for name in ("plain", "probed")
        ],
        "model, shares of these, by wall time": [
            round(rate / plain[name][0], 3) for name in ("plain", "probed")
        ],
        "model, shares of these, by processor time": [
            round(n_steps / model / plain[name][1], 3) for name in ("plain", "probed")
        ],
        "cores: model": round(model / wall, 2),
        "cores: rest of the server": round(loop / wall, 2),
        "cores: browser": {kind: round(spent / wall, 2) for kind, spent in browsing.items()},
        "server, of an update [ms]": round(1e3 * loop / n, 2),
        "browser, of an update [ms]": round(1e3 * sum(browsing.values()) / n, 2),
        "slider to changed picture, least and median [ms]": [
            round(min(acted)),
            round(float(np.median(acted))),
        ],
        "shown behind the model [s]": round(last["steps"] * 0.001 - last["shown"], 3),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ensembles", type=int, default=200)
    parser.add_argument("--each", type=int, default=500)
    parser.add_argument("--speed", type=float, default=float("inf"))
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--settle", type=float, default=4.0)
    parser.add_argument("--picture")
    parser.add_argument("--one-core", action="store_true")
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    if options.serve:
        serve(options.ensembles, options.each)
    else:
        for name, value in asyncio.run(watch(options)).items():
            print(f"{name}: {value}")


if __name__ == "__main__":
    main()
