"""The focus is never lost to nothing, in the real window."""

import subprocess

from harness import Window, test


@test
def the_focus_comes_back_after_esc_dialogs_deletions_and_clicks_on_nothing():
    with Window() as window:
        window.key("ctrl+l")
        window.wait_focus("Card number")
        window.key("Escape", "Escape", "Tab")
        window.wait_focus("Expiry")
        for keys, inside in (("ctrl+k", "Search"), ("ctrl+s", "File"), ("F1", "Close the dialog")):
            window.key(keys)
            window.wait_focus(inside)
            window.key("Escape")
            window.wait_focus("Expiry")
        window.key("ctrl+Return")
        window.wait_for_rows(1)
        window.wait_focus("Expiry")
        window.key("ctrl+b")
        window.wait_focus("History")
        window.key("ctrl+b", "Down", "Delete")
        window.wait_for_rows(0)
        window.wait_focus("History")
        window.key("ctrl+z")
        window.wait_for_rows(1)
        window.wait_focus("History")
        window.key("ctrl+f")
        window.wait_focus("Search")
        window.type("nothing")
        window.wait_for("Nothing matches")
        window.key("Escape", "ctrl+a", "BackSpace")
        window.wait_for_rows(1)
        window.wait_focus("Search")
        # The line at the bottom, where nothing is to be clicked.
        subprocess.run(["xdotool", "mousemove", "640", "780", "click", "1"], check=True)
        window.wait_focus("Search")
