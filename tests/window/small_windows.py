"""Small windows and large zooms: what the form needs is whole and in the window, whatever was set."""

import contextlib
import json
import pathlib
import subprocess
import tempfile

from harness import Window, test

SEEN = ["Card number", "Expiry", "CVC", "Name on card"]


@contextlib.contextmanager
def free_window(**settings):
    """A window that can be resized: the first start fills a screen of this size, and a full one cannot be."""
    with tempfile.TemporaryDirectory(prefix="testcard-window-") as home:
        config = pathlib.Path(home) / "config"
        config.mkdir()
        layout = {"version": 1, "form_width": 320.0, "inspector_width": None, "form_is_open": True, "inspector_is_open": True}
        place = {"corner": [20.0, 20.0], "size": [1000.0, 640.0], "is_maximized": False}
        (config / "window.json").write_text(json.dumps({**layout, "window": place}))
        with Window(home, settings={"version": 2, "window": settings}) as window:
            yield window


def resize(window, width, height):
    """Resizes the window, and waits until it has drawn itself anew."""
    found = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(window.process.pid)], capture_output=True, text=True)
    subprocess.run(["xdotool", "windowsize", "--sync", found.stdout.split()[0], str(width), str(height)], check=True)


def wait_whole(window, width, height):
    def is_whole(nodes):
        fields = [node for node in nodes if node.role == "entry" and node.name in SEEN]
        buttons = [node for node in nodes if node.role == "push button" and node.name.startswith(("Create token", "Send anyway"))]
        seen = fields + buttons
        try:
            places = [node.place() for node in seen]
        except Exception:  # It was drawn anew while it was read.
            return False
        inside = all(left >= 0 and top >= 0 and right <= width and bottom <= height for left, top, right, bottom in places)
        return len(seen) == len(SEEN) + 1 and inside and all(bottom - top > 10 for _, top, _, bottom in places)

    window.wait(f"a whole form in {width} x {height}", is_whole)


@test
def a_zoom_for_a_large_window_is_limited_in_a_small_one():
    with free_window(zoom=4.0) as window:
        resize(window, 900, 600)
        wait_whole(window, 900, 600)
        window.key("ctrl+l")
        window.wait_focus("Card number")
        window.type("6205500000000000004")
        window.wait_for("UnionPay (19-digit card)")
        wait_whole(window, 900, 600)
        resize(window, 1200, 740)
        wait_whole(window, 1200, 740)


@test
def the_zoom_keys_stop_before_the_form_is_cut():
    with free_window() as window:
        resize(window, 900, 600)
        window.key(*["ctrl+equal"] * 8)
        wait_whole(window, 900, 600)
        window.key(*["ctrl+minus"] * 4)
        wait_whole(window, 900, 600)
