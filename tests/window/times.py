"""Days and times follow the time zone of the machine, and what was deleted comes back after a restart."""

import pathlib
import shutil
import tempfile

from harness import Window, command, test


def check_told(zone, words):
    """The menu of the days says which zone they are in."""
    with Window(environment={"TZ": zone}) as window:
        window.key("ctrl+Return")
        window.wait_for_row("Unused")
        window.key("ctrl+f")
        window.wait_focus("Search id")
        window.tab_to("Created any time")
        window.key("Return")
        window.wait_for(words)


@test
def times_are_those_of_the_zone():
    for zone in ("Pacific/Kiritimati", "Asia/Kathmandu"):
        check_told(zone, f"Times are in {zone}")


@test
def a_zone_that_is_none_is_utc_and_the_window_says_so():
    check_told("Mars/Olympus", "Times are in UTC: the time zone “Mars/Olympus” of the variable TZ is not known here")


@test
def what_was_deleted_comes_back_after_a_restart():
    home = pathlib.Path(tempfile.mkdtemp(prefix="testcard-window-"))
    for number in ("4242424242424242", "378282246310005"):
        command("mint", number, home=home)
    with Window(home=home) as window:
        window.wait_for_rows(2)
        window.key("ctrl+2")
        window.wait_for_rows(2)
        window.key("ctrl+a", "Delete")
        window.wait_for("2 entries deleted")
        window.wait_for("No tokens yet")
    with Window(home=home) as window:
        window.wait_for("Bring back 2 entries")
        window.tab_to("Bring back 2 entries")
        window.key("Return")
        window.wait_for_rows(2)
    shutil.rmtree(home, ignore_errors=True)
