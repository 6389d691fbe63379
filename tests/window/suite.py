"""The real window, by keyboard alone: keys come through X, and what is on the screen comes from the accessibility tree.

Every test starts the program anew in a home of its own. Nothing is clicked.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback
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
        try:
            self.text = accessible.queryText().getText(0, -1)
        except NotImplementedError:
            self.text = ""

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

    def wait(self, what, is_so):
        started = time.monotonic()
        while True:
            assert self.process.poll() is None, f"the program ended:\n{self.log()[-2000:]}"
            nodes = self.nodes()
            if is_so(nodes):
                return nodes
            if time.monotonic() - started > PATIENCE:
                seen = "\n".join(node.words() for node in nodes)
                raise AssertionError(f"waited in vain for {what}; the window says:\n{seen}")
            time.sleep(0.05)

    def wait_for(self, words):
        return self.wait(words, lambda nodes: any(words in node.words() for node in nodes))

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

    def card(self, number, rest="1240123", is_right=True):
        self.key("ctrl+n", "ctrl+l")
        self.wait_focus("Card number")
        self.type(number)
        self.wait("the number", lambda nodes: any(node.name == "Card number" and number[-4:] in node.text for node in nodes))
        # A right number hands the focus on; a wrong one keeps it.
        if not is_right:
            self.key("Tab")
        self.wait_focus("Expiry")
        self.type(rest)

    def wait_focus(self, name):
        """A key that moves the focus does so with the next frame: what is typed before goes where it was."""
        self.wait(f"the focus on {name}", lambda nodes: any(node.is_focused and name in node.name for node in nodes))

    def tab_to(self, name):
        """Presses Tab until what begins with this has the focus."""
        for _ in range(90):
            focused = [node for node in self.nodes() if node.is_focused]
            if any(node.name.startswith(name) for node in focused):
                return
            self.key("Tab")
        raise AssertionError(f"Tab does not lead to {name}")


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


@test
def insufficient_is_typed_and_the_token_is_in_the_clipboard():
    with Window() as window:
        started = time.monotonic()
        window.key("ctrl+k")
        window.wait_focus("Search")
        window.type("insufficient")
        window.key("Return")
        window.wait_for_row("9995")
        took = time.monotonic() - started
        token = clipboard()
        assert TOKEN.fullmatch(token), token
        assert any(token in row for row in window.rows())
        print(f"    {took:.1f} s from Ctrl+K to the row, typing and reading the tree included")


@test
def what_stripe_will_say_is_told_before_and_can_be_sent_anyway():
    with Window() as window:
        window.card("4242424242424241", is_right=False)
        window.wait_for("Send anyway · expect incorrect_number")
        window.key("ctrl+Return")
        window.wait_for("Your card number is incorrect.")
        window.wait_for_row("incorrect_number")
        assert any(node.is_focused and node.name == "Card number" for node in window.nodes()), "the focus is on the field at fault"


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


@test
def a_refused_raw_number_comes_with_the_reason_the_switch_and_a_ready_token():
    with Window(settings={"version": 2, "policies": {"raw_card_data": False}}) as window:
        window.card("4000000000000002")
        window.key("ctrl+Return")
        window.wait_for("Copy tok_visa_chargeDeclined")
        assert window.says("raw card"), "it says what is refused"
        window.tab_to("Copy tok_visa_chargeDeclined")
        window.key("Return")
        window.wait_for("tok_visa_chargeDeclined copied")
        assert clipboard() == "tok_visa_chargeDeclined"


@test
def the_token_turns_used_when_the_backend_charges_it_and_says_by_what():
    with serving_window() as (window, url):
        window.key("ctrl+Return")
        window.wait_for_row("Unused")
        token = clipboard()
        charge = post(url, "/v1/charges", amount=100, currency="usd", source=token)
        window.wait_for_row("Used", token)
        window.key("ctrl+3")
        # One stop for all tabs: the arrows go from one to the next.
        window.tab_to("Response")
        window.key("Left")
        window.wait_for(charge["id"])
        assert window.says("Backend 1.0"), "it says which client did it"


@test
def the_same_card_on_the_other_target_differs_in_nothing_that_matters():
    with Serve() as stripe:
        profile = {"id": 1, "name": "Stand-in", "color": "teal", "target": "local", "base_url": stripe.url}
        settings = {"version": 2, "profile": 1, "profiles": [profile]}
        with Window(settings=settings, environment={"STRIPE_SECRET_KEY": "sk_test_window"}) as window:
            window.key("ctrl+Return")
            window.wait_for_row()
            window.key("ctrl+shift+t")
            window.wait_for("Same but for ids and times")
            assert len(window.rows()) == 2


@test
def the_developer_gets_the_very_call_and_it_works():
    with serving_window() as (window, url):
        window.card("5555555555554444")
        window.key("ctrl+Return")
        window.wait_for_row("4444")
        window.key("ctrl+shift+c")
        window.wait("the call in the clipboard", lambda _: "curl" in clipboard())
        done = subprocess.run(["bash", "-c", clipboard()], env={**os.environ, "STRIPE_SECRET_KEY": "sk_test_dev"}, capture_output=True, text=True, timeout=30)
        assert json.loads(done.stdout)["card"]["last4"] == "4444", done.stdout + done.stderr
        window.wait_for_rows(2)


@test
def an_old_token_is_found_and_the_run_exported():
    home = tempfile.mkdtemp(prefix="testcard-window-")
    command("mint", "4000000000009995", "--now", "2026-10-20T10:00:00Z", home=home)
    command("mint", "--count", "5", home=home)
    with Window(home) as window:
        window.wait_for_rows(6)
        window.key("ctrl+f")
        window.wait_focus("Search")
        window.type("9995")
        window.wait("the one row", lambda nodes: [("9995" in node.name) for node in nodes if node.role == "table row"] == [True])
        window.key("ctrl+s")
        window.tab_to("File")
        file = pathlib.Path(home) / "run.json"
        window.key("ctrl+a")
        window.type(str(file))
        window.key("Return")
        window.wait("the file", lambda _: file.exists())
        exported = json.loads(file.read_text())
        assert [entry["card"]["last4"] if "card" in entry else entry["last4"] for entry in exported["entries"]] == ["9995"]
    shutil.rmtree(home)


@test
def ci_gets_the_same_ids_every_time_without_a_window():
    runs = []
    for _ in range(2):
        home = tempfile.mkdtemp(prefix="testcard-window-")
        runs.append(command("mint", "--count", "3", "--seed", "7", "--now", "2026-11-20T10:00:00Z", home=home))
        shutil.rmtree(home)
    assert runs[0] == runs[1] and len(runs[0].split()) == 3, runs


@test
def everything_that_can_be_used_has_a_name_from_outside_too():
    roles = {"push button", "toggle button", "radio button", "check box", "entry", "password text", "combo box", "page tab", "table row", "link", "separator", "slider"}
    with Window() as window:
        window.key("ctrl+Return")
        window.wait_for_row()
        for key, screen in [(None, "Search id"), ("ctrl+k", "What should happen"), ("ctrl+comma", "Profiles and Stripe API"), ("ctrl+slash", "Go to the previous pane"), ("ctrl+s", "File")]:
            if key:
                window.key(key)
            nodes = window.wait_for(screen)
            controls = [node for node in nodes if node.role in roles]
            assert len(controls) > 10, f"{screen}: the tree was read"
            nameless = [node.words() for node in controls if not node.name.strip()]
            assert not nameless, f"{screen}: {nameless}"
            if key:
                window.key("Escape")
                window.wait("the dialog is gone", lambda nodes: not any(node.role == "dialog" and node.name for node in nodes))


@test
def a_window_at_rest_draws_nothing():
    with Window() as window:
        window.key("ctrl+Return")
        window.wait_for_row()
        # Nothing blinks in the table, and the toast goes.
        window.key("ctrl+2")
        window.wait("no toast", lambda nodes: not any("Token created" in node.words() for node in nodes))
        calm = None
        for _ in range(20):
            before = window.log().count("frame")
            time.sleep(1.5)
            calm = window.log().count("frame") - before
            if calm == 0:
                break
        assert calm == 0, f"{calm} frames in 1.5 s"


@test
def the_window_opens_as_it_was_left():
    home = tempfile.mkdtemp(prefix="testcard-window-")
    with Window(home) as window:
        window.key("ctrl+j")
        window.wait("the inspector is hidden", lambda nodes: not any(node.name == "Width of the inspector" for node in nodes))
        window.close()
    assert json.loads((pathlib.Path(home) / "config" / "window.json").read_text())["inspector_is_open"] is False
    with Window(home) as window:
        assert not window.says("Width of the inspector") and window.says("Width of the form")
    shutil.rmtree(home)


def main():
    wanted = sys.argv[1:]
    failed = []
    tests = [function for function in TESTS if not wanted or any(word in function.__name__ for word in wanted)]
    for function in tests:
        name = function.__name__.replace("_", " ")
        try:
            function()
            print(f"ok   {name}", flush=True)
        except Exception:
            failed.append(name)
            print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    print(f"{len(tests) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not tests else 0


sys.exit(main())
