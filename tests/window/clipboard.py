"""The clipboard by the keys of all systems, by the middle button, and by the menu of a right click."""

import subprocess

from harness import Window, clipboard, test

FIELD = "Name on card"


def fill_clipboard(text, selection="clipboard"):
    subprocess.run(["xclip", "-selection", selection], input=text.encode(), check=True)


def value(window):
    return next((node.text for node in window.nodes() if node.name == FIELD), None)


def wait_value(window, expected):
    window.wait(f"{expected!r} in {FIELD}", lambda nodes: any(node.name == FIELD and node.text == expected for node in nodes))


def type_name(window, text):
    """Leaves the text in the field, all of it selected."""
    window.tab_to(FIELD)
    window.key("ctrl+a")
    window.type(text)
    wait_value(window, text)
    window.key("ctrl+a")


@test
def the_clipboard_keys_of_all_systems_copy_cut_and_paste():
    with Window() as window:
        for copy, cut, paste in [
            ("ctrl+c", "ctrl+x", "ctrl+v"),
            ("ctrl+Insert", "shift+Delete", "shift+Insert"),
            ("XF86Copy", "XF86Cut", "XF86Paste"),
        ]:
            type_name(window, "abc")
            fill_clipboard("before")
            window.key(copy)
            window.wait(f"the text by {copy}", lambda _: clipboard() == "abc")
            fill_clipboard("before")
            window.key(cut)
            wait_value(window, "")
            window.wait(f"the text by {cut}", lambda _: clipboard() == "abc")
            window.key(paste)
            wait_value(window, "abc")


@test
def what_is_typed_right_after_a_paste_stands_behind_it():
    with Window() as window:
        fill_clipboard("pasted")
        for paste in ["shift+Insert", "ctrl+shift+v"]:
            type_name(window, "x")
            subprocess.run(["xdotool", "key", "--delay", "5", paste, "a", "b", "c"], check=True)
            wait_value(window, "pastedabc")


@test
def a_right_click_and_the_menu_key_open_a_menu_that_is_walked_by_keys():
    with Window() as window:
        type_name(window, "abc")
        fill_clipboard("before")
        for opens in [lambda: window.click("entry", FIELD, 3), lambda: window.key("Menu"), lambda: window.key("shift+F10")]:
            window.key("ctrl+a")
            opens()
            window.wait_focus("Cut")
            window.key("Escape")
            window.wait_focus(FIELD)
        window.key("ctrl+a", "Menu")
        window.wait_focus("Cut")
        window.key("Down")
        window.wait_focus("Copy")
        window.key("Return")
        window.wait("the copy", lambda _: clipboard() == "abc")
        window.wait_focus(FIELD)
        fill_clipboard("new")
        window.key("ctrl+a", "shift+F10")
        window.wait_focus("Cut")
        window.key("Down", "Down")
        window.wait_focus("Paste")
        window.key("Return")
        wait_value(window, "new")


@test
def the_middle_button_pastes_the_primary_selection():
    with Window() as window:
        type_name(window, "abc")
        window.key("ctrl+a", "BackSpace")
        wait_value(window, "")
        fill_clipboard("primary", "primary")
        window.click("entry", FIELD, 2)
        wait_value(window, "primary")
