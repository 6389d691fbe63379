"""An answer in the real window: what a server sent is what is shown, found, marked and in the clipboard."""

import contextlib
import http.server
import threading

from harness import Window, clipboard, test

NUMBERS = {
    "big": "9223372036854775807123",
    "negative": "-1449639299451211264",
    "decimal": "1.10",
    "power": "1E+05",
    "zero": "-0",
    "third": "0.30000000000000004",
    "long": "7" * 4300,
}
BODY = (
    '{"id":"tok_1Odd","object":"token","used":false,"livemode":false,"twice":1,"twice":2,"name":"J\\u00f6rg",'
    + ",".join(f'"{name}":{number}' for name, number in NUMBERS.items())
    + ',"card":{"object":"card","brand":"Visa","last4":"4242"}}'
)


class Odd(http.server.BaseHTTPRequestHandler):
    """Answers every call with a token that has odd numbers in it."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        for name, value in (("Content-Type", "application/json"), ("Request-Id", "req_odd"), ("Content-Length", len(BODY))):
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(BODY.encode())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def answered_window():
    """A window with one token that the odd server made; the tree of its answer has the focus."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    profile = {"id": 1, "name": "Odd", "target": "stripe", "base_url": url}
    settings = {"version": 2, "profiles": [profile], "profile": 1}
    try:
        with Window(settings=settings, environment={"STRIPE_SECRET_KEY": "sk_test_window"}) as window:
            window.card("4242424242424242")
            window.key("ctrl+Return")
            window.wait_for("decimal: 1.10")
            yield window
    finally:
        server.shutdown()


def has_tree(nodes):
    return any(node.is_focused and node.role.startswith("tree") for node in nodes)


def search(window, words):
    """Searches the answer; then the tree has the focus, with the match selected."""
    if has_tree(window.nodes()):
        window.key("ctrl+f")
    else:
        window.key("ctrl+3")
        window.tab_to("Search the answer")
    window.wait_focus("Search the answer")
    window.key("ctrl+a")
    window.type(words)
    window.wait_for("1 of 1")
    window.key("Escape")
    window.wait("the tree", has_tree)


def check_copied(window, expected, *keys):
    window.key(*keys)
    window.wait(f"{expected[:60]!r} in the clipboard", lambda _: clipboard() == expected)


@test
def every_number_of_an_answer_is_shown_found_and_copied_as_it_came():
    with answered_window() as window:
        said = [node.name for node in window.nodes() if node.role == "tree item"]
        for name in ("big", "negative", "power", "zero", "third"):
            assert f"{name}: {NUMBERS[name]}" in said, (name, said)
        assert "twice: 1, 1 of 2 with this name" in said and "twice: 2, 2 of 2 with this name" in said, said
        for name in ("decimal", "big", "long"):
            search(window, f'"{name}": {NUMBERS[name][:20]}')
            check_copied(window, NUMBERS[name], "ctrl+c")
        search(window, "livemode: false")
        check_copied(window, "false", "ctrl+c")
        check_copied(window, '"livemode": false,\n"twice": 1,', "shift+Down", "ctrl+c")
        window.key("ctrl+a", "ctrl+c")
        window.wait("all of it in the clipboard", lambda _: "".join(clipboard().split()) == BODY)
