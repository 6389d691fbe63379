"""Control characters, marks of direction and invisible signs from everywhere: the window stays on the accessibility bus,
which cannot carry U+0000, and what a screen reader gets holds none of them."""

import contextlib
import http.server
import json
import subprocess
import threading

from harness import Window, command, test

KINDS = [*range(0x00, 0x20), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF, 0xFDD0, 0x10FFFF, 0x200B, 0x200E, 0x200F, 0x202A, 0x202E,
         0x2066, 0x2069, 0xFEFF, 0xAD, 0x61C, 0xE0001, 0xE0041, 0xE007F]
HOSTILE = "".join(f"{chr(kind)}x" for kind in KINDS)


def check(window, what):
    """The tree is still read from outside, and holds nothing that acts."""
    nodes = window.wait(what, lambda nodes: any("New token" in node.words() for node in nodes))
    for node in nodes:
        acting = [c for c in node.words() if ord(c) in KINDS and c not in "\n\t"]
        assert not acting, f"{what}: {acting} in {node.role} {node.name!r}"


@contextlib.contextmanager
def upstream(body):
    """An API that answers everything with this."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


@test
def an_answer_of_control_characters_leaves_the_window_on_the_bus():
    token = {"id": f"tok_{HOSTILE}", "object": "token", HOSTILE: HOSTILE, "used": False,
             "card": {"brand": HOSTILE, "last4": HOSTILE, "name": HOSTILE}}
    for name, body in [("JSON", json.dumps(token).encode()), ("no JSON", b"<html>" + HOSTILE.encode("utf-8", "surrogatepass"))]:
        with upstream(body) as url:
            profile = {"id": 1, "name": HOSTILE, "color": "teal", "target": "stripe", "base_url": url}
            settings = {"version": 2, "profile": 1, "profiles": [profile], "form": {"name": HOSTILE}}
            with Window(settings=settings, environment={"STRIPE_SECRET_KEY": "sk_test_window"}) as window:
                check(window, "the start")
                window.key("ctrl+Return")
                window.wait_for_rows(1)
                check(window, name)
                window.key("ctrl+3", "ctrl+4")
                check(window, f"{name} among the requests")


@test
def files_of_control_characters_leave_the_window_on_the_bus():
    address = [HOSTILE] * 6
    draft = {"number": "", "expiry": "", "has_cvc": False, "name": HOSTILE, "address": address, "currency": HOSTILE,
             "preferred": "", "customer": HOSTILE, "customer_card": HOSTILE, "raw": [[HOSTILE, HOSTILE]], "raw_codes": []}
    presets = {"version": 1, "favourites": [], "recents": [], "presets": [{"id": 7, "name": HOSTILE, "draft": draft, "expects": None}]}
    window = Window()
    (window.home / "config").mkdir(parents=True)
    (window.home / "config" / "presets.json").write_text(json.dumps(presets))
    (window.home / "config" / "draft.json").write_text(json.dumps({"version": 1, "draft": draft, "expects": None}))
    command("mint", home=window.home)
    with window:
        check(window, "the start")
        window.key("F2")
        check(window, "the note")
        window.key("Escape", "ctrl+k")
        window.wait_focus("Search")
        check(window, "the palette")


@test
def a_paste_of_control_characters_leaves_the_window_on_the_bus():
    with Window() as window:
        for field in ["Card number", "Name on card"]:
            window.key("ctrl+l")
            window.tab_to(field)
            subprocess.run(["xclip", "-selection", "clipboard"], input=HOSTILE.encode("utf-8", "surrogatepass"), check=True)
            window.key("ctrl+v")
            check(window, field)
        window.wait("what can be seen of the paste", lambda nodes: any(
            node.role == "entry" and node.name == "Name on card" and node.text.count("x") == len(KINDS) for node in nodes))
