"""The widget of the page in JupyterLab, in a browser: a slider moves the decoded value."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")
pytest.importorskip("jupyter_bokeh", reason="jupyter_bokeh is the extra notebook")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")

from browser import CHROMIUM, WALK, Browser, until

import nefsim

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

CELL = """
import sys
sys.path.insert(0, {root!r})
import nefsim as nef
net = nef.Network(seed=1)
knob = net.node(0.5, label="knob")
net.connect(knob, net.ensemble(100, 1, label="a"))
nef.view.widget(net, backend="numpy")
"""

TOKEN = "a-token-of-the-test"

#: Whether the notebook is open and its kernel waits for a cell.
READY = """(() => {
  const main = [...(self.jupyterapp?.shell?.widgets('main') ?? [])];
  self.notebook = main.find((w) => w.content?.widgets?.length);
  return self.notebook?.sessionContext?.session?.kernel?.status === 'idle'; })()"""

RUN = """(jupyterapp.shell.activateById(notebook.id),
  void jupyterapp.commands.execute('notebook:run-all-cells'))"""

#: The description of the plot of the decoded value, which has its newest number.
SAYS = f"""(() => {{ let found = '';
  {WALK}(e => {{ if (e.matches('canvas[aria-label*="decoded value"]')) found = e.ariaLabel; }});
  return found; }})()"""

#: The handle of the slider gets the focus of the keyboard.
FOCUS = f"""(() => {{ let found = null;
  {WALK}(e => {{ if (e.matches('.noUi-handle')) {{
    const title = e.getRootNode().querySelector('.bk-slider-title, label')?.textContent ?? '';
    if (title.replaceAll('\\u2060', '').startsWith('knob')) found = e; }} }});
  found?.focus();
  return found !== null; }})()"""


def notebook(source):
    cell = {"cell_type": "code", "id": "one", "metadata": {}, "outputs": []}
    cell |= {"execution_count": None, "source": source}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel}
    return {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def lab(folder):
    """JupyterLab on a free port of this machine, with a folder for its files."""
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", "--port-retries=0"]
    options += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder / 'files'}"]
    # The page then has `jupyterapp`, whose commands are those of its menus.
    options += ["--expose-app-in-browser", "--LabApp.extension_manager=readonly"]
    options.append("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("RUNTIME", "CONFIG")}
    environment = {**os.environ, **own, "HOME": str(folder), "IPYTHONDIR": str(folder / "ipython")}
    with open(folder / "log", "w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


def address(folder):
    """The address of the server, once it listens."""
    for file in folder.glob("runtime/jpserver-*.json"):
        text = file.read_text()
        return json.loads(text)["url"] if text.endswith("}") else ""
    return ""


async def value(browser):
    """The newest decoded value in the words of the plot, or None."""
    found = re.search(r"x0? (-?\d[\d.e-]*)", await browser.ask(SAYS) or "")
    return float(found[1]) if found else None


async def moves(folder):
    url = await until(lambda: address(folder), 120)
    async with Browser(height=1600) as browser:
        await browser.call("Emulation.setFocusEmulationEnabled", enabled=True)
        await browser.open(f"{url}lab/tree/a.ipynb?token={TOKEN}&reset")
        await until(lambda: browser.ask(READY), 120)
        await browser.ask(RUN)

        async def has_button():
            return "run" in await browser.texts("button")

        await until(has_button, 120)
        await browser.click("run")

        async def is_near(target):
            now = await value(browser)
            return now is not None and abs(now - target) < 0.15

        await until(lambda: is_near(0.5), 120)
        await until(lambda: browser.ask(FOCUS), 60)
        key = {"key": "Home", "code": "Home", "windowsVirtualKeyCode": 36}
        await browser.call("Input.dispatchKeyEvent", type="keyDown", **key)
        await browser.call("Input.dispatchKeyEvent", type="keyUp", **key)
        await until(lambda: is_near(-1.0), 60)  # the lower end of the slider


def test_a_slider_in_jupyterlab_moves_the_decoded_value(tmp_path):
    """100 neurons decode a constant to some hundredths; the two inputs are 1.5 apart."""
    (tmp_path / "files").mkdir()
    source = CELL.format(root=str(Path(nefsim.__file__).parent.parent))
    (tmp_path / "files" / "a.ipynb").write_text(json.dumps(notebook(source)))
    process = lab(tmp_path)
    try:
        asyncio.run(moves(tmp_path))
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
