"""Chromium without a window, driven over two pipes by its DevTools protocol, so that no driver need be installed."""

import base64
import json
import os
import shutil
import subprocess
import threading
from queue import Empty, Queue

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
QUIET = ("background-networking", "component-update", "sync", "quic", "gpu", "extensions", "default-apps")
LONGEST = 60  # seconds until an answer


class Browser:
    """One page; `events` has what it said since `open`, as (method, params)."""

    def __init__(self, profile):
        from_browser, its_output = os.pipe()
        its_input, to_browser = os.pipe()
        flags = [*(f"--disable-{name}" for name in QUIET), "--no-first-run", "--no-sandbox", "--headless"]
        command = [CHROMIUM, *flags, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" 3</dev/fd/{its_input} 4>/dev/fd/{its_output}', "sh", *command],
            pass_fds=(its_input, its_output),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(its_input)
        os.close(its_output)
        self.to_browser = os.fdopen(to_browser, "wb", buffering=0)
        self.said = Queue()
        self.number, self.session, self.events = 0, None, []
        threading.Thread(target=self._read, args=(os.fdopen(from_browser, "rb"),), daemon=True).start()
        pages = [target for target in self.call("Target.getTargets")["targetInfos"] if target["type"] == "page"]
        target = {"targetId": pages[0]["targetId"], "flatten": True}
        self.session = self.call("Target.attachToTarget", **target)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def _read(self, pipe):
        """Messages end with a zero byte."""
        rest = b""
        while piece := os.read(pipe.fileno(), 1 << 16):
            *messages, rest = (rest + piece).split(b"\0")
            for message in messages:
                self.said.put(json.loads(message))
        self.said.put(None)

    def call(self, method, **params):
        """Calls a method of the protocol and returns its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.to_browser.write(json.dumps(message).encode() + b"\0")
        while True:
            try:
                said = self.said.get(timeout=LONGEST)
            except Empty:
                raise TimeoutError(f"no answer to {method}") from None
            assert said is not None, f"Chromium ended during {method}"
            if said.get("id") == self.number:
                assert "error" not in said, (method, said["error"])
                return said["result"]
            if "method" in said:
                self.events.append((said["method"], said["params"]))

    def open(self, path, width=1280, height=900, dark=False):
        """Opens a file in a window of that size; returns when its scripts have run."""
        self.events.clear()
        self.resize(width, height)
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.evaluate(
            "new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))"
        )
        self.settle()

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def settle(self):
        """Waits until what has been asked for is drawn."""
        self.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))"
        )

    def evaluate(self, expression):
        """The value of a JavaScript expression; awaits a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key):
        """Presses a key, such as "Tab" or "ArrowRight"."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key], **text)
        self.settle()

    def screenshot(self):
        """The window as PNG bytes."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def close(self):
        self.process.terminate()
        self.process.wait(LONGEST)
        self.to_browser.close()


KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39, "ArrowDown": 40}
