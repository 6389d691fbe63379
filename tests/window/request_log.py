"""The request log by the keyboard: searched, filtered, folded."""

import urllib.error
import urllib.request

from harness import post, serving_window, test


def get(url, path):
    """Asks as a program does that polls; an error is an answer too."""
    request = urllib.request.Request(url + path, headers={"Authorization": "Bearer sk_test_window", "User-Agent": "poller/1.0"})
    try:
        urllib.request.urlopen(request, timeout=20).read()
    except urllib.error.HTTPError as error:
        error.read()


@test
def the_requests_are_searched_filtered_and_folded_by_key():
    with serving_window() as (window, url):
        token = post(url, "/v1/tokens", card__number="4242424242424242", card__exp_month=5, card__exp_year=2037)["id"]
        for _ in range(8):
            get(url, f"/v1/tokens/{token}")
        get(url, "/v1/charges?limit=3")
        window.key("ctrl+4")
        window.wait_for_row("GET", "/v1/tokens/tok_1", "poller 1.0", "8 times in a row")
        window.wait_for_row("GET /v1/charges?limit=3")
        window.wait_for_rows(3)
        # Two down to the folded line, and unfolded.
        window.key("Down", "Down", "Right")
        window.wait_for_rows(10)
        window.key("Left")
        window.wait_for_rows(3)
        # Ctrl+F searches this pane; Escape clears and stays.
        window.key("ctrl+f")
        window.wait_focus("Search path")
        window.type("limit=3")
        window.wait_for_rows(1)
        window.key("Escape")
        window.wait_for_rows(3)
        window.wait_focus("Search path")
        window.type("nothing like this")
        window.wait_for("No call fits these filters")
        window.tab_to("Clear the filters")
        window.key("Return")
        window.wait_for_rows(3)
        # By method.
        window.tab_to("Any method")
        window.key("Return", "Down", "Down", "Return")
        window.wait("one method", lambda nodes: any(node.name == "Method POST" for node in nodes))
        window.wait_for_rows(1)
