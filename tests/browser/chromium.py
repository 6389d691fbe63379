"""Chromium without a window, driven through a pipe by its own protocol."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time

PATIENCE = 60.0


class Chromium:
    """A browser with an empty profile, which reaches nothing but this machine."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="testcard-chromium-")
        its_in, self.to_browser = os.pipe()
        self.from_browser, its_out = os.pipe()
        arguments = [
            "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self.folder.name}", "--no-first-run",
            "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--no-proxy-server",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        ]
        if os.geteuid() == 0:
            # It refuses to start as root with it.
            arguments.append("--no-sandbox")
        # The protocol is spoken on the descriptors 3 and 4, whatever numbers the pipes have here.
        script = f'exec "$@" 3<&{its_in} 4>&{its_out}'
        self.log = open(f"{self.folder.name}/log", "w+b")
        self.process = subprocess.Popen(
            ["bash", "-c", script, "bash", "chromium", *arguments],
            pass_fds=(its_in, its_out), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )
        os.close(its_in)
        os.close(its_out)
        self.unread = b""
        self.last_id = 0
        self.session: str | None = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable")

    def message(self, until: float) -> dict:
        """The next message of the browser."""
        while b"\0" not in self.unread:
            ready, _, _ = select.select([self.from_browser], [], [], max(0.0, until - time.monotonic()))
            piece = os.read(self.from_browser, 65536) if ready else b""
            if not piece:
                raise RuntimeError(f"the browser {'ended' if ready else 'says nothing'}: {self.said()}")
            self.unread += piece
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method: str, **params: object) -> dict:
        """What the browser answers to a command."""
        self.last_id += 1
        command = {"id": self.last_id, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(command).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while (answer := self.message(until)).get("id") != self.last_id:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, url: str) -> None:
        """Goes to a page, and waits until it is loaded."""
        went = self.ask("Page.navigate", url=url)
        if "errorText" in went:
            raise RuntimeError(f"{url}: {went['errorText']}")
        self.run("new Promise((resolve) => document.readyState === 'complete' ? resolve() : addEventListener('load', resolve))")
        at = self.run("location.href")
        if at != url:
            raise RuntimeError(f"at {at} instead of {url}")

    def run(self, code: str) -> object:
        """The value of an expression in the page, once its promise is kept."""
        came = self.ask("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True, timeout=int(PATIENCE * 1000))
        if "exceptionDetails" in came:
            raise RuntimeError(f"{code}: {came['exceptionDetails']}")
        return came["result"].get("value")

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read()[-2000:].decode(errors="replace")

    def close(self) -> None:
        try:
            self.session = None
            self.ask("Browser.close")
        finally:
            # It had its word: what is left of it after this is ended.
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            os.close(self.to_browser)
            os.close(self.from_browser)
            self.log.close()
            self.folder.cleanup()
