"""A headless Chromium, driven by its DevTools protocol over Tornado's websocket."""

import asyncio
import json
import shutil
import subprocess
import tempfile
import time
from base64 import b64decode
from pathlib import Path

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)

#: Calls ``f`` with every element of the page, those in shadow roots, too.
WALK = """
(f => { const walk = root => root.querySelectorAll('*').forEach(e => {
  f(e); if (e.shadowRoot) walk(e.shadowRoot); }); walk(document); })
"""


class Browser:
    """One page of a headless Chromium; use it as an asynchronous context manager."""

    def __init__(self, width=1280, height=900):
        self.width, self.height = width, height
        self._socket = None
        self.said = []  # warnings and errors of the console, and requests that failed

    async def __aenter__(self):
        self._folder = tempfile.mkdtemp(prefix="browser-")
        options = ["--headless=new", "--remote-debugging-port=0", "--no-first-run"]
        options += ["--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={self._folder}"]
        options += [f"--window-size={self.width},{self.height}", "--hide-scrollbars"]
        options.append("--no-sandbox")  # root and containers have none; the page is trusted
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([CHROMIUM, *options, "about:blank"], **quiet)
        try:
            await self._connect()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error):
        if self._socket is not None:
            self._socket.close()
            await self._reader
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _connect(self):
        from tornado.httpclient import AsyncHTTPClient
        from tornado.websocket import websocket_connect

        port_file = Path(self._folder, "DevToolsActivePort")
        try:
            await until(lambda: port_file.exists() and "\n" in port_file.read_text(), 60)
        except TimeoutError:
            pytest.skip("the Chromium of this machine does not start")
        port = port_file.read_text().split()[0]
        answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/json/list")
        page = next(t for t in json.loads(answer.body) if t["type"] == "page")
        self._socket = await websocket_connect(page["webSocketDebuggerUrl"], max_message_size=2**28)
        self._answers, self._number = {}, 0
        self._reader = asyncio.ensure_future(self._read())
        for domain in ("Runtime", "Log", "Page"):
            await self.call(f"{domain}.enable")

    async def _read(self):
        while (text := await self._socket.read_message()) is not None:
            message = json.loads(text)
            if "id" in message:
                self._answers.pop(message["id"]).set_result(message)
            elif message["method"] == "Runtime.consoleAPICalled":
                event = message["params"]
                if event["type"] in ("warning", "error", "assert"):
                    self.said.append(" ".join(str(a.get("value", a)) for a in event["args"]))
            elif message["method"] == "Runtime.exceptionThrown":
                self.said.append(str(message["params"]["exceptionDetails"]))
            elif message["method"] == "Log.entryAdded":
                entry = message["params"]["entry"]
                if entry["level"] == "error":  # not Chromium's advice on speed
                    self.said.append(f"{entry['level']}: {entry['text']} {entry.get('url', '')}")

    async def call(self, method, **params):
        """The result of a method of the protocol."""
        self._number += 1
        self._answers[self._number] = asyncio.get_running_loop().create_future()
        waiting = self._answers[self._number]
        message = {"id": self._number, "method": method, "params": params}
        await self._socket.write_message(json.dumps(message))
        answer = await asyncio.wait_for(waiting, 60)
        assert "error" not in answer, answer
        return answer["result"]

    async def open(self, url):
        await self.call("Page.navigate", url=url)

    async def ask(self, expression):
        """The value of a JavaScript expression in the page."""
        options = {"returnByValue": True, "awaitPromise": True}
        answer = await self.call("Runtime.evaluate", expression=expression, **options)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def texts(self, selector):
        """Texts of all elements that a selector finds, in shadow roots, too."""
        matches = f"e.matches({json.dumps(selector)})"
        picks = f"e => {{ if ({matches}) found.push(e.textContent); }}"
        return await self.ask(f"(() => {{ const found = []; {WALK}({picks}); return found; }})()")

    async def click(self, text):
        """Click on the button that has a text."""
        of_it = f"e.matches('button') && e.textContent === {json.dumps(text)}"
        await self.ask(f"{WALK}(e => {{ if ({of_it}) e.click(); }})")

    async def picture(self, path):
        """Save the visible page as a PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        Path(path).write_bytes(b64decode(answer["data"]))


async def until(condition, seconds):
    """Wait until a function, which may be asynchronous, returns a true value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        value = await value if asyncio.iscoroutine(value) else value
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError("the browser did not get there")
        await asyncio.sleep(0.1)
