"""Shortcuts on the keyboards of the world: keys are pressed by their place, and the layout decides what they type.

Some layouts are tried; with TESTCARD_LAYOUTS=all, every one that is listed here.
"""

import contextlib
import json
import os
import subprocess

from harness import Window, clipboard, test

CONTROL, SHIFT, LEVEL3, CAPS_LOCK = 37, 50, 108, 66
ESCAPE, BACKSPACE = 9, 22
DIGITS = {"1": 10, "2": 11, "3": 12, "4": 13, "0": 19}

# Where a layout has the key of a sign, as the number that X gives the key's place; "+" before it is Shift.
AMERICAN = {"slash": "61", "comma": "59", "in": "21", "out": "20"}
GERMAN = {"slash": "+16", "comma": "59", "in": "35", "out": "61"}
LAYOUTS = {
    "fr": {"slash": "+60", "comma": "58", "in": "21", "out": "15"},
    "cz": {"slash": "+34", "comma": "59", "in": "20", "out": "61"},
    "ru": AMERICAN,
    "th": AMERICAN,
    "de": GERMAN,
    "us dvorak": {"slash": "34", "comma": "25", "in": "35", "out": "48"},
    "il": {**AMERICAN, "comma": "48"},
    "us": AMERICAN,
    "gb": AMERICAN,
    "pl": AMERICAN,
    "gr": AMERICAN,
    "ua": AMERICAN,
    "ara": AMERICAN,
    "kr": AMERICAN,
    "jp": {**AMERICAN, "in": "+20"},
    "es": GERMAN,
    "it": GERMAN,
    "pt": {**GERMAN, "in": "34"},
    "ch": {**GERMAN, "in": "+10"},
    "se": {**GERMAN, "in": "20"},
    "tr": {"slash": "+16", "comma": "51", "in": "+13", "out": "21"},
    "fr bepo": {"slash": "18", "comma": "42", "in": "16", "out": "17"},
    "br": {**AMERICAN, "slash": "97"},
}
TRIED = list(LAYOUTS)[:6]


@contextlib.contextmanager
def layout(name):
    """The keyboard has this layout, until the end."""
    parts = name.split()
    try:
        subprocess.run(["setxkbmap", "-layout", parts[0], "-variant", "".join(parts[1:])], check=True)
        yield
    finally:
        subprocess.run(["setxkbmap", "-layout", "us", "-variant", ""], check=True)


def press(place, *held):
    """Presses the key in a place, whatever it types."""
    text = str(place)
    held = list(held) + ([SHIFT] if text.startswith("+") else [])
    downs = [word for key in held for word in ("keydown", str(key))]
    ups = [word for key in reversed(held) for word in ("keyup", str(key))]
    # One digit alone would be taken for what it types.
    place = text.lstrip("+").zfill(2)
    subprocess.run(["xdotool", *downs, "key", place, *ups], check=True)


def is_open(window, name):
    return any(node.role == "dialog" and node.name == name for node in window.nodes())


def closes(window, name):
    window.wait(f"the end of {name}", lambda nodes: not any(node.role == "dialog" and node.name == name for node in nodes))


def zoom(window):
    file = window.home / "config" / "settings.json"
    return json.loads(file.read_text())["window"]["zoom"] if file.exists() else 1.0


def tries(window, name, keys):
    for digit, focused in (("2", "History"), ("3", "Inspector"), ("1", "Card number"), ("4", "Requests")):
        press(DIGITS[digit], CONTROL)
        window.wait_focus(focused)
    for sign, dialog in (("slash", "Keys"), ("comma", "Settings")):
        press(keys[sign], CONTROL)
        window.wait(f"{dialog} on {name}", lambda nodes: any(node.role == "dialog" and node.name == dialog for node in nodes))
        press(ESCAPE)
        closes(window, dialog)
    press(keys["in"], CONTROL)
    window.wait(f"a larger window on {name}", lambda _: zoom(window) == 1.1)
    press(keys["out"], CONTROL)
    window.wait(f"the usual size on {name}", lambda _: zoom(window) == 1.0)
    press(keys["out"], CONTROL)
    window.wait(f"a smaller window on {name}", lambda _: zoom(window) == 0.9)
    press(DIGITS["0"], CONTROL)
    window.wait(f"the size reset on {name}", lambda _: zoom(window) == 1.0)
    assert not is_open(window, "Keys") and not is_open(window, "Settings"), f"a zoom key of {name} did something else"


@test
def shortcuts_of_digits_and_signs_work_on_every_layout():
    names = list(LAYOUTS) if os.environ.get("TESTCARD_LAYOUTS") == "all" else TRIED
    with Window() as window:
        # A history of nothing leads to its search.
        window.key("ctrl+Return")
        window.wait_for_rows(1)
        for name in names:
            with layout(name):
                tries(window, name, LAYOUTS[name])


@test
def shortcuts_of_letters_go_by_the_letter_and_by_the_place_where_there_is_none():
    # The places of the keys that L, K, A, C, X, V and Z are pressed with.
    by_place = {"l": 46, "k": 45, "a": 38, "c": 54, "x": 53, "v": 55, "z": 52}
    layouts = {
        "ru": by_place,
        "il": by_place,
        "us dvorak": {"l": 33, "k": 55, "a": 38, "c": 31, "x": 56, "v": 60, "z": 61},
        "fr": {**by_place, "a": 24, "z": 25},
    }
    if os.environ.get("TESTCARD_LAYOUTS") == "all":
        layouts |= {name: by_place for name in ("gr", "ara", "th", "ua")}
    with Window() as window:
        for name, keys in layouts.items():
            with layout(name):
                press(keys["l"], CONTROL)
                window.wait_focus("Card number")
                press(keys["k"], CONTROL)
                window.wait_focus("Search")
                press(ESCAPE)
                # The name takes whatever is typed: three keys of letters, of which A copies all and X cuts it.
                window.wait_focus("Card number")
                window.tab_to("Name on card")
                for letter in ("l", "k", "l"):
                    press(keys[letter])
                window.wait(f"a name on {name}", lambda nodes: len(name_in(nodes)) >= 3)
                press(keys["a"], CONTROL)
                press(keys["c"], CONTROL)
                # Of right-to-left text the tree tells more than stands there, the clipboard does not.
                window.wait(f"the copy on {name}", lambda _: len(clipboard()) == 3)
                typed = clipboard()
                press(keys["x"], CONTROL)
                window.wait(f"the cut on {name}", lambda nodes: name_in(nodes) == "")
                press(keys["v"], CONTROL)
                press(keys["v"], CONTROL)
                press(keys["a"], CONTROL)
                press(keys["c"], CONTROL)
                window.wait(f"two pastes on {name}", lambda _: clipboard() == typed * 2)
                press(BACKSPACE)
                window.wait(f"an empty name on {name}", lambda nodes: name_in(nodes) == "")


def name_in(nodes):
    return next((node.text for node in nodes if node.role == "entry" and node.name == "Name on card"), "")


@test
def altgr_types_and_caps_lock_changes_no_shortcut():
    with Window() as window:
        window.key("ctrl+Return")
        window.wait_for_rows(1)
        with layout("pl"):
            press(46, CONTROL)
            window.wait_focus("Card number")
            window.tab_to("Name on card")
            press(46, LEVEL3)
            window.wait("what AltGr types", lambda nodes: name_in(nodes) == "ł")
            press(CAPS_LOCK)
            try:
                for digit, focused in (("2", "History"), ("1", "Card number")):
                    press(DIGITS[digit], CONTROL)
                    window.wait_focus(focused)
                press(45, CONTROL)
                window.wait_focus("Search")
                press(ESCAPE)
            finally:
                press(CAPS_LOCK)
