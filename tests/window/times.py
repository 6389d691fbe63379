"""Days and times follow the time zone of the machine, and what was deleted comes back after a restart."""

import datetime
import pathlib
import shutil
import tempfile
import zoneinfo

from harness import Window, command, test


def created(window, zone):
    """Makes a token; the moment that its summary tells."""
    window.key("ctrl+Return")
    window.wait_for_row("Unused")
    window.key("ctrl+2")
    window.wait_focus("History")
    window.key("Down")
    window.wait("the summary's tab", lambda nodes: any(node.name == "Summary" for node in nodes))
    window.key("ctrl+3")
    window.tab_to("Summary")
    window.key("Return")
    nodes = window.wait("when it was made", lambda nodes: any(node.name.startswith("Created: ") for node in nodes))
    words = next(node.name for node in nodes if node.name.startswith("Created: ")).removeprefix("Created: ")
    now = datetime.datetime.now(zoneinfo.ZoneInfo(zone))
    moment = datetime.datetime.strptime(words, "%Y-%m-%d %H:%M:%S %z")
    assert moment.utcoffset() == now.utcoffset(), (words, now)
    assert abs((now - moment).total_seconds()) < 120, (words, now)
    return moment


@test
def times_are_those_of_the_zone_wherever_that_is():
    for zone in ("Pacific/Kiritimati", "Asia/Kathmandu", "Pacific/Pago_Pago"):
        with Window(environment={"TZ": zone}) as window:
            created(window, zone)
            window.key("ctrl+f")
            window.wait_focus("Search id")
            window.tab_to("Created any time")
            window.key("Return")
            window.wait_for(f"Times are in {zone}")
            # Down to "Today": what was made a moment ago is of today, whatever the day in UTC is.
            window.key("Down", "Return")
            window.wait("today's token", lambda nodes: any(node.name == "Created today" for node in nodes))
            window.wait_for_rows(1)


@test
def a_zone_that_is_none_is_utc_and_the_window_says_so():
    with Window(environment={"TZ": "Mars/Olympus"}) as window:
        window.key("ctrl+Return")
        window.wait_for_row("Unused")
        window.key("ctrl+f")
        window.wait_focus("Search id")
        window.tab_to("Created any time")
        window.key("Return")
        window.wait_for("Times are in UTC: the time zone “Mars/Olympus” of the variable TZ is not known here")


@test
def what_was_deleted_comes_back_after_a_restart():
    home = pathlib.Path(tempfile.mkdtemp(prefix="testcard-window-"))
    for number in ("4242424242424242", "378282246310005"):
        command("mint", number, home=home)
    with Window(home=home) as window:
        window.wait_for_rows(2)
        window.key("ctrl+2")
        window.wait_focus("History")
        window.key("ctrl+a", "Delete")
        window.wait_for("2 entries deleted")
        window.wait_for("No tokens yet")
    with Window(home=home) as window:
        window.wait_for("Bring back 2 entries")
        window.key("ctrl+2", "ctrl+z")
        window.wait_for_rows(2)
    shutil.rmtree(home, ignore_errors=True)
