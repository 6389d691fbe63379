"""The real window for the tests of this folder: keys come through X, and what is on the screen comes from the
accessibility tree. Every test starts the program anew in a home of its own.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

import pyatspi

PROGRAM = os.environ["TESTCARD_PROGRAM"]
PATIENCE = 20.0
TOKEN = re.compile(r"tok_1[0-9A-Za-z]{23}")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Node:
    """What a screen reader knows of a thing on the screen."""

    def __init__(self, accessible, depth):
        self.role = accessible.getRoleName()
        self.name = accessible.name or ""
        self.depth = depth
        states = accessible.getState()
        self.is_focused = states.contains(pyatspi.STATE_FOCUSED)
        self.is_selected = states.contains(pyatspi.STATE_SELECTED)
        self.description = accessible.description or ""
        self.accessible = accessible
        try:
            self.text = accessible.queryText().getText(0, -1)
        except NotImplementedError:
            self.text = ""

    def place(self):
        """Left, top, right and bottom in pixels of the window."""
        extents = self.accessible.queryComponent().getExtents(pyatspi.WINDOW_COORDS)
        return extents.x, extents.y, extents.x + extents.width, extents.y + extents.height

    def middle(self):
        """Where it is on the screen."""
        place = self.accessible.queryComponent().getExtents(pyatspi.DESKTOP_COORDS)
        return place.x + place.width // 2, place.y + place.height // 2

    def words(self):
        return f"{self.role} {self.name} {self.text} {self.description}"


class Window:
    """The program, started; to be used in a `with`."""

    def __init__(self, home=None, settings=None, environment=None, arguments=()):
        self.home = pathlib.Path(home or tempfile.mkdtemp(prefix="testcard-window-"))
        self.is_own_home = home is None
        if settings is not None:
            (self.home / "config").mkdir(parents=True, exist_ok=True)
            (self.home / "config" / "settings.json").write_text(json.dumps(settings))
        self.environment = {**os.environ, "TESTCARD_HOME": str(self.home), **(environment or {})}
        self.arguments = list(arguments)

    def __enter__(self):
        self.log_path = self.home / "log.txt"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen([PROGRAM, "-vv", *self.arguments], env=self.environment, stderr=log)
        self.wait("the window", lambda nodes: any("History: saved" in node.words() for node in nodes))
        # Keys go to the window that the window manager has made the active one, which is not so from its first frame on.
        self.wait("the keyboard", lambda _: active_process() == self.process.pid)
        return self

    def __exit__(self, kind, *_):
        self.close()
        if self.is_own_home and kind is None:
            shutil.rmtree(self.home, ignore_errors=True)

    def close(self):
        """As a person closes it: the window manager asks the window to go."""
        if self.process.poll() is None:
            found = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(self.process.pid)], capture_output=True, text=True)
            for window in found.stdout.split():
                subprocess.run(["xdotool", "windowclose", window], check=False)
                break
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def nodes(self):
        found = []

        def walk(accessible, depth):
            for child in accessible:
                if child is None:
                    continue
                try:
                    found.append(Node(child, depth))
                    walk(child, depth + 1)
                except Exception:  # It went away while it was read: the next reading has what is there then.
                    continue

        for application in pyatspi.Registry.getDesktop(0):
            try:
                if application is not None and application.get_process_id() == self.process.pid:
                    walk(application, 0)
            except Exception:
                continue
        return found

    def wait(self, what, is_so, patience=PATIENCE):
        started = time.monotonic()
        while True:
            assert self.process.poll() is None, f"the program ended:\n{self.log()[-2000:]}"
            nodes = self.nodes()
            if is_so(nodes):
                return nodes
            if time.monotonic() - started > patience:
                seen = "\n".join(node.words() for node in nodes)
                raise AssertionError(f"waited in vain for {what}; the window says:\n{seen}")
            time.sleep(0.05)

    def wait_for(self, words, patience=PATIENCE):
        return self.wait(words, lambda nodes: any(words in node.words() for node in nodes), patience)

    def says(self, words):
        return any(words in node.words() for node in self.nodes())

    def wait_for_row(self, *words):
        """Waits for a row of the table that says all of this."""
        self.wait(f"a row that says {words}", lambda nodes: any(
            node.role == "table row" and all(word in node.name for word in words) for node in nodes))

    def wait_for_rows(self, count):
        self.wait(f"{count} rows", lambda nodes: sum(node.role == "table row" for node in nodes) == count)

    def rows(self):
        """The rows of the table, as they are said."""
        return [node.name for node in self.nodes() if node.role == "table row"]

    def key(self, *names):
        for name in names:
            subprocess.run(["xdotool", "key", "--delay", "30", name], check=True)

    def type(self, text):
        subprocess.run(["xdotool", "type", "--delay", "25", "--", text], check=True)

    def click(self, role, name, button=1):
        """Presses a button of the mouse on the middle of what has this role and name."""
        x, y = next(node.middle() for node in self.nodes() if (node.role, node.name) == (role, name))
        subprocess.run(["xdotool", "mousemove", str(x), str(y), "click", str(button)], check=True)

    def keys(self, before, typed="", after="", gap=12):
        """Presses keys and types a text in one go, with this many milliseconds from key to key: nothing is waited for."""
        typing = ["type", "--delay", str(gap), "--args", "1", "--", typed] if typed else []
        subprocess.run(["xdotool", *before.split(), *typing, *after.split()], check=True)

    def card(self, number, rest="1240123", is_right=True):
        """Types a card. A right number hands the focus on; a wrong one keeps it."""
        self.keys("key ctrl+n key ctrl+l", number + ("" if is_right else "\t") + rest)

    def wait_focus(self, name):
        """A key that moves the focus does so with the next frame: what is typed before goes where it was."""
        self.wait(f"the focus on {name}", lambda nodes: any(node.is_focused and name in node.name for node in nodes))

    def tab_to(self, name, key="Tab"):
        """Presses Tab, or the key that goes back, until what begins with this has the focus."""
        for _ in range(90):
            focused = [node for node in self.nodes() if node.is_focused]
            if any(node.name.startswith(name) for node in focused):
                return
            self.key(key)
        raise AssertionError(f"{key} does not lead to {name}")


def active_process():
    """The process whose window has the keyboard."""
    found = subprocess.run(["xdotool", "getactivewindow", "getwindowpid"], capture_output=True, text=True, timeout=10)
    return int(found.stdout) if found.returncode == 0 else None


def clipboard():
    return subprocess.run(["xclip", "-selection", "clipboard", "-o"], capture_output=True, text=True, timeout=10).stdout


class Serve:
    """`testcard serve` beside the window."""

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="testcard-serve-")
        environment = {**os.environ, "TESTCARD_HOME": self.home}
        arguments = [PROGRAM, "serve", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.url = line.removeprefix("listening on ").strip()
                return self
        raise AssertionError("the server did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.home)


def command(*arguments, home):
    environment = {**os.environ, "TESTCARD_HOME": str(home)}
    done = subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def post(url, path, **params):
    body = urllib.parse.urlencode({name.replace("__", "[") + ("]" if "__" in name else ""): value for name, value in params.items()})
    request = urllib.request.Request(url + path, body.encode(), {"Authorization": "Bearer sk_test_window", "User-Agent": "Backend/1.0"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def serving_window():
    """A window that serves its history, and where."""
    port = free_port()
    with Window(settings={"version": 2, "server": {"serves": True, "port": port}}) as window:
        window.wait_for(f"Serving 127.0.0.1:{port}")
        yield window, f"http://127.0.0.1:{port}"
