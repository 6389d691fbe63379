"""Where the window opens: on screens of several sizes, and where it was left on a screen that is gone."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

from harness import PATIENCE, Window, test

# A desktop with a panel at its top and one at its bottom.
PANELS = """<openbox_config xmlns="http://openbox.org/3.4/rc">
<margins><top>24</top><bottom>40</bottom><left>0</left><right>0</right></margins>
</openbox_config>"""


@contextlib.contextmanager
def screen(size, has_panels=False):
    """Another screen of this size with its own window manager: the programs that are started then are on it."""
    before = os.environ["DISPLAY"]
    with tempfile.TemporaryDirectory(prefix="testcard-screen-") as folder:
        config = pathlib.Path(folder) / "rc.xml"
        config.write_text(PANELS)
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size}x24", "+extension", "GLX", "-noreset"]
        xvfb = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as number:
            os.environ["DISPLAY"] = ":" + number.readline().strip()
        manager = subprocess.Popen(["openbox", *(["--config-file", str(config)] if has_panels else [])], stderr=subprocess.DEVNULL)
        try:
            wait_until("the window manager", lambda: "window id" in property_of("-root", "_NET_SUPPORTING_WM_CHECK"))
            yield
        finally:
            os.environ["DISPLAY"] = before
            for process in (manager, xvfb):
                process.terminate()
                process.wait(10)


def wait_until(what, is_so):
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < PATIENCE, f"waited in vain for {what}"
        time.sleep(0.05)


def property_of(*which):
    return subprocess.run(["xprop", *which], capture_output=True, text=True).stdout


def place(window):
    """The left, top, right and bottom edge of the window with its frame."""
    found = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(window.process.pid)], capture_output=True, text=True)
    for known in found.stdout.split():
        shape = subprocess.run(["xwininfo", "-id", known], capture_output=True, text=True).stdout
        names = ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height")
        x, y, width, height = (int(re.search(rf"{name}: +(-?\d+)", shape)[1]) for name in names)
        extents = re.search(r"= (\d+), (\d+), (\d+), (\d+)", property_of("-id", known, "_NET_FRAME_EXTENTS"))
        left, right, top, bottom = (int(number) for number in extents.groups()) if extents else (0, 0, 0, 0)
        return x - left, y - top, x + width + right, y + height + bottom
    return None


def wait_for_place(window, what, is_so):
    seen = []

    def look():
        seen.append(place(window))
        return seen[-1] is not None and is_so(*seen[-1])

    try:
        wait_until(what, look)
    except AssertionError as error:
        raise AssertionError(f"{error}: {seen[-1]}") from None


@test
def the_first_start_fits_every_screen():
    for size in ("1024x600", "1280x800", "1366x768", "1920x1080"):
        with screen(size), Window() as window:
            width, height = (int(length) for length in size.split("x"))
            wait_for_place(window, f"the whole window at {size}", lambda left, top, right, bottom: left >= 0 and top >= 0 and right <= width and bottom <= height)
            if height < 900:
                wait_for_place(window, f"all of {size}", lambda left, top, right, bottom: right - left == width and bottom - top == height)


@test
def the_first_start_leaves_the_panels_of_the_desktop_free():
    with screen("1280x800", has_panels=True), Window() as window:
        wait_for_place(window, "what the panels leave", lambda left, top, right, bottom: (left, top, right, bottom) == (0, 24, 1280, 760))


@test
def a_window_that_was_left_on_a_screen_that_is_gone_is_found():
    for corner, size, is_maximized in (
        ([-1500.0, 100.0], [1280.0, 800.0], False),
        ([2500.0, 200.0], [1280.0, 800.0], False),
        ([300.0, -400.0], [1000.0, 700.0], False),
        ([200.0, 1500.0], [1000.0, 700.0], True),
        ([0.0, 0.0], [3840.0, 2160.0], False),
        ([100.0, 100.0], [1.0, 1.0], False),
    ):
        with screen("1366x768"):
            home = pathlib.Path(tempfile.mkdtemp(prefix="testcard-place-"))
            layout = {"version": 1, "form_width": 320.0, "inspector_width": None, "form_is_open": True, "inspector_is_open": True}
            (home / "config").mkdir()
            (home / "config" / "window.json").write_text(json.dumps({**layout, "window": {"corner": corner, "size": size, "is_maximized": is_maximized}}))
            with Window(home=home) as window:
                def is_found(left, top, right, bottom):
                    shown = max(0, min(right, 1366) - max(left, 0)) * max(0, min(bottom, 768) - max(top, 0))
                    return 0 <= top <= 740 and shown >= (right - left) * (bottom - top) / 3

                wait_for_place(window, f"a window that was at {corner} with {size}", is_found)


@test
def a_window_comes_back_where_it_was_left():
    with screen("1920x1080"):
        home = pathlib.Path(tempfile.mkdtemp(prefix="testcard-place-"))
        with Window(home=home) as window:
            wait_for_place(window, "the window", lambda *_: True)
            found = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(window.process.pid)], capture_output=True, text=True).stdout.split()[0]
            subprocess.run(["xdotool", "windowsize", found, "1000", "640", "windowmove", found, "400", "220"], check=True)
            wait_for_place(window, "the new place", lambda left, top, right, bottom: 990 <= right - left <= 1010 and 390 <= left <= 410)
            left_at = place(window)
            wait_until("the kept place", lambda: (home / "config" / "window.json").exists() and '400.0' in (home / "config" / "window.json").read_text())
        with Window(home=home) as window:
            wait_for_place(window, f"the old place {left_at}", lambda *now: all(abs(one - other) <= 3 for one, other in zip(now, left_at)))
