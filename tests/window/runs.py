"""Many at once, as a person makes them: by keyboard alone, from the list of cards to the page that proves what came."""

from harness import Serve, Window, test

# Seconds for 72 rows at four calls a second, on a slow machine.
A_RUN = 120.0


def select_all_but_the_first(window, count):
    """Chooses so many cards of the list, one Enter each; the first of them is chosen already."""
    window.key("Down", *["Return"] * (count - 1))


@test
def a_matrix_is_chosen_run_held_back_compared_and_its_page_written():
    with Serve() as stripe:
        profile = {"id": 1, "name": "Stand-in", "color": "teal", "target": "stripe", "base_url": stripe.url}
        settings = {"version": 2, "profile": 1, "profiles": [profile]}
        with Window(settings=settings, environment={"STRIPE_SECRET_KEY": "sk_test_window"}) as window:
            window.key("ctrl+r")
            window.wait_focus("Search cards")
            # Two are chosen at first, the second of them further down.
            select_all_but_the_first(window, 11)
            window.wait_for("12 chosen")
            window.wait_for("72 rows, 144 calls at most")
            window.wait_for("token fails with invalid_cvc")
            window.tab_to("Calls a second")
            window.type("4")
            window.wait_for("about 36 s at 4 calls a second")
            window.key("ctrl+Return")
            # The keys are at the map, a few steps behind the buttons.
            window.wait_focus("Heat map")
            window.tab_to("Pause", "shift+Tab")
            window.key("Return")
            window.wait_for("· paused")
            window.tab_to("Resume")
            window.key("Return")
            window.wait_for("72 rows: 72 as expected", A_RUN)
            window.wait("the whole map", lambda nodes: sum(
                node.role == "table cell" and "as expected. Came:" in node.name for node in nodes) == 72)

            # Again, and compared with the run before.
            window.tab_to("Run again")
            window.key("Return")
            window.wait_for("run 2")
            window.wait("the end of the second", lambda nodes: any(node.name == "Run again" for node in nodes), A_RUN)
            window.wait_for("72 rows: 72 as expected")
            # From the map back to the views of a run, of which it is the first.
            window.wait_focus("Heat map")
            window.key("shift+Tab", "Right", "Right", "Return")
            window.wait_for("0 rows came to something else, 72 to the same")

            # The page.
            page = window.home / "report.html"
            window.tab_to("Report")
            window.key("Return")
            window.wait_focus("File of the report")
            window.key("ctrl+a")
            window.type(str(page))
            window.key("Return")
            window.wait("the page", lambda _: page.exists())
            text = page.read_text()
            assert "Heat map" in text and "Since run 1" in text, text[:400]

            # A field of the map leads to its entry.
            window.tab_to("Since the run before")
            window.key("Left", "Left", "Return")
            window.tab_to("Heat map")
            window.key("Tab", "Down", "Right", "Right", "Return")
            window.wait_for_row("invalid_cvc")
            assert any(node.is_selected and "invalid_cvc" in node.name for node in window.nodes() if node.role == "table row")


@test
def what_is_selected_is_run_again():
    with Window() as window:
        for number in ["4000000000009995", "4539578763621486"]:
            window.card(number)
            window.key("ctrl+Return")
            window.wait_for_row(number[-4:])
        window.key("ctrl+2", "ctrl+a")
        window.wait_for("2 selected")
        window.tab_to("Run again…")
        window.key("Return")
        window.wait_for("1 of 2 entries is made again")
        window.wait_for("453957******1486: the number of its card was not kept")
        window.key("ctrl+Return")
        window.wait_for("1 row: 1 as expected")
